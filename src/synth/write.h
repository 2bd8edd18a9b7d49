/* Rows of the extract. Inner header of the room. */
#pragma once
#include "base/decimal.h"
#include "base/mem.h"
#include "synth/model.h"
#include "synth/tables.h"
#include <stdatomic.h>

enum syn_table {
    SYN_T_MDTRT,
    SYN_T_SETL,
    SYN_T_FEE,
    SYN_T_DIAG,
    SYN_T_OPRN,
    SYN_T_LIST,
    SYN_T_RIGHT,
    SYN_T_INSURED,
    SYN_T_ALLOWANCE,
    SYN_T_CARE,
    SYN_T_SOLD,
    SYN_T_BOUGHT,
    SYN_T_TRUTH,
    SYN_TABLES
};
enum {
    SYN_CELLS_MAX = 128,
    SYN_COMPANIONS_FROM = 44545500 /* identity numbers no person of a city reaches */
};

/** Money of one settlement, fen; adds up exactly: total = own + prepaid + covered, total = fund + person,
 * fund = Σ of its parts. */
struct syn_money {
    int64_t total, own, prepaid, covered, deductible, pooled, serious, large, aid, other, fund, person,
        account, cash;
    int64_t ratio; /* of the pool, 10^-4 */
};
void sh_syn_settle(const struct syn_life *life, uint32_t enc, struct syn_money *ret);

struct syn_counts {
    uint64_t rows[SYN_TABLES], refunds, voided, violations, near_misses, blamed, not_planted;
    int64_t total_fen, covered_fen, fund_fen;
};

/** Buffers of one worker. */
struct syn_writer {
    struct sh_buf out[SYN_TABLES];
    struct syn_counts counts;
    atomic_int_fast64_t *sold; /* [places × items × stock months], shared; NULL: not counted */
    /* rows under construction */
    struct sh_str cells[SYN_CELLS_MAX];
    char text[2048]; /* of the cells of this row; the part before `keep` belongs to the encounter */
    size_t used, keep;
    int32_t day;
    char day_text[16];
};

void sh_syn_writer_free(struct syn_writer *writer);
/** Header line of a table. */
const char *sh_syn_header(enum syn_table table);
const char *sh_syn_table_name(enum syn_table table);
/** All rows of a life. Errors: those of the buffers, or of the life. */
SH_MUST sh_code sh_syn_write_life(struct syn_writer *writer, const struct syn_life *life);

/** Settlement lists, rights and the other rows beside the claims of a life. */
void sh_syn_write_beside(struct syn_writer *writer, const struct syn_life *life);
/** Number of the person of a life, or of one of his companions, and codes of chronic diseases. */
uint64_t sh_syn_person_no(const struct syn_life *life, uint8_t companion, const char **ret_prefix);
const char *sh_syn_disease_code(uint16_t disease);

/** The hospitals statistics are planted in: claims, truth. Errors: those of the life and of the buffers. */
SH_MUST sh_code sh_syn_compare(const struct syn_city *city, struct syn_life *life, struct syn_writer *writer);

/** Registers of the office: institutions and departments, medins_b.csv and dept_b.csv; adds their bytes. */
SH_MUST sh_code sh_syn_write_registers(const struct syn_city *city, const char *out_dir, uint64_t *bytes,
                                       struct sh_err *err);
/** Stock is kept from the first sale on: in the quarter before that of the compared month. */
static inline int32_t sh_syn_stock_from(const struct syn_city *city) {
    return sh_month_start(sh_syn_grown_from(city));
}
static inline size_t sh_syn_stock_months(const struct syn_city *city) {
    const struct sh_civil from = sh_civil_of(sh_syn_stock_from(city)), to = sh_civil_of(city->first_day);
    return (size_t)city->n_months + (size_t)((to.year - from.year) * 12 + to.month - from.month);
}
/** The store tables 5.1 … 5.4 from what was sold; written to out_dir. */
SH_MUST sh_code sh_syn_write_stock(const struct syn_city *city, const atomic_int_fast64_t *sold,
                                   const char *out_dir, uint64_t *ret_rows, uint64_t *ret_bytes,
                                   struct sh_err *err);
