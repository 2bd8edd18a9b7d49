/* A step: judged whole, then taken whole. */
#include "base/decimal.h"
#include "matter/timing.h"

/* ---- judging ----------------------------------------------------------------------------------------- */

sh_code sh_members_left(struct work *w, const struct sh_step *step, struct sh_str *ret, size_t *ret_n) {
    struct sh_rows rows;
    *ret_n = 0;
    SH_TRY(sh_steps_read(w, &rows));
    size_t first = 0; /* the round begins where the present state was entered last */
    const struct sh_str state = w->m.text->matter.states[w->m.state].id;
    for (size_t r = 0; r < rows.n_rows; r++)
        if (sh_str_eq(sh_cell(&rows, r, STEP_AFTER)->str, state) &&
            !sh_str_eq(sh_cell(&rows, r, STEP_BEFORE)->str, state))
            first = r + 1;
    for (size_t p = 0; p < w->parties.n; p++) {
        bool is_done = false;
        for (size_t r = first; r < rows.n_rows; r++)
            is_done = is_done || (sh_str_eq(sh_cell(&rows, r, STEP_STEP)->str, step->id) &&
                                  sh_str_eq(sh_cell(&rows, r, STEP_MEMBER)->str, w->parties.of[p].id));
        if (!is_done)
            ret[(*ret_n)++] = w->parties.of[p].id;
    }
    return SH_OK;
}

static struct sh_str body_of_party(const struct work *w, struct sh_str party) {
    for (size_t i = 0; i < w->parties.n; i++)
        if (sh_str_eq(w->parties.of[i].id, party))
            return w->parties.of[i].body;
    return SH_STR("");
}

static bool is_for_party(const struct sh_step *step, struct sh_str role) {
    for (size_t i = 0; i < step->n_by; i++)
        if (step->by[i].kind == SH_ACTOR_ROLE && step->by[i].relation == SH_AT_PARTY &&
            sh_str_eq(step->by[i].role, role))
            return true;
    return false;
}

static sh_code judge_member(struct work *w, const struct sh_step *step) {
    struct sh_str left[SH_PARTIES_MAX];
    size_t n = 0;
    if (step->per != SH_PER_PARTY)
        return SH_OK;
    SH_TRY(sh_members_left(w, step, left, &n));
    if (w->member.len == 0 && n == 1)
        w->member = left[0];
    bool is_left = false;
    for (size_t i = 0; i < n; i++)
        is_left = is_left || sh_str_eq(left[i], w->member);
    const struct sh_str body = body_of_party(w, w->member);
    if (w->member.len == 0 || body.len == 0)
        sh_failure_add(w, SH_FAIL_MEMBERS, step->basis, SH_STR("member"), M_MEMBER);
    else if (!is_left)
        sh_failure_add(w, SH_FAIL_MEMBERS, step->basis, SH_STR("member"), M_MEMBER_DONE);
    else if (w->who && is_for_party(step, w->used.role) && !sh_str_eq(w->used.body, body))
        sh_failure_add(w, SH_FAIL_MEMBERS, step->basis, SH_STR("member"), M_MEMBER_OTHER);
    return SH_OK;
}

static sh_code judge_needs(struct work *w, const struct sh_step *step, const struct sh_str *values) {
    for (size_t i = 0; i < step->n_needs && w->who; i++)
        if (values[step->needs[i]].len == 0) {
            const struct sh_field *field = &w->m.text->matter.fields[step->needs[i]];
            sh_failure_add(w, SH_FAIL_NEEDS, step->basis, field->id, M_NEEDS,
                           SH_ARG(lang_of(w) == SH_EN ? field->english : field->name));
        }
    return SH_OK;
}

