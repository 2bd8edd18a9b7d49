/* Statements over the findings of one run. */
#include "gate/find.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/kept.h"
#include "lake/lake.h"
#include <duckdb.h>
#include <pthread.h>
#include <sys/stat.h>

enum { DUCK_MEMORY_MIB = 512, WORDS_MAX = 40, KEPT_ENTRIES = 512, KEPT_BYTES = 16 << 20 };

/* "newest" for the run last begun, as /runs lists them; a run that is called so comes first. */
static sh_code newest_run(const char *lake_dir, struct sh_request *rq, struct sh_str *io,
                          struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    bool is_there = false;
    SH_TRY(sh_path_join(dir, lake_dir, "audits", err));
    SH_TRY(sh_dir_list(dir, &rq->arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(*io, entries[i].name))
            return SH_OK;
    for (size_t i = n; i-- > 0 && !is_there;) {
        if (entries[i].name[0] == '.')
            continue; /* of a trial, soon gone */
        SH_TRY(sh_path_format(path, err, "%s/%s/findings.parquet", dir, entries[i].name));
        SH_TRY(sh_fs_exists(path, &is_there, err));
        *io = sh_str_of(entries[i].name);
    }
    return SH_OK;
}

sh_code sh_find_begin(struct sh_gate *gate, struct sh_request *rq, struct sh_find *ret, struct sh_err *err) {
    *ret = (struct sh_find){.gate = gate, .rq = rq};
    struct sh_str run = rq->params[0];
    bool is_there = false;
    char path[SH_PATH_BYTES_MAX];
    /* Only a folder of that very name below LAKE/audits that holds findings: the name comes from outside. */
    if (!gate->options.lake_dir || !sh_path_is_plain_name(run) || run.at[0] == '.' || run.len > 128)
        return sh_fail(err, SH_E_NOTFOUND, "no such run");
    if (sh_str_is(run, "newest"))
        SH_TRY(newest_run(gate->options.lake_dir, rq, &run, err));
    SH_TRY(sh_path_format(ret->run_dir, err, "%s/audits/%.*s", gate->options.lake_dir, SH_ARG(run)));
    SH_TRY(sh_path_join(path, ret->run_dir, sh_desk_file(SH_DESK_MONEY), err));
    SH_TRY(sh_fs_exists(path, &ret->has_claims, err));
    if (!ret->has_claims) {
        SH_TRY(sh_path_join(path, ret->run_dir, "findings.parquet", err));
        SH_TRY(sh_fs_exists(path, &is_there, err));
        if (!is_there)
            return sh_fail(err, SH_E_NOTFOUND, "no such run");
    }
    ret->path = sh_str_of(sh_arena_dup(&rq->arena, path, strlen(path)));
    if (!ret->path.at)
        return sh_fail(err, SH_E_NOMEM, "no room for a path");
    return sh_caller_scope(gate, rq, "findings.read", NULL, 0, &ret->scope, err);
}

sh_code sh_find_turn(struct sh_find *find, enum sh_desk_order desk, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    sh_check(find->has_claims);
    SH_TRY(sh_path_join(path, find->run_dir, sh_desk_file(desk), err));
    find->path = sh_str_of(sh_arena_dup(&find->rq->arena, path, strlen(path)));
    return find->path.at ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a path");
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

static void where_claim(struct sh_find *find, const char *column, struct sh_faults *faults) {
    if (find->has_claims)
        where_words(find, column, column);
    else if (sh_target_arg(&find->rq->target, column).len)
        sh_faults_add(find->rq, faults, sh_str_of(column), 0, SH_SAY(find->rq, FINDINGS_NOT_LOADED));
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
        sh_faults_add(find->rq, faults, sh_str_of(argument), 0, SH_SAY(find->rq, WANTS_AMOUNT));
        return;
    }
    sh_buf_addf(&find->sql, " and counted %s cast(", sign);
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
        sh_faults_add(find->rq, faults, sh_str_of(argument), 0, SH_SAY(find->rq, WANTS_DAY));
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
    where_claim(find, "department", &faults);
    where_claim(find, "practitioner", &faults);
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

struct opened {
    struct sh_duck *duck;
    unsigned users;
};
/* One instance for all readers, each with a connection of its own: it keeps the footers of the files it has
 * read. After a failure of its own no further reader gets it; the last one closes it. */
struct sh_finder {
    pthread_mutex_t mutex;
    struct opened *now;   /* NULL: none yet */
    struct sh_kept *kept; /* tables, as keep_table writes them */
};

sh_code sh_finder_new(struct sh_finder **ret, struct sh_err *err) {
    *ret = sh_alloc_array(1, sizeof **ret);
    if (!*ret)
        return sh_fail(err, SH_E_NOMEM, "no room to look into findings");
    pthread_mutex_init(&(*ret)->mutex, NULL);
    const sh_code code = sh_kept_new(KEPT_ENTRIES, KEPT_BYTES, &(*ret)->kept, err);
    if (code != SH_OK) {
        sh_finder_free(*ret);
        *ret = NULL;
    }
    return code;
}

static void opened_free(struct opened *opened) {
    if (opened)
        sh_duck_close(opened->duck);
    sh_free(opened);
}

void sh_finder_free(struct sh_finder *finder) {
    if (!finder)
        return;
    opened_free(finder->now);
    sh_kept_free(finder->kept);
    pthread_mutex_destroy(&finder->mutex);
    sh_free(finder);
}

static sh_code open_one(const char *lake_dir, struct opened **ret, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(dir, lake_dir, "audits", err));
    const char *dirs[] = {dir};
    struct opened *opened = sh_alloc_array(1, sizeof *opened);
    if (!opened)
        return sh_fail(err, SH_E_NOMEM, "no room to look into findings");
    const sh_code code = sh_duck_open(dirs, 1, 1, (uint64_t)DUCK_MEMORY_MIB << 20, "", &opened->duck, err);
    if (code == SH_OK)
        *ret = opened;
    else
        sh_free(opened);
    return code;
}

static sh_code borrow(struct sh_finder *finder, const char *lake_dir, struct opened **ret,
                      struct sh_err *err) {
    pthread_mutex_lock(&finder->mutex);
    const sh_code code = finder->now ? SH_OK : open_one(lake_dir, &finder->now, err);
    if (code == SH_OK) {
        *ret = finder->now;
        finder->now->users++;
    }
    pthread_mutex_unlock(&finder->mutex);
    return code;
}

static void give_back(struct sh_finder *finder, struct opened *opened, bool is_broken) {
    pthread_mutex_lock(&finder->mutex);
    opened->users--;
    if (is_broken && finder->now == opened)
        finder->now = NULL;
    const bool is_last = opened->users == 0 && finder->now != opened;
    pthread_mutex_unlock(&finder->mutex);
    if (is_last)
        opened_free(opened);
}

static sh_code bind_all(const struct sh_find *find, duckdb_prepared_statement statement, struct sh_err *err) {
    for (unsigned i = 0; i < find->n_binds; i++) {
        const struct sh_str value = find->binds[i];
        if (duckdb_bind_varchar_length(statement, i + 1, value.at ? value.at : "", value.len) !=
            DuckDBSuccess)
            return sh_fail(err, SH_E_INTERNAL, "findings: a value does not bind");
    }
    return SH_OK;
}

typedef duckdb_state execute_statement(duckdb_prepared_statement statement, duckdb_result *result);

/* The result is to be destroyed whatever comes back. */
static sh_code query(const struct sh_find *find, duckdb_connection connection, execute_statement *execute,
                     duckdb_result *ret, struct sh_err *err) {
    duckdb_prepared_statement statement = NULL;
    sh_code code = SH_OK;
    if (duckdb_prepare(connection, find->sql.at, &statement) != DuckDBSuccess)
        code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_prepare_error(statement));
    if (code == SH_OK)
        code = bind_all(find, statement, err);
    if (code == SH_OK && execute(statement, ret) != DuckDBSuccess)
        code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_result_error(ret));
    duckdb_destroy_prepare(&statement);
    return code;
}

