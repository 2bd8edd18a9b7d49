#include "store/inner.h"

void sh_posting_encode(const struct sh_posting_body *body, struct sh_buf *out) {
    const struct sh_posting *p = &body->posting;
    (void)sh_buf_add_text(out, "SHP1");
    sh_put_bytes(out, body->salt, SH_ID_BYTES);
    sh_put_bytes(out, body->id, SH_ID_BYTES);
    sh_put_str(out, p->ledger);
    sh_put_u32(out, (uint32_t)p->day);
    sh_put_str(out, p->labels.body);
    sh_put_str(out, p->labels.place);
    sh_put_str(out, p->labels.matter);
    sh_put_str(out, p->labels.part);
    sh_put_str(out, p->about);
    sh_put_str(out, p->corrects);
    sh_put_u32(out, (uint32_t)p->n_entries);
    for (size_t i = 0; i < p->n_entries; i++) {
        sh_put_str(out, p->entries[i].account);
        sh_put_str(out, p->entries[i].fund);
        sh_put_u64(out, (uint64_t)p->entries[i].fen);
    }
    sh_put_str(out, body->actor);
    sh_put_str(out, body->why);
}

/* The sum of each fund; looked at once a fund, at its first entry. */
static sh_code check_sums(const struct sh_posting *p, struct sh_err *err) {
    for (size_t i = 0; i < p->n_entries; i++) {
        int64_t sum = 0;
        bool is_first = true;
        for (size_t k = 0; k < p->n_entries; k++) {
            if (!sh_str_eq(p->entries[k].fund, p->entries[i].fund))
                continue;
            is_first = is_first && k >= i;
            if (__builtin_add_overflow(sum, p->entries[k].fen, &sum))
                return sh_fail(err, SH_E_OVERFLOW, "fund %.*s: the sum leaves int64",
                               SH_ARG(p->entries[i].fund));
        }
        if (is_first && sum != 0)
            return sh_fail(err, SH_E_INPUT, "fund %.*s: the sides sum to %lld fen, not to zero",
                           SH_ARG(p->entries[i].fund), (long long)sum);
    }
    return SH_OK;
}

static sh_code check_posting(const struct sh_posting *p, struct sh_err *err) {
    if (!sh_is_name(p->ledger, 64))
        return sh_fail(err, SH_E_INPUT, "\"%.*s\" is not the name of a ledger", SH_ARG(p->ledger));
    if (p->n_entries < 2 || p->n_entries > 1000)
        return sh_fail(err, SH_E_INPUT, "a posting has 2 to 1000 sides, not %zu", p->n_entries);
    if (p->about.len > SH_WHY_MAX)
        return sh_fail(err, SH_E_LIMIT, "about: %zu bytes, at most %d", p->about.len, SH_WHY_MAX);
    SH_TRY(sh_labels_check(&p->labels, err));
    for (size_t i = 0; i < p->n_entries; i++)
        if (!sh_is_code(p->entries[i].account, 64) || !sh_is_code(p->entries[i].fund, 64))
            return sh_fail(err, SH_E_INPUT, "side %zu: account or fund is not a code", i + 1);
    return check_sums(p, err);
}

static sh_code check_corrected(struct sh_txn *txn, const struct sh_posting *p, struct sh_err *err) {
    if (p->corrects.len == 0)
        return SH_OK;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    const struct sh_value values[] = {SH_BYTES(p->corrects), SH_TEXT(p->ledger)};
    SH_TRY(sh_txn_query(txn, "select 1 from st_posting where posting_id = $1 and ledger = $2", values, 2,
                        &arena, &rows, err));
    return rows.n_rows > 0 ? SH_OK
                           : sh_fail(err, SH_E_NOTFOUND, "the posting to correct is not in this ledger");
}

static sh_code insert_posting(struct sh_txn *txn, const struct sh_posting_body *body, uint64_t leaf,
                              struct sh_err *err) {
    const struct sh_posting *p = &body->posting;
    const struct sh_value values[] = {SH_BYTES(sh_bytes_of(body->id, SH_ID_BYTES)),
                                      SH_TEXT(p->ledger),
                                      SH_I64(p->day),
                                      SH_TEXT(p->labels.body),
                                      SH_TEXT(p->labels.place),
                                      SH_TEXT(p->labels.matter),
                                      SH_TEXT(p->labels.part),
                                      SH_TEXT(p->about),
                                      SH_BYTES(p->corrects),
                                      SH_BYTES(sh_bytes_of(body->salt, SH_ID_BYTES)),
                                      SH_TEXT(body->actor),
                                      SH_TEXT(body->why),
                                      SH_I64(txn->at),
                                      SH_I64((int64_t)leaf)};
    return sh_txn_run(
        txn,
        "insert into st_posting (posting_id, ledger, day, body, place, matter, part, about, corrects, "
        "salt, actor, why, at, leaf) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
        "$14)",
        values, 14, NULL, err);
}

static sh_code insert_entries(struct sh_txn *txn, const struct sh_posting_body *body, struct sh_err *err) {
    const struct sh_posting *p = &body->posting;
    for (size_t i = 0; i < p->n_entries; i++) {
        const struct sh_value values[] = {SH_BYTES(sh_bytes_of(body->id, SH_ID_BYTES)),
                                          SH_I64((int64_t)i + 1),
                                          SH_TEXT(p->ledger),
                                          SH_TEXT(p->entries[i].account),
                                          SH_TEXT(p->entries[i].fund),
                                          SH_I64(p->day),
                                          SH_I64(p->entries[i].fen)};
        SH_TRY(sh_txn_run(
            txn,
            "insert into st_entry (posting_id, line, ledger, account, fund, day, fen) values ($1, $2, "
            "$3, $4, $5, $6, $7)",
            values, 7, NULL, err));
    }
    return SH_OK;
}

