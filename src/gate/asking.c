/* What the handlers of matters share: who asks, in whose name and how the engine's answer is given on. */
#include "gate/asking.h"
#include "gate/entry.h"
#include "gate/handlers.h"

enum { AGENT_MAX = 300 };

void sh_asking_end(struct asking *asking) {
    json_decref(asking->body);
}

/* The device somebody acts from: where it is on the network and what it says it is. */
static struct sh_str device_of(struct sh_request *rq) {
    struct sh_str agent = rq->agent;
    agent.len = agent.len < AGENT_MAX ? agent.len : AGENT_MAX;
    char *text = sh_arena_printf(&rq->arena, NULL, "%.*s %.*s", SH_ARG(rq->address), SH_ARG(agent));
    for (char *at = text; at && *at; at++)
        if (*at < 0x20 || *at > 0x7e)
            *at = '?';
    return sh_str_of(text ? text : "");
}

static struct sh_str rule_title(const void *asking, struct sh_str rule, struct sh_str kept) {
    const struct asking *a = asking;
    return sh_rule_title(a->gate, a->rq, rule, kept);
}

sh_code sh_asking_begin(struct sh_gate *gate, struct sh_request *rq, const char *power, struct asking *ret,
                        struct sh_err *err) {
    *ret = (struct asking){.gate = gate, .rq = rq, .status = 200};
    struct sh_matter_grant *grants = sh_new(&rq->arena, struct sh_matter_grant, rq->caller.n_grants + 1);
    if (!grants)
        return sh_fail(err, SH_E_NOMEM, "no room for grants");
    for (size_t i = 0; i < rq->caller.n_grants; i++) {
        const struct sh_grant_view *grant = &rq->caller.grants[i];
        const struct sh_role *role = sh_role_find(gate->roles, sh_str_of(grant->role));
        if (role && sh_role_may(role, sh_str_of(power)))
            grants[ret->who.n_grants++] = (struct sh_matter_grant){
                sh_str_of(grant->role), sh_str_of(grant->body), sh_str_of(grant->place)};
    }
    ret->who.person = sh_str_of(rq->caller.person);
    ret->who.grants = grants;
    ret->who.lang = rq->lang;
    ret->who.rule_title = rule_title;
    ret->who.rule_book = ret;
    ret->who.device = device_of(rq);
    ret->desk = (struct sh_desk){gate->texts, &ret->who, &rq->arena, &ret->failures};
    return sh_caller_scope(gate, rq, power, NULL, 0, &ret->who.scope, err);
}
sh_code sh_asking_run(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *asking = ctx;
    return asking->act(txn, asking, err);
}

sh_code sh_asking_answer_as(struct sh_gate *gate, struct sh_request *rq, const char *power,
                            sh_code (*act)(struct sh_txn *, struct asking *, struct sh_err *),
                            struct sh_err *err) {
    SH_CLEANUP(sh_asking_end) struct asking asking;
    SH_TRY(sh_asking_begin(gate, rq, power, &asking, err));
    asking.act = act;
    sh_answer_begin(rq, 200, &asking.json);
    SH_TRY(sh_lost(sh_gate_read(gate, rq, sh_asking_run, &asking, err)));
    if (asking.expected)
        sh_answer_etag(rq, asking.expected);
    return rq->problem ? SH_OK : sh_answer_end(rq, &asking.json, err);
}

sh_code sh_asking_answer(struct sh_gate *gate, struct sh_request *rq,
                         sh_code (*act)(struct sh_txn *, struct asking *, struct sh_err *),
                         struct sh_err *err) {
    return sh_asking_answer_as(gate, rq, "matters.read", act, err);
}
struct sh_str sh_asking_arg(const struct asking *a, const char *name) {
    const struct sh_str text = sh_target_arg(&a->rq->target, name);
    return text.at ? text : SH_STR("");
}

/* ---- what was opened --------------------------------------------------------------------------------- */

struct opening {
    struct asking *asking;
    struct sh_str matter, what;
    bool is_asked;
};
static sh_code ask_seen(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct opening *o = ctx;
    return sh_matter_asks_seen(txn, &o->asking->desk, o->matter, o->what, &o->is_asked, err);
}
static sh_code note_seen(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct opening *o = ctx;
    return sh_matter_saw(txn, &o->asking->desk, o->matter, o->what, err);
}

/* Where a step asks that its actor has read it himself, the answer leaves a trace: the program saw it go out.
 */
