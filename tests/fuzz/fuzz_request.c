/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_request.c - what a client sends: frames in a stream, and in each a
 * record that every parser gets to see.
 */
#include "tests/fuzz/fuzz.h"

#include "net/admin/four.h"
#include "net/wire/frame.h"
#include "net/wire/request.h"

static void
walk_lists(struct bytes body, int32_t op)
{
    struct set_watches s;
    struct multi_read m;
    enum watch_list list;
    struct bytes path;
    int32_t inner;

    if (request_set_watches(body, op, &s))
        while (request_set_watches_next(&s, &list, &path))
            check(list < LIST_COUNT && path.size <= body.size);
    if (request_multi_read(body, &m))
        while (request_multi_read_next(&m, &inner, &path))
            check(path.size <= body.size);
}

static void
parse(struct bytes body, int32_t op)
{
    struct watched_request watched;
    struct auth_request auth;
    struct bytes path, token;
    int32_t number;

    if (request_watched(body, &watched))
        check(watched.path.size >= 0 && watched.path.size <= body.size);
    if (request_path(body, &path))
        check(path.size <= body.size);
    if (request_path_number(body, &path, &number))
        check(path.size <= body.size);
    if (request_auth(body, &auth))
        check(auth.auth.size <= body.size);
    if (request_sasl(body, &token))
        check(token.size <= body.size);
    walk_lists(body, op);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct connect_request connect;
    struct request request;
    struct frame frame;
    enum conf_word word;
    size_t at = 0;

    if (size >= 4)
        (void)four_kind(data, &word);
    (void)request_connect(fuzz_bytes(data, size), &connect);
    if (request_open(fuzz_bytes(data, size), &request)) {
        (void)request_kind(request.op);
        check(request_word(request.op) != NULL);
        parse(request.body, request.op);
    }
    while (frame_next(data + at, size - at, 4096, &frame) == FRAME_WHOLE) {
        check(frame.body.size >= 0 && frame.want <= size - at);
        at += frame.want;
        parse(frame.body, ZK_OP_SET_WATCHES2);
    }
    return 0;
}
