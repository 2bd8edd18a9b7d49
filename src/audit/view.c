/* Views: the tables that a text makes of others, filled for each chunk as the rules need them. */
#include "audit/carry.h"
#include "base/date.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for the views of a chunk");
}

/* ---- small looks -------------------------------------------------------------------------------- */

int64_t sh_column_value(const struct sh_timeline *tl, int table, int column, int32_t row) {
    const void *at = column >= 0 ? tl->tables[table].columns[column] : NULL;
    if (!at || row < 0)
        return SH_MISSING;
    switch (tl->plan->model->model.tables[table].columns[column].storage) {
    case SH_STORE_I8:
        return ((const int8_t *)at)[row] == SH_MISSING_I8 ? SH_MISSING : ((const int8_t *)at)[row];
    case SH_STORE_I32:
        return ((const int32_t *)at)[row] == SH_MISSING_I32 ? SH_MISSING : ((const int32_t *)at)[row];
    case SH_STORE_I64:
        return ((const int64_t *)at)[row];
    }
    return SH_MISSING;
}

bool sh_view_has_key(const struct sh_rule_view *v, const char *word) {
    for (size_t k = 0; k < v->rule->n_keys; k++)
        if (sh_str_is(v->rule->keys[k].text, word))
            return true;
    return false;
}

/* A key or field of a view's row that leads to a row of that table. */
static int32_t row_joined(const struct sh_timeline *tl, int table, int32_t row, int wanted) {
    const struct sh_model_table *t = &tl->plan->model->model.tables[table];
    for (uint16_t c = 0; c < t->n_columns; c++)
        if (t->columns[c].join == wanted && t->columns[c].type.kind == SH_KIND_TEXT)
            return (int32_t)sh_column_value(tl, table, c, row);
    return -1;
}

void sh_view_base(const struct sh_timeline *tl, int *table, int32_t *row) {
    static const int ends[] = {SH_TABLE_ENCOUNTER, SH_MODEL_STAY};
    for (const struct sh_rule_view *v; *row >= 0 && (v = sh_view_of(tl->plan, *table));) {
        if (v->source_column >= 0) {
            *row = (int32_t)sh_column_value(tl, *table, v->source_column, *row);
            *table = v->source;
            continue;
        }
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            const int32_t found = row_joined(tl, *table, *row, ends[i]);
            if (found < 0)
                continue;
            *table = ends[i], *row = found;
            return;
        }
        *row = -1;
    }
}

int32_t sh_view_institution(const struct sh_timeline *tl, int table, int32_t row) {
    const int c = sh_model_column(tl->plan->model, (uint16_t)table, "institution");
    const int64_t own = sh_column_value(tl, table, c, row);
    if (c >= 0)
        return own == SH_MISSING ? -1 : (int32_t)own;
    sh_view_base(tl, &table, &row);
    return sh_view_of(tl->plan, table) ? -1 : sh_institution_of(tl, table, row);
}

/* Rows of another row bind on its day; days and groups on their own. */
int32_t sh_view_day(const struct sh_timeline *tl, int table, int32_t row) {
    const struct sh_rule_view *v = sh_view_of(tl->plan, table);
    if (v && v->kind == SH_VIEW_ROWS)
        return sh_subject_day(tl, v->source, (int32_t)sh_column_value(tl, table, v->source_column, row));
    const int64_t day = v ? sh_column_value(tl, table, v->day, row) : SH_MISSING;
    return day == SH_MISSING ? SH_MISSING_I32 : (int32_t)day;
}

/* ---- lines behind ------------------------------------------------------------------------------- */

struct lines {
    int32_t *at;
    size_t n, cap;
};

static sh_code take_line(struct sh_engine *en, struct lines *to, int32_t line, struct sh_err *err) {
    if (to->n == to->cap) {
        const size_t more = to->cap ? 2 * to->cap : 64;
        int32_t *grown = sh_new(en->scratch, int32_t, more);
        if (!grown)
            return out_of_room(err);
        if (to->n > 0)
            memcpy(grown, to->at, to->n * sizeof(*grown));
        to->at = grown, to->cap = more;
    }
    to->at[to->n++] = line;
    return SH_OK;
}

/* day SH_MISSING_I32: of any day */
static sh_code take_rows(struct sh_engine *en, const struct sh_rows_by *by, int32_t row, int32_t day,
                         struct lines *to, struct sh_err *err) {
    const int32_t *days = sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.day);
    for (uint32_t i = by->begin[row]; i < by->begin[row + 1]; i++)
        if (day == SH_MISSING_I32 || (days && days[by->rows[i]] == day))
            SH_TRY(take_line(en, to, by->rows[i], err));
    return SH_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): views build on each other at most three deep
