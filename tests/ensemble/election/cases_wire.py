# SPDX-License-Identifier: Apache-2.0
"""What goes over the wire, and which connection stays: a node among fakes."""

import socket
import struct
import time

from kit import (ARE_YOU_THERE, FOLLOWING, HOST, I_AM, LEADING, LOOKING,
                 NOBODY, TAKEN, ZABD, case, claim,
                 framed, free_ports, hello, note)


def trio(stage, me=2, **more):
    """Node 2 of 1, 2, 3, looking; nobody else is there yet."""
    stage.members(1, 2, 3, **more)
    return stage.node(me).look()


@case
def first_bytes_are_those_captured_from_apache(stage):
    """spec 16.1: hello and first notification of sid 2 to sid 1."""
    m = stage.members(1, 2, 3)
    one = stage.fake(1)
    stage.node(2).look()
    config = m.config().encode()
    expected = (
        bytes.fromhex("ffffffffffff0000 0000000000000002 0000000f")
        + b"127.0.0.1:%d" % m.election[2]
        + struct.pack(">i", 44 + len(config))
        + bytes.fromhex("00000000 0000000000000002 0000000000000000"
                        "0000000000000001 0000000000000000 00000002")
        + struct.pack(">i", len(config)) + config)
    claim(len(config) == 138, "config of %d bytes", len(config))
    got = one.accept().read(len(expected))
    claim(got == expected, "\n%s\nnot\n%s", got, expected)


@case
def hello_comes_in_one_piece(stage):
    """Java reads the address with a single read."""
    m = stage.members(1, 2, 3)
    one = stage.fake(1)
    stage.node(2)
    stage.nodes[0].look()
    link = one.accept()
    time.sleep(0.05)
    head = link.sock.recv(4096)
    whole = hello(2, "%s:%d" % (HOST, m.election[2]))
    claim(head.startswith(whole), "first read: %r", head)


@case
def the_smaller_is_called_back(stage):
    stage.members(1, 2, 3)
    one = stage.fake(1)
    node = stage.node(2).look()
    kept = one.accept()
    kept.hello()
    kept.note()
    time.sleep(0.2)
    again = one.dial(2)
    claim(again.is_closed(), "the smaller's connection stays")
    claim(kept.is_closed(), "the older connection stays")
    back = one.accept()
    claim(back.hello()[0] == 2, "somebody else calls back")
    claim(back.note().vote() == (LOOKING, 2, 0, 1, 0), "the last note again")
    claim(node.is_connected_with(1), "connected with 1 alone")


@case
def a_smaller_that_moved_is_called_where_it_says(stage):
    """Its own file is newer than ours: members are restarted one by one."""
    m = stage.members(1, 2, 3)
    node = stage.node(2).look()
    node.logs("1 at %s:%d is out of reach" % (HOST, m.election[1]))
    m.election[1] = free_ports(1)[0]
    one = stage.fake(1)
    link = one.dial(2)
    claim(link.is_closed(), "the smaller's connection stays")
    back = one.accept()
    claim(back.hello()[0] == 2, "somebody else calls back")
    claim(back.hears(LOOKING, 2), "no note")
    back.close()
    claim(one.accept().hello()[0] == 2, "where it is is forgotten")


@case
def what_crossed_the_smaller_s_hello_stays(stage):
    """We dial 1 while its hello is under way: one connection is enough."""
    stage.members(1, 2, 3)
    one = stage.fake(1)
    node = stage.node(2)
    node.look()
    kept = one.accept()
    kept.hello()
    claim(one.dial(2).is_closed(), "the smaller's connection stays")
    claim(kept.note().leader == 2 and kept.is_open(0.1), "it was broken")
    claim(node.is_connected_with(1), "not connected")


@case
def the_larger_is_kept(stage):
    node = trio(stage)
    three = stage.fake(3)
    link = three.dial(2)
    claim(link.note().vote() == (LOOKING, 2, 0, 1, 0), "first note")
    claim(link.is_open(), "the larger's connection does not stay")
    claim(node.is_connected_with(4), "connected with 3 alone")


