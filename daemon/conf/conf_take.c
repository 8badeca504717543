/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_take.c - one entry of a configuration, taken in; see conf_load.h.
 *
 * The row of its key says what its value may be, and what the operator is told
 * if it has no effect here.  Server lines are kept as they are:
 * conf_ensemble.c says what they mean together.  Pure but for snprintf.
 */
#include "daemon/conf/conf_load.h"

const char conf_dynamic_key[] = "dynamicConfigFile";

/*
 * server.3 given twice is one key: the later line replaces the earlier.  Most
 * likely one of the two should have had another number.
 */
static void
take_member(struct conf_loading *l, const struct prop *entry)
{
    struct conf_member m;
    const char *why = conf_member_read(entry->key, entry->value, &m);
    uint32_t i = 0;

    if (why) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "%s; allowed: " CONF_MEMBER_SYNTAX, why);
        return;
    }
    m.line = entry->line;
    while (i < l->conf.member_count && l->conf.member[i].sid != m.sid)
        i++;
    if (i == CONF_MEMBERS_MAX) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "is more than the %d members there may be", CONF_MEMBERS_MAX);
        return;
    }
    if (i == l->conf.member_count)
        l->conf.member_count++;
    else
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "is given in line %u already: this one counts",
                  (unsigned)l->conf.member[i].line);
    l->conf.member[i] = m;
}

static void
take_group(struct conf_loading *l, const struct prop *entry)
{
    struct conf_group g;
    const char *why = conf_group_read(entry->key, entry->value, &g);

    if (why) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line, "%s", why);
        return;
    }
    g.line = entry->line;
    l->group[g.number] = g;
}

static void
take_weight(struct conf_loading *l, const struct prop *entry)
{
    struct conf_weight w;
    const char *why = conf_weight_read(entry->key, entry->value, &w);
    uint32_t i = 0;

    while (!why && i < l->weight_count && l->weight[i].sid != w.sid)
        i++;
    if (i == CONF_MEMBERS_MAX)
        why = "is more than the members there may be";
    if (why) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line, "%s", why);
        return;
    }
    w.line = entry->line;
    l->weight[i] = w;
    if (i == l->weight_count)
        l->weight_count++;
}

static void
take_membership(struct conf_loading *l, const struct conf_row *row,
                const struct prop *entry)
{
    if (*l->dynamic_path && !l->is_dynamic)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "parameter: %s must be in a separate dynamic config file",
                  entry->key);
    else if (strcmp(row->key, "server.*") == 0)
        take_member(l, entry);
    else if (strcmp(row->key, "group.*") == 0)
        take_group(l, entry);
    else
        take_weight(l, entry);
}

static void
refuse(const struct conf_row *row, struct conf_message *m)
{
    const char *allowed = row->type == CONF_T_CLASS ? row->unit
                          : row->init               ? row->init
                                                    : "no such line";

    m->severity = CONF_ERROR;
    snprintf(m->text, sizeof m->text, "refused: %s", row->help);
    snprintf(m->allowed, sizeof m->allowed, "%s", allowed);
}

/* The row's verdict on a value that is well formed; false: it has none. */
static bool
judge(const struct conf_row *row, const char *value, struct conf_message *m)
{
    if (conf_value_is_default(row, value))
        return false;
    m->severity = CONF_WARNING;
    switch ((enum conf_verdict)row->verdict) {
    case CONF_V_A:
        snprintf(m->text, sizeof m->text, "has no effect: %s", row->help);
        return true;
    case CONF_V_L:
        snprintf(m->text, sizeof m->text, "has no effect in this zabd: %s",
                 row->help);
        return true;
    case CONF_V_R:
        refuse(row, m);
        return true;
    default:
        return false;
    }
}

static void
take_value(struct conf_loading *l, const struct conf_row *row,
           const struct prop *entry)
{
    struct conf_message m = {.severity = CONF_NOTE, .line = entry->line};

    snprintf(m.file, sizeof m.file, "%s", l->file);
    snprintf(m.key, sizeof m.key, "%.90s", entry->key);
    conf_value_read(row, entry->value, &l->conf, &m);
    if (m.severity != CONF_NOTE)
        conf_report_put(l->report, &m);
    if (m.severity != CONF_ERROR && judge(row, entry->value, &m))
        conf_report_put(l->report, &m);
    *conf_row_line(row, &l->conf) = entry->line <= CONF_LINE_OPTION
                                        ? (uint16_t)entry->line
                                        : CONF_LINE_OPTION - 1;
}

static void
take_unknown(struct conf_loading *l, const struct prop *entry)
{
    const char *near = NULL;

    if (l->report->warnings < 16) /* else it is no zoo.cfg: searching is vain */
        near = conf_row_nearest(entry->key);
    if (near)
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "is not a known key and has no effect; did you mean %s?",
                  near);
    else
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "is not a known key and has no effect");
}

/* ZK: QuorumPeerConfig.parseDynamicConfig */
static void
take_dynamic(struct conf_loading *l, const struct conf_row *row,
             const struct prop *entry)
{
    if (strcmp(entry->key, "version") == 0)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "dynamic file shouldn't have version inside");
    else if (!row || row->type != CONF_T_MEMBER)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "Unrecognised parameter: %.100s", entry->key);
    else
        take_membership(l, row, entry);
}

void
conf_take(struct conf_loading *l, const struct prop *entry)
{
    const struct conf_row *row = conf_row_find(entry->key);
    uint32_t last;

    if (l->is_dynamic) {
        take_dynamic(l, row, entry);
        return;
    }
    if (!row) {
        take_unknown(l, entry);
        return;
    }
    last = l->last_line[row - conf_rows];
    if (row->type == CONF_T_MEMBER)
        take_membership(l, row, entry);
    else if (row->key[strlen(row->key) - 1] == '*' || last == entry->line)
        take_value(l, row, entry);
    else
        conf_tell(l, CONF_NOTE, entry->key, entry->line,
                  "is given again in line %u, which wins", (unsigned)last);
}

void
conf_take_option(struct conf_loading *l, const struct prop *entry)
{
    const struct conf_row *row = conf_row_find(entry->key);

    if (!row)
        take_unknown(l, entry);
    else if (row->type == CONF_T_MEMBER ||
             strcmp(row->key, conf_dynamic_key) == 0)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "cannot be an option; it belongs into the file");
    else
        take_value(l, row, entry);
}
