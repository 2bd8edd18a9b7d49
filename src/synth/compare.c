/* What the statistics are planted in: hospitals of their own, in the month before the city begins, when no
 * other has a claim. One stands out in each ratio. Which ones lie beyond the bound is counted from the
 * charges once more, by arithmetic that shares nothing with those who judge. */
#include "synth/plant.h"
#include "synth/write.h"
#include <stdlib.h>

enum { VISITORS = 32, STEPS = 16, RETURN_DAYS = 12, MONTH_DAYS = 32 };
enum {
    GROWN_BEFORE = 6000,
    GROWN_NOW = 12000
}; /* fen: of one drug in a quarter, twice as much in the next */
enum { OUT_OF_LINE = 8000, STAY_FEN = 6000, CAP_FEN = 30000, WAGE_FEN = 600000 };
enum ratio { DRUG, EXAM, CT, MRI, MATERIAL, TREATMENT, INFECTION, RETURN, LOW_COST, AT_CAP, CLAIMED, RATIOS };
static const char *const rules[RATIOS] = {"drug-share",
                                          "exam-share",
                                          "ct-share",
                                          "mri-share",
                                          "material-share",
                                          "treatment-share",
                                          "hospital-infection-share",
                                          "unplanned-return-share",
                                          "case-low-cost",
                                          "pool-cap-share",
                                          "shell-employer"};

/* Sold by a hospital that has not got as much. */
enum { SHORT_DRUG, SHORT_MATERIAL, GOODS };
static const struct {
    const char *item, *rule;
} goods[GOODS] = {{SYN_SHORT_DRUG, "drug-stock"}, {SYN_SHORT_MATERIAL, "material-stock"}};

/* Of one hospital: numerator and denominator of each ratio. */
struct sums {
    int64_t part[RATIOS], whole[RATIOS];
    int in_bed[MONTH_DAYS]; /* persons, by night of the month */
    struct {
        int64_t quantity, covered;
    } goods[GOODS];
};

/* ---- the claims of a visitor --------------------------------------------------------------------- */

static void charge(struct syn_life *life, uint32_t enc, const char *key, int64_t fen) {
    const uint16_t item = sh_syn_item(life->book, sh_str_of(key));
    sh_check(item != SYN_NONE);
    const uint32_t line =
        sh_syn_line(life, enc, item, life->encs[enc].from, life->encs[enc].sec_from + 600, SYN_QTY);
    life->lines[line].price = fen * 10000;
    sh_syn_price(life, line);
}

/* A visit with a charge of each kind: a little more or less by hospital, far more where it stands out. */
static void visit(struct syn_life *life, uint32_t hospital, uint32_t place, int32_t day) {
    static const struct {
        const char *key;
        int64_t fen;
    } kinds[] = {{"omeprazole", 3000}, {"cbc", 1500},      {"ct_chest", 800},
                 {"mri_head", 600},    {"c_needle", 1000}, {"nebulize", 1200}};
    const uint32_t enc = sh_syn_plain_visit(life, place, 11, day, sh_syn_dx(life->book, SH_STR("K29.500")));
    for (uint32_t r = 0; r < sizeof kinds / sizeof kinds[0]; r++)
        charge(life, enc, kinds[r].key,
               kinds[r].fen + (int64_t)((hospital * 7 + r * 3) % STEPS) * 10 +
                   (hospital == r ? OUT_OF_LINE : 0));
}

static uint32_t how_many(uint32_t hospital, enum ratio ratio) {
    return hospital == (uint32_t)ratio ? VISITORS * 3 / 8 : (hospital + (uint32_t)ratio) % 5 + 1;
}

/* The outpatient pool pays to its cap. */
static void visit_at_cap(struct syn_life *life, uint32_t place, int32_t day) {
    const uint32_t enc = sh_syn_plain_visit(life, place, 11, day, sh_syn_dx(life->book, SH_STR("K29.500")));
    sh_syn_price_for_pool(life, enc, life->encs[enc].line_first, CAP_FEN);
}

