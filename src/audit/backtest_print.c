/* The back-test as a Markdown report. */
#include "audit/audit.h"
#include "base/money.h"

#define BACKTEST_MESSAGES(X)                                                                                              \
    X(BT_TITLE, "# 回溯测试：%.*s → %.*s\n\n", "# Back-test: %.*s → %.*s\n\n")                                            \
    X(BT_LAKE, "数据版本 %llu → %llu；规则 %zu → %zu 条。金额为计入金额（不重复），单位元。\n\n",                         \
      "Manifest %llu → %llu; rules %zu → %zu. Money is what is counted once, in yuan.\n\n")                               \
    X(BT_OTHER_LAKE, "**注意：两次运行的数据版本不同，差异不全由规则引起。**\n\n",                                        \
      "**Mind: the two runs read different states of the lake; not every difference comes from the "                      \
      "rules.**\n\n")                                                                                                     \
    X(BT_RULES, "## 按规则\n\n", "## By rule\n\n")                                                                        \
    X(BT_RULES_HEAD,                                                                                                      \
      "| 规则 | 名称 | 原疑点 | 新疑点 | 新增 | 消失 | 变化 | 原金额 | 新金额 | 差额 | 机构 | " \
      "已复核：成立/不成立 | "                                                                                   \
      "预计准确率（95% 区间） |\n",                                                                                       \
      "| rule | name | was | now | new | vanished | changed | money was | money now | difference | "                      \
      "institutions | "                                                                                                   \
      "reviewed: upheld/rejected | predicted precision (95 % interval) |\n")                                              \
    X(BT_ALL, "合计", "all")                                                                                              \
    X(BT_UNREVIEWED, "无复核结果", "none reviewed")                                                                       \
    X(BT_PLACES, "\n## 金额变化最大的机构\n\n", "\n## Institutions whose money changes most\n\n")                         \
    X(BT_PLACES_HEAD, "| 机构 | 名称 | 原疑点 | 新疑点 | 新增 | 消失 | 原金额 | 新金额 | 差额 |\n",                       \
      "| institution | name | was | now | new | vanished | money was | money now | difference |\n")                       \
    X(BT_REVIEWED, "\n## 与复核结果的重合\n\n", "\n## Overlap with reviewed outcomes\n\n")                                \
    X(BT_REVIEWED_TEXT,                                                                                                   \
      "- 新运行仍会指出的：成立 %s，不成立 %s。\n- 将消失的：成立 %s（会漏掉），不成立 %s（不再误报）。\n",               \
      "- Still found: %s upheld, %s rejected.\n- Would vanish: %s upheld (missed from now on), %s rejected "              \
      "(no longer "                                                                                                       \
      "a false alarm).\n")                                                                                                \
    X(BT_LOST, "\n## 曾被认定成立、将不再指出的疑点\n\n| 疑点编号 | 规则 | 金额 |\n|---|---|--:|\n",                      \
      "\n## Findings upheld by reviewers that would no longer be found\n\n| id | rule | money "                           \
      "|\n|---|---|--:|\n")

enum backtest_message { BACKTEST_MESSAGES(SH_MSG_ID) BACKTEST_MESSAGES_N };
static const struct sh_msg messages[] = {BACKTEST_MESSAGES(SH_MSG_ENTRY)};

/* A cell: bars and line ends would break the table. */
static void print_text(FILE *out, struct sh_str text) {
    (void)fputs("| ", out);
    for (size_t i = 0; i < text.len; i++)
        switch (text.at[i]) {
        case '|':
            (void)fputs("\\|", out);
            break;
        case '\n':
        case '\r':
            (void)fputc(' ', out);
            break;
        default:
            (void)fputc(text.at[i], out);
        }
    (void)fputc(' ', out);
}

static void print_count(FILE *out, int64_t n) {
    char text[SH_MONEY_TEXT_MAX];
    (void)sh_count_grouped(n, text);
    (void)fprintf(out, "| %s ", text);
}

static void print_money(FILE *out, int64_t fen) {
    char text[SH_MONEY_TEXT_MAX];
    (void)sh_money_grouped(fen, text);
    (void)fprintf(out, "| %s ", text);
}

