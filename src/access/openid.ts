import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { forgiveTries, upsertSubject } from '../journal/accounts.ts';
import { type Database, transaction } from '../journal/database.ts';
import { fitsRole, isRole, type Role } from './actor.ts';
import type { OpenedSession, Sessions } from './sessions.ts';
import { Unavailable } from './unavailable.ts';

export interface OpenIdSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The claim of the ID token that says what somebody may do: a text, or a list of them. */
  readonly claim: string;
  /** `value=role` or `value=role@exchange`, separated by commas; the first that the claim holds counts. */
  readonly roles: string;
  /** Where people reach the gateway, without a slash at the end. */
  readonly publicUrl: string;
  readonly timeoutMs: number;
}

/** What a browser keeps between leaving for the provider and coming back. */
export interface Departure {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export type Arrived =
  | { readonly ok: true; readonly session: OpenedSession }
  /** `refused`: the provider's answer does not hold; `no-role`: it vouches for somebody who may do nothing here. */
  | { readonly ok: false; readonly why: 'refused' | 'no-role' | 'disabled'; readonly cause?: unknown };

export interface OpenId {
  leave(): Promise<{ readonly url: string; readonly departure: Departure }>;
  /** @param query of the address that the provider sent the browser back to */
  arrive(query: string, departure: Departure): Promise<Arrived>;
}

export const CALLBACK = '/v1/openid/callback';

/** One role of the map, in the order of the setting. Throws on a setting that says nothing sensible. */
export function readRoleMap(text: string): readonly { value: string; role: Role; exchange: string | null }[] {
  return text.split(',').map((part) => {
    const [value = '', given = '', ...more] = part.split('=').map((one) => one.trim());
    const [role = '', exchange = null, ...evenMore] = given.split('@');
    if (value === '' || more.length + evenMore.length > 0 || !isRole(role) || !fitsRole(role, exchange)) {
      throw new Error(`QIAO_OIDC_ROLES: ${part}`);
    }
    return { value, role, exchange };
  });
}

/**
 * Logging in at an OpenID provider: authorization code with PKCE (RFC 7636), state and nonce. The provider is asked
 * for its metadata when first needed: one that is away stops nobody but those who want to log in there.
 */
export function openOpenId(
  settings: OpenIdSettings,
  database: Database,
  sessions: Sessions,
  nowMs: () => number,
): OpenId {
  const roles = readRoleMap(settings.roles);
  const redirectUri = settings.publicUrl + CALLBACK;
  let known: Promise<Configuration> | undefined;
  const provider = () => {
    known ??= discover(settings).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
  return {
    leave: async () => {
      const departure = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const url = buildAuthorizationUrl(await provider(), {
        redirect_uri: redirectUri,
        scope: 'openid profile',
        response_type: 'code',
        state: departure.state,
        nonce: departure.nonce,
        code_challenge: await calculatePKCECodeChallenge(departure.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, departure };
    },
    arrive: async (query, { state, nonce, verifier }) => {
      const configuration = await provider();
      let claims: Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };
      try {
        const tokens = await authorizationCodeGrant(configuration, new URL(`${redirectUri}?${query}`), {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        claims = tokens.claims()!;
      } catch (cause) {
        return { ok: false, why: 'refused', cause };
      }
      const held = claims[settings.claim];
      const values: readonly unknown[] = Array.isArray(held) ? held : [held];
      const found = roles.find(({ value }) => values.includes(value));
      if (found === undefined || !/^[!-~]{1,200}$/.test(claims.sub)) return { ok: false, why: 'no-role' };
      const { role, exchange } = found;
      const name = `openid:${new URL(claims.iss).host}/${claims.sub}`;
      const account = { name, role, exchange, subject: `${claims.iss} ${claims.sub}` };
      const shown = claims.preferred_username;
      const at = new Date(nowMs());
      return await transaction(database, async (connection): Promise<Arrived> => {
        const kept = await upsertSubject(connection, account, at);
        if (kept.disabled) return { ok: false, why: 'disabled' };
        await forgiveTries(connection, kept.name);
        const detail = { by: 'openid', role, ...(typeof shown === 'string' && { shown: shown.slice(0, 80) }) } as const;
        return { ok: true, session: await sessions.open(connection, kept, detail, at) };
      });
    },
  };
}

async function discover({ issuer, clientId, clientSecret, timeoutMs }: OpenIdSettings): Promise<Configuration> {
  const server = new URL(issuer);
  // Plain http to this machine only: a provider beside the gateway, or one of a test.
  const isHere = server.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(server.hostname);
  try {
    return await discovery(server, clientId, clientSecret, undefined, {
      timeout: Math.ceil(timeoutMs / 1000),
      // An ID token that came straight from the provider would else be believed without a look at its signature
      // (OpenID Connect Core, 3.1.3.7 no. 6 allows that).
      execute: [enableNonRepudiationChecks, ...(isHere ? [allowInsecureRequests] : [])],
    });
  } catch (cause) {
    throw new Unavailable(`the OpenID provider ${issuer} gives no metadata`, { cause });
  }
}

/** Reads back what a browser kept; undefined when it is not of that form. */
export function readDeparture(text: string): Departure | undefined {
  const parts = text.split('.');
  const [state, nonce, verifier] = parts;
  const isWhole = parts.length === 3 && parts.every((part) => /^[A-Za-z0-9_~-]{20,128}$/.test(part));
  return isWhole ? { state: state!, nonce: nonce!, verifier: verifier! } : undefined;
}

export function writeDeparture({ state, nonce, verifier }: Departure): string {
  return [state, nonce, verifier].join('.');
}
