/* SPDX-License-Identifier: Apache-2.0 */
/* qlink.c - see qlink.h. */
#include "net/wire/qlink.h"

#include <errno.h>
#include <linux/tcp.h> /* the C library's tcp_info ends earlier */
#include <netinet/in.h>

int64_t
qlink_get(const uint8_t *data, size_t size, uint32_t data_max,
          struct qpacket *p)
{
    struct bytes in = {data, size > INT32_MAX ? INT32_MAX : (int32_t)size};

    return qpacket_get(in, data_max, p);
}

bool
qlink_put_packet(struct conn *c, const struct qpacket *p)
{
    size_t room = QPACKET_BYTES_MIN + (size_t)bytes_size(p->data) +
                  (size_t)bytes_size(p->authinfo);
    struct jute_out out;

    if (!conn_out(c, room, &out)) {
        conn_break(c, ENOMEM);
        return false;
    }
    qpacket_put(&out, p);
    conn_out_end(c, &out);
    return true;
}

bool
qlink_put(struct conn *c, int32_t type, zxid_t zxid, struct bytes data,
          struct bytes authinfo)
{
    struct qpacket p = {
        .type = type,
        .zxid = zxid,
        .data = data,
        .authinfo = authinfo,
    };

    return qlink_put_packet(c, &p);
}

void
qlink_tune(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* What this kernel does not know stays 0. */
static bool
get_info(int fd, struct tcp_info *info)
{
    socklen_t size = sizeof *info;

    *info = (struct tcp_info){0};
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) == 0;
}

int64_t
qlink_silence_ms(int fd)
{
    struct tcp_info info;

    return get_info(fd, &info) ? (int64_t)info.tcpi_last_ack_recv : -1;
}

uint32_t
qlink_segments(int fd)
{
    struct tcp_info info;

    return get_info(fd, &info) ? info.tcpi_data_segs_in : 0;
}

uint64_t
qlink_received(int fd)
{
    struct tcp_info info;

    return get_info(fd, &info) ? info.tcpi_bytes_received : 0;
}
