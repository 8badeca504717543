/* SPDX-License-Identifier: Apache-2.0 */
/* zab_log_line.h - one transaction as one line, for people or as JSON. */
#ifndef TOOLS_ZAB_LOG_LINE_H
#define TOOLS_ZAB_LOG_LINE_H

#include <stdio.h>

#include "daemon/types.h"

struct zab_log_place {
    const char *path;
    uint64_t offset; /* of the record in the file */
};

/* 0, or -EBADMSG and nothing is printed when it is no known transaction. */
int zab_put_txn(FILE *to, const struct zab_log_place *place, struct bytes entry,
                bool is_json);

#endif
