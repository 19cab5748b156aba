import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Answer } from '../../src/contract/adapter.ts';
import { cosign, openCosigned } from '../../src/envelope/cosigned.ts';
import { readDeal } from '../../src/journal/deal-reads.ts';
import { payloadBytes } from '../../src/journal/payload.ts';
import { testKey } from '../envelope/keys.ts';
import { codesOf, type Ground, MORNING, openGround } from './ground.ts';
import { confirmed, deal, decision, funds, interest, listing } from './messages.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await openGround();
});
afterAll(() => ground.close());

const taken = (answer: Answer): void => expect(codesOf(answer)).toEqual([]);
let serial = 0;

/** A deal between ctex (home) and stex (host), concluded and paid, not yet confirmed. */
async function concluded() {
  serial += 1;
  const [of, id] = [`ctex:C${serial}`, `ctex:D${serial}`];
  taken(await ground.send('ctex', listing(of)));
  taken(await ground.send('stex', interest(`stex:I${serial}`, of)));
  taken(await ground.send('ctex', decision(`stex:I${serial}`, 'ctex')));
  taken(await ground.send('ctex', deal(id, of, 'stex')));
  const paid = () => ground.send('stex', funds(`stex:F${id.slice(5)}`, id, '1000000.00'));
  const certificate = () =>
    ground.arrival('ctex', deal(id, of, 'stex', { version: 2, status: 'certified', certificate: `C-${id}` }));
  const certify = async () => (await ground.sendAll([certificate()]))[0]!;
  return { of, id, paid, certificate, certify };
}

/** As whoever owns the tables and means ill: the append-only triggers are off. */
async function forge(id: string, text: string, values: readonly unknown[]): Promise<void> {
  const owner = new pg.Client({ connectionString: ground.database.url });
  await owner.connect();
  try {
    await owner.query(`set session_replication_role = replica`);
    const { rowCount } = await owner.query(
      `${text} where kind = 'cosigned' and message = (select confirmation from deal where id = $1)`,
      [id, ...values],
    );
    expect(rowCount).toBe(1);
  } finally {
    await owner.end();
  }
}

test('a confirmed deal is kept as one JWS: the exact payload of the home’s message under both signatures', async () => {
  const { id } = await concluded();
  expect((await readDeal(ground.database, id))!.cosigned).toBeNull();
  taken(await ground.send('stex', confirmed(id, 'stex')));
  const record = (await readDeal(ground.database, id))!;
  const opened = openCosigned(record.cosigned!, ground.trust, ['ctex', 'stex'], ground.nowMs());
  if (!opened.ok) throw new Error(opened.en);
  const { rows } = await ground.database.query<{ envelope: Buffer }>('select envelope from message where id = $1', [
    record.message,
  ]);
  expect(Buffer.from(opened.payload).equals(payloadBytes(rows[0]!.envelope))).toBe(true);
  expect(opened.signatures.map(({ iss }) => iss).sort()).toEqual(['ctex', 'stex']);
  const { rows: leaf } = await ground.database.query(
    `select r.issuer from leaf_waiting w join receipt r on w.source = 'receipt' and w.no = r.no
      where r.kind = 'cosigned' and r.message = $1`,
    [record.confirmation],
  );
  expect(leaf).toEqual([{ issuer: 'stex' }]);
});

test('conclusion, confirmation, money and certificate in one batch: signed by both, and certified', async () => {
  serial += 1;
  const [of, id] = [`ctex:C${serial}`, `ctex:D${serial}`];
  taken(await ground.send('ctex', listing(of)));
  taken(await ground.send('stex', interest(`stex:I${serial}`, of)));
  taken(await ground.send('ctex', decision(`stex:I${serial}`, 'ctex')));
  const answers = await ground.sendAll([
    ground.arrival('ctex', deal(id, of, 'stex')),
    ground.arrival('stex', confirmed(id, 'stex')),
    ground.arrival('stex', funds(`stex:G${serial}`, id, '1000000.00')),
    ground.arrival('ctex', deal(id, of, 'stex', { version: 2, status: 'certified', certificate: `C-${id}` })),
  ]);
  answers.forEach(taken);
  const record = (await readDeal(ground.database, id))!;
  expect(record.status).toBe('certified');
  const opened = openCosigned(record.cosigned!, ground.trust, ['ctex', 'stex'], ground.nowMs());
  expect(opened.ok && JSON.parse(Buffer.from(opened.payload).toString())).toMatchObject({ id, version: 1 });
});

