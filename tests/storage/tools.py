#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `zab import`, `export`, `log`, `snapshot` and `image` promise.

No zabd runs here: Apache builds the tree, the tools carry it to an image and
back, Apache says whether it is the same.
"""

import contextlib
import glob
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading

from lib import (Session, flip, given, grow, main, same, see_all, until,
                 version2, wire, zab, SHORT, ZAB, ZABD)


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="zab-tools-")
    try:
        yield path
    finally:
        shutil.rmtree(path)


def apache(**options):
    return given("apache", options)


GROWN = {}  # packing -> (directory to copy, tree seen, session)


def newest_is_whole(data):
    newest = version2(data, "snapshot.")[-1]
    return subprocess.run([ZAB, "snapshot", "show", newest],
                          capture_output=True).returncode == 0


def written(data):
    """Wait until Apache, which writes in place, is done with a snapshot."""
    until(lambda: newest_is_whole(data), "a snapshot is whole")


def kill_between_snapshots(server):
    """It may begin another one before it dies: that is not looked at."""
    data = server.path("data")
    written(data)
    server.kill()
    if not newest_is_whole(data):
        os.remove(version2(data, "snapshot.")[-1])


def grown(method=""):
    """A killed Apache's data directory, and what was in it; made once."""
    if method not in GROWN:
        kept = tempfile.mkdtemp(prefix="zab-tools-grown-")
        with apache(**{"snapCount": 90, "preAllocSize": 1024,
                       "snapshot.compression.method": method}) as server:
            server.start()
            owner, _ = grow(server.port)
            tree = see_all(server)
            kill_between_snapshots(server)
            shutil.copytree(server.path("data"), os.path.join(kept, "data"))
        GROWN[method] = os.path.join(kept, "data"), tree, owner
    return GROWN[method]


def forget():
    for kept, _, _ in GROWN.values():
        shutil.rmtree(os.path.dirname(kept))


def there_and_back(method):
    source, tree, owner = grown(method)
    suffix = "." + method if method else ""
    assert any(f.endswith(suffix) for f in version2(source, "snapshot.")[1:])
    with folder() as image, apache() as server:
        told = zab("import", "--from", source, "--data", image)
        assert "log's       0x" in told and "NOT" not in told, told
        assert "sessions    2\n" in told, told
        zab("export", "--data", image, server.path("data"))
        server.start()
        same(tree, see_all(server), "exported")
        back = owner.again(server.port)
        back.ask(wire.setData("/kinds/eph", b"still mine"))
        mine = {p for p, v in tree.items() if v[1][7] == owner.id}
        back.ask(wire.closeSession())
        after = set(see_all(server))
        assert mine and not mine & after
        assert set(tree) - after - mine <= {SHORT}


def test_plain_there_and_back():
    there_and_back("")


def test_gzip_there_and_back():
    there_and_back("gz")


def test_snappy_there_and_back():
    there_and_back("snappy")


def test_export_of_a_log_behind_the_image():
    """The image of an old snapshot, then the log: Apache replays that."""
    source, tree, _ = grown()
    with folder() as image, apache() as server:
        zab("import", "--from", source, "--data", image)
        with apache() as longer:                # the same history goes on
            shutil.rmtree(longer.path("data"))
            shutil.copytree(source, longer.path("data"))
            longer.start()
            s = Session(longer.port)
            for i in range(50):
                s.make("/kinds/later-", b"%d" % i, wire.SEQ)
            tree = see_all(longer)
            longer.kill()
            for log in version2(longer.path("data"), "log."):
                shutil.copy(log, os.path.join(image, "version-2"))
        told = zab("export", "--data", image, server.path("data"))
        # 50, a session, see_all's two; and one if SHORT went meanwhile.
        assert re.search(r" 5[34] transactions", told), told
        server.start()
        same(tree, see_all(server), "exported with a log")


