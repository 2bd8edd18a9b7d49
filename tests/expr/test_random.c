/* Goal: random typed expressions over random rows give what a slow evaluator written from the manual gives,
 * one row at a time. */
#include "check.h"
#include "base/money.h"
#include "small.h"

enum state { VALUE, MISSING, NONE };
struct value {
    enum state state;
    sh_i128 num, den; /* exact; conditions: num 0 or 1 */
};
static const struct value missing = {MISSING, 0, 1}, none = {NONE, 0, 1};

struct tree {
    char op; /* c column, n number, + - * / m M a(bs) ~(neg); & | ! < ... ; see slow() */
    const char *text;
    struct tree *a, *b;
    int column;
    int64_t number;
    int scale;
};

struct maker {
    struct sh_arena arena;
    struct sh_rng rng;
};

/* ---- columns ------------------------------------------------------------------------------------------- */

static struct value of(int64_t v, int64_t gone, int scale, bool empty_none) {
    struct value x = {VALUE, v, 1};
    for (; scale > 0; scale--)
        x.den *= 10;
    return v == gone ? (empty_none ? none : missing) : x;
}

enum { PLAIN, YUAN, DATE, DAYS, KINDS };
static const struct {
    const char *text;
    int kind;
} columns[] = {{"quantity", PLAIN},    {"k.max", PLAIN},  {"covered", YUAN}, {"line.amount", YUAN},
               {"unit_price", YUAN},   {"k.price", YUAN}, {"day", DATE},     {"person.birth", DATE},
               {"person.death", DATE}, {"days", DAYS},    {"k.days", DAYS}};

static struct value read_column(const struct small *s, int column, int line, int k) {
    const int32_t p = s->l_person[line];
    switch (column) {
    case 0:
        return of(s->l_quantity[line], M, 4, false);
    case 1:
        return of(s->k_max[k], M, 0, false);
    case 2:
        return of(s->l_covered[line], M, 2, false);
    case 3:
        return of(s->l_amount[line], M, 2, false);
    case 4:
        return of(s->l_price[line], M, 6, false);
    case 5:
        return of(s->k_price[k], M, 6, false);
    case 6:
        return s->l_time[line] == M ? missing
                                    : of((s->l_time[line] - 43200) / 86400, M, 0, false); /* all at noon */
    case 7:
        return p < 0 ? missing : of(s->p_birth[p], INT32_MIN, 0, false);
    case 8:
        return p < 0 ? missing : of(s->p_death[p], INT32_MIN, 0, true);
    case 9:
        return of(s->l_days[line], M, 4, false);
    default:
        return of(s->k_days[k], INT32_MIN, 0, false);
    }
}

/* ---- the slow evaluator -------------------------------------------------------------------------------- */

static sh_i128 gcd(sh_i128 a, sh_i128 b) {
    return b ? gcd(b, a % b) : a < 0 ? -a : a;
}
static struct value reduced(sh_i128 num, sh_i128 den) {
    const sh_i128 g = gcd(num, den);
    if (g)
        num /= g, den /= g;
    return den < 0 ? (struct value){VALUE, -num, -den} : (struct value){VALUE, num, den};
}
static int order(struct value a, struct value b) {
    const sh_i128 x = a.num * b.den, y = b.num * a.den;
    return (x > y) - (x < y);
}
static struct value truth(bool is) {
    return (struct value){VALUE, is, 1};
}

static struct value kleene(char op, struct value a, struct value b) {
    const int deciding = op == '|';
    if ((a.state == VALUE && a.num == deciding) || (b.state == VALUE && b.num == deciding))
        return truth(deciding);
    return a.state == MISSING || b.state == MISSING ? missing : truth(!deciding);
}

