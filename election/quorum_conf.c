/* SPDX-License-Identifier: Apache-2.0 */
/* quorum_conf.c - see quorum_conf.h.  Pure; any process of an ensemble. */
#include "election/quorum_conf.h"

#include <arpa/inet.h>

#include "daemon/check.h"

_Static_assert((int)QUORUM_MEMBERS_MAX == (int)CONF_MEMBERS_MAX,
               "a member of the configuration is one of the quorum");

/* The number of the first member in the group of member `i`: its name. */
static uint32_t
first_of_group(const struct conf *conf, uint32_t i)
{
    uint32_t first = 0;

    while (conf->member[first].group != conf->member[i].group ||
           conf->member[first].is_observer)
        first++;
    return first;
}

void
quorum_of_conf(const struct conf *conf, struct quorum *q)
{
    check(conf->member_count <= QUORUM_MEMBERS_MAX);
    *q = (struct quorum){.count = conf->member_count};
    for (uint32_t i = 0; i < conf->member_count; i++) {
        const struct conf_member *m = &conf->member[i];
        struct quorum_member *to = &q->member[i];

        to->sid = m->sid;
        to->is_observer = m->is_observer;
        to->weight = m->weight;
        if (m->group == 0 || m->is_observer)
            continue;
        to->group = (uint8_t)first_of_group(conf, i);
        q->groups += to->group == i;
    }
}

/* --- text ----------------------------------------------------------------- */

struct text {
    char *at;
    char *end; /* one place is kept for the final zero */
};

static void
put(struct text *t, const char *s)
{
    size_t n = strlen(s);

    check(n < (size_t)(t->end - t->at));
    memcpy(t->at, s, n);
    t->at += n;
}

static void
put_number(struct text *t, int64_t v)
{
    char digits[24], *d = digits + sizeof digits - 1;
    uint64_t n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    *d = '\0';
    do
        *--d = (char)('0' + n % 10);
    while (n /= 10);
    if (v < 0)
        *--d = '-';
    put(t, d);
}

static void
put_hex(struct text *t, uint64_t v)
{
    static const char hex[] = "0123456789abcdef";
    char digits[17], *d = digits + sizeof digits - 1;

    *d = '\0';
    do
        *--d = hex[v & 15];
    while (v >>= 4);
    put(t, d);
}

/* An IPv6 address stands in brackets, all of it, as Java spells it. */
static void
put_host(struct text *t, const char *host)
{
    uint8_t v6[16];

    if (inet_pton(AF_INET6, host, v6) != 1) {
        put(t, host);
        return;
    }
    for (int i = 0; i < 16; i += 2) {
        put(t, i == 0 ? "[" : ":");
        put_hex(t, (unsigned)v6[i] << 8 | v6[i + 1]);
    }
    put(t, "]");
}

static void
put_keyed(struct text *t, const char *key, int64_t number)
{
    put(t, key);
    put_number(t, number);
    put(t, "=");
}

static void
put_address(struct text *t, const struct conf_address *a)
{
    put_host(t, a->host);
    put(t, ":");
    put_number(t, a->quorum_port);
    put(t, ":");
    put_number(t, a->election_port);
}

/* By host, whatever the order in the file, which says whom to ask first. */
static uint32_t
sorted_addresses(const struct conf_member *m,
                 struct conf_address sorted[CONF_ADDRESSES_MAX])
{
    struct conf_address next;
    uint32_t n = 0, i;

    for (; conf_member_address(m, n, &next); n++) {
        for (i = n; i > 0 && strcmp(sorted[i - 1].host, next.host) > 0; i--)
            sorted[i] = sorted[i - 1];
        sorted[i] = next;
    }
    return n;
}

/* ZK: QuorumServer.toString */
static void
put_addresses(struct text *t, const struct conf_member *m)
{
    struct conf_address sorted[CONF_ADDRESSES_MAX];
    uint32_t count = sorted_addresses(m, sorted);

    for (uint32_t i = 0; i < count; i++) {
        put(t, i == 0 ? "" : "|");
        put_address(t, &sorted[i]);
    }
}

static void
put_member(struct text *t, const struct conf_member *m)
{
    put_keyed(t, "server.", m->sid);
    put_addresses(t, m);
    put(t, m->is_observer ? ":observer" : ":participant");
    if (m->client_port > 0) {
        put(t, ";");
        put_host(t, *m->client_host ? m->client_host : "0.0.0.0");
        put(t, ":");
        put_number(t, m->client_port);
    }
    put(t, "\n");
}

static bool
is_grouped(const struct conf_member *m)
{
    return m->group != 0;
}

/* The smallest group above `group`, or 0. */
static int32_t
next_group(const struct conf *conf, int32_t group)
{
    int32_t next = 0;

    for (uint32_t i = 0; i < conf->member_count; i++) {
        const struct conf_member *m = &conf->member[i];

        if (is_grouped(m) && m->group > group && (next == 0 || m->group < next))
            next = m->group;
    }
    return next;
}

