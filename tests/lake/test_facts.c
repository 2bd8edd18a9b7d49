/* Goal: what several rows say of one code becomes one row, that accuses nobody where they differ; the new
 * tables land, repeat, are corrected, compacted and verified like the old ones. */
#include "lake_fixture.h"
#include "base/money.h"

static const struct fixture_row first[] = {
    {SH_TABLE_PRACTITIONER, "practitioner=D1 institution=H1 valid_from=2025-01-01 title=A specialty=A03 "
                            "qualified_from=2025-01-01 qualified_to=2026-01-01"},
    {SH_TABLE_PRACTITIONER, "practitioner=D1 institution=H1 valid_from=2026-01-01 title=A specialty=A04 "
                            "qualified_from=2026-01-01 qualified_to=2027-01-01"},
    {SH_TABLE_PRACTITIONER, "practitioner=D2 institution=H1 valid_from=2025-01-01 "
                            "qualified_from=2025-01-01 qualified_to=2025-06-01"},
    {SH_TABLE_PRACTITIONER, "practitioner=D2 institution=H2 valid_from=2025-01-01 "
                            "qualified_from=2025-06-02"},
    {SH_TABLE_PRACTITIONER, "practitioner=D3 institution=H1 title=B qualified_from=2025-01-01"},
    {SH_TABLE_INSTITUTION, "institution=H1 level=2 beds=40 designated_from=2020-01-01"},
    {SH_TABLE_ITEM, "item=XC08CAI055A001010100233 pack=24 pack_unit=Z"},
    {SH_TABLE_ITEM, "item=XC08CAI055A001010100999 pack=12"},
    {SH_TABLE_ITEM, "item=001102000010001"},
    {SH_TABLE_ITEM, "item=001102000010000"},
    {SH_TABLE_ITEM, "item=T001100001"},
    {SH_TABLE_SETTLEMENT_LIST, "person=p1 institution=H1 encounter_key=m1 settlement_key=s1 id=7 total=3.50"},
    {SH_TABLE_CHRONIC_RIGHT, "person=p1 id=c1 disease=M03900 from=2026-01-01"},
    {SH_TABLE_ENROLMENT, "person=p1 id=e1 employer=U1 from=2024-01-01"},
    {SH_TABLE_ALLOWANCE, "person=p2 id=a1 employer=U1 from=2026-01-01 to=2026-05-01 amount=100"},
    {SH_TABLE_CARE_SERVICE, "person=p2 institution=H1 id=v1 from=2026-01-01 minutes=60"},
    {SH_TABLE_TRACE_SCAN, "person=#H1 institution=H1 id=t1 item=X trace_code=81 kind=B time=2026-01-01"},
    {SH_TABLE_TRACE_SCAN, "person=p2 institution=H1 id=t2 item=X trace_code=81 kind=S time=2026-01-02"},
};
enum { FIRST = sizeof(first) / sizeof(first[0]) };

static struct sh_lake *open_lake(const char *dir) {
    struct sh_err err;
    struct sh_lake *lake = NULL;
    CHECK_OK(sh_lake_open(dir, 0, &lake, &err), &err);
    return lake;
}

static int64_t fact(struct sh_lake *lake, enum sh_table table, const char *code, const char *column,
                    int32_t as_known) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_facts facts;
    struct sh_err err;
    const struct sh_dict_view *dict;
    CHECK_OK(sh_lake_dict(lake, sh_table_lead(table), &dict, &err), &err);
    CHECK_OK(sh_lake_facts(lake, table, as_known, &arena, &facts, &err), &err);
    const int32_t id = sh_dict_find(dict, sh_str_of(code));
    const int c = sh_lake_column(table, column);
    CHECK(id >= 0 && c >= 0 && facts.n == dict->n);
    switch (sh_physical_of(sh_lake_schema[table].columns[c].type)) {
    case SH_P8: {
        const int8_t v = ((const int8_t *)facts.columns[c])[id];
        return v == SH_MISSING_I8 ? SH_MISSING : v;
    }
    case SH_P32: {
        const int32_t v = ((const int32_t *)facts.columns[c])[id];
        return v == SH_MISSING_I32 ? SH_MISSING : v;
    }
    case SH_P64:
    case SH_PSTR:
    default:
        return ((const int64_t *)facts.columns[c])[id];
    }
}
#define FACT(lake, table, code, column) fact(lake, SH_TABLE_##table, code, column, INT32_MAX)

