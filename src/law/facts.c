/* Facts of one matter as rows that the expression language reads. */
#include "law/factbook.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/money.h"
#include "law/law.h"
#include <assert.h>

enum { TEXTS_MAX = 1 << 20 };

/* ---- rows -------------------------------------------------------------------------------------------- */

/* Which value a param(…) has; a register asks none. */
struct asking {
    const struct sh_params *params;
    struct sh_str place;
    struct sh_param_dates dates;
    uint8_t *used; /* [names] 1: some text asks for it; NULL: nobody wants to know */
};

struct sh_factbook {
    const struct sh_factbook_model *model;
    struct asking asking;
    struct sh_arena *arena;
    struct sh_frame_table *tables;
    struct sh_frame frame;
    struct sh_world world;
    struct sh_str *texts; /* [n_texts] by id */
    uint32_t *slots;      /* [2 * room] id + 1 by hash, open addressing */
    size_t n_texts, room;
};

// NOLINTNEXTLINE(readability-function-size): the callback's signature is the language's
static sh_code candidates(void *ctx, uint16_t table, enum sh_expr_scope scope, uint16_t from,
                          const int32_t *rows, uint32_t n, struct sh_arena *arena, struct sh_candidates *ret,
                          uint8_t *toolong, struct sh_err *err) {
    const struct sh_factbook *facts = ctx;
    (void)scope, (void)from, (void)rows, (void)toolong;
    const uint32_t n_rows = facts->tables[table].n_rows;
    uint32_t *begins = sh_new(arena, uint32_t, (size_t)n + 1);
    int32_t *list = sh_new(arena, int32_t, (size_t)n * n_rows + 1);
    if (!begins || !list)
        return sh_fail(err, SH_E_NOMEM, "no room for rows");
    for (uint32_t i = 0; i < n; i++) {
        begins[i + 1] = begins[i] + n_rows;
        for (uint32_t k = 0; k < n_rows; k++)
            list[begins[i] + k] = (int32_t)k;
    }
    *ret = (struct sh_candidates){begins, list};
    return SH_OK;
}

static struct sh_str name_of(void *ctx, struct sh_type type, int64_t value, struct sh_arena *arena) {
    const struct sh_factbook *facts = ctx;
    (void)arena;
    if (type.kind == SH_KIND_TEXT && value >= 0 && (size_t)value < facts->n_texts)
        return facts->texts[value];
    return SH_STR("?");
}

static sh_code book_new(const struct sh_factbook_model *model, struct asking asking, struct sh_arena *arena,
                        struct sh_factbook **ret, struct sh_err *err) {
    struct sh_factbook *facts = sh_new(arena, struct sh_factbook, 1);
    struct sh_frame_table *tables = sh_new(arena, struct sh_frame_table, model->model.n_tables);
    if (!facts || !tables)
        return sh_fail(err, SH_E_NOMEM, "no room for facts");
    *facts = (struct sh_factbook){.model = model, .asking = asking, .arena = arena, .tables = tables};
    facts->frame = (struct sh_frame){.model = &model->model, .tables = tables};
    facts->world = (struct sh_world){.candidates = candidates, .name = name_of, .ctx = facts};
    *ret = facts;
    return SH_OK;
}

sh_code sh_factbook_new(const struct sh_procedure *procedure, const struct sh_params *params,
                        struct sh_str place, struct sh_param_dates dates, struct sh_arena *arena,
                        struct sh_factbook **ret, struct sh_err *err) {
    SH_TRY(book_new(procedure->model, (struct asking){params, place, dates, NULL}, arena, ret, err));
    for (unsigned t = SH_FACT_AT; t <= SH_FACT_CLOCKS; t++)
        SH_TRY(sh_factbook_rows(*ret, t, 1, err));
    return sh_factbook_rows(*ret, SH_FACT_GATE, 1, err);
}

sh_code sh_factbook_of_register(const struct sh_register *reg, struct sh_arena *arena,
                                struct sh_factbook **ret, struct sh_err *err) {
    return book_new(reg->model, (struct asking){0}, arena, ret, err);
}

static size_t size_of(enum sh_storage storage) {
    return storage == SH_STORE_I8 ? 1 : storage == SH_STORE_I32 ? 4 : 8;
}

