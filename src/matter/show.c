/* One matter and one item as their pages show them. */
#include "matter/shape.h"

struct page {
    struct work w;
    struct sh_json *json;
    struct sh_rows steps;
    sh_lang lang;
};

static void put_state(struct page *p, const struct sh_machine *machine, int32_t at) {
    const struct sh_state_text *state = &machine->states[at];
    sh_json_put_str(p->json, "state", state->id);
    sh_json_put_str(p->json, "state_name", sh_word_of(p->lang, state->name, state->english));
    sh_json_put_bool(p->json, "final", state->is_final);
}

static sh_code put_head(struct page *p) {
    const struct matter *m = &p->w.m;
    struct sh_json *json = p->json;
    sh_json_put_str(json, "id", m->id);
    sh_json_put_str(json, "number", m->number);
    sh_json_put_i64(json, "version", m->version);
    sh_json_put_str(json, "procedure", m->text->id);
    sh_json_put_str(json, "procedure_name", sh_word_of(p->lang, m->text->name, m->text->english));
    put_state(p, &m->text->matter, m->state);
    struct sh_str name;
    SH_TRY(sh_subject_name(&p->w, m->text, m->subject, &name));
    sh_json_put_str(json, "subject", m->subject);
    if (name.len)
        sh_json_put_str(json, "subject_name", name);
    sh_json_put_str(json, "period", m->period);
    sh_json_put_str(json, "body", m->body);
    sh_json_put_str(json, "place", m->place);
    sh_json_put_str(json, "assigned", m->assigned);
    sh_json_put_str(json, "parent", m->parent);
    sh_json_put_str(json, "source", m->source);
    sh_put_utc(json, "opened", m->opened_at);
    sh_put_utc(json, "changed", m->changed_at);
    sh_json_put_bool(json, "lapsed", p->w.today >= m->text->to);
    return SH_OK;
}

