/* SPDX-License-Identifier: Apache-2.0 */
/* four_envi.c - the word `envi`: where this server runs.  Client processes. */
#include "net/admin/four.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/version.h"

static void
print_machine(FILE *out)
{
    struct sysinfo memory;

    sysinfo(&memory);
    fprintf(out,
            "os.memory.free=%" PRIu64 "MB\nos.memory.max=%" PRIu64
            "MB\nos.memory.total=%" PRIu64 "MB\n",
            (uint64_t)memory.freeram * memory.mem_unit >> 20,
            (uint64_t)memory.totalram * memory.mem_unit >> 20,
            (uint64_t)memory.totalram * memory.mem_unit >> 20);
}

/*
 * Only the file is asked: a name server may know more users, but one that is
 * slow to answer would hold up all clients of this process.
 */
static const struct passwd *
find_user(uid_t uid)
{
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *user;

    if (!file)
        return NULL;
    do
        user = fgetpwent(file);
    while (user && user->pw_uid != uid);
    fclose(file);
    return user;
}

static const char *
environment(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "?";
}

static void
print_user(FILE *out)
{
    const struct passwd *user = find_user(geteuid());
    char cwd[4096];

    fprintf(out, "user.name=%s\nuser.home=%s\nuser.dir=%s\n",
            user ? user->pw_name : environment("USER"),
            user ? user->pw_dir : environment("HOME"),
            getcwd(cwd, sizeof cwd) ? cwd : "?");
}

void
four_print_envi(const struct four *f, FILE *out)
{
    static const char *const java[] = {
        "java.version",    "java.vendor",       "java.home",
        "java.class.path", "java.library.path", "java.io.tmpdir",
        "java.compiler",
    };
    char host[256] = "";
    struct utsname os;

    (void)f;
    gethostname(host, sizeof host - 1);
    uname(&os);
    fprintf(out, "Environment:\nzookeeper.version=%s, built on %s\n",
            ZABD_ZOOKEEPER_VERSION, ZABD_BUILT_ON);
    fprintf(out, "host.name=%s\n", host);
    for (size_t i = 0; i < ARRAY_COUNT(java); i++)
        fprintf(out, "%s=<NA>\n", java[i]);
    fprintf(out, "os.name=%s\nos.arch=%s\nos.version=%s\n", os.sysname,
            os.machine, os.release);
    print_user(out);
    print_machine(out);
}
