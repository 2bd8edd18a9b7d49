#include "gate/numbers.h"
#include "base/date.h"
#include "gate/entry.h"
#include "gate/years.h"

enum { NUMBERS_MAX = 4096 };

struct sh_numbers_layer {
    struct sh_numbers_layer *before;
    struct sh_arena arena;
    struct sh_params set; /* rows lie in the arena */
    struct sh_calendars years;
};

static void layer_free(struct sh_numbers_layer *layer) {
    if (layer)
        sh_arena_free(&layer->arena);
    sh_free(layer);
}
static void layer_free_at(struct sh_numbers_layer **layer) {
    layer_free(*layer);
}

void sh_numbers_free(struct sh_numbers *numbers) {
    while (numbers->newest) {
        struct sh_numbers_layer *layer = numbers->newest;
        numbers->newest = layer->before;
        layer_free(layer);
    }
}

/* ---- one value ---------------------------------------------------------------------------------------- */

/* The last day on record counts, the tables' `to` is the day after. */
static struct sh_param_set set_of(const struct sh_register *reg, const struct sh_str *values) {
    const int32_t last = sh_entry_day(reg, values, "to", INT32_MAX);
    return (struct sh_param_set){.name = sh_entry_value(reg, values, "name"),
                                 .place = sh_entry_value(reg, values, "place"),
                                 .value = sh_entry_value(reg, values, "value"),
                                 .basis = sh_entry_value(reg, values, "basis"),
                                 .from = sh_entry_day(reg, values, "from", INT32_MIN),
                                 .to = last == INT32_MAX ? last : last + 1};
}

sh_code sh_numbers_check(struct sh_request *rq, const struct sh_entry_values *entry, size_t row,
                         struct sh_faults *faults, struct sh_err *err) {
    if (!sh_str_is(entry->reg->id, SH_NUMBERS_REGISTER) || entry->is_withdrawn)
        return SH_OK;
    const struct sh_param_set set = set_of(entry->reg, entry->values);
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    struct sh_param param;
    const enum sh_param_fault fault = sh_param_of_office(rq->gate->params, &set, rq->lang, &param, &why);
    struct sh_param_pick pick = {.state = SH_PARAM_BEYOND, .row = &param};
    if (fault == SH_PARAM_FINE && (pick.bound = sh_param_beyond(rq->gate->params, &param)))
        sh_param_tell(&pick, set.name, set.place, rq->lang, &why);
    SH_TRY(sh_buf_check(&why, err));
    if (fault != SH_PARAM_FINE || pick.bound)
        sh_faults_add(rq, faults, fault == SH_PARAM_BAD_NAME ? SH_STR("name") : SH_STR("value"), row, "%.*s",
                      SH_ARG(sh_buf_view(&why)));
    else if (!sh_str_eq(sh_entry_value(entry->reg, entry->values, "unit"), param.unit))
        sh_faults_add(rq, faults, SH_STR("unit"), row, SH_SAY(rq, UNIT_IS), SH_ARG(set.name),
                      SH_ARG(param.unit));
    return SH_OK;
}

/* ---- all of them --------------------------------------------------------------------------------------- */

struct laying {
    const struct sh_register *reg;
    const struct sh_registers *registers;
    const struct sh_params *params;
    const struct sh_calendars *calendars;
    struct sh_numbers_layer *layer;
};

static sh_code take(void *ctx, const struct sh_register *reg, const struct sh_str *values,
                    struct sh_err *err) {
    const struct laying *l = ctx;
    const struct sh_param_set set = set_of(reg, values);
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    if (l->layer->set.n == NUMBERS_MAX)
        return sh_fail(err, SH_E_LIMIT, "more than %d numbers on record", NUMBERS_MAX);
    struct sh_param *param = &l->layer->set.rows[l->layer->set.n];
    if (!sh_is_place(set.place) || sh_param_of_office(l->params, &set, SH_ZH, param, &why) != SH_PARAM_FINE)
        return SH_OK;
    param->file = "", param->line = 0;
    l->layer->set.n++;
    return SH_OK;
}

