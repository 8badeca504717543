/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/log.c: lines that nobody reads. */
#include "daemon/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/check.h"
#include "tests/unit/unit.h"

enum { MORE_THAN_FITS = 3000 }; /* lines, in 64 KiB or 200 KiB of buffer */

static const _Atomic int level = LOG_INFO;
static int end[2], own_stderr; /* to read from, to write to */

static void
given_as_stderr(void)
{
    own_stderr = dup(STDERR_FILENO);
    dup2(end[1], STDERR_FILENO);
    log_open(&level);
    log_set_name("test");
}

static void
give_stderr_back(void)
{
    dup2(own_stderr, STDERR_FILENO);
    close(own_stderr);
    close(end[0]);
    close(end[1]);
    log_open(&level);
}

/* All that is in the pipe; the lines in it. */
static int
read_all(char *text, size_t size)
{
    size_t used = 0;
    ssize_t n;
    int lines = 0;

    fcntl(end[0], F_SETFL, O_NONBLOCK);
    while ((n = read(end[0], text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    for (size_t i = 0; i < used; i++)
        lines += text[i] == '\n';
    return lines;
}

static void
lines_are_lost_and_counted(void)
{
    static char text[1 << 18];
    char words[64];
    int kept;

    given_as_stderr();
    for (int i = 0; i < MORE_THAN_FITS; i++)
        log_info("line %d of many that stay where they are", i);
    kept = read_all(text, sizeof text);
    CU_ASSERT_TRUE(kept > 0 && kept < MORE_THAN_FITS);
    log_info("somebody reads again");
    CU_ASSERT_EQUAL(read_all(text, sizeof text), 2);
    snprintf(words, sizeof words, " %d lines were lost", MORE_THAN_FITS - kept);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "somebody reads again\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, words));
    log_info("and goes on reading");
    CU_ASSERT_EQUAL(read_all(text, sizeof text), 1);
    give_stderr_back();
}

static void
a_pipe_that_nobody_reads_does_not_stop_us(void)
{
    CU_ASSERT_EQUAL_FATAL(pipe(end), 0);
    lines_are_lost_and_counted();
}

/* A journald that was stopped. */
static void
a_socket_that_nobody_reads_does_not_stop_us(void)
{
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, end), 0);
    lines_are_lost_and_counted();
}

/* As all the others: a terminal shows no <N>. */
static void
a_broken_check_is_a_line_like_others(void)
{
    static char text[4096];
    pid_t child;

    CU_ASSERT_EQUAL_FATAL(pipe(end), 0);
    given_as_stderr();
    child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        check(end[0] < 0);
    }
    waitpid(child, NULL, 0);
    CU_ASSERT_EQUAL(read_all(text, sizeof text), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " ERROR [test] bug: tests/unit/"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ": this must hold: end[0] < 0\n"));
    give_stderr_back();
}

UNIT_SUITE(log)
{
    unit_suite("log");
    UNIT(a_pipe_that_nobody_reads_does_not_stop_us);
    UNIT(a_socket_that_nobody_reads_does_not_stop_us);
    UNIT(a_broken_check_is_a_line_like_others);
}
