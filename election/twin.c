/* SPDX-License-Identifier: Apache-2.0 */
/* twin.c - see twin.h.  Pure. */
#include "election/twin.h"

enum {
    TIMES = 3, /* that it comes anew */
    WITHIN_MS = 60000,
    AGAIN_MS = 60000, /* between two lines about one server */

    STATE = 0x7a616264, /* "zabd"; where a note has its sender's state */
    VERSION = 1,        /* of a note that has no configuration */
};

static bool
is_one_time_too_many(struct twin *t, mono_ms_t now)
{
    if (t->times == 0 || now - t->since > WITHIN_MS) {
        t->since = now;
        t->times = 0;
    }
    return ++t->times >= TIMES;
}

bool
twin_comes(struct twin *t, bool is_sure, mono_ms_t now)
{
    bool is_suspect = is_one_time_too_many(t, now) || is_sure;

    if (!is_suspect || (t->told != 0 && now - t->told < AGAIN_MS))
        return false;
    t->told = now;
    return true;
}

/*
 *      0  "zabd"     4  word     12  nothing     36  1     40  where
 */
void
twin_put(struct jute_out *out, enum twin_word word, struct bytes where)
{
    jute_put_i32(out, STATE);
    jute_put_i64(out, word);
    for (int i = 0; i < 3; i++)
        jute_put_i64(out, 0);
    jute_put_i32(out, VERSION);
    jute_put_bytes(out, where);
}

enum twin_word
twin_get(struct bytes payload, struct bytes *where)
{
    struct jute_in in = jute_in_bytes(payload);
    int32_t state = jute_get_i32(&in);
    int64_t word = jute_get_i64(&in);

    for (int i = 0; i < 3; i++)
        jute_get_i64(&in);
    jute_get_i32(&in);
    *where = jute_get_bytes(&in);
    if (in.bad || state != STATE || word <= TWIN_NO_WORD || word > TWIN_TAKEN ||
        where->size > TWIN_WHERE_MAX)
        return TWIN_NO_WORD;
    return (enum twin_word)word;
}
