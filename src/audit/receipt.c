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
    sh_json_key(json, "rule");
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
    sh_json_key(json, "basis");
    sh_json_array(json);
    for (size_t i = 0; i < r->n_basis; i++)
        sh_json_str(json, r->basis[i]);
    sh_json_array_end(json);
}

/* Members are what stands between the braces of an object. */
static void members_begin(struct sh_json *json, struct sh_buf *text) {
    sh_json_begin(json, text);
    sh_json_object(json);
}

static sh_code members_end(struct sh_json *json, struct sh_arena *arena, struct sh_str *ret,
                           struct sh_err *err) {
    sh_json_object_end(json);
    SH_TRY(sh_json_end(json, err));
    const size_t len = json->buf->len - 2;
    const char *kept = sh_arena_dup(arena, json->buf->at + 1, len);
    *ret = (struct sh_str){kept, len};
    return kept ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the texts of receipts");
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
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_json json;
    members_begin(&json, &text);
    put_rule(&json, rp->rule);
    return members_end(&json, arena, &rp->members, err);
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
    struct sh_str **texts = &en->words->knowledge[f->rule];
    if (!*texts)
        *texts = sh_new(en->lasting, struct sh_str, (size_t)k->n_rows + 1);
    if (!*texts)
        return sh_fail(err, SH_E_NOMEM, "no room for a receipt");
    struct sh_str *text = &(*texts)[f->knowledge_row];
    if (!text->at) {
        SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
        struct sh_json members;
        members_begin(&members, &buf);
        sh_json_key(&members, "knowledge");
        put_knowledge_row(&members, k, &k->rows[f->knowledge_row], f->point);
        SH_TRY(members_end(&members, en->lasting, text, err));
    }
    sh_json_members(json, *text);
    return SH_OK;
}

/* Members that name a code of a dictionary, in the text of `said`. */
static sh_code put_said(struct sh_json *json, const struct sh_engine *en, struct sh_said *said,
                        enum sh_dict dict, int32_t id,
                        void (*put)(struct sh_json *json, const struct sh_plan *plan, int32_t id),
                        struct sh_err *err) {
    const struct sh_dict_view *view = en->plan->dicts->views[dict];
    if (!said->members && view && view->n > 0) {
        said->members = sh_new(en->lasting, struct sh_str, view->n);
        said->n = said->members ? view->n : 0;
    }
    if (!said->members || id < 0 || (size_t)id >= said->n) { /* a dictionary may grow */
        put(json, en->plan, id);
        return SH_OK;
    }
    struct sh_str *text = &said->members[id];
    if (!text->at) {
        SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
        struct sh_json members;
        members_begin(&members, &buf);
        put(&members, en->plan, id);
        SH_TRY(members_end(&members, en->lasting, text, err));
    }
    sh_json_members(json, *text);
    return SH_OK;
}

static void name_item(struct sh_json *json, const struct sh_plan *plan, int32_t id) {
    sh_json_put_str(json, "item", sh_code_of(plan, SH_DICT_ITEM, id));
    sh_json_put_str(json, "name", sh_dict_name_of(plan, SH_DICT_ITEM, id));
}

static void name_institution(struct sh_json *json, const struct sh_plan *plan, int32_t id) {
    sh_json_put_str(json, "institution", sh_code_of(plan, SH_DICT_INSTITUTION, id));
}

static void put_number(struct sh_json *json, int64_t value, int scale, int decimals) {
    char text[SH_DECIMAL_TEXT_MAX];
    const size_t len = sh_decimal_format(value, scale, decimals, text);
    sh_json_raw(json, (struct sh_str){text, len});
}

static bool is_known(const int64_t *column, int32_t row) {
    return column && column[row] != SH_MISSING;
}

/* The id of a row; its key stands already. */
static sh_code put_id(struct sh_json *json, const struct sh_timeline *tl, int table, int32_t row,
                      struct sh_err *err) {
    struct sh_str id;
    SH_TRY(sh_row_id(tl, table, row, &id, err));
    sh_json_str(json, id);
    return SH_OK;
}

static sh_code put_place(struct sh_json *json, const struct sh_engine *en, int32_t row, struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    const int32_t encounter = sh_encounter_of(tl, SH_TABLE_LINE, row),
                  *settlement = sh_i32(tl, SH_TABLE_LINE, en->plan->at.line.settlement);
    SH_TRY(put_said(json, en, &en->words->institutions, SH_DICT_INSTITUTION,
                    sh_institution_of(tl, SH_TABLE_LINE, row), name_institution, err));
    if (encounter >= 0) {
        SH_JSON_KEY(json, "encounter");
        SH_TRY(put_id(json, tl, SH_TABLE_ENCOUNTER, encounter, err));
    }
    if (settlement && settlement[row] >= 0) {
        SH_JSON_KEY(json, "settlement");
        SH_TRY(put_id(json, tl, SH_TABLE_SETTLEMENT, settlement[row], err));
    }
    return SH_OK;
}

