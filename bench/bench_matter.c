/* The office under load: findings taken into batches, bulk acts over 5,000 of them, list pages over 10,000
 * matters and a million findings. usage: bench-matter [FINDINGS [MATTERS [DIR]]]; prints "name value unit",
 * processor time of the whole process, the writer's thread included. Data under TMPDIR, or kept in DIR: a DIR
 * that holds an office already is measured as it stands, each time with 30,000 findings fewer that wait. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "matter/matter.h"
#include "report/report.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = SH_BULK_MAX, PAGES = 200, LIMIT = 50, PAPERS = 20 };
static const struct sh_act bench_act = {.actor = {"bench", 5}, .why = {"bench", 5}, .is_large = true};

static void must(sh_code code, const struct sh_err *err) {
    if (code == SH_OK)
        return;
    fprintf(stderr, "bench-matter: %s: %s\n", sh_code_name(code), err->message);
    exit(1);
}

static double processor(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Reads and writes of files so far: what a bulk act costs whatever else the machine does. */
static int64_t pages_moved(void) {
    long long reads = 0, writes = 0;
    FILE *file = fopen("/proc/self/io", "r");
    char line[100];
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "syscr: %lld", &reads) != 1)
            (void)sscanf(line, "syscw: %lld", &writes);
    if (file)
        (void)fclose(file);
    return reads + writes;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct city {
    char dir[SH_PATH_BYTES_MAX], path[3][SH_PATH_BYTES_MAX]; /* data, keys, heads */
    struct sh_clock clock;
    struct sh_arena arena;
    const struct sh_matter_texts *texts;
    struct sh_store *store;
    struct sh_matter_grant grant;
    struct sh_matter_who who;
    uint64_t n_findings, n_matters, from;
    const char *kept; /* where the data stays; NULL: removed at the end */
    bool stands;      /* it was there before */
};

static void load_texts(struct city *c) {
    struct sh_err err = {0};
    const struct sh_roles *roles;
    const struct sh_registers *registers;
    char law[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX];
    const char *source = getenv("SHOUHU_SOURCE_DIR");
    must(sh_path_join(law, source ? source : ".", "law", &err), &err);
    must(sh_path_join(path, law, "roles.yaml", &err), &err);
    must(sh_roles_load(path, &c->arena, &roles, &err), &err);
    must(sh_path_join(path, law, "registers", &err), &err);
    must(sh_registers_load(path, roles, &c->arena, &registers, &err), &err);
    must(sh_matter_texts_load(law, registers, roles, &c->arena, &c->texts, &err), &err);
}

static void open_city(struct city *c) {
    static const char *const names[] = {"data", "keys", "heads"};
    static const struct sh_str everywhere[] = {{"9901", 4}};
    struct sh_err err = {0};
    size_t n = 0;
    const struct sh_migration *migrations = sh_matter_migrations(&n);
    if (c->kept) {
        must(sh_path_format(c->dir, &err, "%s", c->kept), &err);
        must(sh_fs_exists(c->dir, &c->stands, &err), &err);
        must(sh_mkdir_all(c->dir, &err), &err);
    } else
        must(sh_scratch_dir("shouhu-bench", c->dir, &err), &err);
    for (size_t i = 0; i < 3; i++)
        must(sh_path_join(c->path[i], c->dir, names[i], &err), &err);
    load_texts(c);
    const struct sh_store_options options = {.data_dir = c->path[0],
                                             .keys_dir = c->path[1],
                                             .heads_path = c->path[2],
                                             .clock = &c->clock,
                                             .migrations = migrations,
                                             .n_migrations = n,
                                             .digest = SH_DIGEST_SM3,
                                             .create = !c->stands};
    must(sh_store_open(&options, &c->store, &err), &err);
    c->grant = (struct sh_matter_grant){SH_STR("agency.reviewer"), SH_STR("ag1"), SH_STR("990100")};
    c->who = (struct sh_matter_who){
        SH_STR("p1"), &c->grant, 1, {.places = everywhere, .n_places = 1, .any_body = true}, SH_EN};
}

static sh_code put_agency(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)ctx;
    struct sh_record_ref ref;
    const struct sh_record_change change = {.register_name = SH_STR("bodies"),
                                            .key = SH_STR("ag1"),
                                            .labels = {.place = SH_STR("990100")},
                                            .valid_from = 0,
                                            .valid_to = SH_DAY_OPEN,
                                            .open = SH_STR("{\"kind\":\"agency\",\"place\":\"990100\"}")};
    return sh_record_put(txn, &change, &ref, err);
}

/* ---- findings in ------------------------------------------------------------------------------------- */

static struct sh_str text_of(struct sh_arena *arena, const char *before, int digits, uint64_t n) {
    const char *text = sh_arena_printf(arena, NULL, "%s%0*" PRIu64, before, digits, n);
    return sh_str_of(text ? text : "");
}

