/* Sealed parts of matters (D10): laid by a step into a record of its own, under a key of its own and without
 * an actor; read again only by holders who opened it together, as a procedure that `unseals` it says. */
#include "matter/shape.h"

static const char sealed_register[] = "sealed_parts";

/* ---- laying ------------------------------------------------------------------------------------------ */

static int32_t field_of(const struct sh_seal_text *seal, struct sh_str id) {
    for (size_t i = 0; seal && i < seal->n_fields; i++)
        if (sh_str_eq(seal->fields[i].id, id))
            return (int32_t)i;
    return -1;
}

static void take_value(struct work *w, struct sealing *sealing, size_t at, struct sh_str text) {
    const struct sh_field *field = &sealing->seal->fields[at];
    struct sh_err why;
    if (sh_field_check(field, text, lang_of(w), w->arena, &sealing->sealed[at], &why) != SH_OK)
        sh_value_refused(w, SH_STR(""), field, &why);
    else
        sealing->is_given = sealing->is_given || sealing->sealed[at].len > 0;
}

sh_code sh_seal_part(struct work *w, const struct sh_matter_value *values, size_t n, struct sealing *ret) {
    const struct sh_seal_text *seal = w->step->lays;
    const size_t n_fields = seal ? seal->n_fields : 0;
    *ret = (struct sealing){.seal = seal};
    ret->sealed = sh_new(w->arena, struct sh_str, n_fields + 1);
    ret->rest = sh_new(w->arena, struct sh_matter_value, n + 1);
    if (!ret->sealed || !ret->rest)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a step");
    for (size_t i = 0; i < n; i++) {
        const int32_t at = field_of(seal, values[i].field);
        if (at < 0)
            ret->rest[ret->n_rest++] = values[i];
        else
            take_value(w, ret, (size_t)at, values[i].text);
    }
    for (size_t i = 0; i < n_fields && ret->is_given; i++)
        if (seal->fields[i].required && ret->sealed[i].len == 0)
            sh_failure_add(w, SH_FAIL_NEEDS, seal->basis, seal->fields[i].id, M_NEEDS,
                           SH_ARG(sh_word_of(lang_of(w), seal->fields[i].name, seal->fields[i].english)));
    return SH_OK;
}

/* Found by who knows the matter; its id, which the journal's leaf names, says nothing. */
static sh_code find(struct work *w, const struct sh_seal_text *seal, bool with_sealed, bool *ret_is,
                    struct sh_record *ret) {
    const struct sh_scope all = sh_everything();
    const struct sh_as_of now = {w->today, INT64_MAX};
    const struct sh_str key = sh_textf(w->arena, "%.*s|%.*s", SH_ARG(w->m.id), SH_ARG(seal->id));
    const sh_code code =
        sh_record_find(w->txn, &all, sh_str_of(sealed_register), key, now, w->arena, ret, w->err);
    *ret_is = code == SH_OK && !ret->is_erased;
    if (code != SH_OK)
        return code == SH_E_NOTFOUND ? SH_OK : code;
    return with_sealed && *ret_is ? sh_record_get(w->txn, &all, ret->id, now, true, w->arena, ret, w->err)
                                  : SH_OK;
}

static sh_code seal_is_laid(struct work *w, const struct sh_seal_text *seal, bool *ret) {
    struct sh_record record;
    return find(w, seal, false, ret, &record);
}

sh_code sh_seal_lay(struct work *w, const struct sealing *sealing) {
    const struct sh_seal_text *seal = sealing->seal;
    struct sh_record before = {.id = SH_STR("")};
    struct sh_record_ref ref;
    struct sh_str content;
    bool is_laid = false;
    if (!seal || !sealing->is_given)
        return SH_OK;
    const struct sh_machine form = {.fields = seal->fields, .n_fields = seal->n_fields};
    SH_TRY(sh_fields_text(&form, sealing->sealed, w->arena, &content, w->err));
    SH_TRY(find(w, seal, false, &is_laid, &before));
    const struct sh_record_change change = {
        .register_name = sh_str_of(sealed_register),
        .id = is_laid ? before.id : SH_STR(""),
        .key = sh_textf(w->arena, "%.*s|%.*s", SH_ARG(w->m.id), SH_ARG(seal->id)),
        .expected_version = is_laid ? before.newest_version : 0,
        .labels = {.body = w->m.body, .place = w->m.place, .part = SH_STR("sealed")},
        .valid_from = 0,
        .valid_to = SH_DAY_OPEN,
        .open = SH_STR("{}"),
        .sealed = content,
        .is_anonymous = true};
    return sh_record_put(w->txn, &change, &ref, w->err);
}

