/* Goal: what the truth says of each plant is what an inspector would count by hand. */
#include "check.h"
#include "base/date.h"
#include "synth/plant.h"

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
    const struct sh_synth_options options = {.persons = 5000, .months = 10, .seed = 1, .plant_ppm = 10000};
    CHECK_OK(sh_syn_city_make(&f->book, &options, &f->arena, &f->city, &err), &err);
    CHECK_OK(sh_syn_rotation(&f->city, &f->arena, &err), &err);
}

static void end(struct fixture *f) {
    sh_syn_life_free(&f->life);
    sh_arena_free(&f->arena);
}

static const struct syn_variant *variant_of(const struct fixture *f, const char *rule, const char *note) {
    for (size_t i = 0; i < f->city.n_rotation; i++) {
        const struct syn_variant *v = f->city.rotation[i];
        if (sh_str_is(sh_str_of(v->rule), rule) &&
            sh_str_find(sh_str_of(v->note), sh_str_of(note)) != SH_STR_NONE)
            return v;
    }
    print_error("no variant '%s' of %s\n", note, rule);
    assert_true(false);
    return NULL;
}

static const struct syn_point *point_of(const struct fixture *f, const char *rule, const char *name) {
    for (size_t i = 0; i < f->book.n_points; i++)
        if (sh_str_is(f->book.points[i].rule, rule) && sh_str_is(f->book.points[i].name, name))
            return &f->book.points[i];
    print_error("no point %s of %s\n", name, rule);
    assert_true(false);
    return NULL;
}

/* Plant one variant at one point on 2026-06-10 on a person otherwise empty; its truth rows stay in f->life.
 */
static void plant(struct fixture *f, const char *rule, const char *point, const char *note) {
    const struct syn_plant p = {.variant = variant_of(f, rule, note),
                                .point = point_of(f, rule, point),
                                .day = sh_days_of(2026, 6, 10)};
    CHECK_I64(sh_syn_life_begin(&f->life, &f->city, 7), SH_OK);
    f->life.person = (struct syn_person){
        .index = 7, .sex = 1, .birth = sh_days_of(1980, 1, 1), .insurance = 310, .kind = "11"};
    sh_syn_host(&f->life, &p);
    p.variant->plant(&f->life, &p, p.variant->how);
    CHECK_I64(f->life.failed, SH_OK);
}

struct wanted {
    const char *rule, *point, *note;
    size_t n_truths, n_lines; /* rows of truth; lines of the first */
    int64_t fen;              /* of the first */
};

