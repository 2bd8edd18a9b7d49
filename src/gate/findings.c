/* Findings of an audit run, read only, straight from the run's Parquet file: runs, pages of findings, sums
 * and groups of what the filters let through. */
#include "base/fs.h"
#include "base/limits.h"
#include "gate/entry.h"
#include "gate/find.h"
#include "gate/handlers.h"
#include <duckdb.h>

enum { RUNS_MAX = 200, GROUPS_MAX = 1000 };
static const char *const columns[] = {"id",           "rule",
                                      "number",       "name",
                                      "level",        "point",
                                      "institution",  "institution_name",
                                      "person",       "encounter",
                                      "day",          "lines",
                                      "amount",       "counted",
                                      "fund_amount",  "say",
                                      "basis",        "receipt",
                                      "department",   "department_name",
                                      "practitioner", "practitioner_name"};
enum {
    COLUMNS_N = sizeof columns / sizeof columns[0],
    COLUMN_ID = 0,
    COLUMN_RULE = 1,
    COLUMN_NAME = 3,
    COLUMN_PERSON = 8,
    COLUMN_CLAIM = 18 /* this one and the rest: of a run that was loaded */
};

/* ---- runs -------------------------------------------------------------------------------------------- */

static bool has_findings(const char *dir, const char *run) {
    char path[SH_PATH_BYTES_MAX];
    bool is_there = false;
    struct sh_err err;
    return sh_path_format(path, &err, "%s/%s/findings.parquet", dir, run) == SH_OK &&
           sh_fs_exists(path, &is_there, &err) == SH_OK && is_there;
}

/* A lake holds the claims of its place: who sees the whole of a place sees its runs; an institution sees its
 * own rows. */
sh_code sh_api_runs(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    char dir[SH_PATH_BYTES_MAX];
    const struct sh_dir_entry *entries = NULL;
    size_t n = 0, shown = 0;
    if (gate->options.lake_dir) {
        SH_TRY(sh_path_join(dir, gate->options.lake_dir, "audits", err));
        const sh_code code = sh_dir_list(dir, &rq->arena, &entries, &n, err);
        if (code != SH_OK && code != SH_E_NOTFOUND)
            return code;
        n = code == SH_OK ? n : 0;
    }
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t i = n; i-- > 0 && shown < RUNS_MAX;) { /* named by time: the newest first */
        if (entries[i].name[0] == '.' || !has_findings(dir, entries[i].name))
            continue;
        sh_json_object(&json);
        sh_json_put_text(&json, "run", entries[i].name);
        sh_json_object_end(&json);
        shown++;
    }
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* ---- pages ------------------------------------------------------------------------------------------- */

/* Orders a reader may ask for: a key that is never null (of a run that was not loaded: an expression), and
 * its type for the place where a page went on; the id decides among equals. None by id alone: rows of
 * neighbouring ids lie all over the file. */
static const struct order {
    const char *word, *key, *unloaded, *type;
    enum sh_desk_order desk, other; /* other: a desk in which these keys lie mixed */
    bool is_fine;                   /* few rows have the same key */
} orders[] = {
    {"money", "counted", "counted", "decimal(18,2)", SH_DESK_MONEY, SH_DESK_RULE, true},
    {"day", "day_key", "coalesce(day, date '0001-01-01')", "date", SH_DESK_DAY, SH_DESK_MONEY, false},
    {"rule", "rule", "rule", "varchar", SH_DESK_RULE, SH_DESK_MONEY, false},
    {"institution", "institution_key", "coalesce(institution, '')", "varchar", SH_DESK_INSTITUTION,
     SH_DESK_MONEY, false},
};
enum { ORDERS_N = sizeof orders / sizeof orders[0] };

struct page {
    struct sh_find *find;
    struct sh_json *json;
    const struct order *order;
    const char *key; /* its expression */
    bool is_falling, is_first;
    struct sh_str after_key, after_id; /* where it goes on, unless it is the first */
    size_t limit, n;                   /* n: rows met, one more than limit when there are more */
    const char *last, *next, *bound; /* bound: the first rows of the page have no key beyond it; NULL: all */
};

