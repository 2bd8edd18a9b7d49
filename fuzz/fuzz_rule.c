/* The rule reader: any bytes are either a rule or a message with a place; never a crash. */
#include "fuzz_yaml.h"
#include "rule/model.h"
#include "rule/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    SH_CLEANUP(sh_arena_free) struct sh_arena arena = {.limit_bytes = (size_t)64 << 20};
    struct sh_param rows[] = {{.name = SH_STR("child.age_below"),
                               .place = SH_STR("000000"),
                               .unit = SH_STR("years"),
                               .from = INT32_MIN,
                               .to = INT32_MAX,
                               .value = 18}};
    struct sh_params params = {.rows = rows, .n = 1};
    struct sh_rules rules = {.params = &params, .place = SH_STR("000000")};
    struct sh_rule *rule = NULL;
    struct sh_err err;
    if (sh_rule_model_build(0, &arena, &rules.model, &err) != SH_OK)
        return 0;
    const sh_code code =
        sh_rule_compile((struct sh_str){(const char *)data, size}, "fuzz.yaml", &rules, &arena, &rule, &err);
    sh_check(code == SH_OK
                 ? rule && rule->n_hit > 0
                 : code == SH_E_INPUT || code == SH_E_LIMIT || code == SH_E_NOMEM || code == SH_E_OVERFLOW);
    return 0;
}
