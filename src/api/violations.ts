/** What a rule refused, as the wire has it. */
import type { Violation as ViolationMessage } from '../contract/generated/annals/v1/Violation';
import type { Violation } from '../kernel/violation';

export const violationMessage = ({ sequenceNumber, ...violation }: Violation): ViolationMessage =>
  sequenceNumber === undefined ? violation : { ...violation, sequenceNumber };
