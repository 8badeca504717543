# SPDX-License-Identifier: Apache-2.0
"""A Patroni and its PostgreSQL, as on a host of their own.

They live in a process namespace of their own, as the packages' user: kill()
ends all of it at once, as a power cut would, and nothing of it outlives us.
Both listen on loopback; data, configuration and log are in a directory that we
make."""

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import urllib.request

import psycopg2

from ending import die_with_parent
from ports import free_ports

USER = "postgres"      # PostgreSQL refuses to run as root
PROGRAMS = "/usr/lib/postgresql/15/bin"
SCOPE = "live"
# A third of the defaults: a failover takes the ttl.
TIMING = {"ttl": 10, "loop_wait": 2, "retry_timeout": 4}
SMALL = {"shared_buffers": "16MB", "max_connections": 30, "fsync": "off",
         "max_worker_processes": 4, "autovacuum": "off"}
# The first process of the namespace dies with us, and all others with it.
ALONE = ["unshare", "--fork", "--pid", "--kill-child", "--mount-proc",
         "setpriv", "--reuid", USER, "--regid", USER, "--clear-groups",
         "--pdeathsig", "KILL"]


class Instance:
    """Life: start, (kill, start)*, close."""

    def __init__(self, name, hosts):
        self.name, self.child = name, None
        self.dir = tempfile.mkdtemp(prefix="zk-patroni-%s-" % name)
        self.port, self.rest_port = free_ports(2)
        self.conf = self.path("patroni.yml")
        with open(self.conf, "w") as f:
            json.dump(self._configuration(hosts), f, indent=1)  # that is YAML
        user = pwd.getpwnam(USER)
        os.chown(self.dir, user.pw_uid, user.pw_gid)

    def _configuration(self, hosts):
        rest = "127.0.0.1:%d" % self.rest_port
        return {
            "scope": SCOPE, "name": self.name,
            "restapi": {"listen": rest, "connect_address": rest},
            "zookeeper": {"hosts": hosts.split(",")},
            "bootstrap": {
                "dcs": dict(TIMING, synchronous_mode=True, postgresql={
                    "use_pg_rewind": True, "parameters": SMALL}),
                "initdb": [{"encoding": "UTF8"}, "data-checksums"]},
            "postgresql": self._database(),
        }

    def _database(self):
        place = "127.0.0.1:%d" % self.port
        return {
            "listen": place, "connect_address": place, "bin_dir": PROGRAMS,
            "data_dir": self.path("data"), "pgpass": self.path("pgpass"),
            "basebackup": [{"checkpoint": "fast"}],
            "parameters": {"unix_socket_directories": self.dir},
            "pg_hba": ["local all all trust",
                       "host all all 127.0.0.1/32 trust",
                       "host replication all 127.0.0.1/32 trust"],
            "authentication": {
                "superuser": {"username": USER, "password": "x"},
                "replication": {"username": "copy", "password": "x"}},
        }

    def __repr__(self):
        return self.name

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.child = subprocess.Popen(
                ALONE + ["patroni", self.conf], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, cwd=self.dir,
                preexec_fn=die_with_parent)

    def kill(self):
        if self.child:
            self.child.kill()
            self.child.wait()

    def _rest(self, path):
        return urllib.request.urlopen("http://127.0.0.1:%d/%s" % (
            self.rest_port, path), timeout=2)

    def _is(self, role):
        with contextlib.suppress(OSError):
            return self._rest(role).status == 200
        return False

    def is_primary(self):
        """Does it hold the lock, with a PostgreSQL that takes writes?"""
        return self._is("primary")

    def is_heir(self):
        """May it take over?  It has every write before it is acknowledged."""
        return self._is("synchronous")

    def timeline(self):
        """It grows when a PostgreSQL is promoted."""
        return json.load(self._rest("patroni"))["timeline"]

    def connect(self):
        c = psycopg2.connect(host="127.0.0.1", port=self.port, user=USER,
                             password="x", dbname="postgres",
                             connect_timeout=3)
        c.autocommit = True
        return c

    def rows(self, sql):
        with contextlib.closing(self.connect()) as c, c.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def log(self, mark=0):
        with open(self.path("log"), errors="replace") as f:
            f.seek(mark)
            return f.read()

    def mark(self):
        return os.path.getsize(self.path("log"))

    def close(self):
        self.kill()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
