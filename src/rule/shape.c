/* What a rule is about: its shape, its subject, the knowledge beside it, related rows, and the keys that
 * group. */
#include "base/mem.h"
#include "rule/build.h"
#include "rule/model.h"
#include <assert.h>

/* Tables a rule may be about. */
static const uint16_t subjects[] = {
    SH_TABLE_LINE,      SH_TABLE_ENCOUNTER, SH_TABLE_SETTLEMENT,      SH_TABLE_DIAGNOSIS,
    SH_TABLE_OPERATION, SH_MODEL_STAY,      SH_TABLE_SETTLEMENT_LIST, SH_TABLE_CHRONIC_RIGHT,
    SH_TABLE_ENROLMENT, SH_TABLE_ALLOWANCE, SH_TABLE_CARE_SERVICE,    SH_TABLE_TRACE_SCAN,
    SH_TABLE_STOCK_MOVE};
enum { N_SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

sh_code sh_build_table(struct sh_build *b, const struct sh_yaml *node, struct sh_str word, uint16_t *ret) {
    const size_t n = N_SUBJECTS + b->rules->n_views;
    const char **names = sh_new(b->arena, const char *, n);
    if (!names)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the names of tables");
    for (size_t i = 0; i < n; i++) {
        const uint16_t table = i < N_SUBJECTS ? subjects[i] : b->rules->views[i - N_SUBJECTS].table;
        names[i] = b->rules->model->model.tables[table].name;
        if (sh_str_is(word, names[i])) {
            *ret = table;
            return SH_OK;
        }
    }
    return sh_build_unknown(b, node, "table", word, names, n);
}

sh_code sh_build_variable(struct sh_build *b, const struct sh_yaml *node, struct sh_str name, uint16_t table,
                          bool bare, uint16_t *ret_slot) {
    struct sh_rule *r = b->rule;
    if (r->n_variables == SH_VARIABLES_MAX)
        return sh_yaml_fail(b->err, node, "more than %d names for rows", SH_VARIABLES_MAX);
    bool is_name = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        is_name = is_name && ((name.at[i] >= 'a' && name.at[i] <= 'z') || name.at[i] == '_');
    if (!is_name)
        return sh_yaml_fail(b->err, node, "'%.*s' is no name for a row; use lower case letters and _",
                            SH_ARG(name));
    for (uint16_t i = 0; i < r->n_variables; i++)
        if (sh_str_is(name, r->variables[i].name))
            return sh_yaml_fail(b->err, node, "the name '%.*s' stands for another row already", SH_ARG(name));
    char *kept = sh_arena_dup(b->arena, name.at, name.len);
    if (!kept)
        return sh_fail(b->err, SH_E_NOMEM, "no room for a name");
    r->variables[r->n_variables] = (struct sh_variable){.name = kept, .table = table, .bare = bare};
    *ret_slot = r->n_variables++;
    return SH_OK;
}

/* ---- shape
 * ------------------------------------------------------------------------------------------------------ */

static sh_code shape_pair(struct sh_build *b, const struct sh_yaml *pair) {
    static const char *const keys[] = {"a", "b"};
    struct sh_rule *r = b->rule;
    r->shape = SH_SHAPE_PAIR;
    if (pair->kind != SH_YAML_MAP)
        return sh_yaml_fail(b->err, pair, "pair is a map: {a: line, b: line}");
    SH_TRY(sh_yaml_only(pair, keys, 2, b->err));
    uint16_t tables[2];
    for (int i = 0; i < 2; i++) {
        const struct sh_yaml *side;
        SH_TRY(sh_yaml_need(pair, keys[i], SH_YAML_TEXT, &side, b->err));
        SH_TRY(sh_build_table(b, side, side->text, &tables[i]));
    }
    if (tables[0] != tables[1])
        return sh_yaml_fail(b->err, pair, "both sides of a pair are rows of the same table");
    r->table = tables[0];
    SH_TRY(sh_build_variable(b, pair, SH_STR("a"), r->table, true, &r->subject));
    return sh_build_variable(b, pair, SH_STR("b"), r->table, false, &r->slot_b);
}

/* each: [keys], of: [T, T2]: groups of two tables that share their keys */
static sh_code shape_of_two(struct sh_build *b, const struct sh_yaml *of) {
    struct sh_rule *r = b->rule;
    uint16_t tables[2];
    if (of->n != 2 || r->is_view)
        return sh_yaml_fail(b->err, of, "a group is of one table or of two, a view's of one");
    for (int i = 0; i < 2; i++) {
        if (of->items[i]->kind != SH_YAML_TEXT)
            return sh_yaml_fail(b->err, of->items[i], "the name of a table is wanted here");
        SH_TRY(sh_build_table(b, of->items[i], of->items[i]->text, &tables[i]));
    }
    if (tables[0] == tables[1])
        return sh_yaml_fail(b->err, of, "the two tables of a group differ");
    r->table = tables[0], r->table_b = tables[1], r->has_b = true;
    const struct sh_model_table *names = b->rules->model->model.tables;
    SH_TRY(sh_build_variable(b, of, sh_str_of(names[tables[0]].name), tables[0], true, &r->subject));
    return sh_build_variable(b, of, sh_str_of(names[tables[1]].name), tables[1], false, &r->slot_b);
}

static sh_code read_shape(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *each = sh_yaml_get(b->root, "each"), *of = sh_yaml_get(b->root, "of");
    const struct sh_yaml *pair = sh_yaml_get(b->root, "pair"), *window = sh_yaml_get(b->root, "window");
    if (pair && each)
        return sh_yaml_fail(b->err, each, "a rule has one shape: either 'each' or 'pair'");
    if (pair && window)
        return sh_yaml_fail(b->err, window,
                            "a pair has no window; say how near the two must be with 'within'");
    if (pair)
        return shape_pair(b, pair);
    if (!each)
        return sh_yaml_fail(
            b->err, b->root,
            "the rule lacks its shape: 'each: line', 'each: [keys]' or 'pair: {a: line, b: line}'");
    struct sh_str table = SH_STR("line");
    const struct sh_yaml *at = each;
    if (sh_yaml_get(b->root, "value"))
        return sh_build_stat_shape(b);
    if (each->kind == SH_YAML_LIST) {
        r->shape = SH_SHAPE_GROUP;
        if (window)
            return sh_yaml_fail(
                b->err, window,
                "a group has no window; a window is written 'each: line' with 'window: {key, past}'");
        if (of && of->kind == SH_YAML_LIST)
            return shape_of_two(b, of);
        if (of && of->kind != SH_YAML_TEXT)
            return sh_yaml_fail(b->err, of, "of is the name of a table, or of two: [stock_move, line]");
        if (of)
            table = of->text, at = of;
    } else if (each->kind == SH_YAML_TEXT) {
        r->shape = window ? SH_SHAPE_WINDOW : SH_SHAPE_ROW;
        table = each->text;
        if (of)
            return sh_yaml_fail(b->err, of, "'of' belongs to groups: 'each: [person, day]' with 'of: line'");
    } else
        return sh_yaml_fail(b->err, each, "each is a table or a list of keys");
    SH_TRY(sh_build_table(b, at, table, &r->table));
    return sh_build_variable(b, at, sh_str_of(b->rules->model->model.tables[r->table].name), r->table, true,
                             &r->subject);
}

sh_code sh_build_shape(struct sh_build *b) {
    return sh_build_note(b, read_shape(b));
}

/* ---- knowledge
 * -------------------------------------------------------------------------------------------------- */

static sh_code find_table(struct sh_build *b, const struct sh_yaml *node, uint16_t *ret) {
    const struct sh_rules *rules = b->rules;
    const char **names = sh_new(b->arena, const char *, rules->n_knowledge);
    if (!names)
        return sh_fail(b->err, SH_E_NOMEM, "no room for the names of tables");
    for (size_t i = 0; i < rules->n_knowledge; i++) {
        names[i] = rules->model->model.tables[rules->knowledge[i].model_table].name;
        if (node->kind == SH_YAML_TEXT && sh_str_is(node->text, names[i])) {
            *ret = (uint16_t)i;
            return SH_OK;
        }
    }
    return sh_build_unknown(b, node, "knowledge table", node->text, names, rules->n_knowledge);
}

/* The joins a table declares, as conditions over the subject: an empty key cell fits everyone. */
static sh_code key_conditions(struct sh_build *b, const struct sh_yaml *node, size_t use,
                              struct sh_str slot) {
    struct sh_rule *r = b->rule;
    const struct sh_knowledge *k = &b->rules->knowledge[r->uses[use].knowledge];
    for (uint16_t c = 0; c < k->n_columns; c++) {
        const struct sh_knowledge_column *column = &k->columns[c];
        if (column->key == SH_KEY_NOT || sh_str_is(column->name, "item") || sh_str_is(column->name, "a") ||
            sh_str_is(column->name, "b"))
            continue;
        if (r->uses[use].n_keys == sizeof(r->uses[use].keys) / sizeof(r->uses[use].keys[0]))
            return sh_yaml_fail(b->err, node, "table %.*s has more key columns than a rule can join",
                                SH_ARG(k->name));
        const bool is_in = column->type.kind == SH_KIND_SET || column->type.kind == SH_KIND_RANGE;
        size_t len;
        const char *text = sh_arena_printf(b->arena, &len, "not known(%.*s.%.*s) or %.*s %s %.*s.%.*s",
                                           SH_ARG(slot), SH_ARG(column->name), SH_ARG(column->joins),
                                           is_in ? "in" : "=", SH_ARG(slot), SH_ARG(column->name));
        if (!text)
            return sh_fail(b->err, SH_E_NOMEM, "no room for a key condition");
        SH_TRY(sh_build_expr(b, node, 0, (struct sh_str){text, len}, SH_BUILD_ROW,
                             &r->uses[use].keys[r->uses[use].n_keys]));
        r->uses[use].n_keys++;
    }
    return SH_OK;
}

static const struct sh_knowledge_column *key_column(const struct sh_knowledge *k, const char *name) {
    for (uint16_t c = 0; c < k->n_columns; c++)
        if (k->columns[c].key != SH_KEY_NOT && sh_str_is(k->columns[c].name, name))
            return &k->columns[c];
    return NULL;
}

/* Rows are found by the item of a line, and by nothing else: columns item, a and b join line.item, a pair has
 * both sides, and who is looked up is a line. Anything else would match every row. */
static sh_code check_lookup(struct sh_build *b, const struct sh_yaml *node, size_t use) {
    static const char *const names[] = {"item", "a", "b"};
    const struct sh_rule *r = b->rule;
    const struct sh_knowledge *k = &b->rules->knowledge[r->uses[use].knowledge];
    const bool is_pair = r->shape == SH_SHAPE_PAIR && use == 0;
    bool by_item = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct sh_knowledge_column *column = key_column(k, names[i]);
        by_item = by_item || column;
        if (column && !sh_str_is(column->joins, "line.item"))
            return sh_yaml_fail(b->err, node,
                                "table %.*s: key %s joins %.*s; a key called item, a or b joins line.item",
                                SH_ARG(k->name), names[i], SH_ARG(column->joins));
        if (is_pair && i > 0 && !column)
            return sh_yaml_fail(b->err, node,
                                "table %.*s has no key '%s': a pair finds both sides by the item of a line "
                                "(#! key a: line.item =, #! key b: line.item =)",
                                SH_ARG(k->name), names[i]);
    }
    if (is_pair && key_column(k, "item"))
        return sh_yaml_fail(b->err, node, "table %.*s: a pair has the keys a and b, and no key item",
                            SH_ARG(k->name));
    if (!is_pair && (key_column(k, "a") || key_column(k, "b")))
        return sh_yaml_fail(b->err, node, "table %.*s is one of pairs (keys a and b); this rule is no pair",
                            SH_ARG(k->name));
    if (by_item && r->table != SH_TABLE_LINE)
        return sh_yaml_fail(
            b->err, node,
            "table %.*s is looked up by line.item, but the rows of this rule are of table %s; say "
            "'each: line', or make a view over lines",
            SH_ARG(k->name), b->rules->model->model.tables[r->table].name);
    return SH_OK;
}

