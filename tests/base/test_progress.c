/* Goal: the line fits the terminal in columns, and short works stay quiet. */
#include "base/progress.h"
#include "check.h"

static void the_line_fits(void **state) {
    (void)state;
    struct sh_progress p;
    char line[1024];
    for (int lang = 0; lang < SH_LANGS; lang++) {
        sh_progress_begin(&p, NULL, (sh_lang)lang, "审核 audit", "行", 1000000);
        sh_progress_step(&p, 250000);
        for (size_t columns = 0; columns < 120; columns++) {
            const size_t width =
                sh_progress_line(&p, p.begun_ns + 10 * (int64_t)1000000000, columns, line, sizeof(line));
            CHECK(width <= columns);
            CHECK_I64(sh_utf8_width(sh_str_of(line)), width);
            CHECK(sh_utf8_valid(sh_str_of(line)));
        }
        CHECK_HAS(line, " 25% 250,000/1,000,000 行, 25,000/s");
        CHECK_HAS(line, lang == SH_EN ? "0:30 left" : "剩余 0:30");
    }
}

static void an_unknown_total_has_no_bar(void **state) {
    (void)state;
    struct sh_progress p;
    char line[1024];
    sh_progress_begin(&p, NULL, SH_EN, "import", "rows", 0);
    (void)sh_progress_line(&p, p.begun_ns, 100, line, sizeof(line));
    CHECK_TEXT(line, "import 0 rows, 0/s");
}

static void short_works_stay_quiet(void **state) {
    (void)state;
    char text[256] = "";
    FILE *file = tmpfile();
    CHECK(file != NULL);
    struct sh_progress p;
    sh_progress_begin(&p, file, SH_EN, "import", "rows", 10);
    sh_progress_step(&p, 10);
    sh_progress_end(&p);
    CHECK_I64(ftell(file), 0);
    atomic_store(&p.next_ns, p.begun_ns); /* as if ten seconds had passed */
    sh_progress_step(&p, 1);
    sh_progress_end(&p);
    rewind(file);
    CHECK(fgets(text, sizeof(text), file) != NULL);
    CHECK_HAS(text, "import [########################] 100%");
    CHECK_I64(fclose(file), 0);
}

CHECK_MAIN(cmocka_unit_test(the_line_fits), cmocka_unit_test(an_unknown_total_has_no_bar),
           cmocka_unit_test(short_works_stay_quiet))
