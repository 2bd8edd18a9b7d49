/* The workbook of a run's findings: what a hospital gets back from a check of its own files. */
#include "report/report.h"
#include "audit/audit.h"
#include "base/date.h"
#include "base/json.h"
#include "base/limits.h"
#include <assert.h>
#include <math.h>

#define LINES_SHOWN 50 /* of one finding, in a cell; the receipt has all */

#define BOOK_MESSAGES(X)                                                                                     \
    X(BOOK_SUMMARY, "汇总", "summary")                                                                       \
    X(BOOK_UNCHECKED, "未评估与豁免", "not evaluated")                                                       \
    X(BOOK_NO, "国家规则序号", "national no")                                                                \
    X(BOOK_RULE, "规则", "rule")                                                                             \
    X(BOOK_CLEAR, "未命中", "clear")                                                                         \
    X(BOOK_HIT, "命中", "hit")                                                                               \
    X(BOOK_EXEMPT_N, "豁免", "exempt")                                                                       \
    X(BOOK_MISSING, "未评估", "not evaluated")                                                               \
    X(BOOK_FINDINGS, "疑点", "findings")                                                                     \
    X(BOOK_AMOUNT, "违规金额（元）", "amount (yuan)")                                                        \
    X(BOOK_COUNTED, "计入金额（元，不重复）", "counted once (yuan)")                                         \
    X(BOOK_FUND, "基金部分（元）", "fund share (yuan)")                                                      \
    X(BOOK_TOTAL, "合计", "total")                                                                           \
    X(BOOK_ANSWER, "结果", "answer")                                                                         \
    X(BOOK_FIELD, "缺少的字段或豁免条件", "missing field or exemption")                                      \
    X(BOOK_SUBJECTS, "对象数", "subjects")                                                                   \
    X(BOOK_LINES, "明细行数", "lines")                                                                       \
    X(BOOK_COVERED, "纳入支付（元）", "covered (yuan)")                                                      \
    X(BOOK_LEVEL, "等级", "level")                                                                           \
    X(BOOK_DAY, "日期", "day")                                                                               \
    X(BOOK_INSTITUTION, "机构代码", "institution")                                                           \
    X(BOOK_INSTITUTION_NAME, "机构名称", "institution name")                                                 \
    X(BOOK_PERSON, "参保人编号", "person")                                                                   \
    X(BOOK_ENCOUNTER, "就诊编号", "encounter")                                                               \
    X(BOOK_SAY, "说明", "explanation")                                                                       \
    X(BOOK_CLEARING, "如改为以下则不成立", "what would clear it")                                            \
    X(BOOK_BLAMED, "违规明细", "blamed lines")                                                               \
    X(BOOK_DOUBT, "存疑", "in doubt")                                                                        \
    X(BOOK_SOURCE, "知识点来源", "source of the point")                                                      \
    X(BOOK_BASIS, "依据", "basis")                                                                           \
    X(BOOK_ID, "疑点编号", "id")                                                                             \
    X(BOOK_MORE, "；… 另有 %zu 条，见凭据", "; … and %zu more, see the receipt")                             \
    X(BOOK_CERTAIN, "明确违规", "certain")                                                                   \
    X(BOOK_SUSPECTED, "高度可疑", "suspected")                                                               \
    X(BOOK_INDICATOR, "提示", "indicator")

enum book_message { BOOK_MESSAGES(SH_MSG_ID) BOOK_MESSAGES_N };
static const struct sh_msg messages[] = {BOOK_MESSAGES(SH_MSG_ENTRY)};

