// The one plot of the efficiency page; its figures come with the page.

const place = document.querySelector("[data-plot]");
const figures = JSON.parse(document.getElementById("plot-figures").textContent);
const chart = window.echarts.init(place, null, { renderer: "canvas" });
const font = getComputedStyle(document.body).fontFamily;
const ink = "#4a5a6b";

function draw() {
  chart.setOption({
    textStyle: { fontFamily: font, color: ink },
    animation: false,
    aria: { enabled: true, label: { description: place.getAttribute("aria-label") } },
    // Rich text instead of HTML: the page's content policy refuses style attributes.
    tooltip: { trigger: "axis", renderMode: "richText", axisPointer: { type: "shadow" } },
    legend: { top: 0, left: 0, itemGap: 20, textStyle: { color: ink, fontSize: 13 } },
    grid: { left: 48, right: 56, top: 44, bottom: 32 },
    xAxis: { type: "category", data: figures.days, axisTick: { alignWithLabel: true }, axisLabel: { color: ink } },
    yAxis: [
      { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: "#e8ecf1" } } },
      { type: "value", min: 0, max: 100, axisLabel: { color: ink, formatter: "{value} %" }, splitLine: { show: false } },
    ],
    series: [
      { name: figures.names.accepted, type: "bar", data: figures.accepted, color: "#8fb3d9", barMaxWidth: 18 },
      { name: figures.names.completed, type: "bar", data: figures.completed, color: "#14406b", barMaxWidth: 18 },
      {
        name: figures.names.on_time_rate, type: "line", yAxisIndex: 1, data: figures.on_time_rate,
        color: "#9a4a00", symbol: "rect", symbolSize: 7, lineStyle: { width: 2 }, connectNulls: false,
        tooltip: { valueFormatter: (value) => (value == null ? "—" : `${value} %`) },
      },
    ],
  });
}

// Text on a canvas is drawn once: wait for the slices of the font that the names need.
const words = Object.values(figures.names).join("");
document.fonts.load(`13px ${font}`, words).then(draw, draw);
let queued = 0;
new ResizeObserver(() => {
  cancelAnimationFrame(queued);
  queued = requestAnimationFrame(() => chart.resize());
}).observe(place);
