/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_given.h - builders for the tests of daemon/conf/: a text is
 * loaded into `conf`, findings are asked of `report`.
 */
#ifndef TESTS_UNIT_CONF_GIVEN_H
#define TESTS_UNIT_CONF_GIVEN_H

#include "daemon/conf/conf.h"

#include "tests/unit/unit.h"

/* The least that a server can start with. */
#define BASE "dataDir=/d\nclientPort=2181\n"

static struct conf conf __attribute__((unused));
static struct conf_report report __attribute__((unused));

static inline int
given(const char *text)
{
    return conf_load_text("zoo.cfg", bytes_of(text), &conf, &report);
}

/* Is there a finding of this severity about `key` at `line`? */
static inline bool
finds(enum conf_severity severity, uint32_t line, const char *key)
{
    for (uint32_t i = 0; i < report.count; i++) {
        const struct conf_message *m = &report.message[i];

        if (m->severity == severity && m->line == line &&
            strcmp(m->key, key) == 0)
            return true;
    }
    return false;
}

/* Does some finding say this? */
static inline bool
says(const char *words)
{
    char text[1024];

    for (uint32_t i = 0; i < report.count; i++) {
        conf_message_format(&report.message[i], text, sizeof text);
        if (strstr(text, words))
            return true;
    }
    return false;
}

#endif
