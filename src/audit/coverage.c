/* Which of the national rules we have, how far each has come, and what a lake leaves empty of what they read.
 */
#include "audit/audit.h"
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include <assert.h>
#include <string.h>

#define NATIONAL_MAX 512

/* Of one lake: rows of a table, and how many have the column filled. */
struct filled {
    bool is_there; /* the lake has rows of the table, read or not */
    uint64_t rows;
    uint64_t columns[64];
};

struct coverage {
    bool (*is_planted)(struct sh_str rule); /* may be NULL */
    const struct sh_rules_options *options;
    struct sh_rules *rules;
    struct sh_arena *arena;
    FILE *out;
    sh_lang lang;
    bool has_lake;
    struct filled tables[SH_TABLES];
    bool needed[SH_TABLES][64];
    struct sh_coverage_result *result;
    struct sh_err *err;
};

#define COVERAGE_MESSAGES(X)                                                                                                             \
    X(COVER_HEAD,                                                                                                                        \
      "序号  国家编码          规则                                分类      "                                                 \
      "   形态     点     行     案例  植入  状态    名称\n",                                                                            \
      "no    national code     rule                                "                                                                     \
      "class        shape    points rows   cases plant state     name\n")                                                                \
    X(COVER_MISSING, "缺", "missing")                                                                                                    \
    X(COVER_EMPTY, "      空：", "      empty: ")                                                                                        \
    X(COVER_ASSUMED, "      空按“无”计：", "      empty, taken as none: ")                                                               \
    X(COVER_NO_ROWS, "没有行", "no rows")                                                                                                \
    X(COVER_TOTAL,                                                                                                                       \
      "国家规则 %zu 条：有 %zu，缺 %zu；另有 %zu 条；合计规则 %zu 条，其中合成城市植入 %zu 条，知识点 " \
      "%zu，知识行 %zu，案例 %zu\n",                                                                                                     \
      "%zu national rules: %zu covered, %zu missing; %zu beyond them; %zu rules, %zu of them planted in "                                \
      "the synthetic city, %zu points, %zu rows, %zu "                                                                                   \
      "cases\n")                                                                                                                         \
    X(COVER_BLIND, "读到空字段的规则 %zu 条：它们在这个湖里的“无发现”不等于“已检查”\n",                                                  \
      "%zu rules read empty fields: for them no findings in this lake does not mean checked\n")

