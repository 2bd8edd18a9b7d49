/* Matters that gather others which have a parent of their own (a meeting and what it discusses), as text. */
#include "law/inner.h"
#include "law/reading.h"

sh_code sh_law_container(const struct sh_yaml *root, const struct sh_procedure *p, struct sh_arena *arena,
                         const struct sh_container_text **ret, struct sh_err *err) {
    static const char *const known[] = {"procedure", "field", "while", "basis"};
    const struct sh_yaml *map = sh_yaml_get(root, "container"), *id = NULL, *field = NULL, *basis = NULL;
    if (!map)
        return SH_OK;
    struct sh_container_text *made = sh_new(arena, struct sh_container_text, 1);
    if (!made)
        return sh_fail(err, SH_E_NOMEM, "no room for a text");
    SH_TRY(sh_yaml_only(map, known, sizeof known / sizeof known[0], err));
    SH_TRY(sh_yaml_need(map, "procedure", SH_YAML_TEXT, &id, err));
    SH_TRY(sh_yaml_need(map, "field", SH_YAML_TEXT, &field, err));
    SH_TRY(sh_yaml_need(map, "basis", SH_YAML_TEXT, &basis, err));
    *made = (struct sh_container_text){.procedure = id->text, .basis = basis->text, .node = map};
    SH_TRY(sh_law_list(map, "while", arena, &made->states, &made->n_states, err));
    made->field = sh_machine_field(&p->matter, field->text);
    if (made->field < 0 || p->matter.fields[made->field].type != SH_FIELD_CODE)
        return sh_yaml_fail(err, field, "no field \"%.*s\" of type code", SH_ARG(field->text));
    if (made->n_states == 0)
        return sh_yaml_fail(err, map, "while: the states in which it still gathers");
    if (sh_str_eq(id->text, p->id))
        return sh_yaml_fail(err, id, "it cannot gather its own kind");
    *ret = made;
    return SH_OK;
}
