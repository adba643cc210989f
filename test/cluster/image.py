#!/usr/bin/env python3
"""Makes OCI image archives from folders, without a container engine, and pushes them to a registry.

  image.py build ROOTFS OUT.tar NAME:TAG [--entrypoint WORD ...] [--cmd WORD ...] [--user UID:GID] [--env K=V]
  image.py push REGISTRY-URL ARCHIVE ...    under the repository and tag of each archive's NAME, whatever its host
  image.py name ARCHIVE                     prints NAME:TAG

The same folder gives the same bytes: one gzip layer, entries sorted, owned by root and dated 1970.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import sys
import tarfile
import urllib.error
import urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def layer_tar(rootfs: str) -> bytes:
    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, names, files in os.walk(rootfs):
            names.sort()  # the order in which os.walk goes on
            for name in sorted(names + files):
                path = os.path.join(folder, name)
                tar.add(path, os.path.relpath(path, rootfs), recursive=False, filter=plain)
    return raw.getvalue()


class Archive:
    """Blobs by digest; add() returns the descriptor that names one."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def add(self, data: bytes, media: str) -> dict:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": media, "digest": digest, "size": len(data)}

    def add_json(self, value: dict, media: str) -> dict:
        return self.add(json.dumps(value, separators=(",", ":"), sort_keys=True).encode(), media)

    def write(self, out: str, index: dict) -> None:
        with tarfile.open(out + ".part", "w") as tar:
            def entry(path: str, data: bytes) -> None:
                info = tarfile.TarInfo(path)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))

            entry("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
            entry("index.json", json.dumps(index, sort_keys=True).encode())
            for digest, data in sorted(self.blobs.items()):
                entry("blobs/" + digest.replace(":", "/"), data)
        os.replace(out + ".part", out)


def build(args: argparse.Namespace) -> None:
    tar = layer_tar(args.rootfs)
    archive = Archive()
    layer = archive.add(gzip.compress(tar, 9, mtime=0), LAYER)
    settings = {"Env": [PATH, *args.env], "Entrypoint": args.entrypoint, "Cmd": args.cmd, "User": args.user}
    config = archive.add_json({
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()), "os": "linux",
        "config": {key: value for key, value in settings.items() if value},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}, CONFIG)
    manifest = archive.add_json(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}, MANIFEST)
    manifest["annotations"] = {"io.containerd.image.name": args.name,
                               "org.opencontainers.image.ref.name": args.name.rsplit(":", 1)[-1]}
    archive.write(args.out, {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                             "manifests": [manifest]})
    print(f"{args.name}: {layer['size'] / 1e6:.1f} MB compressed", file=sys.stderr)


class Reader:
    """One archive that build() wrote."""

    def __init__(self, path: str) -> None:
        self.tar = tarfile.open(path)
        self.described = json.loads(self.read("index.json"))["manifests"][0]
        self.name = self.described["annotations"]["io.containerd.image.name"]

    def read(self, path: str) -> bytes:
        member = self.tar.extractfile(path)
        if member is None:
            sys.exit(f"{self.tar.name}: {path} is missing")
        return member.read()

    def blob(self, digest: str) -> bytes:
        return self.read("blobs/" + digest.replace(":", "/"))


def request(method: str, url: str, data: bytes | None = None, media: str = "application/octet-stream"):
    call = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": media})
    return urllib.request.urlopen(call, timeout=60)


def upload(base: str, registry: str, digest: str, archive: Reader) -> None:
    try:
        request("HEAD", f"{base}/blobs/{digest}")
        return
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
    location = request("POST", f"{base}/blobs/uploads/", b"").headers["Location"]
    location = location if location.startswith("http") else registry + location
    glue = "&" if "?" in location else "?"
    request("PUT", f"{location}{glue}digest={digest}", archive.blob(digest))


def push(args: argparse.Namespace) -> None:
    for path in args.archives:
        archive = Reader(path)
        repository, tag = archive.name.rsplit(":", 1)
        base = f"{args.registry}/v2/{repository.split('/', 1)[1]}"  # without the host of the name
        data = archive.blob(archive.described["digest"])
        manifest = json.loads(data)
        for item in [manifest["config"], *manifest["layers"]]:
            upload(base, args.registry, item["digest"], archive)
        request("PUT", f"{base}/manifests/{tag}", data, MANIFEST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("build")
    make.add_argument("rootfs")
    make.add_argument("out")
    make.add_argument("name")
    make.add_argument("--entrypoint", nargs="+")
    make.add_argument("--cmd", nargs="+")
    make.add_argument("--user")
    make.add_argument("--env", action="append", default=[])
    make.set_defaults(run=build)
    send = commands.add_parser("push")
    send.add_argument("registry")
    send.add_argument("archives", nargs="+")
    send.set_defaults(run=push)
    tell = commands.add_parser("name")
    tell.add_argument("archive")
    tell.set_defaults(run=lambda args: print(Reader(args.archive).name))
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
