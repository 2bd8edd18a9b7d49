/* Findings of an audit run, read only, straight from the run's Parquet file through one small DuckDB
 * instance. */
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "lake/lake.h"
#include <duckdb.h>

enum { DUCK_MEMORY_MIB = 512, RUNS_MAX = 200 };
#define FINDING_COLUMNS                                                                                      \
    "id, rule, number, name, level, point, institution, institution_name, person, encounter, day, lines, "   \
    "amount, counted, fund_amount, say, basis, receipt"
static const char *const columns[] = {"id",    "rule",        "number",           "name",    "level",
                                      "point", "institution", "institution_name", "person",  "encounter",
                                      "day",   "lines",       "amount",           "counted", "fund_amount",
                                      "say",   "basis",       "receipt"};
enum { COLUMNS_N = sizeof columns / sizeof columns[0], COLUMN_PERSON = 8 };

/* ---- runs -------------------------------------------------------------------------------------------- */

static sh_code audits_dir(struct sh_gate *gate, char out[SH_PATH_BYTES_MAX], struct sh_err *err) {
    return sh_path_join(out, gate->options.lake_dir, "audits", err);
}

/* Only a folder of that very name below LAKE/audits that holds findings: the name comes from outside. */
static sh_code run_file(struct sh_gate *gate, struct sh_str run, char out[SH_PATH_BYTES_MAX],
                        struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    bool is_there = false;
    if (!gate->options.lake_dir || !sh_path_is_plain_name(run) || run.len > 128)
        return sh_fail(err, SH_E_NOTFOUND, "no such run");
    SH_TRY(audits_dir(gate, dir, err));
    SH_TRY(sh_path_format(out, err, "%s/%.*s/findings.parquet", dir, SH_ARG(run)));
    SH_TRY(sh_fs_exists(out, &is_there, err));
    return is_there ? SH_OK : sh_fail(err, SH_E_NOTFOUND, "no such run");
}

/* A lake holds the claims of its place: who sees the whole of a place sees its runs; an institution sees its
 * own rows. */
