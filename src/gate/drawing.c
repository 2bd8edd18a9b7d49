/* Papers are drawn once, right after the step that issued them, and kept (D4). */
#include "gate/auth.h"
#include "gate/papers.h"

struct drawing {
    struct sh_gate *gate;
    struct sh_request *rq;
    struct sh_str matter, paper;
    struct sh_matter_who who; /* the program: what a paper says does not depend on who asks */
    struct sh_paper_source source;
    struct sh_buf pdf;
    struct sh_rows undrawn;
};
static void drawing_end(struct drawing *d) {
    sh_paper_source_end(&d->source);
    sh_buf_free(&d->pdf);
}

static struct drawing drawing_of(struct sh_gate *gate, struct sh_request *rq, struct sh_str matter,
                                 struct sh_str paper) {
    return (struct drawing){
        .gate = gate,
        .rq = rq,
        .matter = matter,
        .paper = paper,
        .who = {.person = sh_str_of(rq->caller.person), .scope = sh_scope_all(), .lang = SH_ZH}};
}

static sh_code collect(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct drawing *d = ctx;
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    SH_CLEANUP(sh_json_decref_at) json_t *matter = NULL;
    struct sh_failures failures;
    struct sh_json json;
    const struct sh_desk desk = {d->gate->texts, &d->who, &d->rq->arena, &failures};
    json_object_clear(d->source.facts);
    sh_json_begin(&json, &text);
    SH_TRY(sh_matter_json(txn, &desk, d->matter, &json, NULL, err));
    SH_TRY(sh_json_end(&json, err));
    SH_TRY(sh_json_read("matter", sh_buf_view(&text), &matter, err));
    return sh_paper_collect(txn, d->gate, d->rq, matter, d->paper, &d->source, err);
}

static sh_code keep(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct drawing *d = ctx;
    SH_TRY(sh_paper_drawn(txn, d->paper, sh_buf_view(&d->pdf), err));
    return sh_txn_leaves(txn) ? SH_OK : sh_fail(err, SH_E_CANCELLED, "drawn meanwhile");
}

sh_code sh_paper_draw(struct sh_gate *gate, struct sh_request *rq, struct sh_str matter, struct sh_str paper,
                      struct sh_err *err) {
    SH_CLEANUP(drawing_end) struct drawing d = drawing_of(gate, rq, matter, paper);
    const struct sh_act act = {.actor = SH_STR("system"), .why = SH_STR("drawn")};
    d.source.facts = json_object();
    if (!d.source.facts)
        return sh_fail(err, SH_E_NOMEM, "no room for the facts of a paper");
    SH_TRY(sh_store_read(gate->store, collect, &d, err));
    const struct sh_paper_proof proof = {.code = sh_str_of(d.source.code)};
    SH_TRY(sh_paper_tables(d.source.template, d.source.facts, err));
    SH_TRY(sh_paper_render(d.source.template, d.source.facts, &proof, &d.pdf, NULL, err));
    const sh_code code = sh_store_write(gate->store, &act, keep, &d, NULL, err);
    return code == SH_E_CANCELLED ? SH_OK : code;
}

static void draw_or_log(struct sh_gate *gate, struct sh_request *rq, struct sh_str matter,
                        struct sh_str paper) {
    struct sh_err err = {0};
    const sh_code code = sh_paper_draw(gate, rq, matter, paper, &err);
    if (code != SH_OK)
        sh_log(&gate->log, SH_LOG_ERROR, "paper", " paper=%.*s code=%s", SH_ARG(paper), sh_code_name(code));
}

static sh_code read_undrawn(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct drawing *d = ctx;
    return sh_papers_undrawn(txn, d->matter, &d->rq->arena, &d->undrawn, err);
}

void sh_paper_draw_all(struct sh_gate *gate, struct sh_request *rq, struct sh_str matter) {
    struct drawing d = drawing_of(gate, rq, matter, SH_STR(""));
    struct sh_err err;
    if (sh_store_read(gate->store, read_undrawn, &d, &err) != SH_OK)
        return; /* asked again before it is served */
    for (size_t i = 0; i < d.undrawn.n_rows; i++)
        draw_or_log(gate, rq, matter, sh_cell(&d.undrawn, i, 0)->str);
}

static sh_code read_service(struct sh_txn *txn, void *ctx, struct sh_err *err) {
    struct drawing *d = ctx;
    const struct sh_str service = d->matter;
    return sh_paper_of_service(txn, service, &d->rq->arena, &d->matter, &d->paper, err);
}

void sh_paper_draw_for_service(struct sh_gate *gate, struct sh_request *rq, struct sh_str service) {
    struct drawing d = drawing_of(gate, rq, service, SH_STR(""));
    struct sh_err err;
    if (sh_store_read(gate->store, read_service, &d, &err) == SH_OK && d.paper.len)
        draw_or_log(gate, rq, d.matter, d.paper);
}
