# SPDX-License-Identifier: Apache-2.0
"""What members tell their operator while roles change: the status that
systemd shows, the words, and the log."""

import os
import re
import signal
import socket

from cases_basic import only_the_leader_listens
from ensemble import Member, until
from server import four
from trial import case

SOON_S = 30
PATIENT = {"syncLimit": 60}     # nobody is given up while its disk stands
ROLE = r"replication: (looking for|elected|leading|following|observing)(.*)"
# The observer may be sent to who is about to look itself.
REASON = r"looking for a leader: \w.* zxid=0x|elected server"


class Watched(Member):
    """A member whose supervisor tells a systemd what it does."""

    def launch(self, in_child):
        path = self.path("notify")
        if not os.path.exists(path):
            self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.notify.bind(path)
            self.notify.setblocking(False)
            self.status = ""
        super().launch(in_child, NOTIFY_SOCKET=path)

    def shows(self):
        """What `systemctl status` would show now."""
        try:
            while True:
                said = self.notify.recv(4096).decode()
                for found in re.finditer(r"(?m)^STATUS=(.*)$", said):
                    self.status = found.group(1)
        except BlockingIOError:
            return self.status

    def becomes(self, pattern):
        until(lambda: re.match(pattern, self.shows()), lambda:
              "%r shows %r; it is %r" % (self, pattern, self.shows()), SOON_S)

    def roles(self, mark):
        """Its changes of role since then, as the log tells them."""
        return [m.group(1) + m.group(2) for m in self.said(ROLE, mark)]


def held_to_words(t, m, words):
    """Each of these of mntr, as soon as it is collected."""
    for name, want in words.items():
        until(lambda: m.mntr(name) == want, lambda: "zk_%s of %r is %s: %s" % (
            name, m, want, m.mntr(name)), SOON_S)


def all_is_well(t, e, leader):
    """Every member says what it is, in what epoch, and how it goes."""
    epoch = leader.zxid() >> 32
    tail = r", zxid 0x[0-9a-f]+, \d+ sessions, \d+ znodes$"
    known = {"epoch": str(epoch), "quorum_size": "3"}
    for m in e:
        if m is leader:
            m.becomes("leading epoch %d, 2 of 2 followers in sync" % epoch +
                      tail)
            words = {"server_state": "leader", "synced_followers": "2",
                     "synced_observers": "1", "pending_syncs": "0",
                     "peer_state": "leading - broadcast"}
        else:
            does = "observing" if m.is_observer else "following"
            m.becomes("%s %d, epoch %d" % (does, leader.sid, epoch) + tail)
            words = {"server_state": m.mode(), "synced_followers": None,
                     "peer_state": does + " - broadcast"}
            for word in "srvr", "stat":
                t.claim("\nMode: %s\n" % m.mode() in (four(m.port, word) or ""),
                        "%s of %r does not say its mode", word, m)
        held_to_words(t, m, dict(words, **known))


def syncs_wait(t, leader, asks, still):
    """A sync behind a write, while the logs of these members stand still."""
    c = t.client(asks)
    logs = [m.processes()["log"] for m in still]
    for log in logs:
        os.kill(log, signal.SIGSTOP)
    asked = [c.set_async("/told", b"x"), c.sync_async("/told")]
    held_to_words(t, leader, {"pending_syncs": "1"})
    t.claim(not asked[0].ready(), "a write is acknowledged that %s have not "
            "on disk", still)
    for log in logs:
        os.kill(log, signal.SIGCONT)
    for one in asked:
        one.get(SOON_S)
    held_to_words(t, leader, {"pending_syncs": "0"})
    t.close_clients()


def syncs_are_counted(t, e, leader):
    """No quorum has it on disk, whoever of two that is: both wait, and the
    leader's mntr knows."""
    asks, other = e.followers()
    t.client(asks).create("/told")
    t.close_clients()
    syncs_wait(t, leader, asks, [asks, other])
    syncs_wait(t, leader, asks, [leader, other])


def losses_are_told(t, e, leader):
    """Followers die one by one, until there is no quorum."""
    one, other = e.followers()
    watcher = [m for m in e if m.is_observer][0]
    marks = {m: m.mark() for m in (leader, watcher)}
    one.kill()
    leader.becomes(r"leading epoch \d+, 1 of 2 followers in sync, zxid")
    held_to_words(t, leader, {"synced_followers": "1"})
    t.claim(not leader.roles(marks[leader]), "it tells %s of a follower's "
            "death", leader.roles(marks[leader]))
    other.kill()
    leader.becomes("looking for a leader, 0 of 2 other voters connected$")
    watcher.becomes("looking for a leader, 1 of 3 other voters connected$")
    for m, mark in marks.items():
        t.claim(m.mode() is None, "%r says that it is a %s", m, m.mode())
        said = m.roles(mark)
        t.claim(said and all(re.match(REASON, line) for line in said),
                "%r tells that as %s", m, said)
    only_the_leader_listens(t, e)
    return one, other


@case("short", "long", of=["zzzZ"])
def told(t, word):
    """What they say is what they are, from the first start on."""
    e = t.ensemble(word, PATIENT, member=Watched)
    leader = e.start()
    all_is_well(t, e, leader)
    syncs_are_counted(t, e, leader)
    lost = losses_are_told(t, e, leader)
    marks = {m: m.mark() for m in e}
    e.start(lost)
    leader = e.wait()
    all_is_well(t, e, leader)
    for m in e:
        said = m.roles(marks[m])
        last = r"leading epoch \d+: \w.* zxid=0x" if m is leader else \
            r"(following|observing) server %d epoch \d+: in sync" % leader.sid
        t.claim(said and re.match(last, said[-1]), "%r tells of its role as "
                "%s", m, said)
    t.finish(e)
