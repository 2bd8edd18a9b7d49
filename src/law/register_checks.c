/* Checks of registers: conditions in the expression language, typed once, asked of each record before it is
 * written. */
#include "base/limits.h"
#include "law/factbook.h"
#include "law/inner.h"
#include "law/reading.h"

static sh_code read_check(const struct sh_yaml *map, struct sh_arena *arena, struct sh_register *reg,
                          struct sh_register_check *ret, struct sh_err *err) {
    static const char *const known[] = {"if", "refuse", "field"};
    const struct sh_yaml *condition = NULL, *refuse = NULL, *field = NULL;
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map,
                            "a check is a map: {if: CONDITION, field: FIELD, refuse: 中文 / English}");
    SH_TRY(sh_yaml_only(map, known, 3, err));
    SH_TRY(sh_yaml_need(map, "if", SH_YAML_TEXT, &condition, err));
    SH_TRY(sh_yaml_need(map, "refuse", SH_YAML_TEXT, &refuse, err));
    SH_TRY(sh_yaml_need(map, "field", SH_YAML_TEXT, &field, err));
    sh_law_words(refuse->text, refuse->text, &ret->refuse, &ret->english);
    ret->field = sh_register_field(reg, field->text, false);
    if (ret->field < 0)
        return sh_yaml_fail(err, field, "the check names no field");
    struct sh_expr *e = NULL;
    SH_TRY(sh_factbook_compile(reg, condition, arena, &e, err));
    ret->condition = e;
    reg->checks_versions = reg->checks_versions || sh_expr_asks_rows(e, false);
    return SH_OK;
}

sh_code sh_law_checks(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                      struct sh_err *err) {
    const struct sh_yaml *list = sh_yaml_get(root, "checks");
    SH_TRY(sh_factbook_model_of_register(reg, arena, err)); /* procedures ask conditions of rows too */
    if (!list)
        return SH_OK;
    if (list->kind != SH_YAML_LIST)
        return sh_yaml_fail(err, list, "checks must be a list");
    if (reg->change == SH_CHANGE_STEPS)
        return sh_yaml_fail(err, list, "only steps write here: their guards are where conditions belong");
    struct sh_register_check *checks = sh_new(arena, struct sh_register_check, list->n);
    if (!checks)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu checks", list->n);
    for (size_t i = 0; i < list->n; i++)
        SH_TRY(read_check(list->items[i], arena, reg, &checks[i], err));
    reg->checks = checks, reg->n_checks = list->n;
    return SH_OK;
}

/* A word in braces is a field, or what the office keeps of every row. */
static bool is_known_word(const struct sh_register *reg, struct sh_str word) {
    static const char *const kept[] = {"id", "from", "to", "known"};
    bool is = sh_register_field(reg, word, false) >= 0;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        is = is || sh_str_is(word, kept[i]);
    return is;
}

static sh_code check_cell(const struct sh_register *reg, const struct sh_yaml *text, struct sh_err *err) {
    struct sh_str rest = text->text;
    if (text->kind != SH_YAML_TEXT)
        return sh_yaml_fail(err, text, "a column is words with {FIELD}, {id}, {from}, {to} or {known}");
    for (size_t at = 0; (at = sh_str_find_char(rest, '{')) != SH_STR_NONE;) {
        const size_t end = sh_str_find_char(rest, '}');
        if (end == SH_STR_NONE || end < at || !is_known_word(reg, sh_str_sub(rest, at + 1, end - at - 1)))
            return sh_yaml_fail(err, text, "no field of the register, nor {id}, {from}, {to}, {known}");
        rest = sh_str_sub(rest, end + 1, rest.len);
    }
    return SH_OK;
}

sh_code sh_law_knowledge(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                         struct sh_err *err) {
    static const char *const known[] = {"tables", "where", "row"};
    const struct sh_yaml *map = sh_yaml_get(root, "knowledge"), *row = NULL;
    if (!map)
        return SH_OK;
    struct sh_register_knowledge *made = sh_new(arena, struct sh_register_knowledge, 1);
    struct sh_expr *e = NULL;
    if (!made)
        return sh_fail(err, SH_E_NOMEM, "no room for a register");
    SH_TRY(sh_yaml_only(map, known, 3, err));
    SH_TRY(sh_yaml_need(map, "row", SH_YAML_MAP, &row, err));
    if (reg->change != SH_CHANGE_STEPS)
        return sh_yaml_fail(err, map, "an audit is told what steps have written: change: steps");
    SH_TRY(sh_law_list(map, "tables", arena, &made->tables, &made->n_tables, err));
    if (made->n_tables == 0)
        return sh_yaml_fail(err, map, "say which tables of knowledge: tables");
    if (sh_yaml_get(map, "where"))
        SH_TRY(sh_factbook_compile(reg, sh_yaml_get(map, "where"), arena, &e, err));
    struct sh_register_cell *cells = sh_new(arena, struct sh_register_cell, row->n + 1);
    if (!cells)
        return sh_fail(err, SH_E_NOMEM, "no room for a register");
    for (size_t i = 0; i < row->n; i++) {
        SH_TRY(check_cell(reg, row->entries[i].value, err));
        cells[i] = (struct sh_register_cell){row->entries[i].key, row->entries[i].value->text};
    }
    made->where = e, made->row = cells, made->n_row = row->n;
    reg->knowledge = made;
    return SH_OK;
}

