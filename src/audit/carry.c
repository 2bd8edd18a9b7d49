/* Rows on their way to rows of other persons: packed with the columns their rule reads, and unpacked into the
 * timeline of another engine. */
#include "audit/carry.h"
#include "base/date.h"
#include "base/hash.h"
#include <string.h>

static sh_code out_of_room(struct sh_err *err) {
    return sh_fail(err, SH_E_NOMEM, "no room for rows that must meet");
}

/* ---- what is taken along ------------------------------------------------------------------------ */

static bool is_text(const struct sh_plan *plan, uint16_t table, uint16_t column) {
    const struct sh_model_column *c = &plan->model->model.tables[table].columns[column];
    return c->type.kind == SH_KIND_TEXT && c->type.domain < 0 && c->join < 0 && c->storage == SH_STORE_I32;
}

static bool is_row_join(const struct sh_plan *plan, uint16_t table, uint16_t column) {
    const struct sh_model_column *c = &plan->model->model.tables[table].columns[column];
    return c->join >= 0 && sh_is_personal(plan, c->join) && c->type.kind != SH_KIND_CODE;
}

static bool is_joined(const struct sh_plan *plan, uint16_t table, uint16_t column) {
    return is_row_join(plan, table, column) ||
           (table != SH_TABLE_PERSON && plan->model->derived[table] &&
            plan->model->derived[table][column] == SH_DERIVED_JOIN_PERSON);
}

static bool is_ancestor(const struct sh_carry *c, int16_t node, uint16_t table) {
    for (; node >= 0; node = c->nodes[node].parent)
        if (c->nodes[node].table == table)
            return true;
    return false;
}

/* The engine reads these of every row of a table. */
static void own_columns(const struct sh_plan *plan, uint16_t table, bool *wanted) {
    static const char *const names[] = {"person",  "institution", "encounter",  "time",        "from",
                                        "to",      "day",         "last_day",   "item",        "quantity",
                                        "covered", "unit_price",  "time_exact", "prescription"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const int c = sh_model_column(plan->model, table, names[i]);
        if (c >= 0 && plan->needed[table][c])
            wanted[c] = true;
    }
}

static sh_code add_node(const struct sh_plan *plan, struct sh_carry *c, struct sh_carry_node node,
                        const struct sh_need *needs, size_t n_needs, struct sh_arena *arena,
                        struct sh_err *err) {
    const struct sh_model_table *t = &plan->model->model.tables[node.table];
    bool *wanted = sh_new(arena, bool, (size_t)t->n_columns + 1);
    uint16_t *columns = sh_new(arena, uint16_t, (size_t)t->n_columns + 1);
    if (!wanted || !columns)
        return out_of_room(err);
    if (c->n_nodes == SH_CARRY_NODES_MAX)
        return sh_fail(err, SH_E_LIMIT, "a rule over many persons joins more than %d rows",
                       SH_CARRY_NODES_MAX);
    for (size_t i = 0; i < n_needs; i++)
        if (needs[i].table == node.table && needs[i].column != UINT16_MAX)
            wanted[needs[i].column] = true;
    if (node.parent < 0)
        own_columns(plan, node.table, wanted);
    for (uint16_t i = 0; i < t->n_columns; i++)
        if (wanted[i])
            columns[node.n_columns++] = i;
    node.columns = columns;
    const int16_t number = (int16_t)c->n_nodes;
    c->nodes[c->n_nodes++] = node;
    for (uint16_t i = 0; i < node.n_columns; i++) {
        const uint16_t join = columns[i];
        const uint16_t to = (uint16_t)t->columns[join].join;
        if (!is_joined(plan, node.table, join) || is_ancestor(c, number, to))
            continue;
        SH_TRY(add_node(plan, c, (struct sh_carry_node){.parent = number, .join = join, .table = to}, needs,
                        n_needs, arena, err));
    }
    return SH_OK;
}

