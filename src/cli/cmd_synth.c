/* shouhu synth: options, one call, what was made. */
#include "base/clock.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/money.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "synth/synth.h"
#include <inttypes.h>

#define SYNTH_MESSAGES(X)                                                                                    \
    X(SYNTH_PERSONS, "人", "persons")                                                                        \
    X(SYNTH_INSTITUTIONS, "定点医药机构", "institutions")                                                    \
    X(SYNTH_ENCOUNTERS, "就诊", "encounters")                                                                \
    X(SYNTH_LINES, "费用明细", "fee lines")                                                                  \
    X(SYNTH_REFUNDS, "其中退费", "of them refunds")                                                          \
    X(SYNTH_VOIDED, "其中无效", "of them void")                                                              \
    X(SYNTH_SETTLEMENTS, "结算", "settlements")                                                              \
    X(SYNTH_DIAGNOSES, "诊断", "diagnoses")                                                                  \
    X(SYNTH_OPERATIONS, "手术", "operations")                                                                \
    X(SYNTH_STOCK, "进销存", "stock rows")                                                                   \
    X(SYNTH_TOTAL, "医疗费用总额（元）", "total, yuan")                                                      \
    X(SYNTH_COVERED, "符合政策范围（元）", "covered, yuan")                                                  \
    X(SYNTH_FUND, "基金支付（元）", "fund, yuan")                                                            \
    X(SYNTH_VIOLATIONS, "植入违规", "violations planted")                                                    \
    X(SYNTH_NEAR, "植入近似而不违规", "near-misses planted")                                                 \
    X(SYNTH_BLAMED, "违规明细", "lines blamed")                                                              \
    X(SYNTH_NOT, "没有位置的植入", "plants without room")                                                    \
    X(SYNTH_BYTES, "字节", "bytes")                                                                          \
    X(SYNTH_PERIOD, "期间", "period")                                                                        \
    X(SYNTH_PER, "每人每月明细", "lines a person and month")                                                 \
    X(SYNTH_SPEED, "用时（秒），每秒明细", "seconds, lines a second")                                        \
    X(SYNTH_BAR, "生成", "making")                                                                           \
    X(SYNTH_RATE, "shouhu synth：--plant 应为 0 到 0.2 的小数，例如 0.01\n",                                 \
      "shouhu synth: --plant must be a decimal from 0 to 0.2, e.g. 0.01\n")                                  \
    X(SYNTH_START, "shouhu synth：--start 应为 YYYY-MM，例如 2026-04\n",                                     \
      "shouhu synth: --start must be YYYY-MM, e.g. 2026-04\n")

