/* Registers out to spreadsheets and in from them. */
#include "base/csv.h"
#include "base/date.h"
#include "gate/entry.h"
#include "gate/handlers.h"
#include "gate/later.h"
#include "gate/password.h"
#include "gate/sheet.h"
#include "gate/takeaway.h"

/* One transaction holds at most so many rows (sketch B2). */
enum { IMPORT_ROWS_MAX = 5000, PAGE = 1000 };

/* ---- out --------------------------------------------------------------------------------------------- */

struct exporting {
    struct sh_takeaway out;
    const struct sh_register *reg;
    struct sh_scope scope;
    struct sh_page_query query;
    struct sh_arena arena; /* of one page */
    char after[SH_RECORD_KEY_BYTES_MAX + 1];
    size_t n;
};

static void exporting_end(struct exporting *e) {
    sh_takeaway_end(&e->out);
    sh_arena_free(&e->arena);
}

static void put_day(struct sh_takeaway *out, int32_t day, bool is_open) {
    char text[SH_DATE_TEXT_MAX] = "";
    const size_t len = is_open ? 0 : sh_date_format(day, text);
    sh_takeaway_cell(out, (struct sh_str){text, len});
}

static sh_code put_record(struct exporting *e, const struct sh_record *record, struct sh_err *err) {
    struct sh_str *values = NULL;
    SH_TRY(sh_entry_read(e->reg, record, &e->arena, &values, err));
    for (size_t i = 0; i < e->reg->n_fields; i++)
        sh_takeaway_cell(&e->out, values[i].at ? values[i] : SH_STR(""));
    put_day(&e->out, record->valid_from, record->valid_from <= 0);
    put_day(&e->out, record->valid_to - 1, record->valid_to == SH_DAY_OPEN);
    return sh_takeaway_row(&e->out, err);
}

static sh_code read_page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct exporting *e = ctx;
    const struct sh_record *records = NULL;
    SH_TRY(sh_record_page(txn, &e->scope, &e->query, &e->arena, &records, &e->n, err));
    for (size_t i = 0; i < e->n; i++)
        SH_TRY(put_record(e, &records[i], err));
    if (e->n) {
        snprintf(e->after, sizeof e->after, "%.*s", SH_ARG(records[e->n - 1].key));
        e->query.after_key = sh_str_of(e->after);
    }
    return SH_OK;
}

/* Pages are separate reads: a long export holds up no writer. Keys only ascend, so no row comes twice. */
static sh_code put_all(struct exporting *e, struct sh_err *err) {
    e->query.limit = PAGE;
    do {
        sh_arena_reset(&e->arena);
        SH_TRY(sh_store_read(e->out.rq->gate->store, read_page, e, err));
    } while (e->n == PAGE);
    return SH_OK;
}

static sh_code open_table(struct exporting *e, struct sh_err *err) {
    struct sh_request *rq = e->out.rq;
    const size_t n = e->reg->n_fields;
    const bool is_english = rq->lang == SH_EN;
    const char **titles = sh_new(&rq->arena, const char *, n + 2);
    if (!titles)
        return sh_fail(err, SH_E_NOMEM, "no room for columns");
    for (size_t i = 0; i < n; i++) {
        const struct sh_str title = is_english ? e->reg->fields[i].id : e->reg->fields[i].name;
        titles[i] = sh_arena_dup(&rq->arena, title.at, title.len);
        if (!titles[i])
            return sh_fail(err, SH_E_NOMEM, "no room for columns");
    }
    titles[n] = SH_SAY(rq, COLUMN_VALID_FROM);
    titles[n + 1] = SH_SAY(rq, COLUMN_VALID_TO);
    return sh_takeaway_open(&e->out, is_english ? e->reg->english : e->reg->name, titles, n + 2, err);
}

