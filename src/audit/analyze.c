/* What the rules, taken together, get wrong: rules that can never speak, layers that contradict each other,
 * money that two rules would count, days no row covers, rows that no item of a lake matches. */
#include "audit/audit.h"
#include "base/date.h"
#include "base/decimal.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct word { /* an item named by the knowledge of a rule that counts money */
    struct sh_str code;
    uint32_t rule;
    bool is_whole; /* the rule counts whole lines of it, not a part */
};

struct analysis {
    const struct sh_rules *nation, *here;
    struct sh_arena *arena;
    FILE *out;
    sh_lang lang;
    struct sh_analysis_result *result;
    struct sh_err *err;
};

enum { UNMATCHED_TOLD = 5 }; /* rows of a table named one by one */

#define ANALYZE_MESSAGES(X)                                                                                  \
    X(ANALYZE_DRAFT, "%s：草稿，不执行\n", "%s: draft, never run\n")                                         \
    X(ANALYZE_OFF, "%s：在 %s 关闭\n", "%s: switched off in %s\n")                                           \
    X(ANALYZE_ADDED, "%s：%s 自行增加\n", "%s: added by %s\n")                                               \
    X(ANALYZE_CHANGED, "%s：被 %s 改写\n", "%s: changed by %s\n")                                            \
    X(ANALYZE_LOWERED, "%s：%s 定为%s，低于全国的%s\n", "%s: %s makes it %s, lower than the nation's %s\n")  \
    X(ANALYZE_SHORTER, "%s：%s 的有效期窄于全国\n",                                                          \
      "%s: in %s it binds for a shorter time than in the nation\n")                                          \
    X(ANALYZE_NO_POINT, "%s：知识表 %s 在 %s 没有知识点，永不涉及\n",                                        \
      "%s: knowledge %s has no point in %s, so it never concerns anything\n")                                \
    X(ANALYZE_LOCAL, "%s：知识表 %s 的行由各地自定，%s 还没有：%s\n",                                        \
      "%s: rows of knowledge %s are each place's own, and %s has none yet: %s\n")                            \
    X(ANALYZE_NEVER, "%s：知识表 %s 没有一行的有效期与规则的有效期相交\n",                                   \
      "%s: no row of knowledge %s is in force while the rule is\n")                                          \
    X(ANALYZE_LOOSER, "%s.csv:%u：%s 的 %s：%s 为 %s，宽于全国的 %s\n",                                      \
      "%s.csv:%u: %s, %s: %s says %s, looser than the nation's %s\n")                                        \
    X(ANALYZE_SETTLED, "%s 与 %s：%u 个项目同在两条计金额的规则中，至少一条计整行，合计至多一行\n",          \
      "%s and %s: %u items stand in both and both count money; one counts whole lines, so a line is "        \
      "counted "                                                                                             \
      "once\n")                                                                                              \
    X(ANALYZE_SHARED,                                                                                        \
      "%s 与 %s：%u 个项目在两条规则中各计一行的一部分，可能是同一部分，一行合计不超过其金额\n",             \
      "%s and %s: of %u items both count a part of a line, which may be the same part; together at most "    \
      "the "                                                                                                 \
      "line\n")                                                                                              \
    X(ANALYZE_APART, "%s 与 %s：%u 个项目在两条规则中各计一行的一部分，但不是同一部分：%s\n",                \
      "%s and %s: of %u items both count a part of a line, but not the same part: %s\n")                     \
    X(ANALYZE_APART_NONE, "%s：apart 所说的规则“%s”不存在，改正或删去\n",                                    \
      "%s: apart names '%s', which is no rule here; correct it or take it out\n")                            \
    X(ANALYZE_GAP, "%s.csv：%s：%s 至 %s 之间没有一行有效\n",                                                \
      "%s.csv: %s: no row is in force from %s to %s\n")                                                      \
    X(ANALYZE_EARLY, "%s：知识自 %s 起有效，规则自 %s 起有效，其间不检查\n",                                 \
      "%s: its knowledge binds from %s, the rule only from %s: nothing is checked in between\n")             \
    X(ANALYZE_UNMATCHED, "%s.csv：%u 行中有 %u 行的项目不在该湖的目录里\n",                                  \
      "%s.csv: of %u rows, %u name no item of the lake\n")                                                   \
    X(ANALYZE_UNMATCHED_ROW, "  %s:%u：%s：核对项目编码，或确认该湖本来没有这个项目\n",                      \
      "  %s:%u: %s: check the item's code, or that this lake never has it\n")                                \
    X(ANALYZE_TOTAL,                                                                                         \
      "失效 %zu，待各地填写 %zu，层级矛盾 %zu，金额可能重复 %zu 对（另 %zu "          \
      "对不会重复：有一条计整行，或写明各计一部分），"                                \
      "有效期空档 %zu，湖中无对应项目的知识行 %zu\n",                                                        \
      "%zu dead, %zu waiting for rows of the place, %zu contradictions of layers, %zu overlaps of money "    \
      "(and %zu where nothing is counted twice: one rule counts whole lines, or says which part), %zu gaps " \
      "of validity, "                                                                                        \
      "%zu rows without an item in the lake\n")

