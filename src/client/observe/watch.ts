import type { ObserversWatchResponse__Output } from '../../contract/generated/annals/v1/ObserversWatchResponse';
import { WATCH_OBSERVERS } from '../calls';
import type { Connection } from '../connection';
import { watch } from '../watch';
import { observerInfo, type ObserverInfo } from './observer-info';

/** The state of observers as it changes. */
export const watchObservers = (
  connection: Connection,
  request: { readonly store: string; readonly namespace: string },
  signal: AbortSignal | undefined,
): AsyncIterableIterator<readonly ObserverInfo[], undefined> =>
  watch(connection, { call: WATCH_OBSERVERS, request, stateOf: infos }, signal);

const infos = ({ observers }: ObserversWatchResponse__Output): readonly ObserverInfo[] => observers.map(observerInfo);
