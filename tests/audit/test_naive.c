/* Goal: groups, windows and pairs agree with a slow and obvious version on random small lakes; money is never
 * drawn twice. */
#include "base/date.h"
#include "small.h"
#include <string.h>

enum { LINES_MAX = 60, PERSONS = 2 };

struct line {
    int person, institution, minute, quantity; /* minutes since 2026-02-01 */
    int64_t covered;
    const char *item;
};
struct claims {
    struct line lines[LINES_MAX];
    size_t n;
};

static void make_claims(struct sh_rng *rng, struct claims *c, const char *const *items, size_t n_items,
                        int days) {
    c->n = (size_t)sh_rng_between(rng, 1, LINES_MAX);
    for (size_t i = 0; i < c->n; i++)
        c->lines[i] = (struct line){.person = (int)sh_rng_below(rng, PERSONS),
                                    .institution = (int)sh_rng_below(rng, 2),
                                    .minute = (int)sh_rng_below(rng, (uint64_t)days * 48) * 30,
                                    .quantity = (int)sh_rng_between(rng, 1, 3),
                                    .covered = sh_rng_chance(rng, 200000) ? 0 : sh_rng_between(rng, 1, 5000),
                                    .item = items[sh_rng_below(rng, n_items)]};
}

static void write_claims(const struct claims *c, struct sh_buf *out) {
    sh_buf_add_text(out, "people: [{id: P1, birth: 2000-01-01}, {id: P2, birth: 1950-01-01}]\ninstitutions: "
                         "[{code: H1}, {code: H2}]\nencounters:\n");
    for (int p = 0; p < PERSONS; p++)
        for (int h = 0; h < 2; h++)
            sh_buf_addf(out, "  - {id: E%d%d, person: P%d, institution: H%d}\n", p, h, p + 1, h + 1);
    sh_buf_add_text(out, "settlements:\n");
    for (int p = 0; p < PERSONS; p++)
        for (int h = 0; h < 2; h++) {
            int64_t covered = 0;
            for (size_t i = 0; i < c->n; i++)
                if (c->lines[i].person == p && c->lines[i].institution == h)
                    covered += c->lines[i].covered;
            const int64_t fund = covered * (3 + h) / 7;
            sh_buf_addf(
                out,
                "  - {id: S%d%d, encounter: E%d%d, covered: %lld.%02lld, fund: %lld.%02lld, total: 9.00}\n",
                p, h, p, h, (long long)covered / 100, (long long)covered % 100, (long long)fund / 100,
                (long long)fund % 100);
        }
    sh_buf_add_text(out, "lines:\n");
    for (size_t i = 0; i < c->n; i++) {
        const struct line *l = &c->lines[i];
        char time[SH_TIME_TEXT_MAX];
        (void)sh_time_format((int64_t)sh_days_of(2026, 2, 1) * SH_DAY_SECONDS + (int64_t)l->minute * 60,
                             time);
        sh_buf_addf(out,
                    "  - {id: L%03zu, item: \"%s\", time: \"%s\", quantity: %d, covered: %lld.%02lld, "
                    "amount: 60.00, encounter: E%d%d, settlement: S%d%d}\n",
                    i + 1, l->item, time, l->quantity, (long long)l->covered / 100,
                    (long long)l->covered % 100, l->person, l->institution, l->person, l->institution);
    }
}

static void run(struct small *s, const struct claims *c, const char *rule) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_err err;
    write_claims(c, &text);
    CHECK_OK(sh_buf_check(&text, &err), &err);
    CHECK_OK(small_run(s, text.at, rule, &err), &err);
}

/* Amount of each line over all findings, as the engine spread it; -1: not blamed. */
static void blamed_amounts(const struct small *s, int64_t *ret, size_t n) {
    for (size_t i = 0; i < n; i++)
        ret[i] = -1;
    for (size_t f = 0; f < s->found.n; f++)
        for (size_t l = 0; l < s->found.findings[f].n_lines; l++) {
            const struct sh_blamed_line *line = &s->found.findings[f].lines[l];
            int64_t *at = &ret[s->lake.line_of_row[line->row] - 1];
            if (line->blamed)
                *at = (*at < 0 ? 0 : *at) + line->amount_fen;
        }
}

/* Line order is (time, id), ids are by position. */
static int before(const struct claims *c, size_t a, size_t b) {
    return c->lines[a].minute != c->lines[b].minute ? c->lines[a].minute < c->lines[b].minute : a < b;
}
static int day(const struct line *l) {
    return l->minute / 1440;
}

