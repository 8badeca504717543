# SPDX-License-Identifier: Apache-2.0
"""Servers, and single processes of servers, are killed, frozen and stopped
under load; links are cut; disks fill up.  Afterwards every member has every
acknowledged write."""

import contextlib
import os
import signal
import subprocess
import time

from kazoo.exceptions import KazooException

import net
import strike
from ensemble import ZAB, until
from frames import SHORT_MS, Session, wire
from mortal import Mortal
from trial import SERVED_S, case

HITS = {"short": 4, "long": 16}
FREEZE_S = (0.3, 4.0)
OWNER_S = 6.0          # of a session
QUIET_S = 4.0          # of one that nothing happens to
SOON_S = 30            # until something is said
LARGE = 600 * 1000     # bytes of a node, sixty of which are more than a ring


def majority(e):
    return len(e.voters()) // 2 + 1


class Striker:
    """Hits one member after the other, in an order that the seed gives."""

    def __init__(self, t, e):
        self.t, self.e, self.random = t, e, t.random

    def victim(self, who):
        if who == "leader":
            return self.e.wait()
        return self.random.choice([m for m in self.e.running()
                                   if m.mode() != "leader"])

    def kill(self, m):
        m.kill()
        time.sleep(self.random.uniform(0.0, 2.0))
        m.start()

    def freeze(self, m):
        m.freeze()
        time.sleep(self.random.uniform(*FREEZE_S))
        m.thaw()

    def stop(self, m):
        status = m.stop()
        if m.kind == "zabd" and status != 0:
            self.t.wrong.append("SIGTERM ended %r with status %s" %
                                (m, status))
        m.start()

    def one_process(self, m):
        """SIGKILL, or SIGSTOP for a while, of one process of zabd's."""
        if m.kind != "zabd":
            return self.kill(m)
        names = m.processes()
        name = self.random.choice(sorted(names))
        sig = self.random.choice([signal.SIGKILL, signal.SIGSTOP])
        self.t.say("  %s of %s", sig.name, name)
        resume = self.random.uniform(0.05, 1.5)
        strike.hit_child(m, name, sig, resume)
        strike.wait_whole(m, set(names))
        return None

    def hit(self, how, who):
        m = self.victim(who)
        self.t.say("%s %r, which is a %s", how, m, who)
        getattr(self, how)(m)
        self.e.wait()
        self.t.served()


