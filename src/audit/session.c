/* Opening a lake for an audit, and naming what decides its findings. */
#include "base/date.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "audit/inner.h"
#include "audit/run.h"
#include "audit/texts.h"
#include <stdlib.h>
#include <string.h>

static sh_code lake_facts(void *ctx, enum sh_table table, struct sh_arena *arena, struct sh_facts *ret,
                          struct sh_err *err) {
    const struct sh_session *session = ctx;
    return sh_lake_facts(session->lake, table, session->known, arena, ret, err);
}

static sh_code large_code(void *ctx, enum sh_dict dict, int64_t id, struct sh_arena *arena,
                          struct sh_str *ret, struct sh_err *err) {
    const struct sh_session *session = ctx;
    return sh_lake_code(session->lake, dict, id, arena, ret, err);
}

/* Dictionaries, the stems of item codes, and where facts of dimensions come from. */
static sh_code open_dicts(struct sh_session *s, struct sh_err *err) {
    for (int d = 0; d < SH_DICTS; d++)
        if (!sh_dict_is_large((enum sh_dict)d))
            SH_TRY(sh_lake_dict(s->lake, (enum sh_dict)d, &s->dicts.views[d], err));
    struct sh_stems *stems = sh_new(s->arena, struct sh_stems, 1);
    if (!stems)
        return sh_fail(err, SH_E_NOMEM, "no room for the stems of items");
    SH_TRY(sh_item_stems(s->dicts.views[SH_DICT_ITEM], s->arena, stems, err));
    s->dicts.views[SH_DICT_STEM] = &stems->view;
    s->dicts.stems = stems;
    s->dicts.facts = lake_facts;
    s->dicts.large_code = large_code;
    s->dicts.ctx = s;
    return SH_OK;
}

sh_code sh_session_open(const struct sh_audit_options *o, struct sh_arena *arena, struct sh_session *ret,
                        struct sh_err *err) {
    *ret = (struct sh_session){.arena = arena, .known = o->known};
    const struct sh_rules_options rules = {.rules_dir = o->rules_dir,
                                           .knowledge_dir = o->knowledge_dir,
                                           .params_dir = o->params_dir,
                                           .only = o->only,
                                           .n_only = o->n_only,
                                           .known_as_of = o->known,
                                           .place = o->place ? o->place : "000000",
                                           .keep_going = o->keep_going};
    SH_TRY(sh_rules_load(&rules, arena, o->report, &ret->rules, err));
    SH_TRY(sh_lake_open(o->lake_dir, o->manifest, &ret->lake, err));
    SH_TRY(open_dicts(ret, err));
    const struct sh_plan_options plan = {.stage = o->stage,
                                         .as_of = o->as_of,
                                         .place = rules.place,
                                         .held_bytes_max = o->held_bytes_max,
                                         .lake = ret->lake,
                                         .manifest = sh_lake_manifest(ret->lake)};
    return sh_plan_make(ret->rules, &ret->dicts, &plan, arena, &ret->plan, err);
}

/* Opens with the texts of a run that lie in a folder of their own. */
static sh_code open_with(const char *lake_dir, const char *texts, const struct sh_run_file *run,
                         struct sh_arena *arena, struct sh_session *ret, struct sh_err *err) {
    char rules[SH_PATH_BYTES_MAX], knowledge[SH_PATH_BYTES_MAX], params[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_format(rules, err, "%s/rules", texts));
    SH_TRY(sh_path_format(knowledge, err, "%s/knowledge", texts));
    SH_TRY(sh_path_format(params, err, "%s/params", texts));
    const size_t n = run->summary.answers.n_rules;
    const char **only = sh_new(arena, const char *, n + 1);
    if (!only)
        return sh_fail(err, SH_E_NOMEM, "no room for the rules of a run");
    for (size_t i = 0; i < n; i++)
        only[i] = run->summary.rules[i].id.at;
    const struct sh_audit_options options = {.lake_dir = lake_dir,
                                             .rules_dir = rules,
                                             .knowledge_dir = knowledge,
                                             .params_dir = params,
                                             .place = run->place,
                                             .only = only,
                                             .n_only = n,
                                             .stage = run->stage,
                                             .as_of = run->as_of,
                                             .known = run->known,
                                             .manifest = run->summary.manifest,
                                             .keep_going =
                                                 true}; /* what it left out lies beside what it ran */
    return sh_session_open(&options, arena, ret, err);
}

sh_code sh_run_session_open(const char *lake_dir, const char *dir, const struct sh_run_file *run,
                            struct sh_arena *arena, struct sh_session *ret, struct sh_err *err) {
    char texts[SH_PATH_BYTES_MAX];
    SH_TRY(sh_scratch_dir("shouhu-texts", texts, err)); /* who may read a lake need not be able to write it */
    sh_code code = sh_texts_unpack(dir, texts, err);
    if (code == SH_OK)
        code = open_with(lake_dir, texts, run, arena, ret, err);
    (void)!sh_remove_tree(texts, NULL); /* all of it is loaded; the failure before it is the one to tell */
    return code;
}

