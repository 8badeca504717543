#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo: locks, read-write locks, semaphores and elections, also contended
and with the holder's session gone."""

import contextlib
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
from kz import (  # noqa: E402
    drop_connection, in_threads, is_now, main, raises, states, until,
    vanish)

from kazoo.exceptions import KazooException, LockTimeout  # noqa: E402


class Inside:
    """Counts who is in the critical section and remembers the worst."""

    def __init__(self, seconds=0.002):
        self.guard = threading.Lock()
        self.seconds = seconds
        self.now = self.most = self.times = 0

    def __enter__(self):
        with self.guard:
            self.now += 1
            self.times += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)

    def __exit__(self, *_):
        with self.guard:
            self.now -= 1


def test_acquire_and_release(t):
    c = t.client()
    lock = c.Lock("/l", "me")
    assert lock.acquire() and lock.is_acquired
    assert lock.contenders() == ["me"]
    assert lock.release() is True and not lock.is_acquired
    with c.Lock("/l"):
        pass
    assert c.get_children("/l") == []


def test_a_held_lock_refuses_others(t):
    a, b = t.client(), t.client()
    held = a.Lock("/l", "a")
    held.acquire()
    other = b.Lock("/l", "b")
    assert other.acquire(blocking=False) is False
    with raises(LockTimeout):
        other.acquire(timeout=0.2)
    held.release()
    assert other.acquire(timeout=10)


def test_contended_by_clients(t):
    inside = Inside()

    def work(i):
        lock = t.client().Lock("/l", "client %d" % i)
        for _ in range(10):
            with lock:
                with inside:
                    pass

    in_threads(8, work)
    assert (inside.most, inside.times) == (1, 80)


def test_contended_by_threads_of_one_client(t):
    c, inside = t.client(), Inside()

    def work(i):
        for _ in range(10):
            with c.Lock("/l", "thread %d" % i):
                with inside:
                    pass

    in_threads(8, work)
    assert (inside.most, inside.times) == (1, 80)


def test_contended_while_connections_break(t):
    inside, over = Inside(), threading.Event()
    clients = [t.client() for _ in range(4)]

    def work(i):
        if i == 4:
            for k in range(12):
                time.sleep(0.1)
                drop_connection(clients[k % 4])
            over.set()
            return
        while not over.is_set():
            lock = clients[i].Lock("/l", "client %d" % i)
            # acquire and release retry by themselves; the session lives.
            with lock:
                with inside:
                    pass

    in_threads(5, work)
    assert inside.most == 1 and inside.times > 8, inside.times


def test_waiters_are_served_in_order(t):
    order = []
    first = t.client().Lock("/l")
    first.acquire()
    threads = []
    for i in range(5):
        lock = t.client().Lock("/l", "w%d" % i)

        def wait(lock=lock, i=i):
            with lock:
                order.append(i)
        th = threading.Thread(target=wait, daemon=True)
        th.start()
        threads.append(th)
        until(lambda: len(first.contenders()) == i + 2, "waiter %d" % i)
    first.release()
    for th in threads:
        th.join(10)
    assert order == [0, 1, 2, 3, 4], order


def test_holder_stops(t):
    a, b = t.client(), t.client()
    a.Lock("/l", "a").acquire()
    lock, got = b.Lock("/l", "b"), threading.Event()
    threading.Thread(target=lambda: lock.acquire() and got.set(),
                     daemon=True).start()
    until(lambda: len(b.get_children("/l")) == 2, "b waits")
    a.stop()
    is_now(got, "b has the lock")


def test_holder_session_dies(t):
    """The holder vanishes; the lock moves when its session has expired."""
    a, b = t.client(timeout=1.0), t.client()
    held = a.Lock("/l", "a")
    held.acquire()
    lock, got = b.Lock("/l", "b"), threading.Event()
    threading.Thread(target=lambda: lock.acquire() and got.set(),
                     daemon=True).start()
    until(lambda: len(b.get_children("/l")) == 2, "b waits")
    begin = time.monotonic()
    vanish(a)
    is_now(got, "b has the lock")
    assert time.monotonic() - begin > 0.3, "not before it has expired"


def test_read_and_write_locks(t):
    r1, r2, w = t.client(), t.client(), t.client()
    a, b = r1.ReadLock("/l", "r1"), r2.ReadLock("/l", "r2")
    assert a.acquire(timeout=10) and b.acquire(timeout=10)
    writer = w.WriteLock("/l", "w")
    assert writer.acquire(blocking=False) is False
    a.release()
    b.release()
    assert writer.acquire(timeout=10)
    late = r1.ReadLock("/l", "late")
    assert late.acquire(blocking=False) is False
    writer.release()
    assert late.acquire(timeout=10)


def test_semaphore(t):
    inside = Inside(0.05)

    def work(i):
        semaphore = t.client().Semaphore("/s", "c%d" % i, max_leases=3)
        for _ in range(5):
            with semaphore:
                with inside:
                    pass

    in_threads(6, work)
    assert 1 < inside.most <= 3 and inside.times == 30, inside.most


def test_election(t):
    led, inside = [], Inside()

    def run(i):
        election = t.client().Election("/e", "candidate %d" % i)

        def lead():
            with inside:
                led.append(i)
        election.run(lead)

    in_threads(5, run)
    assert sorted(led) == [0, 1, 2, 3, 4] and inside.most == 1


def test_election_moves_when_the_leader_dies(t):
    a, b = t.client(timeout=1.0), t.client()
    leads, follows, end = threading.Event(), threading.Event(), \
        threading.Event()
    first = a.Election("/e", "a")

    def lead():
        with contextlib.suppress(KazooException):   # it cannot release
            first.run(lambda: (leads.set(), end.wait(20)))
    threading.Thread(target=lead, daemon=True).start()
    is_now(leads, "a leads")
    second = b.Election("/e", "b")
    threading.Thread(target=lambda: second.run(follows.set),
                     daemon=True).start()
    until(lambda: second.contenders() == ["a", "b"], "both stand")
    vanish(a)
    is_now(follows, "b leads")
    end.set()


def test_lock_is_kept_over_a_reconnect(t):
    a, b = t.client(), t.client()
    held = a.Lock("/l", "a")
    held.acquire()
    seen = states(a)
    drop_connection(a)
    until(lambda: "CONNECTED" in seen, "connected again")
    assert b.Lock("/l", "b").acquire(blocking=False) is False
    assert held.release()
    assert b.Lock("/l", "b").acquire(timeout=10)


if __name__ == "__main__":
    main(globals())
