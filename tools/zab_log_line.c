/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_log_line.c - see zab_log_line.h.
 *
 *     0x5 2026-11-23T13:55:01.123Z session=0x1000a cxid=7 create path=/a
 *         data=100 owner=- acl=world:anyone:rwcda digest=0x51c6d660
 *
 * in one line; the operations of a multi stand in brackets.  What a change
 * has is one table, which both spellings walk.
 */
#include "tools/zab_log_line.h"

#include <inttypes.h>
#include <stdlib.h>

#include "storage/tree/txn.h"
#include "tools/zab_text.h"

static const struct {
    int32_t op;
    const char *name;
} names[] = {
    {ZK_OP_CREATE, "create"},
    {ZK_OP_CREATE2, "create2"},
    {ZK_OP_CREATE_CONTAINER, "createContainer"},
    {ZK_OP_CREATE_TTL, "createTTL"},
    {ZK_OP_DELETE, "delete"},
    {ZK_OP_DELETE_CONTAINER, "deleteContainer"},
    {ZK_OP_SET_DATA, "setData"},
    {ZK_OP_RECONFIG, "reconfig"},
    {ZK_OP_SET_ACL, "setACL"},
    {ZK_OP_CHECK, "check"},
    {ZK_OP_MULTI, "multi"},
    {ZK_OP_CREATE_SESSION, "createSession"},
    {ZK_OP_CLOSE_SESSION, "closeSession"},
    {ZK_OP_ERROR, "error"},
};

static const char *
op_name(int32_t op)
{
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (names[i].op == op)
            return names[i].name;
    return "unknown";
}

/* --- the fields of a change ---------------------------------------------- */

struct pen {
    FILE *to;
    bool is_json;
};

static void
put_name(const struct pen *p, const char *name)
{
    fprintf(p->to, p->is_json ? ",\"%s\":" : " %s=", name);
}

static void
put_number(const struct pen *p, const char *name, int64_t value)
{
    put_name(p, name);
    fprintf(p->to, "%" PRId64, value);
}

static void
put_hex(const struct pen *p, const char *name, uint64_t value)
{
    put_name(p, name);
    fprintf(p->to, p->is_json ? "\"0x%" PRIx64 "\"" : "0x%" PRIx64, value);
}

static void
put_path(const struct pen *p, struct bytes path)
{
    put_name(p, "path");
    (p->is_json ? zab_put_json : zab_put_text)(p->to, path);
}

static void
put_data(const struct pen *p, struct bytes data)
{
    if (data.size >= 0) {
        put_number(p, "data", data.size);
        return;
    }
    put_name(p, "data");
    fputs("null", p->to);
}

static void
put_quoted(const struct pen *p, const char *name,
           void (*put)(FILE *to, struct bytes value), struct bytes value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory;

    put_name(p, name);
    if (!p->is_json) {
        put(p->to, value);
        return;
    }
    memory = open_memstream(&text, &size);
    if (memory) {
        put(memory, value);
        fclose(memory);
    }
    zab_put_json(p->to, (struct bytes){(const uint8_t *)text, (int32_t)size});
    free(text);
}

static void
put_owner(const struct pen *p, int64_t owner)
{
    put_name(p, "owner");
    if (p->is_json)
        fputc('"', p->to);
    zab_put_owner(p->to, owner);
    if (p->is_json)
        fputc('"', p->to);
}

static void
put_create(const struct pen *p, const struct change *c)
{
    put_data(p, c->data);
    put_owner(p, c->owner);
    put_quoted(p, "acl", zab_put_acl, c->acl);
    put_number(p, "parent_creates", c->parent_cversion);
}

