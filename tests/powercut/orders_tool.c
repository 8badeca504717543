/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orders_tool.c - log and image process without the rest of a server.
 *
 *     orders_tool run DIR      words on stdin, an answer to each on stdout
 *     orders_tool check DIR    start on DIR, say what is there, write on
 *
 * It is supervisor and replication at once, in an ensemble of three.  Each
 * transaction N (hexadecimal) makes the node /nN, so the children of the root
 * are the history that a directory holds.  Words:
 *
 *     txn FROM TO      publish them; answers when they are durable
 *     commit N         N is committed
 *     fold             answers when the image has all that is committed
 *     accept E, current E, truncate N, rebase N    an order; its result
 *     identify ID      the same: it is the ensemble's id for good; `current E`
 *                      only proposes ffffE
 *     take N NAME...   a leader's snapshot at N with these nodes, to rebase to
 *     kill log|image   SIGKILL, and another one
 *     doom log|image US   the same, so many microseconds into the next order
 *     reimport         a restart without an image: all of the log goes into
 *                      the next, as from Apache's files
 *     stop             end in good order
 *
 * ../powercut/orders records what they write, and asks `check` about every
 * state that a power cut can leave.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/bell.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/image/image_prepare.h"
#include "storage/log/identity.h"
#include "storage/log/snap_intake.h"
#include "storage/log/txlog_reader.h"
#include "storage/snap/snapfile.h"

enum {
    PATIENCE_MS = 20000,
    PAUSE_US = 500,
    LINE = 1 << 16,
    PROPOSED = 0xffff0,
};

static struct shm *shm;
static pid_t child[PROC_END];
static enum proc_id doomed; /* in the middle of the next order; 0: none */
static unsigned doomed_us;
static bool is_to_be_held; /* the image process, when it has let go of files */
static ring_pos_t head;
static struct tree *tree;
static struct session_table *sessions;

static noreturn void
give_up(const char *why)
{
    fprintf(stderr, "orders_tool: %s\n", why);
    exit(1);
}

/* --- supervisor ---------------------------------------------------------- */

static void
start_child(enum proc_id id)
{
    atomic_store(&shm_proc(shm, id)->is_ready, 0);
    atomic_fetch_add(&shm->super->life[id], 1);
    child[id] = fork();
    if (child[id] < 0)
        give_up("fork");
    if (child[id] > 0)
        return;
    proc_enter(id, shm);
    if (id == PROC_LOG)
        log_main(shm);
    image_main(shm);
}

static void
look_after_children(void)
{
    for (enum proc_id id = PROC_LOG; id <= PROC_IMAGE; id++)
        if (child[id] > 0 && waitpid(child[id], NULL, WNOHANG) == child[id])
            give_up("a process ended by itself");
}

/* Until `what` is true; the processes live. */
#define WAIT_FOR(what)                                                         \
    for (mono_ms_t until_ = clock_mono_ms() + PATIENCE_MS; !(what);            \
         usleep(PAUSE_US)) {                                                   \
        look_after_children();                                                 \
        if (clock_mono_ms() > until_)                                          \
            give_up("waited too long: " #what);                                \
    }

static bool
is_ready(enum proc_id id)
{
    return atomic_load(&shm_proc(shm, id)->is_ready) != 0;
}

static void *
reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        give_up("no memory");
    return at;
}

static void
start_all(const char *dir)
{
    static struct conf conf;
    static struct conf_report report;
    const size_t arena = (size_t)1 << 30;
    char text[2 * DATA_PATH_MAX];

    snprintf(text, sizeof text,
             "dataDir=%s\nclientPort=1\nsnapCount=30\npreAllocSize=64\n"
             "snapshot.trust.empty=true\n",
             dir);
    if (conf_load_text("orders_tool", bytes_of(text), &conf, &report) < 0)
        give_up("configuration");
    conf.member_count = 3;
    conf.client_processes = 1;
    if (shm_map(&conf, session_table_bytes(), 1024, &shm) < 0)
        give_up("shared memory");
    for (int id = 0; id <= PROC_CLIENT; id++)
        shm->super->bell_fd[id] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    atomic_store(&shm->super->pid[PROC_SUPER], (int32_t)getpid());
    log_open(&shm->super->log_level);
    sessions = session_table_init(reserve(session_table_bytes()),
                                  session_table_bytes());
    tree = tree_init(reserve(arena), arena, sessions);
    start_child(PROC_LOG);
    start_child(PROC_IMAGE);
    WAIT_FOR(is_ready(PROC_LOG) && is_ready(PROC_IMAGE));
    atomic_store(&shm->super->life[PROC_REPLICATION], 1);
    atomic_store(&shm->replication->proc.is_ready, 1);
}

