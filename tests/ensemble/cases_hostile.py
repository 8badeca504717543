# SPDX-License-Identifier: Apache-2.0
"""Members that come properly, and then keep no promise (hostile.py): whatever
they say, no process of ours ends of it, and what others have is as it was."""

import contextlib
import struct

import hostile
from hostile import packet, request, txn, ustr, zxid
from ensemble import until
from trial import case

STRANGER = 77
PATIENT = {"initLimit": 400, "syncLimit": 400,     # longer than anybody waits
           "leader.silence": 0}
SOON_S = 30
LEARNERS_MAX = 128      # LEADER_PEERS_MAX
CREATE, DELETE, SET_DATA, SYNC, MULTI = 1, 2, 5, 9, 14
CREATE_SESSION, CLOSE_SESSION = -10, -11
CONTAINER = -2 ** 63
NOBODY = -1


# --- learners -------------------------------------------------------------------

def create(path, flags=0, acl=hostile.WORLD):
    return ustr(path) + ustr(b"x") + acl + struct.pack(">i", flags)


def opened(session, timeout=5000):
    return request(session, CREATE_SESSION, struct.pack(">i", timeout), 0)


def closed(session):
    return request(session, CLOSE_SESSION, b"", 9)


def ids(count, *parts):
    return struct.pack(">i", count) + b"".join(parts)


def multi(*ops, end=True):
    body = b"".join(struct.pack(">i?i", op, False, -1) + record
                    for op, record in ops)
    return body + (struct.pack(">i?i", -1, True, -1) if end else b"")


def tolerated(epoch, last):
    """What says nothing, or is answered by an error: who says it may stay."""
    null = b"\xff\xff\xff\xff"
    yield "ACKs of what is to come", packet(hostile.ACK, zxid(
        epoch, 0x7fffffff)), packet(hostile.ACK, 2 ** 63 - 1)
    yield "ACKs again", packet(hostile.ACK, last) * 3
    yield "ACKs of other epochs", *(packet(hostile.ACK, id) for id in (
        -1, 0, -2 ** 63, zxid(epoch + 7, 1), zxid(epoch - 1, 5)))
    yield "packets of no type", *(packet(kind, last, b"rubbish") for kind in (
        0, -1, 20, 99, 2 ** 31 - 1, -2 ** 31))
    yield "pings of all lengths", *(packet(hostile.PING, last, b"\xee" * n)
                                    for n in (0, 1, 7, 12, 13, 4096, 100000))
    yield "other operations", *(request(5, op, b"") for op in (
        0, -1, 3, 16, 17, 20, 100, 2 ** 31 - 1, -2 ** 31))
    yield "paths that are none", *(
        request(5, op, record) for path in (b"", b"/", b"//", b"/a/", b"a",
                                            b"/\0", b"/" + b"x" * 1500000)
        for op, record in ((CREATE, create(path)),
                           (DELETE, ustr(path) + null),
                           (SET_DATA, ustr(path) + ustr(b"") + null)))
    yield "records that end too early", *(
        request(5, CREATE, create("/early")[:n]) for n in range(0, 60, 3))
    yield "records of lying lengths", *(
        request(5, CREATE, struct.pack(">i", n) + b"/lies")
        for n in (-1, -2, -2 ** 31, 6, 2 ** 31 - 1))
    yield "lists of lying lengths", *(
        request(5, CREATE, create("/lies", acl=struct.pack(">i", n)))
        for n in (-1, -2, -2 ** 31, 6, 2 ** 31 - 1))
    yield "identities that are none", *(
        request(5, CREATE, create("/ids"), ids=i) for i in (
            ids(1, null, null), ids(2, null, ustr("x"), ustr("auth"), null),
            ids(0), ids(-1), ids(1000, *[ustr("digest") + ustr("a:b")] * 1000)))
    yield "multis", *(request(5, MULTI, body) for body in (
        b"", multi(), multi(end=False),
        multi(*[(13, ustr("/") + null)] * 60000),
        multi(*[(DELETE, ustr("/a") + null)] * 60000, end=False),
        multi((MULTI, multi())), multi((CREATE_SESSION, null)),
        multi(*[(CREATE, create("/seq-", flags=2))] * 20000)))
    for session in (0, NOBODY, CONTAINER, 2 ** 63 - 1, -2 ** 56 + 5):
        yield "a session 0x%x" % (session & 2 ** 64 - 1), *(
            p for timeout in (-2 ** 31, 0, 2 ** 31 - 1, 5000) for p in (
                opened(session, timeout), opened(session, timeout),
                request(session, CREATE, create("/own", flags=1), 1),
                closed(session), closed(session),
                request(session, CREATE, create("/late", flags=1), 2),
                packet(hostile.REVALIDATE, -1, struct.pack(
                    ">qi", session, timeout))))
    yield "a session without a timeout", request(9, CREATE_SESSION, b"\0")


