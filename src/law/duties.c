/* What begins without anybody asking: a duty of each period, and what a row of a ledger calls for. */
#include "law/factbook.h"
#include "law/inner.h"
#include "law/reading.h"

static sh_code need_register(const struct sh_yaml *map, const char *key, const struct sh_registers *registers,
                             const struct sh_register **ret, struct sh_err *err) {
    const struct sh_yaml *name = NULL;
    SH_TRY(sh_yaml_need(map, key, SH_YAML_TEXT, &name, err));
    *ret = sh_register_find(registers, name->text);
    return *ret ? SH_OK : sh_yaml_fail(err, name, "no register \"%.*s\"", SH_ARG(name->text));
}

/* A condition over a row; NULL: each. */
static sh_code read_where(const struct sh_yaml *map, const struct sh_register *reg, struct sh_arena *arena,
                          const struct sh_expr **ret, struct sh_err *err) {
    struct sh_expr *e = NULL;
    if (sh_yaml_get(map, "where"))
        SH_TRY(sh_factbook_compile(reg, sh_yaml_get(map, "where"), arena, &e, err));
    *ret = e;
    return SH_OK;
}

static bool has_one_key(const struct sh_register *reg) {
    size_t n = 0;
    for (size_t i = 0; i < reg->n_fields; i++)
        n += reg->fields[i].is_key;
    return n == 1;
}

/* The field of a register that `body` names; -1: it names none. */
static sh_code body_field(const struct sh_yaml *map, const struct sh_register *reg, int32_t *ret,
                          struct sh_err *err) {
    const struct sh_yaml *body = sh_yaml_get(map, "body");
    *ret = body ? sh_register_field(reg, body->text, false) : -1;
    if (body &&
        (*ret < 0 || reg->fields[*ret].type != SH_FIELD_REF || !sh_str_is(reg->fields[*ret].ref, "bodies")))
        return sh_yaml_fail(err, body, "body names a field of the register that refers to bodies");
    return SH_OK;
}

/* Whose duty it is: the row's own where it is a body, else the body its field names. */
static sh_code read_body(const struct sh_yaml *map, struct sh_every_text *every, struct sh_err *err) {
    SH_TRY(body_field(map, every->reg, &every->body, err));
    return sh_str_is(every->reg->id, "bodies") || every->body >= 0
               ? SH_OK
               : sh_yaml_fail(err, map, "say whose duty it is: body: a field of the register");
}

sh_code sh_law_every(const struct sh_yaml *root, const struct sh_registers *registers, struct sh_procedure *p,
                     struct sh_arena *arena, struct sh_err *err) {
    static const char *const known[] = {"register", "where", "at", "body", "basis"};
    static const char *const instants[] = {"period_begins", "period_ends"};
    const struct sh_yaml *map = sh_yaml_get(root, "every"), *at = NULL, *basis = NULL;
    if (!map)
        return SH_OK;
    struct sh_every_text *made = sh_new(arena, struct sh_every_text, 1);
    if (!made)
        return sh_fail(err, SH_E_NOMEM, "no room for a duty");
    size_t instant = 0;
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], err));
    SH_TRY(sh_yaml_need(map, "at", SH_YAML_TEXT, &at, err));
    SH_TRY(sh_yaml_need(map, "basis", SH_YAML_TEXT, &basis, err));
    SH_TRY(sh_law_word(at, instants, 2, &instant, err));
    SH_TRY(need_register(map, "register", registers, &made->reg, err));
    made->at_end = instant == 1, made->basis = basis->text, made->node = map;
    if (p->period == SH_PERIOD_NONE)
        return sh_yaml_fail(err, map, "a duty comes with each period: period: month, quarter or year");
    if (!has_one_key(made->reg) || made->reg->change == SH_CHANGE_STEPS)
        return sh_yaml_fail(err, map, "a duty is of each row of a register that people keep, with one key");
    SH_TRY(read_body(map, made, err));
    SH_TRY(read_where(map, made->reg, arena, &made->where, err));
    p->every = made;
    return SH_OK;
}

/* Can every value of a row's field stand in a field of the matter, as it is? Nobody is there to be told. */
static bool holds(const struct sh_field *to, const struct sh_field *from) {
    if (from->mask)
        return false;
    if (to->type == SH_FIELD_TEXT)
        return from->type == SH_FIELD_TEXT ? from->max <= to->max && (to->has_lines || !from->has_lines)
                                           : from->type == SH_FIELD_CODE;
    bool is = to->type == from->type;
    for (size_t i = 0; i < from->n_choices && is; i++) {
        is = false;
        for (size_t k = 0; k < to->n_choices; k++)
            is = is || sh_str_eq(to->choices[k].code, from->choices[i].code);
    }
    return is && (to->type == SH_FIELD_DATE || to->type == SH_FIELD_CHOICE || to->type == SH_FIELD_CODE ||
                  to->type == SH_FIELD_MONEY);
}

static sh_code check_of_row(const struct sh_yaml *from, const struct sh_field *to,
                            const struct sh_register *reg, struct sh_err *err) {
    const struct sh_str name = sh_str_sub(from->text, 4, from->text.len);
    const int32_t at = sh_register_field(reg, name, false);
    if (at < 0)
        return sh_yaml_fail(err, from, "the register %.*s has no field \"%.*s\"", SH_ARG(reg->id),
                            SH_ARG(name));
    return holds(to, &reg->fields[at])
               ? SH_OK
               : sh_yaml_fail(err, from,
                              "%.*s of the row cannot stand in %.*s: a personal field, another type, "
                              "a longer text or a choice that is not there",
                              SH_ARG(name), SH_ARG(to->id));
}

