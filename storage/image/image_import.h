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
 * From the newest snapshot that can be read, or from nothing.  What was asked
 * is in `p`, and so is what came of it; results as image_prepare's.
 */
int image_import_newest(const struct datadir *d, struct image_prepare *p,
                        struct data_error *e);

#endif