static void set_cell(const struct sh_model_column *column, void *data, size_t row, int64_t value) {
    if (column->storage == SH_STORE_I8)
        ((int8_t *)data)[row] = value == SH_MISSING ? SH_MISSING_I8 : (int8_t)value;
    else if (column->storage == SH_STORE_I32)
        ((int32_t *)data)[row] =
            value == SH_MISSING ? (column->join >= 0 ? -1 : SH_MISSING_I32) : (int32_t)value;
    else
        ((int64_t *)data)[row] = value;
}

sh_code sh_factbook_rows(struct sh_factbook *facts, unsigned table, size_t n, struct sh_err *err) {
    const struct sh_model_table *t = &facts->model->model.tables[table];
    const void **columns = sh_new(facts->arena, const void *, (size_t)t->n_columns + 1);
    if (!columns || n > INT32_MAX)
        return sh_fail(err, SH_E_NOMEM, "no room for facts");
    for (uint16_t c = 0; c < t->n_columns; c++) {
        void *data = sh_arena_alloc_array(facts->arena, n + 1, size_of(t->columns[c].storage), 8);
        if (!data)
            return sh_fail(err, SH_E_NOMEM, "no room for facts");
        for (size_t i = 0; i <= n; i++)
            set_cell(&t->columns[c], data, i, SH_MISSING);
        columns[c] = data;
    }
    facts->tables[table] = (struct sh_frame_table){(uint32_t)n, columns};
    return SH_OK;
}

void sh_factbook_keep(struct sh_factbook *facts, unsigned table, size_t n) {
    sh_check(n <= facts->tables[table].n_rows);
    facts->tables[table].n_rows = (uint32_t)n;
}

static int column_of(const struct sh_model_table *t, struct sh_str name) {
    for (int c = 0; c < t->n_columns; c++)
        if (sh_str_is(name, t->columns[c].name))
            return c;
    return -1;
}

static void *cells_of(struct sh_factbook *facts, unsigned table, int column) {
    return (void *)(uintptr_t)facts->tables[table].columns[column];
}

void sh_factbook_set(struct sh_factbook *facts, unsigned table, size_t row, struct sh_str column,
                     int64_t value) {
    const struct sh_model_table *t = &facts->model->model.tables[table];
    const int c = column_of(t, column);
    if (c >= 0 && row < facts->tables[table].n_rows)
        set_cell(&t->columns[c], cells_of(facts, table, c), row, value);
}

static sh_code grow_texts(struct sh_factbook *facts, struct sh_err *err) {
    const size_t room = facts->room ? facts->room * 2 : 256;
    struct sh_str *texts = sh_new(facts->arena, struct sh_str, room);
    uint32_t *slots = sh_new(facts->arena, uint32_t, room * 2);
    if (!texts || !slots || room > TEXTS_MAX)
        return sh_fail(err, SH_E_NOMEM, "no room for texts");
    if (facts->n_texts)
        memcpy(texts, facts->texts, facts->n_texts * sizeof *texts);
    for (size_t i = 0; i < facts->n_texts; i++) {
        size_t at = sh_hash64(texts[i].at, texts[i].len, 0) & (room * 2 - 1);
        while (slots[at])
            at = (at + 1) & (room * 2 - 1);
        slots[at] = (uint32_t)i + 1;
    }
    facts->texts = texts, facts->slots = slots, facts->room = room;
    return SH_OK;
}

static sh_code text_id(struct sh_factbook *facts, struct sh_str text, int64_t *ret, struct sh_err *err) {
    if (facts->n_texts == facts->room)
        SH_TRY(grow_texts(facts, err));
    size_t at = sh_hash64(text.at, text.len, 0) & (facts->room * 2 - 1);
    for (; facts->slots[at]; at = (at + 1) & (facts->room * 2 - 1))
        if (sh_str_eq(facts->texts[facts->slots[at] - 1], text)) {
            *ret = facts->slots[at] - 1;
            return SH_OK;
        }
    *ret = (int64_t)facts->n_texts;
    facts->texts[facts->n_texts++] = text;
    facts->slots[at] = (uint32_t)facts->n_texts;
    return SH_OK;
}

static int64_t level_of(const char *const *words, struct sh_str word) {
    for (int64_t i = 0; words[i]; i++)
        if (sh_str_is(word, words[i]))
            return i;
    return SH_MISSING;
}