static sh_code gather_lines(struct sh_engine *en, int table, int32_t row, int32_t day, struct lines *to,
                            struct sh_err *err) {
    const struct sh_rule_view *v = sh_view_of(en->plan, table);
    const struct sh_rows_by *by;
    if (row < 0)
        return SH_OK;
    if (v && v->kind == SH_VIEW_GROUPS) {
        const struct sh_rows_by *of = &en->tl.made_of[table];
        for (uint32_t i = of->begin[row]; i < of->begin[row + 1]; i++)
            SH_TRY(gather_lines(en, v->source, of->rows[i], day, to, err));
        return SH_OK;
    }
    if (v) {
        const int64_t own =
            v->kind == SH_VIEW_DAYS ? sh_column_value(&en->tl, table, v->day, row) : SH_MISSING;
        return gather_lines(en, v->source, (int32_t)sh_column_value(&en->tl, table, v->source_column, row),
                            own == SH_MISSING ? day : (int32_t)own, to, err);
    }
    if (table == SH_TABLE_LINE)
        return take_line(en, to, row, err);
    if (table == SH_TABLE_ENCOUNTER)
        SH_TRY(sh_rows_by_encounter(&en->tl, SH_TABLE_LINE, &by, err));
    else if (table == SH_MODEL_STAY)
        SH_TRY(sh_rows_by_stay(&en->tl, SH_TABLE_LINE, &by, err));
    else
        return SH_OK;
    return take_rows(en, by, row, day, to, err);
}

sh_code sh_view_lines(struct sh_engine *en, int table, int32_t row, const int32_t **ret, size_t *ret_n,
                      struct sh_err *err) {
    struct lines lines = {0};
    if (!en->tl.carried) /* rows that have met left their lines behind */
        SH_TRY(gather_lines(en, table, row, SH_MISSING_I32, &lines, err));
    *ret = lines.at;
    *ret_n = lines.n;
    return SH_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): views build on each other at most three deep
int64_t sh_view_covered(const struct sh_timeline *tl, int table, int32_t row) {
    const struct sh_rule_view *v = sh_view_of(tl->plan, table);
    if (!v || row < 0 || v->kind == SH_VIEW_DAYS)
        return 0;
    if (tl->carried && table == tl->carried->table)
        return tl->carried->covered[row];
    if (v->kind == SH_VIEW_ROWS)
        return sh_covered_of(tl, v->source, (int32_t)sh_column_value(tl, table, v->source_column, row));
    int64_t sum = 0;
    const struct sh_rows_by *of = &tl->made_of[table];
    for (uint32_t i = of->begin[row]; i < of->begin[row + 1]; i++) {
        const int64_t covered = sh_covered_of(tl, v->source, of->rows[i]);
        if (covered == SH_MISSING || __builtin_add_overflow(sum, covered, &sum))
            return SH_MISSING;
    }
    return sum;
}

bool sh_view_field_is_read(const struct sh_plan *plan, const struct sh_rule_view *v, size_t field) {
    const uint16_t c = (uint16_t)v->fields[field].column;
    const struct sh_model_column *column = &plan->model->model.tables[v->table].columns[c];
    return plan->needed[v->table][c] || column->join >= 0 || strcmp(column->name, "institution") == 0;
}

/* ---- columns ------------------------------------------------------------------------------------ */

static void *column_room(struct sh_engine *en, enum sh_storage storage, uint32_t n) {
    static const size_t sizes[] = {[SH_STORE_I8] = 1, [SH_STORE_I32] = 4, [SH_STORE_I64] = 8};
    return sh_arena_alloc_array(en->tl.arena, (size_t)n + 1, sizes[storage], 8);
}

static void put(enum sh_storage storage, void *column, uint32_t row, int64_t value) {
    if (storage == SH_STORE_I64)
        ((int64_t *)column)[row] = value;
    else if (storage == SH_STORE_I32)
        ((int32_t *)column)[row] = value == SH_MISSING ? SH_MISSING_I32 : (int32_t)value;
    else
        ((int8_t *)column)[row] = value == SH_MISSING ? SH_MISSING_I8 : (int8_t)value;
}

/* The rows of a view while they are made. */
struct made {
    const struct sh_rule_view *v;
    const struct sh_rule_plan *rp;
    uint32_t n;
    int32_t *person, *source, *day;
    void *fields[SH_VIEW_COLUMNS_MAX]; /* [n_fields] */
    void *keys[8];
};

