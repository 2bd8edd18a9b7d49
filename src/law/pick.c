#include "base/date.h"
#include "base/decimal.h"
#include "base/money.h"
#include "law/inner.h"
#include "law/params.h"
#include <assert.h>

#define PARAM_MESSAGES(X)                                                                                    \
    X(PARAM_NO_SUCH, "没有参数 %.*s", "there is no parameter %.*s")                                          \
    X(PARAM_OF_RULES, "参数 %.*s 由规则读取，随规则发布更改",                                                \
      "parameter %.*s is read by rules: it is changed with them, by a release")                              \
    X(PARAM_NO_VALUE, "“%.*s”不是单位为 %.*s 的数值", "\"%.*s\" is no value in the unit %.*s")               \
    X(PARAM_UNSET, "参数 %.*s 在 %.*s 没有取值，应由%.*s确定（%.*s）",                                       \
      "parameter %.*s has no value for %.*s; %.*s must set it (%.*s)")                                       \
    X(PARAM_UNSET_OPEN, "参数 %.*s 在 %.*s 没有取值，由各地确定（%.*s）",                                    \
      "parameter %.*s has no value for %.*s; the place must set it (%.*s)")                                  \
    X(PARAM_WAITS, "参数 %.*s（%.*s）的适用理解待确认：%.*s",                                                \
      "parameter %.*s (%.*s) is used under a reading to be confirmed: %.*s")                                 \
    X(PARAM_BEYOND, "参数 %.*s（%.*s）的取值 %.*s 超出上位规定：%.*s",                                       \
      "parameter %.*s (%.*s) has the value %.*s, beyond the text of higher rank: %.*s")                      \
    X(PARAM_UNDECIDED, "；理解未定，不予采用，待法制机构确认", "; not used until a lawyer has decided")      \
    X(PARAM_READING, "；按此理解采用，待确认：%.*s", "; used under this reading, to be confirmed: %.*s")     \
    X(PARAM_NO_DAY, "参数 %.*s 按%s取值，但该日期未知",                                                      \
      "parameter %.*s is picked by %s, which is not known")                                                  \
    X(PARAM_ACT, "行为发生日", "the day of the act")                                                         \
    X(PARAM_STEP, "办理日", "the day of the step")                                                           \
    X(PARAM_PERIOD, "所属期", "the period")                                                                  \
    X(PARAM_LAPSES, "参数 %.*s（%.*s）于 %s 失效，尚无后续规定",                                             \
      "parameter %.*s (%.*s) lapses on %s without successor")                                                \
    X(PARAM_EXCERPT, "参数 %.*s（%.*s）仅据摘录，未核对原文",                                                \
      "parameter %.*s (%.*s) is known from an excerpt, not verified")

