/* Goal: a paper says what its template and facts say, no more; it is the same bytes each time; what is
 * missing is named; amounts and dates in capitals are right. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/money.h"
#include "base/date.h"
#include "check.h"
#include "report/report.h"
#include <unistd.h>

static void check_words(int64_t fen, const char *want) {
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    sh_money_words(fen, &out);
    CHECK_STR(sh_buf_view(&out), want);
}
static void amounts_in_capitals_are_as_on_cheques(void **state) {
    (void)state;
    check_words(0, "零元整");
    check_words(5, "伍分");
    check_words(10, "壹角整");
    check_words(105, "壹元零伍分");
    check_words(168032, "壹仟陆佰捌拾元叁角贰分");
    check_words(1000000, "壹万元整");
    check_words(10700053, "壹拾万柒仟元伍角叁分");
    check_words(10000520, "壹拾万零伍元贰角整");
    check_words(6123405, "陆万壹仟贰佰叁拾肆元零伍分");
    check_words(1000010000, "壹仟万零壹佰元整");
    check_words(10000000000, "壹亿元整");
    check_words(10000000100, "壹亿零壹元整");
    check_words(12345678901, "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元零壹分");
    check_words(-150, "负壹元伍角整");
    check_words(INT64_MAX, "玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零柒分");
    check_words(INT64_MIN, "负玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌元零捌分");
}

static void dates_in_capitals(void **state) {
    (void)state;
    static const struct {
        int year, month, day;
        const char *want;
    } cases[] = {{2026, 11, 27, "二〇二六年十一月二十七日"},
                 {2024, 2, 29, "二〇二四年二月二十九日"},
                 {2010, 10, 10, "二〇一〇年十月十日"},
                 {2000, 1, 20, "二〇〇〇年一月二十日"},
                 {2031, 12, 31, "二〇三一年十二月三十一日"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
        sh_date_words(sh_days_of(cases[i].year, cases[i].month, cases[i].day), &out);
        CHECK_STR(sh_buf_view(&out), cases[i].want);
    }
}

static const struct sh_papers *shipped(struct sh_arena *arena) {
    char path[1024];
    struct sh_err err;
    const struct sh_papers *papers = NULL;
    CHECK_OK(sh_papers_load(check_source_path("law/documents", path, sizeof path), arena, &papers, &err),
             &err);
    return papers;
}
static json_t *json(const char *text) {
    json_t *value = NULL;
    struct sh_err err;
    CHECK_OK(sh_json_read("facts", sh_str_of(text), &value, &err), &err);
    return value;
}

/* Text of the PDF by pdftotext; false where that is not installed. */
static bool text_of(struct sh_str pdf, struct sh_buf *out) {
    char dir[] = "/tmp/shouhu-paper-XXXXXX", path[SH_PATH_BYTES_MAX], command[2 * SH_PATH_BYTES_MAX];
    struct sh_err err;
    CHECK(mkdtemp(dir) != NULL);
    CHECK_OK(sh_path_join(path, dir, "p.pdf", &err), &err);
    CHECK_OK(sh_fs_write(path, pdf, &err), &err);
    (void)snprintf(command, sizeof command, "pdftotext -layout %s - 2>/dev/null", path);
    FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c): a fixed command of the test
    CHECK(pipe != NULL);
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, pipe)) > 0;)
        sh_buf_add(out, chunk, n);
    const int status = pclose(pipe);
    CHECK_OK(sh_remove_tree(dir, &err), &err);
    return status == 0;
}
static size_t times(struct sh_str text, const char *part) {
    size_t n = 0;
    for (size_t at; (at = sh_str_find(text, sh_str_of(part))) != SH_STR_NONE; n++)
        text = sh_str_sub(text, at + strlen(part), SIZE_MAX);
    return n;
}

static const char notice[] =
    "{\"body\":\"演示市医保中心\",\"number\":\"演示医保违告〔2026〕12号\",\"issued_on\":\"2026-11-27\","
    "\"party\":\"演示市第一医院\",\"facts\":\"第一段。\\n第二段有 <b>{amount}</b> & \\u202e倒写\\u0007。\","
    "\"evidence\":[\"费用清单\",\"病历\"],\"clause\":\"协议第三十二条\",\"law\":\"依据条例第十五条。\","
    "\"measure\":\"不予支付违规费用。\",\"amount\":\"61234.05\",\"days\":\"五个工作日\"}";

