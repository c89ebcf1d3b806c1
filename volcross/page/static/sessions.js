// A strip under the lines: when the market of a leg that ever shuts is open.
"use strict";

const STRIP = 5; // its height, in pixels of the page
const ASKED_AGAIN = 7 * 864e5; // market time; what is told reaches twice as far
let markets = [];
let askedAt = 0;

async function loadSessions() {
  askedAt = state.now_ms ?? 0;
  markets = await (await fetch("/api/v1/markets")).json();
  if (charts) draw();
}

// A page left open outlives what it was told, a replay does so in seconds.
function renewSessions() {
  askedAt ||= state.now_ms;
  if (state.now_ms - askedAt > ASKED_AGAIN) loadSessions().catch(() => {});
}

const isOpen = ({ sessions_ms }) =>
  sessions_ms.some(([opens, closes]) => opens <= state.now_ms && state.now_ms < closes);

function openHours(plot) {
  const line = spreads.find(isShown);
  if (!line) return;
  const { ctx, bbox } = plot;
  const said = [];
  ctx.save();
  ["right", "left"].forEach((side, row) => {
    const market = markets.find(({ symbol }) => symbol === line[side].symbol);
    if (!market) return;
    said.push(`${market.symbol}'s market is ${isOpen(market) ? "open" : "shut"}`);
    ctx.fillStyle = colour(side);
    const y = bbox.top + bbox.height - (row + 1) * STRIP * devicePixelRatio;
    for (const [opens, closes] of market.sessions_ms) {
      const from = Math.max(bbox.left, plot.valToPos(opens / 1000, "x", true));
      const to = Math.min(bbox.left + bbox.width, plot.valToPos(closes / 1000, "x", true));
      if (to > from) ctx.fillRect(from, y, to - from, (STRIP - 1) * devicePixelRatio);
    }
  });
  ctx.restore();
  $("sessions-word").textContent = said.length ? ` Strip at the foot: open hours; ${said.join(", ")} now.` : "";
}
