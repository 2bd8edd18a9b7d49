/* What reviewed findings say of a rule: counted over the items of every procedure whose text says which of
 * its final states confirm a finding and which overturn it. */
#include "base/csv.h"
#include "base/decimal.h"
#include "matter/inner.h"

enum verdict { OPEN, CONFIRMED, OVERTURNED };
/* What a final state says of its finding. Of several versions of a text, the first that knows the state. */
static enum verdict verdict_of(const struct sh_matter_texts *texts, struct sh_str procedure,
                               struct sh_str state) {
    for (size_t p = 0; p < texts->procedures->n; p++) {
        const struct sh_procedure *text = &texts->procedures->of[p];
        const int32_t at = text->items ? sh_machine_state(text->items, state) : -1;
        if (at < 0 || !sh_str_eq(text->id, procedure))
            continue;
        const struct sh_state_text *found = &text->items->states[at];
        return found->confirms ? CONFIRMED : found->overturns ? OVERTURNED : OPEN;
    }
    return OPEN;
}

/* A row whose columns from `first` on are procedure, state, count. */
static void add(const struct sh_matter_texts *texts, const struct sh_rows *rows, size_t row, size_t first,
                struct sh_outcomes *io) {
    const enum verdict verdict =
        verdict_of(texts, sh_cell(rows, row, first)->str, sh_cell(rows, row, first + 1)->str);
    const uint64_t n = (uint64_t)sh_cell(rows, row, first + 2)->i64;
    io->confirmed += verdict == CONFIRMED ? n : 0;
    io->overturned += verdict == OVERTURNED ? n : 0;
}

static sh_code count(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_str rule,
                     struct sh_arena *arena, struct sh_outcomes *ret, struct sh_err *err) {
    struct sh_rows rows;
    *ret = (struct sh_outcomes){0, 0};
    SH_TRY(
        sh_sql_query(txn,
                     "select procedure, state, count(*) from mt_item where rule = $1 and final = 1 group by "
                     "procedure, state",
                     &SH_TEXT(rule), 1, arena, &rows, err));
    for (size_t r = 0; r < rows.n_rows; r++)
        add(texts, &rows, r, 0, ret);
    return SH_OK;
}

sh_code sh_outcome_fields(struct work *w, struct sh_str *next) {
    const struct sh_machine *machine = &w->m.text->matter;
    struct sh_outcomes outcomes;
    struct sh_rate rate;
    SH_TRY(count(w->txn, w->texts, w->m.subject, w->arena, &outcomes, w->err));
    SH_TRY(sh_outcome_rate(outcomes, SH_Z_95, &rate, w->err));
    char low[SH_SHARE_TEXT_MAX], high[SH_SHARE_TEXT_MAX];
    sh_share_low_text(rate.low, low);
    sh_share_high_text(rate.is_known ? rate.high : 1000000, high);
    const struct {
        const char *field;
        struct sh_str value;
    } values[] = {{"reviewed", sh_textf(w->arena, "%llu", (unsigned long long)rate.n)},
                  {"confirmed", sh_textf(w->arena, "%llu", (unsigned long long)outcomes.confirmed)},
                  {"low", sh_textf(w->arena, "%s", low)},
                  {"high", sh_textf(w->arena, "%s", high)}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const int32_t at = sh_machine_field(machine, sh_str_of(values[i].field));
        if (at >= 0)
            next[at] = values[i].value;
    }
    return SH_OK;
}

/* ---- for the pages of rules -------------------------------------------------------------------------- */

/* A number of the place in millionths of its percent; false: nobody has set it. */
static bool limit(const struct sh_matter_texts *texts, const char *name, struct sh_str place, int32_t today,
                  int64_t unit, int64_t *ret) {
    const struct sh_param_dates dates = {today, today, today};
    const struct sh_param_pick pick = sh_param_pick(texts->params, sh_str_of(name), place, dates);
    if (pick.state != SH_PARAM_SET)
        return false;
    *ret = (int64_t)((sh_i128)pick.row->value * unit / sh_pow10(pick.row->scale));
    return true;
}

static const char *advice_word(enum sh_advice advice) {
    switch (advice) {
    case SH_ADVICE_TOO_FEW:
        return "too_few";
    case SH_ADVICE_KEEP:
        return "keep";
    case SH_ADVICE_PROMOTE:
        return "promote";
    case SH_ADVICE_DEMOTE:
        return "demote";
    }
    return "keep";
}

