/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_history_snap.c - SNAP: the image goes to a learner.
 *
 * Read by the replication process from the image process's LMDB directory,
 * under a read transaction for each learner; writers never wait.  While
 * nobody snaps the environment is closed, because the image process may
 * replace the directory.
 *
 *     payload    sessions, ACLs, nodes (image_stream.h)
 *                ustring "/", ustring "BenWasHere"
 *
 * ZK: LearnerHandler.run, ZKDatabase.serializeSnapshot
 *     (spec/quorum-protocol.md 4.7)
 */
#include <errno.h>
#include <zstd.h>

#include "daemon/log.h"
#include "net/repl/repl_history.h"
#include "storage/snap/snapfile.h"

static const uint8_t tail[] = "\0\0\0\1/\0\0\0\nBenWasHere";

/* --- the environment ----------------------------------------------------- */

static int
hold_image(struct repl_history *h)
{
    struct data_error e = {.offset = -1};
    char text[DATA_ERROR_TEXT];
    int rc = 0;

    if (h->image.env && image_is_replaced(&h->image))
        return -EAGAIN;
    if (!h->image.env)
        rc = image_open(&h->image, h->dirs.image, IMAGE_READ, &e);
    if (rc == -ENOENT)
        return -EAGAIN; /* between two names */
    if (rc < 0) {
        data_error_text(&e, text);
        log_error("no snapshot for a learner: %s: %s", strerror(-rc), text);
        return rc;
    }
    h->snapping++;
    return 0;
}

static void
release_image(struct repl_history *h)
{
    if (--h->snapping == 0)
        image_close(&h->image);
}

/* --- beginning and end --------------------------------------------------- */

/*
 * An Apache learner keeps its old log files, and after a restart replays what
 * they hold behind the snapshot; so it must not be older than the learner, as
 * far as ours is committed.
 */
static zxid_t
oldest_wanted(const struct repl_history *h, const struct history_slot *s)
{
    zxid_t committed = atomic_load_explicit(
        &h->repl->shm->replication->committed_zxid, memory_order_relaxed);

    return committed < s->last ? committed : s->last;
}

/*
 * The image process commits what it has, at once: ask again, -EAGAIN.  A wish
 * stands until it is fulfilled, for what is committed goes on growing.
 */
static int
hurry(const struct repl_history *h)
{
    struct shm_replication *shared = h->repl->shm->replication;
    zxid_t persisted = atomic_load_explicit(
        &h->repl->shm->image->persisted_zxid, memory_order_acquire);

    if (atomic_load_explicit(&shared->image_wanted, memory_order_relaxed) >
        persisted)
        return -EAGAIN;
    atomic_store_explicit(
        &shared->image_wanted,
        atomic_load_explicit(&shared->committed_zxid, memory_order_relaxed),
        memory_order_release);
    bell_ring(h->repl->shm, PROC_IMAGE);
    return -EAGAIN;
}

/* What the image process says, without looking into the image. */
static bool
is_known_old(const struct repl_history *h, const struct history_slot *s)
{
    return atomic_load_explicit(&h->repl->shm->image->persisted_zxid,
                                memory_order_acquire) < oldest_wanted(h, s);
}

static bool
is_usable(struct repl_history *h, const struct history_slot *s)
{
    return s->stream.zxid >= oldest_wanted(h, s) &&
           history_goes_on(h, s->stream.zxid);
}

/* If the learner takes it packed. */
static int
make_packer(struct history_slot *s, int32_t flags)
{
    if (!(flags & LEARNER_ZSTD))
        return 0;
    s->packer = snapfile_packer();
    return s->packer ? 0 : -ENOMEM;
}

static int
open_stream(struct repl_history *h, struct history_slot *s)
{
    int rc = hold_image(h);

    if (rc < 0)
        return rc;
    rc = image_stream_open(&s->stream, &h->image);
    if (rc < 0)
        release_image(h);
    return rc;
}

