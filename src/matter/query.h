/* A statement under construction: its text is made of literals, values are bound. Inner header of what lists.
 */
#pragma once
#include "matter/shape.h"

enum { SH_QUERY_VALUES_MAX = 1024 };
struct query {
    struct sh_buf sql;
    struct sh_value values[SH_QUERY_VALUES_MAX];
    size_t n;
};
void query_free(struct query *q);
void query_add(struct query *q, const char *text);
void query_value(struct query *q, struct sh_value v);
/** " and COLUMN = …", unless text is empty. */
void query_equals(struct query *q, const char *column, struct sh_str text);
/** What lies in the reader's places and bodies; the rows have the alias t. */
void query_place(struct query *q, const struct sh_matter_who *who, struct sh_arena *arena);
/** " and …": of confidential procedures only what a body of the reader handles; the rows are of mt_matter. */
void query_confidential(struct query *q, const struct sh_desk *desk);
/** What a body of the reader is a party of or called into; the rows have the alias t. */
void query_takes_part(struct query *q, const struct sh_matter_who *who);
/** " and (…)": items, resp. matters, alias t, that count into a stage of the funnel. */
void query_stage(struct query *q, const struct sh_matter_texts *texts, struct sh_str stage, bool of_items);
/** "(…)": bodies of the reader. */
void query_bodies(struct query *q, const struct sh_matter_who *who);
/** "(…)": open matters, alias t, that owe an act whose time is over; procedure empty: of any. */
void query_owes(struct query *q, const struct sh_desk *desk, struct sh_str procedure, int64_t now);
