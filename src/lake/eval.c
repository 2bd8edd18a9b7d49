#include "lake/eval.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "lake/lake.h"
#include <duckdb.h>

/* A memo larger than this is thrown away before the next block. */
enum { ENTRIES_MAX = 200000, TEXT_BYTES_MAX = 64 << 20 };
#define MEMORY_BYTES ((uint64_t)1 << 30)

/* The remembered answers of one group of expressions. */
struct memo {
    const struct sh_map_group *group;
    struct sh_arena texts;
    struct slot {
        uint32_t tag, entry_1; /* upper bits of the hash; entry + 1, 0 = free */
    } * slots;                 /* [n_slots, a power of two] */
    size_t n_slots, cap_slots;
    uint64_t *hashes;       /* [n] */
    struct sh_str *keys;    /* [n × columns] */
    struct sh_str *answers; /* [n × outputs] */
    uint8_t *failed;        /* [n] */
    size_t cap_hashes, cap_keys, cap_answers, cap_failed;
    uint32_t n;
    duckdb_prepared_statement statement;
};

struct sh_eval {
    const struct sh_mapping *mapping;
    struct sh_duck *duck; /* NULL until needed */
    struct memo *memos;   /* all groups of all sources */
    size_t *first_memo;   /* [n_sources] */
    size_t n_memos;
    /* what sh_rows gives: entries [begin, end) of one memo */
    const struct memo *feeding;
    uint32_t begin, end, cursor;
};

/* ---- DuckDB reads the new inputs through a table function
 * --------------------------------------------------------- */

static void rows_bind(duckdb_bind_info info) {
    struct sh_eval *eval = duckdb_bind_get_extra_info(info);
    duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
    const size_t m = (size_t)duckdb_get_int64(parameter);
    duckdb_destroy_value(&parameter);
    if (m >= eval->n_memos) {
        duckdb_bind_set_error(info, "no such group");
        return;
    }
    const struct sh_map_group *group = eval->memos[m].group;
    duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_bind_add_result_column(info, "row of shouhu", number);
    size_t source = 0;
    while (source + 1 < eval->mapping->n_sources && m >= eval->first_memo[source + 1])
        source++;
    for (uint16_t c = 0; c < group->n_columns; c++) {
        const struct sh_str name = eval->mapping->sources[source].columns[group->columns[c]].name;
        char plain[512];
        (void)snprintf(plain, sizeof(plain), "%.*s", SH_ARG(name));
        duckdb_bind_add_result_column(info, plain, text);
    }
    duckdb_destroy_logical_type(&text);
    duckdb_destroy_logical_type(&number);
}

static void rows_init(duckdb_init_info info) {
    struct sh_eval *eval = duckdb_init_get_extra_info(info);
    eval->cursor = eval->begin;
    duckdb_init_set_max_threads(info, 1);
}

static void rows_give(duckdb_function_info info, duckdb_data_chunk chunk) {
    struct sh_eval *eval = duckdb_function_get_extra_info(info);
    const struct memo *m = eval->feeding;
    const uint32_t left = eval->end - eval->cursor, most = (uint32_t)duckdb_vector_size();
    const uint32_t n = left < most ? left : most;
    const uint16_t n_columns = m->group->n_columns;
    int64_t *numbers = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
    for (uint32_t i = 0; i < n; i++)
        numbers[i] = eval->cursor + i;
    for (uint16_t c = 0; c < n_columns; c++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, (idx_t)c + 1);
        duckdb_vector_ensure_validity_writable(vector);
        uint64_t *validity = duckdb_vector_get_validity(vector);
        for (uint32_t i = 0; i < n; i++) {
            const struct sh_str text = m->keys[(size_t)(eval->cursor + i) * n_columns + c];
            duckdb_validity_set_row_validity(validity, i, text.len > 0);
            if (text.len > 0)
                duckdb_vector_assign_string_element_len(vector, i, text.at, text.len);
        }
    }
    eval->cursor += n;
    duckdb_data_chunk_set_size(chunk, n);
}

static sh_code register_rows(struct sh_eval *eval, struct sh_err *err) {
    duckdb_table_function f = duckdb_create_table_function();
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_table_function_set_name(f, "shouhu_rows");
    duckdb_table_function_add_parameter(f, number);
    duckdb_table_function_set_extra_info(f, eval, NULL);
    duckdb_table_function_set_bind(f, rows_bind);
    duckdb_table_function_set_init(f, rows_init);
    duckdb_table_function_set_function(f, rows_give);
    const duckdb_state state = duckdb_register_table_function(sh_duck_connection(eval->duck), f);
    duckdb_destroy_logical_type(&number);
    duckdb_destroy_table_function(&f);
    return state == DuckDBSuccess
               ? SH_OK
               : sh_fail(err, SH_E_INTERNAL, "DuckDB does not take the input function of mappings");
}

