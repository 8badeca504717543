/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_snapshot.c - `zab snapshot show FILE` and `zab snapshot list`: reads
 * snapshot files from end to end, plain, gzip, snappy or zstd.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "storage/snap/snapfile.h"
#include "tools/zab.h"
#include "tools/zab_node.h"
#include "tools/zab_place.h"
#include "tools/zab_text.h"

static const char ME[] = "snapshot";

enum { OPT_NODES = ZAB_OPT_OWN, OPT_SESSIONS };

static const struct option options[] = {
    ZAB_PLACE_OPTIONS,
    {"nodes", no_argument, NULL, OPT_NODES},
    {"sessions", no_argument, NULL, OPT_SESSIONS},
    {0},
};

struct asked {
    struct zab_place place;
    bool wants_nodes, wants_sessions;
};

static void
print_help(FILE *to)
{
    fputs("usage: zab snapshot show FILE... [--nodes | --sessions]\n"
          "       zab snapshot list [-c zoo.cfg | --data DIR]\n\n"
          "show   read the file to its end, check its seals and its digest; "
          "exit status 1\n"
          "       if it is damaged\n"
          "list   the snapshots of a data directory, each "
          "checked\n\n" ZAB_PLACE_HELP
          "  --nodes             list the nodes instead, one a line\n"
          "  --sessions          list the sessions instead, one a line\n",
          to);
}

/* --- one file ------------------------------------------------------------ */

struct reading {
    const struct asked *asked;
    struct zab_count count;
    uint64_t sessions;
};

static int
on_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    struct reading *r = arg;

    r->sessions++;
    if (r->asked->wants_sessions)
        printf("0x%" PRIx64 " timeout_ms=%" PRId32 "\n", (uint64_t)id,
               timeout_ms);
    return 0;
}

static int
on_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
        const struct znode_stat *stat)
{
    struct reading *r = arg;

    zab_count_node(&r->count, path, data, stat);
    if (r->asked->wants_nodes)
        zab_put_node(stdout, path, data, acl, stat);
    return 0;
}

static int
read_all(const char *path, struct reading *r, struct snapfile_info *info,
         struct data_error *e)
{
    const struct snap_visitor visitor = {on_session, on_node, r};
    struct zab_progress progress;
    int rc;

    zab_progress_begin(&progress, ME, "reading");
    rc = snapfile_read(path, &visitor, zab_progress, &progress, info, e);
    zab_progress_end(&progress);
    return rc;
}

static const char *
format_name(const char *path)
{
    static const char *const names[] = {
        [SNAP_PLAIN] = "plain",
        [SNAP_GZIP] = "gzip",
        [SNAP_SNAPPY] = "snappy",
        [SNAP_ZSTD] = "zstd",
    };

    return names[snapfile_format(path)];
}

/*
 * The digest in a snapshot belongs to one zxid; only an exact snapshot holds
 * the tree of that very zxid.  Apache writes zeros when it knows none.
 */
static bool
has_digest(const struct snapfile_info *info)
{
    return info->has_digest && (info->digest != 0 || info->digest_zxid != 0);
}

static void
put_digest(const struct reading *r, const struct snapfile_info *info)
{
    if (!has_digest(info))
        puts("digest      none");
    else
        printf("digest      0x%" PRIx64 " at zxid 0x%" PRIx64 ": %s\n",
               info->digest, (uint64_t)info->digest_zxid,
               info->digest == r->count.digest
                   ? "that of its nodes, it is exact"
                   : "not that of its nodes, it is fuzzy: the log puts it "
                     "right");
}

static void
put_summary(const char *path, const struct reading *r,
            const struct snapfile_info *info)
{
    zxid_t zxid = snapfile_zxid(path);
    struct stat st;

    printf("snapshot    %s\nformat      %s, bytes %lld\n", path,
           format_name(path),
           stat(path, &st) == 0 ? (long long)st.st_size : -1);
    if (zxid >= 0)
        printf("zxid        0x%" PRIx64 "\n", (uint64_t)zxid);
    printf("sessions    %" PRIu64 "\n", r->sessions);
    zab_put_count(stdout, &r->count);
    if (info->unknown_acls > 0)
        printf("ACLs        %" PRIu64 " nodes name one that is not in it\n",
               info->unknown_acls);
    put_digest(r, info);
    puts("seals       good");
}

