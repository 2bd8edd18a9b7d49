/* One rule from its text: the head (who, since when, on what basis), expressions in their contexts, and the
 * whole. */
#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/money.h"
#include "rule/layer.h"
#include <assert.h>

static const char *const rule_keys[] = {
    "rule",       "name",  "national", "level",  "state", "stages",  "basis",  "in_force", "uses",
    "lines",      "each",  "of",       "window", "pair",  "in",      "within", "with",     "where",
    "unless",     "doubt", "hit",      "amount", "blame", "say",     "open",   "cases",    "note",
    "equivalent", "value", "peers",    "bound",  "kind",  "english", "apart"};

sh_code sh_build_note(struct sh_build *b, sh_code code) {
    return sh_reporter_note(b->reporter, code, b->err);
}

sh_code sh_build_unknown(struct sh_build *b, const struct sh_yaml *node, const char *what, struct sh_str word,
                         const char *const *known, size_t n) {
    const char *near = sh_did_you_mean(word, known, n);
    SH_CLEANUP(sh_buf_free) struct sh_buf all = sh_buf_init(400);
    for (size_t i = 0; i < n && !near; i++)
        sh_buf_addf(&all, "%s%s", i ? ", " : "", known[i]);
    return sh_yaml_fail(b->err, node, "unknown %s '%.*s'%s%s%s", what, SH_ARG(word),
                        near ? ", did you mean '" : "; known: ",
                        near      ? near
                        : all.len ? all.at
                                  : "",
                        near ? "'?" : "");
}

/* ---- parameters
 * ------------------------------------------------------------------------------------------------- */

static struct sh_type param_type(const struct sh_param *p) {
    struct sh_type type = {.kind = SH_KIND_NUMBER, .unit = SH_UNIT_NONE, .scale = p->scale, .domain = -1};
    if (sh_str_is(p->unit, "yuan"))
        type.unit = SH_UNIT_YUAN;
    else if (sh_str_is(p->unit, "days"))
        type.unit = SH_UNIT_DAYS;
    else if (sh_str_is(p->unit, "years"))
        type.unit = SH_UNIT_YEARS;
    else if (sh_str_is(p->unit, "months"))
        type.unit = SH_UNIT_MONTHS;
    else if (sh_str_is(p->unit, "hours"))
        type.unit = SH_UNIT_SECONDS;
    return type;
}

static int64_t param_value(const struct sh_param *p) {
    int64_t value = p->value;
    if (value != INT64_MIN && sh_str_is(p->unit, "hours") && sh_mul(value, 3600, &value) != SH_OK)
        return SH_MISSING;
    return value == INT64_MIN ? SH_MISSING : value;
}

/* The value of the place, if it is one and the same all the time the rule is in force. */
static bool find_param(void *ctx, struct sh_str name, struct sh_type *ret_type, int64_t *ret_value) {
    struct sh_build *b = ctx;
    const struct sh_params *params = b->rules->params;
    const struct sh_param *first = sh_param_find(params, name, b->rules->place, b->rule->from);
    if (!first)
        return false;
    *ret_type = param_type(first);
    *ret_value = param_value(first);
    for (size_t i = 0; i < params->n; i++) {
        const struct sh_param *p = &params->rows[i];
        if (!sh_str_eq(p->name, name))
            continue;
        const int32_t days[] = {p->from, p->to};
        for (int d = 0; d < 2; d++) {
            if (days[d] <= b->rule->from || days[d] >= b->rule->to)
                continue;
            const struct sh_param *then = sh_param_find(params, name, b->rules->place, days[d]);
            if (then && (param_value(then) != *ret_value || then->scale != first->scale) && !b->changing)
                b->changing = then;
        }
    }
    return true;
}

static sh_code param_names(struct sh_build *b, const char *const **ret) {
    const struct sh_params *params = b->rules->params;
    const char **names = sh_new(b->arena, const char *, params->n + 1);
    if (!names)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the names of parameters");
    for (size_t i = 0; i < params->n; i++) {
        names[i] = sh_arena_dup(b->arena, params->rows[i].name.at, params->rows[i].name.len);
        if (!names[i])
            return sh_fail(b->err, SH_E_NOMEM, "no room for the names of parameters");
    }
    *ret = names;
    return SH_OK;
}

/* ---- expressions
 * ------------------------------------------------------------------------------------------------ */

