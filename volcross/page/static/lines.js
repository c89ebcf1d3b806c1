// The two lines and their difference, drawn by uPlot, and what they are at the cursor.
"use strict";

const NAME = 8; // letters of a symbol's name that stand at the end of its line
let charts = null;
let zoomed = false; // and stays so while more comes

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

// Each line bears its name, for who cannot tell the colours apart.
function named(plot) {
  const { ctx, bbox } = plot;
  const at = plot.data[0].length - 1;
  const size = 12 * scale() * devicePixelRatio;
  ctx.save();
  ctx.font = `600 ${font(12)}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const ends = plot.series.slice(1).map((series, index) => ({
    series, y: plot.valToPos(plot.data[index + 1][at], "y", true),
  })).filter(({ y }) => y >= bbox.top && y <= bbox.top + bbox.height).sort((a, b) => a.y - b.y);
  ends.forEach((end, place) => { // two that meet stand one above the other
    if (place && end.y - ends[place - 1].y < size) end.y = ends[place - 1].y + size;
    ctx.fillStyle = end.series.stroke(plot, place + 1);
    const room = plot.width * devicePixelRatio - bbox.left - bbox.width;
    ctx.fillText(end.series.label.slice(0, NAME), bbox.left + bbox.width + 4 * devicePixelRatio, end.y, room);
  });
  ctx.restore();
}

const zooming = {
  setSelect: [({ select }) => { zoomed ||= select.width > 0; }],
  ready: [({ over }) => over.addEventListener("dblclick", () => { zoomed = false; })],
};

// What both lines were where the pointer is, on either chart.
function pointed(plot) {
  const at = plot.cursor.idx;
  const told = $("pointed");
  told.hidden = at === null || at === undefined || !(at in rows.at);
  if (told.hidden) return;
  const [left, right] = charts.lines.series.slice(1).map(({ label }) => label);
  told.textContent = `${when(rows.at[at] * 1000)}: ${left} ${percent(rows.left[at])}, `
    + `${right} ${percent(rows.right[at])}, spread ${points(rows.left[at] - rows.right[at])}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });

// Days where the chart is wide enough for them, else times, with the day at midnight.
function dates(_plot, splits, _axis, _space, step) {
  return splits.map((at) => (step >= 86400 || at % 86400 === 0 ? DAY : TIME).format(at * 1000));
}

// With as many digits as the axis' step takes, so that no two marks read the same.
function hundredths(value, step) {
  const digits = [0, 1, 2, 3].find((count) => Math.abs(step * 10 ** (count + 2) % 1 - 0.5) > 0.499);
  return (value * 100).toFixed(digits ?? 4).replace("-", "−");
}

function axis(write) {
  return {
    stroke: colour("quiet"), font: `${12 * scale()}px system-ui, sans-serif`, grid: { stroke: colour("rule"), width: 1 },
    ticks: { show: false }, ...(write
      ? { size: 52 * scale(), values: (_plot, splits, _axis, _space, step) => splits.map((value) => write(value, step)) }
      : { size: 28 * scale(), values: dates }),
  };
}

function build() {
  charts?.lines.destroy();
  charts?.spread.destroy();
  const line = spreads.find(isShown);
  const longest = Math.max(...["left", "right"].map((side) => line ? short(line, side).length : 0));
  const room = (14 + 8 * Math.min(NAME, longest)) * scale(); // for the names at the lines' ends
  const base = (node) => ({
    width: node.clientWidth, height: node.clientHeight, legend: { show: false },
    padding: [null, room, null, null], cursor: { sync: { key: "volcross" } }, tzDate: (at) => uPlot.tzDate(new Date(at * 1e3), "Etc/UTC"),
    axes: [axis(null), null],
  });
  const lines = base($("lines"));
  const carried = uPlot.paths.stepped({ align: 1 }); // a value stands until the next
  lines.axes[1] = axis((value, step) => hundredths(value, step) + "%");
  lines.series = [
    {}, { label: line && short(line, "left"), stroke: colour("left"), width: 2, paths: carried },
    { label: line && short(line, "right"), stroke: colour("right"), width: 2, paths: carried },
  ];
  lines.hooks = { ...zooming, drawClear: [wash], draw: [openHours, annotate, named], setCursor: [pointed] };
  const low = base($("spread"));
  low.axes[1] = { ...axis(hundredths), space: 20 * scale() };
  low.series = [{}, { label: "spread", stroke: colour("ink"), width: 1.5, paths: carried }];
  low.hooks = { ...zooming, drawClear: [wash], draw: [zeroLine], setCursor: [pointed] };
  charts = {
    lines: new uPlot(lines, [rows.at, rows.left, rows.right], $("lines")),
    spread: new uPlot(low, [rows.at, gap()], $("spread")),
  };
  zoomed = false;
}

const gap = () => rows.left.map((left, row) => left - rows.right[row]);

function draw() {
  if (!charts) return build();
  for (const [plot, ...values] of [[charts.lines, rows.left, rows.right], [charts.spread, gap()]]) {
    plot.setData([rows.at, ...values], !zoomed);
    if (zoomed) plot.redraw();
  }
}
