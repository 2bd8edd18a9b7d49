/* Goal: nothing is edited; what is read is what was in force that day as known then; no read sees past its
 * scope; sealed content opens only with its key; ledgers sum to zero; words are found in Chinese. */
#include "both.h"
#include <pthread.h>

static const struct sh_act act = {.actor = {"u1", 2}, .why = {"first entry", 11}};
static const struct sh_str everywhere[] = {{"", 0}};
static const struct sh_scope all = {.places = everywhere, .n_places = 1, .any_body = true, .any_part = true};
static const struct sh_as_of now = {20000, INT64_MAX};

/* One call in a transaction. */
struct call {
    struct sh_record_change change;
    struct sh_record_ref ref;
    const struct sh_scope *scope;
    struct sh_str id, key;
    struct sh_as_of as_of;
    bool with_sealed;
    struct sh_page_query page;
    struct sh_arena *arena;
    struct sh_record record;
    const struct sh_record *records;
    size_t n;
};
static sh_code do_put(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct call *call = ctx;
    return sh_record_put(txn, &call->change, &call->ref, err);
}
static sh_code do_get(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct call *call = ctx;
    return sh_record_get(txn, call->scope, call->id, call->as_of, call->with_sealed, call->arena,
                         &call->record, err);
}
static sh_code do_find(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct call *call = ctx;
    return sh_record_find(txn, call->scope, SH_STR("institutions"), call->key, call->as_of, call->arena,
                          &call->record, err);
}
static sh_code do_history(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct call *call = ctx;
    return sh_record_history(txn, call->scope, call->id, call->arena, &call->records, &call->n, err);
}
static sh_code do_page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct call *call = ctx;
    return sh_record_page(txn, call->scope, &call->page, call->arena, &call->records, &call->n, err);
}

static struct sh_record_change change_of(const char *key, const char *open) {
    return (struct sh_record_change){.register_name = SH_STR("institutions"),
                                     .key = sh_str_of(key),
                                     .labels = {SH_STR("b1"), SH_STR("620102"), {0}, {0}},
                                     .valid_from = 19000,
                                     .valid_to = SH_DAY_OPEN,
                                     .open = sh_str_of(open),
                                     .search = sh_str_of(open)};
}
static struct sh_record_ref put(struct place *place, struct sh_record_change change) {
    struct sh_err err = {0};
    struct call call = {.change = change};
    CHECK_OK(sh_store_write(place->store, &act, do_put, &call, NULL, &err), &err);
    return call.ref;
}
static sh_code try_put(struct place *place, struct sh_record_change change, struct sh_err *err) {
    struct call call = {.change = change};
    return sh_store_write(place->store, &act, do_put, &call, NULL, err);
}
static sh_code get(struct place *place, const char *id, struct sh_as_of as_of, const struct sh_scope *scope,
                   struct sh_arena *arena, struct sh_record *ret) {
    struct call call = {
        .scope = scope, .id = sh_str_of(id), .as_of = as_of, .arena = arena, .with_sealed = true};
    const sh_code code = sh_store_read(place->store, do_get, &call, NULL);
    *ret = call.record;
    return code;
}

