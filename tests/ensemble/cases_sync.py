# SPDX-License-Identifier: Apache-2.0
"""A learner of each kind is brought in step by a leader of each kind, by each
of the three ways."""

import struct
import time

import golden
from cases_basic import has, write_some
from cases_golden import apart
from ensemble import until
from trial import case

# word, kind that leads, kind that learns: {1 zabd + 2 Apache, 2 + 1} and
# zabd alone; aaa proves the harness.  Who shall lead needs a sid that is
# greater than another one's.
PAIRS = ["aaz zabd apache", "zaa apache zabd", "zza zabd apache",
         "zza zabd zabd", "zza apache zabd", "zzz zabd zabd"]
SETTLE_S = 30
NEEDED_S = 6           # initLimit is 15


def learner_of(e, kind):
    return [m for m in e.followers() if m.kind == kind][0]


def back(t, e, learner, want):
    """Start it again; it must be brought in step in the way we want."""
    mark = learner.mark()
    learner.start()
    how = learner.in_step_by(mark)
    t.say("%r came in step by %s", learner, how)
    t.claim(how and how[-1] in want, "in step by %s, not %s", how, want)


def given(t, word, leads, learns, options=None):
    e = t.ensemble(word, options)
    leader = e.elect(leads)
    write_some(t, leader, "base", 50)
    learner = learner_of(e, learns)
    t.say("%r leads, %r learns", leader, learner)
    return e, leader, learner


@case("long", of=PAIRS + ["aaa apache apache"])
def by_diff(t, word, leads, learns):
    """It was away for 100 transactions."""
    e, leader, learner = given(t, word, leads, learns)
    learner.stop()
    write_some(t, leader, "while-away", 100)
    back(t, e, learner, ["DIFF"])
    t.claim(has(t, learner, "/while-away/000099"), "it lacks the last one")
    t.finish(e)


# Neither ring nor list holds what is written: the log does, and is read.
FROM_FILES = {"ring.size": "16M", "snapshotSizeFactor": 0}


@case("short", of=["zzz zabd zabd"])
@case("long", of=PAIRS + ["aaa apache apache"])
def by_diff_from_files(t, word, leads, learns):
    """It was away for more transactions than a leader keeps in memory: zabd's
    ring is full of the last third, Apache has a list of 500.  (In one go a
    zabd that follows Apache would have more than its ring on its way.)"""
    e, leader, learner = given(t, word, leads, learns, FROM_FILES)
    learner.stop()
    for _ in range(9):
        write_some(t, leader, "while-away", 100, 50000)
    back(t, e, learner, ["DIFF"])
    t.claim(has(t, learner, "/while-away/000899"), "it lacks the last one")
    t.finish(e)


@case("long", of=PAIRS + ["aaa apache apache"])
def by_diff_of_a_large_tree(t, word, leads, learns):
    """The log costs less than a snapshot, with the factor's default."""
    e, leader, learner = given(t, word, leads, learns)
    write_some(t, leader, "large", 300, 10000)
    learner.stop()
    write_some(t, leader, "while-away", 900)
    back(t, e, learner, ["DIFF"])
    t.claim(has(t, learner, "/while-away/000899"), "it lacks the last one")
    t.finish(e)


# A greater sid that is no learner would lead.
AGAIN = [words for words in PAIRS if words != "zza zabd zabd"]


@case("short", of=["zzz zabd zabd"])
@case("long", of=AGAIN)
def by_diff_of_an_earlier_life(t, word, leads, learns):
    """The leader was started anew, and has what the learner lacks in files
    alone."""
    e, leader, learner = given(t, word, leads, learns, FROM_FILES)
    others = [m for m in e if m is not learner]
    learner.stop()
    write_some(t, leader, "while-away", 100)
    for m in others:
        m.stop()
    t.claim(e.start(others) is leader, "%r leads now", e.leader())
    back(t, e, learner, ["DIFF"])
    t.claim(has(t, learner, "/while-away/000099"), "it lacks the last one")
    t.finish(e)


KEEPS_LITTLE = {"snapCount": 300, "snapshotSizeFactor": 0,
                "commitLogCount": 500}