sh_code sh_carry_make(const struct sh_plan *plan, const struct sh_rule *r, const struct sh_need *needs,
                      size_t n_needs, struct sh_arena *arena, const struct sh_carry **ret,
                      struct sh_err *err) {
    struct sh_carry *c = sh_new(arena, struct sh_carry, 1);
    if (!c)
        return out_of_room(err);
    SH_TRY(add_node(plan, c, (struct sh_carry_node){.parent = -1, .table = r->table}, needs, n_needs, arena,
                    err));
    *ret = c;
    return SH_OK;
}

/* ---- packing ------------------------------------------------------------------------------------ */

static void add_u32(struct sh_buf *out, uint32_t v) {
    sh_buf_add(out, (const char *)&v, sizeof(v));
}
static void add_i64(struct sh_buf *out, int64_t v) {
    sh_buf_add(out, (const char *)&v, sizeof(v));
}
static void add_str(struct sh_buf *out, struct sh_str s) {
    add_u32(out, (uint32_t)s.len);
    sh_buf_add_str(out, s);
}

/* What makes a row the same row wherever it is met. */
static int64_t identity(struct sh_engine *en, uint16_t table, int32_t row, struct sh_buf *scratch) {
    const struct sh_columns *at = &en->plan->at;
    const int key = table == SH_TABLE_ENCOUNTER    ? at->encounter.encounter_key
                    : table == SH_TABLE_SETTLEMENT ? at->settlement.settlement_key
                                                   : -1;
    if (table == SH_TABLE_PERSON)
        return en->tl.persons[row];
    const int64_t *keys = sh_i64(&en->tl, table, key);
    if (keys)
        return keys[row];
    sh_buf_clear(scratch);
    return sh_key_of_row(en, table, row, scratch, NULL) == SH_OK
               ? (int64_t)sh_hash64(scratch->at, scratch->len, table)
               : row;
}

static int32_t row_of(struct sh_engine *en, const struct sh_carry *c, const int32_t *rows, size_t node) {
    const struct sh_carry_node *n = &c->nodes[node];
    const int32_t parent = rows[n->parent];
    const int64_t row =
        parent < 0 ? -1 : sh_column_value(&en->tl, c->nodes[n->parent].table, n->join, parent);
    return row < 0 ? -1 : (int32_t)row;
}

/* What a row is called where it is met: a view's row by its whole key, as what it is made of stays behind. */
static sh_code name_of(struct sh_engine *en, uint16_t table, int32_t row, struct sh_buf *scratch,
                       struct sh_str *ret, struct sh_err *err) {
    if (!sh_view_of(en->plan, table))
        return sh_row_id(&en->tl, table, row, ret, err);
    sh_buf_clear(scratch);
    SH_TRY(sh_key_of_row(en, table, row, scratch, err));
    *ret = sh_buf_view(scratch);
    return SH_OK;
}

static sh_code pack_node(struct sh_engine *en, const struct sh_carry_node *n, int32_t row, bool with_id,
                         struct sh_buf *scratch, struct sh_buf *out, struct sh_err *err) {
    const struct sh_timeline *tl = &en->tl;
    struct sh_str id = {0};
    sh_buf_add_char(out, row >= 0);
    if (row < 0)
        return SH_OK;
    add_i64(out, identity(en, n->table, row, scratch));
    if (with_id)
        SH_TRY(name_of(en, n->table, row, scratch, &id, err));
    add_str(out, id);
    for (uint16_t i = 0; i < n->n_columns; i++) {
        const int64_t value = sh_column_value(tl, n->table, n->columns[i], row);
        if (is_text(en->plan, n->table, n->columns[i])) {
            const struct sh_type type = en->plan->model->model.tables[n->table].columns[n->columns[i]].type;
            add_str(out, sh_name_of(tl, type, value, en->scratch));
        } else {
            add_i64(out, value);
        }
    }
    return sh_buf_check(out, err);
}

