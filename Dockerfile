# One image for every role: the static binary, the names by which it knows its role, and the certificates that object
# stores are verified with. Nothing else is needed, so nothing else is in it. Before it, with the packages of the README's
# section "Install into a cluster":
#
#   cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release
#   test/cluster/rootfs.sh build/release/stash build/image
#   docker build -t stash:dev .
FROM scratch
COPY build/image/ /
USER 65532:65532
ENTRYPOINT ["/bin/stash"]
