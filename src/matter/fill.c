/* Facts of a matter, row by row, for the conditions of its text. */
#include "matter/inner.h"

enum { READ_ROWS_MAX = 2000, ITEM_ROWS_MAX = 50000 };

static bool speaks_of(const struct sh_yaml *node, struct sh_str word) {
    return node && sh_str_find(node->text, word) != SH_STR_NONE;
}

bool sh_step_asks_items(const struct sh_procedure *text, const struct sh_step *step) {
    const struct sh_str word = SH_STR("item");
    bool asks = false;
    for (size_t i = 0; i < step->n_guards; i++)
        asks = asks || speaks_of(step->guards[i].condition, word);
    for (size_t i = 0; i < step->n_gates; i++)
        asks = asks || speaks_of(text->gates[step->gates[i]].when, word);
    for (size_t i = 0; i < step->n_opens; i++) {
        asks = asks || speaks_of(step->opens[i].when, word);
        for (size_t k = 0; k < step->opens[i].n_values; k++)
            asks = asks || speaks_of(step->opens[i].values[k].from, word);
    }
    for (size_t i = 0; i < step->n_writes; i++) {
        asks = asks || speaks_of(step->writes[i].when, word);
        for (size_t k = 0; k < step->writes[i].n_values; k++)
            asks = asks || speaks_of(step->writes[i].values[k].from, word);
    }
    for (size_t i = 0; i < step->n_issues; i++)
        for (size_t k = 0; k < text->papers[step->issues[i]].n_says; k++)
            asks = asks || speaks_of(text->papers[step->issues[i]].says[k].from, word);
    for (size_t i = 0; i < step->n_sets; i++)
        asks = asks || speaks_of(step->sets[i].from, word);
    for (size_t i = 0; i < step->n_posts; i++)
        asks = asks || speaks_of(step->posts[i].amount, word) || speaks_of(step->posts[i].when, word);
    return asks;
}

/* The day of the act is the field act_day, else the period, else the opening. */
sh_code sh_param_dates_of(struct work *w, struct sh_param_dates *ret) {
    int32_t first, last;
    *ret = (struct sh_param_dates){day_of_utc(w->m.opened_at), w->today, INT32_MIN};
    if (sh_period_scan(w->m.period, &first, &last))
        ret->act = ret->period = first;
    const int32_t field = sh_machine_field(&w->m.text->matter, SH_STR("act_day"));
    int32_t day;
    if (field >= 0 && sh_date_scan(w->m.values[field].at, w->m.values[field].len, &day) == SH_DATE_OK)
        ret->act = day;
    return SH_OK;
}

const struct sh_param *sh_param_read(struct work *w, const char *name, struct sh_str *ret_why) {
    struct sh_param_dates dates;
    if (sh_param_dates_of(w, &dates) != SH_OK)
        return NULL;
    const struct sh_param_pick pick = sh_param_pick(w->texts->params, sh_str_of(name), w->m.place, dates);
    if (pick.state == SH_PARAM_SET)
        return pick.row;
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    sh_param_tell(&pick, sh_str_of(name), w->m.place, lang_of(w), &why);
    *ret_why = sh_copy(w->arena, sh_buf_view(&why));
    return NULL;
}

