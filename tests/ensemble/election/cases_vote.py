# SPDX-License-Identifier: Apache-2.0
"""Elections of election processes, and what a death costs."""

import socket
import time

from kit import (BY_ALL, BY_WAITING, FOLLOWING, HOST, LEADING, LOOKING, NOBODY,
                 OBSERVING, case, claim, until)

OFTEN = 5              # a machine does not stall that often at one place


def ensemble(stage, *sids, zxids=None, epochs=None, **more):
    stage.members(*sids, **more)
    nodes = {s: stage.node(s) for s in sids}
    for s in sids:
        nodes[s].look((zxids or {}).get(s, 0), (epochs or {}).get(s, 0))
    return nodes


def agreed(nodes):
    outcomes = {n.decided() for n in nodes.values()}
    claim(len({o[0] for o in outcomes}) == 1, "they decided %s", outcomes)
    return outcomes.pop()[0]


def look_again(nodes, leader=None, zxids=None):
    """All alive: who wins.  As in an ensemble whose leader is lost, nobody
    says that it leads when the others look."""
    if leader in nodes:
        nodes[leader].looks((zxids or {}).get(leader, 0))
    for s, n in nodes.items():
        if s != leader:
            n.look((zxids or {}).get(s, 0))
    return agreed(nodes)


@case
def three_elect_one(stage):
    agreed(ensemble(stage, 1, 2, 3))


@case
def seven_elect_one(stage):
    agreed(ensemble(stage, *range(1, 8)))


@case
def the_latest_history_wins(stage):
    """Epoch, then zxid, then sid, once all know each other."""
    nodes = ensemble(stage, 1, 2, 3, 4, 5)
    leader = agreed(nodes)
    claim(look_again(nodes, leader) == 5, "the largest sid does not win")
    claim(look_again(nodes, 5, {2: 9}) == 2, "the largest zxid does not win")
    nodes[2].looks(9, 0)
    for s in (1, 3, 4, 5):
        nodes[s].look(9, 7 if s == 1 else 0)
    claim(agreed(nodes) == 1, "the largest epoch does not win")


@case
def hosts_may_be_ipv6(stage):
    nodes = ensemble(stage, 1, 2, 3,
                     hosts={s: "[::1]" for s in (1, 2, 3)})
    agreed(nodes)
    claim("another configuration" not in nodes[1].log(), nodes[1].log())


@case
def those_left_elect_at_once(stage):
    nodes = ensemble(stage, 1, 2, 3)
    leader = agreed(nodes)
    for _ in range(5):
        claim(look_again(nodes, leader) == 3, "3 does not lead")
        nodes.pop(3).stop()
        leader = look_again(nodes)
        claim(leader == 2, "%d leads", leader)
        claim(nodes[2].why() == BY_ALL, "2 leads, for %s", nodes[2].why())
        nodes[3] = stage.node(3).look()
        claim(nodes[3].decided()[0] == 2, "3 does not join")


@case
def one_after_the_other_elect_at_once(stage):
    """A follower that notices the loss later dropped what it was told."""
    nodes = ensemble(stage, 1, 2, 3)
    look_again(nodes, agreed(nodes))
    for first, second in ((1, 2), (2, 1)):
        for _ in range(3):
            nodes.pop(3).stop()
            nodes[first].looks()
            nodes[second].look()
            claim(agreed(nodes) == 2, "2 does not lead")
            claim(nodes[2].why() == BY_ALL, "2 leads, for %s", nodes[2].why())
            nodes[3] = stage.node(3).look()
            nodes[3].decided()
            claim(look_again(nodes, 2) == 3, "3 does not lead")


@case
def one_alone_does_not_decide(stage):
    stage.members(1, 2, 3)
    stage.node(1).look().undecided(1)


@case
def a_late_one_joins(stage):
    nodes = ensemble(stage, 1, 2, 3)
    leader = agreed(nodes)
    for n in nodes.values():
        n.say("established", 5)
    sid = 1 if leader != 1 else 2
    nodes[sid].stop()
    late = stage.node(sid).look(77)
    claim(late.decided()[0] == leader, "it does not join")


