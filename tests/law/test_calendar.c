/* Goal: a day is worked, rest or unknown as the papers say, for the place, as known on a day. */
#include "base/csv.h"
#include "base/fs.h"
#include "base/limits.h"
#include "law/calendars.h"
#include <unistd.h>

static void holidays_and_make_up_days_are_of_their_paper(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("620100", INT32_MAX, &arena);
    static const struct {
        const char *day;
        enum sh_day_kind kind;
        bool is_moved;
        const char *name;
    } cases[] = {
        {"2026-09-24", SH_DAY_WORKED, false, ""},
        {"2026-09-25", SH_DAY_REST, true, "中秋节"},
        {"2026-09-27", SH_DAY_REST, false, "中秋节"},
        {"2026-09-20", SH_DAY_WORKED, true, "国庆节"},
        {"2026-10-10", SH_DAY_WORKED, true, "国庆节"},
        {"2026-11-28", SH_DAY_REST, false, ""},
        {"2018-12-29", SH_DAY_WORKED, true, "元旦"},
        {"2018-12-31", SH_DAY_REST, true, "元旦"},
        {"2007-01-01", SH_DAY_REST, true, "元旦"},
        {"2024-02-29", SH_DAY_WORKED, false, ""},
        {"2015-09-03", SH_DAY_REST, true, "抗日战争暨世界反法西斯战争胜利70周年纪念日"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sh_day day = sh_calendar_day(c, day_of(cases[i].day));
        CHECK_I64(day.kind, cases[i].kind);
        CHECK_I64(day.is_moved, cases[i].is_moved);
        CHECK_STR(day.name, cases[i].name);
    }
}

static void a_year_is_known_by_its_paper_and_its_last_week_by_the_next(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    CHECK(!sh_calendar_knows(c, 2006));
    CHECK(sh_calendar_knows(c, 2007) && sh_calendar_knows(c, 2026));
    CHECK(!sh_calendar_knows(c, 2027));
    /* 30 December 2006 stands in the paper of 2007, yet 2006 has none. */
    CHECK_I64(sh_calendar_day(c, day_of("2006-12-30")).unknown_year, 2006);
    CHECK_I64(sh_calendar_day(c, day_of("2026-12-24")).kind, SH_DAY_WORKED);
    CHECK_I64(sh_calendar_day(c, day_of("2026-12-25")).kind, SH_DAY_UNKNOWN);
    CHECK_I64(sh_calendar_day(c, day_of("2026-12-31")).unknown_year, 2027);
    CHECK_I64(sh_calendar_day(c, day_of("2027-01-01")).unknown_year, 2027);
    CHECK_I64(sh_calendar_day(c, INT32_MIN).kind, SH_DAY_UNKNOWN);
    CHECK_I64(sh_calendar_day(c, INT32_MAX).kind, SH_DAY_UNKNOWN);
}

static void what_was_known_then_is_another_calendar(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *before = shipped_calendar("000000", day_of("2018-12-05"), &arena),
                             *after = shipped_calendar("000000", day_of("2018-12-06"), &arena);
    CHECK_I64(sh_calendar_day(before, day_of("2018-12-29")).kind, SH_DAY_UNKNOWN);
    CHECK_I64(sh_calendar_day(after, day_of("2018-12-29")).kind, SH_DAY_WORKED);
    CHECK_I64(sh_calendar_day(after, day_of("2019-05-02")).kind, SH_DAY_WORKED); /* changed on 2019-03-22 */
    CHECK_I64(
        sh_calendar_day(shipped_calendar("000000", day_of("2019-03-22"), &arena), day_of("2019-05-02")).kind,
        SH_DAY_REST);
    CHECK_I64(
        sh_calendar_day(shipped_calendar("000000", day_of("2020-01-26"), &arena), day_of("2020-02-01")).kind,
        SH_DAY_WORKED);
    CHECK_I64(
        sh_calendar_day(shipped_calendar("000000", day_of("2020-01-27"), &arena), day_of("2020-02-01")).kind,
        SH_DAY_REST);
}

static void the_next_year_is_asked_for_from_the_first_of_october(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    int32_t years[8];
    CHECK_I64(sh_calendar_missing(c, day_of("2026-09-30"), years, 8), 0);
    CHECK_I64(sh_calendar_missing(c, day_of("2026-10-01"), years, 8), 1);
    CHECK_I64(years[0], 2027);
    CHECK_I64(sh_calendar_missing(c, day_of("2028-03-01"), years, 8), 2);
    CHECK_I64(sh_calendar_missing(c, day_of("2028-03-01"), years, 1), 1);
    CHECK(sh_calendar_entered_by(c, SH_ZH).len > 0 && sh_calendar_entered_by(c, SH_EN).len > 0);
}

/* A folder with three tables, opened for a place. */
static sh_code open_texts(const char *papers, const char *days, const char *place, struct sh_arena *arena,
                          const struct sh_calendar **ret, struct sh_err *err) {
    char dir[] = "/tmp/shouhu-calendar-XXXXXX", path[SH_PATH_BYTES_MAX];
    CHECK(mkdtemp(dir) != NULL);
    const char *const names[] = {"papers.csv", "days.csv", "places.csv"};
    const char *const heads[] = {"paper,place,year,title,issued,address\n", "paper,first,last,kind,name\n",
                                 "place,name,entered_by,entered_by_en\n"};
    const char *const bodies[] = {papers, days,
                                  "000000,国家,某人,somebody\n450000,广西,广西某人,somebody there\n"};
    struct sh_err own;
    for (size_t i = 0; i < 3; i++) {
        char *text = sh_arena_printf(arena, NULL, "%s%s", heads[i], bodies[i]);
        CHECK(text != NULL);
        CHECK_OK(sh_path_join(path, dir, names[i], &own), &own);
        CHECK_OK(sh_fs_write(path, sh_str_of(text), &own), &own);
    }
    struct sh_calendars *all = NULL;
    sh_code code = sh_calendars_load(dir, arena, &all, err);
    if (code == SH_OK)
        code = sh_calendar_open(all, sh_str_of(place), INT32_MAX, arena, ret, err);
    CHECK_OK(sh_remove_tree(dir, &own), &own);
    return code;
}

static void a_place_with_holidays_of_its_own_needs_its_own_papers(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    static const char papers[] =
        "2024,000000,2024,t,,\n2025,000000,2025,t,,\n2026,000000,2026,t,,\ngx,450000,2025,三月三,,\n";
    static const char days[] = "gx,2025-03-31,2025-03-31,rest,三月三\n";
    const struct sh_calendar *c = NULL;
    struct sh_err err;
    CHECK_OK(open_texts(papers, days, "450100", &arena, &c, &err), &err);
    CHECK_I64(sh_calendar_day(c, day_of("2025-03-31")).kind, SH_DAY_REST);
    CHECK_I64(sh_calendar_day(c, day_of("2024-05-06")).kind, SH_DAY_WORKED); /* before it had any */
    CHECK_I64(sh_calendar_day(c, day_of("2026-05-06")).kind, SH_DAY_UNKNOWN);
    CHECK_STR(sh_calendar_entered_by(c, SH_ZH), "广西某人");
    CHECK_OK(open_texts(papers, days, "620100", &arena, &c, &err), &err);
    CHECK_I64(sh_calendar_day(c, day_of("2025-03-31")).kind, SH_DAY_WORKED);
    CHECK_I64(sh_calendar_day(c, day_of("2026-05-06")).kind, SH_DAY_WORKED);
}

static void faults_of_the_texts_are_named(void **state) {
    (void)state;
    static const struct {
        const char *papers, *days, *part;
    } cases[] = {
        {"2024,000000,2024,t,,\n", "2023,2023-01-01,2023-01-01,rest,x\n", "not among the papers"},
        {"2024,000000,2024,t,,\n", "2024,2025-01-01,2025-01-01,rest,x\n", "outside the year 2024"},
        {"2024,000000,2024,t,,\n", "2024,2023-12-24,2024-01-01,rest,x\n", "outside the year 2024"},
        {"2024,000000,2024,t,,\n", "2024,2024-01-01,2024-01-02,rest,x\n2024,2024-01-02,2024-01-02,work,x\n",
         "stands twice"},
        {"2024,000000,2024,t,,\n", "2024,2024-01-02,2024-01-01,rest,x\n", "before `first`"},
        {"2024,000000,2024,t,,\n", "2024,2024-01-01,2024-01-01,off,x\n", "neither rest nor work"},
        {"2024,000000,2024,t,,\n2024,000000,2024,t,,\n", "", "stands twice"},
        {"2024,62,2024,t,,\n", "", "division code"},
        {"2024,000000,24,t,,\n", "", "is no year"},
        {"2024,000000,2024,t,2024-02-30,\n", "", "is no date"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct sh_calendar *c = NULL;
        struct sh_err err = {0};
        CHECK_CODE(open_texts(cases[i].papers, cases[i].days, "000000", &arena, &c, &err), SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].part);
    }
}

static void without_any_paper_every_day_is_unknown(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_calendar *c = NULL;
    struct sh_err err;
    CHECK_OK(open_texts("", "", "620100", &arena, &c, &err), &err);
    CHECK_I64(sh_calendar_day(c, day_of("2026-05-06")).unknown_year, 2026);
    int32_t years[4];
    CHECK_I64(sh_calendar_missing(c, day_of("2026-05-06"), years, 4), 1);
    CHECK_I64(years[0], 2026);
}

/* Every listed day of an independent list of 2007–2026. */
static struct sh_day laid_day(const struct sh_calendars *all, const char *day, struct sh_arena *arena) {
    const struct sh_calendar *calendar = NULL;
    struct sh_err err;
    CHECK_OK(sh_calendar_open(all, SH_STR("990100"), INT32_MAX, arena, &calendar, &err), &err);
    return sh_calendar_day(calendar, day_of(day));
}

static void a_year_laid_over_the_texts_is_known_until_it_is_taken_away(void **state) {
    (void)state;
    struct sh_arena arena SH_CLEANUP(sh_arena_free) = {0};
    struct sh_calendars *all = NULL, merged;
    struct sh_err err;
    char path[1024];
    CHECK_OK(sh_calendars_load(check_source_path("law/calendars", path, sizeof path), &arena, &all, &err),
             &err);
    const struct sh_calendar_paper paper = {
        .id = SH_STR("own/2027"), .place = SH_STR("000000"), .year = 2027, .issued = day_of("2026-11-20")};
    const struct sh_calendar_entry days[] = {
        {.paper = paper.id, .first = day_of("2026-12-26"), .last = day_of("2026-12-26"), .is_worked = true},
        {.paper = paper.id, .first = day_of("2027-01-01"), .last = day_of("2027-01-01")}};
    const struct sh_calendars own = {.papers = &paper, .n_papers = 1, .days = days, .n_days = 2};
    CHECK_I64(laid_day(all, "2027-01-01", &arena).unknown_year, 2027);
    CHECK_I64(laid_day(all, "2026-12-26", &arena).kind, SH_DAY_UNKNOWN); /* provisional until that paper */
    sh_calendars_lay(all, &own);
    CHECK_I64(laid_day(all, "2027-01-01", &arena).kind, SH_DAY_REST);
    CHECK_I64(laid_day(all, "2027-01-04", &arena).kind, SH_DAY_WORKED);
    CHECK_I64(laid_day(all, "2026-12-26", &arena).kind, SH_DAY_WORKED); /* a Saturday that is made up */
    CHECK_I64(laid_day(all, "2026-10-01", &arena).kind, SH_DAY_REST);   /* the others stand */
    CHECK_OK(sh_calendars_all(all, &arena, &merged, &err), &err);
    CHECK_I64((int64_t)merged.n_papers, (int64_t)all->n_papers + 1);
    sh_calendars_lay(all, NULL);
    CHECK_I64(laid_day(all, "2027-01-01", &arena).kind, SH_DAY_UNKNOWN);
    CHECK(sh_calendar_fits(day_of("2026-12-25"), 2027) && !sh_calendar_fits(day_of("2026-12-24"), 2027));
    CHECK(sh_calendar_fits(day_of("2027-12-31"), 2027) && !sh_calendar_fits(day_of("2028-01-01"), 2027));
}

static void the_calendar_agrees_with_an_independent_list(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[1024];
    struct sh_csv csv;
    if (sh_csv_read_file(check_source_path("../shared/data/holidays/holidays.csv", path, sizeof path),
                         SH_CSV_PLAIN, &arena, &csv, NULL) != SH_OK)
        skip();
    const struct sh_calendar *c = shipped_calendar("000000", INT32_MAX, &arena);
    size_t n = 0;
    for (size_t i = 0; i < csv.n_rows; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "%.*s", SH_ARG(csv.rows[i].cells[0]));
        const int32_t day = day_of(text);
        if (day < day_of("2007-01-01"))
            continue;
        CHECK_I64(sh_calendar_day(c, day).kind,
                  sh_str_is(csv.rows[i].cells[1], "workday") ? SH_DAY_WORKED : SH_DAY_REST);
        n++;
    }
    CHECK(n > 600);
}

CHECK_MAIN(cmocka_unit_test(holidays_and_make_up_days_are_of_their_paper),
           cmocka_unit_test(a_year_is_known_by_its_paper_and_its_last_week_by_the_next),
           cmocka_unit_test(what_was_known_then_is_another_calendar),
           cmocka_unit_test(the_next_year_is_asked_for_from_the_first_of_october),
           cmocka_unit_test(a_place_with_holidays_of_its_own_needs_its_own_papers),
           cmocka_unit_test(faults_of_the_texts_are_named),
           cmocka_unit_test(without_any_paper_every_day_is_unknown),
           cmocka_unit_test(a_year_laid_over_the_texts_is_known_until_it_is_taken_away),
           cmocka_unit_test(the_calendar_agrees_with_an_independent_list))
