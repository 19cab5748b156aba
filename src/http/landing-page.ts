import { page } from './page.ts';

const PLACES: readonly (readonly [path: string, zh: string, en: string])[] = [
  ['/docs', '接口文档', 'the API, explained'],
  ['/openapi.json', 'OpenAPI 3.1 文件', 'the API as OpenAPI 3.1'],
  ['/v1/adapters', '三家交易所的连接与规则版本', 'links to the exchanges and their rulebooks'],
  ['/v1/listings?order=newest', '最近的挂牌项目', 'the latest listings'],
  ['/v1/deals?order=newest', '最近的成交', 'the latest deals'],
  ['/v1/dead-letters', '未能送达、待人工处理的报文', 'what could not be delivered'],
  ['/readyz', '是否就绪', 'whether it is ready'],
  ['/metrics', '运行指标（Prometheus）', 'metrics (Prometheus)'],
];

/** What this server is, and where to look. */
export function landingPage(hasOpenId: boolean): string {
  const rows = PLACES.map(
    ([path, zh, en]) =>
      `<tr><td><a href="${path}"><code>${path}</code></a></td><td>${zh}</td><td lang="en">${en}</td></tr>`,
  );
  return page(
    'Qiao 桥',
    `<h1>Qiao 桥</h1>
<p>三大技术交易所之间的联邦网关：一处挂牌，三所可见；每份报文都有签名、有回执、可查证。</p>
<p lang="en">The federation gateway between China's three technology exchanges: listed once, visible at all three; every message signed, receipted and provable.</p>
<table><thead><tr><th>路径 Path</th><th>内容</th><th lang="en">What</th></tr></thead><tbody>${rows.join('\n')}</tbody></table>
<p>以 <code>/v1</code> 开头的须登录：<code>POST /v1/sessions</code>${hasOpenId ? '，或<a href="/v1/openid/login">经身份提供方登录</a>' : ''}；账号由 <code>qiao users</code> 管理。<br><span lang="en">What begins with <code>/v1</code> needs a login: <code>POST /v1/sessions</code>${hasOpenId ? ', or <a href="/v1/openid/login">at the identity provider</a>' : ''}; accounts are kept by <code>qiao users</code>.</span></p>
<p>三家交易所的接口概要为本项目代拟，并非各所公布的文件。<br><span lang="en">The three exchanges' interface profiles are this project's stand-ins, not documents of the exchanges.</span></p>`,
  );
}
