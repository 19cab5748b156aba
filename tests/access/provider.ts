import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** Who logs in at the provider, and what it says of them. */
export interface Subject {
  readonly sub: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** What a provider that is broken, or not the one it says it is, does differently. */
export interface Crooked {
  readonly nonce?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expiresAt?: number;
  readonly strangeKey?: boolean;
  readonly alg?: 'none';
}

export interface Provider {
  readonly issuer: string;
  /** The next to log in. */
  subject: Subject;
  crooked: Crooked;
  readonly asked: { readonly tokens: number };
  close(): Promise<void>;
}

export const CLIENT = { id: 'qiao', secret: 'client secret of a test' } as const;

/** A small OpenID provider on loopback: discovery, authorization code with PKCE, ID tokens signed by ES256. */
export async function openProvider(redirectUri: string): Promise<Provider> {
  const own = await generateKeyPair('ES256');
  const strange = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const codes = new Map<string, { readonly nonce: string; readonly challenge: string; readonly subject: Subject }>();
  const provider = { subject: { sub: 'nobody', claims: {} } as Subject, crooked: {} as Crooked, asked: { tokens: 0 } };
  let issuer = '';

  async function answer(request: IncomingMessage): Promise<{ status: number; body?: unknown; location?: string }> {
    const url = new URL(request.url ?? '/', issuer);
    if (url.pathname === '/.well-known/openid-configuration') {
      const endpoints = { authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };
      const says = { response_types_supported: ['code'], id_token_signing_alg_values_supported: ['ES256'] };
      const more = { subject_types_supported: ['public'], code_challenge_methods_supported: ['S256'] };
      return { status: 200, body: { issuer, ...endpoints, jwks_uri: `${issuer}/jwks`, ...says, ...more } };
    }
    if (url.pathname === '/jwks') return { status: 200, body: { keys: [jwk] } };
    if (url.pathname === '/authorize') {
      const of = (name: string) => url.searchParams.get(name) ?? '';
      const isGood =
        of('client_id') === CLIENT.id &&
        of('redirect_uri') === redirectUri &&
        of('response_type') === 'code' &&
        of('code_challenge_method') === 'S256' &&
        of('scope').split(' ').includes('openid');
      if (!isGood || of('state') === '' || of('nonce') === '') return { status: 400 };
      const code = randomUUID();
      codes.set(code, { nonce: of('nonce'), challenge: of('code_challenge'), subject: provider.subject });
      return { status: 302, location: `${redirectUri}?${new URLSearchParams({ code, state: of('state') })}` };
    }
    if (url.pathname === '/token' && request.method === 'POST') {
      provider.asked.tokens += 1;
      let text = '';
      for await (const part of request) text += String(part);
      const form = new URLSearchParams(text);
      const known = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      if (form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret) return { status: 401 };
      if (known === undefined || known.challenge !== challenge || form.get('redirect_uri') !== redirectUri) {
        return { status: 400, body: { error: 'invalid_grant' } };
      }
      const token = await idToken(known.subject, known.nonce);
      return {
        status: 200,
        body: { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60, id_token: token },
      };
    }
    return { status: 404 };
  }

  function idToken({ sub, claims }: Subject, nonce: string): Promise<string> | string {
    const { crooked } = provider;
    const all = { ...claims, nonce: crooked.nonce ?? nonce, sub };
    const now = Math.floor(Date.now() / 1000);
    const about = { iss: crooked.issuer ?? issuer, aud: crooked.audience ?? CLIENT.id };
    if (crooked.alg === 'none') {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ alg: 'none' })}.${part({ ...all, ...about, iat: now, exp: now + 60 })}.`;
    }
    return new SignJWT(all)
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer(about.iss)
      .setAudience(about.aud)
      .setIssuedAt()
      .setExpirationTime(crooked.expiresAt ?? now + 60)
      .sign(crooked.strangeKey === true ? strange.privateKey : own.privateKey);
  }

  const server: Server = createServer((request, response) => {
    answer(request).then(
      ({ status, body, location }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) });
        response.end(JSON.stringify(body ?? {}));
      },
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(provider, {
    issuer,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
