# SPDX-License-Identifier: Apache-2.0
"""The admin port."""

import contextlib
import re
import socket

from abused import case


def http(server, source="127.0.0.1", request=None):
    """A connection to the admin port, which has said `request`."""
    with open(server.path("zoo.cfg")) as f:
        port = int(re.search(r"admin.serverPort=(\d+)", f.read()).group(1))
    s = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    if request:
        s.sendall(request)
    return s


def scrape(server):
    """Whether a scrape is answered."""
    s = http(server, request=b"GET /metrics HTTP/1.0\r\n\r\n")
    with contextlib.closing(s), contextlib.suppress(OSError):
        return b"200 OK" in s.recv(1000)


@case("silent HTTP connections end after admin.idleTimeout",
      **{"admin.enableServer": "true", "admin.idleTimeout": 500})
def silent_http(server):
    for s in [http(server) for _ in range(20)]:
        with contextlib.closing(s):
            if s.recv(1):
                return "one was told something"


@case("HTTP connections of one address leave room for others",
      **{"admin.enableServer": "true"})
def slow_http(server):
    slow = [http(server, "127.0.0.2", b"GET /met") for _ in range(150)]
    if not scrape(server):
        return "a scrape found no place"
    for s in slow:
        s.close()


def said(server, request):
    """The whole answer to it."""
    s = http(server, request=request + b" HTTP/1.0\r\n\r\n")
    with contextlib.closing(s), s.makefile("rb") as f:
        return f.read()


@case("all that /commands lists is answered, and nothing else",
      **{"admin.enableServer": "true"})
def listed(server):
    paths = re.findall(rb'href="(/commands/\w+)"', said(server, b"GET /commands"))
    for path in paths:
        answer = said(server, b"GET " + path)
        if b"200 OK" not in answer or b"Unknown" in answer:
            return "%s: %s" % (path, answer)
    for code, request in ((b"404", b"GET /other"), (b"404", b"GET /commandsx"),
                          (b"405", b"POST /commands/ruok")):
        if code not in said(server, request).split(b"\r\n")[0]:
            return "%s is not answered with %s" % (request, code)
    if b"Unknown command: other" not in said(server, b"GET /commands/other"):
        return "a command that is none is not told"
    if len(paths) < 10:
        return "only %d are listed" % len(paths)


@case("HTTP nonsense does not fill the log", **{"admin.enableServer": "true"})
def http_nonsense(server):
    for _ in range(100):
        s = http(server, request=b"GET /" + bytes(100000) + b"\r\n\r\n")
        with contextlib.closing(s), contextlib.suppress(OSError):
            s.recv(1000)
    lines = server.log().splitlines()
    odd = [line for line in lines if not re.match(r"20\d\d-", line)]
    if odd or len(lines) > 60:
        return "%d lines, %d of them like %r" % (len(lines), len(odd), odd[:1])
