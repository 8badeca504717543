/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - which paths may be made, and which are only looked up.
 *
 * A path is bytes from a client, in UTF-8 as they came.  Only create (after
 * the sequence suffix), setData, setACL and check validate in full; delete
 * and the first look of create validate in part; reads do not validate.
 * Pure; any process.
 *
 * ZK: PathUtils.validatePath, PrepRequestProcessor.validatePath
 */
#ifndef NET_ACCESS_PATH_H
#define NET_ACCESS_PATH_H

#include "daemon/types.h"

/* The full rules of spec/client-protocol.md 4.1.  Null is not valid. */
bool path_valid(struct bytes path);

/* At least one '/' and no NUL: what delete and create ask first. */
bool path_has_parent(struct bytes path);

bool path_has_nul(struct bytes path);

/* One of the four nodes that always exist and are never deleted. */
bool path_is_reserved(struct bytes path);

/*
 * The text before the last '/': "" for a child of the root.  The path must
 * have a '/'.  (tree_parent_path answers "/" there; both name the root.)
 */
struct bytes path_parent(struct bytes path);

/* "" and "/" are the same node: both become "". */
struct bytes path_of_node(struct bytes path);

#endif
