/* The SQL executor over a lake, and rules printed as SQL for a warehouse. */
#include "audit/run.h"
#include "audit/spool.h"
#include "audit/sql_run.h"
#include "base/csv.h"
#include "base/date.h"
#include "base/limits.h"
#include <string.h>

static void run_close(struct sh_sql_run **run) {
    sh_sql_close(*run);
}
static void reader_close(struct sh_reader **reader) {
    if (*reader)
        sh_reader_close(*reader);
}
static void found_free(struct sh_sql_findings *f) {
    sh_free(f->at);
}
static void file_close(FILE **file) {
    if (*file)
        (void)fclose(*file);
}

static int by_key(const void *a, const void *b) {
    const struct sh_sql_finding *x = a, *y = b;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    const int order = sh_str_cmp(x->key, y->key);
    return order != 0 ? order : memcmp(x->id, y->id, sizeof(x->id));
}

static int by_id(const void *a, const void *b) {
    return sh_str_cmp(((const struct sh_sql_line *)a)->id, ((const struct sh_sql_line *)b)->id);
}

static void write_row(const struct sh_plan *plan, struct sh_sql_finding *f, struct sh_csv_writer *w,
                      struct sh_buf *lines) {
    const struct sh_rule *r = sh_plan_rule(plan, f->rule);
    char day[SH_DATE_TEXT_MAX];
    sh_buf_clear(lines);
    if (f->n_lines > 1)
        qsort(f->lines, f->n_lines, sizeof(*f->lines), by_id);
    for (size_t i = 0; i < f->n_lines; i++) {
        if (!f->lines[i].blamed)
            continue;
        if (lines->len > 0)
            sh_buf_add_char(lines, '|');
        sh_buf_add_str(lines, f->lines[i].id);
    }
    sh_csv_cell_text(w, f->id);
    sh_csv_cell(w, r->id);
    if (r->national_number > 0)
        sh_csv_cell_i64(w, r->national_number);
    else
        sh_csv_cell_text(w, "");
    sh_csv_cell(w, r->name);
    sh_csv_cell_text(w, sh_level_text(f->level, SH_EN));
    sh_csv_cell(w, f->point);
    sh_csv_cell(w, f->institution);
    sh_csv_cell_text(w, "");
    sh_csv_cell(w, f->person);
    sh_csv_cell(w, f->encounter);
    day[0] = '\0';
    if (f->day != SH_MISSING_I32)
        (void)sh_date_format(f->day, day);
    sh_csv_cell_text(w, day);
    sh_csv_cell(w, sh_buf_view(lines));
    if (f->amount_known)
        sh_csv_cell_money(w, f->amount_fen);
    else
        sh_csv_cell_text(w, "");
    for (int c = SH_CELL_COUNTED; c < SH_CELLS; c++)
        sh_csv_cell_text(w, "");
    sh_csv_end_row(w);
}

static sh_code write_csv(const struct sh_plan *plan, const char *path, struct sh_sql_findings *found,
                         struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0}, lines = {0};
    FILE *file SH_CLEANUP(file_close) = fopen(path, "wbe");
    if (!file)
        return sh_fail_errno(err, "%s", path);
    struct sh_csv_writer w = {.buf = &text};
    for (int c = 0; c < SH_CELLS; c++)
        sh_csv_cell_text(&w, sh_cell_names[c]);
    sh_csv_end_row(&w);
    if (found->n > 1)
        qsort(found->at, found->n, sizeof(*found->at), by_key);
    for (size_t i = 0; i < found->n; i++)
        write_row(plan, &found->at[i], &w, &lines);
    SH_TRY(sh_buf_check(&text, err));
    if (fwrite(text.at, 1, text.len, file) != text.len || fflush(file) != 0)
        return sh_fail_errno(err, "%s", path);
    return SH_OK;
}