static void check_first(const char *dir) {
    struct sh_lake *lake = open_lake(dir);
    int32_t day;
    CHECK(sh_date_scan("2025-01-01", 10, &day) == SH_DATE_OK);
    CHECK_I64(FACT(lake, PRACTITIONER, "D1", "qualified_from"), day); /* renewal joins */
    CHECK_I64(FACT(lake, PRACTITIONER, "D1", "qualified_to"), day + 730);
    CHECK(FACT(lake, PRACTITIONER, "D1", "title") != SH_MISSING);
    CHECK(FACT(lake, PRACTITIONER, "D1", "specialty") == SH_MISSING);      /* it changed */
    CHECK(FACT(lake, PRACTITIONER, "D2", "qualified_from") == SH_MISSING); /* one day is not covered */
    CHECK(FACT(lake, PRACTITIONER, "D2", "qualified_to") == SH_MISSING);
    CHECK(FACT(lake, PRACTITIONER, "D3", "qualified_to") == SH_MISSING); /* open */
    CHECK_I64(FACT(lake, PRACTITIONER, "D3", "qualified_from"), day);
    CHECK_I64(FACT(lake, INSTITUTION, "H1", "beds"), 40);
    CHECK_I64(FACT(lake, INSTITUTION, "H1", "level"), 2);
    CHECK(FACT(lake, INSTITUTION, "H2", "beds") == SH_MISSING); /* named, never described */
    CHECK_I64(FACT(lake, ITEM, "XC08CAI055A001010100233", "pack"), 240000);
    CHECK(FACT(lake, ITEM, "XC08CAI055A001010100999", "pack_unit") == SH_MISSING);
    sh_lake_close(lake);
}

static void rows_of_a_code_become_one(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    struct sh_import_options options = fixture_options(dir);
    CHECK_OK(fixture_import(options, first, FIRST, &result, &err), &err);
    CHECK_I64(result.tables[SH_TABLE_PRACTITIONER].landed, 5);
    CHECK_I64(result.tables[SH_TABLE_SETTLEMENT_LIST].landed_fen, 350);
    CHECK_I64(result.tables[SH_TABLE_ALLOWANCE].landed_fen, 10000);
    check_first(dir);
    fixture_remove(dir);
}

static void the_same_again_is_repeated_and_other_content_refused(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    struct sh_import_options options = fixture_options(dir);
    CHECK_OK(fixture_import(options, first, FIRST, &result, &err), &err);
    options.known_day++;
    CHECK_OK(fixture_import(options, first, FIRST, &result, &err), &err);
    for (enum sh_table t = SH_TABLE_SETTLEMENT_LIST; t < SH_TABLES; t++) {
        CHECK_I64(result.tables[t].landed, 0);
        CHECK_I64(result.tables[t].repeated, result.tables[t].read);
        CHECK(result.tables[t].read > 0 || t == SH_TABLE_DEPARTMENT);
    }
    const struct fixture_row changed[] = {
        {SH_TABLE_INSTITUTION, "institution=H1 level=3 beds=400 designated_from=2020-01-01"},
        {SH_TABLE_TRACE_SCAN, "person=p3 institution=H1 id=t2 item=X trace_code=81 kind=S time=2026-01-02"}};
    CHECK_OK(FIXTURE_IMPORT(options, changed, &result, &err), &err);
    CHECK_I64(result.tables[SH_TABLE_INSTITUTION].rejected, 1);
    CHECK_I64(result.tables[SH_TABLE_TRACE_SCAN].rejected, 1);
    check_first(dir);
    options.correction = true, options.reason = "r", options.by = "b", options.approved_by = "chief",
    options.known_day++;
    CHECK_OK(FIXTURE_IMPORT(options, changed, &result, &err), &err);
    CHECK_I64(result.tables[SH_TABLE_INSTITUTION].corrected, 1);
    struct sh_lake *lake = open_lake(dir);
    CHECK_I64(FACT(lake, INSTITUTION, "H1", "beds"), 400);
    CHECK_I64(fact(lake, SH_TABLE_INSTITUTION, "H1", "beds", options.known_day - 1), 40);
    sh_lake_close(lake);
    fixture_remove(dir);
}

