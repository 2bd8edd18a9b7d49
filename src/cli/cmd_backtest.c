/* shouhu backtest: two runs of a lake compared, run first where a folder of rules is given. With --trial the
 * runs made here lie under names no list shows, and are gone at the end: nothing but the comparison stays. */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

#define BACKTEST_CLI_MESSAGES(X)                                                                             \
    X(BACKTEST_BASE, "试算原规则", "running what was")                                                       \
    X(BACKTEST_NEW, "试算新规则", "running what would be")                                                   \
    X(BACKTEST_UNIT, "行", "lines")                                                                          \
    X(BACKTEST_COMPARE, "比较两次试算\n", "comparing the two\n")
enum backtest_cli_message { BACKTEST_CLI_MESSAGES(SH_MSG_ID) BACKTEST_CLI_MESSAGES_N };
static const struct sh_msg messages[] = {BACKTEST_CLI_MESSAGES(SH_MSG_ENTRY)};

struct asked {
    struct sh_backtest_options o;
    const char *out, *json, *place, *knowledge, *params, *trial;
    const char *made[2]; /* names of runs made for a trial */
    struct sh_cli_list rules;
    uint64_t threads;
    sh_lang lang;
    struct sh_arena *arena;
    FILE *report;
};

/* A folder of rules is run over the whole lake; anything else is the name of a kept run. */
static sh_code run_of(struct asked *a, const char **side, const char *which, struct sh_err *err) {
    const bool is_new = strcmp(which, "new") == 0;
    bool is_dir;
    SH_TRY(sh_is_dir(*side, &is_dir, err));
    if (!is_dir)
        return SH_OK;
    struct sh_clock clock;
    struct sh_cli_shown shown = {0};
    struct sh_run_summary summary;
    struct sh_audit_options audit = {.lake_dir = a->o.lake_dir,
                                     .rules_dir = *side,
                                     .place = a->place,
                                     .knowledge_dir = a->knowledge,
                                     .params_dir = a->params,
                                     .only = a->rules.n ? a->rules.at : NULL,
                                     .n_only = a->rules.n,
                                     .progress = sh_cli_show,
                                     .progress_ctx = &shown,
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
    audit.run = a->trial ? sh_arena_printf(a->arena, NULL, ".%s-%s", a->trial, which)
                         : sh_arena_printf(a->arena, NULL, "backtest-%lld-%s",
                                           (long long)sh_clock_now(&clock), which);
    if (!audit.run)
        return sh_fail(err, SH_E_NOMEM, "no room for a back-test");
    if (a->trial)
        a->made[is_new] = audit.run;
    sh_progress_begin(&shown.bar, a->report, a->lang,
                      sh_msg(messages, is_new ? BACKTEST_NEW : BACKTEST_BASE, a->lang),
                      sh_msg(messages, BACKTEST_UNIT, a->lang), 0);
    const sh_code code = sh_audit_run(&audit, a->arena, &summary, err);
    sh_progress_end(&shown.bar);
    if (code == SH_OK)
        *side = audit.run;
    return code;
}

/* What a trial ran is removed, whatever came of it; an error of the trial itself is the one that is told. */
static sh_code end_trial(const struct asked *a, sh_code code, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err other;
    for (size_t i = 0; i < 2; i++) {
        if (!a->made[i])
            continue;
        sh_code gone = sh_path_format(path, &other, "%s/audits/%s", a->o.lake_dir, a->made[i]);
        if (gone == SH_OK)
            gone = sh_remove_tree(path, &other);
        if (gone != SH_OK && code == SH_OK)
            code = sh_fail(err, gone, "%s", other.message);
    }
    return code;
}

static sh_code write_json(const struct asked *a, const struct sh_backtest *b, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    if (!a->json)
        return SH_OK;
    SH_TRY(sh_audit_backtest_json(b, &out, err));
    return sh_fs_write(a->json, sh_buf_view(&out), err);
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

static sh_code compare(struct asked *a, FILE *out, struct sh_err *err) {
    struct sh_backtest backtest;
    SH_TRY(run_of(a, &a->o.base, "base", err));
    SH_TRY(run_of(a, &a->o.now, "new", err));
    sh_msg_print(a->report, messages, BACKTEST_COMPARE, a->lang);
    SH_TRY(sh_audit_backtest(&a->o, a->arena, &backtest, err));
    SH_TRY(write_json(a, &backtest, err));
    return write_report(a, &backtest, out, err);
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
        {"json", SH_OPTION_TEXT, &a.json, "FILE", "另写 JSON 格式的报告", "also write the report as JSON"},
        {"rule", SH_OPTION_LIST, &a.rules, "ID", "只运行该规则，可重复", "only this rule; may be repeated"},
        {"trial", SH_OPTION_TEXT, &a.trial, "NAME", "试算：所作的运行以隐藏名称存放，比较后删除",
         "a trial: the runs made for it lie under hidden names and are removed after the comparison"},
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
    if (a.trial && !sh_path_is_plain_name(sh_str_of(a.trial)))
        return sh_cli_fail(
            errout, sh_fail(&err, SH_E_INPUT, "--trial %s: a plain name is wanted, without '/'", a.trial),
            &err);
    const sh_code failed = end_trial(&a, compare(&a, out, &err), &err);
    return failed == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, failed, &err);
}