static void put_path(struct page *p) {
    const struct sh_machine *machine = &p->w.m.text->matter;
    sh_json_key(p->json, "path");
    sh_json_array(p->json);
    for (size_t s = 0; s < machine->n_states; s++) {
        int64_t reached = -1;
        for (size_t r = 0; r < p->steps.n_rows && reached < 0; r++)
            if (sh_str_eq(sh_cell(&p->steps, r, STEP_AFTER)->str, machine->states[s].id))
                reached = sh_cell(&p->steps, r, STEP_OCCURRED)->i64;
        sh_json_object(p->json);
        sh_json_put_str(p->json, "state", machine->states[s].id);
        sh_json_put_str(p->json, "name",
                        sh_word_of(p->lang, machine->states[s].name, machine->states[s].english));
        sh_json_put_bool(p->json, "final", machine->states[s].is_final);
        sh_put_day_or_null(p->json, "reached", day_of_utc(reached), reached >= 0);
        sh_json_put_bool(p->json, "current", (int32_t)s == p->w.m.state);
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
}

static void put_fields(struct page *p, const struct sh_machine *machine, const struct sh_str *values) {
    sh_json_key(p->json, "fields");
    sh_json_array(p->json);
    for (size_t i = 0; i < machine->n_fields; i++)
        sh_put_field(p->json, p->lang, &machine->fields[i], machine->fields[i].required, values[i]);
    sh_json_array_end(p->json);
}

/* ---- actions ----------------------------------------------------------------------------------------- */

static struct sh_str paper_name(const struct page *p, const struct sh_paper_text *paper) {
    return sh_word_of(p->lang, paper->name, paper->english);
}

static void put_papers_of(struct page *p, const struct sh_step *step) {
    sh_json_key(p->json, "papers");
    sh_json_array(p->json);
    for (size_t i = 0; i < step->n_issues; i++)
        sh_json_str(p->json, paper_name(p, &p->w.m.text->papers[step->issues[i]]));
    sh_json_array_end(p->json);
}

static sh_code put_members(struct page *p, const struct sh_step *step) {
    struct sh_str left[SH_PARTIES_MAX];
    size_t n = 0;
    if (step->per != SH_PER_PARTY || !sh_step_is_from(step, p->w.m.state))
        return SH_OK;
    SH_TRY(sh_members_left(&p->w, step, left, &n));
    sh_json_key(p->json, "members");
    sh_json_array(p->json);
    for (size_t i = 0; i < n; i++)
        sh_json_str(p->json, left[i]);
    sh_json_array_end(p->json);
    return SH_OK;
}

static bool is_for_people(const struct sh_step *step) {
    for (size_t i = 0; i < step->n_by; i++)
        if (step->by[i].kind != SH_ACTOR_LAW)
            return true;
    return false;
}

static sh_code put_action(struct page *p, const struct sh_step *step) {
    const struct sh_machine *machine = &p->w.m.text->matter;
    struct sh_failures failures = {0};
    p->w.failures = &failures;
    p->w.member = SH_STR(""), p->w.why = SH_STR("-"); /* a reason will be asked when it is late */
    p->w.step = step;
    SH_TRY(sh_step_judge(&p->w, step, p->w.m.values, false));
    size_t n = 0; /* for whom is asked by the form */
    for (size_t i = 0; i < failures.n; i++)
        if (!(failures.of[i].kind == SH_FAIL_MEMBERS && sh_str_is(failures.of[i].field, "member") &&
              p->w.member.len == 0))
            failures.of[n++] = failures.of[i];
    failures.n = n;
    struct sh_json *json = p->json;
    sh_json_object(json);
    sh_json_put_str(json, "step", step->id);
    sh_json_put_str(json, "name", sh_word_of(p->lang, step->name, step->english));
    if (step->to >= 0)
        sh_json_put_str(json, "to", machine->states[step->to].id);
    if (step->basis.len)
        sh_json_put_str(json, "basis", step->basis);
    sh_json_put_bool(json, "allowed", failures.n == 0);
    sh_json_key(json, "failed");
    sh_failures_json(&failures, json);
    sh_json_put_bool(json, "late", p->w.is_late);
    sh_json_put_bool(json, "dated", step->is_dated);
    SH_TRY(put_members(p, step));
    sh_json_key(json, "fields");
    sh_put_form(json, p->lang, machine, step, p->w.m.values);
    put_papers_of(p, step);
    sh_json_object_end(json);
    return SH_OK;
}

/* Steps that could come now, and those that the text lets stay open; the rest of the path is not listed. */
static sh_code put_actions(struct page *p) {
    const struct sh_machine *machine = &p->w.m.text->matter;
    bool with_items = false;
    for (size_t i = 0; i < machine->n_steps; i++)
        with_items = with_items || (sh_step_is_from(&machine->steps[i], p->w.m.state) &&
                                    sh_step_asks_items(p->w.m.text, &machine->steps[i]));
    SH_TRY(sh_work_facts(&p->w, p->w.m.values, with_items));
    sh_json_key(p->json, "actions");
    sh_json_array(p->json);
    for (size_t i = 0; i < machine->n_steps; i++)
        if (sh_step_is_from(&machine->steps[i], p->w.m.state) && is_for_people(&machine->steps[i]))
            SH_TRY(put_action(p, &machine->steps[i]));
    for (size_t g = 0; g < p->w.m.text->n_gates && !machine->states[p->w.m.state].is_final; g++) {
        const struct sh_gate_text *gate = &p->w.m.text->gates[g];
        const struct sh_actor by[] = {gate->of, gate->chief};
        if (!sh_gate_is_before(p->w.m.text, g, p->w.m.state) ||
            !sh_who_grant(&p->w, by, gate->has_chief ? 2 : 1))
            continue;
        sh_json_object(p->json);
        sh_json_put_str(p->json, "step", sh_textf(p->w.arena, "gate.%.*s", SH_ARG(gate->id)));
        sh_json_put_str(p->json, "name", sh_word_of(p->lang, gate->name, gate->english));
        sh_json_put_str(p->json, "basis", gate->basis);
        sh_json_put_bool(p->json, "allowed", true);
        sh_json_key(p->json, "failed");
        sh_json_array(p->json);
        sh_json_array_end(p->json);
        static const struct sh_choice opinions[] = {{{"agree", 5}, {"同意", 6}, {"Agree", 5}},
                                                    {{"disagree", 8}, {"不同意", 9}, {"Disagree", 8}}};
        const struct sh_field opinion = {.id = SH_STR("opinion"),
                                         .name = SH_STR("意见"),
                                         .english = SH_STR("Opinion"),
                                         .type = SH_FIELD_CHOICE,
                                         .choices = opinions,
                                         .n_choices = 2};
        const struct sh_field words = {.id = SH_STR("words"),
                                       .name = SH_STR("理由"),
                                       .english = SH_STR("Reasons"),
                                       .type = SH_FIELD_TEXT,
                                       .max = 2000,
                                       .has_lines = true};
        sh_json_key(p->json, "fields");
        sh_json_array(p->json);
        sh_put_field(p->json, p->lang, &opinion, true, SH_STR(""));
        sh_put_field(p->json, p->lang, &words, false, SH_STR(""));
        sh_json_array_end(p->json);
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
    return SH_OK;
}

/* ---- what was done, what runs ------------------------------------------------------------------------ */

static struct sh_str step_name(struct page *p, struct sh_str id) {
    const struct sh_procedure *text = p->w.m.text;
    const int32_t at = sh_machine_step(&text->matter, id);
    if (at >= 0)
        return sh_word_of(p->lang, text->matter.steps[at].name, text->matter.steps[at].english);
    for (size_t i = 0; i < text->n_gates; i++)
        if (sh_str_starts_with(id, SH_STR("gate.")) &&
            sh_str_eq(sh_str_sub(id, 5, id.len), text->gates[i].id))
            return sh_word_of(p->lang, text->gates[i].name, text->gates[i].english);
    for (size_t i = 0; i < text->n_clocks; i++)
        if (sh_str_starts_with(id, SH_STR("clock.")) &&
            sh_str_eq(sh_str_sub(id, 6, id.len), text->clocks[i].id))
            return sh_word_of(p->lang, text->clocks[i].name, text->clocks[i].english);
    if (sh_str_is(id, "open"))
        return sh_say(&p->w, M_STEP_OPENED);
    if (sh_str_is(id, "gather"))
        return sh_say(&p->w, M_STEP_GATHERED);
    return sh_str_starts_with(id, SH_STR("served.")) ? sh_say(&p->w, M_STEP_SERVED) : id;
}

static void put_timeline(struct page *p) {
    sh_json_key(p->json, "timeline");
    sh_json_array(p->json);
    for (size_t r = 0; r < p->steps.n_rows; r++) {
        const struct sh_value *cells = sh_cell(&p->steps, r, 0);
        sh_json_object(p->json);
        sh_json_put_i64(p->json, "seq", cells[STEP_SEQ].i64);
        sh_json_put_str(p->json, "step", cells[STEP_STEP].str);
        sh_json_put_str(p->json, "name", step_name(p, cells[STEP_STEP].str));
        sh_json_put_str(p->json, "actor", cells[STEP_ACTOR].str);
        sh_put_role(p->json, &p->w, cells[STEP_ROLE].str);
        sh_json_put_str(p->json, "member", cells[STEP_MEMBER].str);
        sh_put_utc(p->json, "occurred", cells[STEP_OCCURRED].i64);
        sh_put_utc(p->json, "recorded", cells[STEP_RECORDED].i64);
        sh_json_put_str(p->json, "from", cells[STEP_BEFORE].str);
        sh_json_put_str(p->json, "to", cells[STEP_AFTER].str);
        sh_json_put_bool(p->json, "late", cells[STEP_LATE].i64 != 0);
        sh_json_put_str(p->json, "why", cells[STEP_WHY].str);
        sh_json_put_i64(p->json, "version", cells[STEP_VERSION].i64);
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
}

static void put_deadline(struct page *p, const struct sh_rows *rows, size_t r) {
    const struct sh_clock_text *clock = NULL;
    for (size_t i = 0; i < p->w.m.text->n_clocks; i++)
        if (sh_str_eq(p->w.m.text->clocks[i].id, sh_cell(rows, r, 0)->str))
            clock = &p->w.m.text->clocks[i];
    if (!clock)
        return;
    const int32_t due = (int32_t)sh_cell(rows, r, 4)->i64;
    const struct sh_str state = sh_cell(rows, r, 2)->str, missing = sh_cell(rows, r, 8)->str;
    const bool is_unknown = missing.len && sh_str_is(state, "running");
    const bool is_paused = sh_cell(rows, r, 9)->i64 && sh_str_is(state, "running");
    sh_json_object(p->json);
    sh_json_put_str(p->json, "clock", clock->id);
    sh_json_put_str(p->json, "name", sh_word_of(p->lang, clock->name, clock->english));
    sh_json_put_str(p->json, "member", sh_cell(rows, r, 1)->str);
    sh_json_put_str(p->json, "state", is_unknown ? SH_STR("unknown") : is_paused ? SH_STR("paused") : state);
    sh_json_key(p->json, "started");
    sh_json_date(p->json, (int32_t)sh_cell(rows, r, 3)->i64);
    sh_put_day_or_null(p->json, "due", due, due != 0);
    if (due)
        sh_json_put_i64(p->json, "days_left", due - p->w.today);
    sh_json_put_str(p->json, "length", sh_cell(rows, r, 6)->str);
    sh_json_put_text(p->json, "end", sh_clock_end_word(clock->end));
    if (clock->end_step >= 0)
        sh_json_put_str(p->json, "step", p->w.m.text->matter.steps[clock->end_step].id);
    sh_json_key(p->json, "account");
    sh_json_array(p->json);
    struct sh_str rest = sh_cell(rows, r, 7)->str, line;
    while (rest.len && sh_str_split(&rest, '\n', &line))
        if (line.len)
            sh_json_str(p->json, line);
    sh_json_array_end(p->json);
    if (missing.len)
        sh_json_put_str(p->json, "missing", missing);
    sh_json_object_end(p->json);
}

static sh_code put_deadlines(struct page *p) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(p->w.txn,
                        "select clock, member, state, event, due_day, certain, length, account, missing, "
                        "paused from mt_clock "
                        "where matter = $1 order by due, clock, member, seq limit 1000",
                        &SH_TEXT(p->w.m.id), 1, p->w.arena, &rows, p->w.err));
    sh_json_key(p->json, "deadlines");
    sh_json_array(p->json);
    for (size_t r = 0; r < rows.n_rows; r++)
        put_deadline(p, &rows, r);
    sh_json_array_end(p->json);
    return SH_OK;
}

static sh_code put_voices(struct page *p, size_t gate) {
    struct sh_rows rows;
    char hash[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_gate_hash(&p->w, gate, p->w.m.values, hash));
    const struct sh_value key[] = {SH_TEXT(p->w.m.id), SH_TEXT(p->w.m.text->gates[gate].id)};
    SH_TRY(sh_sql_query(
        p->w.txn,
        "select person, opinion, words, at, hash from mt_voice where matter = $1 and gate = $2 order by "
        "at, person limit 1000",
        key, 2, p->w.arena, &rows, p->w.err));
    sh_json_key(p->json, "voices");
    sh_json_array(p->json);
    for (size_t r = 0; r < rows.n_rows; r++) {
        sh_json_object(p->json);
        sh_json_put_str(p->json, "person", sh_cell(&rows, r, 0)->str);
        sh_json_put_str(p->json, "opinion", sh_cell(&rows, r, 1)->str);
        sh_json_put_str(p->json, "words", sh_cell(&rows, r, 2)->str);
        sh_put_utc(p->json, "at", sh_cell(&rows, r, 3)->i64);
        sh_json_put_bool(p->json, "current", sh_str_is(sh_cell(&rows, r, 4)->str, hash));
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
    return SH_OK;
}

static sh_code put_gates(struct page *p) {
    sh_json_key(p->json, "gates");
    sh_json_array(p->json);
    for (size_t g = 0; g < p->w.m.text->n_gates; g++) {
        enum sh_guard_answer needed = SH_UNKNOWN;
        bool is_open = false;
        struct sh_str missing, why;
        SH_TRY(sh_gate_needed(&p->w, g, &needed, &missing));
        SH_TRY(sh_gate_state(&p->w, g, p->w.m.values, &is_open, &why));
        sh_json_object(p->json);
        sh_json_put_str(p->json, "gate", p->w.m.text->gates[g].id);
        sh_json_put_str(p->json, "name",
                        sh_word_of(p->lang, p->w.m.text->gates[g].name, p->w.m.text->gates[g].english));
        sh_json_key(p->json, "needed");
        if (needed == SH_UNKNOWN)
            sh_json_null(p->json);
        else
            sh_json_bool(p->json, needed == SH_YES);
        sh_json_put_bool(p->json, "open", is_open);
        SH_TRY(put_voices(p, g));
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
    return SH_OK;
}

/* By the text that the matter it was issued in ran by; a name that no text has any more is its kind. */
static struct sh_str name_of_paper(const struct page *p, const struct sh_procedure *text,
                                   struct sh_str kind) {
    for (size_t i = 0; text && i < text->n_papers; i++)
        if (sh_str_eq(text->papers[i].id, kind))
            return paper_name(p, &text->papers[i]);
    return kind;
}

#define PAPER_COLUMNS "p.id, p.kind, p.number, p.addressee, p.issued_at, p.served_day, p.pdf, p.seq"

static void put_paper(struct page *p, const struct sh_rows *rows, size_t r, struct sh_str name,
                      struct sh_str handed_by) {
    sh_json_object(p->json);
    sh_json_put_str(p->json, "id", sh_cell(rows, r, 0)->str);
    sh_json_put_str(p->json, "kind", sh_cell(rows, r, 1)->str);
    sh_json_put_str(p->json, "name", name);
    sh_json_put_str(p->json, "number", sh_cell(rows, r, 2)->str);
    sh_json_put_str(p->json, "addressee", sh_cell(rows, r, 3)->str);
    sh_put_utc(p->json, "issued", sh_cell(rows, r, 4)->i64);
    sh_put_day_or_null(p->json, "served", (int32_t)sh_cell(rows, r, 5)->i64, sh_cell(rows, r, 5)->i64 != 0);
    sh_json_put_bool(p->json, "drawn", sh_cell(rows, r, 6)->str.len > 0);
    if (sh_cell(rows, r, 6)->str.len)
        sh_json_put_str(p->json, "hash", sh_cell(rows, r, 6)->str);
    if (handed_by.len)
        sh_json_put_str(p->json, "handed_by", handed_by);
    else
        sh_json_put_i64(p->json, "step", sh_cell(rows, r, 7)->i64);
    sh_json_object_end(p->json);
}

static bool is_party_of(const struct work *w) {
    bool is = false;
    for (size_t i = 0; i < w->parties.n; i++)
        for (size_t k = 0; k < w->who->n_grants; k++)
            is = is || sh_str_eq(w->parties.of[i].body, w->who->grants[k].body);
    return is;
}

/* Of another matter, handed over with the opening of this one: for who works on it or was called in; a party
 * has what was addressed to it where it was issued. */
static sh_code put_handed(struct page *p) {
    struct sh_rows rows;
    if (!sh_matter_is_inside(&p->w, p->w.who) && is_party_of(&p->w))
        return SH_OK;
    SH_TRY(sh_sql_query(p->w.txn,
                        "select " PAPER_COLUMNS ", m.number, m.procedure, m.text_place, m.text_from from "
                        "mt_handed h join mt_paper p on p.id = h.paper join mt_matter m on m.id = p.matter "
                        "where h.matter = $1 order by m.number, p.seq, p.number limit 500",
                        &SH_TEXT(p->w.m.id), 1, p->w.arena, &rows, p->w.err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_procedure *text =
            sh_procedure_version(p->w.texts->procedures, sh_cell(&rows, r, 9)->str,
                                 sh_cell(&rows, r, 10)->str, (int32_t)sh_cell(&rows, r, 11)->i64);
        put_paper(p, &rows, r, name_of_paper(p, text, sh_cell(&rows, r, 1)->str), sh_cell(&rows, r, 8)->str);
    }
    return SH_OK;
}

static sh_code put_papers(struct page *p) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(p->w.txn,
                        "select " PAPER_COLUMNS " from mt_paper p where p.matter = $1 order by p.seq, "
                        "p.number limit 500",
                        &SH_TEXT(p->w.m.id), 1, p->w.arena, &rows, p->w.err));
    sh_json_key(p->json, "papers");
    sh_json_array(p->json);
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_str kind = sh_cell(&rows, r, 1)->str;
        bool is_shown = false;
        SH_TRY(sh_paper_is_shown(&p->w, p->w.who, kind, sh_cell(&rows, r, 3)->str, &is_shown));
        if (is_shown)
            put_paper(p, &rows, r, name_of_paper(p, p->w.m.text, kind), SH_STR(""));
    }
    SH_TRY(put_handed(p));
    sh_json_array_end(p->json);
    return SH_OK;
}

static sh_code put_counts(struct page *p) {
    const struct sh_machine *items = p->w.m.text->items;
    struct sh_rows rows;
    if (!items)
        return SH_OK;
    SH_TRY(sh_sql_query(p->w.txn, "select state, n, amount from mt_count where matter = $1 order by state",
                        &SH_TEXT(p->w.m.id), 1, p->w.arena, &rows, p->w.err));
    sh_json_key(p->json, "items");
    sh_json_array(p->json);
    for (size_t s = 0; s < items->n_states; s++)
        for (size_t r = 0; r < rows.n_rows; r++) {
            if (!sh_str_eq(sh_cell(&rows, r, 0)->str, items->states[s].id) || sh_cell(&rows, r, 1)->i64 == 0)
                continue;
            sh_json_object(p->json);
            sh_json_put_str(p->json, "state", items->states[s].id);
            sh_json_put_str(p->json, "name",
                            sh_word_of(p->lang, items->states[s].name, items->states[s].english));
            sh_json_put_i64(p->json, "n", sh_cell(&rows, r, 1)->i64);
            sh_put_fen(p->json, "amount", sh_cell(&rows, r, 2)->i64);
            sh_json_object_end(p->json);
        }
    sh_json_array_end(p->json);
    return SH_OK;
}

static sh_code put_subs(struct page *p) {
    const struct sh_matter_query query = {.parent = p->w.m.id, .limit = 200};
    sh_json_key(p->json, "parties");
    sh_json_array(p->json);
    for (size_t i = 0; i < p->w.parties.n; i++) {
        struct sh_str name;
        SH_TRY(sh_party_name(&p->w, p->w.parties.of[i].id, p->w.parties.of[i].body, &name));
        sh_json_object(p->json);
        sh_json_put_str(p->json, "party", p->w.parties.of[i].id);
        if (name.len)
            sh_json_put_str(p->json, "name", name);
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
    sh_json_key(p->json, "subs");
    const struct sh_desk desk = {p->w.texts, p->w.who, p->w.arena, p->w.failures};
    SH_TRY(sh_matter_rows_json(p->w.txn, &desk, &query, p->json, NULL, p->w.err));
    if (!p->w.m.text->gathers)
        return SH_OK;
    const struct sh_matter_query gathered = {.container = p->w.m.id, .limit = 200};
    sh_json_key(p->json, "gathered");
    return sh_matter_rows_json(p->w.txn, &desk, &gathered, p->json, NULL, p->w.err);
}

sh_code sh_matter_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id, struct sh_json *json,
                       int64_t *ret_version, struct sh_err *err) {
    struct sh_failures failures = {0};
    const struct sh_matter_who *who = desk->who;
    struct page p = {.w = sh_work_of(txn, desk, err), .json = json, .lang = who->lang};
    p.w.failures = &failures;
    SH_TRY(sh_matter_enter(&p.w, id));
    p.w.occurred = sh_txn_now(txn), p.w.occurred_day = p.w.today;
    if (ret_version)
        *ret_version = p.w.m.version;
    SH_TRY(sh_steps_read(&p.w, &p.steps));
    sh_json_object(json);
    SH_TRY(put_head(&p));
    put_path(&p);
    put_fields(&p, &p.w.m.text->matter, p.w.m.values);
    SH_TRY(put_actions(&p));
    put_timeline(&p);
    SH_TRY(put_deadlines(&p));
    SH_TRY(put_gates(&p));
    SH_TRY(put_papers(&p));
    SH_TRY(put_subs(&p));
    SH_TRY(put_counts(&p));
    SH_TRY(sh_people_json(&p.w, &p.steps, json));
    SH_TRY(sh_seals_json(&p.w, json));
    SH_TRY(sh_file_json(&p.w, who, json));
    sh_json_object_end(json);
    return SH_OK;
}

/* ---- one item ---------------------------------------------------------------------------------------- */

static sh_code put_item_actions(struct page *p, const struct item *item, struct sh_str *values) {
    const struct sh_machine *machine = p->w.m.text->items;
    const struct sh_str *const all[] = {values};
    const int32_t state = sh_machine_state(machine, item->state);
    sh_json_key(p->json, "actions");
    sh_json_array(p->json);
    for (size_t i = 0; i < machine->n_steps; i++) {
        const struct sh_step *step = &machine->steps[i];
        struct sh_failures *refused = NULL;
        if (!sh_step_is_from(step, state) || !is_for_people(step))
            continue;
        SH_TRY(sh_items_judge(&p->w, step, item, all, 1, false, &refused));
        sh_json_object(p->json);
        sh_json_put_str(p->json, "step", step->id);
        sh_json_put_str(p->json, "name", sh_word_of(p->lang, step->name, step->english));
        if (step->basis.len)
            sh_json_put_str(p->json, "basis", step->basis);
        sh_json_put_bool(p->json, "allowed", !refused);
        sh_json_key(p->json, "failed");
        sh_failures_json(refused ? refused : &(struct sh_failures){.n = 0}, p->json);
        sh_json_key(p->json, "fields");
        sh_put_form(p->json, p->lang, machine, step, values);
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
    return SH_OK;
}

/* What is no step of the text has a name of ours. */
static struct sh_str item_step_name(struct page *p, struct sh_str id) {
    static const struct {
        const char *id;
        enum matter_message name;
    } ours[] = {{"load", M_ITEM_LOADED},
                {"update", M_ITEM_UPDATED},
                {"differs", M_ITEM_DIFFERS},
                {"undo", M_ITEM_UNDONE}};
    const struct sh_machine *machine = p->w.m.text->items;
    const int32_t at = sh_machine_step(machine, id);
    if (at >= 0)
        return sh_word_of(p->lang, machine->steps[at].name, machine->steps[at].english);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (sh_str_is(id, ours[i].id))
            return sh_say(&p->w, ours[i].name);
    return id;
}

static sh_code put_item_timeline(struct page *p, const struct item *item) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(
        p->w.txn,
        "select seq, step, actor, role, at, before, after, why from mt_item_step where item = $1 order by "
        "seq limit 1000",
        &SH_TEXT(item->id), 1, p->w.arena, &rows, p->w.err));
    sh_json_key(p->json, "timeline");
    sh_json_array(p->json);
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_str id = sh_cell(&rows, r, 1)->str;
        sh_json_object(p->json);
        sh_json_put_i64(p->json, "seq", sh_cell(&rows, r, 0)->i64);
        sh_json_put_str(p->json, "step", id);
        sh_json_put_str(p->json, "name", item_step_name(p, id));
        sh_json_put_str(p->json, "actor", sh_cell(&rows, r, 2)->str);
        sh_put_role(p->json, &p->w, sh_cell(&rows, r, 3)->str);
        sh_put_utc(p->json, "occurred", sh_cell(&rows, r, 4)->i64);
        sh_put_utc(p->json, "recorded", sh_cell(&rows, r, 4)->i64);
        sh_json_put_str(p->json, "from", sh_cell(&rows, r, 5)->str);
        sh_json_put_str(p->json, "to", sh_cell(&rows, r, 6)->str);
        sh_json_put_str(p->json, "why", sh_cell(&rows, r, 7)->str);
        sh_json_object_end(p->json);
    }
    sh_json_array_end(p->json);
    return SH_OK;
}

