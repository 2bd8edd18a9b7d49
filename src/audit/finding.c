/* From a draft to a finding: id, level, sentence, values read, lines and their share of the amount. */
#include "base/hash.h"
#include "audit/inner.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for findings");
}

static const struct sh_knowledge *knowledge_of(const struct sh_engine *en, const struct sh_rule *r) {
    return r->n_uses > 0 && r->knowledge >= 0 ? &en->plan->rules->knowledge[r->uses[0].knowledge] : NULL;
}

static sh_code make_id(struct sh_engine *en, const struct sh_rule *r, struct sh_finding *f,
                       struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_buf_add_str(&text, r->id);
    sh_buf_add_char(&text, '\0');
    sh_buf_add_str(&text, f->point);
    sh_buf_add_char(&text, '\0');
    sh_buf_add_str(&text, f->key);
    SH_TRY(sh_buf_check(&text, err));
    uint8_t digest[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_again(&en->digest, SH_DIGEST_SHA256, text.at, text.len, digest, err));
    memcpy(f->id, digest, sizeof(f->id));
    return SH_OK;
}

/* ---- lines -------------------------------------------------------------------------------------- */

static int by_row(const void *a, const void *b) {
    const struct sh_blamed_line *x = a, *y = b;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Of the few stays with findings: a look through the lines of the person costs less than an index of all. */
static sh_code lines_of_stay(struct sh_engine *en, int32_t stay, const int32_t **ret, size_t *ret_n,
                             struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    const int32_t person = tl->person_of[SH_MODEL_STAY][stay];
    const uint32_t *begin = tl->person_begin[SH_TABLE_LINE];
    const int32_t *stay_of = sh_i32(tl, SH_TABLE_ENCOUNTER, tl->plan->at.encounter.stay),
                  *encounter = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.encounter);
    const uint8_t *alive = tl->alive[SH_TABLE_LINE];
    int32_t *rows = sh_new_raw(en->scratch, int32_t, (size_t)(begin[person + 1] - begin[person]) + 1);
    if (!rows)
        return out_of_room(err);
    size_t n = 0;
    for (uint32_t i = begin[person]; i < begin[person + 1]; i++)
        if (alive[i] && encounter[i] >= 0 && stay_of[encounter[i]] == stay)
            rows[n++] = (int32_t)i;
    *ret = rows;
    *ret_n = n;
    return SH_OK;
}

/* Lines behind a row of the rule's table. */
static sh_code lines_behind(struct sh_engine *en, int table, int32_t row, const int32_t **ret, size_t *ret_n,
                            struct sh_err *err) {
    *ret_n = 0;
    if (sh_view_of(en->plan, table))
        return sh_view_lines(en, table, row, ret, ret_n, err);
    if (row < 0 || (table != SH_TABLE_ENCOUNTER && table != SH_MODEL_STAY))
        return SH_OK;
    const struct sh_rows_by *by;
    if (table == SH_MODEL_STAY && !en->tl.carried)
        return lines_of_stay(en, row, ret, ret_n, err);
    if (table == SH_MODEL_STAY) /* rows that have met are of many persons */
        SH_TRY(sh_rows_by_stay(&en->tl, SH_TABLE_LINE, &by, err));
    else
        SH_TRY(sh_rows_by_encounter(&en->tl, SH_TABLE_LINE, &by, err));
    *ret = by->rows + by->begin[row];
    *ret_n = by->begin[row + 1] - by->begin[row];
    return SH_OK;
}

/* The lines of a finding while they are gathered. */
struct gathered {
    struct sh_finding *f;
    size_t cap;
};

static sh_code take_line(struct sh_engine *en, struct sh_blamed_line line, struct gathered *to,
                         struct sh_err *err) {
    struct sh_finding *f = to->f;
    if (f->n_lines == to->cap) {
        const size_t more = to->cap ? to->cap * 2 : 8;
        struct sh_blamed_line *grown = sh_new(en->keep, struct sh_blamed_line, more);
        if (!grown)
            return out_of_room(err);
        if (f->n_lines > 0)
            memcpy(grown, f->lines, f->n_lines * sizeof(*grown));
        f->lines = grown;
        to->cap = more;
    }
    f->lines[f->n_lines++] = line;
    return SH_OK;
}

