/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_given.h - a log directory without a process, and what is in it.
 */
#ifndef TESTS_UNIT_TXLOG_GIVEN_H
#define TESTS_UNIT_TXLOG_GIVEN_H

#include "daemon/jute.h"
#include "storage/log/txlog.h"
#include "storage/log/txlog_reader.h"
#include "storage/log/txlog_scan.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char dir[DATA_PATH_MAX];
static struct data_error error;

static const struct txlog_options small = {.prealloc_bytes = 65536};

/* An entry of `size` bytes; only its zxid matters here. */
static inline struct bytes
entry_of(uint8_t *room, zxid_t zxid, int32_t size)
{
    for (int32_t i = 0; i < size; i++)
        room[i] = (uint8_t)(zxid * 31 + i * 7 + 1);
    store_be64(room + 12, (uint64_t)zxid);
    return (struct bytes){room, size};
}

static inline void
append(struct txlog *l, zxid_t from, zxid_t to, int32_t size)
{
    uint8_t *room = malloc((size_t)size);

    for (zxid_t z = from; z <= to; z++)
        CU_ASSERT_EQUAL(txlog_append(l, z, entry_of(room, z, size)), 0);
    CU_ASSERT_EQUAL(txlog_flush(l), 0);
    free(room);
}

/* A closed log with transactions from..to in one file. */
static inline void
given_log(zxid_t from, zxid_t to, int32_t size)
{
    struct txlog l;

    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    append(&l, from, to, size);
    txlog_close(&l);
}

/* Open and close: what the log says is its last transaction, or -errno. */
static inline zxid_t
last_of_log(void)
{
    struct txlog l;
    int rc = txlog_open(&l, dir, &small, NULL, &error);

    if (rc == 0)
        txlog_close(&l);
    return rc < 0 ? rc : l.last;
}

/* Read all behind `after`: the last zxid, or -errno; counts in `count`. */
static inline zxid_t
read_all(zxid_t after, size_t *count)
{
    struct txlog_reader r;
    struct bytes entry;
    zxid_t zxid = 0;
    int rc;

    *count = 0;
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, after), 0);
    while ((rc = txlog_reader_next(&r, &entry, &zxid)) == 1)
        (*count)++;
    if (rc == 0)
        rc = txlog_reader_check_end(&r);
    error = r.error;
    txlog_reader_close(&r);
    return rc < 0 ? rc : zxid;
}

static inline void
path_of(char path[DATA_PATH_MAX], zxid_t zxid)
{
    char name[DATA_NAME_MAX];

    data_name(name, "log", zxid);
    data_path(path, dir, name);
}

/* The end of the last whole record of a one-file log. */
static inline size_t
data_end(const uint8_t *data, size_t size)
{
    while (size > 0 && data[size - 1] == 0)
        size--;
    return size;
}

#endif
