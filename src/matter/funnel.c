/* Money on its way back to the fund, from findings to the deposit. What counts as a stage is a table of law.
 */
#include "base/csv.h"
#include "base/decimal.h"
#include "base/fs.h"
#include "base/limits.h"
#include "matter/query.h"
#include <stdlib.h>

enum funnel_stage { FOUND, CONFIRMED, REFUSED, DUE, DEPOSITED, STAGES };
static const char *const stage_names[STAGES] = {"found", "confirmed", "refused", "due", "deposited"};
enum { KEYS_MAX = 1000, MATTERS_MAX = 50000 };

/* ---- the table --------------------------------------------------------------------------------------- */

static sh_code read_row(const struct sh_csv *csv, const struct sh_csv_row *row, const size_t at[7],
                        struct funnel_row *ret, struct sh_err *err) {
    const struct sh_str *cells = row->cells;
    ret->stage = STAGES;
    for (unsigned s = 0; s < STAGES; s++)
        if (sh_str_is(cells[at[0]], stage_names[s]))
            ret->stage = s;
    if (ret->stage == STAGES)
        return sh_csv_fail(err, SH_E_INPUT, csv, row, at[0],
                           "is no stage: found, confirmed, refused, due, deposited");
    ret->is_of_items = sh_str_is(cells[at[1]], "item");
    if (!ret->is_of_items && !sh_str_is(cells[at[1]], "matter"))
        return sh_csv_fail(err, SH_E_INPUT, csv, row, at[1], "is item or matter");
    if (!ret->is_of_items && cells[at[5]].len == 0)
        return sh_csv_fail(err, SH_E_INPUT, csv, row, at[5], "is empty; it names the field with the amount");
    if (cells[at[6]].len == 0)
        return sh_csv_fail(err, SH_E_INPUT, csv, row, at[6], "is empty; no stage without a basis");
    ret->procedure = cells[at[2]], ret->state = cells[at[3]];
    ret->matter_state = cells[at[4]], ret->field = cells[at[5]];
    return SH_OK;
}

sh_code sh_funnel_load(const char *law_dir, struct sh_arena *arena, struct sh_matter_texts *texts,
                       struct sh_err *err) {
    static const char *const names[] = {"stage",        "of",    "procedure", "state",
                                        "matter_state", "field", "basis"};
    char path[SH_PATH_BYTES_MAX];
    bool is_there = false;
    size_t at[7];
    struct sh_csv csv;
    SH_TRY(sh_path_join(path, law_dir, "tables/funnel.csv", err));
    SH_TRY(sh_fs_exists(path, &is_there, err));
    if (!is_there)
        return SH_OK;
    SH_TRY(sh_csv_read_file(path, SH_CSV_COMMENTS, arena, &csv, err));
    for (size_t i = 0; i < 7; i++)
        SH_TRY(sh_csv_need_column(&csv, names[i], &at[i], err));
    struct funnel_row *rows = sh_new(arena, struct funnel_row, csv.n_rows + 1);
    if (!rows)
        return sh_fail(err, SH_E_NOMEM, "no room for the stages of money");
    for (size_t i = 0; i < csv.n_rows; i++)
        SH_TRY(read_row(&csv, &csv.rows[i], at, &rows[i], err));
    texts->funnel = rows, texts->n_funnel = csv.n_rows;
    return SH_OK;
}

static bool is_of(const struct funnel_row *row, struct sh_str stage, bool of_items) {
    return row->is_of_items == of_items && sh_str_is(stage, stage_names[row->stage]);
}

bool sh_funnel_has_stage(const struct sh_matter_texts *texts, struct sh_str stage, bool of_items) {
    for (size_t i = 0; i < texts->n_funnel; i++)
        if (is_of(&texts->funnel[i], stage, of_items))
            return true;
    return false;
}

/* The same rows of the table as sum_items and sum_matters count by: a figure leads to what it sums. */
void query_stage(struct query *q, const struct sh_matter_texts *texts, struct sh_str stage, bool of_items) {
    query_add(q, " and (1 = 0");
    for (size_t i = 0; i < texts->n_funnel; i++) {
        const struct funnel_row *row = &texts->funnel[i];
        if (!is_of(row, stage, of_items))
            continue;
        query_add(q, " or (1 = 1");
        query_equals(q, "t.procedure", row->procedure);
        if (!sh_str_is(row->state, "*"))
            query_equals(q, "t.state", row->state);
        if (of_items && !sh_str_is(row->matter_state, "*")) {
            query_add(q, " and exists (select 1 from mt_matter m where m.id = t.matter");
            query_equals(q, "m.state", row->matter_state);
            query_add(q, ")");
        }
        query_add(q, ")");
    }
    query_add(q, ")");
}

