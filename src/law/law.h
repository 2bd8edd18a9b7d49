/*
 * Law as text: parameters (params.h), working-day calendars (calendar.h), the arithmetic of deadlines
 * (clock.h), what outcomes say of a rule (outcomes.h), registers and roles (register.h). The public header of
 * the room.
 */
#pragma once
#include "law/calendar.h"
#include "law/clock.h"
#include "law/facts.h"
#include "law/outcomes.h"
#include "law/params.h"
#include "law/procedure.h"
#include "law/register.h"
