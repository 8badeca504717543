/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/image_file.c: what LMDB leaves to us. */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "tests/unit/image_given.h"
#include "tests/unit/unit.h"

enum { ROOM = 1024 * 1024, PAGES_MAX = 4096 };

/* How many pages of the file's first `size` bytes are in the page cache. */
static size_t
pages_in_cache(const char *path, size_t size)
{
    static unsigned char is_there[PAGES_MAX];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
    int fd = open(path, O_RDONLY);
    void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

    CU_ASSERT_FATAL(fd >= 0 && map != MAP_FAILED);
    CU_ASSERT_EQUAL(mincore(map, size, is_there), 0);
    munmap(map, size);
    close(fd);
    for (size_t i = 0; i < size / page; i++)
        count += is_there[i] & 1;
    return count;
}

/* One that the file system's pages are, and none of its own. */
static bool
is_in_memory(const char *path)
{
    struct statfs fs;

    return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

/* A page that is there when it is written does not come in a large folio. */
static void
there_are_pages_for_what_a_commit_will_write(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char path[DATA_PATH_MAX];
    struct stat st;

    given_fresh_image();
    data_path(path, dirs.image, "data.mdb");
    image_make_room(&image, ROOM);
    CU_ASSERT(stat(path, &st) == 0 && st.st_size >= ROOM);
    if (!is_in_memory(path))
        CU_ASSERT_EQUAL(pages_in_cache(path, ROOM), ROOM / page);
    apply(a_create(1, "/a", "one", 0, 1));
    commit();
    HOLDS("/ [] c0 m0 p1 v0 c1 a0 o0\n"
          "/a [one] c1 m1 p1 v0 c0 a0 o0\n"
          "/zookeeper [] c0 m0 p0 v0 c0 a0 o0\n");
    done();
}

static void
count_bytes(void *arg, uint64_t done, uint64_t total)
{
    CU_ASSERT(done <= total);
    *(uint64_t *)arg = done;
}

/* One that was just started is read as a whole, for it will be loaded. */
static void
an_image_is_warmed_unless_most_of_it_is_free(void)
{
    static const uint8_t data[4096];
    uint64_t seen = 0;
    char path[32];

    given_fresh_image();
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        CU_ASSERT_EQUAL(image_batch_put_node(&batch, bytes_of(path),
                                             (struct bytes){data, sizeof data},
                                             BYTES_NULL,
                                             &(struct znode_stat){.czxid = 1}),
                        0);
    }
    CU_ASSERT_EQUAL(image_batch_commit(&batch, 1), 0);
    image_warm(&image, count_bytes, &seen);
    CU_ASSERT(seen > 400 * sizeof data);
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        apply(a_delete(2 + i, path));
    }
    commit();
    seen = 0;
    image_warm(&image, count_bytes, &seen);
    CU_ASSERT_EQUAL(seen, 0);
    done();
}

UNIT_SUITE(image_file)
{
    unit_suite("image_file");
    UNIT(there_are_pages_for_what_a_commit_will_write);
    UNIT(an_image_is_warmed_unless_most_of_it_is_free);
}
