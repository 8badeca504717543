#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: queues, barriers, counters, parties, leases and partitioning."""

import collections
import datetime
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import in_threads, is_now, main, until  # noqa: E402

from kazoo.recipe.lease import NonBlockingLease  # noqa: E402


def test_queue(t):
    put, get = t.client().Queue("/q"), t.client().Queue("/q")
    assert get.get() is None
    for i in range(20):
        put.put(b"%d" % i)
    assert len(get) == 20
    assert [get.get() for _ in range(20)] == [b"%d" % i for i in range(20)]
    put.put(b"low", priority=200)
    put.put(b"high", priority=10)
    assert (get.get(), get.get(), get.get()) == (b"high", b"low", None)


def test_queue_of_many_takers(t):
    put = t.client().Queue("/q")
    for i in range(100):
        put.put(b"%d" % i)
    taken = collections.Counter()

    def take(_):
        queue = t.client().Queue("/q")
        while True:
            value = queue.get()
            if value is None:
                return
            taken[value] += 1

    in_threads(4, take)
    assert len(taken) == 100 and set(taken.values()) == {1}


def test_locking_queue(t):
    put, a, b = (t.client().LockingQueue("/q") for _ in range(3))
    put.put_all([b"one", b"two"])
    put.put(b"first", priority=1)
    assert a.get(10) == b"first"
    assert b.get(10) == b"one"
    assert a.holds_lock() and a.consume() and not a.holds_lock()
    assert b.release()
    assert a.get(10) == b"one"
    assert b.get(10) == b"two"
    assert b.consume() and a.consume()
    assert a.get(0.1) is None


def test_locking_queue_of_a_client_that_stops(t):
    holder, other = t.client(), t.client()
    holder.LockingQueue("/q").put(b"task")
    assert holder.LockingQueue("/q").get(10) == b"task"
    queue = other.LockingQueue("/q")
    assert queue.get(0.1) is None
    holder.stop()
    assert queue.get(10) == b"task" and queue.consume()


def test_locking_queue_of_many_takers(t):
    t.client().LockingQueue("/q").put_all([b"%d" % i for i in range(60)])
    taken = collections.Counter()

    def take(_):
        queue = t.client().LockingQueue("/q")
        while True:
            value = queue.get(0.5)
            if value is None:
                return
            taken[value] += 1
            assert queue.consume()

    in_threads(4, take)
    assert len(taken) == 60 and set(taken.values()) == {1}, taken


def test_barrier(t):
    a, b = t.client(), t.client()
    a.Barrier("/b").create()
    passed = threading.Event()
    threading.Thread(target=lambda: b.Barrier("/b").wait(10)
                     and passed.set(), daemon=True).start()
    assert b.Barrier("/b").wait(0.2) is False
    assert not passed.is_set()
    assert a.Barrier("/b").remove() is True
    is_now(passed, "through the barrier")
    assert a.Barrier("/b").wait(0.1) is True


def test_double_barrier(t):
    inside, low, guard = [0], [], threading.Lock()

    def work(i):
        barrier = t.client().DoubleBarrier("/b", 5, "m%d" % i)
        barrier.enter()
        with guard:
            inside[0] += 1
        until(lambda: inside[0] == 5, "everybody is in")
        low.append(i)
        barrier.leave()

    in_threads(5, work)
    assert sorted(low) == [0, 1, 2, 3, 4]


def test_counter(t):
    def work(_):
        counter = t.client().Counter("/c", default=0)
        for _ in range(10):
            counter += 1

    in_threads(4, work)
    counter = t.client().Counter("/c")
    assert counter.value == 40
    counter -= 15
    assert counter.value == 25
    half = t.client().Counter("/f", default=1.5)
    half += 0.25
    assert half.value == 1.75


def test_party(t):
    a, b = t.client(), t.client()
    pa, pb = a.Party("/p", "ann"), b.Party("/p", "bob")
    pa.join()
    pb.join()
    assert sorted(pa) == ["ann", "bob"] and len(pb) == 2 and "bob" in pa
    pb.leave()
    assert list(pa) == ["ann"]
    a.stop()
    assert len(pb) == 0
    sa = t.client().ShallowParty("/s", "x1")
    sa.join()
    assert list(sa) == ["x1"]


def test_lease(t):
    minute = datetime.timedelta(minutes=1)
    a, b = t.client(), t.client()
    first = NonBlockingLease(a, "/lease", minute, identifier="a")
    assert bool(first) is True
    assert bool(NonBlockingLease(b, "/lease", minute,
                                 identifier="b")) is False


def test_set_partitioner(t):
    a, b = t.client(), t.client()
    work = set(range(10))
    pa = a.SetPartitioner("/w", work, identifier="a", time_boundary=0.1)
    pb = b.SetPartitioner("/w", work, identifier="b", time_boundary=0.1)

    def share(who):
        p = (pa, pb)[who]
        while not p.acquired:
            assert not p.failed
            if p.release:
                p.release_set()
            elif p.allocating:
                p.wait_for_acquire(10)

    in_threads(2, share)
    for _ in range(100):
        if set(pa) | set(pb) == work and not set(pa) & set(pb):
            break
        in_threads(2, share)
    assert set(pa) | set(pb) == work and not set(pa) & set(pb)
    in_threads(2, lambda i: (pa, pb)[i].finish())


if __name__ == "__main__":
    main(globals())
