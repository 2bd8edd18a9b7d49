/* A Parquet file, row group by row group: one data page a column, a dictionary page before it for words. */
#include "audit/parquet_out.h"
#include "audit/thrift.h"
#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/hash.h"
#include <string.h>
#include <zstd.h>

enum { GROUP_ROWS = 65536, RANGE_BYTES_MAX = 256, PACK_LEVEL = 1 };
#define GROUP_BYTES ((size_t)16 << 20) /* what an audit holds at its end */
#define MONEY_MAX 999999999999999999   /* DECIMAL(18,2) */

/* Numbers of the format. */
enum { T_INT32 = 1, T_INT64 = 2, T_BYTES = 6 };
enum { C_UTF8 = 0, C_DECIMAL = 5, C_DATE = 6 };
enum { E_PLAIN = 0, E_RLE = 3, E_RLE_DICTIONARY = 8 };
enum { P_DATA = 0, P_DICTIONARY = 2 };
enum { CODEC_ZSTD = 6, OPTIONAL = 1 };

/* Different words of a row group, numbered as they come. */
struct words {
    uint32_t *slots; /* number + 1, 0 free */
    size_t n_slots, n, cap, numbers_cap;
    size_t *offset;    /* [n] of the length before each */
    uint32_t *numbers; /* [rows that are there] */
};

struct column {
    struct sh_buf values; /* PLAIN; of words those that differ */
    uint8_t *there;       /* [GROUP_ROWS] */
    uint32_t n_there;
    struct words words;
};

/* What the footer says of a column of a row group. */
struct chunk {
    uint64_t dictionary_at, data_at, bytes, packed_bytes; /* dictionary_at 0: none */
    char *least, *greatest;                               /* in the arena; NULL: not told */
    uint32_t least_len, greatest_len, n_missing;
};

struct group {
    uint32_t n_rows;
    struct chunk *chunks; /* [n_fields] */
};

struct sh_parquet_out {
    struct sh_out_file to;
    char path[4096];
    const struct sh_parquet_field *fields;
    size_t n_fields;
    struct column *columns; /* [n_fields] */
    uint32_t rows;          /* of the row group under way */
    size_t bytes;           /* of its values */
    uint64_t at, n_rows;
    struct group *groups;
    size_t n_groups, cap_groups;
    struct sh_arena arena;
    struct sh_buf page, packed, header;
    ZSTD_CCtx *zstd;
};

static int type_of(enum sh_parquet_kind kind) {
    return kind == SH_PARQUET_MONEY                              ? T_INT64
           : kind == SH_PARQUET_NUMBER || kind == SH_PARQUET_DAY ? T_INT32
                                                                 : T_BYTES;
}

/* ---- rows --------------------------------------------------------------------------------------- */

void sh_parquet_out_free(struct sh_parquet_out *out) {
    if (!out)
        return;
    sh_out_file_close(&out->to);
    for (size_t c = 0; out->columns && c < out->n_fields; c++) {
        struct column *column = &out->columns[c];
        sh_buf_free(&column->values);
        sh_free(column->there);
        sh_free(column->words.slots);
        sh_free(column->words.offset);
        sh_free(column->words.numbers);
    }
    sh_free(out->columns);
    sh_free(out->groups);
    sh_arena_free(&out->arena);
    sh_buf_free(&out->page);
    sh_buf_free(&out->packed);
    sh_buf_free(&out->header);
    (void)ZSTD_freeCCtx(out->zstd);
    sh_free(out);
}

static sh_code put(struct sh_parquet_out *out, const char *at, size_t len, struct sh_err *err) {
    if (len > 0 && fwrite(at, 1, len, out->to.file) != len)
        return sh_fail_errno(err, "%s", out->path);
    out->at += len;
    return SH_OK;
}

