/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standard_files.h - a program may be started without one of the three standard
 * files: the next file that it opens would be it, and get its words.
 */
#ifndef DAEMON_STANDARD_FILES_H
#define DAEMON_STANDARD_FILES_H

/*
 * Have /dev/null in the place of those that are missing, opened as `flags` of
 * open(2) say: with O_RDONLY what is written to nobody fails, with O_RDWR it
 * is lost.  First thing in main.
 */
void standard_files_fill(int flags);

#endif
