/* Dictionaries of a lake: code to dense id and back. Inner header of the room. */
#pragma once
#include "base/arena.h"
#include "lake/codes.h"
#include "lake/lake.h"
#include "lake/manifest.h"

/** A dictionary in memory, with an index by code. Owned by the caller; release with sh_dict_release. */
struct sh_dict_full {
    struct sh_dict_view view; /* what sh_dict_find searches */
    struct sh_str *code, *name, *kind;
    size_t cap;
    uint32_t *slots; /* id + 1, 0 = free */
    uint32_t n_slots;
    struct sh_arena arena;
};
/** Load all files of a dictionary that a manifest names. Errors: SH_E_CORRUPT and SH_E_IO with the path,
 * SH_E_NOMEM. */
SH_MUST sh_code sh_dict_load(const char *lake_dir, const struct sh_manifest *manifest, enum sh_dict dict,
                             struct sh_dict_full *ret, struct sh_err *err);
/** Its codes alone, by id. Errors as above, and SH_E_FULL. */
SH_MUST sh_code sh_dict_codes(const char *lake_dir, const struct sh_manifest *manifest, enum sh_dict dict,
                              struct sh_codes *ret, struct sh_err *err);
void sh_dict_release(struct sh_dict_full *dict);
/** Add a code that is not there; gives its id. Texts are copied. */
SH_MUST sh_code sh_dict_add(struct sh_dict_full *dict, struct sh_str code, struct sh_str name,
                            struct sh_str kind, int32_t *ret_id, struct sh_err *err);
/** Fill an empty name or kind of an entry. True if that changed anything. */
SH_MUST sh_code sh_dict_improve(struct sh_dict_full *dict, int32_t id, struct sh_str name, struct sh_str kind,
                                bool *ret_changed, struct sh_err *err);
/** Write entries ids [n] as a Parquet file. */
SH_MUST sh_code sh_dict_write(const struct sh_dict_full *dict, const int32_t *ids, size_t n, void *connection,
                              const char *path, struct sh_err *err);