@case
def observers_follow_the_voters(stage):
    """Voters tell changes of their votes to voters only, so an observer may
    settle for one that was overtaken; whom it then dials refuses, and it looks
    again.  ZK: FastLeaderElection.sendNotifications"""
    nodes = ensemble(stage, 1, 2, 3, 4, observers=(4,))
    observer = nodes.pop(4)
    leader = agreed(nodes)
    claim(leader != 4, "an observer leads")
    if observer.decided()[0] != leader:
        claim(observer.look().decided()[0] == leader, "it does not follow")
    observer.logs("observing %d" % leader)


@case
def an_observer_that_waited_long_follows_at_once(stage):
    """Nobody tells it that there is a leader now: it asks."""
    stage.members(1, 2, 3, 4, observers=(4,))
    observer, one = stage.node(4).look(), stage.node(1).look()
    observer.undecided(7)       # 12.6 s after its first it asks by itself
    leader = stage.node(2).look().decided()[0]
    claim(one.decided()[0] == leader, "two leaders")
    claim(observer.decided(4)[0] == leader, "it does not follow")


@case
def an_observer_votes_for_nobody(stage):
    """spec 16.1: -2^63 in every field."""
    stage.members(1, 2, 3, 4, observers=(4,))
    one = stage.fake(1)
    stage.node(4).look(9, 9)
    link = one.accept()
    link.hello()
    claim(link.note().vote() == (LOOKING, NOBODY, NOBODY, 1, NOBODY),
          "another vote")


@case
def groups_decide(stage):
    """Two of three groups, each with more than half of its weight."""
    nodes = ensemble(
        stage, *range(1, 8),
        extra="group.1=1:2:3\ngroup.2=4:5:6\ngroup.3=7\nweight.7=0\n")
    leader = agreed(nodes)
    claim(leader != 7, "one without weight leads")
    claim(look_again(nodes, leader) == 6, "6 does not lead")
    for s in (1, 2, 3):
        nodes.pop(s).stop()
    nodes[6].looks()
    for s in (4, 5, 7):
        nodes[s].look()
    for n in nodes.values():
        n.undecided(0.3)


def given_leader(stage):
    """A node, number 3, that leads; two fakes, and their links with it."""
    stage.members(1, 2, 3)
    fakes = stage.fake(1), stage.fake(2)
    node = stage.node(3).look(5, 1)
    links = [f.linked(3) for f in fakes]
    for link in links:
        link.tell(LOOKING, 3, 5, 1, 1)
    claim(node.decided() == (3, 1, 1), "it does not lead")
    return node, fakes, links


@case
def a_leader_that_was_established_says_its_epoch(stage):
    node, _, (one, two) = given_leader(stage)
    two.tell(LOOKING, 2, 0, 7, 0)
    claim(two.hears(LEADING, 3).vote() == (LEADING, 3, 5, 1, 1), "before")
    node.say("established", 2)
    node.has_obeyed()

    def told():
        two.tell(LOOKING, 2, 0, 7, 0)
        return two.hears(LEADING, 3).vote()
    until(lambda: told() == (LEADING, 3, 5, 1, 2), "it says its epoch")


@case
def a_role_outlives_the_election_process(stage):
    node, fakes, _ = given_leader(stage)
    node.say("established", 2)
    node.say("kill")
    node.hear("forked")
    for f in fakes:
        link = f.linked(3)
        link.tell(LOOKING, f.sid, 0, 7, 0)
        claim(link.note().vote() == (LEADING, 3, 5, 1, 2), "another role")
    node.undecided(0.1)
    node.look(6, 2)
    claim(link.hears(LOOKING, 3).round == 2, "rounds begin anew")


@case
def a_look_outlives_the_election_process(stage):
    stage.members(1, 2, 3)
    node = stage.node(3).look(5, 1)
    node.say("kill")
    node.hear("forked")
    one, two = stage.fake(1).linked(3), stage.fake(2).linked(3)
    for link in (one, two):
        link.tell(LOOKING, 3, 5, 1, 1)
    claim(node.decided() == (3, 1, 1), "it does not lead")


@case
def a_role_that_is_over_is_told_to_nobody(stage):
    """Not even to one whose note wakes the process."""
    node, _, links = given_leader(stage)
    links[0].tell(LOOKING, 1, 0, 1, 0)
    links[0].hears(LEADING, 3)
    node.say("over")
    node.has_obeyed()
    for link in links:
        link.is_open(0.5)       # reads what was said before
        link.tell(LOOKING, 1, 0, 2, 0)
        claim(link.is_mute(), "it speaks, or breaks off")
    node.look(5, 1)
    claim(links[0].note().vote() == (LOOKING, 3, 5, 2, 1), "no new look")
    for link in links:
        link.tell(LOOKING, 3, 5, 2, 1)
    claim(node.decided() == (3, 2, 1), "it does not lead again")


