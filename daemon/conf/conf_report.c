/* SPDX-License-Identifier: Apache-2.0 */
/* conf_report.c - collects findings; see conf_load.h.  Pure but for printf. */
#include "daemon/conf/conf_load.h"

#include <inttypes.h>
#include <stdarg.h>

/* The last message less severe than `severity`, or `count`. */
static uint32_t
last_weaker(const struct conf_report *r, enum conf_severity severity)
{
    for (uint32_t i = r->count; i > 0; i--)
        if (r->message[i - 1].severity < severity)
            return i - 1;
    return r->count;
}

void
conf_report_put(struct conf_report *r, const struct conf_message *m)
{
    uint32_t weaker;

    r->errors += m->severity == CONF_ERROR;
    r->warnings += m->severity == CONF_WARNING;
    if (r->count < ARRAY_COUNT(r->message)) {
        r->message[r->count++] = *m;
        return;
    }
    r->dropped++;
    weaker = last_weaker(r, m->severity);
    if (weaker == r->count)
        return;
    memmove(&r->message[weaker], &r->message[weaker + 1],
            (r->count - weaker - 1) * sizeof *r->message);
    r->message[r->count - 1] = *m;
}

static void
tell(struct conf_loading *l, const char *file, struct conf_message *m,
     const char *format, va_list args)
{
    snprintf(m->file, sizeof m->file, "%.255s", file);
    vsnprintf(m->text, sizeof m->text, format, args);
    conf_report_put(l->report, m);
}

void
conf_tell(struct conf_loading *l, enum conf_severity severity, const char *key,
          uint32_t line, const char *format, ...)
{
    struct conf_message m = {.severity = severity, .line = line};
    va_list args;

    snprintf(m.key, sizeof m.key, "%s", key ? key : "");
    va_start(args, format);
    tell(l, l->file, &m, format, args);
    va_end(args);
}

void
conf_tell_line(struct conf_loading *l, enum conf_severity severity,
               const char *kind, int64_t number, uint32_t line,
               const char *format, ...)
{
    struct conf_message m = {.severity = severity, .line = line};
    va_list args;

    snprintf(m.key, sizeof m.key, "%s.%" PRId64, kind, number);
    va_start(args, format);
    tell(l, *l->dynamic_path ? l->dynamic_path : l->file, &m, format, args);
    va_end(args);
}
