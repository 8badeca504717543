/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_seq.c - the sequence lock between the writer and the readers.
 *
 * The one file of the tree that is not pure: it waits, so it reads the clock
 * and yields; and tree_madvise is here.  Readers never hold anything: a reader
 * that dies leaves nothing behind, a writer that dies leaves the sequence odd.
 */
#include "storage/tree/tree_node.h"

#include <sched.h>
#include <sys/mman.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/memory.h"

enum {
    SPINS = 200,          /* a few microseconds: most batches are over */
    WRITER_LOST_MS = 200, /* of standing still */
};

static void
relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* --- readers ------------------------------------------------------------- */

static uint64_t
seq_now(const struct tree *t)
{
    return __atomic_load_n(&t->seq, __ATOMIC_ACQUIRE);
}

/* The batch takes long: leave the processor to the writer. */
static uint64_t
wait_patiently(const struct tree *t)
{
    uint64_t seen = seq_now(t);
    mono_ms_t since = clock_mono_ms();

    while (seen & 1) {
        uint64_t seq;

        sched_yield();
        seq = seq_now(t);
        if (seq != seen)
            since = clock_mono_ms();
        else if (clock_mono_ms() - since > WRITER_LOST_MS)
            return 0;
        seen = seq;
    }
    return seen;
}

uint64_t
tree_read_begin(const struct tree *t)
{
    for (int i = 0; i < SPINS; i++) {
        uint64_t seq = seq_now(t);

        if (!(seq & 1))
            return seq;
        relax();
    }
    return wait_patiently(t);
}

bool
tree_read_retry(const struct tree *t, uint64_t seq)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __builtin_expect(LOAD(t->seq) != seq, 0);
}

ring_pos_t
tree_applied(const struct tree *t)
{
    return LOAD(t->applied);
}

/* --- the writer ---------------------------------------------------------- */

void
tree_batch_begin(struct tree *t)
{
    check(!tree_is_open(t));
    tree_seq_open(t);
}

void
tree_batch_end(struct tree *t, ring_pos_t applied)
{
    check(tree_is_open(t));
    tree_digest_settle(t);
    tree_acl_batch_end(t, applied);
    STORE(t->applied, applied);
    tree_seq_close(t);
}

void
tree_madvise(void *at, size_t size)
{
    size_t page = memory_page();
    uintptr_t from = ALIGN_UP((uintptr_t)at, page);
    uintptr_t to = ((uintptr_t)at + size) / page * page;

    /* Only a loss of memory if it cannot be done: nothing to answer. */
    if (from < to)
        (void)madvise((void *)from, to - from, MADV_REMOVE);
}
