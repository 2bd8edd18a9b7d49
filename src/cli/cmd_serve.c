/* shouhu serve: the API over a data directory, until SIGTERM or SIGINT. */
#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "gate/gate.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SERVE_MESSAGES(X)                                                                                    \
    X(SERVE_READY, "守护 已启动：http://%s:%u（数据 %s）\n", "shouhu serves http://%s:%u (data %s)\n")       \
    X(SERVE_STOPPING, "正在停止：完成在办请求…\n", "stopping: finishing what is under way…\n")

enum serve_message { SERVE_MESSAGES(SH_MSG_ID) SERVE_MESSAGES_N };
static const struct sh_msg messages[] = {SERVE_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = SERVE_MESSAGES_N;

enum { STOP_SECONDS = 30 };

/* "HOST:PORT", "[::1]:PORT". */
static sh_code split_listen(const char *listen, char host[64], uint16_t *ret_port, struct sh_err *err) {
    const char *colon = strrchr(listen, ':');
    char *end = NULL;
    const unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    size_t len = colon ? (size_t)(colon - listen) : 0;
    if (!colon || len == 0 || len >= 64 || colon[1] < '0' || colon[1] > '9' || *end || port > 65535)
        return sh_fail(err, SH_E_INPUT, "--listen is HOST:PORT, e.g. 127.0.0.1:8080");
    if (listen[0] == '[' && listen[len - 1] == ']')
        listen++, len -= 2;
    memcpy(host, listen, len);
    host[len] = '\0';
    *ret_port = (uint16_t)port;
    return SH_OK;
}

static int serve(const struct sh_gate_options *options, sh_lang lang, FILE *out, FILE *errout) {
    /* Threads inherit the mask: only this one takes the signals. A broken pipe is an error of a call, not an
     * end. */
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
    signal(SIGPIPE, SIG_IGN);
    const struct rlimit no_core = {0, 0}; /* a core file would hold keys and personal data */
    (void)setrlimit(RLIMIT_CORE, &no_core);
    struct sh_gate *gate = NULL;
    struct sh_err err;
    const sh_code code = sh_gate_start(options, &gate, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    sh_msg_print(out, messages, SERVE_READY, lang, options->host, (unsigned)sh_gate_port(gate),
                 options->data_dir);
    fflush(out);
    int signal_number = 0;
    sigwait(&wanted, &signal_number);
    fputs(sh_msg(messages, SERVE_STOPPING, lang), errout);
    sh_gate_stop(gate, STOP_SECONDS);
    return SH_EXIT_OK;
}

/* The folder above registers/. */
static sh_code find_law(struct sh_arena *arena, const char **ret_law, const char **ret_api,
                        struct sh_err *err) {
    SH_TRY(sh_cli_share("law", arena, ret_law, err));
    const char *api = sh_arena_printf(arena, NULL, "%s/../docs/openapi.yaml", *ret_law);
    bool is_there = false;
    if (!api)
        return sh_fail(err, SH_E_NOMEM, "no room for a path");
    SH_TRY(sh_fs_exists(api, &is_there, err));
    if (!is_there)
        api = sh_arena_printf(arena, NULL, "%s/../openapi.yaml", *ret_law);
    SH_TRY(sh_fs_exists(api ? api : "", &is_there, err));
    *ret_api = is_there ? api : NULL;
    return SH_OK;
}

/* The built pages; NULL when they were not built: then the server is an API alone. */
static sh_code find_pages(struct sh_arena *arena, const char **ret, struct sh_err *err) {
    const char *dir = NULL;
    if (sh_cli_share("web/dist", arena, &dir, err) != SH_OK)
        return err->code == SH_E_NOTFOUND ? SH_OK : err->code;
    char index[SH_PATH_BYTES_MAX];
    bool is_there = false;
    SH_TRY(sh_path_join(index, dir, "index.html", err));
    SH_TRY(sh_fs_exists(index, &is_there, err));
    *ret = is_there ? dir : NULL;
    return SH_OK;
}

int sh_cmd_serve(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const char *data = NULL, *listen = "127.0.0.1:8080", *database = NULL, *lake = NULL, *keys = NULL;
    uint64_t threads = 4;
    sh_lang lang = sh_lang_from_env();
    const struct sh_option table[] = {
        {"data", SH_OPTION_TEXT, &data, "DIR", "数据目录", "folder of the records", .required = true},
        {"listen", SH_OPTION_TEXT, &listen, "HOST:PORT", "监听地址（默认 127.0.0.1:8080）",
         "where to listen (default 127.0.0.1:8080)"},
        {"database", SH_OPTION_TEXT, &database, "URL", "postgresql:// 地址；缺省用 SQLite",
         "postgresql:// URL; else SQLite"},
        {"lake", SH_OPTION_TEXT, &lake, "DIR", "费用数据湖目录", "folder of the lake"},
        {"keys", SH_OPTION_TEXT, &keys, "DIR", "密钥目录（默认 数据目录-keys）",
         "folder of the keys (default DATA-keys)"},
        {"threads", SH_OPTION_UINT, &threads, "N", "读线程数（默认 4）", "threads that read (default 4)",
         .low = 1, .high = 64},
        {"lang", SH_OPTION_LANG, &lang, "zh|en", "语言", "language"},
    };
    const struct sh_command command = {"serve",
                                       "提供 JSON 接口（TLS 由前置 nginx 完成）",
                                       "serve the JSON API (TLS by nginx in front)",
                                       "",
                                       table,
                                       sizeof table / sizeof table[0],
                                       0,
                                       0};
    const char *const *operands;
    size_t n;
    int exit_code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n, &exit_code))
        return exit_code;
    struct sh_err err;
    char host[64];
    struct sh_clock clock;
    struct sh_gate_options options = {.data_dir = data,
                                      .database_url = database,
                                      .lake_dir = lake,
                                      .keys_dir = keys,
                                      .passphrase = getenv("SHOUHU_PASSPHRASE"),
                                      .threads = (unsigned)threads,
                                      .clock = &clock,
                                      .host = host,
                                      .log = errout};
    char program[SH_PATH_BYTES_MAX];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    program[len > 0 ? len : 0] = '\0';
    options.program = program;
    sh_code code = split_listen(listen, host, &options.port, &err);
    if (code == SH_OK)
        code = sh_clock_from_env(&clock, &err);
    if (code == SH_OK)
        code = find_law(&arena, &options.law_dir, &options.openapi_path, &err);
    if (code == SH_OK)
        code = find_pages(&arena, &options.pages_dir, &err);
    if (code == SH_OK)
        code = sh_cli_share("rules", &arena, &options.rules_dir, &err);
    if (code == SH_OK)
        code = sh_cli_share("knowledge", &arena, &options.knowledge_dir, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    return serve(&options, lang, out, errout);
}
