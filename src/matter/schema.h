/* The room's own tables: what records say, laid out for lists and conditions. A migration that has run never
 * changes. Times are seconds UTC, days days since 1970-01-01, money fen. Inner header. */
#pragma once

static const char matter_0001[] =
    "create table mt_matter (\n"
    "    id text primary key, number text not null unique, procedure text not null,\n"
    "    text_place text not null, text_from bigint not null, state text not null, version bigint not null,\n"
    "    body text not null, place text not null, subject text not null, period text not null,\n"
    "    parent text not null, source text not null, assigned text not null, opened_at bigint not null,\n"
    "    changed_at bigint not null, final bigint not null, late bigint not null, due bigint not null,\n"
    "    fields text not null, ord text not null unique) strict;\n"
    "create index mt_matter_state on mt_matter (procedure, state, ord);\n"
    "create index mt_matter_subject on mt_matter (subject, procedure, period);\n"
    "create index mt_matter_parent on mt_matter (parent);\n"
    "create index mt_matter_place on mt_matter (place, ord);\n"
    "create table mt_party (\n"
    "    matter text not null, party text not null, body text not null, primary key (matter, party)) "
    "strict;\n"
    "create index mt_party_body on mt_party (body, matter);\n"
    "create table mt_step (\n"
    "    matter text not null, seq bigint not null, step text not null, actor text not null,\n"
    "    role text not null, body text not null, member text not null, occurred bigint not null,\n"
    "    recorded bigint not null, before text not null, after text not null, late bigint not null,\n"
    "    why text not null, version bigint not null, fields text not null, primary key (matter, seq)) "
    "strict;\n"
    "create index mt_step_actor on mt_step (matter, actor);\n"
    "create table mt_sign (\n"
    "    matter text not null, step text not null, seq bigint not null, person text not null,\n"
    "    body text not null, hash text not null, at bigint not null,\n"
    "    primary key (matter, step, seq, person)) strict;\n"
    "create table mt_voice (\n"
    "    matter text not null, gate text not null, person text not null, hash text not null,\n"
    "    body text not null, seat text not null, opinion text not null, words text not null,\n"
    "    at bigint not null, primary key (matter, gate, person, hash)) strict;\n"
    "create table mt_clock (\n"
    "    matter text not null, clock text not null, member text not null, seq bigint not null,\n"
    "    state text not null, event bigint not null, due bigint not null, due_day bigint not null,\n"
    "    certain bigint not null, length text not null, account text not null, missing text not null,\n"
    "    primary key (matter, clock, member, seq)) strict;\n"
    "create index mt_clock_due on mt_clock (state, due, matter);\n"
    "create table mt_paper (\n"
    "    id text primary key, matter text not null, kind text not null, number text not null,\n"
    "    body text not null, addressee text not null, issued_at bigint not null, served_day bigint not "
    "null,\n"
    "    seq bigint not null, record text not null) strict;\n"
    "create index mt_paper_matter on mt_paper (matter);\n"
    "create table mt_number (\n"
    "    body text not null, kind text not null, year bigint not null, last bigint not null,\n"
    "    primary key (body, kind, year)) strict;\n"
    "create table mt_row (\n"
    "    register text not null, field text not null, value text not null, record text not null,\n"
    "    primary key (register, field, value, record)) strict;\n";

static const char matter_0002[] =
    "create table mt_item (\n"
    "    id text primary key, matter text not null, key text not null unique, procedure text not null,\n"
    "    state text not null, version bigint not null, final bigint not null, place text not null,\n"
    "    body text not null, institution text not null, party_body text not null, rule text not null,\n"
    "    name text not null, level text not null, person text not null, day bigint not null,\n"
    "    amount bigint not null, fund_amount bigint not null, say text not null, run text not null,\n"
    "    receipt text not null, assigned text not null, differs bigint not null, changed_at bigint not "
    "null,\n"
    "    fields text not null, queue text not null) strict;\n"
    "create index mt_item_matter on mt_item (matter, state, queue);\n"
    "create index mt_item_state on mt_item (state, queue);\n"
    "create index mt_item_rule on mt_item (rule, state, queue);\n"
    "create index mt_item_party on mt_item (institution, state, queue);\n"
    "create index mt_item_assigned on mt_item (assigned, state, queue);\n"
    "create index mt_item_queue on mt_item (queue);\n"
    "create table mt_item_step (\n"
    "    item text not null, seq bigint not null, matter text not null, step text not null,\n"
    "    actor text not null, role text not null, body text not null, at bigint not null,\n"
    "    before text not null, after text not null, why text not null, act text not null,\n"
    "    fields text not null, primary key (item, seq)) strict;\n"
    "create index mt_item_step_actor on mt_item_step (matter, actor, step);\n"
    "create index mt_item_step_act on mt_item_step (act);\n"
    "create table mt_act (\n"
    "    id text primary key, person text not null, step text not null, at bigint not null,\n"
    "    n bigint not null, amount bigint not null, hash text not null, why text not null,\n"
    "    undo_until bigint not null, undone_at bigint not null) strict;\n"
    "create table mt_count (\n"
    "    matter text not null, state text not null, n bigint not null, amount bigint not null,\n"
    "    primary key (matter, state)) strict;\n";

