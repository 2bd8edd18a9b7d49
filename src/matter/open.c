/* Opening matters: by a person, by a step of another matter, by the program. */
#include "matter/timing.h"

enum { DEPTH_MAX = 6 };

static sh_code add_party(struct work *w, struct sh_str party) {
    const struct sh_scope all = sh_everything();
    const struct sh_as_of now = {w->today, INT64_MAX};
    struct sh_record record;
    struct sh_str body = party;
    const sh_code code =
        sh_record_find(w->txn, &all, SH_STR("institutions"), party, now, w->arena, &record, w->err);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    if (code == SH_OK) {
        SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
        SH_TRY(sh_json_read("record", record.open, &root, w->err));
        const struct sh_str on_record = sh_json_member(root, SH_STR("body"), w->arena);
        body = on_record.len ? on_record : party;
    }
    const struct sh_value values[] = {SH_TEXT(w->m.id), SH_TEXT(party), SH_TEXT(body)};
    return sh_sql_run(w->txn,
                      "insert into mt_party (matter, party, body) values ($1, $2, $3) on conflict do nothing",
                      values, 3, NULL, w->err);
}

static sh_code take_number(struct work *w, const struct sh_procedure *text) {
    struct sh_rows rows;
    const int year = sh_civil_of(w->today).year;
    const struct sh_value key[] = {SH_TEXT(w->m.body), SH_TEXT(text->id), SH_I64(year)};
    SH_TRY(sh_sql_query(
        w->txn,
        "insert into mt_number (body, kind, year, last) values ($1, $2, $3, 1) on conflict (body, kind, "
        "year) do update set last = mt_number.last + 1 returning last",
        key, 3, w->arena, &rows, w->err));
    w->m.number = sh_textf(w->arena, "%.*s-%.*s-%d-%06lld", SH_ARG(text->id), SH_ARG(w->m.body), year,
                           (long long)sh_cell(&rows, 0, 0)->i64);
    w->m.ord = sh_textf(w->arena, "%012lld-%.*s", (long long)w->m.opened_at, SH_ARG(w->m.number));
    return w->m.number.len ? SH_OK : sh_fail(w->err, SH_E_NOMEM, "no room for a number");
}

/* The body that is responsible: the one asked for, or one of the kind the text names near it. */
static sh_code body_for(struct work *w, const struct sh_procedure *text, struct sh_str body,
                        struct sh_str place) {
    struct sh_str kind, at, parent, credit;
    w->m.body = body, w->m.place = place;
    if (text->body.len == 0)
        return SH_OK;
    SH_TRY(sh_body_record(w, body, &kind, &at, &parent, &credit));
    if (kind.len == 0 || sh_str_eq(kind, text->body))
        return SH_OK;
    SH_TRY(sh_body_near(w, text->body, place, &w->m.body));
    if (w->m.body.len == 0)
        sh_failure_add(w, SH_FAIL_BODY, text->basis[0], SH_STR(""), M_NO_BODY, SH_ARG(text->body));
    return SH_OK;
}

static sh_code first_version(struct work *w, struct sh_str why) {
    const struct sh_machine *machine = &w->m.text->matter;
    struct sh_str fields;
    SH_TRY(sh_matter_save(w, SH_STR("open")));
    SH_TRY(sh_fields_text(machine, w->m.values, w->arena, &fields, w->err));
    const struct sh_value values[] = {SH_TEXT(w->m.id),
                                      SH_TEXT(actor_of(w)),
                                      SH_TEXT(w->used.role),
                                      SH_TEXT(w->used.body),
                                      SH_I64(w->occurred),
                                      SH_I64(sh_txn_now(w->txn)),
                                      SH_TEXT(machine->states[0].id),
                                      SH_TEXT(why),
                                      SH_TEXT(fields)};
    return sh_sql_run(
        w->txn,
        "insert into mt_step (matter, seq, step, actor, role, body, member, occurred, recorded, before, "
        "after, late, why, version, fields) values ($1, 1, 'open', $2, $3, $4, '', $5, $6, '', $7, 0, $8, "
        "1, $9)",
        values, 9, NULL, w->err);
}

