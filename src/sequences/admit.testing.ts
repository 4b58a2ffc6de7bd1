/** Admits an append in one go, for tests of what admission makes of it. */
import type { AppendRequest } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';
import { admission, type AdmittedAppend } from './admission';

export function admit(request: AppendRequest, now: number, types?: TypesOfStore): AdmittedAppend {
  const work = admission(request, now, types);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
