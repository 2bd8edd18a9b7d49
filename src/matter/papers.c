/* Papers after they were issued: drawn once, kept sealed, their hash in the journal; served only then (D4).
 */
#include "matter/inner.h"

sh_code sh_papers_undrawn(struct sh_txn *txn, struct sh_str matter, struct sh_arena *arena,
                          struct sh_rows *ret, struct sh_err *err) {
    return sh_sql_query(
        txn, "select id from mt_paper where matter = $1 and drawn_at = 0 order by seq, id limit 100",
        &SH_TEXT(matter), 1, arena, ret, err);
}

sh_code sh_paper_of_service(struct sh_txn *txn, struct sh_str matter, struct sh_arena *arena,
                            struct sh_str *ret_matter, struct sh_str *ret_paper, struct sh_err *err) {
    struct sh_rows rows;
    *ret_matter = *ret_paper = SH_STR("");
    SH_TRY(sh_sql_query(
        txn,
        "select p.matter, p.id from mt_matter m join mt_paper p on p.id = m.source where m.id = $1 "
        "and p.drawn_at = 0",
        &SH_TEXT(matter), 1, arena, &rows, err));
    if (rows.n_rows)
        *ret_matter = sh_cell(&rows, 0, 0)->str, *ret_paper = sh_cell(&rows, 0, 1)->str;
    return SH_OK;
}

sh_code sh_paper_drawn(struct sh_txn *txn, struct sh_str paper, struct sh_str pdf, struct sh_err *err) {
    uint8_t digest[SH_DIGEST_BYTES], blob[SH_DIGEST_BYTES];
    char hash[SH_DIGEST_HEX_MAX], at[SH_DIGEST_HEX_MAX];
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, "select drawn_at from mt_paper where id = $1", &SH_TEXT(paper), 1, &arena, &rows,
                        err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such paper");
    if (sh_cell(&rows, 0, 0)->i64)
        return SH_OK; /* somebody was first: the first drawing is the paper */
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, pdf.at, pdf.len, digest, err));
    SH_TRY(sh_blob_put(txn, paper, pdf, blob, err));
    sh_hex(digest, SH_DIGEST_BYTES, hash);
    sh_hex(blob, SH_DIGEST_BYTES, at);
    const struct sh_value values[] = {SH_TEXT(paper), SH_I64(sh_txn_now(txn)), SH_TEXT(sh_str_of(hash)),
                                      SH_TEXT(sh_str_of(at))};
    SH_TRY(sh_sql_run(txn, "update mt_paper set drawn_at = $2, pdf = $3, blob = $4 where id = $1", values, 4,
                      NULL, err));
    const struct sh_leaf leaf = {
        .type = SH_STR("paper.drawn"), .record = paper, .version = 1, .content = sh_str_of(hash)};
    return sh_journal_add(txn, &leaf, err);
}

sh_code sh_paper_pdf(struct sh_txn *txn, struct sh_str paper, struct sh_arena *arena, struct sh_str *ret,
                     struct sh_err *err) {
    const struct sh_scope all = sh_everything();
    uint8_t hash[SH_DIGEST_BYTES], is[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    struct sh_rows rows;
    *ret = SH_STR("");
    SH_TRY(sh_sql_query(txn, "select blob, pdf from mt_paper where id = $1 and drawn_at > 0", &SH_TEXT(paper),
                        1, arena, &rows, err));
    if (rows.n_rows == 0)
        return SH_OK;
    if (!sh_unhex(sh_cell(&rows, 0, 0)->str, hash, sizeof hash))
        return sh_fail(err, SH_E_CORRUPT, "mt_paper: a damaged address of a drawing");
    SH_TRY(sh_blob_get(txn, &all, hash, arena, ret, err));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, ret->at, ret->len, is, err));
    sh_hex(is, SH_DIGEST_BYTES, hex);
    return sh_str_is(sh_cell(&rows, 0, 1)->str, hex)
               ? SH_OK
               : sh_fail(err, SH_E_CORRUPT, "a paper is not the one that was drawn: its hash differs");
}

sh_code sh_paper_lines(struct sh_txn *txn, struct sh_str paper, struct sh_arena *arena, struct sh_rows *ret,
                       struct sh_err *err) {
    return sh_sql_query(txn,
                        "select i.name, i.person, i.day, i.say, l.amount from mt_line l join mt_item i on "
                        "i.id = l.item where l.paper = $1 order by l.seq",
                        &SH_TEXT(paper), 1, arena, ret, err);
}