static sh_code context_of(struct sh_build *b, enum sh_build_context kind, struct sh_context *ret) {
    struct sh_rule *r = b->rule;
    *ret = (struct sh_context){.model = &b->rules->model->model,
                               .kind = SH_CONTEXT_ROW,
                               .variables = r->variables,
                               .n_variables = r->n_variables,
                               .subject = r->subject,
                               .param = find_param,
                               .param_ctx = b};
    if (kind == SH_BUILD_MEMBER)
        ret->kind = SH_CONTEXT_MEMBER;
    if (kind == SH_BUILD_OWN && r->shape == SH_SHAPE_GROUP)
        ret->kind = SH_CONTEXT_GROUP;
    if (kind == SH_BUILD_OWN && r->shape == SH_SHAPE_STAT)
        ret->kind = SH_CONTEXT_GROUP;
    if (kind == SH_BUILD_OWN && r->shape == SH_SHAPE_WINDOW)
        ret->kind = SH_CONTEXT_WINDOW;
    return param_names(b, &ret->names);
}

static sh_code check_changing(struct sh_build *b, const struct sh_yaml *node) {
    const struct sh_param *p = b->changing;
    b->changing = NULL;
    if (!p)
        return SH_OK;
    char day[SH_DATE_TEXT_MAX] = "the beginning";
    if (p->from != INT32_MIN)
        sh_date_format(p->from, day);
    return sh_yaml_fail(
        b->err, node,
        "parameter %.*s changes while the rule is in force (value from %s); write one rule for each period",
        SH_ARG(p->name), day);
}

sh_code sh_build_expr(struct sh_build *b, const struct sh_yaml *node, size_t offset, struct sh_str text,
                      enum sh_build_context kind, struct sh_expr **ret) {
    struct sh_context context;
    SH_TRY(context_of(b, kind, &context));
    const struct sh_yaml_place at = sh_yaml_place_at(node, offset);
    const struct sh_place place = {.file = node->file, .line = at.line, .column = at.column};
    SH_TRY(sh_expr_compile(text, place, &context, b->arena, ret, b->err));
    return check_changing(b, node);
}

sh_code sh_build_condition(struct sh_build *b, const struct sh_yaml *node, enum sh_build_context kind,
                           struct sh_expr **ret) {
    if (node->kind != SH_YAML_TEXT || node->text.len == 0)
        return sh_yaml_fail(b->err, node, "a condition is one text");
    struct sh_expr *e = NULL;
    SH_TRY(sh_build_expr(b, node, 0, node->text, kind, &e));
    if (sh_expr_type(e).kind != SH_KIND_BOOL)
        return sh_yaml_fail(b->err, node, "this is a value, not a condition; compare it with something");
    *ret = e;
    return SH_OK;
}

sh_code sh_build_template(struct sh_build *b, const struct sh_yaml *node, struct sh_template **ret) {
    if (node->kind != SH_YAML_TEXT || node->text.len == 0)
        return sh_yaml_fail(b->err, node, "say is one text, with {expressions}");
    struct sh_context context;
    SH_TRY(context_of(b, SH_BUILD_OWN, &context));
    const struct sh_yaml_place at = sh_yaml_place_at(node, 0);
    const struct sh_place place = {.file = node->file, .line = at.line, .column = at.column};
    SH_TRY(sh_template_compile(node->text, place, &context, b->arena, ret, b->err));
    return check_changing(b, node);
}

/* ---- head
 * ------------------------------------------------------------------------------------------------------- */

static sh_code need_text(struct sh_build *b, const char *key, struct sh_str *ret) {
    const struct sh_yaml *node;
    SH_TRY(sh_yaml_need(b->root, key, SH_YAML_TEXT, &node, b->err));
    if (node->text.len == 0)
        return sh_yaml_fail(b->err, node, "'%s' is empty", key);
    *ret = node->text;
    return SH_OK;
}

static sh_code read_id(struct sh_build *b) {
    SH_TRY(need_text(b, "rule", &b->rule->id));
    for (size_t i = 0; i < b->rule->id.len; i++) {
        const char c = b->rule->id.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return sh_yaml_fail(b->err, sh_yaml_get(b->root, "rule"),
                                "an id has lower case letters, digits and '-' only");
    }
    return SH_OK;
}

