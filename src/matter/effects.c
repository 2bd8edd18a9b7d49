/* What belongs to a step: papers with their numbers, rows of registers, postings, sub-matters. */
#include "base/decimal.h"
#include "matter/item.h"

enum { LINES_MAX = 5000 }; /* of one paper: some 250 pages */

/* Papers that the step under way has issued, and how many rows it has written. */
struct issued {
    struct sh_str id[SH_PARTIES_MAX], number[SH_PARTIES_MAX], to[SH_PARTIES_MAX], kind[SH_PARTIES_MAX];
    size_t n, n_rows;
};

/* ---- values ------------------------------------------------------------------------------------------ */

static sh_code builtin(struct work *w, const struct issued *issued, struct sh_str word, struct sh_str *ret,
                       bool *ret_is) {
    char day[SH_DATE_TEXT_MAX];
    sh_date_format(w->occurred_day, day);
    struct sh_str seq = sh_textf(w->arena, "%.*s-%lld", SH_ARG(w->m.number), (long long)w->m.seq);
    if (issued->n_rows) /* a second row of one step is another row */
        seq = sh_textf(w->arena, "%.*s-%zu", SH_ARG(seq), issued->n_rows + 1);
    const struct {
        const char *word;
        struct sh_str value;
    } words[] = {{"subject", w->m.subject},
                 {"number", w->m.number},
                 {"body", w->m.body},
                 {"place", w->m.place},
                 {"period", w->m.period},
                 {"source", w->m.source},
                 {"id", w->m.id},
                 {"actor", actor_of(w)},
                 {"today", sh_copy(w->arena, sh_str_of(day))},
                 {"paper", issued->n ? issued->number[0] : SH_STR("")},
                 {"seq", seq}};
    *ret_is = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !*ret_is; i++)
        if (sh_str_is(word, words[i].word))
            *ret = words[i].value, *ret_is = true;
    if (*ret_is || !sh_str_is(word, "parent_number"))
        return SH_OK;
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select number from mt_matter where id = $1", &SH_TEXT(w->m.parent), 1,
                        w->arena, &rows, w->err));
    *ret = rows.n_rows ? sh_cell(&rows, 0, 0)->str : w->m.number;
    *ret_is = true;
    return SH_OK;
}

static sh_code value_of(struct work *w, const struct issued *issued, const struct sh_yaml *from,
                        struct sh_str *ret) {
    const struct sh_str word = from->text;
    bool is = false;
    *ret = SH_STR("");
    if (sh_str_starts_with(word, SH_STR("="))) {
        *ret = sh_str_sub(word, 1, word.len);
        return SH_OK;
    }
    if (sh_str_starts_with(word, SH_STR("fen:"))) {
        struct sh_yaml amount = *from;
        char text[SH_MONEY_TEXT_MAX];
        int64_t fen = 0;
        bool is_known = false;
        struct sh_str missing;
        amount.text = sh_str_sub(word, 4, word.len);
        SH_TRY(sh_factbook_fen(w->facts, &amount, -1, &fen, &is_known, &missing, w->err));
        if (is_known) {
            sh_money_plain(fen, text);
            *ret = sh_copy(w->arena, sh_str_of(text));
        }
        return SH_OK;
    }
    if (sh_str_starts_with(word, SH_STR("n:"))) {
        const struct sh_field whole = {.type = SH_FIELD_INT};
        struct sh_yaml number = *from;
        struct sh_str missing;
        number.text = sh_str_sub(word, 2, word.len);
        return sh_factbook_value(w->facts, &number, &whole, ret, &missing, w->err);
    }
    const int32_t field = sh_machine_field(&w->m.text->matter, word);
    if (field >= 0) {
        *ret = w->m.values[field];
        return SH_OK;
    }
    return builtin(w, issued, word, ret, &is);
}

sh_code sh_source_value(struct work *w, const struct sh_yaml *from, struct sh_str *ret) {
    const struct issued none = {.n = 0};
    return value_of(w, &none, from, ret);
}

static sh_code is_wanted(struct work *w, const struct sh_yaml *when, bool *ret) {
    enum sh_guard_answer answer = SH_YES;
    struct sh_str missing;
    if (when)
        SH_TRY(sh_factbook_ask(w->facts, when, -1, &answer, &missing, w->err));
    *ret = answer == SH_YES;
    if (answer == SH_UNKNOWN)
        sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_UNKNOWN, SH_ARG(when->text),
                       SH_ARG(missing));
    return SH_OK;
}

