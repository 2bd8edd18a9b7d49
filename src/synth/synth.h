/*
 * The city maker: a believable Chinese city in the national extract layout, clean under every rule, and a
 * planter that hides violations and near-misses in it and writes down what it hid. Everything is made up:
 * place 990100 does not exist, identity numbers carry a wrong check digit, names say that they are examples.
 * docs/synth.md describes the files. Uses base only and shares no code with the rooms that judge claims:
 * truth is computed from what was planted, never by a rule.
 */
#pragma once
#include "base/err.h"
#include <stdint.h>

struct sh_progress;

/** What to make. All but the texts may be 0 for their default. */
struct sh_synth_options {
    const char *book_dir; /* folder with items.csv, cases.csv, points.csv … (synth/ of the source tree) */
    const char
        *out_dir;     /* made if missing; files of a former city there are replaced, and its parts removed */
    uint32_t persons; /* 1 … SH_SYNTH_PERSONS_MAX */
    uint32_t months;  /* length of the period, 1 … SH_SYNTH_MONTHS_MAX */
    uint64_t seed;
    uint32_t plant_ppm; /* share of lines that are part of violations, per million; 0: a clean city without
                           truth rows */
    int32_t first_day;  /* first day of the period, the first of a month; 0: such that the period ends on
                           2026-10-31 */
    uint32_t threads;   /* 0: all processors. The bytes written do not depend on it */
    struct sh_progress *progress; /* may be NULL; stepped by persons */
};

#define SH_SYNTH_PERSONS_MAX 5000000u
#define SH_SYNTH_MONTHS_MAX 60u

/** What was made: for the summary and for tests. */
struct sh_synth_result {
    uint64_t persons, encounters, lines, settlements, diagnoses, operations, stock_rows;
    uint64_t refunds, voided; /* lines among them */
    uint64_t bytes;
    uint64_t violations, near_misses;         /* rows of the truth */
    uint64_t blamed_lines;                    /* lines named by violations */
    uint64_t not_planted;                     /* plants that found no room in their person's calendar */
    int64_t total_fen, covered_fen, fund_fen; /* over all settlements in force */
    int32_t first_day, last_day;
    uint32_t institutions, fee_parts;
};

/**
 * Make the city. Same options (but threads) give the same bytes.
 * Errors: SH_E_INPUT an option out of range, or a fault in the book ("file:line: column …"); SH_E_NOTFOUND
 * book_dir lacks a file; SH_E_IO, SH_E_FULL writing; SH_E_NOMEM; SH_E_CANCELLED. On failure files of the city
 * may be left in out_dir, incomplete. Cost: about 3 µs a line and thread; memory of some 40 MB a thread,
 * whatever the size of the city.
 */
SH_MUST sh_code sh_synth_run(const struct sh_synth_options *options, struct sh_synth_result *ret,
                             struct sh_err *err);

/** Rules the planter knows, in the order of the national table; NULL after the last. */
const char *sh_synth_rule(size_t i);
