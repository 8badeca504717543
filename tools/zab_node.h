/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_node.h - nodes as `zab snapshot` and `zab image` list and count them.
 */
#ifndef TOOLS_ZAB_NODE_H
#define TOOLS_ZAB_NODE_H

#include <stdio.h>

#include "storage/tree/tree.h"

struct zab_count {
    uint64_t nodes, ephemerals, containers, timed;
    uint64_t data_bytes, path_bytes;
    uint64_t digest; /* the sum over all nodes */
};

/* One line, as --nodes prints it: path, size of the data, owner, ACL, Stat. */
void zab_put_node(FILE *to, struct bytes path, struct bytes data,
                  struct bytes acl, const struct znode_stat *stat);

/* Add one node. */
void zab_count_node(struct zab_count *c, struct bytes path, struct bytes data,
                    const struct znode_stat *stat);

/* What was counted, in some lines; without the digest. */
void zab_put_count(FILE *to, const struct zab_count *c);

#endif