@case
def it_announces_itself_to_the_larger(stage):
    stage.members(1, 2, 3)
    three = stage.fake(3)
    stage.node(2).look()
    announced = three.accept()
    claim(announced.hello()[0] == 2, "another sid")
    claim(announced.is_closed(), "it keeps what it should not")
    link = three.dial(2)
    claim(link.note().leader == 2, "no note")
    claim(three.nobody_comes(), "it announces itself while connected")


@case
def a_newer_connection_of_the_larger_takes_the_place(stage):
    node = trio(stage)
    three = stage.fake(3)
    old = three.dial(2)
    old.note()
    new = three.dial(2)
    claim(new.note().leader == 2, "the last note comes again")
    claim(old.is_closed(), "the old one stays")
    claim(node.is_connected_with(4), "not connected")


@case
def bare_and_v2_hellos_are_taken(stage):
    stage.members(1, 2, 3, 4)
    stage.node(2).look()
    bare = stage.fake(3).dial(2, struct.pack(">q", 3))
    claim(bare.note().leader == 2, "bare")
    v2 = stage.fake(4).dial(
        2, hello(4, "127.0.0.1:9|127.0.0.2:9", version=-65535))
    claim(v2.note().leader == 2, "V2")


@case
def a_hello_may_come_byte_by_byte(stage):
    trio(stage)
    three = stage.fake(3)
    link = three.dial(2, b"")
    for i, byte in enumerate(hello(3, three.address)
                             + framed(note(LOOKING, 3, 5, 1, 0))):
        link.send(bytes([byte]))
        if i % 8 == 0:
            time.sleep(0.005)
    claim(link.hears(LOOKING, 3).zxid == 5, "the vote of 3 is not adopted")


@case
def a_bad_hello_ends_that_connection_only(stage):
    node = trio(stage)
    three = stage.fake(3)
    link = three.dial(2)
    link.note()
    for bad in (struct.pack(">q", -1), struct.pack(">qqi", -65536, -5, 3),
                struct.pack(">qqi", -65536, 3, 0),
                struct.pack(">qqi", -65536, 3, 2049),
                struct.pack(">qqi", -65536, 3, -1),
                b"GET / HTTP/1.1\r\n\r\n"):
        claim(three.dial(2, bad).is_closed(), "%r stays", bad)
    claim(link.is_open(), "the good one went too")
    node.logs("does not speak as a ZooKeeper server does")


@case
def a_frame_of_a_bad_size_ends_the_connection(stage):
    node = trio(stage)
    three = stage.fake(3)
    for size in (0, -1, 524289, 2 ** 31 - 1):
        link = three.dial(2)
        link.note()
        link.send(struct.pack(">i", size))
        claim(link.is_closed(), "a frame of %d stays", size)
    node.logs("it sent a frame of a size that no note has")
    three.dial(2).note()


@case
def who_talks_nonsense_again_and_again_is_told_of_once(stage):
    """A member, until it says something else; and 9, which is none."""
    node = trio(stage)
    three = stage.fake(3)
    for sid in (3, 9) * 5:
        link = three.dial(2, hello(sid, three.address))
        link.send(b"HTTP/1.1 400 Bad Request")
        claim(link.is_closed(), "%d stays", sid)
    for line in ("connected with 3", "connected with 9", "3 at 127.0.0.1",
                 "9 at 127.0.0.1"):
        claim(node.log().count(line) == 1, "%s:\n%s", line, node.log())
    link = three.dial(2)
    link.tell(LOOKING, 3, 5, 1, 0)
    link.hears(LOOKING, 3)
    claim(node.log().count("connected with 3") == 2, node.log())


