/* Findings of a kept run become items of claim batches, in acts of at most SH_BULK_MAX rows. A run loaded
 * again, or a load taken up after a kill, does no row twice: the row's key is the finding's identity. */
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/covered.h"
#include "gate/desk.h"
#include "gate/gate.h"
#include "gate/inforce.h"
#include "gate/numbers.h"
#include "law/law.h"
#include "lake/lake.h"
#include "matter/matter.h"
#include <duckdb.h>

enum { DUCK_MEMORY_MIB = 512, DUCK_THREADS = 2 };
enum {
    C_ID,
    C_RULE,
    C_NAME,
    C_LEVEL,
    C_INSTITUTION,
    C_PERSON,
    C_DAY,
    C_AMOUNT,
    C_FUND,
    C_SAY,
    C_BASIS,
    C_RECEIPT,
    C_N
};

struct loading {
    const struct sh_findings_load *o;
    struct sh_store *store;
    struct sh_numbers numbers;
    struct sh_duck *duck;
    struct sh_arena arena; /* of one chunk */
    const struct sh_matter_texts *texts;
    char path[SH_PATH_BYTES_MAX];
    struct sh_str institution, month, id; /* the last row done */
    struct sh_finding_in *rows;
    size_t n;
    struct sh_load_report chunk, *report;
    duckdb_prepared_statement statement;
};

static void loading_free(struct loading *l) {
    if (l->statement)
        duckdb_destroy_prepare(&l->statement);
    sh_duck_close(l->duck);
    sh_store_close(l->store);
    sh_numbers_free(&l->numbers);
    sh_arena_free(&l->arena);
}

static const char sql[] =
    "select id, rule, name, level, institution, coalesce(person, ''), cast(day as varchar), "
    "cast(coalesce(counted, amount) as varchar), cast(coalesce(fund_amount, 0) as varchar), say, basis, "
    "receipt "
    "from read_parquet($1) where institution is not null and institution <> '' and day is not null and "
    "(institution, substr(cast(day as varchar), 1, 7), id) > ($2, $3, $4) "
    "order by institution, substr(cast(day as varchar), 1, 7), id limit 5000";

static sh_code copy_cell(struct loading *l, duckdb_result *result, idx_t column, idx_t row,
                         struct sh_str *ret, struct sh_err *err) {
    char *text = duckdb_value_varchar(result, column, row);
    const size_t len = text ? strlen(text) : 0;
    char *copy = sh_arena_dup(&l->arena, text ? text : "", len);
    duckdb_free(text);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for findings");
    *ret = (struct sh_str){copy, len};
    return SH_OK;
}

static sh_code fen_of(struct sh_str text, int64_t *ret, struct sh_err *err) {
    if (text.len == 0) {
        *ret = 0;
        return SH_OK;
    }
    return sh_decimal_scan(text.at, text.len, 2, ret) == SH_DECIMAL_OK
               ? SH_OK
               : sh_fail(err, SH_E_CORRUPT, "a finding has the amount '%.*s'", SH_ARG(text));
}

static sh_code take_row(struct loading *l, duckdb_result *result, idx_t row, struct sh_err *err) {
    struct sh_str cells[C_N];
    struct sh_finding_in *f = &l->rows[l->n];
    for (idx_t c = 0; c < C_N; c++)
        SH_TRY(copy_cell(l, result, c, row, &cells[c], err));
    *f = (struct sh_finding_in){.key = cells[C_ID],
                                .institution = cells[C_INSTITUTION],
                                .period = sh_str_sub(cells[C_DAY], 0, 7),
                                .person = cells[C_PERSON],
                                .rule = cells[C_RULE],
                                .name = cells[C_NAME],
                                .level = cells[C_LEVEL],
                                .say = cells[C_SAY],
                                .basis = cells[C_BASIS],
                                .receipt = cells[C_RECEIPT],
                                .run = l->o->run};
    if (sh_date_scan(cells[C_DAY].at, cells[C_DAY].len, &f->day) != SH_DATE_OK)
        return sh_fail(err, SH_E_CORRUPT, "a finding has the day '%.*s'", SH_ARG(cells[C_DAY]));
    SH_TRY(fen_of(cells[C_AMOUNT], &f->amount_fen, err));
    SH_TRY(fen_of(cells[C_FUND], &f->fund_fen, err));
    l->n++;
    return SH_OK;
}