sh_code sh_carry_begin(const struct sh_xhead *head, const sh_i128 *partials, struct sh_str key,
                       struct sh_str uncertain, struct sh_buf *out, struct sh_err *err) {
    sh_buf_add(out, (const char *)head, sizeof(*head));
    if (head->n_partials > 0)
        sh_buf_add(out, (const char *)partials, (size_t)head->n_partials * sizeof(*partials));
    add_str(out, key);
    add_str(out, uncertain);
    return sh_buf_check(out, err);
}

sh_code sh_carry_row(struct sh_engine *en, const struct sh_rule_plan *rp, int32_t row, struct sh_buf *out,
                     struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf scratch = {0};
    int32_t rows[SH_CARRY_NODES_MAX] = {row};
    if (sh_view_of(en->plan, rp->rule->table)) /* what it is made of stays behind */
        add_i64(out, sh_view_covered(&en->tl, rp->rule->table, row));
    for (size_t n = 0; n < rp->carry->n_nodes; n++) {
        if (n > 0)
            rows[n] = row_of(en, rp->carry, rows, n);
        const bool with_id = n == 0 || rp->carry->nodes[n].table == SH_TABLE_ENCOUNTER;
        SH_TRY(pack_node(en, &rp->carry->nodes[n], rows[n], with_id, &scratch, out, err));
    }
    return sh_buf_check(out, err);
}

/* ---- unpacking ---------------------------------------------------------------------------------- */

static bool take(struct sh_str *rest, void *ret, size_t n) {
    if (rest->len < n)
        return false;
    memcpy(ret, rest->at, n);
    *rest = (struct sh_str){rest->at + n, rest->len - n};
    return true;
}
static bool take_str(struct sh_str *rest, struct sh_str *ret) {
    uint32_t len;
    if (!take(rest, &len, sizeof(len)) || rest->len < len)
        return false;
    *ret = (struct sh_str){rest->at, len};
    *rest = (struct sh_str){rest->at + len, rest->len - len};
    return true;
}
static sh_code corrupt(struct sh_err *err) {
    return sh_fail(err, SH_E_CORRUPT, "a row that must meet others does not read back");
}

sh_code sh_carry_unpack(struct sh_str payload, struct sh_carried_row *ret, struct sh_err *err) {
    struct sh_str rest = payload;
    if (!take(&rest, &ret->head, sizeof(ret->head)) || ret->head.n_partials < 0 ||
        ret->head.n_partials > SH_PARTIALS_MAX || rest.len < (size_t)ret->head.n_partials * sizeof(sh_i128))
        return corrupt(err);
    ret->partials = rest.at;
    const size_t n = (size_t)ret->head.n_partials * sizeof(sh_i128);
    rest = (struct sh_str){rest.at + n, rest.len - n};
    if (!take_str(&rest, &ret->key) || !take_str(&rest, &ret->uncertain))
        return corrupt(err);
    ret->nodes = rest;
    return SH_OK;
}

sh_code sh_xpayload_join(const struct sh_plan *plan, uint16_t rule, struct sh_buf *io, struct sh_str more,
                         struct sh_err *err) {
    const struct sh_rule *r = plan->active[rule].rule;
    struct sh_carried_row a, b;
    SH_TRY(sh_carry_unpack(sh_buf_view(io), &a, err));
    SH_TRY(sh_carry_unpack(more, &b, err));
    if (a.head.n_partials != b.head.n_partials || (size_t)a.head.n_partials != r->n_partials)
        return corrupt(err);
    const size_t at = (size_t)(a.partials - io->at);
    for (size_t p = 0; p < r->n_partials; p++) {
        sh_i128 x, y;
        memcpy(&x, a.partials + p * sizeof(x), sizeof(x));
        memcpy(&y, b.partials + p * sizeof(y), sizeof(y));
        x = sh_partial_join(r->partials[p].kind, x, y);
        memcpy(io->at + at + p * sizeof(x), &x, sizeof(x));
    }
    struct sh_xhead head = a.head;
    head.first_day = b.head.first_day < head.first_day ? b.head.first_day : head.first_day;
    head.last_day = b.head.last_day > head.last_day ? b.head.last_day : head.last_day;
    head.members += b.head.members, head.left_out += b.head.left_out, head.encounters += b.head.encounters;
    memcpy(io->at, &head, sizeof(head));
    return SH_OK;
}

