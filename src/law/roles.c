/* Loads law/roles.yaml: powers, roles, pairs that one person never holds. */
#include "law/inner.h"
#include "law/register.h"

static sh_code read_powers(const struct sh_yaml *root, struct sh_arena *arena, struct sh_roles *all,
                           struct sh_err *err) {
    const struct sh_yaml *map = NULL;
    SH_TRY(sh_yaml_need(root, "powers", SH_YAML_MAP, &map, err));
    struct sh_power *powers = sh_new(arena, struct sh_power, map->n);
    if (!powers)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu powers", map->n);
    for (size_t i = 0; i < map->n; i++) {
        const struct sh_str text = map->entries[i].value->text;
        const size_t slash = sh_str_find(text, SH_STR(" / "));
        if (slash == SH_STR_NONE)
            return sh_yaml_fail(err, map->entries[i].value, "a power is written id: 名称 / english");
        powers[i] = (struct sh_power){map->entries[i].key, sh_str_sub(text, 0, slash),
                                      sh_str_sub(text, slash + 3, text.len)};
    }
    all->powers = powers, all->n_powers = map->n;
    return SH_OK;
}

static sh_code check_powers(const struct sh_roles *all, const struct sh_yaml *map, const struct sh_role *role,
                            struct sh_err *err) {
    for (size_t i = 0; i < role->n_may; i++) {
        bool is_known = false;
        for (size_t k = 0; k < all->n_powers; k++)
            is_known = is_known || sh_str_eq(all->powers[k].id, role->may[i]);
        if (!is_known)
            return sh_yaml_fail(err, sh_yaml_get(map, "may")->items[i], "no power \"%.*s\" above",
                                SH_ARG(role->may[i]));
    }
    return SH_OK;
}

static sh_code read_role(const struct sh_yaml_entry *entry, struct sh_arena *arena,
                         const struct sh_roles *all, struct sh_role *role, struct sh_err *err) {
    static const char *const known[] = {"name", "english", "at", "may", "administrator", "sees", "contract"};
    static const char *const sights[] = {"place", "own"};
    const struct sh_yaml *map = entry->value, *name = NULL;
    if (map->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, map, "a role is a map");
    SH_TRY(sh_yaml_only(map, known, 7, err));
    SH_TRY(sh_yaml_need(map, "name", SH_YAML_TEXT, &name, err));
    role->id = entry->key;
    role->name = name->text;
    role->english = sh_yaml_text(map, "english").len ? sh_yaml_text(map, "english") : role->id;
    role->is_administrator = sh_str_is(sh_yaml_text(map, "administrator"), "true");
    role->contract = sh_yaml_text(map, "contract");
    size_t sight = 0;
    if (sh_yaml_get(map, "sees"))
        SH_TRY(sh_law_word(sh_yaml_get(map, "sees"), sights, 2, &sight, err));
    role->sees_own = sight == 1;
    SH_TRY(sh_law_list(map, "at", arena, &role->at, &role->n_at, err));
    SH_TRY(sh_law_list(map, "may", arena, &role->may, &role->n_may, err));
    if (role->n_at == 0)
        return sh_yaml_fail(err, map, "a role says in `at` at which kinds of body it is held");
    return check_powers(all, map, role, err);
}

/* "agency.*" in a pair means every role that begins so. */
static sh_code read_side(const struct sh_yaml *map, const char *key, const struct sh_roles *all,
                         struct sh_arena *arena, const struct sh_str **ret, size_t *ret_n,
                         struct sh_err *err) {
    SH_TRY(sh_law_list(map, key, arena, ret, ret_n, err));
    for (size_t i = 0; i < *ret_n; i++) {
        const struct sh_str word = (*ret)[i];
        if (!sh_str_ends_with(word, SH_STR(".*")) && !sh_role_find(all, word))
            return sh_yaml_fail(err, sh_yaml_get(map, key)->items[i], "no role \"%.*s\" above", SH_ARG(word));
    }
    return SH_OK;
}

