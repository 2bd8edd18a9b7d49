/* Lists: matters, items, one's work. Keyset pages; every list takes what its reader may see. */
#include "matter/shape.h"

enum { VALUES_MAX = 160 };

/* A statement under construction; its text is made of literals here, values are bound. */
struct query {
    struct sh_buf sql;
    struct sh_value values[VALUES_MAX];
    size_t n;
};
static void query_free(struct query *q) {
    sh_buf_free(&q->sql);
}

static void add(struct query *q, const char *text) {
    sh_buf_add_text(&q->sql, text);
}
static void value(struct query *q, struct sh_value v) {
    sh_check(q->n < VALUES_MAX);
    q->values[q->n++] = v;
    sh_buf_addf(&q->sql, "$%zu", q->n);
}
static void equals(struct query *q, const char *column, struct sh_str text) {
    if (text.len == 0)
        return;
    sh_buf_addf(&q->sql, " and %s = ", column);
    value(q, SH_TEXT(text));
}

/* Places and bodies of the reader, or one of his bodies as a party. */
static void add_place(struct query *q, const struct sh_matter_who *who, struct sh_arena *arena) {
    add(q, "(1 = 0");
    for (size_t i = 0; i < who->scope.n_places; i++) {
        if (who->scope.places[i].len == 0) {
            add(q, " or 1 = 1");
            continue;
        }
        add(q, " or (t.place >= ");
        value(q, SH_TEXT(who->scope.places[i]));
        add(q, " and t.place < ");
        value(q, SH_TEXT(sh_textf(arena, "%.*s~", SH_ARG(who->scope.places[i]))));
        add(q, ")");
    }
    add(q, ")");
    if (who->scope.any_body)
        return;
    add(q, " and t.body in ('-'");
    for (size_t i = 0; i < who->scope.n_bodies; i++) {
        if (who->scope.bodies[i].len == 0)
            continue;
        add(q, ", ");
        value(q, SH_TEXT(who->scope.bodies[i]));
    }
    add(q, ")");
}

static void add_bodies(struct query *q, const struct sh_matter_who *who) {
    add(q, "('-'");
    for (size_t i = 0; i < who->n_grants && i < 32; i++) {
        add(q, ", ");
        value(q, SH_TEXT(who->grants[i].body));
    }
    add(q, ")");
}

/* ---- matters ----------------------------------------------------------------------------------------- */

#define ROW_COLUMNS                                                                                          \
    "t.id, t.number, t.procedure, t.text_place, t.text_from, t.state, t.subject, t.period, t.body, "         \
    "t.place, "                                                                                              \
    "t.assigned, t.parent, t.opened_at, t.changed_at, t.due, t.late, t.ord, t.final, t.version"

static void put_matter_row(struct sh_json *json, const struct sh_matter_texts *texts,
                           const struct sh_matter_who *who, const struct sh_rows *rows, size_t r) {
    const struct sh_procedure *text =
        sh_procedure_version(texts->procedures, sh_cell(rows, r, 2)->str, sh_cell(rows, r, 3)->str,
                             (int32_t)sh_cell(rows, r, 4)->i64);
    const struct sh_str id = sh_cell(rows, r, 5)->str;
    const int32_t state = text ? sh_machine_state(&text->matter, id) : -1;
    const int64_t due = sh_cell(rows, r, 14)->i64;
    sh_json_object(json);
    sh_json_put_str(json, "id", sh_cell(rows, r, 0)->str);
    sh_json_put_str(json, "number", sh_cell(rows, r, 1)->str);
    sh_json_put_str(json, "procedure", sh_cell(rows, r, 2)->str);
    sh_json_put_str(json, "procedure_name",
                    text ? sh_word_of(who->lang, text->name, text->english) : sh_cell(rows, r, 2)->str);
    sh_json_put_str(json, "state", id);
    sh_json_put_str(json, "state_name",
                    state < 0 ? id
                              : sh_word_of(who->lang, text->matter.states[state].name,
                                           text->matter.states[state].english));
    sh_json_put_bool(json, "final", sh_cell(rows, r, 17)->i64 != 0);
    sh_json_put_str(json, "subject", sh_cell(rows, r, 6)->str);
    sh_json_put_str(json, "period", sh_cell(rows, r, 7)->str);
    sh_json_put_str(json, "body", sh_cell(rows, r, 8)->str);
    sh_json_put_str(json, "place", sh_cell(rows, r, 9)->str);
    sh_json_put_str(json, "assigned", sh_cell(rows, r, 10)->str);
    sh_json_put_str(json, "parent", sh_cell(rows, r, 11)->str);
    sh_put_utc(json, "opened", sh_cell(rows, r, 12)->i64);
    sh_put_utc(json, "changed", sh_cell(rows, r, 13)->i64);
    sh_put_day_or_null(json, "due", due == SH_NEVER ? 0 : day_of_utc(due - 1), due != SH_NEVER);
    sh_json_put_bool(json, "late", sh_cell(rows, r, 15)->i64 != 0);
    sh_json_object_end(json);
}

