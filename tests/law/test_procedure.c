/* Goal: each fault that a text of procedure can have is found, named, and shown where it stands (part 6 of
 * the contract); the shipped texts have none. */
#include "base/date.h"
#include "base/fs.h"
#include "base/limits.h"
#include "check.h"
#include "law/factbook.h"
#include "law/law.h"
#include <unistd.h>

struct shipped {
    struct sh_arena arena;
    const struct sh_roles *roles;
    const struct sh_registers *registers;
    struct sh_params *params;
};

static void shipped_free(struct shipped *s) {
    sh_arena_free(&s->arena);
}

static struct shipped shipped(void) {
    struct shipped s = {.roles = NULL};
    char path[1024];
    struct sh_err err;
    CHECK_OK(sh_roles_load(check_source_path("law/roles.yaml", path, sizeof path), &s.arena, &s.roles, &err),
             &err);
    CHECK_OK(sh_registers_load(check_source_path("law/registers", path, sizeof path), s.roles, &s.arena,
                               &s.registers, &err),
             &err);
    CHECK_OK(sh_params_load(check_source_path("law/params", path, sizeof path), &s.arena, &s.params, &err),
             &err);
    return s;
}

/* A good text in pieces; each case changes one of them. */
struct pieces {
    const char *head, *fields, *states, *papers, *clocks, *gates, *steps, *items;
};
static const struct pieces good = {
    "procedure: p\nname: 程序 / P\nrank: paper\nin_force: {from: 2021-01-01}\nrunning: stay\nbasis: "
    "[T]\nabout: institution\n"
    "body: agency\nopen_by: own agency.auditor\n",
    "fields: {words: {type: text, name: 文字}, amount: {type: money, name: 金额}, number: {type: code, name: "
    "号}, "
    "until: {type: date, name: 止}}\n",
    "states: {open: 进行, done: 完}\nfinal: [done]\n",
    "papers: {letter: {name: 函, document: x, to: party, number: \"函〔{year}〕{seq}号\"}}\n",
    "clocks: {c: {name: 期限, basis: T, from: opened, length: 5 wd, warn: 1 wd, end: warn}}\n",
    "gates: {g: {name: 审核, basis: T, kind: approval, of: own agency.head, over: [words]},\n"
    "  panel: {name: 集体讨论, basis: T, kind: panel, of: own agency.panel, over: [words]}}\n",
    "steps: {write: {name: 发函, from: open, by: own agency.auditor, issues: letter, opens: {procedure: p}, "
    "basis: T},\n"
    "  close: {name: 办结, from: open, to: done, by: own agency.head, gate: [g, panel], basis: T,\n"
    "    guard: [{if: every(sub where final), refuse: 尚有未结, basis: T}]}}\n",
    ""};

static sh_code load(const struct shipped *s, const struct pieces *p, struct sh_arena *arena,
                    const struct sh_procedures **ret, struct sh_err *err) {
    char dir[] = "/tmp/shouhu-law-XXXXXX", path[SH_PATH_BYTES_MAX];
    SH_CLEANUP(sh_buf_free) struct sh_buf text = {0};
    struct sh_err own;
    sh_buf_addf(&text, "%s%s%s%s%s%s%s%s", p->head, p->fields, p->states, p->papers, p->clocks, p->gates,
                p->steps, p->items);
    CHECK(mkdtemp(dir) != NULL);
    CHECK_OK(sh_path_join(path, dir, "p.yaml", &own), &own);
    CHECK_OK(sh_fs_write(path, sh_buf_view(&text), &own), &own);
    const sh_code code = sh_procedures_load(dir, s->registers, s->roles, s->params, arena, ret, err);
    CHECK_OK(sh_remove_tree(dir, &own), &own);
    return code;
}

static size_t notes_of(const struct shipped *s, const struct sh_procedures *all, int32_t day,
                       struct sh_arena *arena, struct sh_law_notes *notes) {
    struct sh_err err;
    *notes = (struct sh_law_notes){0};
    CHECK_OK(sh_procedures_check(all, s->roles, s->params, day, arena, notes, &err), &err);
    return notes->n;
}

