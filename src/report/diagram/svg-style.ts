/**
 * The style of every diagram: a page with many of them needs it once. Colours are variables, so that a page can set its
 * own; on paper they are those of the light page.
 */
const LIGHT =
  '--imd-paper:#fff;--imd-ink:#1b2330;--imd-soft:#5b6675;--imd-line:#8b95a3;--imd-bad:#c01c28;--imd-warn:#8a5a00;--imd-hot:#fde8e8;--imd-look:#eef3fb;--imd-band:#f3f4f6;';
const DARK =
  '--imd-paper:#14181f;--imd-ink:#e4e8ee;--imd-soft:#a3adba;--imd-line:#6b7685;--imd-bad:#ff7b80;--imd-warn:#e5b567;--imd-hot:#3d1b20;--imd-look:#1f2937;--imd-band:#1d232d;';

export const SVG_STYLE = `.imd{${LIGHT}font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;max-width:100%;height:auto}
@media (prefers-color-scheme:dark){.imd{${DARK}}}
@media print{.imd{${LIGHT}min-width:0!important}}
.imd text{fill:var(--imd-ink)}
.imd path,.imd line{fill:none;stroke:var(--imd-ink);stroke-width:1.4}
.imd .imd-paper{fill:var(--imd-paper)}
.imd .imd-head{fill:var(--imd-band);stroke:var(--imd-line)}
.imd .imd-name{font-weight:700;text-anchor:middle}
.imd .imd-time{fill:var(--imd-soft);font-size:11px;text-anchor:end}
.imd .imd-note{fill:var(--imd-soft);font-size:11px}
.imd .imd-soft{fill:var(--imd-soft);font-size:11px}
.imd .imd-life{stroke:var(--imd-line)}
.imd .imd-life.imd-away,.imd .imd-life.imd-down{stroke-dasharray:1 9;stroke-width:1.2}
.imd .imd-life.imd-silent{stroke-dasharray:7 5}
.imd .imd-life.imd-stalled{stroke-dasharray:3 3}
.imd .imd-ice{fill:var(--imd-paper);stroke:var(--imd-line)}
.imd path.imd-hatch{stroke:var(--imd-line);stroke-width:1.1}
.imd .imd-row>rect{fill:transparent;fill-opacity:.6}
.imd .imd-band>rect{fill:var(--imd-band)}
.imd .imd-row.imd-hot>rect{fill:var(--imd-hot)}
.imd .imd-row:hover>rect,.imd .imd-row:focus>rect{fill:var(--imd-look)}
.imd .imd-row:focus{outline:none}
.imd .imd-row:focus>rect{stroke:var(--imd-ink);stroke-width:1}
.imd path.imd-solid{fill:var(--imd-ink)}
.imd .imd-dot{fill:var(--imd-paper);stroke:var(--imd-ink);stroke-width:1.4}
.imd .imd-warn .imd-dot{fill:var(--imd-warn);stroke:var(--imd-warn)}
.imd .imd-warn text.imd-note{fill:var(--imd-warn)}
.imd .imd-bad path{stroke:var(--imd-bad)}
.imd .imd-bad path.imd-solid{fill:var(--imd-bad)}
.imd .imd-bad text,.imd text.imd-bad{fill:var(--imd-bad)}
.imd .imd-row text.imd-time{fill:var(--imd-soft)}
.imd .imd-hot text.imd-time{fill:var(--imd-bad);font-weight:700}
.imd path.imd-cross{stroke-width:2.6}
.imd .imd-missing path.imd-shaft{stroke-dasharray:2 4}
.imd path.imd-bar{fill:var(--imd-bad);stroke:none}
.imd .imd-said{font-weight:700}`;
