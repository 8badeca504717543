# SPDX-License-Identifier: Apache-2.0
"""A member whose tree is not its leader's says so itself, and nobody else."""

import os
import signal
import struct
import time
import zlib

from ensemble import until
from trial import case

RIGHT, WRONG = b"what all agreed on", b"what it never said"
SAID = "First digest mismatch on txn: 0x%x.*takes everything from the leader"
NOTICED_S = 15


def forge(member):
    """Change RIGHT in its log, in a record that is whole again afterwards."""
    folder = member.path("data/version-2")
    for name in os.listdir(folder):
        if not name.startswith("log."):
            continue
        with open(os.path.join(folder, name), "r+b") as f:
            log = bytearray(f.read())
            at = log.find(RIGHT)
            if at < 0:
                continue
            log[at:at + len(RIGHT)] = WRONG
            record = 16
            while record + 12 + struct.unpack_from(
                    ">I", log, record + 8)[0] < at:
                record += 13 + struct.unpack_from(">I", log, record + 8)[0]
            size, = struct.unpack_from(">I", log, record + 8)
            struct.pack_into(">Q", log, record, zlib.adler32(
                log[record + 12:record + 12 + size]))
            f.seek(0)
            f.write(log)
            return True
    return False


def mismatches(member):
    return member.figure("digest_mismatches_count")


@case("short", "long", of=["zzz", "zza"])
def differs(t, word):
    """A follower's disk gives back something else than was written."""
    t.expected = "First digest mismatch"
    e = t.ensemble(word)
    e.start()
    victim = [m for m in e if m.kind == "zabd" and m is not e.wait()][0]
    others = [m for m in e if m is not victim and m.kind == "zabd"]
    os.kill(victim.processes()["image"], signal.SIGSTOP)
    c = t.client(victim)
    c.create("/it", b"first")
    zxid = c.set("/it", RIGHT).mzxid
    until(lambda: victim.logged(RIGHT), "%r logs it" % victim, NOTICED_S)
    victim.kill()                # and its image does not have it
    t.claim(forge(victim), "its log has no %r", RIGHT)
    mark = victim.mark()
    victim.start()
    e.wait()
    until(lambda: victim.said(SAID % zxid, mark),
          "%r notices at 0x%x" % (victim, zxid), NOTICED_S)
    before = mismatches(victim)
    t.claim(before >= 1, "it counts none")
    c.retry(c.create, "/more")
    until(lambda: mismatches(victim) > before,
          "it goes on counting", NOTICED_S)
    for m in others:
        t.claim(mismatches(m) == 0, "%r counts, too", m)
    t.say("as it says: away with the directory")
    t.close_clients()
    victim.kill()
    victim.wipe()
    victim.start()
    e.wait()
    c = t.client(victim)
    c.sync("/")
    t.claim(c.get("/it")[0] == RIGHT, "still the wrong one")
    c.create("/again")
    time.sleep(0.5)
    t.claim(mismatches(victim) == 0, "it still differs")
    t.finish(e)
