# SPDX-License-Identifier: Apache-2.0
"""To wait for what must come, as long as it takes: no claim about time."""

import time

PATIENCE_S = 50        # kz.py gives a whole test 60


def until(fact, what, seconds=PATIENCE_S, error=AssertionError):
    """What fact() returned, once that is something.  `what` is the claim in
    words, or a function that gives them."""
    end = time.monotonic() + seconds
    while True:
        answer = fact()
        if answer:
            return answer
        if time.monotonic() > end:
            raise error("not within %g s: %s" % (
                seconds, what() if callable(what) else what))
        time.sleep(0.02)
