# SPDX-License-Identifier: Apache-2.0
"""The load: real clients that write, read, watch, lodge and die.

Writers   kazoo sessions with up to DEPTH writes on their way, and one C
          session (client.c) with many more; all noted in a Book.
Readers   check while they read: nobody sees a value go back, or older than
          one acknowledged before the read began, or half a pair.
Watcher   a DataWatch on every counter; at the end it must know the last one.
Lodgers   C processes with an ephemeral each, killed one by one."""

import collections
import os
import random
import signal
import subprocess
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import (
    ConnectionClosedError, ConnectionLoss, SessionExpiredError,
    ZookeeperError)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.retry import KazooRetry

from kz import drop_connection
from ledger import Book

DEPTH = 8
BURST_MAX = 24         # writes without a pause: mostly many are on their way
LIVE_S = 30.0          # timeout of the sessions that must live
# A client gives one address a share of its session timeout to answer; with
# one address a single connect that hangs would cost the session.
ADDRESSES = 6
LODGE_MS = 1500        # of those that are killed
NOBODY_KNOWS = (ConnectionLoss, SessionExpiredError, ConnectionClosedError)
SETTLE_S = 40          # for the answers to all that is on its way
BASE = ("c", "s", "m", "q", "p", "e", "d")
# How often each kind is written.
MIX = (["create"] * 6 + ["delete"] * 2 + ["set"] * 5 + ["both"] * 3 +
       ["pair"] * 3 + ["unpair"] * 2 + ["next"] * 3)


def left(end):
    """Seconds until `end`, and a moment after it."""
    return max(0.1, end - time.monotonic())


def client(hosts, timeout=LIVE_S, patience=30):
    """A connected one.  kazoo says "time-out" at once, too, when its first
    connection is lost before it looks."""
    retry = dict(max_tries=-1, delay=0.05, backoff=1.5, max_delay=0.5)
    end = time.monotonic() + patience
    while True:
        c = KazooClient(hosts=hosts, timeout=timeout,
                        connection_retry=KazooRetry(**retry))
        try:
            c.start(timeout=left(end))
            return c
        except KazooTimeoutError:
            if time.monotonic() > end:
                raise


def must_live(user):
    """Whatever happens to servers, the session of this user goes on until it
    is_over; what is `wrong` is told if not.  That of who only looks on, too:
    nobody hears of it but by its pings."""
    session = user.client.client_id[0] & (1 << 64) - 1

    def on_state(state):
        if state == "LOST" and not user.is_over:
            user.wrong.append("session 0x%x was lost" % session)
    user.client.add_listener(on_state)


class Writer(threading.Thread):
    """One kazoo session that writes until told to stop."""

    def __init__(self, name, hosts, seed):
        super().__init__(daemon=True)
        self.book = Book(name)
        self.random = random.Random(seed)
        self.client = client(hosts)
        self.book.session = self.client.client_id[0]
        self.wrong, self.is_over = self.book.wrong, False
        must_live(self)
        self.window = threading.Semaphore(DEPTH)
        self.count = collections.Counter()
        self.may_delete, self.may_unpair = [], []
        c = self.client
        c.create("/load/s/%s" % name, b"0")
        c.create("/load/m/%s-a" % name, b"0")
        c.create("/load/m/%s-b" % name, b"0")
        self.write("eph")

    def run(self):
        while not self.is_over:
            for _ in range(self.random.randrange(BURST_MAX)):
                self.write(self.random.choice(MIX))
            time.sleep(self.random.uniform(0, 0.1))

    def write(self, kind):
        if kind == "delete" and not self.may_delete or \
                kind == "unpair" and len(self.may_unpair) < 4:
            kind = "create"
        if not self.window.acquire(timeout=60):
            self.book.wrong.append("no answer to a write for 60 s")
            self.is_over = True
            return
        if kind == "delete":
            n = self.may_delete.pop(0)
        elif kind == "unpair":
            n = self.may_unpair.pop(0)
        else:
            self.count[kind] += 1
            n = self.count[kind]
        op = self.book.add(kind, n)
        try:
            asked = getattr(self, kind)(op)
        except NOBODY_KNOWS as e:
            self.settled(op, "unknown", type(e).__name__)
            return
        asked.rawlink(lambda result: self.on_answer(op, result))

    def create(self, op):
        return self.client.create_async(
            "/load/c/%s-%d" % (self.book.writer, op.n), self.book.token(op))

    def delete(self, op):
        return self.client.delete_async(
            "/load/c/%s-%d" % (self.book.writer, op.n))

    def set(self, op):
        return self.client.set_async("/load/s/%s" % self.book.writer,
                                     b"%d" % op.n)

    def both(self, op):
        tx = self.client.transaction()
        for half in "ab":
            tx.set_data("/load/m/%s-%s" % (self.book.writer, half),
                        b"%d" % op.n)
        return tx.commit_async()

    def pair(self, op):
        tx = self.client.transaction()
        for half in "ab":
            tx.create("/load/p/%s-%d-%s" % (self.book.writer, op.n, half))
        return tx.commit_async()

    def unpair(self, op):
        tx = self.client.transaction()
        for half in "ab":
            tx.delete("/load/p/%s-%d-%s" % (self.book.writer, op.n, half))
        return tx.commit_async()

    def next(self, op):
        return self.client.create_async("/load/q/%s-" % self.book.writer,
                                        self.book.token(op), sequence=True)

    def eph(self, op):
        return self.client.create_async(
            "/load/e/%s-%d" % (self.book.writer, op.n), ephemeral=True)

    def on_answer(self, op, result):
        try:
            answer = result.get(block=False)
        except NOBODY_KNOWS as e:
            self.settled(op, "unknown", type(e).__name__)
        except ZookeeperError as e:
            self.settled(op, "failed", type(e).__name__)
        except Exception as e:
            self.book.wrong.append("%r: the client says %r" % (op, e))
            self.settled(op, "unknown", type(e).__name__)
        else:
            failed = [r for r in answer if isinstance(r, Exception)] \
                if isinstance(answer, list) else []
            if failed:
                self.settled(op, "failed", type(failed[-1]).__name__)
            else:
                self.settled(op, "ok", answer)

    def settled(self, op, outcome, answer):
        self.book.settle(op, outcome, answer)
        if outcome == "ok" and op.kind == "create" and op.n % 3 == 0:
            self.may_delete.append(op.n)
        if outcome == "ok" and op.kind == "pair":
            self.may_unpair.append(op.n)
        self.window.release()

    def stop(self, end):
        """No more writes; wait for the answers to those on their way."""
        self.is_over = True
        self.join(left(end))
        for _ in range(DEPTH):
            if not self.window.acquire(timeout=left(end)):
                self.book.wrong.append("a write was never answered")
        now = self.client.client_id
        if not now or now[0] != self.book.session:
            self.book.wrong.append("the session changed")

    def close(self):
        self.client.stop()
        self.client.close()


