#!/usr/bin/env python3
"""Measures backup tools side by side on the sets of mkdata.py; run.sh prepares everything and calls this.

    run.py --tools stash,restic,... --sets a,b,c,b@s3 --reps N --out results.jsonl

A set is on a local repository, or with @s3 on a MinIO server of its own ($BENCH_MINIO), whose requests are counted. One line
of JSON per measurement: wall, user and system seconds, the peak resident memory of the largest process in MiB, CPU used by
others during the run as a share of all cores, bytes and files in the repository. The source is read before each timed
backup, so it comes from the page cache; dirty pages are written out before each timed run. Every restore of the first
repetition is compared with its source, byte for byte.
"""
import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import s3
from tools import S3, TOOLS

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ["BENCH_DATA"])
RUN = Path(os.environ["BENCH_RUN"])
REPO, OUT, LOG = RUN / "repo", RUN / "out", RUN.with_suffix(".log")
GONE = RUN.with_suffix(".gone")
SECRET = "5f" * 32
ENV = dict(
    os.environ, HOME=str(RUN / "home"), XDG_CACHE_HOME=str(RUN / "cache"), XDG_CONFIG_HOME=str(RUN / "config"),
    STASH_PASSWORD=SECRET, STASH_REPOSITORY=str(REPO), RESTIC_PASSWORD=SECRET, RESTIC_REPOSITORY=str(REPO),
    RUSTIC_PASSWORD=SECRET, RUSTIC_REPOSITORY=str(REPO), KOPIA_PASSWORD=SECRET, KOPIA_CONFIG_PATH=str(RUN / "kopia.config"),
    KOPIA_CHECK_FOR_UPDATES="false", BORG_PASSPHRASE=SECRET, BORG_REPO=str(REPO), BORG_BASE_DIR=str(RUN / "borg"))


