#include "lake/block.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/limits.h"
#include "base/money.h"
#include "expr/expr.h"
#include "lake/typing.h"

enum { VALUE_SHOWN = 200, RECORD_SHOWN = 4000, COLUMNS_MAX = 64 };

void sh_intake_release(struct sh_intake *in) {
    sh_eval_close(in->eval);
    sh_arena_free(&in->arena);
    sh_block_free(&in->block);
    sh_buf_free(&in->decoded);
    sh_bits_free(&in->decoded_bits);
    sh_free(in->fields);
    sh_free(in->texts);
    sh_free(in->spans);
}

static sh_code no_memory(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no memory for a block of records");
}

/* ---- decode
 * ------------------------------------------------------------------------------------------------------ */

static struct sh_str span_text(const struct sh_intake *in, size_t span) {
    return (struct sh_str){in->bytes + in->block.spans[span].begin, in->block.spans[span].len};
}

static sh_code decode_gb18030(struct sh_intake *in, const struct sh_form *form, struct sh_err *err) {
    struct sh_block *b = &in->block;
    sh_buf_clear(&in->decoded);
    for (size_t i = 0; i < b->n_spans; i++) {
        struct sh_record_span *span = &b->spans[i];
        const struct sh_str raw = {b->bytes + span->begin, span->len};
        const size_t begin = in->decoded.len;
        size_t bad_at = 0;
        SH_TRY(sh_gb18030_convert(in->gb, raw, &in->decoded, &bad_at, err));
        if (bad_at < raw.len && span->fault == SH_REJECT_NONE)
            span->fault = SH_REJECT_GB18030;
        span->begin = (uint32_t)begin, span->len = (uint32_t)(in->decoded.len - begin);
        if (in->decoded.len > UINT32_MAX - SH_RECORD_BYTES_MAX * 4)
            return sh_fail(err, SH_E_LIMIT, "a block of records grows too large in UTF-8");
    }
    (void)sh_buf_add_char(&in->decoded, '\n');
    SH_TRY(sh_buf_check(&in->decoded, err));
    in->bytes = in->decoded.at;
    in->bits = &in->decoded_bits;
    return sh_bits_set(&in->decoded_bits, form, in->bytes, 0, in->decoded.len, err);
}

static sh_code decode(struct sh_intake *in, const struct sh_form *form, struct sh_err *err) {
    struct sh_block *b = &in->block;
    in->bytes = b->bytes;
    in->bits = &b->bits;
    struct sh_str all = {b->bytes, b->len};
    const bool is_gb18030 = b->encoding == SH_ENCODING_GB18030;
    if (is_gb18030) {
        SH_TRY(decode_gb18030(in, form, err));
        all = sh_buf_view(&in->decoded);
    }
    const bool has_nul = all.len > 0 && memchr(all.at, 0, all.len) != NULL;
    const bool is_valid = is_gb18030 || sh_utf8_valid_block(all);
    for (size_t i = 0; (has_nul || !is_valid) && i < b->n_spans; i++) {
        const struct sh_str text = span_text(in, i);
        if (b->spans[i].fault != SH_REJECT_NONE)
            continue;
        if (!is_valid && !sh_utf8_valid(text))
            b->spans[i].fault = SH_REJECT_UTF8;
        else if (has_nul && memchr(text.at, 0, text.len))
            b->spans[i].fault = SH_REJECT_NUL;
    }
    return SH_OK;
}

/* ---- rejects
 * ----------------------------------------------------------------------------------------------------- */

static struct sh_str cut(struct sh_str text, size_t max) {
    return text.len <= max ? text : sh_str_sub(text, 0, sh_utf8_cut(text, max));
}

static sh_code count_row(struct sh_intake *in, enum sh_table table, int64_t fen, struct sh_err *err) {
    in->read[table]++;
    if (fen != SH_MISSING && sh_add(in->read_fen[table], fen, &in->read_fen[table]) != SH_OK)
        return sh_fail(err, SH_E_OVERFLOW, "the sum of amounts leaves int64 fen");
    return SH_OK;
}

