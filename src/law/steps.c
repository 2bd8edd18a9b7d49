/* The steps of a procedure. */
#include "base/decimal.h"
#include "law/inner.h"
#include "law/reading.h"

static const char *const relations[SH_AT_CALLED] = {"own", "peer", "upper", "party", "any"};

sh_code sh_law_actor(const struct sh_yaml *node, const struct sh_roles *roles, struct sh_actor *ret,
                     struct sh_err *err) {
    *ret = (struct sh_actor){0};
    if (node->kind != SH_YAML_TEXT)
        return sh_yaml_fail(err, node, "who acts is written: own agency.head, party institution.user, law …");
    struct sh_str rest = node->text, word = {0};
    if (sh_str_is(rest, "law")) {
        ret->kind = SH_ACTOR_LAW;
        return SH_OK;
    }
    if (!sh_str_split(&rest, ' ', &word))
        return sh_yaml_fail(err, node, "a step without actor");
    if (sh_str_starts_with(word, SH_STR("outside(")) && sh_str_ends_with(word, SH_STR(")"))) {
        ret->kind = SH_ACTOR_OUTSIDE;
        ret->outside = sh_str_sub(word, 8, word.len - 9);
        if (!rest.at || !sh_str_split(&rest, ' ', &word))
            return sh_yaml_fail(err, node,
                                "say who enters what happens outside: outside(court) own bureau.legal");
    }
    size_t at = 0;
    while (at < SH_AT_CALLED && !sh_str_is(word, relations[at]))
        at++;
    if (sh_str_starts_with(word, SH_STR("called(")) && sh_str_ends_with(word, SH_STR(")")))
        ret->field = sh_str_sub(word, 7, word.len - 8);
    if ((at == SH_AT_CALLED && ret->field.len == 0) || !rest.at)
        return sh_yaml_fail(err, node,
                            "own, peer, upper, party, any or called(FIELD), then a role of roles.yaml");
    ret->relation = (enum sh_relation)at; /* behind the words: CALLED */
    ret->role = sh_str_trim(rest);
    return !roles || sh_role_find(roles, ret->role)
               ? SH_OK
               : sh_yaml_fail(err, node, "no role \"%.*s\" in roles.yaml", SH_ARG(ret->role));
}

sh_code sh_law_actors(const struct sh_yaml *node, const struct sh_roles *roles, struct sh_arena *arena,
                      const struct sh_actor **ret, size_t *ret_n, struct sh_err *err) {
    const bool is_list = node->kind == SH_YAML_LIST;
    const size_t n = is_list ? node->n : 1;
    struct sh_actor *of = sh_new(arena, struct sh_actor, n);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for actors");
    for (size_t i = 0; i < n; i++)
        SH_TRY(sh_law_actor(is_list ? node->items[i] : node, roles, &of[i], err));
    *ret = of, *ret_n = n;
    return SH_OK;
}

struct loader {
    const struct sh_procedure *p;
    const struct sh_machine *machine;
    const struct sh_registers *registers;
    const struct sh_roles *roles;
    struct sh_arena *arena;
    struct sh_err *err;
};

/* A list, or a text as a list of one. */
static size_t count(const struct sh_yaml *node) {
    return !node ? 0 : node->kind == SH_YAML_TEXT ? 1 : node->kind == SH_YAML_LIST ? node->n : 1;
}
static const struct sh_yaml *nth(const struct sh_yaml *node, size_t i) {
    return node->kind == SH_YAML_LIST ? node->items[i] : node;
}

static sh_code read_indexes(struct loader *l, const struct sh_yaml *map, const char *key,
                            int32_t (*find)(const struct loader *l, struct sh_str word), const char *what,
                            const int32_t **ret, size_t *ret_n) {
    const struct sh_yaml *node = sh_yaml_get(map, key);
    const size_t n = count(node);
    int32_t *of = sh_new(l->arena, int32_t, n + 1);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < n; i++) {
        of[i] = find(l, nth(node, i)->text);
        if (of[i] < 0)
            return sh_yaml_fail(l->err, nth(node, i), "no %s \"%.*s\"", what, SH_ARG(nth(node, i)->text));
    }
    *ret = of, *ret_n = n;
    return SH_OK;
}