static sh_code make(struct work *w, const struct sh_procedure *text, const struct sh_matter_new *wanted,
                    struct sh_str place, struct sh_str source) {
    if (w->occurred == 0)
        w->occurred = sh_txn_now(w->txn), w->occurred_day = day_of_utc(w->occurred);
    w->today = w->occurred_day;
    w->m = (struct matter){.text = text,
                           .subject = wanted->subject,
                           .period = wanted->period,
                           .parent = wanted->parent,
                           .source = source,
                           .assigned = SH_STR(""),
                           .opened_at = w->occurred,
                           .seq = 1};
    w->m.values = sh_new(w->arena, struct sh_str, text->matter.n_fields + 1);
    if (!w->m.values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a matter");
    for (size_t i = 0; i < text->matter.n_fields; i++)
        w->m.values[i] = SH_STR("");
    SH_TRY(sh_fields_take(w, &text->matter, NULL, wanted->values, wanted->n_values, w->m.values));
    SH_TRY(body_for(w, text, wanted->body, place));
    if (w->failures->n)
        return sh_fail(w->err, SH_E_CANCELLED, "refused");
    SH_TRY(take_number(w, text));
    SH_TRY(sh_acts_named(w, wanted->parent, NULL));
    SH_TRY(first_version(w, w->why));
    if (!text->is_confidential)
        SH_TRY(add_party(w, w->m.subject));
    SH_TRY(sh_matter_parties(w));
    SH_TRY(sh_container_join(w));
    if (w->failures->n)
        return sh_fail(w->err, SH_E_CANCELLED, "refused");
    SH_TRY(sh_clocks_after_opening(w));
    return sh_clocks_settle(w); /* clocks need the id, the row needs the clocks */
}

sh_code sh_matter_make(struct work *w, const struct sh_procedure *text, const struct sh_matter_new *wanted,
                       struct sh_str place, struct sh_str source, char ret_id[SH_ID_TEXT + 1]) {
    if (w->depth >= DEPTH_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "matters open each other without end");
    struct work child = sh_work_beside(w);
    child.used = w->used, child.depth = w->depth + 1, child.why = w->who ? SH_STR("") : w->why;
    if (!w->who)
        child.occurred = w->occurred, child.occurred_day = w->occurred_day;
    SH_TRY(make(&child, text, wanted, place, source));
    (void)snprintf(ret_id, SH_ID_TEXT + 1, "%.*s", SH_ARG(child.m.id));
    return SH_OK;
}

/* ---- by a person ------------------------------------------------------------------------------------- */

static bool is_period(const struct sh_procedure *text, struct sh_str period) {
    int32_t first, last;
    return sh_period_scan(period, &first, &last) == text->period &&
           (text->period != SH_PERIOD_NONE || period.len == 0);
}

bool sh_may_follow(const struct sh_procedure *text, struct sh_str state) {
    for (size_t i = 0; i < text->n_again; i++)
        if (sh_str_eq(text->matter.states[text->again[i]].id, state))
            return true;
    return false;
}

static sh_code check_twice(struct work *w, const struct sh_procedure *text,
                           const struct sh_matter_new *wanted) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(wanted->subject), SH_TEXT(text->id), SH_TEXT(wanted->period)};
    if (text->period == SH_PERIOD_NONE)
        return SH_OK;
    SH_TRY(sh_sql_query(
        w->txn, "select state from mt_matter where subject = $1 and procedure = $2 and period = $3 limit 100",
        key, 3, w->arena, &rows, w->err));
    bool is_free = true;
    for (size_t r = 0; r < rows.n_rows; r++)
        is_free = is_free && sh_may_follow(text, sh_cell(&rows, r, 0)->str);
    if (!is_free)
        sh_failure_add(w, SH_FAIL_MEMBERS, text->basis[0], SH_STR("period"), M_OPEN_TWICE);
    return SH_OK;
}

/* The grant that opens it: of the body asked for, or the first that fits. */
static void find_opener(struct work *w, const struct sh_procedure *text, struct sh_str body) {
    for (size_t i = 0; i < text->n_open_by; i++)
        for (size_t k = 0; k < w->who->n_grants; k++) {
            const struct sh_matter_grant *grant = &w->who->grants[k];
            if (sh_str_eq(grant->role, text->open_by[i].role) &&
                (body.len == 0 || sh_str_eq(body, grant->body)) && w->used.role.len == 0)
                w->used = *grant;
        }
}

