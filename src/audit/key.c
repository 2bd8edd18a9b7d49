/* Subject keys in source ids: what makes a finding the same finding in the next run, on another machine,
 * under another version. */
#include "audit/carry.h"
#include "base/date.h"
#include <string.h>

static sh_code add_time(struct sh_buf *out, int64_t time, struct sh_err *err) {
    char text[SH_TIME_TEXT_MAX];
    sh_buf_add(out, text, sh_time_format(time, text));
    return sh_buf_check(out, err);
}

static sh_code add_person(struct sh_engine *en, int64_t row, struct sh_buf *out, struct sh_err *err) {
    struct sh_str code;
    SH_TRY(sh_person_code(&en->tl, row, &code, err));
    sh_buf_add_str(out, code);
    return sh_buf_check(out, err);
}

static sh_code add_stay(struct sh_engine *en, int32_t row, struct sh_buf *out, struct sh_err *err) {
    const struct sh_columns *at = &en->plan->at;
    SH_TRY(add_person(en, en->tl.person_of[SH_MODEL_STAY][row], out, err));
    sh_buf_add_char(out, '/');
    sh_buf_add_str(out, sh_code_of(en->plan, SH_DICT_INSTITUTION,
                                   sh_i32(&en->tl, SH_MODEL_STAY, at->stay.institution)[row]));
    sh_buf_add_char(out, '/');
    return add_time(out, sh_i64(&en->tl, SH_MODEL_STAY, at->stay.from)[row], err);
}

/* A day: what it is a day of, and which. A row of groups: its keys. */
static sh_code add_view_row(struct sh_engine *en, int table, int32_t row, struct sh_buf *out,
                            struct sh_err *err) {
    const struct sh_rule_view *v = sh_view_of(en->plan, table);
    if (en->tl.carried && table == en->tl.carried->table) { /* its key came with it */
        struct sh_str key;
        SH_TRY(sh_row_id(&en->tl, table, row, &key, err));
        sh_buf_add_str(out, key);
        return sh_buf_check(out, err);
    }
    if (v->source_column >= 0) {
        SH_TRY(sh_key_of_row(en, v->source, sh_i32(&en->tl, table, v->source_column)[row], out, err));
        if (v->kind == SH_VIEW_ROWS)
            return SH_OK;
    } else {
        SH_TRY(add_person(en, en->tl.person_of[table][row], out, err));
    }
    const struct sh_model_table *t = &en->plan->model->model.tables[table];
    const struct sh_eval eval = sh_engine_eval(en);
    for (size_t k = 0; v->source_column < 0 && k < v->rule->n_keys; k++) {
        const int c = v->key_columns[k];
        if (c < 0)
            continue;
        sh_buf_add_char(out, '/');
        const int64_t value = sh_column_value(&en->tl, table, c, row);
        const struct sh_type type = t->columns[c].type;
        struct sh_str text;
        if (t->columns[c].join >= 0 && type.kind == SH_KIND_TEXT) {
            SH_TRY(sh_key_of_row(en, t->columns[c].join, (int32_t)value, out, err));
            continue;
        }
        if (type.kind == SH_KIND_CODE)
            SH_TRY(sh_code_read(en->plan, en->plan->model->domain_dicts[type.domain], value, en->tl.arena,
                                &text, err));
        else
            SH_TRY(sh_value_print(type, value, &eval, &text, err));
        sh_buf_add_str(out, text);
    }
    char day[SH_DATE_TEXT_MAX];
    const int32_t *days = sh_i32(&en->tl, table, v->day);
    const bool dated = v->kind == SH_VIEW_DAYS || sh_view_has_key(v, "day");
    if (dated && days && days[row] != SH_MISSING_I32) {
        sh_buf_add_char(out, '/');
        sh_buf_add(out, day, sh_date_format(days[row], day));
    }
    return sh_buf_check(out, err);
}

/* institution/encounter/row: natural keys are unique within an institution's encounter. */
sh_code sh_key_of_row(struct sh_engine *en, int table, int32_t row, struct sh_buf *out, struct sh_err *err) {
    if (row < 0)
        return sh_buf_check(out, err);
    if (table == SH_MODEL_STAY)
        return add_stay(en, row, out, err);
    if (sh_view_of(en->plan, table))
        return add_view_row(en, table, row, out, err);
    if (table == SH_TABLE_PERSON)
        return add_person(en, row, out, err);
    const int32_t institution = sh_institution_of(&en->tl, table, row),
                  encounter = sh_encounter_of(&en->tl, table, row);
    sh_buf_add_str(out, sh_code_of(en->plan, SH_DICT_INSTITUTION, institution));
    sh_buf_add_char(out, '/');
    struct sh_str id;
    SH_TRY(sh_row_id(&en->tl, SH_TABLE_ENCOUNTER, encounter, &id, err));
    sh_buf_add_str(out, id);
    if (table != SH_TABLE_ENCOUNTER) {
        SH_TRY(sh_row_id(&en->tl, table, row, &id, err));
        sh_buf_add_char(out, '/');
        sh_buf_add_str(out, id);
    }
    return sh_buf_check(out, err);
}

