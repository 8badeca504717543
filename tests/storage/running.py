#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The tools look at a zabd that is running, under load, and do no harm."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time

from lib import ZAB, Server, Session, grow, main, see_all, wire, zab, busy
from server import free_ports


@contextlib.contextmanager
def zabd(**options):
    server = Server("zabd", options)
    try:
        server.start()
        yield server
    except BaseException:
        print(server.tail(), end="")
        raise
    finally:
        server.close()


def zxids(data):
    return [int(json.loads(line)["zxid"], 16)
            for line in zab("log", "--json", "--data", data).splitlines()]


def test_ring_prints_every_transaction():
    with zabd() as server, tempfile.TemporaryFile("w+") as out:
        follower = subprocess.Popen([ZAB, "ring", str(server.pid), "--follow",
                                     "--seconds", "60"], stdout=out)
        time.sleep(0.5)
        grow(server.port)
        see_all(server)
        time.sleep(0.1)
        follower.terminate()
        assert follower.wait() == 0
        out.seek(0)
        text = out.read()
        seen = [int(x, 16) for x in re.findall(r" TXN .*?xid=0?\S* ?(0x\w+) 20",
                                               text)]
        assert len(seen) > 300
        assert seen == zxids(server.path("data")), text[-500:]


def test_ring_shows_all_at_rest():
    with zabd() as server:
        grow(server.port)
        time.sleep(0.2)
        told = zab("ring", str(server.pid))
        at = re.findall(r"^  (?:published|durable|committed|applied) +(\d+)",
                        told, re.M)
        at += re.findall(r"delivered=(\d+)", told)
        assert len(at) >= 5 and len(set(at)) == 1 and int(at[0]) > 0, told
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


def test_ring_shows_the_election_process_where_there_is_one():
    member = Server("zabd", {"standaloneEnabled": "false", "initLimit": 10,
                             "syncLimit": 5, "server.1": "127.0.0.1:%d:%d" %
                             tuple(free_ports(2))})
    with open(member.path("data/myid"), "w") as f:
        f.write("1")
    with contextlib.closing(member), zabd() as alone:
        member.start()
        assert "\nelection pid=" in zab("ring", str(member.pid))
        assert "\nelection pid=" not in zab("ring", str(alone.pid))


def test_ring_refuses_what_is_no_zabd():
    assert "it is no zabd" in zab("ring", str(os.getpid()), rc=1)


def test_log_of_a_busy_server():
    with zabd(snapCount=2000) as server, busy(server.port):
        before = 0
        for _ in range(5):
            time.sleep(0.3)
            seen = zxids(server.path("data"))
            assert seen == list(range(1, len(seen) + 1))
            assert len(seen) > before
            before = len(seen)


def test_image_of_a_busy_server():
    """Every look sees the image of one zxid, whole."""
    with zabd() as server, busy(server.port):
        seen = set()
        until = time.monotonic() + 60
        while len(seen) < 3:
            assert time.monotonic() < until, "the image stands at %s" % seen
            told = zab("image", "--verify", "-c", server.path("zoo.cfg"))
            assert "NOT" not in told, told
            seen.add(re.search(r"zxid +(0x\w+)", told)[1])
            time.sleep(0.2)


def set_all(server, which="--reuse"):
    """Writes to the same nodes for a while; the size of the image then."""
    zab("bench", "set", "--hosts", "127.0.0.1:%d" % server.port, "--keys",
        "5000", "--prefix", "/all", which, "--seconds", "3", "--quiet")
    return os.path.getsize(server.path("data/version-2/image/data.mdb"))


def test_a_look_that_was_cut_short_costs_no_room():
    """As `zab image --nodes | head` does it."""
    with zabd() as server:
        set_all(server, "--keep")
        look = subprocess.Popen([ZAB, "image", "--nodes", "-c",
                                 server.path("zoo.cfg")],
                                stdout=subprocess.PIPE)
        look.stdout.readline()
        look.kill()
        look.wait()
        time.sleep(6)       # longer than the image process looks away
        sizes = [set_all(server) for _ in range(6)]     # a commit each or so
        assert sizes[5] < sizes[2] * 1.1, sizes


def test_import_leaves_a_running_server_alone():
    with zabd() as server, zabd() as other:
        Session(other.port).make("/theirs")
        s = Session(server.port)
        s.make("/mine")
        told = zab("import", "--from", other.path("data"), "--data",
                   server.path("data"), rc=1)
        assert "another server uses this directory" in told, told
        assert s.ask(wire.getData("/mine"))


if __name__ == "__main__":
    main(globals())
