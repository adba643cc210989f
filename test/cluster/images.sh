# Sourced. The images of the test cluster, as OCI archives.
#
#   docker.io/library/busybox:latest   Debian's busybox-static under all its names, without entrypoint as the public one
#   docker.io/library/pause:1          the sandbox of every pod
#   docker.io/prom/pushgateway:v1.11.1 the real one
#   docker.io/minio/minio:latest       the real one
#   docker.io/library/stash:dev        ours
# shellcheck shell=bash
cluster_scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# base_images PROGRAMS CACHE: prints the folder of the archives that do not depend on our sources; makes them once
base_images() {
  local inputs folder
  inputs=$(sha256sum "$cluster_scripts/"{image.py,images.sh} /bin/busybox | cut -d' ' -f1)
  inputs+=$(readlink "$1/pushgateway" "$1/minio")
  folder=$2/images-$(sha256sum <<<"$inputs" | cut -c1-12)
  exec 9>"$2/.build.lock"
  flock 9
  if [ ! -d "$folder" ]; then
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    busybox_image "$folder.part/busybox.tar"
    program_image "$folder.part/pause.tar" docker.io/library/pause:1 /bin/busybox \
      --entrypoint /bin/busybox sleep 2147483647
    program_image "$folder.part/pushgateway.tar" docker.io/prom/pushgateway:v1.11.1 "$1/pushgateway" \
      --entrypoint /bin/pushgateway --user 65534:65534
    program_image "$folder.part/minio.tar" docker.io/minio/minio:latest "$1/minio" --entrypoint /bin/minio
    mv -T "$folder.part" "$folder"
  fi
  exec 9>&-
  echo "$folder"
}

# program_image OUT.tar NAME:TAG BINARY [image.py build options]: nothing but one static program and /tmp
program_image() {
  local out=$1 name=$2 binary=$3 root=$1.root
  shift 3
  install -D -m 755 "$binary" "$root/bin/${binary##*/}"
  install -d -m 1777 "$root/tmp"
  python3 "$cluster_scripts/image.py" build "$root" "$out" "$name" "$@"
  rm -rf "$root"
}

busybox_image() { # OUT.tar
  local root=$1.root applet
  install -d -m 755 "$root/bin" "$root/etc" "$root/root" "$root/usr/bin"
  install -d -m 1777 "$root/tmp" "$root/var/tmp"
  install -m 755 /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  ln -s ../../bin/env "$root/usr/bin/env"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  python3 "$cluster_scripts/image.py" build "$root" "$1" docker.io/library/busybox:latest --cmd sh
  rm -rf "$root"
}

# stash_image BINARY OUT.tar: the image that the Dockerfile makes
stash_image() {
  local root=$2.root
  "$cluster_scripts/rootfs.sh" "$1" "$root"
  python3 "$cluster_scripts/image.py" build "$root" "$2" docker.io/library/stash:dev \
    --entrypoint /bin/stash --user 65532:65532
  rm -rf "$root"
}
