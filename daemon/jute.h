/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jute.h - ZooKeeper's binary encoding, read and written in place.
 *
 * Big-endian numbers; buffers and strings are an i32 length (-1: null) and
 * bytes; vectors an i32 count (-1: null) and elements.  A reader or writer
 * that ran out stays `bad`: read a whole record, then ask once.  Values read
 * are borrowed from the input.  Pure; any process.
 *
 * ZK: BinaryInputArchive, BinaryOutputArchive
 */
#ifndef DAEMON_JUTE_H
#define DAEMON_JUTE_H

#include <endian.h>

#include "daemon/types.h"

struct jute_in {
    const uint8_t *at;
    const uint8_t *end;
    bool bad; /* ran out, or a length that cannot be */
};

struct jute_out {
    uint8_t *base;
    uint8_t *at;
    uint8_t *end;
    bool bad; /* did not fit; nothing was written past `end` */
};

static inline uint32_t
load_be32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return be32toh(v);
}

static inline uint64_t
load_be64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return be64toh(v);
}

static inline void
store_be32(uint8_t *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof v);
}

static inline void
store_be64(uint8_t *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof v);
}

static inline struct jute_in
jute_in_of(const void *data, size_t size)
{
    const uint8_t *p = data;

    return (struct jute_in){p, size > 0 ? p + size : p, false};
}

/* Null is as empty as the empty buffer. */
static inline struct jute_in
jute_in_bytes(struct bytes b)
{
    return jute_in_of(b.data, (size_t)bytes_size(b));
}

static inline size_t
jute_in_left(const struct jute_in *in)
{
    return (size_t)(in->end - in->at);
}

/* The next `size` bytes, or NULL and bad. */
static inline const uint8_t *
jute_take(struct jute_in *in, size_t size)
{
    const uint8_t *p = in->at;

    if (in->bad || jute_in_left(in) < size) {
        in->bad = true;
        return NULL;
    }
    in->at += size;
    return p;
}

static inline int32_t
jute_get_i32(struct jute_in *in)
{
    const uint8_t *p = jute_take(in, 4);

    return p ? (int32_t)load_be32(p) : 0;
}

static inline int64_t
jute_get_i64(struct jute_in *in)
{
    const uint8_t *p = jute_take(in, 8);

    return p ? (int64_t)load_be64(p) : 0;
}

static inline bool
jute_get_bool(struct jute_in *in)
{
    const uint8_t *p = jute_take(in, 1);

    return p && *p != 0;
}

/* A buffer or string; null gives size -1, a length below -1 is bad. */
static inline struct bytes
jute_get_bytes(struct jute_in *in)
{
    int32_t size = jute_get_i32(in);
    const uint8_t *p;

    if (in->bad || size == -1)
        return BYTES_NULL;
    p = size < 0 ? NULL : jute_take(in, (size_t)size);
    if (!p) {
        in->bad = true;
        return BYTES_NULL;
    }
    return (struct bytes){p, size};
}

/*
 * A vector's count: -1 is null, any other negative reads as empty.
 * ZK: BinaryInputArchive.startVector
 */
static inline int32_t
jute_get_count(struct jute_in *in)
{
    int32_t count = jute_get_i32(in);

    return count < -1 ? 0 : count;
}

static inline struct jute_out
jute_out_of(void *data, size_t size)
{
    uint8_t *p = data;

    return (struct jute_out){p, p, p + size, false};
}

static inline size_t
jute_out_size(const struct jute_out *out)
{
    return (size_t)(out->at - out->base);
}

/* Room for `size` bytes, or NULL and bad. */
static inline uint8_t *
jute_room(struct jute_out *out, size_t size)
{
    uint8_t *p = out->at;

    if (out->bad || (size_t)(out->end - out->at) < size) {
        out->bad = true;
        return NULL;
    }
    out->at += size;
    return p;
}

static inline void
jute_put_i32(struct jute_out *out, int32_t v)
{
    uint8_t *p = jute_room(out, 4);

    if (p)
        store_be32(p, (uint32_t)v);
}

static inline void
jute_put_i64(struct jute_out *out, int64_t v)
{
    uint8_t *p = jute_room(out, 8);

    if (p)
        store_be64(p, (uint64_t)v);
}

static inline void
jute_put_bool(struct jute_out *out, bool v)
{
    uint8_t *p = jute_room(out, 1);

    if (p)
        *p = v;
}

/* Bytes as they are, without a length. */
static inline void
jute_put_raw(struct jute_out *out, const void *data, size_t size)
{
    uint8_t *p = jute_room(out, size);

    if (p && size > 0)
        memcpy(p, data, size);
}

/* A buffer or string with its length; size -1 writes null. */
static inline void
jute_put_bytes(struct jute_out *out, struct bytes b)
{
    jute_put_i32(out, b.size);
    if (b.size > 0)
        jute_put_raw(out, b.data, (size_t)b.size);
}

#endif