enum analyze_message { ANALYZE_MESSAGES(SH_MSG_ID) ANALYZE_MESSAGES_N };
static const struct sh_msg messages[] = {ANALYZE_MESSAGES(SH_MSG_ENTRY)};
SH_UNUSED static const size_t messages_n = ANALYZE_MESSAGES_N;

static const char *own(const struct analysis *a, struct sh_str text) {
    const char *copy = sh_arena_dup(a->arena, text.at, text.len);
    return copy ? copy : "";
}

static const char *day_text(const struct analysis *a, int32_t day) {
    char *text = sh_new(a->arena, char, SH_DATE_TEXT_MAX);
    if (!text)
        return "";
    (void)sh_date_format(day, text);
    return text;
}

#define SAY(a, message, ...) sh_msg_print((a)->out, messages, message, (a)->lang, __VA_ARGS__)

/* ---- dead rules and gaps ------------------------------------------------------------------------- */

static const struct sh_rule *same_rule(const struct sh_rules *rules, struct sh_str id) {
    for (size_t i = 0; i < rules->n_rules; i++)
        if (sh_str_eq(rules->rules[i].id, id))
            return &rules->rules[i];
    return NULL;
}

/* What a layer says of a rule; where it asks for less than the nation it contradicts it. */
static void look_at_layer(const struct analysis *a, const struct sh_rule *r) {
    static const char *const levels[2][3] = {{"提示", "高度可疑", "明确违规"},
                                             {"indicator", "suspected", "certain"}};
    const struct sh_rule *wide = same_rule(a->nation, r->id);
    const char *id = own(a, r->id), *layer = own(a, r->layer);
    if (r->layer.len == 0)
        return;
    if (!wide || r->is_off) {
        SAY(a, r->is_off ? ANALYZE_OFF : ANALYZE_ADDED, id, layer);
        return;
    }
    SAY(a, ANALYZE_CHANGED, id, layer);
    if (r->level < wide->level) {
        a->result->contradictions++;
        SAY(a, ANALYZE_LOWERED, id, layer, levels[a->lang == SH_EN][r->level],
            levels[a->lang == SH_EN][wide->level]);
    }
    if (r->from > wide->from || r->to < wide->to) {
        a->result->contradictions++;
        SAY(a, ANALYZE_SHORTER, id, layer);
    }
}

static void look_at_rule(const struct analysis *a, const struct sh_rule *r) {
    const char *id = own(a, r->id);
    look_at_layer(a, r);
    if (r->is_off)
        return;
    for (size_t i = 0; i < r->n_apart; i++)
        if (!same_rule(a->here, r->apart[i].what)) {
            a->result->dead++;
            SAY(a, ANALYZE_APART_NONE, id, own(a, r->apart[i].what));
        }
    if (r->state == SH_STATE_DRAFT) {
        a->result->dead++;
        SAY(a, ANALYZE_DRAFT, id);
    }
    if (r->n_uses == 0)
        return;
    const struct sh_knowledge *k = &a->here->knowledge[r->uses[0].knowledge];
    const char *table = own(a, k->name);
    if (k->n_rows == 0 && k->local.len > 0) {
        a->result->local++;
        SAY(a, ANALYZE_LOCAL, id, table, own(a, a->here->place),
            own(a, a->lang == SH_EN ? k->local_english : k->local));
        return;
    }
    if (k->n_rows == 0) {
        a->result->dead++;
        SAY(a, ANALYZE_NO_POINT, id, table, own(a, a->here->place));
        return;
    }
    bool meets = false;
    int32_t first = INT32_MAX;
    for (uint32_t i = 0; i < k->n_rows; i++) {
        meets = meets || (k->rows[i].from < r->to && k->rows[i].to > r->from);
        first = k->rows[i].from < first ? k->rows[i].from : first;
    }
    if (!meets) {
        a->result->dead++;
        SAY(a, ANALYZE_NEVER, id, table);
    } else if (first < r->from) {
        a->result->gaps++;
        SAY(a, ANALYZE_EARLY, id, day_text(a, first), day_text(a, r->from));
    }
}