sh_code sh_factbook_put(struct sh_factbook *facts, unsigned table, size_t row, struct sh_str name,
                        struct sh_str text, struct sh_err *err) {
    const struct sh_model_table *t = &facts->model->model.tables[table];
    const int c = column_of(t, name);
    if (c < 0 || row >= facts->tables[table].n_rows || text.len == 0)
        return SH_OK;
    const struct sh_type type = t->columns[c].type;
    int64_t value = SH_MISSING;
    int32_t day = 0;
    if (type.kind == SH_KIND_LEVEL)
        value = level_of(facts->model->model.level_words[type.domain], text);
    else if (type.kind == SH_KIND_DATE && sh_date_scan(text.at, text.len, &day) == SH_DATE_OK)
        value = day;
    else if (type.kind == SH_KIND_BOOL)
        value = sh_str_is(text, "true");
    else if (type.kind == SH_KIND_NUMBER &&
             sh_decimal_scan(text.at, text.len, type.scale, &value) != SH_DECIMAL_OK)
        value = SH_MISSING;
    else if (type.kind == SH_KIND_TEXT)
        SH_TRY(text_id(facts, text, &value, err));
    set_cell(&t->columns[c], cells_of(facts, table, c), row, value);
    return SH_OK;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

static struct sh_type type_of_param(const struct sh_param *row) {
    struct sh_type type = {.kind = SH_KIND_NUMBER, .scale = row->scale};
    if (sh_str_is(row->unit, "yuan"))
        type.unit = SH_UNIT_YUAN; /* months, days, shares are plain numbers beside the fields of a form */
    return type;
}

static bool param_of(void *ctx, struct sh_str name, struct sh_type *ret_type, int64_t *ret_value) {
    const struct asking *asking = ctx;
    if (!asking->params)
        return false;
    const struct sh_param_pick pick = sh_param_pick(asking->params, name, asking->place, asking->dates);
    if (pick.state == SH_PARAM_NO_SUCH)
        return false;
    *ret_type = type_of_param(pick.row);
    *ret_value = pick.state == SH_PARAM_SET ? pick.row->value : SH_MISSING;
    return true;
}

/* Codes do not occur in these models: levels have their words, texts are compared with texts. */
static sh_code no_codes(void *ctx, int16_t domain, struct sh_str word, bool under, struct sh_arena *arena,
                        struct sh_set *ret, struct sh_err *err) {
    (void)ctx, (void)domain, (void)word, (void)under, (void)arena, (void)err;
    *ret = (struct sh_set){0};
    return SH_OK;
}

static struct sh_context context_of(const struct sh_factbook_model *model, struct asking *asking,
                                    bool of_item) {
    return (struct sh_context){.model = &model->model,
                               .kind = SH_CONTEXT_ROW,
                               .variables = model->variables,
                               .n_variables = of_item ? model->n_variables : model->n_outer,
                               .subject = (uint16_t)(of_item ? model->n_variables - 1 : 0),
                               .param = param_of,
                               .param_ctx = asking};
}

static struct sh_place place_of(const struct sh_yaml *node) {
    return (struct sh_place){node->file, node->place.line, node->place.column};
}

static sh_code compile(const struct sh_factbook_model *model, struct asking *asking,
                       const struct sh_yaml *node, bool of_item, struct sh_arena *arena, struct sh_expr **ret,
                       struct sh_err *err) {
    const struct sh_context context = context_of(model, asking, of_item);
    struct sh_str text;
    SH_TRY(sh_law_expand(&model->names, node->text, SH_LAW_EXPRESSION, asking->used, arena, &text, err));
    SH_TRY(sh_expr_compile(text, place_of(node), &context, arena, ret, err));
    return sh_expr_bind(*ret, no_codes, NULL, arena, err);
}

static sh_code need_condition(const struct sh_expr *e, const struct sh_yaml *node, struct sh_err *err) {
    return sh_expr_type(e).kind == SH_KIND_BOOL ? SH_OK
                                                : sh_yaml_fail(err, node, "a condition is wanted here");
}

static enum sh_guard_answer answer_of(int64_t value) {
    return value == SH_MISSING ? SH_UNKNOWN : value > 0 ? SH_YES : SH_NO;
}

/* The batch of n items, or of the matter alone. zeros [n]. */
static sh_code batch_of(const struct sh_factbook *facts, const int32_t *items, size_t n, struct sh_batch *ret,
                        struct sh_err *err) {
    int32_t *zeros = sh_new(facts->arena, int32_t, n + 1);
    if (!zeros)
        return sh_fail(err, SH_E_NOMEM, "no room to ask");
    *ret = (struct sh_batch){.n = (uint32_t)n};
    for (uint16_t i = 0; i < facts->model->n_variables; i++)
        ret->rows[i] = facts->model->variables[i].table == SH_FACT_ITEM && items ? items : zeros;
    return SH_OK;
}

static sh_code ask(struct sh_factbook *facts, const struct sh_yaml *condition, const int32_t *rows, size_t n,
                   enum sh_guard_answer *ret, struct sh_str *ret_missing, struct sh_err *err) {
    struct asking asking = facts->asking;
    struct sh_expr *e = NULL;
    struct sh_batch batch;
    SH_TRY(compile(facts->model, &asking, condition, rows != NULL, facts->arena, &e, err));
    SH_TRY(need_condition(e, condition, err));
    SH_TRY(batch_of(facts, rows, n, &batch, err));
    int64_t *values = sh_new(facts->arena, int64_t, n + 1);
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room to ask");
    const struct sh_eval in = {&facts->frame, &facts->world, facts->arena};
    SH_TRY(sh_expr_eval(e, &in, &batch, values, err));
    for (size_t i = 0; i < n; i++)
        ret[i] = answer_of(values[i]);
    if (ret_missing && ret[0] == SH_UNKNOWN)
        return sh_expr_missing(e, &in, &batch, 0, ret_missing, err);
    return SH_OK;
}

sh_code sh_factbook_compile(const struct sh_register *reg, const struct sh_yaml *condition,
                            struct sh_arena *arena, struct sh_expr **ret, struct sh_err *err) {
    struct asking none = {0};
    SH_TRY(compile(reg->model, &none, condition, false, arena, ret, err));
    return need_condition(*ret, condition, err);
}

sh_code sh_factbook_ask_bound(struct sh_factbook *facts, const struct sh_expr *e, enum sh_guard_answer *ret,
                              struct sh_err *err) {
    struct sh_batch batch;
    int64_t value = SH_MISSING;
    SH_TRY(batch_of(facts, NULL, 1, &batch, err));
    const struct sh_eval in = {&facts->frame, &facts->world, facts->arena};
    SH_TRY(sh_expr_eval(e, &in, &batch, &value, err));
    *ret = answer_of(value);
    return SH_OK;
}

sh_code sh_factbook_ask(struct sh_factbook *facts, const struct sh_yaml *condition, int32_t item,
                        enum sh_guard_answer *ret, struct sh_str *ret_missing, struct sh_err *err) {
    *ret_missing = SH_STR("");
    return ask(facts, condition, item >= 0 ? &item : NULL, 1, ret, ret_missing, err);
}

sh_code sh_factbook_ask_items(struct sh_factbook *facts, const struct sh_yaml *condition, const int32_t *rows,
                              size_t n, enum sh_guard_answer *ret, struct sh_err *err) {
    return n ? ask(facts, condition, rows, n, ret, NULL, err) : SH_OK;
}

sh_code sh_factbook_numbers(struct sh_factbook *facts, const struct sh_yaml *number, const int32_t *rows,
                            size_t n, int64_t *ret, struct sh_err *err) {
    struct asking asking = facts->asking;
    struct sh_expr *e = NULL;
    struct sh_batch batch;
    SH_TRY(compile(facts->model, &asking, number, true, facts->arena, &e, err));
    SH_TRY(batch_of(facts, rows, n, &batch, err));
    const struct sh_eval in = {&facts->frame, &facts->world, facts->arena};
    SH_TRY(sh_expr_eval(e, &in, &batch, ret, err));
    for (size_t i = 0; i < n; i++)
        ret[i] = ret[i] == SH_MISSING ? INT64_MIN : ret[i];
    return SH_OK;
}

sh_code sh_factbook_fen(struct sh_factbook *facts, const struct sh_yaml *amount, int32_t item, int64_t *ret,
                        bool *ret_known, struct sh_str *ret_missing, struct sh_err *err) {
    struct asking asking = facts->asking;
    struct sh_expr *e = NULL;
    struct sh_batch batch;
    SH_TRY(compile(facts->model, &asking, amount, item >= 0, facts->arena, &e, err));
    if (sh_expr_type(e).kind != SH_KIND_NUMBER || sh_expr_type(e).unit != SH_UNIT_YUAN)
        return sh_yaml_fail(err, amount, "an amount of money is wanted here");
    SH_TRY(batch_of(facts, item >= 0 ? &item : NULL, 1, &batch, err));
    const struct sh_eval in = {&facts->frame, &facts->world, facts->arena};
    SH_TRY(sh_expr_eval_fen(e, &in, &batch, ret, err));
    *ret_known = *ret != SH_MISSING;
    *ret_missing = SH_STR("");
    return *ret_known ? SH_OK : sh_expr_missing(e, &in, &batch, 0, ret_missing, err);
}

static int8_t digits_of(const struct sh_field *field) {
    return field->type == SH_FIELD_INT ? 0 : 2;
}

sh_code sh_factbook_value(struct sh_factbook *facts, const struct sh_yaml *number,
                          const struct sh_field *field, struct sh_str *ret, struct sh_str *ret_missing,
                          struct sh_err *err) {
    struct asking asking = facts->asking;
    struct sh_expr *e = NULL;
    struct sh_batch batch;
    int64_t value = SH_MISSING;
    char text[SH_MONEY_TEXT_MAX];
    SH_TRY(compile(facts->model, &asking, number, false, facts->arena, &e, err));
    SH_TRY(batch_of(facts, NULL, 1, &batch, err));
    const struct sh_eval in = {&facts->frame, &facts->world, facts->arena};
    SH_TRY(sh_expr_eval_scaled(e, digits_of(field), &in, &batch, &value, err));
    *ret = *ret_missing = SH_STR("");
    if (value == SH_MISSING)
        return sh_expr_missing(e, &in, &batch, 0, ret_missing, err);
    if (digits_of(field) == 0)
        (void)snprintf(text, sizeof text, "%lld", (long long)value);
    else
        sh_money_plain(value, text);
    const char *copy = sh_arena_dup(facts->arena, text, strlen(text));
    *ret = sh_str_of(copy);
    return copy ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a value");
}

sh_code sh_factbook_say(struct sh_factbook *facts, const struct sh_yaml *at, struct sh_str text, int32_t item,
                        struct sh_str *ret, struct sh_err *err) {
    *ret = text;
    if (sh_str_find_char(text, '{') == SH_STR_NONE)
        return SH_OK;
    struct asking asking = facts->asking;
    const struct sh_context context = context_of(facts->model, &asking, item >= 0);
    struct sh_template *t = NULL;
    struct sh_batch batch;
    SH_TRY(sh_law_expand(&facts->model->names, text, SH_LAW_SENTENCE, NULL, facts->arena, &text, err));
    SH_TRY(sh_template_compile(text, place_of(at), &context, facts->arena, &t, err));
    SH_TRY(sh_template_bind(t, no_codes, NULL, facts->arena, err));
    SH_TRY(batch_of(facts, item >= 0 ? &item : NULL, 1, &batch, err));
    const struct sh_eval in = {&facts->frame, &facts->world, facts->arena};
    return sh_template_print(t, &in, &batch, 0, ret, err);
}

/* ---- checking a text --------------------------------------------------------------------------------- */

struct checking {
    const struct sh_procedure *procedure;
    struct asking asking;
    struct sh_arena *arena;
};

static sh_code check_condition(struct checking *c, const struct sh_yaml *node, bool of_item,
                               struct sh_err *err) {
    struct sh_expr *e = NULL;
    if (!node)
        return SH_OK;
    SH_TRY(compile(c->procedure->model, &c->asking, node, of_item, c->arena, &e, err));
    return need_condition(e, node, err);
}

static sh_code check_money(struct checking *c, const struct sh_yaml *node, bool of_item, struct sh_err *err) {
    struct sh_expr *e = NULL;
    SH_TRY(compile(c->procedure->model, &c->asking, node, of_item, c->arena, &e, err));
    return sh_expr_type(e).unit == SH_UNIT_YUAN
               ? SH_OK
               : sh_yaml_fail(err, node, "an amount of money is wanted here");
}

static sh_code check_number(struct checking *c, const struct sh_yaml *node, struct sh_err *err) {
    struct sh_expr *e = NULL;
    if (!node)
        return SH_OK;
    SH_TRY(compile(c->procedure->model, &c->asking, node, true, c->arena, &e, err));
    const enum sh_kind kind = sh_expr_type(e).kind;
    return kind == SH_KIND_NUMBER || kind == SH_KIND_BOOL
               ? SH_OK
               : sh_yaml_fail(err, node, "a number or a condition is wanted here");
}

static sh_code check_values(struct checking *c, const struct sh_source *values, size_t n, bool of_item,
                            struct sh_err *err) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_starts_with(values[i].from->text, SH_STR("fen:"))) {
            struct sh_yaml amount = *values[i].from;
            amount.text = sh_str_sub(amount.text, 4, amount.text.len);
            SH_TRY(check_money(c, &amount, of_item, err));
        } else if (sh_str_starts_with(values[i].from->text, SH_STR("n:"))) {
            struct sh_yaml number = *values[i].from;
            struct sh_expr *e = NULL;
            number.text = sh_str_sub(number.text, 2, number.text.len);
            SH_TRY(compile(c->procedure->model, &c->asking, &number, of_item, c->arena, &e, err));
            if (sh_expr_type(e).kind != SH_KIND_NUMBER || sh_expr_type(e).unit == SH_UNIT_YUAN)
                return sh_yaml_fail(err, values[i].from, "a number is wanted here");
        }
    return SH_OK;
}