static sh_code read_chunk(struct loading *l, struct sh_err *err) {
    duckdb_result result;
    const struct sh_str values[] = {sh_str_of(l->path), l->institution, l->month, l->id};
    for (idx_t i = 0; i < 4; i++)
        if (duckdb_bind_varchar_length(l->statement, i + 1, values[i].at ? values[i].at : "",
                                       values[i].len) != DuckDBSuccess)
            return sh_fail(err, SH_E_INTERNAL, "findings: a value does not bind");
    if (duckdb_execute_prepared(l->statement, &result) != DuckDBSuccess) {
        const sh_code code = sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_result_error(&result));
        duckdb_destroy_result(&result);
        return code;
    }
    const idx_t n = duckdb_row_count(&result);
    l->rows = sh_new(&l->arena, struct sh_finding_in, n + 1);
    l->n = 0;
    sh_code code = l->rows ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for findings");
    for (idx_t row = 0; code == SH_OK && row < n; row++)
        code = take_row(l, &result, row, err);
    duckdb_destroy_result(&result);
    return code;
}

static sh_code write_chunk(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct loading *l = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_matter_who who = {.person = l->o->actor, .lang = SH_ZH};
    const struct sh_desk desk = {l->texts, &who, &arena, NULL};
    const struct sh_load_into into = {l->o->procedure, l->o->body};
    l->chunk = (struct sh_load_report){0};
    SH_TRY(sh_items_load(txn, &desk, &into, l->rows, l->n, &l->chunk, err));
    const struct sh_load_report *c = &l->chunk;
    /* Nothing new: nothing to write, and a write without a leaf is none. */
    return c->made + c->updated + c->differs + c->batches
               ? SH_OK
               : sh_fail(err, SH_E_CANCELLED, "nothing has changed");
}

static void add_up(struct sh_load_report *sum, const struct sh_load_report *chunk) {
    sum->made += chunk->made, sum->updated += chunk->updated, sum->same += chunk->same;
    sum->differs += chunk->differs, sum->batches += chunk->batches, sum->made_fen += chunk->made_fen;
}

static sh_code load_all(struct loading *l, struct sh_err *err) {
    const struct sh_act act = {.actor = l->o->actor, .why = l->o->run, .is_large = true};
    char last[3][512];
    for (;;) {
        SH_TRY(read_chunk(l, err));
        if (l->n == 0)
            return SH_OK;
        const sh_code code = sh_store_write(l->store, &act, write_chunk, l, NULL, err);
        if (code != SH_OK && code != SH_E_CANCELLED)
            return code;
        add_up(l->report, &l->chunk);
        const struct sh_finding_in *end = &l->rows[l->n - 1];
        const struct sh_str texts[] = {end->institution, end->period, end->key};
        struct sh_str *const to[] = {&l->institution, &l->month, &l->id};
        for (int i = 0; i < 3; i++) {
            (void)snprintf(last[i], sizeof last[i], "%.*s", SH_ARG(texts[i]));
            *to[i] = sh_str_of(last[i]);
        }
        sh_arena_reset(&l->arena);
    }
}

struct telling {
    const struct loading *l;
    const struct sh_covered *covered;
    struct sh_str after;
    char last[SH_ID_TEXT + 1];
    int64_t n_told;
};

static sh_code tell_some(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct telling *t = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_matter_who who = {.person = t->l->o->actor, .lang = SH_ZH};
    const struct sh_desk desk = {t->l->texts, &who, &arena, NULL};
    const struct sh_load_into into = {t->l->o->procedure, t->l->o->body};
    struct sh_str after = t->after;
    t->n_told = 0;
    SH_TRY(sh_matters_cover(txn, &desk, &into, t->covered, &after, &t->n_told, err));
    (void)snprintf(t->last, sizeof t->last, "%.*s", SH_ARG(after));
    return t->n_told ? SH_OK : sh_fail(err, SH_E_CANCELLED, "nothing has changed");
}

