/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_prepare.h - having an image that goes with the logs, at start.
 *
 * Normally it is there already and the logs go on from its zxid.  Otherwise
 * it is made: from the newest snapshot that can be read, Apache's or ours,
 * and all of the log behind it; or empty for a new server.  The new image is
 * built beside the old one and renamed when it is finished and durable.
 *
 * Image process before it is ready; tools.
 * ZK: FileTxnSnapLog.restore (spec/quorum-protocol.md 11.7, 11.9)
 */
#ifndef STORAGE_IMAGE_IMAGE_PREPARE_H
#define STORAGE_IMAGE_IMAGE_PREPARE_H

#include "storage/datadir.h"
#include "storage/image/image.h"

enum image_origin {
    IMAGE_KEPT,     /* it was there, and the log goes on from it */
    IMAGE_FRESH,    /* no data at all: an empty tree at zxid 0 */
    IMAGE_IMPORTED, /* made from a snapshot and the log */
};

struct image_prepare {
    /* asked */
    bool trusts_empty;     /* snapshot.trust.empty: logs without any snapshot */
    bool has_limit;        /* of what is replayed: while a server runs, */
    zxid_t limit;          /* what is behind it may be cut off again */
    zxid_t exact;          /* of an image that is made: image.h */
    progress_fn *progress; /* may be NULL; goes on while the log is replayed */
    void *progress_arg;
    /* answered */
    enum image_origin origin;
    zxid_t zxid;
    uint64_t nodes, sessions; /* imported */
    uint64_t txns;            /* replayed from the log in doing so */
    bool digest_differs;      /* from the leader's in the last of those, though
                                 the image is no longer fuzzy there */
    bool is_ahead;    /* kept though the log ends before it: worth a warning */
    uint32_t damaged; /* newer snapshots that could not be read */
    struct data_error damage;     /* ... the newest of them */
    char snapshot[DATA_NAME_MAX]; /* imported, or "" */
};

/*
 * Make sure that d->image is an image to start from.  Nobody else uses it, and
 * up to the limit the end of the log is clean: its writer has opened it, or
 * there is none.  0; -EBADMSG, -ENODATA: files are damaged or missing; other
 * -errno.  `e` tells.
 */
int image_prepare(const struct datadir *d, struct image_prepare *p,
                  struct data_error *e);

/* Whether it will keep the image at `zxid`: 1, 0 or -errno. */
int image_is_kept(const struct datadir *d, zxid_t zxid, progress_fn *progress,
                  void *progress_arg);

#endif
