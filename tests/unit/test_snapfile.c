/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/snap/snapfile*.c: what is written is read, damage shows.
 */
#include "storage/snap/snapfile.h"

#include <dlfcn.h>
#include <errno.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "storage/snap/snapfile_acl.h"
#include "storage/snap/snapfile_snappy.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char dir[DATA_PATH_MAX], path[DATA_PATH_MAX];
static struct data_error error;

/* What a visitor saw, as one text. */
static char seen[4096];

static int
see_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    size_t at = strlen(seen);

    (void)arg;
    snprintf(seen + at, sizeof seen - at, "session %llx %d\n",
             (unsigned long long)id, timeout_ms);
    return 0;
}

static int
see_node(void *arg, struct bytes p, struct bytes data, struct bytes acl,
         const struct znode_stat *stat)
{
    size_t at = strlen(seen);

    (void)arg;
    snprintf(seen + at, sizeof seen - at, "node %.*s [%.*s]%d %s %lld %d\n",
             (int)p.size, (const char *)p.data, data.size > 0 ? data.size : 0,
             (const char *)data.data, data.size,
             bytes_equal(acl, acl_open_to_all) ? "world"
             : bytes_equal(acl, acl_nobody)    ? "nobody"
                                               : "other",
             (long long)stat->czxid, stat->version);
    return 0;
}

static const struct snap_visitor visitor = {see_session, see_node, NULL};

static int
read_back(struct snapfile_info *info)
{
    seen[0] = '\0';
    return snapfile_read(path, &visitor, NULL, NULL, info, &error);
}

static const uint8_t other_acl[] = "\0\0\0\1\0\0\0\1\0\0\0\2ip\0\0\0\1x";

/* Two sessions, three nodes, one list of its own, one number unknown. */
static void
given_snapshot(enum snap_format format)
{
    struct snapfile_writer w;
    struct znode_stat stat = {.czxid = 5, .version = 7};

    tempdir_make(dir);
    data_path(path, dir,
              format == SNAP_ZSTD ? "snapshot.1f.zst" : "snapshot.1f");
    CU_ASSERT_EQUAL(snapfile_writer_open(&w, dir, 0x1f, format), 0);
    snapfile_put_count(&w, 2);
    snapfile_put_session(&w, 0xabc, 4000);
    snapfile_put_session(&w, 0xdef, 6000);
    snapfile_put_count(&w, 1);
    snapfile_put_acl(&w, 3, (struct bytes){other_acl, sizeof other_acl - 1});
    snapfile_put_node(&w, bytes_of("/"), bytes_of(""), -1, &stat);
    snapfile_put_node(&w, bytes_of("/a"), BYTES_NULL, 3, &stat);
    snapfile_put_node(&w, bytes_of("/a/b"), bytes_of("data"), 99, &stat);
    CU_ASSERT(!file_is_there(path));
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, 0x1f, 0x1234), 0);
    CU_ASSERT(file_is_there(path));
}

static const char expected[] = "session abc 4000\nsession def 6000\n"
                               "node / []0 world 5 7\n"
                               "node /a []-1 other 5 7\n"
                               "node /a/b [data]4 nobody 5 7\n";

static void
check_read_back(void)
{
    struct snapfile_info info = {0};

    CU_ASSERT_EQUAL(read_back(&info), 0);
    CU_ASSERT_STRING_EQUAL(seen, expected);
    CU_ASSERT_EQUAL(info.sessions, 2);
    CU_ASSERT_EQUAL(info.nodes, 3);
    CU_ASSERT_EQUAL(info.unknown_acls, 1);
    CU_ASSERT(info.has_digest);
    CU_ASSERT_EQUAL(info.digest_zxid, 0x1f);
    CU_ASSERT_EQUAL(info.digest, 0x1234);
    CU_ASSERT_EQUAL(snapfile_looks_whole(path), 1);
}

static void
a_plain_snapshot_is_read_back(void)
{
    given_snapshot(SNAP_PLAIN);
    check_read_back();
    tempdir_remove(dir);
}

static void
a_zstd_snapshot_is_read_back(void)
{
    given_snapshot(SNAP_ZSTD);
    check_read_back();
    tempdir_remove(dir);
}

