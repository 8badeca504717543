/* SPDX-License-Identifier: Apache-2.0 */
/* forward_given.h - nothing on its way yet; far too large for a static. */
#ifndef TESTS_UNIT_FORWARD_GIVEN_H
#define TESTS_UNIT_FORWARD_GIVEN_H

#include "net/zab/forward.h"
#include "tests/unit/memory_given.h"

static inline struct forward *
forward_given(void)
{
    static struct forward *f;

    if (!f)
        f = memory_reserved(sizeof *f);
    forward_clear(f);
    return f;
}

#endif