static sh_code make_room(struct sh_engine *en, struct made *m, struct sh_err *err) {
    const struct sh_model_table *t = &en->plan->model->model.tables[m->v->table];
    m->person = sh_new(en->tl.arena, int32_t, (size_t)m->n + 1);
    m->day = sh_new(en->tl.arena, int32_t, (size_t)m->n + 1);
    m->source = sh_new(en->tl.arena, int32_t, (size_t)m->n + 1);
    bool ok = m->person && m->day && m->source;
    for (size_t f = 0; f < m->v->n_fields; f++) {
        if (!sh_view_field_is_read(en->plan, m->v, f))
            continue;
        m->fields[f] = column_room(en, t->columns[m->v->fields[f].column].storage, m->n);
        ok = ok && m->fields[f];
    }
    for (size_t k = 0; m->v->kind == SH_VIEW_GROUPS && k < m->v->rule->n_keys; k++) {
        const int c = m->v->key_columns[k];
        m->keys[k] = c >= 0 ? column_room(en, t->columns[c].storage, m->n) : NULL;
        ok = ok && (c < 0 || m->keys[k]);
    }
    return ok ? SH_OK : out_of_room(err);
}

static sh_code hang_up(struct sh_engine *en, const struct made *m, struct sh_err *err) {
    struct sh_timeline *tl = &en->tl;
    const struct sh_rule_view *v = m->v;
    uint32_t *begin = sh_new(tl->arena, uint32_t, (size_t)tl->n_persons + 1);
    if (!begin)
        return out_of_room(err);
    for (uint32_t p = 0, i = 0; p <= tl->n_persons; p++) {
        while (i < m->n && m->person[i] < (int32_t)p)
            i++;
        begin[p] = i;
    }
    tl->tables[v->table].n_rows = m->n;
    tl->person_begin[v->table] = begin;
    tl->person_of[v->table] = m->person;
    tl->columns[v->table][v->person] = m->person;
    if (v->source_column >= 0)
        tl->columns[v->table][v->source_column] = m->source;
    if (v->day >= 0)
        tl->columns[v->table][v->day] = m->day;
    for (size_t f = 0; f < v->n_fields; f++)
        tl->columns[v->table][v->fields[f].column] = m->fields[f];
    for (size_t k = 0; k < 8; k++)
        if (m->keys[k])
            tl->columns[v->table][v->key_columns[k]] = m->keys[k];
    return SH_OK;
}

/* Fields over a batch whose first tuple is row `from`; hidden [n]: rows whose fields are empty. */
static sh_code eval_fields(struct sh_engine *en, const struct made *m, const struct sh_batch *batch,
                           uint32_t from, const uint8_t *hidden, struct sh_err *err) {
    const struct sh_model_table *t = &en->plan->model->model.tables[m->v->table];
    const struct sh_eval eval = sh_engine_eval(en);
    int64_t *values = sh_new(en->scratch, int64_t, (size_t)batch->n + 1);
    if (!values)
        return out_of_room(err);
    for (size_t f = 0; f < m->v->n_fields; f++) {
        const struct sh_view_field *field = &m->v->fields[f];
        if (!m->fields[f])
            continue;
        const struct sh_model_column *column = &t->columns[field->column];
        if (sh_expr_type(field->expr).unit == SH_UNIT_RATIO)
            SH_TRY(sh_expr_eval_scaled(field->expr, column->type.scale, &eval, batch, values, err));
        else
            SH_TRY(sh_expr_eval(field->expr, &eval, batch, values, err));
        for (uint32_t i = 0; i < batch->n; i++)
            put(column->storage, m->fields[f], from + i, hidden && hidden[i] ? SH_MISSING : values[i]);
    }
    return SH_OK;
}

/* ---- rows --------------------------------------------------------------------------------------- */

/* The day of the row itself, as expressions say `day` of it. column: of that name, -1 where there is none. */
static int32_t own_day(const struct sh_timeline *tl, int table, int column, int32_t row) {
    if (column < 0 || !tl->columns[table][column])
        return sh_subject_day(tl, table, row);
    const int64_t day = sh_column_value(tl, table, column, row);
    return day == SH_MISSING ? SH_MISSING_I32 : (int32_t)day;
}

