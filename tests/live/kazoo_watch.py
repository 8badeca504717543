#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: watches.  One-time watches of every kind, DataWatch, ChildrenWatch,
PatientChildrenWatch, TreeCache; watches across a reconnect; many watchers."""

import os
import queue
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import (  # noqa: E402
    drop_connection, is_now, main, states, until)

from kazoo.recipe.cache import TreeCache  # noqa: E402
from kazoo.recipe.watchers import PatientChildrenWatch  # noqa: E402


class Heard:
    """A watch function that remembers its events."""

    def __init__(self):
        self.events = queue.Queue()

    def __call__(self, event):
        self.events.put((event.type, event.path))

    def next(self):
        return self.events.get(timeout=10)

    def nothing(self):
        return self.events.empty()


def test_one_time_watches(t):
    c, other = t.client(), t.client()
    made, data, kids, gone = Heard(), Heard(), Heard(), Heard()
    assert c.exists("/a", watch=made) is None
    other.create("/a", b"1")
    assert made.next() == ("CREATED", "/a")
    c.get("/a", watch=data)
    other.set("/a", b"2")
    assert data.next() == ("CHANGED", "/a")
    c.get_children("/a", watch=kids)
    other.create("/a/b")
    assert kids.next() == ("CHILD", "/a")
    c.exists("/a/b", watch=gone)
    other.delete("/a/b")
    assert gone.next() == ("DELETED", "/a/b")
    other.set("/a", b"3")
    other.create("/a/c")
    c.sync("/")
    assert all(h.nothing() for h in (made, data, kids, gone))


def test_delete_tells_data_and_child_watchers(t):
    c = t.client()
    c.create("/a")
    data, kids = Heard(), Heard()
    c.get("/a", watch=data)
    c.get_children("/a", watch=kids)
    t.client().delete("/a")
    assert data.next() == ("DELETED", "/a")
    assert kids.next() == ("DELETED", "/a")


def test_the_event_comes_before_the_changed_state(t):
    c, other = t.client(), t.client()
    c.create("/a", b"0")
    c.create("/b", b"0")
    for i in range(1, 200):
        heard = threading.Event()
        c.get("/a", watch=lambda event: heard.set())
        queue_of_two = [other.set_async("/a", b"%d" % i),
                        other.set_async("/b", b"%d" % i)]
        while c.get("/b")[0] != b"%d" % i:
            pass
        # The event was read off the socket before that reply; the function
        # is called by another thread, so give it a moment.
        is_now(heard, "the event of round %d" % i, 1)
        for asked in queue_of_two:
            asked.get(10)


def test_data_watch(t):
    c, other = t.client(), t.client()
    seen = queue.Queue()

    @c.DataWatch("/d")
    def watch(data, stat):
        seen.put((data, stat.version if stat else None))

    assert seen.get(timeout=10) == (None, None)
    other.create("/d", b"a")
    assert seen.get(timeout=10) == (b"a", 0)
    for i in range(20):
        other.set("/d", b"%d" % i)
        assert seen.get(timeout=10) == (b"%d" % i, i + 1)
    other.delete("/d")
    assert seen.get(timeout=10) == (None, None)
    other.create("/d", b"again")
    assert seen.get(timeout=10) == (b"again", 0)


def test_children_watch(t):
    c, other = t.client(), t.client()
    c.create("/p")
    seen = queue.Queue()

    @c.ChildrenWatch("/p")
    def watch(children):
        seen.put(sorted(children))

    assert seen.get(timeout=10) == []
    for i in range(10):
        other.create("/p/%d" % i)
        assert seen.get(timeout=10) == [str(k) for k in range(i + 1)]
    other.delete("/p/0")
    assert seen.get(timeout=10) == [str(k) for k in range(1, 10)]


def test_children_watch_ends_when_told(t):
    c, other = t.client(), t.client()
    c.create("/p")
    calls = []
    is_over = threading.Event()

    @c.ChildrenWatch("/p")
    def watch(children):
        calls.append(children)
        if len(calls) == 2:
            is_over.set()
            return False

    other.create("/p/1")
    is_now(is_over, "two calls")
    other.create("/p/2")
    c.sync("/")
    c.get("/p")
    assert len(calls) == 2


def test_patient_children_watch(t):
    c, other = t.client(), t.client()
    c.create("/p")
    asked = PatientChildrenWatch(c, "/p", time_boundary=0.3).start()
    for i in range(5):
        other.create("/p/%d" % i)
    children, changed = asked.get(timeout=10)
    assert len(children) == 5
    other.create("/p/5")
    changed.get(timeout=10)


def test_tree_cache(t):
    c, other = t.client(), t.client()
    other.ensure_path("/t/a/b")
    cache = TreeCache(c, "/t")
    cache.start()
    try:
        until(lambda: cache.get_children("/t/a") == {"b"}, "first fill")
        other.create("/t/a/b/c", b"deep")
        until(lambda: cache.get_data("/t/a/b/c") is not None
              and cache.get_data("/t/a/b/c").data == b"deep", "a new leaf")
        other.delete("/t/a", recursive=True)
        until(lambda: cache.get_children("/t") == set(), "all gone")
    finally:
        cache.close()


def test_data_watch_survives_reconnect(t):
    c, other = t.client(), t.client()
    other.create("/d", b"0")
    values = queue.Queue()

    @c.DataWatch("/d")
    def watch(data, stat):
        values.put(data)

    assert values.get(timeout=10) == b"0"
    for i in range(1, 4):
        seen = states(c)
        drop_connection(c)
        other.set("/d", b"%d" % i)
        until(lambda: "CONNECTED" in seen, "connected again")
        while values.get(timeout=10) != b"%d" % i:
            pass


def test_watch_set_by_an_ephemerals_end(t):
    c, owner = t.client(), t.client()
    owner.create("/e", ephemeral=True)
    gone, kids = Heard(), Heard()
    c.exists("/e", watch=gone)
    c.get_children("/", watch=kids)
    owner.stop()
    assert gone.next() == ("DELETED", "/e")
    assert kids.next()[0] == "CHILD"


def test_many_watchers_of_one_node(t):
    clients = [t.client() for _ in range(20)]
    clients[0].create("/hot", b"")
    left = threading.Semaphore(0)
    for c in clients:
        for _ in range(5):
            # One function each: equal functions count once in kazoo.
            c.get("/hot", watch=lambda event: left.release())
    clients[0].set("/hot", b"x")
    for i in range(100):
        assert left.acquire(timeout=10), "%d of 100 events" % i


def test_watches_of_many_nodes(t):
    c, other = t.client(), t.client()
    for i in range(300):
        c.create("/n%d" % i)
    heard = Heard()
    for i in range(300):
        c.get("/n%d" % i, watch=heard)
    asked = [other.set_async("/n%d" % i, b"") for i in range(300)]
    for a in asked:
        a.get(10)
    got = [heard.next() for _ in range(300)]
    assert got == [("CHANGED", "/n%d" % i) for i in range(300)], "in order"


if __name__ == "__main__":
    main(globals())
