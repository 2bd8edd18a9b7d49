/* shouhu import: options, one call, the table of what was read, landed, repeated and rejected. */
#include "base/clock.h"
#include "base/money.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "lake/lake.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define IMPORT_MESSAGES(X)                                                                                   \
    X(IMPORT_HEAD, "表", "table")                                                                            \
    X(IMPORT_READ, "读入", "read")                                                                           \
    X(IMPORT_LANDED, "落湖", "landed")                                                                       \
    X(IMPORT_REPEATED, "重复", "repeated")                                                                   \
    X(IMPORT_REJECTED, "拒收", "rejected")                                                                   \
    X(IMPORT_ROWS, "行", "rows")                                                                             \
    X(IMPORT_YUAN, "金额（元）", "yuan")                                                                     \
    X(IMPORT_BATCH, "批次", "batch")                                                                         \
    X(IMPORT_MANIFEST, "清单", "manifest")                                                                   \
    X(IMPORT_REJECTS, "拒收明细", "rejects")                                                                 \
    X(IMPORT_UNKNOWN, "其中金额无法读取的拒收行", "rejected rows whose amount could not be read")            \
    X(IMPORT_CORRECTED, "更正", "corrected")                                                                 \
    X(IMPORT_WITHDRAWN, "撤回", "withdrawn")                                                                 \
    X(IMPORT_STAGES, "各阶段用时（秒）", "seconds by stage")                                                 \
    X(IMPORT_WHO,                                                                                            \
      "shouhu import：--correction 与 --withdrawal 须同时给出 --reason、--by 与 --approved-by\n",            \
      "shouhu import: --correction and --withdrawal need --reason, --by and --approved-by\n")                \
    X(IMPORT_ONE, "shouhu import：--correction 与 --withdrawal 只能选一个\n",                                \
      "shouhu import: --correction and --withdrawal exclude each other\n")