static int32_t find_field(const struct loader *l, struct sh_str word) {
    return sh_machine_field(l->machine, word);
}
static int32_t find_gate(const struct loader *l, struct sh_str word) {
    for (size_t i = 0; i < l->p->n_gates; i++)
        if (sh_str_eq(l->p->gates[i].id, word))
            return (int32_t)i;
    return -1;
}
static int32_t find_paper(const struct loader *l, struct sh_str word) {
    for (size_t i = 0; i < l->p->n_papers; i++)
        if (sh_str_eq(l->p->papers[i].id, word))
            return (int32_t)i;
    return -1;
}

/* Kinds of papers, `attachments`; for items `receipt`. */
static sh_code check_opened(struct loader *l, const struct sh_yaml *map, const char *key,
                            struct sh_str what) {
    const bool of_items = l->machine != &l->p->matter;
    const bool is_known =
        of_items ? sh_str_is(what, "receipt") : sh_str_is(what, "attachments") || find_paper(l, what) >= 0;
    return is_known ? SH_OK
                    : sh_yaml_fail(l->err, sh_yaml_get(map, key),
                                   "\"%.*s\" cannot be opened: a paper of this procedure, attachments, or "
                                   "an item's receipt",
                                   SH_ARG(what));
}

/* seen: refused without; inspects: noted, and told who did it without. */
static sh_code read_seen(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    SH_TRY(sh_law_list(map, "seen", l->arena, &step->seen, &step->n_seen, l->err));
    for (size_t i = 0; i < step->n_seen; i++)
        SH_TRY(check_opened(l, map, "seen", step->seen[i]));
    step->inspects = sh_yaml_text(map, "inspects");
    return step->inspects.len ? check_opened(l, map, "inspects", step->inspects) : SH_OK;
}

/* from: a state, a list, or "any except X". */
static sh_code read_from(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    const struct sh_yaml *from = sh_yaml_get(map, "from");
    if (!from)
        return sh_yaml_fail(l->err, map, "a step says from which states it leads");
    for (size_t i = 0; i < count(from); i++) {
        struct sh_str word = nth(from, i)->text;
        const bool is_except = sh_str_starts_with(word, SH_STR("any except "));
        if (sh_str_is(word, "any") || is_except)
            for (size_t s = 0; s < l->machine->n_states; s++)
                if (!l->machine->states[s].is_final)
                    step->from[s >> 6] |= 1ULL << (s & 63);
        if (sh_str_is(word, "any"))
            continue;
        if (is_except)
            word = sh_str_sub(word, 11, word.len);
        const int32_t at = sh_machine_state(l->machine, word);
        if (at < 0)
            return sh_yaml_fail(l->err, nth(from, i), "no state \"%.*s\"", SH_ARG(word));
        if (is_except)
            step->from[at >> 6] &= ~(1ULL << (at & 63));
        else
            step->from[at >> 6] |= 1ULL << (at & 63);
    }
    return SH_OK;
}

