/* The findings that a filter lets through, as a table to take away: CSV or XLSX, no cell of which a
 * spreadsheet would run. Persons leave masked. */
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/find.h"
#include "gate/handlers.h"
#include "gate/workbook.h"
#include <duckdb.h>

enum { EXPORT_ROWS_MAX = 100000 };
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
#define COLUMN_SQL(sql, zh, en) sql ", "
#define COLUMN_ZH(sql, zh, en) zh,
#define COLUMN_EN(sql, zh, en) en,
#define COLUMN_ID(sql, zh, en) sql,
static const char *const ids[] = {EXPORT_COLUMNS(COLUMN_ID)};
static const char *const titles_zh[] = {EXPORT_COLUMNS(COLUMN_ZH)};
static const char *const titles_en[] = {EXPORT_COLUMNS(COLUMN_EN)};
enum { COLUMNS_N = sizeof ids / sizeof ids[0] };

struct exporting {
    struct sh_find find;
    const char *const *titles;
    struct sh_csv_writer *csv; /* or: */
    const char *path;          /* of the workbook */
};

static void exporting_end(struct exporting *out) {
    sh_find_end(&out->find);
}

static struct sh_str cell(const struct exporting *out, void *result, idx_t column, idx_t row) {
    const struct sh_str text = sh_str_of(sh_find_cell(&out->find, result, column, row));
    return strcmp(ids[column], "person") == 0 && text.len ? sh_find_masked(out->find.rq, text) : text;
}

static sh_code too_many(void *result, struct sh_err *err) {
    return duckdb_row_count(result) > EXPORT_ROWS_MAX
               ? sh_fail(err, SH_E_LIMIT, "more than %d findings: narrow the filter", EXPORT_ROWS_MAX)
               : SH_OK;
}

static sh_code put_csv(void *ctx, void *result, struct sh_err *err) {
    struct exporting *out = ctx;
    SH_TRY(too_many(result, err));
    for (idx_t row = 0; row < duckdb_row_count(result); row++) {
        for (idx_t c = 0; c < COLUMNS_N; c++)
            sh_csv_cell(out->csv, cell(out, result, c, row));
        sh_csv_end_row(out->csv);
    }
    return SH_OK;
}

static sh_code put_rows(struct exporting *out, void *result, struct sh_workbook *book, struct sh_err *err) {
    for (idx_t row = 0; row < duckdb_row_count(result); row++) {
        for (idx_t c = 0; c < COLUMNS_N; c++)
            sh_workbook_cell(book, cell(out, result, c, row));
        SH_TRY(sh_workbook_row(book, err));
    }
    return SH_OK;
}

static sh_code put_book(void *ctx, void *result, struct sh_err *err) {
    struct exporting *out = ctx;
    struct sh_workbook *book = NULL;
    struct sh_err ignored;
    SH_TRY(too_many(result, err));
    const struct sh_str sheet = out->find.rq->lang == SH_EN ? SH_STR("findings") : SH_STR("疑点");
    SH_TRY(sh_workbook_begin(out->path, sheet, out->titles, COLUMNS_N, &book, err));
    const sh_code code = put_rows(out, result, book, err);
    const sh_code end = sh_workbook_end(book, code == SH_OK, code == SH_OK ? err : &ignored);
    return code != SH_OK ? code : end;
}

static sh_code export_csv(struct exporting *out, struct sh_err *err) {
    struct sh_request *rq = out->find.rq;
    struct sh_csv_writer csv = {.buf = &rq->out, .guard = true};
    out->csv = &csv;
    sh_buf_clear(&rq->out);
    sh_buf_add_text(&rq->out, "\xEF\xBB\xBF"); /* spreadsheets take UTF-8 for something else without it */
    for (size_t c = 0; c < COLUMNS_N; c++)
        sh_csv_cell_text(&csv, out->titles[c]);
    sh_csv_end_row(&csv);
    SH_TRY(sh_find_run(&out->find, put_csv, out, err));
    SH_TRY(sh_csv_end(&csv, err));
    rq->content_type = "text/csv; charset=utf-8";
    return SH_OK;
}

static sh_code export_xlsx(struct exporting *out, struct sh_err *err) {
    struct sh_request *rq = out->find.rq;
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    struct sh_str text = {0};
    SH_TRY(sh_path_join(dir, rq->gate->options.data_dir, "exports", err));
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_path_format(path, err, "%s/%s.xlsx", dir, rq->id));
    out->path = path;
    sh_code code = sh_find_run(&out->find, put_book, out, err);
    if (code == SH_OK)
        code = sh_fs_read(path, SH_ANSWER_MAX / 2, &rq->arena, &text, err);
    struct sh_err left;
    if (sh_remove_file(path, &left) != SH_OK && code == SH_OK)
        return sh_err_wrap(err, left.code, "%s", left.message);
    SH_TRY(code);
    sh_buf_clear(&rq->out);
    sh_buf_add_str(&rq->out, text);
    rq->content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    return sh_buf_check(&rq->out, err);
}

sh_code sh_api_findings_export(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(exporting_end) struct exporting out = {.titles = rq->lang == SH_EN ? titles_en : titles_zh};
    struct sh_find *const find = &out.find;
    SH_TRY(sh_find_begin(gate, rq, find, err));
    const struct sh_str format = sh_target_arg(&rq->target, "format");
    const bool is_xlsx = sh_str_is(format, "xlsx");
    if (format.len && !is_xlsx && !sh_str_is(format, "csv"))
        return sh_refuse(rq, GATE_BAD_REQUEST, "format: csv | xlsx");
    sh_buf_add_text(&find->sql, "select " EXPORT_COLUMNS(COLUMN_SQL) "true");
    SH_TRY(sh_find_where(find, err));
    sh_buf_addf(&find->sql, " order by coalesce(counted, 0) desc, id limit %d", EXPORT_ROWS_MAX + 1);
    SH_TRY(is_xlsx ? export_xlsx(&out, err) : export_csv(&out, err));
    rq->status = 200;
    sh_answer_header(
        rq, "Content-Disposition",
        sh_arena_printf(&rq->arena, NULL, "attachment; filename=\"findings.%s\"", is_xlsx ? "xlsx" : "csv"));
    return SH_OK;
}
