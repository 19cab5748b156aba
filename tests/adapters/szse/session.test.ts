import type { Socket } from 'node:net';
import { encode } from '../../../adapters/szse/encode.ts';
import { type Frame, fieldOf, sendingTime, writeFrame } from '../../../adapters/szse/session-frame.ts';
import { openFrameReader } from '../../../adapters/szse/session-stream.ts';
import type { LinkMemory, SentMessage } from '../../../src/contract/adapter.ts';
import { ecdsaP256Signer, ecdsaP256Verifier } from '../../../src/trust/native.ts';
import { memoryInMemory } from '../../support/memory.ts';
import { type Gateway, type GatewayOptions, keys, openGateway, openStage, until } from './exchange.ts';
import { tagged } from './tagged.ts';

/** A test's hand on SZSE's end of one connection. */
interface Hand {
  readonly socket: Socket;
  /** Everything the gateway sent, in order. */
  readonly heard: Frame[];
  say(
    seq: number,
    type: string,
    content?: Buffer,
    more?: { again?: boolean; signed?: boolean; key?: keyof typeof keys },
  ): Buffer;
  of(type: string): Frame[];
}

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

const body = (text: string) => tagged(text);
const stateOf = (id: string) => body(`11=${id}|20001=KJ1|20004=2|`);

function takeHand(socket: Socket): Hand {
  const heard: Frame[] = [];
  const reader = openFrameReader();
  socket.on('data', (chunk: Buffer) => {
    for (const stretch of reader.push(chunk)) {
      if (!('frame' in stretch)) throw new Error('the gateway sent something garbled');
      heard.push(stretch.frame);
    }
  });
  return {
    socket,
    heard,
    of: (type) => heard.filter((frame) => frame.type === type),
    say: (
      seq,
      type,
      content = Buffer.alloc(0),
      { again = false, signed = type.startsWith('U') || type === 'j', key = 'exchange' } = {},
    ) => {
      const sentAt = sendingTime(Date.now());
      const head = { type, seq, sender: 'SZSE', target: 'QIAO', sentAt, ...(again ? { firstSentAt: sentAt } : {}) };
      const bytes = writeFrame(head, content, signed ? ecdsaP256Signer(keys[key].privateKey) : undefined);
      socket.write(bytes);
      return bytes;
    },
  };
}

async function onStage(options: GatewayOptions = {}) {
  const stage = await openStage();
  const gateway = openGateway(
    { address: stage.address },
    { ...options, settings: { timeoutMs: 400, ...options.settings } },
  );
  running.push(() => gateway.link.stop());
  // Ended last to first: without a stage there is nobody to say goodbye to.
  running.push(() => stage.stop());
  void gateway.link.start();
  /** Accepts the n-th connection and answers its logon with that number. */
  const logon = async (n = 0, seq = 1): Promise<Hand> => {
    const hand = takeHand(await stage.connection(n));
    await until(() => hand.heard.length > 0);
    hand.say(seq, 'A', body('108=30|'));
    return hand;
  };
  return { stage, gateway, logon };
}

const keysOf = ({ arrivals }: Gateway) => arrivals.map(({ key }) => key);

function listingRequest(id: string) {
  const decoded = encode(
    { kind: 'listing-state', listing: { mirror: 'szse:JX1' }, status: 'suspended', reason: '补正' },
    { requestId: id, at: '2026-03-02T09:30:00+08:00' },
  );
  if (!decoded.ok) throw new Error('encodes');
  return decoded.value.request;
}

describe('logon', () => {
  test('names the member and is signed over sender, target, number, time, interval, member', async () => {
    const { logon } = await onStage();
    const { heard } = await logon();
    const first = heard[0]!;
    expect([first.type, first.seq, fieldOf(first, 108), fieldOf(first, 553)]).toEqual(['A', 1, '30', 'QIAO']);
    const signed = Buffer.from(`QIAO|SZSE|1|${first.sentAt}|30|QIAO`);
    const signature = Buffer.from(fieldOf(first, 96)!, 'base64');
    expect(ecdsaP256Verifier(keys.gateway.publicKey).verify(signed, signature)).toBe(true);
    expect(fieldOf(first, 95)).toBe(String(fieldOf(first, 96)!.length));
  });

  test('a refusal is told, and tried again later with the next number', async () => {
    const { stage, gateway } = await onStage();
    const first = takeHand(await stage.connection(0));
    await until(() => first.heard.length > 0);
    first.say(1, '5', body('58=closed today|'));
    const second = takeHand(await stage.connection(1));
    await until(() => second.heard.length > 0);
    expect(second.heard[0]!.seq).toBe(2);
    second.say(1, 'A', body('108=30|'));
    await until(() => gateway.link.state().up);
  });

  test('another party than SZSE is not talked to', async () => {
    const { stage, gateway } = await onStage();
    const hand = takeHand(await stage.connection(0));
    await until(() => hand.heard.length > 0);
    const head = { type: 'A', seq: 1, sender: 'MALLORY', target: 'QIAO', sentAt: sendingTime(Date.now()) };
    hand.socket.write(writeFrame(head, body('108=30|')));
    await until(() => hand.of('5').length === 1);
    expect(gateway.link.state().up).toBe(false);
  });
});

