/* What lies in a matter's file beside its steps: words of those who work on it, and files with their custody.
 */
#include "matter/shape.h"

enum { ATTACHMENTS_MAX = 500, COMMENTS_MAX = 5000, NAME_MAX_BYTES = 200, WORDS_MAX = 4000 };

sh_code sh_file_enter(struct work *w, struct sh_str matter, bool need_inside, bool *ret_inside) {
    w->failures->n = 0;
    SH_TRY(sh_matter_enter(w, matter));
    const bool is_inside = sh_matter_is_inside(w, w->who);
    if (ret_inside)
        *ret_inside = is_inside;
    if (need_inside && !is_inside)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such matter");
    w->occurred = sh_txn_now(w->txn), w->occurred_day = w->today;
    w->used =
        w->who->n_grants ? w->who->grants[0] : (struct sh_matter_grant){SH_STR(""), SH_STR(""), SH_STR("")};
    return SH_OK;
}

static sh_code count(struct work *w, const char *sql, int64_t most) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, sql, &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    return sh_cell(&rows, 0, 0)->i64 < most
               ? SH_OK
               : sh_fail(w->err, SH_E_LIMIT, "a matter holds at most %lld of these", (long long)most);
}

static sh_code keep(struct work *w, const char *reg, struct sh_str key, struct sh_str open,
                    struct sh_str *ret) {
    struct sh_record_ref ref;
    const struct sh_record_change change = {
        .register_name = sh_str_of(reg),
        .key = key,
        .labels = {.body = w->m.body, .place = w->m.place, .matter = w->m.id},
        .valid_from = 0,
        .valid_to = SH_DAY_OPEN,
        .open = open};
    SH_TRY(sh_record_put(w->txn, &change, &ref, w->err));
    *ret = sh_copy(w->arena, (struct sh_str){ref.id, SH_ID_TEXT});
    return SH_OK;
}

static sh_code next_key(struct work *w, const char *table, struct sh_str *ret) {
    struct sh_rows rows;
    const bool is_comment = strcmp(table, "mt_comment") == 0;
    SH_TRY(sh_sql_query(w->txn,
                        is_comment ? "select count(*) from mt_comment where matter = $1"
                                   : "select count(*) from mt_attachment where matter = $1",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    *ret = sh_textf(w->arena, "%.*s|%lld", SH_ARG(w->m.number), (long long)sh_cell(&rows, 0, 0)->i64 + 1);
    return SH_OK;
}

/* ---- words ------------------------------------------------------------------------------------------- */

sh_code sh_matter_comment(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                          struct sh_str words, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    struct sh_str key, id;
    struct sh_json json;
    SH_TRY(sh_file_enter(&w, matter, true, NULL));
    if (words.len == 0 || words.len > WORDS_MAX) {
        sh_failure_add(&w, SH_FAIL_NEEDS, SH_STR(""), SH_STR("words"), M_NEEDS, SH_ARG(SH_STR("words")));
        return sh_fail(err, SH_E_CANCELLED, "refused");
    }
    SH_TRY(count(&w, "select count(*) from mt_comment where matter = $1", COMMENTS_MAX));
    SH_TRY(next_key(&w, "mt_comment", &key));
    sh_json_begin(&json, &open);
    sh_json_object(&json);
    sh_json_put_str(&json, "matter", w.m.number);
    sh_json_put_str(&json, "words", words);
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    SH_TRY(keep(&w, "comments", key, sh_buf_view(&open), &id));
    const struct sh_value row[] = {SH_TEXT(id),          SH_TEXT(w.m.id),    SH_TEXT(desk->who->person),
                                   SH_TEXT(w.used.role), SH_I64(w.occurred), SH_TEXT(words)};
    return sh_sql_run(
        txn, "insert into mt_comment (id, matter, person, role, at, words) values ($1, $2, $3, $4, $5, $6)",
        row, 6, NULL, err);
}

/* ---- files and their custody ------------------------------------------------------------------------- */

sh_code sh_custody_add(struct work *w, struct sh_str attachment, const char *what, struct sh_str why) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select coalesce(max(seq), 0) from mt_custody where attachment = $1",
                        &SH_TEXT(attachment), 1, w->arena, &rows, w->err));
    const int64_t seq = sh_cell(&rows, 0, 0)->i64 + 1;
    const struct sh_value row[] = {SH_TEXT(attachment),      SH_I64(seq),         SH_TEXT(w->who->person),
                                   SH_TEXT(sh_str_of(what)), SH_I64(w->occurred), SH_TEXT(why)};
    SH_TRY(sh_sql_run(
        w->txn,
        "insert into mt_custody (attachment, seq, person, what, at, why) values ($1, $2, $3, $4, $5, $6)",
        row, 6, NULL, w->err));
    const struct sh_str content =
        sh_textf(w->arena, "%.*s|%lld|%s|%.*s", SH_ARG(attachment), (long long)seq, what, SH_ARG(why));
    const struct sh_leaf leaf = {
        .type = SH_STR("custody"), .record = attachment, .version = 1, .content = content};
    return sh_journal_add(w->txn, &leaf, w->err);
}