static void matter_conditions(struct query *q, const struct sh_matter_who *who,
                              const struct sh_matter_query *query) {
    equals(q, "t.procedure", query->procedure);
    if (sh_str_is(query->state, "open"))
        add(q, " and t.final = 0");
    else if (sh_str_is(query->state, "closed"))
        add(q, " and t.final = 1");
    else
        equals(q, "t.state", query->state);
    equals(q, "t.subject", query->subject);
    equals(q, "t.parent", query->parent);
    equals(q, "t.number", query->number);
    equals(q, "t.assigned", sh_str_is(query->assigned, "me") ? who->person : query->assigned);
    if (query->due_until) {
        add(q, " and t.due <= ");
        value(q, SH_I64(query->due_until));
    }
    if (query->after.len) {
        add(q, " and t.ord < ");
        value(q, SH_TEXT(query->after));
    }
}

sh_code sh_matter_rows_json(struct sh_txn *txn, const struct sh_desk *desk,
                            const struct sh_matter_query *query, struct sh_json *json,
                            struct sh_str *ret_next, struct sh_err *err) {
    struct sh_arena *arena = desk->arena;
    const struct sh_matter_who *who = desk->who;
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    add(&q, "select " ROW_COLUMNS " from mt_matter t where ((");
    add_place(&q, who, arena);
    add(&q, ") or t.id in (select p.matter from mt_party p where p.body in ");
    add_bodies(&q, who);
    add(&q, "))");
    matter_conditions(&q, who, query);
    add(&q, " order by t.ord desc limit ");
    value(&q, SH_I64((int64_t)query->limit + 1));
    SH_TRY(sh_buf_check(&q.sql, err));
    SH_TRY(sh_sql_query(txn, q.sql.at, q.values, q.n, arena, &rows, err));
    const size_t n = rows.n_rows < query->limit ? rows.n_rows : query->limit;
    sh_json_array(json);
    for (size_t r = 0; r < n; r++)
        put_matter_row(json, desk->texts, who, &rows, r);
    sh_json_array_end(json);
    if (ret_next)
        *ret_next = rows.n_rows > query->limit ? sh_cell(&rows, n - 1, 16)->str : SH_STR("");
    return SH_OK;
}

static void put_next(struct sh_json *json, struct sh_str next) {
    sh_json_key(json, "next");
    if (next.len)
        sh_json_str(json, next);
    else
        sh_json_null(json);
}

sh_code sh_matters_json(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_matter_query *query,
                        struct sh_json *json, struct sh_err *err) {
    struct sh_str next = {0};
    sh_json_object(json);
    sh_json_key(json, "items");
    SH_TRY(sh_matter_rows_json(txn, desk, query, json, &next, err));
    put_next(json, next);
    sh_json_object_end(json);
    return SH_OK;
}

/* ---- items ------------------------------------------------------------------------------------------- */

static const struct sh_machine *machine_of(const struct sh_matter_texts *texts, const struct item *item,
                                           int32_t today) {
    const struct sh_procedure *text =
        sh_procedure_find(texts->procedures, item->procedure, item->place, today);
    return text ? text->items : NULL;
}

/* A party sees its rows in the states its procedure lets it; others by place. */
static void item_scope(struct query *q, const struct sh_matter_texts *texts, const struct sh_matter_who *who,
                       struct sh_arena *arena) {
    add(q, "((");
    add_place(q, who, arena);
    add(q, ") or (t.party_body in ");
    add_bodies(q, who);
    add(q, " and t.state in ('-'");
    for (size_t i = 0; i < texts->procedures->n; i++) {
        const struct sh_machine *machine = texts->procedures->of[i].items;
        for (size_t s = 0; machine && s < machine->n_states && q->n < VALUES_MAX - 40; s++)
            if (machine->states[s].party_sees) {
                add(q, ", ");
                value(q, SH_TEXT(machine->states[s].id));
            }
    }
    add(q, ")))");
}

static void item_conditions(struct query *q, const struct sh_matter_who *who,
                            const struct sh_item_query *query) {
    equals(q, "t.matter", query->matter);
    equals(q, "t.state", query->state);
    equals(q, "t.rule", query->rule);
    equals(q, "t.institution", query->institution);
    equals(q, "t.level", query->level);
    if (sh_str_is(query->assigned, "none"))
        add(q, " and t.assigned = ''");
    else
        equals(q, "t.assigned", sh_str_is(query->assigned, "me") ? who->person : query->assigned);
    if (query->amount_min != INT64_MIN) {
        add(q, " and t.amount >= ");
        value(q, SH_I64(query->amount_min));
    }
    if (query->after.len) {
        add(q, query->by_queue ? " and t.queue > " : " and t.id > ");
        value(q, SH_TEXT(query->after));
    }
}