static sh_code read_order(struct sh_request *rq, struct page *page, struct sh_err *err) {
    struct sh_str word = sh_target_arg(&rq->target, "sort");
    if (word.len == 0)
        word = SH_STR("-money");
    page->is_falling = word.at[0] == '-';
    if (page->is_falling)
        word = sh_str_sub(word, 1, word.len);
    for (size_t i = 0; i <= ORDERS_N; i++) {
        if (i == ORDERS_N) {
            struct sh_faults faults = {0};
            sh_faults_add(rq, &faults, SH_STR("sort"), 0, "money | day | rule | institution");
            return sh_refused(sh_refuse_fields(rq, &faults), err);
        }
        if (sh_str_is(word, orders[i].word)) {
            page->order = &orders[i];
            page->key = page->find->has_claims ? orders[i].key : orders[i].unloaded;
            break;
        }
    }
    return SH_OK;
}

static void select_columns(struct sh_find *find) {
    sh_buf_add_text(&find->sql, "select ");
    for (idx_t c = 0; c < COLUMNS_N; c++)
        sh_buf_addf(&find->sql, "%s%s", c ? ", " : "",
                    c >= COLUMN_CLAIM && !find->has_claims ? "cast(null as varchar)" : columns[c]);
}

/* `after` is "KEY~ID"; ids have no ~, keys may. */
static void read_after(struct page *page) {
    const struct sh_str after = sh_target_arg(&page->find->rq->target, "after");
    size_t mark = after.len;
    page->is_first = after.len == 0;
    while (mark > 0 && after.at[mark - 1] != '~')
        mark--;
    page->after_key = sh_str_sub(after, 0, mark ? mark - 1 : 0);
    page->after_id = sh_str_sub(after, mark, after.len);
}

static void where_key(struct page *page, const char *sign, struct sh_str value) {
    struct sh_find *find = page->find;
    sh_buf_addf(&find->sql, " and %s %s try_cast(", page->key, sign);
    sh_find_bind(find, value);
    sh_buf_addf(&find->sql, " as %s)", page->order->type);
}

static const char *sign_of(const struct page *page, bool is_beyond) {
    return page->is_falling == is_beyond ? "<" : ">";
}

static sh_code keep_bound(void *ctx, void *result_at, struct sh_err *err) {
    (void)err;
    struct page *page = ctx;
    duckdb_result *result = result_at;
    page->bound = duckdb_row_count(result) ? sh_find_cell(page->find, result, 0, 0) : NULL;
    return SH_OK;
}

/* Everybody who opens the table in this order asks for the same page first; it reads the whole column. */
static sh_code kept_bound(struct page *page, struct sh_err *err) {
    struct sh_find_table table;
    SH_TRY(sh_find_table(page->find, &table, err));
    page->bound = table.n_rows ? table.cells[0].at : NULL;
    return SH_OK;
}

static void begin_statement(struct sh_find *find) {
    sh_buf_clear(&find->sql);
    find->n_binds = 0;
}

/* The key that ends the page, from that column alone: the page then reads the many others only for rows up to
 * it. Read where the keys lie mixed: where they lie the other way round, each row is nearer than all before.
 */
static sh_code find_bound(struct page *page, struct sh_err *err) {
    struct sh_find *find = page->find;
    begin_statement(find);
    if (find->has_claims)
        SH_TRY(sh_find_turn(find, page->order->other, err));
    sh_buf_addf(&find->sql, "select %s", page->key);
    SH_TRY(sh_find_where(find, err));
    if (!page->is_first)
        where_key(page, sign_of(page, true), page->after_key);
    sh_buf_addf(&find->sql, " order by 1%s limit 1 offset %zu", page->is_falling ? " desc" : "", page->limit);
    SH_TRY(page->is_first ? kept_bound(page, err) : sh_find_run(find, keep_bound, page, err));
    return find->has_claims ? sh_find_turn(find, page->order->desk, err) : SH_OK;
}

static void put_finding(const struct page *page, duckdb_result *result, idx_t row) {
    const struct sh_str rule = sh_str_of(sh_find_cell(page->find, result, COLUMN_RULE, row));
    sh_json_object(page->json);
    for (idx_t c = 0; c < COLUMNS_N; c++) {
        const char *text = sh_find_cell(page->find, result, c, row);
        sh_json_key(page->json, columns[c]);
        if (text && c == COLUMN_PERSON)
            sh_json_str(page->json, sh_find_masked(&page->find->rq->arena, sh_str_of(text)));
        else if (text && c == COLUMN_NAME)
            sh_json_str(page->json, sh_rule_title(page->find->gate, page->find->rq, rule, sh_str_of(text)));
        else
            sh_json_text(page->json, text);
    }
    sh_json_object_end(page->json);
}

