/* Which columns the engine reads itself, and what a derived column is made of. */
#include "audit/plan.h"

static int lake(enum sh_table table, const char *name) {
    return sh_lake_column(table, name);
}

static void find_common(const struct sh_rule_model *m, struct sh_columns *at) {
    for (int i = 0; i < SH_TABLES; i++) {
        const uint16_t t = (uint16_t)i;
        struct sh_common_columns *c = &at->of[t];
        c->self_void = sh_model_column(m, t, "void");
        c->id = sh_model_column(m, t, "id");
        c->institution = sh_model_column(m, t, "institution");
        c->encounter_key = sh_model_column(m, t, "encounter_key");
        c->settlement_key = sh_model_column(m, t, "settlement_key");
        c->time = m->model.tables[t].time_column;
        c->encounter = sh_model_column(m, t, "encounter");
        c->settlement = sh_model_column(m, t, "settlement");
        c->day = sh_model_column(m, t, "day");
    }
}

void sh_columns_find(const struct sh_rule_model *m, struct sh_columns *at) {
    find_common(m, at);
#define LINE(field, name) at->line.field = lake(SH_TABLE_LINE, name)
    LINE(person, "person"), LINE(institution, "institution"), LINE(encounter_key, "encounter_key");
    LINE(settlement_key, "settlement_key"), LINE(id, "id"), LINE(item, "item"), LINE(time, "time");
    LINE(time_exact, "time_exact"), LINE(unit_price, "unit_price"), LINE(self_void, "void"),
        LINE(quantity, "quantity");
    LINE(amount, "amount"), LINE(covered, "covered"), LINE(refund_line, "refund_line"), LINE(days, "days");
    LINE(take_home, "take_home");
#undef LINE
    at->line.encounter = sh_model_column(m, SH_TABLE_LINE, "encounter");
    at->line.settlement = sh_model_column(m, SH_TABLE_LINE, "settlement");
    at->line.stay = sh_model_column(m, SH_TABLE_LINE, "stay");
    at->line.day = sh_model_column(m, SH_TABLE_LINE, "day");
#define ENCOUNTER(field, name) at->encounter.field = lake(SH_TABLE_ENCOUNTER, name)
    ENCOUNTER(person, "person"), ENCOUNTER(institution, "institution"),
        ENCOUNTER(encounter_key, "encounter_key");
    ENCOUNTER(id, "id"), ENCOUNTER(from, "from"), ENCOUNTER(to, "to"), ENCOUNTER(self_void, "void");
    ENCOUNTER(inpatient, "inpatient"), ENCOUNTER(cross_year, "cross_year"), ENCOUNTER(newborn, "newborn");
    ENCOUNTER(open, "open"), ENCOUNTER(main_diagnosis, "main_diagnosis"), ENCOUNTER(leaving, "leaving");
    ENCOUNTER(kind, "kind"), ENCOUNTER(insurance, "insurance");
#undef ENCOUNTER
    at->encounter.stay = sh_model_column(m, SH_TABLE_ENCOUNTER, "stay");
    at->encounter.settlement = sh_model_column(m, SH_TABLE_ENCOUNTER, "settlement");
    at->encounter.day = sh_model_column(m, SH_TABLE_ENCOUNTER, "day");
    at->encounter.covered = sh_model_column(m, SH_TABLE_ENCOUNTER, "covered");
    at->encounter.last_day = sh_model_column(m, SH_TABLE_ENCOUNTER, "last_day");
#define SETTLEMENT(field, name) at->settlement.field = lake(SH_TABLE_SETTLEMENT, name)
    SETTLEMENT(person, "person"), SETTLEMENT(institution, "institution"),
        SETTLEMENT(settlement_key, "settlement_key");
    SETTLEMENT(encounter_key, "encounter_key"), SETTLEMENT(id, "id"), SETTLEMENT(time, "time");
    SETTLEMENT(self_void, "void"), SETTLEMENT(total, "total"), SETTLEMENT(covered, "covered");
    SETTLEMENT(fund, "fund"), SETTLEMENT(refund, "refund"), SETTLEMENT(refund_of, "refund_of");
    SETTLEMENT(payment_mode, "payment_mode"), SETTLEMENT(insurance, "insurance");
#undef SETTLEMENT
    at->settlement.encounter = sh_model_column(m, SH_TABLE_SETTLEMENT, "encounter");
    at->settlement.day = sh_model_column(m, SH_TABLE_SETTLEMENT, "day");
#define BOTH(field, name)                                                                                    \
    at->diagnosis.field = sh_model_column(m, SH_TABLE_DIAGNOSIS, name),                                      \
    at->operation.field = sh_model_column(m, SH_TABLE_OPERATION, name)
    BOTH(person, "person"), BOTH(encounter_key, "encounter_key"), BOTH(self_void, "void"), BOTH(id, "id");
    BOTH(encounter, "encounter"), BOTH(day, "day");
#undef BOTH
#define STAY(field, name) at->stay.field = sh_model_column(m, SH_MODEL_STAY, name)
    STAY(person, "person"), STAY(institution, "institution"), STAY(encounter, "encounter"),
        STAY(from, "from");
    STAY(to, "to"), STAY(day, "day"), STAY(last_day, "last_day"), STAY(covered, "covered");
#undef STAY
}

enum { LEAD = 3 }; /* behind bucket, batch, void */

static void need(struct sh_plan *plan, int table, int column) {
    if (column >= 0 && plan->needed[table][column] == 0)
        plan->needed[table][column] = 1;
}

