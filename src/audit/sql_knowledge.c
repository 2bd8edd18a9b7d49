/* Knowledge tables as SQL tables: their cells as values, sets as arrays of words, the item index as rows. */
#include "audit/sql.h"
#include <string.h>

static struct sh_str bare(const struct sh_plan *plan, const struct sh_knowledge_column *c,
                          struct sh_str word) {
    word = sh_str_trim(word);
    while (c->type.domain >= 0 && plan->model->domain_dicts[c->type.domain] == SH_DICT_DIAGNOSIS &&
           word.len > 0 && (word.at[word.len - 1] == '+' || word.at[word.len - 1] == '*'))
        word.len--;
    return word;
}

static const char *type_of(const struct sh_knowledge_column *c) {
    switch ((int)c->type.kind) { /* the rest are numbers */
    case SH_KIND_TEXT:
    case SH_KIND_CODE:
        return "varchar";
    case SH_KIND_SET:
        return "varchar[]";
    case SH_KIND_BOOL:
    case SH_KIND_RANGE:
        return "boolean";
    default:
        return "bigint";
    }
}

static void create(const struct sh_knowledge *k, struct sh_buf *out) {
    sh_buf_addf(out,
                "create table k_%.*s (rn bigint, _pt bigint, _point varchar, _from bigint, _to bigint, "
                "_level bigint, _alt "
                "bigint",
                SH_ARG(k->name));
    for (uint16_t c = 0; c < k->n_columns; c++) {
        sh_buf_addf(out, ", \"%.*s\" %s", SH_ARG(k->columns[c].name), type_of(&k->columns[c]));
        if (k->columns[c].type.kind == SH_KIND_RANGE)
            sh_buf_addf(out, ", \"%.*s_low\" bigint, \"%.*s_high\" bigint", SH_ARG(k->columns[c].name),
                        SH_ARG(k->columns[c].name));
    }
    sh_buf_addf(out, ");\ncreate table k_%.*s_item (k bigint, code varchar, under boolean);\n",
                SH_ARG(k->name));
    sh_buf_addf(out, "create table k_%.*s_item_b (k bigint, code varchar, under boolean);\n",
                SH_ARG(k->name));
}

/* Rows of a point whose times overlap are alternatives: the number of the first of them. *ret_chain: they
 * overlap only one by one, so that which stand together is no plain partition. */
static uint32_t first_alternative(const struct sh_knowledge *k, uint32_t row, bool *ret_chain) {
    uint32_t first = row;
    for (uint32_t i = 0; i < k->n_rows; i++) {
        if (k->rows[i].point != k->rows[row].point || k->rows[i].from >= k->rows[row].to ||
            k->rows[row].from >= k->rows[i].to)
            continue;
        first = i < first ? i : first;
        for (uint32_t j = 0; j < k->n_rows; j++)
            if (k->rows[j].point == k->rows[row].point && k->rows[j].from < k->rows[row].to &&
                k->rows[row].from < k->rows[j].to &&
                (k->rows[i].from >= k->rows[j].to || k->rows[j].from >= k->rows[i].to))
                *ret_chain = true;
    }
    return first;
}

static int64_t value_of(const struct sh_model_column *c, const void *values, uint32_t row) {
    if (c->storage == SH_STORE_I64)
        return ((const int64_t *)values)[row];
    if (c->storage == SH_STORE_I32)
        return ((const int32_t *)values)[row] == SH_MISSING_I32 ? SH_MISSING : ((const int32_t *)values)[row];
    return ((const int8_t *)values)[row] == SH_MISSING_I8 ? SH_MISSING : ((const int8_t *)values)[row];
}

static void number(struct sh_buf *out, int64_t v) {
    if (v == SH_MISSING)
        sh_buf_add_text(out, "null");
    else
        sh_buf_addf(out, "%lld", (long long)v);
}

/* Of the words of a cell those that no other makes needless. */
static bool is_needless(const struct sh_plan *plan, const struct sh_knowledge_column *c, struct sh_str cell,
                        size_t nth, struct sh_str word) {
    size_t i = 0;
    for (struct sh_str rest = cell, other; sh_str_split(&rest, '|', &other); i++) {
        other = bare(plan, c, other);
        if (i != nth && (c->under ? sh_str_starts_with(word, other) : sh_str_eq(word, other)) &&
            (!sh_str_eq(word, other) || i < nth))
            return true;
    }
    return false;
}

static void set(const struct sh_sql_maker *m, const struct sh_knowledge_column *c, struct sh_str cell,
                struct sh_buf *out) {
    sh_buf_add_text(out, m->dialect == SH_SQL_DUCKDB ? "[" : "array[");
    size_t n = 0;
    for (struct sh_str rest = cell, word; sh_str_split(&rest, '|', &word);) {
        if (n++ > 0)
            sh_buf_add_text(out, ", ");
        sh_sql_text(out, bare(m->plan, c, word));
    }
    sh_buf_add_char(out, ']');
}

