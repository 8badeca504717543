# SPDX-License-Identifier: Apache-2.0
"""Makes a list of steps that fails as short as it can be.

Pure: `fails(steps)` plays a list and says whether the servers still differ.
First the shortest prefix that fails, then steps out of its middle, then
requests out of pipelines and operations out of multis.
"""

from play import Cut, Request

TRIALS_MAX = 300


class Enough(Exception):
    """TRIALS_MAX lists were played."""


def shrink(steps, fails):
    """The shortest list found that fails; `steps` itself must."""
    best = [list(steps)]
    left = [TRIALS_MAX]

    def try_it(candidate):
        if left[0] == 0:
            raise Enough()
        left[0] -= 1
        if fails(candidate):
            best[0] = list(candidate)
            return True
        return False

    try:
        shorten(best, try_it)
        while thin(best, try_it) + simplify(best, try_it):
            pass
    except Enough:
        pass
    return best[0]


def shorten(best, try_it):
    """The shortest prefix, by bisection."""
    low, high = 0, len(best[0])     # a prefix of `high` steps fails
    steps = best[0]
    while low + 1 < high:
        middle = (low + high) // 2
        if try_it(steps[:middle]):
            high = middle
        else:
            low = middle


def thin(best, try_it):
    """Runs of steps out of it, long ones first; how many went."""
    before = len(best[0])
    size = max(before // 2, 1)
    while size:
        at = 0
        while at < len(best[0]):
            steps = best[0]
            if not try_it(steps[:at] + steps[at + size:]):
                at += size
        size //= 2
    return before - len(best[0])


def simplify(best, try_it):
    """Each step by one that asks less; how many were found."""
    found, at = 0, 0
    while at < len(best[0]):
        steps = best[0]
        for less in smaller(steps[at]):
            if try_it(steps[:at] + [less] + steps[at + 1:]):
                found += 1
                break
        else:
            at += 1
    return found


def smaller(step):
    """The step with one request, or one operation, fewer."""
    for field in ("requests", "behind"):
        requests = getattr(step, field, ())
        if len(requests) > (field == "requests" and hasattr(step, "who")
                            and type(step).__name__ == "Send"):
            for at in range(len(requests)):
                yield step._replace(
                    **{field: requests[:at] + requests[at + 1:]})
        for at, request in enumerate(requests):
            for less in smaller_request(request):
                yield step._replace(
                    **{field: requests[:at] + (less,) + requests[at + 1:]})


def smaller_request(request):
    """A multi with one operation fewer, a setWatches with one path fewer."""
    if isinstance(request, Cut):
        return
    if request.name in ("multi", "multiRead"):
        for at in range(len(request.args)):
            if len(request.args) > 1:
                yield Request(request.name,
                              request.args[:at] + request.args[at + 1:])
    if request.name.startswith("setWatches"):
        for k, paths in enumerate(request.args[1:], 1):
            for at in range(len(paths or ())):
                fewer = paths[:at] + paths[at + 1:]
                yield Request(request.name, request.args[:k] + (fewer,)
                              + request.args[k + 1:])
