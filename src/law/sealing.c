/* Sealed parts of a procedure's matters, and the procedure that opens them, as text. */
#include "law/inner.h"
#include "law/reading.h"

/* Texts that people fill in; a name that a field of the matter has too would go to one or the other. */
static sh_code read_fields(const struct sh_yaml *map, const struct sh_machine *machine,
                           struct sh_arena *arena, struct sh_seal_text *seal, struct sh_err *err) {
    const struct sh_yaml *fields = NULL;
    SH_TRY(sh_yaml_need(map, "fields", SH_YAML_MAP, &fields, err));
    struct sh_field *of = sh_new(arena, struct sh_field, fields->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for fields");
    for (size_t i = 0; i < fields->n; i++) {
        SH_TRY(sh_law_field(&fields->entries[i], arena, &of[i], err));
        if (of[i].mask == SH_MASK_NONE)
            of[i].mask = SH_MASK_ALL; /* what is wrong with a value is told without it */
        if (of[i].type == SH_FIELD_REF)
            return sh_yaml_fail(err, fields->entries[i].value, "a sealed part names no row of a register");
        if (sh_machine_field(machine, of[i].id) >= 0)
            return sh_yaml_fail(err, fields->entries[i].value, "the matter has a field %.*s, open to read",
                                SH_ARG(of[i].id));
    }
    seal->fields = of, seal->n_fields = fields->n;
    return fields->n ? SH_OK : sh_yaml_fail(err, fields, "a sealed part has a field");
}

static sh_code read_holders(const struct sh_yaml *map, const struct sh_roles *roles, struct sh_arena *arena,
                            struct sh_seal_text *seal, struct sh_err *err) {
    const struct sh_yaml *held = sh_yaml_get(map, "held_by");
    if (!held)
        return sh_yaml_fail(err, map, "say who holds it: held_by");
    SH_TRY(sh_law_actors(held, roles, arena, &seal->held_by, &seal->n_held_by, err));
    for (size_t i = 0; i < seal->n_held_by; i++)
        if (seal->held_by[i].kind != SH_ACTOR_ROLE)
            return sh_yaml_fail(err, held, "a sealed part is held by people of a role");
    return SH_OK;
}

sh_code sh_law_seals(const struct sh_yaml *root, const struct sh_roles *roles, struct sh_procedure *p,
                     struct sh_arena *arena, struct sh_err *err) {
    static const char *const known[] = {"name", "basis", "held_by", "fields"};
    const struct sh_yaml *map = sh_yaml_get(root, "seals");
    if (!map)
        return SH_OK;
    if (map->kind != SH_YAML_MAP || map->n > SH_PROCEDURE_NAMES_MAX)
        return sh_yaml_fail(err, map, "seals is a map of sealed parts");
    struct sh_seal_text *of = sh_new(arena, struct sh_seal_text, map->n + 1);
    if (!of)
        return sh_fail(err, SH_E_NOMEM, "no room for sealed parts");
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_yaml *node = map->entries[i].value, *name = NULL, *basis = NULL;
        SH_TRY(sh_yaml_only(node, known, sizeof known / sizeof known[0], err));
        SH_TRY(sh_yaml_need(node, "name", SH_YAML_TEXT, &name, err));
        SH_TRY(sh_yaml_need(node, "basis", SH_YAML_TEXT, &basis, err));
        of[i] = (struct sh_seal_text){.id = map->entries[i].key, .basis = basis->text, .node = node};
        sh_law_words(name->text, of[i].id, &of[i].name, &of[i].english);
        SH_TRY(read_holders(node, roles, arena, &of[i], err));
        SH_TRY(read_fields(node, &p->matter, arena, &of[i], err));
    }
    p->seals = of, p->n_seals = map->n;
    return SH_OK;
}

const struct sh_seal_text *sh_procedure_seal(const struct sh_procedure *p, struct sh_str id) {
    for (size_t i = 0; i < p->n_seals; i++)
        if (sh_str_eq(p->seals[i].id, id))
            return &p->seals[i];
    return NULL;
}

static sh_code need_field(const struct sh_yaml *map, const char *key, enum sh_field_type type,
                          const struct sh_procedure *p, int32_t *ret, struct sh_err *err) {
    const struct sh_yaml *node = NULL;
    SH_TRY(sh_yaml_need(map, key, SH_YAML_TEXT, &node, err));
    *ret = sh_machine_field(&p->matter, node->text);
    return *ret >= 0 && p->matter.fields[*ret].type == type
               ? SH_OK
               : sh_yaml_fail(err, node, "no field \"%.*s\" of type %s", SH_ARG(node->text),
                              sh_field_type_name(type));
}

sh_code sh_law_unseals(const struct sh_yaml *root, const struct sh_procedure *p, struct sh_arena *arena,
                       const struct sh_unseal_text **ret, struct sh_err *err) {
    static const char *const known[] = {"seal", "of", "by", "until", "purpose"};
    const struct sh_yaml *map = sh_yaml_get(root, "unseals"), *seal = NULL, *by = NULL;
    if (!map)
        return SH_OK;
    struct sh_unseal_text *made = sh_new(arena, struct sh_unseal_text, 1);
    if (!made)
        return sh_fail(err, SH_E_NOMEM, "no room for a text");
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], err));
    SH_TRY(sh_yaml_need(map, "seal", SH_YAML_TEXT, &seal, err));
    SH_TRY(sh_yaml_need(map, "by", SH_YAML_TEXT, &by, err));
    made->seal = seal->text, made->node = map;
    SH_TRY(need_field(map, "of", SH_FIELD_CODE, p, &made->of, err));
    SH_TRY(need_field(map, "until", SH_FIELD_DATE, p, &made->until, err));
    SH_TRY(need_field(map, "purpose", SH_FIELD_TEXT, p, &made->purpose, err));
    made->by = sh_machine_step(&p->matter, by->text);
    if (made->by < 0)
        return sh_yaml_fail(err, by, "no step \"%.*s\"", SH_ARG(by->text));
    const struct sh_step *step = &p->matter.steps[made->by];
    if (step->together < 2)
        return sh_yaml_fail(err, by, "a sealed part is opened by two together: together: \"2\"");
    if (step->to < 0 || p->matter.states[step->to].is_final)
        return sh_yaml_fail(err, by, "%.*s leads to the state in which it lies open, and that has an end",
                            SH_ARG(by->text));
    *ret = made;
    return SH_OK;
}
