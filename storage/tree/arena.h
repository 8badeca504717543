/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - blocks of any size out of one reserved piece of memory.
 *
 * Private to storage/tree/.  A block is named by the 16-byte unit it
 * starts at, counted from the arena's base; it has no header: the page table
 * says what a page is.  Blocks up to 8 KiB come from slabs of one size class
 * (steps of 16 bytes up to 1 KiB, then an eighth of the power of two), larger
 * ones are runs of 4 KiB pages.  Taking and giving are O(1); an empty slab
 * and a freed run go back to the system through `give_back`, which takes of a
 * piece what is whole pages of the system: those may be larger than ours.
 *
 *     base                first_page                  top          end
 *      | owner's own parts | slab | run | free | slab | untouched   |
 *
 * Pure: the owner lends the memory, reserved, not touched until used, and the
 * table, which need not be zero.
 */
#ifndef STORAGE_TREE_ARENA_H
#define STORAGE_TREE_ARENA_H

#include "daemon/types.h"

enum {
    ARENA_UNIT = 16,
    ARENA_PAGE = 4096,
    ARENA_UNITS_PER_PAGE = ARENA_PAGE / ARENA_UNIT,
    ARENA_SLAB_PAGES = 16,
    ARENA_CLASSES = 88,
    ARENA_BINS = 192,
    ARENA_LARGEST_PAGE = 64 << 10, /* of a system */
};

/* One entry of the page table. */
struct arena_page {
    uint8_t kind;
    uint8_t class; /* of a slab's first page */
    uint16_t used; /* blocks taken of a slab */
    union {
        struct {
            uint16_t free;  /* units from the slab's start; NO_UNIT: none */
            uint16_t fresh; /* where blocks never taken begin */
        } slab;
        uint32_t pages; /* of a run, on its first page */
        uint32_t first; /* page of the run or slab, on its other pages */
    };
    uint32_t next, prev; /* slabs with free blocks, free runs; 0: none */
};

_Static_assert(sizeof(struct arena_page) == 16, "0.4 % of the memory");

/*
 * Tell the system that `size` bytes at `at`, whole pages of ours, hold nothing;
 * of some of them it may have been told before.
 */
typedef void arena_give_back_fn(void *at, size_t size);

struct arena {
    uint64_t top_units;      /* no block reaches beyond; readers look at it */
    uint64_t used_bytes;     /* in blocks taken, as rounded to their class */
    uint64_t resident_pages; /* in slabs and runs */
    uint8_t *base;
    struct arena_page *table;
    arena_give_back_fn *give_back; /* NULL: keep */
    uint32_t first_page, top_page, end_page;
    uint32_t partial[ARENA_CLASSES]; /* slabs with free blocks */
    uint32_t bins[ARENA_BINS];       /* free runs by length */
    uint64_t bin_bits[ARENA_BINS / 64];
};

/* The bytes that a page table for `reserved` bytes of memory needs. */
size_t arena_table_bytes(size_t reserved);

/*
 * Manage [base + first, base + reserved); both page aligned.  The last page
 * is never used, so that a reader may look a little past any block.  What comes
 * free is kept until the owner sets give_back.
 */
void arena_init(struct arena *a, void *base, size_t first, size_t reserved,
                struct arena_page *table);

/* A block of `size` bytes, or 0 when the arena is full. */
uint32_t arena_take(struct arena *a, size_t size);

/* Give back a block that arena_take gave. */
void arena_give(struct arena *a, uint32_t block);

/* What arena_take(size) would add to used_bytes. */
size_t arena_rounded(size_t size);

static inline void *
arena_at(const struct arena *a, uint32_t block)
{
    return a->base + (size_t)block * ARENA_UNIT;
}

#endif
