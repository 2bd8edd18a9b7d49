/* Goal: the shipped mappings read; a wrong mapping or a wrong file gets one clear error with the line or the
 * column. */
#include "base/fs.h"
#include "check.h"
#include "lake/eval.h"
#include "lake/mapping.h"

#define HEAD "-- mapping: m\n-- source: s\n-- recognised by: a, b\n-- table: person\n"

static sh_code parse(const char *text, struct sh_arena *arena, const struct sh_mapping **ret,
                     struct sh_err *err) {
    return sh_mapping_parse("m.sql", sh_str_of(text), arena, ret, err);
}

static void check_wrong(const char *text, const char *part) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_mapping *m = NULL;
    struct sh_err err = {0};
    CHECK_CODE(parse(text, &arena, &m, &err), SH_E_INPUT);
    CHECK_HAS(err.message, part);
}

static void shipped_mappings_read(void **state) {
    (void)state;
    const char *const names[] = {"national", "generic", "tuva"};
    for (size_t i = 0; i < 3; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        char dir[4096];
        const struct sh_mapping *m = NULL;
        struct sh_eval *eval = NULL;
        struct sh_err err;
        CHECK_OK(sh_mapping_load(check_source_path("mappings", dir, sizeof(dir)), names[i], &arena, &m, &err),
                 &err);
        CHECK_STR(m->name, names[i]);
        CHECK(m->n_sources >= 3);
        CHECK_OK(sh_eval_open(m, &eval, &err), &err);
        CHECK_OK(sh_eval_check(eval, &err), &err);
        sh_eval_close(eval);
    }
}

/* The example of the manual is a mapping that works. */
static void the_example_of_the_manual_reads(void **state) {
    (void)state;
    const char *const manuals[] = {"docs/mappings.md", "docs/mappings.zh-CN.md"};
    for (size_t i = 0; i < 2; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        char path[4096];
        struct sh_str text;
        const struct sh_mapping *m = NULL;
        struct sh_eval *eval = NULL;
        struct sh_err err;
        CHECK_OK(sh_fs_read(check_source_path(manuals[i], path, sizeof(path)), 1 << 20, &arena, &text, &err),
                 &err);
        const size_t begin = sh_str_find(text, SH_STR("```sql\n"));
        CHECK(begin != SH_STR_NONE);
        text = sh_str_sub(text, begin + 7, text.len - begin - 7);
        text.len = sh_str_find(text, SH_STR("```"));
        CHECK_OK(sh_mapping_parse(manuals[i], text, &arena, &m, &err), &err);
        CHECK_OK(sh_eval_open(m, &eval, &err), &err);
        CHECK_OK(sh_eval_check(eval, &err), &err);
        sh_eval_close(eval);
    }
}

static void what_stands_in_a_mapping_is_understood(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_mapping *m = NULL;
    struct sh_err err;
    const char *text =
        "-- mapping: m\n-- title: 标题: 一\n-- delimiter: tab\n-- quote: none\n-- encoding: gb18030\n-- "
        "empty: NULL, \\N\n"
        "-- a comment, that says nothing: at all,\n"
        "-- source: s 某来源\n-- recognised by: a,\n--     b\n-- required: c\n-- fills: inpatient\n"
        "-- table: encounter\n-- when: d not empty\n"
        "SELECT a AS person, \"b\" AS institution, coalesce(a, \"B\") AS id, a AS encounter_key, -- why\n"
        " CASE WHEN e = '1;2' THEN f ELSE a END AS kind, 'x''y' AS visit, NULL AS bed,\n"
        " CASE g WHEN '1' THEN '1' END AS inpatient, upper(g) AS insurance, day AS region,\n"
        " CAST(g AS date) AS employer, extract(year FROM date '2020-01-01') AS special\n"
        "FROM s;\n";
    CHECK_OK(parse(text, &arena, &m, &err), &err);
    CHECK_STR(m->title, "标题: 一");
    CHECK_I64(m->form.delimiter, '\t');
    CHECK_I64(m->form.quote, 0);
    CHECK_I64(m->encoding, SH_ENCODING_GB18030);
    CHECK_I64(m->n_empty_words, 2);
    const struct sh_map_source *s = &m->sources[0];
    CHECK_STR(s->title, "某来源");
    const struct sh_map_select *select = &s->selects[0];
    const enum sh_map_kind kinds[] = {SH_MAP_COLUMN,   SH_MAP_COLUMN,     SH_MAP_FIRST,
                                      SH_MAP_COLUMN,   SH_MAP_PICK,       SH_MAP_CONSTANT,
                                      SH_MAP_CONSTANT, SH_MAP_EXPRESSION, SH_MAP_EXPRESSION,
                                      SH_MAP_COLUMN,   SH_MAP_EXPRESSION, SH_MAP_EXPRESSION};
    CHECK_I64(select->n_outputs, 12);
    for (size_t i = 0; i < 12; i++)
        CHECK_I64(select->outputs[i].kind, kinds[i]);
    CHECK_STR(select->outputs[5].text, "x'y");
    CHECK(select->outputs[7].empty_zero && !select->outputs[8].empty_zero);
    CHECK_STR(s->columns[select->when_column].name, "d");
    CHECK_I64(s->n_groups, 3);  /* (e), (g), () */
    CHECK_I64(s->n_columns, 8); /* a b c d e f g day */
}

