#include "base/json.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/money.h"
#include <string.h>

void sh_json_begin(struct sh_json *json, struct sh_buf *buf) {
    json->buf = buf;
    json->depth = 0;
    json->has_key = false;
    json->levels[0].is_object = false;
    json->levels[0].has_members = false;
}

/* Before each value: the comma, unless a key stands before it. */
static void before_value(struct sh_json *json) {
    sh_check(json->has_key == json->levels[json->depth].is_object);
    sh_check(json->depth > 0 || !json->levels[0].has_members); /* one value at the top */
    if (!json->has_key && json->levels[json->depth].has_members)
        (void)sh_buf_add_char(json->buf, ',');
    json->levels[json->depth].has_members = true;
    json->has_key = false;
}

static void open_level(struct sh_json *json, bool is_object) {
    before_value(json);
    sh_check(json->depth < SH_JSON_DEPTH_MAX);
    json->depth++;
    json->levels[json->depth].is_object = is_object;
    json->levels[json->depth].has_members = false;
    (void)sh_buf_add_char(json->buf, is_object ? '{' : '[');
}

static void close_level(struct sh_json *json, bool is_object) {
    sh_check(json->depth > 0 && !json->has_key);
    sh_check(json->levels[json->depth].is_object == is_object);
    json->depth--;
    (void)sh_buf_add_char(json->buf, is_object ? '}' : ']');
}

void sh_json_object(struct sh_json *json) {
    open_level(json, true);
}

void sh_json_object_end(struct sh_json *json) {
    close_level(json, true);
}

void sh_json_array(struct sh_json *json) {
    open_level(json, false);
}

void sh_json_array_end(struct sh_json *json) {
    close_level(json, false);
}

static void add_escape(struct sh_buf *buf, unsigned char c) {
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof(shorts); i += 2)
        if ((unsigned char)shorts[i] == c) {
            const char escape[2] = {'\\', shorts[i + 1]};
            (void)sh_buf_add(buf, escape, 2);
            return;
        }
    (void)sh_buf_addf(buf, "\\u%04x", (unsigned)c);
}

