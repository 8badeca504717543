/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datafile.h - small words about files: names, lists, errors, whole writes.
 *
 * Any process.
 */
#ifndef STORAGE_DATAFILE_H
#define STORAGE_DATAFILE_H

#include <stdnoreturn.h>

#include "daemon/types.h"

enum { DATA_PATH_MAX = 512, DATA_NAME_MAX = 64 };

/* --- what is wrong -------------------------------------------------------- */

/*
 * What an operator must hear of a file that cannot be used.  Wherever a
 * parameter of this type is offered it is filled together with a negative
 * result; NULL is accepted everywhere.  `offset` is -1 where no place in a
 * file is meant.
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

/* The same of what failed with `rc`, -errno: "what: its words".  Returns it. */
int data_error_rc(struct data_error *e, const char *path, int rc,
                  const char *remedy, const char *what);

/* For a file that could not be read, or written, and may be sound. */
extern const char data_remedy_access[];

/* The whole error as one text: path, offset, what, remedy. */
enum { DATA_ERROR_TEXT = sizeof(struct data_error) + 64 };
void data_error_text(const struct data_error *e, char text[DATA_ERROR_TEXT]);

/* Whether `rc`, a -errno, is want of room on a disk. */
bool data_wants_room(int rc);

/*
 * Whether it is want of memory or descriptors: no fault of a file, and over at
 * the next try, as a rule.
 */
bool data_may_pass(int rc);

/*
 * This process cannot go on with such files, and `rc` came of it: log it, and
 * end with EXIT_LATER if there was no room, with EXIT_UNEXPECTED if it may
 * pass, else with EXIT_DATA.
 */
noreturn void data_fatal(const struct data_error *e, int rc);

/* --- progress ------------------------------------------------------------- */

/* Called now and then by what takes long: how far it is, in any unit. */
typedef void progress_fn(void *arg, uint64_t done, uint64_t total);

/* --- names ---------------------------------------------------------------- */

/* Files that are named after a zxid. */
enum data_kind {
    DATA_LOGS,      /* log.<hex> */
    DATA_SNAPSHOTS, /* snapshot.<hex>[.gz|.snappy|.zst] */
};

struct data_file {
    zxid_t zxid;
    char name[DATA_NAME_MAX];
};

struct data_list {
    struct data_file *file; /* by zxid, then name */
    size_t count;
};

/*
 * The files of `kind` in `dir`.  0 or -errno; to be freed with data_list_free,
 * after an error, too.
 */
int data_list_read(struct data_list *list, const char *dir,
                   enum data_kind kind);
void data_list_free(struct data_list *list);

/* dir/name; false if it does not fit (then `path` is cut). */
bool data_path(char path[DATA_PATH_MAX], const char *dir, const char *name);

/* The name of the file `prefix`.<zxid>. */
void data_name(char name[DATA_NAME_MAX], const char *prefix, zxid_t zxid);

/* --- directories ---------------------------------------------------------- */

/* What readdir gave is in the directory: not itself, nor what it lies in. */
bool data_is_below(const char *name);

/*
 * The size of all files in `dir` and below, in bytes; what goes meanwhile, or
 * cannot be looked at, counts nothing.  ZK: ZooKeeperServer.getDirSize
 */
uint64_t data_dir_bytes(const char *dir);

/*
 * Remove dir/name, or every file whose name begins with `prefix` and ends
 * behind it with `suffix`.  0, also when there is none, or -errno.
 */
int data_remove(const char *dir, const char *name);
int data_remove_all(const char *dir, const char *prefix, const char *suffix);

/* Make the names in `dir` durable.  0 or -errno. */
int data_sync_dir(const char *dir);

/* --- contents ------------------------------------------------------------- */

/*
 * Whether the file may have blocks up to `end`, and others `beside` bytes as
 * well: ext4, asked for more than it has, gives all of it before it says no.
 */
bool data_leaves_room(int fd, uint64_t end, uint64_t beside);

/* Write all of it, in as many calls as that takes.  0 or -errno. */
int data_write(int fd, const void *data, size_t size);

/*
 * The text in the small file dir/name: up to size - 1 bytes, and a zero.  How
 * many, or -errno.
 */
int data_read(const char *dir, const char *name, char *text, size_t size);

/*
 * Make `text` the whole of file dir/name, atomically and durably: written
 * beside it as name.tmp, synced, renamed over it.  0 or -errno.
 */
int data_replace(const char *dir, const char *name, const char *text,
                 size_t size);

#endif
