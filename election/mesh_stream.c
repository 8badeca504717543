/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_stream.c - a connection that is kept: frames in, notes out.
 *
 * A frame is an i32 size and a note.  Only the reader closes a connection:
 * one that cannot be written to is readable too.  So whoever is called from
 * the reader may write.
 *
 * ZK: QuorumCnxManager.SendWorker, RecvWorker (spec/quorum-protocol.md 1.3)
 */
#include "election/mesh_part.h"

#include <errno.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"

static void on_readable(struct ev_loop *loop, ev_io *w, int events);
static void on_writable(struct ev_loop *loop, ev_io *w, int events);
static void on_hurry_is_over(struct ev_loop *loop, ev_timer *w, int events);

void
stream_begin(struct peer *p, int fd)
{
    struct ev_loop *loop = p->mesh->loop;

    check(p->fd < 0 && p->link.state == LINK_UP);
    p->fd = fd;
    p->in_size = p->out_at = p->out_size = 0;
    p->owed_words = 0;
    p->up_ms = clock_mono_ms();
    p->is_other_conf = false;
    p->mesh->has_changed = true;
    ev_timer_init(&p->hurry, on_hurry_is_over, 0, MESH_HURRY_S);
    p->hurry.data = p;
    ev_io_init(&p->readable, on_readable, fd, EV_READ);
    ev_io_init(&p->writable, on_writable, fd, EV_WRITE);
    p->readable.data = p->writable.data = p;
    ev_io_start(loop, &p->readable);
    mesh_found(p);
    stream_flush(p);
}

void
stream_close(struct peer *p)
{
    if (p->fd < 0)
        return;
    ev_io_stop(p->mesh->loop, &p->readable);
    ev_io_stop(p->mesh->loop, &p->writable);
    ev_timer_stop(p->mesh->loop, &p->hurry);
    close(p->fd);
    p->fd = -1;
    p->mesh->has_changed = true;
}

static void
fail(struct peer *p, const char *why)
{
    stream_close(p);
    mesh_lost(p, why);
    rival_step_in(p);
}

/* --- out ------------------------------------------------------------------ */

/* If this address does not take what we say, another is tried soon. */
static void
hurry(struct peer *p)
{
    if (p->dial.place_count < 2)
        return;
    mesh_be_impatient(p->fd, true);
    ev_timer_again(p->mesh->loop, &p->hurry);
}

static void
on_hurry_is_over(struct ev_loop *loop, ev_timer *w, int events)
{
    struct peer *p = w->data;

    (void)events;
    ev_timer_stop(loop, w);
    mesh_be_impatient(p->fd, false);
}

static bool
put_word(struct peer *p, struct jute_out *out)
{
    if (p->owed_words == 0)
        return false;
    twin_put(out, (enum twin_word)__builtin_ctz(p->owed_words), bytes_of(""));
    p->owed_words &= p->owed_words - 1;
    return true;
}

static bool
put_note(struct peer *p, struct jute_out *out)
{
    const struct vote *note = link_take_note(&p->link);

    if (note)
        note_put(out, note, p->mesh->config);
    return note != NULL;
}

/* What is to be said next, as a frame; false: there is nothing. */
static bool
fill(struct peer *p)
{
    struct jute_out out = jute_out_of(p->out, sizeof p->out);

    jute_put_i32(&out, 0);
    if (!put_word(p, &out) && !put_note(p, &out))
        return false;
    check(!out.bad);
    p->out_at = 0;
    p->out_size = jute_out_size(&out);
    store_be32(p->out, (uint32_t)(p->out_size - 4));
    return true;
}

void
stream_flush(struct peer *p)
{
    if (p->link.state != LINK_UP)
        return;
    while (p->out_at < p->out_size || fill(p)) {
        ssize_t n = send(p->fd, p->out + p->out_at, p->out_size - p->out_at,
                         MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            /* Full: later.  Broken: the reader sees it. */
            if (errno == EAGAIN)
                ev_io_start(p->mesh->loop, &p->writable);
            return;
        }
        p->out_at += (size_t)n;
        hurry(p);
    }
    ev_io_stop(p->mesh->loop, &p->writable);
}

void
stream_say(struct peer *p, enum twin_word word)
{
    p->owed_words |= 1u << word;
    stream_flush(p);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
    struct peer *p = w->data;

    (void)loop, (void)events;
    ev_io_stop(p->mesh->loop, &p->writable);
    stream_flush(p);
}

/* --- in ------------------------------------------------------------------- */

/*
 * Apache's members give theirs a version where it may be reconfigured, and
 * follow no leader whose version is less.
 */
static void
note_version(struct mesh *m, const struct peer *p, struct bytes config)
{
    int64_t version = config_version(config);

    if (quorum_index(m->quorum, p->link.peer) >= 0 &&
        version > m->config_version)
        m->config_version = version;
}

/*
 * Members that disagree about who they are may elect two leaders: nothing
 * here can be done about it, but it is said once.
 */
static void
compare_config(struct peer *p, struct bytes config)
{
    struct bytes line;

    if (config.size <= 0)
        return;
    if (config_is_same(config, p->mesh->config, &line)) {
        note_version(p->mesh, p, config);
        return;
    }
    if (p->is_other_conf)
        return;
    p->is_other_conf = true;
    log_warn("election: %lld has another configuration than we: only one of "
             "us has the line \"%.*s\"",
             (long long)p->link.peer, (int)line.size, (const char *)line.data);
}

static void
take_frame(struct peer *p, struct bytes payload)
{
    struct vote vote;
    struct bytes config;

    if (rival_hear(p, payload))
        return;
    if (note_get(payload, &vote, &config) < 0) {
        log_warn_often("election: dropped a note of %lld: %d bytes that are "
                       "none",
                       (long long)p->link.peer, (int)payload.size);
        return;
    }
    if (p->talks_nonsense) {
        p->talks_nonsense = false;
        mesh_found(p);
    }
    vote.from = p->link.peer;
    compare_config(p, config);
    p->mesh->heard(p->mesh->arg, &vote);
}

/* Take whole frames from the buffer.  NULL, or why the peer is no good. */
static const char *
take_frames(struct peer *p)
{
    size_t at = 0;

    while (p->in_size - at >= 4) {
        uint32_t size = load_be32(p->in + at);

        if (size < 1 || size > NOTE_BYTES_MAX)
            return "it sent a frame of a size that no note has";
        if (p->in_size - at - 4 < size)
            break;
        take_frame(p, (struct bytes){p->in + at + 4, (int32_t)size});
        at += 4 + size;
    }
    p->in_size -= at;
    memmove(p->in, p->in + at, p->in_size);
    return NULL;
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    struct peer *p = w->data;
    const char *why;
    ssize_t n;

    (void)loop, (void)events;
    check(p->in_size < sizeof p->in);
    n = recv(p->fd, p->in + p->in_size, sizeof p->in - p->in_size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        fail(p, n == 0 ? "it closed the connection" : strerror(errno));
        return;
    }
    p->in_size += (size_t)n;
    why = take_frames(p);
    if (!why)
        return;
    fail(p, why);
    p->talks_nonsense = true;
}