static sh_code fill_rows(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_rule_view *v,
                         struct sh_err *err) {
    struct sh_members members;
    SH_TRY(sh_members_collect(en, rp, false, false, &members, err));
    struct made m = {.v = v, .rp = rp, .n = members.n};
    const int day = sh_model_column(en->plan->model, v->source, "day");
    SH_TRY(make_room(en, &m, err));
    for (uint32_t i = 0; i < m.n; i++) {
        m.source[i] = members.row[i];
        m.person[i] = en->tl.person_of[v->source][members.row[i]];
        m.day[i] = own_day(&en->tl, v->source, day, members.row[i]);
    }
    for (uint32_t from = 0; from < m.n; from += SH_BLOCK) {
        const uint32_t n = m.n - from < SH_BLOCK ? m.n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct sh_batch batch;
        uint8_t *hidden = sh_new(en->scratch, uint8_t, (size_t)n + 1);
        if (!hidden)
            return out_of_room(err);
        for (uint32_t i = 0; members.uncertain && i < n; i++)
            hidden[i] = members.uncertain[from + i].len > 0;
        const struct sh_tuple_rows of = {n, members.row + from, members.k ? members.k + from : NULL, NULL};
        SH_TRY(sh_batch_make(en, rp, &of, &batch, err));
        SH_TRY(eval_fields(en, &m, &batch, from, hidden, err));
        sh_arena_rewind(en->scratch, at);
    }
    return hang_up(en, &m, err);
}

/* ---- groups ------------------------------------------------------------------------------------- */

struct grouped {
    struct sh_members m;
    int64_t **keys;
    struct sh_grouping g;
};

static sh_code fill_block(struct sh_engine *en, const struct made *m, const struct grouped *gs, uint32_t from,
                          uint32_t n, struct sh_err *err) {
    const uint32_t *begin = gs->g.begin + from;
    const uint32_t total = begin[n] - begin[0];
    int32_t *rows = sh_new(en->scratch, int32_t, (size_t)total + 1),
            *ks = gs->m.k ? sh_new(en->scratch, int32_t, (size_t)total + 1) : NULL;
    uint32_t *first = sh_new(en->scratch, uint32_t, (size_t)n + 1),
             *at = sh_new(en->scratch, uint32_t, (size_t)n + 1);
    uint8_t *hidden = sh_new(en->scratch, uint8_t, (size_t)n + 1);
    if (!rows || (gs->m.k && !ks) || !first || !at || !hidden)
        return out_of_room(err);
    for (uint32_t g = 0; g < n; g++) {
        first[g] = at[g] = begin[g] - begin[0];
        for (uint32_t i = begin[g]; i < begin[g + 1]; i++) {
            const uint32_t member = gs->g.order[i];
            rows[i - begin[0]] = gs->m.row[member];
            if (ks)
                ks[i - begin[0]] = gs->m.k[member];
            hidden[g] |= gs->m.uncertain && gs->m.uncertain[member].len > 0;
        }
    }
    at[n] = total;
    struct sh_batch members, batch;
    SH_TRY(sh_batch_make(en, m->rp, &(const struct sh_tuple_rows){total, rows, ks, NULL}, &members, err));
    SH_TRY(sh_batch_pick(en, m->rp, &members, first, n, &batch, err));
    batch.members = &members;
    batch.member_begin = at;
    return eval_fields(en, m, &batch, from, hidden, err);
}

static sh_code keep_members(struct sh_engine *en, const struct sh_rule_view *v, const struct grouped *gs,
                            struct sh_err *err) {
    const uint32_t total = gs->g.n > 0 ? gs->g.begin[gs->g.n] : 0;
    uint32_t *begin = sh_new(en->tl.arena, uint32_t, (size_t)gs->g.n + 1);
    int32_t *rows = sh_new(en->tl.arena, int32_t, (size_t)total + 1);
    if (!begin || !rows)
        return out_of_room(err);
    for (uint32_t g = 0; g <= gs->g.n && gs->g.n > 0; g++)
        begin[g] = gs->g.begin[g];
    for (uint32_t i = 0; i < total; i++)
        rows[i] = gs->m.row[gs->g.order[i]];
    en->tl.made_of[v->table] = (struct sh_rows_by){begin, rows};
    return SH_OK;
}

