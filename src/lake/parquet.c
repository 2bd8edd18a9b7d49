#include "lake/parquet.h"
#include <assert.h>
#include <duckdb.h>
#include <inttypes.h>

/* The one function "sh_rows(address)": a UBIGINT is the address of the struct sh_parquet_rows to scan. Only
   we can call it: no SQL from outside ever reaches an instance on which it is registered. */

static duckdb_type type_of(sh_physical physical) {
    static const duckdb_type types[] = {DUCKDB_TYPE_TINYINT, DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT,
                                        DUCKDB_TYPE_VARCHAR};
    return types[physical];
}

static void rows_bind(duckdb_bind_info info) {
    duckdb_value value = duckdb_bind_get_parameter(info, 0);
    const struct sh_parquet_rows *rows =
        (const struct sh_parquet_rows *)(uintptr_t)duckdb_get_uint64(value); // NOLINT
    duckdb_destroy_value(&value);
    for (size_t c = 0; c < rows->n_columns; c++) {
        duckdb_logical_type type = duckdb_create_logical_type(type_of(rows->columns[c].physical));
        duckdb_bind_add_result_column(info, rows->columns[c].name, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_bind_set_cardinality(info, rows->n_rows, true);
    duckdb_bind_set_bind_data(info, (void *)(uintptr_t)rows, NULL);
}

static void rows_init(duckdb_init_info info) {
    duckdb_init_set_max_threads(info, 1);
    uint64_t *at = duckdb_malloc(sizeof *at);
    if (!at) {
        duckdb_init_set_error(info, "no room");
        return;
    }
    *at = 0;
    duckdb_init_set_init_data(info, at, duckdb_free);
}

static void mark_missing(duckdb_vector vector, size_t n, const uint8_t *missing) {
    duckdb_vector_ensure_validity_writable(vector);
    uint64_t *validity = duckdb_vector_get_validity(vector);
    for (size_t i = 0; i < n; i++)
        if (missing[i])
            validity[i >> 6] &= ~(1ull << (i & 63));
}

#define GATHER(type, none)                                                                                   \
    do {                                                                                                     \
        const type *from = column->data;                                                                     \
        void *to = duckdb_vector_get_data(vector);                                                           \
        for (size_t i = 0; i < n; i++) {                                                                     \
            const type v = from[order ? order[i] : first + i];                                               \
            ((type *)to)[i] = v;                                                                             \
            missing[i] = v == (none);                                                                        \
            any |= missing[i];                                                                               \
        }                                                                                                    \
    } while (0)

static bool gather_text(const struct sh_parquet_column *column, const uint32_t *order, size_t first, size_t n,
                        duckdb_vector vector, uint8_t *missing) {
    const struct sh_str *from = column->data;
    duckdb_string_t *to = duckdb_vector_get_data(vector);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        const struct sh_str v = from[order ? order[i] : first + i];
        missing[i] = v.len == 0;
        any |= v.len == 0;
        to[i].value.inlined.length = (uint32_t)v.len;
        if (v.len <= 12) {
            memset(to[i].value.inlined.inlined, 0, 12);
            if (v.len > 0)
                memcpy(to[i].value.inlined.inlined, v.at, v.len);
        } else {
            memcpy(to[i].value.pointer.prefix, v.at, 4);
            to[i].value.pointer.ptr =
                (char *)(uintptr_t)v.at; /* outlives the statement; DuckDB only reads it */
        }
    }
    return any;
}

static void gather(const struct sh_parquet_column *column, const uint32_t *order, size_t first, size_t n,
                   duckdb_vector vector, uint8_t *missing) {
    bool any = false;
    if (!column->data) {
        memset(missing, 1, n);
        mark_missing(vector, n, missing);
        return;
    }
    switch (column->physical) {
    case SH_P8:
        GATHER(int8_t, SH_MISSING_I8);
        break;
    case SH_P32:
        GATHER(int32_t, SH_MISSING_I32);
        break;
    case SH_P64:
        GATHER(int64_t, SH_MISSING);
        break;
    case SH_PSTR:
    default:
        any = gather_text(column, order, first, n, vector, missing);
        break;
    }
    if (any)
        mark_missing(vector, n, missing);
}

static void rows_next(duckdb_function_info info, duckdb_data_chunk output) {
    const struct sh_parquet_rows *rows = duckdb_function_get_bind_data(info);
    uint64_t *at = duckdb_function_get_init_data(info);
    const size_t vector_size = duckdb_vector_size(), first = *at;
    const size_t n = rows->n_rows - first < vector_size ? rows->n_rows - first : vector_size;
    uint8_t missing[8192];
    assert(vector_size <= sizeof missing);
    for (size_t c = 0; c < rows->n_columns && n > 0; c++)
        gather(&rows->columns[c], rows->order ? rows->order + first : NULL, first, n,
               duckdb_data_chunk_get_vector(output, c), missing);
    *at += n;
    duckdb_data_chunk_set_size(output, n);
}

sh_code sh_parquet_register(struct sh_duck *duck, struct sh_err *err) {
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_logical_type address = duckdb_create_logical_type(DUCKDB_TYPE_UBIGINT);
    duckdb_table_function_set_name(function, "sh_rows");
    duckdb_table_function_add_parameter(function, address);
    duckdb_table_function_set_bind(function, rows_bind);
    duckdb_table_function_set_init(function, rows_init);
    duckdb_table_function_set_function(function, rows_next);
    const duckdb_state state = duckdb_register_table_function(sh_duck_connection(duck), function);
    duckdb_destroy_logical_type(&address);
    duckdb_destroy_table_function(&function);
    return state == DuckDBSuccess ? SH_OK
                                  : sh_fail(err, SH_E_INTERNAL, "DuckDB refuses the table function sh_rows");
}

sh_code sh_parquet_write(void *connection, const struct sh_parquet_rows *rows, const char *path,
                         uint32_t row_group, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    (void)sh_buf_addf(&sql, "COPY (SELECT * FROM sh_rows(%" PRIu64 "::UBIGINT)) TO ",
                      (uint64_t)(uintptr_t)rows);
    sh_sql_text(&sql, sh_str_of(path));
    (void)sh_buf_addf(&sql, " (FORMAT parquet, " SH_PARQUET_COMPRESSION ", ROW_GROUP_SIZE %u)", row_group);
    SH_TRY(sh_buf_check(&sql, err));
    const sh_code code = sh_duck_query(connection, sql.at, err);
    return code == SH_OK ? code : sh_err_wrap(err, code, "writing %s: ", path);
}

/* ---- reading
 * ------------------------------------------------------------------------------------------------- */

void sh_scan_close(struct sh_scan *scan) {
    if (scan->result) {
        duckdb_destroy_result(scan->result);
        sh_free(scan->result);
    }
    if (scan->statement)
        duckdb_destroy_prepare((duckdb_prepared_statement *)&scan->statement);
    *scan = (struct sh_scan){0};
}

static sh_code scan_failed(const char *message, struct sh_err *err) {
    sh_code code = sh_duck_code(message);
    if (code == SH_E_IO)
        code = SH_E_CORRUPT;
    return sh_fail(err, code, "DuckDB: %.700s", message ? message : "unknown error");
}

sh_code sh_scan_open(void *connection, const char *sql, struct sh_scan *ret, struct sh_err *err) {
    struct sh_scan scan = {0};
    duckdb_prepared_statement statement = NULL;
    if (duckdb_prepare(connection, sql, &statement) != DuckDBSuccess) {
        const sh_code code = scan_failed(duckdb_prepare_error(statement), err);
        duckdb_destroy_prepare(&statement);
        return code;
    }
    scan.statement = statement;
    duckdb_result *result = sh_alloc_array(1, sizeof(duckdb_result));
    if (!result) {
        sh_scan_close(&scan);
        return sh_fail(err, SH_E_NOMEM, "no room for a query");
    }
    scan.result = result;
    if (duckdb_execute_prepared_streaming(statement, result) != DuckDBSuccess) {
        const sh_code code = scan_failed(duckdb_result_error(result), err);
        sh_scan_close(&scan);
        return code;
    }
    *ret = scan;
    return SH_OK;
}

sh_code sh_scan_next(struct sh_scan *scan, void **ret_chunk, struct sh_err *err) {
    duckdb_result *result = scan->result;
    duckdb_data_chunk chunk = duckdb_fetch_chunk(*result);
    if (!chunk && duckdb_result_error(result) && duckdb_result_error(result)[0])
        return scan_failed(duckdb_result_error(result), err);
    *ret_chunk = chunk;
    return SH_OK;
}

#define PATCH(type, none)                                                                                    \
    do {                                                                                                     \
        for (size_t i = 0; i < n; i++)                                                                       \
            if (!(validity[(first + i) >> 6] >> ((first + i) & 63) & 1))                                     \
                ((type *)to)[i] = (none);                                                                    \
    } while (0)

static void copy_texts(const duckdb_string_t *from, const uint64_t *validity, size_t first, size_t n,
                       struct sh_str *to) {
    for (size_t i = 0; i < n; i++) {
        if (validity && !(validity[(first + i) >> 6] >> ((first + i) & 63) & 1)) {
            to[i] = (struct sh_str){0};
            continue;
        }
        const duckdb_string_t *text = &from[first + i];
        const uint32_t len = text->value.inlined.length;
        to[i] = (struct sh_str){len <= 12 ? text->value.inlined.inlined : text->value.pointer.ptr, len};
    }
}

void sh_chunk_copy(void *chunk, size_t column, sh_physical physical, size_t first, size_t n, void *to) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    const char *data = duckdb_vector_get_data(vector);
    const uint64_t *validity = duckdb_vector_get_validity(vector);
    if (physical == SH_PSTR) {
        copy_texts((const duckdb_string_t *)(const void *)data, validity, first, n, to);
        return;
    }
    const size_t size = sh_physical_size(physical);
    memcpy(to, data + first * size, n * size);
    if (!validity)
        return;
    if (physical == SH_P8)
        PATCH(int8_t, SH_MISSING_I8);
    else if (physical == SH_P32)
        PATCH(int32_t, SH_MISSING_I32);
    else
        PATCH(int64_t, SH_MISSING);
}
