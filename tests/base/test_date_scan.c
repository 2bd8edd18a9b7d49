/* Goal: the accepted forms are read, all else is refused with the right fault. */
#include "base/date.h"
#include "check.h"

static void each_form_of_a_date(void **state) {
    (void)state;
    static const char *const texts[] = {"2024-02-09",
                                        "20240209",
                                        "2024/2/9",
                                        "2024/02/09",
                                        "2024-2-9",
                                        "2024.02.09",
                                        " 2024-02-09 ",
                                        "2024-02-09 00:00:00",
                                        "2024-02-09T00:00",
                                        "20240209000000",
                                        "2024\xe5\xb9\xb4"
                                        "2\xe6\x9c\x88"
                                        "9\xe6\x97\xa5",
                                        "2024-02-09 00:00:00.000"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int32_t days = 0;
        struct sh_err err;
        CHECK_OK(sh_date_parse(sh_str_of(texts[i]), &days, &err), &err);
        CHECK_I64(days, sh_days_of(2024, 2, 9));
    }
}

static void each_form_of_a_time(void **state) {
    (void)state;
    static const char *const texts[] = {
        "2024-02-09 08:30:15", "2024-02-09T08:30:15",     "20240209083015",   "2024/2/9 8:30:15",
        "20240209 083015",     "2024-02-09 08:30:15.999", "20240209 08:30:15"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t seconds = 0;
        struct sh_err err;
        CHECK_OK(sh_time_parse(sh_str_of(texts[i]), &seconds, &err), &err);
        CHECK_I64(seconds, (int64_t)sh_days_of(2024, 2, 9) * 86400 + 8 * 3600 + 30 * 60 + 15);
    }
    int64_t seconds = 0;
    CHECK_I64(sh_time_scan("202402090830", 12, &seconds), SH_DATE_OK);
    CHECK_I64(sh_second_of_day(seconds), 8 * 3600 + 30 * 60);
    CHECK_I64(sh_time_scan("1969-12-31", 10, &seconds), SH_DATE_OK);
    CHECK_I64(seconds, -86400);
}

static void what_is_no_date_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        sh_date_fault fault;
    } cases[] = {
        {"", SH_DATE_EMPTY},
        {"  ", SH_DATE_EMPTY},
        {"2023-02-29", SH_DATE_IMPOSSIBLE},
        {"20230229", SH_DATE_IMPOSSIBLE},
        {"2023-13-01", SH_DATE_IMPOSSIBLE},
        {"2023-00-10", SH_DATE_IMPOSSIBLE},
        {"2023-01-00", SH_DATE_IMPOSSIBLE},
        {"00000000", SH_DATE_IMPOSSIBLE},
        {"1849-12-31", SH_DATE_RANGE},
        {"22010101", SH_DATE_RANGE},
        {"2024-02/09", SH_DATE_SYNTAX},
        {"2024-02-", SH_DATE_SYNTAX},
        {"2024-02", SH_DATE_SYNTAX},
        {"2024", SH_DATE_SYNTAX},
        {"24-02-09", SH_DATE_SYNTAX},
        {"09/02/2024", SH_DATE_SYNTAX},
        {"2024-02-091", SH_DATE_SYNTAX},
        {"2024-002-09", SH_DATE_SYNTAX},
        {"2024-02-09x", SH_DATE_SYNTAX},
        {"2024-02-09 00:00:01", SH_DATE_SYNTAX},
        {"2024-02-30x", SH_DATE_SYNTAX},
        {"2024-02-09 24:00:00", SH_DATE_IMPOSSIBLE},
        {"2024-02-09 00:60", SH_DATE_IMPOSSIBLE},
        {"2024-02-09T00:00:00Z", SH_DATE_SYNTAX},
        {"2024-02-09 00:00:00.", SH_DATE_SYNTAX},
        {"2024-02-09 0000", SH_DATE_SYNTAX},
        {"45331", SH_DATE_SYNTAX},
        {"202402", SH_DATE_SYNTAX},
        {"+2024-02-09", SH_DATE_SYNTAX},
        {"2024\xe5\xb9\xb4"
         "2\xe6\x9c\x88"
         "9",
         SH_DATE_SYNTAX},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int32_t days = 42;
        const sh_date_fault fault = sh_date_scan(cases[i].text, strlen(cases[i].text), &days);
        if (fault != cases[i].fault || days != 42)
            fail_msg("\"%s\": fault %d", cases[i].text, (int)fault);
        CHECK(strlen(sh_date_fault_text(fault)) > 5);
    }
    int32_t days;
    CHECK_I64(sh_date_scan(NULL, 0, &days), SH_DATE_EMPTY);
}

static void messages_quote_the_text(void **state) {
    (void)state;
    struct sh_err err;
    int32_t days;
    int64_t seconds;
    CHECK_CODE(sh_date_parse(SH_STR("2023-02-30"), &days, &err), SH_E_INPUT);
    CHECK_TEXT(err.message, "\"2023-02-30\" is not in the calendar");
    CHECK_CODE(sh_time_parse(SH_STR("soon"), &seconds, &err), SH_E_INPUT);
}

static void all_dates_read_back(void **state) {
    (void)state;
    for (int32_t day = SH_DATE_MIN; day <= SH_DATE_MAX; day++) {
        char text[SH_DATE_TEXT_MAX];
        int32_t back = 0;
        if (sh_date_scan(text, sh_date_format(day, text), &back) != SH_DATE_OK || back != day)
            fail_msg("%s", text);
    }
}

static void prefixes_never_read_past_the_end(void **state) {
    (void)state;
    const char *text = "2024-02-09 08:30:15.999";
    for (size_t n = 0; n <= strlen(text); n++) {
        char *exact = malloc(n ? n : 1); /* the sanitizers see a byte too far */
        memcpy(exact, text, n);
        int64_t seconds;
        (void)!sh_time_scan(exact, n, &seconds);
        free(exact);
    }
}

CHECK_MAIN(cmocka_unit_test(each_form_of_a_date), cmocka_unit_test(each_form_of_a_time),
           cmocka_unit_test(what_is_no_date_is_refused), cmocka_unit_test(messages_quote_the_text),
           cmocka_unit_test(all_dates_read_back), cmocka_unit_test(prefixes_never_read_past_the_end))
