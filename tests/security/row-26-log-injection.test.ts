import { startScript } from '../support/processes.ts';
import { say } from './raw-socket.ts';

/** Threat 26: line ends and terminal sequences in what is logged, to forge a line or to act on who reads it. */

test('whatever a sender writes, each event is one line of JSON, and nothing in it moves a terminal', async () => {
  // Worst case: a link that fails with an error full of what it was sent.
  const child = startScript(new URL('./logging-door.ts', import.meta.url));
  try {
    const [, url = ''] = await child.says(/at (http\S+)/);
    const forged = '{"level":50,"msg":"forged"}';
    const attacks = [
      `a\r\n${forged}\r\n`,
      `a\n${forged}`,
      '\x1b[2J\x1b]0;owned\x07',
      '\u009b2J\u0085\u2028\u2029',
      '\u202e\u2066gnitset',
      '","msg":"forged","x":"',
      '\\"\\n\\u000a',
      '\x00\x08\x7f',
      '{jndi:ldap://127.0.0.1/a} %s %o %%',
      '\ud800',
    ];
    for (const attack of attacks) {
      const body = Buffer.from(attack, 'utf8');
      const head = `POST /exchanges/ctex/notify?${encodeURIComponent(Buffer.from(body).toString('latin1'))} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n`;
      expect((await say(url, `${head}content-length: ${body.byteLength}\r\n\r\n`, body)).statuses).toEqual([500]);
    }
    await child.kill('SIGTERM');
    const lines = child.stderr().split('\n').slice(0, -1);
    expect(lines).toHaveLength(attacks.length);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ msg: 'http-failed', level: 50, method: 'POST' });
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }
    expect(lines.filter((line) => JSON.parse(line).msg === 'forged')).toEqual([]);
  } finally {
    await child.kill();
  }
});
