/* SPDX-License-Identifier: Apache-2.0 */
/* zab_owner.h - who owns the files that a command leaves in a directory. */
#ifndef TOOLS_ZAB_OWNER_H
#define TOOLS_ZAB_OWNER_H

#include "storage/datafile.h"

/*
 * Give what root made as dir/name, a file or a directory with all in it, to the
 * owner of `dir`: the server runs as that user and must write there.  Does
 * nothing if there is no such file or we are not root.  0 or -errno, and `e`
 * tells.
 */
int zab_give_away(const char *dir, const char *name, struct data_error *e);

/* The same of all of `dir`, which root made, to the owner of `like`. */
int zab_give_whole(const char *dir, const char *like, struct data_error *e);

#endif