static sh_code put_line(struct sh_json *json, const struct sh_engine *en, const struct sh_blamed_line *line,
                        struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    const struct sh_columns *at = &en->plan->at;
    const int32_t row = line->row;
    const int32_t *item = sh_i32(tl, SH_TABLE_LINE, at->line.item);
    const int64_t *time = sh_i64(tl, SH_TABLE_LINE, at->line.time),
                  *quantity = sh_i64(tl, SH_TABLE_LINE, at->line.quantity),
                  *price = sh_i64(tl, SH_TABLE_LINE, at->line.unit_price),
                  *covered = sh_i64(tl, SH_TABLE_LINE, at->line.covered);
    sh_json_object(json);
    SH_JSON_KEY(json, "id");
    SH_TRY(put_id(json, tl, SH_TABLE_LINE, row, err));
    SH_TRY(put_place(json, en, row, err));
    if (item && item[row] >= 0)
        SH_TRY(put_said(json, en, &en->words->items, SH_DICT_ITEM, item[row], name_item, err));
    if (is_known(time, row)) {
        char text[SH_TIME_TEXT_MAX];
        SH_JSON_KEY(json, "time");
        sh_json_str(json, (struct sh_str){text, sh_time_format(time[row], text)});
    }
    if (is_known(quantity, row)) {
        SH_JSON_KEY(json, "quantity");
        put_number(json, quantity[row], 4, 0);
    }
    if (is_known(price, row)) {
        SH_JSON_KEY(json, "unit_price");
        put_number(json, price[row], 6, 2);
    }
    if (is_known(covered, row)) {
        SH_JSON_KEY(json, "covered");
        put_number(json, covered[row], 2, 2);
    }
    sh_json_members(json, line->blamed ? SH_STR("\"blamed\":true") : SH_STR("\"blamed\":false"));
    if (line->blamed) {
        SH_JSON_KEY(json, "amount");
        sh_json_money(json, line->amount_fen);
        SH_JSON_KEY(json, "counted");
        sh_json_money(json, line->counted_fen);
    }
    sh_json_object_end(json);
    return SH_OK;
}

static void put_values(struct sh_json *json, const struct sh_finding *f) {
    SH_JSON_KEY(json, "values");
    sh_json_array(json);
    for (size_t i = 0; i < f->n_values; i++) {
        sh_json_object(json);
        SH_JSON_KEY(json, "name");
        sh_json_str(json, f->values[i].name);
        SH_JSON_KEY(json, "value");
        sh_json_str(json, f->values[i].value);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    SH_JSON_KEY(json, "deciding");
    sh_json_str(json, f->deciding);
    if (f->clearing.len > 0) {
        SH_JSON_KEY(json, "clearing");
        sh_json_str(json, f->clearing);
    }
    if (f->doubt.len > 0)
        sh_json_put_str(json, "doubt", f->doubt);
}

static void put_sums(struct sh_json *json, const struct sh_finding *f) {
    static const char *const states[] = {
        [SH_FUND_KNOWN] = "by item", [SH_FUND_BY_CASE] = "paid by case", [SH_FUND_UNKNOWN] = "unknown"};
    SH_JSON_KEY(json, "money");
    sh_json_object(json);
    if (f->amount_known) {
        SH_JSON_KEY(json, "amount");
        sh_json_money(json, f->amount_fen);
    } else {
        sh_json_put_str(json, "amount_unknown", f->amount_unknown);
    }
    SH_JSON_KEY(json, "counted");
    sh_json_money(json, f->counted_fen);
    SH_JSON_KEY(json, "fund");
    sh_json_money(json, f->fund_fen);
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
    SH_JSON_KEY(&json, "id");
    sh_json_str(&json, (struct sh_str){id, sizeof(id) - 1});
    sh_json_members(&json, en->plan->active[f->rule].members);
    SH_JSON_KEY(&json, "level");
    sh_json_text(&json, sh_level_text(f->level, SH_EN));
    SH_JSON_KEY(&json, "say");
    sh_json_str(&json, f->say);
    SH_TRY(put_knowledge(&json, en, f, err));
    struct sh_str person;
    SH_TRY(sh_person_codes_check(&en->tl, err));
    SH_TRY(sh_person_code(&en->tl, f->person, &person, err));
    SH_JSON_KEY(&json, "person");
    sh_json_str(&json, person);
    SH_TRY(put_said(&json, en, &en->words->institutions, SH_DICT_INSTITUTION, f->institution,
                    name_institution, err));
    SH_JSON_KEY(&json, "institution_name");
    sh_json_str(&json, sh_dict_name_of(en->plan, SH_DICT_INSTITUTION, f->institution));
    if (f->encounter >= 0) {
        SH_JSON_KEY(&json, "encounter");
        SH_TRY(put_id(&json, &en->tl, SH_TABLE_ENCOUNTER, f->encounter, err));
    }
    if (f->day != SH_MISSING_I32) {
        SH_JSON_KEY(&json, "day");
        sh_json_date(&json, f->day);
    }
    SH_JSON_KEY(&json, "key");
    sh_json_str(&json, f->key);
    put_values(&json, f);
    SH_JSON_KEY(&json, "lines");
    sh_json_array(&json);
    for (size_t i = 0; i < f->n_lines; i++)
        SH_TRY(put_line(&json, en, &f->lines[i], err));
    sh_json_array_end(&json);
    put_sums(&json, f);
    sh_json_put_i64(&json, "manifest", (int64_t)en->plan->options.manifest);
    sh_json_object_end(&json);
    return sh_json_end(&json, err);
}
