/* Goal: registers and roles are read as written, every fault is told with its place, values are made
 * canonical, and what is personal is never shown whole. */
#include "base/fs.h"
#include "base/limits.h"
#include "base/temp_dir.h"
#include "law/law.h"

static const char *source(const char *name, char *out) {
    struct sh_err err;
    CHECK_OK(sh_path_join(out, getenv("SHOUHU_SOURCE_DIR"), name, &err), &err);
    return out;
}

static void the_shipped_registers_and_roles_load(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    const struct sh_roles *roles = NULL;
    const struct sh_registers *all = NULL;
    CHECK_OK(sh_roles_load(source("law/roles.yaml", path), &arena, &roles, &err), &err);
    CHECK_OK(sh_registers_load(source("law/registers", path), roles, &arena, &all, &err), &err);
    CHECK(all->n >= 25);
    const struct sh_register *reg = sh_register_find(all, SH_STR("institutions"));
    CHECK(reg != NULL);
    CHECK_I64(reg->change, SH_CHANGE_TWO);
    CHECK(sh_register_field(reg, SH_STR("名称"), true) >= 0);
    CHECK(sh_register_field(reg, SH_STR("名称"), false) < 0);
    for (size_t i = 0; i < all->n; i++)
        CHECK(all->of[i].n_basis > 0);
}

/* Every pair of catalogue V-03 and the sketch, both ways round. */
static void incompatible_roles_are_known_both_ways_with_their_basis(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"agency.reviewer", "agency.rereviewer"},
        {"agency.reviewer", "agency.cashier"},
        {"agency.window", "agency.checker"},
        {"agency.bookkeeper", "agency.cashier"},
        {"admin.users", "security.approver"},
        {"admin.system", "agency.reviewer"},
        {"bureau.officer", "bureau.legal"},
        {"bureau.officer", "bureau.host"},
        {"bureau.legal", "bureau.host"},
        {"bureau.chief", "bureau.collector"},
        {"bureau.officer", "bureau.evidence"},
        {"bureau.roster_keeper", "bureau.draw_keeper"},
        {"bureau.sealed_holder", "bureau.officer"},
        {"agency.rules_author", "agency.rules_releaser"},
        {"agency.control", "agency.finance"},
        {"institution.user", "agency.window"},
        {"institution.head", "bureau.officer"},
        {"third.operator", "agency.auditor"},
    };
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    const struct sh_roles *roles = NULL;
    CHECK_OK(sh_roles_load(source("law/roles.yaml", path), &arena, &roles, &err), &err);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct sh_str a = sh_str_of(pairs[i][0]), b = sh_str_of(pairs[i][1]);
        CHECK(sh_role_find(roles, a) && sh_role_find(roles, b));
        const struct sh_role_pair *pair = sh_roles_forbid(roles, a, b);
        CHECK(pair != NULL);
        CHECK(pair == sh_roles_forbid(roles, b, a));
        CHECK(pair->basis.len > 0);
    }
    CHECK(sh_roles_forbid(roles, SH_STR("agency.reviewer"), SH_STR("agency.auditor")) == NULL);
    CHECK(sh_roles_forbid(roles, SH_STR("bureau.officer"), SH_STR("bureau.officer")) == NULL);
}

/* ---- faults ------------------------------------------------------------------------------------------ */

static sh_code load_one(const char *text, struct sh_err *err) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    char path[SH_PATH_BYTES_MAX];
    CHECK_OK(sh_fs_write(temp_path(&dir, "r.yaml", path), sh_str_of(text), err), err);
    const struct sh_registers *all = NULL;
    return sh_registers_load(dir.path, NULL, &arena, &all, err);
}

#define HEAD "register: r\nname: n\nbasis: [b]\nkey: [a]\nedit: {change: direct, by: [x]}\nfields:\n"

#define LEDGER                                                                                               \
    "register: r\nname: n\nbasis: [b]\nkey: [a]\nedit: {change: steps}\nfields:\n  a: {type: text, name: "   \
    "n}\n"

