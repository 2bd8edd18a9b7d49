/* Frames of draws: whatever bytes come, they are refused or are exactly what is written back. */
#include "base/mem.h"
#include "draw/draw.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf back = {0};
    const struct sh_str text = {(const char *)data, size};
    struct sh_draw_frame frame;
    struct sh_err err;
    if (sh_draw_frame_read(text, &arena, &frame, &err) != SH_OK)
        return 0;
    if (sh_draw_frame_write(&frame, &back, &err) != SH_OK || !sh_str_eq(sh_buf_view(&back), text))
        abort();
    return 0;
}
