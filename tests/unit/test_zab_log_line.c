/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/zab_log_line.c: a line for each kind of transaction. */
#include "tools/zab_log_line.h"

#include <errno.h>
#include <stdlib.h>

#include "storage/tree/txn.h"
#include "tests/unit/unit.h"

static uint8_t bytes[512];
static struct jute_out out;
static char *line;

/* A transaction of that type, whose body comes next. */
static void
given(int32_t type)
{
    const struct txn_header h = {.session = 0x1234,
                                 .cxid = 7,
                                 .zxid = ZXID(1, 5),
                                 .time = 1500,
                                 .type = type};

    out = jute_out_of(bytes, sizeof bytes);
    txn_put_header(&out, &h);
}

static int
print(bool is_json)
{
    const struct zab_log_place place = {"log.1", 16};
    size_t size = 0;
    FILE *memory;
    int rc;

    free(line);
    line = NULL;
    memory = open_memstream(&line, &size);
    rc = zab_put_txn(memory, &place,
                     (struct bytes){bytes, (int32_t)jute_out_size(&out)},
                     is_json);
    fclose(memory);
    return rc;
}

static bool
reads(const char *rest)
{
    static const char head[] =
        "0x100000005 1970-01-01T00:00:01.500Z session=0x1234 cxid=7 ";

    return print(false) == 0 && strncmp(line, head, sizeof head - 1) == 0 &&
           strcmp(line + sizeof head - 1, rest) == 0;
}

static bool
reads_json(const char *rest)
{
    static const char head[] =
        "{\"file\":\"log.1\",\"offset\":16,\"zxid\":\"0x100000005\","
        "\"time_ms\":1500,\"session\":\"0x1234\",\"cxid\":7,\"type\":";

    return print(true) == 0 && strncmp(line, head, sizeof head - 1) == 0 &&
           strcmp(line + sizeof head - 1, rest) == 0;
}

static void
given_create(void)
{
    given(ZK_OP_CREATE);
    jute_put_bytes(&out, bytes_of("/a b"));
    jute_put_bytes(&out, bytes_of("data"));
    jute_put_i32(&out, -1); /* a null ACL */
    jute_put_bool(&out, true);
    jute_put_i32(&out, 3);
    txn_put_digest(&out, 0x77);
}

static void
create_has_all_but_the_data(void)
{
    given_create();
    CU_ASSERT(reads("create path=/a\\x20b data=4 owner=0x1234 acl=- "
                    "parent_creates=3 digest=0x77\n"));
    CU_ASSERT(reads_json("\"create\",\"path\":\"/a b\",\"data\":4,"
                         "\"owner\":\"0x1234\",\"acl\":\"-\","
                         "\"parent_creates\":3,\"digest\":\"0x77\"}\n"));
}

static void
null_data_is_not_empty_data(void)
{
    given(ZK_OP_SET_DATA);
    jute_put_bytes(&out, bytes_of("/a"));
    jute_put_bytes(&out, BYTES_NULL);
    jute_put_i32(&out, 2);
    CU_ASSERT(reads("setData path=/a data=null version=2\n"));
    CU_ASSERT(reads_json("\"setData\",\"path\":\"/a\",\"data\":null,"
                         "\"version\":2}\n"));
}

static void
sessions_come_and_go(void)
{
    given(ZK_OP_CREATE_SESSION);
    jute_put_i32(&out, 30000);
    CU_ASSERT(reads("createSession timeout_ms=30000\n"));

    given(ZK_OP_CLOSE_SESSION);
    jute_put_i32(&out, 2);
    jute_put_bytes(&out, bytes_of("/e1"));
    jute_put_bytes(&out, bytes_of("/e2"));
    CU_ASSERT(reads("closeSession deletes=2 path=/e1 path=/e2\n"));
    CU_ASSERT(reads_json("\"closeSession\",\"deletes\":2,"
                         "\"paths\":[\"/e1\",\"/e2\"]}\n"));
}

static void
an_error_has_its_code(void)
{
    given(ZK_OP_ERROR);
    jute_put_i32(&out, ZK_NO_NODE);
    CU_ASSERT(reads("error err=-101\n"));
}

static void
put_sub(int32_t type, const char *path, int32_t err)
{
    uint8_t body[64];
    struct jute_out sub = jute_out_of(body, sizeof body);

    if (path)
        jute_put_bytes(&sub, bytes_of(path));
    else
        jute_put_i32(&sub, err);
    jute_put_i32(&out, type);
    jute_put_bytes(&out, (struct bytes){body, (int32_t)jute_out_size(&sub)});
}

static void
a_multi_shows_its_operations(void)
{
    given(ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    put_sub(ZK_OP_DELETE, "/x", 0);
    put_sub(ZK_OP_DELETE, "/y", 0);
    CU_ASSERT(reads("multi ops=2 [delete path=/x] [delete path=/y]\n"));
    CU_ASSERT(reads_json("\"multi\",\"ops\":2,\"changes\":["
                         "{\"op\":\"delete\",\"path\":\"/x\"},"
                         "{\"op\":\"delete\",\"path\":\"/y\"}]}\n"));
}

static void
a_failed_multi_shows_where(void)
{
    given(ZK_OP_MULTI);
    jute_put_i32(&out, 3);
    put_sub(ZK_OP_DELETE, "/x", 0);
    put_sub(ZK_OP_ERROR, NULL, ZK_BAD_VERSION);
    put_sub(ZK_OP_ERROR, NULL, ZK_RUNTIME_INCONSISTENCY);
    CU_ASSERT(reads("multi ops=3 [delete path=/x] [error err=-103] "
                    "[error err=-2]\n"));
}

static void
what_is_unknown_prints_nothing(void)
{
    given(99);
    CU_ASSERT_EQUAL(print(false), -EBADMSG);
    CU_ASSERT_STRING_EQUAL(line, "");
    given_create();
    out.at -= 20; /* cut off in its middle */
    CU_ASSERT_EQUAL(print(true), -EBADMSG);
    CU_ASSERT_STRING_EQUAL(line, "");
    free(line);
    line = NULL;
}

UNIT_SUITE(zab_log_line)
{
    unit_suite("zab_log_line");
    UNIT(create_has_all_but_the_data);
    UNIT(null_data_is_not_empty_data);
    UNIT(sessions_come_and_go);
    UNIT(an_error_has_its_code);
    UNIT(a_multi_shows_its_operations);
    UNIT(a_failed_multi_shows_where);
    UNIT(what_is_unknown_prints_nothing);
}