/* kept: the length a clock started with, "5 wd"; event_time: seconds of the wall clock; recounted: the day a
 * passed clock would end by a calendar that came later. */
static const char matter_0003[] =
    "alter table mt_clock add column kept text not null default '';\n"
    "alter table mt_clock add column event_time bigint not null default 0;\n"
    "alter table mt_clock add column paused bigint not null default 0;\n"
    "alter table mt_clock add column recounted bigint not null default 0;\n"
    "alter table mt_paper add column drawn_at bigint not null default 0;\n"
    "alter table mt_paper add column pdf text not null default '';\n"
    "alter table mt_paper add column blob text not null default '';\n"
    "create index mt_matter_procedure on mt_matter (procedure, ord);\n"
    "create table mt_seen (\n"
    "    matter text not null, what text not null, person text not null, at bigint not null,\n"
    "    primary key (matter, what, person)) strict;\n"
    "create table mt_comment (\n"
    "    id text primary key, matter text not null, person text not null, role text not null,\n"
    "    at bigint not null, words text not null) strict;\n"
    "create index mt_comment_matter on mt_comment (matter, at, id);\n"
    "create table mt_attachment (\n"
    "    id text primary key, matter text not null, name text not null, type text not null,\n"
    "    bytes bigint not null, hash text not null, blob text not null, person text not null,\n"
    "    body text not null, role text not null, at bigint not null, source text not null,\n"
    "    party_sees bigint not null) strict;\n"
    "create index mt_attachment_matter on mt_attachment (matter, at, id);\n"
    "create table mt_custody (\n"
    "    attachment text not null, seq bigint not null, person text not null, what text not null,\n"
    "    at bigint not null, why text not null, primary key (attachment, seq)) strict;\n"
    "create table mt_watch (\n"
    "    watch text not null, key text not null, matter text not null, at bigint not null,\n"
    "    primary key (watch, key)) strict;\n";

static const char matter_0004[] =
    "create table mt_unit (\n"
    "    matter text not null, id text not null, institution text not null, origin text not null,\n"
    "    day bigint not null, amount bigint not null, fund_amount bigint not null, fields text not null,\n"
    "    primary key (matter, id)) strict;\n"
    "create table mt_frame (\n"
    "    matter text primary key, frame text not null, result text not null) strict;\n";

static const char matter_0005[] =
    "create table mt_called (\n"
    "    matter text not null, body text not null, primary key (matter, body)) strict;\n"
    "create index mt_called_body on mt_called (body, matter);\n";

/* What a step posted and wrote: store keeps both, by ids of its own. amount: fen moved. */
static const char matter_0006[] =
    "create table mt_posting (\n"
    "    id text primary key, matter text not null, seq bigint not null, kind text not null,\n"
    "    fund text not null, body text not null, day bigint not null, amount bigint not null) strict;\n"
    "create index mt_posting_matter on mt_posting (matter, seq);\n"
    "create table mt_written (\n"
    "    record text primary key, matter text not null, seq bigint not null, register text not null,\n"
    "    key text not null) strict;\n"
    "create index mt_written_matter on mt_written (matter, seq);\n";

/* What one person did with one item is answered by the page that his next step is written to. */
static const char matter_0007[] =
    "drop index mt_item_step_actor;\n"
    "create index mt_item_step_actor on mt_item_step (matter, actor, item, step, role);\n";

/* Most items are nobody's: an index that holds them all would be written at each of their steps for nothing.
 */
static const char matter_0008[] =
    "drop index mt_item_assigned;\n"
    "create index mt_item_assigned on mt_item (assigned, state, queue) where assigned <> '';\n";

/* PostgreSQL keeps the commonest values of a column for its planner, also after the rows are gone: what an
 * erasure takes away is in none of them. */
