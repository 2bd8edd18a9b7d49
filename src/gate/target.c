/* Path and arguments of a request. */
#include "gate/target.h"

static int hex_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool has_control(struct sh_str s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return false;
}

sh_code sh_target_decode(struct sh_str raw, bool plus_is_space, struct sh_arena *arena, struct sh_str *ret,
                         struct sh_err *err) {
    char *out = sh_new(arena, char, raw.len + 1);
    if (!out)
        return sh_fail(err, SH_E_NOMEM, "no room for the target");
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] == '+' && plus_is_space) {
            out[n++] = ' ';
        } else if (raw.at[i] != '%') {
            out[n++] = raw.at[i];
        } else {
            const int high = i + 2 < raw.len ? hex_of(raw.at[i + 1]) : -1;
            const int low = i + 2 < raw.len ? hex_of(raw.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return sh_fail(err, SH_E_INPUT, "a %% in the address is not followed by two hex digits");
            out[n++] = (char)(high * 16 + low);
            i += 2;
        }
    }
    *ret = (struct sh_str){out, n};
    if (!sh_utf8_valid(*ret) || has_control(*ret))
        return sh_fail(err, SH_E_INPUT, "the address holds control characters or is not UTF-8");
    return SH_OK;
}

static sh_code parse_path(struct sh_str path, struct sh_arena *arena, struct sh_target *ret,
                          struct sh_err *err) {
    if (path.len == 0 || path.at[0] != '/')
        return sh_fail(err, SH_E_INPUT, "the address must begin with /");
    struct sh_str rest = sh_str_sub(path, 1, path.len);
    if (rest.len == 0)
        return SH_OK;
    for (struct sh_str piece; sh_str_split(&rest, '/', &piece);) {
        if (ret->n_segments == SH_TARGET_SEGMENTS_MAX)
            return sh_fail(err, SH_E_LIMIT, "the address has more than %d parts", SH_TARGET_SEGMENTS_MAX);
        struct sh_str *segment = &ret->segments[ret->n_segments++];
        SH_TRY(sh_target_decode(piece, false, arena, segment, err));
        if (segment->len == 0 || sh_str_is(*segment, ".") || sh_str_is(*segment, ".."))
            return sh_fail(err, SH_E_INPUT, "the address has an empty, \".\" or \"..\" part");
    }
    return SH_OK;
}

static sh_code parse_args(struct sh_str rest, struct sh_arena *arena, struct sh_target *ret,
                          struct sh_err *err) {
    for (struct sh_str piece; sh_str_split(&rest, '&', &piece);) {
        if (piece.len == 0)
            continue;
        if (ret->n_args == SH_TARGET_ARGS_MAX)
            return sh_fail(err, SH_E_LIMIT, "more than %d arguments", SH_TARGET_ARGS_MAX);
        const size_t equals = sh_str_find_char(piece, '=');
        struct sh_arg arg = {0};
        SH_TRY(sh_target_decode(sh_str_sub(piece, 0, equals == SH_STR_NONE ? piece.len : equals), true, arena,
                                &arg.name, err));
        if (equals != SH_STR_NONE)
            SH_TRY(sh_target_decode(sh_str_sub(piece, equals + 1, piece.len), true, arena, &arg.value, err));
        else
            arg.value = SH_STR("");
        for (size_t i = 0; i < ret->n_args; i++)
            if (sh_str_eq(ret->args[i].name, arg.name))
                return sh_fail(err, SH_E_INPUT, "the argument \"%.*s\" is given twice", SH_ARG(arg.name));
        ret->args[ret->n_args++] = arg;
    }
    return SH_OK;
}

sh_code sh_target_parse(struct sh_str raw, struct sh_arena *arena, struct sh_target *ret,
                        struct sh_err *err) {
    *ret = (struct sh_target){0};
    if (raw.len > SH_TARGET_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "the address is longer than %d bytes", SH_TARGET_BYTES_MAX);
    const size_t mark = sh_str_find_char(raw, '?');
    SH_TRY(parse_path(mark == SH_STR_NONE ? raw : sh_str_sub(raw, 0, mark), arena, ret, err));
    if (mark == SH_STR_NONE || mark + 1 >= raw.len)
        return SH_OK;
    return parse_args(sh_str_sub(raw, mark + 1, raw.len), arena, ret, err);
}

struct sh_str sh_target_arg(const struct sh_target *target, const char *name) {
    for (size_t i = 0; i < target->n_args; i++)
        if (sh_str_is(target->args[i].name, name))
            return target->args[i].value;
    return (struct sh_str){0};
}
