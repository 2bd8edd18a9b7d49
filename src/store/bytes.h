/* Canonical bytes: big-endian numbers, texts with a length of 4 bytes before them. docs/journal.md. Inner
 * header. */
#pragma once
#include "base/mem.h"

static inline void sh_put_u64(struct sh_buf *buf, uint64_t v) {
    char out[8];
    for (int i = 0; i < 8; i++)
        out[i] = (char)(v >> (56 - 8 * i));
    (void)sh_buf_add(buf, out, 8);
}
static inline void sh_put_u32(struct sh_buf *buf, uint32_t v) {
    const char out[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    (void)sh_buf_add(buf, out, 4);
}
static inline void sh_put_bytes(struct sh_buf *buf, const void *at, size_t len) {
    (void)sh_buf_add(buf, at, len);
}
static inline void sh_put_str(struct sh_buf *buf, struct sh_str text) {
    sh_put_u32(buf, (uint32_t)text.len);
    (void)sh_buf_add(buf, text.at ? text.at : "", text.len);
}

/** Reads the same; `is_bad` once something is missing. */
struct sh_reader {
    struct sh_str rest;
    bool is_bad;
};
static inline struct sh_str sh_take(struct sh_reader *reader, size_t len) {
    if (reader->is_bad || len > reader->rest.len) {
        reader->is_bad = true;
        return (struct sh_str){0};
    }
    const struct sh_str taken = {reader->rest.at, len};
    reader->rest.at += len;
    reader->rest.len -= len;
    return taken;
}
static inline uint64_t sh_take_number(struct sh_reader *reader, size_t len) {
    const struct sh_str bytes = sh_take(reader, len);
    uint64_t v = 0;
    for (size_t i = 0; i < bytes.len; i++)
        v = v << 8 | (uint8_t)bytes.at[i];
    return v;
}
static inline struct sh_str sh_take_str(struct sh_reader *reader) {
    return sh_take(reader, (size_t)sh_take_number(reader, 4));
}
