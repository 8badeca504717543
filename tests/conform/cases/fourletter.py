# SPDX-License-Identifier: Apache-2.0
"""Four-letter words (sheet 1.3): shapes are compared, numbers are not."""

import re

from harness import case
from wire import connectRequest, framed


def numbers(text):
    """Numbers become #, paths and versions become *."""
    text = re.sub(rb"(Zookeeper version: ).*", rb"\1*", text)
    text = re.sub(rb"(Dir=).*", rb"\1*", text)
    text = re.sub(rb"(lop=)\w+", rb"\1*", text)
    text = re.sub(rb"0x[0-9a-f]+", b"0x#", text)
    return re.sub(rb"\d+(\.\d+)?", b"#", text)


def unique(text):
    """As numbers, each line that repeats once: so many clients or one."""
    return b"\n".join(dict.fromkeys(numbers(text).split(b"\n")))


def cons(text):
    lines = sorted({line.strip() for line in
                    numbers(text).strip().split(b"\n")}, key=len)
    return b"\n".join(lines[:1] + lines[-1:])


def keys(text):
    """conf: its keys in order, and the values that this suite set."""
    kept = (b"tickTime", b"maxClientCnxns", b"minSessionTimeout",
            b"maxSessionTimeout")
    return b"\n".join(line if line.split(b"=")[0] in kept
                      else line.split(b"=")[0] + b"=*"
                      for line in text.strip().split(b"\n"))


PROCESSES = 0.5     # seconds in which a process hears what others count

MNTR = (b"zk_version zk_server_state zk_avg_latency zk_max_latency "
        b"zk_min_latency zk_packets_received zk_packets_sent "
        b"zk_num_alive_connections zk_outstanding_requests zk_znode_count "
        b"zk_watch_count zk_ephemerals_count zk_approximate_data_size "
        b"zk_open_file_descriptor_count zk_max_file_descriptor_count "
        b"zk_global_sessions zk_local_sessions "
        b"zk_connection_drop_count zk_uptime").split()


def mntr(text):
    found = dict(line.split(b"\t", 1) for line in text.split(b"\n")
                 if b"\t" in line)
    return b"\n".join(k + b"\t" + (b"*" if k == b"zk_version" else
                                   numbers(found[k]))
                      for k in MNTR if k in found)


def envi(text):
    first = text.split(b"\n")[0]
    version = re.search(rb"^zookeeper\.version=\d+\.\d+\.\d+", text, re.M)
    return first + (b" with a version" if version else b" without a version")


WORDS = {b"ruok": None, b"isro": None, b"srvr": numbers, b"stat": unique,
         b"cons": cons, b"conf": keys, b"mntr": mntr, b"envi": envi,
         b"wchs": None, b"dirs": numbers}

for word, shape in WORDS.items():
    def says(t, word=word, shape=shape):
        t.socket().text(word, "says %s" % word.decode(), shape)
    case("%s answers" % word.decode(), world="fresh")(says)

    def newline(t, word=word, shape=shape):
        t.socket().text(word + b"\r\n", "says it with CRLF", shape)
    case("%s with a line end behind it" % word.decode(),
         world="fresh")(newline)

    def pieces(t, word=word, shape=shape):
        a = t.socket()
        for at in range(3):
            a.wire.send(word[at:at + 1])
            t.pause(0.01)
        a.text(word[3:], "says it letter by letter", shape)
    case("%s letter by letter" % word.decode(), world="fresh")(pieces)

    def half(t, word=word, shape=shape):
        t.socket().text(word, "says it and shuts its side", shape,
                        half_close=True)
    case("%s from a client that has shut its side" % word.decode(),
         world="fresh")(half)

    if word != b"srvr":
        def unlisted(t, word=word):
            t.socket("127.0.0.9").text(word, "says %s" % word.decode())
        case("%s by default is not in the whitelist" % word.decode(),
             world="small")(unlisted)


@case("srvr is in the whitelist by default", world="small")
def _(t):
    t.socket("127.0.0.9").text(b"srvr", "says srvr", numbers)


@case("srvr's zxid is the last one", world="fresh")
def _(t):
    a = t.connect()
    a.setData(t.root, "x")
    last = ("Zxid: 0x%x\n" % a.zxid).encode()
    t.socket().text(b"srvr", "says srvr",
                    lambda text: b"yes" if last in text else b"no")