sh_code sh_item_json(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id, struct sh_json *json,
                     struct sh_err *err) {
    struct sh_failures failures = {0};
    const struct sh_matter_who *who = desk->who;
    struct sh_arena *arena = desk->arena;
    struct page p = {.w = sh_work_of(txn, desk, err), .json = json, .lang = who->lang};
    p.w.failures = &failures;
    struct item item;
    SH_TRY(sh_item_load(&p.w, id, &item));
    SH_TRY(sh_matter_load(&p.w, item.matter));
    const struct sh_machine *machine = p.w.m.text->items;
    if (!machine || !sh_item_visible(who, &item, machine))
        return sh_fail(err, SH_E_NOTFOUND, "no such item");
    p.w.occurred = sh_txn_now(txn), p.w.occurred_day = p.w.today;
    struct sh_str *values = sh_new(arena, struct sh_str, machine->n_fields + 1);
    if (!values)
        return sh_fail(err, SH_E_NOMEM, "no room for an item");
    SH_TRY(sh_fields_parse(machine, item.fields, arena, values, err));
    sh_json_object(json);
    sh_put_item_row(json, who, machine, &item);
    sh_json_put_str(json, "run", item.run);
    sh_json_put_str(json, "receipt", item.receipt);
    put_fields(&p, machine, values);
    SH_TRY(put_item_actions(&p, &item, values));
    SH_TRY(put_item_timeline(&p, &item));
    SH_TRY(sh_item_evidence_json(&p.w, item.id, sh_matter_is_inside(&p.w, who), json));
    sh_json_object_end(json);
    return SH_OK;
}