void sh_columns_need_own(struct sh_plan *plan) {
    const struct sh_columns *at = &plan->at;
    const int line[] = {at->line.person,         at->line.institution, at->line.encounter_key,
                        at->line.settlement_key, at->line.id,          at->line.item,
                        at->line.time,           at->line.unit_price,  at->line.self_void,
                        at->line.quantity,       at->line.amount,      at->line.covered,
                        at->line.refund_line,    at->line.encounter,   at->line.settlement,
                        at->line.stay,           at->line.day};
    const int encounter[] = {at->encounter.person,    at->encounter.institution, at->encounter.encounter_key,
                             at->encounter.id,        at->encounter.from,        at->encounter.to,
                             at->encounter.self_void, at->encounter.inpatient,   at->encounter.cross_year,
                             at->encounter.stay,      at->encounter.settlement,  at->encounter.day,
                             at->encounter.last_day};
    const int settlement[] = {
        at->settlement.person,        at->settlement.institution, at->settlement.settlement_key,
        at->settlement.encounter_key, at->settlement.id,          at->settlement.self_void,
        at->settlement.total,         at->settlement.covered,     at->settlement.fund,
        at->settlement.refund,        at->settlement.refund_of,   at->settlement.payment_mode,
        at->settlement.encounter,     at->settlement.time};
    for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
        need(plan, SH_TABLE_LINE, line[i]);
    for (size_t i = 0; i < sizeof(encounter) / sizeof(encounter[0]); i++)
        need(plan, SH_TABLE_ENCOUNTER, encounter[i]);
    for (size_t i = 0; i < sizeof(settlement) / sizeof(settlement[0]); i++)
        need(plan, SH_TABLE_SETTLEMENT, settlement[i]);
}

/* A derived column needs the columns it is made of. */
void sh_columns_need_derived(struct sh_plan *plan, int table, int column) {
    const struct sh_columns *at = &plan->at;
    switch ((int)plan->model->derived[table][column]) {
    case SH_DERIVED_INSURANCE:
        need(plan, SH_TABLE_ENCOUNTER, at->encounter.insurance);
        need(plan, SH_TABLE_SETTLEMENT, at->settlement.insurance);
        break;
    case SH_DERIVED_SUPPLY_DAYS:
        need(plan, SH_TABLE_LINE, at->line.days);
        need(plan, SH_TABLE_LINE, at->line.take_home);
        break;
    case SH_DERIVED_DIED:
        need(plan, SH_TABLE_PERSON, sh_lake_column(SH_TABLE_PERSON, "death"));
        break;
    case SH_DERIVED_BASE_QUANTITY:
        plan->needed[SH_TABLE_LINE][sh_lake_column(SH_TABLE_LINE, "unit")] = 2;
        plan->needed[SH_MODEL_ITEM][sh_lake_column(SH_TABLE_ITEM, "pack")] = 2;
        plan->needed[SH_MODEL_ITEM][sh_lake_column(SH_TABLE_ITEM, "pack_unit")] = 2;
        plan->needed[SH_MODEL_ITEM][sh_lake_column(SH_TABLE_ITEM, "form_unit")] = 2;
        break;
    case SH_DERIVED_CATEGORY:
        need(plan, table, sh_lake_column((enum sh_table)table, "code"));
        break;
    case SH_DERIVED_MAIN_CATEGORY:
    case SH_DERIVED_MAIN_DIAGNOSIS:
        need(plan, SH_TABLE_ENCOUNTER, at->encounter.main_diagnosis);
        if (table == SH_MODEL_STAY)
            need(plan, table, sh_model_column(plan->model, SH_MODEL_STAY, "main_diagnosis"));
        break;
    case SH_DERIVED_LEAVING:
        need(plan, SH_TABLE_ENCOUNTER, at->encounter.leaving);
        break;
    case SH_DERIVED_ENCOUNTER_KIND:
        need(plan, SH_TABLE_ENCOUNTER, at->encounter.kind);
        break;
    case SH_DERIVED_NEWBORN:
        need(plan, SH_TABLE_ENCOUNTER, at->encounter.newborn);
        break;
    case SH_DERIVED_OPEN:
        need(plan, SH_TABLE_ENCOUNTER, at->encounter.open);
        break;
    case SH_DERIVED_JOIN_LIST:
        plan->table_needed[SH_TABLE_SETTLEMENT_LIST] = true;
        sh_columns_need_table(plan, SH_TABLE_SETTLEMENT_LIST);
        break;
    case SH_DERIVED_JOIN_LINE:
        need(plan, table, sh_lake_column((enum sh_table)table, "line_id"));
        need(plan, table, sh_lake_column((enum sh_table)table, "item"));
        break;
    default:
        break;
    }
}

/* What every row of a table needs to have its place, once a rule reads the table at all. Lines, encounters
 * and settlements have theirs always. */
void sh_columns_need_table(struct sh_plan *plan, int table) {
    const struct sh_common_columns *c = &plan->at.of[table];
    if (table >= SH_TABLES || table == SH_TABLE_LINE || table == SH_TABLE_ENCOUNTER ||
        table == SH_TABLE_SETTLEMENT || table == SH_TABLE_PERSON ||
        sh_table_is_dimension((enum sh_table)table))
        return;
    const int columns[] = {
        LEAD,    c->self_void, c->id,         c->institution, c->encounter_key, c->settlement_key,
        c->time, c->encounter, c->settlement, c->day};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        need(plan, table, columns[i]);
}