def test_export_keeps_epochs_and_myid():
    source, _, _ = grown()
    with folder() as image, folder() as out:
        zab("import", "--from", source, "--data", image)
        for name, text in (("version-2/currentEpoch", "6"), ("myid", "3\n"),
                           ("version-2/acceptedEpoch", "7")):
            with open(os.path.join(image, name), "w") as f:
                f.write(text)
        zab("export", "--data", image, out)
        found = {}
        for name in ("version-2/currentEpoch", "version-2/acceptedEpoch",
                     "myid"):
            with open(os.path.join(out, name)) as f:
                found[name] = f.read()
        assert list(found.values()) == ["6", "7", "3\n"], found


def test_export_leaves_a_myid_that_is_no_number():
    """Debian's has a request to replace it; one server alone does not read
    it here, but Apache's does, and ends."""
    source, tree, _ = grown()
    with folder() as image, apache() as server:
        zab("import", "--from", source, "--data", image)
        shutil.copy("/etc/zookeeper/conf_example/myid", image)
        told = zab("export", "--data", image, server.path("data"))
        assert "myid left out" in told, told
        server.start()
        same(tree, see_all(server), "exported without")


def test_export_refuses_a_full_directory():
    source, _, _ = grown()
    with folder() as image, folder() as out:
        zab("import", "--from", source, "--data", image)
        with open(os.path.join(out, "precious"), "w") as f:
            f.write("keep")
        assert "is not empty" in zab("export", "--data", image, out, rc=1)
        assert os.listdir(out) == ["precious"]


def test_export_refuses_what_a_snapshot_is_replacing():
    """A learner died while its leader's snapshot took the place of all it
    had: image and log are there still, but maybe not all of the log."""
    source, _, _ = grown()
    with folder() as image, folder() as out:
        zab("import", "--from", source, "--data", image)
        marker = os.path.join(image, "version-2", "rebase")
        with open(marker, "w") as f:
            f.write("700000002\n")
        said = zab("export", "--data", image, os.path.join(out, "new"), rc=1)
        assert marker in said and "Start zabd" in said, said
        assert os.listdir(out) == []


def test_export_leaves_nothing_after_a_failure():
    source, _, _ = grown()
    with folder() as image, folder() as out:
        zab("import", "--from", source, "--data", image)
        with open(os.path.join(image, "version-2/currentEpoch"), "w") as f:
            f.write("nonsense")
        told = zab("export", "--data", image, os.path.join(out, "new"), rc=1)
        assert "currentEpoch" in told, told
        assert os.listdir(out) == []


def test_import_refuses_where_data_is():
    source, _, _ = grown()
    with folder() as image:
        zab("import", "--from", source, "--data", image)
        told = zab("import", "--from", source, "--data", image, rc=1)
        assert "there is data here already" in told, told


def test_import_of_a_member_leaves_its_end_open():
    """What it logged last, a quorum may not have: the image must not say so,
    or the server would refuse to cut it."""
    source, _, _ = grown()
    says = "made from a leader's snapshot"
    with folder() as image, folder() as member, folder() as work:
        zab("import", "--from", source, "--data", image)
        assert says not in zab("image", "--verify", "--data", image)
        shutil.copytree(source, work + "/data")
        for name in ("currentEpoch", "acceptedEpoch"):
            with open(work + "/data/version-2/" + name, "w") as f:
                f.write("0")
        told = zab("import", "--from", work + "/data", "--data", member)
        assert "log's       0x" in told and "NOT" not in told, told
        assert says in zab("image", "--verify", "--data", member)


def test_import_names_a_source_that_it_cannot_read():
    with folder() as work:
        told = zab("import", "--from", work + "/no", "--data", work, rc=1)
        assert work + "/no/version-2: cannot be read" in told, told
        os.makedirs(work + "/no/version-2")
        told = zab("import", "--from", work + "/no", "--from-log",
                   work + "/neither", "--data", work, rc=1)
        assert work + "/neither/version-2: cannot be read" in told, told


