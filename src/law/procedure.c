/* Loads procedures: what is written, checked word by word against registers, roles and itself. */
#include "law/procedure.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "law/facts.h"
#include "law/inner.h"
#include "law/law.h"
#include "law/reading.h"
#include <stdlib.h>

static const char *const ranks[] = {"law",   "interpretation", "regulation", "order", "local_rule",
                                    "paper", "local_paper",    "agreement",  "own"};
static const char *const runnings[] = {"stay", "next_step", "now"};
static const char *const periods[] = {"none", "month", "quarter", "year"};

static sh_code name_pair(const struct sh_yaml *node, struct sh_str *name, struct sh_str *english,
                         struct sh_str otherwise, struct sh_err *err) {
    if (node->kind != SH_YAML_TEXT || node->text.len == 0)
        return sh_yaml_fail(err, node, "a name is written 名称 / english");
    const size_t slash = sh_str_find(node->text, SH_STR(" / "));
    *name = slash == SH_STR_NONE ? node->text : sh_str_sub(node->text, 0, slash);
    *english = slash == SH_STR_NONE ? otherwise : sh_str_sub(node->text, slash + 3, node->text.len);
    return SH_OK;
}

/* Beside a text for people, or the text itself where nobody has put it into English. */
static struct sh_str english_of(const struct sh_yaml *map, const struct sh_yaml *text) {
    const struct sh_str english = sh_yaml_text(map, "english");
    return english.len ? english : text->text;
}

/* ---- states ------------------------------------------------------------------------------------------ */

enum state_mark { MARK_FINAL, MARK_PARTY_SEES, MARK_CONFIRMS, MARK_OVERTURNS, MARK_PRESERVES, MARKS };

/* Lists of states: which are final, what the parties see, what says that a finding was right or wrong, where
 * its evidence is preserved. */
static sh_code mark_states(const struct sh_yaml *map, struct sh_machine *machine, enum state_mark mark,
                           struct sh_err *err) {
    static const char *const keys[MARKS] = {"final", "party_sees", "confirms", "overturns", "preserves"};
    const struct sh_yaml *list = sh_yaml_get(map, keys[mark]);
    for (size_t i = 0; list && i < list->n && list->kind == SH_YAML_LIST; i++) {
        const int32_t at = sh_machine_state(machine, list->items[i]->text);
        if (at < 0)
            return sh_yaml_fail(err, list->items[i], "no state \"%.*s\"", SH_ARG(list->items[i]->text));
        struct sh_state_text *state = (struct sh_state_text *)(uintptr_t)&machine->states[at];
        bool *const flags[MARKS] = {&state->is_final, &state->party_sees, &state->confirms, &state->overturns,
                                    &state->preserves};
        *flags[mark] = true;
    }
    return SH_OK;
}

static sh_code read_states(const struct sh_yaml *map, struct sh_machine *machine, struct sh_arena *arena,
                           struct sh_err *err) {
    const struct sh_yaml *states = NULL;
    SH_TRY(sh_yaml_need(map, "states", SH_YAML_MAP, &states, err));
    if (states->n > 128)
        return sh_yaml_fail(err, states, "more than 128 states");
    struct sh_state_text *of = sh_new(arena, struct sh_state_text, states->n);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for states");
    for (size_t i = 0; i < states->n; i++) {
        of[i].id = states->entries[i].key;
        SH_TRY(name_pair(states->entries[i].value, &of[i].name, &of[i].english, of[i].id, err));
    }
    machine->states = of, machine->n_states = states->n;
    for (int mark = MARK_FINAL; mark < MARKS; mark++)
        SH_TRY(mark_states(map, machine, (enum state_mark)mark, err));
    return SH_OK;
}

/* ---- papers, clocks, gates ---------------------------------------------------------------------------- */

/* {FACT: "n: …", "fen: …", "=words" or FIELD}; a field's own name needs no saying. */
static sh_code read_says(const struct sh_yaml *paper, const struct sh_machine *machine,
                         struct sh_arena *arena, struct sh_paper_text *ret, struct sh_err *err) {
    const struct sh_yaml *map = sh_yaml_get(paper, "says");
    if (!map)
        return SH_OK;
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "says is a map of facts to what they are");
    struct sh_source *of = sh_new(arena, struct sh_source, map->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < map->n; i++) {
        of[i] = (struct sh_source){map->entries[i].key, map->entries[i].value};
        if (!sh_str_starts_with(of[i].from->text, SH_STR("n:")) &&
            !sh_str_starts_with(of[i].from->text, SH_STR("fen:")) &&
            !sh_str_starts_with(of[i].from->text, SH_STR("=")) &&
            sh_machine_field(machine, of[i].from->text) < 0)
            return sh_yaml_fail(
                err, of[i].from,
                "what a paper says is \"n: a number\", \"fen: money\", \"=words\" or a field");
    }
    ret->says = of, ret->n_says = map->n;
    return SH_OK;
}

