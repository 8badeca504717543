# SPDX-License-Identifier: Apache-2.0
"""Golden conversations: tests/golden/*.txt is what two Apache servers said to
each other while a script acted on them; a zabd in the place of either one
must say the same.  RECORD=1 with conversations.apache writes the files
anew."""

import difflib
import os
import time

import golden
import net
from cases_move import move
from ensemble import Ensemble, ROOT, until
from trial import case

FOLDER = os.path.join(ROOT, "tests", "golden")
QUIET_S = 0.4


def ports(sid):
    """Nobody else is in our namespace."""
    return 12180 + sid, 12880 + sid, 13880 + sid, 18080 + sid


class Scene:
    """Servers that are overheard, and the texts they gave so far."""

    def __init__(self, t, word, options=None):
        self.t = t
        self.e = Ensemble(word, os.path.join(
            t.dir, "s%d" % len(t.ensembles)), dict(
            {"tickTime": 1000, "initLimit": 30, "syncLimit": 20},
            **(options or {})), ports=ports)
        t.ensembles.append(self.e)
        self.sniffer = golden.Sniffer()
        self.normal = None
        self.sessions = []
        self.texts = {}

    def client(self, sid):
        c = self.t.client(self.e[sid], 20.0)
        self.sessions.append(c.client_id[0])
        return c

    def take(self, name, leader, learner, nth=-1, since=0.0):
        """Keep the nth conversation of these two under this name."""
        time.sleep(QUIET_S)
        normal = golden.Normal(self.sniffer.began_ms)
        for s in self.sessions:
            normal.session(s)
        found = golden.conversations(
            self.sniffer, self.e[leader].quorum_port, learner)
        self.t.claim(found, "%s: %d never spoke to %d", name, learner,
                     leader)
        self.texts[name] = found[nth].text(normal, since)
        return found[nth]


def two(t, word):
    """A learner, sid 1, and its leader, sid 2."""
    s = Scene(t, word, {"snapshotSizeFactor": 0})
    s.e.start()
    t.claim(s.e.leader().sid == 2, "the greater sid does not lead")
    s.take("join", 2, 1)
    s.texts["hello"] = list(golden.hello(s.sniffer,
                                         s.e[1].election_port))

    begin = time.monotonic()
    c = s.client(1)
    c.create("/a", b"hello")
    c.create("/a/e", b"", ephemeral=True)
    c.create("/a/s-", b"x", sequence=True)
    c.set("/a", b"world")
    exists(c.create, "/a")
    tx = c.transaction()
    tx.create("/m", b"1")
    tx.set_data("/a", b"2")
    tx.check("/a", 2)
    tx.delete("/m")
    tx.commit()
    tx = c.transaction()
    tx.create("/n", b"1")
    tx.delete("/none")
    tx.commit()
    c.sync("/a")
    c.delete("/a/s-0000000001")
    c.set_acls("/a", c.get_acls("/a")[0])
    c.stop()
    kept = s.take("write", 2, 1, since=begin)
    pings = kept.pings()

    c = s.client(2)
    c.create("/moving", b"", ephemeral=True)
    begin = time.monotonic()
    move(c, s.e[1])
    c.set("/moving", b"here")
    s.take("revalidate", 2, 1, since=begin)
    c.stop()
    time.sleep(QUIET_S)
    t.close_clients()

    s.e[1].stop()
    until(lambda: s.e[2].mode() is None, "the leader is alone", 30)
    s.e[1].start()
    s.e.wait()
    s.take("rejoin-in-step", 2, 1)
    # Its disk is lost.
    s.e[1].stop()
    until(lambda: s.e[2].mode() is None, "the leader is alone", 30)
    s.e[1].wipe()
    s.e[1].start()
    s.e.wait()
    s.take("rejoin-by-snap", 2, 1)
    s.texts["pings"] = pings
    s.e.close()
    return s


def exists(call, *args):
    """A request that fails, as meant."""
    try:
        call(*args)
    except Exception as e:
        if type(e).__name__ != "NodeExistsError":
            raise


def three(t, word):
    """A third one, sid 3: it is away and comes back by DIFF; it led, logged
    what nobody got, and comes back by TRUNC."""
    s = Scene(t, word)
    s.e.start([s.e[1], s.e[2]])
    s.e.start([s.e[3]])
    c = s.client(1)
    c.create("/a", b"1")
    time.sleep(QUIET_S)
    s.e[3].stop()
    for i in range(3):
        c.set("/a", b"%d" % i)
    s.e[3].start()
    s.take("rejoin-by-diff", 2, 3)
    c.stop()
    t.close_clients()
    s.e.close()
    return s


