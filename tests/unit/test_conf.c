/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf.c: a file becomes a configuration. */
#include <errno.h>

#include "daemon/conf/conf_table.h"
#include "daemon/conf/conf_props.h"
#include "tests/unit/conf_given.h"
#include "tests/unit/tempdir.h"

static char dir[DATA_PATH_MAX], path[DATA_PATH_MAX];

static void
given_file(const char *text)
{
    tempdir_make(dir);
    data_path(path, dir, "zoo.cfg");
    file_write(path, text, strlen(text));
}

static void
the_embedded_configuration_serves_2181_from_data(void)
{
    CU_ASSERT_EQUAL_FATAL(conf_load(NULL, &conf, &report), 0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(conf.client_port, 2181);
    CU_ASSERT_STRING_EQUAL(conf.data_dir, "data");
    CU_ASSERT_EQUAL(conf.tick_time_ms, 2000);
    CU_ASSERT_TRUE(conf_allows_word(&conf, "ruok"));
    CU_ASSERT_TRUE(conf_allows_word(&conf, "mntr"));
    CU_ASSERT_FALSE(conf_allows_word(&conf, "wchp"));
    CU_ASSERT_STRING_EQUAL(conf.path, "");
}

static void
a_file_is_read_and_remembered(void)
{
    given_file("# mine\n" BASE "snapCount=77\n");
    CU_ASSERT_EQUAL_FATAL(conf_load(path, &conf, &report), 0);
    CU_ASSERT_EQUAL(conf.snap_count, 77);
    CU_ASSERT_STRING_EQUAL(conf.path, path);
    CU_ASSERT_EQUAL(*conf_row_line(conf_row_find("snapCount"), &conf), 4);
    tempdir_remove(dir);
}

static void
a_missing_file_is_said_in_zookeepers_words(void)
{
    CU_ASSERT_EQUAL(conf_load("/nowhere/zoo.cfg", &conf, &report), -ENOENT);
    CU_ASSERT_TRUE(says("/nowhere/zoo.cfg file is missing"));
    CU_ASSERT_EQUAL(report.errors, 1);
    CU_ASSERT_EQUAL(conf_load("/tmp", &conf, &report), -EISDIR);
    CU_ASSERT_TRUE(says("/tmp: error: cannot be read"));
}

static void
an_error_leaves_the_configuration_untouched(void)
{
    static struct conf before;

    memset(&conf, 0x5a, sizeof conf);
    before = conf;
    CU_ASSERT_EQUAL(given(BASE "tickTime=abc\n"), -EINVAL);
    CU_ASSERT_EQUAL(memcmp(&before, &conf, sizeof conf), 0);
}

static void
an_error_names_file_line_key_and_what_is_allowed(void)
{
    char text[1024];

    given(BASE "\ntickTime=abc\n");
    CU_ASSERT_EQUAL_FATAL(report.count, 1);
    conf_message_format(&report.message[0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "zoo.cfg:4: error: tickTime: \"abc\" is not a "
                                 "number; allowed: a whole number from 1 to "
                                 "100000000 ms");
}

/* A value that the row cannot have; NULL: it takes any, or warns of it. */
static const char *
impossible(const struct conf_row *row)
{
    static char long_text[CONF_PATH_MAX + 1];

    memset(long_text, 'x', CONF_PATH_MAX);
    switch ((enum conf_type)row->type) {
    case CONF_T_TRUE:
        return row->verdict == CONF_V_R ? "true" : NULL;
    case CONF_T_ANY:
    case CONF_T_CLASS:
        return row->verdict == CONF_V_R ? "x" : NULL;
    case CONF_T_NOTNO:
    case CONF_T_ISYES:
    case CONF_T_WORDS:
    case CONF_T_SCHEMES: /* matters with enforce.auth.enabled */
        return NULL;
    case CONF_T_TEXT:
    case CONF_T_PATH:
    case CONF_T_HOST:
        return long_text;
    default:
        return "x";
    }
}

/* As an operator sees it, in a file whose third line it is. */
static void
expect_error(const char *key, const char *value)
{
    char text[1024], place[128];
    const char *allowed;

    snprintf(text, sizeof text, BASE "%s=%s\n", key, value);
    CU_ASSERT_EQUAL_FATAL(given(text), -EINVAL);
    CU_ASSERT_EQUAL_FATAL(report.errors, 1);
    conf_message_format(&report.message[report.count - 1], text, sizeof text);
    snprintf(place, sizeof place, "zoo.cfg:3: error: %s: ", key);
    CU_ASSERT_EQUAL(strncmp(text, place, strlen(place)), 0);
    allowed = strstr(text, "; allowed: ");
    CU_ASSERT_TRUE(allowed && strlen(allowed) > strlen("; allowed: "));
}

static void
of_every_key_an_error_names_what_is_allowed(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < conf_row_count; i++) {
        const char *value = impossible(&conf_rows[i]);
        char key[CONF_KEY_MAX];
        size_t n = strlen(conf_rows[i].key);

        memcpy(key, conf_rows[i].key, n + 1);
        if (key[n - 1] == '*')
            key[n - 1] = '1';
        if (!value)
            continue;
        expect_error(key, value);
        count++;
    }
    CU_ASSERT_TRUE(count > 100);
}

static void
every_error_is_told_not_only_the_first(void)
{
    CU_ASSERT_EQUAL(given("tickTime=x\nclientPort=y\nserver.1=a:1:2\n"
                          "server.2=b:1\n"),
                    -EINVAL);
    CU_ASSERT_EQUAL(report.errors, 4);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 1, "tickTime"));
    CU_ASSERT_TRUE(finds(CONF_ERROR, 2, "clientPort"));
    CU_ASSERT_TRUE(finds(CONF_ERROR, 4, "server.2"));
    CU_ASSERT_TRUE(finds(CONF_ERROR, 0, "dataDir"));
}

