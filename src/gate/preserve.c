/* Packages of evidence (docs/journal.md): each part with its hash, and a chain over all of them that begins
 * with the package before. Gathered outside of the transaction that found the violation: the list it made is
 * proven, and what is gathered must have the hashes it was loaded with. */
#include "gate/preserve.h"
#include "base/fs.h"
#include "base/limits.h"
#include "gate/ruletext.h"

enum {
    PACKAGE_BYTES_MAX = SH_BLOB_BYTES_MAX - (4 << 20), /* room for the faults of what does not fit */
    RUN_FILE_MAX = 16 << 20,
    TRIES = 3
};

struct packing {
    struct sh_gate *gate;
    struct sh_str id;
    struct sh_arena arena;
    struct sh_evidence of;
    struct sh_buf out;
    uint8_t chain[SH_DIGEST_BYTES];
    struct sh_str run, rule; /* whose texts were put last */
    char run_dir[SH_PATH_BYTES_MAX];
    int64_t n_faults;
};

static struct packing packing_of(struct sh_gate *gate, struct sh_str id) {
    return (struct packing){.gate = gate,
                            .id = id,
                            .arena = {.limit_bytes = 4 * SH_BLOB_BYTES_MAX},
                            .out = sh_buf_init(SH_BLOB_BYTES_MAX)};
}
static void packing_end(struct packing *p) {
    sh_buf_free(&p->out);
    sh_arena_free(&p->arena);
}

/* ---- parts ------------------------------------------------------------------------------------------- */

static sh_code link_part(struct packing *p, const char *name, const uint8_t hash[SH_DIGEST_BYTES],
                         struct sh_err *err) {
    SH_CLEANUP(sh_digest_release) struct sh_digest digest = {0};
    SH_TRY(sh_digest_begin(&digest, SH_DIGEST_SM3, err));
    SH_TRY(sh_digest_add(&digest, p->chain, sizeof p->chain, err));
    SH_TRY(sh_digest_add(&digest, hash, SH_DIGEST_BYTES, err));
    SH_TRY(sh_digest_add(&digest, name, strlen(name), err));
    return sh_digest_end(&digest, p->chain, err);
}

static sh_code put_part(struct packing *p, const char *name, struct sh_str content, struct sh_err *err) {
    uint8_t hash[SH_DIGEST_BYTES];
    char is[SH_DIGEST_HEX_MAX], chain[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_digest_of(SH_DIGEST_SM3, content.at, content.len, hash, err));
    SH_TRY(link_part(p, name, hash, err));
    sh_hex(hash, sizeof hash, is);
    sh_hex(p->chain, sizeof p->chain, chain);
    sh_buf_addf(&p->out, "part %zu %s %s %s\n", content.len, is, chain, name);
    sh_buf_add_str(&p->out, content);
    sh_buf_add_char(&p->out, '\n');
    return sh_buf_check(&p->out, err);
}

static const char *name_of(struct packing *p, const char *kind, struct sh_str of) {
    const char *name = sh_arena_printf(&p->arena, NULL, "%s/%.*s", kind, SH_ARG(of));
    return name ? name : kind;
}

/* What belongs here and is not there is a part too: nothing is left out unsaid. */
static sh_code put_fault(struct packing *p, const char *what, const char *why, struct sh_err *err) {
    p->n_faults++;
    return put_part(p, name_of(p, "fault", sh_str_of(what)), sh_str_of(why), err);
}

static bool has_room(const struct packing *p, struct sh_str content) {
    return sh_buf_view(&p->out).len + content.len < PACKAGE_BYTES_MAX;
}

static sh_code put_file(struct packing *p, const char *path, const char *name, struct sh_str *ret,
                        struct sh_err *err) {
    struct sh_err why;
    *ret = SH_STR("");
    const sh_code code = sh_fs_read(path, RUN_FILE_MAX, &p->arena, ret, &why);
    if (code == SH_E_NOMEM)
        return sh_fail(err, code, "%s", why.message);
    if (code != SH_OK)
        return put_fault(p, name, sh_code_name(code), err);
    return has_room(p, *ret) ? put_part(p, name, *ret, err) : put_fault(p, name, "too large", err);
}

