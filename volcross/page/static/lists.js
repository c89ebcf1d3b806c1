// What stands beside the charts: feeds, and the readings of both legs.
"use strict";

function lit(light, title, reason) {
  const item = element("li", "");
  item.append(
    element("span", title, { "data-light": light }),
    element("p", reason, { class: "quiet" }),
  );
  return item;
}

const worstFirst = (a, b) => LIGHTS.indexOf(b.light) - LIGHTS.indexOf(a.light);

// A connection is told of while it is down; while it is up, what it brings is.
function showFeeds({ feeds, connections }) {
  const down = connections.filter((connection) => !connection.up);
  const items = [
    ...down.map(({ light, feed, reason }) => lit(light, feed, reason)),
    ...[...feeds].sort(worstFirst).map(({ light, symbol, measure, source, reason }) =>
      lit(light, `${symbol} ${measure}`, `${source}: ${light}, ${reason}`)),
  ];
  if (!items.length) items.push(element("li", "none has spoken yet", { class: "quiet" }));
  $("feeds").replaceChildren(...items);
}

// Whose readings are shown: the legs on show, or those that a spread is awaited of.
function legsOnShow() {
  const line = spreads.find(isShown);
  const both = line ? [line.left.symbol, line.right.symbol] : (state.missing[0]?.pair ?? "").split("/");
  return [...new Set(both)];
}

const HOURS = { m: 1 / 60, h: 1, d: 24 };
const hours = (window) => parseFloat(window) * (HOURS[window.at(-1)] ?? 0);

// A vol a row, a leg a column: what was measured alike stands side by side. What a
// chain gave has a place of its own, by maturity.
function showReadings() {
  const symbols = legsOnShow();
  const told = state.readings.filter(({ symbol, measure }) => symbols.includes(symbol) && !FROM_CHAINS.includes(measure));
  const measured = new Map();
  for (const reading of told) {
    const vol = `${reading.measure} ${reading.window}`;
    measured.set(vol, { ...measured.get(vol), [reading.symbol]: reading });
  }
  const of = (row) => Object.values(row)[0];
  const sorted = [...measured].sort(([, one], [, other]) => {
    const [a, b] = [of(one), of(other)];
    return (a.origin === "computed") - (b.origin === "computed")
      || a.measure.localeCompare(b.measure) || hours(a.window) - hours(b.window);
  });
  $("readings-head").replaceChildren(
    element("th", "Vol", { scope: "col" }),
    ...symbols.map((symbol) => element("th", symbol, { scope: "col", class: "number" })),
  );
  const rows = sorted.map(([vol, row]) => {
    const made = element("tr", "");
    made.append(element("th", vol, { scope: "row" }), ...symbols.map((symbol) => {
      const reading = row[symbol];
      const filling = reading && reading.quality !== "ok";
      return element("td", reading ? percent(reading.value) + (filling ? " (filling)" : "") : "–", { class: "number" });
    }));
    return made;
  });
  if (!rows.length) {
    rows.push(element("tr", ""));
    rows[0].append(element("td", "none yet", { class: "quiet", colspan: symbols.length + 1 }));
  }
  $("readings").replaceChildren(...rows);
}
