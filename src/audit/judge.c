/* The verdict on a tuple: hit, unless, doubt, in three-valued logic; and the counting of answers. */
#include "audit/lacking.h"
#include <string.h>

struct sh_str sh_keep_str(struct sh_engine *en, struct sh_str s) {
    char *copy = sh_arena_dup(en->keep, s.at, s.len);
    return copy ? (struct sh_str){copy, s.len} : (struct sh_str){0};
}

struct sh_str sh_day_field(struct sh_engine *en, int table) {
    const struct sh_model_table *tables = en->plan->model->model.tables, *t = &tables[table];
    if (table == SH_TABLE_LINE)
        return SH_STR("line.time");
    if (t->time_column < 0)
        return SH_STR("encounter.from");
    size_t len;
    const char *text = sh_arena_printf(en->keep, &len, "%s.%s", t->name, t->columns[t->time_column].name);
    return text ? (struct sh_str){text, len} : SH_STR("day");
}

sh_code sh_causes(struct sh_engine *en, const struct sh_expr *e, const struct sh_batch *batch,
                  const uint32_t *pick, uint32_t n, struct sh_str *ret, struct sh_err *err) {
    const struct sh_eval eval = sh_engine_eval(en);
    SH_TRY(sh_expr_causes(e, &eval, batch, pick, n, ret, err));
    struct sh_str from = {0}, kept = {0};
    for (uint32_t i = 0; i < n; i++) {
        if (ret[i].at != from.at || ret[i].len != from.len)
            from = ret[i], kept = sh_keep_str(en, from);
        ret[i] = kept;
    }
    return SH_OK;
}

bool sh_binds(const struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row, int32_t k) {
    const int32_t day = sh_subject_day(&en->tl, rp->rule->table, row);
    if (day == SH_MISSING_I32)
        return true;
    if (day < rp->rule->from || day >= rp->rule->to)
        return false;
    if (k < 0 || rp->rule->n_uses == 0)
        return true;
    const struct sh_knowledge_row *r = &en->plan->rules->knowledge[rp->rule->uses[0].knowledge].rows[k];
    return r->from <= day && day < r->to;
}

/* The field that is missing, where nothing was hit and something is (3). */
static sh_code name_missing(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                            const uint8_t *decided, struct sh_verdict *verdicts, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    uint32_t *pick = sh_new_raw(en->scratch, uint32_t, (size_t)batch->n + 1);
    struct sh_str *fields = sh_new_raw(en->scratch, struct sh_str, (size_t)batch->n + 1);
    if (!pick || !fields)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    for (size_t h = 0; h < r->n_hit; h++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < batch->n; i++)
            if (decided[i] == 3 && verdicts[i].hit == h)
                pick[n++] = i;
        SH_TRY(sh_causes(en, r->hit[h].expr, batch, pick, n, fields, err));
        for (uint32_t i = 0; i < n; i++)
            verdicts[pick[i]].field = fields[i].len > 0 ? fields[i] : SH_STR("?");
    }
    return SH_OK;
}

static sh_code judge_hits(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                          struct sh_verdict *verdicts, struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    int64_t *values = sh_new_raw(en->scratch, int64_t, (size_t)batch->n + 1);
    uint8_t *decided =
        sh_new_raw(en->scratch, uint8_t, (size_t)batch->n + 1); /* 1: given, 2: hit, 3: missing */
    if (!values || !decided)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    const struct sh_eval eval = sh_engine_eval(en);
    for (uint32_t i = 0; i < batch->n; i++)
        decided[i] = verdicts[i].answer == SH_ANSWER_NOT_EVALUATED;
    for (size_t h = 0; h < r->n_hit; h++) {
        SH_TRY(sh_expr_eval(r->hit[h].expr, &eval, batch, values, err));
        for (uint32_t i = 0; i < batch->n; i++) {
            if (decided[i] == 1 || decided[i] == 2 || values[i] == 0)
                continue;
            if (values[i] == SH_MISSING && decided[i] == 3)
                continue;
            verdicts[i].hit = (uint16_t)h;
            verdicts[i].answer = values[i] == SH_MISSING ? SH_ANSWER_NOT_EVALUATED : SH_ANSWER_HIT;
            decided[i] = values[i] == SH_MISSING ? 3 : 2;
        }
    }
    return name_missing(en, rp, batch, decided, verdicts, err);
}

