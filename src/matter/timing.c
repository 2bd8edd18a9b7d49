/* What moves the end of a running clock: time that does not count, extensions, an outer clock (T9, T10), a
 * new calendar, a number set later (T15, V6). Nothing of it is kept beside the steps it follows from. */
#include "matter/timing.h"

enum { MOVES_MAX = 64 };

/* How the clock stands by the file: what follows from steps and sub-matters. */
struct moves {
    struct sh_excluded excluded[MOVES_MAX];
    struct sh_length extensions[MOVES_MAX];
    size_t n_excluded, n_extensions;
    int32_t not_past;
};

sh_code sh_length_asked(const struct sh_params *params, const struct length_asked *asked,
                        struct sh_arena *arena, struct sh_length *ret, struct sh_str *ret_why,
                        struct sh_err *err) {
    *ret_why = SH_STR("");
    if (asked->param.len == 0)
        return sh_length_parse(asked->length, ret, err);
    const struct sh_param_pick pick = sh_param_pick(params, asked->param, asked->place, asked->dates);
    if (pick.state == SH_PARAM_SET)
        return sh_length_of_param(pick.row, ret, err);
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    sh_param_tell(&pick, asked->param, asked->place, asked->lang, &why);
    *ret_why = sh_copy(arena, sh_buf_view(&why));
    if (ret_why->len == 0)
        *ret_why = asked->param;
    return SH_OK;
}

sh_code sh_length_in_force(struct work *w, struct sh_str length, struct sh_str param, struct sh_length *ret,
                           struct sh_str *ret_why) {
    struct length_asked asked = {.length = length, .param = param, .place = w->m.place, .lang = lang_of(w)};
    SH_TRY(sh_param_dates_of(w, &asked.dates));
    return sh_length_asked(w->texts->params, &asked, w->arena, ret, ret_why, w->err);
}

struct sh_str sh_length_text(struct sh_arena *arena, struct sh_length length) {
    static const char *const units[] = {[SH_HOURS] = "hours",
                                        [SH_WORKING_DAYS] = "wd",
                                        [SH_NATURAL_DAYS] = "nd",
                                        [SH_MONTHS] = "months",
                                        [SH_YEARS] = "years"};
    return sh_textf(arena, "%d %s", length.n, units[length.unit]);
}

static sh_code exclude(struct work *w, struct moves *moves, int32_t first, int32_t last, struct sh_str why) {
    if (moves->n_excluded == MOVES_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "a clock with more than %d excluded times", MOVES_MAX);
    moves->excluded[moves->n_excluded++] = (struct sh_excluded){first, last, why};
    return SH_OK;
}

/* From a step to another; what began before the event of the clock begins with it. */
static sh_code exclude_steps(struct work *w, const struct sh_clock_exclusion *text, int32_t event,
                             const struct sh_rows *steps, struct moves *moves) {
    const struct sh_machine *machine = &w->m.text->matter;
    int32_t first = INT32_MIN;
    for (size_t r = 0; r < steps->n_rows; r++) {
        const struct sh_str step = sh_cell(steps, r, STEP_STEP)->str;
        const int32_t day = day_of_utc(sh_cell(steps, r, STEP_OCCURRED)->i64);
        if (first == INT32_MIN && sh_str_eq(step, machine->steps[text->from].id)) {
            first = day < event ? event : day;
        } else if (first != INT32_MIN && sh_str_eq(step, machine->steps[text->to].id)) {
            if (day > first)
                SH_TRY(exclude(w, moves, first, day, text->name));
            first = INT32_MIN;
        }
    }
    return first == INT32_MIN ? SH_OK : exclude(w, moves, first, INT32_MAX, text->name);
}

/* While a sub-matter is open: to the day of the step that closed it. */
static sh_code exclude_subs(struct work *w, const struct sh_clock_exclusion *text, int32_t event,
                            struct moves *moves) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(text->procedure)};
    SH_TRY(sh_sql_query(w->txn,
                        "select m.opened_at, m.final, coalesce((select max(s.occurred) from mt_step s where "
                        "s.matter = m.id and "
                        "s.before <> s.after), 0) from mt_matter m where m.parent = $1 and m.procedure = $2 "
                        "order by m.opened_at "
                        "limit 100",
                        key, 2, w->arena, &rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        const int32_t opened = day_of_utc(sh_cell(&rows, r, 0)->i64);
        const int32_t first = opened < event ? event : opened;
        const bool is_over = sh_cell(&rows, r, 1)->i64 != 0;
        const int32_t last = is_over ? day_of_utc(sh_cell(&rows, r, 2)->i64) : INT32_MAX;
        if (last > first)
            SH_TRY(exclude(w, moves, first, last, text->name));
    }
    return SH_OK;
}

