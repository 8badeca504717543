/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shm.c - the one shared mapping: its parts, their order, their owners.
 *
 * The parts lie one after the other in a memfd and in the address space; a
 * ring lies once in the memfd and twice in a row in the address space.  The
 * list of parts stays in private memory: every process inherits it by fork
 * and gives up the right to store to what it does not own.
 */
#include "daemon/shm.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/memory.h"

enum {
    WORDS_BYTES = 256 << 10,
    /* A core dump walks every page, touched or not: leave out the tree. */
    DUMP_MAX = 256 << 20,
};

static const uint64_t tree_arena_bytes = UINT64_C(64) << 30;

/* The parts, in the order in which they lie in the mapping. */
enum {
    PART_DIRECTORY,
    PART_SUPER,
    PART_REPLICATION,
    PART_LOG,
    PART_IMAGE,
    PART_ELECTION,
    PART_ADMIN,
    PART_RING,
    PART_SESSIONS,
    PART_TREE,
    PART_FIRST_CLIENT, /* then those of each client process: */
};

enum {
    CLIENT_STATE,
    CLIENT_RING,
    CLIENT_HEARD,
    CLIENT_CONNS,
    CLIENT_WORDS,
    CLIENT_PARTS,
};

/* A run of the mapping with one owner. */
struct part {
    void *at;           /* its address, once it is mapped */
    size_t size;        /* in the memfd, whole pages */
    bool twice;         /* a ring: mapped two times in a row */
    enum proc_id owner; /* the only process that may store */
};

static struct part parts[PART_FIRST_CLIENT + CLIENTS_MAX * CLIENT_PARTS];
static size_t part_count;

static void
add_part(size_t number, size_t size, bool twice, enum proc_id owner)
{
    check(number == part_count && part_count < ARRAY_COUNT(parts));
    parts[part_count++] = (struct part){
        .size = ALIGN_UP(size, memory_page()),
        .twice = twice,
        .owner = owner,
    };
}

static size_t
span(const struct part *p)
{
    return p->twice ? 2 * p->size : p->size;
}

/* A ring as the operator wishes, or as large as it has to be. */
static uint64_t
ring_bytes(const struct conf *conf, int64_t wish, uint64_t holds)
{
    uint64_t need = holds * ((uint64_t)conf->jute_maxbuffer + SHM_PAGE);

    return power_of_two_from(need > (uint64_t)wish ? need : (uint64_t)wish);
}

uint64_t
shm_ring_bytes(const struct conf *conf)
{
    int64_t wish = conf->ring_bytes;

    return ring_bytes(conf, wish > RING_MIN ? wish : RING_MIN, RING_HOLDS);
}

uint64_t
shm_request_ring_bytes(const struct conf *conf)
{
    return ring_bytes(conf, conf->request_ring_bytes, REQUEST_RING_HOLDS);
}

static size_t
client_part(uint32_t w, size_t which)
{
    return PART_FIRST_CLIENT + w * CLIENT_PARTS + which;
}

static void
list_parts(const struct conf *conf, size_t session_bytes, size_t session_slots)
{
    add_part(PART_DIRECTORY, sizeof(struct shm), false, PROC_SUPER);
    add_part(PART_SUPER, sizeof(struct shm_super), false, PROC_SUPER);
    add_part(PART_REPLICATION, sizeof(struct shm_replication), false,
             PROC_REPLICATION);
    add_part(PART_LOG, sizeof(struct shm_log), false, PROC_LOG);
    add_part(PART_IMAGE, sizeof(struct shm_image), false, PROC_IMAGE);
    add_part(PART_ELECTION, sizeof(struct shm_election), false, PROC_ELECTION);
    add_part(PART_ADMIN, sizeof(struct shm_admin), false, PROC_ADMIN);
    add_part(PART_RING, shm_ring_bytes(conf), true, PROC_REPLICATION);
    add_part(PART_SESSIONS, session_bytes, false, PROC_REPLICATION);
    add_part(PART_TREE, tree_arena_bytes, false, PROC_REPLICATION);
    for (uint32_t w = 0; w < (uint32_t)conf->client_processes; w++) {
        enum proc_id owner = (enum proc_id)(PROC_CLIENT + w);

        add_part(client_part(w, CLIENT_STATE), sizeof(struct shm_client), false,
                 owner);
        add_part(client_part(w, CLIENT_RING), shm_request_ring_bytes(conf),
                 true, owner);
        add_part(client_part(w, CLIENT_HEARD), session_slots * sizeof(uint32_t),
                 false, owner);
        add_part(client_part(w, CLIENT_CONNS),
                 (size_t)CONNS_MAX * CONN_INFO_BYTES, false, owner);
        add_part(client_part(w, CLIENT_WORDS), WORDS_BYTES, true,
                 PROC_REPLICATION);
    }
}