enum synth_message { SYNTH_MESSAGES(SH_MSG_ID) SYNTH_MESSAGES_N };
static const struct sh_msg messages[] = {SYNTH_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = SYNTH_MESSAGES_N;

static void print_text(FILE *out, sh_lang lang, size_t message, const char *text) {
    sh_cli_pad(out, sh_msg(messages, message, lang), 28);
    fprintf(out, " %20s\n", text);
}

static void print_count(FILE *out, sh_lang lang, size_t message, uint64_t n) {
    char text[SH_MONEY_TEXT_MAX];
    (void)sh_count_grouped((int64_t)n, text);
    print_text(out, lang, message, text);
}

static void print_money(FILE *out, sh_lang lang, size_t message, int64_t fen) {
    char text[SH_MONEY_TEXT_MAX];
    (void)sh_money_grouped(fen, text);
    print_text(out, lang, message, text);
}

static void print_result(const struct sh_synth_result *r, uint64_t months, int64_t ns, FILE *out,
                         sh_lang lang) {
    const struct {
        size_t message;
        uint64_t n;
    } counts[] = {{SYNTH_PERSONS, r->persons},       {SYNTH_INSTITUTIONS, r->institutions},
                  {SYNTH_ENCOUNTERS, r->encounters}, {SYNTH_SETTLEMENTS, r->settlements},
                  {SYNTH_LINES, r->lines},           {SYNTH_REFUNDS, r->refunds},
                  {SYNTH_VOIDED, r->voided},         {SYNTH_DIAGNOSES, r->diagnoses},
                  {SYNTH_OPERATIONS, r->operations}, {SYNTH_STOCK, r->stock_rows},
                  {SYNTH_BYTES, r->bytes},           {SYNTH_VIOLATIONS, r->violations},
                  {SYNTH_NEAR, r->near_misses},      {SYNTH_BLAMED, r->blamed_lines},
                  {SYNTH_NOT, r->not_planted}};
    char first[SH_DATE_TEXT_MAX], last[SH_DATE_TEXT_MAX], text[64];
    (void)sh_date_format(r->first_day, first);
    (void)sh_date_format(r->last_day, last);
    (void)snprintf(text, sizeof text, "%s … %s", first, last);
    print_text(out, lang, SYNTH_PERIOD, text);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        print_count(out, lang, counts[i].message, counts[i].n);
    print_money(out, lang, SYNTH_TOTAL, r->total_fen);
    print_money(out, lang, SYNTH_COVERED, r->covered_fen);
    print_money(out, lang, SYNTH_FUND, r->fund_fen);
    (void)snprintf(text, sizeof text, "%.1f", (double)r->lines / (double)(r->persons * months));
    print_text(out, lang, SYNTH_PER, text);
    const double seconds = (double)ns / 1e9;
    (void)snprintf(text, sizeof text, "%.1f  %.0f", seconds,
                   (double)r->lines / (seconds > 0.001 ? seconds : 0.001));
    print_text(out, lang, SYNTH_SPEED, text);
}

/* "2026-04" to the first day of that month. */
static bool parse_month(const char *text, int32_t *ret) {
    char day[16];
    if (strlen(text) != 7 || snprintf(day, sizeof day, "%s-01", text) != 10)
        return false;
    return sh_date_scan(day, 10, ret) == SH_DATE_OK;
}

static int run(struct sh_synth_options *options, bool quiet, sh_lang lang, FILE *out, FILE *errout) {
    struct sh_err err;
    struct sh_progress bar;
    if (!quiet) {
        sh_progress_begin(&bar, stderr, lang, sh_msg(messages, SYNTH_BAR, lang),
                          sh_msg(messages, SYNTH_PERSONS, lang), options->persons);
        options->progress = &bar;
    }
    struct sh_synth_result result;
    const int64_t begun = sh_monotonic_ns();
    const sh_code code = sh_synth_run(options, &result, &err);
    if (!quiet) {
        sh_progress_end(&bar);
        options->progress = NULL; /* bar ends here */
    }
    if (code != SH_OK)
        return sh_cli_fail(errout, code, &err);
    print_result(&result, options->months, sh_monotonic_ns() - begun, out, lang);
    return SH_EXIT_OK;
}

int sh_cmd_synth(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_synth_options options = {0};
    uint64_t persons = 0, months = 4, seed = 1, threads = 0;
    const char *plant = "0.01", *start = NULL;
    sh_lang lang = sh_lang_from_env();
    bool quiet = false;
    const struct sh_option table[] = {
        {"persons", SH_OPTION_UINT, &persons, "N", "人数", "persons", .low = 1, .high = SH_SYNTH_PERSONS_MAX,
         .required = true},
        {"months", SH_OPTION_UINT, &months, "M", "月数（默认 4）", "months (default 4)", .low = 1,
         .high = SH_SYNTH_MONTHS_MAX},
        {"seed", SH_OPTION_UINT, &seed, "S", "种子：同样的种子生成同样的字节（默认 1）",
         "seed: the same seed gives the same bytes (default 1)"},
        {"out", SH_OPTION_TEXT, &options.out_dir, "DIR", "输出目录；真值写入 DIR/truth/truth.csv",
         "where to; the truth goes to DIR/truth/truth.csv", .required = true},
        {"plant", SH_OPTION_TEXT, &plant, "RATE", "违规明细所占比例（默认 0.01；0 为无违规）",
         "share of lines in violations (default 0.01; 0: clean)"},
        {"start", SH_OPTION_TEXT, &start, "YYYY-MM", "首月（默认使期间止于 2026-10-31）",
         "first month (default: the period ends on 2026-10-31)"},
        {"threads", SH_OPTION_UINT, &threads, "T", "线程数（默认全部处理器）",
         "threads (default: all processors)", .low = 1, .high = 256},
        {"book", SH_OPTION_TEXT, &options.book_dir, "DIR", "城市目录册所在目录",
         "folder of the city's catalogue"},
        {"lang", SH_OPTION_LANG, &lang, "zh|en", "语言", "language"},
        {"quiet", SH_OPTION_FLAG, &quiet, NULL, "不显示进度", "no progress"},
    };
    const struct sh_command command = {"synth",
                                       "生成一座虚构城市的医保数据（国家数据提取格式），并植入已知的违规。",
                                       "Make the claims of a city that does not exist, in the national "
                                       "extract layout, with known violations.",
                                       "",
                                       table,
                                       sizeof table / sizeof table[0],
                                       0,
                                       0};
    const char *const *operands;
    size_t n_operands;
    int exit_code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n_operands, &exit_code))
        return exit_code;
    int64_t ppm;
    if (sh_decimal_scan(plant, strlen(plant), 6, &ppm) != SH_DECIMAL_OK || ppm < 0 || ppm > 200000) {
        fputs(sh_msg(messages, SYNTH_RATE, lang), errout);
        return SH_EXIT_USAGE;
    }
    if (start && !parse_month(start, &options.first_day)) {
        fputs(sh_msg(messages, SYNTH_START, lang), errout);
        return SH_EXIT_USAGE;
    }
    if (!options.book_dir) {
        struct sh_err err;
        const sh_code code = sh_cli_share("synth", &arena, &options.book_dir, &err);
        if (code != SH_OK)
            return sh_cli_fail(errout, code, &err);
    }
    options.persons = (uint32_t)persons, options.months = (uint32_t)months, options.seed = seed;
    options.plant_ppm = (uint32_t)ppm, options.threads = (uint32_t)threads;
    return run(&options, quiet, lang, out, errout);
}
