# SPDX-License-Identifier: Apache-2.0
"""A member is started on the data directory of another ensemble, which has
seen more epochs than ours.  Neither may take anything from the other: ours
serves on and has all it had, the foreign one keeps its files as they are, and
both say so."""

import hashlib
import os
import shutil
import signal
import socket
import struct

from cases_basic import has, write_some
from ensemble import until
from trial import case

FOREIGN_TERMS = 9      # the foreign epoch is later than any of ours
CONFIRMED_S = 20
SAID_S = 20


def record(m):
    """What it knows of its ensemble: (id, epoch, state), or None."""
    try:
        with open(m.path("data/version-2/ensembleId")) as f:
            return f.read().split()
    except OSError:
        return None


def confirmed(t, members):
    """Wait until these know their ensemble for good; its id."""
    def all_know():
        records = [record(m) for m in members]
        return all(r and r[2] == "confirmed" for r in records) and \
            {r[0] for r in records}
    ids = until(all_know, lambda: "an id is confirmed: %s" % [
        record(m) for m in members], CONFIRMED_S)
    t.claim(len(ids) == 1, "ids of one ensemble: %s", ids)
    return ids.pop()


def files(m):
    """{name: digest} of what makes a history: all but locks and the image,
    which is opened to be read."""
    found, top = {}, m.path("data/version-2")
    for name in os.listdir(top):
        path = os.path.join(top, name)
        if os.path.isfile(path) and name != "zabd.lock":
            with open(path, "rb") as f:
                found[name] = hashlib.sha256(f.read()).hexdigest()
    return found


def stays_as_it_was(t, m, before):
    """Whatever was there is there, to the byte; of its own tree the server
    may have taken a snapshot as it stopped."""
    after = files(m)
    t.claim(all(after.get(name) == digest for name, digest in before.items()),
            "foreign files have changed: %s, then %s", before, after)
    t.claim(all(name in before or name.startswith("snapshot.")
                for name in after), "new files: %s", sorted(after))


def another_ensemble(t):
    """A stopped server of an ensemble that nobody here knows."""
    e = t.ensemble("z", {"standaloneEnabled": "false"})
    e.start()
    write_some(t, e[1], "foreign", 20)
    for _ in range(FOREIGN_TERMS):
        e[1].kill()
        e[1].start()
    confirmed(t, [e[1]])
    e[1].stop()
    return e[1]


def transplant(t, source, m):
    """The stopped member gets the foreign directory; its files."""
    shutil.rmtree(m.path("data/version-2"))
    shutil.copytree(source.path("data/version-2"), m.path("data/version-2"))
    return files(m)


def says_foreign(m, id, mark):
    """Its log names the other ensemble, and its status does."""
    until(lambda: m.said(r"ERROR.*election: server \d+ is of another "
                         "ensemble: its id is %s" % id, mark),
          "%r says that a server is of the ensemble %s" % (m, id), SAID_S)

    def status():
        mark = m.mark()
        os.kill(m.pid, signal.SIGQUIT)
        until(lambda: m.said("state: ", mark), "%r says its state" % m, SAID_S)
        return m.said(r"state: .*of another ensemble", mark)
    until(status, "the state of %r names it" % m, SAID_S)


def is_dismissed(t, leader, id):
    """One that comes to the quorum port as a learner, whatever the elections
    say, is told the leader's id, and nothing more."""
    info = struct.pack(">qiq4siQqB", 99, 0x10000, 0, b"zabd", 4, id ^ 1, 3, 1)
    packet = struct.pack(">iqi", 11, 9 << 32, len(info)) + info + \
        struct.pack(">i", -1)
    mark = leader.mark()
    with socket.create_connection((leader.host, leader.quorum_port), 5) as s:
        s.sendall(packet)
        answer = s.recv(100)
        type, _, size, protocol, zabd, flags, said, _, is_confirmed = \
            struct.unpack(">iqii4siQqB", answer[:45])
        t.claim((type, size, zabd, flags & 4, said, is_confirmed) ==
                (17, 29, b"zabd", 4, id, 1), "it is told %s", answer.hex())
        s.settimeout(1)
        try:
            t.claim(False, "then it is told %r", s.recv(1))
        except socket.timeout:
            pass
    until(lambda: leader.said(r"WARN.*is of another ensemble, %016x, and told" %
                              (id ^ 1), mark), "the leader says so", SAID_S)


