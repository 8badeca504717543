# SPDX-License-Identifier: Apache-2.0
"""The polling election (electionAlg=0): datagrams on the quorum port."""

import select
import socket
import struct
import time

from cases_vote import OFTEN, agreed, ensemble, look_again
from kit import HOST, PATIENCE_S, case, claim

POLL = "electionAlg=0\n"


def ask(members, sid, data, seconds=1.0):
    """One datagram to a node; what it answers, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.sendto(data, (HOST, members.quorum[sid]))
        try:
            return s.recv(100)
        except socket.timeout:
            return None


def largest_wins(stage, sids, zxids):
    """An answer that takes longer than 200 ms is not there: on a machine that
    stalls, others may elect without it, and stay with whom they have; or two
    are elected, of whom one finds no quorum to lead.  Then all begin anew.
    Not OFTEN times."""
    for _ in range(OFTEN):
        nodes = ensemble(stage, *sids, extra=POLL, zxids=zxids)
        if {n.decided()[0] for n in nodes.values()} == {max(zxids,
                                                            key=zxids.get)}:
            return True
        for node in nodes.values():
            node.stop()
    return False


@case
def three_poll_one(stage):
    """The first that is there has the largest zxid."""
    claim(largest_wins(stage, range(1, 4), {1: 5}),
          "the largest zxid does not win")


@case
def seven_poll_one(stage):
    claim(largest_wins(stage, range(1, 8), {1: 5}),
          "the largest zxid does not win")


@case
def those_left_poll_one(stage):
    nodes = ensemble(stage, 1, 2, 3, 4, 5, extra=POLL)
    leader = agreed(nodes)
    nodes.pop(leader).stop()
    nodes.pop(min(nodes)).stop()
    claim(look_again(nodes) == max(nodes), "not the largest sid")
    nodes[leader] = stage.node(leader).look(99)
    claim(nodes[leader].decided()[0] == max(
        s for s in nodes if s != leader), "the late one does not join")


@case
def one_alone_polls_in_vain(stage):
    stage.members(1, 2, 3, extra=POLL)
    stage.node(1).look().undecided(1)


@case
def observers_poll_and_are_not_polled(stage):
    nodes = ensemble(stage, 1, 2, 3, 4, observers=(4,), extra=POLL)
    leader = agreed(nodes)
    claim(leader != 4, "an observer leads")
    nodes[4].logs("observing %d" % leader)


@case
def it_answers_in_every_state(stage):
    """xid, sid, leader, zxid: 28 bytes."""
    m = stage.members(1, 2, 3, extra=POLL)
    nodes = {s: stage.node(s) for s in (1, 2)}
    nodes[1].look(5)
    nodes[1].undecided(0.2)
    answer = ask(m, 1, struct.pack(">i", -7))
    claim(answer == struct.pack(">iqqq", -7, 1, 1, 5), "looking: %r", answer)
    nodes[2].look(5)
    claim(agreed(nodes) == 2, "2 does not lead")
    for s in (1, 2):
        answer = ask(m, s, struct.pack(">i", 9))
        claim(answer and struct.unpack(">iqqq", answer)[:3] == (9, s, 2),
              "with a leader: %r", answer)


@case
def a_leader_says_no_less_than_it_stood_with(stage):
    """An epoch that it took over, and in which it has logged nothing yet."""
    m = stage.members(1, 2, 3, extra=POLL)
    nodes = {1: stage.node(1).look(7, 0), 2: stage.node(2).look(7, 1)}
    claim(agreed(nodes) == 2, "2 does not lead")
    answer = ask(m, 2, struct.pack(">i", 9))
    claim(answer == struct.pack(">iqqq", 9, 2, 2, 1 << 32), "%r", answer)


@case
def a_role_outlives_the_polling_process(stage):
    m = stage.members(1, 2, 3, extra=POLL)
    nodes = {s: stage.node(s).look() for s in (1, 2, 3)}
    leader = agreed(nodes)
    nodes[1].say("kill")
    nodes[1].hear("forked")
    end = time.monotonic() + PATIENCE_S
    answer = None
    while not answer and time.monotonic() < end:
        answer = ask(m, 1, struct.pack(">i", 9), 0.1)
    claim(answer and struct.unpack(">iqqq", answer)[:3] == (9, 1, leader),
          "%r", answer)


def fake(stage, sid):
    """The quorum port of a server that is not there."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((HOST, stage.m.quorum[sid]))
    s.settimeout(PATIENCE_S)
    stage.open.append(s)
    return s


