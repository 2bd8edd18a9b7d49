/* The duty: a thread that carries out what time ends. Inner header. */
#pragma once
#include "gate/inner.h"

SH_MUST sh_code sh_duty_start(struct sh_gate *gate, struct sh_err *err);
/** Waits for the end under way. Safe when it was never started. */
void sh_duty_stop(struct sh_gate *gate);
/** There may be something to do: now, not after the pause. */
void sh_duty_wake(struct sh_gate *gate);
