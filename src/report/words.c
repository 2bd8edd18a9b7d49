/* Amounts and dates in capitals. */
#include "base/date.h"
#include "report/paper.h"

static const char *const digits[] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};

/* n > 0, a zero where a rank between is empty */
static void add_integer(uint64_t n, struct sh_buf *out) {
    static const struct {
        uint64_t size;
        const char *name;
    } ranks[] = {{100000000, "亿"}, {10000, "万"}, {1000, "仟"}, {100, "佰"}, {10, "拾"}};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
        if (n < ranks[i].size)
            continue;
        const uint64_t rest = n % ranks[i].size;
        add_integer(n / ranks[i].size, out);
        sh_buf_add_text(out, ranks[i].name);
        if (rest > 0 && rest < ranks[i].size / 10)
            sh_buf_add_text(out, digits[0]);
        if (rest > 0)
            add_integer(rest, out);
        return;
    }
    sh_buf_add_text(out, digits[n]);
}

void sh_money_words(int64_t fen, struct sh_buf *out) {
    const uint64_t amount = fen < 0 ? (uint64_t)0 - (uint64_t)fen : (uint64_t)fen;
    const uint64_t yuan = amount / 100, jiao = amount / 10 % 10, rest = amount % 10;
    if (fen < 0)
        sh_buf_add_text(out, "负");
    if (yuan > 0) {
        add_integer(yuan, out);
        sh_buf_add_text(out, "元");
    } else if (amount == 0) {
        sh_buf_add_text(out, "零元");
    }
    if (jiao > 0) {
        sh_buf_add_text(out, digits[jiao]);
        sh_buf_add_text(out, "角");
    } else if (rest > 0 && yuan > 0) {
        sh_buf_add_text(out, digits[0]);
    }
    if (rest > 0) {
        sh_buf_add_text(out, digits[rest]);
        sh_buf_add_text(out, "分");
    } else {
        sh_buf_add_text(out, "整");
    }
}

void sh_date_words(int32_t day, struct sh_buf *out) {
    static const char *const plain[] = {"〇", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    const struct sh_civil civil = sh_civil_of(day);
    for (int at = 1000; at > 0; at /= 10)
        sh_buf_add_text(out, plain[civil.year / at % 10]);
    const int parts[] = {civil.month, civil.day};
    const char *const names[] = {"月", "日"};
    sh_buf_add_text(out, "年");
    for (int i = 0; i < 2; i++) {
        if (parts[i] >= 20)
            sh_buf_add_text(out, plain[parts[i] / 10]);
        if (parts[i] >= 10)
            sh_buf_add_text(out, "十");
        if (parts[i] % 10 != 0)
            sh_buf_add_text(out, plain[parts[i] % 10]);
        sh_buf_add_text(out, names[i]);
    }
}
