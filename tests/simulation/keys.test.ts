import { MORNING } from './ground.ts';
import { simulationKeys } from './keys.ts';

const text = (words: string) => Buffer.from(words);

describe('keys of the simulation', () => {
  it.each([
    ['made in this world', true],
    ['made in another', false],
  ])('a signature %s counts for its bytes and its key alone', async (_, isOurs) => {
    const here = simulationKeys();
    const [signer] = (isOurs ? here : simulationKeys()).seals.signersOf('ctex', MORNING);
    const signature = await signer!.sign(text('sold for 12 fen'));
    const verify = (kid: string, words: string, by: Uint8Array) => here.trust.find(kid)!.verify(text(words), by);
    expect(verify('ctex:ed25519:1', 'sold for 12 fen', signature)).toBe(true);
    expect(verify('ctex:ed25519:1', 'sold for 13 fen', signature)).toBe(false);
    expect(verify('stex:ed25519:1', 'sold for 12 fen', signature)).toBe(false);
    const other = Buffer.from(signature);
    other[0]! ^= 1;
    expect(verify('ctex:ed25519:1', 'sold for 12 fen', other)).toBe(false);
  });
});
