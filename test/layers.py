#!/usr/bin/env python3
"""Fails when a room includes a header of a room that CMakeLists.txt does not let it use, or a folder of a room one that the
table in the room's README.md does not.

The allowed arrows of rooms are the DEPENDS lists of `stash_room(...)`, those of folders the last column: a change of an arrow
is a visible change of one of them.
"""
import pathlib
import re
import sys


def arrows_of_rooms(cmake: str) -> dict[str, set[str]]:
    """Room -> rooms it may include, read from the stash_room() table."""
    rooms = {}
    for name, body in re.findall(r"^stash_room\((\w+)\s*([^)]*)\)", cmake, re.M):
        depends = re.search(r"DEPENDS\s+([\w\s]+?)(?:LIBS|$)", body.replace("\n", " "))
        rooms[name] = set(depends.group(1).split()) if depends else set()
    return rooms


def arrows_of_folders(readme: str) -> dict[str, set[str]]:
    """Folder -> folders it may include, read from the rows of a table with three columns."""
    rows = re.findall(r"^\| (\w+) \|[^|]*\| ?([\w ]*)\|$", readme, re.M)
    return {name: set(uses.split()) for name, uses in rows if name != "folder"}


def faults_of_rooms(root: pathlib.Path, rooms: dict[str, set[str]]) -> list[str]:
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


def faults_of_folders(root: pathlib.Path, room: pathlib.Path, folders: dict[str, set[str]]) -> list[str]:
    found = []
    for path in sorted(room.rglob("*.?pp")):
        folder = path.relative_to(room).parts[0]
        if folder not in folders:
            found.append(f"{path.relative_to(root)}: {room.name}/README.md has no folder for it")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            hit = re.match(rf'\s*#include "{room.name}/(\w+)/', line)
            if hit and hit.group(1) != folder and hit.group(1) not in folders[folder]:
                found.append(f"{path.relative_to(root)}:{number}: {folder} may not include {hit.group(1)}")
    return found


def cycle(arrows: dict[str, set[str]]) -> list[str]:
    """Places that reach each other, or nothing."""
    left = dict(arrows)
    while free := [name for name in left if not left[name] & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


def main() -> int:
    root = pathlib.Path(sys.argv[1])
    rooms = arrows_of_rooms((root / "CMakeLists.txt").read_text())
    if len(rooms) < 10:
        print("layers: the room table of CMakeLists.txt was not understood")
        return 1
    found = faults_of_rooms(root, rooms)
    found += [f"rooms in a circle: {cycle(rooms)}"] if cycle(rooms) else []
    for readme in sorted((root / "src").glob("*/README.md")):
        folders = arrows_of_folders(readme.read_text())
        if len(folders) < 2:
            found.append(f"{readme.relative_to(root)}: its table was not understood")
        found += faults_of_folders(root, readme.parent, folders)
        found += [f"{readme.relative_to(root)}: folders in a circle: {cycle(folders)}"] if cycle(folders) else []
    print("\n".join(found) or f"layers: {len(rooms)} rooms, every include is allowed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