static sh_code read_national(struct sh_build *b) {
    static const char *const keys[] = {"number", "code"};
    const struct sh_yaml *node = sh_yaml_get(b->root, "national");
    if (!node)
        return SH_OK;
    if (node->kind != SH_YAML_MAP)
        return sh_yaml_fail(b->err, node, "national is a map: {number: 27, code: GZ10000102014000}");
    SH_TRY(sh_yaml_only(node, keys, 2, b->err));
    const struct sh_str number = sh_yaml_text(node, "number");
    int64_t value = 0;
    if (sh_decimal_scan(number.at, number.len, 0, &value) != SH_DECIMAL_OK || value < 1 || value > 88)
        return sh_yaml_fail(b->err, sh_yaml_get(node, "number") ? sh_yaml_get(node, "number") : node,
                            "number is 1 … 88, not '%.*s'", SH_ARG(number));
    b->rule->national_number = (int32_t)value;
    b->rule->national_code = sh_yaml_text(node, "code");
    return SH_OK;
}

/* Number of a word in a list; a missing key gives `otherwise`. */
static sh_code read_word(struct sh_build *b, const char *key, const char *const *words, size_t n,
                         int otherwise, int *ret) {
    const struct sh_yaml *node = sh_yaml_get(b->root, key);
    *ret = otherwise;
    if (!node)
        return SH_OK;
    for (size_t i = 0; i < n && node->kind == SH_YAML_TEXT; i++)
        if (sh_str_is(node->text, words[i])) {
            *ret = (int)i;
            return SH_OK;
        }
    return sh_build_unknown(b, node, key, node->text, words, n);
}

/* The kind of violation, a word of kinds.csv. */
static sh_code read_kind(struct sh_build *b) {
    const struct sh_yaml *node = sh_yaml_get(b->root, "kind");
    const struct sh_kinds *kinds = &b->rules->kinds;
    if (!node)
        return SH_OK;
    for (size_t i = 0; i < kinds->n && node->kind == SH_YAML_TEXT; i++)
        if (sh_str_is(node->text, kinds->names[i])) {
            b->rule->kind = node->text, b->rule->kind_basis = kinds->basis[i];
            return SH_OK;
        }
    if (kinds->n == 0)
        return sh_yaml_fail(b->err, node,
                            "no kinds.csv beside the rules says what kinds of violation there are");
    return sh_build_unknown(b, node, "kind", node->text, kinds->names, kinds->n);
}

static sh_code read_stages(struct sh_build *b) {
    static const char *const words[] = {"before", "during", "after"};
    const struct sh_yaml *node = sh_yaml_get(b->root, "stages");
    b->rule->stages = SH_STAGE_AFTER;
    if (!node)
        return SH_OK;
    if (node->kind != SH_YAML_LIST || node->n == 0)
        return sh_yaml_fail(b->err, node, "stages is a list of before, during, after");
    b->rule->stages = 0;
    for (size_t i = 0; i < node->n; i++) {
        const struct sh_yaml *item = node->items[i];
        unsigned stage = 0;
        for (unsigned w = 0; w < 3; w++)
            if (item->kind == SH_YAML_TEXT && sh_str_is(item->text, words[w]))
                stage = 1u << w;
        if (!stage)
            return sh_build_unknown(b, item, "stage", item->text, words, 3);
        b->rule->stages |= stage;
    }
    return SH_OK;
}

static sh_code read_basis(struct sh_build *b) {
    const struct sh_yaml *node;
    SH_TRY(sh_yaml_need(b->root, "basis", SH_YAML_LIST, &node, b->err));
    if (node->n == 0)
        return sh_yaml_fail(b->err, node, "no rule without a basis");
    struct sh_str *basis = sh_new(b->arena, struct sh_str, node->n);
    if (!basis)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the basis of the rule");
    for (size_t i = 0; i < node->n; i++) {
        if (node->items[i]->kind != SH_YAML_TEXT || node->items[i]->text.len == 0)
            return sh_yaml_fail(b->err, node->items[i], "a basis is one text: the paper and the article");
        basis[i] = node->items[i]->text;
    }
    b->rule->basis = basis, b->rule->n_basis = node->n;
    return SH_OK;
}

