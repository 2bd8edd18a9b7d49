/* Goal: codes are those of RFC 6238, each good once; passwords are hashed, never kept, and weak ones refused.
 */
#include "base/temp_dir.h"
#include "gate/password.h"
#include <sodium.h>

/* RFC 6238 appendix B, SHA-1: the secret is "12345678901234567890"; the last six of the eight digits. */
static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

static void codes_are_those_of_rfc_6238(void **state) {
    (void)state;
    static const struct {
        int64_t at;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                   {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char code[7];
        struct sh_err err;
        CHECK_OK(sh_factor_code(sh_str_of(secret), vectors[i].at / SH_FACTOR_STEP, code, &err), &err);
        CHECK_TEXT(code, vectors[i].code);
        CHECK_I64(sh_factor_step(sh_str_of(secret), sh_str_of(code), vectors[i].at, -1), vectors[i].at / 30);
    }
}

static void a_code_is_taken_one_step_early_or_late_and_never_again(void **state) {
    (void)state;
    const int64_t now = 1234567890, step = now / 30;
    for (int64_t skew = -3; skew <= 3; skew++) {
        char code[7];
        struct sh_err err;
        CHECK_OK(sh_factor_code(sh_str_of(secret), step + skew, code, &err), &err);
        const bool is_near = skew >= -1 && skew <= 1;
        CHECK_I64(sh_factor_step(sh_str_of(secret), sh_str_of(code), now, -1), is_near ? step + skew : -1);
        CHECK_I64(sh_factor_step(sh_str_of(secret), sh_str_of(code), now, step + skew), -1);
        CHECK_I64(sh_factor_step(sh_str_of(secret), sh_str_of(code), now, step + 5),
                  -1); /* the clock was set back */
    }
    CHECK_I64(sh_factor_step(sh_str_of(secret), SH_STR(""), now, -1), -1);
    CHECK_I64(sh_factor_step(sh_str_of(secret), SH_STR("00592"), now, -1), -1);
    CHECK_I64(sh_factor_step(SH_STR("not base32"), SH_STR("005924"), now, -1), -1);
}

static void a_new_secret_reads_back_and_differs(void **state) {
    (void)state;
    char one[SH_FACTOR_TEXT + 1], two[SH_FACTOR_TEXT + 1], code[7];
    struct sh_err err;
    sh_factor_new(one);
    sh_factor_new(two);
    CHECK_I64(strlen(one), SH_FACTOR_TEXT);
    CHECK(strcmp(one, two) != 0);
    CHECK_OK(sh_factor_code(sh_str_of(one), 1, code, &err), &err);
    CHECK_CODE(sh_factor_code(SH_STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1"), 1, code, &err), SH_E_CORRUPT);
}

static void a_password_fits_its_hash_only(void **state) {
    (void)state;
    char hash[SH_PASSWORD_HASH_MAX];
    struct sh_err err;
    CHECK_OK(sh_password_hash(SH_STR("Harbour-4711-lamp"), hash, &err), &err);
    CHECK_HAS(hash, "$argon2id$v=19$m=65536,t=3,p=1$");
    CHECK(strstr(hash, "Harbour") == NULL);
    CHECK(sh_password_fits(hash, SH_STR("Harbour-4711-lamp")));
    CHECK(!sh_password_fits(hash, SH_STR("Harbour-4711-lamq")));
    CHECK(!sh_password_fits(hash, SH_STR("")));
    CHECK(!sh_password_fits("", SH_STR("")));
    CHECK(!sh_password_fits("", SH_STR("Harbour-4711-lamp")));
    CHECK(!sh_password_fits(NULL, SH_STR("x")));
}

static void weak_passwords_are_refused(void **state) {
    (void)state;
    static const char *const weak[] = {"",
                                       "Ab1-xyz",
                                       "aaaaaaaaaaaaaaa",
                                       "lowercase-only",
                                       "12345678901234",
                                       "My-Password-1",
                                       "Alice-in-9-lands",
                                       "Qwerty-9-Qwerty"};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++)
        CHECK(sh_password_fault(sh_str_of(weak[i]), SH_STR("alice"), true) != NULL);
    CHECK(sh_password_fault(SH_STR("Harbour-4711-lamp"), SH_STR("alice"), true) == NULL);
    CHECK(sh_password_fault(SH_STR("港口的灯Harbour47"), SH_STR("alice"), false) == NULL);
    char longest[SH_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[0] = 'A', longest[1] = '1';
    CHECK(sh_password_fault((struct sh_str){longest, SH_PASSWORD_MAX + 1}, SH_STR("alice"), true) != NULL);
}

static void the_database_holds_no_token(void **state) {
    (void)state;
    char token[SH_TOKEN_TEXT + 1], hash[65];
    sh_token_new(32, token);
    sh_token_hash(sh_str_of(token), hash);
    CHECK_I64(strlen(token), 64);
    CHECK(strcmp(token, hash) != 0);
    sh_token_hash(SH_STR("abc"), hash); /* FIPS 180-4 */
    CHECK_TEXT(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void) {
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_rfc_6238),
        cmocka_unit_test(a_code_is_taken_one_step_early_or_late_and_never_again),
        cmocka_unit_test(a_new_secret_reads_back_and_differs),
        cmocka_unit_test(a_password_fits_its_hash_only),
        cmocka_unit_test(weak_passwords_are_refused),
        cmocka_unit_test(the_database_holds_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