/* ---- items of the matter ------------------------------------------------------------------------------ */

/* Those a condition holds for (NULL: all), day by day. */
static sh_code items_where(struct work *w, const struct sh_yaml *when, struct item **ret, size_t *ret_n) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn,
                        "select " ITEM_COLUMNS " from mt_item where matter = $1 order by day, id limit 50000",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    struct item *items = sh_new(w->arena, struct item, rows.n_rows + 1);
    const struct sh_str **values = sh_new(w->arena, const struct sh_str *, rows.n_rows + 1);
    int32_t *at = sh_new(w->arena, int32_t, rows.n_rows + 1);
    enum sh_guard_answer *answers = sh_new(w->arena, enum sh_guard_answer, rows.n_rows + 1);
    if (!items || !values || !at || !answers)
        return sh_fail(w->err, SH_E_NOMEM, "no room for items");
    for (size_t i = 0; i < rows.n_rows; i++) {
        struct sh_str *fields = sh_new(w->arena, struct sh_str, w->m.text->items->n_fields + 1);
        if (!fields)
            return sh_fail(w->err, SH_E_NOMEM, "no room for items");
        sh_item_of_row(&rows, i, &items[i]);
        SH_TRY(sh_fields_parse(w->m.text->items, items[i].fields, w->arena, fields, w->err));
        values[i] = fields, at[i] = (int32_t)i;
        answers[i] = SH_YES;
    }
    if (when && rows.n_rows) {
        SH_TRY(sh_items_facts(w, items, values, rows.n_rows));
        SH_TRY(sh_factbook_ask_items(w->facts, when, at, rows.n_rows, answers, w->err));
        SH_TRY(sh_work_facts(w, w->m.values, sh_step_asks_items(w->m.text, w->step))); /* the step's own */
    }
    *ret = items, *ret_n = 0;
    for (size_t i = 0; i < rows.n_rows; i++)
        if (answers[i] == SH_YES)
            items[(*ret_n)++] = items[i];
    return SH_OK;
}

/* ---- papers (D4) ------------------------------------------------------------------------------------- */

/* Given once, never again: also when a step rolls back, as nothing was told to anybody then. */
static sh_code next_number(struct work *w, struct sh_str kind, int year, int64_t *ret) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.body), SH_TEXT(kind), SH_I64(year)};
    SH_TRY(sh_sql_query(
        w->txn,
        "insert into mt_number (body, kind, year, last) values ($1, $2, $3, 1) on conflict (body, kind, "
        "year) do update set last = mt_number.last + 1 returning last",
        key, 3, w->arena, &rows, w->err));
    *ret = sh_cell(&rows, 0, 0)->i64;
    return SH_OK;
}

static struct sh_str fill_pattern(struct work *w, struct sh_str pattern, int year, int64_t seq) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    while (pattern.len) {
        if (sh_str_starts_with(pattern, SH_STR("{year}"))) {
            sh_buf_addf(&out, "%d", year);
            pattern = sh_str_sub(pattern, 6, pattern.len);
        } else if (sh_str_starts_with(pattern, SH_STR("{seq}"))) {
            sh_buf_addf(&out, "%lld", (long long)seq);
            pattern = sh_str_sub(pattern, 5, pattern.len);
        } else if (sh_str_starts_with(pattern, SH_STR("{body}"))) {
            sh_buf_add_str(&out, w->m.body);
            pattern = sh_str_sub(pattern, 6, pattern.len);
        } else {
            sh_buf_add_char(&out, pattern.at[0]);
            pattern = sh_str_sub(pattern, 1, pattern.len);
        }
    }
    return sh_copy(w->arena, sh_buf_view(&out));
}

/* The items a paper lists; empty where it lists none, or more than fit on one. */
struct lines {
    const struct item *of;
    size_t n;
    char hash[SH_DIGEST_HEX_MAX];
};

static sh_code read_lines(struct work *w, const struct sh_paper_text *paper, struct lines *ret) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    uint8_t digest[SH_DIGEST_BYTES];
    struct item *items = NULL;
    *ret = (struct lines){.n = 0};
    if (!paper->lines)
        return SH_OK;
    SH_TRY(items_where(w, paper->lines, &items, &ret->n));
    if (ret->n > LINES_MAX)
        ret->n = 0;
    ret->of = items;
    for (size_t i = 0; i < ret->n; i++)
        sh_buf_addf(&text, "%.*s %lld\n", SH_ARG(items[i].id), (long long)items[i].amount);
    SH_TRY(sh_buf_check(&text, w->err));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, text.at ? text.at : "", text.len, digest, w->err));
    sh_hex(digest, SH_DIGEST_BYTES, ret->hash);
    return SH_OK;
}

