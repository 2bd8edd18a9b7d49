/* Evidence of violations (B-04). The act that finds them to be so lists them, with version, run and receipt,
 * in a record of its own: from then on nobody changes unseen what they were. The bytes behind the list
 * (receipts, rules, the run) are gathered and sealed right after; a package whose server was killed is sealed
 * later. */
#include "matter/shape.h"
#include <stdlib.h>

enum { SHOWN_MAX = 500, WHY_MAX = 2000 };

/* ---- making ------------------------------------------------------------------------------------------ */

struct package {
    struct sh_str id, number, matter, act, why, step, person, role, body, device, place, list, previous, hash;
    const char *cause;
    int64_t seq, at, n, bytes, n_faults;
};

static void put_package(struct sh_json *json, const struct package *e) {
    sh_json_put_str(json, "number", e->number);
    sh_json_put_str(json, "matter", e->matter);
    sh_json_put_text(json, "cause", e->cause);
    sh_json_put_str(json, "step", e->step);
    sh_json_put_str(json, "act", e->act);
    sh_json_put_str(json, "why", e->why);
    sh_json_put_str(json, "person", e->person);
    sh_json_put_str(json, "role", e->role);
    sh_json_put_str(json, "body", e->body);
    sh_json_put_str(json, "device", e->device);
    sh_put_utc(json, "at", e->at);
    sh_json_put_i64(json, "n", e->n);
    sh_json_put_str(json, "list", e->list);
}

/* A version of the package's record: the first binds the list, the second the bytes. */
static sh_code save(struct work *w, struct package *e, int64_t version) {
    SH_CLEANUP(sh_buf_free) struct sh_buf open = {0};
    struct sh_record_ref ref;
    struct sh_json json;
    sh_json_begin(&json, &open);
    sh_json_object(&json);
    put_package(&json, e);
    if (version) {
        sh_json_put_str(&json, "hash", e->hash);
        sh_json_put_i64(&json, "bytes", e->bytes);
        sh_json_put_i64(&json, "faults", e->n_faults);
        sh_json_put_str(&json, "previous", e->previous);
    }
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, w->err));
    const struct sh_record_change change = {
        .register_name = SH_STR("evidence"),
        .id = e->id,
        .key = e->number,
        .expected_version = version,
        .labels = {.body = e->body, .place = e->place, .matter = e->matter},
        .valid_from = 0,
        .valid_to = SH_DAY_OPEN,
        .open = sh_buf_view(&open)};
    SH_TRY(sh_record_put(w->txn, &change, &ref, w->err));
    e->id = sh_copy(w->arena, (struct sh_str){ref.id, SH_ID_TEXT});
    return SH_OK;
}

static void list_line(struct sh_buf *list, struct sh_str item, int64_t version, struct sh_str run,
                      struct sh_str receipt) {
    sh_buf_addf(list, "%.*s %lld %.*s %.*s\n", SH_ARG(item), (long long)version, SH_ARG(receipt),
                SH_ARG(run)); /* the name of a run last: it may hold anything */
}

static sh_code hash_text(struct work *w, struct sh_str text, struct sh_str *ret) {
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, text.at, text.len, digest, w->err));
    sh_hex(digest, SH_DIGEST_BYTES, hex);
    *ret = sh_copy(w->arena, sh_str_of(hex));
    return SH_OK;
}

static sh_code insert(struct work *w, const struct package *e, const struct item *const *items) {
    const struct sh_value row[] = {SH_TEXT(e->id),
                                   SH_TEXT(e->matter),
                                   SH_I64(e->seq),
                                   SH_TEXT(e->number),
                                   SH_TEXT(sh_str_of(e->cause)),
                                   SH_TEXT(e->step),
                                   SH_TEXT(e->act),
                                   SH_TEXT(e->why),
                                   SH_TEXT(e->person),
                                   SH_TEXT(e->role),
                                   SH_TEXT(e->body),
                                   SH_TEXT(e->device),
                                   SH_I64(e->at),
                                   SH_I64(e->n),
                                   SH_TEXT(e->list)};
    SH_TRY(
        sh_sql_run(w->txn,
                   "insert into mt_evidence (id, matter, seq, number, cause, step, act, why, person, role, "
                   "body, device, at, n, list, sealed_at, hash, bytes, blob, faults) values ($1, $2, $3, $4, "
                   "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, '', 0, '', 0)",
                   row, 15, NULL, w->err));
    for (int64_t i = 0; i < e->n; i++) {
        const struct sh_value one[] = {SH_TEXT(e->id), SH_TEXT(items[i]->id), SH_I64(items[i]->version),
                                       SH_TEXT(items[i]->run), SH_TEXT(items[i]->receipt)};
        SH_TRY(sh_sql_run(w->txn,
                          "insert into mt_evidence_item (evidence, item, version, run, receipt) values ($1, "
                          "$2, $3, $4, $5)",
                          one, 5, NULL, w->err));
    }
    return SH_OK;
}

