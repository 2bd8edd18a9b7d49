/*
 * Registers as text: law/registers/NAME.yaml says what must be on record, field by field; and roles as text:
 * law/roles.yaml says which duties exist, what they may do, and which of them one person never holds
 * together. Loaded once, const afterwards, shared by threads. Part of the public header law/law.h.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/msg.h"
#include "base/str.h"
#include "base/yaml.h"
#include <stdbool.h>
#include <stdint.h>

/* What a field may hold. The canonical text of a value is what records keep, hash and compare. */
enum sh_field_type {
    SH_FIELD_TEXT,    /* UTF-8, one line unless `lines` */
    SH_FIELD_CODE,    /* letters, digits, - _ . : no spaces */
    SH_FIELD_CHOICE,  /* one of `choices` */
    SH_FIELD_DATE,    /* YYYY-MM-DD */
    SH_FIELD_INT,     /* within low … high */
    SH_FIELD_MONEY,   /* yuan with two decimals */
    SH_FIELD_DECIMAL, /* up to 6 decimals */
    SH_FIELD_BOOL,    /* true, false; 是, 否 */
    SH_FIELD_REF,     /* key of a record of another register */
    SH_FIELD_PLACE,   /* division code: 2, 4, 6 or 9 or 12 digits (GB/T 2260), kept as written */
    SH_FIELD_USCC,    /* 统一社会信用代码: 18 characters with check character (GB 32100) */
    SH_FIELD_IDCARD,  /* 公民身份号码: 18 characters with check character (GB 11643) */
    SH_FIELD_PHONE,   /* digits, + and - ; 5 … 20 */
    SH_FIELD_TYPES
};
/* How a personal value looks to those who may not see it. */
enum sh_mask { SH_MASK_NONE, SH_MASK_NAME, SH_MASK_NUMBER, SH_MASK_ALL };

struct sh_choice {
    struct sh_str code, name, english;
};
struct sh_field {
    struct sh_str id, name, english, help;
    enum sh_field_type type;
    enum sh_mask mask; /* not NONE: personal data */
    bool required, is_key, searchable, has_lines;
    uint32_t max;                    /* characters of a text */
    int64_t low, high;               /* INT */
    struct sh_str ref;               /* REF: register */
    const struct sh_choice *choices; /* [n_choices] */
    size_t n_choices;
    uint32_t line;
};

/* Who brings a record in and changes it. */
enum sh_change_kind {
    SH_CHANGE_DIRECT, /* one person of edit_by */
    SH_CHANGE_TWO,    /* one proposes, another of approve_by approves (procedure 6) */
    SH_CHANGE_STEPS,  /* written by steps of procedures only */
};

/* What must hold of every record: a condition over its fields, from, to, today and the other versions of it.
 */
struct sh_expr;
struct sh_register_check {
    const struct sh_expr *condition;
    struct sh_str refuse, english; /* what is wrong and what to do */
    int32_t field;                 /* that is told with it */
};
/* Who must have what: each record of another register for which `when` holds has a record here for each word.
 */
struct sh_register;
struct sh_register_complete {
    const struct sh_register *of;
    const struct sh_expr *when; /* NULL: each record */
    int32_t each;               /* choice field; the key here is the other's key and this word */
};
/* What an audit is told of the rows that steps wrote: a row in each of these tables of knowledge. */
struct sh_register_cell {
    struct sh_str column, text; /* {FIELD}, {id}, {from}, {to} (exclusive; empty: no end), {known} */
};
struct sh_register_knowledge {
    const struct sh_str *tables;        /* [n_tables] NAME of NAME.csv */
    const struct sh_expr *where;        /* over the row; NULL: each */
    const struct sh_register_cell *row; /* [n_row] all columns of the tables, in their order */
    size_t n_tables, n_row;
};
struct sh_factbook_model;

struct sh_register {
    struct sh_str id, name, english, about;
    const struct sh_str *basis; /* [n_basis] */
    size_t n_basis;
    const struct sh_field *fields; /* [n_fields] */
    size_t n_fields;
    enum sh_change_kind change;
    const struct sh_str *edit_by, *approve_by, *read_by; /* roles; read_by empty: every role */
    size_t n_edit_by, n_approve_by, n_read_by;
    int32_t place_field, body_field;        /* index of the field that says whose record it is, -1 none */
    bool has_validity;                      /* valid from–to */
    const struct sh_register_check *checks; /* [n_checks] */
    size_t n_checks;
    bool checks_versions;                          /* a check asks the other versions */
    const struct sh_register_complete *complete;   /* NULL: nobody must have anything */
    const struct sh_register_knowledge *knowledge; /* NULL: an audit is told nothing of it */
    const struct sh_expr *runs; /* over a row: the rule it names (field `rule`) runs; NULL: no rules here */
    const struct sh_factbook_model *model;
    const char *file;
};
struct sh_registers {
    const struct sh_register *of; /* [n], by id */
    size_t n;
};