def test_import_falls_back_from_a_damaged_snapshot():
    source, tree, _ = grown()
    with folder() as image, folder() as work, apache() as server:
        shutil.copytree(source, work + "/data")
        newest = version2(work + "/data", "snapshot.")[-1]
        flip(newest, os.path.getsize(newest) // 2)
        told = zab("import", "--from", work + "/data", "--data", image)
        assert "1 newer snapshots could not be read" in told, told
        zab("export", "--data", image, server.path("data"))
        server.start()
        same(tree, see_all(server), "from an older snapshot")


def test_import_stops_at_a_damaged_log_and_leaves_nothing():
    source, _, _ = grown()
    with folder() as image, folder() as work:
        shutil.copytree(source, work + "/data")
        entry = entries(work + "/data")[-3]
        log = entry["file"]     # Apache may have begun another behind it
        flip(log, entry["offset"] + 20)
        told = zab("import", "--from", work + "/data", "--data", image, rc=1)
        assert log.rpartition("/")[2] in told, told
        assert "offset %d" % entry["offset"] in told, told
        assert os.listdir(image + "/version-2") == ["zabd.lock"]


MOUNT = "mount -t tmpfs -o size=100m none $0; "


def with_small_disk(place, commands, *args):
    """What they print where `place`, $0, is a disk of 100 MB for them alone."""
    return subprocess.run(["unshare", "-m", "sh", "-ec", MOUNT + commands,
                           place, *args], stdout=subprocess.PIPE, text=True)


def test_an_image_leaves_a_small_disk_to_the_log():
    """Room that is taken ahead is taken from whoever acknowledges."""
    source, _, _ = grown()
    with folder() as disk:
        if with_small_disk(disk, "true").returncode:
            return      # we may not
        done = with_small_disk(disk, "$1 import --from $2 --data $0/d >&2; "
                               "du -m $0/d/version-2/image/data.mdb", ZAB,
                               source)
        assert done.returncode == 0 and int(done.stdout.split()[0]) < 20, done


def test_import_that_is_killed_leaves_no_data_and_goes_again():
    source, _, _ = grown()
    with folder() as image:
        command = [ZAB, "import", "--from", source, "--data", image]
        room = 512 << 10    # too little for some file: that is a signal
        done = subprocess.run(command, capture_output=True, preexec_fn=lambda:
                              resource.setrlimit(resource.RLIMIT_FSIZE,
                                                 (room, room)))
        assert done.returncode == -signal.SIGXFSZ, done
        left = os.listdir(image + "/version-2")
        assert all(name.endswith((".tmp", ".lock")) for name in left), left
        assert "the same" in zab(*command[1:])
        left = os.listdir(image + "/version-2")
        assert not any(name.endswith(".tmp") for name in left), left


# --- log ---------------------------------------------------------------------

def entries(data, *more):
    return [json.loads(line) for line
            in zab("log", "--data", data, "--json", *more).splitlines()]


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


def test_log_fails_where_its_output_has_no_room():
    source, _, _ = grown()
    with open("/dev/full", "w") as full:
        done = subprocess.run([ZAB, "log", "--data", source], stdout=full,
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


NOBODY = 65534


def owners(top):
    return {path: os.lstat(path).st_uid for where, dirs, files in os.walk(top)
            for path in [os.path.join(where, f) for f in dirs + files]}


def test_what_root_imports_is_the_servers():
    """Also what an import that fails leaves, and what an export makes."""
    if os.geteuid() != 0:
        return
    source, _, _ = grown()
    with folder() as data, folder() as log, folder() as out, folder() as bad:
        for path in data, log, out, bad:
            os.chown(path, NOBODY, NOBODY)
        with folder() as backup:        # as one is that nobody shall change
            shutil.copytree(source, backup + "/data")
            for f in glob.glob(backup + "/data/version-2/*"):
                os.chmod(f, 0o444)
            zab("import", "--from", backup + "/data", "--data", data, "--log",
                log)
        zab("import", "--from", data + "/none", "--data", bad, rc=1)
        zab("export", "--data", data, "--log", log, out)
        for place in data, log, out, bad:
            found = owners(place)
            assert found and set(found.values()) == {NOBODY}, found
        for f in version2(log, "log.") + version2(data, "snapshot."):
            assert os.stat(f).st_mode & 0o600 == 0o600, f


def test_what_root_exports_to_a_new_folder_is_the_servers():
    """Apache is started on it as the user that zabd had."""
    if os.geteuid() != 0:
        return
    source, _, _ = grown()
    with folder() as data, folder() as work:
        os.chown(data, NOBODY, NOBODY)
        zab("import", "--from", source, "--data", data)
        zab("export", "--data", data, work + "/out")
        found = owners(work)
        assert work + "/out" in found, found
        assert set(found.values()) == {NOBODY}, found


def test_export_that_cannot_be_given_away_leaves_nothing():
    """Root of a container may have no right to change owners."""
    if os.geteuid() != 0:
        return
    source, _, _ = grown()
    with folder() as data, folder() as work:
        os.chown(data, NOBODY, NOBODY)
        zab("import", "--from", source, "--data", data)
        done = subprocess.run(["setpriv", "--bounding-set=-chown",
                               "--inh-caps=-chown", ZAB, "export", "--data",
                               data, work + "/out"], capture_output=True,
                              text=True)
        assert done.returncode == 1, done
        assert "cannot be given to whom" in done.stderr, done
        assert os.listdir(work) == [], owners(work)


def test_what_root_looks_at_stays_the_servers():
    """LMDB makes the lock file that a copy came without."""
    if os.geteuid() != 0:
        return
    source, _, _ = grown()
    with folder() as data:
        os.chown(data, NOBODY, NOBODY)
        zab("import", "--from", source, "--data", data)
        os.remove(data + "/version-2/image/lock.mdb")
        zab("image", "--data", data)
        found = owners(data)
        assert data + "/version-2/image/lock.mdb" in found, found
        assert set(found.values()) == {NOBODY}, found


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


# --- snapshot, image ---------------------------------------------------------

def test_snapshot_shows_each_packing():
    for method, word in (("", "plain"), ("gz", "gzip"), ("snappy", "snappy")):
        source, tree, _ = grown(method)
        snapshot = version2(source, "snapshot.")[-1]
        told = zab("snapshot", "show", snapshot)
        assert "format      %s," % word in told, told
        assert "seals       good" in told, told
        nodes = zab("snapshot", "show", "--nodes", snapshot).splitlines()
        assert nodes[0].startswith("/ data=0 "), nodes[0]
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
    "import --from /none --data=", "import --from= --data /tmp/none/either")

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
        name = line.split()[0]
        told = zab(*line.split(), rc=2)
        assert told.startswith(("zab %s: " % name, "usage: zab " + name)), \
            (line, told)


def test_every_command_ends_with_1_for_what_it_could_not_do():
    for line in IN_VAIN:
        told = zab(*line.split(), rc=1)
        assert "usage" not in told and \
            (told.startswith("zab %s: " % line.split()[0]) or
             "FAILED: nobody.invalid" in told), (line, told)


def test_stat_says_that_nothing_was_said():
    def hang_up():
        with nobody.accept()[0] as s:
            s.recv(4)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        where = "127.0.0.1:%d" % nobody.getsockname()[1]
        threading.Thread(target=hang_up).start()
        told = zab("stat", where, rc=1)
        assert where in told and "without an answer" in told, told


def test_image_that_is_not_there_is_no_damaged_one():
    with folder() as work:
        told = zab("image", "--data", work, rc=1)
        assert "no finished image" in told and "move" not in told, told


def test_image_that_is_not_ours_is_no_damaged_one():
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


def lead_astray(mdb):
    """Say of nodes that each has several values: LMDB follows that to NULL."""
    with open(mdb, "r+b") as f:
        whole = f.read()
        for page in range(2 * 4096, len(whole), 4096):
            flags, lower = struct.unpack_from("<HH", whole, page + 10)
            if flags != 2 or b"/changes/" not in whole[page:page + 4096]:
                continue            # no leaf of ours
            for at in range(page + 16, page + lower, 2):
                node, = struct.unpack_from("<H", whole, at)
                f.seek(page + node + 4)
                f.write(bytes((whole[page + node + 4] | 4,)))


def test_export_that_lmdb_ends_leaves_nothing():
    source, _, _ = grown()
    with folder() as image:
        zab("import", "--from", source, "--data", image)
        mdb, = glob.glob(image + "/version-2/image/data.mdb")
        lead_astray(mdb)
        told = zab("export", "--data", image, image + "/out", rc=1)
        assert "zab export: " in told and "the image is damaged" in told, told
        assert not os.path.exists(image + "/out")


if __name__ == "__main__":
    try:
        main(globals())
    finally:
        forget()
