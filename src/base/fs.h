/* Files, with every result of every call checked and nothing half written left in place. Paths are UTF-8
 * bytes. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

/** "dir/name" in `out` [SH_PATH_BYTES_MAX]. Errors: SH_E_LIMIT too long; SH_E_INPUT a NUL inside. An empty
 * dir gives name. */
SH_MUST sh_code sh_path_join(char *out, const char *dir, const char *name, struct sh_err *err);
/** Formatted path in `out` [SH_PATH_BYTES_MAX]. Errors: SH_E_LIMIT. */
SH_MUST sh_code sh_path_format(char *out, struct sh_err *err, const char *format, ...) SH_PRINTF(3, 4);
/** Last part of a path; borrowed. */
const char *sh_path_base(const char *path);
/** A file name that stays in its directory: not empty, no '/', no NUL, not "." or ".."? */
bool sh_path_is_plain_name(struct sh_str name);

/**
 * Whole file into the arena, with a NUL behind it. Regular files and pipes.
 * max_bytes  more is SH_E_LIMIT.
 * Errors: SH_E_NOTFOUND, SH_E_IO, SH_E_LIMIT, SH_E_NOMEM.
 */
SH_MUST sh_code sh_fs_read(const char *path, size_t max_bytes, struct sh_arena *arena, struct sh_str *ret,
                           struct sh_err *err);
/**
 * Write a file so that after a crash it is either the old or the new one, whole: temporary file beside it,
 * fsync, rename, fsync of the directory. Errors: SH_E_FULL, SH_E_IO; the old file is untouched then and no
 * rest is left.
 */
SH_MUST sh_code sh_fs_write(const char *path, struct sh_str content, struct sh_err *err);
/** Write all bytes to a descriptor, through short writes and EINTR. path for messages. */
SH_MUST sh_code sh_fd_write(int fd, struct sh_str content, const char *path, struct sh_err *err);
/** A new file that goes to the system a quarter of a megabyte at a time: the C library by itself takes four
 * kilobytes, and asks for the memory when it is to take more. Zeroed: closed. */
struct sh_out_file {
    FILE *file;
    char *room;
};
/** Errors: as the system says; SH_E_NOMEM. */
SH_MUST sh_code sh_out_file_open(struct sh_out_file *out, const char *path, struct sh_err *err);
/** Who must know that all is written calls fflush before. Closed already is fine. */
void sh_out_file_close(struct sh_out_file *out);
/** fsync a file / a directory by path. */
SH_MUST sh_code sh_file_sync(const char *path, struct sh_err *err);
SH_MUST sh_code sh_dir_sync(const char *path, struct sh_err *err);
/** Rename within a file system and fsync both directories. Replaces a file; a directory target must be empty.
 */
SH_MUST sh_code sh_fs_rename(const char *from, const char *to, struct sh_err *err);
/** Rename, but fail with SH_E_CONFLICT if `to` exists. */
SH_MUST sh_code sh_fs_rename_new(const char *from, const char *to, struct sh_err *err);
/** mkdir -p, mode 0750 before umask. Present is fine; a file in the way is SH_E_CONFLICT. */
SH_MUST sh_code sh_mkdir_all(const char *path, struct sh_err *err);

typedef enum sh_entry_kind { SH_ENTRY_FILE, SH_ENTRY_DIR, SH_ENTRY_LINK, SH_ENTRY_OTHER } sh_entry_kind;
struct sh_dir_entry {
    const char *name;
    sh_entry_kind kind;
};
/** Entries of a directory without . and .., sorted by bytes, in the arena. Errors: SH_E_NOTFOUND, SH_E_IO,
 * SH_E_LIMIT, SH_E_NOMEM. */
SH_MUST sh_code sh_dir_list(const char *path, struct sh_arena *arena, const struct sh_dir_entry **ret,
                            size_t *ret_n, struct sh_err *err);
/**
 * Make a folder of one's own (0700) for things of the moment: TMPDIR, else /tmp. ret [SH_PATH_BYTES_MAX]. The
 * caller removes it. Errors: SH_E_LIMIT, SH_E_IO, SH_E_FULL.
 */
SH_MUST sh_code sh_scratch_dir(const char *name, char *ret, struct sh_err *err);
/** Remove a file or a directory with all below it; never follows a symbolic link. Missing is fine. */
SH_MUST sh_code sh_remove_tree(const char *path, struct sh_err *err);
/** Remove a file. Missing is fine. */
SH_MUST sh_code sh_remove_file(const char *path, struct sh_err *err);
/** Is there something (following links)? Errors: SH_E_IO when the system cannot tell. */
SH_MUST sh_code sh_fs_exists(const char *path, bool *ret, struct sh_err *err);
SH_MUST sh_code sh_is_dir(const char *path, bool *ret, struct sh_err *err);
SH_MUST sh_code sh_file_size(const char *path, uint64_t *ret_bytes, struct sh_err *err);
/** Digest of a file's content. */
SH_MUST sh_code sh_file_digest(const char *path, sh_digest_kind kind, uint8_t ret[SH_DIGEST_BYTES],
                               struct sh_err *err);
/** Free bytes for us on the file system of `path`. */
SH_MUST sh_code sh_fs_free_bytes(const char *path, uint64_t *ret_bytes, struct sh_err *err);

/** An exclusive lock on a file; held until release or the end of the process. */
struct sh_lock {
    int fd_plus_1; /* 0: not held, so that = {0} is a lock not held */
};
/**
 * Take the lock; does not wait. The file keeps "pid … host … since … what" for the message of whoever comes
 * second. Errors: SH_E_BUSY "… is held by process 123 on host since …: what"; SH_E_UNSUPPORTED on a network
 * file system (NFS, SMB, sshfs and other FUSE, 9p, Ceph, Lustre, AFS), where flock does not keep its word;
 * SH_E_IO.
 */
SH_MUST sh_code sh_lock_take(struct sh_lock *lock, const char *path, const char *what, struct sh_err *err);
/** Give it back; the file stays. NULL and "not held" are fine. */
void sh_lock_release(struct sh_lock *lock);
/** Name of the network file system that holds `path` ("nfs", "smb", "fuse" …), or NULL when it is a local
 * one. */
SH_MUST sh_code sh_fs_network_name(const char *path, const char **ret_name, struct sh_err *err);
