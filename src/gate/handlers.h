/* The handlers of the routing table, by the file that has them. Inner header. */
#pragma once
#include "gate/request.h"

#define SH_HANDLER(name) sh_code name(struct sh_gate *gate, struct sh_request *rq, struct sh_err *err)
/* health.c */
SH_HANDLER(sh_api_health);
SH_HANDLER(sh_api_metrics);
SH_HANDLER(sh_api_openapi);
/* session.c */
SH_HANDLER(sh_api_login);
SH_HANDLER(sh_api_session);
SH_HANDLER(sh_api_logout);
SH_HANDLER(sh_api_password);
SH_HANDLER(sh_api_factor);
SH_HANDLER(sh_api_keys);
SH_HANDLER(sh_api_key_new);
SH_HANDLER(sh_api_key_revoke);
/* registers.c */
SH_HANDLER(sh_api_registers);
SH_HANDLER(sh_api_register);
SH_HANDLER(sh_api_records);
SH_HANDLER(sh_api_record);
SH_HANDLER(sh_api_record_new);
SH_HANDLER(sh_api_record_update);
SH_HANDLER(sh_api_record_withdraw);
SH_HANDLER(sh_api_record_history);
SH_HANDLER(sh_api_record_diff);
SH_HANDLER(sh_api_record_unmask);
/* access.c */
SH_HANDLER(sh_api_access_log);
/* gaps.c */
SH_HANDLER(sh_api_gaps);
/* changes.c */
SH_HANDLER(sh_api_changes);
SH_HANDLER(sh_api_change);
SH_HANDLER(sh_api_change_approve);
SH_HANDLER(sh_api_change_refuse);
/* tables.c */
SH_HANDLER(sh_api_export);
SH_HANDLER(sh_api_import);
/* people.c, grants.c */
SH_HANDLER(sh_api_roles);
SH_HANDLER(sh_api_people);
SH_HANDLER(sh_api_person_new);
SH_HANDLER(sh_api_person);
SH_HANDLER(sh_api_person_reset);
SH_HANDLER(sh_api_person_disable);
SH_HANDLER(sh_api_grants);
SH_HANDLER(sh_api_grant_ask);
SH_HANDLER(sh_api_grant_approve);
SH_HANDLER(sh_api_grant_refuse);
SH_HANDLER(sh_api_grant_revoke);
/* review.c */
SH_HANDLER(sh_api_grant_review);
/* journal.c */
SH_HANDLER(sh_api_journal_head);
SH_HANDLER(sh_api_journal_bundle);
SH_HANDLER(sh_api_journal_witnesses);
SH_HANDLER(sh_api_journal_cosign);
SH_HANDLER(sh_api_journal_inclusion);
SH_HANDLER(sh_api_journal_consistency);
/* jobs.c */
SH_HANDLER(sh_api_jobs);
SH_HANDLER(sh_api_job_new);
SH_HANDLER(sh_api_job);
SH_HANDLER(sh_api_job_cancel);
/* later.c */
SH_HANDLER(sh_api_job_answer);
/* findings.c */
SH_HANDLER(sh_api_runs);
SH_HANDLER(sh_api_findings);
SH_HANDLER(sh_api_finding);
SH_HANDLER(sh_api_finding_totals);
SH_HANDLER(sh_api_finding_groups);
/* evidence.c */
SH_HANDLER(sh_api_finding_receipt);
SH_HANDLER(sh_api_finding_timeline);
/* runs.c */
SH_HANDLER(sh_api_run);
/* backtest.c */
SH_HANDLER(sh_api_backtest_new);
SH_HANDLER(sh_api_backtest);
/* rulebook.c */
SH_HANDLER(sh_api_rules);
SH_HANDLER(sh_api_rule);
SH_HANDLER(sh_api_rule_check);
SH_HANDLER(sh_api_knowledge);
SH_HANDLER(sh_api_knowledge_table);
SH_HANDLER(sh_api_parameters);
/* matters.c */
SH_HANDLER(sh_api_procedures);
SH_HANDLER(sh_api_time_limits);
SH_HANDLER(sh_api_calendars);
SH_HANDLER(sh_api_procedure);
SH_HANDLER(sh_api_matters);
SH_HANDLER(sh_api_matter_new);
SH_HANDLER(sh_api_matter);
SH_HANDLER(sh_api_matter_act);
SH_HANDLER(sh_api_matter_paper);
SH_HANDLER(sh_api_matter_draw);
SH_HANDLER(sh_api_matter_comment);
SH_HANDLER(sh_api_matter_unseal);
SH_HANDLER(sh_api_matter_attach);
SH_HANDLER(sh_api_matter_attachment);
SH_HANDLER(sh_api_evidence_new);
SH_HANDLER(sh_api_evidence);
SH_HANDLER(sh_api_rule_outcomes);
SH_HANDLER(sh_api_outcomes);
SH_HANDLER(sh_api_items);
SH_HANDLER(sh_api_item_totals);
SH_HANDLER(sh_api_items_preview);
SH_HANDLER(sh_api_items_act);
SH_HANDLER(sh_api_items_undo);
SH_HANDLER(sh_api_item);
SH_HANDLER(sh_api_item_trail);
SH_HANDLER(sh_api_item_proof);
SH_HANDLER(sh_api_matter_proof);
SH_HANDLER(sh_api_work);
SH_HANDLER(sh_api_funnel);
SH_HANDLER(sh_api_reviews);
SH_HANDLER(sh_api_overruns);
/* selfcheck.c */
SH_HANDLER(sh_api_selfchecks);
SH_HANDLER(sh_api_selfcheck_new);
SH_HANDLER(sh_api_selfcheck);
SH_HANDLER(sh_api_selfcheck_drop);
SH_HANDLER(sh_api_selfcheck_file);
SH_HANDLER(sh_api_selfcheck_start);
SH_HANDLER(sh_api_selfcheck_workbook);
SH_HANDLER(sh_api_selfcheck_report);
/* peers.c */
SH_HANDLER(sh_api_peers);
/* export.c */
SH_HANDLER(sh_api_findings_export);
/** The book of the rules this server was given, if any, begins to load. In rulebook.c. */
SH_MUST sh_code sh_rulebook_open(struct sh_gate *gate, struct sh_err *err);
/** Is it a rule of this installation? In rulebook.c. */
/** A rule's name in the language of the request; `kept`, what a run or a matter keeps of it (Chinese), where
 * the server's rules do not have it. */
struct sh_str sh_rule_title(struct sh_gate *gate, const struct sh_request *rq, struct sh_str rule,
                            struct sh_str kept);
SH_MUST sh_code sh_rule_known(struct sh_gate *gate, struct sh_request *rq, struct sh_str rule, bool *ret,
                              struct sh_err *err);
