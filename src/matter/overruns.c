/* What was done after its time or is still owed: the report of overrun limits (S4§12) and, of claims, the
 * list of what was paid late (S4§28), from the very clocks that matters are counted by. */
#include "matter/query.h"

enum { OVERRUNS_MAX = 1000 };
enum {
    O_ID,
    O_NUMBER,
    O_PROCEDURE,
    O_TEXT_PLACE,
    O_TEXT_FROM,
    O_SUBJECT,
    O_PERIOD,
    O_BODY,
    O_PLACE,
    O_CLOCK,
    O_MEMBER,
    O_EVENT,
    O_DUE_DAY,
    O_DUE
};

struct overruns {
    struct sh_txn *txn;
    const struct sh_desk *desk;
    struct sh_json *json;
    int32_t today;
    struct sh_err *err;
};

static sh_code read_passed(const struct overruns *o, const struct sh_overruns_asked *asked,
                           struct sh_rows *ret) {
    SH_CLEANUP(query_free) struct query q = {0};
    query_add(&q, "select t.id, t.number, t.procedure, t.text_place, t.text_from, t.subject, t.period, "
                  "t.body, t.place, c.clock, c.member, c.event, c.due_day, c.due from mt_clock c join "
                  "mt_matter t on t.id = c.matter where c.state = 'passed' and c.due > ");
    query_value(&q, SH_I64(utc_of_day(asked->days.from)));
    query_add(&q, " and c.due <= ");
    query_value(&q, SH_I64(utc_of_day(asked->days.to + 1)));
    query_equals(&q, "t.procedure", asked->procedure);
    query_add(&q, " and ");
    query_place(&q, o->desk->who, o->desk->arena);
    query_confidential(&q, o->desk);
    query_add(&q, " order by c.due desc, t.id, c.clock, c.member limit ");
    query_value(&q, SH_I64(OVERRUNS_MAX + 1));
    SH_TRY(sh_buf_check(&q.sql, o->err));
    return sh_sql_query(o->txn, q.sql.at, q.values, q.n, o->desk->arena, ret, o->err);
}

static const struct sh_clock_text *marking(const struct sh_procedure *text, struct sh_str id) {
    for (size_t i = 0; text && i < text->n_clocks; i++)
        if (sh_str_eq(text->clocks[i].id, id) && text->clocks[i].end == SH_END_MARK)
            return &text->clocks[i];
    return NULL;
}

/* The step that was owed, taken after the end; a row of occurred, why and actor, or none. */
static sh_code read_done(const struct overruns *o, const struct sh_value *cells, const struct sh_step *step,
                         struct sh_rows *ret) {
    const struct sh_value key[] = {cells[O_ID], SH_TEXT(step->id), cells[O_MEMBER], cells[O_DUE]};
    return sh_sql_query(
        o->txn,
        "select occurred, why, actor from mt_step where matter = $1 and step = $2 and (member = $3 "
        "or $3 = '') and recorded >= $4 order by seq limit 1",
        key, 4, o->desk->arena, ret, o->err);
}

static sh_code put_overrun(const struct overruns *o, const struct sh_value *cells) {
    const struct sh_procedure *text =
        sh_procedure_version(o->desk->texts->procedures, cells[O_PROCEDURE].str, cells[O_TEXT_PLACE].str,
                             (int32_t)cells[O_TEXT_FROM].i64);
    const struct sh_clock_text *clock = marking(text, cells[O_CLOCK].str);
    const int32_t due = (int32_t)cells[O_DUE_DAY].i64;
    const sh_lang lang = o->desk->who->lang;
    struct sh_rows rows;
    if (!clock)
        return SH_OK; /* nothing of it is late: a right that lapsed, or what only warns */
    const struct sh_step *step = &text->matter.steps[clock->end_step];
    SH_TRY(read_done(o, cells, step, &rows));
    const bool is_done = rows.n_rows > 0;
    const int32_t day = is_done ? day_of_utc(sh_cell(&rows, 0, 0)->i64) : o->today;
    if (is_done && day <= due)
        return SH_OK; /* done in time, entered later (T2) */
    static const struct {
        const char *key;
        int at;
    } as_kept[] = {{"matter", O_ID},       {"number", O_NUMBER}, {"procedure", O_PROCEDURE},
                   {"subject", O_SUBJECT}, {"period", O_PERIOD}, {"body", O_BODY},
                   {"place", O_PLACE},     {"clock", O_CLOCK},   {"member", O_MEMBER}};
    sh_json_object(o->json);
    for (size_t i = 0; i < sizeof as_kept / sizeof as_kept[0]; i++)
        sh_json_put_str(o->json, as_kept[i].key, cells[as_kept[i].at].str);
    sh_json_put_str(o->json, "procedure_name", sh_word_of(lang, text->name, text->english));
    sh_json_put_str(o->json, "clock_name", sh_word_of(lang, clock->name, clock->english));
    sh_json_put_str(o->json, "basis", clock->basis);
    sh_json_put_str(o->json, "step", step->id);
    sh_json_put_str(o->json, "step_name", sh_word_of(lang, step->name, step->english));
    sh_json_put_date(o->json, "started", (int32_t)cells[O_EVENT].i64);
    sh_json_put_date(o->json, "due", due);
    sh_put_day_or_null(o->json, "done", day, is_done);
    sh_json_put_i64(o->json, "days_late", day - due);
    sh_json_put_str(o->json, "reason", is_done ? sh_cell(&rows, 0, 1)->str : SH_STR(""));
    sh_json_put_str(o->json, "person", is_done ? sh_cell(&rows, 0, 2)->str : SH_STR(""));
    sh_json_object_end(o->json);
    return SH_OK;
}

sh_code sh_overruns_json(struct sh_txn *txn, const struct sh_desk *desk,
                         const struct sh_overruns_asked *asked, struct sh_json *json, struct sh_err *err) {
    const struct overruns o = {txn, desk, json, asked->today, err};
    struct sh_rows rows;
    SH_TRY(read_passed(&o, asked, &rows));
    const size_t n = rows.n_rows < OVERRUNS_MAX ? rows.n_rows : OVERRUNS_MAX;
    sh_json_object(json);
    sh_json_put_date(json, "from", asked->days.from);
    sh_json_put_date(json, "to", asked->days.to);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t r = 0; r < n; r++)
        SH_TRY(put_overrun(&o, sh_cell(&rows, r, 0)));
    sh_json_array_end(json);
    sh_json_put_bool(json, "more", rows.n_rows > n);
    sh_json_object_end(json);
    return SH_OK;
}