static sh_code put_lines(struct work *w, struct sh_str paper, const struct lines *lines) {
    for (size_t i = 0; i < lines->n; i++) {
        const struct sh_value row[] = {SH_TEXT(paper), SH_I64((int64_t)i), SH_TEXT(lines->of[i].id),
                                       SH_I64(lines->of[i].amount)};
        SH_TRY(sh_sql_run(w->txn, "insert into mt_line (paper, seq, item, amount) values ($1, $2, $3, $4)",
                          row, 4, NULL, w->err));
    }
    return SH_OK;
}

static sh_code put_says(struct work *w, const struct sh_paper_text *paper, struct sh_json *json) {
    const struct issued none = {.n = 0};
    sh_json_key(json, "says");
    sh_json_object(json);
    for (size_t i = 0; i < paper->n_says; i++) {
        char name[96];
        struct sh_str value;
        (void)snprintf(name, sizeof name, "%.*s", SH_ARG(paper->says[i].to));
        SH_TRY(value_of(w, &none, paper->says[i].from, &value));
        if (value.len)
            sh_json_put_str(json, name, value);
    }
    if (w->step->minutes_of >= 0)
        SH_TRY(sh_minutes_say(w, json));
    sh_json_object_end(json);
    return SH_OK;
}

static sh_code paper_text(struct work *w, const struct sh_paper_text *paper, struct sh_str number,
                          struct sh_str to, const struct lines *lines, struct sh_buf *out) {
    struct sh_str fields;
    SH_TRY(sh_fields_text(&w->m.text->matter, w->m.values, w->arena, &fields, w->err));
    struct sh_json json;
    sh_json_begin(&json, out);
    sh_json_object(&json);
    sh_json_put_str(&json, "kind", paper->id);
    sh_json_put_str(&json, "name", paper->name);
    sh_json_put_str(&json, "document", paper->document);
    sh_json_put_str(&json, "number", number);
    sh_json_put_str(&json, "to", to);
    sh_json_put_str(&json, "matter", w->m.number);
    sh_json_put_str(&json, "subject", w->m.subject);
    sh_json_put_str(&json, "period", w->m.period);
    sh_json_put_str(&json, "step", w->step->id);
    sh_json_key(&json, "fields");
    sh_json_raw(&json, fields);
    if (paper->n_says || w->step->minutes_of >= 0)
        SH_TRY(put_says(w, paper, &json));
    if (lines->n) {
        sh_json_put_i64(&json, "lines", (int64_t)lines->n);
        sh_json_put_text(&json, "lines_hash", lines->hash);
    }
    sh_json_object_end(&json);
    return sh_json_end(&json, w->err);
}

static sh_code issue(struct work *w, const struct sh_paper_text *paper, struct sh_str to,
                     const struct lines *lines, struct issued *issued) {
    const int year = sh_civil_of(w->occurred_day).year;
    int64_t seq = 0;
    if (issued->n == SH_PARTIES_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "more than %d papers in one step", SH_PARTIES_MAX);
    SH_TRY(next_number(w, paper->number, year, &seq));
    const struct sh_str number = fill_pattern(w, paper->number, year, seq);
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    SH_TRY(paper_text(w, paper, number, to, lines, &open));
    struct sh_record_ref ref;
    const struct sh_record_change change = {
        .register_name = SH_STR("papers"),
        .key = sh_textf(w->arena, "%.*s|%.*s", SH_ARG(w->m.body), SH_ARG(number)),
        .labels = {.body = w->m.body, .place = w->m.place, .matter = w->m.id},
        .valid_from = w->occurred_day,
        .valid_to = SH_DAY_OPEN,
        .open = sh_buf_view(&open)};
    SH_TRY(sh_record_put(w->txn, &change, &ref, w->err));
    const struct sh_str id = sh_copy(w->arena, (struct sh_str){ref.id, SH_ID_TEXT});
    const struct sh_value values[] = {
        SH_TEXT(id),        SH_TEXT(w->m.id), SH_TEXT(paper->id),         SH_TEXT(number),
        SH_TEXT(w->m.body), SH_TEXT(to),      SH_I64(sh_txn_now(w->txn)), SH_I64(w->m.seq)};
    SH_TRY(sh_sql_run(
        w->txn,
        "insert into mt_paper (id, matter, kind, number, body, addressee, issued_at, served_day, seq, "
        "record) values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $1)",
        values, 8, NULL, w->err));
    SH_TRY(put_lines(w, id, lines));
    issued->id[issued->n] = id, issued->number[issued->n] = number;
    issued->to[issued->n] = to, issued->kind[issued->n++] = paper->id;
    return SH_OK;
}

