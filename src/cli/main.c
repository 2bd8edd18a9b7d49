/* The program: finds the subcommand and calls it. */
#include "cli/cli.h"
#include "base/mem.h"
#include "base/str.h"
#include <string.h>
#include <sys/stat.h>

#define MAIN_MESSAGES(X)                                                                                                                         \
    X(MAIN_TITLE,                                                                                                                                \
      "守护（Shouhu）：医疗保障基金智能监管。读每一笔费用，找出违规，说明依据，算到分。\n\n"                \
      "用法：shouhu 命令 [选项] …\n\n命令：\n",                                                                                                  \
      "Shouhu: guards medical-insurance funds. Reads every claim line, finds what breaks a rule, explains "                                      \
      "it, to the fen.\n\n"                                                                                                                      \
      "Usage: shouhu COMMAND [options] …\n\nCommands:\n")                                                                                        \
    X(MAIN_EXITS,                                                                                                                                \
      "\n退出码：0 正常 · 2 用法错误 · 3 输入有误 · 4 数据湖缺失、损坏或被占用 · 5 磁盘、内存或权限 · 6 " \
      "程序内部错误 · 9 导入完成但有拒收行 · 10 审核完成且有疑点\n"                                                     \
      "语言：SHOUHU_LANG=zh|en\n",                                                                                                               \
      "\nExit codes: 0 fine · 2 usage · 3 bad input · 4 lake missing, damaged or busy · 5 disk, memory or "                                  \
      "permission · 6 internal · 9 imported, some rows rejected · 10 audited, there are findings\n"                                           \
      "Language: SHOUHU_LANG=zh|en\n")                                                                                                           \
    X(MAIN_UNKNOWN, "shouhu：没有命令", "shouhu: no command")                                                                                    \
    X(MAIN_MEAN, "，是否想写", "; did you mean")                                                                                                 \
    X(MAIN_SEE, "详见 shouhu --help\n", "See shouhu --help\n")

enum main_message { MAIN_MESSAGES(SH_MSG_ID) MAIN_MESSAGES_N };
static const struct sh_msg messages[] = {MAIN_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = MAIN_MESSAGES_N;

static const struct {
    const char *name;
    int (*run)(int argc, char **argv, FILE *out, FILE *errout);
    const char *zh, *en;
} commands[] = {
    {"import", sh_cmd_import, "把费用文件导入数据湖", "bring claim files into a lake"},
    {"lake", sh_cmd_lake, "数据湖：概况、校验、合并、清理", "lake: info, verify, compact, vacuum"},
    {"audit", sh_cmd_audit, "按规则审核整个数据湖", "run the rules over a lake"},
    {"explain", sh_cmd_explain, "解释一个疑点：依据、明细、金额", "explain one finding"},
    {"merge", sh_cmd_merge, "合并多台机器的审核分片", "join audit slices of several machines"},
    {"backtest", sh_cmd_backtest, "规则改动发布前的回溯比较", "compare two runs before rules are released"},
    {"rules", sh_cmd_rules, "规则：列表、检查、用例测试", "rules: list, check, test"},
    {"knowledge", sh_cmd_knowledge, "知识库：导入国家公布的知识点", "knowledge: import the published tables"},
    {"findings", sh_cmd_findings, "疑点装入费用批次", "findings into claim batches"},
    {"law", sh_cmd_law, "法律文本：期限计算、缺项、检查",
     "the texts of law: deadlines, what is missing, check"},
    {"draw", sh_cmd_draw, "抽签：封值，按抽样框重做", "draws: seal a value, repeat one from its frame"},
    {"paper", sh_cmd_paper, "按模板生成文书（PDF）", "draw a paper (PDF) from a template"},
    {"journal", sh_cmd_journal, "日志：校验、证明、导出、销毁、换密钥",
     "journal: verify, prove, export, erase, keys"},
    {"witness", sh_cmd_witness, "见证另一机构的日志树头", "witness the heads of another body's journal"},
    {"backup", sh_cmd_backup, "备份业务数据", "back up the store"},
    {"restore", sh_cmd_restore, "恢复备份", "restore a backup"},
    {"serve", sh_cmd_serve, "提供 JSON 接口", "serve the JSON API"},
    {"user", sh_cmd_user, "账号：建立管理员、重置、解锁、停用",
     "accounts: first administrators, reset, unlock, close"},
    {"synth", sh_cmd_synth, "生成一座虚构城市及其违规真值", "make a synthetic city with known violations"},
};
enum { COMMANDS_N = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out, sh_lang lang) {
    fputs(sh_msg(messages, MAIN_TITLE, lang), out);
    for (size_t i = 0; i < COMMANDS_N; i++)
        fprintf(out, "  %-11s %s\n", commands[i].name, lang == SH_ZH ? commands[i].zh : commands[i].en);
    fprintf(out, "  %-11s %s\n", "version", lang == SH_ZH ? "版本" : "print the version");
    fputs(sh_msg(messages, MAIN_EXITS, lang), out);
}

static int unknown(const char *name, sh_lang lang) {
    const char *names[COMMANDS_N];
    for (size_t i = 0; i < COMMANDS_N; i++)
        names[i] = commands[i].name;
    fprintf(stderr, "%s %s", sh_msg(messages, MAIN_UNKNOWN, lang), name);
    const char *near = sh_did_you_mean(sh_str_of(name), names, COMMANDS_N);
    if (near)
        fprintf(stderr, "%s %s?", sh_msg(messages, MAIN_MEAN, lang), near);
    fprintf(stderr, "\n%s", sh_msg(messages, MAIN_SEE, lang));
    return SH_EXIT_USAGE;
}

int main(int argc, char **argv) {
    const sh_lang lang = sh_lang_from_env();
    (void)umask(umask(077) | 027); /* what we write holds claims: not for everybody on the machine */
    sh_heap_keep();
    if (argc < 2) {
        print_help(stderr, lang);
        return SH_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_help(stdout, lang);
        return SH_EXIT_OK;
    }
    if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
        puts("shouhu " SH_VERSION);
        return SH_EXIT_OK;
    }
    for (size_t i = 0; i < COMMANDS_N; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            const int code = commands[i].run(argc - 1, argv + 1, stdout, stderr);
            /* A full disk or a closed pipe must not look like success. */
            if (fflush(stdout) != 0 || ferror(stdout))
                return code == SH_EXIT_OK || code == SH_EXIT_FINDINGS ? SH_EXIT_SYSTEM : code;
            return code;
        }
    return unknown(argv[1], lang);
}