static sh_code take_lines(struct sh_engine *en, const struct sh_draft *d, const int32_t *rows, size_t n,
                          bool blamed, struct gathered *to, struct sh_err *err) {
    for (size_t i = 0; i < n; i++) {
        const int32_t *lines = &rows[i];
        size_t count = 1;
        if (d->rp->rule->table != SH_TABLE_LINE)
            SH_TRY(lines_behind(en, d->rp->rule->table, rows[i], &lines, &count, err));
        for (size_t j = 0; j < count; j++)
            SH_TRY(take_line(en, (struct sh_blamed_line){.row = lines[j], .blamed = blamed}, to, err));
    }
    return SH_OK;
}

struct weight {
    size_t line;
    struct sh_str id;
    int64_t covered;
};

static int by_line_id(const void *a, const void *b) {
    const struct weight *x = a, *y = b;
    const int order = sh_str_cmp(x->id, y->id);
    return order != 0 ? order : (x->line < y->line ? -1 : x->line > y->line);
}

/* Largest remainder, ties by line id; what exceeds all weights together stays with nobody. */
static sh_code spread(struct sh_engine *en, struct sh_finding *f, const int64_t *weights,
                      struct sh_err *err) {
    if (f->amount_fen <= 0)
        return SH_OK;
    if (f->n_lines == 1) { /* most findings; it needs no id */
        f->lines[0].amount_fen = f->lines[0].blamed && weights[0] > 0 ? f->amount_fen : 0;
        return SH_OK;
    }
    struct weight *w = sh_new(en->scratch, struct weight, f->n_lines + 1);
    int64_t *covered = sh_new(en->scratch, int64_t, f->n_lines + 1),
            *parts = sh_new(en->scratch, int64_t, f->n_lines + 1);
    if (!w || !covered || !parts)
        return out_of_room(err);
    size_t n = 0;
    for (size_t i = 0; i < f->n_lines; i++) {
        if (!f->lines[i].blamed || weights[i] <= 0)
            continue;
        w[n] = (struct weight){.line = i, .covered = weights[i]};
        SH_TRY(sh_row_id(&en->tl, SH_TABLE_LINE, f->lines[i].row, &w[n++].id, err));
    }
    if (n == 0)
        return SH_OK;
    qsort(w, n, sizeof(*w), by_line_id);
    for (size_t i = 0; i < n; i++)
        covered[i] = w[i].covered;
    const sh_code code = sh_allocate(f->amount_fen, covered, n, parts);
    if (code != SH_OK)
        return sh_fail(err, code, "the amount of a finding cannot be spread over %zu lines", n);
    for (size_t i = 0; i < n; i++)
        f->lines[w[i].line].amount_fen = parts[i];
    return SH_OK;
}

static bool are_in_order(const struct sh_finding *f) {
    size_t i = 1;
    while (i < f->n_lines && f->lines[i - 1].row <= f->lines[i].row)
        i++;
    return i >= f->n_lines;
}

