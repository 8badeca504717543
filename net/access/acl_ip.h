/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_ip.h - the `ip` scheme: addresses and prefixes as text.
 *
 * Pure; any process.  ZK: IPAuthenticationProvider
 */
#ifndef NET_ACCESS_ACL_IP_H
#define NET_ACCESS_ACL_IP_H

#include "daemon/types.h"

/* "address" or "address/bits", as an ACL may hold it. */
bool acl_ip_valid(struct bytes range);

/* Is `address` (text as auth_address writes it) within `range`? */
bool acl_ip_matches(struct bytes range, struct bytes address);

#endif