ON_BOTH(a_version_holds_on_its_days_and_earlier_ones_elsewhere) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_record r;
    place->clock = (struct sh_clock){true, 1700000000};
    place_open(place);
    struct sh_record_ref ref = put(place, change_of("H1", "level 2"));
    struct sh_record_change change = change_of("", "level 3");
    change.id = sh_str_of(ref.id);
    change.expected_version = 1;
    change.valid_from = 19500, change.valid_to = 19600;
    place->clock.fixed_utc = 1700001000;
    ref = put(place, change);
    CHECK_I64(ref.version, 2);
    CHECK_OK(get(place, ref.id, (struct sh_as_of){19499, INT64_MAX}, &all, &arena, &r), NULL);
    CHECK_STR(r.open, "level 2");
    CHECK_OK(get(place, ref.id, (struct sh_as_of){19500, INT64_MAX}, &all, &arena, &r), NULL);
    CHECK_STR(r.open, "level 3");
    CHECK_I64(r.newest_version, 2);
    CHECK_OK(get(place, ref.id, (struct sh_as_of){19600, INT64_MAX}, &all, &arena, &r), NULL);
    CHECK_STR(r.open, "level 2"); /* the end is exclusive */
    CHECK_OK(get(place, ref.id, (struct sh_as_of){19500, 1700000999}, &all, &arena, &r), NULL);
    CHECK_STR(r.open, "level 2"); /* not known yet */
    CHECK_CODE(get(place, ref.id, (struct sh_as_of){19500, 1699999999}, &all, &arena, &r), SH_E_NOTFOUND);
    CHECK_CODE(get(place, ref.id, (struct sh_as_of){18999, INT64_MAX}, &all, &arena, &r), SH_E_NOTFOUND);
    change.expected_version = 2; /* withdrawn for some days: there is nothing then */
    change.is_withdrawn = true;
    change.valid_from = 19550;
    ref = put(place, change);
    CHECK_CODE(get(place, ref.id, (struct sh_as_of){19550, INT64_MAX}, &all, &arena, &r), SH_E_NOTFOUND);
    CHECK_OK(get(place, ref.id, (struct sh_as_of){19549, INT64_MAX}, &all, &arena, &r), NULL);
    CHECK_STR(r.open, "level 3");
    struct sh_err err = {0};
    struct call call = {.scope = &all, .id = sh_str_of(ref.id), .arena = &arena};
    CHECK_OK(sh_store_read(place->store, do_history, &call, &err), &err);
    CHECK_I64(call.n, 3);
    CHECK_STR(call.records[0].open, "level 2");
    CHECK_STR(call.records[0].why, "first entry");
    CHECK_STR(call.records[2].actor, "u1");
}

ON_BOTH(a_change_made_on_an_old_version_or_a_taken_key_is_refused) {
    struct sh_err err = {0};
    place_open(place);
    const struct sh_record_ref ref = put(place, change_of("H1", "a"));
    CHECK_CODE(try_put(place, change_of("H1", "b"), &err), SH_E_CONFLICT);
    struct sh_record_change change = change_of("", "b");
    change.id = sh_str_of(ref.id);
    change.expected_version = 1;
    CHECK_OK(try_put(place, change, &err), &err);
    CHECK_CODE(try_put(place, change, &err), SH_E_CONFLICT);
    CHECK_HAS(err.message, "version 2");
    change.expected_version = 2;
    change.key = SH_STR("H2");
    CHECK_CODE(try_put(place, change, &err), SH_E_INPUT);
    change.id = SH_STR("00000000000000000000000000000000");
    CHECK_CODE(try_put(place, change, &err), SH_E_NOTFOUND);
    change = change_of("H3", "x");
    change.valid_to = change.valid_from;
    CHECK_CODE(try_put(place, change, &err), SH_E_INPUT);
    change = change_of("H3", "x\xff");
    CHECK_CODE(try_put(place, change, &err), SH_E_INPUT);
    change = change_of("H3", "x");
    change.labels.body = SH_STR("b'; drop table st_leaf; --");
    CHECK_CODE(try_put(place, change, &err), SH_E_INPUT);
}