/* to: a state, or {FIELD: {answer: state, …}}. */
static sh_code read_to(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    const struct sh_yaml *to = sh_yaml_get(map, "to");
    step->to = step->to_field = -1;
    if (!to)
        return SH_OK;
    if (to->kind == SH_YAML_TEXT) {
        step->to = sh_machine_state(l->machine, to->text);
        return step->to >= 0 ? SH_OK : sh_yaml_fail(l->err, to, "no state \"%.*s\"", SH_ARG(to->text));
    }
    if (to->kind != SH_YAML_MAP || to->n != 1 || to->entries[0].value->kind != SH_YAML_MAP)
        return sh_yaml_fail(l->err, to, "to: STATE, or to: {FIELD: {answer: state, …}}");
    step->to_field = sh_machine_field(l->machine, to->entries[0].key);
    if (step->to_field < 0 || l->machine->fields[step->to_field].type != SH_FIELD_CHOICE)
        return sh_yaml_fail(l->err, to, "no field of choice \"%.*s\"", SH_ARG(to->entries[0].key));
    const struct sh_field *field = &l->machine->fields[step->to_field];
    int32_t *by = sh_new(l->arena, int32_t, field->n_choices);
    if (!by)
        return sh_fail(l->err, SH_E_NOMEM, "no room for answers");
    for (size_t i = 0; i < field->n_choices; i++) {
        char key[64];
        (void)snprintf(key, sizeof key, "%.*s", SH_ARG(field->choices[i].code));
        const struct sh_str word = sh_yaml_text(to->entries[0].value, key);
        by[i] = word.len ? sh_machine_state(l->machine, word) : -1;
        if (word.len && by[i] < 0)
            return sh_yaml_fail(l->err, to, "no state \"%.*s\"", SH_ARG(word));
    }
    step->to_by = by;
    return SH_OK;
}

static sh_code read_guards(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    static const char *const known[] = {"if", "refuse", "english", "basis"};
    const struct sh_yaml *list = sh_yaml_get(map, "guard");
    if (!list)
        return SH_OK;
    if (list->kind != SH_YAML_LIST)
        return sh_yaml_fail(l->err, list, "guard is a list of {if, refuse, english, basis}");
    struct sh_guard *of = sh_new(l->arena, struct sh_guard, list->n);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for guards");
    for (size_t i = 0; i < list->n; i++) {
        const struct sh_yaml *node = list->items[i], *condition = NULL, *refuse = NULL;
        SH_TRY(sh_yaml_only(node, known, 4, l->err));
        SH_TRY(sh_yaml_need(node, "if", SH_YAML_TEXT, &condition, l->err));
        SH_TRY(sh_yaml_need(node, "refuse", SH_YAML_TEXT, &refuse, l->err));
        const struct sh_str english = sh_yaml_text(node, "english");
        of[i] = (struct sh_guard){condition, refuse->text, english.len ? english : refuse->text,
                                  sh_yaml_text(node, "basis")};
        if (of[i].basis.len == 0)
            return sh_yaml_fail(l->err, node, "a refusal without article: add basis");
    }
    step->guards = of, step->n_guards = list->n;
    return SH_OK;
}

/* "item.amount", "item.institution": of the item a sub-matter is opened for. */
static bool is_item_word(const struct loader *l, struct sh_str word) {
    static const char *const kept[] = {"id", "name", "institution", "amount", "fund_amount", "state"};
    if (!sh_str_starts_with(word, SH_STR("item.")))
        return false;
    const struct sh_str name = sh_str_sub(word, 5, word.len);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (sh_str_is(name, kept[i]))
            return true;
    return l->p->items == NULL ||
           sh_machine_field(l->p->items, name) >= 0; /* items are read after the steps */
}

static sh_code read_sources(struct loader *l, const struct sh_yaml *map, const struct sh_source **ret,
                            size_t *ret_n) {
    *ret = NULL, *ret_n = 0;
    if (!map)
        return SH_OK;
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(l->err, map, "a map of field: where its value comes from");
    struct sh_source *of = sh_new(l->arena, struct sh_source, map->n);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for values");
    static const char *const builtins[] = {"subject", "number", "body",   "place", "today", "period",
                                           "id",      "actor",  "source", "paper", "seq",   "parent_number"};
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *from = map->entries[i].value;
        of[i] = (struct sh_source){map->entries[i].key, from};
        bool is_known =
            from->kind == SH_YAML_TEXT &&
            (sh_str_starts_with(from->text, SH_STR("=")) || sh_str_starts_with(from->text, SH_STR("fen:")) ||
             sh_str_starts_with(from->text, SH_STR("n:")) || sh_machine_field(l->machine, from->text) >= 0 ||
             is_item_word(l, from->text) || sh_machine_field(&l->p->matter, from->text) >= 0);
        for (size_t k = 0; k < sizeof builtins / sizeof builtins[0]; k++)
            is_known = is_known || sh_str_is(from->text, builtins[k]);
        if (!is_known)
            return sh_yaml_fail(
                l->err, from,
                "\"%.*s\" is no field and no word (subject, number, body, place, today, period, "
                "paper …); a literal begins with =",
                SH_ARG(from->text));
    }
    *ret = of, *ret_n = map->n;
    return SH_OK;
}