sh_code sh_evidence_make(struct work *w, const char *cause, struct sh_str act,
                         const struct item *const *items, size_t n) {
    SH_CLEANUP(sh_buf_free) struct sh_buf list = {0};
    struct sh_rows rows;
    struct package e = {.matter = w->m.id,
                        .cause = cause,
                        .act = act,
                        .step = w->step ? w->step->id : SH_STR(""),
                        .why = w->why,
                        .person = actor_of(w),
                        .role = w->used.role,
                        .body = w->m.body,
                        .place = w->m.place,
                        .device = w->who && w->who->device.at ? w->who->device : SH_STR(""),
                        .at = sh_txn_now(w->txn),
                        .n = (int64_t)n};
    SH_TRY(sh_sql_query(w->txn, "select coalesce(max(seq), 0) from mt_evidence where matter = $1",
                        &SH_TEXT(w->m.id), 1, w->arena, &rows, w->err));
    e.seq = sh_cell(&rows, 0, 0)->i64 + 1;
    e.number = sh_textf(w->arena, "%.*s-E%lld", SH_ARG(w->m.number), (long long)e.seq);
    for (size_t i = 0; i < n; i++)
        list_line(&list, items[i]->id, items[i]->version, items[i]->run, items[i]->receipt);
    SH_TRY(sh_buf_check(&list, w->err));
    SH_TRY(hash_text(w, sh_buf_view(&list), &e.list));
    SH_TRY(save(w, &e, 0));
    SH_TRY(insert(w, &e, items));
    return sh_custody_add(w, e.id, "added", SH_STR(""));
}

/* ---- by hand ----------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b) {
    const struct item *const *one = a, *const *other = b;
    return sh_str_cmp((*one)->id, (*other)->id);
}

/* Only what the actor works on himself, once each. */
static sh_code read_items(struct work *w, const struct sh_str *ids, size_t n, const struct item ***ret) {
    struct item *of = sh_new(w->arena, struct item, n + 1);
    const struct item **items = sh_new(w->arena, const struct item *, n + 1);
    struct work other = sh_work_beside(w);
    if (!of || !items)
        return sh_fail(w->err, SH_E_NOMEM, "no room for %zu rows", n);
    other.m.id = SH_STR("");
    for (size_t i = 0; i < n; i++) {
        SH_TRY(sh_item_load(w, ids[i], &of[i]));
        if (!sh_str_eq(other.m.id, of[i].matter))
            SH_TRY(sh_matter_load(&other, of[i].matter));
        if (!sh_matter_is_inside(&other, w->who))
            return sh_fail(w->err, SH_E_NOTFOUND, "no such item");
        items[i] = &of[i];
    }
    qsort(items, n, sizeof *items, by_id);
    for (size_t i = 1; i < n && w->failures->n == 0; i++)
        if (by_id(&items[i - 1], &items[i]) == 0)
            sh_failure_add(w, SH_FAIL_MEMBERS, SH_STR(""), SH_STR("items"), M_TWICE);
    *ret = items;
    return w->failures->n ? sh_fail(w->err, SH_E_CANCELLED, "refused") : SH_OK;
}

sh_code sh_evidence_capture(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                            const struct sh_str *items, size_t n, struct sh_str why, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    const struct item **of = NULL;
    SH_TRY(sh_file_enter(&w, matter, true, NULL));
    if (why.len == 0 || why.len > WHY_MAX)
        sh_failure_add(&w, SH_FAIL_NEEDS, SH_STR(""), SH_STR("why"), M_NEEDS, SH_ARG(SH_STR("why")));
    if (n == 0 || n > SH_BULK_MAX)
        sh_failure_add(&w, SH_FAIL_NEEDS, SH_STR(""), SH_STR("items"), M_NEEDS, SH_ARG(SH_STR("items")));
    if (w.failures->n)
        return sh_fail(err, SH_E_CANCELLED, "refused");
    w.why = why;
    SH_TRY(read_items(&w, items, n, &of));
    return sh_evidence_make(&w, "capture", SH_STR(""), of, n);
}

/* ---- sealing ----------------------------------------------------------------------------------------- */

