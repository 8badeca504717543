/* SPDX-License-Identifier: Apache-2.0 */
/* zab_owner.h - whose the files are that a command leaves in a directory. */
#ifndef TOOLS_ZAB_OWNER_H
#define TOOLS_ZAB_OWNER_H

#include "storage/datafile.h"

/*
 * Give what root made as dir/name, a file or a directory with all in it, to
 * whom `dir` belongs: the server runs as that user, and must write there.  Does
 * nothing where there is no such file, or for who is not root.  0 or -errno,
 * and `e` tells.
 */
int zab_give_away(const char *dir, const char *name, struct data_error *e);

#endif
