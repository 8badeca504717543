# SPDX-License-Identifier: Apache-2.0
"""Things move under load: clients from member to member, members through a
rolling restart, a whole ensemble from Apache ZooKeeper to zabd and back."""

import contextlib
import time

from cases_basic import has, write_some, write_through_each
from cases_foreign import confirmed, record
from ensemble import until
from kz import drop_connection
from trial import case


def restart(t, e, m):
    t.say("restart %r, %s", m, m.mode())
    m.stop()
    m.start()
    e.wait()
    t.served()


@case("long", of=["zzz", "zzzzz", "zaa", "zza", "aaa"])
def rolling_restart(t, word):
    """One after the other, the leader last, as an operator does; twice."""
    e = t.ensemble(word)
    e.start()
    t.load(e)
    t.served()
    for _ in range(2):
        leader = e.wait()
        for m in [m for m in e if m is not leader] + [leader]:
            t.crowd.lodge()
            restart(t, e, m)
    t.finish(e)


# --- clients ----------------------------------------------------------------


def is_at(c, member):
    """Is the client connected to this member?"""
    with contextlib.suppress(OSError, AttributeError):
        return c.connected and c._connection._socket.getpeername() == (
            member.host, member.port)
    return False


def move(c, member):
    """Let the client's next connection go to this member, and make one."""
    c.set_hosts(member.hosts)
    drop_connection(c)
    until(lambda: is_at(c, member), "the client is at %r" % member, 30)


@case("short", of=["zza"])
@case("long", of=["zzz", "zaa", "zza", "aaa", "zzaZ", "aazA"])
def clients_move(t, word):
    """Sessions and their ephemerals go from member to member, and a leader's
    death does not change that."""
    e = t.ensemble(word)
    e.start()
    members = list(e)
    clients = [t.client(members[i % len(members)]) for i in range(6)]
    ids = [c.client_id[0] for c in clients]
    counts = [0] * len(clients)
    for i, c in enumerate(clients):
        c.create("/eph-%d" % i, ephemeral=True)
        c.create("/count-%d" % i, b"0")
    for step in range(3 * len(members)):
        if step == len(members):
            leader = e.wait()
            t.say("kill %r, which leads", leader)
            leader.kill()
            leader.start()
            e.wait()
        for i, c in enumerate(clients):
            move(c, members[(i + step) % len(members)])
            data, _ = c.retry(c.get, "/count-%d" % i)
            t.claim(int(data) == counts[i], "client %d reads %s after it "
                    "wrote %d", i, data, counts[i])
            counts[i] += 1
            c.retry(c.set, "/count-%d" % i, b"%d" % counts[i])
            t.claim(c.client_id[0] == ids[i], "session %d changed", i)
            owner = c.retry(c.exists, "/eph-%d" % i)
            t.claim(owner and owner.ephemeralOwner == ids[i],
                    "the ephemeral of %d is lost", i)
    for c in clients[:3]:
        c.stop()
    for m in e:
        for i in range(6):
            t.claim(seen(t, m, "/eph-%d" % i) == (i >= 3),
                    "on %r the ephemeral %d is wrong", m, i)
    t.finish(e)


def seen(t, member, path):
    c = t.client(member)
    c.sync("/")
    found = c.exists(path) is not None
    c.stop()
    c.close()
    t.clients.remove(c)
    return found


@case("long", of=["zzz"])
def sessions_expire(t, word):
    """Sessions of clients that vanished end, whoever leads then; those of
    clients that live do not."""
    e = t.ensemble(word)
    e.start()
    t.load(e)
    t.served()
    for _ in range(4):
        for _ in range(3):
            t.crowd.lodge()
            time.sleep(0.3)
        leader = e.wait()
        leader.kill()
        leader.start()
        e.wait()
        t.served()
    t.finish(e)


# --- observers --------------------------------------------------------------


@case("long", of=["zzzA", "aaaZ", "zzzZ", "zzaAZ"])
def observers(t, word):
    """An observer serves, comes in step by DIFF and by SNAP, and does not
    count."""
    e = t.ensemble(word, {"snapCount": 300, "snapshotSizeFactor": 0})
    e.start()
    write_through_each(t, e, "first")
    watchers = [m for m in e if m.is_observer]
    for m in watchers:
        t.claim(m.mode() == "observer", "%r is a %s", m, m.mode())
    leader = e.leader()
    for m in watchers:
        mark = m.mark()
        m.stop()
        write_some(t, leader, "while-away-%d" % m.sid, 100)
        m.start()
        t.claim(m.in_step_by(mark) == ["DIFF"], "%r: %s", m,
                m.synced_by(mark))
        t.claim(has(t, m, "/while-away-%d/000099" % m.sid), "it lacks some")
        mark = m.mark()
        m.stop()
        write_some(t, leader, "long-away-%d" % m.sid, 1500, 200)
        m.wipe()
        m.start()
        t.claim(m.in_step_by(mark) == ["SNAP"], "%r: %s", m,
                m.synced_by(mark))
    t.load(e)
    t.served()
    for m in watchers + [e.wait()]:
        t.crowd.lodge()
        m.kill()
        m.start()
        e.wait()
        t.served()
    # Without a quorum of voters nobody serves, observers or not.
    down = [m for m in e.voters() if m is not e.wait()]
    for m in down:
        m.stop()
    until(lambda: not any(m.mode() for m in e.running()),
          "nobody serves without a quorum", 30)
    for m in down:
        m.start_only()
    e.wait()
    t.served()
    t.finish(e)


# --- migration --------------------------------------------------------------


def become(t, e, m, letter):
    """One member changes its kind; the others serve on."""
    t.say("%r becomes %s", m, letter)
    m.stop()
    m.convert(letter)
    m.start()
    e.wait()
    t.served()


def nobody_was_foreign(t, e):
    """Apache's servers forget what ensemble they are of; that is no harm."""
    t.wrong += ["%r: %s" % (m, found.group()) for m in e
                for found in m.said("is of another ensemble.*")]


@case("long", of=["aaa"])
def migrate(t, word):
    """A running Apache ensemble becomes a zabd ensemble, one server at a
    time, the leader last; and goes back again.  Clients see reconnects."""
    e = t.ensemble(word)
    e.start()
    t.load(e, nodes=20000)
    t.served()
    for letter in "za":
        leader = e.wait()
        for m in [m for m in e if m is not leader] + [leader]:
            t.crowd.lodge()
            become(t, e, m, letter)
            t.work(1)
        t.say("the ensemble is %s", e.word)
        if letter == "z":
            confirmed(t, list(e))
    t.claim(not any(record(m) for m in e), "`zab export` gave an id away")
    t.finish(e)
    nobody_was_foreign(t, e)


@case("long", of=["aaa"])
def migrate_mixed(t, word):
    """There and back with kills in between, in any order."""
    e = t.ensemble(word)
    e.start()
    t.load(e)
    t.served()
    for step in range(10):
        m = t.random.choice(list(e))
        t.crowd.lodge()
        if step % 2:
            t.say("kill %r, %s", m, m.mode())
            m.kill()
            m.start()
            e.wait()
            t.served()
        else:
            become(t, e, m, "a" if m.kind == "zabd" else "z")
    t.finish(e)
    nobody_was_foreign(t, e)