static sh_code put_page(void *ctx, void *result_at, struct sh_err *err) {
    (void)err;
    struct page *page = ctx;
    duckdb_result *result = result_at;
    const idx_t n = duckdb_row_count(result);
    for (idx_t row = 0; row < n; row++) {
        if (page->n++ == page->limit) {
            page->next = page->last;
            return SH_OK;
        }
        put_finding(page, result, row);
        if (page->n < page->limit)
            continue;
        const char *id = sh_find_cell(page->find, result, COLUMN_ID, row);
        const char *key = sh_find_cell(page->find, result, COLUMNS_N, row);
        page->last = sh_arena_printf(&page->find->rq->arena, NULL, "%s~%s", key ? key : "", id ? id : "");
    }
    return SH_OK;
}

static sh_code begin_rows(struct page *page, struct sh_err *err) {
    begin_statement(page->find);
    select_columns(page->find);
    sh_buf_addf(&page->find->sql, ", %s", page->key);
    return sh_find_where(page->find, err);
}

static sh_code put_rows(struct page *page, struct sh_err *err) {
    sh_buf_addf(&page->find->sql, " order by %s%s, id limit %zu", page->key, page->is_falling ? " desc" : "",
                page->limit + 1 - page->n);
    return sh_find_run(page->find, put_page, page, err);
}

/* One statement. As the rows lie in their desk they need no bound. */
static sh_code put_fine(struct page *page, struct sh_err *err) {
    struct sh_find *find = page->find;
    const bool as_they_lie = find->has_claims && page->is_falling;
    SH_TRY(as_they_lie ? sh_find_turn(find, page->order->desk, err) : find_bound(page, err));
    SH_TRY(begin_rows(page, err));
    if (!page->is_first) { /* the first condition says nothing new but is held against row groups */
        where_key(page, page->is_falling ? "<=" : ">=", page->after_key);
        sh_buf_add_text(&find->sql, " and (true");
        where_key(page, sign_of(page, true), page->after_key);
        sh_buf_add_text(&find->sql, " or id > ");
        sh_find_bind(find, page->after_id);
        sh_buf_add_char(&find->sql, ')');
    }
    if (page->bound)
        where_key(page, page->is_falling ? ">=" : "<=", sh_str_of(page->bound));
    return put_rows(page, err);
}

static sh_code put_equals(struct page *page, struct sh_str key, const struct sh_str *after_id,
                          struct sh_err *err) {
    struct sh_find *find = page->find;
    SH_TRY(begin_rows(page, err));
    where_key(page, "=", key);
    if (after_id) {
        sh_buf_add_text(&find->sql, " and id > ");
        sh_find_bind(find, *after_id);
    }
    sh_buf_addf(&find->sql, " order by id limit %zu", page->limit + 1 - page->n);
    return sh_find_run(find, put_page, page, err);
}

/* A hundred thousand rows may have one key: those of the key where the page goes on and of the key that ends
 * it are asked for by their ids, which lie sorted in the desk of the order; between them are few. */
static sh_code put_coarse(struct page *page, struct sh_err *err) {
    if (page->find->has_claims)
        SH_TRY(sh_find_turn(page->find, page->order->desk, err));
    if (!page->is_first)
        SH_TRY(put_equals(page, page->after_key, &page->after_id, err));
    if (page->n > page->limit)
        return SH_OK;
    SH_TRY(find_bound(page, err));
    SH_TRY(begin_rows(page, err));
    if (!page->is_first)
        where_key(page, sign_of(page, true), page->after_key);
    if (page->bound)
        where_key(page, sign_of(page, false), sh_str_of(page->bound));
    SH_TRY(put_rows(page, err));
    return page->bound && page->n <= page->limit ? put_equals(page, sh_str_of(page->bound), NULL, err)
                                                 : SH_OK;
}

sh_code sh_api_findings(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_find_end) struct sh_find find;
    SH_TRY(sh_find_begin(gate, rq, &find, err));
    struct sh_json json;
    struct page page = {.find = &find, .json = &json};
    SH_TRY(sh_arg_limit(rq, &page.limit, err));
    SH_TRY(read_order(rq, &page, err));
    read_after(&page);
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    SH_TRY(page.order->is_fine ? put_fine(&page, err) : put_coarse(&page, err));
    sh_json_array_end(&json);
    sh_json_put_text(&json, "next", page.next);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

sh_code sh_api_finding(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_find_end) struct sh_find find;
    SH_TRY(sh_find_begin(gate, rq, &find, err));
    struct sh_json json;
    struct page page = {.find = &find, .json = &json, .order = &orders[0], .limit = 1};
    select_columns(&find);
    SH_TRY(sh_find_where(&find, err));
    sh_buf_add_text(&find.sql, " and id = ");
    sh_find_bind(&find, rq->params[1]);
    sh_answer_begin(rq, 200, &json);
    SH_TRY(sh_find_run(&find, put_page, &page, err));
    return page.n == 1 ? sh_answer_end(rq, &json, err) : sh_refuse(rq, GATE_NOT_FOUND, NULL);
}