/* ---- who may open ------------------------------------------------------------------------------------ */

/* The matter whose sealed part is meant, and that part; *ret_is false: a failure is noted. */
static sh_code find_sealed(struct work *w, const struct sh_str *values, struct work *ret_of,
                           const struct sh_seal_text **ret, bool *ret_is) {
    const struct sh_unseal_text *text = w->m.text->unseals;
    const struct sh_str number = values[text->of];
    struct sh_str id, period;
    *ret_of = sh_work_beside(w);
    *ret_is = false;
    sh_code code =
        number.len ? sh_matter_find(w->txn, number, w->arena, &id, &period, w->err) : SH_E_NOTFOUND;
    if (code == SH_OK)
        code = sh_matter_load(ret_of, id);
    if (code != SH_OK && code != SH_E_NOTFOUND)
        return code;
    *ret = code == SH_OK ? sh_procedure_seal(ret_of->m.text, text->seal) : NULL;
    if (*ret)
        SH_TRY(seal_is_laid(ret_of, *ret, ret_is));
    if (!*ret_is)
        sh_failure_add(w, SH_FAIL_NEEDS, w->m.text->basis[0], w->m.text->matter.fields[text->of].id,
                       M_SEAL_NONE, SH_ARG(number));
    return SH_OK;
}

/* One of the holders, as seen from the matter it lies in, and free of it. */
static sh_code judge_holder(struct work *w, const struct sh_str *values, struct work *ret_of,
                            const struct sh_seal_text **ret) {
    bool is_there = false;
    SH_TRY(find_sealed(w, values, ret_of, ret, &is_there));
    if (!is_there)
        return SH_OK;
    if (!sh_who_grant(ret_of, (*ret)->held_by, (*ret)->n_held_by))
        sh_failure_add(w, SH_FAIL_HOLDS, (*ret)->basis, SH_STR(""), M_SEAL_HOLDER,
                       SH_ARG(sh_word_of(lang_of(w), (*ret)->name, (*ret)->english)));
    return sh_who_bonds(ret_of);
}

static bool is_opening(const struct work *w, const struct sh_step *step) {
    const struct sh_unseal_text *text = w->m.text->unseals;
    return text && step == &w->m.text->matter.steps[text->by];
}

sh_code sh_seal_judge(struct work *w, const struct sh_step *step, const struct sh_str *values) {
    const struct sh_seal_text *seal = NULL;
    struct work of;
    return w->who && is_opening(w, step) ? judge_holder(w, values, &of, &seal) : SH_OK;
}

/* The last time it was opened, by whom, and what was said then. */
static sh_code read_opening(struct work *w, struct sh_str *values, bool *ret_open, bool *ret_his) {
    const struct sh_machine *machine = &w->m.text->matter;
    const struct sh_step *step = &machine->steps[w->m.text->unseals->by];
    struct sh_rows rows, signs;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(step->id)};
    *ret_his = false;
    SH_TRY(sh_sql_query(w->txn,
                        "select seq, fields from mt_step where matter = $1 and step = $2 order by seq desc "
                        "limit 1",
                        key, 2, w->arena, &rows, w->err));
    *ret_open = rows.n_rows && w->m.state == step->to;
    if (!*ret_open)
        return SH_OK;
    SH_TRY(sh_fields_parse(machine, sh_cell(&rows, 0, 1)->str, w->arena, values, w->err));
    const struct sh_value signer[] = {key[0], key[1], SH_I64(sh_cell(&rows, 0, 0)->i64 - 1),
                                      SH_TEXT(w->who->person)};
    SH_TRY(sh_sql_query(w->txn,
                        "select 1 from mt_sign where matter = $1 and step = $2 and seq = $3 and person = $4",
                        signer, 4, w->arena, &signs, w->err));
    *ret_his = signs.n_rows > 0;
    return SH_OK;
}

static void judge_said(struct work *w, const struct sh_str *values) {
    const struct sh_unseal_text *text = w->m.text->unseals;
    const struct sh_field *purpose = &w->m.text->matter.fields[text->purpose];
    const struct sh_str until = values[text->until];
    int32_t last = 0;
    if (values[text->purpose].len == 0)
        sh_failure_add(w, SH_FAIL_NEEDS, w->m.text->basis[0], purpose->id, M_NEEDS,
                       SH_ARG(sh_word_of(lang_of(w), purpose->name, purpose->english)));
    if (sh_date_scan(until.at, until.len, &last) != SH_DATE_OK || w->today > last) {
        const struct sh_str shown = sh_textf(w->arena, "%.*s", SH_ARG(until));
        sh_failure_add(w, SH_FAIL_TIME, w->m.text->basis[0], w->m.text->matter.fields[text->until].id,
                       M_SEAL_OVER, shown.at);
    }
}