static void
the_last_of_two_wins_and_only_that_one_counts(void)
{
    CU_ASSERT_EQUAL(given(BASE "tickTime=abc\ntickTime=7\n"), 0);
    CU_ASSERT_EQUAL(conf.tick_time_ms, 7);
    CU_ASSERT_TRUE(finds(CONF_NOTE, 3, "tickTime"));
    CU_ASSERT_TRUE(says("is given again in line 4"));
}

static void
properties_may_carry_their_java_prefix(void)
{
    CU_ASSERT_EQUAL(given(BASE "zookeeper.snapCount=5\n"
                               "zookeeper.jute.maxbuffer=4096\n"),
                    0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(conf.snap_count, 5);
    CU_ASSERT_EQUAL(conf.jute_maxbuffer, 4096);
}

/* ZooKeeper ignores these in the file, and operators wonder. */
static void
java_system_properties_work_in_the_file(void)
{
    CU_ASSERT_EQUAL(given(BASE
                          "jute.maxbuffer=2000000\nreadonlymode.enabled=true\n"
                          "znode.container.checkIntervalMs=5\n"
                          "DigestAuthenticationProvider.superDigest=super:x\n"),
                    0);
    CU_ASSERT_EQUAL(conf.jute_maxbuffer, 2000000);
    CU_ASSERT_TRUE(conf.readonly_mode);
    CU_ASSERT_EQUAL(conf.container_check_interval_ms, 5);
    CU_ASSERT_STRING_EQUAL(conf.super_digest, "super:x");
}

static void
the_manuals_names_work_too(void)
{
    CU_ASSERT_EQUAL(given(BASE "connectionMaxTokens=9\n"
                               "requestThrottleLimit=8\n"
                               "throttledOpWaitTime=7\n"),
                    0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(conf.connect_tokens, 9);
    CU_ASSERT_EQUAL(conf.request_max, 8);
    CU_ASSERT_EQUAL(conf.throttled_op_wait_ms, 7);
}

static void
a_misspelt_key_is_warned_of_with_the_nearest(void)
{
    CU_ASSERT_EQUAL(given(BASE "maxClientCnxn=5\nquite.another.thing=1\n"), 0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "maxClientCnxn"));
    CU_ASSERT_TRUE(says("did you mean maxClientCnxns?"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 4, "quite.another.thing"));
}

/* Whoever asks for protection must not be served without it. */
static void
what_would_silently_be_unprotected_is_refused(void)
{
    static const char *const lines[] = {
        "secureClientPort=2281",
        "client.portUnification=true",
        "sslQuorum=true",
        "ssl.context.supplier.class=x.Y",
        "sessionRequireClientSASLAuth=true",
        "quorum.auth.enableSasl=true",
        "java.security.auth.login.config=/etc/jaas.conf",
        ("authProvider.1="
         "org.apache.zookeeper.server.auth.SASLAuthenticationProvider"),
        "authProvider.x509=com.example.Mine",
        "ensembleAuthName=prod",
        "admin.forceHttps=true",
        "oraclePath=/o",
        "testingonly.initialZxid=5",
    };
    char text[256];

    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        snprintf(text, sizeof text, BASE "%s\n", lines[i]);
        CU_ASSERT_EQUAL(given(text), -EINVAL);
        CU_ASSERT_EQUAL(report.errors, 1);
        CU_ASSERT_EQUAL(report.message[0].line, 3);
        CU_ASSERT_PTR_NOT_NULL(strstr(report.message[0].text, "refused: "));
    }
}