describe('what comes in', () => {
  test('arrives once and in order, is answered by UX, however the bytes are cut', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    const bytes = Buffer.concat([2, 3, 4].map((seq) => frameOf(seq, stateOf(`S-${seq}`))));
    for (const byte of bytes) hand.socket.write(Buffer.from([byte]));
    await until(() => hand.of('UX').length === 3);
    expect(keysOf(gateway)).toEqual(['S-2', 'S-3', 'S-4']);
    expect(hand.of('UX').map((frame) => [fieldOf(frame, 11), fieldOf(frame, 20093)])).toEqual([
      ['S-2', '0'],
      ['S-3', '0'],
      ['S-4', '0'],
    ]);
    const answer = hand.of('UX')[0]!;
    expect(ecdsaP256Verifier(keys.gateway.publicKey).verify(answer.covered, answer.signature!)).toBe(true);
  });

  test('a gap is asked for again and filled; what came early waits for it', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    hand.say(5, 'US', stateOf('S-5'));
    await until(() => hand.of('2').length === 1);
    const asked = hand.of('2')[0]!;
    expect([fieldOf(asked, 7), fieldOf(asked, 16)]).toEqual(['2', '4']);
    expect(gateway.arrivals).toEqual([]);
    hand.say(2, '4', body('36=4|123=Y|'), { again: true });
    hand.say(4, 'US', stateOf('S-4'), { again: true });
    await until(() => hand.of('UX').length === 2);
    expect(keysOf(gateway)).toEqual(['S-4', 'S-5']);
  });

  test('a wide gap is asked for in bounded pieces', async () => {
    const { logon } = await onStage();
    const hand = await logon();
    hand.say(5_000, '0');
    await until(() => hand.of('2').length === 1);
    hand.say(2, '4', body('36=502|123=Y|'), { again: true });
    await until(() => hand.of('2').length === 2);
    expect(hand.of('2').map((frame) => [fieldOf(frame, 7), fieldOf(frame, 16)])).toEqual([
      ['2', '501'],
      ['502', '1001'],
    ]);
  });

  test('what is sent again though it came is ignored; a lower number that is not sent again ends the session', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    hand.say(2, 'US', stateOf('S-2'));
    hand.say(2, 'US', stateOf('S-2'), { again: true });
    hand.say(3, 'US', stateOf('S-3'));
    await until(() => hand.of('UX').length === 2);
    expect(keysOf(gateway)).toEqual(['S-2', 'S-3']);
    hand.say(2, 'US', stateOf('S-9'));
    await until(() => hand.of('5').length === 1);
    expect(fieldOf(hand.of('5')[0]!, 58)).toContain('sequence 2 is lower');
    await until(() => !gateway.link.state().up);
    expect(keysOf(gateway)).toEqual(['S-2', 'S-3']);
  });

  test('garbled messages are ignored without counting, and kept', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    const good = frameOf(2, stateOf('S-2'));
    const wrongSum = Buffer.from(good);
    wrongSum[wrongSum.length - 2] = wrongSum[wrongSum.length - 2] === 0x30 ? 0x31 : 0x30;
    const wrongLength = Buffer.from(good.toString('latin1').replace(/9=\d+/, '9=77'), 'latin1');
    for (const bytes of [Buffer.from('noise'), wrongSum, wrongLength, good.subarray(0, 60), good])
      hand.socket.write(bytes);
    await until(() => hand.of('UX').length === 1);
    expect(keysOf(gateway)).toEqual(['S-2']);
    const codes = new Set(gateway.refused.map(({ refusal }) => refusal.code));
    expect([...codes].sort()).toEqual(['bad-checksum', 'bad-length']);
  });

  test.each(['stranger', 'gateway'] as const)('a message signed by %s is refused with 380=5', async (key) => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    hand.say(2, 'US', stateOf('S-2'), { key });
    hand.say(3, 'US', stateOf('S-3'), { signed: false });
    await until(() => hand.of('j').length === 2);
    expect(hand.of('j').map((frame) => [45, 379, 380].map((tag) => fieldOf(frame, tag)))).toEqual([
      ['2', 'S-2', '5'],
      ['3', 'S-3', '5'],
    ]);
    expect(gateway.arrivals).toEqual([]);
    expect(gateway.refused).toHaveLength(2);
  });

  test('a message without id, or of an unknown type, is refused', async () => {
    const { logon } = await onStage();
    const hand = await logon();
    hand.say(2, 'US', body('20001=KJ1|20004=2|'));
    hand.say(3, 'UZ', stateOf('S-3'));
    await until(() => hand.of('j').length === 2);
    expect(hand.of('j').map((frame) => fieldOf(frame, 380))).toEqual(['4', '4']);
  });

  test('SZSE may ask what became of its message', async () => {
    const { logon } = await onStage();
    const hand = await logon();
    hand.say(2, 'US', stateOf('S-2'));
    await until(() => hand.of('UX').length === 1);
    hand.say(3, 'UQ', body('11=S-2|'));
    hand.say(4, 'UQ', body('11=S-9|'));
    await until(() => hand.of('UX').length === 2 && hand.of('j').length === 1);
    expect(fieldOf(hand.of('j')[0]!, 380)).toBe('1');
  });

  test('the number kept is never ahead of what is durable', async () => {
    const memory = memoryInMemory();
    const { gateway, logon } = await onStage({ memory });
    const holding: (() => void)[] = [];
    gateway.answer = ({ key }) =>
      new Promise((resolve) => void holding.push(() => resolve({ outcome: 'accepted', messageId: key })));
    const hand = await logon();
    for (const seq of [2, 3, 4]) hand.say(seq, 'US', stateOf(`S-${seq}`));
    await until(() => holding.length === 3);
    holding[1]!();
    holding[2]!();
    await until(() => hand.of('UX').length === 2);
    await gateway.link.stop();
    expect(await memory.get('in')).toBe('2');
  });
});

