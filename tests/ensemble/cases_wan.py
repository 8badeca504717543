# SPDX-License-Identifier: Apache-2.0
"""Members that are far from each other: links that take their time, lose
packets, stand still or are narrow (wan.py).  Where all live nobody is taken for
dead, and whatever happens on the way, nothing acknowledged is lost."""

import time

from ensemble import until
from trial import case

# What an operator begins with.
USUAL = {"tickTime": 2000, "initLimit": 10, "syncLimit": 5}
LEFT = r"(?:looking for a leader: |is dropped: )[^\n]*"
LARGE = b"x" * 1200    # does not fit through a hole of
SMALL = 700            # bytes of a packet


def far_apart(t, word, rtt_ms, **link):
    """An ensemble that serves, each of whose links is so from now on."""
    e = t.ensemble(word, USUAL, net="wan")
    t.net.afar(rtt_ms, jitter=0.3, **link)
    began = time.monotonic()
    leader = e.start()
    t.say("elected %r after %.2f s", leader, time.monotonic() - began)
    return e


class Calm:
    """From here on nobody leaves anybody."""

    def __init__(self, t, e):
        self.t, self.e, self.leader = t, e, e.wait()
        self.marks = {m.sid: m.mark() for m in e}
        self.lost = []
        for m in e:
            t.client(m).add_listener(
                lambda state, m=m: self.lost.append((m, state)))

    def claim(self):
        for m in self.e:
            said = m.said(LEFT, self.marks[m.sid])
            self.t.claim(not said, "%r says: %s", m,
                         [s.group() for s in said])
        self.t.claim(not self.lost, "connections are lost: %s", self.lost)
        self.t.claim(self.e.wait() is self.leader, "%r leads, not %r",
                     self.e.leader(), self.leader)


@case("short", "long", of=["zzz"])
def lossy_at_work(t, word, seconds=8):
    """Each packet in fifty is lost, at 80 ms to and fro."""
    e = far_apart(t, word, 80, loss=0.02)
    calm = Calm(t, e)
    t.load(e)
    t.served()
    t.work(float(seconds))
    calm.claim()
    t.say("%s", t.net.figures())
    t.close_clients()
    t.finish(e)


@case("long", of=["zzz", "zza", "aaa", "zzzzz"])
def lossy_at_rest(t, word):
    """At 200 ms, where nothing but pings is on the way: what is lost is missed
    late, and comes late."""
    e = far_apart(t, word, 200, loss=0.02)
    calm = Calm(t, e)
    t.work(240)
    calm.claim()
    t.close_clients()
    t.finish(e)


@case("short", "long", of=["zzz"])
def large_ones_are_lost(t, word, seconds=1.5):
    """For longer than leader.silence nothing large passes, and all that is
    behind it has to wait; pings are small.  TCP brings it when it can."""
    e = far_apart(t, word, 80)
    calm = Calm(t, e)
    leader, follower = e.leader(), e.followers()[0]
    c = t.client(leader)
    t.net.way(leader.sid, follower.sid, size_max=SMALL)
    c.create("/large", LARGE)
    t.work(float(seconds))
    t.net.way(leader.sid, follower.sid, size_max=1500)
    until(lambda: follower.zxid() == leader.zxid(), "%r has it" % follower, 20)
    calm.claim()
    t.close_clients()
    t.finish(e)
