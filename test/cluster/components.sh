# Sourced. How etcd, kube-apiserver and kube-controller-manager are started, for the node and for the bare control plane.
# Needs: $BIN programs, $RUN folder of this cluster, $PKI its certificates.

# keep NAME COMMAND...: runs a component in the background, starts it again when it ends, log in $RUN/logs/NAME.log
keep() {
  local name=$1
  shift
  (while :; do
    "$@" >>"$RUN/logs/$name.log" 2>&1 || true
    echo "== $name ended, starting it again" >>"$RUN/logs/$name.log"
    sleep 1
  done) &
}

etcd_flags() { # CLIENT-PORT PEER-PORT
  echo --data-dir "$RUN/etcd" --listen-client-urls "http://127.0.0.1:$1" --advertise-client-urls "http://127.0.0.1:$1" \
    --listen-peer-urls "http://127.0.0.1:$2" --initial-advertise-peer-urls "http://127.0.0.1:$2" \
    --initial-cluster "default=http://127.0.0.1:$2" --unsafe-no-fsync --log-level warn
}

apiserver_flags() { # ETCD-PORT ADVERTISE-ADDRESS SECURE-PORT
  echo --etcd-servers="http://127.0.0.1:$1" --advertise-address="$2" --secure-port="$3" \
    --service-cluster-ip-range=10.96.0.0/16 \
    --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" --client-ca-file="$PKI/ca.crt" \
    --kubelet-client-certificate="$PKI/apiserver-kubelet.crt" --kubelet-client-key="$PKI/apiserver-kubelet.key" \
    --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --requestheader-client-ca-file="$PKI/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group \
    --requestheader-username-headers=X-Remote-User --proxy-client-cert-file="$PKI/front-proxy.crt" \
    --proxy-client-key-file="$PKI/front-proxy.key" --enable-aggregator-routing=true
}

controller_manager_flags() {
  echo --kubeconfig="$PKI/controller-manager.kubeconfig" --service-account-private-key-file="$PKI/sa.key" \
    --root-ca-file="$PKI/ca.crt" --use-service-account-credentials=true --leader-elect=false \
    --cluster-cidr=10.244.0.0/16 --allocate-node-cidrs=false --enable-hostpath-provisioner=true \
    --concurrent-gc-syncs=5
}
