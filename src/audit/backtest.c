/* Back-test: what a new text of the rules would change against an earlier run, before anybody is told. The
 * runs' kept Parquet files are joined by DuckDB; money there is DECIMAL(18,2), so exact. */
#include "audit/audit.h"
#include "audit/output.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>
#include <duckdb.h>
#include <string.h>

#define PLACES_SHOWN "20"
#define LOST_SHOWN "50"
#define MOVED_SHOWN "100"

/* ---- reviewed outcomes -------------------------------------------------------------------------- */

/* Words for "the finding was upheld" and "was not". */
static bool read_verdict(struct sh_str word, bool *ret_upheld) {
    static const char *const yes[] = {"1", "true", "yes", "upheld", "confirmed", "成立", "违规", "是"};
    static const char *const no[] = {"0", "false", "no", "rejected", "dismissed", "不成立", "不违规", "否"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        *ret_upheld = sh_str_eq_nocase(word, sh_str_of(yes[i]));
        if (*ret_upheld || sh_str_eq_nocase(word, sh_str_of(no[i])))
            return true;
    }
    return false;
}

static bool is_id(struct sh_str text) {
    for (size_t i = 0; i < text.len; i++)
        if (!((text.at[i] >= '0' && text.at[i] <= '9') || (text.at[i] >= 'a' && text.at[i] <= 'f')))
            return false;
    return text.len == 32;
}

static sh_code add_verdict(duckdb_appender appender, const struct sh_csv *csv, const struct sh_csv_row *row,
                           const size_t columns[2], struct sh_err *err) {
    const struct sh_str id = row->cells[columns[0]];
    bool upheld;
    if (!is_id(id))
        return sh_csv_fail(err, SH_E_INPUT, csv, row, columns[0],
                           "'%.*s' is no finding's id: 32 digits 0-9a-f", SH_ARG(id));
    if (!read_verdict(sh_str_trim(row->cells[columns[1]]), &upheld))
        return sh_csv_fail(err, SH_E_INPUT, csv, row, columns[1],
                           "'%.*s' is neither upheld (成立) nor rejected (不成立)",
                           SH_ARG(row->cells[columns[1]]));
    if (duckdb_append_varchar_length(appender, id.at, id.len) != DuckDBSuccess ||
        duckdb_append_bool(appender, upheld) != DuckDBSuccess ||
        duckdb_appender_end_row(appender) != DuckDBSuccess)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    return SH_OK;
}

static void appender_free(duckdb_appender *appender) {
    (void)duckdb_appender_destroy(appender);
}

static sh_code load_verdicts(struct sh_duck *duck, const char *path, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_csv csv;
    size_t columns[2];
    SH_TRY(sh_duck_run(duck, "CREATE TABLE verdict(id VARCHAR, upheld BOOLEAN)", err));
    if (!path)
        return SH_OK;
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, &arena, &csv, err));
    SH_TRY(sh_csv_need_column(&csv, "finding", &columns[0], err));
    SH_TRY(sh_csv_need_column(&csv, "verdict", &columns[1], err));
    SH_CLEANUP(appender_free) duckdb_appender appender = NULL;
    if (duckdb_appender_create(sh_duck_connection(duck), NULL, "verdict", &appender) != DuckDBSuccess)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    for (size_t i = 0; i < csv.n_rows; i++)
        SH_TRY(add_verdict(appender, &csv, &csv.rows[i], columns, err));
    if (duckdb_appender_flush(appender) != DuckDBSuccess)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    return SH_OK;
}

/* ---- the comparison ----------------------------------------------------------------------------- */

/* One row an id that either run has; the last verdict of an id holds. */
static sh_code join_runs(struct sh_duck *duck, const char *const files[2], struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    (void)sh_buf_add_text(
        &sql, "CREATE TABLE both_runs AS SELECT coalesce(n.rule, b.rule) AS rule,"
              " coalesce(n.name, b.name) AS name, coalesce(n.id, b.id) AS id,"
              " coalesce(n.institution, b.institution) AS institution,"
              " coalesce(n.institution_name, b.institution_name) AS institution_name,"
              " b.id IS NOT NULL AS was, n.id IS NOT NULL AS now,"
              " b.id IS NOT NULL AND n.id IS NOT NULL AND (b.level, b.amount, b.counted, b.fund_amount)"
              " IS DISTINCT FROM (n.level, n.amount, n.counted, n.fund_amount) AS changed,"
              " (coalesce(b.counted, 0) * 100)::BIGINT AS was_fen,"
              " (coalesce(n.counted, 0) * 100)::BIGINT AS now_fen, v.upheld"
              " FROM read_parquet(");
    sh_sql_text(&sql, sh_str_of(files[0]));
    (void)sh_buf_add_text(&sql, ") b FULL OUTER JOIN read_parquet(");
    sh_sql_text(&sql, sh_str_of(files[1]));
    (void)sh_buf_add_text(
        &sql, ") n ON b.id = n.id LEFT JOIN (SELECT id, last(upheld) AS upheld FROM verdict GROUP BY id) v"
              " ON v.id = coalesce(n.id, b.id)");
    SH_TRY(sh_buf_check(&sql, err));
    return sh_duck_run(duck, sql.at, err);
}