static sh_code issue_all(struct work *w, struct issued *issued) {
    for (size_t i = 0; i < w->step->n_issues; i++) {
        const struct sh_paper_text *paper = &w->m.text->papers[w->step->issues[i]];
        struct lines lines;
        SH_TRY(read_lines(w, paper, &lines));
        for (size_t p = 0; paper->to_party && p < w->parties.n; p++)
            if (w->step->per != SH_PER_PARTY || sh_str_eq(w->parties.of[p].id, w->member))
                SH_TRY(issue(w, paper, w->parties.of[p].id, &lines, issued));
        if (!paper->to_party)
            SH_TRY(issue(w, paper, paper->to, &lines, issued));
    }
    return SH_OK;
}

/* The service of a paper of the parent: its clocks run from that day (T2, D4). */
sh_code sh_paper_served(struct work *w, struct sh_str paper, int32_t day) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(paper), SH_I64(day)};
    SH_TRY(sh_sql_query(
        w->txn,
        "update mt_paper set served_day = $2 where id = $1 and served_day = 0 returning matter, kind, "
        "addressee",
        key, 2, w->arena, &rows, w->err));
    if (rows.n_rows == 0)
        return SH_OK;
    struct work parent = sh_work_beside(w);
    SH_TRY(sh_matter_load(&parent, sh_cell(&rows, 0, 0)->str));
    const struct sh_procedure *text = parent.m.text;
    int32_t kind = -1;
    for (size_t i = 0; i < text->n_papers; i++)
        if (sh_str_eq(text->papers[i].id, sh_cell(&rows, 0, 1)->str))
            kind = (int32_t)i;
    if (text->matter.states[parent.m.state].is_final || kind < 0)
        return SH_OK;
    parent.occurred = w->occurred, parent.occurred_day = day;
    parent.member = sh_cell(&rows, 0, 2)->str;
    parent.used = w->used, parent.why = SH_STR("");
    SH_TRY(sh_clocks_after_service(&parent, kind, parent.member, day));
    parent.m.seq++;
    const struct sh_str step = sh_textf(w->arena, "served.%.*s", SH_ARG(sh_cell(&rows, 0, 1)->str));
    return sh_step_note(&parent, step);
}

/* ---- rows, money, sub-matters ------------------------------------------------------------------------ */

static sh_code index_row(struct work *w, const struct sh_register *reg, const struct sh_str *values,
                         struct sh_str record) {
    for (size_t i = 0; i < reg->n_fields; i++) {
        if ((reg->fields[i].type != SH_FIELD_CODE && reg->fields[i].type != SH_FIELD_REF) ||
            values[i].len == 0)
            continue;
        const struct sh_value row[] = {SH_TEXT(reg->id), SH_TEXT(reg->fields[i].id), SH_TEXT(values[i]),
                                       SH_TEXT(record)};
        SH_TRY(sh_sql_run(
            w->txn,
            "insert into mt_row (register, field, value, record) values ($1, $2, $3, $4) on conflict do "
            "nothing",
            row, 4, NULL, w->err));
    }
    return SH_OK;
}

static sh_code row_texts(struct work *w, const struct sh_register *reg, const struct sh_str *values,
                         struct sh_buf *open, struct sh_buf *key, struct sh_buf *search) {
    struct sh_json json;
    sh_json_begin(&json, open);
    sh_json_object(&json);
    for (size_t i = 0; i < reg->n_fields; i++) {
        char id[96];
        (void)snprintf(id, sizeof id, "%.*s", SH_ARG(reg->fields[i].id));
        if (values[i].len)
            sh_json_put_str(&json, id, values[i]);
        if (!reg->fields[i].mask && values[i].len)
            sh_search_add_term(search, reg->fields[i].id, values[i]);
        if (reg->fields[i].is_key)
            sh_buf_addf(key, "%s%.*s", key->len ? "|" : "", SH_ARG(values[i]));
    }
    sh_json_object_end(&json);
    return sh_json_end(&json, w->err);
}

