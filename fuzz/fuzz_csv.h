/* One shipped mapping under arbitrary bytes: source, records, mapping, typing, with a sink that counts. Each
 * record must be pushed or rejected exactly once for each table block that concerns it. */
#pragma once
#include "../tests/lake/sink.h"
#include "lake/block.h"

/* Opened once a process, by the first input: DuckDB takes longer to open than a file to read. */
struct fuzz_csv {
    struct sh_arena arena;
    const struct sh_mapping *mapping;
    const struct sh_gb18030 *gb;
    struct sh_eval *eval;
    struct sh_landing *sink;
};

static inline void fuzz_csv_open(struct fuzz_csv *f, const char *mapping) {
    struct sh_err err = {0};
    char dir[4096];
    const char *root = getenv("SHOUHU_SOURCE_DIR");
    (void)snprintf(dir, sizeof(dir), "%s/mappings", root ? root : ".");
    sh_code code = sh_mapping_load(dir, mapping, &f->arena, &f->mapping, &err);
    if (code != SH_OK) {
        (void)fprintf(stderr, "%s (SHOUHU_SOURCE_DIR names the source tree)\n", err.message);
        exit(77);
    }
    sh_check(sh_gb18030_new(&f->arena, &f->gb, &err) == SH_OK);
    sh_check(sh_eval_open(f->mapping, &f->eval, &err) == SH_OK);
    f->sink = sh_alloc_array(1, sizeof(*f->sink));
    sh_check(f->sink != NULL);
    f->sink->is_counting = true;
}

/* Rows the blocks of a source must have given for `split` records that could be split and `broken` ones that
 * could not. */
static inline void fuzz_csv_check(const struct fuzz_csv *f, const struct sh_intake *in, uint64_t n_records,
                                  const struct sh_map_source *source) {
    uint64_t blocks[SH_TABLES] = {0}, optional[SH_TABLES] = {0};
    for (uint16_t s = 0; s < source->n_selects; s++)
        (source->selects[s].when_column < 0 ? blocks : optional)[source->selects[s].table]++;
    for (unsigned t = 0; t < SH_TABLES; t++) {
        const uint64_t seen = f->sink->n_rows[t] + f->sink->n_rejects[t];
        sh_check(seen == in->read[t]);
        sh_check(seen >= n_records * blocks[t] && seen <= n_records * (blocks[t] + optional[t]));
    }
}

static inline void fuzz_csv_file(struct fuzz_csv *f, struct sh_str bytes, size_t target) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_intake_file file = {0};
    struct sh_source *source = NULL;
    struct sh_record_reader *records = NULL;
    struct sh_err err = {0};
    if (sh_source_open_bytes("fuzz", bytes, &source, &err) != SH_OK ||
        sh_record_reader_open(source, f->mapping->form, f->mapping->encoding, f->gb, &arena, &records,
                              &file.header, &file.n_header, &err) != SH_OK)
        return;
    struct sh_intake in = {.mapping = f->mapping, .gb = f->gb, .landing = f->sink, .eval = f->eval};
    memset(f->sink->n_rows, 0, sizeof(f->sink->n_rows));
    memset(f->sink->n_rejects, 0, sizeof(f->sink->n_rejects));
    sh_code code = sh_mapping_recognise(f->mapping, "fuzz", file.header, file.n_header, &arena, &file.source,
                                        &file.at, &err);
    uint64_t n_records = 0;
    if (code == SH_OK) {
        file.source_number = (size_t)(file.source - f->mapping->sources);
        file.form = *sh_record_reader_form(records);
        file.form.wide = false;
    }
    while (code == SH_OK && (code = sh_record_reader_next(records, target, &in.block, NULL, &err)) == SH_OK &&
           in.block.n_spans > 0) {
        n_records += in.block.n_spans;
        code = sh_intake_block(&in, &file, &err);
        sh_check(code == SH_OK ||
                 code == SH_E_OVERFLOW); /* bad data is never an error, but sums may leave int64 */
    }
    if (code == SH_OK)
        fuzz_csv_check(f, &in, n_records, file.source);
    in.eval = NULL; /* kept for the next input */
    sh_intake_release(&in);
    sh_record_reader_close(records);
}

static inline void fuzz_csv_close(struct fuzz_csv *f) {
    sh_eval_close(f->eval);
    sh_free(f->sink);
    sh_arena_free(&f->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the size of blocks, so that borders fall everywhere. */
#define FUZZ_CSV(name)                                                                                       \
    static struct fuzz_csv fuzz;                                                                             \
    static void close_at_exit(void) {                                                                        \
        fuzz_csv_close(&fuzz);                                                                               \
    }                                                                                                        \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {                                           \
        if (!fuzz.mapping) {                                                                                 \
            fuzz_csv_open(&fuzz, name);                                                                      \
            (void)atexit(close_at_exit);                                                                     \
        }                                                                                                    \
        if (size > 0)                                                                                        \
            fuzz_csv_file(&fuzz, (struct sh_str){(const char *)data + 1, size - 1}, (size_t)data[0] + 1);    \
        return 0;                                                                                            \
    }
