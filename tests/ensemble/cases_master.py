# SPDX-License-Identifier: Apache-2.0
"""Observers whose learner master is a follower: observerMasterPort.

An observer dials every voter at its own observerMasterPort, so each member
has an address of its own here."""

import time

from cases_basic import has, write_some, write_through_each
from cases_move import is_at, move, seen
from ensemble import until
from trial import case

PORT = 21811
# Apache's voters may need several terms: their ACK of NEWLEADER is overtaken.
FOUND_S = 90


def master_of(e, m):
    """The member whose learner this observer is, or None.  Between two of
    them Apache's says -1."""
    sid = m.figure("observer_master_id")
    return e[sid] if sid and sid > 0 else None


def master_is(t, e, m):
    """The observer's master, which is a follower and knows it."""
    master = until(lambda: m.mode() == "observer" and master_of(e, m),
                   "%r observes" % m, FOUND_S)
    t.say("%r learns from %r, %s", m, master, master.mode())
    t.claim(master.mode() == "follower", "the master is a %s", master.mode())
    until(lambda: master.figure("synced_observers") == 1,
          "%r has an observer" % master, FOUND_S)
    # Apache's master cuts an observer that is ahead of it, and then begins
    # with the next epoch: the transactions between are lost there.
    if m.kind == master.kind == "apache":
        e.taught_by_apache.add(m)
    return master


def sessions_live(t, e, watcher):
    """A session at the observer, and what belongs to it, lives as long as its
    client: it only pings, then it moves away and comes back."""
    c = t.client(watcher, 4.0)
    id = c.client_id[0]
    c.create("/mine", ephemeral=True)
    time.sleep(9)
    t.claim(is_at(c, watcher), "the client left the observer")
    for m in list(e.voters()) + [watcher]:
        move(c, m)
        c.sync("/")
        t.claim(c.client_id[0] == id, "the session ended")
        t.claim(c.exists("/mine").ephemeralOwner == id, "its node is gone")
    c.stop()
    for m in e:
        t.claim(not seen(t, m, "/mine"), "%r has the node yet", m)
    t.close_clients()


def comes_back(t, e, watcher):
    """Away for a while, in step by DIFF; for long and empty, by SNAP."""
    for count, how in ((100, "DIFF"), (1500, "SNAP")):
        mark = watcher.mark()
        watcher.stop()
        write_some(t, e.leader(), "away-%s" % how, count, 200)
        if how == "SNAP":
            watcher.wipe()
        watcher.start()
        t.claim(watcher.in_step_by(mark) == [how], "in step by %s",
                watcher.synced_by(mark))
        t.claim(has(t, watcher, "/away-%s/%06d" % (how, count - 1)),
                "it lacks some")
        master_is(t, e, watcher)


@case("short", "long", of=["zzzZ"])
@case("long", of=["aaaZ", "zzzA", "zazZ", "zazA", "aaaA"])
def observer_masters(t, word):
    """Everything an observer does, through a follower; and when that or the
    leader dies, through another one."""
    e = t.ensemble(word, {"observerMasterPort": PORT, "snapCount": 300,
                          "snapshotSizeFactor": 0}, net=True)
    e.start()
    watcher = [m for m in e if m.is_observer][0]
    master_is(t, e, watcher)
    write_through_each(t, e, "first")
    sessions_live(t, e, watcher)
    comes_back(t, e, watcher)
    t.load(e)
    t.served()
    for victim in ("master", "leader", "master"):
        m = master_is(t, e, watcher) if victim == "master" else e.wait()
        t.say("kill %r, the %s", m, victim)
        t.crowd.lodge()
        m.kill()
        until(lambda: master_of(e, watcher) not in (None, m),
              "%r has another master than %r" % (watcher, m), FOUND_S)
        master_is(t, e, watcher)
        t.served()
        m.start()
        e.wait()
    t.served()
    t.finish(e)