static struct sh_finding_in finding_of(const struct city *c, uint64_t i, struct sh_arena *arena) {
    const uint64_t share = c->n_findings / c->n_matters ? c->n_findings / c->n_matters : 1;
    const uint64_t batch = i / share;
    return (struct sh_finding_in){.key = text_of(arena, "f", 12, i),
                                  .institution = text_of(arena, "H", 6, batch / 12),
                                  .period = text_of(arena, "2025-", 2, batch % 12 + 1),
                                  .person = SH_STR("P1234567890123"),
                                  .rule = i % 3 ? SH_STR("service-frequency") : SH_STR("drug-sex"),
                                  .name = SH_STR("规则"),
                                  .level = i % 2 ? SH_STR("certain") : SH_STR("suspected"),
                                  .say = SH_STR("某项目当日计费两次，限一次"),
                                  .run = SH_STR("r1"),
                                  .receipt = SH_STR("0123456789abcdef"),
                                  .day = 20000,
                                  .amount_fen = (int64_t)(100 + i * 7919 % 100000),
                                  .fund_fen = (int64_t)(80 + i * 7919 % 80000)};
}

/* One load of at most ROWS findings; each batch (institution and month) has its share of them. */
static sh_code load(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct city *c = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    const struct sh_desk desk = {c->texts, &c->who, &arena, NULL};
    const struct sh_load_into into = {SH_STR("claim-batch"), SH_STR("ag1")};
    struct sh_load_report report = {0};
    struct sh_finding_in *rows = sh_new(&arena, struct sh_finding_in, ROWS);
    size_t n = 0;
    if (!rows)
        return sh_fail(err, SH_E_NOMEM, "no room for findings");
    for (; n < ROWS && c->from + n < c->n_findings; n++)
        rows[n] = finding_of(c, c->from + n, &arena);
    return sh_items_load(txn, &desk, &into, rows, n, &report, err);
}

static void load_all(struct city *c) {
    struct sh_err err = {0};
    double times[1000];
    size_t n = 0;
    const double began = processor();
    for (; c->from < c->n_findings; c->from += ROWS) {
        const double from = processor();
        must(sh_store_write(c->store, &bench_act, load, c, NULL, &err), &err);
        if (n < 1000)
            times[n++] = processor() - from;
    }
    printf("matter_load_rate %.0f findings/cpu_s\n", (double)c->n_findings / (processor() - began));
    if (n)
        printf("matter_load_last_%d %.2f cpu_s\n", ROWS, times[n - 1]);
}

/* ---- a bulk act -------------------------------------------------------------------------------------- */

struct bulking {
    struct city *c;
    struct sh_arena arena;
    struct sh_item_row *rows;
    size_t n;
    bool by_matter;
};

static sh_code pick_rows(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct bulking *b = ctx;
    struct sh_rows rows;
    const char *sql = b->by_matter
                          ? "select id, version from mt_item where state = 'new' order by matter limit 5000"
                          : "select id, version from mt_item where state = 'new' order by queue limit 5000";
    SH_TRY(sh_sql_query(txn, sql, NULL, 0, &b->arena, &rows, err));
    b->rows = sh_new(&b->arena, struct sh_item_row, rows.n_rows + 1);
    b->n = rows.n_rows;
    for (size_t i = 0; b->rows && i < b->n; i++)
        b->rows[i] = (struct sh_item_row){sh_cell(&rows, i, 0)->str, sh_cell(&rows, i, 1)->i64};
    return b->rows ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for rows");
}

static sh_code screen(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct bulking *b = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    static const struct sh_matter_value values[] = {{{"screened", 8}, {"send", 4}}};
    struct sh_failures failures;
    struct sh_json json;
    const struct sh_desk desk = {b->c->texts, &b->c->who, &arena, &failures};
    const struct sh_bulk bulk = {.step = SH_STR("screen"),
                                 .why = SH_STR("bench"),
                                 .rows = b->rows,
                                 .n_rows = b->n,
                                 .values = values,
                                 .n_values = 1};
    sh_json_begin(&json, &out);
    SH_TRY(sh_items_act(txn, &desk, &bulk, false, &json, err));
    SH_TRY(sh_json_end(&json, err));
    return sh_str_find(sh_buf_view(&out), SH_STR("\"refused\":[]")) == SH_STR_NONE
               ? sh_fail(err, SH_E_INTERNAL, "rows were refused: %.300s", out.at)
               : SH_OK;
}

/* Nothing: the writer takes it up when it has emptied the log of what came before. */
static sh_code wait_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    (void)txn, (void)ctx, (void)err;
    return SH_OK;
}

