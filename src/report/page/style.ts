import { SVG_STYLE } from '../diagram/index.js';

const LIGHT =
  '--paper:#fff;--ink:#1b2330;--soft:#566170;--line:#c9d0d9;--panel:#f5f6f8;--link:#0b57d0;--good:#186a3b;--good-bg:#dff3e6;--bad:#a8141f;--bad-bg:#fde4e4;--odd:#7a4f00;--odd-bg:#fdf0d3;';
const DARK =
  '--paper:#14181f;--ink:#e4e8ee;--soft:#a9b3bf;--line:#3a4450;--panel:#1c222b;--link:#8ab4f8;--good:#7fd8a0;--good-bg:#173524;--bad:#ff9a9e;--bad-bg:#40191d;--odd:#f0c674;--odd-bg:#3b2e12;';

/** One style for the whole page: dark or light as the reader has it, 400 px or wide, on paper without what only works on a screen. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:var(--paper);color:var(--ink)}
main,header,nav{max-width:84rem;margin:0 auto;padding:0 1rem}
h1{font-size:1.5rem;margin:.4rem 0}h2{font-size:1.25rem;margin:2.2rem 0 .6rem}h3{font-size:1.05rem;margin:.2rem 0 .4rem}h4{font-size:1rem;margin:.8rem 0 .2rem}h1,h2,h3,h4,header p,header li{overflow-wrap:anywhere}
a{color:var(--link)}code,pre{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}code{overflow-wrap:anywhere}
pre{overflow:auto;max-height:32rem;background:var(--panel);padding:.6rem;margin:.4rem 0;border-radius:4px}
p{margin:.4rem 0}ul,ol{margin:.3rem 0;padding-left:1.4rem}.soft{color:var(--soft)}.ids{overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
[id]{scroll-margin-top:4.5rem}.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.4rem}
.verdict{border-left:.5rem solid var(--odd);padding:.6rem 1rem;background:var(--panel);margin:1rem 0}
.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0;margin:.6rem 0}
.counts li,.mark{border-radius:4px;padding:.1rem .5rem;background:var(--panel);color:var(--ink);border:1px solid var(--line);white-space:nowrap}
.passed{background:var(--good-bg)!important;color:var(--good)!important}.failed{background:var(--bad-bg)!important;color:var(--bad)!important}
.inconclusive,.error,.unproven,.flaky,.warning{background:var(--odd-bg)!important;color:var(--odd)!important}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0}
section.cause,article{border:1px solid var(--line);border-radius:6px;padding:.6rem 1rem;margin:.8rem 0;overflow-wrap:anywhere}
section.cause{border-left:.4rem solid var(--bad)}
article{content-visibility:auto;contain-intrinsic-size:auto 40rem}article:target,tr:target{box-shadow:0 0 0 3px var(--link)}
dl{display:grid;grid-template-columns:6rem 1fr;gap:.2rem .8rem;margin:.4rem 0}dt{color:var(--soft)}dd{margin:0}
.beside{display:grid;grid-template-columns:minmax(14rem,1fr) minmax(0,2.4fr);gap:1rem;align-items:start}
.beside ol{list-style:none;padding:0;margin:0;font:12.5px/1.5 ui-monospace,Menlo,Consolas,monospace}.beside li{padding:.05rem .3rem}.beside li.missed{background:var(--bad-bg);color:var(--bad);font-weight:700}
.picture,.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}td,th{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
.id{overflow-wrap:anywhere;min-width:11rem}th{background:var(--panel)}.matrix{width:auto}.matrix td{text-align:center}.matrix a{display:block;color:inherit;text-decoration:none;min-width:1.4rem}
details>summary{cursor:pointer;color:var(--link)}.replay{background:var(--panel);padding:.4rem .6rem;border-radius:4px}
.tools{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;position:sticky;top:0;background:var(--paper);padding:.5rem 0;z-index:1}
.tools[hidden]{display:none}input,select,button{font:inherit;padding:.3rem .5rem;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:4px}input[type=search]{flex:1 1 12rem;min-width:0}
.events{font:12.5px/1.4 ui-monospace,Menlo,Consolas,monospace}.events td:first-child{text-align:right;white-space:nowrap}.events td:last-child{overflow-wrap:anywhere}
@media (max-width:50rem){.beside{grid-template-columns:minmax(0,1fr)}dl{grid-template-columns:minmax(0,1fr)}dt{margin-top:.3rem}main,header,nav{padding:0 .6rem}article,section.cause{padding:.5rem}.narrow-off{display:none}}
@media print{:root{${LIGHT}}.tools,nav,.skip{display:none!important}article{content-visibility:visible;break-inside:avoid-page}pre{max-height:none;white-space:pre-wrap}a{color:inherit}}
${SVG_STYLE}`;
