/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.c - runs the CUnit suites that the Makefile found.
 *
 * build/gen/unit/suites.h has one SUITE(name) per file test_name.c.
 */
#include "tests/unit/unit.h"

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define SUITE(name) void suite_##name(void);
#include "suites.h"
#undef SUITE

static CU_pSuite current;
static pid_t runner;
static bool is_running;

void
unit_suite(const char *name)
{
    current = CU_add_suite(name, NULL, NULL);
    if (!current)
        abort();
}

void
unit_test(const char *claim, void (*test)(void))
{
    if (!CU_add_test(current, claim, test))
        abort();
}

/* Else one that ends the process would end all tests, and well. */
static void
on_exit_within(void)
{
    if (is_running && getpid() == runner) {
        puts("FAILED: a test ended the process");
        fflush(stdout);
        _exit(EXIT_FAILURE);
    }
}

/* Once more, at the end, where they are seen. */
static void
tell_failures(void)
{
    const CU_FailureRecord *f;

    for (f = CU_get_failure_list(); f; f = f->pNext)
        printf("FAILED %s: %s: %s:%u: %s\n", f->pSuite ? f->pSuite->pName : "",
               f->pTest ? f->pTest->pName : "", f->strFileName, f->uiLineNumber,
               f->strCondition);
}

int
main(void)
{
    unsigned failed;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
#define SUITE(name) suite_##name();
#include "suites.h"
#undef SUITE
    CU_basic_set_mode(CU_BRM_NORMAL);
    runner = getpid();
    is_running = true;
    atexit(on_exit_within);
    CU_basic_run_tests();
    is_running = false;
    failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    if (CU_get_number_of_tests_run() == 0)
        failed = 1;
    tell_failures();
    CU_cleanup_registry();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