/* All rows of the lake, as the reader gives them: versions settled, refunds netted. */
static sh_code take_lake(struct sh_session *session, const struct sh_audit_options *o, struct sh_sql_run *run,
                         struct sh_err *err) {
    const struct sh_selection selection = sh_plan_selection(session->plan);
    const struct sh_bucket_range all = {0, sh_lake_buckets(session->lake)};
    struct sh_reader *reader SH_CLEANUP(reader_close) = NULL;
    SH_TRY(sh_reader_open(session->lake, &selection, all, o->known, 32768, &reader, err));
    for (;;) {
        const struct sh_chunk *chunk;
        SH_TRY(sh_reader_next(reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        SH_TRY(sh_sql_take(run, chunk, err));
    }
}

sh_code sh_audit_sql(const struct sh_audit_options *o, struct sh_arena *arena, uint64_t *ret_findings,
                     struct sh_err *err) {
    SH_CLEANUP(sh_session_close) struct sh_session session = {0};
    struct sh_sql_run *run SH_CLEANUP(run_close) = NULL;
    struct sh_sql_findings found SH_CLEANUP(found_free) = {0};
    if (!o->out || !sh_str_ends_with(sh_str_of(o->out), SH_STR(".csv")))
        return sh_fail(err, SH_E_INPUT, "the SQL executor writes its findings to --out FILE.csv");
    SH_TRY(sh_session_open(o, arena, &session, err));
    for (size_t i = 0; i < sh_plan_rules(session.plan); i++) { /* before the work: what SQL cannot say */
        SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
        const struct sh_sql_maker maker = {session.plan, SH_SQL_DUCKDB, arena};
        SH_TRY(sh_sql_rule(&maker, &session.plan->active[i], &sql, err));
    }
    SH_TRY(sh_sql_open(session.plan, o->lake_dir, o->threads ? o->threads : (unsigned)sh_processors(), arena,
                       &run, err));
    SH_TRY(take_lake(&session, o, run, err));
    SH_TRY(sh_sql_ready(run, err));
    for (size_t i = 0; i < sh_plan_rules(session.plan); i++)
        SH_TRY(sh_sql_audit(run, i, &found, err));
    *ret_findings = found.n;
    return write_csv(session.plan, o->out, &found, err);
}

/* ---- printing ----------------------------------------------------------------------------------- */

static sh_code put(FILE *out, const struct sh_buf *text, struct sh_err *err) {
    return text->len == 0 || fwrite(text->at, 1, text->len, out) == text->len
               ? SH_OK
               : sh_fail_errno(err, "printing SQL");
}

sh_code sh_audit_print_sql(const struct sh_rules_options *options, enum sh_sql_dialect dialect,
                           bool with_tables, FILE *report, FILE *out, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_rules *rules;
    struct sh_plan *plan;
    struct sh_dicts none = {0};
    const struct sh_plan_options plain = {.as_of = INT32_MAX, .place = options->place};
    SH_TRY(sh_rules_load(options, &arena, report, &rules, err));
    SH_TRY(sh_plan_make(rules, &none, &plain, &arena, &plan, err));
    const struct sh_sql_maker maker = {plan, dialect, &arena};
    if (with_tables) {
        SH_TRY(sh_sql_raw_tables(&maker, &text, err));
        sh_buf_add_text(&text, "-- load raw_… here\n");
        SH_TRY(sh_sql_facts(&maker, &text, err));
    }
    SH_TRY(sh_sql_knowledge(&maker, &text, err));
    SH_TRY(put(out, &text, err));
    sh_code failed = SH_OK;
    for (size_t i = 0; i < sh_plan_rules(plan); i++) {
        struct sh_err one;
        sh_buf_clear(&text);
        sh_buf_addf(&text, "-- %.*s %.*s\n", SH_ARG(sh_plan_rule(plan, i)->id),
                    SH_ARG(sh_plan_rule(plan, i)->name));
        const sh_code code = sh_sql_rule(&maker, &plan->active[i], &text, &one);
        if (code == SH_OK)
            SH_TRY(put(out, &text, err));
        else if (failed == SH_OK)
            failed = sh_fail(err, code, "%s", one.message);
    }
    return failed;
}
