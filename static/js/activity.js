// Draws the activity of the audit log from the table beside it, which stays for who cannot see the drawing.
"use strict";
(() => {
  let loading;
  function load({ script, style }) {
    loading ??= new Promise((resolve, reject) => {
      const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: style });
      const code = Object.assign(document.createElement("script"), { src: script, onload: resolve, onerror: reject });
      document.head.append(sheet, code);
    });
    return loading;
  }
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function draw(box) {
    const rows = [...box.parentElement.querySelectorAll("tr[data-from]")];
    const data = [rows.map((row) => Number(row.dataset.from)), rows.map((row) => Number(row.dataset.count))];
    const axis = { stroke: colour("--portal-quiet"), grid: { stroke: colour("--tblr-border-color"), width: 1 } };
    const labels = rows.map((row) => row.querySelector("th").textContent);
    const apart = 9 * Math.max(...labels.map((label) => label.length)); // pixels, so that no label covers another
    const every = Math.ceil((apart * rows.length) / box.clientWidth);
    const half = (data[0].length > 1 ? data[0][1] - data[0][0] : 3600) / 2; // the first and last bar are whole
    const options = {
      width: box.clientWidth,
      height: 180,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: (chart, low, high) => [low - half, high + half] }, y: { range: (chart, low, high) => [0, Math.max(1, high)] } },
      axes: [
        {
          ...axis,
          splits: () => data[0].filter((from, place) => (rows.length - 1 - place) % every === 0),
          values: (chart, places) => places.map((place) => labels[data[0].indexOf(place)]),
        },
        axis,
      ],
      series: [{}, {
        label: box.dataset.label,
        fill: colour("--portal-link"),
        width: 0,
        paths: window.uPlot.paths.bars({ size: [0.7, 60] }),
        points: { show: false },
      }],
    };
    box.replaceChildren();
    new window.uPlot(options, data, box);
  }
  function drawAll() {
    for (const box of document.querySelectorAll("[data-chart]:not(:has(*))")) {
      load(box.dataset).then(() => {
        draw(box);
        box.parentElement.querySelector("details").open = false;
      }, () => {});
    }
  }
  // What is drawn keeps its colours when the page changes them.
  new MutationObserver(() => document.querySelectorAll("[data-chart]:has(*)").forEach(draw))
    .observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", drawAll);
})();