sh_code sh_asking_seen(struct asking *a, struct sh_str matter, struct sh_str what, struct sh_err *err) {
    struct opening o = {.asking = a, .matter = matter, .what = what};
    const struct sh_act act = {.actor = a->who.person, .why = SH_STR("opened")};
    SH_TRY(sh_store_read(a->gate->store, ask_seen, &o, err));
    return o.is_asked ? sh_store_write(a->gate->store, &act, note_seen, &o, NULL, err) : SH_OK;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* Every failed condition with its article. */
static sh_code refuse_step(struct asking *a) {
    struct sh_json json;
    struct sh_request *rq = a->rq;
    sh_problem_begin(rq, GATE_STEP_REFUSED, &json);
    sh_json_put_i64(&json, "count", (int64_t)a->failures.n);
    sh_json_key(&json, "failed");
    sh_failures_json(&a->failures, &json);
    sh_problem_end(rq, &json);
    return SH_E_CANCELLED;
}

static sh_code write_body(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *a = ctx;
    a->failures.n = 0;
    sh_answer_begin(a->rq, a->status, &a->json);
    const sh_code code = a->act(txn, a, err);
    if (code == SH_E_CANCELLED && !a->rq->problem)
        return refuse_step(a);
    if (code == SH_E_CONFLICT)
        return sh_stop(sh_refuse(a->rq, GATE_STALE, NULL));
    SH_TRY(code);
    return sh_answer_end(a->rq, &a->json, err);
}

/* A refused attempt changes nothing and is kept with its articles (W4). */
static sh_code note_refusal(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct asking *a = ctx;
    SH_CLEANUP(sh_buf_free) struct sh_buf why = {0};
    for (size_t i = 0; i < a->failures.n; i++)
        sh_buf_addf(&why, "%s%s %.*s", i ? "; " : "", sh_failure_word(a->failures.of[i].kind),
                    SH_ARG(a->failures.of[i].basis));
    struct sh_record record = {.id = a->rq->params[0].at ? a->rq->params[0] : SH_STR("")};
    SH_TRY(sh_matter_labels(txn, record.id, &a->rq->arena, &record.labels, err));
    if (record.labels.place.len == 0 && a->who.n_grants) /* about no matter: of who tried */
        record.labels.body = a->who.grants[0].body, record.labels.place = a->who.grants[0].place;
    struct sh_str words = sh_buf_view(&why);
    words.len = sh_utf8_cut(words, 500);
    return sh_access_note(txn, a->rq, SH_STR("matters"), &record, "refused", words, err);
}

sh_code sh_asking_write(struct asking *a, const char *why,
                        sh_code (*act)(struct sh_txn *, struct asking *, struct sh_err *),
                        struct sh_err *err) {
    a->act = act;
    SH_TRY(sh_lost(sh_gate_write(a->gate, a->rq, why, write_body, a, NULL, err)));
    if (a->rq->problem && a->failures.n) {
        const struct sh_act noting = {.actor = a->who.person, .why = SH_STR("refused")};
        SH_TRY(sh_store_write(a->gate->store, &noting, note_refusal, a, NULL, err));
    }
    return SH_OK;
}

struct sh_str sh_asking_member(const struct asking *a, const char *key) {
    return sh_member(a->body, key, &a->rq->arena);
}

/* {field: text or null} */
sh_code sh_asking_values(struct asking *a, struct sh_matter_value *ret, size_t *ret_n, struct sh_err *err) {
    json_t *fields = json_object_get(a->body, "fields"), *value;
    const char *key;
    *ret_n = 0;
    if (!fields)
        return SH_OK;
    if (!json_is_object(fields) || json_object_size(fields) > SH_ASKING_VALUES)
        return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "fields"), err);
    json_object_foreach(fields, key, value) {
        if (!json_is_string(value) && !json_is_null(value))
            return sh_refused(sh_refuse(a->rq, GATE_BAD_REQUEST, "fields.%s: a text", key), err);
        const size_t len = strlen(key);
        char *name = sh_arena_dup(&a->rq->arena, key, len);
        if (!name)
            return sh_fail(err, SH_E_NOMEM, "no room for values");
        ret[(*ret_n)++] = (struct sh_matter_value){{name, len}, sh_member(fields, key, &a->rq->arena)};
    }
    return SH_OK;
}

sh_code sh_asking_only(struct asking *a, const char *const *known, size_t n, struct sh_err *err) {
    const char *key;
    json_t *value;
    struct sh_faults faults = {0};
    json_object_foreach(a->body, key, value) {
        bool is = false;
        for (size_t i = 0; i < n; i++)
            is = is || strcmp(key, known[i]) == 0;
        if (!is)
            sh_faults_add(a->rq, &faults, sh_str_of(key), 0, SH_SAY(a->rq, NOT_KNOWN_HERE));
    }
    return faults.n ? sh_refused(sh_refuse_fields(a->rq, &faults), err) : SH_OK;
}

/* Why goes into the versions: at most what the store takes. */
const char *sh_asking_why(struct asking *a) {
    struct sh_str why = sh_asking_member(a, "why");
    why.len = sh_utf8_cut(why, 2000);
    const char *text = sh_arena_printf(&a->rq->arena, NULL, "%.*s", SH_ARG(why));
    return text ? text : "";
}
