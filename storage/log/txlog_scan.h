/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_scan.h - one log file, record by record.  For storage/log/txlog* and
 * tools/; others read all files of a directory by txlog_reader.h, but for
 * image_fold.c, which looks ahead in the one that is open.
 *
 *      0  u32 0x5A4B4C47 "ZKLG", u32 version 2, i64 dbid 0
 *     16  records:
 *           u64 checksum   Adler32 of the entry, high half zero
 *           u32 length     of the entry
 *           entry          TxnHeader, body, TxnDigest
 *           u8  'B'        end of record
 *         zeros to the end of the file (preallocation)
 *
 * ZK: FileTxnLog (spec/quorum-protocol.md 11.2 to 11.4)
 */
#ifndef STORAGE_LOG_TXLOG_SCAN_H
#define STORAGE_LOG_TXLOG_SCAN_H

#include <sys/types.h>

#include "daemon/types.h"

enum {
    TXLOG_MAGIC = 0x5A4B4C47,
    TXLOG_VERSION = 2,
    TXLOG_HEADER_BYTES = 16,
    TXLOG_RECORD_HEAD_BYTES = 12,
    TXLOG_EOR = 'B',
    TXLOG_ENTRY_MIN = 32, /* a transaction's header alone */
    TXLOG_RECORD_EXTRA = TXLOG_RECORD_HEAD_BYTES + 1,
};

/* Begins as {.fd = -1}. */
struct txlog_scan {
    int fd; /* -1: closed */
    bool has_header;
    uint64_t offset; /* of the next record */
    uint8_t *buffer;
    size_t capacity;
    size_t filled;
    uint64_t base; /* offset of buffer[0] in the file */
};

/* What lies behind the last whole record. */
enum txlog_tail {
    TXLOG_TAIL_CLEAN,   /* nothing, or zeros */
    TXLOG_TAIL_TORN,    /* what a write that never finished leaves */
    TXLOG_TAIL_CORRUPT, /* what only a damaged disk or a hand leaves */
};

/* 0 or -errno; what is open is closed before.  Deinit in any case. */
int txlog_scan_open(struct txlog_scan *s, const char *path);
void txlog_scan_deinit(struct txlog_scan *s);

/*
 * The next whole record: 1, with `entry` borrowed until the next call; 0 if
 * there is none (yet: what was appended meanwhile is seen by the next call);
 * -errno if the file cannot be read, -EBADMSG if it has another header.
 */
int txlog_scan_next(struct txlog_scan *s, struct bytes *entry);

/*
 * What txlog_scan_next will probably yield, as far as the buffer has it and
 * `max` allows: a hint, unchecked, never to be believed.  How many; borrowed
 * until the next call.
 */
uint32_t txlog_scan_ahead(const struct txlog_scan *s, struct bytes *entries,
                          uint32_t max);

/*
 * Whether a whole record, its checksum right, begins at `p`, of which `left`
 * bytes are there; its size goes to `record_size`.
 */
bool txlog_is_record(const uint8_t *p, size_t left, size_t *record_size);

/* Read up to `size` bytes at `from`: how many there are, or -errno. */
ssize_t txlog_read_at(int fd, uint8_t *data, size_t size, uint64_t from);

/* The zxid of an entry of at least TXLOG_ENTRY_MIN bytes. */
zxid_t txlog_entry_zxid(struct bytes entry);

/* --- txlog_tail.c --------------------------------------------------------- */

/*
 * Judge what follows the last whole record.  Reads the rest of the file.
 * 0 with `tail`, or -errno.
 */
int txlog_scan_tail(const struct txlog_scan *s, enum txlog_tail *tail);

/* The same for bytes in memory: `data` lies at `offset`, and is the rest. */
enum txlog_tail txlog_judge_tail(const uint8_t *data, size_t size,
                                 uint64_t offset);

#endif