@case("long", of=PAIRS + ["aaa apache apache"])
def by_snap(t, word, leads, learns):
    """It lost its disk, and the leader keeps too little to send a DIFF."""
    e, leader, learner = given(t, word, leads, learns, KEEPS_LITTLE)
    learner.stop()
    write_some(t, leader, "while-away", 1500, 200)
    learner.wipe()
    back(t, e, learner, ["SNAP"])
    t.claim(has(t, learner, "/while-away/001499"), "it lacks the last one")
    write_some(t, leader, "afterwards", 50)
    # What came by SNAP must survive a restart of its own.
    learner.kill()
    write_some(t, leader, "afterwards", 50)
    back(t, e, learner, ["DIFF"])
    t.claim(has(t, learner, "/afterwards/000099"), "it lacks the last one")
    t.finish(e)


PACKED, PLAIN = b"\x28\xb5\x2f\xfd", b"BenWasHere"


def sent_to(sniffer, leader, learner):
    """All that the leader said over this learner's last connection.  (Whose
    it is stands in its first packet.)"""
    sid = struct.pack(">q", learner.sid)
    return [golden.bytes_of(down)
            for up, down in sniffer.pairs(leader.quorum_port)
            if golden.bytes_of(up)[16:24] == sid][-1]


@case("short", "long", of=["zza"])
def snapshots_are_packed(t, word):
    """By zstd from zabd to zabd; Apache gets what it can read."""
    apart(t)
    e, leader, _ = given(t, word, "zabd", "zabd", KEEPS_LITTLE)
    sniffer = golden.Sniffer(leader.quorum_port)
    for kind, mark in ("zabd", PACKED), ("apache", PLAIN):
        learner = learner_of(e, kind)
        learner.stop()
        write_some(t, leader, "for-" + kind, 1500, 200)
        learner.wipe()
        back(t, e, learner, ["SNAP"])
        t.claim(mark in sent_to(sniffer, leader, learner),
                "%r got its snapshot in another form", learner)
    t.finish(e)


LOST = ["aaz zabd apache", "aza apache zabd", "zza zabd apache",
        "zza apache zabd", "zzz zabd zabd", "aaa apache apache"]


def logs_for_nobody(t, e, old):
    """It leads, logs what no follower gets, and all die."""
    write_some(t, old, "base", 50)
    others = [m for m in e if m is not old]
    c = t.client(old)
    time.sleep(0.3)              # the followers write what they have
    for m in others:
        m.freeze()
    token = b"never-committed-" + t.name.encode()
    for i in range(20):
        c.create_async("/lost-%d" % i, token)
    until(lambda: old.logged(token), "the old leader logs it", SETTLE_S)
    time.sleep(0.2)
    for m in [old] + others:     # what lies in their sockets dies with them
        m.kill()
    t.close_clients()
    return others


def forget(t, word, truncated, leads, late):
    """A leader has logged what no follower got, and dies.  Of the others,
    which are equal, the greater sid leads and makes it forget."""
    e = t.ensemble(word)
    old = e.elect(truncated)
    others = logs_for_nobody(t, e, old)
    leader = e.start(others)
    t.say("%r leads", leader)
    t.claim(leader.kind == leads, "%r leads, which is no %s", leader, leads)
    if late:
        write_some(t, leader, "new-epoch", 10)
    back(t, e, old, ["TRUNC", "SNAP"] if late else ["TRUNC"])
    t.claim(not has(t, old, "/lost-0"), "it still has what was cut")
    # And again from its disk.
    old.kill()
    write_some(t, leader, "new-epoch", 10)
    back(t, e, old, ["DIFF"])
    t.claim(has(t, old, "/new-epoch/000009"), "it lacks the new epoch")
    t.claim(not has(t, old, "/lost-0"), "it came back from the disk")
    t.finish(e)


@case("long", of=LOST)
def by_trunc(t, word, truncated, leads):
    forget(t, word, truncated, leads, False)


@case("long", of=LOST)
def by_trunc_late(t, word, truncated, leads):
    """The new leader has written by then; Apache's sends a snapshot."""
    forget(t, word, truncated, leads, True)


@case("long", of=["zzz"])
def by_trunc_needed(t, word):
    """Without it the new leader has no quorum: who has to load its tree again
    is back at once, and the leader does not wait for what it had said."""
    e = t.ensemble(word)
    old = e.elect("zabd")
    one, other = logs_for_nobody(t, e, old)
    leader = e.start([one, other])
    write_some(t, leader, "new-epoch", 10)
    one.kill()
    mark, begin = old.mark(), time.monotonic()
    e.start([old])
    e.wait([old, other])
    took = time.monotonic() - begin
    t.claim("TRUNC" in old.synced_by(mark), "it came in step otherwise")
    t.claim(took < NEEDED_S, "served after %.1f s", took)
    t.finish(e)
