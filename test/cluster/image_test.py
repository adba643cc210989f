#!/usr/bin/env python3
"""Tests of image.py: what it packs, and that the same folder gives the same bytes."""
import gzip
import io
import json
import os
import pathlib
import stat
import subprocess
import sys
import tarfile
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).with_name("image.py")


class Image(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def rootfs(self, name: str) -> pathlib.Path:
        root = self.folder / name
        (root / "bin").mkdir(parents=True)
        (root / "tmp").mkdir()
        (root / "tmp").chmod(0o1777)
        (root / "bin/tool").write_bytes(b"#!/bin/sh\n")
        (root / "bin/tool").chmod(0o755)
        (root / "bin/alias").symlink_to("tool")
        (root / "sbin").symlink_to("bin")
        return root

    def build(self, root: pathlib.Path, *options: str) -> pathlib.Path:
        out = self.folder / f"{root.name}.tar"
        subprocess.run([sys.executable, SCRIPT, "build", root, out, "docker.io/library/tool:dev", *options], check=True,
                       stderr=subprocess.DEVNULL)
        return out

    def parts(self, archive: pathlib.Path) -> tuple[dict, dict[str, tarfile.TarInfo]]:
        with tarfile.open(archive) as tar:
            def blob(item: dict) -> bytes:
                return tar.extractfile("blobs/" + item["digest"].replace(":", "/")).read()
            manifest = json.loads(blob(json.load(tar.extractfile("index.json"))["manifests"][0]))
            layer = tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob(manifest["layers"][0]))))
            return json.loads(blob(manifest["config"])), {each.name: each for each in layer.getmembers()}

    def test_the_same_content_gives_the_same_bytes(self) -> None:
        first, second = self.rootfs("first"), self.rootfs("second")
        os.utime(second / "bin/tool", (1, 1))
        self.assertEqual(self.build(first).read_bytes(), self.build(second).read_bytes())

    def test_other_content_gives_another_digest(self) -> None:
        first, second = self.rootfs("first"), self.rootfs("second")
        (second / "bin/tool").chmod(0o555)
        self.assertNotEqual(self.build(first).read_bytes(), self.build(second).read_bytes())

    def test_entries_are_owned_by_root_and_keep_modes_and_links(self) -> None:
        _, entries = self.parts(self.build(self.rootfs("root")))
        self.assertEqual(set(entries), {"bin", "bin/alias", "bin/tool", "sbin", "tmp"})
        self.assertEqual({(each.uid, each.gid, each.mtime) for each in entries.values()}, {(0, 0, 0)})
        self.assertEqual(stat.S_IMODE(entries["bin/tool"].mode), 0o755)
        self.assertEqual(stat.S_IMODE(entries["tmp"].mode), 0o1777)
        self.assertEqual((entries["bin/alias"].linkname, entries["sbin"].linkname), ("tool", "bin"))

    def test_the_configuration_holds_what_was_asked_for_and_nothing_else(self) -> None:
        options = ["--entrypoint", "/bin/tool", "run", "--user", "65532:65532", "--env", "A=b"]
        config, _ = self.parts(self.build(self.rootfs("full"), *options))
        self.assertEqual(config["config"]["Entrypoint"], ["/bin/tool", "run"])
        self.assertEqual(config["config"]["User"], "65532:65532")
        self.assertIn("A=b", config["config"]["Env"])
        bare, _ = self.parts(self.build(self.rootfs("bare")))
        self.assertEqual(set(bare["config"]), {"Env"})


if __name__ == "__main__":
    unittest.main()
