/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_forget.h - before a cut of the log: what holds more than it leaves
 * goes.
 *
 * The log process, which has the image process's files meanwhile.
 */
#ifndef STORAGE_IMAGE_IMAGE_FORGET_H
#define STORAGE_IMAGE_IMAGE_FORGET_H

#include "storage/datadir.h"

/*
 * Before the log is cut behind `zxid`: remove image and snapshots that hold
 * more than that, so that image_prepare starts from what is left (trap
 * ZOOKEEPER-1549).  A damaged image goes as well; of one that cannot be looked
 * at nothing is removed.  Nobody has the image open.  0 or -errno.
 */
int image_forget_after(const struct datadir *d, zxid_t zxid,
                       struct data_error *e);

/* The snapshots alone: the image holds no more, and may be in use. */
int image_forget_snapshots(const struct datadir *d, zxid_t zxid,
                           struct data_error *e);

#endif