sh_code sh_items_json(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_item_query *query,
                      struct sh_json *json, struct sh_err *err) {
    struct sh_arena *arena = desk->arena;
    const struct sh_matter_who *who = desk->who;
    const struct sh_matter_texts *texts = desk->texts;
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    const int32_t today = day_of_utc(sh_txn_now(txn));
    add(&q, "select " ITEM_COLUMNS " from mt_item t where ");
    item_scope(&q, texts, who, arena);
    item_conditions(&q, who, query);
    add(&q, query->by_queue ? " order by t.queue limit " : " order by t.id limit ");
    value(&q, SH_I64((int64_t)query->limit + 1));
    SH_TRY(sh_buf_check(&q.sql, err));
    SH_TRY(sh_sql_query(txn, q.sql.at, q.values, q.n, arena, &rows, err));
    const size_t n = rows.n_rows < query->limit ? rows.n_rows : query->limit;
    struct item item = {0};
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t r = 0; r < n; r++) {
        sh_item_of_row(&rows, r, &item);
        sh_json_object(json);
        sh_put_item_row(json, who, machine_of(texts, &item, today), &item);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    put_next(json, rows.n_rows > query->limit ? (query->by_queue ? item.queue : item.id) : SH_STR(""));
    sh_json_object_end(json);
    return SH_OK;
}

/* ---- my work ----------------------------------------------------------------------------------------- */

static bool has_role(const struct sh_matter_who *who, const struct sh_step *step) {
    for (size_t i = 0; i < step->n_by; i++)
        for (size_t k = 0; k < who->n_grants; k++)
            if (step->by[i].kind != SH_ACTOR_LAW && sh_str_eq(step->by[i].role, who->grants[k].role))
                return true;
    return false;
}

struct counting {
    struct sh_txn *txn;
    const struct sh_matter_who *who;
    struct sh_arena *arena;
    struct sh_json *json;
    struct sh_err *err;
};

/* Exact up to 1,000, which is "many" for one person. */
static sh_code count_state(struct counting *c, const struct sh_procedure *p, bool of_items,
                           struct sh_str state, int64_t *ret_n, int64_t *ret_due) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    add(&q, of_items ? "select count(*), 0 from (select 1 as one from mt_item t where "
                     : "select count(*), min(due) from (select t.due as due from mt_matter t where ");
    add(&q, "((");
    add_place(&q, c->who, c->arena);
    add(&q, of_items ? ") or t.party_body in "
                     : ") or t.id in (select p.matter from mt_party p where p.body in ");
    add_bodies(&q, c->who);
    add(&q, of_items ? ")" : "))");
    equals(&q, "t.procedure", p->id);
    equals(&q, "t.state", state);
    add(&q, " limit 1000) as waiting");
    SH_TRY(sh_buf_check(&q.sql, c->err));
    SH_TRY(sh_sql_query(c->txn, q.sql.at, q.values, q.n, c->arena, &rows, c->err));
    *ret_n = sh_cell(&rows, 0, 0)->i64;
    *ret_due = of_items || sh_cell(&rows, 0, 1)->kind != SH_VALUE_I64 ? SH_NEVER : sh_cell(&rows, 0, 1)->i64;
    return SH_OK;
}

static sh_code put_work(struct counting *c, const struct sh_procedure *p, const struct sh_machine *machine,
                        bool of_items) {
    for (size_t s = 0; s < machine->n_states; s++) {
        int64_t n = -1, due = SH_NEVER;
        for (size_t i = 0; i < machine->n_steps; i++) {
            const struct sh_step *step = &machine->steps[i];
            if (machine->states[s].is_final || !sh_step_is_from(step, (int32_t)s) || !has_role(c->who, step))
                continue;
            if (n < 0)
                SH_TRY(count_state(c, p, of_items, machine->states[s].id, &n, &due));
            if (n == 0)
                break;
            sh_json_object(c->json);
            sh_json_put_str(c->json, "procedure", p->id);
            sh_json_put_str(c->json, "procedure_name", sh_word_of(c->who->lang, p->name, p->english));
            sh_json_put_str(c->json, "step", step->id);
            sh_json_put_str(c->json, "step_name", sh_word_of(c->who->lang, step->name, step->english));
            sh_json_put_text(c->json, "of", of_items ? "item" : "matter");
            sh_json_put_str(c->json, "state", machine->states[s].id);
            sh_json_put_i64(c->json, "n", n);
            sh_put_day_or_null(c->json, "due", due == SH_NEVER ? 0 : day_of_utc(due - 1), due != SH_NEVER);
            sh_json_object_end(c->json);
        }
    }
    return SH_OK;
}

sh_code sh_work_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_json *json,
                     struct sh_err *err) {
    const struct sh_matter_texts *texts = desk->texts;
    struct counting c = {txn, desk->who, desk->arena, json, err};
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t i = 0; i < texts->procedures->n; i++) {
        const struct sh_procedure *p = &texts->procedures->of[i];
        SH_TRY(put_work(&c, p, &p->matter, false));
        if (p->items)
            SH_TRY(put_work(&c, p, p->items, true));
    }
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}
