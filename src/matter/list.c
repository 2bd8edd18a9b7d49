/* Lists: matters, items, one's work. Keyset pages; every list takes what its reader may see. */
#include "matter/query.h"

enum {
    COUNT_MAX = 10000, /* lists are counted up to here: what is beyond is many for one person */
    OTHERS_READ = 500, /* open matters looked at for what waits for others */
    OTHERS_MAX = 50,
    WAITS_FOR_MAX = 12,
    NAMES_KEPT = 64
};

/* ---- matters ----------------------------------------------------------------------------------------- */

#define ROW_COLUMNS                                                                                          \
    "t.id, t.number, t.procedure, t.text_place, t.text_from, t.state, t.subject, t.period, t.body, "         \
    "t.place, "                                                                                              \
    "t.assigned, t.parent, t.opened_at, t.changed_at, t.due, t.late, t.ord, t.final, t.version"

/* The text a matter runs by; NULL: it is no longer here. */
static const struct sh_procedure *text_of(const struct sh_matter_texts *texts, const struct sh_rows *rows,
                                          size_t r) {
    return sh_procedure_version(texts->procedures, sh_cell(rows, r, 2)->str, sh_cell(rows, r, 3)->str,
                                (int32_t)sh_cell(rows, r, 4)->i64);
}

/* Names of subjects, each asked once: a list is of few institutions. */
struct naming {
    struct work w;
    const struct sh_rows *rows;
    struct {
        struct sh_str about, subject, name;
    } kept[NAMES_KEPT];
    size_t n;
};

static struct naming naming_of(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_rows *rows,
                               struct sh_err *err) {
    struct naming naming = {.w = sh_work_of(txn, desk, err), .rows = rows};
    naming.w.today = day_of_utc(sh_txn_now(txn));
    return naming;
}

static sh_code name_subject(struct naming *naming, const struct sh_procedure *text, struct sh_str subject,
                            struct sh_str *ret) {
    const struct sh_str about = text ? text->about : SH_STR("");
    for (size_t i = 0; i < naming->n; i++)
        if (sh_str_eq(naming->kept[i].subject, subject) && sh_str_eq(naming->kept[i].about, about)) {
            *ret = naming->kept[i].name;
            return SH_OK;
        }
    SH_TRY(sh_subject_name(&naming->w, text, subject, ret));
    if (naming->n < NAMES_KEPT) {
        naming->kept[naming->n].about = about, naming->kept[naming->n].subject = subject;
        naming->kept[naming->n++].name = *ret;
    }
    return SH_OK;
}

static sh_code put_matter_fields(struct sh_json *json, struct naming *naming, size_t r) {
    const struct sh_matter_who *who = naming->w.who;
    const struct sh_rows *rows = naming->rows;
    const struct sh_procedure *text = text_of(naming->w.texts, rows, r);
    const struct sh_str id = sh_cell(rows, r, 5)->str;
    const int32_t state = text ? sh_machine_state(&text->matter, id) : -1;
    const int64_t due = sh_cell(rows, r, 14)->i64;
    struct sh_str name;
    SH_TRY(name_subject(naming, text, sh_cell(rows, r, 6)->str, &name));
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
    if (name.len)
        sh_json_put_str(json, "subject_name", name);
    sh_json_put_str(json, "period", sh_cell(rows, r, 7)->str);
    sh_json_put_str(json, "body", sh_cell(rows, r, 8)->str);
    sh_json_put_str(json, "place", sh_cell(rows, r, 9)->str);
    sh_json_put_str(json, "assigned", sh_cell(rows, r, 10)->str);
    sh_json_put_str(json, "parent", sh_cell(rows, r, 11)->str);
    sh_put_utc(json, "opened", sh_cell(rows, r, 12)->i64);
    sh_put_utc(json, "changed", sh_cell(rows, r, 13)->i64);
    sh_put_day_or_null(json, "due", due == SH_NEVER ? 0 : day_of_utc(due - 1), due != SH_NEVER);
    sh_json_put_bool(json, "late", sh_cell(rows, r, 15)->i64 != 0);
    return SH_OK;
}

