/**
 * Puts a constraint into force at one exact place of the log. The mark takes a number: whoever has not
 * seen it fails to insert behind it, looks, and hears of the constraint before it checks again. What
 * is recorded below the mark has been looked at, and what is recorded above obeys.
 */
import { BSON, type ClientSession } from 'mongodb';
import type { FenceOutcome, FencePlan } from '../constraints/activation';
import { newId } from '../kernel/ids';
import { MIN_DATE_MS } from '../kernel/limits';
import { SERVER_IDENTITY } from './audit';
import { ownAppend } from './admission';
import { HOLD, type Verdict } from './expectations';
import type { OpenSequence } from './open-sequence';

/** Readers never see it. */
const FENCE_TYPE = '$ConstraintInForce';

/** @param deadline on the clock of `performance.now()`, in ms. */
export async function putFence(sequence: OpenSequence, plan: FencePlan, deadline: number): Promise<FenceOutcome> {
  const { id, constraint, reason } = plan;
  const draft = {
    eventId: id,
    type: FENCE_TYPE,
    eventSourceId: constraint,
    generation: 1,
    tags: [],
    correlationId: newId(),
    causationId: '',
    causedBy: SERVER_IDENTITY,
    occurred: Date.now(),
    validFrom: MIN_DATE_MS,
    contents: [{ generation: 1, content: Buffer.from(BSON.serialize({ constraint })) }],
    announces: { kind: 'constraint' as const, sequenceNumber: 0, reason },
  };
  const companion = {
    touches: new Set([`constraint ${constraint}`]),
    check: async (next: number): Promise<Verdict> => {
      const violations = await plan.check(next);
      return violations.length === 0 ? HOLD : { kind: 'violated', violations };
    },
    write: async (session: ClientSession, number: number) => plan.write(session, number),
  };
  const answer = await sequence.sequencer.submit(ownAppend([draft], [companion]), deadline);
  return 'refused' in answer ? answer.refused : { number: answer.appended.firstSequenceNumber };
}