sh_code sh_parquet_out_open(const char *path, const struct sh_parquet_field *fields, size_t n_fields,
                            struct sh_parquet_out **ret, struct sh_err *err) {
    struct sh_parquet_out *out = sh_alloc_array(1, sizeof(*out));
    if (!out)
        return sh_fail(err, SH_E_NOMEM, "%s: no room to write it", path);
    *out = (struct sh_parquet_out){.fields = fields, .n_fields = n_fields};
    (void)snprintf(out->path, sizeof(out->path), "%s", path);
    out->columns = sh_alloc_array(n_fields, sizeof(*out->columns));
    out->zstd = ZSTD_createCCtx();
    bool has_room = out->columns && out->zstd;
    for (size_t c = 0; has_room && c < n_fields; c++)
        has_room = (out->columns[c].there = sh_alloc_array(GROUP_ROWS, 1)) != NULL;
    sh_code code = has_room ? SH_OK : sh_fail(err, SH_E_NOMEM, "%s: no room to write it", path);
    if (code == SH_OK)
        code = sh_out_file_open(&out->to, path, err);
    if (code == SH_OK)
        code = put(out, "PAR1", 4, err);
    if (code != SH_OK) {
        sh_parquet_out_free(out);
        return code;
    }
    *ret = out;
    return SH_OK;
}

static void put_u32(struct sh_buf *buf, uint32_t v) {
    (void)sh_buf_add(buf, (const char *)&v, sizeof(v)); /* the format is little-endian, as we are */
}

static void put_text(struct sh_buf *buf, struct sh_str text) {
    put_u32(buf, (uint32_t)text.len);
    (void)sh_buf_add_str(buf, text);
}

static struct sh_str word_of(const struct column *column, uint32_t number) {
    uint32_t len;
    const char *at = column->values.at + column->words.offset[number];
    memcpy(&len, at, sizeof(len));
    return (struct sh_str){at + sizeof(len), len};
}

static uint32_t *slot_of(const struct column *column, struct sh_str text) {
    const struct words *w = &column->words;
    size_t slot = (size_t)sh_hash64(text.at, text.len, 0) & (w->n_slots - 1);
    while (w->slots[slot] != 0 && !sh_str_eq(word_of(column, w->slots[slot] - 1), text))
        slot = (slot + 1) & (w->n_slots - 1);
    return &w->slots[slot];
}

static sh_code more_slots(struct column *column, struct sh_err *err) {
    struct words *w = &column->words;
    const size_t n = w->n_slots > 0 ? 2 * w->n_slots : 64;
    uint32_t *slots = sh_alloc_array(n, sizeof(*slots));
    if (!slots)
        return sh_fail(err, SH_E_NOMEM, "no room for the words of a column");
    sh_free(w->slots);
    w->slots = slots;
    w->n_slots = n;
    for (uint32_t i = 0; i < w->n; i++)
        *slot_of(column, word_of(column, i)) = i + 1;
    return SH_OK;
}

static sh_code add_word(struct column *column, struct sh_str text, struct sh_err *err) {
    struct words *w = &column->words;
    if (2 * (w->n + 1) > w->n_slots)
        SH_TRY(more_slots(column, err));
    SH_TRY(sh_grow(&w->numbers, &w->numbers_cap, (size_t)column->n_there + 1, sizeof(*w->numbers), GROUP_ROWS,
                   err));
    /* Rows come sorted: the word is often that of the row before. */
    const uint32_t before = column->n_there > 0 ? w->numbers[column->n_there - 1] : 0;
    if (column->n_there > 0 && sh_str_eq(word_of(column, before), text)) {
        w->numbers[column->n_there] = before;
        return SH_OK;
    }
    uint32_t *slot = slot_of(column, text);
    if (*slot == 0) {
        SH_TRY(sh_grow(&w->offset, &w->cap, w->n + 1, sizeof(*w->offset), GROUP_ROWS, err));
        w->offset[w->n] = column->values.len;
        put_text(&column->values, text);
        *slot = (uint32_t)++w->n;
    }
    w->numbers[column->n_there] = *slot - 1;
    return SH_OK;
}

