/* Who may take a step (W1–W8): role at the related body, what he did before, credentials, ties, recusals. */
#include "matter/inner.h"

enum { ANCESTORS_MAX = 16, TIES_MAX = 200, RECUSALS_MAX = 1000 };

sh_code sh_body_record(struct work *w, struct sh_str code, struct sh_str *ret_kind, struct sh_str *ret_place,
                       struct sh_str *ret_parent, struct sh_str *ret_credit) {
    const struct sh_scope all = sh_everything();
    struct sh_record record;
    *ret_kind = *ret_place = *ret_parent = *ret_credit = SH_STR("");
    if (code.len == 0)
        return SH_OK;
    const struct sh_as_of now = {w->today, INT64_MAX};
    const sh_code found =
        sh_record_find(w->txn, &all, SH_STR("bodies"), code, now, w->arena, &record, w->err);
    if (found == SH_E_NOTFOUND)
        return SH_OK;
    SH_TRY(found);
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("body", record.open, &root, w->err));
    *ret_kind = sh_json_member(root, SH_STR("kind"), w->arena);
    *ret_place = sh_json_member(root, SH_STR("place"), w->arena);
    *ret_parent = sh_json_member(root, SH_STR("parent"), w->arena);
    *ret_credit = sh_json_member(root, SH_STR("credit_code"), w->arena);
    return SH_OK;
}

/* The nearest ancestor-or-self with a 统一社会信用代码; the body itself when none is on record. */
static sh_code legal_body(struct work *w, struct sh_str code, struct sh_str *ret) {
    struct sh_str kind, place, parent, credit, at = code;
    for (int i = 0; i < ANCESTORS_MAX && at.len; i++) {
        SH_TRY(sh_body_record(w, at, &kind, &place, &parent, &credit));
        if (credit.len) {
            *ret = credit;
            return SH_OK;
        }
        at = parent;
    }
    *ret = code;
    return SH_OK;
}

sh_code sh_same_body(struct work *w, struct sh_str a, struct sh_str b, bool *ret) {
    struct sh_str left, right;
    *ret = sh_str_eq(a, b);
    if (*ret || a.len == 0 || b.len == 0)
        return SH_OK;
    SH_TRY(legal_body(w, a, &left));
    SH_TRY(legal_body(w, b, &right));
    *ret = sh_str_eq(left, right);
    return SH_OK;
}

sh_code sh_body_near(struct work *w, struct sh_str kind, struct sh_str place, struct sh_str *ret) {
    const struct sh_scope all = sh_everything();
    struct sh_page_query query = {
        .register_name = SH_STR("bodies"), .as_of = {w->today, INT64_MAX}, .limit = SH_STORE_PAGE_MAX};
    const struct sh_record *records = NULL;
    size_t n = 0, best = 0;
    *ret = SH_STR("");
    do {
        SH_TRY(sh_record_page(w->txn, &all, &query, w->arena, &records, &n, w->err));
        for (size_t i = 0; i < n; i++) {
            SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
            SH_TRY(sh_json_read("body", records[i].open, &root, w->err));
            const struct sh_str at = sh_json_member(root, SH_STR("place"), w->arena);
            if (!sh_str_eq(sh_json_member(root, SH_STR("kind"), w->arena), kind) ||
                !sh_place_covers(at, place))
                continue;
            size_t len = at.len; /* the narrowest that covers */
            while (len >= 2 && at.at[len - 1] == '0' && at.at[len - 2] == '0')
                len -= 2;
            if (ret->len == 0 || len > best)
                *ret = records[i].key, best = len;
        }
        query.after_key = n ? records[n - 1].key : SH_STR("");
    } while (n == SH_STORE_PAGE_MAX);
    return SH_OK;
}

/* ---- relations --------------------------------------------------------------------------------------- */