static sh_code fill_lines(struct sh_engine *en, const struct sh_draft *d, struct sh_finding *f,
                          struct sh_err *err) {
    struct gathered to = {.f = f};
    SH_TRY(take_lines(en, d, d->blamed, d->n_blamed, true, &to, err));
    SH_TRY(take_lines(en, d, d->involved, d->n_involved, false, &to, err));
    int64_t *weights = sh_new(en->scratch, int64_t, f->n_lines + 1);
    if (!weights)
        return out_of_room(err);
    if (!are_in_order(f)) /* mostly they are */
        qsort(f->lines, f->n_lines, sizeof(*f->lines), by_row);
    size_t n = 0;
    for (size_t i = 0; i < f->n_lines; i++) { /* a line named twice counts once, blamed first */
        if (n > 0 && f->lines[n - 1].row == f->lines[i].row)
            f->lines[n - 1].blamed |= f->lines[i].blamed;
        else
            f->lines[n++] = f->lines[i];
    }
    f->n_lines = n;
    for (size_t i = 0; i < n; i++) {
        const int64_t covered = sh_covered_of(&en->tl, SH_TABLE_LINE, f->lines[i].row);
        weights[i] = covered != SH_MISSING && covered > 0 ? covered : 0;
        /* shares of encounters and stays are not those of their lines */
        for (size_t b = 0; d->blamed_fen && d->rp->rule->table == SH_TABLE_LINE && b < d->n_blamed; b++)
            if (d->blamed[b] == f->lines[i].row)
                weights[i] = d->blamed_fen[b];
    }
    return spread(en, f, weights, err);
}

/* after(N): only lines with days beyond the limit are blamed. */
static sh_code narrow_to_days(struct sh_engine *en, struct sh_draft *d, struct sh_err *err) {
    const struct sh_rule *r = d->rp->rule;
    int64_t limit;
    const struct sh_eval eval = sh_engine_eval(en);
    struct sh_batch one;
    SH_TRY(sh_batch_pick(en, d->rp, d->batch, &d->tuple, 1, &one, err));
    SH_TRY(sh_expr_eval(r->amount_b, &eval, &one, &limit, err));
    const int8_t scale = sh_expr_type(r->amount_b).scale;
    for (int i = 0; limit != SH_MISSING && i < scale; i++)
        limit /= 10;
    int32_t *beyond = sh_new(en->scratch, int32_t, d->n_blamed + 1),
            *days = sh_new(en->scratch, int32_t, d->n_blamed + 1);
    int32_t *blamed = sh_new(en->scratch, int32_t, d->n_blamed + 1);
    int32_t *involved = sh_new(en->scratch, int32_t, d->n_blamed + d->n_involved + 1);
    if (!beyond || !days || !blamed || !involved)
        return out_of_room(err);
    if (limit == SH_MISSING)
        return SH_OK;
    SH_TRY(sh_after_lines(en, d, limit, beyond, days, err));
    size_t n_blamed = 0, n_involved = 0;
    for (size_t i = 0; i < d->n_blamed; i++)
        if (beyond[i] > 0)
            blamed[n_blamed++] = d->blamed[i];
        else
            involved[n_involved++] = d->blamed[i];
    for (size_t i = 0; i < d->n_involved; i++)
        involved[n_involved++] = d->involved[i];
    d->blamed = blamed, d->n_blamed = n_blamed;
    d->involved = involved, d->n_involved = n_involved;
    return SH_OK;
}

/* ---- level -------------------------------------------------------------------------------------- */

/* A refund that found no line may belong to any line of that item: nothing about it is certain. */
static bool touches_orphan(const struct sh_engine *en, const struct sh_finding *f) {
    const struct sh_timeline *tl = &en->tl;
    const int64_t *keys = sh_i64(tl, SH_TABLE_LINE, tl->plan->at.line.encounter_key);
    const int32_t *item = sh_i32(tl, SH_TABLE_LINE, tl->plan->at.line.item);
    for (size_t i = 0; tl->n_orphans > 0 && keys && item && i < f->n_lines; i++) {
        const int32_t line = f->lines[i].row;
        const uint64_t wanted = sh_orphan_hash(keys[line], item[line], tl->person_of[SH_TABLE_LINE][line]);
        size_t low = 0, high = tl->n_orphans;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (tl->orphans[middle] < wanted)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < tl->n_orphans && tl->orphans[low] == wanted)
            return true;
    }
    return false;
}

