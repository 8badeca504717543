/* SPDX-License-Identifier: Apache-2.0 */
/* crc.h - CRC-32 (zlib's) as the tree digest wants it.  Pure; any process. */
#ifndef STORAGE_CRC_H
#define STORAGE_CRC_H

#include "daemon/types.h"

enum { CRC_STAT_BYTES = 60 };

/* Continue `crc` (0 at first) over the bytes; null and empty add nothing. */
uint32_t crc_bytes(uint32_t crc, struct bytes b);

/* Continue over the 60 bytes of a Stat. */
uint32_t crc_stat(uint32_t crc, const uint8_t stat[CRC_STAT_BYTES]);

#endif
