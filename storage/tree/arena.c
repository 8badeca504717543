/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - blocks of any size out of one reserved piece of memory.
 *
 * Pure; the replication process.  Free runs of pages are kept as in TLSF
 * (Masmano et al. 2004): bins by length, a bit per bin, neighbours joined at
 * once.  The system has the pages of free runs.
 */
#include "storage/tree/arena.h"

#include "daemon/check.h"

enum {
    NO_UNIT = 0xffff,
    SMALL_UNITS_MAX = 512, /* 8 KiB: larger blocks are runs */
    FINE_UNITS_MAX = 64,   /* 1 KiB: a class for each size */
    SLAB_UNITS = ARENA_SLAB_PAGES * ARENA_UNITS_PER_PAGE,
};

enum page_kind {
    PAGE_INNER = 0, /* a later page of a slab, or the last of a run */
    PAGE_SLAB,
    PAGE_RUN,
    PAGE_FREE,      /* first of a free run */
    PAGE_FREE_TAIL, /* last of a free run of two or more */
};

/* --- sizes ---------------------------------------------------------------- */

static uint32_t
log2_of(uint32_t n)
{
    return 31 - (uint32_t)__builtin_clz(n);
}

/* Coarse ones: eight steps from each power of two to the next, from 2^6 on. */
static uint32_t
class_of(uint32_t units)
{
    uint32_t power;

    if (units <= FINE_UNITS_MAX)
        return units - 1;
    power = log2_of(units - 1);
    return FINE_UNITS_MAX + (power - 6) * 8 + ((units - 1) >> (power - 3)) - 8;
}

static uint32_t
class_units(uint32_t class)
{
    uint32_t coarse = class - FINE_UNITS_MAX;

    if (class < FINE_UNITS_MAX)
        return class + 1;
    return (coarse % 8 + 9) << (coarse / 8 + 3);
}

static size_t
pages_for(size_t size)
{
    return (size + ARENA_PAGE - 1) / ARENA_PAGE;
}

static bool
is_small(size_t size)
{
    return size <= (size_t)SMALL_UNITS_MAX * ARENA_UNIT;
}

static uint32_t
units_for(size_t size)
{
    return size == 0 ? 1 : (uint32_t)((size + ARENA_UNIT - 1) / ARENA_UNIT);
}

size_t
arena_rounded(size_t size)
{
    if (is_small(size))
        return (size_t)class_units(class_of(units_for(size))) * ARENA_UNIT;
    return pages_for(size) * ARENA_PAGE;
}

/* --- lists of runs, and of slabs, by their first pages -------------------- */

static void
list_put(struct arena *a, uint32_t *head, uint32_t first)
{
    struct arena_page *p = &a->table[first];

    p->prev = 0;
    p->next = *head;
    if (p->next)
        a->table[p->next].prev = first;
    *head = first;
}

static void
list_remove(struct arena *a, uint32_t *head, uint32_t first)
{
    const struct arena_page *p = &a->table[first];

    if (p->next)
        a->table[p->next].prev = p->prev;
    if (p->prev)
        a->table[p->prev].next = p->next;
    else
        *head = p->next;
}

/* --- runs of pages -------------------------------------------------------- */

/* The bin of a free run of `pages`: exact below 16, then eighths. */
static uint32_t
bin_of(uint32_t pages)
{
    uint32_t power;

    if (pages < 16)
        return pages;
    power = log2_of(pages);
    return 16 + (power - 4) * 8 + ((pages >> (power - 3)) & 7);
}

static void
bin_put(struct arena *a, uint32_t first, uint32_t pages)
{
    struct arena_page *p = &a->table[first];
    uint32_t bin = bin_of(pages);

    p->kind = PAGE_FREE;
    p->pages = pages;
    list_put(a, &a->bins[bin], first);
    a->bin_bits[bin / 64] |= UINT64_C(1) << bin % 64;
    if (pages > 1) {
        a->table[first + pages - 1].kind = PAGE_FREE_TAIL;
        a->table[first + pages - 1].first = first;
    }
}

static void
bin_remove(struct arena *a, uint32_t first)
{
    const struct arena_page *p = &a->table[first];
    uint32_t bin = bin_of(p->pages);

    check(p->kind == PAGE_FREE);
    list_remove(a, &a->bins[bin], first);
    if (!a->bins[bin])
        a->bin_bits[bin / 64] &= ~(UINT64_C(1) << bin % 64);
}

