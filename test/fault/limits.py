#!/usr/bin/env python3
"""The real binary where something runs short: descriptors, threads, the disk of the repository, and a disk that became read-only.

  limits.py STASH [descriptors|threads|disk|readonly ...]

descriptors  every operation with 8, 9, ... open files allowed, until all get through; then with a wide and deep source
threads      every operation in a control group that allows few threads, on a machine with many processors or few
disk         every operation on a full disk, with 0, 1, 2, ... free pages until it gets through; with none, prune frees
readonly     reading operations work on a disk that cannot be written; the others refuse

An operation does its work or ends with the reason; everything that was reported is whole after each. Exit code 77: nothing can be
limited here."""

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

from oracle import World, Lost, change_source

AT_ONCE = ["prune", "--max-unused", "0", "--grace", "0s", "--young", "0s"]
ENOUGH_FILES = 64
ENOUGH_THREADS = 24
PAGE = 4096


class Start:
    """A repository with a pack that is dead and one that is half dead, and a source that changed; each run begins from a copy."""

    OPERATIONS = ["backup", "prune", "check", "restore", "forget", "repair"]

    def __init__(self, stash, folder, address=None):
        self.world = World(stash, folder, address, seed=3)
        self.saved = os.path.join(folder, "saved")
        self.world.must("init", "--kdf", "raw")
        change_source(self.world.source, self.world.rng, files=8)
        self.back_up_with("half", 150_000)
        self.back_up_with("dead", 150_000)
        for _ in range(2):
            change_source(self.world.source, self.world.rng)
            self.back_up_with("live", 10_000)
        self.world.forget_last(2)
        change_source(self.world.source, self.world.rng)
        shutil.copytree(self.world.address, self.saved)
        self.kept = dict(self.world.kept)

    def back_up_with(self, name, size):
        """A backup with one more file, which goes again."""
        path = os.path.join(self.world.source, name)
        with open(path, "wb") as file:
            file.write(self.world.rng.randbytes(size))
        if self.world.back_up() != 0:
            raise Lost(f"the first backups failed: {self.world.said}")
        os.unlink(path)

    def again(self):
        for name in os.listdir(self.world.address):
            shutil.rmtree(os.path.join(self.world.address, name), ignore_errors=True)
        shutil.copytree(self.saved, self.world.address, dirs_exist_ok=True)
        self.world.kept = dict(self.kept)

    def operate(self, operation, prefix=(), prepare=None):
        """Exit code of an operation under a limit; a failure has to tell why."""
        world = self.world
        target = os.path.join(world.folder, "target")
        shutil.rmtree(target, ignore_errors=True)
        arguments = {"prune": AT_ONCE, "check": ["check", "--read-data"], "repair": ["repair", "index"],
                     "restore": ["restore", "latest", "--target", target], "forget": ["forget", "--keep-last", "1"]}
        if operation == "backup":
            code = world.back_up(prefix, prepare)
        else:
            code, _ = world.run(*arguments[operation], prefix=prefix, prepare=prepare)
        if code < 0 or code > 100:
            raise Lost(f"{operation} crashed with {code}: {world.said}")
        if code != 0 and not world.said.strip():
            raise Lost(f"{operation} failed with {code} and said nothing")
        if operation == "forget":
            self.remember_what_is_left()
        return code

    def remember_what_is_left(self):
        """A forget that was interrupted may have forgotten some of what it was to forget, never the last one."""
        said = self.world.said
        listed = {snapshot["id"] for snapshot in json.loads(self.world.must("snapshots", "--json"))}
        self.world.said = said
        if max(self.world.kept) not in listed:
            raise Lost("forget --keep-last 1 forgot the last one")
        self.world.kept = {snapshot: was for snapshot, was in self.world.kept.items() if snapshot in listed}


def descriptors(start):
    runs = refused = 0
    for operation in start.OPERATIONS:
        for limit in [*range(6, 13), 16, 20, 24, 32, ENOUGH_FILES]:
            start.again()
            code = start.operate(operation, prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
            if code != 0 and limit == ENOUGH_FILES:
                raise Lost(f"{operation} needs more than {limit} open files: {start.world.said}")
            runs, refused = runs + 1, refused + (code != 0)
            start.world.whole(read_data=False)
    start.again()
    for i in range(200):
        os.makedirs(os.path.join(start.world.source, f"wide{i}", *[f"deep{j}" for j in range(i % 50)]))
    for operation in ("backup", "check", "restore"):
        if start.operate(operation, prepare=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (ENOUGH_FILES, ENOUGH_FILES))) != 0:
            raise Lost(f"{operation} of many directories needs more than {ENOUGH_FILES} open files: {start.world.said}")
    start.world.whole()
    return f"{runs} operations with few open files: {refused} refused with the reason, all get through with {ENOUGH_FILES}"


