# SPDX-License-Identifier: Apache-2.0
"""One case under way: its ensemble, its load, what went wrong so far.

A case is a function cases_*.py marks with @case; it gets a Trial and the
words it was given, does what its name says and calls finish()."""

import os
import random
import re
import signal
import time

import everywhere
import net as network
from crowd import Crowd
from ensemble import Ensemble, Member, until
from load import client
from programs import built
from strike import Misbehaved
from wan import Wan

SERVED_S = 60          # after a fault is over
CASES = {}             # name: (function, words, sizes)


def case(*sizes, of=("",)):
    """Register a case once for each word in `of`."""
    def mark(function):
        for words in of:
            words = words.split()
            name = ".".join([function.__name__] + words)
            before = CASES.get(name, (None, None, ()))[2]
            CASES[name] = (function, words, sizes + before)
        return function
    return mark


class Trial:
    def __init__(self, name, seed, dir):
        self.name, self.seed, self.dir = name, seed, dir
        self.random = random.Random("%s/%s" % (seed, name))
        self.ensembles, self.clients = [], []
        self.crowd = self.net = None
        self.wrong, self.notes = [], []
        self.expected = None     # in a log it is no bug: a pattern
        self.began = time.monotonic()

    def say(self, text, *more):
        """Into the case's log, with the time."""
        print("%7.2f %s" % (time.monotonic() - self.began,
                            text % more if more else text), flush=True)

    def claim(self, fact, text, *more):
        if not fact:
            raise Misbehaved(text % more if more else text)

    def ensemble(self, word, options=None, net=None, member=Member):
        if net:
            self.net = self.network(len(word), net)
        e = Ensemble(word, os.path.join(self.dir, "e%d" % len(
            self.ensembles)), options, self.net, member)
        self.ensembles.append(e)
        return e

    def network(self, count, kind):
        self.claim(network.is_possible(), "network namespaces need root")
        return Wan(count, self.seed) if kind == "wan" else network.Net(count)

    def client(self, member, timeout=15.0):
        """A kazoo session at one member."""
        c = client(member.hosts, timeout)
        self.clients.append(c)
        return c

    # --- load ---------------------------------------------------------------

    def load(self, e, nodes=0, members=None, **more):
        """Clients on all members, at work until settle()."""
        self.crowd = Crowd(e.hosts(members), self.seed, built("faults/client"),
                           **more)
        if nodes:
            self.crowd.fill(nodes)
        self.crowd.start()
        self.crowd.lodge()
        return self.crowd

    def served(self, seconds=SERVED_S):
        """Wait until every client got an answer after now; the seconds."""
        begin = time.monotonic()
        before = self.crowd.progress()

        def all_served():
            return all(b >= a + 2 for a, b in zip(before,
                                                  self.crowd.progress()))
        try:
            until(all_served, "every client is served", seconds)
        except Misbehaved:
            names = [b.writer for b in self.crowd.books] + ["r0", "r1"]
            late = [n for n, a, b in zip(names, before,
                                         self.crowd.progress()) if b < a + 2]
            raise Misbehaved("not served within %g s: %s" % (
                seconds, ", ".join(late)))
        took = time.monotonic() - begin
        self.say("all clients are served after %.2f s", took)
        return took

    def work(self, seconds):
        time.sleep(seconds)

    # --- the end ------------------------------------------------------------

    def judge(self, e, when, sentences):
        """Apache's 3.8 loses writes by itself when its members are killed or
        restarted often; where no zabd has a part in it that is told, and no
        failure of ours.  Such a case shows that the harness works."""
        sentences = list(sentences)
        own = [s for s in sentences if e.is_apaches_own(s)]
        self.wrong += ["%s: %s" % (when, s) for s in sentences
                       if s not in own]
        if own:
            self.say("%s, Apache's own: %s", when, "; ".join(own[:10]))
            self.notes.append("apaches_own=%d" % len(own))

    def check(self, e, when="at rest", more=lambda members: ()):
        """Come to rest; every member must have everything.  `more` says what
        else is wrong then."""
        if self.crowd:
            self.crowd.settle()
            self.judge(e, when, everywhere.verify(self.crowd, e.running()))
            count, unknown = self.crowd.writes()
            self.notes.append("writes=%d unknown=%d" % (count, unknown))
        else:
            self.judge(e, when, everywhere.same_trees(e.running()))
        self.judge(e, when, more(e.running()))
        self.say("checked %s: %d wrong", when, len(self.wrong))

    def finish(self, e, **more):
        """check(), an orderly stop of all, and a look at their disks."""
        e.wait()
        self.say("at rest")
        self.check(e, **more)
        self.close_clients()
        self.end_load()
        members = e.running()
        # All at once: one after the other would elect new leaders.
        for m in members:
            os.kill(m.pid, signal.SIGTERM)
        for m in members:
            status = m.stop()
            if m.kind == "zabd" and status != 0:
                self.wrong.append("SIGTERM ended %r with status %s" %
                                  (m, status))
        self.judge(e, "on disk", everywhere.verify_disks(members))

    def end_load(self):
        if self.crowd:
            self.crowd.close()
            self.crowd = None

    def close_clients(self):
        for c in self.clients:
            c.stop()
            c.close()
        self.clients = []

    def bugs(self):
        return [b for e in self.ensembles for b in e.bugs()
                if not (self.expected and re.search(self.expected, b))]

    def close(self):
        try:
            self.end_load()
            self.close_clients()
        finally:
            for e in self.ensembles:
                e.close()
            if self.net:
                self.net.close()
