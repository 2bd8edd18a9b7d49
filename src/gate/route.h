/* Every path of the API, once: what it is, who may, which lane, which handler. docs/openapi.yaml describes
 * the same list; a test compares them. Inner header. */
#pragma once
#include "gate/request.h"

/* Reads, writes, what hashes a password (two threads, as each hash takes 64 MiB and 0.1 s), and what is
 * answered later. */
enum sh_lane_id { SH_LANE_READ, SH_LANE_WRITE, SH_LANE_HASH, SH_LANE_LATER, SH_LANES };
enum sh_route_flags {
    SH_ROUTE_EARLY = 1,  /* open before the second factor is set up and the initial password changed */
    SH_ROUTE_UPLOAD = 2, /* takes a raw body that is not JSON */
    SH_ROUTE_ONCE = 4,   /* honours Idempotency-Key */
    SH_ROUTE_LARGE = 8,  /* writes thousands of rows: a transaction of its own */
};

#define SH_NEED_NOBODY NULL /* open to all */
#define SH_NEED_ANYONE "*"  /* whoever is signed in */

struct sh_route {
    enum sh_method method;
    const char *path; /* "/api/v1/registers/{register}" */
    const char *need; /* a power of law/roles.yaml, or one of the two above */
    enum sh_lane_id lane;
    unsigned flags;
    size_t body_max; /* 0: SH_JSON_BODY_MAX */
    sh_handler handler;
};
enum { SH_ROUTES_MAX = 128 };
/** All routes [*ret_n]. */
const struct sh_route *sh_routes(size_t *ret_n);
/**
 * Find rq->route from method and target, fill rq->params.
 * Errors: SH_E_NOTFOUND no such path; SH_E_UNSUPPORTED the path does not take that method.
 */
SH_MUST sh_code sh_route_find(struct sh_request *rq, struct sh_err *err);
