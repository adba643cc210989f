#!/usr/bin/env python3
"""Death and failure at every system call that changes a local repository, and loss of power after each.

  syscalls.py STASH [kill|fail|power ...]

kill   the process is killed at the first, second, ... call of each sort, until a run gets through
fail   that call fails with each error a disk can give; the command must fail and say so, or have done its work
power  the calls of a run are recorded, and every state a disk may be left in after each is rebuilt: names whose directory was
       not synced are there or not, in any combination; bytes that were not synced are there, or a part of them, or zeros

After each, everything that was reported is whole, and the next backup and prune work. Exit code 77: nothing can be traced here."""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from oracle import World, Lost, change_source

CHANGING = ["mkdir", "openat", "writev", "pwrite64", "fdatasync", "linkat", "fsync", "unlink"]
ERRORS = {
    "mkdir": ["ENOSPC", "EROFS"], "openat": ["EMFILE", "EACCES"], "writev": ["ENOSPC", "EIO", "EDQUOT", "EINTR"],
    "pwrite64": ["ENOSPC", "EIO", "EINVAL", "EINTR"],
    "fdatasync": ["EIO", "ENOSPC"], "linkat": ["ENOSPC", "EIO"], "fsync": ["EIO"], "unlink": ["EIO", "EROFS"],
    "pread64": ["EIO", "EINTR"], "getdents64": ["EIO"], "newfstatat": ["EIO"], "read": ["EINTR"],
}
TRACED = "mkdir,openat,close,writev,write,fdatasync,linkat,fsync,unlink,rename,renameat2,link"