/* Extensions count in the order of the text, each as often as its step was taken since the event: once. */
static sh_code extend(struct work *w, const struct sh_clock_text *clock, int64_t event,
                      const struct sh_rows *steps, struct moves *moves) {
    for (size_t i = 0; i < clock->n_extend && moves->n_extensions < MOVES_MAX; i++) {
        bool is_taken = false;
        for (size_t r = 0; r < steps->n_rows; r++)
            is_taken = is_taken || (day_of_utc(sh_cell(steps, r, STEP_OCCURRED)->i64) >= event &&
                                    sh_str_eq(sh_cell(steps, r, STEP_STEP)->str,
                                              w->m.text->matter.steps[clock->extend[i].step].id));
        if (!is_taken)
            return SH_OK;
        struct sh_str missing;
        SH_TRY(sh_length_in_force(w, clock->extend[i].length, clock->extend[i].param,
                                  &moves->extensions[moves->n_extensions], &missing));
        if (missing.len)
            return SH_OK;
        moves->n_extensions++;
    }
    return SH_OK;
}

static sh_code outer(struct work *w, const struct sh_clock_text *clock, struct moves *moves) {
    struct sh_rows rows;
    if (clock->within < 0)
        return SH_OK;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(w->m.text->clocks[clock->within].id)};
    SH_TRY(sh_sql_query(
        w->txn,
        "select due_day from mt_clock where matter = $1 and clock = $2 and certain = 1 order by seq "
        "desc limit 1",
        key, 2, w->arena, &rows, w->err));
    moves->not_past = rows.n_rows ? (int32_t)sh_cell(&rows, 0, 0)->i64 : 0;
    return SH_OK;
}

sh_code sh_clock_reckon(struct work *w, const struct sh_clock_text *clock, const struct clock_run *run,
                        struct sh_due *ret) {
    const struct sh_calendar *calendar = NULL;
    struct moves *moves = sh_new(w->arena, struct moves, 1);
    struct sh_rows steps = {0};
    if (!moves)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a clock");
    if (clock->n_excluding || clock->n_extend)
        SH_TRY(sh_steps_read(w, &steps));
    for (size_t i = 0; i < clock->n_excluding; i++)
        if (clock->excluding[i].procedure.len)
            SH_TRY(exclude_subs(w, &clock->excluding[i], run->event, moves));
        else
            SH_TRY(exclude_steps(w, &clock->excluding[i], run->event, &steps, moves));
    SH_TRY(extend(w, clock, run->event, &steps, moves));
    SH_TRY(outer(w, clock, moves));
    SH_TRY(sh_calendar_open(w->texts->calendars, w->m.place, INT32_MAX, w->arena, &calendar, w->err));
    const struct sh_due_question question = {.calendar = calendar,
                                             .event = run->event,
                                             .event_time = run->event_time,
                                             .length = run->length,
                                             .extensions = moves->extensions,
                                             .n_extensions = moves->n_extensions,
                                             .excluded = moves->excluded,
                                             .n_excluded = moves->n_excluded,
                                             .no_roll = clock->no_roll,
                                             .not_past = moves->not_past};
    return sh_due(&question, w->arena, ret, w->err);
}

/* ---- reckoning again --------------------------------------------------------------------------------- */

/* Columns of a clock as this file reads it. */
#define RUN_COLUMNS                                                                                          \
    "clock, member, seq, event, due_day, certain, kept, event_time, missing, paused, state, recounted"
enum {
    RUN_CLOCK,
    RUN_MEMBER,
    RUN_SEQ,
    RUN_EVENT,
    RUN_DUE,
    RUN_CERTAIN,
    RUN_KEPT,
    RUN_TIME,
    RUN_MISSING,
    RUN_PAUSED,
    RUN_STATE,
    RUN_RECOUNTED
};

const struct sh_clock_text *sh_clock_of(const struct work *w, struct sh_str id) {
    for (size_t i = 0; i < w->m.text->n_clocks; i++)
        if (sh_str_eq(w->m.text->clocks[i].id, id))
            return &w->m.text->clocks[i];
    return NULL;
}

/* The length it started with (V3); one that had none, or whose text says recount, takes what is in force. */
static sh_code length_of_run(struct work *w, const struct sh_clock_text *clock, struct sh_str kept,
                             struct sh_length *ret, struct sh_str *ret_missing) {
    *ret_missing = SH_STR("");
    if (kept.len && !clock->recount)
        return sh_length_parse(kept, ret, w->err);
    SH_TRY(sh_length_in_force(w, clock->length, clock->param, ret, ret_missing));
    if (ret_missing->len && kept.len) {
        *ret_missing = SH_STR("");
        return sh_length_parse(kept, ret, w->err);
    }
    return SH_OK;
}