/* Personal fields leave masked. */
sh_code sh_api_export(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(exporting_end) struct exporting e = {0};
    SH_TRY(sh_entry_register(gate, rq, &e.reg, err));
    SH_TRY(sh_entry_scope(gate, rq, e.reg, &e.scope, err));
    e.query = (struct sh_page_query){.register_name = e.reg->id, .search = sh_target_arg(&rq->target, "q")};
    SH_TRY(sh_arg_as_of(gate, rq, &e.query.as_of, err));
    SH_TRY(sh_takeaway_asked(rq, SH_LATER_EXPORT, &e.out, err));
    SH_TRY(sh_takeaway_note(&e.out, e.reg->id, err));
    SH_TRY(open_table(&e, err));
    SH_TRY(put_all(&e, err));
    return sh_takeaway_send(&e.out, e.reg->id, err);
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
            sh_faults_add(in->rq, &in->faults, title, 1, SH_SAY(in->rq, NO_SUCH_COLUMN));
        for (size_t other = 0; other < c; other++)
            if (in->fields[other] == in->fields[c] && in->fields[c] != -1)
                sh_faults_add(in->rq, &in->faults, title, 1, SH_SAY(in->rq, COLUMN_TWICE));
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
                      row, SH_SAY(in->rq, NO_DATE));
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
        const sh_code code = sh_field_check(field, row->cells[c], in->rq->lang, &in->rq->arena, &value, err);
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
        sh_faults_add(in->rq, &in->faults, SH_STR("valid_to"), row->line, SH_SAY(in->rq, BEFORE_VALID_FROM));
    const struct sh_labels labels = sh_entry_labels(entry);
    if (in->faults.n == before && !sh_scope_holds(&in->scope, labels.body, labels.place))
        sh_faults_add(in->rq, &in->faults, SH_STR("place"), row->line, SH_SAY(in->rq, OUTSIDE));
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
    struct sh_record written;
    if (is_two)
        return sh_change_propose(txn, in->rq, entry, id, version, change_id, err);
    SH_TRY(sh_entry_put(txn, entry, id, version, &in->rq->arena, &written, err));
    return sh_matter_row_written(txn, in->rq->gate->texts, in->reg->id, written.id, &in->rq->arena, err);
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
        sh_faults_add(in->rq, faults, SH_STR("key"), row, SH_SAY(in->rq, OUTSIDE));
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

/* ---- told in place: the rows that came back, as they were sent; personal cells masked, as an answer may be
 * kept for a repeat ---- */

static struct sh_str id_of_column(const struct importing *in, size_t c) {
    const int32_t at = in->fields[c];
    return at >= 0             ? in->reg->fields[at].id
           : at == COLUMN_FROM ? SH_STR("valid_from")
           : at == COLUMN_TO   ? SH_STR("valid_to")
                               : SH_STR("");
}

static void put_columns(struct sh_json *json, const struct importing *in) {
    sh_json_key(json, "columns");
    sh_json_array(json);
    for (size_t c = 0; c < in->csv.header.n_cells; c++) {
        sh_json_object(json);
        sh_json_put_str(json, "field", id_of_column(in, c));
        sh_json_put_str(json, "title", sh_str_trim(in->csv.header.cells[c]));
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

static bool has_fault(const struct sh_faults *faults, size_t line) {
    for (size_t i = 0; i < faults->n && i < SH_FAULTS_SHOWN; i++)
        if (faults->of[i].row == line)
            return true;
    return false;
}

static void put_bad_rows(struct sh_json *json, const struct importing *in, const struct sh_faults *faults) {
    sh_json_key(json, "rows");
    sh_json_array(json);
    for (size_t r = 0; r < in->csv.n_rows; r++) {
        const struct sh_csv_row *row = &in->csv.rows[r];
        if (!has_fault(faults, row->line))
            continue;
        sh_json_object(json);
        sh_json_put_i64(json, "row", (int64_t)row->line);
        sh_json_key(json, "cells");
        sh_json_array(json);
        for (size_t c = 0; c < row->n_cells; c++) {
            const struct sh_field *field = in->fields[c] >= 0 ? &in->reg->fields[in->fields[c]] : NULL;
            sh_json_str(json, field && field->mask ? sh_field_mask(field, row->cells[c], &in->rq->arena)
                                                   : row->cells[c]);
        }
        sh_json_array_end(json);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
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
    put_columns(&json, in);
    put_bad_rows(&json, in, faults);
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
        SH_TRY(sh_later_row(in->rq, r, err));
        if (in->is_bad[r])
            in->rejected++;
        else
            SH_TRY(put_row(txn, in, r, faults, err));
    }
    SH_TRY(sh_later_row(in->rq, in->csv.n_rows, err));
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
        return sh_refused(sh_refuse(rq, GATE_TOO_LARGE, SH_SAY(rq, AT_MOST_ROWS), IMPORT_ROWS_MAX), err);
    if (in->csv.header.n_cells > SH_SHEET_COLUMNS_MAX || read_header(in) != SH_OK)
        return sh_refused(sh_refuse_fields(rq, &in->faults), err);
    sh_later_expect(rq, in->csv.n_rows);
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
    SH_TRY(sh_later_point(rq, SH_LATER_IMPORT, err));
    SH_TRY(sh_caller_scope(gate, rq, NULL, in->reg->edit_by, in->reg->n_edit_by, &in->scope, err));
    SH_TRY(read_table(gate, in, err));
    return sh_gate_write(gate, rq, "import", import_body, in, NULL, err);
}
