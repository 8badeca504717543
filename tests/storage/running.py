#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tools look at a zabd that is running, under load, and do no harm."""

import json
import os
import re
import shutil
import struct
import subprocess
import tempfile

from lib import (ZAB, Session, busy, closing, grow, main, member, running,
                 see_all, until, wire, zab)
from server import four


def zabd(**options):
    return running("zabd", options)


def zxids(data):
    return [int(json.loads(line)["zxid"], 16)
            for line in zab("log", "--json", "--data", data).splitlines()]


OFTEN = 5              # a machine does not stall each time
GAP = "were overwritten before"


def followed(server, out):
    """What `zab ring --follow` writes of a tree that grows: (text, zxids)."""
    def told():
        out.seek(0)
        text = out.read()
        return text, [int(x, 16) for x in re.findall(
            r" TXN .*?xid=0?\S* ?(0x\w+) 20", text)]

    def told_of(zxid):
        other.make("/other-", b"", wire.SEQ)
        return told()[1][-1:] > [zxid]
    other = Session(server.port)
    follower = subprocess.Popen([ZAB, "ring", str(server.pid), "--follow",
                                 "--seconds", "60"], stdout=out)
    until(lambda: told_of(0), "it prints what comes")
    grow(server.port)
    see_all(server)
    last = zxids(server.path("data"))[-1]
    until(lambda: told_of(last), "it prints all of it")
    follower.terminate()
    assert follower.wait() == 0
    return told()


def test_ring_prints_every_transaction():
    """Who stands still for a second misses what was given back meanwhile, and
    says so."""
    for _ in range(OFTEN):
        with zabd() as server, tempfile.TemporaryFile("w+") as out:
            text, seen = followed(server, out)
            logged = zxids(server.path("data"))
        assert seen == sorted(set(seen) & set(logged)), text[-500:]
        if GAP not in text:
            break
    assert len(seen) > 300
    assert seen == [z for z in logged if seen[0] <= z <= seen[-1]], text[-500:]


def test_ring_shows_all_at_rest():
    with zabd() as server:
        grow(server.port)

        def all_the_same():
            told = zab("ring", str(server.pid))
            at = re.findall(r"^  (?:published|durable|committed|applied) +"
                            r"(\d+)", told, re.M)
            at += re.findall(r"delivered=(\d+)", told)
            assert len(at) >= 5, told
            return told if len(set(at)) == 1 and int(at[0]) > 0 else None
        told = until(all_the_same, "all have read the ring to its end")
        shown = {int(pid): name for name, pid
                 in re.findall(r"^(.+) pid=(\d+) life=", told, re.M)}
        assert shown.pop(server.pid) == "supervisor", told
        titles = {pid: title for pid, title in server.group().items()
                  if pid != server.pid}
        assert {pid: "zabd: " + name for pid, name in shown.items()} == titles


def test_ring_calls_client_processes_as_the_log_does():
    with zabd(**{"client.processes": 2}) as server:
        Session(server.port).make("/a")
        told = zab("ring", str(server.pid))
        assert re.findall(r"^  (client \d+) +delivered=", told, re.M) == [
            "client 1", "client 2"], told


def test_ring_does_not_follow_for_nobody():
    """Where SIGPIPE is ignored, as below many a script, nothing else ends it."""
    with zabd() as server, open("/dev/full", "w") as full:
        session = Session(server.port)
        follower = subprocess.Popen([ZAB, "ring", str(server.pid), "--follow"],
                                    stdout=full, stderr=subprocess.PIPE)

        def has_ended():
            session.make("/more-", b"", wire.SEQ)
            return follower.poll() is not None
        try:
            until(has_ended, "it ends")
        finally:
            follower.kill()
        assert follower.wait() == 1
        assert b"not complete" in follower.stderr.read()


def test_ring_shows_the_election_process_where_there_is_one():
    with closing(member()) as server, zabd() as alone:
        server.start()
        assert "\nelection pid=" in zab("ring", str(server.pid))
        assert "\nelection pid=" not in zab("ring", str(alone.pid))


def test_ring_refuses_what_is_no_zabd():
    assert "it is no zabd" in zab("ring", str(os.getpid()), rc=1)


def test_digest_reads_long_paths():
    """As long as a request may be; many of them at once."""
    with zabd() as server:
        session = Session(server.port)
        for i in range(20):
            session.make("/%02d" % i + "x" * 200_000, b"y" * 500_000)
        where = "127.0.0.1:%d" % server.port
        told = zab("digest", where, where)
        assert " nodes=22 " in told, told   # with the root and /zookeeper


def test_digest_names_a_node_in_one_word():
    with zabd() as one, zabd() as other:
        Session(other.port).make("/a b")
        done = subprocess.run([ZAB, "digest", one.hosts, other.hosts],
                              capture_output=True, text=True)
        assert done.returncode == 1, done
        assert ": /a\\x20b is only here\n" in done.stdout, done


