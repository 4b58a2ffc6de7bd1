/**
 * The judge of a run: whether what clients were told and subscribers were given agrees with the log
 * that was read back at the end. It knows nothing of servers, only of promises.
 */
import { gatherEvidence, type Evidence } from './evidence';
import type { HistoryRecord, LogEvent } from './history';
import type { Objection } from './objection';
import {
  aBatchIsWhole,
  acknowledgedEventsAreThere,
  anAppendIsNewOnce,
  aRetryIsToldTheSameNumbers,
} from './rules/appends';
import { expectationsAreTrueAtTheirPlace } from './rules/expectations';
import { anEventIdIsThereOnce, numbersAreContiguous, onlyWhatWasSentIsThere } from './rules/log';
import { whatWasKnownComesBefore } from './rules/order';
import { aRefusalHasAReason, whatWasDeniedIsAbsent } from './rules/refusals';
import { aSubscriberSeesAPrefix } from './rules/subscribers';

const RULES: readonly ((evidence: Evidence) => Objection[])[] = [
  numbersAreContiguous,
  anEventIdIsThereOnce,
  onlyWhatWasSentIsThere,
  acknowledgedEventsAreThere,
  aBatchIsWhole,
  aRetryIsToldTheSameNumbers,
  anAppendIsNewOnce,
  whatWasDeniedIsAbsent,
  aRefusalHasAReason,
  expectationsAreTrueAtTheirPlace,
  whatWasKnownComesBefore,
  aSubscriberSeesAPrefix,
];

/** Everything that is wrong; an empty list means that every promise was kept. `log` is in the order in which it was read. */
export function checkHistory(history: readonly HistoryRecord[], log: readonly LogEvent[]): Objection[] {
  const evidence = gatherEvidence(history, log);
  return RULES.flatMap((rule) => rule(evidence));
}
