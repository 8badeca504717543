/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_java.c - what was given to Java, in a file beside zoo.cfg.
 *
 * Whoever comes from Apache may have a part of its configuration as
 * -DNAME=VALUE in a file that its scripts read and nobody reads here: a limit,
 * the super user, who must authenticate would be gone without a word.  What
 * zoo.cfg does not say itself is warned of.  This is no shell: a -D counts
 * wherever a word begins with it, but in lines that begin with #.
 *
 * ZK: bin/zkEnv.sh; Debian's /etc/init.d/zookeeper.
 */
#include "daemon/conf/conf_load.h"

#include <stdlib.h>

static const char ends_word[] = " \t\"'";

/* The entry of a word NAME=VALUE; false: it is none. */
static bool
entry_of(const char *word, struct prop *entry)
{
    size_t key = strcspn(word, "="), all = strcspn(word, ends_word);

    if (key == 0 || key >= all || key >= sizeof entry->key ||
        all - key > sizeof entry->value)
        return false;
    memcpy(entry->key, word, key);
    entry->key[key] = '\0';
    memcpy(entry->value, word + key + 1, all - key - 1);
    entry->value[all - key - 1] = '\0';
    return true;
}

/* It would have an effect here, and the configuration has nothing of it. */
static bool
is_missed(struct conf_loading *l, const struct prop *entry)
{
    const struct conf_row *row = conf_row_find(entry->key);

    if (!row || *conf_row_line(row, &l->conf) != 0 ||
        conf_value_is_default(row, entry->value))
        return false;
    return row->verdict == CONF_V_S || row->verdict == CONF_V_s ||
           row->verdict == CONF_V_R;
}

static void
look_at_line(struct conf_loading *l, const char *line, uint32_t number)
{
    const char *at = line + strspn(line, " \t");
    struct prop entry;

    if (*at == '#')
        return;
    for (at = strstr(line, "-D"); at; at = strstr(at + 2, "-D")) {
        if (at > line && !strchr("= \t\"'", at[-1]))
            continue;
        if (entry_of(at + 2, &entry) && is_missed(l, &entry))
            conf_tell(l, CONF_WARNING, entry.key, number,
                      "was given to Java (-D) and has no effect here; what is "
                      "still wanted belongs into the configuration");
    }
}

static void
look_at(struct conf_loading *l, char *text)
{
    const char *line;

    for (uint32_t number = 1; (line = strsep(&text, "\n")); number++)
        look_at_line(l, line, number);
}

void
conf_java(struct conf_loading *l)
{
    static const char *const names[] = {"environment", "java.env",
                                        "zookeeper-env.sh"};
    const char *file = l->file, *slash = strrchr(file, '/');
    char path[CONF_PATH_MAX];
    int32_t size;
    char *text;

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof path, "%.*s%s",
                 slash ? (int)(slash + 1 - file) : 0, file, names[i]);
        l->file = path;
        if (conf_slurp(path, &text, &size) == 0) {
            text[size] = '\0';
            look_at(l, text);
        }
        free(text);
    }
    l->file = file;
}
