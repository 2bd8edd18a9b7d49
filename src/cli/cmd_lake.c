/* shouhu lake info|verify|compact|vacuum */
#include "base/clock.h"
#include "base/date.h"
#include "cli/cli.h"
#include "lake/lake.h"
#include <inttypes.h>
#include <string.h>

#define LAKE_MESSAGES(X)                                                                                     \
    X(LAKE_USAGE, "用法：shouhu lake info|verify|compact|vacuum --lake DIR\n",                               \
      "Usage: shouhu lake info|verify|compact|vacuum --lake DIR\n")                                          \
    X(LAKE_MANIFEST, "清单", "manifest")                                                                     \
    X(LAKE_BUCKETS, "桶数", "buckets")                                                                       \
    X(LAKE_ROWS, "行", "rows")                                                                               \
    X(LAKE_SOUND, "完好：每个文件的大小、散列、行数、次序与键都相符\n",                                      \
      "sound: every file agrees in size, hash, rows, order and keys\n")                                      \
    X(LAKE_FAULTS, "发现问题", "faults")                                                                     \
    X(LAKE_COMPACTED, "已合并，新清单", "compacted, new manifest")                                           \
    X(LAKE_REMOVED, "已清理文件数和字节数", "removed files and bytes")

enum lake_message { LAKE_MESSAGES(SH_MSG_ID) LAKE_MESSAGES_N };
static const struct sh_msg messages[] = {LAKE_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = LAKE_MESSAGES_N;

struct lake_options {
    const char *dir;
    uint64_t threads, keep_days;
    sh_lang lang;
};

static int info(const struct lake_options *o, FILE *out, FILE *errout) {
    struct sh_lake *lake = NULL;
    struct sh_err err;
    const sh_code code = sh_lake_open(o->dir, 0, &lake, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    fprintf(out, "%s %" PRIu64 "  %s %" PRIu32 "\n", sh_msg(messages, LAKE_MANIFEST, o->lang),
            sh_lake_manifest(lake), sh_msg(messages, LAKE_BUCKETS, o->lang), sh_lake_buckets(lake));
    for (int t = 0; t < SH_TABLES; t++) {
        const uint64_t rows = sh_lake_rows(lake, (enum sh_table)t);
        if (rows == 0)
            continue;
        int32_t first, last;
        sh_lake_days(lake, (enum sh_table)t, &first, &last);
        sh_cli_pad(out, sh_lake_schema[t].name, 14);
        fprintf(out, " %14" PRIu64 " %s", rows, sh_msg(messages, LAKE_ROWS, o->lang));
        if (first <= last) {
            char a[SH_DATE_TEXT_MAX], b[SH_DATE_TEXT_MAX];
            sh_date_format(first, a), sh_date_format(last, b);
            fprintf(out, "  %s … %s", a, b);
        }
        fputc('\n', out);
    }
    sh_lake_close(lake);
    return SH_EXIT_OK;
}

static int verify(const struct lake_options *o, FILE *out, FILE *errout) {
    uint64_t faults = 0;
    struct sh_err err;
    const sh_code code = sh_lake_verify(o->dir, out, &faults, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    if (faults == 0) {
        fputs(sh_msg(messages, LAKE_SOUND, o->lang), out);
        return SH_EXIT_OK;
    }
    fprintf(out, "%s: %" PRIu64 "\n", sh_msg(messages, LAKE_FAULTS, o->lang), faults);
    return SH_EXIT_LAKE;
}

static int compact(const struct lake_options *o, FILE *out, FILE *errout) {
    uint64_t manifest = 0;
    struct sh_err err;
    const sh_code code = sh_lake_compact(o->dir, (unsigned)o->threads, &manifest, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    fprintf(out, "%s %" PRIu64 "\n", sh_msg(messages, LAKE_COMPACTED, o->lang), manifest);
    return SH_EXIT_OK;
}

static int vacuum(const struct lake_options *o, FILE *out, FILE *errout) {
    uint64_t files = 0, bytes = 0;
    struct sh_err err;
    struct sh_clock clock;
    sh_code code = sh_clock_from_env(&clock, &err);
    if (code == SH_OK)
        code =
            sh_lake_vacuum(o->dir, sh_clock_now(&clock), (int64_t)o->keep_days * 86400, &files, &bytes, &err);
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    fprintf(out, "%s: %" PRIu64 " %" PRIu64 "\n", sh_msg(messages, LAKE_REMOVED, o->lang), files, bytes);
    return SH_EXIT_OK;
}

static const struct {
    struct sh_verb says;
    int (*run)(const struct lake_options *o, FILE *out, FILE *errout);
} verbs[] = {
    {{"info", "lake info", "数据湖概况：清单、桶、各表行数与日期",
      "what is in a lake: manifest, buckets, rows and days by table"},
     info},
    {{"verify", "lake verify", "逐个文件核对大小、散列、行数、次序与键",
      "check every file: size, hash, rows, order, keys"},
     verify},
    {{"compact", "lake compact", "按桶和年合并小文件", "merge small files, one a bucket and year"}, compact},
    {{"vacuum", "lake vacuum", "删除保留期之外、无人读取的旧文件",
      "delete files older than the retention that nobody reads"},
     vacuum},
};

int sh_cmd_lake(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct lake_options o = {.keep_days = 30, .lang = sh_lang_from_env()};
    const struct sh_option table[] = {
        {"lake", SH_OPTION_TEXT, &o.dir, "DIR", "数据湖目录", "folder of the lake", .required = true},
        {"threads", SH_OPTION_UINT, &o.threads, "N", "线程数", "threads", .low = 1, .high = 256},
        {"keep-days", SH_OPTION_UINT, &o.keep_days, "N", "vacuum：保留多少天内的旧清单（默认 30）",
         "vacuum: days to keep old manifests (default 30)", .low = 0, .high = 36500},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const struct sh_verbs known = {&verbs[0].says,  sizeof verbs / sizeof verbs[0],
                                   sizeof verbs[0], sh_msg(messages, LAKE_USAGE, o.lang),
                                   table,           sizeof table / sizeof table[0]};
    int code;
    const int i = sh_cli_verb(&known, argc, argv, &arena, out, errout, &code);
    if (i < 0)
        return code;
    return verbs[i].run(&o, out, errout);
}
