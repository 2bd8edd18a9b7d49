/* Small batches for the tests of the lake: rows written as "column=value" texts are typed and pushed without
 * the front end. */
#pragma once
#include "check.h"
#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"
#include "lake/columns.h"
#include "lake/ids.h"
#include "lake/session.h"
#include <unistd.h>

enum { FIXTURE_ROWS = 4096 };

struct fixture_batch {
    struct sh_arena arena;
    size_t n;
    enum sh_table tables[FIXTURE_ROWS];
    const char *rows[FIXTURE_ROWS];
};

static inline struct sh_str fixture_value(const char *row, const char *name) {
    const size_t len = strlen(name);
    for (const char *at = row; at && *at; at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL)
        if (strncmp(at, name, len) == 0 && at[len] == '=') {
            const char *value = at + len + 1, *end = strchr(value, ' ');
            return (struct sh_str){value, end ? (size_t)(end - value) : strlen(value)};
        }
    return (struct sh_str){0};
}

static inline void fixture_put(const struct sh_lake_column *column, struct sh_str text, void *to,
                               size_t row) {
    int64_t v = SH_MISSING;
    int32_t day = SH_MISSING_I32;
    const int scale = column->type == SH_COLUMN_MONEY   ? 2
                      : column->type == SH_COLUMN_PRICE ? 6
                      : column->type == SH_COLUMN_QTY   ? 4
                      : column->type == SH_COLUMN_RATIO ? 4
                                                        : 0;
    if (sh_physical_of(column->type) == SH_PSTR || column->type == SH_COLUMN_CODE ||
        column->type == SH_COLUMN_KEY) {
        ((struct sh_str *)to)[row] = text;
        return;
    }
    if (column->type == SH_COLUMN_TIME) {
        char with_space[64];
        (void)snprintf(with_space, sizeof with_space, "%.*s", SH_ARG(text));
        if (text.len > 0)
            assert_int_equal(sh_time_scan(with_space, text.len, &v), SH_DATE_OK);
        ((int64_t *)to)[row] = v;
        return;
    }
    if (column->type == SH_COLUMN_DATE) {
        if (text.len > 0)
            assert_int_equal(sh_date_scan(text.at, text.len, &day), SH_DATE_OK);
        ((int32_t *)to)[row] = day;
        return;
    }
    if (text.len > 0)
        assert_int_equal(sh_decimal_scan(text.at, text.len, scale, &v), SH_DECIMAL_OK);
    if (sh_physical_of(column->type) == SH_P64)
        ((int64_t *)to)[row] = v;
    else if (sh_physical_of(column->type) == SH_P32)
        ((int32_t *)to)[row] = text.len > 0 ? (int32_t)v : SH_MISSING_I32;
    else
        ((int8_t *)to)[row] = text.len > 0 ? (int8_t)v : SH_MISSING_I8;
}

/* Push rows [n] of one table as one block. */
static inline sh_code fixture_push(struct sh_landing *landing, unsigned worker, enum sh_table table,
                                   uint64_t sequence, const char *const *rows, size_t n, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const void *columns[SH_LAKE_COLUMNS_MAX] = {NULL};
    uint64_t *record = sh_new(&arena, uint64_t, n);
    for (uint16_t c = SH_C_VOID; c < sh_stored_columns(table); c++) {
        const struct sh_lake_column *column = &sh_lake_schema[table].columns[c];
        bool any = false;
        for (size_t i = 0; i < n; i++)
            any |= fixture_value(rows[i], column->name).len > 0;
        void *to = sh_arena_alloc_array(&arena, n, sizeof(struct sh_str), 16);
        for (size_t i = 0; i < n; i++)
            fixture_put(column, fixture_value(rows[i], column->name), to, i);
        columns[c] = any ? to : NULL;
    }
    for (size_t i = 0; i < n; i++)
        record[i] = sequence * 1000 + i + 2;
    const struct sh_parsed parsed = {.table = table,
                                     .sequence = sequence,
                                     .file = 0,
                                     .n_rows = (uint32_t)n,
                                     .record = record,
                                     .columns = columns};
    return sh_landing_push(landing, worker, &parsed, err);
}

