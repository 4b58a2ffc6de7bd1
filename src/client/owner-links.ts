import type { AnnalsError } from '../kernel/annals-error';
import { unlessAborted } from './cancellation';
import type { Connection } from './connection';
import { Link } from './link';

/**
 * The way to the server that owns something (an observer), where the client's own connection leads
 * to another one. An owner is followed when a server names it, and forgotten when it can't be
 * reached: whichever server the connection leads to then knows better, or takes it over.
 */
export class OwnerLinks {
  readonly #connection: Connection;
  /** By what is owned. */
  readonly #owners = new Map<string, string>();
  readonly #links = new Map<string, Link>();
  readonly #dialling = new Map<string, Promise<Link | undefined>>();

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.closed.addEventListener('abort', () => {
      for (const link of this.#links.values()) link.abandon();
    });
  }

  /** A link to the owner, as far as it is known and answers, or to any server. Throws the signal's reason. */
  async ready(owned: string, signal: AbortSignal): Promise<Link> {
    const address = this.#owners.get(owned);
    if (address !== undefined) {
      const link = await unlessAborted(this.#linkTo(address), signal);
      if (link !== undefined) return link;
      this.#forget(owned, address);
    }
    return this.#connection.ready(signal);
  }

  /** Whether the error names another owner; the next `ready` leads there. */
  follow(owned: string, error: AnnalsError): boolean {
    if (error.code !== 'OWNED_ELSEWHERE') return false;
    const { owner } = error.metadata;
    if (owner === undefined || owner === '') return false;
    this.#owners.set(owned, owner);
    return true;
  }

  /** A call on this link ended as calls on a dead connection do. */
  lost(owned: string, link: Link): void {
    const address = this.#owners.get(owned);
    if (address !== undefined && this.#links.get(address) === link) {
      link.abandon();
      this.#links.delete(address);
      this.#forget(owned, address);
    } else {
      this.#connection.lost(link);
    }
  }

  /** The servers that the client was given, for a message. */
  get addresses(): string {
    return this.#connection.addresses;
  }

  #forget(owned: string, address: string): void {
    // Another call may have learnt better meanwhile.
    if (this.#owners.get(owned) === address) this.#owners.delete(owned);
  }

  async #linkTo(address: string): Promise<Link | undefined> {
    const known = this.#links.get(address);
    if (known?.ready === true) return known;
    let dialling = this.#dialling.get(address);
    if (dialling === undefined) {
      dialling = this.#dial(address).finally(() => this.#dialling.delete(address));
      this.#dialling.set(address, dialling);
    }
    return dialling;
  }

  async #dial(address: string): Promise<Link | undefined> {
    this.#links.get(address)?.abandon();
    const link = new Link(address);
    this.#links.set(address, link);
    if (await link.connect()) return link;
    link.abandon();
    if (this.#links.get(address) === link) this.#links.delete(address);
    return undefined;
  }
}
