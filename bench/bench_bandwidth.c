/* How fast this machine moves memory: copy and triad over arrays far larger than any cache. The yard-stick
 * for the others. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/pool.h"

enum { WORDS = 1 << 24, ROUNDS = 5, SLICES_MAX = 64 };

struct arrays {
    double *a, *b, *c;
    size_t slices;
    bool triad;
};

static sh_code slice(void *ctx, size_t task, size_t worker, struct sh_err *err) {
    const struct arrays *x = ctx;
    (void)worker, (void)err;
    const size_t begin = WORDS / x->slices * task,
                 end = task + 1 == x->slices ? WORDS : WORDS / x->slices * (task + 1);
    double *restrict a = x->a;
    const double *restrict b = x->b, *restrict c = x->c;
    if (x->triad)
        for (size_t i = begin; i < end; i++)
            a[i] = b[i] + 3.0 * c[i];
    else
        for (size_t i = begin; i < end; i++)
            a[i] = b[i];
    return SH_OK;
}

/* Best of some rounds, in GB/s. */
static sh_code measure(struct arrays *x, bool triad, size_t threads, double *ret, struct sh_err *err) {
    x->triad = triad;
    x->slices = threads;
    *ret = 0;
    for (int r = 0; r < ROUNDS; r++) {
        const int64_t begin = sh_monotonic_ns();
        SH_TRY(sh_pool_run(threads, x->slices, slice, x, NULL, err));
        const double gb_s =
            (double)((triad ? 3 : 2) * sizeof(double) * WORDS) / (double)(sh_monotonic_ns() - begin);
        *ret = gb_s > *ret ? gb_s : *ret;
    }
    return SH_OK;
}

static sh_code run(struct sh_err *err) {
    SH_CLEANUP(sh_free_at) double *a = sh_alloc_array(WORDS, sizeof *a);
    SH_CLEANUP(sh_free_at) double *b = sh_alloc_array(WORDS, sizeof *b);
    SH_CLEANUP(sh_free_at) double *c = sh_alloc_array(WORDS, sizeof *c);
    if (!a || !b || !c)
        return sh_fail(err, SH_E_NOMEM, "no room for three arrays");
    for (size_t i = 0; i < WORDS; i++)
        a[i] = 0.5, b[i] = 1.0, c[i] = 2.0;
    struct arrays x = {.a = a, .b = b, .c = c};
    const size_t all = sh_processors() < SLICES_MAX ? sh_processors() : SLICES_MAX;
    double copy = 0, triad = 0, one = 0;
    SH_TRY(measure(&x, false, all, &copy, err));
    SH_TRY(measure(&x, true, all, &triad, err));
    SH_TRY(measure(&x, true, 1, &one, err));
    printf("memory_bandwidth_gb_s %.1f GB/s\n", triad);
    printf("memory_copy_gb_s %.1f GB/s\n", copy);
    printf("memory_bandwidth_one_thread_gb_s %.1f GB/s\n", one);
    return SH_OK;
}

int main(void) {
    struct sh_err err = {0};
    if (run(&err) == SH_OK)
        return 0;
    fprintf(stderr, "bench-bandwidth: %s\n", err.message);
    return 1;
}