static sh_code read_pairs(const struct sh_yaml *root, struct sh_arena *arena, struct sh_roles *all,
                          struct sh_err *err) {
    static const char *const known[] = {"a", "b", "why", "english", "basis"};
    const struct sh_yaml *list = NULL, *why = NULL, *basis = NULL;
    SH_TRY(sh_yaml_need(root, "never_together", SH_YAML_LIST, &list, err));
    struct sh_role_pair *pairs = sh_new(arena, struct sh_role_pair, list->n);
    if (!pairs)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu pairs", list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct sh_yaml *map = list->items[i];
        if (map->kind != SH_YAML_MAP)
            return sh_yaml_fail(err, map, "a pair is a map {a: […], b: […], why, basis}");
        SH_TRY(sh_yaml_only(map, known, 5, err));
        SH_TRY(sh_yaml_need(map, "why", SH_YAML_TEXT, &why, err));
        SH_TRY(sh_yaml_need(map, "basis", SH_YAML_TEXT, &basis, err));
        pairs[i].why = why->text, pairs[i].basis = basis->text;
        pairs[i].english = sh_yaml_text(map, "english");
        SH_TRY(read_side(map, "a", all, arena, &pairs[i].a, &pairs[i].n_a, err));
        SH_TRY(read_side(map, "b", all, arena, &pairs[i].b, &pairs[i].n_b, err));
        if (pairs[i].n_a == 0)
            return sh_yaml_fail(err, map, "side a of a pair is empty");
    }
    all->pairs = pairs, all->n_pairs = list->n;
    return SH_OK;
}

sh_code sh_roles_load(const char *path, struct sh_arena *arena, const struct sh_roles **ret,
                      struct sh_err *err) {
    static const char *const known[] = {"powers", "roles", "never_together"};
    const struct sh_yaml *root = NULL, *map = NULL;
    SH_TRY(sh_yaml_load_file(path, arena, &root, err));
    if (root->kind != SH_YAML_MAP)
        return sh_yaml_fail(err, root, "roles are a map");
    SH_TRY(sh_yaml_only(root, known, 3, err));
    struct sh_roles *all = sh_new(arena, struct sh_roles, 1);
    if (!all)
        return sh_fail(err, SH_E_NOMEM, "no room for roles");
    SH_TRY(read_powers(root, arena, all, err));
    SH_TRY(sh_yaml_need(root, "roles", SH_YAML_MAP, &map, err));
    struct sh_role *roles = sh_new(arena, struct sh_role, map->n);
    if (!roles)
        return sh_fail(err, SH_E_NOMEM, "no room for %zu roles", map->n);
    all->of = roles;
    for (size_t i = 0; i < map->n; i++) {
        SH_TRY(read_role(&map->entries[i], arena, all, &roles[i], err));
        all->n++;
    }
    SH_TRY(read_pairs(root, arena, all, err));
    *ret = all;
    return SH_OK;
}

const struct sh_role *sh_role_find(const struct sh_roles *roles, struct sh_str id) {
    for (size_t i = 0; i < roles->n; i++)
        if (sh_str_eq(roles->of[i].id, id))
            return &roles->of[i];
    return NULL;
}

bool sh_role_may(const struct sh_role *role, struct sh_str power) {
    for (size_t i = 0; i < role->n_may; i++)
        if (sh_str_eq(role->may[i], power))
            return true;
    return false;
}

static bool is_in(const struct sh_str *side, size_t n, struct sh_str role) {
    for (size_t i = 0; i < n; i++)
        if (sh_str_eq(side[i], role) || (sh_str_ends_with(side[i], SH_STR(".*")) &&
                                         sh_str_starts_with(role, sh_str_sub(side[i], 0, side[i].len - 1))))
            return true;
    return false;
}

const struct sh_role_pair *sh_roles_forbid(const struct sh_roles *roles, struct sh_str a, struct sh_str b) {
    if (sh_str_eq(a, b))
        return NULL;
    for (size_t i = 0; i < roles->n_pairs; i++) {
        const struct sh_role_pair *pair = &roles->pairs[i];
        const bool a_in_a = is_in(pair->a, pair->n_a, a), b_in_a = is_in(pair->a, pair->n_a, b);
        const bool a_in_b = pair->n_b ? is_in(pair->b, pair->n_b, a) : !a_in_a;
        const bool b_in_b = pair->n_b ? is_in(pair->b, pair->n_b, b) : !b_in_a;
        if ((a_in_a && b_in_b) || (b_in_a && a_in_b))
            return pair;
    }
    return NULL;
}
