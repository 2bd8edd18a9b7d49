/* Registers out to spreadsheets and in from them. */
#include "base/csv.h"
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/password.h"
#include "gate/sheet.h"
#include "gate/workbook.h"

/* One transaction holds at most so many rows (sketch B2); an export is one answer in memory. */
enum { IMPORT_ROWS_MAX = 5000, EXPORT_ROWS_MAX = 100000, PAGE = 1000 };

/* ---- out --------------------------------------------------------------------------------------------- */

struct exporting {
    struct sh_request *rq;
    const struct sh_register *reg;
    struct sh_scope scope;
    struct sh_page_query query;
    struct sh_workbook *book; /* XLSX, or */
    struct sh_csv_writer *csv;
    size_t n;
};

static void put_cell(struct exporting *out, struct sh_str text) {
    if (out->book)
        sh_workbook_cell(out->book, text);
    else
        sh_csv_cell(out->csv, text);
}

static sh_code end_row(struct exporting *out, struct sh_err *err) {
    if (out->book)
        return sh_workbook_row(out->book, err);
    sh_csv_end_row(out->csv);
    return SH_OK;
}

static void put_day(struct exporting *out, int32_t day, bool is_open) {
    char text[SH_DATE_TEXT_MAX] = "";
    const size_t len = is_open ? 0 : sh_date_format(day, text);
    put_cell(out, (struct sh_str){text, len});
}

static sh_code put_record(struct exporting *out, const struct sh_record *record, struct sh_err *err) {
    struct sh_str *values = NULL;
    SH_TRY(sh_entry_read(out->reg, record, &out->rq->arena, &values, err));
    for (size_t i = 0; i < out->reg->n_fields; i++)
        put_cell(out, values[i].at ? values[i] : SH_STR(""));
    put_day(out, record->valid_from, record->valid_from <= 0);
    put_day(out, record->valid_to - 1, record->valid_to == SH_DAY_OPEN);
    return end_row(out, err);
}

static sh_code put_page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct exporting *out = ctx;
    const struct sh_record *records = NULL;
    size_t n = 0;
    SH_TRY(sh_record_page(txn, &out->scope, &out->query, &out->rq->arena, &records, &n, err));
    for (size_t i = 0; i < n; i++)
        SH_TRY(put_record(out, &records[i], err));
    out->n = n;
    if (n) {
        const struct sh_str key = records[n - 1].key;
        out->query.after_key = (struct sh_str){sh_arena_dup(&out->rq->arena, key.at, key.len), key.len};
    }
    return SH_OK;
}

/* Pages are separate reads: a long export holds up no writer. Keys only ascend, so no row comes twice. */
static sh_code put_all(struct sh_gate *gate, struct exporting *out, struct sh_err *err) {
    size_t total = 0;
    out->query.limit = PAGE;
    do {
        SH_TRY(sh_store_read(gate->store, put_page, out, err));
        total += out->n;
        if (total > EXPORT_ROWS_MAX)
            return sh_fail(err, SH_E_LIMIT, "more than %d rows: narrow the export with q", EXPORT_ROWS_MAX);
    } while (out->n == PAGE);
    return SH_OK;
}

static sh_code export_csv(struct sh_gate *gate, struct exporting *out, struct sh_err *err) {
    /* The guard keeps a name that begins with = from being run by whoever opens the file. */
    struct sh_csv_writer csv = {.buf = &out->rq->out, .guard = true};
    out->csv = &csv;
    sh_buf_clear(&out->rq->out);
    sh_buf_add_text(&out->rq->out,
                    "\xEF\xBB\xBF"); /* spreadsheets take UTF-8 for something else without it */
    for (size_t i = 0; i < out->reg->n_fields; i++)
        sh_csv_cell(&csv, out->rq->lang == SH_EN ? out->reg->fields[i].id : out->reg->fields[i].name);
    sh_csv_cell_text(&csv, out->rq->lang == SH_EN ? "valid_from" : "生效日");
    sh_csv_cell_text(&csv, out->rq->lang == SH_EN ? "valid_to" : "失效日");
    sh_csv_end_row(&csv);
    SH_TRY(put_all(gate, out, err));
    SH_TRY(sh_csv_end(&csv, err));
    out->rq->status = 200;
    out->rq->content_type = "text/csv; charset=utf-8";
    return SH_OK;
}

