/* Answers kept by the text that asks for them. */
#include "gate/kept.h"
#include "base/hash.h"
#include "base/mem.h"
#include <pthread.h>
#include <string.h>

struct entry {
    uint64_t hash, used; /* used: the turn of its last use; 0: free */
    char *at;            /* key, then value */
    size_t key_len, value_len;
};
struct sh_kept {
    pthread_mutex_t mutex;
    struct entry *of; /* [n] */
    size_t n, bytes, bytes_max;
    uint64_t turn;
};

sh_code sh_kept_new(size_t entries, size_t bytes, struct sh_kept **ret, struct sh_err *err) {
    struct sh_kept *kept = sh_alloc_array(1, sizeof *kept);
    struct entry *of = sh_alloc_array(entries, sizeof *of);
    if (!kept || !of) {
        sh_free(kept);
        sh_free(of);
        return sh_fail(err, SH_E_NOMEM, "no room to keep answers");
    }
    *kept = (struct sh_kept){.of = of, .n = entries, .bytes_max = bytes};
    pthread_mutex_init(&kept->mutex, NULL);
    *ret = kept;
    return SH_OK;
}

static void drop(struct sh_kept *kept, struct entry *entry) {
    kept->bytes -= entry->key_len + entry->value_len;
    sh_free(entry->at);
    *entry = (struct entry){0};
}

void sh_kept_free(struct sh_kept *kept) {
    if (!kept)
        return;
    for (size_t i = 0; i < kept->n; i++)
        drop(kept, &kept->of[i]);
    pthread_mutex_destroy(&kept->mutex);
    sh_free(kept->of);
    sh_free(kept);
}

static struct entry *find(struct sh_kept *kept, uint64_t hash, struct sh_str key) {
    for (size_t i = 0; i < kept->n; i++) {
        struct entry *entry = &kept->of[i];
        if (entry->used && entry->hash == hash && sh_str_eq((struct sh_str){entry->at, entry->key_len}, key))
            return entry;
    }
    return NULL;
}

sh_code sh_kept_get(struct sh_kept *kept, struct sh_str key, struct sh_arena *arena, struct sh_str *ret,
                    struct sh_err *err) {
    const uint64_t hash = sh_hash64(key.at, key.len, 0);
    const char *copy = NULL;
    size_t len = 0;
    pthread_mutex_lock(&kept->mutex);
    struct entry *entry = find(kept, hash, key);
    if (entry) {
        entry->used = ++kept->turn;
        len = entry->value_len;
        copy = sh_arena_dup(arena, entry->at + entry->key_len, len);
    }
    pthread_mutex_unlock(&kept->mutex);
    if (!entry)
        return sh_fail(err, SH_E_NOTFOUND, "nothing is kept for it");
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for an answer of %zu bytes", len);
    *ret = (struct sh_str){copy, len};
    return SH_OK;
}

static void drop_oldest(struct sh_kept *kept) {
    struct entry *oldest = NULL;
    for (size_t i = 0; i < kept->n; i++)
        if (kept->of[i].used && (!oldest || kept->of[i].used < oldest->used))
            oldest = &kept->of[i];
    if (oldest)
        drop(kept, oldest);
}

/* A free entry, with room for `bytes` more: the least lately used make way. */
static struct entry *make_room(struct sh_kept *kept, size_t bytes) {
    for (;;) {
        struct entry *first = &kept->of[0]; /* used: 0 when one is free */
        for (size_t i = 1; i < kept->n; i++)
            if (kept->of[i].used < first->used)
                first = &kept->of[i];
        if (first->used == 0 && kept->bytes + bytes <= kept->bytes_max)
            return first;
        drop_oldest(kept);
    }
}

void sh_kept_put(struct sh_kept *kept, struct sh_str key, struct sh_str value) {
    const size_t bytes = key.len + value.len;
    if (bytes > kept->bytes_max / 8)
        return;
    char *at = sh_alloc_array(bytes, 1);
    if (!at)
        return;
    memcpy(at, key.at, key.len);
    if (value.len)
        memcpy(at + key.len, value.at, value.len);
    const uint64_t hash = sh_hash64(key.at, key.len, 0);
    pthread_mutex_lock(&kept->mutex);
    struct entry *old = find(kept, hash, key); /* two readers reckoned the same */
    if (old)
        drop(kept, old);
    *make_room(kept, bytes) = (struct entry){hash, ++kept->turn, at, key.len, value.len};
    kept->bytes += bytes;
    pthread_mutex_unlock(&kept->mutex);
}