enum import_message { IMPORT_MESSAGES(SH_MSG_ID) IMPORT_MESSAGES_N };
static const struct sh_msg messages[] = {IMPORT_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = IMPORT_MESSAGES_N;

struct shown {
    struct sh_progress bar;
    const char *stage;
    uint64_t done;
    bool begun;
    sh_lang lang;
};

static void show(void *ctx, const char *stage, uint64_t done, uint64_t total) {
    struct shown *s = ctx;
    if (!s->begun || strcmp(s->stage, stage) != 0) {
        if (s->begun)
            sh_progress_end(&s->bar);
        s->stage = stage, s->done = 0, s->begun = true;
        sh_progress_begin(&s->bar, stderr, s->lang, stage, "", total);
    }
    if (done > s->done) {
        sh_progress_step(&s->bar, done - s->done);
        s->done = done;
    }
}

static void print_table(const struct sh_import_result *r, FILE *out, sh_lang lang) {
    sh_cli_pad(out, sh_msg(messages, IMPORT_HEAD, lang), 14);
    for (size_t m = IMPORT_READ; m <= IMPORT_REJECTED; m++) {
        const char *title = sh_msg(messages, m, lang);
        fprintf(out, " %*s", 16 - (int)sh_utf8_width(sh_str_of(title)), "");
        fputs(title, out);
    }
    fputc('\n', out);
    for (int t = 0; t < SH_TABLES; t++) {
        const struct sh_import_count *c = &r->tables[t];
        if (c->read == 0)
            continue;
        sh_cli_pad(out, sh_lake_schema[t].name, 14);
        fprintf(out, " %16" PRIu64 " %16" PRIu64 " %16" PRIu64 " %16" PRIu64 "  %s\n", c->read, c->landed,
                c->repeated, c->rejected, sh_msg(messages, IMPORT_ROWS, lang));
        if (c->read_fen || c->landed_fen || c->rejected_fen) {
            const int64_t fen[] = {c->read_fen, c->landed_fen, c->repeated_fen, c->rejected_fen};
            sh_cli_pad(out, "", 14);
            for (size_t i = 0; i < 4; i++) {
                char text[SH_MONEY_TEXT_MAX];
                sh_money_plain(fen[i], text);
                fprintf(out, " %16s", text);
            }
            fprintf(out, "  %s\n", sh_msg(messages, IMPORT_YUAN, lang));
        }
        if (c->rejected_unknown_fen)
            fprintf(out, "  %s: %" PRIu64 "\n", sh_msg(messages, IMPORT_UNKNOWN, lang),
                    c->rejected_unknown_fen);
        if (c->corrected || c->withdrawn)
            fprintf(out, "  %s %" PRIu64 "  %s %" PRIu64 "\n", sh_msg(messages, IMPORT_CORRECTED, lang),
                    c->corrected, sh_msg(messages, IMPORT_WITHDRAWN, lang), c->withdrawn);
    }
}

static uint64_t print_result(const struct sh_import_result *r, FILE *out, sh_lang lang) {
    print_table(r, out, lang);
    fprintf(out, "%s %" PRIu64 "  %s %" PRIu64 "\n", sh_msg(messages, IMPORT_BATCH, lang), r->batch,
            sh_msg(messages, IMPORT_MANIFEST, lang), r->manifest);
    fprintf(out, "%s:", sh_msg(messages, IMPORT_STAGES, lang));
    for (size_t i = 0; i < r->n_stages; i++)
        fprintf(out, " %s %.2f", r->stages[i].name, r->stages[i].seconds);
    fputc('\n', out);
    if (r->rejects_path[0])
        fprintf(out, "%s: %s\n", sh_msg(messages, IMPORT_REJECTS, lang), r->rejects_path);
    uint64_t rejected = 0;
    for (int t = 0; t < SH_TABLES; t++)
        rejected += r->tables[t].rejected;
    return rejected;
}

static sh_code import_shown(const struct sh_import_options *options, bool quiet, sh_lang lang,
                            struct sh_import_result *result, struct sh_err *err) {
    struct shown shown = {.lang = lang};
    struct sh_import_options with_bar = *options; /* a copy: the bar ends with this call */
    if (!quiet)
        with_bar.progress = show, with_bar.progress_ctx = &shown;
    const sh_code code = sh_lake_import(&with_bar, result, err);
    if (shown.begun)
        sh_progress_end(&shown.bar);
    return code;
}

int sh_cli_import(struct sh_import_options *options, bool quiet, sh_lang lang, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err;
    struct sh_clock clock;
    sh_code failed = sh_clock_from_env(&clock, &err);
    if (failed == SH_OK && !options->mappings_dir)
        failed = sh_cli_share("mappings", &arena, &options->mappings_dir, &err);
    if (failed != SH_OK)
        return sh_cli_fail(errout, failed, &err);
    options->known_day = sh_clock_today_shanghai(&clock);
    struct sh_import_result *result = sh_new(&arena, struct sh_import_result, 1);
    if (!result)
        return sh_cli_fail(errout, sh_fail(&err, SH_E_NOMEM, "no room"), &err);
    failed = import_shown(options, quiet, lang, result, &err);
    if (failed != SH_OK)
        return sh_cli_fail(errout, failed, &err);
    return print_result(result, out, lang) ? SH_EXIT_REJECTS : SH_EXIT_OK;
}

int sh_cmd_import(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_import_options options = {0};
    uint64_t threads = 0, buckets = 0;
    sh_lang lang = sh_lang_from_env();
    bool quiet = false;
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &options.lake_dir, "DIR", "数据湖目录（没有则新建）",
         "folder of the lake (made if absent)", .required = true},
        {"mapping", SH_OPTION_TEXT, &options.mapping, "NAME", "映射：national、generic、tuva …",
         "mapping: national, generic, tuva …", .required = true},
        {"mappings", SH_OPTION_TEXT, &options.mappings_dir, "DIR", "映射所在目录", "folder of the mappings"},
        {"correction", SH_OPTION_FLAG, &options.correction, NULL, "内容不同的已有行成为新版本",
         "known rows with other content become a new version"},
        {"withdrawal", SH_OPTION_FLAG, &options.withdrawal, NULL, "撤回文件中的行",
         "withdraw the rows of the files"},
        {"reason", SH_OPTION_TEXT, &options.reason, "TEXT", "更正或撤回的理由",
         "why it is corrected or withdrawn"},
        {"by", SH_OPTION_TEXT, &options.by, "WHO", "谁要求的", "who asked for it"},
        {"approved-by", SH_OPTION_TEXT, &options.approved_by, "WHO", "谁批准的（不得是要求者）",
         "who approved it (another one)"},
        {"buckets", SH_OPTION_UINT, &buckets, "N", "新湖的桶数", "buckets of a new lake", .low = 1,
         .high = 4096},
        {"threads", SH_OPTION_UINT, &threads, "N", "线程数（默认全部处理器）",
         "threads (default: all processors)", .low = 1, .high = 256},
        {"lang", SH_OPTION_LANG, &lang, "zh|en", "语言", "language"},
        {"quiet", SH_OPTION_FLAG, &quiet, NULL, "不显示进度", "no progress"},
    };
    const struct sh_command command = {
        "import",
        "把费用文件导入数据湖。读入 = 落湖 + 重复 + 拒收，按行数和金额核对。",
        "Bring claim files into a lake. read = landed + repeated + rejected, in rows and money.",
        "FILE…",
        table,
        sizeof table / sizeof table[0],
        1,
        100000};
    int code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &options.files, &options.n_files, &code))
        return code;
    if (options.correction && options.withdrawal) {
        fputs(sh_msg(messages, IMPORT_ONE, lang), errout);
        return SH_EXIT_USAGE;
    }
    if ((options.correction || options.withdrawal) &&
        (!options.reason || !options.by || !options.approved_by)) {
        fputs(sh_msg(messages, IMPORT_WHO, lang), errout);
        return SH_EXIT_USAGE;
    }
    options.threads = (unsigned)threads;
    options.buckets = (uint32_t)buckets;
    return sh_cli_import(&options, quiet, lang, out, errout);
}
