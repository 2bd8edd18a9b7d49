/* The receipts of a kept run, one after the other. */
#include "audit/output.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>
#include <stdlib.h>

static void file_close(FILE **file) {
    if (*file)
        (void)fclose(*file);
}
/* getline's memory is the C library's own. */
static void line_free(char **line) {
    free(*line);
}

sh_code sh_audit_receipts(const char *run_dir,
                          sh_code (*take)(void *ctx, struct sh_str receipt, struct sh_err *err), void *ctx,
                          struct sh_err *err) {
    assert(run_dir && take);
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, run_dir, SH_RUN_RECEIPTS, err));
    FILE *file SH_CLEANUP(file_close) = fopen(path, "rbe");
    if (!file)
        return sh_fail_errno(err, "%s", path);
    char *line SH_CLEANUP(line_free) = NULL;
    size_t cap = 0;
    for (ssize_t len; (len = getline(&line, &cap, file)) > 0;) {
        if (line[len - 1] != '\n')
            return sh_fail(err, SH_E_CORRUPT, "%s is cut short", path);
        SH_TRY(take(ctx, (struct sh_str){line, (size_t)len - 1}, err));
    }
    return ferror(file) ? sh_fail_errno(err, "%s", path) : SH_OK;
}