/* Members of a rule's outcomes. */
static void put_outcomes(struct sh_json *json, struct sh_str rule, struct sh_outcomes outcomes,
                         const struct sh_rate *rate) {
    char share[SH_SHARE_TEXT_MAX], low[SH_SHARE_TEXT_MAX], high[SH_SHARE_TEXT_MAX];
    sh_share_text(rate->share, share);
    sh_share_low_text(rate->low, low);
    sh_share_high_text(rate->high, high);
    sh_json_put_str(json, "rule", rule);
    sh_json_put_i64(json, "reviewed", (int64_t)rate->n);
    sh_json_put_i64(json, "confirmed", (int64_t)outcomes.confirmed);
    sh_json_put_i64(json, "overturned", (int64_t)outcomes.overturned);
    sh_json_put_text(json, "share", rate->is_known ? share : NULL); /* percent; null: nothing reviewed yet */
    sh_json_put_text(json, "low", rate->is_known ? low : NULL);
    sh_json_put_text(json, "high", rate->is_known ? high : NULL);
}

sh_code sh_outcomes_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_json *json,
                         struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn,
                        "select rule, procedure, state, count(*) from mt_item where final = 1 group by rule, "
                        "procedure, state order by rule",
                        NULL, 0, desk->arena, &rows, err));
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t r = 0; r < rows.n_rows;) {
        const struct sh_str rule = sh_cell(&rows, r, 0)->str;
        struct sh_outcomes outcomes = {0};
        for (; r < rows.n_rows && sh_str_eq(sh_cell(&rows, r, 0)->str, rule); r++)
            add(desk->texts, &rows, r, 1, &outcomes);
        struct sh_rate rate;
        SH_TRY(sh_outcome_rate(outcomes, SH_Z_95, &rate, err));
        if (!rate.is_known || rule.len == 0)
            continue;
        sh_json_object(json);
        put_outcomes(json, rule, outcomes, &rate);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}

sh_code sh_rule_outcomes_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str rule,
                              struct sh_json *json, struct sh_err *err) {
    const int32_t today = day_of_utc(sh_txn_now(txn));
    const struct sh_str place = desk->who->n_grants ? desk->who->grants[0].place : SH_STR("000000");
    struct sh_outcomes outcomes;
    struct sh_rate rate;
    int64_t least = 0, promote = 0, demote = 0;
    SH_TRY(count(txn, desk->texts, rule, desk->arena, &outcomes, err));
    SH_TRY(sh_outcome_rate(outcomes, SH_Z_95, &rate, err));
    const bool is_set = limit(desk->texts, "rule.outcomes_min", place, today, 1, &least) &&
                        limit(desk->texts, "rule.promote_min", place, today, 10000, &promote) &&
                        limit(desk->texts, "rule.demote_max", place, today, 10000, &demote);
    sh_json_object(json);
    put_outcomes(json, rule, outcomes, &rate);
    /* null: the place has not set the numbers that decide it */
    sh_json_put_text(
        json, "advice",
        is_set ? advice_word(sh_outcome_advice(&rate, (uint64_t)least, (int32_t)promote, (int32_t)demote))
               : NULL);
    sh_json_object_end(json);
    return SH_OK;
}

/* ---- for a back-test --------------------------------------------------------------------------------- */

sh_code sh_rule_verdicts(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_str rule,
                         struct sh_arena *arena, struct sh_buf *out, struct sh_err *err) {
    struct sh_rows rows;
    struct sh_csv_writer w = {.buf = out};
    SH_TRY(sh_sql_query(
        txn, "select key, procedure, state from mt_item where rule = $1 and final = 1 order by key",
        &SH_TEXT(rule), 1, arena, &rows, err));
    sh_csv_cell_text(&w, "finding");
    sh_csv_cell_text(&w, "verdict");
    sh_csv_end_row(&w);
    for (size_t r = 0; r < rows.n_rows; r++) {
        const enum verdict verdict = verdict_of(texts, sh_cell(&rows, r, 1)->str, sh_cell(&rows, r, 2)->str);
        if (verdict == OPEN)
            continue;
        sh_csv_cell(&w, sh_cell(&rows, r, 0)->str);
        sh_csv_cell_text(&w, verdict == CONFIRMED ? "upheld" : "rejected");
        sh_csv_end_row(&w);
    }
    return sh_csv_end(&w, err);
}
