#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: sizes.  Nodes near the limit of 1 MB, too large ones, 10,000
children, deep paths, quotas."""

import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import main, raises, states, until  # noqa: E402

from kazoo.exceptions import ConnectionLoss  # noqa: E402

LIMIT = 0xFFFFF        # jute.maxbuffer: the largest frame a server takes


def pattern(size):
    seed = hashlib.sha256(b"%d" % size).digest()
    return (seed * (size // 32 + 1))[:size]


def test_big_node(t):
    c, other = t.client(), t.client()
    for size in (1, 1024, 65536, 300000, 1000000, LIMIT - 200):
        path = "/%d" % size
        c.create(path, pattern(size))
        data, stat = other.get(path)
        assert data == pattern(size) and stat.dataLength == size
    c.set("/1", pattern(LIMIT - 300))
    assert other.get("/1")[0] == pattern(LIMIT - 300)


def test_too_big_closes_the_connection_only(t):
    c, other = t.client(timeout=20.0), t.client()
    c.create("/a", b"small")
    session = c.client_id
    seen = states(c)
    with raises(ConnectionLoss):
        c.set("/a", pattern(LIMIT + 1000))
    until(lambda: "CONNECTED" in seen, "connected again")
    assert c.client_id == session
    assert c.get("/a")[0] == b"small"
    assert other.get("/a")[0] == b"small"


def test_big_pipeline(t):
    """Many megabytes on their way at once, both directions."""
    c = t.client()
    asked = [c.create_async("/n%d" % i, pattern(200000 + i))
             for i in range(40)]
    for a in asked:
        a.get(30)
    asked = [c.get_async("/n%d" % i) for i in range(40)]
    for i, a in enumerate(asked):
        assert a.get(30)[0] == pattern(200000 + i)


def test_ten_thousand_children(t):
    c, other = t.client(), t.client()
    c.create("/p")
    for start in range(0, 10000, 1000):
        tx = c.transaction()
        for i in range(start, start + 1000):
            tx.create("/p/child-%05d" % i)
        assert len(tx.commit()) == 1000
    names = other.get_children("/p")
    assert sorted(names) == ["child-%05d" % i for i in range(10000)]
    assert other.exists("/p").numChildren == 10000
    asked = [c.delete_async("/p/child-%05d" % i) for i in range(0, 10000, 10)]
    for a in asked:
        a.get(10)
    assert len(other.get_children("/p")) == 9000
    asked = [c.delete_async("/p/" + n) for n in other.get_children("/p")]
    for a in asked:
        a.get(10)
    c.delete("/p")
    assert other.exists("/p") is None


def test_answer_of_more_than_a_megabyte(t):
    """What is stored can be listed, whatever a client may send."""
    c = t.client()
    c.create("/p")
    long = "x" * 200
    asked = [c.create_async("/p/%s%05d" % (long, i)) for i in range(6000)]
    for a in asked:
        a.get(30)
    assert len(c.get_children("/p")) == 6000


def test_deep_and_long_paths(t):
    c = t.client()
    c.ensure_path("/" + "/".join("d%d" % i for i in range(200)))
    c.create("/" + "n" * 4000, b"long name")
    assert c.get("/" + "n" * 4000)[0] == b"long name"
    c.delete("/d0", recursive=True)


def test_soft_quota_lets_pass(t):
    c, top = t.client(), t.client(chroot="")
    c.create("/q")
    node = "/zookeeper/quota%s/q" % t.chroot
    top.ensure_path(node)
    top.create(node + "/zookeeper_limits", b"count=2,bytes=10")
    top.create(node + "/zookeeper_stats", b"count=1,bytes=0")
    for i in range(4):
        c.create("/q/%d" % i, b"12345")
    assert top.get(node + "/zookeeper_stats")[0].startswith(
        b"count=5,bytes=20")


def test_hostile_client_does_not_disturb(t):
    import socket
    from kz import HOSTS
    c = t.client()
    session = c.client_id
    host, port = HOSTS.split(":")
    for junk in (b"\xff\xff\xff\xff", b"GET / HTTP/1.0\r\n\r\n",
                 b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff" + b"x" * 1000,
                 b"\x00\x00\x00\x10" + b"\xff" * 16):
        with socket.create_connection((host, int(port)), 5) as s:
            s.sendall(junk)
            s.settimeout(5)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    c.create("/alive")
    assert c.client_id == session


if __name__ == "__main__":
    main(globals())