static void
a_gzip_snapshot_is_read(void)
{
    uint8_t *data;
    size_t size;
    gzFile gz;

    given_snapshot(SNAP_PLAIN);
    data = file_read(path, &size);
    data_path(path, dir, "snapshot.1f.gz");
    gz = gzopen(path, "wb");
    CU_ASSERT_EQUAL(gzwrite(gz, data, (unsigned)size), (int)size);
    gzclose(gz);
    check_read_back();
    free(data);
    tempdir_remove(dir);
}

/* One literal per block is legal snappy, if not clever. */
static void
a_snappy_snapshot_is_read(void)
{
    static const uint8_t header[16] = "\202SNAPPY\0\0\0\0\1\0\0\0\1";
    uint8_t *data, packed[2048];
    size_t size, at = sizeof header;

    given_snapshot(SNAP_PLAIN);
    data = file_read(path, &size);
    memcpy(packed, header, sizeof header);
    for (size_t from = 0; from < size; from += 50) {
        size_t n = size - from < 50 ? size - from : 50;

        store_be32(packed + at, (uint32_t)n + 2);
        packed[at + 4] = (uint8_t)n;
        packed[at + 5] = (uint8_t)((n - 1) << 2);
        memcpy(packed + at + 6, data + from, n);
        at += n + 6;
    }
    data_path(path, dir, "snapshot.1f.snappy");
    file_write(path, packed, at);
    check_read_back();
    file_write(path, packed, at - 1);
    CU_ASSERT_EQUAL(read_back(&(struct snapfile_info){0}), -EBADMSG);
    free(data);
    tempdir_remove(dir);
}

static void
snappy_copies_may_overlap(void)
{
    /* "ab" then 6 bytes from 2 back, then 4 from 8 back by the long form */
    static const uint8_t block[] = {12, 1 << 2,     'a', 'b', 2 << 2 | 1,
                                    2,  3 << 2 | 2, 8,   0};
    uint8_t out[12];
    size_t size;

    CU_ASSERT_EQUAL(snappy_size(block, sizeof block, &size), 0);
    CU_ASSERT_EQUAL(size, 12);
    CU_ASSERT_EQUAL(snappy_unpack(block, sizeof block, out, size), 0);
    CU_ASSERT_EQUAL(memcmp(out, "abababababab", 12), 0);
    CU_ASSERT_EQUAL(snappy_unpack(block, sizeof block - 1, out, 12), -EBADMSG);
    CU_ASSERT_EQUAL(snappy_unpack(block, sizeof block, out, 11), -EBADMSG);
}

/* Cut off anywhere but before an optional part, it is refused. */
static void
a_snapshot_cut_off_is_refused(void)
{
    struct snapfile_info info;
    uint8_t *data;
    size_t size, whole_without_digest;

    given_snapshot(SNAP_PLAIN);
    data = file_read(path, &size);
    whole_without_digest = size - SNAP_DIGEST_BYTES - SNAP_SEAL_BYTES;
    for (size_t at = 0; at < size; at++) {
        file_write(path, data, at);
        CU_ASSERT_EQUAL(read_back(&info),
                        at == whole_without_digest ? 0 : -EBADMSG);
    }
    CU_ASSERT(strstr(error.path, "snapshot.1f") != NULL);
    free(data);
    tempdir_remove(dir);
}

static void
a_flipped_bit_anywhere_is_noticed(void)
{
    struct snapfile_info info;
    uint8_t *data;
    size_t size;

    given_snapshot(SNAP_PLAIN);
    data = file_read(path, &size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file_write(path, data, size);
        CU_ASSERT_EQUAL(read_back(&info), -EBADMSG);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(data);
    tempdir_remove(dir);
}

static void
a_damaged_zstd_frame_is_noticed(void)
{
    struct snapfile_info info;
    uint8_t *data;
    size_t size;

    given_snapshot(SNAP_ZSTD);
    data = file_read(path, &size);
    for (size_t at = 0; at < size; at++) {
        file_write(path, data, at);
        CU_ASSERT(read_back(&info) < 0);
    }
    data[size - 1] ^= 1; /* of the frame's checksum */
    file_write(path, data, size);
    CU_ASSERT_EQUAL(read_back(&info), -EBADMSG);
    free(data);
    tempdir_remove(dir);
}

/* ZK: FileSnap.deserialize goes on to an older one.  No byte of `mem` can be
   read at 0: EIO, as from a bad sector. */
/* What Apache would hold for a node, and no client could ever name. */
static void
a_path_that_no_node_can_have_is_damage(void)
{
    static const char *const impossible[] = {"ab", "/a/", "//"};
    const struct znode_stat stat = {0};
    struct snapfile_writer w;
    struct snapfile_info info;

    for (size_t i = 0; i < ARRAY_COUNT(impossible); i++) {
        tempdir_make(dir);
        data_path(path, dir, "snapshot.1");
        CU_ASSERT_EQUAL(snapfile_writer_open(&w, dir, 1, SNAP_PLAIN), 0);
        snapfile_put_count(&w, 0);
        snapfile_put_count(&w, 0);
        snapfile_put_node(&w, bytes_of("/"), bytes_of(""), -1, &stat);
        snapfile_put_node(&w, bytes_of(impossible[i]), BYTES_NULL, -1, &stat);
        CU_ASSERT_EQUAL(snapfile_writer_end(&w, 1, 0), 0);
        CU_ASSERT_EQUAL(read_back(&info), -EBADMSG);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "slash"));
        tempdir_remove(dir);
    }
}

