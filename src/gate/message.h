/* What the gate says when it refuses. One line a refusal: id, HTTP status, word for machines, Chinese,
 * English. Inner header. */
#pragma once
#include "base/msg.h"

#define GATE_PROBLEMS(X)                                                                                     \
    X(GATE_BAD_REQUEST, 400, "bad-request", "请求格式不对", "the request is malformed")                      \
    X(GATE_BAD_JSON, 400, "bad-json", "请求正文不是有效的 JSON", "the body is not valid JSON")               \
    X(GATE_NO_SESSION, 401, "not-signed-in", "请先登录", "sign in first")                                    \
    X(GATE_BAD_LOGIN, 401, "bad-login", "账号、口令或动态码不对", "wrong account, password or code")         \
    X(GATE_NEEDS_CODE, 401, "code-needed", "请输入动态码", "a one-time code is needed")                      \
    X(GATE_FORBIDDEN, 403, "forbidden", "您的岗位无权办理此事", "none of your roles may do this")            \
    X(GATE_UNREVIEWED, 403, "grant-not-reviewed", "授权已过复核周期，复核后方可继续使用",                    \
      "a grant is past the term of its review and rests until somebody has reviewed it")                     \
    X(GATE_CSRF, 403, "csrf", "缺少或不符的防伪令牌（X-CSRF-Token）",                                        \
      "the X-CSRF-Token header is missing or wrong")                                                         \
    X(GATE_SETUP, 403, "second-factor-setup", "请先绑定动态口令，再办理业务",                                \
      "set up the second factor before anything else")                                                       \
    X(GATE_MUST_CHANGE, 403, "password-change", "请先修改初始口令", "change the initial password first")     \
    X(GATE_SEPARATION, 403, "separation-of-duties", "不相容岗位须分离",                                      \
      "incompatible duties must be separated")                                                               \
    X(GATE_NOT_FOUND, 404, "not-found", "没有此项，或不在您的范围内", "no such thing within your scope")     \
    X(GATE_NO_METHOD, 405, "method-not-allowed", "此地址不支持该方法", "the path does not take that method") \
    X(GATE_SLOW, 408, "too-slow", "请求发送过慢", "the request came too slowly")                             \
    X(GATE_CONFLICT, 409, "conflict", "与现有内容冲突", "it conflicts with what is there")                   \
    X(GATE_STEP_REFUSED, 409, "step-refused", "依法不能办理", "the law does not let this step be taken")     \
    X(GATE_STALE, 412, "stale", "内容已被他人更新，请刷新后再试",                                            \
      "somebody has changed it meanwhile: read it again")                                                    \
    X(GATE_TOO_LARGE, 413, "too-large", "请求正文过大", "the body is too large")                             \
    X(GATE_BAD_TYPE, 415, "content-type", "不支持的内容类型", "that content type is not taken here")         \
    X(GATE_FIELDS, 422, "fields", "有字段不符合要求", "some fields are not as they must be")                 \
    X(GATE_KEY_REUSED, 422, "idempotency-key", "同一幂等键已用于另一请求",                                   \
      "this idempotency key was used for another request")                                                   \
    X(GATE_LOCKED, 423, "locked", "登录已锁定，请稍后再试", "sign-in is locked for a while")                 \
    X(GATE_NEEDS_MATCH, 428, "if-match-needed", "请带 If-Match 请求头", "send an If-Match header")           \
    X(GATE_BUSY, 429, "busy", "系统繁忙，请稍后再试", "too much at once, try again")                         \
    X(GATE_HEADERS, 431, "headers-too-large", "请求头过大", "the headers are too large")                     \
    X(GATE_FAULT, 500, "fault", "程序故障，已记录", "a fault of the program; it was recorded")               \
    X(GATE_STOPPING, 503, "stopping", "服务正在停止", "the server is stopping")                              \
    X(GATE_UNAVAILABLE, 503, "unavailable", "暂时不可用", "not available now")                               \
    X(GATE_NO_ROOM, 507, "no-room", "磁盘已满", "the disk is full")

#define GATE_PROBLEM_ID(id, status, word, zh, en) id,
enum gate_problem { GATE_PROBLEMS(GATE_PROBLEM_ID) GATE_PROBLEMS_N };

/** Status, machine word and title of a refusal. */
int sh_problem_status(enum gate_problem id);
const char *sh_problem_word(enum gate_problem id);
const char *sh_problem_title(enum gate_problem id, sh_lang lang);
/** The refusal that fits a failure of the rooms below. */
enum gate_problem sh_problem_of_code(sh_code code);
