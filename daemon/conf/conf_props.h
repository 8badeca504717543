/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_props.h - reads the text of a Java properties file, entry by entry.
 *
 * Pure: a text in memory in, keys and values out.  What ends up in `key` and
 * `value` is terminated UTF-8, escapes resolved, trimmed as ZooKeeper trims
 * it; the meaning of a key is not known here.
 *
 * For daemon/conf/ and its tests only.
 *
 * Facts: java.util.Properties.load, spec/operations.md 2.  60,000 random
 * texts were read by both alike, but for two things that we do not do: Java
 * takes a backslash that ends the file for an entry without a name, and reads
 * a \u escape that is broken over two lines.
 * Ours: a byte order mark is no part of the first key.
 */
#ifndef DAEMON_CONF_CONF_PROPS_H
#define DAEMON_CONF_CONF_PROPS_H

#include "daemon/types.h"

enum { PROP_KEY_MAX = 256, PROP_VALUE_MAX = 4096 };

struct props {
    const uint8_t *at; /* borrowed for the life of the reader */
    const uint8_t *end;
    uint32_t line; /* of `at`, the first is 1 */
    bool is_utf8;  /* else ISO-8859-1 */
};

struct prop {
    uint32_t line; /* where the entry begins */
    char key[PROP_KEY_MAX];
    char value[PROP_VALUE_MAX];
};

void props_init(struct props *p, struct bytes text);

/*
 * Take the next entry.  Returns 1 with the entry; 0 at the end; -EILSEQ for
 * a bad \uXXXX escape or a zero byte, -E2BIG for a key or value longer than
 * we keep.  After an error `out->line` is set, and the next call goes on
 * behind the bad entry.
 */
int props_next(struct props *p, struct prop *out);

#endif
