# SPDX-License-Identifier: Apache-2.0
"""The main of a script whose cases are functions."""

import sys
import time
import traceback

from ending import end_tidily


def main(cases):
    """Run those whose names contain a word of the command line, or all; the
    exit status, 0 when some ran and all held."""
    end_tidily()
    words = sys.argv[1:] or [""]
    wanted = [case for case in cases
              if any(word in case.__name__ for word in words)]
    failed = 0
    for case in wanted:
        begin, why = time.monotonic(), ""
        try:
            case()
        except Exception as e:
            traceback.print_exc()
            why = ": %s: %s" % (type(e).__name__, e)
        failed += bool(why)
        print("%s %s %.1f%s" % ("FAILED" if why else "ok    ", case.__name__,
                                time.monotonic() - begin, why), flush=True)
    print("%d passed, %d failed" % (len(wanted) - failed, failed))
    return 1 if failed or not wanted else 0
