/* SPDX-License-Identifier: Apache-2.0 */
/* bench_mix.c - see bench_mix.h.  Pure but for printing the help. */
#include "tools/bench/bench_mix.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/zk.h"

enum { WEIGHT_MAX = 1000000 };

/* clang-format off */
static const struct bench_kind kinds[] = {
    {"get", ZK_OP_GET_DATA, NEED_KEYS, true, 0, "get",
     "read the data of a random key"},
    {"exists", ZK_OP_EXISTS, NEED_KEYS, true, 0, "op",
     "read the stat of a random key"},
    {"children", ZK_OP_GET_CHILDREN, NEED_LIST, false, 0, "op",
     "list a znode with --children children"},
    {"set", ZK_OP_SET_DATA, NEED_KEYS, true, 0, "set",
     "write the data of a random key"},
    {"create", ZK_OP_CREATE, NEED_WORK_PARENTS, false, ZK_PERSISTENT,
     "create", "make znodes"},
    {"ephemeral", ZK_OP_CREATE, NEED_WORK_PARENTS, false,
     ZK_EPHEMERAL_SEQUENTIAL, "create", "make sequential ephemerals"},
    {"delete", ZK_OP_DELETE, NEED_KEYS, true, 0, "delete",
     "delete the keys one after the other, until there are no more"},
    {"multi", ZK_OP_MULTI, NEED_WORK_PARENTS, false, ZK_PERSISTENT,
     "create", "make znodes, --ops in each multi"},
};
/* clang-format on */

/* One word: NAME or NAME:WEIGHT. */
static bool
parse_part(struct bench_mix *m, const char *word, size_t length)
{
    size_t name = strcspn(word, ":,");
    unsigned long weight = 1;
    char *end;

    if (m->count == BENCH_MIX_MAX)
        return false;
    if (name < length) {
        weight = strtoul(word + name + 1, &end, 10);
        if (end != word + length || weight < 1 || weight > WEIGHT_MAX)
            return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (strlen(kinds[i].name) == name &&
            strncmp(kinds[i].name, word, name) == 0) {
            m->kind[m->count] = &kinds[i];
            m->weight[m->count++] = (uint32_t)weight;
            m->weight_sum += (uint32_t)weight;
            return true;
        }
    return false;
}

int
bench_mix_parse(struct bench_mix *m, const char *text)
{
    size_t length;

    *m = (struct bench_mix){0};
    for (;; text += length + 1) {
        length = strcspn(text, ",");
        if (!parse_part(m, text, length))
            return -EINVAL;
        if (text[length] == '\0')
            return 0;
    }
}

unsigned
bench_mix_pick(const struct bench_mix *m, uint32_t random)
{
    uint32_t left = random % m->weight_sum;
    unsigned i = 0;

    while (left >= m->weight[i])
        left -= m->weight[i++];
    return i;
}

unsigned
bench_mix_needs(const struct bench_mix *m)
{
    unsigned needs = 0;

    for (unsigned i = 0; i < m->count; i++)
        needs |= m->kind[i]->needs;
    return needs;
}

bool
bench_mix_deletes(const struct bench_mix *m)
{
    for (unsigned i = 0; i < m->count; i++)
        if (m->kind[i]->op == ZK_OP_DELETE)
            return true;
    return false;
}

void
bench_mix_help(FILE *to)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        fprintf(to, "  %-19s %s\n", kinds[i].name, kinds[i].help);
}
