// Vols by maturity, of both legs on show: two small charts, and the numbers.
"use strict";

const TENORS = [7, 14, 30, 60, 90];
const place = (days) => Math.log2(days); // a week more matters less, the further off
let curves = [];

function shownStructures() {
  const line = spreads.find(isShown);
  if (!line) return [];
  return ["left", "right"].flatMap((side) => {
    const told = state.term_structures.find(({ symbol }) => symbol === line[side].symbol);
    return told ? [{ ...told, side }] : [];
  });
}

const column = ({ tenors }, key) =>
  TENORS.map((days) => tenors.find((tenor) => tenor.days === days)?.[key] ?? null);
const published = (told) =>
  TENORS.map((days) => told.published.find((vol) => vol.days === days)?.value ?? null);

// What somebody publishes is a point beside the curves, not one of them.
function diamonds(plot) {
  const { ctx } = plot;
  const half = 5 * devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 2 * devicePixelRatio;
  plot.series.forEach((series, index) => {
    if (!series.diamonds) return;
    ctx.strokeStyle = series.stroke(plot, index);
    plot.data[index].forEach((value, row) => {
      if (value === null) return;
      const x = plot.valToPos(plot.data[0][row], "x", true);
      const y = plot.valToPos(value, "y", true);
      ctx.beginPath();
      ctx.moveTo(x, y - half);
      [[half, 0], [0, half], [-half, 0]].forEach(([dx, dy]) => ctx.lineTo(x + dx, y + dy));
      ctx.closePath();
      ctx.stroke();
    });
  });
  ctx.restore();
}

function curve(node, drawn, write, around) {
  const series = drawn.map(({ stroke, dash, alone }) => alone
    ? { stroke, diamonds: true, paths: () => null, points: { show: false } }
    : { stroke, width: 2, dash, spanGaps: true, points: { show: true, size: 6, fill: stroke } });
  return new uPlot({
    width: node.clientWidth, height: node.clientHeight, legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [place(6), place(105)] }, y: { range: around } },
    axes: [
      { ...axis((position) => `${Math.round(2 ** position)} d`), splits: () => TENORS.map(place), size: 28 * scale() },
      axis(write),
    ],
    series: [{}, ...series],
    hooks: { draw: [diamonds] },
  }, [TENORS.map(place), ...drawn.map(({ values }) => values)], node);
}

function roomy(_plot, low, high) {
  const pad = Math.max((high - low) * 0.15, 0.01);
  return [low - pad, high + pad];
}

const withZero = (plot, low, high) => roomy(plot, Math.min(low, 0), Math.max(high, 0));

function drawCurves(structures) {
  curves.forEach((plot) => plot.destroy());
  const vols = structures.flatMap((told) => [
    { values: column(told, "at_the_money"), stroke: colour(told.side) },
    { values: column(told, "model_free"), stroke: colour(told.side), dash: [6, 4] },
    { values: published(told), stroke: colour(told.side), alone: true },
  ]);
  const skews = structures.map((told) => ({ values: column(told, "skew_25_delta"), stroke: colour(told.side) }));
  curves = [
    curve($("curves"), vols, (value, step) => hundredths(value, step) + "%", roomy),
    curve($("skews"), skews, hundredths, withZero),
  ];
  const said = structures.map((told) => {
    const month = told.tenors.find(({ days }) => days === 30);
    return `${told.symbol} at 30 days: at the money ${write(month?.at_the_money, percent)}, skew ${write(month?.skew_25_delta, points)}`;
  });
  $("curves").setAttribute("aria-label", `Implied vol by maturity. ${said.join("; ")}. The table has all of it.`);
  $("skews").setAttribute("aria-label", "25-delta skew by maturity. The table has all of it.");
}

const write = (value, how) => (value === null || value === undefined ? "–" : how(value));

function tabulate(structures) {
  const [groups, head] = [element("tr", ""), element("tr", "")];
  groups.append(element("td", ""));
  head.append(element("th", "Days", { scope: "col" }));
  for (const { symbol, side } of structures) {
    groups.append(element("th", symbol, { scope: "colgroup", colspan: 3, class: side }));
    for (const what of ["ATM", "model-free", "skew"]) {
      head.append(element("th", what, { scope: "col", class: "number" }));
    }
  }
  const body = TENORS.map((days) => {
    const row = element("tr", "");
    row.append(element("th", `${days}`, { scope: "row" }));
    for (const told of structures) {
      const tenor = told.tenors.find((each) => each.days === days);
      row.append(
        element("td", write(tenor?.at_the_money, percent), { class: "number" }),
        element("td", write(tenor?.model_free, percent), { class: "number" }),
        element("td", write(tenor?.skew_25_delta, points), { class: "number" }),
      );
    }
    return row;
  });
  const [top, rest] = [element("thead", ""), element("tbody", "")];
  top.append(groups, head);
  rest.append(...body);
  $("structure-table").replaceChildren(top, rest);
}

function showStructure() {
  if (!state.term_structures) return;
  const structures = shownStructures();
  const drawn = structures.filter(({ tenors }) => tenors.length);
  $("structure").hidden = !structures.length;
  const said = new Map(); // what is true of both is told once
  for (const { symbol, source, at, reason } of structures) {
    const word = reason ?? `${source}, ${when(at)}`;
    said.set(word, [...(said.get(word) ?? []), symbol]);
  }
  $("structure-word").textContent =
    [...said].map(([word, symbols]) => `${symbols.join(", ")}: ${word}.`).join(" ");
  $("structure-curves").hidden = $("structure-region").hidden = !drawn.length;
  if (!drawn.length) return;
  drawCurves(drawn);
  tabulate(drawn);
}
