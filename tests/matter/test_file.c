/* Goal: a paper is served only as it was drawn; what is handed in stays what it was, and who had it is known;
 * what is erased is found without a walk through the tables. */
#include "matter/inner.h"
#include "matter/office.h"

static const struct sh_matter_value proposal[] = {
    V("facts", "多收床位费"), V("evidence", "病历"),   V("clause", "第二十条"), V("source", "B-1"),
    V("measure", "recover"),  V("severity", "normal"), V("amount", "1200.00"),  V("fund", "390")};
static const struct sh_matter_value hand[] = {V("way", "direct"), V("receipt", "R1")};

static void begin(struct doing *d, struct office *o) {
    CHECK(open_about(d, o, "breach-decision", NULL, 0) == SH_OK);
}

static sh_code draw_again(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    const char *paper = ctx;
    SH_TRY(sh_paper_drawn(txn, sh_str_of(paper), SH_STR("%PDF another"), err));
    return sh_txn_leaves(txn) ? SH_OK : sh_fail(err, SH_E_CANCELLED, "nothing to do");
}

struct reading {
    const char *paper;
    char text[64];
};
static sh_code read_pdf(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct reading *r = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str pdf;
    SH_TRY(sh_paper_pdf(txn, sh_str_of(r->paper), &arena, &pdf, err));
    (void)snprintf(r->text, sizeof r->text, "%.*s", SH_ARG(pdf));
    return SH_OK;
}

static sh_code draw_only(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    return draw_papers(txn, ctx, err);
}

static void a_paper_is_served_only_when_it_is_drawn_and_only_the_first_drawing_counts(void **state) {
    (void)state;
    const struct sh_act act = {.actor = SH_STR("system"), .why = SH_STR("drawn")};
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.undrawn = true}, service = {.undrawn = true};
    struct sh_err err;
    begin(&d, &o);
    d.act = (struct sh_matter_act){.step = SH_STR("notify"), .values = proposal, .n_values = 8};
    CHECK(do_it(&d) == SH_OK);
    const struct asked sub = ask_sql(&o, "select id from mt_matter where parent = $1", sh_str_of(d.id));
    (void)snprintf(service.id, sizeof service.id, "%.32s", sub.text);
    become(&service, &o, "p", SH_STR("agency.auditor"));
    service.act = (struct sh_matter_act){.step = SH_STR("hand"), .values = hand, .n_values = 2};
    CHECK(do_it(&service) == SH_E_CANCELLED);
    CHECK(has_failure(&service, SH_FAIL_NEEDS));
    CHECK(sh_store_write(o.store, &act, draw_only, &d, NULL, &err) == SH_OK);
    const struct asked paper = ask_sql(&o, "select id from mt_paper where matter = $1", sh_str_of(d.id));
    char id[SH_ID_TEXT + 1];
    (void)snprintf(id, sizeof id, "%.32s", paper.text);
    CHECK(sh_store_write(o.store, &act, draw_again, id, NULL, &err) == SH_E_CANCELLED);
    struct reading r = {.paper = id};
    CHECK_OK(sh_store_read(o.store, read_pdf, &r, &err), &err);
    CHECK_TEXT(r.text, "%PDF");
    CHECK(do_it(&service) == SH_OK);
    const struct asked served =
        ask_sql(&o, "select count(*) from mt_paper where matter = $1 and served_day > 0", sh_str_of(d.id));
    CHECK_I64(served.ret, 1);
    check_journal(&o);
    sh_arena_free(&d.arena), sh_arena_free(&service.arena);
    office_drop(&o);
}

/* ---- files --------------------------------------------------------------------------------------------- */

struct filing {
    struct office *o;
    struct doing *d;
    struct sh_attachment file;
    const char *words;
    char id[SH_ID_TEXT + 1], text[64];
    struct sh_buf page;
};
static sh_code attach(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct filing *f = ctx;
    const struct sh_desk desk = {f->o->texts, &f->d->who, &f->d->arena, &f->d->failures};
    return sh_matter_attach(txn, &desk, sh_str_of(f->d->id), &f->file, f->id, err);
}
static sh_code take(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct filing *f = ctx;
    struct sh_attachment out;
    const struct sh_desk desk = {f->o->texts, &f->d->who, &f->d->arena, &f->d->failures};
    SH_TRY(sh_matter_take_attachment(txn, &desk, sh_str_of(f->d->id), sh_str_of(f->id), &out, err));
    (void)snprintf(f->text, sizeof f->text, "%.*s", SH_ARG(out.content));
    return SH_OK;
}
static sh_code comment(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct filing *f = ctx;
    const struct sh_desk desk = {f->o->texts, &f->d->who, &f->d->arena, &f->d->failures};
    return sh_matter_comment(txn, &desk, sh_str_of(f->d->id), sh_str_of(f->words), err);
}
static sh_code show(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct filing *f = ctx;
    struct sh_json json;
    const struct sh_desk desk = {f->o->texts, &f->d->who, &f->d->arena, &f->d->failures};
    sh_buf_clear(&f->page);
    sh_json_begin(&json, &f->page);
    SH_TRY(sh_matter_json(txn, &desk, sh_str_of(f->d->id), &json, NULL, err));
    return sh_json_end(&json, err);
}
static sh_code write_as(struct filing *f, const char *role, sh_txn_body body) {
    const struct sh_act act = {.actor = SH_STR("p"), .why = SH_STR("file")};
    static const struct sh_str nowhere[] = {{"55", 2}};
    struct sh_err err;
    become(f->d, f->o, "p", sh_str_of(role));
    if (strncmp(role, "institution.", 12) == 0) /* a party sees by being one, not by its place */
        f->d->who.scope = (struct sh_scope){.places = nowhere, .n_places = 1};
    return sh_store_write(f->o->store, &act, body, f, NULL, &err);
}
static bool page_says(struct filing *f, const char *text) {
    struct sh_err err;
    CHECK_OK(sh_store_read(f->o->store, show, f, &err), &err);
    return strstr(f->page.at, text) != NULL;
}

