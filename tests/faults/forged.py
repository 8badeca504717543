# SPDX-License-Identifier: Apache-2.0
"""What no right server makes of a load: each lie changes something behind the
ledger's back, on the server or in a book, and verify.py must notice.  Names
are of what a server would have done."""

LODGED = "/load/d/lodger-1"     # of the first of them


def all_acked(book, kind):
    return [op for op in book.of(kind) if op.outcome == "ok"]


def acked(book, kind):
    return all_acked(book, kind)[-1]


def has_enough(load):
    """Is there something to lie about?"""
    *books, pipe = load.books
    return all_acked(pipe, "create") and load.top.exists(LODGED) and all(
        len(all_acked(book, kind)) > 1 for book in books
        for kind in ("create", "delete", "set", "both", "pair", "next"))


def nothing(load, book):
    """the truth"""


def a_lost_create(load, book):
    load.top.delete("/load/c/%s-%d" % (book.writer,
                                       acked(book, "create").n))


def a_lost_create_of_the_c_client(load, book):
    a_lost_create(load, load.books[-1])


def a_lost_sequential_create(load, book):
    load.top.delete(acked(book, "next").answer)


def a_create_done_twice(load, book):
    load.top.create("/load/q/%s-" % book.writer,
                    book.token(acked(book, "next")), sequence=True)


def a_lost_set(load, book):
    load.top.set("/load/s/" + book.writer, b"1")


def a_set_done_twice(load, book):
    load.top.set("/load/s/" + book.writer, b"%d" % acked(book, "set").n)


def half_a_multi_of_sets(load, book):
    load.top.set("/load/m/%s-a" % book.writer, b"0")


def half_a_multi_of_creates(load, book):
    done = {op.n for op in book.of("unpair")}
    n = [op.n for op in book.of("pair")
         if op.outcome == "ok" and op.n not in done][0]
    load.top.delete("/load/p/%s-%d-b" % (book.writer, n))


def a_deleted_node_back(load, book):
    n = acked(book, "delete").n
    load.top.create("/load/c/%s-%d" % (book.writer, n),
                    b"%s create %d" % (book.writer.encode(), n))


def a_node_nobody_wrote(load, book):
    load.top.create("/load/c/%s-999999" % book.writer)


def a_lost_ephemeral(load, book):
    load.top.delete("/load/e/%s-1" % book.writer)


def an_ephemeral_that_outlives_its_session(load, book):
    load.top.create("/load/d/" + load.dead[0])


def a_refused_write(load, book):
    acked(book, "set").outcome = "failed"


def a_swapped_order_of_sets(load, book):
    a, b = all_acked(book, "set")[-2:]
    a.answer, b.answer = b.answer, a.answer


def a_zxid_behind_real_time(load, book):
    other = load.books[load.books.index(book) - 1]
    a, b = acked(book, "set"), acked(other, "set")
    b.sent = b.done = a.done + 1
    b.answer = b.answer._replace(mzxid=a.answer.mzxid - 1)


LIES = [nothing, a_lost_create, a_lost_create_of_the_c_client,
        a_lost_sequential_create, a_create_done_twice, a_lost_set,
        a_set_done_twice, half_a_multi_of_sets, half_a_multi_of_creates,
        a_deleted_node_back, a_node_nobody_wrote, a_lost_ephemeral,
        a_refused_write, a_swapped_order_of_sets, a_zxid_behind_real_time,
        an_ephemeral_that_outlives_its_session]
