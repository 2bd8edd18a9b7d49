/* Values as text, for receipts and for `say`. */
#include "expr/node.h"
#include "base/date.h"
#include "base/decimal.h"
#include <string.h>

enum { SET_WORDS_MAX = 8 };

/* The next piece of a format of plain text, %s, %.*s and %lld; number: room for one. False: the end. */
static bool next_piece(const char **format, va_list *values, char number[SH_DECIMAL_TEXT_MAX],
                       struct sh_str *ret) {
    const char *at = *format;
    if (*at == '\0')
        return false;
    if (*at != '%') {
        const size_t len = strcspn(at, "%");
        *ret = (struct sh_str){at, len};
        *format = at + len;
    } else if (at[1] == 's') {
        *ret = sh_str_of(va_arg(*values, const char *));
        *format = at + 2;
    } else if (at[1] == '.') {
        const int len = va_arg(*values, int);
        *ret = (struct sh_str){va_arg(*values, const char *), (size_t)(len > 0 ? len : 0)};
        *format = at + 4;
    } else {
        const size_t len = sh_decimal_format(va_arg(*values, long long), 0, 0, number);
        *ret = (struct sh_str){number, len};
        *format = at + 4;
    }
    return true;
}

/* Texts of receipts are made by the thousand: printf would be most of their cost. */
sh_code sh_run_text(const struct sh_run *run, struct sh_str *ret, const char *format, ...) {
    va_list values;
    char number[SH_DECIMAL_TEXT_MAX], *text = NULL;
    struct sh_str piece;
    size_t len = 0;
    for (int pass = 0; pass < 2; pass++) { /* its length, then its bytes */
        const char *rest = format;
        va_start(values, format);
        for (size_t at = 0; next_piece(&rest, &values, number, &piece); at += piece.len) {
            if (pass == 0)
                len += piece.len;
            else if (piece.len > 0)
                memcpy(text + at, piece.at, piece.len);
        }
        va_end(values);
        if (pass == 0)
            text = sh_arena_alloc_raw(run->in->arena, len + 1, 1, 1);
        if (!text)
            return sh_run_nomem(run);
    }
    text[len] = '\0';
    *ret = (struct sh_str){text, len};
    return SH_OK;
}

static sh_code keep_text(const struct sh_run *run, const char *text, size_t len, struct sh_str *ret) {
    const char *kept = sh_arena_dup(run->in->arena, text, len);
    *ret = (struct sh_str){kept, len};
    return kept ? SH_OK : sh_run_nomem(run);
}

static sh_code print_number(const struct sh_run *run, struct sh_type type, int64_t value,
                            struct sh_str *ret) {
    char out[SH_DECIMAL_TEXT_MAX + sizeof(".00")];
    const int least = type.unit == SH_UNIT_YUAN && type.scale >= 2 ? 2 : 0;
    size_t len = sh_decimal_format(value, type.scale, least, out);
    if (type.unit == SH_UNIT_YUAN && type.scale == 0) {
        out[len++] = '.';
        out[len++] = '0';
        out[len++] = '0';
    }
    return keep_text(run, out, len, ret);
}

static sh_code print_name(const struct sh_run *run, struct sh_type type, int64_t value, struct sh_str *ret) {
    const struct sh_world *world = run->in->world;
    if (type.kind == SH_KIND_CODE && value < 0) /* a code of the knowledge that no row of the lake has */
        return sh_run_text(run, ret, "(not in the lake)");
    if (world && world->name) {
        *ret = world->name(world->ctx, type, value, run->in->arena);
        if (ret->at)
            return SH_OK;
    }
    return sh_run_text(run, ret, "#%lld", (long long)value);
}

static sh_code print_value(const struct sh_run *run, struct sh_type type, int64_t value, struct sh_str *ret);

static sh_code print_set(const struct sh_run *run, struct sh_type type, const struct sh_set *set,
                         struct sh_str *ret) {
    struct sh_type member = {.kind = type.member, .domain = type.domain};
    SH_TRY(sh_run_text(run, ret, "{"));
    for (uint32_t i = 0; i < set->n && i < SET_WORDS_MAX; i++) {
        struct sh_str word;
        SH_TRY(print_value(run, member, set->written ? set->written[i] : set->ids[i], &word));
        SH_TRY(sh_run_text(run, ret, "%.*s%s%.*s", SH_ARG(*ret), i ? ", " : "", SH_ARG(word)));
    }
    return sh_run_text(run, ret, "%.*s%s}", SH_ARG(*ret), set->n > SET_WORDS_MAX ? ", …" : "");
}