enum param_message { PARAM_MESSAGES(SH_MSG_ID) PARAM_MESSAGES_N };
static const struct sh_msg messages[] = {PARAM_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = PARAM_MESSAGES_N;

static bool covers(const struct sh_param *p, struct sh_str place) {
    char at[6];
    sh_place_start(place, at);
    do
        if (memcmp(p->place.at, at, 6) == 0)
            return true;
    while (sh_place_widen(at));
    return false;
}

/* a < b by value, whatever their decimals; < 0, 0, > 0. Words are the same or not. */
static int compare(const struct sh_param *a, const struct sh_param *b) {
    if (sh_str_is(a->unit, "word"))
        return sh_str_eq(a->text, b->text) ? 0 : 1;
    const sh_i128 left = (sh_i128)a->value * sh_pow10(6 - a->scale),
                  right = (sh_i128)b->value * sh_pow10(6 - b->scale);
    return left < right ? -1 : left > right;
}

static bool is_beyond(const struct sh_param *value, const struct sh_param *bound) {
    const int order = compare(value, bound);
    switch ((enum sh_binds)bound->binds) {
    case SH_BINDS_EXACT:
        return order != 0;
    case SH_BINDS_MIN:
    case SH_BINDS_FLOOR:
        return order < 0;
    case SH_BINDS_MAX:
    case SH_BINDS_CEILING:
        return order > 0;
    case SH_BINDS_NOTHING:
    case SH_BINDS:
        return false;
    }
    return false;
}

/* The bound of higher rank that a value lies beyond on some day of from–to, or NULL. */
static const struct sh_param *find_bound(const struct sh_params *params, const struct sh_param *value,
                                         int32_t from, int32_t to) {
    for (size_t i = 0; i < params->n; i++) {
        const struct sh_param *b = &params->rows[i];
        if (b != value && sh_str_eq(b->name, value->name) && b->value != INT64_MIN && b->rank < value->rank &&
            b->from < to && from < b->to && covers(b, value->place) && is_beyond(value, b))
            return b;
    }
    return NULL;
}

static const struct sh_param *by_name(const struct sh_params *params, struct sh_str name) {
    for (size_t i = 0; i < params->n; i++)
        if (sh_str_eq(params->rows[i].name, name))
            return &params->rows[i];
    return NULL;
}

const struct sh_param *sh_param_beyond(const struct sh_params *params, const struct sh_param *row) {
    return find_bound(params, row, row->from, row->to);
}

enum sh_param_fault sh_param_of_office(const struct sh_params *params, const struct sh_param_set *set,
                                       sh_lang lang, struct sh_param *ret, struct sh_buf *why) {
    const struct sh_param *any = by_name(params, set->name);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (!any || any->picked_by == SH_BY_ANY) {
        sh_buf_addf(why, sh_msg(messages, any ? PARAM_OF_RULES : PARAM_NO_SUCH, lang), SH_ARG(set->name));
        return SH_PARAM_BAD_NAME;
    }
    *ret = *any;
    ret->place = set->place, ret->text = set->value, ret->basis = set->basis;
    ret->from = set->from, ret->to = set->to;
    ret->rank = SH_RANK_OWN, ret->binds = SH_BINDS_NOTHING, ret->proof = SH_PROOF_FULL;
    ret->reading = ret->note = (struct sh_str){"", 0};
    SH_CLEANUP(sh_buf_free) struct sh_buf reason = {0};
    if (sh_param_scan(ret, &reason) && ret->value != INT64_MIN)
        return SH_PARAM_FINE;
    sh_buf_addf(why, sh_msg(messages, PARAM_NO_VALUE, lang), SH_ARG(set->value), SH_ARG(any->unit));
#pragma GCC diagnostic pop
    return SH_PARAM_BAD_VALUE;
}

struct sh_param_pick sh_param_pick(const struct sh_params *params, struct sh_str name, struct sh_str place,
                                   struct sh_param_dates dates) {
    assert(params);
    const struct sh_param *any = by_name(params, name);
    if (!any)
        return (struct sh_param_pick){.state = SH_PARAM_NO_SUCH};
    const int32_t days[SH_PARAM_DAYS] = {[SH_BY_ANY] = dates.step,
                                         [SH_BY_ACT] = dates.act,
                                         [SH_BY_STEP] = dates.step,
                                         [SH_BY_PERIOD] = dates.period};
    const int32_t day = days[any->picked_by];
    if (day == INT32_MIN)
        return (struct sh_param_pick){.state = SH_PARAM_NO_DAY, .row = any};
    const struct sh_param *row = sh_param_find(params, name, place, day);
    struct sh_param_pick pick = {.state = SH_PARAM_SET, .row = row};
    if (row->value == INT64_MIN) {
        pick.state = SH_PARAM_UNSET;
        return pick;
    }
    pick.bound = find_bound(params, row, day, day + 1);
    if (pick.bound && row->reading.len == 0)
        pick.state = SH_PARAM_BEYOND;
    return pick;
}

void sh_param_tell(const struct sh_param_pick *pick, struct sh_str name, struct sh_str place, sh_lang lang,
                   struct sh_buf *out) {
    const struct sh_param *p = pick->row;
    static const enum param_message days[SH_PARAM_DAYS] = {PARAM_STEP, PARAM_ACT, PARAM_STEP, PARAM_PERIOD};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    switch (pick->state) {
    case SH_PARAM_NO_SUCH:
        sh_buf_addf(out, sh_msg(messages, PARAM_NO_SUCH, lang), SH_ARG(name));
        break;
    case SH_PARAM_UNSET:
        if (p->set_by.len == 0) {
            sh_buf_addf(out, sh_msg(messages, PARAM_UNSET_OPEN, lang), SH_ARG(name), SH_ARG(place),
                        SH_ARG(p->basis));
            break;
        }
        sh_buf_addf(out, sh_msg(messages, PARAM_UNSET, lang), SH_ARG(name), SH_ARG(place), SH_ARG(p->set_by),
                    SH_ARG(p->basis));
        break;
    case SH_PARAM_NO_DAY:
        sh_buf_addf(out, sh_msg(messages, PARAM_NO_DAY, lang), SH_ARG(name),
                    sh_msg(messages, days[p->picked_by], lang));
        break;
    case SH_PARAM_SET:
    case SH_PARAM_BEYOND:
        if (!pick->bound)
            break;
        sh_buf_addf(out, sh_msg(messages, PARAM_BEYOND, lang), SH_ARG(name), SH_ARG(p->place),
                    SH_ARG(p->text), SH_ARG(pick->bound->basis));
        if (p->reading.len > 0)
            sh_buf_addf(out, sh_msg(messages, PARAM_READING, lang), SH_ARG(p->reading));
        else
            sh_buf_add_text(out, sh_msg(messages, PARAM_UNDECIDED, lang));
        break;
    }
#pragma GCC diagnostic pop
}

static int by_bytes(const void *a, const void *b) {
    return sh_str_cmp((*(const struct sh_param *const *)a)->name, (*(const struct sh_param *const *)b)->name);
}

sh_code sh_params_missing(const struct sh_params *params, struct sh_str place, int32_t day,
                          struct sh_arena *arena, const struct sh_param *const **ret, size_t *ret_n,
                          struct sh_err *err) {
    const struct sh_param **list = sh_new(arena, const struct sh_param *, params->n + 1);
    if (!list)
        return sh_fail(err, SH_E_NOMEM, "no room for the missing parameters");
    size_t n = 0;
    for (size_t i = 0; i < params->n; i++) {
        const struct sh_param *p = &params->rows[i];
        if (p->value == INT64_MIN && sh_param_find(params, p->name, place, day)->value == INT64_MIN)
            list[n++] = p;
    }
    qsort(list, n, sizeof *list, by_bytes);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !sh_str_eq(list[kept - 1]->name, list[i]->name))
            list[kept++] = list[i];
    *ret = list;
    *ret_n = kept;
    return SH_OK;
}

