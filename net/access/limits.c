/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - see limits.h.  Pure; client processes. */
#include "net/access/limits.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum { PROBES = 64 };

static uint64_t
mix(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

uint64_t
limits_address(const struct sockaddr *peer)
{
    const struct sockaddr_in *v4 = (const void *)peer;
    const struct sockaddr_in6 *v6 = (const void *)peer;
    uint64_t high = 0, low = 0;

    if (peer->sa_family == AF_INET6) {
        memcpy(&high, v6->sin6_addr.s6_addr, sizeof high);
        memcpy(&low, v6->sin6_addr.s6_addr + 8, sizeof low);
    } else if (peer->sa_family == AF_INET) {
        low = v4->sin_addr.s_addr;
    }
    low = mix(mix(high) + low);
    return low ? low : 1;
}

static uint16_t
place(uint64_t address, size_t probe)
{
    return (uint16_t)((address + probe) % IP_SLOTS);
}

/* The slot of `address`, or the first that counts nobody, or IP_SLOT_NONE. */
static uint16_t
find(const struct ip_slot *slots, uint64_t address)
{
    uint16_t empty = IP_SLOT_NONE;

    for (size_t i = 0; i < PROBES; i++) {
        uint16_t at = place(address, i);

        if (slots[at].ip_hash == address)
            return at;
        if (slots[at].count == 0 && empty == IP_SLOT_NONE)
            empty = at;
        if (slots[at].ip_hash == 0)
            break;
    }
    return empty;
}

uint16_t
limits_ip_add(struct ip_slot *slots, uint64_t address)
{
    uint16_t at = find(slots, address);

    if (at == IP_SLOT_NONE)
        return at;
    slots[at].ip_hash = address;
    slots[at].count++;
    return at;
}

void
limits_ip_drop(struct ip_slot *slots, uint16_t slot)
{
    if (slot != IP_SLOT_NONE)
        slots[slot].count--;
}

uint32_t
limits_ip_count(const struct ip_slot *slots, uint64_t address)
{
    uint16_t at = find(slots, address);

    return at != IP_SLOT_NONE && slots[at].ip_hash == address ? slots[at].count
                                                              : 0;
}

static int32_t
weight_of(const struct conf *conf, enum connect_kind kind)
{
    const int32_t weights[] = {
        [CONNECT_NEW] = conf->connect_weight_global,
        [CONNECT_LOCAL] = conf->connect_weight_local,
        [CONNECT_RENEW] = conf->connect_weight_renew,
    };

    return conf->connect_weight_enabled ? weights[kind] : 1;
}

/* What the configuration counts are new sessions.  ZK: BlueThrottle */
static int64_t
tokens_for(const struct conf *conf, int64_t sessions)
{
    return sessions * weight_of(conf, CONNECT_NEW);
}

/* What a bucket holds: its share, or what one connection of any kind needs. */
static int64_t
most_of(const struct conf *conf, uint32_t processes)
{
    int64_t whole = tokens_for(conf, conf->connect_tokens), most = whole;

    for (enum connect_kind k = CONNECT_NEW; k <= CONNECT_RENEW; k++) {
        int32_t weight = weight_of(conf, k);

        if (weight <= whole && most < weight * (int64_t)processes)
            most = weight * (int64_t)processes;
    }
    return most;
}

/* In parts; so many fill any bucket, and more could not be added up. */
static int64_t
filled_in(int64_t times, const struct conf *conf)
{
    int64_t sessions =
        (times < INT32_MAX ? times : INT32_MAX) * conf->connect_fill_count;

    return tokens_for(conf, sessions < INT32_MAX ? sessions : INT32_MAX);
}

static void
fill(struct token_bucket *b, const struct conf *conf, int64_t most,
     mono_ms_t now)
{
    int64_t period = conf->connect_fill_time_ms;
    int64_t times = period > 0 ? (now - b->filled) / period : 0;

    if (b->filled == 0) {
        b->tokens = most;
        b->filled = now;
    } else if (times > 0) {
        b->tokens += filled_in(times, conf);
        b->filled += times * period;
    }
    if (b->tokens > most)
        b->tokens = most;
}

/* --- dropped at random --------------------------------------------------- */

/* ZK: BlueThrottle.checkBlue */
static void
judge(struct token_bucket *b, const struct conf *conf, int64_t most,
      uint32_t processes, mono_ms_t now)
{
    double missing = (double)(most - b->tokens);

    if (now - b->judged <= conf->connect_freeze_time_ms)
        return;
    b->judged = now;
    if (b->tokens < processes)
        b->drop += conf->connect_drop_increase;
    else if (missing <= (double)most * conf->connect_decrease_ratio)
        b->drop -= conf->connect_drop_decrease;
    b->drop = b->drop < 0 ? 0 : b->drop > 1 ? 1 : b->drop;
}

/* From 0 to less than 1; splitmix64. */
static double
roll(struct token_bucket *b)
{
    uint64_t z = b->dice += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) / (double)(UINT64_C(1) << 53);
}

static bool
is_dropped(struct token_bucket *b, const struct conf *conf, int64_t most,
           uint32_t processes, mono_ms_t now)
{
    if (conf->connect_freeze_time_ms < 0) {
        b->drop = 0;
        return false;
    }
    judge(b, conf, most, processes, now);
    return roll(b) < b->drop;
}

bool
limits_connect(struct token_bucket *b, const struct conf *conf,
               uint32_t processes, enum connect_kind kind, mono_ms_t now)
{
    int64_t cost = weight_of(conf, kind) * (int64_t)processes;
    int64_t most = most_of(conf, processes);

    if (conf->connect_tokens <= 0)
        return true;
    fill(b, conf, most, now);
    if (is_dropped(b, conf, most, processes, now) || b->tokens < cost)
        return false;
    b->tokens -= cost;
    return true;
}

/* --- requests in work ---------------------------------------------------- */

int64_t
limits_outstanding(const struct conf *conf, uint32_t voters)
{
    int64_t servers = voters > 2 ? (int64_t)voters - 1 : 1;
    int64_t share = conf->global_outstanding_limit / servers;

    return share > 0 ? share : 1;
}
