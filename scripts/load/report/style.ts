/**
 * How a load report looks: the palette of `docket analyze`'s pages, light and dark, and on paper light
 * always. Words keep a contrast of 4.5 to 1 with their ground, lines of charts one of 3 to 1.
 */

const light = `--ground: #fff; --panel: #f6f7f9; --ink: #1c2430; --soft: #55606e; --rule: #d9dee5; --link: #1f5a99;
  --good: #1f6b3d; --good-ground: #e6f3ea; --bad: #b3261e; --bad-ground: #fbe9e7; --warn: #8a5300;
  --warn-ground: #fdf0d9; --none: #55606e; --none-ground: #eceff3;
  --c1: #2463a6; --c2: #b9600f; --c3: #8a4fa8; --c4: #2f7d4d; --c5: #c0362c; --c6: #667180;
  --band-0: rgba(36, 99, 166, .07); --band-1: rgba(36, 99, 166, .02); --band-surge: rgba(185, 96, 15, .14);
  --band-warm: rgba(85, 96, 110, .12);`;

const dark = `--ground: #14181e; --panel: #1c2229; --ink: #e4e8ee; --soft: #a3aebc; --rule: #333c47; --link: #82b6ee;
  --good: #7fd19c; --good-ground: #1b3325; --bad: #ff9d92; --bad-ground: #40211f; --warn: #f3c069;
  --warn-ground: #3b2d14; --none: #a3aebc; --none-ground: #29313b;
  --c1: #6aa7e8; --c2: #f0a45b; --c3: #c18fdc; --c4: #74c492; --c5: #f28b80; --c6: #9aa5b4;
  --band-0: rgba(106, 167, 232, .10); --band-1: rgba(106, 167, 232, .03); --band-surge: rgba(240, 164, 91, .18);
  --band-warm: rgba(154, 165, 180, .16);`;

export const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
:root.printing { color-scheme: light; ${light} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.55 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 0 20px 72px; }
h1 { margin: 0; font-size: 28px; line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h2 { margin: 52px 0 6px; font-size: 21px; } h3 { margin: 0; font-size: 15px; }
p { margin: 6px 0; max-width: 78ch; overflow-wrap: anywhere; } a { color: var(--link); }
ul, ol { margin: 6px 0 12px; padding-left: 22px; max-width: 78ch; } li { margin: 4px 0; }
header { padding-top: 28px; } .kind { margin: 0 0 2px; color: var(--soft); font-size: 13px; }
.purpose, .intro, .words { color: var(--soft); }
nav { font-size: 14px; margin-top: 18px; } nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none;
  margin: 0; padding: 8px 0; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); max-width: none; }
nav li { margin: 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.verdict { margin: 16px 0; padding: 12px 18px; border-left: 6px solid; border-radius: 6px; }
.verdict p { margin: 0; color: var(--ink); } .verdict .word { font-size: 30px; font-weight: 700; line-height: 1.3; }
.verdict.good { background: var(--good-ground); border-color: var(--good); } .good .word { color: var(--good); }
.verdict.bad { background: var(--bad-ground); border-color: var(--bad); } .bad .word { color: var(--bad); }
.verdict.warn { background: var(--warn-ground); border-color: var(--warn); } .warn .word { color: var(--warn); }
.verdict.none { background: var(--none-ground); border-color: var(--none); } .none .word { color: var(--none); }
.changed { padding: 8px 14px; background: var(--warn-ground); border-radius: 6px; }
.judged { font-weight: 600; white-space: nowrap; } .judged.good { color: var(--good); } .judged.bad { color: var(--bad); }
.judged.warn { color: var(--warn); } .judged.none { color: var(--none); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; margin: 16px 0; }
.tiles div { background: var(--panel); border-radius: 8px; padding: 10px 14px; } .tiles dd { margin: 0; }
.tiles dt { color: var(--soft); font-size: 13px; } .tiles dt + dd { font-size: 24px; font-weight: 650; line-height: 1.3; }
.tiles .more { color: var(--soft); font-size: 12.5px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: 4px 28px;
  margin: 12px 0; font-size: 14px; }
.facts div { display: flex; gap: 10px; border-bottom: 1px solid var(--rule); padding: 3px 0; }
.facts dt { color: var(--soft); flex: 0 0 auto; max-width: 50%; } .facts dd { margin: 0 0 0 auto; text-align: right;
  overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.tables { overflow-x: auto; margin: 8px 0 12px; } table { border-collapse: collapse; font-size: 14px; }
.tables > table { min-width: 50%; } caption { text-align: left; font-weight: 600; padding: 6px 0 4px; }
.tables th, .tables td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--rule); vertical-align: top; text-align: left; }
.tables thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; } tbody th { font-weight: 500; min-width: 9ch; }
.tables .number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
tr.marked { background: var(--good-ground); } tr.marked th::after { content: ' ★'; color: var(--good); }
figure { margin: 14px 0; padding: 14px 16px; background: var(--panel); border-radius: 8px; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 16px; }
.words { margin: 2px 0 8px; font-size: 13px; max-width: none; } .words b { font-weight: 600; color: var(--ink); } .plot { min-height: 275px; }
p.control { margin: 10px 0; } .control { font-size: 13px; color: var(--soft); } .control[hidden] { display: none; }
.missing { margin: 14px 0; padding: 14px 16px; border: 1px dashed var(--rule); border-radius: 8px; }
.missing p { margin: 2px 0 0; color: var(--soft); }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 14px; }
.beside > * { margin: 0; }
details { margin: 6px 0; font-size: 14px; } summary { cursor: pointer; color: var(--link); width: fit-content; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
pre { overflow-x: auto; background: var(--panel); padding: 12px; border-radius: 8px; font-size: 13px; }
.uplot { width: 100%; } .u-legend { font-size: 12.5px; text-align: left; margin: 0 0 0 8px; }
.u-legend .u-value { min-width: 8ch; text-align: left; font-variant-numeric: tabular-nums; color: var(--soft); }
.u-legend .u-marker { width: 12px; height: 12px; border-radius: 3px; } .u-legend .u-series:first-child .u-marker { display: none; }
.u-select { background: var(--band-surge); } .u-hz .u-cursor-x, .u-vt .u-cursor-y { border-color: var(--soft); }
@media (max-width: 600px) { main { padding-left: 14px; padding-right: 14px; } figure { padding: 12px 8px; }
  figcaption, .words { padding: 0 6px; } h1 { font-size: 23px; } }
@media print { :root { color-scheme: light; ${light} } main { max-width: none; padding: 0; } nav, .control, .figures,
  figure details { display: none; } figure, tr, .tiles, .verdict, .facts { break-inside: avoid; } h2, h3, figcaption { break-after: avoid; }
  .beside { display: block; } .beside > * { margin: 14px 0; } .verdict, .tiles div, figure, tr.marked { print-color-adjust: exact; } }
`;