static sh_code print_range(const struct sh_run *run, struct sh_type type, const struct sh_range *range,
                           struct sh_str *ret) {
    const struct sh_type member = {
        .kind = type.member, .unit = range->unit, .scale = type.scale, .domain = type.domain};
    struct sh_str low = {0}, high = {0};
    if (range->low != SH_MISSING)
        SH_TRY(print_value(run, member, range->low, &low));
    if (range->high != SH_MISSING)
        SH_TRY(print_value(run, member, range->high, &high));
    const char *unit = range->unit == SH_UNIT_DAYS ? " days" : range->unit == SH_UNIT_MONTHS ? " months" : "";
    return sh_run_text(run, ret, "[%.*s, %.*s)%s", SH_ARG(low), SH_ARG(high), unit);
}

static sh_code print_value(const struct sh_run *run, struct sh_type type, int64_t value, struct sh_str *ret) {
    const struct sh_frame *frame = run->in->frame;
    char out[SH_TIME_TEXT_MAX];
    *ret = SH_STR("?");
    if (value <= SH_NONE)
        return SH_OK;
    switch (type.kind) {
    case SH_KIND_BOOL:
        *ret = value ? SH_STR("true") : SH_STR("false");
        return SH_OK;
    case SH_KIND_NUMBER:
        return print_number(run, type, value, ret);
    case SH_KIND_DATE:
        if (value < INT32_MIN || value > INT32_MAX)
            return SH_OK;
        return keep_text(run, out, sh_date_format((int32_t)value, out), ret);
    case SH_KIND_TIME:
        return keep_text(run, out, sh_time_format(value, out), ret);
    case SH_KIND_CODE:
    case SH_KIND_TEXT:
        return print_name(run, type, value, ret);
    case SH_KIND_LEVEL: {
        const char *const *words = frame->model->level_words[type.domain];
        for (int64_t i = 0; words && words[i]; i++)
            if (i == value)
                *ret = sh_str_of(words[i]);
        return SH_OK;
    }
    case SH_KIND_SET:
        return print_set(run, type, &frame->sets[value], ret);
    case SH_KIND_RANGE:
        return print_range(run, type, &frame->ranges[value], ret);
    case SH_KIND_SCOPE:
        *ret = sh_str_of(sh_scope_word((enum sh_expr_scope)value));
        return SH_OK;
    }
    return SH_OK;
}

sh_code sh_value_print(struct sh_type type, int64_t value, const struct sh_eval *in, struct sh_str *ret,
                       struct sh_err *err) {
    const struct sh_run run = {.in = in, .err = err};
    return print_value(&run, type, value, ret);
}

sh_code sh_spot_print(struct sh_run *run, const struct sh_node *node, const struct sh_spot *spot,
                      struct sh_str *ret) {
    int64_t value;
    struct sh_wide w = {0};
    SH_TRY(sh_spot_value(run, node, spot, &value, &w));
    struct sh_type type = node->type;
    if (w.num && type.unit == SH_UNIT_YUAN) { /* computed money is shown as it will be paid */
        value = sh_wide_round(w.num[0], w.den ? w.den[0] : 1, node->vscale, 2);
        type.scale = 2;
    }
    return print_value(run, type, value, ret);
}

/* ---- templates ----------------------------------------------------------------------------------------- */

/* Text and expressions in turn; a part without expression is text. */
struct part {
    struct sh_str text;
    struct sh_expr *expr;
    struct part *next;
};
struct sh_template {
    struct part *parts;
    size_t n_parts, n_exprs;
};