/* 620102 → 620100 → 620000 → 000000 */
static struct sh_str upper(struct work *w, struct sh_str place) {
    char text[16] = "000000";
    if (place.len != 6)
        return SH_STR("000000");
    memcpy(text, place.at, 6);
    for (int i = 4; i >= 0; i -= 2)
        if (text[i] != '0' || text[i + 1] != '0') {
            text[i] = text[i + 1] = '0';
            break;
        }
    return sh_copy(w->arena, (struct sh_str){text, 6});
}

struct sh_str sh_called_body(const struct work *w, const struct sh_actor *actor) {
    const int32_t at = actor->relation == SH_AT_CALLED && w->m.text
                           ? sh_machine_field(&w->m.text->matter, actor->field)
                           : -1;
    return at >= 0 && w->m.values ? w->m.values[at] : SH_STR("");
}

static sh_code is_related(struct work *w, const struct sh_actor *actor, const struct sh_matter_grant *grant,
                          bool *ret) {
    *ret = false;
    if (!sh_str_eq(actor->role, grant->role))
        return SH_OK;
    switch (actor->relation) {
    case SH_AT_OWN:
        return sh_same_body(w, grant->body, w->m.body, ret);
    case SH_AT_PEER:
        *ret = sh_str_eq(grant->place, w->m.place);
        return SH_OK;
    case SH_AT_UPPER:
        *ret = sh_str_eq(grant->place, upper(w, w->m.place));
        return SH_OK;
    case SH_AT_PARTY:
        for (size_t i = 0; i < w->parties.n; i++)
            *ret = *ret || sh_str_eq(w->parties.of[i].body, grant->body);
        return SH_OK;
    case SH_AT_ANY:
        *ret = sh_place_covers(grant->place, w->m.place);
        return SH_OK;
    case SH_AT_CALLED: {
        const struct sh_str body = sh_called_body(w, actor);
        *ret = body.len && sh_str_eq(grant->body, body);
        return SH_OK;
    }
    case SH_RELATIONS:
        break;
    }
    return SH_OK;
}

const struct sh_matter_grant *sh_who_grant(struct work *w, const struct sh_actor *actors, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; w->who && actors[i].kind != SH_ACTOR_LAW && k < w->who->n_grants; k++) {
            bool is = false;
            if (is_related(w, &actors[i], &w->who->grants[k], &is) == SH_OK && is)
                return &w->who->grants[k];
        }
    return NULL;
}

static void no_role(struct work *w, const struct sh_step *step) {
    SH_CLEANUP(sh_buf_free) struct sh_buf names = {0};
    for (size_t i = 0; i < step->n_by; i++) {
        const struct sh_role *role = sh_role_find(w->texts->roles, step->by[i].role);
        if (step->by[i].kind == SH_ACTOR_LAW || !role)
            continue;
        const struct sh_str name = lang_of(w) == SH_EN ? role->english : role->name;
        sh_buf_addf(&names, "%s%.*s", names.len ? (lang_of(w) == SH_EN ? " or " : "、") : "", SH_ARG(name));
    }
    if (names.len == 0)
        sh_failure_add(w, SH_FAIL_ROLE, step->basis, SH_STR(""), M_LAW_ONLY);
    else
        sh_failure_add(w, SH_FAIL_ROLE, step->basis, SH_STR(""), M_ROLE, SH_ARG(sh_buf_view(&names)));
}

/* ---- what he did before (W5) ------------------------------------------------------------------------- */

