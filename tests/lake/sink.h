/* A landing that only remembers, so that the front end is tested alone. It defines the landing's functions:
 * include it in one file of a program, whose own copy then wins over the library's. */
#pragma once
#include "expr/expr.h"
#include "lake/intake.h"
#include "lake/rejects_msg.h"
#include <inttypes.h>

enum { SINK_ROWS_MAX = 4096 };

/* What came. Texts are copied into `arena`; not thread-safe: use one worker, or only the counters under
 * `is_counting`. */
struct sh_landing {
    bool is_counting; /* keep no rows */
    struct sh_arena arena;
    uint64_t n_rows[SH_TABLES], n_rejects[SH_TABLES];
    struct sink_row {
        enum sh_table table;
        uint64_t record, sequence;
        struct sh_str *cells; /* [columns] printed: numbers in decimal, missing as "" */
        struct sh_str names[SH_DICTS], kinds[SH_DICTS];
    } rows[SINK_ROWS_MAX];
    size_t n_kept;
    struct sink_reject {
        struct sh_reject reject;
        char field[128];
        struct sh_str value, text, encounter;
    } rejects[SINK_ROWS_MAX];
    size_t n_kept_rejects;
};

static inline struct sh_str sink_keep(struct sh_arena *arena, struct sh_str text) {
    const char *kept = sh_arena_dup(arena, text.at, text.len);
    sh_check(kept);
    return (struct sh_str){kept, text.len};
}

static inline struct sh_str sink_print(struct sh_arena *arena, int64_t v, int64_t missing) {
    struct sh_str text = {"", 0};
    if (v != missing)
        text.at = sh_arena_printf(arena, &text.len, "%" PRId64, v);
    sh_check(text.at);
    return text;
}

static inline struct sh_str sink_text(struct sh_arena *arena, enum sh_column_type type, const void *column,
                                      size_t i) {
    if (!column)
        return (struct sh_str){"", 0};
    switch (type) {
    case SH_COLUMN_MONEY:
    case SH_COLUMN_PRICE:
    case SH_COLUMN_QTY:
    case SH_COLUMN_TIME:
        return sink_print(arena, ((const int64_t *)column)[i], SH_MISSING);
    case SH_COLUMN_DATE:
    case SH_COLUMN_INT:
    case SH_COLUMN_RATIO:
        return sink_print(arena, ((const int32_t *)column)[i], SH_MISSING_I32);
    case SH_COLUMN_FLAG:
    case SH_COLUMN_LEVEL:
        return sink_print(arena, ((const int8_t *)column)[i], SH_MISSING_I8);
    case SH_COLUMN_CODE:
    case SH_COLUMN_ID:
    case SH_COLUMN_TEXT:
    case SH_COLUMN_KEY:
        break;
    }
    return sink_keep(arena, ((const struct sh_str *)column)[i]);
}

static inline void sink_keep_row(struct sh_landing *sink, const struct sh_parsed *p, size_t i) {
    if (sink->n_kept == SINK_ROWS_MAX)
        return;
    const struct sh_lake_table *t = &sh_lake_schema[p->table];
    struct sink_row *row = &sink->rows[sink->n_kept++];
    *row = (struct sink_row){.table = p->table, .record = p->record[i], .sequence = p->sequence};
    row->cells = sh_new(&sink->arena, struct sh_str, t->n_columns);
    sh_check(row->cells);
    for (size_t c = 0; c < t->n_columns; c++)
        row->cells[c] = sink_text(&sink->arena, t->columns[c].type, p->columns[c], i);
    for (size_t d = 0; d < SH_DICTS; d++) {
        row->names[d] = p->names[d] ? sink_keep(&sink->arena, p->names[d][i]) : (struct sh_str){0};
        row->kinds[d] = p->kinds[d] ? sink_keep(&sink->arena, p->kinds[d][i]) : (struct sh_str){0};
    }
}

sh_code sh_landing_push(struct sh_landing *sink, unsigned worker, const struct sh_parsed *p,
                        struct sh_err *err) {
    (void)worker;
    (void)err;
    (void)__atomic_fetch_add(&sink->n_rows[p->table], p->n_rows, __ATOMIC_RELAXED);
    for (size_t i = 0; i < p->n_rows; i++)
        sh_check(p->record[i] > 1);
    for (size_t i = 0; !sink->is_counting && i < p->n_rows; i++)
        sink_keep_row(sink, p, i);
    return SH_OK;
}

sh_code sh_landing_reject(struct sh_landing *sink, unsigned worker, const struct sh_reject *r,
                          struct sh_err *err) {
    (void)worker;
    (void)err;
    (void)__atomic_fetch_add(&sink->n_rejects[r->table], 1, __ATOMIC_RELAXED);
    sh_check(r->value.len <= 200 && r->record_text.len <= 4000 && sh_reject_message(r->reason));
    if (sink->is_counting || sink->n_kept_rejects == SINK_ROWS_MAX)
        return SH_OK;
    struct sink_reject *kept = &sink->rejects[sink->n_kept_rejects++];
    kept->reject = *r;
    (void)snprintf(kept->field, sizeof(kept->field), "%s", r->field);
    kept->value = sink_keep(&sink->arena, r->value);
    kept->text = sink_keep(&sink->arena, r->record_text);
    kept->encounter = sink_keep(&sink->arena, r->encounter);
    return SH_OK;
}

static inline void sink_release(struct sh_landing *sink) {
    sh_arena_free(&sink->arena);
}

/* Cell of kept row `row` by column name. */
static inline struct sh_str sink_cell(const struct sh_landing *sink, size_t row, const char *column) {
    const struct sink_row *r = &sink->rows[row];
    const int c = sh_lake_column(r->table, column);
    sh_check(c >= 0);
    return r->cells[c];
}

int sh_main_amount_column(enum sh_table table) {
    if (table == SH_TABLE_LINE)
        return sh_lake_column(table, "charged_amount");
    return table == SH_TABLE_SETTLEMENT ? sh_lake_column(table, "total") : -1;
}
