/* Deadlines in words. */
#include "base/date.h"
#include "law/clock.h"

#define TELL_MESSAGES(X)                                                                                     \
    X(TELL_HOURS, "%d 小时", "%d hours")                                                                     \
    X(TELL_WORKING_DAYS, "%d 个工作日", "%d working days")                                                   \
    X(TELL_NATURAL_DAYS, "%d 日（自然日）", "%d natural days")                                               \
    X(TELL_MONTHS_UNIT, "%d 个月", "%d months")                                                              \
    X(TELL_YEARS, "%d 年", "%d years")                                                                       \
    X(TELL_EVENT, "%s 事件发生日，不计入", "%s the event; its day is not counted")                           \
    X(TELL_DAYS, "%s 计 %d 日，累计 %d", "%s counted: %d days, %d so far")                                   \
    X(TELL_MAKE_UP, "%s 调休上班（%.*s），计 %d 日，累计 %d",                                                \
      "%s make-up working day (%.*s), counted: %d, %d so far")                                               \
    X(TELL_REST, "%s 周末，不计", "%s weekend, not counted")                                                 \
    X(TELL_HOLIDAY, "%s %.*s放假，不计", "%s holiday (%.*s), not counted")                                   \
    X(TELL_EXCLUDED, "%s 扣除 %d 日%s%.*s", "%s left out: %d days%s%.*s")                                    \
    X(TELL_UNKNOWN, "%s %d 年放假安排未录入，暂按最早计，累计 %d",                                           \
      "%s the calendar of %d is not entered; counted for the earliest end, %d so far")                       \
    X(TELL_MONTHS, "%s 至 %s：%d 个月，按对应日，没有对应日的为月末",                                        \
      "%s to %s: %d months, same day number or the end of the month")                                        \
    X(TELL_RUN_HOURS, "%d 小时按分钟连续计算，不因夜间和节假日停止或顺延",                                   \
      "%d hours by the minute, through nights and holidays")                                                 \
    X(TELL_EXTEND, "第 %d 次延长，自原起算日加计：",                                                         \
      "extension %d, added to the length from the original start: ")                                         \
    X(TELL_ROLL, "末日 %s 为休息日，移至 %s", "the last day %s is a day of rest; moved to %s")               \
    X(TELL_CLEAR, "%s 行为之日也不计入，最迟于此日",                                                         \
      "%s the day of the act is not counted either: at the latest on this day")                              \
    X(TELL_CAP, "%s 超过外层期限，截止于 %s", "%s lies past the outer deadline; cut to %s")                  \
    X(TELL_OPEN, "%s 之后进入扣除期间，尚余 %d 日，期限届满日待定",                                          \
      "after %s an excluded time is open: %d days left, no due date yet")                                    \
    X(TELL_END, "期限届满：%s 24时", "ends: %s, 24:00")                                                      \
    X(TELL_END_BACK, "最迟日：%s", "at the latest: %s")                                                      \
    X(TELL_EARLIEST, "%d 年放假安排录入前，以上只是最早可能的届满日\n",                                      \
      "until the calendar of %d is entered this is only the earliest possible end\n")                        \
    X(TELL_DAY_1, "周一", "Mon")                                                                             \
    X(TELL_DAY_2, "周二", "Tue")                                                                             \
    X(TELL_DAY_3, "周三", "Wed")                                                                             \
    X(TELL_DAY_4, "周四", "Thu")                                                                             \
    X(TELL_DAY_5, "周五", "Fri")                                                                             \
    X(TELL_DAY_6, "周六", "Sat")                                                                             \
    X(TELL_DAY_7, "周日", "Sun")

