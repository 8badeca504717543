/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The admin process.  Forked by the supervisor, it answers HTTP on the admin
 * port: a few commands as JSON and the metrics as Prometheus reads them.  It
 * reads shared memory and stores to shm->admin only.  Nothing on disk.
 * SIGTERM ends it.  If it dies, a scrape fails, the supervisor forks another.
 * A port that cannot be had is a warning: the server goes on without it.
 *
 * libmicrohttpd runs a thread of its own in this process; the loop beats.
 * Facts: spec/operations.md 7, 8.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
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

struct admin {
    struct shm *shm;
    struct conf conf;
    struct MHD_Daemon *http;
    struct bell bell;
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
reply_json(struct MHD_Connection *connection, json_t *fields,
           const char *command, const char *error)
{
    char *text;

    json_object_set_new(fields, "command", json_string(command));
    json_object_set_new(fields, "error",
                        error ? json_string(error) : json_null());
    text = json_dumps(fields, JSON_INDENT(2));
    json_decref(fields);
    return reply(connection, MHD_HTTP_OK, "application/json", text);
}

static json_t *
monitor_fields(const struct figures *f)
{
    struct metric m[METRICS_MAX];
    size_t n = figures_metrics(f, m);
    json_t *o = json_object();

    json_object_set_new(o, "version", json_string(ZABD_ZOOKEEPER_VERSION));
    json_object_set_new(o, "server_state", json_string(figures_state(f)));
    for (size_t i = 0; i < n; i++)
        json_object_set_new(o, m[i].name,
                            m[i].is_fraction ? json_real(m[i].real)
                                             : json_integer(m[i].whole));
    return o;
}

static json_t *
server_stats(const struct figures *f)
{
    json_t *o = json_object();

#define NUMBER(name, value)                                                    \
    json_object_set_new(o, name, json_integer((json_int_t)(value)))
    NUMBER("packets_sent", f->sent);
    NUMBER("packets_received", f->received);
    json_object_set_new(o, "server_state", json_string(figures_state(f)));
    NUMBER("outstanding_requests", f->outstanding);
    NUMBER("min_latency", f->latency_min_ms);
    json_object_set_new(o, "avg_latency", json_real(figures_latency_avg(f)));
    NUMBER("max_latency", f->latency_max_ms);
    NUMBER("data_dir_size", f->data_dir_bytes);
    NUMBER("log_dir_size", f->log_dir_bytes);
    NUMBER("last_processed_zxid", f->tree.zxid);
    NUMBER("num_alive_client_connections", f->connections);
    NUMBER("auth_failed_count", f->auth_failed);
    NUMBER("uptime", f->uptime_ms);
#undef NUMBER
    return o;
}

static json_t *
stat_fields(const struct figures *f)
{
    json_t *o = json_object();

    json_object_set_new(o, "version", json_string(ZABD_ZOOKEEPER_VERSION));
    json_object_set_new(o, "read_only", json_false());
    json_object_set_new(o, "server_stats", server_stats(f));
    json_object_set_new(o, "node_count",
                        json_integer((json_int_t)f->tree.node_count));
    return o;
}

static json_t *
ruok_fields(const struct figures *f)
{
    (void)f;
    return json_object();
}

struct command {
    const char *name, *alias, *other;
    bool needs_serving;
    json_t *(*fields)(const struct figures *f);
};

static const struct command commands[] = {
    {"monitor", "mntr", "mntr", true, monitor_fields},
    {"ruok", "ruok", "ruok", false, ruok_fields},
    {"server_stats", "srvr", "stats", true, stat_fields},
    {"stats", "stat", "stat", true, stat_fields},
};

static enum MHD_Result
run_command(struct admin *a, struct MHD_Connection *connection,
            const char *name)
{
    struct figures f;
    char error[128];

    figures_collect(a->shm, &f);
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        const struct command *c = &commands[i];

        if (strcmp(name, c->name) != 0 && strcmp(name, c->alias) != 0 &&
            strcmp(name, c->other) != 0)
            continue;
        if (c->needs_serving && !f.is_serving)
            return reply_json(connection, json_object(), c->name,
                              "This ZooKeeper instance is not currently "
                              "serving requests");
        return reply_json(connection, c->fields(&f), c->name, NULL);
    }
    snprintf(error, sizeof error, "Unknown command: %.80s", name);
    return reply_json(connection, json_object(), name, error);
}

static enum MHD_Result
list_commands(const struct admin *a, struct MHD_Connection *connection)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return MHD_NO;
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        fprintf(out, "<a href=\"%s/%s\">%s</a>\n<br/>\n",
                a->conf.admin_command_url, commands[i].name, commands[i].name);
    fclose(out);
    return reply(connection, MHD_HTTP_OK, "text/html", text);
}

static enum MHD_Result
print_metrics(struct admin *a, struct MHD_Connection *connection)
{
    struct metric m[METRICS_MAX];
    struct figures f;
    char *text = NULL;
    char value[32];
    size_t size, n;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return MHD_NO;
    figures_collect(a->shm, &f);
    n = figures_metrics(&f, m);
    for (size_t i = 0; i < n; i++) {
        figures_format(m[i].is_fraction ? m[i].real : (double)m[i].whole,
                       value);
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", m[i].name,
                m[i].name, m[i].name,
                m[i].kind == METRIC_COUNTER ? "counter" : "gauge", m[i].name,
                value);
    }
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
    atomic_fetch_add(&a->shm->admin->requests, 1);
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

static struct MHD_Daemon *
listen_http(struct admin *a)
{
    const char *host =
        *a->conf.admin_address ? a->conf.admin_address : "127.0.0.1";
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list;
    struct MHD_Daemon *http;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG;
    char port[16];

    snprintf(port, sizeof port, "%d", a->conf.admin_port);
    if (getaddrinfo(host, port, &hints, &list) != 0)
        return NULL;
    if (list->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    http = MHD_start_daemon(
        flags, (uint16_t)a->conf.admin_port, NULL, NULL, on_request, a,
        MHD_OPTION_SOCK_ADDR, list->ai_addr, MHD_OPTION_CONNECTION_LIMIT, 64u,
        MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(a->conf.admin_idle_timeout_ms / 1000), MHD_OPTION_END);
    freeaddrinfo(list);
    return http;
}

static bool
no_work(void *arg)
{
    (void)arg;
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
    if (a.conf.admin_enabled && a.conf.admin_port > 0) {
        a.http = listen_http(&a);
        if (a.http)
            log_info("Started AdminServer on address %s, port %d and command "
                     "URL %s",
                     a.conf.admin_address, a.conf.admin_port,
                     a.conf.admin_command_url);
        else
            log_warn("no admin port: cannot listen on %s:%d: %s",
                     a.conf.admin_address, a.conf.admin_port, strerror(errno));
    }
    bell_attach(&a.bell, loop, shm, PROC_ADMIN, no_work, &a);
    proc_ready(PROC_ADMIN, shm);
    ev_run(loop, 0);
    exit(EXIT_SUCCESS);
}
