/* The record splitter of the import against libcsv, one thread, over the same made-up fee file in memory. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "lake/records.h"
#ifdef HAVE_LIBCSV
#include <csv.h>
#endif
#include <inttypes.h>

enum { ROWS = 400000, FIELDS = 40, FIELDS_MAX = 64, ROUNDS = 5, BLOCK_BYTES = 4 << 20 };

/* Forty cells a row as in fee_list_d; one cell in fifty is quoted, some of those with a delimiter inside. */
static sh_code make_file(struct sh_buf *ret, struct sh_err *err) {
    struct sh_rng rng;
    sh_rng_seed(&rng, 1);
    for (int c = 0; c < FIELDS; c++)
        sh_buf_addf(ret, c ? ",column_%d" : "column_%d", c);
    sh_buf_add_char(ret, '\n');
    for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < FIELDS; c++) {
            const uint64_t v = sh_rng_next(&rng);
            if (c)
                sh_buf_add_char(ret, ',');
            if (v % 50 == 0)
                sh_buf_addf(ret, "\"%" PRIu64 ", mg\"", v % 1000);
            else if (v % 3 != 0)
                sh_buf_addf(ret, "%" PRIu64, v % 100000000);
        }
        sh_buf_add_char(ret, '\n');
    }
    return sh_buf_check(ret, err);
}

struct counted {
    uint64_t records, fields, bytes;
};

static void close_records(struct sh_record_reader **records) {
    sh_record_reader_close(*records);
}

static sh_code split_ours(struct sh_str file, struct counted *ret, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(close_records) struct sh_record_reader *records = NULL;
    SH_CLEANUP(sh_block_free) struct sh_block block = {0};
    const struct sh_gb18030 *gb = NULL;
    struct sh_source *source = NULL;
    const struct sh_str *header = NULL;
    size_t n_header = 0;
    SH_TRY(sh_gb18030_new(&arena, &gb, err));
    SH_TRY(sh_source_open_bytes("made-up", file, &source, err));
    SH_TRY(sh_record_reader_open(source, (struct sh_form){.delimiter = ',', .quote = '"'}, SH_ENCODING_UTF8,
                                 gb, &arena, &records, &header, &n_header, err));
    for (;;) {
        SH_TRY(sh_record_reader_next(records, BLOCK_BYTES, &block, NULL, err));
        if (block.n_spans == 0)
            return SH_OK;
        const struct sh_form *form = sh_record_reader_form(records);
        for (size_t i = 0; i < block.n_spans; i++) {
            struct sh_field fields[FIELDS_MAX];
            size_t n = 0;
            if (sh_record_split(form, block.bytes, &block.bits, block.spans[i].begin,
                                (size_t)block.spans[i].begin + block.spans[i].len, fields, FIELDS_MAX,
                                &n) != SH_REJECT_NONE)
                return sh_fail(err, SH_E_INTERNAL, "record %zu is refused", i);
            ret->records++;
            ret->fields += n;
            for (size_t f = 0; f < n; f++)
                ret->bytes += fields[f].len;
        }
    }
}

#ifdef HAVE_LIBCSV
static void take_field(void *text, size_t len, void *ctx) {
    struct counted *counted = ctx;
    (void)text;
    counted->fields++;
    counted->bytes += len;
}
static void take_record(int end, void *ctx) {
    (void)end;
    ((struct counted *)ctx)->records++;
}

static sh_code split_libcsv(struct sh_str file, struct counted *ret, struct sh_err *err) {
    struct csv_parser parser;
    if (csv_init(&parser, 0) != 0)
        return sh_fail(err, SH_E_NOMEM, "libcsv does not start");
    const size_t n = csv_parse(&parser, file.at, file.len, take_field, take_record, ret);
    const int end = csv_fini(&parser, take_field, take_record, ret);
    csv_free(&parser);
    return n == file.len && end == 0 ? SH_OK : sh_fail(err, SH_E_INTERNAL, "libcsv stops at byte %zu", n);
}
#endif

typedef sh_code splitter(struct sh_str file, struct counted *ret, struct sh_err *err);

static sh_code measure(const char *name, splitter *split, struct sh_str file, struct counted *ret,
                       struct sh_err *err) {
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        *ret = (struct counted){0};
        const int64_t begin = sh_monotonic_ns();
        SH_TRY(split(file, ret, err));
        const double gb_s = (double)file.len / (double)(sh_monotonic_ns() - begin);
        best = gb_s > best ? gb_s : best;
    }
    printf("%s %.3f GB/s\n", name, best);
    return SH_OK;
}

static sh_code run(struct sh_err *err) {
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    SH_TRY(make_file(&text, err));
    const struct sh_str file = sh_buf_view(&text);
    struct counted ours = {0};
    SH_TRY(measure("records_split_gb_s", split_ours, file, &ours, err));
#ifdef HAVE_LIBCSV
    struct counted theirs = {0};
    SH_TRY(measure("records_libcsv_gb_s", split_libcsv, file, &theirs, err));
    if (theirs.records != ours.records + 1 ||
        theirs.fields != ours.fields + FIELDS) /* it counts the header too */
        return sh_fail(err, SH_E_INTERNAL, "%" PRIu64 " fields here, %" PRIu64 " in libcsv", ours.fields,
                       theirs.fields);
#endif
    return SH_OK;
}

int main(void) {
    struct sh_err err = {0};
    if (run(&err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-records: %s\n", err.message);
    return 1;
}
