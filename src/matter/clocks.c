/* Clocks of a matter: when they start, stop, and what their end does (T1–T14). */
#include "matter/timing.h"

struct sh_str sh_due_missing(struct work *w, const struct sh_due *due) {
    return due->is_open || due->is_certain ? SH_STR("")
                                           : sh_textf(w->arena, "calendar %d", due->unknown_year);
}

/* due NULL: nobody has set the length, or it waits for something else (missing). */
static sh_code insert(struct work *w, const struct sh_clock_text *clock, struct sh_str member,
                      const struct clock_run *run, const struct sh_due *due, struct sh_str missing) {
    SH_CLEANUP(sh_buf_free) struct sh_buf account = {0}, tell = {0};
    if (due) {
        sh_due_tell(due, SH_ZH, &account);
        sh_length_tell(run->length, SH_ZH, &tell);
    }
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(clock->id), SH_TEXT(member)};
    SH_TRY(sh_sql_query(
        w->txn, "select coalesce(max(seq), 0) from mt_clock where matter = $1 and clock = $2 and member = $3",
        key, 3, w->arena, &rows, w->err));
    /* The end is 24:00 of the last day of Shanghai; hours by the minute. */
    const struct sh_value values[] = {SH_TEXT(w->m.id),
                                      SH_TEXT(clock->id),
                                      SH_TEXT(member),
                                      SH_I64(sh_cell(&rows, 0, 0)->i64 + 1),
                                      SH_I64(run->event),
                                      SH_I64(due ? sh_due_instant(due) : SH_NEVER),
                                      SH_I64(due && !due->is_open ? due->day : 0),
                                      SH_I64(due && due->is_certain && !due->is_open),
                                      SH_TEXT(sh_copy(w->arena, sh_buf_view(&tell))),
                                      SH_TEXT(sh_copy(w->arena, sh_buf_view(&account))),
                                      SH_TEXT(missing),
                                      SH_TEXT(due ? sh_length_text(w->arena, run->length) : SH_STR("")),
                                      SH_I64(run->event_time),
                                      SH_I64(due && due->is_open)};
    return sh_sql_run(
        w->txn,
        "insert into mt_clock (matter, clock, member, seq, state, event, due, due_day, certain, length, "
        "account, missing, kept, event_time, paused, recounted) values ($1, $2, $3, $4, 'running', $5, $6, "
        "$7, $8, "
        "$9, $10, $11, $12, $13, $14, 0)",
        values, 14, NULL, w->err);
}

static sh_code start(struct work *w, const struct sh_clock_text *clock, struct sh_str member, int32_t event,
                     int64_t event_time) {
    struct clock_run run = {.event = event, .event_time = event_time};
    struct sh_str missing;
    struct sh_due due;
    SH_TRY(sh_length_in_force(w, clock->length, clock->param, &run.length, &missing));
    if (missing.len) /* nobody has set it: the step stands, the clock says what it lacks (V6) */
        return insert(w, clock, member, &run, NULL, missing);
    SH_TRY(sh_clock_reckon(w, clock, &run, &due));
    return insert(w, clock, member, &run, &due, sh_due_missing(w, &due));
}

static sh_code start_all(struct work *w, enum sh_clock_from from, int32_t from_at, struct sh_str addressee,
                         int32_t day, int64_t time) {
    for (size_t i = 0; i < w->m.text->n_clocks; i++) {
        const struct sh_clock_text *clock = &w->m.text->clocks[i];
        if (clock->from != from || clock->from_at != from_at)
            continue;
        if (clock->per_party && from != SH_FROM_SERVED) {
            for (size_t p = 0; p < w->parties.n; p++)
                SH_TRY(start(w, clock, w->parties.of[p].id, day, time));
            continue;
        }
        SH_TRY(start(w, clock, clock->per_party ? addressee : SH_STR(""), day, time));
    }
    return SH_OK;
}

sh_code sh_clocks_after_opening(struct work *w) {
    int32_t first, last;
    if (sh_period_scan(w->m.period, &first, &last)) /* the end of a period is its event, also one to come */
        SH_TRY(start_all(w, SH_FROM_PERIOD, -1, SH_STR(""), last, ((int64_t)last + 1) * SH_DAY_SECONDS));
    return start_all(w, SH_FROM_OPENED, -1, SH_STR(""), w->occurred_day, w->occurred + SH_SHANGHAI_SECONDS);
}

