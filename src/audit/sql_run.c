/* Rules as SQL in embedded DuckDB: rows of chunks in, findings out. */
#include "audit/sql_run.h"
#include <duckdb.h>
#include <string.h>

struct sh_sql_run {
    struct sh_sql_maker maker;
    struct sh_duck *duck;
    int64_t rows[SH_TABLES]; /* taken so far */
};

static sh_code run_text(struct sh_sql_run *run, const struct sh_buf *sql, struct sh_err *err) {
    return sql->len > 0 ? sh_duck_run(run->duck, sql->at, err) : SH_OK;
}

sh_code sh_sql_open(const struct sh_plan *plan, const char *temp_dir, unsigned threads,
                    struct sh_arena *arena, struct sh_sql_run **ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    struct sh_sql_run *run = sh_alloc_array(1, sizeof(*run));
    if (!run)
        return sh_fail(err, SH_E_NOMEM, "no room to run rules as SQL");
    run->maker = (struct sh_sql_maker){plan, SH_SQL_DUCKDB, arena};
    sh_code code = sh_duck_open(&temp_dir, 1, threads, (uint64_t)4 << 30, temp_dir, &run->duck, err);
    if (code == SH_OK)
        code = sh_sql_raw_tables(&run->maker, &sql, err);
    if (code == SH_OK)
        code = run_text(run, &sql, err);
    if (code != SH_OK) {
        sh_sql_close(run);
        return code;
    }
    *ret = run;
    return SH_OK;
}

void sh_sql_close(struct sh_sql_run *run) {
    if (!run)
        return;
    sh_duck_close(run->duck);
    sh_free(run);
}

void *sh_sql_connection(struct sh_sql_run *run) {
    return sh_duck_connection(run->duck);
}

/* ---- rows --------------------------------------------------------------------------------------- */

static void appender_close(duckdb_appender *appender) {
    if (*appender)
        (void)duckdb_appender_destroy(appender);
}

static void put_text(duckdb_appender to, struct sh_str text) {
    if (text.len == 0)
        (void)duckdb_append_null(to);
    else
        (void)duckdb_append_varchar_length(to, text.at, text.len);
}

static void put_number(duckdb_appender to, int64_t v, int64_t missing) {
    if (v == missing)
        (void)duckdb_append_null(to);
    else
        (void)duckdb_append_int64(to, v);
}

static void put_value(const struct sh_lake_column *c, const void *values, size_t row, duckdb_appender to) {
    switch (c->type) {
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        put_text(to, ((const struct sh_str *)values)[row]);
        return;
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        put_number(to, ((const int32_t *)values)[row], SH_MISSING_I32);
        return;
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL: {
        const int8_t v = ((const int8_t *)values)[row];
        if (v == SH_MISSING_I8 || (v == -1 && c->type == SH_COLUMN_LEVEL))
            (void)duckdb_append_null(to);
        else if (c->type == SH_COLUMN_LEVEL || strcmp(c->name, "refund_line") == 0)
            (void)duckdb_append_int64(to, v);
        else
            (void)duckdb_append_bool(to, v != 0);
        return;
    }
    case SH_COLUMN_CODE: /* put_cell */
    case SH_COLUMN_KEY:
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        break;
    }
    put_number(to, ((const int64_t *)values)[row], SH_MISSING);
}

/* Codes of large dictionaries are read into `texts`. */
static sh_code put_cell(const struct sh_plan *plan, const struct sh_lake_column *c, const void *values,
                        size_t row, struct sh_arena *texts, duckdb_appender to, struct sh_err *err) {
    struct sh_str code;
    if (c->type != SH_COLUMN_CODE) {
        put_value(c, values, row, to);
        return SH_OK;
    }
    SH_TRY(sh_code_read(plan, c->dict, ((const int32_t *)values)[row], texts, &code, err));
    put_text(to, code);
    return SH_OK;
}

static sh_code appended(duckdb_appender to, const char *table, struct sh_err *err) {
    const char *message = duckdb_appender_error(to);
    return sh_fail(err, SH_E_IO, "DuckDB, table %s: %.500s", table, message ? message : "cannot append");
}