/* A free run of at least `pages`, or 0: in bins where every run is enough. */
static uint32_t
bin_find(const struct arena *a, uint32_t pages)
{
    uint32_t least = pages;
    uint32_t bin, word;
    uint64_t bits;

    if (pages >= 16)
        least += (UINT32_C(1) << (log2_of(pages) - 3)) - 1;
    bin = bin_of(least);
    word = bin / 64;
    bits = a->bin_bits[word] & (~UINT64_C(0) << bin % 64);
    while (!bits && ++word < ARRAY_COUNT(a->bin_bits))
        bits = a->bin_bits[word];
    return bits ? a->bins[word * 64 + (uint32_t)__builtin_ctzll(bits)] : 0;
}

static void
set_top(struct arena *a, uint32_t page)
{
    a->top_page = page;
    __atomic_store_n(&a->top_units, (uint64_t)page * ARENA_UNITS_PER_PAGE,
                     __ATOMIC_RELAXED);
}

/* Mark the pages as taken: of a run both ends, of a slab all. */
static void
run_mark(struct arena *a, uint32_t first, uint32_t pages, uint8_t kind)
{
    uint32_t step = kind == PAGE_SLAB || pages == 1 ? 1 : pages - 1;

    for (uint32_t i = step; i < pages; i += step) {
        a->table[first + i].kind = PAGE_INNER;
        a->table[first + i].first = first;
    }
    a->table[first].kind = kind;
    a->table[first].pages = pages;
}

/* The first of `pages` pages in a row, or 0. */
static uint32_t
run_take(struct arena *a, size_t count, uint8_t kind)
{
    uint32_t pages = (uint32_t)count;
    uint32_t first, have;

    if (count > a->end_page - a->first_page)
        return 0;
    first = bin_find(a, pages);
    if (first) {
        have = a->table[first].pages;
        bin_remove(a, first);
        if (have > pages)
            bin_put(a, first + pages, have - pages);
    } else {
        if (a->end_page - a->top_page < pages)
            return 0;
        first = a->top_page;
        set_top(a, first + pages);
    }
    run_mark(a, first, pages, kind);
    a->resident_pages += pages;
    return first;
}

/*
 * Pages from `first` to `end` became free, in a free run from `from` to `to`.
 * They may have been the last that kept a page of the system.
 */
static void
run_give_back(const struct arena *a, uint32_t first, uint32_t end,
              uint32_t from, uint32_t to)
{
    const uint32_t around = ARENA_LARGEST_PAGE / ARENA_PAGE - 1;

    if (!a->give_back)
        return;
    if (first - from > around)
        from = first - around;
    if (to - end > around)
        to = end + around;
    a->give_back(a->base + (size_t)from * ARENA_PAGE,
                 (size_t)(to - from) * ARENA_PAGE);
}

/* Where the free run begins that ends at `first`; or `first`. */
static uint32_t
free_before(const struct arena *a, uint32_t first)
{
    const struct arena_page *left = &a->table[first - 1];

    if (first == a->first_page)
        return first;
    return left->kind == PAGE_FREE        ? first - 1
           : left->kind == PAGE_FREE_TAIL ? left->first
                                          : first;
}

/* Where the free run ends that begins at `end`; or `end`. */
static uint32_t
free_behind(const struct arena *a, uint32_t end)
{
    if (end == a->top_page || a->table[end].kind != PAGE_FREE)
        return end;
    return end + a->table[end].pages;
}

static void
run_give(struct arena *a, uint32_t first, uint32_t pages)
{
    uint32_t end = first + pages;
    uint32_t from = free_before(a, first), to = free_behind(a, end);

    a->resident_pages -= pages;
    if (from != first)
        bin_remove(a, from);
    if (to != end)
        bin_remove(a, end);
    run_give_back(a, first, end, from, to);
    if (to == a->top_page)
        set_top(a, from);
    else
        bin_put(a, from, to - from);
}

/* --- slabs ---------------------------------------------------------------- */

/* The list of slabs with room that it belongs to. */
static uint32_t *
partial_of(struct arena *a, uint32_t first)
{
    return &a->partial[a->table[first].class];
}

