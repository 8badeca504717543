# SPDX-License-Identifier: Apache-2.0
"""Members with an address in each of two networks: server.1=a:..|b:..  The
first of them swallows every packet, and the second must do.  And members with
a name that stands for an address of each family."""

import json
import os
import socket
import time
import urllib.request

import net
from cases_basic import answers, write_through_each
from ensemble import until
from trial import case

SECOND = "10.78.0."
SOON_S = 15            # an election among addresses that do not answer


def at_home_twice(t, word):
    t.claim(net.is_possible(), "network namespaces need root")
    e = t.ensemble(word, {"snapCount": 3000}, net=True)
    for m in e:
        m.more = [m.place.join(SECOND)]
    return e


def cut_the_first(t, e):
    """Between all members; clients are elsewhere."""
    sids = [m.sid for m in e]
    for sid in sids:
        t.net.split([sid], [s for s in sids if s != sid])


@case("short", "long", of=["zzz"])
def one_of_two_networks(t, word):
    """It fails before the members know each other, then in the middle."""
    e = at_home_twice(t, word)
    cut_the_first(t, e)
    began = time.monotonic()
    e.start(seconds=SOON_S)
    t.say("elected over the second network in %.1f s",
          time.monotonic() - began)
    write_through_each(t, e, "second")

    t.say("the first network is back, and all begin anew")
    t.net.heal()
    for m in e:
        m.stop()
    e.start()
    t.load(e)
    t.served()
    t.say("it fails")
    cut_the_first(t, e)
    e.wait(seconds=SOON_S)
    t.served()
    t.net.heal()
    t.finish(e)


@case("long", of=["zza", "aaa"])
def one_of_two_networks_mixed(t, word):
    """Apache asks its addresses whether they answer; it gets in as well."""
    e = at_home_twice(t, word)
    e.start()
    write_through_each(t, e, "both")
    cut_the_first(t, e)
    for m in e:
        m.stop()
    e.start()
    write_through_each(t, e, "second")
    t.finish(e)


# --- one name, two families -------------------------------------------------


@case("short", "long", of=["zzz", "zza"])
def names_of_two_families(t, word):
    """Java takes the IPv4 address of a name, the C library the IPv6 one
    first: each must find the other."""
    t.claim(net.is_possible(), "mounts of our own need root")
    net.own_mounts()
    hosts = os.path.join(t.dir, "hosts")
    with open(hosts, "w") as f:
        f.write("::1 both\n127.0.0.1 both\n127.0.0.1 localhost\n")
    net.sh("mount", "--bind", hosts, "/etc/hosts")
    e = t.ensemble(word)
    for m in e:
        m.name = "both"
    e.start(seconds=SOON_S)
    write_through_each(t, e, "both")
    for m in e.running():
        for address in ("127.0.0.1", "::1") if m.kind == "zabd" else ():
            t.claim(answers(address, m.election_port),
                    "%r does not listen at %s", m, address)
    leader = e.wait()
    if leader.kind == "zabd":
        t.claim(answers("127.0.0.1", leader.quorum_port) and
                answers("::1", leader.quorum_port), "the leader's quorum "
                "port is not at both addresses")
    t.finish(e)


# --- names that stop resolving -----------------------------------------------

MUTE = "127.0.77.53"   # a name server that never answers


class Names:
    """A hosts file of our own, and behind it nobody who would know."""

    def __init__(self, t):
        net.own_mounts()
        self.path = os.path.join(t.dir, "hosts")
        self.give("")
        resolv = os.path.join(t.dir, "resolv.conf")
        with open(resolv, "w") as f:
            f.write("nameserver %s\n" % MUTE)
        net.sh("mount", "--bind", self.path, "/etc/hosts")
        net.sh("mount", "--bind", resolv, "/etc/resolv.conf")
        self.mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.mute.bind((MUTE, 53))

    def give(self, names):
        with open(self.path, "w") as f:
            f.write("127.0.0.1 localhost %s\n" % names)


def http(m, command):
    """What the admin server of `m` says, if it does within a name server's
    patience."""
    url = "http://127.0.0.1:%d/commands/%s" % (m.admin, command)
    with urllib.request.urlopen(url, timeout=4) as answer:
        return json.load(answer)


def tells_the_leader(m, leader):
    says = http(m, "leader")
    return says["leader_id"] == leader.sid and says["leader_ip"] == "127.0.0.1"


@case("short", "long", of=["zzz"])
def names_that_stop_resolving(t, word):
    """The name servers go, and then the leader; those who are left know each
    other.  ZK: MultipleAddresses.recreateSocketAddresses"""
    t.claim(net.is_possible(), "mounts of our own need root")
    names = Names(t)
    e = t.ensemble(word)
    for m in e:
        m.name = "zk%d.zabd.test" % m.sid
    names.give(" ".join(m.name for m in e))
    e.start()
    write_through_each(t, e, "named")
    for m in e:    # its installer may have given it that in /etc/hosts
        t.claim(m.said("host %s is 127.0.0.1 here, where servers on other "
                       "machines cannot call us" % m.name),
                "%r does not warn of its own address", m)
    leader = e.wait()
    until(lambda: all(tells_the_leader(m, leader) for m in e.running()),
          "HTTP tells the leader's address", SOON_S)
    names.give("")
    for m in e.running():
        t.claim(tells_the_leader(m, leader), "%r forgot it", m)
    leader.kill()
    e.wait(seconds=SOON_S)
    write_through_each(t, e, "unnamed")
    for m in e.running():
        t.claim(http(m, "leader")["leader_id"] > 0, "%r knows no leader", m)
    names.give(" ".join(m.name for m in e))
    leader.start()
    t.finish(e)