/* ---- the timeline where they meet --------------------------------------------------------------- */

/* Rows of a table met so far, by identity. */
struct met {
    int64_t *identity;
    int32_t *slots; /* row + 1 */
    uint64_t mask;
    uint32_t n;
    struct sh_str *ids;
};

struct filling {
    struct sh_engine *en;
    const struct sh_rule_plan *rp;
    uint32_t n;
    struct met *met; /* [n_tables] */
    uint64_t text_mask;
    int32_t *text_slots;
};

static sh_code text_number(struct filling *f, struct sh_str text, int64_t *ret, struct sh_err *err) {
    struct sh_timeline *tl = &f->en->tl;
    const struct sh_bound *bound = f->en->plan->bound;
    *ret = SH_MISSING;
    if (text.len == 0)
        return SH_OK;
    for (size_t i = 0; i < bound->n_texts; i++)
        if (sh_str_eq(bound->texts[i], text)) {
            *ret = (int64_t)i;
            return SH_OK;
        }
    uint64_t at = sh_hash64(text.at, text.len, 0) & f->text_mask;
    while (f->text_slots[at] != 0 && !sh_str_eq(tl->texts[f->text_slots[at] - 1], text))
        at = (at + 1) & f->text_mask;
    if (f->text_slots[at] == 0) {
        if (tl->n_texts == tl->cap_texts)
            return sh_fail(err, SH_E_INTERNAL, "more texts than rows carry");
        tl->texts[tl->n_texts] = text;
        f->text_slots[at] = (int32_t)++tl->n_texts;
    }
    *ret = (int64_t)bound->n_texts + f->text_slots[at] - 1;
    return SH_OK;
}

static int32_t meet(struct met *m, int64_t identity, bool *ret_is_new) {
    uint64_t at = sh_hash_mix((uint64_t)identity) & m->mask;
    while (m->slots[at] != 0 && m->identity[m->slots[at] - 1] != identity)
        at = (at + 1) & m->mask;
    *ret_is_new = m->slots[at] == 0;
    if (*ret_is_new) {
        m->identity[m->n] = identity;
        m->slots[at] = (int32_t)++m->n;
    }
    return m->slots[at] - 1;
}

static void *column_room(struct sh_timeline *tl, enum sh_storage storage, size_t n) {
    static const size_t sizes[] = {[SH_STORE_I8] = 1, [SH_STORE_I32] = 4, [SH_STORE_I64] = 8};
    return sh_arena_alloc_array(tl->arena, n + 1, sizes[storage], 8);
}

static void store(const struct sh_model_column *column, void *at, int32_t row, int64_t value) {
    if (column->storage == SH_STORE_I64)
        ((int64_t *)at)[row] = value;
    else if (column->storage == SH_STORE_I32)
        ((int32_t *)at)[row] = value == SH_MISSING ? SH_MISSING_I32 : (int32_t)value;
    else
        ((int8_t *)at)[row] = value == SH_MISSING ? SH_MISSING_I8 : (int8_t)value;
}

/* A column of the timeline that is being written. */
static void *writable(struct sh_timeline *tl, uint16_t table, uint16_t column) {
    void *at;
    memcpy(&at, &tl->columns[table][column], sizeof(at));
    return at;
}

static sh_code room_of_table(struct filling *f, uint16_t table, size_t most, struct sh_err *err) {
    struct sh_timeline *tl = &f->en->tl;
    struct met *m = &f->met[table];
    if (m->slots)
        return SH_OK;
    uint64_t size = 16;
    while (size < (uint64_t)most * 2)
        size *= 2;
    m->mask = size - 1;
    m->slots = sh_new(tl->arena, int32_t, size);
    m->identity = sh_new(tl->arena, int64_t, most + 1);
    m->ids = sh_new(tl->arena, struct sh_str, most + 1);
    return m->slots && m->identity && m->ids ? SH_OK : out_of_room(err);
}

