#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Data directories that move between Debian's Apache ZooKeeper and zabd.

Apache works, with snapshots taken while it works; zabd imports what it left
and must hold what kazoo saw.  zabd writes snapshot and log; Apache loads them
and must show the same; zabd and Apache take turns on one directory.  The work
is random, from one seed for each packing of the snapshots; `short` does the
first packing only.

Try       make all && tests/storage/moves.py
"""
import contextlib
import faulthandler
import glob
import logging
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from kazoo.security import make_acl, make_digest_acl

from lib import running
from ending import end_tidily
from programs import built

TOOL = built("storage/storage_tool")
SESSION_S = 60   # no session ends by itself while we look
FIRST_NODES = {"/zookeeper", "/zookeeper/quota", "/zookeeper/config"}


@contextlib.contextmanager
def serving(kind, data, **options):
    """A server on `data`, and a client.  The server goes first: a session
    that is closed takes its ephemerals with it."""
    with running(kind, dict({"dataDir": data, "tickTime": 2000,
                             "admin.enableServer": "false"}, **options)) as s:
        zk = KazooClient(hosts=s.hosts, timeout=SESSION_S)
        try:
            zk.start(timeout=30)
            yield s, zk
        finally:
            s.kill()
            zk.stop()


def work(zk, seed, count):
    """Many changes of every kind; leaves ephemerals behind."""
    rng = random.Random(seed)
    name = "/%s-n" % seed
    paths = ["/"]
    acls = [None, [make_acl("ip", "127.0.0.1", all=True)],
            [make_digest_acl("joe", "secret", read=True),
             make_acl("world", "anyone", all=True)]]
    zk.ensure_path("/" + "/".join(["long" * 30] * 5))
    for i in range(count):
        path = rng.choice(paths)
        kind = rng.randrange(10)
        try:
            if kind < 4:
                made = zk.create(path.rstrip("/") + name + str(i),
                                 os.urandom(rng.randrange(200)),
                                 acl=rng.choice(acls),
                                 sequence=rng.random() < 0.2)
                paths.append(made)
            elif kind < 6:
                zk.set(path, os.urandom(rng.randrange(300)))
            elif kind == 6:
                if path != "/" and not zk.get_children(path):
                    zk.delete(path)
                    paths.remove(path)
            elif kind == 7:
                zk.create(path.rstrip("/") + name + "e%d" % i, b"e",
                          ephemeral=True)
            elif kind == 8:
                t = zk.transaction()
                t.set_data(path, b"multi")
                t.create(path.rstrip("/") + name + "m%d" % i, b"")
                t.check("/none" if rng.random() < 0.2 else path, -1)
                t.commit()
            elif path != "/":
                zk.set_acls(path, rng.choice(acls[1:]))
        except NoNodeError:
            paths.remove(path)


def tree_of(zk):
    """path -> what a client can see of it."""
    tree, todo = {}, ["/"]
    while todo:
        path = todo.pop()
        data, s = zk.get(path)
        acls, _ = zk.get_acls(path)
        children = zk.get_children(path)
        todo += [path.rstrip("/") + "/" + c for c in children]
        tree[path] = (data, s.czxid, s.mzxid, s.pzxid, s.ctime, s.mtime,
                      s.version, s.cversion, s.aversion, s.ephemeralOwner,
                      sorted((a.perms, a.id.scheme, a.id.id) for a in acls))
    return {p: v for p, v in tree.items() if p not in FIRST_NODES}


def acl_of(raw):
    """vector<ACL> as sorted tuples."""
    at, out = 4, []
    for _ in range(int.from_bytes(raw[:4], "big", signed=True)):
        perms = int.from_bytes(raw[at:at + 4], "big")
        at += 4
        words = []
        for _ in range(2):
            size = int.from_bytes(raw[at:at + 4], "big")
            words.append(raw[at + 4:at + 4 + size].decode())
            at += 4 + size
        out.append((perms, *words))
    return sorted(out)


def imported(data):
    """What zabd makes of the directory: (first line, sessions, tree)."""
    out = subprocess.run([TOOL, "import", data], check=True,
                         capture_output=True, text=True).stdout.splitlines()
    sessions = [l.split()[1] for l in out if l.startswith("session")]
    tree, children = {}, {}
    for line in out:
        if not line.startswith("node "):
            continue
        _, path, data_hex, acl, *numbers = line.split(" ")
        tree[path] = (b"" if data_hex == "null" else bytes.fromhex(data_hex),
                      bytes.fromhex(acl), [int(n) for n in numbers])
        if path != "/":
            parent = path.rpartition("/")[0] or "/"
            children[parent] = children.get(parent, 0) + 1
    return out[0], sessions, {
        p: (d, n[0], n[1], n[2], n[3], n[4], n[5],
            2 * n[6] - children.get(p, 0), n[7], n[8], acl_of(a))
        for p, (d, a, n) in tree.items() if p not in FIRST_NODES}


LAST = [time.monotonic()]  # when the last line was printed


def tell(word, what, more):
    now = time.monotonic()
    print("%s moves.%s %.2f %s" % (
        word, re.sub(r"\W+", "_", what), now - LAST[0], more), flush=True)
    LAST[0] = now


def fail(what, more):
    tell("not ok", what, more)
    raise SystemExit(1)


def same(a, b, what, more=""):
    for path in sorted(set(a) | set(b)):
        if a.get(path) != b.get(path):
            fail(what, "%s: %r is %r" % (path, a.get(path), b.get(path)))
    tell("ok", what, "%d nodes %s" % (len(a), more))


def apache_to_zabd(data, method):
    """Killed in the middle of a session; snapshots were taken meanwhile."""
    with serving("apache", data, **{"snapCount": 60, "preAllocSize": 1024,
                                    "snapshot.compression.method": method}
                 ) as (_, zk):
        work(zk, method, 500)
        session = "%x" % zk.client_id[0]
        seen = tree_of(zk)
    head, sessions, tree = imported(data)
    same(seen, tree, "Apache to zabd %s" % (method or "plain"), head)
    if session not in sessions:
        fail("sessions", "%s is not in %s" % (session, sessions))
    if "differs=0" not in head or "damaged=0" not in head:
        fail("digest", head)
    return seen


def apache_shows(data, seen, what, more=""):
    with serving("apache", data) as (_, zk):
        same(seen, tree_of(zk), what, more)


def snapshot_to_apache(data, seen):
    """zstd -d makes a file that Apache loads."""
    subprocess.run([TOOL, "export", data], check=True)
    packed, = glob.glob(data + "/version-2/snapshot.*.zst")
    with tempfile.TemporaryDirectory(prefix="zabd-storage.") as back:
        version2 = os.path.join(back, "version-2")
        os.mkdir(version2)
        subprocess.run(["zstd", "-q", "-d", packed, "-o", os.path.join(
            version2, os.path.basename(packed)[:-4])], check=True)
        apache_shows(back, seen, "Apache loads a snapshot of zabd")
    os.remove(packed)


def log_to_apache(data, seen):
    """A log that zabd wrote, behind Apache's first snapshot."""
    with tempfile.TemporaryDirectory(prefix="zabd-storage.") as back:
        version2 = os.path.join(back, "version-2")
        os.mkdir(version2)
        first, = glob.glob(data + "/version-2/snapshot.0*")
        shutil.copy(first, version2)
        count = subprocess.run([TOOL, "relog", data, back], check=True,
                               capture_output=True, text=True).stdout.strip()
        apache_shows(back, seen, "Apache replays a log of zabd",
                     "transactions=" + count)


