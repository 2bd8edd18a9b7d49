/* What the engine says, in both languages. Inner header. */
#pragma once
#include "base/msg.h"

#define MATTER_MESSAGES(X)                                                                                   \
    X(M_STATE, "当前状态“%.*s”不能办理“%.*s”", "in state \"%.*s\" the step \"%.*s\" is not open")            \
    X(M_NO_STEP, "该程序没有步骤“%.*s”", "the procedure has no step \"%.*s\"")                               \
    X(M_ROLE, "须由 %.*s 办理", "only %.*s may do this")                                                     \
    X(M_LAW_ONLY, "由法律规定的期限届满自动发生", "happens by law when the time is over")                    \
    X(M_SEPARATION, "您已办理“%.*s”，不得再办理本步骤",                                                      \
      "you did \"%.*s\" in this matter; others must do this")                                                \
    X(M_BODY, "“%.*s”由同一机构办理，本步骤须由其他机构办理",                                                \
      "\"%.*s\" was done by the same body; another must do this")                                            \
    X(M_ROLES, "您在本事项中已以 %.*s 身份办理，%.*s", "you acted as %.*s in this matter: %.*s")             \
    X(M_HOLDS, "当日没有有效的证件：%.*s", "no credential valid that day: %.*s")                             \
    X(M_TIE, "与当事人存在利害关系（%.*s），应当回避", "tied to a party (%.*s): must stand back")            \
    X(M_SELF, "本事项涉及您本人，应当回避", "this is about yourself: you must stand back")                   \
    X(M_RECUSED, "已决定回避本事项", "recused from this matter")                                             \
    X(M_NEEDS, "缺少“%.*s”", "\"%.*s\" is missing")                                                          \
    X(M_NEEDS_PAPER, "“%.*s”尚未送达", "\"%.*s\" has not been served")                                       \
    X(M_UNKNOWN, "无法判断：%.*s（缺 %.*s）", "cannot be decided: %.*s (missing %.*s)")                      \
    X(M_GATE, "须先经“%.*s”：%.*s", "\"%.*s\" comes first: %.*s")                                            \
    X(M_GATE_EARLY, "还未到“%.*s”的环节", "it is not the turn of \"%.*s\"")                                  \
    X(M_GATE_NONE, "对现文本尚无意见", "nobody has spoken of the present text")                              \
    X(M_GATE_FEW, "到会 %zu 人，不足 %lld 人或无主要负责人（副职）",                                         \
      "%zu present; %lld with the chief or a deputy are needed")                                             \
    X(M_GATE_SHARE, "到会 %zu 人，应到 %zu 人，未达规定比例", "%zu of %zu present: too few")                 \
    X(M_GATE_AGAINST, "结论为不同意", "the conclusion is against it")                                        \
    X(M_GATE_MINUTES, "讨论记录尚未由到会人员全部签字，或不是对现文本的讨论",                                \
      "those present have not all signed its minutes, or they are of another text")                          \
    X(M_MINUTES_ABSENT, "讨论记录由对现文本发表意见的人员签字",                                              \
      "the minutes are signed by those who spoke of the present text")                                       \
    X(M_GATE_ROLE, "不是本次讨论、审核的成员", "not a member of that panel or review")                       \
    X(M_GONE, "“%.*s”已于 %s 届满，逾期不得办理", "\"%.*s\" ended on %s: the right is gone")                 \
    X(M_LATE, "“%.*s”已于 %s 届满，须说明逾期原因", "\"%.*s\" ended on %s: say why it is late")              \
    X(M_EXTEND_OVER, "“%.*s”已届满或未计算，不能延长",                                                       \
      "\"%.*s\" has ended or does not run: it cannot be extended")                                           \
    X(M_EXTEND_ORDER, "须先用“%.*s”", "\"%.*s\" comes first")                                                \
    X(M_EXTEND_TWICE, "“%.*s”只能用一次", "\"%.*s\" is used once only")                                      \
    X(M_RECOUNT, "日历或标准变动，期限由 %.*s 改为 %.*s",                                                    \
      "by the calendar or number now in force the end moves from %.*s to %.*s")                              \
    X(M_RECOUNT_OVER, "按现日历，原 %.*s 届满的期限应为 %.*s；已生效的不变，供复核",                         \
      "the end of %.*s would now be %.*s; what took effect stands, for review")                              \
    X(M_NOT_DRAWN, "文书尚未制作，不能送达", "the paper has not been drawn: it cannot be served yet")        \
    X(M_SEAL_NONE, "没有“%.*s”，或其中没有封存内容", "there is no \"%.*s\", or nothing is sealed in it")     \
    X(M_SEAL_HOLDER, "您不是“%.*s”的保管人", "you do not hold \"%.*s\"")                                     \
    X(M_SEAL_OTHERS, "只有共同开启的保管人本人可以查阅", "only those who opened it together read it")        \
    X(M_SEAL_SHUT, "本事项没有开启封存内容", "this matter does not hold anything sealed open")               \
    X(M_SEAL_OVER, "查阅期限已于 %s 届满", "the access ended on %s")                                         \
    X(M_SEEN, "须先打开“%.*s”并阅读 %lld 秒", "open \"%.*s\" first and read it for %lld seconds")            \
    X(M_DATED_FUTURE, "发生日期不得晚于今天", "what happened cannot lie in the future")                      \
    X(M_DATED_BAD, "发生日期应写作 YYYY-MM-DD", "write the day as YYYY-MM-DD")                               \
    X(M_DATED_NO, "本步骤以办理时间为准，不得另填日期", "this step is dated by its doing")                   \
    X(M_DATED_EARLY, "发生日期早于上一步骤", "it would have happened before the matter was opened")          \
    X(M_MEMBER, "请指明当事人", "say for which party")                                                       \
    X(M_MEMBER_DONE, "该当事人已办理", "done for that party already")                                        \
    X(M_MEMBER_OTHER, "只能为本机构办理", "only for one's own body")                                         \
    X(M_FIELD_UNKNOWN, "本步骤不填写“%.*s”", "the step does not fill \"%.*s\"")                              \
    X(M_FIELD_BAD, "“%.*s”：%s", "\"%.*s\": %s")                                                             \
    X(M_OPENERS, "您的岗位不能提起该程序", "none of your roles opens this procedure")                        \
    X(M_OPEN_TWICE, "该对象本期已有此事项", "there is one of that subject and period already")               \
    X(M_PERIOD, "请填写所属期：YYYY-MM、YYYY-Qn 或 YYYY", "say the period: YYYY-MM, YYYY-Qn or YYYY")        \
    X(M_SIGNED, "您已签署", "you have signed already")                                                       \
    X(M_SIGN_OTHER, "内容与已签署的不一致", "not what the others have signed")                               \
    X(M_NOT_BULK, "该步骤不能批量办理", "that step is never taken in bulk")                                  \
    X(M_STALE, "内容已被他人更新", "changed by somebody else meanwhile")                                     \
    X(M_NOT_SEEN, "没有此项，或不在您的范围内", "no such row within your scope")                             \
    X(M_TWICE, "同一行出现两次", "the row stands twice in the list")                                         \
    X(M_BULK_MANY, "一次办理 %zu 条，超过本地限额 %lld 条", "%zu rows at once; the place allows %lld")       \
    X(M_BULK_MONEY, "一次办理 %s 元，超过本地限额 %s 元", "%s yuan at once; the place allows %s")            \
    X(M_BULK_LIMIT, "%.*s", "%.*s")                                                                          \
    X(M_UNDO_OTHER, "只能由办理人本人撤回", "only who did it may take it back")                              \
    X(M_UNDO_LATE, "已过撤回时限", "the time to take it back is over")                                       \
    X(M_UNDO_MOVED, "此后已有后续办理", "something followed already")                                        \
    X(M_NO_BODY, "名录中没有应当办理的机构（%.*s）", "no body on record to take it (%.*s)")                  \
    X(M_NO_CONTAINER, "“%.*s”不是本机构的%.*s，或者已不能再列入事项",                                        \
      "\"%.*s\" is no %.*s of this body, or takes up nothing more")                                          \
    X(M_CONTAINER_FULL, "%.*s 已列入 %d 项，不能再列入", "%.*s has taken up %d matters and takes no more")   \
    X(M_MONTH_CLOSED, "%.*s 已结账，不能再记入该月", "%.*s is closed: nothing is posted to it any more")     \
    X(M_NO_RULE, "记账规则表没有：%.*s %.*s", "no posting rule for %.*s of fund %.*s")                       \
    X(M_TEXT_NONE, "该地当日没有有效的程序文本", "no text of this procedure is in force there that day")     \
    X(M_DRAW_HEX, "“%.*s”应为 64 位小写十六进制", "\"%.*s\" is 64 lower-case hex digits")                    \
    X(M_DRAW_LAID, "“%.*s”已经提交，不得更改", "\"%.*s\" has been laid; it cannot be changed")               \
    X(M_DRAW_SAME, "两席的封值相同", "two seats laid the same seal")                                         \
    X(M_DRAW_WITHHELD, "您在此前作废的抽签中没有公布取值，不得再担任一席",                                   \
      "you kept your value back in an earlier draw; another lays this seal")                                 \
    X(M_DRAW_OPENS, "“%.*s”与提交的封值不符", "\"%.*s\" does not open the seal that was laid")               \
    X(M_DRAW_EMPTY, "抽样框为空：尚未导入可以抽取的单位", "the frame is empty: no units have been read in")  \
    X(M_DRAW_FRAME, "抽样框与公布的摘要不符", "the frame is not the one whose digest was made known")        \
    X(M_STEP_OPENED, "立项", "opened")                                                                       \
    X(M_ITEM_LOADED, "载入", "loaded")                                                                       \
    X(M_ITEM_UPDATED, "按新的审核批次更新", "brought up to date by a later run")                             \
    X(M_ITEM_DIFFERS, "新的审核批次结果不同", "a later run says otherwise")                                  \
    X(M_ITEM_UNDONE, "撤回", "taken back")                                                                   \
    X(M_STEP_SERVED, "送达", "served")                                                                       \
    X(M_STEP_GATHERED, "列入事项", "a matter is put in")                                                     \
    X(M_WATCH_UNKNOWN, "%.*s；条件无法判断，缺 %.*s", "%.*s; the condition has no answer, %.*s is missing")

enum matter_message { MATTER_MESSAGES(SH_MSG_ID) MATTER_MESSAGES_N };
