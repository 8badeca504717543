/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_ring.c - `zab ring PID`: the processes of a running server, where each
 * of them stands in the rings, and what goes through the transaction ring.
 *
 * It only looks: it takes no cursor and holds nobody up, so an entry may be
 * overwritten while it is read.  An entry is copied first, and believed if the
 * producer has not come round to it since.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/proc.h"
#include "daemon/ring_readers.h"
#include "tools/zab.h"
#include "tools/zab_log_line.h"
#include "tools/zab_shm.h"
#include "tools/zab_text.h"

static const char ME[] = "ring";

enum { POLL_US = 5000 };

static volatile sig_atomic_t is_over;

static void
print_help(FILE *to)
{
    fputs("usage: zab ring PID [--follow] [--seconds N]\n\n"
          "The processes of the running zabd that PID belongs to, the "
          "positions of each in\nthe rings, and the entries that not all of "
          "them are done with.  Needs root.\n\n"
          "  --follow            print entries as they are published\n"
          "  --seconds N         ... for so long\n",
          to);
}

/* --- processes and positions ---------------------------------------------- */

static void
put_process(const struct shm *s, enum proc_id id)
{
    const struct shm_proc *p = shm_proc(s, id);
    int64_t since = atomic_load(&p->disk_since_ms);

    printf("%s pid=%" PRId32 " life=%" PRIu32 " ready=%" PRIu32
           " beats=%" PRIu64,
           proc_name(id), atomic_load(&s->super->pid[id]),
           atomic_load(&s->super->life[id]), atomic_load(&p->is_ready),
           atomic_load(&p->beats));
    if (since != 0)
        printf(" in_system_call_ms=%" PRId64, clock_mono_ms() - since);
    putchar('\n');
}

/* A process that died, and will be forked again, has no pid but a life. */
static bool
was_forked(const struct shm *s, enum proc_id id)
{
    return atomic_load(&s->super->pid[id]) != 0 ||
           atomic_load(&s->super->life[id]) != 0;
}

static void
put_processes(const struct shm *s)
{
    enum proc_id end = (enum proc_id)(PROC_CLIENT + s->super->client_count);

    for (enum proc_id id = PROC_SUPER; id < end; id++)
        if (was_forked(s, id))
            put_process(s, id);
}

/* The position from which on somebody still needs the ring. */
static ring_pos_t
slowest(const struct shm *s)
{
    ring_pos_t durable = atomic_load(&s->log->durable);
    ring_pos_t read =
        ring_readers_slowest(s, atomic_load(&s->replication->applied));

    return read < durable ? read : durable;
}

static void
put_client(const struct shm *s, uint32_t w)
{
    ring_pos_t delivered = atomic_load(&s->client[w]->delivered);
    ring_pos_t until = atomic_load(&s->client[w]->apply_until);

    printf("  %-9s", proc_name((enum proc_id)(PROC_CLIENT + w)));
    if (delivered == RING_POS_NONE)
        printf(" delivered=none");
    else
        printf(" delivered=%" PRIu64, delivered);
    if (until != 0)
        printf(" apply_until=%" PRIu64, until);
    printf(" requests sent=%" PRIu64 " taken=%" PRIu64 "\n",
           atomic_load(&s->client[w]->requested),
           atomic_load(&s->replication->taken[w]));
}

static void
put_positions(const struct shm *s)
{
    const struct shm_replication *r = s->replication;
    ring_pos_t kept_from = slowest(s); /* before it moves past `published` */

    printf("ring bytes=%" PRIu64 " in_use=%" PRIu64 "\n", s->ring.size,
           atomic_load(&r->published) - kept_from);
    printf("  published %" PRIu64 "\n", atomic_load(&r->published));
    printf("  durable   %" PRIu64 " zxid=0x%" PRIx64 "\n",
           atomic_load(&s->log->durable),
           (uint64_t)atomic_load(&s->log->durable_zxid));
    printf("  committed %" PRIu64 " zxid=0x%" PRIx64 "\n",
           atomic_load(&r->committed),
           (uint64_t)atomic_load(&r->committed_zxid));
    printf("  applied   %" PRIu64 " zxid=0x%" PRIx64 "\n",
           atomic_load(&r->applied), (uint64_t)atomic_load(&r->applied_zxid));
    printf("  image     zxid=0x%" PRIx64 " snapshot=0x%" PRIx64 "\n",
           (uint64_t)atomic_load(&s->image->persisted_zxid),
           (uint64_t)atomic_load(&s->image->snapshot_zxid));
    for (uint32_t w = 0; w < s->super->client_count; w++)
        put_client(s, w);
}

/* --- entries ------------------------------------------------------------- */

static const char *
kind_name(uint16_t kind)
{
    static const char *const names[] = {
        [RING_TXN] = "TXN",         [RING_REFUSED] = "REFUSED",
        [RING_RESUMED] = "RESUMED", [RING_DROP] = "DROP",
        [RING_SYNCED] = "SYNCED",   [RING_VOID] = "VOID",
    };

    return kind < ARRAY_COUNT(names) && names[kind] ? names[kind] : "?";
}

