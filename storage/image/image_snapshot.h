/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_snapshot.h - a snapshot file from the image, without stopping it.
 *
 * Pulls the image's stream (image_stream.h) into a file in bounded steps, so
 * that the image process can fold and snapshot in one loop.
 */
#ifndef STORAGE_IMAGE_IMAGE_SNAPSHOT_H
#define STORAGE_IMAGE_IMAGE_SNAPSHOT_H

#include "storage/image/image_stream.h"

struct image_snapshot {
    struct image_stream stream; /* which zxid, how far; closed: none runs */
    struct snapfile_writer writer;
};

static inline bool
image_snapshot_is_running(const struct image_snapshot *s)
{
    return s->stream.image != NULL;
}

/*
 * Begin one in directory `dir`, named after the image's zxid.  A snapshot of
 * that name is replaced when the new one is finished.  0 or -errno.
 */
int image_snapshot_begin(struct image_snapshot *s, struct image *im,
                         const char *dir, enum snap_format format);

/*
 * Go on for about `rows_max` rows.  1: more to do.  0: the file is there,
 * durably, and nothing is running.  -errno: given up, nothing is left of it.
 */
int image_snapshot_step(struct image_snapshot *s, size_t rows_max);

/* Give up, for instance at the end of the process. */
void image_snapshot_abort(struct image_snapshot *s);

#endif
