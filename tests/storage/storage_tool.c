/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage_tool.c - what tests/storage asks of the files of a directory.
 *
 *     import DIR        have an image (image_prepare), print what it holds
 *     export DIR        write a snapshot of the image
 *     relog FROM TO     write FROM's transactions anew into TO's log
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/image/image_prepare.h"
#include "storage/image/image_snapshot.h"
#include "storage/log/txlog.h"
#include "storage/log/txlog_reader.h"

static struct data_error error = {.offset = -1};

static void
must(int rc, const char *what)
{
    char text[DATA_ERROR_TEXT];

    if (rc >= 0)
        return;
    data_error_text(&error, text);
    fprintf(stderr, "%s: %s: %s\n", what, strerror(-rc), text);
    exit(1);
}

static void
print_hex(struct bytes b)
{
    if (b.size < 0)
        printf("null");
    for (int32_t i = 0; i < b.size; i++)
        printf("%02x", b.data[i]);
}

static int
print_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    (void)arg;
    printf("session %" PRIx64 " %" PRId32 "\n", (uint64_t)id, timeout_ms);
    return 0;
}

static int
print_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
           const struct znode_stat *s)
{
    (void)arg;
    printf("node %.*s ", path.size, (const char *)path.data);
    print_hex(data);
    printf(" ");
    print_hex(acl);
    printf(" %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
           " %d %d %d %" PRId64 "\n",
           s->czxid, s->mzxid, s->pzxid, s->ctime, s->mtime, s->version,
           s->cversion, s->aversion, s->owner);
    return 0;
}

static zxid_t
write_snapshot(struct image *im, const char *dir, enum snap_format format)
{
    struct image_snapshot s;
    zxid_t zxid;
    int rc;

    must(image_snapshot_begin(&s, im, dir, format), "snapshot");
    zxid = s.stream.zxid;
    while ((rc = image_snapshot_step(&s, 1000)) == 1)
        ;
    must(rc, "snapshot");
    return zxid;
}

static void
import(const char *dir)
{
    static const char *const origins[] = {"kept", "fresh", "imported"};
    const struct snap_visitor visitor = {print_session, print_node, NULL};
    char name[DATA_NAME_MAX], path[DATA_PATH_MAX];
    struct image_prepare p = {0};
    struct snapfile_info info;
    struct datadir d;
    struct image im;

    must(datadir_open(&d, dir, NULL, true, &error), "directory");
    must(image_prepare(&d, &p, &error), "prepare");
    must(image_open(&im, d.image, IMAGE_WRITE, &error), "open");
    printf("%s %s zxid=%" PRIx64 " txns=%" PRIu64 " digest=%" PRIu64
           " differs=%d damaged=%" PRIu32 "\n",
           origins[p.origin], *p.snapshot ? p.snapshot : "-",
           (uint64_t)im.meta.zxid, p.txns, im.meta.digest, p.digest_differs,
           p.damaged);
    data_name(name, "snapshot", write_snapshot(&im, dir, SNAP_PLAIN));
    data_path(path, dir, name);
    must(snapfile_read(path, &visitor, NULL, NULL, &info, &error), "read");
    unlink(path);
    image_close(&im);
}

static void
export_snapshot(const char *dir)
{
    struct datadir d;
    struct image im;

    must(datadir_name(&d, dir, NULL, &error), "directory");
    must(image_open(&im, d.image, IMAGE_READ, &error), "open");
    write_snapshot(&im, d.snap, SNAP_ZSTD);
    image_close(&im);
}

static void
relog(const char *from, const char *to)
{
    const struct txlog_options options = {.prealloc_bytes = 1 << 20,
                                          .roll_records = 40};
    struct txlog_reader r;
    struct datadir source, target;
    struct bytes entry;
    struct txlog l;
    zxid_t zxid;
    int rc, count = 0;

    must(datadir_name(&source, from, NULL, &error), "directory");
    must(datadir_open(&target, to, NULL, true, &error), "directory");
    must(txlog_open(&l, target.log, &options, NULL, &error), "log");
    must(txlog_reader_open(&r, source.log, TXLOG_FROM_START), "log");
    while ((rc = txlog_reader_next(&r, &entry, &zxid)) == 1) {
        must(txlog_append(&l, zxid, entry), "append");
        count++;
    }
    error = r.error;
    must(rc, "log");
    must(txlog_flush(&l), "flush");
    txlog_reader_close(&r);
    txlog_close(&l);
    printf("%d\n", count);
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "import") == 0)
        import(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "export") == 0)
        export_snapshot(argv[2]);
    else if (argc == 4 && strcmp(argv[1], "relog") == 0)
        relog(argv[2], argv[3]);
    else
        return 2;
    return 0;
}
