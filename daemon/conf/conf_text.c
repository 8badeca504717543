/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_text.c - values and findings as text for people; see conf_table.h and
 * conf.h.  Pure but for snprintf and the FILE it is given.
 */
#include "daemon/conf/conf_member.h"
#include "daemon/conf/conf_table.h"

#include <inttypes.h>

static int64_t
int_of(const struct conf_row *row, const struct conf *conf)
{
    const char *field = (const char *)conf + row->offset;
    int64_t wide;
    int32_t narrow;

    if (row->size == sizeof wide) {
        memcpy(&wide, field, sizeof wide);
        return wide;
    }
    memcpy(&narrow, field, sizeof narrow);
    return narrow;
}

static bool
flag_of(const struct conf_row *row, const struct conf *conf)
{
    return *((const char *)conf + row->offset) != 0;
}

static void
format_choice(const struct conf_row *row, int64_t index, char *text,
              size_t size)
{
    const char *at = row->unit;

    for (; index > 0; index--)
        at += strcspn(at, "|") + 1;
    snprintf(text, size, "%.*s", (int)strcspn(at, "|"), at);
}

static void
append(char *text, size_t size, const char *item)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, "%s%s", used ? "," : "", item);
}

static void
format_words(uint32_t bits, char *text, size_t size)
{
    text[0] = '\0';
    for (uint32_t i = 0; i < CONF_WORD_COUNT; i++)
        if (bits >> i & 1)
            append(text, size, conf_word_names[i]);
}

static void
format_schemes(uint32_t bits, char *text, size_t size)
{
    text[0] = '\0';
    if (bits & CONF_SCHEME_DIGEST)
        append(text, size, "digest");
    if (bits & CONF_SCHEME_IP)
        append(text, size, "ip");
}

static void
format_hours(int64_t ms, char *text, size_t size)
{
    if (ms % 3600000 == 0)
        snprintf(text, size, "%" PRId64, ms / 3600000);
    else
        snprintf(text, size, "%" PRId64 "ms", ms);
}

void
conf_value_format(const struct conf_row *row, const struct conf *conf,
                  char *text, size_t size)
{
    const char *field = (const char *)conf + row->offset;
    double ratio;

    switch ((enum conf_type)row->type) {
    case CONF_T_RATIO:
        memcpy(&ratio, field, sizeof ratio);
        snprintf(text, size, "%g", ratio);
        break;
    case CONF_T_STRICT:
    case CONF_T_TRUE:
        snprintf(text, size, "%s", flag_of(row, conf) ? "true" : "false");
        break;
    case CONF_T_NOTNO:
    case CONF_T_ISYES:
        snprintf(text, size, "%s", flag_of(row, conf) ? "yes" : "no");
        break;
    case CONF_T_TEXT:
    case CONF_T_PATH:
    case CONF_T_HOST:
        snprintf(text, size, "%s", field);
        break;
    case CONF_T_WORDS:
        format_words((uint32_t)int_of(row, conf), text, size);
        break;
    case CONF_T_SCHEMES:
        format_schemes((uint32_t)int_of(row, conf), text, size);
        break;
    case CONF_T_CHOICE:
        format_choice(row, int_of(row, conf), text, size);
        break;
    case CONF_T_HOURS:
        format_hours(int_of(row, conf), text, size);
        break;
    default:
        snprintf(text, size, "%" PRId64, int_of(row, conf));
        break;
    }
    if (conf_row_is_secret(row) && *text)
        snprintf(text, size, "<redacted>");
}

static void
allowed_range(const struct conf_row *row, char *text, size_t size)
{
    const char *unit = row->unit;

    if (row->min <= INT32_MIN)
        snprintf(text, size, "a whole number%s%s up to %" PRId64,
                 *unit ? " of " : "", unit, row->max);
    else
        snprintf(text, size,
                 "a whole number from %" PRId64 " to %" PRId64 "%s%s", row->min,
                 row->max, *unit ? " " : "", unit);
}

