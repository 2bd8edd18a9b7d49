/* Statements over the findings of one run. */
#include "gate/find.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "lake/lake.h"
#include <duckdb.h>

enum { DUCK_MEMORY_MIB = 512, WORDS_MAX = 40 };

sh_code sh_find_begin(struct sh_gate *gate, struct sh_request *rq, struct sh_find *ret, struct sh_err *err) {
    *ret = (struct sh_find){.gate = gate, .rq = rq};
    const struct sh_str run = rq->params[0];
    bool is_there = false;
    char path[SH_PATH_BYTES_MAX];
    /* Only a folder of that very name below LAKE/audits that holds findings: the name comes from outside. */
    if (!gate->options.lake_dir || !sh_path_is_plain_name(run) || run.len > 128)
        return sh_fail(err, SH_E_NOTFOUND, "no such run");
    SH_TRY(sh_path_format(ret->run_dir, err, "%s/audits/%.*s", gate->options.lake_dir, SH_ARG(run)));
    SH_TRY(sh_path_join(path, ret->run_dir, "findings.parquet", err));
    SH_TRY(sh_fs_exists(path, &is_there, err));
    if (!is_there)
        return sh_fail(err, SH_E_NOTFOUND, "no such run");
    ret->path = sh_str_of(sh_arena_dup(&rq->arena, path, strlen(path)));
    if (!ret->path.at)
        return sh_fail(err, SH_E_NOMEM, "no room for a path");
    return sh_caller_scope(gate, rq, "findings.read", NULL, 0, &ret->scope, err);
}

void sh_find_end(struct sh_find *find) {
    sh_buf_free(&find->sql);
}

void sh_find_bind(struct sh_find *find, struct sh_str value) {
    if (find->n_binds == SH_FIND_BINDS_MAX) {
        find->sql.failed = SH_E_LIMIT;
        return;
    }
    find->binds[find->n_binds++] = value;
    sh_buf_addf(&find->sql, "$%u", find->n_binds);
}

/* ---- filters ----------------------------------------------------------------------------------------- */

static void where_words(struct sh_find *find, const char *column, const char *argument) {
    struct sh_str rest = sh_target_arg(&find->rq->target, argument);
    if (rest.len == 0)
        return;
    sh_buf_addf(&find->sql, " and %s in (", column);
    size_t n = 0;
    for (struct sh_str word; n < WORDS_MAX && sh_str_split(&rest, ',', &word); n++) {
        if (n)
            sh_buf_add_text(&find->sql, ", ");
        sh_find_bind(find, word);
    }
    sh_buf_add_char(&find->sql, ')');
}

static bool is_amount(struct sh_str text) {
    const size_t point = sh_str_find_char(text, '.');
    const size_t whole = point == SH_STR_NONE ? text.len : point;
    if (whole == 0 || whole > 12 || (point != SH_STR_NONE && text.len - point > 3))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (i != point && (text.at[i] < '0' || text.at[i] > '9'))
            return false;
    return true;
}

static void where_amount(struct sh_find *find, const char *argument, const char *sign,
                         struct sh_faults *faults) {
    const struct sh_str value = sh_target_arg(&find->rq->target, argument);
    if (value.len == 0)
        return;
    if (!is_amount(value)) {
        sh_faults_add(find->rq, faults, sh_str_of(argument), 0,
                      find->rq->lang == SH_EN ? "an amount in yuan, e.g. 1000.00"
                                              : "应为金额（元），如 1000.00");
        return;
    }
    sh_buf_addf(&find->sql, " and coalesce(counted, 0) %s cast(", sign);
    sh_find_bind(find, value);
    sh_buf_add_text(&find->sql, " as decimal(18,2))");
}

static void where_day(struct sh_find *find, const char *argument, const char *sign,
                      struct sh_faults *faults) {
    const struct sh_str value = sh_target_arg(&find->rq->target, argument);
    int32_t day = 0;
    struct sh_err err;
    if (value.len == 0)
        return;
    if (sh_date_parse(value, &day, &err) != SH_OK) {
        sh_faults_add(find->rq, faults, sh_str_of(argument), 0,
                      find->rq->lang == SH_EN ? "a day, e.g. 2026-02-03" : "应为日期，如 2026-02-03");
        return;
    }
    sh_buf_addf(&find->sql, " and day %s cast(", sign);
    sh_find_bind(find, value);
    sh_buf_add_text(&find->sql, " as date)");
}

