/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_guard.h - a damaged image is reported, where LMDB would crash.
 *
 * LMDB believes what its pages say.  A page that a disk has damaged may name
 * one behind the end of the file, or a kind of node that LMDB does not know,
 * and the kernel ends the process that follows it: SIGBUS, SIGSEGV, again and
 * again, for no restart makes it better.  With the guard such a process says
 * what is wrong and what to do, and ends with EXIT_DATA.  It does the same, but
 * with EXIT_UNEXPECTED, where LMDB's lock file cannot be written, as on a full
 * disk: another try may go better.  Any other fault takes its usual course.
 */
#ifndef STORAGE_IMAGE_IMAGE_GUARD_H
#define STORAGE_IMAGE_IMAGE_GUARD_H

#include <stdnoreturn.h>

#include "storage/datafile.h"

/* From here on, in this process; image_open does it.  Once is enough. */
void image_guard(void);

/*
 * For tools: `tell` reports it instead, and its result is the exit status.  It
 * must not use LMDB, which was interrupted.
 */
typedef int image_damage_fn(const struct data_error *e);
void image_guard_tells(image_damage_fn *tell);

/* LMDB found out itself, and would abort: end, as the guard does. */
noreturn void image_is_damaged(const char *path, const char *what);

#endif