static void matter_conditions(struct query *q, const struct sh_desk *desk,
                              const struct sh_matter_query *query) {
    const struct sh_matter_who *who = desk->who;
    query_equals(q, "t.procedure", query->procedure);
    if (sh_str_is(query->state, "open"))
        query_add(q, " and t.final = 0");
    else if (sh_str_is(query->state, "closed"))
        query_add(q, " and t.final = 1");
    else
        query_equals(q, "t.state", query->state);
    query_equals(q, "t.subject", query->subject);
    query_equals(q, "t.parent", query->parent);
    query_equals(q, "t.number", query->number);
    if (query->container.len) {
        query_add(q, " and t.id in (select matter from mt_gathered where container = ");
        query_value(q, SH_TEXT(query->container));
        query_add(q, ")");
    }
    query_equals(q, "t.assigned", sh_str_is(query->assigned, "me") ? who->person : query->assigned);
    if (query->stage.len)
        query_stage(q, desk->texts, query->stage, false);
    if (query->opened_to) {
        query_add(q, " and t.opened_at >= ");
        query_value(q, SH_I64(query->opened_from));
        query_add(q, " and t.opened_at < ");
        query_value(q, SH_I64(query->opened_to));
    }
    if (query->due_until) {
        query_add(q, " and t.due <= ");
        query_value(q, SH_I64(query->due_until));
    }
    if (query->owes_at) {
        query_add(q, " and ");
        query_owes(q, desk, query->procedure, query->owes_at);
    }
    if (query->after.len) {
        query_add(q, " and t.ord < ");
        query_value(q, SH_TEXT(query->after));
    }
}

sh_code sh_matter_rows_json(struct sh_txn *txn, const struct sh_desk *desk,
                            const struct sh_matter_query *query, struct sh_json *json,
                            struct sh_str *ret_next, struct sh_err *err) {
    struct sh_arena *arena = desk->arena;
    const struct sh_matter_who *who = desk->who;
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    query_add(&q, "select " ROW_COLUMNS " from mt_matter t where ((");
    query_place(&q, who, arena);
    query_confidential(&q, desk);
    query_add(&q, ") or ");
    query_takes_part(&q, who);
    query_add(&q, ")");
    matter_conditions(&q, desk, query);
    query_add(&q, " order by t.ord desc limit ");
    query_value(&q, SH_I64((int64_t)query->limit + 1));
    SH_TRY(sh_buf_check(&q.sql, err));
    SH_TRY(sh_sql_query(txn, q.sql.at, q.values, q.n, arena, &rows, err));
    const size_t n = rows.n_rows < query->limit ? rows.n_rows : query->limit;
    struct naming naming = naming_of(txn, desk, &rows, err);
    sh_json_array(json);
    for (size_t r = 0; r < n; r++) {
        sh_json_object(json);
        SH_TRY(put_matter_fields(json, &naming, r));
        sh_json_object_end(json);
    }
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

/* Does any row lie in the reader's places and bodies? */
static sh_code is_inside(struct sh_txn *txn, const struct sh_desk *desk, bool *ret, struct sh_err *err) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    query_add(&q, "select 1 from mt_total t where ");
    query_place(&q, desk->who, desk->arena);
    query_add(&q, " limit 1");
    SH_TRY(sh_buf_check(&q.sql, err));
    SH_TRY(sh_sql_query(txn, q.sql.at, q.values, q.n, desk->arena, &rows, err));
    *ret = rows.n_rows > 0;
    return SH_OK;
}

/* Rows a body of the reader is the party of: its institutions', by whose index they are found. */
static void party_items(struct query *q, const struct sh_matter_who *who) {
    query_add(q, "(t.institution in (select p.party from mt_party p where p.body in ");
    query_bodies(q, who);
    query_add(q, ") and t.party_body in ");
    query_bodies(q, who);
    query_add(q, ")");
}