static void groups_agree(void **state) {
    (void)state;
    static const char *const items[] = {"01", "02", "09"};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20260201));
    for (int round = 0; round < 60; round++) {
        struct claims c;
        struct small s;
        make_claims(&rng, &c, items, 3, 4);
        run(&s, &c, "t-group");
        int64_t total = 0, found = 0;
        size_t hits = 0;
        for (int p = 0; p < PERSONS; p++)
            for (int h = 0; h < 2; h++)
                for (int d = 0; d < 4; d++) {
                    int64_t n = 0, covered = 0;
                    for (size_t i = 0; i < c.n; i++) {
                        const struct line *l = &c.lines[i];
                        if (l->person != p || l->institution != h || day(l) != d || l->covered == 0 ||
                            strcmp(l->item, "09") == 0)
                            continue;
                        n += l->quantity, covered += l->covered;
                    }
                    if (n <= 1)
                        continue;
                    hits++;
                    total += (2 * covered * (n - 1) + n) / (2 * n); /* half up: positive */
                }
        for (size_t f = 0; f < s.found.n; f++)
            found += s.found.findings[f].amount_fen;
        CHECK_I64(s.found.n, hits);
        CHECK_I64(found, total);
        small_release(&s);
    }
}

static void windows_agree(void **state) {
    (void)state;
    static const char *const items[] = {"01", "09"};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20260202));
    for (int round = 0; round < 60; round++) {
        struct claims c;
        struct small s;
        int64_t amounts[LINES_MAX];
        int stands[LINES_MAX] = {0}, done[LINES_MAX] = {0};
        make_claims(&rng, &c, items, 2, 60);
        run(&s, &c, "t-window");
        blamed_amounts(&s, amounts, c.n);
        for (size_t k = 0; k < c.n; k++) {
            size_t next = LINES_MAX; /* the earliest not yet looked at */
            for (size_t i = 0; i < c.n; i++)
                if (!done[i] && (next == LINES_MAX || before(&c, i, next)))
                    next = i;
            done[next] = 1;
            const struct line *l = &c.lines[next];
            if (l->covered == 0 || strcmp(l->item, "01") != 0) {
                CHECK_I64(amounts[next], -1);
                continue;
            }
            int n = l->quantity;
            for (size_t i = 0; i < c.n; i++)
                if (stands[i] && c.lines[i].person == l->person && day(l) - day(&c.lines[i]) < 15)
                    n += c.lines[i].quantity;
            stands[next] = n <= 1;
            CHECK_I64(amounts[next], stands[next] ? -1 : l->covered);
        }
        small_release(&s);
    }
}

static void pairs_agree(void **state) {
    (void)state;
    static const char *const items[] = {"0A", "0B", "0C", "0D", "0G"};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20260203));
    for (int round = 0; round < 60; round++) {
        struct claims c;
        struct small s;
        make_claims(&rng, &c, items, 5, 6);
        run(&s, &c, "t-pair");
        size_t hits = 0;
        int64_t total = 0, found = 0;
        for (size_t b = 0; b < c.n; b++) {
            const struct line *l = &c.lines[b];
            const char *main_item = strcmp(l->item, "0B") == 0   ? "0A"
                                    : strcmp(l->item, "0D") == 0 ? "0C"
                                    : strcmp(l->item, "0G") == 0 ? "0B"
                                                                 : "";
            bool hit = false;
            for (size_t a = 0; a < c.n && l->covered > 0; a++) {
                const struct line *m = &c.lines[a];
                if (strcmp(m->item, main_item) != 0 || m->person != l->person ||
                    m->institution != l->institution)
                    continue;
                const int gap = m->minute > l->minute ? m->minute - l->minute : l->minute - m->minute;
                hit |= strcmp(l->item, "0D") == 0 ? gap <= 360 : day(m) == day(l);
            }
            hits += hit;
            total += hit ? l->covered : 0;
        }
        for (size_t f = 0; f < s.found.n; f++)
            found += s.found.findings[f].amount_fen;
        CHECK_I64(s.found.n, hits);
        CHECK_I64(found, total);
        small_release(&s);
    }
}

