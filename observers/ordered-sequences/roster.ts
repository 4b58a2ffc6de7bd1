/**
 * The processors of a namespace, and which of them has which step. A step that nobody can take waits in the order in
 * which it came, whatever sequence it belongs to; a processor that comes or gets room takes the oldest of its types.
 * What a processor that is gone had waits again.
 */
import type { AnnalsError } from '../../src/kernel/annals-error';
import type { ContentType } from '../../src/contract/messages';

/** A processor as its stream knows it. */
export interface Processor {
  readonly id: string;
  readonly name: string;
  readonly eventTypes: ReadonlySet<string>;
  /** Steps that it has at a time. */
  readonly credits: number;
  /** How long it may take for a step that has no timeout of its own, in ms. */
  readonly deadlineMs: number;
  readonly contentType: ContentType;
  /** It does not read what it was sent: it gets nothing more until it does. */
  isBlocked(): boolean;
  send(tasks: readonly Task[]): void;
  revoke(taskIds: readonly number[]): void;
  /** It is to connect again, perhaps elsewhere. */
  end(reason: AnnalsError): void;
}

/** A step as a processor gets it. */
export interface Task {
  readonly id: number;
  readonly idempotencyKey: string;
  readonly sequenceId: string;
  readonly sequenceName: string;
  readonly order: number;
  readonly attempt: number;
  /** The event as a message of the wire; empty: its content is gone. */
  readonly event: Buffer;
  readonly deadline: number | null;
  readonly document: Buffer;
  readonly redelivery: boolean;
}

/** A step of a sequence, by its place. */
export interface StepPlace {
  readonly sequenceId: string;
  readonly step: number;
}

/** A processor's room for a step, before and after it was handed over. */
export interface Place extends StepPlace {
  readonly taskId: number;
  readonly processor: Processor;
  attempt: number;
  /** Somebody may have had this step before. */
  again: boolean;
  handed: boolean;
}

export interface RosterEvents {
  /** There is a place for a step that waits: whoever decides about its sequence is to look. */
  readonly wanted: (sequenceId: string) => void;
}

interface Member {
  readonly processor: Processor;
  readonly places: Map<number, Place>;
  leaving: boolean;
  heard: number;
}

const keyOf = ({ sequenceId, step }: StepPlace): string => `${step}/${sequenceId}`;

export class Roster {
  readonly #members = new Map<string, Member>();
  readonly #places = new Map<string, Place>();
  /** The keys that each sequence has places or waits under. */
  readonly #bySequence = new Map<string, Set<string>>();
  readonly #waiting = new Map<string, StepPlace & { readonly eventType: string }>();
  /** The keys of those that wait, by event type, in the order in which they are to be taken. */
  readonly #queues = new Map<string, Set<string>>();
  #taskId = 0;

  constructor(private readonly events: RosterEvents) {}

  /** How many processors are there. */
  get size(): number {
    return this.#members.size;
  }

  add(processor: Processor): void {
    this.#members.set(processor.id, { processor, places: new Map(), leaving: false, heard: performance.now() });
    this.#fill();
  }

  heard(id: string): void {
    const member = this.#members.get(id);
    if (member !== undefined) member.heard = performance.now();
  }

