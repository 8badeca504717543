# SPDX-License-Identifier: Apache-2.0
"""The journal that shim.c writes, and the disks that a power cut leaves.

`Disk` replays records one by one and knows, at each moment, three things of
every file: what the running system sees, what was synced, and the writes in
between.  Strict: a name is certain only when its directory was synced, a byte
only when its file was; but names may be durable before, the bytes of their
files not.
"""

import os
import random
import struct

HEADER = struct.Struct("<BBHIQQ")
SECTOR = 512


def cuts(tears):
    """The disks that a moment may leave: all that was written; nothing that
    was not synced; of that the names, which file systems write unasked; and
    `tears` choices of sectors of what was not synced, under either names."""
    return ["killed", "lost", "named"] + ["torn.%d" % i for i in range(tears)]


def read(path):
    """Every record: (op, path, data, offset, size)."""
    with open(path, "rb") as f:
        text = f.read()
    at, records = 0, []
    while at + HEADER.size <= len(text):
        op, _, path_size, data_size, offset, size = HEADER.unpack_from(
            text, at)
        at += HEADER.size
        name = text[at:at + path_size].decode()
        at += path_size
        records.append((chr(op), os.path.normpath(name),
                        text[at:at + data_size], offset, size))
        at += data_size
    return records


def note(path, text):
    """Add a record of the test's own, in order with the server's."""
    data = text.encode()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(fd, HEADER.pack(ord("N"), 0, 0, len(data), 0, 0) + data)
    os.close(fd)


class Inode:
    def __init__(self, content=b""):
        self.now = bytearray(content)
        self.synced = bytearray(content)
        self.unsynced = []  # ("w" or "W", offset, data) or ("t", size)

    def apply(self, change, content):
        if change[0] == "t":
            size = change[1]
            del content[size:]
            content.extend(bytes(size - len(content)))
            return
        _, offset, data = change
        if len(content) < offset + len(data):
            content.extend(bytes(offset + len(data) - len(content)))
        content[offset:offset + len(data)] = data

    def change(self, *change):
        self.apply(change, self.now)
        self.unsynced.append(change)

    def write_through(self, offset, data):
        """Durable at once; it stays so when what came before is synced."""
        self.change("W", offset, data)
        self.apply(self.unsynced[-1], self.synced)

    def sync(self):
        for change in self.unsynced:
            self.apply(change, self.synced)
        self.unsynced = []

    def torn(self, chance):
        """Synced bytes and some sectors of the unsynced writes."""
        content = bytearray(self.synced)
        for change in self.unsynced:
            if change[0] == "t":
                if chance.random() < 0.5:
                    self.apply(change, content)
                continue
            if change[0] == "W":
                self.apply(change, content)
                continue
            _, offset, data = change
            at = 0
            while at < len(data):
                end = min(len(data), SECTOR - (offset + at) % SECTOR + at)
                if chance.random() < 0.5:
                    self.apply(("w", offset + at, data[at:end]), content)
                at = end
        return content


def move(names, old, new):
    """The names as they are after directory `old` became `new`."""
    return {new + n[len(old):] if (n + "/").startswith(old + "/") else n: i
            for n, i in names.items()}


class Disk:
    def __init__(self, files=None):
        """`files`, as files() gives them, are there already, and synced."""
        # path -> Inode, None for a directory
        self.names = {n: None if content is None else Inode(content)
                      for n, content in (files or {}).items()}
        self.durable_names = dict(self.names)
        self.moved = []  # directories renamed, not yet durably

    def replay(self, record):
        op, path, data, offset, size = record
        inode = self.names.get(path)
        if op == "c":
            if inode:
                inode.change("t", 0)
            else:
                self.names[path] = Inode()
        elif op == "m":
            self.names[path] = None
        elif op == "w":
            inode.change("w", offset, data)
        elif op == "W":
            inode.write_through(offset, data)
        elif op == "t":
            inode.change("t", size)
        elif op == "a":
            if len(inode.now) < offset + size:
                inode.change("t", offset + size)
        elif op == "r":
            new = os.path.normpath(data.decode())
            if inode is None:  # a directory: what is in it goes along
                self.moved.append((path, new))
                self.names = move(self.names, path, new)
            else:
                self.names[new] = self.names.pop(path)
        elif op in "ud":
            self.names.pop(path, None)
        elif op == "s":
            if inode:
                inode.sync()
            else:
                self._sync_directory(path)

    def _sync_directory(self, path):
        def inside(name):
            return (os.path.dirname(name) or ".") == path

        for old, new in [m for m in self.moved if inside(m[0])]:
            self.moved.remove((old, new))
            self.durable_names = move(self.durable_names, old, new)
        gone = [n + "/" for n, i in self.durable_names.items()
                if i is None and inside(n) and n not in self.names]
        self.durable_names = {n: i for n, i in self.durable_names.items()
                              if not inside(n) and
                              not n.startswith(tuple(gone))}
        self.durable_names.update((n, i) for n, i in self.names.items()
                                  if inside(n))

    def files(self, cut, moment):
        """{path: bytes or None} as a cut at `moment` leaves it."""
        if cut == "killed":
            return {n: i and bytes(i.now) for n, i in self.names.items()}
        chance = random.Random("%s at %d" % (cut, moment))
        is_torn = cut.startswith("torn")
        is_named = chance.random() < 0.5 if is_torn else cut == "named"
        names = self.names if is_named else self.durable_names
        return {n: i and bytes(i.torn(chance) if is_torn else i.synced)
                for n, i in sorted(names.items())}


def states(records, moments, cuts, disk=None):
    """Each disk that a cut may leave, at each moment, a count of records: the
    moment, the cut, the files.  `disk` is what was there before the first."""
    disk, done = disk or Disk(), 0
    for moment in moments:
        for record in records[done:moment]:
            disk.replay(record)
        done = moment
        for cut in cuts:
            yield moment, cut, disk.files(cut, moment)


def called(records, moment, cut):
    """The moment and the cut as a failure tells them."""
    return "after call %d (%s %s), %s" % (
        moment, *records[moment - 1][:2], cut)


def try_all(records, moments, cuts, why_wrong, disk=None, where=""):
    """why_wrong(moment, files) says why what starts on each of them is wrong,
    or nothing.  How many were right, and wrong."""
    passed, failed = 0, 0
    for moment, cut, files in states(records, moments, cuts, disk):
        why = why_wrong(moment, files)
        passed, failed = passed + (not why), failed + bool(why)
        if why:
            print("FAILED %s%s: %s" % (
                where, called(records, moment, cut), why), flush=True)
    return passed, failed


def lay(files, directory):
    """Make `directory`, which is empty or not there, hold these."""
    os.makedirs(directory, exist_ok=True)
    for path, content in sorted(files.items()):
        full = os.path.join(directory, path)
        if content is None:
            os.makedirs(full, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(content)


def taken(directory):
    """What is in it, as files() gives it."""
    found = {}
    for where, folders, names in os.walk(directory):
        for name in folders + names:
            full = os.path.join(where, name)
            path = os.path.relpath(full, directory)
            found[path] = None
            if name in names:
                with open(full, "rb") as f:
                    found[path] = f.read()
    return found
