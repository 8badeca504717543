/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/bench/bench_opts.c. */
#include "tools/bench/bench_opts.h"

#include <errno.h>

#include "tests/unit/unit.h"

static struct bench_opts opts;
static char why[200];

/* Parse the words of one line as `zab bench` would get them. */
static int
parse(const char *line)
{
    static char text[300];
    char *argv[20] = {"bench"};
    char *rest = text;
    int argc = 1;

    snprintf(text, sizeof text, "%s", line);
    while ((argv[argc] = strsep(&rest, " ")) != NULL)
        argc++;
    why[0] = '\0';
    return bench_opts_parse(&opts, argc, argv, why, sizeof why);
}

static void
defaults_hold_where_nothing_is_said(void)
{
    CU_ASSERT_EQUAL(parse("get"), 0);
    CU_ASSERT_STRING_EQUAL(opts.workload, "get");
    CU_ASSERT_STRING_EQUAL(opts.hosts, "127.0.0.1:2181");
    CU_ASSERT_EQUAL(opts.connections, 50);
    CU_ASSERT_EQUAL(opts.seconds, 5.0);
    CU_ASSERT_FALSE(opts.keep);
}

static void
values_follow_or_are_joined_by_an_equals_sign(void)
{
    CU_ASSERT_EQUAL(parse("--depth 7 set --seconds=0.5 --json"), 0);
    CU_ASSERT_STRING_EQUAL(opts.workload, "set");
    CU_ASSERT_EQUAL(opts.depth, 7);
    CU_ASSERT_EQUAL(opts.seconds, 0.5);
    CU_ASSERT_TRUE(opts.json);
}

static void
a_bad_number_is_refused_with_what_is_allowed(void)
{
    CU_ASSERT_EQUAL(parse("get --depth 0"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why,
                           "--depth 0: must be a whole number from 1 to 65536");
    CU_ASSERT_EQUAL(parse("get --depth 1.5"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --depth x"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --depth nan"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --depth"), -EINVAL);
}

static void
unknown_words_are_refused(void)
{
    CU_ASSERT_EQUAL(parse("get --no-such"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --json=1"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get set"), -EINVAL);
    CU_ASSERT_EQUAL(parse("--json"), -EINVAL);
}

static void
what_goes_together_must_come_together(void)
{
    CU_ASSERT_EQUAL(parse("--compare a:1"), -EINVAL);
    CU_ASSERT_EQUAL(parse("--compare a:1 --with b:2"), 0);
    CU_ASSERT_EQUAL(parse("get --pids 1,2"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --reuse"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --reuse --prefix /a"), 0);
    CU_ASSERT_TRUE(opts.keep);
}

/* Before anything is run: a name that means nobody is found out later. */
static void
servers_are_written_as_host_and_port(void)
{
    CU_ASSERT_EQUAL(parse("get --hosts a:1,[::1]:2,c:65535"), 0);
    CU_ASSERT_EQUAL(parse("get --hosts a"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why, "--hosts a: must be HOST:PORT, or up to 16 of "
                                "them with commas, a port from 1 to 65535");
    CU_ASSERT_EQUAL(parse("get --hosts a:1,"), -EINVAL);
    CU_ASSERT_EQUAL(parse("--compare a:1 --with b:99999"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --hosts a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,"
                          "a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1"),
                    -EINVAL);
}

static void
two_servers_have_two_pids(void)
{
    CU_ASSERT_EQUAL(parse("--compare a:1 --with b:2 --pids 11,12"), 0);
    CU_ASSERT_EQUAL(opts.pids[0], 11);
    CU_ASSERT_EQUAL(opts.pids[1], 12);
    CU_ASSERT_EQUAL(parse("--compare a:1 --with b:2 --pids 11"), -EINVAL);
    CU_ASSERT_STRING_EQUAL(why, "--pids 11: must be PID,PID");
    CU_ASSERT_EQUAL(parse("--compare a:1 --with b:2 --pids 11,12,13"), -EINVAL);
    CU_ASSERT_EQUAL(parse("--compare a:1 --with b:2 --pids 0,12"), -EINVAL);
}

static void
a_prefix_is_a_path_below_the_root(void)
{
    CU_ASSERT_EQUAL(parse("get --prefix /a/b"), 0);
    CU_ASSERT_EQUAL(parse("get --prefix /"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --prefix a"), -EINVAL);
    CU_ASSERT_EQUAL(parse("get --prefix /a/"), -EINVAL);
}

UNIT_SUITE(bench_opts)
{
    unit_suite("bench_opts");
    UNIT(defaults_hold_where_nothing_is_said);
    UNIT(values_follow_or_are_joined_by_an_equals_sign);
    UNIT(a_bad_number_is_refused_with_what_is_allowed);
    UNIT(unknown_words_are_refused);
    UNIT(what_goes_together_must_come_together);
    UNIT(servers_are_written_as_host_and_port);
    UNIT(two_servers_have_two_pids);
    UNIT(a_prefix_is_a_path_below_the_root);
}