/* Days between the end of one row of a point and the beginning of its next. Rows stand sorted by point. */
static void look_for_gaps(const struct analysis *a, const struct sh_knowledge *k) {
    for (uint32_t i = 0; i < k->n_rows; i++) {
        int32_t next = INT32_MAX;
        bool covered = k->rows[i].to == INT32_MAX;
        for (uint32_t j = 0; j < k->n_rows && !covered; j++) {
            if (k->rows[j].point != k->rows[i].point || j == i)
                continue;
            covered = k->rows[j].from <= k->rows[i].to && k->rows[j].to > k->rows[i].to;
            if (k->rows[j].from > k->rows[i].to && k->rows[j].from < next)
                next = k->rows[j].from;
        }
        if (covered || next == INT32_MAX)
            continue;
        a->result->gaps++;
        SAY(a, ANALYZE_GAP, own(a, k->name), own(a, k->points[k->rows[i].point]), day_text(a, k->rows[i].to),
            day_text(a, next));
    }
}

/* ---- layers -------------------------------------------------------------------------------------- */

static const struct sh_knowledge *same_table(const struct sh_rules *rules, struct sh_str name) {
    for (size_t i = 0; i < rules->n_knowledge; i++)
        if (sh_str_eq(rules->knowledge[i].name, name))
            return &rules->knowledge[i];
    return NULL;
}

static void compare_row(const struct analysis *a, const struct sh_knowledge *k,
                        const struct sh_knowledge_row *row, const struct sh_knowledge *wide,
                        const struct sh_knowledge_row *other) {
    for (uint16_t c = 0; c < k->n_columns; c++) {
        int64_t narrow = 0, nation = 0;
        if (k->columns[c].type.kind != SH_KIND_NUMBER || k->columns[c].key != SH_KEY_NOT ||
            sh_decimal_scan(row->cells[c].at, row->cells[c].len, 6, &narrow) != SH_DECIMAL_OK ||
            sh_decimal_scan(other->cells[c].at, other->cells[c].len, 6, &nation) != SH_DECIMAL_OK ||
            narrow <= nation)
            continue;
        a->result->contradictions++;
        SAY(a, ANALYZE_LOOSER, own(a, k->name), row->line, own(a, wide->points[other->point]),
            own(a, k->columns[c].name), own(a, row->layer), own(a, row->cells[c]), own(a, other->cells[c]));
    }
}

/* A place may add and tighten; a larger number than the nation's for the same point is a contradiction. */
static void compare_layers(const struct analysis *a, const struct sh_knowledge *k) {
    const struct sh_knowledge *wide = same_table(a->nation, k->name);
    if (!wide || k->rows_kind != SH_ROWS_LIMIT || wide->n_columns != k->n_columns)
        return;
    for (uint32_t i = 0; i < k->n_rows; i++) {
        if (sh_str_is(k->rows[i].layer, "000000"))
            continue;
        for (uint32_t j = 0; j < wide->n_rows; j++)
            if (sh_str_eq(wide->points[wide->rows[j].point], k->points[k->rows[i].point]))
                compare_row(a, k, &k->rows[i], wide, &wide->rows[j]);
    }
}

/* ---- money twice --------------------------------------------------------------------------------- */

static int by_code(const void *x, const void *y) {
    const struct word *a = x, *b = y;
    const int code = sh_str_cmp(a->code, b->code);
    if (code || a->rule != b->rule)
        return code ? code : a->rule < b->rule ? -1 : 1;
    return a->is_whole - b->is_whole; /* a part first: it decides */
}

/* The column of its first table that says whether `after` counts calendar days; -1: none does. */
static int column_of_span(const struct analysis *a, const struct sh_rule *r) {
    struct sh_need *needs;
    size_t n = 0;
    const uint16_t table = a->here->knowledge[r->uses[0].knowledge].model_table;
    if (r->amount != SH_AMOUNT_AFTER || !r->amount_a ||
        sh_expr_needs(r->amount_a, a->arena, &needs, &n, a->err) != SH_OK || n != 1 ||
        needs[0].table != table)
        return -1;
    return needs[0].column;
}