static sh_code push_reject(struct sh_intake *in, struct sh_reject *reject, struct sh_err *err) {
    SH_TRY(count_row(in, reject->table, reject->fen, err));
    const int64_t begun = sh_monotonic_ns();
    reject->value = cut(reject->value, VALUE_SHOWN);
    reject->record_text = cut(reject->record_text, RECORD_SHOWN);
    const sh_code code = sh_landing_reject(in->landing, in->worker, reject, err);
    in->ns[SH_STAGE_PUSH] += sh_monotonic_ns() - begun;
    return code;
}

/* A record that could not be split: once for each block that takes every record. */
static sh_code reject_record(struct sh_intake *in, const struct sh_intake_file *file, size_t span,
                             const char *field, struct sh_str value, struct sh_err *err) {
    for (uint16_t s = 0; s < file->source->n_selects; s++) {
        if (file->source->selects[s].when_column >= 0)
            continue;
        struct sh_reject reject = {
            .table = file->source->selects[s].table,
            .file = file->number,
            .record = in->block.first_record + span,
            .field = field,
            .reason = sh_reject_id((enum sh_reject_reason)in->block.spans[span].fault),
            .value = value,
            .record_text = span_text(in, span),
            .fen = SH_MISSING,
        };
        SH_TRY(push_reject(in, &reject, err));
    }
    return SH_OK;
}

/* ---- split
 * ------------------------------------------------------------------------------------------------------- */

/* Blanks at either end are no part of a value; so are the words for "empty". */
static inline struct sh_str tidy(const struct sh_mapping *m, struct sh_str text) {
    if (text.len == 0)
        return text;
    const unsigned char first = (unsigned char)text.at[0], last = (unsigned char)text.at[text.len - 1];
    /* the blanks of sh_str_trim begin or end with a control byte, a space, or a byte from 0x80 */
    if (first <= ' ' || first == 0xe3 || first == 0xc2 || first == 0xef || last <= ' ' || last == 0x80 ||
        last == 0xa0 || last == 0xbf)
        text = sh_str_trim(text);
    for (size_t i = 0; i < m->n_empty_words; i++)
        if (sh_str_eq(text, m->empty_words[i]))
            return (struct sh_str){0};
    return text;
}

/* Fields of a record into row `row` of the columns. A field number in *ret_bad with the fault in the span
 * when one is no good. */
static sh_code take_fields(struct sh_intake *in, const struct sh_intake_file *file, size_t row,
                           struct sh_err *err) {
    for (uint16_t c = 0; c < file->source->n_columns; c++) {
        struct sh_str *to = &in->texts[(size_t)c * in->stride + row];
        if (file->at[c] < 0) {
            *to = (struct sh_str){0};
            continue;
        }
        const struct sh_field *f = &in->fields[file->at[c]];
        struct sh_str text = {in->bytes + f->begin, f->len};
        if (__builtin_expect(f->flags & SH_FIELD_DOUBLED, 0)) {
            char *plain = sh_new(&in->arena, char, f->len);
            if (!plain)
                return no_memory(err);
            text = (struct sh_str){plain, sh_field_undouble(text.at, text.len, file->form.quote, plain)};
        }
        *to = tidy(in->mapping, text);
    }
    return SH_OK;
}

static enum sh_reject_reason check_fields(const struct sh_intake *in, const struct sh_record_span *span,
                                          size_t n, size_t n_header, size_t *ret_field) {
    if (n != n_header)
        return SH_REJECT_RECORD_FIELDS;
    if (span->len <= SH_FIELD_BYTES_MAX)
        return SH_REJECT_NONE;
    for (size_t i = 0; i < n; i++)
        if (in->fields[i].len > SH_FIELD_BYTES_MAX) {
            *ret_field = i;
            return SH_REJECT_FIELD_TOO_LONG;
        }
    return SH_REJECT_NONE;
}