static bool is_plain(struct sh_str name) {
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < 0x20 || name.at[i] == '/' || name.at[i] == '\\' || name.at[i] == 0x7f)
            return false;
    return name.len > 0 && name.len <= NAME_MAX_BYTES && sh_utf8_valid(name);
}

static sh_code put_attachment(struct work *w, const struct sh_attachment *in, const char *hash,
                              bool party_sees, struct sh_str *ret) {
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    uint8_t blob[SH_DIGEST_BYTES];
    char at[SH_DIGEST_HEX_MAX];
    struct sh_str key;
    struct sh_json json;
    SH_TRY(next_key(w, "mt_attachment", &key));
    sh_json_begin(&json, &open);
    sh_json_object(&json);
    sh_json_put_str(&json, "matter", w->m.number);
    sh_json_put_str(&json, "name", in->name);
    sh_json_put_str(&json, "source", in->source);
    sh_json_put_i64(&json, "bytes", (int64_t)in->content.len);
    sh_json_put_text(&json, "hash", hash);
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, w->err));
    SH_TRY(keep(w, "attachments", key, sh_buf_view(&open), ret));
    SH_TRY(sh_blob_put(w->txn, *ret, in->content, blob, w->err));
    sh_hex(blob, SH_DIGEST_BYTES, at);
    const struct sh_value row[] = {SH_TEXT(*ret),
                                   SH_TEXT(w->m.id),
                                   SH_TEXT(in->name),
                                   SH_TEXT(in->type),
                                   SH_I64((int64_t)in->content.len),
                                   SH_TEXT(sh_str_of(hash)),
                                   SH_TEXT(sh_str_of(at)),
                                   SH_TEXT(w->who->person),
                                   SH_TEXT(w->used.body),
                                   SH_TEXT(w->used.role),
                                   SH_I64(w->occurred),
                                   SH_TEXT(in->source),
                                   SH_I64(party_sees)};
    SH_TRY(sh_sql_run(
        w->txn,
        "insert into mt_attachment (id, matter, name, type, bytes, hash, blob, person, body, role, at, "
        "source, party_sees) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        row, 13, NULL, w->err));
    return sh_custody_add(w, *ret, "added", in->source);
}

sh_code sh_matter_attach(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                         const struct sh_attachment *in, char ret_id[SH_ID_TEXT + 1], struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    uint8_t digest[SH_DIGEST_BYTES];
    char hash[SH_DIGEST_HEX_MAX];
    bool is_inside = false;
    struct sh_str id;
    SH_TRY(sh_file_enter(&w, matter, false, &is_inside));
    if (!is_plain(in->name))
        sh_failure_add(&w, SH_FAIL_NEEDS, SH_STR(""), SH_STR("name"), M_NEEDS, SH_ARG(SH_STR("name")));
    if (in->source.len == 0 || in->source.len > WORDS_MAX) /* where it comes from, or it proves nothing */
        sh_failure_add(&w, SH_FAIL_NEEDS, SH_STR(""), SH_STR("source"), M_NEEDS, SH_ARG(SH_STR("source")));
    if (in->content.len == 0)
        sh_failure_add(&w, SH_FAIL_NEEDS, SH_STR(""), SH_STR("content"), M_NEEDS, SH_ARG(SH_STR("content")));
    if (w.failures->n)
        return sh_fail(err, SH_E_CANCELLED, "refused");
    SH_TRY(count(&w, "select count(*) from mt_attachment where matter = $1", ATTACHMENTS_MAX));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, in->content.at, in->content.len, digest, err));
    sh_hex(digest, SH_DIGEST_BYTES, hash);
    SH_TRY(put_attachment(&w, in, hash, !is_inside || in->party_sees, &id));
    (void)snprintf(ret_id, SH_ID_TEXT + 1, "%.*s", SH_ARG(id));
    return SH_OK;
}

