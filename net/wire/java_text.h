/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java_text.h - bytes as Java reads them when they should be UTF-8.
 *
 * Pure; any process.  ZK: new String(bytes, UTF_8)
 */
#ifndef NET_WIRE_JAVA_TEXT_H
#define NET_WIRE_JAVA_TEXT_H

#include "daemon/types.h"

/*
 * Copy `from`, with U+FFFD for each part that is not UTF-8; `to` has room for
 * three times as many bytes.  Returns the size.
 */
size_t java_text(struct bytes from, uint8_t *to);

#endif
