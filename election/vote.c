/* SPDX-License-Identifier: Apache-2.0 */
/* vote.c - see vote.h.  Pure; any process. */
#include "election/vote.h"

#include <errno.h>

enum {
    NOTE_OLDEST_BYTES = 28, /* without epoch: the zxid has it */
    NOTE_VERSION_1_BYTES = 40,
    NOTE_VERSION = 2,
};

enum server_state
vote_role(const struct quorum *q, sid_t me, sid_t leader)
{
    if (leader == me)
        return SERVER_LEADING;
    return quorum_votes(q, me) ? SERVER_FOLLOWING : SERVER_OBSERVING;
}

bool
vote_beats(const struct quorum *q, const struct vote *a, const struct vote *b)
{
    if (quorum_weight(q, a->leader) == 0)
        return false;
    if (a->epoch != b->epoch)
        return a->epoch > b->epoch;
    if (a->zxid != b->zxid)
        return a->zxid > b->zxid;
    return a->leader > b->leader;
}

bool
vote_agrees(const struct vote *a, const struct vote *b)
{
    if (a->leader != b->leader)
        return false;
    if (a->state == SERVER_LOOKING || b->state == SERVER_LOOKING)
        return a->zxid == b->zxid && a->round == b->round &&
               a->epoch == b->epoch;
    if ((a->version > 0) != (b->version > 0))
        return true;
    return a->epoch == b->epoch;
}

void
ensemble_put(struct jute_out *out, uint64_t ensemble)
{
    if (ensemble == 0)
        return;
    jute_put_i32(out, NOTE_ZABD);
    jute_put_i64(out, (int64_t)ensemble);
}

uint64_t
ensemble_get(struct jute_in *in)
{
    if (jute_in_left(in) < NOTE_ENSEMBLE_BYTES || jute_get_i32(in) != NOTE_ZABD)
        return 0;
    return (uint64_t)jute_get_i64(in);
}

void
note_put(struct jute_out *out, const struct vote *v, struct bytes config)
{
    jute_put_i32(out, (int32_t)v->state);
    jute_put_i64(out, v->leader);
    jute_put_i64(out, v->zxid);
    jute_put_i64(out, v->round);
    jute_put_i64(out, v->epoch);
    jute_put_i32(out, NOTE_VERSION);
    jute_put_i32(out, config.size < 0 ? 0 : config.size);
    if (config.size > 0)
        jute_put_raw(out, config.data, (size_t)config.size);
    ensemble_put(out, v->ensemble);
}

int
note_get(struct bytes payload, struct vote *v, struct bytes *config)
{
    struct jute_in in = jute_in_bytes(payload);
    int32_t state = jute_get_i32(&in), config_size;

    *config = BYTES_NULL;
    v->leader = jute_get_i64(&in);
    v->zxid = jute_get_i64(&in);
    v->round = jute_get_i64(&in);
    v->epoch = zxid_epoch(v->zxid);
    v->version = 0;
    v->ensemble = 0;
    if (state < SERVER_LOOKING || state > SERVER_OBSERVING)
        return -EBADMSG;
    v->state = (enum server_state)state;
    if (payload.size == NOTE_OLDEST_BYTES)
        return 0;
    v->epoch = jute_get_i64(&in);
    (void)jute_get_i32(&in); /* version 1 says so, yet counts as none */
    if (in.bad)
        return -EBADMSG;
    if (payload.size == NOTE_VERSION_1_BYTES)
        return 0;
    config_size = jute_get_i32(&in);
    config->data = config_size < 0 ? NULL : jute_take(&in, (size_t)config_size);
    if (in.bad || config_size < 0)
        return -EBADMSG;
    config->size = config_size;
    v->version = NOTE_VERSION;
    v->ensemble = ensemble_get(&in);
    return 0;
}
