import { randomUUID } from 'node:crypto';

/** Somebody at the gateway's surface, by token. */
export interface Caller {
  get<Body>(path: string): Promise<Body>;
  /** Also of what is changed: with the tag that reading it gave. */
  read<Body>(path: string): Promise<{ readonly body: Body; readonly tag: string }>;
  post<Body>(path: string, body?: object, tag?: string): Promise<Body>;
  postFile<Body>(path: string, type: string, bytes: Uint8Array): Promise<Body>;
}

/** @throws Error for any answer but a good one: the demo plays what must succeed */
export function callerAt(url: string, token: string): Caller {
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const answer = await fetch(url + path, { ...init, headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${answer.status} ${text}`);
    return { body: JSON.parse(text) as unknown, tag: answer.headers.get('etag') ?? '' };
  };
  const keyed = (type: string) => ({ 'content-type': type, 'idempotency-key': randomUUID() });
  return {
    get: async <Body>(path: string) => (await ask(path)).body as Body,
    read: async <Body>(path: string) => (await ask(path)) as { body: Body; tag: string },
    post: async <Body>(path: string, body?: object, tag?: string) => {
      const headers = { ...keyed('application/json'), ...(tag === undefined ? {} : { 'if-match': tag }) };
      const json = body === undefined ? {} : { body: JSON.stringify(body) };
      return (await ask(path, { method: 'POST', headers, ...json })).body as Body;
    },
    postFile: async <Body>(path: string, type: string, bytes: Uint8Array) =>
      (await ask(path, { method: 'POST', headers: keyed(type), body: Buffer.from(bytes) })).body as Body,
  };
}

/** A new account, logged in with the password it was given. */
export async function newPerson(url: string, supervisor: Caller, name: string, role: string): Promise<Caller> {
  const { password } = await supervisor.post<{ password: string }>('/v1/users', { name, role });
  const { token } = await callerAt(url, '').post<{ token: string }>('/v1/sessions', { name, password });
  return callerAt(url, token);
}

/** A program of an exchange, with a key of its own. */
export async function newProgram(url: string, supervisor: Caller, exchange: string): Promise<Caller> {
  const name = `${exchange}-clearing`;
  await supervisor.post('/v1/users', { name, role: 'integrator', exchange });
  const { token } = await supervisor.post<{ token: string }>(`/v1/users/${name}/keys`, { label: 'demo' });
  return callerAt(url, token);
}
