/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_reader.h - the transactions of a log directory, in order.
 *
 * Reads from file to file, and a file that another process is appending to:
 * it stops at the first record that is not whole yet, and a later call goes
 * on from there, into a newer file where there is one.  What it yields has no
 * gaps; damage and gaps are errors, never skipped.  Used to load the tree, to
 * follow the log into the image, to bring a learner up to date, by tools.
 * Any process.
 */
#ifndef STORAGE_LOG_TXLOG_READER_H
#define STORAGE_LOG_TXLOG_READER_H

#include "storage/datafile.h"
#include "storage/log/txlog_scan.h"

struct txlog_reader {
    char dir[DATA_PATH_MAX];
    struct txlog_scan scan;
    struct data_file file;   /* that is open in `scan` */
    zxid_t after;            /* records up to here are skipped */
    zxid_t skipped;          /* the highest of them; 0: none was seen */
    zxid_t last;             /* the last record yielded; else `after` */
    bool has_digest;         /* the record `after` was seen, and says ... */
    uint64_t digest;         /* ... the tree's digest behind it */
    uint64_t skip_max;       /* bytes skipped in one call; 0: no bound */
    struct data_error error; /* after a negative result */
};

/* Accept whatever transaction comes first; then without gaps from there. */
#define TXLOG_FROM_START INT64_MIN

/*
 * Begin with the first transaction behind `after`; nothing is read yet.
 * 0 or -errno.  Close in any case.
 */
int txlog_reader_open(struct txlog_reader *r, const char *dir, zxid_t after);
void txlog_reader_close(struct txlog_reader *r);

/*
 * 1: the next transaction, its bytes borrowed until the next call.
 * 0: no more for now.
 * -EAGAIN: `skip_max` bytes before `after` were read, go on; no error.
 * -EBADMSG: damage.  -ENODATA: transactions are missing.  Other -errno: a
 * file or directory cannot be read.  `error` then says it in words.
 */
int txlog_reader_next(struct txlog_reader *r, struct bytes *entry,
                      zxid_t *zxid);

/*
 * Forget what was read ahead.  To be called when a limit up to which is read
 * has moved: behind the old one the log may have been cut and written anew.
 */
void txlog_reader_refresh(struct txlog_reader *r);

/*
 * After a 0 that should be the end, when nobody appends: 0 if what lies
 * behind the last transaction is nothing or a torn write, -EBADMSG if it is
 * damage.
 */
int txlog_reader_check_end(struct txlog_reader *r);

/*
 * The words for damage and gaps: one place, so that all say the same.  `last`
 * is the good transaction before the damage; none is known if it is not
 * positive.
 */
void txlog_damage(struct data_error *e, const char *path, uint64_t offset,
                  zxid_t last);
void txlog_missing(struct data_error *e, const char *path, zxid_t last,
                   zxid_t next);

#endif
