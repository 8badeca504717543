# SPDX-License-Identifier: Apache-2.0
"""A leader that leaves all clients to its followers (leaderServes=no)."""

import time

import everywhere
from ensemble import ELECTED_S, until
from load import client
from trial import case

HELD_S = 3             # longer than clients are held for a leader


def settle(e, followers):
    """Wait until so many follow; the one that leads answers no word."""
    until(lambda: len(e.followers()) == followers,
          lambda: "%d follow: %s" % (followers, [m.mode() for m in e]),
          ELECTED_S)
    following = e.followers()
    leader, = [m for m in e.running() if m not in following]
    return leader, following


@case("short", "long", of=["zzz"])
def leader_serves_not(t, word):
    """Who had clients and is elected sends them away, and leads for good."""
    e = t.ensemble(word, {"leaderServes": "no"})
    for m in e:
        m.start_only()
    first, following = settle(e, 2)
    t.claim(first.said("clients are not served here"), "%r serves", first)
    clients = [client(m.hosts + "," + e.hosts()) for m in following]
    t.clients += clients
    for c in clients:
        c.create("/first", b"", sequence=True)
    first.kill()
    heir, _ = settle(e, 1)
    t.say("%r leads after %r", heir, first)
    time.sleep(HELD_S)
    for c in clients:
        c.retry(c.create, "/second", b"", sequence=True)
    t.claim(not heir.said("clients are let go"),
            "%r takes the clients that it sent away for held ones", heir)
    first.start_only()
    settle(e, 2)
    for c in clients:
        c.retry(c.create, "/third", b"", sequence=True)
    t.close_clients()
    for m in e.running():
        t.claim(m.stop() == 0, "%r did not end well", m)


@case("long", of=["zza", "zaa"])
def leaders_serve_not(t, word):
    """Leaders of both kinds, and what goes through their followers."""
    e = t.ensemble(word, {"leaderServes": "no"})
    for m in e:
        m.start_only()
    for term in range(4):
        leader, following = settle(e, 2)
        t.say("%r leads", leader)
        for m in following:
            c = t.client(m)
            c.create("/%d-%d" % (term, m.sid))
            c.create("/%d-%d-mine" % (term, m.sid), ephemeral=True)
        t.close_clients()
        leader.kill()
        settle(e, 1)
        leader.start_only()
    _, following = settle(e, 2)
    for m in following:
        t.client(m).sync("/")
    t.judge(e, "at rest", everywhere.same_trees(following))
    t.close_clients()
    for m in e.running():
        m.stop()
    t.judge(e, "on disk", everywhere.verify_disks(list(e)))
