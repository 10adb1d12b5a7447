/**
 * The first schema.
 *
 * A stream's id is made from its name (stream-id.ts), so that its events are found without trusting the table of
 * heads. An event keeps its rowid: appends then go to the end of the table, whatever their stream, which was twice as
 * quick with 50 streams as a table ordered by stream. `seal` is a hash of the row's other columns: rows outside the chains
 * are not read as truth either when a bit of them has changed.
 */
export const createStore = `
  create table state (
    id integer primary key check (id = 1),
    store_id text not null,
    commits integer not null,
    events integer not null,
    last_stream integer not null,
    last_sequence integer not null,
    last_hash text not null,
    checkpoints integer not null,
    checkpoint_hash text not null,
    seal text not null
  ) strict;
  create table stream (
    id integer primary key,
    name text not null,
    sequence integer not null,
    hash text not null,
    changed integer not null
  ) strict;
  create index stream_by_name on stream (name);
  create index stream_changed on stream (id) where changed = 1;
  create table event (
    stream integer not null references stream (id),
    sequence integer not null,
    hash text not null,
    body text not null,
    unique (stream, sequence)
  ) strict;
  create table checkpoint (
    number integer primary key,
    heads text not null,
    hash text not null
  ) strict;
  create table lease (
    name text primary key,
    token integer not null,
    owner text not null,
    held integer not null,
    boot text not null,
    expires_ms integer not null,
    seal text not null
  ) strict;
  create table timer (
    id text primary key,
    due_at_ms integer not null,
    payload text not null,
    seal text not null
  ) strict;
  create index timer_due on timer (due_at_ms, id);
  create table task (
    id text primary key,
    added integer not null,
    payload text not null,
    labels text not null,
    priority real not null,
    attempt integer not null,
    worker text,
    claimed_until_ms integer,
    not_before_ms integer not null,
    done_at_ms integer,
    seal text not null
  ) strict;
  create unique index task_added on task (added);
  create index task_open on task (priority desc, added) where done_at_ms is null;
  create index task_done on task (done_at_ms) where done_at_ms is not null;
`;