static void amounts_are_what_a_hand_counts(void **state) {
    (void)state;
    static const struct wanted all[] = {
        /* 2 × 68.50 = 137.00, a tenth the patient's */
        {"drug-work-injury", "rabies", "paid by ordinary", 1, 1, 12330},
        /* 205.50 − 20.55 − (68.50 − 6.85) */
        {"drug-work-injury", "rabies", "one of three refunded", 1, 1, 12330},
        {"drug-work-injury", "rabies", "wholly self-paid", 1, 1, 0},
        /* 70 g at 1.85, all of it covered; 30 g handed back */
        {"herb-unpaid", "ejiao", "covered in a", 1, 1, 12950},
        {"herb-unpaid", "ejiao", "part of it", 1, 1, 7400},
        /* 70 × 0.145 + 70 × 0.88 */
        {"herb-single", "single", "two listed herbs", 1, 2, 1015 + 6160},
        /* three of 400.00 where two may be: a third of 1 200.00; four: half of 1 600.00 */
        {"material-max", "lens", "one beyond", 1, 1, 40000},
        {"material-max", "lens", "two beyond", 1, 1, 80000},
        /* six hours at 1 000.00 against 5 000.00 a year */
        {"service-total", "ecmo", "beyond the sum", 1, 1, 100000},
        /* 70 × 0.085 is cheaper than 70 × 0.12 */
        {"herb-incompatible", "liquorice", "in one prescription", 1, 1, 595},
        /* 7 × 0.12 is cheaper than 7 × 0.34 */
        {"duplicate-drug", "acei", "two of a class", 1, 1, 84},
        /* 110.00, a tenth the patient's */
        {"service-label", "hbo", "no listed diagnosis", 1, 1, 9900},
        {"diagnosis-sex", "prostate", "the other sex", 1, 0, 0},
        /* 11th day: 8.65 − 0.87 */
        {"drug-course", "aescinate", "one day beyond", 1, 1, 778},
        {"drug-course", "aescinate", "two days beyond", 1, 4, 4 * 778},
        /* taken home 3 × 8.65 = 25.95 − 2.60 */
        {"drug-course", "aescinate", "taken home", 1, 1, 2335},
        /* 2160.00 covered, half of it too much */
        {"surgery-discount", "stomach", "second operation at full", 1, 1, 108000},
        /* 1 440.00 where 1 200.00 may be: a sixth of 1 296.00 */
        {"surgery-discount", "stomach", "at six tenths", 1, 1, 21600},
        {"surgery-discount", "stomach", "second and third", 1, 2, 108000 + 67500},
        {"service-course", "wheelchair", "two days beyond", 1, 2, 2 * 2385},
        {"service-pair", "day", "one contains two", 2, 1, 1800},
        /* 2 × 38.00 × 1/2 */
        {"service-frequency", "bed", "two lines", 1, 2, 3800},
        {"service-frequency", "bed", "quantity 2", 1, 1, 3800},
        {"service-frequency", "bed", "three lines", 1, 2, 3800},
        /* 26 × 5.60 × 2/26; 24.5 × 5.60 × 0.5/24.5 */
        {"service-frequency", "ecg_monitor", "26 units", 1, 2, 1120},
        {"service-frequency", "ecg_monitor", "half a unit", 1, 1, 280},
        /* (116.00 − 11.60) / 2 */
        {"service-period", "hba1c", "quantity 2", 1, 1, 5220},
        {"service-period", "hba1c", "two in a row", 1, 2, 2 * 5220},
        {"service-period", "hba1c", "second refused", 1, 1, 5220},
        /* 30.00 for 20.00 */
        {"line-arithmetic", "tolerance", "by 10 yuan", 1, 1, 1000},
        {"line-arithmetic", "tolerance", "too low by 5", 1, 1, 0},
        {"line-arithmetic", "tolerance", "one fen beyond", 1, 1, 6},
        {"duplicate-line", "plain", "two equal lines", 1, 1, 2000},
        {"duplicate-line", "plain", "three equal", 1, 2, 4000},
        {"charge-outside-stay", "plain", "one of three", 1, 1, 5000},
        /* 84 × 1.35, a tenth the patient's: 102.06; 420 days where 400 may be: 20 of 84 */
        {"drug-hoarding", "alfacalcidol", "twenty days", 1, 1, 2430},
        {"drug-hoarding", "alfacalcidol", "as much as", 1, 1, 0},
        /* 4 × 50 × 0.31 = 62.00; 108 days of 200 too many */
        {"drug-resale", "entecavir", "four institutions", 1, 4, 3348},
        /* 28 × 0.07 = 1.96; 8 000 mg where 4 000 may be */
        {"label-dose", "paracetamol", "twice what", 1, 1, 98},
        /* 91 × 1.35 less a tenth: 110.56 (12.29 of 122.85 the patient's); one day of 91 */
        {"pharmacy-days", "plain", "one day beyond", 1, 1, 31},
        {"frequent-visits", "plain", "one visit beyond", 1, 1, 0},
        {"herb-kinds", "plain", "one herb more", 1, 21, 0},
        /* 7 × 0.46 = 3.22 less a tenth; the fee is the patient's own */
        {"chronic-entitlement", "dialysis", "the day after", 1, 1, 290},
        /* 42 of 30 days of 12 000.01 */
        {"allowance-enrolment", "plain", "a fen beyond", 1, 0, 1680001},
        {"allowance-twice", "plain", "the last day", 1, 0, 840000},
        {"care-in-stay", "plain", "during a stay", 1, 0, 3000},
        {"care-overlap", "plain", "one second", 1, 0, 3000},
        /* an hour at 30.00 against an hour and a half at 45.00 */
        {"care-overlap", "plain", "one second behind midnight", 1, 0, 3000},
        /* a stay of three days: bed, consultation, nursing, saline, infusion */
        {"case-split", "plain", "the last day that counts", 1, 15, 0},
        {"invoice-twice", "plain", "two persons", 1, 0, 0},
    };
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const struct wanted *w = &all[i];
        print_message("# %s %s: %s\n", w->rule, w->point, w->note);
        plant(&f, w->rule, w->point, w->note);
        CHECK_I64(f.life.n_truths, w->n_truths);
        CHECK_I64(f.life.truths[0].n, w->n_lines);
        CHECK_I64(f.life.truths[0].fen, w->fen);
    }
    end(&f);
}