/* A field of that type the key names; -1 where the key is not there. */
static sh_code read_term(struct loader *l, const struct sh_yaml *node, const char *key,
                         enum sh_field_type type, int32_t *ret) {
    const struct sh_yaml *word = sh_yaml_get(node, key);
    *ret = -1;
    if (!word)
        return SH_OK;
    *ret = sh_machine_field(&l->p->matter, word->text);
    return *ret >= 0 && l->p->matter.fields[*ret].type == type
               ? SH_OK
               : sh_yaml_fail(l->err, word, "%s names a field of type %s", key,
                              type == SH_FIELD_DATE ? "date" : "int");
}

static sh_code read_validity(struct loader *l, const struct sh_register *reg, struct sh_write_text *write) {
    SH_TRY(read_term(l, write->node, "from", SH_FIELD_DATE, &write->from));
    SH_TRY(read_term(l, write->node, "months", SH_FIELD_INT, &write->months));
    if ((write->from >= 0 || write->months >= 0) && !reg->has_validity)
        return sh_yaml_fail(l->err, write->node, "rows of the register %.*s have no first and last day",
                            SH_ARG(reg->id));
    return SH_OK;
}

static sh_code read_writes(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    static const char *const known[] = {"register", "if", "fields", "from", "months"};
    const struct sh_yaml *list = sh_yaml_get(map, "writes");
    const size_t n = count(list);
    struct sh_write_text *of = sh_new(l->arena, struct sh_write_text, n + 1);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for writes");
    for (size_t i = 0; i < n; i++) {
        const struct sh_yaml *node = nth(list, i);
        SH_TRY(sh_yaml_only(node, known, 5, l->err));
        of[i] = (struct sh_write_text){
            .reg = sh_yaml_text(node, "register"), .when = sh_yaml_get(node, "if"), .node = node};
        const struct sh_register *reg = sh_register_find(l->registers, of[i].reg);
        if (!reg)
            return sh_yaml_fail(l->err, node, "no register \"%.*s\"", SH_ARG(of[i].reg));
        if (reg->change != SH_CHANGE_STEPS)
            return sh_yaml_fail(l->err, node, "the register %.*s is edited by people, not by steps",
                                SH_ARG(of[i].reg));
        SH_TRY(read_validity(l, reg, &of[i]));
        SH_TRY(read_sources(l, sh_yaml_get(node, "fields"), &of[i].values, &of[i].n_values));
        for (size_t k = 0; k < of[i].n_values; k++)
            if (sh_register_field(reg, of[i].values[k].to, false) < 0)
                return sh_yaml_fail(l->err, of[i].values[k].from, "the register has no field \"%.*s\"",
                                    SH_ARG(of[i].values[k].to));
    }
    step->writes = of, step->n_writes = n;
    return SH_OK;
}

static sh_code read_posts(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    static const char *const known[] = {"kind", "amount", "if", "fund"};
    const struct sh_yaml *list = sh_yaml_get(map, "posts");
    const size_t n = count(list);
    struct sh_post_text *of = sh_new(l->arena, struct sh_post_text, n + 1);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for postings");
    for (size_t i = 0; i < n; i++) {
        const struct sh_yaml *node = nth(list, i), *kind = NULL;
        SH_TRY(sh_yaml_only(node, known, 4, l->err));
        SH_TRY(sh_yaml_need(node, "kind", SH_YAML_TEXT, &kind, l->err));
        SH_TRY(sh_yaml_need(node, "amount", SH_YAML_TEXT, &of[i].amount, l->err));
        of[i].kind = kind->text, of[i].when = sh_yaml_get(node, "if"),
        of[i].fund = sh_yaml_text(node, "fund");
        of[i].node = node;
        if (of[i].fund.len == 0)
            return sh_yaml_fail(l->err, node, "a posting names its fund: a field, or =code");
    }
    step->posts = of, step->n_posts = n;
    return SH_OK;
}

