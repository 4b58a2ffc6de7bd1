/** What the engine of an observer is made with: what was on record when its owner took it, and what it works on. */
import type { Logger } from 'pino';
import type { OpenSequence } from '../sequences/open-sequence';
import type { FailureRecord, ObserverRecord, ObserverStore } from '../storage/observers';

export interface EngineOptions {
  readonly record: ObserverRecord;
  readonly failures: readonly FailureRecord[];
  readonly epoch: number;
  readonly store: ObserverStore;
  readonly sequence: OpenSequence;
  readonly logger: Logger;
  /** The lease is lost; the engine has stopped by itself. */
  readonly lost: (reason: Error) => void;
}
