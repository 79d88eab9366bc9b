// A history of ten minutes as an SVG path.

const seconds = 600;
const width = 600;
const height = 100;
const margin = 8;
/** Noise of a few hundredths must not look like weather: the plot is at least this high, °C. */
const leastSpan = 0.5;

/**
 * Draws points [seconds, °C] up to `now` (seconds). A hole longer than `longest` seconds stays a hole: a line across it
 * would claim readings that were never taken.
 */
export function sparkline(points, now, longest) {
  const shown = points.filter(([time]) => time >= now - seconds && time <= now + 5);
  if (shown.length === 0) return null;
  const values = shown.map(([, value]) => value);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const span = Math.max(most - least, leastSpan);
  const bottom = (least + most - span) / 2;
  const x = (time) => Math.min(width, width - ((now - time) / seconds) * width);
  const y = (value) => height - margin - ((value - bottom) / span) * (height - 2 * margin);

  let line = "";
  let area = "";
  let run = [];
  const close = () => {
    if (run.length === 0) return;
    const path = run.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
    line += `M${path}`;
    area += `M${run[0][0].toFixed(1)} ${height}L${path}L${run[run.length - 1][0].toFixed(1)} ${height}Z`;
    run = [];
  };
  let before = null;
  for (const [time, value] of shown) {
    if (before !== null && time - before > longest) close();
    run.push([x(time), y(value)]);
    before = time;
  }
  close();
  const [lastTime, lastValue] = shown[shown.length - 1];
  return { line, area, least, most, end: { x: x(lastTime) / width, y: y(lastValue) / height } };
}