/* What a step computes is a number, money where the field holds money. */
static sh_code check_sets(struct checking *c, const struct sh_step *step, struct sh_err *err) {
    for (size_t i = 0; i < step->n_sets; i++) {
        const struct sh_yaml *node = step->sets[i].from;
        const int32_t at = sh_machine_field(&c->procedure->matter, step->sets[i].to);
        struct sh_expr *e = NULL;
        SH_TRY(compile(c->procedure->model, &c->asking, node, false, c->arena, &e, err));
        const bool is_money = c->procedure->matter.fields[at].type == SH_FIELD_MONEY;
        if (sh_expr_type(e).kind != SH_KIND_NUMBER || (sh_expr_type(e).unit == SH_UNIT_YUAN) != is_money)
            return sh_yaml_fail(err, node,
                                is_money ? "an amount of money is wanted here" : "a number is wanted here");
    }
    return SH_OK;
}

/* Who is called into a matter is called by a field of it that holds a code. */
static sh_code check_called(const struct checking *c, const struct sh_step *step, struct sh_err *err) {
    for (size_t i = 0; i < step->n_by; i++) {
        if (step->by[i].relation != SH_AT_CALLED)
            continue;
        const int32_t at = sh_machine_field(&c->procedure->matter, step->by[i].field);
        if (at < 0 || c->procedure->matter.fields[at].type != SH_FIELD_CODE)
            return sh_yaml_fail(err, step->node, "called(%.*s): no field of the matter that holds a code",
                                SH_ARG(step->by[i].field));
    }
    return SH_OK;
}

