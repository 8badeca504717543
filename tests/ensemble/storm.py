# SPDX-License-Identifier: Apache-2.0
"""One fault after the other, and into the other, in an order that a seed
draws.  moves.py has the table; here is when each move is made, and on whom.

A move is a generator: it does harm, yields for how many seconds that may
last, and makes it good; meanwhile others go on.  All of the plan is drawn
before the first move, so a seed repeats it; the members it meets are those
that lead, or follow, by then.

What a move holds is its own: its member, the links, the right to a copy.  So
no two of them do their harm to one member, and no more copies of what was
acknowledged are taken away than an ensemble is made for."""

import collections
import heapq
import itertools
import os
import random
import time

from strike import Misbehaved

TOGETHER = 3           # moves under way at one time
GAPS_S = ((0.0, 0.3), (0.3, 3.0))   # between the beginnings of two
CALM_EVERY = 8         # moves, then all are served again
CALM_S = 60            # until all serve, when nothing happens any more
SERVED_S = 90          # by then
LEADER = 0.3           # how often a move is meant for the leader
BACK_S = 120           # for a member that is started to serve

MOVES = {}             # name: Move
ONLY = os.environ.get("MOVES", "").split(",") if "MOVES" in os.environ else ()

Move = collections.namedtuple("Move", "name function weight kind needs")
Step = collections.namedtuple("Step", "gap move who seed")


def move(weight, kind="member", needs=()):
    """Enter a move into the table: how often it is drawn; to whom it is done,
    a `member`, a `zabd`, one with a `disk`, `all` that are free, or `none`;
    what it needs to have for itself."""
    def mark(function):
        name = function.__name__
        MOVES[name] = Move(name, function, weight, kind, needs)
        return function
    return mark


class Storm:
    """The plan, and the moves that are under way."""

    def __init__(self, t, e, registers, count, has):
        """`has` is what moves can use."""
        self.t, self.e, self.random = t, e, t.random
        self.registers = registers
        self.held = {}           # what a move has: the move's name
        self.agenda, self.numbers = [], itertools.count()
        self.client = t.client(next(iter(e)), 30.0)
        self.client.set_hosts(e.hosts())
        self.client.create("/storm")
        self.plan = [self.draw(has) for _ in range(count)]

    def draw(self, has):
        can = [m for m in MOVES.values()
               if m.name in (ONLY or MOVES) and set(m.needs) <= has]
        one = self.random.choices(can, [m.weight for m in can])[0]
        who = -1 if self.random.random() < LEADER else \
            self.random.randrange(len(list(self.e)))
        gap = self.random.uniform(*self.random.choice(GAPS_S))
        return Step(gap, one, who, self.random.random())

    # --- time ---------------------------------------------------------------

    def run(self):
        for i, step in enumerate(self.plan, 1):
            self.pass_time(step.gap)
            while len(self.agenda) >= TOGETHER:
                self.advance()
            self.begin(step)
            if i % CALM_EVERY == 0 or step is self.plan[-1]:
                self.calm()

    def calm(self):
        """Let all that is under way come to its end."""
        while self.agenda:
            self.advance()
        self.e.wait(seconds=CALM_S)
        self.t.served(SERVED_S)
        self.registers.served(SERVED_S)

    def pass_time(self, seconds):
        end = time.monotonic() + seconds
        while self.agenda and self.agenda[0][0] <= end:
            self.advance()
        time.sleep(max(0.0, end - time.monotonic()))

    def advance(self):
        """The next thing of the agenda, when its time has come."""
        due, _, name, course, mine = heapq.heappop(self.agenda)
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            pause = next(course)
        except StopIteration:
            self.end(name, mine)
        else:
            self.enter(pause, name, course, mine)

    def enter(self, pause, *what):
        heapq.heappush(self.agenda, (time.monotonic() + pause,
                                     next(self.numbers)) + what)

    # --- moves --------------------------------------------------------------

    def begin(self, step):
        one = step.move
        targets = self.targets(step)
        if targets is None or any(need in self.held for need in one.needs):
            self.t.say("%s: not now", one.name)
            return
        mine = targets + list(one.needs)
        self.t.say("%s %s", one.name, ", ".join("%r, %s" % (
            m, m.mode() if m.is_running() else "down") for m in targets))
        self.t.crowd.lodge()
        for thing in mine:
            self.held[thing] = one.name
        course = one.function(self, random.Random(step.seed), *targets)
        self.enter(0.0, one.name, course, mine)

    def end(self, name, mine):
        self.t.say("%s is over: %s", name, mine)
        for thing in mine:
            del self.held[thing]

    def free(self):
        """Members that no move has."""
        return [m for m in self.e if m not in self.held and m.is_running()]

    def targets(self, step):
        """Whom it is given, in a list; None if there is nobody."""
        kind = step.move.kind
        free = self.free()
        if kind == "none":
            return []
        if kind == "all":
            return free or None
        if kind == "zabd":
            free = [m for m in free if m.kind == "zabd"]
        if kind == "disk":
            free = [m for m in free if m.has_disk]
        if not free:
            return None
        leader = self.e.leader() if step.who < 0 else None
        return [leader if leader in free else free[step.who % len(free)]]

    # --- what moves are made of ---------------------------------------------

    def until(self, claim, seconds):
        """Part of a move: wait for something; returns what it was."""
        end = time.monotonic() + seconds
        while True:
            answer = claim()
            if answer or time.monotonic() > end:
                return answer
            yield 0.1

    def down(self, random, m):
        """Stop it, one way or the other."""
        if random.random() < 0.5:
            m.kill()
            return
        status = m.stop()
        if m.kind == "zabd" and status != 0:
            self.t.wrong.append("SIGTERM ended %r with status %s" %
                                (m, status))

    def back(self, m):
        """Part of a move: it was started, and serves again."""
        mode = yield from self.until(
            lambda: not m.is_running() or m.mode(), BACK_S)
        if not m.is_running():
            raise Misbehaved("%r ended with status %s" % (
                m, m.child.returncode))
        if not mode:
            raise Misbehaved("%r does not serve" % m)

    def others_have_all(self, m):
        """Part of a move: wait until every other member has what was there
        when it was called; did they come to have it?"""
        end = time.monotonic() + BACK_S
        stat = None
        while stat is None and time.monotonic() < end:
            asked = self.client.set_async("/storm", b"")
            yield from self.until(asked.ready, BACK_S)
            stat = asked.value if asked.successful() else None
        others = [o for o in self.e if o is not m]
        have = stat and (yield from self.until(
            lambda: all(o.is_running() and o.zxid() >= stat.mzxid
                        for o in others), BACK_S))
        yield 0.5                # and on disk
        return have
