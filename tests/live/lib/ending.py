# SPDX-License-Identifier: Apache-2.0
"""How a test ends: what it started goes with it, and so do its directories."""

import ctypes
import signal
import sys

PDEATHSIG = 1


def die_with_parent():
    """In a child, between fork and exec."""
    ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGKILL)


def end_tidily():
    """From now on SIGTERM is an exception, as Ctrl-C is: what must be closed
    is.  tests/layer sends it when it is ended itself."""
    signal.signal(signal.SIGTERM, lambda signo, _: sys.exit(128 + signo))
