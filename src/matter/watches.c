/* What a row of a register calls for: when a step or people have written it, each procedure that watches its
 * register is asked, and where its condition holds the law opens a matter. */
#include "matter/inner.h"

struct waking {
    struct work *w; /* of the step that wrote; of no matter: people did */
    const struct sh_procedure *text;
    const struct sh_watch_text *watch;
    struct sh_str record, subject, name; /* name: of the watch, as the table keeps it */
    struct sh_str key;                   /* that its answer is kept by */
    struct sh_str body, place, origin;   /* whose it is, where, and what wrote the row */
    const struct sh_str *values;         /* of the row */
};

/* The matter as it would begin: nothing of it is there yet but whom it is about, where and when. */
static sh_code begin(const struct waking *k, struct sh_failures *failures, struct work *ret) {
    const struct work *w = k->w;
    *ret = sh_work_beside(w);
    ret->who = NULL, ret->failures = failures;
    ret->depth = w->depth;
    /* What the law does late is dated as it was due, and so is what comes of it. */
    ret->occurred = w->who ? sh_txn_now(w->txn) : w->occurred;
    ret->occurred_day = ret->today = w->who ? w->today : w->occurred_day;
    ret->why = sh_textf(w->arena, "%.*s：%.*s", SH_ARG(k->watch->name), SH_ARG(k->origin));
    ret->m = (struct matter){.text = k->text,
                             .subject = k->subject,
                             .body = k->body,
                             .place = k->place,
                             .period = SH_STR(""),
                             .opened_at = ret->occurred};
    ret->m.values = sh_new(w->arena, struct sh_str, k->text->matter.n_fields + 1);
    if (!ret->m.values)
        return sh_fail(w->err, SH_E_NOMEM, "no room for a matter");
    for (size_t i = 0; i < k->text->matter.n_fields; i++)
        ret->m.values[i] = SH_STR("");
    return SH_OK;
}

/* One of this watch that is still open about the subject stands for this row too. */
static sh_code find_open(const struct waking *k, struct sh_str *ret) {
    const struct work *w = k->w;
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(k->name), SH_TEXT(k->subject)};
    SH_TRY(sh_sql_query(w->txn,
                        "select m.id from mt_matter m join mt_watch x on x.matter = m.id where x.watch = $1 "
                        "and m.subject = $2 and m.final = 0 limit 1",
                        key, 2, w->arena, &rows, w->err));
    *ret = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("");
    return SH_OK;
}

static sh_code fill(struct work *law, const struct waking *k, struct sh_matter_value *values) {
    const struct sh_watch_text *watch = k->watch;
    for (size_t i = 0; i < watch->n_values; i++) {
        const struct sh_yaml *from = watch->values[i].from;
        values[i].field = watch->values[i].to;
        if (sh_str_starts_with(from->text, SH_STR("row."))) {
            const struct sh_str name = sh_str_sub(from->text, 4, from->text.len);
            values[i].text = k->values[sh_register_field(watch->reg, name, false)];
            continue;
        }
        SH_TRY(sh_source_value(law, from, &values[i].text));
        if (sh_str_starts_with(from->text, SH_STR("=")))
            SH_TRY(sh_factbook_say(law->facts, from, values[i].text, -1, &values[i].text, law->err));
    }
    return SH_OK;
}

/* Is `where` true of a version, whatever days it is of? Of one that was withdrawn nothing is. */
static sh_code is_so(const struct waking *k, const struct sh_record *version, struct sh_str **ret_values,
                     bool *ret) {
    const struct sh_register *reg = k->watch->reg;
    *ret = false;
    if (version->is_withdrawn || version->is_erased)
        return SH_OK;
    SH_TRY(sh_row_values(k->w, reg, version, ret_values));
    const struct sh_register_asked asked = {
        {*ret_values, version->valid_from, version->valid_to}, k->w->today, NULL, 0};
    return sh_register_meets(reg, k->watch->where, &asked, k->w->arena, ret, k->w->err);
}

/* The row as it was just written. People write a row again for other reasons: it calls when `where` begins to
 * hold. */
static sh_code is_meant(struct waking *k, bool *ret) {
    const struct sh_scope all = sh_everything();
    const struct sh_record *versions = NULL;
    struct sh_str *values = NULL, *before = NULL;
    size_t n = 0;
    bool was = false;
    SH_TRY(sh_record_history(k->w->txn, &all, k->record, k->w->arena, &versions, &n, k->w->err));
    SH_TRY(is_so(k, &versions[n - 1], &values, ret));
    k->values = values, k->key = k->record;
    if (!*ret || k->watch->body < 0)
        return SH_OK;
    if (n > 1)
        SH_TRY(is_so(k, &versions[n - 2], &before, &was));
    *ret = !was;
    k->subject = values[k->watch->subject], k->body = values[k->watch->body];
    k->origin = sh_textf(k->w->arena, "%.*s %.*s", SH_ARG(k->watch->reg->name), SH_ARG(versions[n - 1].key));
    k->key = sh_textf(k->w->arena, "%.*s/%zu", SH_ARG(k->record), n);
    struct sh_str kind, parent, credit;
    return sh_body_record(k->w, k->body, &kind, &k->place, &parent, &credit);
}

/* An unknown answer is no "no": the matter is opened empty, and its file says what is missing, for people to
 * see and to decide. */
