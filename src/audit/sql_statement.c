/* A rule's statement as a whole: its shape, and before it the views it reads. */
#include "audit/sql_rule.h"
#include <string.h>

/* What expressions ask while they are printed. */
struct asked {
    const struct sh_plan *plan;
    bool *views; /* [n_views] read so far */
};

static bool is_prefix_set(void *ctx, uint16_t table, uint16_t column) {
    const struct sh_plan *plan = ((const struct asked *)ctx)->plan;
    for (size_t i = 0; i < plan->rules->n_knowledge; i++)
        if (plan->rules->knowledge[i].model_table == table)
            return plan->rules->knowledge[i].columns[column].under;
    return false;
}

static bool is_diagnosis(void *ctx, int16_t domain) {
    return ((const struct asked *)ctx)->plan->model->domain_dicts[domain] == SH_DICT_DIAGNOSIS;
}

static bool is_category(void *ctx, int16_t domain) {
    const struct sh_plan *plan = ((const struct asked *)ctx)->plan;
    return strcmp(plan->model->model.domain_names[domain], "diagnosis3") == 0;
}

/* A view is as complete as what it is made of, a stay as its encounters. */
static uint16_t complete_as(void *ctx, uint16_t table) {
    const struct sh_plan *plan = ((const struct asked *)ctx)->plan;
    while (sh_view_of(plan, table))
        table = sh_view_of(plan, table)->source;
    return table == SH_MODEL_STAY ? SH_TABLE_ENCOUNTER : table;
}

static bool is_of_stays(void *ctx, uint16_t table) {
    return sh_sql_is_of_stays(((const struct asked *)ctx)->plan, table);
}

static bool has(void *ctx, uint16_t table, uint16_t column) {
    const struct asked *asked = ctx;
    const struct sh_plan *plan = asked->plan;
    const struct sh_model_table *t = &plan->model->model.tables[table];
    static const char *const of_dictionary[] = {"code", "name", "kind", "substance", "base", "surcharge"};
    if (t->knowledge || table == SH_MODEL_STAT)
        return true;
    if (sh_view_of(plan, table)) {
        asked->views[sh_view_of(plan, table) - plan->rules->views] = true;
        return true;
    }
    if (table == SH_MODEL_ITEM || table == SH_MODEL_INSTITUTION || table == SH_MODEL_DEPARTMENT ||
        table == SH_MODEL_PRACTITIONER) {
        for (size_t i = 0; column != UINT16_MAX && i < sizeof(of_dictionary) / sizeof(of_dictionary[0]); i++)
            if (strcmp(t->columns[column].name, of_dictionary[i]) == 0)
                return true;
        return column == UINT16_MAX || sh_sql_has_entry(plan, table, column);
    }
    return sh_sql_is_fact((int)table);
}

static struct sh_sql_making begin(const struct sh_sql_maker *m, const struct sh_rule_plan *rp,
                                  struct asked *asked, struct sh_buf *out) {
    const struct sh_rule *r = rp->rule;
    return (struct sh_sql_making){
        .m = m,
        .rp = rp,
        .r = r,
        .k = r->n_uses > 0 && r->knowledge >= 0 ? &m->plan->rules->knowledge[r->uses[0].knowledge] : NULL,
        .out = out,
        .sql = {.dialect = m->dialect,
                .arena = m->arena,
                .model = &m->plan->model->model,
                .is_prefix_set = is_prefix_set,
                .is_diagnosis = is_diagnosis,
                .is_category = is_category,
                .is_of_stays = is_of_stays,
                .ctx = asked,
                .has = has,
                .complete_as = complete_as}};
}

static void shape(struct sh_sql_making *p) {
    if (p->r->reach == SH_REACH_MERGED) {
        sh_sql_merged_shape(p);
        return;
    }
    switch (p->r->shape) {
    case SH_SHAPE_ROW:
        sh_sql_row_shape(p);
        break;
    case SH_SHAPE_GROUP:
        sh_sql_group_shape(p);
        break;
    case SH_SHAPE_WINDOW:
        sh_sql_window_shape(p);
        break;
    case SH_SHAPE_PAIR:
        sh_sql_pair_shape(p);
        break;
    case SH_SHAPE_STAT: /* always put together */
        break;
    }
}

static sh_code outcome(const struct sh_sql_making *p, const char *what, struct sh_err *err) {
    if (p->sql.code != SH_OK)
        return sh_fail(err, p->sql.code, "%s %.*s: %s", what, SH_ARG(p->r->id), p->sql.err.message);
    return sh_buf_check(p->out, err);
}

/* The views that a statement reads, each before those that build on it. */
static sh_code print_views(const struct sh_sql_maker *m, struct asked *asked, struct sh_buf *out,
                           struct sh_err *err) {
    const size_t n = m->plan->rules->n_views;
    const char **texts = sh_new(m->arena, const char *, n + 1);
    if (!texts)
        return sh_fail(err, SH_E_NOMEM, "no room for views as SQL");
    for (size_t i = n; i-- > 0;) { /* from the last: each asks for those it builds on */
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        if (!asked->views[i])
            continue;
        struct sh_sql_making making = begin(m, &m->plan->views[i], asked, &text);
        making.view = &m->plan->rules->views[i];
        sh_sql_view(&making);
        SH_TRY(outcome(&making, "view", err));
        texts[i] = sh_arena_dup(m->arena, text.at, text.len);
        if (!texts[i])
            return sh_fail(err, SH_E_NOMEM, "no room for views as SQL");
    }
    for (size_t i = 0; i < n; i++)
        if (texts[i])
            sh_buf_addf(out, "f_%.*s as materialized (with recursive %s),\n  ",
                        SH_ARG(m->plan->rules->views[i].rule->id), texts[i]);
    return SH_OK;
}

sh_code sh_sql_rule(const struct sh_sql_maker *m, const struct sh_rule_plan *rp, struct sh_buf *out,
                    struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf body = {0};
    struct asked asked = {m->plan, sh_new(m->arena, bool, m->plan->rules->n_views + 1)};
    if (!asked.views)
        return sh_fail(err, SH_E_NOMEM, "no room for a rule as SQL");
    struct sh_sql_making making = begin(m, rp, &asked, &body);
    shape(&making);
    if (making.sql.code == SH_OK)
        sh_sql_finish(&making);
    SH_TRY(outcome(&making, "rule", err));
    sh_buf_add_text(out, "with recursive ");
    SH_TRY(print_views(m, &asked, out, err));
    sh_buf_add_str(out, sh_buf_view(&body));
    sh_buf_add_text(out, ";\n");
    return sh_buf_check(out, err);
}