/* The matter, its parents, and what gathers it: where acts count for separation. */
static sh_code chain_of(struct work *w, struct sh_str *ret, size_t *ret_n) {
    struct sh_str at = w->m.id, parent = w->m.parent;
    *ret_n = 0;
    while (at.len && *ret_n < SH_CHAIN_MAX) {
        struct sh_rows rows;
        ret[(*ret_n)++] = at;
        at = parent;
        if (at.len == 0)
            break;
        SH_TRY(sh_sql_query(w->txn, "select parent from mt_matter where id = $1", &SH_TEXT(at), 1, w->arena,
                            &rows, w->err));
        parent = rows.n_rows ? sh_cell(&rows, 0, 0)->str : SH_STR("");
    }
    if (!w->m.text->container || *ret_n == SH_CHAIN_MAX)
        return SH_OK;
    struct sh_rows rows;
    SH_TRY(sh_sql_query(w->txn, "select container from mt_gathered where matter = $1", &SH_TEXT(w->m.id), 1,
                        w->arena, &rows, w->err));
    if (rows.n_rows)
        ret[(*ret_n)++] = sh_cell(&rows, 0, 0)->str;
    return SH_OK;
}

/* Rows (step, role, body, actor) of one matter and its items by one person ("" everybody). */
static sh_code acts_of(struct work *w, struct sh_str matter, struct sh_str person, struct sh_rows *ret) {
    /* An item of this matter is judged by what was done with it, not with its neighbours. */
    const bool by_item = w->item.len && sh_str_eq(matter, w->m.id);
    const struct sh_value values[] = {SH_TEXT(matter), SH_TEXT(person),
                                      SH_TEXT(by_item ? w->item : SH_STR(""))};
    return sh_sql_query(
        w->txn,
        "select step, role, body from mt_step where matter = $1 and (actor = $2 or $2 = '') union "
        "select step, role, body from mt_item_step where matter = $1 and (actor = $2 or $2 = '') and "
        "role <> '' and $3 = '' union "
        " select step, 'sign', body from mt_sign where matter = $1 and (person = $2 or $2 = '')",
        values, 3, w->arena, ret, w->err);
}

static struct sh_str step_name(const struct work *w, struct sh_str id) {
    const struct sh_procedure *text = w->m.text;
    const int32_t at = sh_machine_step(&text->matter, id);
    const int32_t item = text->items ? sh_machine_step(text->items, id) : -1;
    const struct sh_step *step = at >= 0     ? &text->matter.steps[at]
                                 : item >= 0 ? &text->items->steps[item]
                                             : NULL;
    return !step ? id : lang_of(w) == SH_EN ? step->english : step->name;
}

static bool is_named(const struct sh_str *names, size_t n, struct sh_str step) {
    for (size_t i = 0; i < n; i++) {
        const size_t dot = sh_str_find_char(names[i], '.'); /* procedure.step: the step's name counts */
        const struct sh_str name =
            dot == SH_STR_NONE ? names[i] : sh_str_sub(names[i], dot + 1, names[i].len);
        if (sh_str_eq(name, step))
            return true;
    }
    return false;
}

static sh_code check_persons(struct work *w, const struct sh_step *step, const struct sh_str *chain,
                             size_t n) {
    for (size_t c = 0; c < n; c++) {
        struct sh_rows rows;
        SH_TRY(acts_of(w, chain[c], w->who->person, &rows));
        for (size_t r = 0; r < rows.n_rows; r++) {
            const struct sh_str done = sh_cell(&rows, r, 0)->str, role = sh_cell(&rows, r, 1)->str;
            if (is_named(step->not_by, step->n_not_by, done))
                sh_failure_add(w, SH_FAIL_SEPARATION, step->basis, SH_STR(""), M_SEPARATION,
                               SH_ARG(step_name(w, done)));
            const struct sh_role_pair *pair =
                w->used.role.len ? sh_roles_forbid(w->texts->roles, role, w->used.role) : NULL;
            if (pair)
                sh_failure_add(w, SH_FAIL_ROLES, pair->basis, SH_STR(""), M_ROLES, SH_ARG(role),
                               SH_ARG(lang_of(w) == SH_EN ? pair->english : pair->why));
        }
    }
    return SH_OK;
}

