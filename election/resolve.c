/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c - see resolve.h.  Election, replication and admin process; no
 * thread of ours.
 */
#include "election/resolve.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "daemon/timer.h"

/* In a thread of the C library. */
static void
on_library(union sigval value)
{
    struct resolver *r = value.sival_ptr;

    ev_async_send(r->loop, &r->answered);
}

/* --- what names stood for ------------------------------------------------- */

static struct resolve_known *
known_as(struct resolver *r, const char *host)
{
    for (uint32_t i = 0; i < r->known_count; i++)
        if (strcmp(r->known[i].host, host) == 0)
            return &r->known[i];
    return NULL;
}

static bool
is_known(struct resolver *r, const char *host)
{
    const struct resolve_known *k = known_as(r, host);

    return k && k->count > 0;
}

static void
ignore(void *arg, int gai, const struct addrinfo *list)
{
    (void)arg, (void)gai, (void)list;
}

/* Its place, a new one perhaps; NULL: there are too many names. */
static struct resolve_known *
place_for(struct resolver *r, const char *host)
{
    struct resolve_known *k = known_as(r, host);

    if (k || r->known_count == RESOLVE_KNOWN_MAX)
        return k;
    k = &r->known[r->known_count++];
    snprintf(k->host, sizeof k->host, "%s", host);
    resolve_init(&k->again, r, ignore, NULL);
    return k;
}

static void
remember(struct resolve *q, const struct addrinfo *list)
{
    struct resolve_known *k = place_for(q->resolver, q->host);

    if (!k)
        return;
    if (k->is_lost)
        log_info("resolve: %s has an address again", k->host);
    k->is_lost = false;
    k->count = 0;
    for (; list && k->count < RESOLVE_ADDRESSES_MAX; list = list->ai_next) {
        check(list->ai_addrlen <= sizeof k->at[0]);
        memcpy(&k->at[k->count++], list->ai_addr, list->ai_addrlen);
    }
}

/* Answer by what `host` stood for last; it is known. */
static void
recall(struct resolve *q, const char *host, int32_t port, const char *why)
{
    struct resolve_known *k = known_as(q->resolver, host);
    struct addrinfo list[RESOLVE_ADDRESSES_MAX] = {{0}};
    struct sockaddr_in6 at[RESOLVE_ADDRESSES_MAX];

    for (uint32_t i = 0; i < k->count; i++) {
        bool is_v4 = k->at[i].sin6_family == AF_INET;

        at[i] = k->at[i];
        at[i].sin6_port = htons((uint16_t)port); /* sin_port is there, too */
        list[i].ai_family = k->at[i].sin6_family;
        list[i].ai_addr = (struct sockaddr *)&at[i];
        list[i].ai_addrlen = is_v4 ? sizeof(struct sockaddr_in) : sizeof at[i];
        list[i].ai_next = i + 1 < k->count ? &list[i + 1] : NULL;
    }
    if (q->done != ignore && !k->is_lost) {
        log_warn("resolve: %s: %s; taking what it stood for last until there "
                 "is an answer",
                 host, why);
        k->is_lost = true;
    }
    q->done(q->arg, 0, list);
}

/* --- one question --------------------------------------------------------- */

/* It is wanted no more: `host` has an answer, or none. */
static void
answer(struct resolve *q, const char *host, int32_t port, int gai,
       const struct addrinfo *list)
{
    resolve_forget(q);
    if (gai != 0 && is_known(q->resolver, host))
        recall(q, host, port, gai_strerror(gai));
    else
        q->done(q->arg, gai, list);
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int events)
{
    struct resolve *q = w->data;

    (void)loop, (void)events;
    resolve_forget(q);
    recall(q, q->host, q->port, "no answer");
}

/* The library works on it. */
static void
await(struct resolve *q)
{
    if (is_known(q->resolver, q->host))
        timer_ring_in(q->resolver->loop, &q->patience, RESOLVE_KNOWN_MS);
}

static void
hand_over(struct resolve *q)
{
    struct gaicb *list[] = {&q->question};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD};
    int rc;

    event.sigev_value.sival_ptr = q->resolver;
    event.sigev_notify_function = on_library;
    q->hints.ai_flags = AI_NUMERICSERV;
    q->question = (struct gaicb){
        .ar_name = q->host,
        .ar_service = q->service,
        .ar_request = &q->hints,
    };
    q->is_busy = true;
    rc = getaddrinfo_a(GAI_NOWAIT, list, 1, &event);
    if (rc == 0) {
        await(q);
        return;
    }
    q->is_busy = false;
    answer(q, q->host, q->port, rc, NULL);
}

static void
take_answer(struct resolve *q)
{
    int rc = gai_error(&q->question);
    struct addrinfo *list = q->question.ar_result;

    if (rc == EAI_INPROGRESS)
        return;
    q->is_busy = false;
    q->question.ar_result = NULL;
    if (rc == 0)
        remember(q, list);
    if (q->is_wanted)
        answer(q, q->host, q->port, rc, rc == 0 ? list : NULL);
    if (rc == 0)
        freeaddrinfo(list);
}

static void
on_answered(struct ev_loop *loop, ev_async *w, int events)
{
    struct resolver *r = w->data;

    (void)loop, (void)events;
    for (uint32_t i = 0; i < r->count; i++)
        if (r->resolve[i]->is_busy)
            take_answer(r->resolve[i]);
}

/* --- life ----------------------------------------------------------------- */

void
resolver_init(struct resolver *r, struct ev_loop *loop)
{
    r->loop = loop;
    r->known_count = r->count = 0;
    ev_async_init(&r->answered, on_answered);
    r->answered.data = r;
    ev_async_start(loop, &r->answered);
}

void
resolve_init(struct resolve *q, struct resolver *r, resolve_done_fn *done,
             void *arg)
{
    check(r->count < RESOLVES_MAX);
    *q = (struct resolve){.resolver = r, .done = done, .arg = arg};
    ev_init(&q->patience, on_patience);
    q->patience.data = q;
    r->resolve[r->count++] = q;
}

void
resolver_meet(struct resolver *r, const struct conf *conf)
{
    struct conf_address a;

    for (uint32_t i = 0; i < conf->member_count; i++)
        for (uint32_t n = 0; conf_member_address(&conf->member[i], n, &a);
             n++) {
            struct resolve_known *k = place_for(r, a.host);

            if (k)
                resolve_ask(&k->again, a.host, a.quorum_port, SOCK_STREAM);
        }
}

void
resolve_ask(struct resolve *q, const char *host, int32_t port, int socktype)
{
    struct addrinfo *list;

    q->is_wanted = true;
    if (q->is_busy && strcmp(q->host, host) == 0 && q->port == port) {
        await(q); /* it is being asked already */
        return;
    }
    if (q->is_busy) {
        answer(q, host, port, EAI_AGAIN, NULL);
        return;
    }
    snprintf(q->host, sizeof q->host, "%s", host);
    snprintf(q->service, sizeof q->service, "%u", (unsigned)port & 0xffff);
    q->port = port;
    q->hints = (struct addrinfo){
        .ai_socktype = socktype,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
    };
    if (getaddrinfo(q->host, q->service, &q->hints, &list) != 0) {
        hand_over(q);
        return;
    }
    answer(q, host, port, 0, list);
    freeaddrinfo(list);
}

void
resolve_forget(struct resolve *q)
{
    q->is_wanted = false;
    ev_timer_stop(q->resolver->loop, &q->patience);
}
