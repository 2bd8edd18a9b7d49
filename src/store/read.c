/* Records: read as of two days, through a scope. */
#include "store/inner.h"
#include <sodium.h>

/* " from st_version v where …": the versions in force on a day, as known then. */
void sh_in_force_add(struct sh_query *query, struct sh_as_of as_of) {
    const size_t day = sh_query_value(query, SH_I64(as_of.valid_on));
    const size_t known = sh_query_value(query, SH_I64(as_of.known_at));
    (void)sh_buf_addf(
        &query->sql,
        " and v.erased = 0 and v.valid_from <= $%zu and v.valid_to > $%zu and v.at <= $%zu and not exists "
        "(select 1 from st_version w where w.record_id = v.record_id and w.version > v.version and "
        "w.valid_from <= $%zu and w.valid_to > $%zu and w.at <= $%zu) and v.withdrawn = 0",
        day, day, known, day, day, known);
}

static void read_row(const struct sh_rows *rows, size_t i, struct sh_record *ret) {
    const struct sh_value *cell = sh_cell(rows, i, 0);
    *ret = (struct sh_record){.version = cell[1].i64,
                              .register_name = cell[2].str,
                              .key = cell[3].str,
                              .labels = {cell[4].str, cell[5].str, cell[6].str, cell[7].str},
                              .valid_from = (int32_t)cell[8].i64,
                              .valid_to = (int32_t)cell[9].i64,
                              .is_withdrawn = cell[10].i64 != 0,
                              .open = cell[11].str,
                              .has_sealed = cell[12].str.len > 0,
                              .actor = cell[13].str,
                              .why = cell[14].str,
                              .recorded_at = cell[15].i64,
                              .is_erased = cell[16].i64 != 0,
                              .newest_version = cell[18].i64,
                              .position = cell[19].i64};
}

sh_code sh_records_of_rows(const struct sh_rows *rows, struct sh_arena *arena, struct sh_record *ret,
                           struct sh_err *err) {
    for (size_t i = 0; i < rows->n_rows; i++) {
        read_row(rows, i, &ret[i]);
        SH_TRY(sh_id_text(sh_cell(rows, i, 0)->str, arena, &ret[i].id, err));
    }
    return SH_OK;
}

static sh_code open_sealed(struct sh_txn *txn, const struct sh_rows *rows, struct sh_arena *arena,
                           struct sh_record *record, struct sh_err *err) {
    const struct sh_value *cell = sh_cell(rows, 0, 0);
    if (cell[12].str.len == 0)
        return SH_OK;
    uint8_t id[SH_ID_BYTES], key[SH_SEAL_KEY], room[SH_ID_BYTES + 8];
    memcpy(id, cell[0].str.at, SH_ID_BYTES); /* read_rows has checked its length */
    SH_TRY(sh_record_key(txn, id, false, key, err));
    const sh_code code =
        sh_unseal(key, sh_version_aad(id, record->version, room), cell[12].str, arena, &record->sealed, err);
    sodium_memzero(key, sizeof key);
    return code == SH_OK ? SH_OK
                         : sh_err_wrap(err, code, "record %.*s version %lld", SH_ARG(record->id),
                                       (long long)record->version);
}

// NOLINTNEXTLINE(readability-function-size): eight, of which three are where results go
static sh_code get_one(struct sh_txn *txn, const struct sh_scope *scope, struct sh_query *query,
                       struct sh_as_of as_of, bool with_sealed, struct sh_arena *arena, struct sh_record *ret,
                       struct sh_err *err) {
    struct sh_rows rows;
    sh_in_force_add(query, as_of);
    SH_TRY(sh_scope_add(scope, "v", query, arena, err));
    SH_TRY(sh_txn_query(txn, query->sql.at, query->values, query->n, arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such record");
    struct sh_record record;
    SH_TRY(sh_records_of_rows(&(struct sh_rows){1, rows.n_columns, rows.cells}, arena, &record, err));
    if (with_sealed)
        SH_TRY(open_sealed(txn, &rows, arena, &record, err));
    *ret = record;
    return SH_OK;
}

// NOLINTNEXTLINE(readability-function-size): eight, of which three are where results go
sh_code sh_record_get(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                      struct sh_as_of as_of, bool with_sealed, struct sh_arena *arena, struct sh_record *ret,
                      struct sh_err *err) {
    uint8_t bytes[SH_ID_BYTES];
    if (sh_id_parse(id, bytes, NULL) != SH_OK)
        return sh_fail(err, SH_E_NOTFOUND, "no such record");
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    (void)sh_buf_addf(&query.sql, "select " SH_RECORD_COLUMNS " from st_version v where v.record_id = $%zu",
                      sh_query_value(&query, SH_BYTES(sh_bytes_of(bytes, SH_ID_BYTES))));
    return get_one(txn, scope, &query, as_of, with_sealed, arena, ret, err);
}

// NOLINTNEXTLINE(readability-function-size): eight, of which three are where results go
sh_code sh_record_find(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str register_name,
                       struct sh_str key, struct sh_as_of as_of, struct sh_arena *arena,
                       struct sh_record *ret, struct sh_err *err) {
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    (void)sh_buf_addf(&query.sql, "select " SH_RECORD_COLUMNS " from st_version v where v.register = $%zu",
                      sh_query_value(&query, SH_TEXT(register_name)));
    (void)sh_buf_addf(&query.sql, " and v.key = $%zu", sh_query_value(&query, SH_TEXT(key)));
    return get_one(txn, scope, &query, as_of, false, arena, ret, err);
}

sh_code sh_record_history(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                          struct sh_arena *arena, const struct sh_record **ret, size_t *ret_n,
                          struct sh_err *err) {
    uint8_t bytes[SH_ID_BYTES];
    if (sh_id_parse(id, bytes, NULL) != SH_OK)
        return sh_fail(err, SH_E_NOTFOUND, "no such record");
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    (void)sh_buf_addf(&query.sql, "select " SH_RECORD_COLUMNS " from st_version v where v.record_id = $%zu",
                      sh_query_value(&query, SH_BYTES(sh_bytes_of(bytes, SH_ID_BYTES))));
    SH_TRY(sh_scope_add(scope, "v", &query, arena, err));
    (void)sh_buf_add_text(&query.sql, " order by v.version");
    SH_TRY(sh_buf_check(&query.sql, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such record");
    struct sh_record *records = sh_new(arena, struct sh_record, rows.n_rows);
    if (!records)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu versions", rows.n_rows);
    SH_TRY(sh_records_of_rows(&rows, arena, records, err));
    *ret = records;
    *ret_n = rows.n_rows;
    return SH_OK;
}
