/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.c - reads zoo.cfg into a struct conf; see conf.h.
 *
 * A file is read twice: once to learn where each key is given last (that one
 * wins, as in Java), once to take the values in.  Then conf_rules.c looks at
 * them together.  Every finding goes into the report; nothing is printed.
 */
#include "daemon/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/conf_load.h"
#include "daemon/conf_props.h"

/* The whole of a file; `*text` is the caller's to free.  0 or -errno. */
static int
read_all(int fd, char **text, int32_t *size)
{
    struct stat st;
    size_t used = 0;
    ssize_t n;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    *text = malloc(CONF_FILE_BYTES_MAX + 1);
    if (!*text)
        return -ENOMEM;
    do {
        n = read(fd, *text + used, CONF_FILE_BYTES_MAX + 1 - used);
        used += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && used <= CONF_FILE_BYTES_MAX) ||
             (n < 0 && errno == EINTR));
    *size = (int32_t)used;
    return n < 0 ? -errno : used > CONF_FILE_BYTES_MAX ? -EFBIG : 0;
}

int
conf_slurp(const char *path, char **text, int32_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    *text = NULL;
    if (fd < 0)
        return -errno;
    rc = read_all(fd, text, size);
    close(fd);
    return rc;
}

/* Every stored key at its default; those without one stay zero. */
static void
set_defaults(struct conf *conf)
{
    for (uint32_t i = 0; i < conf_row_count; i++) {
        struct conf_message m = {.severity = CONF_NOTE};

        if (conf_rows[i].size == 0 || !conf_rows[i].init)
            continue;
        conf_value_read(&conf_rows[i], conf_rows[i].init, conf, &m);
        check(m.severity == CONF_NOTE);
    }
}

/*
 * server.3 given twice is one key: the later line replaces the earlier.  Most
 * likely one of the two should have had another number.
 */
static void
take_member(struct conf_loading *l, const struct prop *entry)
{
    struct conf_member m;
    const char *why = conf_member_read(entry->key, entry->value, &m);
    uint32_t i = 0;

    if (why) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "%s; allowed: " CONF_MEMBER_SYNTAX, why);
        return;
    }
    m.line = entry->line;
    while (i < l->member_count && l->member[i].sid != m.sid)
        i++;
    if (i == CONF_MEMBERS_MAX) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "is more than the %d members there may be", CONF_MEMBERS_MAX);
        return;
    }
    if (i == l->member_count)
        l->member_count++;
    else
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "is given in line %u already: this one counts",
                  (unsigned)l->member[i].line);
    l->member[i] = m;
}

static void
take_group(struct conf_loading *l, const struct prop *entry)
{
    struct conf_group g;
    const char *why = conf_group_read(entry->key, entry->value, &g);

    if (why) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line, "%s", why);
        return;
    }
    g.line = entry->line;
    l->group[g.number] = g;
}

static void
take_weight(struct conf_loading *l, const struct prop *entry)
{
    struct conf_weight w;
    const char *why = conf_weight_read(entry->key, entry->value, &w);
    uint32_t i = 0;

    while (!why && i < l->weight_count && l->weight[i].sid != w.sid)
        i++;
    if (i == CONF_MEMBERS_MAX)
        why = "is more than the members there may be";
    if (why) {
        conf_tell(l, CONF_ERROR, entry->key, entry->line, "%s", why);
        return;
    }
    w.line = entry->line;
    l->weight[i] = w;
    if (i == l->weight_count)
        l->weight_count++;
}

static void
take_membership(struct conf_loading *l, const struct conf_row *row,
                const struct prop *entry)
{
    if (*l->dynamic_path && !l->is_dynamic)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "parameter: %s must be in a separate dynamic config file",
                  entry->key);
    else if (strcmp(row->key, "server.*") == 0)
        take_member(l, entry);
    else if (strcmp(row->key, "group.*") == 0)
        take_group(l, entry);
    else
        take_weight(l, entry);
}

/* The row's verdict on a value that is well formed. */
static void
judge(struct conf_loading *l, const struct conf_row *row,
      const struct prop *entry)
{
    if (conf_value_is_default(row, entry->value))
        return;
    switch ((enum conf_verdict)row->verdict) {
    case CONF_V_A:
        conf_tell(l, CONF_WARNING, entry->key, entry->line, "has no effect: %s",
                  row->help);
        break;
    case CONF_V_L:
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "has no effect in this zabd: %s", row->help);
        break;
    case CONF_V_R:
        conf_tell(l, CONF_ERROR, entry->key, entry->line, "refused: %s",
                  row->help);
        break;
    default:
        break;
    }
}

