# SPDX-License-Identifier: Apache-2.0
"""An election process among Debian's Apache ZooKeeper 3.8 servers.

Nobody listens on the node's quorum port: an Apache server that follows it
gives up after a while and looks again.  What counts is what both sides made
of the notes."""

import os

from kit import case, claim, free_ports, until
from ending import die_with_parent
from server import Server

ELECTED_S = 40.0    # Java takes its time on a busy machine


class Apache(Server):
    """Member `sid` of the stage's members."""

    def __init__(self, stage, sid):
        m = stage.m
        self.kind, self.sid = "apache", sid
        self.dir = os.path.join(m.dir, "a%d" % sid)
        self.port = free_ports(1)[0]
        os.makedirs(self.path("data"))
        self._put("data/myid", sid)
        self._put("java", "")
        self._put("port", self.port)
        role = "peerType=observer\n" if sid in m.observers else ""
        self._put("zoo.cfg", "tickTime=500\ninitLimit=20\nsyncLimit=10\n"
                  "admin.enableServer=false\n4lw.commands.whitelist=*\n"
                  "dataDir=%s\nclientPort=%d\n%s%s%s" % (
                      self.path("data"), self.port, role, m.extra, m.lines()))
        stage.open.append(self)
        self.launch(die_with_parent)

    def says(self, pattern):
        until(lambda: self.said(pattern), lambda: "Apache %d says %r\n%s" % (
            self.sid, pattern, self.tail(60)), ELECTED_S)


@case
def a_node_follows_what_apache_elects(stage):
    """The node has the smallest sid: Apache calls it.  It may agree with one
    who hears of a better one at last, if that starts late, and looks again."""
    stage.members(1, 2, 3)
    node = stage.node(1).look()
    apaches = [Apache(stage, s) for s in (2, 3)]
    first = node.decided(ELECTED_S)[0]
    claim(first in (2, 3), "%d leads", first)
    for a in apaches:
        a.wait(seconds=ELECTED_S)
    leader = {a.mode(): a.sid for a in apaches}.get("leader")
    claim(leader, "no Apache leads")
    claim(first == leader or node.look().decided()[0] == leader,
          "it does not follow %d", leader)
    claim(node.is_connected_with(6), "not connected with both")


@case
def a_node_calls_apache(stage):
    """The node has the largest sid, and joins two that have a leader."""
    stage.members(1, 2, 3)
    apaches = [Apache(stage, s) for s in (1, 2)]
    apaches[1].says("LEADING - LEADER ELECTION TOOK")
    apaches[0].wait(seconds=ELECTED_S)
    node = stage.node(3).look()
    claim(node.decided(ELECTED_S)[::2] == (2, 1), "it does not follow 2")
    node.logs("a quorum")


@case
def apache_follows_a_node_with_more_history(stage):
    stage.members(1, 2, 3)
    node = stage.node(2).look(0x500000001, 5)
    three = Apache(stage, 3)
    claim(node.decided(ELECTED_S)[::2] == (2, 5), "the node does not lead")
    three.says("FOLLOWING - LEADER ELECTION TOOK")
    three.says("connecting to /127.0.0.1:%d" % stage.m.quorum[2])
    # It found nobody there and looks again: we do, too, and it follows.
    node.look(0x500000001, 5)
    claim(node.decided(ELECTED_S)[::2] == (2, 5), "the node does not lead")
    three.says(r"(?s)FOLLOWING - LEADER.*FOLLOWING - LEADER")


@case
def apache_observes_what_nodes_elect(stage):
    stage.members(1, 2, 3, 4, observers=(4,))
    nodes = [stage.node(s).look() for s in (1, 2, 3)]
    leader = {n.decided()[0] for n in nodes}.pop()
    four = Apache(stage, 4)
    four.says("connecting to /127.0.0.1:%d" % stage.m.quorum[leader])


@case
def a_node_observes_what_apache_elects(stage):
    stage.members(1, 2, 3, 4, observers=(4,))
    apaches = [Apache(stage, s) for s in (1, 2)]
    apaches[0].wait(seconds=ELECTED_S)
    node = stage.node(4).look(9, 9)
    claim(node.decided(ELECTED_S)[0] == 2, "it does not observe 2")
    node.logs("observing 2")


@case
def apache_spells_groups_as_we_do(stage):
    """Or each would say that the other has another configuration."""
    stage.members(1, 2, 3, 4, observers=(4,), extra=
                  "group.1=1:2\ngroup.2=3\nweight.1=2\nweight.3=1\n")
    node = stage.node(2).look()
    apaches = [Apache(stage, s) for s in (1, 3)]
    leader = node.decided(ELECTED_S)[0]
    claim(leader in (1, 2, 3), "%d leads", leader)
    for a in apaches:
        a.says("ELECTION TOOK")
    claim("another configuration" not in node.log(), node.log())


@case
def apache_that_restarts_gets_back_in(stage):
    """ZOOKEEPER-2164: our older connection with it must not keep it out."""
    stage.members(1, 2, 3)
    one, two = Apache(stage, 1), Apache(stage, 2)
    node = stage.node(3).look()
    node.decided(ELECTED_S)
    two.says("ELECTION TOOK")
    for a in (one, two):
        a.kill()
        os.unlink(a.path("log"))
    node.look(0x900000001, 9)
    for a in (one, two):
        a.launch(die_with_parent)
    claim(node.decided(ELECTED_S)[::2] == (3, 9), "it does not lead")
    for a in (one, two):
        a.says("FOLLOWING - LEADER ELECTION TOOK")


def both_speak_to_a_third(stage, **more):
    """A fake hears what a node and an Apache server tell it: the bytes
    differ in nothing but who speaks."""
    m = stage.members(1, 2, 3, 4, observers=(4,), **more)
    one = stage.fake(1)
    stage.node(2).look()
    Apache(stage, 3)
    first = {}
    while len(first) < 2:
        link = one.accept(ELECTED_S)
        sid, address = link.hello()
        claim(address == "127.0.0.1:%d" % m.election[sid], address)
        first.setdefault(sid, link.note())
    claim(first[2].config == first[3].config, "Apache says\n%s\nwe\n%s",
          first[3].config, first[2].config)
    for sid, n in first.items():
        claim(n.version == 2, "version %d", n.version)
        claim(n.vote()[2:] == (0, 1, 0), "%d votes %s", sid, n.vote())
    return first[2].config


@case
def apache_and_a_node_say_the_same(stage):
    config = both_speak_to_a_third(stage)
    claim(config == stage.m.config(), config)


@case
def apache_and_a_node_say_the_same_of_groups(stage):
    both_speak_to_a_third(
        stage, extra="group.7=2:1\ngroup.2=3\nweight.2=5\n")


@case
def apache_and_a_node_say_the_same_of_ipv6(stage):
    both_speak_to_a_third(stage, hosts={4: "[::1]"})
