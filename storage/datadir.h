/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datadir.h - the directories on disk: names, locks, and what is wrong.
 *
 *     <dataDir>/myid                     the server's number, in decimal
 *     <dataDir>/version-2/zabd.lock      locked while a server lives here
 *     <dataDir>/version-2/snapshot.<hex>[.gz|.snappy|.zst]
 *     <dataDir>/version-2/acceptedEpoch, currentEpoch
 *     <dataDir>/version-2/image/         the LMDB image, see image.h
 *     <dataLogDir>/version-2/log.<hex>
 *
 * <hex> is a zxid in lower case without padding.  Any process.
 * ZK: FileTxnSnapLog, Util (spec/quorum-protocol.md 11.1)
 */
#ifndef STORAGE_DATADIR_H
#define STORAGE_DATADIR_H

#include "daemon/types.h"

enum { DATA_PATH_MAX = 512, DATA_NAME_MAX = 64 };

/*
 * What an operator must hear of a file that cannot be used.  Filled beside
 * an error number wherever a parameter of this type is offered; NULL is
 * accepted everywhere.  `offset` is -1 where no place in a file is meant.
 */
struct data_error {
    char path[DATA_PATH_MAX];
    int64_t offset;
    char what[200];
    char remedy[400];
};

/* `remedy` is a whole sentence that says what to do; copied. */
void data_error_set(struct data_error *e, const char *path, int64_t offset,
                    const char *remedy, const char *what, ...)
    __attribute__((format(printf, 5, 6)));

/* The whole error as one text: path, offset, what, remedy. */
void data_error_text(const struct data_error *e, char *text, size_t size);

struct datadir {
    char data[DATA_PATH_MAX];  /* <dataDir> */
    char snap[DATA_PATH_MAX];  /* <dataDir>/version-2 */
    char log[DATA_PATH_MAX];   /* <dataLogDir>/version-2 */
    char image[DATA_PATH_MAX]; /* <dataDir>/version-2/image */
    int lock_fd, log_lock_fd;  /* -1 when not held */
};

/*
 * Fill in the paths, make the directories where they are missing (with
 * `may_create`; otherwise their absence is an error) and take the locks, so
 * that no two servers use one directory.  `log_dir` NULL or "" is `data_dir`.
 * The locks last until datadir_close or until every process that inherited
 * them has ended.  0 or -errno; -EBUSY: another server lives here.
 */
int datadir_open(struct datadir *d, const char *data_dir, const char *log_dir,
                 bool may_create, struct data_error *e);
void datadir_close(struct datadir *d);

/* The paths alone, for tools: nothing is made, checked or locked. */
int datadir_name(struct datadir *d, const char *data_dir, const char *log_dir,
                 struct data_error *e);

/*
 * Take the empty marker `initialize` away: 0 if it was there, -ENOENT if
 * not.  ZK: FileTxnSnapLog, autoCreateDB (11.7)
 */
int datadir_take_initialize(const struct datadir *d);

/* A file whose name ends in a zxid, as log.1f or snapshot.1f.zst. */
struct data_file {
    zxid_t zxid;
    char name[DATA_NAME_MAX];
};

struct data_list {
    struct data_file *file; /* by zxid, then name */
    size_t count;
};

/*
 * The files `prefix`.<hex>[.suffix] in `dir`; `with_suffix` false takes only
 * those without one.  Free with data_list_free, after an error too.
 */
int data_list_read(struct data_list *list, const char *dir, const char *prefix,
                   bool with_suffix);
void data_list_free(struct data_list *list);

/* What the files that data_list_read finds take, in bytes. */
uint64_t data_dir_bytes(const char *dir, const char *prefix, bool with_suffix);

/* dir/name; false if it does not fit (then `path` is cut). */
bool data_path(char path[DATA_PATH_MAX], const char *dir, const char *name);

/* The name of the file `prefix`.<zxid>. */
void data_name(char name[DATA_NAME_MAX], const char *prefix, zxid_t zxid);

/*
 * Remove dir/name, or every file whose name begins and ends so (the two do
 * not overlap).  0, also when there is none, or -errno.
 */
int data_remove(const char *dir, const char *name);
int data_remove_all(const char *dir, const char *prefix, const char *suffix);

/* Make the names in `dir` durable.  0 or -errno. */
int data_sync_dir(const char *dir);

/* Write all of it, however often that takes.  0 or -errno. */
int data_write(int fd, const void *data, size_t size);

/*
 * Make `text` the whole of file dir/name, at once and durably: written beside
 * it as name.tmp, synced, renamed over it.  0 or -errno; then it is as it was.
 */
int data_replace(const char *dir, const char *name, const char *text,
                 size_t size);

/*
 * Whether a transaction `next` may come right after `last`: the next number
 * of its epoch, or the first one of a later epoch.
 */
bool zxid_follows(zxid_t last, zxid_t next);

#endif