static sh_code split_record(struct sh_intake *in, const struct sh_intake_file *file, size_t s,
                            struct sh_err *err) {
    struct sh_record_span *span = &in->block.spans[s];
    size_t n = 0, field = SIZE_MAX;
    if (span->fault == SH_REJECT_NONE) {
        span->fault = sh_record_split(&file->form, in->bytes, in->bits, span->begin,
                                      (size_t)span->begin + span->len, in->fields, file->n_header, &n);
        if (span->fault == SH_REJECT_NONE)
            span->fault = check_fields(in, span, n, file->n_header, &field);
        else if (n > 0 && n <= file->n_header)
            field = n - 1;
    }
    if (span->fault == SH_REJECT_NONE) {
        SH_TRY(take_fields(in, file, in->n_rows, err));
        in->spans[in->n_rows++] = (uint32_t)s;
        return SH_OK;
    }
    char value[64] = "";
    struct sh_str shown = {0};
    if (span->fault == SH_REJECT_RECORD_FIELDS && n > 0) {
        const int len = snprintf(value, sizeof(value), "%zu fields, %zu in the header", n, file->n_header);
        shown = (struct sh_str){value, (size_t)len};
    } else if (span->fault == SH_REJECT_FIELD_TOO_LONG) {
        shown = (struct sh_str){in->bytes + in->fields[field].begin, in->fields[field].len};
    }
    char *name = field < file->n_header
                     ? sh_arena_dup(&in->arena, file->header[field].at, file->header[field].len)
                     : NULL;
    return reject_record(in, file, s, name ? name : "", shown, err);
}

static sh_code split(struct sh_intake *in, const struct sh_intake_file *file, struct sh_err *err) {
    const size_t n = in->block.n_spans, max = SH_BUF_BYTES_MAX;
    in->stride = n;
    in->n_rows = 0;
    SH_TRY(sh_grow(&in->fields, &in->cap_fields, file->n_header, sizeof(*in->fields), max, err));
    SH_TRY(sh_grow(&in->texts, &in->cap_texts, n * file->source->n_columns, sizeof(*in->texts), max, err));
    SH_TRY(sh_grow(&in->spans, &in->cap_spans, n, sizeof(*in->spans), max, err));
    for (size_t s = 0; s < n; s++)
        SH_TRY(split_record(in, file, s, err));
    return SH_OK;
}

/* ---- rows of one SELECT
 * ------------------------------------------------------------------------------------------ */

struct work {
    struct sh_intake *in;
    const struct sh_intake_file *file;
    const struct sh_map_select *select;
    const struct sh_lake_table *table;
    const uint32_t *const *entries; /* [groups] [rows] answers of the expressions */
    const uint32_t *rows;           /* [n] rows chosen; NULL: all of them */
    size_t n;
    const struct sh_str **texts; /* [outputs] [n] */
    struct sh_type_fault *faults;
    size_t n_faults;
    const void *columns[COLUMNS_MAX];
    const struct sh_str *names[SH_DICTS], *kinds[SH_DICTS];
    uint64_t *records;
};

static size_t row_of(const struct work *w, size_t i) {
    return w->rows ? w->rows[i] : i;
}

/* The rows for which `when` holds. */
static sh_code choose_rows(struct work *w, struct sh_err *err) {
    w->n = w->in->n_rows;
    if (w->select->when_column < 0)
        return SH_OK;
    const struct sh_str *when = w->in->texts + (size_t)w->select->when_column * w->in->stride;
    uint32_t *rows = sh_new(&w->in->arena, uint32_t, w->n + 1);
    if (!rows)
        return no_memory(err);
    size_t n = 0;
    for (uint32_t r = 0; r < w->in->n_rows; r++)
        if (when[r].len > 0)
            rows[n++] = r;
    w->rows = rows, w->n = n;
    return SH_OK;
}

static void note_failed(struct work *w, size_t i, uint16_t output) {
    if (w->faults[i].reason != SH_REJECT_NONE)
        return;
    w->faults[i] = (struct sh_type_fault){SH_REJECT_EXPRESSION, output};
    w->n_faults++;
}

static const struct sh_str *column_texts(const struct work *w, uint16_t column) {
    return w->in->texts + (size_t)column * w->in->stride;
}

static void first_texts(const struct work *w, const struct sh_map_output *output, struct sh_str *to) {
    for (uint16_t c = output->n_columns; c-- > 0;) {
        const struct sh_str *column = column_texts(w, output->columns[c]);
        for (size_t i = 0; i < w->n; i++) {
            const struct sh_str text = column[row_of(w, i)];
            if (text.len > 0 || c + 1 == output->n_columns)
                to[i] = text;
        }
    }
}

