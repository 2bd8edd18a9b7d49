/* Gates hold content (D3): a voice counts for the text it was given on. Panels by W11. */
#include "base/decimal.h"
#include "matter/inner.h"

sh_code sh_gate_hash(struct work *w, size_t gate, const struct sh_str *values, char ret[SH_DIGEST_HEX_MAX]) {
    const struct sh_gate_text *text = &w->m.text->gates[gate];
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    uint8_t digest[SH_DIGEST_BYTES];
    sh_buf_addf(&buf, "%.*s\n%.*s\n", SH_ARG(w->m.number), SH_ARG(text->id));
    for (size_t i = 0; i < text->n_over; i++) {
        const struct sh_str value = values[text->over[i]];
        sh_buf_addf(&buf, "%.*s=%zu:%.*s\n", SH_ARG(w->m.text->matter.fields[text->over[i]].id), value.len,
                    SH_ARG(value));
    }
    SH_TRY(sh_buf_check(&buf, w->err));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, buf.at, buf.len, digest, w->err));
    sh_hex(digest, SH_DIGEST_BYTES, ret);
    return SH_OK;
}

sh_code sh_gate_needed(struct work *w, size_t gate, enum sh_guard_answer *ret, struct sh_str *ret_missing) {
    *ret = SH_YES;
    *ret_missing = SH_STR("");
    if (!w->m.text->gates[gate].when)
        return SH_OK;
    return sh_factbook_ask(w->facts, w->m.text->gates[gate].when, -1, ret, ret_missing, w->err);
}

/* ---- panels ------------------------------------------------------------------------------------------ */

/* Members of the panel on record today: key body|panel|person. */
static sh_code roster(struct work *w, struct sh_str body, struct sh_str panel, const struct sh_record **ret,
                      size_t *ret_n) {
    const struct sh_scope all = sh_everything();
    const struct sh_str prefix = sh_textf(w->arena, "%.*s|%.*s|", SH_ARG(body), SH_ARG(panel));
    const struct sh_page_query query = {.register_name = SH_STR("panel_members"),
                                        .as_of = {w->today, INT64_MAX},
                                        .after_key = sh_str_sub(prefix, 0, prefix.len - 1),
                                        .limit = 200};
    SH_TRY(sh_record_page(w->txn, &all, &query, w->arena, ret, ret_n, w->err));
    size_t n = 0;
    while (n < *ret_n && sh_str_starts_with((*ret)[n].key, prefix))
        n++;
    *ret_n = n;
    return SH_OK;
}

static sh_code seat_of(struct work *w, size_t gate, struct sh_str *ret) {
    const struct sh_gate_text *text = &w->m.text->gates[gate];
    const struct sh_str panel =
        sh_str_starts_with(text->of.role, SH_STR("bureau.")) ? SH_STR("bureau") : SH_STR("agency");
    const struct sh_record *members = NULL;
    size_t n = 0;
    *ret = SH_STR("");
    SH_TRY(roster(w, w->used.body, panel, &members, &n));
    const struct sh_str end = sh_textf(w->arena, "|%.*s", SH_ARG(w->who->person));
    for (size_t i = 0; i < n; i++) {
        if (!sh_str_ends_with(members[i].key, end))
            continue;
        SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
        SH_TRY(sh_json_read("record", members[i].open, &root, w->err));
        *ret = sh_json_member(root, SH_STR("seat"), w->arena);
    }
    return SH_OK;
}

struct count {
    size_t present, agree, roster;
    bool has_chief, chief_agrees;
};

static void count_voices(const struct sh_rows *rows, struct count *ret) {
    for (size_t i = 0; i < rows->n_rows; i++) {
        const bool agrees = sh_str_is(sh_cell(rows, i, 1)->str, "agree");
        const struct sh_str seat = sh_cell(rows, i, 0)->str;
        ret->present++;
        ret->agree += agrees;
        if (sh_str_is(seat, "chief") || (!ret->has_chief && sh_str_is(seat, "deputy"))) {
            ret->has_chief = true;
            ret->chief_agrees = agrees;
        }
    }
}

/* Is the share of the roster there? panel.present_share in percent. */
static bool is_quorate(const struct count *c, const struct sh_param *share) {
    return (int64_t)c->present * 100 * sh_pow10(share->scale) >= share->value * (int64_t)c->roster;
}

