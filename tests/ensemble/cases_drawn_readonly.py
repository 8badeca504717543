# SPDX-License-Identifier: Apache-2.0
"""Drawn sequences on a member that is left alone and serves who only reads.

Nothing changes there: all cases play on one tree, and nobody has to wait for
what others did."""

from cases_drawn import OPTIONS, campaign, finish, first_of, suited
from ensemble import until
from frames import READ_ONLY, Session
from trial import case

import drawn    # behind cases_drawn, which says where their modules are
import guess
import harness
import play
import wire

ROOT = "/read"


def plant(member):
    """Most of the nodes that are drawn."""
    s = Session(member)
    for path in guess.all_paths():
        if not path.endswith("/n"):
            s.ask(wire.create(path.replace("$", ROOT), path))
    s.ask(wire.closeSession())


class Left:
    """The member of an ensemble that is left when all others stop."""

    def __init__(self, kind, e):
        self.kind = kind
        leader = e.wait()
        plant(leader)
        self.member = [m for m in e if m is not leader][0]
        Session(self.member).ask(wire.sync("/"))
        for m in e:
            if m is not self.member:
                m.stop()
        self.port = self.member.port
        until(self.reads, "%r serves who reads" % self.member, 30)

    def reads(self):
        s = Session(self.member, readonly=1)
        if s.how() != "in read-only":
            return False
        s.ask(wire.getEphemerals("/none"))
        self.zxid = s.zxid
        return True

    def alive(self):
        return self.member.is_running()

    def play(self, one):
        return Scene(self, one).execute()


class Scene(harness.Scenario):
    """There is nothing to set up and nothing to sweep."""

    def __init__(self, side, case):
        self.side, self.port, self.case, self.root = \
            side, side.port, case, ROOT
        self.conns, self.sessions, self.z0 = [], {}, side.zxid
        self.run = harness.Run(side.zxid, ROOT, None)

    def clean_up(self):
        for conn in self.conns:
            conn.wire.close()


class Reader(play.Player):
    def dial(self, who, **options):
        options["readonly"] = 1
        return super().dial(who, **options)

    def look(self):
        for who in sorted(self.up):
            self.conns[who].drain()


class Case(drawn.DrawnCase):
    player = Reader


def unraced(steps):
    """The refusal of a write may overtake what is in its pipeline, there;
    who has a wrong password is told so by us alone."""
    for step in steps:
        if isinstance(step, play.Quit):
            yield step._replace(requests=())
        elif isinstance(step, play.Move):
            yield step._replace(behind=step.behind[:1])
        elif isinstance(step, (play.Send, play.Split)):
            yield step._replace(requests=step.requests[:1])
        elif not isinstance(step, play.Refused):
            yield step


@case("short", of=["zzz 1 100"])
@case("long", of=["zzz any 600"])
def drawn_read_only(t, word, seed, count):
    """Who only reads hears what Apache says, and then the others come back."""
    options = dict(OPTIONS, **READ_ONLY)
    e, apache = t.ensemble(word, options), t.ensemble("aaa", options)
    sides = []
    for kind, members in ("apache", apache), ("zabd", e):
        members.start()
        sides.append(Left(kind, members))
    cases = [Case(c.seed, c.world, unraced(suited(c.steps))) for c in
             drawn.cases(first_of(t, seed), int(count))
             if c.world in ("default", "ttl")]
    campaign(t, cases, sides)
    apache.close()
    e.start([m for m in e if not m.is_running()])
    finish(t, e)
