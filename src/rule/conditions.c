/* What a rule says: where, unless, doubt, hit, money, blame, the sentence; and from which stage all this can
 * be known. */
#include "rule/build.h"
#include <assert.h>

static sh_code read_condition(struct sh_build *b, const char *key, enum sh_build_context kind,
                              struct sh_expr **ret) {
    const struct sh_yaml *node = sh_yaml_get(b->root, key);
    return node ? sh_build_note(b, sh_build_condition(b, node, kind, ret)) : SH_OK;
}

static sh_code read_hit(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *node = sh_yaml_get(b->root, "hit");
    if (!node)
        return sh_yaml_fail(b->err, b->root, "the rule lacks 'hit': what is wrong?");
    const size_t n = node->kind == SH_YAML_MAP ? node->n : 1;
    if (node->kind == SH_YAML_LIST || n == 0)
        return sh_yaml_fail(b->err, node, "hit is one condition, or a map of named ones");
    r->hit = sh_new(b->arena, struct sh_named_expr, n);
    if (!r->hit)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the conditions");
    for (size_t i = 0; i < n; i++) {
        const struct sh_yaml *text = node->kind == SH_YAML_MAP ? node->entries[i].value : node;
        if (node->kind == SH_YAML_MAP)
            r->hit[i].name = node->entries[i].key;
        SH_TRY(sh_build_note(b, sh_build_condition(b, text, SH_BUILD_OWN, &r->hit[i].expr)));
    }
    r->n_hit = n;
    return SH_OK;
}

/* ---- money
 * ------------------------------------------------------------------------------------------------------ */

/* NAME( … ) around the whole text: its inside. */
static bool call_inside(struct sh_str text, const char *name, size_t *ret_at, struct sh_str *ret) {
    const size_t n = strlen(name);
    if (!sh_str_starts_with(text, sh_str_of(name)) || text.len < n + 2 || text.at[n] != '(' ||
        text.at[text.len - 1] != ')')
        return false;
    size_t depth = 0;
    for (size_t i = n; i < text.len; i++) {
        depth += text.at[i] == '(';
        depth -= text.at[i] == ')';
        if (depth == 0 && i + 1 < text.len)
            return false; /* excess(a, b) + 1 */
    }
    *ret_at = n + 1;
    *ret = sh_str_sub(text, n + 1, text.len - n - 2);
    return true;
}

static size_t top_level_comma(struct sh_str text) {
    size_t depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        depth += text.at[i] == '(' || text.at[i] == '{' || text.at[i] == '[';
        depth -= text.at[i] == ')' || text.at[i] == '}' || text.at[i] == ']';
        if (text.at[i] == ',' && depth == 0)
            return i;
    }
    return SH_STR_NONE;
}

static sh_code number_at(struct sh_build *b, const struct sh_yaml *node, size_t offset, struct sh_str text,
                         struct sh_expr **ret) {
    while (text.len > 0 && text.at[0] == ' ')
        text = sh_str_sub(text, 1, text.len), offset++;
    struct sh_expr *e = NULL;
    SH_TRY(sh_build_expr(b, node, offset, text, SH_BUILD_OWN, &e));
    if (sh_expr_type(e).kind != SH_KIND_NUMBER)
        return sh_yaml_fail(b->err, node, "'%.*s' is not a number", SH_ARG(text));
    *ret = e;
    return SH_OK;
}

static sh_code read_amount(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *node = sh_yaml_get(b->root, "amount");
    r->amount = SH_AMOUNT_COVERED;
    if (!node)
        return SH_OK;
    if (node->kind != SH_YAML_TEXT || node->text.len == 0)
        return sh_yaml_fail(
            b->err, node,
            "amount is 0, excess(n, N), after(N), the cheaper, or an expression; left out, what is covered");
    const struct sh_str text = node->text;
    struct sh_str inside;
    size_t at;
    if (sh_str_is(text, "0")) {
        r->amount = SH_AMOUNT_ZERO;
        return SH_OK;
    }
    if (sh_str_is(text, "the cheaper")) {
        r->amount = SH_AMOUNT_CHEAPER;
        return r->shape == SH_SHAPE_PAIR ? SH_OK
                                         : sh_yaml_fail(b->err, node, "'the cheaper' belongs to pairs");
    }
    if (call_inside(text, "excess", &at, &inside)) {
        const size_t comma = top_level_comma(inside);
        if (comma == SH_STR_NONE)
            return sh_yaml_fail(b->err, node, "write excess(n, N): what was charged, what is allowed");
        r->amount = SH_AMOUNT_EXCESS;
        SH_TRY(number_at(b, node, at, sh_str_sub(inside, 0, comma), &r->amount_a));
        return number_at(b, node, at + comma + 1, sh_str_sub(inside, comma + 1, inside.len), &r->amount_b);
    }
    if (call_inside(text, "after", &at, &inside)) {
        r->amount = SH_AMOUNT_AFTER;
        if (r->shape != SH_SHAPE_GROUP)
            return sh_yaml_fail(b->err, node,
                                "'after(N)' belongs to groups: what lies beyond their N-th day");
        const size_t comma = top_level_comma(inside);
        if (comma != SH_STR_NONE) {
            const struct sh_str span = sh_str_trim(sh_str_sub(inside, comma + 1, inside.len));
            SH_TRY(sh_build_expr(b, node, (size_t)(span.at - text.at), span, SH_BUILD_OWN, &r->amount_a));
            if (sh_expr_type(r->amount_a).kind != SH_KIND_BOOL)
                return sh_yaml_fail(b->err, node,
                                    "after(N, SPAN): SPAN is a condition: whether calendar days count");
        }
        return number_at(b, node, at, sh_str_sub(inside, 0, comma == SH_STR_NONE ? inside.len : comma),
                         &r->amount_b);
    }
    r->amount = SH_AMOUNT_EXPR;
    SH_TRY(number_at(b, node, 0, text, &r->amount_a));
    if (sh_expr_type(r->amount_a).unit != SH_UNIT_YUAN)
        return sh_yaml_fail(b->err, node, "the amount is not money");
    return SH_OK;
}

