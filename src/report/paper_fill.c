#include "base/date.h"
#include "base/decimal.h"
#include "base/money.h"
#include "report/paper_in.h"
#include <assert.h>

bool sh_fact_is_there(const struct sh_fact *fact, const json_t *facts) {
    const json_t *value = json_object_get(facts, fact->key);
    if (!value || json_is_null(value))
        return false;
    if (json_is_string(value))
        return json_string_length(value) > 0;
    return !json_is_array(value) || json_array_size(value) > 0;
}

static bool is_digits(const json_t *value) {
    const char *text = json_string_value(value);
    return text && json_string_length(value) > 0 && json_string_length(value) < 18 &&
           strspn(text, "0123456789") == json_string_length(value);
}

static struct sh_str text_of(const json_t *value) {
    return (struct sh_str){json_string_value(value), json_string_length(value)};
}

sh_code sh_fact_money(const json_t *value, int64_t *ret_fen, struct sh_err *err) {
    if (!json_is_string(value))
        return sh_fail(err, SH_E_INPUT, "must be an amount as text, like \"1234.56\"");
    return sh_decimal_parse(text_of(value), 2, ret_fen, err);
}

/* Errors say what is wrong, without the fact's name. */
static sh_code check_value(enum sh_fact_type type, const json_t *value, struct sh_err *err) {
    int64_t fen;
    int32_t day;
    switch (type) {
    case SH_FACT_TEXT:
        return json_is_string(value) || json_is_integer(value) ? SH_OK
                                                               : sh_fail(err, SH_E_INPUT, "must be text");
    case SH_FACT_MONEY:
        return sh_fact_money(value, &fen, err);
    case SH_FACT_DATE:
        return json_is_string(value) ? sh_date_parse(text_of(value), &day, err)
                                     : sh_fail(err, SH_E_INPUT, "must be a date, like \"2026-11-27\"");
    case SH_FACT_INT:
        return json_is_integer(value) || is_digits(value)
                   ? SH_OK
                   : sh_fail(err, SH_E_INPUT, "must be a whole number");
    case SH_FACT_LIST:
        return json_is_array(value) || json_is_string(value) ? SH_OK
                                                             : sh_fail(err, SH_E_INPUT, "must be a list");
    case SH_FACT_TABLE:
    case SH_FACT_TYPES:
        break;
    }
    return json_is_array(value) ? SH_OK : sh_fail(err, SH_E_INPUT, "must be a list");
}

static sh_code check_rows(const struct sh_fact *fact, const json_t *value, struct sh_err *err) {
    size_t i;
    const json_t *row;
    json_array_foreach(value, i, row) {
        if (fact->type == SH_FACT_LIST) {
            if (!json_is_string(row))
                return sh_fail(err, SH_E_INPUT, "entry %zu must be text", i + 1);
            continue;
        }
        if (!json_is_object(row))
            return sh_fail(err, SH_E_INPUT, "row %zu must be an object", i + 1);
        for (size_t c = 0; c < fact->n_columns; c++) {
            const json_t *cell = json_object_get(row, fact->columns[c].key);
            if (!cell || json_is_null(cell))
                continue;
            if (check_value(fact->columns[c].type, cell, err) != SH_OK)
                return sh_err_wrap(err, SH_E_INPUT, "row %zu, %.*s: ", i + 1, SH_ARG(fact->columns[c].id));
        }
    }
    return SH_OK;
}

static json_t *row_of(const struct sh_fact *fact, struct sh_str line) {
    json_t *row = json_object();
    struct sh_str rest = line;
    for (size_t c = 0; row && c < fact->n_columns && rest.at; c++) {
        struct sh_str cell = rest;
        if (c + 1 == fact->n_columns)
            rest = (struct sh_str){0};
        else
            (void)sh_str_split(&rest, '|', &cell);
        cell = sh_str_trim(cell);
        if (cell.len &&
            json_object_set_new(row, fact->columns[c].key, json_stringn(cell.at, cell.len)) != 0) {
            json_decref(row);
            return NULL;
        }
    }
    return row;
}

sh_code sh_paper_tables(const struct sh_paper *paper, json_t *facts, struct sh_err *err) {
    for (size_t i = 0; i < paper->n_facts; i++) {
        const struct sh_fact *fact = &paper->facts[i];
        const json_t *value = json_object_get(facts, fact->key);
        if (fact->type != SH_FACT_TABLE || !json_is_string(value))
            continue;
        struct sh_str rest = {json_string_value(value), json_string_length(value)}, line;
        json_t *rows = json_array();
        while (rows && rest.at && sh_str_split(&rest, '\n', &line)) {
            if (sh_str_trim(line).len && json_array_append_new(rows, row_of(fact, line)) != 0)
                return json_decref(rows), sh_fail(err, SH_E_NOMEM, "no room for a table");
        }
        if (!rows || json_object_set_new(facts, fact->key, rows) != 0)
            return sh_fail(err, SH_E_NOMEM, "no room for a table");
    }
    return SH_OK;
}

