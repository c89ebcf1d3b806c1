// Known dates that move an implied vol, drawn as dashed lines with their names.
"use strict";

let announcements = [];

async function loadAnnouncements() {
  announcements = await (await fetch("/api/v1/announcements")).json();
}

// Names of one day stand in one label: the lines are too near to tell apart.
function annotate(plot) {
  const { ctx, bbox } = plot;
  const days = new Map();
  for (const { symbol, at_ms, what } of announcements) {
    const x = plot.valToPos(at_ms / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const day = Math.floor(at_ms / 864e5);
    const said = days.get(day) ?? { x, what, symbols: [] };
    said.symbols.push(symbol);
    days.set(day, said);
  }
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("quiet");
  ctx.font = font(11);
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
  [...days.values()].forEach(({ x, what, symbols }, row) => {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // Every other label one line lower, so that neighbours do not meet.
    const y = bbox.top + (12 + 14 * (row % 2)) * scale() * devicePixelRatio;
    ctx.textAlign = x > bbox.left + bbox.width / 2 ? "right" : "left";
    ctx.fillText(` ${symbols.join(", ")} ${what} `, x, y);
  });
  ctx.restore();
}
