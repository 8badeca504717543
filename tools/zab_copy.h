/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_copy.h - files copied into a directory that a command is filling, and
 * taken away again when it cannot finish.
 */
#ifndef TOOLS_ZAB_COPY_H
#define TOOLS_ZAB_COPY_H

#include "storage/datafile.h"

/* The paths that a command has made. */
struct zab_copied {
    char (*path)[DATA_PATH_MAX];
    size_t count, room;
    bool is_hidden; /* copies are name.tmp until zab_copied_show */
};

/*
 * Copy from/name to to/name, which must not exist: its bytes durably, its name
 * not yet; a stretch of zeros, as logs end with, becomes a hole.  0; -ENOENT:
 * there is no such file; other -errno, and `e` tells.
 */
int zab_copy(struct zab_copied *done, const char *from, const char *to,
             const char *name, progress_fn *progress, void *progress_arg,
             struct data_error *e);

/*
 * Give hidden copies their names, the last first, so that no server takes some
 * of them for all.  0 or -errno, and `e` tells.
 */
int zab_copied_show(struct zab_copied *done, struct data_error *e);

/* Remember something else that is to go when the command fails. */
int zab_copied_add(struct zab_copied *done, const char *path);

/* Remove all of it, files and empty directories, the last first. */
void zab_copied_undo(struct zab_copied *done);
void zab_copied_free(struct zab_copied *done);

#endif
