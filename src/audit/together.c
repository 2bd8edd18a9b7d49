/* Findings of rules whose rows are of many persons, once all of them have come together. */
#include "audit/together.h"

struct together {
    struct sh_audit_worker *joiner;
    struct sh_spool spool;
    struct sh_record_room room;
};
static void together_release(struct together *t) {
    sh_audit_worker_free(t->joiner);
    sh_spool_release(&t->spool);
    sh_record_room_release(&t->room);
}

bool sh_plan_crosses(const struct sh_plan *plan) {
    for (size_t i = 0; i < plan->n_active; i++)
        if (plan->active[i].rule->reach != SH_REACH_TIMELINE)
            return true;
    return false;
}

static sh_code keep(void *ctx, struct sh_engine *en, size_t first, struct sh_err *err) {
    struct together *t = ctx;
    for (size_t i = first; i < en->n_findings; i++) {
        struct sh_record record;
        SH_TRY(sh_record_of(t->joiner, &en->findings[i], SH_BUCKET_MANY, &t->room, &record, err));
        SH_TRY(sh_spool_add(&t->spool, &record, err));
    }
    en->n_findings = 0;
    sh_arena_reset(en->keep);
    return SH_OK;
}

sh_code sh_together(const struct sh_plan *plan, const struct sh_xruns *rows, const char *path,
                    struct sh_spool_runs *runs, struct sh_answers *sum, struct sh_err *err) {
    SH_CLEANUP(together_release) struct together t = {0};
    SH_TRY(sh_audit_worker_new(plan, &t.joiner, err));
    SH_TRY(sh_spool_open(&t.spool, path, err));
    struct sh_joined_take out = {.findings = keep, .ctx = &t};
    SH_TRY(sh_joined_run(sh_worker_engine_of(t.joiner), rows, NULL, &out, err));
    SH_TRY(sh_spool_cut(&t.spool, runs, err));
    return sh_answers_merge(sum, sh_audit_worker_answers(t.joiner), err);
}