static void a_fault_in_a_register_is_told_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } faults[] = {
        {HEAD "  a: {type: txt, name: n}\n", "r.yaml:7:13: unknown word \"txt\", did you mean text"},
        {HEAD "  a: {type: text}\n", "r.yaml:7:"},
        {HEAD "  A: {type: text, name: n}\n", "r.yaml:7:3: a field's word"},
        {HEAD "  b: {type: text, name: n}\n", "r.yaml:4:7: the key names no field"},
        {HEAD "  a: {type: text, name: n, personal: name}\n", "r.yaml:4:7: a personal field cannot be a key"},
        {HEAD "  a: {type: ref, name: n, register: q}\n", "refers to the register q"},
        {HEAD "  a: {type: choice, name: n, of: {}}\n", "needs words to choose from"},
        {HEAD "  a: {type: int, name: n, low: x}\n", "low must be a whole number"},
        {HEAD "  a: {type: text, name: n, max: 0}\n", "between 1 and 20000"},
        {HEAD "  a: {type: text, name: n, search: true, personal: all}\n", ""},
        {"register: r\nname: n\nbasis: [b]\nkey: [a]\nedit: {change: two_person, by: [x]}\nfields:\n  a: "
         "{type: text, name: n}\n",
         "names in `approve` who approves"},
        {"register: r\nname: n\nbasis: [b]\nkey: [a]\nedit: {change: direct}\nfields:\n  a: {type: text, "
         "name: n}\n",
         "nobody may edit"},
        {"register: r\nname: n\nkey: [a]\nedit: {change: steps}\nfields:\n  a: {type: text, name: n}\n",
         "without a basis"},
        {"register: q\nname: n\nbasis: [b]\nkey: [a]\nedit: {change: steps}\nfields:\n  a: {type: text, "
         "name: n}\n",
         "holds the register q"},
        {"register: r\nname: n\nbasis: [b]\nkey: [a]\nscope: {place: p}\nedit: {change: steps}\nfields:\n"
         "  a: {type: text, name: n}\n  p: {type: place, name: n}\n",
         "must be required"},
        {"- a\n", "a register is a map"},
        {HEAD "  a: {type: text, name: n}\nchecks:\n  - {if: b = 1, field: a, refuse: r}\n",
         "r.yaml:9:10: unknown field b, did you mean a"},
        {HEAD "  a: {type: text, name: n}\nchecks:\n  - {if: a, field: a, refuse: r}\n",
         "a condition is wanted here"},
        {HEAD "  a: {type: text, name: n}\nchecks:\n  - {if: known(a), field: c, refuse: r}\n",
         "the check names no field"},
        {HEAD "  a: {type: text, name: n}\nchecks:\n  - {if: known(a), field: a}\n", "refuse"},
        {HEAD "  a: {type: text, name: n}\ncomplete: {of: q, each: a}\n", "r.yaml:8:16: no register q"},
        {HEAD "  a: {type: text, name: n}\ncomplete: {of: r, each: a}\n", "then this choice"},
        {HEAD "  a: {type: text, name: n}\nknowledge: {tables: [t], row: {x: y}}\n",
         "what steps have written"},
        {LEDGER "knowledge: {row: {x: y}}\n", "which tables"},
        {LEDGER "knowledge: {tables: [t]}\n", "row"},
        {LEDGER "knowledge: {tables: [t], row: {x: \"{b}\"}}\n", "no field of the register"},
        {LEDGER "knowledge: {tables: [t], row: {x: \"{a\"}}\n", "no field of the register"},
        {LEDGER "knowledge: {tables: [t], where: b = 1, row: {x: y}}\n", "unknown field b"},
        {HEAD "  a: {type: text, name: n}\nruns: known(a)\n", "rows of steps with a field rule"},
        {LEDGER "runs: known(a)\n", "rows of steps with a field rule"},
        {LEDGER "  rule: {type: code, name: 规}\nruns: b = 1\n", "unknown field b"},
        {HEAD "  a: {type: int, name: n}\nchecks:\n  - {if: a < param(x), field: a, refuse: r}\n",
         "r.yaml:9:"},
        {"register: r\nname: n\nbasis: [b]\nkey: [a]\nedit: {change: steps}\nfields:\n  a: {type: text, "
         "name: n}\n"
         "checks:\n  - {if: known(a), field: a, refuse: r}\n",
         "only steps write here"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct sh_err err;
        CHECK_CODE(load_one(faults[i].text, &err), SH_E_INPUT);
        CHECK_HAS(err.message, faults[i].message);
    }
}