static sh_code judge_papers(struct work *w, const struct sh_step *step) {
    for (size_t i = 0; i < step->n_need_papers; i++) {
        struct sh_rows rows;
        const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(step->need_papers[i])};
        SH_TRY(sh_sql_query(
            w->txn,
            "select count(*), coalesce(min(served_day), 0) from mt_paper where matter = $1 and kind = $2",
            key, 2, w->arena, &rows, w->err));
        if (sh_cell(&rows, 0, 0)->i64 && sh_cell(&rows, 0, 1)->i64)
            continue;
        struct sh_str name = step->need_papers[i];
        for (size_t k = 0; k < w->m.text->n_papers; k++)
            if (sh_str_eq(w->m.text->papers[k].id, name))
                name = sh_word_of(lang_of(w), w->m.text->papers[k].name, w->m.text->papers[k].english);
        sh_failure_add(w, SH_FAIL_NEEDS, step->basis, step->need_papers[i], M_NEEDS_PAPER, SH_ARG(name));
    }
    return SH_OK;
}

/* "matter.amount" → "amount", when the step itself asks for that field: the form will bring it. */
static bool will_be_filled(const struct work *w, const struct sh_step *step, struct sh_str missing) {
    const size_t dot = sh_str_find_char(missing, '.');
    const struct sh_str name = dot == SH_STR_NONE ? missing : sh_str_sub(missing, dot + 1, missing.len);
    return sh_step_asks(step, sh_machine_field(&w->m.text->matter, name));
}

/* A field by its name; a number or a calendar by its own. */
static struct sh_str name_of_missing(const struct work *w, struct sh_str missing) {
    const struct sh_machine *machine = &w->m.text->matter;
    const struct sh_str of = SH_STR("matter.");
    const int32_t at = sh_str_starts_with(missing, of)
                           ? sh_machine_field(machine, sh_str_sub(missing, of.len, missing.len))
                           : -1;
    return at < 0 ? missing : sh_word_of(lang_of(w), machine->fields[at].name, machine->fields[at].english);
}

static void unknown(struct work *w, struct sh_str basis, struct sh_str what, struct sh_str missing) {
    sh_failure_add(w, SH_FAIL_UNKNOWN, basis, SH_STR(""), M_UNKNOWN, SH_ARG(what),
                   SH_ARG(name_of_missing(w, missing)));
    if (w->failures->n)
        w->failures->of[w->failures->n - 1].missing = missing;
}

static sh_code judge_guards(struct work *w, const struct sh_step *step, bool with_needs) {
    for (size_t i = 0; i < step->n_guards; i++) {
        const struct sh_guard *guard = &step->guards[i];
        enum sh_guard_answer answer;
        struct sh_str missing, say;
        SH_TRY(sh_factbook_ask(w->facts, guard->condition, -1, &answer, &missing, w->err));
        if (answer == SH_YES || (answer == SH_UNKNOWN && !with_needs && will_be_filled(w, step, missing)))
            continue;
        SH_TRY(sh_factbook_say(w->facts, guard->condition,
                               sh_word_of(lang_of(w), guard->refuse, guard->english), -1, &say, w->err));
        if (answer == SH_UNKNOWN) {
            unknown(w, guard->basis, say, missing);
            continue;
        }
        if (w->failures->n < SH_FAILURES_MAX)
            w->failures->of[w->failures->n++] =
                (struct sh_failure){SH_FAIL_GUARD, say, guard->basis, SH_STR(""), SH_STR("")};
    }
    return SH_OK;
}

/* A paper is served only when it is drawn: else nobody knows what was handed over (D4). */
static sh_code judge_drawn(struct work *w, const struct sh_step *step) {
    struct sh_rows rows;
    if (!step->is_serving || w->m.source.len == 0)
        return SH_OK;
    SH_TRY(sh_sql_query(w->txn, "select drawn_at from mt_paper where id = $1 and drawn_at = 0",
                        &SH_TEXT(w->m.source), 1, w->arena, &rows, w->err));
    if (rows.n_rows)
        sh_failure_add(w, SH_FAIL_NEEDS, step->basis, SH_STR("paper"), M_NOT_DRAWN);
    return SH_OK;
}

