/* Goal: the model keeps the lake's columns in place, and says of every derived one what must be filled. */
#include "kit.h"

static const struct sh_model_column *find(const struct sh_rule_model *m, uint16_t table, const char *name) {
    const int c = sh_model_column(m, table, name);
    CHECK(c >= 0);
    return &m->model.tables[table].columns[c];
}

static void lake_columns_keep_their_numbers(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    CHECK_OK(kit_load(&kit), &kit.err);
    const struct sh_rule_model *m = kit.loaded->model;
    for (uint16_t t = 0; t < SH_TABLES; t++)
        for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++)
            CHECK_TEXT(m->model.tables[t].columns[c].name, sh_lake_schema[t].columns[c].name);
    for (uint16_t t = 0; t < SH_MODEL_FIXED_TABLES; t++) /* names are not used twice in a table */
        for (uint16_t c = 0; c < m->model.tables[t].n_columns; c++)
            CHECK_I64(sh_model_column(m, t, m->model.tables[t].columns[c].name), c);
    kit_end(&kit);
}

static void joins_and_types(void **state) {
    (void)state;
    struct kit kit;
    kit_begin(&kit);
    CHECK_OK(kit_load(&kit), &kit.err);
    const struct sh_rule_model *m = kit.loaded->model;
    CHECK_I64(find(m, SH_TABLE_LINE, "encounter")->join, SH_TABLE_ENCOUNTER);
    CHECK_I64(find(m, SH_TABLE_LINE, "person")->join, SH_TABLE_PERSON);
    CHECK_I64(find(m, SH_TABLE_LINE, "item")->join, SH_MODEL_ITEM);
    CHECK_I64(find(m, SH_TABLE_LINE, "item")->type.kind, SH_KIND_CODE);
    CHECK_I64(find(m, SH_TABLE_LINE, "performing_department")->join, SH_MODEL_DEPARTMENT);
    CHECK_I64(find(m, SH_TABLE_LINE, "unit_price")->type.scale, 6);
    CHECK_I64(find(m, SH_TABLE_LINE, "days")->type.unit, SH_UNIT_DAYS);
    CHECK_I64(find(m, SH_TABLE_ENCOUNTER, "institution_level")->type.kind, SH_KIND_LEVEL);
    CHECK_I64(find(m, SH_TABLE_PERSON, "death")->empty_none, true);
    CHECK_I64(find(m, SH_MODEL_STAY, "to")->empty_none, true);
    CHECK_I64(m->model.tables[SH_MODEL_STAY].time_column, sh_model_column(m, SH_MODEL_STAY, "from"));
    CHECK_I64(m->derived[SH_TABLE_LINE][sh_model_column(m, SH_TABLE_LINE, "supply_days")],
              SH_DERIVED_SUPPLY_DAYS);
    CHECK_I64(m->derived[SH_TABLE_PERSON][sh_model_column(m, SH_TABLE_PERSON, "sex")], SH_DERIVED_CONFLICT);
    CHECK_I64(sh_model_column(m, SH_TABLE_LINE, "nothing"), -1);
    kit_end(&kit);
}

static void the_page_names_every_column(void **state) {
    (void)state;
    char *page = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&page, &len);
    struct sh_err err;
    CHECK(out != NULL);
    CHECK_OK(sh_model_print(out, &err), &err);
    (void)fclose(out);
    char path[SH_PATH_BYTES_MAX];
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_str kept;
    CHECK_OK(sh_fs_read(check_source_path("docs/lake.md", path, sizeof path), SH_TEXT_FILE_BYTES_MAX, &arena,
                        &kept, &err),
             &err);
    CHECK(sh_str_eq(kept, (struct sh_str){page, len})); /* else run: shouhu rules words > docs/lake.md */
    CHECK_HAS(page, "## stay");
    CHECK_HAS(page, "`supply_days`");
    CHECK_HAS(page, "未定级 < 一级 < 二级 < 三级");
    free(page);
}

CHECK_MAIN(cmocka_unit_test(lake_columns_keep_their_numbers), cmocka_unit_test(joins_and_types),
           cmocka_unit_test(the_page_names_every_column))
