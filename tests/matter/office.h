/* An office for one test: the shipped texts of law, a store in a folder of its own, a city with bodies, a
 * hospital and a panel, and a person for every role. */
#pragma once
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/rng.h"
#include "check.h"
#include "matter/matter.h"
#include <stdio.h>
#include <unistd.h>

#define PLACE SH_STR("990100")
#define AGENCY SH_STR("ag1")
#define HOSPITAL SH_STR("H1")
/* A value of a form, of two literals. */
#define V(f, t)                                                                                              \
    {                                                                                                        \
        {f, sizeof(f) - 1}, {                                                                                \
            t, sizeof(t) - 1                                                                                 \
        }                                                                                                    \
    }

struct office {
    char dir[64], data[96], keys[96], heads[96];
    char database[96]; /* of libpq; empty: SQLite */
    struct sh_clock clock;
    struct sh_arena arena; /* texts */
    const struct sh_roles *roles;
    const struct sh_registers *registers;
    const struct sh_matter_texts *texts;
    struct sh_store *store;
};

static inline int64_t utc_of(const char *text) {
    int64_t wall = 0;
    struct sh_err err;
    CHECK_OK(sh_time_parse(sh_str_of(text), &wall, &err), &err);
    return wall - SH_SHANGHAI_SECONDS;
}

static inline void office_open(struct office *o) {
    struct sh_err err = {0};
    size_t n = 0;
    const struct sh_migration *migrations = sh_matter_migrations(&n);
    const struct sh_store_options options = {.data_dir = o->data,
                                             .keys_dir = o->keys,
                                             .heads_path = o->heads,
                                             .database_url = o->database[0] ? o->database : NULL,
                                             .clock = &o->clock,
                                             .migrations = migrations,
                                             .n_migrations = n,
                                             .digest = SH_DIGEST_SM3,
                                             .create = true};
    CHECK_OK(sh_store_open(&options, &o->store, &err), &err);
}

/** In a schema of its own of the throw-away server that with-postgres.sh started, where there is one. */
static inline void office_on_postgres(struct office *o) {
    char command[160];
    const char *name = strrchr(o->dir, '-') + 1;
    (void)snprintf(o->database, sizeof o->database, "options='-c search_path=\"office_%s\"'", name);
    (void)snprintf(command, sizeof command, "psql -qc 'create schema \"office_%s\"'", name);
    CHECK_I64(system(command), 0); // NOLINT(cert-env33-c): a test's own command
}

/* ---- writing ----------------------------------------------------------------------------------------- */

struct put {
    const char *reg, *key, *json, *body;
};
static inline sh_code put_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct put *put = ctx;
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = sh_str_of(put->reg),
                                            .key = sh_str_of(put->key),
                                            .labels = {.body = sh_str_of(put->body), .place = PLACE},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = sh_str_of(put->json)};
    return sh_record_put(txn, &change, &ref, err);
}
static inline void office_put(struct office *o, const char *reg, const char *key, const char *body,
                              const char *json) {
    const struct sh_act act = {.actor = SH_STR("test")};
    struct put put = {reg, key, json, body};
    struct sh_err err;
    CHECK_OK(sh_store_write(o->store, &act, put_body, &put, NULL, &err), &err);
}

/* A folder of its own; in memory where there is such a place: walks commit thousands of times, and kill -9 is
 * not a power cut. No texts yet. */
static inline struct office office_begin(const char *now) {
    struct office o = {.clock = {.is_fixed = true}};
    (void)snprintf(o.dir, sizeof o.dir, "%s/shouhu-matter-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(o.dir) != NULL);
    (void)snprintf(o.data, sizeof o.data, "%s/data", o.dir);
    (void)snprintf(o.keys, sizeof o.keys, "%s/keys", o.dir);
    (void)snprintf(o.heads, sizeof o.heads, "%s/heads", o.dir);
    o.clock.fixed_utc = utc_of(now);
    return o;
}

static inline void office_read(struct office *o, const char *law) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err = {0};
    CHECK_OK(sh_path_join(path, law, "roles.yaml", &err), &err);
    CHECK_OK(sh_roles_load(path, &o->arena, &o->roles, &err), &err);
    CHECK_OK(sh_path_join(path, law, "registers", &err), &err);
    CHECK_OK(sh_registers_load(path, o->roles, &o->arena, &o->registers, &err), &err);
    CHECK_OK(sh_matter_texts_load(law, o->registers, o->roles, &o->arena, &o->texts, &err), &err);
}