ON_BOTH(no_read_sees_past_its_scope) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_record r;
    struct sh_err err = {0};
    place_open(place);
    struct sh_record_change change = change_of("H1", "own");
    const struct sh_record_ref own = put(place, change);
    change = change_of("H2", "identity");
    change.labels.part = SH_STR("identity");
    change.labels.matter = SH_STR("m1");
    const struct sh_record_ref part = put(place, change);
    change = change_of("H3", "public");
    change.labels = (struct sh_labels){0};
    const struct sh_record_ref public = put(place, change);
    const struct sh_str b1 = SH_STR("b1"), b2 = SH_STR("b2"), near = SH_STR("6201"), far = SH_STR("6202"),
                        no_body = {0}, identity = SH_STR("identity");
    const struct sh_share share = {SH_STR("m1"), SH_STR("identity")},
                          other = {SH_STR("m2"), SH_STR("identity")};
    const struct {
        struct sh_scope scope;
        bool own, part, public;
    } cases[] = {
        {{0}, false, false, false},
        {{.any_body = true}, false, false, false},
        {{.places = &near, .n_places = 1, .any_body = true}, true, false, false},
        {{.places = &near, .n_places = 1, .bodies = &b1, .n_bodies = 1}, true, false, false},
        {{.places = &far, .n_places = 1, .bodies = &b1, .n_bodies = 1}, false, false, false},
        {{.places = &near, .n_places = 1, .bodies = &b2, .n_bodies = 1}, false, false, false},
        {{.places = everywhere, .n_places = 1, .bodies = &no_body, .n_bodies = 1}, false, false, true},
        {{.places = &near, .n_places = 1, .bodies = &b1, .n_bodies = 1, .parts = &identity, .n_parts = 1},
         true,
         true,
         false},
        {{.shares = &share, .n_shares = 1}, false, true, false},
        {{.shares = &other, .n_shares = 1}, false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_I64(get(place, own.id, now, &cases[i].scope, &arena, &r), cases[i].own ? SH_OK : SH_E_NOTFOUND);
        CHECK_I64(get(place, part.id, now, &cases[i].scope, &arena, &r),
                  cases[i].part ? SH_OK : SH_E_NOTFOUND);
        CHECK_I64(get(place, public.id, now, &cases[i].scope, &arena, &r),
                  cases[i].public ? SH_OK : SH_E_NOTFOUND);
        struct call call = {.scope = &cases[i].scope,
                            .arena = &arena,
                            .id = sh_str_of(part.id),
                            .page = {.register_name = SH_STR("institutions"), .as_of = now, .limit = 10}};
        CHECK_OK(sh_store_read(place->store, do_page, &call, &err), &err);
        CHECK_I64(call.n, cases[i].own + cases[i].part + cases[i].public);
        CHECK_CODE(sh_store_read(place->store, do_history, &call, NULL),
                   cases[i].part ? SH_OK : SH_E_NOTFOUND);
        call.key = SH_STR("H2");
        call.as_of = now;
        CHECK_CODE(sh_store_read(place->store, do_find, &call, NULL), cases[i].part ? SH_OK : SH_E_NOTFOUND);
    }
    /* What moved to another body is gone for the first, its old version too. */
    change = change_of("", "moved");
    change.id = sh_str_of(own.id);
    change.expected_version = 1;
    change.labels.body = b2;
    (void)put(place, change);
    CHECK_CODE(get(place, own.id, now, &cases[3].scope, &arena, &r), SH_E_NOTFOUND);
    CHECK_CODE(get(place, "zz", now, &all, &arena, &r), SH_E_NOTFOUND);
}

ON_BOTH(sealed_content_opens_and_is_nowhere_in_the_rows) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_record r;
    place_open(place);
    struct sh_record_change change = change_of("R1", "");
    change.sealed = SH_STR("报告人 张三 13900000000");
    const struct sh_record_ref ref = put(place, change);
    CHECK_OK(get(place, ref.id, now, &all, &arena, &r), NULL);
    CHECK_STR(r.sealed, "报告人 张三 13900000000");
    CHECK(r.has_sealed);
    place_close(place);
    char command[256];
    (void)snprintf(command, sizeof command, "! grep -rqa -e 13900000000 -e 张三 %s", place->dir);
    check_run(command);
    place_open(place);
    CHECK_OK(get(place, ref.id, now, &all, &arena, &r), NULL);
    CHECK_STR(r.sealed, "报告人 张三 13900000000");
}

