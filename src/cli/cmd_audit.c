/* shouhu audit: options, one call, the summary of every answer. */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "report/report.h"
#include <string.h>

#define AUDIT_CMD_MESSAGES(X)                                                                                \
    X(AUDIT_LABEL, "稽核", "audit")                                                                          \
    X(AUDIT_UNIT, "行", "lines")                                                                             \
    X(AUDIT_BUCKETS, "shouhu audit：--buckets '%s' 应写作 起-止，如 0-63\n",                                 \
      "shouhu audit: --buckets '%s' is written A-B, for instance 0-63\n")                                    \
    X(AUDIT_STAGE, "shouhu audit：--stage '%s' 应为 before、during 或 after\n",                              \
      "shouhu audit: --stage '%s' is before, during or after\n")                                             \
    X(AUDIT_WHERE, "shouhu audit：请给出 --lake，或用 --from 指定自有费用文件所在目录\n",                    \
      "shouhu audit: give --lake, or --from with the folder of your own claim files\n")                      \
    X(AUDIT_NO_FILES, "shouhu audit：目录 %s 中没有 .csv、.txt 或 .gz 文件\n",                               \
      "shouhu audit: the folder %s has no .csv, .txt or .gz file\n")                                         \
    X(AUDIT_EXECUTOR, "shouhu audit：--executor '%s' 应为 batch 或 sql\n",                                   \
      "shouhu audit: --executor '%s' is batch or sql\n")                                                     \
    X(AUDIT_SQL_OTHERS, "shouhu audit：--executor sql 总是处理整个数据湖，也不留存稽核；请去掉 --%s\n",      \
      "shouhu audit: --executor sql reads the whole lake and keeps no run; leave out --%s\n")                \
    X(AUDIT_SQL, "SQL 执行：疑点 %llu 条，写入 %s\n", "by SQL: %llu findings, written to %s\n")              \
    X(AUDIT_WORKBOOK, "疑点工作簿：%s\n", "workbook of findings: %s\n")

enum audit_cmd_message { AUDIT_CMD_MESSAGES(SH_MSG_ID) AUDIT_CMD_MESSAGES_N };
static const struct sh_msg messages[] = {AUDIT_CMD_MESSAGES(SH_MSG_ENTRY)};

/* What was asked for on the command line. */
struct asked {
    struct sh_audit_options o;
    const char *buckets, *stage, *from, *mapping, *executor;
    bool quiet;
    sh_lang lang;
    struct sh_arena *arena;
    FILE *out, *errout;
};

/* ---- a check of one's own files: --from ----------------------------------------------------------- */

static bool is_claim_file(const struct sh_dir_entry *entry) {
    static const char *const ends[] = {".csv", ".txt", ".gz"};
    for (size_t i = 0; entry->kind == SH_ENTRY_FILE && i < sizeof ends / sizeof ends[0]; i++)
        if (sh_str_ends_with(sh_str_of(entry->name), sh_str_of(ends[i])))
            return true;
    return false;
}

static sh_code own_files(const char *dir, struct sh_arena *arena, struct sh_import_options *ret,
                         struct sh_err *err) {
    const struct sh_dir_entry *entries;
    size_t n;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n, err));
    const char **files = sh_new(arena, const char *, n + 1);
    if (!files)
        return sh_fail(err, SH_E_NOMEM, "no room for the names of files");
    for (size_t i = 0; i < n; i++)
        if (is_claim_file(&entries[i]))
            SH_TRY(sh_cli_join(dir, entries[i].name, arena, &files[ret->n_files++], err));
    ret->files = files;
    return SH_OK;
}