static sh_code run_with(struct sh_find *find, execute_statement *execute, sh_find_rows rows, void *ctx,
                        struct sh_err *err) {
    struct sh_finder *finder = find->gate->finder;
    struct opened *opened = NULL;
    void *connection = NULL;
    duckdb_result result = {0};
    SH_TRY(sh_buf_check(&find->sql, err));
    SH_TRY(borrow(finder, find->gate->options.lake_dir, &opened, err));
    sh_code code = sh_duck_connect(opened->duck, &connection, err);
    if (code == SH_OK)
        code = query(find, connection, execute, &result, err);
    const bool is_broken = code != SH_OK;
    if (code == SH_OK)
        code = rows(ctx, &result, err);
    duckdb_destroy_result(&result);
    sh_duck_disconnect(&connection);
    give_back(finder, opened, is_broken);
    return code;
}

sh_code sh_find_run(struct sh_find *find, sh_find_rows rows, void *ctx, struct sh_err *err) {
    return run_with(find, duckdb_execute_prepared, rows, ctx, err);
}

/* ---- kept tables ------------------------------------------------------------------------------------- */

/* The statement, its values and the file as it lies there now: another file, another key. */
static sh_code key_of(const struct sh_find *find, struct sh_buf *key, struct sh_err *err) {
    struct stat file;
    if (stat(find->path.at, &file) != 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such run");
    sh_buf_addf(key, "%llu %llu %lld %lld.%09ld", (unsigned long long)file.st_dev,
                (unsigned long long)file.st_ino, (long long)file.st_size, (long long)file.st_mtim.tv_sec,
                file.st_mtim.tv_nsec);
    for (unsigned i = 0; i <= find->n_binds; i++) { /* with lengths: no two lists of values read alike */
        const struct sh_str part = i ? find->binds[i - 1] : sh_buf_view(&find->sql);
        sh_buf_addf(key, " %zu:", part.len);
        sh_buf_add_str(key, part);
    }
    return sh_buf_check(key, err);
}

/* A table as bytes: rows, columns, then each cell's bytes with their NUL, their number first (0: none). */
static void keep_number(struct sh_buf *out, uint64_t number) {
    sh_buf_add(out, (const char *)&number, sizeof number);
}

static sh_code keep_table(void *ctx, void *result_at, struct sh_err *err) {
    struct sh_buf *out = ctx;
    duckdb_result *result = result_at;
    const idx_t rows = duckdb_row_count(result), columns = duckdb_column_count(result);
    keep_number(out, rows);
    keep_number(out, columns);
    for (idx_t row = 0; row < rows; row++)
        for (idx_t column = 0; column < columns; column++) {
            char *text = duckdb_value_varchar(result, column, row);
            keep_number(out, text ? strlen(text) + 1 : 0);
            if (text)
                sh_buf_add(out, text, strlen(text) + 1);
            duckdb_free(text);
        }
    return sh_buf_check(out, err);
}

static uint64_t take_number(struct sh_str *io) {
    uint64_t number = 0;
    sh_check(io->len >= sizeof number);
    memcpy(&number, io->at, sizeof number);
    *io = sh_str_sub(*io, sizeof number, io->len);
    return number;
}

static sh_code take_table(struct sh_str bytes, struct sh_arena *arena, struct sh_find_table *ret,
                          struct sh_err *err) {
    ret->n_rows = take_number(&bytes);
    ret->n_columns = take_number(&bytes);
    struct sh_str *cells = sh_new(arena, struct sh_str, ret->n_rows * ret->n_columns + 1);
    if (!cells)
        return sh_fail(err, SH_E_NOMEM, "no room for the sums of a run");
    for (size_t i = 0; i < ret->n_rows * ret->n_columns; i++) {
        const uint64_t length = take_number(&bytes);
        if (length == 0)
            continue;
        cells[i] = sh_str_sub(bytes, 0, length - 1);
        bytes = sh_str_sub(bytes, length, bytes.len);
    }
    ret->cells = cells;
    return SH_OK;
}

sh_code sh_find_table(struct sh_find *find, struct sh_find_table *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf key = {0}, out = {0};
    struct sh_kept *kept = find->gate->finder->kept;
    struct sh_arena *arena = &find->rq->arena;
    struct sh_str bytes;
    SH_TRY(sh_buf_check(&find->sql, err));
    SH_TRY(key_of(find, &key, err));
    const sh_code code = sh_kept_get(kept, sh_buf_view(&key), arena, &bytes, err);
    if (code == SH_OK)
        return take_table(bytes, arena, ret, err);
    if (code != SH_E_NOTFOUND)
        return code;
    SH_TRY(sh_find_run(find, keep_table, &out, err));
    sh_kept_put(kept, sh_buf_view(&key), sh_buf_view(&out));
    const char *copy = sh_arena_dup(arena, out.at, out.len);
    return copy ? take_table((struct sh_str){copy, out.len}, arena, ret, err)
                : sh_fail(err, SH_E_NOMEM, "no room for the sums of a run");
}

struct streaming {
    size_t n;
    sh_find_row row;
    void *ctx;
};

static sh_code stream_chunk(const struct streaming *s, duckdb_data_chunk chunk, struct sh_err *err) {
    struct sh_str cells[SH_FIND_COLUMNS_MAX];
    duckdb_string_t *texts[SH_FIND_COLUMNS_MAX];
    uint64_t *known[SH_FIND_COLUMNS_MAX];
    for (size_t c = 0; c < s->n; c++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, c);
        texts[c] = duckdb_vector_get_data(vector);
        known[c] = duckdb_vector_get_validity(vector);
    }
    for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); row++) {
        for (size_t c = 0; c < s->n; c++) {
            const bool has = !known[c] || duckdb_validity_row_is_valid(known[c], row);
            cells[c] = has ? (struct sh_str){duckdb_string_t_data(&texts[c][row]),
                                             duckdb_string_t_length(texts[c][row])}
                           : SH_STR("");
        }
        SH_TRY(s->row(s->ctx, cells, err));
    }
    return SH_OK;
}

static sh_code stream_rows(void *ctx, void *result_at, struct sh_err *err) {
    duckdb_result *result = result_at;
    sh_code code = SH_OK;
    for (duckdb_data_chunk chunk; code == SH_OK && (chunk = duckdb_fetch_chunk(*result));) {
        code = stream_chunk(ctx, chunk, err);
        duckdb_destroy_data_chunk(&chunk);
    }
    const char *fault = duckdb_result_error(result);
    return code == SH_OK && fault && *fault ? sh_fail(err, SH_E_CORRUPT, "findings: %s", fault) : code;
}

sh_code sh_find_stream(struct sh_find *find, size_t n, sh_find_row row, void *ctx, struct sh_err *err) {
    sh_check(n <= SH_FIND_COLUMNS_MAX);
    struct streaming streaming = {n, row, ctx};
    return run_with(find, duckdb_execute_prepared_streaming, stream_rows, &streaming, err);
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

struct sh_str sh_find_masked(struct sh_arena *arena, struct sh_str person) {
    const struct sh_field number = {.mask = SH_MASK_NUMBER};
    return sh_field_mask(&number, person, arena);
}
