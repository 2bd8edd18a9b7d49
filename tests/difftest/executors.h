/* One set of rules over one small lake by every executor there is, as texts by rule that must be equal. */
#pragma once
#include "audit/memlake.h"
#include "audit/sql_run.h"
#include "base/hash.h"
#include "check.h"
#include <string.h>

#define RULES_MAX 16

/* What one executor says, by rule: sorted lines "id level amount [key] line=fen line~0 …". */
struct told {
    char *of_rule[RULES_MAX];
    bool refused[RULES_MAX];  /* SQL names a construct it cannot say */
    bool is_short[RULES_MAX]; /* without lines and what is counted */
};
/* A finding as text until all are sorted. */
struct telling {
    struct sh_arena *arena;
    char **lines[RULES_MAX];
    size_t n[RULES_MAX], cap[RULES_MAX];
};

static inline int telling_order(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void telling_add(struct telling *t, size_t rule, char *line) {
    if (t->n[rule] == t->cap[rule]) {
        const size_t cap = t->cap[rule] ? 2 * t->cap[rule] : 16;
        char **more = sh_new(t->arena, char *, cap);
        if (t->n[rule] > 0)
            memcpy(more, t->lines[rule], t->n[rule] * sizeof(*more));
        t->lines[rule] = more, t->cap[rule] = cap;
    }
    t->lines[rule][t->n[rule]++] = line;
}

static inline void telling_end(struct telling *t, size_t n_rules, struct told *ret) {
    for (size_t r = 0; r < n_rules; r++) {
        char *text = sh_arena_printf(t->arena, NULL, "%s", "");
        if (t->n[r] > 1)
            qsort(t->lines[r], t->n[r], sizeof(char *), telling_order);
        for (size_t i = 0; i < t->n[r]; i++)
            text = sh_arena_printf(t->arena, NULL, "%s%s\n", text, t->lines[r][i]);
        ret->of_rule[r] = text;
    }
}

static inline char *told_line(struct sh_arena *arena, const char *id, enum sh_level level, bool known,
                              int64_t fen, struct sh_str key) {
    return known ? sh_arena_printf(arena, NULL, "%s level %d amount %lld [%.*s]", id, (int)level,
                                   (long long)fen, SH_ARG(key))
                 : sh_arena_printf(arena, NULL, "%s level %d amount ? [%.*s]", id, (int)level, SH_ARG(key));
}

/* ---- the engine
 * -------------------------------------------------------------------------------------------- */

static inline void worker_close(struct sh_audit_worker **w) {
    sh_audit_worker_free(*w);
}

/* Findings of many persons are told without their lines: those are numbered by chunk. */
static inline void tell_engine(const struct sh_audit_worker *lines_of, const struct sh_chunk_findings *found,
                               struct telling *t) {
    const struct sh_engine *en = sh_worker_engine(lines_of);
    for (size_t i = 0; i < found->n; i++) {
        const struct sh_finding *f = &found->findings[i];
        char id[33];
        sh_hex(f->id, 16, id);
        char *text = told_line(t->arena, id, f->level, f->amount_known, f->amount_fen, f->key);
        const bool is_alone = en->plan->active[f->rule].rule->reach == SH_REACH_TIMELINE;
        if (!is_alone)
            text = sh_arena_printf(t->arena, NULL, "%s counted %lld fund %lld %d", text,
                                   (long long)f->counted_fen, (long long)f->fund_fen, (int)f->fund);
        for (size_t l = 0; is_alone && l < f->n_lines; l++) {
            struct sh_err err;
            struct sh_str line;
            CHECK_OK(sh_row_id(&en->tl, SH_TABLE_LINE, f->lines[l].row, &line, &err), &err);
            text = sh_arena_printf(t->arena, NULL, "%s %.*s%s%lld", text, SH_ARG(line),
                                   f->lines[l].blamed ? "=" : "~", (long long)f->lines[l].amount_fen);
        }
        telling_add(t, f->rule, text);
    }
}

/* Person p alone, with the first `n_lines` lines. */
static inline struct sh_chunk chunk_of(const struct sh_chunk *all, uint32_t p, uint32_t n_lines,
                                       struct sh_arena *arena) {
    struct sh_chunk ret = {.bucket = all->bucket, .n_persons = 1, .persons = all->persons + p};
    for (int t = 0; t < SH_TABLES; t++) {
        if (!all->tables[t].columns)
            continue;
        const uint32_t first = all->tables[t].person_begin[p];
        uint32_t n = all->tables[t].person_begin[p + 1] - first;
        n = t == SH_TABLE_LINE && n > n_lines ? n_lines : n;
        uint32_t *begin = sh_new(arena, uint32_t, 2);
        const void **columns = sh_new(arena, const void *, sh_lake_schema[t].n_columns);
        for (uint16_t c = 0; c < sh_lake_schema[t].n_columns; c++)
            columns[c] = all->tables[t].columns[c]
                             ? (const char *)all->tables[t].columns[c] +
                                   first * sh_column_bytes(sh_lake_schema[t].columns[c].type)
                             : NULL;
        begin[0] = 0, begin[1] = n;
        ret.tables[t].n_rows = n;
        ret.tables[t].columns = columns;
        ret.tables[t].person_begin = begin;
    }
    return ret;
}

/* Whatever the rules: what is counted of a line is at most what it covers, what is asked of a fund at most
 * what it paid. */
struct purse {
    const struct sh_engine *en;
    int64_t *lines, *funds; /* drawn so far */
};
static inline struct purse purse_of(const struct sh_audit_worker *worker, struct sh_arena *arena) {
    const struct sh_engine *en = sh_worker_engine(worker);
    return (struct purse){en, sh_new(arena, int64_t, en->tl.tables[SH_TABLE_LINE].n_rows + 1),
                          sh_new(arena, int64_t, en->tl.tables[SH_TABLE_SETTLEMENT].n_rows + 1)};
}

static inline void purse_take_one(struct purse *p, const struct sh_finding *f) {
    const int32_t *settlement = sh_i32(&p->en->tl, SH_TABLE_LINE, p->en->plan->at.line.settlement);
    int64_t amounts = 0, counted = 0;
    int32_t only = -1; /* the settlement of all lines, -2: several */
    for (size_t l = 0; l < f->n_lines; l++) {
        const struct sh_blamed_line *line = &f->lines[l];
        CHECK(line->counted_fen >= 0 && line->counted_fen <= (line->amount_fen > 0 ? line->amount_fen : 0));
        CHECK(line->blamed || line->counted_fen == 0);
        p->lines[line->row] += line->counted_fen;
        amounts += line->amount_fen, counted += line->counted_fen;
        if (line->counted_fen > 0)
            only = only == -1 || only == settlement[line->row] ? settlement[line->row] : -2;
    }
    CHECK(amounts <= (f->amount_fen > 0 ? f->amount_fen : 0));
    CHECK_I64(f->counted_fen, counted);
    CHECK(f->fund_fen >= 0);
    if (only >= 0)
        p->funds[only] += f->fund_fen;
}

static inline void purse_check(const struct purse *p) {
    const struct sh_columns *at = &p->en->plan->at;
    const int64_t *covered = sh_i64(&p->en->tl, SH_TABLE_LINE, at->line.covered),
                  *fund = sh_i64(&p->en->tl, SH_TABLE_SETTLEMENT, at->settlement.fund);
    for (uint32_t i = 0; i < p->en->tl.tables[SH_TABLE_LINE].n_rows; i++)
        CHECK(p->lines[i] == 0 || (covered && covered[i] != SH_MISSING && p->lines[i] <= covered[i]));
    for (uint32_t i = 0; i < p->en->tl.tables[SH_TABLE_SETTLEMENT].n_rows; i++)
        CHECK(p->funds[i] == 0 || (fund && fund[i] != SH_MISSING && p->funds[i] <= fund[i]));
}

/* All persons in one chunk; what must meet is joined. */
static inline sh_code tell_whole(const struct sh_plan *plan, const struct sh_memlake *lake,
                                 struct sh_arena *arena, struct told *ret, struct sh_err *err) {
    struct sh_audit_worker *worker SH_CLEANUP(worker_close) = NULL, *joiner SH_CLEANUP(worker_close) = NULL;
    struct telling t = {.arena = arena};
    struct sh_chunk_findings found;
    SH_TRY(sh_audit_worker_new(plan, &worker, err));
    SH_TRY(sh_audit_worker_new(plan, &joiner, err));
    SH_TRY(sh_audit_chunk(worker, &lake->institutions, &found, err));
    SH_TRY(sh_audit_chunk(worker, &lake->chunk, &found, err));
    struct purse purse = purse_of(worker, arena);
    tell_engine(worker, &found, &t);
    for (size_t i = 0; i < found.n; i++)
        purse_take_one(&purse, &found.findings[i]);
    SH_TRY(sh_audit_join_own(worker, joiner, &found, err));
    tell_engine(worker, &found, &t);
    for (size_t i = 0; i < found.n; i++)
        purse_take_one(&purse, &found.findings[i]);
    purse_check(&purse);
    telling_end(&t, sh_plan_rules(plan), ret);
    return SH_OK;
}

/* Each person in a chunk of his own, as many buckets have them, the last one first. */
static inline sh_code tell_apart(const struct sh_plan *plan, const struct sh_memlake *lake,
                                 struct sh_arena *arena, struct told *ret, struct sh_err *err) {
    struct sh_audit_worker *worker SH_CLEANUP(worker_close) = NULL, *joiner SH_CLEANUP(worker_close) = NULL;
    struct telling t = {.arena = arena};
    struct sh_chunk_findings found;
    SH_TRY(sh_audit_worker_new(plan, &worker, err));
    SH_TRY(sh_audit_worker_new(plan, &joiner, err));
    for (uint32_t p = lake->chunk.n_persons; p-- > 0;) {
        const struct sh_chunk chunk = chunk_of(&lake->chunk, p, UINT32_MAX, arena);
        SH_TRY(sh_audit_chunk(worker, &chunk, &found, err));
        tell_engine(worker, &found, &t);
    }
    SH_TRY(sh_audit_chunk(worker, &lake->institutions, &found, err));
    SH_TRY(sh_audit_join_own(worker, joiner, &found, err));
    tell_engine(worker, &found, &t);
    telling_end(&t, sh_plan_rules(plan), ret);
    return SH_OK;
}

/* ---- one claim
 * --------------------------------------------------------------------------------------------- */

/* What the claims of one person added up to. */
struct marginal {
    char id[33];
    uint16_t rule;
    enum sh_level level;
    bool is_there, known;
    int64_t fen;
    struct sh_str key;
};
struct marginals {
    struct marginal at[4096];
    size_t n;
};

static inline struct marginal *marginal_of(struct marginals *m, const uint8_t id[16]) {
    char hex[33];
    sh_hex(id, 16, hex);
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->at[i].id, hex) == 0)
            return &m->at[i];
    CHECK(m->n < sizeof(m->at) / sizeof(m->at[0]));
    m->at[m->n] = (struct marginal){.known = true};
    memcpy(m->at[m->n].id, hex, sizeof(hex));
    return &m->at[m->n++];
}

