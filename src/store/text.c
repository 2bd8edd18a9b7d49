/* Names, codes and ids of the room. */
#include "store/inner.h"

bool sh_is_name(struct sh_str text, size_t max) {
    if (text.len == 0 || text.len > max || text.at[0] < 'a' || text.at[0] > 'z')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return true;
}

bool sh_is_code(struct sh_str text, size_t max) {
    if (text.len == 0 || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
              c == '-' || c == '.' || c == ':'))
            return false;
    }
    return true;
}

sh_code sh_id_parse(struct sh_str text, uint8_t ret[SH_ID_BYTES], struct sh_err *err) {
    if (!sh_unhex(text, ret, SH_ID_BYTES))
        return sh_fail(err, SH_E_INPUT, "an id has %d digits 0-9 a-f", SH_ID_TEXT);
    return SH_OK;
}

sh_code sh_id_text(struct sh_str bytes, struct sh_arena *arena, struct sh_str *ret, struct sh_err *err) {
    if (bytes.len != SH_ID_BYTES)
        return sh_fail(err, SH_E_CORRUPT, "an id of %zu bytes, wanted %d", bytes.len, SH_ID_BYTES);
    char *text = sh_new(arena, char, SH_ID_TEXT + 1);
    if (!text)
        return sh_fail(err, SH_E_NOMEM, "no room for an id");
    sh_hex((const uint8_t *)bytes.at, SH_ID_BYTES, text);
    *ret = (struct sh_str){text, SH_ID_TEXT};
    return SH_OK;
}
