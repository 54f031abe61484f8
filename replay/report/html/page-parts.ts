/** Style sheet: light or dark by the system's setting, one column on a phone. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f24;--soft:#5c6670;--grid:#e3e6ea;--edge:#d9dde2;
--carried:#0f8f7f;--vswitch:#d9822b;--c0:#2563c9;--c1:#c2410c;--c2:#15803d;--c3:#9333ea;--c4:#b91c6b;--c5:#0e7490;--c6:#a16207;--c7:#475569}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2025;--ink:#e8eaed;--soft:#9aa4af;--grid:#2c3238;--edge:#31373e;
--carried:#35c2ae;--vswitch:#f0a45d;--c0:#79a8f5;--c1:#f38b5c;--c2:#63c987;--c3:#c79bf7;--c4:#f07fb6;--c5:#5cc3da;--c6:#e0b04c;--c7:#a5b1c2}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:16px}
h1{font-size:1.35rem;margin:.2em 0}h2{font-size:1.1rem;margin:1.6em 0 .5em}
p{margin:.3em 0}.soft,figcaption,small{color:var(--soft)}.bad{color:var(--c1)}
.grid-of-cards{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr))}
.wide{grid-template-columns:repeat(auto-fit,minmax(min(100%,540px),1fr))}
.card{margin:0;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:12px;min-width:0}
figcaption{font-size:.85rem}figcaption strong{color:var(--ink);font-size:.95rem;display:block}
svg{width:100%;height:auto;display:block;touch-action:pan-y}
svg .grid{stroke:var(--grid)}svg .mark{fill:var(--soft);font-size:11px}
svg .end{text-anchor:end}svg .middle{text-anchor:middle}
svg .line{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
svg .area{fill:currentColor;fill-opacity:.8}svg .bar{fill:currentColor}
svg .limit{stroke:var(--soft);stroke-dasharray:5 4}svg .pointer{stroke:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:.85rem;min-height:1.3em}
.key i,th i{display:inline-block;width:.7em;height:.7em;border-radius:2px;background:currentColor;margin-right:.35em}
.key{color:var(--soft)}.key b{color:var(--ink);font-variant-numeric:tabular-nums}
.carried{color:var(--carried)}.vswitch{color:var(--vswitch)}
.p0{color:var(--c0)}.p1{color:var(--c1)}.p2{color:var(--c2)}.p3{color:var(--c3)}.p4{color:var(--c4)}.p5{color:var(--c5)}.p6{color:var(--c6)}.p7{color:var(--c7)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:5px 8px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
th:first-child{text-align:left;font-weight:600;white-space:normal;min-width:9em}tr:first-child th{white-space:normal}tr:first-child th:not([class]){color:var(--soft)}
th small{display:block;font-weight:400;font-size:.8rem}
.meter{display:inline-block;width:70px;height:.6em;background:var(--grid);border-radius:3px;overflow:hidden;vertical-align:middle}
.meter span{display:block;height:100%;background:var(--carried)}
`;

/** Shows the chart's values under the pointer in its legend. */
export const SCRIPT = `
for (const svg of document.querySelectorAll('svg[data-chart]')) {
  const { x, readings } = JSON.parse(svg.dataset.chart);
  const values = svg.parentElement.querySelectorAll('.legend b');
  const line = svg.querySelector('.pointer');
  const show = (event) => {
    const box = svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    let best = 0;
    for (let i = 1; i < x.length; i++) if (Math.abs(x[i] - at) < Math.abs(x[best] - at)) best = i;
    if (x.length === 0) return;
    line.setAttribute('x1', x[best]);
    line.setAttribute('x2', x[best]);
    values.forEach((value, i) => { value.textContent = readings[best][i]; });
  };
  svg.addEventListener('pointermove', show);
  svg.addEventListener('pointerdown', show);
  svg.addEventListener('pointerleave', () => {
    line.setAttribute('x1', -9);
    line.setAttribute('x2', -9);
    values.forEach((value) => { value.textContent = ''; });
  });
}
`;