class PipeWriter(threading.Thread):
    """The C session: creates and sets, many on their way."""

    def __init__(self, name, hosts, program, top, depth=64):
        super().__init__(daemon=True)
        self.book = Book(name)
        top.create("/load/s/%s" % name, b"0")
        self.child = subprocess.Popen(
            [program, "write", hosts, name, str(int(LIVE_S * 1000)),
             str(depth)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, bufsize=1 << 16)
        self.waiting = {}

    def run(self):
        for line in self.child.stdout:
            word, *rest = line.split()
            if word == "sent":
                kind, n, ns = rest[0], int(rest[1]), int(rest[2])
                self.waiting[kind, n] = self.book.add(kind, n, ns / 1e9)
            elif word == "done":
                self.on_done(rest[0], *map(int, rest[1:]))
            elif word == "session":
                self.book.session = int(rest[0])
            elif word == "lost":
                self.book.wrong.append("the C session was lost")

    def on_done(self, kind, n, rc, zxid, version, ns):
        op = self.waiting.pop((kind, n))
        # -4 connection loss, -7 timeout, -112 expired, -116 closing
        if rc in (-4, -7, -112, -116):
            self.book.settle(op, "unknown", str(rc), ns / 1e9)
        elif rc:
            self.book.settle(op, "failed", str(rc), ns / 1e9)
        else:
            stat = collections.namedtuple("Stat", "mzxid version")
            self.book.settle(op, "ok", stat(zxid, version), ns / 1e9)

    def stop(self, end):
        self.child.stdin.close()
        self.join(left(end))
        if self.is_alive():
            self.book.wrong.append("the C client hangs")

    def close(self):
        self.child.kill()
        self.child.wait()


class Reader(threading.Thread):
    """Reads counters and pairs, and says what no reader may see."""

    sees_acked = True   # what was acknowledged is there, wherever it reads

    def __init__(self, name, hosts, books, seed):
        super().__init__(daemon=True)
        self.client = client(hosts)
        self.books, self.random = books, random.Random(seed)
        self.seen = collections.Counter()
        self.zxid = collections.Counter()
        self.wrong, self.reads, self.is_over = [], 0, False
        must_live(self)

    def run(self):
        while not self.is_over:
            try:
                if self.random.random() < 0.1:
                    self.read_pairs()
                else:
                    self.read_counter(self.random.choice(self.books))
                self.reads += 1
            except NOBODY_KNOWS:
                time.sleep(0.02)
            except Exception as e:
                self.wrong.append("a reader got %r" % e)
                time.sleep(0.1)
            time.sleep(self.random.uniform(0, 0.006))

    def read_counter(self, book):
        acked = book.set_acked
        data, stat = self.client.get("/load/s/" + book.writer)
        value, sent = int(data), book.set_sent
        if value < acked and self.sees_acked:
            self.wrong.append("read %d of %s after %d was acknowledged" %
                              (value, book.writer, acked))
        # The C writer's lines reach its book some time later.
        if value > sent and book.writer != "pipe":
            self.wrong.append("read %d of %s, which was never sent" %
                              (value, book.writer))
        if value < self.seen[book.writer] or \
                stat.mzxid < self.zxid[book.writer]:
            self.wrong.append("%s went back from %d to %d" % (
                book.writer, self.seen[book.writer], value))
        self.seen[book.writer] = value
        self.zxid[book.writer] = stat.mzxid

    def read_pairs(self):
        names = set(self.client.get_children("/load/p"))
        for name in names:
            other = name[:-1] + ("b" if name[-1] == "a" else "a")
            if other not in names:
                self.wrong.append("saw %s without its other half" % name)

    def stop(self, end):
        self.is_over = True
        self.join(left(end))
        if self.is_alive():
            self.wrong.append("a read was never answered")

    def close(self):
        self.client.stop()
        self.client.close()


class Watcher:
    """A DataWatch on every counter."""

    def __init__(self, hosts, books):
        self.client = client(hosts)
        self.last = {}
        self.wrong, self.is_over = [], False
        must_live(self)
        for book in books:
            self.client.DataWatch("/load/s/" + book.writer,
                                  self.remember(book.writer))

    def remember(self, name):
        def on_change(data, stat):
            value = int(data) if data is not None else -1
            if value < self.last.get(name, 0):
                self.wrong.append("the watcher of %s went back to %d" %
                                  (name, value))
            self.last[name] = value
        return on_change

    def close(self):
        self.is_over = True
        self.client.stop()
        self.client.close()


class Lodger:
    """A process with an ephemeral, to be killed without a word."""

    def __init__(self, number, hosts, program):
        self.name = "lodger-%d" % number
        self.child = subprocess.Popen(
            [program, "lodge", hosts, "/load/d/" + self.name,
             str(LODGE_MS)], stdout=subprocess.PIPE, text=True)

    def die(self):
        """Kill it; True if its ephemeral had been acknowledged."""
        with self.child:
            self.child.send_signal(signal.SIGKILL)
            return self.child.stdout.read().startswith("lodged")


class Load:
    """All clients together.  start, ..., settle, (verify), close."""

    reader = Reader

    def __init__(self, hosts, seed, program, kazoo_writers=4, readers=2):
        hosts = ",".join([hosts] * ADDRESSES)
        self.hosts, self.program = hosts, program
        self.top = client(hosts)
        self.top.ensure_path("/load")
        for name in BASE:
            self.top.ensure_path("/load/" + name)
        self.writers = [Writer("w%d" % i, hosts, "%s/w%d" % (seed, i))
                        for i in range(kazoo_writers)]
        self.writers.append(PipeWriter("pipe", hosts, program, self.top))
        self.books = [w.book for w in self.writers]
        self.readers = [self.reader("r%d" % i, hosts, self.books,
                                    "%s/r%d" % (seed, i))
                        for i in range(readers)]
        self.watcher = Watcher(hosts, self.books)
        self.lodgers, self.dead, self.lodger_count = [], [], 0

    def fill(self, nodes):
        """Other nodes, so that loading the tree takes its time."""
        asked = []
        for first in range(0, nodes, 500):
            tx = self.top.transaction()
            tx.create("/bulk-%d" % first)
            for i in range(min(500, nodes - first)):
                tx.create("/bulk-%d/%d" % (first, i), b"x" * 100)
            asked.append(tx.commit_async())
        for a in asked:
            a.get(60)

    def start(self):
        for th in self.writers + self.readers:
            th.start()

    def lodge(self):
        """One more lodger; the one before it dies."""
        if self.lodgers:
            lodger = self.lodgers.pop()
            if lodger.die():
                self.dead.append(lodger.name)
        self.lodger_count += 1
        self.lodgers.append(Lodger(self.lodger_count, self.hosts,
                                   self.program))

    def scatter(self, random):
        """Cut half of the connections; the sessions come back elsewhere.
        Else a killed client process would have nobody to serve for long."""
        for c in self.writers + self.readers + [self.watcher]:
            if isinstance(c, PipeWriter) or random.random() < 0.5:
                continue
            drop_connection(c.client)

    def pids(self):
        """Of those whose sessions must live."""
        return [os.getpid()] + [w.child.pid for w in self.writers
                                if isinstance(w, PipeWriter)]

    def progress(self):
        """Of each client, something that grows while it is served."""
        return [b.acked for b in self.books] + [r.reads for r in self.readers]

    def settle(self):
        """Stop writing and reading; wait for what is on its way."""
        if self.lodgers:
            lodger = self.lodgers.pop()
            if lodger.die():
                self.dead.append(lodger.name)
        end = time.monotonic() + SETTLE_S
        for th in self.writers + self.readers:
            th.stop(end)

    def close(self):
        for lodger in self.lodgers:
            lodger.die()
        for c in self.writers + self.readers + [self.watcher]:
            c.close()
        self.top.stop()
        self.top.close()