sh_code sh_api_runs(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0, shown = 0;
    if (gate->options.lake_dir) {
        SH_TRY(audits_dir(gate, dir, err));
        const sh_code code = sh_dir_list(dir, &rq->arena, &entries, &n, err);
        if (code != SH_OK && code != SH_E_NOTFOUND)
            return code;
        n = code == SH_OK ? n : 0;
    }
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = n; i-- > 0 && shown < RUNS_MAX;) { /* named by time: the newest first */
        if (run_file(gate, sh_str_of(entries[i].name), path, err) != SH_OK)
            continue;
        sh_json_object(&json);
        sh_json_put_text(&json, "run", entries[i].name);
        sh_json_object_end(&json);
        shown++;
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* ---- pages ------------------------------------------------------------------------------------------- */

struct looking {
    struct sh_request *rq;
    const char *path;
    struct sh_scope scope;
    struct sh_str after, id, rule, institution, level;
    size_t limit, n;
    char next[64];
};

struct binding {
    duckdb_prepared_statement statement;
    idx_t n;
    bool is_failed;
};

static void bind_text(struct binding *binding, struct sh_str text) {
    if (duckdb_bind_varchar_length(binding->statement, ++binding->n, text.at ? text.at : "", text.len) !=
        DuckDBSuccess)
        binding->is_failed = true;
}

/* Everything from outside is bound, never written into the text. */
static void where_text(const struct looking *looking, struct sh_buf *sql) {
    sh_buf_addf(sql, "select " FINDING_COLUMNS " from read_parquet($1) where id %s $2",
                looking->id.len ? "=" : ">");
    unsigned n = 2;
    if (looking->rule.len)
        sh_buf_addf(sql, " and rule = $%u", ++n);
    if (looking->institution.len)
        sh_buf_addf(sql, " and institution = $%u", ++n);
    if (looking->level.len)
        sh_buf_addf(sql, " and level = $%u", ++n);
    if (!looking->scope.any_body) {
        sh_buf_add_text(sql, " and institution in (''");
        for (size_t i = 0; i < looking->scope.n_bodies; i++)
            if (looking->scope.bodies[i].len)
                sh_buf_addf(sql, ", $%u", ++n);
        sh_buf_add_text(sql, ") and institution <> ''");
    }
    sh_buf_addf(sql, " order by id limit %zu", looking->limit + 1);
}

static void bind_all(const struct looking *looking, struct binding *binding) {
    bind_text(binding, sh_str_of(looking->path));
    bind_text(binding, looking->id.len ? looking->id : looking->after);
    if (looking->rule.len)
        bind_text(binding, looking->rule);
    if (looking->institution.len)
        bind_text(binding, looking->institution);
    if (looking->level.len)
        bind_text(binding, looking->level);
    for (size_t i = 0; !looking->scope.any_body && i < looking->scope.n_bodies; i++)
        if (looking->scope.bodies[i].len)
            bind_text(binding, looking->scope.bodies[i]);
}

static void put_cell(struct sh_json *json, duckdb_result *result, idx_t column, idx_t row,
                     struct sh_arena *arena) {
    char *text = duckdb_value_varchar(result, column, row);
    const struct sh_field number = {.mask = SH_MASK_NUMBER};
    sh_json_key(json, columns[column]);
    if (!text)
        sh_json_null(json);
    else if (column == COLUMN_PERSON)
        sh_json_str(json, sh_field_mask(&number, sh_str_of(text), arena));
    else
        sh_json_text(json, text);
    duckdb_free(text);
}

static void put_rows(struct looking *looking, struct sh_json *json, duckdb_result *result) {
    const idx_t n = duckdb_row_count(result);
    looking->n = n < looking->limit ? (size_t)n : looking->limit;
    for (idx_t row = 0; row < looking->n; row++) {
        sh_json_object(json);
        for (idx_t c = 0; c < COLUMNS_N; c++)
            put_cell(json, result, c, row, &looking->rq->arena);
        sh_json_object_end(json);
    }
    if (n > looking->limit) {
        char *last = duckdb_value_varchar(result, 0, looking->n - 1);
        snprintf(looking->next, sizeof looking->next, "%s", last ? last : "");
        duckdb_free(last);
    }
}

static sh_code query(struct looking *looking, struct sh_duck *duck, struct sh_json *json,
                     struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    where_text(looking, &sql);
    SH_TRY(sh_buf_check(&sql, err));
    struct binding binding = {0};
    duckdb_result result;
    sh_code code = SH_OK;
    if (duckdb_prepare(sh_duck_connection(duck), sql.at, &binding.statement) != DuckDBSuccess)
        code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_prepare_error(binding.statement));
    if (code == SH_OK)
        bind_all(looking, &binding);
    if (code == SH_OK && binding.is_failed)
        code = sh_fail(err, SH_E_INTERNAL, "findings: a value does not bind");
    if (code == SH_OK && duckdb_execute_prepared(binding.statement, &result) != DuckDBSuccess) {
        code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_result_error(&result));
        duckdb_destroy_result(&result);
    } else if (code == SH_OK) {
        put_rows(looking, json, &result);
        duckdb_destroy_result(&result);
    }
    duckdb_destroy_prepare(&binding.statement);
    return code;
}

/* A run is immutable and small beside its lake; an instance a request costs some milliseconds and shares
 * nothing. */
static sh_code look(struct sh_gate *gate, struct looking *looking, struct sh_json *json, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(audits_dir(gate, dir, err));
    const char *dirs[] = {dir};
    struct sh_duck *duck = NULL;
    SH_TRY(sh_duck_open(dirs, 1, 1, (uint64_t)DUCK_MEMORY_MIB << 20, dir, &duck, err));
    const sh_code code = query(looking, duck, json, err);
    sh_duck_close(duck);
    return code;
}

static sh_code looking_begin(struct sh_gate *gate, struct sh_request *rq, struct looking *ret,
                             char path[SH_PATH_BYTES_MAX], struct sh_err *err) {
    *ret = (struct looking){.rq = rq, .path = path, .limit = 1};
    SH_TRY(sh_caller_scope(gate, rq, "findings.read", NULL, 0, &ret->scope, err));
    return run_file(gate, rq->params[0], path, err);
}

sh_code sh_api_findings(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    struct looking looking;
    SH_TRY(looking_begin(gate, rq, &looking, path, err));
    SH_TRY(sh_arg_limit(rq, &looking.limit, err));
    looking.after = sh_target_arg(&rq->target, "after");
    looking.rule = sh_target_arg(&rq->target, "rule");
    looking.institution = sh_target_arg(&rq->target, "institution");
    looking.level = sh_target_arg(&rq->target, "level");
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    SH_TRY(look(gate, &looking, &json, err));
    sh_json_array_end(&json);
    sh_json_put_text(&json, "next", looking.next[0] ? looking.next : NULL);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_finding(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    struct looking looking;
    SH_TRY(looking_begin(gate, rq, &looking, path, err));
    looking.id = rq->params[1];
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    SH_TRY(look(gate, &looking, &json, err));
    return looking.n == 1 ? sh_answer_end(rq, &json, err) : sh_refuse(rq, GATE_NOT_FOUND, NULL);
}