def refused():
    """What no learner says: who says it is hung up on."""
    for kind in (hostile.FOLLOWER_INFO, hostile.OBSERVER_INFO):
        yield "who it is again", packet(kind, 0, struct.pack(
            ">qiq", STRANGER, hostile.PROTOCOL, 0))
    for kind in (hostile.PROPOSAL, hostile.COMMIT, hostile.SYNC,
                 hostile.INFORM, hostile.NEW_LEADER, hostile.UP_TO_DATE,
                 hostile.DIFF, hostile.TRUNC, hostile.SNAP,
                 hostile.LEADER_INFO, hostile.ACK_EPOCH):
        yield "type %d" % kind, packet(kind, 5, b"x" * 40)
    for data in (None, b"", b"\0" * 15):
        yield "a request of %r" % data, packet(hostile.REQUEST, -1, data)
        yield "a question of %r" % data, packet(
            hostile.REVALIDATE, -1, data and data[:11])
    for n in (-2, -2 ** 31, 2 ** 31 - 1, 300 << 20):
        yield "a length of %d" % n, struct.pack(
            ">iqi", hostile.REQUEST, -1, n) + bytes(1000)
        yield "%d identities" % n, packet(hostile.PING, -1, b"", ids(n))
        yield "an identity of %d" % n, packet(
            hostile.PING, -1, b"", struct.pack(">ii", 1, n) + bytes(1000))


def is_answered(link):
    """A sync of its own, behind all that it said."""
    link.send(request(5, SYNC, ustr("/")))
    link.hears(hostile.SYNC)


def speak(t, member, sid, kind, port=None):
    """Server `sid` says all of it, to a leader, or to an observer master at its
    port, which takes no ACKs of transactions."""
    link, epoch, last = hostile.learn(member, sid, kind, port)
    for name, *words in tolerated(epoch, last):
        if port and name.startswith("ACKs"):
            continue
        t.say("%s", name)
        link.send(*words)
        is_answered(link)
    link.close()
    for name, word in refused():
        t.say("%s", name)
        link = hostile.learn(member, sid, kind, port)[0]
        with contextlib.suppress(hostile.Gone):
            link.send(word)
        t.claim(link.is_hung_up(), "who says %s may stay", name)
        link.close()


def nobody_noticed(t, e, leader, marks):
    """The leader is the same, and nobody has left it."""
    t.claim(e.wait() is leader, "another leads")
    for m, mark in marks.items():
        t.claim(not m.said("looking for a leader", mark), "%r lost its leader",
                m)


@case("short", "long", of=["zzz"])
def learners(t, word):
    """Observers and followers that nobody knows say all there is to say, and
    one that is a member: its vote counts."""
    e = t.ensemble(word, PATIENT)
    leader = e.start()
    stays, away = [m for m in e if m is not leader]
    away.stop()
    marks = {m: m.mark() for m in (leader, stays)}
    for sid, kind in ((STRANGER, hostile.OBSERVER_INFO),
                      (STRANGER, hostile.FOLLOWER_INFO),
                      (away.sid, hostile.FOLLOWER_INFO)):
        speak(t, leader, sid, kind)
    nobody_noticed(t, e, leader, marks)
    away.start()
    t.finish(e)


@case("short", "long", of=["zzz"])
def learners_of_a_follower(t, word):
    """An observer master's observer says all of it; some goes to the leader."""
    e = t.ensemble(word, PATIENT)
    port = e.ports(9)[0]
    e[1].extra["observerMasterPort"] = port
    leader = e.start()
    t.claim(leader is not e[1], "the master leads")
    marks = {m: m.mark() for m in e}
    speak(t, e[1], STRANGER, hostile.OBSERVER_INFO, port)
    nobody_noticed(t, e, leader, marks)
    t.finish(e)


