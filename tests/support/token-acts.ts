/**
 * What the tests of hardware keys do in a process of its own: SoftHSM reads SOFTHSM2_CONF from the real environment, which
 * a test file cannot change. Takes one act and its argument, answers with one line of JSON.
 */
import { createRequire } from 'node:module';
import { signEnvelope } from '../../src/envelope/envelope.ts';
import type { EnvelopeHeader } from '../../src/envelope/header.ts';
import { openKeyStore } from '../../src/trust/keystore.ts';
import { CK, loadDriver } from '../../src/trust/pkcs11-driver.ts';
import { tokenKeys } from '../../src/trust/signer-pkcs11.ts';

const [act = '', text = '{}'] = process.argv.slice(2);
const given = JSON.parse(text) as Record<string, never>;

/** As an operator's own tool would: a P-256 key pair that cannot leave the token. */
function generate({ module, token, label, pin }: Readonly<Record<string, string>>) {
  const p11 = createRequire(import.meta.url)('../../docker/pkcs11/node_modules/pkcs11js');
  const cryptoki = new p11.PKCS11();
  cryptoki.load(module);
  cryptoki.C_Initialize();
  const slot = cryptoki.C_GetSlotList(true).find((one: Buffer) => cryptoki.C_GetTokenInfo(one).label.trim() === token);
  const session = cryptoki.C_OpenSession(slot, p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION);
  cryptoki.C_Login(session, p11.CKU_USER, pin);
  const { privateKey } = cryptoki.C_GenerateKeyPair(
    session,
    { mechanism: p11.CKM_EC_KEY_PAIR_GEN },
    [
      { type: p11.CKA_TOKEN, value: true },
      { type: p11.CKA_LABEL, value: label },
      { type: p11.CKA_VERIFY, value: true },
      { type: p11.CKA_EC_PARAMS, value: Buffer.from('06082a8648ce3d030107', 'hex') },
    ],
    [
      { type: p11.CKA_TOKEN, value: true },
      { type: p11.CKA_PRIVATE, value: true },
      { type: p11.CKA_LABEL, value: label },
      { type: p11.CKA_SIGN, value: true },
      { type: p11.CKA_SENSITIVE, value: true },
      { type: p11.CKA_EXTRACTABLE, value: false },
    ],
  );
  try {
    cryptoki.C_GetAttributeValue(session, privateKey, [{ type: p11.CKA_VALUE }]);
    return { leaves: true };
  } catch (error) {
    return { leaves: false, why: String((error as Error).message) };
  }
}

/** Signs each text with the key that the reference names. */
async function sign({ reference, texts }: { readonly reference: string; readonly texts: readonly string[] }) {
  const key = tokenKeys()(reference);
  const began = performance.now();
  const signatures = await Promise.all(texts.map((one) => key.sign(Buffer.from(one))));
  const micros = Math.round(((performance.now() - began) / texts.length) * 1000);
  key.close();
  return { spki: key.spki.toString('base64'), signatures: signatures.map(base64), micros };
}

/** Signs an envelope as the gateway would, with whatever keys the store says. */
async function envelope({ store, header, payload }: { store: string; header: EnvelopeHeader; payload: string }) {
  const keys = await openKeyStore(store, { demo: true, nowMs: () => header.iat * 1000 });
  const signers = keys.envelopeSigners(header.iss);
  return {
    algs: signers.map(({ alg }) => alg),
    bytes: base64(await signEnvelope(Buffer.from(payload), header, signers)),
  };
}

/** How often the token is asked for a login while the same wrong PIN is tried again and again. */
function logins({ reference, times }: { readonly reference: string; readonly times: number }) {
  let asked = 0;
  const open = tokenKeys(() => {
    const real = loadDriver();
    const login = real.C_Login.bind(real);
    real.C_Login = (...args) => {
      asked += 1;
      login(...args);
    };
    return real;
  });
  const problems = Array.from({ length: times }, () => {
    try {
      open(reference);
      return 'opened';
    } catch (error) {
      return String((error as Error).message);
    }
  });
  return { asked, problems, pinError: CK.PIN_INCORRECT };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The token is taken out and put back between two signatures: every session is gone. */
async function interrupted({ reference }: { readonly reference: string }) {
  const seen: ReturnType<typeof loadDriver>[] = [];
  const key = tokenKeys(() => {
    const real = loadDriver();
    seen.push(real);
    return real;
  })(reference);
  const before = await key.sign(Buffer.from('before'));
  const raw = seen[0] as unknown as {
    C_CloseAllSessions(slot: Buffer): void;
    C_GetSlotList(present: boolean): Buffer[];
  };
  for (const slot of raw.C_GetSlotList(true)) raw.C_CloseAllSessions(slot);
  const after = await key.sign(Buffer.from('after'));
  return { spki: key.spki.toString('base64'), before: base64(before), after: base64(after) };
}

const acts = { generate, sign, envelope, logins, interrupted } as unknown as Record<string, (given: never) => unknown>;
try {
  const answer = await acts[act]!(given as never);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} catch (error) {
  const { message, cause } = error as Error;
  process.stdout.write(
    `${JSON.stringify({ problem: message, cause: String((cause as Error | undefined)?.message) })}\n`,
  );
}
