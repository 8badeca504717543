/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_table.h - the rows of conf.def as values, and one key's text.
 *
 * Pure.  For daemon/conf/ and its tests only; others read struct conf.
 */
#ifndef DAEMON_CONF_CONF_TABLE_H
#define DAEMON_CONF_CONF_TABLE_H

#include "daemon/conf/conf.h"

/* The types, verdicts and reload classes are explained in conf.def. */
enum conf_type {
    CONF_T_NUMBER,
    CONF_T_RAISED,
    CONF_T_HEXNUM,
    CONF_T_BYTES,
    CONF_T_RATIO,
    CONF_T_HOURS,
    CONF_T_PORT,
    CONF_T_STRICT,
    CONF_T_TRUE,
    CONF_T_NOTNO,
    CONF_T_ISYES,
    CONF_T_TEXT,
    CONF_T_PATH,
    CONF_T_HOST,
    CONF_T_WORDS,
    CONF_T_SCHEMES,
    CONF_T_MEMBER,
    CONF_T_CHOICE,
    CONF_T_CLASS,
    CONF_T_ANY,
};

enum conf_verdict {
    CONF_V_S,
    CONF_V_s,
    CONF_V_a,
    CONF_V_A,
    CONF_V_L,
    CONF_V_R,
};

enum conf_reload { CONF_LIVE, CONF_NEW, CONF_RESTART, CONF_FIXED };

struct conf_row {
    const char *key;
    const char *init; /* default as text; NULL: none */
    const char *unit; /* or the choices, separated by | */
    const char *help;
    int64_t min, max;
    uint16_t offset, size; /* of the field; size 0: kept nowhere */
    uint8_t type, verdict, reload;
};

extern const struct conf_row conf_rows[];
extern const uint32_t conf_row_count;
extern const char *const conf_word_names[]; /* by enum conf_word */

/* A scheme that no connection can hold, in enforce_auth_schemes. */
enum { CONF_SCHEME_UNKNOWN = 1 << 30 };

/*
 * The row of a key as written in a file, aliases and the zookeeper. prefix
 * resolved; NULL if there is none.
 */
const struct conf_row *conf_row_find(const char *key);

/* The known spelling most like `key`, NULL if none is near. */
const char *conf_row_nearest(const char *key);

/* Must the value never be shown? */
bool conf_row_is_secret(const struct conf_row *row);

/* Where struct conf keeps the value of `row`. */
static inline void *
conf_row_field(const struct conf_row *row, struct conf *conf)
{
    return (char *)conf + row->offset;
}

/* Bytes of the text that `row` may have, with the final zero. */
static inline size_t
conf_row_room(const struct conf_row *row)
{
    return row->size > 0 ? row->size : CONF_PATH_MAX; /* a file's name */
}

static inline uint16_t *
conf_row_line(const struct conf_row *row, struct conf *conf)
{
    return &conf->line[row - conf_rows];
}

/* The line where the known key `key` was set, 0 if it was not. */
uint16_t conf_line_of(const struct conf *conf, const char *key);

/*
 * Read `text` as the value of `row` into its field, or only check it if the
 * row keeps none.  A finding goes into text, allowed and severity of `m`,
 * which the caller prepared with CONF_NOTE.  Nothing is stored on an error.
 */
void conf_value_read(const struct conf_row *row, const char *text,
                     struct conf *conf, struct conf_message *m);

/* Is `text` what the row has by default? */
bool conf_value_is_default(const struct conf_row *row, const char *text);

/* Print the value of `row`, so that reading it gives the same. */
void conf_value_format(const struct conf_row *row, const struct conf *conf,
                       char *text, size_t size);

/* What its value may be, in words. */
void conf_value_allowed(const struct conf_row *row, char *text, size_t size);

#endif