static void need_row(struct work *w, const struct sh_register *reg, const struct sh_str *values) {
    for (size_t i = 0; i < reg->n_fields; i++)
        if (reg->fields[i].required && values[i].len == 0)
            sh_failure_add(w, SH_FAIL_NEEDS, w->step->basis, reg->fields[i].id, M_NEEDS,
                           SH_ARG(reg->fields[i].name));
}

/* The first day counts, the last is the day before the same date n months later (T8). */
static void term_of(const struct work *w, const struct sh_write_text *write, int32_t *ret_from,
                    int32_t *ret_to) {
    *ret_from = w->occurred_day, *ret_to = SH_DAY_OPEN;
    int64_t months = 0;
    if (write->from >= 0) {
        const struct sh_str day = w->m.values[write->from];
        int32_t first = 0;
        if (sh_date_scan(day.at, day.len, &first) == SH_DATE_OK)
            *ret_from = first;
    }
    if (write->months >= 0) {
        const struct sh_str n = w->m.values[write->months];
        if (sh_decimal_scan(n.at, n.len, 0, &months) == SH_DECIMAL_OK && months > 0)
            *ret_to = sh_add_months(*ret_from, (int32_t)months);
    }
}

static sh_code write_row(struct work *w, const struct sh_write_text *write, struct issued *issued) {
    const struct sh_register *reg = sh_register_find(w->texts->registers, write->reg);
    struct sh_str *values = sh_new(w->arena, struct sh_str, reg->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a row");
    for (size_t i = 0; i < reg->n_fields; i++)
        values[i] = SH_STR("");
    int32_t from, to;
    term_of(w, write, &from, &to);
    for (size_t i = 0; i < write->n_values; i++) {
        const int32_t field = sh_register_field(reg, write->values[i].to, false);
        struct sh_str text;
        SH_TRY(value_of(w, issued, write->values[i].from, &text));
        struct sh_err why;
        if (sh_field_check(&reg->fields[field], text, lang_of(w), w->arena, &values[field], &why) != SH_OK)
            sh_value_refused(w, w->step->basis, &reg->fields[field], &why);
    }
    need_row(w, reg, values);
    if (w->failures->n)
        return SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0}, key = {0}, search = {0};
    SH_TRY(row_texts(w, reg, values, &open, &key, &search));
    struct sh_record_ref ref;
    const struct sh_record_change change = {
        .register_name = reg->id,
        .key = sh_buf_view(&key),
        .labels = {.body = reg->body_field >= 0 ? values[reg->body_field] : SH_STR(""),
                   .place = reg->place_field >= 0 ? values[reg->place_field] : SH_STR(""),
                   .matter = w->m.id},
        .valid_from = reg->has_validity ? from : 0,
        .valid_to = to,
        .open = sh_buf_view(&open),
        .search = sh_buf_view(&search)};
    SH_TRY(sh_record_put(w->txn, &change, &ref, w->err));
    issued->n_rows++;
    const struct sh_value written[] = {SH_TEXT(((struct sh_str){ref.id, SH_ID_TEXT})), SH_TEXT(w->m.id),
                                       SH_I64(w->m.seq), SH_TEXT(reg->id), SH_TEXT(change.key)};
    SH_TRY(sh_sql_run(
        w->txn, "insert into mt_written (record, matter, seq, register, key) values ($1, $2, $3, $4, $5)",
        written, 5, NULL, w->err));
    return index_row(w, reg, values, (struct sh_str){ref.id, SH_ID_TEXT});
}

/* A month that was closed takes no more postings: the register says by which article. What the law itself
 * does late, after a server stood still, is posted today. */
static sh_code posting_day(struct work *w, int32_t *ret) {
    const struct sh_str month = sh_month_text(w->arena, w->occurred_day);
    const struct sh_scope all = sh_everything();
    struct sh_record record;
    const struct sh_register *reg = sh_register_find(w->texts->registers, SH_STR("closed_months"));
    *ret = w->occurred_day;
    if (!reg)
        return SH_OK;
    const struct sh_str key = sh_textf(w->arena, "%.*s|%.*s", SH_ARG(w->m.body), SH_ARG(month));
    const sh_code code = sh_record_find(w->txn, &all, reg->id, key, (struct sh_as_of){w->today, INT64_MAX},
                                        w->arena, &record, w->err);
    if (code == SH_E_NOTFOUND)
        return SH_OK;
    SH_TRY(code);
    if (w->who)
        sh_failure_add(w, SH_FAIL_TIME, reg->n_basis ? reg->basis[0] : w->step->basis, SH_STR(""),
                       M_MONTH_CLOSED, SH_ARG(month));
    else
        *ret = w->today;
    return SH_OK;
}