sh_code sh_clocks_after_service(struct work *w, int32_t paper, struct sh_str addressee, int32_t day) {
    return start_all(w, SH_FROM_SERVED, paper, addressee, day, (int64_t)day * SH_DAY_SECONDS);
}

static sh_code stop(struct work *w, struct sh_str clock, struct sh_str member, const char *state) {
    const struct sh_value values[] = {SH_TEXT(w->m.id), SH_TEXT(clock), SH_TEXT(member),
                                      SH_TEXT(sh_str_of(state))};
    return sh_sql_run(
        w->txn,
        "update mt_clock set state = $4 where matter = $1 and clock = $2 and state = 'running' and "
        "(member = $3 or $3 = '')",
        values, 4, NULL, w->err);
}

sh_code sh_clocks_stop_all(struct work *w) {
    return sh_sql_run(w->txn, "update mt_clock set state = 'stopped' where matter = $1 and state = 'running'",
                      &SH_TEXT(w->m.id), 1, NULL, w->err);
}

static bool is_stopped_by(const struct work *w, const struct sh_clock_text *clock) {
    const int32_t at = (int32_t)(w->step - w->m.text->matter.steps);
    for (size_t i = 0; i < clock->n_stops; i++)
        if (clock->stops[i] == at)
            return true;
    return clock->end_step == at;
}

sh_code sh_clocks_after_step(struct work *w) {
    const int32_t at = (int32_t)(w->step - w->m.text->matter.steps);
    for (size_t i = 0; i < w->m.text->n_clocks; i++) {
        const struct sh_clock_text *clock = &w->m.text->clocks[i];
        if (is_stopped_by(w, clock))
            SH_TRY(
                stop(w, clock->id, clock->per_party ? w->member : SH_STR(""), w->who ? "stopped" : "passed"));
    }
    SH_TRY(start_all(w, SH_FROM_STEP, at, SH_STR(""), w->occurred_day, w->occurred + SH_SHANGHAI_SECONDS));
    return w->m.text->matter.states[w->m.state].is_final ? sh_clocks_stop_all(w) : SH_OK;
}

sh_code sh_clocks_nearest(struct work *w, int64_t *ret) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select min(due) from mt_clock where matter = $1 and state = 'running'",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    *ret = rows.n_rows && sh_cell(&rows, 0, 0)->kind == SH_VALUE_I64 ? sh_cell(&rows, 0, 0)->i64 : SH_NEVER;
    return SH_OK;
}

static struct sh_str name_of(const struct work *w, const struct sh_clock_text *clock) {
    return sh_word_of(lang_of(w), clock->name, clock->english);
}

/* Only before the end, and the second after the first (T10). */
static sh_code judge_extension(struct work *w, const struct sh_step *step, const struct sh_clock_text *clock,
                               size_t at) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(clock->id), SH_I64(w->occurred)};
    SH_TRY(sh_sql_query(
        w->txn,
        "select count(*) from mt_clock where matter = $1 and clock = $2 and state = 'running' and "
        "due > $3",
        key, 3, w->arena, &rows, w->err));
    if (sh_cell(&rows, 0, 0)->i64 == 0)
        sh_failure_add(w, SH_FAIL_TIME, clock->extend[at].basis, SH_STR(""), M_EXTEND_OVER,
                       SH_ARG(name_of(w, clock)));
    SH_TRY(sh_steps_read(w, &rows));
    for (size_t i = 0; i <= at; i++) {
        const struct sh_step *other = &w->m.text->matter.steps[clock->extend[i].step];
        bool is_taken = false;
        for (size_t r = 0; r < rows.n_rows; r++)
            is_taken = is_taken || sh_str_eq(sh_cell(&rows, r, STEP_STEP)->str, other->id);
        if (i < at && !is_taken)
            sh_failure_add(w, SH_FAIL_TIME, clock->extend[at].basis, SH_STR(""), M_EXTEND_ORDER,
                           SH_ARG(lang_of(w) == SH_EN ? other->english : other->name));
        if (i == at && is_taken)
            sh_failure_add(w, SH_FAIL_TIME, clock->extend[at].basis, SH_STR(""), M_EXTEND_TWICE,
                           SH_ARG(lang_of(w) == SH_EN ? step->english : step->name));
    }
    return SH_OK;
}

