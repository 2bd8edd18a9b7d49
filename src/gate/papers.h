/* The paper of a matter as PDF: what was on record when it was issued, drawn from its template. Inner header.
 */
#pragma once
#include "gate/request.h"
#include "law/law.h"
#include "report/report.h"
#include "store/store.h"

/* What a paper is drawn from; filled by sh_paper_collect, released with sh_paper_source_end. */
struct sh_paper_source {
    const struct sh_paper *template; /* NULL: the text names none that is there */
    json_t *facts;
    char code[48]; /* verification code: the record's id in groups */
};
void sh_paper_source_end(struct sh_paper_source *source);
/**
 * In a read transaction, after the caller's right to see the matter was asked.
 * matter   the matter as the API shows it (id, place, procedure, parties, papers).
 * paper    id of one of its papers.
 * Errors: SH_E_NOTFOUND no such paper in this matter; those of the store.
 */
SH_MUST sh_code sh_paper_collect(struct sh_txn *txn, struct sh_gate *gate, struct sh_request *rq,
                                 const json_t *matter, struct sh_str paper, struct sh_paper_source *ret,
                                 struct sh_err *err);
/**
 * Draw a paper of a matter and keep the drawing, unless that was done: by the program, whatever the caller
 * may see. Errors: SH_E_NOTFOUND no such paper, or no template draws it; those of the renderer and the store.
 */
SH_MUST sh_code sh_paper_draw(struct sh_gate *gate, struct sh_request *rq, struct sh_str matter,
                              struct sh_str paper, struct sh_err *err);
/** All papers of a matter that nobody has drawn; what cannot be drawn is logged and stays so: it cannot be
 * served. */
void sh_paper_draw_all(struct sh_gate *gate, struct sh_request *rq, struct sh_str matter);
/** The paper that a matter of service waits for. */
void sh_paper_draw_for_service(struct sh_gate *gate, struct sh_request *rq, struct sh_str service);