/* End of the expression that begins behind a '{': its own '}', past sets and quotes. */
static bool closing(struct sh_str text, size_t from, size_t *ret) {
    int depth = 0;
    char quote = '\0';
    for (size_t i = from; i < text.len; i++) {
        const char c = text.at[i];
        if (quote)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '{')
            depth++;
        else if (c == '}' && depth-- == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static struct sh_place place_at(struct sh_place at, struct sh_str text, size_t offset) {
    size_t start = 0;
    for (size_t i = 0; i < offset; i++)
        if (text.at[i] == '\n')
            at.line++, at.column = 1, start = i + 1;
    at.column += (uint32_t)sh_utf8_count(sh_str_sub(text, start, offset - start));
    return at;
}

struct template_build {
    struct sh_str text;
    struct sh_place at;
    const struct sh_context *context;
    struct sh_arena *arena;
    struct sh_template *template;
    struct part **tail;
    struct sh_err *err;
};

static sh_code add_part(struct template_build *b, struct sh_str text, struct sh_expr *expr) {
    struct part *part = sh_new(b->arena, struct part, 1);
    char *copy = expr ? NULL : sh_arena_dup(b->arena, text.at, text.len);
    if (!part || (!expr && !copy))
        return sh_fail(b->err, SH_E_NOMEM, "no memory for the text");
    *part = (struct part){.text = {copy, text.len}, .expr = expr};
    *b->tail = part;
    b->tail = &part->next;
    b->template->n_parts++, b->template->n_exprs += expr != NULL;
    return SH_OK;
}

static sh_code build(struct template_build *b) {
    const struct sh_str text = b->text;
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (c != '{' && c != '}')
            continue;
        const struct sh_place place = place_at(b->at, text, i);
        SH_TRY(add_part(b, sh_str_sub(text, from, i - from), NULL));
        if (i + 1 < text.len && text.at[i + 1] == c) { /* {{ and }} */
            from = ++i;
            continue;
        }
        size_t end = 0;
        if (c == '}')
            return sh_fail(b->err, SH_E_INPUT, "%s:%u:%u: '}' closes nothing; write }} for the sign itself",
                           place.file, place.line, place.column);
        if (!closing(text, i + 1, &end))
            return sh_fail(b->err, SH_E_INPUT, "%s:%u:%u: '{' is not closed; write {{ for the sign itself",
                           place.file, place.line, place.column);
        struct sh_expr *expr;
        SH_TRY(sh_expr_compile(sh_str_sub(text, i + 1, end - i - 1), place_at(b->at, text, i + 1), b->context,
                               b->arena, &expr, b->err));
        SH_TRY(add_part(b, (struct sh_str){0}, expr));
        i = end;
        from = end + 1;
    }
    return add_part(b, sh_str_sub(text, from, text.len - from), NULL);
}

sh_code sh_template_compile(struct sh_str text, struct sh_place at, const struct sh_context *context,
                            struct sh_arena *arena, struct sh_template **ret, struct sh_err *err) {
    if (!at.file)
        at.file = "";
    if (text.len > SH_EXPR_BYTES_MAX)
        return sh_fail(err, SH_E_LIMIT, "%s:%u:%u: a text of %zu bytes; %d is the most", at.file, at.line,
                       at.column, text.len, SH_EXPR_BYTES_MAX);
    struct sh_template *t = sh_new(arena, struct sh_template, 1);
    if (!t)
        return sh_fail(err, SH_E_NOMEM, "no memory for the text");
    struct template_build b = {.text = text,
                               .at = at,
                               .context = context,
                               .arena = arena,
                               .template = t,
                               .tail = &t->parts,
                               .err = err};
    SH_TRY(build(&b));
    *ret = t;
    return SH_OK;
}

sh_code sh_template_bind(struct sh_template *t, sh_lookup_fn *lookup, void *ctx, struct sh_arena *arena,
                         struct sh_err *err) {
    for (struct part *p = t->parts; p; p = p->next)
        if (p->expr)
            SH_TRY(sh_expr_bind(p->expr, lookup, ctx, arena, err));
    return SH_OK;
}

sh_code sh_template_exprs(struct sh_template *t, struct sh_arena *arena, struct sh_expr ***ret, size_t *ret_n,
                          struct sh_err *err) {
    *ret = sh_new(arena, struct sh_expr *, t->n_exprs + 1);
    *ret_n = 0;
    if (!*ret)
        return sh_fail(err, SH_E_NOMEM, "no memory for the expressions of a text");
    for (struct part *p = t->parts; p; p = p->next)
        if (p->expr)
            (*ret)[(*ret_n)++] = p->expr;
    return SH_OK;
}

sh_code sh_template_needs(const struct sh_template *t, struct sh_arena *arena, struct sh_need **ret,
                          size_t *ret_n, struct sh_err *err) {
    const struct sh_expr **exprs = sh_new(arena, const struct sh_expr *, t->n_exprs + 1);
    if (!exprs)
        return sh_fail(err, SH_E_NOMEM, "no memory for the needs of a text");
    size_t n = 0;
    for (const struct part *p = t->parts; p; p = p->next)
        if (p->expr)
            exprs[n++] = p->expr;
    return sh_needs_of(exprs, n, arena, ret, ret_n, err);
}

sh_code sh_template_print(const struct sh_template *t, const struct sh_eval *in, const struct sh_batch *batch,
                          uint32_t i, struct sh_str *ret, struct sh_err *err) {
    struct sh_run run = {.in = in, .err = err};
    struct sh_str *pieces = sh_new_raw(in->arena, struct sh_str, t->n_parts + 1);
    size_t n = 0, len = 0;
    if (!pieces)
        return sh_run_nomem(&run);
    for (const struct part *p = t->parts; p; p = p->next) {
        pieces[n] = p->text;
        if (p->expr) {
            run.env = &p->expr->env;
            const struct sh_spot spot = sh_spot_of(p->expr, batch, i);
            SH_TRY(sh_spot_print(&run, p->expr->root, &spot, &pieces[n]));
        }
        len += pieces[n++].len;
    }
    char *text = sh_arena_alloc_raw(in->arena, len + 1, 1, 1), *at = text;
    if (!text)
        return sh_run_nomem(&run);
    for (size_t p = 0; p < n; p++) {
        if (pieces[p].len > 0)
            memcpy(at, pieces[p].at, pieces[p].len);
        at += pieces[p].len;
    }
    *at = '\0';
    *ret = (struct sh_str){text, len};
    return SH_OK;
}
