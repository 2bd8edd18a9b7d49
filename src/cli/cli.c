/* Options, help, exit codes and where shipped text lies: what every subcommand shares. */
#include "cli/cli.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLI_MESSAGES(X)                                                                                      \
    X(CLI_USAGE, "用法：shouhu %s [选项] %s\n", "Usage: shouhu %s [options] %s\n")                           \
    X(CLI_OPTIONS, "选项：\n", "Options:\n")                                                                 \
    X(CLI_HELP, "显示本页", "show this page")                                                                \
    X(CLI_REQUIRED, "（必填）", " (required)")                                                               \
    X(CLI_UNKNOWN, "shouhu %s：没有选项 %s", "shouhu %s: no option %s")                                      \
    X(CLI_MEAN, "，是否想写 --%s？", "; did you mean --%s?")                                                 \
    X(CLI_NO_VALUE, "shouhu %s：选项 --%s 缺少取值\n", "shouhu %s: option --%s needs a value\n")             \
    X(CLI_NOT_FLAG, "shouhu %s：选项 --%s 不带取值\n", "shouhu %s: option --%s takes no value\n")            \
    X(CLI_BAD_VALUE, "shouhu %s：选项 --%s 的取值“%s”无效：%s\n",                                            \
      "shouhu %s: option --%s: bad value \"%s\": %s\n")                                                      \
    X(CLI_MISSING, "shouhu %s：缺少必填选项 --%s\n", "shouhu %s: option --%s is required\n")                 \
    X(CLI_OPERANDS, "shouhu %s：应有 %zu 到 %zu 个参数，实有 %zu 个\n",                                      \
      "shouhu %s: takes %zu to %zu arguments, got %zu\n")                                                    \
    X(CLI_SEE, "详见 shouhu %s --help\n", "See shouhu %s --help\n")

