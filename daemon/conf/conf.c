/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.c - reads zoo.cfg into a struct conf; see conf.h.
 *
 * A file is read twice: once to learn where each key is given last (that one
 * wins, as in Java), once to take the values in (conf_take.c).  Then
 * conf_rules.c looks at them together.  Every finding goes into the report;
 * nothing is printed.
 */
#include "daemon/conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/conf/conf_load.h"
#include "daemon/conf/conf_props.h"

enum { FILE_BYTES_MAX = 1024 * 1024 };

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
    *text = malloc(FILE_BYTES_MAX + 1);
    if (!*text)
        return -ENOMEM;
    do {
        n = read(fd, *text + used, FILE_BYTES_MAX + 1 - used);
        used += n > 0 ? (size_t)n : 0;
    } while ((n > 0 && used <= FILE_BYTES_MAX) || (n < 0 && errno == EINTR));
    *size = (int32_t)used;
    return n < 0 ? -errno : used > FILE_BYTES_MAX ? -EFBIG : 0;
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

/* The first reading: where keys end up. */
static void
find_last_lines(struct conf_loading *l, struct bytes text)
{
    struct props props;
    struct prop entry;
    int rc;

    props_init(&props, text);
    while ((rc = props_next(&props, &entry)) != 0) {
        const struct conf_row *row = rc > 0 ? conf_row_find(entry.key) : NULL;

        if (!row)
            continue;
        l->last_line[row - conf_rows] = entry.line;
        if (strcmp(row->key, conf_dynamic_key) == 0 &&
            strlen(entry.value) < sizeof l->dynamic_path)
            memcpy(l->dynamic_path, entry.value, strlen(entry.value) + 1);
    }
}

/* What is no entry at all. */
static void
tell_no_entry(struct conf_loading *l, const struct prop *entry, int rc)
{
    if (rc == -E2BIG)
        conf_tell(l, CONF_ERROR, entry->key, entry->line,
                  "is too long; allowed: %d bytes in a key, %d in a value",
                  PROP_KEY_MAX - 1, PROP_VALUE_MAX - 1);
    else
        conf_tell(l, CONF_ERROR, NULL, entry->line,
                  "has a \\u escape that is no character, or a zero byte");
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
            conf_take(l, &entry);
        else
            tell_no_entry(l, &entry, rc);
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

/*
 * What Apache's servers write before a reconfig is committed, and remove then.
 * Who takes this server from there has other members than were asked for, or
 * the right ones: only the operator knows.
 * ZK: QuorumPeerConfig, nextDynamicConfigFileSuffix (spec/operations.md 1.2)
 */
static void
tell_reconfig(struct conf_loading *l)
{
    const char *file = l->file;
    char path[CONF_PATH_MAX];
    int size = snprintf(path, sizeof path, "%s.dynamic.next", file);

    if (size >= (int)sizeof path || access(path, F_OK) < 0)
        return;
    l->file = path;
    conf_tell(l, CONF_WARNING, NULL, 0,
              "was left by a reconfig of Apache's that did not end, and has no "
              "effect here; see that the members in use are those that you "
              "want, and remove it");
    l->file = file;
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

/* Split name=value: 0; -EINVAL: it is not; -E2BIG: see props_next. */
static int
option_entry(const char *text, struct prop *entry)
{
    const char *equal = strchr(text, '=');
    size_t n = equal ? (size_t)(equal - text) : 0;

    if (n == 0)
        return -EINVAL;
    *entry = (struct prop){.line = CONF_LINE_OPTION};
    memcpy(entry->key, text, n < sizeof entry->key ? n : sizeof entry->key - 1);
    if (n >= sizeof entry->key || strlen(equal + 1) >= sizeof entry->value)
        return -E2BIG;
    memcpy(entry->value, equal + 1, strlen(equal + 1));
    return 0;
}

static void
take_options(struct conf_loading *l)
{
    struct prop entry;

    for (uint32_t i = 0; i < options.count; i++) {
        int rc = option_entry(options.text[i], &entry);

        if (rc == 0)
            conf_take_option(l, &entry);
        else if (rc == -E2BIG)
            tell_no_entry(l, &entry, rc);
        else
            conf_tell(l, CONF_ERROR, options.text[i], CONF_LINE_OPTION,
                      "is not name=value");
    }
}

/* `path` NULL: the embedded one. */
static int
load(const char *path, struct bytes text, struct conf *conf,
     struct conf_report *report)
{
    struct conf_loading *l = calloc(1, sizeof *l);
    int rc;

    if (!l)
        return -ENOMEM;
    l->report = report;
    l->file = path ? path : CONF_DEFAULT_NAME;
    l->is_embedded = !path;
    if (path)
        snprintf(l->conf.path, sizeof l->conf.path, "%s", path);
    set_defaults(&l->conf);
    if (!l->is_embedded)
        take_options(l); /* a line of the operator's wins; one of ours not */
    take_text(l, text);
    if (l->is_embedded)
        take_options(l);
    take_dynamic_file(l);
    if (!l->is_embedded) {
        conf_java(l);
        tell_reconfig(l);
    }
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
    return load(name, text, conf, report);
}

/* A file that cannot be read is a finding too. */
static void
tell_unreadable(const char *path, int rc, struct conf_report *report)
{
    struct conf_message m = {.severity = CONF_ERROR};

    snprintf(m.file, sizeof m.file, "%s", path);
    if (rc == -ENOENT)
        snprintf(m.text, sizeof m.text, "%.200s file is missing", path);
    else if (rc == -EFBIG)
        snprintf(m.text, sizeof m.text, "is larger than %d bytes",
                 FILE_BYTES_MAX);
    else
        snprintf(m.text, sizeof m.text, "cannot be read: %s", strerror(-rc));
    conf_report_put(report, &m);
}

int
conf_load(const char *path, struct conf *conf, struct conf_report *report)
{
    int32_t size = 0;
    char *text;
    int rc;

    memset(report, 0, sizeof *report);
    if (!path)
        return load(NULL, bytes_of(conf_default_text), conf, report);
    rc = conf_slurp(path, &text, &size);
    if (rc < 0)
        tell_unreadable(path, rc, report);
    else
        rc = load(path, (struct bytes){(const uint8_t *)text, size}, conf,
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
    const char *name = path ? path : CONF_DEFAULT_NAME;
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
