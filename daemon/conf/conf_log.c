/* SPDX-License-Identifier: Apache-2.0 */
/* conf_log.c - see conf_log.h.  Supervisor: at start and at reload. */
#include "daemon/conf/conf_log.h"

void
conf_log(const struct conf_report *report, const char *prefix,
         enum log_level note_level)
{
    char text[1024];

    for (uint32_t i = 0; i < report->count; i++) {
        const struct conf_message *m = &report->message[i];
        enum log_level level = m->severity == CONF_ERROR     ? LOG_ERROR
                               : m->severity == CONF_WARNING ? LOG_WARN
                                                             : note_level;

        conf_message_format(m, text, sizeof text);
        log_line(level, "%s%s", prefix, text);
    }
    if (report->dropped > 0)
        log_warn("%sand %u more findings", prefix, report->dropped);
}
