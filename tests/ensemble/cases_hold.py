# SPDX-License-Identifier: Apache-2.0
"""What a server knows of its clients when it has held them through a change of
leader, and the next leader knows nothing of them."""

import time

from frames import Session, SHORT_MS, wire
from trial import case

LONG_MS = 10000        # the most with a tick of 500 ms


@case("short", "long", of=["zzz zabd", "zza apache"])
def another_timeout(t, word, kind):
    """A session comes back with a longer timeout than it was opened with, and
    its client speaks as often as that asks for.  It does not end by the first
    one: neither when a new leader reads that from its tree, nor when its server
    tells an Apache leader of it."""
    e = t.ensemble(word, {"tickTime": 500})
    leader = e.elect(kind)
    member = next(m for m in e if m is not leader and m.kind == "zabd")
    first = Session(member, timeout=SHORT_MS)
    again = Session(member, first.id, timeout=LONG_MS)
    t.claim((first.timeout, again.timeout) == (SHORT_MS, LONG_MS),
            "timeouts of %r and %r", first.timeout, again.timeout)
    if kind == "zabd":
        leader.kill()
    for _ in range(3):
        time.sleep(LONG_MS / 3000)
        answer = again.ask(wire.exists("/zookeeper"))
        t.claim(answer == "ok", "its client speaks in time, and hears %r",
                answer)
    if kind == "zabd":
        leader.start()
    t.finish(e)


@case("short", "long", of=["zzz"])
def an_epoch_without_writes(t, word):
    """A member that comes back shows the beginning of its leader's epoch.  Who
    has seen that is welcome at those that held their clients through the
    change, though nobody has written anything since."""
    e = t.ensemble(word)
    e.start()
    leader = e.wait()
    others = [m for m in e if m is not leader]
    visitor = Session(leader)
    leader.kill()
    e.wait()
    leader.start()
    e.wait()
    visitor = Session(leader, visitor.id)
    t.claim(visitor.ask(wire.exists("/")) == "ok", "it is not back")
    seen = visitor.zxid
    t.claim(seen & 0xffffffff == 0, "somebody has written: 0x%x", seen)
    for m in others:
        visitor = Session(m, visitor.id, zxid=seen)
        t.claim(visitor.how() == "in", "who has seen 0x%x is %s by %r", seen,
                visitor.how(), m)
        t.claim(visitor.ask(wire.exists("/")) == "ok" and visitor.zxid >= seen,
                "it is shown 0x%x", visitor.zxid)
    t.finish(e)
