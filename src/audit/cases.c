/* The cases written beside rules, run through the engine. */
#include "audit/cases.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>
#include <string.h>

/* One case under way. */
struct test {
    FILE *out;
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
    if (!t->out)
        return;
    char what[512];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(what, sizeof(what), format, values);
    va_end(values);
    (void)fprintf(t->out, "%.*s:%u: %.*s: %s\n", SH_ARG(t->rule->file), t->c->line, SH_ARG(t->c->about),
                  what);
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
    for (size_t i = 0; t->out && i < t->findings->n; i++) {
        const struct sh_finding *f = &t->findings->findings[i];
        (void)fprintf(t->out, "    found: amount %s%lld.%02lld, %s, lines", f->amount_known ? "" : "unknown ",
                      (long long)f->amount_fen / 100, (long long)f->amount_fen % 100,
                      f->level == SH_LEVEL_CERTAIN     ? "certain"
                      : f->level == SH_LEVEL_SUSPECTED ? "suspected"
                                                       : "indicator");
        for (size_t l = 0; l < f->n_lines; l++)
            if (f->lines[l].blamed)
                (void)fprintf(t->out, " %d", t->lake.line_of_row[f->lines[l].row]);
        (void)fprintf(t->out, ": %.*s\n", SH_ARG(f->say));
    }
    const struct sh_rule_answers *r = &t->answers->rules[0];
    for (size_t i = 0; t->out && i < r->n_fields; i++)
        (void)fprintf(t->out, "    %s: %.*s\n", r->fields[i].exempt ? "exempt" : "not evaluated",
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

sh_code sh_case_run(const struct sh_rules *rules, const struct sh_rule *rule, struct sh_str text,
                    const struct sh_rule_case *c, FILE *out, bool *ret_failed, struct sh_err *err) {
    assert(rules && rule && c && ret_failed);
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test t = {.out = out, .c = c};
    char file[SH_PATH_BYTES_MAX];
    (void)snprintf(file, sizeof(file), "%.*s", SH_ARG(rule->file));
    struct sh_rules one = *rules;
    struct sh_rule *fresh; /* binding writes into a rule, so each case has its own */
    SH_TRY(sh_rule_compile(text, file, &one, &arena, &fresh, err));
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
    if (fresh->reach != SH_REACH_TIMELINE) /* rows of institutions come in a chunk of their own */
        SH_TRY(sh_audit_chunk(worker, &t.lake.institutions, &findings, err));
    SH_TRY(sh_audit_chunk(worker, &t.lake.chunk, &findings, err));
    SH_CLEANUP(worker_free) struct sh_audit_worker *joiner = NULL;
    if (fresh->reach != SH_REACH_TIMELINE) {
        SH_TRY(sh_audit_worker_new(plan, &joiner, err));
        SH_TRY(sh_audit_join_own(worker, joiner, &findings, err));
    }
    t.findings = &findings;
    t.answers = sh_audit_worker_answers(worker);
    t.rule = fresh;
    compare_answers(&t);
    if (t.failed)
        describe(&t);
    *ret_failed = t.failed;
    return SH_OK;
}

/* ---- the clock of a case ------------------------------------------------------------------------- */

static bool day_in_force(const struct sh_rule *rule, struct sh_str text, bool *is_dated) {
    int64_t time;
    if (text.len < 10 || sh_time_scan(text.at, text.len, &time) != SH_DATE_OK)
        return false;
    *is_dated = true;
    const int64_t day = time >= 0 ? time / 86400 : -((86399 - time) / 86400);
    return day >= rule->from && day < rule->to;
}

bool sh_case_in_force(const struct sh_rule *rule, const struct sh_rule_case *c) {
    static const char *const clocks[] = {"time", "from", "to", "day"};
    bool is_dated = false, found = false;
    for (size_t i = 0; i < c->node->n; i++) {
        const struct sh_yaml *list = c->node->entries[i].value;
        for (size_t r = 0; list->kind == SH_YAML_LIST && r < list->n; r++)
            for (size_t k = 0; k < sizeof(clocks) / sizeof(clocks[0]); k++)
                found |= day_in_force(rule, sh_yaml_text(list->items[r], clocks[k]), &is_dated);
    }
    return found || !is_dated;
}

/* A case outside the rule's validity can only show that the rule does not bind there. */
static bool clock_is_wrong(const struct sh_rule *rule, const struct sh_rule_case *c) {
    const struct sh_yaml *hits = sh_yaml_get(c->node, "hits");
    const bool shows_nothing =
        hits && hits->n == 0 && !sh_yaml_get(c->node, "exempt") && !sh_yaml_get(c->node, "not_evaluated");
    return !shows_nothing && !sh_case_in_force(rule, c);
}

/* ---- places -------------------------------------------------------------------------------------- */

size_t sh_case_place(const struct sh_case_places *places, const struct sh_rule_case *c) {
    for (size_t p = 0; p < places->n; p++)
        if (sh_str_is(c->place, places->place[p]))
            return p;
    return 0;
}

sh_code sh_case_places_load(const struct sh_rules_options *given, struct sh_arena *arena, FILE *out,
                            struct sh_case_places *ret, struct sh_err *err) {
    struct sh_rules_options options = *given;
    options.place = "000000";
    ret->place[0] = options.place;
    ret->n = 1;
    SH_TRY(sh_rules_load(&options, arena, out, &ret->rules[0], err));
    for (size_t i = 0; i < ret->rules[0]->n_rules; i++)
        for (size_t c = 0; c < ret->rules[0]->rules[i].n_cases; c++) {
            const struct sh_str place = ret->rules[0]->rules[i].cases[c].place;
            if (sh_str_is(place, ret->place[sh_case_place(ret, &ret->rules[0]->rules[i].cases[c])]))
                continue;
            if (ret->n == sizeof(ret->place) / sizeof(ret->place[0]))
                return sh_fail(err, SH_E_LIMIT, "the cases name more than %zu places", ret->n);
            ret->place[ret->n] = sh_arena_dup(arena, place.at, place.len);
            if (!ret->place[ret->n])
                return sh_fail(err, SH_E_NOMEM, "no room for a place");
            options.place = ret->place[ret->n];
            SH_TRY(sh_rules_load(&options, arena, out, &ret->rules[ret->n++], err));
        }
    return SH_OK;
}

/* ---- all cases ----------------------------------------------------------------------------------- */

static sh_code test_one(const struct sh_case_places *places, const struct sh_rule *rule,
                        const struct sh_rule_case *c, FILE *out, struct sh_rules_test_result *result,
                        struct sh_err *err) {
    bool failed = true;
    const sh_code code =
        sh_case_run(places->rules[sh_case_place(places, c)], rule, rule->text, c, out, &failed, err);
    if (code == SH_E_NOMEM || code == SH_E_INTERNAL)
        return code;
    result->cases++;
    if (code != SH_OK && out) /* a case that cannot run has failed */
        (void)fprintf(out, "%.*s:%u: %.*s: %s\n", SH_ARG(rule->file), c->line, SH_ARG(c->about),
                      err->message);
    if (code == SH_OK && clock_is_wrong(rule, c)) {
        failed = true;
        if (out)
            (void)fprintf(out, "%.*s:%u: %.*s: no date of this case lies in the rule's validity\n",
                          SH_ARG(rule->file), c->line, SH_ARG(c->about));
    }
    result->failed += code != SH_OK || failed;
    return SH_OK;
}

/* A rule that its layer switched off: the layer's cases show what the nation's rule would find, so they want
 * nothing. Cases of the wider rule are not its own. */
static void test_off(const struct sh_rule *rule, FILE *out, struct sh_rules_test_result *result) {
    for (size_t i = 0; i < rule->n_cases; i++) {
        const struct sh_rule_case *c = &rule->cases[i];
        const struct sh_yaml *hits = sh_yaml_get(c->node, "hits");
        if (!c->node->file || !sh_str_eq(sh_layer_of_path(c->node->file), rule->layer))
            continue;
        result->cases++;
        if (hits && hits->n == 0)
            continue;
        result->failed++;
        if (out)
            (void)fprintf(out, "%s:%u: %.*s: a rule that is switched off finds nothing here: hits: []\n",
                          c->node->file, c->line, SH_ARG(c->about));
    }
}

/* The rules that the folder of one layer adds or changes. */
static sh_code test_layer(const struct sh_rules_options *options, FILE *out, struct sh_rules_test_result *ret,
                          struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_case_places places = {.n = 1};
    places.place[0] = options->place;
    SH_TRY(sh_rules_load(options, &arena, out, &places.rules[0], err));
    for (size_t i = 0; i < places.rules[0]->n_rules; i++) {
        const struct sh_rule *rule = &places.rules[0]->rules[i];
        if (!sh_str_is(rule->layer, options->place))
            continue;
        ret->rules++;
        if (rule->is_off)
            test_off(rule, out, ret);
        for (size_t c = 0; c < rule->n_cases && !rule->is_off; c++)
            SH_TRY(test_one(&places, rule, &rule->cases[c], out, ret, err));
    }
    return SH_OK;
}

static sh_code test_layers(const struct sh_rules_options *given, FILE *out, struct sh_rules_test_result *ret,
                           struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    struct sh_rules_options options = *given;
    char dir[SH_PATH_BYTES_MAX];
    bool is_there = false;
    size_t n = 0;
    SH_TRY(sh_path_join(dir, options.rules_dir, "local", err));
    SH_TRY(sh_is_dir(dir, &is_there, err));
    if (!is_there || options.n_only > 0)
        return SH_OK;
    SH_TRY(sh_dir_list(dir, &arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++) {
        options.place = entries[i].name;
        if (entries[i].kind == SH_ENTRY_DIR)
            SH_TRY(test_layer(&options, out, ret, err));
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
    if (only)
        options.only = &only, options.n_only = 1;
    *ret = (struct sh_rules_test_result){0};
    struct sh_case_places places;
    SH_TRY(sh_case_places_load(&options, &arena, out, &places, err));
    const struct sh_rules *rules = places.rules[0];
    for (size_t i = 0; i < rules->n_rules; i++) {
        ret->rules++;
        ret->rules_without_cases += rules->rules[i].n_cases == 0;
        for (size_t c = 0; c < rules->rules[i].n_cases; c++)
            SH_TRY(test_one(&places, &rules->rules[i], &rules->rules[i].cases[c], out, ret, err));
    }
    return test_layers(&options, out, ret, err);
}
