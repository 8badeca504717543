/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab.c - the toolbox: finds the subcommand and hands over.
 *
 * A command is a row here, a line in zab.h and a file zab_NAME.c.
 */
#include "tools/zab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "daemon/standard_files.h"
#include "daemon/types.h"
#include "storage/image/image_guard.h"
#include "tools/zab_text.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"bench", zab_bench, "measure a server: throughput, latency, CPU, memory"},
    {"digest", zab_digest, "whether servers have the same tree, by digest"},
    {"export", zab_export, "write a data directory that ZooKeeper starts on"},
    {"image", zab_image, "what the LMDB image of a data directory holds"},
    {"import", zab_import, "bring a ZooKeeper data directory to zabd"},
    {"log", zab_log, "print transaction logs, a line each transaction"},
    {"ring", zab_ring, "look into the shared memory of a running server"},
    {"snapshot", zab_snapshot, "check, show and list snapshot files"},
    {"stat", zab_stat, "send a four-letter word: zab stat HOST:PORT [WORD]"},
};

static const char *running; /* the name of the command */

static void
print_help(FILE *to)
{
    fputs("usage: zab COMMAND [OPTION...]\n\n", to);
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\n`zab COMMAND --help` tells the options.\n", to);
}

/* Unless all of it could be printed, the command has failed: a full disk. */
static int
finish(const char *name, int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    zab_complain(name, "the output is not complete: %s",
                 errno ? strerror(errno) : "it could not be written");
    return status == ZAB_OK ? ZAB_FAILED : status;
}

/* A damaged image ends the command: image_guard.h. */
static int
on_damaged_image(const struct data_error *e)
{
    zab_complain_error(running, e);
    return ZAB_FAILED;
}

/* getopt complains in the name of argv[0]. */
static int
run(const struct command *c, int argc, char **argv)
{
    static char title[32], help[] = "--help";

    snprintf(title, sizeof title, "zab %s", c->name);
    argv[0] = title;
    if (argc == 2 && strcmp(argv[1], "-h") == 0)
        argv[1] = help;
    running = c->name;
    image_guard_tells(on_damaged_image);
    return finish(c->name, c->run(argc, argv));
}

int
main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    standard_files_fill(O_RDONLY); /* who has no output fails: finish */
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
        strcmp(name, "-h") == 0) {
        print_help(stdout);
        return finish("help", ZAB_OK);
    }
    if (*name)
        fprintf(stderr, "zab: no command `%s'\n", name);
    print_help(stderr);
    return ZAB_USAGE;
}
