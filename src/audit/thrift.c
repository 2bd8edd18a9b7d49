#include "audit/thrift.h"

void sh_thrift_varint(struct sh_buf *buf, uint64_t v) {
    for (; v >= 128; v >>= 7)
        (void)sh_buf_add_char(buf, (char)(v | 128));
    (void)sh_buf_add_char(buf, (char)v);
}

/* Fields are told by how far they lie behind the one before. */
static void begin(struct sh_thrift *t, int field, enum sh_thrift_type type) {
    sh_check(field > t->field && field - t->field < 16);
    (void)sh_buf_add_char(t->buf, (char)((field - t->field) << 4 | (int)type));
    t->field = field;
}

void sh_thrift_number(struct sh_thrift *t, int64_t v) {
    sh_thrift_varint(t->buf, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

void sh_thrift_bytes(struct sh_thrift *t, struct sh_str text) {
    sh_thrift_varint(t->buf, text.len);
    (void)sh_buf_add_str(t->buf, text);
}

void sh_thrift_i32(struct sh_thrift *t, int field, int32_t v) {
    begin(t, field, SH_THRIFT_I32);
    sh_thrift_number(t, v);
}

void sh_thrift_i64(struct sh_thrift *t, int field, int64_t v) {
    begin(t, field, SH_THRIFT_I64);
    sh_thrift_number(t, v);
}

void sh_thrift_text(struct sh_thrift *t, int field, struct sh_str text) {
    begin(t, field, SH_THRIFT_BINARY);
    sh_thrift_bytes(t, text);
}

struct sh_thrift sh_thrift_struct(struct sh_thrift *t, int field) {
    begin(t, field, SH_THRIFT_STRUCT);
    return (struct sh_thrift){.buf = t->buf};
}

void sh_thrift_list(struct sh_thrift *t, int field, enum sh_thrift_type of, size_t n) {
    begin(t, field, SH_THRIFT_LIST);
    (void)sh_buf_add_char(t->buf, (char)((n < 15 ? n : 15) << 4 | (unsigned)of));
    if (n >= 15)
        sh_thrift_varint(t->buf, n);
}

struct sh_thrift sh_thrift_element(const struct sh_thrift *t) {
    return (struct sh_thrift){.buf = t->buf};
}

void sh_thrift_stop(struct sh_thrift *t) {
    (void)sh_buf_add_char(t->buf, 0);
}
