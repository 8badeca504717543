#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `zab log`, `snapshot` and `image` tell of a directory, and what every
command says of itself.  No zabd runs here.
"""

import glob
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading

from grown import entries, folder, forget, grown
from lib import flip, main, needs_root, until, version2, zab, ZAB, ZABD
from wait import PATIENCE_S


# --- log ---------------------------------------------------------------------

def test_log_prints_every_transaction():
    source, _, _ = grown()
    zxids = [int(e["zxid"], 16) for e in entries(source)]
    assert zxids == list(range(1, len(zxids) + 1))
    text = zab("log", "--data", source).splitlines()
    assert [int(line.split()[0], 16) for line in text] == zxids


def test_log_tells_what_each_kind_holds():
    source, tree, owner = grown()
    found = entries(source)
    by_path = {e["path"]: e for e in found
               if e["type"].startswith("create") and "path" in e}
    assert by_path["/kinds/eph"]["owner"] == "0x%x" % owner.id
    assert by_path["/kinds/box"]["owner"] == "container"
    assert by_path["/kinds/ttl"]["owner"] == "ttl=3600000"
    assert by_path["/data/null"]["data"] is None
    assert by_path["/data/big"]["data"] == 900000
    assert by_path["/acl/read"]["acl"] == "world:anyone:r"
    assert "/names/Grüße" in by_path
    kinds = {e["type"] for e in found}
    assert kinds >= {"createSession", "closeSession", "create", "setData",
                     "setACL", "delete", "multi", "error", "createContainer",
                     "createTTL"}, kinds
    good, bad = [e for e in found if e["type"] == "multi"]
    assert [c["op"] for c in good["changes"]] == [
        "create", "create", "create", "create", "setData", "check", "delete"]
    assert [c.get("err") for c in bad["changes"]] == [None, -103]
    closed = [e["paths"] for e in found if e.get("deletes") == 6]
    assert len(closed) == 1 and "/quit" in closed[0]


def test_log_shows_a_range():
    source, _, _ = grown()
    found = entries(source, "--from", "0x10", "--to", "0x12")
    assert [e["zxid"] for e in found] == ["0x10", "0x11", "0x12"]


def test_log_reports_damage_with_its_offset():
    source, _, _ = grown()
    with folder() as work:
        shutil.copytree(source, work + "/data")
        found = entries(work + "/data")
        log, hit = found[3]["file"], found[3]["offset"]
        flip(log, hit + 30)
        told = zab("log", log, rc=1)
        assert "%s, offset %d" % (log, hit) in told or \
            (log in told and str(hit) in told), told
        assert "0x3" in told, told


def test_log_reports_a_gap():
    source, _, _ = grown()
    with folder() as work:
        shutil.copytree(source, work + "/data")
        logs = version2(work + "/data", "log.")
        assert len(logs) > 2
        os.remove(logs[1])
        told = zab("log", "--data", work + "/data", rc=1)
        assert "transactions are missing between" in told, told


def test_log_knows_what_is_no_log():
    source, _, _ = grown()
    snapshot = version2(source, "snapshot.")[-1]
    assert "is no transaction log" in zab("log", snapshot, rc=1)


# --- snapshot ----------------------------------------------------------------

def test_snapshot_shows_each_packing():
    for method, word in (("", "plain"), ("gz", "gzip"), ("snappy", "snappy")):
        source, tree, _ = grown(method)
        snapshot = version2(source, "snapshot.")[-1]
        told = zab("snapshot", "show", snapshot)
        assert "format      %s," % word in told, told
        assert "seals       good" in told, told
        nodes = zab("snapshot", "show", "--nodes", snapshot).splitlines()
        assert nodes[0].startswith("/ data="), nodes[0]
        assert "nodes       %d" % len(nodes) in told, told


def test_snapshot_finds_every_flipped_byte():
    """In the header, a node, a seal, the digest: none goes unseen."""
    source, _, _ = grown()
    snapshot = version2(source, "snapshot.")[-1]
    size = os.path.getsize(snapshot)
    with folder() as work:
        copy = os.path.join(work, os.path.basename(snapshot))
        for at in [0, 17, 40, 200, size // 2, size - 40, size - 30,
                   size - 20, size - 8]:
            shutil.copy(snapshot, copy)
            flip(copy, at)
            told = zab("snapshot", "show", copy, rc=1)
            assert copy in told and "offset" in told, (at, told)


def test_snapshot_finds_damage_in_each_packing():
    for method in "gz", "snappy":
        source, _, _ = grown(method)
        snapshot = version2(source, "snapshot.")[-1]
        with folder() as work:
            copy = os.path.join(work, os.path.basename(snapshot))
            shutil.copy(snapshot, copy)
            flip(copy, os.path.getsize(copy) // 2)
            assert "damaged" in zab("snapshot", "show", copy, rc=1)
            shutil.copy(snapshot, copy)
            os.truncate(copy, os.path.getsize(copy) * 2 // 3)
            assert "damaged" in zab("snapshot", "show", copy, rc=1)


def test_snapshot_finds_a_name_of_a_later_zxid():
    source, _, _ = grown()
    with folder() as work:
        shutil.copytree(source, work + "/data")
        newest = version2(work + "/data", "snapshot.")[-1]
        later = work + "/data/version-2/snapshot.ffff"
        os.rename(newest, later)
        told = zab("snapshot", "show", later, rc=1)
        assert "not of what its name says" in told, told


def test_snapshot_list_checks_all():
    source, _, _ = grown()
    count = len(version2(source, "snapshot."))
    lines = zab("snapshot", "list", "--data", source).splitlines()
    assert len(lines) == count and all(" good" in li for li in lines), lines
    with folder() as work:
        shutil.copytree(source, work + "/data")
        flip(version2(work + "/data", "snapshot.")[-1], 3000)
        told = zab("snapshot", "list", "--data", work + "/data", rc=1)
        assert "damaged" in told, told


# --- image -------------------------------------------------------------------

def test_image_lists_the_nodes():
    source, tree, _ = grown()
    with folder() as image:
        zab("import", "--from", source, "--data", image)
        told = zab("image", "--data", image)
        assert "zxid        0x" in told, told
        nodes = zab("image", "--nodes", "--data", image).splitlines()
        listed = {n.split(" ")[0] for n in nodes}
        plain = {p for p in tree if " " not in p and "\\" not in p}
        assert len(listed) == len(tree)
        assert plain <= listed, plain - listed


def test_image_that_is_not_there_is_no_damaged_one():
    with folder() as work:
        told = zab("image", "--data", work, rc=1)
        assert "no finished image" in told and "move" not in told, told


def test_image_that_is_not_ours_is_no_damaged_one():
    needs_root()
    source, _, _ = grown()
    with folder() as image, folder() as for_all:
        os.chmod(for_all, 0o755)    # our own folder may be root's alone
        zab("import", "--from", source, "--data", image)
        done = subprocess.run([shutil.copy(ZAB, for_all), "image", "--data",
                               image], user=65534, group=65534,
                              extra_groups=[], capture_output=True, text=True)
        assert done.returncode == 1, done
        assert "Permission denied. Be the server's user" in done.stderr, done


def test_image_verify_finds_a_changed_node():
    source, _, _ = grown()
    with folder() as image:
        zab("import", "--from", source, "--data", image)
        assert "NOT" not in zab("image", "--verify", "--data", image)
        mdb, = glob.glob(image + "/version-2/image/data.mdb")
        with open(mdb, "rb") as f:
            whole = f.read()
        for hit in re.finditer(rb"/changes/n0(?=.{40,120}a second life)", whole,
                               re.DOTALL):
            flip(mdb, hit.end() + 6)   # in its stat; old pages hold it too
        told = zab("image", "--verify", "--data", image, rc=1)
        assert "not what it says" in told, told
        told = zab("export", "--data", image, image + "/out", rc=1)
        assert "the image is damaged" in told and "move this" in told, told
        assert not os.path.exists(image + "/out")


def test_image_that_lmdb_dies_of_is_damaged_as_any_other():
    """The status is 1, and the command says it, not a server.  Pages are
    missing behind its end, and who looks may not make it longer."""
    needs_root()
    source, _, _ = grown()
    with folder() as image, folder() as for_all:
        zab("import", "--from", source, "--data", image)
        for path in for_all, image, image + "/version-2", \
                image + "/version-2/image":
            os.chmod(path, 0o755)
        mdb, = glob.glob(image + "/version-2/image/data.mdb")
        os.chmod(mdb, 0o444)
        os.chmod(mdb.replace("data", "lock"), 0o666)
        os.truncate(mdb, 3 * 4096)
        done = subprocess.run([shutil.copy(ZAB, for_all), "image", "--data",
                               image], user=65534, group=65534,
                              extra_groups=[], capture_output=True, text=True)
        assert done.returncode == 1, done
        assert done.stderr.startswith("zab image: " + image), done
        assert "the image is damaged: what it says leads out" in done.stderr
        assert "move this directory away" in done.stderr, done


# --- every command -----------------------------------------------------------

def commands():
    named = re.findall(r"^  (\w+) ", zab("help"), re.M)
    assert "stat" in named, named
    return named


def test_every_command_tells_its_options():
    for name in commands():
        for word in "--help", "-h":
            told = zab(name, word)
            assert told.startswith("usage: zab " + name), told


def test_every_command_says_whose_option_is_none():
    for name in commands():
        told = zab(name, "--nonsense", rc=2)
        assert told.startswith(("zab %s: " % name, "usage: zab " + name)), told


NOWHERE = "127.0.0.1:1"

BAD_ARGUMENTS = (
    "stat localhost", "stat localhost:99999", "stat :2181", "stat",
    "stat -x", "stat %s ruok?" % NOWHERE, "digest localhost",
    "digest %s localhost" % NOWHERE, "digest",
    "bench get --hosts localhost", "bench get --hosts %s,," % NOWHERE,
    "bench get --hosts " + ",".join([NOWHERE] * 17),
    "bench get --compare localhost --with " + NOWHERE,
    "bench get --compare %s --with %s --pids 1" % (NOWHERE, NOWHERE),
    "bench get --compare %s --with %s --pids 1,2x" % (NOWHERE, NOWHERE),
    "bench get --depth 0", "bench nothing", "bench get set", "bench",
    "ring", "ring one", "ring 1 2", "ring 1 --seconds never", "image what",
    "image --nodes --verify", "image --log /tmp", "image -c", "log --from 7",
    "log --data /tmp FILE", "snapshot", "snapshot show", "snapshot look",
    "snapshot list --nodes", "snapshot list FILE", "export", "export a b",
    "import", "import --from /tmp", "import --from /tmp --data /tmp what",
    "import --from", "image --data=", "log --data=", "snapshot list --data=",
    "export --data= out", "image --data /tmp --log=",
    "import --from /none --data=", "import --from= --data /tmp/none/either",
    "import --from /tmp --from-log= --data /tmp/none/either",
    "export --data /tmp ''", "snapshot show --nodes --sessions FILE",
    "log --to 0xffffffffffffffff --data /tmp")

# The world is not as they say: no server, no process, no file.
IN_VAIN = (
    "stat " + NOWHERE, "stat nobody.invalid:2181", "digest " + NOWHERE,
    "bench get --compare nobody.invalid:2181 --with " + NOWHERE,
    "ring 4194000", "image --data /none", "log --data /none", "log /none",
    "snapshot show /none", "snapshot list --data /none",
    "export --data /none /none/either",
    "import --from /none --data /none/either")


def test_every_command_ends_with_2_for_bad_arguments():
    """And begins with its name, or with what it takes."""
    for line in BAD_ARGUMENTS:
        name, *words = shlex.split(line)
        told = zab(name, *words, rc=2)
        assert told.startswith(("zab %s: " % name, "usage: zab " + name)), \
            (line, told)


def test_every_command_ends_with_1_for_what_it_could_not_do():
    for line in IN_VAIN:
        told = zab(*line.split(), rc=1)
        assert "usage" not in told and \
            (told.startswith("zab %s: " % line.split()[0]) or
             "FAILED: nobody.invalid" in told), (line, told)


def test_words_for_nobody_go_into_no_file():
    """A file that is opened takes the place of an output that is closed, as
    LMDB's lock file does, which a server may be using."""
    source, _, _ = grown()
    with folder() as data:
        zab("import", "--from", source, "--data", data)
        lock, = glob.glob(data + "/version-2/image/lock.mdb")
        size = os.path.getsize(lock)
        for closed, status in (("2>&-", 0), (">&-", 1), ("<&- >&-", 1),
                               ("<&- >&- 2>&-", 1)):
            done = subprocess.run("exec %s image --nodes --data %s %s" % (
                ZAB, data, closed), shell=True, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE)
            assert done.returncode == status, (closed, done)
            assert os.path.getsize(lock) == size, closed