static sh_code read_numbers(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct laying *l = ctx;
    l->layer->set.n = 0;
    SH_TRY(sh_entry_each(txn, l->reg, &l->layer->arena, take, ctx, err));
    return sh_years_read(txn, l->registers, &l->layer->arena, &l->layer->years, err);
}

static bool is_same(const struct sh_numbers_layer *layer, const struct sh_numbers_layer *before) {
    const struct sh_params *a = &layer->set, *b = &before->set;
    bool same = a->n == b->n && sh_years_same(&layer->years, &before->years);
    for (size_t i = 0; same && i < a->n; i++)
        same = sh_str_eq(a->rows[i].name, b->rows[i].name) && sh_str_eq(a->rows[i].place, b->rows[i].place) &&
               sh_str_eq(a->rows[i].text, b->rows[i].text) && a->rows[i].from == b->rows[i].from &&
               a->rows[i].to == b->rows[i].to && sh_str_eq(a->rows[i].basis, b->rows[i].basis);
    return same;
}

static sh_code lay(struct sh_numbers *numbers, struct sh_store *store, struct laying *l, struct sh_err *err) {
    static const struct sh_numbers_layer none;
    SH_CLEANUP(layer_free_at) struct sh_numbers_layer *layer = sh_alloc_array(1, sizeof *layer);
    if (!layer)
        return sh_fail(err, SH_E_NOMEM, "no room for the numbers on record");
    layer->set.rows = sh_new(&layer->arena, struct sh_param, NUMBERS_MAX);
    if (!layer->set.rows)
        return sh_fail(err, SH_E_NOMEM, "no room for the numbers on record");
    l->layer = layer;
    SH_TRY(sh_store_read(store, read_numbers, l, err));
    if (is_same(layer, numbers->newest ? numbers->newest : &none))
        return SH_OK;
    sh_params_lay(l->params, &layer->set);
    if (l->calendars->layer)
        sh_calendars_lay(l->calendars, &layer->years);
    layer->before = numbers->newest;
    numbers->newest = layer;
    atomic_fetch_add(&numbers->generation, 1);
    layer = NULL;
    return SH_OK;
}

sh_code sh_numbers_lay(struct sh_numbers *numbers, struct sh_store *store,
                       const struct sh_registers *registers, const struct sh_matter_texts *texts,
                       struct sh_err *err) {
    struct laying l = {.reg = sh_register_find(registers, SH_STR(SH_NUMBERS_REGISTER)),
                       .registers = registers,
                       .params = sh_matter_params(texts),
                       .calendars = sh_matter_calendars(texts)};
    if (!l.reg)
        return SH_OK;
    pthread_mutex_lock(&numbers->mutex);
    const sh_code code = lay(numbers, store, &l, err);
    pthread_mutex_unlock(&numbers->mutex);
    return code;
}

void sh_gate_numbers(struct sh_gate *gate) {
    struct sh_err err;
    const sh_code code = sh_numbers_lay(&gate->numbers, gate->store, gate->registers, gate->texts, &err);
    if (code != SH_OK)
        sh_log(&gate->log, SH_LOG_ERROR, "numbers", " code=%s", sh_code_name(code));
}

int64_t sh_gate_number(const struct sh_gate *gate, const char *name, struct sh_str place) {
    const int32_t today = sh_gate_today(gate);
    const struct sh_param_pick pick =
        sh_param_pick(gate->params, sh_str_of(name), place, (struct sh_param_dates){today, today, today});
    return pick.state == SH_PARAM_SET && pick.row->scale == 0 ? pick.row->value : INT64_MIN;
}

bool sh_numbers_reads(struct sh_str register_id) {
    return sh_str_is(register_id, SH_NUMBERS_REGISTER) || sh_str_is(register_id, SH_YEARS_REGISTER) ||
           sh_str_is(register_id, SH_YEAR_DAYS_REGISTER);
}
