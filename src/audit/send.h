/* Inner header: parts of the records that rows of many persons travel in. */
#pragma once
#include "audit/carry.h"

/** Time that orders a row among those of its key; INT64_MIN unknown. */
int64_t sh_order_time(const struct sh_engine *en, uint16_t table, int32_t row);
/** Beginning of a sort: rule, hash of the key (so that eight bytes nearly always decide), key, zero. Gives
 * its length. */
size_t sh_sort_begin(uint16_t rule, struct sh_str key, struct sh_buf *out);
/** What orders rows of one key: side (a row of the first table speaks before one of the second), time. */
void sh_sort_time(int side, int64_t time, struct sh_buf *out);
/** A number. */
void sh_sort_number(int64_t v, struct sh_buf *out);
/** And where times are the same: source ids, row of knowledge. */
SH_MUST sh_code sh_sort_row(struct sh_engine *en, uint16_t table, int32_t row, int32_t k, struct sh_buf *out,
                            struct sh_err *err);
/** Numbers of a row that speaks for itself or its group. */
struct sh_xhead sh_head_of(const struct sh_engine *en, uint16_t table, int32_t row, int32_t k);
/** Do rows of the table belong to encounters? Else each member counts as one. */
bool sh_has_encounters(const struct sh_engine *en, uint16_t table);
