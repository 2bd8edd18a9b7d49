/* JSON: an own streaming writer into a buffer, and strict reading of whole texts through jansson. */
#pragma once
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"
#include <jansson.h>

/**
 * Writes compact JSON. Misuse (a value without its key, unbalanced ends) is a programmer's error and checked.
 * Failures of the buffer are sticky; look once, with sh_json_end.
 */
struct sh_json {
    struct sh_buf *buf; /* borrowed; text is appended */
    size_t depth;
    bool has_key;
    struct {
        bool is_object, has_members;
    } levels[SH_JSON_DEPTH_MAX + 1];
};
void sh_json_begin(struct sh_json *json, struct sh_buf *buf);
void sh_json_object(struct sh_json *json);
void sh_json_object_end(struct sh_json *json);
void sh_json_array(struct sh_json *json);
void sh_json_array_end(struct sh_json *json);
/** Key of the next value; only inside an object. */
void sh_json_key(struct sh_json *json, const char *key);
/** The same for a literal of letters that need no escape, made ready by the compiler. */
#define SH_JSON_KEY(json, name) sh_json_key_ready((json), SH_STR(",\"" name "\":"))
void sh_json_key_ready(struct sh_json *json, struct sh_str comma_key_colon);
/** Members of the object as JSON already, `"a":1,"b":2`; at least one. */
void sh_json_members(struct sh_json *json, struct sh_str members);
/** Text must be UTF-8; ill-formed bytes become U+FFFD. Escapes only what must be. */
void sh_json_str(struct sh_json *json, struct sh_str text);
void sh_json_text(struct sh_json *json, const char *text); /* NULL writes null */
void sh_json_i64(struct sh_json *json, int64_t v);
void sh_json_bool(struct sh_json *json, bool v);
void sh_json_null(struct sh_json *json);
/** Text that is one JSON value already. */
void sh_json_raw(struct sh_json *json, struct sh_str value);
/** A date as "YYYY-MM-DD", fen as an exact decimal in quotes-free form 12.34. */
void sh_json_date(struct sh_json *json, int32_t days);
void sh_json_money(struct sh_json *json, int64_t fen);
/** Key and value in one call. */
void sh_json_put_str(struct sh_json *json, const char *key, struct sh_str text);
void sh_json_put_text(struct sh_json *json, const char *key, const char *text);
void sh_json_put_i64(struct sh_json *json, const char *key, int64_t v);
void sh_json_put_bool(struct sh_json *json, const char *key, bool v);
/** A day; null for an open end, INT32_MIN or INT32_MAX. */
void sh_json_put_date(struct sh_json *json, const char *key, int32_t days);
/** All closed? Errors: SH_E_NOMEM, SH_E_LIMIT of the buffer. Unbalanced: sh_check. */
SH_MUST sh_code sh_json_end(struct sh_json *json, struct sh_err *err);

/**
 * Read one JSON text. Refuses duplicate keys, bad UTF-8, numbers beyond int64, depth > SH_JSON_DEPTH_MAX, NUL
 * in text, bytes behind the value, texts over SH_JSON_BYTES_MAX. Reals are kept as double by jansson: money
 * must come as text or integer. name       for messages: "name:line:column: …". ret        owned by the
 * caller: json_decref, or SH_CLEANUP(sh_json_decref_at) json_t *root = NULL. Errors: SH_E_INPUT, SH_E_LIMIT,
 * SH_E_NOMEM.
 */
SH_MUST sh_code sh_json_read(const char *name, struct sh_str text, json_t **ret, struct sh_err *err);
SH_MUST sh_code sh_json_read_file(const char *path, json_t **ret, struct sh_err *err);
/** Valid JSON with each number that has a point as text, so that sh_json_read keeps its digits; appended. */
SH_MUST sh_code sh_json_quote_reals(struct sh_str text, struct sh_buf *out, struct sh_err *err);
void sh_json_decref_at(json_t **json);
/** Values that are freed are overwritten from now on; of the whole process, before the first value. */
void sh_json_wipe(void);
/** Member of an object by key; missing or another type is SH_E_INPUT with the key in the message. Borrowed.
 */
SH_MUST sh_code sh_json_get_str(const json_t *object, const char *key, struct sh_str *ret,
                                struct sh_err *err);
SH_MUST sh_code sh_json_get_i64(const json_t *object, const char *key, int64_t *ret, struct sh_err *err);
