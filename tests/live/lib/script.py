# SPDX-License-Identifier: Apache-2.0
"""A test is a function, and has a line when it has ended:

    ok NAME SECONDS
    not ok NAME SECONDS REASON

And the main of a script whose cases are functions."""

import glob
import importlib
import os
import sys
import time
import traceback

from ending import end_tidily


class LeftOut(Exception):
    """What a test may not do on this machine: it has not passed, nor failed."""


def needs_root():
    if os.geteuid() != 0:
        raise LeftOut("only root can do this")


def attempt(name, test):
    """Do it, and print its line; None if it was left out, else how it went."""
    begin, word, why = time.monotonic(), "ok", ""
    try:
        test()
    except LeftOut as e:
        word, why = "left out", " %s" % e
    except Exception as e:
        traceback.print_exc()
        word, why = "not ok", " %s: %s" % (type(e).__name__, e)
    print("%s %s %.2f%s" % (word, name, time.monotonic() - begin,
                            why.replace("\n", " ")), flush=True)
    return None if word == "left out" else word == "ok"


def import_cases(folder):
    """All cases_*.py there: each enters its cases into a table."""
    for path in sorted(glob.glob(os.path.join(folder, "cases_*.py"))):
        importlib.import_module(os.path.basename(path)[:-3])


def main(cases):
    """Try those whose names contain a word of the command line, or all; the
    exit status, 0 when some passed and none failed."""
    end_tidily()
    words = sys.argv[1:] or [""]
    good = [attempt(case.__name__, case) for case in cases
            if any(word in case.__name__ for word in words)]
    print("%d passed, %d failed" % (good.count(True), good.count(False)))
    return False in good or True not in good