ON_BOTH(pages_go_on_by_key_and_words_are_found) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    place_open(place);
    const char *const names[] = {"兰州市第一人民医院", "兰州大学第二医院", "城关区第一医院",  "西固区中医院",
                                 "ABC Clinic",         "兰州市中医院",     "七里河区人民医院"};
    for (size_t i = 0; i < 7; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "K%zu", i);
        (void)put(place, change_of(key, names[i]));
    }
    struct call call = {.scope = &all,
                        .arena = &arena,
                        .page = {.register_name = SH_STR("institutions"), .as_of = now, .limit = 3}};
    size_t seen = 0;
    do {
        CHECK_OK(sh_store_read(place->store, do_page, &call, &err), &err);
        for (size_t i = 0; i < call.n; i++, seen++)
            CHECK_STR(call.records[i].open, names[seen]);
        if (call.n > 0)
            call.page.after_key = call.records[call.n - 1].key;
    } while (call.n == 3);
    CHECK_I64(seen, 7);
    const struct {
        const char *words;
        size_t n;
        const char *first;
    } cases[] = {{"兰州", 3, "K0"},      {"中医院", 2, "K3"}, {"第一 医院", 2, "K0"},
                 {"兰州 中医", 1, "K5"}, {"abc", 1, "K4"},    {"clinic ABC", 1, "K4"},
                 {"医", 6, "K0"},        {"州兰", 0, ""},     {"人民医院 七", 1, "K6"},
                 {"ＡＢＣ", 1, "K4"},    {"第医", 0, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        call.page = (struct sh_page_query){.register_name = SH_STR("institutions"),
                                           .as_of = now,
                                           .limit = 10,
                                           .search = sh_str_of(cases[i].words)};
        CHECK_OK(sh_store_read(place->store, do_page, &call, &err), &err);
        CHECK_I64(call.n, cases[i].n);
        if (call.n > 0)
            CHECK_STR(call.records[0].key, cases[i].first);
    }
}

struct money {
    struct sh_posting posting;
    char id[SH_ID_TEXT + 1];
    int64_t fen;
    const struct sh_scope *scope;
};
static sh_code do_post(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct money *money = ctx;
    return sh_ledger_post(txn, &money->posting, money->id, err);
}
static sh_code do_balance(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct money *money = ctx;
    const struct sh_entry account = {SH_STR("fund-due"), SH_STR("resident"), 0};
    return sh_ledger_balance(txn, money->scope, SH_STR("money"), &account, 20000, &money->fen, err);
}
ON_BOTH(a_posting_sums_to_zero_in_each_fund) {
    struct sh_err err = {0};
    place_open(place);
    struct sh_entry entries[] = {{SH_STR("fund-due"), SH_STR("resident"), 5000},
                                 {SH_STR("hospital-h1"), SH_STR("resident"), -5000}};
    struct money money = {.posting = {.ledger = SH_STR("money"),
                                      .day = 20000,
                                      .labels = {SH_STR("b1"), SH_STR("620102"), {0}, {0}},
                                      .about = SH_STR("d1"),
                                      .entries = entries,
                                      .n_entries = 2},
                          .scope = &all};
    CHECK_OK(sh_store_write(place->store, &act, do_post, &money, NULL, &err), &err);
    entries[1].fund = SH_STR("employee");
    CHECK_CODE(sh_store_write(place->store, &act, do_post, &money, NULL, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "resident");
    entries[1].fund = SH_STR("resident");
    entries[1].fen = -4999;
    CHECK_CODE(sh_store_write(place->store, &act, do_post, &money, NULL, &err), SH_E_INPUT);
    entries[0].fen = -1000, entries[1].fen = 1000; /* takes a part back, names what it corrects */
    money.posting.corrects = sh_str_of(money.id);
    char first[SH_ID_TEXT + 1];
    memcpy(first, money.id, sizeof first);
    money.posting.corrects = sh_str_of(first);
    CHECK_OK(sh_store_write(place->store, &act, do_post, &money, NULL, &err), &err);
    money.posting.corrects = SH_STR("00000000000000000000000000000000");
    CHECK_CODE(sh_store_write(place->store, &act, do_post, &money, NULL, &err), SH_E_NOTFOUND);
    CHECK_OK(sh_store_read(place->store, do_balance, &money, &err), &err);
    CHECK_I64(money.fen, 4000);
    const struct sh_scope none = {0};
    money.scope = &none;
    CHECK_OK(sh_store_read(place->store, do_balance, &money, &err), &err);
    CHECK_I64(money.fen, 0);
}

struct file {
    struct sh_str record, content, back;
    const struct sh_scope *scope;
    struct sh_arena *arena;
    uint8_t hash[SH_DIGEST_BYTES];
};
static sh_code do_blob_put(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct file *file = ctx;
    return sh_blob_put(txn, file->record, file->content, file->hash, err);
}
static sh_code do_blob_get(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct file *file = ctx;
    return sh_blob_get(txn, file->scope, file->hash, file->arena, &file->back, err);
}
ON_BOTH(a_file_is_sealed_comes_back_and_a_changed_byte_is_named) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    place_open(place);
    const struct sh_record_ref ref = put(place, change_of("H1", "a"));
    struct file file = {.record = sh_str_of(ref.id),
                        .content = SH_STR("photo of a prescription"),
                        .scope = &all,
                        .arena = &arena};
    CHECK_OK(sh_store_write(place->store, &act, do_blob_put, &file, NULL, &err), &err);
    CHECK_OK(sh_store_read(place->store, do_blob_get, &file, &err), &err);
    CHECK_STR(file.back, "photo of a prescription");
    char hex[SH_DIGEST_HEX_MAX], command[512];
    sh_hex(file.hash, sizeof file.hash, hex);
    (void)snprintf(command, sizeof command, "! grep -rqa prescription %s", place->data);
    check_run(command);
    (void)snprintf(command, sizeof command, "%s/blobs/%.2s/%s", place->data, hex, hex);
    check_flip(command, 20);
    CHECK_CODE(sh_store_read(place->store, do_blob_get, &file, &err), SH_E_CORRUPT);
    CHECK_HAS(err.message, hex);
    const struct sh_scope none = {0};
    file.scope = &none;
    CHECK_CODE(sh_store_read(place->store, do_blob_get, &file, &err), SH_E_NOTFOUND);
    file.record = SH_STR("00000000000000000000000000000000");
    CHECK_CODE(sh_store_write(place->store, &act, do_blob_put, &file, NULL, &err), SH_E_NOTFOUND);
}