int
repl_history_snap_begin(struct repl_history *h, uint32_t slot, int32_t flags,
                        zxid_t *zxid)
{
    struct history_slot *s = &h->slot[slot];
    int rc;

    repl_history_snap_close(h, slot);
    rc = is_known_old(h, s) ? hurry(h) : open_stream(h, s);
    if (rc < 0)
        return rc;
    rc = is_usable(h, s) ? make_packer(s, flags) : hurry(h);
    if (rc < 0) {
        repl_history_snap_close(h, slot);
        return rc;
    }
    s->piece = (struct bytes){NULL, 0};
    s->is_tail = false;
    *zxid = s->stream.zxid;
    return 0;
}

void
repl_history_snap_close(struct repl_history *h, uint32_t slot)
{
    struct history_slot *s = &h->slot[slot];

    ZSTD_freeCCtx(s->packer);
    s->packer = NULL;
    if (!s->stream.image)
        return;
    image_stream_close(&s->stream);
    release_image(h);
}

/* --- the payload --------------------------------------------------------- */

/* Have something in `piece`, unless enough rows were read: 0 or -errno. */
static int
next_piece(struct history_slot *s, uint64_t rows_until)
{
    int rc = 1;

    while (s->piece.size == 0 && rc == 1 && s->stream.done < rows_until)
        rc = image_stream_next(&s->stream, &s->piece);
    if (rc == 0) {
        s->piece = (struct bytes){tail, sizeof tail - 1};
        s->is_tail = true;
    }
    return rc < 0 ? rc : 0;
}

static void
drop_front(struct bytes *piece, size_t size)
{
    piece->data += size;
    piece->size -= (int32_t)size;
}

/* Pass on what has room of the piece; how many bytes. */
static int64_t
copy(struct history_slot *s, uint8_t *to, size_t room, bool *is_end)
{
    size_t n = (size_t)s->piece.size < room ? (size_t)s->piece.size : room;

    if (n > 0)
        memcpy(to, s->piece.data, n);
    drop_front(&s->piece, n);
    *is_end = s->is_tail && s->piece.size == 0;
    return (int64_t)n;
}

/* The same through zstd; after the last piece until the frame is closed. */
static int64_t
pack(struct history_slot *s, uint8_t *to, size_t room, bool *is_end)
{
    ZSTD_inBuffer in = {s->piece.data, (size_t)s->piece.size, 0};
    ZSTD_outBuffer out = {to, room, 0};
    ZSTD_EndDirective how = s->is_tail ? ZSTD_e_end : ZSTD_e_continue;
    size_t left = ZSTD_compressStream2(s->packer, &out, &in, how);

    if (ZSTD_isError(left))
        return -EIO;
    drop_front(&s->piece, in.pos);
    *is_end = s->is_tail && left == 0;
    return (int64_t)out.pos;
}

/* Fill the buffer, as far as a bounded number of rows goes. */
static int64_t
fill(struct history_slot *s, uint8_t *buffer, size_t room, bool *is_end)
{
    uint64_t rows_until = s->stream.done + HISTORY_STEP_ROWS;
    size_t at = 0;
    int64_t n;

    while (at < room && !*is_end) {
        if (s->piece.size == 0 && !s->is_tail) {
            n = next_piece(s, rows_until);
            if (n < 0)
                return n;
            if (s->piece.size == 0)
                break; /* enough rows */
        }
        n = s->packer ? pack(s, buffer + at, room - at, is_end)
                      : copy(s, buffer + at, room - at, is_end);
        if (n < 0)
            return n;
        at += (size_t)n;
    }
    return (int64_t)at;
}

int64_t
repl_history_snap_read(struct repl_history *h, uint32_t slot, uint8_t *buffer,
                       size_t room, bool *is_end)
{
    struct history_slot *s = &h->slot[slot];
    int64_t n;

    *is_end = false;
    if (!s->stream.image)
        return -EINVAL;
    n = fill(s, buffer, room, is_end);
    if (n < 0 || *is_end)
        repl_history_snap_close(h, slot);
    else
        h->is_reading = true;
    return n;
}
