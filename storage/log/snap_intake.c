/* SPDX-License-Identifier: Apache-2.0 */
/* snap_intake.c - see snap_intake.h. */
#include "storage/log/snap_intake.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "daemon/check.h"
#include "storage/log/rebase.h"

enum { PIECE_BYTES = 256 * 1024 }; /* of what is unpacked at a time */

/* --- what the decoder finds ---------------------------------------------- */

/* Counts come first in the file: that of sessions before the first session. */
static void
begin_sessions(struct snap_intake *in, uint32_t count)
{
    if (!in->has_sessions)
        snapfile_put_count(&in->writer, (int32_t)count);
    in->has_sessions = true;
}

/*
 * The lists that the nodes have; one for nodes whose list is missing
 * (ZOOKEEPER-4846); and those of put_missing_first.
 */
static int
collect_acls(struct snap_intake *in)
{
    const struct snap_acl_map *map = &in->decode.acls;

    for (size_t i = 0; i < map->slots; i++) {
        const struct snap_acl *a = &map->slot[i];

        if (a->list &&
            snap_acl_set_add(&in->acls, (struct bytes){a->list, a->size}) == 0)
            return -ENOMEM;
    }
    for (size_t i = 0; i < FIRST_NODES; i++)
        if (snap_acl_set_add(&in->acls, tree_first_nodes[i].acl) == 0)
            return -ENOMEM;
    return snap_acl_set_add(&in->acls, acl_nobody) == 0 ? -ENOMEM : 0;
}

static void
put_acls(struct snap_intake *in)
{
    snapfile_put_count(&in->writer, (int32_t)in->acls.count);
    for (size_t i = 0; i < in->acls.count; i++) {
        const struct snap_acl *a = &in->acls.list[i];

        snapfile_put_acl(&in->writer, a->id, snap_acl_list(a));
    }
}

/* All ACL lists are known when the first node comes. */
static int
begin_nodes(struct snap_intake *in)
{
    int rc;

    if (in->has_acls)
        return 0;
    in->has_acls = true;
    begin_sessions(in, 0);
    rc = collect_acls(in);
    if (rc == 0)
        put_acls(in);
    return rc;
}

/* Whether it is one of those that every tree has, and has not come yet. */
static bool
note_first(struct snap_intake *in, struct bytes path)
{
    for (size_t i = 0; i < FIRST_NODES; i++)
        if (!in->has_first[i] && bytes_are(path, tree_first_nodes[i].path)) {
            in->has_first[i] = true;
            return true;
        }
    return false;
}

/* Every tree has these; a server too old for some does not send them. */
static void
put_missing_first(struct snap_intake *in)
{
    for (size_t i = 0; i < FIRST_NODES; i++) {
        struct bytes path = bytes_of(tree_first_nodes[i].path);
        struct znode_view v;

        if (!in->has_first[i] && tree_view(in->tree, path, &v))
            snapfile_put_node(
                &in->writer, path, v.data,
                snap_acl_set_add(&in->acls, tree_first_nodes[i].acl), &v.stat);
    }
}

static int
on_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    struct snap_intake *in = arg;
    struct session *s;

    if (id == 0 || session_find(in->sessions, id))
        return -EBADMSG;
    s = session_take(in->sessions, id);
    if (!s)
        return -ENOSPC;
    s->timeout_ms = timeout_ms;
    s->is_alive = 1;
    begin_sessions(in, in->decode.left);
    snapfile_put_session(&in->writer, id, timeout_ms);
    return in->writer.failed;
}

static int
on_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
        const struct znode_stat *stat)
{
    struct snap_intake *in = arg;
    bool is_first = note_first(in, path);
    int rc = begin_nodes(in);
    int64_t id;

    if (!in->has_first[0])
        return -EBADMSG; /* the root comes first */
    if (rc == 0)
        rc = tree_load_node(in->tree, path, data, acl, stat);
    if (rc < 0)
        return rc == -ENOENT ? -EBADMSG : rc; /* parents come first */
    if (rc == 1 && !is_first)
        return -EBADMSG; /* twice, and so perhaps without end */
    id = snap_acl_set_add(&in->acls, acl);
    if (id == 0)
        return -ENOMEM;
    snapfile_put_node(&in->writer, path, data, id, stat);
    return in->writer.failed;
}

/* --- bytes --------------------------------------------------------------- */

/*
 * Room for a piece behind what is left of those before.  It grows no faster
 * than bytes come: a wrong length must not take a gigabyte.
 */
static int
make_room(struct snap_intake *in, size_t size)
{
    size_t room = in->rest_room ? in->rest_room : PIECE_BYTES;
    uint8_t *bigger;

    while (room < in->rest_size + size)
        room *= 2;
    if (room == in->rest_room)
        return 0;
    bigger = realloc(in->rest, room);
    if (!bigger)
        return -ENOMEM;
    in->rest = bigger;
    in->rest_room = room;
    return 0;
}

/* All but an item that is not whole yet, or what is behind the end. */
static int
decode_rest(struct snap_intake *in)
{
    size_t used;
    int rc =
        snap_decode_feed(&in->decode, in->rest, in->rest_size, false, &used);

    if (rc < 0 && !in->writer.failed) /* else it is our disk that failed */
        in->what =
            in->decode.what ? in->decode.what : "a node or session in it";
    if (rc < 0)
        return rc;
    in->rest_size -= used;
    memmove(in->rest, in->rest + used, in->rest_size);
    return 0;
}

