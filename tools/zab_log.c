/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_log.c - `zab log`: prints transaction logs, a line each transaction,
 * also of a server that is running.
 *
 * Reads file by file and shows what is there; damage, and transactions
 * missing between two files, are told on stderr and make the exit status 1.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "storage/log/txlog_reader.h"
#include "tools/zab.h"
#include "tools/zab_log_line.h"
#include "tools/zab_place.h"
#include "tools/zab_text.h"

static const char ME[] = "log";

/* How often to look again at an end that somebody may be writing. */
enum { LOOKS = 5, LOOK_US = 20000 };

enum { OPT_FROM = ZAB_OPT_OWN, OPT_TO, OPT_JSON };

static const struct option options[] = {
    ZAB_PLACE_OPTIONS,
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"json", no_argument, NULL, OPT_JSON},
    {0},
};

struct printing {
    struct zab_place place;
    zxid_t from, to;
    bool is_json;
    zxid_t last;     /* seen; 0: none yet */
    bool is_bad;     /* something was told */
    bool is_past_to; /* no need to read on */
};

static void
print_help(FILE *to)
{
    fputs("usage: zab log [-c zoo.cfg | --data DIR [--log DIR] | FILE...]\n"
          "               [--from ZXID] [--to ZXID] [--json]\n\n"
          "One line for each transaction; exit status 1 if a file is damaged "
          "or\ntransactions are missing.  The server may be "
          "running.\n\n" ZAB_PLACE_HELP
          "  --from 0xZXID       leave out what is before it\n"
          "  --to 0xZXID         ... and what is behind it\n"
          "  --json              one JSON object for each, with file and "
          "offset\n",
          to);
}

/* --- one file ------------------------------------------------------------ */

static void
tell(struct printing *p, const struct data_error *e)
{
    p->is_bad = true;
    zab_complain_error(ME, e);
}

static void
tell_unreadable(struct printing *p, const char *path, int rc)
{
    struct data_error e = {.offset = -1};

    data_error_rc(&e, path, rc, "See that it is a file that you may read.",
                  "cannot be read");
    tell(p, &e);
}

/* Unlike txlog_missing: such a gap may be bridged, and do no harm. */
static void
tell_gap(struct printing *p, const char *path, zxid_t here)
{
    struct data_error e = {.offset = -1};

    data_error_set(&e, path, -1,
                   "A server starts only if a snapshot is newer than the gap. "
                   "Bring the missing files back if not.",
                   "transactions are missing between 0x%" PRIx64
                   " and 0x%" PRIx64,
                   (uint64_t)p->last, (uint64_t)here);
    tell(p, &e);
}

/*
 * How the file ends: nothing to say, a note, or damage.  What looks broken may
 * be a write that a running server has not finished; true: it has become whole
 * while we waited, go on.
 */
static bool
look_at_end(struct printing *p, struct txlog_scan *s, const char *path,
            struct bytes *entry)
{
    struct data_error e = {.offset = -1};
    enum txlog_tail tail = TXLOG_TAIL_CLEAN;
    int rc = txlog_scan_tail(s, &tail);

    for (int i = 0; rc == 0 && tail != TXLOG_TAIL_CLEAN && i < LOOKS; i++) {
        rc = txlog_scan_next(s, entry);
        if (rc == 1)
            return true;
        usleep(LOOK_US);
        if (rc == 0)
            rc = txlog_scan_tail(s, &tail);
    }
    if (rc < 0) {
        tell_unreadable(p, path, rc);
    } else if (tail == TXLOG_TAIL_CORRUPT) {
        txlog_damage(&e, path, s->offset, p->last);
        tell(p, &e);
    } else if (tail == TXLOG_TAIL_TORN) {
        zab_complain(
            ME,
            "note: %s ends at offset %" PRIu64
            " in a write that never finished; a starting server cuts it off",
            path, s->offset);
    }
    return false;
}

static void
print_entry(struct printing *p, const char *path, uint64_t offset,
            struct bytes entry)
{
    zxid_t here = txlog_entry_zxid(entry);
    const struct zab_log_place place = {path, offset};
    struct data_error e = {.offset = -1};

