#!/usr/bin/env python3
"""Several processes on one repository for some minutes: writers, forgetters, collectors, checkers, some killed at any moment.

  soak.py STASH ADDRESS [--cacert FILE] [--minutes 20] [--writers 3] [--collectors 2]

Every writer has a source of its own and remembers what it reported. At the end every remembered snapshot restores to what it
was, check reads all data, and a prune without grace leaves nothing to free."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from oracle import World, Lost, change_source, fingerprint, threads_below

GRACE = "20s"


class Soak:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.until = time.monotonic() + options.minutes * 60
        self.lock = threading.Lock()
        self.counts = {"backups": 0, "killed": 0, "prunes": 0, "checks": 0, "restores": 0, "forgotten": 0, "promised": 0, "freed": 0}
        self.failure = None
        self.worlds = []

    def count(self, what, by=1):
        with self.lock:
            self.counts[what] += by

    def goes_on(self):
        return self.failure is None and time.monotonic() < self.until

    def guarded(self, work, *arguments):
        try:
            while self.goes_on():
                work(*arguments)
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = self.failure or failure

    def run(self, world, *arguments, mortal):
        """Exit code and output; None when it was killed, which happens to one mortal run in five."""
        process = subprocess.Popen(world.command(*arguments), env=world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            life = world.rng.uniform(0.02, 1.5) if mortal and world.rng.random() < 0.2 else 300
            out, said = process.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            states = "\n".join(threads_below(process.pid)) if life == 300 else None
            process.kill()
            process.communicate()
            if states is not None:
                raise Lost(f"{' '.join(arguments)} hangs; its threads were in\n{states}") from None
            self.count("killed")
            return None, ""
        world.said = said.decode(errors="replace")
        return process.returncode, out.decode(errors="replace")

    def write(self, world):
        change_source(world.source, world.rng, files=8, size=400_000)
        expected = fingerprint(world.source)
        code, out = self.run(world, "backup", world.source, "--host", os.path.basename(world.folder), "--json", mortal=True)
        if code is None:
            return
        if code != 0:
            raise Lost(f"a backup failed with {code}: {world.said}")
        world.kept[world.snapshot_of(out)] = expected
        self.count("backups")
        if world.rng.random() < 0.3:
            self.restore(world)
        while len(world.kept) > 4:
            gone = world.rng.choice(sorted(world.kept)[:-1])
            code, _ = self.run(world, "forget", gone, mortal=True)
            if code not in (0, None):
                raise Lost(f"forget failed with {code}: {world.said}")
            del world.kept[gone]
            self.count("forgotten")

    def restore(self, world):
        snapshot = world.rng.choice(sorted(world.kept))
        target = tempfile.mkdtemp(dir=world.folder)
        code, _ = self.run(world, "restore", snapshot, "--target", target, mortal=False)
        if code != 0:
            raise Lost(f"snapshot {snapshot} does not restore: {code}: {world.said}")
        if fingerprint(os.path.join(target, world.source.lstrip("/"))) != world.kept[snapshot]:
            raise Lost(f"snapshot {snapshot} restores to something else")
        shutil.rmtree(target)
        self.count("restores")

    def collect(self, world):
        code, out = self.run(world, "prune", "--grace", GRACE, "--young", GRACE, "--max-unused", "0", "--json", mortal=True)
        if code is None:
            return
        if code != 0:
            raise Lost(f"prune failed with {code}: {world.said}")
        self.count("prunes")
        self.count("freed", json.loads(out.splitlines()[-1])["prune"]["bytes_freed"])

    def check(self, world):
        code, out = self.run(world, "check", "--read-data-subset", "30%", mortal=False)
        if code != 0:
            raise Lost(f"check failed with {code}: {out}{world.said}")
        self.count("checks")
        time.sleep(3)

    def world(self, name, seed):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        world = World(self.options.stash, folder, self.options.address, seed)
        if self.options.cacert:
            world.flags = ["--cacert", self.options.cacert]
        self.worlds.append(world)
        return world

    def go(self):
        first = self.world("first", 0)
        first.must("init", "--kdf", "raw")
        threads = [threading.Thread(target=self.guarded, args=(self.write, self.world(f"writer-{i}", i + 1)))
                   for i in range(self.options.writers)]
        threads += [threading.Thread(target=self.guarded, args=(self.collect, self.world(f"collector-{i}", i + 100)))
                    for i in range(self.options.collectors)]
        threads.append(threading.Thread(target=self.guarded, args=(self.check, self.world("checker", 200))))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure
        self.settle(first)

    def settle(self, first):
        """The oracle: all is whole before and after what is unused is freed, and what was promised was freed."""
        for world in self.worlds:
            world.whole(read_data=False)
        at_once = ["prune", "--grace", "0s", "--young", "0s", "--max-unused", "0", "--json"]
        stored = self.stored(first)
        promised = json.loads(first.must(*at_once, "--dry-run").splitlines()[-1])["prune"]
        freed = json.loads(first.must(*at_once).splitlines()[-1])["prune"]
        self.counts["promised"] = promised["bytes_freed"] + promised["bytes_waiting"]
        self.counts["freed at the end"] = freed["bytes_freed"]
        self.counts["stored before"], self.counts["stored after"] = stored, self.stored(first)
        if freed["bytes_freed"] < self.counts["promised"]:
            raise Lost(f"a prune promised {promised} and freed {freed}")
        again = json.loads(first.must(*at_once).splitlines()[-1])["prune"]
        if again["packs_deleted"] or again["packs_condemned"]:
            raise Lost(f"a second prune finds something: {again}")
        for world in self.worlds:
            world.whole(read_data=world is first)
        self.counts["kept"] = sum(len(world.kept) for world in self.worlds)

    @staticmethod
    def stored(world):
        return json.loads(world.must("stats", "--json").splitlines()[-1])["total_size"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stash")
    parser.add_argument("address")
    parser.add_argument("--cacert")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--collectors", type=int, default=2)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="stash-soak-")
    soak = Soak(options, folder)
    try:
        soak.go()
    except Lost as lost:
        sys.exit(f"soak: {lost}")
    finally:
        shutil.rmtree(folder)
    c = soak.counts
    print(f"soak of {options.minutes:g} minutes, {options.writers} writers, {options.collectors} collectors, one checker: {c['backups']} backups, "
          f"{c['forgotten']} forgotten, {c['prunes']} prunes, {c['checks']} checks, {c['restores']} restores, {c['killed']} processes killed; "
          f"{c['kept']} snapshots whole at the end; the last prune promised {c['promised']} bytes and freed {c['freed at the end']} "
          f"({c['stored before']} stored before, {c['stored after']} after); nothing lost")


if __name__ == "__main__":
    main()