/* ---- checks ------------------------------------------------------------------------------------------ */

/* "field=value;…" into canonical values. */
static const struct sh_str *values_of(const struct sh_register *reg, const char *text,
                                      struct sh_arena *arena) {
    struct sh_str *values = sh_new(arena, struct sh_str, reg->n_fields);
    struct sh_str rest = sh_str_of(text);
    CHECK(values);
    while (rest.len) {
        const size_t end = sh_str_find_char(rest, ';');
        const struct sh_str one = sh_str_sub(rest, 0, end == SH_STR_NONE ? rest.len : end);
        const size_t sign = sh_str_find_char(one, '=');
        CHECK(sign != SH_STR_NONE);
        const int32_t at = sh_register_field(reg, sh_str_sub(one, 0, sign), false);
        struct sh_err err;
        CHECK(at >= 0);
        CHECK_OK(sh_field_check(&reg->fields[at], sh_str_sub(one, sign + 1, one.len), SH_EN, arena,
                                &values[at], &err),
                 &err);
        rest = end == SH_STR_NONE ? SH_STR("") : sh_str_sub(rest, end + 1, rest.len);
    }
    return values;
}

enum { TODAY = 20499, OPEN = INT32_MAX };
static const struct {
    const char *reg, *values;
    int32_t from, to, version_from, version_to; /* version_to 0: there is no other version */
    const char *field;                          /* that is told, NULL: nothing is */
} records[] = {
    {"institutions", "kind=hospital", 20000, OPEN, 0, 0, NULL},
    {"institutions", "kind=hospital", 20000, OPEN, 19000, 20000, NULL},     /* joins the day after */
    {"institutions", "kind=hospital", 20000, OPEN, 19000, 19999, "agency"}, /* one day without */
    {"institutions", "kind=hospital", 18000, 19000, 19000, OPEN, NULL},
    {"institutions", "kind=hospital", 18000, 18999, 19000, OPEN, "agency"},
    {"institutions", "kind=hospital", 20000, 20001, 19000, OPEN, NULL}, /* lies within */
    {"institutions", "kind=pharmacy;beds=3", 20000, OPEN, 0, 0, "beds"},
    {"institutions", "kind=pharmacy;beds=0", 20000, OPEN, 0, 0, NULL},
    {"institutions", "kind=clinic;licence_ended_on=2026-02-10", 20000, OPEN, 0, 0, "licence_ended_paper"},
    {"institutions", "kind=clinic;licence_ended_paper=x", 20000, OPEN, 0, 0, "licence_ended_paper"},
    {"institutions", "kind=clinic;licence_ended_on=2026-02-10;licence_ended_paper=x", 20000, OPEN, 0, 0,
     NULL},
    {"institutions", "kind=clinic;stop_reported_on=2026-02-10", 20000, OPEN, 0, 0, "stopped_on"},
    {"institutions", "kind=clinic;stopped_on=2026-02-10;stop_reported_on=2026-02-10", 20000, OPEN, 0, 0,
     NULL},
    {"institutions", "kind=clinic;stopped_on=2026-02-10", 20000, OPEN, 0, 0, NULL},
    {"institutions", "kind=clinic;unfit=head", 20000, OPEN, 0, 0, "unfit_paper"},
    {"institutions", "kind=clinic;unfit=head;unfit_paper=x", 20000, OPEN, 0, 0, NULL},
    {"bodies", "code=a;parent=a", 20000, OPEN, 0, 0, "parent"},
    {"bodies", "code=a;parent=A", 20000, OPEN, 0, 0, NULL},
    {"bodies", "code=a;succeeded_by=a", 20000, OPEN, 0, 0, "succeeded_by"},
    {"parameters", "from=2026-01-02;to=2026-01-01", 20000, OPEN, 0, 0, "to"},
    {"parameters", "from=2026-01-02;to=2026-01-02", 20000, OPEN, 0, 0, NULL},
    {"contracts", "signed_on=2026-01-02;ends_on=2026-01-01", 20000, OPEN, 0, 0, "ends_on"},
    {"contracts", "signed_on=2026-01-02;ends_on=2026-01-02;fee=0", 20000, OPEN, 0, 0, NULL},
    {"contracts", "signed_on=2026-01-02;ends_on=2026-01-02;fee=-0.01", 20000, OPEN, 0, 0, "fee"},
    {"contracts", "signed_on=2026-01-02", 20000, OPEN, 0, 0, "ends_on"}, /* unknown is not yes */
    {"objects", "class=key", 20000, OPEN, 0, 0, "reason"},
    {"objects", "class=key;reason=x", 20000, OPEN, 0, 0, NULL},
    {"objects", "class=ordinary", 20000, OPEN, 0, 0, NULL},
    {"calendar_years", "issued_on=2026-02-16", 20000, OPEN, 0, 0, "issued_on"},
    {"calendar_years", "issued_on=2026-02-15", 20000, OPEN, 0, 0, NULL}, /* TODAY */
    {"credentials", "issued_on=2026-02-16", 20000, OPEN, 0, 0, "issued_on"},
    {"credentials", "", 20000, OPEN, 0, 0, NULL},
    {"ties", "person=a;other=a;declared_on=2026-01-01", 20000, OPEN, 0, 0, "other"},
    {"ties", "person=a;other=b;declared_on=2026-02-16", 20000, OPEN, 0, 0, "declared_on"},
    {"ties", "person=a;other=b;declared_on=2026-02-15", 20000, OPEN, 0, 0, NULL},
    {"entrustments", "bureau=a;body=a", 20000, OPEN, 0, 0, "body"},
    {"entrustments", "bureau=a;body=b;published_on=2026-02-16", 20000, OPEN, 0, 0, "published_on"},
    {"entrustments", "bureau=a;body=b", 20000, OPEN, 0, 0, NULL},
    {"practitioners", "pledge_on=2026-02-16", 20000, OPEN, 0, 0, "pledge_on"},
    {"practitioners", "", 20000, OPEN, 0, 0, NULL},
    {"required_systems", "issued_on=2026-02-16", 20000, OPEN, 0, 0, "issued_on"},
    {"required_systems", "issued_on=2026-02-15;audited_on=2026-02-14", 20000, OPEN, 0, 0, "audited_on"},
    {"required_systems", "issued_on=2026-02-15;audited_on=2026-02-15", 20000, OPEN, 0, 0, NULL},
    {"bureau_systems", "issued_on=2026-02-16", 20000, OPEN, 0, 0, "issued_on"},
    {"bureau_systems", "issued_on=2026-02-15;drilled_on=2026-02-14", 20000, OPEN, 0, 0, "drilled_on"},
    {"bureau_systems", "issued_on=2026-02-15;drilled_on=2026-02-15", 20000, OPEN, 0, 0, NULL},
    {"former_names", "", 15000, OPEN, 0, 0, "name"}, /* in use still */
    {"former_names", "", 15000, 17600, 0, 0, NULL},
    {"end_grounds", "ground=fraud;ground_on=2026-02-16", 20000, OPEN, 0, 0, "ground_on"},
    {"end_grounds", "ground=fraud;ground_on=2026-02-15", 20000, OPEN, 0, 0, NULL},
    {"end_grounds", "ground=unpaid_penalty;ground_on=2026-02-15", 20000, OPEN, 0, 0, "ground_on"},
    {"end_grounds", "ground=unpaid_penalty;ground_on=2026-02-14", 20000, OPEN, 0, 0, NULL},
    {"end_grounds", "institution=a;ground=settled_for_others;ground_on=2026-02-15", 20000, OPEN, 0, 0,
     "other_body"},
    {"end_grounds", "institution=a;ground=settled_for_others;ground_on=2026-02-15;other_body=a", 20000, OPEN,
     0, 0, "other_body"},
    {"end_grounds", "institution=a;ground=settled_for_others;ground_on=2026-02-15;other_body=b", 20000, OPEN,
     0, 0, NULL},
    {"end_grounds", "ground=not_registered;ground_on=2026-02-15", 20000, OPEN, 0, 0, "changed"},
    {"end_grounds", "ground=not_registered;ground_on=2026-02-15;changed=bank", 20000, OPEN, 0, 0, NULL},
    {"end_grounds", "ground=major_breach;ground_on=2026-02-15;loss=0", 20000, OPEN, 0, 0, "loss"},
    {"end_grounds", "ground=major_breach;ground_on=2026-02-15;loss=0.01", 20000, OPEN, 0, 0, NULL},
    {"end_grounds", "ground=by_law;ground_on=2026-02-15", 20000, OPEN, 0, 0, "law_article"},
    {"end_grounds", "ground=by_law;ground_on=2026-02-15;law_article=x", 20000, OPEN, 0, 0, NULL},
    {"lessons", "becomes=rule", 20000, OPEN, 0, 0, "rule"},
    {"lessons", "becomes=parameter", 20000, OPEN, 0, 0, "rule"},
    {"lessons", "becomes=rule;rule=bed-shared", 20000, OPEN, 0, 0, NULL},
    {"lessons", "becomes=none", 20000, OPEN, 0, 0, "why"},
    {"lessons", "becomes=system", 20000, OPEN, 0, 0, NULL},
    {"texts", "issued_on=2026-02-16", 20000, OPEN, 0, 0, "issued_on"},
    {"texts", "code=a;supersedes=a", 20000, OPEN, 0, 0, "supersedes"},
    {"texts", "code=a;supersedes=b", 20000, OPEN, 0, 0, NULL},
    {"texts", "", 20000, OPEN, 0, 0, NULL},
    {"experts", "fee=-1", 20000, OPEN, 0, 0, "fee"},
    {"experts", "fee=0", 20000, OPEN, 0, 0, NULL},
    {"grids", "holder=a;deputy=a", 20000, OPEN, 0, 0, "deputy"},
    {"grids", "holder=a;deputy=b", 20000, OPEN, 0, 0, NULL},
};

