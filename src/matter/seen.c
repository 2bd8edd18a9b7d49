/* Who opened what, for steps that ask their actor to have read it himself, and for those that check another's
 * work: how they were done is told by reviews.c. */
#include "matter/item.h"

static bool may_take(const struct sh_matter_who *who, const struct sh_step *step) {
    for (size_t i = 0; i < step->n_by; i++)
        for (size_t k = 0; k < who->n_grants; k++)
            if (sh_str_eq(step->by[i].role, who->grants[k].role))
                return true;
    return false;
}

/* A step asks for it, or one that he may take inspects it? kind: of a paper; "attachments"; "receipt". */
static bool is_asked(const struct sh_machine *machine, const struct sh_matter_who *who, struct sh_str kind) {
    for (size_t i = 0; machine && i < machine->n_steps; i++) {
        const struct sh_step *step = &machine->steps[i];
        if (sh_str_eq(step->inspects, kind) && may_take(who, step))
            return true;
        for (size_t k = 0; k < step->n_seen; k++)
            if (sh_str_eq(step->seen[k], kind))
                return true;
    }
    return false;
}

static sh_code count(struct work *w, const char *sql, struct sh_str what, struct sh_str *ret) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_TEXT(what)};
    SH_TRY(sh_sql_query(w->txn, sql, key, 2, w->arena, &rows, w->err));
    *ret = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("");
    return SH_OK;
}

static sh_code is_wanted(struct work *w, struct sh_str what, bool *ret) {
    struct sh_str kind, file, item;
    SH_TRY(count(w, "select kind from mt_paper where matter = $1 and id = $2", what, &kind));
    SH_TRY(count(w, "select id from mt_attachment where matter = $1 and id = $2", what, &file));
    SH_TRY(count(w, "select id from mt_item where matter = $1 and id = $2", what, &item));
    *ret = (kind.len && is_asked(&w->m.text->matter, w->who, kind)) ||
           (file.len && is_asked(&w->m.text->matter, w->who, SH_STR("attachments"))) ||
           (item.len && is_asked(w->m.text->items, w->who, SH_STR("receipt")));
    return SH_OK;
}

/* An item names its matter. */
static sh_code matter_of(struct work *w, struct sh_str matter, struct sh_str what) {
    struct sh_rows rows;
    if (matter.len)
        return sh_matter_load(w, matter);
    SH_TRY(sh_sql_query(w->txn, "select matter from mt_item where id = $1", &SH_TEXT(what), 1, w->arena,
                        &rows, w->err));
    return sh_matter_load(w, rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR(""));
}

sh_code sh_matter_asks_seen(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                            struct sh_str what, bool *ret, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    struct sh_rows rows;
    *ret = false;
    SH_TRY(matter_of(&w, matter, what));
    SH_TRY(is_wanted(&w, what, ret));
    const struct sh_value key[] = {SH_TEXT(w.m.id), SH_TEXT(what), SH_TEXT(desk->who->person)};
    if (!*ret)
        return SH_OK;
    SH_TRY(sh_sql_query(txn, "select at from mt_seen where matter = $1 and what = $2 and person = $3", key, 3,
                        w.arena, &rows, err));
    *ret = rows.n_rows == 0;
    return SH_OK;
}

sh_code sh_matter_saw(struct sh_txn *txn, const struct sh_desk *desk, struct sh_str matter,
                      struct sh_str what, struct sh_err *err) {
    struct work w = sh_work_of(txn, desk, err);
    bool is_visible = false, is = false;
    int64_t changed = 0;
    SH_TRY(matter_of(&w, matter, what));
    SH_TRY(sh_matter_visible(&w, desk->who, &is_visible));
    SH_TRY(is_wanted(&w, what, &is));
    if (!is_visible || !is)
        return sh_fail(err, SH_E_NOTFOUND, "nothing of that id in this matter");
    const struct sh_value row[] = {SH_TEXT(w.m.id), SH_TEXT(what), SH_TEXT(desk->who->person),
                                   SH_I64(sh_txn_now(txn))};
    SH_TRY(sh_sql_run(
        txn, "insert into mt_seen (matter, what, person, at) values ($1, $2, $3, $4) on conflict do nothing",
        row, 4, &changed, err));
    const struct sh_leaf leaf = {
        .type = SH_STR("matter.seen"), .record = w.m.id, .version = w.m.version, .content = what};
    return changed ? sh_journal_add(txn, &leaf, err) : SH_OK;
}