static sh_code make_tables(struct filling *f, struct sh_err *err) {
    struct sh_timeline *tl = &f->en->tl;
    const struct sh_model *model = &tl->plan->model->model;
    const struct sh_carry *c = f->rp->carry;
    size_t nodes_of[SH_CARRY_NODES_MAX], texts = 0;
    for (size_t n = 0; n < c->n_nodes; n++) {
        nodes_of[n] = 0;
        for (size_t o = 0; o < c->n_nodes; o++)
            nodes_of[n] += c->nodes[o].table == c->nodes[n].table;
        const size_t most = (size_t)f->n * nodes_of[n];
        SH_TRY(room_of_table(f, c->nodes[n].table, most, err));
        for (uint16_t i = 0; i < c->nodes[n].n_columns; i++) {
            const uint16_t column = c->nodes[n].columns[i];
            texts += is_text(tl->plan, c->nodes[n].table, column) ? f->n : 0;
            if (tl->columns[c->nodes[n].table][column])
                continue;
            void *at = column_room(tl, model->tables[c->nodes[n].table].columns[column].storage, most);
            if (!at)
                return out_of_room(err);
            tl->columns[c->nodes[n].table][column] = at;
        }
    }
    tl->cap_texts = texts + 1;
    tl->texts = sh_new(tl->arena, struct sh_str, tl->cap_texts);
    for (f->text_mask = 16; f->text_mask < 2 * tl->cap_texts;)
        f->text_mask *= 2;
    f->text_slots = sh_new(tl->arena, int32_t, f->text_mask);
    f->text_mask--;
    return tl->texts && f->text_slots ? SH_OK : out_of_room(err);
}

/* One node of one record: its row, filled when it is met for the first time. */
static sh_code fill_node(struct filling *f, size_t node, uint32_t record, struct sh_str *rest, int32_t *rows,
                         struct sh_err *err) {
    struct sh_timeline *tl = &f->en->tl;
    const struct sh_carry_node *n = &f->rp->carry->nodes[node];
    const struct sh_model_table *t = &tl->plan->model->model.tables[n->table];
    char is_there;
    int64_t identity;
    struct sh_str id;
    bool is_new = true;
    rows[node] = -1;
    if (!take(rest, &is_there, 1))
        return corrupt(err);
    if (is_there && (!take(rest, &identity, sizeof(identity)) || !take_str(rest, &id)))
        return corrupt(err);
    if (is_there) {
        rows[node] = node == 0 ? (int32_t)record : meet(&f->met[n->table], identity, &is_new);
        if (is_new)
            f->met[n->table].ids[rows[node]] = id;
        if (n->table == SH_TABLE_PERSON)
            f->met[n->table].identity[rows[node]] = identity;
    }
    for (uint16_t i = 0; is_there && i < n->n_columns; i++) {
        int64_t value;
        struct sh_str text;
        if (is_text(tl->plan, n->table, n->columns[i])) {
            if (!take_str(rest, &text))
                return corrupt(err);
            SH_TRY(text_number(f, text, &value, err));
        } else if (!take(rest, &value, sizeof(value))) {
            return corrupt(err);
        }
        if (is_new && !is_joined(tl->plan, n->table, n->columns[i]))
            store(&t->columns[n->columns[i]], writable(tl, n->table, n->columns[i]), rows[node], value);
        else if (is_new)
            store(&t->columns[n->columns[i]], writable(tl, n->table, n->columns[i]), rows[node], -1);
    }
    if (node > 0 && rows[n->parent] >= 0) {
        const uint16_t table = f->rp->carry->nodes[n->parent].table;
        store(&tl->plan->model->model.tables[table].columns[n->join], writable(tl, table, n->join),
              rows[n->parent], rows[node]);
    }
    return SH_OK;
}

