/* Goal: the same seed gives the same bytes, headers are the national ones, money balances, the clean city is
 * clean. */
#include "city.h"
#include "base/hash.h"
#include "base/money.h"

static const char *const tables[] = {"mdtrt_d.csv",
                                     "setl_d.csv",
                                     "fee_list_d.csv",
                                     "setl_list_diag_d.csv",
                                     "setl_list_oprn_d.csv",
                                     "setl_list_d.csv",
                                     "psn_opsp_reg_d.csv",
                                     "psn_insu_d.csv",
                                     "matn_alwn_d.csv",
                                     "ltc_serv_d.csv",
                                     "seltrac_d.csv",
                                     "purctrac_d.csv",
                                     "dr_b.csv",
                                     "medlist_b.csv",
                                     "store_5_1_warehouse_carryover.csv",
                                     "store_5_3_warehouse_movement.csv",
                                     "store_5_4_pharmacy_movement.csv",
                                     "store_5_2_pharmacy_carryover.csv",
                                     "truth/truth.csv"};
enum { TABLES = sizeof tables / sizeof tables[0] };

static void digests(const struct test_city *city, uint8_t ret[TABLES][SH_DIGEST_BYTES]) {
    for (size_t i = 0; i < TABLES; i++) {
        char path[600];
        struct sh_err err;
        (void)snprintf(path, sizeof path, "%s/%s", city->dir, tables[i]);
        CHECK_OK(sh_file_digest(path, SH_DIGEST_SHA256, ret[i], &err), &err);
    }
}

static void same_seed_same_bytes_whatever_the_threads(void **state) {
    (void)state;
    uint8_t one[TABLES][SH_DIGEST_BYTES], two[TABLES][SH_DIGEST_BYTES], other[TABLES][SH_DIGEST_BYTES];
    struct test_city city;
    test_city_begin(&city);
    struct sh_synth_options options = {
        .persons = 1500, .months = 3, .seed = 11, .plant_ppm = 20000, .threads = 1};
    test_city_make(&city, options);
    digests(&city, one);
    options.threads = 3;
    test_city_make(&city, options);
    digests(&city, two);
    assert_memory_equal(one, two, sizeof one);
    options.seed = 12;
    test_city_make(&city, options);
    digests(&city, other);
    assert_memory_not_equal(one[2], other[2], SH_DIGEST_BYTES);
    test_city_end(&city);
}

static void headers_are_the_national_ones(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test_city city;
    struct sh_err err;
    test_city_begin(&city);
    test_city_make(&city, (struct sh_synth_options){.persons = 3, .months = 1, .seed = 1, .threads = 1});
    char path[600];
    struct sh_str text, line;
    CHECK_OK(sh_fs_read(check_source_path("tests/synth/data/headers.txt", path, sizeof path), 1 << 20, &arena,
                        &text, &err),
             &err);
    size_t n = 0;
    while (sh_str_split(&text, '\n', &line)) {
        const size_t space = sh_str_find_char(line, ' ');
        if (space == SH_STR_NONE)
            continue;
        struct sh_str content, header;
        (void)snprintf(path, sizeof path, "%s/%.*s", city.dir, (int)space, line.at);
        CHECK_OK(sh_fs_read(path, 64 << 20, &arena, &content, &err), &err);
        assert_true(sh_str_split(&content, '\n', &header));
        assert_true(sh_str_eq(header, sh_str_sub(line, space + 1, line.len)));
        n++;
    }
    CHECK_I64(n, 9);
    test_city_end(&city);
}

/* Σ of a column over the lines in force of a settlement; lines of a settlement stand together but for a few.
 */
static int64_t sum_of(const struct sh_csv *fees, struct sh_str setl, const char *column) {
    const size_t id = sh_csv_column(fees, SH_STR("setl_id")),
                 valid = sh_csv_column(fees, SH_STR("vali_flag"));
    int64_t sum = 0;
    for (size_t i = 0; i < fees->n_rows; i++)
        if (sh_str_eq(fees->rows[i].cells[id], setl) && sh_str_is(fees->rows[i].cells[valid], "1"))
            sum += number(fees, i, column, 2);
    return sum;
}