static sh_code read_papers(const struct sh_yaml *root, struct sh_procedure *p, struct sh_arena *arena,
                           struct sh_err *err) {
    static const char *const known[] = {"name", "english", "document", "to", "number", "lines", "says"};
    const struct sh_yaml *map = sh_yaml_get(root, "papers");
    if (!map)
        return SH_OK;
    struct sh_paper_text *of = sh_new(arena, struct sh_paper_text, map->n);
    if (!of || map->n > SH_PROCEDURE_NAMES_MAX)
        return sh_yaml_fail(err, map, "no room for %zu papers", map->n);
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *node = map->entries[i].value, *name = NULL;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
        SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, err));
        of[i] = (struct sh_paper_text){.id = map->entries[i].key,
                                       .name = name->text,
                                       .english = english_of(node, name),
                                       .document = sh_yaml_text(node, "document"),
                                       .to = sh_yaml_text(node, "to"),
                                       .number = sh_yaml_text(node, "number"),
                                       .lines = sh_yaml_get(node, "lines")};
        of[i].to_party = of[i].to.len == 0 || sh_str_is(of[i].to, "party");
        if (of[i].number.len == 0)
            return sh_yaml_fail(err, node, "a paper has a pattern for its number: \"…〔{year}〕{seq}号\"");
        if (of[i].lines && !sh_yaml_get(root, "items"))
            return sh_yaml_fail(err, of[i].lines, "lines are items: this procedure has none");
        SH_TRY(read_says(node, &p->matter, arena, &of[i], err));
    }
    p->papers = of, p->n_papers = map->n;
    return SH_OK;
}

static int32_t paper_of(const struct sh_procedure *p, struct sh_str id) {
    for (size_t i = 0; i < p->n_papers; i++)
        if (sh_str_eq(p->papers[i].id, id))
            return (int32_t)i;
    return -1;
}

enum sh_period sh_period_scan(struct sh_str text, int32_t *ret_first, int32_t *ret_last) {
    char day[16];
    int32_t first = 0;
    const bool is_quarter = text.len == 7 && text.at[5] == 'Q' && text.at[6] >= '1' && text.at[6] <= '4';
    if (is_quarter)
        (void)snprintf(day, sizeof day, "%.5s%02d-01", text.at, 3 * (text.at[6] - '1') + 1);
    else if (text.len == 7 || text.len == 4)
        (void)snprintf(day, sizeof day, "%.*s%s", SH_ARG(text), text.len == 4 ? "-01-01" : "-01");
    else
        return SH_PERIOD_NONE;
    if (sh_date_scan(day, strlen(day), &first) != SH_DATE_OK)
        return SH_PERIOD_NONE;
    const int32_t months = is_quarter ? 3 : text.len == 4 ? 12 : 1;
    *ret_first = first, *ret_last = sh_add_months(first, months) - 1;
    return is_quarter ? SH_PERIOD_QUARTER : text.len == 4 ? SH_PERIOD_YEAR : SH_PERIOD_MONTH;
}

/* Which step, which paper's service, or which period's end starts a clock. */
static sh_code read_from(const struct sh_yaml *node, const struct sh_procedure *p,
                         struct sh_clock_text *clock, struct sh_err *err) {
    const struct sh_yaml *from = NULL;
    SH_TRY(sh_yaml_need(node, "from", SH_YAML_TEXT, &from, err));
    clock->from_at = -1;
    if (sh_str_is(from->text, "opened")) {
        clock->from = SH_FROM_OPENED;
        return SH_OK;
    }
    if (sh_str_is(from->text, "period_ends")) {
        clock->from = SH_FROM_PERIOD;
        return p->period != SH_PERIOD_NONE ? SH_OK
                                           : sh_yaml_fail(err, from, "the procedure has no period to end");
    }
    if (sh_str_starts_with(from->text, SH_STR("served(")) && sh_str_ends_with(from->text, SH_STR(")"))) {
        clock->from = SH_FROM_SERVED;
        clock->from_at = paper_of(p, sh_str_sub(from->text, 7, from->text.len - 8));
        return clock->from_at >= 0 ? SH_OK
                                   : sh_yaml_fail(err, from, "no paper of that name: nothing produces it");
    }
    clock->from = SH_FROM_STEP;
    clock->from_at = sh_machine_step(&p->matter, from->text);
    return clock->from_at >= 0
               ? SH_OK
               : sh_yaml_fail(
                     err, from,
                     "a clock starts at opened, period_ends, at a step, or at served(paper); \"%.*s\" "
                     "is none",
                     SH_ARG(from->text));
}

