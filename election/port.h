/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port.h - a port where other servers knock, at each of our addresses.
 *
 * Our own name is resolved and all that it stands for is bound, for we do not
 * know which of it the others take: Java the IPv4 address, the C library the
 * IPv6 one first.  A name of which nothing can be bound is tried again until
 * the port is closed, and so is one that has no address: that is no failure.
 *
 * Life: port_init once; port_open, port_close, and again.
 * Election and replication process.
 * ZK: QuorumCnxManager.Listener, Leader's server sockets
 */
#ifndef ELECTION_PORT_H
#define ELECTION_PORT_H

#include "election/resolve.h"

enum { PORT_SOCKETS_MAX = 4 }; /* addresses of one name */

/*
 * A connection came, not blocking, which it owns; or to a port for datagrams
 * some came, and wait at `fd`, which is lent.
 */
typedef void port_knocked_fn(void *arg, int fd);

/* A place has failed so many times in a row; it may end the process. */
typedef void port_failed_fn(void *arg, const char *why, int times);

/* One name, or address, of ours. */
struct port_place {
    struct port *port;
    char host[CONF_ADDRESS_MAX]; /* empty: every address of this machine */
    int32_t number;
    uint32_t bound;
    ev_io listener[PORT_SOCKETS_MAX]; /* `bound` of them */
    int failures;
    bool is_nameless; /* our own host has no address: told once */
    ev_timer again;   /* to bind, or to accept */
    struct resolve own;
};

struct port {
    struct ev_loop *loop;
    const char *name;
    bool has_datagrams; /* else connections */
    port_knocked_fn *knocked;
    port_failed_fn *failed;
    void *arg;
    int64_t pause_ms; /* between two attempts */
    uint32_t count;
    struct port_place place[CONF_ADDRESSES_MAX];
};

/* `name` is for the log. */
void port_init(struct port *p, struct resolver *resolver, const char *name,
               port_knocked_fn *knocked, port_failed_fn *failed, void *arg,
               int64_t pause_ms);

/* Bind; what cannot be bound now is tried again. */
void port_open_election(struct port *p, const struct conf *conf);

/* `number` 0: the quorum ports of our line; else this one at our hosts. */
void port_open_quorum(struct port *p, const struct conf *conf, int32_t number);

/* The quorum ports of our line, for datagrams. */
void port_open_datagrams(struct port *p, const struct conf *conf);

/* Harmless twice. */
void port_close(struct port *p);

/* Whether it is bound anywhere. */
bool port_is_open(const struct port *p);

/* Who is at the other end: "127.0.0.1:40312".  Good until the next call. */
const char *port_peer_name(int fd);

#endif