sh_code sh_build_conditions(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    SH_TRY(read_condition(b, "where", SH_BUILD_ROW, &r->where));
    SH_TRY(sh_build_note(b, r->shape == SH_SHAPE_STAT ? sh_build_stat_value(b) : read_hit(b)));
    SH_TRY(read_condition(b, "unless", SH_BUILD_OWN, &r->unless));
    SH_TRY(read_condition(b, "doubt", SH_BUILD_OWN, &r->doubt));
    if (r->shape != SH_SHAPE_STAT) /* none, see stat.c */
        SH_TRY(sh_build_note(b, read_amount(b)));
    SH_TRY(read_condition(b, "blame", SH_BUILD_MEMBER, &r->blame));
    const struct sh_yaml *blame = sh_yaml_get(b->root, "blame"), *say = sh_yaml_get(b->root, "say");
    if (blame && r->shape != SH_SHAPE_GROUP)
        SH_TRY(sh_build_note(
            b, sh_yaml_fail(b->err, blame, "'blame' belongs to groups: which of their rows are wrong")));
    if (!say)
        return sh_build_note(
            b, sh_yaml_fail(b->err, b->root, "the rule lacks 'say': the sentence the hospital reads"));
    return sh_build_note(b, sh_build_template(b, say, &r->say));
}

/* ---- stages
 * ----------------------------------------------------------------------------------------------------- */

static unsigned stages_of(const char *known_from) {
    if (!known_from || strcmp(known_from, "order") == 0 || strcmp(known_from, "charge") == 0)
        return SH_STAGE_BEFORE | SH_STAGE_DURING | SH_STAGE_AFTER;
    if (strcmp(known_from, "discharge") == 0 || strcmp(known_from, "settlement") == 0)
        return SH_STAGE_DURING | SH_STAGE_AFTER;
    return SH_STAGE_AFTER;
}

/* Before settlement, what the fund will cover is estimated and marked so (rules-sketch item 33). */
static bool is_estimated(const struct sh_model_table *table, const struct sh_model_column *column) {
    return strcmp(table->name, "line") == 0 &&
           (strcmp(column->name, "covered") == 0 || strcmp(column->name, "quantity") == 0);
}

static sh_code check_stage(struct sh_build *b, const struct sh_expr *e) {
    struct sh_need *needs;
    size_t n;
    const struct sh_rule_model *m = b->rules->model;
    const struct sh_yaml *stages = sh_yaml_get(b->root, "stages");
    if (!e || !stages || b->rule->open_remind)
        return SH_OK;
    SH_TRY(sh_expr_needs(e, b->arena, &needs, &n, b->err));
    for (size_t i = 0; i < n; i++) {
        if (needs[i].column == UINT16_MAX || needs[i].table >= SH_MODEL_FIXED_TABLES)
            continue;
        const struct sh_model_table *table = &m->model.tables[needs[i].table];
        const struct sh_model_column *column = &table->columns[needs[i].column];
        const char *known_from = m->known_from[needs[i].table][needs[i].column];
        const struct sh_str text = sh_expr_text(e);
        if ((b->rule->stages & ~stages_of(known_from)) != 0 && !is_estimated(table, column))
            return sh_yaml_fail(b->err, stages,
                                "'%.*s' reads %s.%s, which is known from %s on; take the earlier stages out, "
                                "or say 'open: remind'",
                                SH_ARG(text), table->name, column->name, known_from);
    }
    return SH_OK;
}

sh_code sh_build_stages(struct sh_build *b) {
    const struct sh_rule *r = b->rule;
    SH_TRY(check_stage(b, r->where));
    for (size_t i = 0; i < r->n_hit; i++)
        SH_TRY(check_stage(b, r->hit[i].expr));
    for (size_t i = 0; i < r->n_keys; i++)
        SH_TRY(check_stage(b, r->keys[i].expr));
    return SH_OK;
}