static void
what_the_disk_cannot_read_is_damage(void)
{
    struct snapfile_info info;

    given_snapshot(SNAP_PLAIN);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(symlink("/proc/self/mem", path), 0);
    CU_ASSERT_EQUAL(read_back(&info), -EBADMSG);
    CU_ASSERT(strstr(error.what, "disk") != NULL);
    tempdir_remove(dir);
}

static bool has_memory = true;

/* This takes the place of the library's in all of build/unit. */
size_t
ZSTD_decompressStream(ZSTD_DStream *stream, ZSTD_outBuffer *out,
                      ZSTD_inBuffer *in)
{
    __typeof__(&ZSTD_decompressStream) of_library;

    if (!has_memory)
        return (size_t)-ZSTD_error_memory_allocation;
    *(void **)&of_library = dlsym(RTLD_NEXT, "ZSTD_decompressStream");
    return of_library(stream, out, in);
}

/* The file is sound, and there is no other: nobody may move it away. */
static void
want_of_memory_is_no_damage(void)
{
    struct snapfile_info info;

    given_snapshot(SNAP_ZSTD);
    has_memory = false;
    CU_ASSERT_EQUAL(read_back(&info), -ENOMEM);
    has_memory = true;
    CU_ASSERT(strstr(error.what, strerror(ENOMEM)) != NULL);
    CU_ASSERT(strstr(error.remedy, "move") == NULL);
    tempdir_remove(dir);
}

/* The third part that 3.9 writes, alone and behind the digest. */
static void
the_last_processed_zxid_is_no_damage(void)
{
    struct snapfile_info info;
    uint8_t *data, part[8 + SNAP_SEAL_BYTES] = {0, 0, 0, 0, 0, 0, 0, 0x1f};
    size_t size;

    given_snapshot(SNAP_PLAIN);
    data = file_read(path, &size);
    data = realloc(data, size + sizeof part);
    for (int with_digest = 1; with_digest >= 0; with_digest--) {
        if (!with_digest)
            size -= SNAP_DIGEST_BYTES + SNAP_SEAL_BYTES;
        memcpy(data + size, part, 8);
        store_be64(data + size + 8, adler32_z(1, data, size + 8));
        memcpy(data + size + 16, "\0\0\0\1/", 5);
        file_write(path, data, size + sizeof part);
        CU_ASSERT_EQUAL(read_back(&info), 0);
        CU_ASSERT_EQUAL(info.has_digest, with_digest == 1);
        data[size + 3] ^= 1;
        file_write(path, data, size + sizeof part);
        CU_ASSERT_EQUAL(read_back(&info), -EBADMSG);
    }
    free(data);
    tempdir_remove(dir);
}

/* As a SNAP payload comes from a leader: byte by byte, no seals. */
static void
a_payload_is_decoded_in_any_pieces(void)
{
    struct snap_decode d;
    uint8_t *data, payload[2048];
    size_t size, start = 0, used, payload_size;

    given_snapshot(SNAP_PLAIN);
    data = file_read(path, &size);
    payload_size = size - 16 - SNAP_DIGEST_BYTES - 2 * SNAP_SEAL_BYTES;
    memcpy(payload, data + 16, payload_size);
    memcpy(payload + payload_size, "\0\0\0\012BenWasHere", 14);
    payload_size += 14;
    seen[0] = '\0';
    snap_decode_init(&d, &visitor, true);
    for (size_t end = 0; end <= payload_size; end++) {
        CU_ASSERT_EQUAL(
            snap_decode_feed(&d, payload + start, end - start, false, &used),
            0);
        start += used;
    }
    CU_ASSERT_EQUAL(d.part, SNAP_DONE);
    CU_ASSERT_EQUAL(start, payload_size);
    CU_ASSERT_STRING_EQUAL(seen, expected);
    snap_decode_deinit(&d);
    free(data);
    tempdir_remove(dir);
}