static void wrong_mappings_are_explained(void **state) {
    (void)state;
    check_wrong("", "no `-- source:`");
    check_wrong("-- recognized by: a\n", "did you mean 'recognised by'");
    check_wrong("-- delimiter: x\n", "m.sql:1: delimiter is one of");
    check_wrong("-- source: s\n-- table: lines\n",
                "m.sql:2: the lake has no table 'lines' to be filled, did you mean 'line'?");
    check_wrong("-- table: line\n", "behind a `-- source:`");
    check_wrong(HEAD, "m.sql:4: this table has no SELECT");
    check_wrong(HEAD "SELECT a AS person FROM s", "does not end with ;");
    check_wrong(HEAD "SELECT a AS persn FROM s;",
                "m.sql:5: table 'person' has no column 'persn', did you mean 'person'?");
    check_wrong(HEAD "SELECT a AS person,\n b AS person FROM s;", "m.sql:6: output 'person' stands twice");
    check_wrong(HEAD "SELECT a AS sex FROM s;", "needs an output 'person'");
    check_wrong(HEAD "SELECT a AS person FROM t;", "FROM s;");
    check_wrong(HEAD "SELECT a AS person FROM s WHERE a > 1;", "nothing more");
    check_wrong(HEAD "SELECT a AS person, (SELECT 1) AS sex FROM s;", "rows may not be chosen");
    check_wrong(HEAD "SELECT a AS person, now() AS sex FROM s;", "depend on the record alone");
    check_wrong(HEAD "SELECT a AS person, random() AS sex FROM s;", "depend on the record alone");
    check_wrong(HEAD "SELECT a AS person, 'x AS sex FROM s;", "does not end with ;");
    check_wrong(HEAD "SELECT a AS person, (a AS sex FROM s;", "not closed");
    check_wrong(HEAD "SELECT a AS person, a || 1 FROM s;", "expression AS name");
    check_wrong(HEAD "SELECT a AS person, , b AS sex FROM s;", "output is missing");
    check_wrong(HEAD "SELECT a AS person, b AS batch FROM s;", "made by the lake");
    check_wrong(HEAD "SELECT a AS person FROM s;\n-- source: s\n", "stands here twice");
    check_wrong("-- source: s\n-- table: person\nSELECT a AS person FROM s;", "recognised by");
}

