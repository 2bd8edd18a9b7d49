/* Who works on a matter, who goes on with it, and who may read it: for those of the office. A party is told
 * what was done and by which role, and no more. */
#include "matter/shape.h"

enum { PEOPLE_MAX = 60, READERS_MAX = 60 };

/* A person under one role. */
struct hand {
    struct sh_str person, role, body;
    int64_t steps, last;
};

struct people {
    struct work *w;
    struct sh_json *json;
    struct hand of[PEOPLE_MAX];
    struct sh_str told[READERS_MAX]; /* bodies, each once */
    size_t n, n_told;
};

static void add_step(struct people *p, const struct sh_value *cells) {
    const struct sh_str person = cells[STEP_ACTOR].str, role = cells[STEP_ROLE].str;
    size_t i = 0;
    if (sh_str_is(person, "law"))
        return;
    while (i < p->n && !(sh_str_eq(p->of[i].person, person) && sh_str_eq(p->of[i].role, role)))
        i++;
    if (i == PEOPLE_MAX)
        return;
    if (i == p->n)
        p->of[p->n++] = (struct hand){.person = person, .role = role, .body = cells[STEP_BODY].str};
    p->of[i].steps++;
    p->of[i].last = cells[STEP_RECORDED].i64;
}

/* What a record of that register is called; empty when it is not there (any more). Of a person: masked, as
 * the register keeps it. */
static sh_code name_of(struct work *w, const char *reg, struct sh_str key, bool is_id, struct sh_str *ret) {
    const struct sh_scope all = sh_everything();
    const struct sh_as_of now = {w->today, INT64_MAX};
    struct sh_record record;
    *ret = SH_STR("");
    const sh_code code =
        is_id ? sh_record_get(w->txn, &all, key, now, false, w->arena, &record, w->err)
              : sh_record_find(w->txn, &all, sh_str_of(reg), key, now, w->arena, &record, w->err);
    if (code == SH_E_NOTFOUND || code == SH_E_INPUT)
        return SH_OK;
    SH_TRY(code);
    SH_CLEANUP(sh_json_decref_at) json_t *root = NULL;
    SH_TRY(sh_json_read("record", record.open, &root, w->err));
    *ret = sh_json_member(root, SH_STR("name"), w->arena);
    return SH_OK;
}

sh_code sh_party_name(struct work *w, struct sh_str party, struct sh_str body, struct sh_str *ret) {
    SH_TRY(name_of(w, "institutions", party, false, ret));
    return ret->len ? SH_OK : name_of(w, "bodies", body, false, ret);
}

sh_code sh_subject_name(struct work *w, const struct sh_procedure *text, struct sh_str subject,
                        struct sh_str *ret) {
    *ret = SH_STR("");
    if (text && (sh_str_is(text->about, "institution") || sh_str_is(text->about, "addressee")))
        return sh_party_name(w, subject, subject, ret);
    return text && sh_str_is(text->about, "body") ? name_of(w, "bodies", subject, false, ret) : SH_OK;
}

static sh_code put_hand(struct people *p, const struct hand *hand) {
    struct sh_str name;
    SH_TRY(name_of(p->w, "people", hand->person, true, &name));
    sh_json_object(p->json);
    sh_json_put_str(p->json, "person", hand->person);
    sh_json_put_str(p->json, "name", name);
    sh_put_role(p->json, p->w, hand->role);
    sh_json_put_str(p->json, "body", hand->body);
    sh_json_put_i64(p->json, "steps", hand->steps);
    sh_put_utc(p->json, "last", hand->last);
    sh_json_object_end(p->json);
    return SH_OK;
}

static sh_code put_reader(struct people *p, struct sh_str body, const char *as) {
    struct sh_str name;
    for (size_t i = 0; i < p->n_told; i++)
        if (sh_str_eq(p->told[i], body))
            return SH_OK;
    if (body.len == 0 || p->n_told == READERS_MAX)
        return SH_OK;
    p->told[p->n_told++] = body;
    SH_TRY(name_of(p->w, "bodies", body, false, &name));
    sh_json_object(p->json);
    sh_json_put_str(p->json, "body", body);
    sh_json_put_str(p->json, "name", name);
    sh_json_put_text(p->json, "as", as);
    sh_json_object_end(p->json);
    return SH_OK;
}

static sh_code put_called(struct work *w, struct sh_str body, void *ctx) {
    (void)w;
    return put_reader(ctx, body, "called");
}

static sh_code put_readers(struct people *p) {
    const struct work *w = p->w;
    SH_TRY(put_reader(p, w->m.body, "own"));
    for (size_t i = 0; i < w->parties.n; i++)
        SH_TRY(put_reader(p, w->parties.of[i].body, "party"));
    return sh_matter_each_called(p->w, put_called, p);
}

sh_code sh_people_json(struct work *w, const struct sh_rows *steps, struct sh_json *json) {
    struct people p = {.w = w, .json = json};
    if (!sh_matter_is_inside(w, w->who))
        return SH_OK;
    for (size_t r = 0; r < steps->n_rows; r++)
        add_step(&p, sh_cell(steps, r, 0));
    sh_json_key(json, "people");
    sh_json_array(json);
    for (size_t i = 0; i < p.n; i++)
        SH_TRY(put_hand(&p, &p.of[i]));
    sh_json_array_end(json);
    sh_json_key(json, "readers");
    sh_json_array(json);
    SH_TRY(put_readers(&p));
    sh_json_array_end(json);
    return SH_OK;
}