/* Whether what a rule counts by a row of its knowledge is always all of a line. Beyond a span of calendar
 * days lies a line whole or not at all; of the days a line supplies a part may lie beyond. */
static bool counts_whole(const struct sh_rule *r, int span, const struct sh_knowledge_row *row) {
    return r->amount == SH_AMOUNT_COVERED || r->amount == SH_AMOUNT_CHEAPER ||
           (span >= 0 && sh_str_is(sh_str_trim(row->cells[span]), "1"));
}

static size_t words_of(const struct analysis *a, uint32_t rule, struct word *ret) {
    const struct sh_rule *r = &a->here->rules[rule];
    if (r->n_uses == 0 || r->amount == SH_AMOUNT_ZERO || r->state == SH_STATE_DRAFT)
        return 0;
    const struct sh_knowledge *k = &a->here->knowledge[r->uses[0].knowledge];
    const int span = column_of_span(a, r);
    size_t n = 0;
    for (uint16_t c = 0; c < k->n_columns; c++) {
        if (k->columns[c].key != SH_KEY_EQUAL || !sh_str_is(k->columns[c].joins, "line.item") ||
            sh_str_is(k->columns[c].name, "a"))
            continue;
        for (uint32_t i = 0; i < k->n_rows; i++) {
            struct sh_str rest = k->rows[i].cells[c];
            for (struct sh_str one; sh_str_split(&rest, '|', &one); n++)
                if (ret)
                    ret[n] = (struct word){sh_str_trim(one), rule, counts_whole(r, span, &k->rows[i])};
        }
    }
    return n;
}

/* Items that two rules count money on; part: of them, where both count but a part of a line. */
struct shared {
    uint32_t items, part;
};

/* words: those of one item, by rule. A rule that counts a part by one of its rows counts a part. */
static void share_item(const struct word *words, size_t n, size_t n_rules, struct shared *io) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const bool is_first =
                (i == 0 || words[i - 1].rule != words[i].rule) && (words[j - 1].rule != words[j].rule);
            if (words[i].rule == words[j].rule || !is_first)
                continue;
            struct shared *pair = &io[words[i].rule * n_rules + words[j].rule];
            pair->items++;
            pair->part += !words[i].is_whole && !words[j].is_whole;
        }
}

/* Why two rules never count the same part of a line, as the text of one of them says; NULL = nobody says. */
static const char *why_apart(const struct analysis *a, const struct sh_rule *x, const struct sh_rule *y) {
    for (size_t i = 0; i < x->n_apart; i++)
        if (sh_str_eq(x->apart[i].what, y->id))
            return own(a, x->apart[i].because);
    for (size_t i = 0; i < y->n_apart; i++)
        if (sh_str_eq(y->apart[i].what, x->id))
            return own(a, y->apart[i].because);
    return NULL;
}

static void tell_shared(const struct analysis *a, const struct sh_rule *x, const struct sh_rule *y,
                        const struct shared *pair) {
    const char *why = why_apart(a, x, y), *ids[2] = {own(a, x->id), own(a, y->id)};
    const bool is_settled = pair->part == 0 || why;
    a->result->overlaps += !is_settled;
    a->result->settled += is_settled;
    if (pair->part > 0 && why)
        SAY(a, ANALYZE_APART, ids[0], ids[1], pair->part, why);
    else
        SAY(a, pair->part > 0 ? ANALYZE_SHARED : ANALYZE_SETTLED, ids[0], ids[1],
            pair->part > 0 ? pair->part : pair->items);
}

static sh_code look_for_overlaps(const struct analysis *a) {
    const struct sh_rules *rules = a->here;
    size_t n = 0;
    for (uint32_t r = 0; r < rules->n_rules; r++)
        n += words_of(a, r, NULL);
    struct word *words = sh_new(a->arena, struct word, n + 1);
    struct shared *shared = sh_new(a->arena, struct shared, rules->n_rules * rules->n_rules + 1);
    if (!words || !shared)
        return sh_fail(a->err, SH_E_NOMEM, "no room for the items of all rules");
    n = 0;
    for (uint32_t r = 0; r < rules->n_rules; r++)
        n += words_of(a, r, words + n);
    qsort(words, n, sizeof(*words), by_code);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && sh_str_eq(words[i].code, words[end].code);)
            end++;
        share_item(words + i, end - i, rules->n_rules, shared);
    }
    for (size_t i = 0; i < rules->n_rules; i++)
        for (size_t j = 0; j < rules->n_rules; j++) {
            const struct shared *pair = &shared[i * rules->n_rules + j];
            if (pair->items == 0)
                continue;
            tell_shared(a, &rules->rules[i], &rules->rules[j], pair);
        }
    return SH_OK;
}

