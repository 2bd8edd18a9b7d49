/* A directory for one test, removed afterwards. */
#pragma once
#include "base/fs.h"
#include "check.h"

struct temp_dir {
    char path[64];
};
static inline void temp_dir_release(struct temp_dir *dir) {
    struct sh_err err;
    CHECK_OK(sh_remove_tree(dir->path, &err), &err);
}
static inline struct temp_dir temp_dir_new(void) {
    struct temp_dir dir = {"/tmp/shouhu-test-XXXXXX"};
    CHECK(mkdtemp(dir.path) != NULL);
    return dir;
}
/** dir/name in `out` [SH_PATH_BYTES_MAX]; gives out. */
static inline const char *temp_path(const struct temp_dir *dir, const char *name, char *out) {
    struct sh_err err;
    CHECK_OK(sh_path_join(out, dir->path, name, &err), &err);
    return out;
}
