#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A site moves from Apache ZooKeeper to zabd, and back, and loses nothing.

A tree with every kind of node, with live sessions, is built on one server;
the other one starts on its files; every node's data, Stat and ACL is the same
byte for byte, the sessions go on with their id and password, and what belongs
to a session that nobody comes back for goes away.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time

from lib import (Answer, Server, Session, busy, given, grow, long, main, same,
                 see_all, until, version2, wire, zab, SHORT, SHORT_MS)


def server(kind, **options):
    return given(kind, options)


def take(target, source):
    """The data directory of `source`, copied to a server not yet started."""
    shutil.rmtree(target.path("data"))
    shutil.copytree(source.path("data"), target.path("data"))


def goes_on(now, tree, owner):
    """`now` holds the tree, and the sessions, and ends the one that nobody comes
    back for, in its time: that begins anew when the server does.  Sequential
    names go on."""
    same(tree, see_all(now), "on %s" % now.kind)
    back = owner.again(now.port)
    owner.friend.again(now.port).ask(wire.closeSession())
    mine = {p for p, v in tree.items() if v[1][7] == owner.id}
    assert len(mine) > 10
    back.ask(wire.setData("/kinds/eph", b"still mine"))
    stat = tree["/kinds"][1]
    assert back.make("/kinds/ephseq-", b"one more", wire.EPHSEQ) == \
        "/kinds/ephseq-%010d" % ((stat[5] + stat[9]) / 2)
    until(lambda: not is_there(back, SHORT), "its session expires")
    lived_s = time.monotonic() - now.launched
    assert lived_s > 0.8 * SHORT_MS / 1000, "it expired after %g s" % lived_s
    after = see_all(now)
    assert mine <= set(after)
    assert set(tree) - set(after) == {SHORT}, set(tree) - set(after)
    back.ask(wire.closeSession())
    assert not mine & set(see_all(now)), "ephemerals outlive their session"


def error_of(session, request):
    try:
        session.ask(request)
    except Answer as a:
        return a.args[0]
    return 0


def is_there(session, path):
    return error_of(session, wire.exists(path)) == 0


def apache_to_zabd(end, method=""):
    with server("apache", snapCount=90, preAllocSize=1024,
                **{"snapshot.compression.method": method}) as old:
        old.start()
        owner, _ = grow(old.port)
        tree = see_all(old)
        end(old)
        with server("zabd") as new:
            take(new, old)
            new.start()
            goes_on(new, tree, owner)
            assert new.stop() == 0


def test_killed_apache_to_zabd():
    apache_to_zabd(Server.kill)


@long
def test_stopped_apache_to_zabd():
    apache_to_zabd(Server.stop)


@long
def test_apache_with_gzip_to_zabd():
    apache_to_zabd(Server.kill, "gz")


@long
def test_apache_with_snappy_to_zabd():
    apache_to_zabd(Server.kill, "snappy")


def test_ttl_nodes_without_the_option():
    """Apache was given it as -D, which nobody reads here: no more can be made;
    those that are there stay what they are, until their time is up."""
    with server("apache") as old:
        old.start()
        s = Session(old.port)
        for name, ttl in ("/hour", 3600 * 1000), ("/moment", 1000):
            s.make(name, b"x", wire.TTL, ttl=ttl)
        hour = see_all(old)["/hour"]
        old.kill()
        with server("zabd", extendedTypesEnabled="false") as new:
            take(new, old)
            new.start()
            now = s.again(new.port)
            until(lambda: not is_there(now, "/moment"), "its time is up")
            assert see_all(new)["/hour"] == hour
            now.make("/hour/below")
            assert error_of(now, wire.createTTL("/more", 1000)) == -6


def test_two_disks_of_apache_to_zabd():
    """dataLogDir is another directory."""
    with server("apache") as old:
        conf = old.path("zoo.cfg")
        with open(conf, "a") as f:
            f.write("dataLogDir=%s\n" % old.path("logs"))
        old.start()
        owner, _ = grow(old.port)
        tree = see_all(old)
        old.kill()
        with server("zabd", dataLogDir=old.path("logs")) as new:
            take(new, old)
            new.start()
            goes_on(new, tree, owner)


@long
def test_zabd_serves_its_own_tree_again():
    """What Apache is judged by holds for zabd alone too."""
    for end in Server.kill, Server.stop:
        with server("zabd") as one:
            one.start()
            owner, _ = grow(one.port)
            tree = see_all(one)
            end(one)
            one.start()
            goes_on(one, tree, owner)


