/**
 * What a running server does regularly: says that it lives, listens to others' commits while there
 * are others, looks at what is followed, at the types it works by, for jobs, and at the disk. Each trouble is logged and tried again.
 */
import type { Logger } from 'pino';
import type { Correlation } from '../../observers/correlation/correlation';
import type { OrderedSequences } from '../../observers/ordered-sequences/ordered-sequences';
import type { Relay } from '../../observers/relay/relay';
import type { EventTypeRegistry } from '../event-types/registry';
import type { JobRunner } from '../jobs/job-runner';
import { JOBS } from '../jobs/tuning';
import type { Observation } from '../observation/observation';
import { OBSERVATION } from '../observation/tuning';
import type { CommitWatch } from '../sequences/commit-watch';
import type { Sequences } from '../sequences/sequences';
import { TUNING } from '../sequences/tuning';
import { OWNERSHIP } from '../storage/ownership';
import { HEARTBEAT_MS, type ServerRegistry } from '../storage/servers';
import type { DiskGuard } from './disk-guard';

/** How often the disk is looked at, in ms: at 100 MB/s the guard's reserve lasts longer. */
const DISK_CHECK_MS = 1_000;

export interface MembershipParts {
  readonly registry: ServerRegistry;
  readonly watch: CommitWatch;
  readonly sequences: Sequences;
  readonly observation: Observation;
  readonly relay: Relay;
  readonly correlation: Correlation;
  readonly ordered: OrderedSequences;
  readonly types: EventTypeRegistry;
  readonly jobs: JobRunner;
  readonly guard: DiskGuard;
  readonly logger: Logger;
}

export class Membership {
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly parts: MembershipParts) {}

  /** Registers, and goes on regularly. */
  async join(): Promise<void> {
    await this.#beat();
    this.#every(HEARTBEAT_MS, 'heartbeat', () => this.#beat());
    this.#every(TUNING.pollMs, 'poll', () => this.parts.sequences.poll());
    this.#every(TUNING.pollMs, 'look at event types', () => this.parts.types.poll());
    this.#every(JOBS.lookMs, 'look for jobs', () => this.parts.jobs.look());
    this.#every(JOBS.tidyMs, 'tidying of jobs', () => this.parts.jobs.tidy());
    this.#every(OBSERVATION.tidyMs, 'tidying of observers', async () => this.parts.observation.tidy());
    this.#every(OWNERSHIP.tendMs, 'look for projections of causes', async () => this.parts.correlation.tend());
    this.#every(OWNERSHIP.tendMs, 'look for links', async () => this.parts.relay.tend());
    this.#every(OWNERSHIP.tendMs, 'look for ordered sequences', async () => this.parts.ordered.tend());
    this.#every(DISK_CHECK_MS, 'disk check', async () => {
      await this.parts.guard.check();
    });
  }

  /** Stops all that, and takes the server off the list. */
  async leave(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
    await this.parts.watch.close();
    await this.parts.registry.leave();
  }

  async #beat(): Promise<void> {
    await this.parts.registry.beat();
    const others = await this.parts.registry.others();
    await this.parts.watch.set(others.length > 0);
  }

  /** One at a time: a run that takes longer than its interval makes the next ones fall out. */
  #every(interval: number, name: string, run: () => Promise<void>): void {
    let current: Promise<void> | undefined;
    const timer = setInterval(() => {
      if (current !== undefined) return;
      const started = run().catch((error: unknown) => {
        this.parts.logger.warn({ err: error }, `${name} failed, trying again`);
      });
      current = started.then(() => {
        this.#running.delete(started);
        current = undefined;
      });
      this.#running.add(started);
    }, interval);
    this.#timers.push(timer);
  }
}
