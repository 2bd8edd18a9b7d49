/* The memory idiom: an arena per run, batch or request, passed in, freed at once, with a byte limit. One
 * thread each. */
#pragma once
#include "base/err.h"
#include <stdint.h>
#include <stdarg.h>

struct sh_arena_block;

/** Owned by the caller; all zero is a valid empty arena. Only `limit_bytes` may be set by hand, before first
 * use. */
struct sh_arena {
    size_t limit_bytes; /* most bytes held from the system; 0: SH_ARENA_BYTES_MAX */
    size_t held_bytes;  /* held from the system now */
    struct sh_arena_block *first, *current;
    char *at, *end; /* free room in the current block */
};

/** A point to come back to. Valid until the arena is rewound to an earlier one, reset or freed. */
struct sh_arena_mark {
    struct sh_arena_block *block;
    char *at;
};

/**
 * Zeroed memory, valid until rewind, reset or free.
 * size   bytes; 0 gives a valid pointer that must not be read.
 * align  a power of two, 1 … 4096.
 * NULL when the limit is reached or the system refuses. Cost: a few instructions plus the zeroing.
 */
void *sh_arena_alloc(struct sh_arena *arena, size_t size, size_t align) SH_MUST
    __attribute__((malloc, alloc_size(2), alloc_align(3)));

/** Array [n] of elements of `size` bytes; NULL also when n × size overflows. */
void *sh_arena_alloc_array(struct sh_arena *arena, size_t n, size_t size, size_t align) SH_MUST
    __attribute__((malloc, alloc_size(2, 3), alloc_align(4)));

/** Zeroed array [n] of `type`, or NULL. */
#define sh_new(arena, type, n) ((type *)sh_arena_alloc_array((arena), (n), sizeof(type), _Alignof(type)))

/** Array [n] of elements of `size` bytes that is not zeroed: the caller writes each element before it reads
 * it. */
void *sh_arena_alloc_raw(struct sh_arena *arena, size_t n, size_t size, size_t align) SH_MUST
    __attribute__((malloc, alloc_size(2, 3), alloc_align(4)));
/** Array [n] of `type` with nothing in it yet, or NULL: for vectors that are filled at once. */
#define sh_new_raw(arena, type, n) ((type *)sh_arena_alloc_raw((arena), (n), sizeof(type), _Alignof(type)))

/** Copy of `len` bytes with a NUL behind it, or NULL. `at` may be NULL when len is 0. */
char *sh_arena_dup(struct sh_arena *arena, const char *at, size_t len) SH_MUST;

/** Formatted NUL-terminated text, or NULL. ret_len may be NULL: length in bytes without the NUL. */
char *sh_arena_printf(struct sh_arena *arena, size_t *ret_len, const char *format, ...) SH_MUST
    SH_PRINTF(3, 4);
char *sh_arena_vprintf(struct sh_arena *arena, size_t *ret_len, const char *format, va_list values) SH_MUST
    SH_PRINTF(3, 0);

/** Remember the present point. */
struct sh_arena_mark sh_arena_mark(const struct sh_arena *arena);
/** Give up all that was allocated since the mark; the blocks are kept for reuse. */
void sh_arena_rewind(struct sh_arena *arena, struct sh_arena_mark mark);
/** Give up everything, keep the blocks: for one batch after another. */
void sh_arena_reset(struct sh_arena *arena);
/** Give everything back to the system; the arena is empty and usable again. NULL is allowed. */
void sh_arena_free(struct sh_arena *arena);
