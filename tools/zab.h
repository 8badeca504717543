/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab.h - the subcommands of `zab`, the toolbox.
 *
 * Each command gets "zab NAME" as argv[0], prints results on stdout and
 * complaints on stderr, and returns the exit status: 0 it worked, 1 it did
 * not, 2 the arguments make no sense.
 */
#ifndef TOOLS_ZAB_H
#define TOOLS_ZAB_H

enum zab_status { ZAB_OK = 0, ZAB_FAILED = 1, ZAB_USAGE = 2 };

int zab_bench(int argc, char **argv);
int zab_digest(int argc, char **argv);
int zab_export(int argc, char **argv);
int zab_image(int argc, char **argv);
int zab_import(int argc, char **argv);
int zab_log(int argc, char **argv);
int zab_ring(int argc, char **argv);
int zab_snapshot(int argc, char **argv);
int zab_stat(int argc, char **argv);

#endif
