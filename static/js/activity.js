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
    const options = {
      width: box.clientWidth,
      height: 180,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false }, y: { range: (chart, low, high) => [0, Math.max(1, high)] } },
      axes: [
        { ...axis, values: (chart, places) => places.map((place) => labels[data[0].findIndex((from) => from >= place)] ?? "") },
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
    box.nextElementSibling.open = false;
  }
  function drawAll() {
    for (const box of document.querySelectorAll("[data-chart]:not(:has(*))")) {
      load(box.dataset).then(() => draw(box), () => {});
    }
  }
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("htmx:afterSettle", drawAll);
})();