static void
the_same_keys_switched_off_are_no_finding(void)
{
    CU_ASSERT_EQUAL(
        given(BASE "sslQuorum=False\nclient.portUnification=false\n"
                   "standaloneEnabled=true\nquorum.auth.enableSasl=false\n"
                   "authProvider.1=org.apache.zookeeper.server.auth."
                   "DigestAuthenticationProvider\n"
                   "serverCnxnFactory=org.apache.zookeeper.server."
                   "NettyServerCnxnFactory\nwatchManagerName=x\n"),
        0);
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
what_has_no_effect_is_said_once(void)
{
    CU_ASSERT_EQUAL(given(BASE "nio.numWorkerThreads=3\naudit.enable=true\n"
                               "ssl.keyStore.location=/k\n"),
                    0);
    CU_ASSERT_EQUAL(report.warnings, 3);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "nio.numWorkerThreads"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 4, "audit.enable"));
}

/* The usual file of an ensemble's member, but for its servers. */
static void
keys_of_an_ensemble_are_silent_without_one(void)
{
    CU_ASSERT_EQUAL(given(BASE "initLimit=10\nsyncLimit=5\npeerType=observer\n"
                               "electionAlg=3\nleaderServes=yes\n"),
                    0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(conf.init_limit_ticks, 10);
    CU_ASSERT_EQUAL(given(BASE "electionAlg=4\n"), -EINVAL);
    CU_ASSERT_EQUAL(given(BASE "initLimit=ten\n"), -EINVAL);
}

static void
members_may_stand_in_a_dynamic_file(void)
{
    char text[DATA_PATH_MAX + 100];

    given_file("server.1=h:1:2;2183\n");
    snprintf(text, sizeof text, "dataDir=/d\ndynamicConfigFile=%s\n", path);
    CU_ASSERT_EQUAL(given(text), 0);
    CU_ASSERT_EQUAL(conf.client_port, 2183);
    snprintf(text, sizeof text, BASE "dynamicConfigFile=%s\nserver.2=a:1:2\n",
             path);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_TRUE(says("must be in a separate dynamic config file"));
    tempdir_remove(dir);
    snprintf(text, sizeof text, BASE "dynamicConfigFile=%s\n", path);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
}

static void
a_dynamic_file_holds_members_only(void)
{
    char text[DATA_PATH_MAX + 100];

    given_file("version=1\ntickTime=5\nserver.1=h:1\n");
    snprintf(text, sizeof text, BASE "dynamicConfigFile=%s\n", path);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_EQUAL(report.errors, 3);
    CU_ASSERT_TRUE(says("dynamic file shouldn't have version inside"));
    CU_ASSERT_TRUE(says("Unrecognised parameter: tickTime"));
    CU_ASSERT_TRUE(says("Missing election port"));
    CU_ASSERT_STRING_EQUAL(report.message[0].file, path);
    tempdir_remove(dir);
}

/* Who goes on without it may have members that nobody meant. */
static void
what_a_reconfig_has_left_is_told(void)
{
    char next[DATA_PATH_MAX + 20];

    given_file(BASE);
    snprintf(next, sizeof next, "%s.dynamic.next", path);
    CU_ASSERT_EQUAL(conf_load(path, &conf, &report), 0);
    CU_ASSERT_EQUAL(report.count, 0);
    file_write(next, "server.1=h:1:2\n", 15);
    CU_ASSERT_EQUAL(conf_load(path, &conf, &report), 0);
    CU_ASSERT_EQUAL(report.warnings, 1);
    CU_ASSERT_STRING_EQUAL(report.message[0].file, next);
    CU_ASSERT_TRUE(says("a reconfig of Apache's that did not end"));
    tempdir_remove(dir);
}

/* Three servers less a line that nobody hears of are an ensemble of two. */
static void
a_line_that_is_no_entry_is_told_in_a_dynamic_file_too(void)
{
    char text[DATA_PATH_MAX + 100];

    given_file("server.1=a:1:2\nserver.2=b\\u00zz:1:2\n");
    snprintf(text, sizeof text, BASE "dynamicConfigFile=%s\n", path);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_EQUAL(report.errors, 1);
    CU_ASSERT_EQUAL(report.message[0].line, 2);
    CU_ASSERT_STRING_EQUAL(report.message[0].file, path);
    CU_ASSERT_TRUE(says("has a \\u escape that is no character"));
    tempdir_remove(dir);
}

static void
what_is_no_entry_is_an_error_with_its_line(void)
{
    CU_ASSERT_EQUAL(given(BASE "tickTime=\\u12\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, ""));
}

static void
secrets_are_not_in_messages(void)
{
    given(BASE "ssl.keyStore.password=hush\n"
               "DigestAuthenticationProvider.superDigest=hush\n");
    CU_ASSERT_EQUAL(report.warnings, 2);
    CU_ASSERT_FALSE(says("hush"));
}

static void
a_flood_of_findings_is_counted_and_errors_stay(void)
{
    static char text[8192];
    size_t n = (size_t)snprintf(text, sizeof text, BASE);

    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "what.is.%d=1\n", i);
    snprintf(text + n, sizeof text - n, "tickTime=x\nsnapCount=x\n");
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_EQUAL(report.count, ARRAY_COUNT(report.message));
    CU_ASSERT_EQUAL(report.warnings, 200);
    CU_ASSERT_EQUAL(report.dropped, 202 - report.count);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "what.is.0"));
    CU_ASSERT_TRUE(finds(CONF_ERROR, 203, "tickTime"));
    CU_ASSERT_TRUE(finds(CONF_ERROR, 204, "snapCount"));
}