static void the_good_text_is_good(void **state) {
    (void)state;
    SH_CLEANUP(shipped_free) struct shipped s = shipped();
    const struct sh_procedures *all = NULL;
    struct sh_law_notes notes;
    struct sh_err err;
    CHECK_OK(load(&s, &good, &s.arena, &all, &err), &err);
    CHECK_I64((int64_t)notes_of(&s, all, sh_days_of(2026, 3, 2), &s.arena, &notes), 0);
}

#define WITH(piece, text)                                                                                    \
    { offsetof(struct pieces, piece) / sizeof(char *), text }
struct fault {
    size_t piece;
    const char *text, *says;
};
static struct pieces changed(const struct fault *fault) {
    struct pieces p = good;
    ((const char **)&p)[fault->piece] = fault->text;
    return p;
}

#define STEPS(extra)                                                                                         \
    "steps: {write: {name: 发函, from: open, by: own agency.auditor, issues: letter, basis: T},\n  " extra   \
    "}\n"
#define CLOSE "close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T}"
#define MINUTES(of, extra)                                                                                   \
    "signed: {name: 签, from: open, by: own agency.panel, together: " of ", basis: T" extra "}"
#define TERM(extra) "writes: [{register: statuses, " extra "}]"
#define ITEMS(extra)                                                                                         \
    "items: {name: 行, fields: {note: {type: text, name: 记}}, states: {a: 甲, b: 乙}, final: [b],\n"    \
    "  steps: {end: {name: 收, from: a, to: b, by: own agency.head, basis: T, " extra "}}}\n"
#define HEAD                                                                                                 \
    "procedure: p\nname: 程序\nrank: paper\nin_force: {from: 2021-01-01}\nrunning: stay\nbasis: [T]\n"
#define SEAL(extra) "seals: {who: {name: 谁, basis: T, " extra "}}\n"
#define HELD "held_by: own bureau.sealed_holder, fields: {name: {type: text, name: 名}}"
#define OPENS(to, extra)                                                                                     \
    STEPS(CLOSE ", both: {name: 开, from: open, to: " to ", by: own bureau.sealed_holder, basis: T" extra    \
                "}")                                                                                         \
    "unseals: {seal: who, of: number, by: both, until: until, purpose: words}\n"
#define GATHERED(by, states) "container: {procedure: " by ", field: number, while: [" states "], basis: T}\n"
#define EVERY(extra) "every: {" extra ", basis: T}\n"
#define WATCH(extra) "watches: {w: {name: 看 / Watch, basis: T, " extra "}}\n"
#define OF_PEOPLE "register: institutions, subject: code, body: agency, where: known(unfit), "
#define NAMES(names, guard)                                                                                  \
    STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: [g, panel], basis: T,\n"   \
          "    guard: [{if: '" guard "', refuse: 不, basis: T}]}")                                           \
    "names: {" names "}\n"
#define PIECE(p) offsetof(struct pieces, p) / sizeof(char *)