static void
stop_child(enum proc_id id, int sig)
{
    kill(child[id], sig);
    waitpid(child[id], NULL, 0);
    child[id] = 0;
}

static void
replace(enum proc_id id)
{
    stop_child(id, SIGKILL);
    start_child(id);
}

static enum proc_id
proc_of(const char *name)
{
    return strcmp(name, "log") == 0 ? PROC_LOG : PROC_IMAGE;
}

/* --- replication --------------------------------------------------------- */

static void
publish(zxid_t zxid)
{
    struct ring_entry *e = txring_at(&shm->ring, head);
    struct jute_out out = jute_out_of((uint8_t *)(e + 1), 4096);
    struct txn_header h = {
        .zxid = zxid, .time = 1000, .type = ZK_OP_CREATE, .cxid = 1};
    struct bytes acl = acl_open_to_all;
    char path[32];

    snprintf(path, sizeof path, "/n%" PRIx64, (uint64_t)zxid);
    txn_put_header(&out, &h);
    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, bytes_of("some data that takes a little room"));
    jute_put_raw(&out, acl.data, (size_t)acl.size);
    jute_put_bool(&out, false);
    jute_put_i32(&out, -1);
    *e = (struct ring_entry){
        .kind = RING_TXN,
        .zxid = zxid,
        .payload_size = (uint32_t)jute_out_size(&out),
        .size =
            (uint32_t)ring_entry_size((uint32_t)jute_out_size(&out), 0, false),
    };
    head += e->size;
    atomic_store(&shm->replication->published, head);
    bell_ring(shm, PROC_LOG);
}

static bool
is_durable(void)
{
    return atomic_load(&shm->log->durable) == head;
}

static void
hold_image(void)
{
    is_to_be_held = false;
    WAIT_FOR(!atomic_load(&shm->image->is_at_work));
    kill(child[PROC_IMAGE], SIGSTOP);
}

/* The log process's answer. */
static int
order(enum log_order kind, int64_t value)
{
    struct shm_log_order *o = &shm->replication->log_order;

    atomic_store(&o->kind, kind);
    atomic_store(&o->value, value);
    atomic_store(&o->behind, head);
    atomic_fetch_add(&o->number, 1);
    bell_ring(shm, PROC_LOG);
    if (is_to_be_held)
        hold_image();
    if (doomed) {
        usleep(doomed_us);
        replace(doomed);
        doomed = 0;
    }
    WAIT_FOR(atomic_load(&shm->log->order_done) == atomic_load(&o->number));
    return atomic_load(&shm->log->order_result);
}

static int
order_named(enum log_order kind, int64_t value, uint64_t id)
{
    struct identity named = {id, value, kind == LOG_IDENTITY};

    identity_share(&shm->replication->log_order.identity, &named);
    return order(kind, value);
}

static void
fold(void)
{
    zxid_t wanted = atomic_load(&shm->replication->committed_zxid);

    atomic_store(&shm->replication->image_wanted, wanted);
    bell_ring(shm, PROC_IMAGE);
    WAIT_FOR(atomic_load(&shm->image->persisted_zxid) >= wanted &&
             is_ready(PROC_IMAGE));
}

static void
put_node(struct jute_out *out, const char *path)
{
    struct znode_stat stat = {.czxid = 1, .mzxid = 1, .pzxid = 1};

    jute_put_bytes(out, bytes_of(path));
    jute_put_bytes(out, bytes_of("taken"));
    jute_put_i64(out, -1);
    znode_stat_put_persisted(out, &stat);
}

