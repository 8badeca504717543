# SPDX-License-Identifier: Apache-2.0
"""Who connects to the ports between servers, and is none of them."""

import socket
import struct
import time

from cases_basic import has, write_some
from ensemble import until
from trial import case

LEARNERS_MAX = 128     # LEADER_PEERS_MAX
PATIENT = {"initLimit": 400}    # longer than anybody here waits
SOON_S = 30
CROSSING_S = 0.2        # who comes before is the same server: election/mesh.h
FOLLOWER_INFO = 11
TWINS = "two servers with the number"
KEPT_OUT = "not taking part for .* another server has our number"


def knock(member, port):
    s = socket.create_connection((member.host, port))
    s.setblocking(False)
    return s


def is_open(s):
    """Has its other end not closed it?"""
    try:
        return s.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@case("short", "long", of=["zzz"])
def silent_learners(t, word):
    """As many connections to the leader as it can have, and none of them says
    a word: a learner that comes takes the place of the first of them, and one
    that is there keeps its own."""
    e = t.ensemble(word, PATIENT)
    leader = e.start()
    stays, victim = [m for m in e if m is not leader]
    victim.kill()
    mark = stays.mark()
    silent = []
    for _ in range(LEARNERS_MAX + 10):
        silent.append(knock(leader, leader.quorum_port))
    until(lambda: not is_open(silent[0]), "the first of them is closed", SOON_S)
    t.claim(is_open(silent[-1]), "the last one is closed, too")
    victim.start_only()
    e.wait()
    t.claim(not stays.said("looking for a leader", mark),
            "%r lost its leader", stays)
    for s in silent:
        s.close()
    t.finish(e)


def is_cut_off(leader, head):
    """Is who begins its first packet so, and goes on and on, hung up on?"""
    with socket.create_connection((leader.host, leader.quorum_port)) as s:
        s.settimeout(SOON_S)
        try:
            s.sendall(head)
            for _ in range(64):
                s.sendall(bytes(1 << 20))
        except ConnectionError:
            return True
    return False


@case("short", "long", of=["zzz"])
def endless_words(t, word):
    """A stranger whose first packet says that it has 200 MB of data, or an
    identity as long: nobody waits until all of it is there, for four of them
    would have all the room that learners have together."""
    e = t.ensemble(word, PATIENT)
    leader = e.start()
    data = struct.pack(">iqi", FOLLOWER_INFO, 0, 200 << 20)
    identity = struct.pack(">iqiii", FOLLOWER_INFO, 0, -1, 1, 200 << 20)
    t.claim(is_cut_off(leader, data), "64 MB of data are taken")
    t.claim(is_cut_off(leader, identity), "64 MB of identities are taken")
    t.finish(e)


# --- two servers of one number ------------------------------------------------


def twin_of(t, e, sid, options=None, at_home=False):
    """A server with the number of `sid` and an empty disk, not started: at
    ports of its own, or with the lines of all the others."""
    twin = t.ensemble(e.word, options)[sid]
    t.expected = TWINS
    for m in e:
        if m.sid != sid or at_home:
            twin.ensemble[m.sid].quorum_port = m.quorum_port
            twin.ensemble[m.sid].election_port = m.election_port
    return twin


def stays_out(t, twin, mark=0):
    until(lambda: twin.said(KEPT_OUT, mark), "%r says that it takes no part"
          % twin, SOON_S)
    t.claim(twin.mode() is None, "the twin serves")


def is_disturbed(m, mark):
    return m.said("looking for a leader", mark)


@case("short", "long", of=["zzz 2 here", "zzz 3 elsewhere"])
def a_twin_is_kept_out(t, word, sid, where):
    """The server whose number it has is there, and has a write that the third
    lacks: the twin, whose disk is empty, and the third would be a quorum
    without it when the leader dies."""
    e = t.ensemble(word)
    behind, first, leader = e[1], e[int(sid)], e[5 - int(sid)]
    e.start([behind, leader])
    e.start([first])
    t.claim(e.leader() is leader, "%r leads", e.leader())
    behind.stop()
    write_some(t, leader, "acknowledged", 20)
    time.sleep(CROSSING_S)
    twin = twin_of(t, e, first.sid, at_home=where == "here")
    mark = first.mark()
    twin.start_only()
    stays_out(t, twin)
    t.claim(twin.said(r"ERROR.*another server with our number, %s, is "
                      r"connected with it from" % sid), "it does not say why")
    if where == "elsewhere":
        until(lambda: leader.said("ERROR.*%s %s" % (TWINS, sid)),
              "%r says it" % leader, SOON_S)
    t.claim(not is_disturbed(first, mark), "%r is disturbed", first)
    leader.kill()
    behind.start_only()
    e.wait([behind, first])
    t.claim(has(t, behind, "/acknowledged/000019"), "a write is lost")
    # It comes again, while the leader is lost and found.
    mark = twin.mark()
    leader.start()
    e.wait()
    stays_out(t, twin, mark)
    t.claim(has(t, first, "/acknowledged/000019"), "a write is lost")
    twin.kill()
    t.finish(e)


@case("long", of=["zzz"])
def a_twin_takes_the_place_that_is_left(t, word):
    """As the server itself would with an empty disk."""
    e = t.ensemble(word)
    leader = e.start()
    first = e.followers()[0]
    write_some(t, leader, "acknowledged", 20)
    twin = twin_of(t, e, first.sid, at_home=True)
    twin.start_only()
    stays_out(t, twin)
    first.kill()
    twin.wait(twin.child, 2 * SOON_S)
    t.claim(has(t, twin, "/acknowledged/000019"), "it lacks a write")
    mark = first.mark()
    first.start_only()
    stays_out(t, first, mark)
    twin.kill()
    first.wait(first.child, 2 * SOON_S)
    t.finish(e)


@case("short", "long", of=["zzz"])
def twins_that_poll(t, word):
    """With electionAlg=0 no election port knows of it: the leader keeps the
    twin out, and both say so."""
    options = {"electionAlg": 0}
    e = t.ensemble(word, options)
    leader = e.start()
    first = e.followers()[0]
    twin = twin_of(t, e, first.sid, options)
    mark = first.mark()
    twin.start_only()
    until(lambda: leader.said("ERROR.*" + TWINS + " %d" % twin.sid),
          "%r says that there are two of %d" % (leader, twin.sid), SOON_S)
    stays_out(t, twin)
    t.claim(twin.said("another server with our number is there"),
            "it does not say why")
    t.claim(not is_disturbed(first, mark), "%r is disturbed", first)
    twin.kill()
    t.finish(e)