/* sets: {field: expression}: what the step itself computes when it is taken. */
static sh_code read_sets(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    const struct sh_yaml *sets = sh_yaml_get(map, "sets");
    if (!sets)
        return SH_OK;
    if (sets->kind != SH_YAML_MAP || l->machine != &l->p->matter)
        return sh_yaml_fail(l->err, sets, "sets is a map of field: expression, in steps of the matter");
    struct sh_source *of = sh_new(l->arena, struct sh_source, sets->n);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for values");
    for (size_t i = 0; i < sets->n; i++) {
        of[i] = (struct sh_source){sets->entries[i].key, sets->entries[i].value};
        const int32_t at = find_field(l, of[i].to);
        const enum sh_field_type type = at < 0 ? SH_FIELD_TEXT : l->machine->fields[at].type;
        if (of[i].from->kind != SH_YAML_TEXT ||
            (type != SH_FIELD_INT && type != SH_FIELD_MONEY && type != SH_FIELD_DECIMAL))
            return sh_yaml_fail(l->err, of[i].from, "no field of a number or of money \"%.*s\"",
                                SH_ARG(of[i].to));
    }
    step->sets = of, step->n_sets = sets->n;
    return SH_OK;
}

static sh_code read_opens(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    static const char *const known[] = {"procedure", "if", "per", "at", "with", "hands"};
    const struct sh_yaml *list = sh_yaml_get(map, "opens");
    const size_t n = count(list);
    struct sh_open_text *of = sh_new(l->arena, struct sh_open_text, n + 1);
    if (!of)
        return sh_fail(l->err, SH_E_NOMEM, "no room for sub-matters");
    for (size_t i = 0; i < n; i++) {
        const struct sh_yaml *node = nth(list, i), *procedure = NULL;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], l->err));
        SH_TRY(sh_yaml_need(node, "procedure", SH_YAML_TEXT, &procedure, l->err));
        of[i] = (struct sh_open_text){.procedure = procedure->text,
                                      .when = sh_yaml_get(node, "if"),
                                      .per = sh_yaml_text(node, "per"),
                                      .node = node};
        const struct sh_str at = sh_yaml_text(node, "at");
        of[i].at_city = at.len > 0;
        if (at.len && !sh_str_is(at, "city"))
            return sh_yaml_fail(l->err, node, "a sub-matter is opened at the city, or here: at: city");
        if (of[i].per.len && l->machine != &l->p->matter)
            return sh_yaml_fail(l->err, node, "what a step of items opens, it opens for its item: no per");
        if (of[i].per.len && !sh_str_is(of[i].per, "paper") && !sh_str_is(of[i].per, "item"))
            return sh_yaml_fail(l->err, node, "a sub-matter is opened per paper, per item, or once");
        SH_TRY(read_sources(l, sh_yaml_get(node, "with"), &of[i].values, &of[i].n_values));
        SH_TRY(read_indexes(l, node, "hands", find_paper, "paper", &of[i].hands, &of[i].n_hands));
    }
    step->opens = of, step->n_opens = n;
    return SH_OK;
}

/* returns: {step: STEP, with: {…}}: of the item that the matter was opened for. */
static sh_code read_returns(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    static const char *const known[] = {"step", "with"};
    const struct sh_yaml *node = sh_yaml_get(map, "returns"), *name = NULL;
    if (!node)
        return SH_OK;
    SH_TRY(sh_yaml_only(node, known, 2, l->err));
    SH_TRY(sh_yaml_need(node, "step", SH_YAML_TEXT, &name, l->err));
    step->returns = (struct sh_return_text){.step = name->text, .node = node};
    return read_sources(l, sh_yaml_get(node, "with"), &step->returns.values, &step->returns.n_values);
}