    if (p->last != 0 && here > p->last && !zxid_follows(p->last, here))
        tell_gap(p, path, here);
    p->last = here;
    p->is_past_to = here > p->to;
    if (here < p->from || here > p->to)
        return;
    if (zab_put_txn(stdout, &place, entry, p->is_json) == 0)
        return;
    data_error_set(&e, path, (int64_t)offset,
                   "It comes from a version that this zab does not know, or "
                   "was made by hand.",
                   "transaction 0x%" PRIx64 " is of a kind that is not known",
                   (uint64_t)here);
    tell(p, &e);
}

/* The next entry, waiting for one that is being written: 1, 0, -errno. */
static int
next_entry(struct printing *p, struct txlog_scan *s, const char *path,
           struct bytes *entry)
{
    int rc = txlog_scan_next(s, entry);

    return rc == 0 ? look_at_end(p, s, path, entry) : rc;
}

static void
print_file(struct printing *p, const char *path)
{
    struct txlog_scan scan = {.fd = -1};
    struct data_error e = {.offset = -1};
    struct bytes entry;
    int rc = txlog_scan_open(&scan, path);

    while (rc >= 0 && !p->is_past_to &&
           (rc = next_entry(p, &scan, path, &entry)) == 1)
        print_entry(p, path,
                    scan.offset - (uint64_t)entry.size - TXLOG_RECORD_EXTRA,
                    entry);
    if (rc == -EBADMSG) {
        data_error_set(&e, path, 0,
                       "See what it is: a log begins with ZKLG, version 2.",
                       "is no transaction log");
        tell(p, &e);
    } else if (rc < 0) {
        tell_unreadable(p, path, rc);
    }
    txlog_scan_deinit(&scan);
}

/* --- which files --------------------------------------------------------- */

/* From the last file that begins at or before `from`. */
static void
print_dir(struct printing *p, const char *dir)
{
    struct data_list list;
    char path[DATA_PATH_MAX];
    int rc = data_list_read(&list, dir, DATA_LOGS);
    size_t first = 0;

    if (rc < 0)
        tell_unreadable(p, dir, rc);
    for (size_t i = 0; rc == 0 && i < list.count; i++)
        if (list.file[i].zxid <= p->from)
            first = i;
    for (size_t i = first; rc == 0 && i < list.count && !p->is_past_to; i++) {
        data_path(path, dir, list.file[i].name);
        print_file(p, path);
    }
    data_list_free(&list);
}

static int
print_all(struct printing *p, int count, char **files)
{
    struct data_error e = {.offset = -1};
    struct datadir d;

    for (int i = 0; i < count; i++) {
        p->is_past_to = false;
        print_file(p, files[i]);
    }
    if (count == 0) {
        if (!zab_place_find(&p->place, ME))
            return ZAB_USAGE;
        if (datadir_name(&d, p->place.data_found, p->place.log_found, &e) == 0)
            print_dir(p, d.log);
        else
            tell(p, &e);
    }
    return p->is_bad ? ZAB_FAILED : ZAB_OK;
}

/* --- the command --------------------------------------------------------- */

static bool
take_zxid(zxid_t *zxid, const char *text)
{
    if (zab_parse_zxid(text, zxid))
        return true;
    zab_complain(ME, "%s: a zxid is written like 0x1f", text);
    return false;
}

int
zab_log(int argc, char **argv)
{
    struct printing p = {.to = INT64_MAX};
    int option;

    while ((option = getopt_long(argc, argv, ZAB_PLACE_SHORT, options, NULL)) !=
           -1) {
        if (option == 'h') {
            print_help(stdout);
            return ZAB_OK;
        }
        if (option == OPT_JSON)
            p.is_json = true;
        else if (option == OPT_FROM || option == OPT_TO) {
            if (!take_zxid(option == OPT_FROM ? &p.from : &p.to, optarg))
                return ZAB_USAGE;
        } else if (!zab_place_take(&p.place, option, optarg))
            return ZAB_USAGE;
    }
    if (optind < argc && zab_place_is_given(&p.place)) {
        print_help(stderr);
        return ZAB_USAGE;
    }
    return print_all(&p, argc - optind, argv + optind);
}