/* Material the actor must have opened himself, at least so long before (V-04). */
static sh_code judge_seen(struct work *w, const struct sh_step *step) {
    if (!w->who || step->n_seen == 0)
        return SH_OK;
    struct sh_str why = SH_STR("");
    const struct sh_param *least = sh_param_read(w, "view.min_seconds", &why);
    if (!least) {
        unknown(w, step->basis, SH_STR("seen"), why);
        return SH_OK;
    }
    for (size_t i = 0; i < step->n_seen; i++) {
        struct sh_rows rows;
        const bool is_file = sh_str_is(step->seen[i], "attachments");
        const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(step->seen[i]), SH_TEXT(w->who->person),
                                       SH_I64(sh_txn_now(w->txn) - least->value / sh_pow10(least->scale))};
        SH_TRY(sh_sql_query(w->txn,
                            is_file ? "select a.name from mt_attachment a where a.matter = $1 and $2 <> '' "
                                      "and not exists (select 1 "
                                      "from mt_seen s where s.matter = a.matter and s.what = a.id and "
                                      "s.person = $3 and s.at <= $4) "
                                      "order by a.at limit 20"
                                    : "select p.number from mt_paper p where p.matter = $1 and p.kind = $2 "
                                      "and not exists (select 1 "
                                      "from mt_seen s where s.matter = p.matter and s.what = p.id and "
                                      "s.person = $3 and s.at <= $4) "
                                      "order by p.seq limit 20",
                            key, 4, w->arena, &rows, w->err));
        for (size_t r = 0; r < rows.n_rows; r++)
            sh_failure_add(w, SH_FAIL_SEEN, step->basis, step->seen[i], M_SEEN,
                           SH_ARG(sh_cell(&rows, r, 0)->str),
                           (long long)(least->value / sh_pow10(least->scale)));
    }
    return SH_OK;
}

static sh_code judge_gates(struct work *w, const struct sh_step *step, const struct sh_str *values,
                           bool with_needs) {
    for (size_t i = 0; i < step->n_gates; i++) {
        const struct sh_gate_text *gate = &w->m.text->gates[step->gates[i]];
        enum sh_guard_answer needed;
        struct sh_str missing, why;
        bool is_open = false;
        const struct sh_str name = sh_word_of(lang_of(w), gate->name, gate->english);
        SH_TRY(sh_gate_needed(w, (size_t)step->gates[i], &needed, &missing));
        if (needed == SH_NO || (needed == SH_UNKNOWN && !with_needs && will_be_filled(w, step, missing)))
            continue;
        SH_TRY(sh_gate_state(w, (size_t)step->gates[i], values, &is_open, &why));
        if (is_open)
            continue; /* also where it is not known whether it was owed */
        if (needed == SH_UNKNOWN)
            unknown(w, gate->basis, name, missing);
        else
            sh_failure_add(w, SH_FAIL_GATE, gate->basis, gate->id, M_GATE, SH_ARG(name), SH_ARG(why));
    }
    return SH_OK;
}

sh_code sh_step_judge(struct work *w, const struct sh_step *step, const struct sh_str *values,
                      bool with_needs) {
    const struct sh_machine *machine = &w->m.text->matter;
    const bool is_from = sh_step_is_from(step, w->m.state);
    if (!is_from) {
        const struct sh_state_text *state = &machine->states[w->m.state];
        const bool en = lang_of(w) == SH_EN;
        sh_failure_add(w, SH_FAIL_STATE, step->basis, SH_STR(""), M_STATE,
                       SH_ARG(en ? state->english : state->name), SH_ARG(en ? step->english : step->name));
    }
    SH_TRY(sh_who_check(w, step));
    if (!is_from && !with_needs)
        return SH_OK; /* a page greys it by its state: the rest is of no use yet */
    SH_TRY(judge_member(w, step));
    SH_TRY(sh_clocks_judge(w, step));
    if (with_needs)
        SH_TRY(judge_needs(w, step, values));
    SH_TRY(judge_papers(w, step));
    SH_TRY(judge_seen(w, step));
    SH_TRY(sh_seal_judge(w, step, values));
    SH_TRY(sh_minutes_judge(w, step, values));
    if (with_needs)
        SH_TRY(judge_drawn(w, step));
    if (!w->facts)
        SH_TRY(sh_work_facts(w, values, sh_step_asks_items(w->m.text, step)));
    SH_TRY(judge_guards(w, step, with_needs));
    return judge_gates(w, step, values, with_needs);
}

