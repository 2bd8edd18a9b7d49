/* What a run found, for people: every answer of every rule, so that "no findings" never means "not checked".
 */
#include "audit/inner.h"
#include "base/decimal.h"
#include "base/json.h"

#define AUDIT_MESSAGES(X)                                                                                    \
    X(AUDIT_HEAD, "稽核 %s（数据版本 %llu，桶 %u-%u）\n", "Audit %s (manifest %llu, buckets %u-%u)\n")       \
    X(AUDIT_LINES, "明细 %s 行，参保人 %s，规则 %zu 条；无效 %s 行，退费 %s 行\n",                           \
      "%s lines, %s persons, %zu rules; %s void lines, %s refund lines\n")                                   \
    X(AUDIT_COL_NO, "序号", "no")                                                                            \
    X(AUDIT_COL_NAME, "规则", "rule")                                                                        \
    X(AUDIT_COL_CONCERNED, "涉及", "concerned")                                                              \
    X(AUDIT_COL_CLEAR, "未命中", "clear")                                                                    \
    X(AUDIT_COL_HIT, "命中", "hit")                                                                          \
    X(AUDIT_COL_EXEMPT_N, "豁免", "exempt")                                                                  \
    X(AUDIT_COL_MISSING, "未评估", "not eval.")                                                              \
    X(AUDIT_COL_FINDINGS, "疑点", "findings")                                                                \
    X(AUDIT_COL_AMOUNT, "金额（元）", "amount")                                                              \
    X(AUDIT_COL_COUNTED, "计入（元）", "counted")                                                            \
    X(AUDIT_COL_FUND, "基金（元）", "fund")                                                                  \
    X(AUDIT_COL_OTHERS, "不涉及行", "not concerned")                                                         \
    X(AUDIT_FIELD, "       └ 未评估：缺 %.*s，%s 个对象，%s 行，%s 元\n",                                    \
      "       └ not evaluated: %.*s missing, %s subjects, %s lines, %s yuan\n")                              \
    X(AUDIT_EXEMPT, "       └ 豁免：%.*s，%s 个对象，%s 行，%s 元\n",                                        \
      "       └ exempt: %.*s, %s subjects, %s lines, %s yuan\n")                                             \
    X(AUDIT_TOTAL, "合计 疑点 %s 个  金额 %s 元  计入 %s 元  基金 %s 元\n",                                  \
      "Total findings %s  amount %s yuan  counted %s yuan  fund %s yuan\n")                                  \
    X(AUDIT_TIME, "用时 %.2f 秒（读取与稽核 %.2f，汇总 %.2f），%s 行/秒；记录在 %s\n",                       \
      "%.2f s (read and audit %.2f, merge %.2f), %s lines/s; kept in %s\n")

enum audit_message { AUDIT_MESSAGES(SH_MSG_ID) AUDIT_MESSAGES_N };
static const struct sh_msg messages[] = {AUDIT_MESSAGES(SH_MSG_ENTRY)};

#define COUNT(name, n)                                                                                       \
    char name[SH_MONEY_TEXT_MAX];                                                                            \
    (void)sh_count_grouped((int64_t)(n), name)
#define MONEY(name, fen)                                                                                     \
    char name[SH_MONEY_TEXT_MAX];                                                                            \
    (void)sh_money_grouped(fen, name)

static void print_fields(const struct sh_rule_answers *r, enum sh_lang lang, FILE *out) {
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct sh_field_count *f = &r->fields[i];
        COUNT(subjects, f->count.subjects);
        COUNT(lines, f->count.lines);
        MONEY(fen, f->count.fen);
        sh_msg_print(out, messages, f->exempt ? AUDIT_EXEMPT : AUDIT_FIELD, lang, SH_ARG(f->field), subjects,
                     lines, fen);
    }
}

/* A cell of the table: the first two columns to the left, numbers to the right; widths in terminal columns.
 */
