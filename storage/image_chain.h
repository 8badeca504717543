/* SPDX-License-Identifier: Apache-2.0 */
/* image_chain.h - steps of image_prepare.  Private to storage/image*. */
#ifndef STORAGE_IMAGE_CHAIN_H
#define STORAGE_IMAGE_CHAIN_H

#include "storage/image_import.h"

/* Build a new image from `file` (NULL: nothing) and the log behind it. */
int image_import(const struct datadir *d, const struct data_file *file,
                 struct image_prepare *p, struct data_error *e);

/* From the newest snapshot that can be read, or from nothing. */
int image_import_newest(const struct datadir *d, struct image_prepare *p,
                        struct data_error *e);

#endif