def test_a_command_fails_where_its_output_has_no_room():
    source, _, _ = grown()
    for words in ["log", "--data", source], ["log", "--help"], ["help"]:
        with open("/dev/full", "w") as full:
            done = subprocess.run([ZAB, *words], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        assert done.returncode == 1, done
        assert "not complete: No space left on device" in done.stderr, done


def test_zabd_fails_where_its_output_has_no_room():
    for option in "-p", "-t", "-V", "-h":
        with open("/dev/full", "w") as full:
            done = subprocess.run([ZABD, option, "-D", "dataDir=/tmp"],
                                  stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        assert done.returncode != 0, (option, done)
        assert "not complete: No space left" in done.stderr, (option, done)


def test_bench_says_that_its_server_is_nobody():
    for options in (["--pid", "4194303"],
                    ["--compare", "127.0.0.1:1", "--with", "127.0.0.1:1",
                     "--pids", "%d,4194303" % os.getpid()]):
        told = zab("bench", "get", *options, rc=1)
        assert "no process 4194303" in told, told


def test_bench_of_a_disk_ends_when_it_is_interrupted():
    with folder() as work:
        bench = subprocess.Popen([ZAB, "bench", "disk", "--dir", work,
                                  "--seconds", "600"])
        try:
            until(lambda: any(os.readlink(fd).startswith(work) for fd in
                              glob.glob("/proc/%d/fd/*" % bench.pid)),
                  "it writes")
            bench.send_signal(signal.SIGINT)
            assert bench.wait(PATIENCE_S) != 0
        finally:
            bench.kill()
            bench.wait()


def test_progress_stays_one_line_of_a_terminal():
    """However narrow that is: in the next line nothing would replace it."""
    screen, terminal = pty.openpty()
    subprocess.run([ZAB, "bench", "get", "--hosts", NOWHERE, "--limit", "2"],
                   stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    with open(screen, "rb", buffering=0) as f:
        told = f.read(1 << 16)
    assert b"connecting" in told, told
    rest = re.sub(rb"\x1b\[\?7l.*?\x1b\[\?7h", b"", told)
    assert b"connecting" not in rest, told


def test_stat_says_that_nothing_was_said():
    def hang_up():
        with nobody.accept()[0] as s:
            s.recv(4)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        where = "127.0.0.1:%d" % nobody.getsockname()[1]
        threading.Thread(target=hang_up).start()
        told = zab("stat", where, rc=1)
        assert where in told and "without an answer" in told, told


if __name__ == "__main__":
    try:
        main(globals())
    finally:
        forget()
