#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Data directories damaged at random: a right start, or a clear refusal.

A server writes numbered nodes in three lives.  Then bits are flipped, sectors
zeroed, files cut, emptied, removed, renamed, overwritten by others or by older
ones of themselves, one to three times.  zabd serves all that was acknowledged,
or says what it leaves out, or ends by itself with the place and what to do:
never with a hole in the tree, a crash, or a start that goes on for ever.

    SEED=5 ROUNDS=1 chance.py member
"""

import contextlib
import os
import random
import re
import shutil
import tempfile

from lib import (Server, Session, children, closing, long, main, member,
                 version2, wire)

LIVES, WRITES = 3, 60
ROUNDS = {"short": 25, "long": 400}
REFUSED = 2, 3      # the configuration (myid), the data
TOLD = re.compile("cut a write that never finished|are damaged|ends before")
OPTIONS = {"snapCount": 20, "preAllocSize": 64, "client.processes": 1,
           "admin.enableServer": "false"}
KEPT = {}           # kind -> directory with `now`, `then`


def made(kind):
    """A server of that kind, not started, with nothing but its number."""
    if kind != "alone":
        return member("apache" if kind == "apache" else "zabd", **OPTIONS)
    server = Server("zabd", OPTIONS)
    server._put("data/myid", "1")       # which nobody reads
    return server


def write(server, life):
    session = Session(server.port)
    for i in range(life * WRITES, (life + 1) * WRITES):
        session.make("/n%d" % i, b"x" * (i % 7 * 100))
    session.close()


def live(kind, kept):
    """Three lives: `now` is what they left, `then` a copy of after the second."""
    with closing(made(kind)) as server:
        for life in range(LIVES):
            server.start()
            write(server, life)
            server.kill() if life == LIVES - 1 else server.stop()
            if life == LIVES - 2:
                shutil.copytree(server.path("data"), kept + "/then")
        shutil.copytree(server.path("data"), kept + "/now")


def lived(kind):
    """What a server of that kind left, made once."""
    for left in 2, 1, 0:
        if kind in KEPT:
            break
        kept = tempfile.mkdtemp(prefix="zab-chance-")
        try:
            live(kind, kept)
            KEPT[kind] = kept
        except ConnectionError as e:    # Apache's now and then answers no more
            shutil.rmtree(kept)
            if kind != "apache" or left == 0:
                raise
            print("once more: %s" % e)
    return KEPT[kind]


def forget():
    for kept in KEPT.values():
        shutil.rmtree(kept)


# --- damage ------------------------------------------------------------------

class Damage:
    """Done to the directory `data`; `said` tells what it was."""

    def __init__(self, chance, data, then):
        self.chance, self.data, self.then = chance, data, then
        self.said = []
        # Nothing tells of a newest log that is gone, or cut between records.
        self.newest = version2(data, "log.")[-1]
        self.loses_end = False
        if chance.random() < 0.35:
            shutil.rmtree(data + "/version-2/image", ignore_errors=True)
            self.said.append("no image")
        for _ in range(chance.choice((1, 1, 2, 3))):
            chance.choice((self.flip, self.flip, self.zero, self.cut,
                           self.empty, self.remove, self.rename, self.swap,
                           self.age))(self.some_file())

    def some_file(self):
        """Mostly one that the start reads: the newest, and all singles."""
        logs = version2(self.data, "log.")
        snapshots = version2(self.data, "snapshot.")
        rest = [os.path.join(top, name)
                for top, _, names in os.walk(self.data) for name in names
                if name in ("data.mdb", "myid", "ensembleId", "currentEpoch",
                            "acceptedEpoch")]
        return self.chance.choice(self.chance.choice(
            [logs[-3:] + snapshots[-2:] + sorted(rest), logs + snapshots]))

    def note(self, what, path, *more):
        self.said.append(" ".join([what, os.path.relpath(path, self.data),
                                   *map(str, more)]))
        return True

    def change(self, path, at, size, to):
        """`to` makes new bytes of `size` old ones at `at`."""
        with open(path, "r+b") as f:
            f.seek(at)
            old = f.read(size)
            f.seek(at)
            f.write(to(old))

    def place(self, path):
        return self.chance.randrange(max(os.path.getsize(path), 1))

    def flip(self, path):
        at, bit = self.place(path), self.chance.randrange(8)
        self.change(path, at, 1, lambda b: bytes(x ^ 1 << bit for x in b))
        self.note("flip", path, at)

    def zero(self, path):
        at = self.place(path) // 512 * 512
        self.change(path, at, 512, lambda b: bytes(len(b)))
        self.note("zero", path, at)

    def cut(self, path):
        at = self.place(path)
        os.truncate(path, at)
        self.loses_end |= path == self.newest
        self.note("cut", path, at)

    def empty(self, path):
        os.truncate(path, 0)
        self.note("empty", path)

    def remove(self, path):
        os.remove(path)
        self.loses_end |= path == self.newest
        self.note("remove", path)

    def rename(self, path):
        kind, _, zxid = os.path.basename(path).partition(".")
        if zxid and kind in ("log", "snapshot"):
            zxid, dot, packed = zxid.partition(".")
            zxid = max(int(zxid, 16) + self.chance.choice((-30, -1, 1, 5)), 0)
            to = os.path.join(os.path.dirname(path), "%s.%x%s%s" % (
                kind, zxid, dot, packed))
            os.rename(path, to)
            self.newest = to if path == self.newest else self.newest
            self.note("rename", path, os.path.basename(to))

    def swap(self, path):
        logs = version2(self.data, "log.")
        if path in logs:
            other = self.chance.choice(logs)
            if other != path:
                shutil.copy(other, path)
                self.note("overwrite", path, os.path.basename(other))

    def age(self, path):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(os.path.join(self.then,
                                     os.path.relpath(path, self.data)), path)
            self.note("age", path)


# --- what comes of it --------------------------------------------------------

def numbers(server):
    """Of the nodes that are there, in order."""
    session = Session(server.port)
    found = children(session.ask(wire.getChildren("/")))
    session.close()
    return sorted(int(name[1:]) for name in found if name[0] == "n")


def wrong(server, damage):
    """Why what became of the start is not right, or None."""
    try:
        server.start()
        found = numbers(server)
    except RuntimeError:
        found = None
    said = server.log()
    if re.search("killed by signal|bug: ", said):
        return "a process died"
    if found is None:
        status = server.child.poll()
        return None if status in REFUSED and server.path("data") in said else \
            "exit status %s" % status
    if found != list(range(len(found))):
        return "there is a hole: %d nodes, the last is %d" % (
            len(found), found[-1])
    if len(found) < LIVES * WRITES and not damage.loses_end and \
            not TOLD.search(said):
        return "%d nodes, in silence" % len(found)
    return None


def rounds(kind, count):
    kept = lived(kind)
    first = int(os.environ.get("SEED", 1))
    for seed in range(first, first + int(os.environ.get("ROUNDS", count))):
        with closing(made(kind.replace("apache", "member"))) as server:
            shutil.rmtree(server.path("data"))
            shutil.copytree(kept + "/now", server.path("data"))
            damage = Damage(random.Random(seed), server.path("data"),
                            kept + "/then")
            why = wrong(server, damage)
            assert not why, "SEED=%d ROUNDS=1: %s, after %s" % (
                seed, why, damage.said)


def test_alone():
    rounds("alone", ROUNDS["short"])


def test_member():
    rounds("member", ROUNDS["short"])


def test_apache():
    rounds("apache", ROUNDS["short"])


@long
def test_alone_often():
    rounds("alone", ROUNDS["long"])


@long
def test_member_often():
    rounds("member", ROUNDS["long"])


@long
def test_apache_often():
    rounds("apache", ROUNDS["long"])


if __name__ == "__main__":
    try:
        main(globals())
    finally:
        forget()
