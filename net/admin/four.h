/* SPDX-License-Identifier: Apache-2.0 */
/*
 * four.h - four letter words: from four bytes to a text.
 *
 * Only the layouts: the numbers come from figures.h, and client_four.c knows
 * who may ask.  Texts are printed to a stream. Facts: spec/operations.md 6. ZK:
 * org.apache.zookeeper.server.command
 */
#ifndef NET_ADMIN_FOUR_H
#define NET_ADMIN_FOUR_H

#include <stdio.h>

#include "net/admin/conn_info.h"
#include "net/admin/figures.h"

/* What the first four bytes of a connection are. */
enum four_kind {
    FOUR_LENGTH, /* no word: the length of a message */
    FOUR_WORD,   /* `word` */
    FOUR_BREAK,  /* telnet's interrupt: closed without an answer */
};

enum four_kind four_kind(const uint8_t bytes[4], enum conf_word *word);

const char *four_name(enum conf_word word);

/* Whether it takes a server that serves to answer `word`. */
bool four_needs_serving(enum conf_word word);

/* What an answer is made of; borrowed. */
struct four {
    const struct shm *shm;
    const struct conf *conf;
    const struct figures *figures;
    const struct conn_info *self; /* the asking connection */
};

/* False: this server has no answer to that word. */
bool four_print(const struct four *f, enum conf_word word, FILE *out);

/* For four_print alone: where this server runs.  four_envi.c */
void four_print_envi(const struct four *f, FILE *out);

#endif