/* ---- what the lake has ------------------------------------------------------------------------------- */

/* run.json says which manifest of the lake the audit read: names, sizes and hashes of every file of claims.
 */
static sh_code put_run(struct packing *p, struct sh_str run, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_str text;
    SH_TRY(sh_path_format(p->run_dir, err, "%s/audits/%.*s", p->gate->options.lake_dir, SH_ARG(run)));
    SH_TRY(sh_path_join(path, p->run_dir, "run.json", err));
    SH_TRY(put_file(p, path, name_of(p, "run", run), &text, err));
    SH_CLEANUP(sh_json_decref_at) json_t *about = NULL;
    struct sh_err why;
    const bool is_read = text.len && sh_json_read("run.json", text, &about, &why) == SH_OK;
    const json_t *manifest = is_read ? json_object_get(about, "manifest") : NULL;
    if (!json_is_integer(manifest))
        return put_fault(p, name_of(p, "manifest", run), "the run does not say what it read", err);
    SH_TRY(sh_path_format(path, err, "%s/manifest/%08lld.json", p->gate->options.lake_dir,
                          (long long)json_integer_value(manifest)));
    return put_file(p, path, name_of(p, "manifest", run), &text, err);
}

static sh_code take_rule(void *ctx, const char *name, struct sh_str text, struct sh_err *err) {
    struct packing *p = ctx;
    const char *part = name_of(p, "text", sh_str_of(name));
    return has_room(p, text) ? put_part(p, part, text, err) : put_fault(p, part, "too large", err);
}

static sh_code put_rule(struct packing *p, struct sh_str rule, struct sh_err *err) {
    struct sh_err why;
    const sh_code code = sh_evidence_rule(p->run_dir, rule, take_rule, p, &why);
    if (code == SH_E_NOMEM || code == SH_E_LIMIT)
        return sh_fail(err, code, "%s", why.message);
    return code == SH_OK ? SH_OK : put_fault(p, name_of(p, "rule", rule), sh_code_name(code), err);
}

static sh_code is_receipt(const struct sh_evidence_finding *finding, struct sh_str text, bool *ret,
                          struct sh_err *err) {
    uint8_t digest[SH_DIGEST_BYTES];
    char hex[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_digest_of(SH_DIGEST_SHA256, text.at, text.len, digest, err));
    sh_hex(digest, sizeof digest, hex);
    *ret = sh_str_is(finding->receipt, hex);
    return SH_OK;
}

static sh_code put_receipt(struct packing *p, const struct sh_evidence_finding *finding, struct sh_err *err) {
    const char *name = name_of(p, "receipt", finding->item);
    struct sh_str text;
    struct sh_err why;
    uint8_t id[16];
    uint32_t bucket;
    bool is_same = false;
    if (!sh_unhex(finding->key, id, sizeof id))
        return put_fault(p, name, "its key is no id of a finding", err);
    const sh_code code = sh_evidence_find(p->run_dir, id, &p->arena, &text, &bucket, &why);
    if (code == SH_E_NOMEM)
        return sh_fail(err, code, "%s", why.message);
    if (code != SH_OK)
        return put_fault(p, name, sh_code_name(code), err);
    SH_TRY(is_receipt(finding, text, &is_same, err));
    if (!is_same)
        return put_fault(p, name, "changed: it has another hash than the one the finding was loaded with",
                         err);
    return has_room(p, text) ? put_part(p, name, text, err)
                             : put_fault(p, name, "too large: capture fewer findings at once", err);
}