static sh_code check_bodies(struct work *w, const struct sh_step *step, const struct sh_str *chain,
                            size_t n) {
    for (size_t c = 0; step->n_not_body_of && c < n; c++) {
        struct sh_rows rows;
        SH_TRY(acts_of(w, chain[c], SH_STR(""), &rows));
        for (size_t r = 0; r < rows.n_rows; r++) {
            bool is_same = false;
            const struct sh_str done = sh_cell(&rows, r, 0)->str;
            if (!is_named(step->not_body_of, step->n_not_body_of, done))
                continue;
            SH_TRY(sh_same_body(w, w->used.body, sh_cell(&rows, r, 2)->str, &is_same));
            if (is_same)
                sh_failure_add(w, SH_FAIL_BODY, step->basis, SH_STR(""), M_BODY, SH_ARG(step_name(w, done)));
        }
    }
    return SH_OK;
}

/* ---- ties, recusals, credentials --------------------------------------------------------------------- */

static bool is_of_matter(const struct work *w, struct sh_str other) {
    bool is = sh_str_eq(other, w->m.subject);
    for (size_t i = 0; i < w->parties.n; i++)
        is = is || sh_str_eq(other, w->parties.of[i].id) || sh_str_eq(other, w->parties.of[i].body);
    return is;
}

/* The article a register stands on. */
static struct sh_str basis_of(const struct work *w, struct sh_str name) {
    const struct sh_register *reg = sh_register_find(w->texts->registers, name);
    return reg && reg->n_basis ? reg->basis[0] : SH_STR("");
}

/* Keys are person|other|kind: those of one person lie together. */
static sh_code read_ties(struct work *w, struct bonds *bonds) {
    const struct sh_scope all = sh_everything();
    const struct sh_str prefix = sh_textf(w->arena, "%.*s|", SH_ARG(w->who->person));
    const struct sh_page_query query = {.register_name = SH_STR("ties"),
                                        .as_of = {w->today, INT64_MAX},
                                        .after_key = w->who->person,
                                        .limit = TIES_MAX};
    const struct sh_record *records = NULL;
    size_t n = 0;
    SH_TRY(sh_record_page(w->txn, &all, &query, w->arena, &records, &n, w->err));
    bonds->ties = sh_new(w->arena, struct tie, n + 1);
    if (!bonds->ties)
        return sh_fail(w->err, SH_E_NOMEM, "no room for ties");
    for (size_t i = 0; i < n && sh_str_starts_with(records[i].key, prefix); i++) {
        struct tie *tie = &bonds->ties[bonds->n_ties++];
        tie->kind = sh_str_sub(records[i].key, prefix.len, records[i].key.len);
        (void)sh_str_split(&tie->kind, '|', &tie->other);
    }
    return bonds->n_ties < TIES_MAX ? SH_OK
                                    : sh_fail(w->err, SH_E_LIMIT, "one person has %d ties or more", TIES_MAX);
}

static sh_code read_recusals(struct work *w, struct bonds *bonds) {
    const struct sh_scope all = sh_everything();
    const struct sh_value values[] = {SH_TEXT(w->who->person), SH_I64(RECUSALS_MAX + 1)};
    struct sh_rows rows;
    SH_TRY(sh_sql_query(
        w->txn,
        "select record from mt_row where register = 'recusals' and field = 'person' and value = $1 limit $2",
        values, 2, w->arena, &rows, w->err));
    if (rows.n_rows > RECUSALS_MAX)
        return sh_fail(w->err, SH_E_LIMIT, "one person has more than %d recusals", RECUSALS_MAX);
    bonds->recused = sh_new(w->arena, struct sh_str, rows.n_rows + 1);
    if (!bonds->recused)
        return sh_fail(w->err, SH_E_NOMEM, "no room for recusals");
    for (size_t i = 0; i < rows.n_rows; i++) {
        struct sh_record record;
        const struct sh_as_of now = {w->today, INT64_MAX};
        SH_TRY(sh_record_get(w->txn, &all, sh_cell(&rows, i, 0)->str, now, false, w->arena, &record, w->err));
        SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
        SH_TRY(sh_json_read("record", record.open, &root, w->err));
        if (sh_str_is(sh_json_member(root, SH_STR("decision"), w->arena), "granted"))
            bonds->recused[bonds->n_recused++] = sh_json_member(root, SH_STR("matter"), w->arena);
    }
    return SH_OK;
}

