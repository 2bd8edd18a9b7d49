/* Findings meet the lines they blame: by person, encounter and line, whose ids are the source's own. */
#include "gate/desk.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "lake/lake.h"
#include <duckdb.h>
#include <stdlib.h>
#include <unistd.h>

enum { DUCK_MEMORY_MIB = 512, DUCK_THREADS = 2, CHUNK_ROWS = 65536 };

/* A finding that waits for its line; texts by hash. */
struct wanted {
    uint64_t person, line, encounter; /* encounter 0: it names none */
    uint32_t row;                     /* of findings.parquet */
};
/* By row of findings.parquet: ids of the dictionaries, -1 unknown. */
struct claim {
    int32_t department, practitioner;
};

struct making {
    struct sh_duck *duck;
    struct sh_lake *lake;
    struct sh_reader *reader;
    struct sh_arena arena; /* of one person */
    const char *run_dir;
    char findings[SH_PATH_BYTES_MAX];
    struct wanted *wanted; /* [n], by person and line */
    struct claim *claims;  /* [rows] */
    size_t n, cap, rows, rows_cap;
    int department, practitioner, line_encounter, encounter; /* columns */
};

static void making_end(struct making *m) {
    if (m->reader)
        sh_reader_close(m->reader);
    if (m->lake)
        sh_lake_close(m->lake);
    sh_duck_close(m->duck);
    sh_arena_free(&m->arena);
    sh_free(m->wanted);
    sh_free(m->claims);
}

static uint64_t hash_of(struct sh_str text) {
    return text.len ? sh_hash64(text.at, text.len, 0) : 0;
}

/* ---- findings ---------------------------------------------------------------------------------------- */

static sh_code take_findings(struct making *m, duckdb_data_chunk chunk, struct sh_err *err) {
    const idx_t n = duckdb_data_chunk_get_size(chunk);
    uint64_t hash[3];
    SH_TRY(sh_grow(&m->wanted, &m->cap, m->n + n, sizeof *m->wanted, UINT32_MAX, err));
    SH_TRY(sh_grow(&m->claims, &m->rows_cap, m->rows + n, sizeof *m->claims, UINT32_MAX, err));
    for (idx_t row = 0; row < n; row++) {
        for (idx_t c = 0; c < 3; c++) {
            duckdb_string_t *text = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, c));
            hash[c] =
                hash_of((struct sh_str){duckdb_string_t_data(&text[row]), duckdb_string_t_length(text[row])});
        }
        if (hash[0] && hash[2])
            m->wanted[m->n++] = (struct wanted){hash[0], hash[2], hash[1], (uint32_t)m->rows};
        m->claims[m->rows++] = (struct claim){-1, -1};
    }
    return SH_OK;
}

static int compare(const void *a_at, const void *b_at) {
    const struct wanted *a = a_at, *b = b_at;
    return a->person != b->person ? (a->person < b->person ? -1 : 1)
           : a->line != b->line   ? (a->line < b->line ? -1 : 1)
                                  : 0;
}