static sh_code check_sentence(struct checking *c, const struct sh_guard *guard, struct sh_str text,
                              bool of_item, struct sh_err *err) {
    if (sh_str_find_char(text, '{') == SH_STR_NONE)
        return SH_OK;
    const struct sh_context context = context_of(c->procedure->model, &c->asking, of_item);
    struct sh_template *t = NULL;
    SH_TRY(sh_law_expand(&c->procedure->model->names, text, SH_LAW_SENTENCE, c->asking.used, c->arena, &text,
                         err));
    return sh_template_compile(text, place_of(guard->condition), &context, c->arena, &t, err);
}

static sh_code check_step(struct checking *c, const struct sh_step *step, bool of_item, struct sh_err *err) {
    SH_TRY(check_called(c, step, err));
    for (size_t i = 0; i < step->n_guards; i++) {
        SH_TRY(check_condition(c, step->guards[i].condition, of_item, err));
        SH_TRY(check_sentence(c, &step->guards[i], step->guards[i].refuse, of_item, err));
        SH_TRY(check_sentence(c, &step->guards[i], step->guards[i].english, of_item, err));
    }
    for (size_t i = 0; i < step->n_writes; i++) {
        SH_TRY(check_condition(c, step->writes[i].when, of_item, err));
        SH_TRY(check_values(c, step->writes[i].values, step->writes[i].n_values, of_item, err));
    }
    SH_TRY(check_sets(c, step, err));
    for (size_t i = 0; i < step->n_opens; i++) {
        SH_TRY(
            check_condition(c, step->opens[i].when, of_item || sh_str_is(step->opens[i].per, "item"), err));
        SH_TRY(check_values(c, step->opens[i].values, step->opens[i].n_values, of_item, err));
    }
    SH_TRY(check_values(c, step->returns.values, step->returns.n_values, of_item, err));
    for (size_t i = 0; i < step->n_posts; i++) {
        SH_TRY(check_condition(c, step->posts[i].when, of_item, err));
        SH_TRY(check_money(c, step->posts[i].amount, of_item, err));
    }
    return SH_OK;
}

