/* How far a rule reaches: one person's rows, aggregates of many persons' rows, or the rows themselves. */
#include "rule/build.h"
#include "rule/model.h"

static bool is_of_one_person(const struct sh_build *b) {
    const struct sh_rule *r = b->rule;
    if (r->shape == SH_SHAPE_ROW)
        return true;
    for (size_t k = 0; k < r->n_keys; k++)
        if (r->keys[k].kind == SH_RULE_KEY_COURSE || sh_is_of_person(b->rules->model, r->keys[k].expr))
            return true;
    return false;
}

/* Rows put together by the points of a table are judged row by row of knowledge. */
static bool has_point_key(const struct sh_rule *r) {
    for (size_t k = 0; k < r->n_keys; k++)
        if (sh_str_ends_with(r->keys[k].text, SH_STR(".point")))
            return true;
    return false;
}

/* What is said where the rows of many persons have met: no related rows are at hand there. */
static sh_code check_related(struct sh_build *b) {
    const struct sh_rule *r = b->rule;
    const bool of_institutions =
        r->table == SH_TABLE_STOCK_MOVE || (r->has_b && r->table_b == SH_TABLE_STOCK_MOVE);
    const bool outside = r->reach == SH_REACH_MERGED && !of_institutions;
    const struct {
        const char *key;
        const struct sh_expr *e;
    } said[] = {{"unless", r->unless},
                {"doubt", r->doubt},
                {"amount", r->amount_a},
                {"amount", r->amount_b},
                {"blame", r->blame},
                {"value", r->value},
                {"within", r->within_expr},
                /* of a pair it is asked when the two have met, of others before they leave */
                {"where", r->shape == SH_SHAPE_PAIR ? r->where : NULL}};
    const char *bad = NULL;
    for (size_t i = 0; i < r->n_hit && !bad; i++)
        bad = sh_expr_asks_rows(r->hit[i].expr, outside) ? "hit" : NULL;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]) && !bad; i++)
        bad = said[i].e && sh_expr_asks_rows(said[i].e, outside) ? said[i].key : NULL;
    if (!bad)
        return SH_OK;
    const struct sh_yaml *node = sh_yaml_get(b->root, bad);
    return sh_yaml_fail(
        b->err, node ? node : b->root,
        "the rows of this rule are of many persons; make the related rows asked for here a field of a "
        "view, or put a person among the keys");
}

static sh_code check_stages_after(struct sh_build *b) {
    const struct sh_yaml *stages = sh_yaml_get(b->root, "stages");
    if ((b->rule->stages & ~(unsigned)SH_STAGE_AFTER) == 0)
        return SH_OK;
    return sh_yaml_fail(
        b->err, stages ? stages : b->root,
        "the rows of this rule are of many persons and meet after the fact only: stages: [after]");
}

struct collecting {
    struct sh_build *b;
    struct sh_partial *at;
    size_t n;
};

static sh_code collect(struct collecting *c, struct sh_expr *e) {
    return e ? sh_expr_partials(e, c->at, SH_PARTIALS_MAX, &c->n, c->b->err) : SH_OK;
}

/* The aggregates of all that is said of a group. */
static sh_code collect_all(struct collecting *c) {
    struct sh_rule *r = c->b->rule;
    struct sh_expr *const single[] = {r->value, r->unless, r->doubt, r->amount_a, r->amount_b};
    for (size_t i = 0; i < r->n_hit; i++)
        SH_TRY(collect(c, r->hit[i].expr));
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        SH_TRY(collect(c, single[i]));
    struct sh_expr **say = NULL;
    size_t n = 0;
    if (r->say)
        SH_TRY(sh_template_exprs(r->say, c->b->arena, &say, &n, c->b->err));
    for (size_t i = 0; i < n; i++)
        SH_TRY(collect(c, say[i]));
    return SH_OK;
}

static bool is_personal(const struct sh_rule_model *m, int16_t table) {
    return table >= 0 && !m->model.tables[table].knowledge &&
           (table == SH_TABLE_PERSON || sh_model_column(m, (uint16_t)table, "person") >= 0);
}

static bool merges(const struct sh_build *b, const struct collecting *c) {
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].kind == SH_PARTIAL_NOT ||
            (c->at[i].distinct_of >= 0 && !is_personal(b->rules->model, c->at[i].distinct_of)))
            return false;
    return true;
}

/* Each aggregate is over the rows of one of the two tables. */
static sh_code check_sides(struct sh_build *b, const struct collecting *c) {
    const struct sh_rule *r = b->rule;
    for (size_t i = 0; i < c->n; i++)
        if ((c->at[i].slots >> r->slot_b & 1) && (c->at[i].slots >> r->subject & 1))
            return sh_yaml_fail(
                b->err, sh_yaml_get(b->root, "hit"),
                "an aggregate is over one of the two tables: name the columns of %s with their table",
                b->rules->model->model.tables[r->table_b].name);
    return SH_OK;
}

sh_code sh_build_reach(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    struct collecting c = {.b = b};
    if (r->table == SH_TABLE_STOCK_MOVE && r->shape == SH_SHAPE_ROW)
        return sh_yaml_fail(
            b->err, sh_yaml_get(b->root, "each"),
            "rows of stock_move are of institutions: put them into groups, each: [institution, item, month]");
    r->reach = is_of_one_person(b) && !r->has_b && r->shape != SH_SHAPE_STAT ? SH_REACH_TIMELINE
                                                                             : SH_REACH_EXCHANGED;
    if (r->reach == SH_REACH_TIMELINE)
        return SH_OK;
    if (r->shape == SH_SHAPE_GROUP || r->shape == SH_SHAPE_STAT) {
        c.at = sh_new(b->arena, struct sh_partial, SH_PARTIALS_MAX);
        if (!c.at)
            return sh_fail(b->err, SH_E_NOMEM, "no room for the aggregates of a rule");
        SH_TRY(collect_all(&c));
    }
    const bool by_group = c.at && merges(b, &c) && !r->blame && !has_point_key(r) &&
                          (r->amount == SH_AMOUNT_ZERO || r->amount == SH_AMOUNT_EXPR);
    if (by_group)
        r->reach = SH_REACH_MERGED, r->partials = c.at, r->n_partials = c.n;
    if (r->shape == SH_SHAPE_STAT && !by_group)
        return sh_yaml_fail(
            b->err, sh_yaml_get(b->root, "value"),
            "a statistic is made of sum, count, min, max, any, every, and distinct(person), (encounter) or "
            "(stay)");
    SH_TRY(check_stages_after(b));
    if (r->open_remind)
        return sh_yaml_fail(b->err, sh_yaml_get(b->root, "open"),
                            "this rule brings rows of many persons together, after the fact: there is no one "
                            "encounter that is open, leave 'open' out");
    SH_TRY(check_related(b));
    if (!r->has_b)
        return SH_OK;
    const struct sh_yaml *where = sh_yaml_get(b->root, "where");
    if (where)
        return sh_yaml_fail(b->err, where,
                            "a group of two tables has no 'where': say it inside its aggregates");
    if (!by_group)
        return sh_yaml_fail(
            b->err, sh_yaml_get(b->root, "of"),
            "a group of two tables is judged by sums, counts and extremes; its amount is 0 or an expression");
    return check_sides(b, &c);
}
