/* One yuan followed: from a finding over the papers, rows and postings of its matter to the reconciliation of
 * their month; each with its place in the journal. */
#include "matter/shape.h"

enum {
    MATTERS_MAX = 64,
    ROWS_MAX = SH_TRAIL_MAX + 1 /* one more than add_id takes: nothing is cut unsaid */
};

struct trail {
    struct work w;
    struct sh_json *json; /* NULL: only the ids */
    struct sh_str matters[MATTERS_MAX];
    size_t n_matters;
    struct sh_str *ids; /* [SH_TRAIL_MAX] */
    size_t n_ids;
};

static sh_code add_id(struct trail *t, struct sh_str id) {
    for (size_t i = 0; i < t->n_ids; i++)
        if (sh_str_eq(t->ids[i], id))
            return SH_OK;
    if (t->n_ids == SH_TRAIL_MAX)
        return sh_fail(t->w.err, SH_E_LIMIT, "more than %d records in one proof; ask item by item",
                       SH_TRAIL_MAX);
    t->ids[t->n_ids++] = id;
    return SH_OK;
}

/* A hop of one record or posting; its object stays open for more members. */
static sh_code begin_hop(struct trail *t, const char *what, struct sh_str id) {
    const struct sh_scope all = sh_everything();
    const int64_t *leaves = NULL;
    size_t n = 0;
    SH_TRY(add_id(t, id));
    if (!t->json)
        return SH_OK;
    SH_TRY(sh_journal_leaves(t->w.txn, &all, id, t->w.arena, &leaves, &n, t->w.err));
    sh_json_object(t->json);
    sh_json_put_text(t->json, "hop", what);
    sh_json_put_str(t->json, "id", id);
    sh_json_key(t->json, "leaves");
    sh_json_array(t->json);
    for (size_t i = 0; i < n; i++)
        sh_json_i64(t->json, leaves[i]);
    sh_json_array_end(t->json);
    return SH_OK;
}
static void put_text(struct trail *t, const char *key, struct sh_str text) {
    if (t->json)
        sh_json_put_str(t->json, key, text);
}
static void end_hop(struct trail *t) {
    if (t->json)
        sh_json_object_end(t->json);
}

/* The matter and those opened from it, as far as the reader sees them. */
static sh_code find_matters(struct trail *t) {
    for (size_t i = 0; i < t->n_matters; i++) {
        struct sh_rows rows;
        const struct sh_value asked[] = {SH_TEXT(t->matters[i]), SH_I64(MATTERS_MAX + 1)};
        SH_TRY(sh_sql_query(t->w.txn, "select id from mt_matter where parent = $1 order by ord limit $2",
                            asked, 2, t->w.arena, &rows, t->w.err));
        for (size_t r = 0; r < rows.n_rows; r++) {
            struct work sub = sh_work_beside(&t->w);
            SH_TRY(sh_matter_load(&sub, sh_cell(&rows, r, 0)->str));
            if (!sh_matter_is_inside(&sub, t->w.who))
                continue;
            if (t->n_matters == MATTERS_MAX)
                return sh_fail(t->w.err, SH_E_LIMIT, "more than %d matters follow; ask the later ones",
                               MATTERS_MAX);
            t->matters[t->n_matters++] = sub.m.id;
        }
    }
    return SH_OK;
}

static sh_code add_matter(struct trail *t, struct sh_str matter) {
    struct work w = sh_work_beside(&t->w);
    SH_TRY(sh_matter_load(&w, matter));
    SH_TRY(begin_hop(t, "matter", matter));
    put_text(t, "procedure", w.m.text->id);
    put_text(t, "number", w.m.number);
    put_text(t, "state", w.m.text->matter.states[w.m.state].id);
    end_hop(t);
    return SH_OK;
}