/* Bodies that refuse after they have put a file, beside others that do not: those run again, and of each file
 * that is on record there is one, and no other. */
struct filer {
    struct place *place;
    struct sh_str record;
    bool is_refused;
};
static sh_code put_and_refuse(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const struct filer *filer = ctx;
    struct file file = {.record = filer->record, .content = SH_STR("scan")};
    SH_TRY(do_blob_put(txn, &file, err));
    return filer->is_refused ? sh_fail(err, SH_E_INPUT, "as asked") : SH_OK;
}
static void *filer_main(void *ctx) {
    struct filer *filer = ctx;
    for (int i = 0; i < 12; i++) {
        filer->is_refused = i % 3 == 0;
        CHECK_CODE(sh_store_write(filer->place->store, &act, put_and_refuse, filer, NULL, NULL),
                   filer->is_refused ? SH_E_INPUT : SH_OK);
    }
    return NULL;
}
ON_BOTH(the_file_of_a_body_that_refuses_goes_with_it) {
    pthread_t threads[8];
    struct filer filers[8];
    char command[256];
    place_open(place);
    const struct sh_record_ref ref = put(place, change_of("H1", "a"));
    for (int i = 0; i < 8; i++) {
        filers[i] = (struct filer){place, sh_str_of(ref.id), false};
        CHECK(pthread_create(&threads[i], NULL, filer_main, &filers[i]) == 0);
    }
    for (int i = 0; i < 8; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    (void)snprintf(command, sizeof command, "test \"$(find %s/blobs -type f | wc -l)\" -eq 64", place->data);
    check_run(command);
    struct sh_err err = {0};
    struct sh_verify_report report;
    CHECK_OK(sh_store_verify(place->store, false, NULL, NULL, &report, &err), &err);
    CHECK_I64(report.faults, 0);
    CHECK_I64(report.blobs, 64);
}

/* ---- many rows: every page is bounded, and pages together give what a look at each row gives */

enum { MANY = 1200 };
struct many {
    char key[16], body[8], place[16], color[8], size[8], words[64];
};
static struct many many_of(int i) {
    struct many m;
    (void)snprintf(m.key, sizeof m.key, "k%05d", i * 7919 % 100003);
    (void)snprintf(m.body, sizeof m.body, "b%d", i % 300);
    (void)snprintf(m.place, sizeof m.place, "62%02d%02d", i % 15, i % 7);
    (void)snprintf(m.color, sizeof m.color, "c%d", i % 3);
    (void)snprintf(m.size, sizeof m.size, "s%d", i % 151);
    (void)snprintf(m.words, sizeof m.words, "第%d医院 %s", i % 97, i % 2 ? "东城" : "西城");
    return m;
}
static sh_code put_many(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    for (int i = 0; i < MANY; i++) {
        const struct many m = many_of(i);
        SH_CLEANUP(sh_buf_free) struct sh_buf search = {0};
        struct sh_record_ref ref;
        (void)sh_buf_add_text(&search, m.words);
        sh_search_add_term(&search, SH_STR("color"), sh_str_of(m.color));
        sh_search_add_term(&search, SH_STR("size"), sh_str_of(m.size));
        const struct sh_record_change change = {
            .register_name = SH_STR("many"),
            .key = sh_str_of(m.key),
            .labels = {sh_str_of(m.body), sh_str_of(m.place), i % 50 ? SH_STR("") : SH_STR("m1"), {0}},
            .valid_from = 0,
            .valid_to = i % 11 ? SH_DAY_OPEN : 100, /* over: never on a page of today */
            .open = sh_str_of(m.words),
            .search = sh_buf_view(&search)};
        SH_TRY(sh_record_put(txn, &change, &ref, err));
    }
    return SH_OK;
}
struct look {
    struct sh_scope scope;
    struct sh_page_query query;
    struct sh_arena *arena;
    struct sh_record_batch batch;
};
static sh_code do_scan(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct look *look = ctx;
    return sh_record_scan(txn, &look->scope, &look->query, look->arena, &look->batch, err);
}
static bool is_of_many(const struct look *look, int i) {
    const struct many m = many_of(i);
    bool is = i % 11 != 0, in_place = false, in_body = look->scope.any_body;
    for (size_t k = 0; k < look->scope.n_places; k++)
        in_place = in_place || sh_str_starts_with(sh_str_of(m.place), look->scope.places[k]);
    for (size_t k = 0; k < look->scope.n_bodies; k++)
        in_body = in_body || sh_str_is(look->scope.bodies[k], m.body);
    for (size_t k = 0; k < look->query.n_terms; k++)
        is = is && sh_str_is(look->query.terms[k].value,
                             sh_str_is(look->query.terms[k].name, "color") ? m.color : m.size);
    if (look->query.search.len)
        is = is && strstr(m.words, look->query.search.at);
    if (look->query.matter.len)
        is = is && i % 50 == 0;
    return is && in_place && in_body;
}
static void check_look(struct place *place, struct look *look, size_t limit) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_err err = {0};
    size_t want = 0, n = 0;
    char last[16] = "";
    for (int i = 0; i < MANY; i++)
        want += is_of_many(look, i);
    look->arena = &arena;
    look->query.register_name = SH_STR("many");
    look->query.as_of = now;
    look->query.limit = limit;
    look->query.after_key = SH_STR("");
    do {
        CHECK_OK(sh_store_read(place->store, do_scan, look, &err), &err);
        CHECK(look->batch.n <= limit);
        for (size_t i = 0; i < look->batch.n; i++) {
            CHECK(sh_str_cmp(look->batch.records[i].key, sh_str_of(last)) > 0); /* in order, none twice */
            (void)snprintf(last, sizeof last, "%.*s", SH_ARG(look->batch.records[i].key));
        }
        n += look->batch.n;
        CHECK(look->batch.next.len == 0 || sh_str_cmp(look->batch.next, look->query.after_key) > 0);
        look->query.after_key = look->batch.next;
    } while (look->batch.next.len);
    CHECK_I64((int64_t)n, (int64_t)want);
}

