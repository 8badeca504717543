# SPDX-License-Identifier: Apache-2.0
"""Clients of all members of an ensemble, far from each other: they play what
is drawn for one server, and what only an ensemble has.

Here nothing races, so that two ensembles can be held to the same lines:
before another client's turn all members have applied what any of them has,
and the events of that are read.
"""

import collections
import threading
import time

import draw
import drawn
import harness
import play
import wire
from ensemble import until
from frames import SHORT_MS
from play import ask

# A session goes on elsewhere; then its old connection reads, and says what
# makes a server close it.
Beside = collections.namedtuple("Beside", "who reads last")
# Somebody's session with such a past ends because nobody keeps it alive.
Expire = collections.namedtuple("Expire", "requests")
# Somebody comes with the session to a member that may not know it.
Stray = collections.namedtuple("Stray", "who")

POKE_S = 0.02


class Poke(threading.Thread):
    """Apache's members leave a request unanswered now and then until the next
    one comes, whoever sends it: somebody does, and waits for no answer."""

    def __init__(self, members):
        super().__init__(daemon=True)
        self.sockets = [harness.Control(m.port).wire for m in members]
        self.start()

    def run(self):
        ping = wire.framed(wire.i32(-2) + wire.i32(wire.OP["ping"]))
        while True:
            for socket in self.sockets:
                socket.send(ping)
                socket.rest(0)
            time.sleep(POKE_S)


class Side:
    """An ensemble, its leader first, as a case of tests/conform takes one
    server."""

    def __init__(self, kind, e, credentials):
        self.kind, self.world = kind, None
        leader = e.wait()
        self.members = sorted(e, key=lambda m: (m is not leader,
                                                m.is_observer, m.sid))
        self.controls = [harness.Control(m.port, credentials)
                         for m in self.members]
        self.port, self.control = leader.port, self.controls[0]
        self.control.ask(wire.create("/warm"))  # an epoch's first is told late
        Poke(self.members)

    def zxids(self):
        return [c.ask(wire.getEphemerals("/none"))[0] for c in self.controls]

    def catch_up(self):
        """What anybody was told, the member that told it has applied: so the
        newest state of all is the one to wait for."""
        newest = max(self.zxids())
        until(lambda: min(self.zxids()) >= newest, "all members catch up", 20)

    def alive(self):
        return all(m.is_running() for m in self.members)

    def play(self, one):
        return Scene(self, one).execute()


class Player(play.Player):
    """Each connection of a client is to the next member."""

    def place(self, who):
        return "abcd".find(who) + self.count[who]

    def dial(self, who, behind=(), **options):
        members = self.t.side.members
        self.t.port = members[self.place(who) % len(members)].port
        self.t.side.catch_up()
        conn = super().dial(who, **options)
        conn.is_at_leader = self.t.port == self.t.side.port
        self.last = None        # nobody has seen that
        if behind:
            conn.pipeline(*behind)
        return conn

    def turn(self, who, inline=False):
        conn = self.conn(who)
        if self.last != who:
            self.see_end(conn)
        self.last = who
        return conn

    def see_end(self, conn):
        self.t.side.catch_up()
        conn.drain()

    def on_move(self, step):
        """Only one server knows both connections; here the first goes."""
        if step.who in self.up:
            self.on_drop(step)
        super().on_move(step)

    def on_beside(self, step):
        """Apache's leader closes the old connection at its next word."""
        old = self.turn(step.who)
        while old.is_at_leader:
            self.on_drop(step)
            old = self.dial(step.who)
        self.dial(step.who)
        self.t.side.catch_up()
        for request in step.reads:
            old.do(self.value(request))
        old.fatal(self.value(step.last))
        self.dropped = True
        if step.last == ask("closeSession"):
            self.t.run.steps[-1].unordered = True
            self.all_see_end()

    def on_expire(self, step):
        """A node of its tells when it is over."""
        node = self.t.root + "/mortal"
        conn = self.dial("mortal", stranger=True, timeout=SHORT_MS)
        conn.do(wire.create(node, flags=wire.EPH))
        conn.pipeline(*map(self.value, step.requests))
        conn.drop()
        until(lambda: self.t.side.control.ask(wire.exists(node))[1] == -101,
              "a session expires", 20)
        self.all_see_end()

    def look(self):
        """All events, and how much each member has.  Where the last to act
        quit and nobody is left, no turn has waited for that."""
        self.t.side.catch_up()
        for who in sorted(self.up):
            self.conns[who].drain()
        for member in self.t.side.members:
            self.t.port = member.port
            self.t.socket(name="w").text(b"mntr", "how much there is",
                                         play.counts)


class Homely(Player):
    """Local sessions: a client comes back to the member that knows it."""

    def place(self, who):
        return "abcd".find(who)

    def on_stray(self, step):
        self.turn(step.who).drop()
        self.lost(step.who)
        members = self.t.side.members
        self.t.port = members[(self.place(step.who) + 1) % len(members)].port
        conn = self.t.socket(name="stray")
        conn.hello(sid=self.conns[step.who].sid)
        conn.drop()


class Drawer(draw.Drawer):
    STEPS = draw.Drawer.STEPS + (("beside", 2), ("expire", 1))

    def beside(self, who):
        self.guess.left(who, session=False)
        reads = [self.read(self.pick(("getData", "getChildren2")), who)
                 for _ in range(self.pick((0, 1, 2)))]
        return Beside(who, tuple(reads), self.pick((
            ask("setData", "$"), ask("delete", "$/no"), ask("closeSession"))))

    def expire(self, who):
        return Expire(self.requests(who, self.pick((0, 1, 3))))


class HomelyDrawer(Drawer):
    STEPS = draw.Drawer.STEPS + (("stray", 2), ("expire", 1))

    def stray(self, who):
        self.guess.left(who, session=False)
        return Stray(who)


class Case(drawn.DrawnCase):
    player, drawer = Player, Drawer

    @classmethod
    def draw(cls, seed):
        drawing = cls.drawer(seed).drawing()
        return cls(seed, drawing.world, drawing.steps)


class HomelyCase(Case):
    player, drawer = Homely, HomelyDrawer


class Scene(harness.Scenario):
    def __init__(self, side, case):
        self.side = side
        side.catch_up()
        super().__init__(side, case)
        self.run.near = None    # each member has its own range of ids

    def clean_up(self):
        self.port = self.side.port
        self.side.catch_up()
        super().clean_up()