static sh_code add_papers(struct trail *t, struct sh_str matter) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(matter), SH_I64(ROWS_MAX)};
    SH_TRY(sh_sql_query(
        t->w.txn,
        "select id, kind, number, served_day, pdf from mt_paper where matter = $1 order by seq, id limit $2",
        values, 2, t->w.arena, &rows, t->w.err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_value *row = sh_cell(&rows, r, 0);
        SH_TRY(begin_hop(t, "paper", row[0].str));
        put_text(t, "matter", matter);
        put_text(t, "kind", row[1].str);
        put_text(t, "number", row[2].str);
        put_text(t, "hash", row[4].str);
        if (t->json)
            sh_put_day_or_null(t->json, "served", (int32_t)row[3].i64, row[3].i64 != 0);
        end_hop(t);
    }
    return SH_OK;
}

static sh_code add_row(struct trail *t, struct sh_str reg, struct sh_str record, struct sh_str key) {
    SH_TRY(begin_hop(t, "row", record));
    put_text(t, "register", reg);
    put_text(t, "key", key);
    end_hop(t);
    return SH_OK;
}

static sh_code add_rows(struct trail *t, struct sh_str matter) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(matter), SH_I64(ROWS_MAX)};
    SH_TRY(sh_sql_query(
        t->w.txn,
        "select register, record, key from mt_written where matter = $1 order by seq, record limit $2",
        values, 2, t->w.arena, &rows, t->w.err));
    for (size_t r = 0; r < rows.n_rows; r++)
        SH_TRY(add_row(t, sh_cell(&rows, r, 0)->str, sh_cell(&rows, r, 1)->str, sh_cell(&rows, r, 2)->str));
    return SH_OK;
}

/* Rows of ledgers that speak of a whole month of the body: its reconciliations, its closing. */
static sh_code add_month(struct trail *t, struct sh_str body, struct sh_str month) {
    const struct sh_registers *all = t->w.texts->registers;
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_register *reg = &all->of[i];
        struct sh_rows rows;
        if (reg->change != SH_CHANGE_STEPS || reg->body_field < 0 ||
            sh_register_field(reg, SH_STR("month"), false) < 0)
            continue;
        const struct sh_value values[] = {SH_TEXT(reg->id), SH_TEXT(month), SH_TEXT(body),
                                          SH_TEXT(reg->fields[reg->body_field].id), SH_I64(ROWS_MAX)};
        SH_TRY(sh_sql_query(
            t->w.txn,
            "select r.record, w.key from mt_row r join mt_row b on b.record = r.record and b.register = "
            "r.register and b.field = $4 and b.value = $3 join mt_written w on w.record = r.record where "
            "r.register = $1 and r.field = 'month' and r.value = $2 order by r.record limit $5",
            values, 5, t->w.arena, &rows, t->w.err));
        for (size_t r = 0; r < rows.n_rows; r++)
            SH_TRY(add_row(t, reg->id, sh_cell(&rows, r, 0)->str, sh_cell(&rows, r, 1)->str));
    }
    return SH_OK;
}

/* Packages of evidence: those of an item, or all of a matter. */
static sh_code add_evidence(struct trail *t, struct sh_str of, bool is_item) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(of), SH_I64(ROWS_MAX)};
    SH_TRY(sh_sql_query(t->w.txn,
                        is_item ? "select e.id, e.matter, e.number, e.hash from mt_evidence_item i join "
                                  "mt_evidence e on e.id = i.evidence where i.item = $1 order by e.at, e.id "
                                  "limit $2"
                                : "select id, matter, number, hash from mt_evidence where matter = $1 order "
                                  "by seq limit $2",
                        values, 2, t->w.arena, &rows, t->w.err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        SH_TRY(begin_hop(t, "evidence", sh_cell(&rows, r, 0)->str));
        put_text(t, "matter", sh_cell(&rows, r, 1)->str);
        put_text(t, "number", sh_cell(&rows, r, 2)->str);
        put_text(t, "hash", sh_cell(&rows, r, 3)->str);
        end_hop(t);
    }
    return SH_OK;
}