static sh_code fill_groups(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_rule_view *v,
                           struct sh_err *err) {
    struct grouped gs = {0};
    size_t n_keys;
    SH_TRY(sh_members_collect(en, rp, false, false, &gs.m, err));
    struct sh_str *fields = sh_new(en->work, struct sh_str, (size_t)gs.m.n + 1);
    if (!fields)
        return out_of_room(err);
    SH_TRY(sh_keys_eval(en, rp, &gs.m, &gs.keys, &n_keys, fields, err));
    SH_TRY(sh_group_by(en, gs.m.n, gs.keys, n_keys, fields, &gs.g, err));
    struct made m = {.v = v, .rp = rp, .n = gs.g.n};
    const int day = sh_model_column(en->plan->model, v->source, "day");
    SH_TRY(make_room(en, &m, err));
    const struct sh_model_table *t = &en->plan->model->model.tables[v->table];
    for (uint32_t g = 0; g < gs.g.n; g++) {
        const uint32_t member = gs.g.order[gs.g.begin[g]];
        m.source[g] = -1;
        m.person[g] = en->tl.person_of[v->source][gs.m.row[member]];
        m.day[g] = own_day(&en->tl, v->source, day, gs.m.row[member]);
        for (size_t k = 0; k < v->rule->n_keys; k++)
            if (m.keys[k])
                put(t->columns[v->key_columns[k]].storage, m.keys[k], g, gs.keys[k][member]);
    }
    SH_TRY(keep_members(en, v, &gs, err));
    for (uint32_t from = 0, to; from < gs.g.n; from = to) {
        for (to = from + 1; to < gs.g.n && gs.g.begin[to + 1] - gs.g.begin[from] <= SH_BLOCK;)
            to++;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        SH_TRY(fill_block(en, &m, &gs, from, to - from, err));
        sh_arena_rewind(en->scratch, at);
    }
    return hang_up(en, &m, err);
}

/* ---- days --------------------------------------------------------------------------------------- */

static int32_t day_of_end(const struct sh_timeline *tl, int table, int column, int32_t row) {
    const int64_t value = sh_column_value(tl, table, column, row);
    if (value == SH_MISSING)
        return SH_MISSING_I32;
    return tl->plan->model->model.tables[table].columns[column].type.kind == SH_KIND_TIME
               ? sh_day_of_time(value)
               : (int32_t)value;
}

/* Where an interval without an end stops: the audit's day, else the person's last line. */
static int32_t open_end(const struct sh_engine *en, int32_t person) {
    if (en->plan->options.as_of != INT32_MAX)
        return en->plan->options.as_of;
    const int32_t *day = sh_i32(&en->tl, SH_TABLE_LINE, en->plan->at.line.day);
    int32_t last = SH_MISSING_I32;
    for (uint32_t i = en->tl.person_begin[SH_TABLE_LINE][person];
         day && i < en->tl.person_begin[SH_TABLE_LINE][person + 1]; i++)
        if (en->tl.alive[SH_TABLE_LINE][i] && day[i] > last)
            last = day[i];
    return last;
}

/* First and number of days of a row; a row without a beginning, or absurdly long, is one row without a day.
 */
static uint32_t days_of(const struct sh_engine *en, const struct sh_rule_view *v, int32_t row,
                        int32_t *ret_first) {
    const struct sh_model_table *t = &en->plan->model->model.tables[v->source];
    const int32_t first = day_of_end(&en->tl, v->source, t->time_column, row);
    int32_t last = day_of_end(&en->tl, v->source, t->end_column, row);
    *ret_first = first;
    if (first == SH_MISSING_I32)
        return 1;
    if (last == SH_MISSING_I32)
        last = open_end(en, en->tl.person_of[v->source][row]);
    if (last < first)
        last = first;
    if (last - first < SH_VIEW_DAYS_MAX)
        return (uint32_t)(last - first) + 1;
    *ret_first = SH_MISSING_I32;
    return 1;
}

static sh_code expand(struct sh_engine *en, struct made *m, struct sh_err *err) {
    const struct sh_rule_view *v = m->v;
    const uint32_t n_source = en->tl.tables[v->source].n_rows;
    const uint8_t *alive = en->tl.alive[v->source];
    uint64_t total = 0;
    int32_t first;
    for (uint32_t i = 0; i < n_source; i++)
        total += !alive || alive[i] ? days_of(en, v, (int32_t)i, &first) : 0;
    if (total > INT32_MAX / 8)
        return sh_fail(err, SH_E_LIMIT, "view %.*s: the days of one chunk pass %d", SH_ARG(v->rule->id),
                       INT32_MAX / 8);
    m->n = (uint32_t)total;
    SH_TRY(make_room(en, m, err));
    uint32_t at = 0;
    for (uint32_t i = 0; i < n_source; i++) {
        const uint32_t n = !alive || alive[i] ? days_of(en, v, (int32_t)i, &first) : 0;
        for (uint32_t d = 0; d < n; d++, at++) {
            m->source[at] = (int32_t)i;
            m->person[at] = en->tl.person_of[v->source][i];
            m->day[at] = first == SH_MISSING_I32 ? first : first + (int32_t)d;
        }
    }
    return SH_OK;
}