def observer(t, word):
    """An observer, sid 3, joins and hears what the others write."""
    s = Scene(t, word)
    s.e.start([s.e[1], s.e[2]])
    s.e.start([s.e[3]])
    c = s.client(3)
    c.create("/a", b"1")
    c.stop()
    s.take("observer", 2, 3)
    t.close_clients()
    s.e.close()
    return s


def trunc(t, word):
    """Sid 3 led and has logged what nobody got; sid 2 makes it forget."""
    s = Scene(t, word)
    s.e.start([s.e[2], s.e[3]])
    s.e.start([s.e[1]])
    old = s.e[3]
    t.claim(s.e.leader() is old, "the greater sid does not lead")
    c = s.client(3)
    c.create("/a", b"1")
    time.sleep(QUIET_S)
    s.e[1].freeze()
    s.e[2].freeze()
    for _ in range(2):
        c.create_async("/lost", b"never-committed", sequence=True)
    until(lambda: old.logged(b"/lost0000000002"), "it is logged", 20)
    for m in (old, s.e[1], s.e[2]):
        m.kill()
    t.close_clients()
    s.e.start([s.e[1], s.e[2]])
    s.e.start([old])
    # zabd comes again after the cut, to load what is left.
    s.take("rejoin-by-trunc", 2, 3, nth=0)
    s.e.close()
    return s


def record(texts):
    os.makedirs(FOLDER, exist_ok=True)
    for name, text in texts.items():
        with open(os.path.join(FOLDER, name + ".txt"), "w") as f:
            f.write("\n".join(text) + "\n")


def expected(name):
    with open(os.path.join(FOLDER, name + ".txt")) as f:
        return f.read().splitlines()


def compare(t, texts, role):
    """Our side must say what Apache said in that place."""
    for name, text in texts.items():
        but = EXCUSED.get((role, name), ())
        want = golden.said_by(SIDE[role], expected(name), but)
        have = golden.said_by(SIDE[role], text, but)
        more = BESIDES.get((role, name), [])
        t.claim(golden.take_out(have, more), "%s: ours does not say %s", name,
                more)
        if want == have:
            t.say("%s: %d lines agree", name, len(want))
            continue
        t.wrong.append("%s differs from tests/golden/%s.txt" % (name, name))
        print("\n".join(difflib.unified_diff(want, have, "Apache", "here",
                                             lineterm="", n=2)))


def apart(t):
    """A network of our own, with the ports that the files name."""
    t.claim(net.is_possible(), "network namespaces need root")
    net.call("unshare", net.NEWNET)
    net.sh("ip", "link", "set", "lo", "up")


# scenes with their words, by who is the zabd.
SCENES = {
    "apache": ((two, "aa"), (three, "aaa"), (observer, "aaA"),
               (trunc, "aaa")),
    "learner": ((two, "za"), (three, "aaz"), (observer, "aaZ"),
                (trunc, "aaz")),
    "leader": ((two, "az"), (three, "aza"), (observer, "azA"),
               (trunc, "aza")),
}
SIDE = {"apache": "FLE", "learner": "F", "leader": "LE"}

# Packets that are not compared, and why.
EXCUSED = {
    # Apache 3.8.0 acknowledges one by one, after UPTODATE, what came as
    # committed; nobody waits for that.
    ("learner", "rejoin-by-diff"): ("ACK",),
    # After a cut zabd loads what is left and comes again.
    ("learner", "rejoin-by-trunc"): ("ACK",),
    # The same tree in another order; ours is of the last transaction, not of
    # the new epoch; /zookeeper/config is each server's own.
    ("leader", "rejoin-by-snap"): ("SNAP",),
    # Nothing was written yet: ours says so, Apache's sends an empty tree.
    ("leader", "observer"): ("SNAP", "DIFF"),
}


# What ours says besides: behind its question for a session a sync, which lets
# the client in.
BESIDES = {
    ("learner", "revalidate"): [
        "F> REQUEST zxid=0xffffffffffffffff data=21 authinfo=null",
        "     SESSION2 ffffffff 00000009 00000001 2f"],
}


@case("long", of=list(SCENES))
def conversations(t, who):
    apart(t)
    texts = {}
    for scene, word in SCENES[who]:
        t.say("%s on %s", scene.__name__, word)
        texts.update(scene(t, word).texts)
    if os.environ.get("RECORD") and who == "apache":
        record(texts)
    compare(t, texts, who)