static sh_code add_number(struct column *column, enum sh_parquet_kind kind, struct sh_str text,
                          struct sh_err *err) {
    int64_t v;
    int32_t day;
    if (kind == SH_PARQUET_DAY) {
        SH_TRY(sh_date_parse(text, &day, err));
        put_u32(&column->values, (uint32_t)day);
        return SH_OK;
    }
    SH_TRY(sh_decimal_parse(text, kind == SH_PARQUET_MONEY ? 2 : 0, &v, err));
    if (kind == SH_PARQUET_MONEY ? v > MONEY_MAX || v < -MONEY_MAX : v > INT32_MAX || v < INT32_MIN)
        return sh_fail(err, SH_E_LIMIT, "%.*s has too many digits for its column", SH_ARG(text));
    if (kind == SH_PARQUET_MONEY)
        (void)sh_buf_add(&column->values, (const char *)&v, sizeof(v));
    else
        put_u32(&column->values, (uint32_t)(int32_t)v);
    return SH_OK;
}

static sh_code add_cell(struct sh_parquet_out *out, size_t c, struct sh_str text, struct sh_err *err) {
    struct column *column = &out->columns[c];
    const enum sh_parquet_kind kind = out->fields[c].kind;
    const size_t before = column->values.len;
    column->there[out->rows] = text.len > 0;
    if (text.len == 0)
        return SH_OK;
    if (kind == SH_PARQUET_WORD)
        SH_TRY(add_word(column, text, err));
    else if (kind == SH_PARQUET_TEXT)
        put_text(&column->values, text);
    else
        SH_TRY(add_number(column, kind, text, err));
    column->n_there++;
    out->bytes += column->values.len - before;
    return sh_buf_check(&column->values, err);
}

/* ---- pages -------------------------------------------------------------------------------------- */

/* A run of one value: how often, and the value in whole bytes. */
static void put_run(struct sh_buf *buf, uint32_t value, uint32_t n, unsigned width) {
    sh_thrift_varint(buf, (uint64_t)n << 1);
    (void)sh_buf_add(buf, (const char *)&value, (width + 7) / 8);
}

/* Values side by side, width bits each, in eights; the last eight are filled up with zeros. */
static void put_packed(struct sh_buf *buf, const uint32_t *values, uint32_t n, unsigned width) {
    const uint32_t eights = (n + 7) / 8;
    uint64_t bits = 0;
    unsigned held = 0;
    sh_thrift_varint(buf, (uint64_t)eights << 1 | 1);
    for (uint32_t i = 0; i < 8 * eights; i++) {
        bits |= (uint64_t)(i < n ? values[i] : 0) << held;
        for (held += width; held >= 8; held -= 8, bits >>= 8)
            (void)sh_buf_add_char(buf, (char)bits);
    }
}

/* How many values from i on are the same; not more than is asked for. */
static uint32_t same_from(const uint32_t *values, uint32_t n, uint32_t i, uint32_t most) {
    uint32_t run = 1;
    while (run < most && i + run < n && values[i + run] == values[i])
        run++;
    return run;
}

/* The hybrid of runs and packed bits. */
static void put_hybrid(struct sh_buf *buf, const uint32_t *values, uint32_t n, unsigned width) {
    enum { WORTH = 16 };
    for (uint32_t i = 0; i < n;) {
        if (same_from(values, n, i, WORTH) == WORTH) {
            const uint32_t run = same_from(values, n, i, n);
            put_run(buf, values[i], run, width);
            i += run;
            continue;
        }
        const uint32_t from = i;
        do
            i += 8;
        while (i < n && same_from(values, n, i, WORTH) < WORTH);
        i = i < n ? i : n;
        put_packed(buf, values + from, i - from, width);
    }
}