struct shape {
    enum book_message title;
    unsigned width;
    enum sh_book_kind kind;
};
static const struct shape summary_shape[] = {
    {BOOK_NO, 8, SH_BOOK_COUNT},        {BOOK_RULE, 40, SH_BOOK_TEXT},      {BOOK_CLEAR, 12, SH_BOOK_COUNT},
    {BOOK_HIT, 12, SH_BOOK_COUNT},      {BOOK_EXEMPT_N, 12, SH_BOOK_COUNT}, {BOOK_MISSING, 12, SH_BOOK_COUNT},
    {BOOK_FINDINGS, 12, SH_BOOK_COUNT}, {BOOK_AMOUNT, 16, SH_BOOK_MONEY},   {BOOK_COUNTED, 16, SH_BOOK_MONEY},
    {BOOK_FUND, 16, SH_BOOK_MONEY},
};
static const struct shape unchecked_shape[] = {
    {BOOK_RULE, 40, SH_BOOK_TEXT},      {BOOK_ANSWER, 12, SH_BOOK_TEXT}, {BOOK_FIELD, 48, SH_BOOK_WRAPPED},
    {BOOK_SUBJECTS, 12, SH_BOOK_COUNT}, {BOOK_LINES, 12, SH_BOOK_COUNT}, {BOOK_COVERED, 16, SH_BOOK_MONEY},
};
static const struct shape finding_shape[] = {
    {BOOK_LEVEL, 10, SH_BOOK_TEXT},       {BOOK_DAY, 12, SH_BOOK_DAY},
    {BOOK_INSTITUTION, 14, SH_BOOK_TEXT}, {BOOK_INSTITUTION_NAME, 20, SH_BOOK_WRAPPED},
    {BOOK_PERSON, 18, SH_BOOK_TEXT},      {BOOK_ENCOUNTER, 18, SH_BOOK_TEXT},
    {BOOK_AMOUNT, 14, SH_BOOK_MONEY},     {BOOK_COUNTED, 14, SH_BOOK_MONEY},
    {BOOK_FUND, 14, SH_BOOK_MONEY},       {BOOK_SAY, 48, SH_BOOK_WRAPPED},
    {BOOK_CLEARING, 36, SH_BOOK_WRAPPED}, {BOOK_BLAMED, 48, SH_BOOK_WRAPPED},
    {BOOK_DOUBT, 20, SH_BOOK_WRAPPED},    {BOOK_SOURCE, 30, SH_BOOK_WRAPPED},
    {BOOK_BASIS, 40, SH_BOOK_WRAPPED},    {BOOK_ID, 34, SH_BOOK_TEXT},
};
enum {
    SUMMARY_COLUMNS = sizeof summary_shape / sizeof summary_shape[0],
    UNCHECKED_COLUMNS = sizeof unchecked_shape / sizeof unchecked_shape[0],
    FINDING_COLUMNS = sizeof finding_shape / sizeof finding_shape[0]
};

struct filling {
    struct sh_book *book;
    const struct sh_run_summary *run;
    sh_lang lang;
    struct sh_book_column summary[SUMMARY_COLUMNS], unchecked[UNCHECKED_COLUMNS], finding[FINDING_COLUMNS];
    char rule[SH_WORD_BYTES_MAX]; /* of the present sheet */
    struct sh_buf text;
};

static void filling_release(struct filling *f) {
    sh_book_discard(f->book);
    sh_buf_free(&f->text);
}

static void head(const struct shape *shape, size_t n, sh_lang lang, struct sh_book_column *ret) {
    for (size_t i = 0; i < n; i++)
        ret[i] =
            (struct sh_book_column){sh_msg(messages, shape[i].title, lang), shape[i].width, shape[i].kind};
}

static struct sh_str rule_name(const struct filling *f, const struct sh_run_rule *rule) {
    return f->lang == SH_EN ? rule->id : rule->name;
}

/* ---- what every rule answered ------------------------------------------------------------------- */

static void put_sums(struct sh_book *book, const struct sh_rule_answers *r) {
    sh_book_count(book, (int64_t)r->of[SH_ANSWER_CLEAR].subjects);
    sh_book_count(book, (int64_t)r->of[SH_ANSWER_HIT].subjects);
    sh_book_count(book, (int64_t)r->of[SH_ANSWER_EXEMPT].subjects);
    sh_book_count(book, (int64_t)r->of[SH_ANSWER_NOT_EVALUATED].subjects);
    sh_book_count(book, (int64_t)r->findings);
    sh_book_money(book, r->amount_fen);
    sh_book_money(book, r->counted_fen);
    sh_book_money(book, r->fund_fen);
}

