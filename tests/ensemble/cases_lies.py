# SPDX-License-Identifier: Apache-2.0
"""Does the checker notice?  Without any fault something is changed behind its
back, one lie after the other; each must make it say something new, and it
must be silent before the first."""

import os
import shutil
import time

from kazoo.security import make_acl

import everywhere
import forged
import history
import lies as histories
from ensemble import until
from registers import Registers, path
from server import Server
from trial import case

WORK_S = 4.0           # of the users of registers
READ_ONLY = make_acl("world", "anyone", read=True, admin=True)


class Twin(Server):
    """A server by itself on a copy of a member's data: at first it shows the
    same tree, and then it may differ."""

    def __init__(self, member, dir):
        super().__init__(member.kind)
        shutil.rmtree(self.dir + "/data")
        shutil.copytree(dir, self.dir + "/data")
        os.unlink(self.path("data/myid"))

    def __repr__(self):
        return "twin (%s)" % self.kind


def noticed(t, name, said, known, wanted=True):
    """One lie's result; returns all that was said so far."""
    said = set(said)
    new = sorted(said - known)
    t.say("%s: %s", name, new[0] if new else "not a word")
    if bool(new) != wanted:
        t.wrong.append("%s: the checker says %s" % (name, new or "nothing"))
    return known | said


def is_judged(t, e, sentences):
    """Does it fail the case, or is it told as Apache's own?"""
    wrong, notes = len(t.wrong), len(t.notes)
    t.judge(e, "on purpose", sentences)
    is_told = len(t.wrong) > wrong or len(t.notes) > notes
    del t.wrong[wrong:]
    return is_told


def lie_on_all(t, e):
    """What tests/faults tells, seen on each member."""
    known = set()
    for i, lie in enumerate(forged.LIES):
        if lie is not forged.nothing:
            everywhere.single.GONE_S = everywhere.single.SEEN_S = 1
        lie(t.crowd, t.crowd.books[i % 4])
        known = noticed(t, lie.__name__, everywhere.verify(
            t.crowd, e.running()), known, lie is not forged.nothing)


def lie_on_one(t, e):
    """One member differs from the others, which only a comparison tells."""
    m = e.followers()[0]
    m.stop()
    copy = t.dir + "/copy"
    shutil.copytree(m.path("data"), copy)
    m.start()
    e.wait()
    twin = Twin(m, copy)
    try:
        twin.start()
        known = set()
        shown = [m, twin]
        known = noticed(t, "the same tree", everywhere.same_trees(shown),
                        known, False)
        c = t.client(twin)
        for name, change in (
                ("a node more", lambda: c.create("/load/more")),
                ("other data", lambda: c.set("/load/m/w0-a", b"other")),
                ("another version", lambda: c.set(
                    "/load/m/w0-b", c.get("/load/m/w0-b")[0])),
                ("a node less", lambda: c.delete("/load/s/w3")),
                ("another ACL", lambda: c.set_acls("/load/s/w1", [
                    READ_ONLY]))):
            change()
            known = noticed(t, name, everywhere.same_trees(shown), known)
        t.claim(is_judged(t, e, everywhere.same_trees(shown)),
                "trees that differ fail no case")
        t.close_clients()
        twin.stop()
        m.stop()
        noticed(t, "other transactions of the same zxid",
                everywhere.same_logs(shown), set())
    finally:
        twin.close()
        m.start()


@case("short", "long", of=["zzz"])
def lies(t, word):
    e = t.ensemble(word)
    e.start()
    t.load(e)
    until(lambda: forged.has_enough(t.crowd), "there is something to lie about",
          60)
    t.crowd.settle()
    lie_on_all(t, e)
    lie_on_one(t, e)


@case("long", of=["aaa"])
def lies_apache(t, word):
    lies(t, word)


# --- registers ----------------------------------------------------------------


def lie_about_the_past(t, ops):
    """Each lie changes a copy of what was told."""
    for lie in histories.LIES:
        told = [op.copy() for op in ops]
        lie(told)
        noticed(t, lie.__name__, history.check(told), set(),
                lie is not histories.nothing)


def lie_about_ephemerals(t, e, registers):
    """What is there is changed behind the users' backs."""
    registers_here = path("here/")
    one, other = [registers_here + u.session for u in registers.users[:2]]
    c = t.client(e.leader())
    known = set()
    for name, change in (
            ("every ephemeral", lambda: None),
            ("an ephemeral less", lambda: c.delete(one)),
            ("one of a session that ended", lambda: c.create(
                registers_here + "of-nobody", ephemeral=True)),
            ("one of another session", lambda: (
                c.delete(other), c.create(other, ephemeral=True)))):
        change()
        known = noticed(t, name, registers.see(e.leader()), known,
                        name != "every ephemeral")
    t.close_clients()


@case("short", "long", of=["zzz"])
def registers_lie(t, word):
    e = t.ensemble(word)
    e.start()
    registers = Registers(e.hosts(), t.seed)
    try:
        registers.start()
        time.sleep(WORK_S)
        registers.settle()
        noticed(t, "all members", registers.verify(e), set(), False)
        lie_about_the_past(t, registers.ops)
        registers.gone_s = 1
        lie_about_ephemerals(t, e, registers)
    finally:
        registers.close()