static inline const char *fixture_dir(char out[64]) {
    (void)snprintf(out, 64, "/tmp/shouhu-lake-XXXXXX");
    assert_non_null(mkdtemp(out));
    return out;
}

static inline struct sh_import_options fixture_options(const char *dir) {
    static const char *const files[] = {"test.csv"};
    return (struct sh_import_options){.lake_dir = dir,
                                      .mapping = "test",
                                      .files = files,
                                      .n_files = 1,
                                      .known_day = 20000,
                                      .buckets = 4,
                                      .threads = 2};
}

static const uint64_t fixture_seed[2] = {11, 22};

struct fixture_row {
    enum sh_table table;
    const char *text;
};

/* One batch of rows, each its own block on alternating workers: order must not depend on them. */
static inline sh_code fixture_import(struct sh_import_options options, const struct fixture_row *rows,
                                     size_t n, struct sh_import_result *ret, struct sh_err *err) {
    struct sh_session *session = NULL;
    bool exists;
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, options.lake_dir, "manifest/00000001.json", err));
    SH_TRY(sh_fs_exists(path, &exists, err));
    if (exists)
        options.buckets = 0;
    SH_TRY(sh_session_begin(&options, fixture_seed, &session, err));
    sh_code code = SH_OK;
    for (size_t i = 0; i < n && code == SH_OK; i++)
        code = fixture_push(sh_session_landing(session), (unsigned)(i * 7 / 3 % sh_session_threads(session)),
                            rows[i].table, i + 1, &rows[i].text, 1, err);
    *ret = (struct sh_import_result){0};
    if (code == SH_OK)
        code = sh_session_commit(session, ret, err);
    sh_session_end(session);
    return code;
}
#define FIXTURE_IMPORT(options, rows, ret, err)                                                              \
    fixture_import(options, rows, sizeof(rows) / sizeof((rows)[0]), ret, err)

static inline struct sh_selection fixture_all(void) {
    struct sh_selection all = {.ids = 0};
    for (size_t t = 0; t < SH_TABLES; t++)
        all.columns[t] = (1ull << sh_lake_schema[t].n_columns) - 1;
    return all;
}

/* A value of a row as text; empty where it is missing. */
static inline void fixture_print(struct sh_lake *lake, const struct sh_lake_column *column,
                                 const void *values, uint32_t i, struct sh_buf *out) {
    struct sh_err err;
    if (column->type == SH_COLUMN_CODE) {
        const struct sh_dict_view *dict = NULL;
        CHECK_OK(sh_lake_dict(lake, column->dict, &dict, &err), &err);
        const int32_t id = ((const int32_t *)values)[i];
        if (id != SH_MISSING_I32)
            (void)sh_buf_add_str(out, dict->code[id]);
    } else if (sh_physical_of(column->type) == SH_PSTR) {
        (void)sh_buf_add_str(out, ((const struct sh_str *)values)[i]);
    } else if (sh_physical_of(column->type) == SH_P64) {
        const int64_t v = ((const int64_t *)values)[i];
        if (v != SH_MISSING)
            (void)sh_buf_addf(out, "%" PRId64, v);
    } else if (sh_physical_of(column->type) == SH_P32) {
        const int32_t v = ((const int32_t *)values)[i];
        if (v != SH_MISSING_I32)
            (void)sh_buf_addf(out, "%" PRId32, v);
    } else {
        const int8_t v = ((const int8_t *)values)[i];
        if (v != SH_MISSING_I8)
            (void)sh_buf_addf(out, "%d", v);
    }
}

/* What to print of which table, as known when, how many buckets a reader. */
struct fixture_view {
    enum sh_table table;
    const char *const *names;
    size_t n_names;
    int32_t as_known;
    uint32_t step;
    bool splits; /* ids are not read but put together from their parts */
};

