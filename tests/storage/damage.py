#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged files stop the start with file, place and remedy, and status 3.

Only what a crash leaves, a torn end, is put right; a damaged snapshot has
older ones behind it.  Nothing is skipped in silence.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import tempfile

from lib import (Server, Session, closing, flip, given, grow, main, member,
                 running, same, see_all, until, version2, wire, zab)

STATUS = 3          # daemon: the data cannot be used
KEPT = {}           # kind, end -> (data directory to copy, tree)


def grown(kind, end=Server.kill):
    """The directory that a server of that kind left, made once."""
    if (kind, end) not in KEPT:
        with running(kind, {"snapCount": 150, "preAllocSize": 1024}) as server:
            grow(server.port)
            tree = grown_log(server)
            until(lambda: version2(server.path("data"), "snapshot."),
                  "a snapshot is taken")
            end(server)
            kept = tempfile.mkdtemp(prefix="zab-damage-") + "/data"
            shutil.copytree(server.path("data"), kept)
        KEPT[kind, end] = kept, tree
    return KEPT[kind, end]


def grown_log(server):
    """The tree; when Apache begins a log is chance, so go on until the
    newest has a middle."""
    while True:
        tree = see_all(server)
        newest = version2(server.path("data"), "log.")[-1]
        if len(records(newest)) > 10:
            return tree
        Session(server.port).make("/more-", b"", wire.SEQ)


def forget():
    for kept, _ in KEPT.values():
        shutil.rmtree(os.path.dirname(kept))


@contextlib.contextmanager
def left_by(kind, end=Server.kill, **options):
    """(zabd not started, on a copy of what `kind` left; the tree)."""
    kept, tree = grown(kind, end)
    with given("zabd", options) as server:
        shutil.rmtree(server.path("data"))
        shutil.copytree(kept, server.path("data"))
        yield server, tree


def refuses(server):
    """What it says when it does not start; it must end by itself."""
    said = said_if_refused(server)
    assert said, "it serves"
    return said


def said_if_refused(server):
    """The same; None when it serves."""
    with contextlib.suppress(RuntimeError):     # ended, or does not answer
        server.start()
        return None
    status, said = server.child.poll(), server.log()
    assert status == STATUS, "exit status %s\n%s" % (status, said)
    return said


def names(said, path, offset=None, remedy=None):
    """The file, the offset and what to do are in what was said."""
    assert path in said, said
    if offset is not None:
        assert re.search(r"\b%d\b" % offset, said), (offset, said)
    assert re.search(remedy or r"Restore|restore|move|Bring|Give", said), said


def records(path):
    """The offsets of a log file's records."""
    return [json.loads(line)["offset"]
            for line in zab("log", "--json", path).splitlines()]


def last_log(server):
    log = version2(server.path("data"), "log.")[-1]
    found = records(log)
    assert len(found) > 5, "too short a log to damage its middle"
    return log, found


def no_image(server):
    shutil.rmtree(server.path("data/version-2/image"), ignore_errors=True)


# --- the log -----------------------------------------------------------------