/* A party sees its rows in the states its procedure lets it; others by place. */
static sh_code item_scope(struct query *q, struct sh_txn *txn, const struct sh_desk *desk,
                          bool *ret_has_office, struct sh_err *err) {
    const struct sh_procedures *all = desk->texts->procedures;
    SH_TRY(is_inside(txn, desk, ret_has_office, err));
    query_add(q, "(");
    if (*ret_has_office) {
        query_add(q, "(");
        query_place(q, desk->who, desk->arena);
        query_add(q, ") or ");
    }
    query_add(q, "(");
    party_items(q, desk->who);
    query_add(q, " and t.state in ('-'");
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_machine *machine = all->of[i].items;
        for (size_t s = 0; machine && s < machine->n_states && q->n < SH_QUERY_VALUES_MAX - 40; s++)
            if (machine->states[s].party_sees) {
                query_add(q, ", ");
                query_value(q, SH_TEXT(machine->states[s].id));
            }
    }
    query_add(q, ")))");
    return SH_OK;
}

/* What a page is ordered by. A party has few rows among many: as an expression it is no index to walk along,
 * and they are looked up and sorted. */
static const char *order_of(const struct sh_item_query *query, bool has_office) {
    if (query->by_queue)
        return has_office ? "t.queue" : "t.queue || ''";
    return has_office ? "t.id" : "t.id || ''";
}

static void item_conditions(struct query *q, const struct sh_desk *desk, const struct sh_item_query *query,
                            const char *order) {
    const struct sh_matter_who *who = desk->who;
    query_equals(q, "t.matter", query->matter);
    query_equals(q, "t.state", query->state);
    query_equals(q, "t.rule", query->rule);
    query_equals(q, "t.institution", query->institution);
    query_equals(q, "t.key", query->key);
    query_equals(q, "t.level", query->level);
    if (query->stage.len)
        query_stage(q, desk->texts, query->stage, true);
    if (query->period.len) {
        query_add(q, " and exists (select 1 from mt_matter m where m.id = t.matter and m.period = ");
        query_value(q, SH_TEXT(query->period));
        query_add(q, ")");
    }
    if (sh_str_is(query->assigned, "none"))
        query_add(q, " and t.assigned = ''");
    else if (query->assigned.len)
        query_add(q, " and t.assigned <> ''"); /* as the index says that holds them */
    if (!sh_str_is(query->assigned, "none"))
        query_equals(q, "t.assigned", sh_str_is(query->assigned, "me") ? who->person : query->assigned);
    if (query->amount_min != INT64_MIN) {
        query_add(q, " and t.amount >= ");
        query_value(q, SH_I64(query->amount_min));
    }
    if (query->after.len) {
        sh_buf_addf(&q->sql, " and %s > ", order);
        query_value(q, SH_TEXT(query->after));
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
    query_add(&q, "select " ITEM_COLUMNS " from mt_item t where ");
    bool has_office = false;
    SH_TRY(item_scope(&q, txn, desk, &has_office, err));
    const char *const order = order_of(query, has_office);
    item_conditions(&q, desk, query, order);
    sh_buf_addf(&q.sql, " order by %s limit ", order);
    query_value(&q, SH_I64((int64_t)query->limit + 1));
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

sh_code sh_items_sum_json(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_item_query *query,
                          struct sh_json *json, struct sh_err *err) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_item_query all = *query;
    struct sh_rows rows;
    all.after = SH_STR("");
    query_add(&q, "select count(*), cast(coalesce(sum(one.amount), 0) as bigint) from "
                  "(select t.amount as amount from mt_item t where ");
    bool has_office = false;
    SH_TRY(item_scope(&q, txn, desk, &has_office, err));
    item_conditions(&q, desk, &all, order_of(&all, has_office));
    query_add(&q, " limit ");
    query_value(&q, SH_I64(COUNT_MAX + 1));
    query_add(&q, ") as one");
    SH_TRY(sh_buf_check(&q.sql, err));
    SH_TRY(sh_sql_query(txn, q.sql.at, q.values, q.n, desk->arena, &rows, err));
    const int64_t n = sh_cell(&rows, 0, 0)->i64;
    sh_json_object(json);
    sh_json_put_i64(json, "n", n > COUNT_MAX ? COUNT_MAX : n);
    sh_json_put_bool(json, "more", n > COUNT_MAX);
    if (n > COUNT_MAX)
        sh_json_put_text(json, "amount", NULL);
    else
        sh_put_fen(json, "amount", sh_cell(&rows, 0, 1)->i64);
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
    const struct sh_desk *desk;
    struct sh_arena *arena;
    struct sh_json *json;
    bool has_office; /* rows lie in his places and bodies */
    struct sh_err *err;
};

/* Matters, or items, that wait for one step. */
struct waiting {
    int64_t n, due; /* n -1: not counted yet; due SH_NEVER: no time runs */
    int64_t n_overdue, n_today;
};

/* One more than COUNT_MAX says that there are more. */
static sh_code count_matters(struct counting *c, const struct sh_procedure *p, struct sh_str state,
                             struct waiting *ret) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    const int64_t now = sh_txn_now(c->txn);
    query_add(&q, "select count(*), min(due), cast(coalesce(sum(owes), 0) as bigint), "
                  "cast(coalesce(sum(case when owes = 0 and due <= ");
    query_value(&q, SH_I64(utc_of_day(day_of_utc(now) + 1)));
    query_add(&q, " then 1 else 0 end), 0) as bigint) from (select t.due as due, case when ");
    query_owes(&q, c->desk, p->id, now);
    query_add(&q, " then 1 else 0 end as owes from mt_matter t where ((");
    query_place(&q, c->desk->who, c->arena);
    query_confidential(&q, c->desk);
    query_add(&q, ") or ");
    query_takes_part(&q, c->desk->who);
    query_add(&q, ")");
    query_equals(&q, "t.procedure", p->id);
    query_equals(&q, "t.state", state);
    query_add(&q, " limit ");
    query_value(&q, SH_I64(COUNT_MAX + 1));
    query_add(&q, ") as waiting");
    SH_TRY(sh_buf_check(&q.sql, c->err));
    SH_TRY(sh_sql_query(c->txn, q.sql.at, q.values, q.n, c->arena, &rows, c->err));
    const struct sh_value *cells = sh_cell(&rows, 0, 0);
    *ret = (struct waiting){cells[0].i64, cells[1].kind == SH_VALUE_I64 ? cells[1].i64 : SH_NEVER,
                            cells[2].i64, cells[3].i64};
    return SH_OK;
}

