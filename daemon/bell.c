/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bell.c - see bell.h.  Both sides of a wake-up meet on `sleeping`:
 *
 *      sleeper: sleeping = 1; fence; look for work; epoll_wait
 *      waker:   make work visible; fence; if sleeping was 1: write eventfd
 */
#include "daemon/bell.h"

#include <sys/eventfd.h>

static const double beat_seconds = (double)BEAT_MS / 1000;

void
bell_ring(const struct shm *shm, enum proc_id id)
{
    struct shm_proc *proc = shm_proc(shm, id);
    ssize_t ignored;

    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_load_explicit(&proc->sleeping, memory_order_relaxed))
        return;
    ignored = eventfd_write(shm->super->bell_fd[id], 1);
    (void)ignored; /* full means that it is rung already */
}

void
bell_ring_clients(const struct shm *shm)
{
    for (uint32_t w = 0; w < shm->super->client_count; w++)
        bell_ring(shm, (enum proc_id)(PROC_CLIENT + w));
}

/* libev neither sleeps nor starves its watchers while an idler runs. */
static void
on_idle(struct ev_loop *loop, ev_idle *w, int events)
{
    (void)loop, (void)w, (void)events;
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *w, int events)
{
    struct bell *bell = w->data;
    bool more = bell->work(bell->arg);

    (void)events;
    if (!more) {
        atomic_store_explicit(&bell->own->sleeping, 1, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst);
        more = bell->work(bell->arg);
    }
    if (more) {
        atomic_store_explicit(&bell->own->sleeping, 0, memory_order_relaxed);
        ev_idle_start(loop, &bell->idle);
    } else {
        ev_idle_stop(loop, &bell->idle);
    }
}

static void
on_check(struct ev_loop *loop, ev_check *w, int events)
{
    struct bell *bell = w->data;

    (void)loop, (void)events;
    atomic_store_explicit(&bell->own->sleeping, 0, memory_order_relaxed);
}

static void
on_rung(struct ev_loop *loop, ev_io *w, int events)
{
    eventfd_t count;

    (void)loop, (void)events;
    eventfd_read(w->fd, &count);
}

static void
beat(struct ev_loop *loop, ev_timer *w, int events)
{
    struct bell *bell = w->data;

    (void)loop, (void)events;
    COUNT(bell->own->beats, 1);
    if (bell->on_beat)
        bell->on_beat(bell->arg);
}

void
bell_attach(struct bell *bell, struct ev_loop *loop, const struct shm *shm,
            enum proc_id self, bool (*work)(void *arg), void *arg)
{
    *bell = (struct bell){
        .own = shm_proc(shm, self),
        .work = work,
        .arg = arg,
    };
    ev_io_init(&bell->io, on_rung, shm->super->bell_fd[self], EV_READ);
    ev_prepare_init(&bell->prepare, on_prepare);
    ev_check_init(&bell->check, on_check);
    ev_idle_init(&bell->idle, on_idle);
    ev_timer_init(&bell->beat, beat, 0, beat_seconds);
    ev_set_priority(&bell->check, EV_MAXPRI); /* before what work wakes */
    bell->prepare.data = bell->check.data = bell->beat.data = bell;
    ev_io_start(loop, &bell->io);
    ev_prepare_start(loop, &bell->prepare);
    ev_check_start(loop, &bell->check);
    ev_timer_start(loop, &bell->beat);
}

void
bell_on_beat(struct bell *bell, void (*on_beat)(void *arg))
{
    bell->on_beat = on_beat;
}
