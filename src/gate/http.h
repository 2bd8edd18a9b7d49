/* The glue to libmicrohttpd: it parses, we decide. Inner header. */
#pragma once
#include "gate/request.h"

/** Start listening. Errors: SH_E_INPUT the address; SH_E_IO the port is taken. */
SH_MUST sh_code sh_http_start(struct sh_gate *gate, const char *host, uint16_t port, struct sh_err *err);
/** The port it listens on (0 was asked: the one the system gave). */
uint16_t sh_http_port(const struct sh_gate *gate);
/** Take no new connections; wait up to `seconds` for those under way; then close all. */
void sh_http_stop(struct sh_gate *gate, int seconds);
/** A request whose answer is ready goes on. From any thread. */
void sh_http_resume(struct sh_request *rq);
