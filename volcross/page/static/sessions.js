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

// Whether a market is open, until when, and the holiday that makes it so.
function openHoursOf({ symbol, sessions_ms, holidays }) {
  const turns = sessions_ms.flat();
  const next = turns.findIndex((at) => at > state.now_ms);
  if (next < 0) return null;
  const open = next % 2 === 1;
  const holiday = holidays.find(({ at_ms }) => (turns[next - 1] ?? 0) <= at_ms && at_ms < turns[next]);
  const why = holiday ? ` (${holiday.name})` : "";
  return `${symbol}'s market is ${open ? "open" : "shut"} until ${moment(turns[next])}${why}`;
}

const WEEKDAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "UTC" });
const moment = (ms) => `${WEEKDAY.format(ms)} ${DAY.format(ms)} ${TIME.format(ms)} UTC`;

// A day without a session says why.
function nameHolidays(plot, { holidays }, y) {
  const { ctx, bbox } = plot;
  ctx.fillStyle = colour("quiet");
  ctx.textAlign = "center";
  ctx.font = font(11);
  for (const { name: holiday, at_ms } of holidays) {
    const x = plot.valToPos(at_ms / 1000, "x", true);
    const half = ctx.measureText(holiday).width / 2;
    if (x - half > bbox.left && x + half < bbox.left + bbox.width) ctx.fillText(holiday, x, y);
  }
}

function openHours(plot) {
  const line = spreads.find(isShown);
  if (!line) return;
  const { ctx, bbox } = plot;
  const said = [];
  ctx.save();
  ["right", "left"].forEach((side, row) => {
    const market = markets.find(({ symbol }) => symbol === line[side].symbol);
    if (!market) return;
    said.push(openHoursOf(market));
    nameHolidays(plot, market, bbox.top + bbox.height - (2 * STRIP + 6) * devicePixelRatio);
    ctx.fillStyle = colour(side);
    const y = bbox.top + bbox.height - (row + 1) * STRIP * devicePixelRatio;
    for (const [opens, closes] of market.sessions_ms) {
      const from = Math.max(bbox.left, plot.valToPos(opens / 1000, "x", true));
      const to = Math.min(bbox.left + bbox.width, plot.valToPos(closes / 1000, "x", true));
      if (to > from) ctx.fillRect(from, y, to - from, (STRIP - 1) * devicePixelRatio);
    }
  });
  ctx.restore();
  const word = said.filter(Boolean).join(", ");
  $("sessions-word").textContent = word && ` Strip at the foot: open hours; ${word}.`;
}
