/* Goal: what a request brings is the difference it makes; requests in the order of time add up to the night's
 * findings. */
#include "base/date.h"
#include "small.h"
#include <string.h>

enum { LINES_MAX = 40, REQUESTS = 5, SUMS_MAX = 400 };

/* A person's lines at two institutions; ids by position, times growing with it. */
static size_t write_lines(struct sh_rng *rng, struct sh_buf *out) {
    static const char *const items[] = {"01", "02", "0A", "0B", "0G", "XA"};
    const size_t n = (size_t)sh_rng_between(rng, 1, LINES_MAX);
    int64_t time = (int64_t)sh_days_of(2026, 2, 1) * SH_DAY_SECONDS;
    sh_buf_add_text(out, "person: {birth: 2000-01-01}\ninstitutions: [{code: H1}, {code: H2}]\nencounters:\n"
                         "  - {id: E1, institution: H1}\n  - {id: E2, institution: H2}\nlines:\n");
    for (size_t i = 0; i < n; i++) {
        char text[SH_TIME_TEXT_MAX];
        time += (int64_t)sh_rng_between(rng, 0, 600) * 60;
        (void)sh_time_format(time, text);
        sh_buf_addf(
            out,
            "  - {id: L%03zu, item: \"%s\", time: \"%s\", quantity: %d, covered: %d.00, encounter: E%d}\n",
            i + 1, items[sh_rng_below(rng, 6)], text, (int)sh_rng_between(rng, 1, 3),
            (int)sh_rng_between(rng, 1, 50), 1 + (int)sh_rng_below(rng, 2));
    }
    return n;
}

struct sum {
    uint8_t id[16];
    int64_t fen;
};

static void add(struct sum *sums, size_t *n, const struct sh_claim_finding *f) {
    size_t i = 0;
    while (i < *n && memcmp(sums[i].id, f->id, 16) != 0)
        i++;
    if (i == *n) {
        CHECK(*n < SUMS_MAX);
        sums[i] = (struct sum){.fen = 0};
        memcpy(sums[i].id, f->id, 16);
        (*n)++;
    }
    sums[i].fen += f->amount_fen;
}

/* The first `n_lines` lines of the whole, of which those from `first` on are the request. */
static void one_request(struct small *s, struct sh_claim_worker *worker, size_t n_lines, size_t first,
                        struct sum *sums, size_t *n_sums) {
    struct sh_err err;
    struct sh_chunk chunk = s->lake.chunk;
    uint32_t begin[2] = {0, (uint32_t)n_lines};
    uint8_t request[LINES_MAX] = {0};
    for (size_t row = 0; row < n_lines; row++) /* rows stand in the order of (time, id): so do positions */
        request[row] = row >= first;
    chunk.tables[SH_TABLE_LINE].n_rows = (uint32_t)n_lines;
    chunk.tables[SH_TABLE_LINE].person_begin = begin;
    struct sh_claim_findings found;
    CHECK_OK(sh_audit_claim(worker, &chunk, request, &found, &err), &err);
    for (size_t i = 0; i < found.n; i++)
        add(sums, n_sums, &found.at[i]);
}

static void requests_add_up_to_the_night(void **state) {
    (void)state;
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20261127));
    for (int round = 0; round < 60; round++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        struct small s;
        struct sh_err err;
        struct sum sums[SUMS_MAX];
        struct sh_claim_worker *worker = NULL;
        size_t n_sums = 0, done = 0;
        const size_t n = write_lines(&rng, &text);
        CHECK_OK(small_run(&s, text.at, NULL, &err), &err);
        CHECK_OK(sh_claim_worker_new(s.plan, &worker, &err), &err);
        for (int r = 0; r < REQUESTS; r++) {
            const size_t to = r == REQUESTS - 1 ? n : done + (size_t)sh_rng_below(&rng, n - done + 1);
            if (to > done)
                one_request(&s, worker, to, done, sums, &n_sums);
            done = to;
        }
        size_t open = 0;
        for (size_t i = 0; i < n_sums; i++)
            open += sums[i].fen != 0;
        for (size_t f = 0; f < s.found.n; f++) {
            int64_t fen = 0;
            for (size_t i = 0; i < n_sums; i++)
                if (memcmp(sums[i].id, s.found.findings[f].id, 16) == 0)
                    fen = sums[i].fen;
            CHECK_I64(fen, s.found.findings[f].amount_fen);
            open -= fen != 0;
        }
        CHECK_I64(open, 0); /* what requests brought and took away again is nothing at night */
        sh_claim_worker_free(worker);
        small_release(&s);
    }
}

