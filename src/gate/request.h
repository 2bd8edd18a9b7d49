/* One request on its way through the gate. Inner header. */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/msg.h"
#include "gate/message.h"
#include "gate/say.h"
#include "gate/target.h"
#include <microhttpd.h>
#include <stdatomic.h>

enum sh_method { SH_GET, SH_POST, SH_PUT, SH_DELETE, SH_METHODS };
enum {
    SH_REQUEST_ARENA_MAX = 64 << 20, /* most memory a request may use beside its bodies */
    SH_ANSWER_MAX = 64 << 20,        /* most bytes of one answer */
    SH_JSON_BODY_MAX = 1 << 20,      /* a JSON body, unless the route says more */
    SH_UPLOAD_MAX = 32 << 20,        /* an uploaded table */
    SH_BODIES_MAX = 256 << 20,       /* all bodies being received or worked on */
    SH_HEADER_MAX = 2048,            /* a header value we read */
    SH_FAULTS_SHOWN = 100,           /* faults named in one answer; all are counted */
    SH_ID_MAX = 40,
};

struct sh_gate;
struct sh_route;
struct sh_conn;
struct sh_later;

/** Who asks. Filled before the handler runs; n_grants 0: nobody is signed in. */
struct sh_caller {
    char person[SH_ID_MAX]; /* id, "" nobody */
    char login[65];
    char session[65]; /* hash of the session or API key, hex */
    char csrf[65];
    bool by_key;        /* an API key, not a browser */
    bool reads_only;    /* a key that changes nothing */
    bool needs_setup;   /* no second factor yet */
    bool must_change;   /* initial password */
    int64_t proven_at;  /* when the second factor was shown last */
    bool is_stale_seen; /* a session's last use is to be written */
    struct sh_grant_view {
        char id[SH_ID_MAX], role[64], body[SH_ID_MAX], place[16];
    } * grants; /* [n_grants], in force now; in the request's arena */
    size_t n_grants;
    bool has_unreviewed; /* another one rests: its review is overdue */
};

struct sh_fault {
    const char *field, *message;
    size_t row;
};
struct sh_faults {
    struct sh_fault of[SH_FAULTS_SHOWN];
    size_t n; /* all, also those not kept */
};

/* An answer that lies in a file; closed with the request or by whoever takes it. */
struct sh_answer_file {
    int fd_plus_1; /* 0: none */
    uint64_t bytes;
};

enum sh_request_state { SH_RQ_NEW, SH_RQ_BODY, SH_RQ_WORK, SH_RQ_DONE };

struct sh_request {
    struct sh_arena arena;
    struct sh_gate *gate;
    struct MHD_Connection *connection; /* NULL in tests */
    struct sh_conn *conn;
    _Atomic enum sh_request_state state;
    char id[33]; /* random, in the log and in refusals */
    int64_t began_ns;
    enum sh_method method;
    const struct sh_route *route; /* NULL: none fits */
    size_t route_index;
    struct sh_target target;
    struct sh_str params[4];
    struct sh_str cookie, bearer, csrf, if_match, idempotency, content_type_in, purpose,
        prefer;                             /* headers; at NULL: absent */
    struct sh_str if_none_match, encodings; /* of files of the pages */
    struct sh_str address;                  /* of the client, for lock-out and evidence; never logged */
    struct sh_str agent;                    /* what the client says it is */
    struct sh_later *later;                 /* NULL: answered now, see later.h */
    struct sh_buf body;
    bool is_counted;     /* among the gate's requests under way */
    size_t body_counted; /* bytes taken from the gate's budget */
    sh_lang lang;
    struct sh_caller caller;
    /* the answer */
    int status;   /* 0: not answered yet */
    bool is_page; /* a file of the pages, see pages.h: its own caching and content policy */
    const char *problem, *content_type;
    struct sh_buf out;
    struct sh_answer_file file; /* sent in place of `out` */
    struct {
        const char *name, *value;
    } headers[8];
    size_t n_headers;
};

/** Handler of a route. Either answers and gives SH_OK, or fails, which becomes a refusal. */
typedef sh_code (*sh_handler)(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err);

/** Refuse with a sentence of detail (may be NULL). Gives SH_OK: the answer is made. */
sh_code sh_refuse(struct sh_request *rq, enum gate_problem id, const char *detail, ...) SH_PRINTF(3, 4);
/** Note what is wrong with a field; row 0: not a table. */
void sh_faults_add(struct sh_request *rq, struct sh_faults *faults, struct sh_str field, size_t row,
                   const char *message, ...) SH_PRINTF(5, 6);
sh_code sh_refuse_fields(struct sh_request *rq, const struct sh_faults *faults);
/** Begin a refusal with members of its own; end it with sh_problem_end. */
void sh_problem_begin(struct sh_request *rq, enum gate_problem id, struct sh_json *json);
void sh_problem_end(struct sh_request *rq, struct sh_json *json);
/** Refuse for a failure of the rooms below. */
void sh_refuse_code(struct sh_request *rq, sh_code code, const struct sh_err *err);

/** Begin a JSON answer in rq->out; end it with sh_answer_end. */
void sh_answer_begin(struct sh_request *rq, int status, struct sh_json *json);
SH_MUST sh_code sh_answer_end(struct sh_request *rq, struct sh_json *json, struct sh_err *err);
/** Add a header to the answer; both texts must live as long as the request. */
void sh_answer_header(struct sh_request *rq, const char *name, const char *value);
/**
 * The body as a JSON object, {} when there is none; the caller releases it. SH_E_CANCELLED: it is none and
 * the refusal is made; a handler gives that on, see sh_gate_answer.
 */
SH_MUST sh_code sh_request_json(struct sh_request *rq, json_t **ret, struct sh_err *err);
