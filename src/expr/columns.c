/* Values out of the frame: rows of a variable, through joins, to a column. */
#include "base/wide.h"
#include "expr/node.h"

bool sh_kind_minus_one(enum sh_kind kind) {
    return kind == SH_KIND_CODE || kind == SH_KIND_TEXT || kind == SH_KIND_LEVEL || kind == SH_KIND_SET ||
           kind == SH_KIND_RANGE || kind == SH_KIND_SCOPE;
}

sh_code(sh_run_nomem)(const struct sh_run *run) {
    return sh_fail(run->err, SH_E_NOMEM, "no memory to evaluate an expression");
}

sh_code sh_frame_column(struct sh_run *run, uint16_t table, uint16_t column, const void **ret) {
    const struct sh_frame_table *t = &run->in->frame->tables[table];
    *ret = t->columns && column != SH_NO_COLUMN ? t->columns[column] : NULL;
    if (*ret || t->n_rows == 0)
        return SH_OK;
    const struct sh_model_table *m = &run->env->model->tables[table];
    return sh_fail(run->err, SH_E_INTERNAL, "the column %s.%s was not read", m->name,
                   column == SH_NO_COLUMN ? "?" : m->columns[column].name);
}

/* Row numbers of a slot; *ret NULL: tuple i has row lo + i. May point into the batch. */
static const int32_t *slot_rows(const struct sh_view *view, uint16_t slot) {
    const int32_t *rows = view->batch->rows[slot];
    return rows ? rows + view->lo : NULL;
}

sh_code sh_view_rows(struct sh_run *run, const struct sh_view *view, uint16_t slot, int32_t **ret) {
    const int32_t *rows = slot_rows(view, slot);
    int32_t *copy = sh_new_raw(run->in->arena, int32_t, (size_t)view->n + 1);
    if (!copy)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i < view->n; i++)
        copy[i] = rows ? rows[i] : (int32_t)(view->lo + i);
    *ret = copy;
    return SH_OK;
}

sh_code sh_view_some(struct sh_run *run, const struct sh_view *view, uint32_t slots, const uint32_t *tuples,
                     uint32_t n, struct sh_batch *ret) {
    *ret = (struct sh_batch){.n = n};
    for (uint16_t s = 0; s < run->env->n_variables; s++) {
        if (!(slots >> s & 1))
            continue;
        const int32_t *rows = slot_rows(view, s);
        int32_t *own = sh_new_raw(run->in->arena, int32_t, (size_t)n + 1);
        if (!own)
            return sh_run_nomem(run);
        for (uint32_t i = 0; i < n; i++)
            own[i] = rows ? rows[tuples[i]] : (int32_t)(view->lo + tuples[i]);
        ret->rows[s] = own;
    }
    return SH_OK;
}

/* Row numbers at the end of a path. */
static sh_code path_rows(struct sh_run *run, const struct sh_path *path, const struct sh_view *view,
                         const int32_t **ret) {
    *ret = slot_rows(view, path->slot);
    if (path->n_hops == 0)
        return SH_OK;
    int32_t *rows;
    SH_TRY(sh_view_rows(run, view, path->slot, &rows));
    for (uint8_t h = 0; h < path->n_hops; h++) {
        const void *join;
        SH_TRY(sh_frame_column(run, path->hops[h].table, path->hops[h].column, &join));
        for (uint32_t i = 0; i < view->n; i++)
            rows[i] = rows[i] < 0 || !join ? -1 : ((const int32_t *)join)[rows[i]];
    }
    *ret = rows;
    return SH_OK;
}

SH_WIDE bool sh_rows_follow(const int32_t *rows, uint32_t n) {
    if (n == 0 || rows[0] < 0 || (int64_t)rows[n - 1] - rows[0] != (int64_t)n - 1)
        return false;
    uint32_t others = 0;
    for (uint32_t i = 0; i < n; i++)
        others |= (uint32_t)rows[i] - ((uint32_t)rows[0] + i);
    return others == 0;
}

/* Few enough to follow each other though some lines of a chunk are left out; halved where they do not. */
enum { ROWS_AT_ONCE = 64 };