  /** Those of whom nothing has been heard for so long, in ms. */
  silentFor(ms: number): Processor[] {
    const since = performance.now() - ms;
    return [...this.#members.values()].filter(({ heard }) => heard < since).map(({ processor }) => processor);
  }

  /** One that was blocked takes something again. */
  unblocked(): void {
    this.#fill();
  }

  /** It takes nothing new. */
  leaving(id: string): void {
    const member = this.#members.get(id);
    if (member !== undefined) member.leaving = true;
  }

  /** It is gone; what it had goes to others. */
  remove(id: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    for (const place of member.places.values()) {
      this.#drop(place);
      this.events.wanted(place.sequenceId);
    }
  }

  /** The place for a step at a processor, if there is one; otherwise it waits. A step that has one keeps it. */
  place(step: StepPlace, eventType: string): Place | undefined {
    const key = keyOf(step);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const free = this.#waiting.has(key) ? undefined : this.#free(eventType);
    if (free !== undefined) return this.#reserve(free, step);
    if (!this.#waiting.has(key)) {
      this.#waiting.set(key, { ...step, eventType });
      this.#index(step.sequenceId).add(key);
      const queue = this.#queues.get(eventType);
      if (queue === undefined) this.#queues.set(eventType, new Set([key]));
      else queue.add(key);
    }
    return undefined;
  }

  /** A processor has it. */
  isHeld(step: StepPlace): boolean {
    return this.#places.get(keyOf(step))?.handed === true;
  }

  /** The steps of a sequence that are to have a place or wait for one: any other's place is free again, and its processor is told. */
  keep(sequenceId: string, steps: ReadonlyMap<number, number>): void {
    const keys = this.#bySequence.get(sequenceId);
    if (keys === undefined) return;
    let freed = false;
    for (const key of keys) {
      const place = this.#places.get(key);
      const step = place?.step ?? this.#waiting.get(key)?.step;
      const attempt = step === undefined ? undefined : steps.get(step);
      // A place for another attempt than the one that is due now is none.
      if (attempt !== undefined && (place?.handed !== true || place.attempt === attempt)) continue;
      if (place === undefined) {
        this.#waitsNoMore(key);
        keys.delete(key);
      } else {
        this.#drop(place);
        if (place.handed) place.processor.revoke([place.taskId]);
        freed = true;
      }
    }
    if (keys.size === 0) this.#bySequence.delete(sequenceId);
    if (freed) this.#fill();
  }

  /** The place that an answer is for; undefined: it is too late, or nobody's. */
  answered(processorId: string, taskId: number): Place | undefined {
    const place = this.#members.get(processorId)?.places.get(taskId);
    return place?.handed === true ? place : undefined;
  }

  /** It was answered: there is room for another. */
  free(place: Place): void {
    if (this.#places.get(keyOf(place)) !== place) return;
    this.#drop(place);
    this.#fill();
  }

  /** Every processor is to go elsewhere. */
  endAll(reason: AnnalsError): void {
    for (const { processor } of this.#members.values()) processor.end(reason);
    this.#members.clear();
    this.#places.clear();
    this.#waiting.clear();
    this.#queues.clear();
    this.#bySequence.clear();
  }

  /** The steps that wait are given the places that there are. */
  #fill(): void {
    for (const [eventType, queue] of this.#queues) {
      for (const key of queue) {
        const free = this.#free(eventType);
        if (free === undefined) break;
        const waits = this.#waiting.get(key);
        this.#waitsNoMore(key);
        if (waits === undefined) continue;
        this.#reserve(free, waits);
        this.events.wanted(waits.sequenceId);
      }
    }
  }

  #waitsNoMore(key: string): void {
    const eventType = this.#waiting.get(key)?.eventType ?? '';
    this.#waiting.delete(key);
    const queue = this.#queues.get(eventType);
    queue?.delete(key);
    if (queue?.size === 0) this.#queues.delete(eventType);
  }

  /** The processor for the type that has the most room. */
  #free(eventType: string): Member | undefined {
    let best: Member | undefined;
    let most = 0;
    for (const member of this.#members.values()) {
      const { processor, places, leaving } = member;
      if (leaving || !processor.eventTypes.has(eventType) || processor.isBlocked()) continue;
      const room = processor.credits - places.size;
      if (room > most) {
        best = member;
        most = room;
      }
    }
    return best;
  }

  #reserve({ processor, places }: Member, { sequenceId, step }: StepPlace): Place {
    const place: Place = {
      taskId: ++this.#taskId,
      processor,
      sequenceId,
      step,
      attempt: 0,
      again: false,
      handed: false,
    };
    places.set(place.taskId, place);
    this.#places.set(keyOf(place), place);
    this.#index(sequenceId).add(keyOf(place));
    return place;
  }

  #drop(place: Place): void {
    const key = keyOf(place);
    this.#places.delete(key);
    this.#members.get(place.processor.id)?.places.delete(place.taskId);
    const keys = this.#bySequence.get(place.sequenceId);
    keys?.delete(key);
    if (keys?.size === 0) this.#bySequence.delete(place.sequenceId);
  }

  #index(sequenceId: string): Set<string> {
    const keys = this.#bySequence.get(sequenceId);
    if (keys !== undefined) return keys;
    const made = new Set<string>();
    this.#bySequence.set(sequenceId, made);
    return made;
  }
}
