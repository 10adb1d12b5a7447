import { CHAIN_START } from '../chain.ts';
import type { Connection, Row } from './connection.ts';
import { damage } from './fault.ts';
import { type Cell, sealOf } from './seal.ts';

/** What the store knows of itself as a whole: one row, changed with every commit. */
export interface StoreState {
  readonly storeId: string;
  /** Counts the commits, so that a lost one is noticed whatever it held. */
  readonly commits: number;
  readonly events: number;
  /** The last event appended; zeros before the first. */
  readonly lastStream: number;
  readonly lastSequence: number;
  readonly lastHash: string;
  readonly checkpoints: number;
  readonly checkpointHash: string;
}

export function newState(storeId: string): StoreState {
  return {
    storeId,
    commits: 0,
    events: 0,
    lastStream: 0,
    lastSequence: 0,
    lastHash: CHAIN_START,
    checkpoints: 0,
    checkpointHash: CHAIN_START,
  };
}

/** Reads the row. Throws `DamageError` when it is missing or does not fit its seal. */
export function readState(connection: Connection): StoreState {
  const row = connection.get('select * from state where id = 1');
  const state = row === undefined ? null : fromRow(row);
  if (state === null || row?.seal !== sealOf(...cells(state))) {
    throw damage(null, null, `the state of the store ${connection.file} is missing or damaged`);
  }
  return state;
}

/** Writes the row; part of the caller's transaction. */
export function writeState(connection: Connection, state: StoreState): void {
  const values = cells(state);
  connection.run(
    'insert or replace into state values (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ...values,
    sealOf(...values),
  );
}

function cells(state: StoreState): Cell[] {
  return [
    state.storeId,
    state.commits,
    state.events,
    state.lastStream,
    state.lastSequence,
    state.lastHash,
    state.checkpoints,
    state.checkpointHash,
  ];
}

function fromRow(row: Row): StoreState {
  return {
    storeId: row.store_id as string,
    commits: row.commits as number,
    events: row.events as number,
    lastStream: row.last_stream as number,
    lastSequence: row.last_sequence as number,
    lastHash: row.last_hash as string,
    checkpoints: row.checkpoints as number,
    checkpointHash: row.checkpoint_hash as string,
  };
}
