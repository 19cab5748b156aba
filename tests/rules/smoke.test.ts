import { decide } from '../../src/rules/decide.ts';
import { books, listing } from './fixtures.ts';

test('smoke', () => {
  const l = listing('ctex', {
    disclosure: { startsOn: '2026-03-02', endsOn: '2026-03-16', days: 10, dayKind: 'working' },
  });
  const d = decide(l, books.ctex, books.stex, '2026-03-02');
  console.log(JSON.stringify(d, null, 1));
  for (let r = 0; r < 3; r++) {
    const t = performance.now();
    for (let i = 0; i < 20000; i++) decide(l, books.ctex, books.stex, '2026-03-02');
    console.log((performance.now() - t) / 20, 'µs');
  }
  const m = listing('ctex');
  for (let r = 0; r < 3; r++) {
    const t = performance.now();
    for (let i = 0; i < 20000; i++) decide(m, books.ctex, books.stex, '2026-03-02');
    console.log((performance.now() - t) / 20, 'µs plain');
  }
});
