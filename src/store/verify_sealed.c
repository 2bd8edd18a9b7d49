/* Rows of other rooms against their seals. */
#include "store/verify.h"
#include <inttypes.h>

struct rows {
    struct sh_check *check;
    struct sh_row_key *key;
    struct sh_str table;
    size_t n; /* columns; the seal stands behind them */
};

/* A row by its first column, and by the second where that is a number within it. */
static void name_row(const struct rows *rows, const struct sh_value *cells, char *out, size_t size) {
    char number[24] = "";
    if (rows->n > 1 && cells[1].kind == SH_VALUE_I64)
        (void)snprintf(number, sizeof number, " %" PRId64, cells[1].i64);
    if (cells[0].kind == SH_VALUE_I64)
        (void)snprintf(out, size, "%" PRId64 "%s", cells[0].i64, number);
    else
        (void)snprintf(out, size, "%.*s%s", cells[0].str.len < 64 ? (int)cells[0].str.len : 64,
                       cells[0].str.at ? cells[0].str.at : "", number);
}

static sh_code check_row(void *ctx, const struct sh_value *cells, struct sh_err *err) {
    struct rows *rows = ctx;
    uint8_t seal[SH_ROW_SEAL];
    char name[96];
    SH_TRY(sh_row_seal(rows->key, rows->table, cells, rows->n, seal, err));
    rows->check->report->sealed++;
    if (sh_str_eq(cells[rows->n].str, sh_bytes_of(seal, sizeof seal)))
        return SH_OK;
    name_row(rows, cells, name, sizeof name);
    sh_fault(rows->check, "%.*s %s: its seal does not hold: the row was changed", SH_ARG(rows->table), name);
    return SH_OK;
}

static bool has_column(const struct sh_rows *columns, struct sh_str name) {
    for (size_t i = 0; i < columns->n_rows; i++)
        if (sh_str_eq(sh_cell(columns, i, 0)->str, name))
            return true;
    return false;
}

static sh_code check_sealed_table(struct sh_check *check, const struct sh_sealed_table *table,
                                  struct sh_row_key *key, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf names = {0};
    struct sh_rows columns;
    struct rows rows = {check, key, table->name, 0};
    SH_TRY(sh_table_columns(check->txn, table->name, &arena, &columns, err));
    bool is_whole = has_column(&columns, SH_STR(SH_ROW_SEAL_COLUMN));
    struct sh_str rest = table->columns;
    for (struct sh_str name; sh_str_split(&rest, ' ', &name); rows.n++) {
        is_whole = is_whole && has_column(&columns, name);
        (void)sh_buf_addf(&names, "\"%.*s\", ", SH_ARG(name));
    }
    if (!is_whole) {
        sh_fault(check, "%.*s: the table, or a sealed column of it, is missing", SH_ARG(table->name));
        return SH_OK;
    }
    (void)sh_buf_add_text(&names, SH_ROW_SEAL_COLUMN);
    SH_TRY(sh_buf_check(&names, err));
    return sh_table_each(check->txn, table->name, names.at, check_row, &rows, err);
}

sh_code sh_check_sealed(struct sh_check *check, struct sh_err *err) {
    SH_CLEANUP(sh_row_key_release) struct sh_row_key key = {.is_set = false};
    struct sh_sealed_table *tables = NULL;
    struct sh_err why;
    size_t n = 0;
    if (sh_sealed_tables(check->txn, &check->keep, &tables, &n, &why) != SH_OK)
        sh_fault(check, "%s", why.message);
    if (n == 0 || check->txn->store->keys.n_masters == 0)
        return SH_OK;
    const sh_code code = sh_row_key_load(check->txn, &key, &why);
    if (code != SH_OK) {
        sh_fault(check, "st_key: the key of the rows' seals is missing or does not open");
        return SH_OK;
    }
    for (size_t i = 0; i < n; i++)
        SH_TRY(check_sealed_table(check, &tables[i], &key, err));
    return SH_OK;
}
