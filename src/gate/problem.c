/* Refusals as problem+json (RFC 9457). */
#include "gate/inner.h"
#include <stdarg.h>

#define STATUS(id, status, word, zh, en) [id] = (status),
#define WORD(id, status, word, zh, en) [id] = (word),
#define TITLE(id, status, word, zh, en) SH_MSG_ENTRY(id, zh, en)
static const int statuses[] = {GATE_PROBLEMS(STATUS)};
static const char *const words[] = {GATE_PROBLEMS(WORD)};
static const struct sh_msg titles[] = {GATE_PROBLEMS(TITLE)};

int sh_problem_status(enum gate_problem id) {
    return statuses[id];
}
const char *sh_problem_word(enum gate_problem id) {
    return words[id];
}
const char *sh_problem_title(enum gate_problem id, sh_lang lang) {
    return sh_msg(titles, id, lang);
}

enum gate_problem sh_problem_of_code(sh_code code) {
    switch (code) {
    case SH_E_INPUT:
    case SH_E_OVERFLOW:
        return GATE_FIELDS;
    case SH_E_NOTFOUND:
        return GATE_NOT_FOUND;
    case SH_E_CONFLICT:
        return GATE_CONFLICT;
    case SH_E_LIMIT:
        return GATE_TOO_LARGE;
    case SH_E_BUSY:
        return GATE_BUSY;
    case SH_E_FULL:
        return GATE_NO_ROOM;
    case SH_E_CANCELLED:
        return GATE_UNAVAILABLE;
    case SH_OK:
    case SH_E_NOMEM:
    case SH_E_IO:
    case SH_E_CORRUPT:
    case SH_E_UNSUPPORTED:
    case SH_E_INTERNAL:
        break;
    }
    return GATE_FAULT;
}

/* The body so far is thrown away: a refusal never carries half an answer. */
void sh_problem_begin(struct sh_request *rq, enum gate_problem id, struct sh_json *json) {
    sh_buf_clear(&rq->out);
    rq->status = statuses[id];
    rq->problem = words[id];
    rq->content_type = "application/problem+json";
    sh_json_begin(json, &rq->out);
    sh_json_object(json);
    sh_json_key(json, "type");
    SH_CLEANUP(sh_buf_free) struct sh_buf type = {0};
    sh_buf_addf(&type, "urn:shouhu:problem:%s", words[id]);
    sh_json_str(json, sh_buf_view(&type));
    sh_json_put_text(json, "title", sh_msg(titles, id, rq->lang));
    sh_json_put_i64(json, "status", statuses[id]);
    sh_json_put_text(json, "code", words[id]);
    sh_json_put_text(json, "request", rq->id);
}

void sh_problem_end(struct sh_request *rq, struct sh_json *json) {
    sh_json_object_end(json);
    struct sh_err err;
    if (sh_json_end(json, &err) != SH_OK)
        sh_buf_clear(&rq->out); /* the status alone must do */
}

sh_code sh_refuse(struct sh_request *rq, enum gate_problem id, const char *detail, ...) {
    struct sh_json json;
    sh_problem_begin(rq, id, &json);
    if (detail) {
        SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
        va_list values;
        va_start(values, detail);
        sh_buf_vaddf(&text, detail, values);
        va_end(values);
        sh_json_put_str(&json, "detail", sh_buf_view(&text));
    }
    sh_problem_end(rq, &json);
    return SH_OK;
}

void sh_faults_add(struct sh_request *rq, struct sh_faults *faults, struct sh_str field, size_t row,
                   const char *message, ...) {
    faults->n++;
    if (faults->n > SH_FAULTS_SHOWN)
        return;
    struct sh_fault *fault = &faults->of[faults->n - 1];
    va_list values;
    va_start(values, message);
    const char *text = sh_arena_vprintf(&rq->arena, NULL, message, values);
    va_end(values);
    char *name = sh_arena_dup(&rq->arena, field.at, field.len);
    *fault = (struct sh_fault){name ? name : "", text ? text : "", row};
}

sh_code sh_refuse_fields(struct sh_request *rq, const struct sh_faults *faults) {
    struct sh_json json;
    sh_problem_begin(rq, GATE_FIELDS, &json);
    sh_json_put_i64(&json, "count", (int64_t)faults->n);
    sh_json_key(&json, "errors");
    sh_json_array(&json);
    for (size_t i = 0; i < faults->n && i < SH_FAULTS_SHOWN; i++) {
        sh_json_object(&json);
        if (faults->of[i].row)
            sh_json_put_i64(&json, "row", (int64_t)faults->of[i].row);
        sh_json_put_text(&json, "field", faults->of[i].field);
        sh_json_put_text(&json, "message", faults->of[i].message);
        sh_json_object_end(&json);
    }
    sh_json_array_end(&json);
    sh_problem_end(rq, &json);
    return SH_OK;
}

void sh_refuse_code(struct sh_request *rq, sh_code code, const struct sh_err *err) {
    const enum gate_problem id = sh_problem_of_code(code);
    /* The text of a fault of ours may name files; it is for the log, not for the caller. */
    (void)sh_refuse(rq, id, id == GATE_FAULT ? NULL : "%s", err->message);
}
