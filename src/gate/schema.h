/* The gate's own tables, in the small subset of SQL that both databases speak. A migration that has run never
 * changes. Inner header. */
#pragma once

/* strict is SQLite's; the store drops it for PostgreSQL. Times are seconds UTC, days are days since
 * 1970-01-01. */
static const char gate_0001[] =
    "create table gate_account (\n"
    "    person text primary key, login text not null unique, state text not null,\n"
    "    hash text not null, renews bigint not null, factor_step bigint not null,\n"
    "    has_factor bigint not null, created_at bigint not null, changed_at bigint not null) strict;\n"
    "create table gate_session (\n"
    "    token text primary key, person text not null, csrf text not null, created_at bigint not null,\n"
    "    seen_at bigint not null, expires_at bigint not null, factor_at bigint not null,\n"
    "    new_factor text not null) strict;\n"
    "create index gate_session_person on gate_session (person);\n"
    "create table gate_attempt (\n"
    "    subject text primary key, failures bigint not null, begun_at bigint not null,\n"
    "    locked_until bigint not null) strict;\n"
    "create table gate_key (\n"
    "    token text primary key, id text not null unique, person text not null, name text not null,\n"
    "    reads_only bigint not null, created_at bigint not null, expires_at bigint not null,\n"
    "    revoked_at bigint not null) strict;\n"
    "create index gate_key_person on gate_key (person);\n"
    "create table gate_grant (\n"
    "    id text primary key, person text not null, role text not null, body text not null,\n"
    "    place text not null, valid_from bigint not null, valid_to bigint not null, state text not null,\n"
    "    asked_by text not null, decided_by text not null) strict;\n"
    "create index gate_grant_person on gate_grant (person, state);\n"
    "create table gate_access (\n"
    "    id text primary key, at bigint not null, person text not null, register text not null,\n"
    "    record text not null, owner text not null, place text not null, kind text not null,\n"
    "    purpose text not null) strict;\n"
    "create index gate_access_owner on gate_access (owner, id);\n"
    "create table gate_change (\n"
    "    id text primary key, register text not null, record text not null, state text not null,\n"
    "    proposer text not null, body text not null, place text not null, at bigint not null) strict;\n"
    "create index gate_change_state on gate_change (state, id);\n"
    "create table gate_once (\n"
    "    token text primary key, request text not null, status bigint not null, type text not null,\n"
    "    answer bytea not null, at bigint not null) strict;\n"
    "create index gate_once_at on gate_once (at);\n"
    "create table gate_job (\n"
    "    id text primary key, kind text not null, state text not null, person text not null,\n"
    "    body text not null, place text not null, arguments text not null, progress text not null,\n"
    "    result text not null, created_at bigint not null, ended_at bigint not null) strict;\n";
static const char gate_0002[] = "alter table gate_grant add column contract text not null default '';\n"
                                "alter table gate_grant add column reviewed_on bigint not null default 0;\n";
/* Self-checks: the records whose keys seal what was sent and what came of it, and the files. */
static const char gate_0003[] =
    "create table gate_check (id text primary key, sent text not null, made text not null) strict;\n"
    "create table gate_check_file (\n"
    "    id text not null, name text not null, is_result bigint not null, bytes bigint not null,\n"
    "    hash bytea not null, primary key (id, name)) strict;\n";
/* As matter_0009: PostgreSQL's planner keeps no value of what an erasure takes away. */
static const char gate_0004[] =
    "--postgres: alter table gate_account alter column login set statistics 0, alter column login type "
    "text;\n"
    "--postgres: alter table gate_key alter column name set statistics 0, alter column name type text;\n"
    "--postgres: alter table gate_once alter column answer set statistics 0, alter column answer type "
    "bytea;\n";
/* What a request came to that was answered later; the file lies beside the database. */
static const char gate_0005[] =
    "create table gate_answer (\n"
    "    id text primary key, status bigint not null, type text not null, name text not null,\n"
    "    grants text not null, bytes bigint not null) strict;\n";
