#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Patroni keeps a primary and a standby of PostgreSQL with the help of the
servers beside us: what happens to a server is no business of the primary's,
and when the primary dies the standby takes over, whatever the servers do.

The tests stand on each other's shoulders, and go on writing all the time."""

import contextlib
import os
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "lib"))

import psycopg2  # noqa: E402

from app import run_in_order, servers  # noqa: E402
from ending import end_tidily  # noqa: E402
from instance import Instance  # noqa: E402
from wait import until  # noqa: E402

FREEZE_S = 5           # longer than Patroni waits for an answer


class Writer(threading.Thread):
    """Inserts 1, 2, ... into whichever instance takes them."""

    def __init__(self, instances):
        super().__init__(daemon=True)
        self.instances, self.acked = instances, []
        self.next, self.lost, self.is_over = 1, 0, False

    def run(self):
        while not self.is_over:
            for instance in self.instances:
                with contextlib.suppress(psycopg2.Error):
                    self.write(instance)
            time.sleep(0.1)

    def write(self, instance):
        with contextlib.closing(instance.connect()) as c, c.cursor() as cursor:
            cursor.execute("select pg_is_in_recovery()")
            if cursor.fetchone()[0]:
                return
            try:
                while not self.is_over:
                    cursor.execute("insert into numbers values (%s)",
                                   (self.next,))
                    self.acked.append(self.next)
                    self.next += 1
                    time.sleep(0.01)
            finally:
                self.lost += not self.is_over
                self.next += 1

    def goes_on(self):
        count = len(self.acked)
        until(lambda: len(self.acked) > count + 10, "writes go on")


class Pair:
    """Two instances, of which one is primary, and who writes to it."""

    def __init__(self):
        self.all = [Instance(name, os.environ["ZK_HOSTS"])
                    for name in ("one", "two")]
        self.writer = Writer(self.all)

    def primary(self):
        found = [i for i in self.all if i.is_primary()]
        return found[0] if len(found) == 1 else None

    def standby(self):
        primary = self.primary()
        return [i for i in self.all if i is not primary][0]

    @contextlib.contextmanager
    def undisturbed(self):
        """The same primary, all the time."""
        primary, lost = self.primary(), self.writer.lost
        timeline, marks = primary.timeline(), [i.mark() for i in self.all]
        yield
        self.writer.goes_on()
        said = "".join(i.log(mark) for i, mark in zip(self.all, marks))
        assert "demot" not in said, "Patroni spoke of demotion"
        assert self.primary() is primary, "another primary"
        assert primary.timeline() == timeline, "promoted again"
        assert self.writer.lost == lost, "the writer lost its connection"

    def close(self):
        self.writer.is_over = True
        for instance in self.all:
            instance.close()


def test_bootstrap(pair):
    first, second = pair.all
    first.start()
    until(first.is_primary, "there is a primary")
    first.rows("create table numbers (n int)")
    pair.writer.start()
    second.start()
    until(second.is_heir, "there is an heir")


def test_servers_replaced(pair):
    """One after the other, by an empty one."""
    with pair.undisturbed():
        for host in os.environ["ZK_HOSTS"].split(","):
            servers("replace", host)
            servers("mend")


def test_leader_killed(pair):
    with pair.undisturbed():
        servers("kill", "leader")
        pair.writer.goes_on()
        servers("mend")


def test_leader_frozen(pair):
    with pair.undisturbed():
        servers("freeze", "leader")
        time.sleep(FREEZE_S)
        servers("mend")


def test_switchover(pair):
    old, new = pair.primary(), pair.standby()
    subprocess.run(["patronictl", "-c", old.conf, "switchover", "--master",
                    old.name, "--candidate", new.name, "--force"],
                   check=True, stdout=sys.stderr)
    until(new.is_primary, "%r is primary" % new)
    pair.writer.goes_on()


def fail_over(pair, verb):
    """The primary and the servers' leader, at once."""
    old, new = pair.primary(), pair.standby()
    until(new.is_heir, "%r may take over" % new)
    old.kill()
    servers(verb, "leader")
    until(new.is_primary, "%r is primary" % new)
    servers("mend")
    old.start()
    pair.writer.goes_on()


def test_failover_as_the_leader_dies(pair):
    fail_over(pair, "kill")


def test_failover_as_the_leader_freezes(pair):
    fail_over(pair, "freeze")


def test_every_write_is_there(pair):
    """Patroni lets nobody take over who may lack one."""
    pair.writer.is_over = True
    pair.writer.join()
    there = {row[0] for row in pair.primary().rows("select n from numbers")}
    lost = [n for n in pair.writer.acked if n not in there]
    assert not lost, "%d writes are lost: %s" % (len(lost), lost[:10])


if __name__ == "__main__":
    end_tidily()
    sys.exit(run_in_order("patroni", globals(), Pair()))
