/* Goal: published tables become tables we can load; every row read is accounted for; nothing is guessed. */
#include "kit.h"
#include "base/date.h"

#define FLAT "kp_id,rule_class,rule_code,code,item_name,constraint,detect_logic,batch,published,supersedes\n"

static struct sh_national_report import_files(struct kit *kit, const char *const *files, size_t n) {
    struct sh_national_report report;
    CHECK_OK(sh_knowledge_import_national(files, n, kit->dir, &kit->arena, &report, &kit->err), &kit->err);
    CHECK_I64(report.read, report.written + report.superseded + report.unresolved);
    return report;
}
static struct sh_str read_out(struct kit *kit, const char *name) {
    char path[SH_PATH_BYTES_MAX];
    struct sh_str text;
    CHECK_OK(sh_path_join(path, kit->dir, name, &kit->err), &kit->err);
    CHECK_OK(sh_fs_read(path, SH_TEXT_FILE_BYTES_MAX, &kit->arena, &text, &kit->err), &kit->err);
    return text;
}
static const char *write_in(struct kit *kit, const char *name, const char *text) {
    char path[SH_PATH_BYTES_MAX];
    kit_write(kit->dir, name, text);
    CHECK_OK(sh_path_join(path, kit->dir, name, &kit->err), &kit->err);
    return sh_arena_dup(&kit->arena, path, strlen(path));
}
static const struct sh_knowledge *table_of(const struct kit *kit, const char *name) {
    size_t i = 0;
    while (i < kit->loaded->n_knowledge && !sh_str_is(kit->loaded->knowledge[i].name, name))
        i++;
    if (i == kit->loaded->n_knowledge)
        fail_msg("no table %s", name);
    return &kit->loaded->knowledge[i];
}

/* What is written has a name in both languages, the tables and the columns of their own. */
static void check_names(const struct kit *kit) {
    static const char *const of_any[] = {"point", "name", "level", "from", "to", "supersedes", "source"};
    for (size_t i = 0; i < kit->loaded->n_knowledge; i++) {
        const struct sh_knowledge *k = &kit->loaded->knowledge[i];
        CHECK(k->title.len > 0 && k->english.len > 0);
        for (uint16_t c = 0; c < k->n_columns; c++) {
            bool is_own = true;
            for (size_t s = 0; s < sizeof(of_any) / sizeof(of_any[0]); s++)
                is_own = is_own && !sh_str_is(k->columns[c].name, of_any[s]);
            CHECK(!is_own || (k->columns[c].chinese.len > 0 && k->columns[c].english.len > 0));
        }
    }
}

static void successors_end_points_even_when_they_cannot_be_read(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    const char *files[] = {
        write_in(&kit, "flat.csv",
                 FLAT "K1,药品限支付疗程,G,XA,甲注射液,支付不超过14天。,d,6,2025-08-26,\n"
                      "K2,药品限支付疗程,G,XA,甲注射液,支付不超过10天。,d,2026-01,2026-01-28,K1\n"
                      "K3,药品限支付疗程,G,XB,乙注射液,支付不超过14天。,d,6,2025-08-26,\n"
                      "K4,药品限支付疗程,G,XB,乙注射液,酌情支付。,d,2026-01,2026-01-28,K3\n"
                      "K5,药品限适应症,G,XC,丙片,限某病。,d,12,2026-05-23,\n"
                      "K6,从未见过的规则,G,XD,丁片,限某病。,d,12,2026-05-23,\n"),
        write_in(&kit, "cells.csv",
                 "药品通用名,药品说明,限定类型,限定值域\n甲注射液,支付不超过14天。,限定支付疗程,"
                 "14天\n乙注射液,支付不超过14天。,限定支付疗程,14天\n"),
        write_in(
            &kit, "codes.csv",
            "药品通用名,序号,国标代码,限定类型\n甲注射液,1,XA,限定支付疗程\n甲注射液,2,XA2,限定支付疗程\n"),
    };
    const struct sh_national_report report = import_files(&kit, files, 3);
    CHECK_I64(report.read, 10);
    CHECK_I64(report.written, 1);    /* K2 */
    CHECK_I64(report.superseded, 6); /* K1 and K3 in all files */
    CHECK_I64(report.unresolved, 3); /* K4, K5, K6 */
    CHECK_OK(kit_load(&kit), &kit.err);
    check_names(&kit);
    const struct sh_knowledge *k = table_of(&kit, "drug_course");
    CHECK_I64(k->n_points, 3);
    for (uint32_t r = 0; r < k->n_rows; r++) {
        const bool is_new = sh_str_is(k->points[k->rows[r].point], "K2");
        CHECK_I64(k->rows[r].to, is_new ? INT32_MAX : sh_days_of(2026, 1, 28));
        if (sh_str_is(k->points[k->rows[r].point], "K1"))
            CHECK_STR(k->rows[r].cells[2], "XA|XA2");
    }
    CHECK(sh_str_find(read_out(&kit, "unresolved.csv"), SH_STR("从未见过的规则")) == SH_STR_NONE);
    CHECK(sh_str_find(read_out(&kit, "unresolved.csv"), SH_STR("丁片")) != SH_STR_NONE);
    kit_end(&kit);
}

