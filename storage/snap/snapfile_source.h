/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_source.h - the bytes of a snapshot file, unpacked.
 * Private to storage/snap/.
 */
#ifndef STORAGE_SNAP_SNAPFILE_SOURCE_H
#define STORAGE_SNAP_SNAPFILE_SOURCE_H

#include "storage/snap/snapfile.h"

struct snap_source {
    int fd;
    enum snap_format format;
    void *unpacker; /* z_stream, ZSTD_DStream, struct snappy_state */
    uint8_t *in;    /* bytes of the file */
    size_t in_at, in_size;
    uint64_t read;     /* bytes of the file read so far */
    uint64_t size;     /* of the file */
    bool at_frame_end; /* the file may end here */
};

/* 0 or -errno.  Close in any case. */
int snap_source_open(struct snap_source *s, const char *path,
                     enum snap_format format);
void snap_source_close(struct snap_source *s);

/*
 * Up to `size` unpacked bytes: how many, 0 at the end, -EBADMSG when the
 * packing is damaged or cut off, other -errno.
 */
int64_t snap_source_read(struct snap_source *s, uint8_t *out, size_t size);

#endif