static void money_balances_to_the_fen(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test_city city;
    struct sh_csv fees, setl;
    test_city_begin(&city);
    test_city_make(&city,
                   (struct sh_synth_options){.persons = 120, .months = 3, .seed = 5, .plant_ppm = 20000});
    test_city_read(&city, "fee_list_d.csv", &arena, &fees);
    test_city_read(&city, "setl_d.csv", &arena, &setl);
    CHECK_I64(fees.n_rows, city.result.lines);
    CHECK_I64(setl.n_rows, city.result.settlements);
    static const char *const funds[] = {"hifp_pay",  "cvlserv_pay", "hifes_pay", "hifmi_pay",
                                        "hifob_pay", "hifdm_pay",   "maf_pay",   "othfund_pay"};
    int64_t total = 0;
    for (size_t i = 0; i < setl.n_rows; i++) {
        const int64_t sum = number(&setl, i, "medfee_sumamt", 2),
                      fund = number(&setl, i, "fund_pay_sumamt", 2);
        if (sh_str_is(cell(&setl, i, "vali_flag"), "1")) {
            CHECK_I64(sum_of(&fees, cell(&setl, i, "setl_id"), "det_item_fee_sumamt"), sum);
            CHECK_I64(sum_of(&fees, cell(&setl, i, "setl_id"), "inscp_amt"),
                      number(&setl, i, "inscp_amt", 2));
            total += sum;
        }
        int64_t parts = 0;
        for (size_t k = 0; k < sizeof funds / sizeof funds[0]; k++)
            parts += number(&setl, i, funds[k], 2);
        CHECK_I64(parts, fund);
        CHECK_I64(number(&setl, i, "fulamt_ownpay_amt", 2) + number(&setl, i, "preselfpay_amt", 2) +
                      number(&setl, i, "inscp_amt", 2),
                  sum);
        CHECK_I64(fund + number(&setl, i, "acct_pay", 2) + number(&setl, i, "cash_payamt", 2), sum);
    }
    CHECK_I64(total, city.result.total_fen);
    test_city_end(&city);
}

/* Where an institution writes the department that gave a service, it writes who: staff of its own register.
 */
static void who_gave_a_service_stands_in_the_register_of_the_institution(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test_city city;
    struct sh_csv fees, staff;
    test_city_begin(&city);
    test_city_make(&city, (struct sh_synth_options){.persons = 120, .months = 3, .seed = 5});
    test_city_read(&city, "fee_list_d.csv", &arena, &fees);
    test_city_read(&city, "dr_b.csv", &arena, &staff);
    size_t given = 0;
    for (size_t i = 0; i < fees.n_rows; i++) {
        const struct sh_str code = cell(&fees, i, "acord_dr_code");
        if (code.len > 0 && code.at[0] == 'D') /* planted: one whom nothing else meets */
            continue;
        CHECK_I64(code.len > 0, cell(&fees, i, "acord_dept_codg").len > 0);
        CHECK_I64(code.len > 0, cell(&fees, i, "acord_dr_name").len > 0);
        bool known = code.len == 0;
        for (size_t s = 0; s < staff.n_rows && !known; s++)
            known = sh_str_eq(code, cell(&staff, s, "dr_code")) &&
                    sh_str_eq(cell(&fees, i, "fixmedins_code"), cell(&staff, s, "fixmedins_code"));
        CHECK(known);
        given += code.len > 0;
    }
    CHECK(given * 4 > fees.n_rows); /* drugs, and institutions that write no department, have none */
    test_city_end(&city);
}

/* ---- the clean city, checked by brute force
 * ---------------------------------------------------------------------------- */

struct stay {
    struct sh_str person, enc, place;
    int32_t from, to;
};

static bool is_stay(struct sh_str med_type) {
    return sh_str_is(med_type, "21") || sh_str_is(med_type, "28") || sh_str_is(med_type, "52");
}

static int32_t day_of(struct sh_str text) {
    int64_t at;
    assert_int_equal(sh_time_scan(text.at, text.len, &at), SH_DATE_OK);
    return sh_day_of_time(at);
}