ON_BOTH(pages_through_terms_places_bodies_and_words_give_what_is_there) {
    place_open(place);
    struct sh_err err = {0};
    struct sh_commit commit;
    CHECK_OK(sh_store_write(place->store, &act, put_many, NULL, &commit, &err), &err);
    const struct sh_str one[] = {SH_STR("6203")}, two[] = {SH_STR("620301"), SH_STR("6209")},
                        odd[] = {SH_STR("620")}, bodies[] = {SH_STR("b17"), SH_STR("b240"), SH_STR("")};
    const struct sh_scope scopes[] = {
        {.places = everywhere, .n_places = 1, .any_body = true},
        {.places = one, .n_places = 1, .any_body = true},
        {.places = two, .n_places = 2, .any_body = true},
        {.places = odd, .n_places = 1, .any_body = true},
        {.places = everywhere, .n_places = 1, .bodies = bodies, .n_bodies = 3},
        {.places = one, .n_places = 1, .bodies = bodies, .n_bodies = 1},
        {.places = one, .n_places = 0, .any_body = true},
    };
    const struct sh_term common = {SH_STR("color"), SH_STR("c1")}, rare = {SH_STR("size"), SH_STR("s7")},
                         none = {SH_STR("size"), SH_STR("s999")};
    const struct sh_term terms[][2] = {{common, rare}, {rare, common}, {none, common}};
    static const char *const words[] = {"", "第7医院", "东城", "9", "北城"};
    for (size_t s = 0; s < sizeof scopes / sizeof scopes[0]; s++)
        for (size_t t = 0; t < 3; t++)
            for (size_t n = t > 0; n <= 2; n++)
                for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
                    for (int matter = 0; matter < 2; matter++) {
                        if ((s + t + n + w + (size_t)matter) % 4) /* a quarter of them, in seconds */
                            continue;
                        struct look look = {.scope = scopes[s]};
                        look.query = (struct sh_page_query){.terms = terms[t],
                                                            .n_terms = n,
                                                            .search = sh_str_of(words[w]),
                                                            .matter = matter ? SH_STR("m1") : SH_STR("")};
                        check_look(place, &look, n == 0 && w == 0 ? 1000 : 61);
                    }
    struct sh_verify_report report;
    CHECK_OK(sh_store_verify(place->store, true, NULL, NULL, &report, &err), &err);
    CHECK_I64((int64_t)report.faults, 0);
}