#define LOAD(type, gone, gone2)                                                                              \
    do {                                                                                                     \
        const type *x = data;                                                                                \
        if (!rows) {                                                                                         \
            x += lo;                                                                                         \
            for (uint32_t i = 0; i < n; i++)                                                                 \
                out[i] = ((x[i] == (gone)) | (x[i] == (gone2))) ? if_gone : (int64_t)x[i];                   \
        } else {                                                                                             \
            for (uint32_t i = 0; i < n; i++) {                                                               \
                const int32_t r = rows[i];                                                                   \
                out[i] = r < 0 ? SH_MISSING : x[r] == (gone) || x[r] == (gone2) ? if_gone : (int64_t)x[r];   \
            }                                                                                                \
        }                                                                                                    \
    } while (0)

/* Values of rows [n], NULL: those from lo on. */
SH_WIDE static void load(const struct sh_model_column *column, const void *data, const int32_t *rows,
                         uint32_t lo, uint32_t n, int64_t *out) {
    const int64_t if_gone = column->empty_none ? SH_NONE : SH_MISSING;
    const bool minus_one = sh_kind_minus_one(column->type.kind) || column->join >= 0;
    switch (column->storage) {
    case SH_STORE_I8:
        LOAD(int8_t, SH_MISSING_I8, minus_one ? -1 : SH_MISSING_I8);
        break;
    case SH_STORE_I32:
        LOAD(int32_t, SH_MISSING_I32, minus_one ? -1 : SH_MISSING_I32);
        break;
    case SH_STORE_I64:
        LOAD(int64_t, SH_MISSING, SH_NONE);
        break;
    }
}

/* As load, by runs of rows that follow each other. */
static void load_runs(const struct sh_model_column *column, const void *data, const int32_t *rows, uint32_t n,
                      int64_t *out) {
    if (sh_rows_follow(rows, n)) {
        load(column, data, NULL, (uint32_t)rows[0], n, out);
    } else if (n <= SH_ROWS_LEAST) {
        load(column, data, rows, 0, n, out);
    } else {
        load_runs(column, data, rows, n / 2, out);
        load_runs(column, data, rows + n / 2, n - n / 2, out + n / 2);
    }
}

sh_code sh_eval_column(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                       int64_t *out) {
    const struct sh_path *path = &node->path;
    const struct sh_model_column *column = &run->env->model->tables[path->table].columns[path->column];
    const uint32_t n = view->n;
    const int32_t *rows;
    const void *data;
    SH_TRY(path_rows(run, path, view, &rows));
    SH_TRY(sh_frame_column(run, path->table, path->column, &data));
    if (!data) { /* a table without rows */
        for (uint32_t i = 0; i < n; i++)
            out[i] = SH_MISSING;
        return SH_OK;
    }
    if (!rows)
        load(column, data, NULL, view->lo, n, out);
    for (uint32_t from = 0; rows && from < n; from += ROWS_AT_ONCE)
        load_runs(column, data, rows + from, n - from < ROWS_AT_ONCE ? n - from : ROWS_AT_ONCE, out + from);
    if (column->type.kind == SH_KIND_BOOL)
        for (uint32_t i = 0; i < n; i++)
            out[i] = out[i] <= SH_NONE ? out[i] : out[i] != 0;
    if (column->type.kind == SH_KIND_SCOPE)
        for (uint32_t i = 0; i < n; i++)
            out[i] = out[i] == SH_SCOPE_NONE ? SH_MISSING : out[i];
    return SH_OK;
}

sh_code sh_eval_row(struct sh_run *run, const struct sh_node *node, const struct sh_view *view,
                    int64_t *out) {
    const int32_t *rows;
    SH_TRY(path_rows(run, &node->path, view, &rows));
    for (uint32_t i = 0; i < view->n; i++) {
        const int64_t row = rows ? rows[i] : (int64_t)(view->lo + i);
        out[i] = row < 0 ? SH_MISSING : row;
    }
    return SH_OK;
}

static bool is_period(enum sh_op op) {
    return op == SH_OP_HOUR_START || op == SH_OP_DAY || op == SH_OP_WEEK || op == SH_OP_MONTH ||
           op == SH_OP_QUARTER || op == SH_OP_YEAR;
}