sh_code sh_who_bonds(struct work *w) {
    struct bonds own = {.are_read = false}, *bonds = w->bonds ? w->bonds : &own;
    if (!bonds->are_read) {
        SH_TRY(read_ties(w, bonds));
        SH_TRY(read_recusals(w, bonds));
        bonds->are_read = true;
    }
    if (is_of_matter(w, w->who->person))
        sh_failure_add(w, SH_FAIL_TIE, basis_of(w, SH_STR("ties")), SH_STR(""), M_SELF);
    for (size_t i = 0; i < bonds->n_ties; i++)
        if (is_of_matter(w, bonds->ties[i].other))
            sh_failure_add(w, SH_FAIL_TIE, basis_of(w, SH_STR("ties")), SH_STR(""), M_TIE,
                           SH_ARG(bonds->ties[i].kind));
    for (size_t i = 0; i < bonds->n_recused; i++)
        if (sh_str_eq(bonds->recused[i], w->m.number))
            sh_failure_add(w, SH_FAIL_RECUSAL, basis_of(w, SH_STR("recusals")), SH_STR(""), M_RECUSED);
    return SH_OK;
}

/* Credentials of a kind lie together: kind|number. */
static sh_code check_holds(struct work *w, const struct sh_step *step) {
    const struct sh_scope all = sh_everything();
    const struct sh_str prefix = sh_textf(w->arena, "%.*s|", SH_ARG(step->holds));
    struct sh_page_query query = {.register_name = SH_STR("credentials"),
                                  .as_of = {w->today, INT64_MAX},
                                  .after_key = step->holds,
                                  .limit = SH_STORE_PAGE_MAX};
    const struct sh_record *records = NULL;
    size_t n = 0;
    do {
        SH_TRY(sh_record_page(w->txn, &all, &query, w->arena, &records, &n, w->err));
        for (size_t i = 0; i < n && sh_str_starts_with(records[i].key, prefix); i++) {
            SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
            SH_TRY(sh_json_read("record", records[i].open, &root, w->err));
            if (sh_str_eq(sh_json_member(root, SH_STR("person"), w->arena), w->who->person))
                return SH_OK;
        }
        query.after_key = n ? records[n - 1].key : SH_STR("");
    } while (n == SH_STORE_PAGE_MAX && sh_str_starts_with(query.after_key, prefix));
    sh_failure_add(w, SH_FAIL_HOLDS, step->basis, SH_STR(""), M_HOLDS, SH_ARG(step->holds));
    return SH_OK;
}

static bool is_by_law(const struct sh_step *step) {
    for (size_t i = 0; i < step->n_by; i++)
        if (step->by[i].kind == SH_ACTOR_LAW)
            return true;
    return false;
}

sh_code sh_who_check(struct work *w, const struct sh_step *step) {
    struct sh_str chain[SH_CHAIN_MAX];
    size_t n = 0;
    w->used = (struct sh_matter_grant){SH_STR(""), SH_STR(""), SH_STR("")};
    if (!w->who) { /* the law itself */
        if (!is_by_law(step))
            no_role(w, step);
        return SH_OK;
    }
    const struct sh_matter_grant *grant = sh_who_grant(w, step->by, step->n_by);
    if (!grant)
        no_role(w, step);
    else
        w->used = *grant;
    SH_TRY(chain_of(w, chain, &n));
    SH_TRY(check_persons(w, step, chain, n));
    SH_TRY(check_bodies(w, step, chain, n));
    if (step->holds.len)
        SH_TRY(check_holds(w, step));
    return sh_who_bonds(w);
}
