// The live page: one history at the start, then a stream of what is new.
"use strict";

const MOST_POINTS = 6000; // past it the history is fetched again, thinned out
const MOST_PIECES = 400;
let shown = null; // the comparison on show: {pair, comparison}
let rows = { at: [], left: [], right: [] }; // at in seconds, as uPlot counts
let alerts = [];
let spreads = [];
let state = {}; // as the server tells it, key by key
let loading = 0;
let recent = []; // pieces that came while a history was on its way belong after it

// ---- what is shown beside the charts --------------------------------------

const isShown = (line) => shown && line.pair === shown.pair && line.comparison === shown.comparison;
function showRank(side, rank) {
  const bar = $(side + "-rank");
  bar.hidden = rank === null;
  if (rank === null) return;
  const mark = element("span", "");
  mark.style.left = `${Math.min(1, Math.max(0, rank)) * 100}%`;
  bar.replaceChildren(mark);
}

function showNumbers() {
  const line = spreads.find(isShown);
  if (!line || line.spread === null) return;
  for (const side of ["left", "right"]) {
    const leg = line[side];
    $(side + "-name").textContent = name(leg);
    $(side + "-value").textContent = percent(leg.value);
    const delay = leg.delay_seconds ? `, delayed ${age(leg.delay_seconds)}` : "";
    const { [side + "_rank"]: rank, [side + "_days"]: days } = line.context;
    const year = rank === null ? "" : `, ${Math.round(rank * 100)}% up its range${days ? ` of ${days} days` : ""}`;
    showRank(side, rank);
    $(side + "-age").textContent = `${origin(leg)}, ${age(leg.age_seconds)} old${delay}${year}`;
  }
  $("spread-value").textContent = points(line.spread);
  const above = line.spread > 0 ? line.left.symbol : line.right.symbol;
  const score = line.context.z_score;
  const unusual = score === null ? "" : `, ${signed(score)} σ of its 30 days`;
  $("spread-word").textContent = `points: ${above} is above${unusual}`;
  const ahead = line.context.announcements;
  $("ahead").textContent = ahead.length ? `Ahead, and priced in: ${ahead.join(", ")}.` : "";
  $("question").textContent = `Is ${line.left.symbol} now more volatile than ${line.right.symbol}?`;
  document.title = `${points(line.spread)} ${line.pair} · volcross`;
  const words = `${name(line.left)} ${percent(line.left.value)}, ${name(line.right)} ${percent(line.right.value)}`;
  $("lines").setAttribute("aria-label", `Two lines over time. Now: ${words}.`);
  $("spread").setAttribute("aria-label", `Their difference over time. Now: ${points(line.spread)} points.`);
}

function showClock({ now_ms, replayed, ready, reason }) {
  const market = new Date(now_ms).toISOString().slice(0, 19).replace("T", " ");
  $("clock").textContent = `${market} UTC${replayed ? " (replay)" : ""}`;
  $("link").textContent = ready ? "live" : reason;
  $("link").dataset.light = ready ? "good" : "silent";
}

// Before the first spread there is nothing to draw: say what it waits for instead.
function showNothing({ missing }) {
  const nothing = !spreads.some((line) => line.spread !== null);
  $("nothing").hidden = !nothing;
  for (const part of ["controls", "numbers", "charts"]) $(part).hidden = nothing;
  const first = missing[0];
  $("nothing").textContent = first
    ? `No spread yet. ${first.pair} ${first.comparison} waits for a volatility of each leg (${first.reason}).`
    : "No spread yet: no record of one was found.";
}

function listPairs() {
  const picker = $("pair");
  const wanted = spreads.map((line) => `${line.pair} ${line.comparison}`);
  const listed = [...picker.options].map((option) => option.value);
  if (wanted.join("|") === listed.join("|")) return;
  picker.replaceChildren(...wanted.map((text) => element("option", text, { value: text })));
  if (!shown) {
    const first = spreads.find((line) => line.comparison === "implied") ?? spreads[0];
    if (first) choose(first.pair, first.comparison);
  } else picker.value = `${shown.pair} ${shown.comparison}`;
}

// ---- loading --------------------------------------------------------------

async function choose(pair, comparison) {
  shown = { pair, comparison };
  $("pair").value = `${pair} ${comparison}`;
  await load();
}

async function load() {
  if (!shown) return;
  const turn = ++loading; // a later choice wins, whichever answer comes first
  const range = document.querySelector("input[name=range]:checked").value;
  const query = new URLSearchParams({ ...shown, ...(range && { last: range }) });
  const answer = await fetch("/api/v1/history?" + query);
  if (!answer.ok || turn !== loading) return;
  const told = await answer.json();
  rows = { at: told.at_ms.map((ms) => ms / 1000), left: told.left, right: told.right };
  recent.filter(isShown).forEach(append);
  build();
  showNumbers();
  showStructure();
}

function append(piece) {
  const last = rows.at.length ? rows.at[rows.at.length - 1] : 0;
  piece.at_ms.forEach((ms, row) => {
    if (ms / 1000 <= last) return;
    rows.at.push(ms / 1000);
    rows.left.push(piece.left[row]);
    rows.right.push(piece.right[row]);
  });
}

// A message holds what has changed; all else stands.
function take({ rows: fresh, alerts: told, ...changed }) {
  state = { ...state, ...changed };
  if (!state.spreads) return;
  if (told.length) {
    alerts = alerts.concat(told);
    showAlerts();
  }
  showClock(state);
  renewSessions();
  if (changed.feeds || changed.connections) showFeeds(state);
  if (changed.readings) showReadings(state);
  if (changed.missing) showMissing(state);
  if (changed.spreads) {
    spreads = state.spreads;
    listPairs();
    showNumbers();
    showNothing(state);
  }
  if (changed.term_structures) showStructure();
  recent = recent.concat(fresh).slice(-MOST_PIECES);
  fresh.filter(isShown).forEach(append);
  if (rows.at.length > MOST_POINTS) load();
  else if (told.length || fresh.some(isShown)) draw();
}

async function begin() {
  const told = await (await fetch("/api/v1/alerts")).json();
  alerts = told.reverse();
  showAlerts();
  loadSessions().catch(() => {}); // calendars take a while; nothing waits for them
  await loadAnnouncements();
  await load();
}

function follow() {
  const stream = new EventSource("/api/v1/events");
  // Also after every reconnection: what was missed is in the history.
  stream.onopen = () => begin().catch(() => {});
  stream.onmessage = (event) => take(JSON.parse(event.data));
  stream.onerror = () => {
    $("link").textContent = "reconnecting";
    $("link").dataset.light = "late";
    // The browser gives up on an answer that is no stream; we do not.
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  };
}

$("pair").addEventListener("change", (event) => {
  const [pair, comparison] = event.target.value.split(" ");
  choose(pair, comparison);
});
document.querySelectorAll("input[name=range]").forEach((input) => input.addEventListener("change", load));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (charts) build();
  showStructure();
});
new ResizeObserver(() => {
  if (!charts) return;
  for (const which of ["lines", "spread"]) {
    charts[which].setSize({ width: $(which).clientWidth, height: $(which).clientHeight });
  }
  showStructure();
}).observe($("lines"));
follow();