static sh_code begin_book(struct exporting *out, const char *path, struct sh_err *err) {
    const size_t n = out->reg->n_fields;
    const bool is_english = out->rq->lang == SH_EN;
    const char **titles = sh_new(&out->rq->arena, const char *, n + 2);
    if (!titles)
        return sh_fail(err, SH_E_NOMEM, "no room for columns");
    for (size_t i = 0; i < n; i++) {
        const struct sh_str title = is_english ? out->reg->fields[i].id : out->reg->fields[i].name;
        titles[i] = sh_arena_dup(&out->rq->arena, title.at, title.len);
        if (!titles[i])
            return sh_fail(err, SH_E_NOMEM, "no room for columns");
    }
    titles[n] = is_english ? "valid_from" : "生效日";
    titles[n + 1] = is_english ? "valid_to" : "失效日";
    return sh_workbook_begin(path, is_english ? out->reg->english : out->reg->name, titles, n + 2, &out->book,
                             err);
}

static sh_code write_book(struct sh_gate *gate, struct exporting *out, const char *path, struct sh_err *err) {
    SH_TRY(begin_book(out, path, err));
    const sh_code code = put_all(gate, out, err);
    struct sh_err ignored;
    const sh_code end = sh_workbook_end(out->book, code == SH_OK, code == SH_OK ? err : &ignored);
    return code != SH_OK ? code : end;
}

static sh_code export_xlsx(struct sh_gate *gate, struct exporting *out, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(dir, gate->options.data_dir, "exports", err));
    SH_TRY(sh_mkdir_all(dir, err));
    SH_TRY(sh_path_format(path, err, "%s/%s.xlsx", dir, out->rq->id));
    struct sh_str text = {0};
    sh_code code = write_book(gate, out, path, err);
    if (code == SH_OK)
        code = sh_fs_read(path, SH_ANSWER_MAX, &out->rq->arena, &text, err);
    struct sh_err left;
    if (sh_remove_file(path, &left) != SH_OK && code == SH_OK)
        return sh_err_wrap(err, left.code, "%s", left.message);
    SH_TRY(code);
    sh_buf_clear(&out->rq->out);
    sh_buf_add_str(&out->rq->out, text);
    out->rq->status = 200;
    out->rq->content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    return sh_buf_check(&out->rq->out, err);
}

static sh_code note_export(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct exporting *out = ctx;
    return sh_access_note(txn, out->rq, out->reg, NULL, "export", SH_STR(""), err);
}

/* Personal fields leave masked; that a register left at all is noted where it has some. */
sh_code sh_api_export(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct exporting out = {.rq = rq};
    SH_TRY(sh_entry_register(gate, rq, &out.reg, err));
    SH_TRY(sh_entry_scope(gate, rq, out.reg, &out.scope, err));
    out.query =
        (struct sh_page_query){.register_name = out.reg->id, .search = sh_target_arg(&rq->target, "q")};
    SH_TRY(sh_arg_as_of(gate, rq, &out.query.as_of, err));
    const struct sh_str format = sh_target_arg(&rq->target, "format");
    const bool is_xlsx = sh_str_is(format, "xlsx");
    if (format.len && !is_xlsx && !sh_str_is(format, "csv"))
        return sh_refuse(rq, GATE_BAD_REQUEST, "format: csv | xlsx");
    bool is_personal = false;
    for (size_t i = 0; i < out.reg->n_fields; i++)
        is_personal = is_personal || out.reg->fields[i].mask;
    if (is_personal)
        SH_TRY(sh_gate_write(gate, rq, "export", note_export, &out, NULL, err));
    SH_TRY(is_xlsx ? export_xlsx(gate, &out, err) : export_csv(gate, &out, err));
    sh_answer_header(rq, "Content-Disposition",
                     sh_arena_printf(&rq->arena, NULL, "attachment; filename=\"%.*s.%s\"",
                                     SH_ARG(out.reg->id), is_xlsx ? "xlsx" : "csv"));
    return SH_OK;
}

/* ---- in ---------------------------------------------------------------------------------------------- */

