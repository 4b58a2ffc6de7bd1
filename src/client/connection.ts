import { setMaxListeners } from 'node:events';
import { AnnalsError } from '../kernel/annals-error';
import { Cancellation, reasonOf, unlessAborted } from './cancellation';
import { Link } from './link';
import { Backoff, pause } from './retry';

/**
 * A client's way to its servers: one link at a time, made when it is first needed, and made anew
 * after it was lost, to the next host of the connection string. Whoever waits for a link waits for
 * the same dialling; it goes on for as long as somebody waits.
 */
export class Connection {
  private readonly hosts: readonly string[];
  private hostIndex = 0;
  private link: Link | undefined;
  private dialling:
    { readonly result: Promise<Link>; readonly cancellation: Cancellation; waiting: number } | undefined;
  private readonly closing = new AbortController();

  /** @param rounds over the hosts until whoever waits is told that there is no server: by default nobody is, and it goes on. */
  constructor(
    hosts: readonly string[],
    private readonly rounds = Infinity,
  ) {
    this.hosts = hosts;
    // Everything under way listens to it and lets go again; a program may have any number under way.
    setMaxListeners(0, this.closing.signal);
  }

  /** Aborted when the client is closed, with CLIENT_CLOSED as its reason. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  /** The hosts, for a message. */
  get addresses(): string {
    return this.hosts.join(', ');
  }

  /** A link that is connected; dials until there is one, or the signal is aborted, whose reason it throws. SERVER_UNREACHABLE after the last round. */
  async ready(signal: AbortSignal): Promise<Link> {
    if (this.closed.aborted) throw reasonOf(this.closed);
    if (this.link?.ready === true) return this.link;
    const dialling = (this.dialling ??= this.startDialling());
    dialling.waiting++;
    try {
      return await unlessAborted(dialling.result, signal);
    } finally {
      if (--dialling.waiting === 0) {
        dialling.cancellation.cancel(new AnnalsError('CANCELLED'));
        // Whoever comes next must not wait for what was just called off.
        if (this.dialling === dialling) this.dialling = undefined;
      }
    }
  }

  /** A call on this link ended as calls on a dead connection do: the next one goes to the next host. */
  lost(link: Link): void {
    link.abandon();
    if (this.link !== link) return;
    this.link = undefined;
    this.hostIndex = (this.hostIndex + 1) % this.hosts.length;
  }

  /** Everything that waits or is open ends with CLIENT_CLOSED. */
  close(): void {
    this.closing.abort(new AnnalsError('CLIENT_CLOSED'));
    this.link?.abandon();
    this.link = undefined;
  }

  private startDialling() {
    const cancellation = new Cancellation(this.closed);
    const result = this.dial(cancellation.signal).finally(() => {
      cancellation.release();
      if (this.dialling?.result === result) this.dialling = undefined;
    });
    return { result, cancellation, waiting: 0 };
  }

  private async dial(signal: AbortSignal): Promise<Link> {
    this.link?.abandon();
    this.link = undefined;
    const backoff = new Backoff();
    for (let round = 1; ; round++) {
      for (let tried = 0; tried < this.hosts.length; tried++) {
        const link = await this.attempt(signal);
        if (link !== undefined) return link;
        this.hostIndex = (this.hostIndex + 1) % this.hosts.length;
      }
      if (round >= this.rounds) throw new AnnalsError('SERVER_UNREACHABLE', `No server answered at ${this.addresses}`);
      await pause(backoff.next(), signal);
    }
  }

  private async attempt(signal: AbortSignal): Promise<Link | undefined> {
    // The index is always within the hosts, of which there is at least one.
    const link = new Link(this.hosts[this.hostIndex] as string);
    const abandon = () => link.abandon();
    signal.addEventListener('abort', abandon, { once: true });
    const connected = await link.connect();
    signal.removeEventListener('abort', abandon);
    if (signal.aborted) {
      link.abandon();
      throw reasonOf(signal);
    }
    if (!connected) {
      link.abandon();
      return undefined;
    }
    this.link = link;
    return link;
  }
}
