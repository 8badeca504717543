# SPDX-License-Identifier: Apache-2.0
"""Members that are far from each other: links that take their time, lose
packets, stand still or are narrow (wan.py).  Where all live nobody is taken for
dead, and whatever happens on the way, nothing acknowledged is lost."""

import time

from ensemble import TIMING, until
from trial import case

# What an operator begins with.
USUAL = {"tickTime": 2000, "initLimit": 10, "syncLimit": 5}
LEFT = r"(?:looking for a leader: |is dropped: )[^\n]*"
LARGE = b"x" * 1200    # does not fit through a hole of
SMALL = 700            # bytes of a packet
PIECE = 100 * 1000     # bytes of a node, no two of them alike
MASTER_PORT = 21811


def far_apart(t, word, rtt_ms, options=USUAL, **link):
    """An ensemble that serves, each of whose links is so."""
    e = t.ensemble(word, options, net="wan")
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


@case("long", of=["zzz"])
def probes_are_lost(t, word):
    """Followers with two addresses have nothing to tell each other, and ask
    every few seconds whether the other is there.  One question or another gets
    lost; with the next one they are still connected."""
    e = t.ensemble(word, USUAL, net="wan")
    for m in e:
        m.more = [t.net.second(m.sid)]
    t.net.afar(80)
    e.start()
    t.work(3)
    calm = Calm(t, e)
    a, b = e.followers()
    for _ in range(4):
        t.net.split([a.sid], [b.sid])
        t.work(3.5)
        t.net.heal()
        t.work(t.random.uniform(5, 7))
    for m in (a, b):
        t.claim(not m.said("is out of reach", calm.marks[m.sid]),
                "%r has lost the other", m)
    calm.claim()
    t.close_clients()
    t.finish(e)


@case("long", of=["zzz"])
def large_ones_are_lost(t, word, silence_ms=400, ms=450):
    """For longer than leader.silence nothing large passes, and all that is
    behind it has to wait; pings are small.  TCP brings it when it can.  (It
    sends nothing new once it has waited in vain for its timer: so short.)"""
    e = far_apart(t, word, 80, options=dict(
        USUAL, **{"leader.silence": silence_ms}))
    calm = Calm(t, e)
    leader, follower = e.leader(), e.followers()[0]
    c = t.client(leader)
    t.net.way(leader.sid, follower.sid, size_max=SMALL)
    c.create("/large", LARGE)
    t.work(ms / 1000)
    t.net.way(leader.sid, follower.sid, size_max=1500)
    until(lambda: follower.zxid() == leader.zxid(), "%r has it" % follower, 20)
    calm.claim()
    t.close_clients()
    t.finish(e)


@case("long", of=["zzz"])
def leaders_die_far_away(t, word):
    """At 600 ms whom a follower elects hears of it much later than the follower
    does, and opens its port then: that it refuses at first is no reason to look
    for another."""
    e = far_apart(t, word, 600)
    for _ in range(4):
        leader = e.wait()
        others = [m for m in e if m is not leader]
        marks = {m.sid: m.mark() for m in others}
        began = time.monotonic()
        leader.kill()
        e.wait(others)
        t.say("%r is followed after %.2f s", e.leader(),
              time.monotonic() - began)
        for m in others:
            t.claim(not m.said("the leader cannot be reached", marks[m.sid]),
                    "%r gave up whom it had elected", m)
        leader.start()
    t.finish(e)


# --- what may end somebody's turn, and costs nothing else -------------------


def burst(t, c, name, mb):
    """So much at once, until a quorum has it."""
    asked = [c.create_async("/%s-%d" % (name, i), t.random.randbytes(PIECE))
             for i in range(mb * 10)]
    for a in asked:
        a.get(60)


@case("long", of=["zzz", "zaa", "aaa"])
def burst_into_a_narrow_link(t, word, mb=4, kbit=2000):
    """More at once than a follower's link carries in syncLimit: it may be
    dropped for that.  The others do not wait, and it comes to have it all."""
    e = far_apart(t, word, 100, options=TIMING)
    leader, follower = e.leader(), e.followers()[0]
    t.net.way(leader.sid, follower.sid, kbit=kbit)
    c = t.client(leader)
    burst(t, c, "narrow", mb)
    t.say("acknowledged by the others, the follower is at 0x%x of 0x%x",
          follower.zxid(), leader.zxid())
    until(lambda: follower.zxid() == leader.zxid(), "%r has it" % follower,
          120)
    t.say("%r has it", follower)
    t.close_clients()
    t.finish(e)