/* Every check of every register is met and broken by a record above, and only the field it names is told. */
static void each_check_of_a_register_refuses_what_it_is_for_and_nothing_else(void **state) {
    (void)state;
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    const struct sh_registers *all = NULL;
    CHECK_OK(sh_registers_load(source("law/registers", path), NULL, &arena, &all, &err), &err);
    size_t n_broken = 0, n_checks = 0;
    bool was_broken[512] = {false};
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        const struct sh_register *reg = sh_register_find(all, sh_str_of(records[i].reg));
        CHECK(reg);
        const struct sh_str *values = values_of(reg, records[i].values, &arena);
        const struct sh_register_entry other = {values, records[i].version_from, records[i].version_to};
        const struct sh_register_asked asked = {
            {values, records[i].from, records[i].to}, TODAY, &other, records[i].version_to != 0};
        bool is_broken[16] = {false};
        CHECK_OK(sh_register_ask(reg, &asked, &arena, is_broken, &err), &err);
        size_t n_told = 0;
        for (size_t k = 0; k < reg->n_checks; k++) {
            if (!is_broken[k])
                continue;
            const struct sh_str field = reg->fields[reg->checks[k].field].id;
            if (!records[i].field || !sh_str_is(field, records[i].field))
                fail_msg("record %zu of %s: %.*s is told", i, records[i].reg, SH_ARG(field));
            n_told++;
            n_broken += !was_broken[(size_t)(reg - all->of) * 8 + k];
            was_broken[(size_t)(reg - all->of) * 8 + k] = true;
        }
        if (n_told != (records[i].field != NULL))
            fail_msg("record %zu of %s: %zu told", i, records[i].reg, n_told);
    }
    for (size_t i = 0; i < all->n; i++) {
        CHECK(all->of[i].n_checks <= 8);
        n_checks += all->of[i].n_checks;
    }
    CHECK_I64(n_broken, n_checks);
}

