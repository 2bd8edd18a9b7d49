/* For targets that read YAML and draw nothing (room report has suppressions of its own). libfyaml 0.7 does
 * not give back the pieces of a single-quoted scalar of nothing but quotes that runs into other text
 * (`{''''''x`), and there is no call that would: 2 kB a faulty file. What we ourselves keep too long is
 * looked for by the suites under the same sanitizer. */
#pragma once

// NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer's name
const char *__lsan_default_suppressions(void);
// NOLINTNEXTLINE(bugprone-reserved-identifier)
const char *__lsan_default_suppressions(void) {
    return "leak:libfyaml.so\n";
}