/* Which rows have a value, behind its length. */
static sh_code put_levels(struct sh_parquet_out *out, const struct column *column, struct sh_err *err) {
    const size_t at = out->page.len;
    put_u32(&out->page, 0);
    if (column->n_there == out->rows || column->n_there == 0) {
        put_run(&out->page, column->n_there > 0, out->rows, 1);
    } else {
        uint32_t *levels = sh_alloc_array(out->rows, sizeof(*levels));
        if (!levels)
            return sh_fail(err, SH_E_NOMEM, "%s: no room to write it", out->path);
        for (uint32_t i = 0; i < out->rows; i++)
            levels[i] = column->there[i];
        put_hybrid(&out->page, levels, out->rows, 1);
        sh_free(levels);
    }
    SH_TRY(sh_buf_check(&out->page, err));
    const uint32_t len = (uint32_t)(out->page.len - at - sizeof(uint32_t));
    memcpy(out->page.at + at, &len, sizeof(len));
    return SH_OK;
}

static void put_page_header(struct sh_buf *buf, int kind, size_t bytes, size_t packed, uint32_t n,
                            int encoding) {
    struct sh_thrift t = {.buf = buf};
    sh_thrift_i32(&t, 1, kind);
    sh_thrift_i32(&t, 2, (int32_t)bytes);
    sh_thrift_i32(&t, 3, (int32_t)packed);
    struct sh_thrift inner = sh_thrift_struct(&t, kind == P_DATA ? 5 : 7);
    sh_thrift_i32(&inner, 1, (int32_t)n);
    sh_thrift_i32(&inner, 2, encoding);
    if (kind == P_DATA) {
        sh_thrift_i32(&inner, 3, E_RLE);
        sh_thrift_i32(&inner, 4, E_RLE);
    }
    sh_thrift_stop(&inner);
    sh_thrift_stop(&t);
}

/* Pack a page and write it behind its header. */
static sh_code put_page(struct sh_parquet_out *out, struct sh_str page, int kind, uint32_t n, int encoding,
                        struct chunk *chunk, struct sh_err *err) {
    sh_buf_clear(&out->packed);
    sh_buf_clear(&out->header);
    if (page.len > INT32_MAX || sh_buf_reserve(&out->packed, ZSTD_compressBound(page.len)) != SH_OK)
        return sh_fail(err, SH_E_LIMIT, "%s: a column of %zu bytes in one row group", out->path, page.len);
    const size_t packed = ZSTD_compressCCtx(out->zstd, out->packed.at, ZSTD_compressBound(page.len), page.at,
                                            page.len, PACK_LEVEL);
    if (ZSTD_isError(packed))
        return sh_fail(err, SH_E_INTERNAL, "%s: %s", out->path, ZSTD_getErrorName(packed));
    put_page_header(&out->header, kind, page.len, packed, n, encoding);
    SH_TRY(sh_buf_check(&out->header, err));
    chunk->bytes += out->header.len + page.len;
    chunk->packed_bytes += out->header.len + packed;
    SH_TRY(put(out, out->header.at, out->header.len, err));
    return put(out, out->packed.at, packed, err);
}

static sh_code tell_range(struct sh_parquet_out *out, const struct column *column, struct chunk *chunk,
                          struct sh_err *err) {
    struct sh_str least = word_of(column, 0), greatest = least;
    for (uint32_t i = 1; i < column->words.n; i++) {
        const struct sh_str word = word_of(column, i);
        least = sh_str_cmp(word, least) < 0 ? word : least;
        greatest = sh_str_cmp(word, greatest) > 0 ? word : greatest;
    }
    if (least.len > RANGE_BYTES_MAX || greatest.len > RANGE_BYTES_MAX)
        return SH_OK;
    chunk->least = sh_arena_dup(&out->arena, least.at, least.len);
    chunk->greatest = sh_arena_dup(&out->arena, greatest.at, greatest.len);
    chunk->least_len = (uint32_t)least.len, chunk->greatest_len = (uint32_t)greatest.len;
    return chunk->least && chunk->greatest ? SH_OK
                                           : sh_fail(err, SH_E_NOMEM, "%s: no room to write it", out->path);
}

