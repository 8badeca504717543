/* SPDX-License-Identifier: Apache-2.0 */
/* conf_table.c - finds the row of a key; see conf_table.h.  Pure. */
#include "daemon/conf/conf_table.h"

#include <ctype.h>

#include "daemon/check.h"

#define FIELD_SIZE(field) sizeof(((struct conf *)0)->field)

/* clang-format off */
const struct conf_row conf_rows[] = {
#define CONF_KEY(k, t, field, i, lo, hi, u, v, r, h)                           \
    {.key = k, .init = i, .unit = u, .help = h, .min = lo, .max = hi,          \
     .offset = offsetof(struct conf, field), .size = FIELD_SIZE(field),        \
     .type = CONF_T_##t, .verdict = CONF_V_##v, .reload = CONF_##r},
#define CONF_SEEN(k, t, i, lo, hi, u, v, h)                                    \
    {.key = k, .init = i, .unit = u, .help = h, .min = lo, .max = hi,          \
     .type = CONF_T_##t, .verdict = CONF_V_##v, .reload = CONF_RESTART},
#define CONF_ALIAS(spelling, k)
#include "daemon/conf/conf.def"
#undef CONF_KEY
#undef CONF_SEEN
#undef CONF_ALIAS
};

static const struct {
    const char *spelling;
    const char *key;
} aliases[] = {
#define CONF_KEY(k, t, field, i, lo, hi, u, v, r, h)
#define CONF_SEEN(k, t, i, lo, hi, u, v, h)
#define CONF_ALIAS(spelling, k) {spelling, k},
#include "daemon/conf/conf.def"
#undef CONF_KEY
#undef CONF_SEEN
#undef CONF_ALIAS
};
/* clang-format on */

#define CONF_WORD_NAME(name, word) word,
const char *const conf_word_names[] = {CONF_WORD_TABLE(CONF_WORD_NAME)};

const uint32_t conf_row_count = ARRAY_COUNT(conf_rows);

_Static_assert(ARRAY_COUNT(conf_rows) <= CONF_ROWS_MAX,
               "struct conf keeps a line for each row");
_Static_assert(sizeof(struct conf) <= UINT16_MAX, "offsets fit a row");

static const char *
without_prefix(const char *key)
{
    static const char prefix[] = "zookeeper.";

    return strncmp(key, prefix, sizeof prefix - 1) == 0
               ? key + sizeof prefix - 1
               : key;
}

/* A row that ends in * takes every key that begins so and goes on. */
static bool
row_takes_beginning(const struct conf_row *row, const char *key)
{
    size_t n = strlen(row->key) - 1;

    return row->key[n] == '*' && strncmp(row->key, key, n) == 0 &&
           key[n] != '\0';
}

const struct conf_row *
conf_row_find(const char *key)
{
    key = without_prefix(key);
    for (size_t i = 0; i < ARRAY_COUNT(aliases); i++)
        if (strcmp(aliases[i].spelling, key) == 0)
            key = aliases[i].key;
    for (uint32_t i = 0; i < conf_row_count; i++)
        if (strcmp(conf_rows[i].key, key) == 0)
            return &conf_rows[i];
    for (uint32_t i = 0; i < conf_row_count; i++)
        if (row_takes_beginning(&conf_rows[i], key))
            return &conf_rows[i];
    return NULL;
}

uint16_t
conf_line_of(const struct conf *conf, const char *key)
{
    const struct conf_row *row = conf_row_find(key);

    check(row);
    return conf->line[row - conf_rows];
}

bool
conf_row_is_secret(const struct conf_row *row)
{
    return strcasestr(row->key, "password") != NULL ||
           strcasestr(row->key, "superDigest") != NULL;
}

static uint32_t
min3(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t least = a < b ? a : b;

    return least < c ? least : c;
}

/*
 * How many letters must be put, dropped or changed to make one of the other,
 * without regard to case (Levenshtein, two rows of the matrix).
 */
static uint32_t
distance(const char *a, const char *b)
{
    uint32_t old[CONF_KEY_MAX + 1], now[CONF_KEY_MAX + 1];
    size_t n = strlen(b);

    if (n > CONF_KEY_MAX)
        return UINT32_MAX;
    for (uint32_t j = 0; j <= n; j++)
        old[j] = j;
    for (uint32_t i = 1; a[i - 1]; i++) {
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[j - 1]);

            now[j] = min3(old[j] + 1, now[j - 1] + 1, old[j - 1] + (x != y));
        }
        memcpy(old, now, (n + 1) * sizeof *old);
    }
    return old[n];
}

/*
 * Two words differ at least by their difference in length, and whoever mistypes
 * a key gets its first letter right: few need the matrix.
 */
static void
keep_nearer(const char *key, const char *known, const char **best,
            uint32_t *best_distance)
{
    size_t m = strlen(key), n = strlen(known);
    uint32_t d;

    if ((m > n ? m - n : n - m) >= *best_distance ||
        tolower((unsigned char)*key) != tolower((unsigned char)*known))
        return;
    d = distance(key, known);
    if (d < *best_distance) {
        *best = known;
        *best_distance = d;
    }
}

const char *
conf_row_nearest(const char *key)
{
    const char *best = NULL;
    uint32_t best_distance;

    key = without_prefix(key);
    best_distance = (uint32_t)strlen(key) / 3 + 1; /* more is another word */
    for (uint32_t i = 0; i < conf_row_count; i++)
        keep_nearer(key, conf_rows[i].key, &best, &best_distance);
    for (size_t i = 0; i < ARRAY_COUNT(aliases); i++)
        keep_nearer(key, aliases[i].spelling, &best, &best_distance);
    return best;
}