/* "10 wd", or param(name) that there is. */
static sh_code read_length(const struct sh_yaml *node, const struct sh_params *params,
                           struct sh_str *ret_length, struct sh_str *ret_param, struct sh_err *err) {
    const struct sh_yaml *length = NULL;
    SH_TRY(sh_yaml_need(node, "length", SH_YAML_TEXT, &length, err));
    if (sh_str_starts_with(length->text, SH_STR("param(")) && sh_str_ends_with(length->text, SH_STR(")"))) {
        *ret_param = sh_str_sub(length->text, 6, length->text.len - 7);
        for (size_t i = 0; i < params->n; i++)
            if (sh_str_eq(params->rows[i].name, *ret_param))
                return SH_OK;
        return sh_yaml_fail(err, length, "no parameter \"%.*s\"", SH_ARG(*ret_param));
    }
    struct sh_length parsed;
    *ret_length = length->text;
    struct sh_err inner;
    return sh_length_parse(length->text, &parsed, &inner) == SH_OK
               ? SH_OK
               : sh_yaml_fail(err, length, "%s", inner.message);
}

static sh_code need_step(const struct sh_yaml *node, const char *key, const struct sh_procedure *p,
                         int32_t *ret, struct sh_err *err) {
    const struct sh_yaml *word = NULL;
    SH_TRY(sh_yaml_need(node, key, SH_YAML_TEXT, &word, err));
    *ret = sh_machine_step(&p->matter, word->text);
    return *ret >= 0 ? SH_OK : sh_yaml_fail(err, word, "no step \"%.*s\"", SH_ARG(word->text));
}

/* {from: STEP, to: STEP, name, basis} or {while: PROCEDURE, name, basis} */
static sh_code read_exclusions(const struct sh_yaml *clock, const struct sh_procedure *p,
                               struct sh_arena *arena, struct sh_clock_text *ret, struct sh_err *err) {
    static const char *const known[] = {"from", "to", "while", "name", "basis"};
    const struct sh_yaml *list = sh_yaml_get(clock, "excluding");
    if (!list)
        return SH_OK;
    if (list->kind != SH_YAML_LIST)
        return sh_yaml_fail(err, list,
                            "excluding is a list of {from, to, name, basis} or {while, name, basis}");
    struct sh_clock_exclusion *of = sh_new(arena, struct sh_clock_exclusion, list->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < list->n; i++) {
        const struct sh_yaml *node = list->items[i], *name = NULL, *basis = NULL;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
        SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, err));
        SH_TRY(sh_yaml_need(node, "basis", SH_YAML_TEXT, &basis, err));
        of[i] = (struct sh_clock_exclusion){name->text, basis->text, -1, -1, sh_yaml_text(node, "while")};
        if (of[i].procedure.len)
            continue;
        SH_TRY(need_step(node, "from", p, &of[i].from, err));
        SH_TRY(need_step(node, "to", p, &of[i].to, err));
    }
    ret->excluding = of, ret->n_excluding = list->n;
    return SH_OK;
}

/* {step, length, basis} */
static sh_code read_extensions(const struct sh_yaml *clock, const struct sh_params *params,
                               const struct sh_procedure *p, struct sh_arena *arena,
                               struct sh_clock_text *ret, struct sh_err *err) {
    static const char *const known[] = {"step", "length", "basis"};
    const struct sh_yaml *list = sh_yaml_get(clock, "extend");
    if (!list)
        return SH_OK;
    if (list->kind != SH_YAML_LIST)
        return sh_yaml_fail(err, list, "extend is a list of {step, length, basis}");
    struct sh_clock_extension *of = sh_new(arena, struct sh_clock_extension, list->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < list->n; i++) {
        const struct sh_yaml *node = list->items[i], *basis = NULL;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
        SH_TRY(sh_yaml_need(node, "basis", SH_YAML_TEXT, &basis, err));
        of[i].basis = basis->text;
        SH_TRY(need_step(node, "step", p, &of[i].step, err));
        SH_TRY(read_length(node, params, &of[i].length, &of[i].param, err));
    }
    ret->extend = of, ret->n_extend = list->n;
    return SH_OK;
}

/* The outer clock: it must be written before this one. */
static sh_code read_within(const struct sh_yaml *node, const struct sh_clock_text *before, size_t n,
                           struct sh_clock_text *clock, struct sh_err *err) {
    const struct sh_str word = sh_yaml_text(node, "within");
    clock->within = -1;
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq(before[i].id, word))
            clock->within = (int32_t)i;
    return word.len == 0 || clock->within >= 0
               ? SH_OK
               : sh_yaml_fail(err, sh_yaml_get(node, "within"), "no clock \"%.*s\" before this one",
                              SH_ARG(word));
}

