#include "lake/rejects_msg.h"

#define ENTRY_ID(name, id, zh, en) [name] = (id),
#define ENTRY_TEXT(name, id, zh, en) [name] = {{[SH_ZH] = (zh), [SH_EN] = (en)}},
static const char *const ids[SH_REJECT_REASONS] = {SH_REJECTS(ENTRY_ID)};
static const struct sh_msg texts[SH_REJECT_REASONS] = {SH_REJECTS(ENTRY_TEXT)};

const char *sh_reject_id(enum sh_reject_reason reason) {
    return ids[reason];
}

const struct sh_msg *sh_reject_message(const char *id) {
    for (size_t i = 1; i < SH_REJECT_REASONS; i++)
        if (strcmp(ids[i], id) == 0)
            return &texts[i];
    return NULL;
}