/* Answers of an expression; for PICK they choose between two columns. */
static void expression_texts(struct work *w, uint16_t o, struct sh_str *to) {
    const struct sh_map_output *output = &w->select->outputs[o];
    const uint32_t *entries = w->entries[output->group];
    for (size_t i = 0; i < w->n; i++) {
        bool is_failed = false;
        const size_t row = row_of(w, i);
        to[i] = sh_eval_answer(w->in->eval, w->file->source_number, output->group, entries[row],
                               output->in_group, &is_failed);
        if (__builtin_expect(is_failed, 0))
            note_failed(w, i, o);
        if (output->kind != SH_MAP_PICK)
            continue;
        if (to[i].len > 0)
            to[i] = column_texts(w, output->columns[0])[row];
        else if (output->n_columns > 1)
            to[i] = column_texts(w, output->columns[1])[row];
    }
}

/* The texts of output o, one a chosen row. */
static sh_code output_texts(struct work *w, uint16_t o, struct sh_err *err) {
    const struct sh_map_output *output = &w->select->outputs[o];
    if (output->kind == SH_MAP_COLUMN && !w->rows) {
        w->texts[o] = column_texts(w, output->columns[0]);
        return SH_OK;
    }
    struct sh_str *texts = sh_new(&w->in->arena, struct sh_str, w->n);
    if (!texts)
        return no_memory(err);
    w->texts[o] = texts;
    switch (output->kind) {
    case SH_MAP_COLUMN:
    case SH_MAP_FIRST:
        first_texts(w, output, texts);
        break;
    case SH_MAP_CONSTANT:
        for (size_t i = 0; i < w->n; i++)
            texts[i] = output->text;
        break;
    case SH_MAP_PICK:
    case SH_MAP_EXPRESSION:
        expression_texts(w, o, texts);
        break;
    }
    return SH_OK;
}

/* Does the file have what the output is made of? Else empty says nothing. */
static bool is_given(const struct work *w, const struct sh_map_output *output) {
    const struct sh_map_source *source = w->file->source;
    for (uint16_t c = 0; c < output->n_columns; c++)
        if (w->file->at[output->columns[c]] < 0)
            return false;
    if (output->kind != SH_MAP_EXPRESSION && output->kind != SH_MAP_PICK)
        return true;
    for (uint16_t c = 0; c < source->groups[output->group].n_columns; c++)
        if (w->file->at[source->groups[output->group].columns[c]] < 0)
            return false;
    return true;
}

static sh_code type_output(struct work *w, uint16_t o, struct sh_err *err) {
    const struct sh_map_output *output = &w->select->outputs[o];
    SH_TRY(output_texts(w, o, err));
    if (output->target < 0) {
        if (output->is_kind)
            w->kinds[output->attribute_of] = w->texts[o];
        else
            w->names[output->attribute_of] = w->texts[o];
        return SH_OK;
    }
    const struct sh_lake_column *column = &w->table->columns[output->target];
    const size_t size = sh_type_size(column->type);
    w->columns[output->target] = w->texts[o];
    if (size == 0)
        return SH_OK;
    void *typed = sh_arena_alloc_array(&w->in->arena, w->n, size, 8);
    if (!typed)
        return no_memory(err);
    sh_type_column(column, w->texts[o], w->n, output->empty_zero && is_given(w, output), typed, w->faults, o,
                   &w->n_faults);
    w->columns[output->target] = typed;
    return SH_OK;
}

static int output_named(const struct sh_map_select *select, const char *name) {
    for (uint16_t o = 0; o < select->n_outputs; o++)
        if (sh_str_is(select->outputs[o].name, name))
            return o;
    return -1;
}

static sh_code derive_exact(struct work *w, struct sh_err *err) {
    const int exact = sh_lake_column(w->select->table, "time_exact"), at = output_named(w->select, "time"),
              time = at >= 0 ? at : output_named(w->select, "from"); /* a service has a beginning instead */
    if (exact < 0 || time < 0 || w->columns[exact])
        return SH_OK;
    int8_t *typed = sh_new(&w->in->arena, int8_t, w->n);
    if (!typed)
        return no_memory(err);
    sh_type_exact(w->texts[time], w->n, typed);
    w->columns[exact] = typed;
    return SH_OK;
}

