/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - zabd's command line, and the start of the supervisor.
 *
 * Read the configuration, map the shared memory, open the client port, run
 * the supervisor.  Exit codes: spec/operations.md 12.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "daemon/clock.h"
#include "daemon/conf/conf_log.h"
#include "daemon/listen.h"
#include "daemon/proc.h"
#include "daemon/shm.h"
#include "daemon/standard_files.h"
#include "daemon/super.h"
#include "daemon/version.h"
#include "storage/tree/session.h"
#include "storage/tree/znode.h"

enum {
    PORT_PATIENCE_MS = 3000,
    PORT_PAUSE_US = 5000,
    OPTIONS_MAX = 256,
    OWN_FILES = 32, /* of a process; 16 have been seen */
};

static const char usage[] =
    "usage: zabd [-c FILE]     serve, in the foreground, as FILE (a zoo.cfg)\n"
    "                          says; without it: port 2181, data in ./data\n"
    "       zabd -t -c FILE    check FILE: exit 0, or 1 and what is wrong\n"
    "       zabd -p [-c FILE]  print the effective configuration\n"
    "       zabd -V | -h       version | this text; --version, --help\n"
    "       -D NAME=VALUE      a key as in FILE, where a line of it wins;\n"
    "                          may be given often, with every form above\n"
    "Signals: TERM, INT stop; HUP reads the configuration again; QUIT writes\n"
    "the state of all processes to the log.\n";

struct options {
    const char *conf_path;
    bool check_only;
    bool print_only;
};

/* -D NAME=VALUE */
static void
add_property(char *text)
{
    static char *properties[OPTIONS_MAX];
    static uint32_t count;

    if (count == OPTIONS_MAX) {
        fputs("zabd: more than 256 -D\n", stderr);
        exit(EXIT_CONFIG);
    }
    properties[count++] = text;
    conf_set_options(properties, count);
}

/* Unless all of it could be printed, the command has failed: a full disk. */
static int
printed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "zabd: the output is not complete: %s\n", strerror(errno));
    return status == EXIT_OK ? EXIT_UNEXPECTED : status;
}

static void
parse_options(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "c:D:tpVh", names, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->conf_path = optarg;
            break;
        case 'D':
            add_property(optarg);
            break;
        case 't':
            o->check_only = true;
            break;
        case 'p':
            o->print_only = true;
            break;
        case 'V':
            printf("zabd %s\n", ZABD_VERSION);
            exit(printed(EXIT_OK));
        case 'h':
            fputs(usage, stdout);
            exit(printed(EXIT_OK));
        default:
            fputs(usage, stderr);
            exit(EXIT_CONFIG);
        }
    }
    if (!o->conf_path && optind == argc - 1)
        o->conf_path = argv[optind++]; /* as Apache's command line has it */
    if (optind < argc) {
        fputs(usage, stderr);
        exit(EXIT_CONFIG);
    }
}

static void
load_conf(const char *path, struct conf *conf)
{
    static struct conf_report report;
    int rc = conf_load(path, conf, &report);

    conf_log(&report, "", LOG_DEBUG);
    if (rc < 0)
        fatal(EXIT_CONFIG, "Invalid config, exiting abnormally");
}

/*
 * Signals that the loop answers (super.c) wait for it: a SIGHUP while the port
 * is not free yet would end us.  A file that may not grow (ulimit -f) is an
 * error to report, not an end.
 */
static void
hold_signals(void)
{
    sigset_t later;

    sigemptyset(&later);
    sigaddset(&later, SIGHUP);
    sigaddset(&later, SIGQUIT);
    sigprocmask(SIG_BLOCK, &later, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* What a process has beside clients: its files, all bells, other members. */
static rlim_t
descriptors_needed(const struct conf *conf)
{
    return OWN_FILES + PROC_CLIENT + (rlim_t)conf->client_processes +
           2 * (rlim_t)conf->member_count;
}

/*
 * Every connection is a descriptor; take what the system grants.  With too few
 * one process or another would fail, sooner or later.
 */
static void
raise_descriptor_limit(const struct conf *conf)
{
    rlim_t needed = descriptors_needed(conf);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (limit.rlim_max < needed)
        fatal(EXIT_UNEXPECTED,
              "%ju descriptors are too few: a process needs %ju, and one for "
              "each connection; raise ulimit -n, or LimitNOFILE",
              (uintmax_t)limit.rlim_max, (uintmax_t)needed);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* Processes of a server that was killed may take a moment to end. */
static void
open_port(struct shm_super *super)
{
    const struct conf *conf = &super->conf;
    mono_ms_t until = clock_mono_ms() + PORT_PATIENCE_MS;
    char why[256];
    int fd;

    while ((fd = listen_open(conf->client_address, conf->client_port,
                             conf->listen_backlog, why, sizeof why)) ==
               -EADDRINUSE &&
           clock_mono_ms() < until)
        usleep(PORT_PAUSE_US);
    super->listen_fd = fd;
    if (fd < 0)
        fatal(EXIT_UNEXPECTED, "%s", why);
    log_info("binding to port %s:%d",
             *conf->client_address ? conf->client_address : "*",
             (int)conf->client_port);
}

static void
open_bells(struct shm_super *super)
{
    for (int id = 0; id < PROC_CLIENT + (int)super->client_count; id++) {
        super->bell_fd[id] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (super->bell_fd[id] < 0)
            fatal(EXIT_UNEXPECTED, "eventfd: %s", strerror(errno));
    }
}

/* Of what is reserved little is ever used, whatever a limit takes it for. */
static const char *
remedy_for(int rc)
{
    switch (rc) {
    case -ENOMEM:
        return ": lift the limit of address space (ulimit -v, LimitAS); "
               "memory.limit is what bounds memory";
    case -EFBIG:
        return ": lift the limit of file sizes (ulimit -f, LimitFSIZE), which "
               "takes it for a file; memory.limit is what bounds memory";
    case -ENOSYS:
    case -EPERM:
        return ": let it call memfd_create (SystemCallFilter, or the seccomp "
               "profile of its container)";
    default:
        return "";
    }
}

static noreturn void
cannot_reserve(int rc)
{
    fatal(EXIT_UNEXPECTED, "cannot reserve shared memory: %s%s", strerror(-rc),
          remedy_for(rc));
}

int
main(int argc, char **argv)
{
    struct options o = {0};
    static struct conf conf;
    struct shm *shm;
    int rc;

    standard_files_fill(O_RDWR);
    proc_title_init(argc, argv);
    parse_options(argc, argv, &o);
    if (o.check_only)
        return printed(conf_check(o.conf_path, stdout));
    hold_signals();
    load_conf(o.conf_path, &conf);
    if (o.print_only) {
        conf_print(&conf, stdout);
        return printed(EXIT_OK);
    }
    raise_descriptor_limit(&conf);
    znode_set_ttl(!conf_member_of(&conf, CONF_SID_MAX)); /* before any fork */
    /* Slots are those of global sessions, then of local ones. */
    rc = shm_map(&conf, session_table_bytes(), 2 * SESSIONS_MAX, &shm);
    if (rc < 0)
        cannot_reserve(rc);
    log_open(&shm->super->log_level);
    atomic_store(&shm->super->pid[PROC_SUPER], (int32_t)getpid());
    shm->super->started_ms = clock_mono_ms();
    open_bells(shm->super);
    open_port(shm->super);
    return super_run(shm, o.conf_path);
}