/* ---- values ------------------------------------------------------------------------------------------ */

static void values_are_checked_and_made_canonical(void **state) {
    (void)state;
    static const struct {
        enum sh_field_type type;
        const char *text, *want; /* want NULL: refused */
    } values[] = {
        {SH_FIELD_TEXT, "  市第一医院 ", "市第一医院"},
        {SH_FIELD_TEXT, "a\nb", NULL},
        {SH_FIELD_TEXT, "0123456789a", NULL}, /* max 10 */
        {SH_FIELD_CODE, "H-01_a.b", "H-01_a.b"},
        {SH_FIELD_CODE, "H 01", NULL},
        {SH_FIELD_DATE, "2026/2/3", "2026-02-03"},
        {SH_FIELD_DATE, "2026-02-30", NULL},
        {SH_FIELD_INT, "007", "7"},
        {SH_FIELD_INT, "1.5", NULL},
        {SH_FIELD_INT, "101", NULL}, /* high 100 */
        {SH_FIELD_MONEY, "12.5", "12.50"},
        {SH_FIELD_MONEY, "12.345", NULL},
        {SH_FIELD_MONEY, "1e3", NULL},
        {SH_FIELD_DECIMAL, "0.1250", "0.125"},
        {SH_FIELD_BOOL, "是", "true"},
        {SH_FIELD_BOOL, "maybe", NULL},
        {SH_FIELD_PLACE, "620102", "620102"},
        {SH_FIELD_PLACE, "62010", NULL},
        {SH_FIELD_USCC, "91350100m000100y43", "91350100M000100Y43"}, /* the example of GB 32100 */
        {SH_FIELD_USCC, "91350100M000100Y44", NULL},
        {SH_FIELD_USCC, "91350100I000100Y43", NULL},
        {SH_FIELD_IDCARD, "11010519491231002x", "11010519491231002X"}, /* the example of GB 11643 */
        {SH_FIELD_IDCARD, "110105194912310021", NULL},
        {SH_FIELD_IDCARD, "11010519491331002X", NULL},
        {SH_FIELD_PHONE, "0931-1234567", "0931-1234567"},
        {SH_FIELD_PHONE, "12 34", NULL},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct sh_field field = {.type = values[i].type, .max = 10, .low = 0, .high = 100};
        struct sh_str is;
        struct sh_err err;
        const sh_code code = sh_field_check(&field, sh_str_of(values[i].text), SH_EN, &arena, &is, &err);
        CHECK_CODE(code, values[i].want ? SH_OK : SH_E_INPUT);
        if (values[i].want) {
            CHECK_STR(is, values[i].want);
            continue;
        }
        struct sh_err in_chinese;
        CHECK_CODE(sh_field_check(&field, sh_str_of(values[i].text), SH_ZH, &arena, &is, &in_chinese),
                   SH_E_INPUT);
        CHECK(strcmp(err.message, in_chinese.message) != 0);
    }
}