static void cell(const struct sh_sql_maker *m, const struct sh_knowledge *k,
                 const struct sh_knowledge_bound *b, uint16_t c, uint32_t row, struct sh_buf *out) {
    const struct sh_knowledge_column *column = &k->columns[c];
    const struct sh_model_column *model = &m->plan->model->model.tables[k->model_table].columns[c];
    const struct sh_str text = sh_str_trim(k->rows[row].cells[c]);
    const int64_t value = b->frame.columns[c] ? value_of(model, b->frame.columns[c], row) : SH_MISSING;
    sh_buf_add_text(out, ", ");
    switch ((int)column->type.kind) { /* the rest are numbers */
    case SH_KIND_TEXT:
    case SH_KIND_CODE:
        if (text.len == 0)
            sh_buf_add_text(out, "null");
        else
            sh_sql_text(out, text);
        return;
    case SH_KIND_SET:
        if (text.len == 0)
            sh_buf_add_text(out, "null");
        else
            set(m, column, text, out);
        return;
    case SH_KIND_RANGE:
        if (value == SH_MISSING) {
            sh_buf_add_text(out, "null, null, null");
            return;
        }
        sh_buf_add_text(out, "true, ");
        number(out, m->plan->bound->ranges[value].low);
        sh_buf_add_text(out, ", ");
        number(out, m->plan->bound->ranges[value].high);
        return;
    case SH_KIND_BOOL:
        sh_buf_add_text(out, value == SH_MISSING ? "null" : value ? "true" : "false");
        return;
    default:
        number(out, value);
    }
}

static void items(const struct sh_sql_maker *m, const struct sh_knowledge *k, const char *key,
                  const char *table, uint32_t row, struct sh_buf *out) {
    for (uint16_t c = 0; c < k->n_columns; c++) {
        if (k->columns[c].key == SH_KEY_NOT || k->columns[c].type.kind != SH_KIND_SET ||
            !sh_str_is(k->columns[c].name, key))
            continue;
        size_t n = 0;
        const struct sh_str text = sh_str_trim(k->rows[row].cells[c]);
        for (struct sh_str rest = text, word; text.len > 0 && sh_str_split(&rest, '|', &word); n++) {
            word = bare(m->plan, &k->columns[c], word);
            if (is_needless(m->plan, &k->columns[c], text, n, word))
                continue;
            sh_buf_addf(out, "insert into k_%.*s_%s values (%u, ", SH_ARG(k->name), table, row);
            sh_sql_text(out, word);
            sh_buf_addf(out, ", %s);\n", k->columns[c].under ? "true" : "false");
        }
    }
}

static sh_code one_table(const struct sh_sql_maker *m, size_t number_, struct sh_buf *out,
                         struct sh_err *err) {
    const struct sh_knowledge *k = &m->plan->rules->knowledge[number_];
    const struct sh_knowledge_bound *b = &m->plan->bound->tables[number_];
    create(k, out);
    for (uint32_t row = 0; row < k->n_rows; row++) {
        const struct sh_knowledge_row *r = &k->rows[row];
        bool chain = false;
        const uint32_t alternative = first_alternative(k, row, &chain);
        if (chain)
            return sh_fail(err, SH_E_UNSUPPORTED,
                           "SQL cannot say alternatives that overlap one by one: knowledge %.*s, point %.*s",
                           SH_ARG(k->name), SH_ARG(k->points[r->point]));
        sh_buf_addf(out, "insert into k_%.*s values (%u, %d, ", SH_ARG(k->name), row, r->point);
        sh_sql_text(out, k->points[r->point]);
        sh_buf_addf(out, ", %d, %d, %d, %u", r->from, r->to, (int)r->level, alternative);
        for (uint16_t c = 0; c < k->n_columns; c++)
            cell(m, k, b, c, row, out);
        sh_buf_add_text(out, ");\n");
        const bool pair = b->item_b_begin != NULL;
        items(m, k, pair ? "a" : "item", "item", row, out);
        if (pair)
            items(m, k, "b", "item_b", row, out);
    }
    return sh_buf_check(out, err);
}

static bool is_used(const struct sh_rule *r, size_t table) {
    for (size_t u = 0; u < r->n_uses; u++)
        if (r->uses[u].knowledge == table)
            return true;
    return false;
}

sh_code sh_sql_knowledge(const struct sh_sql_maker *m, struct sh_buf *out, struct sh_err *err) {
    for (size_t i = 0; i < m->plan->rules->n_knowledge; i++) {
        bool used = false;
        for (size_t r = 0; r < m->plan->n_active; r++)
            used |= is_used(m->plan->active[r].rule, i);
        for (size_t v = 0; v < m->plan->rules->n_views; v++)
            used |= m->plan->views[v].rule && is_used(m->plan->views[v].rule, i);
        if (used)
            SH_TRY(one_table(m, i, out, err));
    }
    return SH_OK;
}