@case("srvr counts nodes", world="fresh")
def _(t):
    a = t.connect()

    def count():
        def shape(text):
            n = int(re.search(rb"Node count: (\d+)", text).group(1))
            seen.append(n)
            return b"%d more" % (n - seen[0])
        t.socket().text(b"srvr", "says srvr", shape)
    seen = []
    count()
    a.create(t.root + "/a")
    a.create(t.root + "/a/b", flags=1)
    count()
    a.delete(t.root + "/a/b")
    count()


@case("srvr's first node count is its own and ours", world="fresh")
def _(t):
    t.socket().text(b"srvr", "says srvr", lambda text: re.search(
        rb"Node count: \d+", text).group())


@case("wchs counts data watches", world="fresh")
def _(t):
    a, b = t.connect(), t.connect()
    for n in range(3):
        a.exists("%s/%d" % (t.root, n), True)
    b.exists(t.root + "/b", True)   # zabd counts a path once a process
    t.pause(PROCESSES)
    t.socket().text(b"wchs", "says wchs")
    a.create(t.root + "/b")
    b.drain()
    t.pause(PROCESSES)
    t.socket().text(b"wchs", "says wchs")
    a.quit()
    b.quit()
    t.pause(PROCESSES)
    t.socket().text(b"wchs", "says wchs")


@case("mntr counts ephemerals, watches and nodes", world="fresh")
def _(t):
    a = t.connect()
    names = (b"zk_ephemerals_count", b"zk_watch_count", b"zk_znode_count")

    def count():
        def shape(text):
            found = dict(line.split(b"\t", 1) for line in text.split(b"\n")
                         if b"\t" in line)
            now = [int(found[n]) for n in names]
            seen.append(now)
            return b" ".join(b"%+d" % (x - y) for x, y in zip(now, seen[0]))
        t.pause(PROCESSES)
        t.socket().text(b"mntr", "says mntr", shape)
    seen = []
    count()
    a.create(t.root + "/e", flags=1)
    a.create(t.root + "/f", flags=1)
    a.exists(t.root + "/e", True)
    count()
    a.delete(t.root + "/f")
    count()


@case("cons says what a session was answered last", world="fresh")
def _(t):
    """Its last request by name and xid: special xids and auth apart."""
    a = t.connect()

    def last(text):
        line = next(x for x in text.split(b"\n")
                    if b"sid=0x%x," % a.sid in x)
        line = re.sub(rb"lresp=[1-9]\d*", b"lresp=then", line)
        line = re.sub(rb"lzxid=0x[1-9a-f]\w*", b"lzxid=some", line)
        return b",".join(re.findall(rb"l(?:op|cxid|zxid|resp)=\w+", line))

    def asked():
        t.socket().text(b"cons", "says cons", last)
    asked()
    a.getData(t.root, xid=5)
    asked()
    a.ping()
    asked()
    a.auth("digest", b"u:p")
    asked()
    a.create(t.root + "/c", xid=7)
    asked()


@case("mntr counts a watch in each table that has it", world="fresh")
def _(t):
    a = t.connect()
    seen = []

    def count(text):
        seen.append(int(re.search(rb"zk_watch_count\t(\d+)", text)[1]))
        return b"%+d" % (seen[-1] - seen[0])
    t.socket().text(b"mntr", "says mntr", count)
    for mode in (0, 1):
        a.addWatch("%s/%d" % (t.root, mode), mode)
        t.pause(PROCESSES)
        t.socket().text(b"mntr", "says mntr", count)
    a.quit()
    t.pause(PROCESSES)
    t.socket().text(b"mntr", "says mntr", count)


for word in list(WORDS) + [b"dump", b"wchp", b"crst", b"nope"]:
    def listed(t, word=word):
        t.socket().text(word, "says %s" % word.decode(),
                        WORDS.get(word) or numbers)
    case("%s where some are in the whitelist" % word.decode(),
         world="words")(listed)


for word in (b"abcd", b"RUOK", b"ruo\0", b"help", b"quit"):
    def no_word(t, word=word):
        t.socket().text(word, "says %r" % word)
    case("%r is no word" % word)(no_word)


@case("the words stay at work before a hello only")
def _(t):
    a = t.connect()
    a.raw(b"srvr", "says srvr", closes=True)


@case("what follows a word is not read")
def _(t):
    t.socket().text(b"ruok" + framed(connectRequest()),
                    "says ruok and hello")