/* Of an office, from what is counted when they move; a party's own are few. */
static sh_code count_items(struct counting *c, const struct sh_procedure *p, struct sh_str state,
                           int64_t *ret_n) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    if (c->has_office) {
        query_add(&q, "select cast(coalesce(sum(t.n), 0) as bigint) from mt_total t where ");
        query_place(&q, c->desk->who, c->arena);
    } else {
        query_add(&q, "select count(*) from mt_item t where ");
        party_items(&q, c->desk->who);
    }
    query_equals(&q, "t.procedure", p->id);
    query_equals(&q, "t.state", state);
    SH_TRY(sh_buf_check(&q.sql, c->err));
    SH_TRY(sh_sql_query(c->txn, q.sql.at, q.values, q.n, c->arena, &rows, c->err));
    *ret_n = sh_cell(&rows, 0, 0)->i64;
    return SH_OK;
}

static sh_code put_work(struct counting *c, const struct sh_procedure *p, const struct sh_machine *machine,
                        bool of_items) {
    for (size_t s = 0; s < machine->n_states; s++) {
        struct waiting waiting = {.n = -1, .due = SH_NEVER};
        for (size_t i = 0; i < machine->n_steps; i++) {
            const struct sh_step *step = &machine->steps[i];
            if (machine->states[s].is_final || !sh_step_is_from(step, (int32_t)s) ||
                !has_role(c->desk->who, step))
                continue;
            if (waiting.n < 0)
                SH_TRY(of_items ? count_items(c, p, machine->states[s].id, &waiting.n)
                                : count_matters(c, p, machine->states[s].id, &waiting));
            if (waiting.n == 0)
                break;
            sh_json_object(c->json);
            sh_json_put_str(c->json, "procedure", p->id);
            sh_json_put_str(c->json, "procedure_name", sh_word_of(c->desk->who->lang, p->name, p->english));
            sh_json_put_str(c->json, "step", step->id);
            sh_json_put_str(c->json, "step_name", sh_word_of(c->desk->who->lang, step->name, step->english));
            sh_json_put_text(c->json, "of", of_items ? "item" : "matter");
            sh_json_put_str(c->json, "state", machine->states[s].id);
            sh_json_put_i64(c->json, "n", waiting.n);
            sh_json_put_i64(c->json, "overdue", waiting.n_overdue);
            sh_json_put_i64(c->json, "today", waiting.n_today);
            sh_put_day_or_null(c->json, "due", waiting.due == SH_NEVER ? 0 : day_of_utc(waiting.due - 1),
                               waiting.due != SH_NEVER);
            sh_json_object_end(c->json);
        }
    }
    return SH_OK;
}

