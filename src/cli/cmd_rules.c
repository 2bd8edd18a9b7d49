/* shouhu rules list|check|test|words */
#include "base/mem.h" /* audit.h speaks of its buffers */
#include "audit/audit.h"
#include "cli/cli.h"
#include "rule/rule.h"
#include "synth/synth.h"
#include <string.h>

#define RULES_MESSAGES(X)                                                                                                                \
    X(RULES_DIALECT, "shouhu rules sql：--dialect 应为 duckdb 或 postgres\n",                                                            \
      "shouhu rules sql: --dialect is duckdb or postgres\n")                                                                             \
    X(RULES_USAGE, "用法：shouhu rules list|check|test|mutate|coverage|analyze|sql|words [选项]\n",                                      \
      "Usage: shouhu rules list|check|test|mutate|coverage|analyze|sql|words [options]\n")                                               \
    X(RULES_HEAD_NUMBER, "序号", "no")                                                                                                   \
    X(RULES_HEAD_CODE, "国家编码", "national code")                                                                                      \
    X(RULES_HEAD_LEVEL, "等级", "level")                                                                                                 \
    X(RULES_HEAD_STATE, "状态", "state")                                                                                                 \
    X(RULES_HEAD_SHAPE, "形态", "shape")                                                                                                 \
    X(RULES_HEAD_POINTS, "知识点", "points")                                                                                             \
    X(RULES_HEAD_CASES, "案例", "cases")                                                                                                 \
    X(RULES_HEAD_ID, "规则", "rule")                                                                                                     \
    X(RULES_OFF, "关闭", "off")                                                                                                          \
    X(RULES_HEAD_NAME, "名称", "name")                                                                                                   \
    X(RULES_CHECKED, "规则 %zu 条，知识表 %zu 张，知识点 %zu 个，参数 %zu 项：没有错误\n",                                               \
      "%zu rules, %zu knowledge tables, %zu points, %zu parameters: no errors\n")                                                        \
    X(RULES_UNSET, "参数 %s 在 %s 未设定：用到它的规则答“未评估”\n",                                                                     \
      "parameter %s is not set in %s: rules that need it answer not evaluated\n")                                                        \
    X(RULES_TESTED, "规则 %zu 条，案例 %zu 个，未通过 %zu 个，没有案例的规则 %zu 条\n",                                                  \
      "%zu rules, %zu cases, %zu failed, %zu rules without cases\n")                                                                     \
    X(RULES_MUTATED,                                                                                                                     \
      "规则、视图与地方层 %zu 个，变异 %zu 个：被案例发现 %zu，等价 %zu，未发现 %zu，失效的等价说明 " \
      "%zu；未满分且已离开草稿的 %zu 个\n",                                                                                              \
      "%zu rules, views and layers, %zu mutants: %zu noticed, %zu equivalent, %zu survive, %zu stale "                                   \
      "excuses; %zu "                                                                                                                    \
      "beyond draft fall short\n")