static struct value two(char op, struct value a, struct value b) {
    if (strchr("<>=lg#", op)) { /* comparisons: l <=, g >=, # != */
        if (a.state == NONE || b.state == NONE)
            return truth(false);
        if (a.state == MISSING || b.state == MISSING)
            return missing;
        const int o = order(a, b);
        return truth(op == '<'   ? o < 0
                     : op == '>' ? o > 0
                     : op == '=' ? o == 0
                     : op == 'l' ? o <= 0
                     : op == 'g' ? o >= 0
                                 : o != 0);
    }
    if (a.state == NONE || b.state == NONE)
        return none;
    if (a.state == MISSING || b.state == MISSING)
        return missing;
    switch (op) {
    case '+':
        return reduced(a.num * b.den + b.num * a.den, a.den * b.den);
    case '-':
        return reduced(a.num * b.den - b.num * a.den, a.den * b.den);
    case '*':
        return reduced(a.num * b.num, a.den * b.den);
    case '/':
        return b.num == 0 ? missing : reduced(a.num * b.den, a.den * b.num);
    case 'm':
        return order(a, b) < 0 ? a : b;
    default:
        return order(a, b) < 0 ? b : a;
    }
}

static struct value slow(const struct small *s, const struct tree *t, int line, int k) {
    if (t->op == 'c')
        return read_column(s, t->column, line, k);
    if (t->op == 'n')
        return of(t->number, M, t->scale, false);
    if (t->op == 'v') /* visit = 住院 */
        return s->l_encounter[line] < 0 || s->e_visit[s->l_encounter[line]] < 0
                   ? missing
                   : truth(s->e_visit[s->l_encounter[line]] == 0);
    if (t->op == 'f') { /* newborn: empty is no */
        const int32_t e = s->l_encounter[line];
        return e < 0 ? missing : truth(s->e_newborn[e] == 1);
    }
    const struct value a = slow(s, t->a, line, k);
    if (t->op == '!')
        return a.state == VALUE ? truth(a.num == 0) : missing;
    if (t->op == 'k')
        return truth(a.state == VALUE);
    if (t->op == 'a' || t->op == '~')
        return a.state != VALUE ? a
                                : (struct value){VALUE, t->op == '~' || a.num < 0 ? -a.num : a.num, a.den};
    const struct value b = slow(s, t->b, line, k);
    return t->op == '&' || t->op == '|' ? kleene(t->op, a, b) : two(t->op, a, b);
}

/* ---- random texts -------------------------------------------------------------------------------------- */

static struct tree *node(struct maker *m, char op, struct tree *a, struct tree *b) {
    struct tree *t = sh_new(&m->arena, struct tree, 1);
    *t = (struct tree){.op = op, .a = a, .b = b};
    return t;
}
#define TEXT(...) sh_arena_printf(&m->arena, NULL, __VA_ARGS__)

static struct tree *leaf(struct maker *m, int kind) {
    struct tree *t = node(m, 'c', NULL, NULL);
    if (kind != DATE && sh_rng_below(&m->rng, 3) == 0) {
        t->op = 'n';
        t->scale = (int)sh_rng_below(&m->rng, 4);
        t->number = (int64_t)sh_rng_below(&m->rng, 3000);
        char out[40];
        int64_t unit = 1;
        for (int i = 0; i < t->scale; i++)
            unit *= 10;
        (void)snprintf(out, sizeof out, t->scale ? "%d.%0*d" : "%d", (int)(t->number / unit), t->scale,
                       (int)(t->number % unit));
        t->text = TEXT("%s%s", out,
                       kind == DAYS                               ? " days"
                       : kind == YUAN && sh_rng_below(&m->rng, 2) ? " yuan"
                                                                  : "");
        return t;
    }
    do
        t->column = (int)sh_rng_below(&m->rng, sizeof columns / sizeof *columns);
    while (columns[t->column].kind != kind);
    t->text = columns[t->column].text;
    return t;
}

static bool literal_only(const struct tree *t) {
    return t->op == 'n' || (t->op != 'c' && literal_only(t->a) && (!t->b || literal_only(t->b)));
}

