# SPDX-License-Identifier: Apache-2.0
"""What the clients of an ensemble's members hear, against an ensemble of
Apache's: the leader's clients what its leader's hear, a follower's what a
follower's do."""

import collections

from cases_drawn import OPTIONS, SUPER, campaign, finish, first_of, suited
from frames import UPGRADING
from trial import case

import afar     # behind cases_drawn, which says where their modules are
import play


def legible(request):
    """Apache takes a multi of a local session for an empty one when it cannot
    read it."""
    if isinstance(request, play.Cut):
        return request.request.name != "multi"
    return request is None or request.name != "multi" or not any(
        op.name in ("getData", "setACL") for op in request.args)


def readable(steps):
    return suited(steps, legible)


def alone(steps):
    """What a request that is too large leaves of a pipeline is a race."""
    return [s._replace(requests=s.requests[:1])
            if isinstance(s, (play.Send, play.Split)) else s for s in steps]


# `worlds` are those of draw.py's whose servers are as `options` say; `fit`
# takes out of their steps what Apache is not sure of there.
World = collections.namedtuple("World", "options worlds case fit", defaults=(
    ("default", "ttl"), afar.Case, list))
WORLDS = {
    "plain": World({}),
    "local": World(UPGRADING, case=afar.HomelyCase, fit=readable),
    "small": World({"jute.maxbuffer": 4096}, fit=alone),
    "quota": World({"enforceQuota": "true"}, ("quota",)),
    "skipacl": World({"skipACL": "yes"}, ("skipacl",)),
}
# Nobody looks for another leader while these are at work.
PATIENT = {"syncLimit": 100, "leader.silence": 50000}


def cases_of(world, first, count):
    drawn = map(world.case.draw, range(first, first + count))
    return [c.of(world.fit(suited(c.steps))) for c in drawn
            if c.world in world.worlds]


@case("short", of=["zzz plain 1 40"])
@case("long", of=["zzzZ plain any 400", "zza plain any 300",
                  "aaz plain any 300", "zzz local any 400",
                  "zzz small any 300", "zzz quota any 1000",
                  "zzz skipacl any 1000", "aaa plain any 100"])
def drawn_afar(t, word, name, seed, count):
    """Each step by itself: nobody's turn comes before all have caught up."""
    world = WORLDS[name]
    options = dict(OPTIONS, **PATIENT, **world.options)
    same = "".join("A" if m.isupper() else "a" for m in word)
    e, apache = t.ensemble(word, options), t.ensemble(same, options)
    sides = []
    for kind, members in ("apache", apache), ("zabd", e):
        members.start()
        sides.append(afar.Side(kind, members, SUPER))
    campaign(t, cases_of(world, first_of(t, seed), int(count)), sides)
    apache.close()
    finish(t, e)
