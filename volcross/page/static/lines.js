// The two lines and their difference, drawn by uPlot.
"use strict";

let charts = null;

function wash(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const [from, to] of firing()) {
    const x = plot.valToPos(from, "x", true);
    const end = to === Infinity ? bbox.left + bbox.width : plot.valToPos(to, "x", true);
    ctx.fillStyle = colour("wash");
    ctx.fillRect(x, bbox.top, end - x, bbox.height);
    ctx.strokeStyle = colour("firing");
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function zeroLine(plot) {
  const y = plot.valToPos(0, "y", true);
  const { ctx, bbox } = plot;
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = colour("ink");
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });

// Days where the chart is wide enough for them, else times, with the day at midnight.
function dates(_plot, splits, _axis, _space, step) {
  return splits.map((at) => (step >= 86400 || at % 86400 === 0 ? DAY : TIME).format(at * 1000));
}

function axis(write) {
  return {
    stroke: colour("quiet"), grid: { stroke: colour("rule"), width: 1 },
    ticks: { show: false }, ...(write
      ? { size: 52, values: (_, splits) => splits.map(write) }
      : { size: 34, values: dates }),
  };
}

function build() {
  charts?.lines.destroy();
  charts?.spread.destroy();
  const line = spreads.find(isShown);
  const base = (node) => ({
    width: node.clientWidth, height: node.clientHeight, legend: { show: false },
    cursor: { sync: { key: "volcross" } }, tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    axes: [axis(null), null],
  });
  const lines = base($("lines"));
  const carried = uPlot.paths.stepped({ align: 1 }); // a value stands until the next
  lines.axes[1] = axis((value) => (value * 100).toFixed(0) + "%");
  lines.series = [
    {}, { label: line?.left.symbol, stroke: colour("left"), width: 2, paths: carried },
    { label: line?.right.symbol, stroke: colour("right"), width: 2, paths: carried },
  ];
  lines.hooks = { drawClear: [wash], draw: [openHours, annotate] };
  const low = base($("spread"));
  low.axes[1] = axis((value) => (value * 100).toFixed(0));
  low.series = [{}, { label: "spread", stroke: colour("ink"), width: 1.5, paths: carried }];
  low.hooks = { drawClear: [wash], draw: [zeroLine] };
  charts = {
    lines: new uPlot(lines, [rows.at, rows.left, rows.right], $("lines")),
    spread: new uPlot(low, [rows.at, gap()], $("spread")),
  };
}

const gap = () => rows.left.map((left, row) => left - rows.right[row]);

function draw() {
  if (!charts) return build();
  charts.lines.setData([rows.at, rows.left, rows.right]);
  charts.spread.setData([rows.at, gap()]);
}