static struct tree *number(struct maker *m, int kind, int depth) {
    if (depth <= 0 || sh_rng_below(&m->rng, 4) == 0 || kind == DATE)
        return leaf(m, kind);
    const char op = "+-*/mMa~"[sh_rng_below(&m->rng, 8)];
    struct tree *a = number(m, kind, depth - 1), *b = NULL;
    if (literal_only(a) && (op == '*' || op == '/')) { /* plain literals would make the product plain */
        a = leaf(m, DATE);
        a->column = kind == YUAN ? 2 : kind == DAYS ? 9 : 0;
        a->text = columns[a->column].text;
    }
    if (op != 'a' && op != '~')
        b = number(m, op == '*' || op == '/' ? PLAIN : kind, op == '*' || op == '/' ? 0 : depth - 1);
    struct tree *t = node(m, op, a, b);
    t->text = op == 'm' || op == 'M' ? TEXT("%s(%s, %s)", op == 'm' ? "min" : "max", a->text, b->text)
              : op == 'a'            ? TEXT("abs(%s)", a->text)
              : op == '~'            ? TEXT("-(%s)", a->text)
                                     : TEXT("(%s %c %s)", a->text, op, b->text);
    return t;
}

static struct tree *condition(struct maker *m, int depth) {
    const uint64_t pick = sh_rng_below(&m->rng, depth > 0 ? 8 : 4);
    if (pick >= 6) {
        struct tree *a = condition(m, depth - 1), *t = node(m, '!', a, NULL);
        t->text = TEXT("not (%s)", a->text);
        return t;
    }
    if (pick >= 4) {
        struct tree *a = condition(m, depth - 1), *b = condition(m, depth - 1),
                    *t = node(m, pick == 4 ? '&' : '|', a, b);
        t->text = TEXT("(%s %s %s)", a->text, pick == 4 ? "and" : "or", b->text);
        return t;
    }
    if (pick == 0) {
        struct tree *t = node(m, sh_rng_below(&m->rng, 2) ? 'v' : 'f', NULL, NULL);
        t->text = t->op == 'v' ? "encounter.visit = 住院" : "encounter.newborn";
        return t;
    }
    const int kind = (int)sh_rng_below(&m->rng, KINDS);
    struct tree *a = number(m, kind, 2), *t;
    if (pick == 1) {
        t = node(m, 'k', a, NULL);
        t->text = TEXT("known(%s)", a->text);
        return t;
    }
    static const char ops[] = "<>=lg#";
    static const char *const signs[] = {"<", ">", "=", "<=", ">=", "!="};
    const size_t o = (size_t)sh_rng_below(&m->rng, 6);
    struct tree *b = number(m, kind, 2);
    t = node(m, ops[o], a, b);
    t->text = TEXT("%s %s %s", a->text, signs[o], b->text);
    return t;
}

static int64_t maybe(struct sh_rng *rng, int64_t v, int64_t gone) {
    return sh_rng_below(rng, 6) == 0 ? gone : v;
}

static void random_rows(struct small *s, struct sh_rng *rng) {
    for (int i = 0; i < N_LINES; i++) {
        s->l_person[i] = (int32_t)maybe(rng, (int64_t)sh_rng_below(rng, N_PERSONS), -1);
        s->l_encounter[i] = (int32_t)maybe(rng, (int64_t)sh_rng_below(rng, N_ENCOUNTERS), -1);
        s->l_quantity[i] = maybe(rng, sh_rng_between(rng, -20000, 50000), M);
        s->l_covered[i] = maybe(rng, sh_rng_between(rng, -500, 5000), M);
        s->l_amount[i] = maybe(rng, sh_rng_between(rng, -500, 5000), M);
        s->l_price[i] = maybe(rng, sh_rng_between(rng, 0, 20) * 250000, M);
        s->l_days[i] = maybe(rng, sh_rng_between(rng, 0, 30) * 10000, M);
        s->l_time[i] = maybe(rng, sh_rng_between(rng, -100, 100) * 86400 + 43200, M);
    }
    for (int i = 0; i < 3; i++) {
        s->e_visit[i] = (int32_t)maybe(rng, (int64_t)sh_rng_below(rng, 3), -1);
        s->e_newborn[i] = (int8_t)maybe(rng, (int64_t)sh_rng_below(rng, 2), INT8_MIN);
        s->p_birth[i] = (int32_t)maybe(rng, sh_rng_between(rng, -100, 100), INT32_MIN);
        s->p_death[i] = (int32_t)maybe(rng, sh_rng_between(rng, -100, 100), INT32_MIN);
        s->k_max[i] = maybe(rng, sh_rng_between(rng, 0, 5), M);
        s->k_price[i] = maybe(rng, sh_rng_between(rng, 0, 20) * 250000, M);
        s->k_days[i] = (int32_t)maybe(rng, sh_rng_between(rng, 0, 30), INT32_MIN);
    }
}

