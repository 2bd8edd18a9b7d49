#include "lake/spill.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/files.h"
#include <fcntl.h>
#include <unistd.h>

#define SPILL_BLOCKS_MAX ((size_t)1 << 28)

sh_code sh_spill_open(const char *dir, struct sh_spill *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, "spill-XXXXXX", err));
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return sh_fail_errno(err, "%s: cannot create", path);
    (void)unlink(path); /* if that fails, the next import clears the folder */
    *ret = (struct sh_spill){.fd_plus_1 = fd + 1};
    return SH_OK;
}

sh_code sh_spill_add_bytes(struct sh_spill *spill, const void *at, size_t bytes, uint64_t *ret_offset,
                           struct sh_err *err) {
    SH_TRY(sh_fd_write_at(spill->fd_plus_1 - 1, at, bytes, spill->size, "temporary file of the import", err));
    *ret_offset = spill->size;
    spill->size += bytes;
    return SH_OK;
}

sh_code sh_spill_add(struct sh_spill *spill, struct sh_spill_block block, const void *at, size_t bytes,
                     struct sh_err *err) {
    SH_TRY(sh_grow(&spill->blocks, &spill->cap, spill->n + 1, sizeof block, SPILL_BLOCKS_MAX, err));
    block.bytes = bytes;
    SH_TRY(sh_spill_add_bytes(spill, at, bytes, &block.offset, err));
    spill->blocks[spill->n++] = block;
    return SH_OK;
}

sh_code sh_spill_read(const struct sh_spill *spill, const struct sh_spill_block *block, void *at,
                      struct sh_err *err) {
    return sh_fd_read_at(spill->fd_plus_1 - 1, at, block->bytes, block->offset,
                         "temporary file of the import", err);
}

void sh_spill_close(struct sh_spill *spill) {
    if (spill->fd_plus_1 > 0)
        (void)close(spill->fd_plus_1 - 1);
    sh_free(spill->blocks);
    *spill = (struct sh_spill){0};
}