static sh_code write_summary(struct filling *f, struct sh_err *err) {
    const struct sh_answers *a = &f->run->answers;
    struct sh_rule_answers all = {0};
    SH_TRY(sh_book_sheet(f->book, sh_str_of(sh_msg(messages, BOOK_SUMMARY, f->lang)), f->summary,
                         SUMMARY_COLUMNS, err));
    for (size_t i = 0; i < a->n_rules; i++) {
        const struct sh_rule_answers *r = &a->rules[i];
        if (f->run->rules[i].number > 0)
            sh_book_count(f->book, f->run->rules[i].number);
        else
            sh_book_empty(f->book);
        sh_book_text(f->book, rule_name(f, &f->run->rules[i]));
        put_sums(f->book, r);
        SH_TRY(sh_book_row(f->book, err));
        for (int k = 0; k < SH_ANSWERS; k++)
            all.of[k].subjects += r->of[k].subjects;
        all.findings += r->findings;
        all.amount_fen += r->amount_fen, all.counted_fen += r->counted_fen, all.fund_fen += r->fund_fen;
    }
    sh_book_empty(f->book);
    sh_book_text(f->book, sh_str_of(sh_msg(messages, BOOK_TOTAL, f->lang)));
    put_sums(f->book, &all);
    return sh_book_row(f->book, err);
}

static sh_code write_unchecked(struct filling *f, struct sh_err *err) {
    const struct sh_answers *a = &f->run->answers;
    SH_TRY(sh_book_sheet(f->book, sh_str_of(sh_msg(messages, BOOK_UNCHECKED, f->lang)), f->unchecked,
                         UNCHECKED_COLUMNS, err));
    for (size_t i = 0; i < a->n_rules; i++)
        for (size_t k = 0; k < a->rules[i].n_fields; k++) {
            const struct sh_field_count *field = &a->rules[i].fields[k];
            const enum book_message answer = field->exempt ? BOOK_EXEMPT_N : BOOK_MISSING;
            sh_book_text(f->book, rule_name(f, &f->run->rules[i]));
            sh_book_text(f->book, sh_str_of(sh_msg(messages, answer, f->lang)));
            sh_book_text(f->book, field->field);
            sh_book_count(f->book, (int64_t)field->count.subjects);
            sh_book_count(f->book, (int64_t)field->count.lines);
            sh_book_money(f->book, field->count.fen);
            SH_TRY(sh_book_row(f->book, err));
        }
    return SH_OK;
}

/* ---- findings ----------------------------------------------------------------------------------- */

static struct sh_str text_of(const json_t *object, const char *key) {
    return sh_str_of(json_string_value(json_object_get(object, key)));
}

/* The receipt's decimal, as a spreadsheet holds it anyway: a double, exact to the fen. */
static void put_money(struct sh_book *book, const json_t *money, const char *key) {
    const json_t *value = json_object_get(money, key);
    if (json_is_number(value))
        sh_book_money(book, (int64_t)llround(json_number_value(value) * 100));
    else
        sh_book_empty(book);
}

static void put_level(struct filling *f, struct sh_str level) {
    const enum book_message message = sh_str_is(level, "certain")     ? BOOK_CERTAIN
                                      : sh_str_is(level, "suspected") ? BOOK_SUSPECTED
                                                                      : BOOK_INDICATOR;
    sh_book_text(f->book, sh_str_of(sh_msg(messages, message, f->lang)));
}