static sh_code put_matter(struct work *w, size_t row, const struct sh_str *values, struct sh_str state,
                          int32_t day, struct sh_str actor) {
    const struct matter *m = &w->m;
    const struct {
        const char *name;
        struct sh_str value;
    } texts[] = {{"subject", m->subject}, {"state", state},      {"body", m->body},
                 {"place", m->place},     {"period", m->period}, {"actor", actor}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        SH_TRY(
            sh_factbook_put(w->facts, SH_FACT_MATTER, row, sh_str_of(texts[i].name), texts[i].value, w->err));
    sh_factbook_set(w->facts, SH_FACT_MATTER, row, SH_STR("day"), day);
    sh_factbook_set(w->facts, SH_FACT_MATTER, row, SH_STR("opened"), day_of_utc(m->opened_at));
    int32_t first, last;
    if (sh_period_scan(m->period, &first, &last))
        sh_factbook_set(w->facts, SH_FACT_MATTER, row, SH_STR("period_ends"), last);
    for (size_t i = 0; i < m->text->matter.n_fields; i++)
        SH_TRY(
            sh_factbook_put(w->facts, SH_FACT_MATTER, row, m->text->matter.fields[i].id, values[i], w->err));
    return SH_OK;
}

/* Row 0 is now; row 1 + i what stood after step i was taken last, where a text asks for it. */
static sh_code fill_steps(struct work *w, const struct sh_str *values) {
    const struct sh_machine *machine = &w->m.text->matter;
    struct sh_rows rows;
    struct sh_str *then = sh_new(w->arena, struct sh_str, machine->n_fields + 1);
    if (!then)
        return sh_fail(w->err, SH_E_NOMEM, "no room for facts");
    SH_TRY(sh_steps_read(w, &rows));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_MATTER, 1 + machine->n_steps, w->err));
    SH_TRY(put_matter(w, 0, values, machine->states[w->m.state].id, w->occurred_day, actor_of(w)));
    for (size_t i = 0; i < machine->n_steps; i++)
        sh_factbook_set(w->facts, SH_FACT_DONE, 0, machine->steps[i].id, 0);
    for (size_t r = 0; r < rows.n_rows; r++) {
        const int32_t step = sh_machine_step(machine, sh_cell(&rows, r, STEP_STEP)->str);
        if (step < 0)
            continue;
        const int32_t day = day_of_utc(sh_cell(&rows, r, STEP_OCCURRED)->i64);
        const struct sh_str id = machine->steps[step].id;
        sh_factbook_set(w->facts, SH_FACT_DONE, 0, id, 1);
        sh_factbook_set(w->facts, SH_FACT_ON, 0, id, day);
        if (!machine->steps[step].is_recalled)
            continue;
        SH_TRY(sh_fields_parse(machine, sh_cell(&rows, r, STEP_FIELDS)->str, w->arena, then, w->err));
        SH_TRY(put_matter(w, 1 + (size_t)step, then, sh_cell(&rows, r, STEP_AFTER)->str, day,
                          sh_cell(&rows, r, STEP_ACTOR)->str));
        sh_factbook_set(w->facts, SH_FACT_AT, 0, id, 1 + step);
    }
    return SH_OK;
}

/* A paper counts as served when all its copies are. */
static sh_code fill_papers(struct work *w) {
    const struct sh_procedure *text = w->m.text;
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn,
                        "select kind, served_day from mt_paper where matter = $1 order by seq, id limit 500",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_PAPER, rows.n_rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        SH_TRY(
            sh_factbook_put(w->facts, SH_FACT_PAPER, r, SH_STR("kind"), sh_cell(&rows, r, 0)->str, w->err));
        sh_factbook_set(w->facts, SH_FACT_PAPER, r, SH_STR("served"), sh_cell(&rows, r, 1)->i64 != 0);
    }
    for (size_t p = 0; p < text->n_papers; p++) {
        int64_t last = 0;
        bool is_open = false;
        for (size_t r = 0; r < rows.n_rows; r++) {
            if (!sh_str_eq(sh_cell(&rows, r, 0)->str, text->papers[p].id))
                continue;
            const int64_t day = sh_cell(&rows, r, 1)->i64;
            is_open = is_open || day == 0;
            last = day > last ? day : last;
        }
        if (last && !is_open)
            sh_factbook_set(w->facts, SH_FACT_SERVED, 0, text->papers[p].id, last);
    }
    return SH_OK;
}