def alike(count):
    """Ids of sessions that a hash of nothing but the id has in one place: it
    was (id + (id >> 16) * ODD >> 32) % 2^17."""
    found, start = [], 0x050000000000
    while len(found) < count:
        start += 2
        low = -(start * 0x9e3779b97f4a7c15 >> 32) & 0x1ffff
        if low < 0x10000:
            found.append(start << 16 | low)
    return found


@case("short", "long", of=["zzz"])
def sessions_alike(t, word):
    """A learner chooses the ids of sessions so that they lie in one place; the
    first of them is found all the same, with what it owns."""
    e = t.ensemble(word)
    leader = e.start()
    first, *others = alike(6000)
    link, _, _ = hostile.learn(leader, STRANGER)
    link.send(opened(first, 60000),
              request(first, CREATE, create("/mine", flags=1), 1),
              request(first, CREATE, create("/too", flags=1), 2))
    link.send(*(opened(session, 60000) for session in others))
    is_answered(link)
    c = t.client(e.followers()[0])
    c.sync("/")
    t.claim(c.exists("/mine").ephemeralOwner == first, "another has it")
    c.delete("/too")
    link.send(closed(first))
    is_answered(link)
    c.sync("/")
    t.claim(not c.exists("/mine"), "it is there still")
    link.send(*(closed(session) for session in others))
    is_answered(link)
    link.close()
    t.close_clients()
    t.finish(e)


@case("short", "long", of=["zzz"])
def places(t, word):
    """Observers that nobody knows, more than a leader has places: a follower
    that comes finds one."""
    e = t.ensemble(word, PATIENT)
    leader = e.start()
    stays, victim = [m for m in e if m is not leader]
    victim.kill()
    mark = stays.mark()
    links = []
    for i in range(LEARNERS_MAX + 10):
        links.append(hostile.dial(leader))
        links[-1].send(packet(hostile.OBSERVER_INFO, 0, struct.pack(
            ">qiq", 1000 + i, hostile.PROTOCOL, 0)))
    more = len(links) - (LEARNERS_MAX - len(word))
    until(lambda: sum(link.is_hung_up(0.01) for link in links) >= more,
          "%d of them are hung up on" % more, SOON_S)
    victim.start_only()
    e.wait()
    t.claim(not stays.said("looking for a leader", mark),
            "%r lost its leader", stays)
    for link in links:
        link.close()
    t.finish(e)


