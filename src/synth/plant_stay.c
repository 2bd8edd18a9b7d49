/* Planters of the rules about two stays: overlapping, split. */
#include "synth/plant.h"

/* A plain stay whose charges lie on [first, end). */
static uint32_t stay(struct syn_life *life, uint32_t place, int32_t from, int32_t to, int32_t first,
                     int32_t end, uint16_t dx) {
    const uint32_t enc = sh_syn_plain_stay(life, place, first, end, dx);
    life->encs[enc].from = from, life->encs[enc].to = to;
    for (int32_t d = from - SYN_STAY_APART_DAYS; d <= to + SYN_STAY_APART_DAYS; d++)
        if (d >= life->city->first_day && d <= life->city->last_day)
            life->calendar[d - life->city->first_day] |= d >= from && d <= to ? 3 : 2;
    return enc;
}

static int64_t covered_of(const struct syn_life *life, uint32_t enc) {
    int64_t fen = 0;
    for (uint32_t i = life->encs[enc].line_first; i < life->n_lines; i++)
        if (life->lines[i].enc == enc)
            fen += life->lines[i].covered;
    return fen;
}

/* Lines of `enc` strictly inside the other stay: found at two institutions at once as well. */
static void also_two_institutions(struct syn_life *life, const struct syn_plant *plant, uint32_t enc,
                                  uint32_t other) {
    const struct syn_enc o = life->encs[other];
    const size_t end = life->n_lines;
    for (uint32_t i = life->encs[enc].line_first; i < end; i++) {
        const struct syn_line l = life->lines[i];
        if (l.enc == enc && l.day > o.from && l.day < o.to)
            sh_syn_truth_other(life, plant, "two-institutions", enc, i, l.covered);
    }
}

static void plant_overlap(struct syn_life *life, const struct syn_plant *plant, int how) {
    const int32_t d = plant->day;
    const uint16_t dx = plant->point->dx[0], dx_other = sh_syn_dx(life->book, SH_STR("I50.900"));
    const bool is_odd = plant->nth % 2;
    const uint32_t here = sh_syn_place(life, is_odd ? SYN_SECONDARY : SYN_TERTIARY, 0, true);
    const uint32_t there = sh_syn_place(life, is_odd ? SYN_TERTIARY : SYN_SECONDARY, 0, true);
    /* stay a: [0, a_to], charges before a_end; stay b: [b_from, b_to], charges from b_first */
    static const struct {
        int a_to, a_end, b_from, b_to, b_first, b_end;
    } ways[] = {
        {6, 5, 5, 10, 6, 10}, /* one night */
        {7, 5, 4, 11, 7, 11}, /* three nights */
        {6, 6, 4, 10, 4, 10}, /* two nights, charges everywhere */
        {5, 5, 5, 9, 5, 9},   /* moved: the day is shared, no night */
        {5, 5, 6, 10, 6, 10}, /* the day after */
        {6, 5, 5, 11, 6, 11}, /* one night, stays of equal cost */
    };
    const uint32_t a = stay(life, here, d, d + ways[how].a_to, d, d + ways[how].a_end, dx);
    const uint32_t b = stay(life, there, d + ways[how].b_from, d + ways[how].b_to, d + ways[how].b_first,
                            d + ways[how].b_end, dx_other);
    if (how == 3)
        life->encs[a].leaving = 2;
    const uint32_t blamed = covered_of(life, a) < covered_of(life, b) ? a : b; /* on a tie the later */
    sh_syn_truth_enc(life, plant, blamed);
    if (how == 2) {
        also_two_institutions(life, plant, a, b);
        also_two_institutions(life, plant, b, a);
    }
}

static void plant_split(struct syn_life *life, const struct syn_plant *plant, int how) {
    const struct syn_point *p = plant->point;
    const int limit = (int)(p->number / SYN_QTY);
    const int gap = how == 1 ? limit : how == 2 ? limit + 1 : how == 10 ? 1 : how == 7 ? 5 : 3;
    uint16_t dx = p->dx[plant->nth % p->n_dx], dx_again = dx;
    if (how == 3)
        dx_again = p->dx[(plant->nth + 1) % p->n_dx];
    if (how == 6)
        dx = dx_again = sh_syn_dx(life->book, SH_STR("Z51.100"));
    if (how == 8)
        dx = dx_again = sh_syn_dx(life->book, SH_STR("Z49.100"));
    if (how == 9)
        dx = sh_syn_dx(life->book, SH_STR("I63.900")), dx_again = sh_syn_dx(life->book, SH_STR("I63.300"));
    const uint32_t place = sh_syn_place(life, SYN_SECONDARY, 0, true);
    const uint32_t other = how == 4 ? sh_syn_place(life, SYN_TERTIARY, 0, true) : place;
    int32_t day = plant->day;
    const uint32_t first = sh_syn_plain_stay(life, place, day, day + 5, dx);
    if (how == 5)
        life->encs[first].leaving = 2;
    day += 5 + gap;
    sh_syn_truth_enc(life, plant, sh_syn_plain_stay(life, other, day, day + 4, dx_again));
    if (how == 7) {
        day += 4 + gap;
        sh_syn_truth_enc(life, plant, sh_syn_plain_stay(life, other, day, day + 6, dx_again));
    }
}

#define V true
#define N false
#define AD SYN_H_ADULT
static const struct syn_variant variants[] = {
    {"overlapping-stays", V, AD, plant_overlap, 0, 0, 12, 20, 0, false, "one night in two hospitals"},
    {"overlapping-stays", V, AD, plant_overlap, 1, 0, 12, 20, 0, false, "three nights in two hospitals"},
    {"overlapping-stays", V, AD, plant_overlap, 2, 0, 12, 45, 0, false, "two nights with charges in both"},
    {"overlapping-stays", V, AD, plant_overlap, 5, 0, 12, 25, 0, false, "stays of equal cost: the later"},
    {"overlapping-stays", N, AD, plant_overlap, 3, 0, 12, 1, 0, false, "moved: the day is shared"},
    {"overlapping-stays", N, AD, plant_overlap, 4, 0, 12, 1, 0, false, "admitted elsewhere the day after"},
    {"split-stay", V, AD, plant_split, 0, 0, 14, 20, 0, false, "back after three days"},
    {"split-stay", V, AD, plant_split, 1, 0, 28, 20, 0, false, "back on the last day that counts"},
    {"split-stay", V, AD, plant_split, 10, 0, 14, 20, 0, false, "back on the next day"},
    {"split-stay", V, AD, plant_split, 9, 0, 14, 20, 0, false, "another code of the same category"},
    {"split-stay", V, AD, plant_split, 7, 0, 32, 50, 0, false, "three stays in a row"},
    {"split-stay", N, AD, plant_split, 2, 0, 28, 1, 0, false, "back a day after the last that counts"},
    {"split-stay", N, AD, plant_split, 3, 0, 14, 1, 0, false, "another disease"},
    {"split-stay", N, AD, plant_split, 4, 0, 14, 1, 0, false, "another hospital"},
    {"split-stay", N, AD, plant_split, 5, 0, 14, 1, 0, false,
     "had been moved on by the first stay's hospital"},
    {"split-stay", N, AD, plant_split, 6, 0, 14, 1, 0, false, "planned: next cycle of chemotherapy"},
    {"split-stay", N, AD, plant_split, 8, 0, 14, 1, 0, false, "planned: dialysis"},
};

const struct syn_variant *sh_syn_stay_variants(size_t *ret_n) {
    *ret_n = sizeof variants / sizeof variants[0];
    return variants;
}
