# SPDX-License-Identifier: Apache-2.0
"""Members whose Apache servers may be reconfigured: reconfigEnabled=true.

Apache's first leader gives the configuration a version, and its servers follow
nobody whose configuration is older than theirs.  That of a zabd is a static
one, of version 0, but it names the same members."""

import os
import re

from cases_basic import write_through_each
from trial import case

NEXT = "zoo.cfg.dynamic.next"


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