/* Refused when it is read: file, line and column, and what to do. */
static void what_cannot_be_meant_is_refused_where_it_stands(void **state) {
    (void)state;
    static const struct fault faults[] = {
        {PIECE(clocks), GATHERED("p", "open"), "cannot gather its own kind"},
        {PIECE(clocks), GATHERED("q", ""), "in which it still gathers"},
        {PIECE(clocks), "container: {procedure: q, field: words, while: [open], basis: T}\n",
         "no field \"words\" of type code"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T}")
             ITEMS("carries: {step: x}"),
         "a step of items has no carries"},
        {PIECE(head), "procedure: p\nname: 程序\nrank: paper\nin_force: {from: 2021-01-01}\nbasis: [T]\n",
         "running"},
        {PIECE(head), "procedure: p\nname: 程序\nrank: paper\nin_force: {from: 2021-01-01}\nrunning: stay\n",
         "basis"},
        {PIECE(head),
         "procedure: p\nname: 程序\nrank: law2\nin_force: {from: 2021-01-01}\nrunning: stay\nbasis: [T]\n",
         "law2"},
        {PIECE(clocks), "clocks: {c: {name: 期, basis: T, from: opened, length: 5, warn: 1 wd, end: warn}}\n",
         "5"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: 5 days, warn: 1 wd, end: warn}}\n", "days"},
        {PIECE(clocks), "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, end: warn}}\n", "warn"},
        {PIECE(clocks), "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, warn: 1 wd}}\n", "end"},
        {PIECE(clocks), "clocks: {c: {name: 期, from: opened, length: 5 wd, warn: 1 wd, end: warn}}\n",
         "basis"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: served(x), length: 5 wd, warn: 1 wd, end: warn}}\n",
         "nothing produces it"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: param(no.such), warn: 1 wd, end: warn}}\n",
         "no parameter"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, warn: 1 wd, end: do nothing}}\n",
         "no step"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, warn: 1 wd, end: warn, extend: "
         "[{step: "
         "close, length: 5 wd}]}}\n",
         "basis"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, warn: 1 wd, end: warn, excluding: "
         "[{from: close, name: 鉴定, basis: T}]}}\n",
         "to"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, warn: 1 wd, end: warn, within: "
         "later}}\n",
         "before this one"},
        {PIECE(gates), "gates: {g: {name: 审, basis: T, kind: approval, of: own agency.head}}\n", "over"},
        {PIECE(gates), "gates: {g: {name: 审, kind: approval, of: own agency.head, over: [words]}}\n",
         "basis"},
        {PIECE(papers), "papers: {letter: {name: 函, document: x, to: party}}\n", "number"},
        {PIECE(fields), "fields: {where: {type: text, name: 地点}}\n", "a word of the conditions"},
        {PIECE(steps),
         STEPS(CLOSE ", more: {name: 另, from: open, by: own agency.auditor, basis: T, opens: "
                     "{procedure: p, hands: [letter, lettre]}}"),
         "no paper \"lettre\""},
        {PIECE(fields), "fields: {use: nowhere}\n", "no shared fields"},
        {PIECE(fields), "fields: {use: ../procedures/p}\n", "letters and -"},
        {PIECE(fields), "fields: {use: {a: b}}\n", "the name of shared fields"},
        {PIECE(steps), STEPS(CLOSE ", " MINUTES("g", ", issues: letter")), "is no panel"},
        {PIECE(steps), STEPS(CLOSE ", " MINUTES("panel", "")), "minutes are a paper"},
        {PIECE(steps), STEPS(CLOSE ", " MINUTES("panel", ", issues: letter, needs: words")),
         "cannot change what was discussed"},
        {PIECE(steps), STEPS(CLOSE ", " MINUTES("nobody", ", issues: letter")), "a whole number, or a gate"},
        {PIECE(steps), STEPS("close: {name: 办结, from: open, to: done, gate: g, basis: T}"),
         "without actor"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own nobody.at, gate: g, basis: T}"), "no role"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: opne, to: done, by: own agency.head, gate: g, basis: T}"),
         "no state"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, guard: "
               "[{if: known(words), refuse: 缺}]}"),
         "without article"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, guard: "
               "[{if: known(wrods), refuse: 缺, basis: T}]}"),
         "wrods"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, writes: "
               "[{register: no_such, fields: {}}]}"),
         "no register"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, writes: "
               "[{register: institutions, fields: {}}]}"),
         "edited by people"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, opens: "
               "{procedure: nowhere}}"),
         "no procedure here"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, undo: 60}"),
         "undo"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, seen: "
               "[report]}"),
         "cannot be opened"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, per: "
               "department}"),
         "per party"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, bulk: "
               "\"true\", seen: [letter]}"),
         "never bulk"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, returns: "
               "{with: {words: words}}}"),
         "step"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, basis: T, " TERM(
             "from: words, fields: {}") "}"),
         "from names a field of type date"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, basis: T, " TERM(
             "months: until, fields: {}") "}"),
         "months names a field of type int"},
        {PIECE(items), ITEMS("lays: who"), "one of seals"},
        {PIECE(clocks), SEAL("fields: {name: {type: text, name: 名}}"), "held_by"},
        {PIECE(clocks), SEAL("held_by: law, fields: {name: {type: text, name: 名}}"), "people of a role"},
        {PIECE(clocks), SEAL("held_by: own nobody.at, fields: {name: {type: text, name: 名}}"), "no role"},
        {PIECE(clocks), SEAL("held_by: own bureau.sealed_holder, fields: {}"), "has a field"},
        {PIECE(clocks), SEAL("held_by: own bureau.sealed_holder, fields: {words: {type: text, name: 名}}"),
         "open to read"},
        {PIECE(clocks),
         SEAL("held_by: own bureau.sealed_holder, fields: {name: {type: ref, register: bodies, name: 名}}"),
         "no row of a register"},
        {PIECE(steps), STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, lays: who}"),
         "one of seals"},
        {PIECE(clocks), "unseals: {seal: who, of: words, by: close, until: words, purpose: words}\n",
         "of type code"},
        {PIECE(steps), OPENS("open", ""), "by two together"},
        {PIECE(steps), OPENS("done", ", together: \"2\""), "that has an end"},
        {PIECE(head), HEAD "parties: some\n", "parties: none"},
        {PIECE(head), HEAD "parties: none\n", "for a party"},
        {PIECE(steps),
         STEPS(
             "close: {name: 办结, from: open, to: done, by: peer bureau.legal, gate: g, basis: T}") "parties:"
                                                                                                    " none\n",
         "do not see the matter"},
        {PIECE(head), HEAD EVERY("register: bodies, at: period_ends"), "comes with each period"},
        {PIECE(head), HEAD "period: month\n" EVERY("register: bodies, at: noon"), "noon"},
        {PIECE(head), HEAD "period: month\n" EVERY("register: nowhere, at: period_ends"), "no register"},
        {PIECE(head), HEAD "period: month\nevery: {register: bodies, at: period_ends}\n", "basis"},
        {PIECE(head), HEAD "period: month\n" EVERY("register: decisions, at: period_ends"),
         "that people keep"},
        {PIECE(head), HEAD "period: month\n" EVERY("register: institutions, at: period_ends"),
         "whose duty it is"},
        {PIECE(head), HEAD "period: month\n" EVERY("register: institutions, at: period_ends, body: kind"),
         "refers to bodies"},
        {PIECE(head), HEAD "period: month\n" EVERY("register: bodies, at: period_ends, where: kidn = agency"),
         "kidn"},
        {PIECE(head), HEAD WATCH("register: bodies, subject: code, if: known(words)"), "edited by people"},
        {PIECE(head), HEAD WATCH("register: institutions, subject: code, body: agency"), "which rows call"},
        {PIECE(head), HEAD WATCH("register: institutions, subject: code, where: known(beds)"), "which body"},
        {PIECE(head), HEAD WATCH("register: institutions, subject: code, body: kind, where: known(beds)"),
         "refers to bodies"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: subject, body: body, if: known(words)"),
         "leave body out"},
        {PIECE(head), HEAD WATCH(OF_PEOPLE "with: {words: row.nobody}"), "no field \"nobody\""},
        {PIECE(head), HEAD WATCH(OF_PEOPLE "with: {words: row.controller}"), "a personal field"},
        {PIECE(head), HEAD WATCH(OF_PEOPLE "with: {until: row.address}"), "cannot stand in until"},
        {PIECE(head), HEAD WATCH(OF_PEOPLE "with: {number: row.unfit}"), "cannot stand in number"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: amount, if: known(words)"), "of a code"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: subject"), "if"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: subject, if: known(wrods)"), "wrods"},
        {PIECE(head),
         HEAD WATCH("register: decisions, where: mesure = refuse, subject: subject, if: known(words)"),
         "mesure"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: subject, if: known(words), with: {lost: =x}"),
         "no field"},
        {PIECE(head),
         HEAD WATCH("register: decisions, subject: subject, if: known(words), with: {until: =x}"), "date"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: subject, if: known(words), with: {words: x}"),
         "what a watch fills in"},
        {PIECE(head),
         HEAD WATCH("register: decisions, subject: subject, if: known(words), with: {words: \"={lost}\"}"),
         "lost"},
        {PIECE(head), HEAD "period: month\n" WATCH("register: decisions, subject: subject, if: known(words)"),
         "comes with it"},
        {PIECE(steps), NAMES("amount: amount", "amount > 0 yuan"), "amount means something already"},
        {PIECE(steps), NAMES("done: amount", "known(words)"), "done means something already"},
        {PIECE(steps), NAMES("Big: amount > 0 yuan", "known(words)"), "small letters"},
        {PIECE(steps), NAMES("big: [amount]", "known(words)"), "stands for one expression"},
        {PIECE(steps), NAMES("big: amount > 0 yuan", "known(words)"), "no text asks for big"},
        {PIECE(steps), NAMES("big: not big", "big"), "big"},
        {PIECE(steps), NAMES("big: small, small: amount > 0 yuan", "big"), "small"},
        {PIECE(steps), NAMES("big: amount > lost", "big"), "lost"},
        {PIECE(steps), NAMES("big: amount", "big"), "a condition is wanted"},
        {PIECE(items), ITEMS("issues: letter"), "the matter's steps have"},
        {PIECE(items), ITEMS("together: \"2\""), "the matter's steps have"},
        {PIECE(items), ITEMS("opens: {procedure: p, per: item}"), "for its item"},
        {PIECE(items), ITEMS("bulk: \"true\", undo: 60 s, opens: {procedure: p}"), "not taken back"},
    };
    SH_CLEANUP(shipped_free) struct shipped s = shipped();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct pieces p = changed(&faults[i]);
        const struct sh_procedures *all = NULL;
        struct sh_err err = {0};
        const sh_code code = load(&s, &p, &arena, &all, &err);
        if (code != SH_E_INPUT)
            print_error("%s: not refused\n", faults[i].text);
        CHECK_CODE(code, SH_E_INPUT);
        CHECK_HAS(err.message, faults[i].says);
        CHECK_HAS(err.message, "p.yaml:");
    }
}

