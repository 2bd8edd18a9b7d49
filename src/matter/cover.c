/* What an audit covered of the lines of a month, told to the matters that wait for it: by the law, typed by
 * nobody (S4§17). */
#include "matter/inner.h"
#include <stdlib.h>

enum { COVERED_AT_ONCE = 500, COVERED_VALUES = 7 };

/* The step of a text that takes it; NULL none. */
static const struct sh_step *covering(const struct sh_procedure *text) {
    for (size_t i = 0; i < text->matter.n_steps; i++)
        if (text->matter.steps[i].takes_coverage)
            return &text->matter.steps[i];
    return NULL;
}

static int compare(const void *key, const void *entry) {
    const struct sh_covered_month *a = key, *b = entry;
    const int by_institution = sh_str_cmp(a->institution, b->institution);
    return by_institution ? by_institution : sh_str_cmp(a->period, b->period);
}

/* An institution and month without lines has none to cover. */
static struct sh_covered_month month_of(const struct sh_covered *covered, const struct matter *m) {
    struct sh_covered_month wanted = {.institution = m->subject, .period = m->period};
    const struct sh_covered_month *found =
        covered->n ? bsearch(&wanted, covered->of, covered->n, sizeof wanted, compare) : NULL;
    return found ? *found : wanted;
}

static bool stands(const struct work *w, const struct sh_matter_value *values, size_t n) {
    bool is_same = true;
    for (size_t i = 0; i < n; i++) {
        const int32_t at = sh_machine_field(&w->m.text->matter, values[i].field);
        is_same = is_same && at >= 0 && sh_str_eq(w->m.values[at], values[i].text);
    }
    return is_same;
}

/* Has an audit that asked everything in force covered it already? One that asked less takes nothing away. */
static bool has_whole(const struct work *w) {
    const int32_t at = sh_machine_field(&w->m.text->matter, SH_STR("not_in_force"));
    return at >= 0 && sh_str_is(w->m.values[at], "0");
}

static sh_code tell(struct work *w, const struct sh_covered *covered, int64_t *io_told) {
    const struct sh_step *step = covering(w->m.text);
    const bool is_of_place = sh_place_covers(covered->place, w->m.place) &&
                             (!sh_str_is(covered->place, "000000") || sh_str_is(w->m.place, "000000"));
    if (!step || !sh_step_is_from(step, w->m.state) || !is_of_place)
        return SH_OK;
    const struct sh_covered_month month = month_of(covered, &w->m);
    const struct sh_matter_value values[COVERED_VALUES] = {
        {SH_STR("run"), covered->run},
        {SH_STR("lines_received"), sh_textf(w->arena, "%lld", (long long)month.n_received)},
        {SH_STR("lines_run"), sh_textf(w->arena, "%lld", (long long)month.n_run)},
        {SH_STR("not_evaluated"), sh_textf(w->arena, "%lld", (long long)month.n_gaps)},
        {SH_STR("not_in_force"), sh_textf(w->arena, "%lld", (long long)covered->n_lacks)},
        {SH_STR("lacks"), covered->lacks},
        {SH_STR("gaps"), month.gaps}};
    if (stands(w, values, COVERED_VALUES) || (covered->n_lacks && has_whole(w)))
        return SH_OK;
    w->step = step, w->why = covered->run;
    w->occurred = sh_txn_now(w->txn), w->occurred_day = w->today;
    for (size_t i = 0; i < COVERED_VALUES; i++) { /* an empty one takes away what another run said */
        const int32_t at = sh_machine_field(&w->m.text->matter, values[i].field);
        if (at >= 0)
            w->m.values[at] = SH_STR("");
    }
    struct sh_matter_value given[COVERED_VALUES];
    size_t n = 0;
    for (size_t i = 0; i < COVERED_VALUES; i++)
        if (values[i].text.len)
            given[n++] = values[i];
    SH_TRY(sh_step_take(w, given, n));
    ++*io_told;
    return SH_OK;
}

sh_code sh_matters_cover(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_load_into *into,
                         const struct sh_covered *covered, struct sh_str *io_after, int64_t *io_told,
                         struct sh_err *err) {
    struct sh_failures failures = {0};
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(into->procedure), SH_TEXT(into->body), SH_TEXT(*io_after),
                                   SH_I64(COVERED_AT_ONCE)};
    SH_TRY(sh_sql_query(txn,
                        "select id from mt_matter where procedure = $1 and body = $2 and final = 0 and id > "
                        "$3 order by id limit $4",
                        key, 4, desk->arena, &rows, err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        struct work w = {.txn = txn,
                         .texts = desk->texts,
                         .arena = desk->arena,
                         .failures = &failures,
                         .err = err,
                         .member = SH_STR("")};
        SH_TRY(sh_matter_load(&w, sh_cell(&rows, r, 0)->str));
        const sh_code code = tell(&w, covered, io_told);
        if (code == SH_E_CANCELLED && failures.n)
            return sh_fail(err, SH_E_INPUT, "%.*s: %.*s", SH_ARG(w.m.number), SH_ARG(failures.of[0].message));
        SH_TRY(code);
    }
    *io_after = rows.n_rows ? sh_cell(&rows, rows.n_rows - 1, 0)->str : SH_STR("");
    return SH_OK;
}
