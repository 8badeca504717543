/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_guard.h - a damaged image is told of, not died of.
 *
 * LMDB believes what its pages say.  In one that a disk has damaged it may find
 * a page behind the end of the file, or a kind of node that it has nothing
 * for, and the kernel ends whoever follows that: SIGBUS, SIGSEGV, again and
 * again, for nothing gets better by starting anew.  With the guard such a
 * process says what is wrong and what to do, and ends with EXIT_DATA.  Any
 * other fault is what it was before.
 */
#ifndef STORAGE_IMAGE_IMAGE_GUARD_H
#define STORAGE_IMAGE_IMAGE_GUARD_H

#include <stdnoreturn.h>

#include "storage/datafile.h"

/* From here on, in this process; image_open does it.  Once is enough. */
void image_guard(void);

/*
 * For a process that is none of a server's: `tell` says it instead, and what it
 * returns is the exit status.  LMDB is in the middle of something meanwhile.
 */
typedef int image_damage_fn(const struct data_error *e);
void image_guard_tells(image_damage_fn *tell);

/* LMDB found out itself, and would abort: end, as the guard does. */
noreturn void image_is_damaged(const char *path, const char *what);

#endif