/* carries: {step: STEP, with: {…}}: of each matter that this one gathers. */
static sh_code read_carries(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    static const char *const known[] = {"step", "with"};
    const struct sh_yaml *node = sh_yaml_get(map, "carries"), *name = NULL;
    if (!node)
        return SH_OK;
    SH_TRY(sh_yaml_only(node, known, 2, l->err));
    SH_TRY(sh_yaml_need(node, "step", SH_YAML_TEXT, &name, l->err));
    step->carries = (struct sh_carry_text){.step = name->text, .node = node};
    return read_sources(l, sh_yaml_get(node, "with"), &step->carries.values, &step->carries.n_values);
}

/* lays: the sealed part that its form fills too. */
static sh_code read_lays(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    const struct sh_yaml *node = sh_yaml_get(map, "lays");
    if (!node)
        return SH_OK;
    step->lays = sh_procedure_seal(l->p, sh_yaml_text(map, "lays"));
    if (sh_yaml_get(map, "together"))
        return sh_yaml_fail(l->err, node, "one person lays what is sealed: two would have to show it");
    return step->lays ? SH_OK : sh_yaml_fail(l->err, node, "lays: the name of one of seals");
}

/* Rows have no papers, clocks, ledgers or money of their own (B3): the matter that gathers them has. */
static sh_code check_item_step(struct loader *l, const struct sh_step *step) {
    static const char *const of_matters[] = {
        "gate",   "issues", "writes",   "posts",    "holds",   "per",  "dated",    "serves",
        "served", "draw",   "together", "outcomes", "returns", "lays", "coverage", "carries"};
    for (size_t i = 0; i < sizeof of_matters / sizeof of_matters[0]; i++)
        if (sh_yaml_get(step->node, of_matters[i]))
            return sh_yaml_fail(l->err, step->node, "a step of items has no %s: the matter's steps have",
                                of_matters[i]);
    return step->n_opens && step->undo_seconds
               ? sh_yaml_fail(l->err, step->node, "a step that opens a matter is not taken back")
               : SH_OK;
}

/* "60 s", "5 min": how long a bulk act may be taken back. */
static sh_code read_undo(const struct sh_yaml *map, uint32_t *ret, struct sh_err *err) {
    const struct sh_yaml *node = sh_yaml_get(map, "undo");
    *ret = 0;
    if (!node)
        return SH_OK;
    struct sh_str rest = node->text, number = {0};
    int64_t v = 0;
    const bool is_text = node->kind == SH_YAML_TEXT && sh_str_split(&rest, ' ', &number) && rest.at;
    const int64_t unit = !is_text ? 0 : sh_str_is(rest, "s") ? 1 : sh_str_is(rest, "min") ? 60 : 0;
    if (unit == 0 || sh_decimal_scan(number.at, number.len, 0, &v) != SH_DECIMAL_OK || v < 1 || v > 86400)
        return sh_yaml_fail(err, node, "undo is a length of time: 60 s, 5 min");
    *ret = (uint32_t)(v * unit);
    return SH_OK;
}

static bool is_true(const struct sh_yaml *map, const char *key) {
    return sh_str_is(sh_yaml_text(map, key), "true");
}

/* A number; or a panel, whose minutes it is: those who spoke there, on the very text they spoke of. */
static sh_code read_together(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    const struct sh_yaml *node = sh_yaml_get(map, "together");
    int64_t n = 0;
    step->minutes_of = node && l->machine == &l->p->matter ? find_gate(l, node->text) : -1;
    if (step->minutes_of < 0) {
        if (node &&
            (node->kind != SH_YAML_TEXT ||
             sh_decimal_scan(node->text.at, node->text.len, 0, &n) != SH_DECIMAL_OK || n < 0 || n > 99))
            return sh_yaml_fail(l->err, node,
                                "together is a whole number, or a gate whose panel signs its minutes");
        step->together = (uint32_t)n;
        return SH_OK;
    }
    const struct sh_gate_text *gate = &l->p->gates[step->minutes_of];
    if (gate->kind != SH_GATE_PANEL)
        return sh_yaml_fail(l->err, node, "gate %.*s is no panel: only a panel has minutes",
                            SH_ARG(gate->id));
    if (step->n_issues == 0)
        return sh_yaml_fail(l->err, node, "minutes are a paper: say in issues which");
    for (size_t i = 0; i < gate->n_over; i++)
        if (sh_step_asks(step, gate->over[i]))
            return sh_yaml_fail(l->err, node, "minutes cannot change what was discussed: %.*s is in over",
                                SH_ARG(l->p->matter.fields[gate->over[i]].id));
    return SH_OK;
}

