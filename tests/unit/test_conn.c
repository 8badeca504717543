/* SPDX-License-Identifier: Apache-2.0 */
/* test_conn.c - claims about what a connection holds of what comes. */
#include "net/wire/conn.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/wire/frame.h"
#include "tests/unit/unit.h"

enum { POOL = 64 << 20, LARGE = 1 << 20, PIECE = 50000 };

static struct conn_home home;
static struct conn conn, ending, hoarder;
static int peer;
static uint32_t messages, taken_times;
static bool it_is_the_last;
static uint64_t sum;

/* A message to one may bring another's last answer. */
static void
answer_who_ends(void)
{
    struct jute_out out;

    if (!ending.is_open)
        return;
    CU_ASSERT_TRUE(conn_out(&ending, sizeof(int64_t), &out));
    jute_put_i64(&out, 1);
    conn_out_end(&ending, &out);
    conn_flush_dirty(&home);
}

/* Messages of any size, as a client's. */
static size_t
input(struct conn *c, const uint8_t *data, size_t size)
{
    struct frame f;
    size_t at = 0;

    (void)c;
    while (frame_next(data + at, size - at, INT32_MAX, &f) == FRAME_WHOLE) {
        for (int32_t i = 0; i < f.body.size; i++)
            sum += f.body.data[i];
        messages++;
        at += f.want;
        answer_who_ends();
    }
    return at;
}

static void
broken(struct conn *c, int error)
{
    (void)error;
    conn_close(c);
}

static void
drained(struct conn *c)
{
    if (c != &ending)
        return;
    conn_hush(c);
    conn_close(c);
}

static void
taken(struct conn *c)
{
    (void)c;
    taken_times++;
}

static bool
make_room(struct conn *c)
{
    if (c == &hoarder || conn_holds(&hoarder) == 0)
        return false;
    conn_surrender(&hoarder);
    return true;
}

static bool
is_last(struct conn *c)
{
    (void)c;
    return it_is_the_last;
}

static const struct conn_ops ops = {
    .input = input,
    .broken = broken,
    .drained = drained,
    .taken = taken,
    .make_room = make_room,
    .is_last = is_last,
};

/* Its other end. */
static int
opens(struct conn *c)
{
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    conn_open(c, &home, ends[0]);
    return ends[1];
}

static void
given_a_connection(void)
{
    conn_home_init(&home, ev_loop_new(0), &ops, POOL);
    peer = opens(&conn);
    messages = taken_times = 0;
    sum = 0;
}

static void
no_connection(void)
{
    conn_close(&conn);
    conn_flush_dirty(&home);
    close(peer);
    ev_loop_destroy(home.loop);
    CU_ASSERT_EQUAL(home.pool.out_bytes, 0);
}

static void
comes(const void *data, size_t size)
{
    CU_ASSERT_EQUAL(write(peer, data, size), (ssize_t)size);
    for (int i = 0; i < 4; i++)
        ev_run(home.loop, EVRUN_NOWAIT);
}

static void
a_length_comes(uint32_t length)
{
    uint8_t word[FRAME_LENGTH_BYTES];

    store_be32(word, length);
    comes(word, sizeof word);
}

static void
a_length_alone_costs_next_to_nothing(void)
{
    given_a_connection();
    a_length_comes(LARGE);
    CU_ASSERT_TRUE(home.pool.out_bytes <= 512);
    no_connection();
}

/* A buffer is a power of two, and doubles when it is almost full. */
static void
memory_follows_what_came(void)
{
    static uint8_t data[LARGE];
    size_t came = FRAME_LENGTH_BYTES;
    uint64_t want = 0;

    given_a_connection();
    for (size_t i = 0; i < LARGE; i++)
        want += data[i] = (uint8_t)(i * 7);
    a_length_comes(LARGE);
    for (size_t at = 0, n; at < LARGE; at += n) {
        n = LARGE - at < PIECE ? LARGE - at : PIECE;
        comes(data + at, n);
        came += n;
        CU_ASSERT_TRUE(home.pool.out_bytes <= 4 * came);
    }
    CU_ASSERT_EQUAL(messages, 1);
    CU_ASSERT_EQUAL(sum, want);
    CU_ASSERT_EQUAL(home.pool.out_bytes, 0);
    no_connection();
}

/* What is left of a large buffer is a small one. */
static void
the_first_byte_of_the_next_message_does_not_keep_the_last_ones_memory(void)
{
    static const uint8_t data[LARGE + 1];

    given_a_connection();
    a_length_comes(LARGE);
    for (size_t at = 0, n; at < sizeof data; at += n) {
        n = sizeof data - at < PIECE ? sizeof data - at : PIECE;
        comes(data + at, n);
    }
    CU_ASSERT_EQUAL(messages, 1);
    CU_ASSERT_TRUE(home.pool.out_bytes <= 512);
    no_connection();
}

