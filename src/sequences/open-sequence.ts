/** One event sequence as a server has it open. */
import type { Db } from 'mongodb';
import type { ConstraintKeeper } from '../constraints/constraint-keeper';
import type { SequenceAddress } from '../kernel/names';
import type { TypesAtHand } from './presentation';
import type { Sequencer } from './sequencer';
import type { Tail } from './tail';
import type { InTurns } from './turns';

export interface OpenSequence extends TypesAtHand {
  readonly address: SequenceAddress;
  readonly db: Db;
  readonly collection: string;
  readonly tail: Tail;
  readonly constraints: ConstraintKeeper;
  readonly sequencer: Sequencer;
  /** Checks appends one after the other, a large one in several turns of the event loop. */
  readonly turns: InTurns;
}