def under_fire(t, word, hows, hits, options=None, members=None):
    """A load, hits of these kinds on leader and followers in turn."""
    e = t.ensemble(word, dict({"snapCount": 3000}, **(options or {})))
    e.start()
    t.load(e, members=members)
    t.served()
    striker = Striker(t, e)
    for i in range(hits):
        t.crowd.lodge()
        striker.hit(hows[i % len(hows)],
                    "leader" if (i // len(hows)) % 2 == 0 else "follower")
    t.finish(e)


@case("short", of=["zzz"])
def fire(t, word):
    under_fire(t, word, ["kill", "one_process"], 4)


@case("short", of=["zzz"])
def election_process(t, word):
    """Its death costs nothing: roles stand, nobody is cut off; and those that
    come in its place find each other, when a leader is wanted."""
    e = t.ensemble(word)
    e.start()
    t.load(e)
    t.served()
    modes = {m: m.mode() for m in e}
    for m in e:
        for sig in signal.SIGKILL, signal.SIGSTOP:
            names = set(m.processes())
            spared = strike.spared(m, "election", t.crowd.pids())
            strike.hit_child(m, "election", sig, None)
            strike.wait_whole(m, names)
            t.served()
            t.claim(spared <= set(strike.connected(m.port)),
                    "clients of %r lost their connections", m)
            t.say("%d clients of %r kept their connections", len(spared), m)
    t.claim({m: m.mode() for m in e} == modes, "roles are not what they were")
    leader = e.wait()
    leader.kill()
    e.wait()
    t.served()
    leader.start()
    t.finish(e)


FIRES = ["zzz", "zzzzz", "zaa", "zza", "aaa"]


@case("long", of=FIRES)
def kill_members(t, word):
    under_fire(t, word, ["kill"], HITS["long"])


@case("long", of=FIRES)
def freeze_members(t, word):
    under_fire(t, word, ["freeze"], HITS["long"])


@case("long", of=FIRES)
def stop_members(t, word):
    under_fire(t, word, ["stop"], HITS["long"])


@case("long", of=["zzz", "zzzzz", "zaa", "zza"])
def hit_processes(t, word):
    under_fire(t, word, ["one_process"], 2 * HITS["long"])


@case("long", of=["zzz", "zza", "aaa"])
def kill_all(t, word):
    """The power fails everywhere at once, again and again."""
    e = t.ensemble(word, {"snapCount": 3000})
    e.start()
    t.load(e)
    for i in range(4):
        t.served()
        time.sleep(t.random.uniform(0.5, 2))
        t.say("kill all")
        for m in e:
            os.killpg(m.pid, signal.SIGKILL)
        for m in e:
            m.kill()
        e.start()
    t.served()
    t.finish(e)


@case("long", of=["zzz", "aaa"])
def kill_pairs(t, word):
    """Two of three die: nobody is served until one is back; the third one's
    tail, which nobody acknowledged, does no harm."""
    e = t.ensemble(word, {"snapCount": 3000})
    e.start()
    t.load(e)
    for i in range(6):
        t.served()
        pair = t.random.sample(list(e), 2)
        t.say("kill %s", pair)
        for m in pair:
            m.kill()
        time.sleep(t.random.uniform(0.1, 1.5))
        for m in pair:
            m.start_only()
        e.wait()
    t.served()
    t.finish(e)


# --- links ------------------------------------------------------------------


def cut_links(t, e, way):
    """One cut; returns what a quorum can still talk to."""
    sids = [m.sid for m in e]
    leader = e.wait()
    others = [s for s in sids if s != leader.sid]
    one = t.random.choice(others)
    if way == "leader_alone":
        t.net.split([leader.sid], others)
    elif way == "follower_alone":
        t.net.split([one], [s for s in sids if s != one])
    elif way == "leader_mute":       # it hears all, nobody hears it
        for s in others:
            t.net.cut(leader.sid, s)
    elif way == "leader_deaf":
        for s in others:
            t.net.cut(s, leader.sid)
    elif way == "follower_mute":
        for s in sids:
            if s != one:
                t.net.cut(one, s)
    elif way == "one_link":          # leader and one follower only
        t.net.split([leader.sid], [one])
    elif way == "one_link_one_way":
        t.net.cut(one, leader.sid)
    elif way == "halves":
        half = t.random.sample(sids, len(sids) // 2)
        t.net.split(half, [s for s in sids if s not in half])
    t.say("%s, the leader was %r", way, leader)


WAYS = ["leader_alone", "follower_alone", "leader_mute", "leader_deaf",
        "follower_mute", "one_link", "one_link_one_way", "halves"]


@case("long", of=["zzz", "zzzzz", "zza", "zaa", "aaa"])
def links(t, word):
    """Each way of cutting, a while, and healing; some with writes that only
    one side can take.  A majority is left in each of them, so all clients are
    served before it is healed."""
    t.claim(net.is_possible(), "network namespaces need root")
    e = t.ensemble(word, {"snapCount": 3000}, net=True)
    e.start()
    t.load(e)
    t.served()
    for way in WAYS:
        t.crowd.lodge()
        cut_links(t, e, way)
        time.sleep(t.random.uniform(1, 7))
        t.served()
        t.net.heal()
        e.wait()
        t.served()
    t.finish(e)


class Owner:
    """A client of one member only, its ephemeral, and whether it has heard
    that it may have lost it."""

    def __init__(self, t, member):
        self.client, self.has_lost = t.client(member, OWNER_S), False
        self.client.add_listener(self.hear)
        self.client.create("/owned/%d" % member.sid, ephemeral=True,
                           makepath=True)

    def hear(self, state):
        self.has_lost |= state != "CONNECTED"


def look_at(seer, owners):
    """One look, if it gets an answer; whose nodes are gone unheard."""
    with contextlib.suppress(KazooException, seer.handler.timeout_exception):
        there = seer.get_children_async("/owned").get(timeout=0.2)
        return [sid for sid, owner in owners.items()
                if str(sid) not in there and not owner.has_lost]
    return []


@case("long", of=["zzz", "zzzzz"])
def owners_know(t, word):
    """The same of all members, each way of cutting, and seen from each."""
    t.claim(net.is_possible(), "network namespaces need root")
    e = t.ensemble(word, {"syncLimit": 20}, net=True)
    e.start()
    for way in WAYS:
        owners = {m.sid: Owner(t, m) for m in e}
        seers = [t.client(m) for m in e]
        for seer in seers:
            seer.sync("/owned")
        cut_links(t, e, way)
        end = time.monotonic() + OWNER_S + 4
        while time.monotonic() < end:
            for m, seer in zip(e, seers):
                gone = look_at(seer, owners)
                t.claim(not gone, "%r has not what %s owns, and does not know",
                        m, gone)
        t.say("have heard: %s", [s for s in owners if owners[s].has_lost])
        t.net.heal()
        e.wait()
        until(lambda: all(o.client.connected for o in owners.values()),
              "its owners are back, and close their sessions", SERVED_S)
        t.close_clients()
    t.finish(e)


def write_ahead(t, c, folder, cut, heal):
    """Writes 0, 1, ... without waiting, through a cut of the server's links,
    until the connection is lost or is the next leader's; how many."""
    count = 0
    while c.connected and count < 2000:
        if count == 50:
            cut()
        if count >= 50 and heal and heal():
            heal = None
            t.say("healed behind write %d", count)
        c.create_async("%s/%d" % (folder, count), b"")
        count += 1
        time.sleep(0.005)
    return count


@case("short", "long", of=["zzz leader", "zzz follower", "zzz leader 1",
                           "zzz follower 1", "zza follower"])
def one_owner(t, word, who, seconds=OWNER_S):
    """A member is cut off from the others, not from its clients.  Before the
    session of one of them ends elsewhere, and its ephemeral with it, that
    client has lost its connection, and knows that it may own nothing.  That
    takes a part of the session's timeout, not syncLimit; however short it is,
    and whoever leads."""
    t.claim(net.is_possible(), "network namespaces need root")
    seconds = float(seconds)
    tick = 2000 if seconds == OWNER_S else seconds * 500
    e = t.ensemble(word, {"tickTime": int(tick), "syncLimit": 20}, net=True)
    e.elect("apache") if "a" in word else e.start()
    lonely = e.leader() if who == "leader" else e.followers()[0]
    others = [m for m in e if m is not lonely]
    owner, heir = t.client(lonely, seconds), t.client(others[0])
    owner.create("/owned", ephemeral=True)
    heir.sync("/owned")
    t.net.split([lonely.sid], [m.sid for m in others])
    until(lambda: not heir.retry(heir.exists, "/owned"), "the session ends",
          60)
    t.claim(not owner.connected, "what it owned is gone, and %r has not let "
            "its client go", lonely)
    t.net.heal()
    t.close_clients()
    t.finish(e)


@case("short", of=["zzz leader", "zzz follower", "zzz leader log",
                   "zzz follower log"])
def thawed_owner(t, word, who, last=None):
    """A member stands still until the session of a client of its own has ended
    elsewhere: the first that this client hears then is the end of its
    connection, and no answer from a tree in which it owns what it owned.
    That holds, too, when its log process stands still a little longer: the
    leader's words are read then, and what they tell is not done yet."""
    e = t.ensemble(word, {"tickTime": 500})
    e.start()
    frozen = e.leader() if who == "leader" else e.followers()[0]
    heir = t.client(next(m for m in e if m is not frozen))
    owner = Session(frozen, timeout=SHORT_MS)
    t.claim(owner.ask(wire.create("/owned", flags=wire.EPH)) == "ok", "create")
    heir.sync("/owned")
    processes = frozen.processes()
    frozen.freeze()
    until(lambda: not heir.retry(heir.exists, "/owned"), "the session ends", 20)
    owner.send(wire.exists("/owned"))
    if last:
        for name in sorted(processes, key=lambda n: "client" in n):
            if name != last:
                os.kill(processes[name], signal.SIGCONT)
    else:
        frozen.thaw()
    answer = owner.reply()
    frozen.thaw()
    t.claim(answer is None, "it hears %r of what another may own", answer)
    t.claim(owner.socket.closed, "its connection is open")
    t.finish(e)


@case("short", of=["zzzZ", "zzaZ"])
def owners_at_rest(t, word):
    """Where all hear of each other no server lets a client go, leader,
    follower or observer, whoever leads."""
    e = t.ensemble(word, {"tickTime": 500})
    e.elect("apache") if "a" in word else e.start()
    lost = []
    for m in e:
        c = t.client(m, QUIET_S)
        c.add_listener(lambda state, m=m: lost.append((m, state)))
    time.sleep(2 * QUIET_S)
    t.claim(not lost, "connections are lost: %r", lost)
    t.finish(e)


@case("short", "long", of=["zzz"])
def writes_ahead(t, word):
    """A leader is cut off, and comes back to find another: what its clients
    sent meanwhile is cut off its log, and they are held.  Nothing is done
    without what was asked before it on the same connection."""
    t.claim(net.is_possible(), "network namespaces need root")
    e = t.ensemble(word, net=True)
    e.start()
    for folder in ("/first", "/second", "/third"):
        leader = e.wait()
        others = [m for m in e if m is not leader]
        c = t.client(leader)
        c.create(folder)

        def heal():
            if not any(m.mode(0.1) == "leader" for m in others):
                return False
            t.net.heal()
            return True
        count = write_ahead(t, c, folder, lambda: t.net.split(
            [leader.sid], [m.sid for m in others]), heal)
        t.close_clients()
        e.wait()
        there = t.client(others[0]).get_children(folder)
        t.say("%d of %d writes are done", len(there), count)
        t.claim(set(map(int, there)) == set(range(len(there))),
                "of %d writes some are done without those before: %s", count,
                sorted(map(int, there))[-20:])
        t.close_clients()
    t.finish(e)


# --- disks ------------------------------------------------------------------

@case("long", of=["zzz leader", "zzz follower", "zza follower"])
def full_disk(t, word, who):
    """A member's disk is full: it stops acknowledging and says so, the others
    go on; with room again, it is one of them again."""
    net.own_mounts()
    e = t.ensemble(word, {"snapCount": 100000}, member=Mortal)
    for m in e:
        m.own_disk()
    e.start()
    t.load(e)
    t.served()
    leader = e.wait()
    zabds = [m for m in e if m.kind == "zabd"]
    victim = leader if who == "leader" else \
        [m for m in zabds if m is not leader][0]
    t.say("fill the disk of %r", victim)
    victim.fill_disk()
    others = [m for m in e if m is not victim]
    # The log file's preallocated part is used up first.
    end = time.monotonic() + 60
    while victim.mode() is not None and time.monotonic() < end:
        c = t.client(others[0])
        for _ in range(50):
            c.retry(c.set, "/load", os.urandom(20000))
        t.close_clients()
    t.claim(victim.mode() is None, "%r serves on with a full disk", victim)
    t.say("%r has stopped serving", victim)
    e.wait(others)
    t.served()
    t.claim(victim.clear_disk(), "%r does not say what to do", victim)
    victim.stop()
    victim.start()
    e.wait()
    t.served()
    t.finish(e)


LARGE_ONES = 40
SMALL, ENOUGH = "size=12m", "size=400m"
NO_ROOM = "%s: there is no room for the leader's snapshot"
AGAIN = r"repl: tried again in \d+ s"


def image_of(m):
    """All nodes, as its image has them now."""
    return subprocess.run([ZAB, "image", "--data", m.path("data"), "--nodes"],
                          stdout=subprocess.PIPE, text=True).stdout


@case("short", "long", of=["zzz"])
def no_room_for_a_snapshot(t, word):
    """A member that needs a snapshot has no room for it: it says so, does not
    ask for it all the time, and is one of them by itself when it has."""
    net.own_mounts()
    e = t.ensemble(word)
    leader = e.start()
    victim = e.followers()[0]
    victim.stop()
    victim.wipe()
    c = t.client(leader)
    for _ in range(LARGE_ONES):
        c.create("/big-", os.urandom(500000), sequence=True)
    t.close_clients()
    until(lambda: image_of(leader).count("/big-") == LARGE_ONES,
          "they are in the snapshot that is sent", SOON_S)
    net.sh("mount", "-t", "tmpfs", "-o", SMALL, "none", victim.path("data"))
    victim._put("data/myid", "%d\n" % victim.sid)
    victim.start_only()
    until(lambda: victim.said(NO_ROOM % victim.path("data")) and
          victim.said(AGAIN), "it says what it wants", SOON_S)
    net.sh("mount", "-o", "remount," + ENOUGH, victim.path("data"))
    e.wait()
    t.finish(e)


LOST = r"server \d+ leads and lacks what was acknowledged here"


def late_is_there(t, m):
    there = t.client(m).exists("/late") is not None
    t.close_clients()
    return there


@case("short", "long", of=["zzz TRUNC", "zzz SNAP"])
def what_the_others_lost(t, word, way):
    """One is old, and one is given an empty disk while the third is away: they
    lead without what was acknowledged.  The third keeps it, says so, and what
    it says to do helps; whether it would be asked to cut, or get a snapshot."""
    e = t.ensemble(word, {"snapshotSizeFactor": {"TRUNC": 0, "SNAP": -1}[way]})
    e.start()
    emptied, old, whole = e     # of two that have the same, `old` leads
    c = t.client(old)
    for i in range(20):     # so that the third is asked to go back
        c.create("/early-%d" % i)
    t.close_clients()
    old.stop()
    e.wait([emptied, whole])
    t.client(whole).create("/late")
    t.close_clients()
    for m in emptied, whole:
        m.stop()
    emptied.wipe()
    e.start([old, emptied])
    t.claim(not late_is_there(t, old), "nothing was lost")
    for m in old, emptied:      # what its ring held of that needs no log
        m.stop()
    e.start([old, emptied])
    mark = whole.mark()
    whole.start_only()
    until(lambda: len(whole.said(LOST, mark)) > 1, "it says so", SOON_S)
    t.claim(whole.mode() is None, "it serves")
    for m in e:
        m.stop()
    for m in old, emptied:
        m.wipe()
    e.start()
    for m in e:
        t.claim(late_is_there(t, m), "%r has not what the third had kept", m)
    t.finish(e)


# --- a leader that resigns --------------------------------------------------

RUSH = "set --connections 20 --depth 50 --seconds 3 --warmup 0 --keys 100 " \
    "--quiet --limit 15"
RESIGNED = "a member promised a later epoch"


@case("long", of=["zzz"])
def resigns(t, word):
    """A member comes that promised a later epoch: the leader ends its term by
    itself, in the middle of many requests, and each of them is answered."""
    e = t.ensemble(word, {"globalOutstandingLimit": 20000})
    e.start()
    for epoch in range(11, 71, 10):
        leader = e.wait()
        member = e.followers()[0]
        member.stop()
        member._put("data/version-2/acceptedEpoch", "%d\n" % epoch)
        mark = leader.mark()
        rush = subprocess.Popen(
            ["nice", ZAB, "bench"] + RUSH.split() + ["--hosts", leader.hosts],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(1)
        member.start_only()
        said = rush.communicate()[0]
        until(lambda: leader.said(RESIGNED, mark), "it resigns", 10)
        t.claim(rush.returncode == 0, "of %r's clients: %s", leader, said)
    t.finish(e)


# --- more on its way than a ring holds ----------------------------------------

@case("long", of=["zz"])
def small_ring(t, word):
    """A follower gets more proposals than its ring holds before the first of
    them can be committed: its log stands still meanwhile."""
    e = t.ensemble(word)
    e[1].extra = {"ring.size": "16M"}
    leader = e.start()
    t.claim(leader is e[2], "%r leads", leader)
    c = t.client(leader, 30)
    c.create("/large", b"")
    log = e[1].processes()["log"]
    os.kill(log, signal.SIGSTOP)
    asked = [c.set_async("/large", b"x" * 60000) for _ in range(600)]
    time.sleep(0.7)
    os.kill(log, signal.SIGCONT)
    until(lambda: all(one.ready() for one in asked),
          lambda: "all is answered; %d are not, 1 is %s" % (
              sum(not one.ready() for one in asked), e[1].mode()), 30)
    e.wait()
    t.finish(e)


@case("long", of=["zzz"])
def full_ring(t, word):
    """The leader's ring is full of what nobody has acknowledged, and both
    followers have asked for more before they acknowledge any of it."""
    e = t.ensemble(word, {"ring.size": "16M"})
    leader = e.start()
    at_leader, *at_others = [t.client(m, 30) for m in [leader] + e.followers()]
    at_leader.create("/large", b"")
    logs = [m.processes()["log"] for m in e.followers()]
    mark = leader.mark()
    for log in logs:
        os.kill(log, signal.SIGSTOP)
    asked = [at_leader.set_async("/large", b"x" * LARGE) for _ in range(60)]
    time.sleep(0.3)
    asked += [c.set_async("/large", b"y" * LARGE) for c in at_others * 10]
    time.sleep(0.3)
    for log in logs:
        os.kill(log, signal.SIGCONT)
    until(lambda: all(one.ready() for one in asked), "all is answered", 30)
    t.claim(all(one.successful() for one in asked), "some of it failed")
    t.claim(not leader.said("is dropped", mark), "%r drops a follower", leader)
    t.finish(e)


@case("short", of=["zzz", "zza"])
def rings_behind(t, word):
    """A follower comes back and lacks several times what its ring holds, of
    which nothing is known to be committed before UP_TO_DATE: it is brought up
    over one connection, and loads its tree once."""
    e = t.ensemble(word, {"snapshotSizeFactor": 1000})
    e[1].extra = {"ring.size": "16M"}
    leader = e.elect(e[3].kind)
    c = t.client(leader, 30)
    c.create("/large", b"")
    e[1].stop()
    for _ in range(3):
        asked = [c.set_async("/large", b"x" * LARGE) for _ in range(35)]
        until(lambda: all(one.ready() for one in asked), "all is answered", 30)
    mark = e[1].mark()
    e[1].start_only()
    e.wait()
    way = e[1].in_step_by(mark)
    t.claim(way == ["DIFF"], "it took %s", way)
    t.claim(not e[1].said("loading the tree again", mark), "it loaded again")
    t.finish(e)
