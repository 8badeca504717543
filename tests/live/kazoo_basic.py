#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: nodes.  Create, read, change, list and delete; every create kind;
versions and errors; transactions; chroots."""

import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import main, raises, until  # noqa: E402

from kazoo.exceptions import (  # noqa: E402
    BadArgumentsError, BadVersionError, InvalidACLError, NoAuthError,
    NoChildrenForEphemeralsError, NodeExistsError, NoNodeError, NotEmptyError, RolledBackError,
    RuntimeInconsistency)
from kazoo.protocol.serialization import Create2  # noqa: E402
from kazoo.security import OPEN_ACL_UNSAFE, make_acl  # noqa: E402


def test_create_read_change_delete(t):
    c = t.client()
    assert c.create("/a", b"one") == "/a"
    data, stat = c.get("/a")
    assert (data, stat.version, stat.data_length) == (b"one", 0, 3)
    assert stat.czxid == stat.mzxid == stat.pzxid > 0
    assert abs(stat.ctime / 1000 - time.time()) < 60
    changed = c.set("/a", b"two two")
    assert (changed.version, changed.data_length) == (1, 7)
    assert changed.mzxid > changed.czxid == stat.czxid
    assert c.get("/a")[0] == b"two two"
    c.delete("/a")
    assert c.exists("/a") is None
    with raises(NoNodeError):
        c.get("/a")


def test_empty_and_binary_data(t):
    c = t.client()
    c.create("/empty")
    assert c.get("/empty") == (b"", c.exists("/empty"))
    every = bytes(range(256)) * 4
    c.create("/every", every)
    assert c.get("/every")[0] == every


def test_unicode_paths(t):
    c = t.client()
    for name in ("grün", "数据", "with space", "-._~"):
        c.create("/" + name, name.encode())
        assert c.get("/" + name)[0].decode() == name
    assert len(c.get_children("/")) == 4
    for name in ("beyond-16-bits-😀", "control-\x01"):
        with raises(BadArgumentsError):
            c.create("/" + name)


def test_errors(t):
    c = t.client()
    c.create("/a", b"")
    c.create("/a/b", b"")
    with raises(NodeExistsError):
        c.create("/a", b"")
    with raises(NoNodeError):
        c.create("/x/y", b"")
    with raises(NoNodeError):
        c.set("/x", b"")
    with raises(NoNodeError):
        c.delete("/x")
    with raises(NoNodeError):
        c.get_children("/x")
    with raises(NotEmptyError):
        c.delete("/a")
    with raises(InvalidACLError):
        c.create("/acl", b"", acl=[make_acl("nosuchscheme", "x", all=True)])


def test_versions(t):
    c = t.client()
    c.create("/v", b"0")
    for i in range(5):
        assert c.set("/v", b"x", version=i).version == i + 1
    with raises(BadVersionError):
        c.set("/v", b"x", version=4)
    with raises(BadVersionError):
        c.delete("/v", version=4)
    c.delete("/v", version=5)


def test_children_and_cversion(t):
    c = t.client()
    c.create("/p")
    for i in range(20):
        c.create("/p/%02d" % i)
    names, stat = c.get_children("/p", include_data=True)
    assert sorted(names) == ["%02d" % i for i in range(20)]
    assert (stat.numChildren, stat.cversion, stat.version) == (20, 20, 0)
    c.delete("/p/07")
    stat = c.exists("/p")
    assert (stat.numChildren, stat.cversion) == (19, 21)
    assert "07" not in c.get_children("/p")


def test_sequential(t):
    c = t.client()
    c.create("/s")
    got = [c.create("/s/n-", b"", sequence=True) for _ in range(5)]
    assert got == ["/s/n-%010d" % i for i in range(5)]
    c.delete(got[4])
    assert c.create("/s/m-", b"", sequence=True) == "/s/m-%010d" % 5
    c.create("/s/plain")
    assert c.create("/s/", b"", sequence=True) == "/s/%010d" % 7


def test_ephemeral(t):
    c, other = t.client(), t.client()
    c.create("/e", b"mine", ephemeral=True)
    path = c.create("/q-", b"", ephemeral=True, sequence=True)
    stat = other.exists("/e")
    assert stat.ephemeralOwner == c.client_id[0]
    assert other.exists(path).owner_session_id == c.client_id[0]
    with raises(NoChildrenForEphemeralsError):
        c.create("/e/child")
    c.stop()
    assert other.exists("/e") is None and other.exists(path) is None
    assert other.exists("/").ephemeralOwner == 0


def test_create_with_stat(t):
    c = t.client()
    path, stat = c.create("/two", b"12", include_data=True)
    assert path == "/two" and stat.data_length == 2
    assert stat == c.exists("/two")


class Create(Create2):
    """A create that kazoo has no word for: type and flags by hand."""
    type = 21

    def serialize(self):
        out = super().serialize()
        if self.type != 21:
            return out
        out.extend(struct.pack(">q", TTL_MS))
        return out


TTL_MS = 700


def raw_create(c, kind, path, flags):
    class Kind(Create):
        type = kind
    result = c.handler.async_result()
    c._call(Kind(c.chroot + path, b"", OPEN_ACL_UNSAFE, flags), result)
    return result.get(timeout=10)


def test_ttl_node_goes_when_its_time_is_over(t):
    c = t.client()
    raw_create(c, 21, "/ttl", 5)
    raw_create(c, 21, "/ttl-", 6)
    assert c.exists("/ttl")
    assert c.exists("/ttl").ephemeralOwner == 0
    assert c.exists("/ttl-0000000001")
    until(lambda: not c.exists("/ttl"), "the TTL node is removed")
    until(lambda: not c.get_children("/"), "the other one too")


def test_container_goes_with_its_last_child(t):
    c = t.client()
    raw_create(c, 19, "/box", 4)
    assert c.exists("/box")
    c.create("/box/child")
    c.delete("/box/child")
    until(lambda: not c.exists("/box"), "the container is removed")


def test_recursive(t):
    c = t.client()
    c.ensure_path("/a/b/c/d/e")
    c.create("/a/b/x/y/z", b"deep", makepath=True)
    assert c.get("/a/b/x/y/z")[0] == b"deep"
    c.delete("/a", recursive=True)
    assert c.get_children("/") == []


def test_transaction(t):
    c = t.client()
    c.create("/old", b"v0")
    tx = c.transaction()
    tx.create("/new", b"n")
    tx.create("/new/child-", b"", sequence=True)
    tx.set_data("/old", b"v1", version=0)
    tx.check("/old", version=1)
    tx.create("/eph", b"", ephemeral=True)
    tx.delete("/eph")
    r = tx.commit()
    assert r[0] == "/new" and r[1] == "/new/child-0000000000", r
    assert r[2].version == 1 and r[3] is True and r[5] is True, r
    zxids = {c.exists(p).mzxid for p in ("/new", "/old",
                                         "/new/child-0000000000")}
    assert len(zxids) == 1, "one transaction, one zxid"


def test_transaction_fails_as_a_whole(t):
    c = t.client()
    c.create("/a", b"")
    tx = c.transaction()
    tx.create("/b", b"")
    tx.check("/a", version=17)
    tx.delete("/a")
    r = tx.commit()
    assert isinstance(r[0], RolledBackError), r
    assert isinstance(r[1], BadVersionError), r
    assert isinstance(r[2], RuntimeInconsistency), r
    assert c.exists("/b") is None and c.exists("/a")


def test_transaction_of_many(t):
    c = t.client()
    c.create("/m")
    tx = c.transaction()
    for i in range(500):
        tx.create("/m/%03d" % i, b"x" * 100)
    assert len(tx.commit()) == 500
    assert c.exists("/m").numChildren == 500
    tx = c.transaction()
    for i in range(500):
        tx.delete("/m/%03d" % i)
    assert tx.commit() == [True] * 500
    assert c.exists("/m").numChildren == 0


def test_async_pipeline_keeps_its_order(t):
    c = t.client()
    c.create("/p", b"0")
    asked = []
    for i in range(1, 301):
        asked.append((i, c.set_async("/p", b"%d" % i), c.get_async("/p")))
    for i, wrote, read in asked:
        assert wrote.get(10).version == i
        assert read.get(10)[0] == b"%d" % i, "a read waits for our write"


def test_sync(t):
    c, other = t.client(), t.client()
    c.create("/s", b"")
    for i in range(50):
        c.set("/s", b"%d" % i)
        assert other.sync("/s") == "/s"
        assert other.get("/s")[0] == b"%d" % i


def test_chroot(t):
    top = t.client()
    top.create("/jail/cell", b"", makepath=True)
    c = t.client(chroot=t.chroot + "/jail")
    assert c.get_children("/") == ["cell"]
    assert c.create("/cell/bed-", b"", sequence=True).startswith("/cell/bed-")
    assert top.get_children("/jail/cell") == ["bed-0000000000"]
    c.chroot = t.chroot + "/nowhere"
    with raises(NoNodeError):
        c.create("/a", b"")
    c.ensure_path("/a")
    assert top.exists("/nowhere/a")


def test_two_clients_see_each_other(t):
    a, b = t.client(), t.client()
    for i in range(100):
        w, r = (a, b) if i % 2 else (b, a)
        w.create("/n%d" % i, b"%d" % i)
        assert r.get("/n%d" % i)[0] == b"%d" % i


def test_server_version(t):
    c = t.client()
    version = c.server_version()
    assert version[:2] >= (3, 8), version
    assert "Mode: standalone" in c.command(b"srvr")
    assert c.command(b"ruok") == "imok"


def test_config_node(t):
    c = t.client(chroot="")
    assert sorted(c.get_children("/zookeeper")) == ["config", "quota"]
    with raises(NoAuthError):
        c.set("/zookeeper/config", b"mine")
    assert c.get("/zookeeper/config")[1].numChildren == 0


if __name__ == "__main__":
    main(globals())
