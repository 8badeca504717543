/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_check.c - what the learner's states promise, asked after any event.
 *
 * Pure; called by tests and by the simulator.
 */
#include "daemon/check.h"
#include "net/zab/learner.h"

void
learner_check(const struct learner *l)
{
    check(l->conf.current <= l->conf.accepted);
    check(l->committed <= l->agreed);
    check(l->agreed <= l->last);
    check(l->durable <= l->last);
    check(l->timed <= l->told);
    if (l->state == LEARNER_OVER)
        return;
    if (l->state > LEARNER_PROMISING)
        check(l->conf.accepted == l->epoch);
    if (l->state >= LEARNER_SYNCING)
        check(zxid_epoch(l->last) <= l->epoch);
    if (l->state >= LEARNER_SEALING)
        check(l->agreed == l->last || zxid_epoch(l->last) == l->epoch);
    if (l->state < LEARNER_SEALED)
        return;
    check(l->conf.current == l->epoch);
    check(l->seal <= l->durable);
    check(l->conf.is_observer || l->acked <= l->durable);
    if (l->state == LEARNER_BROADCAST) {
        check(l->committed == l->agreed);
        check(l->conf.is_observer || l->acked == l->durable);
    }
}