static sh_code put_back(struct work *w, const struct sh_rows *rows, size_t r, const struct clock_run *run,
                        const struct sh_due *due) {
    SH_CLEANUP(sh_buf_free) struct sh_buf account = {0}, tell = {0};
    sh_due_tell(due, SH_ZH, &account);
    sh_length_tell(run->length, SH_ZH, &tell);
    const struct sh_value values[] = {SH_TEXT(w->m.id),
                                      SH_TEXT(sh_cell(rows, r, RUN_CLOCK)->str),
                                      SH_TEXT(sh_cell(rows, r, RUN_MEMBER)->str),
                                      SH_I64(sh_cell(rows, r, RUN_SEQ)->i64),
                                      SH_I64(sh_due_instant(due)),
                                      SH_I64(due->is_open ? 0 : due->day),
                                      SH_I64(due->is_certain && !due->is_open),
                                      SH_TEXT(sh_copy(w->arena, sh_buf_view(&account))),
                                      SH_TEXT(sh_due_missing(w, due)),
                                      SH_I64(due->is_open),
                                      SH_TEXT(sh_length_text(w->arena, run->length)),
                                      SH_TEXT(sh_copy(w->arena, sh_buf_view(&tell)))};
    return sh_sql_run(w->txn,
                      "update mt_clock set due = $5, due_day = $6, certain = $7, account = $8, missing = $9, "
                      "paused = $10, kept = "
                      "$11, length = $12 where matter = $1 and clock = $2 and member = $3 and seq = $4",
                      values, 12, NULL, w->err);
}

/* One running clock by what is known now. *ret_moved: its end is another. */
static sh_code again(struct work *w, const struct sh_rows *rows, size_t r, bool may_write, bool *ret_moved,
                     struct sh_due *ret) {
    const struct sh_clock_text *clock = sh_clock_of(w, sh_cell(rows, r, RUN_CLOCK)->str);
    struct clock_run run = {.event = (int32_t)sh_cell(rows, r, RUN_EVENT)->i64,
                            .event_time = sh_cell(rows, r, RUN_TIME)->i64};
    struct sh_str missing;
    *ret_moved = false;
    if (!clock)
        return SH_OK; /* a text that no longer has it: it ends as it began */
    SH_TRY(length_of_run(w, clock, sh_cell(rows, r, RUN_KEPT)->str, &run.length, &missing));
    if (missing.len || (run.length.unit == SH_HOURS && sh_cell(rows, r, RUN_KEPT)->str.len))
        return SH_OK;
    SH_TRY(sh_clock_reckon(w, clock, &run, ret));
    const bool is_certain = ret->is_certain && !ret->is_open;
    *ret_moved = (ret->is_open ? 0 : ret->day) != sh_cell(rows, r, RUN_DUE)->i64 ||
                 is_certain != (sh_cell(rows, r, RUN_CERTAIN)->i64 != 0) ||
                 ret->is_open != (sh_cell(rows, r, RUN_PAUSED)->i64 != 0);
    return *ret_moved && may_write ? put_back(w, rows, r, &run, ret) : SH_OK;
}

static sh_code read_runs(struct work *w, const char *state, struct sh_rows *ret) {
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(sh_str_of(state))};
    return sh_sql_query(
        w->txn,
        "select " RUN_COLUMNS
        " from mt_clock where matter = $1 and state = $2 order by clock, member, seq limit 1000",
        key, 2, w->arena, ret, w->err);
}

static bool can_move(const struct sh_procedure *text) {
    for (size_t i = 0; i < text->n_clocks; i++)
        if (text->clocks[i].n_excluding || text->clocks[i].n_extend || text->clocks[i].within >= 0)
            return true;
    return false;
}

sh_code sh_clocks_settle(struct work *w) {
    int64_t due = SH_NEVER;
    SH_TRY(sh_clocks_nearest(w, &due));
    const struct sh_value values[] = {SH_TEXT(w->m.id), SH_I64(due)};
    return sh_sql_run(w->txn, "update mt_matter set due = $2 where id = $1", values, 2, NULL, w->err);
}

sh_code sh_clocks_move(struct work *w) {
    struct sh_rows rows;
    bool any = false;
    if (!can_move(w->m.text))
        return SH_OK;
    SH_TRY(read_runs(w, "running", &rows));
    for (size_t r = 0; r < rows.n_rows; r++) {
        struct sh_due due;
        bool is_moved = false;
        SH_TRY(again(w, &rows, r, true, &is_moved, &due));
        any = any || is_moved;
    }
    return any ? sh_clocks_settle(w) : SH_OK;
}

sh_code sh_clocks_move_parent(struct work *w) {
    if (w->m.parent.len == 0)
        return SH_OK;
    struct work parent = sh_work_beside(w);
    SH_TRY(sh_matter_load(&parent, w->m.parent));
    return sh_clocks_move(&parent);
}

