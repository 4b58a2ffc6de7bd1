/** Admits an append in one go, for tests of what admission makes of it. */
import type { AppendRequest } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';
import { admission, type AdmittedAppend } from './admission';
import { atOnce } from '../kernel/steps';

export const admit = (request: AppendRequest, now: number, types?: TypesOfStore): AdmittedAppend =>
  atOnce(admission(request, now, types));
