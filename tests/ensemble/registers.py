# SPDX-License-Identifier: Apache-2.0
"""Users of a few registers, each asking one thing at a time: plain writes,
writes on a version, reads of three kinds.  What they ask and what they are
told makes the history that history.py judges.

Each has an ephemeral, and now and then one ends its session and begins
another: the old ephemeral goes, the new one stays."""

import contextlib
import random
import threading
import time

from kazoo.exceptions import (
    BadVersionError, NodeExistsError, ZookeeperError)

import history
from ensemble import until
from kz import drop_connection
from load import NOBODY_KNOWS, client, left

NAMES = ("r0", "r1", "r2")
KINDS = ["set"] * 3 + ["cas"] * 6 + ["read"] * 6 + ["synced"] * 2 + ["fenced"]
PAUSE_S = 0.02
RENEW = 1.0 / 400      # how often a user begins a new session
ANSWER_S = 90          # a request that takes longer is lost
GONE_S = 40            # an ephemeral of a session that was lost on its way out
SETTLE_S = 60


def path(name):
    return "/registers/" + name


class User(threading.Thread):
    """One after the other, until told to stop."""

    def __init__(self, name, hosts, ops, seed):
        super().__init__(daemon=True)
        self.user, self.hosts, self.ops = name, hosts, ops
        self.random = random.Random(seed)
        self.wrong = []
        self.is_over, self.answers, self.number = False, 0, 0
        self.begin()

    # --- a session ----------------------------------------------------------

    def begin(self):
        self.number += 1
        self.session = "%s-%d" % (self.user, self.number)
        self.known, self.count = {}, 0
        self.client = client(self.hosts, patience=ANSWER_S)
        self.id = self.client.client_id[0]
        self.make(path("fence-" + self.session))
        self.make(path("here/" + self.session), ephemeral=True)

    def make(self, *words, **more):
        """A node; an earlier try may have made it."""
        with contextlib.suppress(NodeExistsError):
            self.client.retry(self.client.create, *words, **more)

    def end(self):
        """A session that closes: its ephemeral goes with it."""
        self.check_session()
        self.client.stop()
        self.client.close()

    def check_session(self):
        now = self.client.client_id
        if not now or now[0] != self.id:
            self.wrong.append("%s: the session was lost" % self.session)

    # --- what it asks -------------------------------------------------------

    def run(self):
        while not self.is_over:
            kind = self.random.choice(KINDS)
            try:
                getattr(self, kind)(self.random.choice(NAMES))
                self.answers += 1
                if self.random.random() < RENEW:
                    self.end()
                    self.begin()
            except NOBODY_KNOWS:
                time.sleep(PAUSE_S)
            except ZookeeperError as e:
                self.wrong.append("%s: %s was answered %r" % (
                    self.session, kind, e))
            except Exception as e:
                self.wrong.append("%s: %s ended in %r" % (
                    self.session, kind, e))
                self.is_over = True
            time.sleep(self.random.uniform(0, PAUSE_S))

    def note(self, kind, name, *more, sent=None):
        op = history.Op(self.session, kind, name, *more,
                        sent=sent or time.monotonic())
        self.ops.append(op)
        return op

    def write(self, kind, name, expected=None):
        self.count += 1
        value = b"%s %d" % (self.session.encode(), self.count)
        op = self.note(kind, name, value, expected)
        asked = self.client.set_async(
            path(name), value, -1 if expected is None else expected)
        try:
            stat = asked.get(timeout=ANSWER_S)
        except BadVersionError:
            op.settle("refused", time.monotonic())
            self.known.pop(name, None)
        else:
            op.settle("ok", time.monotonic(), stat=stat)
            self.known[name] = stat.version

    def look(self, kind, name, sent=None):
        op = self.note(kind, name, sent=sent)
        if kind == "synced":
            self.client.sync_async(path(name)).get(timeout=ANSWER_S)
        asked = self.client.get_async(path(name))
        value, stat = asked.get(timeout=ANSWER_S)
        op.settle("ok", time.monotonic(), value, stat)
        self.known[name] = stat.version

    def set(self, name):
        self.write("set", name)

    def cas(self, name):
        if name not in self.known:
            return self.look("read", name)
        return self.write("cas", name, self.known[name])

    def read(self, name):
        self.look("read", name)

    def synced(self, name):
        self.look("synced", name)

    def fenced(self, name):
        """A write of one's own is behind all that was acknowledged."""
        begun = time.monotonic()
        self.write("set", "fence-" + self.session)
        self.look("fenced", name, begun)

    # --- the end ------------------------------------------------------------

    def state(self):
        """For whoever wonders why it is not served."""
        mine = [op for op in self.ops if op.session == self.session]
        sock = self.client._connection._socket
        return "%s: %s, %s, last asked: %s, wrong: %s" % (
            self.session, self.client.state, sock, mine[-2:], self.wrong)

    def stop(self, end):
        self.is_over = True
        self.join(left(end))
        if self.is_alive():
            self.wrong.append("%s: was never answered" % self.session)
        self.check_session()

    def close(self):
        self.client.stop()
        self.client.close()


