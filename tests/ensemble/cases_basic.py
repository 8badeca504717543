# SPDX-License-Identifier: Apache-2.0
"""The life of an ensemble on a good day, and on one when its leader dies."""

import os
import signal
import socket
import time

from kazoo.exceptions import NoNodeError

from ensemble import SERVING, until
from trial import case

LARGE = 7 << 20        # bytes of a request, more than is prepared for at first
MANY = 70 * 1000       # operations, more than such a request had room for


def write_through_each(t, e, name):
    """A node through each member, then read from every one of them."""
    clients = {m.sid: t.client(m) for m in e.running()}
    for sid, c in clients.items():
        c.retry(c.create, "/%s-%d" % (name, sid), b"by %d" % sid)
    for sid, c in clients.items():
        c.sync("/")
        for other in clients:
            data, _ = c.get("/%s-%d" % (name, other))
            t.claim(data == b"by %d" % other, "%d reads %r from %d", sid,
                    data, other)
    t.close_clients()


def write_some(t, member, name, count, size=20):
    """`count` nodes below /name, all acknowledged."""
    c = t.client(member)
    c.retry(c.ensure_path, "/" + name)
    base = len(c.get_children("/" + name))
    asked = [c.create_async("/%s/%06d" % (name, base + i), b"x" * size)
             for i in range(count)]
    for a in asked:
        a.get(30)
    t.close_clients()


def has(t, member, path):
    """Is the node there, as this member shows it in step with the leader?"""
    c = t.client(member)
    c.sync("/")
    try:
        c.get(path)
        return True
    except NoNodeError:
        return False
    finally:
        t.close_clients()


def modes(e):
    return [m.mode() for m in e.running()]


def answers(address, port):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


def only_the_leader_listens(t, e):
    """A follower that dials who does not lead is refused, and tries again; one
    that is let in and then closed would begin another election (14.2.9)."""
    for m in e.running():
        t.claim(answers(m.host, m.quorum_port) == (m.mode() == "leader"),
                "the quorum port of %r, a %s", m, m.mode())


def smoke(t, e):
    t.say("the modes are %s", modes(e))
    t.claim(modes(e).count("leader") == 1 and
            all(m in SERVING for m in modes(e)), "modes: %s", modes(e))
    write_through_each(t, e, "first")
    only_the_leader_listens(t, e)

    leader = e.leader()
    lives = {m: (m.mark(), m.processes()) for m in e if m is not leader}
    t.say("kill %r, which leads", leader)
    leader.kill()
    e.wait()
    t.claim(e.leader() is not leader, "the dead leader leads")
    write_through_each(t, e, "second")
    only_the_leader_listens(t, e)
    for m, (mark, processes) in lives.items():
        t.claim(m.processes() == processes and not m.said(
            "loading the tree again", mark), "%r did not keep its tree", m)

    mark = leader.mark()
    t.say("%r comes back", leader)
    leader.start()
    how = leader.in_step_by(mark)
    t.say("it was brought in step by %s", how)
    t.claim(how == ["DIFF"], "came back by %s, not DIFF", how)
    write_through_each(t, e, "third")
    t.finish(e)


@case("short", "long", of=["zzz"])
def elects(t, word):
    """Elect, write through each, kill the leader, bring it back by DIFF."""
    e = t.ensemble(word)
    e.start()
    smoke(t, e)


@case("short", "long", of=["zaa apache", "zza zabd"])
def mixes(t, word, kind):
    """The same where the first leader is of this kind."""
    e = t.ensemble(word)
    e.elect(kind)
    smoke(t, e)


@case("long", of=["aaz zabd", "zza apache"])
def mixes_long(t, word, kind):
    mixes(t, word, kind)


@case("long", of=["zzzzz", "aaa", "zzaaz"])
def elects_long(t, word):
    elects(t, word)


@case("long", of=["zzz", "zzzzz", "zzzzzzz"])
def elects_by_polling(t, word):
    """electionAlg=0, the election of the original server."""
    e = t.ensemble(word, {"electionAlg": 0})
    e.start()
    smoke(t, e)


@case("short", "long", of=["zzzzzz"])
def quorums_of_groups(t, word):
    """Two groups: a majority of each must live, however many live in all."""
    e = t.ensemble(word, {"group.1": "1:2:3", "group.2": "4:5:6"})
    e.start()
    t.say("one of each group dies")
    e[1].kill()
    e[6].kill()
    e.wait()
    write_through_each(t, e, "four")

    t.say("and another of the second: four live, and three were a majority")
    e[1].start_only()
    e[5].kill()
    until(lambda: all(m.mode() is None for m in e.running()),
          "nobody serves: %s" % modes(e), 10)
    time.sleep(1)
    t.claim(all(m.mode() is None for m in e.running()), "they serve without "
            "a majority of the second group: %s", modes(e))
    e[5].start_only()
    e.wait()
    write_through_each(t, e, "five")
    e[6].start()
    t.finish(e)


@case("long", of=["zzzZ", "zaaZ", "zzaA"])
def observers_in_a_group(t, word):
    """An observer without weight is a number in a group, for everybody."""
    e = t.ensemble(word, {"group.1": "1:2:3", "group.2": "4", "weight.4": 0})
    e.start()
    configs = {t.client(m).get("/zookeeper/config")[0] for m in e}
    t.claim(len(configs) == 1 and b"group.2=4\n" in min(configs),
            "they write their groups as %s", configs)
    t.close_clients()
    t.say("a voter dies: the observer's group counts for nothing")
    e[1].kill()
    e.wait()
    write_through_each(t, e, "three")
    e[1].start()
    t.finish(e)


@case("long", of=["zzz"])
def larger_requests(t, word):
    """A larger jute.maxbuffer is reloaded, and who led before leads again.
    Every member answers a multi of that size, operation by operation."""
    e = t.ensemble(word, {"request.ring.size": "64M"})
    leader = e.elect("zabd")
    e.options["jute.maxbuffer"] = LARGE
    for m in e:
        m.configure()
        os.kill(m.pid, signal.SIGHUP)
        until(lambda: m.said("jute.maxbuffer"), "%r has read it" % m, 10)
    others = [m for m in e if m is not leader]
    for m in others:
        m.stop()
    until(lambda: leader.mode() != "leader", "%r is alone" % leader, 10)
    e.start(others)
    e.wait()
    t.claim(leader.mode() == "leader", "%r leads", e.leader())
    for m in e:
        many = t.client(m, 30).transaction()
        paths = ["/many-%d-%d" % (m.sid, i) for i in range(MANY)]
        for path in paths:
            many.create(path)
        t.claim(many.commit() == paths, "through %r they fail", m)
    t.finish(e)