/* What a watch asks stands before any step: of the matter nothing is there but whom it is about. */
static sh_code check_watch(struct checking *c, const struct sh_watch_text *watch, struct sh_err *err) {
    SH_TRY(check_condition(c, watch->when, false, err));
    for (size_t i = 0; i < watch->n_values; i++) {
        const struct sh_guard words = {.condition = watch->values[i].from};
        if (sh_str_starts_with(words.condition->text, SH_STR("=")))
            SH_TRY(check_sentence(c, &words, words.condition->text, false, err));
    }
    return check_values(c, watch->values, watch->n_values, false, err);
}

/* A name is an expression wherever it is used: its own faults are told where it stands. */
static sh_code check_names(struct checking *c, struct sh_err *err) {
    const struct sh_law_names *names = &c->procedure->model->names;
    for (size_t i = 0; i < names->n; i++) {
        struct sh_yaml node = *names->of[i].node;
        struct sh_expr *e = NULL;
        node.text = names->of[i].text;
        c->asking.used[i] = names->of[i].is_used;
        if (!c->procedure->items ||
            compile(c->procedure->model, &c->asking, &node, false, c->arena, &e, NULL) != SH_OK)
            SH_TRY(compile(c->procedure->model, &c->asking, &node, c->procedure->items != NULL, c->arena, &e,
                           err));
    }
    return SH_OK;
}

