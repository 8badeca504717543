# SPDX-License-Identifier: Apache-2.0
"""Programs whose tests have a line each (script.py), one after the other.

What a program says besides is shown among them; its stderr goes to
build/tests/SUITE/PROGRAM.log, whose end is shown if something failed."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

from programs import ROOT

END_S = 30
SHOWN = 80              # lines of a program's log
LINE = re.compile(r"(ok|not ok) (\S+) ([0-9.]+)(?: (.*))?$")


def asked(usage, **more):
    """What the command line says, as `long ONLY=word`: {"size": "long",
    "ONLY": "word"}; `more` are other words that take a value, and theirs."""
    found = {"size": "short", "ONLY": "", **more}
    for word in sys.argv[1:]:
        name, is_given, value = word.partition("=")
        if word in ("short", "long"):
            found["size"] = word
        elif is_given and name in found and name != "size":
            found[name] = value
        else:
            raise SystemExit(usage)
    return found


def end(child):
    """What it has said so far; it ends its servers, if it still can."""
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        return child.communicate(timeout=END_S)[0]
    os.killpg(child.pid, signal.SIGKILL)
    return child.communicate()[0]


def said(command, limit, err):
    """What a program says, and how it ended: its exit status, or in words."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err,
                             text=True, start_new_session=True)
    try:
        return child.communicate(timeout=limit)[0], child.returncode
    except subprocess.TimeoutExpired:
        return end(child), "no end after %d s" % limit
    except BaseException:
        end(child)          # a session of its own hears no Ctrl-C
        raise


def run(name, command, limit, path):
    """One program; for each of its tests, and for an end that was none of
    theirs, whether it was good."""
    begin = time.monotonic()
    with open(path, "w") as err:
        out, status = said(command, limit, err)
    good = []
    for line in out.splitlines():
        found = LINE.match(line)
        if found:
            good.append(found[1] == "ok")
        print(line if found else "    " + line, flush=True)
    if not good or (status and False not in good):
        print("not ok %s %.2f exit status %s" % (
            name, time.monotonic() - begin, status))
        good.append(False)
    if False in good:
        with open(path, errors="replace") as log:
            print("".join("    " + x for x in log.readlines()[-SHOWN:]))
    return good


def run_all(suite, programs, limit):
    """Each of (name, what builds its command line); the exit status."""
    logs = os.path.join(ROOT, "build", "tests", suite)
    os.makedirs(logs, exist_ok=True)
    begin, good = time.monotonic(), []
    for name, build in programs:
        try:
            command = build()
        except (subprocess.CalledProcessError, OSError) as e:
            print("not ok %s 0 cannot be built: %s" % (name, e))
            good.append(False)
            continue
        good += run(name, command, limit, os.path.join(logs, name + ".log"))
    print("%.0f s: %d passed, %d failed" % (
        time.monotonic() - begin, good.count(True), good.count(False)))
    return False in good or True not in good