/* The files go into a lake beside them, the findings into a workbook: one folder, one command. */
static int prepare_from(struct asked *a) {
    struct sh_err err;
    struct sh_import_options import = {.mapping = a->mapping, .threads = a->o.threads};
    sh_code code = own_files(a->from, a->arena, &import, &err);
    if (code == SH_OK && !a->o.lake_dir)
        code = sh_cli_join(a->from, "shouhu-lake", a->arena, &a->o.lake_dir, &err);
    if (code == SH_OK && !a->o.out)
        code = sh_cli_join(a->from, "findings.xlsx", a->arena, &a->o.out, &err);
    if (code != SH_OK)
        return sh_cli_fail(a->errout, code, &err);
    if (import.n_files == 0) {
        sh_msg_print(a->errout, messages, AUDIT_NO_FILES, a->lang, a->from);
        return SH_EXIT_INPUT;
    }
    import.lake_dir = a->o.lake_dir;
    const int exit = sh_cli_import(&import, a->quiet, a->lang, a->out, a->errout);
    return exit == SH_EXIT_REJECTS ? SH_EXIT_OK : exit; /* what was refused is told; the rest is checked */
}

/* A-B */
static bool read_buckets(const char *text, uint32_t *first, uint32_t *last) {
    const struct sh_str whole = sh_str_of(text);
    const size_t dash = sh_str_find_char(whole, '-');
    uint64_t v[2] = {0, 0};
    if (dash == SH_STR_NONE || dash == 0 || dash + 1 == whole.len)
        return false;
    for (size_t i = 0; i < whole.len; i++) {
        if (i == dash)
            continue;
        uint64_t *n = &v[i > dash];
        if (text[i] < '0' || text[i] > '9' || *n > UINT32_MAX / 10)
            return false;
        *n = *n * 10 + (uint64_t)(text[i] - '0');
    }
    *first = (uint32_t)v[0], *last = (uint32_t)v[1];
    return v[0] <= v[1] && v[1] <= UINT32_MAX;
}

static bool read_stage(const char *text, unsigned *ret) {
    static const char *const words[] = {"before", "during", "after"};
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = 1u << i;
            return true;
        }
    return false;
}

static sh_code fill_dirs(struct sh_audit_options *o, struct sh_arena *arena, struct sh_err *err) {
    if (!o->rules_dir)
        SH_TRY(sh_cli_share("rules", arena, &o->rules_dir, err));
    if (!o->knowledge_dir)
        SH_TRY(sh_cli_share("knowledge", arena, &o->knowledge_dir, err));
    if (!o->params_dir)
        SH_TRY(sh_cli_share("law/params", arena, &o->params_dir, err));
    return SH_OK;
}

/* --out FILE.xlsx is written by room report, from the kept run. */
static bool is_workbook(const char *out) {
    return out && sh_str_ends_with(sh_str_of(out), SH_STR(".xlsx"));
}

static sh_code audit_shown(struct asked *a, struct sh_run_summary *ret, struct sh_err *err) {
    struct sh_clock clock;
    struct sh_cli_shown shown = {0};
    SH_TRY(sh_clock_from_env(&clock, err));
    SH_TRY(fill_dirs(&a->o, a->arena, err));
    a->o.clock = &clock;
    a->o.report = a->errout;
    if (!a->quiet) {
        sh_progress_begin(&shown.bar, stderr, a->lang, sh_msg(messages, AUDIT_LABEL, a->lang),
                          sh_msg(messages, AUDIT_UNIT, a->lang), 0);
        a->o.progress = sh_cli_show;
        a->o.progress_ctx = &shown;
    }
    const sh_code code = sh_audit_run(&a->o, a->arena, ret, err);
    if (!a->quiet)
        sh_progress_end(&shown.bar);
    return code;
}

static int run_sql(struct asked *a) {
    struct sh_err err;
    uint64_t findings = 0;
    sh_code code = fill_dirs(&a->o, a->arena, &err);
    a->o.report = a->errout;
    if (code == SH_OK)
        code = sh_audit_sql(&a->o, a->arena, &findings, &err);
    if (code != SH_OK)
        return sh_cli_fail(a->errout, code, &err);
    if (!a->quiet)
        sh_msg_print(a->out, messages, AUDIT_SQL, a->lang, (unsigned long long)findings, a->o.out);
    return findings > 0 ? SH_EXIT_FINDINGS : SH_EXIT_OK;
}