/* "do STEP", "refuse STEP", "mark STEP", "mark", "warn". */
static sh_code read_end(const struct sh_yaml *node, const struct sh_procedure *p, struct sh_clock_text *clock,
                        struct sh_err *err) {
    static const char *const words[] = {"do", "refuse", "mark", "warn"};
    const struct sh_yaml *end = NULL;
    SH_TRY(sh_yaml_need(node, "end", SH_YAML_TEXT, &end, err));
    struct sh_str rest = end->text, word = {0};
    (void)sh_str_split(&rest, ' ', &word);
    size_t kind = 4;
    for (size_t i = 0; i < 4; i++)
        if (sh_str_is(word, words[i]))
            kind = i;
    if (kind == 4)
        return sh_yaml_fail(err, end, "a clock ends with: do STEP, refuse STEP, mark [STEP] or warn");
    clock->end = (enum sh_clock_end)kind;
    clock->end_step = rest.at ? sh_machine_step(&p->matter, rest) : -1;
    const bool wants = clock->end == SH_END_DO || clock->end == SH_END_REFUSE;
    if ((rest.at && clock->end_step < 0) || (wants && !rest.at))
        return sh_yaml_fail(err, end, "the end names no step of this procedure");
    return SH_OK;
}

/* Where the names of a list stand, and what they are called. */
struct names_of {
    const struct sh_machine *machine;
    int32_t (*find)(const struct sh_machine *machine, struct sh_str id);
    const char *kind;
};

static sh_code read_indexes(const struct sh_yaml *map, const char *key, const struct names_of *in,
                            struct sh_arena *arena, const int32_t **ret, size_t *ret_n, struct sh_err *err) {
    const struct sh_str *names = NULL;
    SH_TRY(sh_law_list(map, key, arena, &names, ret_n, err));
    int32_t *of = sh_new(arena, int32_t, *ret_n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < *ret_n; i++) {
        of[i] = in->find(in->machine, names[i]);
        if (of[i] < 0)
            return sh_yaml_fail(err, sh_yaml_get(map, key)->items[i], "no %s \"%.*s\"", in->kind,
                                SH_ARG(names[i]));
    }
    *ret = of;
    return SH_OK;
}

static sh_code read_clocks(const struct sh_yaml *root, const struct sh_params *params, struct sh_procedure *p,
                           struct sh_arena *arena, struct sh_err *err) {
    static const char *const known[] = {"name",      "english", "basis",  "from",   "length",
                                        "per",       "roll",    "warn",   "end",    "stops",
                                        "excluding", "extend",  "within", "recount"};
    const struct names_of steps = {&p->matter, sh_machine_step, "step"};
    const struct sh_yaml *map = sh_yaml_get(root, "clocks");
    if (!map)
        return SH_OK;
    struct sh_clock_text *of = sh_new(arena, struct sh_clock_text, map->n);
    if (!of || map->n > SH_PROCEDURE_NAMES_MAX)
        return sh_yaml_fail(err, map, "no room for %zu clocks", map->n);
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *node = map->entries[i].value, *name = NULL;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
        SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, err));
        of[i] = (struct sh_clock_text){.id = map->entries[i].key,
                                       .name = name->text,
                                       .english = english_of(node, name),
                                       .basis = sh_yaml_text(node, "basis"),
                                       .per_party = sh_str_is(sh_yaml_text(node, "per"), "party"),
                                       .no_roll = sh_str_is(sh_yaml_text(node, "roll"), "no"),
                                       .recount = sh_str_is(sh_yaml_text(node, "recount"), "true"),
                                       .warn = sh_yaml_text(node, "warn"),
                                       .node = node};
        SH_TRY(read_from(node, p, &of[i], err));
        SH_TRY(read_length(node, params, &of[i].length, &of[i].param, err));
        SH_TRY(read_exclusions(node, p, arena, &of[i], err));
        SH_TRY(read_extensions(node, params, p, arena, &of[i], err));
        SH_TRY(read_within(node, of, i, &of[i], err));
        SH_TRY(read_end(node, p, &of[i], err));
        SH_TRY(read_indexes(node, "stops", &steps, arena, &of[i].stops, &of[i].n_stops, err));
        if (of[i].warn.len == 0)
            return sh_yaml_fail(err, node, "every clock warns ahead: warn: 1 wd");
        if (of[i].basis.len == 0)
            return sh_yaml_fail(err, node, "a clock has a basis");
    }
    p->clocks = of, p->n_clocks = map->n;
    return SH_OK;
}

