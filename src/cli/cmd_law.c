/* shouhu law due|missing|check|graph */
#include "base/clock.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "law/law.h"
#include <string.h>

#define LAW_MESSAGES(X)                                                                                      \
    X(LAW_USAGE, "用法：shouhu law due|missing|check|graph [选项]\n",                                        \
      "Usage: shouhu law due|missing|check|graph [options]\n")                                               \
    X(LAW_NO_VALUE, "没有取值的参数（%zu 个），用到时答“未知”：\n",                                          \
      "parameters without a value (%zu); whoever needs one answers unknown:\n")                              \
    X(LAW_SET_BY, "应由", "set by")                                                                          \
    X(LAW_NO_YEAR, "未录入的年历：%d 年，应由%.*s录入\n", "calendar not entered: %d, by %.*s\n")             \
    X(LAW_COMPLETE, "没有缺项\n", "nothing is missing\n")                                                    \
    X(LAW_ERROR, "错误", "error")                                                                            \
    X(LAW_WARNING, "警告", "warning")                                                                        \
    X(LAW_CHECKED, "检查完毕：%zu 个参数值，%zu 处错误，%zu 处警告\n",                                       \
      "checked: %zu values of parameters, %zu errors, %zu warnings\n")

enum law_message { LAW_MESSAGES(SH_MSG_ID) LAW_MESSAGES_N };
static const struct sh_msg messages[] = {LAW_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = LAW_MESSAGES_N;

struct law_options {
    const char *from, *length, *place, *params, *calendars, *procedures;
    struct sh_cli_list excluded, extensions;
    bool backwards, no_roll;
    int32_t not_past, known, on;
    sh_lang lang;
};
/* What a verb works with. */
struct law_work {
    const struct law_options *o;
    struct sh_arena *arena;
    FILE *out;
    const char *name; /* operand, or NULL */
    int32_t today;
    struct sh_err err;
};

static sh_code load_params(struct law_work *w, struct sh_params **ret) {
    const char *dir = w->o->params;
    if (!dir)
        SH_TRY(sh_cli_share("law/params", w->arena, &dir, &w->err));
    return sh_params_load(dir, w->arena, ret, &w->err);
}

static sh_code open_calendar(struct law_work *w, const struct sh_calendar **ret) {
    const char *dir = w->o->calendars;
    struct sh_calendars *all;
    if (!dir)
        SH_TRY(sh_cli_share("law/calendars", w->arena, &dir, &w->err));
    SH_TRY(sh_calendars_load(dir, w->arena, &all, &w->err));
    return sh_calendar_open(all, sh_str_of(w->o->place), w->o->known, w->arena, ret, &w->err);
}

/* "param(agency.defence)" or "10 wd" */
static sh_code read_length(struct law_work *w, const char *text, int32_t day, struct sh_length *ret) {
    struct sh_str s = sh_str_trim(sh_str_of(text));
    if (!sh_str_starts_with(s, SH_STR("param(")) || !sh_str_ends_with(s, SH_STR(")")))
        return sh_length_parse(s, ret, &w->err);
    const struct sh_str name = sh_str_trim(sh_str_sub(s, 6, s.len - 7)), place = sh_str_of(w->o->place);
    struct sh_params *params;
    SH_TRY(load_params(w, &params));
    const struct sh_param_pick pick =
        sh_param_pick(params, name, place, (struct sh_param_dates){.act = day, .step = day, .period = day});
    if (pick.state == SH_PARAM_SET)
        return sh_length_of_param(pick.row, ret, &w->err);
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    sh_param_tell(&pick, name, place, w->o->lang, &why);
    SH_TRY(sh_buf_check(&why, &w->err));
    return sh_fail(&w->err, SH_E_INPUT, "%.*s", SH_ARG(sh_buf_view(&why)));
}

/* "2026-04-01..2026-04-11", "2026-04-01.." while it is open */
static sh_code read_excluded(struct law_work *w, const char *text, struct sh_excluded *ret) {
    const struct sh_str s = sh_str_of(text);
    const size_t dots = sh_str_find(s, SH_STR(".."));
    if (dots == SH_STR_NONE)
        return sh_fail(&w->err, SH_E_INPUT, "--excluded '%s': write FIRST..LAST, or FIRST.. while it is open",
                       text);
    SH_TRY(sh_date_parse(sh_str_sub(s, 0, dots), &ret->first, &w->err));
    ret->last = INT32_MAX;
    const struct sh_str last = sh_str_sub(s, dots + 2, SIZE_MAX);
    return last.len ? sh_date_parse(last, &ret->last, &w->err) : SH_OK;
}

static sh_code ask_due(struct law_work *w, struct sh_due_question *q) {
    const struct law_options *o = w->o;
    SH_TRY(sh_time_parse(sh_str_of(o->from), &q->event_time, &w->err));
    q->event = sh_day_of_time(q->event_time);
    const int32_t day = o->on == INT32_MIN ? q->event : o->on;
    SH_TRY(read_length(w, o->length, day, &q->length));
    struct sh_excluded *excluded = sh_new(w->arena, struct sh_excluded, o->excluded.n + 1);
    struct sh_length *extensions = sh_new(w->arena, struct sh_length, o->extensions.n + 1);
    if (!excluded || !extensions)
        return sh_fail(&w->err, SH_E_NOMEM, "no room for the options");
    for (size_t i = 0; i < o->excluded.n; i++)
        SH_TRY(read_excluded(w, o->excluded.at[i], &excluded[i]));
    for (size_t i = 0; i < o->extensions.n; i++)
        SH_TRY(read_length(w, o->extensions.at[i], day, &extensions[i]));
    q->excluded = excluded, q->n_excluded = o->excluded.n;
    q->extensions = extensions, q->n_extensions = o->extensions.n;
    q->backwards = o->backwards, q->no_roll = o->no_roll, q->not_past = o->not_past;
    return SH_OK;
}

static sh_code due(struct law_work *w) {
    struct sh_due_question q = {0};
    struct sh_due answer;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    SH_TRY(open_calendar(w, &q.calendar));
    SH_TRY(ask_due(w, &q));
    SH_TRY(sh_due(&q, w->arena, &answer, &w->err));
    sh_due_tell(&answer, w->o->lang, &text);
    SH_TRY(sh_buf_check(&text, &w->err));
    fwrite(text.at, 1, text.len, w->out);
    return sh_due_need_certain(&answer, q.calendar, &w->err);
}

static sh_code missing(struct law_work *w) {
    const struct law_options *o = w->o;
    struct sh_params *params;
    const struct sh_calendar *calendar;
    const struct sh_param *const *list;
    size_t n;
    SH_TRY(load_params(w, &params));
    SH_TRY(open_calendar(w, &calendar));
    SH_TRY(sh_params_missing(params, sh_str_of(o->place), w->today, w->arena, &list, &n, &w->err));
    if (n > 0)
        sh_msg_print(w->out, messages, LAW_NO_VALUE, o->lang, n);
    for (size_t i = 0; i < n; i++) {
        const struct sh_param *p = list[i];
        char name[128];
        (void)snprintf(name, sizeof name, "  %.*s", SH_ARG(p->name));
        sh_cli_pad(w->out, name, 36);
        fprintf(w->out, "%.*s", SH_ARG(p->note.len ? p->note : p->basis));
        if (p->set_by.len)
            fprintf(w->out, " · %s %.*s", sh_msg(messages, LAW_SET_BY, o->lang), SH_ARG(p->set_by));
        fputc('\n', w->out);
    }
    int32_t years[32];
    const size_t n_years = sh_calendar_missing(calendar, w->today, years, 32);
    for (size_t i = 0; i < n_years; i++)
        sh_msg_print(w->out, messages, LAW_NO_YEAR, o->lang, years[i],
                     SH_ARG(sh_calendar_entered_by(calendar, o->lang)));
    if (n + n_years == 0)
        fputs(sh_msg(messages, LAW_COMPLETE, o->lang), w->out);
    return SH_OK;
}

static sh_code load_procedures(struct law_work *w, const struct sh_params *params,
                               const struct sh_roles **ret_roles, const struct sh_procedures **ret) {
    const char *dir;
    char path[SH_PATH_BYTES_MAX];
    const struct sh_registers *registers;
    SH_TRY(sh_cli_share("law", w->arena, &dir, &w->err));
    SH_TRY(sh_path_join(path, dir, "roles.yaml", &w->err));
    SH_TRY(sh_roles_load(path, w->arena, ret_roles, &w->err));
    SH_TRY(sh_path_join(path, dir, "registers", &w->err));
    SH_TRY(sh_registers_load(path, *ret_roles, w->arena, &registers, &w->err));
    const char *procedures = w->o->procedures;
    if (!procedures) {
        SH_TRY(sh_path_join(path, dir, "procedures", &w->err));
        procedures = path;
    }
    return sh_procedures_load(procedures, registers, *ret_roles, params, w->arena, ret, &w->err);
}

/* All pictures, or those of one procedure. */
static sh_code graph(struct law_work *w) {
    struct sh_params *params;
    const struct sh_roles *roles;
    const struct sh_procedures *procedures;
    bool is_any = false;
    SH_TRY(load_params(w, &params));
    SH_TRY(load_procedures(w, params, &roles, &procedures));
    for (size_t i = 0; i < procedures->n; i++) {
        if (w->name && !sh_str_is(procedures->of[i].id, w->name))
            continue;
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        is_any = true;
        sh_procedure_graph(&procedures->of[i], w->o->lang != SH_EN, &text);
        SH_TRY(sh_buf_check(&text, &w->err));
        fwrite(text.at, 1, text.len, w->out);
    }
    return is_any ? SH_OK : sh_fail(&w->err, SH_E_NOTFOUND, "no procedure %s", w->name ? w->name : "");
}

static sh_code check(struct law_work *w) {
    const struct law_options *o = w->o;
    struct sh_params *params;
    const struct sh_calendar *calendar;
    struct sh_law_notes notes = {0};
    SH_TRY(load_params(w, &params));
    SH_TRY(open_calendar(w, &calendar));
    SH_TRY(sh_params_check(params, w->today, o->lang, w->arena, &notes, &w->err));
    const struct sh_roles *roles;
    const struct sh_procedures *procedures;
    SH_TRY(load_procedures(w, params, &roles, &procedures));
    SH_TRY(sh_procedures_check(procedures, roles, params, w->today, w->arena, &notes, &w->err));
    size_t errors = 0, values = 0;
    for (size_t i = 0; i < params->n; i++)
        values += params->rows[i].value != INT64_MIN;
    for (size_t i = 0; i < notes.n; i++) {
        const struct sh_law_note *n = &notes.of[i];
        errors += n->severity == SH_LAW_ERROR;
        fprintf(w->out, "%s:%u: %s: %.*s\n", n->file, n->line,
                sh_msg(messages, n->severity == SH_LAW_ERROR ? LAW_ERROR : LAW_WARNING, o->lang),
                SH_ARG(n->text));
    }
    sh_msg_print(w->out, messages, LAW_CHECKED, o->lang, values, errors, notes.n - errors);
    return errors == 0 ? SH_OK : sh_fail(&w->err, SH_E_INPUT, "the texts of law have %zu errors", errors);
}

static const struct {
    const char *name, *full, *zh, *en;
    bool is_due;
    sh_code (*run)(struct law_work *w);
} verbs[] = {
    {"due", "law due", "期限何时届满，以及如何计算", "when a deadline ends, and how it was counted", true,
     due},
    {"missing", "law missing", "没有取值的参数和没有录入的年历",
     "parameters without a value, calendars not entered", false, missing},
    {"check", "law check", "检查法律文本：超出上位规定、将失效、待确认",
     "check the texts of law: beyond a higher bound, about to lapse, to be confirmed", false, check},
    {"graph", "law graph", "程序的状态图（Mermaid）", "state diagrams of the procedures (Mermaid)", false,
     graph},
};

enum { LAW_OPTIONS_DUE = 9, LAW_OPTIONS = 14 };
static int run(size_t verb, int argc, char **argv, FILE *out, FILE *errout) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct law_options o = {
        .place = "000000", .known = INT32_MAX, .on = INT32_MIN, .lang = sh_lang_from_env()};
    const bool is_due = verbs[verb].is_due;
    const struct sh_option table[LAW_OPTIONS] = {
        {"from", SH_OPTION_TEXT, &o.from, "DAY", "事件发生日（小时期限写到分）",
         "the event; with the minute for hours", .required = is_due},
        {"length", SH_OPTION_TEXT, &o.length, "LENGTH",
         "\"10 wd\"、\"30 nd\"、\"3 months\"、\"24 hours\" 或 param(名称)",
         "\"10 wd\", \"30 nd\", \"3 months\", \"24 hours\" or param(NAME)", .required = is_due},
        {"excluded", SH_OPTION_LIST, &o.excluded, "FIRST..LAST", "扣除的期间，可多次；未结束的写 FIRST..",
         "time that does not count, may be repeated; FIRST.. while it is open"},
        {"extend", SH_OPTION_LIST, &o.extensions, "LENGTH", "依次批准的延长，可多次",
         "extensions in order, may be repeated"},
        {"backwards", SH_OPTION_FLAG, &o.backwards, NULL, "倒数：事件之前若干日", "so long before the event"},
        {"no-roll", SH_OPTION_FLAG, &o.no_roll, NULL, "末日为休息日也不顺延", "the last day does not move"},
        {"not-past", SH_OPTION_DAY, &o.not_past, "DAY", "外层期限", "end of the outer deadline"},
        {"known", SH_OPTION_DAY, &o.known, "DAY", "按当日已公布的年历计算",
         "with the calendars known on that day"},
        {"on", SH_OPTION_DAY, &o.on, "DAY", "按哪一天取参数（默认事件日）",
         "day that picks a parameter (the event's)"},
        {"place", SH_OPTION_TEXT, &o.place, "CODE", "行政区划代码（六位）", "division code of six digits"},
        {"params", SH_OPTION_TEXT, &o.params, "DIR", "参数目录", "folder of parameters"},
        {"calendars", SH_OPTION_TEXT, &o.calendars, "DIR", "年历目录", "folder of calendars"},
        {"procedures", SH_OPTION_TEXT, &o.procedures, "DIR", "程序目录", "folder of procedures"},
        {"lang", SH_OPTION_LANG, &o.lang, "zh|en", "语言", "language"},
    };
    const bool has_name = verbs[verb].run == graph;
    const size_t skip = is_due ? 0 : LAW_OPTIONS_DUE;
    const struct sh_command command = {verbs[verb].full,
                                       verbs[verb].zh,
                                       verbs[verb].en,
                                       has_name ? "[NAME]" : "",
                                       table + skip,
                                       LAW_OPTIONS - skip,
                                       0,
                                       has_name};
    const char *const *operands;
    size_t n;
    int exit_code;
    if (!sh_cli_parse(&command, argc, argv, &arena, out, errout, &operands, &n, &exit_code))
        return exit_code;
    struct law_work w = {.o = &o, .arena = &arena, .out = out, .name = n ? operands[0] : NULL};
    struct sh_clock clock;
    sh_code code = sh_clock_from_env(&clock, &w.err);
    if (code == SH_OK) {
        w.today = sh_clock_today_shanghai(&clock);
        code = verbs[verb].run(&w);
    }
    return code == SH_OK ? SH_EXIT_OK : sh_cli_fail(errout, code, &w.err);
}

int sh_cmd_law(int argc, char **argv, FILE *out, FILE *errout) {
    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return run(i, argc - 1, argv + 1, out, errout);
    const sh_lang lang = sh_lang_from_env();
    const bool asked = argc > 1 && strcmp(argv[1], "--help") == 0;
    fputs(sh_msg(messages, LAW_USAGE, lang), asked ? out : errout);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        fprintf(asked ? out : errout, "  %-8s %s\n", verbs[i].name,
                lang == SH_ZH ? verbs[i].zh : verbs[i].en);
    return asked ? SH_EXIT_OK : SH_EXIT_USAGE;
}
