#!/usr/bin/env python3
"""A source that changes while it is backed up, at a chosen system call of the backup.

  source.py STASH [--every N]

The backup is stopped at call number 1, 2, 3, ... of each sort that reads the source; one entry is changed in one of the ways
below; the backup goes on. It ends with 0 or 3, and what it made restores: entries that held still are as they were, one that
was exchanged is the old or the new one, whole, and one that was written in place has bytes of both at most. The next backup
makes a snapshot equal to the source. `--every N` takes each N-th call only. Exit code 77: nothing can be traced here."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from oracle import World, Lost, fingerprint

CALLS = ["statx", "openat", "pread64", "getdents64", "readlinkat", "flistxattr"]
SIZE = 300_000


def grow(path):
    with open(path, "ab") as file:
        file.write(b"grown" * 20_000)


def shrink(path):
    os.truncate(path, 1000)


def overwrite(path):
    with open(path, "r+b") as file:
        file.seek(SIZE // 2)
        file.write(b"new" * 10_000)


def punch(path):
    subprocess.run(["fallocate", "--punch-hole", "--offset", "65536", "--length", "131072", path], check=True)


def rename(path):
    os.rename(path, path + ".renamed")


def to_symlink(path):
    os.unlink(path)
    os.symlink("/etc/passwd", path)


def to_directory(path):
    os.unlink(path)
    os.mkdir(path)


def to_fifo(path):
    os.unlink(path)
    os.mkfifo(path)


def exchange(path):
    with open(path + ".new", "wb") as file:
        file.write(b"exchanged" * 9_000)
    os.rename(path + ".new", path)


def forbid(path):
    os.chmod(path, 0)


IN_PLACE = [grow, shrink, overwrite, punch]
CHANGES = [*IN_PLACE, rename, to_symlink, to_directory, to_fifo, exchange, os.unlink, forbid]


class Source:
    def __init__(self, stash, folder):
        self.world = World(stash, folder, seed=4)
        self.moving = os.path.join(self.world.source, "moving")
        self.trace = os.path.join(folder, "trace")
        self.world.must("init", "--kdf", "raw")
        os.makedirs(os.path.join(self.world.source, "still", "deep"))
        for i in range(3):
            self.write(os.path.join(self.world.source, "still", "deep", f"file{i}"), 50_000)
        os.symlink("still", os.path.join(self.world.source, "link"))
        self.still = self.of_still(fingerprint(self.world.source))
        self.world.must("backup", self.world.source)

    def write(self, path, size):
        with open(path, "wb") as file:
            file.write(self.world.rng.randbytes(size))

    @staticmethod
    def of_still(found):
        return {path: entry for path, entry in found.items() if path.startswith("still")}

    def renew(self):
        shutil.rmtree(self.moving, ignore_errors=True)
        os.mkdir(self.moving)
        for name in ("a", "b"):
            self.write(os.path.join(self.moving, name), SIZE)

    def back_up_stopped_at(self, call, when, change):
        """Exit code and output of a backup during which `change` came, or nothing when there is no such call."""
        tracer = ["strace", "-f", "-qq", "-o", self.trace, "-e", f"trace={call}", "-e", f"inject={call}:signal=STOP:when={when}"]
        command = [*tracer, *self.world.command("backup", self.world.source, "--json")]
        with subprocess.Popen(command, env=self.world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            stops = 0
            while process.poll() is None:
                stopped = self.stops()
                if len(stopped) > stops:
                    if stops == 0:
                        change(os.path.join(self.moving, "a"))
                    stops = len(stopped)
                    os.kill(stopped[-1], signal.SIGCONT)
                time.sleep(0.002)
            out, said = process.communicate()
        self.world.said = said.decode(errors="replace")
        return (process.returncode, out.decode(errors="replace")) if stops else None

    def stops(self):
        """The threads that reached their call of that number, each of which stops the whole process."""
        try:
            with open(self.trace, encoding="utf-8", errors="replace") as file:
                return [int(line.split()[0]) for line in file if "si_signo=SIGSTOP" in line]
        except FileNotFoundError:
            return []

    def judge(self, before, after, change, out):
        snapshot = World.snapshot_of(out)
        target = tempfile.mkdtemp(dir=self.world.folder)
        try:
            self.world.must("restore", snapshot, "--target", target)
            found = fingerprint(os.path.join(target, self.world.source.lstrip("/")))
        finally:
            shutil.rmtree(target)
        if self.of_still(found) != self.still:
            raise Lost("what held still is restored to something else")
        for path, entry in found.items():
            if not path.startswith("moving/") or entry in (before.get(path), after.get(path)):
                continue
            old, new = before.get(path), after.get(path)
            if change in IN_PLACE and path == "moving/a" and entry[0] == old[0]:
                continue  # as far as it was read, and read again by the next backup
            raise Lost(f"{path} is restored as {entry}; it was {old} and became {new}")

    def run(self, call, when, change):
        """False when there is no such call."""
        if os.path.exists(self.trace):
            os.unlink(self.trace)
        self.renew()
        before = fingerprint(self.world.source)
        done = self.back_up_stopped_at(call, when, change)
        if done is None:
            return False
        code, out = done
        if code not in (0, 3):
            raise Lost(f"the backup ended with {code}: {self.world.said}")
        self.judge(before, fingerprint(self.world.source), change, out)
        if self.world.back_up() not in (0, 3):
            raise Lost(f"the next backup fails: {self.world.said}")
        self.world.whole(read_data=False)
        self.world.kept.clear()
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stash")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    if subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.PIPE, check=False).returncode != 0:
        print("processes cannot be traced here")
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="stash-source-")
    count = 0
    try:
        source = Source(os.path.abspath(options.stash), folder)
        for call in CALLS:
            when = 1
            while True:
                change = CHANGES[count % len(CHANGES)]
                try:
                    if not source.run(call, when, change):
                        break
                except Lost as lost:
                    sys.exit(f"{change.__name__} at {call} {when}: {lost}")
                count, when = count + 1, when + options.every
        print(f"{count} changes of {len(CHANGES)} sorts while a backup runs, at calls of {', '.join(CALLS)}: nothing else changed, "
              "nothing wrong was restored")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
