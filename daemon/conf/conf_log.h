/* SPDX-License-Identifier: Apache-2.0 */
/* conf_log.h - the findings about a configuration, as lines of the log. */
#ifndef DAEMON_CONF_CONF_LOG_H
#define DAEMON_CONF_CONF_LOG_H

#include "daemon/conf/conf.h"
#include "daemon/log.h"

/* One line for each finding, after `prefix`; notes at `note_level`. */
void conf_log(const struct conf_report *report, const char *prefix,
              enum log_level note_level);

#endif