/* Insured by an employer for years; some bear a child and claim for it. */
static void insure(struct syn_life *life, uint32_t hospital, uint32_t place, int32_t day, bool claims) {
    struct syn_beside row = {.kind = SYN_B_INSURED,
                             .place = (uint16_t)place,
                             .number = 70000000 + hospital,
                             .from = sh_days_of(2022, 3, 1),
                             .base_fen = WAGE_FEN};
    sh_syn_beside(life, row);
    if (!claims)
        return;
    row.kind = SYN_B_ALLOWANCE, row.from = day, row.to = day + 41, row.fen = WAGE_FEN * 42 / 30;
    sh_syn_beside(life, row);
    (void)sh_syn_plain_visit(life, place, 11, day, sh_syn_dx(life->book, SH_STR("O26.900")));
}

/* One drug of the watched ones, in the quarter before and now. */
static void grow(struct syn_life *life, uint32_t hospital, uint32_t place, int32_t day) {
    const uint16_t dx = sh_syn_dx(life->book, SH_STR("K29.500"));
    charge(life, sh_syn_plain_visit(life, place, 11, sh_syn_grown_from(life->city), dx), SYN_GROWN_DRUG,
           GROWN_BEFORE);
    charge(life, sh_syn_plain_visit(life, place, 11, day, dx), SYN_GROWN_DRUG,
           GROWN_NOW + (hospital == SYN_GROWN));
}

/* A visit, a stay paid by group, for some a second one within the month; some fall ill in bed. */
static void live(struct syn_life *life, uint32_t hospital, uint32_t i) {
    const struct syn_city *city = life->city;
    const uint32_t place = city->n_places - SYN_COMPARED + hospital;
    const int32_t day = sh_syn_compared_month(city) + 1 + (int32_t)(i % 9);
    life->person = (struct syn_person){.index = city->n_persons + hospital * VISITORS + i,
                                       .sex = 1 + (int)(i % 2),
                                       .birth = sh_add_months(day, -12 * 40) - (int32_t)(i * 11),
                                       .insurance = 310,
                                       .kind = "11"};
    visit(life, hospital, place, day);
    const uint32_t stay =
        sh_syn_plain_stay(life, place, day + 2, day + 4, sh_syn_dx(life->book, SH_STR("I50.900")));
    life->encs[stay].drg = 1;
    if (hospital != LOW_COST)
        charge(life, stay, "nacl", STAY_FEN + (int64_t)(hospital * 5 % STEPS) * 40);
    if (i < how_many(hospital, AT_CAP))
        visit_at_cap(life, place, day + 5);
    insure(life, hospital, place, day + 6, life->person.sex == 2 && i / 2 < how_many(hospital, CLAIMED));
    if (i == 0 && (hospital == SYN_GROWN || hospital == SYN_GROWN + 1))
        grow(life, hospital, place, day + 6);
    if (i < how_many(hospital, INFECTION)) {
        sh_syn_enc_dx(life, stay, sh_syn_dx(life->book, SH_STR("J18.900")));
        life->encs[stay].is_infected = true;
    }
    if (i < how_many(hospital, RETURN))
        (void)sh_syn_plain_stay(life, place, day + 4 + RETURN_DAYS, day + 6 + RETURN_DAYS,
                                sh_syn_dx(life->book, SH_STR("N39.000")));
}

/* ---- the second count ---------------------------------------------------------------------------- */

