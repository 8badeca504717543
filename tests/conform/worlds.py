# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the servers under comparison.

A world is one configuration; each world gets a pair of servers.  Keys are
written as an operator writes them: zabd reads all of them from zoo.cfg,
Apache's options that Java takes from system properties become -D.
"""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import brink
import harness

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "live", "lib"))

from ending import die_with_parent  # noqa: E402
from ports import free_ports  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
# A child forked while another's program is written would keep that busy.
FORKING = threading.Lock()
JARS = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
JAVA = ["/usr/bin/java", "-Xmx160m", "-Xss512k", "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", "-Xshare:auto",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dzookeeper.forceSync=no",
        "-Dzookeeper.preAllocSize=1024"]
START_SECONDS = 60.0

SUPER = ("digest", "super:secret")
SUPER_DIGEST = "super:lK75jTNcA+U9vtVEw5vB51mj/w4="
SHA512 = "super:" + base64.b64encode(
    hashlib.sha512(b"super:secret").digest()).decode()

# Of these Java wants -Dzookeeper.K; the rest it takes from the file as it is.
CORE = {"tickTime", "maxClientCnxns", "minSessionTimeout",
        "maxSessionTimeout", "4lw.commands.whitelist", "reconfigEnabled"}
BARE = ("jute.", "znode.")      # and of these -DK without the prefix

BASE = {
    "clientPortAddress": "127.0.0.1",
    "tickTime": "2000",
    "maxClientCnxns": "0",
    "4lw.commands.whitelist": "*",
    "DigestAuthenticationProvider.superDigest": SUPER_DIGEST,
    "znode.container.checkIntervalMs": "3600000",
    "admin.enableServer": "false",
}

WORLDS = {
    "default": {},
    "fresh": {},
    "brink": {"extendedTypesEnabled": "true"},
    "everywhere": {"clientPortAddress": None},
    "words": {"4lw.commands.whitelist": "ruok, wchs ,nope,,mntr"},
    "reconfig": {"reconfigEnabled": "true"},
    "sha512": {"DigestAuthenticationProvider.digestAlg": "SHA-512",
               "DigestAuthenticationProvider.superDigest": SHA512},
    "ttl": {"extendedTypesEnabled": "true"},
    "quota": {"enforceQuota": "true"},
    "quick": {"tickTime": "100", "minSessionTimeout": "200",
              "maxSessionTimeout": "1000000",
              "extendedTypesEnabled": "true",
              "znode.container.checkIntervalMs": "300"},
    "idle": {"nio.sessionlessCnxnTimeout": "500"},
    "eager": {"enableEagerACLCheck": "true"},
    "skipacl": {"skipACL": "yes"},
    "enforce": {"enforce.auth.enabled": "true",
                "enforce.auth.schemes": "digest"},
    "small": {"jute.maxbuffer": "4096", "maxClientCnxns": "4",
              "4lw.commands.whitelist": None,
              "minSessionTimeout": "5000", "maxSessionTimeout": "9000",
              "globalOutstandingLimit": "1"},
    "narrow": {"globalOutstandingLimit": "1"},
    "few": {"maxCnxns": "4"},
    "tokens": {"connection_throttle_tokens": "5",
               "connection_throttle_fill_time": "100000000",
               "client.processes": "1"},
    "weights": {"connection_throttle_tokens": "4",
                "connection_throttle_fill_time": "100000000",
                "connection_throttle_weight_enabled": "true",
                "client.processes": "1"},
    "large": {"largeRequestThreshold": "1000",
              "largeRequestMaxBytes": "60000"},
    "nodigest": {"DigestAuthenticationProvider.enabled": "false",
                 "DigestAuthenticationProvider.superDigest": None},
}


def settings(world):
    merged = dict(BASE, **WORLDS[world])
    return {k: v for k, v in merged.items() if v is not None}


class Server:
    """One running server; `control` is the suite's session on it."""

    def __init__(self, kind, world):
        self.kind, self.world = kind, world
        self.dir = tempfile.mkdtemp(prefix="conform-%s-%s-" % (kind, world))
        self.port = free_ports(1)[0]
        self.process = self.control = None

    def start(self):
        self.launch()
        self.wait()

    def launch(self):
        """Start it; it dies with the thread that calls this."""
        keys = dict(settings(self.world), dataDir=self.dir + "/data",
                    clientPort=str(self.port))
        os.mkdir(keys["dataDir"])
        if self.world == "brink":
            brink.lay(keys["dataDir"])
        with FORKING, open(self.dir + "/log", "wb") as log:
            command = (self._zabd if self.kind == "zabd" else
                       self._apache)(keys)
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.dir, start_new_session=True,
                preexec_fn=die_with_parent)

    def _write(self, keys):
        path = self.dir + "/zoo.cfg"
        with open(path, "w", encoding="ascii") as f:
            f.writelines("%s=%s\n" % kv for kv in keys.items())
        return path

    def _zabd(self, keys):
        """A copy: somebody may be building while we run."""
        program = shutil.copy2(os.path.join(TOP, "build", "zabd"), self.dir)
        return [program, "-c", self._write(keys)]

    def _apache(self, keys):
        core = CORE | {"dataDir", "clientPort", "clientPortAddress"}
        config = self._write({k: v for k, v in keys.items() if k in core})
        flags = ["-D%s%s=%s" % ("" if k.startswith(BARE) else "zookeeper.",
                                k, v)
                 for k, v in keys.items() if k not in core]
        return JAVA + flags + [
            "-cp", JARS,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", config]

    def wait(self):
        """Until it serves: the suite's own session is the proof."""
        needs = SUPER if self.world != "nodigest" else None
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.control = harness.Control(self.port, needs)
                return
            except OSError as e:
                if self.process.poll() is not None:
                    raise RuntimeError("%s ended while starting:\n%s" % (
                        self, self.log_tail())) from e
                if time.monotonic() > deadline:
                    raise RuntimeError("%s does not serve:\n%s" % (
                        self, self.log_tail())) from e
            time.sleep(0.1)

    def log_tail(self, lines=15):
        with open(self.dir + "/log", errors="replace") as f:
            return "".join(f.readlines()[-lines:])

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM, then SIGKILL; the exit status, None if it was killed."""
        status = None
        if self.process is not None:
            try:
                self.process.send_signal(signal.SIGTERM)
                status = self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
        return status

    def __str__(self):
        return "%s in world %s" % (self.kind, self.world)