static sh_code judge_extensions(struct work *w, const struct sh_step *step) {
    const int32_t at = (int32_t)(step - w->m.text->matter.steps);
    for (size_t c = 0; c < w->m.text->n_clocks; c++)
        for (size_t i = 0; i < w->m.text->clocks[c].n_extend; i++)
            if (w->m.text->clocks[c].extend[i].step == at)
                SH_TRY(judge_extension(w, step, &w->m.text->clocks[c], i));
    return SH_OK;
}

/* A right that ended is gone; an authority's late act asks a reason and is marked (T11, T12). */
sh_code sh_clocks_judge(struct work *w, const struct sh_step *step) {
    const int32_t at = (int32_t)(step - w->m.text->matter.steps);
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(w->m.id)};
    w->is_late = false;
    SH_TRY(sh_sql_query(
        w->txn,
        "select clock, member, state, due_day, certain from mt_clock where matter = $1 and state = "
        "'passed' order by clock, member, seq",
        values, 1, w->arena, &rows, w->err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        const struct sh_clock_text *clock = sh_clock_of(w, sh_cell(&rows, i, 0)->str);
        const struct sh_str member = sh_cell(&rows, i, 1)->str;
        if (!clock || clock->end_step != at || (member.len && !sh_str_eq(member, w->member)))
            continue;
        char day[SH_DATE_TEXT_MAX];
        const int32_t due = (int32_t)sh_cell(&rows, i, 3)->i64;
        sh_date_format(due, day);
        /* What a party did in time counts though it is entered later (T2). */
        if (step->is_dated && w->occurred_day <= due)
            continue;
        if (clock->end == SH_END_REFUSE)
            sh_failure_add(w, SH_FAIL_TIME, clock->basis, SH_STR(""), M_GONE, SH_ARG(name_of(w, clock)), day);
        else if (clock->end == SH_END_MARK && w->why.len == 0 && w->who)
            sh_failure_add(w, SH_FAIL_TIME, clock->basis, SH_STR("why"), M_LATE, SH_ARG(name_of(w, clock)),
                           day);
        w->is_late = w->is_late || clock->end == SH_END_MARK;
    }
    return judge_extensions(w, step);
}

/* ---- the end of time --------------------------------------------------------------------------------- */

struct due_row {
    struct sh_str matter, clock, member;
    int64_t seq, due;
};

static sh_code note_end(struct work *w, const struct sh_clock_text *clock, const struct due_row *row) {
    const struct sh_str state = w->m.text->matter.states[w->m.state].id;
    struct sh_str fields;
    SH_TRY(sh_acts_followed(w));
    SH_TRY(sh_fields_text(&w->m.text->matter, w->m.values, w->arena, &fields, w->err));
    w->occurred = row->due, w->occurred_day = day_of_utc(row->due - 1);
    w->member = row->member;
    w->m.seq++;
    const struct sh_str step = sh_textf(w->arena, "clock.%.*s", SH_ARG(clock->id));
    const bool is_late = clock->end == SH_END_MARK;
    w->m.is_late = w->m.is_late || is_late;
    w->is_late = is_late;
    SH_TRY(sh_matter_save(w, step));
    const struct sh_value values[] = {
        SH_TEXT(w->m.id),           SH_I64(w->m.seq), SH_TEXT(step),   SH_TEXT(row->member), SH_I64(row->due),
        SH_I64(sh_txn_now(w->txn)), SH_TEXT(state),   SH_I64(is_late), SH_I64(w->m.version), SH_TEXT(fields)};
    return sh_sql_run(
        w->txn,
        "insert into mt_step (matter, seq, step, actor, role, body, member, occurred, recorded, before, "
        "after, late, why, version, fields) values ($1, $2, $3, 'law', '', '', $4, $5, $6, $7, $7, $8, "
        "'', $9, $10)",
        values, 10, NULL, w->err);
}