/* Reads well, and still cannot work. */
static void what_cannot_work_is_found(void **state) {
    (void)state;
    static const struct fault faults[] = {
        {PIECE(states), "states: {open: 进行, done: 完, lost: 失}\nfinal: [done]\n", "cannot be reached"},
        {PIECE(states), "states: {open: 进行, done: 完, lost: 失}\nfinal: [done]\n", "cannot be left"},
        {PIECE(states), "states: {open: 进行, done: 完}\n", "no final state"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own admin.system, gate: g, basis: T}"),
         "no role can take"},
        {PIECE(steps), STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, basis: T}"),
         "gate g stands before no step"},
        {PIECE(steps), "steps: {" CLOSE "}\n", "no step issues"},
        {PIECE(steps),
         STEPS(CLOSE ", " MINUTES("panel", ", issues: letter") ", again: {name: 再签, from: open, by: own "
                                                               "agency.panel, together: panel, basis: T, "
                                                               "issues: letter}"),
         "one discussion, one conclusion"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, not_by: [nothing], gate: g, "
               "basis: T}"),
         "no step nothing"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: served(letter), length: 5 wd, warn: 1 wd, end: warn}}\n",
         "nothing records"},
        {PIECE(clocks),
         "clocks: {c: {name: 期, basis: T, from: opened, length: 5 wd, warn: 1 wd, end: do close}}\n",
         "law is not among its actors"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, guard: "
               "[{if: amount >= 5, refuse: 金额须达 50000 元, basis: T}]}"),
         "interpolate it"},
        {PIECE(steps),
         "steps: {write: {name: 发函, from: open, by: own agency.auditor, issues: letter, opens: {procedure: "
         "p}, basis: T},\n"
         "  " CLOSE "}\n",
         "without asking for what write opened"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, returns: "
               "{step: end}}"),
         "nothing opens p for an item"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, returns: "
               "{step: end, with: {lost: words}}}") ITEMS("opens: {procedure: p}"),
         "no step of items end that the law takes"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, returns: "
               "{step: end, with: {lost: words}}}") ITEMS("opens: {procedure: p}"),
         "have no field lost"},
        {PIECE(head), HEAD WATCH("register: decisions, subject: subject, if: known(words)"),
         "no step writes decisions: nothing wakes w"},
        {PIECE(clocks), SEAL(HELD), "no step lays who"},
        {PIECE(clocks), SEAL(HELD), "no procedure unseals who"},
        {PIECE(clocks), SEAL("held_by: own admin.system, fields: {name: {type: text, name: 名}}"),
         "no role can hold who"},
        {PIECE(steps), OPENS("open", ", together: \"2\""), "no procedure seals who"},
        {PIECE(steps), OPENS("open", ", together: \"2\""), "no step needs until"},
        {PIECE(clocks), GATHERED("q", "open"), "no procedure q"},
        {PIECE(clocks), GATHERED("q", "open"), "no step asks for number"},
        {PIECE(steps),
         STEPS("close: {name: 办结, from: open, to: done, by: own agency.head, gate: g, basis: T, carries: "
               "{step: hear}}"),
         "no procedure names p as its container"},
        {PIECE(head),
         "procedure: p\nname: 程序\nrank: paper\nin_force: {from: 2021-01-01, to: 2026-06-30}\nrunning: "
         "stay\nbasis: [T]\n"
         "about: institution\n",
         "lapses on 2026-06-30"},
    };
    SH_CLEANUP(shipped_free) struct shipped s = shipped();
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct pieces p = changed(&faults[i]);
        const struct sh_procedures *all = NULL;
        struct sh_law_notes notes;
        struct sh_err err = {0};
        CHECK_OK(load(&s, &p, &arena, &all, &err), &err);
        bool is_found = false;
        (void)notes_of(&s, all, sh_days_of(2026, 3, 2), &arena, &notes);
        for (size_t k = 0; k < notes.n; k++)
            is_found = is_found || sh_str_find(notes.of[k].text, sh_str_of(faults[i].says)) != SH_STR_NONE;
        if (!is_found)
            print_error("%s: not found\n", faults[i].says);
        CHECK(is_found);
    }
}