static const struct posting_rule *rule_of(const struct work *w, struct sh_str kind, struct sh_str fund) {
    const struct posting_rule *any = NULL;
    for (size_t i = 0; i < w->texts->n_rules; i++) {
        const struct posting_rule *rule = &w->texts->rules[i];
        if (sh_str_eq(rule->kind, kind) && sh_str_eq(rule->fund, fund))
            return rule;
        if (sh_str_eq(rule->kind, kind) && sh_str_is(rule->fund, "*"))
            any = rule;
    }
    return any;
}

/* Where the law leaves the account open, the place sets it: param(name). */
static struct sh_str account_of(struct work *w, const struct posting_rule *rule) {
    const struct sh_str head = SH_STR("param(");
    if (!sh_str_starts_with(rule->to, head))
        return rule->to;
    struct sh_str why = SH_STR("");
    const struct sh_str name = sh_str_sub(rule->to, head.len, rule->to.len - head.len - 1);
    const char *text = sh_arena_printf(w->arena, NULL, "%.*s", SH_ARG(name));
    const struct sh_param *account = text ? sh_param_read(w, text, &why) : NULL;
    if (account)
        return account->text;
    sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_UNKNOWN, SH_ARG(rule->to), SH_ARG(why));
    return SH_STR("");
}

static sh_code post(struct work *w, const struct sh_post_text *text) {
    bool is_known = false;
    int64_t fen = 0;
    struct sh_str missing, fund = text->fund;
    if (sh_str_starts_with(fund, SH_STR("=")))
        fund = sh_str_sub(fund, 1, fund.len);
    else if (sh_machine_field(&w->m.text->matter, fund) >= 0)
        fund = w->m.values[sh_machine_field(&w->m.text->matter, fund)];
    SH_TRY(sh_factbook_fen(w->facts, text->amount, -1, &fen, &is_known, &missing, w->err));
    if (!is_known) {
        sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_UNKNOWN, SH_ARG(text->amount->text),
                       SH_ARG(missing));
        return SH_OK;
    }
    const struct posting_rule *rule = rule_of(w, text->kind, fund);
    if (!rule) {
        sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_NO_RULE, SH_ARG(text->kind),
                       SH_ARG(fund));
        return SH_OK;
    }
    if (fen == 0)
        return SH_OK;
    int32_t day = 0;
    struct sh_str to;
    SH_TRY(posting_day(w, &day));
    to = account_of(w, rule);
    if (w->failures->n)
        return SH_OK;
    const struct sh_entry entries[] = {{rule->from, fund, -fen}, {to, fund, fen}};
    const struct sh_posting posting = {.ledger = SH_STR("money"),
                                       .day = day,
                                       .labels = {.body = w->m.body, .place = w->m.place, .matter = w->m.id},
                                       .about = w->m.number,
                                       .entries = entries,
                                       .n_entries = 2};
    char id[SH_ID_TEXT + 1];
    SH_TRY(sh_ledger_post(w->txn, &posting, id, w->err));
    const struct sh_value kept[] = {
        SH_TEXT(sh_str_of(id)), SH_TEXT(w->m.id),   SH_I64(w->m.seq), SH_TEXT(text->kind),
        SH_TEXT(fund),          SH_TEXT(w->m.body), SH_I64(day),      SH_I64(fen)};
    return sh_sql_run(
        w->txn,
        "insert into mt_posting (id, matter, seq, kind, fund, body, day, amount) values ($1, $2, $3, $4, $5, "
        "$6, $7, $8)",
        kept, 8, NULL, w->err);
}

/* What a sub-matter is opened for: nothing, a paper just issued, or an item. */
struct cause {
    struct sh_str source;
    size_t paper;            /* SIZE_MAX: none */
    const struct item *item; /* NULL: none */
};