static void
take_value(struct conf_loading *l, const struct conf_row *row,
           const struct prop *entry)
{
    struct conf_message m = {.severity = CONF_NOTE, .line = entry->line};

    snprintf(m.file, sizeof m.file, "%s", l->file);
    snprintf(m.key, sizeof m.key, "%.90s", entry->key);
    conf_value_read(row, entry->value, &l->conf, &m);
    if (m.severity != CONF_NOTE)
        conf_report_put(l->report, &m);
    if (m.severity != CONF_ERROR)
        judge(l, row, entry);
    *conf_row_line(row, &l->conf) = entry->line <= CONF_LINE_OPTION
                                        ? (uint16_t)entry->line
                                        : CONF_LINE_OPTION - 1;
}

static void
take_unknown(struct conf_loading *l, const struct prop *entry)
{
    const char *near = NULL;

    if (l->report->warnings < 16) /* else it is no zoo.cfg, and a search */
        near = conf_row_nearest(entry->key);
    if (near)
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "is not a known key and has no effect; did you mean %s?",
                  near);
    else
        conf_tell(l, CONF_WARNING, entry->key, entry->line,
                  "is not a known key and has no effect");
}

/* ZK: QuorumPeerConfig.parseDynamicConfig */
static void
take_dynamic(struct conf_loading *l, const struct conf_row *row,
             const struct prop *entry)
{
    if (strcmp(entry->key, "version") == 0)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "dynamic file shouldn't have version inside");
    else if (!row || row->type != CONF_T_MEMBER)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "Unrecognised parameter: %.100s", entry->key);
    else
        take_membership(l, row, entry);
}

static void
take_entry(struct conf_loading *l, const struct prop *entry)
{
    const struct conf_row *row = conf_row_find(entry->key);
    uint32_t last;

    if (l->is_dynamic) {
        take_dynamic(l, row, entry);
        return;
    }
    if (!row) {
        take_unknown(l, entry);
        return;
    }
    last = l->last_line[row - conf_rows];
    if (row->type == CONF_T_MEMBER)
        take_membership(l, row, entry);
    else if (row->key[strlen(row->key) - 1] == '*' || last == entry->line)
        take_value(l, row, entry);
    else
        conf_tell(l, CONF_NOTE, entry->key, entry->line,
                  "is given again in line %u, which wins", (unsigned)last);
}

static const char dynamic_key[] = "dynamicConfigFile";

/* The first reading: where keys end up, and what is no entry at all. */
static void
find_last_lines(struct conf_loading *l, struct bytes text)
{
    struct props props;
    struct prop entry;
    int rc;

    props_init(&props, text);
    while ((rc = props_next(&props, &entry)) != 0) {
        const struct conf_row *row = rc > 0 ? conf_row_find(entry.key) : NULL;

        if (rc == -EILSEQ)
            conf_tell(l, CONF_ERROR, NULL, entry.line,
                      "has a \\u escape that is no character, or a zero byte");
        else if (rc == -E2BIG)
            conf_tell(l, CONF_ERROR, NULL, entry.line,
                      "is longer than a key or a value may be");
        if (!row)
            continue;
        l->last_line[row - conf_rows] = entry.line;
        if (strcmp(row->key, dynamic_key) == 0)
            snprintf(l->dynamic_path, sizeof l->dynamic_path, "%.511s",
                     entry.value);
    }
}

static void
take_text(struct conf_loading *l, struct bytes text)
{
    struct props props;
    struct prop entry;
    int rc;

    if (!l->is_dynamic)
        find_last_lines(l, text);
    props_init(&props, text);
    while ((rc = props_next(&props, &entry)) != 0)
        if (rc > 0)
            take_entry(l, &entry);
}

static void
take_dynamic_file(struct conf_loading *l)
{
    const char *file = l->file;
    int32_t size = 0;
    char *text;
    int rc;

    if (!*l->dynamic_path)
        return;
    rc = conf_slurp(l->dynamic_path, &text, &size);
    l->file = l->dynamic_path;
    l->is_dynamic = true;
    if (rc < 0)
        conf_tell(l, CONF_ERROR, NULL, 0, "cannot be read: %s", strerror(-rc));
    else
        take_text(l, (struct bytes){(const uint8_t *)text, size});
    free(text);
    l->file = file;
    l->is_dynamic = false;
}

/* --- options of the command line ------------------------------------------ */

static struct {
    char *const *text; /* borrowed */
    uint32_t count;
} options;