static size_t stays_of(const struct sh_csv *encs, struct stay *ret) {
    size_t n = 0;
    for (size_t i = 0; i < encs->n_rows; i++)
        if (is_stay(cell(encs, i, "med_type")) && sh_str_is(cell(encs, i, "vali_flag"), "1"))
            ret[n++] = (struct stay){cell(encs, i, "psn_no"), cell(encs, i, "mdtrt_id"),
                                     cell(encs, i, "fixmedins_code"), day_of(cell(encs, i, "begntime")),
                                     day_of(cell(encs, i, "endtime"))};
    return n;
}

static void check_stays(const struct stay *stays, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (sh_str_eq(stays[i].person, stays[k].person)) {
                const bool first = stays[i].from < stays[k].from;
                const struct stay *a = first ? &stays[i] : &stays[k], *b = first ? &stays[k] : &stays[i];
                CHECK(b->from - a->to > 15); /* neither overlapping nor split */
            }
}

static void check_inside(const struct sh_csv *fees, size_t row, const struct stay *stays, size_t n) {
    const int32_t day = day_of(cell(fees, row, "fee_ocur_time"));
    for (size_t i = 0; i < n; i++) {
        if (sh_str_eq(stays[i].enc, cell(fees, row, "mdtrt_id")))
            CHECK(day >= stays[i].from && day <= stays[i].to);
        else if (sh_str_eq(stays[i].person, cell(fees, row, "psn_no")) && number(fees, row, "cnt", 4) > 0)
            CHECK(day <= stays[i].from || day >= stays[i].to);
    }
}

/* Lines of a person are near one another in the file. */
static void check_pairs_of_lines(const struct sh_csv *fees, size_t row) {
    static const char *const once_a_day[] = {"001102000050000", "001109000010000", "001201000030000",
                                             "001201000040000"};
    const struct sh_str item = cell(fees, row, "med_list_codg"), person = cell(fees, row, "psn_no"),
                        time = cell(fees, row, "fee_ocur_time");
    bool is_once = false;
    for (size_t i = 0; i < 4; i++)
        is_once = is_once || sh_str_is(item, once_a_day[i]);
    for (size_t k = row + 1; k < fees->n_rows && sh_str_eq(cell(fees, k, "psn_no"), person); k++) {
        if (!sh_str_eq(cell(fees, k, "med_list_codg"), item) || !sh_str_is(cell(fees, k, "vali_flag"), "1") ||
            number(fees, k, "cnt", 4) <= 0)
            continue;
        const struct sh_str other = cell(fees, k, "fee_ocur_time");
        CHECK(!(sh_str_eq(other, time) &&
                sh_str_eq(cell(fees, k, "fixmedins_code"), cell(fees, row, "fixmedins_code"))));
        CHECK(!is_once || day_of(other) != day_of(time));
    }
    CHECK(!is_once || number(fees, row, "cnt", 4) == 10000);
}

static void the_clean_city_is_clean(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test_city city;
    struct sh_csv fees, encs;
    test_city_begin(&city);
    test_city_make(&city, (struct sh_synth_options){.persons = 250, .months = 4, .seed = check_seed(77)});
    CHECK_I64(city.result.violations, 0);
    CHECK_I64(city.result.near_misses, 0);
    test_city_read(&city, "fee_list_d.csv", &arena, &fees);
    test_city_read(&city, "mdtrt_d.csv", &arena, &encs);
    struct stay *stays = sh_new(&arena, struct stay, encs.n_rows);
    const size_t n = stays_of(&encs, stays);
    CHECK(n > 10);
    check_stays(stays, n);
    for (size_t i = 0; i < fees.n_rows; i++) {
        if (!sh_str_is(cell(&fees, i, "vali_flag"), "1"))
            continue;
        int64_t fen = 0;
        assert_int_equal(
            sh_div_round((sh_i128)number(&fees, i, "cnt", 4) * number(&fees, i, "pric", 6), 100000000, &fen),
            SH_OK);
        CHECK_I64(fen, number(&fees, i, "det_item_fee_sumamt", 2));
        if (number(&fees, i, "cnt", 4) <= 0)
            continue;
        check_inside(&fees, i, stays, n);
        check_pairs_of_lines(&fees, i);
    }
    test_city_end(&city);
}