describe('what goes out', () => {
  test('is kept before it is written', async () => {
    const steps: string[] = [];
    let letGo: () => void = () => undefined;
    const plain = memoryInMemory();
    const memory: LinkMemory = {
      ...plain,
      keepSent: async (messages: readonly SentMessage[]) => {
        await new Promise<void>((resolve) => {
          letGo = resolve;
          steps.push('keeping');
        });
        await plain.keepSent(messages);
        steps.push('kept');
      },
    };
    const { gateway, logon } = await onStage({ memory });
    const hand = await logon();
    await until(() => gateway.link.state().up);
    void gateway.link.send(listingRequest('Q-1'));
    await until(() => steps.length === 1);
    expect(hand.of('US')).toEqual([]);
    letGo();
    await until(() => hand.of('US').length === 1);
    expect(steps).toEqual(['keeping', 'kept']);
  });

  test('is sent again when asked: business messages with 43=Y and newly signed, the rest skipped', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    await until(() => gateway.link.state().up);
    void gateway.link.send(listingRequest('Q-1'));
    await until(() => hand.of('US').length === 1);
    hand.say(2, '1', body('112=hello|'));
    await until(() => hand.of('0').length === 1);
    expect(fieldOf(hand.of('0')[0]!, 112)).toBe('hello');
    void gateway.link.send(listingRequest('Q-2'));
    await until(() => hand.of('US').length === 2);
    hand.heard.length = 0;
    hand.say(3, '2', body('7=1|16=0|'));
    await until(() => hand.heard.length === 4);
    expect(hand.heard.map(({ type, seq, again }) => [type, seq, again])).toEqual([
      ['4', 1, true],
      ['US', 2, true],
      ['4', 3, true],
      ['US', 4, true],
    ]);
    expect(hand.of('4').map((frame) => [fieldOf(frame, 36), fieldOf(frame, 123)])).toEqual([
      ['2', 'Y'],
      ['4', 'Y'],
    ]);
    for (const frame of hand.of('US')) {
      expect(ecdsaP256Verifier(keys.gateway.publicKey).verify(frame.covered, frame.signature!)).toBe(true);
      expect(frame.covered.toString()).toContain('\u0001122=');
    }
  });

  test('both sides missing something ask each other and go on', async () => {
    const memory = memoryInMemory();
    await memory.reserve('out', 6);
    const { gateway, logon } = await onStage({ memory });
    const hand = await logon(0, 4);
    expect(hand.heard[0]!.seq).toBe(7);
    hand.say(5, '2', body('7=1|16=6|'));
    await until(() => hand.of('4').length === 1 && hand.of('2').length === 1);
    expect(hand.of('4').map((frame) => [frame.seq, fieldOf(frame, 36)])).toEqual([[1, '7']]);
    expect(fieldOf(hand.of('2')[0]!, 7)).toBe('1');
    hand.say(1, '4', body('36=6|123=Y|'), { again: true });
    hand.say(6, 'US', stateOf('S-6'));
    await until(() => hand.of('UX').length === 1);
    expect(keysOf(gateway)).toEqual(['S-6']);
  });

  test('a request on its way when the line breaks is ambiguous; the numbers go on at the next connection', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    await until(() => gateway.link.state().up);
    const sent = gateway.link.send(listingRequest('Q-1'));
    await until(() => hand.of('US').length === 1);
    hand.socket.destroy();
    expect(await sent).toMatchObject({ outcome: 'ambiguous' });
    const next = await logon(1, 2);
    expect(next.heard[0]!.seq).toBe(3);
    await until(() => gateway.link.state().up);
    const asked = gateway.link.ask(listingRequest('Q-1'));
    await until(() => next.of('UQ').length === 1);
    expect(fieldOf(next.of('UQ')[0]!, 11)).toBe('Q-1');
    next.say(3, 'UX', body('11=Q-1|20093=0|20094=JX7|'));
    expect(await asked).toMatchObject({ outcome: 'accepted', number: 'JX7' });
  });

  test('no more requests are under way than the window admits', async () => {
    const { gateway, logon } = await onStage({ settings: { concurrency: 2, timeoutMs: 5_000 } });
    const hand = await logon();
    await until(() => gateway.link.state().up);
    const sent = [1, 2, 3, 4].map((n) => gateway.link.send(listingRequest(`Q-${n}`)));
    await until(() => hand.of('US').length === 2);
    hand.say(2, 'UX', body('11=Q-2|20093=0|'));
    await until(() => hand.of('US').length === 3);
    expect(hand.of('US').map((frame) => fieldOf(frame, 11))).toEqual(['Q-1', 'Q-2', 'Q-3']);
    hand.say(3, 'UX', body('11=Q-1|20093=0|'));
    hand.say(4, 'UX', body('11=Q-3|20093=0|'));
    await until(() => hand.of('US').length === 4);
    hand.say(5, 'j', body('45=6|379=Q-4|380=3|20090=R-1|20090=R-2|58=规则|'));
    expect(await Promise.all(sent)).toMatchObject([
      { outcome: 'accepted' },
      { outcome: 'accepted' },
      { outcome: 'accepted' },
      {
        outcome: 'refused',
        refusals: [{ en: expect.stringContaining('R-1') }, { en: expect.stringContaining('R-2') }],
      },
    ]);
  });

  test('a database that cannot keep them ends the connection, and nothing unkept was written', async () => {
    const plain = memoryInMemory();
    let isAway = true;
    const memory: LinkMemory = {
      ...plain,
      keepSent: async (messages) => {
        if (isAway) throw new Error('the database is away');
        await plain.keepSent(messages);
      },
    };
    const { gateway, logon } = await onStage({ memory });
    const hand = await logon();
    await until(() => gateway.link.state().up);
    expect(await gateway.link.send(listingRequest('Q-1'))).toMatchObject({ outcome: 'ambiguous' });
    expect(hand.of('US')).toEqual([]);
    isAway = false;
    const next = await logon(1, 2);
    await until(() => gateway.link.state().up);
    void gateway.link.send(listingRequest('Q-1'));
    await until(() => next.of('US').length === 1);
  });
});

