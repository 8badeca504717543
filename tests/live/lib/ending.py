# SPDX-License-Identifier: Apache-2.0
"""How a test ends: what it started goes with it, and so do its directories."""

import contextlib
import ctypes
import signal
import subprocess
import sys

PDEATHSIG = 1
prctl = ctypes.CDLL(None).prctl     # found before any fork, of whatever thread
ENDING_S = 10          # for a program to end what it has started


def die_with_parent():
    """In a child, between fork and exec.  Who forked it, that is a thread, has
    to live as long as it shall."""
    prctl(PDEATHSIG, signal.SIGKILL)


def end_tidily():
    """From now on SIGTERM is an exception, as Ctrl-C is: what must be closed
    is.  tests/layer sends it when it is ended itself."""
    signal.signal(signal.SIGTERM, lambda signo, _: sys.exit(128 + signo))


def call(command, env):
    """The exit status of a program, which is ended when we are: it may have
    something to close, too."""
    child = subprocess.Popen(command, env=env)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(ENDING_S)
        child.kill()
        raise
