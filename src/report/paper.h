/*
 * Papers: the letters and decisions of a procedure as PDF. A *template* (law/documents, one YAML file each)
 * says title, number pattern, addressee, facts with their types, paragraphs, tables and signatures; the facts
 * are passed in as JSON, so that this room knows no procedure. Part of the public header report/report.h.
 *
 * Facts are text, never markup; braces in them stay braces. The same template, facts and fonts give the same
 * bytes. Templates are const and shared by threads; a rendering belongs to one thread.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

struct sh_paper;
struct sh_papers;

/**
 * Load all templates of a folder; _common.yaml holds the facts that all share.
 * Errors: SH_E_INPUT "file:line:column: …" (an unknown fact in a text, a format that does not suit its type,
 * …); SH_E_NOTFOUND, SH_E_IO, SH_E_LIMIT, SH_E_NOMEM.
 */
SH_MUST sh_code sh_papers_load(const char *dir, struct sh_arena *arena, const struct sh_papers **ret,
                               struct sh_err *err);
/** By id ("breach-notice"), or NULL. */
const struct sh_paper *sh_paper_find(const struct sh_papers *papers, struct sh_str id);
size_t sh_papers_n(const struct sh_papers *papers);
const struct sh_paper *sh_papers_at(const struct sh_papers *papers, size_t i);

struct sh_str sh_paper_id(const struct sh_paper *paper);
struct sh_str sh_paper_title(const struct sh_paper *paper);
/** Does the paper tell its reader of this right ("defence", "appeal", "remedy")? A clock of the reader starts
 * only with a paper that did (D4). */
bool sh_paper_tells(const struct sh_paper *paper, struct sh_str right);

/** One fact a template asks for. */
struct sh_paper_fact {
    struct sh_str id, name; /* name in Chinese */
    const char *type;       /* text, money, date, int, list, table */
    bool required;
    struct sh_str param; /* parameter (law/params) whose value is this fact; empty: none */
};
/** Facts of a template, shared ones first. ret [n] in the arena. */
SH_MUST sh_code sh_paper_facts(const struct sh_paper *paper, struct sh_arena *arena,
                               const struct sh_paper_fact **ret, size_t *ret_n, struct sh_err *err);

/**
 * Are the facts whole and well typed? A list may also come as one text of lines, an int as digits, text as a
 * number: so records keep them. Types: text "…" (lines make paragraphs); money "1234.56" (text, at most 2
 * decimals); date "2026-11-27"; int 3; list ["…"]; table [{column: value}]. Others are ignored. Errors:
 * SH_E_INPUT naming every fact that is missing or of a wrong type.
 */
SH_MUST sh_code sh_paper_check(const struct sh_paper *paper, const json_t *facts, struct sh_err *err);
/**
 * Tables that came as text, one row a line, cells parted by | in the order of the columns, become rows in
 * `facts`: so fields of a form keep them. Missing cells stay empty; what is there too many goes to the last.
 * Errors: SH_E_NOMEM.
 */
SH_MUST sh_code sh_paper_tables(const struct sh_paper *paper, json_t *facts, struct sh_err *err);
/** The number of the paper as its template writes it (〔2026〕12号); the empty view if it has none. In the
 * arena. */
SH_MUST sh_code sh_paper_number(const struct sh_paper *paper, const json_t *facts, struct sh_arena *arena,
                                struct sh_str *ret, struct sh_err *err);

/** What leads from the paper to its proof in the journal; printed on each page. Empty views are left out. */
struct sh_paper_proof {
    struct sh_str code;    /* verification code */
    struct sh_str address; /* where it is checked; as QR on the last page */
    struct sh_str head;    /* signed head of the journal when the paper was made */
};
/**
 * Draw the paper as PDF, appended to `pdf`.
 * ret_pages  may be NULL.
 * Errors: those of sh_paper_check; SH_E_NOTFOUND no Chinese font (fonts-noto-cjk); SH_E_UNSUPPORTED a
 * character that no font has: a paper with a box in a name is no paper; SH_E_LIMIT more than 500 pages;
 * SH_E_NOMEM. Cost: two passes of layout; a page takes a few milliseconds.
 */
SH_MUST sh_code sh_paper_render(const struct sh_paper *paper, const json_t *facts,
                                const struct sh_paper_proof *proof, struct sh_buf *pdf, uint32_t *ret_pages,
                                struct sh_err *err);

/** An amount in capitals, as on cheques: 壹拾万柒仟元零伍角叁分. Appended. */
void sh_money_words(int64_t fen, struct sh_buf *out);
/** 二〇二六年十一月二十七日. Appended. */
void sh_date_words(int32_t day, struct sh_buf *out);