static void bulk_acts(struct city *c, bool by_matter) {
    for (int round = 0; round < 3; round++) {
        struct bulking b = {.c = c, .by_matter = by_matter};
        struct sh_err err = {0};
        must(sh_store_read(c->store, pick_rows, &b, &err), &err);
        must(sh_store_write(c->store, &bench_act, wait_body, NULL, NULL, &err), &err);
        const int64_t pages = pages_moved(), since = sh_monotonic_ns();
        const double began = processor();
        must(sh_store_write(c->store, &bench_act, screen, &b, NULL, &err), &err);
        const double took = processor() - began, wall = (double)(sh_monotonic_ns() - since) / 1e9;
        const int64_t pages_now = pages_moved();
        const char *order = by_matter ? "batch_by_batch" : "most_money_first";
        printf("matter_bulk_%zu_%s_%d %.2f cpu_s\n", b.n, order, round, took);
        printf("matter_bulk_%zu_%s_%d_wall %.2f s\n", b.n, order, round, wall);
        printf("matter_bulk_%zu_%s_%d_pages %" PRId64 " reads_and_writes\n", b.n, order, round,
               pages_now - pages);
        sh_arena_free(&b.arena);
    }
}

/* ---- pages ------------------------------------------------------------------------------------------- */

enum page_kind {
    MATTERS,
    MATTERS_OPEN,
    MATTERS_SUBJECT,
    ITEMS_NEW,
    ITEMS_SENT,
    ITEMS_RULE,
    ITEMS_PLACE,
    WORK,
    PARTY_ITEMS, /* as a hospital sees them */
    PARTY_WORK,
    PAGE_KINDS
};
struct paging {
    struct city *c;
    enum page_kind kind;
    uint64_t number;
};

static sh_code page(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct paging *p = ctx;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_buf_free) struct sh_buf out = {0};
    struct sh_failures failures;
    struct sh_json json;
    const struct sh_str subject = text_of(&arena, "H", 6, p->number % (p->c->n_matters / 12 + 1));
    static const struct sh_str everywhere = {"", 0};
    const struct sh_matter_grant grant = {SH_STR("institution.user"), subject, SH_STR("990100")};
    const struct sh_matter_who hospital = {
        SH_STR("p2"),
        &grant,
        1,
        {.places = &everywhere, .n_places = 1, .bodies = &subject, .n_bodies = 1},
        SH_EN};
    const bool is_party = p->kind == PARTY_ITEMS || p->kind == PARTY_WORK;
    const struct sh_desk desk = {p->c->texts, is_party ? &hospital : &p->c->who, &arena, &failures};
    const struct sh_matter_query matters = {.procedure = SH_STR("claim-batch"),
                                            .state = p->kind == MATTERS_OPEN ? SH_STR("open") : SH_STR(""),
                                            .subject = p->kind == MATTERS_SUBJECT ? subject : SH_STR(""),
                                            .limit = LIMIT};
    const struct sh_item_query items = {.state = p->kind == ITEMS_SENT || is_party ? SH_STR("sent")
                                                                                   : SH_STR("new"),
                                        .rule = p->kind == ITEMS_RULE ? SH_STR("drug-sex") : SH_STR(""),
                                        .institution = p->kind == ITEMS_PLACE ? subject : SH_STR(""),
                                        .amount_min = INT64_MIN,
                                        .by_queue = true,
                                        .limit = LIMIT};
    sh_json_begin(&json, &out);
    if (p->kind == WORK || p->kind == PARTY_WORK)
        return sh_work_json(txn, &desk, &json, err);
    return p->kind <= MATTERS_SUBJECT ? sh_matters_json(txn, &desk, &matters, &json, err)
                                      : sh_items_json(txn, &desk, &items, &json, err);
}

static void pages(struct city *c) {
    static const char *const names[PAGE_KINDS] = {
        "matters",        "matters_open",  "matters_of_subject",   "items_new",
        "items_sent",     "items_of_rule", "items_of_institution", "work",
        "of_party_items", "of_party_work"};
    for (int kind = 0; kind < PAGE_KINDS; kind++) {
        double times[PAGES];
        for (uint64_t i = 0; i < PAGES; i++) {
            struct paging p = {c, (enum page_kind)kind, i * 37};
            struct sh_err err = {0};
            const double began = processor();
            must(sh_store_read(c->store, page, &p, &err), &err);
            times[i] = (processor() - began) * 1e3;
        }
        qsort(times, PAGES, sizeof times[0], by_size);
        printf("matter_page_%s_p95 %.2f cpu_ms\n", names[kind], times[PAGES * 95 / 100]);
    }
}

/* ---- a paper ----------------------------------------------------------------------------------------- */

