#!/usr/bin/env python3
"""Prints the table of a run of run.py: table.py results.jsonl > RESULTS.md

A cell is wall s / CPU s / peak MiB, medians. The ratios are the best peer of the row to stash, so 3.0 is three times as
fast; the floors (cp) are no peers. Targets are those of the project, wall then CPU.
"""
import json
import platform
import subprocess
import sys
from collections import defaultdict
from statistics import median

from tools import TOOLS

SETS = {"a": "4 GiB of mixed files", "b": "100 000 small files", "c": "disk image, 8 GiB long, 3.1 GB of data",
        "d": "1 000 000 files of 100 bytes",
        "b@s3": "100 000 small files, on an S3 server"}
OPS = {"first": "first backup", "unchanged": "unchanged", "reread": "all read again", "changed": "changed",
       "clustered": "changed in runs", "restore": "restore", "one": "restore of one file", "check": "check, structure",
       "check_data": "check, all data", "prune": "forget and prune"}
TARGETS = {("b", "first"): (3, 3), ("b", "unchanged"): (8, 12), ("b", "changed"): (6, 8), ("b", "restore"): (2, 3),
           ("b", "one"): (8, 8), ("b", "check_data"): (4, 4), ("b", "prune"): (2, 2), ("a", "first"): (2, 2),
           ("a", "unchanged"): (5, 5), ("a", "changed"): (3, 3), ("a", "restore"): (2.5, 3), ("a", "one"): (6, 6),
           ("a", "check_data"): (4, 3), ("c", "first"): (3, 2), ("c", "changed"): (4, 4), ("c", "clustered"): (2.5, 2.5),
           ("c", "restore"): (2, 3), ("c", "check_data"): (4, 3), ("d", "first"): (3, 3)}
MEMORY = 96


def first_line(command):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().split("\n")[0]


def load(path):
    cells = defaultdict(list)
    with open(path, encoding="ascii") as lines:
        for line in lines:
            m = json.loads(line)
            cells[m["set"], m["op"], m["tool"]].append(m)
    fields = ("wall", "cpu", "rss", "bytes", "files", "foreign", "requests")
    return {key: {field: median(m[field] for m in found) for field in fields if field in found[0]}
            for key, found in cells.items()}


def row(title, cells):
    print("| " + " | ".join([title, *cells]) + " |")


def verdict(name, op, ours, peers):
    wall, cpu = (min(p[field] for p in peers) / max(ours[field], 0.001) for field in ("wall", "cpu"))
    target = TARGETS.get((name, op))
    if not target:
        return f"{wall:.1f} / {cpu:.1f}", ""
    met = wall >= target[0] and cpu >= target[1] and ours["rss"] <= MEMORY
    return f"{wall:.1f} / {cpu:.1f}", f"{target[0]} / {target[1]}{'' if met else ' (missed)'}"


def cell(m):
    if not m:
        return "–"
    requests = f" / {m['requests']:.0f}" if "requests" in m else ""
    return f"{m['wall']:.2f} / {m['cpu']:.1f} / {m['rss']:.0f}{requests}"


def table_of(name, cells, tools):
    print(f"\n## Set ({name}): {SETS[name]}\n")
    if name.endswith("@s3"):
        print("MinIO over HTTP on the same machine, whose CPU seconds are not counted. The fourth number is the requests it answered.\n")
    row("operation", [*tools, "ratio", "target"])
    print("|---" * (len(tools) + 3) + "|")
    for op, title in OPS.items():
        found = {tool: cells.get((name, op, tool)) for tool in tools}
        if not any(found.values()):
            continue
        shown = [cell(m) for m in found.values()]
        peers = [m for tool, m in found.items() if m and tool not in ("stash", "cp")]
        ours = found.get("stash")
        row(title, [*shown, *(verdict(name, op, ours, peers) if ours and peers else ("", ""))])
    steps = [op for op in ("first", "changed", "clustered", "prune") if any((name, op, tool) in cells for tool in tools)]
    for title, field, unit in (("stored MB", "bytes", 1e6), ("objects", "files", 1)):
        stored = [" → ".join(f"{cells[name, op, tool][field] / unit:.0f}" if (name, op, tool) in cells else "–" for op in steps)
                  for tool in tools]
        row(f"{title}: " + " → ".join(steps), [*stored, "", ""])


def main():
    cells = load(sys.argv[1])
    tools = [tool for tool in TOOLS if any(key[2] == tool for key in cells)]
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        lines = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    print("# Benchmark: the last runs of test/bench/run.sh\n")
    print("Each cell is wall s / CPU s / peak resident MiB. The ratio is the best peer of the row to stash, wall and CPU; peak memory")
    print(f"is to stay within {MEMORY} MiB in every row. Each set in one run, source in the page cache, repository on the same disk. All have")
    print("a secret as `openssl rand -hex 32` makes it: stash, here as in the operator, takes it as a key without stretching, the others")
    print("stretch it as a password. The column cp holds floors: cp -a;")
    print("unchanged: find asks for the metadata of all; check, all data: cat reads the copy, which is in the page cache.\n")
    print(f"- machine: {len(lines)} × {lines[0]}, {platform.system()} {platform.release()}")
    for tool in tools:
        print(f"- {tool}: {first_line(TOOLS[tool]['version'])}")
    foreign = [m["foreign"] for m in cells.values() if "requests" not in m]
    if foreign:
        print(f"- CPU used by others, median of all local rows: {100 * median(foreign):.0f} %")
    for name in SETS:
        if any(key[0] == name for key in cells):
            table_of(name, cells, tools)


if __name__ == "__main__":
    main()