void
conf_value_allowed(const struct conf_row *row, char *text, size_t size)
{
    switch ((enum conf_type)row->type) {
    case CONF_T_NUMBER:
    case CONF_T_RAISED:
    case CONF_T_HEXNUM:
    case CONF_T_PORT:
        allowed_range(row, text, size);
        break;
    case CONF_T_BYTES:
        snprintf(text, size,
                 "bytes, or a number with K, M, G or T, from %" PRId64
                 " to %" PRId64,
                 row->min, row->max);
        break;
    case CONF_T_RATIO:
        snprintf(text, size,
                 row->min < row->max ? "a number from 0 to 1" : "a number");
        break;
    case CONF_T_HOURS:
        snprintf(text, size, "hours, or a number with ms, s, m, h or d");
        break;
    case CONF_T_STRICT:
        snprintf(text, size, "true or false");
        break;
    case CONF_T_TEXT:
    case CONF_T_PATH:
        snprintf(text, size, row->init ? "at most %zu bytes" : "1 to %zu bytes",
                 conf_row_room(row) - 1);
        break;
    case CONF_T_HOST:
        snprintf(text, size, "one host name or address");
        break;
    case CONF_T_CHOICE:
        snprintf(text, size, "%s", row->unit);
        break;
    default:
        text[0] = '\0';
        break;
    }
}

void
conf_message_format(const struct conf_message *m, char *text, size_t size)
{
    static const char *const severity[] = {"note", "warning", "error"};
    bool is_option = m->line == CONF_LINE_OPTION;
    char place[16] = "";

    if (m->line && !is_option)
        snprintf(place, sizeof place, ":%" PRIu32, m->line);
    snprintf(text, size, "%s%s: %s: %s%s%s%s%s",
             is_option ? "command line" : m->file, place, severity[m->severity],
             m->key, *m->key ? ": " : "", m->text,
             *m->allowed ? "; allowed: " : "", m->allowed);
}

/* Backslashes are doubled, so that the parser reads the same value. */
static void
print_value(const char *value, FILE *out)
{
    for (; *value; value++) {
        if (*value == '\\')
            fputc('\\', out);
        fputc(*value, out);
    }
}

static void
print_group(const struct conf *conf, int32_t group, FILE *out)
{
    const char *glue = "=";

    for (uint32_t i = 0; i < conf->member_count; i++) {
        const struct conf_member *m = &conf->member[i];

        if (m->group != group)
            continue;
        if (*glue == '=')
            fprintf(out, "group.%" PRId32, group);
        fprintf(out, "%s%" PRId64, glue, m->sid);
        glue = ":";
    }
    if (*glue == ':')
        fputc('\n', out);
}

/* The server lines, groups and weights. */
static void
print_members(const struct conf *conf, FILE *out)
{
    char value[CONF_MEMBER_TEXT_MAX];

    if (conf->member_count > 0)
        fprintf(out, "# myid %" PRId64 "\n", conf->my_sid);
    for (uint32_t i = 0; i < conf->member_count; i++) {
        conf_member_format(&conf->member[i], value, sizeof value);
        fprintf(out, "server.%" PRId64 "=%s\n", conf->member[i].sid, value);
    }
    for (int32_t g = 1; g <= CONF_GROUPS_MAX; g++)
        print_group(conf, g, out);
    for (uint32_t i = 0; i < conf->member_count; i++)
        if (conf->member[i].group != 0)
            fprintf(out, "weight.%" PRId64 "=%" PRId64 "\n",
                    conf->member[i].sid, conf->member[i].weight);
}

void
conf_print(const struct conf *conf, FILE *out)
{
    char value[CONF_PATH_MAX];

    fprintf(out, "# %s\n", *conf->path ? conf->path : CONF_DEFAULT_NAME);
    for (uint32_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];

        if (row->size == 0)
            continue;
        conf_value_format(row, conf, value, sizeof value);
        if (conf->line[i] == CONF_LINE_OPTION)
            fprintf(out, "# command line\n");
        else if (conf->line[i])
            fprintf(out, "# line %u\n", (unsigned)conf->line[i]);
        fprintf(out, "%s=", row->key);
        print_value(value, out);
        fputc('\n', out);
    }
    print_members(conf, out);
}
