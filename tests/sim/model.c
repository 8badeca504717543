/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.c - the nodes that an ensemble should have, as simply as can be.
 *
 * It knows nothing of preparation or trees, which it is there to judge: paths,
 * versions, numbers as data.  A path keeps its place when its node is deleted.
 */
#include "tests/sim/model.h"

#include <stdio.h>

#include "tests/sim/sim.h"

enum { NODES = 4096, CHANGES_MAX = 16384 };

static struct model_node node[NODES];
static int32_t nodes;
static int32_t bucket[NODES];
static int32_t root_creations;
static struct {
    int32_t node;
    zxid_t zxid;
} change[CHANGES_MAX];
static uint32_t changes;

void
model_clear(void)
{
    nodes = 0;
    changes = 0;
    root_creations = 0;
    for (int32_t i = 0; i < NODES; i++)
        bucket[i] = -1;
}

/* --- places -------------------------------------------------------------- */

static uint32_t
hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h % NODES;
}

static int32_t
find(const char *path)
{
    int32_t i = bucket[hash(path)];

    while (i >= 0 && strcmp(node[i].path, path) != 0)
        i = node[i].next;
    return i;
}

/* The place of this path, its parent's before. */
static int32_t
place(const char *path)
{
    int32_t i = find(path);
    const char *slash = strrchr(path, '/');
    char up[32];

    if (i >= 0)
        return i;
    if (nodes == NODES)
        sim_full();
    i = nodes++;
    memset(&node[i], 0, sizeof node[i]);
    snprintf(node[i].path, sizeof node[i].path, "%s", path);
    node[i].next = bucket[hash(path)];
    bucket[hash(path)] = i;
    snprintf(up, sizeof up, "%.*s", (int)(slash - path), path);
    node[i].parent = slash == path ? -1 : place(up);
    return i;
}

const struct model_node *
model_find(const char *path)
{
    int32_t i = find(path);

    return i >= 0 && node[i].exists ? &node[i] : NULL;
}

/* --- changes ------------------------------------------------------------- */

static void
note_change(int32_t i, zxid_t zxid)
{
    if (changes == CHANGES_MAX)
        sim_full();
    change[changes].node = i;
    change[changes++].zxid = zxid;
}

zxid_t
model_change_after(const char *path, zxid_t zxid)
{
    int32_t i = find(path);

    for (uint32_t j = 0; i >= 0 && j < changes; j++)
        if (change[j].node == i && change[j].zxid > zxid)
            return change[j].zxid;
    return 0;
}

/* `made` was made for a client that asked for it, below `parent`. */
static void
add(const struct op *o, const char *made, int32_t parent, zxid_t zxid)
{
    int32_t i = place(made);

    node[i].exists = true;
    node[i].version = node[i].creations = node[i].children = 0;
    node[i].data = o->data;
    node[i].owner = o->flags & ZK_EPHEMERAL ? o->session : 0;
    if (parent >= 0)
        node[parent].children++;
    note_change(i, zxid);
}

static void
take_away(int32_t i, zxid_t zxid)
{
    node[i].exists = false;
    if (node[i].parent >= 0)
        node[node[i].parent].children--;
    note_change(i, zxid);
}

void
model_end_session(session_id_t session, zxid_t zxid)
{
    for (int32_t i = 0; i < nodes; i++)
        if (node[i].exists && node[i].owner == session)
            take_away(i, zxid);
}

/* --- requests ------------------------------------------------------------ */

static int32_t
create(const struct op *o, const char *asked, zxid_t zxid, char made[32])
{
    int32_t parent = node[place(asked)].parent;
    int32_t *creations = parent < 0 ? &root_creations : &node[parent].creations;

    if (parent >= 0 && !node[parent].exists)
        return ZK_NO_NODE;
    if (o->flags & ZK_PERSISTENT_SEQUENTIAL)
        snprintf(made, 32, "%.20s%010d", asked, *creations);
    else
        snprintf(made, 32, "%s", asked);
    if (model_find(made))
        return ZK_NODE_EXISTS;
    if (parent >= 0 && node[parent].owner != 0)
        return ZK_NO_CHILDREN_FOR_EPHEMERALS;
    add(o, made, parent, zxid);
    ++*creations;
    return ZK_OK;
}

/* The node that a request of this version may change. */
static int32_t
find_version(const struct op *o, int32_t *i)
{
    *i = find(o->path);
    if (*i < 0 || !node[*i].exists)
        return ZK_NO_NODE;
    if (o->version != -1 && node[*i].version != o->version)
        return ZK_BAD_VERSION;
    return ZK_OK;
}

static int32_t delete (const struct op *o, zxid_t zxid)
{
    int32_t i, err = find_version(o, &i);

    if (err != ZK_OK)
        return err;
    if (node[i].children > 0)
        return ZK_NOT_EMPTY;
    take_away(i, zxid);
    return ZK_OK;
}

static int32_t
set(const struct op *o, zxid_t zxid, int32_t *version)
{
    int32_t i, err = find_version(o, &i);

    if (err != ZK_OK)
        return err;
    node[i].data = o->data;
    *version = ++node[i].version;
    note_change(i, zxid);
    return ZK_OK;
}

/* Both or none: the set is taken back when the create fails. */
static int32_t
multi(const struct op *o, zxid_t zxid, struct model_result *r)
{
    int32_t i = find(o->path);
    struct model_node was = {0};
    int32_t err;

    if (i >= 0)
        was = node[i];
    err = set(o, zxid, &r->version);
    if (err != ZK_OK)
        return err;
    err = create(o, o->other, zxid, r->made);
    if (err != ZK_OK) {
        node[i] = was;
        changes--;
    }
    return err;
}

struct model_result
model_do(const struct op *o, zxid_t zxid)
{
    struct model_result r = {.err = ZK_OK};

    switch (o->type) {
    case ZK_OP_CREATE:
        r.err = create(o, o->path, zxid, r.made);
        break;
    case ZK_OP_DELETE:
        r.err = delete (o, zxid);
        break;
    case ZK_OP_SET_DATA:
        r.err = set(o, zxid, &r.version);
        break;
    case ZK_OP_MULTI:
        r.err = multi(o, zxid, &r);
        break;
    default:
        model_end_session(o->session, zxid);
    }
    return r;
}
