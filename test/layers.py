#!/usr/bin/env python3
"""Fails when a room includes a header of a room that CMakeLists.txt does not let it use.

The allowed arrows are the DEPENDS lists of `stash_room(...)`; a change of an arrow is a visible change of that table.
"""
import pathlib
import re
import sys


def allowed_arrows(cmake: str) -> dict[str, set[str]]:
    """Room -> rooms it may include, read from the stash_room() table."""
    rooms = {}
    for name, body in re.findall(r"^stash_room\((\w+)\s*([^)]*)\)", cmake, re.M):
        depends = re.search(r"DEPENDS\s+([\w\s]+?)(?:LIBS|$)", body.replace("\n", " "))
        rooms[name] = set(depends.group(1).split()) if depends else set()
    return rooms


def faults(root: pathlib.Path, rooms: dict[str, set[str]]) -> list[str]:
    found = []
    for base in (root / "include" / "stash", root / "src"):
        for path in sorted(base.rglob("*.?pp")):
            room = path.relative_to(base).parts[0]
            if room not in rooms:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                hit = re.match(r'\s*#include "(?:stash/)?(\w+)/', line)
                if not hit:
                    continue
                other = hit.group(1)
                if other in rooms and other != room and other not in rooms[room]:
                    found.append(f"{path.relative_to(root)}:{number}: {room} may not include {other}")
            text = path.read_text()
            for library, home in (("boost/beast", {"net"}), ("CLI/", {"command"}), ("boost/asio.hpp", set())):
                if f"#include <{library}" in text and room not in home:
                    found.append(f"{path.relative_to(root)}: {room} may not include <{library}...>")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    rooms = allowed_arrows((root / "CMakeLists.txt").read_text())
    if len(rooms) < 10:
        print("layers: the room table of CMakeLists.txt was not understood")
        return 1
    found = faults(root, rooms)
    print("\n".join(found) or f"layers: {len(rooms)} rooms, every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