static sh_code read_in_force(struct sh_build *b) {
    static const char *const keys[] = {"from", "to"};
    const struct sh_yaml *node;
    b->rule->to = INT32_MAX;
    SH_TRY(sh_yaml_need(b->root, "in_force", SH_YAML_MAP, &node, b->err));
    SH_TRY(sh_yaml_only(node, keys, 2, b->err));
    int32_t *const days[] = {&b->rule->from, &b->rule->to};
    for (int i = 0; i < 2; i++) {
        const struct sh_yaml *day = sh_yaml_get(node, keys[i]);
        if (!day && i == 1)
            continue;
        if (!day)
            return sh_yaml_fail(b->err, node, "in_force needs 'from'");
        if (day->kind != SH_YAML_TEXT || sh_date_scan(day->text.at, day->text.len, days[i]) != SH_DATE_OK)
            return sh_yaml_fail(b->err, day, "'%.*s' is no date; write YYYY-MM-DD", SH_ARG(day->text));
    }
    if (b->rule->to <= b->rule->from)
        return sh_yaml_fail(b->err, sh_yaml_get(node, "to"),
                            "the end must lie after the beginning; periods are half-open");
    return SH_OK;
}

/* `KEY: [{WORD: …, because: …}]`; wants: what a reason without words is asked for. */
static sh_code read_reasons(struct sh_build *b, const char *key, const char *word, const char *wants,
                            struct sh_rule_reason **ret, size_t *ret_n) {
    const char *const keys[] = {word, "because"};
    const struct sh_yaml *list = sh_yaml_get(b->root, key);
    if (!list)
        return SH_OK;
    if (list->kind != SH_YAML_LIST)
        return sh_yaml_fail(b->err, list, "%s is a list of {%s: …, because: …}", key, word);
    struct sh_rule_reason *all = sh_new(b->arena, struct sh_rule_reason, list->n + 1);
    if (!all)
        return sh_fail(b->err, SH_E_NOMEM, "no room for what stands in %s", key);
    for (size_t i = 0; i < list->n; i++) {
        const struct sh_yaml *one = list->items[i], *what, *because;
        if (one->kind != SH_YAML_MAP)
            return sh_yaml_fail(b->err, one, "what stands in %s is {%s: …, because: …}", key, word);
        SH_TRY(sh_yaml_only(one, keys, 2, b->err));
        SH_TRY(sh_yaml_need(one, word, SH_YAML_TEXT, &what, b->err));
        SH_TRY(sh_yaml_need(one, "because", SH_YAML_TEXT, &because, b->err));
        if (because->text.len == 0)
            return sh_yaml_fail(b->err, because, "%s", wants);
        all[i] = (struct sh_rule_reason){what->text, because->text, one->place.line};
    }
    *ret = all;
    *ret_n = list->n;
    return SH_OK;
}

sh_code sh_build_equivalents(struct sh_build *b) {
    return read_reasons(b, "equivalent", "mutant", "say why no case can tell them apart",
                        &b->rule->equivalents, &b->rule->n_equivalents);
}

static sh_code read_apart(struct sh_build *b) {
    return read_reasons(b, "apart", "rule", "say which part of a line each of the two counts",
                        &b->rule->apart, &b->rule->n_apart);
}

sh_code sh_build_head(struct sh_build *b) {
    static const char *const levels[] = {"indicator", "suspected", "certain"};
    static const char *const states[] = {"draft", "trial", "suspected", "certain"};
    static const char *const lines[] = {"all", "paid"};
    int word = 0;
    SH_TRY(
        sh_build_note(b, sh_yaml_only(b->root, rule_keys, sizeof(rule_keys) / sizeof(rule_keys[0]), b->err)));
    SH_TRY(sh_build_note(b, read_id(b)));
    SH_TRY(sh_build_note(b, need_text(b, "name", &b->rule->name)));
    const struct sh_str english = sh_yaml_text(b->root, "english");
    b->rule->english = english.len ? english : b->rule->name;
    SH_TRY(sh_build_note(b, read_national(b)));
    SH_TRY(sh_build_note(b, read_word(b, "level", levels, 3, SH_LEVEL_SUSPECTED, &word)));
    b->rule->level = (enum sh_level)word;
    SH_TRY(sh_build_note(b, read_word(b, "state", states, 4, SH_STATE_DRAFT, &word)));
    b->rule->state = (enum sh_state)word;
    SH_TRY(sh_build_note(b, read_word(b, "lines", lines, 2, SH_LINES_ALL, &word)));
    b->rule->lines = (enum sh_lines)word;
    SH_TRY(sh_build_note(b, read_stages(b)));
    SH_TRY(sh_build_note(b, read_kind(b)));
    SH_TRY(sh_build_note(b, read_basis(b)));
    SH_TRY(sh_build_note(b, read_in_force(b)));
    SH_TRY(sh_build_note(b, sh_build_equivalents(b)));
    SH_TRY(sh_build_note(b, read_apart(b)));
    const struct sh_yaml *open = sh_yaml_get(b->root, "open");
    b->rule->open_remind = open && open->kind == SH_YAML_TEXT && sh_str_is(open->text, "remind");
    if (open && !b->rule->open_remind)
        SH_TRY(sh_build_note(b, sh_yaml_fail(b->err, open, "open is 'remind' or left out")));
    return SH_OK;
}

