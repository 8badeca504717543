# SPDX-License-Identifier: Apache-2.0
"""Who connects to the ports between servers, and is none of them."""

import socket
import struct

from ensemble import until
from trial import case

LEARNERS_MAX = 128     # LEADER_PEERS_MAX
PATIENT = {"initLimit": 400}    # longer than anybody here waits
SOON_S = 30
FOLLOWER_INFO = 11
TWINS = "two servers with the number"


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


@case("short", "long", of=["zzz"])
def twins_that_poll(t, word):
    """A server has another one's number.  No election port knows of it, with
    electionAlg=0: at the leader each takes the other's place, which says so."""
    options = {"electionAlg": 0}
    e = t.ensemble(word, options)
    leader = e.start()
    twin = t.ensemble(word, options)[1]
    for m in e:
        if m.sid != twin.sid:
            twin.ensemble[m.sid].quorum_port = m.quorum_port
            twin.ensemble[m.sid].election_port = m.election_port
    t.expected = TWINS
    twin.start_only()
    until(lambda: leader.said(TWINS + " %d" % twin.sid), "%r says that there "
          "are two of %d" % (leader, twin.sid), SOON_S)
    twin.kill()
    t.finish(e)