/* A row of a chunk on its way to DuckDB. */
struct taking {
    const struct sh_plan *plan;
    const struct sh_chunk *chunk;
    duckdb_appender to;
    struct sh_arena texts; /* ids and codes */
    struct sh_str code;    /* of the person */
    uint32_t person, row;  /* of stock: institution */
    int table;
};

static sh_code take_field(struct taking *k, uint16_t c, struct sh_err *err) {
    const struct sh_lake_column *column = &sh_lake_schema[k->table].columns[c];
    const void *const *columns = k->chunk->tables[k->table].columns;
    const int32_t lead = k->chunk->persons[k->person];
    struct sh_str id = {0};
    if (strcmp(column->name, "person") == 0) {
        put_text(k->to, k->code);
    } else if (strcmp(column->name, "id") == 0 && columns) {
        SH_TRY(sh_chunk_id(k->chunk, (enum sh_table)k->table, k->row, &k->texts, &id, err));
        put_text(k->to, id);
    } else if (k->table == SH_TABLE_STOCK_MOVE && strcmp(column->name, "institution") == 0) {
        put_text(k->to, sh_code_of(k->plan, SH_DICT_INSTITUTION, lead));
    } else if (!columns || !columns[c]) {
        (void)duckdb_append_null(k->to);
    } else {
        return put_cell(k->plan, column, columns[c], k->row, &k->texts, k->to, err);
    }
    return SH_OK;
}

static sh_code take_rows(struct sh_sql_run *run, struct taking *k, const char *name, struct sh_err *err) {
    const uint32_t *begin = k->chunk->tables[k->table].person_begin;
    const struct sh_lake_table *table = &sh_lake_schema[k->table];
    for (k->person = 0; begin && k->person < k->chunk->n_persons; k->person++) {
        SH_TRY(sh_code_read(k->plan, SH_DICT_PERSON, k->chunk->persons[k->person], &k->texts, &k->code, err));
        for (k->row = begin[k->person]; k->row < begin[k->person + 1]; k->row++) {
            (void)duckdb_append_int64(k->to, ++run->rows[k->table]);
            for (uint16_t c = 0; c < table->n_columns; c++)
                if (sh_sql_has(k->plan, k->table, table->columns[c].name))
                    SH_TRY(take_field(k, c, err));
            if (duckdb_appender_end_row(k->to) != DuckDBSuccess)
                return appended(k->to, name, err);
        }
    }
    return SH_OK;
}

static sh_code take_table(struct sh_sql_run *run, const struct sh_chunk *chunk, int t, struct sh_err *err) {
    struct taking taking = {.plan = run->maker.plan, .chunk = chunk, .table = t};
    duckdb_appender to SH_CLEANUP(appender_close) = NULL;
    char name[64];
    (void)snprintf(name, sizeof(name), "raw_%s", sh_lake_schema[t].name);
    if (duckdb_appender_create(sh_duck_connection(run->duck), NULL, name, &to) != DuckDBSuccess)
        return appended(to, name, err);
    taking.to = to;
    const sh_code code = take_rows(run, &taking, name, err);
    sh_arena_free(&taking.texts);
    SH_TRY(code);
    return duckdb_appender_close(to) == DuckDBSuccess ? SH_OK : appended(to, name, err);
}

sh_code sh_sql_take(struct sh_sql_run *run, const struct sh_chunk *chunk, struct sh_err *err) {
    for (int t = 0; t < SH_TABLES; t++)
        if (sh_sql_is_read(run->maker.plan, t))
            SH_TRY(take_table(run, chunk, t, err));
    return SH_OK;
}

/* ---- what belongs to all ------------------------------------------------------------------------ */

static sh_code take_dictionaries(struct sh_sql_run *run, struct sh_err *err) {
    static const struct {
        enum sh_dict dict;
        const char *name;
    } dicts[] = {{SH_DICT_ITEM, "item"},
                 {SH_DICT_INSTITUTION, "institution"},
                 {SH_DICT_DEPARTMENT, "department"},
                 {SH_DICT_PRACTITIONER, "practitioner"}};
    duckdb_appender to SH_CLEANUP(appender_close) = NULL;
    if (duckdb_appender_create(sh_duck_connection(run->duck), NULL, "raw_dict", &to) != DuckDBSuccess)
        return appended(to, "raw_dict", err);
    for (size_t d = 0; d < sizeof(dicts) / sizeof(dicts[0]); d++) {
        const struct sh_dict_view *view = run->maker.plan->dicts->views[dicts[d].dict];
        for (uint32_t i = 0; view && i < view->n; i++) {
            (void)duckdb_append_varchar(to, dicts[d].name);
            put_text(to, view->code[i]);
            put_text(to, view->name ? view->name[i] : (struct sh_str){0});
            put_text(to, view->kind ? view->kind[i] : (struct sh_str){0});
            if (duckdb_appender_end_row(to) != DuckDBSuccess)
                return appended(to, "raw_dict", err);
        }
    }
    return duckdb_appender_close(to) == DuckDBSuccess ? SH_OK : appended(to, "raw_dict", err);
}

