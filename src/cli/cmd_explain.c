/* shouhu explain: the receipt of one finding. */
#include "audit/audit.h"
#include "cli/cli.h"

int sh_cmd_explain(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_explain_options o = {.lang = sh_lang_from_env()};
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &o.lake_dir, "DIR", "数据湖目录", "folder of the lake", .required = true},
        {"run", SH_OPTION_TEXT, &o.run, "NAME", "哪次稽核（默认最近一次含该疑点的）",
         "which run (default: the newest that has it)"},
        {"json", SH_OPTION_FLAG, &o.json, NULL, "原样输出凭据", "the receipt as it is"},
        {"replay", SH_OPTION_FLAG, &o.replay, NULL, "用当时的规则和数据重演并比对",
         "run it again with the texts and data of that run, and compare"},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {
        "explain",
        "说明一个疑点：谁、哪些明细、依据、知识点、判定、金额。",
        "Explain a finding: who, which lines, the article, the knowledge, the decision, the money.",
        "ID",
        table,
        sizeof table / sizeof table[0],
        1,
        1};
    const char *const *operands;
    size_t n;
    int code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n, &code))
        return code;
    o.id = operands[0];
    struct sh_err err;
    const sh_code failed = sh_audit_explain(&o, out, &err);
    return failed == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, failed, &err);
}
