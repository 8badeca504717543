#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: sessions.  Reconnect with the session and its ephemerals alive,
expiry, timeouts, passwords, and the server's own end: stopped, killed and
started again."""

import os
import queue
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import (  # noqa: E402
    drop_connection, in_threads, is_now, main, raises, server, states,
    until, vanish)

from kazoo.exceptions import NodeExistsError  # noqa: E402


def connected_again(c, seen):
    until(lambda: "CONNECTED" in seen, "connected again", 30)


def test_reconnect_keeps_session_and_ephemerals(t):
    c, other = t.client(), t.client()
    session = c.client_id
    c.create("/e", ephemeral=True)
    for _ in range(5):
        seen = states(c)
        drop_connection(c)
        connected_again(c, seen)
        assert seen[0] == "SUSPENDED" and "LOST" not in seen, seen
        assert c.client_id == session
        assert c.get("/e")[1].ephemeralOwner == session[0]
        assert other.exists("/e")
    c.stop()
    assert other.exists("/e") is None


def test_resume_with_the_client_id(t):
    """A second process that knows id and password takes the session over."""
    a, other = t.client(), t.client()
    a.create("/e", ephemeral=True)
    who = a.client_id
    vanish(a)
    b = t.client(client_id=who)
    assert b.client_id == who
    assert b.get("/e")[1].ephemeralOwner == who[0]
    b.create("/e2", ephemeral=True)
    b.stop()
    assert other.get_children("/") == []


def test_resume_with_a_wrong_password(t):
    a = t.client()
    a.create("/e", ephemeral=True)
    session, password = a.client_id
    wrong = bytes(255 - x for x in password)
    b = t.client(client_id=(session, wrong))
    assert b.client_id[0] != session, "refused; kazoo asked for a new one"
    until(lambda: a.connected, "the rightful client")
    assert a.retry(a.get, "/e")[1].ephemeralOwner == session
    assert a.client_id == (session, password)


def test_expiry_removes_ephemerals(t):
    c, other = t.client(timeout=1.0), t.client()
    c.create("/e", ephemeral=True)
    c.create("/q-", ephemeral=True, sequence=True)
    c.create("/stays")
    gone = threading.Event()
    other.exists("/e", watch=lambda event: gone.set())
    begin = time.monotonic()
    vanish(c)
    is_now(gone, "expired")
    took = time.monotonic() - begin
    assert took > 0.4, took
    until(lambda: other.get_children("/") == ["stays"], "both are gone")


def test_expired_session_is_told_so(t):
    a = t.client(timeout=1.0)
    who = a.client_id
    other = t.client()
    a.create("/e", ephemeral=True)
    vanish(a)
    until(lambda: not other.exists("/e"), "expired")
    b = t.client(client_id=who)
    assert b.client_id[0] != who[0]
    assert b.exists("/e") is None


def test_idle_sessions_live_by_their_pings(t):
    c, other = t.client(timeout=2.0), t.client()
    session = c.client_id
    c.create("/e", ephemeral=True)
    seen = states(c)
    time.sleep(5)
    assert c.client_id == session and seen == [], seen
    assert other.exists("/e").ephemeralOwner == session[0]


def test_timeouts_are_negotiated(t):
    """Between minSessionTimeout 1 s and maxSessionTimeout 60 s."""
    for asked, granted in ((0.2, 1000), (5.0, 5000), (600.0, 60000)):
        c = t.client(timeout=asked)
        lines = [x for x in c.command(b"cons").split("\n")
                 if "sid=0x%x" % (c.client_id[0] & (2 ** 64 - 1)) in x]
        assert len(lines) == 1 and "to=%d," % granted in lines[0], lines
        c.stop()


def test_session_ids_differ(t):
    clients = [t.client() for _ in range(20)]
    assert len({c.client_id[0] for c in clients}) == 20
    assert len({c.client_id[1] for c in clients}) == 20
    assert all(len(c.client_id[1]) == 16 for c in clients)


def test_close_and_start_again(t):
    c = t.client()
    first = c.client_id[0]
    c.create("/e", ephemeral=True)
    c.restart()
    assert c.client_id[0] != first
    assert c.exists("/e") is None


def test_many_connections_at_once(t):
    def come_and_go(i):
        for k in range(5):
            c = t.client()
            c.create("/e-%d-%d" % (i, k), ephemeral=True)
            c.stop()

    in_threads(10, come_and_go)
    assert t.client().get_children("/") == []


def test_server_killed_and_started(t):
    """Everything acknowledged is there; sessions and ephemerals live."""
    c, w = t.client(timeout=20.0), t.client(timeout=20.0)
    session = c.client_id
    c.create("/e", b"eph", ephemeral=True)
    c.create("/p", b"0")
    last = c.set("/p", b"1")
    asked = [c.create_async("/n%03d" % i, b"x") for i in range(100)]
    for a in asked:
        a.get(10)
    values = queue.Queue()
    w.DataWatch("/p", lambda data, stat: values.put(data))
    assert values.get(timeout=10) == b"1"
    seen, seen_w = states(c), states(w)
    server("kill")
    until(lambda: "SUSPENDED" in seen, "the client notices")
    queued = c.set_async("/p", b"sent after the reconnect")
    server("start")
    connected_again(c, seen)
    connected_again(w, seen_w)
    assert c.client_id == session and "LOST" not in seen
    assert queued.get(10).version == last.version + 1
    assert c.get("/e")[1].ephemeralOwner == session[0]
    assert sum(n[0] == "n" for n in c.get_children("/")) == 100
    c.set("/p", b"after")
    while values.get(timeout=10) != b"after":
        pass


def test_server_stopped_and_started(t):
    c = t.client(timeout=20.0)
    session = c.client_id
    c.create("/e", ephemeral=True)
    c.create("/s-", sequence=True)
    seen = states(c)
    server("stop")
    server("start")
    connected_again(c, seen)
    assert c.client_id == session
    assert c.exists("/e").ephemeralOwner == session[0]
    assert c.create("/s-", sequence=True) == "/s-0000000002"
    with raises(NodeExistsError):
        c.create("/s-0000000001")


def test_ephemerals_of_the_dead_go_after_a_restart(t):
    c, other = t.client(timeout=1.5), t.client(timeout=20.0)
    c.create("/e", ephemeral=True)
    vanish(c)
    server("kill")
    seen = states(other)
    server("start")
    connected_again(other, seen)
    until(lambda: not other.exists("/e"), "expired after the restart")


def test_a_closed_session_stays_closed_after_a_restart(t):
    c, other = t.client(), t.client(timeout=20.0)
    who = c.client_id
    c.create("/e", ephemeral=True)
    c.stop()
    assert other.exists("/e") is None
    seen = states(other)
    server("kill")
    server("start")
    connected_again(other, seen)
    assert other.exists("/e") is None
    b = t.client(client_id=who)
    assert b.client_id[0] != who[0]


def test_zxids_do_not_go_back_over_a_restart(t):
    c = t.client(timeout=20.0)
    c.create("/z")
    last = c.set("/z", b"1").mzxid
    seen = states(c)
    server("kill")
    server("start")
    connected_again(c, seen)
    assert c.set("/z", b"2").mzxid > last
    assert c.last_zxid > last


if __name__ == "__main__":
    main(globals())