static int
checked(const char *text, char *printed, size_t size)
{
    FILE *out = fmemopen(printed, size, "w");
    int code;

    given_file(text);
    code = conf_check(path, out);
    fclose(out);
    tempdir_remove(dir);
    return code;
}

static void
the_check_prints_and_answers_0_or_1(void)
{
    char printed[4096];

    CU_ASSERT_EQUAL(checked(BASE, printed, sizeof printed), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "zoo.cfg: ok"));
    CU_ASSERT_EQUAL(checked("tickTime=x\n", printed, sizeof printed), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "zoo.cfg:1: error: tickTime: "));
}

/* What -p prints is a configuration, and the same one. */
static void
the_printed_configuration_loads_again(void)
{
    static struct conf first;
    static char printed[16384];
    FILE *out = fmemopen(printed, sizeof printed, "w");

    CU_ASSERT_EQUAL(given(BASE "dataLogDir=c:\\\\x\\ty\nmaxBatchSize=3\n"
                               "4lw.commands.whitelist=ruok,mntr\n"
                               "enforce.auth.enabled=true\n"
                               "enforce.auth.schemes=digest,ip\n"
                               "autopurge.purgeInterval=90s\n"),
                    0);
    first = conf;
    conf_print(&conf, out);
    fclose(out);
    CU_ASSERT_EQUAL(given(printed), 0);
    memset(first.line, 0, sizeof first.line);
    memset(conf.line, 0, sizeof conf.line);
    CU_ASSERT_EQUAL(memcmp(&first, &conf, sizeof conf), 0);
}

/* An ensemble's too, with its groups. */
static void
a_printed_ensemble_loads_again(void)
{
    static struct conf first;
    static char printed[16384], text[DATA_PATH_MAX + 256];
    FILE *out = fmemopen(printed, sizeof printed, "w");

    given_file("");
    data_path(path, dir, "myid");
    file_write(path, "2", 1);
    snprintf(text, sizeof text,
             "dataDir=%s\nclientPort=2181\ninitLimit=5\nsyncLimit=2\n"
             "server.1=a:1:2\nserver.2=[::1]:1:2;2181\nserver.3=c:1:2\n"
             "server.4=d:1:2:observer\ngroup.1=1:2\ngroup.2=3\nweight.2=5\n"
             "weight.3=4\n",
             dir);
    CU_ASSERT_EQUAL_FATAL(given(text), 0);
    first = conf;
    conf_print(&conf, out);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(printed, "# myid 2\n"));
    CU_ASSERT_EQUAL_FATAL(given(printed), 0);
    CU_ASSERT_EQUAL(conf_diff(&first, &conf, &report), 0);
    CU_ASSERT_EQUAL(conf.member_count, 4);
    CU_ASSERT_EQUAL(conf.my_sid, 2);
    tempdir_remove(dir);
}