static inline void marginal_name(struct marginal *m, const struct sh_finding *f, struct sh_arena *arena) {
    m->rule = f->rule, m->level = f->level, m->is_there = true;
    m->key = (struct sh_str){sh_arena_dup(arena, f->key.at, f->key.len), f->key.len};
}

static inline void claim_close(struct sh_claim_worker **w) {
    sh_claim_worker_free(*w);
}

/* The lines of a person come one claim after the other in the order of time: the marginals add up to the
 * night's. */
static inline sh_code add_claims(const struct sh_plan *plan, const struct sh_chunk *person,
                                 struct sh_arena *arena, struct marginals *m, struct sh_err *err) {
    struct sh_audit_worker *night SH_CLEANUP(worker_close) = NULL;
    struct sh_claim_worker *claim SH_CLEANUP(claim_close) = NULL;
    const uint32_t n = person->tables[SH_TABLE_LINE].n_rows;
    struct sh_chunk_findings found;
    struct sh_claim_findings added;
    uint8_t *request = sh_new(arena, uint8_t, n + 1);
    SH_TRY(sh_audit_worker_new(plan, &night, err));
    SH_TRY(sh_claim_worker_new(plan, &claim, err));
    const struct sh_chunk before = chunk_of(person, 0, 0, arena);
    SH_TRY(sh_audit_chunk(night, &before, &found, err));
    for (size_t i = 0; i < found.n; i++) {
        struct marginal *one = marginal_of(m, found.findings[i].id);
        marginal_name(one, &found.findings[i], arena);
        one->known = found.findings[i].amount_known, one->fen = found.findings[i].amount_fen;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct sh_chunk now = chunk_of(person, 0, i + 1, arena);
        memset(request, 0, n);
        request[i] = 1;
        SH_TRY(sh_audit_claim(claim, &now, request, &added, err));
        for (size_t f = 0; f < added.n; f++) {
            struct marginal *one = marginal_of(m, added.at[f].id);
            one->known &= added.at[f].amount_known;
            one->fen += added.at[f].amount_fen;
            if (added.at[f].finding)
                marginal_name(one, added.at[f].finding, arena);
            else
                one->is_there = false;
        }
    }
    return SH_OK;
}