struct importing {
    struct sh_request *rq;
    const struct sh_register *reg;
    struct sh_scope scope;
    bool is_dry;
    struct sh_csv csv;
    int32_t fields[SH_SHEET_COLUMNS_MAX]; /* of column c; -2 valid_from, -3 valid_to */
    struct sh_entry_values *entries;      /* [n_rows] */
    bool *is_bad;                         /* [n_rows] before the transaction */
    struct sh_faults faults;              /* before it, too */
    int64_t created, updated, unchanged, proposed, rejected;
};

enum { COLUMN_FROM = -2, COLUMN_TO = -3 };

static sh_code read_header(struct importing *in) {
    for (size_t c = 0; c < in->csv.header.n_cells; c++) {
        const struct sh_str title = sh_str_trim(in->csv.header.cells[c]);
        in->fields[c] = sh_register_field(in->reg, title, true);
        if (sh_str_is(title, "valid_from") || sh_str_is(title, "生效日"))
            in->fields[c] = COLUMN_FROM;
        else if (sh_str_is(title, "valid_to") || sh_str_is(title, "失效日"))
            in->fields[c] = COLUMN_TO;
        else if (in->fields[c] == -1)
            sh_faults_add(in->rq, &in->faults, title, 1,
                          in->rq->lang == SH_EN ? "no such column" : "名册没有此列");
        for (size_t other = 0; other < c; other++)
            if (in->fields[other] == in->fields[c] && in->fields[c] != -1)
                sh_faults_add(in->rq, &in->faults, title, 1,
                              in->rq->lang == SH_EN ? "stands twice" : "列重复");
    }
    return in->faults.n ? SH_E_INPUT : SH_OK;
}

static void take_day(struct importing *in, struct sh_entry_values *entry, int32_t which, struct sh_str text,
                     size_t row) {
    int32_t day = 0;
    if (text.len == 0)
        return;
    if (sh_date_scan(text.at, text.len, &day) != SH_DATE_OK)
        sh_faults_add(in->rq, &in->faults, which == COLUMN_FROM ? SH_STR("valid_from") : SH_STR("valid_to"),
                      row, in->rq->lang == SH_EN ? "is no date" : "不是日期");
    else if (which == COLUMN_FROM)
        entry->from = day;
    else
        entry->to = day + 1;
}

static sh_code take_row(struct importing *in, size_t r, int32_t today, struct sh_err *err) {
    const struct sh_csv_row *row = &in->csv.rows[r];
    struct sh_entry_values *entry = &in->entries[r];
    const size_t before = in->faults.n;
    *entry = (struct sh_entry_values){.reg = in->reg,
                                      .values = sh_new(&in->rq->arena, struct sh_str, in->reg->n_fields),
                                      .from = in->reg->has_validity ? today : 0,
                                      .to = SH_DAY_OPEN,
                                      .why = SH_STR("import")};
    if (!entry->values)
        return sh_fail(err, SH_E_NOMEM, "no room for row %zu", row->line);
    for (size_t c = 0; c < row->n_cells; c++) {
        if (in->fields[c] < 0) {
            take_day(in, entry, in->fields[c], sh_str_trim(row->cells[c]), row->line);
            continue;
        }
        const struct sh_field *field = &in->reg->fields[in->fields[c]];
        struct sh_str value;
        const sh_code code = sh_field_check(field, row->cells[c], &in->rq->arena, &value, err);
        if (code == SH_E_INPUT) {
            sh_faults_add(in->rq, &in->faults, field->id, row->line, "%s", err->message);
            entry->values[in->fields[c]] = SH_STR("?"); /* told once: not also as missing */
        } else if (code != SH_OK)
            return code;
        else
            entry->values[in->fields[c]] = value;
    }
    sh_entry_check(in->rq, entry, row->line, &in->faults);
    if (entry->from >= entry->to)
        sh_faults_add(in->rq, &in->faults, SH_STR("valid_to"), row->line,
                      in->rq->lang == SH_EN ? "lies before valid_from" : "早于起始日");
    const struct sh_labels labels = sh_entry_labels(entry);
    if (in->faults.n == before && !sh_scope_holds(&in->scope, labels.body, labels.place))
        sh_faults_add(in->rq, &in->faults, SH_STR("place"), row->line,
                      in->rq->lang == SH_EN ? "outside your place or body" : "不在您的区划或机构范围内");
    in->is_bad[r] = in->faults.n > before;
    return SH_OK;
}

/* What is on record under the key of a row, if anything. */
struct against {
    struct sh_record old;
    bool is_new, is_same;
};

