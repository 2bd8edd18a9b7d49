/* Goal: words become ids of one lake, exactly and by prefix; the item index says the same as a naive search.
 */
#include "kit.h"

#define TABLE                                                                                                \
    "#! title: t\n#! rows: allow\n#! key item: line.item =\n#! type icd: set diagnosis under\n#! type "      \
    "visit: word visit\n"                                                                                    \
    "#! type age: range years\n#! type group: text\n#! type week: days\n#! type on: flag\n#! type max: "     \
    "qty\n"                                                                                                  \
    "point,item,icd,visit,age,group,week,on,max,from,source\n"

static const struct sh_str item_codes[] = {{"C", 1}, {"A", 1}, {"AB", 2}, {"B", 1}};
static const struct sh_str diagnosis_codes[] = {
    {"I63.900", 7}, {"E11.900+", 8}, {"I64.x00", 7}, {"I63.500*", 8}, {"E11", 3}};
static const struct sh_str word_codes[] = {{"住院", 6}, {"门诊", 6}};

static struct sh_dicts small_lake(struct sh_dict_view views[3]) {
    views[0] = (struct sh_dict_view){.n = 4, .code = item_codes};
    views[1] = (struct sh_dict_view){.n = 5, .code = diagnosis_codes};
    views[2] = (struct sh_dict_view){.n = 2, .code = word_codes};
    return (struct sh_dicts){
        .views = {[SH_DICT_ITEM] = &views[0], [SH_DICT_DIAGNOSIS] = &views[1], [SH_DICT_WORD] = &views[2]}};
}
static int column(const struct sh_knowledge *k, const char *name) {
    for (uint16_t c = 0; c < k->n_columns; c++)
        if (sh_str_is(k->columns[c].name, name))
            return c;
    return -1;
}

static void cells_become_values(void **state) {
    (void)state;
    struct kit kit;
    struct sh_dict_view views[3];
    const struct sh_dicts dicts = small_lake(views);
    struct sh_bound *bound = NULL;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv",
              TABLE "p,A|B|Z,I63,住院,3..13,g1,14,1,1.5,2026-01-01,s\nq,C,E11,互联网,..18,g2,week,0,2,2026-"
                    "01-01,s\nr,Z,,,5..,g1,,,,2026-01-01,s\n");
    CHECK_OK(kit_load(&kit), &kit.err);
    CHECK_OK(sh_rules_bind(kit.loaded, &dicts, &kit.arena, &bound, &kit.err), &kit.err);
    const struct sh_knowledge *k = &kit.loaded->knowledge[0];
    const struct sh_knowledge_bound *t = &bound->tables[0];
    const int32_t *icd = t->frame.columns[column(k, "icd")], *visit = t->frame.columns[column(k, "visit")];
    const int32_t *age = t->frame.columns[column(k, "age")], *group = t->frame.columns[column(k, "group")];
    const int64_t *week = t->frame.columns[column(k, "week")], *max = t->frame.columns[column(k, "max")];
    const int8_t *on = t->frame.columns[column(k, "on")];
    CHECK_I64(bound->sets[icd[0]].n, 2); /* under I63, marks of double codes dropped */
    CHECK_I64(bound->sets[icd[0]].ids[0], 0);
    CHECK_I64(bound->sets[icd[0]].ids[1], 3);
    CHECK_I64(bound->sets[icd[1]].n, 2);
    CHECK_I64(icd[2], SH_MISSING_I32);
    CHECK_I64(visit[0], 0);
    CHECK_I64(visit[1], 2); /* not in this lake: an id behind the dictionary, never missing */
    CHECK_STR(bound->extra_codes[SH_DICT_WORD][0], "互联网");
    CHECK_I64(bound->ranges[age[0]].low, 3);
    CHECK_I64(bound->ranges[age[0]].high, 13);
    CHECK_I64(bound->ranges[age[0]].unit, SH_UNIT_YEARS);
    CHECK_I64(bound->ranges[age[1]].low, SH_MISSING);
    CHECK_I64(group[0], group[2]);
    CHECK(group[0] != group[1]);
    CHECK_STR(bound->texts[group[1]], "g2");
    CHECK_I64(week[1], SH_PAST_WEEK);
    CHECK_I64(week[2], SH_MISSING);
    CHECK_I64(on[0], 1);
    CHECK_I64(max[0], 15000);
    CHECK_I64(t->unmatched, 1);                        /* r: Z is not in this lake */
    CHECK_I64(t->item_begin[2] - t->item_begin[1], 1); /* A */
    CHECK_I64(t->item_begin[3] - t->item_begin[2], 0); /* AB is not A */
    kit_end(&kit);
}

/* Else a receipt would depend on which word the lake met first. */
static void a_set_is_named_as_its_cell_writes_it(void **state) {
    (void)state;
    struct kit kit;
    struct sh_dict_view views[3];
    const struct sh_dicts dicts = small_lake(views);
    struct sh_bound *bound = NULL;
    kit_begin(&kit);
    kit_write(kit.knowledge, "limits.csv", TABLE "p,A,I64|I63|E11|I63,住院,,g1,,,,2026-01-01,s\n");
    CHECK_OK(kit_load(&kit), &kit.err);
    CHECK_OK(sh_rules_bind(kit.loaded, &dicts, &kit.arena, &bound, &kit.err), &kit.err);
    const int32_t *icd = bound->tables[0].frame.columns[column(&kit.loaded->knowledge[0], "icd")];
    const struct sh_set *set = &bound->sets[icd[0]];
    static const int32_t written[] = {2, 3, 0, 4, 1}; /* I64; I63.500, I63.900; E11, E11.900 */
    CHECK_I64(set->n, 5);
    for (int32_t i = 0; i < 5; i++) {
        CHECK_I64(set->ids[i], i);
        CHECK_I64(set->written[i], written[i]);
    }
    kit_end(&kit);
}

