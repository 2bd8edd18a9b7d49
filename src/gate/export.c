/* The findings that a filter lets through, as a table to take away: CSV or XLSX, no cell of which a
 * spreadsheet would run. Persons leave masked. */
#include "gate/find.h"
#include "gate/handlers.h"
#include "gate/later.h"
#include "gate/takeaway.h"

#define EXPORT_COLUMNS(X)                                                                                    \
    X("id", "疑点编号", "finding")                                                                           \
    X("number", "国家规则号", "national rule")                                                               \
    X("rule", "规则", "rule")                                                                                \
    X("name", "规则名称", "name of the rule")                                                                \
    X("level", "等级", "level")                                                                              \
    X("institution", "机构编码", "institution")                                                              \
    X("institution_name", "机构名称", "name of the institution")                                             \
    X("person", "参保人（已脱敏）", "person (masked)")                                                       \
    X("encounter", "就诊编号", "encounter")                                                                  \
    X("day", "日期", "day")                                                                                  \
    X("amount", "违规金额", "amount")                                                                        \
    X("counted", "计入金额", "counted")                                                                      \
    X("fund_amount", "基金金额", "fund")                                                                     \
    X("say", "说明", "why")                                                                                  \
    X("basis", "依据", "basis")
#define COLUMN_SQL(sql, zh, en) "cast(" sql " as varchar), "
#define COLUMN_ZH(sql, zh, en) zh,
#define COLUMN_EN(sql, zh, en) en,
#define COLUMN_ID(sql, zh, en) sql,
static const char *const ids[] = {EXPORT_COLUMNS(COLUMN_ID)};
static const char *const titles_zh[] = {EXPORT_COLUMNS(COLUMN_ZH)};
static const char *const titles_en[] = {EXPORT_COLUMNS(COLUMN_EN)};
enum { COLUMNS_N = sizeof ids / sizeof ids[0], COLUMN_RULE = 2, COLUMN_NAME = 3 };

struct exporting {
    struct sh_find find;
    struct sh_takeaway out;
    struct sh_arena arena; /* of one row */
};

static void exporting_end(struct exporting *e) {
    sh_find_end(&e->find);
    sh_takeaway_end(&e->out);
    sh_arena_free(&e->arena);
}

static sh_code put_row(void *ctx, const struct sh_str *cells, struct sh_err *err) {
    struct exporting *e = ctx;
    sh_arena_reset(&e->arena);
    for (size_t c = 0; c < COLUMNS_N; c++) {
        if (c == COLUMN_NAME) {
            sh_takeaway_cell(&e->out,
                             sh_rule_title(e->find.gate, e->find.rq, cells[COLUMN_RULE], cells[COLUMN_NAME]));
            continue;
        }
        const bool is_person = strcmp(ids[c], "person") == 0 && cells[c].len;
        sh_takeaway_cell(&e->out, is_person ? sh_find_masked(&e->arena, cells[c]) : cells[c]);
    }
    return sh_takeaway_row(&e->out, err);
}

sh_code sh_api_findings_export(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(exporting_end) struct exporting e = {0};
    struct sh_find *const find = &e.find;
    const bool is_english = rq->lang == SH_EN;
    SH_TRY(sh_find_begin(gate, rq, find, err));
    sh_buf_add_text(&find->sql, "select " EXPORT_COLUMNS(COLUMN_SQL) "true");
    SH_TRY(sh_find_where(find, err));
    sh_buf_add_text(&find->sql, " order by counted desc, id");
    SH_TRY(sh_takeaway_asked(rq, SH_LATER_FINDINGS, &e.out, err));
    SH_TRY(sh_takeaway_note(&e.out, SH_STR("findings"), err));
    SH_TRY(sh_takeaway_open(&e.out, sh_str_of(SH_SAY(rq, SHEET_OF_FINDINGS)),
                            is_english ? titles_en : titles_zh, COLUMNS_N, err));
    SH_TRY(sh_find_stream(find, COLUMNS_N, put_row, &e, err));
    return sh_takeaway_send(&e.out, SH_STR("findings"), err);
}