test('with both signatures and the money there is a certificate', async () => {
  const { id, paid, certify } = await concluded();
  taken(await ground.send('stex', confirmed(id, 'stex')));
  taken(await paid());
  taken(await certify());
});

describe('there is no certificate', () => {
  const notConfirmed = async (spoil: (id: string) => Promise<void>) => {
    const { id, paid, certify } = await concluded();
    taken(await ground.send('stex', confirmed(id, 'stex')));
    taken(await paid());
    await spoil(id);
    expect(codesOf(await certify())).toEqual(['not-confirmed']);
  };
  const payloadFor = async (id: string) =>
    Buffer.from(JSON.stringify((await readDeal(ground.database, id))!.content), 'utf8');

  test('before the host has signed', async () => {
    const { paid, certify } = await concluded();
    taken(await paid());
    expect(codesOf(await certify())).toEqual(['not-confirmed']);
  });

  test('when the signed deal is gone, although its row says that it was confirmed', () =>
    notConfirmed((id) => forge(id, 'delete from receipt', [])));

  test('when the host’s signature was taken off', () =>
    notConfirmed(async (id) => {
      const { payload, signatures } = JSON.parse((await readDeal(ground.database, id))!.cosigned!.toString()) as {
        payload: string;
        signatures: unknown[];
      };
      const stripped = Buffer.from(JSON.stringify({ payload, signatures: signatures.slice(0, 1) }));
      await forge(id, 'update receipt set bytes = $2', [stripped]);
    }));

  test('when the host’s signature is by another key of that name', () =>
    notConfirmed(async (id) => {
      const impostor = testKey('stex', 'Ed25519');
      const parties = [
        { participant: 'ctex', signers: ground.seals.signersOf('ctex', ground.nowMs()) },
        { participant: 'stex', signers: [impostor.signer] },
      ];
      await forge(id, 'update receipt set bytes = $2', [await cosign(await payloadFor(id), MORNING / 1000, parties)]);
    }));

  test('when both signed something else', () =>
    notConfirmed(async (id) => {
      const parties = (['ctex', 'stex'] as const).map((participant) => ({
        participant,
        signers: ground.seals.signersOf(participant, ground.nowMs()),
      }));
      const other = (await payloadFor(id)).toString().replace('1000000.00', '9000000.00');
      await forge(id, 'update receipt set bytes = $2', [await cosign(Buffer.from(other), MORNING / 1000, parties)]);
    }));

  test('when only the confirmation is written into the deal’s row by hand', async () => {
    const { id, paid, certify } = await concluded();
    taken(await paid());
    await ground.database.query('update deal set confirmation = $2 where id = $1', [id, randomUUID()]);
    expect(codesOf(await certify())).toEqual(['not-confirmed']);
  });
});

test('where the signed deal is missing the host may confirm again, and then there is a certificate; otherwise once only', async () => {
  const { id, paid, certify } = await concluded();
  taken(await ground.send('stex', confirmed(id, 'stex')));
  expect(codesOf(await ground.send('stex', confirmed(id, 'stex')))).toEqual(['state-forbids']);
  await forge(id, 'delete from receipt', []);
  taken(await paid());
  expect(codesOf(await certify())).toEqual(['not-confirmed']);
  taken(await ground.send('stex', confirmed(id, 'stex')));
  taken(await certify());
  expect(codesOf(await ground.send('stex', confirmed(id, 'stex', 2)))).toEqual(['state-forbids']);
});

test('the digest the host confirms is that of the bytes both signed', async () => {
  const { id } = await concluded();
  taken(await ground.send('stex', confirmed(id, 'stex')));
  const { cosigned, confirmation } = (await readDeal(ground.database, id))!;
  const opened = openCosigned(cosigned!, ground.trust, ['ctex', 'stex']);
  if (!opened.ok) throw new Error(opened.en);
  const { rows } = await ground.database.query<{ envelope: Buffer }>('select envelope from message where id = $1', [
    confirmation,
  ]);
  const said = JSON.parse(payloadBytes(rows[0]!.envelope).toString()) as { dealSha256: string };
  expect(createHash('sha256').update(opened.payload).digest('hex')).toBe(said.dealSha256);
});
