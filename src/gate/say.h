/* What is told with a refusal or beside a field: one line a sentence, Chinese and English. Literals, so that
 * the compiler holds each format to its values. Titles of refusals are in message.h. Inner header. */
#pragma once
#include "base/msg.h"

/** The sentence in the language of the request. */
#define SH_SAY(rq, name) ((rq)->lang == SH_EN ? GATE_SAY_##name(SH_SAY_EN) : GATE_SAY_##name(SH_SAY_ZH))
#define SH_SAY_ZH(zh, en) zh
#define SH_SAY_EN(zh, en) en
/** Both, for a table of names. */
#define SH_SAY_BOTH(zh, en)                                                                                  \
    { [SH_ZH] = (zh), [SH_EN] = (en) }

#define GATE_SAY_ASKER_NEVER_APPROVES(X)                                                                     \
    X("申请人和被授权人不得审批", "neither the asker nor the person granted approves")
#define GATE_SAY_ASK_FOR_LATER(X)                                                                            \
    X("超过 %d 行的表格须作为任务办理：请带 Prefer: respond-async 请求头",                                   \
      "a table of more than %d rows is a job: ask with the header Prefer: respond-async")
#define GATE_SAY_AT_MOST_BYTES(X) X("最多 %zu 字节", "at most %zu bytes")
#define GATE_SAY_AT_MOST_FILES(X)                                                                            \
    X("最多 %lld 个文件，合计 %lld MiB", "at most %lld files, %lld MiB together")
#define GATE_SAY_AT_MOST_KEYS(X) X("最多 %d 个密钥", "at most %d keys")
#define GATE_SAY_AT_MOST_ROWS(X) X("一次最多 %d 行", "at most %d rows at once")
#define GATE_SAY_AT_MOST_TABLES(X)                                                                           \
    X("您已有 %d 个表格任务未结束，请等待或取消其一",                                                        \
      "%d such tables of yours are under way: wait for one, or cancel it")
#define GATE_SAY_BEFORE_VALID_FROM(X) X("早于起始日", "lies before valid_from")
#define GATE_SAY_BEHIND_CONTRACT(X) X("不得晚于合同终止日", "lies behind the last day of the contract")
#define GATE_SAY_CHANGED_SINCE_PROPOSAL(X)                                                                   \
    X("提出后记录已变动，请退回后重新提出",                                                                  \
      "the record has changed since the proposal: refuse it and propose anew")
#define GATE_SAY_CHECK_RUNNING(X) X("自查正在进行", "it is running")
#define GATE_SAY_CHECK_STARTED(X) X("自查已开始", "it has been started")
#define GATE_SAY_CLASH(X) X("%.*s 与 %.*s：%.*s（%.*s）", "%.*s beside %.*s: %.*s (%.*s)")
#define GATE_SAY_COLUMN_TWICE(X) X("列重复", "stands twice")
#define GATE_SAY_COLUMN_VALID_FROM(X) X("生效日", "valid_from")
#define GATE_SAY_COLUMN_VALID_TO(X) X("失效日", "valid_to")
#define GATE_SAY_COLUMN_FROM(X) X("起始日", "Binds from")
#define GATE_SAY_COLUMN_KNOWN(X) X("知悉日", "Known since")
#define GATE_SAY_COLUMN_LAYER(X) X("适用区划", "Place")
#define GATE_SAY_COLUMN_LEVEL(X) X("等级", "Level")
#define GATE_SAY_COLUMN_NAME(X) X("名称", "Name")
#define GATE_SAY_COLUMN_NOTE(X) X("备注", "Note")
#define GATE_SAY_COLUMN_POINT(X) X("知识点", "Point")
#define GATE_SAY_COLUMN_SOURCE(X) X("来源", "Source")
#define GATE_SAY_COLUMN_SUPERSEDES(X) X("替代的知识点", "Replaces")
#define GATE_SAY_COLUMN_TO(X) X("截止日（不含）", "Until (not included)")
#define GATE_SAY_DECIDED_ALREADY(X) X("已作出决定", "it is decided already")
#define GATE_SAY_FINDINGS_NOT_LOADED(X)                                                                      \
    X("这次审核的疑点尚未载入办理，科室与医师未知（shouhu findings load）",                                  \
      "the findings of this run are not loaded yet, so their claims are not known (shouhu findings load)")
#define GATE_SAY_FACTOR_IS_SET(X)                                                                            \
    X("已绑定动态口令，如需更换请由管理员重置", "a second factor is set already; an administrator resets "   \
                                                "it")
#define GATE_SAY_GRANT_TERM(X) X("须在起始日之后、%lld 日之内", "after the first day, within %lld days of it")
#define GATE_SAY_GRANT_WANTS_END(X) X("授权须有截止日", "a grant needs its last day")
#define GATE_SAY_KEY_NEVER_CHANGES(X) X("主键不可更改", "the key of a record never changes")
#define GATE_SAY_KEY_ONLY_READS(X) X("此密钥只能读取", "this API key only reads")
#define GATE_SAY_KEY_TERM(X) X("须填一年之内的截止日", "a last day within a year")
#define GATE_SAY_LOGIN_TAKEN(X) X("账号已存在", "the login is taken")
#define GATE_SAY_NOT_FOR_HIMSELF(X) X("不得为本人申请授权", "nobody asks for himself")
#define GATE_SAY_NOT_IN_REGISTER(X)                                                                          \
    X("%.*s：当日不在名册 %.*s 中", "%.*s: not in the register %.*s on that day")