/* The facts of a dimension that rules read, one row for each entry. */
static sh_code take_entries(struct sh_sql_run *run, int t, struct sh_err *err) {
    const struct sh_plan *plan = run->maker.plan;
    const struct sh_lake_table *table = &sh_lake_schema[t];
    const struct sh_frame_table *fixed = &plan->fixed[t];
    const struct sh_dict_view *view = plan->dicts->views[sh_table_lead((enum sh_table)t)];
    duckdb_appender to SH_CLEANUP(appender_close) = NULL;
    char name[64];
    (void)snprintf(name, sizeof(name), "raw_%s", table->name);
    if (duckdb_appender_create(sh_duck_connection(run->duck), NULL, name, &to) != DuckDBSuccess)
        return appended(to, name, err);
    for (uint32_t i = 0; view && i < view->n; i++) {
        put_text(to, view->code[i]);
        for (uint16_t c = 0; c < table->n_columns; c++) {
            if (!sh_sql_has_entry(plan, t, c))
                continue;
            if (fixed->columns && fixed->columns[c])
                SH_TRY(put_cell(plan, &table->columns[c], fixed->columns[c], i, run->maker.arena, to, err));
            else
                (void)duckdb_append_null(to);
        }
        if (duckdb_appender_end_row(to) != DuckDBSuccess)
            return appended(to, name, err);
    }
    return duckdb_appender_close(to) == DuckDBSuccess ? SH_OK : appended(to, name, err);
}

static void take_coverage(const struct sh_plan *plan, struct sh_buf *sql) {
    const struct sh_dict_view *institutions = plan->dicts->views[SH_DICT_INSTITUTION];
    const uint64_t *lost;
    size_t n_lost;
    for (int t = 0; t < SH_TABLES; t++)
        for (uint32_t i = 0; sh_sql_is_fact(t) && institutions && i < institutions->n; i++) {
            int32_t first, last;
            if (sh_lake_covered(plan->options.lake, (enum sh_table)t, (int32_t)i, &first, &last))
                sh_buf_addf(sql, "insert into f_coverage values ('%s', '%.*s', %d, %d);\n",
                            sh_lake_schema[t].name, SH_ARG(institutions->code[i]), first, last);
        }
    sh_lake_lost(plan->options.lake, &lost, &n_lost);
    for (size_t i = 0; i < n_lost; i++)
        sh_buf_addf(sql, "insert into f_lost values (%lld);\n", (long long)lost[i]);
}

sh_code sh_sql_ready(struct sh_sql_run *run, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    const struct sh_plan *plan = run->maker.plan;
    SH_TRY(take_dictionaries(run, err));
    for (int t = 0; t < SH_TABLES; t++)
        if (sh_table_is_dimension((enum sh_table)t))
            SH_TRY(take_entries(run, t, err));
    for (int t = 0; t < SH_TABLES; t++) {
        const bool none = plan->options.incomplete >> t & 1 ||
                          (plan->options.lake && sh_lake_rows(plan->options.lake, (enum sh_table)t) == 0);
        if (none || !plan->options.lake)
            sh_buf_addf(&sql, "insert into f_complete values ('%s', %s);\n", sh_lake_schema[t].name,
                        none ? "false" : "true");
    }
    if (plan->options.lake)
        take_coverage(plan, &sql);
    SH_TRY(sh_sql_facts(&run->maker, &sql, err));
    SH_TRY(sh_sql_knowledge(&run->maker, &sql, err));
    return run_text(run, &sql, err);
}

/* ---- findings ----------------------------------------------------------------------------------- */

static void result_close(duckdb_result *result) {
    duckdb_destroy_result(result);
}

