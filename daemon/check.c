/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - the end of a process that found itself broken.  Any process. */
#include "daemon/check.h"

#include <stdio.h>
#include <stdlib.h>

void
check_failed(const char *fact, const char *file, int line)
{
    fprintf(stderr, "<2>bug: %s:%d: this must hold: %s\n", file, line, fact);
    abort();
}