bool sh_paper_needs(const struct sh_paper *paper, const struct sh_fact *fact) {
    for (size_t i = 0; i < paper->number.n; i++)
        if (paper->number.of[i].fact == fact)
            return true;
    return fact->required;
}

sh_code sh_paper_check(const struct sh_paper *paper, const json_t *facts, struct sh_err *err) {
    assert(paper);
    if (!json_is_object(facts))
        return sh_fail(err, SH_E_INPUT, "the facts of a paper must be an object");
    SH_CLEANUP(sh_buf_free) struct sh_buf faults = {0};
    for (size_t i = 0; i < paper->n_facts; i++) {
        const struct sh_fact *fact = &paper->facts[i];
        const json_t *value = json_object_get(facts, fact->key);
        struct sh_err own = {0};
        if (!sh_fact_is_there(fact, facts)) {
            if (sh_paper_needs(paper, fact))
                sh_buf_addf(&faults, "%s%.*s (%.*s) is missing", faults.len ? "; " : "", SH_ARG(fact->id),
                            SH_ARG(fact->name));
            continue;
        }
        sh_code code = check_value(fact->type, value, &own);
        if (code == SH_OK && json_is_array(value))
            code = check_rows(fact, value, &own);
        if (code != SH_OK)
            sh_buf_addf(&faults, "%s%.*s (%.*s): %s", faults.len ? "; " : "", SH_ARG(fact->id),
                        SH_ARG(fact->name), own.message);
    }
    SH_TRY(sh_buf_check(&faults, err));
    if (faults.len > 0)
        return sh_fail(err, SH_E_INPUT, "paper %.*s: %.*s", SH_ARG(paper->id), SH_ARG(sh_buf_view(&faults)));
    return SH_OK;
}

/* Control characters and those that turn the direction of text are dropped: they could hide what is said. */
static bool is_harmful(uint32_t c) {
    return (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || c == 0x2028 || c == 0x2029;
}

static void add_clean(struct sh_str text, struct sh_buf *out) {
    for (size_t at = 0; at < text.len;) {
        const size_t from = at;
        const uint32_t c = sh_utf8_next(text, &at);
        if (c == '\t')
            sh_buf_add_char(out, ' ');
        else if (!is_harmful(c))
            sh_buf_add(out, text.at + from, at - from);
    }
}

static void tell_date(enum sh_fact_format format, struct sh_str text, struct sh_buf *out) {
    int32_t day;
    if (sh_date_scan(text.at, text.len, &day) != SH_DATE_OK)
        return;
    const struct sh_civil civil = sh_civil_of(day);
    if (format == SH_FORMAT_WORDS)
        sh_date_words(day, out);
    else if (format == SH_FORMAT_YEAR)
        sh_buf_addf(out, "%d", civil.year);
    else
        sh_buf_addf(out, "%d年%d月%d日", civil.year, civil.month, civil.day);
}

void sh_fact_tell(enum sh_fact_type type, enum sh_fact_format format, const json_t *value,
                  struct sh_buf *out) {
    int64_t fen;
    char money[SH_MONEY_TEXT_MAX];
    if (!value || json_is_null(value))
        return;
    switch (type) {
    case SH_FACT_TEXT:
        if (json_is_integer(value))
            sh_buf_addf(out, "%lld", (long long)json_integer_value(value));
        else
            add_clean(text_of(value), out);
        break;
    case SH_FACT_MONEY:
        if (sh_fact_money(value, &fen, NULL) != SH_OK)
            break;
        if (format == SH_FORMAT_WORDS)
            sh_money_words(fen, out);
        else if (sh_money_grouped(fen, money) > 0)
            sh_buf_add_text(out, money);
        break;
    case SH_FACT_DATE:
        tell_date(format, text_of(value), out);
        break;
    case SH_FACT_INT:
        if (json_is_string(value))
            add_clean(text_of(value), out);
        else
            sh_buf_addf(out, "%lld", (long long)json_integer_value(value));
        break;
    case SH_FACT_LIST:
        if (json_is_string(value))
            add_clean(text_of(value), out);
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i > 0)
                sh_buf_add_text(out, "、");
            add_clean(text_of(json_array_get(value, i)), out);
        }
        break;
    case SH_FACT_TABLE:
    case SH_FACT_TYPES:
        break;
    }
}

void sh_pieces_fill(const struct sh_pieces *pieces, const json_t *facts, struct sh_buf *out) {
    for (size_t i = 0; i < pieces->n; i++) {
        const struct sh_piece *p = &pieces->of[i];
        if (p->fact)
            sh_fact_tell(p->fact->type, p->format, json_object_get(facts, p->fact->key), out);
        else
            sh_buf_add_str(out, p->literal);
    }
}

sh_code sh_paper_number(const struct sh_paper *paper, const json_t *facts, struct sh_arena *arena,
                        struct sh_str *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_pieces_fill(&paper->number, facts, &text);
    SH_TRY(sh_buf_check(&text, err));
    const char *copy = sh_arena_dup(arena, text.at, text.len);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for the number of a paper");
    *ret = (struct sh_str){copy, text.len};
    return SH_OK;
}
