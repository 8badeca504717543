/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_guard.c - see image_guard.h.
 *
 * The kernel's list of mappings tells whose fault it is: the address lies in an
 * image, or the instruction in LMDB.  So the handler needs no state of ours,
 * which might be what is broken.
 */
#include "storage/image/image_guard.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "daemon/log.h"
#include "storage/image/image.h"

enum { MAPS_BYTES = 256 * 1024, SIGNALS = 2 };

static const char data_file[] = "/" IMAGE_DATA_FILE;
static const char lock_file[] = "/" IMAGE_LOCK_FILE;

static const int signals[SIGNALS] = {SIGBUS, SIGSEGV};
static struct sigaction before[SIGNALS];

static int
tell_operator(const struct data_error *e)
{
    char text[DATA_ERROR_TEXT];

    data_error_text(e, text);
    log_error("%s", text);
    return EXIT_DATA;
}

static image_damage_fn *teller = tell_operator;

void
image_guard_tells(image_damage_fn *tell)
{
    teller = tell;
}

void
image_is_damaged(const char *path, const char *what)
{
    struct data_error e;

    data_error_set(&e, path, -1, image_remedy, "the image is damaged: %s",
                   what);
    exit(teller(&e));
}

/* The instruction that could not be carried out; 0: this machine is unknown. */
static uintptr_t
instruction_of(const ucontext_t *context)
{
#if defined __x86_64__
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* The list of mappings as text, cut at its room. */
static char *
read_maps(void)
{
    static char maps[MAPS_BYTES];
    size_t filled = 0;
    ssize_t n = 1;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && n > 0 && filled < sizeof maps - 1) {
        n = read(fd, maps + filled, sizeof maps - 1 - filled);
        filled += n > 0 ? (size_t)n : 0;
    }
    maps[filled] = '\0';
    return maps;
}

/* A line: "from-to rights offset device inode   path". */
static bool
is_in(const char *line, uintptr_t address)
{
    char *end;
    uintptr_t from = strtoull(line, &end, 16);
    uintptr_t to = *end == '-' ? strtoull(end + 1, NULL, 16) : 0;

    return from <= address && address < to;
}

/* The file of an image that is to blame; NULL: none is. */
static const char *
file_to_blame(uintptr_t address, uintptr_t instruction)
{
    const char *image = NULL;
    bool is_lmdbs = false;
    char *next;

    for (char *line = read_maps(); *line; line = next) {
        char *path = strchr(line, '/'), *end = strchr(line, '\n');

        next = end ? end + 1 : line + strlen(line);
        if (end)
            *end = '\0';
        if (!path || path > next)
            continue;
        if (strstr(path, data_file))
            image = path;
        if ((path == image || strstr(path, lock_file)) && is_in(line, address))
            return path;
        if (strstr(path, "/liblmdb"))
            is_lmdbs = is_lmdbs || is_in(line, instruction);
    }
    return is_lmdbs ? image : NULL;
}

/*
 * A page of LMDB's lock file is written by storing to it, and there was no room
 * for it: a copy-on-write file system wants some each time.
 */
static noreturn void
lock_cannot_be_written(const char *path)
{
    struct data_error e;

    data_error_set(&e, path, -1, "Make room, or see to the disk.",
                   "this file cannot be written, as on a disk that is full");
    (void)teller(&e);
    exit(EXIT_UNEXPECTED);
}

static void
on_fault(int signum, siginfo_t *info, void *context)
{
    const char *file =
        file_to_blame((uintptr_t)info->si_addr, instruction_of(context));

    if (file && strstr(file, lock_file))
        lock_cannot_be_written(file);
    if (file)
        image_is_damaged(file, "what it says leads out of it, or the disk "
                               "cannot read it");
    for (size_t i = 0; i < SIGNALS; i++) /* it comes again at once */
        if (signals[i] == signum)
            sigaction(signum, &before[i], NULL);
}

void
image_guard(void)
{
    static bool is_on;
    struct sigaction action = {.sa_sigaction = on_fault,
                               .sa_flags = SA_SIGINFO | SA_NODEFER};

    if (is_on)
        return;
    is_on = true;
    for (size_t i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &before[i]);
}
