/* SPDX-License-Identifier: Apache-2.0 */
/* bench_tree.c - see bench_tree.h: names, and making the znodes. */
#include "tools/bench/bench_tree.h"

#include <errno.h>
#include <unistd.h>

#include "daemon/zk.h"

enum {
    BATCH_BYTES = 64 * 1024,
    BATCH_MAX = 100,
    NODE_OVERHEAD_BYTES = BENCH_PATH_BYTES + 64, /* of a create in a multi */
    POOL_BYTES = 1 << 20,
};

void
bench_tree_init(struct bench_tree *t, const struct bench_opts *opts)
{
    t->opts = opts;
    if (opts->prefix)
        snprintf(t->prefix, sizeof t->prefix, "%s", opts->prefix);
    else
        snprintf(t->prefix, sizeof t->prefix, "/zab-bench-%d", (int)getpid());
}

/* --- names ---------------------------------------------------------------- */

/* The names are made once per request, so no printf. */
static void
add_text(struct bench_path *p, const char *text)
{
    size_t length = strlen(text);

    memcpy(p->text + p->bytes.size, text, length);
    p->bytes.size += (int32_t)length;
}

static void
add_digits(struct bench_path *p, uint64_t n, int digits)
{
    char *at = p->text + p->bytes.size + digits;

    p->bytes.size += digits;
    while (digits-- > 0) {
        *--at = (char)('0' + n % 10);
        n /= 10;
    }
}

static void
path_prefix(const struct bench_tree *t, uint64_t n, struct bench_path *p)
{
    (void)n;
    p->bytes = (struct bytes){(const uint8_t *)p->text, 0};
    add_text(p, t->prefix);
}

static void
parent(const struct bench_tree *t, const char *kind, uint64_t n,
       struct bench_path *p)
{
    path_prefix(t, 0, p);
    add_text(p, kind);
    add_digits(p, n, 6);
}

void
bench_path_key_parent(const struct bench_tree *t, uint64_t n,
                      struct bench_path *p)
{
    parent(t, "/d", t->opts->first_key / BENCH_KEYS_PER_PARENT + n, p);
}

void
bench_path_key(const struct bench_tree *t, uint64_t key, struct bench_path *p)
{
    key += t->opts->first_key;
    parent(t, "/d", key / BENCH_KEYS_PER_PARENT, p);
    add_text(p, "/k");
    add_digits(p, key, 8);
}

void
bench_path_work_parent(const struct bench_tree *t, uint64_t n,
                       struct bench_path *p)
{
    parent(t, "/w", n, p);
}

void
bench_path_work(const struct bench_tree *t, unsigned conn, uint64_t n,
                struct bench_path *p)
{
    parent(t, "/w", conn % BENCH_WORK_PARENTS, p);
    add_text(p, "/c");
    add_digits(p, conn, 6);
    add_text(p, "-");
    add_digits(p, n, 9);
}

void
bench_path_list(const struct bench_tree *t, uint64_t n, struct bench_path *p)
{
    (void)n;
    path_prefix(t, 0, p);
    add_text(p, "/list");
}

void
bench_path_list_child(const struct bench_tree *t, uint64_t n,
                      struct bench_path *p)
{
    bench_path_list(t, 0, p);
    add_text(p, "/c");
    add_digits(p, n, 6);
}

/* Bytes that do not compress, cut at an offset that depends on the key. */
struct bytes
bench_data(uint64_t key, uint64_t size)
{
    static uint8_t pool[2 * POOL_BYTES];
    static bool is_filled;
    uint64_t x = 88172645463325252U;

    for (size_t i = 0; !is_filled && i < sizeof pool; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        pool[i] = (uint8_t)(x >> 24);
    }
    is_filled = true;
    return (struct bytes){pool + key * 97 % POOL_BYTES, (int32_t)size};
}

size_t
bench_request_max(const struct bench_opts *opts)
{
    size_t one = NODE_OVERHEAD_BYTES + opts->value_size;
    size_t multi = one * opts->multi_ops;

    return 64 + (multi > BATCH_BYTES + one ? multi : BATCH_BYTES + one);
}

/* --- making --------------------------------------------------------------- */

struct making_state {
    const struct bench_tree *tree;
    struct bench_making *making;
    struct bench_loop *loop;
    uint64_t next;
};

static bool
make_batch(struct bench_job *job, struct bench_conn *c,
           struct bench_request *rq)
{
    struct making_state *s = job->state;
    struct bench_making *m = s->making;
    struct bench_path path;
    unsigned n = 0;

