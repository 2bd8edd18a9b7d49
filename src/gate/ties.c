/* Whoever is tied to those concerned by an act, or was recused from its matter, does not act (procedures W7).
 * What counts stands on record in the registers "ties" and "recusals" and is read in the act's transaction.
 */
#include "base/date.h"
#include "gate/entry.h"

struct looking {
    struct sh_txn *txn;
    struct sh_request *rq;
    const struct sh_str *codes; /* [n] of those concerned */
    size_t n;
    struct sh_str matter;
    bool is_found;
    struct sh_str other, kind; /* the tie found */
};

static bool is_caller(const struct sh_request *rq, struct sh_str code) {
    return sh_str_is(code, rq->caller.person) || (rq->caller.login[0] && sh_str_is(code, rq->caller.login));
}

static bool concerns(const struct looking *looking, struct sh_str code) {
    for (size_t i = 0; i < looking->n; i++)
        if (code.len && sh_str_eq(looking->codes[i], code) && !is_caller(looking->rq, code))
            return true;
    return false;
}

static sh_code take_tie(struct looking *looking, const struct sh_record *record, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    struct sh_arena *arena = &looking->rq->arena;
    SH_TRY(sh_json_read("tie", record->open, &root, err));
    const struct sh_str person = sh_member(root, "person", arena), other = sh_member(root, "other", arena);
    const struct sh_str found = is_caller(looking->rq, person)  ? other
                                : is_caller(looking->rq, other) ? person
                                                                : SH_STR("");
    if (!concerns(looking, found))
        return SH_OK;
    looking->is_found = true;
    looking->other = found;
    looking->kind = sh_member(root, "kind", arena);
    return SH_OK;
}

static sh_code take_recusal(struct looking *looking, const struct sh_record *record, struct sh_err *err) {
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    struct sh_arena *arena = &looking->rq->arena;
    SH_TRY(sh_json_read("recusal", record->open, &root, err));
    if (!is_caller(looking->rq, sh_member(root, "person", arena)) ||
        !sh_str_eq(sh_member(root, "matter", arena), looking->matter) ||
        !sh_str_is(sh_member(root, "decision", arena), "granted"))
        return SH_OK;
    looking->is_found = true;
    looking->other = looking->matter;
    looking->kind = SH_STR("recusal");
    return SH_OK;
}

typedef sh_code taker(struct looking *, const struct sh_record *, struct sh_err *);

/* All records of a register in force today whose field names the caller, by id or by login. */
static sh_code look(struct looking *looking, const char *reg, const char *field, const char *caller,
                    taker *take, struct sh_err *err) {
    const struct sh_scope all = sh_scope_all();
    const struct sh_term term = {sh_str_of(field), sh_str_of(caller)};
    struct sh_page_query query = {
        .register_name = sh_str_of(reg),
        .as_of = sh_as_of_day(sh_day_of_time(sh_txn_now(looking->txn) + SH_SHANGHAI_SECONDS)),
        .limit = 100,
        .terms = &term,
        .n_terms = 1};
    do {
        struct sh_record_batch batch;
        SH_TRY(sh_record_scan(looking->txn, &all, &query, &looking->rq->arena, &batch, err));
        for (size_t i = 0; i < batch.n && !looking->is_found; i++)
            SH_TRY(take(looking, &batch.records[i], err));
        query.after_key = batch.next;
    } while (query.after_key.len && !looking->is_found);
    return SH_OK;
}

/* Where the caller may stand, by id and by login. Most people are tied to nobody, and every write asks: one
 * question tells whether there is anything to read. */
static sh_code look_all(struct looking *looking, struct sh_err *err) {
    static const struct {
        const char *reg, *field;
        taker *take;
    } places[] = {
        {"ties", "person", take_tie}, {"ties", "other", take_tie}, {"recusals", "person", take_recusal}};
    const char *const names[] = {looking->rq->caller.person, looking->rq->caller.login};
    const size_t n_places = looking->matter.len ? 3 : 2;
    struct sh_mention mentions[SH_MENTIONS_MAX];
    size_t n = 0;
    bool is_mentioned = false;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; names[i][0] && k < n_places; k++)
            mentions[n++] =
                (struct sh_mention){places[k].reg, {sh_str_of(places[k].field), sh_str_of(names[i])}};
    SH_TRY(sh_record_mentions(looking->txn, mentions, n, &is_mentioned, err));
    for (size_t i = 0; is_mentioned && i < 2; i++)
        for (size_t k = 0; names[i][0] && k < n_places && !looking->is_found; k++)
            SH_TRY(look(looking, places[k].reg, places[k].field, names[i], places[k].take, err));
    return SH_OK;
}

/* The tie's kind in words and the register's own basis. */
static sh_code refuse(const struct looking *looking) {
    struct sh_request *rq = looking->rq;
    const bool is_recusal = sh_str_is(looking->kind, "recusal");
    const struct sh_register *reg =
        sh_register_find(rq->gate->registers, is_recusal ? SH_STR("recusals") : SH_STR("ties"));
    const int32_t field = reg && !is_recusal ? sh_register_field(reg, SH_STR("kind"), false) : -1;
    struct sh_str kind = looking->kind;
    for (size_t i = 0; field >= 0 && i < reg->fields[field].n_choices; i++)
        if (sh_str_eq(reg->fields[field].choices[i].code, looking->kind))
            kind = rq->lang == SH_EN ? reg->fields[field].choices[i].english
                                     : reg->fields[field].choices[i].name;
    const struct sh_str basis = reg && reg->n_basis ? reg->basis[0] : SH_STR("");
    if (is_recusal)
        return sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, RECUSED), SH_ARG(looking->other), SH_ARG(basis));
    return sh_refuse(rq, GATE_SEPARATION, SH_SAY(rq, TIE), SH_ARG(looking->other), SH_ARG(kind),
                     SH_ARG(basis));
}

sh_code sh_ties_stop(struct sh_txn *txn, struct sh_request *rq, const struct sh_str *codes, size_t n,
                     struct sh_str matter, struct sh_err *err) {
    struct looking looking = {.txn = txn, .rq = rq, .codes = codes, .n = n, .matter = matter};
    SH_TRY(look_all(&looking, err));
    return looking.is_found ? sh_stop(refuse(&looking)) : SH_OK;
}

sh_code sh_ties_stop_entries(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entries,
                             size_t n_entries, struct sh_str matter, struct sh_err *err) {
    const struct sh_register *reg = n_entries ? entries[0].reg : NULL;
    if (!reg || sh_str_is(reg->id, "ties")) /* who declares a tie is concerned by it */
        return SH_OK;
    struct sh_str *codes = sh_new(&rq->arena, struct sh_str, reg->n_fields * n_entries);
    if (!codes)
        return sh_fail(err, SH_E_NOMEM, "no room for those concerned");
    size_t n = 0;
    for (size_t r = 0; r < n_entries; r++)
        for (size_t i = 0; entries[r].values && i < reg->n_fields; i++) {
            const enum sh_field_type type = reg->fields[i].type;
            if (entries[r].values[i].len &&
                (type == SH_FIELD_CODE || type == SH_FIELD_REF || type == SH_FIELD_USCC))
                codes[n++] = entries[r].values[i];
        }
    return sh_ties_stop(txn, rq, codes, n, matter, err);
}

sh_code sh_ties_stop_entry(struct sh_txn *txn, struct sh_request *rq, const struct sh_entry_values *entry,
                           struct sh_str matter, struct sh_err *err) {
    return sh_ties_stop_entries(txn, rq, entry, 1, matter, err);
}
