import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_NAMESPACE, DEFAULT_STORE, checkName } from '../kernel/names';

/**
 * `annals://host:port[,host:port]/store?namespace=…`: which servers, in the order in which they are
 * tried, and whose events. Port, store and namespace have defaults; anything else is refused, since
 * a misspelt option that is passed over is found out much later.
 */
export interface ConnectionString {
  /** `host:port`, at least one. */
  readonly hosts: readonly string[];
  readonly store: string;
  readonly namespace: string;
}

const SCHEME = 'annals://';
const DEFAULT_PORT = 4400;
const MAX_PORT = 65_535;

/** A name or IPv4 address, or an IPv6 address in brackets; then, perhaps, a port. */
const HOST = /^(?<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?$/;

/** Throws INVALID_CONNECTION_STRING, which names the part. */
export function parseConnectionString(text: string): ConnectionString {
  if (!text.startsWith(SCHEME)) throw invalid('scheme', `it starts with ${SCHEME}, and not as ${shown(text)} does`);
  const [, authority = '', path = '', query = ''] =
    /^([^/?#]*)(\/[^?#]*)?(\?[^#]*)?/.exec(text.slice(SCHEME.length)) ?? [];
  if (text.includes('#')) throw invalid('fragment', 'it has no part after a #');
  if (authority.includes('@')) throw invalid('user', 'it takes no user or password');
  return {
    hosts: authority.split(',').map(parseHost),
    store: name('store', decoded('store', path.slice(1)) || DEFAULT_STORE),
    namespace: parseNamespace(query),
  };
}

function parseHost(text: string): string {
  const { host, port = String(DEFAULT_PORT) } = HOST.exec(text)?.groups ?? {};
  if (host === undefined) throw invalid('host', `${shown(text)} is not host:port`);
  if (Number(port) < 1 || Number(port) > MAX_PORT) throw invalid('port', `${port} is not between 1 and ${MAX_PORT}`);
  return `${host}:${port}`;
}

function parseNamespace(query: string): string {
  const options = new URLSearchParams(query);
  for (const key of options.keys()) {
    if (key !== 'namespace') throw invalid(key, `there is no option ${shown(key)}; there is namespace`);
  }
  const values = options.getAll('namespace');
  if (values.length > 1) throw invalid('namespace', 'it stands there twice');
  return name('namespace', values[0] || DEFAULT_NAMESPACE);
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(part, `${shown(text)} has a % that begins no character`);
  }
}

function name(part: string, text: string): string {
  try {
    return checkName(text, part);
  } catch (error) {
    if (error instanceof AnnalsError) throw invalid(part, error.message);
    throw error;
  }
}

const SHOWN_CHARACTERS = 60;

const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN_CHARACTERS));

const invalid = (part: string, what: string): AnnalsError =>
  new AnnalsError('INVALID_CONNECTION_STRING', `The connection string's ${part}: ${what}`, { field: part });