/* ---- the whole
 * -------------------------------------------------------------------------------------------------- */

static sh_code build(struct sh_build *b) {
    const size_t errors_before = b->reporter->n_errors;
    SH_TRY(sh_build_head(b));
    SH_TRY(sh_build_shape(b));
    if (b->rule->n_variables == 0) /* nothing can be compiled without a subject */
        return SH_OK;
    SH_TRY(sh_build_uses(b));
    SH_TRY(sh_build_with(b));
    SH_TRY(sh_build_keys(b));
    SH_TRY(sh_build_conditions(b));
    SH_TRY(sh_build_cases(b));
    if (b->reporter->n_errors == errors_before)
        SH_TRY(sh_build_note(b, sh_build_reach(b)));
    if (b->reporter->n_errors == errors_before)
        SH_TRY(sh_build_note(b, sh_build_stages(b)));
    return SH_OK;
}

static sh_code build_text(const struct sh_laid *laid, const char *file, struct sh_rules *rules,
                          struct sh_arena *arena, struct sh_reporter *reporter, struct sh_rule **ret,
                          struct sh_err *err) {
    const struct sh_str text = laid->text;
    struct sh_err own;
    struct sh_build b = {.rules = rules, .arena = arena, .reporter = reporter, .err = err ? err : &own};
    const char *kept = sh_arena_dup(arena, text.at, text.len);
    const char *name = sh_arena_dup(arena, file, strlen(file));
    b.rule = sh_new(arena, struct sh_rule, 1);
    if (!kept || !name || !b.rule)
        return sh_fail(err, SH_E_NOMEM, "%s: no room for the rule", file);
    *b.rule =
        (struct sh_rule){.file = sh_str_of(name), .text = {kept, text.len}, .knowledge = -1, .to = INT32_MAX};
    (void)snprintf(b.rule->version, sizeof(b.rule->version), "%016llx",
                   (unsigned long long)sh_hash64(kept, text.len, 0));
    *ret = b.rule;
    const sh_code code = sh_yaml_load(name, b.rule->text, arena, &b.root, b.err);
    if (code != SH_OK)
        return sh_build_note(&b, code);
    if (b.root->kind != SH_YAML_MAP)
        return sh_build_note(&b, sh_yaml_fail(b.err, b.root, "a rule is a map of keys"));
    if (laid->origins)
        sh_layer_places(b.root, laid);
    b.rule->layer = laid->layer, b.rule->is_off = laid->is_off;
    SH_TRY(build(&b));
    if (b.rule->is_off) /* never run, whatever state it has where it is on */
        b.rule->state = SH_STATE_DRAFT;
    return SH_OK;
}

sh_code sh_rule_build(struct sh_str text, const char *file, struct sh_rules *rules, struct sh_arena *arena,
                      struct sh_reporter *reporter, struct sh_rule **ret, struct sh_err *err) {
    assert(file && rules && arena && reporter && ret);
    const struct sh_laid alone = {.text = text};
    return build_text(&alone, file, rules, arena, reporter, ret, err);
}

sh_code sh_rule_build_laid(const struct sh_laid *laid, const char *file, struct sh_rules *rules,
                           struct sh_arena *arena, struct sh_reporter *reporter, struct sh_rule **ret,
                           struct sh_err *err) {
    assert(laid && file && rules && arena && reporter && ret);
    return build_text(laid, file, rules, arena, reporter, ret, err);
}

sh_code sh_rule_compile(struct sh_str text, const char *file, struct sh_rules *rules, struct sh_arena *arena,
                        struct sh_rule **ret, struct sh_err *err) {
    struct sh_reporter reporter = {0};
    struct sh_rule *rule = NULL;
    SH_TRY(sh_rule_build(text, file, rules, arena, &reporter, &rule, err));
    if (reporter.n_errors > 0)
        return sh_fail(err, SH_E_INPUT, "%s", reporter.first);
    *ret = rule;
    return SH_OK;
}