/* ---- sums -------------------------------------------------------------------------------------------- */

#define SUMS                                                                                                 \
    "count(*), count(distinct institution), count(distinct person), coalesce(sum(amount), 0), "              \
    "coalesce(sum(counted), 0), coalesce(sum(fund_amount), 0), count(*) - count(amount)"
enum { SUMS_N = 7, SUMS_MONEY = 3, SUMS_MONEY_END = 6 };
static const char *const sums[SUMS_N] = {"findings", "institutions", "persons",        "amount",
                                         "counted",  "fund_amount",  "unknown_amounts"};

/* Of a row's cells; amounts are texts. */
static void put_sums(struct sh_json *json, const struct sh_str *cells) {
    for (size_t c = 0; c < SUMS_N; c++)
        if (c >= SUMS_MONEY && c < SUMS_MONEY_END)
            sh_json_put_str(json, sums[c], cells[c]);
        else
            sh_json_put_i64(json, sums[c], strtoll(cells[c].at, NULL, 10));
}

sh_code sh_api_finding_totals(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_find_end) struct sh_find find;
    SH_TRY(sh_find_begin(gate, rq, &find, err));
    struct sh_json json;
    struct sh_find_table table;
    sh_buf_add_text(&find.sql, "select " SUMS);
    SH_TRY(sh_find_where(&find, err));
    SH_TRY(sh_find_table(&find, &table, err));
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    put_sums(&json, table.cells);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

/* What findings may be counted by: the key, the name beside it, and the rule whose name that is. */
static const struct grouping {
    const char *word, *key, *name, *order, *rule;
    bool is_of_claim;
} groupings[] = {
    {"rule", "rule", "any_value(name)", "7 desc, 1", "rule"},
    {"institution", "coalesce(institution, '')", "any_value(institution_name)", "7 desc, 1", "''"},
    {"level", "level", "any_value(level)", "7 desc, 1", "''"},
    {"point", "coalesce(point, '')", "arg_min(name, rule)", "7 desc, 1", "min(rule)"},
    {"month", "coalesce(strftime(day, '%Y-%m'), '')", "any_value(strftime(day, '%Y-%m'))", "1", "''"},
    {"department", "coalesce(department, '')", "any_value(department_name)", "7 desc, 1", "''", true},
    {"practitioner", "coalesce(practitioner, '')", "any_value(practitioner_name)", "7 desc, 1", "''", true},
};

static void put_group(const struct sh_find *find, struct sh_json *json, const struct sh_str *cells) {
    sh_json_object(json);
    sh_json_put_str(json, "key", cells[0]);
    sh_json_put_str(json, "name", sh_rule_title(find->gate, find->rq, cells[2 + SUMS_N], cells[1]));
    put_sums(json, cells + 2);
    sh_json_object_end(json);
}

sh_code sh_api_finding_groups(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {
    SH_CLEANUP(sh_find_end) struct sh_find find;
    SH_TRY(sh_find_begin(gate, rq, &find, err));
    const struct sh_str by = sh_target_arg(&rq->target, "by");
    const struct grouping *grouping = NULL;
    for (size_t i = 0; i < sizeof groupings / sizeof groupings[0]; i++)
        if (sh_str_is(by, groupings[i].word))
            grouping = &groupings[i];
    if (!grouping) {
        struct sh_faults faults = {0};
        sh_faults_add(rq, &faults, SH_STR("by"), 0,
                      "rule | institution | level | point | month | department | practitioner");
        return sh_refuse_fields(rq, &faults);
    }
    struct sh_json json;
    struct sh_find_table table = {0};
    sh_buf_addf(&find.sql, "select %s, %s, " SUMS ", %s", grouping->key, grouping->name, grouping->rule);
    SH_TRY(sh_find_where(&find, err));
    sh_buf_addf(&find.sql, " group by 1 order by %s limit %d", grouping->order, GROUPS_MAX);
    if (find.has_claims || !grouping->is_of_claim) /* else nothing is known to group by */
        SH_TRY(sh_find_table(&find, &table, err));
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    for (size_t row = 0; row < table.n_rows; row++)
        put_group(&find, &json, table.cells + row * table.n_columns);
    sh_json_array_end(&json);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}
