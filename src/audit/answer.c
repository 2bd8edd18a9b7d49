/* Counting answers: by rule, by answer, by the field that was missing. */
#include "audit/lacking.h"
#include <string.h>

#define FIELDS_MAX 4096 /* distinct fields and exemptions of one rule */

sh_code sh_answers_init(struct sh_answers *a, size_t n_rules, struct sh_err *err) {
    *a = (struct sh_answers){.n_rules = n_rules,
                             .rules = sh_alloc_array(n_rules + 1, sizeof(struct sh_rule_answers))};
    return a->rules ? SH_OK : sh_fail(err, SH_E_NOMEM, "no room for the answers of %zu rules", n_rules);
}

void sh_answers_release(struct sh_answers *a) {
    for (size_t i = 0; a->rules && i < a->n_rules; i++) {
        for (size_t f = 0; f < a->rules[i].n_fields; f++) {
            char *text;
            memcpy(&text, &a->rules[i].fields[f].field.at, sizeof(text));
            sh_free(text);
            sh_places_release(&a->rules[i].fields[f].places);
        }
        sh_free(a->rules[i].fields);
    }
    sh_free(a->rules);
    *a = (struct sh_answers){0};
}

static void count_add(struct sh_answer_count *to, const struct sh_answer_count *from) {
    to->subjects += from->subjects;
    to->lines += from->lines;
    (void)!__builtin_add_overflow(to->fen, from->fen, &to->fen);
}

static sh_code field_of(struct sh_rule_answers *r, struct sh_str field, bool exempt,
                        struct sh_field_count **ret, struct sh_err *err) {
    for (size_t i = 0; i < r->n_fields; i++)
        if (r->fields[i].exempt == exempt && sh_str_eq(r->fields[i].field, field)) {
            *ret = &r->fields[i];
            return SH_OK;
        }
    SH_TRY(sh_grow(&r->fields, &r->cap_fields, r->n_fields + 1, sizeof(*r->fields), FIELDS_MAX, err));
    char *copy = sh_alloc_array(field.len + 1, 1);
    if (!copy)
        return sh_fail(err, SH_E_NOMEM, "no room for the name of a field");
    if (field.len > 0)
        memcpy(copy, field.at, field.len);
    r->fields[r->n_fields] = (struct sh_field_count){.field = {copy, field.len}, .exempt = exempt};
    *ret = &r->fields[r->n_fields++];
    return SH_OK;
}

sh_code sh_answer_add(struct sh_answers *a, uint16_t rule, enum sh_answer answer, struct sh_str field,
                      uint64_t lines, int64_t fen, struct sh_err *err) {
    return sh_answer_add_many(a, rule, answer, field, &(const struct sh_answer_count){1, lines, fen}, err);
}

sh_code sh_answer_add_many(struct sh_answers *a, uint16_t rule, enum sh_answer answer, struct sh_str field,
                           const struct sh_answer_count *count, struct sh_err *err) {
    struct sh_rule_answers *r = &a->rules[rule];
    count_add(&r->of[answer], count);
    if (answer != SH_ANSWER_EXEMPT && answer != SH_ANSWER_NOT_EVALUATED)
        return SH_OK;
    struct sh_field_count *f;
    SH_TRY(field_of(r, field, answer == SH_ANSWER_EXEMPT, &f, err));
    count_add(&f->count, count);
    return SH_OK;
}

static int by_field(const void *a, const void *b) {
    const struct sh_field_count *x = a, *y = b;
    return x->exempt != y->exempt ? (x->exempt ? 1 : -1) : sh_str_cmp(x->field, y->field);
}

void sh_answers_sort(struct sh_answers *a) {
    for (size_t i = 0; i < a->n_rules; i++)
        if (a->rules[i].n_fields > 1)
            qsort(a->rules[i].fields, a->rules[i].n_fields, sizeof(struct sh_field_count), by_field);
}

sh_code sh_answers_merge(struct sh_answers *into, const struct sh_answers *from, struct sh_err *err) {
    sh_check(into->n_rules == from->n_rules);
    into->lines += from->lines, into->void_lines += from->void_lines,
        into->refund_lines += from->refund_lines;
    into->persons += from->persons, into->chunks += from->chunks;
    (void)!__builtin_add_overflow(into->covered_fen, from->covered_fen, &into->covered_fen);
    (void)!__builtin_add_overflow(into->void_fen, from->void_fen, &into->void_fen);
    for (size_t i = 0; i < into->n_rules; i++) {
        struct sh_rule_answers *to = &into->rules[i];
        const struct sh_rule_answers *r = &from->rules[i];
        for (int k = 0; k < SH_ANSWERS; k++)
            count_add(&to->of[k], &r->of[k]);
        to->not_concerned_lines += r->not_concerned_lines;
        to->findings += r->findings, to->unknown_amounts += r->unknown_amounts;
        (void)!__builtin_add_overflow(to->amount_fen, r->amount_fen, &to->amount_fen);
        (void)!__builtin_add_overflow(to->counted_fen, r->counted_fen, &to->counted_fen);
        (void)!__builtin_add_overflow(to->fund_fen, r->fund_fen, &to->fund_fen);
        for (size_t f = 0; f < r->n_fields; f++) {
            struct sh_field_count *field;
            SH_TRY(field_of(to, r->fields[f].field, r->fields[f].exempt, &field, err));
            field->pending |= r->fields[f].pending;
            count_add(&field->count, &r->fields[f].count);
            SH_TRY(sh_places_join(&field->places, &r->fields[f].places, err));
        }
    }
    return SH_OK;
}