/* What the row would change of the record of its key. */
static sh_code compare(struct sh_txn *txn, struct importing *in, struct sh_entry_values *entry,
                       struct sh_str key, struct against *ret, struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    struct sh_str *old = NULL;
    struct sh_arena *arena = &in->rq->arena;
    struct sh_record *record = &ret->old;
    const sh_code code =
        sh_record_find(txn, &all, in->reg->id, key, sh_as_of_day(entry->from), arena, record, err);
    ret->is_new = code == SH_E_NOTFOUND, ret->is_same = false;
    if (ret->is_new)
        return SH_OK;
    SH_TRY(code);
    SH_TRY(sh_record_get(txn, &all, record->id, sh_as_of_day(entry->from), true, arena, record, err));
    SH_TRY(sh_entry_read(in->reg, record, arena, &old, err));
    ret->is_same = entry->to == record->valid_to;
    for (size_t i = 0; i < in->reg->n_fields; i++) {
        const bool is_masked =
            in->reg->fields[i].mask && sh_str_find_char(entry->values[i], '*') != SH_STR_NONE;
        /* An exported file comes back with masks: they mean what is on record. */
        if (in->reg->fields[i].mask && (entry->values[i].len == 0 || is_masked))
            entry->values[i] = old[i];
        ret->is_same = ret->is_same && sh_str_eq(entry->values[i], old[i]);
    }
    return SH_OK;
}

static sh_code write_row(struct sh_txn *txn, struct importing *in, const struct sh_entry_values *entry,
                         const struct against *on_record, struct sh_err *err) {
    const bool is_two = in->reg->change == SH_CHANGE_TWO;
    *(is_two ? &in->proposed : on_record->is_new ? &in->created : &in->updated) += 1;
    if (in->is_dry)
        return SH_OK;
    const struct sh_str id = on_record->is_new ? SH_STR("") : on_record->old.id;
    const int64_t version = on_record->old.newest_version;
    char change_id[SH_ID_TEXT + 1];
    struct sh_record_ref ref;
    return is_two ? sh_change_propose(txn, in->rq, entry, id, version, change_id, err)
                  : sh_entry_put(txn, entry, id, version, &in->rq->arena, &ref, err);
}

static sh_code put_row(struct sh_txn *txn, struct importing *in, size_t r, struct sh_faults *faults,
                       struct sh_err *err) {
    struct sh_entry_values entry = in->entries[r]; /* the body may run again: the rows stay as read */
    const size_t row = in->csv.rows[r].line, before = faults->n;
    entry.values = sh_new(&in->rq->arena, struct sh_str, in->reg->n_fields);
    if (!entry.values)
        return sh_fail(err, SH_E_NOMEM, "no room for row %zu", row);
    memcpy(entry.values, in->entries[r].values, in->reg->n_fields * sizeof *entry.values);
    SH_TRY(sh_entry_refs(txn, in->rq, &entry, row, faults, err));
    if (faults->n > before) {
        in->rejected++;
        return SH_OK;
    }
    struct sh_str key;
    struct against on_record = {0};
    SH_TRY(sh_entry_key(&entry, &in->rq->arena, &key, err));
    SH_TRY(compare(txn, in, &entry, key, &on_record, err));
    if (!on_record.is_new &&
        !sh_scope_holds(&in->scope, on_record.old.labels.body, on_record.old.labels.place)) {
        sh_faults_add(in->rq, faults, SH_STR("key"), row,
                      in->rq->lang == SH_EN ? "outside your place or body" : "不在您的区划或机构范围内");
        in->rejected++;
        return SH_OK;
    }
    if (on_record.is_same) {
        in->unchanged++;
        return SH_OK;
    }
    const struct sh_str id = on_record.is_new ? SH_STR("") : on_record.old.id;
    SH_TRY(sh_entry_ask(txn, in->rq, &entry, id, row, faults, err));
    if (faults->n > before) {
        in->rejected++;
        return SH_OK;
    }
    return write_row(txn, in, &entry, &on_record, err);
}

