import type { Observable, ObservableInput } from 'rxjs';
import type { Filter } from '../filter';
import type { RecordedEvent } from '../recorded-event';
import { rxjs } from '../rxjs';
import type { DeliveryContext } from './delivery-context';
import type { AnyEventOf, AnyTypes, EventOf, ObserveOptions, ObserveSettings } from './handlers';
import type { Observation } from './observation';

/**
 * Observing with rxjs. Every event is given to a function that makes an Observable, as `concatMap`
 * takes it, and is handled when that one completes: so acknowledgement, order within a partition and
 * back-pressure need no operator that knows of them.
 */

type Project<Event, Out> = (event: Event, context: DeliveryContext) => ObservableInput<Out>;

interface Rx {
  /** Its first value, or its end, stops gracefully: what is being handled is finished, and the Observable completes. */
  readonly until?: ObservableInput<unknown> | undefined;
}

type Settings = Omit<ObserveSettings, 'signal'> & Rx;

interface ProjectedByType<Projects> {
  readonly on: Projects;
  readonly eventSourceIds?: readonly string[] | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
  readonly correlationId?: string | undefined;
  /** Also the announcements of compensations and redactions of these events: `event.announcement` tells. */
  readonly announcements?: boolean | undefined;
  readonly handle?: undefined;
}

interface ProjectedAlike<Projection> extends Filter {
  readonly handle: Projection;
  readonly filters?: readonly Filter[] | undefined;
  readonly on?: undefined;
}

export type ObserveRxOptions<Types extends object = AnyTypes, Out = unknown> = Settings &
  (
    | ProjectedByType<{ readonly [Type in keyof Types & string]?: Project<EventOf<Types, Type>, Out> }>
    | ProjectedAlike<Project<AnyEventOf<Types>, Out>>
  );

/**
 * What the inner Observables emit. Each subscriber observes by itself. Leaving unsubscribes from those
 * that have not completed; their events come again. An error of an inner Observable fails its event,
 * not the whole; the whole fails when the observation does.
 */
export function observe$<Types extends object, Out>(
  begin: (options: ObserveOptions<object>) => Observation,
  { until, ...options }: ObserveRxOptions<Types, Out>,
): Observable<Out> {
  const { Observable: Observed, from } = rxjs();
  return new Observed<Out>((subscriber) => {
    const leaving = new AbortController();
    const inner = (project: Project<RecordedEvent, Out>) => async (event: RecordedEvent, context: DeliveryContext) => {
      const { signal } = context;
      await new Promise<void>((resolve, reject) => {
        const subscription = from(project(event, context)).subscribe({
          next: (value) => {
            subscriber.next(value);
          },
          error: reject,
          complete: resolve,
        });
        const leave = () => {
          subscription.unsubscribe();
          // What is thrown now is told to nobody.
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', leave, { once: true });
        // At once when it has ended already.
        subscription.add(() => {
          signal.removeEventListener('abort', leave);
        });
      });
    };
    // The casts: what the filter selects has the types that the program declared for it.
    const { on, handle, ...settings } = options;
    const projects = Object.entries(on ?? {}) as [string, Project<RecordedEvent, Out>][];
    const handlers =
      handle === undefined
        ? { on: Object.fromEntries(projects.map(([type, project]) => [type, inner(project)])) }
        : { handle: inner(handle as Project<RecordedEvent, Out>) };
    const observation = begin({ ...settings, ...handlers, signal: leaving.signal } as ObserveOptions<object>);
    observation.done.then(
      () => {
        subscriber.complete();
      },
      (error: unknown) => {
        subscriber.error(error);
      },
    );
    const stop = () => void observation.stop();
    const untilSubscription =
      until === undefined
        ? undefined
        : from(until).subscribe({
            next: stop,
            complete: stop,
            error: (error: unknown) => {
              subscriber.error(error);
            },
          });
    return () => {
      untilSubscription?.unsubscribe();
      leaving.abort();
    };
  });
}