static void a_notice_holds_its_facts_and_rights_and_nothing_else(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0}, again = {0}, text = {0};
    SH_CLEANUP(sh_json_decref_at) json_t *facts = json(notice);
    const struct sh_paper *paper = sh_paper_find(shipped(&arena), SH_STR("breach-notice"));
    CHECK(paper != NULL);
    CHECK(sh_paper_tells(paper, SH_STR("defence")));
    CHECK(!sh_paper_tells(paper, SH_STR("remedy")));
    const struct sh_paper_proof proof = {SH_STR("ABCD-2345"), SH_STR("https://example.org/verify/ABCD2345"),
                                         SH_STR("n=7")};
    struct sh_err err;
    uint32_t pages = 0;
    struct sh_str number;
    CHECK_OK(sh_paper_number(paper, facts, &arena, &number, &err), &err);
    CHECK_STR(number, "演示医保违告〔2026〕12号");
    CHECK_OK(sh_paper_render(paper, facts, &proof, &pdf, &pages, &err), &err);
    CHECK_OK(sh_paper_render(paper, facts, &proof, &again, NULL, &err), &err);
    CHECK(sh_str_eq(sh_buf_view(&pdf), sh_buf_view(&again))); /* the same bytes */
    CHECK(pages >= 1 && pages <= 2);
    if (!text_of(sh_buf_view(&pdf), &text))
        skip();
    const struct sh_str t = sh_buf_view(&text);
    static const char *const parts[] = {"违约处理告知书",  "演示医保违告〔2026〕12号",
                                        "第一段。",        "<b>{amount}</b> & 倒写。",
                                        "1. 费用清单",     "2. 病历",
                                        "61,234.05",       "陆万壹仟贰佰叁拾肆元零伍分",
                                        "五个工作日",      "一、事实",
                                        "五、陈述和申辩",  "2026年11月27日",
                                        "校验码 ABCD-2345"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (times(t, parts[i]) == 0) {
            print_error("not on the paper: %s\n%.*s\n", parts[i], SH_ARG(t));
            check_fail_at(__FILE__, __LINE__);
        }
    CHECK_I64(times(t, "中止期限"), 0); /* not given, not said */
    CHECK_I64(times(t, "\xe2\x80\xae"), 0);
}

static void long_tables_repeat_their_head_and_every_page_is_numbered_and_signed(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0}, text = {0};
    SH_CLEANUP(sh_json_decref_at)
    json_t *facts = json("{\"body\":\"中心\",\"number\":\"1号\",\"issued_on\":\"2026-11-27\","
                         "\"held_at\":\"室\",\"held_on\":\"2026-11-26\","
                         "\"chair\":\"甲\",\"recorder\":\"乙\",\"roster\":[{\"name\":\"甲\"}],\"topic\":"
                         "\"事\",\"text_hash\":\"h\",\"report\":\"报\","
                         "\"conclusion\":\"同意\"}");
    json_t *opinions = json_array();
    for (int i = 0; i < 300; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "委员%d号", i);
        json_array_append_new(opinions, json_pack("{s:s, s:s}", "name", name, "opinion", "同意"));
    }
    json_object_set_new(facts, "opinions", opinions);
    const struct sh_paper *paper = sh_paper_find(shipped(&arena), SH_STR("panel-minutes"));
    struct sh_err err;
    uint32_t pages = 0;
    CHECK_OK(sh_paper_render(paper, facts, NULL, &pdf, &pages, &err), &err);
    CHECK(pages > 5);
    if (!text_of(sh_buf_view(&pdf), &text))
        skip();
    const struct sh_str t = sh_buf_view(&text);
    CHECK_I64(times(t, "到会人员逐页签名"), pages);
    CHECK_I64(times(t, "序号"), pages + 1); /* the roster's, and one for each page of the other table */
    CHECK_I64(times(t, "委员"), 300);
    CHECK_I64(times(t, "委员299号"), 1);
    size_t kept = 0; /* how far apart characters stand is not asked */
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != ' ')
            text.at[kept++] = text.at[i];
    char last[64];
    (void)snprintf(last, sizeof last, "共%u页", pages);
    CHECK_I64(times((struct sh_str){text.at, kept}, last), pages);
}

/* A form keeps a table as lines; what stands in it can be no more than text. */
static void a_table_may_come_as_lines_with_parted_cells(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_json_decref_at)
    json_t *facts =
        json_pack("{s:s, s:s}", "opinions", "甲 | 同意 | 事实清楚|另有说明\n\n乙|不同意", "topic", "a|b");
    const struct sh_paper *paper = sh_paper_find(shipped(&arena), SH_STR("panel-minutes"));
    struct sh_err err;
    CHECK_OK(sh_paper_tables(paper, facts, &err), &err);
    const json_t *rows = json_object_get(facts, "opinions");
    CHECK_I64((int64_t)json_array_size(rows), 2);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(rows, 0), "reason")), "事实清楚|另有说明");
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(rows, 1), "opinion")), "不同意");
    CHECK(json_object_get(json_array_get(rows, 1), "reason") == NULL);
    CHECK_TEXT(json_string_value(json_object_get(facts, "topic")), "a|b");
}