static void compaction_keeps_them_and_verify_finds_no_fault(void **state) {
    (void)state;
    static const char *const columns[] = {"person", "id", "trace_code", "kind", "time"};
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    uint64_t manifest, faults = 77;
    fixture_dir(dir);
    struct sh_import_options options = fixture_options(dir);
    CHECK_OK(fixture_import(options, first, FIRST, &result, &err), &err);
    const struct fixture_row more[] = {
        {SH_TABLE_TRACE_SCAN, "person=p2 institution=H1 id=t3 item=X trace_code=82 kind=S time=2025-01-02"},
        {SH_TABLE_INSTITUTION, "institution=H2 level=1 beds=7 designated_from=2020-01-01"}};
    options.known_day++;
    CHECK_OK(FIXTURE_IMPORT(options, more, &result, &err), &err);
    SH_CLEANUP(sh_free_at) char *before = fixture_dump(dir, SH_TABLE_TRACE_SCAN, columns, 5, INT32_MAX);
    CHECK(strstr(before, "t3") && strstr(before, "#H1"));
    CHECK_OK(sh_lake_verify(dir, stderr, &faults, &err), &err);
    CHECK_I64(faults, 0);
    CHECK_OK(sh_lake_compact(dir, 2, &manifest, &err), &err);
    CHECK_OK(sh_lake_verify(dir, stderr, &faults, &err), &err);
    CHECK_I64(faults, 0);
    SH_CLEANUP(sh_free_at) char *after = fixture_dump(dir, SH_TABLE_TRACE_SCAN, columns, 5, INT32_MAX);
    CHECK_STR(sh_str_of(after), before);
    struct sh_lake *lake = open_lake(dir);
    CHECK_I64(FACT(lake, INSTITUTION, "H2", "beds"), 7);
    CHECK_I64(FACT(lake, INSTITUTION, "H1", "beds"), 40);
    sh_lake_close(lake);
    fixture_remove(dir);
}

static void registers_are_complete_once_loaded(void **state) {
    (void)state;
    char dir[64];
    struct sh_import_result result;
    struct sh_err err;
    fixture_dir(dir);
    const struct sh_import_options options = fixture_options(dir);
    const struct fixture_row rows[] = {
        {SH_TABLE_CHRONIC_RIGHT, "person=p1 id=c1 disease=M1 from=2026-01-01"}};
    CHECK_OK(FIXTURE_IMPORT(options, rows, &result, &err), &err);
    struct sh_lake *lake = open_lake(dir);
    CHECK(sh_lake_complete(lake, SH_TABLE_CHRONIC_RIGHT, 0, 0, 99999));
    CHECK(!sh_lake_complete(lake, SH_TABLE_ENROLMENT, 0, 0, 99999));
    sh_lake_close(lake);
    fixture_remove(dir);
}

static void stems_follow_the_national_coding(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_str codes[] = {SH_STR("XC08CAI055A001010100233"),
                                   SH_STR("001102000010001"),
                                   SH_STR("XC08CAI055A001010100999"),
                                   SH_STR("ZA01AAA0001010100001"),
                                   SH_STR("C0101010101010101010"),
                                   SH_STR("C01010101010101010101234567"),
                                   SH_STR("X1"),
                                   SH_STR("T000100001")};
    enum { N = sizeof(codes) / sizeof(codes[0]) };
    const struct sh_dict_view items = {.n = N, .code = codes};
    struct sh_stems stems;
    struct sh_err err;
    CHECK_OK(sh_item_stems(&items, &arena, &stems, &err), &err);
    CHECK_I64(stems.view.n, 4);
    CHECK_I64(stems.substance[0], stems.substance[2]);
    CHECK_STR(stems.view.code[stems.substance[0]], "XC08CAI055");
    CHECK_STR(stems.view.code[stems.substance[3]], "ZA01AAA0001");
    CHECK_STR(stems.view.code[stems.base[1]], "00110200001");
    CHECK_I64(stems.base[4], stems.base[5]);
    CHECK_I64(stems.substance[6], SH_MISSING_I32);
    CHECK_I64(stems.substance[7], SH_MISSING_I32);
    CHECK_I64(stems.base[0], SH_MISSING_I32);
    CHECK(sh_item_is_surcharge(codes[1]));
    CHECK(!sh_item_is_surcharge(SH_STR("001102000010000")));
    CHECK(!sh_item_is_surcharge(codes[0]));
}

CHECK_MAIN(cmocka_unit_test(rows_of_a_code_become_one),
           cmocka_unit_test(the_same_again_is_repeated_and_other_content_refused),
           cmocka_unit_test(compaction_keeps_them_and_verify_finds_no_fault),
           cmocka_unit_test(registers_are_complete_once_loaded),
           cmocka_unit_test(stems_follow_the_national_coding))
