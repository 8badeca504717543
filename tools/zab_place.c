/* SPDX-License-Identifier: Apache-2.0 */
/* zab_place.c - see zab_place.h. */
#include "tools/zab_place.h"

#include <stdio.h>

#include "daemon/conf/conf.h"
#include "tools/zab_text.h"

bool
zab_place_take(struct zab_place *p, int option, const char *value)
{
    switch (option) {
    case 'c':
        p->conf = value;
        return true;
    case ZAB_OPT_DATA:
        p->data = value;
        return true;
    case ZAB_OPT_LOG:
        p->log = value;
        return true;
    default:
        return false;
    }
}

bool
zab_place_is_given(const struct zab_place *p)
{
    return p->conf || p->data;
}

/* Errors only: for warnings about a zoo.cfg there is `zabd -t`. */
static void
tell_errors(const char *command, const struct conf_report *report)
{
    char text[1024];

    for (uint32_t i = 0; i < report->count; i++) {
        if (report->message[i].severity != CONF_ERROR)
            continue;
        conf_message_format(&report->message[i], text, sizeof text);
        zab_complain(command, "%s", text);
    }
}

static bool
find_by_conf(struct zab_place *p, const char *command)
{
    static struct conf conf;
    static struct conf_report report;

    if (conf_load(p->conf, &conf, &report) < 0) {
        tell_errors(command, &report);
        return false;
    }
    p->trusts_empty |= conf.snapshot_trust_empty;
    snprintf(p->data_found, sizeof p->data_found, "%s", conf.data_dir);
    snprintf(p->log_found, sizeof p->log_found, "%s", conf.data_log_dir);
    return true;
}

/* As a variable of a script that is not set: it would be the root. */
static bool
is_nowhere(const char *dir)
{
    return dir && !*dir;
}

bool
zab_place_find(struct zab_place *p, const char *command)
{
    if (is_nowhere(p->data) || is_nowhere(p->log)) {
        zab_complain(command, "--data and --log must name a directory");
        return false;
    }
    if (p->conf && (p->data || p->log)) {
        zab_complain(command, "give either -c or --data and --log");
        return false;
    }
    if (p->log && !p->data) {
        zab_complain(command, "--log goes with --data");
        return false;
    }
    if (!p->data)
        return find_by_conf(p, command);
    snprintf(p->data_found, sizeof p->data_found, "%s", p->data);
    snprintf(p->log_found, sizeof p->log_found, "%s",
             p->log ? p->log : p->data);
    return true;
}