/* W11: panel.present_min with the chief or a deputy, panel.present_share of the roster. Not so: *ret_why. */
static sh_code panel_sits(struct work *w, size_t gate, const struct sh_rows *voices, struct count *ret,
                          bool *ret_sits, struct sh_str *ret_why) {
    const struct sh_gate_text *text = &w->m.text->gates[gate];
    const struct sh_str panel =
        sh_str_starts_with(text->of.role, SH_STR("bureau.")) ? SH_STR("bureau") : SH_STR("agency");
    const struct sh_record *members = NULL;
    *ret = (struct count){0}, *ret_sits = false;
    SH_TRY(roster(w, voices->n_rows ? sh_cell(voices, 0, 2)->str : w->m.body, panel, &members, &ret->roster));
    count_voices(voices, ret);
    const struct sh_param *least = sh_param_read(w, "panel.present_min", ret_why);
    if (!least)
        return SH_OK;
    if ((int64_t)ret->present < least->value || !ret->has_chief) {
        *ret_why = sh_say(w, M_GATE_FEW, ret->present, least->value);
        return SH_OK;
    }
    const struct sh_param *share = sh_param_read(w, "panel.present_share", ret_why);
    if (!share)
        return SH_OK;
    *ret_sits = is_quorate(ret, share);
    if (!*ret_sits)
        *ret_why = sh_say(w, M_GATE_SHARE, ret->present, ret->roster);
    return SH_OK;
}

/* panel.rule: majority of those present, or the chief's conclusion. */
static sh_code panel_agrees(struct work *w, size_t gate, const struct sh_rows *voices, bool *ret,
                            struct sh_str *ret_why) {
    struct count c;
    bool sits = false;
    *ret = false;
    SH_TRY(panel_sits(w, gate, voices, &c, &sits, ret_why));
    const struct sh_param *rule = sits ? sh_param_read(w, "panel.rule", ret_why) : NULL;
    if (!rule)
        return SH_OK;
    *ret = sh_str_is(rule->text, "chief") ? c.chief_agrees : 2 * c.agree > c.present;
    if (!*ret)
        *ret_why = sh_say(w, M_GATE_AGAINST);
    return SH_OK;
}

/* Who spoke of the text that stands in `values`: seat, opinion, body, person. */
static sh_code voices_of(struct work *w, size_t gate, const struct sh_str *values, struct sh_rows *ret) {
    char hash[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_gate_hash(w, gate, values, hash));
    const struct sh_value given[] = {SH_TEXT(w->m.id), SH_TEXT(w->m.text->gates[gate].id),
                                     SH_TEXT(sh_str_of(hash))};
    return sh_sql_query(
        w->txn,
        "select seat, opinion, body, person from mt_voice where matter = $1 and gate = $2 and hash = $3 "
        "order by at, person",
        given, 3, w->arena, ret, w->err);
}

/* ---- minutes ----------------------------------------------------------------------------------------- */

static const struct sh_step *minutes_of(const struct sh_procedure *text, size_t gate) {
    for (size_t i = 0; i < text->matter.n_steps; i++)
        if (text->matter.steps[i].minutes_of == (int32_t)gate)
            return &text->matter.steps[i];
    return NULL;
}

/* Do the minutes that were signed last say what the panel said of this very text? Whatever was said after
 * them stands in none. */
static sh_code is_minuted(struct work *w, size_t gate, const struct sh_step *minutes,
                          const struct sh_str *values, bool *ret) {
    const struct sh_str voice = sh_textf(w->arena, "gate.%.*s", SH_ARG(w->m.text->gates[gate].id));
    struct sh_rows rows;
    char now[SH_DIGEST_HEX_MAX], then[SH_DIGEST_HEX_MAX];
    size_t at = SIZE_MAX;
    *ret = false;
    SH_TRY(sh_steps_read(w, &rows));
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_str step = sh_cell(&rows, r, STEP_STEP)->str;
        at = sh_str_eq(step, minutes->id) ? r : sh_str_eq(step, voice) ? SIZE_MAX : at;
    }
    if (at == SIZE_MAX)
        return SH_OK;
    struct sh_str *signed_on = sh_new(w->arena, struct sh_str, w->m.text->matter.n_fields + 1);
    if (!signed_on)
        return sh_fail(w->err, SH_E_NOMEM, "no room for minutes");
    SH_TRY(sh_fields_parse(&w->m.text->matter, sh_cell(&rows, at, STEP_FIELDS)->str, w->arena, signed_on,
                           w->err));
    SH_TRY(sh_gate_hash(w, gate, values, now));
    SH_TRY(sh_gate_hash(w, gate, signed_on, then));
    *ret = strcmp(now, then) == 0;
    return SH_OK;
}

