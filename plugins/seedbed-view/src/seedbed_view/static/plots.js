// The plots of a run's overview: points from the server, drawn by uPlot, and again while the run goes on.
"use strict";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const clock = (seconds) => {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
};

function plotted(figure, points) {
  const place = figure.querySelector(".plot");
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const options = {
    width: place.clientWidth,
    height: 160,
    cursor: { y: false },
    legend: { show: false },
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(high || 0, 1e-6) * 1.1] } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 56 },
    ],
    series: [{}, ...figure.dataset.keys.split(" ").map(() => ({ stroke: colour("--accent"), width: 2, spanGaps: true, points: { show: false } }))],
  };
  return new uPlot(options, points, place);
}

async function draw(box, plots) {
  const answer = await fetch(box.dataset.points);
  if (!answer.ok) return;
  const series = await answer.json();
  for (const figure of box.querySelectorAll("figure")) {
    const points = [series.seconds, ...figure.dataset.keys.split(" ").map((key) => series[key])];
    const known = plots.get(figure);
    if (known) known.setData(points);
    else plots.set(figure, plotted(figure, points));
  }
}

const box = document.getElementById("plots");
if (box) {
  const plots = new Map();
  draw(box, plots);
  if (box.dataset.live) {
    const timer = setInterval(() => {
      if (document.querySelector(".outcome.running") === null) clearInterval(timer);
      draw(box, plots);
    }, 2000);
  }
  addEventListener("resize", () => {
    for (const [figure, plot] of plots) plot.setSize({ width: figure.querySelector(".plot").clientWidth, height: 160 });
  });
}