static void the_shipped_procedures_have_no_fault(void **state) {
    (void)state;
    SH_CLEANUP(shipped_free) struct shipped s = shipped();
    char path[1024];
    const struct sh_procedures *all = NULL;
    struct sh_law_notes notes;
    struct sh_err err;
    CHECK_OK(sh_procedures_load(check_source_path("law/procedures", path, sizeof path), s.registers, s.roles,
                                s.params, &s.arena, &all, &err),
             &err);
    (void)notes_of(&s, all, sh_days_of(2026, 3, 2), &s.arena, &notes);
    for (size_t i = 0; i < notes.n; i++)
        print_error("%s:%u: %.*s\n", notes.of[i].file, notes.of[i].line, SH_ARG(notes.of[i].text));
    CHECK_I64((int64_t)notes.n, 0);
    CHECK(all->n >= 9);
}

static void check_english(const char *file, struct sh_str text, struct sh_str english) {
    bool is_ascii = english.len > 0;
    for (size_t i = 0; i < english.len; i++)
        is_ascii = is_ascii && (unsigned char)english.at[i] < 0x80;
    if (!is_ascii)
        print_error("%s: no English beside %.*s\n", file, SH_ARG(text));
    CHECK(is_ascii);
}

static void check_machine_english(const char *file, const struct sh_machine *m) {
    for (size_t i = 0; i < m->n_states; i++)
        check_english(file, m->states[i].name, m->states[i].english);
    for (size_t i = 0; i < m->n_fields; i++)
        check_english(file, m->fields[i].name, m->fields[i].english);
    for (size_t i = 0; i < m->n_steps; i++) {
        check_english(file, m->steps[i].name, m->steps[i].english);
        for (size_t g = 0; g < m->steps[i].n_guards; g++)
            check_english(file, m->steps[i].guards[g].refuse, m->steps[i].guards[g].english);
    }
}

