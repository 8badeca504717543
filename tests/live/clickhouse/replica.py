# SPDX-License-Identifier: Apache-2.0
"""A ClickHouse server, as on a host of its own: it listens on loopback; data,
configuration and log are in a directory that we make."""

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from ending import die_with_parent
from ports import free_ports

QUERY_S = 60
CONFIG = """<yandex>
 <logger><level>information</level><console>1</console></logger>
 <listen_host>127.0.0.1</listen_host>
 <http_port>%(http)d</http_port>
 <tcp_port>%(tcp)d</tcp_port>
 <interserver_http_host>127.0.0.1</interserver_http_host>
 <interserver_http_port>%(interserver)d</interserver_http_port>
 <path>%(dir)s/data/</path>
 <tmp_path>%(dir)s/tmp/</tmp_path>
 <user_files_path>%(dir)s/files/</user_files_path>
 <mark_cache_size>1000000</mark_cache_size>
 <users_config>users.xml</users_config>
 <default_profile>default</default_profile>
 <default_database>default</default_database>
 <macros><replica>%(name)s</replica></macros>
 <distributed_ddl><path>/ddl</path></distributed_ddl>
 <zookeeper>%(nodes)s</zookeeper>
 <remote_servers><all><shard>
  <internal_replication>true</internal_replication>%(replicas)s
 </shard></all></remote_servers>
</yandex>
"""
USERS = """<yandex>
 <profiles><default/></profiles><quotas><default/></quotas>
 <users><default>
  <password/><profile>default</profile><quota>default</quota>
  <networks><ip>127.0.0.1</ip></networks>
 </default></users>
</yandex>
"""
NODE = "<node><host>%s</host><port>%s</port></node>"
REPLICA = "<replica><host>127.0.0.1</host><port>%d</port></replica>"


class Refused(Exception):
    """The server's own words."""


class Replica:
    """Life: configure, start, (kill, start)*, close."""

    def __init__(self, name):
        self.name, self.child = name, None
        self.dir = tempfile.mkdtemp(prefix="zk-clickhouse-%s-" % name)
        self.http, self.tcp, self.interserver = free_ports(3)

    def configure(self, hosts, replicas):
        nodes = (NODE % tuple(host.split(":")) for host in hosts.split(","))
        self._put("config.xml", CONFIG % dict(
            vars(self), nodes="".join(nodes),
            replicas="".join(REPLICA % r.tcp for r in replicas)))
        self._put("users.xml", USERS)
        self._put("log", "")

    def _put(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def __repr__(self):
        return self.name

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.child = subprocess.Popen(
                ["clickhouse-server", "--config-file=config.xml"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.dir, preexec_fn=die_with_parent)

    def kill(self):
        if self.child:
            self.child.kill()
            self.child.wait()

    def ask(self, sql):
        """The answer, lines of tab-separated values."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/" % self.http,
                                        sql.encode(), QUERY_S) as answer:
                return answer.read().decode().rstrip("\n")
        except urllib.error.HTTPError as e:
            raise Refused(e.read().decode(errors="replace")[:300]) from e

    def serves(self):
        try:
            return self.ask("select 1") == "1"
        except OSError:
            return False

    def log(self):
        with open(self.path("log"), errors="replace") as f:
            return f.read()

    def close(self):
        self.kill()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)
