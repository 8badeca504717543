#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ensemble for a program in any language: all its members serve when the
program begins, and end with it.

    beside.py with WORD -- COMMAND...          run COMMAND beside the ensemble
    beside.py kill|stop|freeze DIR WHO   act on a member; says which
    beside.py replace DIR WHO            stop it, start it with nothing
    beside.py mend DIR                   thaw and start what is down, until all
                                         serve again

WORD is the ensemble, as everywhere here: zzz.  WHO is `leader` or a member's
host:port.  COMMAND finds ZK_HOSTS (of all members), ZK_KIND, ZK_DIR and
ZK_SERVER (this file) in its environment."""

import argparse
import glob
import os
import shutil
import sys
import tempfile

from ensemble import ELECTED_S, SERVING, Ensemble, until
from ending import call, end_tidily
from processes import alive
from server import Server

# A member that stands still is missed soon, by Apache's too.
OPTIONS = {"syncLimit": 3}


def members(dir):
    """Those that another process started below `dir`."""
    return [Server.at(d) for d in sorted(glob.glob(os.path.join(dir, "m*")))]


def choose(dir, who):
    found = [m for m in members(dir) if m.hosts == who or
             (who == "leader" and m.mode() == "leader")]
    return found[0] if len(found) == 1 else None


def replace(m):
    """As when a machine is lost: all that is left is the number."""
    m.stop()
    shutil.rmtree(m.path("data/version-2"))
    m.launch(None)


def act(verb, dir, who):
    m = until(lambda: choose(dir, who), "there is a " + who, ELECTED_S)
    if verb == "replace":
        replace(m)
    else:
        getattr(m, verb)()
    print(m.hosts)


def mend(dir):
    for m in members(dir):
        if alive(m.pid):
            m.thaw()
        else:
            m.launch(None)

    def whole():
        modes = [m.mode() for m in members(dir)]
        return all(mode in SERVING for mode in modes) and \
            modes.count("leader") == 1
    until(whole, "all members serve", ELECTED_S)


def run_beside(word, command):
    """0 when the program and all members ended well."""
    end_tidily()
    dir = tempfile.mkdtemp(prefix="zk-%s-" % word)
    ensemble = Ensemble(word, dir, OPTIONS)
    try:
        ensemble.start()
        env = dict(os.environ, ZK_HOSTS=ensemble.hosts(), ZK_DIR=dir,
                   ZK_KIND=ensemble[1].kind,
                   ZK_SERVER=os.path.abspath(__file__))
        rc = call(command, env)
        for line in ensemble.bugs():
            sys.stderr.write("a process died: %s\n" % line)
            rc = rc or 1
        if rc:
            sys.stdout.flush()
            sys.stderr.write(ensemble.tails())
        return rc
    finally:
        ensemble.close()
        if not os.environ.get("KEEP"):
            shutil.rmtree(dir, ignore_errors=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    sub = p.add_subparsers(dest="verb", required=True)
    w = sub.add_parser("with")
    w.add_argument("word")
    w.add_argument("command", nargs=argparse.REMAINDER)
    for verb in ("kill", "stop", "freeze", "replace"):
        v = sub.add_parser(verb)
        v.add_argument("dir")
        v.add_argument("who")
    sub.add_parser("mend").add_argument("dir")
    a = p.parse_args()
    if a.verb == "with":
        sys.exit(run_beside(a.word, a.command[a.command[:1] == ["--"]:]))
    elif a.verb == "mend":
        mend(a.dir)
    else:
        act(a.verb, a.dir, a.who)


if __name__ == "__main__":
    main()
