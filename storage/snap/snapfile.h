/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile.h - snapshot files, read and written.
 *
 * A snapshot is one stream (snapfile_decode.h) in a file named after its
 * zxid; the suffix says how it is packed: none, .gz and .snappy as Apache
 * writes them, .zst as we do, so that `zstd -d` makes a file for Apache.
 * Apache's are fuzzy: they may hold effects of transactions behind their
 * zxid, which the replay of those puts right.  Ours are exact.
 *
 * Image, log and replication process, tools; blocks on the disk.
 * ZK: FileSnap, SnapStream (quorum-protocol.md 11.8)
 */
#ifndef STORAGE_SNAP_SNAPFILE_H
#define STORAGE_SNAP_SNAPFILE_H

#include "storage/datafile.h"
#include "storage/snap/snapfile_decode.h"

enum snap_format { SNAP_PLAIN, SNAP_GZIP, SNAP_SNAPPY, SNAP_ZSTD };

/* By the suffix of the name. */
enum snap_format snapfile_format(const char *name);

/* <prefix>.<zxid>[.zst], our names: "snapshot", or REBASE_TAKEN (rebase.h). */
void snapfile_name(char name[DATA_NAME_MAX], const char *prefix, zxid_t zxid,
                   enum snap_format format);

/* The zxid in the name of a snapshot; -1: it is named otherwise. */
zxid_t snapfile_zxid(const char *path);

/* What reading found, apart from what the visitor saw. */
struct snapfile_info {
    uint64_t sessions, nodes, unknown_acls;
    bool has_digest;
    zxid_t digest_zxid;
    uint64_t digest;
};

/*
 * Read the whole file at `path` through the visitor and verify its seals;
 * only after a result of 0 may what the visitor got be believed.  `progress`
 * may be NULL; it counts bytes of the file.  -EBADMSG: damage, or a name with a
 * later zxid than the digest in it; or what the visitor returned; or -errno.
 * `e` tells.
 */
int snapfile_read(const char *path, const struct snap_visitor *visitor,
                  progress_fn *progress, void *progress_arg,
                  struct snapfile_info *info, struct data_error *e);

/*
 * The snapshots that look whole, newest last.  0 or -errno; to be freed with
 * data_list_free, after an error, too.
 */
int snapfile_candidates(struct data_list *list, const char *dir);

/* The newest of them: its zxid; -1 when there is none, or none to be seen. */
zxid_t snapfile_newest(const char *dir);

/*
 * A quick look: right beginning, and for plain files the right end.  1 or 0;
 * -errno: nobody could look.
 */
int snapfile_looks_whole(const char *path);

/*
 * Writing: open; sessions, then ACLs, how many before each of the two; nodes;
 * end or abort.  The file has a temporary name until end, which makes file and
 * name durable.  An error stays and is returned by end; puts return nothing.
 * What comes from the image is a stream already: snapfile_put.
 */
struct snapfile_writer {
    char dir[DATA_PATH_MAX];
    char temp[DATA_PATH_MAX];
    char path[DATA_PATH_MAX]; /* final */
    int fd;
    void *packer;    /* ZSTD_CCtx, or NULL: plain */
    uint8_t *buffer; /* of the stream, not yet packed */
    size_t buffered;
    uint8_t *packed;
    size_t packed_room;
    uint32_t adler;   /* of all before the buffer */
    uint64_t written; /* bytes of the file */
    uint64_t pushed;  /* of those, already on the way to the disk */
    int failed;       /* 0, or the first -errno */
};

/* `format` is SNAP_PLAIN or SNAP_ZSTD.  0 or -errno; then nothing is open. */
int snapfile_writer_open(struct snapfile_writer *w, const char *dir,
                         zxid_t zxid, enum snap_format format);

/* Under another name than `snapshot`. */
int snapfile_writer_open_as(struct snapfile_writer *w, const char *dir,
                            const char *prefix, zxid_t zxid,
                            enum snap_format format);

void snapfile_put(struct snapfile_writer *w, struct bytes piece);
void snapfile_put_count(struct snapfile_writer *w, int32_t count);
void snapfile_put_session(struct snapfile_writer *w, session_id_t id,
                          int32_t timeout_ms);
void snapfile_put_acl(struct snapfile_writer *w, int64_t id, struct bytes list);

/* Path "/" is the root and comes first; parents before children. */
void snapfile_put_node(struct snapfile_writer *w, struct bytes path,
                       struct bytes data, int64_t acl,
                       const struct znode_stat *stat);

/* Put seals and the digest of the tree at `zxid`.  0: it is there, durably. */
int snapfile_writer_end(struct snapfile_writer *w, zxid_t zxid,
                        uint64_t digest);
void snapfile_writer_abort(struct snapfile_writer *w);

/*
 * What zstd's `result`, an error, comes to: it takes memory while it works, and
 * without that it is -ENOMEM, else `rc`.
 */
int snapfile_zstd_rc(size_t result, int rc);

/*
 * What packs a snapshot, here and on its way to a learner: a ZSTD_CCtx, or NULL
 * without memory.
 */
void *snapfile_packer(void);

#endif