def damaged_log(kind):
    with left_by(kind) as (server, _):
        log, found = last_log(server)
        offset = found[len(found) // 2]
        flip(log, offset + 12 + 8)
        names(refuses(server), log, offset)


def test_damaged_log_of_apache():
    damaged_log("apache")


def test_damaged_log_of_zabd():
    damaged_log("zabd")


def test_damaged_length_in_a_log():
    with left_by("apache") as (server, _):
        log, found = last_log(server)
        offset = found[len(found) // 2]
        flip(log, offset + 8, 0x40)
        names(refuses(server), log, offset)


def test_damaged_older_log_that_is_needed():
    """Not the newest file, but behind the only snapshot that is left."""
    with left_by("apache") as (server, _):
        data = server.path("data")
        snapshots, logs = version2(data, "snapshot."), version2(data, "log.")
        assert len(snapshots) > 1 and len(logs) > 1
        for newer in snapshots[1:]:
            os.remove(newer)
        found = records(logs[0])
        flip(logs[0], found[5] + 20)
        names(refuses(server), logs[0], found[5])


def test_foreign_file_as_log():
    with left_by("apache") as (server, _):
        log, _ = last_log(server)
        with open(log, "r+b") as f:
            f.write(b"GIF89a")
        names(refuses(server), log)


def test_missing_log():
    with left_by("apache") as (server, _):
        data = server.path("data")
        logs = version2(data, "log.")
        for newer in version2(data, "snapshot.")[1:]:
            os.remove(newer)
        os.remove(logs[1])
        said = refuses(server)
        names(said, server.path("data/version-2"))
        assert "transactions are missing" in said, said


def torn(kind, cut):
    """The last transaction, a closeSession that changes no node, is gone."""
    with left_by(kind) as (server, tree):
        log, found = last_log(server)
        cut(log, found[-1])
        server.start()
        same(tree, see_all(server), "torn")


def test_log_that_ends_inside_a_record():
    torn("apache", lambda log, at: os.truncate(log, at + 20))


def test_log_whose_last_sectors_were_not_written():
    def cut(log, at):
        size = os.path.getsize(log)
        os.truncate(log, at + 14)
        os.truncate(log, size)
    torn("apache", cut)


def test_torn_log_of_zabd():
    torn("zabd", lambda log, at: os.truncate(log, at + 20))


# --- snapshots ---------------------------------------------------------------

def test_damaged_newest_snapshot_of_apache():
    with left_by("apache") as (server, tree):
        newest = version2(server.path("data"), "snapshot.")[-1]
        flip(newest, os.path.getsize(newest) // 2)
        server.start()
        same(tree, see_all(server), "from an older snapshot")
        assert server.said(r"snapshots? (is|are) damaged")


def test_damaged_snapshot_of_zabd():
    """With the image and the log there, no snapshot is needed."""
    with left_by("zabd") as (server, tree):
        newest = version2(server.path("data"), "snapshot.")[-1]
        assert newest.endswith(".zst"), newest
        flip(newest, os.path.getsize(newest) // 2)
        assert "damaged" in zab("snapshot", "show", newest, rc=1)
        server.start()
        same(tree, see_all(server), "from the image")


def test_damaged_snapshots_of_zabd_without_an_image():
    with left_by("zabd") as (server, _):
        no_image(server)
        for path in version2(server.path("data"), "snapshot."):
            flip(path, os.path.getsize(path) // 2)
        said = refuses(server)
        names(said, server.path("data/version-2/snapshot."))


def test_no_snapshot_is_whole():
    with left_by("apache") as (server, _):
        snapshots = version2(server.path("data"), "snapshot.")
        for path in snapshots:
            flip(path, os.path.getsize(path) // 2)
        said = refuses(server)
        assert any(path in said for path in snapshots), said


def snapshot_alone(server, path):
    """No log, no image: what a backup may be, brought back by hand."""
    data = server.path("data/version-2")
    for name in os.listdir(data):
        if os.path.join(data, name) != path and name.startswith(("log.",
                                                                 "snapshot.")):
            os.remove(os.path.join(data, name))
    no_image(server)


def test_newest_snapshot_may_not_be_opened():
    """As one that root brought back; root may open all, but not this.  An
    older one must not stand in for it."""
    with left_by("zabd") as (server, _):
        no_image(server)
        newest = version2(server.path("data"), "snapshot.")[-1]
        os.remove(newest)
        os.symlink(newest, newest)
        said = refuses(server)
        names(said, newest, remedy="Give it to the server's user")
        assert "symbolic links" in said, said


def test_cut_snapshot_alone():
    """An empty tree must not take its place."""
    with left_by("apache") as (server, _):
        newest = version2(server.path("data"), "snapshot.")[-1]
        snapshot_alone(server, newest)
        os.truncate(newest, os.path.getsize(newest) // 2)
        names(refuses(server), newest)


def test_cut_snapshot_of_nothing_alone():
    """What a server leaves that died at its very first start."""
    with left_by("apache") as (server, _):
        first = version2(server.path("data"), "snapshot.")[0]
        assert first.endswith("snapshot.0"), first
        snapshot_alone(server, first)
        os.truncate(first, os.path.getsize(first) // 2)
        server.start()


def test_logs_without_a_snapshot():
    with left_by("apache") as (server, _):
        for path in version2(server.path("data"), "snapshot."):
            os.remove(path)
        said = refuses(server)
        names(said, server.path("data/version-2"))
        assert "snapshot.trust.empty" in said, said


def test_logs_without_a_snapshot_that_are_trusted():
    with left_by("apache", **{"snapshot.trust.empty": "true"}) as (server,
                                                                   tree):
        for path in version2(server.path("data"), "snapshot."):
            os.remove(path)
        server.start()
        seen = see_all(server)
        seen.pop("/zookeeper/config")   # is not in the log
        same({p: v for p, v in tree.items() if p in seen}, seen, "log alone")
        assert len(seen) == len(tree) - 1


# --- a member of an ensemble -------------------------------------------------

@contextlib.contextmanager
def left_by_a_member():
    """(zabd not started, on what a stopped member left; its tree)."""
    with closing(member(snapCount=40)) as server:
        server.start()
        grow(server.port)
        tree = see_all(server)
        server.stop()
        yield server, tree


def test_member_with_a_snapshot_alone():
    """A backup often is no more."""
    with left_by_a_member() as (server, tree):
        data = server.path("data")
        zab("export", "--data", data, server.path("out"))
        shutil.rmtree(data)
        os.mkdir(data)
        shutil.copy(server.path("out/myid"), data)
        os.mkdir(data + "/version-2")
        for path in version2(server.path("out"), "snapshot."):
            shutil.copy(path, data + "/version-2")
        server.start()
        seen = see_all(server)
        for config in tree, seen:       # each start writes it
            config.pop("/zookeeper/config")
        same(tree, seen, "from a snapshot")


@contextlib.contextmanager
def left_by_three_lives():
    """(zabd not started, its data): a member that wrote in three epochs, of
    which the log of the second is gone; with image and snapshot of the first
    beside it."""
    with closing(member()) as server:
        data = server.path("data")
        for life in range(3):
            server.start()
            session = Session(server.port)
            for _ in range(20):
                session.make("/life-", b"", wire.SEQ)
            until(lambda: version2(data, "snapshot."),
                  "a snapshot is taken, soon after its start")
            server.stop()
            if life == 0:
                shutil.copytree(data + "/version-2/image",
                                server.path("image"))
        no_image(server)
        for path in glob.glob(data + "/version-2/log.2*"):
            os.remove(path)
        yield server, data


def lacks_an_epoch(server):
    said = refuses(server)
    names(said, server.path("data/version-2"))
    assert re.search("missing between 0x1.* and 0x300000001", said), said


def test_missing_epoch_behind_an_image():
    """The numbers of the next begin anew, so only the digests tell."""
    with left_by_three_lives() as (server, data):
        shutil.move(server.path("image"), data + "/version-2/image")
        lacks_an_epoch(server)


def test_missing_epoch_behind_a_snapshot():
    with left_by_three_lives() as (server, data):
        for path in version2(data, "snapshot.")[1:]:
            os.remove(path)
        lacks_an_epoch(server)


# --- the image ---------------------------------------------------------------

def image_file(server):
    return server.path("data/version-2/image/data.mdb")


def test_image_that_is_none():
    with left_by("zabd", Server.stop) as (server, _):
        with open(image_file(server), "r+b") as f:
            f.write(b"\xff" * 8192)
        names(refuses(server), server.path("data/version-2/image"))


def test_image_with_a_changed_node():
    with left_by("zabd", Server.stop) as (server, _):
        with open(image_file(server), "rb") as f:
            whole = f.read()
        hits = [m.end() for m in re.finditer(
            rb"/changes/n0(?=.{40,120}a second life)", whole, re.DOTALL)]
        assert hits
        for at in hits:
            flip(image_file(server), at + 6)
        names(refuses(server), server.path("data/version-2/image"))


PAGE = 4096
# Of a page: its flags, where its free room begins and ends, where nodes lie.
PAGE_FIELDS = (10, 12, 13, 14, 15, 16, 17, 18)


def test_image_whose_pages_lead_astray():
    """LMDB believes them, and who follows is killed by the kernel: it must be
    told, not tried again and again.  What looks unfinished is made anew."""
    with left_by("zabd", Server.stop) as (server, tree):
        with open(image_file(server), "rb") as f:
            whole = f.read()
        for field in PAGE_FIELDS:
            for mask in 0x04, 0x40:
                damaged = bytearray(whole)
                for at in range(2 * PAGE + field, len(whole), PAGE):
                    damaged[at] ^= mask
                with open(image_file(server), "r+b") as f:
                    f.write(damaged)
                open(server.path("log"), "w").close()
                said = said_if_refused(server)
                if said:
                    names(said, server.path("data/version-2/image"))
                    assert "killed by signal" not in said, (field, mask)
                else:
                    same(tree, see_all(server), "made anew")
                    server.kill()


def test_image_that_was_cut():
    with left_by("zabd", Server.stop) as (server, _):
        os.truncate(image_file(server), 3 * 4096)
        names(refuses(server), server.path("data/version-2/image"))


def test_image_made_anew():
    """The remedy works: without the image, snapshot and log lead there."""
    with left_by("zabd", Server.stop) as (server, tree):
        no_image(server)
        server.start()
        same(tree, see_all(server), "without the image")


if __name__ == "__main__":
    try:
        main(globals())
    finally:
        forget()