/* Nobody types what an audit covered: the step is the law's alone. */
static sh_code read_coverage(const struct sh_yaml *map, struct sh_step *step, struct sh_err *err) {
    const struct sh_str coverage = sh_yaml_text(map, "coverage");
    step->takes_coverage = coverage.len > 0;
    if (coverage.len && !sh_str_is(coverage, "lines"))
        return sh_yaml_fail(err, sh_yaml_get(map, "coverage"), "coverage: lines");
    if (coverage.len && (step->n_by != 1 || step->by[0].kind != SH_ACTOR_LAW || step->to_field >= 0))
        return sh_yaml_fail(err, map, "a step with `coverage` is by law, and leads to one state");
    return SH_OK;
}

static sh_code read_flags(struct loader *l, const struct sh_yaml *map, struct sh_step *step) {
    step->holds = sh_yaml_text(map, "holds");
    step->basis = sh_yaml_text(map, "basis");
    const struct sh_str per = sh_yaml_text(map, "per"), dated = sh_yaml_text(map, "dated");
    if (per.len && !sh_str_is(per, "party"))
        return sh_yaml_fail(l->err, sh_yaml_get(map, "per"), "a step is taken per party");
    if (dated.len && !sh_str_is(dated, "stated"))
        return sh_yaml_fail(l->err, sh_yaml_get(map, "dated"), "dated: stated");
    step->per = per.len ? SH_PER_PARTY : SH_PER_NONE;
    step->is_dated = dated.len > 0;
    step->is_bulk = is_true(map, "bulk");
    step->is_serving = is_true(map, "serves");
    const struct sh_str outcomes = sh_yaml_text(map, "outcomes");
    if (outcomes.len && !sh_str_is(outcomes, "rule"))
        return sh_yaml_fail(l->err, sh_yaml_get(map, "outcomes"), "outcomes: rule");
    step->counts_outcomes = outcomes.len > 0;
    SH_TRY(read_coverage(map, step, l->err));
    SH_TRY(sh_law_draw_act(sh_yaml_get(map, "draw"), &step->draw, l->err));
    SH_TRY(read_together(l, map, step));
    SH_TRY(read_undo(map, &step->undo_seconds, l->err));
    if (step->undo_seconds && !step->is_bulk)
        return sh_yaml_fail(l->err, sh_yaml_get(map, "undo"),
                            "only bulk acts are taken back; others by a step");
    if (step->is_bulk && step->n_seen)
        return sh_yaml_fail(l->err, map, "a step with `seen` is never bulk");
    return SH_OK;
}

/* Is the word in any text below the node? */
// NOLINTNEXTLINE(misc-no-recursion): as deep as the YAML reader lets a text be
static bool is_said(const struct sh_yaml *node, struct sh_str word) {
    bool is = node->kind == SH_YAML_TEXT && sh_str_find(node->text, word) != SH_STR_NONE;
    for (size_t i = 0; node->kind != SH_YAML_TEXT && i < node->n && !is; i++)
        is = is_said(node->kind == SH_YAML_MAP ? node->entries[i].value : node->items[i], word);
    return is;
}

static sh_code mark_recalled(struct loader *l, struct sh_step *step) {
    const char *word = sh_arena_printf(l->arena, NULL, "at.%.*s.", SH_ARG(step->id));
    if (!word)
        return sh_fail(l->err, SH_E_NOMEM, "no room for a name");
    step->is_recalled = is_said(l->p->node, sh_str_of(word));
    return SH_OK;
}