/* The head of one with a list of so many entries, which are not there. */
static size_t
a_list_of(uint32_t entries, uint8_t *head)
{
    memset(head, 0, 20);
    store_be32(head + 4, 1);
    store_be32(head + 16, entries);
    return 20;
}

/* Each of a thousand pieces would look at all of them anew. */
static void
entries_that_were_passed_are_not_looked_at_again(void)
{
    static uint8_t list[20 + 100 * 12];
    struct snap_decode d;
    size_t head = a_list_of(1000, list), used;

    snap_decode_init(&d, &visitor, true);
    CU_ASSERT_EQUAL(
        snap_decode_feed(&d, list, head + 50 * 12 + 4, false, &used), 0);
    CU_ASSERT_EQUAL(used, 8); /* the two counts */
    CU_ASSERT_EQUAL(d.acl.entries, 50);
    CU_ASSERT_EQUAL(
        snap_decode_feed(&d, list + 8, sizeof list - 8, false, &used), 0);
    CU_ASSERT_EQUAL(d.acl.entries, 100);
    CU_ASSERT_EQUAL(d.acl.bytes, 100 * 12);
    snap_decode_deinit(&d);
}

static void
a_list_is_no_longer_than_any_item(void)
{
    static uint8_t list[20 + 8];
    struct snap_decode d;
    size_t head = a_list_of(1, list), used;

    store_be32(list + head + 4, 1 << 30); /* a scheme, as long as an item */
    snap_decode_init(&d, &visitor, true);
    CU_ASSERT_EQUAL(snap_decode_feed(&d, list, sizeof list, false, &used),
                    -EBADMSG);
    snap_decode_deinit(&d);
}

static void
an_aborted_snapshot_leaves_nothing(void)
{
    struct snapfile_writer w;
    struct data_list list;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(snapfile_writer_open(&w, dir, 5, SNAP_ZSTD), 0);
    snapfile_put_count(&w, 0);
    snapfile_writer_abort(&w);
    CU_ASSERT_EQUAL(rmdir(dir), 0);
    CU_ASSERT_EQUAL(data_list_read(&list, dir, DATA_SNAPSHOTS), -ENOENT);
    data_list_free(&list);
}

static void
candidates_are_whole_and_in_order(void)
{
    struct data_list list;
    char broken[DATA_PATH_MAX];

    given_snapshot(SNAP_ZSTD);
    data_path(broken, dir, "snapshot.30");
    file_write(broken, "ZKSN but no end here", 20);
    data_path(broken, dir, "snapshot.2f");
    file_write(broken, "ZKSN........\0\0\0\1/", 17);
    CU_ASSERT_EQUAL(snapfile_candidates(&list, dir), 0);
    CU_ASSERT_EQUAL(list.count, 2);
    CU_ASSERT_STRING_EQUAL(list.file[0].name, "snapshot.1f.zst");
    CU_ASSERT_STRING_EQUAL(list.file[1].name, "snapshot.2f");
    CU_ASSERT_EQUAL(snapfile_newest(dir), 0x2f);
    data_list_free(&list);
    tempdir_remove(dir);
}

/* Else a client could make the places of all lists meet. */
static void
each_set_of_lists_hashes_in_its_own_way(void)
{
    struct snap_acl_set one = {0}, other = {0};
    uint8_t list[] = "\0\0\0\1\0\0\0\1\0\0\0\2ip\0\0\0\4....";
    const struct bytes b = {list, sizeof list - 1};

    for (uint32_t i = 0; i < 32; i++) {
        store_be32(list + b.size - 4, i);
        CU_ASSERT_EQUAL(snap_acl_set_add(&one, b), i + 1);
        CU_ASSERT_EQUAL(snap_acl_set_add(&other, b), i + 1);
    }
    CU_ASSERT_EQUAL_FATAL(one.slots, other.slots);
    CU_ASSERT(memcmp(one.slot, other.slot, one.slots * sizeof *one.slot) != 0);
    snap_acl_set_free(&one);
    snap_acl_set_free(&other);
}

