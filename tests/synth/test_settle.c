/* Goal: a settlement adds up to the fen, whoever pays. */
#include "check.h"
#include "base/date.h"
#include "synth/write.h"

struct fixture {
    struct sh_arena arena;
    struct syn_book book;
    struct syn_city city;
    struct syn_life life;
};

static void begin(struct fixture *f) {
    char path[512];
    struct sh_err err;
    *f = (struct fixture){0};
    CHECK_OK(sh_syn_book_load(check_source_path("synth", path, sizeof path), &f->arena, &f->book, &err),
             &err);
    const struct sh_synth_options options = {.persons = 10, .months = 2, .seed = 1};
    CHECK_OK(sh_syn_city_make(&f->book, &options, &f->arena, &f->city, &err), &err);
    CHECK_I64(sh_syn_life_begin(&f->life, &f->city, 3), SH_OK);
    f->life.person = (struct syn_person){
        .index = 3, .sex = 2, .birth = sh_days_of(1970, 5, 5), .insurance = 390, .kind = "15"};
}

static void end(struct fixture *f) {
    sh_syn_life_free(&f->life);
    sh_arena_free(&f->arena);
}

static uint32_t visit(struct fixture *f, enum syn_class class_, int med_type, const char *item,
                      int64_t units) {
    const uint32_t enc = sh_syn_enc(&f->life, sh_syn_place(&f->life, class_, 0, true), med_type,
                                    f->city.first_day, f->city.first_day);
    (void)sh_syn_line(&f->life, enc, sh_syn_item(&f->book, sh_str_of(item)), f->city.first_day, 36000,
                      units * SYN_QTY);
    return enc;
}

static void parts_add_up(const struct syn_money *m) {
    CHECK_I64(m->own + m->prepaid + m->covered, m->total);
    CHECK_I64(m->pooled + m->serious + m->large + m->aid + m->other, m->fund);
    CHECK_I64(m->fund + m->person, m->total);
    CHECK_I64(m->account + m->cash, m->person);
}

static void an_outpatient_of_the_residents_pays_half_in_level_two(void **state) {
    (void)state;
    struct fixture f;
    struct syn_money m;
    begin(&f);
    sh_syn_settle(&f.life, visit(&f, SYN_SECONDARY, 11, "ct_head", 1), &m); /* 198.00, a tenth prepaid */
    parts_add_up(&m);
    CHECK_I64(m.total, 19800);
    CHECK_I64(m.prepaid, 1980);
    CHECK_I64(m.covered, 17820);
    CHECK_I64(m.pooled, 8910);
    CHECK_I64(m.cash, 10890);
    end(&f);
}

static void a_stay_has_a_deductible_and_the_serious_illness_fund(void **state) {
    (void)state;
    struct fixture f;
    struct syn_money m;
    begin(&f);
    sh_syn_settle(&f.life, visit(&f, SYN_TERTIARY, 21, "general_anes", 100), &m); /* 62 000.00, all covered */
    parts_add_up(&m);
    CHECK_I64(m.deductible, 80000);
    CHECK_I64(m.pooled, (6200000 - 80000) * 60 / 100);
    CHECK_I64(m.serious, (6200000 - m.pooled - 1000000) * 60 / 100);
    end(&f);
}

static void the_account_pays_without_the_pool(void **state) {
    (void)state;
    struct fixture f;
    struct syn_money m;
    begin(&f);
    const uint32_t enc = visit(&f, SYN_SHOP, 41, "amlodipine", 28);
    f.life.encs[enc].flags |= SYN_E_ACCOUNT, f.life.encs[enc].insurance = 310;
    sh_syn_settle(&f.life, enc, &m);
    parts_add_up(&m);
    CHECK_I64(m.total, 1456);
    CHECK_I64(m.fund, 0);
    CHECK_I64(m.account, 1456);
    end(&f);
}

static void a_refund_nets_the_settlement(void **state) {
    (void)state;
    struct fixture f;
    struct syn_money m;
    begin(&f);
    const uint32_t enc = visit(&f, SYN_PRIMARY, 11, "amlodipine", 28);
    (void)sh_syn_refund(&f.life, 0, 14 * SYN_QTY, f.city.first_day + 20, true);
    sh_syn_settle(&f.life, enc, &m);
    parts_add_up(&m);
    CHECK_I64(m.total, 728);
    CHECK_I64(sh_syn_net(&f.life, 0), 728);
    CHECK_I64(sh_syn_net_quantity(&f.life, 0), 14 * SYN_QTY);
    end(&f);
}

CHECK_MAIN(cmocka_unit_test(an_outpatient_of_the_residents_pays_half_in_level_two),
           cmocka_unit_test(a_stay_has_a_deductible_and_the_serious_illness_fund),
           cmocka_unit_test(the_account_pays_without_the_pool),
           cmocka_unit_test(a_refund_nets_the_settlement))