static void check_needs(struct work *w) {
    for (const char *const *need = sh_table_needs(w->select->table); *need; need++) {
        const int o = output_named(w->select, *need);
        for (size_t i = 0; o >= 0 && i < w->n; i++)
            if (w->texts[o][i].len == 0 && w->faults[i].reason == SH_REJECT_NONE) {
                w->faults[i] = (struct sh_type_fault){SH_REJECT_REQUIRED, (uint16_t)o};
                w->n_faults++;
            }
    }
}

/* The main amount of a row that is refused for whatever reason. */
static int64_t amount_of(const struct work *w, size_t i) {
    const int column = sh_main_amount_column(w->select->table);
    int64_t fen = 0;
    for (uint16_t o = 0; column >= 0 && o < w->select->n_outputs; o++)
        if (w->select->outputs[o].target == column)
            return sh_decimal_scan(w->texts[o][i].at, w->texts[o][i].len, 2, &fen) == SH_DECIMAL_OK
                       ? fen
                       : SH_MISSING;
    return SH_MISSING;
}

static sh_code reject_row(struct work *w, size_t i, struct sh_err *err) {
    const uint16_t o = w->faults[i].output;
    const struct sh_map_output *output = &w->select->outputs[o];
    const struct sh_str name =
        output->kind == SH_MAP_COLUMN ? w->file->source->columns[output->columns[0]].name : output->name;
    const int encounter = output_named(w->select, "encounter_key");
    const size_t span = w->in->spans[row_of(w, i)];
    const char *field = sh_arena_dup(&w->in->arena, name.at, name.len);
    if (!field)
        return no_memory(err);
    struct sh_reject reject = {
        .table = w->select->table,
        .file = w->file->number,
        .record = w->in->block.first_record + span,
        .field = field,
        .reason = sh_reject_id((enum sh_reject_reason)w->faults[i].reason),
        .value = w->texts[o][i],
        .record_text = span_text(w->in, span),
        .encounter = encounter >= 0 ? w->texts[encounter][i] : (struct sh_str){0},
        .fen = amount_of(w, i),
    };
    return push_reject(w->in, &reject, err);
}

static sh_code keep_good(struct work *w, const uint32_t *good, size_t n, const void **column, size_t size,
                         struct sh_err *err) {
    if (!*column)
        return SH_OK;
    char *kept = sh_arena_alloc_array(&w->in->arena, n + 1, size, 8);
    if (!kept)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        memcpy(kept + i * size, (const char *)*column + good[i] * size, size);
    *column = kept;
    return SH_OK;
}

static sh_code keep_good_texts(struct work *w, const uint32_t *good, size_t n, const struct sh_str **texts,
                               struct sh_err *err) {
    const void *column = *texts;
    SH_TRY(keep_good(w, good, n, &column, sizeof(struct sh_str), err));
    *texts = column;
    return SH_OK;
}

/* Reject the rows at fault and close the gaps in all columns. */
static sh_code drop_faulty(struct work *w, struct sh_err *err) {
    uint32_t *good = sh_new(&w->in->arena, uint32_t, w->n);
    size_t n = 0;
    if (!good)
        return no_memory(err);
    for (size_t i = 0; i < w->n; i++)
        if (w->faults[i].reason == SH_REJECT_NONE)
            good[n++] = (uint32_t)i;
        else
            SH_TRY(reject_row(w, i, err));
    for (uint16_t c = 0; c < w->table->n_columns; c++) {
        const size_t size = sh_type_size(w->table->columns[c].type);
        SH_TRY(keep_good(w, good, n, &w->columns[c], size ? size : sizeof(struct sh_str), err));
    }
    for (unsigned d = 0; d < SH_DICTS; d++) {
        SH_TRY(keep_good_texts(w, good, n, &w->names[d], err));
        SH_TRY(keep_good_texts(w, good, n, &w->kinds[d], err));
    }
    for (size_t i = 0; i < n; i++)
        w->records[i] = w->records[good[i]];
    w->n = n;
    return SH_OK;
}