/* ---- taking ------------------------------------------------------------------------------------------ */

/* The state after the step: by the answer, and for parties only when the last has acted. */
static sh_code next_state(struct work *w, int32_t *ret) {
    const struct sh_step *step = w->step;
    const struct sh_machine *machine = &w->m.text->matter;
    *ret = step->to >= 0 ? step->to : w->m.state;
    if (step->to_field >= 0) {
        const struct sh_field *field = &machine->fields[step->to_field];
        for (size_t i = 0; i < field->n_choices; i++)
            if (sh_str_eq(field->choices[i].code, w->m.values[step->to_field]))
                *ret = step->to_by[i] >= 0 ? step->to_by[i] : w->m.state;
    }
    if (step->per == SH_PER_PARTY) {
        struct sh_str left[SH_PARTIES_MAX];
        size_t n = 0;
        SH_TRY(sh_members_left(w, step, left, &n));
        if (n > 1)
            *ret = w->m.state;
    }
    return SH_OK;
}

static sh_code insert_step(struct work *w, struct sh_str step, int32_t before) {
    const struct sh_machine *machine = &w->m.text->matter;
    struct sh_str fields;
    SH_TRY(sh_acts_followed(w));
    if (w->step)
        SH_TRY(sh_acts_named(w, SH_STR(""), w->step));
    SH_TRY(sh_fields_text(machine, w->m.values, w->arena, &fields, w->err));
    const struct sh_value values[] = {SH_TEXT(w->m.id),
                                      SH_I64(w->m.seq),
                                      SH_TEXT(step),
                                      SH_TEXT(actor_of(w)),
                                      SH_TEXT(w->used.role),
                                      SH_TEXT(w->used.body),
                                      SH_TEXT(w->member),
                                      SH_I64(w->occurred),
                                      SH_I64(sh_txn_now(w->txn)),
                                      SH_TEXT(machine->states[before].id),
                                      SH_TEXT(machine->states[w->m.state].id),
                                      SH_I64(w->is_late),
                                      SH_TEXT(w->why),
                                      SH_I64(w->m.version),
                                      SH_TEXT(fields)};
    return sh_sql_run(
        w->txn,
        "insert into mt_step (matter, seq, step, actor, role, body, member, occurred, recorded, before, "
        "after, late, why, version, fields) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
        "$13, $14, $15)",
        values, 15, NULL, w->err);
}

sh_code sh_step_note(struct work *w, struct sh_str step) {
    SH_TRY(sh_matter_save(w, step));
    return insert_step(w, step, w->m.state);
}

