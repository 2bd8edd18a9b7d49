/* The receipt: everything a finding rests on, as canonical JSON (fixed order of keys, no spaces). */
#include "base/date.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/json.h"
#include "audit/inner.h"

const char *sh_level_text(enum sh_level level, enum sh_lang lang) {
    static const char *const texts[][SH_LANGS] = {[SH_LEVEL_INDICATOR] = {"提示", "indicator"},
                                                  [SH_LEVEL_SUSPECTED] = {"高度可疑", "suspected"},
                                                  [SH_LEVEL_CERTAIN] = {"明确违规", "certain"}};
    return texts[level][lang == SH_EN ? SH_EN : SH_ZH];
}

/* What every receipt of a rule says alike. */
static void put_rule(struct sh_json *json, const struct sh_rule *r) {
    sh_json_object(json);
    sh_json_put_str(json, "id", r->id);
    sh_json_put_str(json, "name", r->name);
    sh_json_put_text(json, "version", r->version);
    if (r->national_number > 0)
        sh_json_put_i64(json, "number", r->national_number);
    if (r->national_code.len > 0)
        sh_json_put_str(json, "code", r->national_code);
    if (r->layer.len > 0)
        sh_json_put_str(json, "layer", r->layer);
    if (r->kind.len > 0) {
        sh_json_put_str(json, "kind", r->kind);
        sh_json_put_str(json, "kind_basis", r->kind_basis);
    }
    sh_json_object_end(json);
}

static void put_basis(struct sh_json *json, const struct sh_rule *r) {
    sh_json_array(json);
    for (size_t i = 0; i < r->n_basis; i++)
        sh_json_str(json, r->basis[i]);
    sh_json_array_end(json);
}

static sh_code rule_text(void (*put)(struct sh_json *json, const struct sh_rule *r), const struct sh_rule *r,
                         struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_json json;
    sh_json_begin(&json, &text);
    put(&json, r);
    SH_TRY(sh_json_end(&json, err));
    const char *kept = sh_arena_dup(arena, text.at, text.len);
    *ret = (struct sh_str){kept, text.len};
    return kept ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the texts of rules");
}

/* The same articles in a cell of a table. */
static sh_code basis_text(const struct sh_rule *r, struct sh_arena *arena, struct sh_str *ret,
                          struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    for (size_t i = 0; i < r->n_basis; i++) {
        if (i > 0)
            sh_buf_add_text(&text, "；");
        sh_buf_add_str(&text, r->basis[i]);
    }
    SH_TRY(sh_buf_check(&text, err));
    const char *kept = sh_arena_dup(arena, text.at, text.len);
    *ret = (struct sh_str){kept, text.len};
    return kept ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the texts of rules");
}

sh_code sh_receipt_texts(struct sh_rule_plan *rp, struct sh_arena *arena, struct sh_err *err) {
    SH_TRY(basis_text(rp->rule, arena, &rp->basis, err));
    SH_TRY(rule_text(put_rule, rp->rule, arena, &rp->rule_json, err));
    return rule_text(put_basis, rp->rule, arena, &rp->basis_json, err);
}

static void put_knowledge_row(struct sh_json *json, const struct sh_knowledge *k,
                              const struct sh_knowledge_row *row, struct sh_str point) {
    sh_json_object(json);
    sh_json_put_str(json, "table", k->name);
    sh_json_put_str(json, "point", point);
    sh_json_put_i64(json, "line", row->line);
    sh_json_put_str(json, "layer", row->layer);
    sh_json_put_str(json, "source", row->source);
    sh_json_key(json, "from");
    sh_json_date(json, row->from);
    if (row->to != INT32_MAX) {
        sh_json_key(json, "to");
        sh_json_date(json, row->to);
    }
    sh_json_key(json, "cells");
    sh_json_object(json);
    for (uint16_t c = 0; c < k->n_columns; c++) {
        char name[SH_WORD_BYTES_MAX];
        (void)snprintf(name, sizeof(name), "%.*s", SH_ARG(k->columns[c].name));
        if (row->cells[c].len > 0)
            sh_json_put_str(json, name, row->cells[c]);
    }
    sh_json_object_end(json);
    sh_json_object_end(json);
}

