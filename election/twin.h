/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twin.h - a server that comes anew where it is: is it one, or are there two?
 *
 * A myid that was copied makes two servers take turns in being one.  Each ends
 * the other's connections, and all that anybody sees of it is a server that
 * comes and goes.  But one that is connected has no reason to connect anew,
 * unless its own end of the connection is gone: once, after its network or its
 * machine was.  A server that does it again and again is somebody else.
 *
 * Pure; the election process and the replication process, each for itself.
 */
#ifndef ELECTION_TWIN_H
#define ELECTION_TWIN_H

#include "daemon/types.h"

/* What is known of one server; zeros at first. */
struct twin {
    uint32_t times;  /* it came while it was there */
    mono_ms_t since; /* counted from then on */
    mono_ms_t told;  /* the operator was told; 0: never */
};

/*
 * It comes while it is there; `is_sure` if it must be another one.  True: the
 * operator is to be told now, which is not more often than once a minute.
 */
bool twin_comes(struct twin *t, bool is_sure, mono_ms_t now);

#endif