/* n different persons, each in an own login, on the same content (W6). *ret_done: this one completes it. */
static sh_code together(struct work *w, const struct sh_str *values, bool *ret_done) {
    struct sh_str fields;
    uint8_t digest[SH_DIGEST_BYTES];
    char hash[SH_DIGEST_HEX_MAX];
    struct sh_rows rows;
    const bool of_panel = w->step->minutes_of >= 0; /* all who spoke, however many */
    *ret_done = w->step->together < 2 && !of_panel;
    if (*ret_done)
        return SH_OK;
    SH_TRY(sh_fields_text(&w->m.text->matter, values, w->arena, &fields, w->err));
    const struct sh_str whole = sh_textf(w->arena, "%.*s|%.*s|%lld", SH_ARG(fields), SH_ARG(w->member),
                                         (long long)(w->step->is_dated ? w->occurred : 0));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, whole.at, whole.len, digest, w->err));
    sh_hex(digest, SH_DIGEST_BYTES, hash);
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(w->step->id), SH_I64(w->m.seq)};
    SH_TRY(sh_sql_query(w->txn,
                        "select person, hash from mt_sign where matter = $1 and step = $2 and seq = $3", key,
                        3, w->arena, &rows, w->err));
    for (size_t i = 0; i < rows.n_rows; i++) {
        if (sh_str_eq(sh_cell(&rows, i, 0)->str, w->who->person))
            sh_failure_add(w, SH_FAIL_SEPARATION, w->step->basis, SH_STR(""), M_SIGNED);
        else if (!sh_str_is(sh_cell(&rows, i, 1)->str, hash))
            sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, SH_STR(""), M_SIGN_OTHER);
    }
    if (w->failures->n)
        return SH_E_CANCELLED;
    *ret_done = rows.n_rows + 1 >= w->step->together;
    if (of_panel)
        SH_TRY(sh_minutes_whole(w, values, &rows, ret_done));
    const struct sh_value row[] = {SH_TEXT(w->m.id),          SH_TEXT(w->step->id),  SH_I64(w->m.seq),
                                   SH_TEXT(w->who->person),   SH_TEXT(w->used.body), SH_TEXT(sh_str_of(hash)),
                                   SH_I64(sh_txn_now(w->txn))};
    SH_TRY(sh_sql_run(
        w->txn,
        "insert into mt_sign (matter, step, seq, person, body, hash, at) values ($1, $2, $3, $4, $5, $6, $7)",
        row, 7, NULL, w->err));
    if (*ret_done)
        return SH_OK;
    const struct sh_leaf leaf = {.type = SH_STR("matter.sign"),
                                 .record = w->m.id,
                                 .version = w->m.version,
                                 .content = sh_str_of(hash)};
    return sh_journal_add(w->txn, &leaf, w->err);
}

/* Fields that the step computes, of the values as they will stand. */
static sh_code set_fields(struct work *w, struct sh_str *next) {
    const struct sh_machine *machine = &w->m.text->matter;
    for (size_t i = 0; i < w->step->n_sets; i++) {
        const struct sh_source *set = &w->step->sets[i];
        const int32_t at = sh_machine_field(machine, set->to);
        struct sh_str missing, value;
        if (!w->facts)
            SH_TRY(sh_work_facts(w, next, sh_step_asks_items(w->m.text, w->step)));
        SH_TRY(sh_factbook_value(w->facts, set->from, &machine->fields[at], &value, &missing, w->err));
        if (value.len == 0)
            unknown(w, w->step->basis, machine->fields[at].name, missing);
        next[at] = value;
    }
    if (w->step->n_sets)
        w->facts = NULL; /* what follows sees the new values */
    return SH_OK;
}