/* The receipt of a finding, and before the first of a run or rule what it was found by. */
static sh_code put_behind(struct packing *p, const struct sh_evidence_finding *finding, struct sh_err *err) {
    if (finding->run.len == 0)
        return SH_OK; /* drawn or entered, not found by an audit */
    const bool is_new_run = !sh_str_eq(p->run, finding->run);
    if (is_new_run)
        SH_TRY(put_run(p, finding->run, err));
    if (is_new_run || !sh_str_eq(p->rule, finding->rule))
        SH_TRY(put_rule(p, finding->rule, err));
    p->run = finding->run, p->rule = finding->rule;
    return put_receipt(p, finding, err);
}

/* ---- the package ------------------------------------------------------------------------------------- */

static sh_code read_package(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct packing *p = ctx;
    return sh_evidence_read(txn, p->id, &p->arena, &p->of, err);
}

static sh_code keep_package(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct packing *p = ctx;
    return sh_evidence_seal(txn, p->id, p->of.previous, sh_buf_view(&p->out), p->n_faults, err);
}

static sh_code pack(struct packing *p, struct sh_err *err) {
    if (p->of.previous.len && !sh_unhex(p->of.previous, p->chain, sizeof p->chain))
        return sh_fail(err, SH_E_CORRUPT, "the hash of the package before is none");
    p->run = p->rule = SH_STR("");
    sh_buf_add_text(&p->out, "shouhu-evidence 1\n");
    SH_TRY(put_part(p, "about", p->of.about, err));
    SH_TRY(put_part(p, "list", p->of.list, err));
    for (size_t i = 0; i < p->of.n; i++)
        SH_TRY(put_part(p, name_of(p, "finding", p->of.findings[i].item), p->of.findings[i].text, err));
    for (size_t i = 0; i < p->of.n; i++)
        SH_TRY(put_behind(p, &p->of.findings[i], err));
    sh_buf_add_text(&p->out, "end\n");
    return sh_buf_check(&p->out, err);
}

static sh_code seal_once(struct sh_gate *gate, struct sh_str id, struct sh_err *err) {
    SH_CLEANUP(packing_end) struct packing p = packing_of(gate, id);
    const struct sh_act act = {.actor = SH_STR("system"), .why = SH_STR("sealed")};
    SH_TRY(sh_store_read(gate->store, read_package, &p, err));
    SH_TRY(pack(&p, err));
    const sh_code code = sh_store_write(gate->store, &act, keep_package, &p, NULL, err);
    return code == SH_E_CANCELLED ? SH_OK : code; /* another was first */
}

struct waiting {
    struct sh_arena arena;
    struct sh_rows rows;
};
static void waiting_end(struct waiting *w) {
    sh_arena_free(&w->arena);
}
static sh_code read_waiting(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct waiting *w = ctx;
    return sh_evidence_unsealed(txn, &w->arena, &w->rows, err);
}

static void seal(struct sh_gate *gate, struct sh_str id) {
    struct sh_err err;
    sh_code code = SH_E_CONFLICT;
    for (int tries = 0; code == SH_E_CONFLICT && tries < TRIES; tries++)
        code = seal_once(gate, id, &err);
    if (code != SH_OK)
        sh_log(&gate->log, SH_LOG_ERROR, "evidence", " id=%.*s code=%s", SH_ARG(id), sh_code_name(code));
}

void sh_evidence_seal_all(struct sh_gate *gate) {
    SH_CLEANUP(waiting_end) struct waiting waiting = {.arena = {.limit_bytes = SH_REQUEST_ARENA_MAX}};
    struct sh_err err;
    if (!gate->options.lake_dir)
        return;
    const sh_code code = sh_store_read(gate->store, read_waiting, &waiting, &err);
    if (code != SH_OK)
        sh_log(&gate->log, SH_LOG_ERROR, "evidence", " code=%s", sh_code_name(code));
    for (size_t i = 0; code == SH_OK && i < waiting.rows.n_rows; i++)
        seal(gate, sh_cell(&waiting.rows, i, 0)->str);
}
