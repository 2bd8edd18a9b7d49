-- What each table means and which leaf proves which row: src/store/README.md. Days are days since 1970-01-01 (open
-- end 2147483647), times seconds UTC, ids 16 bytes, hashes 32.

create table st_meta (name text primary key, value bytea not null) strict;

-- The journal: leaves in order, full tiles of 256 nodes by level (level 0 over leaves), heads, signers.
create table st_leaf (position bigint primary key, body bytea not null, hash bytea not null) strict;
create table st_tile (level bigint not null, position bigint not null, root bytea not null, hashes bytea not null,
    primary key (level, position)) strict;
create table st_head (size bigint primary key, body bytea not null, signature bytea not null) strict;
create table st_signer (key bytea primary key, spki bytea not null, kind text not null, name text not null,
    at bigint not null, leaf bigint not null) strict;
create table st_cosign (size bigint not null, key bytea not null, signature bytea not null, at bigint not null,
    primary key (size, key)) strict;

-- Records. st_record: one row a record; st_version: what was said of it, when, by whom.
create table st_record (record_id bytea primary key, register text not null, key text not null,
    newest bigint not null, erased bigint not null, unique (register, key)) strict;
create table st_version (record_id bytea not null, version bigint not null, register text not null, key text not null,
    body text not null, place text not null, matter text not null, part text not null,
    valid_from bigint not null, valid_to bigint not null, withdrawn bigint not null,
    open text not null, search text not null, sealed bytea not null, salt bytea not null,
    actor text not null, why text not null, at bigint not null, leaf bigint not null, erased bigint not null,
    primary key (record_id, version)) strict;
create unique index st_version_leaf on st_version (leaf);
create index st_version_list on st_version (register, key, version);
create index st_version_body on st_version (register, body, key, version);
create index st_version_matter on st_version (matter, register, key, version);
create table st_gram (register text not null, gram bigint not null, key text not null, record_id bytea not null,
    primary key (register, gram, key)) strict;
-- A key a record, wrapped by the master key named; gone when the record is erased.
create table st_key (record_id bytea primary key, master bytea not null, wrapped bytea not null) strict;
create table st_erasure (record_id bytea primary key, at bigint not null, why text not null, actor text not null,
    expires bigint not null, leaf bigint not null) strict;

-- Ledgers: the sides of a posting sum to zero by fund.
create table st_posting (posting_id bytea primary key, ledger text not null, day bigint not null,
    body text not null, place text not null, matter text not null, part text not null,
    about text not null, corrects bytea not null, salt bytea not null, actor text not null, why text not null,
    at bigint not null, leaf bigint not null) strict;
create table st_entry (posting_id bytea not null, line bigint not null, ledger text not null, account text not null,
    fund text not null, day bigint not null, fen bigint not null, primary key (posting_id, line)) strict;
create index st_entry_account on st_entry (ledger, account, fund, day);

-- Files under blobs/, by the hash of their sealed bytes.
create table st_blob (hash bytea primary key, record_id bytea not null, size bigint not null, at bigint not null,
    leaf bigint not null, erased bigint not null) strict;
create index st_blob_record on st_blob (record_id);

create table st_backup (backup_id bytea primary key, at bigint not null, expires bigint not null, place text not null,
    actor text not null, leaf bigint not null) strict;