sh_code sh_step_take(struct work *w, const struct sh_matter_value *values, size_t n) {
    const struct sh_machine *machine = &w->m.text->matter;
    struct sh_str *next = sh_new(w->arena, struct sh_str, machine->n_fields + 1);
    if (!next)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a step");
    struct sealing sealing;
    memcpy(next, w->m.values, machine->n_fields * sizeof *next);
    w->facts = NULL;
    SH_TRY(sh_seal_part(w, values, n, &sealing));
    SH_TRY(sh_fields_take(w, machine, w->step, sealing.rest, sealing.n_rest, next));
    if (w->step->counts_outcomes)
        SH_TRY(sh_outcome_fields(w, next));
    SH_TRY(sh_step_judge(w, w->step, next, true));
    if (w->failures->n)
        return sh_fail(w->err, SH_E_CANCELLED, "refused");
    bool is_whole = true;
    SH_TRY(together(w, next, &is_whole));
    if (!is_whole)
        return SH_OK;
    SH_TRY(sh_draw_step(w, next));
    SH_TRY(set_fields(w, next));
    if (w->failures->n)
        return sh_fail(w->err, SH_E_CANCELLED, "refused");
    w->m.values = next;
    const int32_t before = w->m.state;
    int32_t after = before;
    SH_TRY(next_state(w, &after));
    w->m.state = after;
    w->m.seq++;
    w->m.is_late = w->m.is_late || w->is_late;
    if (w->who && w->m.assigned.len == 0)
        w->m.assigned = w->who->person;
    SH_TRY(sh_effects(w));
    if (w->failures->n)
        return sh_fail(w->err, SH_E_CANCELLED, "refused");
    SH_TRY(sh_seal_lay(w, &sealing));
    SH_TRY(sh_clocks_after_step(w));
    SH_TRY(sh_matter_save(w, w->step->id));
    SH_TRY(insert_step(w, w->step->id, before));
    SH_TRY(sh_clocks_move(w));
    return machine->states[after].is_final ? sh_clocks_move_parent(w) : SH_OK;
}

/* ---- from outside ------------------------------------------------------------------------------------ */

/* When it happened: now, or what is stated with the step, never later than now (D2). */
static void take_date(struct work *w, struct sh_str occurred) {
    w->occurred = sh_txn_now(w->txn);
    w->occurred_day = w->today;
    if (occurred.len == 0)
        return;
    int64_t time = 0;
    if (!w->step->is_dated) {
        sh_failure_add(w, SH_FAIL_TIME, w->step->basis, SH_STR("occurred"), M_DATED_NO);
    } else if (sh_time_scan(occurred.at, occurred.len, &time) != SH_DATE_OK) {
        sh_failure_add(w, SH_FAIL_TIME, w->step->basis, SH_STR("occurred"), M_DATED_BAD);
    } else if (sh_day_of_time(time) > w->today) {
        sh_failure_add(w, SH_FAIL_TIME, w->step->basis, SH_STR("occurred"), M_DATED_FUTURE);
    } else if (sh_day_of_time(time) < day_of_utc(w->m.opened_at)) {
        sh_failure_add(w, SH_FAIL_TIME, w->step->basis, SH_STR("occurred"), M_DATED_EARLY);
    } else {
        w->occurred = time - SH_SHANGHAI_SECONDS;
        w->occurred_day = sh_day_of_time(time);
    }
}

static sh_code speak(struct work *w, const struct sh_matter_act *act) {
    const struct sh_str gate = sh_str_sub(act->step, 5, act->step.len);
    w->occurred = sh_txn_now(w->txn), w->occurred_day = w->today;
    const sh_code code = sh_gate_voice(w, gate, act->values, act->n_values);
    if (code != SH_OK)
        return code == SH_E_CANCELLED ? sh_fail(w->err, code, "refused") : code;
    w->m.seq++;
    SH_TRY(sh_matter_save(w, act->step));
    return insert_step(w, act->step, w->m.state);
}

sh_code sh_matter_act(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                      const struct sh_matter_act *act, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    w.failures->n = 0;
    SH_TRY(sh_matter_enter(&w, id));
    if (act->expected != w.m.version)
        return sh_fail(err, SH_E_CONFLICT, "the matter has another version");
    SH_TRY(sh_clocks_run(&w));
    w.member = act->member, w.why = act->why;
    if (sh_str_starts_with(act->step, SH_STR("gate.")))
        return speak(&w, act);
    const int32_t at = sh_machine_step(&w.m.text->matter, act->step);
    if (at < 0) {
        sh_failure_add(&w, SH_FAIL_STATE, SH_STR(""), SH_STR("step"), M_NO_STEP, SH_ARG(act->step));
        return sh_fail(err, SH_E_CANCELLED, "refused");
    }
    w.step = &w.m.text->matter.steps[at];
    take_date(&w, act->occurred);
    return sh_step_take(&w, act->values, act->n_values);
}
