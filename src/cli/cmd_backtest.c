/* shouhu backtest: two runs of a lake compared, run first where a folder of rules is given. */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/fs.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

struct asked {
    struct sh_backtest_options o;
    const char *out, *place, *knowledge, *params;
    uint64_t threads;
    sh_lang lang;
    struct sh_arena *arena;
    FILE *report;
};

/* A folder of rules is run over the whole lake; anything else is the name of a kept run. */
static sh_code run_of(struct asked *a, const char **side, const char *which, struct sh_err *err) {
    bool is_dir;
    SH_TRY(sh_is_dir(*side, &is_dir, err));
    if (!is_dir)
        return SH_OK;
    struct sh_clock clock;
    struct sh_run_summary summary;
    struct sh_audit_options audit = {.lake_dir = a->o.lake_dir,
                                     .rules_dir = *side,
                                     .place = a->place,
                                     .knowledge_dir = a->knowledge,
                                     .params_dir = a->params,
                                     .threads = (unsigned)a->threads,
                                     .as_of = INT32_MAX,
                                     .known = INT32_MAX,
                                     .clock = &clock,
                                     .report = a->report};
    SH_TRY(sh_clock_from_env(&clock, err));
    if (!audit.knowledge_dir)
        SH_TRY(sh_cli_share("knowledge", a->arena, &audit.knowledge_dir, err));
    if (!audit.params_dir)
        SH_TRY(sh_cli_share("law/params", a->arena, &audit.params_dir, err));
    audit.run = sh_arena_printf(a->arena, NULL, "backtest-%lld-%s", (long long)sh_clock_now(&clock), which);
    if (!audit.run)
        return sh_fail(err, SH_E_NOMEM, "no room for a back-test");
    SH_TRY(sh_audit_run(&audit, a->arena, &summary, err));
    *side = audit.run;
    return SH_OK;
}

static sh_code write_report(const struct asked *a, const struct sh_backtest *b, FILE *out,
                            struct sh_err *err) {
    FILE *file = a->out ? fopen(a->out, "wbe") : out;
    if (!file)
        return sh_fail_errno(err, "%s", a->out);
    sh_audit_print_backtest(b, a->lang, file);
    const bool failed = fflush(file) != 0 || ferror(file);
    if (a->out && (fclose(file) != 0 || failed))
        return sh_fail_errno(err, "%s", a->out);
    return SH_OK;
}

int sh_cmd_backtest(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct asked a = {.lang = sh_lang_from_env(), .arena = &arena, .report = errout};
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &a.o.lake_dir, "DIR", "数据湖目录", "folder of the lake", .required = true},
        {"base", SH_OPTION_TEXT, &a.o.base, "RUN|DIR", "原来的：已留存的稽核名称，或规则目录（先运行）",
         "what was: a kept run, or a folder of rules, which is run first", .required = true},
        {"new", SH_OPTION_TEXT, &a.o.now, "RUN|DIR", "新的：同上", "what would be: the same",
         .required = true},
        {"verdicts", SH_OPTION_TEXT, &a.o.verdicts, "FILE", "复核结果 CSV：finding, verdict（成立/不成立）",
         "reviewed outcomes, CSV: finding, verdict (upheld/rejected)"},
        {"out", SH_OPTION_TEXT, &a.out, "FILE", "报告（Markdown；默认打印）",
         "report (Markdown; default: printed)"},
        {"knowledge", SH_OPTION_TEXT, &a.knowledge, "DIR", "知识库目录", "folder of the knowledge"},
        {"params", SH_OPTION_TEXT, &a.params, "DIR", "参数目录", "folder of the parameters"},
        {"place", SH_OPTION_TEXT, &a.place, "CODE", "统筹区行政区划代码（默认全国）",
         "division code (default: the nation)"},
        {"threads", SH_OPTION_UINT, &a.threads, "N", "线程数（默认全部处理器）",
         "threads (default: all processors)", .low = 1, .high = 256},
        {"lang", SH_OPTION_LANG, &a.lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {
        "backtest",
        "规则改动发布前的回溯：新增、消失、变化的疑点，金额，机构，与复核结果的重合。",
        "Before rules are released: findings that are new, vanish or change, money, "
        "institutions, overlap with reviewed outcomes.",
        "",
        table,
        sizeof table / sizeof table[0],
        0,
        0};
    const char *const *operands;
    size_t n_operands;
    int code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n_operands, &code))
        return code;
    struct sh_err err;
    struct sh_backtest backtest;
    sh_code failed = run_of(&a, &a.o.base, "base", &err);
    if (failed == SH_OK)
        failed = run_of(&a, &a.o.now, "new", &err);
    if (failed == SH_OK)
        failed = sh_audit_backtest(&a.o, &arena, &backtest, &err);
    if (failed == SH_OK)
        failed = write_report(&a, &backtest, out, &err);
    return failed == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, failed, &err);
}
