/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_main.c - the admin process.
 *
 * Forked by the supervisor, it owns the HTTP port and reads shared memory
 * only: /metrics in Prometheus' text, and below /commands JSON in the shape
 * of Apache's AdminServer.  A port that cannot be bound is a warning, tried
 * again later: looking in is never worth a server.  If the process dies, a
 * scrape fails and the supervisor forks another.  SIGTERM ends it at once.
 *
 * libmicrohttpd is driven from our loop: its epoll descriptor is one of ours.
 */
#include <arpa/inet.h>
#include <ev.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/bell.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "daemon/version.h"
#include "net/four_figures.h"

enum {
    PAGE_BYTES = 32 * 1024,
    CONNECTIONS_MAX = 64,
};

static const double bind_again_seconds = 10;

struct admin_proc {
    struct shm *shm;
    struct conf conf;
    struct ev_loop *loop;
    struct bell bell;
    struct MHD_Daemon *http; /* NULL: not bound */
    ev_io io;
    ev_timer timer; /* libmicrohttpd's time-outs, or the next try to bind */
};

/* --- pages
 * -------------------------------------------------------------------- */

static enum MHD_Result
answer(struct MHD_Connection *connection, unsigned status, const char *type,
       char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", type);
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Prometheus' text format, 0.0.4; Apache too gives no better help. */
static char *
metrics_page(const struct figures *figures)
{
    struct metric m[METRICS_MAX];
    size_t count = figures_metrics(figures, m), at = 0;
    char *page = malloc(PAGE_BYTES);

    for (size_t i = 0; page && i < count; i++)
        at += (size_t)snprintf(
            page + at, PAGE_BYTES - at,
            "# HELP %s %s\n# TYPE %s %s\n%s %.17g\n", m[i].name, m[i].name,
            m[i].name, m[i].kind == METRIC_COUNTER ? "counter" : "gauge",
            m[i].name, m[i].is_fraction ? m[i].real : (double)m[i].whole);
    return page;
}

_Static_assert(PAGE_BYTES > METRICS_MAX * 256, "no metric is cut");

static json_t *
ruok_command(const struct figures *figures)
{
    (void)figures;
    return json_object();
}

static json_t *
monitor_command(const struct figures *figures)
{
    json_t *o = json_pack("{s:s, s:s}", "version", ZABD_ZOOKEEPER_VERSION,
                          "server_state", figures_state(figures));
    struct metric m[METRICS_MAX];
    size_t count = figures_metrics(figures, m);

    for (size_t i = 0; i < count; i++)
        json_object_set_new(o, m[i].name,
                            m[i].is_fraction ? json_real(m[i].real)
                                             : json_integer(m[i].whole));
    return o;
}

static json_t *
is_read_only_command(const struct figures *figures)
{
    (void)figures;
    return json_pack("{s:b}", "read_only", 0);
}

static const struct command {
    const char *name, *alias;
    json_t *(*run)(const struct figures *figures);
    bool needs_service;
} commands[] = {
    {"ruok", "ruok", ruok_command, false},
    {"monitor", "mntr", monitor_command, true},
    {"is_read_only", "isro", is_read_only_command, true},
};

static const struct command *
command_of(const struct admin_proc *p, const char *url)
{
    size_t n = strlen(p->conf.admin_command_url);

    if (strncmp(url, p->conf.admin_command_url, n) != 0 || url[n] != '/')
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(url + n + 1, commands[i].name) == 0 ||
            strcmp(url + n + 1, commands[i].alias) == 0)
            return &commands[i];
    return NULL;
}

