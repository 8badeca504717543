/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_load.h - a configuration while it is being read.
 *
 * conf.c reads the entries of a file, conf_take.c takes them in one by one,
 * conf_rules.c and conf_ensemble.c then look at them together.  For
 * daemon/conf/ only.
 */
#ifndef DAEMON_CONF_CONF_LOAD_H
#define DAEMON_CONF_CONF_LOAD_H

#include "daemon/conf/conf_member.h"
#include "daemon/conf/conf_props.h"
#include "daemon/conf/conf_table.h"

struct conf_loading {
    struct conf conf; /* its members as they come: conf_ensemble.c sorts them */
    struct conf_report *report;
    const char *file; /* borrowed: the name in messages, now */
    bool is_embedded;
    bool is_dynamic;                   /* reading the dynamic file */
    uint32_t last_line[CONF_ROWS_MAX]; /* where a key is given last */
    char dynamic_path[CONF_PATH_MAX];
    struct conf_group group[CONF_GROUPS_MAX + 1]; /* by number */
    uint32_t weight_count;
    struct conf_weight weight[CONF_MEMBERS_MAX];
};

/* Append a finding; see struct conf_report for what happens when full. */
void conf_report_put(struct conf_report *report, const struct conf_message *m);

/* Append a finding about `key` (NULL: the file) in the file being read. */
void conf_tell(struct conf_loading *l, enum conf_severity severity,
               const char *key, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * The same about one of the lines `kind`.<number>: server, group or weight.
 * All of these are in the dynamic file, if there is one.
 */
void conf_tell_line(struct conf_loading *l, enum conf_severity severity,
                    const char *kind, int64_t number, uint32_t line,
                    const char *format, ...)
    __attribute__((format(printf, 6, 7)));
#define conf_tell_member(l, severity, m, ...)                                  \
    conf_tell_line(l, severity, "server", (m)->sid, (m)->line, __VA_ARGS__)

/* Append a finding about `key`, in the line where it was set, if it was. */
#define conf_tell_key(l, severity, key, ...)                                   \
    conf_tell(l, severity, key, conf_line_of(&(l)->conf, key), __VA_ARGS__)

/* Take in one entry of a file, or of the command line. */
void conf_take(struct conf_loading *l, const struct prop *entry);
void conf_take_option(struct conf_loading *l, const struct prop *entry);

/* The key that names a file of server lines. */
extern const char conf_dynamic_key[];

/*
 * The whole of a file; `*text` is the caller's to free and has room for a zero
 * behind it.  0 or -errno.
 */
int conf_slurp(const char *path, char **text, int32_t *size);

/* Warn of what a file beside this one gave to Java, and it does not say. */
void conf_java(struct conf_loading *l);

/* The port of `m` that `port` of a server at `host` meets, or 0. */
int32_t conf_member_meets(const struct conf_member *m, const char *host,
                          int32_t port);

/* Make the server lines an ensemble, or a server of its own. */
void conf_ensemble(struct conf_loading *l);

/* Find our own line by the file myid, and take in what it says. */
void conf_self(struct conf_loading *l);

/* The only line is ours. */
void conf_self_alone(struct conf_loading *l);

/*
 * Test the keys against each other and resolve what is derived; errors and
 * warnings go into the report.
 */
void conf_rules(struct conf_loading *l);

#endif
