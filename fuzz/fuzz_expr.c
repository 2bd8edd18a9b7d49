/* Any text: compiling never crashes and names the place of a fault; what compiles is evaluated and explained
 * on a few rows. */
#include "../tests/expr/small.h"
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is) {
    if (!is)
        abort();
}

/* A few bytes change the rows. */
static void disturb(struct small *s, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size && i < N_LINES; i++) {
        if (data[i] & 1)
            s->l_covered[i] = data[i] & 2 ? SH_MISSING : INT64_MAX / (data[i] | 1);
        if (data[i] & 4)
            s->l_quantity[i] = data[i] & 8 ? -(s->l_covered[i] / 3) : INT64_MIN + 1 + data[i];
        if (data[i] & 16)
            s->l_time[i] = data[i] & 32 ? INT64_MAX - data[i] : -(int64_t)data[i] * 1000000000;
    }
}

static void explain(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                    const int64_t *values) {
    struct sh_err err;
    for (uint32_t i = 0; i < batch->n; i++) {
        struct sh_str text;
        struct sh_value_read *read;
        size_t n;
        const sh_code code = sh_expr_missing(e, in, batch, i, &text, &err);
        must(code == SH_OK && (text.len > 0) == (values[i] == SH_MISSING));
        must(sh_expr_clearing(e, in, batch, i, &text, &err) == SH_OK);
        must(sh_utf8_valid(text));
        must(sh_expr_values(e, in, batch, i, &read, &n, &err) == SH_OK);
        for (size_t v = 0; v < n; v++)
            must(sh_utf8_valid(read[v].value) && read[v].name.len > 0);
    }
}

static void one_kind(struct sh_str text, enum sh_context_kind kind, struct small *s) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = 64u << 20};
    const struct sh_context context = small_context(kind);
    struct sh_err err = {0};
    struct sh_expr *e;
    const sh_code code = sh_expr_compile(text, (struct sh_place){"f.yaml", 3, 5}, &context, &arena, &e, &err);
    must(code == SH_OK || code == SH_E_LIMIT ||
         (code == SH_E_INPUT && strncmp(err.message, "f.yaml:", 7) == 0));
    must(code == SH_OK || sh_utf8_valid(sh_str_of(err.message)) || !sh_utf8_valid(text));
    if (code != SH_OK)
        return;
    must(sh_expr_bind(e, small_lookup, NULL, &arena, &err) == SH_OK);
    const int32_t ks[N_LINES] = {0, 1, 2, 0, 1, 2, 0, 1}, first[] = {0, 4, -1};
    const uint32_t begin[] = {0, 4, 8, 8}, standing_begin[] = {0, 2, 2, 2}, standing[] = {1, 3};
    const struct sh_batch members = {.n = N_LINES, .rows = {s->iota, ks}};
    const struct sh_batch rows = {.n = N_LINES, .rows = {NULL, ks}};
    const struct sh_batch groups = {.n = 3,
                                    .rows = {first, ks},
                                    .members = &members,
                                    .member_begin = begin,
                                    .standing_members = standing,
                                    .standing_begin = standing_begin};
    const struct sh_batch *batch = kind == SH_CONTEXT_ROW || kind == SH_CONTEXT_MEMBER ? &rows : &groups;
    const struct sh_eval in = {&s->frame, &s->world, &arena};
    int64_t values[N_LINES], one;
    must(sh_expr_eval(e, &in, batch, values, &err) == SH_OK);
    for (uint32_t i = 0; sh_expr_type(e).kind == SH_KIND_BOOL && i < batch->n; i++)
        must(values[i] == 0 || values[i] == 1 || values[i] == SH_MISSING);
    if (kind == SH_CONTEXT_ROW) { /* one by one as together */
        const int32_t row = 3;
        const struct sh_batch single = {.n = 1, .rows = {&row, &ks[3]}};
        must(sh_expr_eval(e, &in, &single, &one, &err) == SH_OK && one == values[3]);
    }
    explain(e, &in, batch, values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > 4096)
        return 0;
    static const enum sh_context_kind kinds[] = {SH_CONTEXT_ROW, SH_CONTEXT_GROUP, SH_CONTEXT_WINDOW,
                                                 SH_CONTEXT_MEMBER};
    const struct sh_str text = {(const char *)data + 1, size - 1};
    struct small s;
    small_init(&s);
    if (data[0] & 4)
        disturb(&s, data + 1, size - 1);
    one_kind(text, kinds[data[0] & 3], &s);
    if (data[0] & 8) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = 64u << 20};
        const struct sh_context context = small_context(kinds[data[0] & 3]);
        struct sh_template *t;
        struct sh_err err;
        (void)!sh_template_compile(text, (struct sh_place){"f.yaml", 3, 5}, &context, &arena, &t, &err);
    }
    return 0;
}