static int
map_part(struct part *p, int fd, off_t offset, uint8_t *at)
{
    for (int copy = 0; copy < (p->twice ? 2 : 1); copy++) {
        void *got =
            mmap(at + (size_t)copy * p->size, p->size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, offset);

        if (got == MAP_FAILED)
            return -errno;
        if (p->size > DUMP_MAX)
            madvise(got, p->size, MADV_DONTDUMP);
    }
    p->at = at;
    return 0;
}

static int
map_parts(int fd, uint8_t *base)
{
    off_t offset = 0;

    for (size_t i = 0; i < part_count; i++) {
        int rc = map_part(&parts[i], fd, offset, base);

        if (rc < 0)
            return rc;
        offset += (off_t)parts[i].size;
        base += span(&parts[i]);
    }
    return 0;
}

static void
fill_client(struct shm *shm, uint32_t w)
{
    const struct part *own = &parts[client_part(w, 0)];
    struct shm_client *client = own[CLIENT_STATE].at;

    atomic_init(&client->delivered, RING_POS_NONE);
    shm->client[w] = client;
    shm->heard[w] = own[CLIENT_HEARD].at;
    shm->conns[w] = own[CLIENT_CONNS].at;
    shm->requests[w] = (struct reqring){
        .base = own[CLIENT_RING].at,
        .size = own[CLIENT_RING].size,
        .tail = &client->requested,
        .taken = &shm->replication->taken[w],
    };
    shm->words[w] = (struct reqring){
        .base = own[CLIENT_WORDS].at,
        .size = own[CLIENT_WORDS].size,
        .tail = &shm->replication->told[w],
        .taken = &client->words_taken,
    };
}

static struct shm *
fill_directory(const struct conf *conf)
{
    struct shm *shm = parts[PART_DIRECTORY].at;

    shm->super = parts[PART_SUPER].at;
    shm->replication = parts[PART_REPLICATION].at;
    shm->log = parts[PART_LOG].at;
    shm->image = parts[PART_IMAGE].at;
    shm->election = parts[PART_ELECTION].at;
    shm->admin = parts[PART_ADMIN].at;
    shm->ring = (struct txring){parts[PART_RING].at, parts[PART_RING].size};
    shm->session_memory = parts[PART_SESSIONS].at;
    shm->tree_arena = parts[PART_TREE].at;
    shm->tree_arena_bytes = parts[PART_TREE].size;
    for (uint32_t w = 0; w < (uint32_t)conf->client_processes; w++)
        fill_client(shm, w);
    shm->super->conf = *conf;
    shm->super->client_count = (uint32_t)conf->client_processes;
    atomic_init(&shm->super->log_level, conf->log_level);
    return shm;
}

int
shm_map(const struct conf *conf, size_t session_bytes, size_t session_slots,
        struct shm **shm)
{
    size_t file_bytes = 0, address_bytes = 0;
    uint8_t *base;
    int fd, rc;

    check(part_count == 0);
    list_parts(conf, session_bytes, session_slots);
    for (size_t i = 0; i < part_count; i++) {
        file_bytes += parts[i].size;
        address_bytes += span(&parts[i]);
    }
    base = mmap(NULL, address_bytes, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return -errno;
    fd = memfd_create("zabd", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = ftruncate(fd, (off_t)file_bytes) < 0 ? -errno : map_parts(fd, base);
    close(fd); /* the mapping keeps it */
    if (rc == 0)
        *shm = fill_directory(conf);
    return rc;
}

void
shm_protect(enum proc_id self)
{
    for (size_t i = 0; i < part_count; i++)
        if (parts[i].owner != self)
            check(mprotect(parts[i].at, span(&parts[i]), PROT_READ) == 0);
}

struct shm_proc *
shm_proc(const struct shm *shm, enum proc_id id)
{
    switch (id) {
    case PROC_SUPER:
        return &shm->super->proc;
    case PROC_LOG:
        return &shm->log->proc;
    case PROC_IMAGE:
        return &shm->image->proc;
    case PROC_REPLICATION:
        return &shm->replication->proc;
    case PROC_ELECTION:
        return &shm->election->proc;
    case PROC_ADMIN:
        return &shm->admin->proc;
    default:
        check(id >= PROC_CLIENT && id < PROC_END);
        return &shm->client[id - PROC_CLIENT]->proc;
    }
}

uint32_t
shm_conf(const struct shm *shm, struct conf *conf)
{
    const struct shm_super *super = shm->super;
    uint32_t before, after;

    do {
        before =
            atomic_load_explicit(&super->conf_version, memory_order_acquire);
        *conf = super->conf;
        atomic_thread_fence(memory_order_acquire);
        after =
            atomic_load_explicit(&super->conf_version, memory_order_relaxed);
    } while (before != after || (before & 1));
    return before;
}
