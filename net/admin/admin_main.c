/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin process.  Forked by the supervisor, it answers HTTP on the admin
 * port: a few commands as JSON and the metrics as Prometheus reads them.  It
 * reads shared memory and stores to shm->admin only.  Nothing on disk.
 * PROC_STOP ends it.  If it dies, a scrape fails, the supervisor forks another.
 * A port that cannot be had is a warning: the server goes on without it.
 *
 * libmicrohttpd runs a thread of its own in this process, which answers all;
 * the loop beats, and waits for name servers (admin_leader.h).
 * Facts: spec/operations.md 7, 8.
 */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/bell.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "net/admin/admin_commands.h"
#include "net/admin/admin_leader.h"
#include "net/admin/metrics.h"

/* One address cannot hold all of them open. */
static const unsigned connections_max = 128, of_one_address_max = 32;

struct admin {
    struct shm *shm;
    struct conf conf;
    struct MHD_Daemon *http;
    struct bell bell;
    struct admin_leader leader;
};

/* --- answers -------------------------------------------------------------- */

/* `text` comes from malloc and is given away. */
static enum MHD_Result
reply(struct MHD_Connection *connection, unsigned status, const char *type,
      char *text)
{
    struct MHD_Response *r;
    enum MHD_Result result;

    if (!text)
        return MHD_NO;
    r = MHD_create_response_from_buffer(strlen(text), text,
                                        MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    result = MHD_queue_response(connection, status, r);
    MHD_destroy_response(r);
    return result;
}

/* The envelope: the command's fields, its name, an error or null. */
static enum MHD_Result
run_command(struct admin *a, struct MHD_Connection *connection,
            const char *name)
{
    static struct conf conf; /* one thread answers */
    struct figures figures;
    char leader[NI_MAXHOST];
    struct admin_view view = {
        .figures = &figures, .conf = &conf, .leader_address = leader};
    struct admin_answer answer;
    char *text;

    figures_collect(a->shm, &figures);
    shm_conf(a->shm, &conf);
    admin_leader_address(&a->leader, &conf, figures.ensemble.leader, leader);
    admin_command(&view, name, &answer);
    json_object_set_new(answer.fields, "command", admin_text(answer.command));
    json_object_set_new(answer.fields, "error",
                        *answer.error ? admin_text(answer.error) : json_null());
    text = json_dumps(answer.fields, JSON_INDENT(2));
    json_decref(answer.fields);
    return reply(connection, MHD_HTTP_OK, "application/json", text);
}

static enum MHD_Result
list_commands(const struct admin *a, struct MHD_Connection *connection)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return MHD_NO;
    admin_command_list(a->conf.admin_command_url, out);
    fclose(out);
    return reply(connection, MHD_HTTP_OK, "text/html", text);
}

static void
print_metric(const struct metric *m, FILE *out)
{
    char name[METRIC_NAME_MAX], value[32];

    metrics_prometheus_name(m->name, name);
    figures_format(m->is_fraction ? m->real : (double)m->whole, value);
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, m->name, name,
            m->kind == METRIC_COUNTER ? "counter" : "gauge", name, value);
}

static enum MHD_Result
print_metrics(struct admin *a, struct MHD_Connection *connection)
{
    struct metric m[METRICS_MAX];
    struct figures f;
    char *text = NULL;
    size_t size, n;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return MHD_NO;
    figures_collect(a->shm, &f);
    n = metrics_of(&f, m);
    for (size_t i = 0; i < n; i++)
        print_metric(&m[i], out);
    fclose(out);
    return reply(connection, MHD_HTTP_OK,
                 "text/plain; version=0.0.4; charset=utf-8", text);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *url,
           const char *method, const char *version, const char *data,
           size_t *data_size, void **state)
{
    struct admin *a = arg;
    size_t prefix = strlen(a->conf.admin_command_url);

    (void)version, (void)data, (void)state;
    *data_size = 0;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return reply(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
                     strdup(""));
    if (strcmp(url, "/metrics") == 0)
        return print_metrics(a, connection);
    if (strncmp(url, a->conf.admin_command_url, prefix) == 0) {
        if (url[prefix] == 0 || strcmp(url + prefix, "/") == 0)
            return list_commands(a, connection);
        if (url[prefix] == '/')
            return run_command(a, connection, url + prefix + 1);
    }
    return reply(connection, MHD_HTTP_NOT_FOUND, "text/plain",
                 strdup("not found"));
}