@case
def a_leader_whose_replication_died_is_none(stage):
    """Its port is closed until there is another that looks."""
    node, fakes, links = given_leader(stage)
    node.say("established", 2)
    node.say("die")
    for link in links:
        claim(link.is_closed(), "it stays")
    claim(fakes[0].nobody_comes(), "it comes back by itself")
    with socket.socket() as s:
        claim(s.connect_ex((HOST, stage.m.election[3])) != 0,
              "its port is open")
    node.look(6, 2)
    for f in fakes:
        link = f.linked(3)
        claim(link.note().vote() == (LOOKING, 3, 6, 2, 2), "another vote")
        link.tell(LOOKING, 3, 6, 2, 2)
    claim(node.decided() == (3, 2, 2), "it does not lead again")


@case
def a_leader_whose_replication_hung_and_died_is_none(stage):
    """Its successor beats while it loads, and leads nobody."""
    node, (one, two), links = given_leader(stage)
    node.say("hang")
    for link in links:
        claim(link.is_closed(), "it leads on")
    node.say("die")
    node.say("load")
    claim(one.nobody_comes(1), "it says that it is there")
    node.look(6, 2)
    claim(one.linked(3).note().vote() == (LOOKING, 3, 6, 2, 2),
          "another vote")


@case
def a_candidate_whose_replication_died_is_none(stage):
    stage.members(1, 2, 3)
    node = stage.node(3).look(5, 1)
    link = stage.fake(1).linked(3)
    link.note()
    node.say("die")
    claim(link.is_closed(), "it stays")
    node.undecided()


@case
def with_a_failed_log_nobody_is_told_of_a_leader(stage):
    """Nor by the next election process, nor when it is asked to look."""
    stage.members(1, 2, 3)
    one, three = stage.fake(1), stage.fake(3)
    node = stage.node(2).look(5, 1)
    follower, leader = one.linked(2), three.linked(2)
    leader.tell(LEADING, 3, 5, 1, 1)
    follower.tell(FOLLOWING, 3, 5, 1, 1)
    claim(node.decided() == (3, 1, 1), "it does not follow")
    node.say("fail")
    for link in (follower, leader):
        claim(link.is_closed(), "it stays")
    node.look(5, 1)
    claim(one.nobody_comes(), "it looks")
    node.say("kill")
    node.hear("forked")
    claim(one.nobody_comes(), "it says that it is there")
    with socket.socket() as s:
        claim(s.connect_ex((HOST, stage.m.election[2])) != 0,
              "its port is open")


def about_to_look(stage, end):
    """An observer waits a random while first; what ends its look ends that."""
    stage.members(1, 2, 3, 4, observers=(4,))
    node = stage.node(4, "observer.election.DelayMs=2000\n").look(5, 1)
    fakes = [stage.fake(sid) for sid in (1, 2, 3)]
    links = [fake.linked(4) for fake in fakes]
    for link, state in zip(links, (FOLLOWING, FOLLOWING, LEADING)):
        link.tell(state, 3, 5, 1, 1)
    claim(node.decided()[0] == 3, "it does not follow")
    node.look(5, 1)
    time.sleep(0.1)             # it has heard that, and waits for longer
    node.say(end)
    for link in links:
        claim(link.is_closed(), "it stays")
    claim(fakes[0].nobody_comes(2.5), "it looks")


@case
def an_observer_that_is_about_to_look_does_not_when_its_log_fails(stage):
    about_to_look(stage, "fail")


@case
def an_observer_that_is_about_to_look_does_not_when_its_replication_died(stage):
    about_to_look(stage, "die")


@case
def a_follower_whose_replication_died_knows_its_leader(stage):
    stage.members(1, 2, 3)
    node = stage.node(2).look(5, 1)
    link = stage.fake(1).linked(2)
    stage.fake(3).linked(2).tell(LEADING, 3, 5, 1, 1)
    link.tell(FOLLOWING, 3, 5, 1, 1)
    claim(node.decided() == (3, 1, 1), "it does not follow")
    node.say("die")
    node.has_obeyed()
    link.tell(LOOKING, 1, 0, 7, 0)
    link.hears(FOLLOWING, 3)


