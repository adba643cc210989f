# Sourced. Flags of the control plane, one a line, for the node (node/node.sh) and for the bare control plane.
# shellcheck shell=bash

etcd_flags() { # DATA-DIR CLIENT-PORT PEER-PORT
  printf '%s\n' --data-dir="$1" \
    --listen-client-urls="http://127.0.0.1:$2" --advertise-client-urls="http://127.0.0.1:$2" \
    --listen-peer-urls="http://127.0.0.1:$3" --initial-advertise-peer-urls="http://127.0.0.1:$3" \
    --initial-cluster="default=http://127.0.0.1:$3" --log-level=warn
  echo --unsafe-no-fsync # a cluster of tests does not outlive its machine
}

apiserver_flags() { # PKI ETCD-PORT ADVERTISE-ADDRESS SECURE-PORT
  printf '%s\n' --etcd-servers="http://127.0.0.1:$2" --advertise-address="$3" --secure-port="$4" \
    --service-cluster-ip-range=10.96.0.0/16 --cert-dir="$1" --allow-privileged=true \
    --tls-cert-file="$1/apiserver.crt" --tls-private-key-file="$1/apiserver.key" --client-ca-file="$1/ca.crt" \
    --kubelet-client-certificate="$1/apiserver-kubelet.crt" --kubelet-client-key="$1/apiserver-kubelet.key" \
    --kubelet-certificate-authority="$1/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-key-file="$1/sa.pub" --service-account-signing-key-file="$1/sa.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
  # Aggregated APIs and webhooks see who asks through these.
  printf '%s\n' \
    --requestheader-client-ca-file="$1/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group \
    --requestheader-username-headers=X-Remote-User --proxy-client-cert-file="$1/front-proxy.crt" \
    --proxy-client-key-file="$1/front-proxy.key" --enable-aggregator-routing=true
}

controller_manager_flags() { # PKI
  printf '%s\n' --kubeconfig="$1/controller-manager.kubeconfig" --service-account-private-key-file="$1/sa.key" \
    --root-ca-file="$1/ca.crt" --use-service-account-credentials=true --leader-elect=false \
    --cluster-cidr=10.244.0.0/16 --allocate-node-cidrs=false --enable-hostpath-provisioner=true
  # Each of 40 controllers asks for a ServiceAccount and a token first: at the default rate that takes 6 s.
  printf '%s\n' --kube-api-qps=500 --kube-api-burst=1000
}
