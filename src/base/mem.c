#include "base/mem.h"
#include "base/limits.h"
#include <malloc.h>
#include <stdatomic.h>

/* The test hook is the one piece of mutable state in the house: a count-down that is 0 (off) outside of
 * tests. */
static _Atomic uint64_t fail_countdown;
static atomic_bool has_failed;

static bool must_fail(void) {
    if (__builtin_expect(atomic_load_explicit(&fail_countdown, memory_order_relaxed) == 0, 1))
        return false;
    uint64_t left = atomic_load(&fail_countdown);
    while (left > 1)
        if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1))
            return false;
    if (left == 1)
        atomic_store(&has_failed, true);
    return left == 1;
}

void sh_alloc_fail_at(uint64_t n) {
    atomic_store(&has_failed, false);
    atomic_store(&fail_countdown, n);
}

_Bool sh_alloc_has_failed(void) {
    return atomic_load(&has_failed);
}

void *sh_alloc_raw(size_t size) {
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *sh_alloc_array(size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || must_fail())
        return NULL;
    return calloc(1, bytes ? bytes : 1);
}

/* The C library keeps small pieces as they were (in its thread caches, which sh_heap_wipe does not reach): a
 * name, a field of a form. */
enum { SMALL = 1040 };

static size_t small_size(void *p) {
    const size_t size = p ? malloc_usable_size(p) : 0;
    return size <= SMALL ? size : 0;
}

void *sh_realloc_array(void *p, size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || must_fail())
        return NULL;
    bytes = bytes ? bytes : 1;
    const size_t small = small_size(p);
    if (small == 0)
        return realloc(p, bytes);
    void *moved = malloc(bytes);
    if (!moved)
        return NULL;
    memcpy(moved, p, small < bytes ? small : bytes);
    sh_free(p);
    return moved;
}

void sh_free(void *p) {
    const size_t small = small_size(p);
    if (small > 0)
        explicit_bzero(p, small);
    free(p);
}

void sh_free_at(void *pointer_to_pointer) {
    void *p;
    memcpy(&p, pointer_to_pointer, sizeof(p));
    sh_free(p);
}

void sh_heap_wipe(void) {
#ifdef __GLIBC__
    (void)mallopt(M_PERTURB, 0xa5);
#endif
}

sh_code sh_grow(void *pointer_to_array, size_t *cap, size_t need, size_t elem_size, size_t max,
                struct sh_err *err) {
    sh_check(elem_size > 0);
    if (need <= *cap)
        return SH_OK;
    if (need > max)
        return sh_fail(err, SH_E_LIMIT, "%zu elements, at most %zu are allowed", need, max);
    size_t wanted = *cap < 8 ? 16 : *cap > max / 2 ? max : *cap * 2;
    if (wanted < need)
        wanted = need;
    if (wanted > max)
        wanted = max;
    void *array; /* the caller's pointer has any type: move it as bytes */
    memcpy(&array, pointer_to_array, sizeof(array));
    array = sh_realloc_array(array, wanted, elem_size);
    if (!array)
        return sh_fail(err, SH_E_NOMEM, "no memory for %zu elements of %zu bytes", wanted, elem_size);
    memcpy(pointer_to_array, &array, sizeof(array));
    *cap = wanted;
    return SH_OK;
}

struct sh_buf sh_buf_init(size_t max) {
    return (struct sh_buf){.max = max};
}

sh_code sh_buf_reserve(struct sh_buf *buf, size_t n) {
    if (buf->failed != SH_OK)
        return buf->failed;
    const size_t max = buf->max ? buf->max : SH_BUF_BYTES_MAX;
    if (n > max || buf->len > max - n)
        return buf->failed = SH_E_LIMIT;
    /* One byte more than the text for the NUL. */
    return buf->failed = sh_grow(&buf->at, &buf->cap, buf->len + n + 1, 1, max + 1, NULL);
}

sh_code sh_buf_add(struct sh_buf *buf, const char *at, size_t len) {
    /* What there is room for is within the maximum; all else is the exception. */
    if ((len >= buf->cap - buf->len || buf->failed != SH_OK) && sh_buf_reserve(buf, len) != SH_OK)
        return buf->failed;
    if (len > 0)
        memcpy(buf->at + buf->len, at, len);
    buf->len += len;
    buf->at[buf->len] = '\0';
    return SH_OK;
}

sh_code sh_buf_add_char(struct sh_buf *buf, char c) {
    if (buf->cap - buf->len < 2 || buf->failed != SH_OK)
        return sh_buf_add(buf, &c, 1);
    buf->at[buf->len++] = c;
    buf->at[buf->len] = '\0';
    return SH_OK;
}

sh_code sh_buf_add_str(struct sh_buf *buf, struct sh_str text) {
    return sh_buf_add(buf, text.at, text.len);
}

sh_code sh_buf_add_text(struct sh_buf *buf, const char *text) {
    return sh_buf_add(buf, text, strlen(text));
}

sh_code sh_buf_vaddf(struct sh_buf *buf, const char *format, va_list values) {
    if (sh_buf_reserve(buf, 64) != SH_OK && buf->failed == SH_E_LIMIT)
        buf->failed = SH_OK; /* 64 bytes are a guess; the exact need is checked below */
    if (buf->failed != SH_OK)
        return buf->failed;
    va_list again;
    va_copy(again, values);
    const size_t room = buf->cap - buf->len;
    const int n = vsnprintf(buf->at ? buf->at + buf->len : NULL, buf->at ? room : 0, format, values);
    if (n < 0) {
        buf->failed = SH_E_INPUT;
    } else if ((size_t)n < room) {
        buf->len += (size_t)n;
    } else if (sh_buf_reserve(buf, (size_t)n) == SH_OK) {
        (void)vsnprintf(buf->at + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    return buf->failed;
}

sh_code sh_buf_addf(struct sh_buf *buf, const char *format, ...) {
    va_list values;
    va_start(values, format);
    const sh_code code = sh_buf_vaddf(buf, format, values);
    va_end(values);
    return code;
}

sh_code sh_buf_check(const struct sh_buf *buf, struct sh_err *err) {
    if (buf->failed == SH_OK)
        return SH_OK;
    if (buf->failed == SH_E_LIMIT)
        return sh_fail(err, SH_E_LIMIT, "text over %zu bytes", buf->max ? buf->max : SH_BUF_BYTES_MAX);
    if (buf->failed == SH_E_NOMEM)
        return sh_fail(err, SH_E_NOMEM, "no memory for a text of over %zu bytes", buf->len);
    return sh_fail(err, buf->failed, "text cannot be formatted");
}

struct sh_str sh_buf_view(const struct sh_buf *buf) {
    return (struct sh_str){buf->at, buf->len};
}

void sh_buf_clear(struct sh_buf *buf) {
    buf->len = 0;
    buf->failed = SH_OK;
    if (buf->at)
        buf->at[0] = '\0';
}

void sh_buf_free(struct sh_buf *buf) {
    if (!buf)
        return;
    sh_free(buf->at);
    *buf = (struct sh_buf){.max = buf->max};
}

void sh_heap_keep(void) {
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20); /* the most glibc allows */
    (void)mallopt(M_TRIM_THRESHOLD, 512 << 20);
    (void)mallopt(M_TOP_PAD, 8 << 20);
#endif
}

void sh_heap_give_back(void) {
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