static sh_code read_gates(const struct sh_yaml *root, const struct sh_roles *roles, struct sh_procedure *p,
                          struct sh_arena *arena, struct sh_err *err) {
    static const char *const known[] = {"name",  "english", "basis", "kind", "of",
                                        "chief", "holds",   "over",  "when"};
    static const char *const kinds[] = {"approval", "legal", "panel"};
    const struct names_of fields = {&p->matter, sh_machine_field, "field"};
    const struct sh_yaml *map = sh_yaml_get(root, "gates");
    if (!map)
        return SH_OK;
    struct sh_gate_text *of = sh_new(arena, struct sh_gate_text, map->n);
    if (!of || map->n > SH_PROCEDURE_NAMES_MAX)
        return sh_yaml_fail(err, map, "no room for %zu gates", map->n);
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *node = map->entries[i].value, *name = NULL, *kind = NULL, *who = NULL;
        size_t k = 0;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
        SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, err));
        SH_TRY(sh_yaml_need(node, "kind", SH_YAML_TEXT, &kind, err));
        SH_TRY(sh_yaml_need(node, "of", SH_YAML_TEXT, &who, err));
        SH_TRY(sh_law_word(kind, kinds, 3, &k, err));
        of[i] = (struct sh_gate_text){.id = map->entries[i].key,
                                      .name = name->text,
                                      .english = english_of(node, name),
                                      .basis = sh_yaml_text(node, "basis"),
                                      .kind = (enum sh_gate_kind)k,
                                      .holds = sh_yaml_text(node, "holds"),
                                      .when = sh_yaml_get(node, "when"),
                                      .node = node};
        SH_TRY(sh_law_actor(who, roles, &of[i].of, err));
        of[i].has_chief = sh_yaml_get(node, "chief") != NULL;
        if (of[i].has_chief)
            SH_TRY(sh_law_actor(sh_yaml_get(node, "chief"), roles, &of[i].chief, err));
        SH_TRY(read_indexes(node, "over", &fields, arena, &of[i].over, &of[i].n_over, err));
        if (of[i].n_over == 0)
            return sh_yaml_fail(err, node, "a gate holds content: name its fields in over");
        if (of[i].basis.len == 0)
            return sh_yaml_fail(err, node, "a gate has a basis");
    }
    p->gates = of, p->n_gates = map->n;
    return SH_OK;
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static sh_code read_reads(const struct sh_yaml *root, const struct sh_registers *registers,
                          struct sh_procedure *p, struct sh_arena *arena, struct sh_err *err) {
    static const char *const known[] = {"register", "by"};
    const struct sh_yaml *map = sh_yaml_get(root, "reads");
    if (!map)
        return SH_OK;
    struct sh_read_text *of = sh_new(arena, struct sh_read_text, map->n);
    if (!of || map->n > SH_PROCEDURE_NAMES_MAX)
        return sh_yaml_fail(err, map, "no room for %zu reads", map->n);
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *node = map->entries[i].value;
        SH_TRY(sh_yaml_only(node, known, 2, err));
        of[i].id = map->entries[i].key;
        of[i].reg = sh_register_find(registers, sh_yaml_text(node, "register"));
        if (!of[i].reg)
            return sh_yaml_fail(err, node, "no register \"%.*s\"", SH_ARG(sh_yaml_text(node, "register")));
        of[i].by = sh_register_field(of[i].reg, sh_yaml_text(node, "by"), false);
        if (of[i].by < 0)
            return sh_yaml_fail(err, node, "the register has no field \"%.*s\"",
                                SH_ARG(sh_yaml_text(node, "by")));
    }
    p->reads = of, p->n_reads = map->n;
    return SH_OK;
}

bool sh_step_asks(const struct sh_step *step, int32_t field) {
    for (size_t i = 0; i < step->n_needs; i++)
        if (step->needs[i] == field)
            return true;
    for (size_t i = 0; i < step->n_may; i++)
        if (step->may[i] == field)
            return true;
    return false;
}

static bool asks_for(const struct sh_machine *machine, int32_t field) {
    bool asks = false;
    for (size_t s = 0; s < machine->n_steps && !asks; s++)
        asks = sh_step_asks(&machine->steps[s], field);
    return asks;
}

/* {FIELD: condition} */
static sh_code read_given(const struct sh_yaml *map, struct sh_machine *items, struct sh_arena *arena,
                          struct sh_err *err) {
    const struct sh_yaml *given = sh_yaml_get(map, "given");
    if (!given)
        return SH_OK;
    if (given->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, given, "given is a map of fields to conditions");
    struct sh_given *of = sh_new(arena, struct sh_given, given->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < given->n; i++) {
        const struct sh_str name = given->entries[i].key;
        of[i] = (struct sh_given){sh_machine_field(items, name), given->entries[i].value};
        if (of[i].field < 0 || items->fields[of[i].field].type != SH_FIELD_BOOL)
            return sh_yaml_fail(err, of[i].when, "no yes-or-no field \"%.*s\"", SH_ARG(name));
        if (asks_for(items, of[i].field))
            return sh_yaml_fail(err, of[i].when, "%.*s is read: no step may ask for it", SH_ARG(name));
    }
    items->given = of, items->n_given = given->n;
    return SH_OK;
}