/* The check digit of GB 11643 must not fit: such a number cannot be anybody's. */
static void identity_numbers_are_nobodys(void **state) {
    (void)state;
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test_city city;
    struct sh_csv encs;
    test_city_begin(&city);
    test_city_make(&city, (struct sh_synth_options){.persons = 400, .months = 2, .seed = 3});
    test_city_read(&city, "mdtrt_d.csv", &arena, &encs);
    for (size_t i = 0; i < encs.n_rows; i++) {
        const struct sh_str no = cell(&encs, i, "certno");
        CHECK_I64(no.len, 18);
        int sum = 0;
        for (size_t k = 0; k < 17; k++)
            sum += (no.at[k] - '0') * weights[k];
        CHECK(no.at[17] != "10X98765432"[sum % 11]);
        CHECK(sh_str_starts_with(no, SH_STR("9901")));
    }
    test_city_end(&city);
}

/* Every rule file of the nation is planted. */
static void every_shipped_rule_is_known(void) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_dir_entry *entries;
    struct sh_err err;
    char path[512];
    size_t n, n_missing = 0;
    CHECK_OK(sh_dir_list(check_source_path("rules", path, sizeof path), &arena, &entries, &n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        const struct sh_str name = sh_str_of(entries[i].name);
        if (!sh_str_ends_with(name, SH_STR(".yaml")))
            continue;
        const struct sh_str rule = sh_str_sub(name, 0, name.len - 5);
        bool is_known = false;
        const char *planted;
        for (size_t r = 0; (planted = sh_synth_rule(r)) != NULL; r++)
            is_known |= sh_str_is(rule, planted);
        if (!is_known)
            print_error("rule %.*s is not planted\n", SH_ARG(rule));
        n_missing += !is_known;
    }
    CHECK_I64(n_missing, 0);
}

static void every_rule_is_planted(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct test_city city;
    struct sh_csv truth;
    test_city_begin(&city);
    test_city_make(&city,
                   (struct sh_synth_options){.persons = 1200, .months = 7, .seed = 4, .plant_ppm = 10000});
    test_city_read(&city, "truth/truth.csv", &arena, &truth);
    size_t n_rules = 0;
    for (const char *rule; (rule = sh_synth_rule(n_rules)) != NULL; n_rules++) {
        size_t seen[2] = {0, 0};
        for (size_t i = 0; i < truth.n_rows; i++)
            if (sh_str_is(cell(&truth, i, "rule"), rule))
                seen[sh_str_is(cell(&truth, i, "kind"), "violation")]++;
        CHECK(seen[0] > 0 && seen[1] > 0);
    }
    every_shipped_rule_is_known();
    /* The share asked for, within a fifth. */
    CHECK(city.result.blamed_lines * 100 > city.result.lines * 80 / 100);
    CHECK(city.result.blamed_lines * 100 < city.result.lines * 120 / 100);
    test_city_end(&city);
}

static void wrong_options_are_refused(void **state) {
    (void)state;
    struct test_city city;
    struct sh_err err;
    struct sh_synth_result result;
    test_city_begin(&city);
    struct sh_synth_options options = {.persons = 0, .months = 1, .book_dir = city.book, .out_dir = city.dir};
    CHECK_CODE(sh_synth_run(&options, &result, &err), SH_E_INPUT);
    options.persons = 10, options.plant_ppm = 300000;
    CHECK_CODE(sh_synth_run(&options, &result, &err), SH_E_INPUT);
    options.plant_ppm = 0, options.first_day = sh_days_of(2026, 4, 2);
    CHECK_CODE(sh_synth_run(&options, &result, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "first day");
    options.first_day = 0, options.book_dir = city.dir;
    CHECK_CODE(sh_synth_run(&options, &result, &err), SH_E_NOTFOUND);
    test_city_end(&city);
}

CHECK_MAIN(cmocka_unit_test(same_seed_same_bytes_whatever_the_threads),
           cmocka_unit_test(headers_are_the_national_ones),
           cmocka_unit_test(who_gave_a_service_stands_in_the_register_of_the_institution),
           cmocka_unit_test(money_balances_to_the_fen), cmocka_unit_test(the_clean_city_is_clean),
           cmocka_unit_test(identity_numbers_are_nobodys), cmocka_unit_test(every_rule_is_planted),
           cmocka_unit_test(wrong_options_are_refused))