static int run(struct asked *a) {
    struct sh_err err;
    if (a->executor && strcmp(a->executor, "sql") == 0)
        return run_sql(a);
    struct sh_run_summary summary;
    const char *workbook = is_workbook(a->o.out) ? a->o.out : NULL;
    if (workbook)
        a->o.out = NULL;
    sh_code code = audit_shown(a, &summary, &err);
    if (code == SH_OK && !a->quiet)
        sh_audit_print_summary(&summary, a->lang, a->out);
    if (code == SH_OK && workbook)
        code = sh_report_findings(&summary, workbook, a->lang, &err);
    if (code != SH_OK)
        return sh_cli_fail(a->errout, code, &err);
    if (workbook)
        sh_msg_print(a->out, messages, AUDIT_WORKBOOK, a->lang, workbook);
    return summary.findings > 0 ? SH_EXIT_FINDINGS : SH_EXIT_OK;
}

/* An option that means nothing to the SQL executor; NULL: none is given. */
static const char *batch_only(const struct asked *a) {
    return a->buckets ? "buckets" : a->o.run ? "run" : a->o.chunk_rows ? "chunk-rows" : NULL;
}

/* Where the claims are, --buckets and --stage; tells what is wrong with them. */
static bool read_words(struct asked *a) {
    if (a->buckets && !read_buckets(a->buckets, &a->o.bucket_first, &a->o.bucket_last)) {
        sh_msg_print(a->errout, messages, AUDIT_BUCKETS, a->lang, a->buckets);
        return false;
    }
    if (a->stage && !read_stage(a->stage, &a->o.stage)) {
        sh_msg_print(a->errout, messages, AUDIT_STAGE, a->lang, a->stage);
        return false;
    }
    if (a->executor && strcmp(a->executor, "batch") != 0 && strcmp(a->executor, "sql") != 0) {
        sh_msg_print(a->errout, messages, AUDIT_EXECUTOR, a->lang, a->executor);
        return false;
    }
    const char *other = batch_only(a);
    if (a->executor && strcmp(a->executor, "sql") == 0 && other) {
        sh_msg_print(a->errout, messages, AUDIT_SQL_OTHERS, a->lang, other);
        return false;
    }
    if (!a->from && !a->o.lake_dir) {
        fputs(sh_msg(messages, AUDIT_WHERE, a->lang), a->errout);
        return false;
    }
    return true;
}