/* All rules at once: several hit the same lines. */
static void money_is_drawn_once(void **state) {
    (void)state;
    static const char *const items[] = {"01", "02", "03", "XA", "0A", "0B", "0G", "0E", "0F"};
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20260204));
    for (int round = 0; round < 40; round++) {
        struct claims c;
        struct small s;
        make_claims(&rng, &c, items, 9, 8);
        run(&s, &c, NULL);
        int64_t counted[LINES_MAX] = {0}, fund[PERSONS] = {0}, paid[PERSONS] = {0};
        for (size_t f = 0; f < s.found.n; f++) {
            const struct sh_finding *one = &s.found.findings[f];
            int64_t sum = 0, spread = 0;
            for (size_t l = 0; l < one->n_lines; l++) {
                const size_t at = (size_t)s.lake.line_of_row[one->lines[l].row] - 1;
                counted[at] += one->lines[l].counted_fen;
                sum += one->lines[l].counted_fen;
                spread += one->lines[l].amount_fen;
                CHECK(one->lines[l].counted_fen <= one->lines[l].amount_fen);
            }
            CHECK_I64(sum, one->counted_fen);
            CHECK_I64(spread, one->amount_fen);
            fund[one->person] += one->fund_fen;
        }
        for (size_t i = 0; i < c.n; i++)
            CHECK(counted[i] <= c.lines[i].covered);
        for (int p = 0; p < PERSONS; p++)
            for (int h = 0; h < 2; h++) {
                int64_t covered = 0;
                for (size_t i = 0; i < c.n; i++)
                    covered += c.lines[i].person == p && c.lines[i].institution == h ? c.lines[i].covered : 0;
                paid[p] += covered * (3 + h) / 7;
            }
        for (int p = 0; p < PERSONS; p++)
            CHECK(fund[p] <= paid[p]);
        small_release(&s);
    }
}

/* Answers and findings of rule i of the plan `all` are those of the only rule of `one`. */
static void check_alike(const struct small *all, size_t i, const struct small *one) {
    const struct sh_rule_answers *x = &sh_audit_worker_answers(all->worker)->rules[i],
                                 *y = &sh_audit_worker_answers(one->worker)->rules[0];
    assert_memory_equal(x->of, y->of, sizeof(x->of));
    CHECK_I64(x->not_concerned_lines, y->not_concerned_lines);
    CHECK_I64(x->findings, y->findings);
    CHECK_I64(x->amount_fen, y->amount_fen);
    size_t at = 0;
    for (size_t f = 0; f < all->found.n; f++) {
        const struct sh_finding *finding = &all->found.findings[f];
        if (finding->rule != i)
            continue;
        const struct sh_finding *alone = &one->found.findings[at++];
        assert_true(sh_str_eq(finding->key, alone->key));
        CHECK_I64(finding->amount_fen, alone->amount_fen);
        CHECK_I64(finding->level, alone->level);
        CHECK_I64(finding->n_lines, alone->n_lines);
    }
    CHECK_I64(at, one->found.n);
}

static void rules_judged_together_say_what_each_says_alone(void **state) {
    (void)state;
    static const char *const items[] = {"01", "02", "03", "04"};
    static const char alike[] = "tests/audit/data/alike";
    struct sh_rng rng;
    sh_rng_seed(&rng, check_seed(20261127));
    size_t n_findings = 0;
    for (int round = 0; round < 20; round++) {
        struct claims c;
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        SH_CLEANUP(small_release) struct small all = {0};
        struct sh_err err;
        make_claims(&rng, &c, items, 4, 4);
        write_claims(&c, &text);
        CHECK_OK(sh_buf_check(&text, &err), &err);
        CHECK_OK(small_run_of(&all, alike, text.at, NULL, &err), &err);
        CHECK_I64(sh_plan_rules(all.plan), 9);
        n_findings += all.found.n;
        for (size_t i = 0; i < sh_plan_rules(all.plan); i++) {
            SH_CLEANUP(small_release) struct small one = {0};
            char id[64];
            (void)snprintf(id, sizeof(id), "%.*s", SH_ARG(sh_plan_rule(all.plan, i)->id));
            CHECK_OK(small_run_of(&one, alike, text.at, id, &err), &err);
            check_alike(&all, i, &one);
        }
    }
    assert_true(n_findings > 100);
}

CHECK_MAIN(cmocka_unit_test(groups_agree), cmocka_unit_test(rules_judged_together_say_what_each_says_alone),
           cmocka_unit_test(windows_agree), cmocka_unit_test(pairs_agree),
           cmocka_unit_test(money_is_drawn_once))
