/* SPDX-License-Identifier: Apache-2.0 */
/* zab_text.c - see zab_text.h. */
#include "tools/zab_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/jute.h"
#include "daemon/zk.h"
#include "storage/tree/tree.h"

enum { PATIENCE_MS = 1000, TERMINAL_MS = 500, PLAIN_MS = 10000 };

void
zab_complain(const char *command, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fprintf(stderr, "zab %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void
zab_complain_error(const char *command, const struct data_error *e)
{
    char text[DATA_ERROR_TEXT];

    data_error_text(e, text);
    zab_complain(command, "%s", text);
}

/* --- text of strangers --------------------------------------------------- */

/*
 * The character at `p`, surrogates included, and how many bytes it takes;
 * 0xfffd and 1 for what is none.
 */
static uint32_t
decode(const uint8_t *p, size_t left, size_t *size)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = p[0] < 0x80                   ? 1
               : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
               : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
               : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                             : 0;
    uint32_t c;

    *size = 1;
    if (n == 0 || n > left)
        return 0xfffd;
    c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0xfffd;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff)
        return 0xfffd;
    *size = n;
    return c;
}

/*
 * A character that a terminal shows and does not obey: none that controls it
 * (U+009B begins what ESC [ does), ends a line, or turns the rest of it round.
 */
static bool
is_shown(uint32_t c)
{
    bool controls = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool turns = (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);

    return !controls && !turns && c != 0xfffd && (c < 0xd800 || c >= 0xe000);
}

void
zab_put_text(FILE *to, struct bytes text)
{
    size_t size, left = (size_t)bytes_size(text);

    for (const uint8_t *p = text.data; left > 0; p += size, left -= size) {
        uint32_t c = decode(p, left, &size);

        if (is_shown(c) && c != ' ' && c != '\\')
            fwrite(p, 1, size, to);
        else
            for (size_t i = 0; i < size; i++)
                fprintf(to, "\\x%02x", p[i]);
    }
}

void
zab_put_json(FILE *to, struct bytes text)
{
    size_t size, left = (size_t)bytes_size(text);

    fputc('"', to);
    for (const uint8_t *p = text.data; left > 0; p += size, left -= size) {
        uint32_t c = decode(p, left, &size);

        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", (int)c);
        else if (is_shown(c))
            fwrite(p, 1, size, to);
        else
            fprintf(to, "\\u%04x", c);
    }
    fputc('"', to);
}

/* --- values -------------------------------------------------------------- */

void
zab_put_time(FILE *to, wall_ms_t time)
{
    time_t seconds = (time_t)(time / 1000);
    char text[64];
    struct tm tm;

    if (time < 0 || !gmtime_r(&seconds, &tm) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        fprintf(to, "%" PRId64 "ms", time);
    else
        fprintf(to, "%s.%03dZ", text, (int)(time % 1000));
}

static void
put_perms(FILE *to, int32_t perms)
{
    static const char letters[] = "rwcda"; /* by bit, as zkCli writes cdrwa */

    for (int i = 0; letters[i]; i++)
        if (perms & 1 << i)
            fputc(letters[i], to);
    if (perms & ~ZK_PERM_ALL || perms == 0)
        fprintf(to, "0x%" PRIx32, (uint32_t)perms);
}

void
zab_put_acl(FILE *to, struct bytes acl)
{
    struct jute_in in = jute_in_bytes(acl);
    int32_t count = jute_get_count(&in);

    if (count <= 0)
        fputs("-", to);
    for (int32_t i = 0; i < count && !in.bad; i++) {
        int32_t perms = jute_get_i32(&in);
        struct bytes scheme = jute_get_bytes(&in), id = jute_get_bytes(&in);

        if (i > 0)
            fputc(',', to);
        zab_put_text(to, scheme);
        fputc(':', to);
        zab_put_text(to, id);
        fputc(':', to);
        put_perms(to, perms);
    }
}

void
zab_put_owner(FILE *to, int64_t owner)
{
    if (owner == 0)
        fputc('-', to);
    else if (owner == ZK_OWNER_CONTAINER)
        fputs("container", to);
    else if (znode_ttl_ms(owner) > 0)
        fprintf(to, "ttl=%" PRId64, znode_ttl_ms(owner));
    else
        fprintf(to, "0x%" PRIx64, (uint64_t)owner);
}

bool
zab_parse_zxid(const char *text, zxid_t *zxid)
{
    const char *digits = text + 2;
    zxid_t value;

    if (strncmp(text, "0x", 2) != 0 || !*digits ||
        digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0')
        return false;
    errno = 0;
    value = strtoll(digits, NULL, 16);
    if (errno != 0)
        return false;
    *zxid = value;
    return true;
}

/* --- progress ------------------------------------------------------------ */

void
zab_progress_begin(struct zab_progress *p, const char *command,
                   const char *doing)
{
    *p = (struct zab_progress){
        .command = command,
        .doing = doing,
        .next = clock_mono_ms() + PATIENCE_MS,
    };
}

void
zab_progress(void *progress, uint64_t done, uint64_t total)
{
    struct zab_progress *p = progress;
    mono_ms_t now = clock_mono_ms();
    bool is_terminal;

    if (now < p->next)
        return;
    is_terminal = isatty(STDERR_FILENO);
    p->next = now + (is_terminal ? TERMINAL_MS : PLAIN_MS);
    p->is_open = is_terminal;
    fprintf(stderr, "%szab %s: %s, %" PRIu64 " of %" PRIu64 " (%d %%)%s",
            is_terminal ? ZAB_LINE_BEGIN : "", p->command, p->doing, done,
            total, total > 0 ? (int)(done * 100 / total) : 0,
            is_terminal ? ZAB_LINE_END : "\n");
    fflush(stderr);
}

void
zab_progress_end(struct zab_progress *p)
{
    if (p->is_open)
        fputs(ZAB_LINE_CLEAR, stderr);
    p->is_open = false;
}