@case
def a_bad_note_is_dropped(stage):
    node = trio(stage)
    link = stage.fake(3).dial(2)
    link.note()
    for bad in (b"x", bytes(27), bytes(36), note(4, 3, 0, 1, 0),
                note(LOOKING, 3, 0, 1, 0)[:-4] + struct.pack(">i", 99),
                note(LOOKING, 3, 0, 1, 0)[:-4] + struct.pack(">i", -2)):
        link.send(framed(bad))
    claim(link.is_open(), "the connection went")
    node.undecided()
    link.tell(LOOKING, 3, 5, 1, 0)
    claim(link.hears(LOOKING, 3).zxid == 5, "the vote of 3 is not adopted")


@case
def old_notes_are_understood(stage):
    """28 bytes: before 3.4; 40: of 3.4.6, version 1."""
    stage.members(1, 2, 3, 4, 5)
    stage.node(2).look()
    link = stage.fake(3).dial(2)
    link.note()
    link.send(framed(note(LOOKING, 3, 5 << 32, 1, 9)[:28]))
    claim(link.hears(LOOKING, 3).epoch == 5, "the epoch is not the zxid's")
    link.send(framed(note(LOOKING, 3, 5 << 32, 1, 9, version=1)[:40]))
    claim(link.hears(LOOKING, 3).epoch == 9, "the epoch of version 1")


@case
def notes_may_come_in_any_pieces(stage):
    stage.members(1, 2, 3, 4, 5)
    stage.node(2).look()
    link = stage.fake(3).dial(2)
    link.note()
    data = b"".join(framed(note(LOOKING, 3, zxid, 1, 0, "x" * 300))
                    for zxid in range(1, 200))
    for at in range(0, len(data), 997):
        link.send(data[at:at + 997])
    while link.note().zxid != 199:
        pass


@case
def our_own_number_is_refused(stage):
    node = trio(stage)
    link = stage.fake(3).dial(2, hello(2, "127.0.0.1:1"))
    claim(link.is_closed(), "it talks to itself")
    node.logs("another server has our number")


@case
def a_silent_guest_is_closed(stage):
    """syncLimit 5 ticks of 200 ms."""
    node = trio(stage)
    begin = time.monotonic()
    link = stage.fake(3).dial(2, b"\xff\xff")
    claim(link.is_closed(), "it may stay silent")
    claim(time.monotonic() - begin > 0.7, "before syncLimit")
    node.logs("it does not say who it is")


@case
def a_reload_is_followed(stage):
    """A syncLimit of 100 s, then of 400 ms: a guest may be silent so long.
    One that comes before the process has looked has the old one yet."""
    node = trio(stage, extra="syncLimit=500\n")
    one = stage.fake(1)
    claim(one.dial(2, b"").is_open(), "it is closed at once")
    node.reload("syncLimit=2\n")
    claim(any(one.dial(2, b"").is_closed(4) for _ in range(5)),
          "it may stay silent")


@case
def a_crowd_of_guests_keeps_nobody_out(stage):
    trio(stage)
    three = stage.fake(3)
    crowd = [three.dial(2, b"") for _ in range(200)]
    link = three.dial(2)
    claim(link.note().leader == 2, "no note in the crowd")
    claim(sum(g.is_closed(0.01) for g in crowd) >= 136, "they all stay")


@case
def a_stranger_is_told_who_leads(stage):
    """A server that is not in our configuration, larger and smaller."""
    m = stage.members(1, 2, 3)
    node = stage.node(2).look()
    three = stage.fake(3)
    link = three.dial(2)
    link.tell(LEADING, 3, 0, 4, 1)
    one = stage.fake(1).linked(2)
    one.tell(FOLLOWING, 3, 0, 4, 1)
    claim(node.decided() == (3, 4, 1), "no leader")
    stage.members(9)
    m.election.update(stage.m.election)
    stage.m.election.update(m.election)
    nine = stage.fake(9).dial(2)
    nine.tell(LOOKING, NOBODY, NOBODY, 1, NOBODY)
    claim(nine.note().vote() == (FOLLOWING, 3, 0, 4, 1), "no answer to 9")
    stage.members(0)
    stage.m.election.update(m.election)
    zero = stage.fake(0)
    claim(zero.dial(2).is_closed(), "the smaller's connection stays")
    back = zero.accept()
    back.hello()
    back.tell(LOOKING, NOBODY, NOBODY, 1, NOBODY)
    claim(back.note().vote() == (FOLLOWING, 3, 0, 4, 1), "no answer to 0")