static sh_code read_use(struct sh_build *b, const struct sh_yaml_entry *entry) {
    struct sh_rule *r = b->rule;
    const size_t use = r->n_uses;
    if (use == sizeof(r->uses) / sizeof(r->uses[0]))
        return sh_yaml_fail(b->err, entry->value, "a rule uses at most %zu tables", use);
    SH_TRY(find_table(b, entry->value, &r->uses[use].knowledge));
    const uint16_t table = b->rules->knowledge[r->uses[use].knowledge].model_table;
    SH_TRY(sh_build_variable(b, entry->value, entry->key, table, false, &r->uses[use].slot));
    if (use == 0)
        r->knowledge = (int16_t)r->uses[use].slot;
    r->n_uses++;
    return SH_OK;
}

sh_code sh_build_uses(struct sh_build *b) {
    const struct sh_yaml *node = sh_yaml_get(b->root, "uses");
    if (!node)
        return SH_OK;
    if (node->kind != SH_YAML_MAP)
        return sh_build_note(b, sh_yaml_fail(b->err, node, "uses is a map: {k: service_frequency}"));
    for (size_t i = 0; i < node->n; i++)
        SH_TRY(sh_build_note(b, read_use(b, &node->entries[i])));
    for (size_t i = 0; i < b->rule->n_uses; i++)
        SH_TRY(sh_build_note(b, check_lookup(b, node->entries[i].value, i)));
    for (size_t i = 0; i < b->rule->n_uses; i++)
        SH_TRY(sh_build_note(
            b, key_conditions(b, node, i, sh_str_of(b->rule->variables[b->rule->uses[i].slot].name))));
    return SH_OK;
}

