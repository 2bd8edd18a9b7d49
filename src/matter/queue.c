/* The order of waiting items, by the text's own expression. */
#include "matter/item.h"

/* Greater numbers come first; what is not known comes last. The id makes the order total. */
static struct sh_str key_of(struct work *w, int64_t number, struct sh_str id) {
    const uint64_t up = (uint64_t)number ^ (UINT64_C(1) << 63);
    return sh_textf(w->arena, "%020llu-%.*s", (unsigned long long)(UINT64_MAX - up), SH_ARG(id));
}

sh_code sh_items_queue(struct work *w, struct item *items, size_t n) {
    const struct sh_yaml *queue = w->m.text->items->queue;
    int64_t *numbers = sh_new(w->arena, int64_t, n + 1);
    int32_t *rows = sh_new(w->arena, int32_t, n + 1);
    if (!numbers || !rows)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a queue");
    for (size_t i = 0; i < n; i++)
        numbers[i] = items[i].fund_amount, rows[i] = (int32_t)i;
    if (queue && n)
        SH_TRY(sh_factbook_numbers(w->facts, queue, rows, n, numbers, w->err));
    for (size_t i = 0; i < n; i++) {
        items[i].queue = key_of(w, numbers[i], items[i].id);
        if (items[i].queue.len == 0)
            return sh_fail(w->err, SH_E_NOMEM, "no room for a queue");
    }
    return SH_OK;
}

sh_code sh_item_stand(struct work *w, struct item *item) {
    const struct sh_machine *machine = w->m.text ? w->m.text->items : NULL;
    if (!machine || !sh_str_eq(w->m.id, item->matter)) {
        SH_TRY(sh_matter_load(w, item->matter));
        machine = w->m.text->items;
    }
    if (!machine)
        return sh_fail(w->err, SH_E_CORRUPT, "an item of a matter whose text has none");
    const int32_t state = sh_machine_state(machine, item->state);
    const int32_t assigned = sh_machine_field(machine, SH_STR("assigned"));
    struct sh_str *values = sh_new(w->arena, struct sh_str, machine->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a row");
    SH_TRY(sh_fields_parse(machine, item->fields, w->arena, values, w->err));
    item->is_final = state >= 0 && machine->states[state].is_final;
    if (assigned >= 0)
        item->assigned = values[assigned];
    return SH_OK;
}