/* Eight bytes that stand for themselves: printable ASCII but quote and backslash. */
static bool is_clean_word(uint64_t w) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    const uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
    /* A byte below 0x20, or zero after the exclusive or, borrows; bytes above 0x7f show by themselves. */
    return (((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & tops) == 0;
}

/* Bytes from i on that stand for themselves. */
static size_t clean_run(struct sh_str text, size_t i) {
    for (uint64_t w; i + sizeof(w) <= text.len; i += sizeof(w)) {
        memcpy(&w, text.at + i, sizeof(w));
        if (!is_clean_word(w))
            break;
    }
    const size_t rest = text.len - i;
    if (rest > 0 && rest < sizeof(uint64_t) && text.len >= sizeof(uint64_t)) {
        uint64_t w; /* the last eight, of which some are known already */
        memcpy(&w, text.at + text.len - sizeof(w), sizeof(w));
        if (is_clean_word(w))
            return text.len;
    }
    for (; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
    }
    return i;
}

/* Chinese and most else of three bytes, from i on; lead bytes with more to check (E0, ED) are left to others.
 */
static size_t han_run(struct sh_str text, size_t i) {
    const unsigned char *at = (const unsigned char *)text.at;
    while (text.len - i >= 3 && at[i] > 0xe0 && at[i] < 0xf0 && at[i] != 0xed && (at[i + 1] & 0xc0) == 0x80 &&
           (at[i + 2] & 0xc0) == 0x80)
        i += 3;
    return i;
}

/* Does every byte stand for itself? So it is of nearly all texts. */
static bool is_clean(struct sh_str text) {
    for (size_t i = 0;;) {
        const size_t begin = clean_run(text, i);
        i = han_run(text, begin);
        if (i == begin)
            return i == text.len;
    }
}

/* `before`, the text in quotes, `after`: in one go where there is room. */
static bool add_clean(struct sh_buf *buf, struct sh_str text, char before, char after) {
    if (buf->failed != SH_OK || buf->cap - buf->len < text.len + 5 || !is_clean(text))
        return false;
    char *at = buf->at + buf->len;
    if (before)
        *at++ = before;
    *at++ = '"';
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    at += text.len;
    *at++ = '"';
    if (after)
        *at++ = after;
    *at = '\0';
    buf->len = (size_t)(at - buf->at);
    return true;
}

static void add_string(struct sh_buf *buf, struct sh_str text) {
    if (add_clean(buf, text, 0, 0))
        return;
    (void)sh_buf_add_char(buf, '"');
    size_t clean = 0; /* bytes before it are written */
    for (size_t i = clean_run(text, 0); i < text.len; i = clean_run(text, i)) {
        const size_t begin = i;
        if ((i = han_run(text, i)) > begin)
            continue;
        const unsigned char c = (unsigned char)text.at[i];
        const uint32_t point = sh_utf8_next(text, &i);
        const bool is_bad = point == 0xfffd && i - begin == 1;
        if (c >= 0x80 && !is_bad)
            continue;
        (void)sh_buf_add(buf, text.at + clean, begin - clean);
        clean = i;
        if (is_bad)
            (void)sh_buf_add_text(buf, "\xef\xbf\xbd");
        else
            add_escape(buf, c);
    }
    (void)sh_buf_add(buf, text.at + clean, text.len - clean);
    (void)sh_buf_add_char(buf, '"');
}

void sh_json_key(struct sh_json *json, const char *key) {
    sh_check(json->levels[json->depth].is_object && !json->has_key);
    json->has_key = true;
    const char comma = json->levels[json->depth].has_members ? ',' : 0;
    if (add_clean(json->buf, sh_str_of(key), comma, ':'))
        return;
    if (comma)
        (void)sh_buf_add_char(json->buf, comma);
    add_string(json->buf, sh_str_of(key));
    (void)sh_buf_add_char(json->buf, ':');
}

void sh_json_key_ready(struct sh_json *json, struct sh_str comma_key_colon) {
    sh_check(json->levels[json->depth].is_object && !json->has_key);
    json->has_key = true;
    const size_t skip = !json->levels[json->depth].has_members;
    (void)sh_buf_add(json->buf, comma_key_colon.at + skip, comma_key_colon.len - skip);
}

void sh_json_members(struct sh_json *json, struct sh_str members) {
    sh_check(json->levels[json->depth].is_object && !json->has_key);
    if (json->levels[json->depth].has_members)
        (void)sh_buf_add_char(json->buf, ',');
    json->levels[json->depth].has_members = true;
    (void)sh_buf_add_str(json->buf, members);
}

void sh_json_str(struct sh_json *json, struct sh_str text) {
    before_value(json);
    add_string(json->buf, text.at ? text : SH_STR(""));
}

void sh_json_text(struct sh_json *json, const char *text) {
    if (text)
        sh_json_str(json, sh_str_of(text));
    else
        sh_json_null(json);
}

void sh_json_i64(struct sh_json *json, int64_t v) {
    char text[SH_DECIMAL_TEXT_MAX];
    const size_t len = sh_decimal_format(v, 0, 0, text);
    sh_json_raw(json, (struct sh_str){text, len});
}

void sh_json_bool(struct sh_json *json, bool v) {
    sh_json_raw(json, v ? SH_STR("true") : SH_STR("false"));
}

void sh_json_null(struct sh_json *json) {
    sh_json_raw(json, SH_STR("null"));
}

void sh_json_raw(struct sh_json *json, struct sh_str value) {
    before_value(json);
    (void)sh_buf_add_str(json->buf, value);
}

void sh_json_date(struct sh_json *json, int32_t days) {
    char text[SH_DATE_TEXT_MAX];
    const size_t len = sh_date_format(days, text);
    sh_json_str(json, (struct sh_str){text, len});
}

void sh_json_money(struct sh_json *json, int64_t fen) {
    char text[SH_MONEY_TEXT_MAX];
    const size_t len = sh_money_plain(fen, text);
    sh_json_raw(json, (struct sh_str){text, len});
}

void sh_json_put_str(struct sh_json *json, const char *key, struct sh_str text) {
    sh_json_key(json, key);
    sh_json_str(json, text);
}

void sh_json_put_text(struct sh_json *json, const char *key, const char *text) {
    sh_json_key(json, key);
    sh_json_text(json, text);
}

void sh_json_put_i64(struct sh_json *json, const char *key, int64_t v) {
    sh_json_key(json, key);
    sh_json_i64(json, v);
}

void sh_json_put_date(struct sh_json *json, const char *key, int32_t days) {
    sh_json_key(json, key);
    if (days == INT32_MIN || days == INT32_MAX)
        sh_json_null(json);
    else
        sh_json_date(json, days);
}

void sh_json_put_bool(struct sh_json *json, const char *key, bool v) {
    sh_json_key(json, key);
    sh_json_bool(json, v);
}

sh_code sh_json_end(struct sh_json *json, struct sh_err *err) {
    sh_check(json->depth == 0 && json->levels[0].has_members);
    return sh_buf_check(json->buf, err);
}

/* Nesting, counted outside of strings: jansson recurses, and its own maximum is far above ours. */
static size_t too_deep_at(struct sh_str text) {
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > SH_JSON_DEPTH_MAX)
                return i;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return text.len;
}

