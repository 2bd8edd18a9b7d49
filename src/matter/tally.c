/* Rows by state: counted while an act goes on, written when it leaves a matter or ends. An act of thousands
 * would else write one row as often, and PostgreSQL reads all that a transaction has made of it each time. */
#include "matter/item.h"

static sh_code write_matter(struct sh_txn *txn, struct sh_tally *t, struct sh_err *err) {
    for (size_t i = 0; i < t->n_states; i++) {
        const struct sh_value values[] = {SH_TEXT(t->matter), SH_TEXT(t->states[i].state),
                                          SH_I64(t->states[i].n), SH_I64(t->states[i].fen)};
        SH_TRY(sh_sql_run(txn,
                          "insert into mt_count (matter, state, n, amount) values ($1, $2, $3, $4) on "
                          "conflict (matter, state) do update set n = mt_count.n + excluded.n, amount = "
                          "mt_count.amount + excluded.amount",
                          values, 4, NULL, err));
    }
    t->n_states = 0;
    return SH_OK;
}

static sh_code write_totals(struct sh_txn *txn, struct sh_tally *t, struct sh_err *err) {
    for (size_t i = 0; i < t->n_totals; i++) {
        const struct sh_value values[] = {SH_TEXT(t->totals[i].procedure), SH_TEXT(t->totals[i].state),
                                          SH_TEXT(t->totals[i].place), SH_TEXT(t->totals[i].body),
                                          SH_I64(t->totals[i].n)};
        SH_TRY(sh_sql_run(txn,
                          "insert into mt_total (procedure, state, place, body, n) values ($1, $2, $3, $4, "
                          "$5) on conflict (procedure, state, place, body) do update set n = mt_total.n + "
                          "excluded.n",
                          values, 5, NULL, err));
    }
    t->n_totals = 0;
    return SH_OK;
}

static sh_code add_total(struct work *w, struct sh_tally *t, struct sh_str state, int64_t n) {
    size_t i = 0;
    while (i < t->n_totals &&
           !(sh_str_eq(t->totals[i].state, state) && sh_str_eq(t->totals[i].procedure, w->m.text->id) &&
             sh_str_eq(t->totals[i].place, w->m.place) && sh_str_eq(t->totals[i].body, w->m.body)))
        i++;
    if (i == SH_TALLY_MAX) {
        SH_TRY(write_totals(w->txn, t, w->err));
        i = 0;
    }
    if (i == t->n_totals) {
        t->totals[i] = (struct sh_total){w->m.text->id, state, w->m.place, w->m.body, 0};
        t->n_totals++;
    }
    t->totals[i].n += n;
    return SH_OK;
}

sh_code sh_tally_add(struct work *w, struct sh_tally *t, struct sh_str state, int64_t n, int64_t fen) {
    size_t i = 0;
    if (!sh_str_eq(t->matter, w->m.id))
        SH_TRY(write_matter(w->txn, t, w->err));
    t->matter = w->m.id;
    while (i < t->n_states && !sh_str_eq(t->states[i].state, state))
        i++;
    if (i == SH_TALLY_MAX) {
        SH_TRY(write_matter(w->txn, t, w->err));
        i = 0;
    }
    if (i == t->n_states) {
        t->states[i] = (struct sh_state_count){state, 0, 0};
        t->n_states++;
    }
    t->states[i].n += n;
    if (sh_add(t->states[i].fen, fen, &t->states[i].fen) != SH_OK)
        return sh_fail(w->err, SH_E_OVERFLOW, "the sum of a state leaves its range");
    return n ? add_total(w, t, state, n) : SH_OK;
}

sh_code sh_tally_write(struct sh_txn *txn, struct sh_tally *t, struct sh_err *err) {
    SH_TRY(write_matter(txn, t, err));
    return write_totals(txn, t, err);
}