@case
def another_configuration_is_said_once(stage):
    node = trio(stage)
    link = stage.fake(3).dial(2)
    for _ in range(3):
        link.tell(LOOKING, 3, 5, 1, 0, config="server.3=a:1:2:participant\n"
                  "version=0")
    link.hears(LOOKING, 3)
    claim(node.log().count("has another configuration than we") == 1,
          node.log())


@case
def the_same_configuration_in_another_order_is_the_same(stage):
    node = trio(stage)
    link = stage.fake(3).dial(2)
    lines = stage.m.config().split("\n")[:-1]
    config = "\n".join([s + ";0.0.0.0:2181" for s in reversed(lines)]
                       + ["version=100000000"])
    link.tell(LOOKING, 3, 5, 1, 0, config=config)
    link.hears(LOOKING, 3)
    claim("another configuration" not in node.log(), node.log())


@case
def host_names_are_resolved_at_every_attempt(stage):
    """And a name that is none keeps nobody from anything."""
    stage.members(1, 2, 3, hosts={1: "localhost", 2: "localhost",
                                  3: "no-such-host.invalid"})
    one = stage.fake(1)
    node = stage.node(2).look()
    link = one.accept()
    claim(link.hello() == (2, "localhost:%d" % stage.m.election[2]),
          "not the name as configured")
    node.logs("3 at no-such-host.invalid")
    link.tell(LOOKING, 2, 0, 1, 0)
    claim(node.decided() == (2, 1, 0), "no leader")


@case
def a_dead_peer_is_dialled_again(stage):
    """Every 5 s, also when there is nothing to tell."""
    node = trio(stage)
    stage.fake(3).dial(2).tell(LOOKING, 3, 5, 1, 0)
    claim(node.decided() == (3, 1, 0), "no leader")
    link = stage.fake(1).accept()
    claim(link.hello()[0] == 2 and link.note().leader == 3, "no note")


@case
def the_port_is_waited_for(stage):
    m = stage.members(1, 2, 3)
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((HOST, m.election[2]))
        s.listen(1)
        node = stage.node(2).look()
        node.logs("trying again")
    claim(stage.fake(3).dial(2).note().leader == 2, "no note")


@case
def a_port_that_is_waited_for_without_end_is_told_of_once(stage):
    """Somebody else may have it for hours."""
    m = stage.members(1, 2, 3, extra="electionPortBindRetry=0\n")
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((HOST, m.election[2]))
        s.listen(1)
        node = stage.node(2).look()
        node.logs("trying again")
        time.sleep(2.5)                     # once a second
        claim(node.log().count("trying again") == 1, node.log())
    claim(stage.fake(3).dial(2).note().leader == 2, "no note")


@case
def a_port_that_cannot_be_had_ends_the_process(stage):
    m = stage.members(1, 2, 3, extra="electionPortBindRetry=1\n")
    with socket.socket() as s:
        s.bind((HOST, m.election[2]))
        s.listen(1)
        stage.node(2).look().logs("tried 2 times")


@case
def a_name_that_is_lost_is_told_of_once(stage):
    """Until there is an answer again: what it stood for is taken for hours."""
    stage.members(1, 2, 3, hosts={3: "three"})
    node = stage.node(2, names={"three": HOST}).look()
    node.logs("3 at three")
    three = stage.fake(3)
    node.know({})
    for _ in range(4):
        three.accept().close()      # it dials again
    claim(node.log().count("stood for last") == 1, node.log())
    node.know({"three": HOST})
    three.accept().close()
    node.logs("three has an address again")


