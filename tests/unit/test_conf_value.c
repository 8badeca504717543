/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_value.c and conf_text.c: one key's text. */
#include "daemon/conf/conf_table.h"

#include "tests/unit/conf_given.h"

static struct conf_message message;

static enum conf_severity
reading(const char *key, const char *text)
{
    message = (struct conf_message){.severity = CONF_NOTE};
    conf_value_read(conf_row_find(key), text, &conf, &message);
    return message.severity;
}

static void
numbers_are_a_sign_and_digits(void)
{
    CU_ASSERT_EQUAL(reading("tickTime", "+500"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.tick_time_ms, 500);
    CU_ASSERT_EQUAL(reading("maxBatchSize", "-5"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.max_batch_size, -5);
    CU_ASSERT_EQUAL(reading("tickTime", "abc"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("tickTime", ""), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("tickTime", "12 "), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("tickTime", "0x10"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("tickTime", "99999999999999999999"), CONF_ERROR);
    CU_ASSERT_EQUAL(conf.tick_time_ms, 500);
}

static void
a_number_out_of_range_is_told_the_range(void)
{
    CU_ASSERT_EQUAL(reading("clientPort", "65536"), CONF_ERROR);
    CU_ASSERT_STRING_EQUAL(message.allowed, "a whole number from 1 to 65535");
    CU_ASSERT_EQUAL(reading("maxClientCnxns", "many"), CONF_ERROR);
    CU_ASSERT_STRING_EQUAL(message.allowed,
                           "a whole number of connections up to 2147483647");
    CU_ASSERT_EQUAL(reading("tickTime", "0"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("clientPort", "1"), CONF_NOTE);
    CU_ASSERT_EQUAL(reading("clientPort", "65535"), CONF_NOTE);
}

static void
what_zookeeper_raises_is_raised_with_a_warning(void)
{
    CU_ASSERT_EQUAL(reading("autopurge.snapRetainCount", "1"), CONF_WARNING);
    CU_ASSERT_EQUAL(conf.autopurge_retain, 3);
    CU_ASSERT_EQUAL(reading("snapCount", "1"), CONF_WARNING);
    CU_ASSERT_EQUAL(conf.snap_count, 2);
    CU_ASSERT_EQUAL(reading("commitLogCount", "499"), CONF_WARNING);
}

static void
maxbuffer_may_be_hexadecimal(void)
{
    CU_ASSERT_EQUAL(reading("jute.maxbuffer", "0x200000"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.jute_maxbuffer, 0x200000);
    CU_ASSERT_EQUAL(reading("jute.maxbuffer", "0x"), CONF_ERROR);
}

static void
sizes_take_a_unit(void)
{
    CU_ASSERT_EQUAL(reading("memory.limit", "3G"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.memory_limit, INT64_C(3) << 30);
    CU_ASSERT_EQUAL(reading("memory.limit", "512k"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.memory_limit, 512 << 10);
    CU_ASSERT_EQUAL(reading("memory.limit", "7"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.memory_limit, 7);
    CU_ASSERT_EQUAL(reading("memory.limit", "3Q"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("memory.limit", "3GB"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("memory.limit", "-1"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("memory.limit", "9000000000000000T"), CONF_ERROR);
}

static void
the_purge_interval_is_hours_or_has_a_unit(void)
{
    CU_ASSERT_EQUAL(reading("autopurge.purgeInterval", "2"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.autopurge_interval_ms, 7200000);
    CU_ASSERT_EQUAL(reading("autopurge.purgeInterval", "90s"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.autopurge_interval_ms, 90000);
    CU_ASSERT_EQUAL(reading("autopurge.purgeInterval", "-1"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.autopurge_interval_ms, 0);
    CU_ASSERT_EQUAL(reading("autopurge.purgeInterval", "2w"), CONF_ERROR);
}

static void
ratios_are_bounded(void)
{
    static const char key[] = "connection_throttle_drop_increase";

    CU_ASSERT_EQUAL(reading(key, "0.5"), CONF_NOTE);
    CU_ASSERT_DOUBLE_EQUAL(conf.connect_drop_increase, 0.5, 1e-9);
    CU_ASSERT_EQUAL(reading(key, "1.5"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading(key, "nan"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading(key, "x"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading(key, "0.5x"), CONF_ERROR);
}

/* Three kinds of yes: the parser's, a property's, and two odd ones. */
static void
each_kind_of_flag_is_read_as_zookeeper_reads_it(void)
{
    CU_ASSERT_EQUAL(reading("reconfigEnabled", "True"), CONF_NOTE);
    CU_ASSERT_TRUE(conf.reconfig_enabled);
    CU_ASSERT_EQUAL(reading("reconfigEnabled", "maybe"), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("digest.enabled", "TRUE"), CONF_NOTE);
    CU_ASSERT_TRUE(conf.digest_enabled);
    CU_ASSERT_EQUAL(reading("digest.enabled", "1"), CONF_WARNING);
    CU_ASSERT_FALSE(conf.digest_enabled);
    CU_ASSERT_EQUAL(reading("forceSync", "no"), CONF_NOTE);
    CU_ASSERT_FALSE(conf.force_sync);
    CU_ASSERT_EQUAL(reading("forceSync", "NO"), CONF_WARNING);
    CU_ASSERT_TRUE(conf.force_sync);
    CU_ASSERT_EQUAL(reading("skipACL", "yes"), CONF_NOTE);
    CU_ASSERT_TRUE(conf.skip_acl);
    CU_ASSERT_EQUAL(reading("skipACL", "true"), CONF_WARNING);
    CU_ASSERT_FALSE(conf.skip_acl);
}

static void
text_replaces_all_of_the_old_text(void)
{
    static const char key[] = "clientPortAddress";
    static const char zeros[CONF_ADDRESS_MAX];

    CU_ASSERT_EQUAL(reading(key, "a.very.long.name.example.org"), CONF_NOTE);
    CU_ASSERT_EQUAL(reading(key, "[::1]"), CONF_NOTE);
    CU_ASSERT_STRING_EQUAL(conf.client_address, "::1");
    CU_ASSERT_EQUAL(
        memcmp(conf.client_address + 3, zeros, sizeof conf.client_address - 3),
        0);
    CU_ASSERT_EQUAL(reading(key, "a b"), CONF_ERROR);
}

static void
text_that_does_not_fit_is_refused(void)
{
    char path[CONF_PATH_MAX + 1];

    memset(path, 'p', sizeof path);
    path[CONF_PATH_MAX] = '\0';
    CU_ASSERT_EQUAL(reading("dataDir", path), CONF_ERROR);
    CU_ASSERT_STRING_EQUAL(message.allowed, "1 to 511 bytes");
    CU_ASSERT_EQUAL(reading("dataLogDir", path), CONF_ERROR);
    CU_ASSERT_STRING_EQUAL(message.allowed, "at most 511 bytes");
    CU_ASSERT_EQUAL(reading("dynamicConfigFile", path), CONF_ERROR);
    CU_ASSERT_STRING_EQUAL(message.allowed, "1 to 511 bytes");
    path[CONF_PATH_MAX - 1] = '\0';
    CU_ASSERT_EQUAL(reading("dataDir", path), CONF_NOTE);
}

/* Else the folder of the data would be the root of all. */
static void
a_path_without_a_default_is_not_empty(void)
{
    CU_ASSERT_EQUAL(reading("dataDir", ""), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("dynamicConfigFile", ""), CONF_ERROR);
    CU_ASSERT_EQUAL(reading("dataLogDir", ""), CONF_NOTE);
}

/* ZK: NIOServerCnxnFactory asks for > 0; initMaxCnxns warns and takes 0. */
static void
a_limit_of_connections_below_zero_is_none(void)
{
    CU_ASSERT_EQUAL(reading("maxClientCnxns", "-1"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.max_client_cnxns, -1);
    CU_ASSERT_EQUAL(reading("maxCnxns", "-1"), CONF_WARNING);
    CU_ASSERT_EQUAL(conf.max_cnxns, 0);
}

static bool
allows(const char *list, const char *word)
{
    reading("4lw.commands.whitelist", list);
    return conf_allows_word(&conf, word);
}

static void
the_whitelist_is_a_list_a_star_or_a_star_less_some(void)
{
    CU_ASSERT_TRUE(allows("ruok , stat", "stat"));
    CU_ASSERT_TRUE(allows("ruok\t,\tstat", "ruok"));
    CU_ASSERT_FALSE(allows("ruok , stat", "conf"));
    CU_ASSERT_TRUE(allows("*", "wchp"));
    CU_ASSERT_TRUE(allows("*,-wchp", "wchc"));
    CU_ASSERT_FALSE(allows("*,-wchp", "wchp"));
    CU_ASSERT_FALSE(allows("-wchp,*", "wchp"));
    CU_ASSERT_FALSE(allows("*", "nope"));
}

static void
srvr_is_always_allowed(void)
{
    CU_ASSERT_TRUE(allows("", "srvr"));
    CU_ASSERT_TRUE(allows("*,-srvr", "srvr"));
}

static void
an_unknown_word_is_kept_with_a_warning(void)
{
    CU_ASSERT_EQUAL(reading("4lw.commands.whitelist", "ruok,rouk"),
                    CONF_WARNING);
    CU_ASSERT_TRUE(conf_allows_word(&conf, "ruok"));
}

static void
choices_are_named_when_none_fits(void)
{
    CU_ASSERT_EQUAL(reading("log.level", "DEBUG"), CONF_NOTE);
    CU_ASSERT_EQUAL(conf.log_level, 3);
    CU_ASSERT_EQUAL(reading("log.level", "loud"), CONF_ERROR);
    CU_ASSERT_STRING_EQUAL(message.allowed, "error|warn|info|debug");
    CU_ASSERT_EQUAL(reading("log.level", "war"), CONF_ERROR);
    reading("DigestAuthenticationProvider.digestAlg", "SHA-512");
    CU_ASSERT_EQUAL(conf.digest_alg, CONF_DIGEST_SHA512);
}

/* Reading the printed value of each stored key gives the same bytes. */
static void
what_is_printed_is_read_back(void)
{
    static struct conf again;
    char text[CONF_PATH_MAX];

    CU_ASSERT_EQUAL_FATAL(given(BASE "autopurge.purgeInterval=90s\n"), 0);
    again = conf;
    for (uint32_t i = 0; i < conf_row_count; i++) {
        const struct conf_row *row = &conf_rows[i];

        if (row->size == 0)
            continue;
        conf_value_format(row, &conf, text, sizeof text);
        message = (struct conf_message){.severity = CONF_NOTE};
        memset(conf_row_field(row, &again), 0, row->size);
        conf_value_read(row, text, &again, &message);
        CU_ASSERT_EQUAL(message.severity, CONF_NOTE);
    }
    CU_ASSERT_EQUAL(memcmp(&again, &conf, sizeof conf), 0);
}

static void
secrets_are_never_shown(void)
{
    static const char key[] = "DigestAuthenticationProvider.superDigest";
    char text[CONF_TEXT_MAX];

    reading(key, "super:lK75jTNcA+U9vtVEw5vB51mj/w4=");
    conf_value_format(conf_row_find(key), &conf, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "<redacted>");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CU_ASSERT_EQUAL(reading(key, text), CONF_NOTE);
    CU_ASSERT_TRUE(conf_row_is_secret(conf_row_find("ssl.keyStore.password")));
    CU_ASSERT_FALSE(conf_row_is_secret(conf_row_find("tickTime")));
}

UNIT_SUITE(conf_value)
{
    unit_suite("conf_value");
    UNIT(numbers_are_a_sign_and_digits);
    UNIT(a_number_out_of_range_is_told_the_range);
    UNIT(what_zookeeper_raises_is_raised_with_a_warning);
    UNIT(maxbuffer_may_be_hexadecimal);
    UNIT(sizes_take_a_unit);
    UNIT(the_purge_interval_is_hours_or_has_a_unit);
    UNIT(ratios_are_bounded);
    UNIT(each_kind_of_flag_is_read_as_zookeeper_reads_it);
    UNIT(text_replaces_all_of_the_old_text);
    UNIT(text_that_does_not_fit_is_refused);
    UNIT(a_path_without_a_default_is_not_empty);
    UNIT(a_limit_of_connections_below_zero_is_none);
    UNIT(the_whitelist_is_a_list_a_star_or_a_star_less_some);
    UNIT(srvr_is_always_allowed);
    UNIT(an_unknown_word_is_kept_with_a_warning);
    UNIT(choices_are_named_when_none_fits);
    UNIT(what_is_printed_is_read_back);
    UNIT(secrets_are_never_shown);
}
