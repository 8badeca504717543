#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A ZooKeeper client of one socket, to see what a service does to clients.

    client.py hold          one session, pinged until it breaks: then exit 1
    client.py timeout MS    print the session timeout that MS is granted
    client.py flood N       open N sessions at once, print how many live
    client.py create PATH   create a node; exit 0 when it is acknowledged
    client.py exists PATH   exit 0 if the node is there
    client.py word WORD     print the answer to a four letter word
"""

import socket
import struct
import sys
import time

ADDRESS = ("127.0.0.1", 2181)


class Client:
    def __init__(self, timeout_ms=30000):
        self.socket = socket.create_connection(ADDRESS, timeout=5)
        self.send(struct.pack(">iqiqi16sb", 0, 0, timeout_ms, 0, 16,
                              bytes(16), 0))
        reply = self.receive()
        self.timeout_ms = struct.unpack(">i", reply[4:8])[0]
        if self.timeout_ms <= 0:
            raise OSError("no session")

    def send(self, body):
        self.socket.sendall(struct.pack(">i", len(body)) + body)

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise OSError("closed")
            data += more
        return data

    def receive(self):
        return self.take(struct.unpack(">i", self.take(4))[0])

    def ask(self, xid, op, body=b""):
        """Send one request, return the error code of its reply."""
        self.send(struct.pack(">ii", xid, op) + body)
        return struct.unpack(">iqi", self.receive()[:16])[2]


def text(value):
    raw = value.encode()
    return struct.pack(">i", len(raw)) + raw


def hold():
    client = Client()
    while True:
        client.ask(-2, 11)
        time.sleep(0.1)


def flood(count):
    alive, clients = 0, []
    for _ in range(count):
        try:
            clients.append(Client())
            alive += 1
        except OSError:
            pass
    return alive


def create(path):
    acl = struct.pack(">ii", 1, 31) + text("world") + text("anyone")
    body = text(path) + text("x") + acl + struct.pack(">i", 0)
    return Client().ask(1, 1, body)


def word(name):
    with socket.create_connection(ADDRESS, timeout=5) as s:
        s.sendall(name.encode())
        return s.makefile().read()


def main(verb, *args):
    if verb == "hold":
        hold()
    elif verb == "timeout":
        print(Client(int(args[0])).timeout_ms)
    elif verb == "flood":
        print(flood(int(args[0])))
    elif verb == "create":
        sys.exit(create(args[0]) != 0)
    elif verb == "exists":
        sys.exit(Client().ask(1, 3, text(args[0]) + b"\0") != 0)
    elif verb == "word":
        print(word(args[0]))


main(*sys.argv[1:])
