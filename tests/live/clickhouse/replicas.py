#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two ClickHouse servers keep the replicas of a table with the help of the
servers beside us: who has which part, which block was inserted already, what
is still to be done.  No row that was acknowledged is lost or doubled, whatever
happens to one of the servers, or to a replica.

The tests stand on each other's shoulders, and go on inserting all the time."""

import os
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "lib"))

from app import run_in_order, servers  # noqa: E402
from ending import end_tidily  # noqa: E402
from replica import Refused, Replica  # noqa: E402
from wait import until  # noqa: E402

TABLE = """create table numbers on cluster all (day Date, n UInt64)
    engine = ReplicatedMergeTree('/tables/numbers', '{replica}')
    partition by day order by n"""
FREEZE_S = 5           # longer than a leader may be silent
BLOCK = 1000           # rows of a block that is inserted more than once


class Writer(threading.Thread):
    """Inserts BLOCK, BLOCK + 1, ... into one replica after the other."""

    def __init__(self, replicas):
        super().__init__(daemon=True)
        self.replicas, self.acked = replicas, []
        self.next, self.is_over = BLOCK, False

    def run(self):
        while not self.is_over:
            for replica in self.replicas:
                self.write(replica)
                time.sleep(0.1)

    def write(self, replica):
        n, self.next = self.next, self.next + 1
        try:
            replica.ask("insert into numbers (day, n) values ('2020-01-01', "
                        "%d)" % n)
            self.acked.append(n)
        except (OSError, Refused) as e:
            print("%r, %d: %s" % (replica, n, e), file=sys.stderr)

    def goes_on(self):
        count = len(self.acked)
        until(lambda: len(self.acked) > count + 10, "inserts go on")


class Pair:
    """Two replicas, and who inserts into both."""

    def __init__(self):
        self.all = [Replica("one"), Replica("two")]
        self.writer = Writer(self.all)
        for replica in self.all:
            replica.configure(os.environ["ZK_HOSTS"], self.all)

    def start(self):
        for replica in self.all:
            replica.start()
        for replica in self.all:
            until(replica.serves, "%r serves" % replica)

    def all_say(self, answer, sql):
        until(lambda: all(r.ask(sql) == answer for r in self.all),
              "%s: %s" % (sql, answer))

    def close(self):
        self.writer.is_over = True
        for replica in self.all:
            replica.close()


def insert_block(replica, settings=""):
    replica.ask("insert into numbers (day, n) %s select toDate('2020-01-01'), "
                "number from numbers(%d)" % (settings, BLOCK))


def test_created_on_both(pair):
    pair.start()
    pair.all[0].ask(TABLE)
    insert_block(pair.all[0])
    pair.all_say(str(BLOCK), "select count() from numbers")


def test_a_block_is_inserted_once(pair):
    for replica in pair.all:
        insert_block(replica)
    pair.all_say(str(BLOCK), "select count() from numbers")


def test_altered(pair):
    pair.all[1].ask("alter table numbers add column seven UInt8 default 7")
    pair.all_say(str(7 * BLOCK), "select sum(seven) from numbers")


def test_rows_deleted(pair):
    """By a mutation: both rewrite their parts, as the queue tells them."""
    pair.all[0].ask("alter table numbers delete where n < 100")
    pair.all_say(str(BLOCK - 100), "select count() from numbers")


def test_leader_killed(pair):
    pair.writer.start()
    pair.writer.goes_on()
    servers("kill", "leader")
    pair.writer.goes_on()
    servers("mend")


def test_leader_stopped(pair):
    servers("stop", "leader")
    pair.writer.goes_on()
    servers("mend")


def test_leader_frozen(pair):
    servers("freeze", "leader")
    time.sleep(FREEZE_S)
    servers("mend")
    pair.writer.goes_on()


def test_replica_killed_with_the_leader(pair):
    """Its ephemerals are those of a dead session until that ends."""
    pair.all[0].kill()
    servers("kill", "leader")
    pair.writer.goes_on()
    servers("mend")
    pair.all[0].start()
    until(pair.all[0].serves, "it serves again")
    pair.writer.goes_on()


def test_every_row_is_there_once(pair):
    """On both.  Of an insert that was refused nobody knows: a replica that
    was cut off from the servers keeps its rows to itself, for minutes."""
    pair.writer.is_over = True
    pair.writer.join()
    for replica in pair.all:
        replica.ask("system sync replica numbers")
        rows = replica.ask("select n from numbers where n >= %d" % BLOCK)
        there = [int(n) for n in rows.split()]
        lost = set(pair.writer.acked) - set(there)
        assert not lost, "%r lacks %s" % (replica, sorted(lost)[:10])
        assert len(set(there)) == len(there), "%r doubles rows" % replica


def test_dropped(pair):
    pair.all[1].ask("drop table numbers on cluster all")
    pair.all_say("", "select name from system.zookeeper where path = '/tables'")


if __name__ == "__main__":
    end_tidily()
    sys.exit(run_in_order("clickhouse", globals(), Pair()))