/* What he took a step of and others go on with: open matters, the newest first. */
static sh_code read_others(struct counting *c, struct sh_rows *ret) {
    SH_CLEANUP(query_free) struct query q = {0};
    query_add(&q, "select " ROW_COLUMNS " from mt_matter t where ((");
    query_place(&q, c->desk->who, c->arena);
    query_confidential(&q, c->desk);
    query_add(&q, ") or ");
    query_takes_part(&q, c->desk->who);
    query_add(&q,
              ") and t.final = 0 and exists (select 1 from mt_step s where s.matter = t.id and s.actor = ");
    query_value(&q, SH_TEXT(c->desk->who->person));
    query_add(&q, ") order by t.ord desc limit ");
    query_value(&q, SH_I64(OTHERS_READ));
    SH_TRY(sh_buf_check(&q.sql, c->err));
    return sh_sql_query(c->txn, q.sql.at, q.values, q.n, c->arena, ret, c->err);
}

/* Is a step from that state his to take? */
static bool is_mine(const struct counting *c, const struct sh_machine *machine, int32_t state) {
    for (size_t i = 0; i < machine->n_steps; i++)
        if (sh_step_is_from(&machine->steps[i], state) && has_role(c->desk->who, &machine->steps[i]))
            return true;
    return false;
}

/* Names of the roles that go on from there, each once. */
static void put_waits_for(const struct counting *c, const struct sh_machine *machine, int32_t state) {
    struct sh_str said[WAITS_FOR_MAX];
    size_t n = 0;
    sh_json_key(c->json, "waits_for");
    sh_json_array(c->json);
    for (size_t i = 0; i < machine->n_steps; i++)
        for (size_t k = 0; sh_step_is_from(&machine->steps[i], state) && k < machine->steps[i].n_by; k++) {
            const struct sh_actor *by = &machine->steps[i].by[k];
            const struct sh_role *role =
                by->kind == SH_ACTOR_LAW ? NULL : sh_role_find(c->desk->texts->roles, by->role);
            bool is_said = !role || n == WAITS_FOR_MAX;
            for (size_t s = 0; s < n && !is_said; s++)
                is_said = sh_str_eq(said[s], role->id);
            if (is_said)
                continue;
            said[n++] = role->id;
            sh_json_str(c->json, sh_word_of(c->desk->who->lang, role->name, role->english));
        }
    sh_json_array_end(c->json);
}

static sh_code put_others(struct counting *c) {
    struct sh_rows rows;
    size_t shown = 0;
    SH_TRY(read_others(c, &rows));
    struct naming naming = naming_of(c->txn, c->desk, &rows, c->err);
    sh_json_key(c->json, "others");
    sh_json_array(c->json);
    for (size_t r = 0; r < rows.n_rows && shown < OTHERS_MAX; r++) {
        const struct sh_procedure *text = text_of(c->desk->texts, &rows, r);
        const int32_t state = text ? sh_machine_state(&text->matter, sh_cell(&rows, r, 5)->str) : -1;
        if (state < 0 || is_mine(c, &text->matter, state))
            continue;
        sh_json_object(c->json);
        SH_TRY(put_matter_fields(c->json, &naming, r));
        put_waits_for(c, &text->matter, state);
        sh_json_object_end(c->json);
        shown++;
    }
    sh_json_array_end(c->json);
    return SH_OK;
}

sh_code sh_work_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_json *json,
                     struct sh_err *err) {
    const struct sh_matter_texts *texts = desk->texts;
    struct counting c = {txn, desk, desk->arena, json, false, err};
    SH_TRY(is_inside(txn, desk, &c.has_office, err));
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
    SH_TRY(put_others(&c));
    sh_json_object_end(json);
    return SH_OK;
}
