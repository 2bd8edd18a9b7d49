#include "base/fs.h"
#include "base/limits.h"
#include "base/pool.h"
#include "base/progress.h"
#include "synth/plant.h"
#include "synth/write.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

enum { LINES_A_BLOCK = 20000, LINES_A_MONTH = 14, BYTES_A_LINE = 620 };
static const uint64_t part_bytes = (uint64_t)1800 << 20;

/* The files of the city. Blocks are written in their order, whoever made them. */
struct files {
    const char *dir;
    int fd[SYN_TABLES];
    char path[SYN_TABLES][SH_PATH_BYTES_MAX];
    uint64_t part_bytes, bytes; /* of the present part of the fees; of all files */
    bool in_parts;
    uint32_t n_parts;
};

struct run {
    const struct syn_city *city;
    struct files files;
    struct syn_life *lives;     /* [threads] */
    struct syn_writer *writers; /* [threads] */
    atomic_int_fast64_t *sold;
    uint32_t persons_a_block;
    struct sh_progress *progress;
    pthread_mutex_t lock; /* of the four below and of files */
    pthread_cond_t turned;
    size_t turn, failed; /* block to be written next; lowest block that failed */
    struct syn_counts counts;
};

static sh_code open_file(struct files *f, enum syn_table table, struct sh_err *err) {
    if (table == SYN_T_TRUTH)
        SH_TRY(sh_path_format(f->path[table], err, "%s/truth/truth.csv", f->dir));
    else if (table == SYN_T_FEE && f->in_parts)
        SH_TRY(sh_path_format(f->path[table], err, "%s/fee_list_d-%04u.csv", f->dir, f->n_parts + 1));
    else
        SH_TRY(sh_path_format(f->path[table], err, "%s/%s.csv", f->dir, sh_syn_table_name(table)));
    f->fd[table] = open(f->path[table], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (f->fd[table] < 0)
        return sh_fail_errno(err, "cannot write %s", f->path[table]);
    if (table == SYN_T_FEE)
        f->n_parts++, f->part_bytes = 0;
    struct sh_str header = sh_str_of(sh_syn_header(table));
    header.len--; /* the comma behind the last column */
    SH_TRY(sh_fd_write(f->fd[table], header, f->path[table], err));
    f->bytes += header.len + 1;
    return sh_fd_write(f->fd[table], SH_STR("\n"), f->path[table], err);
}

static sh_code close_file(struct files *f, enum syn_table table, struct sh_err *err) {
    if (f->fd[table] < 0)
        return SH_OK;
    const int fd = f->fd[table];
    f->fd[table] = -1;
    return close(fd) == 0 ? SH_OK : sh_fail_errno(err, "cannot finish %s", f->path[table]);
}

static void close_all(struct files *f) {
    for (int t = 0; t < SYN_TABLES; t++)
        (void)close_file(f, (enum syn_table)t, NULL);
}

static bool is_ours(struct sh_str name) {
    static const char *const ours[] = {
        "mdtrt_d.csv",     "setl_d.csv",      "setl_list_diag_d.csv", "setl_list_oprn_d.csv",
        "fee_list_d.csv",  "medins_b.csv",    "medlist_b.csv",        "dept_b.csv",
        "dr_b.csv",        "setl_list_d.csv", "psn_opsp_reg_d.csv",   "psn_insu_d.csv",
        "matn_alwn_d.csv", "ltc_serv_d.csv",  "seltrac_d.csv",        "purctrac_d.csv"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (sh_str_is(name, ours[i]))
            return true;
    return (sh_str_starts_with(name, SH_STR("fee_list_d-")) ||
            sh_str_starts_with(name, SH_STR("store_5_"))) &&
           sh_str_ends_with(name, SH_STR(".csv"));
}

/* What a former city left would be imported with the new one. */
static sh_code clear_dir(const char *dir, struct sh_arena *arena, struct sh_err *err) {
    char path[SH_PATH_BYTES_MAX];
    SH_TRY(sh_path_join(path, dir, "truth", err));
    SH_TRY(sh_mkdir_all(path, err));
    const struct sh_dir_entry *entries;
    size_t n;
    SH_TRY(sh_dir_list(dir, arena, &entries, &n, err));
    for (size_t i = 0; i < n; i++)
        if (entries[i].kind == SH_ENTRY_FILE && is_ours(sh_str_of(entries[i].name))) {
            SH_TRY(sh_path_join(path, dir, entries[i].name, err));
            SH_TRY(sh_remove_file(path, err));
        }
    return SH_OK;
}

static void add_counts(struct syn_counts *to, const struct syn_counts *from) {
    for (int t = 0; t < SYN_TABLES; t++)
        to->rows[t] += from->rows[t];
    to->refunds += from->refunds;
    to->voided += from->voided;
    to->violations += from->violations;
    to->near_misses += from->near_misses;
    to->blamed += from->blamed;
    to->not_planted += from->not_planted;
    to->total_fen += from->total_fen;
    to->covered_fen += from->covered_fen;
    to->fund_fen += from->fund_fen;
}

static sh_code write_out(struct run *run, struct syn_writer *w, struct sh_err *err) {
    struct files *f = &run->files;
    for (int t = 0; t < SYN_TABLES; t++) {
        const struct sh_str text = sh_buf_view(&w->out[t]);
        if (t == SYN_T_FEE && f->in_parts && f->part_bytes + text.len > part_bytes) {
            SH_TRY(close_file(f, SYN_T_FEE, err));
            SH_TRY(open_file(f, SYN_T_FEE, err));
        }
        SH_TRY(sh_fd_write(f->fd[t], text, f->path[t], err));
        f->bytes += text.len;
        if (t == SYN_T_FEE)
            f->part_bytes += text.len;
    }
    add_counts(&run->counts, &w->counts);
    return SH_OK;
}

static sh_code make_block(struct run *run, size_t block, size_t worker, struct sh_err *err) {
    struct syn_writer *w = &run->writers[worker];
    struct syn_life *life = &run->lives[worker];
    for (int t = 0; t < SYN_TABLES; t++)
        sh_buf_clear(&w->out[t]);
    w->counts = (struct syn_counts){0};
    w->sold = run->sold;
    const uint32_t first = (uint32_t)block * run->persons_a_block;
    uint32_t end = first + run->persons_a_block;
    end = end < run->city->n_persons ? end : run->city->n_persons;
    for (uint32_t person = first; person < end; person++) {
        sh_code code = sh_syn_life_begin(life, run->city, person);
        if (code == SH_OK) {
            sh_syn_person_make(life, person);
            sh_syn_plant_all(life);
            sh_syn_live(life);
            code = sh_syn_write_life(w, life);
        }
        if (code != SH_OK)
            return sh_fail(err, code, "person %u of the city: %s", person,
                           code == SH_E_LIMIT ? "life too long" : "no room");
    }
    if (run->progress)
        sh_progress_step(run->progress, end - first);
    return SH_OK;
}

static sh_code one_block(void *ctx, size_t block, size_t worker, struct sh_err *err) {
    struct run *run = ctx;
    sh_code code = make_block(run, block, worker, err);
    (void)pthread_mutex_lock(&run->lock);
    while (code == SH_OK && run->turn < block && run->failed > block)
        (void)pthread_cond_wait(&run->turned, &run->lock);
    if (code == SH_OK && run->failed < block)
        code = sh_fail(err, SH_E_CANCELLED, "an earlier part of the city failed");
    if (code == SH_OK)
        code = write_out(run, &run->writers[worker], err);
    if (code == SH_OK)
        run->turn++;
    else if (block < run->failed)
        run->failed = block;
    (void)pthread_cond_broadcast(&run->turned);
    (void)pthread_mutex_unlock(&run->lock);
    return code;
}

/* Behind all others: the hospitals that are compared. */
static sh_code compare(struct run *run, struct sh_err *err) {
    struct syn_writer *w = &run->writers[0];
    for (int t = 0; t < SYN_TABLES; t++)
        sh_buf_clear(&w->out[t]);
    w->counts = (struct syn_counts){0};
    w->sold = run->sold;
    const sh_code code = sh_syn_compare(run->city, &run->lives[0], w);
    return code == SH_OK ? write_out(run, w, err)
                         : sh_fail(err, code, "no room for the hospitals that are compared");
}

static sh_code check_options(const struct sh_synth_options *o, struct sh_err *err) {
    if (o->persons < 1 || o->persons > SH_SYNTH_PERSONS_MAX)
        return sh_fail(err, SH_E_INPUT, "%u persons; must be 1 to %u", o->persons, SH_SYNTH_PERSONS_MAX);
    if (o->months < 1 || o->months > SH_SYNTH_MONTHS_MAX)
        return sh_fail(err, SH_E_INPUT, "%u months; must be 1 to %u", o->months, SH_SYNTH_MONTHS_MAX);
    if (o->plant_ppm > 200000)
        return sh_fail(err, SH_E_INPUT,
                       "a share of %u per million to plant; at most 200000 (0.2) fits into ordinary lives",
                       o->plant_ppm);
    return SH_OK;
}

static sh_code make_city(struct run *run, size_t threads, struct sh_arena *arena, struct sh_synth_result *ret,
                         struct sh_err *err) {
    const struct syn_city *city = run->city;
    struct files *f = &run->files;
    const size_t n_sold = (size_t)city->n_places * city->book->n_items * sh_syn_stock_months(city);
    run->sold = (atomic_int_fast64_t *)sh_new(arena, int64_t, n_sold);
    run->lives = sh_new(arena, struct syn_life, threads);
    run->writers = sh_new(arena, struct syn_writer, threads);
    if (!run->sold || !run->lives || !run->writers)
        return sh_fail(err, SH_E_NOMEM, "no room for the city");
    SH_TRY(clear_dir(f->dir, arena, err));
    const uint64_t lines = (uint64_t)city->n_persons * city->n_months * LINES_A_MONTH;
    f->in_parts = lines * BYTES_A_LINE > part_bytes;
    for (int t = 0; t < SYN_TABLES; t++)
        SH_TRY(open_file(f, (enum syn_table)t, err));
    run->persons_a_block = LINES_A_BLOCK / (LINES_A_MONTH * city->n_months) + 1;
    const size_t n_blocks = (city->n_persons + run->persons_a_block - 1) / run->persons_a_block;
    run->failed = n_blocks;
    sh_code code = sh_pool_run(threads, n_blocks, one_block, run, NULL, err);
    if (code == SH_OK && city->plant_ppm)
        code = compare(run, err);
    for (size_t i = 0; i < threads; i++) {
        sh_syn_life_free(&run->lives[i]);
        sh_syn_writer_free(&run->writers[i]);
    }
    SH_TRY(code);
    for (int t = 0; t < SYN_TABLES; t++)
        SH_TRY(close_file(f, (enum syn_table)t, err));
    SH_TRY(sh_syn_write_registers(city, f->dir, &f->bytes, err));
    return sh_syn_write_stock(city, run->sold, f->dir, &ret->stock_rows, &f->bytes, err);
}

static void fill_result(const struct run *run, struct sh_synth_result *ret) {
    const struct syn_counts *c = &run->counts;
    ret->persons = run->city->n_persons;
    ret->encounters = c->rows[SYN_T_MDTRT], ret->settlements = c->rows[SYN_T_SETL],
    ret->lines = c->rows[SYN_T_FEE];
    ret->diagnoses = c->rows[SYN_T_DIAG], ret->operations = c->rows[SYN_T_OPRN];
    ret->refunds = c->refunds, ret->voided = c->voided;
    ret->violations = c->violations, ret->near_misses = c->near_misses;
    ret->blamed_lines = c->blamed, ret->not_planted = c->not_planted;
    ret->total_fen = c->total_fen, ret->covered_fen = c->covered_fen, ret->fund_fen = c->fund_fen;
    ret->first_day = run->city->first_day, ret->last_day = run->city->last_day;
    ret->institutions = run->city->n_places;
    ret->fee_parts = run->files.n_parts;
    ret->bytes = run->files.bytes;
}

sh_code sh_synth_run(const struct sh_synth_options *options, struct sh_synth_result *ret,
                     struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct syn_book book;
    struct syn_city city;
    struct sh_synth_result result = {0};
    SH_TRY(check_options(options, err));
    SH_TRY(sh_syn_book_load(options->book_dir, &arena, &book, err));
    SH_TRY(sh_syn_city_make(&book, options, &arena, &city, err));
    SH_TRY(sh_syn_rotation(&city, &arena, err));
    struct run *run = sh_new(&arena, struct run, 1);
    if (!run)
        return sh_fail(err, SH_E_NOMEM, "no room for the city");
    run->city = &city, run->files.dir = options->out_dir, run->progress = options->progress;
    for (int t = 0; t < SYN_TABLES; t++)
        run->files.fd[t] = -1;
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_cond_init(&run->turned, NULL);
    const size_t threads = options->threads ? options->threads : sh_processors();
    const sh_code code =
        make_city(run, threads < SH_THREADS_MAX ? threads : SH_THREADS_MAX, &arena, &result, err);
    close_all(&run->files);
    (void)pthread_cond_destroy(&run->turned);
    (void)pthread_mutex_destroy(&run->lock);
    SH_TRY(code);
    fill_result(run, &result);
    *ret = result;
    return SH_OK;
}
