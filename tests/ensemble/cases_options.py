# SPDX-License-Identifier: Apache-2.0
"""Members whose Apache servers are run with other options than the defaults,
such as change what they send, log, or take of what they are sent.  zabd's have
none of them: an operator moves over one server after the other."""

import re

from kazoo.exceptions import ZookeeperError

from cases_basic import has, write_some, write_through_each
from cases_sync import forget
from ensemble import until
from frames import Session, wire
from trial import case

PROPERTIES = ("jute.maxbuffer",)
LARGE = b"x" * (3 << 20)
HOUR_MS, MOMENT_MS = 3600 * 1000, 1000
UNIMPLEMENTED = "-6"
TOLD_S = 20
DYNAMIC = "zoo.cfg.dynamic.100000007"
TWO = re.compile(r"transaction 0x\w+ on .*?: (0x.*); on .*?: (0x.*)$")
END = re.compile(r"( deletes=.*)?( digest=\S+)?$")
NAME = "an-ephemeral-with-a-name-of-some-length"

# zookeeper.NAME is a property of Java's, NAME a key of zoo.cfg.
OPTIONS = {
    "close_lists_nothing": {"zookeeper.closeSessionTxn.enabled": "false"},
    "no_digests": {"zookeeper.digest.enabled": "false"},
    "neither": {"zookeeper.closeSessionTxn.enabled": "false",
                "zookeeper.digest.enabled": "false"},
    "asynchronous": {"zookeeper.learner.asyncSending": "true",
                     "zookeeper.learner.closeSocketAsync": "true",
                     "zookeeper.leader.closeSocketAsync": "true"},
    "late_flushes": {"zookeeper.flushDelay": "300",
                     "zookeeper.maxBatchSize": "5000",
                     "zookeeper.forceSync": "no"},
    "snapshots_always": {"zookeeper.snapCount": "2",
                         "zookeeper.snapshot.compression.method": "gz",
                         "zookeeper.preAllocSize": "64"},
    "snappy": {"zookeeper.snapshot.compression.method": "snappy",
               "zookeeper.snapCount": "20"},
    "one_at_a_time": {"zookeeper.leader.maxConcurrentSnapSyncs": "1",
                      "zookeeper.leader.maxConcurrentDiffSyncs": "1",
                      "zookeeper.snapshotSizeFactor": "-1"},
    "checked_early": {"zookeeper.enableEagerACLCheck": "true"},
    "throttled": {"zookeeper.request_throttle_max_requests": "2",
                  "zookeeper.globalOutstandingLimit": "4",
                  "zookeeper.commitProcessor.numWorkerThreads": "1"},
    "slow_notes": {"zookeeper.fastleader.minNotificationInterval": "1000",
                   "zookeeper.fastleader.maxNotificationInterval": "2000",
                   "zookeeper.cnxTimeout": "1000",
                   "zookeeper.electionPortBindRetry": "0"},
    "several_addresses": {"zookeeper.multiAddress.enabled": "true",
                          "quorumListenOnAllIPs": "true"},
    "other_ticks": {"tickTime": 2000, "initLimit": 10, "syncLimit": 3},
    "longer_sessions": {"maxSessionTimeout": 120000,
                        "minSessionTimeout": 20000},
    "no_acls": {"zookeeper.skipACL": "yes", "standaloneEnabled": "false"},
    "forced_snaps": {"zookeeper.forceSnapshotSync": "true"},
    "short_ways": {
        "zookeeper.forward_learner_requests_to_commit_processor_disabled":
            "true",
        "zookeeper.follower.skipLearnerRequestToNextProcessor": "true",
        "zookeeper.leader.maxTimeToWaitForEpoch": "500"},
}
OWN_OPTIONS = {
    "no_digests": {"digest.enabled": "false"},
    "throttled": {"request_throttle_max_requests": 2,
                  "globalOutstandingLimit": 4, "throttled_op_wait_time": 5000},
    "tiny_ring": {"ring.size": "1M", "request.ring.size": "64K"},
}
LOGS_OTHERWISE = ("close_lists_nothing", "no_digests", "neither")


def is_apache(m):
    return m.kind == "apache"


def give(e, given):
    """Apache's members have these options."""
    for m in filter(is_apache, e):
        m.properties = {k: v for k, v in given.items() if k in PROPERTIES or
                        k.startswith("zookeeper.")}
        m.extra = {k: v for k, v in given.items() if k not in m.properties}
    return e


def is_of_an_option(sentence):
    """Two disks may differ in what these options make of one transaction: in
    its digest, and in the list of a closeSession, of which Apache's take the
    beginning for a digest, and log that."""
    lines = TWO.match(sentence)
    return lines and len({END.sub("", line) for line in lines.groups()}) == 1