/* A point of one row of the flat table: what becomes of it? */
static void say(const char *class, const char *text, const char *cell_kind, const char *cell, bool is_written,
                const char *part) {
    struct kit kit;
    kit_begin(&kit);
    char flat[2048], cells[2048];
    const char *batch = strstr(cell_kind, "疗程")   ? "6"
                        : strstr(cell_kind, "机构") ? "5"
                        : strstr(cell_kind, "就医") ? "4"
                                                    : "1";
    (void)snprintf(flat, sizeof flat, FLAT "K1,%s,G,XA,甲,\"%s\",d,%s,2025-08-26,\n", class, text,
                   *cell ? batch : "2026-01");
    (void)snprintf(cells, sizeof cells, "药品通用名,药品说明,限定类型,限定值域\n甲,x,%s,%s\n", cell_kind,
                   cell);
    const char *files[] = {write_in(&kit, "flat.csv", flat),
                           *cell ? write_in(&kit, "cells.csv", cells) : NULL};
    const struct sh_national_report report = import_files(&kit, files, *cell ? 2 : 1);
    CHECK_I64(report.unresolved > 0, !is_written);
    if (is_written) {
        CHECK_OK(kit_load(&kit), &kit.err);
        check_names(&kit);
    }
    char path[64] = "unresolved.csv";
    if (is_written)
        (void)snprintf(path, sizeof path, "knowledge/%s.csv",
                       strstr(class, "儿童使用") ? "drug_age"
                       : strstr(class, "疗程")   ? "drug_course"
                       : strstr(class, "级别")   ? "drug_level"
                       : strstr(class, "就医")   ? "drug_visit"
                                                 : "drug_sex");
    const struct sh_str out = read_out(&kit, path);
    if (sh_str_find(out, sh_str_of(part)) == SH_STR_NONE)
        print_error("%s\n does not hold %s\n", out.at, part);
    CHECK(sh_str_find(out, sh_str_of(part)) != SH_STR_NONE);
    kit_end(&kit);
}

