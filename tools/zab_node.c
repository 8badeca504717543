/* SPDX-License-Identifier: Apache-2.0 */
/* zab_node.c - see zab_node.h. */
#include "tools/zab_node.h"

#include <inttypes.h>

#include "tools/zab_text.h"

void
zab_put_node(FILE *to, struct bytes path, struct bytes data, struct bytes acl,
             const struct znode_stat *s)
{
    zab_put_text(to, path);
    if (data.size < 0)
        fputs(" data=null", to);
    else
        fprintf(to, " data=%" PRId32, data.size);
    fputs(" owner=", to);
    zab_put_owner(to, s->owner);
    fputs(" acl=", to);
    zab_put_acl(to, acl);
    fprintf(to,
            " czxid=0x%" PRIx64 " mzxid=0x%" PRIx64 " pzxid=0x%" PRIx64
            " version=%" PRId32 " creates=%" PRId32 " aversion=%" PRId32,
            (uint64_t)s->czxid, (uint64_t)s->mzxid, (uint64_t)s->pzxid,
            s->version, s->cversion, s->aversion);
    fputs(" ctime=", to);
    zab_put_time(to, s->ctime);
    fputs(" mtime=", to);
    zab_put_time(to, s->mtime);
    fputc('\n', to);
}

void
zab_count_node(struct zab_count *c, struct bytes path, struct bytes data,
               const struct znode_stat *stat)
{
    c->nodes++;
    if (stat->owner == ZK_OWNER_CONTAINER)
        c->containers++;
    else if (znode_ttl_ms(stat->owner) > 0)
        c->timed++;
    else if (stat->owner != 0)
        c->ephemerals++;
    c->data_bytes += (uint64_t)bytes_size(data);
    c->path_bytes += (uint64_t)path.size;
    if (path_is_digested(path))
        c->digest += znode_digest(znode_path_crc(path, data), stat);
}

void
zab_put_count(FILE *to, const struct zab_count *c)
{
    fprintf(to, "nodes       %" PRIu64, c->nodes);
    if (c->ephemerals + c->containers + c->timed > 0)
        fprintf(to,
                " (ephemeral %" PRIu64 ", container %" PRIu64 ", TTL %" PRIu64
                ")",
                c->ephemerals, c->containers, c->timed);
    fprintf(to, "\nbytes       data %" PRIu64 ", paths %" PRIu64 "\n",
            c->data_bytes, c->path_bytes);
}
