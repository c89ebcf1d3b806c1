// What stands beside the charts: feeds, readings, and what is not there yet.
"use strict";

function lit(light, title, reason) {
  const item = element("li", "");
  item.append(
    element("span", title, { "data-light": light }),
    element("p", reason, { class: "quiet" }),
  );
  return item;
}

// A connection is told of while it is down; while it is up, what it brings is.
function showFeeds({ feeds, connections }) {
  const down = connections.filter((connection) => !connection.up);
  const items = [
    ...down.map(({ light, feed, reason }) => lit(light, feed, reason)),
    ...feeds.map(({ light, symbol, measure, source, reason }) =>
      lit(light, `${symbol} ${measure}`, `${source}: ${light}, ${reason}`)),
  ];
  if (!items.length) items.push(element("li", "none has spoken yet", { class: "quiet" }));
  $("feeds").replaceChildren(...items);
}

// What a chain gave has a place of its own, by maturity.
function showReadings({ readings }) {
  const listed = readings.filter(({ measure }) => !["atm", "vix", "skew25"].includes(measure));
  if (!listed.length) return;
  $("readings").replaceChildren(...listed.map((reading) => {
    const row = element("tr", "");
    const value = percent(reading.value) + (reading.quality === "ok" ? "" : " (filling)");
    row.append(
      element("td", reading.symbol), element("td", reading.measure),
      element("td", reading.window), element("td", value, { class: "number" }),
    );
    return row;
  }));
}

function showMissing({ missing }) {
  $("missing").hidden = !missing.length;
  $("missing-list").replaceChildren(...missing.map(({ pair, comparison, reason }) => {
    const item = element("li", `${pair} ${comparison}`);
    item.append(element("p", reason, { class: "quiet" }));
    return item;
  }));
}
