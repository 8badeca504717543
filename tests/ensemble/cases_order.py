# SPDX-License-Identifier: Apache-2.0
"""What a sync promises: its place, and a look at all that is acknowledged."""

import itertools
import threading

from frames import Session, error, wire
from trial import case

PIPELINES = 30
SYNCS = 50             # for each pair of members


def write_around_syncs(t, m, s, number):
    """One pipeline; all is answered, in order."""
    values = ["%d-%d" % (number, k) for k in range(4)]
    asked = [(wire.setData("/n", values[0]), "ok"),
             (wire.sync("/n"), "ok"), (wire.setData("/n", values[1]), "ok"),
             (wire.sync("/"), "ok"), (wire.sync("/n"), "ok"),
             (wire.delete("/no"), "NONODE"), (wire.sync("/no"), "ok"),
             ((wire.OP["sync"], b"\0", "sync of one byte"), "-5"),
             (wire.setData("/n", values[2]), "ok"), (wire.getData("/n"), "ok"),
             (wire.sync("/n"), "ok"), (wire.setData("/n", values[3]), "ok")]
    xids = s.send(*[request for request, _ in asked])
    zxid = 0
    for xid, (request, code) in zip(xids, asked):
        got = s.reply()
        t.claim(got, "%r: pipeline %d, no answer to %s", m, number, request[2])
        t.claim(got[0] == xid, "%r answers %d, not %s", m, got[0], request[2])
        t.claim(error(got[2]) == code, "%r: %s: %s", m, request[2],
                error(got[2]))
        t.claim(got[1] >= zxid, "%r: %s goes back", m, request[2])
        t.claim(request[0] != wire.OP["getData"] or
                values[2].encode() in got[3], "%r reads %r", m, got[3])
        zxid = got[1]


@case("short", "long", of=["zzzZ"])
@case("long", of=["zzaA", "aazZ"])
def syncs_in_pipelines(t, word):
    """A sync between writes keeps its place, through each zabd; and one
    behind them still shows what others wrote.  Apache's followers sometimes
    answer out of order."""
    e = t.ensemble(word)
    e.start()
    other = Session(e.wait())
    other.ask(wire.create("/n"))
    for m in (m for m in e.running() if m.kind == "zabd"):
        s = Session(m)
        s.ask(wire.sync("/n"))
        for number in range(PIPELINES):
            write_around_syncs(t, m, s, number)
            other.ask(wire.setData("/n", "theirs %d" % number))
            s.ask(wire.sync("/n"))
            s.ask(wire.getData("/n"))
            t.claim(b"theirs %d" % number in s.body, "%r: a sync behind "
                    "pipeline %d shows %r", m, number, s.body)
        s.close()
    other.close()
    t.finish(e)


class Noise:
    """Writes that keep a member busy, a pipeline after the other."""

    def __init__(self, member):
        self.session, self.goes_on = Session(member), True
        self.session.ask(wire.create("/noise"))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.goes_on:
            asked = self.session.send(*[wire.setData("/noise", "x" * 500)]
                                      * 30)
            for _ in asked:
                self.session.reply()

    def end(self):
        self.goes_on = False
        self.thread.join()
        self.session.close()


@case("short", "long", of=["zzzZ"])
def syncs_show_all(t, word):
    """A sync on any member shows what any other has acknowledged."""
    e = t.ensemble(word)
    e.start()
    noise = Noise(e.wait())
    sessions = {m: Session(m) for m in e.running()}
    sessions[e.wait()].ask(wire.create("/n"))
    number = 0
    for m, n in itertools.permutations(sessions, 2):
        for _ in range(SYNCS):
            number += 1
            sessions[m].ask(wire.sync("/n"))
            said = sessions[m].ask(wire.setData("/n", "%d" % number))
            t.claim(said == "ok", "%r: setData: %s", m, said)
            sessions[n].ask(wire.sync("/n"))
            sessions[n].ask(wire.getData("/n"))
            t.claim(b"%d" % number == sessions[n].body[4:-68],
                    "%r shows %r behind a sync, %r wrote %d", n,
                    sessions[n].body[4:-68], m, number)
    noise.end()
    for s in sessions.values():
        s.close()
    t.finish(e)