/* Rows of a query whose first columns are texts and the others whole numbers. */
struct rows {
    duckdb_result result;
    duckdb_data_chunk chunk;
    idx_t n, at;
};

static void rows_close(struct rows *rows) {
    duckdb_destroy_data_chunk(&rows->chunk);
    duckdb_destroy_result(&rows->result);
}

static sh_code rows_open(struct sh_duck *duck, const char *sql, struct rows *ret, struct sh_err *err) {
    if (duckdb_query(sh_duck_connection(duck), sql, &ret->result) != DuckDBSuccess)
        return sh_fail(err, SH_E_IO, "DuckDB: %.700s", duckdb_result_error(&ret->result));
    return SH_OK;
}

static bool rows_next(struct rows *rows) {
    if (++rows->at < rows->n)
        return true;
    duckdb_destroy_data_chunk(&rows->chunk);
    rows->chunk = duckdb_fetch_chunk(rows->result);
    rows->n = rows->chunk ? duckdb_data_chunk_get_size(rows->chunk) : 0;
    rows->at = 0;
    return rows->n > 0;
}

static bool is_null(const struct rows *rows, idx_t column) {
    uint64_t *validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(rows->chunk, column));
    return validity && !duckdb_validity_row_is_valid(validity, rows->at);
}

static sh_code text_at(const struct rows *rows, idx_t column, struct sh_arena *arena, struct sh_str *ret,
                       struct sh_err *err) {
    *ret = (struct sh_str){0};
    if (is_null(rows, column))
        return SH_OK;
    duckdb_string_t *texts = duckdb_vector_get_data(duckdb_data_chunk_get_vector(rows->chunk, column));
    const char *copy =
        sh_arena_dup(arena, duckdb_string_t_data(&texts[rows->at]), duckdb_string_t_length(texts[rows->at]));
    *ret = (struct sh_str){copy, duckdb_string_t_length(texts[rows->at])};
    return copy ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a back-test");
}

static int64_t number_at(const struct rows *rows, idx_t column) {
    return is_null(rows, column) ? 0
                                 : ((const int64_t *)duckdb_vector_get_data(
                                       duckdb_data_chunk_get_vector(rows->chunk, column)))[rows->at];
}

#define COUNTS                                                                                               \
    " count(*) FILTER (was)::BIGINT, count(*) FILTER (now)::BIGINT, count(*) FILTER (now AND NOT "           \
    "was)::BIGINT,"                                                                                          \
    " count(*) FILTER (was AND NOT now)::BIGINT, count(*) FILTER (changed)::BIGINT, sum(was_fen)::BIGINT,"   \
    " sum(now_fen)::BIGINT, count(DISTINCT institution) FILTER (was)::BIGINT,"                               \
    " count(DISTINCT institution) FILTER (now)::BIGINT, count(*) FILTER (now AND upheld)::BIGINT,"           \
    " count(*) FILTER (now AND NOT upheld)::BIGINT, count(*) FILTER (was AND NOT now AND upheld)::BIGINT,"   \
    " count(*) FILTER (was AND NOT now AND NOT upheld)::BIGINT"

static sh_code read_group(struct rows *rows, struct sh_arena *arena, struct sh_backtest_group *ret,
                          struct sh_err *err) {
    SH_TRY(text_at(rows, 0, arena, &ret->key, err));
    SH_TRY(text_at(rows, 1, arena, &ret->name, err));
    int64_t *const to[] = {&ret->was,          &ret->now,     &ret->added,    &ret->vanished,
                           &ret->changed,      &ret->was_fen, &ret->now_fen,  &ret->was_places,
                           &ret->now_places,   &ret->upheld,  &ret->rejected, &ret->lost_upheld,
                           &ret->lost_rejected};
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
        *to[i] = number_at(rows, 2 + i);
    return SH_OK;
}

static sh_code read_groups(struct sh_duck *duck, const char *sql, struct sh_arena *arena,
                           struct sh_backtest_groups *ret, struct sh_err *err) {
    SH_CLEANUP(rows_close) struct rows rows = {0};
    SH_TRY(rows_open(duck, sql, &rows, err));
    const idx_t n = duckdb_row_count(&rows.result);
    *ret = (struct sh_backtest_groups){.at = sh_new(arena, struct sh_backtest_group, (size_t)n + 1)};
    if (!ret->at)
        return sh_fail(err, SH_E_NOMEM, "no room for a back-test");
    while (ret->n < n && rows_next(&rows))
        SH_TRY(read_group(&rows, arena, &ret->at[ret->n++], err));
    return SH_OK;
}

