/* SPDX-License-Identifier: Apache-2.0 */
/* quota_text.c - see quota_text.h.  Pure. */
#include "storage/tree/quota_text.h"

#include "storage/tree/tree_node.h"

/* --- which nodes ---------------------------------------------------------- */

enum quota_node
quota_node_of(struct bytes path, struct bytes *real)
{
    static const char quota_root[] = QUOTA_ROOT;
    size_t root = sizeof quota_root - 1;
    struct parted parted;

    if (path.size <= (int32_t)root + 1 ||
        memcmp(path.data, quota_root, root) != 0 || path.data[root] != '/')
        return QUOTA_NONE;
    (void)path_part(path, &parted); /* it has a slash */
    real->data = path.data + root;
    real->size = parted.above.size - (int32_t)root;
    if (bytes_are(parted.name, QUOTA_LIMITS_NAME))
        return real->size > 0 ? QUOTA_LIMITS : QUOTA_NONE;
    return bytes_are(parted.name, QUOTA_STATS_NAME) ? QUOTA_STATS : QUOTA_NONE;
}

/* --- numbers by name ------------------------------------------------------ */

/* A decimal i64; empty is -1. */
static bool
parse_number(const uint8_t *p, size_t size, int64_t *value)
{
    bool is_negative = size > 0 && *p == '-';
    size_t i = is_negative || (size > 0 && *p == '+') ? 1 : 0;
    int64_t v = 0;

    *value = -1;
    if (size == 0)
        return true;
    if (i == size)
        return false;
    for (; i < size; i++) {
        int digit = p[i] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, digit, &v)) /* the minimum fits too */
            return false;
    }
    if (!is_negative && v == INT64_MIN)
        return false;
    *value = is_negative ? v : -v;
    return true;
}

static int64_t *
field_of(struct quota_text *q, struct bytes key)
{
    if (bytes_are(key, "count"))
        return &q->count;
    if (bytes_are(key, "bytes"))
        return &q->bytes;
    if (bytes_are(key, "countHardLimit"))
        return &q->count_hard;
    if (bytes_are(key, "byteHardLimit"))
        return &q->bytes_hard;
    return NULL;
}

static bool
is_separator(uint8_t c)
{
    return c == ',' || c == ';';
}

/* key=value; a second `=`, at which old parsers stop, ends the value. */
static bool
parse_pair(const uint8_t *p, size_t size, struct quota_text *q)
{
    const uint8_t *equals = memchr(p, '=', size);
    size_t key_size = equals ? (size_t)(equals - p) : size;
    int64_t *field = field_of(q, (struct bytes){p, (int32_t)key_size});
    size_t value_size;
    int64_t value;

    if (!equals)
        return false;
    p = equals + 1;
    value_size = size - key_size - 1;
    equals = memchr(p, '=', value_size);
    if (equals)
        value_size = (size_t)(equals - p);
    if (!parse_number(p, value_size, &value))
        return false;
    if (field)
        *field = value;
    return true;
}

bool
quota_parse(struct bytes text, struct quota_text *q)
{
    const struct quota_text none = {-1, -1, -1, -1};
    size_t size = (size_t)bytes_size(text);
    size_t start = 0;

    *q = none;
    while (start < size) {
        size_t end = start;

        while (end < size && !is_separator(text.data[end]))
            end++;
        if (end > start && !parse_pair(text.data + start, end - start, q)) {
            *q = none;
            return false;
        }
        start = end + 1;
    }
    return true;
}

static char *
print_word(char *to, const char *word)
{
    size_t size = strlen(word);

    memcpy(to, word, size);
    return to + size;
}

static char *
print_number(char *to, int64_t value)
{
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        *to++ = '-';
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

/* ZK: StatsTrack.toString */
size_t
quota_print(const struct quota_text *q, char text[QUOTA_TEXT_MAX])
{
    char *to = print_number(print_word(text, "count="), q->count);

    to = print_number(print_word(to, ",bytes="), q->bytes);
    if (q->bytes_hard != -1 || q->count_hard != -1)
        to = print_word(to, "=");
    if (q->bytes_hard != -1)
        to = print_number(print_word(to, ";byteHardLimit="), q->bytes_hard);
    if (q->count_hard != -1)
        to = print_number(print_word(to, ";countHardLimit="), q->count_hard);
    return (size_t)(to - text);
}
