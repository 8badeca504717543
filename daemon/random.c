/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - see random.h.  Any process. */
#include "daemon/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/log.h"

uint64_t
random_number(void)
{
    uint64_t n;

    if (getrandom(&n, sizeof n, 0) != sizeof n)
        fatal(EXIT_UNEXPECTED, "no random numbers: %s", strerror(errno));
    return n;
}
