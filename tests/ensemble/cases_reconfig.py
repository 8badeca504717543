# SPDX-License-Identifier: Apache-2.0
"""Members whose Apache servers may be reconfigured: reconfigEnabled=true.

Apache's first leader gives the configuration a version, and its servers follow
nobody whose configuration is older than theirs.  That of a zabd is a static
one, of version 0, but it names the same members."""

import os
import re
import signal

from cases_basic import write_through_each
from ensemble import ELECTED_S, until
from server import four
from trial import case

NEXT = "zoo.cfg.dynamic.next"
SEEN_S = 30


def version_at(t, m):
    """Of the configuration, as that member shows it."""
    text = t.client(m).get("/zookeeper/config")[0].decode()
    return int(re.search(r"(?m)^version=(\w+)$", text).group(1), 16)


def keep_file(m):
    """Apache has written its zoo.cfg itself: that is what it starts with."""
    m.configure = lambda: None


@case("short", "long", of=["aaz"])
@case("long", of=["zaa", "zza", "aazA"])
def reconfig_enabled(t, word):
    """An Apache server leads first, and all after it, whoever leads."""
    e = t.ensemble(word, {"reconfigEnabled": "true"})
    first = e.elect("apache")
    version = version_at(t, first)
    t.claim(version > 0, "Apache gave the configuration no version")
    for m in e:
        if m.kind == "apache":
            keep_file(m)
    for term in range(len(e.voters())):
        leader = e.wait()
        t.say("%r leads, and dies", leader)
        leader.kill()
        t.say("now %r does", e.wait())
        leader.start()
        write_through_each(t, e, "term-%d" % term)
    for m in e:
        if m.kind == "apache":
            t.claim(version_at(t, m) == version, "%r has version %x, not %x",
                    m, version_at(t, m), version)
            t.claim(not os.path.exists(m.path(NEXT)), "%r waits for another "
                    "configuration", m)
    t.finish(e)


def take_away(t, e, leader, gone, zabds):
    """A client takes a voter away; who has a zoo.cfg says that it is old."""
    marks = {m.sid: m.mark() for m in zabds}
    t.client(leader).reconfig(joining=None, leaving=str(gone.sid),
                              new_members=None)
    for m in zabds:
        until(lambda: m.said(r"ERROR.*other members now.*server\.%d=" %
                             gone.sid, marks[m.sid]),
              "%r says that it is outdated" % m, SEEN_S)
    t.close_clients()
    for m in e:
        keep_file(m)
    return marks


def give_new_lines(m, gone):
    """Edit the zoo.cfg of a zabd that is stopped, as its log says."""
    with open(m.path("zoo.cfg")) as f:
        lines = [line for line in f
                 if not line.startswith("server.%d=" % gone.sid)]
    with open(m.path("zoo.cfg"), "w") as f:
        f.writelines(lines)


@case("short", "long", of=["zza"])
def reconfigured(t, word):
    """The two zabds are a majority by their zoo.cfg.  They are none of the
    ensemble's, which one of them does not belong to any more."""
    e = t.ensemble(word, {"reconfigEnabled": "true", "skipACL": "yes"})
    leader = e.elect("apache")
    gone, stays = e[1], e[2]
    marks = take_away(t, e, leader, gone, [gone, stays])
    os.kill(stays.processes()["repl"], signal.SIGKILL)
    e.wait()                     # its successor knows as well
    leader.kill()
    for m in (gone, stays):
        until(lambda: m.said("replication: looking for", marks[m.sid]),
              "%r looks for a leader" % m, SEEN_S)
    leader.start_only()
    until(lambda: four(leader.port, "ruok"), "%r is back" % leader, SEEN_S)
    for m in (gone, stays):
        t.claim(not m.said("leading epoch", marks[m.sid]), "%r led", m)
        os.kill(m.pid, signal.SIGQUIT)
        until(lambda: m.said("looking for a leader.*without a vote",
                             marks[m.sid]), "%r tells why" % m, SEEN_S)

    t.say("who stays is given the new lines")
    gone.stop()
    stays.stop()
    give_new_lines(stays, gone)
    stays.start_only()
    e.wait()
    write_through_each(t, e, "two")
    t.finish(e)


@case("long", of=["aaaz"])
def reconfigured_beside(t, word):
    """Apache's servers do without the zabd's vote; it follows, and with the
    new lines it leads."""
    e = t.ensemble(word, {"reconfigEnabled": "true", "skipACL": "yes"})
    leader = e.elect("apache")
    gone, zabd = e[1], e[4]
    take_away(t, e, leader, gone, [zabd])
    leader.kill()
    leader.start_only()
    e.wait()
    write_through_each(t, e, "outdated")

    t.say("it is given the new lines")
    zabd.stop()
    gone.stop()
    give_new_lines(zabd, gone)
    zabd.start_only()
    leader = e.wait()
    leader.kill()
    until(lambda: e.leader() is zabd, "%r leads" % zabd, ELECTED_S)
    leader.start_only()
    e.wait()
    t.finish(e)