static bool is_own(const struct sh_expr *e, const struct sh_node *node) {
    return node->op == SH_OP_COLUMN && node->path.n_hops == 0 && node->path.slot == e->env.subject;
}

bool sh_expr_plain_column(const struct sh_expr *e, struct sh_plain_column *ret) {
    const struct sh_node *node = e->root;
    *ret = (struct sh_plain_column){.column = -1, .exact = -1, .is_period = is_period(node->op)};
    while (is_period(node->op))
        node = node->kids[0];
    if (node->op == SH_OP_EXACT) {
        const struct sh_node *flag = node->kids[1]->op == SH_OP_FLAG ? node->kids[1]->kids[0] : node->kids[1];
        if (!is_own(e, flag))
            return false;
        ret->exact = flag->path.column;
        node = node->kids[0];
    }
    if (!is_own(e, node))
        return false;
    const struct sh_model_column *column = &e->env.model->tables[node->path.table].columns[node->path.column];
    ret->column = node->path.column;
    ret->minus_one = sh_kind_minus_one(column->type.kind) || column->join >= 0;
    return column->storage != SH_STORE_I8 && column->type.kind != SH_KIND_BOOL &&
           column->type.kind != SH_KIND_SCOPE;
}

static bool is_of(const struct sh_node *node, uint16_t slot) {
    return node->op == SH_OP_COLUMN && node->path.n_hops == 0 && node->path.slot == slot;
}

bool sh_expr_is_join(const struct sh_expr *e, uint16_t slot, int *ret_column, int *ret_set) {
    const struct sh_node *node = e->root;
    if (node->op != SH_OP_OR || node->n_kids != 2 || node->kids[0]->op != SH_OP_NOT ||
        node->kids[0]->kids[0]->op != SH_OP_KNOWN || node->kids[1]->op != SH_OP_IN_SET ||
        node->kids[1]->negated)
        return false;
    const struct sh_node *known = node->kids[0]->kids[0]->kids[0], *code = node->kids[1]->kids[0],
                         *set = node->kids[1]->kids[1];
    if (!is_of(known, slot) || !is_of(set, slot) || known->path.column != set->path.column ||
        !is_own(e, code))
        return false;
    const struct sh_model_column *column = &e->env.model->tables[code->path.table].columns[code->path.column];
    *ret_column = code->path.column;
    *ret_set = set->path.column;
    return column->storage == SH_STORE_I32 && sh_kind_minus_one(column->type.kind);
}

static bool is_count(const struct sh_node *node) {
    return node->op == SH_OP_AGGREGATE && node->aggregate->fn == SH_AGG_COUNT && node->n_kids == 0 &&
           !node->aggregate->standing;
}

/* count() OP limit, or the other way round. */
static uint32_t least_by_count(const struct sh_node *node) {
    const bool swapped = is_count(node->kids[1]);
    const struct sh_node *limit = node->kids[swapped ? 0 : 1];
    const enum sh_op op = node->op;
    const bool above = op == (swapped ? SH_OP_LT : SH_OP_GT), from = op == (swapped ? SH_OP_LE : SH_OP_GE);
    if (!is_count(node->kids[swapped ? 1 : 0]) || limit->op != SH_OP_CONST || limit->value < 0 ||
        limit->vscale < 0 || limit->vscale > 18 || !(above || from || op == SH_OP_EQ))
        return 1;
    int64_t unit = 1;
    for (int16_t i = 0; i < limit->vscale; i++)
        unit *= 10;
    const int64_t whole = limit->value / unit;
    const int64_t least = above || limit->value % unit != 0 ? whole + 1 : whole;
    return least < 1 ? 1 : least > INT32_MAX ? INT32_MAX : (uint32_t)least;
}

static uint32_t least_members(const struct sh_node *node) {
    if (node->op == SH_OP_AND) {
        uint32_t most = 1;
        for (uint32_t k = 0; k < node->n_kids; k++) {
            const uint32_t least = least_members(node->kids[k]);
            most = least > most ? least : most;
        }
        return most;
    }
    return node->n_kids == 2 && node->op >= SH_OP_EQ && node->op <= SH_OP_GE ? least_by_count(node) : 1;
}

uint32_t sh_expr_least_members(const struct sh_expr *e) {
    return least_members(e->root);
}
