# SPDX-License-Identifier: Apache-2.0
"""The drawn cases of tests/conform, their clients spread over the members of
an ensemble, held to what one Apache server says.

An ensemble promises less: what a client wrote is seen through another member
behind a sync.  So each client asks for one when its turn comes, here and
there, and one that connects only when its member has what it has seen.
Apache's members have no clients: they leave a request unanswered now and then
until the next one comes.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from ensemble import ROOT
from trial import case

sys.path.append(os.path.join(ROOT, "tests", "conform"))

import drawn  # noqa: E402
import harness  # noqa: E402
import judge  # noqa: E402
import play  # noqa: E402
from session import Session, wire  # noqa: E402

SUPER = "digest", "super:secret"
OPTIONS = {
    "DigestAuthenticationProvider.superDigest":
        "super:lK75jTNcA+U9vtVEw5vB51mj/w4=",
    "znode.container.checkIntervalMs": 3600000,
}
WORLDS = "default", "ttl"       # both are as these servers
SHOWN = 4                       # failures, each with what is left of it


class Side:
    """One or more servers as a case of tests/conform takes them."""

    def __init__(self, kind, members):
        self.kind, self.world = kind, None
        self.members = members
        self.ports = [m.port for m in members]
        self.port = self.ports[0]
        self.control = harness.Control(self.port, SUPER)

    def alive(self):
        return all(m.is_running() for m in self.members)

    def play(self, one):
        return Scene(self, one).execute()


class Spread(play.Player):
    """Clients who connect to one member after the other."""

    def dial(self, who, behind=(), **options):
        ports = self.t.side.ports
        at = "abcd".index(who) + self.count[who]
        self.t.port = ports[at % len(ports)]
        catch_up(self.t.port)
        self.last = None        # nobody has seen that
        conn = super().dial(who, **options)
        if behind:
            conn.pipeline(*behind)
        return conn

    def turn(self, who, inline=False):
        conn = self.conn(who)
        if self.last != who:
            conn.do(wire.sync("/"))
            conn.drain()
        self.last = who
        return conn

    def see_end(self, conn):
        conn.pipeline(wire.sync("/"), wire.getEphemerals("/none"))

    def on_move(self, step):
        """Only one server knows both connections; here the first goes."""
        if step.who in self.up:
            self.on_drop(step)
        super().on_move(step)

    def look(self):
        """What is watched is each member's own; but all events must come."""
        for who in sorted(self.up):
            self.conns[who].do(wire.sync("/"))


def catch_up(port):
    """Waits until the server there has all that was acknowledged."""
    s = Session(port)
    s.ask(wire.sync("/"))
    s.ask(wire.closeSession())
    s.close()


class SpreadCase(drawn.DrawnCase):
    player = Spread


class Scene(harness.Scenario):
    def __init__(self, side, case):
        self.side = side
        super().__init__(side, case)
        self.run.near = None    # each member has its own range of ids

    def clean_up(self):
        self.port = self.side.port
        catch_up(self.port)
        super().clean_up()


def suits_all(request):
    """Apache counts a reconfig that it cannot read if a learner sent it."""
    return not isinstance(request, play.Cut) or \
        request.request.name != "reconfig"


def suited(steps, suits=suits_all):
    out = []
    for step in steps:
        for field in "requests", "behind":
            if hasattr(step, field):
                step = step._replace(**{field: tuple(filter(
                    suits, getattr(step, field)))})
        if suits(getattr(step, "request", None)):
            out.append(step)
    return out


def played(one, sides):
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda s: s.play(one), sides))
    return judge.judge(one, *runs, "zabd")


def shrunk(t, one, verdict, sides):
    """The same difference by fewer steps, if it happens again."""
    last = [verdict]

    def differs(other):
        if not all(s.alive() for s in sides):
            return False
        verdict = played(other, sides)
        if not verdict.passed:
            last[0] = verdict
        return not verdict.passed
    one.shrink(differs)
    t.say("%s", judge.explain(last[0], "").rpartition("\n")[0])


def finish(t, e):
    """An Apache leader may turn the operations of a failed multi into errors
    before they reach its log: that one is not what it sent to others."""
    e.wait()
    if all(m.kind == "zabd" for m in e):
        t.finish(e)
    else:
        t.check(e)


def campaign(t, cases, sides):
    """Plays all of them; shows what is left of some that differ."""
    failed = 0
    for one in cases:
        verdict = played(one, sides)
        if not verdict.passed:
            failed += 1
            shrunk(t, one, verdict, sides)
            if failed == SHOWN:
                break
    t.notes.append("drawn=%d" % len(cases))
    t.claim(failed == 0, "%d drawn cases differ", failed)


def first_of(t, seed):
    return t.random.randrange(10 ** 9) if seed == "any" else int(seed)


@case("short", of=["zzzZ 1 80"])
@case("long", of=["zzzZ any 1500", "zza any 500", "azz any 500"])
def drawn_through_members(t, word, seed, count):
    """Whichever zabd a client has, it hears what one Apache would say."""
    e, apache = t.ensemble(word, OPTIONS), t.ensemble("a", OPTIONS)
    e.start()
    apache[1].start()
    sides = (Side("apache", list(apache)),
             Side("zabd", [m for m in e if m.kind == "zabd"]))
    cases = [SpreadCase(c.seed, c.world, suited(c.steps)) for c in
             drawn.cases(first_of(t, seed), int(count)) if c.world in WORLDS]
    campaign(t, cases, sides)
    apache[1].stop()
    finish(t, e)