@case("short", "long", of=["zzz"])
def memory(t, word):
    """Observers that nobody knows begin packets, and never end them: those who
    are followers have memory all the same."""
    e = t.ensemble(word, PATIENT)
    leader = e.start()
    marks = {m: m.mark() for m in e}
    c = t.client(leader)
    # What is left of a gigabyte, in powers of two, each time by a half.
    sizes = [70 << 20] * 6 + [35 << 20 >> i // 4 for i in range(48)]
    links = [hostile.learn(leader, 1000 + i)[0] for i in range(len(sizes))]
    for link, size in zip(links, sizes):
        with contextlib.suppress(hostile.Gone):
            link.send(struct.pack(">iqi", hostile.REQUEST, -1, 200 << 20))
            for _ in range(16):
                link.send(bytes(size // 16))
    for i in range(20):
        c.create("/large-%d" % i, bytes(800000))
    nobody_noticed(t, e, leader, marks)
    for link in links:
        link.close()
    t.close_clients()
    t.finish(e)


# --- leaders --------------------------------------------------------------------

def proposal(id, data=None, kind=hostile.PROPOSAL):
    return packet(kind, id, hostile.create_txn(id, "/h%x" % id)
                  if data is None else data)


def next_one(epoch, last):
    return last + 1 if last >> 32 == epoch else zxid(epoch, 1)


def committed(id, data=None):
    return proposal(id, data) + packet(hostile.COMMIT, id)


def out_of_order(epoch, last):
    """Instead of a plan, right behind the promise."""
    yield "nothing but NEW_LEADER", packet(hostile.NEW_LEADER, zxid(epoch, 0))
    yield "nothing but UP_TO_DATE", packet(hostile.UP_TO_DATE)
    yield "a proposal before the plan", proposal(zxid(epoch, 1))
    yield "a second LEADER_INFO", packet(
        hostile.LEADER_INFO, zxid(epoch, 0), struct.pack(">i", 0x10000))
    yield "two plans", packet(hostile.DIFF, last) * 2
    yield "UP_TO_DATE before NEW_LEADER", packet(
        hostile.DIFF, last) + packet(hostile.UP_TO_DATE)
    yield "NEW_LEADER of another epoch", packet(
        hostile.DIFF, last) + packet(hostile.NEW_LEADER, zxid(epoch + 1, 0))
    yield "TRUNC to what it lacks", packet(hostile.TRUNC, last + 5)
    yield "TRUNC to another epoch", packet(hostile.TRUNC, zxid(epoch + 5, 1))
    yield "TRUNC below zero", packet(hostile.TRUNC, -1)
    yield "SNAP of another epoch", packet(hostile.SNAP, zxid(epoch + 5, 1))
    yield "SNAP below zero", packet(hostile.SNAP, -2 ** 63)
    yield "a history with a gap", packet(
        hostile.DIFF, last) + committed(zxid(epoch - 1, 7))
    yield "COMMIT of what was not sent", packet(
        hostile.DIFF, last) + packet(hostile.COMMIT, last + 1)
    yield "a packet of no length", struct.pack(">iqi", hostile.DIFF, 0, -2)


def snapshots():
    """Payloads that are none, however they go on."""
    for name, payload in broken():
        yield name, payload + b"\xee" * 200


def broken():
    whole = hostile.snapshot([(1, 5000)], nodes=[("/a", b"1"), ("/a/b", b"2")])
    one = b"\0\0\0\1"
    for n in (-2, 2 ** 31 - 1):
        size = struct.pack(">i", n)
        yield "%d sessions" % n, size + bytes(64)
        yield "%d lists" % n, hostile.snapshot(acls=size)
        yield "a list of %d" % n, hostile.snapshot(
            acls=one + bytes(8) + size + b"\x7f" * 20)
        yield "a scheme of %d" % n, hostile.snapshot(
            acls=one + bytes(8) + one + bytes(4) + size)
        yield "a path of %d" % n, hostile.snapshot()[:8] + size + bytes(64)
        yield "data of %d" % n, hostile.snapshot()[:12] + size + bytes(80)
    yield "a session of nobody", hostile.snapshot([(0, 5000)])
    yield "no root", whole[:20] + ustr("/a") + ustr("") + bytes(
        68) + whole[20:]
    for path in ("a", "/x/y", "//", "/a//b"):
        yield "a node %s" % path, hostile.snapshot(
            nodes=[("/a", b""), (path, b"")])
    yield "another signature", whole[:-4] + b"Gone"


def behind_the_seal(epoch, last):
    """Who follows hears this, and hangs up."""
    following = next_one(epoch, last)
    other = hostile.create_txn
    yield "NEW_LEADER again", packet(hostile.NEW_LEADER, zxid(epoch, 0))
    yield "another plan", packet(hostile.DIFF, last)
    yield "a snapshot", packet(hostile.SNAP, last) + hostile.snapshot()
    yield "TRUNC", packet(hostile.TRUNC, last)
    yield "LEADER_INFO", packet(hostile.LEADER_INFO, zxid(epoch, 0), b"\0" * 4)
    yield "COMMIT of what was not proposed", packet(hostile.COMMIT, following)
    yield "COMMIT of the second", proposal(following) + proposal(
        following + 1) + packet(hostile.COMMIT, following + 1)
    yield "a gap", proposal(following + 4)
    yield "number 0", proposal(zxid(epoch + 1, 0))
    yield "a later epoch", proposal(zxid(epoch + 1, 1))
    yield "the last number", proposal(zxid(epoch, 0xffffffff))
    yield "nothing for a transaction", packet(hostile.PROPOSAL, following)
    yield "a transaction of another zxid", proposal(
        following, other(following + 1, "/a"))
    for name, body in (
            ("rubbish", b"\xee" * 50), ("a head", b"\0" * 32),
            ("no type", txn(following, 77, b"")),
            ("a multi of 2^31 - 1", txn(following, 14, b"\x7f\xff\xff\xff")),
            ("a multi in a multi", txn(following, 14, struct.pack(
                ">iii", 1, 14, 4) + b"\0" * 4)),
            ("a list of 2^31 - 1", txn(following, -11, b"\x7f\xff\xff\xff"))):
        yield "a transaction of %s" % name, proposal(following, body)
    for path in ("", "/", "//", "/a/", "//a", "a"):
        yield "creation of %r" % path, proposal(following, other(
            following, path))
        yield "deletion of %r" % path, proposal(following, txn(
            following, DELETE, ustr(path)))
        yield "the end of a session with %r" % path, proposal(following, txn(
            following, CLOSE_SESSION, struct.pack(">i", 1) + ustr(path)))
    yield "data of ''", proposal(following, txn(
        following, SET_DATA, ustr("") + ustr("x") + b"\0\0\0\1"))
    for n in (-2, -2 ** 31, 2 ** 31 - 1, 300 << 20):
        yield "a length of %d" % n, struct.pack(
            ">iqi", hostile.PING, -1, n) + bytes(1000)


def taken(epoch, last):
    """Who follows hears this, and stays."""
    yield "UP_TO_DATE again", packet(hostile.UP_TO_DATE)
    yield "answers that nobody asked for", *[packet(hostile.SYNC)] * 3, *(
        packet(hostile.REVALIDATE, -1, data) for data in (
            None, b"", b"\0" * 8, struct.pack(">q?", 5, True),
            struct.pack(">q?", 0, False), b"\xff" * 100))
    yield "what it has", proposal(last) + packet(hostile.COMMIT, last)
    yield "INFORM", proposal(next_one(epoch, last), kind=hostile.INFORM)
    yield "packets of no type", packet(0), packet(99, 5, b"x"), packet(-5)
    yield "pings of all lengths", *(packet(hostile.PING, last, b"zabd" * n)
                                    for n in (0, 1, 5, 6, 25000))
    yield "requests", request(5, CREATE, create("/a")), packet(
        hostile.ACK, last), packet(hostile.ACK_EPOCH, 5, b"\0" * 4)


def hangs_up(t, link, name):
    t.say("%s", name)
    t.claim(link.is_hung_up(), "it goes on behind %s", name)
    link.close()


@case("short", "long", of=["zzz"])
def leaders(t, word):
    """A member is led by one that is none."""
    e = t.ensemble(word)
    e[1].start_only()
    leader = hostile.Leader(e, 7)
    try:
        lead(t, leader)
        t.claim(e[1].stop() == 0, "it does not stop")
        leader.forget_waiting()
        e[1].start_only()
        leader.is_served_by()
    finally:
        leader.close()


def lead(t, leader):
    epoch = leader.epoch
    nodes = [("/a", b"1"), ("/a/b", b"2")]
    base = (packet(hostile.SNAP, zxid(epoch - 1, 5)),
            hostile.snapshot([(1, 5000)], nodes=nodes))
    for i in range(len(list(out_of_order(epoch, 0)))):
        leader.sealed(*base)[0].close()
        link, last = leader.promised()
        name, word = list(out_of_order(epoch, last))[i]
        link.send(word)
        hangs_up(t, link, name)
    leader.followed(*base)[0].close()
    for name, payload in snapshots():
        link, last = leader.promised()
        link.send(packet(hostile.SNAP, last), payload)
        hangs_up(t, link, name)
    for first in (b"", bytes(4) + struct.pack(">i", 2 ** 31 - 1)):
        link, last = leader.promised(hostile.PACKS)
        link.send(packet(hostile.SNAP, last), hostile.packed(first, 50000))
        hangs_up(t, link, "a snapshot that has no end")
    link, last = leader.promised()
    link.send(packet(hostile.SNAP, last), base[1][:-20])
    link.close()
    for i in range(len(list(behind_the_seal(epoch, 0)))):
        link, last = leader.followed()
        name, word = list(behind_the_seal(epoch, last))[i]
        link.send(word)
        hangs_up(t, link, name)
    link, last = leader.followed()
    for name, *words in taken(epoch, last):
        t.say("%s", name)
        link.send(*words)
    link.send(committed(next_one(epoch, last)))
    link.hears(hostile.ACK)
    link.close()
    leader.is_served_by()


@case("short", "long", of=["zzz"])
def epochs_end(t, word):
    """An observer master's leader gives the number that none gives."""
    e = t.ensemble(word)
    e[1].extra["observerMasterPort"] = e.ports(9)[0]
    e[1].start_only()
    leader = hostile.Leader(e, 7)
    end = zxid(7, 0xfffffffd)
    try:
        link, _ = leader.followed(packet(hostile.SNAP, end),
                                  hostile.snapshot())
        link.send(committed(end + 1))
        link.hears(hostile.ACK)
        link.send(committed(end + 2))
        hangs_up(t, link, "number 0xffffffff")
        leader.is_served_by()
    finally:
        leader.close()
