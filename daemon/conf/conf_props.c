/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_props.c - see conf_props.h.
 *
 * A *natural* line ends at \n, \r or \r\n.  A *logical* line is one or more
 * of them, joined by a backslash before the end; take_char walks one logical
 * line and says of each character whether it was escaped.
 */
#include "daemon/conf/conf_props.h"

#include <errno.h>

enum { TAKEN_END, TAKEN_PLAIN, TAKEN_ESCAPED, TAKEN_BAD };

/* Text that grows up to its room, and remembers if it wanted more. */
struct room {
    char *text;
    size_t size;
    size_t used;
    bool overflows;
};

static bool
is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool
is_line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* The length of the UTF-8 sequence at `at`, 0 if there is none. */
static size_t
utf8_length(const uint8_t *at, const uint8_t *end)
{
    size_t n = *at < 0x80                  ? 1
               : *at >= 0xc2 && *at < 0xe0 ? 2
               : *at >= 0xe0 && *at < 0xf0 ? 3
               : *at >= 0xf0 && *at < 0xf5 ? 4
                                           : 0;

    if (n > (size_t)(end - at))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

static bool
all_utf8(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        size_t n = utf8_length(at, end);

        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

void
props_init(struct props *p, struct bytes text)
{
    *p = (struct props){.at = text.data, .line = 1};
    p->end = text.data + bytes_size(text);
    p->is_utf8 = all_utf8(p->at, p->end);
    if (p->is_utf8 && text.size >= 3 && memcmp(p->at, "\xef\xbb\xbf", 3) == 0)
        p->at += 3; /* a byte order mark: editors put it there, unseen */
}

/* Step over \n, \r or \r\n, whichever is there. */
static void
skip_line_end(struct props *p)
{
    bool is_pair = p->end - p->at > 1 && p->at[0] == '\r' && p->at[1] == '\n';

    p->at += is_pair ? 2 : 1;
    p->line++;
}

static void
skip_blanks(struct props *p)
{
    while (p->at < p->end && is_blank(*p->at))
        p->at++;
}

/* A backslash that joins lines, where no entry has begun. */
static bool
joins_nothing(const struct props *p)
{
    return p->end - p->at > 1 && p->at[0] == '\\' && is_line_end(p->at[1]);
}

/*
 * To the first character of the next entry; false at the end of the text.
 * JDK: as long as its line is empty, LineReader takes # for a comment.
 */
static bool
skip_to_entry(struct props *p)
{
    for (;;) {
        skip_blanks(p);
        if (p->at == p->end)
            return false;
        p->at += joins_nothing(p);
        if (*p->at == '#' || *p->at == '!') {
            while (p->at < p->end && !is_line_end(*p->at))
                p->at++;
        } else if (!is_line_end(*p->at)) {
            return true;
        }
        if (p->at < p->end)
            skip_line_end(p);
    }
}

static int
take_hex4(struct props *p, uint32_t *c)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++, p->at++) {
        uint8_t h = p->at < p->end ? *p->at : 0;
        uint8_t low = h | 0x20;

        if (h >= '0' && h <= '9')
            v = v << 4 | (uint32_t)(h - '0');
        else if (low >= 'a' && low <= 'f')
            v = v << 4 | (uint32_t)(low - 'a' + 10);
        else
            return TAKEN_BAD;
    }
    *c = v;
    return TAKEN_ESCAPED;
}

/* A \uXXXX whose `\u` is read; two of them may be one character. */
static int
take_unicode(struct props *p, uint32_t *c)
{
    uint32_t low;
    int rc = take_hex4(p, c);

    if (rc == TAKEN_BAD || *c < 0xd800 || *c > 0xdfff)
        return rc;
    if (*c > 0xdbff || p->end - p->at < 2 || p->at[0] != '\\' ||
        p->at[1] != 'u')
        return TAKEN_BAD;
    p->at += 2;
    if (take_hex4(p, &low) == TAKEN_BAD || low < 0xdc00 || low > 0xdfff)
        return TAKEN_BAD;
    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
    return TAKEN_ESCAPED;
}

/* Raw bytes above ASCII, in the text's encoding. */
static uint32_t
take_raw(struct props *p)
{
    uint32_t c = *p->at;
    size_t n = p->is_utf8 ? utf8_length(p->at, p->end) : 1;

    if (n > 1)
        c &= 0xffU >> (n + 1);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p->at[i] & 0x3f);
    p->at += n;
    return c;
}

