# SPDX-License-Identifier: Apache-2.0
"""A client that comes back numbers its requests anew: what its last connection
asked, and is still to be done, answers nothing that this one asks."""

import struct

from cases_master import PORT, master_is
from ensemble import until
from frames import Session, error, wire
from trial import case

EARLY_S = 2            # in which who lets a client in too early does so


class Returning:
    """A connection that takes up a session and asks at once, in one piece."""

    def __init__(self, member, sid, request):
        op, body, _ = request
        self.socket = wire.Socket(member.port, host=member.host)
        self.socket.send(
            wire.framed(wire.connectRequest(0, 20000, sid,
                                            wire.password_of(sid))) +
            wire.framed(wire.i32(1) + wire.i32(op) + body))

    def is_in(self, seconds):
        """The session that it has by then, or None."""
        answer = self.socket.frame(seconds)
        return answer and struct.unpack(">iiq", answer[:16])[2]

    def path_made(self):
        """What its create is answered."""
        answer = self.socket.frame(20)
        code = struct.unpack(">i", answer[12:16])[0]
        return error(code) if code else answer[20:].decode()


def moves_ahead_of_what_it_asked(t, leader, others, member):
    """Of a leader without its quorum, where what it asks is only proposed, to
    a member that hears of what is committed."""
    first = Session(leader)
    first.ask(wire.create("/warm"))
    for m in others:
        m.freeze()
    first.xid = 0
    first.send(wire.create("/first"))
    until(lambda: leader.logged(b"/first"), "it is proposed", 20)
    again = Returning(member, first.id, wire.create("/again"))
    is_in = again.is_in(EARLY_S)
    t.say("let in early: %s", bool(is_in))
    for m in others:
        m.thaw()
    t.claim((is_in or again.is_in(20)) == first.id, "the session is lost")
    made = again.path_made()
    t.claim(made == "/again", "it asked for /again and is told of %s", made)
    first.close()


@case("short", "long", of=["zzzZ"])
@case("long", of=["aaaZ"])
def numbers_anew(t, word):
    e = t.ensemble(word)
    e.start()
    watcher = [m for m in e if m.is_observer][0]
    leader = e.wait()
    moves_ahead_of_what_it_asked(t, leader, [
        m for m in e.voters() if m is not leader], watcher)
    t.finish(e)


@case("long", of=["zzzzzZ", "aaaaaZ"])
def numbers_anew_behind_a_master(t, word):
    e = t.ensemble(word, {"observerMasterPort": PORT}, net=True)
    e.start()
    watcher = [m for m in e if m.is_observer][0]
    master, leader = master_is(t, e, watcher), e.wait()
    moves_ahead_of_what_it_asked(t, leader, [
        m for m in e.voters() if m not in (leader, master)], watcher)
    t.finish(e)


@case("long", of=["zzz zabd", "zza apache", "aaa apache"])
def left_behind(t, word, kind):
    """Any write of a connection that its session has left closes it."""
    e = t.ensemble(word)
    leader = e.elect(kind)
    old = [m for m in e if m is not leader][0]
    for request in (wire.setData("/n"), wire.multi(wire.setData("/n")),
                    wire.multi(wire.delete("/no"), wire.setData("/n"))):
        left = Session(old)
        left.ask(wire.create("/n"))
        Session(leader, left.id).ask(wire.setData("/n"))
        left.send(request)
        t.claim(left.ends(), "%s: not closed", request[2])
    t.finish(e)
