# SPDX-License-Identifier: Apache-2.0
"""To wait for what must come, as long as it takes: no claim about time."""

import time

PATIENCE_S = 50        # kz.py gives a whole test 60


def until(fact, what, seconds=PATIENCE_S):
    """What fact() returned, once that is something; `what` are its words."""
    end = time.monotonic() + seconds
    while True:
        answer = fact()
        if answer:
            return answer
        assert time.monotonic() < end, "not within %g s: %s" % (seconds, what)
        time.sleep(0.01)
