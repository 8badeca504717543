/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - which paths may be made, and which are only looked up.
 *
 * Pure; any process.  Facts: spec/client-protocol.md 4.1.  The rules speak
 * of UTF-16 units; here they are translated to the UTF-8 bytes on the wire,
 * so nothing is decoded.
 */
#include "net/access/path.h"

#include "daemon/word.h"

static bool
is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/*
 * Length of the well-formed, allowed character of two or three bytes at `p`,
 * or 0.  Four bytes are surrogates to Java and refused as a whole.
 */
static size_t
wide_char(const uint8_t *p, size_t left)
{
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        if (left < 2 || !is_tail(p[1]))
            return 0;
        return p[0] == 0xc2 && p[1] <= 0x9f ? 0 : 2; /* U+0080..U+009F */
    }
    if (p[0] < 0xe0 || p[0] > 0xef || left < 3)
        return 0;
    if (!is_tail(p[1]) || !is_tail(p[2]))
        return 0;
    if (p[0] == 0xe0 && p[1] < 0xa0)
        return 0; /* longer than need be */
    if (p[0] == 0xed && p[1] >= 0xa0)
        return 0; /* surrogates */
    if (p[0] == 0xee || (p[0] == 0xef && p[1] <= 0xa3))
        return 0; /* U+E000..U+F8FF, private use */
    if (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xb0)
        return 0; /* U+FFF0..U+FFFF */
    return 3;
}

/* What needs no second look: most of ASCII, but no slash. */
static bool
is_plain(uint8_t byte)
{
    return (uint8_t)(byte - 0x20) < 0x7f - 0x20 && byte != '/';
}

/* The same of eight: which are not plain. */
static uint64_t
not_plain(uint64_t word)
{
    return word_below(word, 0x20) | word_equal(word, 0x7f) |
           word_equal(word, '/') | (word & WORD_OF(0x80));
}

/* How many plain bytes come first. */
static size_t
plain_run(const uint8_t *p, size_t size)
{
    size_t n = 0;

    for (; n + WORD_BYTES <= size; n += WORD_BYTES) {
        uint64_t others = not_plain(word_at(p + n));

        if (others)
            return n + word_first(others);
    }
    while (n < size && is_plain(p[n]))
        n++;
    return n;
}

/* A name between two slashes: not empty, not `.`, not `..`. */
static bool
component_valid(const uint8_t *name, size_t size)
{
    if (size == 0)
        return false;
    if (name[0] != '.')
        return true;
    return size > 2 || (size == 2 && name[1] != '.');
}

bool
path_valid(struct bytes path)
{
    const uint8_t *p = path.data;
    size_t size = (size_t)bytes_size(path);
    size_t start = 1;

    if (size == 0 || p[0] != '/')
        return false;
    for (size_t i = 1;;) {
        i += plain_run(p + i, size - i);
        if (i == size)
            break;
        if (p[i] >= 0x80) {
            size_t n = wide_char(p + i, size - i);

            if (n == 0)
                return false;
            i += n;
            continue;
        }
        if (p[i] != '/' || !component_valid(p + start, i - start))
            return false;
        start = ++i;
    }
    return size == 1 || component_valid(p + start, size - start);
}

bool
path_has_nul(struct bytes path)
{
    return bytes_find(path, 0) != NULL;
}

bool
path_has_parent(struct bytes path)
{
    return bytes_find(path, '/') && !path_has_nul(path);
}

bool
path_is_reserved(struct bytes path)
{
    return bytes_are(path, "/") || bytes_are(path, "/zookeeper") ||
           bytes_are(path, "/zookeeper/quota") ||
           bytes_are(path, "/zookeeper/config");
}

struct bytes
path_parent(struct bytes path)
{
    const uint8_t *slash = memrchr(path.data, '/', (size_t)path.size);

    return (struct bytes){path.data, (int32_t)(slash - path.data)};
}

struct bytes
path_of_node(struct bytes path)
{
    if (path.size == 1 && path.data[0] == '/')
        path.size = 0;
    return path;
}