static int
show(const char *path, const struct asked *a)
{
    struct reading r = {.asked = a};
    struct data_error e = {.offset = -1};
    struct snapfile_info info;

    if (read_all(path, &r, &info, &e) < 0) {
        zab_complain_error(ME, &e);
        return ZAB_FAILED;
    }
    if (!a->wants_nodes && !a->wants_sessions)
        put_summary(path, &r, &info);
    return ZAB_OK;
}

/* --- all of a directory -------------------------------------------------- */

static int
list_one(const char *dir, const struct data_file *file)
{
    const struct asked nothing = {.wants_nodes = false};
    struct reading r = {.asked = &nothing};
    struct data_error e = {.offset = -1};
    struct snapfile_info info;
    char path[DATA_PATH_MAX];
    struct stat st;
    bool is_good;

    data_path(path, dir, file->name);
    is_good = read_all(path, &r, &info, &e) == 0;
    if (stat(path, &st) < 0)
        st = (struct stat){0};
    printf("%-32s zxid=0x%" PRIx64 " bytes=%lld written=", file->name,
           (uint64_t)file->zxid, (long long)st.st_size);
    zab_put_time(stdout, (wall_ms_t)st.st_mtime * 1000);
    if (is_good)
        printf(" nodes=%" PRIu64 " sessions=%" PRIu64 " %s\n", r.count.nodes,
               r.sessions,
               !has_digest(&info)              ? "good"
               : info.digest == r.count.digest ? "good,exact"
                                               : "good,fuzzy");
    else
        puts(" DAMAGED");
    if (!is_good)
        zab_complain_error(ME, &e);
    return is_good ? ZAB_OK : ZAB_FAILED;
}

static int
list(struct asked *a)
{
    struct data_error e = {.offset = -1};
    struct data_list files;
    struct datadir d;
    int result = ZAB_OK, rc;

    if (!zab_place_find(&a->place, ME))
        return ZAB_USAGE;
    rc = datadir_name(&d, a->place.data_found, a->place.log_found, &e);
    if (rc < 0) {
        zab_complain_error(ME, &e);
        return ZAB_FAILED;
    }
    rc = data_list_read(&files, d.snap, DATA_SNAPSHOTS);
    for (size_t i = 0; rc == 0 && i < files.count; i++)
        if (list_one(d.snap, &files.file[i]) != ZAB_OK)
            result = ZAB_FAILED;
    data_list_free(&files);
    if (rc < 0)
        zab_complain(ME, "%s: cannot be read: %s", d.snap, strerror(-rc));
    return rc < 0 ? ZAB_FAILED : result;
}

/* --- the command --------------------------------------------------------- */

static int
usage(void)
{
    print_help(stderr);
    return ZAB_USAGE;
}

int
zab_snapshot(int argc, char **argv)
{
    struct asked a = {.wants_nodes = false};
    int option, result = ZAB_OK;

    while ((option = getopt_long(argc, argv, ZAB_PLACE_SHORT, options, NULL)) !=
           -1) {
        if (option == 'h') {
            print_help(stdout);
            return ZAB_OK;
        }
        if (option == OPT_NODES)
            a.wants_nodes = true;
        else if (option == OPT_SESSIONS)
            a.wants_sessions = true;
        else if (!zab_place_take(&a.place, option, optarg))
            return ZAB_USAGE;
    }
    if (optind == argc || (a.wants_nodes && a.wants_sessions))
        return usage();
    if (strcmp(argv[optind], "list") == 0)
        return optind + 1 == argc && !a.wants_nodes && !a.wants_sessions
                   ? list(&a)
                   : usage();
    if (strcmp(argv[optind], "show") != 0 || optind + 1 == argc ||
        zab_place_is_given(&a.place))
        return usage();
    for (int i = optind + 1; i < argc; i++)
        if (show(argv[i], &a) != ZAB_OK)
            result = ZAB_FAILED;
    return result;
}
