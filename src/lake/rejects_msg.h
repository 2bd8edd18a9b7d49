/* Why a row was refused: the closed list of reasons, with the id written into reject files and what people
 * read. */
#pragma once
#include "base/msg.h"

/* X(enumerator, id, Chinese, English). Append only: ids stand in reject files. docs/mappings.md lists them.
 */
#define SH_REJECTS(X)                                                                                        \
    X(SH_REJECT_NONE, "", "", "")                                                                            \
    X(SH_REJECT_RECORD_FIELDS, "record.fields", "字段数与表头不一致",                                        \
      "the number of fields differs from the header")                                                        \
    X(SH_REJECT_RECORD_TOO_LONG, "record.too_long", "记录超过长度上限（1 MiB）",                             \
      "the record is longer than 1 MiB")                                                                     \
    X(SH_REJECT_FIELD_TOO_LONG, "field.too_long", "字段超过长度上限（256 KiB）",                             \
      "the field is longer than 256 KiB")                                                                    \
    X(SH_REJECT_QUOTE_STRAY, "quote.stray", "引号结束后还有字符", "there is text behind a closing quote")    \
    X(SH_REJECT_QUOTE_UNCLOSED, "quote.unclosed", "引号没有结束", "a quote is opened and not closed")        \
    X(SH_REJECT_UTF8, "utf8.invalid", "不是正确的 UTF-8 编码", "the bytes are no valid UTF-8")               \
    X(SH_REJECT_GB18030, "gb18030.invalid", "不是正确的 GB18030 编码", "the bytes are no valid GB18030")     \
    X(SH_REJECT_NUL, "nul", "含有 NUL 字节", "the record holds a NUL byte")                                  \
    X(SH_REJECT_REQUIRED, "required.empty", "必填字段为空", "a required field is empty")                     \
    X(SH_REJECT_DECIMAL_SYNTAX, "decimal.syntax", "不是普通小数", "is no plain decimal number")              \
    X(SH_REJECT_DECIMAL_EXPONENT, "decimal.exponent", "用科学计数法书写，可能已丢失数字",                    \
      "is written with an exponent, digits may be lost")                                                     \
    X(SH_REJECT_DECIMAL_EXCESS, "decimal.excess", "小数位数过多，不予四舍五入",                              \
      "has too many decimals; nothing is rounded")                                                           \
    X(SH_REJECT_DECIMAL_RANGE, "decimal.range", "数值超出范围", "the number is out of range")                \
    X(SH_REJECT_DATE_SYNTAX, "date.syntax", "不是认得的日期或时间格式",                                      \
      "is no date or time in a known form")                                                                  \
    X(SH_REJECT_DATE_IMPOSSIBLE, "date.impossible", "日历上没有这个日期或时间",                              \
      "there is no such date or time")                                                                       \
    X(SH_REJECT_DATE_RANGE, "date.range", "年份不在 1850–2200 之间", "the year is outside 1850–2200")        \
    X(SH_REJECT_FLAG, "flag.unknown", "不是标志值（1 0 是 否 Y N true false）",                              \
      "is no flag (1 0 是 否 Y N true false)")                                                               \
    X(SH_REJECT_LEVEL, "level.unknown", "不是该分级的词", "is no word of this scale")                        \
    X(SH_REJECT_EXPRESSION, "expression.failed", "映射表达式无法计算此值",                                   \
      "the mapping's expression fails on this value")

#define SH_REJECT_ID_(name, id, zh, en) name,
enum sh_reject_reason { SH_REJECTS(SH_REJECT_ID_) SH_REJECT_REASONS };

/** Id as written into reject files, "decimal.excess". */
const char *sh_reject_id(enum sh_reject_reason reason);
/** What to tell people, by id; NULL when the id is not of this list. */
const struct sh_msg *sh_reject_message(const char *id);
