/* Tables as such, whoever's they are: their columns, and all their rows. */
#include "store/inner.h"

enum { PAGE = 500 };

sh_code sh_table_columns(struct sh_txn *txn, struct sh_str table, struct sh_arena *arena, struct sh_rows *ret,
                         struct sh_err *err) {
    const char *sql = txn->db->pg
                          ? "select column_name::text, data_type::text from information_schema.columns where "
                            "table_schema = current_schema() and table_name = $1 order by ordinal_position"
                          : "select name, lower(type) from pragma_table_info($1) order by cid";
    return sh_txn_query(txn, sql, &SH_TEXT(table), 1, arena, ret, err);
}

/* A cursor in PostgreSQL, row ids in SQLite. */
static sh_code next_rows(struct sh_txn *txn, const char *sql, int64_t *after, struct sh_arena *arena,
                         struct sh_rows *ret, struct sh_err *err) {
    if (txn->db->pg)
        return sh_txn_query(txn, "fetch 500 from table_rows", NULL, 0, arena, ret, err);
    SH_TRY(sh_txn_query(txn, sql, &SH_I64(*after), 1, arena, ret, err));
    if (ret->n_rows > 0)
        *after = sh_cell(ret, ret->n_rows - 1, ret->n_columns - 1)->i64;
    return SH_OK;
}

sh_code sh_table_each(struct sh_txn *txn, struct sh_str table, const char *columns, sh_row_sink sink,
                      void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_rows rows;
    int64_t after = INT64_MIN;
    if (txn->db->pg)
        (void)sh_buf_addf(&sql, "declare table_rows no scroll cursor for select %s from \"%.*s\"", columns,
                          SH_ARG(table));
    else
        (void)sh_buf_addf(&sql, "select %s, rowid from \"%.*s\" where rowid > $1 order by rowid limit %d",
                          columns, SH_ARG(table), PAGE);
    SH_TRY(sh_buf_check(&sql, err));
    if (txn->db->pg)
        SH_TRY(sh_db_exec(txn->db, sql.at, err));
    do {
        sh_arena_reset(&arena);
        SH_TRY(next_rows(txn, sql.at, &after, &arena, &rows, err));
        for (size_t i = 0; i < rows.n_rows; i++)
            SH_TRY(sink(ctx, sh_cell(&rows, i, 0), err));
    } while (rows.n_rows > 0);
    return txn->db->pg ? sh_db_exec(txn->db, "close table_rows", err) : SH_OK;
}
