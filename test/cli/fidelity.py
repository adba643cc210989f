"""Makes a tree of everything that is hard to keep, and compares two trees by a walk that shares nothing with the program.

  fidelity.py make FOLDER [ENTRIES]    ENTRIES: how many files the large directory has
  fidelity.py loosen FOLDER            takes away the flags with which nothing could be deleted
  fidelity.py compare FOLDER FOLDER    exit code 1 with the first differences
"""

import fcntl
import hashlib
import os
import random
import socket
import stat
import struct
import sys

TIB = 1 << 40
GET_FLAGS, SET_FLAGS = 0x80086601, 0x40086602  # FS_IOC_GETFLAGS, FS_IOC_SETFLAGS
IMMUTABLE, APPEND = 0x10, 0x20
KEPT_FLAGS = IMMUTABLE | APPEND | 0x40  # and nodump


def holes_of(path):
    """Where a file's data lies, as the file system tells: (offset, hash of the bytes) of each run."""
    runs = []
    with open(path, "rb", buffering=0) as file:
        end = os.fstat(file.fileno()).st_size
        at = 0
        while at < end:
            try:
                begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            os.lseek(file.fileno(), begin, os.SEEK_SET)
            content = b""
            while len(content) < at - begin:
                content += file.read(at - begin - len(content))
            # Zeros at the ends of a run may be holes in the other tree.
            stripped = content.lstrip(b"\0")
            runs.append((begin + len(content) - len(stripped), hashlib.sha256(stripped.rstrip(b"\0")).hexdigest()))
    return [run for run in runs if run[1] != hashlib.sha256(b"").hexdigest()]


def flags_of(path):
    """The inode flags that a backup keeps, where the file system has any."""
    with open(path, "rb") as file:
        try:
            return struct.unpack("i", fcntl.ioctl(file.fileno(), GET_FLAGS, bytes(4)))[0] & KEPT_FLAGS
        except OSError:
            return 0


def set_flags(path, flags):
    with open(path, "rb") as file:
        try:
            fcntl.ioctl(file.fileno(), SET_FLAGS, struct.pack("i", flags))
        except OSError:
            pass  # not on this file system


def entry_of(path, name, links):
    info = os.lstat(path)
    kind = stat.S_IFMT(info.st_mode)
    entry = {"mode": oct(info.st_mode), "uid": info.st_uid, "gid": info.st_gid, "mtime": info.st_mtime_ns}
    entry["xattrs"] = {name: os.getxattr(path, name, follow_symlinks=False)
                       for name in os.listxattr(path, follow_symlinks=False)}
    if kind == stat.S_IFLNK:
        entry["target"] = os.readlink(path)
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        entry["device"] = info.st_rdev
    elif kind == stat.S_IFREG:
        entry["size"] = info.st_size
        entry["flags"] = flags_of(path)
        entry["links"] = links.setdefault(info.st_ino, name)
        entry["data"] = holes_of(path) if info.st_size < 1 << 30 or info.st_blocks * 512 < 1 << 30 else None
        entry["is sparse"] = info.st_size > 1 << 20 and info.st_blocks * 512 < info.st_size // 2
    return entry


def walk(folder):
    """By descriptors, since paths may be longer than a system call takes."""
    found, links = {}, {}
    for path, dirs, files, descriptor in os.fwalk(os.fsencode(folder)):
        for name in sorted(dirs + files):
            full = os.path.relpath(os.path.join(path, name), os.fsencode(folder))
            found[full] = entry_of(b"/proc/self/fd/%d/%s" % (descriptor, name), full, links)
    return found


def write(path, content=b"x"):
    with open(path, "wb") as file:
        file.write(content)


def make(folder, entries):
    rng = random.Random(1)
    os.makedirs(folder)
    os.chdir(folder)
    os.mkdir("wide")
    for i in range(entries):
        write(f"wide/{i:07}", b"" if i % 3 else b"%d" % i)
    for name in [b"\xff\xfe", b"new\nline", b"tab\tquote'\"$`\\", b"-rf", b" ", b"..a", b"a" * 255, "ünïcödé".encode(), b"\x01\x7f"]:
        write(b"name " + name[:250])
    for _ in range(80):  # deeper than a path that a system call takes
        os.mkdir("d" * 60)
        os.chdir("d" * 60)
    write("bottom")
    os.chdir(folder)
    write("farm", rng.randbytes(1000))
    os.mkdir("links")
    for i in range(10_000):
        os.link("farm", f"links/{i}")
    with open("sparse", "wb") as file:
        for place in (0, 5_000_000, TIB, 3 * TIB - 9):
            file.seek(place)
            file.write(rng.randbytes(9))
    with open("hole at the end", "wb") as file:
        file.write(rng.randbytes(10_000))
        file.truncate(50_000_000)
    os.symlink("nowhere", "dangling")
    os.symlink("/" + "t" * 4000, "far")
    os.mkfifo("fifo", 0o620)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("socket")
    write("fixed")
    write("only longer")
    write("attributes")
    write("listed", b"who may read")
    os.mkdir("listed folder")
    try:
        # user::rw- user:1234:r-- group::r-- mask::r-- other::---
        entries = [(1, 6, 0xFFFFFFFF), (2, 4, 1234), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF)]
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
        os.setxattr("listed", "system.posix_acl_access", acl)
        os.setxattr("listed folder", "system.posix_acl_default", acl)
    except OSError:
        pass  # not on this file system
    try:
        os.setxattr("attributes", "user.largest", rng.randbytes(65_536))
    except OSError:
        pass  # most file systems have a block for all of them
    os.setxattr("attributes", "user.large", rng.randbytes(3_000))
    os.setxattr("attributes", "user.empty", b"")
    for i in range(8):
        os.setxattr("attributes", f"user.{i}", rng.randbytes(20))
    if os.geteuid() == 0:
        os.mknod("null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        os.mknod("disk", 0o660 | stat.S_IFBLK, os.makedev(259, 70_000))
        write("owned")
        os.chown("owned", 4_000_000_000, 3_999_999_999)
        os.setxattr("attributes", "trusted.note", b"\0\1\2")
    for i, mode in enumerate((0o000, 0o4755, 0o2711, 0o1777, 0o600)):
        write(f"mode{i}")
        os.chmod(f"mode{i}", mode)
    for i, when in enumerate((-1, -2_000_000_000_123_456_789, 1, 4_102_444_800_999_999_999, 0)):
        write(f"time{i}")
        os.utime(f"time{i}", ns=(when, when))
    os.utime("dangling", ns=(5, -77), follow_symlinks=False)
    os.chmod("wide", 0o1775)
    os.utime("wide", ns=(1, 123_456_789))
    if os.geteuid() == 0:
        set_flags("fixed", IMMUTABLE)
        set_flags("only longer", APPEND)


def loosen(folder):
    for path, _, files in os.walk(folder):
        for name in {"fixed", "only longer"} & set(files):
            set_flags(os.path.join(path, name), 0)


def main():
    if sys.argv[1] == "make":
        make(os.path.abspath(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 3000)
        return
    if sys.argv[1] == "loosen":
        loosen(sys.argv[2])
        return
    one, two = walk(sys.argv[2]), walk(sys.argv[3])
    wrong = [path for path in sorted(one.keys() | two.keys()) if one.get(path) != two.get(path)]
    for path in wrong[:10]:
        print(f"{path!r}: {one.get(path)} became {two.get(path)}")
    print(f"{len(one)} entries compared, {len(wrong)} differ")
    sys.exit(bool(wrong) or not one)


if __name__ == "__main__":
    main()
