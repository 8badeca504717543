/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_value.c - one key's text: read and checked; see conf_table.h.
 *
 * Pure but for snprintf.  A reader per type gets a `struct reading`, stores
 * through it, or leaves a finding in its message.
 */
#include "daemon/conf/conf_table.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

struct reading {
    const struct conf_row *row;
    const char *text;
    void *field; /* NULL: only check */
    struct conf_message *m;
};

/* A finding about the value: the last one counts. */
static void
tell(struct reading *r, enum conf_severity severity, const char *what)
{
    r->m->severity = severity;
    if (conf_row_is_secret(r->row))
        snprintf(r->m->text, sizeof r->m->text, "the value %s", what);
    else
        snprintf(r->m->text, sizeof r->m->text, "\"%.100s\" %s", r->text, what);
    if (severity == CONF_ERROR)
        conf_value_allowed(r->row, r->m->allowed, sizeof r->m->allowed);
}

static void
store_int(struct reading *r, int64_t v)
{
    if (!r->field)
        return;
    if (r->row->size == sizeof(int64_t))
        *(int64_t *)r->field = v;
    else
        *(int32_t *)r->field = (int32_t)v;
}

/*
 * A whole number in `base` up to `*end`, which may not be the text's end.
 * ZK: Integer.parseInt takes a sign and digits, no blanks.
 */
static bool
scan_int(const char *text, int base, int64_t *v, const char **end)
{
    const char *digits = text + (*text == '-' || *text == '+');
    char *stop;

    if (*digits < '0' || *digits > '9')
        return false;
    errno = 0;
    *v = strtoll(text, &stop, base);
    *end = stop;
    return errno == 0;
}

static void
store_in_range(struct reading *r, int64_t v)
{
    if (v > r->row->max || (v < r->row->min && r->row->type != CONF_T_RAISED)) {
        tell(r, CONF_ERROR, "is out of range");
        return;
    }
    if (v < r->row->min) {
        tell(r, CONF_WARNING, "is too small, the least is taken");
        v = r->row->min;
    }
    store_int(r, v);
}

static void
read_number(struct reading *r)
{
    bool hex =
        r->row->type == CONF_T_HEXNUM && strncasecmp(r->text, "0x", 2) == 0;
    const char *end;
    int64_t v;

    if (!scan_int(r->text, hex ? 16 : 10, &v, &end) || *end)
        tell(r, CONF_ERROR, "is not a number");
    else
        store_in_range(r, v);
}

/* By how many bits a unit shifts a size, 0 for none; -1: there is no such. */
static int
shift_of(const char *unit)
{
    static const char units[] = "kmgt";
    const char *at;

    if (!*unit)
        return 0;
    at = unit[1] == '\0' ? strchr(units, *unit | 0x20) : NULL;
    return at ? 10 * (int)(at - units + 1) : -1;
}

static void
read_bytes(struct reading *r)
{
    const char *unit;
    int64_t v;
    int shift = scan_int(r->text, 10, &v, &unit) ? shift_of(unit) : -1;

    if (shift < 0)
        tell(r, CONF_ERROR, "is not a size");
    else if (v < 0 || v > INT64_MAX >> shift)
        tell(r, CONF_ERROR, "is out of range");
    else
        store_in_range(r, v << shift);
}

/* ZK: 3.10 takes units for the purge interval; a bare number is hours. */
static int64_t
ms_of(const char *unit)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 3600000}, {"ms", 1},      {"s", 1000},
                 {"m", 60000},  {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (strcmp(unit, units[i].unit) == 0)
            return units[i].ms;
    return 0; /* there is no such unit */
}

static void
read_hours(struct reading *r)
{
    const char *unit;
    int64_t v, ms = scan_int(r->text, 10, &v, &unit) ? ms_of(unit) : 0;

    if (ms == 0)
        tell(r, CONF_ERROR, "is not a time");
    else if (v > INT32_MAX)
        tell(r, CONF_ERROR, "is out of range");
    else
        store_int(r, v < 0 ? 0 : v * ms);
}

static void
read_ratio(struct reading *r)
{
    char *end;
    double v = strtod(r->text, &end);
    bool bounded = r->row->min < r->row->max;

    if (end == r->text || *end || v != v)
        tell(r, CONF_ERROR, "is not a number");
    else if (bounded && (v < (double)r->row->min || v > (double)r->row->max))
        tell(r, CONF_ERROR, "is out of range");
    else if (r->field)
        *(double *)r->field = v;
}

static bool
is_on(const struct conf_row *row, const char *text)
{
    switch (row->type) {
    case CONF_T_NOTNO:
        return strcmp(text, "no") != 0;
    case CONF_T_ISYES:
        return strcmp(text, "yes") == 0;
    default:
        return strcasecmp(text, "true") == 0;
    }
}

/* STRICT refuses anything else; the others read it as ZooKeeper does. */
static void
read_flag(struct reading *r)
{
    bool yes_no = r->row->type == CONF_T_NOTNO || r->row->type == CONF_T_ISYES;
    bool on = is_on(r->row, r->text);
    bool clear = yes_no ? !strcmp(r->text, "yes") || !strcmp(r->text, "no")
                        : on || strcasecmp(r->text, "false") == 0;

    if (!clear && r->row->type == CONF_T_STRICT) {
        tell(r, CONF_ERROR, "is neither true nor false");
        return;
    }
    if (!clear)
        tell(r, CONF_WARNING,
             yes_no ? on ? "is neither yes nor no, and means yes"
                         : "is neither yes nor no, and means no"
                    : "is neither true nor false, and means false");
    if (r->field)
        *(bool *)r->field = on;
}

