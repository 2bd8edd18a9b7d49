/* Inner header: writing the thrift compact protocol, as far as a Parquet footer needs it. Failures stay in
 * the buffer (sh_buf_check). */
#pragma once
#include "base/mem.h"

enum sh_thrift_type {
    SH_THRIFT_I32 = 5,
    SH_THRIFT_I64 = 6,
    SH_THRIFT_BINARY = 8,
    SH_THRIFT_LIST = 9,
    SH_THRIFT_STRUCT = 12
};

/* One struct being written: `{.buf = buf}`, fields in ascending order, then sh_thrift_stop. */
struct sh_thrift {
    struct sh_buf *buf;
    int field; /* the last one */
};

/** A number as its bytes of seven bits, least first; the encodings of Parquet's values use it too. */
void sh_thrift_varint(struct sh_buf *buf, uint64_t v);
void sh_thrift_i32(struct sh_thrift *t, int field, int32_t v);
void sh_thrift_i64(struct sh_thrift *t, int field, int64_t v);
void sh_thrift_text(struct sh_thrift *t, int field, struct sh_str text);
/** A struct as a field; end it with sh_thrift_stop. */
struct sh_thrift sh_thrift_struct(struct sh_thrift *t, int field);
/** The head of a list; its n elements follow, written with the three below. */
void sh_thrift_list(struct sh_thrift *t, int field, enum sh_thrift_type of, size_t n);
struct sh_thrift sh_thrift_element(const struct sh_thrift *t);
void sh_thrift_number(struct sh_thrift *t, int64_t v);
void sh_thrift_bytes(struct sh_thrift *t, struct sh_str text);
void sh_thrift_stop(struct sh_thrift *t);
