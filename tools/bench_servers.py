# SPDX-License-Identifier: Apache-2.0
"""The servers that bench-table and bench-envelope measure, and `zab bench`.

Each is started on loopback with a fresh data directory on the disk of the
build folder, and ended by its pid with all its descendants, whatever
happens.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(ROOT, "tests", "live", "lib"))

from ending import die_with_parent  # noqa: E402
from ports import free_ports  # noqa: E402
from session import Session, wire  # noqa: E402

BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
ZAB = os.path.join(BUILD, "zab")


class Trouble(Exception):
    """A server or the generator did not do its job."""


def descendants(pid):
    """The pid and all its descendants, parents first."""
    found = [pid]
    for parent in found:
        path = f"/proc/{parent}/task/{parent}/children"
        with contextlib.suppress(OSError), open(path) as children:
            found += [int(child) for child in children.read().split()]
    return found


def memory(pid):
    """Bytes of PSS of the whole tree of processes, by kind."""
    total = {"Pss": 0, "Pss_Anon": 0, "Pss_Shmem": 0, "Pss_File": 0}
    for one in descendants(pid):
        with contextlib.suppress(OSError):
            with open(f"/proc/{one}/smaps_rollup") as rollup:
                for line in rollup:
                    name, _, value = line.partition(":")
                    if name in total:
                        total[name] += int(value.split()[0]) * 1024
    return total


class Visitor(Session):
    """One who tries again when a server that starts says nothing."""

    patience = 1


def serves(port, path):
    """One session, one getData, closed again: was it answered well?"""
    with contextlib.closing(Visitor(port)) as s:
        answer = s.ask(wire.getData(path))
        s.ask(wire.closeSession())
        return answer is not None and answer.error == 0


class Server:
    """A server on a port and a directory of its own."""

    name = "?"

    def __init__(self, work):
        self.dir = tempfile.mkdtemp(prefix=f"{self.name}-", dir=work)
        self.port = free_ports(1)[0]
        self.process = None

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def command(self):
        raise NotImplementedError

    def exec(self):
        log = open(os.path.join(self.dir, "log"), "ab")
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.dir,
        )
        log.close()

    def start(self, path="/", patience_s=120):
        """Exec, wait until `path` is read; the seconds that took."""
        began = time.monotonic()
        self.exec()
        while time.monotonic() < began + patience_s:
            if self.process.poll() is not None:
                raise Trouble(f"{self.name} ended: {self.last_words()}")
            try:
                if serves(self.port, path):
                    return time.monotonic() - began
            except OSError:
                pass
            time.sleep(0.002)
        raise Trouble(f"{self.name} serves no read: {self.last_words()}")

    def last_words(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as log:
            return " | ".join(log.read().strip().splitlines()[-3:])

    def kill(self):
        """kill -9 to every process of it, at once."""
        if self.process is None:
            return
        for one in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class Bare(Server):
    name = "bare"

    def command(self):
        return [os.path.join(BUILD, "bareserver"), str(self.port)]


class Configured(Server):
    """One that reads a zoo.cfg; `extra` adds lines to it."""

    def __init__(self, work, **extra):
        super().__init__(work)
        self.data = os.path.join(self.dir, "data")
        os.mkdir(self.data)
        self.configure(**extra)

    def configure(self, **extra):
        lines = {
            "tickTime": 2000,
            "dataDir": self.data,
            "clientPort": self.port,
            "clientPortAddress": "127.0.0.1",
            "maxClientCnxns": 0,
            "admin.enableServer": "false",
            "4lw.commands.whitelist": "*",
            **extra,
        }
        self.config = os.path.join(self.dir, "zoo.cfg")
        with open(self.config, "w") as config:
            for key, value in lines.items():
                print(f"{key}={value}", file=config)

    def snapshots(self):
        """The names of the snapshots there are, and of one that is begun."""
        version2 = os.path.join(self.data, "version-2")
        with contextlib.suppress(OSError):
            return {n for n in os.listdir(version2) if "snapshot" in n}
        return set()

    def snapshots_since(self, before):
        """Those begun since `before` were there; of zabd's, which have another
        name until they are whole, those that ended, too."""
        return {n for n in self.snapshots() - before
                if not n.endswith(".tmp") and n + ".tmp" not in before}

    def rest_s(self, znodes):
        """How long after its exec it takes no snapshot, whatever snapCount
        says."""
        return 0

    def image_written(self):
        """When a commit last wrote its image, in ns; None without one."""
        return None


class Apache(Configured):
    """Debian's server, on the class path that its zkEnv.sh says."""

    name = "apache"
    env_script = "/usr/share/zookeeper/bin/zkEnv.sh"
    main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"

    @classmethod
    def is_there(cls):
        return os.path.exists(cls.env_script)

    def command(self):
        with open(self.env_script) as script:
            found = re.search(r'^CLASSPATH="(.*)"', script.read(), re.M)
        return [
            "java",
            "-Xmx1g",
            "-Dzookeeper.admin.enableServer=false",
            "-cp",
            found.group(1),
            self.main,
            self.config,
        ]


class Zabd(Configured):
    name = "zabd"

    @classmethod
    def is_there(cls):
        return os.access(os.path.join(BUILD, "zabd"), os.X_OK)

    def command(self):
        return [os.path.join(BUILD, "zabd"), "-c", self.config]

    def rest_s(self, znodes):
        """Snapshots take 2 % of the time at most, as if one behind a start
        took a ms for 1,000 znodes: storage/image/snapshot_due.c."""
        return 49 * znodes / 1e6

    def image_written(self):
        image = os.path.join(self.data, "version-2", "image", "data.mdb")
        return os.stat(image).st_mtime_ns


def start_bench(workload, server, *flags, **options):
    """A running `zab bench`; finish_bench waits for it."""
    command = [ZAB, "bench", workload, "--json", "--quiet", *flags]
    if server:
        command += ["--hosts", server.host, "--pid", str(server.pid)]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), str(value)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=die_with_parent,
    )


def finish_bench(process):
    """The JSON of a `zab bench`; Trouble when the run failed."""
    out, err = process.communicate()
    what = " ".join(process.args[2:3])
    if not out:
        raise Trouble(f"zab bench {what}: {err.strip()}")
    result = json.loads(out)
    if result["failure"]:
        raise Trouble(f"zab bench {what}: {result['failure']}")
    return result


def bench(workload, server, *flags, **options):
    return finish_bench(start_bench(workload, server, *flags, **options))
