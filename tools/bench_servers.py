# SPDX-License-Identifier: Apache-2.0
"""The servers that bench-table and bench-envelope measure, and their pages.

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
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(ROOT, "tests", "live", "lib"))

from ending import die_with_parent  # noqa: E402
from ports import free_ports  # noqa: E402

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


def recv_frame(s):
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack(">i", data[:4])[0]:
        more = s.recv(65536)
        if not more:
            raise ConnectionError("closed")
        data += more
    return data[4:]


def read_once(port, path, timeout_s=1):
    """One session, one getData, closed again: the error code, 0 if served."""
    with socket.create_connection(("127.0.0.1", port), timeout_s) as s:
        s.sendall(struct.pack(">iiqiqi16s?", 45, 0, 0, 10000, 0, 16, b"", 0))
        recv_frame(s)
        name = path.encode()
        body = struct.pack(f">iii{len(name)}s?", 1, 4, len(name), name, 0)
        s.sendall(struct.pack(">i", len(body)) + body)
        code = struct.unpack(">iqi", recv_frame(s)[:16])[2]
        s.sendall(struct.pack(">iii", 8, 2, -11))
        with contextlib.suppress(OSError):
            recv_frame(s)
        return code


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
                if read_once(self.port, path) == 0:
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


def publish(text, page, output, lacks):
    """Print the page, and write it where the operator said; else to `page`
    below docs/, where the last full run is, unless this one lacks something:
    {what: whether it does}."""
    print("\n" + text)
    lacks = [what for what, holds in lacks.items() if holds]
    if lacks and not output:
        print(f"docs/{page} stays as it was: {', '.join(lacks)}")
        return
    output = output or os.path.join(ROOT, "docs", page)
    with open(output, "w") as file:
        file.write(text)
    print(f"written to {output}")


def machine():
    """What a reader must know of the machine: (name, value) pairs."""
    cpu = "?"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                cpu = line.split(":", 1)[1].strip()
    with open("/proc/meminfo") as info:
        memory_kib = int(info.readline().split()[1])
    with open("/proc/mounts") as mounts:
        disks = [line.split()[:3] for line in mounts]
    here = os.path.realpath(BUILD)
    disk = max(
        (d for d in disks if here.startswith(d[1])), key=lambda d: len(d[1])
    )
    java = subprocess.run(["java", "-version"], stderr=subprocess.PIPE,
                          text=True).stderr if Apache.is_there() else ""
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"],
        stdout=subprocess.PIPE, text=True).stdout.strip()
    return [
        ("CPU", f"{os.cpu_count()} x {cpu}"),
        ("memory", f"{memory_kib // 1024} MiB"),
        ("kernel", os.uname().release),
        ("disk", f"{disk[0]}, {disk[2]}"),
        ("Java", java.splitlines()[0] if java else "none"),
        ("commit", commit or "?"),
    ]
