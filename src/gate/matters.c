/* Matters, their items and procedures as JSON. */
#include "gate/entry.h"
#include "gate/handlers.h"

static sh_code answer_none(struct sh_request *rq, bool has_next, struct sh_err *err) {
    struct sh_json json;
    sh_answer_begin(rq, 200, &json);
    sh_json_object(&json);
    sh_json_key(&json, "items");
    sh_json_array(&json);
    sh_json_array_end(&json);
    if (has_next)
        sh_json_put_text(&json, "next", NULL);
    sh_json_object_end(&json);
    return sh_answer_end(rq, &json, err);
}

#define NONE(name, has_next)                                                                                 \
    sh_code name(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {                          \
        (void)gate;                                                                                          \
        return answer_none(rq, has_next, err);                                                               \
    }
#define NOT_THERE(name)                                                                                      \
    sh_code name(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err) {                          \
        (void)gate, (void)err;                                                                               \
        return sh_refuse(rq, GATE_NOT_FOUND, NULL);                                                          \
    }
NONE(sh_api_procedures, false)
NONE(sh_api_matters, true)
NONE(sh_api_items, true)
NONE(sh_api_work, false)
NOT_THERE(sh_api_procedure)
NOT_THERE(sh_api_matter_new)
NOT_THERE(sh_api_matter)
NOT_THERE(sh_api_matter_act)
NOT_THERE(sh_api_matter_paper)
NOT_THERE(sh_api_items_preview)
NOT_THERE(sh_api_items_act)
NOT_THERE(sh_api_items_undo)
NOT_THERE(sh_api_item)