/* The subject on record and within what the opener sees; parents likewise. */
static sh_code check_subject(struct work *w, const struct sh_procedure *text,
                             const struct sh_matter_new *wanted) {
    struct sh_record record;
    const struct sh_as_of now = {w->today, INT64_MAX};
    if (sh_str_is(text->about, "institution"))
        SH_TRY(sh_record_find(w->txn, &w->who->scope, SH_STR("institutions"), wanted->subject, now, w->arena,
                              &record, w->err));
    if (sh_str_is(text->about, "body"))
        SH_TRY(sh_record_find(w->txn, &w->who->scope, SH_STR("bodies"), wanted->subject, now, w->arena,
                              &record, w->err));
    if (wanted->parent.len == 0)
        return SH_OK;
    struct work parent = *w;
    return sh_matter_enter(&parent, wanted->parent);
}

/* The day of the acts it is about: as given, else its period, else today. */
static int32_t act_day_of(const struct sh_matter_new *wanted, int32_t today) {
    int32_t day = today, first, last;
    for (size_t i = 0; i < wanted->n_values; i++)
        if (sh_str_is(wanted->values[i].field, "act_day") &&
            sh_date_scan(wanted->values[i].text.at, wanted->values[i].text.len, &day) == SH_DATE_OK)
            return day;
    return sh_period_scan(wanted->period, &first, &last) ? first : today;
}

/* Is there a text of that name at all, so that what is missing is one in force there? */
static bool is_known(const struct sh_procedures *all, struct sh_str id) {
    for (size_t i = 0; i < all->n; i++)
        if (sh_str_eq(all->of[i].id, id))
            return true;
    return false;
}

sh_code sh_matter_open(struct sh_txn *txn, const struct sh_desk *desk, const struct sh_matter_new *wanted,
                       char ret_id[SH_ID_TEXT + 1], struct sh_err *err) {
    const struct sh_matter_who *who = desk->who;
    const struct sh_matter_texts *texts = desk->texts;
    struct work w = sh_work_of(txn, desk, err);
    w.failures->n = 0;
    w.today = day_of_utc(sh_txn_now(txn));
    w.why = SH_STR("");
    const struct sh_procedure *any = NULL;
    const int32_t act_day = act_day_of(wanted, w.today);
    for (size_t k = 0; k < who->n_grants && !any; k++)
        any = sh_procedure_to_open(texts->procedures, wanted->procedure, who->grants[k].place, w.today,
                                   act_day);
    if (!any && !is_known(texts->procedures, wanted->procedure))
        return sh_fail(err, SH_E_NOTFOUND, "no such procedure");
    if (!any) { /* V5: the gap is named */
        sh_failure_add(&w, SH_FAIL_UNKNOWN, SH_STR(""), SH_STR("procedure"), M_TEXT_NONE);
        return sh_fail(err, SH_E_CANCELLED, "refused");
    }
    w.used = (struct sh_matter_grant){SH_STR(""), SH_STR(""), SH_STR("")};
    find_opener(&w, any, wanted->body);
    if (w.used.role.len == 0) {
        sh_failure_add(&w, SH_FAIL_ROLE, any->basis[0], SH_STR(""), M_OPENERS);
        return sh_fail(err, SH_E_CANCELLED, "refused");
    }
    const struct sh_procedure *text =
        sh_procedure_to_open(texts->procedures, any->id, w.used.place, w.today, act_day);
    if (!text)
        text = any;
    SH_TRY(check_subject(&w, text, wanted));
    if (!is_period(text, wanted->period))
        sh_failure_add(&w, SH_FAIL_NEEDS, text->basis[0], SH_STR("period"), M_PERIOD);
    SH_TRY(check_twice(&w, text, wanted));
    struct sh_matter_new full = *wanted;
    full.body = w.used.body;
    struct sh_str kind, place, parent, credit;
    SH_TRY(sh_body_record(&w, w.used.body, &kind, &place, &parent, &credit));
    SH_TRY(make(&w, text, &full, place.len ? place : w.used.place, SH_STR("")));
    (void)snprintf(ret_id, SH_ID_TEXT + 1, "%.*s", SH_ARG(w.m.id));
    return SH_OK;
}
