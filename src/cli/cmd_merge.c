/* shouhu merge: slices of an audit become one run. */
#include "audit/audit.h"
#include "cli/cli.h"

int sh_cmd_merge(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const char *lake = NULL, *file = NULL, *run = NULL;
    sh_lang lang = sh_lang_from_env();
    bool quiet = false;
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &lake, "DIR", "数据湖目录", "folder of the lake", .required = true},
        {"out", SH_OPTION_TEXT, &file, "FILE", "疑点清单：.csv、.json 或 .parquet",
         "findings: .csv, .json or .parquet"},
        {"run", SH_OPTION_TEXT, &run, "NAME", "合并后的名称", "name of the joined run"},
        {"lang", SH_OPTION_LANG, &lang, "zh|en", "语言", "language"},
        {"quiet", SH_OPTION_FLAG, &quiet, NULL, "不显示小结", "no summary"},
    };
    const struct sh_command command = {
        "merge",
        "把各分片的稽核合并为一次，结果与整体运行逐字节相同。",
        "Join slices of an audit; the result is what one whole run gives, byte for byte.",
        "RUN…",
        table,
        sizeof table / sizeof table[0],
        1,
        4096};
    const char *const *runs;
    size_t n;
    int code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &runs, &n, &code))
        return code;
    struct sh_err err;
    struct sh_clock clock;
    struct sh_run_summary summary;
    sh_code failed = sh_clock_from_env(&clock, &err);
    if (failed == SH_OK)
        failed = sh_audit_merge(lake, runs, n, file, run, &clock, &arena, &summary, &err);
    if (failed != SH_OK)
        return sh_cli_fail(errout, failed, &err);
    if (!quiet)
        sh_audit_print_summary(&summary, lang, out);
    return summary.findings > 0 ? SH_EXIT_FINDINGS : SH_EXIT_OK;
}