sh_code sh_evidence_unsealed(struct sh_txn *txn, struct sh_arena *arena, struct sh_rows *ret,
                             struct sh_err *err) {
    return sh_sql_query(txn,
                        "select id from mt_evidence where sealed_at = 0 order by at, matter, seq limit 100",
                        NULL, 0, arena, ret, err);
}

#define PACKAGE_COLUMNS                                                                                      \
    "e.id, e.matter, e.number, e.cause, e.step, e.act, e.why, e.person, e.role, e.body, e.device, e.at, "    \
    "e.n, "                                                                                                  \
    "e.list, e.seq, m.place"
static sh_code read_package(struct work *w, struct sh_str id, struct package *ret) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn,
                        "select " PACKAGE_COLUMNS
                        " from mt_evidence e join mt_matter m on m.id = e.matter where e.id = $1",
                        &SH_TEXT(id), 1, w->arena, &rows, w->err));
    if (rows.n_rows == 0)
        return sh_fail(w->err, SH_E_NOTFOUND, "no such evidence");
    const struct sh_value *c = sh_cell(&rows, 0, 0);
    *ret = (struct package){.id = c[0].str,
                            .matter = c[1].str,
                            .number = c[2].str,
                            .cause = sh_str_is(c[3].str, "step") ? "step" : "capture",
                            .step = c[4].str,
                            .act = c[5].str,
                            .why = c[6].str,
                            .person = c[7].str,
                            .role = c[8].str,
                            .body = c[9].str,
                            .device = c[10].str,
                            .at = c[11].i64,
                            .n = c[12].i64,
                            .list = c[13].str,
                            .seq = c[14].i64,
                            .place = c[15].str};
    return SH_OK;
}

static sh_code read_previous(struct work *w, struct sh_str matter, struct sh_str *ret) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn,
                        "select hash from mt_evidence where matter = $1 and sealed_at > 0 order by sealed_at "
                        "desc, seq desc limit 1",
                        &SH_TEXT(matter), 1, w->arena, &rows, w->err));
    *ret = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("");
    return SH_OK;
}

/* As the office had it in that version. */
static sh_code finding_text(struct work *w, const struct sh_value *c, struct sh_str *ret) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    struct sh_json json;
    sh_json_begin(&json, &out);
    sh_json_object(&json);
    static const char *const names[] = {"item",  "key",         "rule",   "run", "receipt", "name",
                                        "level", "institution", "person", "say", "matter",  "state"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        sh_json_put_str(&json, names[i], c[i].str);
    sh_json_put_i64(&json, "version", c[12].i64);
    sh_put_day_or_null(&json, "day", (int32_t)c[13].i64, true);
    sh_put_fen(&json, "amount", c[14].i64);
    sh_put_fen(&json, "fund_amount", c[15].i64);
    sh_json_key(&json, "fields");
    sh_json_raw(&json, c[16].str.len ? c[16].str : SH_STR("{}"));
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, w->err));
    *ret = sh_copy(w->arena, sh_buf_view(&out));
    return SH_OK;
}

static sh_code read_findings(struct work *w, struct sh_str id, struct sh_evidence *ret) {
    struct sh_rows rows;
    SH_TRY(sh_sql_query(
        w->txn,
        "select i.id, i.key, i.rule, e.run, e.receipt, i.name, i.level, i.institution, "
        "i.person, i.say, i.matter, s.after, e.version, i.day, i.amount, i.fund_amount, s.fields "
        "from mt_evidence_item e join mt_item i on i.id = e.item join mt_item_step s on s.item = "
        "e.item and s.seq = e.version where e.evidence = $1 order by e.run, i.rule, i.id",
        &SH_TEXT(id), 1, w->arena, &rows, w->err));
    struct sh_evidence_finding *of = sh_new(w->arena, struct sh_evidence_finding, rows.n_rows + 1);
    if (!of)
        return sh_fail(w->err, SH_E_NOMEM, "no room for %zu findings", rows.n_rows);
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_value *c = sh_cell(&rows, r, 0);
        of[r] = (struct sh_evidence_finding){
            .item = c[0].str, .key = c[1].str, .rule = c[2].str, .run = c[3].str, .receipt = c[4].str};
        SH_TRY(finding_text(w, c, &of[r].text));
    }
    ret->findings = of, ret->n = rows.n_rows;
    return SH_OK;
}