/**
 * Load all *.yaml of a folder. Everything is checked: keys exist, references lead somewhere, roles exist when
 * `roles` is given.
 * Errors: SH_E_INPUT "file:line:column: …"; SH_E_NOTFOUND, SH_E_IO, SH_E_LIMIT, SH_E_NOMEM.
 */
struct sh_roles;
SH_MUST sh_code sh_registers_load(const char *dir, const struct sh_roles *roles, struct sh_arena *arena,
                                  const struct sh_registers **ret, struct sh_err *err);
/** By id, or NULL. */
const struct sh_register *sh_register_find(const struct sh_registers *registers, struct sh_str id);
/** Index of a field by id, or by its Chinese name when `or_name`; -1 none. */
int32_t sh_register_field(const struct sh_register *reg, struct sh_str id, bool or_name);

/**
 * Check one value and give its canonical text (in the arena, or a view of `text`).
 * text  as typed; spaces around it are dropped; empty: no value, gives the empty view (required or not is not
 * asked). lang: of what is said. Errors: SH_E_INPUT what is wrong, without the field's name and, for personal
 * fields, without the value.
 */
SH_MUST sh_code sh_field_check(const struct sh_field *field, struct sh_str text, sh_lang lang,
                               struct sh_arena *arena, struct sh_str *ret, struct sh_err *err);
/** A record as it stands or would stand: canonical values by field, at NULL or "": none; to exclusive. */
struct sh_register_entry {
    const struct sh_str *values; /* [n_fields] */
    int32_t from, to;
};
/**
 * Which checks of the register a record breaks; an unknown answer breaks one too, as with guards
 * (docs/registers.md). ret [n_checks of reg] true: broken.
 */
struct sh_register_asked {
    struct sh_register_entry record;
    int32_t today;
    const struct sh_register_entry *versions; /* [n] others not withdrawn; needed when reg->checks_versions */
    size_t n;
};
SH_MUST sh_code sh_register_ask(const struct sh_register *reg, const struct sh_register_asked *asked,
                                struct sh_arena *arena, bool *ret, struct sh_err *err);
/** Does a condition over the register's names hold for a row? NULL: for each. Unknown is yes: nobody is left
 * out for a missing value. */
SH_MUST sh_code sh_register_meets(const struct sh_register *reg, const struct sh_expr *when,
                                  const struct sh_register_asked *row, struct sh_arena *arena, bool *ret,
                                  struct sh_err *err);
/** Must that record of reg->complete->of have what this register asks? By sh_register_meets. */
SH_MUST sh_code sh_register_concerns(const struct sh_register *reg, const struct sh_register_asked *other,
                                     struct sh_arena *arena, bool *ret, struct sh_err *err);
/** How the value looks masked; `field` personal. In the arena; SH_E_NOMEM is the empty view. */
struct sh_str sh_field_mask(const struct sh_field *field, struct sh_str value, struct sh_arena *arena);
const char *sh_field_type_name(enum sh_field_type type);

/* ---- roles --------------------------------------------------------------------------------------------- */

struct sh_role {
    struct sh_str id, name, english;

    const struct sh_str *at;  /* [n_at] kinds of body */
    const struct sh_str *may; /* [n_may] powers */
    size_t n_at, n_may;
    bool is_administrator;
    struct sh_str contract; /* register of contracts: a grant rests on one and ends with it; empty: on none */
    bool sees_own;          /* only what its own body owns; else the whole place and below */
};
/* Two sets of roles of which one person never holds one each (岗位分离). */
struct sh_role_pair {
    const struct sh_str *a, *b; /* [n_a], [n_b] role ids; b empty: everything not in a */
    size_t n_a, n_b;
    struct sh_str why, english, basis;
};
struct sh_power {
    struct sh_str id, name, english;
};
struct sh_roles {
    const struct sh_role *of;
    const struct sh_role_pair *pairs;
    const struct sh_power *powers;
    size_t n, n_pairs, n_powers;
};
/** Load law/roles.yaml. Errors as above. */
SH_MUST sh_code sh_roles_load(const char *path, struct sh_arena *arena, const struct sh_roles **ret,
                              struct sh_err *err);
const struct sh_role *sh_role_find(const struct sh_roles *roles, struct sh_str id);
bool sh_role_may(const struct sh_role *role, struct sh_str power);
/** The first pair that forbids holding both, or NULL. Symmetric. */
const struct sh_role_pair *sh_roles_forbid(const struct sh_roles *roles, struct sh_str a, struct sh_str b);