class Registers:
    """All users together.  start, ..., settle, verify, close."""

    gone_s = GONE_S

    def __init__(self, hosts, seed, users=5):
        self.hosts = ",".join([hosts] * 2)
        self.ops = []
        c = client(self.hosts)
        c.ensure_path("/registers/here")
        for name in NAMES:
            c.create(path(name))
        c.stop()
        c.close()
        self.users = [User("u%d" % i, self.hosts, self.ops,
                           "%s/u%d" % (seed, i)) for i in range(users)]

    def start(self):
        for user in self.users:
            user.start()

    def served(self, seconds):
        """Wait until every user got an answer after now."""
        before = [user.answers for user in self.users]

        def late():
            return [user for user, n in zip(self.users, before)
                    if user.answers <= n]
        until(lambda: not late(), lambda: "users are served, but %s" %
              [user.state() for user in late()], seconds)

    def scatter(self, random):
        """Cut half of the connections."""
        for user in self.users:
            if random.random() < 0.5:
                drop_connection(user.client)

    def settle(self):
        end = time.monotonic() + SETTLE_S
        for user in self.users:
            user.stop(end)

    def verify(self, members, excused=lambda op: False):
        """What each member shows in the end belongs to the history; excused
        are reads behind a sync that may be late after all."""
        wrong = [w for m in members for w in self.see(m)]
        return self.so_far(excused) + wrong

    def so_far(self, excused):
        """What is wrong by now, while the users are at work or at rest."""
        wrong = [w for user in self.users for w in user.wrong]
        return wrong + history.check([op.copy() for op in list(self.ops)],
                                     excused)

    def see(self, member):
        c = client(member.hosts)
        try:
            c.retry(c.sync, "/registers")
            for name in c.get_children("/registers"):
                if name != "here":
                    op = history.Op(repr(member), "synced", name,
                                    sent=time.monotonic())
                    self.ops.append(op)
                    value, stat = c.get(path(name))
                    op.settle("ok", time.monotonic(), value, stat)
            return ["on %r: %s" % (member, w) for w in self.check_here(c)]
        finally:
            c.stop()
            c.close()

    def check_here(self, c):
        """The ephemerals are those of the sessions that live."""
        end = time.monotonic() + self.gone_s
        living = {user.session: user.id for user in self.users}
        while True:
            here = set(c.get_children("/registers/here"))
            if here == set(living) or time.monotonic() > end:
                break
            time.sleep(0.1)
        for name in sorted(here - set(living)):
            yield "the ephemeral of %s is there, which ended" % name
        for name in sorted(set(living) - here):
            yield "the ephemeral of %s is gone, which lives" % name
        for name in sorted(here & set(living)):
            owner = c.get(path("here/" + name))[1].ephemeralOwner
            if owner != living[name]:
                yield "the ephemeral of %s is of session 0x%x" % (name, owner)

    def close(self):
        for user in self.users:
            user.close()
