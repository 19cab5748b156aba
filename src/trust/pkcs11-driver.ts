/**
 * The bit of PKCS #11 (OASIS, 2.40 and 3) that signing needs, over the optional package `pkcs11js`. That package has to be
 * compiled, so it is no dependency of the gateway: `docker/pkcs11` pins it, and an operator with such keys builds it there.
 */

import { createRequire } from 'node:module';

type Handle = Buffer;
type Template = readonly { readonly type: number; readonly value?: string | number | boolean | Buffer }[];

/** Cryptoki, as `pkcs11js` names it; every function throws when the return value is not CKR_OK. */
export interface Cryptoki {
  load(path: string): void;
  C_Initialize(options?: { readonly flags: number }): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle, max: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(session: Handle, object: Handle, template: Template): { readonly value: Buffer }[];
  C_SignInit(session: Handle, mechanism: { readonly mechanism: number; readonly parameter: null }, key: Handle): void;
  C_SignAsync(session: Handle, data: Buffer, out: Buffer): Promise<Buffer>;
}

/** From pkcs11t.h. */
export const CK = {
  OS_LOCKING_OK: 0x2,
  SERIAL_SESSION: 0x4,
  USER: 1,
  CLASS: 0x0,
  LABEL: 0x3,
  KEY_TYPE: 0x100,
  EXTRACTABLE: 0x162,
  EC_PARAMS: 0x180,
  EC_POINT: 0x181,
  PUBLIC_KEY: 2,
  PRIVATE_KEY: 3,
  EC: 3,
  ECDSA: 0x1041,
  /** Return values that only say that somebody in this process was here before. */
  ALREADY_INITIALIZED: 0x191,
  ALREADY_LOGGED_IN: 0x100,
  PIN_INCORRECT: 0xa0,
} as const;

/** The command that builds the driver. */
export const BUILD_DRIVER = 'npm ci --prefix docker/pkcs11';

const require = createRequire(import.meta.url);
/** Beside the sources, and one level further up where this runs from dist/. */
const PLACES = [
  'pkcs11js',
  '../../docker/pkcs11/node_modules/pkcs11js',
  '../../../docker/pkcs11/node_modules/pkcs11js',
];

/** @throws with the cause of the last attempt when the driver is not there or was built for another Node */
export function loadDriver(): Cryptoki {
  let cause: unknown;
  for (const place of PLACES) {
    try {
      const { PKCS11 } = require(place) as { readonly PKCS11: new () => Cryptoki };
      return new PKCS11();
    } catch (error) {
      const isElsewhere = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
      if (!isElsewhere || cause === undefined) cause = error;
    }
  }
  throw new Error('pkcs11js', { cause });
}

/** Whether a call failed with exactly this return value. */
export function failedWith(error: unknown, value: number): boolean {
  return (error as { readonly code?: unknown }).code === value;
}
