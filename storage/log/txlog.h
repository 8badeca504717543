/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog.h - the transaction log, written in Apache's format.
 *
 * One writer per directory, the log process.  Records gather in a buffer;
 * txlog_flush writes them and makes all of them durable with one fdatasync.
 * A file is named after its first transaction and begun at the first append
 * after opening, after a roll, or when it is full; space is allocated ahead,
 * so that fdatasync does not allocate, and while groups are small it is filled
 * with zeros a little ahead, so that fdatasync writes no metadata either.
 *
 * A write or fdatasync that failed is never tried again, for the kernel may
 * have dropped the pages: the log stays failed.  What txlog_open declares
 * durable it has read from the disk, not from the page cache.
 *
 * Reading: txlog_reader.h.  ZK: FileTxnLog (spec/quorum-protocol.md 11.3)
 */
#ifndef STORAGE_LOG_TXLOG_H
#define STORAGE_LOG_TXLOG_H

#include "storage/datafile.h"

/*
 * What waits for one fdatasync, and what a crash can tear, is one record of any
 * size, or several of no more than this together.
 */
enum { TXLOG_UNSYNCED_MAX = 8 * 1024 * 1024 };

enum { TXLOG_BUFFER_BYTES = 1024 * 1024 }; /* of records not written yet */

struct txlog_options {
    uint64_t prealloc_bytes; /* preAllocSize; 0: none */
    uint64_t roll_records;   /* a file holds at most; 0: no bound */
    uint64_t roll_bytes;     /* a file is at most; 0: no bound */
    bool is_sync_off;        /* forceSync=no */
    progress_fn *progress;   /* while it opens, in bytes; may be NULL */
    void *progress_arg;
};

struct txlog {
    char dir[DATA_PATH_MAX];
    struct txlog_options options;
    zxid_t last;        /* of the last record appended; 0: the log is empty */
    int fd;             /* -1: the next append begins a file */
    uint64_t size;      /* of the file, without what is still buffered */
    uint64_t allocated; /* its length on disk */
    uint64_t zeroed;    /* up to here its blocks were written, with zeros */
    uint64_t records;   /* in it */
    uint64_t unsynced;  /* bytes appended since the last flush */
    uint8_t *buffer;    /* TXLOG_BUFFER_BYTES, owned while it is open */
    size_t buffered;    /* of them, not written yet */
    int failed;         /* 0, or the -errno that ended this log */
    char path[DATA_PATH_MAX]; /* of the file, or of what failed */
};

/*
 * Find the last whole record in `dir`, cut a torn write off behind it and
 * make sure that all before it is on disk.  An empty directory is an empty
 * log.  `l->last` is then durable.  0 or -errno; -EBADMSG: damage, or a file
 * that is not named after its first transaction; `e` tells.  After an error
 * nothing is open.  `was_torn`, unless NULL, says whether something was cut
 * off, or a file removed that had no whole transaction.
 */
int txlog_open(struct txlog *l, const char *dir,
               const struct txlog_options *options, bool *was_torn,
               struct data_error *e);

/* Takes a half-open log too.  Drops what was not flushed. */
void txlog_close(struct txlog *l);

/*
 * Append one transaction (header, body, digest), which is whole in the file
 * after the next flush.  Its zxid is above `l->last`.  Waits for the disk where
 * a file is begun or ended, or what waits already would become more than
 * TXLOG_UNSYNCED_MAX.  0 or -errno.
 */
int txlog_append(struct txlog *l, zxid_t zxid, struct bytes entry);

/* Write and fdatasync what was appended.  0, or -errno once and for ever. */
int txlog_flush(struct txlog *l);

/* Flush; the next append begins a new file. */
int txlog_roll(struct txlog *l);

/* Is the file that is written not in its place any more? */
bool txlog_is_removed(const struct txlog *l);

/*
 * Where transaction `zxid` would be in the log of `dir`.  TXLOG_IN: there it
 * is.  TXLOG_BETWEEN: it is not there, but each file lies wholly before or
 * wholly behind it.  TXLOG_MISSING: it is not in the file where it belongs.
 * Or -errno.
 */
enum txlog_place { TXLOG_IN, TXLOG_BETWEEN, TXLOG_MISSING };
int txlog_find(const char *dir, zxid_t zxid);

/*
 * Cut the log of a directory that nobody has open right behind transaction
 * `zxid`, durably.  -ENOENT, and nothing changed, if that one is not in it;
 * with `is_base`, when a snapshot holds it, TXLOG_BETWEEN is as good.
 * ZK: FileTxnLog.truncate.  Ours: Apache would keep the next larger one.
 */
int txlog_truncate(const char *dir, zxid_t zxid, bool is_base,
                   struct data_error *e);

#endif