/* "item.amount" and the like; empty for other words. */
static sh_code item_value(struct work *w, const struct item *item, struct sh_str word, struct sh_str *ret) {
    const struct sh_str name = sh_str_sub(word, 5, word.len);
    const struct {
        const char *word;
        const struct sh_str *text;
        const int64_t *fen;
    } kept[] = {{"id", &item->id, NULL},         {"name", &item->name, NULL},
                {"state", &item->state, NULL},   {"institution", &item->institution, NULL},
                {"amount", NULL, &item->amount}, {"fund_amount", NULL, &item->fund_amount}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        char money[SH_MONEY_TEXT_MAX];
        if (!sh_str_is(name, kept[i].word))
            continue;
        if (kept[i].fen)
            sh_money_plain(*kept[i].fen, money);
        *ret = kept[i].text ? *kept[i].text : sh_copy(w->arena, sh_str_of(money));
        return SH_OK;
    }
    const struct sh_machine *items = w->m.text->items;
    struct sh_str *values = sh_new(w->arena, struct sh_str, items->n_fields + 1);
    if (!values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for an item");
    SH_TRY(sh_fields_parse(items, item->fields, w->arena, values, w->err));
    const int32_t at = sh_machine_field(items, name);
    *ret = at >= 0 ? values[at] : SH_STR("");
    return SH_OK;
}

/* 620102 → 620100: the body there, of the kind the text names. */
static sh_code city_of(struct work *w, const struct sh_procedure *child, struct sh_str *io_body,
                       struct sh_str *io_place) {
    if (io_place->len == 6)
        *io_place = sh_textf(w->arena, "%.4s00", io_place->at);
    SH_TRY(sh_body_near(w, child->body, *io_place, io_body));
    if (io_body->len == 0)
        sh_failure_add(w, SH_FAIL_BODY, w->step->basis, SH_STR(""), M_NO_BODY, SH_ARG(child->body));
    return SH_OK;
}

/* What the other body may read beside what is told to it (D9): as it lies in the file by now. */
static sh_code hand_over(struct work *w, const struct sh_open_text *text, struct sh_str child) {
    for (size_t i = 0; i < text->n_hands; i++) {
        const struct sh_value row[] = {SH_TEXT(child), SH_TEXT(w->m.id),
                                       SH_TEXT(w->m.text->papers[text->hands[i]].id)};
        SH_TRY(
            sh_sql_run(w->txn,
                       "insert into mt_handed (matter, paper) select $1, id from mt_paper where matter = $2 "
                       "and kind = $3",
                       row, 3, NULL, w->err));
    }
    return SH_OK;
}

static sh_code open_one(struct work *w, const struct sh_open_text *text, const struct issued *issued,
                        const struct cause *cause) {
    const size_t paper = cause->paper;
    const struct sh_procedure *child =
        sh_procedure_find(w->texts->procedures, text->procedure, w->m.place, w->today);
    if (!child) {
        sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_TEXT_NONE);
        return SH_OK;
    }
    struct sh_matter_value values[SH_PROCEDURE_NAMES_MAX];
    struct sh_matter_new wanted = {.procedure = child->id,
                                   .subject = w->m.subject,
                                   .parent = w->m.id,
                                   .period = child->period != SH_PERIOD_NONE ? w->m.period : SH_STR(""),
                                   .body = w->m.body,
                                   .values = values};
    struct issued one = {.n = 0};
    if (paper < issued->n) {
        one.number[0] = issued->number[paper], one.n = 1;
        wanted.subject = issued->to[paper].len ? issued->to[paper] : w->m.subject;
    } else {
        one = *issued;
    }
    for (size_t i = 0; i < text->n_values && wanted.n_values < SH_PROCEDURE_NAMES_MAX; i++) {
        struct sh_str value;
        if (cause->item && sh_str_starts_with(text->values[i].from->text, SH_STR("item.")))
            SH_TRY(item_value(w, cause->item, text->values[i].from->text, &value));
        else
            SH_TRY(value_of(w, &one, text->values[i].from, &value));
        if (sh_str_is(text->values[i].to, "subject"))
            wanted.subject = value;
        else
            values[wanted.n_values++] = (struct sh_matter_value){text->values[i].to, value};
    }
    char id[SH_ID_TEXT + 1];
    struct sh_str place = w->m.place;
    if (text->at_city)
        SH_TRY(city_of(w, child, &wanted.body, &place));
    if (w->failures->n)
        return SH_OK;
    SH_TRY(sh_matter_make(w, child, &wanted, place, cause->source, id));
    return hand_over(w, text, sh_str_of(id));
}