static void a_wrong_expression_is_explained_by_line(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_mapping *m = NULL;
    struct sh_eval *eval = NULL;
    struct sh_err err;
    CHECK_OK(
        parse(HEAD "SELECT a AS person,\n upper(b) AS sex,\n nosuch(b) AS birth FROM s;", &arena, &m, &err),
        &err);
    CHECK_OK(sh_eval_open(m, &eval, &err), &err);
    CHECK_CODE(sh_eval_check(eval, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "m.sql:7: output 'birth'");
    sh_eval_close(eval);
}

static void a_value_that_breaks_an_expression_fails_alone(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_mapping *m = NULL;
    struct sh_eval *eval = NULL;
    struct sh_err err;
    enum { N = 5000 };
    struct sh_str *in = sh_new(&arena, struct sh_str, N);
    uint32_t *entries = sh_new(&arena, uint32_t, N);
    for (size_t i = 0; i < N; i++)
        in[i].at = sh_arena_printf(&arena, &in[i].len, i % 1000 == 7 ? "x%zu" : "%zu", i);
    in[3].len = 0;
    CHECK_OK(parse(HEAD "SELECT a AS person, CAST(b AS INTEGER) + 1 AS sex FROM s;", &arena, &m, &err), &err);
    CHECK_OK(sh_eval_open(m, &eval, &err), &err);
    const struct sh_str *const inputs[] = {in};
    for (int round = 0; round < 2; round++) {
        CHECK_OK(sh_eval_rows(eval, 0, 0, inputs, N, entries, &err), &err);
        for (size_t i = 0; i < N; i++) {
            bool is_failed;
            char want[32] = "";
            const struct sh_str got = sh_eval_answer(eval, 0, 0, entries[i], 0, &is_failed);
            CHECK_I64(is_failed, i % 1000 == 7);
            if (!is_failed && i != 3)
                (void)snprintf(want, sizeof(want), "%zu", i + 1);
            CHECK_STR(got, want);
        }
    }
    sh_eval_close(eval);
}

static sh_code recognise(const char *header, const char **ret_name, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_mapping *m = NULL;
    const struct sh_map_source *source = NULL;
    const int32_t *at = NULL;
    struct sh_str cells[16], rest = sh_str_of(header);
    size_t n = 0;
    const char *text =
        "-- mapping: m\n-- source: one\n-- recognised by: a, b\n-- required: c\n-- table: person\nSELECT d "
        "AS person FROM one;\n"
        "-- source: two\n-- recognised by: a, b, x\n-- table: person\nSELECT x AS person, y AS sex FROM "
        "two;\n"
        "-- source: twin\n-- recognised by: p, q\n-- table: person\nSELECT p AS person FROM twin;\n"
        "-- source: twin2\n-- recognised by: p, q\n-- table: person\nSELECT q AS person FROM twin2;\n";
    CHECK_OK(parse(text, &arena, &m, err), err);
    while (sh_str_split(&rest, ',', &cells[n]))
        n++;
    SH_TRY(sh_mapping_recognise(m, "f.csv", cells, n, &arena, &source, &at, err));
    *ret_name = sh_str_is(source->name, "one") ? "one" : "two";
    return SH_OK;
}

static void files_are_recognised_by_their_header(void **state) {
    (void)state;
    const char *name = NULL;
    struct sh_err err;
    CHECK_OK(recognise("z,c,B,A,d", &name, &err), &err);
    CHECK_TEXT(name, "one");
    CHECK_OK(recognise("a,b,c,d,x", &name, &err), &err); /* the more particular one */
    CHECK_TEXT(name, "two");
    CHECK_OK(recognise("a,b,x,dup,dup", &name, &err), &err); /* what is not used may stand twice */
    const struct {
        const char *header, *part;
    } wrong[] = {{"a,b,d", "f.csv: column 'c' is missing"},
                 {"a,b,c", "f.csv: column 'd' is missing"},
                 {"a,c", "nearest is 'one', of which column 'b' is missing"},
                 {"k,l", "none of the columns"},
                 {"a,b,c,d,A", "column 'a' stands twice"},
                 {"a,b,x,y,y", "column 'y' stands twice"},
                 {"p,q", "may be 'twin' or 'twin2'"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK_CODE(recognise(wrong[i].header, &name, &err), SH_E_INPUT);
        CHECK_HAS(err.message, wrong[i].part);
    }
}

CHECK_MAIN(cmocka_unit_test(shipped_mappings_read), cmocka_unit_test(the_example_of_the_manual_reads),
           cmocka_unit_test(what_stands_in_a_mapping_is_understood),
           cmocka_unit_test(wrong_mappings_are_explained),
           cmocka_unit_test(a_wrong_expression_is_explained_by_line),
           cmocka_unit_test(a_value_that_breaks_an_expression_fails_alone),
           cmocka_unit_test(files_are_recognised_by_their_header))