static inline struct office office_new(const char *now) {
    struct office o = office_begin(now);
    char law[SH_PATH_BYTES_MAX];
    struct sh_err err = {0};
    CHECK_OK(sh_path_join(law, getenv("SHOUHU_SOURCE_DIR"), "law", &err), &err);
    office_read(&o, law);
    return o;
}

static inline void office_people_the_city(struct office *o) {
    office_put(o, "bodies", "gov", "", "{\"kind\":\"bureau\",\"place\":\"990100\"}");
    office_put(o, "bodies", "ag1", "", "{\"kind\":\"agency\",\"place\":\"990100\"}");
    office_put(o, "bodies", "h1", "", "{\"kind\":\"institution\",\"place\":\"990100\"}");
    office_put(o, "credentials", "legal|L1", "gov", "{\"person\":\"p-bureau.legal\"}");
    office_put(o, "institutions", "H1", "h1", "{\"body\":\"h1\",\"place\":\"990100\"}");
    office_put(o, "panel_members", "ag1|agency|p-agency.chief", "ag1", "{\"seat\":\"chief\"}");
    office_put(o, "panel_members", "ag1|agency|p-agency.panel", "ag1", "{\"seat\":\"deputy\"}");
    office_put(o, "panel_members", "ag1|agency|p2-agency.panel", "ag1", "{\"seat\":\"member\"}");
    office_put(o, "panel_members", "gov|bureau|p-bureau.chief", "gov", "{\"seat\":\"chief\"}");
    office_put(o, "panel_members", "gov|bureau|p-bureau.panel", "gov", "{\"seat\":\"deputy\"}");
    office_put(o, "panel_members", "gov|bureau|p2-bureau.panel", "gov", "{\"seat\":\"member\"}");
}

static inline void office_drop(struct office *o) {
    struct sh_err err;
    sh_store_close(o->store);
    sh_arena_free(&o->arena);
    CHECK_OK(sh_remove_tree(o->dir, &err), &err);
}

/* Another office, under the same law, at another time; its store is new. */
static inline void office_renew(struct office *o, const char *now) {
    struct sh_err err;
    struct office next = office_begin(now);
    next.arena = o->arena;
    next.roles = o->roles, next.registers = o->registers, next.texts = o->texts;
    if (o->store)
        sh_store_close(o->store);
    CHECK_OK(sh_remove_tree(o->dir, &err), &err);
    *o = next;
    office_open(o);
    office_people_the_city(o);
}

/* ---- acting ------------------------------------------------------------------------------------------ */

/* One step asked for, and what came of it. */
struct doing {
    struct office *o;
    char person[96], role[64];
    struct sh_matter_grant grant;
    struct sh_matter_who who;
    char id[SH_ID_TEXT + 1];
    struct sh_matter_act act;
    struct sh_matter_new wanted;
    struct sh_failures failures;
    struct sh_arena arena;
    int64_t version;
    bool is_open, roll_back, undrawn;
    bool may_be_hidden; /* from who is not to see it: SH_E_NOTFOUND is an answer */
};

static inline struct sh_scope everything(void) {
    static const struct sh_str places[] = {{"", 0}};
    return (struct sh_scope){.places = places, .n_places = 1, .any_body = true, .any_part = true};
}

/* The person "p-ROLE" (or another letter's), with that role at the body where it is held. */
static inline void become(struct doing *d, struct office *o, const char *prefix, struct sh_str role) {
    d->o = o;
    (void)snprintf(d->role, sizeof d->role, "%.*s", SH_ARG(role));
    (void)snprintf(d->person, sizeof d->person, "%s-%.*s", prefix, SH_ARG(role));
    const bool is_bureau = sh_str_starts_with(role, SH_STR("bureau.")),
               is_party = sh_str_starts_with(role, SH_STR("institution."));
    d->grant = (struct sh_matter_grant){sh_str_of(d->role),
                                        is_bureau  ? SH_STR("gov")
                                        : is_party ? SH_STR("h1")
                                                   : AGENCY,
                                        PLACE};
    d->who = (struct sh_matter_who){sh_str_of(d->person), &d->grant, 1, everything(), SH_EN};
}

static inline sh_code version_of(struct sh_txn *txn, struct doing *d, struct sh_err *err) {
    struct sh_rows rows;
    const struct sh_str id = sh_str_of(d->id);
    SH_TRY(sh_sql_query(txn, "select version from mt_matter where id = $1", &SH_TEXT(id), 1, &d->arena, &rows,
                        err));
    d->version = rows.n_rows ? sh_cell(&rows, 0, 0)->i64 : 0;
    return SH_OK;
}