static uint32_t
slab_new(struct arena *a, uint32_t class)
{
    uint32_t first = run_take(a, ARENA_SLAB_PAGES, PAGE_SLAB);

    if (!first)
        return 0;
    a->table[first].class = (uint8_t) class;
    a->table[first].used = 0;
    a->table[first].slab.free = NO_UNIT;
    a->table[first].slab.fresh = 0;
    list_put(a, partial_of(a, first), first);
    return first;
}

static bool
slab_is_full(const struct arena_page *p, uint32_t units)
{
    return p->slab.free == NO_UNIT && p->slab.fresh + units > SLAB_UNITS;
}

static uint32_t
slab_take(struct arena *a, uint32_t class)
{
    uint32_t units = class_units(class);
    uint32_t first = a->partial[class];
    struct arena_page *p;
    uint32_t block;

    if (!first)
        first = slab_new(a, class);
    if (!first)
        return 0;
    p = &a->table[first];
    block = first * ARENA_UNITS_PER_PAGE;
    if (p->slab.free != NO_UNIT) {
        block += p->slab.free;
        memcpy(&p->slab.free, arena_at(a, block), sizeof p->slab.free);
    } else {
        block += p->slab.fresh;
        p->slab.fresh = (uint16_t)(p->slab.fresh + units);
    }
    p->used++;
    if (slab_is_full(p, units))
        list_remove(a, partial_of(a, first), first);
    a->used_bytes += (uint64_t)units * ARENA_UNIT;
    return block;
}

/* An empty slab is kept only while it is the one with room in its class. */
static void
slab_give(struct arena *a, uint32_t first, uint32_t block)
{
    struct arena_page *p = &a->table[first];
    uint32_t units = class_units(p->class);
    bool was_full = slab_is_full(p, units);
    uint32_t offset = block - first * ARENA_UNITS_PER_PAGE;

    check(p->used > 0 && offset < p->slab.fresh && offset % units == 0);
    memcpy(arena_at(a, block), &p->slab.free, sizeof p->slab.free);
    p->slab.free = (uint16_t)offset;
    p->used--;
    a->used_bytes -= (uint64_t)units * ARENA_UNIT;
    if (was_full)
        list_put(a, partial_of(a, first), first);
    if (p->used == 0 && (p->next || p->prev)) {
        list_remove(a, partial_of(a, first), first);
        run_give(a, first, ARENA_SLAB_PAGES);
    }
}

/* --- blocks --------------------------------------------------------------- */

static uint32_t
first_page_of(const struct arena *a, uint32_t block)
{
    uint32_t page = block / ARENA_UNITS_PER_PAGE;

    check(page >= a->first_page && page < a->top_page);
    return a->table[page].kind == PAGE_INNER ? a->table[page].first : page;
}

uint32_t
arena_take(struct arena *a, size_t size)
{
    uint32_t first;

    if (is_small(size))
        return slab_take(a, class_of(units_for(size)));
    first = run_take(a, pages_for(size), PAGE_RUN);
    if (first)
        a->used_bytes += (uint64_t)a->table[first].pages * ARENA_PAGE;
    return first * ARENA_UNITS_PER_PAGE;
}

void
arena_give(struct arena *a, uint32_t block)
{
    uint32_t first = first_page_of(a, block);
    uint32_t pages;

    if (a->table[first].kind == PAGE_SLAB) {
        slab_give(a, first, block);
        return;
    }
    check(a->table[first].kind == PAGE_RUN &&
          block == first * ARENA_UNITS_PER_PAGE);
    pages = a->table[first].pages;
    a->used_bytes -= (uint64_t)pages * ARENA_PAGE;
    run_give(a, first, pages);
}

size_t
arena_table_bytes(size_t reserved)
{
    return ALIGN_UP(reserved / ARENA_PAGE * sizeof(struct arena_page),
                    (size_t)ARENA_PAGE);
}

void
arena_init(struct arena *a, void *base, size_t first, size_t reserved,
           struct arena_page *table)
{
    check(first % ARENA_PAGE == 0 && first > 0 && reserved > first);
    check(reserved / ARENA_UNIT <= UINT64_C(1) << 32);
    *a = (struct arena){
        .base = base,
        .table = table,
        .first_page = (uint32_t)(first / ARENA_PAGE),
        .end_page = (uint32_t)(reserved / ARENA_PAGE) - 1,
    };
    set_top(a, a->first_page);
}
