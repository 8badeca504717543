/* SPDX-License-Identifier: Apache-2.0 */
/* conf_address.c - see conf_address.h.  Pure. */
#include "daemon/conf/conf_address.h"

#include <arpa/inet.h>
#include <strings.h>

bool
conf_take_number(const char **at, const char *ends, int64_t max, int64_t *v)
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

bool
conf_take_port(const char **at, const char *ends, int32_t *port)
{
    int64_t v;

    if (!conf_take_number(at, ends, 65535, &v) || v == 0)
        return false;
    *port = (int32_t)v;
    return true;
}

/* How much of `text` comes before any of `ends`. */
static size_t
size_before(const char *text, const char *ends)
{
    size_t n = 0;

    while (text[n] && !strchr(ends, text[n]))
        n++;
    return n;
}

bool
conf_take_host(const char **at, char host[CONF_ADDRESS_MAX])
{
    bool bracketed = **at == '[';
    const char *start = *at + bracketed;
    size_t n = size_before(start, bracketed ? "]" : ":|;");
    const char *end = start + n + bracketed;

    if (n == 0 || n >= CONF_ADDRESS_MAX || (bracketed && start[n] != ']') ||
        *end != ':')
        return false;
    memset(host, 0, CONF_ADDRESS_MAX);
    memcpy(host, start, n);
    *at = end + 1;
    return true;
}

const char *
conf_address_take(const char **at, struct conf_address *a)
{
    if (!conf_take_host(at, a->host))
        return "has no host:quorumPort:electionPort";
    if (!conf_take_port(at, ":|;", &a->quorum_port))
        return "has a bad quorum port";
    if (**at != ':')
        return "Missing election port for server";
    (*at)++;
    if (!conf_take_port(at, ":|;", &a->election_port))
        return "has a bad election port";
    return NULL;
}

const struct conf_member *
conf_member_of(const struct conf *conf, sid_t sid)
{
    for (uint32_t i = 0; i < conf->member_count; i++)
        if (conf->member[i].sid == sid)
            return &conf->member[i];
    return NULL;
}

const struct conf_member *
conf_myself(const struct conf *conf)
{
    return conf_member_of(conf, conf->my_sid);
}

bool
conf_member_address(const struct conf_member *m, uint32_t i,
                    struct conf_address *a)
{
    const char *at = m->more;

    memcpy(a->host, m->host, sizeof a->host);
    a->quorum_port = m->quorum_port;
    a->election_port = m->election_port;
    for (; i > 0; i--) {
        if (!*at || conf_address_take(&at, a))
            return false;
        at += *at == '|';
    }
    return true;
}

/* Java spells IPv6 addresses out. */
bool
conf_is_same_host(const char *a, const char *b)
{
    struct in6_addr x, y;

    return strcasecmp(a, b) == 0 ||
           (inet_pton(AF_INET6, a, &x) == 1 &&
            inet_pton(AF_INET6, b, &y) == 1 && memcmp(&x, &y, sizeof x) == 0);
}

bool
conf_is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcasecmp(host, "localhost") == 0;
}
