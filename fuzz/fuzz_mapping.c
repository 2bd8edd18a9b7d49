/* Arbitrary text as a mapping file, then its first source met with a header of its own columns. */
#include "lake/mapping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = (size_t)256 << 20};
    const struct sh_mapping *mapping = NULL;
    struct sh_err err = {0};
    if (sh_mapping_parse("fuzz.sql", (struct sh_str){(const char *)data, size}, &arena, &mapping, &err) !=
        SH_OK) {
        sh_check(err.code != SH_OK && strlen(err.message) > 0);
        return 0;
    }
    for (size_t s = 0; s < mapping->n_sources; s++) {
        const struct sh_map_source *source = &mapping->sources[s], *found = NULL;
        const int32_t *at = NULL;
        struct sh_str *header = sh_new(&arena, struct sh_str, (size_t)source->n_columns + 1);
        sh_check(header != NULL && source->n_selects > 0 && source->n_columns > 0);
        for (uint16_t c = 0; c < source->n_columns; c++)
            header[c] = source->columns[c].name;
        if (sh_mapping_recognise(mapping, "f", header, source->n_columns, &arena, &found, &at, &err) != SH_OK)
            sh_check(err.code == SH_E_INPUT || err.code == SH_E_NOMEM);
        for (uint16_t i = 0; i < source->n_selects; i++)
            sh_check(source->selects[i].n_outputs > 0);
    }
    return 0;
}
