/* shouhu findings load: findings of a kept run become items of claim batches. */
#include "base/money.h"
#include "cli/cli.h"
#include "gate/gate.h"
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MESSAGES(X)                                                                                 \
    X(FINDINGS_USAGE, "用法：shouhu findings load --lake DIR --run ID --data DIR --body CODE\n",             \
      "Usage: shouhu findings load --lake DIR --run ID --data DIR --body CODE\n")                            \
    X(FINDINGS_DONE, "新疑点 %lld 条（%s 元），更新 %lld，不变 %lld，已办结而结论不同 %lld；新批次 %lld\n",  \
      "%lld new findings (%s yuan), %lld updated, %lld unchanged, %lld closed that would differ now; %lld "  \
      "new batches\n")                                                                                       \
    X(FINDINGS_TOLD, "审核覆盖：已登记到 %lld 个批次\n", "What the audit covered: told to %lld batches\n")   \
    X(FINDINGS_PART, "本次运行未按全部现行规则审核全部数据，不作为初审依据\n",                               \
      "This run is no first review: it did not ask all rules in force of all data\n")

enum findings_message { FINDINGS_MESSAGES(SH_MSG_ID) FINDINGS_MESSAGES_N };
static const struct sh_msg messages[] = {FINDINGS_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = FINDINGS_MESSAGES_N;

static void say(FILE *out, sh_lang lang, const struct sh_load_report *r) {
    char money[SH_MONEY_TEXT_MAX];
    sh_money_grouped(r->made_fen, money);
    sh_msg_print(out, messages, FINDINGS_DONE, lang, (long long)r->made, money, (long long)r->updated,
                 (long long)r->same, (long long)r->differs, (long long)r->batches);
    if (r->is_review)
        sh_msg_print(out, messages, FINDINGS_TOLD, lang, (long long)r->told);
    else
        sh_msg_print(out, messages, FINDINGS_PART, lang);
}

int sh_cmd_findings(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_clock clock = {0};
    struct sh_gate_options options = {.clock = &clock};
    const char *run = NULL, *body = NULL, *actor = "cli", *procedure = "claim-batch";
    sh_lang lang = sh_lang_from_env();
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &options.lake_dir, "DIR", "数据湖目录", "folder of the lake",
         .required = true},
        {"run", SH_OPTION_TEXT, &run, "ID", "审核运行", "the audit run", .required = true},
        {"data", SH_OPTION_TEXT, &options.data_dir, "DIR", "业务数据目录", "folder of the store",
         .required = true},
        {"keys", SH_OPTION_TEXT, &options.keys_dir, "DIR", "密钥目录（默认 数据目录-keys）",
         "folder of the keys (default DATA-keys)"},
        {"database", SH_OPTION_TEXT, &options.database_url, "URL", "postgresql:// 地址；缺省用 SQLite",
         "postgresql:// URL; else SQLite"},
        {"body", SH_OPTION_TEXT, &body, "CODE", "负责的经办机构代码", "agency that reviews them",
         .required = true},
        {"procedure", SH_OPTION_TEXT, &procedure, "NAME", "批次的程序（默认 claim-batch）",
         "procedure of the batches (default claim-batch)"},
        {"actor", SH_OPTION_TEXT, &actor, "ID", "操作人账号（默认 cli）", "account that acts (default cli)"},
        {"lang", SH_OPTION_LANG, &lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {"findings load",
                                       "把一次审核的疑点装入费用批次",
                                       "put the findings of a run into claim batches",
                                       "",
                                       table,
                                       sizeof table / sizeof table[0],
                                       0,
                                       0};
    if (argc < 2 || strcmp(argv[1], "load") != 0) {
        fputs(sh_msg(messages, FINDINGS_USAGE, lang), errout);
        return SH_EXIT_USAGE;
    }
    const char *const *operands;
    size_t n;
    int exit_code;
    if (!sh_cli_parse(&command, argc - 1, argv + 1, &arena, out, errout, &operands, &n, &exit_code))
        return exit_code;
    struct sh_err err;
    struct sh_load_report report;
    options.passphrase = getenv("SHOUHU_PASSPHRASE");
    sh_code code = sh_cli_share("law", &arena, &options.law_dir, &err);
    if (code == SH_OK)
        code = sh_cli_share("rules", &arena, &options.rules_dir, &err);
    if (code == SH_OK)
        code = sh_cli_share("knowledge", &arena, &options.knowledge_dir, &err);
    if (code == SH_OK)
        code = sh_clock_from_env(&clock, &err);
    const struct sh_findings_load load = {sh_str_of(run), sh_str_of(body), sh_str_of(procedure),
                                          sh_str_of(actor)};
    if (code == SH_OK)
        code = sh_gate_findings_load(&options, &load, &report, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    say(out, lang, &report);
    return SH_EXIT_OK;
}
