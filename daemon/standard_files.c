/* SPDX-License-Identifier: Apache-2.0 */
/* standard_files.c - see standard_files.h. */
#include "daemon/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

void
standard_files_fill(int flags)
{
    int fd;

    do
        fd = open("/dev/null", flags);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}
