/* Duties of each period: who owes what stands in a register, and from that day on a matter is open, whoever
 * was there to open it. A table says which boundary of which duty comes next and up to which row it was gone
 * through, so that a server that stood still catches up in order and two servers open nothing twice. */
#include "matter/inner.h"

enum { ROWS_AT_ONCE = 100 };

static int32_t months_of(enum sh_period period) {
    return period == SH_PERIOD_MONTH ? 1 : period == SH_PERIOD_QUARTER ? 3 : 12;
}

/* First day of the period that a day lies in. */
static int32_t first_day(enum sh_period period, int32_t day) {
    return period == SH_PERIOD_MONTH     ? sh_month_start(day)
           : period == SH_PERIOD_QUARTER ? sh_quarter_start(day)
                                         : sh_days_of(sh_civil_of(day).year, 1, 1);
}

static struct sh_str period_of(struct sh_arena *arena, enum sh_period period, int32_t day) {
    const struct sh_civil civil = sh_civil_of(day);
    return period == SH_PERIOD_MONTH     ? sh_month_text(arena, day)
           : period == SH_PERIOD_QUARTER ? sh_textf(arena, "%04d-Q%d", civil.year, (civil.month + 2) / 3)
                                         : sh_textf(arena, "%04d", civil.year);
}

static int64_t instant_of(int32_t day) {
    return (int64_t)day * SH_DAY_SECONDS - SH_SHANGHAI_SECONDS;
}

/* The first boundary after an instant at which some text of the procedure has a duty; SH_NEVER: none has. */
static int64_t next_boundary(const struct sh_procedures *all, struct sh_str id, int64_t after) {
    int64_t next = SH_NEVER;
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_procedure *p = &all->of[i];
        if (!p->every || !sh_str_eq(p->id, id))
            continue;
        int32_t before = day_of_utc(after);
        before = p->from - 1 > before ? p->from - 1 : before;
        const int32_t day = sh_add_months(first_day(p->period, before), months_of(p->period));
        if (day < p->to && instant_of(day) < next)
            next = instant_of(day);
    }
    return next;
}

static const struct sh_every_text *duty_of(const struct sh_procedures *all, struct sh_str id) {
    for (size_t i = 0; i < all->n; i++)
        if (all->of[i].every && sh_str_eq(all->of[i].id, id))
            return all->of[i].every;
    return NULL;
}

/* ---- which there are --------------------------------------------------------------------------------- */

static sh_code put_due(struct sh_txn *txn, struct sh_str id, int64_t due, bool may_write,
                       struct sh_arena *arena, struct sh_err *err) {
    const struct sh_value row[] = {SH_TEXT(id), SH_I64(due)};
    const struct sh_leaf leaf = {.type = SH_STR("matter.duty"),
                                 .content = sh_textf(arena, "%.*s %lld", SH_ARG(id), (long long)due)};
    if (!may_write)
        return SH_OK;
    SH_TRY(sh_sql_run(txn,
                      "insert into mt_duty (procedure, due, after) values ($1, $2, '') on conflict "
                      "(procedure) do update set due = $2, after = ''",
                      row, 2, NULL, err));
    return sh_journal_add(txn, &leaf, err);
}

static const struct sh_value *row_of(const struct sh_rows *rows, struct sh_str id) {
    for (size_t r = 0; r < rows->n_rows; r++)
        if (sh_str_eq(sh_cell(rows, r, 0)->str, id))
            return sh_cell(rows, r, 1);
    return NULL;
}

sh_code sh_matter_duties(struct sh_txn *txn, const struct sh_matter_texts *texts, bool may_write,
                         struct sh_arena *arena, size_t *ret_n, struct sh_err *err) {
    const struct sh_procedures *all = texts->procedures;
    const int64_t now = sh_txn_now(txn);
    struct sh_rows rows;
    *ret_n = 0;
    SH_TRY(sh_sql_query(txn, "select procedure, due from mt_duty order by procedure", NULL, 0, arena, &rows,
                        err));
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_str id = all->of[i].id;
        if (!all->of[i].every || duty_of(all, id) != all->of[i].every)
            continue; /* once for all its texts */
        const struct sh_value *kept = row_of(&rows, id);
        const int64_t next = next_boundary(all, id, now);
        if (kept && (kept->i64 <= now || kept->i64 == next))
            continue;
        ++*ret_n;
        SH_TRY(put_due(txn, id, next, may_write, arena, err));
    }
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_str id = sh_cell(&rows, r, 0)->str;
        if (duty_of(all, id) || sh_cell(&rows, r, 1)->i64 == SH_NEVER)
            continue;
        ++*ret_n;
        SH_TRY(put_due(txn, id, SH_NEVER, may_write, arena, err));
    }
    return SH_OK;
}

/* ---- the day has come -------------------------------------------------------------------------------- */

