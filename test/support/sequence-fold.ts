/**
 * A second opinion of what the log of ordered sequences adds up to: a small fold of its own, made from what the
 * documentation says of each entry, by no line of the server's. The checker holds the rows against it.
 */
import type { Document } from 'mongodb';

/** An entry as it stands in MongoDB, with its content beside it. */
export interface Logged {
  readonly number: number;
  readonly at: Date;
  readonly type: string;
  readonly eventId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  /** What it says, whatever its type; the fold knows which fields each type has. */
  readonly says: Document;
}

export interface FoldedStep {
  eventId: string;
  readonly order: number;
  readonly required: boolean;
  status: string;
  /** When it was processed or failed. */
  at: Date | null;
  /** It is gone past, though it failed. */
  passed: boolean;
  updated: Date;
  /** The type of its event, once it came. */
  eventType: string | null;
}

export interface FoldedCompensation {
  readonly says: Document;
  /** As CompensationAppended says; empty: it never did. */
  readonly numbers: number[];
}

export interface Folded {
  /** As it began. */
  readonly document: Document;
  readonly created: number;
  last: number;
  status: string;
  phase: 'running' | 'rolling-back' | 'needs-person' | 'settled';
  outcome: string | null;
  readonly steps: FoldedStep[];
  createdAt: Date;
  updatedAt: Date;
  completedAt: Date | null;
  /** The place of the step whose failure is the sequence's. */
  failed: number | null;
  /** Null: it was not rendered. */
  compensations: FoldedCompensation[] | null;
  readonly entries: Logged[];
}

export const logged = (document: Document): Logged => ({
  number: Number(document['_id']),
  at: document['occurred'],
  type: document['type'],
  eventId: document['eventId'],
  correlationId: document['correlationId'],
  causationId: document['causationId'],
  causedBy: document['causedBy'],
  says: document['content']['1'],
});

/** What is not about one sequence. */
const OF_THE_NAMESPACE = ['DefinitionAdded', 'ProcessorsKnown', 'StartRefused'];

/** Every sequence that the log tells of, by its id. @throws Error when an entry cannot be */
export function foldedSequences(log: readonly Document[]): Map<string, Folded> {
  const all = new Map<string, Folded>();
  for (const document of log) {
    if (OF_THE_NAMESPACE.includes(document['type'])) continue;
    const id = String(document['eventSourceId']);
    const entry = logged(document);
    const before = all.get(id);
    if (before === undefined) all.set(id, begun(entry));
    else taken(before, entry);
  }
  return all;
}

export const time = (given: string | null | undefined): Date | null => (given ? new Date(given) : null);

function begun(entry: Logged): Folded {
  if (entry.type !== 'SequenceCreated') throw new Error(`the log of a sequence begins with ${entry.type}`);
  const { document } = entry.says;
  const events = document['events'] as readonly Document[];
  return {
    document,
    created: entry.number,
    last: entry.number,
    status: document['status'],
    phase: 'running',
    outcome: null,
    steps: events.map((event) => ({
      eventId: event['eventId'],
      order: event['order'],
      required: event['required'],
      status: event['status'],
      at: time(event['processingTimestamp']),
      passed: false,
      updated: entry.at,
      eventType: null,
    })),
    createdAt: time(document['created_at']) ?? entry.at,
    updatedAt: time(document['updated_at']) ?? entry.at,
    completedAt: null,
    failed: null,
    compensations: null,
    entries: [entry],
  };
}

/** The steps that nothing goes past. */
export const inTheWay = ({ steps }: Folded): FoldedStep[] =>
  steps.filter(({ status, required, passed }) => status === 'failed' && required && !passed);

function taken(folded: Folded, entry: Logged): void {
  const { at, type, says } = entry;
  folded.entries.push(entry);
  folded.last = entry.number;
  folded.updatedAt = at;
  const step = typeof says['step'] === 'number' ? folded.steps[says['step']] : undefined;
  if (step !== undefined && type.startsWith('Step')) stepTaken(folded, step, entry);
  switch (type) {
    case 'SequenceCompleted':
      folded.completedAt = at;
      return over(folded, 'completed');
    case 'SequenceFailed':
      folded.status = 'failed';
      folded.failed = says['step'];
      if (says['then'] === 'end') over(folded, 'failed');
      else folded.phase = says['then'] === 'rollback' ? 'rolling-back' : 'needs-person';
      return;
    case 'RollbackRendered':
      folded.compensations = (says['compensations'] as readonly Document[]).map((one) => ({ says: one, numbers: [] }));
      return;
    case 'RollbackStopped':
      folded.phase = 'needs-person';
      return;
    case 'CompensationAppended': {
      const compensation = folded.compensations?.find((one) => one.says['entry'] === says['entry']);
      if (compensation === undefined) throw new Error(`entry ${String(says['entry'])} is appended and not rendered`);
      compensation.numbers.push(Number(says['sequenceNumber']));
      return;
    }
    case 'RollbackCompleted':
      return over(folded, 'rolled_back');
    case 'SequenceResolved':
      return resolved(folded, entry);
  }
}

function over(folded: Folded, outcome: string): void {
  folded.phase = 'settled';
  folded.outcome = outcome;
  folded.status = outcome === 'completed' ? 'completed' : 'failed';
}

function stepTaken(folded: Folded, step: FoldedStep, { at, type, says }: Logged): void {
  step.updated = at;
  if (type === 'StepArrived') {
    step.eventId = says['eventId'];
    step.eventType = says['eventType'];
    return;
  }
  if (folded.status === 'created') folded.status = 'in_progress';
  if (type === 'StepProcessed') Object.assign(step, { status: 'processed', at, passed: false });
  if (type === 'StepFailed' && says['retryAt'] === null) {
    Object.assign(step, { status: 'failed', at, passed: !step.required });
  }
}

/** What each act of a person makes of a step. */
const ACTS: Readonly<Record<string, (at: Date) => Partial<FoldedStep>>> = {
  retry: () => ({ status: 'pending', at: null, passed: false }),
  skip: (at) => ({ status: 'failed', at, passed: true }),
  complete: (at) => ({ status: 'processed', at, passed: false }),
};

function resolved(folded: Folded, { at, says }: Logged): void {
  const { action, step: place, entry } = says;
  if (action === 'pause' || action === 'resume') return;
  if (action === 'cancel') return over(folded, 'cancelled');
  if (action === 'fail' && place === null) return over(folded, 'failed');
  if (action === 'compensate' || entry !== null) {
    // One that was running rolls back once nothing is under way, and says so itself.
    if (folded.phase !== 'needs-person') return;
    folded.phase = 'rolling-back';
    if (action === 'skip' || action === 'complete') {
      folded.compensations = folded.compensations?.filter((one) => one.says['entry'] !== entry) ?? null;
    }
    return;
  }
  const named = folded.steps[place ?? -1];
  for (const step of named === undefined ? inTheWay(folded) : [named]) {
    const change = action === 'fail' ? { status: 'failed', at, passed: !step.required } : ACTS[action]?.(at);
    Object.assign(step, change, { updated: at });
  }
  if (folded.phase !== 'needs-person' || inTheWay(folded).length > 0) return;
  Object.assign(folded, { phase: 'running', status: 'in_progress', failed: null });
}