def logs_otherwise(t, e):
    judge = t.judge
    t.judge = lambda e, when, sentences: judge(e, when, [
        s for s in sentences if when != "on disk" or not is_of_an_option(s)])
    t.expected = "member (%s): .*First digest mismatch" % "|".join(
        str(m.sid) for m in e if is_apache(m))


def a_session_ends(t, e, name):
    """At each member, one with as many nodes as its number says, and one more:
    each member's watchers hear of the end of each."""
    told, expected = set(), set()
    for at in e.running():
        owner = t.client(at)
        paths = ["/%s-%s-%d-%d" % (NAME, name, at.sid, i)
                 for i in range(at.sid)]
        for path in paths:
            owner.create(path, ephemeral=True)
        for m in e.running():
            c = t.client(m)
            c.sync("/")
            for path in paths:
                expected.add((m.sid, path, "DELETED"))
                t.claim(c.exists(path, watch=lambda event, m=m: told.add(
                    (m.sid, event.path, event.type))), "%r lacks %s", m, path)
        owner.stop()
    until(lambda: told >= expected, lambda: "all are told, but for %s" %
          sorted(expected - told), TOLD_S)
    t.close_clients()


def comes_back(t, e, m):
    """It was away while others wrote, and sessions ended."""
    mark = m.mark()
    name = "away-%d" % mark
    m.stop()
    e.wait()
    write_some(t, e.leader(), name, 20)
    a_session_ends(t, e, name)
    m.start()
    t.say("%r came in step by %s", m, m.in_step_by(mark))
    t.claim(has(t, m, "/%s/000019" % name), "%r lacks the last one", m)


def loses_its_disk(t, e, m):
    mark = m.mark()
    m.kill()
    write_some(t, e.wait(), "snap", 700, 200)
    m.wipe()
    m.start()
    t.say("%r came in step by %s", m, m.in_step_by(mark))
    t.claim(has(t, m, "/snap/000699"), "%r lacks the last one", m)


def another_leads(t, e, late):
    """The leader dies, and `late`, who was away for what it did last, is
    brought up by who has heard that."""
    leader = e.leader()
    late.stop()
    a_session_ends(t, e, "term-%d" % leader.mark())
    write_some(t, leader, "terms", 5)
    leader.kill()
    mark = late.mark()
    late.start_only()
    t.say("%r led, now %r does", leader, e.wait())
    t.say("%r came in step by %s", late, late.in_step_by(mark))
    leader.start()
    e.wait()
    write_through_each(t, e, "term-%d" % mark)


def live(t, e):
    """All that an ensemble does, with a leader of each kind."""
    leader = e.leader()
    write_through_each(t, e, "first")
    a_session_ends(t, e, "first")
    for m in [m for m in e if m is not leader]:
        comes_back(t, e, m)
    led = set()
    for turn in range(4):
        led.add(e.leader().kind)
        followers = e.followers()
        another_leads(t, e, followers[turn % len(followers)])
    led.add(e.leader().kind)
    t.claim(len(led) == 2, "only %s led", led)
    loses_its_disk(t, e, e.followers()[0])
    loses_its_disk(t, e, e.followers()[-1])


LIVED = ["%s %s %s" % (word, kind, name) for name in OPTIONS
         for word, kind in (("zza", "zabd"), ("zaa", "apache"))]


@case("short", of=["zza zabd close_lists_nothing"])
@case("long", of=LIVED)
def options(t, word, kind, name):
    e = give(t.ensemble(word, {"snapshotSizeFactor": 0}), OPTIONS[name])
    if name in LOGS_OTHERWISE:
        logs_otherwise(t, e)
    e.elect(kind)
    live(t, e)
    t.finish(e)


@case("long", of=["zza zabd %s" % name for name in OWN_OPTIONS])
def options_of_zabd(t, word, kind, name):
    """And here zabd's have some that Apache's have not."""
    e = t.ensemble(word, {"snapshotSizeFactor": 0})
    for m in e:
        m.extra = {} if is_apache(m) else OWN_OPTIONS[name]
    e.elect(kind)
    live(t, e)
    t.finish(e)


@case("long", of=["zzaA zabd", "zaaA apache"])
def observers_without_a_log(t, word, kind):
    e = give(t.ensemble(word, {"snapshotSizeFactor": 0}),
             {"syncEnabled": "false"})
    e.elect(kind)
    live(t, e)
    t.finish(e)


@case("long", of=["%s %s" % (lost, name) for lost in (
    "zza zabd apache", "zza apache zabd") for name in LOGS_OTHERWISE])
def options_trunc(t, word, truncated, leads, name):
    """A leader has logged what no follower got."""
    make = t.ensemble

    def given(word):
        e = give(make(word), OPTIONS[name])
        logs_otherwise(t, e)
        return e
    t.ensemble = given
    forget(t, word, truncated, leads, True)


