// Reading a chart by pointer or arrow keys: date, weekday and every value of that day, from the table below it.
export function startChart() {
  document.querySelectorAll("svg.chart[data-days]").forEach(read);
}

function read(chart) {
  const figure = chart.closest("section");
  const out = figure.querySelector("[data-reading]");
  const cursor = chart.querySelector(".cursor");
  const days = [...figure.querySelectorAll("tbody tr[data-reads]")].reverse();
  if (!out || !cursor || !days.length) return;
  const { x: left, width } = chart.querySelector(".area").getBBox();
  const usual = out.textContent;
  let index = days.length;

  const show = (wanted) => {
    index = Math.max(0, Math.min(wanted, days.length - 1));
    const x = left + ((index + 0.5) * width) / days.length;
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.removeAttribute("visibility");
    out.textContent = days[index].dataset.reads;
  };
  const rest = () => {
    cursor.setAttribute("visibility", "hidden");
    out.textContent = usual;
    index = days.length;
  };

  chart.addEventListener("pointermove", (event) => {
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM().inverse());
    show(Math.floor(((spot.x - left) / width) * days.length));
  });
  chart.addEventListener("pointerleave", rest);
  chart.addEventListener("blur", rest);
  chart.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Home") show(0);
    else if (event.key === "End") show(days.length - 1);
    else if (by) show(index + by);
    else return;
    event.preventDefault();
  });
}