static void add_line(const struct syn_item *item, int64_t fen, struct sums *to) {
    const char *c = item->category.at;
    const bool is_drug =
        sh_str_is(item->category, "09") || sh_str_is(item->category, "10") || sh_str_is(item->category, "11");
    const bool is_in[] = {[DRUG] = is_drug,
                          [EXAM] = c[0] == '0' && (c[1] == '3' || c[1] == '4'),
                          [CT] = sh_str_starts_with(item->code, SH_STR("002103")),
                          [MRI] = sh_str_starts_with(item->code, SH_STR("002102")),
                          [MATERIAL] = sh_str_is(item->category, "08"),
                          [TREATMENT] = sh_str_is(item->category, "05")};
    for (int r = 0; r <= TREATMENT; r++)
        to->part[r] += is_in[r] ? fen : 0, to->whole[r] += fen;
}

static void add_encounter(const struct syn_life *life, uint32_t enc, int32_t month, struct sums *to) {
    const struct syn_enc *e = &life->encs[enc];
    struct syn_money m;
    sh_syn_settle(life, enc, &m);
    if (!sh_syn_is_inpatient(e->med_type)) {
        to->part[AT_CAP] += m.pooled > CAP_FEN - 100;
        to->whole[AT_CAP] += m.pooled > 0;
        return;
    }
    to->part[INFECTION] += e->is_infected, to->whole[INFECTION]++;
    to->whole[RETURN]++;
    to->part[LOW_COST] += e->drg ? 100000 : 0, to->whole[LOW_COST] += e->drg ? m.total : 0;
    for (int32_t d = e->from; d < e->to; d++)
        to->in_bed[d - month]++;
}

static void count(const struct syn_life *life, struct sums *to) {
    const int32_t month = sh_syn_compared_month(life->city);
    int64_t stays = 0;
    for (size_t i = 0; i < life->n_lines; i++) {
        const struct syn_item *item = &life->book->items[life->lines[i].item];
        if (life->lines[i].day < month)
            continue;
        add_line(item, life->lines[i].amount, to);
        for (int g = 0; g < GOODS; g++)
            if (sh_str_is(item->key, goods[g].item))
                to->goods[g].quantity += life->lines[i].quantity,
                    to->goods[g].covered += life->lines[i].covered;
    }
    for (uint32_t i = 0; i < life->n_encs; i++) {
        if (life->encs[i].from < month)
            continue;
        add_encounter(life, i, month, to);
        stays += sh_syn_is_inpatient(life->encs[i].med_type);
    }
    for (size_t i = 0; i < life->n_beside; i++) {
        to->part[CLAIMED] += life->beside[i].kind == SYN_B_ALLOWANCE;
        to->whole[CLAIMED] += life->beside[i].kind == SYN_B_INSURED;
    }
    to->part[RETURN] += stays - 1; /* each but the last is followed by another */
}

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The lower median. */
static int64_t median_of(const int64_t *values) {
    int64_t sorted[SYN_COMPARED];
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, SYN_COMPARED, sizeof sorted[0], by_value);
    return sorted[(SYN_COMPARED - 1) / 2];
}

/* fen: near-misses are written with 0. */
static void tell_sum(struct syn_writer *w, const struct syn_city *city, const char *rule, const char *suffix,
                     uint32_t hospital, bool is_beyond, int64_t fen) {
    (void)sh_buf_addf(&w->out[SYN_T_TRUTH], "%s%s,%s,%s,,,,%lld.%02d,%s\n", rule, suffix,
                      is_beyond ? "violation" : "near-miss",
                      city->places[city->n_places - SYN_COMPARED + hospital].code, (long long)(fen / 100),
                      (int)(fen % 100), is_beyond ? "stands out" : "comes nearest of those that do not");
    w->counts.rows[SYN_T_TRUTH]++;
    *(is_beyond ? &w->counts.violations : &w->counts.near_misses) += 1;
}

static void tell(struct syn_writer *w, const struct syn_city *city, const char *rule, const char *suffix,
                 uint32_t hospital, bool is_beyond) {
    tell_sum(w, city, rule, suffix, hospital, is_beyond, 0);
}