static void
many_lists_get_numbers_once(void)
{
    struct snap_acl_set set = {0};
    uint8_t list[] = "\0\0\0\1\0\0\0\1\0\0\0\2ip\0\0\0\4....";
    const struct bytes b = {list, sizeof list - 1};

    for (int turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < 1000; i++) {
            store_be32(list + b.size - 4, i);
            CU_ASSERT_EQUAL(snap_acl_set_add(&set, b), i + 1);
        }
    CU_ASSERT_EQUAL(snap_acl_set_add(&set, acl_open_to_all), -1);
    CU_ASSERT_EQUAL(set.count, 1000);
    snap_acl_set_free(&set);
}

enum { MANY = 1000, LONG_BYTES = 3 << 20 }; /* three times the buffer */

/* The list number `n`, in `list`. */
static struct bytes
list_of(uint8_t list[24], uint32_t n)
{
    memcpy(list, "\0\0\0\1\0\0\0\1\0\0\0\2ip\0\0\0\4....", 22);
    store_be32(list + 18, n);
    return (struct bytes){list, 22};
}

/* Each has the list that its czxid says. */
static int
has_its_list(void *wrong, struct bytes p, struct bytes data, struct bytes acl,
             const struct znode_stat *stat)
{
    uint8_t list[24];

    (void)p;
    if (!bytes_equal(acl, list_of(list, (uint32_t)stat->czxid)) ||
        (data.size > 0 && data.data[LONG_BYTES - 1] != 'x'))
        ++*(int *)wrong;
    return 0;
}

static void
many_lists_and_a_long_node_are_read_back(void)
{
    static uint8_t text[LONG_BYTES];
    int wrong = 0;
    const struct snap_visitor lists = {see_session, has_its_list, &wrong};
    struct snapfile_info info = {0};
    struct snapfile_writer w;
    uint8_t list[24];

    tempdir_make(dir);
    data_path(path, dir, "snapshot.1f.zst");
    memset(text, 'x', sizeof text);
    CU_ASSERT_EQUAL(snapfile_writer_open(&w, dir, 0x1f, SNAP_ZSTD), 0);
    snapfile_put_count(&w, 0);
    snapfile_put_count(&w, MANY);
    for (uint32_t n = 1; n <= MANY; n++)
        snapfile_put_acl(&w, n, list_of(list, n));
    for (uint32_t n = 1; n <= MANY; n++)
        snapfile_put_node(&w, bytes_of("/a"),
                          n == 7 ? (struct bytes){text, LONG_BYTES}
                                 : BYTES_NULL,
                          n, &(struct znode_stat){.czxid = n});
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, 0x1f, 0), 0);
    CU_ASSERT_EQUAL(snapfile_read(path, &lists, NULL, NULL, &info, &error), 0);
    CU_ASSERT_EQUAL(info.nodes, MANY);
    CU_ASSERT_EQUAL(wrong, 0);
    tempdir_remove(dir);
}

UNIT_SUITE(snapfile)
{
    unit_suite("snapfile");
    UNIT(a_plain_snapshot_is_read_back);
    UNIT(a_zstd_snapshot_is_read_back);
    UNIT(a_gzip_snapshot_is_read);
    UNIT(a_snappy_snapshot_is_read);
    UNIT(snappy_copies_may_overlap);
    UNIT(a_snapshot_cut_off_is_refused);
    UNIT(a_flipped_bit_anywhere_is_noticed);
    UNIT(a_damaged_zstd_frame_is_noticed);
    UNIT(a_path_that_no_node_can_have_is_damage);
    UNIT(what_the_disk_cannot_read_is_damage);
    UNIT(want_of_memory_is_no_damage);
    UNIT(the_last_processed_zxid_is_no_damage);
    UNIT(a_payload_is_decoded_in_any_pieces);
    UNIT(entries_that_were_passed_are_not_looked_at_again);
    UNIT(a_list_is_no_longer_than_any_item);
    UNIT(an_aborted_snapshot_leaves_nothing);
    UNIT(candidates_are_whole_and_in_order);
    UNIT(each_set_of_lists_hashes_in_its_own_way);
    UNIT(many_lists_get_numbers_once);
    UNIT(many_lists_and_a_long_node_are_read_back);
}