void sh_session_close(struct sh_session *session) {
    if (session->lake)
        sh_lake_close(session->lake);
    session->lake = NULL;
}

sh_code sh_session_inputs(const struct sh_session *s, const struct sh_audit_options *o,
                          const struct sh_run_texts *texts, char ret[65], struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    sh_put_number(&text, (int64_t)sh_lake_manifest(s->lake));
    sh_put_number(&text, sh_lake_buckets(s->lake));
    sh_put_text(&text, sh_str_of(o->place ? o->place : "000000"));
    sh_put_number(&text, o->stage), sh_put_number(&text, o->as_of), sh_put_number(&text, o->known);
    for (size_t i = 0; i < sh_plan_rules(s->plan); i++) {
        sh_put_text(&text, sh_plan_rule(s->plan, i)->id);
        sh_put_text(&text, sh_str_of(sh_plan_rule(s->plan, i)->version));
    }
    for (size_t i = 0; i < texts->n; i++)
        sh_put_text(&text, texts->of[i].name), sh_put_text(&text, texts->of[i].digest);
    SH_TRY(sh_buf_check(&text, err));
    uint8_t bytes[SH_DIGEST_BYTES];
    SH_TRY(sh_digest_of(SH_DIGEST_SHA256, text.at, text.len, bytes, err));
    sh_hex(bytes, sizeof(bytes), ret);
    return SH_OK;
}

static sh_code copy_places(const struct sh_places *from, struct sh_arena *arena, struct sh_places *ret,
                           struct sh_err *err) {
    *ret = (struct sh_places){.of = sh_new(arena, struct sh_place_rows, from->n + 1), .n = from->n};
    if (!ret->of)
        return sh_fail(err, SH_E_NOMEM, "no room for the answers of a run");
    if (from->n)
        memcpy(ret->of, from->of, from->n * sizeof *ret->of);
    return SH_OK;
}

sh_code sh_answers_copy(const struct sh_answers *from, struct sh_arena *arena, struct sh_answers *ret,
                        struct sh_err *err) {
    *ret = *from;
    ret->rules = sh_new(arena, struct sh_rule_answers, from->n_rules + 1);
    if (!ret->rules)
        return sh_fail(err, SH_E_NOMEM, "no room for the answers of a run");
    for (size_t i = 0; i < from->n_rules; i++) {
        struct sh_rule_answers *r = &ret->rules[i];
        *r = from->rules[i];
        r->fields = sh_new(arena, struct sh_field_count, r->n_fields + 1);
        if (!r->fields)
            return sh_fail(err, SH_E_NOMEM, "no room for the answers of a run");
        for (size_t f = 0; f < r->n_fields; f++) {
            r->fields[f] = from->rules[i].fields[f];
            const char *text = sh_arena_dup(arena, r->fields[f].field.at, r->fields[f].field.len);
            if (!text)
                return sh_fail(err, SH_E_NOMEM, "no room for the answers of a run");
            r->fields[f].field.at = text;
            SH_TRY(copy_places(&from->rules[i].fields[f].places, arena, &r->fields[f].places, err));
        }
    }
    return SH_OK;
}

sh_code sh_run_dir_make(const char *lake_dir, const char *run, const struct sh_clock *clock,
                        struct sh_arena *arena, const char **ret_name, const char **ret_dir,
                        struct sh_err *err) {
    char parent[SH_PATH_BYTES_MAX], path[SH_PATH_BYTES_MAX], name[256];
    SH_TRY(sh_path_join(parent, lake_dir, "audits", err));
    SH_TRY(sh_mkdir_all(parent, err));
    if (run && !sh_path_is_plain_name(sh_str_of(run)))
        return sh_fail(err, SH_E_INPUT, "run '%s': a plain name is wanted, without '/'", run);
    char time[SH_TIME_TEXT_MAX];
    (void)sh_time_format(sh_clock_now_shanghai(clock), time);
    for (int n = 0;; n++) {
        if (run)
            (void)snprintf(name, sizeof(name), "%s", run);
        else
            (void)snprintf(name, sizeof(name), "%.10s-%.2s%.2s%.2s%s%.0d", time, time + 11, time + 14,
                           time + 17, n ? "-" : "", n);
        bool there;
        SH_TRY(sh_path_join(path, parent, name, err));
        SH_TRY(sh_fs_exists(path, &there, err));
        if (!there)
            break;
        if (run)
            return sh_fail(err, SH_E_CONFLICT, "run '%s' exists already; give another name with --run", run);
    }
    SH_TRY(sh_mkdir_all(path, err));
    *ret_name = sh_arena_dup(arena, name, strlen(name));
    *ret_dir = sh_arena_dup(arena, path, strlen(path));
    return *ret_name && *ret_dir ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the name of a run");
}