/* A decision with a table of 200 claim lines: several pages, as a month of a hospital has. */
static json_t *decision_facts(void) {
    json_t *facts = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:s, s:s, s:s, s:s, s:[]}", "body", "中心", "number",
        "医保违决〔2026〕1号", "party", "某医院", "party_code", "H000001", "issued_on", "2026-03-02", "facts",
        "多收床位费", "evidence", "病历", "clause", "协议第二十条", "law", "条例第三十八条", "measure",
        "追回", "amount", "1200.00", "reconsider", "六十日", "litigate", "六个月", "lines");
    for (int i = 0; facts && i < 200; i++)
        (void)json_array_append_new(json_object_get(facts, "lines"),
                                    json_pack("{s:s, s:s, s:s, s:s, s:s}", "rule", "限定频次", "person",
                                              "张**", "day", "2026-02-03", "item", "普通床位费（三人间）",
                                              "amount", "6.00"));
    return facts;
}

/* As much as a full file brings: a page of words for each text, forty lines a list, 200 rows a table. */
static json_t *full_value(const char *type) {
    if (strcmp(type, "text") == 0) {
        char words[3000] = "";
        for (size_t n = 0; n + 60 < sizeof words; n = strlen(words))
            (void)snprintf(words + n, sizeof words - n, "经查，该机构多收床位费。%s", n % 5 ? "" : "\n");
        return json_string(words);
    }
    if (strcmp(type, "list") == 0 || strcmp(type, "table") == 0) {
        json_t *rows = json_array();
        const bool is_list = type[0] == 'l';
        for (int i = 0; rows && i < (is_list ? 40 : 200); i++)
            (void)json_array_append_new(rows, is_list ? json_string("病历与收费清单") : json_object());
        return rows;
    }
    return strcmp(type, "int") == 0    ? json_integer(3)
           : strcmp(type, "date") == 0 ? json_string("2026-03-02")
                                       : json_string("1234.50");
}

/* Each shipped template, full: the one that takes longest. */
static void every_paper(const struct sh_papers *templates, struct sh_arena *arena) {
    double slowest = 0;
    struct sh_str which = {0};
    struct sh_err err = {0};
    for (size_t p = 0; p < sh_papers_n(templates); p++) {
        const struct sh_paper *paper = sh_papers_at(templates, p);
        const struct sh_paper_fact *facts = NULL;
        size_t n = 0;
        SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0};
        SH_CLEANUP(sh_json_decref_at) json_t *values = json_object();
        must(sh_paper_facts(paper, arena, &facts, &n, &err), &err);
        for (size_t f = 0; f < n; f++)
            (void)json_object_set_new(values, sh_arena_dup(arena, facts[f].id.at, facts[f].id.len),
                                      full_value(facts[f].type));
        const double began = processor();
        must(sh_paper_render(paper, values, NULL, &pdf, NULL, &err), &err);
        const double took = processor() - began;
        if (took > slowest)
            slowest = took, which = sh_paper_id(paper);
    }
    printf("matter_paper_slowest %.3f cpu_s of %zu: %.*s\n", slowest, sh_papers_n(templates), SH_ARG(which));
}

static void papers(void) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(sh_json_decref_at) json_t *facts = decision_facts();
    const struct sh_papers *templates = NULL;
    const char *source = getenv("SHOUHU_SOURCE_DIR");
    char path[SH_PATH_BYTES_MAX];
    double times[PAPERS];
    struct sh_err err = {0};
    must(sh_path_join(path, source ? source : ".", "law/documents", &err), &err);
    must(sh_papers_load(path, &arena, &templates, &err), &err);
    const struct sh_paper *paper = sh_paper_find(templates, SH_STR("breach-decision"));
    for (size_t i = 0; i < PAPERS && paper; i++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf pdf = {0};
        const double began = processor();
        must(sh_paper_render(paper, facts, NULL, &pdf, NULL, &err), &err);
        times[i] = processor() - began;
    }
    printf("matter_paper_first %.3f cpu_s\n", times[0]); /* fonts are read */
    qsort(times, PAPERS, sizeof times[0], by_size);
    printf("matter_paper_p95 %.3f cpu_s\n", times[PAPERS * 95 / 100]);
    every_paper(templates, &arena);
}

int main(int argc, char **argv) {
    struct city c = {.n_findings = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000,
                     .n_matters = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000,
                     .kept = argc > 3 ? argv[3] : NULL};
    struct sh_err err = {0};
    if (c.n_matters == 0)
        return 2;
    open_city(&c);
    if (!c.stands) {
        must(sh_store_write(c.store, &bench_act, put_agency, NULL, NULL, &err), &err);
        load_all(&c);
    }
    bulk_acts(&c, false);
    bulk_acts(&c, true);
    pages(&c);
    papers();
    sh_store_close(c.store);
    sh_arena_free(&c.arena);
    if (!c.kept)
        must(sh_remove_tree(c.dir, &err), &err);
    return 0;
}