/* Few rows are behind many findings: their text is made once a worker. */
static sh_code put_knowledge(struct sh_json *json, const struct sh_engine *en, const struct sh_finding *f,
                             struct sh_err *err) {
    const struct sh_rule *r = en->plan->active[f->rule].rule;
    if (f->knowledge_row < 0 || r->n_uses == 0)
        return SH_OK;
    const struct sh_knowledge *k = &en->plan->rules->knowledge[r->uses[0].knowledge];
    struct sh_str **texts = &en->knowledge_json[f->rule];
    if (!*texts)
        *texts = sh_new(en->lasting, struct sh_str, (size_t)k->n_rows + 1);
    if (!*texts)
        return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    struct sh_str *text = &(*texts)[f->knowledge_row];
    if (!text->at) {
        SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
        struct sh_json row;
        sh_json_begin(&row, &buf);
        put_knowledge_row(&row, k, &k->rows[f->knowledge_row], f->point);
        SH_TRY(sh_json_end(&row, err));
        *text = (struct sh_str){sh_arena_dup(en->lasting, buf.at, buf.len), buf.len};
        if (!text->at)
            return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    }
    sh_json_key(json, "knowledge");
    sh_json_raw(json, *text);
    return SH_OK;
}

static void put_number(struct sh_json *json, const char *key, const int64_t *column, int32_t row, int scale,
                       int decimals) {
    if (!column || column[row] == SH_MISSING)
        return;
    char text[SH_DECIMAL_TEXT_MAX];
    const size_t len = sh_decimal_format(column[row], scale, decimals, text);
    sh_json_key(json, key);
    sh_json_raw(json, (struct sh_str){text, len});
}

static void put_money(struct sh_json *json, const char *key, int64_t fen) {
    sh_json_key(json, key);
    sh_json_money(json, fen);
}

/* The id of a row; nothing where there is no row. */
static sh_code put_id(struct sh_json *json, const char *key, const struct sh_timeline *tl, int table,
                      int32_t row, struct sh_err *err) {
    struct sh_str id;
    SH_TRY(sh_row_id(tl, table, row, &id, err));
    if (row >= 0)
        sh_json_put_str(json, key, id);
    return SH_OK;
}

static sh_code put_line(struct sh_json *json, const struct sh_engine *en, const struct sh_blamed_line *line,
                        struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    const struct sh_columns *at = &en->plan->at;
    const int32_t row = line->row, encounter = sh_encounter_of(tl, SH_TABLE_LINE, row);
    const int32_t *item = sh_i32(tl, SH_TABLE_LINE, at->line.item),
                  *settlement = sh_i32(tl, SH_TABLE_LINE, at->line.settlement);
    const int64_t *time = sh_i64(tl, SH_TABLE_LINE, at->line.time);
    sh_json_object(json);
    SH_TRY(put_id(json, "id", tl, SH_TABLE_LINE, row, err));
    sh_json_put_str(json, "institution",
                    sh_code_of(en->plan, SH_DICT_INSTITUTION, sh_institution_of(tl, SH_TABLE_LINE, row)));
    SH_TRY(put_id(json, "encounter", tl, SH_TABLE_ENCOUNTER, encounter, err));
    SH_TRY(put_id(json, "settlement", tl, SH_TABLE_SETTLEMENT, settlement ? settlement[row] : -1, err));
    if (item && item[row] >= 0) {
        sh_json_put_str(json, "item", sh_code_of(en->plan, SH_DICT_ITEM, item[row]));
        sh_json_put_str(json, "name", sh_dict_name_of(en->plan, SH_DICT_ITEM, item[row]));
    }
    if (time && time[row] != SH_MISSING) {
        char text[SH_TIME_TEXT_MAX];
        (void)sh_time_format(time[row], text);
        sh_json_put_text(json, "time", text);
    }
    put_number(json, "quantity", sh_i64(tl, SH_TABLE_LINE, at->line.quantity), row, 4, 0);
    put_number(json, "unit_price", sh_i64(tl, SH_TABLE_LINE, at->line.unit_price), row, 6, 2);
    put_number(json, "covered", sh_i64(tl, SH_TABLE_LINE, at->line.covered), row, 2, 2);
    sh_json_put_bool(json, "blamed", line->blamed);
    if (line->blamed) {
        put_money(json, "amount", line->amount_fen);
        put_money(json, "counted", line->counted_fen);
    }
    sh_json_object_end(json);
    return SH_OK;
}

