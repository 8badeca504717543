/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_remove.c - takes away what a run made: lists the two levels below the
 * prefix, then deletes from the leaves up, many to a multi.
 *
 * It deletes what it finds and not what the run remembers, so it is right
 * whatever failed or was lost before.  See bench_tree.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/zk.h"
#include "tools/bench/bench_tree.h"

enum { DELETES_PER_MULTI = 100 };

/* Paths of one level, owned. */
struct paths {
    char **path;
    size_t count, room;
};

struct listing {
    const struct paths *parents;
    struct paths *children;
    struct bench_loop *loop;
    size_t next;
    int rc;
};

struct deleting {
    const struct paths *paths;
    struct bench_loop *loop;
    size_t next;
};

static int
paths_add(struct paths *p, const char *parent, struct bytes name)
{
    size_t room = p->room ? 2 * p->room : 64;
    char **grown;
    char *path;

    if (p->count == p->room) {
        grown = realloc(p->path, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        p->path = grown;
        p->room = room;
    }
    if (asprintf(&path, "%s%s%.*s", parent, *parent ? "/" : "", name.size,
                 (const char *)name.data) < 0)
        return -ENOMEM;
    p->path[p->count++] = path;
    return 0;
}

static void
paths_free(struct paths *p)
{
    for (size_t i = 0; i < p->count; i++)
        free(p->path[i]);
    free(p->path);
}

static bool
ask_children(struct bench_job *job, struct bench_conn *c,
             struct bench_request *rq)
{
    struct listing *s = job->state;

    (void)c;
    if (s->next == s->parents->count)
        return false;
    rq->op = ZK_OP_GET_CHILDREN;
    rq->kind = (int32_t)s->next;
    bench_put_read(rq->out, bytes_of(s->parents->path[s->next++]), false);
    job->is_dry = s->next == s->parents->count;
    return true;
}

static void
children_came(struct bench_job *job, const struct bench_answer *a)
{
    struct listing *s = job->state;
    struct jute_in in = a->body;
    int32_t count = a->code == 0 ? jute_get_count(&in) : 0;

    job->answered++;
    if (a->code != ZK_NO_NODE)
        bench_errors_add(&s->loop->errors, a->code);
    for (int32_t i = 0; i < count && s->rc == 0; i++) {
        struct bytes name = jute_get_bytes(&in);

        if (in.bad)
            return;
        s->rc = paths_add(s->children, s->parents->path[a->kind], name);
    }
}

static int
list(struct bench_loop *l, const struct paths *parents, struct paths *children)
{
    struct listing s = {.parents = parents, .children = children, .loop = l};
    struct bench_job job = {.label = "listing",
                            .goal = parents->count,
                            .depth = BENCH_DEPTH_MIN,
                            .is_dry = parents->count == 0,
                            .state = &s,
                            .make = ask_children,
                            .answer = children_came};
    int rc = bench_loop_run(l, &job);

    return rc < 0 ? rc : s.rc;
}

static bool
ask_delete(struct bench_job *job, struct bench_conn *c,
           struct bench_request *rq)
{
    struct deleting *s = job->state;
    unsigned n = 0;

    (void)c;
    for (; n < DELETES_PER_MULTI && s->next < s->paths->count; n++) {
        bench_put_multi_header(rq->out, ZK_OP_DELETE);
        bench_put_delete(rq->out, bytes_of(s->paths->path[s->next++]));
    }
    if (n > 0)
        bench_put_multi_header(rq->out, -1);
    rq->op = ZK_OP_MULTI;
    rq->kind = (int32_t)n;
    job->is_dry = s->next == s->paths->count;
    return n > 0;
}

static void
deleted(struct bench_job *job, const struct bench_answer *a)
{
    struct deleting *s = job->state;
    int32_t code = a->code ? a->code : bench_multi_code(a->body);

    job->answered += (uint64_t)a->kind;
    bench_errors_add(&s->loop->errors, code);
}

static int
delete_all(struct bench_loop *l, const struct paths *paths)
{
    struct deleting s = {.paths = paths, .loop = l};
    struct bench_job job = {.label = "cleaning up",
                            .goal = paths->count,
                            .depth = BENCH_DEPTH_MIN,
                            .is_dry = paths->count == 0,
                            .state = &s,
                            .make = ask_delete,
                            .answer = deleted};

    return bench_loop_run(l, &job);
}

int
bench_tree_remove(struct bench_tree *t, struct bench_loop *l)
{
    struct paths level[3] = {0};
    int rc = paths_add(&level[0], "", bytes_of(t->prefix));

    for (int i = 0; i < 2 && rc == 0; i++)
        rc = list(l, &level[i], &level[i + 1]);
    for (int i = 2; i >= 0 && rc == 0; i--)
        rc = delete_all(l, &level[i]);
    for (int i = 0; i < 3; i++)
        paths_free(&level[i]);
    return rc;
}