enum tell_message { TELL_MESSAGES(SH_MSG_ID) TELL_MESSAGES_N };
static const struct sh_msg messages[] = {TELL_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = TELL_MESSAGES_N;

enum { SPAN_MAX = 96 };

static const char *say(enum tell_message id, sh_lang lang) {
    return sh_msg(messages, id, lang);
}

/* "2026-09-25（周五）" or "2026-09-25 – 2026-09-28" */
static void span(int32_t from, int32_t to, sh_lang lang, char out[SPAN_MAX]) {
    char a[SH_DATE_TEXT_MAX], b[SH_DATE_TEXT_MAX];
    sh_date_format(from, a), sh_date_format(to, b);
    if (from == to)
        (void)snprintf(out, SPAN_MAX, lang == SH_EN ? "%s (%s)" : "%s（%s）", a,
                       say((enum tell_message)(TELL_DAY_1 + sh_weekday(from) - 1), lang));
    else
        (void)snprintf(out, SPAN_MAX, lang == SH_EN ? "%s to %s" : "%s 至 %s", a, b);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* formats are of the table above */

void sh_length_tell(struct sh_length length, sh_lang lang, struct sh_buf *out) {
    static const enum tell_message units[] = {[SH_HOURS] = TELL_HOURS,
                                              [SH_WORKING_DAYS] = TELL_WORKING_DAYS,
                                              [SH_NATURAL_DAYS] = TELL_NATURAL_DAYS,
                                              [SH_MONTHS] = TELL_MONTHS_UNIT,
                                              [SH_YEARS] = TELL_YEARS};
    sh_buf_addf(out, say(units[length.unit], lang), length.n);
}

/* Lines about days counted or not. */
static void tell_days(const struct sh_count *c, const char *days, sh_lang lang, struct sh_buf *out) {
    if (c->kind == SH_COUNT_DAYS)
        sh_buf_addf(out, say(TELL_DAYS, lang), days, c->n, c->total);
    else if (c->kind == SH_COUNT_MAKE_UP)
        sh_buf_addf(out, say(TELL_MAKE_UP, lang), days, SH_ARG(c->name), c->n, c->total);
    else if (c->kind == SH_COUNT_HOLIDAY)
        sh_buf_addf(out, say(TELL_HOLIDAY, lang), days, SH_ARG(c->name));
    else if (c->kind == SH_COUNT_EXCLUDED)
        sh_buf_addf(out, say(TELL_EXCLUDED, lang), days, c->n,
                    c->name.len ? (lang == SH_EN ? ": " : "：") : "", SH_ARG(c->name));
    else if (c->kind == SH_COUNT_UNKNOWN)
        sh_buf_addf(out, say(TELL_UNKNOWN, lang), days, c->n, c->total);
    else
        sh_buf_addf(out, say(TELL_REST, lang), days);
}

static void tell_step(const struct sh_count *c, bool is_backwards, sh_lang lang, struct sh_buf *out) {
    char days[SPAN_MAX], from[SPAN_MAX], to[SPAN_MAX];
    span(c->from, c->to, lang, days);
    span(c->from, c->from, lang, from), span(c->to, c->to, lang, to);
    switch (c->kind) {
    case SH_COUNT_EVENT:
        sh_buf_addf(out, say(TELL_EVENT, lang), days);
        break;
    case SH_COUNT_DAYS:
    case SH_COUNT_MAKE_UP:
    case SH_COUNT_REST:
    case SH_COUNT_HOLIDAY:
    case SH_COUNT_EXCLUDED:
    case SH_COUNT_UNKNOWN:
        tell_days(c, days, lang, out);
        break;
    case SH_COUNT_MONTHS:
        sh_buf_addf(out, say(TELL_MONTHS, lang), from, to, c->n);
        break;
    case SH_COUNT_HOURS:
        sh_buf_addf(out, say(TELL_RUN_HOURS, lang), c->n);
        break;
    case SH_COUNT_EXTEND:
        sh_buf_addf(out, say(TELL_EXTEND, lang), c->n);
        sh_length_tell(c->length, lang, out);
        break;
    case SH_COUNT_ROLL:
        sh_buf_addf(out, say(TELL_ROLL, lang), from, to);
        break;
    case SH_COUNT_CLEAR:
        sh_buf_addf(out, say(TELL_CLEAR, lang), to);
        break;
    case SH_COUNT_CAP:
        sh_buf_addf(out, say(TELL_CAP, lang), from, to);
        break;
    case SH_COUNT_OPEN:
        sh_buf_addf(out, say(TELL_OPEN, lang), from, c->n);
        break;
    case SH_COUNT_END:
        sh_buf_addf(out, say(is_backwards ? TELL_END_BACK : TELL_END, lang), to);
        break;
    }
    sh_buf_add_char(out, '\n');
}

void sh_due_tell(const struct sh_due *due, sh_lang lang, struct sh_buf *out) {
    bool is_backwards = false;
    for (size_t i = 0; i < due->n_account; i++)
        is_backwards = is_backwards || due->account[i].kind == SH_COUNT_CLEAR;
    for (size_t i = 0; i < due->n_account; i++)
        tell_step(&due->account[i], is_backwards, lang, out);
    if (!due->is_certain)
        sh_buf_addf(out, say(TELL_EARLIEST, lang), due->unknown_year);
}

#pragma GCC diagnostic pop

sh_code sh_due_need_certain(const struct sh_due *due, const struct sh_calendar *calendar,
                            struct sh_err *err) {
    if (due->is_certain)
        return SH_OK;
    const struct sh_str by = sh_calendar_entered_by(calendar, SH_ZH),
                        by_en = sh_calendar_entered_by(calendar, SH_EN);
    return sh_fail(err, SH_E_INPUT,
                   "the calendar of %d is not entered for %.*s; it must be entered by %.*s（%d "
                   "年放假安排未录入，应由%.*s）",
                   due->unknown_year, SH_ARG(sh_calendar_name(calendar)), SH_ARG(by_en), due->unknown_year,
                   SH_ARG(by));
}