enum rules_message { RULES_MESSAGES(SH_MSG_ID) RULES_MESSAGES_N };
static const struct sh_msg messages[] = {RULES_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = RULES_MESSAGES_N;

struct rules_options {
    struct sh_rules_options load;
    struct sh_cli_list only;
    const char *lake;
    const char *dialect;
    bool tables;
    sh_lang lang;
};

static size_t points_of(const struct sh_rules *rules, const struct sh_rule *r) {
    return r->n_uses ? rules->knowledge[r->uses[0].knowledge].n_points : 0;
}

static int load(const struct rules_options *o, struct sh_arena *arena, FILE *errout, struct sh_rules **ret) {
    struct sh_err err;
    const sh_code code = sh_rules_load(&o->load, arena, errout, ret, &err);
    if (code == SH_OK)
        return SH_EXIT_OK;
    return code == SH_E_INPUT ? (int)SH_EXIT_INPUT : sh_cli_fail(errout, code, &err);
}

static void head(FILE *out, enum rules_message message, sh_lang lang, int columns) {
    sh_cli_pad(out, sh_msg(messages, message, lang), columns);
}

static int list(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    static const char *const levels[2][3] = {{"提示", "高度可疑", "明确违规"},
                                             {"indicator", "suspected", "certain"}};
    static const char *const states[2][4] = {{"草稿", "试运行", "可疑", "明确"},
                                             {"draft", "trial", "suspected", "certain"}};
    static const char *const shapes[2][5] = {{"行", "组", "窗口", "对", "统计"},
                                             {"row", "group", "window", "pair", "stat"}};
    struct sh_rules *rules = NULL;
    const int code = load(o, arena, errout, &rules);
    if (code != SH_EXIT_OK)
        return code;
    const size_t english = o->lang == SH_EN;
    static const int widths[] = {5, 17, 21, 10, 10, 7, 7, 6};
    static const enum rules_message heads[] = {RULES_HEAD_NUMBER, RULES_HEAD_CODE,  RULES_HEAD_ID,
                                               RULES_HEAD_LEVEL,  RULES_HEAD_STATE, RULES_HEAD_SHAPE,
                                               RULES_HEAD_POINTS, RULES_HEAD_CASES};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        head(out, heads[i], o->lang, widths[i]);
    fprintf(out, "%s\n", sh_msg(messages, RULES_HEAD_NAME, o->lang));
    for (size_t i = 0; i < rules->n_rules; i++) {
        const struct sh_rule *r = &rules->rules[i];
        if (r->national_number)
            fprintf(out, "%-5d", r->national_number);
        else
            fputs("-    ", out);
        fprintf(out, "%-17.*s%-21.*s", SH_ARG(r->national_code.len ? r->national_code : SH_STR("-")),
                SH_ARG(r->id));
        sh_cli_pad(out, levels[english][r->level], 10);
        sh_cli_pad(out, r->is_off ? sh_msg(messages, RULES_OFF, o->lang) : states[english][r->state], 10);
        sh_cli_pad(out, shapes[english][r->shape], 7);
        fprintf(out, "%-7zu%-6zu%.*s%s%.*s%s\n", points_of(rules, r), r->n_cases, SH_ARG(r->name),
                r->layer.len ? " [" : "", SH_ARG(r->layer), r->layer.len ? "]" : "");
    }
    return SH_EXIT_OK;
}

static int check(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    struct sh_rules *rules = NULL;
    struct rules_options strict = *o;
    strict.load.keep_going = false;
    const int code = load(&strict, arena, errout, &rules);
    if (code != SH_EXIT_OK)
        return code;
    size_t points = 0, values = 0;
    for (size_t i = 0; i < rules->n_knowledge; i++)
        points += rules->knowledge[i].n_points;
    for (size_t i = 0; i < rules->params->n; i++) {
        const struct sh_param *p = &rules->params->rows[i];
        values += p->value != INT64_MIN;
        if (p->value != INT64_MIN || p->picked_by != SH_BY_ANY) /* those of the office: shouhu law missing */
            continue;
        char name[128], place[16];
        (void)snprintf(name, sizeof name, "%.*s", SH_ARG(p->name));
        (void)snprintf(place, sizeof place, "%.*s", SH_ARG(rules->place));
        bool is_set = false;
        for (size_t j = 0; j < rules->params->n; j++)
            is_set =
                is_set ||
                (sh_str_eq(rules->params->rows[j].name, p->name) &&
                 rules->params->rows[j].value != INT64_MIN &&
                 sh_param_find(rules->params, p->name, rules->place, rules->params->rows[j].from)->value !=
                     INT64_MIN);
        if (!is_set)
            sh_msg_print(out, messages, RULES_UNSET, o->lang, name, place);
    }
    sh_msg_print(out, messages, RULES_CHECKED, o->lang, rules->n_rules, rules->n_knowledge, points, values);
    return SH_EXIT_OK;
}

static int test(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    struct sh_rules *rules = NULL;
    const int code = load(o, arena, errout, &rules);
    if (code != SH_EXIT_OK)
        return code;
    struct sh_rules_test_result sum = {0};
    struct sh_rules_options all = o->load;
    all.only = NULL, all.n_only = 0;
    for (size_t i = 0; i < (o->only.n ? o->only.n : 1); i++) {
        struct sh_rules_test_result one = {0};
        struct sh_err err;
        const sh_code failed = sh_rules_test(&all, o->only.n ? o->only.at[i] : NULL, out, &one, &err);
        if (failed != SH_OK)
            return sh_cli_fail(errout, failed, &err);
        sum.rules += one.rules, sum.cases += one.cases, sum.failed += one.failed;
        sum.rules_without_cases += one.rules_without_cases;
    }
    sh_msg_print(out, messages, RULES_TESTED, o->lang, sum.rules, sum.cases, sum.failed,
                 sum.rules_without_cases);
    return sum.failed ? SH_EXIT_INPUT : SH_EXIT_OK;
}

static void sum_mutations(struct sh_rules_mutation_result *io, const struct sh_rules_mutation_result *more) {
    io->rules += more->rules, io->below += more->below, io->mutants += more->mutants;
    io->killed += more->killed, io->equivalent += more->equivalent;
    io->survived += more->survived, io->stale += more->stale;
}

static int mutate(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    (void)arena;
    struct sh_err err;
    struct sh_rules_mutation_result r, views, layers = {0};
    sh_code failed = sh_views_mutate(&o->load, out, &views, &err);
    r = views;
    if (failed == SH_OK && (!o->load.only || views.rules == 0)) { /* --only names a view, or else rules */
        failed = sh_rules_mutate(&o->load, out, &r, &err);
        sum_mutations(&r, &views);
    }
    if (failed == SH_OK && !o->load.only)
        failed = sh_layers_mutate(&o->load, out, &layers, &err);
    if (failed != SH_OK)
        return sh_cli_fail(errout, failed, &err);
    sum_mutations(&r, &layers);
    sh_msg_print(out, messages, RULES_MUTATED, o->lang, r.rules, r.mutants, r.killed, r.equivalent,
                 r.survived, r.stale, r.below);
    return r.below || r.stale || r.equivalent * 50 > r.mutants ? SH_EXIT_INPUT : SH_EXIT_OK;
}

static bool is_planted(struct sh_str rule) {
    const char *planted;
    for (size_t i = 0; (planted = sh_synth_rule(i)) != NULL; i++)
        if (sh_str_is(rule, planted))
            return true;
    return false;
}

static int coverage(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    (void)arena;
    struct sh_err err;
    struct sh_coverage_result r;
    const sh_code failed = sh_rules_coverage(&o->load, o->lake, is_planted, o->lang, out, &r, &err);
    return failed == SH_OK ? (int)SH_EXIT_OK : sh_cli_fail(errout, failed, &err);
}

static int analyze(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    (void)arena;
    struct sh_err err;
    struct sh_analysis_result r;
    const sh_code failed = sh_rules_analyze(&o->load, o->lake, o->lang, out, &r, &err);
    return failed == SH_OK ? (int)SH_EXIT_OK : sh_cli_fail(errout, failed, &err);
}

static int words(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    struct sh_err err;
    (void)o, (void)arena;
    const sh_code code = sh_model_print(out, &err);
    return code == SH_OK ? (int)SH_EXIT_OK : sh_cli_fail(errout, code, &err);
}

static int sql(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout) {
    struct sh_err err;
    const bool postgres = o->dialect && strcmp(o->dialect, "postgres") == 0;
    (void)arena;
    if (o->dialect && !postgres && strcmp(o->dialect, "duckdb") != 0) {
        fputs(sh_msg(messages, RULES_DIALECT, o->lang), errout);
        return SH_EXIT_USAGE;
    }
    const sh_code code = sh_audit_print_sql(&o->load, postgres ? SH_SQL_POSTGRES : SH_SQL_DUCKDB, o->tables,
                                            errout, out, &err);
    return code == SH_OK ? (int)SH_EXIT_OK : sh_cli_fail(errout, code, &err);
}

static const struct {
    const char *name, *full, *zh, *en;
    int (*run)(const struct rules_options *o, struct sh_arena *arena, FILE *out, FILE *errout);
} verbs[] = {
    {"list", "rules list", "列出规则：编号、等级、状态、形态、知识点、案例",
     "list the rules: number, level, state, shape, points, cases", list},
    {"check", "rules check", "检查全部规则、知识与参数，逐处列出错误",
     "check all rules, knowledge and parameters; list every error", check},
    {"test", "rules test", "执行规则自带的案例", "run the cases written beside the rules", test},
    {"mutate", "rules mutate", "逐处改动规则，看案例是否发现（变异测试）",
     "change the rules one thing at a time and see whether their cases notice", mutate},
    {"coverage", "rules coverage", "国家 88 条规则的覆盖表；加 --lake 显示该湖中哪些字段是空的",
     "the national rules and how far each has come; with --lake, the fields that lake leaves empty",
     coverage},
    {"analyze", "rules analyze",
     "规则合在一起的毛病：失效、层级矛盾、金额重叠、有效期空档、湖中无对应项目的知识行",
     "what the rules get wrong together: dead ones, layers, money twice, gaps, rows no item matches",
     analyze},
    {"sql", "rules sql", "把规则打印成 SQL（DuckDB 或 PostgreSQL），供数据仓库执行或核对",
     "print the rules as SQL (DuckDB or PostgreSQL), for a warehouse or to compare", sql},
    {"words", "rules words", "打印规则可用的表与词（docs/lake.md）",
     "print the tables and words of the model (docs/lake.md)", words},
};

/* Folders not given on the command line: those installed with the program. */
static sh_code default_dirs(struct rules_options *o, struct sh_arena *arena, struct sh_err *err) {
    if (!o->load.rules_dir)
        SH_TRY(sh_cli_share("rules", arena, &o->load.rules_dir, err));
    if (!o->load.knowledge_dir)
        SH_TRY(sh_cli_share("knowledge", arena, &o->load.knowledge_dir, err));
    if (!o->load.params_dir)
        SH_TRY(sh_cli_share("law/params", arena, &o->load.params_dir, err));
    if (o->only.n)
        o->load.only = o->only.at, o->load.n_only = o->only.n;
    return SH_OK;
}

int sh_cmd_rules(int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct rules_options o = {.load = {.known_as_of = INT32_MAX, .place = "000000"},
                              .lang = sh_lang_from_env()};
    const struct sh_option table[] = {
        {"rules", SH_OPTION_TEXT, &o.load.rules_dir, "DIR", "规则目录", "folder of the rules"},
        {"knowledge", SH_OPTION_TEXT, &o.load.knowledge_dir, "DIR", "知识目录", "folder of the knowledge"},
        {"params", SH_OPTION_TEXT, &o.load.params_dir, "DIR", "参数目录", "folder of the parameters"},
        {"place", SH_OPTION_TEXT, &o.load.place, "CODE", "行政区划代码（默认 000000 全国）",
         "division code (default 000000, the nation)"},
        {"keep-going", SH_OPTION_FLAG, &o.load.keep_going, NULL, "有错的规则和知识表报出并略过（check 除外）",
         "report rules and knowledge tables at fault and leave them out (not in check)"},
        {"known", SH_OPTION_DAY, &o.load.known_as_of, "DAY", "只用该日之前已知的知识",
         "only knowledge known up to that day"},
        {"only", SH_OPTION_LIST, &o.only, "RULE", "只看这条规则，可重复", "only this rule; may be repeated"},
        {"lake", SH_OPTION_TEXT, &o.lake, "DIR", "coverage：该湖留空的字段；analyze：湖中没有的项目",
         "coverage: fields that lake leaves empty; analyze: items it does not have"},
        {"dialect", SH_OPTION_TEXT, &o.dialect, "duckdb|postgres", "rules sql：方言（默认 duckdb）",
         "rules sql: dialect (default duckdb)"},
        {"tables", SH_OPTION_FLAG, &o.tables, NULL, "rules sql：连同建立事实表的语句",
         "rules sql: with the statements that make the tables of facts"},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(argv[1], verbs[i].name) != 0)
            continue;
        const bool names = verbs[i].run == sql;
        const struct sh_command command = {verbs[i].full,
                                           verbs[i].zh,
                                           verbs[i].en,
                                           names ? "RULE…" : "",
                                           table,
                                           sizeof table / sizeof table[0],
                                           0,
                                           names ? 256 : 0};
        const char *const *operands;
        size_t n;
        int code;
        if (!sh_cli_parse(&command, argc - 1, argv + 1, &arena, out, errout, &operands, &n, &code))
            return code;
        if (n > 0)
            o.load.only = operands, o.load.n_only = n;
        struct sh_err err;
        const sh_code failed = default_dirs(&o, &arena, &err);
        return failed == SH_OK ? verbs[i].run(&o, &arena, out, errout) : sh_cli_fail(errout, failed, &err);
    }
    const bool asked = argc > 1 && strcmp(argv[1], "--help") == 0;
    fputs(sh_msg(messages, RULES_USAGE, o.lang), asked ? out : errout);
    return asked ? SH_EXIT_OK : SH_EXIT_USAGE;
}