/* In the order of the file: `row` counts with it. */
static sh_code read_findings(struct making *m, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    duckdb_result result = {0};
    sh_buf_add_text(&sql, "select coalesce(person, ''), coalesce(encounter, ''), "
                          "coalesce(split_part(lines, '|', 1), '') from read_parquet(");
    sh_sql_text(&sql, sh_str_of(m->findings));
    sh_buf_add_text(&sql, ", file_row_number = true) order by file_row_number");
    SH_TRY(sh_buf_check(&sql, err));
    sh_code code = duckdb_query(sh_duck_connection(m->duck), sql.at, &result) == DuckDBSuccess
                       ? SH_OK
                       : sh_fail(err, SH_E_CORRUPT, "findings: %.700s", duckdb_result_error(&result));
    for (duckdb_data_chunk chunk; code == SH_OK && (chunk = duckdb_fetch_chunk(result));) {
        code = take_findings(m, chunk, err);
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    if (code == SH_OK && m->n > 1)
        qsort(m->wanted, m->n, sizeof *m->wanted, compare);
    return code;
}

/* ---- lines ------------------------------------------------------------------------------------------- */

static size_t first_of(const struct making *m, uint64_t person) {
    size_t low = 0, high = m->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (m->wanted[middle].person < person)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Hash of the id of the encounter that a line names by its key. */
static sh_code encounter_of(struct making *m, const struct sh_chunk *chunk, uint32_t person, uint32_t line,
                            uint64_t *ret, struct sh_err *err) {
    const uint32_t *begin = chunk->tables[SH_TABLE_ENCOUNTER].person_begin;
    const int64_t *keys = chunk->tables[SH_TABLE_ENCOUNTER].columns[m->encounter],
                  key = ((const int64_t *)chunk->tables[SH_TABLE_LINE].columns[m->line_encounter])[line];
    struct sh_str id = {0};
    for (uint32_t row = begin[person]; row < begin[person + 1]; row++)
        if (keys[row] == key)
            SH_TRY(sh_chunk_id(chunk, SH_TABLE_ENCOUNTER, row, &m->arena, &id, err));
    *ret = hash_of(id);
    return SH_OK;
}

static sh_code take_line(struct making *m, const struct sh_chunk *chunk, uint32_t person, uint32_t line,
                         const struct wanted *at, struct sh_err *err) {
    const void *const *columns = chunk->tables[SH_TABLE_LINE].columns;
    struct sh_str id;
    SH_TRY(sh_chunk_id(chunk, SH_TABLE_LINE, line, &m->arena, &id, err));
    const uint64_t hash = hash_of(id), who = at->person;
    uint64_t encounter = 0;
    for (; at < m->wanted + m->n && at->person == who; at++) {
        if (at->line != hash)
            continue;
        if (!encounter)
            SH_TRY(encounter_of(m, chunk, person, line, &encounter, err));
        if (!at->encounter || at->encounter == encounter)
            m->claims[at->row] = (struct claim){((const int32_t *)columns[m->department])[line],
                                                ((const int32_t *)columns[m->practitioner])[line]};
    }
    return SH_OK;
}

static sh_code take_chunk(struct making *m, const struct sh_chunk *chunk, struct sh_err *err) {
    const uint32_t *begin = chunk->tables[SH_TABLE_LINE].person_begin;
    for (uint32_t i = 0; i < chunk->n_persons; i++) {
        struct sh_str code;
        sh_arena_reset(&m->arena);
        SH_TRY(sh_lake_code(m->lake, SH_DICT_PERSON, chunk->persons[i], &m->arena, &code, err));
        const size_t at = first_of(m, hash_of(code));
        if (at == m->n || m->wanted[at].person != hash_of(code))
            continue;
        for (uint32_t line = begin[i]; line < begin[i + 1]; line++)
            SH_TRY(take_line(m, chunk, i, line, &m->wanted[at], err));
    }
    return SH_OK;
}

static sh_code find_column(enum sh_table table, const char *name, struct sh_selection *io, int *ret,
                           struct sh_err *err) {
    *ret = sh_lake_column(table, name);
    if (*ret < 0)
        return sh_fail(err, SH_E_INTERNAL, "the lake has no column %s", name);
    io->columns[table] |= (uint64_t)1 << *ret;
    return SH_OK;
}

static sh_code read_lines(struct making *m, struct sh_err *err) {
    struct sh_selection what = {.ids = 1u << SH_TABLE_LINE | 1u << SH_TABLE_ENCOUNTER};
    SH_TRY(find_column(SH_TABLE_LINE, "ordering_department", &what, &m->department, err));
    SH_TRY(find_column(SH_TABLE_LINE, "ordering_practitioner", &what, &m->practitioner, err));
    SH_TRY(find_column(SH_TABLE_LINE, "encounter_key", &what, &m->line_encounter, err));
    SH_TRY(find_column(SH_TABLE_ENCOUNTER, "encounter_key", &what, &m->encounter, err));
    SH_TRY(sh_reader_open(m->lake, &what, (struct sh_bucket_range){0, sh_lake_buckets(m->lake)}, INT32_MAX,
                          CHUNK_ROWS, &m->reader, err));
    for (;;) {
        const struct sh_chunk *chunk = NULL;
        SH_TRY(sh_reader_next(m->reader, &chunk, err));
        if (!chunk)
            return SH_OK;
        SH_TRY(take_chunk(m, chunk, err));
    }
}

/* ---- the table --------------------------------------------------------------------------------------- */

static void appender_free(duckdb_appender *appender) {
    (void)duckdb_appender_destroy(appender);
}

static bool append_entry(duckdb_appender appender, const struct sh_dict_view *dict, int32_t id) {
    const bool is_known = id >= 0 && (uint32_t)id < dict->n;
    const struct sh_str texts[] = {is_known ? dict->code[id] : SH_STR(""),
                                   is_known && dict->name ? dict->name[id] : SH_STR("")};
    for (int i = 0; i < 2; i++)
        if ((texts[i].len ? duckdb_append_varchar_length(appender, texts[i].at, texts[i].len)
                          : duckdb_append_null(appender)) != DuckDBSuccess)
            return false;
    return true;
}

static sh_code put_claims(struct making *m, struct sh_err *err) {
    const struct sh_dict_view *departments = NULL, *practitioners = NULL;
    SH_TRY(sh_lake_dict(m->lake, SH_DICT_DEPARTMENT, &departments, err));
    SH_TRY(sh_lake_dict(m->lake, SH_DICT_PRACTITIONER, &practitioners, err));
    SH_TRY(sh_duck_run(m->duck,
                       "create table claim (n bigint, department varchar, department_name varchar, "
                       "practitioner varchar, practitioner_name varchar)",
                       err));
    SH_CLEANUP(appender_free) duckdb_appender appender = NULL;
    bool is_done =
        duckdb_appender_create(sh_duck_connection(m->duck), NULL, "claim", &appender) == DuckDBSuccess;
    for (size_t row = 0; is_done && row < m->rows; row++) {
        const struct claim *claim = &m->claims[row];
        if (claim->department < 0 && claim->practitioner < 0)
            continue;
        is_done = duckdb_append_int64(appender, (int64_t)row) == DuckDBSuccess &&
                  append_entry(appender, departments, claim->department) &&
                  append_entry(appender, practitioners, claim->practitioner) &&
                  duckdb_appender_end_row(appender) == DuckDBSuccess;
    }
    return is_done && duckdb_appender_flush(appender) == DuckDBSuccess
               ? SH_OK
               : sh_fail(err, SH_E_NOMEM, "no room for the claims of findings");
}

static const struct {
    const char *file, *order;
} desks[SH_DESKS] = {[SH_DESK_MONEY] = {"desk-money.parquet", "counted desc, id"},
                     [SH_DESK_DAY] = {"desk-day.parquet", "day_key, id"},
                     [SH_DESK_RULE] = {"desk-rule.parquet", "rule, id"},
                     [SH_DESK_INSTITUTION] = {"desk-institution.parquet", "institution_key, id"}};

const char *sh_desk_file(enum sh_desk_order desk) {
    return desks[desk].file;
}

static sh_code part_of(const struct making *m, enum sh_desk_order desk, char *out, struct sh_err *err) {
    return sh_path_format(out, err, "%s/%s.part", m->run_dir, desks[desk].file);
}

/* Small row groups: a page of the order reads one or two of them. */
static sh_code write_desk(struct making *m, enum sh_desk_order desk, const char *from, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf sql = {0};
    char part[SH_PATH_BYTES_MAX];
    SH_TRY(part_of(m, desk, part, err));
    sh_buf_addf(&sql, "copy (%s order by %s) to ", from, desks[desk].order);
    sh_sql_text(&sql, sh_str_of(part));
    sh_buf_add_text(&sql, " (format parquet, compression lz4_raw, row_group_size 10240)");
    SH_TRY(sh_buf_check(&sql, err));
    SH_TRY(sh_duck_run(m->duck, sql.at, err));
    return sh_file_sync(part, err);
}

static sh_code write_desks(struct making *m, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf joined = {0}, copied = {0};
    char part[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    sh_buf_add_text(&joined,
                    "select f.* exclude (file_row_number), department, department_name, practitioner, "
                    "practitioner_name, coalesce(day, date '0001-01-01') as day_key, "
                    "coalesce(institution, '') as institution_key from read_parquet(");
    sh_sql_text(&joined, sh_str_of(m->findings));
    sh_buf_add_text(&joined, ", file_row_number = true) f left join claim on n = file_row_number");
    SH_TRY(sh_buf_check(&joined, err));
    SH_TRY(write_desk(m, SH_DESK_MONEY, joined.at, err));
    SH_TRY(part_of(m, SH_DESK_MONEY, part, err));
    sh_buf_add_text(&copied, "select * from read_parquet(");
    sh_sql_text(&copied, sh_str_of(part));
    sh_buf_add_char(&copied, ')');
    SH_TRY(sh_buf_check(&copied, err));
    for (enum sh_desk_order desk = SH_DESK_MONEY + 1; desk < SH_DESKS; desk++)
        SH_TRY(write_desk(m, desk, copied.at, err));
    for (enum sh_desk_order desk = SH_DESKS; desk-- > SH_DESK_MONEY;) {
        SH_TRY(part_of(m, desk, part, err));
        SH_TRY(sh_path_join(path, m->run_dir, desks[desk].file, err));
        SH_TRY(sh_fs_rename(part, path, err));
    }
    return SH_OK;
}

/* The state of the lake that the run read. */
static sh_code manifest_of(const char *run_dir, uint64_t *ret, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_path_join(path, run_dir, "run.json", err));
    SH_TRY(sh_json_read_file(path, &root, err));
    *ret = (uint64_t)json_integer_value(json_object_get(root, "manifest"));
    return SH_OK;
}

sh_code sh_desk_make(const char *lake_dir, const char *run_dir, struct sh_err *err) {
    SH_CLEANUP(making_end) struct making m = {.run_dir = run_dir};
    char path[SH_PATH_BYTES_MAX];
    const char *dirs[] = {run_dir};
    bool is_there = false;
    uint64_t manifest = 0;
    SH_TRY(sh_path_join(path, run_dir, desks[SH_DESK_MONEY].file, err));
    SH_TRY(sh_path_join(m.findings, run_dir, "findings.parquet", err));
    SH_TRY(sh_fs_exists(path, &is_there, err));
    if (is_there || access(run_dir, W_OK) != 0)
        return SH_OK;
    SH_TRY(sh_duck_open(dirs, 1, DUCK_THREADS, (uint64_t)DUCK_MEMORY_MIB << 20, run_dir, &m.duck, err));
    SH_TRY(read_findings(&m, err));
    SH_TRY(manifest_of(run_dir, &manifest, err));
    sh_code code = sh_lake_open(lake_dir, manifest, &m.lake, err);
    if (code == SH_E_NOTFOUND) /* no longer kept */
        code = sh_lake_open(lake_dir, 0, &m.lake, err);
    SH_TRY(code);
    SH_TRY(read_lines(&m, err));
    SH_TRY(put_claims(&m, err));
    return write_desks(&m, err);
}