static const int column_width[] = {4, 44, 11, 11, 8, 8, 11, 9, 16, 16, 15, 13};
enum { COLUMNS = sizeof column_width / sizeof column_width[0] };

static void print_cell(FILE *out, int column, struct sh_str text) {
    const int width = (int)sh_utf8_width(text),
              gap = width < column_width[column] ? column_width[column] - width : 0;
    if (column < 2)
        (void)fprintf(out, "%.*s%*s ", SH_ARG(text), gap, "");
    else
        (void)fprintf(out, "%*s%.*s ", gap, "", SH_ARG(text));
}

static void print_head(sh_lang lang, FILE *out) {
    for (int c = 0; c < COLUMNS; c++)
        print_cell(out, c, sh_str_of(sh_msg(messages, (size_t)AUDIT_COL_NO + (size_t)c, lang)));
    (void)fputc('\n', out);
}

static void print_rule(const struct sh_run_rule *rule, const struct sh_rule_answers *r, enum sh_lang lang,
                       FILE *out) {
    char number[16] = "", name[256];
    if (rule->number > 0)
        (void)snprintf(number, sizeof(number), "%d", rule->number);
    (void)snprintf(name, sizeof(name), "%.*s", SH_ARG(lang == SH_EN ? rule->id : rule->name));
    const struct sh_answer_count *a = r->of;
    COUNT(concerned, a[SH_ANSWER_CLEAR].subjects + a[SH_ANSWER_HIT].subjects + a[SH_ANSWER_EXEMPT].subjects +
                         a[SH_ANSWER_NOT_EVALUATED].subjects);
    COUNT(clear, a[SH_ANSWER_CLEAR].subjects);
    COUNT(hit, a[SH_ANSWER_HIT].subjects);
    COUNT(exempt, a[SH_ANSWER_EXEMPT].subjects);
    COUNT(missing, a[SH_ANSWER_NOT_EVALUATED].subjects);
    COUNT(others, r->not_concerned_lines);
    COUNT(findings, r->findings);
    MONEY(amount, r->amount_fen);
    MONEY(counted, r->counted_fen);
    MONEY(fund, r->fund_fen);
    const char *const cells[COLUMNS] = {number,  name,     concerned, clear,   hit,  exempt,
                                        missing, findings, amount,    counted, fund, others};
    for (int c = 0; c < COLUMNS; c++)
        print_cell(out, c, sh_str_of(cells[c]));
    (void)fputc('\n', out);
    print_fields(r, lang, out);
}

void sh_audit_print_summary(const struct sh_run_summary *s, enum sh_lang lang, FILE *out) {
    const struct sh_answers *a = &s->answers;
    COUNT(lines, a->lines);
    COUNT(persons, a->persons);
    COUNT(void_lines, a->void_lines);
    COUNT(refunds, a->refund_lines);
    sh_msg_print(out, messages, AUDIT_HEAD, lang, s->run.at, (unsigned long long)s->manifest, s->bucket_first,
                 s->bucket_last);
    sh_msg_print(out, messages, AUDIT_LINES, lang, lines, persons, a->n_rules, void_lines, refunds);
    print_head(lang, out);
    int64_t amount_fen = 0, counted_fen = 0, fund_fen = 0;
    for (size_t i = 0; i < a->n_rules; i++) {
        print_rule(&s->rules[i], &a->rules[i], lang, out);
        amount_fen += a->rules[i].amount_fen, counted_fen += a->rules[i].counted_fen,
            fund_fen += a->rules[i].fund_fen;
    }
    COUNT(findings, s->findings);
    MONEY(amount, amount_fen);
    MONEY(counted, counted_fen);
    MONEY(fund, fund_fen);
    sh_msg_print(out, messages, AUDIT_TOTAL, lang, findings, amount, counted, fund);
    COUNT(speed, s->audit_seconds > 0 ? (double)a->lines / s->audit_seconds : 0);
    sh_msg_print(out, messages, AUDIT_TIME, lang, s->seconds, s->audit_seconds, s->merge_seconds, speed,
                 s->dir.at);
}