/* Asked for all at once, in any order, the causes are those of one by one. */
static void causes_agree(const struct sh_expr *e, const struct sh_eval *in, const struct sh_batch *batch,
                         const int64_t *got) {
    struct sh_err err;
    uint32_t pick[N_LINES], n = 0;
    struct sh_str causes[N_LINES];
    for (uint32_t i = batch->n; i-- > 0;)
        if (got[i] == M)
            pick[n++] = i;
    CHECK_OK(sh_expr_causes(e, in, batch, pick, n, causes, &err), &err);
    for (uint32_t i = 0; i < n; i++) {
        struct sh_str one;
        CHECK_OK(sh_expr_missing(e, in, batch, pick[i], &one, &err), &err);
        if (!sh_str_eq(causes[i], one))
            print_error("%.*s\n", SH_ARG(sh_expr_text(e)));
        CHECK_STR(causes[i], one.at);
    }
}

static bool check_one(struct maker *m, const struct small *s, const struct sh_eval *in, const struct tree *t,
                      struct sh_expr *e, bool money) {
    struct sh_err err;
    const int32_t ks[N_LINES] = {0, 1, 2, 0, 1, 2, 0, 1};
    const struct sh_batch batch = {.n = N_LINES, .rows = {NULL, ks}};
    int64_t got[N_LINES];
    bool overflow = false;
    CHECK_OK(money ? sh_expr_eval_fen(e, in, &batch, got, &err) : sh_expr_eval(e, in, &batch, got, &err),
             &err);
    causes_agree(e, in, &batch, got);
    for (int i = 0; i < N_LINES; i++) {
        const struct value want = slow(s, t, i, ks[i]);
        int64_t value = want.state == VALUE ? (int64_t)want.num : money ? M : want.state == NONE ? 0 : M;
        if (money && want.state == VALUE && sh_div_round(want.num * 100, want.den, &value) != SH_OK)
            value = M;
        struct sh_str cause;
        CHECK_OK(sh_expr_missing(e, in, &batch, (uint32_t)i, &cause, &err), &err);
        CHECK((cause.len > 0) == (got[i] == M));
        if (got[i] == M && sh_str_is(cause, "overflow")) {
            overflow = true;
            continue;
        }
        if (got[i] != value)
            print_error("%s\n  line %d k %d\n", t->text, i, ks[i]);
        CHECK_I64(got[i], value);
    }
    (void)m;
    return overflow;
}

static void random_expressions_agree(void **state) {
    (void)state;
    enum { ROUNDS = 4000 };
    struct sh_rng rng;
    int overflows = 0;
    sh_rng_seed(&rng, check_seed(20260203));
    struct small *s = sh_alloc_array(1, sizeof *s);
    small_init(s);
    for (int round = 0; round < ROUNDS; round++) {
        struct maker m = {.rng = sh_rng_fork_n(&rng, (uint64_t)round)};
        random_rows(s, &m.rng);
        const bool money = round % 3 == 0;
        const struct tree *t = money ? number(&m, YUAN, 3) : condition(&m, 3);
        const struct sh_eval in = {&s->frame, &s->world, &m.arena};
        struct sh_expr *e;
        struct sh_err err = {0};
        const sh_code code = small_compile(t->text, SH_CONTEXT_ROW, &m.arena, &e, &err);
        if (code != SH_OK)
            print_error("%s\n", t->text);
        CHECK_OK(code, &err);
        overflows += check_one(&m, s, &in, t, e, money);
        sh_arena_free(&m.arena);
    }
    sh_free(s);
    CHECK(overflows < ROUNDS / 20);
}