static void a_request_is_told_only_what_it_changes(void **state) {
    (void)state;
    struct small s;
    struct sh_err err;
    struct sh_claim_worker *worker = NULL;
    struct sh_claim_findings found;
    /* 01 once a day: the first two lines already break it; the third is of another day, the fourth breaks it
     * further. */
    CHECK_OK(small_run(&s,
                       "person: {birth: 2000-01-01}\nlines:\n"
                       "  - {item: \"01\", time: 2026-02-03T08:00, quantity: 1, covered: 10.00}\n"
                       "  - {item: \"01\", time: 2026-02-03T09:00, quantity: 1, covered: 10.00}\n"
                       "  - {item: \"01\", time: 2026-02-03T10:00, quantity: 1, covered: 10.00}\n"
                       "  - {item: \"01\", time: 2026-02-04T10:00, quantity: 1, covered: 10.00}\n",
                       "t-group", &err),
             &err);
    CHECK_OK(sh_claim_worker_new(s.plan, &worker, &err), &err);
    CHECK_OK(sh_audit_claim(worker, &s.lake.chunk, (const uint8_t[]){0, 0, 0, 1}, &found, &err), &err);
    CHECK_I64(found.n, 0);
    CHECK_OK(sh_audit_claim(worker, &s.lake.chunk, (const uint8_t[]){0, 0, 1, 0}, &found, &err), &err);
    CHECK_I64(found.n, 1);
    CHECK(!found.at[0].is_new);
    CHECK_I64(found.at[0].amount_fen, 1000);
    CHECK_OK(sh_audit_claim(worker, &s.lake.chunk, (const uint8_t[]){0, 1, 1, 0}, &found, &err), &err);
    CHECK_I64(found.n, 1);
    CHECK(found.at[0].is_new);
    CHECK_I64(found.at[0].amount_fen, 2000);
    sh_claim_worker_free(worker);
    small_release(&s);
}

/* The first n_lines lines of the small lake; one of them may be a refund that found no line. */
struct part {
    struct sh_chunk chunk;
    uint32_t begin[2];
    const void *columns[64];
    int8_t refund[LINES_MAX];
};

static void part_of(struct small *s, size_t n_lines, size_t orphan, struct part *ret) {
    const int c = sh_lake_column(SH_TABLE_LINE, "refund_line");
    *ret = (struct part){.chunk = s->lake.chunk, .begin = {0, (uint32_t)n_lines}};
    CHECK(sh_lake_schema[SH_TABLE_LINE].n_columns <= 64);
    for (uint16_t i = 0; i < sh_lake_schema[SH_TABLE_LINE].n_columns; i++)
        ret->columns[i] = s->lake.chunk.tables[SH_TABLE_LINE].columns[i];
    if (orphan < n_lines)
        ret->refund[orphan] = 2;
    ret->columns[c] = ret->refund;
    ret->chunk.tables[SH_TABLE_LINE].columns = ret->columns;
    ret->chunk.tables[SH_TABLE_LINE].n_rows = (uint32_t)n_lines;
    ret->chunk.tables[SH_TABLE_LINE].person_begin = ret->begin;
}

static const struct sh_finding *find(const struct sh_chunk_findings *in, const uint8_t *id) {
    for (size_t i = 0; i < in->n; i++)
        if (memcmp(in->findings[i].id, id, 16) == 0)
            return &in->findings[i];
    return NULL;
}

/* Every rule asked of everything, twice: what a claim answers without asking all of them again. */
static void check_against_two_runs(struct small *s, size_t n_lines, size_t first, size_t orphan) {
    struct sh_err err;
    struct part now, was;
    struct sh_audit_worker *with = NULL, *without = NULL;
    struct sh_claim_worker *worker = NULL;
    struct sh_chunk_findings after, before;
    struct sh_claim_findings found;
    uint8_t request[LINES_MAX] = {0};
    part_of(s, n_lines, orphan, &now);
    part_of(s, first, orphan, &was);
    for (size_t row = first; row < n_lines; row++)
        request[row] = 1;
    CHECK_OK(sh_audit_worker_new(s->plan, &with, &err), &err);
    CHECK_OK(sh_audit_worker_new(s->plan, &without, &err), &err);
    CHECK_OK(sh_claim_worker_new(s->plan, &worker, &err), &err);
    CHECK_OK(sh_audit_chunk(with, &now.chunk, &after, &err), &err);
    CHECK_OK(sh_audit_chunk(without, &was.chunk, &before, &err), &err);
    CHECK_OK(sh_audit_claim(worker, &now.chunk, request, &found, &err), &err);
    size_t wanted = 0;
    for (size_t i = 0; i < after.n; i++) {
        const struct sh_finding *f = &after.findings[i], *old = find(&before, f->id);
        if (old && old->level == f->level && old->amount_known == f->amount_known &&
            old->amount_fen == f->amount_fen)
            continue;
        CHECK(wanted < found.n);
        const struct sh_claim_finding *got = &found.at[wanted++];
        CHECK(memcmp(got->id, f->id, 16) == 0);
        CHECK(got->finding && got->finding->level == f->level);
        CHECK_I64(got->is_new, !old);
        CHECK_I64(got->amount_fen, f->amount_fen - (old ? old->amount_fen : 0));
    }
    for (size_t i = 0; i < before.n; i++)
        wanted += !find(&after, before.findings[i].id);
    CHECK_I64(found.n, wanted);
    sh_audit_worker_free(with);
    sh_audit_worker_free(without);
    sh_claim_worker_free(worker);
}