def apache_in_between(data):
    """Apache goes on where zabd has an image; zabd follows."""
    with serving("apache", data, snapCount=60, preAllocSize=1024
                 ) as (apache, zk):
        work(zk, "between", 200)
        seen = tree_of(zk)
        apache.stop()
    shutil.rmtree(os.path.join(data, "version-2", "image"))
    head, _, tree = imported(data)
    same(seen, tree, "after Apache went on", head)
    return seen


def zabd_goes_on(data, seen, what, seed="", count=0, stops=False):
    """zabd shows what was seen, and works; what is seen then."""
    with serving("zabd", data, snapCount=60) as (zabd, zk):
        same(seen, tree_of(zk), what)
        work(zk, seed, count)
        seen = tree_of(zk)
        if stops and zabd.stop() != 0:
            fail(what, "it did not end well")
    return seen


def zabd_in_between(data, seen):
    """zabd serves Apache's directory, is killed, goes on; Apache again."""
    shutil.rmtree(os.path.join(data, "version-2", "image"))
    seen = zabd_goes_on(data, seen, "zabd serves what Apache left", "zabd", 400)
    seen = zabd_goes_on(data, seen, "zabd killed and started again", "again",
                        100, stops=True)
    newest = max(glob.glob(data + "/version-2/snapshot.*.zst"),
                 key=lambda p: int(p.split(".")[-2], 16))
    subprocess.run(["zstd", "-q", "-d", newest, "-o", newest[:-4]],
                   check=True)
    with serving("apache", data) as (_, zk):
        same(seen, tree_of(zk), "Apache goes on where zabd stopped")
        work(zk, "back", 100)
        seen = tree_of(zk)
    zabd_goes_on(data, seen, "zabd goes on where Apache stopped", stops=True)


def main():
    for method in ("", "gz", "snappy") if "long" in sys.argv else ("",):
        with tempfile.TemporaryDirectory(prefix="zabd-storage.") as data:
            seen = apache_to_zabd(data, method)
            snapshot_to_apache(data, seen)
            log_to_apache(data, seen)
            if not method:
                seen = apache_in_between(data)
            zabd_in_between(data, seen)


if __name__ == "__main__":
    logging.getLogger("kazoo").setLevel(logging.CRITICAL)
    os.umask(0o022)
    end_tidily()
    faulthandler.register(signal.SIGTERM, chain=True)   # who waits for what
    main()
