/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_place.h - which server's directories a command works on.
 *
 *     -c zoo.cfg                the directories of that configuration
 *     --data DIR [--log DIR]    these
 *     nothing                   what `zabd` without -c uses
 */
#ifndef TOOLS_ZAB_PLACE_H
#define TOOLS_ZAB_PLACE_H

#include <getopt.h>

#include "storage/datadir.h"

struct zab_place {
    const char *conf;
    const char *data, *log; /* <dataDir>, <dataLogDir> */
    bool trusts_empty;      /* found: snapshot.trust.empty */
    char data_found[DATA_PATH_MAX], log_found[DATA_PATH_MAX];
};

enum { ZAB_OPT_DATA = 256, ZAB_OPT_LOG, ZAB_OPT_OWN };

#define ZAB_PLACE_SHORT "c:h"
/* clang-format off */
#define ZAB_PLACE_OPTIONS                                                      \
    {"config", required_argument, NULL, 'c'},                                  \
    {"data", required_argument, NULL, ZAB_OPT_DATA},                           \
    {"log", required_argument, NULL, ZAB_OPT_LOG},                             \
    {"help", no_argument, NULL, 'h'}
#define ZAB_PLACE_HELP                                                         \
    "  -c, --config FILE   the server's zoo.cfg\n"                             \
    "  --data DIR          instead: its dataDir ...\n"                         \
    "  --log DIR           ... and dataLogDir, if that is another\n"
/* clang-format on */

/* Take an option that getopt_long found; false: it is not one of ours. */
bool zab_place_take(struct zab_place *p, int option, const char *value);

/* Whether the operator said which; if not, it is as for zabd. */
bool zab_place_is_given(const struct zab_place *p);

/*
 * Fill in data_found and log_found.  false, and told on stderr, when the
 * configuration cannot be used.
 */
bool zab_place_find(struct zab_place *p, const char *command);

#endif