sh_code sh_matter_take_attachment(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                                  struct sh_str attachment, struct sh_attachment *ret, struct sh_err *err) {
    const struct sh_scope all = sh_everything();
    struct work w = sh_work_of(txn, desk, err);
    uint8_t blob[SH_DIGEST_BYTES], digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    bool is_inside = false;
    struct sh_rows rows;
    SH_TRY(sh_file_enter(&w, matter, false, &is_inside));
    const struct sh_value key[] = {SH_TEXT(w.m.id), SH_TEXT(attachment)};
    SH_TRY(sh_sql_query(
        txn,
        "select name, type, source, blob, hash, party_sees from mt_attachment where matter = $1 and id "
        "= $2",
        key, 2, w.arena, &rows, err));
    if (rows.n_rows == 0 || (!is_inside && sh_cell(&rows, 0, 5)->i64 == 0))
        return sh_fail(err, SH_E_NOTFOUND, "no such attachment");
    if (!sh_unhex(sh_cell(&rows, 0, 3)->str, blob, sizeof blob))
        return sh_fail(err, SH_E_CORRUPT, "mt_attachment: a damaged address");
    *ret = (struct sh_attachment){sh_cell(&rows, 0, 0)->str, sh_cell(&rows, 0, 1)->str,
                                  sh_cell(&rows, 0, 2)->str, SH_STR(""), sh_cell(&rows, 0, 5)->i64 != 0};
    SH_TRY(sh_blob_get(txn, &all, blob, w.arena, &ret->content, err));
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, ret->content.at, ret->content.len, digest, err));
    sh_hex(digest, SH_DIGEST_BYTES, hex);
    if (!sh_str_is(sh_cell(&rows, 0, 4)->str, hex))
        return sh_fail(err, SH_E_CORRUPT, "an attachment is not what was handed in: its hash differs");
    return sh_custody_add(&w, attachment, "opened", SH_STR(""));
}

/* ---- on the page ------------------------------------------------------------------------------------- */

void sh_put_custody(struct sh_json *json, const struct sh_rows *rows, struct sh_str attachment) {
    sh_json_key(json, "custody");
    sh_json_array(json);
    for (size_t r = 0; r < rows->n_rows; r++) {
        if (!sh_str_eq(sh_cell(rows, r, 0)->str, attachment))
            continue;
        sh_json_object(json);
        sh_json_put_str(json, "person", sh_cell(rows, r, 1)->str);
        sh_json_put_str(json, "what", sh_cell(rows, r, 2)->str);
        sh_put_utc(json, "at", sh_cell(rows, r, 3)->i64);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
}

static sh_code put_attachments(struct work *w, struct sh_json *json, bool is_inside) {
    struct sh_rows rows, chain = {0};
    SH_TRY(sh_sql_query(
        w->txn,
        "select id, name, type, bytes, hash, person, body, at, source, party_sees from mt_attachment "
        "where matter = $1 order by at, id limit 500",
        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    if (is_inside)
        SH_TRY(sh_sql_query(
            w->txn,
            "select c.attachment, c.person, c.what, c.at from mt_custody c join mt_attachment a on a.id "
            "= c.attachment where a.matter = $1 order by c.attachment, c.seq limit 5000",
            &SH_TEXT(w->m.id), 1, w->arena, &chain, w->err));
    sh_json_key(json, "attachments");
    sh_json_array(json);
    for (size_t r = 0; r < rows.n_rows; r++) {
        if (!is_inside && sh_cell(&rows, r, 9)->i64 == 0)
            continue;
        sh_json_object(json);
        sh_json_put_str(json, "id", sh_cell(&rows, r, 0)->str);
        sh_json_put_str(json, "name", sh_cell(&rows, r, 1)->str);
        sh_json_put_str(json, "type", sh_cell(&rows, r, 2)->str);
        sh_json_put_i64(json, "bytes", sh_cell(&rows, r, 3)->i64);
        sh_json_put_str(json, "hash", sh_cell(&rows, r, 4)->str);
        sh_json_put_str(json, "person", sh_cell(&rows, r, 5)->str);
        sh_put_utc(json, "at", sh_cell(&rows, r, 7)->i64);
        sh_json_put_str(json, "source", sh_cell(&rows, r, 8)->str);
        sh_json_put_bool(json, "party_sees", sh_cell(&rows, r, 9)->i64 != 0);
        sh_put_custody(json, &chain, sh_cell(&rows, r, 0)->str);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    return SH_OK;
}

sh_code sh_file_json(struct work *w, const struct sh_matter_who *who, struct sh_json *json) {
    const bool is_inside = sh_matter_is_inside(w, who);
    struct sh_rows rows = {0};
    SH_TRY(put_attachments(w, json, is_inside));
    SH_TRY(sh_evidence_json(w, is_inside, json));
    if (is_inside)
        SH_TRY(sh_sql_query(
            w->txn,
            "select person, role, at, words from mt_comment where matter = $1 order by at, id limit "
            "5000",
            &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    sh_json_put_bool(json, "inside", is_inside);
    sh_json_key(json, "comments");
    sh_json_array(json);
    for (size_t r = 0; r < rows.n_rows; r++) {
        sh_json_object(json);
        sh_json_put_str(json, "person", sh_cell(&rows, r, 0)->str);
        sh_put_role(json, w, sh_cell(&rows, r, 1)->str);
        sh_put_utc(json, "at", sh_cell(&rows, r, 2)->i64);
        sh_json_put_str(json, "words", sh_cell(&rows, r, 3)->str);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    return SH_OK;
}
