# SPDX-License-Identifier: Apache-2.0
"""Connecting and reconnecting (sheet 1.4 to 1.7)."""

from harness import case
from wire import (connectRequest, create, exists, framed, getData, i32, i64,
                  ping)


@case("a new session gets id, password and its timeout")
def _(t):
    t.connect(timeout=10000)


@case("a request without the readOnly byte gets a reply without it")
def _(t):
    a = t.connect(readonly=None)
    a.exists(t.root)


@case("a request with readOnly true is answered readOnly false")
def _(t):
    t.connect(readonly=1)


@case("any non-zero byte is a true readOnly")
def _(t):
    t.connect(readonly=7)


for asked in (-2 ** 31, -1, 0, 1, 3999, 4000, 4001, 10000, 39999, 40000,
              40001, 2 ** 31 - 1):
    def clamp(t, asked=asked):
        a = t.connect(timeout=asked)
        a.drain()
    case("a timeout of %d ms is clamped to 2 and 20 ticks" % asked)(clamp)


@case("the protocol version of the request is ignored")
def _(t):
    for version in (1, -1, 2 ** 31 - 1):
        a = t.socket()
        body = i32(version) + connectRequest()[4:]
        a.raw(framed(body), "connects with version %d" % version, ["hello"],
              replies=1)
        a._learn(t.run.steps[-1].got[0][1])


@case("the password of a new session is ignored")
def _(t):
    t.connect(password=b"0123456789abcdef")


@case("a new session may come with a null password")
def _(t):
    a = t.socket()
    a.raw(framed(i32(0) + i64(0) + i32(9000) + i64(0) + i32(-1) + b"\0"),
          "connects with a null password", ["hello"], replies=1)
    a._learn(t.run.steps[-1].got[0][1])


for size in (0, 1, 15, 17, 64):
    def odd_password(t, size=size):
        t.connect(password=bytes(size))
    case("a new session may come with a password of %d bytes"
         % size)(odd_password)


@case("a null password without the readOnly byte is a connect request")
def _(t):
    a = t.socket()
    a.raw(framed(i32(0) + i64(0) + i32(9000) + i64(0) + i32(-1)),
          "connects with a null password and nothing behind", ["hello"],
          replies=1)
    a._learn(t.run.steps[-1].got[0][1])


@case("bytes behind the readOnly byte are ignored")
def _(t):
    a = t.socket()
    a.raw(framed(connectRequest() + b"more"), "connects with 4 bytes more",
          ["hello"], replies=1)
    a._learn(t.run.steps[-1].got[0][1])


@case("a reconnect gets the same session back")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    a.drop()
    b = t.connect(sid=a.sid, zxid=a.zxid)
    b.exists(t.root + "/e")


@case("a reconnect negotiates its timeout anew")
def _(t):
    a = t.connect(timeout=10000)
    a.drop()
    t.connect(sid=a.sid, timeout=1)
    t.connect(sid=a.sid, timeout=1000000)


@case("a reconnect without readOnly byte is answered without it")
def _(t):
    a = t.connect()
    a.drop()
    t.connect(sid=a.sid, readonly=None)


@case("a reconnect with a wrong password is refused with zeroes")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, password=b"0123456789abcdef", closes=True)


@case("a reconnect with a password of zeroes is refused")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, password=bytes(16), closes=True)


@case("a reconnect with a short password is refused")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, password=a.password[:15], closes=True)


@case("a reconnect with a long password is refused")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, password=a.password + b"\0", closes=True)


@case("a reconnect with a null password is refused")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.raw(framed(i32(0) + i64(0) + i32(9000) + i64(a.sid) + i32(-1) + b"\0"),
          "reconnects with a null password", ["hello"], closes=True)


@case("a refusal without readOnly byte has 36 bytes")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, password=bytes(16), readonly=None, closes=True)


@case("the session survives a refused reconnect")
def _(t):
    a = t.connect()
    a.create(t.root + "/e", flags=1)
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, password=bytes(16), closes=True)
    c = t.connect(sid=a.sid)
    c.exists(t.root + "/e")


@case("an unknown session with its right password is refused")
def _(t):
    a = t.socket()
    a.hello(sid=0x123456789abcdef, closes=True)


@case("an unknown session with a wrong password is refused")
def _(t):
    a = t.socket()
    a.hello(sid=0x123456789abcdef, password=bytes(16), closes=True)


@case("an unknown negative session id is refused")
def _(t):
    a = t.socket()
    a.hello(sid=-5, closes=True)


@case("a closed session is refused")
def _(t):
    a = t.connect()
    a.quit()
    b = t.socket()
    b.hello(sid=a.sid, closes=True)


