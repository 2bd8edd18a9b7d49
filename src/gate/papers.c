#include "gate/papers.h"
#include "base/date.h"
#include "base/money.h"
#include "gate/auth.h"

void sh_paper_source_end(struct sh_paper_source *source) {
    json_decref(source->facts);
}

/* What the facts of one paper are made of. */
struct collecting {
    struct sh_txn *txn;
    struct sh_gate *gate;
    struct sh_request *rq;
    const json_t *matter, *paper; /* as shown; the paper as on record */
    const struct sh_procedure *procedure;
    const struct sh_paper_text *text;
    int32_t issued_on;
    json_t *facts;
    struct sh_err *err;
};

static struct sh_str member(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return (struct sh_str){json_string_value(value), json_string_length(value)};
}

static sh_code put(struct collecting *c, const char *key, struct sh_str text) {
    if (text.len == 0)
        return SH_OK;
    json_t *value = json_stringn(text.at, text.len);
    return json_object_set_new(c->facts, key, value) == 0
               ? SH_OK
               : sh_fail(c->err, SH_E_NOMEM, "no room for the facts of a paper");
}

/* The name a register gives a key on the day of the paper; the key where it has none. */
static sh_code put_name(struct collecting *c, const char *fact, const char *reg, struct sh_str key) {
    const struct sh_scope all = sh_scope_all();
    struct sh_record record;
    if (key.len == 0)
        return SH_OK;
    const sh_code code =
        sh_record_find(c->txn, &all, sh_str_of(reg), key, (struct sh_as_of){c->issued_on, INT64_MAX},
                       &c->rq->arena, &record, c->err);
    if (code == SH_E_NOTFOUND)
        return put(c, fact, key);
    SH_TRY(code);
    SH_CLEANUP(sh_json_decref_at) json_t *open = NULL;
    SH_TRY(sh_json_read("record", record.open, &open, c->err));
    const struct sh_str name = member(open, "name");
    return put(c, fact, name.len > 0 ? name : key);
}

/* Fields of the matter as they stood; a choice by its word. */
static sh_code put_fields(struct collecting *c) {
    const json_t *fields = json_object_get(c->paper, "fields");
    for (size_t i = 0; i < c->procedure->matter.n_fields; i++) {
        const struct sh_field *field = &c->procedure->matter.fields[i];
        const char *key = sh_arena_dup(&c->rq->arena, field->id.at, field->id.len);
        if (!key)
            return sh_fail(c->err, SH_E_NOMEM, "no room for the facts of a paper");
        struct sh_str value = member(fields, key);
        for (size_t n = 0; field->type == SH_FIELD_CHOICE && n < field->n_choices; n++)
            if (sh_str_eq(field->choices[n].code, value)) {
                value = field->choices[n].name;
                break;
            }
        SH_TRY(put(c, key, value));
    }
    return SH_OK;
}

static sh_code put_length(struct collecting *c, const char *fact, const struct sh_length *length) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_length_tell(*length, SH_ZH, &text);
    SH_TRY(sh_buf_check(&text, c->err));
    return put(c, fact, sh_buf_view(&text));
}

/* A number of the law as it is for the place and day; left out where it has no value: the paper then names
 * it. */
static sh_code put_param(struct collecting *c, const char *fact, struct sh_str name) {
    const struct sh_param_dates dates = {c->issued_on, c->issued_on, c->issued_on};
    const struct sh_param_pick pick = sh_param_pick(c->gate->params, name, member(c->matter, "place"), dates);
    struct sh_length length;
    if (pick.state != SH_PARAM_SET)
        return SH_OK;
    if (sh_length_of_param(pick.row, &length, NULL) == SH_OK)
        return put_length(c, fact, &length);
    return put(c, fact, pick.row->text);
}

/* How long the reader has: the clock that this paper starts. */
static sh_code put_days(struct collecting *c) {
    for (size_t i = 0; i < c->procedure->n_clocks; i++) {
        const struct sh_clock_text *clock = &c->procedure->clocks[i];
        struct sh_length length;
        if (clock->from != SH_FROM_SERVED || &c->procedure->papers[clock->from_at] != c->text)
            continue;
        if (clock->param.len > 0)
            return put_param(c, "days", clock->param);
        SH_TRY(sh_length_parse(clock->length, &length, c->err));
        return put_length(c, "days", &length);
    }
    return SH_OK;
}

static sh_code put_basis(struct collecting *c) {
    SH_CLEANUP(sh_buf_free) struct sh_buf law = {0};
    for (size_t i = 0; i < c->procedure->n_basis; i++) {
        sh_buf_add_text(&law, i ? "、" : "");
        sh_buf_add_str(&law, c->procedure->basis[i]);
    }
    SH_TRY(sh_buf_check(&law, c->err));
    return put(c, "law", sh_buf_view(&law));
}

static sh_code put_template_params(struct collecting *c, const struct sh_paper *template) {
    const struct sh_paper_fact *facts;
    size_t n;
    SH_TRY(sh_paper_facts(template, &c->rq->arena, &facts, &n, c->err));
    for (size_t i = 0; i < n; i++) {
        if (facts[i].param.len == 0)
            continue;
        const char *key = sh_arena_dup(&c->rq->arena, facts[i].id.at, facts[i].id.len);
        if (!key)
            return sh_fail(c->err, SH_E_NOMEM, "no room for the facts of a paper");
        SH_TRY(put_param(c, key, facts[i].param));
    }
    return SH_OK;
}