/* What only this kind of operation has; a failed multi's have it too. */
static void
put_fields(const struct pen *p, const struct change *c)
{
    if (c->path.size >= 0)
        put_path(p, c->path);
    switch (c->op) {
    case ZK_OP_CREATE:
    case ZK_OP_CREATE2:
    case ZK_OP_CREATE_CONTAINER:
    case ZK_OP_CREATE_TTL:
        put_create(p, c);
        break;
    case ZK_OP_SET_DATA:
    case ZK_OP_RECONFIG:
        put_data(p, c->data);
        put_number(p, "version", c->version);
        break;
    case ZK_OP_SET_ACL:
        put_quoted(p, "acl", zab_put_acl, c->acl);
        put_number(p, "aversion", c->version);
        break;
    case ZK_OP_CHECK:
        put_number(p, "version", c->version);
        break;
    case ZK_OP_CREATE_SESSION:
        put_number(p, "timeout_ms", c->timeout_ms);
        break;
    default:
        break;
    }
    if (c->op == ZK_OP_ERROR || (c->kind == CHANGE_NONE && c->err != 0))
        put_number(p, "err", c->err);
}

/* --- a transaction ------------------------------------------------------- */

static void
put_multi(const struct pen *p, struct txn *t)
{
    struct change c;
    const char *comma = "";

    put_number(p, "ops", txn_count(t));
    if (p->is_json)
        fputs(",\"changes\":[", p->to);
    while (txn_next(t, &c)) {
        if (p->is_json)
            fprintf(p->to, "%s{\"op\":\"%s\"", comma, op_name(c.op));
        else
            fprintf(p->to, " [%s", op_name(c.op));
        put_fields(p, &c);
        fputs(p->is_json ? "}" : "]", p->to);
        comma = ",";
    }
    if (p->is_json)
        fputc(']', p->to);
}

/* The paths that go with the session. */
static void
put_close(const struct pen *p, struct txn *t)
{
    struct change c;
    const char *comma = "";

    put_number(p, "deletes", txn_count(t) - 1);
    if (p->is_json)
        fputs(",\"paths\":[", p->to);
    while (txn_next(t, &c)) {
        if (c.kind != CHANGE_DELETE)
            continue;
        if (p->is_json) {
            fputs(comma, p->to);
            zab_put_json(p->to, c.path);
        } else {
            put_path(p, c.path);
        }
        comma = ",";
    }
    if (p->is_json)
        fputc(']', p->to);
}

static void
put_changes(const struct pen *p, struct txn *t)
{
    struct change c;

    if (t->header.type == ZK_OP_MULTI) {
        put_multi(p, t);
    } else if (t->header.type == ZK_OP_CLOSE_SESSION) {
        put_close(p, t);
    } else {
        while (txn_next(t, &c))
            put_fields(p, &c);
    }
    if (t->has_digest)
        put_hex(p, "digest", (uint64_t)t->digest);
}

static void
put_json(const struct pen *p, const struct zab_log_place *place, struct txn *t)
{
    const struct txn_header *h = &t->header;

    fputs("{\"file\":", p->to);
    zab_put_json(p->to, bytes_of(place->path));
    put_number(p, "offset", (int64_t)place->offset);
    put_hex(p, "zxid", (uint64_t)h->zxid);
    put_number(p, "time_ms", h->time);
    put_hex(p, "session", (uint64_t)h->session);
    put_number(p, "cxid", h->cxid);
    put_name(p, "type");
    fprintf(p->to, "\"%s\"", op_name(h->type));
    put_changes(p, t);
    fputs("}\n", p->to);
}

static void
put_line(const struct pen *p, struct txn *t)
{
    const struct txn_header *h = &t->header;

    fprintf(p->to, "0x%" PRIx64 " ", (uint64_t)h->zxid);
    zab_put_time(p->to, h->time);
    put_hex(p, "session", (uint64_t)h->session);
    put_number(p, "cxid", h->cxid);
    fprintf(p->to, " %s", op_name(h->type));
    put_changes(p, t);
    fputc('\n', p->to);
}

int
zab_put_txn(FILE *to, const struct zab_log_place *place, struct bytes entry,
            bool is_json)
{
    const struct pen pen = {to, is_json};
    struct txn txn;
    int rc = txn_open(&txn, entry);

    if (rc < 0)
        return rc;
    if (is_json)
        put_json(&pen, place, &txn);
    else
        put_line(&pen, &txn);
    return 0;
}