static void all_that_people_read_of_the_shipped_procedures_is_there_in_english(void **state) {
    (void)state;
    SH_CLEANUP(shipped_free) struct shipped s = shipped();
    char path[1024];
    const struct sh_procedures *all = NULL;
    struct sh_err err;
    CHECK_OK(sh_procedures_load(check_source_path("law/procedures", path, sizeof path), s.registers, s.roles,
                                s.params, &s.arena, &all, &err),
             &err);
    for (size_t i = 0; i < all->n; i++) {
        const struct sh_procedure *p = &all->of[i];
        check_english(p->file, p->name, p->english);
        check_machine_english(p->file, &p->matter);
        for (size_t k = 0; k < p->n_seals; k++) {
            check_english(p->file, p->seals[k].name, p->seals[k].english);
            for (size_t f = 0; f < p->seals[k].n_fields; f++)
                check_english(p->file, p->seals[k].fields[f].name, p->seals[k].fields[f].english);
        }
        if (p->items)
            check_machine_english(p->file, p->items);
        for (size_t k = 0; k < p->n_watches; k++)
            check_english(p->file, p->watches[k].name, p->watches[k].english);
        for (size_t k = 0; k < p->n_clocks; k++)
            check_english(p->file, p->clocks[k].name, p->clocks[k].english);
        for (size_t k = 0; k < p->n_gates; k++)
            check_english(p->file, p->gates[k].name, p->gates[k].english);
        for (size_t k = 0; k < p->n_papers; k++)
            check_english(p->file, p->papers[k].name, p->papers[k].english);
    }
}