static void set_level(struct sh_engine *en, const struct sh_draft *d, struct sh_finding *f) {
    const struct sh_knowledge *k = knowledge_of(en, d->rp->rule);
    f->level = d->rp->cap;
    if (k && d->k >= 0 && k->rows[d->k].level < f->level)
        f->level = k->rows[d->k].level;
    bool doubted = d->verdict->doubted || d->suspected;
    f->doubt = d->verdict->doubt;
    if (d->suspected && f->doubt.len == 0)
        f->doubt = SH_STR("line.quantity");
    const int8_t *open = sh_i8(&en->tl, SH_TABLE_ENCOUNTER, en->plan->at.encounter.open);
    if (d->rp->rule->open_remind && f->encounter >= 0 && sh_flag(open, (size_t)f->encounter)) { /* so far */
        doubted = true;
        if (f->doubt.len == 0)
            f->doubt = SH_STR("encounter.open");
    }
    if (touches_orphan(en, f)) {
        doubted = true;
        if (f->doubt.len == 0)
            f->doubt = SH_STR("line.refund_of");
    }
    if (doubted && f->level > SH_LEVEL_SUSPECTED)
        f->level = SH_LEVEL_SUSPECTED;
}

/* ---- evidence ----------------------------------------------------------------------------------- */

static sh_code take_evidence(struct sh_engine *en, const struct sh_draft *d, struct sh_finding *f,
                             struct sh_err *err) {
    const struct sh_rule *r = d->rp->rule;
    const struct sh_expr *hit = r->hit[d->verdict->hit].expr;
    const struct sh_eval eval = sh_engine_eval(en);
    struct sh_batch one;
    SH_TRY(sh_batch_pick(en, d->rp, d->batch, &d->tuple, 1, &one, err));
    struct sh_str text = {0};
    if (r->say)
        SH_TRY(sh_template_print(r->say, &eval, &one, 0, &text, err));
    f->say = sh_keep_str(en, text);
    struct sh_value_read *values = NULL;
    SH_TRY(sh_expr_values(hit, &eval, &one, 0, &values, &f->n_values, err));
    f->values = sh_new(en->keep, struct sh_value_read, f->n_values + 1);
    if (!f->values)
        return out_of_room(err);
    for (size_t i = 0; i < f->n_values; i++)
        f->values[i] =
            (struct sh_value_read){sh_keep_str(en, values[i].name), sh_keep_str(en, values[i].value)};
    SH_TRY(sh_expr_clearing_hit(hit, &eval, &one, 0, &text, err));
    f->clearing = sh_keep_str(en, text);
    f->deciding = sh_expr_text(hit);
    return SH_OK;
}

sh_code sh_finding_add(struct sh_engine *en, const struct sh_draft *given, struct sh_err *err) {
    struct sh_draft d = *given;
    const struct sh_rule *r = d.rp->rule;
    const struct sh_knowledge *k = knowledge_of(en, r);
    const int32_t first = d.n_blamed > 0 ? d.blamed[0] : d.subject;
    struct sh_finding f = {.rule = d.rp->index, .knowledge_row = d.k, .key = d.key};
    if (k && d.k >= 0 && d.rp->by_point)
        f.point = k->points[k->rows[d.k].point];
    SH_TRY(make_id(en, r, &f, err));
    SH_TRY(sh_amount(en, &d, &f.amount_known, &f.amount_fen, &f.amount_unknown, err));
    if (!f.amount_known)
        f.amount_fen = 0;
    if (r->amount == SH_AMOUNT_AFTER)
        SH_TRY(narrow_to_days(en, &d, err));
    SH_TRY(fill_lines(en, &d, &f, err));
    f.encounter = sh_encounter_of(&en->tl, r->table, first);
    set_level(en, &d, &f);
    SH_TRY(take_evidence(en, &d, &f, err));
    f.person = first >= 0 && en->tl.person_of[r->table] ? en->tl.person_of[r->table][first] : -1;
    f.institution = sh_institution_of(&en->tl, r->table, first);
    f.day = first >= 0 ? sh_subject_day(&en->tl, r->table, first) : SH_MISSING_I32;
    SH_TRY(sh_grow(&en->findings, &en->cap_findings, en->n_findings + 1, sizeof(f), UINT32_MAX, err));
    en->findings[en->n_findings++] = f;
    return SH_OK;
}
