/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf.def, conf_table.c and the sample etc/zoo.cfg.
 */
#include "daemon/conf/conf_table.h"

#include "tests/unit/conf_given.h"

static bool
finds_row(const char *key, const char *row_key)
{
    const struct conf_row *row = conf_row_find(key);

    return row ? strcmp(row->key, row_key) == 0 : row_key == NULL;
}

static void
keys_are_found_exactly_or_by_their_beginning(void)
{
    CU_ASSERT_TRUE(finds_row("tickTime", "tickTime"));
    CU_ASSERT_PTR_NULL(conf_row_find("ticktime"));
    CU_ASSERT_TRUE(finds_row("server.12", "server.*"));
    CU_ASSERT_PTR_NULL(conf_row_find("server."));
    CU_ASSERT_TRUE(finds_row("superUser", "superUser"));
    CU_ASSERT_TRUE(finds_row("superUser.x", "superUser.*"));
    CU_ASSERT_TRUE(finds_row("server.realm", "server.realm"));
}

static void
aliases_lead_to_a_row(void)
{
    CU_ASSERT_TRUE(finds_row("zookeeper.connectionFreezeTime",
                             "connection_throttle_freeze_time"));
    CU_ASSERT_TRUE(
        finds_row("maxConcurrentSnapSyncs", "leader.maxConcurrentSnapSyncs"));
}

static void
no_key_stands_twice(void)
{
    for (uint32_t i = 0; i < conf_row_count; i++)
        for (uint32_t j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(conf_rows[i].key, conf_rows[j].key);
}

static void
every_row_is_found_by_its_own_key(void)
{
    for (uint32_t i = 0; i < conf_row_count; i++) {
        char key[CONF_KEY_MAX];
        size_t n = strlen(conf_rows[i].key);

        CU_ASSERT_FATAL(n < sizeof key);
        strcpy(key, conf_rows[i].key);
        if (key[n - 1] == '*')
            key[n - 1] = '1';
        CU_ASSERT_PTR_EQUAL(conf_row_find(key), &conf_rows[i]);
    }
}

/* A number needs 4 or 8 bytes, a flag one: the table cannot check itself. */
static bool
size_fits_type(const struct conf_row *row)
{
    switch ((enum conf_type)row->type) {
    case CONF_T_NUMBER:
    case CONF_T_RAISED:
    case CONF_T_HEXNUM:
    case CONF_T_PORT:
        return row->size == 4 ? row->max <= INT32_MAX : row->size == 8;
    case CONF_T_BYTES:
    case CONF_T_HOURS:
        return row->size == 8;
    case CONF_T_RATIO:
        return row->size == sizeof(double);
    case CONF_T_STRICT:
    case CONF_T_TRUE:
    case CONF_T_NOTNO:
    case CONF_T_ISYES:
        return row->size == sizeof(bool);
    case CONF_T_WORDS:
    case CONF_T_SCHEMES:
    case CONF_T_CHOICE:
        return row->size == 4;
    case CONF_T_TEXT:
    case CONF_T_PATH:
    case CONF_T_HOST:
        return row->size >= CONF_TEXT_MAX;
    default:
        return false;
    }
}

static void
every_field_has_the_size_of_its_type(void)
{
    for (uint32_t i = 0; i < conf_row_count; i++)
        if (conf_rows[i].size)
            CU_ASSERT_TRUE(size_fits_type(&conf_rows[i]));
}

static void
no_two_rows_share_a_field(void)
{
    for (uint32_t i = 0; i < conf_row_count; i++)
        for (uint32_t j = 0; j < i; j++)
            CU_ASSERT_FALSE(conf_rows[i].size && conf_rows[j].size &&
                            conf_rows[i].offset == conf_rows[j].offset);
}

static void
misspellings_find_their_key(void)
{
    CU_ASSERT_STRING_EQUAL(conf_row_nearest("clientport"), "clientPort");
    CU_ASSERT_STRING_EQUAL(conf_row_nearest("zookeeper.snapcont"), "snapCount");
    CU_ASSERT_STRING_EQUAL(conf_row_nearest("4lw.command.whitelist"),
                           "4lw.commands.whitelist");
    CU_ASSERT_PTR_NULL(conf_row_nearest("entirely.different"));
    CU_ASSERT_PTR_NULL(conf_row_nearest(""));
}

/* The sample, once as it is and once with all settings uncommented. */
static char sample[65536];

static void
read_sample(bool uncomment)
{
    FILE *f = fopen("etc/zoo.cfg", "r");
    size_t n = 0;
    char line[512];

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    sample[0] = '\0';
    while (fgets(line, sizeof line, f)) {
        bool is_setting = line[0] == '#' && line[1] > ' ' && line[1] != '#' &&
                          strchr(line, '=');
        const char *text = line + (uncomment && is_setting);

        n += (size_t)snprintf(sample + n, sizeof sample - n, "%s", text);
        CU_ASSERT_FATAL(n < sizeof sample);
    }
    fclose(f);
}

static void
the_sample_loads_without_a_finding(void)
{
    read_sample(false);
    CU_ASSERT_EQUAL(given(sample), 0);
    CU_ASSERT_EQUAL(report.count, 0);
}

static bool
sample_has(const char *line)
{
    size_t n = strlen(line);

    for (const char *at = sample; (at = strstr(at, line)); at += n)
        if ((at == sample || at[-1] == '\n') && at[n] == '\n')
            return true;
    return false;
}

static void
the_sample_shows_every_supported_key_with_its_default(void)
{
    char line[512];

    read_sample(false);
    for (uint32_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];

        if (row->size == 0 || row->verdict == CONF_V_L)
            continue;
        snprintf(line, sizeof line, "#%s=%s", row->key,
                 row->init ? row->init : "");
        CU_ASSERT_TRUE(row->init ? sample_has(line)
                                 : strstr(sample, line + 1) != NULL);
    }
}

static void
the_sample_uncommented_is_the_default_configuration(void)
{
    static struct conf bare;

    CU_ASSERT_EQUAL(given("dataDir=/var/lib/zookeeper\nclientPort=2181\n"
                          "tickTime=2000\n"),
                    0);
    bare = conf;
    read_sample(true);
    CU_ASSERT_EQUAL_FATAL(given(sample), 0);
    CU_ASSERT_EQUAL(report.warnings, 0);
    memset(bare.line, 0, sizeof bare.line);
    memset(conf.line, 0, sizeof conf.line);
    CU_ASSERT_EQUAL(memcmp(&bare, &conf, sizeof conf), 0);
}

UNIT_SUITE(conf_table)
{
    unit_suite("conf_table");
    UNIT(keys_are_found_exactly_or_by_their_beginning);
    UNIT(aliases_lead_to_a_row);
    UNIT(no_key_stands_twice);
    UNIT(every_row_is_found_by_its_own_key);
    UNIT(every_field_has_the_size_of_its_type);
    UNIT(no_two_rows_share_a_field);
    UNIT(misspellings_find_their_key);
    UNIT(the_sample_loads_without_a_finding);
    UNIT(the_sample_shows_every_supported_key_with_its_default);
    UNIT(the_sample_uncommented_is_the_default_configuration);
}