static sh_code begin_timeline(struct filling *f, struct sh_err *err) {
    struct sh_engine *en = f->en;
    const struct sh_plan *plan = en->plan;
    const struct sh_model *model = &plan->model->model;
    struct sh_arena *arena = en->tl.arena;
    struct sh_chunk *chunk = sh_new(arena, struct sh_chunk, 1);
    en->tl = (struct sh_timeline){.plan = plan, .arena = arena, .chunk = chunk};
    struct sh_timeline *tl = &en->tl;
    tl->tables = sh_new(arena, struct sh_frame_table, model->n_tables);
    tl->columns = sh_new(arena, const void **, model->n_tables);
    tl->person_begin = sh_new(arena, const uint32_t *, model->n_tables);
    tl->alive = sh_new(arena, const uint8_t *, model->n_tables);
    tl->person_of = sh_new(arena, const int32_t *, model->n_tables);
    tl->by_encounter = sh_new(arena, struct sh_rows_by, model->n_tables);
    tl->by_stay = sh_new(arena, struct sh_rows_by, model->n_tables);
    tl->made_of = sh_new(arena, struct sh_rows_by, model->n_tables);
    f->met = sh_new(arena, struct met, model->n_tables);
    if (!chunk || !tl->tables || !tl->columns || !tl->person_begin || !tl->alive || !tl->person_of ||
        !tl->by_encounter || !tl->by_stay || !tl->made_of || !f->met)
        return out_of_room(err);
    for (uint16_t t = 0; t < model->n_tables; t++) {
        tl->tables[t] = plan->fixed[t];
        if (!sh_is_personal(plan, t) && t != SH_MODEL_STAT)
            continue;
        tl->columns[t] = sh_new(arena, const void *, (size_t)model->tables[t].n_columns + 1);
        if (!tl->columns[t])
            return out_of_room(err);
        tl->tables[t] = (struct sh_frame_table){.columns = tl->columns[t]};
    }
    tl->frame = (struct sh_frame){
        .model = model, .tables = tl->tables, .sets = plan->bound->sets, .ranges = plan->bound->ranges};
    return SH_OK;
}

static sh_code hang_persons(struct filling *f, struct sh_err *err) {
    struct sh_timeline *tl = &f->en->tl;
    const uint16_t table = f->rp->rule->table;
    const struct met *persons = &f->met[SH_TABLE_PERSON];
    tl->n_persons = persons->n;
    int32_t *ids = sh_new(tl->arena, int32_t, (size_t)persons->n + 1);
    int32_t *of = sh_new(tl->arena, int32_t, (size_t)f->n + 1);
    if (!ids || !of)
        return out_of_room(err);
    for (uint32_t p = 0; p < persons->n; p++)
        ids[p] = (int32_t)persons->identity[p];
    tl->persons = ids;
    SH_TRY(sh_person_codes_begin(tl, err));
    const int c = sh_model_column(tl->plan->model, table, "person");
    for (uint32_t i = 0; i < f->n; i++) {
        const int64_t person = c >= 0 ? sh_column_value(tl, table, c, (int32_t)i) : -1;
        of[i] = person < 0 ? -1 : (int32_t)person;
    }
    tl->person_of[table] = of;
    return SH_OK;
}

static sh_code hang_heads(struct filling *f, const struct sh_carried_row *rows,
                          const struct sh_str *const *ids, const int64_t *covered, struct sh_err *err) {
    struct sh_timeline *tl = &f->en->tl;
    struct sh_carried *c = sh_new(tl->arena, struct sh_carried, 1);
    int32_t *numbers = sh_new(tl->arena, int32_t, 7 * (size_t)f->n + 7);
    struct sh_str *uncertain = sh_new(tl->arena, struct sh_str, (size_t)f->n + 1);
    if (!c || !numbers || !uncertain)
        return out_of_room(err);
    int32_t *const column[7] = {numbers,
                                numbers + f->n,
                                numbers + 2 * (size_t)f->n,
                                numbers + 3 * (size_t)f->n,
                                numbers + 4 * (size_t)f->n,
                                numbers + 5 * (size_t)f->n,
                                numbers + 6 * (size_t)f->n};
    *c = (struct sh_carried){.n = f->n,
                             .table = f->rp->rule->table,
                             .rows = column[0],
                             .k = column[1],
                             .day = column[2],
                             .institution = column[3],
                             .first_day = column[4],
                             .last_day = column[5],
                             .chunk_row = column[6],
                             .uncertain = uncertain,
                             .ids = ids,
                             .covered = covered,
                             .has_k = f->rp->rule->n_uses > 0 && f->rp->rule->knowledge >= 0};
    for (uint32_t i = 0; i < f->n; i++) {
        const struct sh_xhead *h = &rows[i].head;
        column[0][i] = (int32_t)i, column[1][i] = h->k, column[2][i] = h->day, column[3][i] = h->institution;
        column[4][i] = h->first_day, column[5][i] = h->last_day, column[6][i] = h->chunk_row;
        uncertain[i] = rows[i].uncertain;
        c->any_uncertain |= uncertain[i].len > 0;
    }
    tl->carried = c;
    return SH_OK;
}