#define GATE_SAY_NOT_KNOWN_HERE(X) X("没有这一项", "is not known here")
#define GATE_SAY_NO_CONTRACT(X) X("没有与该机构的有效合同", "no contract with that body is in force")
#define GATE_SAY_NO_DATE(X) X("不是日期", "is no date")
#define GATE_SAY_NO_ROLE_OF_BODY(X) X("该类机构没有此岗位", "no role of such a body")
#define GATE_SAY_NO_SUCH_ACCOUNT(X) X("没有此账号", "no such account")
#define GATE_SAY_NO_SUCH_ARGUMENT(X) X("没有此参数或类型不符", "no such argument, or not of its type")
#define GATE_SAY_NO_SUCH_BODY(X) X("您的区划内没有该机构", "no such body in your place")
#define GATE_SAY_NO_SUCH_COLUMN(X) X("名册没有此列", "no such column")
#define GATE_SAY_NO_SUCH_FIELD(X) X("名册没有此字段", "the register has no such field")
#define GATE_SAY_NO_SUCH_MEMBER(X) X("没有此项", "no such member")
#define GATE_SAY_NO_SUCH_WITNESS(X)                                                                          \
    X("名册中没有贵机构的该见证公钥", "the key is not on record as a witness of your body")
#define GATE_SAY_OLD_PASSWORD(X) X("与旧口令相同", "it is the old one")
#define GATE_SAY_ONE_AT_A_TIME(X)                                                                            \
    X("您的上一次回溯尚未结束，可以等待或取消", "your last back-test is not over: wait for it or cancel it")
#define GATE_SAY_OUTSIDE(X) X("不在您的区划或机构范围内", "outside your place or body")
#define GATE_SAY_OVER_ALREADY(X) X("任务已结束", "it is over already")
#define GATE_SAY_PROPOSER_NEVER_APPROVES(X) X("提出人不得批准自己的更正", "who proposes never approves")
#define GATE_SAY_PURPOSE(X) X("请写明查阅目的（%d 至 %d 字）", "say what for, in %d to %d characters")
#define GATE_SAY_RECORD_OUTSIDE(X)                                                                           \
    X("该记录不在您的区划或机构范围内", "the record would lie outside your place or body")
#define GATE_SAY_RECUSED(X) X("您已回避 %.*s（%.*s）", "you were recused from %.*s (%.*s)")
#define GATE_SAY_REQUIRED(X) X("必填", "is required")
#define GATE_SAY_REQUIRED_ONE_LINE(X) X("必填，一行", "is required, one line")
#define GATE_SAY_REVIEWER_IS_ANOTHER(X)                                                                      \
    X("被授权人、申请人和审批人不得复核该授权", "who holds, asked for or gave a grant does not review it")
#define GATE_SAY_RIGHTS_ARE_OTHERS(X)                                                                        \
    X("办理时所凭的授权已变动，请重新导出",                                                                  \
      "the grants it was made by do not all stand any more: ask for the table again")
#define GATE_SAY_SAME_RULE(X) X("文本中的 rule: 应为 %.*s", "the text must say rule: %.*s")
#define GATE_SAY_SEND_FILES_FIRST(X) X("请先上传文件", "send files first")
#define GATE_SAY_SHEET_OF_FINDINGS(X) X("疑点", "findings")
#define GATE_SAY_TIE(X)                                                                                      \
    X("您与 %.*s 有须回避的关系：%.*s（%.*s）", "a tie with %.*s is on record: %.*s (%.*s)")
#define GATE_SAY_TOO_MANY_CHECKS(X)                                                                          \
    X("已保留 %lld 次自查，请先删除旧的", "%lld checks are kept: remove one first")
#define GATE_SAY_DAY_OF_YEAR(X)                                                                              \
    X("应在 %.*s 年内，或上一年最后一周", "must lie in the year %.*s or the last week before it")
#define GATE_SAY_UNIT_IS(X) X("参数 %.*s 的单位是 %.*s", "the unit of %.*s is %.*s")
#define GATE_SAY_WANTS_AMOUNT(X) X("应为金额（元），如 1000.00", "an amount in yuan, e.g. 1000.00")
#define GATE_SAY_WANTS_DAY(X) X("应为日期，如 2026-02-03", "a day, e.g. 2026-02-03")
#define GATE_SAY_WANTS_FILE(X)                                                                               \
    X("应为 .csv、.txt 或 .gz 文件，且不为空", "a file that is not empty and ends in .csv, .txt or .gz")
#define GATE_SAY_WANTS_LOGIN(X) X("2 至 64 个 a-z、0-9、_ - .", "2 to 64 of a-z, 0-9, _ - .")
#define GATE_SAY_WANTS_OBJECT(X) X("必须是对象", "must be an object")
#define GATE_SAY_WANTS_PLACE(X) X("六位行政区划代码，如 620100", "a division code of six digits, e.g. 620100")
#define GATE_SAY_WANTS_RULE(X) X("应为规则文本", "a rule's text")
#define GATE_SAY_WANTS_TEXT(X) X("请以文本书写", "write it as text")