static sh_code judge_reading(struct work *w, struct work *ret_of, struct sh_str *values,
                             const struct sh_seal_text **ret) {
    bool is_open = false, is_his = false;
    *ret = NULL;
    if (w->m.text->unseals)
        SH_TRY(read_opening(w, values, &is_open, &is_his));
    if (!is_open) {
        sh_failure_add(w, SH_FAIL_STATE, w->m.text->basis[0], SH_STR(""), M_SEAL_SHUT);
        return SH_OK;
    }
    if (!is_his)
        sh_failure_add(w, SH_FAIL_HOLDS, w->m.text->basis[0], SH_STR(""), M_SEAL_OTHERS);
    judge_said(w, values);
    return judge_holder(w, values, ret_of, ret);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

static sh_code put_content(struct work *of, const struct sh_seal_text *seal, sh_lang lang,
                           struct sh_json *json) {
    const struct sh_machine form = {.fields = seal->fields, .n_fields = seal->n_fields};
    struct sh_str *values = sh_new(of->arena, struct sh_str, seal->n_fields + 1);
    struct sh_record record;
    bool is_laid = false;
    if (!values)
        return sh_fail(of->err, SH_E_NOMEM, "no room for a sealed part");
    SH_TRY(find(of, seal, true, &is_laid, &record));
    SH_TRY(sh_fields_parse(&form, record.sealed, of->arena, values, of->err));
    sh_json_object(json);
    sh_json_put_str(json, "seal", seal->id);
    sh_json_put_str(json, "name", sh_word_of(lang, seal->name, seal->english));
    sh_json_put_str(json, "matter", of->m.number);
    sh_json_key(json, "fields");
    sh_json_array(json);
    for (size_t i = 0; i < seal->n_fields; i++)
        sh_put_field(json, lang, &seal->fields[i], seal->fields[i].required, values[i]);
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}

sh_code sh_matter_unseal(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                         struct sh_json *json, struct sh_unsealed *ret, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err), of;
    const struct sh_seal_text *seal = NULL;
    w.failures->n = 0;
    SH_TRY(sh_matter_enter(&w, id));
    SH_TRY(judge_reading(&w, &of, w.m.values, &seal));
    if (w.failures->n || !seal)
        return sh_fail(err, SH_E_CANCELLED, "refused");
    *ret = (struct sh_unsealed){.matter = of.m.id,
                                .purpose = w.m.values[w.m.text->unseals->purpose],
                                .labels = {.body = of.m.body, .place = of.m.place}};
    return put_content(&of, seal, desk->who->lang, json);
}

static sh_code put_reading(struct work *w, struct sh_json *json) {
    struct sh_failures failures = {.n = 0};
    struct work asked = *w, of;
    const struct sh_seal_text *seal = NULL;
    struct sh_str *values = sh_new(w->arena, struct sh_str, w->m.text->matter.n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a matter");
    asked.failures = &failures;
    SH_TRY(judge_reading(&asked, &of, values, &seal));
    sh_json_key(json, "unsealed");
    sh_json_object(json);
    sh_json_put_bool(json, "allowed", failures.n == 0);
    sh_json_key(json, "failed");
    sh_failures_json(&failures, json);
    sh_json_object_end(json);
    return SH_OK;
}

/* What lies sealed in it, without a word of what; and whether the reader may read what it opens. */
sh_code sh_seals_json(struct work *w, struct sh_json *json) {
    const struct sh_procedure *text = w->m.text;
    if (text->n_seals) {
        sh_json_key(json, "seals");
        sh_json_array(json);
        for (size_t i = 0; i < text->n_seals; i++) {
            bool is_laid = false;
            SH_TRY(seal_is_laid(w, &text->seals[i], &is_laid));
            sh_json_object(json);
            sh_json_put_str(json, "seal", text->seals[i].id);
            sh_json_put_str(json, "name",
                            sh_word_of(lang_of(w), text->seals[i].name, text->seals[i].english));
            sh_json_put_bool(json, "laid", is_laid);
            sh_json_object_end(json);
        }
        sh_json_array_end(json);
    }
    return text->unseals ? put_reading(w, json) : SH_OK;
}