static sh_code wake(struct waking *k) {
    struct sh_failures failures = {0};
    struct work law;
    enum sh_guard_answer answer = SH_YES;
    struct sh_str missing, open;
    struct sh_matter_value values[SH_PROCEDURE_NAMES_MAX];
    char id[SH_ID_TEXT + 1];
    bool is = false;
    SH_TRY(is_meant(k, &is));
    const int32_t day = k->w->who ? k->w->today : k->w->occurred_day;
    if (!is || sh_procedure_find(k->w->texts->procedures, k->text->id, k->place, day) != k->text)
        return SH_OK;
    SH_TRY(begin(k, &failures, &law));
    SH_TRY(sh_work_facts_reads(&law));
    if (k->watch->when)
        SH_TRY(sh_factbook_ask(law.facts, k->watch->when, -1, &answer, &missing, law.err));
    if (answer == SH_NO)
        return SH_OK;
    SH_TRY(find_open(k, &open));
    if (open.len == 0) {
        const bool is_known = answer == SH_YES;
        if (is_known)
            SH_TRY(fill(&law, k, values));
        else
            law.why = sh_say(&law, M_WATCH_UNKNOWN, SH_ARG(law.why), SH_ARG(missing));
        const struct sh_matter_new wanted = {.procedure = k->text->id,
                                             .subject = k->subject,
                                             .parent = SH_STR(""),
                                             .period = SH_STR(""),
                                             .body = law.m.body,
                                             .values = values,
                                             .n_values = is_known ? k->watch->n_values : 0};
        const sh_code code = sh_matter_make(&law, k->text, &wanted, law.m.place, SH_STR(""), id);
        if (code == SH_E_CANCELLED)
            return sh_fail(law.err, k->watch->body < 0 ? SH_E_INTERNAL : SH_E_INPUT,
                           "%.*s: %.*s calls for a matter that cannot be opened: %.*s", SH_ARG(k->name),
                           SH_ARG(k->origin), SH_ARG(failures.of[0].message));
        SH_TRY(code);
        open = sh_str_of(id);
    }
    const struct sh_value row[] = {SH_TEXT(k->name), SH_TEXT(k->key), SH_TEXT(open),
                                   SH_I64(sh_txn_now(law.txn))};
    return sh_sql_run(law.txn,
                      "insert into mt_watch (watch, key, matter, at) values ($1, $2, $3, $4) on conflict do "
                      "nothing",
                      row, 4, NULL, law.err);
}

static struct sh_str name_of(struct work *w, const struct sh_procedure *text,
                             const struct sh_watch_text *watch) {
    return sh_textf(w->arena, "%.*s.%.*s", SH_ARG(text->id), SH_ARG(watch->id));
}

/* Rows of the register that this step wrote, and whom they are about. */
static sh_code wake_rows(struct work *w, const struct sh_procedure *text, const struct sh_watch_text *watch) {
    struct sh_rows rows;
    const struct sh_value key[] = {SH_TEXT(w->m.id), SH_I64(w->m.seq), SH_TEXT(watch->reg->id),
                                   SH_TEXT(watch->reg->fields[watch->subject].id)};
    SH_TRY(sh_sql_query(w->txn,
                        "select x.record, r.value from mt_written x join mt_row r on r.record = x.record and "
                        "r.register = x.register and r.field = $4 where x.matter = $1 and x.seq = $2 and "
                        "x.register = $3 order by x.record",
                        key, 4, w->arena, &rows, w->err));
    for (size_t r = 0; r < rows.n_rows; r++) {
        struct waking k = {.w = w,
                           .text = text,
                           .watch = watch,
                           .record = sh_cell(&rows, r, 0)->str,
                           .subject = sh_cell(&rows, r, 1)->str,
                           .name = name_of(w, text, watch),
                           .body = w->m.body,
                           .place = w->m.place,
                           .origin = w->m.number};
        SH_TRY(wake(&k));
    }
    return SH_OK;
}

sh_code sh_watches_wake(struct work *w) {
    const struct sh_procedures *all = w->texts->procedures;
    const int32_t day = w->who ? w->today : w->occurred_day;
    for (size_t p = 0; w->step->n_writes && p < all->n; p++) {
        const struct sh_procedure *text = &all->of[p];
        if (text->n_watches == 0 || sh_procedure_find(all, text->id, w->m.place, day) != text)
            continue;
        for (size_t i = 0; i < text->n_watches; i++)
            for (size_t k = 0; k < w->step->n_writes; k++)
                if (sh_str_eq(w->step->writes[k].reg, text->watches[i].reg->id)) {
                    SH_TRY(wake_rows(w, text, &text->watches[i]));
                    break;
                }
    }
    return SH_OK;
}

sh_code sh_matter_row_written(struct sh_txn *txn, const struct sh_matter_texts *texts, struct sh_str reg,
                              struct sh_str record, struct sh_arena *arena, struct sh_err *err) {
    const struct sh_procedures *all = texts->procedures;
    struct sh_failures failures = {0};
    struct work w = {.txn = txn, .texts = texts, .arena = arena, .failures = &failures, .err = err};
    w.occurred = sh_txn_now(txn);
    w.occurred_day = w.today = day_of_utc(w.occurred);
    for (size_t p = 0; p < all->n; p++)
        for (size_t i = 0; i < all->of[p].n_watches; i++) {
            const struct sh_watch_text *watch = &all->of[p].watches[i];
            if (watch->body < 0 || !sh_str_eq(watch->reg->id, reg))
                continue;
            struct waking k = {.w = &w,
                               .text = &all->of[p],
                               .watch = watch,
                               .record = record,
                               .name = name_of(&w, &all->of[p], watch)};
            SH_TRY(wake(&k));
        }
    return SH_OK;
}