/* A sum with an unknown marginal in it says "any": the amount is then not compared. */
static inline sh_code tell_claims(const struct sh_plan *plan, const struct sh_memlake *lake,
                                  struct sh_arena *arena, struct told *ret, struct sh_err *err) {
    struct marginals *m = sh_new(arena, struct marginals, 1);
    struct telling t = {.arena = arena};
    m->n = 0;
    for (uint32_t p = 0; p < lake->chunk.n_persons; p++) {
        const struct sh_chunk person = chunk_of(&lake->chunk, p, UINT32_MAX, arena);
        SH_TRY(add_claims(plan, &person, arena, m, err));
    }
    for (size_t i = 0; i < m->n; i++) {
        const struct marginal *one = &m->at[i];
        if (one->is_there)
            telling_add(&t, one->rule,
                        one->known ? told_line(arena, one->id, one->level, true, one->fen, one->key)
                                   : sh_arena_printf(arena, NULL, "%s level %d amount any [%.*s]", one->id,
                                                     (int)one->level, SH_ARG(one->key)));
    }
    telling_end(&t, sh_plan_rules(plan), ret);
    for (size_t r = 0; r < sh_plan_rules(plan); r++)
        ret->refused[r] = sh_plan_rule(plan, r)->reach != SH_REACH_TIMELINE;
    for (size_t r = 0; r < sh_plan_rules(plan); r++)
        ret->is_short[r] = true;
    return SH_OK;
}