    (void)c;
    for (; n < m->batch && s->next < m->count; n++, s->next++) {
        if (m->batch > 1)
            bench_put_multi_header(rq->out, ZK_OP_CREATE);
        m->name(s->tree, s->next, &path);
        bench_put_create(rq->out, path.bytes,
                         bench_data(s->next, m->value_size), ZK_PERSISTENT);
    }
    if (m->batch > 1 && n > 0)
        bench_put_multi_header(rq->out, -1);
    job->is_dry = s->next == m->count;
    rq->op = m->batch > 1 ? ZK_OP_MULTI : ZK_OP_CREATE;
    rq->kind = (int32_t)n;
    return n > 0;
}

static void
batch_answered(struct bench_job *job, const struct bench_answer *a)
{
    struct making_state *s = job->state;
    int32_t code = a->code;

    if (code == 0 && s->making->batch > 1)
        code = bench_multi_code(a->body);
    bench_errors_add(&s->loop->errors, code);
    if (code == 0)
        s->making->made += (uint64_t)a->kind;
    if (s->making->hist)
        bench_hist_add(s->making->hist, a->end_ns - a->start_ns);
    job->answered += (uint64_t)a->kind;
}

int
bench_tree_make(struct bench_tree *t, struct bench_loop *l,
                struct bench_making *making)
{
    struct making_state s = {.tree = t, .making = making, .loop = l};
    struct bench_job job = {.label = making->label,
                            .goal = making->count,
                            .depth = making->depth,
                            .state = &s,
                            .make = make_batch,
                            .answer = batch_answered};

    char what[300];
    int rc;

    making->made = 0;
    rc = bench_loop_run(l, &job);
    if (rc < 0 || making->made == making->count)
        return rc;
    snprintf(what, sizeof what, "only %llu of %llu znodes could be created%s%s",
             (unsigned long long)making->made,
             (unsigned long long)making->count,
             l->errors.by_code[-ZK_NODE_EXISTS] ? "; already there: "
             : l->errors.by_code[-ZK_NO_NODE]   ? "; there is no parent of "
                                                : "",
             l->errors.by_code[-ZK_NODE_EXISTS] + l->errors.by_code[-ZK_NO_NODE]
                 ? t->prefix
                 : "");
    return bench_loop_fail(l, making->label, EIO, what);
}

/* As much to a multi as goes well in one packet. */
static unsigned
batch_for(uint64_t value_size)
{
    uint64_t fits = BATCH_BYTES / (NODE_OVERHEAD_BYTES + value_size);

    return fits > BATCH_MAX ? BATCH_MAX : fits < 1 ? 1 : (unsigned)fits;
}

/* Make all of one kind. */
static int
prepare(struct bench_tree *t, struct bench_loop *l, bench_name_fn *name,
        uint64_t count, uint64_t value_size)
{
    struct bench_making making = {.label = "preparing",
                                  .name = name,
                                  .count = count,
                                  .value_size = value_size,
                                  .batch = batch_for(value_size),
                                  .depth = BENCH_DEPTH_MIN};

    return bench_tree_make(t, l, &making);
}

int
bench_tree_prepare(struct bench_tree *t, struct bench_loop *l, unsigned needs)
{
    const struct bench_opts *o = t->opts;
    uint64_t parents =
        (o->keys + BENCH_KEYS_PER_PARENT - 1) / BENCH_KEYS_PER_PARENT;
    const struct {
        unsigned needed_by;
        bench_name_fn *name;
        uint64_t count, value_size;
    } steps[] = {
        {~0U, path_prefix, 1, 0},
        {NEED_WORK_PARENTS, bench_path_work_parent, BENCH_WORK_PARENTS, 0},
        {NEED_LIST, bench_path_list, 1, 0},
        {NEED_LIST, bench_path_list_child, o->children, o->value_size},
        {NEED_KEYS | NEED_KEY_PARENTS, bench_path_key_parent, parents, 0},
        {NEED_KEYS, bench_path_key, o->keys, o->value_size},
    };
    int rc = 0;

    if (o->reuse)
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(steps) && rc == 0; i++) {
        if (needs & steps[i].needed_by)
            rc = prepare(t, l, steps[i].name, steps[i].count,
                         steps[i].value_size);
        t->is_ours = t->is_ours || rc == 0; /* the prefix comes first */
    }
    return rc;
}
