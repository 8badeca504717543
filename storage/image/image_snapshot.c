/* SPDX-License-Identifier: Apache-2.0 */
/* image_snapshot.c - see image_snapshot.h. */
#include "storage/image/image_snapshot.h"

static void
let_go(struct image_snapshot *s)
{
    image_stream_close(&s->stream);
    *s = (struct image_snapshot){.writer = {.fd = -1}};
}

void
image_snapshot_abort(struct image_snapshot *s)
{
    if (!image_snapshot_is_running(s))
        return;
    snapfile_writer_abort(&s->writer);
    let_go(s);
}

static int
give_up(struct image_snapshot *s, int rc)
{
    image_snapshot_abort(s);
    return rc;
}

int
image_snapshot_begin(struct image_snapshot *s, struct image *im,
                     const char *dir, enum snap_format format)
{
    int rc;

    *s = (struct image_snapshot){.writer = {.fd = -1}};
    rc = image_stream_open(&s->stream, im);
    if (rc < 0)
        return rc;
    rc = snapfile_writer_open(&s->writer, dir, s->stream.zxid, format);
    return rc < 0 ? give_up(s, rc) : 0;
}

int
image_snapshot_step(struct image_snapshot *s, size_t rows_max)
{
    uint64_t until = s->stream.done + rows_max;
    struct bytes piece;
    int rc = 1;

    while (rc == 1 && s->stream.done < until) {
        rc = image_stream_next(&s->stream, &piece);
        if (rc == 1)
            snapfile_put(&s->writer, piece);
        if (s->writer.failed)
            rc = s->writer.failed;
    }
    if (rc != 0)
        return rc < 0 ? give_up(s, rc) : 1;
    rc = snapfile_writer_end(&s->writer, s->stream.zxid, s->stream.digest);
    let_go(s);
    return rc;
}
