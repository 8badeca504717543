# SPDX-License-Identifier: Apache-2.0
"""Who connects to the ports between servers, and is none of them."""

import socket

from ensemble import until
from trial import case

LEARNERS_MAX = 128     # LEADER_PEERS_MAX
PATIENT = {"initLimit": 400}    # longer than anybody here waits
SOON_S = 30


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