void
conf_set_options(char *const *text, uint32_t count)
{
    options.text = text;
    options.count = count;
}

/* Split name=value; false: it is not. */
static bool
option_entry(const char *text, struct prop *entry)
{
    const char *equal = strchr(text, '=');
    size_t n = equal ? (size_t)(equal - text) : 0;

    if (n == 0 || n >= sizeof entry->key ||
        strlen(equal + 1) >= sizeof entry->value)
        return false;
    *entry = (struct prop){.line = CONF_LINE_OPTION};
    memcpy(entry->key, text, n);
    memcpy(entry->value, equal + 1, strlen(equal + 1));
    return true;
}

static void
take_options(struct conf_loading *l)
{
    const struct conf_row *row;
    struct prop entry;

    for (uint32_t i = 0; i < options.count; i++) {
        if (!option_entry(options.text[i], &entry)) {
            conf_tell(l, CONF_ERROR, options.text[i], CONF_LINE_OPTION,
                      "is not name=value");
            continue;
        }
        row = conf_row_find(entry.key);
        if (!row)
            take_unknown(l, &entry);
        else if (row->type == CONF_T_MEMBER ||
                 strcmp(row->key, dynamic_key) == 0)
            conf_tell(l, CONF_ERROR, entry.key, entry.line,
                      "cannot be an option; it belongs into the file");
        else
            take_value(l, row, &entry);
    }
}

static int
load(const char *name, const char *path, struct bytes text, struct conf *conf,
     struct conf_report *report)
{
    struct conf_loading *l = calloc(1, sizeof *l);
    int rc;

    if (!l)
        return -ENOMEM;
    l->report = report;
    l->file = name;
    l->is_embedded = !path;
    if (path)
        snprintf(l->conf.path, sizeof l->conf.path, "%s", path);
    set_defaults(&l->conf);
    take_options(l);
    take_text(l, text);
    take_dynamic_file(l);
    conf_rules(l);
    rc = report->errors ? -EINVAL : 0;
    if (rc == 0)
        *conf = l->conf;
    free(l);
    return rc;
}

int
conf_load_text(const char *name, struct bytes text, struct conf *conf,
               struct conf_report *report)
{
    memset(report, 0, sizeof *report);
    return load(name, name, text, conf, report);
}

/* A file that cannot be read is a finding too. */
static int
tell_unreadable(const char *path, int rc, struct conf_report *report)
{
    struct conf_message m = {.severity = CONF_ERROR};

    snprintf(m.file, sizeof m.file, "%s", path);
    if (rc == -ENOENT)
        snprintf(m.text, sizeof m.text, "%.200s file is missing", path);
    else if (rc == -EFBIG)
        snprintf(m.text, sizeof m.text, "is larger than %d bytes",
                 CONF_FILE_BYTES_MAX);
    else
        snprintf(m.text, sizeof m.text, "cannot be read: %s", strerror(-rc));
    conf_report_put(report, &m);
    return rc;
}

int
conf_load(const char *path, struct conf *conf, struct conf_report *report)
{
    int32_t size = 0;
    char *text;
    int rc;

    memset(report, 0, sizeof *report);
    if (!path)
        return load("the embedded configuration", NULL,
                    bytes_of(conf_default_text), conf, report);
    rc = conf_slurp(path, &text, &size);
    if (rc < 0)
        tell_unreadable(path, rc, report);
    else
        rc = load(path, path, (struct bytes){(const uint8_t *)text, size}, conf,
                  report);
    free(text);
    return rc;
}

bool
conf_allows_word(const struct conf *conf, const char word[4])
{
    for (uint32_t i = 0; i < CONF_WORD_COUNT; i++)
        if (memcmp(conf_word_names[i], word, 4) == 0)
            return conf->four_letter_words >> i & 1;
    return false;
}

int
conf_check(const char *path, FILE *out)
{
    static struct conf_report report;
    static struct conf conf;
    const char *name = path ? path : "the embedded configuration";
    char text[1024];
    int rc = conf_load(path, &conf, &report);

    for (uint32_t i = 0; i < report.count; i++) {
        conf_message_format(&report.message[i], text, sizeof text);
        fprintf(out, "%s\n", text);
    }
    if (report.dropped)
        fprintf(out, "%s: %u more findings\n", name, report.dropped);
    fprintf(out, "%s: %s (%u errors, %u warnings)\n", name,
            rc < 0 ? "cannot be used" : "ok", report.errors, report.warnings);
    return rc < 0 ? 1 : 0;
}
