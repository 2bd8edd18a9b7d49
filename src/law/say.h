/* What is wrong with a value of a field: one line a sentence, Chinese and English. Literals, so that the
 * compiler holds each format to its values. Inner header. */
#pragma once
#include "base/msg.h"

#define FIELD_SAY(lang, name) ((lang) == SH_EN ? FIELD_SAY_##name(FIELD_EN) : FIELD_SAY_##name(FIELD_ZH))
#define FIELD_ZH(zh, en) zh
#define FIELD_EN(zh, en) en

#define FIELD_SAY_BOOL(X) X("不是“是”或“否”", "is neither true nor false (是, 否)")
#define FIELD_SAY_CHOICE(X)                                                                                  \
    X("“%.*s”不在规定的 %zu 个选项之内，例如 %.*s", "\"%.*s\" is none of the %zu words allowed, e.g. %.*s")
#define FIELD_SAY_CODE(X) X("代码只能有字母、数字和 - _ .", "a code has only letters, digits, - _ and .")
#define FIELD_SAY_CODE_LONG(X) X("代码最多 64 个字符", "a code has at most 64 characters")
#define FIELD_SAY_CONTROL(X) X("含有控制字符", "holds a control character")
#define FIELD_SAY_DATE_EMPTY(X) X("没有日期", "is empty")
#define FIELD_SAY_DATE_IMPOSSIBLE(X) X("没有这一天", "does not exist in the calendar")
#define FIELD_SAY_DATE_RANGE(X) X("年份超出范围", "is a year out of range")
#define FIELD_SAY_DATE_SYNTAX(X) X("不是日期，例如 2026-03-02", "is no date, e.g. 2026-03-02")
#define FIELD_SAY_IDCARD(X)                                                                                  \
    X("身份证号为 18 位，前 17 位是数字", "an identity number has 18 characters, the first 17 digits")
#define FIELD_SAY_IDCARD_BIRTHDAY(X) X("其中的出生日期不存在", "the birthday inside does not exist")
#define FIELD_SAY_INT(X) X("不是整数", "is no whole number")
#define FIELD_SAY_INT_RANGE(X) X("%lld 不在 %lld 至 %lld 之间", "%lld lies outside %lld … %lld")
#define FIELD_SAY_LONG(X) X("有 %zu 个字符，最多 %u 个", "has %zu characters, at most %u")
#define FIELD_SAY_NO_CHECK(X) X("校验码不符", "the check character does not fit")
#define FIELD_SAY_NUMBER_EMPTY(X) X("没有数字", "is empty")
#define FIELD_SAY_NUMBER_EXCESS(X) X("小数位数过多", "has too many decimals")
#define FIELD_SAY_NUMBER_EXPONENT(X)                                                                         \
    X("用了指数写法，可能丢失数位", "is written with an exponent, digits may be lost")
#define FIELD_SAY_NUMBER_RANGE(X) X("超出范围", "is out of range")
#define FIELD_SAY_NUMBER_SYNTAX(X) X("不是数字", "is no plain decimal number")
#define FIELD_SAY_PHONE(X) X("电话号码只能有数字、+ 和 -", "a telephone number has only digits, + and -")
#define FIELD_SAY_PHONE_LENGTH(X) X("电话号码为 5 至 20 位", "a telephone number has 5 to 20 digits")
#define FIELD_SAY_PLACE(X)                                                                                   \
    X("行政区划代码为 2、4、6、9 或 12 位数字", "a division code has 2, 4, 6, 9 or 12 digits")
#define FIELD_SAY_USCC(X) X("统一社会信用代码为 18 位", "a credit code has 18 characters")
#define FIELD_SAY_USCC_CHARACTER(X)                                                                          \
    X("统一社会信用代码的第 %zu 位没有这样的字符", "a credit code has no character number %zu like this")
#define FIELD_SAY_UTF8(X) X("不是 UTF-8 文字", "is not UTF-8")