static void put_values(struct sh_json *json, const struct sh_finding *f) {
    sh_json_key(json, "values");
    sh_json_array(json);
    for (size_t i = 0; i < f->n_values; i++) {
        sh_json_object(json);
        sh_json_put_str(json, "name", f->values[i].name);
        sh_json_put_str(json, "value", f->values[i].value);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    sh_json_put_str(json, "deciding", f->deciding);
    if (f->clearing.len > 0)
        sh_json_put_str(json, "clearing", f->clearing);
    if (f->doubt.len > 0)
        sh_json_put_str(json, "doubt", f->doubt);
}

static void put_sums(struct sh_json *json, const struct sh_finding *f) {
    static const char *const states[] = {
        [SH_FUND_KNOWN] = "by item", [SH_FUND_BY_CASE] = "paid by case", [SH_FUND_UNKNOWN] = "unknown"};
    sh_json_key(json, "money");
    sh_json_object(json);
    if (f->amount_known)
        put_money(json, "amount", f->amount_fen);
    else
        sh_json_put_str(json, "amount_unknown", f->amount_unknown);
    put_money(json, "counted", f->counted_fen);
    put_money(json, "fund", f->fund_fen);
    sh_json_put_text(json, "fund_state", states[f->fund]);
    sh_json_object_end(json);
}

sh_code sh_audit_receipt(const struct sh_audit_worker *worker, const struct sh_finding *f, struct sh_buf *out,
                         struct sh_err *err) {
    const struct sh_engine *en = sh_worker_engine(worker);
    char id[33];
    sh_hex(f->id, sizeof(f->id), id);
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_text(&json, "id", id);
    sh_json_key(&json, "rule");
    sh_json_raw(&json, en->plan->active[f->rule].rule_json);
    sh_json_key(&json, "basis");
    sh_json_raw(&json, en->plan->active[f->rule].basis_json);
    sh_json_put_text(&json, "level", sh_level_text(f->level, SH_EN));
    sh_json_put_str(&json, "say", f->say);
    SH_TRY(put_knowledge(&json, en, f, err));
    struct sh_str person;
    SH_TRY(sh_person_codes_check(&en->tl, err));
    SH_TRY(sh_person_code(&en->tl, f->person, &person, err));
    sh_json_put_str(&json, "person", person);
    sh_json_put_str(&json, "institution", sh_code_of(en->plan, SH_DICT_INSTITUTION, f->institution));
    sh_json_put_str(&json, "institution_name",
                    sh_dict_name_of(en->plan, SH_DICT_INSTITUTION, f->institution));
    SH_TRY(put_id(&json, "encounter", &en->tl, SH_TABLE_ENCOUNTER, f->encounter, err));
    if (f->day != SH_MISSING_I32) {
        sh_json_key(&json, "day");
        sh_json_date(&json, f->day);
    }
    sh_json_put_str(&json, "key", f->key);
    put_values(&json, f);
    sh_json_key(&json, "lines");
    sh_json_array(&json);
    for (size_t i = 0; i < f->n_lines; i++)
        SH_TRY(put_line(&json, en, &f->lines[i], err));
    sh_json_array_end(&json);
    put_sums(&json, f);
    sh_json_put_i64(&json, "manifest", (int64_t)en->plan->options.manifest);
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}
