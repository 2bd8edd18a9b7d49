/*
 * The `shouhu` command. One file per subcommand (cmd_X.c), each one function; no logic here: options in, a
 * room called, a summary out. Inner header of the room.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/msg.h"
#include "base/progress.h"
#include "lake/lake.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes, the same for every subcommand; printed by `shouhu --help`. */
enum sh_exit {
    SH_EXIT_OK = 0,
    SH_EXIT_USAGE = 2,    /* a wrong flag or a missing argument */
    SH_EXIT_INPUT = 3,    /* what was given is wrong: file, rule, mapping */
    SH_EXIT_LAKE = 4,     /* the lake is missing, damaged or busy */
    SH_EXIT_SYSTEM = 5,   /* disk full, no memory, no permission */
    SH_EXIT_INTERNAL = 6, /* our fault */
    SH_EXIT_REJECTS = 9,  /* import: done, but some rows were rejected */
    SH_EXIT_FINDINGS = 10 /* audit: done, and there are findings */
};

enum sh_option_kind {
    SH_OPTION_FLAG, /* bool * */
    SH_OPTION_TEXT, /* const char ** */
    SH_OPTION_LIST, /* struct sh_cli_list *: may be repeated */
    SH_OPTION_UINT, /* uint64_t *: [low, high] */
    SH_OPTION_DAY,  /* int32_t *: YYYY-MM-DD */
    SH_OPTION_LANG, /* enum sh_lang * */
};

struct sh_cli_list {
    const char **at; /* in the arena */
    size_t n, cap;
};

/* Ordered as the tables of options read, which fill it by position. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): a few bytes of a few options
struct sh_option {
    const char *name; /* without dashes */
    enum sh_option_kind kind;
    void *target;
    const char *value; /* how --help writes the value: "DIR" */
    const char *zh, *en;
    uint64_t low, high; /* UINT; both 0 = no bound */
    bool required;
};

struct sh_command {
    const char *name;     /* "import" or "lake compact" */
    const char *zh, *en;  /* one line */
    const char *operands; /* "FILE…" or "" */
    const struct sh_option *options;
    size_t n_options;
    size_t operands_min, operands_max;
};

/**
 * Parse argv[1..] (argv[0] is the subcommand). --help prints the page and gives SH_EXIT_OK through ret_exit
 * with false returned; a wrong flag prints what was wrong and the nearest right one and gives SH_EXIT_USAGE.
 * True: go on. `--` ends the options;
 * "--name value" and "--name=value" both work.
 * ret_operands: borrowed from argv, in order.
 */
bool sh_cli_parse(const struct sh_command *command, int argc, char **argv, struct sh_arena *arena, FILE *out,
                  FILE *errout, const char *const **ret_operands, size_t *ret_n, int *ret_exit);

/* A subcommand with verbs: `shouhu lake info …`. The table of verbs is the command's own; each row begins so.
 */
struct sh_verb {
    const char *name, *full; /* "info", "lake info" */
    const char *zh, *en;     /* one line */
};
struct sh_verbs {
    const struct sh_verb *first;
    size_t n, stride;                /* bytes from row to row */
    const char *usage;               /* printed above the list of verbs */
    const struct sh_option *options; /* of all verbs together */
    size_t n_options;
};
/**
 * Find argv[1] among the verbs and parse what follows, no operands. The row; -1: the verbs, a page of
 * help or a fault were printed, *ret_exit says how to end.
 */
int sh_cli_verb(const struct sh_verbs *known, int argc, char **argv, struct sh_arena *arena, FILE *out,
                FILE *errout, int *ret_exit);

/** Print "shouhu: message" and give the exit code of an error. */
int sh_cli_fail(FILE *errout, sh_code code, const struct sh_err *err);

/**
 * Folder of shipped text ("rules", "knowledge", "mappings", "synth", "law/params"): below $SHOUHU_SHARE, else
 * ../share/shouhu of the program, else the source tree the program was built in. SH_E_NOTFOUND says where it
 * looked.
 */
SH_MUST sh_code sh_cli_share(const char *name, struct sh_arena *arena, const char **ret, struct sh_err *err);

/** "dir/name" in the arena. Errors: SH_E_LIMIT, SH_E_NOMEM. */
SH_MUST sh_code sh_cli_join(const char *dir, const char *name, struct sh_arena *arena, const char **ret,
                            struct sh_err *err);

/**
 * Import the files of `options` and print what was read, landed, repeated and rejected; fills in the day, the
 * folder of mappings and the progress. Gives an exit code: SH_EXIT_OK, SH_EXIT_REJECTS, or that of the error,
 * which is printed.
 */
int sh_cli_import(struct sh_import_options *options, bool quiet, sh_lang lang, FILE *out, FILE *errout);

/** How far an audit is: `bar` is begun and ended by the caller; sh_cli_show is the audit's progress, its ctx
 * a struct sh_cli_shown. Thread-safe. */
struct sh_cli_shown {
    struct sh_progress bar;
    atomic_uint_fast64_t done;
};
void sh_cli_show(void *ctx, uint64_t done, uint64_t total);

/* Terminal width of text and padding to a column, CJK counted double. */
void sh_cli_pad(FILE *out, const char *text, int columns);

int sh_cmd_import(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_lake(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_synth(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_rules(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_knowledge(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_audit(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_explain(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_backtest(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_merge(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_journal(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_witness(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_backup(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_restore(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_serve(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_law(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_findings(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_paper(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_draw(int argc, char **argv, FILE *out, FILE *errout);
int sh_cmd_user(int argc, char **argv, FILE *out, FILE *errout);