/* The list as it was when the journal took its hash. */
static sh_code read_list(struct work *w, const struct package *e, struct sh_str *ret) {
    SH_CLEANUP(sh_buf_free) struct sh_buf list = {0};
    struct sh_rows rows;
    struct sh_str is;
    SH_TRY(
        sh_sql_query(w->txn,
                     "select item, version, run, receipt from mt_evidence_item where evidence = $1 order by "
                     "item",
                     &SH_TEXT(e->id), 1, w->arena, &rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++)
        list_line(&list, sh_cell(&rows, r, 0)->str, sh_cell(&rows, r, 1)->i64, sh_cell(&rows, r, 2)->str,
                  sh_cell(&rows, r, 3)->str);
    SH_TRY(sh_buf_check(&list, w->err));
    *ret = sh_copy(w->arena, sh_buf_view(&list));
    SH_TRY(hash_text(w, *ret, &is));
    return sh_str_eq(is, e->list)
               ? SH_OK
               : sh_fail(w->err, SH_E_CORRUPT, "evidence %.*s: its list is not the one the act was about",
                         SH_ARG(e->number));
}

sh_code sh_evidence_read(struct sh_txn *txn, struct sh_str id, struct sh_arena *arena,
                         struct sh_evidence *ret, struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf about = {0};
    struct work w = {.txn = txn, .arena = arena, .err = err};
    struct package e;
    struct sh_json json;
    SH_TRY(read_package(&w, id, &e));
    SH_TRY(read_previous(&w, e.matter, &ret->previous));
    SH_TRY(read_list(&w, &e, &ret->list));
    SH_TRY(read_findings(&w, id, ret));
    sh_json_begin(&json, &about);
    sh_json_object(&json);
    put_package(&json, &e);
    sh_json_put_str(&json, "previous", ret->previous);
    sh_json_object_end(&json);
    SH_TRY(sh_json_end(&json, err));
    ret->about = sh_copy(arena, sh_buf_view(&about));
    return SH_OK;
}

sh_code sh_evidence_seal(struct sh_txn *txn, struct sh_str id, struct sh_str previous, struct sh_str content,
                         int64_t n_faults, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct work w = {.txn = txn, .arena = &arena, .err = err};
    uint8_t blob[SH_DIGEST_BYTES];
    char at[SH_DIGEST_HEX_MAX];
    struct sh_rows rows;
    struct package e;
    SH_TRY(read_package(&w, id, &e));
    SH_TRY(sh_sql_query(txn, "select sealed_at from mt_evidence where id = $1", &SH_TEXT(id), 1, &arena,
                        &rows, err));
    if (sh_cell(&rows, 0, 0)->i64)
        return sh_fail(err, SH_E_CANCELLED, "sealed meanwhile");
    SH_TRY(read_previous(&w, e.matter, &e.previous));
    if (!sh_str_eq(e.previous, previous))
        return sh_fail(err, SH_E_CONFLICT, "another package was sealed meanwhile");
    SH_TRY(hash_text(&w, content, &e.hash));
    e.bytes = (int64_t)content.len, e.n_faults = n_faults;
    SH_TRY(save(&w, &e, 1));
    SH_TRY(sh_blob_put(txn, id, content, blob, err));
    sh_hex(blob, SH_DIGEST_BYTES, at);
    const struct sh_value values[] = {SH_TEXT(id),     SH_I64(sh_txn_now(txn)), SH_TEXT(e.hash),
                                      SH_I64(e.bytes), SH_TEXT(sh_str_of(at)),  SH_I64(n_faults)};
    return sh_sql_run(txn,
                      "update mt_evidence set sealed_at = $2, hash = $3, bytes = $4, blob = $5, faults = $6 "
                      "where id = $1",
                      values, 6, NULL, err);
}

sh_code sh_evidence_take(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                         struct sh_str id, struct sh_str *ret, struct sh_err *err) {
    const struct sh_scope all = sh_everything();
    struct work w = sh_work_of(txn, desk, err);
    uint8_t blob[SH_DIGEST_BYTES];
    struct sh_rows rows;
    struct sh_str is;
    SH_TRY(sh_file_enter(&w, matter, true, NULL));
    const struct sh_value key[] = {SH_TEXT(w.m.id), SH_TEXT(id)};
    SH_TRY(sh_sql_query(txn,
                        "select blob, hash from mt_evidence where matter = $1 and id = $2 and sealed_at > 0",
                        key, 2, w.arena, &rows, err));
    if (rows.n_rows == 0)
        return sh_fail(err, SH_E_NOTFOUND, "no such evidence");
    if (!sh_unhex(sh_cell(&rows, 0, 0)->str, blob, sizeof blob))
        return sh_fail(err, SH_E_CORRUPT, "mt_evidence: a damaged address");
    SH_TRY(sh_blob_get(txn, &all, blob, w.arena, ret, err));
    SH_TRY(hash_text(&w, *ret, &is));
    if (!sh_str_eq(is, sh_cell(&rows, 0, 1)->str))
        return sh_fail(err, SH_E_CORRUPT, "evidence is not what was sealed: its hash differs");
    return sh_custody_add(&w, id, "opened", SH_STR(""));
}

/* ---- on the page ------------------------------------------------------------------------------------- */

static void put_text_or_null(struct sh_json *json, const char *key, struct sh_str text) {
    if (text.len) {
        sh_json_put_str(json, key, text);
    } else {
        sh_json_key(json, key);
        sh_json_null(json);
    }
}

static void put_row(struct work *w, struct sh_json *json, const struct sh_value *c,
                    const struct sh_rows *chain) {
    sh_json_object(json);
    sh_json_put_str(json, "id", c[0].str);
    sh_json_put_str(json, "number", c[1].str);
    sh_json_put_str(json, "cause", c[2].str);
    sh_json_put_str(json, "step", c[3].str);
    sh_json_put_str(json, "why", c[4].str);
    sh_json_put_str(json, "person", c[5].str);
    sh_put_role(json, w, c[6].str);
    sh_json_put_str(json, "device", c[7].str);
    sh_put_utc(json, "at", c[8].i64);
    sh_json_put_i64(json, "n", c[9].i64);
    sh_json_put_str(json, "list", c[10].str);
    put_text_or_null(json, "hash", c[11].str);
    sh_json_put_i64(json, "bytes", c[12].i64);
    sh_json_put_i64(json, "faults", c[13].i64);
    sh_json_put_bool(json, "undone", c[14].i64 != 0);
    sh_put_custody(json, chain, c[0].str);
    sh_json_object_end(json);
}

sh_code sh_evidence_json(struct work *w, bool is_inside, struct sh_json *json) {
    struct sh_rows rows = {0}, chain = {0};
    if (is_inside) {
        const struct sh_value asked[] = {SH_TEXT(w->m.id), SH_I64(SHOWN_MAX)};
        SH_TRY(sh_sql_query(
            w->txn,
            "select e.id, e.number, e.cause, e.step, e.why, e.person, e.role, e.device, e.at, "
            "e.n, e.list, e.hash, e.bytes, e.faults, coalesce(a.undone_at, 0) from mt_evidence e "
            "left join mt_act a on a.id = e.act where e.matter = $1 order by e.seq desc limit $2",
            asked, 2, w->arena, &rows, w->err));
        SH_TRY(sh_sql_query(
            w->txn,
            "select c.attachment, c.person, c.what, c.at from mt_custody c join mt_evidence e on "
            "e.id = c.attachment where e.matter = $1 order by c.attachment, c.seq limit 5000",
            asked, 1, w->arena, &chain, w->err));
    }
    sh_json_key(json, "evidence");
    sh_json_array(json);
    for (size_t r = 0; r < rows.n_rows; r++)
        put_row(w, json, sh_cell(&rows, r, 0), &chain);
    sh_json_array_end(json);
    return SH_OK;
}

sh_code sh_item_evidence_json(struct work *w, struct sh_str item, bool is_inside, struct sh_json *json) {
    struct sh_rows rows = {0};
    const struct sh_value asked[] = {SH_TEXT(item), SH_I64(SHOWN_MAX)};
    if (is_inside)
        SH_TRY(sh_sql_query(
            w->txn,
            "select e.id, e.matter, e.number, e.at, i.version, e.hash from mt_evidence_item i join "
            "mt_evidence e on e.id = i.evidence where i.item = $1 order by e.at, e.seq limit $2",
            asked, 2, w->arena, &rows, w->err));
    sh_json_key(json, "evidence");
    sh_json_array(json);
    for (size_t r = 0; r < rows.n_rows; r++) {
        const struct sh_value *c = sh_cell(&rows, r, 0);
        sh_json_object(json);
        sh_json_put_str(json, "id", c[0].str);
        sh_json_put_str(json, "matter", c[1].str);
        sh_json_put_str(json, "number", c[2].str);
        sh_put_utc(json, "at", c[3].i64);
        sh_json_put_i64(json, "version", c[4].i64);
        put_text_or_null(json, "hash", c[5].str);
        sh_json_object_end(json);
    }
    sh_json_array_end(json);
    return SH_OK;
}
