#include "lake/pq_column.h"
#include "base/mem.h"
#include "base/wide.h"
#include "lake/rows.h"
#include <lz4.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum { CHUNK_BYTES_MAX = 1 << 30 };

void sh_pq_column_release(struct sh_pq_column *column) {
    sh_free(column->packed.at);
    sh_free(column->page.at);
    sh_free(column->dict.at);
    sh_free(column->lengths.at);
    sh_arena_free(&column->texts);
    *column = (struct sh_pq_column){.physical = column->physical};
}

static sh_code corrupt(const char *what, struct sh_err *err) {
    return sh_fail(err, SH_E_CORRUPT, "is no Parquet file of ours: %s", what);
}

static sh_code reserve(struct sh_pq_bytes *bytes, size_t need, struct sh_err *err) {
    return sh_grow(&bytes->at, &bytes->cap, need, 1, CHUNK_BYTES_MAX, err);
}

sh_code sh_pq_column_begin(struct sh_pq_column *column, int fd, const struct sh_pq_chunk *chunk,
                           bool optional, struct sh_err *err) {
    const bool fits = column->physical == SH_PSTR  ? chunk->type == SH_PQ_BYTES
                      : column->physical == SH_P64 ? chunk->type == SH_PQ_INT64
                                                   : chunk->type == SH_PQ_INT32;
    if (!fits)
        return corrupt("a column is of another type", err);
    column->chunk = *chunk;
    column->optional = optional;
    column->left = column->n_dict = 0;
    column->at = 0;
    column->n_packed = (size_t)chunk->bytes;
    sh_arena_reset(&column->texts);
    SH_TRY(reserve(&column->packed, column->n_packed + 1, err));
    for (size_t done = 0; done < column->n_packed;) {
        const ssize_t n =
            pread(fd, column->packed.at + done, column->n_packed - done, (off_t)(chunk->offset + done));
        if (n < 0)
            return sh_fail_errno(err, "cannot be read");
        if (n == 0)
            return corrupt("it is cut", err);
        done += (size_t)n;
    }
    return SH_OK;
}

/* ---- pages
 * ------------------------------------------------------------------------------------------------------------------
 */

static bool unpack(int32_t codec, struct sh_str from, char *to, size_t n) {
    if (codec == SH_PQ_LZ4_RAW)
        return from.len <= INT32_MAX && n <= INT32_MAX &&
               LZ4_decompress_safe(from.at, to, (int)from.len, (int)n) == (int)n;
    if (codec == SH_PQ_ZSTD)
        return ZSTD_decompress(to, n, from.at, from.len) == n;
    if (codec != SH_PQ_PLAIN_CODEC || from.len != n)
        return false;
    if (n > 0)
        memcpy(to, from.at, n);
    return true;
}

/* The bytes of a page, with some room behind. Pages of texts stay until the next row group. */
static sh_code unpack_page(struct sh_pq_column *column, const struct sh_pq_page_header *header,
                           struct sh_str packed, char **ret, struct sh_err *err) {
    const size_t need = (size_t)header->bytes + SH_PQ_PAD;
    if (header->bytes > CHUNK_BYTES_MAX - SH_PQ_PAD)
        return corrupt("a page is too large", err);
    if (column->physical == SH_PSTR) {
        *ret = sh_arena_alloc(&column->texts, need, 16);
        if (!*ret)
            return sh_fail(err, SH_E_NOMEM, "no room for a page of texts");
    } else {
        SH_TRY(reserve(&column->page, need, err));
        *ret = column->page.at;
        memset(*ret + header->bytes, 0, SH_PQ_PAD);
    }
    return unpack(column->chunk.codec, packed, *ret, header->bytes) ? SH_OK
                                                                    : corrupt("a page does not unpack", err);
}