/* ---- with
 * ------------------------------------------------------------------------------------------------------- */

/* previous(stay in person, institution where C) */
static sh_code parse_with(struct sh_build *b, const struct sh_yaml_entry *entry) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *node = entry->value;
    const struct sh_str text = node->kind == SH_YAML_TEXT ? sh_str_trim(node->text) : (struct sh_str){0};
    const bool next = sh_str_starts_with(text, SH_STR("next("));
    if (!next && !sh_str_starts_with(text, SH_STR("previous(")))
        return sh_yaml_fail(b->err, node, "write previous(TABLE in SCOPE, …) or next(TABLE in SCOPE, …)");
    if (!sh_str_ends_with(text, SH_STR(")")))
        return sh_yaml_fail(b->err, node, "the closing ')' is missing");
    if (r->n_with == sizeof(r->with) / sizeof(r->with[0]))
        return sh_yaml_fail(b->err, node, "at most %zu rows under 'with'", r->n_with);
    struct sh_with *w = &r->with[r->n_with];
    const size_t begin = next ? 5 : 9;
    const struct sh_str inside = sh_str_sub(text, begin, text.len - begin - 1);
    const size_t in = sh_str_find(inside, SH_STR(" in ")), where = sh_str_find(inside, SH_STR(" where "));
    if (in == SH_STR_NONE || (where != SH_STR_NONE && where < in))
        return sh_yaml_fail(b->err, node, "say among which rows: previous(stay in person, institution)");
    SH_TRY(sh_build_table(b, node, sh_str_trim(sh_str_sub(inside, 0, in)), &w->table));
    struct sh_str rest = sh_str_sub(inside, in + 4, (where == SH_STR_NONE ? inside.len : where) - in - 4);
    for (struct sh_str word; rest.len > 0 && sh_str_split(&rest, ',', &word);) {
        const enum sh_expr_scope scope = sh_scope_of(sh_str_trim(word));
        if (scope == SH_SCOPE_NONE)
            return sh_yaml_fail(b->err, node,
                                "'%.*s' is no scope; use person, institution, encounter, stay, day …",
                                SH_ARG(word));
        if (w->n_scopes == sizeof(w->scope) / sizeof(w->scope[0]))
            return sh_yaml_fail(b->err, node, "at most %u scopes", w->n_scopes);
        w->scope[w->n_scopes++] = scope;
    }
    w->next = next;
    SH_TRY(sh_build_variable(b, node, entry->key, w->table, false, &w->slot));
    r->n_with++;
    if (where == SH_STR_NONE)
        return SH_OK;
    const size_t offset = (size_t)(inside.at - node->text.at) + where + 7;
    const uint16_t subject = r->subject;
    r->variables[subject].bare = false, r->variables[w->slot].bare = true, r->subject = w->slot;
    const sh_code code =
        sh_build_expr(b, node, offset, sh_str_sub(inside, where + 7, inside.len), SH_BUILD_ROW, &w->where);
    r->subject = subject, r->variables[w->slot].bare = false, r->variables[subject].bare = true;
    return code;
}

