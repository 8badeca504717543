/* SPDX-License-Identifier: Apache-2.0 */
/* conf_member.c - see conf_member.h.  Pure. */
#include "daemon/conf_member.h"

#include <inttypes.h>
#include <strings.h>

/* Decimal digits up to one of `ends` or the end of the text. */
static bool
take_number(const char **at, const char *ends, int64_t max, int64_t *v)
{
    const char *digit = *at;

    *v = 0;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        *v = *v * 10 + (*digit - '0');
        if (*v > max)
            return false;
    }
    if (digit == *at || (*digit && !strchr(ends, *digit)))
        return false;
    *at = digit;
    return true;
}

static bool
take_port(const char **at, const char *ends, int32_t *port)
{
    int64_t v;

    if (!take_number(at, ends, 65535, &v) || v == 0)
        return false;
    *port = (int32_t)v;
    return true;
}

/* A host and the colon behind it; brackets are dropped. */
static bool
take_host(const char **at, char *host)
{
    bool bracketed = **at == '[';
    const char *start = *at + bracketed;
    size_t n = strcspn(start, bracketed ? "]" : ":|;");
    const char *end = start + n + bracketed;

    if (n == 0 || n >= CONF_ADDRESS_MAX || (bracketed && start[n] != ']') ||
        *end != ':')
        return false;
    memset(host, 0, CONF_ADDRESS_MAX);
    memcpy(host, start, n);
    *at = end + 1;
    return true;
}

static const char *
take_address(const char **at, struct conf_member *m)
{
    if (!take_host(at, m->host))
        return "has no host:quorumPort:electionPort";
    if (!take_port(at, ":|;", &m->quorum_port))
        return "has a bad quorum port";
    if (**at != ':')
        return "Missing election port for server";
    (*at)++;
    if (!take_port(at, ":|;", &m->election_port))
        return "has a bad election port";
    return NULL;
}

/* The first address is the member's; others only have to be well formed. */
static const char *
take_addresses(const char **at, struct conf_member *m)
{
    struct conf_member more;
    const char *why = take_address(at, m);

    while (!why && **at == '|') {
        m->is_multihome = true;
        (*at)++;
        why = take_address(at, &more);
    }
    return why;
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
    if ((*at)[strcspn(*at, ":;")] == ':' && !take_host(at, m->client_host))
        return "has a bad client address";
    if (!take_port(at, ";", &m->client_port))
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
    if (!take_number(&at, "", INT64_MAX / 16, &m->sid))
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
    if (!take_number(&at, "", CONF_GROUPS_MAX, &number) || number == 0)
        return "a group's number is not between 1 and 15";
    g->number = (int32_t)number;
    for (at = value;; at++) {
        if (g->count == CONF_MEMBERS_MAX)
            return "names more servers than there may be";
        if (!take_number(&at, ":", CONF_SID_MAX, &g->sid[g->count++]))
            return "is not a list of servers as 1:2:3";
        if (!*at)
            return NULL;
    }
}

const char *
conf_weight_read(const char *key, const char *value, struct conf_weight *w)
{
    const char *at = strrchr(key, '.') + 1;

    *w = (struct conf_weight){0};
    if (!take_number(&at, "", CONF_SID_MAX, &w->sid))
        return "the server's number is not a number";
    at = value;
    /* so that no sum of weights overflows */
    if (!take_number(&at, "", INT32_MAX, &w->weight))
        return "is not a number of votes";
    return NULL;
}

/* An address with colons of its own needs brackets. */
static size_t
format_host(const char *host, char *text, size_t size)
{
    return (size_t)snprintf(text, size, strchr(host, ':') ? "[%s]" : "%s",
                            host);
}

size_t
conf_member_format(const struct conf_member *m, char *text, size_t size)
{
    size_t n = format_host(m->host, text, size);

    n += (size_t)snprintf(text + n, size - n, ":%" PRId32 ":%" PRId32 ":%s",
                          m->quorum_port, m->election_port,
                          m->is_observer ? "observer" : "participant");
    if (m->client_port == 0)
        return n;
    text[n++] = ';';
    n += format_host(*m->client_host ? m->client_host : "0.0.0.0", text + n,
                     size - n);
    return n +
           (size_t)snprintf(text + n, size - n, ":%" PRId32, m->client_port);
}