enum coverage_message { COVERAGE_MESSAGES(SH_MSG_ID) COVERAGE_MESSAGES_N };
static const struct sh_msg messages[] = {COVERAGE_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = COVERAGE_MESSAGES_N;

/* ---- what a rule reads --------------------------------------------------------------------------- */

/* The file's columns behind derived ones that matter here. */
static const struct {
    const char *table, *derived, *source_table, *source;
} derived[] = {
    {"line", "supply_days", "line", "days"},
    {"line", "insurance", "encounter", "insurance"},
    {"line", "day", "line", "time"},
    {"encounter", "main_category", "encounter", "main_diagnosis"},
    {"encounter", "day", "encounter", "from"},
    {"encounter", "last_day", "encounter", "to"},
    {"diagnosis", "category", "diagnosis", "code"},
    {"stay", "main_diagnosis", "encounter", "main_diagnosis"},
    {"stay", "main_category", "encounter", "main_diagnosis"},
    {"stay", "leaving", "encounter", "leaving"},
    {"stay", "day", "encounter", "from"},
    {"stay", "last_day", "encounter", "to"},
};

static int lake_table(const char *name) {
    for (int t = 0; t < SH_TABLES; t++)
        if (strcmp(sh_lake_schema[t].name, name) == 0)
            return t;
    return -1;
}

static void mark(bool needed[SH_TABLES][64], int table, int column) {
    if (table >= 0 && table < SH_TABLES && column >= 0 && column < 64)
        needed[table][column] = true;
}

static void mark_need(const struct coverage *c, bool needed[SH_TABLES][64], struct sh_need need) {
    const struct sh_model_table *t = &c->rules->model->model.tables[need.table];
    if (need.column == UINT16_MAX) { /* the table as such: its bucket is filled wherever it has a row */
        mark(needed, need.table < SH_TABLES ? need.table : -1, 0);
        return;
    }
    if (need.table < SH_TABLES && need.column < sh_lake_schema[need.table].n_columns) {
        mark(needed, need.table, need.column);
        return;
    }
    for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
        if (strcmp(t->name, derived[i].table) == 0 &&
            strcmp(t->columns[need.column].name, derived[i].derived) == 0) {
            const int source = lake_table(derived[i].source_table);
            mark(needed, source, sh_lake_column((enum sh_table)source, derived[i].source));
        }
}

static sh_code mark_expr(const struct coverage *c, bool needed[SH_TABLES][64], const struct sh_expr *e) {
    struct sh_need *list = NULL;
    size_t n = 0;
    if (!e)
        return SH_OK;
    SH_TRY(sh_expr_needs(e, c->arena, &list, &n, c->err));
    for (size_t i = 0; i < n; i++)
        mark_need(c, needed, list[i]);
    return SH_OK;
}

static sh_code reads(const struct coverage *c, const struct sh_rule *r, bool needed[SH_TABLES][64]) {
    const struct sh_expr *const single[] = {r->where,       r->unless,   r->doubt,    r->window_days,
                                            r->within_expr, r->amount_a, r->amount_b, r->blame};
    if (r->table < SH_TABLES)
        mark(needed, r->table, 0);
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        SH_TRY(mark_expr(c, needed, single[i]));
    for (size_t i = 0; i < r->n_hit; i++)
        SH_TRY(mark_expr(c, needed, r->hit[i].expr));
    for (size_t i = 0; i < r->n_keys; i++)
        SH_TRY(mark_expr(c, needed, r->keys[i].expr));
    for (size_t i = 0; i < r->n_uses; i++)
        for (size_t k = 0; k < r->uses[i].n_keys; k++)
            SH_TRY(mark_expr(c, needed, r->uses[i].keys[k]));
    return SH_OK;
}

/* ---- what the lake has --------------------------------------------------------------------------- */

static bool is_there(enum sh_column_type type, const void *values, uint32_t i) {
    switch (type) {
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
        return ((const struct sh_str *)values)[i].len > 0;
    case SH_COLUMN_KEY:
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        return ((const int64_t *)values)[i] != SH_MISSING;
    case SH_COLUMN_CODE:
        return ((const int32_t *)values)[i] >= 0;
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        return ((const int32_t *)values)[i] != SH_MISSING_I32;
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
        return ((const int8_t *)values)[i] != SH_MISSING_I8;
    }
    return false;
}

static void count_chunk(struct coverage *c, const struct sh_chunk *chunk) {
    for (int t = 0; t < SH_TABLES; t++) {
        struct filled *f = &c->tables[t];
        f->rows += chunk->tables[t].n_rows;
        for (int col = 0; col < sh_lake_schema[t].n_columns && col < 64; col++) {
            const void *values =
                c->needed[t][col] && chunk->tables[t].columns ? chunk->tables[t].columns[col] : NULL;
            for (uint32_t i = 0; values && i < chunk->tables[t].n_rows; i++)
                f->columns[col] += is_there(sh_lake_schema[t].columns[col].type, values, i);
        }
    }
}

static void close_lake(struct sh_lake **lake) {
    sh_lake_close(*lake);
}
static void close_reader(struct sh_reader **reader) {
    sh_reader_close(*reader);
}

static sh_code count_lake(struct coverage *c, const char *dir) {
    SH_CLEANUP(close_lake) struct sh_lake *lake = NULL;
    SH_CLEANUP(close_reader) struct sh_reader *reader = NULL;
    struct sh_selection what = {0};
    for (size_t i = 0; i < c->rules->n_rules; i++)
        SH_TRY(reads(c, &c->rules->rules[i], c->needed));
    for (int t = 0; t < SH_TABLES; t++)
        for (int col = 0; col < 64; col++)
            what.columns[t] |= c->needed[t][col] ? (uint64_t)1 << col : 0;
    SH_TRY(sh_lake_open(dir, 0, &lake, c->err));
    for (int t = 0; t < SH_TABLES; t++)
        c->tables[t].is_there = sh_lake_rows(lake, (enum sh_table)t) > 0;
    const struct sh_bucket_range all = {0, sh_lake_buckets(lake)};
    SH_TRY(sh_reader_open(lake, &what, all, INT32_MAX, 32768, &reader, c->err));
    for (const struct sh_chunk *chunk = NULL;;) {
        SH_TRY(sh_reader_next(reader, &chunk, c->err));
        if (!chunk)
            break;
        count_chunk(c, chunk);
    }
    c->has_lake = true;
    return SH_OK;
}

static bool is_needed(bool needed[SH_TABLES][64], int t) {
    for (int col = 0; col < 64; col++)
        if (needed[t][col])
            return true;
    return false;
}

static void name_field(const struct coverage *c, bool is_first, bool none, const char *table,
                       const char *column) {
    fprintf(c->out, "%s%s", is_first ? sh_msg(messages, none ? COVER_ASSUMED : COVER_EMPTY, c->lang) : ", ",
            table);
    if (column)
        fprintf(c->out, ".%s", column);
    else
        fprintf(c->out, " (%s)", sh_msg(messages, COVER_NO_ROWS, c->lang));
}

/* Fields a rule reads that the lake leaves empty; those whose emptiness says "none" apart. */
static bool print_empty(const struct coverage *c, bool needed[SH_TABLES][64], bool none) {
    bool any = false;
    for (int t = 0; t < SH_TABLES; t++) {
        const struct filled *f = &c->tables[t];
        if (!f->is_there && !none && is_needed(needed, t)) {
            name_field(c, !any, none, sh_lake_schema[t].name, NULL);
            any = true;
        }
        for (int col = 0; f->rows > 0 && col < sh_lake_schema[t].n_columns && col < 64; col++) {
            const struct sh_lake_column *column = &sh_lake_schema[t].columns[col];
            if (!needed[t][col] || f->columns[col] > 0 || column->empty_none != none)
                continue;
            name_field(c, !any, none, sh_lake_schema[t].name, column->name);
            any = true;
        }
    }
    if (any)
        fputc('\n', c->out);
    return any;
}

/* ---- the table ----------------------------------------------------------------------------------- */

static sh_code print_rule(const struct coverage *c, const struct sh_rule *r, struct sh_str code,
                          struct sh_str class) {
    static const char *const states[2][4] = {{"草稿", "试运行", "可疑", "明确"},
                                             {"draft", "trial", "suspected", "certain"}};
    static const char *const shapes[] = {"row", "group", "window", "pair", "stat"};
    const struct sh_knowledge *k = r->n_uses ? &c->rules->knowledge[r->uses[0].knowledge] : NULL;
    if (r->national_number)
        fprintf(c->out, "%-6d", r->national_number);
    else
        fprintf(c->out, "%-6s", "-");
    static const char *const off[2] = {"关闭", "off"}, *const planted[2][2] = {{"否", "是"}, {"no", "yes"}};
    const bool is_planted = c->is_planted && c->is_planted(r->id);
    c->result->planted += is_planted;
    fprintf(c->out, "%-18.*s%-36.*s%-16.*s%-9s%-7u%-7u%-6zu%-*s%-10s%.*s%s%.*s%s\n", SH_ARG(code),
            SH_ARG(r->id), SH_ARG(class), shapes[r->shape], k ? k->n_points : 0, k ? k->n_rows : 0,
            r->n_cases, c->lang == SH_EN ? 6 : 7 /* a Chinese character is three bytes and two columns */,
            planted[c->lang == SH_EN][is_planted],
            r->is_off ? off[c->lang == SH_EN] : states[c->lang == SH_EN][r->state], SH_ARG(r->name),
            r->layer.len ? " [" : "", SH_ARG(r->layer), r->layer.len ? "]" : "");
    c->result->rules++;
    c->result->points += k ? k->n_points : 0;
    c->result->rows += k ? k->n_rows : 0;
    c->result->cases += r->n_cases;
    if (!c->has_lake)
        return SH_OK;
    bool needed[SH_TABLES][64] = {{false}};
    SH_TRY(reads(c, r, needed));
    c->result->blind += print_empty(c, needed, false);
    (void)print_empty(c, needed, true);
    return SH_OK;
}

static sh_code print_national(struct coverage *c, const struct sh_csv *csv, bool *used) {
    static const char *const names[] = {"number", "code", "class", "name"};
    size_t at[4];
    for (int i = 0; i < 4; i++)
        SH_TRY(sh_csv_need_column(csv, names[i], &at[i], c->err));
    for (size_t row = 0; row < csv->n_rows && row < NATIONAL_MAX; row++) {
        const struct sh_str *cells = csv->rows[row].cells;
        const struct sh_str code = cells[at[1]].len ? cells[at[1]] : SH_STR("NEW");
        char number[16];
        bool found = false;
        for (size_t i = 0; i < c->rules->n_rules; i++) {
            const struct sh_rule *r = &c->rules->rules[i];
            (void)snprintf(number, sizeof(number), "%d", (int)r->national_number);
            if (!sh_str_is(cells[at[0]], number))
                continue;
            used[i] = found = true;
            SH_TRY(print_rule(c, r, code, cells[at[2]]));
        }
        c->result->national++;
        c->result->missing += !found;
        if (!found)
            fprintf(c->out, "%-6.*s%-18.*s%-36s%-16.*s%.*s\n", SH_ARG(cells[at[0]]), SH_ARG(code),
                    sh_msg(messages, COVER_MISSING, c->lang), SH_ARG(cells[at[2]]), SH_ARG(cells[at[3]]));
    }
    return SH_OK;
}

static void print_totals(const struct coverage *c, size_t beyond) {
    const struct sh_coverage_result *r = c->result;
    sh_msg_print(c->out, messages, COVER_TOTAL, c->lang, r->national, r->national - r->missing, r->missing,
                 beyond, r->rules, r->planted, r->points, r->rows, r->cases);
    if (c->has_lake)
        sh_msg_print(c->out, messages, COVER_BLIND, c->lang, r->blind);
}

sh_code sh_rules_coverage(const struct sh_rules_options *options, const char *lake_dir,
                          bool (*is_planted)(struct sh_str rule), sh_lang lang, FILE *out,
                          struct sh_coverage_result *ret, struct sh_err *err) {
    assert(options && out && ret);
    struct sh_err own;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct coverage *c = sh_new(&arena, struct coverage, 1);
    err = err ? err : &own;
    if (!c)
        return sh_fail(err, SH_E_NOMEM, "no room for the coverage of rules");
    *ret = (struct sh_coverage_result){0};
    *c = (struct coverage){.options = options,
                           .is_planted = is_planted,
                           .arena = &arena,
                           .out = out,
                           .lang = lang,
                           .result = ret,
                           .err = err};
    char path[SH_PATH_BYTES_MAX];
    struct sh_csv national;
    SH_TRY(sh_path_join(path, options->rules_dir, "national.csv", err));
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, &arena, &national, err));
    SH_TRY(sh_rules_load(options, &arena, out, &c->rules, err));
    if (lake_dir)
        SH_TRY(count_lake(c, lake_dir));
    bool *used = sh_new(&arena, bool, c->rules->n_rules + 1);
    if (!used)
        return sh_fail(err, SH_E_NOMEM, "no room for the coverage of rules");
    fputs(sh_msg(messages, COVER_HEAD, lang), out);
    SH_TRY(print_national(c, &national, used));
    size_t beyond = 0;
    for (size_t i = 0; i < c->rules->n_rules; i++) {
        if (used[i])
            continue;
        beyond++;
        SH_TRY(print_rule(c, &c->rules->rules[i], SH_STR("-"), SH_STR("-")));
    }
    print_totals(c, beyond);
    return SH_OK;
}
