/* SPDX-License-Identifier: Apache-2.0 */
/* image_forget.c - see image_forget.h.  The log process. */
#include "storage/image/image_forget.h"

#include <errno.h>

#include "storage/image/image.h"

int
image_forget_snapshots(const struct datadir *d, zxid_t zxid,
                       struct data_error *e)
{
    struct data_list list;
    char path[DATA_PATH_MAX];
    int rc = data_list_read(&list, d->snap, DATA_SNAPSHOTS);

    if (rc < 0)
        data_error_rc(e, d->snap, rc, "See that the disk works.",
                      "cannot be listed");
    for (size_t i = list.count; rc == 0 && i > 0; i--) {
        if (list.file[i - 1].zxid <= zxid)
            break;
        rc = data_remove(d->snap, list.file[i - 1].name);
        data_path(path, d->snap, list.file[i - 1].name);
        if (rc < 0)
            data_error_rc(e, path, rc, "Remove this file by hand.",
                          "cannot be removed");
    }
    data_list_free(&list);
    if (rc == 0 && (rc = data_sync_dir(d->snap)) < 0)
        data_error_rc(e, d->snap, rc, "See that the disk works.",
                      "cannot be made durable");
    return rc;
}

/* Whether the image goes no further than `zxid`: 1, 0 or -errno. */
static int
ends_by(const struct datadir *d, zxid_t zxid, struct data_error *e)
{
    struct image image;
    int rc = image_open(&image, d->image, IMAGE_READ, e);

    if (rc == -ENOENT || rc == -EBADMSG)
        return 0; /* there is none that anybody could use */
    if (rc < 0)
        return rc;
    image_close(&image);
    return image.meta.zxid <= zxid;
}

int
image_forget_after(const struct datadir *d, zxid_t zxid, struct data_error *e)
{
    int rc = ends_by(d, zxid, e);

    if (rc < 0)
        return rc;
    rc = rc == 0 ? image_remove(d->image) : 0;
    if (rc < 0)
        return data_error_rc(e, d->image, rc, "Remove this directory by hand.",
                             "cannot be removed");
    return image_forget_snapshots(d, zxid, e);
}