@case
def our_own_name_is_asked_for_without_end(stage):
    """A name server comes back, whoever has our port may not; who cannot be
    called calls the others, and is not at fault for their connections."""
    stage.members(1, 2, 3, hosts={2: "no-such-host.invalid"},
                  extra="electionPortBindRetry=1\n")
    node = stage.node(2).look()
    link = stage.fake(1).accept()
    link.hello()
    node.logs("cannot resolve our own host")
    claim(link.is_open(3.5), "it gave up")      # asked once a second
    claim(node.log().count("our own host") == 1, node.log())


@case
def strangers_may_come_and_go_for_ever(stage):
    """Servers that are not in our configuration share a few places."""
    m = stage.members(1, 2, 3)
    node = stage.node(2).look()
    node.logs("listening on port")
    for sid in range(100, 250):
        with socket.create_connection((HOST, m.election[2]), 5) as s:
            s.sendall(hello(sid, "127.0.0.1:9"))
            node.logs("connected with %d" % sid)
    claim(stage.fake(3).dial(2).note().leader == 2, "it speaks no more")


@case
def strangers_that_cannot_be_called_back_take_no_place(stage):
    """Smaller ones, that do not say where they are; the last one does."""
    trio(stage)
    m = stage.m
    three = stage.fake(3)
    for _ in range(20):
        claim(three.dial(2, hello(2 ** 63 - 1, "0.0.0.0:9")).is_closed(),
              "an address that is none is taken")
    claim(three.dial(2, struct.pack(">q", 0)).is_closed(), "0 stays")
    stage.members(0)
    stage.m.election.update(m.election)
    zero = stage.fake(0)
    claim(zero.dial(2).is_closed(), "the smaller's connection stays")
    claim(zero.accept().hello()[0] == 2, "somebody else calls back")


TWINS = "there seem to be two servers with the number 3"


@case
def two_servers_with_one_number_are_told_of(stage):
    """A twin from elsewhere is named at once, with both addresses."""
    node = trio(stage)
    three = stage.fake(3)
    three.dial(2).note()
    time.sleep(0.2)
    three.dial(2, hello(3, "127.0.0.1:9")).note()
    node.logs(TWINS)
    node.logs("\"127.0.0.1:9\"; we have it at %s" % three.address)


@case
def an_address_that_java_spells_out_is_no_twin(stage):
    m = stage.members(1, 2, 3, hosts={3: "[::1]"})
    node = stage.node(2).look()
    three = stage.fake(3)
    three.dial(2).note()
    time.sleep(0.2)
    three.dial(2, hello(3, "[0:0:0:0:0:0:0:1]:%d" % m.election[3])).note()
    claim("two servers" not in node.log(), node.log())


@case
def a_twin_at_the_same_address_is_told_of_when_it_goes_on(stage):
    """Once may be a cut network; a server does not do it again and again."""
    node = trio(stage)
    three = stage.fake(3)
    three.dial(2).note()
    for times in range(3):
        time.sleep(0.2)
        claim(TWINS not in node.log(), "after %d times", times)
        three.dial(2).note()
    node.logs(TWINS)


@case
def who_answers_keeps_its_place(stage):
    node = trio(stage)
    three = stage.fake(3)
    first = three.dial(2)
    first.note()
    time.sleep(0.2)
    twin = three.dial(2, hello(3, "127.0.0.1:9"))
    twin.tell(LOOKING, 3, 7, 9, 7)
    first.hears(ZABD, ARE_YOU_THERE)
    first.says(I_AM)
    told = twin.hears(ZABD, TAKEN)
    claim(told.config.startswith(HOST + ":"), "it says %r", told.config)
    claim(twin.is_closed(), "the twin's connection stays")
    claim(first.is_open(), "the first one's does not")
    claim(node.is_connected_with(4), "not connected with 3")
    first.tell(LOOKING, 3, 5, 1, 0)
    claim(first.hears(LOOKING, 3).zxid == 5, "the twin's vote is heard")
    node.logs(TWINS)
    node.logs("answers, so its place is not taken")


