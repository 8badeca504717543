/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_snappy.h - unpacking one raw snappy block.
 *
 * Ours, in place of libsnappy: the one direction we need is a page long, and
 * the library would bring the C++ runtime into every process.  Pure.
 */
#ifndef STORAGE_SNAP_SNAPFILE_SNAPPY_H
#define STORAGE_SNAP_SNAPFILE_SNAPPY_H

#include "daemon/types.h"

/* The unpacked size that the block announces: 0 and `size`, or -EBADMSG. */
int snappy_size(const uint8_t *block, size_t block_size, size_t *size);

/* Unpack exactly `size` bytes, as announced.  0 or -EBADMSG. */
int snappy_unpack(const uint8_t *block, size_t block_size, uint8_t *out,
                  size_t size);

#endif
