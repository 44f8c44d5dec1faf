// Reading a chart by pointer or arrow keys: date, weekday and every value of that point, from the table below it.
export function startChart() {
  document.querySelectorAll(".chart[data-days]").forEach(read);
}

function read(chart) {
  const figure = chart.closest("section");
  const out = figure.querySelector("[data-reading]");
  const cursor = chart.querySelector(".cursor");
  const plot = chart.querySelector(".plot");
  const points = [...figure.querySelectorAll("tbody tr[data-reads]")].reverse();
  if (!out || !cursor || !points.length) return;
  const usual = out.textContent;
  let index = points.length;

  const show = (wanted) => {
    index = Math.max(0, Math.min(wanted, points.length - 1));
    const x = `${((index + 0.5) * 100) / points.length}%`;
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.removeAttribute("visibility");
    out.textContent = points[index].dataset.reads;
  };
  const rest = () => {
    cursor.setAttribute("visibility", "hidden");
    out.textContent = usual;
    index = points.length;
  };

  chart.addEventListener("pointermove", (event) => {
    const { left, width } = plot.getBoundingClientRect();
    show(Math.floor(((event.clientX - left) / width) * points.length));
  });
  chart.addEventListener("pointerleave", rest);
  chart.addEventListener("blur", rest);
  chart.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Home") show(0);
    else if (event.key === "End") show(points.length - 1);
    else if (by) show(index + by);
    else return;
    event.preventDefault();
  });
}