/* What a word is put out to, in a text and in a sentence. */
static void a_name_stands_for_its_expression_and_only_where_it_stands_alone(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    struct sh_law_name of[] = {{.id = SH_STR("big"), .text = SH_STR("a + b")}};
    const struct sh_law_names names = {of, 1};
    static const struct {
        enum sh_law_words words;
        const char *text, *meant;
        uint8_t used;
    } cases[] = {
        {SH_LAW_EXPRESSION, "big", "(a + b)", 1},
        {SH_LAW_EXPRESSION, "2 * big = c", "2 * (a + b) = c", 1},
        {SH_LAW_EXPRESSION, "bigger or x.big or big.x or big(1) or big_ or 大big", NULL, 0},
        {SH_LAW_EXPRESSION, "param(big) or x = \"big \\\" big\"", NULL, 0},
        {SH_LAW_SENTENCE, "big {big} 大 {x} big", "big {(a + b)} 大 {x} big", 1},
        {SH_LAW_SENTENCE, "big {\"} big\"} {big", "big {\"} big\"} {(a + b)", 1},
        {SH_LAW_EXPRESSION, "", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t used = 0;
        struct sh_str got;
        struct sh_err err;
        CHECK_OK(sh_law_expand(&names, sh_str_of(cases[i].text), cases[i].words, &used, &arena, &got, &err),
                 &err);
        CHECK_STR(got, cases[i].meant ? cases[i].meant : cases[i].text);
        CHECK_I64(used, cases[i].used);
    }
    struct shipped s = shipped();
    const struct sh_procedures *all = NULL;
    struct pieces p = good;
    struct sh_err err;
    p.steps = NAMES("big: amount > 0 yuan, both: big and known(words)", "both or not known(amount)");
    CHECK_OK(load(&s, &p, &s.arena, &all, &err), &err); /* a word may use those before it */
    shipped_free(&s);
}

CHECK_MAIN(cmocka_unit_test(the_good_text_is_good),
           cmocka_unit_test(a_name_stands_for_its_expression_and_only_where_it_stands_alone),
           cmocka_unit_test(what_cannot_be_meant_is_refused_where_it_stands),
           cmocka_unit_test(what_cannot_work_is_found),
           cmocka_unit_test(the_shipped_procedures_have_no_fault),
           cmocka_unit_test(all_that_people_read_of_the_shipped_procedures_is_there_in_english))
