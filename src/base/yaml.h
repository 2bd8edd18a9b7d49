/* YAML as we use it: maps, lists and text with positions. No anchors, aliases, tags, or second document; no
 * types: `no`, `1.10` and `2024-01-01` stay the text they are. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef enum sh_yaml_kind { SH_YAML_TEXT, SH_YAML_MAP, SH_YAML_LIST } sh_yaml_kind;

/** A place in a file: line and column from 1, column in characters. */
struct sh_yaml_place {
    uint32_t line, column;
};

/** Where a piece of a text over several lines comes from: the bytes from `offset` on begin at `place`. */
struct sh_yaml_line {
    size_t offset;
    struct sh_yaml_place place;
};

/** Member of a map, in the order of the file. */
struct sh_yaml_entry {
    struct sh_str key;
    struct sh_yaml_place key_place;
    const struct sh_yaml *value; /* never NULL */
};

/** A node; lives in the arena of the load. */
struct sh_yaml {
    sh_yaml_kind kind;
    bool is_plain; /* text written without quotes: `column` + i is the place of its i-th character */
    bool is_empty; /* text that is not there at all: `key:` (plain and empty) */
    struct sh_yaml_place place; /* first character of the value; of quoted text behind the quote; of | and >
                                   the first character of the text */
    const char *file;           /* for messages */
    struct sh_str text;         /* SH_YAML_TEXT; NUL-terminated behind its length */
    size_t n;                   /* members of a map or list */
    const struct sh_yaml_entry *entries; /* [n] of a map */
    const struct sh_yaml *const *items;  /* [n] of a list */
    const struct sh_yaml_line
        *lines; /* [n_lines] of text over several lines or with |, >: ascending; else NULL */
    size_t n_lines;
};

/**
 * Load one document. An empty file gives an empty map.
 * name     for messages, copied. text is copied too.
 * ret      root node.
 * Errors: SH_E_INPUT "name:line:column: …" for bad syntax, bad UTF-8, duplicate keys, keys that are not text,
 * anchors, aliases, tags, several documents; SH_E_LIMIT size, depth, nodes; SH_E_NOMEM. Cost: O(n log n).
 */
SH_MUST sh_code sh_yaml_load(const char *name, struct sh_str text, struct sh_arena *arena,
                             const struct sh_yaml **ret, struct sh_err *err);
SH_MUST sh_code sh_yaml_load_file(const char *path, struct sh_arena *arena, const struct sh_yaml **ret,
                                  struct sh_err *err);

/** Value of a key, or NULL; also NULL when node is NULL or no map. Linear. */
const struct sh_yaml *sh_yaml_get(const struct sh_yaml *node, const char *key);
/** The entry (for the place of the key), or NULL. */
const struct sh_yaml_entry *sh_yaml_entry(const struct sh_yaml *node, const char *key);
/** Text of a key, or the empty view when missing or not text. */
struct sh_str sh_yaml_text(const struct sh_yaml *node, const char *key);
/** Value of a key of the given kind. Errors: SH_E_INPUT at the place of the map or the value. */
SH_MUST sh_code sh_yaml_need(const struct sh_yaml *map, const char *key, sh_yaml_kind kind,
                             const struct sh_yaml **ret, struct sh_err *err);
/** Each key must be one of known [n]. Errors: SH_E_INPUT at the unknown key, with a "did you mean". node must
 * be a map. */
SH_MUST sh_code sh_yaml_only(const struct sh_yaml *map, const char *const *known, size_t n,
                             struct sh_err *err);
/** The place of byte `offset` of a node's text: exact but for quoted text behind an escape. */
struct sh_yaml_place sh_yaml_place_at(const struct sh_yaml *node, size_t offset);
/** "file:line:column: …" at a node, at a place in the same file. Code SH_E_INPUT. */
sh_code sh_yaml_fail(struct sh_err *err, const struct sh_yaml *node, const char *format, ...) SH_PRINTF(3, 4);
sh_code sh_yaml_fail_at(struct sh_err *err, const struct sh_yaml *node, struct sh_yaml_place place,
                        const char *format, ...) SH_PRINTF(4, 5);
#define sh_yaml_fail(...) sh_not_ok((sh_yaml_fail)(__VA_ARGS__))
#define sh_yaml_fail_at(...) sh_not_ok((sh_yaml_fail_at)(__VA_ARGS__))
