/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_text.h - how `zab` prints what it finds in files, and what went wrong.
 *
 * Paths and other text of strangers are printed so that a line stays a line,
 * a column a column and a terminal as it is: the bytes of spaces, backslashes,
 * characters that a terminal does not just show, and what is no UTF-8 become
 * \xHH; in JSON such characters become \u escapes, as do UTF-16 surrogates
 * that Java wrote each on its own, and what is no text becomes \ufffd.
 */
#ifndef TOOLS_ZAB_TEXT_H
#define TOOLS_ZAB_TEXT_H

#include <stdio.h>

#include "storage/datafile.h"

/* "zab COMMAND: ..." on stderr. */
void zab_complain(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void zab_complain_error(const char *command, const struct data_error *e);

void zab_put_text(FILE *to, struct bytes text);
void zab_put_json(FILE *to, struct bytes text); /* with its quotes */

/* 2026-11-23T13:55:01.123Z */
void zab_put_time(FILE *to, wall_ms_t time);

/* A serialised vector<ACL> as scheme:id:perms,..., perms of "rwcda". */
void zab_put_acl(FILE *to, struct bytes acl);

/* What the owner field means: "-", "container", "ttl=MS" or the session. */
void zab_put_owner(FILE *to, int64_t owner);

/* "0x1f" and no other spelling, for 10 could be two zxids.  False: it is not.
 */
bool zab_parse_zxid(const char *text, zxid_t *zxid);

/*
 * Around a line of a terminal that another one replaces.  Where it is narrow
 * the end is not seen: a line that went on in the next would not be replaced.
 */
#define ZAB_LINE_BEGIN "\r\033[?7l"
#define ZAB_LINE_END "\033[K\033[?7h"
#define ZAB_LINE_CLEAR "\r\033[K"

/*
 * A line on stderr that tells how far a long job is: every half second on a
 * terminal, else every ten.  A progress_fn.
 */
struct zab_progress {
    const char *command;
    const char *doing; /* "reading the snapshot" */
    mono_ms_t next;
    bool is_open; /* the line on the terminal is not ended */
};

void zab_progress_begin(struct zab_progress *p, const char *command,
                        const char *doing);
void zab_progress(void *progress, uint64_t done, uint64_t total);
void zab_progress_end(struct zab_progress *p);

#endif
