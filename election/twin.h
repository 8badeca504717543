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
 * And one that is asked on the connection that it has, and answers, has lost
 * nothing: who came meanwhile is another one, and is kept out, for with an
 * empty disk it would vote for what the first one has acknowledged.  Who is
 * silent has made room.  Between election ports they have words for that:
 *
 *      newcomer                  we                        the first
 *         ------- hello -------->   ---- ARE_YOU_THERE --->
 *         <------ TAKEN ---------   <------- I_AM ---------
 *
 * A word is a note in a state that is none: Apache's servers, and zabds that
 * do not know it, drop it.  They do not answer: who takes the place of such
 * a one gets it, after TWIN_ANSWER_MS.
 *
 * Pure; the election process and the replication process, each for itself.
 */
#ifndef ELECTION_TWIN_H
#define ELECTION_TWIN_H

#include "daemon/jute.h"

enum {
    TWIN_ANSWER_MS = 500, /* the first one has so long to answer */
    TWIN_WHERE_MAX = 96,
    TWIN_BYTES_MAX = 44 + TWIN_WHERE_MAX,
};

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

enum twin_word {
    TWIN_NO_WORD,
    TWIN_ARE_YOU_THERE, /* a server came with your number */
    TWIN_I_AM,
    TWIN_TAKEN, /* your number is; `where`: whose it is, for the log */
};

/* Write the payload of a frame, without its length. */
void twin_put(struct jute_out *out, enum twin_word word, struct bytes where);

/* TWIN_NO_WORD: it is a note, or nothing at all; `where` is borrowed. */
enum twin_word twin_get(struct bytes payload, struct bytes *where);

#endif
