// The three cards at the top: each leg, how old and how unusual it is, and the spread.
"use strict";

const FROM_CHAINS = ["atm", "vix", "skew25"]; // measures whose feed has no light of its own
const LIGHTS = ["good", "late", "silent"];

function showRank(side, rank) {
  const bar = $(side + "-rank");
  bar.hidden = rank === null;
  if (rank === null) return;
  const mark = element("span", "");
  mark.style.left = `${Math.min(1, Math.max(0, rank)) * 100}%`;
  bar.replaceChildren(mark);
}

// The feed a leg stands on; of several that bring the same, the one that is best.
function feedOf({ symbol, measure, origin: from }) {
  if (FROM_CHAINS.includes(measure)) return null;
  const wanted = from === "computed" ? "price" : measure;
  const found = state.feeds.filter((feed) => feed.symbol === symbol && feed.measure === wanted);
  return found.sort((a, b) => LIGHTS.indexOf(a.light) - LIGHTS.indexOf(b.light))[0] ?? null;
}

function showLeg(side, line) {
  const leg = line[side];
  $(side + "-name").textContent = name(leg);
  $(side + "-value").textContent = percent(leg.value);
  const { [side + "_rank"]: rank, [side + "_days"]: days } = line.context;
  showRank(side, rank);
  const delay = leg.delay_seconds ? `, delayed ${age(leg.delay_seconds)}` : "";
  const year = rank === null ? "" : `, ${Math.round(rank * 100)}% up its range${days ? ` of ${days} days` : ""}`;
  $(side + "-age").textContent = `${origin(leg)}, ${age(leg.age_seconds)} old${delay}${year}`;
  const feed = feedOf(leg);
  const ailing = feed !== null && feed.light !== "good";
  $(side + "-feed").hidden = !ailing;
  if (ailing) {
    $(side + "-feed").dataset.light = feed.light;
    $(side + "-feed").textContent = `${feed.source}: ${feed.reason}`;
  }
  $(side).classList.toggle("old", ailing);
  return ailing;
}

function showSpread(line) {
  const { left, right, spread, context } = line;
  $("spread-value").textContent = points(spread);
  const above = spread === 0 ? "they are level" : `${short(line, spread > 0 ? "left" : "right")} is above`;
  const unusual = context.z_score === null ? "" : `, ${signed(context.z_score)} σ of its 30 days`;
  $("spread-word").textContent = `points: ${above}${unusual}`;
  const stands = standing(line);
  $("standing").hidden = !stands;
  if (stands) {
    $("standing").dataset.state = stands.state;
    $("standing").textContent = stands.word;
  }
  $("ahead").textContent = context.announcements.length ? `Ahead, and priced in: ${context.announcements.join(", ")}.` : "";
  $("question").textContent = left.symbol === right.symbol
    ? `Is ${left.symbol}'s ${left.measure} now above its ${right.measure}?`
    : `Is ${left.symbol} now more volatile than ${right.symbol}?`;
  document.title = `${stands ? `${stands.state} ` : ""}${points(spread)} ${line.pair} · volcross`;
}

function showNumbers() {
  const line = spreads.find(isShown);
  if (!line || line.spread === null) return;
  const ailing = ["left", "right"].map((side) => showLeg(side, line));
  $("difference").classList.toggle("old", ailing.includes(true));
  showSpread(line);
  const words = `${name(line.left)} ${percent(line.left.value)}, ${name(line.right)} ${percent(line.right.value)}`;
  $("lines").setAttribute("aria-label", `Two lines over time. Now: ${words}.`);
  $("spread").setAttribute("aria-label", `Their difference over time. Now: ${points(line.spread)} points.`);
}