/* n values stored one after the other. */
static bool read_plain(struct sh_pq_column *column, void *ret, size_t n) {
    const size_t room = (size_t)(column->end - column->plain);
    if (column->physical == SH_PSTR) {
        struct sh_str *texts = ret;
        for (size_t i = 0; i < n; i++) {
            uint32_t len;
            if ((size_t)(column->end - column->plain) < sizeof len)
                return false;
            memcpy(&len, column->plain, sizeof len);
            column->plain += sizeof len;
            if (len > (size_t)(column->end - column->plain))
                return false;
            texts[i] = (struct sh_str){(const char *)column->plain, len};
            column->plain += len;
            if (!sh_utf8_valid(texts[i]))
                return false;
        }
        return true;
    }
    const size_t size = column->physical == SH_P64 ? 8 : 4;
    if (n > room / size)
        return false;
    if (column->physical == SH_P8)
        for (size_t i = 0; i < n; i++)
            ((int8_t *)ret)[i] = (int8_t)column->plain[4 * i]; /* little endian */
    else if (n > 0)
        memcpy(ret, column->plain, n * size);
    column->plain += n * size;
    return true;
}

static sh_code take_dictionary(struct sh_pq_column *column, const struct sh_pq_page_header *header,
                               char *page, struct sh_err *err) {
    if (header->encoding != SH_PQ_PLAIN && header->encoding != SH_PQ_PLAIN_DICTIONARY)
        return corrupt("a dictionary is encoded otherwise", err);
    if (header->n_values > header->bytes)
        return corrupt("a dictionary has more values than bytes", err);
    SH_TRY(reserve(&column->dict, header->n_values * sh_physical_size(column->physical) + 1, err));
    column->plain = (const uint8_t *)page;
    column->end = column->plain + header->bytes;
    if (!read_plain(column, column->dict.at, header->n_values))
        return corrupt("a dictionary does not fit", err);
    column->n_dict = header->n_values;
    return SH_OK;
}

/* All lengths of the texts of the page; their bytes follow. */
static sh_code take_lengths(struct sh_pq_column *column, uint32_t n_values, struct sh_err *err) {
    int64_t some[256];
    struct sh_pq_delta *delta = &column->delta;
    column->length = column->length_end = NULL;
    if (column->plain == column->end)
        return SH_OK; /* no text is there */
    if (!sh_pq_delta_begin(delta, column->plain, column->end) || delta->left > n_values)
        return corrupt("lengths of texts do not fit", err);
    const size_t n = (size_t)delta->left;
    SH_TRY(reserve(&column->lengths, n * sizeof(uint32_t) + 1, err));
    uint32_t *lengths = (uint32_t *)(void *)column->lengths.at;
    for (size_t i = 0; i < n;) {
        const size_t step = n - i < 256 ? n - i : 256;
        if (!sh_pq_delta_read(delta, some, step))
            return corrupt("lengths of texts do not fit", err);
        for (size_t k = 0; k < step; k++, i++) {
            if (some[k] < 0 || some[k] > CHUNK_BYTES_MAX)
                return corrupt("lengths of texts do not fit", err);
            lengths[i] = (uint32_t)some[k];
        }
    }
    column->length = lengths;
    column->length_end = lengths + n;
    column->plain = delta->at;
    return SH_OK;
}

static sh_code take_data(struct sh_pq_column *column, const struct sh_pq_page_header *header, char *page,
                         struct sh_err *err) {
    const uint8_t *at = (const uint8_t *)page, *end = at + header->bytes;
    if (column->optional) {
        uint32_t n;
        if (header->bytes < sizeof n)
            return corrupt("a page is cut", err);
        memcpy(&n, at, sizeof n);
        at += sizeof n;
        if (n > (size_t)(end - at))
            return corrupt("a page is cut", err);
        sh_pq_runs_begin(&column->levels, at, at + n, 1);
        at += n;
    }
    column->left = header->n_values;
    column->encoding = header->encoding;
    column->plain = at;
    column->end = end;
    switch (header->encoding) {
    case SH_PQ_PLAIN:
        return SH_OK;
    case SH_PQ_PLAIN_DICTIONARY:
    case SH_PQ_RLE_DICTIONARY:
        if (at<end && * at> 32)
            return corrupt("indexes are too wide", err);
        sh_pq_runs_begin(&column->indexes, at < end ? at + 1 : at, end, at < end ? *at : 0);
        return SH_OK;
    case SH_PQ_DELTA_BINARY:
        column->delta = (struct sh_pq_delta){0};
        if (column->physical != SH_PSTR && (at == end || sh_pq_delta_begin(&column->delta, at, end)))
            return SH_OK;
        return corrupt("differences do not fit", err);
    case SH_PQ_DELTA_LENGTH:
        if (column->physical == SH_PSTR)
            return take_lengths(column, header->n_values, err);
        return corrupt("numbers are encoded as texts", err);
    default:
        return corrupt("an encoding is not one of ours", err);
    }
}

