#include "base/arena.h"
#include "base/limits.h"
#include "base/mem.h"

/* Under the sanitizers, room given up is fenced, so that a use after rewind is caught. */
#if defined(__SANITIZE_ADDRESS__)
#define SH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SH_ASAN 1
#endif
#endif
#ifdef SH_ASAN
#include <sanitizer/asan_interface.h>
#define FENCE(at, size) ASAN_POISON_MEMORY_REGION((at), (size))
#define UNFENCE(at, size) ASAN_UNPOISON_MEMORY_REGION((at), (size))
#else
#define FENCE(at, size) ((void)(at), (void)(size))
#define UNFENCE(at, size) ((void)(at), (void)(size))
#endif

struct sh_arena_block {
    struct sh_arena_block *next;
    size_t size; /* of data */
    _Alignas(max_align_t) char data[];
};

static void enter(struct sh_arena *arena, struct sh_arena_block *block) {
    arena->current = block;
    arena->at = block->data;
    arena->end = block->data + block->size;
    FENCE(block->data, block->size);
}

/* A new block for `need` bytes, put behind the current one; NULL over the limit. */
static struct sh_arena_block *add_block(struct sh_arena *arena, size_t need) {
    const size_t limit = arena->limit_bytes ? arena->limit_bytes : SH_ARENA_BYTES_MAX;
    const size_t head = offsetof(struct sh_arena_block, data);
    if (need > limit || arena->held_bytes > limit - need || limit - need - arena->held_bytes < head)
        return NULL;
    size_t size = arena->current ? arena->current->size * 2 : SH_ARENA_BLOCK_BYTES;
    if (size > SH_ARENA_BLOCK_BYTES_MAX)
        size = SH_ARENA_BLOCK_BYTES_MAX;
    const size_t left = limit - arena->held_bytes - head;
    if (size > left)
        size = left;
    if (size < need)
        size = need;
    struct sh_arena_block *block = sh_alloc_raw(head + size);
    if (!block)
        return NULL;
    block->size = size;
    block->next = arena->current ? arena->current->next : NULL;
    if (arena->current)
        arena->current->next = block;
    else
        arena->first = block;
    arena->held_bytes += head + size;
    return block;
}

static size_t padding(const char *at, size_t align) {
    return (align - ((uintptr_t)at & (align - 1))) & (align - 1);
}

/* Cold path: the next kept block that is large enough, or a new one. */
static __attribute__((noinline)) void *alloc_in_next(struct sh_arena *arena, size_t size, size_t align) {
    size_t need;
    if (__builtin_add_overflow(size, align - 1, &need))
        return NULL;
    struct sh_arena_block *block = arena->current ? arena->current->next : arena->first;
    if (!block || block->size < need)
        block = add_block(arena, need);
    if (!block)
        return NULL;
    enter(arena, block);
    char *at = arena->at + padding(arena->at, align);
    arena->at = at + size;
    UNFENCE(at, size);
    return at;
}

static inline void *alloc(struct sh_arena *arena, size_t size, size_t align) {
    sh_check(align > 0 && align <= 4096 && (align & (align - 1)) == 0);
    const size_t room = (size_t)(arena->end - arena->at), pad = padding(arena->at, align);
    if (!arena->at || pad > room || size > room - pad)
        return alloc_in_next(arena, size, align);
    char *at = arena->at + pad;
    arena->at = at + size;
    UNFENCE(at, size);
    return at;
}

void *sh_arena_alloc(struct sh_arena *arena, size_t size, size_t align) {
    void *at = alloc(arena, size, align);
    return at ? memset(at, 0, size) : NULL;
}

void *sh_arena_alloc_raw(struct sh_arena *arena, size_t n, size_t size, size_t align) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return alloc(arena, bytes, align);
}

void *sh_arena_alloc_array(struct sh_arena *arena, size_t n, size_t size, size_t align) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    return sh_arena_alloc(arena, bytes, align);
}

char *sh_arena_dup(struct sh_arena *arena, const char *at, size_t len) {
    if (len == SIZE_MAX)
        return NULL;
    char *copy = sh_arena_alloc(arena, len + 1, 1);
    if (copy && len > 0)
        memcpy(copy, at, len);
    return copy;
}

char *sh_arena_vprintf(struct sh_arena *arena, size_t *ret_len, const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    char *text = NULL;
    const int n = vsnprintf(NULL, 0, format, values);
    if (n >= 0)
        text = sh_arena_alloc(arena, (size_t)n + 1, 1);
    if (text)
        (void)vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    if (text && ret_len)
        *ret_len = (size_t)n;
    return text;
}

char *sh_arena_printf(struct sh_arena *arena, size_t *ret_len, const char *format, ...) {
    va_list values;
    va_start(values, format);
    char *text = sh_arena_vprintf(arena, ret_len, format, values);
    va_end(values);
    return text;
}

struct sh_arena_mark sh_arena_mark(const struct sh_arena *arena) {
    return (struct sh_arena_mark){arena->current, arena->at};
}

void sh_arena_rewind(struct sh_arena *arena, struct sh_arena_mark mark) {
    if (!mark.block) {
        sh_arena_reset(arena);
        return;
    }
    arena->current = mark.block;
    arena->at = mark.at;
    arena->end = mark.block->data + mark.block->size;
    FENCE(arena->at, (size_t)(arena->end - arena->at));
}

void sh_arena_reset(struct sh_arena *arena) {
    if (arena->first)
        enter(arena, arena->first);
}

void sh_arena_free(struct sh_arena *arena) {
    if (!arena)
        return;
    for (struct sh_arena_block *block = arena->first, *next; block; block = next) {
        next = block->next;
        UNFENCE(block->data, block->size);
        sh_free(block);
    }
    *arena = (struct sh_arena){.limit_bytes = arena->limit_bytes};
}
