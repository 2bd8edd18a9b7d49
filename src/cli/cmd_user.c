/* shouhu user add|list|reset|unlock|disable: accounts, at the machine that holds the data. */
#include "base/clock.h"
#include "base/date.h"
#include "cli/cli.h"
#include "gate/gate.h"
#include <string.h>

#define USER_MESSAGES(X)                                                                                     \
    X(USER_USAGE, "用法：shouhu user add|list|reset|unlock|disable --data DIR …\n",                          \
      "Usage: shouhu user add|list|reset|unlock|disable --data DIR …\n")                                     \
    X(USER_PASSWORD, "初始口令（首次登录须修改）", "initial password (to be changed at the first sign-in)")  \
    X(USER_DONE, "完成\n", "done\n")

enum user_message { USER_MESSAGES(SH_MSG_ID) USER_MESSAGES_N };
static const struct sh_msg messages[] = {USER_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = USER_MESSAGES_N;

struct user_options {
    const char *data, *database, *keys, *login, *name, *role, *body, *body_name, *body_kind, *place;
    int32_t until;
    sh_lang lang;
    const char *law_dir;
    struct sh_clock clock;
};

static int say_password(const struct user_options *o, const char *password, FILE *out) {
    fprintf(out, "%s: %s\n", sh_msg(messages, USER_PASSWORD, o->lang), password);
    return SH_EXIT_OK;
}

static sh_code need(const char *value, const char *name, struct sh_err *err) {
    return value ? SH_OK : sh_fail(err, SH_E_INPUT, "--%s is required", name);
}

static sh_code add(struct sh_store *store, const struct user_options *o, FILE *out, struct sh_err *err) {
    SH_TRY(need(o->login, "login", err));
    SH_TRY(need(o->name, "name", err));
    SH_TRY(need(o->body, "body", err));
    const struct sh_user_new user = {.login = sh_str_of(o->login),
                                     .name = sh_str_of(o->name),
                                     .role = sh_str_of(o->role),
                                     .body = sh_str_of(o->body),
                                     .body_name = sh_str_of(o->body_name),
                                     .body_kind = sh_str_of(o->body_kind),
                                     .place = sh_str_of(o->place),
                                     .until = o->until};
    char password[SH_PASSWORD_MADE + 1];
    SH_TRY(sh_user_add(store, o->law_dir, &user, password, err));
    say_password(o, password, out);
    return SH_OK;
}

static sh_code reset(struct sh_store *store, const struct user_options *o, FILE *out, struct sh_err *err) {
    char password[SH_PASSWORD_MADE + 1];
    SH_TRY(need(o->login, "login", err));
    SH_TRY(sh_user_reset(store, sh_str_of(o->login), password, err));
    say_password(o, password, out);
    return SH_OK;
}

static sh_code unlock(struct sh_store *store, const struct user_options *o, FILE *out, struct sh_err *err) {
    SH_TRY(need(o->login, "login", err));
    SH_TRY(sh_user_unlock(store, sh_str_of(o->login), err));
    fputs(sh_msg(messages, USER_DONE, o->lang), out);
    return SH_OK;
}

static sh_code disable(struct sh_store *store, const struct user_options *o, FILE *out, struct sh_err *err) {
    SH_TRY(need(o->login, "login", err));
    SH_TRY(sh_user_disable(store, sh_str_of(o->login), err));
    fputs(sh_msg(messages, USER_DONE, o->lang), out);
    return SH_OK;
}

static sh_code list(struct sh_store *store, const struct user_options *o, FILE *out, struct sh_err *err) {
    (void)o;
    return sh_user_list(store, out, err);
}

static const struct verb {
    struct sh_verb says;
    sh_code (*run)(struct sh_store *store, const struct user_options *o, FILE *out, struct sh_err *err);
} verbs[] = {
    {{"add", "user add", "建立管理员或授权审批人账号", "open an account of an administrator or an approver"},
     add},
    {{"list", "user list", "账号列表", "list accounts"}, list},
    {{"reset", "user reset", "重置口令与动态口令", "reset password and second factor"}, reset},
    {{"unlock", "user unlock", "解除登录锁定", "lift a lock-out"}, unlock},
    {{"disable", "user disable", "停用账号", "close an account"}, disable},
};

static int run(const struct verb *verb, struct user_options *o, struct sh_arena *arena, FILE *out,
               FILE *errout) {
    struct sh_err err;
    struct sh_store *store = NULL;
    const struct sh_gate_options options = {.data_dir = o->data,
                                            .database_url = o->database,
                                            .keys_dir = o->keys,
                                            .passphrase = getenv("SHOUHU_PASSPHRASE"),
                                            .clock = &o->clock};
    sh_code code = sh_cli_share("law", arena, &o->law_dir, &err);
    if (code == SH_OK)
        code = sh_clock_from_env(&o->clock, &err);
    if (code == SH_OK && o->until == 0)
        o->until = sh_add_months(sh_clock_today_shanghai(&o->clock), 12);
    if (code == SH_OK) /* the first account makes the store */
        code = sh_gate_store_beside(&options, strcmp(verb->says.name, "add") == 0, &store, &err);
    if (code == SH_OK)
        code = verb->run(store, o, out, &err);
    sh_store_close(store);
    return code == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, code, &err);
}

int sh_cmd_user(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct user_options o = {.role = "admin.users", .lang = sh_lang_from_env()};
    const struct sh_option table[] = {
        {"data", SH_OPTION_TEXT, &o.data, "DIR", "数据目录", "folder of the records", .required = true},
        {"database", SH_OPTION_TEXT, &o.database, "URL", "postgresql:// 地址；缺省用 SQLite",
         "postgresql:// URL; else SQLite"},
        {"keys", SH_OPTION_TEXT, &o.keys, "DIR", "密钥目录（默认 数据目录-keys）",
         "folder of the keys (default DATA-keys)"},
        {"login", SH_OPTION_TEXT, &o.login, "LOGIN", "账号", "login"},
        {"name", SH_OPTION_TEXT, &o.name, "NAME", "姓名", "name of the person"},
        {"role", SH_OPTION_TEXT, &o.role, "ROLE", "岗位（默认 admin.users；另可 security.approver）",
         "role (default admin.users; or security.approver)"},
        {"body", SH_OPTION_TEXT, &o.body, "CODE", "机构代码", "code of the body"},
        {"body-name", SH_OPTION_TEXT, &o.body_name, "NAME", "机构名称（机构尚未登记时）",
         "its name, when it is new"},
        {"body-kind", SH_OPTION_TEXT, &o.body_kind, "KIND",
         "机构类别 bureau|agency|platform（机构尚未登记时）",
         "its kind bureau|agency|platform, when it is new"},
        {"place", SH_OPTION_TEXT, &o.place, "CODE", "行政区划代码（机构尚未登记时）",
         "its division code, when it is new"},
        {"until", SH_OPTION_DAY, &o.until, "DAY", "授权截止日（默认一年）",
         "last day of the grant (default a year)"},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_verbs known = {&verbs[0].says,  sizeof verbs / sizeof verbs[0],
                                   sizeof verbs[0], sh_msg(messages, USER_USAGE, o.lang),
                                   table,           sizeof table / sizeof table[0]};
    int code;
    const int i = sh_cli_verb(&known, argc, argv, &arena, out, errout, &code);
    if (i < 0)
        return code;
    return run(&verbs[i], &o, &arena, out, errout);
}