@case
def who_answers_keeps_its_place_though_it_is_smaller(stage):
    """The twin is not called back, and hears why."""
    stage.members(1, 2, 3)
    one = stage.fake(1)
    node = stage.node(2).look()
    first = one.accept()
    first.hello()
    first.note()
    time.sleep(0.2)
    twin = one.dial(2, hello(1, "127.0.0.1:9"))
    first.hears(ZABD, ARE_YOU_THERE)
    first.says(I_AM)
    twin.hears(ZABD, TAKEN)
    claim(twin.is_closed(), "the twin's connection stays")
    claim(first.is_open(), "the first one's does not")
    claim(one.nobody_comes(), "somebody is called back")
    node.logs("there seem to be two servers with the number 1")


@case
def who_is_mute_is_not_kept_out_by_a_twin_that_answers(stage):
    """Apache's servers do not answer: as among them, who comes last stays."""
    trio(stage)
    three = stage.fake(3)
    mute = three.dial(2)
    mute.note()
    time.sleep(0.2)
    twin = three.dial(2)
    claim(mute.is_closed(), "who is mute stays")
    twin.note()
    time.sleep(0.2)
    mute = three.dial(2)
    claim(mute.note().leader == 2, "it does not come back")
    claim(twin.is_closed(), "the twin stays")


@case
def who_was_kept_comes_when_the_first_one_goes(stage):
    trio(stage)
    three = stage.fake(3)
    first = three.dial(2)
    first.note()
    time.sleep(0.2)
    second = three.dial(2)
    first.hears(ZABD, ARE_YOU_THERE)
    first.close()
    claim(second.note().leader == 2, "the last note comes again")


@case
def who_is_asked_whether_it_is_there_answers(stage):
    trio(stage)
    link = stage.fake(3).dial(2)
    link.says(ARE_YOU_THERE)
    link.hears(ZABD, I_AM)


@case
def whose_number_is_taken_stays_out(stage):
    """It had no leader yet.  A smaller peer says so, or a larger one as it
    is said hello."""
    for sid in (1, 3):
        stage.members(1, 2, 3)
        peer = stage.fake(sid)
        node = stage.node(2).look()
        link = peer.accept()
        link.hello()
        link.says(TAKEN, "192.0.2.7:3888")
        claim(link.is_closed(), "it stays in touch with %d" % sid)
        node.logs("is connected with it from 192.0.2.7:3888")
        node.logs("not taking part")
        claim(peer.nobody_comes(), "it takes part")


@case
def who_had_a_leader_is_not_kept_out(stage):
    node = trio(stage)
    three = stage.fake(3)
    link = three.dial(2)
    link.tell(LOOKING, 3, 5, 1, 0)
    claim(node.decided()[0] == 3, "3 is not elected")
    node.say("established", 1)
    node.has_obeyed()
    node.looks()
    link.says(TAKEN, "192.0.2.7:3888")
    node.logs("is connected with it from 192.0.2.7:3888")
    claim(link.is_open(), "it takes no part")
    claim("not taking part" not in node.log(), node.log())


@case
def what_one_stranger_did_is_not_laid_at_the_next_one_s_door(stage):
    """They come one after the other, and have one place."""
    m = stage.members(1, 2, 3, 8, 9)
    nine, eight = stage.fake(9), stage.fake(8)
    known = stage.members(1, 2, 3)
    known.election.update(m.election)
    node = stage.node(2).look()
    for fake, times in ((nine, 3), (eight, 2)):
        fake.members = known
        links = []
        for _ in range(times):
            time.sleep(0.2)
            links.append(fake.dial(2))
            links[-1].tell(LOOKING, NOBODY, NOBODY, 1, NOBODY)
            links[-1].note()
        links[-1].close()
        node.logs("%d at " % fake.sid)
    claim("two servers" not in node.log(), node.log())


@case
def who_is_not_at_its_own_address_is_told_why(stage):
    """A myid that belongs to another machine."""
    stage.members(1, 2, 3, hosts={2: "192.0.2.1"})
    stage.node(2).look().logs("this machine has no such address, are myid and "
                              "the server line right?")
