/* SPDX-License-Identifier: Apache-2.0 */
/* conf_member.c - see conf_member.h.  Pure. */
#include "daemon/conf/conf_member.h"

#include <inttypes.h>
#include <strings.h>

#include "daemon/conf/conf_address.h"

/* Those behind the first stay text, for most members have none. */
static const char *
take_more(const char **at, struct conf_member *m)
{
    struct conf_address a;
    const char *start = *at + 1, *why = NULL;
    uint32_t count = 1;

    for (; !why && **at == '|'; count++) {
        (*at)++;
        why = conf_address_take(at, &a);
    }
    if (why || count == 1)
        return why;
    if (count > CONF_ADDRESSES_MAX)
        return "has more than 4 addresses";
    if (*at - start >= CONF_MORE_MAX)
        return "has addresses of more than 255 characters behind the first";
    memcpy(m->more, start, (size_t)(*at - start));
    return NULL;
}

static const char *
take_addresses(const char **at, struct conf_member *m)
{
    struct conf_address first;
    const char *why = conf_address_take(at, &first);

    if (why)
        return why;
    memcpy(m->host, first.host, sizeof m->host);
    m->quorum_port = first.quorum_port;
    m->election_port = first.election_port;
    return take_more(at, m);
}

static const char *
take_role(const char **at, struct conf_member *m)
{
    size_t n;

    if (**at != ':')
        return NULL;
    (*at)++;
    n = strcspn(*at, ";");
    m->is_observer = n == 8 && strncasecmp(*at, "observer", n) == 0;
    if (!m->is_observer && (n != 11 || strncasecmp(*at, "participant", n)))
        return "has a role that is neither participant nor observer";
    *at += n;
    return NULL;
}

static const char *
take_client(const char **at, struct conf_member *m)
{
    if (**at != ';')
        return NULL;
    (*at)++;
    if (**at == ';')
        return NULL; /* only a secure one */
    if ((*at)[strcspn(*at, ":;")] == ':' && !conf_take_host(at, m->client_host))
        return "has a bad client address";
    if (!conf_take_port(at, ";", &m->client_port))
        return "has a bad client port";
    if (strcmp(m->client_host, "0.0.0.0") == 0 ||
        strcmp(m->client_host, "::") == 0)
        memset(m->client_host, 0, sizeof m->client_host);
    return NULL;
}

const char *
conf_member_read(const char *key, const char *value, struct conf_member *m)
{
    const char *at = strrchr(key, '.') + 1;
    const char *why;

    *m = (struct conf_member){0};
    if (!conf_take_number(&at, "", INT64_MAX / 16, &m->sid))
        return "the server's number is not a number";
    at = value;
    why = take_addresses(&at, m);
    if (!why)
        why = take_role(&at, m);
    if (!why)
        why = take_client(&at, m);
    if (!why && *at == ';') {
        m->is_secure = at[1] != '\0';
        at += strlen(at);
    }
    if (!why && *at)
        why = "has something behind its end";
    return why;
}

const char *
conf_group_read(const char *key, const char *value, struct conf_group *g)
{
    const char *at = strrchr(key, '.') + 1;
    int64_t number;

    *g = (struct conf_group){0};
    if (!conf_take_number(&at, "", CONF_GROUPS_MAX, &number) || number == 0)
        return "a group's number is not between 1 and 15";
    g->number = (int32_t)number;
    for (at = value;; at++) {
        if (g->count == CONF_MEMBERS_MAX)
            return "names more servers than there may be";
        if (!conf_take_number(&at, ":", CONF_SID_MAX, &g->sid[g->count++]))
            return "is not a list of servers; allowed: numbers as 1:2:3";
        if (!*at)
            return NULL;
    }
}

const char *
conf_weight_read(const char *key, const char *value, struct conf_weight *w)
{
    const char *at = strrchr(key, '.') + 1;

    *w = (struct conf_weight){0};
    if (!conf_take_number(&at, "", CONF_SID_MAX, &w->sid))
        return "the server's number is not a number";
    at = value;
    /* so that no sum of weights overflows */
    if (!conf_take_number(&at, "", INT32_MAX, &w->weight))
        return "is not a number of votes; allowed: 0 to 2147483647";
    return NULL;
}

/* An address with colons of its own needs brackets. */
static size_t
format_host(const char *host, char *text, size_t size)
{
    return (size_t)snprintf(text, size, strchr(host, ':') ? "[%s]" : "%s",
                            host);
}

static size_t
format_address(const struct conf_address *a, char *text, size_t size)
{
    size_t n = format_host(a->host, text, size);

    return n + (size_t)snprintf(text + n, size - n, ":%" PRId32 ":%" PRId32,
                                a->quorum_port, a->election_port);
}

size_t
conf_member_format(const struct conf_member *m, char *text, size_t size)
{
    struct conf_address a;
    size_t n = 0;

    for (uint32_t i = 0; conf_member_address(m, i, &a); i++) {
        if (i > 0)
            text[n++] = '|';
        n += format_address(&a, text + n, size - n);
    }
    n += (size_t)snprintf(text + n, size - n, ":%s",
                          m->is_observer ? "observer" : "participant");
    if (m->client_port == 0)
        return n;
    text[n++] = ';';
    n += format_host(*m->client_host ? m->client_host : "0.0.0.0", text + n,
                     size - n);
    return n +
           (size_t)snprintf(text + n, size - n, ":%" PRId32, m->client_port);
}
