#include "lake/pq_meta.h"
#include "lake/columns.h"
#include <string.h>

/* ---- thrift, compact protocol
 * ----------------------------------------------------------------------------------------------- */

enum {
    T_STOP,
    T_TRUE,
    T_FALSE,
    T_BYTE,
    T_I16,
    T_I32,
    T_I64,
    T_DOUBLE,
    T_BINARY,
    T_LIST,
    T_SET,
    T_MAP,
    T_STRUCT
};
enum { DEPTH_MAX = 16, COLUMNS_MAX = 1024, GROUPS_MAX = 1 << 20 };

/* Once something did not fit, `bad` stays and all further answers are 0. */
struct thrift {
    const uint8_t *at, *end;
    bool bad;
};

static uint8_t byte_of(struct thrift *t) {
    if (t->bad || t->at == t->end) {
        t->bad = true;
        return 0;
    }
    return *t->at++;
}

static uint64_t varint(struct thrift *t) {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t b = byte_of(t);
        v |= (uint64_t)(b & 127) << shift;
        if (b < 128)
            return v;
    }
    t->bad = true;
    return 0;
}

static int64_t zigzag(struct thrift *t) {
    const uint64_t v = varint(t);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static struct sh_str binary(struct thrift *t) {
    const uint64_t n = varint(t);
    if (t->bad || n > (uint64_t)(t->end - t->at)) {
        t->bad = true;
        return (struct sh_str){0};
    }
    const struct sh_str text = {(const char *)t->at, (size_t)n};
    t->at += n;
    return text;
}

/* Type of the next field, T_STOP at the end of the struct or of the bytes. */
static unsigned field(struct thrift *t, int64_t *id) {
    const uint8_t b = byte_of(t);
    if (t->bad || (b & 15) == T_STOP)
        return T_STOP;
    *id = b >> 4 ? *id + (b >> 4) : zigzag(t);
    return t->bad ? T_STOP : b & 15u;
}

/* Elements of a list; each takes at least a byte. */
static uint64_t list(struct thrift *t, unsigned *ret_type) {
    const uint8_t b = byte_of(t);
    const uint64_t n = b >> 4 == 15 ? varint(t) : b >> 4;
    *ret_type = b & 15u;
    if (n > (uint64_t)(t->end - t->at))
        t->bad = true;
    return t->bad ? 0 : n;
}

static void skip(struct thrift *t, unsigned type, bool is_element, int depth);

static void skip_many(struct thrift *t, unsigned type, int depth) {
    unsigned element = 0, value = 0;
    uint64_t n;
    if (type != T_MAP) {
        n = list(t, &element);
    } else {
        n = varint(t);
        const uint8_t types = n > 0 ? byte_of(t) : 0;
        element = types >> 4, value = types & 15u;
        if (n > (uint64_t)(t->end - t->at))
            t->bad = true;
    }
    for (uint64_t i = 0; i < n && !t->bad; i++) {
        skip(t, element, true, depth + 1);
        if (type == T_MAP)
            skip(t, value, true, depth + 1);
    }
}

static void skip(struct thrift *t, unsigned type, bool is_element, int depth) {
    int64_t id = 0;
    if (depth > DEPTH_MAX)
        t->bad = true;
    if (t->bad)
        return;
    switch (type) {
    case T_TRUE:
    case T_FALSE:
        if (is_element)
            (void)byte_of(t);
        break;
    case T_BYTE:
        (void)byte_of(t);
        break;
    case T_I16:
    case T_I32:
    case T_I64:
        (void)varint(t);
        break;
    case T_DOUBLE:
        for (int i = 0; i < 8; i++)
            (void)byte_of(t);
        break;
    case T_BINARY:
        (void)binary(t);
        break;
    case T_LIST:
    case T_SET:
    case T_MAP:
        skip_many(t, type, depth);
        break;
    case T_STRUCT:
        for (unsigned inner; (inner = field(t, &id)) != T_STOP;)
            skip(t, inner, false, depth + 1);
        break;
    default:
        t->bad = true;
    }
}

/* A whole number in [0, max]. */
static uint64_t number(struct thrift *t, unsigned type, uint64_t max) {
    if (type != T_I32 && type != T_I64 && type != T_I16) {
        t->bad = true;
        return 0;
    }
    const int64_t v = zigzag(t);
    if (v < 0 || (uint64_t)v > max)
        t->bad = true;
    return t->bad ? 0 : (uint64_t)v;
}

static sh_code corrupt(const char *what, struct sh_err *err) {
    return sh_fail(err, SH_E_CORRUPT, "is no Parquet file of ours: %s", what);
}

/* ---- footer
 * -----------------------------------------------------------------------------------------------------------------
 */

struct footer {
    struct thrift t;
    uint64_t file_bytes;
    struct sh_arena *arena;
    struct sh_pq_meta meta;
    bool no_room;
};

static void read_schema(struct footer *f) {
    struct thrift *t = &f->t;
    unsigned type;
    const uint64_t n = list(t, &type);
    if (n < 1 || n > COLUMNS_MAX || type != T_STRUCT || f->meta.names) {
        t->bad = true;
        return;
    }
    f->meta.n_columns = (size_t)n - 1; /* the first is the root */
    f->meta.names = sh_new(f->arena, struct sh_str, n);
    f->meta.optional = sh_new(f->arena, bool, n);
    if (!f->meta.names || !f->meta.optional) {
        f->no_room = t->bad = true;
        return;
    }
    for (uint64_t i = 0; i < n && !t->bad; i++) {
        int64_t id = 0;
        uint64_t repetition = 0, children = 0;
        struct sh_str name = {0};
        while ((type = field(t, &id)) != T_STOP)
            if (id == 3)
                repetition = number(t, type, 2);
            else if (id == 4 && type == T_BINARY)
                name = binary(t);
            else if (id == 5)
                children = number(t, type, COLUMNS_MAX);
            else
                skip(t, type, false, 0);
        if (i == 0)
            continue;
        t->bad |= repetition == 2 || children > 0; /* a nested table */
        f->meta.names[i - 1].at = sh_arena_dup(f->arena, name.at, name.len);
        f->meta.names[i - 1].len = name.len;
        f->meta.optional[i - 1] = repetition == 1;
        f->no_room |= !f->meta.names[i - 1].at;
    }
}

static bool number_of(struct sh_str bytes, int32_t *ret) {
    if (bytes.len == sizeof *ret)
        memcpy(ret, bytes.at, sizeof *ret);
    return bytes.len == sizeof *ret;
}

static void read_statistics(struct thrift *t, struct sh_pq_chunk *chunk) {
    int64_t id = 0;
    bool has_min = false, has_max = false;
    for (unsigned type; (type = field(t, &id)) != T_STOP;)
        if (id == 5 && type == T_BINARY)
            has_max = number_of(binary(t), &chunk->max);
        else if (id == 6 && type == T_BINARY)
            has_min = number_of(binary(t), &chunk->min);
        else
            skip(t, type, false, 0);
    chunk->has_range = chunk->type == SH_PQ_INT32 && has_min && has_max;
}

static void read_chunk_meta(struct footer *f, struct sh_pq_chunk *chunk) {
    struct thrift *t = &f->t;
    int64_t id = 0;
    uint64_t data = 0, dictionary = 0;
    for (unsigned type; (type = field(t, &id)) != T_STOP;)
        if (id == 1)
            chunk->type = (int32_t)number(t, type, 255);
        else if (id == 4)
            chunk->codec = (int32_t)number(t, type, 255);
        else if (id == 5)
            chunk->n_values = number(t, type, INT64_MAX);
        else if (id == 7)
            chunk->bytes = number(t, type, f->file_bytes);
        else if (id == 9)
            data = number(t, type, f->file_bytes);
        else if (id == 11)
            dictionary = number(t, type, f->file_bytes);
        else if (id == 12 && type == T_STRUCT)
            read_statistics(t, chunk);
        else
            skip(t, type, false, 0);
    chunk->offset = dictionary > 0 && dictionary < data ? dictionary : data;
    t->bad |= chunk->offset + chunk->bytes > f->file_bytes;
}

static void read_group(struct footer *f, size_t group) {
    struct thrift *t = &f->t;
    int64_t id = 0;
    unsigned type;
    while ((type = field(t, &id)) != T_STOP) {
        if (id == 3) {
            f->meta.group_rows[group] = number(t, type, INT64_MAX);
            continue;
        }
        if (id != 1 || type != T_LIST) {
            skip(t, type, false, 0);
            continue;
        }
        const uint64_t n = list(t, &type);
        t->bad |= n != f->meta.n_columns || type != T_STRUCT;
        for (size_t c = 0; c < n && !t->bad; c++) {
            int64_t inner = 0;
            while ((type = field(t, &inner)) != T_STOP)
                if (inner == 3 && type == T_STRUCT)
                    read_chunk_meta(f, &f->meta.chunks[group * f->meta.n_columns + c]);
                else
                    skip(t, type, false, 0);
        }
    }
    for (size_t c = 0; c < f->meta.n_columns && !t->bad; c++)
        t->bad |= f->meta.chunks[group * f->meta.n_columns + c].n_values != f->meta.group_rows[group];
}

static void read_groups(struct footer *f) {
    struct thrift *t = &f->t;
    unsigned type;
    const uint64_t n = list(t, &type);
    if (n > GROUPS_MAX || (n > 0 && type != T_STRUCT) || !f->meta.names || f->meta.group_rows) {
        t->bad = true;
        return;
    }
    f->meta.n_groups = (size_t)n;
    f->meta.group_rows = sh_new(f->arena, uint64_t, n + 1);
    f->meta.chunks = sh_new(f->arena, struct sh_pq_chunk, n * f->meta.n_columns + 1);
    if (!f->meta.group_rows || !f->meta.chunks) {
        f->no_room = t->bad = true;
        return;
    }
    for (uint64_t i = 0; i < n && !t->bad; i++)
        read_group(f, (size_t)i);
}

sh_code sh_pq_meta_parse(struct sh_str footer, uint64_t file_bytes, struct sh_arena *arena,
                         struct sh_pq_meta *ret, struct sh_err *err) {
    const uint8_t *at = (const uint8_t *)footer.at;
    struct footer f = {.t = {at, at + footer.len, false}, .file_bytes = file_bytes, .arena = arena};
    int64_t id = 0;
    for (unsigned type; (type = field(&f.t, &id)) != T_STOP;)
        if (id == 2 && type == T_LIST)
            read_schema(&f);
        else if (id == 4 && type == T_LIST)
            read_groups(&f);
        else
            skip(&f.t, type, false, 0);
    if (f.no_room)
        return sh_fail(err, SH_E_NOMEM, "no room for the footer of a Parquet file");
    if (f.t.bad || !f.meta.names || !f.meta.group_rows)
        return corrupt("its footer does not fit", err);
    *ret = f.meta;
    return SH_OK;
}

/* ---- pages
 * ------------------------------------------------------------------------------------------------------------------
 */

static void read_page_values(struct thrift *t, struct sh_pq_page_header *page) {
    int64_t id = 0;
    for (unsigned type; (type = field(t, &id)) != T_STOP;)
        if (id == 1)
            page->n_values = (uint32_t)number(t, type, INT32_MAX);
        else if (id == 2)
            page->encoding = (int32_t)number(t, type, 255);
        else
            skip(t, type, false, 0);
}

sh_code sh_pq_page_parse(struct sh_str at, struct sh_pq_page_header *ret, size_t *ret_len,
                         struct sh_err *err) {
    const uint8_t *from = (const uint8_t *)at.at;
    struct thrift t = {from, from + at.len, false};
    struct sh_pq_page_header page = {.kind = -1};
    int64_t id = 0;
    for (unsigned type; (type = field(&t, &id)) != T_STOP;)
        if (id == 1)
            page.kind = (int32_t)number(&t, type, 255);
        else if (id == 2)
            page.bytes = (uint32_t)number(&t, type, INT32_MAX);
        else if (id == 3)
            page.packed_bytes = (uint32_t)number(&t, type, INT32_MAX);
        else if ((id == 5 || id == 7) && type == T_STRUCT)
            read_page_values(&t, &page);
        else
            skip(&t, type, false, 0);
    if (t.bad || page.packed_bytes > (uint64_t)(t.end - t.at))
        return corrupt("a page does not fit", err);
    *ret = page;
    *ret_len = (size_t)(t.at - from);
    return SH_OK;
}