static void texts_are_read_or_left_alone(void **state) {
    (void)state;
    say("药品限儿童使用", "限3-12岁患者。", "", "", true, ",3..13,");
    say("药品限儿童使用", "限5至12岁以下患者。", "", "", true, ",5..12,");
    say("药品限儿童使用", "限6-17岁儿童和青少年。", "", "", true, ",6..18,");
    say("药品限儿童使用", "限3岁及3岁以上儿童。", "", "", true, ",3..18,");
    say("药品限儿童使用", "限：1.1岁至14岁儿童哮喘；2.2岁至14岁儿童鼻炎。", "", "", true, ",2..15,");
    say("药品限儿童使用", "限儿童。", "", "", true, ",0..18,");
    say("药品限儿童使用", "限不满3岁的患者。", "", "", false, "不是可识别的区间");
    say("药品限支付疗程", "单次住院最多支付14天。", "限定支付疗程", "15天", false, "不一");
    say("药品限支付疗程", "支付不超过12个月。", "限定支付疗程", "365天", true, ",365,ever,1,suspected");
    say("药品限就医方式", "限急诊或住院患者。", "限定就医方式", "住院", false, "不一");
    say("药品限就医方式", "限急诊或住院患者。", "", "", true, "急诊|住院");
    say("药品限就医方式", "住院方可支付。", "", "", true, ",住院,");
    say("药品限医疗机构级别", "限二级及以上医疗机构。", "限定机构等级", "二级", true, ",二级,");
    say("药品限医疗机构级别", "首次处方时需由二级及以上医疗机构专科医师开具处方。", "限定机构等级", "二级",
        false, "首次处方");
    say("药品限医疗机构级别", "需三级医院眼科或二级及以上眼科专科医院医师处方", "限定机构等级", "三级", false,
        "眼科");
    say("药品区分性别使用", "用于前列腺癌。", "", "", false, "不能推测");
    say("药品区分性别使用", "用于前列腺癌。", "限定性别对象", "男", true, ",男,");
}

static void an_unknown_file_is_refused(void **state) {
    (void)state;
    struct kit kit;
    struct sh_national_report report;
    kit_begin(&kit);
    const char *files[] = {write_in(&kit, "x.csv", "a,b\n1,2\n")};
    CHECK_CODE(sh_knowledge_import_national(files, 1, kit.dir, &kit.arena, &report, &kit.err), SH_E_INPUT);
    CHECK_HAS(kit.err.message, "not one of the published tables");
    kit_end(&kit);
}

/* The real publications, where they are at hand: SH_SHARED/data/national, or beside the repository. */
static void the_publications_themselves(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    const char *env = getenv("SH_SHARED");
    char dir[SH_PATH_BYTES_MAX];
    bool is_there = false;
    (void)check_source_path("../shared", dir, sizeof dir);
    char national[SH_PATH_BYTES_MAX];
    CHECK_OK(sh_path_join(national, env ? env : dir, "data/national", &kit.err), &kit.err);
    CHECK_OK(sh_is_dir(national, &is_there, &kit.err), &kit.err);
    if (!is_there) {
        print_message("# skipped: no %s (set SH_SHARED)\n", national);
        kit_end(&kit);
        skip();
    }
    const struct sh_dir_entry *entries;
    size_t n_entries, n = 0;
    CHECK_OK(sh_dir_list(national, &kit.arena, &entries, &n_entries, &kit.err), &kit.err);
    const char **files = sh_new(&kit.arena, const char *, n_entries);
    for (size_t i = 0; i < n_entries; i++) {
        char path[SH_PATH_BYTES_MAX];
        CHECK_OK(sh_path_join(path, national, entries[i].name, &kit.err), &kit.err);
        const struct sh_str name = sh_str_of(entries[i].name);
        if (sh_str_starts_with(name, SH_STR("batch")) || sh_str_starts_with(name, SH_STR("knowledge_points")))
            files[n++] = sh_arena_dup(&kit.arena, path, strlen(path));
    }
    const struct sh_national_report report = import_files(&kit, files, n);
    CHECK_I64(report.read, 46784);
    CHECK_I64(report.written, 25846);
    CHECK_I64(report.superseded, 14755);
    CHECK_I64(report.unresolved, 6183);
    CHECK_I64(report.repealed, 3);
    CHECK_OK(kit_load(&kit), &kit.err);
    check_names(&kit);
    CHECK_I64(table_of(&kit, "service_pair")->n_points, 900);
    CHECK_I64(table_of(&kit, "service_frequency")->n_points, 67);
    CHECK_I64(table_of(&kit, "surgery_group")->n_points, 378);
    kit_end(&kit);
}

CHECK_MAIN(cmocka_unit_test(successors_end_points_even_when_they_cannot_be_read),
           cmocka_unit_test(texts_are_read_or_left_alone), cmocka_unit_test(an_unknown_file_is_refused),
           cmocka_unit_test(the_publications_themselves))