@case("requests behind a refused reconnect are not answered")
def _(t):
    a = t.connect()
    a.quit()
    b = t.socket()

    b.raw(framed(connectRequest(sid=a.sid, password=a.password))
          + framed(i32(1) + i32(3) + i32(1) + b"/\0"),
          "reconnects and asks", ["hello", (1, 3)], closes=True)


@case("a client that has seen a later zxid is closed without a word")
def _(t):
    a = t.socket()
    a.raw(framed(connectRequest(zxid=t.z(1000000))), "connects ahead",
          ["hello"], closes=True)


@case("a zxid one ahead of the server is ahead")
def _(t):
    a = t.socket()
    a.raw(framed(connectRequest(zxid=t.z(1))), "connects one ahead",
          ["hello"], closes=True)


@case("a zxid equal to the server's is welcome")
def _(t):
    t.connect(zxid=t.z(0))


@case("a negative last zxid is welcome")
def _(t):
    t.connect(zxid=-1)
    t.connect(zxid=-2 ** 63)


@case("a reconnect that is ahead is closed and the session lives")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.raw(framed(connectRequest(zxid=t.z(50), sid=a.sid,
                                password=a.password)),
          "reconnects ahead", ["hello"], closes=True)
    t.connect(sid=a.sid)


@case("a connect ahead with the largest zxid is closed")
def _(t):
    a = t.socket()
    a.raw(framed(connectRequest(zxid=2 ** 63 - 1)), "connects ahead",
          ["hello"], closes=True)


@case("a second ConnectRequest is read as a request header")
def _(t):
    a = t.connect()
    a.raw(framed(connectRequest()), "says hello again", [(0, 0)],
          closes=True)


@case("a second ConnectRequest may look like a ping")
def _(t):
    a = t.connect()
    a.raw(framed(connectRequest(zxid=11 << 32)), "says hello as a ping",
          [(-2, 11)], replies=1)


@case("requests right behind the ConnectRequest are answered in order")
def _(t):
    a = t.socket()
    a.hello(behind=[create(t.root + "/n", "x"), getData(t.root + "/n"),
                    exists(t.root + "/no"), ping()])


@case("a hundred requests right behind the ConnectRequest are answered")
def _(t):
    a = t.socket()
    a.hello(behind=[exists(t.root)] * 100)


@case("requests right behind a reconnect are answered")
def _(t):
    a = t.connect()
    a.drop()
    b = t.socket()
    b.hello(sid=a.sid, behind=[exists(t.root), ping()])


@case("a ConnectRequest may arrive byte by byte")
def _(t):
    a = t.socket()
    data = framed(connectRequest())
    for at in range(len(data) - 1):
        a.wire.send(data[at:at + 1])
    a.raw(data[-1:], "sends the last byte", ["hello"], replies=1)
    a._learn(t.run.steps[-1].got[0][1])


for size in list(range(0, 29)) + [32, 40, 43]:
    def short(t, size=size):
        a = t.socket()
        a.raw(framed(connectRequest()[:size]), "says a short hello",
              ["hello"], closes=True)
    case("a ConnectRequest cut to %d bytes is closed without a word"
         % size)(short)


for length in (-1, -2 ** 31, 0xFFFFF + 1, 2 ** 31 - 1):
    def first_length(t, length=length):
        a = t.socket()
        a.raw(i32(length), "claims %d bytes" % length, closes=True)
    case("a first frame claiming %d bytes is closed" % length)(first_length)


@case("an HTTP request is closed without a word")
def _(t):
    a = t.socket()
    a.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "speaks HTTP", closes=True)


@case("a password claiming a negative length is closed")
def _(t):
    a = t.socket()
    a.raw(framed(i32(0) + i64(0) + i32(9000) + i64(0) + i32(-2)),
          "connects with a length of -2", ["hello"], closes=True)


@case("a password claiming a huge length is closed")
def _(t):
    a = t.socket()
    a.raw(framed(i32(0) + i64(0) + i32(9000) + i64(0) + i32(2 ** 30)
                 + bytes(17)), "connects with a huge length", ["hello"],
          closes=True)


@case("a session may be made and closed a hundred times")
def _(t):
    for _ in range(100):
        a = t.connect()
        a.quit()


@case("session ids carry the server id 1 in their top byte")
def _(t):
    a = t.connect()
    a.create(t.root + "/id", str(a.sid >> 56))
    a.getData(t.root + "/id")


@case("an impostor without the password does not disturb the session")
def _(t):
    a = t.connect()
    b = t.socket()
    b.hello(sid=a.sid, password=bytes(16), closes=True)
    a.drain()
    a.quit()
