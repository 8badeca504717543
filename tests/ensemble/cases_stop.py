# SPDX-License-Identifier: Apache-2.0
"""A server is stopped on purpose while its own clients are at work.  What they
had sent is answered, and whoever waits for an answer gets it with the end of
the connection behind it: the next request goes to another server."""

import os
import signal
import threading
import time

import frames
import wire
from trial import case

DEPTH = 50             # of a client that pipelines
ROUNDS = 4
THERE_S = 0.02         # sent so long before the signal: it had arrived
UNLUCKY = 1            # whose request was on its way as the server said goodbye


class Worker(threading.Thread):
    """Sets until the server ends the connection, `depth` at a time."""

    def __init__(self, member, depth):
        super().__init__(daemon=True)
        self.session, self.depth = frames.Session(member), depth
        self.sent_at, self.answered = [], 0
        self.wrong = None

    def run(self):
        while self.step():
            pass

    def looks_up(self):
        """A client sees the end that came with its answer before it asks."""
        self.session.socket.rest(0.0001)
        return not self.session.socket.closed

    def step(self):
        room = self.depth - (len(self.sent_at) - self.answered)
        self.sent_at += [time.monotonic()] * room
        self.session.send(*[wire.setData("/stop", "x")] * room)
        answer = self.session.reply(5)
        if answer is None:
            return False
        self.answered += 1
        if answer[0] != self.answered or answer[2] != 0:
            self.wrong = "answer %d is %r" % (self.answered, answer[:3])
        return not self.wrong and (self.depth > 1 or self.looks_up())

    def lost(self, before=None):
        """Requests, sent before then, that were not answered."""
        return sum(before is None or at < before
                   for at in self.sent_at[self.answered:])


def stop_under_load(t, m, workers, kill):
    """SIGTERM while they work; when it was sent."""
    for w in workers:
        w.start()
    time.sleep(t.random.uniform(0.3, 0.6))
    at = time.monotonic()
    kill(m.pid, signal.SIGTERM)
    for w in workers:
        w.join(20)
    t.claim(m.stop() == 0, "%r did not end well", m)
    return at


def judge(t, at, workers):
    lost = [w.lost() for w in workers]
    t.say("answered: %d, not: %s", sum(w.answered for w in workers), lost)
    for w in workers:
        t.claim(not w.wrong, "%s", w.wrong)
        t.claim(w.session.socket.closed, "a connection was left open")
        t.claim(w.lost(at - THERE_S) == 0, "%d requests that were there "
                "before the signal are not answered", w.lost(at - THERE_S))
    return sum(lost)


def begin(t, word):
    e = t.ensemble(word)
    e.start()
    c = t.client(e.leader())
    c.create("/stop", b"")
    t.close_clients()
    return e


def stop_each_way(t, e, who, depth, count, kill=os.kill):
    """Stop and start it a few times; how many requests were lost each time."""
    for _ in range(ROUNDS):
        e.wait()
        m = e.leader() if who == "leader" else e.followers()[0]
        frames.Session(m).ask(wire.sync("/"))
        workers = [Worker(m, depth) for _ in range(count)]
        yield judge(t, stop_under_load(t, m, workers, kill), workers)
        m.start()
    t.finish(e)


@case("short", "long", of=["zzz leader", "zzz follower"])
def goodbye(t, word, who):
    """One request at a time: none is lost.  Each client of its own process
    would be better still: ours share an interpreter, and may look up late."""
    for lost in stop_each_way(t, begin(t, word), who, 1, 8):
        t.claim(lost <= UNLUCKY, "%d of 8 clients lost a request", lost)


@case("short", "long", of=["zzz follower"])
def goodbye_of_the_group(t, word, who):
    """As some service managers do, and a shell's `kill %1`: the signal goes to
    every process of the server, and only the supervisor takes it."""
    for lost in stop_each_way(t, begin(t, word), who, 1, 8, os.killpg):
        t.claim(lost <= UNLUCKY, "%d of 8 clients lost a request", lost)


@case("short", "long", of=["zzz leader"])
def goodbye_pipelined(t, word, who):
    """Many at a time: what was there is answered, in order, to the end."""
    for lost in stop_each_way(t, begin(t, word), who, DEPTH, 2):
        t.claim(lost <= 2 * DEPTH, "more is lost than was on its way")