static sh_code read_items(const struct sh_yaml *root, const struct sh_registers *registers,
                          const struct sh_roles *roles, struct sh_procedure *p, struct sh_arena *arena,
                          struct sh_err *err) {
    static const char *const known[] = {"name",  "fields",   "states",    "final",     "party_sees", "steps",
                                        "queue", "confirms", "overturns", "preserves", "given"};
    const struct sh_yaml *map = sh_yaml_get(root, "items"), *name = NULL;
    if (!map)
        return SH_OK;
    struct sh_machine *items = sh_new(arena, struct sh_machine, 1);
    if (!items)
        return sh_fail(err, SH_E_NOMEM, "no room for items");
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], err));
    SH_TRY(sh_yaml_need(map, "name", SH_YAML_TEXT, &name, err));
    SH_TRY(name_pair(name, &items->name, &items->english, SH_STR("items"), err));
    SH_TRY(read_states(map, items, arena, err));
    SH_TRY(sh_law_fields(map, registers, items, arena, err));
    p->items = items;
    SH_TRY(sh_law_steps(map, p, items, registers, roles, arena, err));
    items->queue = sh_yaml_get(map, "queue");
    return read_given(map, items, arena, err);
}

static sh_code read_head(const struct sh_yaml *root, struct sh_procedure *p, struct sh_arena *arena,
                         struct sh_err *err) {
    const struct sh_yaml *id = NULL, *name = NULL, *rank = NULL, *running = NULL, *in_force = NULL;
    size_t at = 0;
    SH_TRY(sh_yaml_need(root, "procedure", SH_YAML_TEXT, &id, err));
    SH_TRY(sh_yaml_need(root, "name", SH_YAML_TEXT, &name, err));
    SH_TRY(sh_yaml_need(root, "rank", SH_YAML_TEXT, &rank, err));
    SH_TRY(sh_yaml_need(root, "running", SH_YAML_TEXT, &running, err));
    SH_TRY(sh_yaml_need(root, "in_force", SH_YAML_MAP, &in_force, err));
    p->id = id->text, p->file = root->file, p->node = root;
    SH_TRY(name_pair(name, &p->name, &p->english, p->id, err));
    SH_TRY(sh_law_word(rank, ranks, SH_RANKS, &at, err));
    p->rank = (uint8_t)at;
    SH_TRY(sh_law_word(running, runnings, 3, &at, err));
    p->running = (enum sh_running)at;
    at = 0;
    if (sh_yaml_get(root, "period"))
        SH_TRY(sh_law_word(sh_yaml_get(root, "period"), periods, 4, &at, err));
    p->period = (enum sh_period)at;
    p->place = sh_yaml_text(root, "place").len ? sh_yaml_text(root, "place") : SH_STR("000000");
    p->about = sh_yaml_text(root, "about"), p->body = sh_yaml_text(root, "body");
    p->acts_before = sh_str_is(sh_yaml_text(root, "after_lapse"), "acts_before");
    const struct sh_str from = sh_yaml_text(in_force, "from"), to = sh_yaml_text(in_force, "to");
    p->to = INT32_MAX;
    if (sh_date_scan(from.at, from.len, &p->from) != SH_DATE_OK ||
        (to.len && sh_date_scan(to.at, to.len, &p->to) != SH_DATE_OK) || p->from >= p->to)
        return sh_yaml_fail(err, in_force, "in_force: {from: YYYY-MM-DD, to: last day}");
    p->to += p->to != INT32_MAX;
    SH_TRY(sh_law_list(root, "basis", arena, &p->basis, &p->n_basis, err));
    return p->n_basis ? SH_OK : sh_yaml_fail(err, root, "a procedure without a basis");
}

static sh_code read_openers(const struct sh_yaml *root, const struct sh_roles *roles, struct sh_procedure *p,
                            struct sh_arena *arena, struct sh_err *err) {
    const struct sh_yaml *list = sh_yaml_get(root, "open_by");
    return list ? sh_law_actors(list, roles, arena, &p->open_by, &p->n_open_by, err) : SH_OK;
}