/* One for each item the condition holds for. */
static sh_code open_for_items(struct work *w, const struct sh_open_text *text, const struct issued *issued) {
    struct item *items = NULL;
    size_t n = 0;
    SH_TRY(items_where(w, text->when, &items, &n));
    for (size_t i = 0; i < n; i++) {
        const struct cause cause = {items[i].id, SIZE_MAX, &items[i]};
        SH_TRY(open_one(w, text, issued, &cause));
    }
    return SH_OK;
}

sh_code sh_item_opens(struct work *w, const struct item *item, size_t row) {
    struct issued *none = sh_new(w->arena, struct issued, 1);
    const struct cause cause = {item->id, SIZE_MAX, item};
    const int32_t at = (int32_t)row;
    if (!none)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a sub-matter");
    for (size_t i = 0; i < w->step->n_opens; i++) {
        enum sh_guard_answer answer = SH_YES;
        if (w->step->opens[i].when)
            SH_TRY(sh_factbook_ask_items(w->facts, w->step->opens[i].when, &at, 1, &answer, w->err));
        if (answer == SH_UNKNOWN)
            sh_failure_add(w, SH_FAIL_UNKNOWN, w->step->basis, SH_STR(""), M_UNKNOWN,
                           SH_ARG(w->step->opens[i].when->text), SH_ARG(SH_STR("")));
        if (answer == SH_YES)
            SH_TRY(open_one(w, &w->step->opens[i], none, &cause));
    }
    return SH_OK;
}

/* A sub-matter that was opened for an item says what becomes of it; one opened by hand has none. */
static sh_code give_back(struct work *w, const struct issued *issued) {
    const struct sh_return_text *back = &w->step->returns;
    struct sh_matter_value values[SH_PROCEDURE_NAMES_MAX];
    if (back->step.len == 0 || w->m.source.len == 0)
        return SH_OK;
    size_t n = 0;
    for (; n < back->n_values && n < SH_PROCEDURE_NAMES_MAX; n++) {
        values[n].field = back->values[n].to;
        SH_TRY(value_of(w, issued, back->values[n].from, &values[n].text));
    }
    return sh_item_take(w, w->m.source, back->step, values, n);
}

static sh_code open_all(struct work *w, const struct issued *issued) {
    for (size_t i = 0; i < w->step->n_opens; i++) {
        const struct sh_open_text *text = &w->step->opens[i];
        bool is = false;
        if (sh_str_is(text->per, "item")) {
            SH_TRY(open_for_items(w, text, issued));
            continue;
        }
        SH_TRY(is_wanted(w, text->when, &is));
        if (!is)
            continue;
        const bool per_paper = sh_str_is(text->per, "paper");
        for (size_t p = 0; p < (per_paper ? issued->n : 1); p++) {
            const struct cause cause = {per_paper ? issued->id[p] : w->step->id, per_paper ? p : SIZE_MAX,
                                        NULL};
            SH_TRY(open_one(w, text, issued, &cause));
        }
    }
    return SH_OK;
}

sh_code sh_effects(struct work *w) {
    struct issued *issued = sh_new(w->arena, struct issued, 1);
    if (!issued)
        return sh_fail(w->err, SH_E_NOMEM, "no room for papers");
    if (!w->facts)
        SH_TRY(sh_work_facts(w, w->m.values, sh_step_asks_items(w->m.text, w->step)));
    SH_TRY(issue_all(w, issued));
    for (size_t i = 0; i < w->step->n_writes; i++) {
        bool is = false;
        SH_TRY(is_wanted(w, w->step->writes[i].when, &is));
        if (is)
            SH_TRY(write_row(w, &w->step->writes[i], issued));
    }
    for (size_t i = 0; i < w->step->n_posts; i++) {
        bool is = false;
        SH_TRY(is_wanted(w, w->step->posts[i].when, &is));
        if (is)
            SH_TRY(post(w, &w->step->posts[i]));
    }
    SH_TRY(open_all(w, issued));
    SH_TRY(give_back(w, issued));
    SH_TRY(sh_container_join(w));
    SH_TRY(sh_container_carry(w));
    SH_TRY(sh_watches_wake(w));
    return w->step->is_serving && w->m.source.len ? sh_paper_served(w, w->m.source, w->occurred_day) : SH_OK;
}