/* What a leader would send, then what our replication makes of it. */
static void
take(zxid_t zxid, char *names)
{
    static uint8_t payload[LINE * 4];
    struct jute_out out = jute_out_of(payload, sizeof payload);
    struct snap_intake intake;
    char dir[DATA_PATH_MAX], path[64];
    size_t used;

    jute_put_i32(&out, 0);
    jute_put_i32(&out, 0);
    put_node(&out, "");
    for (char *name = strtok(names, " \n"); name; name = strtok(NULL, " \n")) {
        snprintf(path, sizeof path, "/n%.40s", name);
        put_node(&out, path);
    }
    jute_put_bytes(&out, bytes_of("/"));
    jute_put_bytes(&out, bytes_of("BenWasHere"));
    data_path(dir, shm->super->conf.data_dir, "version-2");
    if (snap_intake_begin(&intake, dir, zxid, false, tree, sessions) < 0 ||
        snap_intake_feed(&intake, payload, jute_out_size(&out), &used) != 1 ||
        snap_intake_end(&intake) < 0)
        give_up("the snapshot cannot be taken");
}

static bool
has_snapshot(const struct datadir *d)
{
    struct data_list list;
    bool found = snapfile_candidates(&list, d->snap) == 0 && list.count > 0;

    data_list_free(&list);
    return found;
}

/* With its first snapshot: a directory without one is not cut but replaced. */
static void
reimport(void)
{
    struct data_error e = {.offset = -1};
    struct datadir d;

    if (datadir_name(&d, shm->super->conf.data_dir, NULL, &e) < 0)
        give_up("the directory has no name");
    WAIT_FOR(has_snapshot(&d));
    stop_child(PROC_IMAGE, PROC_STOP);
    stop_child(PROC_LOG, PROC_STOP);
    if (image_remove(d.image) < 0)
        give_up("the image cannot be removed");
    atomic_store(&shm->super->life[PROC_REPLICATION], 0);
    atomic_store(&shm->replication->role, ROLE_NONE);
    start_child(PROC_LOG);
    start_child(PROC_IMAGE);
    WAIT_FOR(is_ready(PROC_LOG) && is_ready(PROC_IMAGE));
    atomic_store(&shm->super->life[PROC_REPLICATION], 1);
}

/* --- words ---------------------------------------------------------------- */

/* What stands behind a word. */
struct said {
    char *first, *rest;
    int64_t n; /* the first, as a hexadecimal number */
};

static int64_t
hex(const char *text)
{
    return (int64_t)strtoull(text, NULL, 16);
}

static int
on_txn(const struct said *s)
{
    for (zxid_t z = s->n; z <= hex(s->rest); z++)
        publish(z);
    WAIT_FOR(is_durable());
    return 0;
}

static int
on_commit(const struct said *s)
{
    atomic_store(&shm->replication->role, ROLE_FOLLOWING);
    atomic_store(&shm->replication->committed_zxid, s->n);
    return 0;
}

static int
on_fold(const struct said *s)
{
    (void)s;
    fold();
    return 0;
}

static int
on_accept(const struct said *s)
{
    return order(LOG_ACCEPT_EPOCH, s->n);
}

static int
on_current(const struct said *s)
{
    uint64_t id = PROPOSED + (uint64_t)s->n;

    if (atomic_load(&shm->log->identity.is_confirmed))
        id = 0; /* as a learner that knows it */
    return order_named(LOG_CURRENT_EPOCH, s->n, id);
}

static int
on_identify(const struct said *s)
{
    return order_named(LOG_IDENTITY, 0, (uint64_t)s->n);
}

static int
on_truncate(const struct said *s)
{
    return order(LOG_TRUNCATE, s->n);
}

static int
on_rebase(const struct said *s)
{
    atomic_store(&shm->replication->role, ROLE_NONE);
    return order(LOG_REBASE, s->n);
}

static int
on_take(const struct said *s)
{
    take(s->n, s->rest);
    return 0;
}

static int
on_kill(const struct said *s)
{
    replace(proc_of(s->first));
    return 0;
}

static int
on_doom(const struct said *s)
{
    doomed = proc_of(s->first);
    doomed_us = (unsigned)atoi(s->rest);
    return 0;
}

static int
on_hold(const struct said *s)
{
    (void)s;
    is_to_be_held = true;
    return 0;
}

static int
on_release(const struct said *s)
{
    (void)s;
    kill(child[PROC_IMAGE], SIGCONT);
    WAIT_FOR(is_ready(PROC_IMAGE));
    return 0;
}

static int
on_reimport(const struct said *s)
{
    (void)s;
    reimport();
    return 0;
}

