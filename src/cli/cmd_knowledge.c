/* shouhu knowledge import-national FILE… --out DIR */
#include "cli/cli.h"
#include "rule/rule.h"
#include <inttypes.h>
#include <string.h>

#define KNOWLEDGE_MESSAGES(X)                                                                                \
    X(KNOWLEDGE_USAGE, "用法：shouhu knowledge import-national FILE… --out DIR\n",                           \
      "Usage: shouhu knowledge import-national FILE… --out DIR\n")                                           \
    X(KNOWLEDGE_READ, "读入行数", "rows read")                                                               \
    X(KNOWLEDGE_WRITTEN, "写入（现行）", "written, in force")                                                \
    X(KNOWLEDGE_SUPERSEDED, "写入（已被替代）", "written, superseded")                                       \
    X(KNOWLEDGE_UNRESOLVED, "未解决（见 unresolved.csv）", "unresolved (see unresolved.csv)")                \
    X(KNOWLEDGE_POINTS, "知识点", "points")                                                                  \
    X(KNOWLEDGE_REPEALED, "可能已废止的知识点", "points possibly repealed")

enum knowledge_message { KNOWLEDGE_MESSAGES(SH_MSG_ID) KNOWLEDGE_MESSAGES_N };
static const struct sh_msg messages[] = {KNOWLEDGE_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = KNOWLEDGE_MESSAGES_N;

static void line(FILE *out, enum knowledge_message message, sh_lang lang, uint64_t n) {
    sh_cli_pad(out, sh_msg(messages, message, lang), 32);
    fprintf(out, "%10" PRIu64 "\n", n);
}

static int import_national(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const char *dir = NULL;
    sh_lang lang = sh_lang_from_env();
    const struct sh_option table[] = {
        {"out", SH_OPTION_TEXT, &dir, "DIR", "输出目录", "folder to write to", .required = true},
        {"lang", SH_OPTION_LANG, &lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {"knowledge import-national",
                                       "把国家公布的知识点表转为知识表",
                                       "turn the nationally published points into knowledge tables",
                                       "FILE…",
                                       table,
                                       sizeof table / sizeof table[0],
                                       1,
                                       1000};
    const char *const *files;
    size_t n;
    int code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &files, &n, &code))
        return code;
    struct sh_national_report report;
    struct sh_err err;
    const sh_code failed = sh_knowledge_import_national(files, n, dir, &arena, &report, &err);
    if (failed != SH_OK)
        return sh_cli_fail(errout, failed, &err);
    line(out, KNOWLEDGE_READ, lang, report.read);
    line(out, KNOWLEDGE_WRITTEN, lang, report.written);
    line(out, KNOWLEDGE_SUPERSEDED, lang, report.superseded);
    line(out, KNOWLEDGE_UNRESOLVED, lang, report.unresolved);
    line(out, KNOWLEDGE_POINTS, lang, report.points);
    line(out, KNOWLEDGE_REPEALED, lang, report.repealed);
    return report.read == report.written + report.superseded + report.unresolved ? SH_EXIT_OK
                                                                                 : SH_EXIT_INTERNAL;
}

int sh_cmd_knowledge(int argc, char **argv, FILE *out, FILE *errout) {
    if (argc > 1 && strcmp(argv[1], "import-national") == 0)
        return import_national(argc - 1, argv + 1, out, errout);
    const bool asked = argc > 1 && strcmp(argv[1], "--help") == 0;
    fputs(sh_msg(messages, KNOWLEDGE_USAGE, sh_lang_from_env()), asked ? out : errout);
    return asked ? SH_EXIT_OK : SH_EXIT_USAGE;
}