static int
take_escape(struct props *p, uint32_t *c)
{
    switch (*p->at) {
    case 'u':
        p->at++;
        return take_unicode(p, c);
    case 't':
        *c = '\t';
        break;
    case 'n':
        *c = '\n';
        break;
    case 'r':
        *c = '\r';
        break;
    case 'f':
        *c = '\f';
        break;
    default:
        *c = take_raw(p);
        return TAKEN_ESCAPED;
    }
    p->at++;
    return TAKEN_ESCAPED;
}

/* The next character of the logical line, or its end, which is eaten. */
static int
take_char(struct props *p, uint32_t *c)
{
    while (p->at < p->end) {
        if (is_line_end(*p->at)) {
            skip_line_end(p);
            return TAKEN_END;
        }
        if (*p->at != '\\') {
            *c = take_raw(p);
            return TAKEN_PLAIN;
        }
        p->at++;
        if (p->at == p->end)
            return TAKEN_END; /* a last, lonely backslash is dropped */
        if (!is_line_end(*p->at))
            return take_escape(p, c);
        skip_line_end(p);
        skip_blanks(p);
    }
    return TAKEN_END;
}

static void
put_byte(struct room *r, uint32_t byte)
{
    if (r->used + 1 < r->size)
        r->text[r->used++] = (char)byte;
    else
        r->overflows = true;
}

static void
put_char(struct room *r, uint32_t c)
{
    if (c < 0x80) {
        put_byte(r, c);
        return;
    }
    if (c < 0x800) {
        put_byte(r, 0xc0 | c >> 6);
    } else if (c < 0x10000) {
        put_byte(r, 0xe0 | c >> 12);
        put_byte(r, 0x80 | (c >> 6 & 0x3f));
    } else {
        put_byte(r, 0xf0 | c >> 18);
        put_byte(r, 0x80 | (c >> 12 & 0x3f));
        put_byte(r, 0x80 | (c >> 6 & 0x3f));
    }
    put_byte(r, 0x80 | (c & 0x3f));
}

/* ZK: QuorumPeerConfig.parseProperties calls String.trim: all up to ' '. */
static void
finish(struct room *r)
{
    size_t start = 0;

    while (r->used > 0 && (unsigned char)r->text[r->used - 1] <= ' ')
        r->used--;
    while (start < r->used && (unsigned char)r->text[start] <= ' ')
        start++;
    r->used -= start;
    memmove(r->text, r->text + start, r->used);
    memset(r->text + r->used, 0, r->size - r->used);
}

/*
 * Between key and value: blanks, at most one separator, blanks.  `c` is the
 * character that ended the key, afterwards the value's first.
 */
static int
skip_separator(struct props *p, int taken, uint32_t *c)
{
    bool had = false;

    while (taken == TAKEN_PLAIN) {
        bool is_separator = !had && (*c == '=' || *c == ':');

        if (!is_separator && !is_blank(*c))
            break;
        had |= is_separator;
        taken = take_char(p, c);
    }
    return taken;
}

/* One logical line; true if it was an entry, false if it was empty. */
static bool
take_entry(struct props *p, struct room *key, struct room *value, bool *bad)
{
    uint32_t c = 0;
    int taken = take_char(p, &c);
    bool is_empty = taken == TAKEN_END;

    while (taken != TAKEN_END &&
           (taken != TAKEN_PLAIN || (!is_blank(c) && c != '=' && c != ':'))) {
        *bad |= taken == TAKEN_BAD || c == 0;
        put_char(key, c);
        taken = take_char(p, &c);
    }
    taken = skip_separator(p, taken, &c);
    while (taken != TAKEN_END) {
        *bad |= taken == TAKEN_BAD || c == 0;
        put_char(value, c);
        taken = take_char(p, &c);
    }
    return !is_empty;
}

int
props_next(struct props *p, struct prop *out)
{
    struct room key, value;
    bool bad = false;

    do {
        key = (struct room){.text = out->key, .size = sizeof out->key};
        value = (struct room){.text = out->value, .size = sizeof out->value};
        if (!skip_to_entry(p))
            return 0;
        out->line = p->line;
    } while (!take_entry(p, &key, &value, &bad));
    finish(&key);
    finish(&value);
    if (bad)
        return -EILSEQ;
    return key.overflows || value.overflows ? -E2BIG : 1;
}
