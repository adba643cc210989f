# Sourced. Certificates (EC P-256) and kubeconfigs of one cluster, made with openssl into the current folder.
# shellcheck shell=bash

# x509 FILE SUBJECT EXTENSIONS [openssl req arguments]: FILE.key and FILE.crt, with nothing of the host's openssl.cnf
x509() {
  local file=$1 subject=$2 extensions=$3
  shift 3
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "$subject" \
    -config <(printf '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\n%b' "$extensions") \
    -keyout "$file.key" -out "$file.crt" "$@" 2>openssl.log || { cat openssl.log >&2; return 1; }
  rm openssl.log
}

# authority FILE NAME
authority() {
  x509 "$1" "/CN=$2" \
    'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
}

# certificate FILE AUTHORITY SUBJECT [SUBJECT-ALT-NAMES]
certificate() {
  local extensions='keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n'
  extensions+='subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
  x509 "$1" "$3" "$extensions${4:+subjectAltName=$4\n}" -CA "$2.crt" -CAkey "$2.key"
}

# kubeconfig NAME SERVER: NAME.kubeconfig, with the client certificate NAME.crt
kubeconfig() {
  cat >"$1.kubeconfig" <<CONFIG
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
  chmod 600 "$1.kubeconfig"
}

# control_plane_pki SERVER-URL [SUBJECT-ALT-NAME]: everything a control plane and one node need
control_plane_pki() {
  local name names=DNS:localhost,IP:127.0.0.1${2:+,$2}
  authority ca test-cluster
  authority front-proxy-ca test-cluster-front-proxy
  for name in kubernetes{,.default{,.svc{,.cluster.local}}}; do names+=,DNS:$name; done
  certificate apiserver ca /CN=kube-apiserver "$names,IP:10.96.0.1"
  certificate kubelet ca /O=system:nodes/CN=system:node:node0 "DNS:node0,IP:127.0.0.1${2:+,$2}"
  certificate admin ca /O=system:masters/CN=admin
  certificate controller-manager ca /CN=system:kube-controller-manager
  certificate scheduler ca /CN=system:kube-scheduler
  certificate proxy ca /CN=system:kube-proxy
  certificate apiserver-kubelet ca /O=system:masters/CN=apiserver-kubelet-client
  certificate front-proxy front-proxy-ca /CN=front-proxy-client
  openssl ecparam -name prime256v1 -genkey -noout -out sa.key
  openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
  for name in admin controller-manager scheduler proxy kubelet; do kubeconfig "$name" "$1"; done
}