static sh_code put_column(struct sh_parquet_out *out, size_t c, struct chunk *chunk, struct sh_err *err) {
    struct column *column = &out->columns[c];
    const bool by_word = out->fields[c].kind == SH_PARQUET_WORD && column->words.n > 0;
    chunk->n_missing = out->rows - column->n_there;
    sh_buf_clear(&out->page);
    if (by_word) {
        chunk->dictionary_at = out->at;
        SH_TRY(tell_range(out, column, chunk, err));
        SH_TRY(put_page(out, sh_buf_view(&column->values), P_DICTIONARY, (uint32_t)column->words.n, E_PLAIN,
                        chunk, err));
    }
    chunk->data_at = out->at;
    SH_TRY(put_levels(out, column, err));
    if (by_word) {
        const unsigned width =
            column->words.n > 1 ? 32u - (unsigned)__builtin_clz((uint32_t)column->words.n - 1) : 1;
        (void)sh_buf_add_char(&out->page, (char)width);
        put_hybrid(&out->page, column->words.numbers, column->n_there, width);
    } else {
        (void)sh_buf_add_str(&out->page, sh_buf_view(&column->values));
    }
    SH_TRY(sh_buf_check(&out->page, err));
    return put_page(out, sh_buf_view(&out->page), P_DATA, out->rows, by_word ? E_RLE_DICTIONARY : E_PLAIN,
                    chunk, err);
}

static void clear_column(struct column *column) {
    sh_buf_clear(&column->values);
    column->n_there = 0;
    column->words.n = 0;
    if (column->words.slots)
        memset(column->words.slots, 0, column->words.n_slots * sizeof(*column->words.slots));
}

static sh_code put_group(struct sh_parquet_out *out, struct sh_err *err) {
    if (out->rows == 0)
        return SH_OK;
    SH_TRY(sh_grow(&out->groups, &out->cap_groups, out->n_groups + 1, sizeof(*out->groups), INT16_MAX, err));
    struct group *group = &out->groups[out->n_groups];
    *group = (struct group){out->rows, sh_new(&out->arena, struct chunk, out->n_fields)};
    if (!group->chunks)
        return sh_fail(err, SH_E_NOMEM, "%s: no room to write it", out->path);
    out->n_groups++;
    for (size_t c = 0; c < out->n_fields; c++) {
        SH_TRY(put_column(out, c, &group->chunks[c], err));
        clear_column(&out->columns[c]);
    }
    out->n_rows += out->rows;
    out->rows = 0;
    out->bytes = 0;
    return SH_OK;
}

sh_code sh_parquet_out_row(struct sh_parquet_out *out, const struct sh_str *cells, struct sh_err *err) {
    for (size_t c = 0; c < out->n_fields; c++) {
        const sh_code code = add_cell(out, c, cells[c], err);
        if (code != SH_OK)
            return sh_err_wrap(err, code, "%s, column %s: ", out->path, out->fields[c].name);
    }
    out->rows++;
    return out->rows == GROUP_ROWS || out->bytes >= GROUP_BYTES ? put_group(out, err) : SH_OK;
}

/* ---- footer ------------------------------------------------------------------------------------- */

static void put_schema(struct sh_thrift *footer, const struct sh_parquet_out *out) {
    sh_thrift_list(footer, 2, SH_THRIFT_STRUCT, out->n_fields + 1);
    struct sh_thrift root = sh_thrift_element(footer);
    sh_thrift_text(&root, 4, SH_STR("findings"));
    sh_thrift_i32(&root, 5, (int32_t)out->n_fields);
    sh_thrift_stop(&root);
    for (size_t c = 0; c < out->n_fields; c++) {
        const enum sh_parquet_kind kind = out->fields[c].kind;
        struct sh_thrift field = sh_thrift_element(footer);
        sh_thrift_i32(&field, 1, type_of(kind));
        sh_thrift_i32(&field, 3, OPTIONAL);
        sh_thrift_text(&field, 4, sh_str_of(out->fields[c].name));
        if (kind != SH_PARQUET_NUMBER)
            sh_thrift_i32(&field, 6,
                          kind == SH_PARQUET_MONEY ? C_DECIMAL
                          : kind == SH_PARQUET_DAY ? C_DATE
                                                   : C_UTF8);
        if (kind == SH_PARQUET_MONEY) {
            sh_thrift_i32(&field, 7, 2);
            sh_thrift_i32(&field, 8, 18);
        }
        sh_thrift_stop(&field);
    }
}

