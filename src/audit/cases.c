/* The cases written beside rules, run through the engine. */
#include "audit/memlake.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/limits.h"
#include <assert.h>
#include <string.h>

struct runner {
    const struct sh_rules_options *options;
    FILE *out;
    struct sh_rules_test_result *result;
};

/* One case under way. */
struct test {
    struct runner *runner;
    const struct sh_rule *rule;
    const struct sh_rule_case *c;
    struct sh_memlake lake;
    const struct sh_chunk_findings *findings;
    const struct sh_answers *answers;
    bool failed;
};

static void fail(struct test *t, const char *format, ...) SH_PRINTF(2, 3);
static void fail(struct test *t, const char *format, ...) {
    t->failed = true;
    if (!t->runner->out)
        return;
    char what[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(what, sizeof(what), format, values);
    va_end(values);
    (void)fprintf(t->runner->out, "%.*s:%u: %.*s: %s\n", SH_ARG(t->rule->file), t->c->line,
                  SH_ARG(t->c->about), what);
}

static bool lines_agree(const struct test *t, const struct sh_finding *f, const struct sh_yaml *lines) {
    size_t blamed = 0;
    for (size_t i = 0; i < f->n_lines; i++) {
        if (!f->lines[i].blamed)
            continue;
        blamed++;
        bool wanted = false;
        for (size_t j = 0; j < lines->n; j++) {
            int64_t position = 0;
            if (sh_decimal_scan(lines->items[j]->text.at, lines->items[j]->text.len, 0, &position) ==
                SH_DECIMAL_OK)
                wanted |= position == t->lake.line_of_row[f->lines[i].row];
        }
        if (!wanted)
            return false;
    }
    return blamed == lines->n;
}

static bool agrees(const struct test *t, const struct sh_finding *f, const struct sh_yaml *want) {
    const struct sh_yaml *amount = sh_yaml_get(want, "amount"), *lines = sh_yaml_get(want, "lines");
    const struct sh_str level = sh_yaml_text(want, "level"), name = sh_yaml_text(want, "name"),
                        say = sh_yaml_text(want, "say");
    int64_t fen;
    if (amount && (sh_decimal_scan(amount->text.at, amount->text.len, 2, &fen) != SH_DECIMAL_OK ||
                   !f->amount_known || f->amount_fen != fen))
        return false;
    if (lines && lines->kind == SH_YAML_LIST && !lines_agree(t, f, lines))
        return false;
    static const char *const levels[] = {[SH_LEVEL_INDICATOR] = "indicator",
                                         [SH_LEVEL_SUSPECTED] = "suspected",
                                         [SH_LEVEL_CERTAIN] = "certain"};
    if (level.len > 0 && !sh_str_is(level, levels[f->level]))
        return false;
    if (name.len > 0) {
        bool found = false;
        for (size_t h = 0; h < t->rule->n_hit; h++)
            found |= sh_str_eq(t->rule->hit[h].name, name) &&
                     sh_str_eq(sh_expr_text(t->rule->hit[h].expr), f->deciding);
        if (!found)
            return false;
    }
    return say.len == 0 || sh_str_eq(say, f->say);
}

static void describe(struct test *t) {
    for (size_t i = 0; t->runner->out && i < t->findings->n; i++) {
        const struct sh_finding *f = &t->findings->findings[i];
        (void)fprintf(t->runner->out, "    found: amount %s%lld.%02lld, %s, lines",
                      f->amount_known ? "" : "unknown ", (long long)f->amount_fen / 100,
                      (long long)f->amount_fen % 100,
                      f->level == SH_LEVEL_CERTAIN     ? "certain"
                      : f->level == SH_LEVEL_SUSPECTED ? "suspected"
                                                       : "indicator");
        for (size_t l = 0; l < f->n_lines; l++)
            if (f->lines[l].blamed)
                (void)fprintf(t->runner->out, " %d", t->lake.line_of_row[f->lines[l].row]);
        (void)fprintf(t->runner->out, ": %.*s\n", SH_ARG(f->say));
    }
    const struct sh_rule_answers *r = &t->answers->rules[0];
    for (size_t i = 0; t->runner->out && i < r->n_fields; i++)
        (void)fprintf(t->runner->out, "    %s: %.*s\n", r->fields[i].exempt ? "exempt" : "not evaluated",
                      SH_ARG(r->fields[i].field));
}

/* Every wanted hit needs a finding of its own. */
static void compare_hits(struct test *t, const struct sh_yaml *hits) {
    bool used[64] = {false};
    if (hits->n != t->findings->n || hits->n > sizeof(used)) {
        fail(t, "%zu hits instead of %zu", t->findings->n, hits->n);
        return;
    }
    for (size_t i = 0; i < hits->n; i++) {
        bool found = false;
        for (size_t j = 0; j < t->findings->n && !found; j++)
            if (!used[j] && agrees(t, &t->findings->findings[j], hits->items[i]))
                used[j] = found = true;
        if (!found)
            fail(t, "no finding is as hit %zu wants it", i + 1);
    }
}

static void compare_answers(struct test *t) {
    const struct sh_yaml *hits = sh_yaml_get(t->c->node, "hits");
    const struct sh_str exempt = sh_yaml_text(t->c->node, "exempt"),
                        missing = sh_yaml_text(t->c->node, "not_evaluated");
    const struct sh_rule_answers *r = &t->answers->rules[0];
    if (hits)
        compare_hits(t, hits);
    else if (t->findings->n > 0)
        fail(t, "%zu hits where none is wanted", t->findings->n);
    int64_t n = 0;
    if (exempt.len > 0 && (sh_decimal_scan(exempt.at, exempt.len, 0, &n) != SH_DECIMAL_OK ||
                           (int64_t)r->of[SH_ANSWER_EXEMPT].subjects != n))
        fail(t, "%llu exempt instead of %.*s", (unsigned long long)r->of[SH_ANSWER_EXEMPT].subjects,
             SH_ARG(exempt));
    bool found = missing.len == 0;
    for (size_t i = 0; i < r->n_fields; i++)
        found |= !r->fields[i].exempt && sh_str_eq(r->fields[i].field, missing);
    if (!found)
        fail(t, "nothing is left unevaluated for %.*s", SH_ARG(missing));
    if (missing.len == 0 && r->of[SH_ANSWER_NOT_EVALUATED].subjects > 0)
        fail(t, "something is left unevaluated");
}

static void worker_free(struct sh_audit_worker **w) {
    sh_audit_worker_free(*w);
}

static sh_code run_case(struct runner *runner, struct sh_rules *rules, const struct sh_rule *rule,
                        const struct sh_rule_case *c, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test t = {.runner = runner, .rule = rule, .c = c};
    char file[SH_PATH_BYTES_MAX];
    (void)snprintf(file, sizeof(file), "%.*s", SH_ARG(rule->file));
    struct sh_rule *fresh; /* binding writes into a rule, so each case has its own */
    SH_TRY(sh_rule_compile(rule->text, file, rules, &arena, &fresh, err));
    struct sh_rules one = *rules;
    one.rules = fresh;
    one.n_rules = 1;
    fresh->state = fresh->state == SH_STATE_DRAFT ? SH_STATE_TRIAL : fresh->state;
    SH_TRY(sh_memlake_build(c->node, &arena, &t.lake, err));
    char place[16];
    (void)snprintf(place, sizeof(place), "%.*s", SH_ARG(c->place));
    const struct sh_plan_options options = {
        .as_of = INT32_MAX, .place = place, .incomplete = t.lake.incomplete};
    struct sh_plan *plan;
    SH_TRY(sh_plan_make(&one, &t.lake.dicts, &options, &arena, &plan, err));
    SH_CLEANUP(worker_free) struct sh_audit_worker *worker = NULL;
    SH_TRY(sh_audit_worker_new(plan, &worker, err));
    struct sh_chunk_findings findings;
    SH_TRY(sh_audit_chunk(worker, &t.lake.chunk, &findings, err));
    t.findings = &findings;
    t.answers = sh_audit_worker_answers(worker);
    t.rule = fresh;
    compare_answers(&t);
    if (t.failed)
        describe(&t);
    runner->result->cases++;
    runner->result->failed += t.failed;
    return SH_OK;
}

/* Cases of one place: rules and knowledge as that place has them. */
static sh_code run_place(struct runner *runner, const char *place, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rules_options options = *runner->options;
    options.place = place;
    struct sh_rules *rules;
    SH_TRY(sh_rules_load(&options, &arena, runner->out, &rules, err));
    for (size_t i = 0; i < rules->n_rules; i++)
        for (size_t c = 0; c < rules->rules[i].n_cases; c++) {
            const struct sh_rule_case *one = &rules->rules[i].cases[c];
            if (!sh_str_is(one->place, place))
                continue;
            const sh_code code = run_case(runner, rules, &rules->rules[i], one, err);
            if (code == SH_E_NOMEM || code == SH_E_INTERNAL)
                return code;
            if (code != SH_OK) { /* a case that cannot run has failed */
                runner->result->cases++;
                runner->result->failed++;
                if (runner->out)
                    (void)fprintf(runner->out, "%.*s:%u: %.*s: %s\n", SH_ARG(rules->rules[i].file), one->line,
                                  SH_ARG(one->about), err->message);
            }
        }
    return SH_OK;
}

sh_code sh_rules_test(const struct sh_rules_options *given, const char *only, FILE *out,
                      struct sh_rules_test_result *ret, struct sh_err *err) {
    assert(given && ret);
    struct sh_err local;
    err = err ? err : &local;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rules_options options = *given;
    options.place = "000000";
    if (only)
        options.only = &only, options.n_only = 1;
    *ret = (struct sh_rules_test_result){0};
    struct sh_rules *rules;
    SH_TRY(sh_rules_load(&options, &arena, out, &rules, err));
    struct runner runner = {.options = &options, .out = out, .result = ret};
    const char *places[64] = {"000000"};
    size_t n = 1;
    for (size_t i = 0; i < rules->n_rules; i++) {
        ret->rules++;
        ret->rules_without_cases += rules->rules[i].n_cases == 0;
        for (size_t c = 0; c < rules->rules[i].n_cases; c++) {
            bool known = false;
            for (size_t p = 0; p < n; p++)
                known |= sh_str_is(rules->rules[i].cases[c].place, places[p]);
            if (known)
                continue;
            if (n == sizeof(places) / sizeof(places[0]))
                return sh_fail(err, SH_E_LIMIT, "the cases name more than %zu places", n);
            places[n] =
                sh_arena_dup(&arena, rules->rules[i].cases[c].place.at, rules->rules[i].cases[c].place.len);
            if (!places[n++])
                return sh_fail(err, SH_E_NOMEM, "no room for a place");
        }
    }
    for (size_t p = 0; p < n; p++)
        SH_TRY(run_place(&runner, places[p], err));
    return SH_OK;
}