/* Apache's envelope: the answer, the command, an error or null. */
static char *
command_page(const struct command *command, const struct figures *figures)
{
    bool refused = command->needs_service && !figures->is_serving;
    json_t *o = refused ? json_object() : command->run(figures);
    char *text;

    json_object_set_new(o, "command", json_string(command->name));
    json_object_set_new(o, "error",
                        refused ? json_string("This ZooKeeper instance is not "
                                              "currently serving requests")
                                : json_null());
    text = json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    return text;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url,
           const char *method, const char *version, const char *upload,
           size_t *upload_size, void **state)
{
    struct admin_proc *p = arg;
    const struct command *command = command_of(p, url);
    struct figures figures;
    char *page = NULL;

    (void)version, (void)upload, (void)state;
    if (strcmp(method, "GET") != 0 || *upload_size != 0)
        return MHD_NO;
    atomic_fetch_add(&p->shm->admin->requests, 1);
    figures_collect(p->shm, &figures);
    if (strcmp(url, "/metrics") == 0) {
        page = metrics_page(&figures);
        return page ? answer(connection, MHD_HTTP_OK,
                             "text/plain; version=0.0.4; charset=utf-8", page)
                    : MHD_NO;
    }
    if (!command)
        return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain",
                      strdup("not found\n"));
    page = command_page(command, &figures);
    return page ? answer(connection, MHD_HTTP_OK, "application/json", page)
                : MHD_NO;
}

/* --- the port
 * ------------------------------------------------------------------ */

static int
resolve(const struct conf *conf, struct sockaddr_storage *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    char port[16];

    snprintf(port, sizeof port, "%d", (int)conf->admin_port);
    if (getaddrinfo(conf->admin_address, port, &hints, &list) != 0)
        return -1;
    memcpy(address, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return 0;
}

static void
on_http_log(void *arg, const char *format, va_list args)
{
    char text[256];

    (void)arg;
    vsnprintf(text, sizeof text, format, args);
    log_debug("admin: %s", text);
}

static bool
open_port(struct admin_proc *p)
{
    struct sockaddr_storage address;
    const union MHD_DaemonInfo *info;

    if (resolve(&p->conf, &address) < 0)
        return false;
    p->http = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG |
            (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0),
        (uint16_t)p->conf.admin_port, NULL, NULL, on_request, p,
        MHD_OPTION_EXTERNAL_LOGGER, on_http_log, NULL, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(p->conf.admin_idle_timeout_ms / 1000), MHD_OPTION_END);
    if (!p->http)
        return false;
    info = MHD_get_daemon_info(p->http, MHD_DAEMON_INFO_EPOLL_FD);
    ev_io_set(&p->io, info->epoll_fd, EV_READ);
    ev_io_start(p->loop, &p->io);
    log_info("Started AdminServer on address %s, port %d and command URL %s",
             p->conf.admin_address, (int)p->conf.admin_port,
             p->conf.admin_command_url);
    return true;
}

static void
set_timer(struct admin_proc *p, double seconds)
{
    ev_timer_stop(p->loop, &p->timer);
    ev_timer_set(&p->timer, seconds, 0);
    ev_timer_start(p->loop, &p->timer);
}

static void
run_http(struct admin_proc *p)
{
    MHD_UNSIGNED_LONG_LONG ms;

    MHD_run(p->http);
    if (MHD_get_timeout(p->http, &ms) == MHD_YES)
        set_timer(p, (double)ms / 1000);
}

static void
on_http(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop, (void)events;
    run_http(w->data);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    struct admin_proc *p = w->data;

    (void)loop, (void)events;
    if (p->http) {
        run_http(p);
        return;
    }
    if (open_port(p))
        return;
    log_warn("cannot open the admin port %s:%d, trying again; clients are "
             "served meanwhile",
             p->conf.admin_address, (int)p->conf.admin_port);
    set_timer(p, bind_again_seconds);
}

static bool
work(void *arg)
{
    (void)arg;
    return false;
}

noreturn void
admin_main(struct shm *shm)
{
    static struct admin_proc p; /* a configuration is large for a stack */

    p.shm = shm;
    shm_conf(shm, &p.conf);
    p.loop = ev_loop_new(EVFLAG_AUTO);
    if (!p.loop)
        fatal(EXIT_UNEXPECTED, "no event loop can be had");
    bell_attach(&p.bell, p.loop, shm, PROC_ADMIN, work, &p);
    ev_init(&p.io, on_http);
    ev_init(&p.timer, on_timer);
    p.io.data = p.timer.data = &p;
    if (p.conf.admin_enabled)
        set_timer(&p, 0);
    proc_ready(PROC_ADMIN, shm);
    ev_run(p.loop, 0);
    exit(EXIT_OK);
}