sh_code sh_minutes_judge(struct work *w, const struct sh_step *step, const struct sh_str *values) {
    struct sh_rows voices;
    struct count c;
    bool sits = false, spoke = false;
    struct sh_str why = SH_STR("");
    if (step->minutes_of < 0)
        return SH_OK;
    const struct sh_gate_text *gate = &w->m.text->gates[step->minutes_of];
    SH_TRY(voices_of(w, (size_t)step->minutes_of, values, &voices));
    if (voices.n_rows == 0)
        why = sh_say(w, M_GATE_NONE);
    else
        SH_TRY(panel_sits(w, (size_t)step->minutes_of, &voices, &c, &sits, &why));
    if (!sits)
        sh_failure_add(w, SH_FAIL_GATE, step->basis, gate->id, M_GATE,
                       SH_ARG(sh_word_of(lang_of(w), gate->name, gate->english)), SH_ARG(why));
    for (size_t i = 0; i < voices.n_rows; i++)
        spoke = spoke || (w->who && sh_str_eq(sh_cell(&voices, i, 3)->str, w->who->person));
    if (sits && !spoke)
        sh_failure_add(w, SH_FAIL_ROLE, step->basis, SH_STR(""), M_MINUTES_ABSENT);
    return SH_OK;
}

sh_code sh_minutes_whole(struct work *w, const struct sh_str *values, const struct sh_rows *signers,
                         bool *ret) {
    struct sh_rows voices;
    SH_TRY(voices_of(w, (size_t)w->step->minutes_of, values, &voices));
    *ret = true;
    for (size_t v = 0; v < voices.n_rows; v++) {
        const struct sh_str person = sh_cell(&voices, v, 3)->str;
        bool has_signed = sh_str_eq(person, w->who->person);
        for (size_t i = 0; i < signers->n_rows; i++)
            has_signed = has_signed || sh_str_eq(person, sh_cell(signers, i, 0)->str);
        *ret = *ret && has_signed;
    }
    return SH_OK;
}

sh_code sh_minutes_say(struct work *w, struct sh_json *json) {
    char hash[SH_DIGEST_HEX_MAX];
    struct sh_rows voices;
    struct count c;
    bool sits = false, agrees = false;
    struct sh_str why;
    const size_t gate = (size_t)w->step->minutes_of;
    SH_TRY(sh_gate_hash(w, gate, w->m.values, hash));
    SH_TRY(voices_of(w, gate, w->m.values, &voices));
    SH_TRY(panel_sits(w, gate, &voices, &c, &sits, &why));
    SH_TRY(panel_agrees(w, gate, &voices, &agrees, &why));
    sh_json_put_text(json, "text_hash", hash);
    sh_json_put_str(json, "members", sh_textf(w->arena, "%zu", c.roster));
    sh_json_put_str(json, "present", sh_textf(w->arena, "%zu", c.present));
    sh_json_put_str(json, "agree", sh_textf(w->arena, "%zu", c.agree));
    sh_json_put_text(json, "conclusion", agrees ? "同意" : "不同意");
    return SH_OK;
}

sh_code sh_gate_state(struct work *w, size_t gate, const struct sh_str *values, bool *ret_open,
                      struct sh_str *ret_why) {
    struct sh_rows rows;
    *ret_open = false;
    *ret_why = sh_say(w, M_GATE_NONE);
    SH_TRY(voices_of(w, gate, values, &rows));
    if (rows.n_rows == 0)
        return SH_OK;
    if (w->m.text->gates[gate].kind == SH_GATE_PANEL) {
        const struct sh_step *minutes = minutes_of(w->m.text, gate);
        SH_TRY(panel_agrees(w, gate, &rows, ret_open, ret_why));
        if (!*ret_open || !minutes)
            return SH_OK;
        *ret_why = sh_say(w, M_GATE_MINUTES);
        return is_minuted(w, gate, minutes, values, ret_open);
    }
    const struct sh_str last = sh_cell(&rows, rows.n_rows - 1, 1)->str;
    *ret_open = sh_str_is(last, "agree");
    if (!*ret_open)
        *ret_why = sh_say(w, M_GATE_AGAINST);
    return SH_OK;
}