static sh_code next_page(struct sh_pq_column *column, struct sh_err *err) {
    while (column->left == 0) {
        struct sh_pq_page_header header;
        size_t head;
        const struct sh_str rest = {column->packed.at + column->at, column->n_packed - column->at};
        if (rest.len == 0)
            return corrupt("a column has too few values", err);
        SH_TRY(sh_pq_page_parse(rest, &header, &head, err));
        column->at += head + header.packed_bytes;
        if (header.kind != SH_PQ_DATA_PAGE && header.kind != SH_PQ_DICTIONARY_PAGE)
            return corrupt("a page is of another kind", err);
        char *page = NULL;
        SH_TRY(
            unpack_page(column, &header, (struct sh_str){rest.at + head, header.packed_bytes}, &page, err));
        SH_TRY(header.kind == SH_PQ_DATA_PAGE ? take_data(column, &header, page, err)
                                              : take_dictionary(column, &header, page, err));
    }
    return SH_OK;
}

/* ---- values
 * -----------------------------------------------------------------------------------------------------------------
 */

#define LOOK_UP(type)                                                                                        \
    for (uint32_t i = 0; i < n; i++)                                                                         \
        ((type *)ret)[i] = ((const type *)(const void *)column->dict.at)[index[i]];

static void look_up(const struct sh_pq_column *column, const uint32_t *index, void *ret, uint32_t n) {
    switch (column->physical) {
    case SH_P8:
        LOOK_UP(int8_t)
        break;
    case SH_P32:
        sh_pq_look_up_32((const int32_t *)(const void *)column->dict.at, index, ret, n);
        break;
    case SH_P64:
        sh_pq_look_up_64((const int64_t *)(const void *)column->dict.at, index, ret, n);
        break;
    case SH_PSTR:
    default:
        LOOK_UP(struct sh_str)
        break;
    }
}

#define FILL(type)                                                                                           \
    do {                                                                                                     \
        const type one = ((const type *)(const void *)column->dict.at)[value];                               \
        for (uint32_t i = 0; i < n; i++)                                                                     \
            ((type *)ret)[i] = one;                                                                          \
    } while (0)

/* One value of the dictionary n times. */
SH_WIDE static void fill(const struct sh_pq_column *column, uint32_t value, void *ret, uint32_t n) {
    switch (column->physical) {
    case SH_P8:
        FILL(int8_t);
        break;
    case SH_P32:
        FILL(int32_t);
        break;
    case SH_P64:
        FILL(int64_t);
        break;
    case SH_PSTR:
    default:
        FILL(struct sh_str);
        break;
    }
}

static bool read_indexed(struct sh_pq_column *column, void *ret, uint32_t n) {
    uint32_t index[SH_PQ_BATCH];
    const size_t size = sh_physical_size(column->physical);
    struct sh_pq_runs *runs = &column->indexes;
    while (n > 0) {
        if (!sh_pq_runs_next(runs))
            return false;
        const uint32_t some = n < runs->left ? n : runs->left;
        if (runs->packed) {
            if (sh_pq_runs_unpack(runs, index, some) >= column->n_dict)
                return false;
            look_up(column, index, ret, some);
        } else {
            if (runs->value >= column->n_dict)
                return false;
            fill(column, runs->value, ret, some);
            runs->left -= some;
        }
        ret = (char *)ret + some * size;
        n -= some;
    }
    return true;
}

