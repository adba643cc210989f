#!/usr/bin/env python3
"""Holds one cluster: starts the init of its namespaces, joins it to the host, and takes everything away at its end.

  keeper.py DIR STARTER-PID OWNER-PID     started by up.sh; OWNER-PID 0 means that nobody owns the cluster

The cluster ends when its init ends, when the owner has gone, when the starter has gone before the cluster was ready, or
on SIGTERM (down.sh). Killing the keeper itself ends it too: the kernel kills unshare (parent death signal of setpriv)
and then the init (--kill-child), and mounts, interfaces, rules and processes go with the namespaces. Only cgroups and
the folder outlive a killed keeper; the next cluster that takes the same number removes the cgroups.
"""
import errno
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
CLUSTERS = 64  # at a time on one machine: 10.199.0.0/24 to 10.199.63.0/24


def cgroups(number: int) -> list[pathlib.Path]:
    """Where the node's pods live: one folder in each hierarchy of cgroup v1, or one folder in all with v2."""
    base = pathlib.Path("/sys/fs/cgroup")
    name = f"stash-cluster-{number}"
    if (base / "cgroup.controllers").exists():
        return [base / name]
    return [each / name for each in base.iterdir() if (each / "cgroup.procs").exists() and not each.is_symlink()]


def make_cgroups(number: int) -> None:
    for folder in cgroups(number):
        folder.mkdir(exist_ok=True)
        controllers = folder.parent / "cgroup.controllers"
        if controllers.exists():  # v2: what the parent does not hand on, kubelet cannot limit
            for controller in controllers.read_text().split():
                try:
                    (folder.parent / "cgroup.subtree_control").write_text(f"+{controller}")
                except OSError:
                    pass
            continue
        for limit in ("cpuset.cpus", "cpuset.mems"):  # v1: a cpuset starts empty, and takes no process while it is
            if (folder / limit).exists():
                (folder / limit).write_text((folder.parent / limit).read_text())


def remove_cgroups(number: int) -> None:
    deadline = time.monotonic() + 10
    for top in cgroups(number):
        while top.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError as error:
                    if error.errno not in (errno.EBUSY, errno.ENOTEMPTY, errno.ENOENT):
                        raise
            if top.exists():  # processes that were killed just now still hold it
                time.sleep(0.05)


def link_name(number: int) -> str:
    return f"stash{number}"


def await_no_link(number: int) -> None:
    """The kernel removes the link with the network namespace, a moment after its last process."""
    deadline = time.monotonic() + 10
    while os.path.exists(f"/sys/class/net/{link_name(number)}") and time.monotonic() < deadline:
        time.sleep(0.02)


def claim() -> tuple[int, socket.socket]:
    """A number that no live cluster has, held by a socket name that the kernel frees with this process."""
    for number in range(CLUSTERS):
        held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            held.bind(f"\0stash-cluster-{number}")
        except OSError:
            held.close()
            continue
        # A link dies with its node: this one is of somebody who is alive and does not use our claims.
        if os.path.exists(f"/sys/class/net/{link_name(number)}"):
            held.close()
            continue
        remove_cgroups(number)
        return number, held
    sys.exit(f"cluster: {CLUSTERS} clusters are up already")


def start(run: pathlib.Path, number: int) -> tuple[subprocess.Popen, int]:
    """Starts the namespaces; returns unshare, which is killed to end them, and the process id of their init."""
    log = open(run / "logs/node.log", "ab")
    environment = dict(os.environ, RUN=str(run), ID=str(number), HOST=f"10.199.{number}.1", NODE=f"10.199.{number}.2")
    unshare = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork",
         "--kill-child", "--", "bash", str(HERE / "node/root.sh")],
        env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    children = pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
    while not (found := children.read_text().split()):
        if unshare.poll() is not None:
            sys.exit("cluster: no namespaces could be made (root is needed); see logs/node.log")
        time.sleep(0.005)
    return unshare, int(found[0])


def join(number: int, init: int) -> None:
    link = link_name(number)
    for command in (["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(init)],
                    ["addr", "add", f"10.199.{number}.1/24", "dev", link], ["link", "set", link, "up"]):
        subprocess.run(["ip", *command], check=True)


def gone(process: int, seconds: float | None) -> bool:
    """Waits until a process has ended; true when it has."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def wait_for_end(run: pathlib.Path, init: int, starter: int, owner: int) -> bool:
    """Returns true when the folder is to be removed, false when it explains why the node ended by itself."""
    watched = {os.pidfd_open(init): "init"}
    for process, role in ((starter, "starter"), (owner, "owner")):
        if process:
            watched[os.pidfd_open(process)] = role
    while True:
        for handle in select.select(list(watched), [], [])[0]:
            role = watched.pop(handle)
            if role == "starter" and (run / "ready").exists():
                continue
            return role != "init"


def main() -> None:
    run, starter, owner = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    number, held = claim()
    remove = True
    unshare = None
    try:
        make_cgroups(number)
        unshare, init = start(run, number)
        (run / "id").write_text(f"{number}\n")
        join(number, init)
        (run / "pid").write_text(f"{init}\n")
        remove = wait_for_end(run, init, starter, owner)
    except (ProcessLookupError, subprocess.CalledProcessError) as error:
        print(f"cluster: {error}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if unshare is not None:
            children = pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
            inits = [int(each) for each in children.read_text().split()] if unshare.poll() is None else []
            unshare.kill()
            unshare.wait()
            for each in inits:
                gone(each, 30)
        remove_cgroups(number)
        await_no_link(number)
        if remove:
            shutil.rmtree(run, ignore_errors=True)
        held.close()


if __name__ == "__main__":
    main()