static void a_fault_in_a_personal_value_does_not_repeat_it(void **state) {
    (void)state;
    static const enum sh_field_type types[] = {SH_FIELD_TEXT, SH_FIELD_IDCARD, SH_FIELD_PHONE, SH_FIELD_CODE};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct sh_field field = {.type = types[i], .mask = SH_MASK_NUMBER, .max = 3};
        struct sh_str is;
        struct sh_err err;
        for (int lang = 0; lang < SH_LANGS; lang++) {
            CHECK_CODE(sh_field_check(&field, SH_STR("SECRET 12"), (sh_lang)lang, &arena, &is, &err),
                       SH_E_INPUT);
            CHECK(strstr(err.message, "SECRET") == NULL);
        }
    }
}

static void masks_keep_no_more_than_they_say(void **state) {
    (void)state;
    static const struct {
        enum sh_mask mask;
        const char *value, *want;
    } masks[] = {
        {SH_MASK_NAME, "张三丰", "张**"},
        {SH_MASK_NAME, "张", "*"},
        {SH_MASK_NUMBER, "110105194912310021", "1101**********0021"},
        {SH_MASK_NUMBER, "1234567890", "**********"},
        {SH_MASK_ALL, "张三丰和他的一家", "***"},
        {SH_MASK_ALL, "a", "*"},
        {SH_MASK_NAME, "", ""},
    };
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        SH_CLEANUP(sh_arena_free) struct sh_arena arena = {0};
        const struct sh_field field = {.mask = masks[i].mask};
        CHECK_STR(sh_field_mask(&field, sh_str_of(masks[i].value), &arena), masks[i].want);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_registers_and_roles_load),
        cmocka_unit_test(incompatible_roles_are_known_both_ways_with_their_basis),
        cmocka_unit_test(a_fault_in_a_register_is_told_with_its_place),
        cmocka_unit_test(each_check_of_a_register_refuses_what_it_is_for_and_nothing_else),
        cmocka_unit_test(values_are_checked_and_made_canonical),
        cmocka_unit_test(a_fault_in_a_personal_value_does_not_repeat_it),
        cmocka_unit_test(masks_keep_no_more_than_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
