/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_load.h - a configuration while it is being read.
 *
 * conf.c takes the entries of a file in one by one, conf_rules.c then looks
 * at them together.  For these two and conf_report.c only.
 */
#ifndef DAEMON_CONF_LOAD_H
#define DAEMON_CONF_LOAD_H

#include "daemon/conf_member.h"
#include "daemon/conf_table.h"

struct conf_loading {
    struct conf conf;
    struct conf_report *report;
    const char *file; /* borrowed: the name in messages, now */
    bool is_embedded;
    bool is_dynamic;                   /* reading the dynamic file */
    uint32_t last_line[CONF_ROWS_MAX]; /* where a key is given last */
    char dynamic_path[CONF_PATH_MAX];
    uint32_t member_count;
    struct conf_member member[CONF_MEMBERS_MAX];
};

/* Append a finding; see struct conf_report for what happens when full. */
void conf_report_put(struct conf_report *report, const struct conf_message *m);

/* Append a finding about `key` (NULL: the file) in the file being read. */
void conf_tell(struct conf_loading *l, enum conf_severity severity,
               const char *key, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * Test the keys against each other and resolve what is derived; errors and
 * warnings go into the report.
 */
void conf_rules(struct conf_loading *l);

#endif