static void print_rule(const struct sh_backtest_group *g, sh_lang lang, FILE *out) {
    const int64_t counts[] = {g->was, g->now, g->added, g->vanished, g->changed};
    print_text(out, g->key.len ? g->key : sh_str_of(sh_msg(messages, BT_ALL, lang)));
    print_text(out, g->name);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        print_count(out, counts[i]);
    print_money(out, g->was_fen);
    print_money(out, g->now_fen);
    print_money(out, g->now_fen - g->was_fen);
    (void)fprintf(out, "| %lld → %lld ", (long long)g->was_places, (long long)g->now_places);
    (void)fprintf(out, "| %lld/%lld ", (long long)g->upheld, (long long)g->rejected);
    struct sh_precision precision;
    if (sh_backtest_precision(g, &precision))
        (void)fprintf(out, "| %s %% (%s–%s) |\n", precision.share, precision.low, precision.high);
    else
        (void)fprintf(out, "| %s |\n", sh_msg(messages, BT_UNREVIEWED, lang));
}

static void print_rules(const struct sh_backtest *b, sh_lang lang, FILE *out) {
    (void)fputs(sh_msg(messages, BT_RULES, lang), out);
    (void)fputs(sh_msg(messages, BT_RULES_HEAD, lang), out);
    (void)fputs("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n", out);
    for (size_t i = 0; i < b->rules.n; i++)
        print_rule(&b->rules.at[i], lang, out);
    print_rule(&b->all, lang, out);
}

static void print_places(const struct sh_backtest *b, sh_lang lang, FILE *out) {
    if (b->places.n == 0)
        return;
    (void)fputs(sh_msg(messages, BT_PLACES, lang), out);
    (void)fputs(sh_msg(messages, BT_PLACES_HEAD, lang), out);
    (void)fputs("|---|---|--:|--:|--:|--:|--:|--:|--:|\n", out);
    for (size_t i = 0; i < b->places.n; i++) {
        const struct sh_backtest_group *g = &b->places.at[i];
        print_text(out, g->key);
        print_text(out, g->name);
        print_count(out, g->was);
        print_count(out, g->now);
        print_count(out, g->added);
        print_count(out, g->vanished);
        print_money(out, g->was_fen);
        print_money(out, g->now_fen);
        print_money(out, g->now_fen - g->was_fen);
        (void)fputs("|\n", out);
    }
}

static void print_reviewed(const struct sh_backtest *b, sh_lang lang, FILE *out) {
    const struct sh_backtest_group *g = &b->all;
    if (g->upheld + g->rejected + g->lost_upheld + g->lost_rejected == 0)
        return;
    char texts[4][SH_MONEY_TEXT_MAX];
    const int64_t counts[4] = {g->upheld, g->rejected, g->lost_upheld, g->lost_rejected};
    for (size_t i = 0; i < 4; i++)
        (void)sh_count_grouped(counts[i], texts[i]);
    (void)fputs(sh_msg(messages, BT_REVIEWED, lang), out);
    sh_msg_print(out, messages, BT_REVIEWED_TEXT, lang, texts[0], texts[1], texts[2], texts[3]);
    if (b->lost.n == 0)
        return;
    (void)fputs(sh_msg(messages, BT_LOST, lang), out);
    for (size_t i = 0; i < b->lost.n; i++) {
        print_text(out, b->lost.at[i].key);
        print_text(out, b->lost.at[i].name);
        print_money(out, b->lost.at[i].was_fen);
        (void)fputs("|\n", out);
    }
}

void sh_audit_print_backtest(const struct sh_backtest *b, sh_lang lang, FILE *out) {
    const struct sh_run_summary *was = &b->runs[0], *now = &b->runs[1];
    sh_msg_print(out, messages, BT_TITLE, lang, SH_ARG(was->run), SH_ARG(now->run));
    sh_msg_print(out, messages, BT_LAKE, lang, (unsigned long long)was->manifest,
                 (unsigned long long)now->manifest, was->answers.n_rules, now->answers.n_rules);
    if (was->manifest != now->manifest)
        (void)fputs(sh_msg(messages, BT_OTHER_LAKE, lang), out);
    print_rules(b, lang, out);
    print_places(b, lang, out);
    print_reviewed(b, lang, out);
}