static struct sh_str text_of(struct sh_sql_run *run, duckdb_result *result, idx_t c, idx_t row) {
    if (duckdb_value_is_null(result, c, row))
        return (struct sh_str){0};
    char *text = duckdb_value_varchar(result, c, row);
    const size_t len = text ? strlen(text) : 0;
    const char *kept = sh_arena_dup(run->maker.arena, text, len);
    duckdb_free(text);
    return kept ? (struct sh_str){kept, len} : (struct sh_str){0};
}

/* Columns of the statement, see sh_sql_rule. */
enum {
    ID,
    KEY,
    POINT,
    LEVEL,
    AMOUNT,
    DAY,
    PERSON,
    INSTITUTION,
    ENCOUNTER,
    LINE,
    BLAMED,
    LINE_AMOUNT,
    LINE_RN,
    HID
};

static sh_code take_row(struct sh_sql_run *run, size_t rule, duckdb_result *result, idx_t row,
                        int64_t *io_hid, struct sh_sql_findings *io, struct sh_err *err) {
    const int64_t hid = duckdb_value_int64(result, HID, row);
    if (hid != *io_hid) {
        SH_TRY(sh_grow(&io->at, &io->cap, io->n + 1, sizeof(*io->at), UINT32_MAX, err));
        struct sh_sql_finding *f = &io->at[io->n++];
        *f = (struct sh_sql_finding){.rule = (uint16_t)rule,
                                     .key = text_of(run, result, KEY, row),
                                     .point = text_of(run, result, POINT, row),
                                     .person = text_of(run, result, PERSON, row),
                                     .institution = text_of(run, result, INSTITUTION, row),
                                     .encounter = text_of(run, result, ENCOUNTER, row),
                                     .level = (enum sh_level)duckdb_value_int64(result, LEVEL, row),
                                     .amount_known = !duckdb_value_is_null(result, AMOUNT, row),
                                     .amount_fen = duckdb_value_int64(result, AMOUNT, row),
                                     .day = duckdb_value_is_null(result, DAY, row)
                                                ? SH_MISSING_I32
                                                : (int32_t)duckdb_value_int64(result, DAY, row)};
        const struct sh_str id = text_of(run, result, ID, row);
        if (id.len != 32)
            return sh_fail(err, SH_E_INTERNAL, "a finding of SQL without an id");
        memcpy(f->id, id.at, 32);
    }
    *io_hid = hid;
    struct sh_sql_finding *f = &io->at[io->n - 1];
    if (duckdb_value_is_null(result, LINE_RN, row))
        return SH_OK;
    if (f->n_lines == f->cap_lines) {
        const size_t more = f->cap_lines ? 2 * f->cap_lines : 8;
        struct sh_sql_line *lines = sh_new(run->maker.arena, struct sh_sql_line, more);
        if (!lines)
            return sh_fail(err, SH_E_NOMEM, "no room for the lines of findings");
        if (f->n_lines > 0)
            memcpy(lines, f->lines, f->n_lines * sizeof(*lines));
        f->lines = lines, f->cap_lines = more;
    }
    f->lines[f->n_lines++] = (struct sh_sql_line){.id = text_of(run, result, LINE, row),
                                                  .blamed = duckdb_value_boolean(result, BLAMED, row),
                                                  .fen = duckdb_value_int64(result, LINE_AMOUNT, row)};
    return SH_OK;
}

sh_code sh_sql_audit(struct sh_sql_run *run, size_t rule, struct sh_sql_findings *io, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    const struct sh_rule_plan *rp = &run->maker.plan->active[rule];
    SH_TRY(sh_sql_rule(&run->maker, rp, &sql, err));
    duckdb_result result SH_CLEANUP(result_close);
    if (duckdb_query(sh_duck_connection(run->duck), sql.at, &result) != DuckDBSuccess) {
        const char *message = duckdb_result_error(&result);
        return sh_fail(err, SH_E_INTERNAL, "rule %.*s as SQL: %.700s", SH_ARG(rp->rule->id),
                       message ? message : "?");
    }
    int64_t hid = 0;
    for (idx_t row = 0; row < duckdb_row_count(&result); row++)
        SH_TRY(take_row(run, rule, &result, row, &hid, io, err));
    return SH_OK;
}