sh_code sh_build_with(struct sh_build *b) {
    const struct sh_yaml *node = sh_yaml_get(b->root, "with");
    if (!node)
        return SH_OK;
    if (node->kind != SH_YAML_MAP)
        return sh_build_note(b, sh_yaml_fail(b->err, node, "with is a map: {p: previous(stay in person)}"));
    if (b->rule->shape != SH_SHAPE_ROW)
        return sh_build_note(
            b, sh_yaml_fail(b->err, node, "'with' belongs to rules of the shape 'each: TABLE'"));
    for (size_t i = 0; i < node->n; i++)
        SH_TRY(sh_build_note(b, parse_with(b, &node->entries[i])));
    return SH_OK;
}

/* ---- keys
 * ------------------------------------------------------------------------------------------------------- */

static sh_code read_key(struct sh_build *b, const struct sh_yaml *item) {
    struct sh_rule *r = b->rule;
    if (item->kind != SH_YAML_TEXT || item->text.len == 0)
        return sh_yaml_fail(b->err, item, "a key is one text: person, day, k.point, course(k) …");
    if (sh_str_is(item->text, "ever"))
        return SH_OK;
    if (r->n_keys == sizeof(r->keys) / sizeof(r->keys[0]))
        return sh_yaml_fail(b->err, item, "at most %zu keys", r->n_keys);
    struct sh_rule_key *key = &r->keys[r->n_keys];
    *key = (struct sh_rule_key){.kind = SH_RULE_KEY_EXPR, .text = item->text};
    if (sh_str_starts_with(item->text, SH_STR("course("))) {
        if (r->knowledge < 0 || !sh_str_ends_with(item->text, SH_STR(")")) ||
            !sh_str_is(sh_str_sub(item->text, 7, item->text.len - 8), r->variables[r->knowledge].name))
            return sh_yaml_fail(b->err, item, "write course(k), k being the first table under 'uses'");
        key->kind = SH_RULE_KEY_COURSE;
    } else
        SH_TRY(sh_build_expr(b, item, 0, item->text, SH_BUILD_ROW, &key->expr));
    r->n_keys++;
    return SH_OK;
}

