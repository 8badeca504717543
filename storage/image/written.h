/* SPDX-License-Identifier: Apache-2.0 */
/*
 * written.h - how much this process has written, for image_fold.c.
 */
#ifndef STORAGE_IMAGE_WRITTEN_H
#define STORAGE_IMAGE_WRITTEN_H

#include <stdint.h>

/*
 * The bytes that this process has handed to write(2) and its kin, to whatever
 * file, since it began; 0 where the system does not tell.
 *
 * Not getrusage's ru_oublock, which counts what became dirty: of a page that
 * shares a large folio with others that is all of them, a hundred times what
 * goes to the disk.
 */
uint64_t written_bytes(void);

#endif
