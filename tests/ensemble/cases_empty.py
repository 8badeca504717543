# SPDX-License-Identifier: Apache-2.0
"""Members that lost their disk, with db.autocreate=false: such a one has no say
in who leads before a leader has given it what is acknowledged."""

import os
import time

from cases_basic import write_through_each
from ensemble import until
from trial import case

NO_VOTE = r"has no vote: its data directory is empty"
SNAP = r"taking a snapshot from server"
PATIENCE_S = 5      # elections take less than one
SOON_S = 30
LARGE_ONES = 40


def found(t, word, options=None):
    """Such an ensemble; none of its members has begun."""
    e = t.ensemble(word, options)
    for m in e:
        if m.kind == "apache":
            m.properties = {"zookeeper.db.autocreate": "false"}
        else:
            m.extra = {"db.autocreate": "false"}
    return e


def begin(e):
    """... as its operator says that they may."""
    for m in e:
        m._put("data/initialize", "")
    e.start()


def has_marker(m):
    return os.path.exists(m.path("data/initialize"))


def epoch_of(m):
    with open(m.path("data/version-2/currentEpoch")) as f:
        return int(f.read())


def is_there(t, m, path):
    there = t.client(m).exists(path) is not None
    t.close_clients()
    return there


def nobody_leads(t, members):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        t.claim(not any(m.mode() for m in members), "they have a leader")
        time.sleep(0.2)


def lose_disk(m):
    m.wipe()


def lose_half(m):
    """As one that was stopped when it had a part of its leader's data."""
    m._put("data/version-2/currentEpoch", "-1")


LOSSES = {"disk": lose_disk, "half": lose_half}


@case("short", "long", of=["zzz disk 3", "zza disk 3"])
@case("long", of=["zzz half 3", "zzz disk 0", "aza disk 3", "aza half 3",
                  "aaz disk 3"])
def has_no_say(t, word, loss, election):
    """One is behind, and one has lost its disk: together they do not lead, so
    that the third, which has all, is not the one that is told to forget."""
    e = found(t, word, {"electionAlg": int(election)})
    begin(e)
    old, lost, whole = e
    t.client(old).create("/early")
    t.close_clients()
    old.stop()
    e.wait([lost, whole])
    t.client(whole).create("/late")
    t.close_clients()
    for m in lost, whole:
        m.stop()
    LOSSES[loss](lost)
    mark = lost.mark()
    for m in lost, old:
        m.start_only()
    nobody_leads(t, [lost, old])
    t.claim(lost.kind == "apache" or lost.said(NO_VOTE, mark),
            "it does not say why")
    whole.start_only()
    e.wait()
    for m in e:
        t.claim(is_there(t, m, "/late"), "%r lost what was acknowledged", m)
    whole.stop()                # it counts now
    e.wait([lost, old])
    write_through_each(t, e, "second")
    whole.start()
    e.wait()
    t.finish(e)


@case("short", "long", of=["zzz 3", "zzz 0"])
def nobody_has_data(t, word, election):
    """Without their operator's word they wait, and say what for."""
    e = found(t, word, {"electionAlg": int(election)})
    for m in e:
        m.start_only()
    for m in e:
        until(lambda: m.said(NO_VOTE), "%r says so" % m, SOON_S)
    nobody_leads(t, e)
    for m in e:
        m.stop()
        t.claim(epoch_of(m) == -1, "%r has an epoch", m)
    begin(e)
    write_through_each(t, e, "first")
    for m in e:
        t.claim(not has_marker(m), "the marker is left")
        m.stop()
    e.start()                   # none is wanted any more
    write_through_each(t, e, "second")
    t.finish(e)


@case("short", "long", of=["zzz"])
def killed_while_it_is_filled(t, word):
    """It has no say before it has all, however often it has to begin anew."""
    e = found(t, word)
    begin(e)
    leader = e.wait()
    victim = e.followers()[0]
    victim.stop()
    victim.wipe()
    c = t.client(leader)
    for _ in range(LARGE_ONES):
        c.create("/big-", os.urandom(500000), sequence=True)
    t.close_clients()
    for _ in range(3):
        mark = victim.mark()
        victim.start_only()
        until(lambda: victim.said(SNAP, mark), "it is filled", SOON_S)
        victim.kill()
        t.claim(epoch_of(victim) in (-1, epoch_of(leader)),
                "it has an epoch of its own")
    victim.start_only()
    e.wait()
    t.claim(epoch_of(victim) == epoch_of(leader), "it never counts")
    t.finish(e)
