/* shouhu backup, shouhu restore: every row and file as of one moment; keys are kept apart. */
#include "base/date.h"
#include "cli/store_options.h"
#include "gate/gate.h"
#include <inttypes.h>

#define BACKUP_MESSAGES(X)                                                                                   \
    X(BACKUP_DONE, "已备份 %" PRIu64 " 行、%" PRIu64 " 个文件；失效于 ",                                     \
      "backed up %" PRIu64 " rows, %" PRIu64 " files; expires on ")                                          \
    X(BACKUP_KEYS, "密钥不在备份中，须另行保管。\n", "The keys are not in it: keep them apart.\n")           \
    X(BACKUP_RESTORED, "已恢复 %" PRIu64 " 行、%" PRIu64 " 个文件\n",                                        \
      "restored %" PRIu64 " rows, %" PRIu64 " files\n")

enum backup_message { BACKUP_MESSAGES(SH_MSG_ID) BACKUP_MESSAGES_N };
static const struct sh_msg messages[] = {BACKUP_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = BACKUP_MESSAGES_N;

struct backup_options {
    struct sh_cli_store store;
    const char *dir;
    uint64_t keep_days;
    enum sh_lang lang;
};

static sh_code backup(struct backup_options *o, FILE *out, struct sh_err *err) {
    struct sh_store_options options;
    struct sh_store *store = NULL;
    struct sh_backup_report report;
    const struct sh_act act = {.actor = sh_str_of(o->store.actor), .why = SH_STR("backup")};
    SH_TRY(sh_cli_store_options(&o->store, &options, err));
    options.beside = true;
    SH_TRY(sh_store_open(&options, &store, err));
    const sh_code code = sh_store_backup(store, &act, o->dir, (int64_t)o->keep_days, &report, err);
    sh_store_close(store);
    SH_TRY(code);
    char time[SH_TIME_TEXT_MAX];
    (void)sh_time_format_iso(report.expires_at, "Z", time);
    sh_msg_print(out, messages, BACKUP_DONE, o->lang, report.rows, report.files);
    fprintf(out, "%s\n%s", time, sh_msg(messages, BACKUP_KEYS, o->lang));
    return SH_OK;
}

static sh_code restore(struct backup_options *o, FILE *out, struct sh_err *err) {
    struct sh_store_options options;
    struct sh_backup_report report;
    SH_TRY(sh_cli_store_options(&o->store, &options, err));
    struct sh_migration migrations[SH_GATE_MIGRATIONS_MAX]; /* a server's backup has its tables */
    options.migrations = migrations;
    options.n_migrations = sh_gate_migrations(migrations);
    SH_TRY(sh_store_restore(&options, o->dir, &report, err));
    sh_msg_print(out, messages, BACKUP_RESTORED, o->lang, report.rows, report.files);
    return SH_OK;
}

int sh_cmd_backup(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct backup_options o = {.keep_days = 90, .lang = sh_lang_from_env(), .store = {.actor = "cli"}};
    const struct sh_option table[] = {
        SH_CLI_STORE_OPTIONS(o.store),
        {"to", SH_OPTION_TEXT, &o.dir, "DIR", "备份目录（新建）", "new folder of the backup",
         .required = true},
        {"keep-days", SH_OPTION_UINT, &o.keep_days, "N", "保留天数（默认 90）",
         "days it will be kept (default 90)", .low = 1, .high = 36500},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {"backup",
                                       "备份业务数据（可在服务器运行时进行）",
                                       "back up the store, beside a running server or without",
                                       "",
                                       table,
                                       sizeof table / sizeof table[0],
                                       0,
                                       0};
    const char *const *operands;
    size_t n;
    int code;
    struct sh_err err = {0};
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n, &code))
        return code;
    const sh_code result = backup(&o, out, &err);
    return result == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, result, &err);
}

int sh_cmd_restore(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct backup_options o = {.lang = sh_lang_from_env(), .store = {.actor = "cli"}};
    const struct sh_option table[] = {
        SH_CLI_STORE_OPTIONS(o.store),
        {"from", SH_OPTION_TEXT, &o.dir, "DIR", "备份目录", "folder of the backup", .required = true},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {"restore",
                                       "把备份恢复到空目录或空库",
                                       "restore a backup into an empty place",
                                       "",
                                       table,
                                       sizeof table / sizeof table[0],
                                       0,
                                       0};
    const char *const *operands;
    size_t n;
    int code;
    struct sh_err err = {0};
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n, &code))
        return code;
    const sh_code result = restore(&o, out, &err);
    return result == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, result, &err);
}
