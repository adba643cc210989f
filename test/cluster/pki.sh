# Sourced. Certificates and kubeconfigs of one control plane, EC P-256, made with openssl into the current folder.

ca() {
  [ -f "$1.crt" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.crt" 2>/dev/null
}

# certificate FILE CA SUBJECT [SUBJECT-ALT-NAMES]
certificate() {
  [ -f "$1.crt" ] && return
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 -out "$1.crt" \
    -extfile <(printf 'extendedKeyUsage=serverAuth,clientAuth\n%s\n' "${4:+subjectAltName=$4}") 2>/dev/null
}

# kubeconfig NAME SERVER OUT: user with the client certificate NAME.crt
kubeconfig() {
  cat >"$3" <<CONFIG
apiVersion: v1
kind: Config
clusters:
- name: test
  cluster:
    server: $2
    certificate-authority-data: $(base64 -w0 ca.crt)
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$1.crt")
    client-key-data: $(base64 -w0 "$1.key")
contexts:
- name: test
  context: {cluster: test, user: $1}
current-context: test
CONFIG
  chmod 600 "$3"
}

# control_plane_pki SERVER-URL SUBJECT-ALT-NAMES: everything a control plane and one node need
control_plane_pki() {
  ca ca
  ca front-proxy-ca
  certificate apiserver ca /CN=kube-apiserver \
    "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1${2:+,$2}"
  certificate kubelet ca "/O=system:nodes/CN=system:node:node0" "DNS:node0,IP:127.0.0.1${2:+,$2}"
  certificate admin ca "/O=system:masters/CN=admin"
  certificate controller-manager ca /CN=system:kube-controller-manager
  certificate scheduler ca /CN=system:kube-scheduler
  certificate proxy ca /CN=system:kube-proxy
  certificate apiserver-kubelet ca "/O=system:masters/CN=apiserver-kubelet-client"
  certificate front-proxy front-proxy-ca /CN=front-proxy-client
  if [ ! -f sa.key ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out sa.key 2>/dev/null
    openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
  fi
  local name
  for name in admin controller-manager scheduler proxy kubelet; do kubeconfig "$name" "$1" "$name.kubeconfig"; done
}