static void sums_of_tables_are_exact(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0}, text = {0};
    SH_CLEANUP(sh_json_decref_at)
    json_t *facts = json("{\"body\":\"中心\",\"number\":\"1号\",\"issued_on\":\"2026-11-27\","
                         "\"decision\":\"决1号\","
                         "\"amount\":\"0.30\",\"days\":\"十五日\",\"funds\":[{\"fund\":\"统筹\",\"amount\":"
                         "\"0.10\"},{\"fund\":\"大病\","
                         "\"amount\":\"0.20\"}]}");
    const struct sh_paper *paper = sh_paper_find(shipped(&arena), SH_STR("recovery-notice"));
    struct sh_err err;
    CHECK_OK(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err), &err);
    if (text_of(sh_buf_view(&pdf), &text))
        CHECK(times(sh_buf_view(&text), "0.30") >= 2);
    json_array_append_new(json_object_get(facts, "funds"),
                          json_pack("{s:s}", "amount", "92233720368547758.07"));
    CHECK_CODE(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err), SH_E_OVERFLOW);
}

static void what_is_missing_or_of_a_wrong_type_is_named(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_paper *paper = sh_paper_find(shipped(&arena), SH_STR("breach-notice"));
    static const struct {
        const char *key, *value, *part; /* value NULL: left out */
    } cases[] = {
        {"facts", NULL, "facts (违约事实) is missing"},
        {"number", NULL, "number (文书编号) is missing"},
        {"evidence", "[]", "evidence (证据) is missing"},
        {"amount", "61234.05", "amount (涉及金额): must be an amount as text"},
        {"amount", "\"1.234\"", "amount"},
        {"amount", "\"abc\"", "amount"},
        {"issued_on", "\"2026-02-30\"", "issued_on"},
        {"months", "\"1x\"", "must be a whole number"},
        {"evidence", "[1]", "entry 1 must be text"},
        {"lines", "[{\"amount\": 3}]", "row 1, amount"},
        {"lines", "[3]", "row 1 must be an object"},
        {"facts", "[\"x\"]", "must be text"},
        {"evidence", "3", "must be a list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0};
        SH_CLEANUP(sh_json_decref_at) json_t *facts = json(notice);
        if (cases[i].value)
            json_object_set_new(facts, cases[i].key, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        else
            json_object_del(facts, cases[i].key);
        struct sh_err err = {0};
        CHECK_CODE(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err), SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].part);
        CHECK_I64(pdf.len, 0);
    }
    struct sh_err err = {0};
    CHECK_CODE(sh_paper_check(paper, json_null(), &err), SH_E_INPUT);
    SH_CLEANUP(sh_json_decref_at) json_t *empty = json("{}");
    CHECK_CODE(sh_paper_check(paper, empty, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "body"); /* all at once */
    CHECK_HAS(err.message, "measure");
}

/* A private-use character and a row higher than a page. */
static void what_cannot_be_drawn_is_refused(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0}, high = {0};
    const struct sh_paper *paper = sh_paper_find(shipped(&arena), SH_STR("breach-notice"));
    SH_CLEANUP(sh_json_decref_at) json_t *facts = json(notice);
    struct sh_err err = {0};
    json_object_set_new(facts, "party", json_string("张\xf3\xb0\x80\x80某")); /* U+F0000 */
    CHECK_CODE(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err), SH_E_UNSUPPORTED);
    CHECK_I64(pdf.len, 0);
    json_object_set_new(facts, "party", json_string("甲"));
    for (int i = 0; i < 2000; i++)
        sh_buf_add_text(&high, "很长");
    sh_buf_add(&high, "", 1);
    json_object_set_new(facts, "lines", json_pack("[{s:s}]", "item", high.at));
    CHECK_CODE(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err), SH_E_LIMIT);
}

/* A value for each declared fact: every shipped template draws with all of them, and with the required ones
 * only. */
