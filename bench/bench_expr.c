/* The expression language over batches of rows: comparisons per second, one thread, against the same loop
 * written in C. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "expr/expr.h"

enum { ROWS = 1 << 16, BLOCK = 2048, ROUNDS = 20 };

static const struct sh_model_column columns[] = {
    {.name = "quantity",
     .type = {.kind = SH_KIND_NUMBER, .scale = 4, .domain = -1},
     .storage = SH_STORE_I64,
     .join = -1},
    {.name = "limit",
     .type = {.kind = SH_KIND_NUMBER, .scale = 4, .domain = -1},
     .storage = SH_STORE_I64,
     .join = -1},
    {.name = "covered",
     .type = {.kind = SH_KIND_NUMBER, .unit = SH_UNIT_YUAN, .scale = 2, .domain = -1},
     .storage = SH_STORE_I64,
     .join = -1},
    {.name = "other",
     .type = {.kind = SH_KIND_NUMBER, .unit = SH_UNIT_YUAN, .scale = 2, .domain = -1},
     .storage = SH_STORE_I64,
     .join = -1},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };
static const struct sh_model_table table = {
    .name = "line", .columns = columns, .n_columns = COLUMNS, .time_column = -1, .end_column = -1};
static const struct sh_model model = {.tables = &table, .n_tables = 1};
static const struct sh_variable variable = {.name = "line", .table = 0, .bare = true};

struct data {
    int64_t *columns[COLUMNS], *answers;
    int32_t *rows;
};

static sh_code make_data(struct sh_arena *arena, struct data *ret, struct sh_err *err) {
    struct sh_rng rng;
    sh_rng_seed(&rng, 1);
    ret->answers = sh_new(arena, int64_t, ROWS);
    ret->rows = sh_new(arena, int32_t, ROWS);
    for (size_t c = 0; c < COLUMNS; c++) {
        ret->columns[c] = sh_new(arena, int64_t, ROWS);
        if (!ret->columns[c] || !ret->answers || !ret->rows)
            return sh_fail(err, SH_E_NOMEM, "no room for %d rows", ROWS);
        for (size_t i = 0; i < ROWS; i++)
            ret->columns[c][i] = sh_rng_chance(&rng, 10000) ? SH_MISSING : sh_rng_between(&rng, 0, 100000);
    }
    for (int32_t i = 0; i < ROWS; i++)
        ret->rows[i] = i;
    return SH_OK;
}

static sh_code no_codes(void *ctx, int16_t domain, struct sh_str word, bool under, struct sh_arena *arena,
                        struct sh_set *ret, struct sh_err *err) {
    (void)ctx, (void)domain, (void)under, (void)arena, (void)ret;
    return sh_fail(err, SH_E_INPUT, "no code '%.*s' here", SH_ARG(word));
}

static sh_code measure(const char *name, const char *text, int comparisons, struct data *data,
                       struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_arena_free) struct sh_arena scratch = {0};
    const struct sh_context context = {
        .model = &model, .kind = SH_CONTEXT_ROW, .variables = &variable, .n_variables = 1};
    struct sh_expr *e = NULL;
    SH_TRY(sh_expr_compile(sh_str_of(text), (struct sh_place){"bench", 1, 1}, &context, &arena, &e, err));
    SH_TRY(sh_expr_bind(e, no_codes, NULL, &arena, err));
    const void *const columns_of[COLUMNS] = {data->columns[0], data->columns[1], data->columns[2],
                                             data->columns[3]};
    const struct sh_frame_table tables = {.n_rows = ROWS, .columns = columns_of};
    const struct sh_frame frame = {.model = &model, .tables = &tables};
    const struct sh_eval eval = {.frame = &frame, .arena = &scratch};
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        const int64_t begin = sh_monotonic_ns();
        for (uint32_t at = 0; at < ROWS; at += BLOCK) {
            const struct sh_batch batch = {.n = BLOCK, .rows = {data->rows + at}};
            const struct sh_arena_mark mark = sh_arena_mark(&scratch);
            SH_TRY(sh_expr_eval(e, &eval, &batch, data->answers + at, err));
            sh_arena_rewind(&scratch, mark);
        }
        const double per_s = (double)ROWS * comparisons * 1e3 / (double)(sh_monotonic_ns() - begin);
        best = per_s > best ? per_s : best;
    }
    printf("%s %.0f million/s\n", name, best);
    return SH_OK;
}

/* What the machine gives when somebody writes the loop by hand, with the same three answers. */
static void by_hand(const struct data *data) {
    double best = 0;
    const int64_t *a = data->columns[0], *b = data->columns[1];
    for (int r = 0; r < ROUNDS; r++) {
        const int64_t begin = sh_monotonic_ns();
        for (size_t i = 0; i < ROWS; i++)
            data->answers[i] = a[i] == SH_MISSING || b[i] == SH_MISSING ? SH_MISSING : a[i] > b[i];
        const double per_s = (double)ROWS * 1e3 / (double)(sh_monotonic_ns() - begin);
        best = per_s > best ? per_s : best;
    }
    printf("expr_by_hand_comparisons %.0f million/s\n", best);
}

static sh_code run(struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct data data = {0};
    SH_TRY(make_data(&arena, &data, err));
    by_hand(&data);
    SH_TRY(measure("expr_comparisons", "line.quantity > line.limit", 1, &data, err));
    SH_TRY(measure("expr_comparisons_and", "line.quantity > line.limit and line.covered > line.other", 2,
                   &data, err));
    return measure("expr_arithmetic_comparisons", "line.quantity * line.limit > line.quantity + 3", 1, &data,
                   err);
}

int main(void) {
    struct sh_err err = {0};
    if (run(&err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-expr: %s\n", err.message);
    return 1;
}