/* As the server does after a step: its papers are drawn and kept. */
static inline sh_code draw_papers(struct sh_txn *txn, struct doing *d, struct sh_err *err) {
    struct sh_rows rows;
    SH_TRY(sh_papers_undrawn(txn, sh_str_of(d->id), &d->arena, &rows, err));
    for (size_t i = 0; i < rows.n_rows; i++)
        SH_TRY(sh_paper_drawn(txn, sh_cell(&rows, i, 0)->str, SH_STR("%PDF"), err));
    return SH_OK;
}

static inline sh_code doing_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct doing *d = ctx;
    const struct sh_desk desk = {d->o->texts, &d->who, &d->arena, &d->failures};
    if (d->is_open) {
        SH_TRY(sh_matter_open(txn, &desk, &d->wanted, d->id, err));
    } else {
        SH_TRY(version_of(txn, d, err));
        d->act.expected = d->version;
        SH_TRY(sh_matter_act(txn, &desk, sh_str_of(d->id), &d->act, err));
    }
    if (d->roll_back)
        return sh_fail(err, SH_E_CANCELLED, "only asked");
    return d->undrawn ? SH_OK : draw_papers(txn, d, err);
}

/* SH_OK: done. SH_E_CANCELLED: refused, d->failures says why. SH_E_NOTFOUND: he does not see it. */
static inline sh_code do_it(struct doing *d) {
    const struct sh_act act = {.actor = d->who.person, .why = SH_STR("test")};
    struct sh_err err = {0};
    d->failures.n = 0;
    const sh_code code = sh_store_write(d->o->store, &act, doing_body, d, NULL, &err);
    const bool is_answer =
        code == SH_OK || code == SH_E_CANCELLED || (code == SH_E_NOTFOUND && d->may_be_hidden);
    if (!is_answer)
        print_error("%.*s: %s\n", SH_ARG(d->act.step), err.message);
    CHECK(is_answer);
    return code;
}

/* The agency's auditor opens a matter about the hospital. */
static inline sh_code open_about(struct doing *d, struct office *o, const char *procedure,
                                 const struct sh_matter_value *values, size_t n) {
    become(d, o, "p", SH_STR("agency.auditor"));
    d->is_open = true;
    d->wanted = (struct sh_matter_new){.procedure = sh_str_of(procedure),
                                       .subject = HOSPITAL,
                                       .body = SH_STR(""),
                                       .period = SH_STR(""),
                                       .parent = SH_STR(""),
                                       .values = values,
                                       .n_values = n};
    const sh_code code = do_it(d);
    d->is_open = false;
    return code;
}

static inline bool has_failure(const struct doing *d, enum sh_failure_kind kind) {
    for (size_t i = 0; i < d->failures.n; i++)
        if (d->failures.of[i].kind == kind)
            return true;
    return false;
}

struct asked {
    const char *sql;
    const struct sh_value *values;
    size_t n;
    int64_t ret;
    char text[1024];
};
static inline sh_code ask_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asked *asked = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(txn, asked->sql, asked->values, asked->n, &arena, &rows, err));
    asked->ret = -1, asked->text[0] = '\0';
    if (rows.n_rows && sh_cell(&rows, 0, 0)->kind == SH_VALUE_I64)
        asked->ret = sh_cell(&rows, 0, 0)->i64;
    else if (rows.n_rows)
        (void)snprintf(asked->text, sizeof asked->text, "%.*s", SH_ARG(sh_cell(&rows, 0, 0)->str));
    return SH_OK;
}
static inline struct asked ask_sql(struct office *o, const char *sql, struct sh_str value) {
    struct sh_err err;
    const struct sh_value values[] = {SH_TEXT(value)};
    struct asked asked = {.sql = sql, .values = values, .n = value.at ? 1 : 0};
    CHECK_OK(sh_store_read(o->store, ask_body, &asked, &err), &err);
    return asked;
}
static inline bool is_in(struct office *o, const char *id, const char *state) {
    return strcmp(ask_sql(o, "select state from mt_matter where id = $1", sh_str_of(id)).text, state) == 0;
}

/* ---- findings ---------------------------------------------------------------------------------------- */

/** A finding of the hospital in February, of `fen` and all of the fund; for who needs no more of it than its
 * key. */