enum cli_message { CLI_MESSAGES(SH_MSG_ID) CLI_MESSAGES_N };
static const struct sh_msg messages[] = {CLI_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = CLI_MESSAGES_N;

void sh_cli_pad(FILE *out, const char *text, int columns) {
    fputs(text, out);
    for (int width = (int)sh_utf8_width(sh_str_of(text)); width < columns; width++)
        fputc(' ', out);
}

static void print_option(FILE *out, const struct sh_option *o, sh_lang lang) {
    char left[160];
    snprintf(left, sizeof left, "  --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    sh_cli_pad(out, left, 26);
    fprintf(out, " %s%s\n", lang == SH_ZH ? o->zh : o->en,
            o->required ? sh_msg(messages, CLI_REQUIRED, lang) : "");
}

static void print_help(const struct sh_command *c, FILE *out, sh_lang lang) {
    fprintf(out, "%s\n", lang == SH_ZH ? c->zh : c->en);
    fputs("\n", out);
    sh_msg_print(out, messages, CLI_USAGE, lang, c->name, c->operands);
    fputs("\n", out);
    fputs(sh_msg(messages, CLI_OPTIONS, lang), out);
    for (size_t i = 0; i < c->n_options; i++)
        print_option(out, &c->options[i], lang);
    print_option(out,
                 &(struct sh_option){.name = "help",
                                     .zh = sh_msg(messages, CLI_HELP, SH_ZH),
                                     .en = sh_msg(messages, CLI_HELP, SH_EN)},
                 lang);
}

static int usage(const struct sh_command *c, FILE *errout, sh_lang lang) {
    sh_msg_print(errout, messages, CLI_SEE, lang, c->name);
    return SH_EXIT_USAGE;
}

static const struct sh_option *find_option(const struct sh_command *c, struct sh_str name) {
    for (size_t i = 0; i < c->n_options; i++)
        if (sh_str_is(name, c->options[i].name))
            return &c->options[i];
    return NULL;
}

static int unknown_option(const struct sh_command *c, const char *arg, struct sh_str name, FILE *errout,
                          sh_lang lang) {
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < c->n_options && n < 64; i++)
        names[n++] = c->options[i].name;
    sh_msg_print(errout, messages, CLI_UNKNOWN, lang, c->name, arg);
    const char *near = n ? sh_did_you_mean(name, names, n) : NULL;
    if (near)
        sh_msg_print(errout, messages, CLI_MEAN, lang, near);
    fputc('\n', errout);
    return usage(c, errout, lang);
}

static sh_code parse_uint(const struct sh_option *o, const char *value, struct sh_err *err) {
    char *end = NULL;
    errno = 0;
    if (*value < '0' || *value > '9')
        return sh_fail(err, SH_E_INPUT, "not a whole number");
    const unsigned long long number = strtoull(value, &end, 10);
    if (errno || *end)
        return sh_fail(err, SH_E_INPUT, "not a whole number");
    if ((o->low || o->high) && (number < o->low || number > o->high))
        return sh_fail(err, SH_E_INPUT, "must lie between %llu and %llu", (unsigned long long)o->low,
                       (unsigned long long)o->high);
    *(uint64_t *)o->target = number;
    return SH_OK;
}

static sh_code add_to_list(struct sh_cli_list *list, const char *value, struct sh_arena *arena,
                           struct sh_err *err) {
    if (list->n == list->cap) {
        const size_t cap = list->cap ? 2 * list->cap : 8;
        const char **at = sh_new(arena, const char *, cap);
        if (!at)
            return sh_fail(err, SH_E_NOMEM, "no room for %zu values", cap);
        if (list->n)
            memcpy(at, list->at, list->n * sizeof *at);
        list->at = at, list->cap = cap;
    }
    list->at[list->n++] = value;
    return SH_OK;
}

static sh_code take_value(const struct sh_option *o, const char *value, struct sh_arena *arena,
                          struct sh_err *err) {
    switch (o->kind) {
    case SH_OPTION_FLAG:
        *(bool *)o->target = true;
        return SH_OK;
    case SH_OPTION_TEXT:
        *(const char **)o->target = value;
        return SH_OK;
    case SH_OPTION_LIST:
        return add_to_list(o->target, value, arena, err);
    case SH_OPTION_UINT:
        return parse_uint(o, value, err);
    case SH_OPTION_DAY:
        return sh_date_parse(sh_str_of(value), o->target, err);
    case SH_OPTION_LANG:
        return sh_lang_parse(sh_str_of(value), o->target, err);
    }
    return sh_fail(err, SH_E_INTERNAL, "option kind %d", (int)o->kind);
}

/* The words of a command line, and the one being read. */
struct words {
    int argc, i;
    char **argv;
};

/* One "--name", "--name=value" or "--name value"; moves words to its last word. */
static int take_option(const struct sh_command *c, struct words *words, bool *given, struct sh_arena *arena,
                       FILE *errout, sh_lang lang) {
    const char *arg = words->argv[words->i];
    struct sh_str name = sh_str_of(arg + 2);
    const size_t equals = sh_str_find_char(name, '=');
    const char *value = NULL;
    if (equals != SH_STR_NONE)
        value = name.at + equals + 1, name.len = equals;
    const struct sh_option *o = find_option(c, name);
    if (!o)
        return unknown_option(c, arg, name, errout, lang);
    if (o->kind == SH_OPTION_FLAG && value) {
        sh_msg_print(errout, messages, CLI_NOT_FLAG, lang, c->name, o->name);
        return usage(c, errout, lang);
    }
    if (o->kind != SH_OPTION_FLAG && !value) {
        if (words->i + 1 >= words->argc) {
            sh_msg_print(errout, messages, CLI_NO_VALUE, lang, c->name, o->name);
            return usage(c, errout, lang);
        }
        value = words->argv[++words->i];
    }
    struct sh_err err;
    if (take_value(o, value, arena, &err) != SH_OK) {
        sh_msg_print(errout, messages, CLI_BAD_VALUE, lang, c->name, o->name, value ? value : "",
                     err.message);
        return usage(c, errout, lang);
    }
    given[o - c->options] = true;
    return SH_EXIT_OK;
}

static int check_complete(const struct sh_command *c, const bool *given, size_t n_operands, FILE *errout,
                          sh_lang lang) {
    for (size_t i = 0; i < c->n_options; i++)
        if (c->options[i].required && !given[i]) {
            sh_msg_print(errout, messages, CLI_MISSING, lang, c->name, c->options[i].name);
            return usage(c, errout, lang);
        }
    if (n_operands < c->operands_min || n_operands > c->operands_max) {
        sh_msg_print(errout, messages, CLI_OPERANDS, lang, c->name, c->operands_min, c->operands_max,
                     n_operands);
        return usage(c, errout, lang);
    }
    return SH_EXIT_OK;
}

// NOLINTNEXTLINE(readability-function-size): what main() gives, and what a command wants of it
bool sh_cli_parse(const struct sh_command *c, int argc, char **argv, struct sh_arena *arena, FILE *out,
                  FILE *errout, const char *const **ret_operands, size_t *ret_n, int *ret_exit) {
    const sh_lang lang = sh_lang_from_env();
    const char **operands = sh_new(arena, const char *, (size_t)argc + 1);
    bool *given = sh_new(arena, bool, c->n_options + 1);
    size_t n = 0;
    *ret_exit = SH_EXIT_SYSTEM;
    if (!operands || !given)
        return false;
    bool only_operands = false;
    for (struct words words = {.argc = argc, .i = 1, .argv = argv}; words.i < argc; words.i++) {
        const char *word = argv[words.i];
        const bool is_option = !only_operands && word[0] == '-' && word[1] != '\0';
        if (!is_option) {
            operands[n++] = word;
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            print_help(c, out, lang);
            *ret_exit = SH_EXIT_OK;
            return false;
        } else if (word[1] != '-') {
            *ret_exit = unknown_option(c, word, sh_str_of(word + 1), errout, lang);
            return false;
        } else {
            *ret_exit = take_option(c, &words, given, arena, errout, lang);
            if (*ret_exit != SH_EXIT_OK)
                return false;
        }
    }
    *ret_exit = check_complete(c, given, n, errout, lang);
    *ret_operands = operands;
    *ret_n = n;
    return *ret_exit == SH_EXIT_OK;
}

int sh_cli_verb(const struct sh_verbs *known, int argc, char **argv, struct sh_arena *arena, FILE *out,
                FILE *errout, int *ret_exit) {
    const char *rows = (const char *)known->first;
    for (size_t i = 0; argc > 1 && i < known->n; i++) {
        const struct sh_verb *verb = (const struct sh_verb *)(const void *)(rows + i * known->stride);
        if (strcmp(argv[1], verb->name) != 0)
            continue;
        const struct sh_command command = {verb->full,     verb->zh,         verb->en, "",
                                           known->options, known->n_options, 0,        0};
        const char *const *operands;
        size_t n;
        if (sh_cli_parse(&command, argc - 1, argv + 1, arena, out, errout, &operands, &n, ret_exit))
            return (int)i;
        return -1;
    }
    const bool asked = argc > 1 && strcmp(argv[1], "--help") == 0;
    FILE *to = asked ? out : errout;
    fputs(known->usage, to);
    for (size_t i = 0; i < known->n; i++) {
        const struct sh_verb *verb = (const struct sh_verb *)(const void *)(rows + i * known->stride);
        fprintf(to, "  %-8s %s\n", verb->name, sh_lang_from_env() == SH_ZH ? verb->zh : verb->en);
    }
    *ret_exit = asked ? SH_EXIT_OK : SH_EXIT_USAGE;
    return -1;
}

int sh_cli_fail(FILE *errout, sh_code code, const struct sh_err *err) {
    fprintf(errout, "shouhu: %s\n", err->message);
    switch (code) {
    case SH_OK:
        return SH_EXIT_OK;
    case SH_E_INPUT:
    case SH_E_LIMIT:
    case SH_E_UNSUPPORTED:
    case SH_E_OVERFLOW:
    case SH_E_CONFLICT:
        return SH_EXIT_INPUT;
    case SH_E_NOTFOUND:
    case SH_E_BUSY:
    case SH_E_CORRUPT:
        return SH_EXIT_LAKE;
    case SH_E_NOMEM:
    case SH_E_IO:
    case SH_E_FULL:
    case SH_E_CANCELLED:
        return SH_EXIT_SYSTEM;
    case SH_E_INTERNAL:
        break;
    }
    return SH_EXIT_INTERNAL;
}

/* Is `name` a folder of root, and root the folder of shipped text (a build folder has a synth of its own)? */
static bool is_shared(const char *root, const char *sub, const char *name) {
    const char *const wanted[] = {"mappings", "rules", name};
    char path[SH_PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct stat st;
        const int len = snprintf(path, sizeof path, "%s%s/%s", root, sub, wanted[i]);
        if (len < 0 || (size_t)len >= sizeof path || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
            return false;
    }
    return true;
}

sh_code sh_cli_share(const char *name, struct sh_arena *arena, const char **ret, struct sh_err *err) {
    const char *set = getenv("SHOUHU_SHARE");
    char exe[SH_PATH_BYTES_MAX];
    const ssize_t len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (len < 0)
        return sh_fail_errno(err, "cannot tell where the program lies");
    exe[len] = '\0';
    /* The folder of the program and those above it: ../share/shouhu when installed, the source tree when
     * built in place. */
    const char *tried = set;
    for (int up = 0; up < 5; up++) {
        if (set && up > 0)
            break;
        char *slash = set ? NULL : strrchr(exe, '/');
        if (slash)
            *slash = '\0';
        const char *const roots[] = {set ? "" : "/share/shouhu", ""};
        for (size_t i = 0; i < 2; i++) {
            if (!is_shared(set ? set : exe, roots[i], name))
                continue;
            *ret = sh_arena_printf(arena, NULL, "%s%s/%s", set ? set : exe, roots[i], name);
            return *ret ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a path");
        }
    }
    return sh_fail(err, SH_E_NOTFOUND,
                   "the folder %s of shipped text is not %s %s; set SHOUHU_SHARE to the folder that holds it",
                   name, tried ? "in" : "near the program", tried ? tried : "");
}

sh_code sh_cli_join(const char *dir, const char *name, struct sh_arena *arena, const char **ret,
                    struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, name, err));
    *ret = sh_arena_dup(arena, path, strlen(path));
    return *ret ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for a path");
}

void sh_cli_show(void *ctx, uint64_t done, uint64_t total) {
    (void)total;
    struct sh_cli_shown *s = ctx;
    uint_fast64_t before = atomic_load(&s->done);
    while (before < done && !atomic_compare_exchange_weak(&s->done, &before, done))
        continue;
    if (before < done)
        sh_progress_step(&s->bar, done - before);
}