/* ZK: -Dzookeeper.name=value is the base, the file overlays it. */
static void
options_are_taken_in_and_a_line_wins(void)
{
    static char *const options[] = {"zookeeper.snapCount=7", "tickTime=500",
                                    "no.such.key=1"};

    conf_set_options(options, ARRAY_COUNT(options));
    CU_ASSERT_EQUAL(given(BASE "tickTime=900\n"), 0);
    CU_ASSERT_EQUAL(conf.snap_count, 7);
    CU_ASSERT_EQUAL(conf.tick_time_ms, 900);
    CU_ASSERT_EQUAL(*conf_row_line(conf_row_find("snapCount"), &conf),
                    CONF_LINE_OPTION);
    CU_ASSERT_TRUE(says("command line: warning: no.such.key"));
    conf_set_options(NULL, 0);
}

/* Without a file there is no line of the operator's. */
static void
options_win_over_the_embedded_configuration(void)
{
    static char *const options[] = {"clientPort=2999", "dataDir=/there"};

    conf_set_options(options, ARRAY_COUNT(options));
    CU_ASSERT_EQUAL(conf_load(NULL, &conf, &report), 0);
    CU_ASSERT_EQUAL(conf.client_port, 2999);
    CU_ASSERT_STRING_EQUAL(conf.data_dir, "/there");
    CU_ASSERT_STRING_EQUAL(conf.data_log_dir, "/there");
    conf_set_options(NULL, 0);
}

static void
a_bad_option_is_an_error_of_the_command_line(void)
{
    static char *const bad[] = {"snapCount", "=1", "snapCount=x",
                                "server.1=a:1:2", "dynamicConfigFile=/f"};

    for (uint32_t i = 0; i < ARRAY_COUNT(bad); i++) {
        conf_set_options(bad + i, 1);
        CU_ASSERT_EQUAL(given(BASE), -EINVAL);
        CU_ASSERT_TRUE(says("command line: error: "));
    }
    conf_set_options(NULL, 0);
}

static void
what_is_too_long_is_told_with_its_key_and_what_is_allowed(void)
{
    static char line[PROP_VALUE_MAX + 100], option[PROP_VALUE_MAX + 100];
    char *const options[] = {option};

    snprintf(line, sizeof line, BASE "admin.commandURL=%0*d\n", PROP_VALUE_MAX,
             1);
    CU_ASSERT_EQUAL(given(line), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "admin.commandURL"));
    CU_ASSERT_TRUE(says("allowed: 255 bytes in a key, 4095 in a value"));
    snprintf(option, sizeof option, "tickTime=%0*d", PROP_VALUE_MAX, 1);
    conf_set_options(options, 1);
    CU_ASSERT_EQUAL(given(BASE), -EINVAL);
    CU_ASSERT_TRUE(says("command line: error: tickTime: is too long"));
    conf_set_options(NULL, 0);
}

UNIT_SUITE(conf)
{
    unit_suite("conf");
    UNIT(the_embedded_configuration_serves_2181_from_data);
    UNIT(a_file_is_read_and_remembered);
    UNIT(a_missing_file_is_said_in_zookeepers_words);
    UNIT(an_error_leaves_the_configuration_untouched);
    UNIT(an_error_names_file_line_key_and_what_is_allowed);
    UNIT(of_every_key_an_error_names_what_is_allowed);
    UNIT(every_error_is_told_not_only_the_first);
    UNIT(the_last_of_two_wins_and_only_that_one_counts);
    UNIT(properties_may_carry_their_java_prefix);
    UNIT(java_system_properties_work_in_the_file);
    UNIT(the_manuals_names_work_too);
    UNIT(a_misspelt_key_is_warned_of_with_the_nearest);
    UNIT(what_would_silently_be_unprotected_is_refused);
    UNIT(the_same_keys_switched_off_are_no_finding);
    UNIT(what_has_no_effect_is_said_once);
    UNIT(keys_of_an_ensemble_are_silent_without_one);
    UNIT(members_may_stand_in_a_dynamic_file);
    UNIT(a_dynamic_file_holds_members_only);
    UNIT(what_a_reconfig_has_left_is_told);
    UNIT(a_line_that_is_no_entry_is_told_in_a_dynamic_file_too);
    UNIT(what_is_no_entry_is_an_error_with_its_line);
    UNIT(secrets_are_not_in_messages);
    UNIT(a_flood_of_findings_is_counted_and_errors_stay);
    UNIT(the_check_prints_and_answers_0_or_1);
    UNIT(the_printed_configuration_loads_again);
    UNIT(a_printed_ensemble_loads_again);
    UNIT(options_are_taken_in_and_a_line_wins);
    UNIT(options_win_over_the_embedded_configuration);
    UNIT(what_is_too_long_is_told_with_its_key_and_what_is_allowed);
    UNIT(a_bad_option_is_an_error_of_the_command_line);
}
