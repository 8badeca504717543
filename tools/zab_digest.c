/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_digest.c - `zab digest HOST:PORT...`: reads the tree of each server as
 * a client does and tells whether all have the same.
 *
 *     HOST:PORT zxid=0x500000012 nodes=1207 digest=91b3...
 *
 * a line each; then up to twenty nodes that differ.  Exit status 0 when none
 * does, 1 when some do or a server cannot be read.  While clients write, the
 * servers are read at different zxids, and a difference means nothing: then the
 * zxid is shown as a range.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/check.h"
#include "tools/zab.h"
#include "tools/zab_dial.h"
#include "tools/zab_text.h"
#include "tools/zab_walk.h"

enum { SHOWN_MAX = 20 };

static void
report(const char *where, const struct zab_walk *w)
{
    printf("%s zxid=0x%" PRIx64, where, (uint64_t)w->first);
    if (w->last != w->first)
        printf("..0x%" PRIx64, (uint64_t)w->last);
    printf(" nodes=%zu", w->count);
    if (w->hidden > 0)
        printf(" hidden=%zu", w->hidden);
    printf(" digest=%016" PRIx64 "\n", w->digest);
}

/* Both are sorted by path.  Returns how many nodes differ. */
static size_t
compare(const char *where, const struct zab_walk *a, const struct zab_walk *b)
{
    size_t i = 0, j = 0, count = 0;

    while (i < a->count || j < b->count) {
        int order = i == a->count   ? 1
                    : j == b->count ? -1
                                    : strcmp(a->node[i].path, b->node[j].path);
        const struct zab_walk_node *x = order <= 0 ? &a->node[i++] : NULL;
        const struct zab_walk_node *y = order >= 0 ? &b->node[j++] : NULL;

        if (x && y && x->hash == y->hash && x->is_gone == y->is_gone &&
            x->is_hidden == y->is_hidden)
            continue;
        if (count++ >= SHOWN_MAX)
            continue;
        printf("%s: ", where);
        zab_put_text(stdout, bytes_of((x ? x : y)->path));
        puts(!x ? " is only here" : !y ? " is missing" : " differs");
    }
    return count;
}

static int
help(FILE *to, int status)
{
    fputs("usage: zab digest HOST:PORT...\n\n"
          "Reads the tree of each server (all but /zookeeper/) and compares "
          "path, data,\nACL and Stat of every node with the first server's.  "
          "Nobody should write\nmeanwhile.  It reads as anybody may: of nodes "
          "whose ACLs forbid that, which are\ncounted as hidden, neither "
          "they nor what is below them can be compared.\n",
          to);
    return status;
}

int
zab_digest(int argc, char **argv)
{
    struct zab_walk *walk;
    size_t differ = 0;
    int count = argc - 1, rc = 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return help(stdout, ZAB_OK);
    if (argc < 2 || argv[1][0] == '-')
        return help(stderr, ZAB_USAGE);
    for (int i = 1; i < argc; i++)
        if (!zab_dial_takes("digest", argv[i]))
            return ZAB_USAGE;
    walk = calloc((size_t)count, sizeof *walk);
    check(walk != NULL);
    for (int i = 0; i < count && rc == 0; i++) {
        rc = zab_walk(&walk[i], "digest", argv[i + 1]);
        if (rc == 0)
            report(argv[i + 1], &walk[i]);
    }
    for (int i = 1; i < count && rc == 0; i++)
        differ += compare(argv[i + 1], &walk[0], &walk[i]);
    if (differ > SHOWN_MAX)
        printf("%zu differences in all\n", differ);
    for (int i = 0; i < count; i++)
        zab_walk_free(&walk[i]);
    free(walk);
    return rc < 0 || differ > 0 ? ZAB_FAILED : ZAB_OK;
}
