/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_ahead.c - the nodes that requests and entries will ask for.
 *
 * The replication process.  Requests that came together, and entries that were
 * committed together, are looked through once before they are worked off: what
 * they say of paths goes to tree_ahead.  Nothing here is believed, so a record
 * that does not parse is somebody else's to answer.
 */
#include "net/repl/repl_apply.h"

#include "net/wire/request.h"

enum { LINE = 64, LINES_MAX = 8 }; /* of the processor's cache */

/* What the one before wrote, log or client process, it has on its core. */
static void
fetch(const void *at, uint32_t size)
{
    for (uint32_t i = 1; i < LINES_MAX && i * LINE < size; i++)
        __builtin_prefetch((const uint8_t *)at + i * LINE);
}

/* The path is the first field of the record of every write that has one. */
static void
note_request(struct tree_ahead *a, const struct req *req)
{
    struct bytes path;

    switch (req->op) {
    case ZK_OP_CREATE:
    case ZK_OP_CREATE2:
    case ZK_OP_CREATE_TTL:
    case ZK_OP_CREATE_CONTAINER:
    case ZK_OP_DELETE:
    case ZK_OP_SET_DATA:
    case ZK_OP_SET_ACL:
        if (request_path(req_body(req), &path))
            tree_ahead_note(a, path);
        break;
    default:
        break; /* a multi's: prep_multi.c, when its turn comes */
    }
}

void
repl_ahead_requests(const struct repl *r, uint32_t w, ring_pos_t pos)
{
    struct tree_ahead ahead;
    const struct req *req;

    tree_ahead_begin(&ahead, r->tree);
    for (uint32_t i = 0; i < TREE_AHEAD_MAX; i++) {
        if (reqring_next(&r->shm->requests[w], pos, &req) < 0 || !req)
            break;
        fetch(req, req->size);
        if (req->kind == REQ_WRITE)
            note_request(&ahead, req);
        pos += req->size;
    }
    tree_ahead_end(&ahead);
}

static void
note_entry(struct tree_ahead *a, const struct ring_entry *e)
{
    struct bytes payload = ring_payload(e), path;
    struct change change;
    struct txn txn;

    if (e->kind != RING_TXN)
        return;
    if (txn_peek_path(payload, &path))
        tree_ahead_note(a, path);
    else if (txn_peek_type(payload) == ZK_OP_MULTI &&
             txn_open_known(&txn, payload) == 0)
        while (!tree_ahead_is_full(a) && txn_next(&txn, &change))
            tree_ahead_note(a, change.path);
}

ring_pos_t
repl_ahead_entries(const struct repl *r, ring_pos_t pos)
{
    struct tree_ahead ahead;

    tree_ahead_begin(&ahead, r->tree);
    for (uint32_t i = 0; i < TREE_AHEAD_MAX && pos < r->committed &&
                         !tree_ahead_is_full(&ahead);
         i++) {
        const struct ring_entry *e = txring_at(&r->shm->ring, pos);

        fetch(e, e->size);
        note_entry(&ahead, e);
        pos += e->size;
    }
    tree_ahead_end(&ahead);
    return pos;
}
