/**
 * Where a lookup may look: the namespaces of this deployment that links tie together, the other servers that links
 * come from, and those that the caller names. Pure.
 */
import type { LinkSourceAddress } from '../../src/storage/link-records';
import { namespaceKey, type NamespaceAddress } from './ownership';

/** A link of this deployment. */
export interface KnownLink {
  readonly target: NamespaceAddress;
  readonly link: string;
  readonly source: LinkSourceAddress;
  /** Empty: not known. */
  readonly sourceDeployment: string;
}

/** Another server that is asked. */
export interface AskedServer {
  readonly hosts: readonly string[];
  /** Absent: those of its namespaces that have links from here. */
  readonly namespace: NamespaceAddress | undefined;
}

export interface Territory {
  readonly namespaces: readonly NamespaceAddress[];
  readonly servers: readonly AskedServer[];
}

export interface TerritoryOptions {
  readonly links: readonly KnownLink[];
  readonly from: readonly NamespaceAddress[];
  /** This one. */
  readonly deployment: string;
  readonly local: boolean;
  readonly visited: readonly string[];
  readonly peers: readonly AskedServer[];
}

/** The namespaces begin with those that it was asked from. */
export function territory({ links, from, deployment, local, visited, peers }: TerritoryOptions): Territory {
  if (local) return { namespaces: from, servers: [] };
  const isHere = ({ source, sourceDeployment }: KnownLink): boolean =>
    source.hosts.length === 0 || sourceDeployment === deployment;
  const namespaces = new Map(from.map((address) => [namespaceKey(address), address]));
  const servers = new Map<string, AskedServer>();
  // What is found on the way is looked at too.
  for (const [key] of namespaces) {
    for (const link of links) {
      const { target, source, sourceDeployment } = link;
      const [into, outOf] = [namespaceKey(target), namespaceKey(source)];
      if (isHere(link)) {
        if (into === key) namespaces.set(outOf, addressOf(source));
        if (outOf === key) namespaces.set(into, target);
      } else if (into === key && !visited.includes(sourceDeployment)) {
        const server = { hosts: source.hosts, namespace: addressOf(source) };
        servers.set(serverKey(server), server);
      }
    }
  }
  for (const peer of peers) servers.set(serverKey(peer), peer);
  return { namespaces: [...namespaces.values()], servers: [...servers.values()] };
}

/** The namespaces here that have links from those of another deployment. */
export const linkedFrom = (
  links: readonly KnownLink[],
  deployment: string,
  namespaces: readonly NamespaceAddress[],
): NamespaceAddress[] => {
  const sources = new Set(namespaces.map(namespaceKey));
  const found = links.filter((link) => link.sourceDeployment === deployment && sources.has(namespaceKey(link.source)));
  return [...new Map(found.map(({ target }) => [namespaceKey(target), target])).values()];
};

export const serverKey = ({ hosts, namespace }: AskedServer): string =>
  `${hosts.join(',')}${namespace === undefined ? '' : `/${namespaceKey(namespace)}`}`;

const addressOf = ({ store, namespace }: NamespaceAddress): NamespaceAddress => ({ store, namespace });