# --- server lines in a file of their own -----------------------------------------

def set_apart(m):
    """As a reconfig of Apache's leaves them: a version in the file's name, and
    client addresses in the lines."""
    configure = m.configure

    def apart():
        configure()
        with open(m.path("zoo.cfg")) as f:
            lines = f.read().splitlines()
        with open(m.path(DYNAMIC), "w") as f:
            for line in lines:
                sid = re.match(r"server\.(\d+)=", line)
                if sid:
                    other = m.ensemble[int(sid.group(1))]
                    f.write("%s;%s:%d\n" % (line, other.host, other.port))
        with open(m.path("zoo.cfg"), "w") as f:
            for line in lines:
                if not re.match(r"server\.|clientPort", line):
                    f.write(line + "\n")
            f.write("dynamicConfigFile=%s\n" % m.path(DYNAMIC))
    m.configure = apart


@case("long", of=["zza zabd apache", "zaa apache apache", "zza apache zabd",
                  "zaa apache zabd"])
def dynamic_files(t, word, leads, whose):
    """Apache's servers have them, or all do."""
    e = t.ensemble(word, {"standaloneEnabled": "false",
                          "snapshotSizeFactor": 0})
    for m in e:
        if whose == "zabd" or is_apache(m):
            set_apart(m)
    e.elect(leads)
    live(t, e)
    t.finish(e)


# --- what one side alone takes ---------------------------------------------------

def is_refused(t, c):
    """With an error, and that is all."""
    id = c.client_id[0]
    try:
        c.create("/large/0", LARGE)
    except ZookeeperError:
        c.create("/large/1")
    t.claim(c.get_children("/large") == ["1"] and c.client_id[0] == id,
            "it is created, or its session is lost")


@case("long", of=["zza zabd", "zza apache", "zaa apache"])
def larger_at_apache(t, word, leads):
    """Apache's clients may send more than zabd's: what was committed is
    everybody's, whoever leads afterwards."""
    e = give(t.ensemble(word, {"snapshotSizeFactor": 0}),
             {"jute.maxbuffer": 4 << 20})
    e.elect(leads)
    c = t.client([m for m in e if is_apache(m)][0])
    c.create("/large")
    if leads == "apache":
        for i in range(8):
            c.create("/large/%d" % i, LARGE)
    else:
        is_refused(t, c)
    t.close_clients()
    live(t, e)
    t.finish(e)


# --- nodes that one side alone may make ------------------------------------------

@case("long", of=["zza"])
def ttl_nodes_of_apache(t, word):
    """Under a zabd leader they stay what they are, until their time is up."""
    e = give(t.ensemble(word, {"znode.container.checkIntervalMs": 500,
                               "extendedTypesEnabled": "false"}),
             {"extendedTypesEnabled": "true"})
    leader = e.elect("apache")
    c = Session(leader)
    for path, ms in ("/hour", HOUR_MS), ("/moment", MOMENT_MS):
        t.claim(c.ask(wire.createTTL(path, ms)) == "ok", "%s is not made", path)
    until(lambda: {m.zxid() for m in e} == {leader.zxid()}, "all have them",
          TOLD_S)
    leader.kill()
    heir = e.wait()
    until(lambda: not has(t, heir, "/moment"), "its time is up", TOLD_S)
    t.claim(has(t, heir, "/hour"), "it went before its time")
    c = Session(heir)
    t.claim(c.ask(wire.create("/hour/below")) == "ok", "nothing goes below it")
    t.claim(c.ask(wire.createTTL("/more", HOUR_MS)) == UNIMPLEMENTED,
            "a zabd without the option makes one")
    leader.start()
    e.wait()
    t.finish(e)


# --- a server without a vote ------------------------------------------------------

@case("long", of=["zza zabd", "zaa apache", "zzaA zabd"])
def an_empty_disk(t, word, leads):
    """With db.autocreate=false Apache's has neither vote nor epoch, and gets all
    from its leader."""
    e = give(t.ensemble(word), {"db.autocreate": "false"})
    for m in filter(is_apache, e):
        m._put("data/initialize", "")
    leader = e.elect(leads)
    write_through_each(t, e, "first")
    for m in [m for m in e if is_apache(m) and m is not leader]:
        mark = m.mark()
        m.kill()
        m.wipe()
        m.start()
        t.claim(m.in_step_by(mark) == ["SNAP"], "%r came in step by %s", m,
                m.synced_by(mark))
    write_through_each(t, e, "second")
    leader.kill()
    e.wait()
    write_through_each(t, e, "third")
    leader.start()
    e.wait()
    t.finish(e)