/* What was computed when it was issued. */
static sh_code put_says(struct collecting *c) {
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(c->paper, "says"), key, value) {
        SH_TRY(put(c, key, (struct sh_str){json_string_value(value), json_string_length(value)}));
    }
    return SH_OK;
}

static json_t *text_of(struct sh_str text) {
    return json_stringn(text.at ? text.at : "", text.len);
}

/* The items it lists, in the columns that all such papers have. */
static sh_code put_lines(struct collecting *c, struct sh_str paper) {
    struct sh_rows rows;
    SH_TRY(sh_paper_lines(c->txn, paper, &c->rq->arena, &rows, c->err));
    SH_CLEANUP(sh_json_decref_at) json_t *lines = json_array();
    for (size_t r = 0; r < rows.n_rows; r++) {
        char day[SH_DATE_TEXT_MAX], money[SH_MONEY_TEXT_MAX];
        sh_date_format((int32_t)sh_cell(&rows, r, 2)->i64, day);
        sh_money_plain(sh_cell(&rows, r, 4)->i64, money);
        json_t *line = json_pack("{s:o, s:o, s:s, s:o, s:s}", "rule", text_of(sh_cell(&rows, r, 0)->str),
                                 "person", text_of(sh_cell(&rows, r, 1)->str), "day", day, "item",
                                 text_of(sh_cell(&rows, r, 3)->str), "amount", money);
        if (json_array_append_new(lines, line) != 0)
            return sh_fail(c->err, SH_E_NOMEM, "no room for the lines of a paper");
    }
    if (rows.n_rows == 0)
        return SH_OK;
    return json_object_set(c->facts, "lines", lines) == 0
               ? SH_OK
               : sh_fail(c->err, SH_E_NOMEM, "no room for the lines of a paper");
}

static sh_code put_all(struct collecting *c, const struct sh_paper *template) {
    char day[SH_DATE_TEXT_MAX];
    const struct sh_str to = member(c->paper, "to"), subject = member(c->matter, "subject");
    const struct sh_str party = c->text->to_party ? to : subject;
    SH_TRY(put_fields(c));
    SH_TRY(put_says(c));
    SH_TRY(put_basis(c));
    SH_TRY(put_days(c));
    SH_TRY(put_template_params(c, template));
    sh_date_format(c->issued_on, day);
    SH_TRY(put(c, "issued_on", sh_str_of(day)));
    SH_TRY(put(c, "number", member(c->paper, "number")));
    SH_TRY(put(c, "matter", member(c->matter, "number")));
    SH_TRY(put(c, "period", member(c->paper, "period")));
    SH_TRY(put(c, "party_code", party));
    SH_TRY(put_name(c, "party", "institutions", party));
    SH_TRY(put_name(c, "reviewed", "bodies", subject));
    return put_name(c, "body", "bodies", member(c->matter, "body"));
}

static bool is_of_matter(const json_t *matter, struct sh_str paper) {
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(matter, "papers"), i, entry) {
        if (sh_str_eq(member(entry, "id"), paper))
            return true;
    }
    return false;
}

/* The text of the procedure the paper was issued under. */
static bool find_text(struct collecting *c) {
    const struct sh_procedures *all = sh_matter_procedures(c->gate->texts);
    c->procedure =
        sh_procedure_find(all, member(c->matter, "procedure"), member(c->matter, "place"), c->issued_on);
    const struct sh_str kind = member(c->paper, "kind");
    for (size_t i = 0; c->procedure && i < c->procedure->n_papers; i++)
        if (sh_str_eq(c->procedure->papers[i].id, kind))
            c->text = &c->procedure->papers[i];
    return c->text != NULL;
}

/* 32 hex digits in groups of four. */
static void group_code(struct sh_str id, char *out, size_t size) {
    size_t n = 0;
    for (size_t i = 0; i < id.len && n + 2 < size; i++) {
        if (i > 0 && i % 4 == 0)
            out[n++] = '-';
        out[n++] = id.at[i];
    }
    out[n] = '\0';
}

/* Read with the scope of the program: the right to see the matter was asked, and what a paper of it names
 * (its addressee, the body it comes from) stands on the paper for whoever may read it. */
sh_code sh_paper_collect(struct sh_txn *txn, struct sh_gate *gate, struct sh_request *rq,
                         const json_t *matter, struct sh_str paper, struct sh_paper_source *ret,
                         struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    struct sh_record record;
    if (!is_of_matter(matter, paper))
        return sh_fail(err, SH_E_NOTFOUND, "the matter has no such paper");
    SH_TRY(sh_record_get(txn, &all, paper, (struct sh_as_of){sh_gate_today(gate), INT64_MAX}, false,
                         &rq->arena, &record, err));
    SH_CLEANUP(sh_json_decref_at) json_t *open = NULL;
    SH_TRY(sh_json_read("paper", record.open, &open, err));
    struct collecting c = {.txn = txn,
                           .gate = gate,
                           .rq = rq,
                           .matter = matter,
                           .paper = open,
                           .issued_on = record.valid_from,
                           .facts = ret->facts,
                           .err = err};
    ret->template = sh_paper_find(gate->templates, member(open, "document"));
    if (!ret->template || !find_text(&c))
        return sh_fail(err, SH_E_NOTFOUND, "no template draws this paper");
    group_code(record.id, ret->code, sizeof ret->code);
    SH_TRY(put_lines(&c, paper));
    return put_all(&c, ret->template);
}
