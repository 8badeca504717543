/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_given.h - an image in a directory of its own, a batch for it, and what
 * it holds, told by the snapshot that it writes.
 */
#ifndef TESTS_UNIT_IMAGE_GIVEN_H
#define TESTS_UNIT_IMAGE_GIVEN_H

#include <stdarg.h>

#include "storage/image/image_batch.h"
#include "storage/image/image_prepare.h"
#include "storage/image/image_snapshot.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/txn_given.h"

static char base[DATA_PATH_MAX];
static struct datadir dirs;
static struct data_error error;
static struct image image;
static struct image_batch batch;

static inline void
given_directory(void)
{
    tempdir_make(base);
    CU_ASSERT_EQUAL_FATAL(datadir_open(&dirs, base, NULL, true, &error), 0);
}

static inline void
open_image(void)
{
    CU_ASSERT_EQUAL_FATAL(image_open(&image, dirs.image, IMAGE_WRITE, &error),
                          0);
    CU_ASSERT_EQUAL_FATAL(image_batch_init(&batch, &image), 0);
}

static inline void
close_image(void)
{
    image_batch_deinit(&batch);
    image_close(&image);
}

static inline void
given_fresh_image(void)
{
    struct image_prepare p = {0};

    given_directory();
    CU_ASSERT_EQUAL_FATAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_FRESH);
    CU_ASSERT_EQUAL(p.zxid, 0);
    open_image();
}

static inline void
done(void)
{
    close_image();
    datadir_close(&dirs);
    tempdir_remove(base);
}

static inline void
apply(struct bytes entry)
{
    CU_ASSERT_EQUAL(image_batch_apply(&batch, entry), 0);
}

static inline void
commit(void)
{
    CU_ASSERT_EQUAL(image_batch_commit(&batch, batch.zxid), 0);
}

/* --- what an image holds, as text ----------------------------------------- */

struct dump {
    char *text;
    size_t size, room;
    uint64_t digest; /* summed over what was seen */
    bool has_all;    /* also what the reserved nodes have */
};

static inline void
say(struct dump *d, const char *format, ...)
{
    va_list args;
    int n;

    if (d->room - d->size < 8192) {
        d->room = d->room * 2 + 65536;
        d->text = realloc(d->text, d->room);
    }
    va_start(args, format);
    n = vsnprintf(d->text + d->size, d->room - d->size, format, args);
    va_end(args);
    d->size += (size_t)n;
}

static inline int
dump_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    say(arg, "S%llx %d\n", (unsigned long long)id, timeout_ms);
    return 0;
}

static inline int
dump_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
          const struct znode_stat *s)
{
    const struct image_row row = {
        .path = BYTES_NULL, .acl = acl, .data = data, .stat = *s};
    struct dump *d = arg;

    d->digest += image_row_digest(path, &row);
    if (!d->has_all && !path_is_digested(path))
        return 0;
    say(d, "%.*s [%.*s] c%llx m%llx p%llx v%d c%d a%d o%llx\n",
        path.size > 40 ? 40 : path.size, (const char *)path.data,
        data.size > 0 ? data.size : 0, (const char *)data.data,
        (unsigned long long)s->czxid, (unsigned long long)s->mzxid,
        (unsigned long long)s->pzxid, s->version, s->cversion, s->aversion,
        (unsigned long long)s->owner);
    return 0;
}

/* Write a snapshot of the open image and leave it there, at `path`. */
static inline void
write_snapshot(char path[DATA_PATH_MAX], size_t rows_per_step)
{
    struct image_snapshot s;
    char name[DATA_NAME_MAX];
    int rc;

    CU_ASSERT_EQUAL_FATAL(
        image_snapshot_begin(&s, &image, dirs.snap, SNAP_PLAIN), 0);
    data_name(name, "snapshot", s.stream.zxid);
    data_path(path, dirs.snap, name);
    while ((rc = image_snapshot_step(&s, rows_per_step)) == 1)
        ;
    CU_ASSERT_EQUAL_FATAL(rc, 0);
}

/* The committed image as text, to be freed; its digest is verified. */
static inline char *
dump_image(bool has_all)
{
    struct dump d = {.has_all = has_all};
    const struct snap_visitor v = {dump_session, dump_node, &d};
    struct snapfile_info info = {0};
    char path[DATA_PATH_MAX];

    write_snapshot(path, 3);
    CU_ASSERT_EQUAL(snapfile_read(path, &v, NULL, NULL, &info, &error), 0);
    CU_ASSERT_EQUAL(info.digest, d.digest);
    CU_ASSERT_EQUAL(image.meta.digest, d.digest);
    CU_ASSERT_EQUAL(info.digest_zxid, image.meta.zxid);
    unlink(path);
    return d.text;
}

/* What is not reserved, a line each. */
#define HOLDS(expected)                                                        \
    do {                                                                       \
        char *text_ = dump_image(false);                                       \
        CU_ASSERT_STRING_EQUAL(text_, expected);                               \
        free(text_);                                                           \
    } while (0)

static char long_path[700];

static inline void
given_long_path(void)
{
    memset(long_path, 'x', sizeof long_path - 1);
    memcpy(long_path, "/a/", 3);
}

#endif