/* ---- law check ---- */

sh_code sh_law_note_add(struct sh_law_notes *notes, struct sh_arena *arena, struct sh_law_note note,
                        struct sh_err *err) {
    if (notes->n == notes->cap) {
        const size_t cap = notes->cap ? 2 * notes->cap : 16;
        struct sh_law_note *of = sh_new(arena, struct sh_law_note, cap);
        if (!of)
            return sh_fail(err, SH_E_NOMEM, "no room for %zu notes", cap);
        if (notes->n)
            memcpy(of, notes->of, notes->n * sizeof *of);
        notes->of = of, notes->cap = cap;
    }
    notes->of[notes->n++] = note;
    return SH_OK;
}

struct checking {
    const struct sh_params *params;
    int32_t day;
    sh_lang lang;
    struct sh_arena *arena;
    struct sh_law_notes *notes;
    struct sh_err *err;
};

static sh_code note(const struct checking *c, const struct sh_param *p, enum sh_law_severity severity,
                    const struct sh_buf *text) {
    SH_TRY(sh_buf_check(text, c->err));
    const char *copy = sh_arena_dup(c->arena, text->at, text->len);
    if (!copy)
        return sh_fail(c->err, SH_E_NOMEM, "no room for a note");
    return sh_law_note_add(
        c->notes, c->arena,
        (struct sh_law_note){
            .severity = severity, .file = p->file, .line = p->line, .text = {copy, text->len}},
        c->err);
}

static sh_code check_bound(const struct checking *c, const struct sh_param *p) {
    const int32_t day = p->from > c->day ? p->from : c->day;
    const struct sh_param *bound = find_bound(c->params, p, day, day + 1);
    const bool has_reading = p->reading.len > 0;
    if (!bound && !has_reading)
        return SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    if (!bound) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        sh_buf_addf(&text, sh_msg(messages, PARAM_WAITS, c->lang), SH_ARG(p->name), SH_ARG(p->place),
                    SH_ARG(p->reading));
#pragma GCC diagnostic pop
        return note(c, p, SH_LAW_WARNING, &text);
    }
    sh_param_tell(&(struct sh_param_pick){has_reading ? SH_PARAM_SET : SH_PARAM_BEYOND, p, bound}, p->name,
                  p->place, c->lang, &text);
    return note(c, p, has_reading ? SH_LAW_WARNING : SH_LAW_ERROR, &text);
}

bool sh_law_lapses(const struct sh_params *params, struct sh_str place, int32_t to, int32_t day) {
    const struct sh_param *ahead = sh_param_find(params, SH_STR("law.lapse_ahead"), place, day);
    return to != INT32_MAX && to >= day && ahead && ahead->value != INT64_MIN && to - day <= ahead->value;
}

/* Nothing in force for the place on the day it ends, and that day is near. */
static sh_code check_lapse(const struct checking *c, const struct sh_param *p) {
    if (!sh_law_lapses(c->params, p->place, p->to, c->day) ||
        sh_param_find(c->params, p->name, p->place, p->to)->value != INT64_MIN)
        return SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    char day[SH_DATE_TEXT_MAX];
    sh_date_format(p->to, day);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    sh_buf_addf(&text, sh_msg(messages, PARAM_LAPSES, c->lang), SH_ARG(p->name), SH_ARG(p->place), day);
    return note(c, p, SH_LAW_WARNING, &text);
}

static sh_code check_proof(const struct checking *c, const struct sh_param *p) {
    if (p->proof != SH_PROOF_EXCERPT)
        return SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_buf_addf(&text, sh_msg(messages, PARAM_EXCERPT, c->lang), SH_ARG(p->name), SH_ARG(p->place));
#pragma GCC diagnostic pop
    return note(c, p, SH_LAW_WARNING, &text);
}

sh_code sh_params_check(const struct sh_params *params, int32_t day, sh_lang lang, struct sh_arena *arena,
                        struct sh_law_notes *notes, struct sh_err *err) {
    const struct checking c = {params, day, lang, arena, notes, err};
    for (size_t i = 0; i < params->n; i++) {
        const struct sh_param *p = &params->rows[i];
        if (p->value == INT64_MIN || p->to <= day)
            continue;
        SH_TRY(check_bound(&c, p));
        SH_TRY(check_lapse(&c, p));
        SH_TRY(check_proof(&c, p));
    }
    return SH_OK;
}