class Start:
    """A repository with three snapshots, one forgotten, and a source that changed since; each run begins from a copy."""

    def __init__(self, stash, folder):
        self.world = World(stash, folder, seed=5)
        self.world.environment["STASH_CACHE_DIR"] = ""  # the calls that count are those for the repository
        self.saved = os.path.join(folder, "saved")
        self.world.must("init", "--kdf", "raw")
        for _ in range(3):
            change_source(self.world.source, self.world.rng)
            if self.world.back_up() != 0:
                raise Lost(f"the first backups failed: {self.world.said}")
        self.world.forget_last(2)
        change_source(self.world.source, self.world.rng)
        shutil.copytree(self.world.address, self.saved)
        self.kept = dict(self.world.kept)

    def again(self):
        shutil.rmtree(self.world.address)
        shutil.copytree(self.saved, self.world.address)
        self.world.kept = dict(self.kept)

    def without_index(self):
        """For a repair: the segments are damaged."""
        index = os.path.join(self.world.address, "index")
        for name in os.listdir(index):
            with open(os.path.join(index, name), "r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(b"\0\0")

    OPERATIONS = ["backup", "prune", "repair", "key"]

    def begin(self, operation):
        self.again()
        if operation == "repair":
            self.without_index()

    def operate(self, operation, prefix=()):
        if operation == "backup":
            return self.world.back_up(prefix)
        arguments = {"prune": ["prune", "--max-unused", "0", "--grace", "0s", "--young", "0s"], "repair": ["repair", "index"],
                     "key": ["key", "add", "--kdf", "raw", "--new-password-file", self.new_password()]}[operation]
        return self.world.run(*arguments, prefix=prefix)[0]

    def new_password(self):
        path = os.path.join(self.world.folder, "new-password")
        with open(path, "w", encoding="ascii") as file:
            file.write("another-password-0123456789abcdef0123456789abcdef")
        return path

    def whole_after(self, operation):
        """Nothing is lost, and the repository goes on working."""
        if operation == "repair":
            self.world.must("repair", "index")
        self.world.whole()
        if self.world.back_up() != 0:
            raise Lost(f"the next backup fails: {self.world.said}")
        self.world.must("prune", "--max-unused", "0")
        self.world.whole()


def strike(start, operation, call, when, what):
    """Runs the operation with `call` number `when` struck. Its exit code, or nothing when it got through untouched."""
    trace = os.path.join(start.world.folder, "trace")
    tracer = ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={when}"]
    start.begin(operation)
    code = start.operate(operation, tracer)
    with open(trace, encoding="utf-8", errors="replace") as file:
        text = file.read()
    return code if "(INJECTED)" in text or "killed by SIGKILL" in text else None


def kill(start):
    count = 0
    for operation in start.OPERATIONS:
        for call in CHANGING:
            when = 1
            while (code := strike(start, operation, call, when, "signal=KILL")) is not None:
                if code == 0:
                    raise Lost(f"{operation}: killed at {call} {when}, and reported success")
                start.whole_after(operation)
                count += 1
                when += 1
    return f"{count} deaths, one at each of {', '.join(CHANGING)} of {', '.join(start.OPERATIONS)}"


def fail(start):
    count = refused = 0
    for operation in start.OPERATIONS:
        for call, errors in ERRORS.items():
            for error in errors:
                when = 1
                while (code := strike(start, operation, call, when, f"error={error}")) is not None:
                    if code != 0 and not start.world.said.strip():
                        raise Lost(f"{operation}: {error} at {call} {when} ended it without a word")
                    if code < 0 or code > 100:
                        raise Lost(f"{operation}: {error} at {call} {when} crashed it ({code}): {start.world.said}")
                    start.whole_after(operation)
                    count, refused = count + 1, refused + (code != 0)
                    when += 1 if when < 4 else 5
    return f"{count} calls that failed ({', '.join(ERRORS)}): {refused} commands refused with the reason, the others did their work"


class Disk:
    """What a disk may hold: names in order of their making, and which of them and of their bytes are durable."""

    def __init__(self, root):
        self.root = root
        self.steps = []

    def read_trace(self, path):
        descriptors = {}
        unfinished = {}
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                pid, _, rest = line.strip().partition(" ")
                rest = rest.strip()
                if rest.endswith("<unfinished ...>"):
                    unfinished[pid] = rest.removesuffix("<unfinished ...>")
                    continue
                resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
                if resumed:
                    rest = unfinished.pop(pid, "") + resumed[1]
                self.step(rest, descriptors)

    def step(self, text, descriptors):
        done = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", text)
        if not done or int(done[3]) < 0:
            return
        call, arguments, result = done[1], done[2], int(done[3])
        names = re.findall(r'"([^"]*)"', arguments)
        if call == "openat":
            descriptors[result] = [names[0], "O_TMPFILE" in arguments or "O_CREAT" in arguments, False]
        elif call in ("fdatasync", "fsync"):
            name, is_file, _ = descriptors.get(int(arguments), ["", False, False])
            if is_file:
                descriptors[int(arguments)][2] = True
            elif name.startswith(self.root):
                self.steps.append(("sync", name))
        elif call == "mkdir" and names[0].startswith(self.root):
            self.steps.append(("mkdir", names[0]))
        elif call == "linkat":
            descriptor = int(names[0].rsplit("/", 1)[1])
            self.steps.append(("link", names[1], descriptors[descriptor][2]))
        elif call == "unlink" and names[0].startswith(self.root):
            self.steps.append(("unlink", names[0]))
        elif call.startswith("rename") or call == "link":
            raise Lost(f"{call} is not known to this test")

    def states(self, before, rng, most):
        """For each point of the run some of the states the disk can be in: lists of (step, durable or torn)."""
        for end in range(len(self.steps) + 1):
            pending = []
            for i, step in enumerate(self.steps[:end]):
                if step[0] == "sync":
                    pending = [p for p in pending if os.path.dirname(self.steps[p][1]) != step[1]]
                else:
                    pending.append(i)
            choices = {frozenset(), frozenset(pending)} | {frozenset([p]) for p in pending[-3:]}
            while len(choices) < min(most, 2 ** len(pending)):
                choices.add(frozenset(p for p in pending if rng.random() < 0.5))
            for lost in choices:
                yield end, lost

    def build(self, saved, final, target, end, lost, rng):
        """The state after `end` steps of which `lost` did not last. Contents come from before or after the run."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(saved, target)
        for i, step in enumerate(self.steps[:end]):
            if step[0] == "sync" or i in lost:
                continue
            path = os.path.join(target, os.path.relpath(step[1], self.root))
            if not os.path.isdir(os.path.dirname(path)):
                continue  # its directory did not last
            if step[0] == "mkdir":
                os.makedirs(path, exist_ok=True)
            elif step[0] == "unlink":
                if os.path.exists(path):
                    os.unlink(path)
            else:
                source = os.path.join(final, os.path.relpath(step[1], self.root))
                if not os.path.exists(source):
                    continue  # made and removed within the run
                with open(source, "rb") as file:
                    content = file.read()
                if not step[2]:
                    cut = rng.randrange(len(content))
                    content = rng.choice([b"", content[:cut], content[:cut] + bytes(len(content) - cut)])
                with open(path, "wb") as file:
                    file.write(content)


def power_run(start, operation, rng, most, die_at=None):
    """Records one run (after one of a backup that died at fsync number `die_at`) and tries its states."""
    world = start.world
    trace = os.path.join(world.folder, "trace")
    start.begin(operation)
    disk = Disk(world.address)
    tracer = ["strace", "-f", "-qq", "-s", "4096", "-o", trace, "-e", f"trace={TRACED}"]
    if die_at:
        world.back_up([*tracer, "-e", f"inject=fsync:signal=KILL:when={die_at}"])
        disk.read_trace(trace)
    code = start.operate(operation, tracer)
    if code != 0:
        raise Lost(f"{operation} under strace: {code}: {world.said}")
    disk.read_trace(trace)
    reported = dict(world.kept)
    final = os.path.join(world.folder, "final")
    shutil.rmtree(final, ignore_errors=True)
    shutil.copytree(world.address, final)
    count = 0
    for end, lost in disk.states(start.saved, rng, most):
        disk.build(start.saved if operation != "repair" else final, final, world.address, end, lost, rng)
        # Success is reported after the last step.
        world.kept = dict(reported if end == len(disk.steps) else start.kept)
        try:
            if operation == "repair":
                world.must("repair", "index")
            world.whole()
        except Lost as loss:
            gone = "; ".join(f"{disk.steps[i][0]} {disk.steps[i][1]}" for i in sorted(lost))
            raise Lost(f"{operation}, power lost after step {end} of {len(disk.steps)}, not durable: {gone}: {loss}") from loss
        count += 1
    return count


def power(start):
    rng = random.Random(7)
    count = sum(power_run(start, operation, rng, 6) for operation in ("backup", "prune", "key"))
    # What another process put a moment ago and never synced: the second backup relies on it.
    met = 0
    for die_at in range(1, 12):
        met += power_run(start, "backup", rng, 4, die_at)
    return f"{count} states of a disk after loss of power, {met} more in which a backup relied on what a dying one had written"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if subprocess.run(["strace", "-o", "/dev/null", "true"], stderr=subprocess.PIPE, check=False).returncode != 0:
        print("processes cannot be traced here")
        sys.exit(77)
    kinds = {"kill": kill, "fail": fail, "power": power}
    for name in sys.argv[2:] or kinds:
        folder = tempfile.mkdtemp(prefix="stash-syscalls-")
        try:
            print(f"{kinds[name](Start(os.path.abspath(sys.argv[1]), folder))}; nothing lost", flush=True)
        except Lost as lost:
            sys.exit(f"{name}: {lost}")
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