static sh_code number_rows(struct sh_engine *en, uint32_t from, uint32_t n, const int32_t **ret,
                           struct sh_err *err) {
    int32_t *rows = sh_new(en->scratch, int32_t, (size_t)n + 1);
    if (!rows)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = (int32_t)(from + i);
    *ret = rows;
    return SH_OK;
}

/* Drop the days for which `where` is false; where it is unknown the day stays, its fields empty. */
static sh_code sift_days(struct sh_engine *en, struct made *m, uint8_t *hidden, struct sh_err *err) {
    const struct sh_eval eval = sh_engine_eval(en);
    uint32_t kept = 0;
    for (uint32_t from = 0; from < m->n; from += SH_BLOCK) {
        const uint32_t n = m->n - from < SH_BLOCK ? m->n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct sh_batch batch;
        const int32_t *rows = NULL;
        int64_t *holds = sh_new(en->scratch, int64_t, (size_t)n + 1);
        if (!holds)
            return out_of_room(err);
        SH_TRY(number_rows(en, from, n, &rows, err));
        SH_TRY(sh_batch_make(en, m->rp, &(const struct sh_tuple_rows){n, rows, NULL, NULL}, &batch, err));
        SH_TRY(sh_expr_eval(m->v->rule->where, &eval, &batch, holds, err));
        for (uint32_t i = 0; i < n; i++)
            hidden[from + i] = holds[i] == SH_MISSING ? 1 : holds[i] == 1 ? 0 : 2;
        sh_arena_rewind(en->scratch, at);
    }
    for (uint32_t i = 0; i < m->n; i++) {
        if (hidden[i] == 2)
            continue;
        m->source[kept] = m->source[i], m->person[kept] = m->person[i], m->day[kept] = m->day[i];
        hidden[kept++] = hidden[i];
    }
    m->n = kept;
    return SH_OK;
}

static sh_code fill_days(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_rule_view *v,
                         struct sh_err *err) {
    struct made m = {.v = v, .rp = rp};
    SH_TRY(expand(en, &m, err));
    uint8_t *hidden = sh_new(en->work, uint8_t, (size_t)m.n + 1);
    if (!hidden)
        return out_of_room(err);
    SH_TRY(hang_up(en, &m, err)); /* `where` and the fields read the rows themselves */
    if (v->rule->where) {
        SH_TRY(sift_days(en, &m, hidden, err));
        SH_TRY(hang_up(en, &m, err));
    }
    for (uint32_t i = 0; i < m.n; i++)
        hidden[i] |= m.day[i] == SH_MISSING_I32;
    for (uint32_t from = 0; from < m.n; from += SH_BLOCK) {
        const uint32_t n = m.n - from < SH_BLOCK ? m.n - from : SH_BLOCK;
        const struct sh_arena_mark at = sh_arena_mark(en->scratch);
        struct sh_batch batch;
        const int32_t *rows = NULL;
        SH_TRY(number_rows(en, from, n, &rows, err));
        SH_TRY(sh_batch_make(en, rp, &(const struct sh_tuple_rows){n, rows, NULL, NULL}, &batch, err));
        SH_TRY(eval_fields(en, &m, &batch, from, hidden + from, err));
        sh_arena_rewind(en->scratch, at);
    }
    return SH_OK;
}

sh_code sh_views_fill(struct sh_engine *en, struct sh_err *err) {
    for (size_t i = 0; i < en->plan->rules->n_views; i++) {
        const struct sh_rule_plan *rp = &en->plan->views[i];
        const struct sh_rule_view *v = &en->plan->rules->views[i];
        if (!rp->rule)
            continue;
        const sh_code code = v->kind == SH_VIEW_ROWS     ? fill_rows(en, rp, v, err)
                             : v->kind == SH_VIEW_GROUPS ? fill_groups(en, rp, v, err)
                                                         : fill_days(en, rp, v, err);
        if (code != SH_OK)
            return sh_err_wrap(err, code, "view %.*s: ", SH_ARG(v->rule->id));
        sh_arena_reset(en->work);
        sh_arena_reset(en->scratch);
    }
    return SH_OK;
}