static bool read_differences(struct sh_pq_column *column, void *ret, uint32_t n) {
    int64_t values[SH_PQ_BATCH];
    if (column->physical == SH_P64)
        return sh_pq_delta_read(&column->delta, ret, n);
    if (!sh_pq_delta_read(&column->delta, values, n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (column->physical == SH_P32)
            ((int32_t *)ret)[i] = (int32_t)(uint32_t)(uint64_t)values[i];
        else
            ((int8_t *)ret)[i] = (int8_t)(uint8_t)(uint64_t)values[i];
    return true;
}

static bool read_lengths(struct sh_pq_column *column, struct sh_str *ret, uint32_t n) {
    if (n > (size_t)(column->length_end - column->length))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t len = *column->length++;
        if (len > (size_t)(column->end - column->plain))
            return false;
        ret[i] = (struct sh_str){(const char *)column->plain, len};
        column->plain += len;
        if (!sh_utf8_valid(ret[i]))
            return false;
    }
    return true;
}

/* n values of the page that are there, one behind the other. */
static bool read_present(struct sh_pq_column *column, void *ret, uint32_t n) {
    if (n == 0)
        return true;
    switch (column->encoding) {
    case SH_PQ_PLAIN:
        return read_plain(column, ret, n);
    case SH_PQ_DELTA_BINARY:
        return read_differences(column, ret, n);
    case SH_PQ_DELTA_LENGTH:
        return read_lengths(column, ret, n);
    default:
        return read_indexed(column, ret, n);
    }
}

/* Which of the next n values are there: all, none, or as `level` [n] says. */
static bool read_levels(struct sh_pq_column *column, uint32_t *level, uint32_t n, uint32_t *ret_present) {
    struct sh_pq_runs *runs = &column->levels;
    *ret_present = n;
    if (!column->optional)
        return true;
    if (!sh_pq_runs_next(runs))
        return false;
    if (!runs->packed && runs->left >= n) {
        runs->left -= n;
        *ret_present = runs->value & 1 ? n : 0;
        return true;
    }
    *ret_present = 0;
    for (uint32_t i = 0; i < n;) {
        if (!sh_pq_runs_next(runs))
            return false;
        const uint32_t some = n - i < runs->left ? n - i : runs->left;
        if (runs->packed) {
            (void)sh_pq_runs_unpack(runs, level + i, some);
        } else {
            for (uint32_t k = 0; k < some; k++)
                level[i + k] = runs->value;
            runs->left -= some;
        }
        for (uint32_t k = 0; k < some; k++)
            *ret_present += level[i + k] & 1;
        i += some;
    }
    return true;
}

#define SPREAD(type, none)                                                                                   \
    for (uint32_t i = n, from = n_present; i-- > 0;)                                                         \
        ((type *)ret)[i] = level[i] & 1 ? ((type *)ret)[--from] : (none);

/* Values that are there to their places, from behind. */
static void spread(const struct sh_pq_column *column, const uint32_t *level, void *ret, uint32_t n,
                   uint32_t n_present) {
    switch (column->physical) {
    case SH_P8:
        SPREAD(int8_t, SH_MISSING_I8)
        break;
    case SH_P32:
        SPREAD(int32_t, SH_MISSING_I32)
        break;
    case SH_P64:
        SPREAD(int64_t, SH_MISSING)
        break;
    case SH_PSTR:
    default:
        SPREAD(struct sh_str, (struct sh_str){0})
        break;
    }
}

sh_code sh_pq_column_read(struct sh_pq_column *column, void *ret, uint32_t n, struct sh_err *err) {
    uint32_t level[SH_PQ_BATCH];
    const size_t size = sh_physical_size(column->physical);
    sh_check(n <= SH_PQ_BATCH);
    while (n > 0) {
        SH_TRY(next_page(column, err));
        const uint32_t some = n < column->left ? n : column->left;
        uint32_t n_present;
        if (!read_levels(column, level, some, &n_present) || !read_present(column, ret, n_present))
            return corrupt("values do not fit their page", err);
        if (n_present == 0)
            sh_fill_missing(ret, column->physical, 0, some);
        else if (n_present < some)
            spread(column, level, ret, some, n_present);
        ret = (char *)ret + some * size;
        column->left -= some;
        n -= some;
    }
    return SH_OK;
}