/* ---- SQL
 * --------------------------------------------------------------------------------------------------- */

static inline void sql_run_close(struct sh_sql_run **run) {
    sh_sql_close(*run);
}

static inline void tell_sql(const struct sh_sql_findings *found, struct telling *t) {
    for (size_t i = 0; i < found->n; i++) {
        const struct sh_sql_finding *f = &found->at[i];
        char *text = told_line(t->arena, f->id, f->level, f->amount_known, f->amount_fen, f->key);
        for (size_t l = 0; l < f->n_lines; l++)
            text = sh_arena_printf(t->arena, NULL, "%s %.*s%s%lld", text, SH_ARG(f->lines[l].id),
                                   f->lines[l].blamed ? "=" : "~", (long long)f->lines[l].fen);
        telling_add(t, f->rule, text);
    }
}

/* A statement that fails is what that rule says. */
static inline void tell_rule_by_sql(struct sh_sql_run *run, size_t rule, struct telling *t,
                                    struct told *ret) {
    struct sh_sql_findings found = {0};
    struct sh_err err;
    const sh_code code = sh_sql_audit(run, rule, &found, &err);
    if (code == SH_OK)
        tell_sql(&found, t);
    else if (code == SH_E_UNSUPPORTED)
        ret->refused[rule] = true;
    else
        telling_add(t, rule, sh_arena_printf(t->arena, NULL, "%s", err.message));
    sh_free(found.at);
}

static inline sh_code open_duckdb(const struct sh_plan *plan, const struct sh_memlake *lake,
                                  struct sh_arena *arena, struct sh_sql_run **ret, struct sh_err *err) {
    SH_TRY(sh_sql_open(plan, "/tmp", 2, arena, ret, err));
    SH_TRY(sh_sql_take(*ret, &lake->institutions, err));
    SH_TRY(sh_sql_take(*ret, &lake->chunk, err));
    return sh_sql_ready(*ret, err);
}

static inline sh_code tell_duckdb(const struct sh_plan *plan, const struct sh_memlake *lake,
                                  struct sh_arena *arena, struct told *ret, struct sh_err *err) {
    struct sh_sql_run *run SH_CLEANUP(sql_run_close) = NULL;
    struct telling t = {.arena = arena};
    SH_TRY(open_duckdb(plan, lake, arena, &run, err));
    for (size_t r = 0; r < sh_plan_rules(plan); r++)
        tell_rule_by_sql(run, r, &t, ret);
    for (size_t r = 0; r < sh_plan_rules(plan); r++)
        ret->is_short[r] = sh_plan_rule(plan, r)->reach != SH_REACH_TIMELINE;
    telling_end(&t, sh_plan_rules(plan), ret);
    return SH_OK;
}

/* ---- comparing
 * --------------------------------------------------------------------------------------------- */

/* Line by line up to "]", an amount "any" fits all. */
static inline bool is_told_short(const char *night, const char *claims) {
    for (;;) {
        if (!*night || !*claims)
            return !*night && !*claims;
        const char *a = strchr(night, ']'), *b = strchr(claims, ']'), *any = strstr(claims, " amount any [");
        const size_t la = a ? (size_t)(a - night) : 0, lb = b ? (size_t)(b - claims) : 0;
        if (!a || !b)
            return false;
        if (any && any < b) {
            const size_t head = (size_t)(any - claims);
            if (la < head || memcmp(night, claims, head) != 0)
                return false;
        } else if (la != lb || memcmp(night, claims, la) != 0) {
            return false;
        }
        night = strchr(a, '\n') + 1, claims = strchr(b, '\n') + 1;
    }
}

static inline bool is_told_same(const struct told *night, const struct told *other, size_t rule) {
    if (other->refused[rule])
        return true;
    return other->is_short[rule] ? is_told_short(night->of_rule[rule], other->of_rule[rule])
                                 : strcmp(night->of_rule[rule], other->of_rule[rule]) == 0;
}