static sh_code collect_opens(struct sh_procedure *p, struct sh_arena *arena, struct sh_err *err) {
    struct sh_str *of = sh_new(arena, struct sh_str, SH_PROCEDURE_NAMES_MAX);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for names");
    const struct sh_machine *machines[] = {&p->matter, p->items};
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; machines[m] && i < machines[m]->n_steps; i++)
            for (size_t k = 0; k < machines[m]->steps[i].n_opens; k++) {
                const struct sh_str id = machines[m]->steps[i].opens[k].procedure;
                bool is_known = false;
                for (size_t j = 0; j < p->n_opens; j++)
                    is_known = is_known || sh_str_eq(of[j], id);
                if (!is_known && p->n_opens < SH_PROCEDURE_NAMES_MAX)
                    of[p->n_opens++] = id;
            }
    p->opens = of;
    return SH_OK;
}

static bool is_own(const struct sh_step *step) {
    bool is = true;
    for (size_t i = 0; i < step->n_by; i++)
        is = is && (step->by[i].kind == SH_ACTOR_LAW || step->by[i].relation == SH_AT_OWN);
    return is;
}

/* parties: none. Then it is seen by its own body alone: nothing of it is for a party or for people elsewhere.
 */
static sh_code read_parties(const struct sh_yaml *root, struct sh_procedure *p, struct sh_err *err) {
    const struct sh_yaml *parties = sh_yaml_get(root, "parties");
    if (!parties)
        return SH_OK;
    if (parties->kind != SH_YAML_TEXT || !sh_str_is(parties->text, "none"))
        return sh_yaml_fail(err, parties, "parties: none, or what it is about is the party");
    p->is_confidential = true;
    for (size_t i = 0; i < p->matter.n_steps; i++)
        if (p->matter.steps[i].per == SH_PER_PARTY || !is_own(&p->matter.steps[i]))
            return sh_yaml_fail(err, p->matter.steps[i].node,
                                "the step %.*s is for people who do not see the matter: parties: none",
                                SH_ARG(p->matter.steps[i].id));
    for (size_t i = 0; i < p->n_papers; i++)
        if (p->papers[i].to_party)
            return sh_yaml_fail(err, parties, "the paper %.*s is for a party", SH_ARG(p->papers[i].id));
    return SH_OK;
}

static sh_code read_procedure(const struct sh_yaml *root, const struct sh_registers *registers,
                              const struct sh_roles *roles, const struct sh_params *params,
                              struct sh_arena *arena, struct sh_procedure *p, struct sh_err *err) {
    static const char *const known[] = {
        "procedure", "name",    "place",   "rank",    "in_force",    "running",  "basis",       "about",
        "body",      "period",  "open_by", "fields",  "states",      "final",    "papers",      "clocks",
        "gates",     "reads",   "steps",   "items",   "after_lapse", "draw",     "again_after", "seals",
        "unseals",   "parties", "every",   "watches", "names",       "container"};
    if (root->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, root, "a procedure is a map");
    SH_TRY(sh_yaml_only(root, known, sizeof known / sizeof known[0], err));
    SH_TRY(read_head(root, p, arena, err));
    SH_TRY(read_states(root, &p->matter, arena, err));
    SH_TRY(sh_law_fields(root, registers, &p->matter, arena, err));
    SH_TRY(read_papers(root, p, arena, err));
    SH_TRY(read_openers(root, roles, p, arena, err));
    SH_TRY(read_gates(root, roles, p, arena, err));
    SH_TRY(sh_law_seals(root, roles, p, arena, err));
    SH_TRY(sh_law_steps(root, p, &p->matter, registers, roles, arena, err));
    SH_TRY(read_clocks(root, params, p, arena, err));
    SH_TRY(read_reads(root, registers, p, arena, err));
    SH_TRY(read_items(root, registers, roles, p, arena, err));
    SH_TRY(sh_law_draw(root, params, p, arena, &p->draw, err));
    SH_TRY(sh_law_unseals(root, p, arena, &p->unseals, err));
    SH_TRY(sh_law_container(root, p, arena, &p->container, err));
    SH_TRY(read_parties(root, p, err));
    SH_TRY(sh_law_every(root, registers, p, arena, err));
    SH_TRY(sh_law_watches(root, registers, p, arena, err));
    const struct names_of states = {&p->matter, sh_machine_state, "state"};
    SH_TRY(read_indexes(root, "again_after", &states, arena, &p->again, &p->n_again, err));
    SH_TRY(collect_opens(p, arena, err));
    SH_TRY(sh_factbook_model_make(p, root, arena, err));
    return sh_factbook_check(p, params, arena, err);
}

static sh_code check_whole(const struct sh_procedures *all, struct sh_err *err) {
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < all->of[i].n_opens; k++) {
            bool is_known = false;
            for (size_t j = 0; j < all->n; j++)
                is_known = is_known || sh_str_eq(all->of[j].id, all->of[i].opens[k]);
            if (!is_known)
                return sh_yaml_fail(err, all->of[i].node, "it opens \"%.*s\", which is no procedure here",
                                    SH_ARG(all->of[i].opens[k]));
        }
    return SH_OK;
}