/* ---- sums -------------------------------------------------------------------------------------------- */

struct sum {
    struct sh_str key, name;
    struct {
        int64_t n, fen;
    } of[STAGES];
};
struct funnel {
    struct sh_txn *txn;
    const struct sh_desk *desk;
    enum sh_funnel_by by;
    struct sum *sums; /* [n], by key */
    size_t n;
    struct sh_err *err;
};

static int by_key(const void *a, const void *b) {
    const struct sum *x = a, *y = b;
    return sh_str_cmp(x->key, y->key);
}
static int by_money(const void *a, const void *b) {
    const struct sum *x = a, *y = b;
    if (x->of[FOUND].fen != y->of[FOUND].fen)
        return x->of[FOUND].fen < y->of[FOUND].fen ? 1 : -1;
    return sh_str_cmp(x->key, y->key);
}

/* Rows come sorted by key from each statement; a key found by bisection, else put in. */
static struct sum *sum_of(struct funnel *f, struct sh_str key, struct sh_str name) {
    size_t low = 0, high = f->n;
    while (low < high) {
        const size_t mid = (low + high) / 2;
        const int c = sh_str_cmp(f->sums[mid].key, key);
        if (c == 0)
            return &f->sums[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (f->n == KEYS_MAX)
        return NULL; /* the rest is not shown: narrow the place */
    memmove(&f->sums[low + 1], &f->sums[low], (f->n - low) * sizeof *f->sums);
    f->n++;
    f->sums[low] = (struct sum){.key = key, .name = name};
    return &f->sums[low];
}

static bool is_in(struct sh_str wanted, struct sh_str state) {
    return sh_str_is(wanted, "*") || sh_str_eq(wanted, state);
}

static void count_in(struct funnel *f, const struct sh_rows *rows, size_t r) {
    const struct sh_matter_texts *texts = f->desk->texts;
    const struct sh_str procedure = sh_cell(rows, r, 2)->str, state = sh_cell(rows, r, 3)->str,
                        matter_state = sh_cell(rows, r, 4)->str;
    bool is_counted[STAGES] = {false}; /* two rows of the table may name the same finding */
    for (size_t i = 0; i < texts->n_funnel; i++) {
        const struct funnel_row *row = &texts->funnel[i];
        if (!row->is_of_items || is_counted[row->stage] || !sh_str_eq(row->procedure, procedure) ||
            !is_in(row->state, state) || !is_in(row->matter_state, matter_state))
            continue;
        struct sum *sum = sum_of(f, sh_cell(rows, r, 0)->str, sh_cell(rows, r, 1)->str);
        is_counted[row->stage] = true;
        if (sum)
            sum->of[row->stage].n += sh_cell(rows, r, 5)->i64,
                sum->of[row->stage].fen += sh_cell(rows, r, 6)->i64;
    }
}

/* By rule every row is read; else the counts that each matter keeps. */
static sh_code sum_items(struct funnel *f) {
    static const char *const heads[] = {
        [SH_FUNNEL_ALL] = "select '', '', t.procedure, c.state, t.state, ",
        [SH_FUNNEL_INSTITUTION] = "select t.subject, t.subject, t.procedure, c.state, t.state, ",
        [SH_FUNNEL_MONTH] = "select t.period, t.period, t.procedure, c.state, t.state, "};
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    if (f->by == SH_FUNNEL_RULE)
        query_add(&q,
                  "select t.rule, max(t.name), t.procedure, t.state, m.state, cast(count(*) as bigint), "
                  "cast(sum(t.amount) as bigint) from mt_item t join mt_matter m on m.id = t.matter where ");
    else {
        query_add(&q, heads[f->by]);
        query_add(
            &q, "cast(sum(c.n) as bigint), cast(sum(c.amount) as bigint) from mt_count c join mt_matter t on "
                "t.id = c.matter where ");
    }
    query_place(&q, f->desk->who, f->desk->arena);
    query_add(&q, f->by == SH_FUNNEL_RULE          ? " group by t.rule, t.procedure, t.state, m.state"
                  : f->by == SH_FUNNEL_INSTITUTION ? " group by t.subject, t.procedure, c.state, t.state"
                  : f->by == SH_FUNNEL_MONTH       ? " group by t.period, t.procedure, c.state, t.state"
                                                   : " group by t.procedure, c.state, t.state");
    SH_TRY(sh_buf_check(&q.sql, f->err));
    SH_TRY(sh_sql_query(f->txn, q.sql.at, q.values, q.n, f->desk->arena, &rows, f->err));
    for (size_t r = 0; r < rows.n_rows; r++)
        count_in(f, &rows, r);
    return SH_OK;
}

/* "YYYY-MM" of a time. */
static struct sh_str month_of(struct funnel *f, int64_t at) {
    char day[SH_DATE_TEXT_MAX];
    sh_date_format(day_of_utc(at), day);
    return sh_textf(f->desk->arena, "%.7s", day);
}

static sh_code add_matter(struct funnel *f, const struct funnel_row *row, const struct sh_rows *rows,
                          size_t r) {
    const struct sh_procedure *text =
        sh_procedure_version(f->desk->texts->procedures, row->procedure, sh_cell(rows, r, 2)->str,
                             (int32_t)sh_cell(rows, r, 3)->i64);
    const int32_t field = text ? sh_machine_field(&text->matter, row->field) : -1;
    int64_t fen = 0;
    if (field < 0)
        return SH_OK; /* a text that had no such field */
    struct sh_str *values = sh_new(f->desk->arena, struct sh_str, text->matter.n_fields + 1);
    if (!values)
        return sh_fail(f->err, SH_E_NOMEM, "no room for sums");
    SH_TRY(sh_fields_parse(&text->matter, sh_cell(rows, r, 4)->str, f->desk->arena, values, f->err));
    if (values[field].len && sh_decimal_scan(values[field].at, values[field].len, 2, &fen) != SH_DECIMAL_OK)
        return sh_fail(f->err, SH_E_CORRUPT, "a matter has the amount '%.*s'", SH_ARG(values[field]));
    const struct sh_str key = f->by == SH_FUNNEL_INSTITUTION ? sh_cell(rows, r, 0)->str
                              : f->by == SH_FUNNEL_MONTH     ? month_of(f, sh_cell(rows, r, 1)->i64)
                                                             : SH_STR("");
    struct sum *sum = sum_of(f, key, key);
    if (sum)
        sum->of[row->stage].n++, sum->of[row->stage].fen += fen;
    return SH_OK;
}

static sh_code sum_matters(struct funnel *f, const struct funnel_row *row) {
    SH_CLEANUP(query_free) struct query q = {0};
    struct sh_rows rows;
    query_add(&q,
              "select t.subject, t.opened_at, t.text_place, t.text_from, t.fields from mt_matter t where ");
    query_place(&q, f->desk->who, f->desk->arena);
    query_equals(&q, "t.procedure", row->procedure);
    if (!sh_str_is(row->state, "*"))
        query_equals(&q, "t.state", row->state);
    query_add(&q, " limit ");
    query_value(&q, SH_I64(MATTERS_MAX + 1));
    SH_TRY(sh_buf_check(&q.sql, f->err));
    SH_TRY(sh_sql_query(f->txn, q.sql.at, q.values, q.n, f->desk->arena, &rows, f->err));
    if (rows.n_rows > MATTERS_MAX)
        return sh_fail(f->err, SH_E_LIMIT, "more than %d matters to sum up", MATTERS_MAX);
    for (size_t r = 0; r < rows.n_rows; r++)
        SH_TRY(add_matter(f, row, &rows, r));
    return SH_OK;
}

static void put_sum(const struct funnel *f, struct sh_json *json, const struct sum *sum) {
    sh_json_object(json);
    sh_json_put_str(json, "key", sum->key);
    sh_json_put_str(json, "name", sum->name);
    for (unsigned s = 0; s < STAGES; s++) {
        sh_json_key(json, stage_names[s]);
        if (f->by == SH_FUNNEL_RULE && s >= DUE) {
            sh_json_null(json);
            continue;
        }
        sh_json_object(json);
        sh_json_put_i64(json, "n", sum->of[s].n);
        sh_put_fen(json, "amount", sum->of[s].fen);
        sh_json_object_end(json);
    }
    sh_json_object_end(json);
}

sh_code sh_funnel_json(struct sh_txn *txn, const struct sh_desk *desk, enum sh_funnel_by by,
                       struct sh_json *json, struct sh_err *err) {
    struct funnel f = {.txn = txn, .desk = desk, .by = by, .err = err};
    f.sums = sh_new(desk->arena, struct sum, KEYS_MAX + 1);
    if (!f.sums)
        return sh_fail(err, SH_E_NOMEM, "no room for sums");
    SH_TRY(sum_items(&f));
    for (size_t i = 0; by != SH_FUNNEL_RULE && i < desk->texts->n_funnel; i++)
        if (!desk->texts->funnel[i].is_of_items)
            SH_TRY(sum_matters(&f, &desk->texts->funnel[i]));
    if (f.n)
        qsort(f.sums, f.n, sizeof *f.sums, by == SH_FUNNEL_MONTH ? by_key : by_money);
    sh_json_object(json);
    sh_json_key(json, "items");
    sh_json_array(json);
    for (size_t i = 0; i < f.n; i++)
        put_sum(&f, json, &f.sums[i]);
    sh_json_array_end(json);
    sh_json_object_end(json);
    return SH_OK;
}