describe('silence', () => {
  test('is broken by heartbeats; a silent exchange is tested, then left', async () => {
    const { gateway, logon } = await onStage({ settings: { heartbeatS: 0.2 } });
    const hand = await logon();
    await until(() => hand.of('0').length > 0 && hand.of('1').length === 1);
    hand.say(2, '0', Buffer.from(`112=${fieldOf(hand.of('1')[0]!, 112)}\u0001`));
    await until(() => hand.of('1').length === 2);
    await until(() => !gateway.link.state().up);
    expect(gateway.link.state().detail.en).toContain('silent for two heartbeat intervals');
  });

  test('goodbye is said when the gateway stops, and answered when SZSE does', async () => {
    const { gateway, logon } = await onStage();
    const hand = await logon();
    await until(() => gateway.link.state().up);
    hand.say(2, '5', body('58=闭市|'));
    await until(() => hand.of('5').length === 1);
    const next = await logon(1, 3);
    await until(() => gateway.link.state().up);
    const stopped = gateway.link.stop();
    await until(() => next.of('5').length === 1);
    next.say(4, '5');
    await stopped;
    expect(gateway.link.state().up).toBe(false);
  });
});

function frameOf(seq: number, content: Buffer): Buffer {
  const head = { type: 'US', seq, sender: 'SZSE', target: 'QIAO', sentAt: '20260302-09:30:00.000' };
  return writeFrame(head, content, ecdsaP256Signer(keys.exchange.privateKey));
}