/* ---- a lake -------------------------------------------------------------------------------------- */

static void close_lake(struct sh_lake **lake) {
    sh_lake_close(*lake);
}

/* The first rows of a table that name no item of the lake, as they stand in its file. */
static sh_code tell_unmatched(const struct analysis *a, const struct sh_knowledge *k,
                              const struct sh_knowledge_bound *bound, uint32_t n_items) {
    bool *is_met = sh_new(a->arena, bool, (size_t)k->n_rows + 1);
    if (!is_met)
        return sh_fail(a->err, SH_E_NOMEM, "no room for the rows of a table");
    for (uint32_t i = 0; i < bound->item_begin[n_items]; i++)
        is_met[bound->item_rows[i]] = true;
    uint32_t told = 0;
    for (uint32_t r = 0; r < k->n_rows && told < UNMATCHED_TOLD; r++) {
        if (is_met[r])
            continue;
        const char *file = k->rows[r].file ? k->rows[r].file : own(a, k->file);
        SAY(a, ANALYZE_UNMATCHED_ROW, file, k->rows[r].line, own(a, k->points[k->rows[r].point]));
        told++;
    }
    return SH_OK;
}

static sh_code look_at_lake(const struct analysis *a, const char *dir, struct sh_rules *rules) {
    SH_CLEANUP(close_lake) struct sh_lake *lake = NULL;
    struct sh_dicts dicts = {0};
    struct sh_bound *bound = NULL;
    SH_TRY(sh_lake_open(dir, 0, &lake, a->err));
    for (int d = 0; d < SH_DICTS; d++)
        if (!sh_dict_is_large((enum sh_dict)d))
            SH_TRY(sh_lake_dict(lake, (enum sh_dict)d, &dicts.views[d], a->err));
    SH_TRY(sh_rules_bind(rules, &dicts, a->arena, &bound, a->err));
    for (size_t i = 0; i < rules->n_knowledge; i++) {
        if (bound->tables[i].unmatched == 0)
            continue;
        a->result->unmatched += bound->tables[i].unmatched;
        SAY(a, ANALYZE_UNMATCHED, own(a, rules->knowledge[i].name), rules->knowledge[i].n_rows,
            bound->tables[i].unmatched);
        if (bound->tables[i].item_begin)
            SH_TRY(tell_unmatched(a, &rules->knowledge[i], &bound->tables[i], dicts.views[SH_DICT_ITEM]->n));
    }
    return SH_OK;
}

sh_code sh_rules_analyze(const struct sh_rules_options *options, const char *lake_dir, sh_lang lang,
                         FILE *out, struct sh_analysis_result *ret, struct sh_err *err) {
    assert(options && out && ret);
    struct sh_err local;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    err = err ? err : &local;
    *ret = (struct sh_analysis_result){0};
    struct sh_rules_options nation = *options;
    struct sh_rules *wide = NULL, *here = NULL;
    nation.place = "000000";
    SH_TRY(sh_rules_load(&nation, &arena, out, &wide, err));
    SH_TRY(sh_rules_load(options, &arena, out, &here, err));
    const struct analysis a = {
        .nation = wide, .here = here, .arena = &arena, .out = out, .lang = lang, .result = ret, .err = err};
    for (size_t i = 0; i < here->n_rules; i++)
        look_at_rule(&a, &here->rules[i]);
    for (size_t i = 0; i < here->n_knowledge; i++) {
        compare_layers(&a, &here->knowledge[i]);
        look_for_gaps(&a, &here->knowledge[i]);
    }
    SH_TRY(look_for_overlaps(&a));
    if (lake_dir)
        SH_TRY(look_at_lake(&a, lake_dir, here));
    SAY(&a, ANALYZE_TOTAL, ret->dead, ret->local, ret->contradictions, ret->overlaps, ret->settled, ret->gaps,
        ret->unmatched);
    return SH_OK;
}
