/*
 * Which related rows cannot meet a condition like `day = X.day`: a column of the related row is compared with
 * a value that is the same for all related rows of a tuple, so that one look at the column settles most rows
 * before anything is evaluated for a pair. What stays is asked as written.
 */
#include "expr/node.h"

/* Lowest and highest value that may match, of each tuple. */
struct pick {
    enum sh_storage storage;
    const void *at; /* column, by row of the related table */
    int64_t *low, *high;
};

static bool is_own_column(const struct sh_related *r, const struct sh_node *node) {
    return node->op == SH_OP_COLUMN && node->path.slot == r->slot && node->path.n_hops == 0;
}

/* `column op value` as written from either side; false: it is no such comparison. */
static bool look_at(const struct sh_run *run, const struct sh_related *r, const struct sh_node *node,
                    const struct sh_node **ret_column, enum sh_op *ret_op, const struct sh_node **ret_value) {
    if (node->op != SH_OP_EQ && (node->op < SH_OP_LT || node->op > SH_OP_GE))
        return false;
    const bool mirror = !is_own_column(r, node->kids[0]);
    const struct sh_node *column = node->kids[mirror], *value = node->kids[!mirror];
    if (!is_own_column(r, column) || column->rep != SH_REP_NARROW || value->rep != SH_REP_NARROW ||
        column->vscale != value->vscale || value->nth || (sh_node_slots(value) >> r->slot & 1) != 0)
        return false;
    const struct sh_model_column *c =
        &run->env->model->tables[column->path.table].columns[column->path.column];
    *ret_column = column;
    *ret_op = mirror ? sh_op_mirrored(node->op) : node->op;
    *ret_value = value;
    return c->storage != SH_STORE_I8 && c->type.kind != SH_KIND_SCOPE && c->type.kind != SH_KIND_BOOL;
}

static sh_code make(struct sh_run *run, const struct sh_node *column, enum sh_op op,
                    const struct sh_node *value, const struct sh_view *of, struct pick *ret) {
    const struct sh_path *path = &column->path;
    ret->storage = run->env->model->tables[path->table].columns[path->column].storage;
    SH_TRY(sh_frame_column(run, path->table, path->column, &ret->at));
    SH_TRY(sh_eval_new(run, value, of, &ret->low));
    ret->high = sh_new_raw(run->in->arena, int64_t, (size_t)of->n + 1);
    if (!ret->high)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i < of->n; i++) {
        const int64_t v = ret->low[i];
        const bool gone = v <= SH_NONE; /* nothing is settled */
        ret->high[i] = gone || op == SH_OP_GT || op == SH_OP_GE ? INT64_MAX : v - (op == SH_OP_LT);
        ret->low[i] = gone || op == SH_OP_LT || op == SH_OP_LE ? INT64_MIN : v + (op == SH_OP_GT);
    }
    return SH_OK;
}

/* Missing values stay: whether they match is not known. */
#define APPLY(type, missing)                                                                                 \
    do {                                                                                                     \
        const type *x = pick->at;                                                                            \
        for (uint32_t k = io->begin[i]; k < io->begin[i + 1]; k++) {                                         \
            const type v = x[io->rows[k]];                                                                   \
            rows[kept] = io->rows[k];                                                                        \
            kept += (v >= low && v <= high) || v == (missing) || v == -1;                                    \
        }                                                                                                    \
    } while (0)

static sh_code apply(struct sh_run *run, const struct pick *pick, uint32_t n, struct sh_candidates *io) {
    uint32_t *begin = sh_new_raw(run->in->arena, uint32_t, (size_t)n + 1), kept = 0;
    int32_t *rows = sh_new_raw(run->in->arena, int32_t, (size_t)io->begin[n] + 1);
    if (!begin || !rows)
        return sh_run_nomem(run);
    for (uint32_t i = 0; i < n; i++) {
        const int64_t low = pick->low[i], high = pick->high[i];
        begin[i] = kept;
        if (pick->storage == SH_STORE_I32)
            APPLY(int32_t, SH_MISSING_I32);
        else
            APPLY(int64_t, SH_MISSING);
    }
    begin[n] = kept;
    *io = (struct sh_candidates){begin, rows};
    return SH_OK;
}

sh_code sh_pick_rows(struct sh_run *run, const struct sh_related *r, const struct sh_view *view,
                     const uint32_t *tuples, uint32_t n, struct sh_candidates *io) {
    const struct sh_node *where = r->where;
    if (!where || r->fn == SH_RELATED_EVERY) /* there a row that does not match breaks it */
        return SH_OK;
    const bool joined = where->op == SH_OP_AND;
    for (uint32_t k = 0; k < (joined ? where->n_kids : 1) && io->begin[n] > 2 * n; k++) {
        const struct sh_node *column = NULL, *value = NULL;
        enum sh_op op;
        struct sh_batch batch;
        struct pick pick;
        if (!look_at(run, r, joined ? where->kids[k] : where, &column, &op, &value))
            continue;
        SH_TRY(sh_view_some(run, view, sh_node_slots(value), tuples, n, &batch));
        SH_TRY(make(run, column, op, value, &(const struct sh_view){.batch = &batch, .n = n}, &pick));
        if (pick.at)
            SH_TRY(apply(run, &pick, n, io));
    }
    return SH_OK;
}