static int
decode(struct snap_intake *in, const uint8_t *data, size_t size, size_t *used)
{
    int rc = make_room(in, size);

    if (rc < 0)
        return rc;
    memcpy(in->rest + in->rest_size, data, size);
    in->rest_size += size;
    rc = decode_rest(in);
    *used = in->decode.part == SNAP_DONE ? size - in->rest_size : size;
    return rc;
}

/* The next piece of what is packed, behind the rest. */
static int
unpack_piece(struct snap_intake *in, ZSTD_inBuffer *from, bool *is_full)
{
    ZSTD_outBuffer to = {NULL, PIECE_BYTES, 0};
    size_t left;
    int rc = make_room(in, to.size);

    if (rc < 0)
        return rc;
    to.dst = in->rest + in->rest_size;
    left = ZSTD_decompressStream(in->unpacker, &to, from);
    if (ZSTD_isError(left)) {
        rc = snapfile_zstd_rc(left, -EBADMSG);
        in->what = rc == -EBADMSG ? "the packed data is damaged" : NULL;
        return rc;
    }
    in->rest_size += to.pos;
    in->at_frame_end = left == 0;
    *is_full = to.pos == to.size;
    return 0;
}

/* The payload is one zstd frame: its end is the payload's. */
static int
unpack(struct snap_intake *in, const uint8_t *data, size_t size, size_t *used)
{
    ZSTD_inBuffer from = {data, size, 0};
    bool is_full = true;
    int rc = 0;

    while (rc == 0 && !in->at_frame_end && (from.pos < size || is_full)) {
        rc = unpack_piece(in, &from, &is_full);
        if (rc == 0)
            rc = decode_rest(in);
        if (rc == 0 && in->decode.part == SNAP_DONE && in->rest_size > 0) {
            in->what = "there is more behind its end";
            rc = -EBADMSG;
        }
    }
    *used = from.pos;
    return rc;
}

static bool
is_complete(const struct snap_intake *in)
{
    return in->decode.part == SNAP_DONE && (!in->unpacker || in->at_frame_end);
}

int
snap_intake_feed(struct snap_intake *in, const void *data, size_t size,
                 size_t *used)
{
    int rc;

    check(in->tree && !is_complete(in));
    tree_batch_begin(in->tree);
    rc = in->unpacker ? unpack(in, data, size, used)
                      : decode(in, data, size, used);
    tree_batch_end(in->tree, tree_applied(in->tree));
    if (rc == 0 && in->at_frame_end && !is_complete(in)) {
        in->what = "it ends too early";
        rc = -EBADMSG;
    }
    return rc < 0 ? rc : is_complete(in);
}

/* --- life ---------------------------------------------------------------- */

static void
let_go(struct snap_intake *in)
{
    snap_decode_deinit(&in->decode);
    snap_acl_set_free(&in->acls);
    ZSTD_freeDStream(in->unpacker);
    free(in->rest);
    *in = (struct snap_intake){.writer = {.fd = -1}, .what = in->what};
}

static void
clear(const struct snap_intake *in)
{
    tree_clear(in->tree);
    session_table_clear(in->sessions);
}

static void
drop_file(struct snap_intake *in)
{
    snapfile_writer_abort(&in->writer);
    let_go(in);
}

void
snap_intake_abort(struct snap_intake *in)
{
    if (!in->tree)
        return;
    clear(in);
    drop_file(in);
}

int
snap_intake_begin(struct snap_intake *in, const char *snap_dir, zxid_t zxid,
                  bool is_zstd, struct tree *tree,
                  struct session_table *sessions)
{
    int rc = rebase_forget_taken(snap_dir);

    *in = (struct snap_intake){
        .tree = tree,
        .sessions = sessions,
        .zxid = zxid,
        .visitor = {on_session, on_node, in},
        .writer = {.fd = -1},
    };
    snap_decode_init(&in->decode, &in->visitor, true);
    if (rc == 0)
        rc = snapfile_writer_open_as(&in->writer, snap_dir, REBASE_TAKEN, zxid,
                                     SNAP_ZSTD);
    if (rc == 0 && is_zstd) {
        in->unpacker = ZSTD_createDStream();
        rc = in->unpacker ? 0 : -ENOMEM;
    }
    if (rc < 0)
        drop_file(in);
    else
        clear(in);
    return rc;
}

int
snap_intake_end(struct snap_intake *in)
{
    struct tree_totals totals;
    int rc;

    check(is_complete(in));
    rc = begin_nodes(in); /* of a snapshot without any */
    tree_batch_begin(in->tree);
    tree_load_done(in->tree, in->zxid);
    tree_batch_end(in->tree, tree_applied(in->tree));
    tree_totals(in->tree, &totals);
    if (rc == 0) {
        put_missing_first(in);
        rc = snapfile_writer_end(&in->writer, in->zxid, totals.digest);
    }
    if (rc < 0)
        snap_intake_abort(in);
    else
        let_go(in);
    return rc;
}