sh_code sh_procedures_load(const char *dir, const struct sh_registers *registers,
                           const struct sh_roles *roles, const struct sh_params *params,
                           struct sh_arena *arena, const struct sh_procedures **ret, struct sh_err *err) {
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0;
    const sh_code listed = sh_dir_list(dir, arena, &entries, &n, err);
    if (listed != SH_OK && listed != SH_E_NOTFOUND)
        return listed;
    struct sh_procedures *all = sh_new(arena, struct sh_procedures, 1);
    struct sh_procedure *of = sh_new(arena, struct sh_procedure, n + 1);
    if (!all || !of)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu procedures", n);
    all->of = of;
    for (size_t i = 0; i < n; i++) {
        char path[SH_PATH_BYTES_MAX];
        const struct sh_yaml *root = NULL;
        if (!sh_str_ends_with(sh_str_of(entries[i].name), SH_STR(".yaml")))
            continue;
        SH_TRY(sh_path_join(path, dir, entries[i].name, err));
        SH_TRY(sh_yaml_load_file(path, arena, &root, err));
        SH_TRY(read_procedure(root, registers, roles, params, arena, &of[all->n], err));
        all->n++;
    }
    for (size_t i = 0; i < all->n; i++)
        for (size_t k = 0; k < all->n; k++)
            of[i].gathers =
                of[i].gathers || (of[k].container && sh_str_eq(of[k].container->procedure, of[i].id));
    SH_TRY(check_whole(all, err));
    *ret = all;
    return SH_OK;
}

/* Does the text of a place reach another? 620100 reaches 620102. */
static bool covers(struct sh_str place, struct sh_str other) {
    size_t len = place.len;
    while (len >= 2 && place.at[len - 1] == '0' && place.at[len - 2] == '0')
        len -= 2;
    return other.len >= len && (len == 0 || memcmp(place.at, other.at, len) == 0);
}

size_t sh_procedure_width(struct sh_str place) {
    size_t len = place.len;
    while (len >= 2 && place.at[len - 1] == '0' && place.at[len - 2] == '0')
        len -= 2;
    return len;
}

const struct sh_procedure *sh_procedure_find(const struct sh_procedures *procedures, struct sh_str id,
                                             struct sh_str place, int32_t day) {
    const struct sh_procedure *best = NULL;
    for (size_t i = 0; i < procedures->n; i++) {
        const struct sh_procedure *p = &procedures->of[i];
        if (sh_str_eq(p->id, id) && covers(p->place, place) && p->from <= day && day < p->to &&
            (!best || sh_procedure_width(p->place) > sh_procedure_width(best->place)))
            best = p;
    }
    return best;
}

const struct sh_procedure *sh_procedure_to_open(const struct sh_procedures *procedures, struct sh_str id,
                                                struct sh_str place, int32_t day, int32_t act_day) {
    const struct sh_procedure *best = sh_procedure_find(procedures, id, place, day);
    for (size_t i = 0; i < procedures->n; i++) {
        const struct sh_procedure *p = &procedures->of[i];
        if (p->acts_before && p->to <= day && p->from <= act_day && act_day < p->to && sh_str_eq(p->id, id) &&
            covers(p->place, place) &&
            (!best || sh_procedure_width(p->place) > sh_procedure_width(best->place)))
            best = p;
    }
    return best;
}

const struct sh_procedure *sh_procedure_version(const struct sh_procedures *procedures, struct sh_str id,
                                                struct sh_str place, int32_t from) {
    for (size_t i = 0; i < procedures->n; i++)
        if (sh_str_eq(procedures->of[i].id, id) && sh_str_eq(procedures->of[i].place, place) &&
            procedures->of[i].from == from)
            return &procedures->of[i];
    return NULL;
}

int32_t sh_machine_state(const struct sh_machine *machine, struct sh_str id) {
    for (size_t i = 0; i < machine->n_states; i++)
        if (sh_str_eq(machine->states[i].id, id))
            return (int32_t)i;
    return -1;
}
int32_t sh_machine_step(const struct sh_machine *machine, struct sh_str id) {
    for (size_t i = 0; i < machine->n_steps; i++)
        if (sh_str_eq(machine->steps[i].id, id))
            return (int32_t)i;
    return -1;
}
int32_t sh_machine_field(const struct sh_machine *machine, struct sh_str id) {
    for (size_t i = 0; i < machine->n_fields; i++)
        if (sh_str_eq(machine->fields[i].id, id))
            return (int32_t)i;
    return -1;
}
