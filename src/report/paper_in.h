/* Inner header: a template as loaded, and its text filled with facts. */
#pragma once
#include "base/yaml.h"
#include "report/paper.h"

enum { SH_PAPER_FACTS_MAX = 128, SH_PAPER_BLOCKS_MAX = 128, SH_PAPER_COLUMNS_MAX = 12, SH_PAPERS_MAX = 256 };

enum sh_fact_type {
    SH_FACT_TEXT,
    SH_FACT_MONEY,
    SH_FACT_DATE,
    SH_FACT_INT,
    SH_FACT_LIST,
    SH_FACT_TABLE,
    SH_FACT_TYPES
};
enum sh_fact_format { SH_FORMAT_PLAIN, SH_FORMAT_WORDS, SH_FORMAT_YEAR, SH_FORMATS };

struct sh_fact_column {
    struct sh_str id, name;
    const char *key;
    enum sh_fact_type type; /* TEXT, MONEY, DATE, INT */
    unsigned width;         /* relative */
    bool is_summed;
};
struct sh_fact {
    struct sh_str id, name;
    const char *key; /* id with a NUL */
    enum sh_fact_type type;
    bool required;
    struct sh_str param; /* parameter that gives it when the caller has it filled in; empty: none */
    const struct sh_fact_column *columns; /* TABLE [n_columns] */
    size_t n_columns;
};
/* Literal text, or a fact in a format. */
struct sh_piece {
    struct sh_str literal;
    const struct sh_fact *fact; /* NULL: literal */
    enum sh_fact_format format;
};
struct sh_pieces {
    const struct sh_piece *of;
    size_t n;
};
enum sh_block_kind {
    SH_BLOCK_TEXT,
    SH_BLOCK_HEADING, /* numbered 一、二、 … as it stands on the paper */
    SH_BLOCK_CAPTION, /* not numbered */
    SH_BLOCK_RIGHTS,  /* what the reader may do: set bold */
    SH_BLOCK_LIST,
    SH_BLOCK_TABLE
};
struct sh_block {
    enum sh_block_kind kind;
    const struct sh_fact *when, *unless; /* only if the fact is (not) there */
    struct sh_pieces pieces;
    const struct sh_fact *fact; /* LIST, TABLE */
};
struct sh_sign {
    struct sh_pieces label;
    const struct sh_fact *when;
    bool is_seal;
};
struct sh_paper {
    struct sh_str id;
    struct sh_pieces office, title, number, addressee;
    struct sh_str title_text;
    const struct sh_fact *facts;
    size_t n_facts;
    const struct sh_fact *dated; /* date of the paper */
    const struct sh_block *blocks;
    size_t n_blocks;
    const struct sh_sign *signs;
    size_t n_signs;
    struct sh_pieces page_sign; /* line on each page, or none */
    const struct sh_str *tells;
    size_t n_tells;
};
struct sh_papers {
    const struct sh_paper *of;
    size_t n;
};

/** Is the fact there and not empty? */
bool sh_fact_is_there(const struct sh_fact *fact, const json_t *facts);
/** Is the fact required? One that stands in the number is: a paper without its number is none. */
bool sh_paper_needs(const struct sh_paper *paper, const struct sh_fact *fact);
/** A value of a type as text. Appended; facts were checked. */
void sh_fact_tell(enum sh_fact_type type, enum sh_fact_format format, const json_t *value,
                  struct sh_buf *out);
/** Pieces filled with facts; control and direction characters of facts are dropped, line ends kept. Appended.
 */
void sh_pieces_fill(const struct sh_pieces *pieces, const json_t *facts, struct sh_buf *out);
/** A money value. Errors: SH_E_INPUT. */
SH_MUST sh_code sh_fact_money(const json_t *value, int64_t *ret_fen, struct sh_err *err);