static void put_statistics(struct sh_thrift *meta, const struct chunk *chunk) {
    struct sh_thrift s = sh_thrift_struct(meta, 12);
    sh_thrift_i64(&s, 3, chunk->n_missing);
    if (chunk->least) {
        sh_thrift_text(&s, 5, (struct sh_str){chunk->greatest, chunk->greatest_len});
        sh_thrift_text(&s, 6, (struct sh_str){chunk->least, chunk->least_len});
    }
    sh_thrift_stop(&s);
}

static void put_chunk(struct sh_thrift *group, const struct sh_parquet_out *out, size_t c, uint32_t n_rows,
                      const struct chunk *chunk) {
    struct sh_thrift column = sh_thrift_element(group);
    sh_thrift_i64(&column, 2, 0);
    struct sh_thrift meta = sh_thrift_struct(&column, 3);
    sh_thrift_i32(&meta, 1, type_of(out->fields[c].kind));
    sh_thrift_list(&meta, 2, SH_THRIFT_I32, 3);
    sh_thrift_number(&meta, E_PLAIN);
    sh_thrift_number(&meta, E_RLE);
    sh_thrift_number(&meta, E_RLE_DICTIONARY);
    sh_thrift_list(&meta, 3, SH_THRIFT_BINARY, 1);
    sh_thrift_bytes(&meta, sh_str_of(out->fields[c].name));
    sh_thrift_i32(&meta, 4, CODEC_ZSTD);
    sh_thrift_i64(&meta, 5, n_rows);
    sh_thrift_i64(&meta, 6, (int64_t)chunk->bytes);
    sh_thrift_i64(&meta, 7, (int64_t)chunk->packed_bytes);
    sh_thrift_i64(&meta, 9, (int64_t)chunk->data_at);
    if (chunk->dictionary_at > 0)
        sh_thrift_i64(&meta, 11, (int64_t)chunk->dictionary_at);
    put_statistics(&meta, chunk);
    sh_thrift_stop(&meta);
    sh_thrift_stop(&column);
}

static void put_footer(struct sh_buf *buf, const struct sh_parquet_out *out) {
    struct sh_thrift footer = {.buf = buf};
    sh_thrift_i32(&footer, 1, 1);
    put_schema(&footer, out);
    sh_thrift_i64(&footer, 3, (int64_t)out->n_rows);
    sh_thrift_list(&footer, 4, SH_THRIFT_STRUCT, out->n_groups);
    for (size_t g = 0; g < out->n_groups; g++) {
        const struct group *of = &out->groups[g];
        struct sh_thrift group = sh_thrift_element(&footer);
        uint64_t bytes = 0;
        sh_thrift_list(&group, 1, SH_THRIFT_STRUCT, out->n_fields);
        for (size_t c = 0; c < out->n_fields; c++) {
            put_chunk(&group, out, c, of->n_rows, &of->chunks[c]);
            bytes += of->chunks[c].bytes;
        }
        sh_thrift_i64(&group, 2, (int64_t)bytes);
        sh_thrift_i64(&group, 3, of->n_rows);
        sh_thrift_stop(&group);
    }
    sh_thrift_text(&footer, 6, SH_STR("shouhu " SH_VERSION));
    sh_thrift_stop(&footer);
}

sh_code sh_parquet_out_end(struct sh_parquet_out *out, struct sh_err *err) {
    SH_TRY(put_group(out, err));
    sh_buf_clear(&out->page);
    put_footer(&out->page, out);
    put_u32(&out->page, (uint32_t)out->page.len);
    (void)sh_buf_add(&out->page, "PAR1", 4);
    SH_TRY(sh_buf_check(&out->page, err));
    SH_TRY(put(out, out->page.at, out->page.len, err));
    return fflush(out->to.file) == 0 ? SH_OK : sh_fail_errno(err, "%s", out->path);
}
