/* Shape stat: a value per key, held against those of its peers. */
#include "rule/build.h"
#include "rule/model.h"

sh_code sh_build_stat_shape(struct sh_build *b) {
    static const char *const others[] = {"hit",    "window", "pair", "in",   "within",
                                         "amount", "blame",  "with", "lines"};
    struct sh_rule *r = b->rule;
    const struct sh_yaml *each = sh_yaml_get(b->root, "each");
    r->shape = SH_SHAPE_STAT;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct sh_yaml *other = sh_yaml_get(b->root, others[i]);
        if (other)
            return sh_yaml_fail(b->err, other, "a statistic (value, of, peers, bound) has no '%s'",
                                others[i]);
    }
    if (each->kind != SH_YAML_TEXT)
        return sh_yaml_fail(b->err, each,
                            "a statistic says whose rows it counts: 'each: line', and its keys under 'of'");
    SH_TRY(sh_build_table(b, each, each->text, &r->table));
    const char *name = b->rules->model->model.tables[r->table].name;
    SH_TRY(sh_build_variable(b, each, sh_str_of(name), r->table, true, &r->subject));
    return sh_build_variable(b, each, SH_STR("stat"), SH_MODEL_STAT, true, &r->stat);
}

sh_code sh_build_stat_keys(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *of, *peers;
    const sh_code no_of = sh_yaml_need(b->root, "of", SH_YAML_LIST, &of, b->err);
    if (no_of != SH_OK)
        return sh_build_note(b, no_of);
    const sh_code no_peers = sh_yaml_need(b->root, "peers", SH_YAML_LIST, &peers, b->err);
    if (no_peers != SH_OK)
        return sh_build_note(b, no_peers);
    SH_TRY(sh_build_key_list(b, of));
    if (peers->n == 0 || peers->n > sizeof(r->peers) / sizeof(r->peers[0]))
        return sh_build_note(b, sh_yaml_fail(b->err, peers, "1 to %zu peer keys: [institution.kind, month]",
                                             sizeof(r->peers) / sizeof(r->peers[0])));
    for (size_t i = 0; i < peers->n; i++) {
        const struct sh_yaml *item = peers->items[i];
        if (item->kind != SH_YAML_TEXT || item->text.len == 0)
            return sh_build_note(b,
                                 sh_yaml_fail(b->err, item, "a key is one text: institution.kind, month …"));
        r->peers[i] = (struct sh_rule_key){.kind = SH_RULE_KEY_EXPR, .text = item->text};
        SH_TRY(sh_build_note(b, sh_build_expr(b, item, 0, item->text, SH_BUILD_ROW, &r->peers[i].expr)));
    }
    r->n_peers = peers->n;
    return SH_OK;
}

sh_code sh_build_stat_value(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *value = sh_yaml_get(b->root, "value"), *bound,
                         *level = sh_yaml_get(b->root, "level");
    if (level && r->level != SH_LEVEL_INDICATOR)
        return sh_yaml_fail(b->err, level, "a statistic is an indicator, never a verdict: level: indicator");
    r->level = SH_LEVEL_INDICATOR;
    r->amount = SH_AMOUNT_ZERO;
    if (value->kind != SH_YAML_TEXT || value->text.len == 0)
        return sh_yaml_fail(b->err, value, "value is one expression: sum(amount where …) / sum(amount)");
    SH_TRY(sh_build_expr(b, value, 0, value->text, SH_BUILD_OWN, &r->value));
    if (sh_expr_type(r->value).kind != SH_KIND_NUMBER)
        return sh_yaml_fail(b->err, value, "the value of a statistic is a number");
    SH_TRY(sh_yaml_need(b->root, "bound", SH_YAML_TEXT, &bound, b->err));
    SH_TRY(sh_build_expr(b, bound, 0, bound->text, SH_BUILD_ROW, &r->bound));
    if (sh_expr_type(r->bound).kind != SH_KIND_NUMBER || sh_expr_type(r->bound).unit != SH_UNIT_NONE)
        return sh_yaml_fail(b->err, bound,
                            "bound is a plain number: how many times 1.4826 × MAD above the median");
    r->hit = sh_new(b->arena, struct sh_named_expr, 1);
    if (!r->hit)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the conditions");
    r->n_hit = 1;
    return sh_build_expr(b, value, 0, SH_STR("stat.value > stat.bound"), SH_BUILD_ROW, &r->hit[0].expr);
}
