/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit_size.h - how many rows the image's next commit takes, by what the last
 * one wrote.  Pure; for image_fold.c.
 *
 * While the disk takes a commit, the log's fdatasync waits, so a commit is to
 * be small.  Rows that are neighbours share a page of 4 KiB, others dirty one
 * each: what counts is bytes, and those are known behind a commit only.
 *
 * Two things speak for more.  Commits that follow each other all the time cost
 * more than they write, and the log never has the disk to itself: then each
 * takes more.  And of a tree that is small a commit may take everything: nodes
 * that are set all the time are written once for many sets, and that is little.
 */
#ifndef STORAGE_IMAGE_COMMIT_SIZE_H
#define STORAGE_IMAGE_COMMIT_SIZE_H

#include "daemon/clock.h"

enum {
    /*
     * A restart replays at most this much: a quarter of a million sets of few
     * nodes take 0.2 s.  Twice as many rows fit the processor's cache no more
     * and cost a tenth more each.
     */
    COMMIT_ROWS_MAX = 16 * 1024,
    COMMIT_ROWS_MIN = 16,
};

struct commit_size {
    size_t rows;    /* that the next commit is to have at most */
    uint64_t bytes; /* that it is to write, where the tree is large */
    mono_ms_t last; /* when one was there, last */
};

/* What a commit wrote. */
struct commit_facts {
    size_t rows;
    uint64_t bytes;      /* to the file */
    uint64_t tree_bytes; /* that all rows have there */
    mono_ms_t now;       /* it is on disk */
};

void commit_size_init(struct commit_size *s);
void commit_size_learn(struct commit_size *s, const struct commit_facts *c);

#endif
