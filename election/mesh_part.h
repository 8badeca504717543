/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_part.h - what the files of the mesh give each other.
 *
 *   mesh.c         peers: telling, who can answer, dialling again
 *   mesh_stream.c  frames on a connection, in and out
 *   mesh_dial.c    us to them: connection, then hello
 *   mesh_accept.c  guests of our port, until they have said who they are
 *   mesh_twin.c    two servers with one number: who is kept out
 *   mesh_socket.c  options of sockets
 *
 * Private to mesh*.c.
 */
#ifndef ELECTION_MESH_PART_H
#define ELECTION_MESH_PART_H

#include "election/mesh.h"

/* --- mesh.c --------------------------------------------------------------- */

/* The peer with that number, or NULL. */
struct peer *mesh_peer(struct mesh *m, sid_t sid);

/* Whether it is one of the places where we call the peer. */
bool mesh_dials(const struct peer *p, const char *host, int32_t port);

/* The peer is lost: its link is down, with one line if that is news. */
void mesh_lost(struct peer *p, const char *why);

/* The peer is connected: one line if that is news. */
void mesh_found(const struct peer *p);

/* --- mesh_stream.c -------------------------------------------------------- */

/* The link is UP, by `fd`, which is ours now. */
void stream_begin(struct peer *p, int fd);

/* Write what waits, if UP. */
void stream_flush(struct peer *p);

/* Say a word before any note; nothing is said while the link is not UP. */
void stream_say(struct peer *p, enum twin_word word);

/* Harmless without a connection.  The link is the caller's to change. */
void stream_close(struct peer *p);

/* --- mesh_dial.c ---------------------------------------------------------- */

/* As our hello has it: once, before any call. */
void mesh_own_address(struct mesh *m);

void call_init(struct peer *p);

/* Dial; only while the link is DOWN. */
void call_begin(struct peer *p);

/* Give up what is under way, without a word. */
void call_stop(struct peer *p);

/* --- mesh_accept.c -------------------------------------------------------- */

void accept_init(struct mesh *m);
void accept_open(struct mesh *m);

/* The port is closed, and all guests are sent away. */
void accept_close(struct mesh *m);

/*
 * `p` is here on a new connection: link.c knows which one stays.  `address` is
 * what its hello has; `is_fresh`: see link_met.
 */
void mesh_welcome(struct peer *p, int fd, struct bytes address, bool is_fresh);

/* --- mesh_twin.c ---------------------------------------------------------- */

void rival_init(struct peer *p);

/*
 * The number of `p`, which is connected, said `h` on another connection, which
 * is ours now: it is kept until `p` says that it is there, or does not.
 */
void rival_challenge(struct peer *p, const struct hello *h, int fd);

/* The connection of `p` is gone: who was kept takes its place. */
void rival_step_in(struct peer *p);

/* A frame of `p` came.  False: it is no word. */
bool rival_hear(struct peer *p, struct bytes payload);

/* We said hello on `fd`, which is ours now: a word may come. */
void rival_listen(struct peer *p, int fd);
void rival_listen_stop(struct peer *p);

/* Whoever is kept goes. */
void rival_stop(struct peer *p);

/* --- mesh_socket.c -------------------------------------------------------- */

/* No delay, and a dead peer is noticed. */
void mesh_socket_options(int fd);

/*
 * Its peer has another address: what is sent must be acknowledged soon.  Only
 * for MESH_HURRY_S at a time, and then it is patient again: the kernel ends an
 * impatient connection with the first keep-alive that is lost, too.
 */
enum { MESH_HURRY_S = 5 };
void mesh_be_impatient(int fd, bool is_impatient);

/* All that was sent has come to the machine at the other end. */
bool mesh_is_acked(int fd);

#endif
