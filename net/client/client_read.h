/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_read.h - reads, which this process answers by itself.
 *
 * client_read.c looks at the tree, again and again if need be, and has a
 * read_fn write the answer: client_read_tree.c, client_read_watch.c.
 * setWatches, a list of looks, drives itself.  Private to client_*.c; of them,
 * all but client_read*.c need only the first function.
 */
#ifndef NET_CLIENT_CLIENT_READ_H
#define NET_CLIENT_CLIENT_READ_H

#include "net/client/client.h"
#include "net/wire/request.h"

/* Answer a read now; it came at `heard_ms`, from somebody with those `ids`. */
void client_read(struct client_proc *p, struct client *c,
                 const struct request *r, struct bytes ids, uint32_t heard_ms);

enum { TRIES_POLITE = 32 }; /* of a read that is torn; then it insists */

/* The read at hand. */
struct read {
    struct client_proc *p;
    struct client *c;
    const struct request *request;
    struct bytes ids; /* the asker's, when the request came */
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
 * Look at the tree as of all that is delivered; `seq` is for tree_read_retry.
 * False: the tree is lost.  With `insists`, for a read that was torn too often,
 * the tree stands still until client_looked.
 */
bool client_look(struct client_proc *p, bool insists, uint64_t *seq);
void client_looked(struct client_proc *p);

#endif