sh_code sh_ledger_post(struct sh_txn *txn, const struct sh_posting *posting, char ret_id[SH_ID_TEXT + 1],
                       struct sh_err *err) {
    SH_TRY(sh_txn_for_records(txn, err));
    SH_TRY(check_posting(posting, err));
    struct sh_posting_body body = {.posting = *posting, .actor = txn->act->actor, .why = txn->act->why};
    uint8_t corrects[SH_ID_BYTES];
    if (posting->corrects.len > 0) {
        SH_TRY(sh_id_parse(posting->corrects, corrects, err));
        body.posting.corrects = sh_bytes_of(corrects, SH_ID_BYTES);
    }
    SH_TRY(check_corrected(txn, &body.posting, err));
    SH_TRY(sh_random(body.id, SH_ID_BYTES, err));
    SH_TRY(sh_random(body.salt, SH_ID_BYTES, err));
    SH_CLEANUP(sh_buf_free) struct sh_buf buf = {0};
    sh_posting_encode(&body, &buf);
    struct sh_leaf_body leaf = {
        .type = SH_STR("posting"), .actor = txn->act->actor, .version = 1, .at = txn->at};
    memcpy(leaf.record, body.id, SH_ID_BYTES);
    SH_TRY(sh_content_hash(txn->store->journal.kind, &buf, &leaf.content, err));
    uint64_t position = 0;
    SH_TRY(sh_txn_leaf(txn, &leaf, &position, err));
    SH_TRY(insert_posting(txn, &body, position, err));
    SH_TRY(insert_entries(txn, &body, err));
    sh_hex(body.id, SH_ID_BYTES, ret_id);
    return SH_OK;
}

static sh_code load_entries(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena,
                            struct sh_posting *posting, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_txn_query(txn, "select account, fund, fen from st_entry where posting_id = $1 order by line",
                        &SH_BYTES(id), 1, arena, &rows, err));
    struct sh_entry *entries = sh_new(arena, struct sh_entry, rows.n_rows + 1);
    if (!entries)
        return sh_fail(err, SH_E_NOMEM, "no room for the sides of a posting");
    for (size_t i = 0; i < rows.n_rows; i++)
        entries[i] = (struct sh_entry){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->str,
                                       sh_cell(&rows, i, 2)->i64};
    posting->entries = entries, posting->n_entries = rows.n_rows;
    return SH_OK;
}

struct sh_posting_body sh_posting_of_row(const struct sh_value *row) {
    return (struct sh_posting_body){.posting = {.ledger = row[1].str,
                                                .day = (int32_t)row[2].i64,
                                                .labels = {row[3].str, row[4].str, row[5].str, row[6].str},
                                                .about = row[7].str,
                                                .corrects = row[8].str},
                                    .actor = row[10].str,
                                    .why = row[11].str};
}

sh_code sh_posting_load(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str id,
                        struct sh_arena *arena, struct sh_posting_body *ret, int64_t *ret_leaf,
                        struct sh_err *err) {
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    (void)sh_buf_addf(&query.sql, "select " SH_POSTING_COLUMNS " from st_posting p where p.posting_id = $%zu",
                      sh_query_value(&query, SH_BYTES(id)));
    SH_TRY(sh_scope_add(scope, "p", &query, arena, err));
    SH_TRY(sh_buf_check(&query.sql, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such record or posting");
    const struct sh_value *row = sh_cell(&rows, 0, 0);
    if (row[0].str.len != SH_ID_BYTES || row[9].str.len != SH_ID_BYTES)
        return sh_fail(err, SH_E_CORRUPT, "a posting is damaged");
    *ret = sh_posting_of_row(row);
    memcpy(ret->id, row[0].str.at, SH_ID_BYTES);
    memcpy(ret->salt, row[9].str.at, SH_ID_BYTES);
    *ret_leaf = row[12].i64;
    return load_entries(txn, id, arena, &ret->posting, err);
}

sh_code sh_ledger_balance(struct sh_txn *txn, const struct sh_scope *scope, struct sh_str ledger,
                          const struct sh_entry *account, int32_t until, int64_t *ret_fen,
                          struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_query_release) struct sh_query query = {.n = 0};
    struct sh_rows rows;
    (void)sh_query_value(&query, SH_TEXT(ledger));
    (void)sh_query_value(&query, SH_TEXT(account->account));
    (void)sh_query_value(&query, SH_TEXT(account->fund));
    (void)sh_query_value(&query, SH_I64(until));
    (void)sh_buf_add_text(
        &query.sql, "select cast(coalesce(sum(e.fen), 0) as bigint) from st_entry e join st_posting p on "
                    "p.posting_id = e.posting_id where e.ledger = $1 and e.account = $2 and e.fund = $3 and "
                    "e.day <= $4");
    SH_TRY(sh_scope_add(scope, "p", &query, &arena, err));
    SH_TRY(sh_txn_query(txn, query.sql.at, query.values, query.n, &arena, &rows, err));
    *ret_fen = sh_cell(&rows, 0, 0)->i64;
    return SH_OK;
}
