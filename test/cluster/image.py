#!/usr/bin/env python3
"""Writes an OCI image archive from a folder, the same bytes for the same input, and can push it to a registry.

  image.py build ROOTFS OUT.tar NAME [--entrypoint CMD ...] [--user UID[:GID]] [--env K=V]
  image.py push OUT.tar REGISTRY-URL        pushes under the repository and tag of the archive's NAME

One gzip layer; every entry is owned by root and dated 1970, so that the digest depends on content alone.
"""
import argparse
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import urllib.request

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def layer_tar(rootfs: str) -> bytes:
    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = 0
        return entry

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, names, files in os.walk(rootfs):
            names.sort()
            for name in sorted(files + [n for n in names if os.path.islink(os.path.join(folder, n))]):
                path = os.path.join(folder, name)
                tar.add(path, os.path.relpath(path, rootfs), recursive=False, filter=plain)
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    tar.add(path, os.path.relpath(path, rootfs), recursive=False, filter=plain)
    return raw.getvalue()


class Archive:
    """Blobs by digest, and the descriptors that name them."""

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
    archive = Archive()
    tar = layer_tar(args.rootfs)
    layer = archive.add(gzip.compress(tar, 6, mtime=0), LAYER)
    settings: dict = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] + args.env}
    if args.entrypoint:
        settings["Entrypoint"] = args.entrypoint
    if args.user:
        settings["User"] = args.user
    config = archive.add_json({
        "architecture": "amd64", "os": "linux", "config": settings,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]}}, CONFIG)
    manifest = archive.add_json({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}, MANIFEST)
    manifest["annotations"] = {"io.containerd.image.name": args.name,
                               "org.opencontainers.image.ref.name": args.name.rsplit(":", 1)[-1]}
    archive.write(args.out, {"schemaVersion": 2, "manifests": [manifest]})
    print(f"{args.name}: {layer['size']} bytes compressed")


def request(method: str, url: str, data: bytes | None = None, media: str = "application/octet-stream"):
    call = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": media})
    return urllib.request.urlopen(call, timeout=60)


def push(args: argparse.Namespace) -> None:
    with tarfile.open(args.archive) as tar:
        def read(path: str) -> bytes:
            member = tar.extractfile(path)
            if member is None:
                sys.exit(f"{args.archive}: {path} is missing")
            return member.read()

        described = json.loads(read("index.json"))["manifests"][0]
        name = described["annotations"]["io.containerd.image.name"]
        repository, tag = name.rsplit(":", 1)
        repository = repository.split("/", 1)[1]  # without the registry host
        manifest_bytes = read("blobs/" + described["digest"].replace(":", "/"))
        manifest = json.loads(manifest_bytes)
        base = f"{args.registry}/v2/{repository}"
        for item in [manifest["config"], *manifest["layers"]]:
            start = request("POST", f"{base}/blobs/uploads/", b"")
            where = start.headers["Location"]
            where = where if where.startswith("http") else args.registry + where
            glue = "&" if "?" in where else "?"
            request("PUT", f"{where}{glue}digest={item['digest']}", read("blobs/" + item["digest"].replace(":", "/")))
        request("PUT", f"{base}/manifests/{tag}", manifest_bytes, MANIFEST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("build")
    make.add_argument("rootfs")
    make.add_argument("out")
    make.add_argument("name")
    make.add_argument("--entrypoint", nargs="+")
    make.add_argument("--user")
    make.add_argument("--env", action="append", default=[])
    make.set_defaults(run=build)
    send = commands.add_parser("push")
    send.add_argument("archive")
    send.add_argument("registry")
    send.set_defaults(run=push)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