struct mentioning {
    struct sh_mention mentions[SH_MENTIONS_MAX];
    size_t n;
    bool is;
};
static sh_code do_mention(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct mentioning *m = ctx;
    return sh_record_mentions(txn, m->mentions, m->n, &m->is, err);
}
ON_BOTH(a_term_is_mentioned_in_its_register_under_its_name_and_nowhere_else) {
    place_open(place);
    struct sh_err err = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf search = {0};
    sh_search_add_term(&search, SH_STR("person"), SH_STR("p1"));
    struct sh_record_change change = change_of("K1", "{}");
    change.search = sh_buf_view(&search);
    (void)put(place, change);
    const struct {
        const char *reg, *name, *value;
        bool is;
    } cases[] = {{"institutions", "person", "p1", true},
                 {"institutions", "person", "p2", false},
                 {"institutions", "other", "p1", false},
                 {"ties", "person", "p1", false},
                 {"institutions", "person", "", false}};
    struct mentioning both = {.n = 0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_mention mention = {cases[i].reg,
                                           {sh_str_of(cases[i].name), sh_str_of(cases[i].value)}};
        struct mentioning one = {.mentions = {mention}, .n = 1};
        CHECK_OK(sh_store_read(place->store, do_mention, &one, &err), &err);
        CHECK(one.is == cases[i].is);
        both.mentions[both.n++] = mention;
    }
    CHECK_OK(sh_store_read(place->store, do_mention, &both, &err), &err);
    CHECK(both.is);
    both.n = 0;
    CHECK_OK(sh_store_read(place->store, do_mention, &both, &err), &err);
    CHECK(!both.is);
}

CHECK_MAIN(BOTH(a_term_is_mentioned_in_its_register_under_its_name_and_nowhere_else),
           BOTH(pages_through_terms_places_bodies_and_words_give_what_is_there),
           BOTH(a_version_holds_on_its_days_and_earlier_ones_elsewhere),
           BOTH(a_change_made_on_an_old_version_or_a_taken_key_is_refused), BOTH(no_read_sees_past_its_scope),
           BOTH(sealed_content_opens_and_is_nowhere_in_the_rows),
           BOTH(pages_go_on_by_key_and_words_are_found), BOTH(a_posting_sums_to_zero_in_each_fund),
           BOTH(a_file_is_sealed_comes_back_and_a_changed_byte_is_named),
           BOTH(the_file_of_a_body_that_refuses_goes_with_it))
