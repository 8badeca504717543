/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_file.h - what LMDB does not do about the files of an image.
 *
 * Private to image.c, which opens them; the rest of it is in image.h.
 */
#ifndef STORAGE_IMAGE_IMAGE_FILE_H
#define STORAGE_IMAGE_IMAGE_FILE_H

#include "storage/image/image.h"

/*
 * The file of an open environment is as long as its pages need.  LMDB's own
 * result: image_rc.
 */
int image_make_whole(const struct image *im);

/* LMDB's lock file gets the data file's owner, if root has just made it. */
void image_share_lock(const struct image *im);

#endif