static const char matter_0009[] =
    "--postgres: alter table mt_matter alter column fields set statistics 0, alter column fields type text;\n"
    "--postgres: alter table mt_step alter column why set statistics 0, alter column why type text;\n"
    "--postgres: alter table mt_step alter column fields set statistics 0, alter column fields type text;\n"
    "--postgres: alter table mt_voice alter column words set statistics 0, alter column words type text;\n"
    "--postgres: alter table mt_item alter column person set statistics 0, alter column person type text;\n"
    "--postgres: alter table mt_item alter column name set statistics 0, alter column name type text;\n"
    "--postgres: alter table mt_item alter column say set statistics 0, alter column say type text;\n"
    "--postgres: alter table mt_item alter column fields set statistics 0, alter column fields type text;\n"
    "--postgres: alter table mt_item_step alter column why set statistics 0, alter column why type text;\n"
    "--postgres: alter table mt_item_step alter column fields set statistics 0, alter column fields type "
    "text;\n"
    "--postgres: alter table mt_comment alter column words set statistics 0, alter column words type text;\n"
    "--postgres: alter table mt_attachment alter column name set statistics 0, alter column name type text;\n"
    "--postgres: alter table mt_attachment alter column source set statistics 0, alter column source type "
    "text;\n"
    "--postgres: alter table mt_custody alter column why set statistics 0, alter column why type text;\n"
    "--postgres: alter table mt_written alter column key set statistics 0, alter column key type text;\n";

/* mt_line: the items a paper lists, as they stood when it was issued.
 * mt_total: how many items wait, of each procedure, state, place and body: counted when they move, not when
 * asked. */
static const char matter_0010[] =
    "create table mt_total (\n"
    "    procedure text not null, state text not null, place text not null, body text not null,\n"
    "    n bigint not null, primary key (procedure, state, place, body)) strict;\n"
    "insert into mt_total (procedure, state, place, body, n)\n"
    "    select procedure, state, place, body, count(*) from mt_item group by procedure, state, place, "
    "body;\n"
    "create table mt_line (\n"
    "    paper text not null, seq bigint not null, item text not null, amount bigint not null,\n"
    "    primary key (paper, seq)) strict;\n";

/* Evidence packages (evidence.c) and the findings each is of, as they stood. */
static const char matter_0011[] =
    "create table mt_evidence (\n"
    "    id text primary key, matter text not null, seq bigint not null, number text not null,\n"
    "    cause text not null, step text not null, act text not null, why text not null,\n"
    "    person text not null, role text not null, body text not null, device text not null,\n"
    "    at bigint not null, n bigint not null, list text not null, sealed_at bigint not null,\n"
    "    hash text not null, bytes bigint not null, blob text not null, faults bigint not null) strict;\n"
    "create index mt_evidence_matter on mt_evidence (matter, seq);\n"
    "create index mt_evidence_sealed on mt_evidence (sealed_at, at);\n"
    "create table mt_evidence_item (\n"
    "    evidence text not null, item text not null, version bigint not null, run text not null,\n"
    "    receipt text not null, primary key (evidence, item)) strict;\n"
    "create index mt_evidence_item_item on mt_evidence_item (item);\n"
    "--postgres: alter table mt_evidence alter column why set statistics 0;\n"
    "--postgres: alter table mt_evidence alter column device set statistics 0;\n";

/* What an erasure looks for by its record, and a trail goes on from. */
static const char matter_0012[] = "create index mt_row_record on mt_row (record);\n"
                                  "create index mt_paper_record on mt_paper (record);\n";

/* The boundary of which each duty of the texts is next, and the last row of its register gone through. */
static const char matter_0013[] =
    "create table mt_duty (\n"
    "    procedure text primary key, due bigint not null, after text not null) strict;\n";

/* Papers of another matter that were handed over to one with its opening (D9): who sees it reads them there.
 */
static const char matter_0014[] =
    "create table mt_handed (\n"
    "    matter text not null, paper text not null, primary key (matter, paper)) strict;\n";

/* A row that goes from state to state stays on its page of the index by matter: a bulk act over thousands of
 * matters else writes two pages for each row. Who did what is asked of people: what a run loaded, half of all
 * steps, has no role. */
static const char matter_0015[] =
    "drop index mt_item_matter;\n"
    "create index mt_item_matter on mt_item (matter, queue, state);\n"
    "drop index mt_item_step_actor;\n"
    "create index mt_item_step_actor on mt_item_step (matter, actor, item, step, role) where role <> '';\n";

/* Acts over rows of a matter that took a step while they could still be taken back: there they stand. */
static const char matter_0016[] =
    "create table mt_followed (\n"
    "    act text not null, matter text not null, primary key (act, matter)) strict;\n"
    "create index mt_act_undo on mt_act (undo_until);\n";

/* What a matter gathers that has another parent; where it stands now, what went before is in its versions. */
static const char matter_0017[] = "create table mt_gathered (\n"
                                  "    matter text primary key, container text not null) strict;\n"
                                  "create index mt_gathered_container on mt_gathered (container);\n";