/* Batches learn from the run itself how much of their month it read. */
static sh_code tell_covered(struct loading *l, const struct sh_gate_options *options,
                            const struct sh_registers *registers, const struct sh_run_about *about,
                            struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_act act = {.actor = l->o->actor, .why = l->o->run, .is_large = true};
    struct sh_covered covered = {0};
    if (!sh_covered_is_whole(about))
        return SH_OK;
    SH_TRY(sh_in_force_lacks(options, l->store, registers, about, &arena, &covered, err));
    l->report->is_review = covered.n_lacks == 0;
    SH_TRY(sh_covered_count(options->lake_dir, about, &arena, &covered, err));
    covered.run = l->o->run;
    struct telling t = {.l = l, .covered = &covered, .after = SH_STR("")};
    do {
        const sh_code code = sh_store_write(l->store, &act, tell_some, &t, NULL, err);
        if (code != SH_OK && code != SH_E_CANCELLED)
            return code;
        t.after = sh_str_of(t.last);
        l->report->told += t.n_told;
    } while (t.after.len);
    return SH_OK;
}

static sh_code about_run(const struct loading *l, const char *lake_dir, struct sh_arena *arena,
                         struct sh_run_about *ret, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    bool is_there = false;
    SH_TRY(sh_path_format(dir, err, "%s/audits/%.*s", lake_dir, SH_ARG(l->o->run)));
    SH_TRY(sh_fs_exists(dir, &is_there, err));
    if (!is_there)
        return sh_fail(err, SH_E_NOTFOUND, "%s is not there", dir);
    SH_TRY(sh_run_about(dir, arena, ret, err));
    const struct sh_run_summary *s = &ret->summary;
    return !s->partial ? SH_OK
                       : sh_fail(err, SH_E_INPUT,
                                 "run %.*s covers buckets %u-%u of %u: join the slices first (shouhu merge)",
                                 SH_ARG(l->o->run), s->bucket_first, s->bucket_last, s->buckets);
}

static sh_code open_run(struct loading *l, const char *lake_dir, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(dir, lake_dir, "audits", err));
    SH_TRY(sh_path_format(l->path, err, "%s/%.*s/findings.parquet", dir, SH_ARG(l->o->run)));
    bool is_there = false;
    SH_TRY(sh_fs_exists(l->path, &is_there, err));
    if (!is_there)
        return sh_fail(err, SH_E_NOTFOUND, "%s is not there", l->path);
    char run_dir[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_format(run_dir, err, "%s/%.*s", dir, SH_ARG(l->o->run)));
    SH_TRY(sh_desk_make(lake_dir, run_dir, err));
    const char *dirs[] = {dir};
    SH_TRY(sh_duck_open(dirs, 1, DUCK_THREADS, (uint64_t)DUCK_MEMORY_MIB << 20, dir, &l->duck, err));
    return duckdb_prepare(sh_duck_connection(l->duck), sql, &l->statement) == DuckDBSuccess
               ? SH_OK
               : sh_fail(err, SH_E_CORRUPT, "findings: %s", duckdb_prepare_error(l->statement));
}

sh_code sh_gate_findings_load(const struct sh_gate_options *options, const struct sh_findings_load *load,
                              struct sh_load_report *ret, struct sh_err *err) {
    SH_CLEANUP(loading_free) struct loading l = {.o = load, .report = ret};
    SH_CLEANUP(sh_arena_free) struct sh_arena texts = {0};
    const struct sh_roles *roles = NULL;
    const struct sh_registers *registers = NULL;
    struct sh_run_about about;
    char path[SH_PATH_BYTES_MAX];
    *ret = (struct sh_load_report){0};
    l.institution = l.month = l.id = SH_STR("");
    SH_TRY(sh_path_join(path, options->law_dir, "roles.yaml", err));
    SH_TRY(sh_roles_load(path, &texts, &roles, err));
    SH_TRY(sh_path_join(path, options->law_dir, "registers", err));
    SH_TRY(sh_registers_load(path, roles, &texts, &registers, err));
    SH_TRY(sh_matter_texts_load(options->law_dir, registers, roles, &texts, &l.texts, err));
    if (!sh_path_is_plain_name(load->run) || load->run.at[0] == '.')
        return sh_fail(err, SH_E_NOTFOUND, "no such run");
    SH_TRY(about_run(&l, options->lake_dir, &texts, &about, err));
    SH_TRY(open_run(&l, options->lake_dir, err));
    SH_TRY(sh_gate_store_beside(options, false, &l.store, err));
    SH_TRY(sh_numbers_lay(&l.numbers, l.store, registers, l.texts, err));
    SH_TRY(load_all(&l, err));
    return tell_covered(&l, options, registers, &about, err);
}