/* {FIELD: "=words with {expressions}", "n: a number", "fen: money", "row.FIELD"}: of the matter that is
 * opened. */
static sh_code read_values(const struct sh_yaml *node, const struct sh_procedure *p, struct sh_arena *arena,
                           struct sh_watch_text *watch, struct sh_err *err) {
    const struct sh_yaml *map = sh_yaml_get(node, "with");
    if (!map)
        return SH_OK;
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "with is a map of fields to what they are");
    struct sh_source *of = sh_new(arena, struct sh_source, map->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for a list");
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *from = map->entries[i].value;
        const int32_t at = sh_machine_field(&p->matter, map->entries[i].key);
        struct sh_str canonical;
        struct sh_err why;
        of[i] = (struct sh_source){map->entries[i].key, from};
        if (at < 0)
            return sh_yaml_fail(err, from, "no field \"%.*s\"", SH_ARG(of[i].to));
        if (sh_str_starts_with(from->text, SH_STR("n:")) || sh_str_starts_with(from->text, SH_STR("fen:")))
            continue;
        if (sh_str_starts_with(from->text, SH_STR("row."))) {
            SH_TRY(check_of_row(from, &p->matter.fields[at], watch->reg, err));
            continue;
        }
        if (!sh_str_starts_with(from->text, SH_STR("=")))
            return sh_yaml_fail(
                err, from,
                "what a watch fills in is \"=words\", \"n: a number\", \"fen: money\" or \"row.FIELD\"");
        const struct sh_str words = sh_str_sub(from->text, 1, from->text.len);
        if (sh_str_find_char(words, '{') == SH_STR_NONE &&
            sh_field_check(&p->matter.fields[at], words, SH_EN, arena, &canonical, &why) != SH_OK)
            return sh_yaml_fail(err, from, "%s", why.message);
    }
    watch->values = of, watch->n_values = map->n;
    return SH_OK;
}

/* A step that writes a ledger has a body; a row that people write must name one, and say what calls. */
static sh_code check_waker(const struct sh_yaml *node, struct sh_watch_text *watch, struct sh_err *err) {
    const bool is_ledger = watch->reg->change == SH_CHANGE_STEPS;
    SH_TRY(body_field(node, watch->reg, &watch->body, err));
    if (is_ledger && !watch->when)
        return sh_yaml_fail(err, node, "of a ledger a watch says what it waits for: if");
    if (is_ledger && watch->body >= 0)
        return sh_yaml_fail(err, node,
                            "of a ledger the body is that of the step that writes: leave body out");
    if (!is_ledger && (watch->body < 0 || !watch->where))
        return sh_yaml_fail(
            err, node,
            "the register %.*s is edited by people: say which rows call (where) and which body "
            "is called (body: a field of the register)",
            SH_ARG(watch->reg->id));
    return SH_OK;
}

static sh_code read_watch(const struct sh_yaml_entry *entry, const struct sh_registers *registers,
                          const struct sh_procedure *p, struct sh_arena *arena, struct sh_watch_text *watch,
                          struct sh_err *err) {
    static const char *const known[] = {"name",    "basis", "register", "where",
                                        "subject", "body",  "if",       "with"};
    const struct sh_yaml *node = entry->value, *name = NULL, *basis = NULL, *subject = NULL;
    const struct sh_yaml *const when = sh_yaml_get(node, "if");
    SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
    SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, err));
    SH_TRY(sh_yaml_need(node, "basis", SH_YAML_TEXT, &basis, err));
    SH_TRY(sh_yaml_need(node, "subject", SH_YAML_TEXT, &subject, err));
    *watch = (struct sh_watch_text){.id = entry->key, .basis = basis->text, .when = when, .node = node};
    sh_law_words(name->text, watch->id, &watch->name, &watch->english);
    SH_TRY(need_register(node, "register", registers, &watch->reg, err));
    SH_TRY(read_where(node, watch->reg, arena, &watch->where, err));
    SH_TRY(check_waker(node, watch, err));
    watch->subject = sh_register_field(watch->reg, subject->text, false);
    if (watch->subject < 0 || (watch->reg->fields[watch->subject].type != SH_FIELD_CODE &&
                               watch->reg->fields[watch->subject].type != SH_FIELD_REF))
        return sh_yaml_fail(err, subject, "the register has no field of a code \"%.*s\"",
                            SH_ARG(subject->text));
    return read_values(node, p, arena, watch, err);
}

sh_code sh_law_watches(const struct sh_yaml *root, const struct sh_registers *registers,
                       struct sh_procedure *p, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_yaml *map = sh_yaml_get(root, "watches");
    if (!map)
        return SH_OK;
    if (map->kind != SH_YAML_MAP || map->n > SH_PROCEDURE_NAMES_MAX)
        return sh_yaml_fail(err, map, "watches is a map of what calls for this procedure");
    if (p->period != SH_PERIOD_NONE)
        return sh_yaml_fail(err, map, "what has a period comes with it (every); a watch opens what has none");
    struct sh_watch_text *of = sh_new(arena, struct sh_watch_text, map->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for watches");
    for (size_t i = 0; i < map->n; i++)
        SH_TRY(read_watch(&map->entries[i], registers, p, arena, &of[i], err));
    p->watches = of, p->n_watches = map->n;
    return SH_OK;
}
