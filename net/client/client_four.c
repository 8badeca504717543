/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_four.c - a connection that begins with a four letter word.
 *
 * The text goes out as it is, then the connection ends; what the peer sends
 * behind the word does not matter.  Memory for the text comes from malloc: an
 * operator asks, now and then.
 */
#include "net/client/client_request.h"

#include <stdlib.h>

#include "daemon/log.h"
#include "net/admin/four.h"
#include "net/client/client_answer.h"
#include "net/client/client_table.h"

static void
put_text(struct client_proc *p, struct client *c, const char *text, size_t size)
{
    struct jute_out out;

    if (!client_out(p, c, size, &out))
        return;
    jute_put_raw(&out, text, size);
    conn_out_end(&c->conn, &out);
    client_close(p, c);
}

static void
print_answer(struct client_proc *p, struct client *c, enum conf_word word,
             FILE *out)
{
    struct figures figures;
    struct four four = {
        .shm = p->shm,
        .conf = &p->conf,
        .figures = &figures,
        .self = client_info(p, c),
    };

    figures_collect(p->shm, &figures);
    figures.is_serving = figures.is_serving && client_is_serving(p);
    if (!figures.is_serving && four_needs_serving(word))
        fprintf(out, "%s\n", figures_not_serving);
    else if (!four_print(&four, word, out))
        fprintf(out, "%s is not known to this server.\n", four_name(word));
}

bool
client_four(struct client_proc *p, struct client *c, const uint8_t bytes[4])
{
    enum conf_word word;
    enum four_kind kind = four_kind(bytes, &word);
    char *text = NULL;
    size_t size = 0;
    FILE *out;

    if (kind == FOUR_LENGTH)
        return false;
    out = kind == FOUR_WORD ? open_memstream(&text, &size) : NULL;
    if (!out) {
        client_drop(p, c);
        return true;
    }
    log_debug("Processing %s command from %s", four_name(word),
              client_name(p, c));
    client_info(p, c)->received++;
    COUNT(p->own->stats.received, 1);
    if (conf_allows_word(&p->conf, four_name(word)))
        print_answer(p, c, word, out);
    else
        fprintf(out,
                "%s is not executed because it is not in the "
                "whitelist.\n",
                four_name(word));
    fclose(out);
    COUNT(p->own->stats.sent, 1);
    put_text(p, c, text, size);
    free(text);
    return true;
}