/* Not every text that shares fields needs all that is said of them. */
static sh_code check_used(const struct checking *c, struct sh_err *err) {
    const struct sh_law_names *names = &c->procedure->model->names;
    for (size_t i = 0; i < names->n; i++)
        if (!c->asking.used[i] && !names->of[i].is_shared)
            return sh_yaml_fail(err, names->of[i].node, "no text asks for %.*s: take it out",
                                SH_ARG(names->of[i].id));
    return SH_OK;
}

sh_code sh_factbook_check(const struct sh_procedure *procedure, const struct sh_params *params,
                          struct sh_arena *arena, struct sh_err *err) {
    struct checking c = {procedure,
                         {params,
                          procedure->place,
                          {20000, 20000, 20000},
                          sh_new(arena, uint8_t, procedure->model->names.n + 1)},
                         arena};
    if (!c.asking.used)
        return sh_fail(err, SH_E_NOMEM, "no room to check a text");
    SH_TRY(check_names(&c, err));
    for (size_t i = 0; i < procedure->matter.n_steps; i++)
        SH_TRY(check_step(&c, &procedure->matter.steps[i], false, err));
    for (size_t i = 0; procedure->items && i < procedure->items->n_steps; i++)
        SH_TRY(check_step(&c, &procedure->items->steps[i], true, err));
    for (size_t i = 0; i < procedure->n_papers; i++) {
        SH_TRY(check_condition(&c, procedure->papers[i].lines, true, err));
        SH_TRY(check_values(&c, procedure->papers[i].says, procedure->papers[i].n_says, false, err));
    }
    for (size_t i = 0; procedure->items && i < procedure->items->n_given; i++)
        SH_TRY(check_condition(&c, procedure->items->given[i].when, false, err));
    for (size_t i = 0; i < procedure->n_watches; i++)
        SH_TRY(check_watch(&c, &procedure->watches[i], err));
    if (procedure->items)
        SH_TRY(check_number(&c, procedure->items->queue, err));
    for (size_t i = 0; i < procedure->n_gates; i++)
        SH_TRY(check_condition(&c, procedure->gates[i].when, false, err));
    for (size_t i = 0; procedure->draw && i < procedure->draw->n_strata; i++)
        SH_TRY(check_condition(&c, procedure->draw->strata[i].when, true, err));
    return check_used(&c, err);
}
