/* SPDX-License-Identifier: Apache-2.0 */
/* twin.c - see twin.h.  Pure. */
#include "election/twin.h"

enum {
    TIMES = 3, /* that it comes anew */
    WITHIN_MS = 60000,
    AGAIN_MS = 60000, /* between two words about one server */
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
