/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - numbers that nobody can guess: seeds of hashes, ids.
 *
 * Any process.
 */
#ifndef DAEMON_RANDOM_H
#define DAEMON_RANDOM_H

#include <stdint.h>

/* 64 bits from the kernel; or fatal, for what needs one is not safe without. */
uint64_t random_number(void);

#endif