sh_code sh_json_read(const char *name, struct sh_str text, json_t **ret, struct sh_err *err) {
    if (text.len > SH_JSON_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s: over %zu bytes", name, SH_JSON_BYTES_MAX);
    size_t line, column;
    const size_t bad = sh_utf8_invalid_at(text), deep = too_deep_at(text);
    if (bad < text.len || deep < text.len) {
        sh_str_place(text, bad < text.len ? bad : deep, &line, &column);
        if (bad < text.len)
            return sh_fail(err, SH_E_INPUT, "%s:%zu:%zu: not UTF-8", name, line, column);
        return sh_fail(err, SH_E_LIMIT, "%s:%zu:%zu: nested deeper than %zu", name, line, column,
                       SH_JSON_DEPTH_MAX);
    }
    json_error_t problem;
    json_t *root =
        json_loadb(text.at ? text.at : "", text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (!root) {
        const bool no_memory = json_error_code(&problem) == json_error_out_of_memory;
        return sh_fail(err, no_memory ? SH_E_NOMEM : SH_E_INPUT, "%s:%d:%d: %s", name,
                       problem.line > 0 ? problem.line : 1, problem.column > 0 ? problem.column : 1,
                       problem.text);
    }
    *ret = root;
    return SH_OK;
}

static bool is_number_byte(char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

sh_code sh_json_quote_reals(struct sh_str text, struct sh_buf *out, struct sh_err *err) {
    bool in_string = false;
    for (size_t i = 0, end; i < text.len; i = end) {
        const char c = text.at[i];
        bool is_real = false;
        end = i + 1;
        if (in_string) {
            end += c == '\\' && end < text.len;
            in_string = c != '"';
        } else if ((c >= '0' && c <= '9') || c == '-') {
            for (end = i; end < text.len && is_number_byte(text.at[end]); end++)
                is_real |= text.at[end] == '.';
        } else {
            in_string = c == '"';
        }
        if (is_real)
            (void)sh_buf_add_char(out, '"');
        (void)sh_buf_add_str(out, sh_str_sub(text, i, end - i));
        if (is_real)
            (void)sh_buf_add_char(out, '"');
    }
    return sh_buf_check(out, err);
}

sh_code sh_json_read_file(const char *path, json_t **ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str text;
    SH_TRY(sh_fs_read(path, SH_JSON_BYTES_MAX, &arena, &text, err));
    return sh_json_read(path, text, ret, err);
}

void sh_json_decref_at(json_t **json) {
    json_decref(*json);
}

sh_code sh_json_get_str(const json_t *object, const char *key, struct sh_str *ret, struct sh_err *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return sh_fail(err, SH_E_INPUT, "\"%s\" is %s", key, value ? "no text" : "missing");
    *ret = (struct sh_str){json_string_value(value), json_string_length(value)};
    return SH_OK;
}

sh_code sh_json_get_i64(const json_t *object, const char *key, int64_t *ret, struct sh_err *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return sh_fail(err, SH_E_INPUT, "\"%s\" is %s", key, value ? "no integer" : "missing");
    *ret = json_integer_value(value);
    return SH_OK;
}

void sh_json_wipe(void) {
    json_set_alloc_funcs(sh_alloc_raw, sh_free);
}