static sh_code push_rows(struct work *w, uint16_t number, struct sh_err *err) {
    const int main_column = sh_main_amount_column(w->select->table);
    const int64_t *amounts = main_column >= 0 ? w->columns[main_column] : NULL;
    for (size_t i = 0; i < w->n; i++)
        SH_TRY(count_row(w->in, w->select->table, amounts ? amounts[i] : SH_MISSING, err));
    struct sh_parsed parsed = {
        .table = w->select->table,
        .sequence = (uint64_t)w->file->number << 44 | w->in->block.number << 8 | number,
        .file = w->file->number,
        .n_rows = (uint32_t)w->n,
        .record = w->records,
        .columns = w->columns,
    };
    memcpy(parsed.names, w->names, sizeof(parsed.names));
    memcpy(parsed.kinds, w->kinds, sizeof(parsed.kinds));
    const int64_t begun = sh_monotonic_ns();
    const sh_code code = sh_landing_push(w->in->landing, w->in->worker, &parsed, err);
    w->in->ns[SH_STAGE_PUSH] += sh_monotonic_ns() - begun;
    return code;
}

static sh_code run_select(struct work *w, uint16_t number, struct sh_err *err) {
    struct sh_arena *arena = &w->in->arena;
    SH_TRY(choose_rows(w, err));
    if (w->n == 0)
        return SH_OK;
    w->texts = sh_new(arena, const struct sh_str *, w->select->n_outputs);
    w->faults = sh_new(arena, struct sh_type_fault, w->n);
    w->records = sh_new(arena, uint64_t, w->n);
    if (!w->texts || !w->faults || !w->records)
        return no_memory(err);
    for (size_t i = 0; i < w->n; i++)
        w->records[i] = w->in->block.first_record + w->in->spans[row_of(w, i)];
    for (uint16_t o = 0; o < w->select->n_outputs; o++)
        SH_TRY(type_output(w, o, err));
    SH_TRY(derive_exact(w, err));
    check_needs(w);
    if (w->n_faults > 0)
        SH_TRY(drop_faulty(w, err));
    return w->n > 0 ? push_rows(w, number, err) : SH_OK;
}

static sh_code run_groups(struct sh_intake *in, const struct sh_intake_file *file, const uint32_t **entries,
                          struct sh_err *err) {
    for (uint16_t g = 0; g < file->source->n_groups; g++) {
        const struct sh_map_group *group = &file->source->groups[g];
        const struct sh_str **inputs = sh_new(&in->arena, const struct sh_str *, group->n_columns);
        uint32_t *entry = sh_new(&in->arena, uint32_t, in->n_rows);
        if (!inputs || !entry)
            return no_memory(err);
        for (uint16_t c = 0; c < group->n_columns; c++)
            inputs[c] = in->texts + (size_t)group->columns[c] * in->stride;
        SH_TRY(sh_eval_rows(in->eval, file->source_number, g, inputs, in->n_rows, entry, err));
        entries[g] = entry;
    }
    return SH_OK;
}

sh_code sh_intake_block(struct sh_intake *in, const struct sh_intake_file *file, struct sh_err *err) {
    sh_arena_reset(&in->arena);
    int64_t at[5] = {sh_monotonic_ns()};
    SH_TRY(decode(in, &file->form, err));
    at[1] = sh_monotonic_ns();
    SH_TRY(split(in, file, err));
    at[2] = sh_monotonic_ns();
    in->ns[SH_STAGE_DECODE] += at[1] - at[0];
    in->ns[SH_STAGE_SPLIT] += at[2] - at[1];
    if (in->n_rows == 0)
        return SH_OK;
    const uint32_t **entries = sh_new(&in->arena, const uint32_t *, file->source->n_groups);
    if (!entries)
        return no_memory(err);
    SH_TRY(run_groups(in, file, entries, err));
    at[3] = sh_monotonic_ns();
    in->ns[SH_STAGE_MAP] += at[3] - at[2];
    const int64_t push_before = in->ns[SH_STAGE_PUSH];
    for (uint16_t s = 0; s < file->source->n_selects; s++) {
        const struct sh_map_select *select = &file->source->selects[s];
        struct work w = {.in = in,
                         .file = file,
                         .select = select,
                         .table = &sh_lake_schema[select->table],
                         .entries = entries};
        SH_TRY(run_select(&w, s, err));
    }
    at[4] = sh_monotonic_ns();
    in->ns[SH_STAGE_TYPE] += at[4] - at[3] - (in->ns[SH_STAGE_PUSH] - push_before);
    return SH_OK;
}