/* ---- ages against the calendar, counted by hand -------------------------------------------------------- */

static void ages_around_leap_days(void **state) {
    (void)state;
    static const struct {
        int32_t birth[3], on[3];
        int64_t years;
    } cases[] = {{{2000, 2, 29}, {2014, 2, 28}, 13},   {{2000, 2, 29}, {2014, 3, 1}, 14},
                 {{2000, 2, 29}, {2016, 2, 28}, 15},   {{2000, 2, 29}, {2016, 2, 29}, 16},
                 {{1955, 12, 31}, {1969, 12, 30}, 13}, {{1955, 12, 31}, {1969, 12, 31}, 14},
                 {{2020, 5, 1}, {2020, 5, 1}, 0},      {{2020, 5, 1}, {2020, 4, 30}, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct small *s = sh_new(&arena, struct small, 1);
        small_init(s);
        s->p_birth[0] = DAY(cases[i].birth[0], cases[i].birth[1], cases[i].birth[2]);
        s->l_time[0] = AT(cases[i].on[0], cases[i].on[1], cases[i].on[2], 23);
        const struct sh_eval in = {&s->frame, &s->world, &arena};
        const int32_t row = 0;
        const struct sh_batch batch = {.n = 1, .rows = {&row, &row}};
        struct sh_expr *e;
        struct sh_err err;
        int64_t got;
        CHECK_OK(small_compile("person.age", SH_CONTEXT_ROW, &arena, &e, &err), &err);
        CHECK_OK(sh_expr_eval(e, &in, &batch, &got, &err), &err);
        CHECK_I64(got, cases[i].years);
    }
}

static void long_numbers_are_missing_not_wrong(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t covered, quantity, want;
    } cases[] = {{"covered + covered", INT64_MAX / 2 + 1, 1, M},
                 {"covered + covered", INT64_MAX / 2, 1, INT64_MAX - 1},
                 {"-covered - 1", INT64_MAX - 1, 1, M},
                 {"covered * quantity > 0", INT64_MAX, INT64_MAX, 1},
                 {"covered * quantity * quantity > 0", INT64_MAX, INT64_MAX, M},
                 {"covered * quantity", INT64_MAX, 2, M},
                 {"covered > quantity * 1 yuan", INT64_MAX, INT64_MAX, 1},
                 {"covered / quantity < covered", INT64_MAX, 20000, 1},
                 {"abs(covered)", -INT64_MAX, 1, M}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        struct small *s = sh_new(&arena, struct small, 1);
        small_init(s);
        s->l_covered[0] = cases[i].covered;
        s->l_quantity[0] = cases[i].quantity;
        const struct sh_eval in = {&s->frame, &s->world, &arena};
        const int32_t row = 0;
        const struct sh_batch batch = {.n = 1, .rows = {&row, &row}};
        struct sh_expr *e;
        struct sh_err err;
        int64_t got;
        CHECK_OK(small_compile(cases[i].text, SH_CONTEXT_ROW, &arena, &e, &err), &err);
        CHECK_OK(sh_expr_eval(e, &in, &batch, &got, &err), &err);
        if (got != cases[i].want)
            print_error("%s\n", cases[i].text);
        CHECK_I64(got, cases[i].want);
    }
}

CHECK_MAIN(cmocka_unit_test(random_expressions_agree), cmocka_unit_test(ages_around_leap_days),
           cmocka_unit_test(long_numbers_are_missing_not_wrong))
