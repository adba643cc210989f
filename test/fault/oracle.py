"""The oracle of every test of this folder.

A World is a repository, a source folder and the binary. It remembers the fingerprint of the source for every snapshot whose
backup reported success; `whole()` restores each and compares, after a check that reads all data, and looks for what the source
says in what is stored. After every command on a local repository no object may have changed, and only those may be gone that
the command may delete."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

PASSWORD = "0123456789abcdef" * 3
CANARIES = [b"line of text", b"source/dir", b"/file1"]  # of change_source()
MAY_DELETE = {"prune": ("packs", "index", "tomb", "snapshots"), "forget": ("snapshots", "packs", "index", "tomb"), "repair": ("index",),
              "key": ("keys",)}


class Lost(Exception):
    """Something that was reported is not there, or not as it was."""


def fingerprint(folder):
    """Names, types, modes, owners, times, links and contents below a folder, by a walk that shares nothing with the program."""
    found = {}
    for path, dirs, files in os.walk(folder):
        for name in dirs + files:
            full = os.path.join(path, name)
            info = os.lstat(full)
            entry = [oct(info.st_mode), info.st_uid, info.st_gid, info.st_mtime_ns]
            if os.path.islink(full):
                entry.append(os.readlink(full))
            elif os.path.isfile(full):
                with open(full, "rb") as file:
                    entry.append(hashlib.sha256(file.read()).hexdigest())
            found[os.path.relpath(full, folder)] = entry
    return found


def change_source(folder, rng, files=6, size=40_000):
    """Writes, changes and removes some files."""
    os.makedirs(folder, exist_ok=True)
    for _ in range(files):
        where = os.path.join(folder, f"dir{rng.randrange(3)}")
        os.makedirs(where, exist_ok=True)
        path = os.path.join(where, f"file{rng.randrange(20)}")
        if os.path.exists(path) and rng.random() < 0.3:
            os.unlink(path)
            continue
        length = rng.randrange(1, size)
        content = rng.randbytes(length) if rng.random() < 0.5 else (b"line of text %d\n" % rng.randrange(99) * length)[:length]
        with open(path, "wb") as file:
            file.write(content)


def threads_below(pid):
    """What each thread of a process and of its children waits in: ids and names, the kernel's function, the system call."""
    told = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            told.append(" ".join([task.name, *((task / name).read_text(encoding="ascii").strip() for name in ("comm", "wchan", "syscall"))]))
            for child in (task / "children").read_text(encoding="ascii").split():
                told += threads_below(child)
        except (FileNotFoundError, ProcessLookupError):
            told.append(f"{task.name} has ended")
    return told


class World:
    def __init__(self, stash, folder, address=None, seed=1):
        self.stash = stash
        self.folder = folder
        self.address = address or os.path.join(folder, "repo")
        self.source = os.path.join(folder, "source")
        self.rng = random.Random(seed)
        self.kept = {}
        self.said = ""  # standard error of the last command, and the problems with files that it told as JSON
        self.flags = []
        self.environment = dict(os.environ, STASH_PASSWORD=PASSWORD, STASH_REPOSITORY=self.address,
                                STASH_CACHE_DIR=os.path.join(folder, "cache"))

    def command(self, *arguments):
        return [self.stash, *arguments, *self.flags]

    def run(self, *arguments, prefix=(), time_limit=120, prepare=None):
        """Exit code and standard output; `prefix` goes before the command (a tracer), `prepare` is called in the new process."""
        before = self.objects()
        with subprocess.Popen([*prefix, *self.command(*arguments)], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, preexec_fn=prepare) as process:
            try:
                out, said = (stream.decode(errors="replace") for stream in process.communicate(timeout=time_limit))
            except subprocess.TimeoutExpired as late:
                states = "\n".join(threads_below(process.pid))
                process.kill()
                raise Lost(f"{' '.join(arguments)} did not end within {time_limit} s; its threads were in\n{states}") from late
        told = [line for line in out.splitlines() if line.startswith('{"message_type":"file_error"')]
        self.said = said + "\n".join(told)
        self.watch(arguments[0], before, self.objects())
        return process.returncode, out

    def objects(self):
        """Name -> what tells that an object was written again, of a local repository."""
        found = {}
        for path, _, files in os.walk(self.address):
            for name in files:
                full = os.path.join(path, name)
                info = os.stat(full)
                found[os.path.relpath(full, self.address)] = (info.st_ino, info.st_size, info.st_mtime_ns)
        return found

    @staticmethod
    def watch(command, before, after):
        for name, was in before.items():
            if name in after and after[name] != was:
                raise Lost(f"{command} wrote {name} again")
            if name not in after and name.split("/")[0] not in MAY_DELETE.get(command, ()):
                raise Lost(f"{command} deleted {name}")

    def must(self, *arguments):
        code, out = self.run(*arguments)
        if code != 0:
            raise Lost(f"{' '.join(arguments)}: exit code {code}: {self.said}")
        return out

    def back_up(self, prefix=(), prepare=None):
        """Exit code of a backup; a success is remembered."""
        code, out = self.run("backup", self.source, "--json", prefix=prefix, prepare=prepare)
        if code == 0:
            self.kept[self.snapshot_of(out)] = fingerprint(self.source)
        return code

    @staticmethod
    def snapshot_of(out):
        summary = [json.loads(line) for line in out.splitlines() if '"summary"' in line]
        if not summary:
            raise Lost(f"a backup that succeeded printed no summary: {out}")
        return summary[-1]["snapshot_id"]

    def forget_last(self, keep):
        """Forgets all but the newest `keep`, without pruning."""
        gone = sorted(self.kept)[:-keep]
        if gone:
            self.must("forget", *gone)
        for snapshot in gone:
            del self.kept[snapshot]

    def whole(self, read_data=True):
        """Raises Lost unless every remembered snapshot is listed and restores to what it was, and what is stored shows nothing."""
        self.must("check", *(["--read-data"] if read_data else []))
        self.hidden()
        listed = {snapshot["id"] for snapshot in json.loads(self.must("snapshots", "--json"))}
        for snapshot, expected in self.kept.items():
            if snapshot not in listed:
                raise Lost(f"snapshot {snapshot} is not listed")
            target = tempfile.mkdtemp(dir=self.folder)
            try:
                self.must("restore", snapshot, "--target", target)
                if fingerprint(os.path.join(target, self.source.lstrip("/"))) != expected:
                    raise Lost(f"snapshot {snapshot} restores to something else")
            finally:
                shutil.rmtree(target)

    def hidden(self):
        for name in self.objects():
            with open(os.path.join(self.address, name), "rb") as file:
                content = file.read()
            for canary in CANARIES:
                if canary in content:
                    raise Lost(f"{name} shows {canary}")
