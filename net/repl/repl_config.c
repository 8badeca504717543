/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_config.c - see repl_config.h.
 *
 * The members are those of zoo.cfg, and every server writes /zookeeper/config
 * itself.  But an Apache leader lets clients change them (reconfigEnabled).
 * If the voters are others then, what is a quorum by our zoo.cfg may be none,
 * and two such quorums could lead at once: we go on following, but neither vote
 * nor lead, until we are started with the new lines.
 *
 * ZK: QuorumPeer.processReconfig (spec/quorum-protocol.md 9.5, 11.7)
 */
#include "net/repl/repl_config.h"

#include "daemon/clock.h"
#include "daemon/log.h"
#include "election/quorum_conf.h"

static struct bytes
our_text(const struct repl *r)
{
    static char text[CONFIG_TEXT_MAX];
    size_t size = config_text(&r->conf, 0, text, sizeof text);

    return (struct bytes){(const uint8_t *)text, (int32_t)size};
}

void
repl_put_config(struct repl *r)
{
    struct txn_header h = {.type = ZK_OP_SET_DATA, .time = clock_wall_ms()};
    struct change c = {
        .kind = CHANGE_SET_DATA,
        .op = ZK_OP_SET_DATA,
        .path = bytes_of("/zookeeper/config"),
        .data = our_text(r),
        .version = -1,
    };
    struct outcome outcome;

    tree_batch_begin(r->tree);
    tree_apply(r->tree, &h, &c, &outcome);
    tree_batch_end(r->tree, r->applied);
}

void
repl_config_changed(struct repl *r, struct txn *txn)
{
    struct change c;
    struct bytes line;
    bool is_same;

    txn_rewind(txn);
    if (!txn_next(txn, &c))
        return;
    is_same = config_is_same_quorum(c.data, our_text(r), &line);
    atomic_store(&r->shm->replication->ensemble.is_outdated, !is_same);
    if (!is_same)
        log_error("replication: the ensemble has other members now than our "
                  "configuration: only one of the two has the line \"%.*s\". "
                  "This server neither votes nor leads any more. Write the "
                  "new server lines into the configuration of every zabd, and "
                  "restart one after the other",
                  (int)line.size, (const char *)line.data);
}
