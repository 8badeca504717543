/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_membership.c - an ensemble's membership as text; see conf.h.  Pure.
 *
 * ZK: QuorumMaj.toString, QuorumHierarchical.toString
 * (spec/quorum-protocol.md 9.1)
 */
#include "daemon/conf_member.h"

#include <inttypes.h>

#include "daemon/check.h"

const struct conf_member *
conf_self(const struct conf *conf)
{
    for (uint32_t i = 0; i < conf->member_count; i++)
        if (conf->member[i].sid == conf->my_sid)
            return &conf->member[i];
    check(conf->member_count == 0); /* conf_load found us */
    return NULL;
}

static bool
is_grouped(const struct conf *conf)
{
    for (uint32_t i = 0; i < conf->member_count; i++)
        if (conf->member[i].group != 0)
            return true;
    return false;
}

/* group.<g>=<sid>:<sid> of one group, if it has members. */
static size_t
put_group(const struct conf *conf, int32_t group, char *text, size_t size)
{
    size_t n = 0;

    for (uint32_t i = 0; i < conf->member_count; i++) {
        if (conf->member[i].group != group)
            continue;
        if (n == 0)
            n = (size_t)snprintf(text, size, "group.%" PRId32 "=", group);
        else
            text[n++] = ':';
        n += (size_t)snprintf(text + n, size - n, "%" PRId64,
                              conf->member[i].sid);
    }
    if (n > 0)
        text[n++] = '\n';
    return n;
}

static size_t
put_groups(const struct conf *conf, char *text, size_t size)
{
    size_t n = 0;

    for (int32_t g = 1; g <= CONF_GROUPS_MAX; g++)
        n += put_group(conf, g, text + n, size - n);
    for (uint32_t i = 0; i < conf->member_count; i++)
        n += (size_t)snprintf(text + n, size - n,
                              "weight.%" PRId64 "=%" PRId64 "\n",
                              conf->member[i].sid, conf->member[i].weight);
    return n;
}

size_t
conf_membership_text(const struct conf *conf, int64_t version, char *text,
                     size_t size)
{
    size_t n = 0;

    check(size >= CONF_MEMBERSHIP_MAX);
    for (uint32_t i = 0; i < conf->member_count; i++) {
        const struct conf_member *m = &conf->member[i];

        n +=
            (size_t)snprintf(text + n, size - n, "server.%" PRId64 "=", m->sid);
        n += conf_member_format(m, text + n, size - n);
        text[n++] = '\n';
    }
    if (is_grouped(conf))
        n += put_groups(conf, text + n, size - n);
    return n + (size_t)snprintf(text + n, size - n, "version=%" PRIx64,
                                (uint64_t)version);
}