static sh_code open_duck(struct sh_eval *eval, struct sh_err *err) {
    if (eval->duck)
        return SH_OK;
    SH_TRY(sh_duck_open(NULL, 0, 1, MEMORY_BYTES, "", &eval->duck, err));
    return register_rows(eval, err);
}

/* SELECT of some outputs of a group, prepared. */
static sh_code prepare(struct sh_eval *eval, size_t m, uint16_t from, uint16_t to,
                       duckdb_prepared_statement *ret, struct sh_err *err) {
    const struct sh_map_group *group = eval->memos[m].group;
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    (void)sh_buf_add_text(&sql, "SELECT \"row of shouhu\"");
    for (uint16_t k = from; k < to; k++)
        (void)sh_buf_addf(&sql, ", CAST((\n%.*s\n) AS VARCHAR)", SH_ARG(group->outputs[k]->text));
    (void)sh_buf_addf(&sql, "\nFROM shouhu_rows(%zu)", m);
    SH_TRY(sh_buf_check(&sql, err));
    if (duckdb_prepare(sh_duck_connection(eval->duck), sql.at, ret) == DuckDBSuccess)
        return SH_OK;
    const char *message = duckdb_prepare_error(*ret);
    const struct sh_map_output *o = group->outputs[from];
    const sh_code code = sh_fail(err, SH_E_INPUT, "%s:%u: output '%.*s': %.600s", eval->mapping->path,
                                 o->line, SH_ARG(o->name), message ? message : "not understood");
    duckdb_destroy_prepare(ret);
    return code;
}

static sh_code prepare_group(struct sh_eval *eval, size_t m, struct sh_err *err) {
    struct memo *memo = &eval->memos[m];
    SH_TRY(open_duck(eval, err));
    if (memo->statement || prepare(eval, m, 0, memo->group->n_outputs, &memo->statement, err) == SH_OK)
        return SH_OK;
    memo->statement = NULL;
    for (uint16_t k = 0; k < memo->group->n_outputs; k++) { /* which of them it is */
        duckdb_prepared_statement one = NULL;
        SH_TRY(prepare(eval, m, k, (uint16_t)(k + 1), &one, err));
        duckdb_destroy_prepare(&one);
    }
    return sh_fail(err, SH_E_INPUT, "%s: expressions cannot be read together", eval->mapping->path);
}

/* An error of a value, not of the machine? */
static bool is_value_error(duckdb_error_type type) {
    return type == DUCKDB_ERROR_OUT_OF_RANGE || type == DUCKDB_ERROR_CONVERSION ||
           type == DUCKDB_ERROR_DECIMAL || type == DUCKDB_ERROR_MISMATCH_TYPE ||
           type == DUCKDB_ERROR_DIVIDE_BY_ZERO || type == DUCKDB_ERROR_INVALID_INPUT ||
           type == DUCKDB_ERROR_INVALID_TYPE;
}

static sh_code keep_chunk(struct memo *memo, duckdb_data_chunk chunk, uint32_t *next, uint32_t end,
                          struct sh_err *err) {
    const idx_t n = duckdb_data_chunk_get_size(chunk);
    const uint16_t n_outputs = memo->group->n_outputs;
    const int64_t *numbers = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
    if (n > end - *next || (n > 0 && numbers[0] != *next))
        return sh_fail(err, SH_E_INPUT, "the expressions of a mapping do not give one value a row");
    for (uint16_t k = 0; k < n_outputs; k++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, (idx_t)k + 1);
        duckdb_string_t *texts = duckdb_vector_get_data(vector);
        uint64_t *validity = duckdb_vector_get_validity(vector);
        for (idx_t i = 0; i < n; i++) {
            struct sh_str *answer = &memo->answers[(size_t)(*next + i) * n_outputs + k];
            *answer = (struct sh_str){0};
            if (!duckdb_validity_row_is_valid(validity, i))
                continue;
            answer->len = duckdb_string_t_length(texts[i]);
            answer->at = sh_arena_dup(&memo->texts, duckdb_string_t_data(&texts[i]), answer->len);
            if (!answer->at)
                return sh_fail(err, SH_E_NOMEM, "no memory for the answers of a mapping");
            *answer = sh_str_trim(*answer);
        }
    }
    *next += (uint32_t)n;
    return SH_OK;
}

