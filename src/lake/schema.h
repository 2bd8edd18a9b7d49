/*
 * The tables of the lake: one description from which the Parquet files, the import, the reader, the words
 * rules may use and docs/lake.md follow. Inner header of the room, included by lake.h.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Physical dictionaries: dense ids from 0, append-only, one per kind of thing. */
enum sh_dict {
    SH_DICT_PERSON,
    SH_DICT_INSTITUTION,
    SH_DICT_PRACTITIONER,
    SH_DICT_DEPARTMENT, /* text is INSTITUTION ':' local code */
    SH_DICT_ITEM,
    SH_DICT_DIAGNOSIS, /* ICD-10 */
    SH_DICT_OPERATION, /* ICD-9-CM-3 */
    SH_DICT_WORD,      /* every small code list: insurance, visit, kind ... */
    SH_DICT_NUMBER, /* of families, employers, beds, lots ...: as many as a city has, and no rule names one */
    SH_DICT_STEM,   /* of item codes: substances and bases; made from SH_DICT_ITEM, never in files */
    SH_DICTS
};
/* Dictionaries that grow with the people of a city: no audit holds one, and no rule names one of their codes
 * by a word. */
static inline bool sh_dict_is_large(enum sh_dict dict) {
    return dict == SH_DICT_PERSON || dict == SH_DICT_NUMBER;
}

enum sh_table {
    SH_TABLE_PERSON, /* facts about a person, one row a distinct set of facts */
    SH_TABLE_ENCOUNTER,
    SH_TABLE_SETTLEMENT,
    SH_TABLE_DIAGNOSIS,
    SH_TABLE_OPERATION,
    SH_TABLE_LINE,
    SH_TABLE_NETTING,    /* written by import only */
    SH_TABLE_STOCK_MOVE, /* no person: lies in the bucket of its institution */
    SH_TABLE_SETTLEMENT_LIST,
    SH_TABLE_CHRONIC_RIGHT,
    SH_TABLE_ENROLMENT,
    SH_TABLE_ALLOWANCE,
    SH_TABLE_CARE_SERVICE,
    SH_TABLE_TRACE_SCAN,
    /* Dimensions: facts about what a dictionary names, each row from a day on. They lie in the bucket of
     * their own code; rules read them merged to one row a code (sh_lake_facts). Keep them last. */
    SH_TABLE_INSTITUTION,
    SH_TABLE_PRACTITIONER,
    SH_TABLE_DEPARTMENT,
    SH_TABLE_ITEM,
    SH_TABLES
};

enum sh_column_type {
    SH_COLUMN_CODE,  /* int32 id in `dict` */
    SH_COLUMN_ID,    /* VARCHAR, source id; read only where asked */
    SH_COLUMN_TEXT,  /* VARCHAR */
    SH_COLUMN_KEY,   /* int64: keyed XXH3 of (institution code, source id): joins inside one person's rows.
                        Derived by import */
    SH_COLUMN_MONEY, /* int64 fen */
    SH_COLUMN_PRICE, /* int64 10^-6 yuan */
    SH_COLUMN_QTY,   /* int64 10^-4 */
    SH_COLUMN_DATE,  /* int32 */
    SH_COLUMN_TIME,  /* int64 seconds */
    SH_COLUMN_INT,   /* int32 */
    SH_COLUMN_RATIO, /* int32 10^-4 */
    SH_COLUMN_FLAG,  /* int8 0/1 */
    SH_COLUMN_LEVEL, /* int8 index into a word list of sh_level_words */
};

struct sh_lake_column {
    const char *name;
    enum sh_column_type type;
    enum sh_dict dict;  /* CODE */
    const char *domain; /* CODE, LEVEL: what the code means: "person", "item", "insurance", "visit" ...; types
                           differ by domain */
    bool empty_none;    /* empty means none, not unknown */
    const char *known_from; /* order, charge, discharge, settlement, list, audit */
    const char *national;   /* national field(s) */
    const char *meaning;    /* Chinese */
};

struct sh_lake_table {
    const char *name;
    const struct sh_lake_column *columns;
    uint16_t n_columns;
};

/* [SH_TABLES]; columns of every table begin with the bookkeeping ones (bucket, person or institution, batch
 * ...): see schema.c */
extern const struct sh_lake_table sh_lake_schema[SH_TABLES];

/** Dictionary of the column a table's rows lie and stand by: person, institution, or the dimension's own. */
enum sh_dict sh_table_lead(enum sh_table table);
/** institution, practitioner, department, item. */
bool sh_table_is_dimension(enum sh_table table);
/** Column number by name, -1 if there is none. */
int sh_lake_column(enum sh_table table, const char *name);
/** Bytes of one value of a column in the memory of a chunk: 1, 4, 8, sizeof(struct sh_str). */
size_t sh_column_bytes(enum sh_column_type type);
/** NULL-terminated ordered words of a level domain ("institution_level": 未定级 一级 二级 三级), NULL if
 * unknown. */
const char *const *sh_level_words(const char *domain);