/* The keys once more, said of the rows of the second table. */
static sh_code read_keys_b(struct sh_build *b, const struct sh_yaml *list) {
    struct sh_rule *r = b->rule;
    const uint16_t subject = r->subject;
    sh_code code = SH_OK;
    r->variables[subject].bare = false, r->variables[r->slot_b].bare = true, r->subject = r->slot_b;
    for (size_t i = 0, k = 0; code == SH_OK && i < list->n && k < r->n_keys; i++) {
        if (sh_str_is(list->items[i]->text, "ever"))
            continue;
        r->keys_b[k] = (struct sh_rule_key){.kind = SH_RULE_KEY_EXPR, .text = list->items[i]->text};
        code = sh_build_expr(b, list->items[i], 0, list->items[i]->text, SH_BUILD_ROW, &r->keys_b[k].expr);
        const struct sh_expr *first = r->keys[k].expr;
        if (code == SH_OK && (!first || sh_expr_type(first).kind != sh_expr_type(r->keys_b[k].expr).kind ||
                              sh_expr_type(first).domain != sh_expr_type(r->keys_b[k].expr).domain))
            code = sh_yaml_fail(b->err, list->items[i], "the two tables do not share the key '%.*s'",
                                SH_ARG(list->items[i]->text));
        k++;
    }
    r->subject = subject, r->variables[r->slot_b].bare = false, r->variables[subject].bare = true;
    return code;
}

sh_code sh_build_key_list(struct sh_build *b, const struct sh_yaml *list) {
    if (list->kind != SH_YAML_LIST)
        return sh_build_note(b, sh_yaml_fail(b->err, list, "the keys are a list: [person, day]"));
    const size_t errors_before = b->reporter->n_errors;
    for (size_t i = 0; i < list->n; i++)
        SH_TRY(sh_build_note(b, read_key(b, list->items[i])));
    if (b->rule->has_b && b->reporter->n_errors == errors_before)
        return sh_build_note(b, read_keys_b(b, list));
    return SH_OK;
}