static sh_code add_postings(struct trail *t, struct sh_str matter) {
    struct sh_rows rows;
    const struct sh_value values[] = {SH_TEXT(matter), SH_I64(ROWS_MAX)};
    SH_TRY(sh_sql_query(t->w.txn,
                        "select id, kind, fund, day, amount, body from mt_posting where matter = $1 order by "
                        "seq, id limit $2",
                        values, 2, t->w.arena, &rows, t->w.err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_value *row = sh_cell(&rows, r, 0);
        SH_TRY(begin_hop(t, "posting", row[0].str));
        put_text(t, "matter", matter);
        put_text(t, "kind", row[1].str);
        put_text(t, "fund", row[2].str);
        if (t->json) {
            sh_put_day_or_null(t->json, "day", (int32_t)row[3].i64, true);
            sh_put_fen(t->json, "amount", row[4].i64);
        }
        end_hop(t);
    }
    struct sh_str last = SH_STR("");
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_str month = sh_month_text(t->w.arena, (int32_t)sh_cell(&rows, r, 3)->i64);
        if (!sh_str_eq(month, last)) /* steps follow each other in time */
            SH_TRY(add_month(t, sh_cell(&rows, r, 5)->str, month));
        last = month;
    }
    return SH_OK;
}

static sh_code add_all(struct trail *t) {
    SH_TRY(find_matters(t));
    for (size_t i = 0; i < t->n_matters; i++) {
        SH_TRY(add_matter(t, t->matters[i]));
        SH_TRY(add_papers(t, t->matters[i]));
        SH_TRY(add_rows(t, t->matters[i]));
    }
    for (size_t i = 0; i < t->n_matters; i++)
        SH_TRY(add_postings(t, t->matters[i]));
    return SH_OK;
}

static sh_code begin_trail(struct trail *t, struct sh_str matter) {
    t->ids = sh_new(t->w.arena, struct sh_str, SH_TRAIL_MAX);
    if (!t->ids)
        return sh_fail(t->w.err, SH_E_NOMEM, "no room for a trail");
    SH_TRY(sh_matter_load(&t->w, matter));
    if (!sh_matter_is_inside(&t->w, t->w.who))
        return sh_fail(t->w.err, SH_E_NOTFOUND, "no such matter");
    t->matters[t->n_matters++] = t->w.m.id;
    return SH_OK;
}

sh_code sh_item_trail(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id, struct sh_json *json,
                      struct sh_id_list *ret, struct sh_err *err) {
    struct trail t = {.w = sh_work_of(txn, desk, err), .json = json};
    struct item item;
    SH_TRY(sh_item_load(&t.w, id, &item));
    SH_TRY(begin_trail(&t, item.matter));
    if (json) {
        sh_json_object(json);
        sh_put_item_row(json, desk->who, t.w.m.text->items, &item);
        sh_json_put_str(json, "run", item.run);
        sh_json_put_str(json, "receipt", item.receipt);
        sh_json_key(json, "hops");
        sh_json_array(json);
    }
    SH_TRY(begin_hop(&t, "finding", item.id));
    end_hop(&t);
    SH_TRY(add_evidence(&t, item.id, true));
    SH_TRY(add_all(&t));
    if (json) {
        sh_json_array_end(json);
        sh_json_object_end(json);
    }
    *ret = (struct sh_id_list){t.ids, t.n_ids};
    return SH_OK;
}

sh_code sh_matter_trail(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str id,
                        struct sh_id_list *ret, struct sh_err *err) {
    struct trail t = {.w = sh_work_of(txn, desk, err)};
    struct sh_rows rows;
    SH_TRY(begin_trail(&t, id));
    SH_TRY(add_evidence(&t, id, false));
    SH_TRY(add_all(&t));
    const struct sh_value values[] = {SH_TEXT(id), SH_I64(ROWS_MAX)};
    SH_TRY(sh_sql_query(txn, "select id from mt_item where matter = $1 order by id limit $2", values, 2,
                        desk->arena, &rows, err));
    for (size_t r = 0; r < rows.n_rows; r++)
        SH_TRY(add_id(&t, sh_cell(&rows, r, 0)->str));
    *ret = (struct sh_id_list){t.ids, t.n_ids};
    return SH_OK;
}
