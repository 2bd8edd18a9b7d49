/* Goal: one holder at a time, and the second is told who holds it. */
#include "base/limits.h"
#include "temp_dir.h"

static void the_second_is_told_who_holds_it(void **state) {
    (void)state;
    SH_CLEANUP(temp_dir_release) struct temp_dir dir = temp_dir_new();
    char path[SH_PATH_BYTES_MAX];
    struct sh_err err;
    const char *network = "?";
    CHECK_OK(sh_fs_network_name(dir.path, &network, &err), &err);
    if (network)
        skip();
    SH_CLEANUP(sh_lock_release) struct sh_lock first = {0}, second = {0};
    (void)temp_path(&dir, "lock", path);
    CHECK_OK(sh_lock_take(&first, path, "import", &err), &err);
    CHECK_CODE(sh_lock_take(&second, path, "audit", &err), SH_E_BUSY);
    CHECK_HAS(err.message, "is held by process ");
    CHECK_HAS(err.message, ": import");
    sh_lock_release(&first);
    sh_lock_release(&first);
    CHECK_OK(sh_lock_take(&second, path, "audit", &err), &err);
}

static void a_lock_needs_its_directory(void **state) {
    (void)state;
    struct sh_err err;
    struct sh_lock lock = {0};
    CHECK_CODE(sh_lock_take(&lock, "/nowhere/lock", "x", &err), SH_E_NOTFOUND);
    const char *network;
    CHECK_CODE(sh_fs_network_name("/nowhere", &network, &err), SH_E_NOTFOUND);
    sh_lock_release(NULL);
}

CHECK_MAIN(cmocka_unit_test(the_second_is_told_who_holds_it), cmocka_unit_test(a_lock_needs_its_directory))