/* Everything, but not the ids of tables that have them in parts. */
static inline struct sh_selection fixture_all_split(void) {
    struct sh_selection all = fixture_all();
    for (enum sh_table t = 0; t < SH_TABLES; t++)
        if (sh_has_split_id(t)) {
            all.columns[t] &= ~(1ull << sh_lake_column(t, "id"));
            all.ids |= 1u << t;
        }
    return all;
}

static inline void fixture_print_buckets(struct sh_lake *lake, const struct fixture_view *view,
                                         struct sh_bucket_range buckets, struct sh_buf *out) {
    struct sh_err err;
    struct sh_reader *reader = NULL;
    const enum sh_table t = view->table;
    const struct sh_selection what = view->splits ? fixture_all_split() : fixture_all();
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    uint32_t before = buckets.from;
    CHECK_OK(sh_reader_open(lake, &what, buckets, view->as_known, 3, &reader, &err), &err);
    for (const struct sh_chunk *chunk;;) {
        CHECK_OK(sh_reader_next(reader, &chunk, &err), &err);
        if (!chunk)
            break;
        CHECK(before <= chunk->bucket && chunk->bucket < buckets.to);
        before = chunk->bucket;
        for (uint32_t i = 0; i < chunk->tables[t].n_rows; i++) {
            const int32_t *bucket = chunk->tables[t].columns[SH_C_BUCKET];
            CHECK_I64(bucket[i], chunk->bucket);
            for (size_t k = 0; k < view->n_names; k++) {
                const int c = sh_lake_column(t, view->names[k]);
                if (k > 0)
                    (void)sh_buf_add_char(out, '|');
                struct sh_str id = {0};
                if (!chunk->tables[t].columns[c])
                    CHECK_OK(sh_chunk_id(chunk, t, i, &arena, &id, &err), &err);
                fixture_print(lake, &sh_lake_schema[t].columns[c],
                              chunk->tables[t].columns[c] ? chunk->tables[t].columns[c] : &id,
                              chunk->tables[t].columns[c] ? i : 0, out);
            }
            (void)sh_buf_add_char(out, '\n');
        }
    }
    sh_reader_close(reader);
}

static inline struct sh_buf fixture_print_all(struct sh_lake *lake, const struct fixture_view *view) {
    struct sh_buf out = {0};
    const uint32_t n = sh_lake_buckets(lake);
    for (uint32_t b = 0; b < n; b += view->step)
        fixture_print_buckets(lake, view,
                              (struct sh_bucket_range){b, b + view->step < n ? b + view->step : n}, &out);
    (void)sh_buf_add_text(&out, "");
    return out;
}

/* All rows of a table as text lines "person|id|…" of the named columns, sorted as read, buckets one behind
 * the other. Read in ways that must not differ: each bucket by itself, all at once, three at a time, ids in
 * parts. */
static inline char *fixture_dump(const char *dir, enum sh_table table, const char *const *names,
                                 size_t n_names, int32_t as_known) {
    struct sh_err err;
    struct sh_lake *lake = NULL;
    struct fixture_view view = {table, names, n_names, as_known, 1, false};
    CHECK_OK(sh_lake_open(dir, 0, &lake, &err), &err);
    const struct sh_buf out = fixture_print_all(lake, &view);
    const uint32_t steps[] = {sh_lake_buckets(lake), 3};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        view.step = steps[i];
        view.splits = i > 0;
        struct sh_buf again = fixture_print_all(lake, &view);
        CHECK_STR(sh_buf_view(&again), out.len > 0 ? out.at : "");
        sh_buf_free(&again);
    }
    sh_lake_close(lake);
    return out.at ? out.at : sh_alloc_array(1, 1);
}

static inline void fixture_remove(const char *dir) {
    struct sh_err err;
    CHECK_OK(sh_remove_tree(dir, &err), &err);
}
