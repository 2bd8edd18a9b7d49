/* Tables that people send: any bytes are a table or a message; never a crash, never more memory than the
 * arena. */
#include "gate/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = (size_t)64 << 20};
    struct sh_csv table;
    struct sh_err err;
    const sh_code code = sh_sheet_read((struct sh_str){(const char *)data, size}, &arena, &table, &err);
    sh_check(code == SH_OK || code == SH_E_INPUT || code == SH_E_LIMIT || code == SH_E_NOMEM);
    for (size_t r = 0; code == SH_OK && r < table.n_rows; r++)
        sh_check(table.rows[r].n_cells == table.header.n_cells);
    return 0;
}