static sh_code compare(struct sh_duck *duck, struct sh_arena *arena, struct sh_backtest *ret,
                       struct sh_err *err) {
    struct sh_backtest_groups all;
    SH_TRY(
        read_groups(duck, "SELECT NULL::VARCHAR, NULL::VARCHAR," COUNTS " FROM both_runs", arena, &all, err));
    ret->all = all.at[0];
    SH_TRY(read_groups(duck,
                       "SELECT rule, any_value(name)," COUNTS " FROM both_runs GROUP BY rule ORDER BY rule",
                       arena, &ret->rules, err));
    SH_TRY(read_groups(duck,
                       "SELECT institution, any_value(institution_name)," COUNTS
                       " FROM both_runs GROUP BY institution"
                       " HAVING count(*) FILTER (was <> now OR changed) > 0"
                       " ORDER BY abs(sum(now_fen) - sum(was_fen)) DESC, institution LIMIT " PLACES_SHOWN,
                       arena, &ret->places, err));
    SH_TRY(read_groups(duck,
                       "SELECT id, any_value(institution_name)," COUNTS
                       " FROM both_runs WHERE was <> now OR changed GROUP BY id"
                       " ORDER BY abs(sum(now_fen) - sum(was_fen)) DESC, id LIMIT " MOVED_SHOWN,
                       arena, &ret->moved, err));
    return read_groups(duck,
                       "SELECT id, rule," COUNTS
                       " FROM both_runs WHERE was AND NOT now AND upheld GROUP BY id, rule"
                       " ORDER BY rule, id LIMIT " LOST_SHOWN,
                       arena, &ret->lost, err);
}

static sh_code run_dir(const char *lake_dir, const char *run, char path[SH_PATH_BYTES_MAX],
                       struct sh_err *err) {
    bool there;
    if (!sh_path_is_plain_name(sh_str_of(run)))
        return sh_fail(err, SH_E_INPUT, "'%s' is no name of a run", run);
    SH_TRY(sh_path_format(path, err, "%s/audits/%s", lake_dir, run));
    char file[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(file, path, SH_RUN_PARQUET, err));
    SH_TRY(sh_fs_exists(file, &there, err));
    return there ? SH_OK
                 : sh_fail(err, SH_E_NOTFOUND, "the lake has no run '%s' (%s is not there)", run, file);
}

static void duck_close(struct sh_duck **duck) {
    if (*duck)
        sh_duck_close(*duck);
}

sh_code sh_audit_backtest(const struct sh_backtest_options *o, struct sh_arena *arena,
                          struct sh_backtest *ret, struct sh_err *err) {
    assert(o && arena && ret);
    char dirs[2][SH_PATH_BYTES_MAX], files[2][SH_PATH_BYTES_MAX];
    const char *const runs[2] = {o->base, o->now};
    *ret = (struct sh_backtest){0};
    for (int i = 0; i < 2; i++) {
        SH_TRY(run_dir(o->lake_dir, runs[i], dirs[i], err));
        SH_TRY(sh_path_join(files[i], dirs[i], SH_RUN_PARQUET, err));
        struct sh_run_file file;
        SH_TRY(sh_run_file_read(dirs[i], arena, &file, err));
        ret->runs[i] = file.summary;
        ret->runs[i].dir = sh_str_of(sh_arena_dup(arena, dirs[i], strlen(dirs[i])));
    }
    const char *const allowed[2] = {dirs[0], dirs[1]};
    struct sh_duck *duck SH_CLEANUP(duck_close) = NULL;
    SH_TRY(sh_duck_open(allowed, 2, 2, (uint64_t)2 << 30, dirs[1], &duck, err));
    SH_TRY(load_verdicts(duck, o->verdicts, err));
    SH_TRY(join_runs(duck, (const char *const[2]){files[0], files[1]}, err));
    return compare(duck, arena, ret, err);
}

bool sh_backtest_precision(const struct sh_backtest_group *group, struct sh_precision *ret) {
    struct sh_rate rate;
    struct sh_err more_than_can_be;
    if (sh_outcome_rate((struct sh_outcomes){(uint64_t)group->upheld, (uint64_t)group->rejected}, SH_Z_95,
                        &rate, &more_than_can_be) != SH_OK ||
        !rate.is_known)
        return false;
    sh_share_text(rate.share, ret->share);
    sh_share_low_text(rate.low, ret->low);
    sh_share_high_text(rate.high, ret->high);
    return true;
}
