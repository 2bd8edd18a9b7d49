/* The route table and the JSON of every handler, without a network: "METHOD target\nbody". Someone with many
 * roles is signed in, so that handlers are reached. Any bytes get an answer that is no 5xx fault. */
#include "base/date.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "gate/gate.h"
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One server a process: opening a store takes longer than a thousand requests. */
static struct {
    struct sh_gate *gate;
    char dir[64], data_dir[128], law_dir[SH_PATH_BYTES_MAX];
    struct sh_gate_options options;
    struct sh_clock clock;
} fuzz;

/* Two persons, as no one person has all roles: the length of the request says who asks. */
static const char *const tokens[] = {"fuzz", "fuzz-admin"};
static const char csrf[] = "fuzz-csrf";

static sh_code put_session(struct sh_txn *txn, const char *token, const char *login, struct sh_err *err) {
    uint8_t digest[SH_DIGEST_BYTES];
    char hash[SH_DIGEST_HEX_MAX];
    SH_TRY(sh_digest_of(SH_DIGEST_SHA256, token, strlen(token), digest, err));
    sh_hex(digest, sizeof digest, hash);
    const int64_t now = sh_txn_now(txn);
    const struct sh_value session[] = {SH_TEXT(sh_str_of(hash)), SH_TEXT(sh_str_of(csrf)), SH_I64(now),
                                       SH_I64(now + 30000000), SH_TEXT(sh_str_of(login))};
    return sh_sql_run(txn,
                      "insert into gate_session (token, person, csrf, created_at, seen_at, expires_at, "
                      "factor_at, new_factor) "
                      "select $1, person, $2, $3, $3, $4, $3, '' from gate_account where login = $5",
                      session, 5, NULL, err);
}

static sh_code sign_in(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    static const char *const roles[] = {"agency.contract", "agency.head", "agency.auditor", "bureau.planner",
                                        "department.witness"};
    SH_TRY(put_session(txn, tokens[0], "fuzz", err));
    SH_TRY(put_session(txn, tokens[1], "fuzz-admin", err));
    SH_TRY(sh_sql_run(txn, "update gate_account set renews = 0, has_factor = 1", NULL, 0, NULL, err));
    SH_TRY(sh_sql_run(
        txn, "delete from gate_grant where person = (select person from gate_account where login = 'fuzz')",
        NULL, 0, NULL, err));
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct sh_value grant[] = {SH_TEXT(sh_str_of(roles[i])), SH_I64(SH_DATE_MAX)};
        SH_TRY(sh_sql_run(
            txn,
            "insert into gate_grant (id, person, role, body, place, valid_from, valid_to, state, asked_by, "
            "decided_by) select $1, person, $1, 'gov', '620100', 0, $2, 'granted', 'x', 'y' from "
            "gate_account where login = 'fuzz'",
            grant, 2, NULL, err));
    }
    return SH_OK;
}

static void tidy(void) {
    struct sh_err err;
    sh_gate_stop(fuzz.gate, 1);
    if (sh_remove_tree(fuzz.dir, &err) != SH_OK)
        fprintf(stderr, "%s\n", err.message);
}

static sh_code set_up(struct sh_err *err) {
    const char *source = getenv("SHOUHU_SOURCE_DIR");
    snprintf(fuzz.dir, sizeof fuzz.dir, "/tmp/shouhu-fuzz-XXXXXX");
    if (!mkdtemp(fuzz.dir))
        return sh_fail_errno(err, "no directory to fuzz in");
    snprintf(fuzz.data_dir, sizeof fuzz.data_dir, "%s/data", fuzz.dir);
    snprintf(fuzz.law_dir, sizeof fuzz.law_dir, "%s/law", source ? source : ".");
    fuzz.clock = (struct sh_clock){.is_fixed = true, .fixed_utc = 1772413200};
    fuzz.options = (struct sh_gate_options){
        .data_dir = fuzz.data_dir, .law_dir = fuzz.law_dir, .clock = &fuzz.clock, .threads = 1};
    struct sh_store *store = NULL;
    SH_TRY(sh_gate_store_open(&fuzz.options, true, &store, err));
    struct sh_user_new user = {.login = SH_STR("fuzz"),
                               .name = SH_STR("某人"),
                               .role = SH_STR("security.approver"),
                               .body = SH_STR("gov"),
                               .body_name = SH_STR("局"),
                               .body_kind = SH_STR("bureau"),
                               .place = SH_STR("620100"),
                               .until = 40000};
    char password[SH_PASSWORD_MADE + 1];
    const struct sh_act act = {.actor = SH_STR("fuzz"), .is_housekeeping = true};
    sh_code code = sh_user_add(store, fuzz.law_dir, &user, password, err);
    user.login = SH_STR("fuzz-admin");
    user.role = SH_STR("admin.users");
    if (code == SH_OK)
        code = sh_user_add(store, fuzz.law_dir, &user, password, err);
    if (code == SH_OK)
        code = sh_store_write(store, &act, sign_in, NULL, NULL, err);
    sh_store_close(store);
    SH_TRY(code);
    SH_TRY(sh_gate_start(&fuzz.options, &fuzz.gate, err));
    return atexit(tidy) == 0 ? SH_OK : sh_fail(err, SH_E_INTERNAL, "atexit");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sh_err err;
    if (!fuzz.gate && set_up(&err) != SH_OK) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = (size_t)16 << 20};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    char *text = sh_arena_dup(&arena, (const char *)data, size);
    char *line = text ? memchr(text, '\n', size) : NULL;
    char *space = line ? memchr(text, ' ', (size_t)(line - text)) : NULL;
    if (!space)
        return 0;
    *space = *line = '\0';
    const struct sh_gate_probe probe = {.method = text,
                                        .target = space + 1,
                                        .cookie = tokens[size % 2],
                                        .csrf = csrf,
                                        .if_match = "\"v1\"",
                                        .idempotency = "",
                                        .body = {line + 1, size - (size_t)(line + 1 - text)}};
    const int status = sh_gate_probe(fuzz.gate, &probe, &out);
    sh_check(status == 0 || (status >= 200 && status < 500) || status == 503);
    return 0;
}
