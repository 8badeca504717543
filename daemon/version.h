/* SPDX-License-Identifier: Apache-2.0 */
/* version.h - what this server calls itself. */
#ifndef DAEMON_VERSION_H
#define DAEMON_VERSION_H

#define ZABD_VERSION "0.1.0"

/*
 * The release of Apache ZooKeeper whose answers ours are; tools read it from
 * `srvr` and `envi`.
 */
#define ZABD_ZOOKEEPER_VERSION "3.8.0-zabd-" ZABD_VERSION

/* Tools expect a date; it is the version's, so that builds are the same. */
#define ZABD_BUILT_ON "2026-11-23 12:00 UTC"

#endif