static sh_code fill_clocks(struct work *w) {
    const struct sh_procedure *text = w->m.text;
    struct sh_rows rows;
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_CLOCK, text->n_clocks, w->err));
    SH_TRY(sh_sql_query(
        w->txn, "select clock, state, event, due_day, certain from mt_clock where matter = $1 order by seq",
        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    for (size_t c = 0; c < text->n_clocks; c++) {
        bool is_open = false, has_passed = false, is_any = false;
        for (size_t r = 0; r < rows.n_rows; r++) {
            if (!sh_str_eq(sh_cell(&rows, r, 0)->str, text->clocks[c].id))
                continue;
            const bool is_running = sh_str_is(sh_cell(&rows, r, 1)->str, "running");
            is_any = true;
            is_open = is_open || is_running;
            has_passed = has_passed || sh_str_is(sh_cell(&rows, r, 1)->str, "passed");
            sh_factbook_set(w->facts, SH_FACT_CLOCK, c, SH_STR("started"), sh_cell(&rows, r, 2)->i64);
            if (sh_cell(&rows, r, 4)->i64)
                sh_factbook_set(w->facts, SH_FACT_CLOCK, c, SH_STR("due"), sh_cell(&rows, r, 3)->i64);
        }
        sh_factbook_set(w->facts, SH_FACT_CLOCK, c, SH_STR("open"), is_open);
        /* Passed when none of its members runs any more and time, not an act, ended one of them or all acted.
         */
        sh_factbook_set(w->facts, SH_FACT_CLOCK, c, SH_STR("passed"), is_any && !is_open && has_passed);
        sh_factbook_set(w->facts, SH_FACT_CLOCKS, 0, text->clocks[c].id, (int64_t)c);
    }
    return SH_OK;
}

static sh_code fill_subs(struct work *w) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select procedure, final from mt_matter where parent = $1 limit 10000",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_SUB, rows.n_rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_SUB, r, SH_STR("kind"), sh_cell(&rows, r, 0)->str, w->err));
        sh_factbook_set(w->facts, SH_FACT_SUB, r, SH_STR("final"), sh_cell(&rows, r, 1)->i64);
    }
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_PARTY, w->parties.n, w->err));
    for (size_t i = 0; i < w->parties.n; i++)
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_PARTY, i, SH_STR("name"), w->parties.of[i].id, w->err));
    return SH_OK;
}

static sh_code fill_gathered(struct work *w) {
    struct sh_rows rows;
    if (!w->m.text->gathers)
        return SH_OK;
    SH_TRY(sh_sql_query(w->txn,
                        "select m.final from mt_gathered g join mt_matter m on m.id = g.matter where "
                        "g.container = $1",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_GATHERED, rows.n_rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++)
        sh_factbook_set(w->facts, SH_FACT_GATHERED, r, SH_STR("final"), sh_cell(&rows, r, 0)->i64);
    return SH_OK;
}

/* Columns that the engine itself keeps of an item beside its fields. */
static sh_code put_item(struct work *w, size_t row, const struct sh_rows *rows, struct sh_str *values) {
    const struct sh_machine *items = w->m.text->items;
    char money[SH_MONEY_TEXT_MAX], fund[SH_MONEY_TEXT_MAX], day[SH_DATE_TEXT_MAX];
    SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, row, SH_STR("state"), sh_cell(rows, row, 0)->str, w->err));
    SH_TRY(sh_fields_parse(items, sh_cell(rows, row, 1)->str, w->arena, values, w->err));
    for (size_t i = 0; i < items->n_fields; i++)
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, row, items->fields[i].id, values[i], w->err));
    sh_money_plain(sh_cell(rows, row, 2)->i64, money);
    sh_money_plain(sh_cell(rows, row, 3)->i64, fund);
    sh_date_format((int32_t)sh_cell(rows, row, 4)->i64, day);
    const struct {
        const char *name;
        struct sh_str value;
    } kept[] = {{"rule", sh_cell(rows, row, 6)->str},
                {"amount", sh_str_of(money)},
                {"fund_amount", sh_str_of(fund)},
                {"day", sh_str_of(day)},
                {"level", sh_cell(rows, row, 5)->str}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        SH_TRY(sh_factbook_put(w->facts, SH_FACT_ITEM, row, sh_str_of(kept[i].name), kept[i].value, w->err));
    return SH_OK;
}

