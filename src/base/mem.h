/* The heap, for the few long arrays that grow; all else lives in arenas. The only callers of malloc are here
 * and in arena.c, so that a test can let the n-th allocation of the process fail. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>

/** Zeroed heap memory [n × size], or NULL on overflow or want. n or size 0 gives a pointer to free. */
void *sh_alloc_array(size_t n, size_t size) SH_MUST __attribute__((malloc, alloc_size(1, 2)));
/** realloc for [n × size]; NULL on overflow or want, then `p` is still valid. New bytes are not zeroed. p may
 * be NULL. */
void *sh_realloc_array(void *p, size_t n, size_t size) SH_MUST __attribute__((alloc_size(2, 3)));
/** Free; NULL is allowed. */
void sh_free(void *p);
/** For SH_CLEANUP on a pointer variable: `SH_CLEANUP(sh_free_at) char *text = NULL;`. */
void sh_free_at(void *pointer_to_pointer);

/**
 * Make room for `need` elements in a growing array, doubling.
 * pointer_to_array  address of the array pointer; the array may be NULL with *cap 0.
 * cap               elements there is room for; updated.
 * need, max         elements; elem_size bytes each, > 0.
 * Errors: SH_E_LIMIT need > max; SH_E_NOMEM. The array is untouched then.
 */
SH_MUST sh_code sh_grow(void *pointer_to_array, size_t *cap, size_t need, size_t elem_size, size_t max,
                        struct sh_err *err);

/**
 * A growing text. Once an addition has failed, the buffer remembers (`failed`), adds no more and gives the
 * same code on each later call: a writer may add many times and look once, with sh_buf_check. `at` is
 * NUL-terminated whenever len > 0.
 */
struct sh_buf {
    char *at;
    size_t len, cap;
    size_t max; /* most bytes of text; 0: SH_BUF_BYTES_MAX */
    sh_code failed;
};

/** An empty buffer; allocates nothing. max as in the struct. `struct sh_buf buf = {0};` is the same with max
 * 0. */
struct sh_buf sh_buf_init(size_t max);
/** Add bytes. Errors: SH_E_LIMIT over the maximum; SH_E_NOMEM. The result may be ignored when sh_buf_check
 * follows. */
sh_code sh_buf_add(struct sh_buf *buf, const char *at, size_t len);
sh_code sh_buf_add_char(struct sh_buf *buf, char c);
sh_code sh_buf_add_str(struct sh_buf *buf, struct sh_str text);
sh_code sh_buf_add_text(struct sh_buf *buf, const char *text);
sh_code sh_buf_addf(struct sh_buf *buf, const char *format, ...) SH_PRINTF(2, 3);
sh_code sh_buf_vaddf(struct sh_buf *buf, const char *format, va_list values) SH_PRINTF(2, 0);
/** Room for `n` more bytes at buf->at + buf->len, to be written by the caller, who then adds to len. */
SH_MUST sh_code sh_buf_reserve(struct sh_buf *buf, size_t n);
/** SH_OK, or the code of the first addition that failed, with a message. */
SH_MUST sh_code sh_buf_check(const struct sh_buf *buf, struct sh_err *err);
/** The text so far; valid until the next addition. */
struct sh_str sh_buf_view(const struct sh_buf *buf);
/** Empty it, keep the memory, forget a failure. */
void sh_buf_clear(struct sh_buf *buf);
/** Free the memory; max is kept, the buffer is usable again. NULL is allowed. */
void sh_buf_free(struct sh_buf *buf);

/**
 * For torture tests: let the n-th allocation of the process from now on (1 = the next) and all after it fail,
 * in arenas and on this heap; 0 switches it off. Thread-safe. Costs one relaxed load per allocation when off.
 */
void sh_alloc_fail_at(uint64_t n);
/** Whether the failure armed by sh_alloc_fail_at has happened: a torture loop ends when it has not. */
_Bool sh_alloc_has_failed(void);
/**
 * Let the heap of the process keep up to 512 MB that were given back, instead of faulting pages in anew: for
 * programs that fill and free long arrays over and over. Once, at the start of main. Without effect where the
 * C library has no such setting.
 */
void sh_heap_keep(void);
/** Give what was freed so far back to the system all the same: between two phases that need much, each its
 * own.
 */
void sh_heap_give_back(void);
/**
 * Let what is given back to the heap be overwritten, by libraries too, but for pieces of up to 1 KB that the
 * C library caches: sh_free overwrites those. For programs that hold what is personal and may be asked to
 * forget it. Once, before threads.
 */
void sh_heap_wipe(void);
/** malloc under the hook; for arena.c. Not zeroed. */
void *sh_alloc_raw(size_t size) SH_MUST __attribute__((malloc, alloc_size(1)));