@contextlib.contextmanager
def thread_group():
    """A control group for the number of threads: a function that puts a process into it, given a limit."""
    groups = "/sys/fs/cgroup"
    if os.path.isdir(f"{groups}/pids"):
        groups += "/pids"
    group = f"{groups}/stash-limits-{os.getpid()}"
    try:
        os.mkdir(group)
    except OSError:
        yield None
        return
    try:
        if not os.path.exists(f"{group}/pids.max"):
            yield None
            return
        yield group
    finally:
        os.rmdir(group)


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def threads(start):
    with thread_group() as group:
        if not group:
            return None
        runs = refused = 0
        for operation in start.OPERATIONS:
            for limit in [1, 2, 3, 4, 5, 6, 8, ENOUGH_THREADS]:
                start.again()
                write(f"{group}/pids.max", str(limit))
                code = start.operate(operation, prepare=lambda: write(f"{group}/cgroup.procs", "0"))
                if code != 0 and limit == ENOUGH_THREADS:
                    raise Lost(f"{operation} needs more than {limit} threads: {start.world.said}")
                runs, refused = runs + 1, refused + (code != 0)
                start.world.whole(read_data=False)
        return f"{runs} operations with few threads: {refused} refused with the reason, all get through with {ENOUGH_THREADS}"


@contextlib.contextmanager
def small_disk(folder, mib):
    """A file system in memory, or nothing where none can be mounted."""
    os.mkdir(folder)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], stderr=subprocess.PIPE, check=False).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder, pages):
    """Leaves so many free pages."""
    info = os.statvfs(folder)
    filler = os.path.join(folder, "filler")
    with open(filler, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, info.f_bavail - pages) * PAGE)
    return filler


def disk(stash, folder):
    with small_disk(os.path.join(folder, "disk"), 4) as mounted:
        if not mounted:
            return None
        start = Start(stash, folder, os.path.join(folder, "disk", "repo"))
        runs = refused = 0
        for operation in start.OPERATIONS:
            pages, done = 0, 0
            while done < 2 and pages < 400:
                start.again()
                filler = fill(os.path.join(folder, "disk"), pages)
                code = start.operate(operation)
                if operation == "prune":
                    freed_on_full(start, code, pages)
                os.unlink(filler)
                runs, refused, done = runs + 1, refused + (code != 0), done + (code == 0)
                start.world.whole()
                if start.world.back_up() != 0:
                    raise Lost(f"{operation} with {pages} free pages: the next backup fails: {start.world.said}")
                pages += 1 + pages // 8
            if done == 0:
                raise Lost(f"{operation} does not get through with {pages} free pages: {start.world.said}")
        return f"{runs} operations on a full disk: {refused} refused with the reason, the others got through; prune freed in each"


def freed_on_full(start, code, pages):
    """A prune on a full disk frees what is dead, though it may not have room to copy what is not."""
    before = sum(size for _, size, _ in files_below(start.saved))
    after = sum(size for _, size, _ in files_below(start.world.address))
    if pages > 0 and after >= before:
        raise Lost(f"prune with {pages} free pages freed nothing ({before} bytes before, {after} after), code {code}: {start.world.said}")


def files_below(folder):
    for path, _, files in os.walk(folder):
        for name in files:
            info = os.stat(os.path.join(path, name))
            yield name, info.st_size, info.st_mtime_ns


def readonly(stash, folder):
    place = os.path.join(folder, "disk")
    with small_disk(place, 8) as mounted:
        if not mounted:
            return None
        start = Start(stash, folder, os.path.join(place, "repo"))
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        try:
            before = start.world.objects()
            for operation in start.OPERATIONS:
                code = start.operate(operation)
                if (code == 0) != (operation in ("check", "restore", "repair")):
                    raise Lost(f"{operation} of a repository on a read-only disk ended with {code}: {start.world.said}")
            start.world.kept = dict(start.kept)
            start.world.whole()
            if start.world.objects() != before:
                raise Lost("a read-only repository has changed")
        finally:
            subprocess.run(["mount", "-o", "remount,rw", place], check=True)
        return f"{len(start.OPERATIONS)} operations on a read-only disk: those that read work, the others refuse with the reason"


def main():
    kinds = {"descriptors": lambda stash, folder: descriptors(Start(stash, folder)),
             "threads": lambda stash, folder: threads(Start(stash, folder)), "disk": disk, "readonly": readonly}
    parser = argparse.ArgumentParser()
    parser.add_argument("stash")
    parser.add_argument("kinds", nargs="*", default=list(kinds))
    options = parser.parse_args()
    shown = 0
    for name in options.kinds:
        folder = tempfile.mkdtemp(prefix="stash-limits-")
        try:
            said = kinds[name](os.path.abspath(options.stash), folder)
        except Lost as lost:
            sys.exit(f"{name}: {lost}")
        finally:
            shutil.rmtree(folder)
        print(f"{said}; nothing lost" if said else f"{name}: cannot be limited here", flush=True)
        shown += said is not None
    sys.exit(0 if shown else 77)


if __name__ == "__main__":
    main()