/* One end, carried out as the law (T13): w has the matter, `row` was running a moment ago. */
static sh_code fire(struct work *w, const struct due_row *row) {
    const struct sh_clock_text *clock = sh_clock_of(w, row->clock);
    const struct sh_value key[] = {SH_TEXT(row->matter), SH_TEXT(row->clock), SH_TEXT(row->member),
                                   SH_I64(row->seq)};
    int64_t changed = 0;
    SH_TRY(sh_sql_run(
        w->txn,
        "update mt_clock set state = 'passed' where matter = $1 and clock = $2 and member = $3 and seq = "
        "$4 and state = 'running'",
        key, 4, &changed, w->err));
    if (changed == 0 || !clock)
        return SH_OK;
    const struct sh_step *step = clock->end == SH_END_DO ? &w->m.text->matter.steps[clock->end_step] : NULL;
    if (!step || !sh_step_is_from(step, w->m.state))
        return note_end(w, clock, row);
    w->step = step, w->member = row->member, w->why = SH_STR("");
    w->occurred = row->due, w->occurred_day = day_of_utc(row->due - 1);
    const sh_code code = sh_step_take(w, NULL, 0);
    if (code != SH_E_CANCELLED)
        return code;
    w->failures->n = 0; /* what the law would do meets a condition nobody can answer: for people to see */
    return note_end(w, clock, row);
}

static sh_code next_due(struct work *w, struct sh_str matter, int64_t now, struct due_row *ret,
                        bool *ret_is) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_I64(now), SH_TEXT(matter)};
    SH_TRY(sh_sql_query(
        w->txn,
        "select matter, clock, member, seq, due from mt_clock where state = 'running' and due <= $1 and "
        "certain = 1 and (matter = $2 or $2 = '') order by due, matter, clock, member limit 1",
        values, 2, w->arena, &rows, w->err));
    *ret_is = rows.n_rows > 0;
    if (*ret_is)
        *ret =
            (struct due_row){sh_cell(&rows, 0, 0)->str, sh_cell(&rows, 0, 1)->str, sh_cell(&rows, 0, 2)->str,
                             sh_cell(&rows, 0, 3)->i64, sh_cell(&rows, 0, 4)->i64};
    return SH_OK;
}

/* As the law, on a matter of its own reading, so that the actor's work is not touched. */
static sh_code run_one(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_arena *arena,
                       const struct due_row *row, struct sh_err *err) {
    struct sh_failures failures = {0};
    struct work w = {.txn = txn, .texts = texts, .arena = arena, .failures = &failures, .err = err};
    SH_TRY(sh_matter_load(&w, row->matter));
    return fire(&w, row);
}

sh_code sh_clocks_run(struct work *w) {
    const struct sh_str id = w->m.id;
    for (int i = 0; i < 100; i++) {
        struct due_row row;
        bool is = false;
        SH_TRY(next_due(w, id, sh_txn_now(w->txn), &row, &is));
        if (!is)
            return i ? sh_matter_load(w, id) : SH_OK;
        SH_TRY(run_one(w->txn, w->texts, w->arena, &row, w->err));
    }
    return sh_fail(w->err, SH_E_LIMIT, "a matter has more than 100 ends due at once");
}

sh_code sh_matter_is_due(struct sh_txn *txn, int64_t now, bool *ret_due, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct work w = {.txn = txn, .arena = &arena, .err = err};
    struct due_row row;
    struct duty duty;
    SH_TRY(next_due(&w, SH_STR(""), now, &row, ret_due));
    return *ret_due ? SH_OK : sh_duty_next(txn, now, &arena, &duty, ret_due, err);
}

sh_code sh_matter_run_due(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_arena *arena,
                          bool *ret_done, struct sh_err *err) {
    struct work w = {.txn = txn, .texts = texts, .arena = arena, .err = err};
    struct due_row row = {.due = SH_NEVER};
    struct duty duty;
    bool is_clock = false, is_duty = false;
    SH_TRY(next_due(&w, SH_STR(""), sh_txn_now(txn), &row, &is_clock));
    SH_TRY(sh_duty_next(txn, sh_txn_now(txn), arena, &duty, &is_duty, err));
    *ret_done = is_clock || is_duty;
    if (is_duty && duty.due < row.due) /* what ends with a day ends before what begins with the next */
        return sh_duty_run(txn, texts, arena, &duty, err);
    return is_clock ? run_one(txn, texts, arena, &row, err) : SH_OK;
}
