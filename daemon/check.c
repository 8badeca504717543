/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - the end of a process that found itself broken.  Any process. */
#include "daemon/check.h"

#include <stdlib.h>

#include "daemon/log.h"

void
check_failed(const char *fact, const char *file, int line)
{
    log_error("bug: %s:%d: this must hold: %s", file, line, fact);
    abort();
}