sh_code sh_law_runs(const struct sh_yaml *root, struct sh_arena *arena, struct sh_register *reg,
                    struct sh_err *err) {
    const struct sh_yaml *node = sh_yaml_get(root, "runs");
    struct sh_expr *e = NULL;
    if (!node)
        return SH_OK;
    if (reg->change != SH_CHANGE_STEPS || sh_register_field(reg, SH_STR("rule"), false) < 0)
        return sh_yaml_fail(err, node, "whether a rule runs is said of rows of steps with a field rule");
    SH_TRY(sh_factbook_compile(reg, node, arena, &e, err));
    reg->runs = e;
    return SH_OK;
}

/* A record here is found by the other's key and the word: so these two are its key, in this order. */
static bool is_keyed_by(const struct sh_register *reg, int32_t each) {
    int32_t first = -1, n = 0;
    for (size_t i = 0; i < reg->n_fields; i++) {
        first = reg->fields[i].is_key && first < 0 ? (int32_t)i : first;
        n += reg->fields[i].is_key;
    }
    return n == 2 && first < each && reg->fields[each].is_key;
}

sh_code sh_law_complete(const struct sh_yaml *root, struct sh_register *all, size_t n,
                        struct sh_register *reg, struct sh_arena *arena, struct sh_err *err) {
    static const char *const known[] = {"of", "when", "each"};
    const struct sh_yaml *map = sh_yaml_get(root, "complete"), *of = NULL, *each = NULL;
    if (!map)
        return SH_OK;
    SH_TRY(sh_yaml_only(map, known, 3, err));
    SH_TRY(sh_yaml_need(map, "of", SH_YAML_TEXT, &of, err));
    SH_TRY(sh_yaml_need(map, "each", SH_YAML_TEXT, &each, err));
    struct sh_register_complete *complete = sh_new(arena, struct sh_register_complete, 1);
    struct sh_register *other = NULL;
    if (!complete)
        return sh_fail(err, SH_E_NOMEM, "no room for a register");
    for (size_t i = 0; i < n; i++)
        other = sh_str_eq(all[i].id, of->text) ? &all[i] : other;
    if (!other)
        return sh_yaml_fail(err, of, "no register %.*s", SH_ARG(of->text));
    complete->of = other;
    complete->each = sh_register_field(reg, each->text, false);
    if (complete->each < 0 || reg->fields[complete->each].type != SH_FIELD_CHOICE ||
        !is_keyed_by(reg, complete->each))
        return sh_yaml_fail(err, each, "the key must be the other register's key, then this choice");
    const struct sh_yaml *when = sh_yaml_get(map, "when");
    if (when) {
        struct sh_expr *e = NULL;
        SH_TRY(sh_factbook_compile(other, when, arena, &e, err));
        complete->when = e;
    }
    reg->complete = complete;
    return SH_OK;
}

/* The last day, as papers say it; what has no end goes beyond every date that is written. */
static int64_t last_day(int32_t to) {
    enum { DAY_9999_12_31 = 2932896 };
    return to - 1 < DAY_9999_12_31 ? to - 1 : DAY_9999_12_31;
}

static sh_code put_entry(struct sh_factbook *facts, const struct sh_register *reg, unsigned table, size_t row,
                         const struct sh_register_entry *entry, struct sh_err *err) {
    sh_factbook_set(facts, table, row, SH_STR("from"), entry->from);
    sh_factbook_set(facts, table, row, SH_STR("to"), last_day(entry->to));
    for (size_t i = 0; i < reg->n_fields; i++)
        SH_TRY(sh_factbook_put(facts, table, row, reg->fields[i].id, entry->values[i], err));
    return SH_OK;
}

static sh_code book_of(const struct sh_register *reg, const struct sh_register_asked *asked,
                       struct sh_arena *arena, struct sh_factbook **ret, struct sh_err *err) {
    SH_TRY(sh_factbook_of_register(reg, arena, ret, err));
    SH_TRY(sh_factbook_rows(*ret, SH_FACT_RECORD, 1, err));
    SH_TRY(sh_factbook_rows(*ret, SH_FACT_VERSION, asked->n, err));
    sh_factbook_set(*ret, SH_FACT_RECORD, 0, SH_STR("today"), asked->today);
    SH_TRY(put_entry(*ret, reg, SH_FACT_RECORD, 0, &asked->record, err));
    for (size_t i = 0; i < asked->n; i++)
        SH_TRY(put_entry(*ret, reg, SH_FACT_VERSION, i, &asked->versions[i], err));
    return SH_OK;
}

sh_code sh_register_ask(const struct sh_register *reg, const struct sh_register_asked *asked,
                        struct sh_arena *arena, bool *ret, struct sh_err *err) {
    if (reg->n_checks == 0)
        return SH_OK;
    struct sh_factbook *facts = NULL;
    SH_TRY(book_of(reg, asked, arena, &facts, err));
    for (size_t i = 0; i < reg->n_checks; i++) {
        enum sh_guard_answer answer = SH_UNKNOWN;
        SH_TRY(sh_factbook_ask_bound(facts, reg->checks[i].condition, &answer, err));
        ret[i] = answer != SH_YES;
    }
    return SH_OK;
}

sh_code sh_register_meets(const struct sh_register *reg, const struct sh_expr *when,
                          const struct sh_register_asked *row, struct sh_arena *arena, bool *ret,
                          struct sh_err *err) {
    enum sh_guard_answer answer = SH_UNKNOWN;
    struct sh_factbook *facts = NULL;
    if (when) {
        SH_TRY(book_of(reg, row, arena, &facts, err));
        SH_TRY(sh_factbook_ask_bound(facts, when, &answer, err));
    }
    *ret = answer != SH_NO;
    return SH_OK;
}

sh_code sh_register_concerns(const struct sh_register *reg, const struct sh_register_asked *other,
                             struct sh_arena *arena, bool *ret, struct sh_err *err) {
    return sh_register_meets(reg->complete->of, reg->complete->when, other, arena, ret, err);
}
