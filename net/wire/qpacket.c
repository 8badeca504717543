/* SPDX-License-Identifier: Apache-2.0 */
/* qpacket.c - see qpacket.h.  Pure; any process. */
#include "net/wire/qpacket.h"

#include <errno.h>

/* Bytes of authinfo at the front of `in`, 0: more is needed, or -EBADMSG. */
static int64_t
authinfo_size(struct bytes in, uint32_t max)
{
    struct jute_in at = jute_in_bytes(in);
    int32_t count = jute_get_i32(&at);

    if (count < -1 || count > QPACKET_IDS_MAX)
        return at.bad ? 0 : -EBADMSG;
    for (int32_t i = 0; i < 2 * count && !at.bad; i++) {
        int32_t size = jute_get_i32(&at);

        if (size < -1 || (size > 0 && (uint32_t)size > max))
            return -EBADMSG;
        if (size > 0)
            jute_take(&at, (size_t)size);
    }
    if ((at.bad ? in.size : at.at - in.data) > max)
        return -EBADMSG; /* so much already, if it is not all */
    return at.bad ? 0 : at.at - in.data;
}

int64_t
qpacket_get(struct bytes in, uint32_t data_max, struct qpacket *p)
{
    struct jute_in at = jute_in_bytes(in);
    struct bytes rest;
    int64_t auth_size;
    int32_t size;

    p->type = jute_get_i32(&at);
    p->zxid = jute_get_i64(&at);
    size = jute_get_i32(&at);
    if (at.bad)
        return 0;
    if (size < -1 || (size > 0 && (uint32_t)size > data_max))
        return -EBADMSG;
    p->data = (struct bytes){at.at, size};
    if (size > 0 && !jute_take(&at, (size_t)size))
        return 0;
    rest = (struct bytes){at.at, (int32_t)jute_in_left(&at)};
    auth_size = authinfo_size(rest, data_max < QPACKET_IDS_BYTES_MAX
                                        ? data_max
                                        : QPACKET_IDS_BYTES_MAX);
    if (auth_size <= 0)
        return auth_size;
    p->authinfo = auth_size == 4 && load_be32(rest.data) == UINT32_MAX
                      ? BYTES_NULL
                      : (struct bytes){rest.data, (int32_t)auth_size};
    return at.at - in.data + auth_size;
}

void
qpacket_put(struct jute_out *out, const struct qpacket *p)
{
    jute_put_i32(out, p->type);
    jute_put_i64(out, p->zxid);
    jute_put_bytes(out, p->data);
    if (p->authinfo.size < 0)
        jute_put_i32(out, -1);
    else
        jute_put_raw(out, p->authinfo.data, (size_t)p->authinfo.size);
}

struct bytes
qpacket_txn(const struct qpacket *p)
{
    enum { DESIGNATED = 8 };

    switch (p->type) {
    case Q_PROPOSAL:
    case Q_INFORM:
        return p->data;
    case Q_INFORM_ACTIVATE:
        return p->data.size < DESIGNATED
                   ? BYTES_NULL
                   : (struct bytes){p->data.data + DESIGNATED,
                                    p->data.size - DESIGNATED};
    default:
        return BYTES_NULL;
    }
}

/* False: it is cut short, or no server of ours would say so. */
static bool
get_identity(struct jute_in *in, struct identity *id)
{
    struct identity found = {.id = (uint64_t)jute_get_i64(in),
                             .epoch = jute_get_i64(in),
                             .is_confirmed = jute_get_bool(in)};

    *id = (struct identity){0};
    if (in->bad || found.epoch < 0 || (found.id == 0 && found.is_confirmed))
        return false;
    *id = found;
    return true;
}

static void
put_identity(struct jute_out *out, const struct identity *id)
{
    jute_put_i64(out, (int64_t)id->id);
    jute_put_i64(out, id->epoch);
    jute_put_bool(out, id->is_confirmed);
}

/* Ours: behind what Apache reads, if it is there. */
static bool
get_extension(struct jute_in *in, int32_t *flags, struct identity *id)
{
    *flags = 0;
    *id = (struct identity){0};
    if (jute_in_left(in) < 8 || jute_get_i32(in) != QPACKET_ZABD)
        return false;
    *flags = jute_get_i32(in);
    if ((*flags & LEARNER_IDENTITY) && !get_identity(in, id))
        *flags &= ~LEARNER_IDENTITY;
    return true;
}

static void
put_extension(struct jute_out *out, bool is_zabd, int32_t flags,
              const struct identity *id)
{
    if (!is_zabd)
        return;
    jute_put_i32(out, QPACKET_ZABD);
    jute_put_i32(out, flags);
    if (flags & LEARNER_IDENTITY)
        put_identity(out, id);
}

/* ZK: LearnerHandler.run reads by length: 8, 12 or 20 bytes. */
int
learner_info_get(struct bytes data, struct learner_info *info)
{
    struct jute_in in = jute_in_bytes(data);

    *info = (struct learner_info){0};
    info->sid = jute_get_i64(&in);
    if (in.bad)
        return -EBADMSG;
    if (jute_in_left(&in) < 4)
        return 0;
    info->protocol = jute_get_i32(&in);
    if (jute_in_left(&in) < 8)
        return 0;
    info->config_version = jute_get_i64(&in);
    info->is_zabd = get_extension(&in, &info->flags, &info->identity);
    return 0;
}

void
learner_info_put(struct jute_out *out, const struct learner_info *info)
{
    jute_put_i64(out, info->sid);
    jute_put_i32(out, info->protocol);
    jute_put_i64(out, info->config_version);
    put_extension(out, info->is_zabd, info->flags, &info->identity);
}

int
leader_info_get(struct bytes data, struct leader_info *info)
{
    struct jute_in in = jute_in_bytes(data);

    *info = (struct leader_info){0};
    info->protocol = jute_get_i32(&in);
    if (in.bad)
        return -EBADMSG;
    info->is_zabd = get_extension(&in, &info->flags, &info->identity);
    return 0;
}

void
leader_info_put(struct jute_out *out, const struct leader_info *info)
{
    jute_put_i32(out, info->protocol);
    put_extension(out, info->is_zabd, info->flags, &info->identity);
}

bool
signature_get(struct bytes data, struct signature *s)
{
    struct jute_in in = jute_in_bytes(data);

    *s = (struct signature){0};
    if (data.size != SIGNATURE_BYTES && data.size != SIGNATURE_BYTES_MAX)
        return false;
    if (jute_get_i32(&in) != QPACKET_ZABD || !get_identity(&in, &s->identity))
        return false;
    if (jute_in_left(&in) > 0)
        s->common = jute_get_i64(&in);
    return true;
}

void
signature_put(struct jute_out *out, const struct signature *s)
{
    jute_put_i32(out, QPACKET_ZABD);
    put_identity(out, &s->identity);
    if (s->common)
        jute_put_i64(out, s->common);
}
