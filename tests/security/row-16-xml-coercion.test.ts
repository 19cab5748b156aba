import { readFileSync } from 'node:fs';
import { decode } from '../../adapters/stex/decode.ts';

/** Threat 16: an XML reader that turns `00123` into 123, `0x1F` into 31 or `1e5` into 100000. */

const sample = readFileSync(new URL('../../adapters/stex/samples/101-listing.xml', import.meta.url));
const number = /<XMBH>([^<]+)<\/XMBH>/.exec(sample.toString('latin1'))![1]!;
const withNumber = (text: string) =>
  Buffer.from(sample.toString('latin1').replace(`<XMBH>${number}</XMBH>`, `<XMBH>${text}</XMBH>`), 'latin1');

test.each(['00123', '0x1F', '1e5', '+1', '-0', '1_000', 'true', 'NaN', 'Infinity'])(
  'a project number of %p stays those characters',
  (text) => {
    const read = decode(withNumber(text));
    if (!read.ok) throw new Error(JSON.stringify(read.refusals));
    expect(read.value).toMatchObject({ nativeId: text, id: `stex:${text}` });
  },
);

test.each(['0x1F', '1e5', '+1', ' 1', '1.0', '٣'])('a version of %p is no number here, and is refused', (text) => {
  const bytes = Buffer.from(sample.toString('latin1').replace('<BB>1</BB>', `<BB>${text}</BB>`), 'utf8');
  expect(decode(bytes)).toMatchObject({ ok: false });
});
