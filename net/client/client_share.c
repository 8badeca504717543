/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_share.c - whose turn it is to accept a connection.
 *
 * A connection stays with the client process that accepted it.  They are
 * handed out in blocks: the first of the processes that have filled the fewest
 * has the turn.
 *
 *      process 1: 64      process 2: 64      process 1: 128     ...
 *
 * So a few connections are together in one process, where one wake-up serves
 * several of them, and many are shared out to within a block.  Everybody
 * comes to the same answer from the counters in shared memory; whoever takes
 * the last of a block rings the next.  A process that is not ready, whose loop
 * has not turned for a while, or that has no descriptor left, is passed over.
 */
#include "net/client/client_accept.h"

enum {
    BLOCK = 64,
    MUTE_MS = 1000, /* a loop's beat is 250 ms */
};

static bool
is_alive(const struct client_proc *p, uint32_t w)
{
    return w == p->worker || (p->shm->client[w]->proc.is_ready &&
                              p->now_ms - p->beats[w].moved < MUTE_MS);
}

static bool
is_able(const struct client_proc *p, uint32_t w)
{
    return is_alive(p, w) && !p->shm->client[w]->is_out_of_files;
}

static uint64_t
blocks_of(const struct client_proc *p, uint32_t w)
{
    return p->shm->client[w]->stats.connections / BLOCK;
}

enum proc_id
client_share_whose(const struct client_proc *p)
{
    enum proc_id whose = p->self;
    uint64_t fewest = UINT64_MAX;

    for (uint32_t w = 0; w < p->shm->super->client_count; w++) {
        if (!is_able(p, w) || blocks_of(p, w) >= fewest)
            continue;
        fewest = blocks_of(p, w);
        whose = (enum proc_id)(PROC_CLIENT + w);
    }
    return whose;
}

void
client_share_init(struct client_proc *p)
{
    for (uint32_t w = 0; w < p->shm->super->client_count; w++)
        p->beats[w].moved = p->now_ms;
}

void
client_share_tick(struct client_proc *p)
{
    for (uint32_t w = 0; w < p->shm->super->client_count; w++) {
        uint64_t count = p->shm->client[w]->proc.beats;

        if (count == p->beats[w].count)
            continue;
        p->beats[w] = (struct client_beat){count, p->now_ms};
    }
}