/* A statistic; those of claims are made by department as well, and a hospital has one. */
static void tell_ratio(struct syn_writer *w, const struct syn_city *city, enum ratio ratio, uint32_t hospital,
                       bool is_beyond) {
    if (ratio == CLAIMED) { /* of employers: no institution */
        (void)sh_buf_addf(&w->out[SYN_T_TRUTH], "%s,%s,,,,,0.00,%s\n", rules[ratio],
                          is_beyond ? "violation" : "near-miss",
                          is_beyond ? "stands out" : "comes nearest of those that do not");
        w->counts.rows[SYN_T_TRUTH]++;
        *(is_beyond ? &w->counts.violations : &w->counts.near_misses) += 1;
        return;
    }
    tell(w, city, rules[ratio], "", hospital, is_beyond);
    if (ratio <= RETURN)
        tell(w, city, rules[ratio], "-department", hospital, is_beyond);
}

/* Bound: median + 3 × 1.4826 × MAD, in millionths. */
static void judge(struct syn_writer *w, const struct syn_city *city, const struct sums *sums,
                  enum ratio ratio) {
    int64_t values[SYN_COMPARED], apart[SYN_COMPARED];
    uint32_t highest = SYN_COMPARED;
    for (uint32_t h = 0; h < SYN_COMPARED; h++)
        values[h] = sh_syn_share(SYN_PPM, sums[h].part[ratio], sums[h].whole[ratio]);
    const int64_t median = median_of(values);
    for (uint32_t h = 0; h < SYN_COMPARED; h++)
        apart[h] = values[h] > median ? values[h] - median : median - values[h];
    const int64_t bound = median + sh_syn_share(median_of(apart), 44478, 10000);
    for (uint32_t h = 0; h < SYN_COMPARED; h++)
        if (values[h] > bound)
            tell_ratio(w, city, ratio, h, true);
        else if (highest == SYN_COMPARED || values[h] > values[highest])
            highest = h;
    if (highest < SYN_COMPARED)
        tell_ratio(w, city, ratio, highest, false);
}

/* Nights on which more than half as many again lie in the few beds of one hospital; the goods of another. */
static void judge_single(struct syn_writer *w, const struct syn_city *city, const struct sums *sums) {
    enum { MOST = 7 };
    for (int d = 0; d < MONTH_DAYS; d++)
        if (sums[SYN_CROWDED].in_bed[d] >= MOST)
            tell(w, city, "beds-over", "", SYN_CROWDED, sums[SYN_CROWDED].in_bed[d] > MOST);
    tell(w, city, "item-growth", "", SYN_GROWN, true);
    tell(w, city, "item-growth", "", SYN_GROWN + 1, false);
    tell(w, city, "stock-balance", "", SYN_UNBALANCED, true);
    tell(w, city, "stock-balance", "", SYN_UNBALANCED + 1, false);
    for (int g = 0; g < GOODS; g++) { /* one unit of those sold was not there */
        const int64_t fen =
            sh_syn_share(sums[SYN_SHORT].goods[g].covered, SYN_QTY, sums[SYN_SHORT].goods[g].quantity);
        tell_sum(w, city, goods[g].rule, "", SYN_SHORT, true, fen);
        tell(w, city, goods[g].rule, "", SYN_SHORT + 1, false);
    }
}

sh_code sh_syn_compare(const struct syn_city *city, struct syn_life *life, struct syn_writer *w) {
    struct sums sums[SYN_COMPARED] = {0};
    for (uint32_t hospital = 0; hospital < SYN_COMPARED; hospital++)
        for (uint32_t i = 0; i < VISITORS; i++) {
            SH_TRY(sh_syn_life_begin(life, city, city->n_persons + hospital * VISITORS + i));
            live(life, hospital, i);
            count(life, &sums[hospital]);
            SH_TRY(sh_syn_write_life(w, life));
        }
    for (int r = 0; r < RATIOS; r++)
        judge(w, city, sums, (enum ratio)r);
    judge_single(w, city, sums);
    return sh_buf_check(&w->out[SYN_T_TRUTH], NULL);
}