static void a_file_keeps_its_source_its_bytes_and_its_custody_and_parties_see_their_part(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false};
    begin(&d, &o);
    struct filing f = {
        .o = &o,
        .d = &d,
        .file = {SH_STR("病历.pdf"), SH_STR("application/pdf"), SH_STR(""), SH_STR("bytes"), false}};
    CHECK(write_as(&f, "agency.auditor", attach) == SH_E_CANCELLED); /* from nowhere: proves nothing */
    f.file.source = SH_STR("现场复印");
    f.file.name = SH_STR("../x");
    CHECK(write_as(&f, "agency.auditor", attach) == SH_E_CANCELLED);
    f.file.name = SH_STR("病历.pdf");
    CHECK(write_as(&f, "agency.auditor", attach) == SH_OK);
    CHECK(page_says(&f, "\"what\":\"added\""));
    CHECK(write_as(&f, "agency.head", take) == SH_OK);
    CHECK_TEXT(f.text, "bytes");
    CHECK(page_says(&f, "\"what\":\"opened\""));
    /* the hospital does not see what the office keeps for itself */
    CHECK(write_as(&f, "institution.user", take) == SH_E_NOTFOUND);
    CHECK(!page_says(&f, "现场复印"));
    f.file.source = SH_STR("院方提交");
    CHECK(write_as(&f, "institution.user", attach) == SH_OK);
    CHECK(write_as(&f, "institution.user", take) == SH_OK);
    CHECK(page_says(&f, "院方提交"));
    CHECK(!page_says(&f, "\"what\":")); /* nor who read it */
    const struct asked chain = ask_sql(&o, "select count(*) from mt_custody", (struct sh_str){0});
    CHECK_I64(chain.ret, 4);
    check_journal(&o);
    sh_buf_free(&f.page);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

static void words_of_the_office_stay_in_the_office(void **state) {
    (void)state;
    struct office o = office_new("2026-03-02 10:00:00");
    office_open(&o);
    office_people_the_city(&o);
    struct doing d = {.roll_back = false};
    begin(&d, &o);
    struct filing f = {.o = &o, .d = &d, .words = ""};
    CHECK(write_as(&f, "agency.auditor", comment) == SH_E_CANCELLED);
    f.words = "请复核床位数";
    CHECK(write_as(&f, "agency.auditor", comment) == SH_OK);
    CHECK(page_says(&f, "请复核床位数"));
    CHECK(write_as(&f, "institution.user", comment) == SH_E_NOTFOUND);
    CHECK(!page_says(&f, "请复核床位数"));
    check_journal(&o);
    sh_buf_free(&f.page);
    sh_arena_free(&d.arena);
    office_drop(&o);
}

static sh_code plans_of_wipes(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    size_t *n_steps = ctx, n = 0;
    const char *const *wipes = sh_matter_wipes(&n);
    for (size_t i = 0; i < n; i++) {
        char sql[256];
        struct sh_rows rows;
        (void)snprintf(sql, sizeof sql, "explain query plan %s", wipes[i]);
        SH_TRY(sh_sql_query(txn, sql, &SH_TEXT(SH_STR("R")), 1, &arena, &rows, err));
        for (size_t r = 0; r < rows.n_rows; r++, (*n_steps)++)
            if (!sh_str_starts_with(sh_cell(&rows, r, 3)->str, SH_STR("SEARCH")))
                return sh_fail(err, SH_E_INTERNAL, "%s: %.*s", wipes[i], SH_ARG(sh_cell(&rows, r, 3)->str));
    }
    return SH_OK;
}
/* The writer does it, and whoever writes waits for it. */
static void what_is_erased_is_looked_for_by_an_index(void **state) {
    (void)state;
    struct office o = office_begin("2026-03-02 09:00:00");
    struct sh_err err = {0};
    size_t n = 0;
    office_open(&o);
    CHECK_OK(sh_store_read(o.store, plans_of_wipes, &n, &err), &err);
    CHECK(n >= 12);
    office_drop(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_paper_is_served_only_when_it_is_drawn_and_only_the_first_drawing_counts),
        cmocka_unit_test(a_file_keeps_its_source_its_bytes_and_its_custody_and_parties_see_their_part),
        cmocka_unit_test(words_of_the_office_stay_in_the_office),
        cmocka_unit_test(what_is_erased_is_looked_for_by_an_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
