/* New files of a lake to their final place, durably; the writer's folder and lock. Inner header of the room.
 */
#pragma once
#include "base/fs.h"
#include "lake/manifest.h"

/* A new file on its way into the manifest. */
struct sh_new_file {
    struct sh_lake_file entry; /* entry.path: final place below the lake */
    const char *temp_path;
};

/** A writer's place: the lock, a folder for temporary files. Zero-init; release with sh_writer_end. */
struct sh_writer {
    struct sh_lock lock;
    char temp_dir[4096];
    char tag[9]; /* random, for file names: none is ever used twice */
};
/** Take the lock, clear what a killed writer left, make the folders. Errors: SH_E_BUSY, SH_E_UNSUPPORTED,
 * SH_E_IO, SH_E_FULL. */
SH_MUST sh_code sh_writer_begin(const char *lake_dir, const char *what, struct sh_writer *ret,
                                struct sh_err *err);
void sh_writer_end(struct sh_writer *writer);
/** Random bytes of the system. */
SH_MUST sh_code sh_random_bytes(void *at, size_t len, struct sh_err *err);

/**
 * Files [n]: size and hash into their entries, fsync, rename to the final place, fsync of the folders; sorted
 * by (kind, what, bucket). Until a manifest names them, they are not there for anybody.
 */
SH_MUST sh_code sh_settle(const char *lake_dir, struct sh_new_file *files, size_t n, unsigned threads,
                          struct sh_err *err);
