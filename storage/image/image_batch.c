/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch.c - the memory of a batch: rows and sessions touched.
 *
 * Chunks serve one batch after the other, until image_batch_trim.  A row that
 * is not changed borrows its bytes from LMDB: pages that the batch's read
 * transaction can see are not reused before it ends, not even by the commit.
 */
#include "storage/image/image_batch.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/check.h"
#include "daemon/hash.h"
#include "storage/image/image_batch_row.h"

enum {
    SLOTS = 1 << 16,
    SESSION_SLOTS = 1 << 12,
    CHUNK_BYTES = 1024 * 1024,
    LINE = 64, /* of the processor's cache */
};

struct batch_chunk {
    struct batch_chunk *next;
    size_t room, used;
    max_align_t data[];
};

int
image_batch_init(struct image_batch *b, struct image *im)
{
    *b = (struct image_batch){
        .image = im, .zxid = im->meta.zxid, .digest = im->meta.digest};
    b->sessions_end = &b->sessions;
    b->slot = calloc(SLOTS, sizeof *b->slot);
    b->session_slot = calloc(SESSION_SLOTS, sizeof *b->session_slot);
    if (b->slot && b->session_slot)
        return 0;
    image_batch_deinit(b);
    return -ENOMEM;
}

static void
free_chunks(struct batch_chunk *chunk)
{
    while (chunk) {
        struct batch_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

/* All chunks are empty now; those of the usual size serve the next batch. */
static void
spare_chunks(struct image_batch *b)
{
    while (b->chunks) {
        struct batch_chunk *chunk = b->chunks;

        b->chunks = chunk->next;
        if (chunk->room == CHUNK_BYTES) {
            chunk->next = b->spare;
            b->spare = chunk;
        } else {
            free(chunk);
        }
    }
}

void
image_batch_trim(struct image_batch *b)
{
    free_chunks(b->spare);
    b->spare = NULL;
}

/* The read transaction, and what was borrowed from it. */
static void
end_reading(struct image_batch *b)
{
    if (b->read)
        mdb_txn_abort(b->read);
    free(b->longs);
    b->read = NULL;
    b->longs = NULL;
    b->long_count = 0;
    b->has_longs = false;
}

void
image_batch_deinit(struct image_batch *b)
{
    end_reading(b);
    free_chunks(b->chunks);
    free_chunks(b->spare);
    free(b->slot);
    free(b->session_slot);
    *b = (struct image_batch){0};
}

void
batch_reset(struct image_batch *b)
{
    end_reading(b);
    spare_chunks(b);
    if (b->rows)
        memset(b->slot, 0, SLOTS * sizeof *b->slot);
    if (b->sessions)
        memset(b->session_slot, 0, SESSION_SLOTS * sizeof *b->session_slot);
    b->rows = NULL;
    b->sessions = NULL;
    b->sessions_end = &b->sessions;
    b->row_count = 0;
    b->bytes = 0;
    b->txns = 0;
}

/* A chunk with room for `size`, a spare one if there is; NULL: no memory. */
static struct batch_chunk *
new_chunk(struct image_batch *b, size_t size)
{
    size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct batch_chunk *chunk = room == CHUNK_BYTES ? b->spare : NULL;

    if (chunk)
        b->spare = chunk->next;
    else
        chunk = malloc(sizeof *chunk + room);
    if (!chunk)
        return NULL;
    *chunk = (struct batch_chunk){.next = b->chunks, .room = room};
    b->chunks = chunk;
    return chunk;
}

/* Aligned memory that lives as long as the batch; NULL: there is none. */
static void *
take(struct image_batch *b, size_t size)
{
    struct batch_chunk *chunk = b->chunks;
    uint8_t *at;

    size = ALIGN_UP(size, _Alignof(struct batch_row));
    if (!chunk || chunk->room - chunk->used < size)
        chunk = new_chunk(b, size);
    if (!chunk)
        return NULL;
    at = (uint8_t *)chunk->data + chunk->used;
    chunk->used += size;
    b->bytes += size;
    return at;
}

int
batch_copy(struct image_batch *b, struct bytes *bytes)
{
    uint8_t *copy;

    if (bytes->size <= 0)
        return 0;
    copy = take(b, (size_t)bytes->size);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, bytes->data, (size_t)bytes->size);
    bytes->data = copy;
    return 0;
}

int
batch_reader(struct image_batch *b)
{
    return b->read ? 0
                   : image_rc(mdb_txn_begin(b->image->env, NULL, MDB_RDONLY,
                                            &b->read));
}

/* Fill `row` with what LMDB has of it. */
static int
look_up(struct image_batch *b, struct batch_row *row)
{
    MDB_dbi table =
        image_path_is_long(row->path) ? b->image->longs : b->image->nodes;
    struct image_key key;
    MDB_val name, value;
    int rc = batch_reader(b);

    if (rc < 0)
        return rc;
    image_key_of(&key, row->path, b->image->meta.seed);
    name = (MDB_val){key.size, key.data};
    rc = image_rc(mdb_get(b->read, table, &name, &value));
    if (rc == -ENOENT)
        return 0;
    if (rc == 0)
        rc =
            image_row_get(&row->now, value.mv_data, value.mv_size, key.is_long);
    if (rc == 0 && key.is_long && !bytes_equal(row->now.path, row->path))
        rc = -EBADMSG; /* two paths with one hash: 2^-64, with a secret */
    if (rc < 0)
        return rc;
    row->now.path = BYTES_NULL;
    row->is_there = row->was_there = true;
    row->owner_was = row->now.stat.owner;
    row->digest_was = image_row_digest(row->path, &row->now);
    return 0;
}

static struct batch_row *
find_row(const struct image_batch *b, struct bytes path, uint32_t hash)
{
    struct batch_row *row = b->slot[hash % SLOTS];

    while (row && (row->hash != hash || !bytes_equal(row->path, path)))
        row = row->hash_next;
    return row;
}

static uint32_t
hash_of(const struct image_batch *b, struct bytes path)
{
    return hash_bytes(b->image->meta.seed, 0, path);
}

/* A row costs three waits for memory: its slot, itself, its data. */
void
image_batch_ahead(const struct image_batch *b, const struct bytes *entries,
                  uint32_t count)
{
    struct batch_row *const *slot[IMAGE_BATCH_AHEAD_MAX];
    uint32_t known = 0;
    struct bytes path;

    check(count <= IMAGE_BATCH_AHEAD_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (txn_peek_path(entries[i], &path)) {
            slot[known] = &b->slot[hash_of(b, path) % SLOTS];
            __builtin_prefetch(slot[known++]);
        }
    for (uint32_t i = 0; i < known; i++)
        if (*slot[i])
            for (size_t at = 0; at < sizeof **slot[i]; at += LINE)
                __builtin_prefetch((const uint8_t *)*slot[i] + at);
    for (uint32_t i = 0; i < known; i++)
        if (*slot[i] && (*slot[i])->room.size > 0)
            __builtin_prefetch((*slot[i])->room.data);
}

struct batch_row *
batch_known_row(const struct image_batch *b, struct bytes path)
{
    return find_row(b, path, hash_of(b, path));
}

/* An empty row. */
static struct batch_row *
add_row(struct image_batch *b, struct bytes path, uint32_t hash)
{
    struct batch_row *row = take(b, sizeof *row);

    if (!row)
        return NULL;
    *row = (struct batch_row){
        .path = path, .hash = hash, .now = {.path = BYTES_NULL}};
    if (batch_copy(b, &row->path) < 0)
        return NULL;
    row->hash_next = b->slot[hash % SLOTS];
    b->slot[hash % SLOTS] = row;
    row->list_next = b->rows;
    b->rows = row;
    b->row_count++;
    return row;
}

int
batch_row(struct image_batch *b, struct bytes path, struct batch_row **found)
{
    uint32_t hash = hash_of(b, path);
    struct batch_row *row = find_row(b, path, hash);
    int rc = 0;

    if (!row) {
        row = add_row(b, path, hash);
        rc = row ? look_up(b, row) : -ENOMEM;
    }
    *found = row;
    return rc;
}

int
batch_new_row(struct image_batch *b, struct bytes path,
              struct batch_row **found)
{
    uint32_t hash = hash_of(b, path);
    struct batch_row *row = find_row(b, path, hash);

    *found = row ? row : add_row(b, path, hash);
    return *found ? 0 : -ENOMEM;
}

int
batch_session(struct image_batch *b, session_id_t id,
              struct batch_session **found)
{
    size_t at = session_hash(b->image->meta.seed, id) % SESSION_SLOTS;
    struct batch_session *s = b->session_slot[at];

    while (s && s->id != id)
        s = s->hash_next;
    if (!s) {
        s = take(b, sizeof *s);
        if (!s)
            return -ENOMEM;
        *s = (struct batch_session){.id = id, .hash_next = b->session_slot[at]};
        b->session_slot[at] = s;
        *b->sessions_end = s;
        b->sessions_end = &s->list_next;
    }
    *found = s;
    return 0;
}

bool
image_batch_is_full(const struct image_batch *b, size_t rows_max,
                    size_t bytes_max)
{
    return b->row_count >= rows_max || b->bytes >= bytes_max;
}