static sh_code read_step(struct loader *l, const struct sh_yaml_entry *entry, struct sh_step *step) {
    static const char *const known[] = {
        "name",  "from",  "to",       "by",      "not_by",   "not_body_of", "needs",    "may",
        "guard", "gate",  "issues",   "writes",  "posts",    "opens",       "holds",    "basis",
        "per",   "dated", "bulk",     "seen",    "serves",   "together",    "undo",     "served",
        "draw",  "sets",  "outcomes", "returns", "inspects", "lays",        "coverage", "carries"};
    const struct sh_yaml *map = entry->value, *name = NULL, *by = sh_yaml_get(map, "by");
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], l->err));
    SH_TRY(sh_yaml_need(map, "name", SH_YAML_TEXT, &name, l->err));
    const size_t slash = sh_str_find(name->text, SH_STR(" / "));
    step->id = entry->key, step->node = map;
    step->name = slash == SH_STR_NONE ? name->text : sh_str_sub(name->text, 0, slash);
    step->english = slash == SH_STR_NONE ? step->id : sh_str_sub(name->text, slash + 3, name->text.len);
    if (!by)
        return sh_yaml_fail(l->err, map, "a step without actor: by");
    SH_TRY(sh_law_actors(by, l->roles, l->arena, &step->by, &step->n_by, l->err));
    SH_TRY(sh_law_list(map, "not_by", l->arena, &step->not_by, &step->n_not_by, l->err));
    SH_TRY(sh_law_list(map, "not_body_of", l->arena, &step->not_body_of, &step->n_not_body_of, l->err));
    SH_TRY(sh_law_list(map, "served", l->arena, &step->need_papers, &step->n_need_papers, l->err));
    SH_TRY(read_seen(l, map, step));
    SH_TRY(read_from(l, map, step));
    SH_TRY(read_to(l, map, step));
    SH_TRY(read_indexes(l, map, "needs", find_field, "field", &step->needs, &step->n_needs));
    SH_TRY(read_indexes(l, map, "may", find_field, "field", &step->may, &step->n_may));
    SH_TRY(read_indexes(l, map, "gate", find_gate, "gate", &step->gates, &step->n_gates));
    SH_TRY(read_indexes(l, map, "issues", find_paper, "paper", &step->issues, &step->n_issues));
    for (size_t i = 0; i < step->n_need_papers; i++)
        if (find_paper(l, step->need_papers[i]) < 0)
            return sh_yaml_fail(l->err, map, "no paper \"%.*s\"", SH_ARG(step->need_papers[i]));
    SH_TRY(read_guards(l, map, step));
    SH_TRY(read_writes(l, map, step));
    SH_TRY(read_posts(l, map, step));
    SH_TRY(read_opens(l, map, step));
    SH_TRY(read_sets(l, map, step));
    SH_TRY(read_returns(l, map, step));
    SH_TRY(read_carries(l, map, step));
    SH_TRY(read_lays(l, map, step));
    SH_TRY(mark_recalled(l, step));
    SH_TRY(read_flags(l, map, step));
    return l->machine == &l->p->matter ? SH_OK : check_item_step(l, step);
}

sh_code sh_law_steps(const struct sh_yaml *map, const struct sh_procedure *p, struct sh_machine *machine,
                     const struct sh_registers *registers, const struct sh_roles *roles,
                     struct sh_arena *arena, struct sh_err *err) {
    const struct sh_yaml *steps = NULL;
    SH_TRY(sh_yaml_need(map, "steps", SH_YAML_MAP, &steps, err));
    if (steps->n > SH_PROCEDURE_STEPS_MAX)
        return sh_yaml_fail(err, steps, "more than %d steps", SH_PROCEDURE_STEPS_MAX);
    struct sh_step *of = sh_new(arena, struct sh_step, steps->n);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for steps");
    struct loader l = {p, machine, registers, roles, arena, err};
    for (size_t i = 0; i < steps->n; i++)
        SH_TRY(read_step(&l, &steps->entries[i], &of[i]));
    machine->steps = of, machine->n_steps = steps->n;
    return SH_OK;
}
