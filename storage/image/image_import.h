/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_import.h - making an image out of a snapshot and the log behind it.
 *
 * For image_prepare.c, which says when.  It is made beside the old one and
 * renamed when it is finished and durable.
 */
#ifndef STORAGE_IMAGE_IMAGE_IMPORT_H
#define STORAGE_IMAGE_IMAGE_IMPORT_H

#include "storage/image/image_prepare.h"

/*
 * Of the snapshot `file` in d->snap (NULL: of an empty tree) and the log behind
 * it.  What was asked is in `p`, and so is what came of it.  0; -EBADMSG: the
 * snapshot is damaged, an older one may do; -ENODATA: the log is damaged, or
 * files are missing; other -errno.  After an error the old image is as it was,
 * unless it could not be removed as a whole.
 */
int image_import(const struct datadir *d, const struct data_file *file,
                 struct image_prepare *p, struct data_error *e);

/*
 * From the newest snapshot that can be read, or from nothing: results as
 * image_prepare's.  image_import_newest.c
 */
int image_import_newest(const struct datadir *d, struct image_prepare *p,
                        struct data_error *e);

#endif
