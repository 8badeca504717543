/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit.h - how a file of unit tests registers itself.
 *
 * test_foo.c names a suite and adds its tests:
 *
 *     UNIT_SUITE(foo)
 *     {
 *         unit_suite("foo");
 *         UNIT(adopts_a_better_vote);
 *     }
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <CUnit/CUnit.h>

void unit_suite(const char *name);
void unit_test(const char *claim, void (*test)(void));

#define UNIT(test) unit_test(#test, test)

/* The one entry of each test file; unit.c calls them all. */
#define UNIT_SUITE(name)                                                       \
    void suite_##name(void);                                                   \
    void suite_##name(void)

#endif
