# SPDX-License-Identifier: Apache-2.0
"""Faults of every kind, in an order that nobody thought of, one into the
other, under load.  In the end all that was promised must be there, whatever
happened, and what was seen on the way must have been possible.

    tests/ensemble/run --only chaos.zzz --seed 5eed      that one again
    MOVES=wiped,frozen tests/ensemble/run --only ...     of these alone"""

import load
import moves  # noqa: F401 the table of a storm
import net
from mortal import Mortal
from registers import Registers
from storm import Storm
from strike import Misbehaved
from trial import case

COUNT = {"short": 10, "long": 24}
DISK = 1               # the sid of the member with a disk of its own
OPTIONS = {
    "snapCount": (300, 2000, 100000),
    "snapshotSizeFactor": (0.33, 0),
    "electionAlg": (3, 3, 3, 0),
    "ring.size": ("16M", "64M"),
}
OF_WORD = {
    "zzzzzz": {"group.1": "1:2:3", "group.2": "4:5:6", "electionAlg": 3},
    "zzzZZ": {"observerMasterPort": 21811},
    "zza": {"electionAlg": 3},
}
NODES = (0, 0, 20000)


def founded(t, word):
    """An ensemble with all that a storm can use."""
    has = {"links", "copy"}
    load.LIVE_S = 30.0           # two thirds go for one frozen server
    options = {key: t.random.choice(of) for key, of in OPTIONS.items()}
    options.update(OF_WORD.get(word, {}))
    t.say("%s", options)
    e = t.ensemble(word, options, net=True, member=Mortal)
    for m in e:
        m.set_clock(0)
    if e[DISK].kind == "zabd":
        net.own_mounts()
        e[DISK].own_disk()
        has.add("disk")
    e.start()
    return e, has


def storm(t, word, count):
    t.claim(net.is_possible(), "network namespaces need root")
    e, has = founded(t, word)
    t.load(e, t.random.choice(NODES))
    registers = Registers(e.hosts(), t.seed)
    registers.start()
    t.served()
    try:
        Storm(t, e, registers, count, has).run()
    except Misbehaved:
        t.judge(e, "until then", registers.so_far(excuses(e)))
        raise
    registers.settle()
    t.finish(e, more=lambda members: judged(t, e, registers, members))


def excuses(e):
    """A sync on an Apache leader is a read: its followers may have
    acknowledged more than it has applied."""
    has_apache = any(m.kind == "apache" for m in e)
    return lambda op: op.kind == "synced" and has_apache


def judged(t, e, registers, members):
    """What is wrong with all that the users were told."""
    wrong = registers.verify(members, excuses(e))
    t.notes.append("asked=%d" % len(registers.ops))
    registers.close()
    return wrong


@case("short", "long", of=["zzz"])
def chaos(t, word):
    storm(t, word, COUNT["short"])


@case("long", of=["zzz", "zzzzz", "zzzZ", "zzzZZ", "zza", "zzzzzz"])
def chaos_long(t, word):
    storm(t, word, COUNT["long"])
