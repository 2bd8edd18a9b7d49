/* Options that every subcommand of the store takes. Inner header. */
#pragma once
#include "cli/cli.h"
#include "store/store.h"

struct sh_cli_store {
    const char *data, *keys, *heads, *database, *passphrase_file, *actor;
    struct sh_clock clock;
    char passphrase[512];
};

#define SH_CLI_STORE_OPTIONS(o)                                                                              \
    {"data", SH_OPTION_TEXT, &(o).data, "DIR", "业务数据目录", "folder of the store", .required = true},     \
        {"keys",                                                                                             \
         SH_OPTION_TEXT,                                                                                     \
         &(o).keys,                                                                                          \
         "DIR",                                                                                              \
         "密钥目录（默认 数据目录-keys）",                                                                   \
         "folder of the keys (default DATA-keys)"},                                                          \
        {"heads",                                                                                            \
         SH_OPTION_TEXT,                                                                                     \
         &(o).heads,                                                                                         \
         "FILE",                                                                                             \
         "树头存证文件（默认在密钥目录）",                                                                   \
         "append-only file of signed heads (default in the folder of the keys)"},                            \
        {"database",                                                                                         \
         SH_OPTION_TEXT,                                                                                     \
         &(o).database,                                                                                      \
         "URL",                                                                                              \
         "PostgreSQL 连接（默认用 SQLite）",                                                                 \
         "PostgreSQL (default: SQLite in the folder)"},                                                      \
        {"passphrase-file",    SH_OPTION_TEXT,                                                               \
         &(o).passphrase_file, "FILE",                                                                       \
         "密钥口令文件",       "file that holds the passphrase of the keys"},                                \
    {                                                                                                        \
        "actor", SH_OPTION_TEXT, &(o).actor, "ID", "操作人账号（默认 cli）",                                 \
            "account that acts (default cli)"                                                                \
    }

/** Content of a file without white space around it, into out [size]. */
SH_MUST sh_code sh_cli_passphrase(const char *path, char *out, size_t size, struct sh_err *err);
/** Options of sh_store_open. Errors: SH_E_IO the passphrase file; SH_E_INPUT the clock. */
SH_MUST sh_code sh_cli_store_options(struct sh_cli_store *given, struct sh_store_options *ret,
                                     struct sh_err *err);
