/* SPDX-License-Identifier: Apache-2.0 */
/*
 * byte_set.h - a set of byte strings, which lie elsewhere.
 *
 * What a client sends may hold thousands of names of its choice; to hold each
 * against all others would be millions of comparisons, so they are entered
 * into a table first.  A set is cleared and filled anew for each list, and
 * clearing costs as much as is going to be entered.
 *
 * Pure; any process.  Half a megabyte, of which a short list touches little:
 * not for a stack.
 */
#ifndef NET_ACCESS_BYTE_SET_H
#define NET_ACCESS_BYTE_SET_H

#include "daemon/types.h"

enum {
    BYTE_SET_PLACES = 1 << 15,
    BYTE_SET_MAX = BYTE_SET_PLACES / 2, /* strings */
};

struct byte_set {
    uint32_t mask; /* of the places in use */
    uint32_t room; /* for so many more */
    struct {
        const uint8_t *data; /* borrowed; NULL: nothing is here */
        int32_t size;
        uint32_t hash;
    } place[BYTE_SET_PLACES];
};

/*
 * Once in a process: a random number that no client knows, or it could choose
 * strings that all have the same place.
 */
void byte_set_seed(uint64_t random);

/* Nothing is in it; at most `room` strings will be, BYTE_SET_MAX at most. */
void byte_set_clear(struct byte_set *s, uint32_t room);

/* A string that is not null and stays where it is.  False: it was there. */
bool byte_set_add(struct byte_set *s, struct bytes string);

bool byte_set_has(const struct byte_set *s, struct bytes string);

#endif