/* False: the program ends with *ret_exit. */
static bool parse(struct asked *a, int argc, char **argv, int *ret_exit) {
    struct sh_audit_options *const o = &a->o;
    struct sh_cli_list rules = {0};
    uint64_t threads = 0, manifest = 0, chunk = 0;
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &o->lake_dir, "DIR", "数据湖目录", "folder of the lake"},
        {"from", SH_OPTION_TEXT, &a->from, "DIR",
         "自查：先把该目录中的费用文件导入 DIR/shouhu-lake，疑点写入 DIR/findings.xlsx",
         "check your own files: import those of DIR into DIR/shouhu-lake, write DIR/findings.xlsx"},
        {"mapping", SH_OPTION_TEXT, &a->mapping, "NAME", "--from 所用映射（默认 national）",
         "mapping for --from (default: national)"},
        {"out", SH_OPTION_TEXT, &o->out, "FILE", "疑点清单：.csv、.json、.parquet 或 .xlsx",
         "findings: .csv, .json, .parquet or .xlsx"},
        {"run", SH_OPTION_TEXT, &o->run, "NAME", "本次稽核的名称（默认按时间）",
         "name of the run (default: by the clock)"},
        {"rules", SH_OPTION_TEXT, &o->rules_dir, "DIR", "规则目录", "folder of the rules"},
        {"knowledge", SH_OPTION_TEXT, &o->knowledge_dir, "DIR", "知识库目录", "folder of the knowledge"},
        {"params", SH_OPTION_TEXT, &o->params_dir, "DIR", "参数目录", "folder of the parameters"},
        {"place", SH_OPTION_TEXT, &o->place, "CODE", "统筹区行政区划代码（默认全国）",
         "division code (default: the nation)"},
        {"rule", SH_OPTION_LIST, &rules, "ID", "只运行该规则，可重复", "only this rule; may be repeated"},
        {"threads", SH_OPTION_UINT, &threads, "N", "线程数（默认全部处理器）",
         "threads (default: all processors)", .low = 1, .high = 256},
        {"as-of", SH_OPTION_DAY, &o->as_of, "DATE", "只稽核该日及以前发生的费用",
         "audit what happened up to that day"},
        {"known", SH_OPTION_DAY, &o->known, "DATE", "只用该日及以前已知的数据和知识",
         "use what was known up to that day"},
        {"manifest", SH_OPTION_UINT, &manifest, "N", "数据版本（默认最新）",
         "state of the lake (default: the newest)", .low = 1, .high = INT64_MAX},
        {"buckets", SH_OPTION_TEXT, &a->buckets, "A-B", "只处理这些桶（分片，之后用 merge 合并）",
         "only these buckets (a slice; join with merge)"},
        {"stage", SH_OPTION_TEXT, &a->stage, "before|during|after", "只运行事前、事中或事后规则",
         "only rules of this stage"},
        {"executor", SH_OPTION_TEXT, &a->executor, "batch|sql",
         "执行方式：batch（默认）；sql 在内嵌 DuckDB 中以 SQL 运行同样的规则，写 --out FILE.csv，供核对",
         "how: batch (default); sql runs the same rules as SQL in embedded DuckDB and writes --out FILE.csv, "
         "to compare"},
        {"chunk-rows", SH_OPTION_UINT, &chunk, "N", "每批明细行数", "lines of one batch", .low = 1,
         .high = 16000000},
        {"lang", SH_OPTION_LANG, &a->lang, "zh|en", "语言", "language"},
        {"keep-going", SH_OPTION_FLAG, &o->keep_going, NULL, "有错的规则和知识表报出并略过，其余照常运行",
         "report rules and knowledge tables at fault, leave them out and run the rest"},
        {"quiet", SH_OPTION_FLAG, &a->quiet, NULL, "不显示进度和小结", "no progress, no summary"},
    };
    const struct sh_command command = {
        "audit",
        "对数据湖运行规则，留存疑点与凭据。退出码：0 无疑点，10 有疑点，2 用法，3 输入，4 数据湖，5 系统，6 "
        "内部错误。",
        "Run the rules over a lake; findings and receipts are kept. Exit codes: 0 no findings, 10 findings, "
        "2 usage, 3 input, 4 lake, 5 system, 6 internal.",
        "",
        table,
        sizeof table / sizeof table[0],
        0,
        0};
    const char *const *operands;
    size_t n_operands;
    if (!sh_cli_parse(&command, argc, argv, a->arena, a->out, a->errout, &operands, &n_operands, ret_exit))
        return false;
    o->only = rules.n ? rules.at : NULL;
    o->n_only = rules.n;
    o->threads = (unsigned)threads;
    o->manifest = manifest;
    o->chunk_rows = (uint32_t)chunk;
    o->has_buckets = a->buckets != NULL;
    return true;
}

int sh_cmd_audit(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct asked a = {.o = {.as_of = INT32_MAX, .known = INT32_MAX},
                      .mapping = "national",
                      .lang = sh_lang_from_env(),
                      .arena = &arena,
                      .out = out,
                      .errout = errout};
    int exit = SH_EXIT_OK;
    if (!parse(&a, argc, argv, &exit))
        return exit;
    if (!read_words(&a))
        return SH_EXIT_USAGE;
    if (a.from)
        exit = prepare_from(&a);
    return exit != SH_EXIT_OK ? exit : run(&a);
}