/* A group known by its second table only: its keys and day stand in for a row of the first. */
static void stand_in(struct filling *f, const struct sh_carried_row *row, uint32_t record) {
    struct sh_timeline *tl = &f->en->tl;
    const uint16_t table = f->rp->rule->table;
    const struct sh_model_table *t = &tl->plan->model->model.tables[table];
    for (uint16_t i = 0; i < f->rp->carry->nodes[0].n_columns; i++) {
        const uint16_t c = f->rp->carry->nodes[0].columns[i];
        int64_t value = SH_MISSING;
        if (c == (uint16_t)t->time_column && row->head.day != SH_MISSING_I32)
            value = t->columns[c].type.kind == SH_KIND_TIME ? (int64_t)row->head.day * SH_DAY_SECONDS
                                                            : row->head.day;
        if (strcmp(t->columns[c].name, "day") == 0 && row->head.day != SH_MISSING_I32)
            value = row->head.day;
        struct sh_str rest = row->nodes; /* behind it: the values of the keys, in their order */
        for (size_t k = 0; k < f->rp->rule->n_keys; k++) {
            int64_t key;
            if (take(&rest, &key, sizeof(key)) && sh_str_is(f->rp->rule->keys[k].text, t->columns[c].name))
                value = key;
        }
        store(&t->columns[c], writable(tl, table, c), (int32_t)record,
              is_joined(tl->plan, table, c) ? -1 : value);
    }
}

sh_code sh_carry_fill(struct sh_engine *en, const struct sh_rule_plan *rp, const struct sh_carried_row *rows,
                      uint32_t n, struct sh_err *err) {
    struct filling f = {.en = en, .rp = rp, .n = n};
    SH_TRY(begin_timeline(&f, err));
    SH_TRY(make_tables(&f, err));
    const bool of_view = sh_view_of(en->plan, rp->rule->table) != NULL;
    int64_t *covered = of_view ? sh_new(en->tl.arena, int64_t, (size_t)n + 1) : NULL;
    if (of_view && !covered)
        return out_of_room(err);
    for (uint32_t i = 0; i < n; i++) {
        int32_t at[SH_CARRY_NODES_MAX];
        struct sh_str rest = rows[i].nodes;
        if (rows[i].head.side == 1) {
            stand_in(&f, &rows[i], i);
            continue;
        }
        if (covered && !take(&rest, &covered[i], sizeof(covered[i])))
            return corrupt(err);
        for (size_t node = 0; node < rp->carry->n_nodes; node++)
            SH_TRY(fill_node(&f, node, i, &rest, at, err));
    }
    const struct sh_str **ids = sh_new(en->tl.arena, const struct sh_str *, en->plan->model->model.n_tables);
    if (!ids)
        return out_of_room(err);
    f.met[rp->rule->table].n = n;
    for (uint16_t t = 0; t < en->plan->model->model.n_tables; t++)
        if (f.met[t].slots) {
            en->tl.tables[t].n_rows = f.met[t].n;
            ids[t] = f.met[t].ids;
        }
    SH_TRY(hang_persons(&f, err));
    return hang_heads(&f, rows, ids, covered, err);
}