def busy():
    """CPU seconds that all processes and the kernel have used."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = stat.readline().split()[1:]
    return sum(int(f) for i, f in enumerate(fields) if i not in (3, 4, 8, 9)) / os.sysconf("SC_CLK_TCK")


def timed(command, env, log):
    """The memory is told by a small program in between: wait4 counts the size of the process that forked, too."""
    peak = RUN.with_suffix(".rss")
    before, start = busy(), time.monotonic()
    child = subprocess.Popen(
        ["/usr/bin/time", "-q", "-f", "%M", "-o", str(peak), "bash", "-o", "pipefail", "-c", command],
        env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    own = usage.ru_utime + usage.ru_stime
    return dict(rc=child.returncode, wall=round(wall, 3), cpu=round(own, 3),
                rss=int(peak.read_text(encoding="ascii").split()[-1]) // 1024,
                foreign=round(max(0.0, busy() - before - own) / wall / os.cpu_count(), 3))


def warm(path):
    subprocess.run(f"find {path} -type f -print0 | xargs -0 -n 500 cat >/dev/null; find {path} -printf %s >/dev/null",
                   shell=True, check=True)


def make_writable(path):
    """Repositories and what was restored of them may be read-only, which stops all but root."""
    subprocess.run(["chmod", "-R", "u+rwX", str(path)], check=False)


def put_away(path):
    """Out of the way without a deletion: for minutes ext4 looks at every inode deleted just now before it gives out another,
    which cost a restore of 20 000 files as much again. The bytes are given back; run.sh takes the names away after the last set."""
    if not path.exists():
        return
    GONE.mkdir(exist_ok=True)
    away = GONE / str(len(list(GONE.iterdir())))
    make_writable(path)
    path.rename(away)
    subprocess.run(["find", str(away), "-type", "f", "-size", "+0", "-exec", "truncate", "-s", "0", "{}", "+"], check=True)


def wipe(*paths):
    for path in paths:
        if path.exists():
            make_writable(path)
            shutil.rmtree(path)


def stored(server):
    if server:
        return server.stored()
    files = [p for p in REPO.rglob("*") if p.is_file()]
    return dict(bytes=sum(p.stat().st_size for p in files), files=len(files))


def digests(root):
    found = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink()):
        hasher = sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                hasher.update(block)
        found[path.relative_to(root).as_posix()] = hasher.hexdigest()
    return found


def restored_root(name):
    """The set inside OUT: tools differ in how many leading directories they make again."""
    for candidate in (OUT / str(DATA / name).lstrip("/"), OUT / name, OUT / "s2"):
        if candidate.exists():
            return candidate
    return OUT


def mkdata(action, name, *more):
    """The image is brought back from a copy: that is faster than making it again."""
    image, base = DATA / "c" / "disk.img", DATA / "c.base" / "disk.img"
    if action == "make" and name == "c" and base.exists():
        subprocess.run(["cp", "--preserve=timestamps", "--sparse=always", str(base), str(image)], check=True)
        return
    subprocess.run([sys.executable, str(HERE / "mkdata.py"), action, name, str(DATA), *more], check=True)
    if action == "make" and name == "c":
        base.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-a", "--sparse=always", str(image), str(base)], check=True)


class Pass:
    """One tool over one set, from an empty repository to its prune."""

    def __init__(self, tool, name, rep, args, log):
        self.tool, self.title, self.rep, self.args, self.log = tool, name, rep, args, log
        self.name, _, self.store = name.partition("@")
        self.commands, self.env, self.server = TOOLS[tool], ENV, None

    def use_server(self):
        self.server = s3.Server(RUN.with_suffix(".minio"), self.log)
        other = S3[self.tool]
        where = dict(host=self.server.host, bucket=s3.BUCKET)
        self.env = dict(ENV, **s3.CREDENTIALS, **{k: v.format(**where) for k, v in other.get("env", {}).items()})
        if "init" in other:
            self.commands = dict(self.commands, init=other["init"].format(compression=self.commands["compression"], **where))

    def command(self, text, **extra):
        src = DATA / self.name
        sparse = self.commands["sparse"] if self.name == "c" else ""
        words = dict(self.commands, src=src, relative=str(src).lstrip("/"), repo=REPO, out=OUT, sparse=sparse, **extra)
        return text.format(**{k: v for k, v in words.items() if k not in ("init", "version")})

    def measure(self, op, key, reads_source=False, **extra):
        text = self.commands.get(key)
        if not text:
            return
        command = self.command(text, **extra)
        if reads_source:
            warm(DATA / self.name)
        os.sync()
        print(f"### {self.tool} {self.title} {op}: {command}", file=self.log, flush=True)
        before = self.server.requests() if self.server else 0
        result = timed(command, self.env, self.log)
        result.update(tool=self.tool, set=self.title, op=op, rep=self.rep, **stored(self.server))
        if self.server:
            result["requests"] = self.server.requests() - before
        print(json.dumps(result), flush=True)
        with open(self.args.out, "a", encoding="ascii") as out:
            out.write(json.dumps(result) + "\n")
        if result["rc"] != 0:
            raise SystemExit(f"{self.tool}: {op} of set {self.title} failed with {result['rc']}, see {LOG}")

    def shell(self, text):
        return subprocess.run(["bash", "-c", self.command(text)], env=self.env, check=True, stderr=self.log,
                              stdout=subprocess.PIPE, text=True).stdout

    def snapshots(self):
        ids = self.shell(self.commands["ids"]).split()
        return dict(id=ids[-1], others=" ".join(ids[:-1]))

    def empty_out(self):
        put_away(OUT)
        OUT.mkdir()

    def run(self):
        if self.store and self.tool not in S3:
            return
        mkdata("make", self.name)
        wipe(RUN)
        for folder in (RUN / "home", OUT):
            folder.mkdir(parents=True)
        try:
            if self.store:
                self.use_server()
            self.measure_all()
        finally:
            if self.server:
                self.server.stop()
        put_away(REPO)  # that of cp has as many files as the set
        wipe(RUN)

    def measure_all(self):
        floor = self.tool == "cp"
        self.shell(self.commands["init"])
        self.measure("first", "backup", True, tag="s1")
        for i in range(3):
            self.measure("unchanged", "walk" if floor else "backup", True, tag=f"u{i}")
        if not floor:
            self.measure("reread", "reread", True, tag="r")
            mkdata("change", self.name)
            self.measure("changed", "backup", True, tag="s2")
            if self.name == "c":
                mkdata("change", self.name, "--clustered")
                self.measure("clustered", "backup", True, tag="s3")
        extra = self.snapshots()
        self.empty_out()
        self.measure("restore", "restore", **extra)
        if self.rep == 0 and not floor and digests(restored_root(self.name)) != digests(DATA / self.name):
            raise SystemExit(f"{self.tool}: the restore of set {self.name} is not equal to its source")
        if self.name != "c":
            files = sorted(p.relative_to(DATA / self.name).as_posix() for p in (DATA / self.name).rglob("*") if p.is_file())
            for _ in range(3):
                self.empty_out()
                self.measure("one", "one", one=shlex.quote(files[len(files) // 2]), **extra)
        put_away(OUT)
        self.measure("check", "check", **extra)
        self.measure("check_data", "check_data", **extra)
        self.measure("prune", "prune", **extra)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--sets", default="b,a,c")
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with open(LOG, "a", encoding="utf-8") as log:
        for rep in range(args.reps):
            for name in args.sets.split(","):
                for tool in args.tools.split(","):
                    Pass(tool, name, rep, args, log).run()


if __name__ == "__main__":
    main()
