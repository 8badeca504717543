/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debian's C client (libzookeeper-mt) on our server: the synchronous calls,
 * long asynchronous pipelines, the order of replies and events, transactions,
 * watches, authentication, sessions taken over and sessions expired.
 *
 * The library calls completions and watchers from one thread in the order in
 * which the server's bytes came, so what they note is exact evidence of the
 * server's order.  Run by ./run with ZK_HOSTS; prints one line per test.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define TIMEOUT_MS 10000
#define HANDLES_MAX 64
#define PIPE 1000

static jmp_buf failed; /* to the runner, from the main thread only */
static char why[256];  /* what the failed test said */
static char root[64];  /* the test's own node */
static zhandle_t *handles[HANDLES_MAX];
static int handle_count;

#define CHECK(fact)                                                            \
    do {                                                                       \
        if (!(fact)) {                                                         \
            snprintf(why, sizeof(why), "line %d: %s", __LINE__, #fact);        \
            longjmp(failed, 1);                                                \
        }                                                                      \
    } while (0)
#define OK(call)                                                               \
    do {                                                                       \
        int ok_rc = (call);                                                    \
        if (ok_rc != ZOK) {                                                    \
            snprintf(why, sizeof(why), "line %d: %s: %s", __LINE__, #call,     \
                     zerror(ok_rc));                                           \
            longjmp(failed, 1);                                                \
        }                                                                      \
    } while (0)

static double
now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
nap_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* Wait until `fact` is true; ten seconds are a failure. */
#define UNTIL(fact)                                                            \
    do {                                                                       \
        double until_end = now_s() + 10;                                       \
        while (!(fact) && now_s() < until_end)                                 \
            nap_ms(2);                                                         \
        CHECK(fact);                                                           \
    } while (0)

/* --- clients ------------------------------------------------------------- */

static const char *
hosts(void)
{
    const char *h = getenv("ZK_HOSTS");

    return h ? h : "127.0.0.1:2181";
}

static void
ignore_session_events(zhandle_t *zh, int type, int state, const char *path,
                      void *context)
{
    (void)zh, (void)type, (void)state, (void)path, (void)context;
}

static zhandle_t *
client_as(const clientid_t *id, int timeout_ms)
{
    zhandle_t *zh =
        zookeeper_init(hosts(), ignore_session_events, timeout_ms, id, NULL, 0);

    CHECK(zh && handle_count < HANDLES_MAX);
    handles[handle_count++] = zh;
    UNTIL(zoo_state(zh) == ZOO_CONNECTED_STATE ||
          zoo_state(zh) == ZOO_EXPIRED_SESSION_STATE);
    return zh;
}

static zhandle_t *
client(void)
{
    zhandle_t *zh = client_as(NULL, TIMEOUT_MS);

    CHECK(zoo_state(zh) == ZOO_CONNECTED_STATE);
    return zh;
}

/* `name` below the test's own node; valid until the eighth call after. */
static const char *
at(const char *name)
{
    static char buf[8][256];
    static int next;
    char *p = buf[next++ % 8];

    snprintf(p, sizeof(buf[0]), "%s%s", root, name);
    return p;
}

static int
create(zhandle_t *zh, const char *path, const char *data, int mode, char *got,
       int got_size)
{
    return zoo_create(zh, path, data, (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE,
                      mode, got, got_size);
}

static bool
is_there(zhandle_t *zh, const char *path)
{
    struct Stat st;

    return zoo_exists(zh, path, 0, &st) == ZOK;
}

/* --- nodes --------------------------------------------------------------- */

static void
basics(void)
{
    zhandle_t *zh = client();
    struct Stat st, st2;
    struct String_vector names;
    char buf[64];
    int size = sizeof(buf);

    OK(create(zh, at("/a"), "one", 0, buf, sizeof(buf)));
    CHECK(strcmp(buf, at("/a")) == 0);
    OK(zoo_get(zh, at("/a"), 0, buf, &size, &st));
    CHECK(size == 3 && memcmp(buf, "one", 3) == 0);
    CHECK(st.version == 0 && st.czxid == st.mzxid && st.dataLength == 3);
    OK(zoo_set2(zh, at("/a"), "more", 4, 0, &st2));
    CHECK(st2.version == 1 && st2.mzxid > st.mzxid && st2.czxid == st.czxid);
    CHECK(zoo_set(zh, at("/a"), "x", 1, 0) == ZBADVERSION);
    CHECK(create(zh, at("/a"), "", 0, NULL, 0) == ZNODEEXISTS);
    CHECK(create(zh, at("/x/y"), "", 0, NULL, 0) == ZNONODE);
    OK(create(zh, at("/a/b"), "", 0, NULL, 0));
    OK(create(zh, at("/a/c"), "", 0, NULL, 0));
    OK(zoo_get_children2(zh, at("/a"), 0, &names, &st));
    CHECK(names.count == 2 && st.numChildren == 2 && st.cversion == 2);
    deallocate_String_vector(&names);
    CHECK(zoo_delete(zh, at("/a"), -1) == ZNOTEMPTY);
    OK(zoo_delete(zh, at("/a/b"), -1));
    OK(zoo_delete(zh, at("/a/c"), 0));
    OK(zoo_delete(zh, at("/a"), -1));
    CHECK(zoo_exists(zh, at("/a"), 0, &st) == ZNONODE);
}

static void
every_kind_of_node(void)
{
    zhandle_t *zh = client(), *other = client();
    struct Stat st;
    char got[128];

    OK(create(zh, at("/s-"), "", ZOO_SEQUENCE, got, sizeof(got)));
    CHECK(strcmp(got, at("/s-0000000000")) == 0);
    OK(create(zh, at("/e"), "", ZOO_EPHEMERAL, NULL, 0));
    OK(zoo_exists(other, at("/e"), 0, &st));
    CHECK(st.ephemeralOwner == zoo_client_id(zh)->client_id);
    CHECK(create(zh, at("/e/x"), "", 0, NULL, 0) == ZNOCHILDRENFOREPHEMERALS);
    OK(create(zh, at("/es-"), "", ZOO_EPHEMERAL_SEQUENTIAL, got, sizeof(got)));
    CHECK(strcmp(got, at("/es-0000000002")) == 0);
    OK(zoo_create2(zh, at("/two"), "12", 2, &ZOO_OPEN_ACL_UNSAFE, 0, got,
                   sizeof(got), &st));
    CHECK(st.dataLength == 2 && st.version == 0 && st.czxid > 0);
    OK(create(zh, at("/box"), "", ZOO_CONTAINER, NULL, 0));
    OK(create(zh, at("/box/in"), "", 0, NULL, 0));
    OK(zoo_delete(zh, at("/box/in"), -1));
    UNTIL(!is_there(zh, at("/box")));
    OK(zoo_create_ttl(zh, at("/ttl"), "", 0, &ZOO_OPEN_ACL_UNSAFE,
                      ZOO_PERSISTENT_WITH_TTL, 300, NULL, 0));
    OK(zoo_create2_ttl(zh, at("/ttl-"), "", 0, &ZOO_OPEN_ACL_UNSAFE,
                       ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 300, got,
                       sizeof(got), &st));
    CHECK(is_there(zh, at("/ttl")) && is_there(zh, got));
    UNTIL(!is_there(zh, at("/ttl")) && !is_there(zh, got));
}

/* What the completions of one pipeline noted, in the order they came. */
static struct {
    atomic_int done;
    int rc[3 * PIPE];
    int tag[3 * PIPE];
    int64_t number[3 * PIPE];
} seen;

/* --- pipelines ----------------------------------------------------------- */

static void
note(const void *tag, int rc, int64_t number)
{
    int i = seen.done;

    seen.rc[i] = rc;
    seen.tag[i] = (int)(intptr_t)tag;
    seen.number[i] = number;
    seen.done = i + 1;
}

static void
note_string(int rc, const char *value, const void *tag)
{
    (void)value;
    note(tag, rc, 0);
}

static void
note_stat(int rc, const struct Stat *st, const void *tag)
{
    note(tag, rc, st ? st->mzxid : 0);
}

static void
note_data(int rc, const char *value, int len, const struct Stat *st,
          const void *tag)
{
    char text[16] = "";

    (void)st;
    if (rc == ZOK && len < (int)sizeof(text))
        memcpy(text, value, (size_t)len);
    note(tag, rc, atoi(text));
}

static void
pipeline_in_order(void)
{
    zhandle_t *zh = client();
    int64_t zxid = 0;

    OK(create(zh, at("/p"), "0", 0, NULL, 0));
    seen.done = 0;
    for (intptr_t i = 0; i < PIPE; i++) {
        char text[16];
        char name[32];
        int len = snprintf(text, sizeof(text), "%d", (int)i);

        snprintf(name, sizeof(name), "/n%04d", (int)i);
        OK(zoo_acreate(zh, at(name), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0,
                       note_string, (void *)(3 * i)));
        OK(zoo_aset(zh, at("/p"), text, len, (int)i, note_stat,
                    (void *)(3 * i + 1)));
        OK(zoo_aget(zh, at("/p"), 0, note_data, (void *)(3 * i + 2)));
    }
    UNTIL(seen.done == 3 * PIPE);
    for (int i = 0; i < 3 * PIPE; i++) {
        CHECK(seen.tag[i] == i && seen.rc[i] == ZOK);
        if (i % 3 == 1) {
            CHECK(seen.number[i] > zxid);
            zxid = seen.number[i];
        }
        if (i % 3 == 2)
            CHECK(seen.number[i] == i / 3);
    }
}

/* Errors keep their place among the answers. */
static void
errors_in_order(void)
{
    zhandle_t *zh = client();

    OK(create(zh, at("/e"), "0", 0, NULL, 0));
    seen.done = 0;
    for (intptr_t i = 0; i < 300; i += 3) {
        OK(zoo_aset(zh, at("/e"), "x", 1, (int)(i / 3), note_stat, (void *)i));
        OK(zoo_aset(zh, at("/e"), "x", 1, 9999, note_stat, (void *)(i + 1)));
        OK(zoo_aget(zh, at("/none"), 0, note_data, (void *)(i + 2)));
    }
    UNTIL(seen.done == 300);
    for (int i = 0; i < 300; i++) {
        static const int want[] = {ZOK, ZBADVERSION, ZNONODE};

        CHECK(seen.tag[i] == i && seen.rc[i] == want[i % 3]);
    }
}

static atomic_int events; /* how many watch events came */
static atomic_int early;  /* replies that overtook their event */
static atomic_int reads;  /* replies that came */
static int last_type;
static char last_path[256];

/* --- watches ------------------------------------------------------------- */

static void
on_event(zhandle_t *zh, int type, int state, const char *path, void *context)
{
    (void)zh, (void)state, (void)context;
    if (type == ZOO_SESSION_EVENT)
        return;
    last_type = type;
    snprintf(last_path, sizeof(last_path), "%s", path);
    events++;
}

/* The reply shows round `tag`: then the event of that round was here. */
static void
note_round(int rc, const char *value, int len, const struct Stat *st,
           const void *tag)
{
    char text[16] = "";

    (void)st, (void)tag;
    if (rc == ZOK && len < (int)sizeof(text))
        memcpy(text, value, (size_t)len);
    if (atoi(text) > events)
        early++;
    reads++;
}

static void
event_comes_before_the_changed_state(void)
{
    zhandle_t *zh = client(), *other = client();
    char buf[16];

    OK(create(zh, at("/a"), "0", 0, NULL, 0));
    OK(create(zh, at("/b"), "0", 0, NULL, 0));
    events = early = 0;
    for (int i = 1; i <= 300; i++) {
        int size = sizeof(buf), len = snprintf(buf, sizeof(buf), "%d", i);
        char text[16];

        memcpy(text, buf, sizeof(text));
        OK(zoo_wget(zh, at("/a"), on_event, NULL, buf, &size, NULL));
        reads = seen.done = 0;
        OK(zoo_aset(other, at("/a"), text, len, -1, note_stat, NULL));
        OK(zoo_aset(other, at("/b"), text, len, -1, note_stat, NULL));
        for (int k = 0; k < 20; k++)
            OK(zoo_aget(zh, at("/b"), 0, note_round, NULL));
        UNTIL(reads == 20 && seen.done == 2 && events == i);
    }
    CHECK(early == 0);
}

static void
watches(void)
{
    zhandle_t *zh = client(), *other = client();
    struct Stat st;
    struct String_vector names;
    char buf[16];
    int size = sizeof(buf);

    events = 0;
    CHECK(zoo_wexists(zh, at("/w"), on_event, NULL, &st) == ZNONODE);
    OK(create(other, at("/w"), "", 0, NULL, 0));
    UNTIL(events == 1);
    CHECK(last_type == ZOO_CREATED_EVENT && !strcmp(last_path, at("/w")));
    OK(zoo_wget(zh, at("/w"), on_event, NULL, buf, &size, &st));
    OK(zoo_set(other, at("/w"), "x", 1, -1));
    UNTIL(events == 2);
    CHECK(last_type == ZOO_CHANGED_EVENT);
    OK(zoo_wget_children(zh, at("/w"), on_event, NULL, &names));
    deallocate_String_vector(&names);
    OK(create(other, at("/w/c"), "", 0, NULL, 0));
    UNTIL(events == 3);
    CHECK(last_type == ZOO_CHILD_EVENT);
    OK(zoo_wexists(zh, at("/w/c"), on_event, NULL, &st));
    OK(zoo_delete(other, at("/w/c"), -1));
    UNTIL(events == 4);
    CHECK(last_type == ZOO_DELETED_EVENT && !strcmp(last_path, at("/w/c")));
}

static void
watches_removed(void)
{
    zhandle_t *zh = client(), *other = client();
    char buf[16];
    int size = sizeof(buf);

    OK(create(zh, at("/w"), "", 0, NULL, 0));
    OK(zoo_wget(zh, at("/w"), on_event, NULL, buf, &size, NULL));
    OK(zoo_remove_watches(zh, at("/w"), ZWATCHTYPE_DATA, on_event, NULL, 0));
    CHECK(zoo_remove_watches(zh, at("/w"), ZWATCHTYPE_DATA, on_event, NULL,
                             0) == ZNOWATCHER);
    UNTIL(events > 0); /* the library tells that it was removed */
    events = 0;
    OK(zoo_set(other, at("/w"), "x", 1, -1));
    OK(zoo_exists(zh, at("/w"), 0, NULL));
    nap_ms(50);
    CHECK(events == 0);
}

/* --- transactions, authentication, size ---------------------------------- */

static void
transactions(void)
{
    zhandle_t *zh = client();
    char path[128];
    struct Stat st;
    zoo_op_t ops[4];
    zoo_op_result_t results[4];

    zoo_create_op_init(&ops[0], at("/m-"), "v", 1, &ZOO_OPEN_ACL_UNSAFE,
                       ZOO_SEQUENCE, path, sizeof(path));
    zoo_create_op_init(&ops[1], at("/m"), "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL,
                       0);
    zoo_set_op_init(&ops[2], at("/m"), "1", 1, 0, &st);
    zoo_check_op_init(&ops[3], at("/m"), 1);
    OK(zoo_multi(zh, 4, ops, results));
    CHECK(strcmp(path, at("/m-0000000000")) == 0 && st.version == 1);
    CHECK(is_there(zh, path) && is_there(zh, at("/m")));

    zoo_delete_op_init(&ops[0], at("/m"), -1);
    zoo_check_op_init(&ops[1], path, 5);
    zoo_create_op_init(&ops[2], at("/never"), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0,
                       NULL, 0);
    CHECK(zoo_multi(zh, 3, ops, results) == ZBADVERSION);
    CHECK(results[0].err == ZOK && results[1].err == ZBADVERSION);
    CHECK(results[2].err == ZRUNTIMEINCONSISTENCY);
    CHECK(is_there(zh, at("/m")) && !is_there(zh, at("/never")));
}

static void
note_auth(int rc, const void *tag)
{
    note(tag, rc, 0);
}

static void
authentication(void)
{
    zhandle_t *ann = client(), *bob = client();
    struct ACL_vector acl;
    struct Stat st;
    char buf[16];
    int size = sizeof(buf);

    seen.done = 0;
    OK(zoo_add_auth(ann, "digest", "ann:secret", 10, note_auth, NULL));
    UNTIL(seen.done == 1);
    CHECK(seen.rc[0] == ZOK);
    OK(zoo_create(ann, at("/a"), "s", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0));
    CHECK(zoo_get(bob, at("/a"), 0, buf, &size, &st) == ZNOAUTH);
    OK(zoo_get_acl(ann, at("/a"), &acl, &st));
    CHECK(acl.count == 1 && strcmp(acl.data[0].id.scheme, "digest") == 0);
    CHECK(strncmp(acl.data[0].id.id, "ann:", 4) == 0);
    deallocate_ACL_vector(&acl);
    OK(zoo_add_auth(bob, "digest", "ann:secret", 10, note_auth, NULL));
    size = sizeof(buf);
    OK(zoo_get(bob, at("/a"), 0, buf, &size, &st));
    OK(zoo_set_acl(ann, at("/a"), 0, &ZOO_READ_ACL_UNSAFE));
    CHECK(zoo_set(ann, at("/a"), "x", 1, -1) == ZNOAUTH);
}

static void
big_values(void)
{
    enum { SIZE = 1000000 };
    zhandle_t *zh = client();
    char *out = malloc(SIZE), *in = malloc(SIZE);
    int size = SIZE;

    CHECK(out && in);
    for (int i = 0; i < SIZE; i++)
        out[i] = (char)(i * 7 + i / 251);
    OK(zoo_create(zh, at("/big"), out, SIZE, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0));
    OK(zoo_get(zh, at("/big"), 0, in, &size, NULL));
    CHECK(size == SIZE && memcmp(in, out, SIZE) == 0);
    free(in);
    free(out);
}

/* --- sessions ------------------------------------------------------------ */

/* What `c_client hold PATH TIMEOUT_MS` does: its id on stdout, then nothing. */
static int
hold(const char *path, int timeout_ms)
{
    zhandle_t *zh = zookeeper_init(hosts(), ignore_session_events, timeout_ms,
                                   NULL, NULL, 0);

    while (zoo_state(zh) != ZOO_CONNECTED_STATE)
        nap_ms(2);
    if (create(zh, path, "", ZOO_EPHEMERAL, NULL, 0) != ZOK)
        return 1;
    if (write(STDOUT_FILENO, zoo_client_id(zh), sizeof(clientid_t)) < 0)
        return 1;
    return pause();
}

/*
 * A client process that opens a session and an ephemeral at `path`, tells
 * its id, and is killed: nobody closes the session.  It is a program of its
 * own: of our threads a child has only this one, and may find a lock taken.
 */
static clientid_t
session_of_a_killed_process(const char *path, int timeout_ms)
{
    char timeout[16];
    int ends[2];
    clientid_t id = {0};
    pid_t pid;

    snprintf(timeout, sizeof(timeout), "%d", timeout_ms);
    CHECK(pipe(ends) == 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/proc/self/exe", "c_client", "hold", path, timeout, NULL);
        _exit(1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], &id, sizeof(id));
    close(ends[0]);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK(got == (ssize_t)sizeof(id));
    return id;
}

static void
session_taken_over(void)
{
    zhandle_t *other = client();
    clientid_t id = session_of_a_killed_process(at("/e"), TIMEOUT_MS);
    zhandle_t *zh = client_as(&id, TIMEOUT_MS);

    CHECK(zoo_state(zh) == ZOO_CONNECTED_STATE);
    CHECK(zoo_client_id(zh)->client_id == id.client_id);
    CHECK(is_there(other, at("/e")));
    OK(create(zh, at("/e2"), "", ZOO_EPHEMERAL, NULL, 0));
    handles[--handle_count] = NULL;
    OK(zookeeper_close(zh));
    CHECK(!is_there(other, at("/e")) && !is_there(other, at("/e2")));
}

static void
session_expires(void)
{
    zhandle_t *other = client();
    clientid_t id = session_of_a_killed_process(at("/e"), 1000);

    CHECK(is_there(other, at("/e")));
    UNTIL(!is_there(other, at("/e")));
    CHECK(zoo_state(client_as(&id, 1000)) == ZOO_EXPIRED_SESSION_STATE);
}

static void
wrong_password_is_refused(void)
{
    clientid_t id = session_of_a_killed_process(at("/e"), TIMEOUT_MS);

    id.passwd[3] = (char)(id.passwd[3] ^ 0x55);
    CHECK(zoo_state(client_as(&id, TIMEOUT_MS)) == ZOO_EXPIRED_SESSION_STATE);
    CHECK(is_there(client(), at("/e")));
}

/* --- many clients -------------------------------------------------------- */

/* Twenty clients increase one number, each checking the version it read. */
static void
compare_and_set_by_many(void)
{
    enum { CLIENTS = 20, ROUNDS = 10 };
    zhandle_t *zh[CLIENTS];
    struct Stat st;
    char buf[16];
    int size, lost = 0;

    for (int i = 0; i < CLIENTS; i++)
        zh[i] = client();
    OK(create(zh[0], at("/n"), "0", 0, NULL, 0));
    for (int round = 0; round < ROUNDS; round++) {
        size = sizeof(buf);
        OK(zoo_get(zh[round], at("/n"), 0, buf, &size, &st));
        seen.done = 0;
        for (int i = 0; i < CLIENTS; i++)
            OK(zoo_aset(zh[i], at("/n"), "1", 1, st.version, note_stat, NULL));
        /* Completions of many handles run beside each other. */
        UNTIL(zoo_get(zh[0], at("/n"), 0, buf, &size, &st) == ZOK &&
              st.version == round + 1);
        nap_ms(20);
        size = sizeof(buf);
        OK(zoo_get(zh[0], at("/n"), 0, buf, &size, &st));
        lost += st.version != round + 1;
    }
    CHECK(lost == 0);
}

static void
watch_fan_out(void)
{
    enum { CLIENTS = 40 };
    zhandle_t *zh[CLIENTS];
    char buf[16];
    int size;

    for (int i = 0; i < CLIENTS; i++)
        zh[i] = client();
    OK(create(zh[0], at("/hot"), "", 0, NULL, 0));
    events = 0;
    for (int i = 0; i < CLIENTS; i++) {
        size = sizeof(buf);
        OK(zoo_wget(zh[i], at("/hot"), on_event, NULL, buf, &size, NULL));
    }
    OK(zoo_set(zh[0], at("/hot"), "x", 1, -1));
    UNTIL(events == CLIENTS);
}

/* --- the tests ----------------------------------------------------------- */

static const struct {
    const char *name;
    void (*body)(void);
} tests[] = {
    {"basics", basics},
    {"every_kind_of_node", every_kind_of_node},
    {"pipeline_in_order", pipeline_in_order},
    {"errors_in_order", errors_in_order},
    {"event_comes_before_the_changed_state",
     event_comes_before_the_changed_state},
    {"watches", watches},
    {"watches_removed", watches_removed},
    {"transactions", transactions},
    {"authentication", authentication},
    {"big_values", big_values},
    {"session_taken_over", session_taken_over},
    {"session_expires", session_expires},
    {"wrong_password_is_refused", wrong_password_is_refused},
    {"compare_and_set_by_many", compare_and_set_by_many},
    {"watch_fan_out", watch_fan_out},
};

static bool
run_one(size_t i)
{
    double begin = now_s();
    bool good = false;

    snprintf(root, sizeof(root), "/c_%s", tests[i].name);
    if (setjmp(failed) == 0) {
        OK(create(client(), root, "", 0, NULL, 0));
        tests[i].body();
        good = true;
    }
    while (handle_count > 0)
        zookeeper_close(handles[--handle_count]);
    printf("%s c_client.%s %.2f%s%s\n", good ? "ok" : "not ok", tests[i].name,
           now_s() - begin, good ? "" : " ", good ? "" : why);
    fflush(stdout);
    return good;
}

int
main(int argc, char **argv)
{
    bool good = true;

    zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
    if (argc == 4 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], atoi(argv[3]));
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        if (argc < 2 || strcmp(argv[1], tests[i].name) == 0)
            good &= run_one(i);
    return good ? 0 : 1;
}