static sh_code answer_import(struct importing *in, const struct sh_faults *faults, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(in->rq, 200, &json);
    sh_json_object(&json);
    sh_json_put_bool(&json, "dry_run", in->is_dry);
    sh_json_put_i64(&json, "read", (int64_t)in->csv.n_rows);
    sh_json_put_i64(&json, "created", in->created);
    sh_json_put_i64(&json, "updated", in->updated);
    sh_json_put_i64(&json, "unchanged", in->unchanged);
    sh_json_put_i64(&json, "proposed", in->proposed);
    sh_json_put_i64(&json, "rejected", in->rejected);
    sh_json_put_i64(&json, "errors_total", (int64_t)faults->n);
    sh_json_key(&json, "errors");
    sh_json_array(&json);
    for (size_t i = 0; i < faults->n && i < SH_FAULTS_SHOWN; i++) {
        sh_json_object(&json);
        sh_json_put_i64(&json, "row", (int64_t)faults->of[i].row);
        sh_json_put_text(&json, "field", faults->of[i].field);
        sh_json_put_text(&json, "message", faults->of[i].message);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(in->rq, &json, err);
}

static sh_code import_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct importing *in = ctx;
    struct sh_faults *faults = sh_new(&in->rq->arena, struct sh_faults, 1);
    if (!faults)
        return sh_fail(err, SH_E_NOMEM, "no room for faults");
    *faults = in->faults;
    in->created = in->updated = in->unchanged = in->proposed = in->rejected = 0;
    SH_TRY(sh_ties_stop_entries(txn, in->rq, in->entries, in->csv.n_rows, SH_STR(""), err));
    for (size_t r = 0; r < in->csv.n_rows; r++) {
        if (in->is_bad[r])
            in->rejected++;
        else
            SH_TRY(put_row(txn, in, r, faults, err));
    }
    SH_TRY(answer_import(in, faults, err));
    if (in->is_dry || in->created + in->updated + in->proposed == 0)
        return SH_OK;
    SH_CLEANUP(sh_buf_free) struct sh_buf content = {0};
    sh_buf_addf(&content, "%.*s|%zu|%s", SH_ARG(in->reg->id), in->csv.n_rows, in->rq->id);
    return sh_gate_leaf(txn, "register.import", sh_buf_view(&content), err);
}

static sh_code read_table(struct sh_gate *gate, struct importing *in, struct sh_err *err) {
    struct sh_request *rq = in->rq;
    const sh_code code = sh_sheet_read(sh_buf_view(&rq->body), &rq->arena, &in->csv, err);
    if (code == SH_E_INPUT || code == SH_E_LIMIT)
        return sh_refused(
            sh_refuse(rq, code == SH_E_INPUT ? GATE_FIELDS : GATE_TOO_LARGE, "%s", err->message), err);
    SH_TRY(code);
    if (in->csv.n_rows > IMPORT_ROWS_MAX)
        return sh_refused(sh_refuse(rq, GATE_TOO_LARGE,
                                    rq->lang == SH_EN ? "at most %d rows at once" : "一次最多 %d 行",
                                    IMPORT_ROWS_MAX),
                          err);
    if (in->csv.header.n_cells > SH_SHEET_COLUMNS_MAX || read_header(in) != SH_OK)
        return sh_refused(sh_refuse_fields(rq, &in->faults), err);
    in->entries = sh_new(&rq->arena, struct sh_entry_values, in->csv.n_rows);
    in->is_bad = sh_new(&rq->arena, bool, in->csv.n_rows);
    if (!in->entries || !in->is_bad)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu rows", in->csv.n_rows);
    for (size_t r = 0; r < in->csv.n_rows; r++)
        SH_TRY(take_row(in, r, sh_gate_today(gate), err));
    return SH_OK;
}

sh_code sh_api_import(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    struct importing *in = sh_new(&rq->arena, struct importing, 1);
    if (!in)
        return sh_fail(err, SH_E_NOMEM, "no room to import");
    in->rq = rq;
    in->is_dry = sh_str_is(sh_target_arg(&rq->target, "dry_run"), "true");
    SH_TRY(sh_entry_register(gate, rq, &in->reg, err));
    if (in->reg->change == SH_CHANGE_STEPS || !sh_caller_is(rq, in->reg->edit_by, in->reg->n_edit_by))
        return sh_refuse(rq, GATE_FORBIDDEN, NULL);
    SH_TRY(sh_caller_scope(gate, rq, NULL, in->reg->edit_by, in->reg->n_edit_by, &in->scope, err));
    SH_TRY(read_table(gate, in, err));
    return sh_gate_write(gate, rq, "import", import_body, in, NULL, err);
}
