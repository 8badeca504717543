/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_read.h - one read at hand, and what can be read.
 *
 * client_read.c looks at the tree, again and again if need be, and has a
 * read_fn write what is to be answered: client_read_tree.c,
 * client_read_watch.c. setWatches, a list of looks, drives itself.  Private to
 * client_read*.c.
 */
#ifndef NET_CLIENT_CLIENT_READ_H
#define NET_CLIENT_CLIENT_READ_H

#include "net/client/client.h"

enum { TRIES_POLITE = 32 }; /* of a read that is torn; then it insists */

struct read {
    struct client_proc *p;
    struct client *c;
    const struct request *request;
    struct bytes ids; /* of who asked, when the request came */
    uint32_t heard_ms;
    struct bytes watch_path; /* filled by a read that sets a watch */
    unsigned watch_modes;
};

/*
 * Write the body, looking at the tree; called again when the tree changed
 * meanwhile.  Sets watches only through watch_path.
 */
typedef enum zk_code read_fn(struct read *r, struct jute_out *out);

read_fn read_exists, read_get_data, read_get_children, read_get_acl,
    read_children_number, read_ephemerals, read_who_am_i, read_sync, read_multi;
read_fn read_add_watch, read_check_watches, read_remove_watches;

/* setWatches: its events, then its reply. */
void read_set_watches(struct read *r);

/*
 * Look at the tree as of all that is delivered: false when it is lost, and
 * `seq` for tree_read_retry.  Who was torn too often (`insists`) has the tree
 * stand still, until client_looked.
 */
bool client_look(struct client_proc *p, bool insists, uint64_t *seq);
void client_looked(struct client_proc *p);

/* Set a watch; false: the memory limit is reached. */
bool client_watch(struct client_proc *p, struct client *c, struct bytes path,
                  unsigned modes);

#endif