static void put_day(struct sh_book *book, struct sh_str day) {
    int32_t days;
    if (day.len > 0 && sh_date_parse(day, &days, NULL) == SH_OK)
        sh_book_day(book, days);
    else
        sh_book_empty(book);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* catalogue texts */

/* "2026-02-03 09:00 名称 ×2 [行号]" of each blamed line. */
static void put_blamed(struct filling *f, const json_t *lines) {
    size_t shown = 0, more = 0;
    sh_buf_clear(&f->text);
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (!json_is_true(json_object_get(line, "blamed")))
            continue;
        if (shown == LINES_SHOWN) {
            more++;
            continue;
        }
        const json_t *quantity = json_object_get(line, "quantity");
        (void)sh_buf_addf(&f->text, "%s%.*s %.*s", shown++ ? "\n" : "", SH_ARG(text_of(line, "time")),
                          SH_ARG(text_of(line, "name")));
        if (json_is_number(quantity))
            (void)sh_buf_addf(&f->text, " ×%g", json_number_value(quantity));
        (void)sh_buf_addf(&f->text, " [%.*s]", SH_ARG(text_of(line, "id")));
    }
    if (more > 0)
        (void)sh_buf_addf(&f->text, sh_msg(messages, BOOK_MORE, f->lang), more);
    sh_book_text(f->book, sh_buf_view(&f->text));
}

#pragma GCC diagnostic pop

static void put_basis(struct filling *f, const json_t *basis) {
    sh_buf_clear(&f->text);
    for (size_t i = 0; i < json_array_size(basis); i++)
        (void)sh_buf_addf(&f->text, "%s%s", i ? "\n" : "", json_string_value(json_array_get(basis, i)));
    sh_book_text(f->book, sh_buf_view(&f->text));
}

static sh_code begin_rule(struct filling *f, const json_t *receipt, struct sh_err *err) {
    const json_t *rule = json_object_get(receipt, "rule");
    const struct sh_str id = text_of(rule, "id");
    if (sh_str_is(id, f->rule))
        return SH_OK;
    (void)snprintf(f->rule, sizeof f->rule, "%.*s", SH_ARG(id));
    return sh_book_sheet(f->book, f->lang == SH_EN ? id : text_of(rule, "name"), f->finding, FINDING_COLUMNS,
                         err);
}

static sh_code take(void *ctx, struct sh_str text, struct sh_err *err) {
    struct filling *f = ctx;
    json_t *r SH_CLEANUP(sh_json_decref_at) = NULL;
    SH_TRY(sh_json_read("receipt", text, &r, err));
    SH_TRY(begin_rule(f, r, err));
    const json_t *money = json_object_get(r, "money");
    put_level(f, text_of(r, "level"));
    put_day(f->book, text_of(r, "day"));
    sh_book_text(f->book, text_of(r, "institution"));
    sh_book_text(f->book, text_of(r, "institution_name"));
    sh_book_text(f->book, text_of(r, "person"));
    sh_book_text(f->book, text_of(r, "encounter"));
    put_money(f->book, money, "amount");
    put_money(f->book, money, "counted");
    put_money(f->book, money, "fund");
    sh_book_text(f->book, text_of(r, "say"));
    sh_book_text(f->book, text_of(r, "clearing"));
    put_blamed(f, json_object_get(r, "lines"));
    sh_book_text(f->book, text_of(r, "doubt"));
    sh_book_text(f->book, text_of(json_object_get(r, "knowledge"), "source"));
    put_basis(f, json_object_get(r, "basis"));
    sh_book_text(f->book, text_of(r, "id"));
    return sh_book_row(f->book, err);
}

sh_code sh_report_findings(const struct sh_run_summary *run, const char *path, sh_lang lang,
                           struct sh_err *err) {
    assert(run && path);
    SH_CLEANUP(filling_release) struct filling f = {.run = run, .lang = lang};
    head(summary_shape, SUMMARY_COLUMNS, lang, f.summary);
    head(unchecked_shape, UNCHECKED_COLUMNS, lang, f.unchecked);
    head(finding_shape, FINDING_COLUMNS, lang, f.finding);
    SH_TRY(sh_book_open(path, &f.book, err));
    SH_TRY(write_summary(&f, err));
    SH_TRY(write_unchecked(&f, err));
    SH_TRY(sh_audit_receipts(run->dir.at, take, &f, err));
    struct sh_book *book = f.book;
    f.book = NULL;
    return sh_book_close(book, err);
}