bool sh_gate_is_before(const struct sh_procedure *text, size_t gate, int32_t state) {
    for (size_t i = 0; i < text->matter.n_steps; i++)
        for (size_t k = 0; k < text->matter.steps[i].n_gates; k++)
            if ((size_t)text->matter.steps[i].gates[k] == gate &&
                sh_step_is_from(&text->matter.steps[i], state))
                return true;
    return false;
}

/* ---- speaking ---------------------------------------------------------------------------------------- */

static struct sh_str value_of(const struct sh_matter_value *values, size_t n, const char *field) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_is(values[i].field, field))
            return values[i].text;
    return SH_STR("");
}

static int32_t gate_of(const struct sh_procedure *text, struct sh_str id) {
    for (size_t i = 0; i < text->n_gates; i++)
        if (sh_str_eq(text->gates[i].id, id))
            return (int32_t)i;
    return -1;
}

/* A voice is a step of its own in the file: who, what, on which text. */
sh_code sh_gate_voice(struct work *w, struct sh_str id, const struct sh_matter_value *values, size_t n) {
    const int32_t gate = gate_of(w->m.text, id);
    if (gate < 0) {
        sh_failure_add(w, SH_FAIL_STATE, SH_STR(""), SH_STR(""), M_NO_STEP, SH_ARG(id));
        return SH_E_CANCELLED;
    }
    const struct sh_gate_text *text = &w->m.text->gates[gate];
    const struct sh_actor by[] = {text->of, text->chief};
    struct sh_step step = {
        .id = id, .basis = text->basis, .by = by, .n_by = text->has_chief ? 2 : 1, .holds = text->holds};
    if (!sh_gate_is_before(w->m.text, (size_t)gate, w->m.state))
        sh_failure_add(w, SH_FAIL_STATE, text->basis, SH_STR(""), M_GATE_EARLY,
                       SH_ARG(sh_word_of(lang_of(w), text->name, text->english)));
    SH_TRY(sh_who_check(w, &step));
    const struct sh_str opinion = value_of(values, n, "opinion"), words = value_of(values, n, "words");
    if (!sh_str_is(opinion, "agree") && !sh_str_is(opinion, "disagree"))
        sh_failure_add(w, SH_FAIL_NEEDS, text->basis, SH_STR("opinion"), M_NEEDS, SH_ARG(SH_STR("opinion")));
    struct sh_str seat = text->kind == SH_GATE_PANEL ? SH_STR("") : SH_STR("reviewer");
    if (text->kind == SH_GATE_PANEL && w->failures->n == 0)
        SH_TRY(seat_of(w, (size_t)gate, &seat));
    if (w->failures->n == 0 && seat.len == 0)
        sh_failure_add(w, SH_FAIL_ROLE, text->basis, SH_STR(""), M_GATE_ROLE);
    if (w->failures->n)
        return SH_E_CANCELLED;
    char hash[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_gate_hash(w, (size_t)gate, w->m.values, hash));
    const struct sh_value row[] = {
        SH_TEXT(w->m.id),         SH_TEXT(id),           SH_TEXT(w->who->person),
        SH_TEXT(sh_str_of(hash)), SH_TEXT(w->used.body), SH_TEXT(seat),
        SH_TEXT(opinion),         SH_TEXT(words),        SH_I64(sh_txn_now(w->txn))};
    return sh_sql_run(
        w->txn,
        "insert into mt_voice (matter, gate, person, hash, body, seat, opinion, words, at) values ($1, "
        "$2, $3, $4, $5, $6, $7, $8, $9) on conflict (matter, gate, person, hash) do update set opinion = "
        "excluded.opinion, words = excluded.words, seat = excluded.seat, at = excluded.at",
        row, 9, NULL, w->err);
}