sh_code sh_duty_next(struct sh_txn *txn, int64_t now, struct sh_arena *arena, struct duty *ret, bool *ret_is,
                     struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(
        txn, "select procedure, due, after from mt_duty where due <= $1 order by due, procedure limit 1",
        &SH_I64(now), 1, arena, &rows, err));
    *ret_is = rows.n_rows > 0;
    if (*ret_is)
        *ret = (struct duty){sh_cell(&rows, 0, 0)->str, sh_cell(&rows, 0, 2)->str, sh_cell(&rows, 0, 1)->i64};
    return SH_OK;
}

sh_code sh_row_values(struct work *w, const struct sh_register *reg, const struct sh_record *row,
                      struct sh_str **ret) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    struct sh_str *values = sh_new(w->arena, struct sh_str, reg->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a row");
    SH_TRY(sh_json_read("record", row->open, &root, w->err));
    for (size_t i = 0; i < reg->n_fields; i++)
        values[i] = sh_json_member(root, reg->fields[i].id, w->arena);
    *ret = values;
    return SH_OK;
}

static sh_code is_there(struct work *w, const struct sh_matter_new *wanted, bool *ret) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(wanted->subject), SH_TEXT(wanted->procedure),
                                   SH_TEXT(wanted->period)};
    SH_TRY(sh_sql_query(
        w->txn, "select id from mt_matter where subject = $1 and procedure = $2 and period = $3 limit 1", key,
        3, w->arena, &rows, w->err));
    *ret = rows.n_rows > 0;
    return SH_OK;
}

/* By the text of the row's own place, if it has the duty at this boundary and the row meets its condition. */
static sh_code open_for(struct work *w, const struct duty *duty, const struct sh_record *row) {
    const int32_t day = w->occurred_day;
    const struct sh_procedure *text =
        sh_procedure_find(w->texts->procedures, duty->procedure, row->labels.place, day);
    struct sh_str *values = NULL;
    bool is = false;
    if (!text || !text->every || first_day(text->period, day) != day)
        return SH_OK;
    const struct sh_every_text *every = text->every;
    SH_TRY(sh_row_values(w, every->reg, row, &values));
    const struct sh_register_asked asked = {{values, row->valid_from, row->valid_to}, day, NULL, 0};
    SH_TRY(sh_register_meets(every->reg, every->where, &asked, w->arena, &is, w->err));
    const struct sh_matter_new wanted = {
        .procedure = text->id,
        .subject = row->key,
        .body = every->body >= 0 ? values[every->body] : row->key,
        .period = period_of(w->arena, text->period, every->at_end ? day - 1 : day)};
    bool is_known = false;
    if (is)
        SH_TRY(is_there(w, &wanted, &is_known));
    if (!is || is_known)
        return SH_OK;
    char id[SH_ID_TEXT + 1];
    w->why = every->basis;
    const sh_code code = sh_matter_make(w, text, &wanted, row->labels.place, SH_STR(""), id);
    w->failures->n = 0; /* nobody of the kind is near: whose duty should it be */
    return code == SH_E_CANCELLED ? SH_OK : code;
}

/* Up to ROWS_AT_ONCE rows, and where the next begin; each of them in one transaction with what it opened. */
sh_code sh_duty_run(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_arena *arena,
                    const struct duty *duty, struct sh_err *err) {
    struct sh_failures failures = {0};
    struct work w = {.txn = txn,
                     .texts = texts,
                     .arena = arena,
                     .failures = &failures,
                     .err = err,
                     .occurred = duty->due,
                     .occurred_day = day_of_utc(duty->due)};
    const struct sh_scope all = sh_everything();
    const struct sh_every_text *every = duty_of(texts->procedures, duty->procedure);
    struct sh_record_batch batch = {.next = SH_STR("")};
    if (every) { /* NULL: taken out of the law since */
        const struct sh_page_query query = {.register_name = every->reg->id,
                                            .as_of = {w.occurred_day, INT64_MAX},
                                            .after_key = duty->after,
                                            .limit = ROWS_AT_ONCE};
        SH_TRY(sh_record_scan(txn, &all, &query, arena, &batch, err));
    }
    for (size_t i = 0; i < batch.n; i++)
        SH_TRY(open_for(&w, duty, &batch.records[i]));
    const bool is_over = batch.next.len == 0;
    const int64_t due = is_over ? next_boundary(texts->procedures, duty->procedure, duty->due) : duty->due;
    const struct sh_value moved[] = {SH_TEXT(duty->procedure), SH_I64(due), SH_TEXT(batch.next)};
    SH_TRY(
        sh_sql_run(txn, "update mt_duty set due = $2, after = $3 where procedure = $1", moved, 3, NULL, err));
    const struct sh_leaf leaf = {.type = SH_STR("matter.duty"),
                                 .content = sh_textf(arena, "%.*s %lld %.*s", SH_ARG(duty->procedure),
                                                     (long long)due, SH_ARG(batch.next))};
    return sh_journal_add(txn, &leaf, err);
}