@case
def our_own_name_is_asked_for_without_end_when_we_poll(stage):
    """Who cannot be asked asks the others, and follows."""
    stage.members(1, 2, 3, hosts={2: "no-such-host.invalid"},
                  extra=POLL + "electionPortBindRetry=1\n")
    fakes = {fake(stage, s): s for s in (1, 3)}
    node = stage.node(2).look()
    node.logs("cannot resolve our own host")
    node.undecided(3.5)                     # asked once a second
    claim(node.log().count("our own host") == 1, node.log())
    claim("tried" not in node.log(), node.log())
    end = time.monotonic() + PATIENCE_S
    while "following 3" not in node.log() and time.monotonic() < end:
        for one in select.select(fakes, [], [], 0.1)[0]:
            request, where = one.recvfrom(100)
            one.sendto(request + struct.pack(">qqq", fakes[one], 3, 9), where)
    claim(node.decided()[0] == 3, "3 does not lead")


@case
def a_port_for_datagrams_that_cannot_be_had_ends_the_process(stage):
    stage.members(1, 2, 3, extra=POLL + "electionPortBindRetry=1\n")
    fake(stage, 2)
    stage.node(2).look().logs("tried 2 times")


@case
def members_of_two_families_poll(stage):
    stage.members(1, 2, 3, hosts={1: "[::1]", 3: "[::1]"}, extra=POLL)
    nodes = {s: stage.node(s) for s in (1, 2)}
    for node in nodes.values():
        node.look()
    claim(agreed(nodes) == 2, "2 does not lead")


@case
def who_answers_is_told_to_the_operator(stage):
    """looking for a leader, 1 of 2 other voters connected"""
    stage.members(1, 2, 3, extra=POLL)
    three = fake(stage, 3)
    node = stage.node(1).look()
    for _ in range(2):
        request, where = three.recvfrom(100)
        three.sendto(request + struct.pack(">qqq", 3, 2, 9), where)
    claim(node.is_connected_with(1 << 2), "it is %d", node.connected())


@case
def what_is_no_answer_is_dropped(stage):
    """Of the wrong size, to another request, of a stranger."""
    stage.members(1, 2, 3, extra=POLL)
    fakes = {s: fake(stage, s) for s in (2, 3)}
    node = stage.node(1).look()
    for _ in range(3):
        for s, member in fakes.items():
            request, where = member.recvfrom(100)
            claim(len(request) == 4, "a request of %d bytes", len(request))
            xid = struct.unpack(">i", request)[0]
            member.sendto(struct.pack(">iqqq", xid, s, 3, 9)[:27], where)
            member.sendto(struct.pack(">iqqq", xid ^ 1, s, 3, 9), where)
            member.sendto(struct.pack(">iqqq", xid, 77, 3, 9), where)
            member.sendto(b"", where)
    node.undecided(0)
    request, where = fakes[3].recvfrom(100)
    fakes[3].sendto(request + struct.pack(">qqqq", 3, 3, 9, 0), where)
    request, where = fakes[3].recvfrom(100)     # 1 votes for 3 from now on
    fakes[3].sendto(request + struct.pack(">qqqq", 3, 3, 9, 0), where)
    claim(node.decided()[0] == 3, "3 does not lead")