static inline struct sh_finding_in office_finding(struct sh_str key, int64_t fen) {
    return (struct sh_finding_in){.key = key,
                                  .institution = HOSPITAL,
                                  .period = SH_STR("2026-02"),
                                  .rule = SH_STR("r"),
                                  .level = SH_STR("certain"),
                                  .run = SH_STR("r1"),
                                  .person = SH_STR("P1"),
                                  .day = 20000,
                                  .amount_fen = fen,
                                  .fund_fen = fen};
}
struct loading {
    struct office *o;
    const struct sh_finding_in *rows;
    size_t n;
    struct sh_load_report report;
};
static inline sh_code load_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct loading *l = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_matter_who who = {.person = SH_STR("cli")};
    l->report = (struct sh_load_report){0};
    const struct sh_desk desk = {l->o->texts, &who, &arena, NULL};
    const struct sh_load_into into = {SH_STR("claim-batch"), AGENCY};
    return sh_items_load(txn, &desk, &into, l->rows, l->n, &l->report, err);
}
/** Findings of a run become items of claim batches. */
static inline struct sh_load_report office_load(struct office *o, const struct sh_finding_in *rows,
                                                size_t n) {
    const struct sh_act act = {.actor = SH_STR("cli"), .why = SH_STR("r1")};
    struct loading l = {.o = o, .rows = rows, .n = n};
    struct sh_err err;
    CHECK_OK(sh_store_write(o->store, &act, load_body, &l, NULL, &err), &err);
    return l.report;
}

/* ---- time -------------------------------------------------------------------------------------------- */

struct due {
    struct office *o;
    bool is_done, is_due;
};
static inline sh_code due_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct due *due = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    due->is_done = false;
    SH_TRY(sh_matter_run_due(txn, due->o->texts, &arena, &due->is_done, err));
    return due->is_done ? SH_OK : sh_fail(err, SH_E_CANCELLED, "nothing is due");
}
/** All that is due; gives how many ends were carried out. */
static inline size_t run_due(struct office *o) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("due")};
    struct due due = {.o = o};
    struct sh_err err;
    for (size_t n = 0;; n++) {
        const sh_code code = sh_store_write(o->store, &act, due_body, &due, NULL, &err);
        if (code == SH_E_CANCELLED)
            return n;
        CHECK_OK(code, &err);
    }
}

struct settling {
    struct office *o;
    bool may_write;
    size_t n;
};
static inline sh_code settle_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct settling *s = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    return sh_matter_duties(txn, s->o->texts, s->may_write, &arena, &s->n, err);
}

/** As a server does when it starts; gives how many duties it saw for the first time. */
static inline size_t begin_duties(struct office *o) {
    const struct sh_act act = {.actor = SH_STR("law"), .why = SH_STR("duties")};
    struct settling s = {.o = o};
    struct sh_err err;
    CHECK_OK(sh_store_read(o->store, settle_body, &s, &err), &err);
    const size_t told = s.n;
    s.may_write = true;
    if (told)
        CHECK_OK(sh_store_write(o->store, &act, settle_body, &s, NULL, &err), &err);
    CHECK_I64((int64_t)s.n, (int64_t)told);
    CHECK_OK(sh_store_read(o->store, settle_body, &s, &err), &err);
    CHECK_I64((int64_t)s.n, 0); /* and no more */
    return told;
}

static inline void check_journal(struct office *o) {
    struct sh_verify_report report;
    struct sh_err err;
    CHECK_OK(sh_store_verify(o->store, true, NULL, NULL, &report, &err), &err);
    CHECK_I64((int64_t)report.faults, 0);
}

/** Three sections of the agency have examined the problem of a breach together (V-11). */
static inline void office_examine(struct doing *d, struct office *o) {
    static const struct sh_matter_value found[] = {V("examined_on", "2026-03-02"), V("examined_at", "会议室"),
                                                   V("examiners", "甲|内控|同意"),
                                                   V("examination", "事实清楚"), V("handling", "handle")};
    static const char *const roles[] = {"agency.control", "agency.finance", "agency.contract"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        become(d, o, "p", sh_str_of(roles[i]));
        d->act = (struct sh_matter_act){.step = SH_STR("examine"),
                                        .values = found,
                                        .n_values = sizeof found / sizeof found[0],
                                        .why = SH_STR("")};
        CHECK(do_it(d) == SH_OK);
        sh_arena_reset(&d->arena);
    }
}
