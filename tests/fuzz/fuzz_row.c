/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_row.c - a row of the image, as a disk may give it back. */
#include "tests/fuzz/fuzz.h"

#include "storage/image/image_row.h"

/* It lies within the row, wherever it says that it does. */
static bool
is_within(struct bytes part, const uint8_t *data, size_t size)
{
    return part.size < 0 || part.data == acl_open_to_all.data ||
           (part.data >= data && (size_t)part.size <= size &&
            part.data + part.size <= data + size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_row row;

    for (int is_long = 0; is_long < 2; is_long++) {
        if (image_row_get(&row, data, size, is_long) < 0)
            continue;
        check(is_within(row.path, data, size));
        check(is_within(row.acl, data, size) && row.acl.size >= 4);
        check(is_within(row.data, data, size));
        check(image_row_size(&row) <= size);
    }
    return 0;
}
