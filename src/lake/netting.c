#include "lake/netting.h"
#include "base/mem.h"
#include "base/money.h"
#include "expr/expr.h"

bool sh_net_is_refund(const struct sh_net_line *line) {
    return (line->quantity != SH_MISSING && line->quantity < 0) ||
           (line->amount != SH_MISSING && line->amount < 0);
}

struct work {
    const struct sh_net_line *lines;
    size_t n;
    int64_t *rest[2]; /* [n] left of a line: quantity, amount */
    struct sh_arena *arena;
    struct sh_net_match *matches;
    size_t n_matches, cap_matches;
};

static sh_code add(struct work *work, struct sh_net_match match, struct sh_err *err) {
    if (work->n_matches == work->cap_matches) {
        const size_t cap = work->cap_matches > 0 ? 2 * work->cap_matches : 8;
        struct sh_net_match *more = sh_new(work->arena, struct sh_net_match, cap);
        if (!more)
            return sh_fail(err, SH_E_NOMEM, "no room for %zu nettings of an encounter", cap);
        if (work->n_matches > 0)
            memcpy(more, work->matches, work->n_matches * sizeof *more);
        work->matches = more;
        work->cap_matches = cap;
    }
    work->matches[work->n_matches++] = match;
    return SH_OK;
}

/* What a refund still has to give back. */
struct due {
    size_t refund;
    int measure;               /* 0 quantity, 1 amount */
    int64_t open, whole;       /* of the measure, > 0 */
    int64_t left[3], total[3]; /* quantity, amount, covered: magnitudes not yet and in all; SH_MISSING */
};

static int64_t magnitude(int64_t v) {
    return v == SH_MISSING ? SH_MISSING : v < 0 ? -v : v;
}

static struct due due_of(const struct sh_net_line *line, size_t refund) {
    struct due due = {.refund = refund,
                      .measure = line->quantity != SH_MISSING && line->quantity < 0 ? 0 : 1};
    due.total[0] = due.measure == 0 ? magnitude(line->quantity) : 0;
    due.total[1] = magnitude(line->amount);
    due.total[2] = magnitude(line->covered);
    for (int k = 0; k < 3; k++)
        due.left[k] = due.total[k];
    due.open = due.whole = due.total[due.measure];
    return due;
}

/* Take up to `part` of the measure off a line (or nobody): money in proportion, the last piece takes what is
   left, so that the pieces add up. */
static sh_code give(struct work *work, struct due *due, size_t line, int64_t part, struct sh_err *err) {
    int64_t piece[3];
    for (int k = 0; k < 3; k++) {
        piece[k] = due->left[k];
        if (due->left[k] == SH_MISSING || part == due->open)
            continue;
        if (sh_div_round((sh_i128)due->total[k] * part, due->whole, &piece[k]) != SH_OK)
            return sh_fail(err, SH_E_OVERFLOW, "a refund's share is over 2^63");
        piece[k] = piece[k] < due->left[k] ? piece[k] : due->left[k];
    }
    if (due->measure == 0)
        piece[0] = part;
    else
        piece[1] = part;
    for (int k = 0; k < 3; k++)
        due->left[k] = due->left[k] == SH_MISSING ? SH_MISSING : due->left[k] - piece[k];
    due->open -= part;
    if (line != SH_NET_ORPHAN)
        for (int m = 0; m < 2; m++)
            if (work->rest[m][line] != SH_MISSING && piece[m] != SH_MISSING)
                work->rest[m][line] = work->rest[m][line] > piece[m] ? work->rest[m][line] - piece[m] : 0;
    return add(work, (struct sh_net_match){due->refund, line, piece[0], piece[1], piece[2]}, err);
}

static bool is_candidate(const struct work *work, size_t refund, size_t line, int measure) {
    const struct sh_net_line *r = &work->lines[refund], *l = &work->lines[line];
    return !sh_net_is_refund(l) && l->item == r->item && l->price == r->price && l->time <= r->time &&
           work->rest[measure][line] != SH_MISSING && work->rest[measure][line] > 0;
}

static sh_code match_named(struct work *work, struct due *due, struct sh_err *err) {
    const struct sh_str id = work->lines[due->refund].refund_of;
    for (size_t i = 0; i < work->n && due->open > 0; i++) {
        const int64_t rest = work->rest[due->measure][i];
        if (sh_net_is_refund(&work->lines[i]) || !sh_str_eq(work->lines[i].id, id) || rest == SH_MISSING ||
            rest <= 0)
            continue;
        SH_TRY(give(work, due, i, rest < due->open ? rest : due->open, err));
    }
    return SH_OK;
}

static sh_code match_free(struct work *work, struct due *due, struct sh_err *err) {
    for (size_t i = work->n; i-- > 0;)
        if (is_candidate(work, due->refund, i, due->measure) && work->rest[due->measure][i] == due->open)
            return give(work, due, i, due->open, err);
    for (size_t i = work->n; i-- > 0 && due->open > 0;) {
        const int64_t rest = work->rest[due->measure][i];
        if (is_candidate(work, due->refund, i, due->measure))
            SH_TRY(give(work, due, i, rest < due->open ? rest : due->open, err));
    }
    return SH_OK;
}

static sh_code match_all(struct work *work, bool named, struct sh_err *err) {
    for (size_t i = 0; i < work->n; i++) {
        const struct sh_net_line *line = &work->lines[i];
        if (!sh_net_is_refund(line) || (line->refund_of.len > 0) != named)
            continue;
        struct due due = due_of(line, i);
        SH_TRY(named ? match_named(work, &due, err) : match_free(work, &due, err));
        if (due.open > 0 || due.whole == 0)
            SH_TRY(give(work, &due, SH_NET_ORPHAN, due.open, err));
    }
    return SH_OK;
}

static int by_refund(const void *a, const void *b) {
    const struct sh_net_match *x = a, *y = b;
    if (x->refund != y->refund)
        return x->refund < y->refund ? -1 : 1;
    return x->line == y->line ? 0 : x->line < y->line ? -1 : 1;
}

sh_code sh_net_encounter(const struct sh_net_line *lines, size_t n, struct sh_arena *arena,
                         struct sh_net_match **ret, size_t *ret_n, struct sh_err *err) {
    struct work work = {.lines = lines, .n = n, .arena = arena};
    for (int m = 0; m < 2; m++) {
        work.rest[m] = sh_new(arena, int64_t, n);
        if (!work.rest[m])
            return sh_fail(err, SH_E_NOMEM, "no room to net an encounter of %zu lines", n);
        for (size_t i = 0; i < n; i++)
            work.rest[m][i] = m == 0 ? lines[i].quantity : lines[i].amount;
    }
    SH_TRY(match_all(&work, true, err));
    SH_TRY(match_all(&work, false, err));
    if (work.n_matches > 0)
        qsort(work.matches, work.n_matches, sizeof *work.matches, by_refund);
    *ret = work.matches;
    *ret_n = work.n_matches;
    return SH_OK;
}
