#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `zab import` and `zab export` promise.

No zabd runs here: Apache builds the tree, the tools carry it to an image and
back, Apache says whether it is the same.
"""

import glob
import os
import re
import resource
import shutil
import signal
import struct
import subprocess

from grown import apache, entries, folder, forget, grown
from lib import (LeftOut, Session, flip, main, needs_root, same, see_all,
                 version2, wire, zab, SHORT, ZAB)


# --- there and back ----------------------------------------------------------

def there_and_back(method):
    source, tree, owner = grown(method)
    suffix = "." + method if method else ""
    assert any(f.endswith(suffix) for f in version2(source, "snapshot.")[1:])
    with folder() as image, apache() as server:
        told = zab("import", "--from", source, "--data", image)
        assert "log's       0x" in told and "NOT" not in told, told
        assert "sessions    3\n" in told, told
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


# --- export ------------------------------------------------------------------

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


# --- import ------------------------------------------------------------------

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
    """And makes nothing."""
    with folder() as work:
        new = work + "/new"
        told = zab("import", "--from", work + "/no", "--data", new, rc=1)
        assert work + "/no/version-2: cannot be read" in told, told
        os.makedirs(work + "/no/version-2")
        told = zab("import", "--from", work + "/no", "--from-log",
                   work + "/neither", "--data", new, rc=1)
        assert work + "/neither/version-2: cannot be read" in told, told
        assert os.listdir(work) == ["no"]


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
            raise LeftOut("it may not be given one")
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


# --- whose the files are -----------------------------------------------------

NOBODY = 65534


def owners(top):
    return {path: os.lstat(path).st_uid for where, dirs, files in os.walk(top)
            for path in [os.path.join(where, f) for f in dirs + files]}


def test_what_root_imports_is_the_servers():
    """Also what an import that fails leaves, and what an export makes."""
    needs_root()
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
        with folder() as empty:
            os.mkdir(empty + "/version-2")
            zab("import", "--from", empty, "--data", bad, rc=1)
        zab("export", "--data", data, "--log", log, out)
        for place in data, log, out, bad:
            found = owners(place)
            assert found and set(found.values()) == {NOBODY}, found
        for f in version2(log, "log.") + version2(data, "snapshot."):
            assert os.stat(f).st_mode & 0o600 == 0o600, f


def test_what_root_exports_to_a_new_folder_is_the_servers():
    """Apache is started on it as the user that zabd had."""
    needs_root()
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
    needs_root()
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
    needs_root()
    source, _, _ = grown()
    with folder() as data:
        os.chown(data, NOBODY, NOBODY)
        zab("import", "--from", source, "--data", data)
        os.remove(data + "/version-2/image/lock.mdb")
        zab("image", "--data", data)
        found = owners(data)
        assert data + "/version-2/image/lock.mdb" in found, found
        assert set(found.values()) == {NOBODY}, found


if __name__ == "__main__":
    try:
        main(globals())
    finally:
        forget()