static void where_scope(struct sh_find *find) {
    if (find->scope.any_body)
        return;
    sh_buf_add_text(&find->sql, " and institution <> '' and institution in (''");
    for (size_t i = 0; i < find->scope.n_bodies; i++) {
        if (find->scope.bodies[i].len == 0)
            continue;
        sh_buf_add_text(&find->sql, ", ");
        sh_find_bind(find, find->scope.bodies[i]);
    }
    sh_buf_add_char(&find->sql, ')');
}

sh_code sh_find_where(struct sh_find *find, struct sh_err *err) {
    struct sh_faults faults = {0};
    sh_buf_add_text(&find->sql, " from read_parquet(");
    sh_find_bind(find, find->path);
    sh_buf_add_text(&find->sql, ") where true");
    where_scope(find);
    where_words(find, "rule", "rule");
    where_words(find, "institution", "institution");
    where_words(find, "level", "level");
    where_words(find, "point", "point");
    where_amount(find, "amount_min", ">=", &faults);
    where_amount(find, "amount_max", "<=", &faults);
    where_day(find, "from", ">=", &faults);
    where_day(find, "to", "<=", &faults);
    const struct sh_str q = sh_target_arg(&find->rq->target, "q");
    if (q.len) {
        sh_buf_add_text(&find->sql, " and (contains(say, ");
        sh_find_bind(find, q);
        sh_buf_add_text(&find->sql, ") or id = ");
        sh_find_bind(find, q);
        sh_buf_add_text(&find->sql, " or person = ");
        sh_find_bind(find, q);
        sh_buf_add_text(&find->sql, " or encounter = ");
        sh_find_bind(find, q);
        sh_buf_add_char(&find->sql, ')');
    }
    return faults.n ? sh_refused(sh_refuse_fields(find->rq, &faults), err) : sh_buf_check(&find->sql, err);
}

/* ---- running ----------------------------------------------------------------------------------------- */

static sh_code bind_all(struct sh_find *find, duckdb_prepared_statement statement, struct sh_err *err) {
    for (unsigned i = 0; i < find->n_binds; i++) {
        const struct sh_str value = find->binds[i];
        if (duckdb_bind_varchar_length(statement, i + 1, value.at ? value.at : "", value.len) !=
            DuckDBSuccess)
            return sh_fail(err, SH_E_INTERNAL, "findings: a value does not bind");
    }
    return SH_OK;
}

static sh_code query(struct sh_find *find, struct sh_duck *duck, sh_find_rows rows, void *ctx,
                     struct sh_err *err) {
    duckdb_prepared_statement statement = NULL;
    duckdb_result result;
    sh_code code = SH_OK;
    if (duckdb_prepare(sh_duck_connection(duck), find->sql.at, &statement) != DuckDBSuccess)
        code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_prepare_error(statement));
    if (code == SH_OK)
        code = bind_all(find, statement, err);
    if (code == SH_OK) {
        if (duckdb_execute_prepared(statement, &result) != DuckDBSuccess)
            code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_result_error(&result));
        else
            code = rows(ctx, &result, err);
        duckdb_destroy_result(&result);
    }
    duckdb_destroy_prepare(&statement);
    return code;
}

/* A run is immutable and small beside its lake; an instance a request costs some milliseconds and shares
 * nothing. */
sh_code sh_find_run(struct sh_find *find, sh_find_rows rows, void *ctx, struct sh_err *err) {
    SH_TRY(sh_buf_check(&find->sql, err));
    const char *dirs[] = {find->run_dir};
    struct sh_duck *duck = NULL;
    SH_TRY(sh_duck_open(dirs, 1, 1, (uint64_t)DUCK_MEMORY_MIB << 20, find->run_dir, &duck, err));
    const sh_code code = query(find, duck, rows, ctx, err);
    sh_duck_close(duck);
    return code;
}

const char *sh_find_cell(const struct sh_find *find, void *duckdb_result_at, uint64_t column, uint64_t row) {
    char *text = duckdb_value_varchar(duckdb_result_at, column, row);
    const char *kept = text ? sh_arena_dup(&find->rq->arena, text, strlen(text)) : NULL;
    duckdb_free(text);
    return kept;
}

bool sh_find_sees(const struct sh_find *find, struct sh_str institution) {
    for (size_t i = 0; !find->scope.any_body && i < find->scope.n_bodies; i++)
        if (institution.len && sh_str_eq(find->scope.bodies[i], institution))
            return true;
    return find->scope.any_body;
}

struct sh_str sh_find_masked(struct sh_request *rq, struct sh_str person) {
    const struct sh_field number = {.mask = SH_MASK_NUMBER};
    return sh_field_mask(&number, person, &rq->arena);
}
