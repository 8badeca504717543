/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_shm.h - the shared memory of a running server, to be looked at.
 *
 * It is mapped for reading only, at the server's own addresses, so that the
 * pointers in it are valid; no cursor is taken, nobody waits for us.  What
 * is read may change or be overwritten at any moment.  Needs root: it is opened
 * by /proc/PID/map_files.
 */
#ifndef TOOLS_ZAB_SHM_H
#define TOOLS_ZAB_SHM_H

#include "daemon/shm.h"

/*
 * Map what process `pid` of a server shares.  NULL, told on stderr: it is not
 * a zabd of this version, or we may not look.  Once in a process; may execute
 * `argv` anew, with other addresses, when ours are in the way.
 */
const struct shm *zab_shm_map(const char *command, int pid, char **argv);

#endif