static void lookup_serves_expressions(void **state) {
    (void)state;
    struct kit kit;
    struct sh_dict_view views[3];
    const struct sh_dicts dicts = small_lake(views);
    struct sh_bound *bound = NULL;
    struct sh_set set;
    kit_begin(&kit);
    CHECK_OK(kit_load(&kit), &kit.err);
    CHECK_OK(sh_rules_bind(kit.loaded, &dicts, &kit.arena, &bound, &kit.err), &kit.err);
    const struct sh_model *m = &kit.loaded->model->model;
    int16_t item = -1, category = -1;
    for (int16_t d = 0; d < (int16_t)m->n_domains; d++) {
        item = strcmp(m->domain_names[d], "item") == 0 ? d : item;
        category = strcmp(m->domain_names[d], "diagnosis3") == 0 ? d : category;
    }
    CHECK_OK(bound->lookup(bound->lookup_ctx, item, SH_STR("A"), false, &kit.arena, &set, &kit.err),
             &kit.err);
    CHECK_I64(set.n, 1);
    CHECK_OK(bound->lookup(bound->lookup_ctx, item, SH_STR("A"), true, &kit.arena, &set, &kit.err), &kit.err);
    CHECK_I64(set.n, 2);
    CHECK_OK(bound->lookup(bound->lookup_ctx, item, SH_STR("X"), true, &kit.arena, &set, &kit.err), &kit.err);
    CHECK_I64(set.n, 0);
    int32_t *categories = NULL;
    CHECK_OK(sh_diagnosis_categories(&views[1], &kit.arena, &categories, &kit.err), &kit.err);
    CHECK_I64(categories[0], categories[3]); /* I63 */
    CHECK_I64(categories[1], categories[4]); /* E11 */
    CHECK(categories[0] != categories[2]);
    CHECK_OK(bound->lookup(bound->lookup_ctx, category, SH_STR("I63"), false, &kit.arena, &set, &kit.err),
             &kit.err);
    CHECK_I64(set.n, 1);
    CHECK_I64(set.ids[0], categories[0]);
    kit_end(&kit);
}

/* Codes of two letters over a small alphabet, so that equal, prefix and absent all happen. */
static struct sh_str random_code(struct sh_rng *rng, struct sh_arena *arena) {
    char *code = sh_new(arena, char, 3);
    CHECK(code != NULL);
    const size_t len = 1 + sh_rng_below(rng, 2);
    for (size_t i = 0; i < len; i++)
        code[i] = (char)('A' + sh_rng_below(rng, 6));
    return (struct sh_str){code, len};
}

static bool is_concerned(struct sh_str cell, struct sh_str code, bool under) {
    for (struct sh_str rest = cell, word; sh_str_split(&rest, '|', &word);)
        if (under ? sh_str_starts_with(code, word) : sh_str_eq(code, word))
            return true;
    return false;
}

static void the_item_index_equals_a_naive_search(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20260207));
    for (int round = 0; round < 60; round++) {
        struct kit kit;
        kit_begin(&kit);
        const bool under = sh_rng_below(&rng, 2);
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        sh_buf_addf(&text, "#! title: t\n#! rows: limit\n#! key item: line.item %s\npoint,item,from,source\n",
                    under ? "under" : "=");
        for (uint64_t r = 0, n = 1 + sh_rng_below(&rng, 12); r < n; r++) {
            sh_buf_addf(&text, "p%d,", (int)sh_rng_below(&rng, 4));
            for (uint64_t c = 0, codes = 1 + sh_rng_below(&rng, 3); c < codes; c++) {
                const struct sh_str code = random_code(&rng, &kit.arena);
                sh_buf_addf(&text, "%s%.*s", c ? "|" : "", SH_ARG(code));
            }
            sh_buf_add_text(&text, ",2026-01-01,s\n");
        }
        kit_write(kit.knowledge, "limits.csv", text.at);
        CHECK_OK(kit_load(&kit), &kit.err);
        struct sh_str codes[40];
        uint32_t n = 0;
        for (int i = 0; i < 40; i++) {
            const struct sh_str code = random_code(&rng, &kit.arena);
            bool is_new = true;
            for (uint32_t j = 0; j < n; j++)
                is_new = is_new && !sh_str_eq(codes[j], code);
            if (is_new)
                codes[n++] = code;
        }
        const struct sh_dict_view view = {.n = n, .code = codes};
        const struct sh_dicts dicts = {.views = {[SH_DICT_ITEM] = &view}};
        struct sh_bound *bound = NULL;
        CHECK_OK(sh_rules_bind(kit.loaded, &dicts, &kit.arena, &bound, &kit.err), &kit.err);
        const struct sh_knowledge *k = &kit.loaded->knowledge[0];
        const struct sh_knowledge_bound *t = &bound->tables[0];
        for (uint32_t i = 0; i < n; i++) {
            uint32_t at = t->item_begin[i];
            for (uint32_t r = 0; r < k->n_rows; r++)
                if (is_concerned(k->rows[r].cells[1], codes[i], under)) {
                    CHECK(at < t->item_begin[i + 1]);
                    CHECK_I64(t->item_rows[at++], r);
                }
            CHECK_I64(at, t->item_begin[i + 1]);
        }
        for (uint32_t r = 1; r < k->n_rows; r++)
            CHECK(k->rows[r - 1].point <= k->rows[r].point);
        kit_end(&kit);
    }
}

CHECK_MAIN(cmocka_unit_test(cells_become_values), cmocka_unit_test(lookup_serves_expressions),
           cmocka_unit_test(a_set_is_named_as_its_cell_writes_it),
           cmocka_unit_test(the_item_index_equals_a_naive_search))
