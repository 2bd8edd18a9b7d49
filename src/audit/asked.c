/* What decides the findings beside the lake: the rules that run, and the texts they read. */
#include "audit/plan.h"
#include "audit/run.h"
#include "base/hash.h"
#include <string.h>

bool sh_rule_runs(const struct sh_rule *rule, unsigned stage) {
    return rule->state != SH_STATE_DRAFT && (stage == 0 || (rule->stages & stage) != 0);
}

static struct sh_run_rule run_rule(const struct sh_rule *r) {
    return (struct sh_run_rule){r->id, r->name, sh_str_of(r->version), r->national_code, r->national_number};
}

sh_code sh_run_rules_fill(const struct sh_plan *plan, struct sh_arena *arena, struct sh_run_rule **ret,
                          struct sh_err *err) {
    *ret = sh_new(arena, struct sh_run_rule, sh_plan_rules(plan) + 1);
    if (!*ret)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules of a run");
    for (size_t i = 0; i < sh_plan_rules(plan); i++)
        (*ret)[i] = run_rule(sh_plan_rule(plan, i));
    return SH_OK;
}

/* ---- texts beside the rules --------------------------------------------------------------------- */

void sh_put_number(struct sh_buf *text, int64_t v) {
    sh_buf_addf(text, "%lld\n", (long long)v);
}

void sh_put_text(struct sh_buf *text, struct sh_str s) {
    sh_buf_addf(text, "%zu:", s.len);
    sh_buf_add_str(text, s);
    sh_buf_add_char(text, '\n');
}

static void put_knowledge(const struct sh_knowledge *k, struct sh_buf *text) {
    for (uint32_t r = 0; r < k->n_rows; r++) {
        const struct sh_knowledge_row *row = &k->rows[r];
        sh_put_text(text, k->points[row->point]);
        sh_put_number(text, row->from), sh_put_number(text, row->to),
            sh_put_number(text, (int64_t)row->level);
        for (uint16_t c = 0; c < k->n_columns; c++)
            sh_put_text(text, row->cells[c]);
    }
}

static void put_params(const struct sh_params *params, struct sh_buf *text) {
    for (size_t i = 0; params && i < params->n; i++) {
        const struct sh_param *p = &params->rows[i];
        sh_put_text(text, p->name), sh_put_text(text, p->place), sh_put_text(text, p->unit);
        sh_put_number(text, p->from), sh_put_number(text, p->to), sh_put_number(text, p->value),
            sh_put_number(text, p->scale);
    }
}

struct naming {
    struct sh_arena *arena;
    struct sh_run_texts *ret;
    struct sh_buf text;
};

static void naming_end(struct naming *n) {
    sh_buf_free(&n->text);
}

/* Of what stands in the buffer, which is empty again after it. */
static sh_code add(struct naming *n, const char *kind, struct sh_str name, struct sh_err *err) {
    char *hex = sh_new(n->arena, char, 2 * SH_DIGEST_BYTES + 1);
    size_t len = 0;
    const char *whole = sh_arena_printf(n->arena, &len, "%s%s%.*s", kind, name.len ? " " : "", SH_ARG(name));
    uint8_t bytes[SH_DIGEST_BYTES];
    if (!hex || !whole)
        return sh_fail(err, SH_E_NOMEM, "no room for the texts of a run");
    SH_TRY(sh_buf_check(&n->text, err));
    SH_TRY(sh_digest_of(SH_DIGEST_SHA256, n->text.at ? n->text.at : "", n->text.len, bytes, err));
    sh_hex(bytes, sizeof bytes, hex);
    sh_buf_clear(&n->text);
    n->ret->of[n->ret->n++] = (struct sh_run_text){{whole, len}, sh_str_of(hex)};
    return SH_OK;
}

sh_code sh_run_texts_name(const struct sh_rules *rules, struct sh_arena *arena, struct sh_run_texts *ret,
                          struct sh_err *err) {
    SH_CLEANUP(naming_end) struct naming n = {.arena = arena, .ret = ret};
    *ret = (struct sh_run_texts){
        .of = sh_new(arena, struct sh_run_text, rules->n_views + rules->n_knowledge + 2)};
    if (!ret->of)
        return sh_fail(err, SH_E_NOMEM, "no room for the texts of a run");
    for (size_t i = 0; i < rules->n_views; i++) {
        sh_put_text(&n.text, rules->views[i].rule->text);
        SH_TRY(add(&n, "view", rules->views[i].rule->id, err));
    }
    for (size_t i = 0; i < rules->n_knowledge; i++) {
        put_knowledge(&rules->knowledge[i], &n.text);
        SH_TRY(add(&n, SH_RUN_KNOWLEDGE, rules->knowledge[i].name, err));
    }
    put_params(rules->params, &n.text);
    return add(&n, "params", SH_STR(""), err);
}

sh_code sh_audit_asked(const struct sh_rules_options *options, struct sh_arena *arena, struct sh_asked *ret,
                       struct sh_err *err) {
    struct sh_rules *rules = NULL;
    SH_TRY(sh_rules_load(options, arena, NULL, &rules, err));
    *ret = (struct sh_asked){.rules = sh_new(arena, struct sh_run_rule, rules->n_rules + 1)};
    if (!ret->rules)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules of a place");
    for (size_t i = 0; i < rules->n_rules; i++)
        if (sh_rule_runs(&rules->rules[i], 0))
            ret->rules[ret->n_rules++] = run_rule(&rules->rules[i]);
    return sh_run_texts_name(rules, arena, &ret->texts, err);
}