static const struct {
    const char *word;
    int (*obey)(const struct said *s); /* returns the answer */
} words[] = {
    {"txn", on_txn},           {"commit", on_commit},
    {"fold", on_fold},         {"accept", on_accept},
    {"current", on_current},   {"identify", on_identify},
    {"truncate", on_truncate}, {"rebase", on_rebase},
    {"take", on_take},         {"kill", on_kill},
    {"doom", on_doom},         {"reimport", on_reimport},
    {"hold", on_hold},         {"release", on_release},
};

static int
obey(char *line)
{
    struct said s;
    const char *word = strtok_r(line, " \n", &s.rest);

    s.first = strtok_r(NULL, " \n", &s.rest);
    s.n = s.first ? hex(s.first) : 0;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (strcmp(word, words[i].word) == 0)
            return words[i].obey(&s);
    give_up("an unknown word");
}

/* --- what is there ------------------------------------------------------- */

static void
load(zxid_t *image_zxid, zxid_t *committed)
{
    struct data_error e = {.offset = -1};
    struct txlog_reader r;
    struct datadir d;
    struct bytes entry;
    struct image im;
    struct txn txn;
    zxid_t zxid;
    int rc = 1;

    if (datadir_name(&d, shm->super->conf.data_dir, NULL, &e) < 0 ||
        image_open(&im, d.image, IMAGE_READ, &e) < 0)
        give_up(e.what);
    tree_batch_begin(tree);
    if (image_load(&im, tree, sessions, NULL, NULL, &e) < 0)
        give_up(e.what);
    *image_zxid = im.meta.zxid;
    *committed = image_committed(&im);
    image_close(&im);
    if (txlog_reader_open(&r, d.log, *image_zxid) < 0)
        give_up("the log");
    while (rc > 0 && (rc = txlog_reader_next(&r, &entry, &zxid)) == 1)
        if (txn_open(&txn, entry) == 0)
            tree_apply_txn(tree, &txn, NULL);
    if (rc < 0)
        give_up(r.error.what);
    txlog_reader_close(&r);
    tree_batch_end(tree, 0);
}

static void
print_nodes(void)
{
    static uint8_t names[LINE * 4];
    struct jute_out out = jute_out_of(names, sizeof names);
    struct znode_view root;
    struct jute_in in;

    if (!tree_view(tree, bytes_of("/"), &root))
        give_up("no root");
    tree_put_children(tree, &root, &out);
    in = jute_in_of(names, jute_out_size(&out));
    printf("nodes");
    for (int32_t left = jute_get_count(&in); left > 0; left--) {
        struct bytes name = jute_get_bytes(&in);

        if (name.data[0] == 'n')
            printf(" %.*s", (int)name.size - 1, (const char *)name.data + 1);
    }
    printf("\n");
}

/* What a start finds, and that the next transaction can be written. */
static void
check_dir(void)
{
    zxid_t image_zxid, committed, next;
    struct tree_totals totals;

    load(&image_zxid, &committed);
    tree_totals(tree, &totals);
    printf("accepted %" PRIx64 "\ncurrent %" PRIx64 "\nlast %" PRIx64
           "\nimage %" PRIx64 "\ncommitted %" PRIx64 "\n",
           (uint64_t)atomic_load(&shm->log->accepted_epoch),
           (uint64_t)atomic_load(&shm->log->current_epoch),
           (uint64_t)totals.zxid, (uint64_t)image_zxid, (uint64_t)committed);
    printf("id %" PRIx64 "\nconfirmed %x\n",
           (uint64_t)atomic_load(&shm->log->identity.id),
           atomic_load(&shm->log->identity.is_confirmed));
    print_nodes();
    next = totals.zxid + 1;
    publish(next);
    WAIT_FOR(is_durable());
    atomic_store(&shm->replication->committed_zxid, next);
    fold();
}

int
main(int argc, char **argv)
{
    static char line[LINE];

    if (argc != 3)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    proc_title_init(argc, argv);
    start_all(argv[2]);
    if (strcmp(argv[1], "check") == 0)
        check_dir();
    else
        while (fgets(line, sizeof line, stdin) && strcmp(line, "stop\n") != 0)
            printf("%d\n", obey(line));
    stop_child(PROC_IMAGE, PROC_STOP);
    stop_child(PROC_LOG, PROC_STOP);
    return 0;
}
