/* Matters that gather others which have a parent of their own: a meeting and what it discusses. What is put
 * in, what a step of the container does in each of them, all in one transaction or not at all. */
#include "matter/inner.h"

enum { GATHERED_MAX = 200 };

/* The container that the field names, in a state in which it gathers, at the same body; else a refusal. */
static sh_code find(struct work *w, struct sh_str number, struct work *ret, bool *ret_is) {
    const struct sh_container_text *text = w->m.text->container;
    const struct sh_procedure *of =
        sh_procedure_find(w->texts->procedures, text->procedure, w->m.place, w->today);
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(number), SH_TEXT(text->procedure), SH_TEXT(w->m.body)};
    SH_TRY(sh_sql_query(w->txn,
                        "select id, state from mt_matter where number = $1 and procedure = $2 and body = $3",
                        key, 3, w->arena, &rows, w->err));
    *ret_is = false;
    for (size_t i = 0; rows.n_rows && i < text->n_states; i++)
        *ret_is = *ret_is || sh_str_eq(text->states[i], sh_cell(&rows, 0, 1)->str);
    if (*ret_is)
        return sh_matter_load(ret, sh_cell(&rows, 0, 0)->str);
    const struct sh_str name = of ? sh_word_of(lang_of(w), of->name, of->english) : text->procedure;
    sh_failure_add(w, SH_FAIL_STATE, text->basis, w->m.text->matter.fields[text->field].id, M_NO_CONTAINER,
                   SH_ARG(number), SH_ARG(name));
    return SH_OK;
}

sh_code sh_container_join(struct work *w) {
    const struct sh_container_text *text = w->m.text->container;
    if (!text || (w->step && !sh_step_asks(w->step, text->field)) || w->m.values[text->field].len == 0)
        return SH_OK;
    struct work into = sh_work_beside(w);
    struct sh_rows rows;
    bool is = false;
    SH_TRY(find(w, w->m.values[text->field], &into, &is));
    if (!is)
        return SH_OK;
    SH_TRY(sh_sql_query(w->txn, "select count(*) from mt_gathered where container = $1", &SH_TEXT(into.m.id),
                        1, w->arena, &rows, w->err));
    if (sh_cell(&rows, 0, 0)->i64 >= GATHERED_MAX) {
        sh_failure_add(w, SH_FAIL_STATE, text->basis, w->m.text->matter.fields[text->field].id,
                       M_CONTAINER_FULL, SH_ARG(into.m.number), GATHERED_MAX);
        return SH_OK;
    }
    const struct sh_value row[] = {SH_TEXT(w->m.id), SH_TEXT(into.m.id)};
    SH_TRY(sh_sql_run(w->txn,
                      "insert into mt_gathered (matter, container) values ($1, $2) on conflict (matter) do "
                      "update set container = excluded.container",
                      row, 2, NULL, w->err));
    /* Who holds the container has another one before him: what he read of it before is stale. */
    into.occurred = w->occurred, into.occurred_day = w->occurred_day, into.used = w->used;
    into.why = w->m.number;
    into.m.seq++;
    return sh_step_note(&into, SH_STR("gather"));
}

/* The law's step in one of them, by the values that the container's step gives. */
static sh_code carry(struct work *w, struct sh_str id, const struct sh_matter_value *values, size_t n) {
    struct work one = sh_work_beside(w);
    one.who = NULL, one.why = SH_STR(""), one.member = SH_STR(""), one.depth = w->depth + 1;
    SH_TRY(sh_matter_load(&one, id));
    const int32_t at = sh_machine_step(&one.m.text->matter, w->step->carries.step);
    if (at < 0)
        return sh_fail(w->err, SH_E_CORRUPT, "%.*s has no step %.*s", SH_ARG(one.m.number),
                       SH_ARG(w->step->carries.step));
    one.step = &one.m.text->matter.steps[at];
    one.occurred = w->occurred, one.occurred_day = w->occurred_day;
    const sh_code code = sh_step_take(&one, values, n);
    return code == SH_E_CANCELLED && w->failures->n ? SH_OK : code; /* refused: so is the container's step */
}

sh_code sh_container_carry(struct work *w) {
    const struct sh_carry_text *text = &w->step->carries;
    struct sh_matter_value values[SH_PROCEDURE_NAMES_MAX];
    struct sh_rows rows;
    size_t n = 0;
    if (text->step.len == 0)
        return SH_OK;
    for (; n < text->n_values && n < SH_PROCEDURE_NAMES_MAX; n++) {
        values[n].field = text->values[n].to;
        SH_TRY(sh_source_value(w, text->values[n].from, &values[n].text));
    }
    SH_TRY(sh_sql_query(w->txn,
                        "select g.matter from mt_gathered g join mt_matter m on m.id = g.matter where "
                        "g.container = $1 and m.final = 0 order by m.ord",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    for (size_t i = 0; i < rows.n_rows && w->failures->n == 0; i++)
        SH_TRY(carry(w, sh_cell(&rows, i, 0)->str, values, n));
    return SH_OK;
}