/* ---- a new calendar (T15) ---------------------------------------------------------------------------- */

static struct sh_str day_text(struct work *w, int64_t day, bool is_known) {
    char text[SH_DATE_TEXT_MAX];
    sh_date_format((int32_t)day, text);
    return is_known ? sh_copy(w->arena, sh_str_of(text)) : SH_STR("–");
}

/* Old and new end into the file. */
static sh_code note_moved(struct work *w, const struct sh_rows *rows, size_t r, const struct sh_due *due,
                          bool is_over) {
    w->occurred = sh_txn_now(w->txn), w->occurred_day = w->today;
    w->member = sh_cell(rows, r, RUN_MEMBER)->str;
    w->m.seq++;
    w->why = sh_say(w, is_over ? M_RECOUNT_OVER : M_RECOUNT,
                    SH_ARG(day_text(w, sh_cell(rows, r, RUN_DUE)->i64, sh_cell(rows, r, RUN_DUE)->i64 != 0)),
                    SH_ARG(day_text(w, due->day, !due->is_open)));
    SH_TRY(sh_step_note(w, sh_textf(w->arena, "recount.%.*s", SH_ARG(sh_cell(rows, r, RUN_CLOCK)->str))));
    return SH_OK;
}

/* What has taken effect stands; that its end would now be another is written down once. */
static sh_code review_passed(struct work *w, bool may_write, size_t *io_n) {
    struct sh_rows rows;
    SH_TRY(read_runs(w, "passed", &rows));
    for (size_t r = 0; r < rows.n_rows; r++) {
        struct sh_due due = {0};
        bool is_moved = false;
        SH_TRY(again(w, &rows, r, false, &is_moved, &due));
        if (!is_moved || !due.is_certain || due.is_open || due.day == sh_cell(&rows, r, RUN_RECOUNTED)->i64)
            continue;
        ++*io_n;
        if (!may_write)
            continue;
        const struct sh_value values[] = {SH_TEXT(w->m.id), SH_TEXT(sh_cell(&rows, r, RUN_CLOCK)->str),
                                          SH_TEXT(sh_cell(&rows, r, RUN_MEMBER)->str),
                                          SH_I64(sh_cell(&rows, r, RUN_SEQ)->i64), SH_I64(due.day)};
        SH_TRY(sh_sql_run(
            w->txn,
            "update mt_clock set recounted = $5 where matter = $1 and clock = $2 and member = $3 and "
            "seq = $4",
            values, 5, NULL, w->err));
        SH_TRY(note_moved(w, &rows, r, &due, true));
    }
    return SH_OK;
}

static sh_code recount_matter(struct work *w, bool may_write, size_t *ret_n) {
    struct sh_rows rows;
    *ret_n = 0;
    SH_TRY(read_runs(w, "running", &rows));
    for (size_t r = 0; r < rows.n_rows; r++) {
        struct sh_due due = {0};
        bool is_moved = false;
        SH_TRY(again(w, &rows, r, may_write, &is_moved, &due));
        if (!is_moved)
            continue;
        ++*ret_n;
        if (may_write)
            SH_TRY(note_moved(w, &rows, r, &due, false));
    }
    SH_TRY(review_passed(w, may_write, ret_n));
    return *ret_n && may_write ? sh_clocks_settle(w) : SH_OK;
}

/* Open matters, and those closed not long ago, as what their ends did may want review. It bounds what a start
 * of the server reads; no law knows it. */
enum { RECOUNT_CLOSED_DAYS = 400 };
sh_code sh_matter_recount(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_str after,
                          bool may_write, struct sh_arena *arena, struct sh_recount *ret,
                          struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(after),
                                   SH_I64(sh_txn_now(txn) - (int64_t)RECOUNT_CLOSED_DAYS * SH_DAY_SECONDS)};
    SH_TRY(sh_sql_query(
        txn,
        "select m.id from mt_matter m where m.id > $1 and (m.final = 0 or m.changed_at > $2) and "
        "exists (select 1 from mt_clock c where c.matter = m.id and c.state <> 'stopped') order by "
        "m.id limit 100",
        key, 2, arena, &rows, err));
    *ret = (struct sh_recount){.is_over = rows.n_rows < 100, .n_seen = rows.n_rows};
    for (size_t r = 0; r < rows.n_rows; r++) {
        struct sh_failures failures = {0};
        struct work w = {.txn = txn, .texts = texts, .arena = arena, .failures = &failures, .err = err};
        size_t n = 0;
        SH_TRY(sh_matter_load(&w, sh_cell(&rows, r, 0)->str));
        SH_TRY(recount_matter(&w, may_write, &n));
        ret->n_moved += n;
        (void)snprintf(ret->last, sizeof ret->last, "%.*s", SH_ARG(w.m.id));
    }
    return SH_OK;
}