static void
put_group(struct text *t, const struct conf *conf, int32_t group)
{
    const char *glue = "";

    put_keyed(t, "group.", group);
    for (uint32_t i = 0; i < conf->member_count; i++) {
        const struct conf_member *m = &conf->member[i];

        if (!is_grouped(m) || m->group != group)
            continue;
        put(t, glue);
        put_number(t, m->sid);
        glue = ":";
    }
    put(t, "\n");
}

size_t
config_text(const struct conf *conf, int64_t version, char *text, size_t size)
{
    struct text t = {text, text + size};

    check(size >= CONFIG_TEXT_MAX);
    for (uint32_t i = 0; i < conf->member_count; i++)
        put_member(&t, &conf->member[i]);
    for (int32_t g = 0; (g = next_group(conf, g)) > 0;)
        put_group(&t, conf, g);
    for (uint32_t i = 0; i < conf->member_count; i++) {
        if (!is_grouped(&conf->member[i]))
            continue;
        put_keyed(&t, "weight.", conf->member[i].sid);
        put_number(&t, conf->member[i].weight);
        put(&t, "\n");
    }
    put(&t, "version=");
    put_hex(&t, (uint64_t)version);
    *t.at = '\0';
    return (size_t)(t.at - text);
}

/* --- reading -------------------------------------------------------------- */

/* Take the first line off; false: there is none. */
static bool
take_line(struct bytes *text, struct bytes *line)
{
    const uint8_t *lf;
    int32_t n;

    if (text->size <= 0)
        return false;
    lf = memchr(text->data, '\n', (size_t)text->size);
    n = lf ? (int32_t)(lf - text->data) : text->size;
    *line = (struct bytes){text->data, n};
    n += lf != NULL;
    text->data += n;
    text->size -= n;
    return true;
}

static bool
is_version(struct bytes line)
{
    return line.size > 8 && memcmp(line.data, "version=", 8) == 0;
}

/* All of `digits` as a zxid; 0: it is none. */
static int64_t
zxid_of(struct bytes digits)
{
    uint64_t v = 0;

    for (int32_t i = 0; i < digits.size; i++) {
        uint8_t c = digits.data[i];

        if (v >> 59 || !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return 0;
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return (int64_t)v;
}

int64_t
config_version(struct bytes text)
{
    struct bytes line;

    while (take_line(&text, &line))
        if (is_version(line))
            return zxid_of((struct bytes){line.data + 8, line.size - 8});
    return 0;
}

/* --- comparing ------------------------------------------------------------ */

/* The next line that tells of members, without its client address. */
static bool
next_line(struct bytes *text, struct bytes *line)
{
    while (take_line(text, line)) {
        const uint8_t *semicolon;

        if (line->size == 0 || is_version(*line))
            continue;
        semicolon = memchr(line->data, ';', (size_t)line->size);
        if (semicolon)
            line->size = (int32_t)(semicolon - line->data);
        return true;
    }
    return false;
}

typedef bool same_line_fn(struct bytes a, struct bytes b);

/* Whether every line of `a` is one of `b`; if not, `line` is the first. */
static bool
is_within(struct bytes a, struct bytes b, same_line_fn *same,
          struct bytes *line)
{
    struct bytes other;

    while (next_line(&a, line)) {
        struct bytes rest = b;
        bool found = false;

        while (!found && next_line(&rest, &other))
            found = same(*line, other);
        if (!found)
            return false;
    }
    return true;
}

bool
config_is_same(struct bytes a, struct bytes b, struct bytes *line)
{
    return is_within(a, b, bytes_equal, line) &&
           is_within(b, a, bytes_equal, line);
}

/* "server.1=<addresses>:participant" without the addresses. */
static void
split_member(struct bytes line, struct bytes *name, struct bytes *role)
{
    const uint8_t *is = memchr(line.data, '=', (size_t)line.size);
    const uint8_t *colon = memrchr(line.data, ':', (size_t)line.size);
    int32_t name_size = is ? (int32_t)(is - line.data) : line.size;
    int32_t rest = colon ? (int32_t)(colon - line.data) : line.size;

    *name = (struct bytes){line.data, name_size};
    *role = (struct bytes){line.data + rest, line.size - rest};
}

/* Groups and weights stand for themselves. */
static bool
is_same_member(struct bytes a, struct bytes b)
{
    struct bytes a_name, a_role, b_name, b_role;

    if (a.size < 7 || memcmp(a.data, "server.", 7) != 0)
        return bytes_equal(a, b);
    split_member(a, &a_name, &a_role);
    split_member(b, &b_name, &b_role);
    return bytes_equal(a_name, b_name) && bytes_equal(a_role, b_role);
}

bool
config_is_same_quorum(struct bytes a, struct bytes b, struct bytes *line)
{
    return is_within(a, b, is_same_member, line) &&
           is_within(b, a, is_same_member, line);
}