static void the_cheaper_stay_is_blamed_and_on_a_tie_the_later(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    plant(&f, "overlapping-stays", "plain", "one night");
    CHECK_I64(f.life.truths[0].enc, 1); /* four days against five */
    CHECK_I64(f.life.truths[0].n, 4 * 5);
    /* consultation 15.00, bed 38.00, nursing 18.00, saline 2.15, infusion 9.50 */
    CHECK_I64(f.life.truths[0].fen, 4 * (1500 + 3800 + 1800 + 215 + 950));
    plant(&f, "overlapping-stays", "plain", "equal cost");
    CHECK_I64(f.life.truths[0].enc, 1);
    plant(&f, "overlapping-stays", "plain", "two nights with");
    CHECK(f.life.n_truths > 1);
    for (size_t i = 1; i < f.life.n_truths; i++)
        CHECK_TEXT(f.life.truths[i].rule, "two-institutions");
    end(&f);
}

static void hosts_stand_on_their_birthdays(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    const int32_t day = sh_days_of(2026, 6, 10);
    plant(&f, "drug-child", "qingfei", "the 18th birthday");
    CHECK_I64(sh_age_years(f.life.person.birth, day), 18);
    CHECK_I64(sh_age_years(f.life.person.birth, day - 1), 17);
    plant(&f, "drug-child", "qingfei", "17 years and");
    CHECK_I64(sh_age_years(f.life.person.birth, day), 17);
    CHECK_I64(sh_age_years(f.life.person.birth, day + 1), 18);
    plant(&f, "drug-child-only", "bosentan", "the day before the range begins");
    CHECK_I64(sh_age_years(f.life.person.birth, day), 2);
    plant(&f, "drug-sex", "epristeride", "the other sex");
    CHECK_I64(f.life.person.sex, 2);
    end(&f);
}

static void plants_lie_in_force_and_inside_the_period(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    for (uint64_t serial = 0; serial < 3 * f.city.n_rotation; serial++) {
        struct syn_plant p;
        CHECK(sh_syn_plant_choose(&f.city, serial, &p));
        CHECK(p.day - p.variant->before >= f.city.first_day);
        CHECK(p.day + p.variant->after <= f.city.last_day);
        CHECK(p.variant->is_eve ? p.day == p.point->from - 1 : p.day >= p.point->from);
    }
    end(&f);
}

CHECK_MAIN(cmocka_unit_test(amounts_are_what_a_hand_counts),
           cmocka_unit_test(the_cheaper_stay_is_blamed_and_on_a_tie_the_later),
           cmocka_unit_test(hosts_stand_on_their_birthdays),
           cmocka_unit_test(plants_lie_in_force_and_inside_the_period))