/* A line stands before each knowledge row that concerns it: where the key does not part them, what the window
 * counts holds it once for each. */
static void warn_of_points(struct sh_build *b, const struct sh_yaml *key) {
    const struct sh_rule *r = b->rule;
    if (r->n_uses == 0)
        return;
    const struct sh_str used = sh_str_of(r->variables[r->uses[0].slot].name);
    for (size_t i = 0; i < key->n; i++) {
        struct sh_str rest = key->items[i]->text, name;
        if (sh_str_split(&rest, '.', &name) && sh_str_eq(name, used) && sh_str_is(rest, "point"))
            return;
    }
    struct sh_err said;
    sh_reporter_warn(b->reporter,
                     sh_yaml_fail(&said, key,
                                  "the window counts a line once for each row of its knowledge that concerns "
                                  "it; add %.*s.point to the key",
                                  SH_ARG(used)),
                     &said);
}

static sh_code read_window(struct sh_build *b, const struct sh_yaml *window) {
    static const char *const keys[] = {"key", "past"};
    struct sh_rule *r = b->rule;
    if (window->kind != SH_YAML_MAP)
        return sh_yaml_fail(b->err, window, "window is a map: {key: [person, k.point], past: k.past}");
    SH_TRY(sh_yaml_only(window, keys, 2, b->err));
    const struct sh_yaml *key, *past;
    SH_TRY(sh_yaml_need(window, "key", SH_YAML_LIST, &key, b->err));
    SH_TRY(sh_yaml_need(window, "past", SH_YAML_TEXT, &past, b->err));
    SH_TRY(sh_build_key_list(b, key));
    warn_of_points(b, key);
    r->window_week = sh_str_is(past->text, "week");
    if (r->window_week)
        return SH_OK;
    SH_TRY(sh_build_expr(b, past, 0, past->text, SH_BUILD_ROW, &r->window_days));
    const struct sh_type type = sh_expr_type(r->window_days);
    if (type.kind != SH_KIND_NUMBER || type.unit != SH_UNIT_DAYS)
        return sh_yaml_fail(b->err, past, "past is a number of days (14 days, k.past) or week");
    return SH_OK;
}

static sh_code read_within(struct sh_build *b) {
    struct sh_rule *r = b->rule;
    const struct sh_yaml *within;
    SH_TRY(sh_yaml_need(b->root, "within", SH_YAML_TEXT, &within, b->err));
    r->within = sh_scope_of(within->text);
    if (r->within != SH_SCOPE_NONE)
        return SH_OK;
    SH_TRY(sh_build_expr(b, within, 0, within->text, SH_BUILD_ROW, &r->within_expr));
    if (sh_expr_type(r->within_expr).kind != SH_KIND_SCOPE)
        return sh_yaml_fail(
            b->err, within,
            "within is a grouping word (day, visit, hour, 6 hours) or a column of such words");
    return SH_OK;
}

sh_code sh_build_keys(struct sh_build *b) {
    const struct sh_yaml *in = sh_yaml_get(b->root, "in"), *within = sh_yaml_get(b->root, "within");
    if (b->rule->shape != SH_SHAPE_PAIR && (in || within))
        return sh_build_note(b, sh_yaml_fail(b->err, in ? in : within, "'in' and 'within' belong to pairs"));
    switch (b->rule->shape) {
    case SH_SHAPE_ROW:
        return SH_OK;
    case SH_SHAPE_GROUP:
        return sh_build_key_list(b, sh_yaml_get(b->root, "each"));
    case SH_SHAPE_WINDOW:
        return sh_build_note(b, read_window(b, sh_yaml_get(b->root, "window")));
    case SH_SHAPE_STAT:
        return sh_build_stat_keys(b);
    case SH_SHAPE_PAIR:
        if (!in)
            return sh_build_note(
                b, sh_yaml_fail(b->err, b->root, "a pair needs 'in: [keys]': which rows may meet"));
        SH_TRY(sh_build_key_list(b, in));
        return sh_build_note(b, read_within(b));
    }
    return SH_OK;
}