static sh_code doubt_by(struct sh_engine *en, const struct sh_expr *e, const struct sh_batch *batch,
                        uint32_t i, bool is_missing, struct sh_verdict *v, struct sh_err *err) {
    v->doubted = true;
    if (v->doubt.len > 0)
        return SH_OK;
    struct sh_str text = sh_expr_text(e);
    const struct sh_eval eval = sh_engine_eval(en);
    if (is_missing)
        SH_TRY(sh_expr_missing(e, &eval, batch, i, &text, err));
    v->doubt = sh_keep_str(en, text);
    return SH_OK;
}

/* unless: true exempts, unknown leaves a suspicion. doubt: true or unknown leaves a suspicion. */
static sh_code judge_exemptions(struct sh_engine *en, const struct sh_rule_plan *rp,
                                const struct sh_batch *batch, struct sh_verdict *verdicts,
                                struct sh_err *err) {
    const struct sh_rule *r = rp->rule;
    uint32_t *pick = sh_new_raw(en->scratch, uint32_t, (size_t)batch->n + 1);
    if (!pick)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->n; i++)
        if (verdicts[i].answer == SH_ANSWER_HIT)
            pick[n++] = i;
    if (n == 0 || (!r->unless && !r->doubt))
        return SH_OK;
    struct sh_batch hits;
    SH_TRY(sh_batch_pick(en, rp, batch, pick, n, &hits, err));
    int64_t *values = sh_new_raw(en->scratch, int64_t, (size_t)n + 1);
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room for verdicts");
    const struct sh_eval eval = sh_engine_eval(en);
    if (r->unless) {
        SH_TRY(sh_expr_eval(r->unless, &eval, &hits, values, err));
        for (uint32_t i = 0; i < n; i++) {
            struct sh_verdict *v = &verdicts[pick[i]];
            if (values[i] == 1) {
                v->answer = SH_ANSWER_EXEMPT;
                v->field = sh_expr_text(r->unless);
            } else if (values[i] == SH_MISSING) {
                SH_TRY(doubt_by(en, r->unless, &hits, i, true, v, err));
            }
        }
    }
    if (r->doubt) {
        SH_TRY(sh_expr_eval(r->doubt, &eval, &hits, values, err));
        for (uint32_t i = 0; i < n; i++)
            if (verdicts[pick[i]].answer == SH_ANSWER_HIT && values[i] != 0)
                SH_TRY(doubt_by(en, r->doubt, &hits, i, values[i] == SH_MISSING, &verdicts[pick[i]], err));
    }
    return SH_OK;
}

sh_code sh_judge(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_batch *batch,
                 struct sh_verdict *verdicts, struct sh_err *err) {
    SH_TRY(judge_hits(en, rp, batch, verdicts, err));
    return judge_exemptions(en, rp, batch, verdicts, err);
}

/* ---- counting ----------------------------------------------------------------------------------- */

int64_t sh_fen_of(const struct sh_engine *en, int table, const int32_t *rows, size_t n) {
    const int64_t *covered =
        table == SH_TABLE_LINE ? sh_i64(&en->tl, table, en->plan->at.line.covered) : NULL;
    uint64_t fen = 0; /* what goes over wraps */
    for (size_t i = 0; i < n; i++) {
        const int64_t of_row =
            covered && rows[i] >= 0 ? covered[rows[i]] : sh_covered_of(&en->tl, table, rows[i]);
        fen += of_row == SH_MISSING ? 0 : (uint64_t)of_row;
    }
    return (int64_t)fen;
}

sh_code sh_count(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_verdict *v,
                 const int32_t *rows, size_t n, struct sh_err *err) {
    const int64_t fen = sh_fen_of(en, rp->rule->table, rows, n);
    SH_TRY(sh_answer_add(en->answers, rp->index, v->answer, v->field, n, fen, err));
    return v->answer == SH_ANSWER_NOT_EVALUATED
               ? sh_lacking_rows(en, rp, v->field, rp->rule->table, rows, n, err)
               : SH_OK;
}

void sh_count_not_concerned(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_members *m) {
    if (rp->rule->table != SH_TABLE_LINE ||
        en->tl.carried) /* those that met were counted where they came from */
        return;
    uint64_t concerned = m->k ? 0 : m->n; /* without knowledge each row stands once */
    for (uint32_t i = 0; m->k && i < m->n; i++)
        concerned += i == 0 || m->row[i] != m->row[i - 1];
    en->answers->rules[rp->index].not_concerned_lines += en->lines - concerned;
}
