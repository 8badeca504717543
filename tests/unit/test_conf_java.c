/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_java.c: options of Java beside a zoo.cfg. */
#include "tests/unit/conf_given.h"
#include "tests/unit/tempdir.h"

static char dir[DATA_PATH_MAX];

/* A zoo.cfg with `text` behind what must be, and beside it `name`. */
static void
given_beside(const char *text, const char *name, const char *flags)
{
    char path[DATA_PATH_MAX], whole[1024];

    tempdir_make(dir);
    data_path(path, dir, name);
    file_write(path, flags, strlen(flags));
    data_path(path, dir, "zoo.cfg");
    snprintf(whole, sizeof whole, BASE "%s", text);
    file_write(path, whole, strlen(whole));
    CU_ASSERT_EQUAL(conf_load(path, &conf, &report), 0);
    tempdir_remove(dir);
}

static void
what_only_java_was_told_is_named_with_file_and_line(void)
{
    given_beside("", "environment",
                 "ZOOCFGDIR=/etc/zookeeper/conf\n\n"
                 "JAVA_OPTS=\"-Xmx1g -Djute.maxbuffer=4194304 "
                 "-Dzookeeper.4lw.commands.whitelist=*\"\n");
    CU_ASSERT_EQUAL(report.warnings, 2);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "jute.maxbuffer"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "zookeeper.4lw.commands.whitelist"));
    CU_ASSERT_TRUE(says("/environment:3: warning: jute.maxbuffer: was given to "
                        "Java (-D) and has no effect here"));
    CU_ASSERT_EQUAL(conf.jute_maxbuffer, 1048575);
}

static void
the_files_of_apaches_scripts_are_looked_at(void)
{
    given_beside("", "java.env", "export JVMFLAGS='-DskipACL=yes'\n");
    CU_ASSERT_TRUE(finds(CONF_WARNING, 1, "skipACL"));
    given_beside("", "zookeeper-env.sh",
                 "SERVER_JVMFLAGS=-Dzookeeper.skipACL=yes");
    CU_ASSERT_TRUE(finds(CONF_WARNING, 1, "zookeeper.skipACL"));
    given_beside("", "other", "-Dzookeeper.skipACL=yes");
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
what_the_file_says_itself_is_not_missed(void)
{
    given_beside("jute.maxbuffer=2000000\n", "environment",
                 "JAVA_OPTS=-Djute.maxbuffer=4194304\n");
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
what_would_change_nothing_is_not_missed(void)
{
    given_beside("", "environment",
                 "# JAVA_OPTS=-Djute.maxbuffer=4194304\n"
                 "  # -Djute.maxbuffer=4194304\n"
                 "JAVA_OPTS=\"-Dzookeeper.skipACL=no -Dzookeeper.skipACL "
                 "-Dcom.sun.management.jmxremote=true -D -D= "
                 "-Dzookeeper.nio.numWorkerThreads=4 non-Dzookeeper.skipACL=yes"
                 "\"\n");
    CU_ASSERT_EQUAL(report.count, 0);
}

/* A refused key is no error there: Java's TLS is not asked of us. */
static void
what_is_refused_in_the_file_is_only_missed(void)
{
    given_beside("", "environment", "JAVA_OPTS=-Dzookeeper.sslQuorum=true\n");
    CU_ASSERT_EQUAL(report.errors, 0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 1, "zookeeper.sslQuorum"));
}

UNIT_SUITE(conf_java)
{
    unit_suite("conf_java");
    UNIT(what_only_java_was_told_is_named_with_file_and_line);
    UNIT(the_files_of_apaches_scripts_are_looked_at);
    UNIT(what_the_file_says_itself_is_not_missed);
    UNIT(what_would_change_nothing_is_not_missed);
    UNIT(what_is_refused_in_the_file_is_only_missed);
}