static void a_claim_says_what_two_runs_of_all_rules_say(void **state) {
    (void)state;
    static const char *const rules[] = {"tests/audit/data/claim", "tests/audit/data/rules"};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20261128));
    for (int round = 0; round < 240; round++) {
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        struct small s;
        struct sh_err err;
        const size_t n = write_lines(&rng, &text);
        CHECK_OK(small_run_of(&s, rules[round % 2], text.at, NULL, &err), &err);
        const size_t first = (size_t)sh_rng_below(&rng, n);
        check_against_two_runs(&s, n, first,
                               round % 8 < 4 ? first + (size_t)sh_rng_below(&rng, n - first) : n);
        small_release(&s);
    }
}

static void a_claim_of_two_persons_is_refused(void **state) {
    (void)state;
    struct small s;
    struct sh_err err;
    struct sh_claim_worker *worker = NULL;
    struct sh_claim_findings found;
    CHECK_OK(small_run(&s,
                       "people: [{id: P1, birth: 2000-01-01}, {id: P2, birth: 1950-01-01}]\n"
                       "encounters:\n  - {id: E1, person: P1}\n  - {id: E2, person: P2}\nlines:\n"
                       "  - {item: \"01\", encounter: E1, covered: 1.00, time: 2026-02-03T08:00}\n"
                       "  - {item: \"01\", encounter: E2, covered: 1.00, time: 2026-02-03T08:00}\n",
                       "t-group", &err),
             &err);
    CHECK_OK(sh_claim_worker_new(s.plan, &worker, &err), &err);
    CHECK_CODE(sh_audit_claim(worker, &s.lake.chunk, (const uint8_t[]){0, 1}, &found, &err), SH_E_INPUT);
    CHECK_HAS(err.message, "one person");
    sh_claim_worker_free(worker);
    small_release(&s);
}

/* Groups of many persons, rows that meet, statistics: one claim cannot tell, and says so by name. */
static void rules_over_many_persons_answer_not_evaluated_by_name(void **state) {
    (void)state;
    static const char *const over_many[] = {"t-merged", "t-exchange", "t-exchange-pair", "t-statistic",
                                            "t-two-tables"};
    struct small s;
    struct sh_err err;
    struct sh_claim_worker *worker = NULL;
    struct sh_claim_findings found;
    CHECK_OK(small_run(&s,
                       "person: {birth: 2000-01-01}\nlines:\n"
                       "  - {item: X, time: 2026-02-03T08:00, quantity: 9, covered: 10.00}\n",
                       NULL, &err),
             &err);
    CHECK_OK(sh_claim_worker_new(s.plan, &worker, &err), &err);
    for (int again = 0; again < 2; again++) { /* nothing is kept from one claim to the next */
        CHECK_OK(sh_audit_claim(worker, &s.lake.chunk, (const uint8_t[]){1}, &found, &err), &err);
        size_t named = 0;
        for (size_t i = 0; i < found.n_not_evaluated; i++) {
            const struct sh_rule *r = sh_plan_rule(s.plan, found.not_evaluated[i]);
            CHECK(r->reach != SH_REACH_TIMELINE);
            for (size_t n = 0; n < sizeof over_many / sizeof over_many[0]; n++)
                named += sh_str_is(r->id, over_many[n]);
        }
        CHECK_I64(named, sizeof over_many / sizeof over_many[0]);
        size_t all = 0;
        for (size_t i = 0; i < sh_plan_rules(s.plan); i++)
            all += sh_plan_rule(s.plan, i)->reach != SH_REACH_TIMELINE;
        CHECK_I64(found.n_not_evaluated, all);
        for (size_t i = 0; i < found.n; i++)
            CHECK(!found.at[i].finding ||
                  sh_plan_rule(s.plan, found.at[i].finding->rule)->reach == SH_REACH_TIMELINE);
    }
    sh_claim_worker_free(worker);
    small_release(&s);
}

CHECK_MAIN(cmocka_unit_test(rules_over_many_persons_answer_not_evaluated_by_name),
           cmocka_unit_test(requests_add_up_to_the_night),
           cmocka_unit_test(a_claim_says_what_two_runs_of_all_rules_say),
           cmocka_unit_test(a_request_is_told_only_what_it_changes),
           cmocka_unit_test(a_claim_of_two_persons_is_refused))
