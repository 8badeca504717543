/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tempdir.h - a directory for one test, and what tests do to files in it.
 */
#ifndef TESTS_UNIT_TEMPDIR_H
#define TESTS_UNIT_TEMPDIR_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/datadir.h"

/* Make one and fill in its path; tests abort where no disk is. */
static inline void
tempdir_make(char dir[DATA_PATH_MAX])
{
    const char *base = getenv("TMPDIR");

    snprintf(dir, DATA_PATH_MAX, "%s/zabd-unit.XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(dir))
        abort();
}

static inline void
tempdir_remove(const char *dir)
{
    char path[DATA_PATH_MAX];
    struct dirent *entry;
    DIR *d = opendir(dir);

    while (d && (entry = readdir(d))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        data_path(path, dir, entry->d_name);
        if (entry->d_type == DT_DIR)
            tempdir_remove(path);
        else
            unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(dir);
}

/* The whole file; the caller frees. */
static inline uint8_t *
file_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;

    if (!f || fstat(fileno(f), &st) < 0)
        abort();
    *size = (size_t)st.st_size;
    data = malloc(*size + 1);
    if (!data || fread(data, 1, *size, f) != *size)
        abort();
    fclose(f);
    return data;
}

static inline void
file_write(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

static inline bool
file_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

#endif
