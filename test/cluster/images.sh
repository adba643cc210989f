# Sourced. The images of the test cluster, as OCI archives in $RUN/images. Needs: $BIN, $RUN, $here, $cache.

# image NAME TAR [image.py build options]: from the folder $root, which it removes
image() {
  local name=$1 tar=$RUN/images/$2
  shift 2
  python3 "$here/image.py" build "$root" "$tar" "$name" "$@"
  rm -rf "$root"
}

# base_images: busybox, pause, pushgateway and minio, made once and kept in the cache
base_images() {
  local applet kept
  mkdir -p "$RUN/images"
  kept=$cache/images-$(cat "$here/image.py" "$here/images.sh" "$BIN/pushgateway" "$BIN/minio" /bin/busybox | sha256sum | cut -c1-12)
  if [ ! -d "$kept" ]; then
    make_base_images
    rm -rf "$kept.part"
    mkdir -p "$kept.part"
    cp "$RUN"/images/*.tar "$kept.part/"
    mv -T "$kept.part" "$kept" 2>/dev/null || rm -rf "$kept.part"
  fi
  cp "$kept"/*.tar "$RUN/images/"
}

make_base_images() {
  root=$(mktemp -d)
  mkdir -p "$root/bin" "$root/tmp" "$root/etc" "$root/root" "$root/usr/bin" "$root/var/tmp"
  chmod 1777 "$root/tmp" "$root/var/tmp"
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"; done
  for applet in env awk sort wc head tail tr cut find xargs id; do ln -sf ../../bin/busybox "$root/usr/bin/$applet"; done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  image docker.io/library/busybox:latest busybox.tar --entrypoint /bin/sh

  root=$(mktemp -d)
  mkdir -p "$root/bin"
  cp /bin/busybox "$root/bin/busybox"
  ln -s busybox "$root/bin/sleep"
  image docker.io/library/pause:1 pause.tar --entrypoint /bin/sleep 2147483647

  root=$(mktemp -d)
  mkdir -p "$root/bin" "$root/tmp"
  cp "$BIN/pushgateway" "$root/bin/pushgateway"
  image docker.io/prom/pushgateway:v1.11.1 pushgateway.tar --entrypoint /bin/pushgateway --user 65534:65534

  root=$(mktemp -d)
  mkdir -p "$root/bin" "$root/tmp" "$root/data"
  cp "$BIN/minio" "$root/bin/minio"
  image docker.io/minio/minio:latest minio.tar --entrypoint /bin/minio
}

# stash_image BINARY: the same image as the Dockerfile makes
stash_image() {
  local link
  mkdir -p "$RUN/images"
  root=$(mktemp -d)
  mkdir -p "$root/bin" "$root/etc/ssl/certs" "$root/tmp"
  chmod 1777 "$root/tmp"
  cp "$1" "$root/bin/stash"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  for link in operator sidecar init trigger; do ln -s stash "$root/bin/stash-$link"; done
  image docker.io/library/stash:dev stash.tar --entrypoint /bin/stash --user 65532:65532
}