static sh_code fill_items(struct work *w) {
    struct sh_rows rows;
    struct sh_str *values = sh_new(w->arena, struct sh_str, w->m.text->items->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for items");
    SH_TRY(sh_sql_query(w->txn,
                        "select state, fields, amount, fund_amount, day, level, rule from mt_item where "
                        "matter = $1 limit 50001",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    if (rows.n_rows > ITEM_ROWS_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "a matter of more than %d items", ITEM_ROWS_MAX);
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_ITEM, rows.n_rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++)
        SH_TRY(put_item(w, r, &rows, values));
    return SH_OK;
}

/* Rows of a register that speak of the subject: ledgers by our own index, others by their key. */
static sh_code fill_read(struct work *w, size_t at) {
    const struct sh_read_text *read = &w->m.text->reads[at];
    const struct sh_scope all = sh_everything();
    const struct sh_value values[] = {SH_TEXT(read->reg->id), SH_TEXT(read->reg->fields[read->by].id),
                                      SH_TEXT(w->m.subject), SH_I64(READ_ROWS_MAX + 1)};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(
        w->txn,
        "select record from mt_row where register = $1 and field = $2 and value = $3 order by record "
        "limit $4",
        values, 4, w->arena, &rows, w->err));
    if (rows.n_rows > READ_ROWS_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "more than %d rows of %.*s for one subject", READ_ROWS_MAX,
                       SH_ARG(read->reg->id));
    const unsigned table = (unsigned)(SH_FACT_READS + at);
    const struct sh_as_of now = {w->today, INT64_MAX};
    const bool by_key = read->reg->change != SH_CHANGE_STEPS;
    SH_TRY(sh_factbook_rows(w->facts, table, by_key ? 1 : rows.n_rows, w->err));
    size_t n = 0;
    for (size_t r = 0; r < (by_key ? 1 : rows.n_rows); r++) {
        struct sh_record record;
        const sh_code code =
            by_key ? sh_record_find(w->txn, &all, read->reg->id, w->m.subject, now, w->arena, &record, w->err)
                   : sh_record_get(w->txn, &all, sh_cell(&rows, r, 0)->str, now, false, w->arena, &record,
                                   w->err);
        if (code == SH_E_NOTFOUND)
            continue; /* ended before today */
        SH_TRY(code);
        SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
        SH_TRY(sh_json_read("record", record.open, &root, w->err));
        sh_factbook_set(w->facts, table, n, SH_STR("from"), record.valid_from);
        for (size_t i = 0; i < read->reg->n_fields; i++)
            SH_TRY(sh_factbook_put(w->facts, table, n, read->reg->fields[i].id,
                                   sh_json_member(root, read->reg->fields[i].id, w->arena), w->err));
        n++;
    }
    sh_factbook_keep(w->facts, table, n);
    return SH_OK;
}

sh_code sh_work_facts_bare(struct work *w, const struct sh_str *values) {
    struct sh_param_dates dates;
    SH_TRY(sh_param_dates_of(w, &dates));
    SH_TRY(sh_factbook_new(w->m.text, w->texts->params, w->m.place, dates, w->arena, &w->facts, w->err));
    SH_TRY(sh_factbook_rows(w->facts, SH_FACT_MATTER, 1, w->err));
    return put_matter(w, 0, values, w->m.text->matter.states[w->m.state].id, w->occurred_day, actor_of(w));
}

sh_code sh_work_facts_reads(struct work *w) {
    SH_TRY(sh_work_facts_bare(w, w->m.values));
    for (size_t i = 0; i < w->m.text->n_reads; i++)
        SH_TRY(fill_read(w, i));
    return SH_OK;
}

sh_code sh_work_facts(struct work *w, const struct sh_str *values, bool with_items) {
    struct sh_param_dates dates;
    SH_TRY(sh_param_dates_of(w, &dates));
    SH_TRY(sh_factbook_new(w->m.text, w->texts->params, w->m.place, dates, w->arena, &w->facts, w->err));
    SH_TRY(fill_steps(w, values));
    SH_TRY(fill_papers(w));
    SH_TRY(fill_clocks(w));
    SH_TRY(fill_subs(w));
    SH_TRY(fill_gathered(w));
    for (size_t i = 0; i < w->m.text->n_reads; i++)
        SH_TRY(fill_read(w, i));
    if (with_items && w->m.text->items)
        SH_TRY(fill_items(w));
    for (size_t g = 0; g < w->m.text->n_gates; g++) {
        bool is_open = false;
        struct sh_str why;
        SH_TRY(sh_gate_state(w, g, values, &is_open, &why));
        sh_factbook_set(w->facts, SH_FACT_GATE, 0, w->m.text->gates[g].id, is_open);
    }
    return SH_OK;
}