def joins_in_vain(t, e, foreign, source):
    """Ours serve, and the member comes with foreign files."""
    ours = confirmed(t, [m for m in e if m.kind == "zabd"])
    leader = e.leader()
    foreign.stop()
    before = transplant(t, source, foreign)
    theirs = record(foreign)[0]
    t.claim(theirs != ours, "two ensembles have one id")
    marks = {m: m.mark() for m in (leader, foreign)}
    foreign.start_only()
    says_foreign(foreign, ours, marks[foreign])
    if e.options.get("electionAlg") != 0:   # there nobody hears who asks
        says_foreign(leader, theirs, marks[leader])
        until(lambda: leader.figure("foreign_members") == 1,
              "the leader counts it", SAID_S)
    t.claim(e.leader() is leader, "the leader changed")
    t.claim(foreign.mode() is None, "the foreign server serves")
    write_some(t, leader, "with-a-foreigner", 20)
    return before


def elects_without(t, e, foreign):
    """All start at once: the foreign server has the latest epoch, and those
    who elect it must find out."""
    ours = [m for m in e if m is not foreign]
    for m in e:
        m.kill()
    for m in e:
        m.start_only()
    leader = e.wait(ours)
    t.claim(leader in ours, "%r leads", leader)
    t.claim(has(t, leader, "/with-a-foreigner/000019"), "a write is lost")
    t.claim(not has(t, leader, "/foreign"), "the foreign tree is here")
    write_some(t, leader, "with-a-foreigner", 20)
    # ... and once more, when the one that leads is lost for a while.
    leader.kill()
    leader.start()
    leader = e.wait(ours)
    write_some(t, leader, "with-a-foreigner", 20)


def put_right(t, e, foreign):
    """As the log says: the directory is moved away."""
    os.rename(foreign.path("data/version-2"), foreign.path("data.foreign"))
    foreign.start()
    leader = e.wait()
    t.claim(has(t, foreign, "/with-a-foreigner/000019"), "it lacks a write")
    confirmed(t, [m for m in e if m.kind == "zabd"])
    until(lambda: leader.figure("foreign_members") == 0, "it is one of us",
          SAID_S)


@case("short", "long", of=["zzz"])
def foreign_directory(t, word, options=None):
    e = t.ensemble(word, options)
    source = another_ensemble(t)
    e.start()
    write_some(t, e.leader(), "base", 50)
    ours = confirmed(t, list(e))
    is_dismissed(t, e.leader(), int(ours, 16))
    foreign = e.followers()[0]
    before = joins_in_vain(t, e, foreign, source)
    elects_without(t, e, foreign)
    foreign.stop()
    stays_as_it_was(t, foreign, before)
    put_right(t, e, foreign)
    t.finish(e)


@case("long", of=["zzzzz"])
def foreign_directory_of_five(t, word):
    foreign_directory(t, word)


@case("long", of=["zzz", "zzzzz"])
def foreign_directory_polling(t, word):
    """electionAlg=0: the larger zxid would win."""
    foreign_directory(t, word, {"electionAlg": 0})


@case("long", of=["zza"])
def foreign_directory_mixed(t, word):
    """Beside an Apache server, which knows no ids: two zabds are the quorum
    that has one, and its leader refuses the foreigner."""
    e = t.ensemble(word)
    source = another_ensemble(t)
    e.elect("zabd")
    write_some(t, e.leader(), "base", 50)
    foreign = [m for m in e.followers() if m.kind == "zabd"][0]
    before = joins_in_vain(t, e, foreign, source)
    foreign.stop()
    stays_as_it_was(t, foreign, before)
    put_right(t, e, foreign)
    t.finish(e)


@case("long", of=["zzz"])
def seeded(t, word):
    """A new ensemble is made of another's data: without the file ensembleId
    it is one of its own, and may meet the old one."""
    source = another_ensemble(t)
    e = t.ensemble(word)
    theirs = record(source)[0]
    for m in e:
        shutil.copytree(source.path("data/version-2"),
                        m.path("data/version-2"))
        os.unlink(m.path("data/version-2/ensembleId"))
    e.start()
    t.claim(confirmed(t, list(e)) != theirs, "the id is the old one")
    for m in e:
        t.claim(has(t, m, "/foreign/000019"), "%r lacks the data", m)
    t.finish(e)