/* --- life ----------------------------------------------------------------- */

/* Somebody sent what is no request: the library's own words, now and then. */
static void
on_trouble(void *arg, const char *format, va_list values)
{
    char text[200];

    (void)arg;
    vsnprintf(text, sizeof text, format, values);
    text[strcspn(text, "\n")] = 0;
    log_warn_often("admin: %s", text);
}

/* Never 0, which would be for ever. */
static unsigned
idle_seconds(const struct shm *shm)
{
    return (unsigned)(shm->super->conf.admin_idle_timeout_ms - 1) / 1000 + 1;
}

/* A reload counts for connections from then on. */
static void
on_connection(void *arg, struct MHD_Connection *connection, void **state,
              enum MHD_ConnectionNotificationCode code)
{
    const struct admin *a = arg;

    (void)state;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                  idle_seconds(a->shm));
}

/* To Java, an empty address is this machine itself. */
static const char *
host_of(const struct conf *conf)
{
    return *conf->admin_address ? conf->admin_address : "127.0.0.1";
}

/* NULL, and `why` not. */
static struct addrinfo *
find_address(const struct conf *conf, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char port[16];
    int gai;

    snprintf(port, sizeof port, "%d", conf->admin_port);
    gai = getaddrinfo(host_of(conf), port, &hints, &list);
    if (gai != 0)
        *why = gai == EAI_SYSTEM ? strerror(errno) : gai_strerror(gai);
    return gai == 0 ? list : NULL;
}

static struct MHD_Daemon *
listen_http(struct admin *a, const char **why)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG;
    struct addrinfo *list = find_address(&a->conf, why);
    struct MHD_Daemon *http;

    if (!list)
        return NULL;
    if (list->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    http = MHD_start_daemon(
        flags, (uint16_t)a->conf.admin_port, NULL, NULL, on_request, a,
        MHD_OPTION_EXTERNAL_LOGGER, on_trouble, NULL, MHD_OPTION_SOCK_ADDR,
        list->ai_addr, MHD_OPTION_CONNECTION_LIMIT, connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_one_address_max,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, a, MHD_OPTION_END);
    if (!http)
        *why = strerror(errno);
    freeaddrinfo(list);
    return http;
}

static void
open_port(struct admin *a)
{
    const char *why = "";

    a->http = listen_http(a, &why);
    if (a->http)
        log_info("Started AdminServer on address %s, port %d and command URL "
                 "%s",
                 host_of(&a->conf), a->conf.admin_port,
                 a->conf.admin_command_url);
    else
        log_warn("no admin port: cannot listen on %s:%d: %s", host_of(&a->conf),
                 a->conf.admin_port, why);
}

static bool
look(void *arg)
{
    struct admin *a = arg;

    admin_leader_look(&a->leader);
    return false;
}

noreturn void
admin_main(struct shm *shm)
{
    static struct admin a;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);

    if (!loop)
        fatal(EXIT_UNEXPECTED, "no event loop");
    a.shm = shm;
    shm_conf(shm, &a.conf);
    admin_leader_init(&a.leader, shm, loop);
    if (a.conf.admin_enabled && a.conf.admin_port > 0)
        open_port(&a);
    bell_attach(&a.bell, loop, shm, PROC_ADMIN, look, &a);
    proc_ready(PROC_ADMIN, shm);
    ev_run(loop, 0);
    exit(EXIT_SUCCESS);
}