static void
put_entry(ring_pos_t pos, const struct ring_entry *e)
{
    const struct zab_log_place nowhere = {"", 0};

    printf("%" PRIu64 " %s", pos, kind_name(e->kind));
    if (e->worker != RING_NOBODY)
        printf(" %s life=%" PRIu32 " conn=%" PRIu32 " xid=%" PRId32,
               proc_name((enum proc_id)(PROC_CLIENT + e->worker)), e->life,
               e->conn, e->xid);
    if (e->kind == RING_TXN) {
        putchar(' ');
        if (zab_put_txn(stdout, &nowhere, ring_payload(e), false) == 0)
            return;
    }
    printf(" session=0x%" PRIx64 " zxid=0x%" PRIx64 " op=%" PRId32
           " err=%" PRId32 "\n",
           (uint64_t)e->session, (uint64_t)e->zxid, e->op, e->err);
}

/* Whether it can be one: what was overwritten may say anything. */
static bool
is_entry(const struct shm *s, const struct ring_entry *e)
{
    return e->size >= sizeof *e && e->size % RING_ALIGN == 0 &&
           e->size <= s->ring.size && e->payload_size <= e->size - sizeof *e &&
           (e->worker == RING_NOBODY || e->worker < CLIENTS_MAX);
}

/*
 * Print the entry at `*pos`, which is published, and step behind it.  false:
 * it was overwritten before we had it.
 */
static bool
print_next(const struct shm *s, ring_pos_t *pos)
{
    struct ring_entry head = *txring_at(&s->ring, *pos), *copy = NULL;
    bool is_good = is_entry(s, &head);

    if (is_good)
        copy = malloc(head.size);
    if (copy)
        memcpy(copy, txring_at(&s->ring, *pos), head.size);
    atomic_thread_fence(memory_order_acquire);
    /* the producer may be writing as far again as what it has published */
    if (atomic_load(&s->replication->published) - *pos > s->ring.size / 2)
        is_good = false;
    if (is_good && copy)
        put_entry(*pos, copy);
    *pos += head.size;
    free(copy);
    return is_good;
}

static void
print_up_to(const struct shm *s, ring_pos_t *pos)
{
    ring_pos_t published = atomic_load(&s->replication->published);

    while (*pos < published && !is_over) {
        ring_pos_t at = *pos;

        if (print_next(s, pos))
            continue;
        *pos = published;
        printf("%" PRIu64 " ... %" PRIu64 " bytes were overwritten before "
               "they could be read\n",
               at, published - at);
    }
}

static void
on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static bool
is_running(int pid)
{
    return kill(pid, 0) == 0;
}

/* Until it is over, the server has ended, or nobody can read any more. */
static void
follow(const struct shm *s, int pid, mono_ms_t until)
{
    const struct sigaction stop = {.sa_handler = on_signal};
    ring_pos_t pos = atomic_load(&s->replication->published);

    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    while (!is_over && clock_mono_ms() < until && is_running(pid) &&
           !ferror(stdout)) {
        print_up_to(s, &pos);
        fflush(stdout);
        usleep(POLL_US);
    }
    print_up_to(s, &pos);
}

/* --- the command --------------------------------------------------------- */

struct asked {
    bool wants_follow;
    long seconds; /* 0: for ever */
    long pid;
};

/* A whole number from 1 up; false, and told, when it is none. */
static bool
take_number(long *number, const char *what, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end == '\0' && value > 0 && value <= INT32_MAX) {
        *number = value;
        return true;
    }
    zab_complain(ME, "%s%s: must be a whole number from 1 to %d", what, text,
                 INT32_MAX);
    return false;
}

static int
look(const struct asked *a, char **argv)
{
    const struct shm *s;
    ring_pos_t pos;

    strcpy(argv[0], ME); /* as the command was given, should we begin anew */
    s = zab_shm_map(ME, (int)a->pid, argv - 1);
    if (!s)
        return ZAB_FAILED;
    if (a->wants_follow) {
        follow(s, (int)a->pid,
               a->seconds > 0 ? clock_mono_ms() + a->seconds * 1000
                              : INT64_MAX);
        return ZAB_OK;
    }
    put_processes(s);
    put_positions(s);
    pos = slowest(s);
    print_up_to(s, &pos);
    return ZAB_OK;
}

int
zab_ring(int argc, char **argv)
{
    static const struct option options[] = {
        {"follow", no_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct asked a = {.pid = 0};
    int option;

    while ((option = getopt_long(argc, argv, "fhs:", options, NULL)) != -1) {
        if (option == 'h') {
            print_help(stdout);
            return ZAB_OK;
        }
        if (option == 'f')
            a.wants_follow = true;
        else if (option != 's' ||
                 !take_number(&a.seconds, "--seconds ", optarg))
            return ZAB_USAGE;
    }
    if (optind + 1 != argc) {
        print_help(stderr);
        return ZAB_USAGE;
    }
    return take_number(&a.pid, "", argv[optind]) ? look(&a, argv) : ZAB_USAGE;
}
