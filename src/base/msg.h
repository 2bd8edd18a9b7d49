/* What the program says to people, in Chinese and English. Each room that speaks has its table; the language
 * is passed per call. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <stdio.h>

typedef enum sh_lang { SH_ZH, SH_EN } sh_lang;
enum { SH_LANGS = 2 };

/** One message in both languages. Formats must take the same values in the same order; sh_msg_same_values
 * tests it. */
struct sh_msg {
    const char *text[SH_LANGS];
};

/*
 * A catalogue is an X-macro `#define CLI_MESSAGES(X) X(CLI_DONE, "完成", "done")`, then
 *     enum cli_message { CLI_MESSAGES(SH_MSG_ID) CLI_MESSAGES_N };
 *     static const struct sh_msg messages[] = {CLI_MESSAGES(SH_MSG_ENTRY)};
 *     puts(sh_msg(messages, CLI_DONE, lang));
 *     sh_msg_print(out, messages, CLI_READ, lang, n_rows);
 */
#define SH_MSG_ID(id, zh, en) id,
#define SH_MSG_ENTRY(id, zh, en) [id] = {{[SH_ZH] = (zh), [SH_EN] = (en)}},

/** Text of a message. No bounds are known here: id comes from the same X-macro. */
static inline const char *sh_msg(const struct sh_msg *catalogue, size_t id, sh_lang lang) {
    return catalogue[id].text[lang == SH_EN ? SH_EN : SH_ZH];
}
/**
 * Print a message whose text is a format, with its values. The compiler cannot hold values against a text of
 * a catalogue: sh_msg_same_values of both languages and one test that prints it stand for that.
 */
void sh_msg_print(FILE *out, const struct sh_msg *catalogue, size_t id, sh_lang lang, ...);
/**
 * Language from the environment: the first of SHOUHU_LANG, LC_ALL, LC_MESSAGES, LANG that is set and not
 * empty decides: "en…" English, "zh…" Chinese; "C" and "POSIX" say nothing about people: go on to the next.
 * Default Chinese.
 */
sh_lang sh_lang_from_env(void);
/** "zh" or "en" as text to language. Errors: SH_E_INPUT. */
SH_MUST sh_code sh_lang_parse(struct sh_str s, sh_lang *ret, struct sh_err *err);
/** Do both formats take the same conversions in the same order? For the test of a catalogue. */
bool sh_msg_same_values(const struct sh_msg *msg);
