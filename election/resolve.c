/* SPDX-License-Identifier: Apache-2.0 */
/* resolve.c - see resolve.h.  The election process; no thread of ours. */
#include "election/resolve.h"

#include <signal.h>
#include <stdio.h>

#include "daemon/check.h"

/* In a thread of the C library. */
static void
on_library(union sigval value)
{
    struct resolver *r = value.sival_ptr;

    ev_async_send(r->loop, &r->answered);
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
    if (rc == 0)
        return;
    q->is_busy = q->is_wanted = false;
    q->done(q->arg, rc, NULL);
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
    if (q->is_wanted) {
        q->is_wanted = false;
        q->done(q->arg, rc, rc == 0 ? list : NULL);
    } else if (rc == 0) {
        freeaddrinfo(list);
    }
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

void
resolver_init(struct resolver *r, struct ev_loop *loop)
{
    *r = (struct resolver){.loop = loop};
    ev_async_init(&r->answered, on_answered);
    r->answered.data = r;
    ev_async_start(loop, &r->answered);
}

void
resolve_init(struct resolve *q, struct resolver *r,
             void (*done)(void *arg, int gai_error, struct addrinfo *list),
             void *arg)
{
    check(r->count < RESOLVES_MAX);
    *q = (struct resolve){.resolver = r, .done = done, .arg = arg};
    r->resolve[r->count++] = q;
}

void
resolve_ask(struct resolve *q, const char *host, int32_t port, int socktype)
{
    struct addrinfo *list;
    char service[8];

    snprintf(service, sizeof service, "%u", (unsigned)port & 0xffff);
    q->is_wanted = true;
    if (q->is_busy && strcmp(q->host, host) == 0 &&
        strcmp(q->service, service) == 0)
        return; /* it is being asked already */
    if (q->is_busy) {
        q->is_wanted = false;
        q->done(q->arg, EAI_AGAIN, NULL);
        return;
    }
    snprintf(q->host, sizeof q->host, "%s", host);
    memcpy(q->service, service, sizeof service);
    q->hints = (struct addrinfo){
        .ai_socktype = socktype,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
    };
    if (getaddrinfo(q->host, q->service, &q->hints, &list) != 0) {
        hand_over(q);
        return;
    }
    q->is_wanted = false;
    q->done(q->arg, 0, list);
}

void
resolve_forget(struct resolve *q)
{
    q->is_wanted = false;
}