@case
def a_dead_leader_stays_none_in_another_process(stage):
    """Both processes of a leader die: the election process comes back first."""
    node, (one, two), _ = given_leader(stage)
    node.say("die")
    node.say("kill")
    node.hear("forked")
    claim(one.nobody_comes(), "it says that it is there")


@case
def with_all_processes_killed_the_role_stands(stage):
    nodes = ensemble(stage, 1, 2, 3)
    leader = agreed(nodes)
    for _ in range(3):
        for n in nodes.values():
            n.say("kill")
        for n in nodes.values():
            n.hear("forked")
    for n in nodes.values():
        n.undecided(0)
    late = nodes.pop(1 if leader != 1 else 2)
    late.stop()
    claim(stage.node(late.sid).look().decided()[0] == leader,
          "nobody tells the role")


@case
def a_peer_that_is_mute_is_waited_for_200_ms(stage):
    """As Apache does: it may have a better vote."""
    stage.members(1, 2, 3)
    node = stage.node(2).look()
    stage.fake(3).dial(2).note()
    one = stage.fake(1).linked(2)
    begin = time.monotonic()
    one.tell(LOOKING, 2, 0, 1, 0)
    claim(node.decided() == (2, 1, 0), "it does not lead")
    claim(time.monotonic() - begin > 0.15, "before 200 ms")
    claim(node.why() == BY_WAITING, "it leads, for %s", node.why())


@case
def one_that_breaks_off_is_not_waited_for(stage):
    """If it does so within 200 ms, which a machine that stalls may not allow."""
    stage.members(1, 2, 3)
    node, three = stage.node(2).look(), stage.fake(3)
    one = stage.fake(1).linked(2)
    reasons = []
    for round_ in range(1, OFTEN + 1):
        link = three.dial(2)
        link.hears(LOOKING, 2)
        one.tell(LOOKING, 2, 0, round_, 0)
        link.close()
        claim(node.decided() == (2, round_, 0), "it does not lead")
        reasons.append(node.why())
        if reasons[-1] == BY_ALL:
            return
        node.looks()
    claim(False, "it was waited for: %s", reasons)


@case
def notes_of_observers_do_not_count(stage):
    stage.members(1, 2, 3, 4, observers=(4,))
    node = stage.node(3).look()
    four = stage.fake(4).dial(3)
    four.tell(OBSERVING, 3, 0, 1, 0)
    claim(four.is_mute(), "it is answered, and has a leader")
    four.tell(LOOKING, 3, 0, 1, 0)
    claim(four.note().vote() == (LOOKING, 3, 0, 1, 0), "it is not answered")
    node.undecided()
    one = stage.fake(1).linked(3)
    one.tell(FOLLOWING, 2, 0, 1, 0)
    node.undecided()


@case
def an_observer_of_a_later_round_is_not_argued_with(stage):
    """It says each time that our round is old, and Apache's does, too."""
    stage.members(1, 2, 3, 4, observers=(4,))
    node = stage.node(3).look()
    four = stage.fake(4).dial(3)
    four.tell(LOOKING, NOBODY, NOBODY, 6, NOBODY)
    claim(four.is_mute(), "it says what 4 cannot use")
    one = stage.fake(1).linked(3)
    one.tell(LOOKING, 3, 0, 1, 0)
    claim(node.decided() == (3, 1, 0), "it does not lead")
    four.tell(LOOKING, NOBODY, NOBODY, 6, NOBODY)
    four.hears(LEADING, 3)


@case
def an_observer_with_a_leader_is_silent_to_a_voter_that_looks(stage):
    stage.members(1, 2, 3, 4, observers=(4,))
    node = stage.node(4).look()
    one, two, three = (stage.fake(s).linked(4) for s in (1, 2, 3))
    three.tell(LEADING, 3, 0, 1, 0)
    two.tell(FOLLOWING, 3, 0, 1, 0)
    claim(node.decided() == (3, 1, 0), "it does not observe")
    one.is_open(0.5)            # reads what was said before
    one.tell(LOOKING, 1, 0, 1, 0)
    claim(one.is_mute(), "it says what 1 cannot use")
