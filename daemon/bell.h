/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bell.h - waking a process that sleeps, at no cost when it is awake.
 *
 * Each process has one eventfd and a `sleeping` flag in its shared part.
 * A sleeper raises the flag, looks for work once more, then sleeps; a waker
 * makes the work visible, then rings: any other order loses a wake-up.
 */
#ifndef DAEMON_BELL_H
#define DAEMON_BELL_H

#include <ev.h>

#include "daemon/shm.h"

enum { BEAT_MS = 250 };

struct bell {
    struct shm_proc *own;
    bool (*work)(void *arg);    /* do what there is; true: there may be more */
    void (*on_beat)(void *arg); /* or NULL */
    void *arg;
    ev_io io;
    ev_prepare prepare;
    ev_check check;
    ev_idle idle; /* runs while there is more work */
    ev_timer beat;
};

/*
 * Let `work` run in every turn of `loop`, before it would sleep and whenever
 * process `self` is rung.  Work is bounded per call; when it returns true the
 * loop polls without sleeping and calls it again.  Also counts shm_proc.beats
 * every BEAT_MS, by which the supervisor knows who hangs.  Once in a process;
 * `bell` and `shm` live as long as the loop.
 */
void bell_attach(struct bell *bell, struct ev_loop *loop, const struct shm *shm,
                 enum proc_id self, bool (*work)(void *arg), void *arg);

/*
 * Call `on_beat`, with the argument that `work` gets, at every beat: what has
 * to be looked after now and then needs no timer, and no wake-up, of its own.
 */
void bell_on_beat(struct bell *bell, void (*on_beat)(void *arg));

/* Wake process `id` if it sleeps; call it after the work is visible. */
void bell_ring(const struct shm *shm, enum proc_id id);

/* Wake every client process that sleeps. */
void bell_ring_clients(const struct shm *shm);

#endif
