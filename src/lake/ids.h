/*
 * Source ids in two parts, so that they can be read as cheaply as numbers: a head, mostly empty or the same
 * for many rows, and a number that ends the id. Files carry both beside the id (id_head, id_tail); whoever
 * needs the id of a few rows puts it together, nobody reads the texts of all. Inner header of the room.
 */
#pragma once
#include "base/str.h"
#include "lake/columns.h"

/** Bytes of a tail as text, without NUL. */
enum { SH_ID_TAIL_MAX = 20 };

/** Do files of the table carry ids in parts? */
bool sh_has_split_id(enum sh_table table);
/**
 * Split an id: the longest end that is a number of at most 18 digits without leading zero is the tail,
 * SH_MISSING where there is none; all before it is the head, a view into the id. head + tail in decimal is
 * the id again.
 */
void sh_id_split(struct sh_str id, struct sh_str *ret_head, int64_t *ret_tail);
/** The tail as text; gives its bytes, 0 for SH_MISSING. Not NUL-terminated. */
size_t sh_id_tail_text(int64_t tail, char ret[SH_ID_TAIL_MAX]);
/** Order of two ids by their bytes, as sh_str_cmp has it. */
int sh_id_compare(struct sh_str head_a, int64_t tail_a, struct sh_str head_b, int64_t tail_b);
