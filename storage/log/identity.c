/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity.c - the ensemble's id on disk.
 */
#include "storage/log/identity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "daemon/shm.h"

enum { LINE = 64 };

static const char REMEDY[] =
    "Remove the file: the server learns the id again from the others. If you "
    "do not know where this directory comes from, move it away instead, and "
    "let the server take everything from the leader.";

static const char *
state_of(const struct identity *id)
{
    return id->is_confirmed ? "confirmed" : "proposed";
}

static int
put_line(char line[LINE], const struct identity *id)
{
    return snprintf(line, LINE, "%016" PRIx64 " %" PRId64 " %s\n", id->id,
                    id->epoch, state_of(id));
}

/* Only what we would write is believed. */
static int
parse(const char *line, struct identity *id)
{
    struct identity found = {0};
    char again[LINE];

    if (sscanf(line, "%" SCNx64 " %" SCNd64, &found.id, &found.epoch) != 2 ||
        found.id == 0 || found.epoch < 0)
        return -EINVAL;
    found.is_confirmed = strstr(line, "confirmed") != NULL;
    put_line(again, &found);
    if (strcmp(line, again) != 0)
        return -EINVAL;
    *id = found;
    return 0;
}

static int
load(const char *dir, struct identity *id)
{
    char line[LINE];
    int rc = data_read(dir, IDENTITY_FILE, line, sizeof line);

    return rc < 0 ? rc : parse(line, id);
}

int
identity_load(struct identity *id, const char *dir, struct data_error *e)
{
    char path[DATA_PATH_MAX];
    struct identity found = {0};
    int rc = load(dir, &found);

    if (rc == -ENOENT)
        rc = 0;
    data_path(path, dir, IDENTITY_FILE);
    if (rc == -EINVAL)
        data_error_set(e, path, -1, REMEDY, "is not an ensemble's id");
    else if (rc < 0)
        data_error_rc(e, path, rc, data_remedy_access, "cannot be read");
    else
        *id = found;
    return rc;
}

int
identity_store(const char *dir, const struct identity *id)
{
    char line[LINE];
    int size = put_line(line, id);

    return data_replace(dir, IDENTITY_FILE, line, (size_t)size);
}

struct identity
identity_shared(const struct shm_identity *s)
{
    return (struct identity){.id = atomic_load(&s->id),
                             .epoch = atomic_load(&s->epoch),
                             .is_confirmed = atomic_load(&s->is_confirmed)};
}

void
identity_share(struct shm_identity *s, const struct identity *id)
{
    atomic_store(&s->id, id->id);
    atomic_store(&s->epoch, id->epoch);
    atomic_store(&s->is_confirmed, id->is_confirmed);
}