static void
read_text(struct reading *r)
{
    size_t n = strlen(r->text);

    if (n >= conf_row_room(r->row)) {
        tell(r, CONF_ERROR, "is too long");
    } else if (r->field) {
        memset(r->field, 0, r->row->size);
        memcpy(r->field, r->text, n);
    }
}

/* ZK: VerifyingFileFactory.create throws on an empty one. */
static void
read_path(struct reading *r)
{
    if (*r->text || r->row->init)
        read_text(r);
    else
        tell(r, CONF_ERROR, "names nothing");
}

/* Bracketed IPv6 as in membership lines loses its brackets. */
static void
read_host(struct reading *r)
{
    char bare[CONF_ADDRESS_MAX];
    size_t n = strlen(r->text);
    bool bracketed = n > 2 && r->text[0] == '[' && r->text[n - 1] == ']';

    if (n >= sizeof bare || strpbrk(r->text, " \t/,;")) {
        tell(r, CONF_ERROR, "is not an address");
        return;
    }
    if (bracketed) {
        snprintf(bare, sizeof bare, "%.*s", (int)n - 2, r->text + 1);
        r->text = bare;
    }
    read_text(r);
}

/* The next word of a comma list without blanks around; false at its end. */
static bool
next_item(const char **list, char *item, size_t size)
{
    const char *start, *end;

    do {
        if (!**list)
            return false;
        start = *list + strspn(*list, " \t");
        end = start + strcspn(start, ",");
        *list = *end ? end + 1 : end;
        while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
    } while (end == start);
    snprintf(item, size, "%.*s", (int)(end - start), start);
    return true;
}

static int
word_index(const char *word)
{
    for (int i = 0; i < CONF_WORD_COUNT; i++)
        if (strcmp(conf_word_names[i], word) == 0)
            return i;
    return -1;
}

/* Ours: -word takes one out again, wherever it stands in the list. */
static void
read_words(struct reading *r)
{
    const uint32_t all = (1U << CONF_WORD_COUNT) - 1;
    uint32_t in = 1U << CONF_WORD_SRVR, out = 0;
    const char *list = r->text;
    char item[16];

    while (next_item(&list, item, sizeof item)) {
        int i = word_index(item + (item[0] == '-'));

        if (strcmp(item, "*") == 0)
            in = all;
        else if (i < 0)
            tell(r, CONF_WARNING, "names an unknown four letter word");
        else if (item[0] == '-')
            out |= 1U << i;
        else
            in |= 1U << i;
    }
    if (r->field)
        *(uint32_t *)r->field = (in & ~out) | 1U << CONF_WORD_SRVR;
}

/* Whether an unknown scheme matters is known when all is read. */
static void
read_schemes(struct reading *r)
{
    const char *list = r->text;
    uint32_t schemes = 0;
    char item[32];

    while (next_item(&list, item, sizeof item))
        schemes |= !strcmp(item, "digest") ? (uint32_t)CONF_SCHEME_DIGEST
                   : !strcmp(item, "ip")   ? (uint32_t)CONF_SCHEME_IP
                                           : (uint32_t)CONF_SCHEME_UNKNOWN;
    if (r->field)
        *(uint32_t *)r->field = schemes;
}

/* Is `text` among the choices of the row's unit?  Their index, or -1. */
static int
choice_of(const struct conf_row *row, const char *text)
{
    size_t n = strlen(text);
    const char *at = row->unit;

    for (int i = 0; *at; i++) {
        size_t length = strcspn(at, "|");

        if (length == n && strncasecmp(at, text, n) == 0)
            return i;
        at += length + (at[length] == '|');
    }
    return -1;
}

static void
read_choice(struct reading *r)
{
    int i = choice_of(r->row, r->text);

    if (i < 0)
        tell(r, CONF_ERROR, "is not known");
    else
        store_int(r, i);
}

void
conf_value_read(const struct conf_row *row, const char *text, struct conf *conf,
                struct conf_message *m)
{
    struct reading r = {.row = row, .text = text, .m = m};

    r.field = row->size ? conf_row_field(row, conf) : NULL;
    switch ((enum conf_type)row->type) {
    case CONF_T_NUMBER:
    case CONF_T_RAISED:
    case CONF_T_HEXNUM:
    case CONF_T_PORT:
        read_number(&r);
        break;
    case CONF_T_BYTES:
        read_bytes(&r);
        break;
    case CONF_T_RATIO:
        read_ratio(&r);
        break;
    case CONF_T_HOURS:
        read_hours(&r);
        break;
    case CONF_T_STRICT:
    case CONF_T_TRUE:
    case CONF_T_NOTNO:
    case CONF_T_ISYES:
        read_flag(&r);
        break;
    case CONF_T_TEXT:
        read_text(&r);
        break;
    case CONF_T_PATH:
        read_path(&r);
        break;
    case CONF_T_HOST:
        read_host(&r);
        break;
    case CONF_T_WORDS:
        read_words(&r);
        break;
    case CONF_T_SCHEMES:
        read_schemes(&r);
        break;
    case CONF_T_CHOICE:
        read_choice(&r);
        break;
    case CONF_T_MEMBER: /* conf_member.c */
    case CONF_T_CLASS:  /* the verdict decides */
    case CONF_T_ANY:
        break;
    }
}

bool
conf_value_is_default(const struct conf_row *row, const char *text)
{
    if (row->type == CONF_T_CLASS && choice_of(row, text) >= 0)
        return true;
    if (!row->init)
        return false;
    if (row->type == CONF_T_STRICT || row->type == CONF_T_TRUE)
        return is_on(row, text) == is_on(row, row->init);
    return strcmp(text, row->init) == 0;
}