/* Why it is not read does not matter. */
static void
who_is_not_read_shows_life_by_what_it_takes(void)
{
    struct jute_out out;

    given_a_connection();
    for (uint32_t i = 0; i < 2; i++) {
        CU_ASSERT_TRUE(conn_out(&conn, 100, &out));
        jute_put_i64(&out, 1);
        conn_out_end(&conn, &out);
        conn_flush_dirty(&home);
        CU_ASSERT_EQUAL(taken_times, i);
        conn_pause(&conn, CONN_PAUSE_END);
    }
    no_connection();
}

/* Nobody reads that any more, and least of all as what another one says. */
static void
what_comes_behind_a_last_answer_is_lost(void)
{
    static const uint8_t two[] = {0, 0, 0, 1, 'a', 0, 0, 0, 1, 'b'};
    static const uint8_t late[sizeof two] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                             0xff, 0xff, 0xff, 0xff, 0xff};
    int its_peer;

    given_a_connection();
    its_peer = opens(&ending);
    conn_pause(&ending, CONN_PAUSE_END);
    CU_ASSERT_EQUAL(write(its_peer, late, sizeof late), sizeof late);
    comes(two, sizeof two);
    CU_ASSERT_FALSE(ending.is_open);
    CU_ASSERT_EQUAL(messages, 2);
    CU_ASSERT_EQUAL(sum, 'a' + 'b');
    close(its_peer);
    no_connection();
}

static bool
writes(struct conn *c, size_t size)
{
    struct jute_out out;

    if (!conn_out(c, size, &out))
        return false;
    out.at += size;
    conn_out_end(c, &out);
    return true;
}

/* The other side takes all that comes: how much it was; has it ended? */
static size_t
takes_all(bool *has_ended)
{
    static uint8_t data[65536];
    size_t taken = 0;
    ssize_t n;

    while ((n = recv(peer, data, sizeof data, MSG_DONTWAIT)) > 0) {
        taken += (size_t)n;
        ev_run(home.loop, EVRUN_NOWAIT);
    }
    *has_ended = n == 0;
    return taken;
}

/* In parts, too: the socket does not hold all of it. */
static void
the_end_goes_with_the_last_output(void)
{
    bool has_ended;

    given_a_connection();
    it_is_the_last = true; /* nobody asks */
    CU_ASSERT_TRUE(writes(&conn, 100));
    conn_flush_dirty(&home);
    CU_ASSERT_EQUAL(takes_all(&has_ended), 100);
    CU_ASSERT_FALSE(has_ended);
    home.ends = true;
    it_is_the_last = false;
    CU_ASSERT_TRUE(writes(&conn, 100));
    conn_flush_dirty(&home);
    CU_ASSERT_EQUAL(takes_all(&has_ended), 100);
    CU_ASSERT_FALSE(has_ended);
    it_is_the_last = true;
    CU_ASSERT_TRUE(writes(&conn, LARGE));
    conn_flush_dirty(&home);
    CU_ASSERT_TRUE(conn_unsent(&conn) > 0);
    CU_ASSERT_EQUAL(takes_all(&has_ended), LARGE);
    CU_ASSERT_TRUE(has_ended);
    no_connection();
}

/* Who gives them back is at its end: nothing more is sent. */
static void
buffers_are_had_at_the_cost_of_another(void)
{
    enum { MUCH = POOL / 4 };
    uint8_t byte;
    int its_peer;

    given_a_connection();
    its_peer = opens(&hoarder);
    CU_ASSERT_TRUE(writes(&hoarder, MUCH));
    CU_ASSERT_TRUE(writes(&conn, MUCH));
    CU_ASSERT_EQUAL(conn_holds(&hoarder), 0);
    CU_ASSERT_FALSE(writes(&hoarder, MUCH));
    conn_flush_dirty(&home);
    CU_ASSERT_EQUAL(read(its_peer, &byte, 1), 0);
    conn_close(&hoarder);
    close(its_peer);
    no_connection();
}

UNIT_SUITE(conn)
{
    unit_suite("conn");
    UNIT(a_length_alone_costs_next_to_nothing);
    UNIT(memory_follows_what_came);
    UNIT(who_is_not_read_shows_life_by_what_it_takes);
    UNIT(the_first_byte_of_the_next_message_does_not_keep_the_last_ones_memory);
    UNIT(what_comes_behind_a_last_answer_is_lost);
    UNIT(the_end_goes_with_the_last_output);
    UNIT(buffers_are_had_at_the_cost_of_another);
}