static sh_code add_course(struct sh_engine *en, const struct sh_rule_plan *rp, int64_t value, int32_t k,
                          struct sh_buf *out, struct sh_err *err) {
    const int64_t scope = sh_knowledge_value(en, rp, rp->scope_column, k);
    char text[SH_DATE_TEXT_MAX];
    if (scope == SH_SCOPE_ENCOUNTER)
        return sh_key_of_row(en, SH_TABLE_ENCOUNTER, (int32_t)value, out, err);
    if (scope == SH_SCOPE_STAY)
        return sh_key_of_row(en, SH_MODEL_STAY, (int32_t)value, out, err);
    if (scope == SH_SCOPE_COURSE)
        sh_buf_add(out, text, sh_date_format((int32_t)value, text));
    else
        sh_buf_add_text(out, "ever");
    return sh_buf_check(out, err);
}

/* The grouping word that period(k.c) reads of row k; NONE: another expression, or another table's cell. */
static enum sh_expr_scope period_scope(const struct sh_engine *en, const struct sh_rule_plan *rp,
                                       const struct sh_expr *e, int32_t k) {
    uint16_t table, column;
    if (!sh_expr_period(e, &table, &column) || rp->rule->n_uses == 0 ||
        en->plan->rules->knowledge[rp->rule->uses[0].knowledge].model_table != table)
        return SH_SCOPE_NONE;
    const int64_t scope = sh_knowledge_value(en, rp, column, k);
    return scope == SH_MISSING ? SH_SCOPE_NONE : (enum sh_expr_scope)scope;
}

/* A period is named by what it is a period of: a number of a row would be another one in the next run. */
static sh_code add_period(struct sh_engine *en, enum sh_expr_scope scope, int64_t value, struct sh_buf *out,
                          struct sh_err *err) {
    char text[SH_DATE_TEXT_MAX];
    switch (scope) {
    case SH_SCOPE_HOUR:
        return add_time(out, value, err);
    case SH_SCOPE_DAY:
    case SH_SCOPE_WEEK:
        sh_buf_add(out, text, sh_date_format((int32_t)value, text));
        break;
    case SH_SCOPE_ENCOUNTER:
        return sh_key_of_row(en, SH_TABLE_ENCOUNTER, (int32_t)value, out, err);
    case SH_SCOPE_STAY:
        return sh_key_of_row(en, SH_MODEL_STAY, (int32_t)value, out, err);
    case SH_SCOPE_PERSON:
        return sh_key_of_row(en, SH_TABLE_PERSON, (int32_t)value, out, err);
    case SH_SCOPE_INSTITUTION:
        sh_buf_add_str(out, sh_code_of(en->plan, SH_DICT_INSTITUTION, value));
        break;
    case SH_SCOPE_PRESCRIPTION:
        sh_buf_addf(out, "%016llx", (unsigned long long)value);
        break;
    case SH_SCOPE_EVER:
        sh_buf_add_text(out, "ever");
        break;
    case SH_SCOPE_MONTH:
    case SH_SCOPE_QUARTER:
    case SH_SCOPE_YEAR:
    case SH_SCOPE_NONE:
    case SH_SCOPE_COURSE:
    case SH_SCOPE_SIX_HOURS:
        sh_buf_addf(out, "%lld", (long long)value);
        break;
    }
    return sh_buf_check(out, err);
}

sh_code sh_key_of_value(struct sh_engine *en, const struct sh_rule_plan *rp, size_t key, int64_t value,
                        int32_t k, struct sh_buf *out, struct sh_err *err) {
    const struct sh_rule_key *rk = &rp->rule->keys[key];
    if (rk->kind == SH_RULE_KEY_COURSE)
        return add_course(en, rp, value, k, out, err);
    const struct sh_type type = sh_expr_type(rk->expr);
    const int table = type.kind == SH_KIND_CODE ? -1 : sh_expr_join(rk->expr);
    const enum sh_expr_scope scope = period_scope(en, rp, rk->expr, k);
    if (scope != SH_SCOPE_NONE)
        return add_period(en, scope, value, out, err);
    if (sh_is_personal(en->plan, table))
        return sh_key_of_row(en, table, (int32_t)value, out, err);
    if (type.kind == SH_KIND_CODE && type.domain >= 0) {
        const enum sh_dict dict = en->plan->model->domain_dicts[type.domain];
        if (dict == SH_DICT_PERSON)
            return add_person(en, value, out, err);
        struct sh_str code;
        SH_TRY(sh_code_read(en->plan, dict, value, en->tl.arena, &code, err));
        sh_buf_add_str(out, code);
        return sh_buf_check(out, err);
    }
    struct sh_str text;
    const struct sh_eval eval = sh_engine_eval(en);
    SH_TRY(sh_value_print(type, value, &eval, &text, err));
    sh_buf_add_str(out, text);
    return sh_buf_check(out, err);
}
