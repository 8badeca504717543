/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_image.c - `zab image`: looks into the LMDB image of a data directory,
 * also of a server that is running.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tools/zab.h"
#include "tools/zab_place.h"
#include "tools/zab_text.h"
#include "tools/zab_verify.h"

static const char ME[] = "image";

enum { OPT_NODES = ZAB_OPT_OWN, OPT_VERIFY };

static const struct option options[] = {
    ZAB_PLACE_OPTIONS,
    {"nodes", no_argument, NULL, OPT_NODES},
    {"verify", no_argument, NULL, OPT_VERIFY},
    {0},
};

struct asked {
    struct zab_place place;
    bool wants_nodes, wants_verify;
};

static void
print_help(FILE *to)
{
    fputs("usage: zab image [-c zoo.cfg | --data DIR [--log DIR]] "
          "[--nodes | --verify]\n\n"
          "What the LMDB image holds; the server may be "
          "running.\n\n" ZAB_PLACE_HELP
          "  --nodes             only list all nodes, one a line, as of one "
          "zxid.  Beside\n"
          "                      a running server into a file, not a pager: "
          "until all is\n"
          "                      read the image uses no page again, and what "
          "its file has\n"
          "                      grown by meanwhile it keeps\n"
          "  --verify            read every node and compare digests: the "
          "nodes', the\n"
          "                      image's, the log's; exit status 1 if they "
          "differ\n",
          to);
}

/* --- what it holds ------------------------------------------------------- */

static int
put_table(const struct image *im, MDB_txn *txn, const char *name, MDB_dbi table)
{
    MDB_stat s;
    MDB_envinfo env;
    int rc = mdb_stat(txn, table, &s);

    if (rc != 0 || (rc = mdb_env_info(im->env, &env)) != 0)
        return image_rc(rc);
    printf("%-11s rows %zu, bytes %zu, depth %u\n", name, s.ms_entries,
           (s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages) *
               s.ms_psize,
           s.ms_depth);
    return 0;
}

static int
put_file(const struct image *im)
{
    MDB_envinfo env;
    MDB_stat s;
    struct stat st;
    int fd, rc = mdb_env_info(im->env, &env);

    if (rc == 0)
        rc = mdb_env_stat(im->env, &s);
    if (rc == 0)
        rc = mdb_env_get_fd(im->env, &fd);
    if (rc != 0)
        return image_rc(rc);
    if (fstat(fd, &st) < 0)
        return -errno;
    printf("file        bytes %zu, on disk %lld, readers %u\n",
           (env.me_last_pgno + 1) * s.ms_psize, (long long)st.st_blocks * 512,
           env.me_numreaders);
    return 0;
}

static int
put_summary(struct image *im, MDB_txn *txn)
{
    const struct {
        const char *name;
        MDB_dbi table;
    } tables[] = {{"nodes", im->nodes},
                  {"long", im->longs},
                  {"ephemerals", im->ephemerals},
                  {"sessions", im->sessions}};
    int rc = image_get_meta(im, txn);

    if (rc < 0)
        return rc;
    printf("image       %s\nzxid        0x%" PRIx64 "\ndigest      0x%" PRIx64
           "\n",
           im->dir, (uint64_t)im->meta.zxid, im->meta.digest);
    for (size_t i = 0; rc == 0 && i < ARRAY_COUNT(tables); i++)
        rc = put_table(im, txn, tables[i].name, tables[i].table);
    return rc < 0 ? rc : put_file(im);
}

static int
put_node(void *arg, struct bytes path, const struct image_row *row)
{
    (void)arg;
    zab_put_node(stdout, path, row->data, row->acl, &row->stat);
    return 0;
}

static int
show(struct image *im, bool wants_nodes, struct data_error *e)
{
    MDB_txn *txn;
    int rc = image_rc(mdb_txn_begin(im->env, NULL, MDB_RDONLY, &txn));

    if (rc == 0) {
        rc = wants_nodes ? zab_each_node(im, txn, put_node, NULL)
                         : put_summary(im, txn);
        mdb_txn_abort(txn);
    }
    if (rc < 0)
        data_error_rc(e, im->dir, rc, zab_image_remedy,
                      "the image cannot be read");
    return rc;
}

static int
verify(struct image *im, const char *log_dir, struct data_error *e)
{
    struct zab_progress progress;
    struct zab_verdict v;
    bool is_good;
    int rc;

    zab_progress_begin(&progress, ME, "reading nodes");
    rc = zab_verify(im, log_dir, zab_progress, &progress, &v, e);
    zab_progress_end(&progress);
    if (rc < 0)
        return rc;
    printf("zxid        0x%" PRIx64 "\ndigest      0x%" PRIx64 "\n",
           (uint64_t)v.meta.zxid, v.meta.digest);
    zab_put_count(stdout, &v.count);
    is_good = zab_put_verdict(stdout, &v);
    if (!is_good)
        data_error_set(e, im->dir, -1, zab_image_remedy,
                       "the image is not what it says");
    return is_good ? 0 : -EBADMSG;
}

/* --- the command --------------------------------------------------------- */

static int
look_into(struct asked *a)
{
    struct data_error e = {.offset = -1};
    struct datadir d;
    struct image im;
    int rc;

    if (!zab_place_find(&a->place, ME))
        return ZAB_USAGE;
    rc = datadir_name(&d, a->place.data_found, a->place.log_found, &e);
    if (rc == 0)
        rc = image_open(&im, d.image, IMAGE_READ, &e);
    if (rc == -ENOENT)
        data_error_set(&e, d.image, -1,
                       "Name the data directory of a zabd that has run.",
                       "there is no finished image");
    if (rc == 0) {
        rc = a->wants_verify ? verify(&im, d.log, &e)
                             : show(&im, a->wants_nodes, &e);
        image_close(&im);
    }
    if (rc < 0)
        zab_complain_error(ME, &e);
    return rc < 0 ? ZAB_FAILED : ZAB_OK;
}

int
zab_image(int argc, char **argv)
{
    struct asked a = {.wants_nodes = false};
    int option;

    while ((option = getopt_long(argc, argv, ZAB_PLACE_SHORT, options, NULL)) !=
           -1) {
        if (option == 'h') {
            print_help(stdout);
            return ZAB_OK;
        }
        if (option == OPT_NODES)
            a.wants_nodes = true;
        else if (option == OPT_VERIFY)
            a.wants_verify = true;
        else if (!zab_place_take(&a.place, option, optarg))
            return ZAB_USAGE;
    }
    if (optind < argc || (a.wants_nodes && a.wants_verify)) {
        print_help(stderr);
        return ZAB_USAGE;
    }
    return look_into(&a);
}