@case("long", of=["zzzZ"])
def observer_behind_a_narrow_link(t, word, mb=6, kbit=2000):
    """Nothing in the protocol is late, however far it falls behind: its leader
    says that it does, and that it no more does."""
    e = far_apart(t, word, 20, options=USUAL)
    leader, observer = e.leader(), [m for m in e if m.is_observer][0]
    t.claim(leader.figure("observer_lag_ms") == 0,
            "an observer in step is behind")
    mark = leader.mark()
    t.net.way(leader.sid, observer.sid, kbit=kbit)
    burst(t, t.client(leader), "narrow", mb)
    until(lambda: leader.said(r"server %d at \S+ falls behind" % observer.sid,
                              mark), "%r says that it falls behind" % leader, 60)
    t.claim(leader.figure("observer_lag_ms") > 9000,
            "it is not to be seen in mntr")
    until(lambda: observer.zxid() == leader.zxid(), "%r has it" % observer,
          120)
    until(lambda: leader.said(r"server %d at \S+ has caught up" % observer.sid,
                              mark), "%r says that it is in step" % leader, 60)
    until(lambda: leader.figure("observer_lag_ms") == 0, "mntr says so, too",
          10)
    t.claim(not leader.said(LEFT, mark), "somebody was dropped")
    t.close_clients()
    t.finish(e)


@case("long", of=["zzz zabd zabd", "zza zabd apache", "zza apache zabd"])
def snapshot_through_a_narrow_link(t, word, leads, learns, mb=6, kbit=2000):
    """It takes longer than initLimit, and is no silence as long as it moves:
    the learner is brought up in one go, while the others write."""
    e = t.ensemble(word, dict(USUAL, initLimit=5), net="wan")
    leader = e.elect(leads)
    learner = [m for m in e.followers() if m.kind == learns][0]
    learner.stop()
    learner.wipe()
    c = t.client(leader)
    burst(t, c, "large", mb)
    t.net.afar(200)        # else there are more writes than it carries
    t.net.way(leader.sid, learner.sid, kbit=kbit)
    t.load(e, members=[m for m in e if m is not learner])
    mark = leader.mark()
    learner.start(120)
    t.say("%r came in step by %s", learner, learner.in_step_by(0))
    said = leader.said(LEFT, mark)
    t.claim(not said, "%r says: %s", leader, [s.group() for s in said])
    if learns == "zabd":
        t.claim(learner.said(r"\d+ MB of the snapshot have come"),
                "%r does not say that it moves", learner)
    t.close_clients()
    t.finish(e)


def stalls_of(t, leader, other):
    """(what stands still, the pairs of places)"""
    return [("one link", [(leader.sid, other.sid)]),
            ("a follower", t.net.pairs(other.sid)),
            ("the leader", t.net.pairs(leader.sid)),
            ("all", t.net.pairs())]


@case("long", of=["zzz", "zzzzz", "zza", "aaa"])
def stalls(t, word):
    """Everything that is on its way is held for a while, then comes at once:
    words of leaders that have followers no more, acknowledgements of what is
    cut off by now."""
    e = far_apart(t, word, 80, loss=0.005)
    t.load(e)
    t.served()
    for ms in (500, 1500, 3000):
        for i in range(4):
            leader = e.wait()
            what, pairs = stalls_of(t, leader, t.random.choice(
                e.followers()))[i]
            t.say("%s: %d ms", what, ms)
            t.crowd.lodge()
            t.net.stall(ms, pairs)
            time.sleep(ms / 1000)
            e.wait()
            t.served()
    t.finish(e)


def one_ways(t, leader, other):
    """(what, ways) that are bad while their opposites are good."""
    others = [s for s in t.net.places if s != leader.sid]
    return [("nothing from the leader", [(leader.sid, s) for s in others]),
            ("nothing to the leader", [(s, leader.sid) for s in others]),
            ("nothing to a follower", [(leader.sid, other.sid)]),
            ("nothing from a follower", [(other.sid, leader.sid)])]


@case("long", of=["zzz", "zza"])
def one_way_faults(t, word):
    """First half of the packets of one way are lost, then all."""
    e = far_apart(t, word, 80, loss=0.005)
    t.load(e)
    t.served()
    for loss in (0.5, 1.0):
        for i in range(4):
            leader = e.wait()
            what, ways = one_ways(t, leader, t.random.choice(
                e.followers()))[i]
            t.say("%s: %g", what, loss)
            t.crowd.lodge()
            for a, b in ways:
                t.net.way(a, b, loss=loss)
            time.sleep(t.random.uniform(3, 6))
            for a, b in ways:
                t.net.way(a, b, loss=0.005)
            e.wait()
            t.served()
    t.finish(e)


@case("long", of=["zzzZ", "zaaZ", "zzzZ master"])
def far_observer(t, word, master=""):
    """An observer at 200 ms, of the leader or of a follower; its clients write
    through it, and nobody leaves anybody."""
    more = {"observerMasterPort": MASTER_PORT} if master else {}
    # More would be written than TCP carries that far through so many losses.
    e = far_apart(t, word, 80, options=dict(USUAL, **more))
    observer = [m for m in e if m.is_observer][0]
    t.net.afar(200, t.net.pairs(observer.sid), loss=0.002)
    calm = Calm(t, e)
    t.load(e)
    t.served()
    t.work(30)
    calm.claim()
    t.say("%s", t.net.figures())
    t.close_clients()
    t.finish(e)