def zabd_to_apache(end):
    with server("zabd") as old, server("apache") as new:
        old.start()
        owner, _ = grow(old.port)
        tree = see_all(old)
        end(old)
        zab("export", "-c", old.path("zoo.cfg"), new.path("data"))
        new.start()
        goes_on(new, tree, owner)


@long
def test_stopped_zabd_to_apache():
    zabd_to_apache(Server.stop)


def test_killed_zabd_to_apache():
    """The image may be behind: its log goes with it."""
    zabd_to_apache(Server.kill)


def test_running_zabd_to_apache():
    """Exported while it runs, and while others write."""
    with server("zabd") as old, server("apache") as new:
        old.start()
        owner, _ = grow(old.port)
        tree = see_all(old)
        with busy(old.port):
            until(lambda: is_there(owner, "/busy/n%010d" % 10), "they write")
            zab("export", "-c", old.path("zoo.cfg"), new.path("data"))
        new.start()
        found = see_all(new)
        same({p: v for p, v in tree.items() if p != "/"},
             {p: v for p, v in found.items()
              if p != "/" and not p.startswith("/busy")}, "while running")
        busy_ones = sorted(p for p in found if p.startswith("/busy/"))
        assert busy_ones == ["/busy/n%010d" % i
                             for i in range(len(busy_ones))], busy_ones
        assert len(busy_ones) > 10
        owner.again(new.port)


def test_a_quota_on_the_root_is_told_before_apache_ends_of_it():
    """To zabd it is a plain node; Apache starts neither with it nor with the
    transactions that made it and removed it."""
    path = "/zookeeper/quota/zookeeper_limits"

    def export(new, rc):
        told = zab("export", "-c", old.path("zoo.cfg"), new.path("data"),
                   rc=rc)
        assert rc == 0 or path in told and "Delete it" in told, told

    with server("zabd") as old, server("apache") as new:
        old.start()
        s = Session(old.port)
        s.make(path, b"count=1,bytes=1")
        assert old.stop() == 0
        export(new, 1)
        old.start()
        s = s.again(old.port)
        s.ask(wire.delete(path))
        os.kill(old.process("image"), signal.SIGSTOP)
        s.make(path, b"count=1,bytes=1")
        s.ask(wire.delete(path))
        old.kill()
        export(new, 1)
        old.start()
        assert old.stop() == 0
        export(new, 0)
        new.start()
        assert not is_there(s.again(new.port), path)


def test_zabd_snapshot_unpacked_to_apache():
    """`zstd -d` alone makes a directory for Apache."""
    with server("zabd", snapCount=100) as old, server("apache") as new:
        old.start()
        owner, _ = grow(old.port)
        s = Session(old.port)
        for i in range(300):
            s.ask(wire.setData("/kinds/plain", b"%d" % i))
        tree = see_all(old)
        packed = packed_snapshot(old, 300)
        assert old.stop() == 0
        folder = new.path("data/version-2")
        os.mkdir(folder)
        subprocess.run(["zstd", "-q", "-d", packed, "-o", os.path.join(
            folder, os.path.basename(packed)[:-4])], check=True)
        for log in version2(old.path("data"), "log."):
            shutil.copy(log, folder)
        new.start()
        goes_on(new, tree, owner)


def packed_snapshot(zabd, zxid):
    """The newest snapshot, when there is one of at least that zxid."""
    def found():
        return [f for f in version2(zabd.path("data"), "snapshot.")
                if f.endswith(".zst")
                and int(os.path.basename(f).split(".")[1], 16) >= zxid]
    newest = until(found, "a snapshot of 0x%x" % zxid)[-1]
    zab("snapshot", "show", newest)
    return newest


def test_to_and_fro():
    """Apache, zabd, Apache, zabd: each goes on from the one before."""
    kinds = ["apache", "zabd"] * 2
    with contextlib.ExitStack() as stack:
        last, tree = None, None
        for turn, kind in enumerate(kinds):
            s = stack.enter_context(server(kind))
            if last:
                if kind == "zabd":
                    take(s, last)
                else:
                    zab("export", "-c", last.path("zoo.cfg"), s.path("data"))
            s.start()
            if not tree:
                owner, _ = grow(s.port)
                back = owner
            else:
                same(tree, see_all(s), "turn %d" % turn)
                back = owner.again(s.port)
            for i in range(20):
                back.make("/turn%d-" % turn, b"%d" % i,
                          wire.EPHSEQ if i % 2 else wire.SEQ)
                back.ask(wire.setData("/kinds/plain", b"%d" % i))
            back.ask(wire.delete("/changes/n%d" % (2 * turn + 1)))
            tree = see_all(s)
            s.kill() if turn % 2 else s.stop()
            last = s


if __name__ == "__main__":
    main(globals())
