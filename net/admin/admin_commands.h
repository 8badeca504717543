/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_commands.h - the commands of the HTTP server, as JSON.
 *
 * A command is a row of the table in admin_commands.c.  Admin process only.
 * Facts: spec/operations.md 7.2.  ZK: org.apache.zookeeper.server.admin
 */
#ifndef NET_ADMIN_ADMIN_COMMANDS_H
#define NET_ADMIN_ADMIN_COMMANDS_H

#include <jansson.h>
#include <stdio.h>

#include "net/admin/figures.h"

/* What an answer is made of; borrowed. */
struct admin_view {
    const struct figures *figures;
    const struct conf *conf;
    const char *leader_address; /* as admin_leader.h shows it */
};

/* The answer to `name` without its error or its command's primary name. */
struct admin_answer {
    json_t *fields;      /* the caller's; NULL only without memory */
    const char *command; /* primary name, or as asked */
    char error[128];     /* empty: none */
};

void admin_command(const struct admin_view *v, const char *name,
                   struct admin_answer *answer);

/* What somebody asked, or our answer to it: any bytes, as Java reads them. */
json_t *admin_text(const char *bytes);

/* The list of all commands below the URL `base`, as HTML. */
void admin_command_list(const char *base, FILE *out);

#endif