def test_digest_goes_on_where_it_may_not_read():
    """As it is where applications have ACLs."""
    with zabd() as server:
        session = Session(server.port)
        session.make("/open")
        session.ask(wire.create("/closed", b"", [(31, "digest", "joe:x")]))
        told = zab("digest", server.hosts, server.hosts)
        assert told.count(" nodes=4 hidden=1 ") == 2, told


def taken(folder):
    """The bytes of all files there and below."""
    return sum(os.path.getsize(os.path.join(where, name))
               for where, _, names in os.walk(folder) for name in names)


def test_dirs_tells_what_the_directories_take():
    """The image is the larger part of it, long before there is a snapshot."""
    with tempfile.TemporaryDirectory() as logs, zabd(dataLogDir=logs) as server:
        Session(server.port).make("/a")

        def told():
            words = four(server.port, "dirs").split()
            sizes = [taken(os.path.join(folder, "version-2"))
                     for folder in (server.path("data"), logs)]
            return min(sizes) > 0 and words == [
                "datadir_size:", str(sizes[0]), "logdir_size:", str(sizes[1])]
        until(told, "dirs tells what is there")


def test_log_of_a_busy_server():
    with zabd(snapCount=2000) as server, busy(server.port):
        def more_than(before):
            seen = zxids(server.path("data"))
            assert seen == list(range(1, len(seen) + 1))
            return len(seen) if len(seen) > before else 0
        seen = 0
        for _ in range(5):
            seen = until(lambda: more_than(seen), "the log grows")


def image_of(server, *more):
    return zab("image", *more, "-c", server.path("zoo.cfg"))


def rows(server):
    return int(re.search(r"nodes +rows (\d+)", image_of(server))[1])


def test_image_of_a_busy_server():
    """Every look sees the image of one zxid, whole."""
    with zabd() as server, busy(server.port):
        seen = set()

        def verified():
            told = image_of(server, "--verify")
            assert "NOT" not in told, told
            seen.add(re.search(r"zxid +(0x\w+)", told)[1])
            return len(seen)
        until(lambda: verified() == 3, "the image moves")


READERS, READER, READER_PID = 128, 64, 8    # in LMDB's lock file


def is_reader(server, pid):
    """Are the pages kept that it saw?"""
    with open(server.path("data/version-2/image/lock.mdb"), "rb") as f:
        table = f.read()
    return any(struct.unpack_from("=i", table, at + READER_PID)[0] == pid
               for at in range(READERS, len(table) - READER, READER))


def test_a_look_that_was_cut_short_costs_no_room():
    """As `zab image --nodes | head` does it: with the pages of one that died
    the image would grow by every commit."""
    with zabd() as server:
        s = Session(server.port)
        for i in range(1000):       # more than a pipe takes
            s.make("/" + "n" * 100, b"", wire.SEQ)
        until(lambda: rows(server) > 1000, "all are folded")
        look = subprocess.Popen([ZAB, "image", "--nodes", "-c",
                                 server.path("zoo.cfg")],
                                stdout=subprocess.PIPE)
        look.stdout.readline()
        assert is_reader(server, look.pid)
        look.kill()
        look.wait()
        until(lambda: not is_reader(server, look.pid), "its place is given up")


def test_a_data_directory_that_is_removed_is_missed():
    """As `apt purge zookeeper` does.  Nothing else fails of that at once."""
    with zabd() as server:
        client = Session(server.port)
        client.make("/a")
        shutil.rmtree(server.path("data/version-2"))
        client.make("/b")
        until(lambda: "this file was removed, and the image" in server.tail(),
              "the log says so", 30)


def test_import_leaves_a_running_server_alone():
    with zabd() as server, zabd() as other:
        Session(other.port).make("/theirs")
        s = Session(server.port)
        s.make("/mine")
        told = zab("import", "--from", other.path("data"), "--data",
                   server.path("data"), rc=1)
        assert "another server uses this directory" in told, told
        assert s.ask(wire.getData("/mine"))


WORKLOADS = ("get", "exists", "children", "set", "create", "ephemeral",
             "delete", "multi", "get:3,set:1", "connect", "idle", "watch",
             "fill", "disk")


def test_bench_measures_each_workload():
    """And leaves the tree as it was."""
    with zabd() as server, tempfile.TemporaryDirectory() as folder:
        at = "127.0.0.1:%d" % server.port
        least = ("--connections", "4", "--keys", "100", "--warmup", "0",
                 "--seconds", "0.2", "--quiet", "--json")
        before = four(server.port, "srvr").split("Node count")[1]
        for workload in WORKLOADS:
            told = json.loads(zab("bench", workload, "--hosts", at, "--pid",
                                  str(server.pid), "--dir", folder, *least))
            assert told["errors"] == {"sum": 0} and not told["failure"], told
            assert told["requests"] > 0 or workload == "idle", told
        told = json.loads(zab("bench", "get", "--compare", at, "--with", at,
                              "--rounds", "1", *least))
        assert told["hosts"] == [at, at], told
        after = four(server.port, "srvr").split("Node count")[1]
        assert after == before, (before, after)


if __name__ == "__main__":
    main(globals())