/* Evaluate entries [begin, end). ret_is_value_error: a value broke an expression; nothing is kept then. */
static sh_code run(struct sh_eval *eval, struct memo *memo, uint32_t begin, uint32_t end,
                   bool *ret_is_value_error, struct sh_err *err) {
    eval->feeding = memo, eval->begin = begin, eval->end = end;
    *ret_is_value_error = false;
    duckdb_result result;
    if (duckdb_execute_prepared(memo->statement, &result) != DuckDBSuccess) {
        const char *message = duckdb_result_error(&result);
        *ret_is_value_error = is_value_error(duckdb_result_error_type(&result));
        const sh_code code = sh_fail(err, SH_E_IO, "DuckDB, for mapping %s: %.600s", eval->mapping->path,
                                     message ? message : "unknown error");
        duckdb_destroy_result(&result);
        return *ret_is_value_error ? SH_OK : code;
    }
    uint32_t next = begin;
    sh_code code = SH_OK;
    for (duckdb_data_chunk chunk; code == SH_OK && (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        code = keep_chunk(memo, chunk, &next, end, err);
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    if (code == SH_OK && next != end)
        code = sh_fail(err, SH_E_INPUT, "the expressions of %s do not give one value a row",
                       eval->mapping->path);
    return code;
}

/* Entries [begin, end): together, and where a value breaks that, in halves down to the one that does. */
static sh_code run_apart(struct sh_eval *eval, struct memo *memo, uint32_t begin, uint32_t end,
                         struct sh_err *err) {
    bool is_value_error = false;
    SH_TRY(run(eval, memo, begin, end, &is_value_error, err));
    if (!is_value_error)
        return SH_OK;
    if (end - begin > 1) {
        const uint32_t middle = begin + (end - begin) / 2;
        SH_TRY(run_apart(eval, memo, begin, middle, err));
        return run_apart(eval, memo, middle, end, err);
    }
    memo->failed[begin] = 1;
    for (uint16_t k = 0; k < memo->group->n_outputs; k++)
        memo->answers[(size_t)begin * memo->group->n_outputs + k] = (struct sh_str){0};
    return SH_OK;
}

/* ---- the memo
 * ---------------------------------------------------------------------------------------------------- */

static void place(struct memo *m, uint32_t entry) {
    size_t at = m->hashes[entry] & (m->n_slots - 1);
    while (m->slots[at].entry_1)
        at = (at + 1) & (m->n_slots - 1);
    m->slots[at] = (struct slot){(uint32_t)(m->hashes[entry] >> 32), entry + 1};
}

static sh_code make_room(struct memo *m, struct sh_err *err) {
    const size_t max = SH_BUF_BYTES_MAX, n = (size_t)m->n + 1;
    SH_TRY(sh_grow(&m->hashes, &m->cap_hashes, n, sizeof(*m->hashes), max, err));
    SH_TRY(sh_grow(&m->failed, &m->cap_failed, n, 1, max, err));
    SH_TRY(sh_grow(&m->keys, &m->cap_keys, n * m->group->n_columns + 1, sizeof(*m->keys), max, err));
    SH_TRY(sh_grow(&m->answers, &m->cap_answers, n * m->group->n_outputs, sizeof(*m->answers), max, err));
    if (n * 2 <= m->n_slots)
        return SH_OK;
    const size_t slots = m->n_slots ? m->n_slots * 2 : 256;
    SH_TRY(sh_grow(&m->slots, &m->cap_slots, slots, sizeof(*m->slots), max, err));
    m->n_slots = slots;
    memset(m->slots, 0, slots * sizeof(*m->slots));
    for (uint32_t e = 0; e < m->n; e++)
        place(m, e);
    return SH_OK;
}

static void forget(struct memo *m) {
    sh_arena_reset(&m->texts);
    m->n = 0;
    if (m->slots)
        memset(m->slots, 0, m->n_slots * sizeof(*m->slots));
}

static bool same_key(const struct memo *m, uint32_t entry, const struct sh_str *const *inputs, size_t row) {
    const uint16_t n = m->group->n_columns;
    for (uint16_t c = 0; c < n; c++)
        if (!sh_str_eq(m->keys[(size_t)entry * n + c], inputs[c][row]))
            return false;
    return true;
}

static bool same_as_before(const struct memo *m, const struct sh_str *const *inputs, size_t row) {
    for (uint16_t c = 0; c < m->group->n_columns; c++)
        if (!sh_str_eq(inputs[c][row], inputs[c][row - 1]))
            return false;
    return true;
}

static uint64_t key_hash(const struct memo *m, const struct sh_str *const *inputs, size_t row) {
    uint64_t h = 0;
    for (uint16_t c = 0; c < m->group->n_columns; c++)
        h = sh_hash64(inputs[c][row].at, inputs[c][row].len, h + c);
    return h;
}

static sh_code add_entry(struct memo *m, uint64_t hash, const struct sh_str *const *inputs, size_t row,
                         uint32_t *ret, struct sh_err *err) {
    SH_TRY(make_room(m, err));
    const uint16_t n = m->group->n_columns;
    for (uint16_t c = 0; c < n; c++) {
        const struct sh_str text = inputs[c][row];
        const char *kept = sh_arena_dup(&m->texts, text.at, text.len);
        if (!kept)
            return sh_fail(err, SH_E_NOMEM, "no memory for the inputs of a mapping");
        m->keys[(size_t)m->n * n + c] = (struct sh_str){kept, text.len};
    }
    m->hashes[m->n] = hash;
    m->failed[m->n] = 0;
    place(m, m->n);
    *ret = m->n++;
    return SH_OK;
}

static sh_code look_up(struct memo *m, const struct sh_str *const *inputs, size_t row, uint32_t *ret,
                       struct sh_err *err) {
    const uint64_t hash = key_hash(m, inputs, row);
    if (m->n_slots > 0)
        for (size_t at = hash & (m->n_slots - 1); m->slots[at].entry_1; at = (at + 1) & (m->n_slots - 1))
            if (m->slots[at].tag == (uint32_t)(hash >> 32) &&
                same_key(m, m->slots[at].entry_1 - 1, inputs, row)) {
                *ret = m->slots[at].entry_1 - 1;
                return SH_OK;
            }
    return add_entry(m, hash, inputs, row, ret, err);
}

sh_code sh_eval_rows(struct sh_eval *eval, size_t source, size_t group, const struct sh_str *const *inputs,
                     size_t n, uint32_t *ret_entry, struct sh_err *err) {
    const size_t number = eval->first_memo[source] + group;
    struct memo *m = &eval->memos[number];
    if (m->n > ENTRIES_MAX || m->texts.held_bytes > TEXT_BYTES_MAX)
        forget(m);
    const uint32_t known = m->n;
    for (size_t row = 0; row < n; row++) {
        /* neighbours are often alike: the same visit, the same hospital */
        if (row > 0 && same_as_before(m, inputs, row))
            ret_entry[row] = ret_entry[row - 1];
        else
            SH_TRY(look_up(m, inputs, row, &ret_entry[row], err));
    }
    if (m->n == known)
        return SH_OK;
    sh_code code = prepare_group(eval, number, err);
    if (code == SH_OK)
        code = run_apart(eval, m, known, m->n, err);
    if (code != SH_OK)
        forget(m); /* unanswered entries must not be found again */
    return code;
}

struct sh_str sh_eval_answer(const struct sh_eval *eval, size_t source, size_t group, uint32_t entry,
                             size_t k, bool *ret_failed) {
    const struct memo *m = &eval->memos[eval->first_memo[source] + group];
    *ret_failed = m->failed[entry] != 0;
    return m->answers[(size_t)entry * m->group->n_outputs + k];
}

/* ---- opening
 * ----------------------------------------------------------------------------------------------------- */

sh_code sh_eval_open(const struct sh_mapping *mapping, struct sh_eval **ret, struct sh_err *err) {
    struct sh_eval *eval = sh_alloc_array(1, sizeof(*eval));
    size_t n = 0;
    for (size_t s = 0; s < mapping->n_sources; s++)
        n += mapping->sources[s].n_groups;
    if (eval) {
        eval->mapping = mapping;
        eval->memos = sh_alloc_array(n + 1, sizeof(*eval->memos));
        eval->first_memo = sh_alloc_array(mapping->n_sources, sizeof(*eval->first_memo));
    }
    if (!eval || !eval->memos || !eval->first_memo) {
        sh_eval_close(eval);
        return sh_fail(err, SH_E_NOMEM, "no memory for a mapping");
    }
    for (size_t s = 0; s < mapping->n_sources; s++) {
        eval->first_memo[s] = eval->n_memos;
        for (uint16_t g = 0; g < mapping->sources[s].n_groups; g++)
            eval->memos[eval->n_memos++].group = &mapping->sources[s].groups[g];
    }
    *ret = eval;
    return SH_OK;
}

sh_code sh_eval_check(struct sh_eval *eval, struct sh_err *err) {
    for (size_t m = 0; m < eval->n_memos; m++)
        SH_TRY(prepare_group(eval, m, err));
    return SH_OK;
}

void sh_eval_close(struct sh_eval *eval) {
    if (!eval)
        return;
    for (size_t i = 0; eval->memos && i < eval->n_memos; i++) {
        struct memo *m = &eval->memos[i];
        if (m->statement)
            duckdb_destroy_prepare(&m->statement);
        sh_arena_free(&m->texts);
        sh_free(m->slots);
        sh_free(m->hashes);
        sh_free(m->keys);
        sh_free(m->answers);
        sh_free(m->failed);
    }
    sh_duck_close(eval->duck);
    sh_free(eval->memos);
    sh_free(eval->first_memo);
    sh_free(eval);
}
