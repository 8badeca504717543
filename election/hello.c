/* SPDX-License-Identifier: Apache-2.0 */
/* hello.c - see hello.h.  Pure; the election process. */
#include "election/hello.h"

#include <errno.h>

enum { HELLO_V1 = -65536, HELLO_V2 = -65535, HELLO_HEAD_BYTES = 20 };

void
hello_put(struct jute_out *out, sid_t sid, const char *address)
{
    jute_put_i64(out, strchr(address, '|') ? HELLO_V2 : HELLO_V1);
    jute_put_i64(out, sid);
    jute_put_bytes(out, bytes_of(address));
}

int
hello_get(struct bytes in, struct hello *hello, size_t *need)
{
    struct jute_in j = jute_in_bytes(in);
    int64_t first = jute_get_i64(&j);
    int32_t size;

    *need = HELLO_FIRST_BYTES;
    if (j.bad)
        return 0;
    *hello = (struct hello){.sid = first, .address = BYTES_NULL};
    if (first >= 0)
        return 1;
    if (first != HELLO_V1 && first != HELLO_V2)
        return -EBADMSG;
    *need = HELLO_HEAD_BYTES;
    hello->sid = jute_get_i64(&j);
    size = jute_get_i32(&j);
    if (j.bad)
        return 0;
    if (hello->sid < 0 || size < 1 || size > HELLO_ADDRESS_MAX)
        return -EBADMSG;
    *need += (size_t)size;
    hello->address = (struct bytes){jute_take(&j, (size_t)size), size};
    return j.bad ? 0 : 1;
}

/* A decimal port in all of `text`; 0: it is none. */
static int32_t
port_of(struct bytes text)
{
    int32_t port = 0;

    if (text.size < 1 || text.size > 5)
        return 0;
    for (int32_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        port = port * 10 + (text.data[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

/* One "host:port"; the last colon parts them. */
static bool
take_address(struct bytes text, char *host, size_t host_size, int32_t *port)
{
    const uint8_t *colon =
        text.size > 0 ? memrchr(text.data, ':', (size_t)text.size) : NULL;
    struct bytes name;

    if (!colon)
        return false;
    name = (struct bytes){text.data, (int32_t)(colon - text.data)};
    *port = port_of((struct bytes){colon + 1, text.size - name.size - 1});
    if (name.size > 2 && name.data[0] == '[' &&
        name.data[name.size - 1] == ']') {
        name.data++;
        name.size -= 2;
    }
    if (*port == 0 || name.size < 1 || (size_t)name.size >= host_size ||
        memchr(name.data, '\0', (size_t)name.size) ||
        bytes_are(name, "0.0.0.0") || bytes_are(name, "::") ||
        bytes_are(name, "0:0:0:0:0:0:0:0"))
        return false;
    memcpy(host, name.data, (size_t)name.size);
    host[name.size] = '\0';
    return true;
}

bool
hello_address(struct bytes list, char *host, size_t host_size, int32_t *port)
{
    while (list.size > 0) {
        const uint8_t *bar = memchr(list.data, '|', (size_t)list.size);
        int32_t n = bar ? (int32_t)(bar - list.data) : list.size;

        if (take_address((struct bytes){list.data, n}, host, host_size, port))
            return true;
        n += bar != NULL;
        list.data += n;
        list.size -= n;
    }
    return false;
}