static json_t *value_for(const char *type) {
    if (strcmp(type, "money") == 0)
        return json_string("12.30");
    if (strcmp(type, "date") == 0)
        return json_string("2026-11-27");
    if (strcmp(type, "int") == 0)
        return json_integer(3);
    if (strcmp(type, "list") == 0)
        return json_pack("[s, s]", "甲", "乙");
    return strcmp(type, "table") == 0 ? json_pack("[{}]") : json_string("文字");
}
static void every_shipped_template_draws(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_papers *papers = shipped(&arena);
    CHECK(sh_papers_n(papers) >= 30);
    for (size_t i = 0; i < sh_papers_n(papers); i++)
        for (int all = 0; all < 2; all++) {
            const struct sh_paper *paper = sh_papers_at(papers, i);
            const struct sh_paper_fact *facts;
            size_t n;
            struct sh_err err;
            SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0};
            SH_CLEANUP(sh_json_decref_at) json_t *object = json_object();
            CHECK_OK(sh_paper_facts(paper, &arena, &facts, &n, &err), &err);
            for (size_t f = 0; f < n; f++)
                if (all || facts[f].required) {
                    const char *key = sh_arena_dup(&arena, facts[f].id.at, facts[f].id.len);
                    json_object_set_new(object, key, value_for(facts[f].type));
                }
            CHECK_OK(sh_paper_render(paper, object, NULL, &pdf, NULL, &err), &err);
            CHECK(sh_str_starts_with(sh_buf_view(&pdf), SH_STR("%PDF-")));
        }
}

static void faults_of_templates_are_named(void **state) {
    (void)state;
#define TEMPLATE                                                                                             \
    "document: x\ntitle: 题\nbasis: [b]\nfacts:\n  issued_on: {type: date, name: 日, required: true}\n"    \
    "  sum: {type: money, name: 额}\n  rows: {type: table, name: 表, columns: {a: {name: 甲, type: "      \
    "text}}}\n"
    static const struct {
        const char *text, *part;
    } cases[] = {
        {TEMPLATE "body:\n  - text: \"{summ}\"\n", "no fact \"summ\""},
        {TEMPLATE "body:\n  - text: \"{sum:year}\"\n", "cannot be written as year"},
        {TEMPLATE "body:\n  - text: \"{sum:big}\"\n", "unknown format"},
        {TEMPLATE "body:\n  - text: \"{sum\"\n", "not closed"},
        {TEMPLATE "body:\n  - text: \"{rows}\"\n", "cannot be written"},
        {TEMPLATE "body:\n  - table: sum\n", "no fact of type table"},
        {TEMPLATE "body:\n  - text: a\n    heading: b\n", "a block is one of"},
        {TEMPLATE "body:\n  - texts: a\n", "did you mean \"text\""},
        {TEMPLATE "body:\n  - text: a\n    when: no\n", "no fact \"no\""},
        {TEMPLATE "tells: [defence]\nbody:\n  - text: a\n", "block \"rights\""},
        {"document: y\ntitle: t\nbasis: [b]\nbody: []\n", "named after it"},
        {"document: x\ntitle: t\nbody: []\n", "no paper without a basis"},
        {"document: x\ntitle: t\nbasis: [b]\nbody: []\n", "issued_on"},
        {"document: x\ntitle: t\nbasis: [b]\nfacts: {a: {type: word, name: n}}\nbody: []\n", "unknown type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        char dir[] = "/tmp/shouhu-paper-XXXXXX", path[SH_PATH_BYTES_MAX];
        struct sh_err err = {0}, own;
        const struct sh_papers *papers;
        CHECK(mkdtemp(dir) != NULL);
        CHECK_OK(sh_path_join(path, dir, "x.yaml", &own), &own);
        CHECK_OK(sh_fs_write(path, sh_str_of(cases[i].text), &own), &own);
        const sh_code code = sh_papers_load(dir, &arena, &papers, &err);
        CHECK_OK(sh_remove_tree(dir, &own), &own);
        CHECK_CODE(code, SH_E_INPUT);
        CHECK_HAS(err.message, cases[i].part);
    }
}

CHECK_MAIN(cmocka_unit_test(amounts_in_capitals_are_as_on_cheques), cmocka_unit_test(dates_in_capitals),
           cmocka_unit_test(a_notice_holds_its_facts_and_rights_and_nothing_else),
           cmocka_unit_test(long_tables_repeat_their_head_and_every_page_is_numbered_and_signed),
           cmocka_unit_test(a_table_may_come_as_lines_with_parted_cells),
           cmocka_unit_test(sums_of_tables_are_exact),
           cmocka_unit_test(what_is_missing_or_of_a_wrong_type_is_named),
           cmocka_unit_test(what_cannot_be_drawn_is_refused), cmocka_unit_test(every_shipped_template_draws),
           cmocka_unit_test(faults_of_templates_are_named))
