/**
 * The script of a load report, run by the browser: draws the charts from the data in the page with uPlot,
 * moves their cursors together, and follows light, dark, print and width. It must never fetch anything, and
 * never make markup out of the data: texts go in as text only.
 */
(() => {
  const page = JSON.parse(document.getElementById('chart-data').textContent);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const font = '12px system-ui, sans-serif';
  const plotHeight = 240;
  const printWidth = 660;
  /** Nothing measured for longer than this many points is a hole in the line; less is bridged. */
  const bridgedPointsMax = 10;
  const stageNameMax = 18;
  /** Pixels between points from which on each is drawn, not only their line. */
  const pointSpace = 14;
  /** So that the axes of pieces and of sizes have whole numbers. */
  const wholeSteps = Array.from({ length: 10 }, (_, index) =>
    [1, 2, 5].map((each) => each * 10 ** index),
  ).flat();
  const powersOfTwo = Array.from({ length: 50 }, (_, index) => 2 ** index);
  const drawn = new Map();

  const { figure, across } = globalThis.reportFigures(page.units);

  /** Each stage that can be seen, with where it lies on the canvas. */
  function stagesWithin(u) {
    const { left: start, width } = u.bbox;
    return page.stages.flatMap((stage, index) => {
      const left = Math.max(u.valToPos(stage.from, 'x', true), start);
      const right = Math.min(u.valToPos(stage.to, 'x', true), start + width);
      return right > left ? [{ ...stage, index, left, right }] : [];
    });
  }

  /** The time of each stage, and in red when the server did not answer the probe of its health. */
  function stageBands(u) {
    const { ctx, bbox } = u;
    const unit = devicePixelRatio;
    ctx.save();
    for (const { role, index, left, right } of stagesWithin(u)) {
      ctx.fillStyle = colour(role === 'surge' || role === 'warm' ? `band-${role}` : `band-${index % 2}`);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    ctx.fillStyle = colour('bad');
    for (const [from, to] of page.down) {
      const left = Math.max(u.valToPos(from, 'x', true), bbox.left);
      const right = Math.min(u.valToPos(to, 'x', true), bbox.left + bbox.width);
      const height = 4 * unit;
      if (right > left)
        ctx.fillRect(left, bbox.top + bbox.height - height, Math.max(right - left, 3 * unit), height);
    }
    ctx.restore();
  }

  /** Above the grid and below the lines. Names that do not fit go into a second line, where there is room. */
  function stageNames(u) {
    const { ctx, bbox } = u;
    const unit = devicePixelRatio;
    let secondLineFree = bbox.left;
    ctx.save();
    ctx.font = `${11 * unit}px system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    ctx.fillStyle = colour('soft');
    for (const { name, left, right } of stagesWithin(u)) {
      const fits = ctx.measureText(name).width + 8 * unit <= right - left;
      const word = fits || name.length <= stageNameMax ? name : `${name.slice(0, stageNameMax - 1)}…`;
      const width = ctx.measureText(word).width;
      const start = fits
        ? left + 4 * unit
        : Math.min((left + right - width) / 2, bbox.left + bbox.width - width);
      if (!fits && start < secondLineFree) continue;
      if (!fits) secondLineFree = start + width + 8 * unit;
      ctx.fillText(word, start, bbox.top + (fits ? 4 : 18) * unit);
    }
    ctx.restore();
  }

  /** Limits across and marks down, each with its word; those outside of the chart are left to its text. */
  function rules(u, chart) {
    const { ctx, bbox } = u;
    const unit = devicePixelRatio;
    const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height];
    const rule = (tone, words, [x1, y1, x2, y2], x, y) => {
      ctx.strokeStyle = colour(tone);
      ctx.beginPath();
      ctx.moveTo(x1, y1);
      ctx.lineTo(x2, y2);
      ctx.stroke();
      const width = ctx.measureText(words).width + 6 * unit;
      ctx.fillStyle = colour('panel');
      ctx.globalAlpha = 0.8;
      ctx.fillRect(x, y, width, 15 * unit);
      ctx.globalAlpha = 1;
      ctx.fillStyle = colour(tone);
      ctx.fillText(words, x + 3 * unit, y + 2 * unit);
    };
    ctx.save();
    ctx.font = `${11 * unit}px system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    ctx.lineWidth = 1.5 * unit;
    ctx.setLineDash([6 * unit, 4 * unit]);
    for (const { value, label } of chart.limits) {
      const y = u.valToPos(value, 'y', true);
      const words = `${label}: ${figure(chart.unit, value)}`;
      const above = y - 17 * unit > bbox.top ? y - 17 * unit : y + 2 * unit;
      const x = right - ctx.measureText(words).width - 8 * unit;
      if (y >= bbox.top && y <= bottom) rule('ink', words, [bbox.left, y, right, y], x, above);
    }
    for (const [index, { x: value, label }] of chart.marks.entries()) {
      const x = u.valToPos(value, 'x', true);
      const words = `${label}: ${across[chart.across](value)}`;
      const width = ctx.measureText(words).width + 9 * unit;
      const place = x > bbox.left + bbox.width / 2 ? x - width : x + 3 * unit;
      const y = bottom - 18 * unit * (index + 1);
      if (x >= bbox.left && x <= right) rule('c3', words, [x, bbox.top, x, bottom], place, y);
    }
    ctx.restore();
  }

  function axis(words) {
    const lines = { stroke: () => colour('rule'), width: 1 };
    const values = (_, splits) => splits.map((value) => (value === null ? '' : words(value)));
    return { stroke: () => colour('soft'), font, grid: lines, ticks: lines, values };
  }

  function xAxis(chart) {
    const common = axis(across[chart.across]);
    if (chart.across === 'second')
      return { ...common, space: 60, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200] };
    const steps = chart.across === 'count' ? { incrs: wholeSteps } : {};
    const named = { ...common, ...steps, space: 70, label: chart.acrossName, labelFont: font, labelSize: 20 };
    if (chart.across !== 'quantile') return named;
    const nines = [1, 2, 4, 10, 100, 1e3, 1e4, 1e5, 1e6];
    const within = (u) => nines.filter((each) => each >= u.scales.x.min && each <= u.scales.x.max);
    return { ...named, splits: within, filter: (_, splits) => splits };
  }

  function yAxis(chart, log) {
    const common = { ...axis((value) => figure(chart.unit, value)), size: 68, space: 36 };
    const steps = { bytes: powersOfTwo, count: wholeSteps }[chart.unit];
    if (!log) return steps ? { ...common, incrs: steps } : common;
    /** Powers of ten only: all the lines between them would be a wall. */
    const filter = (_, splits) =>
      splits.map((value) =>
        Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9 ? value : null,
      );
    return { ...common, filter, grid: { ...common.grid, filter }, ticks: { ...common.ticks, filter } };
  }

  function xScale(chart) {
    const [first, last] = [chart.x[0], chart.x.at(-1)];
    if (chart.across === 'quantile')
      return { time: false, distr: 3, range: (_, min, max) => [min, Math.max(max, 2)] };
    const [from, to] =
      chart.across === 'second' ? [page.start, Math.max(page.end, last)] : [0, last * 1.05 || 1];
    return { time: false, range: (_, min, max) => (min <= first && max >= last ? [from, to] : [min, max]) };
  }

  function yScale(chart, log) {
    if (log) {
      return {
        distr: 3,
        range: (_, min, max) =>
          min === null ? [1, 10] : uPlot.rangeLog(min, Math.max(max, min * 10), 10, true),
      };
    }
    /** A limit that is near is worth seeing; one far above would flatten everything else. */
    const near = (max) => chart.limits.map(({ value }) => value).filter((value) => value <= max * 3);
    return { range: (_, __, max) => [0, Math.max(max ?? 0, ...near(max ?? 0)) * 1.12 || 1] };
  }

  function seriesOf(chart, log, width) {
    const bridged = (values) => {
      const at = chart.x.filter((_, index) => values[index] !== null);
      const steps = at.slice(1).map((x, index) => x - at[index]);
      const step = steps.sort((a, b) => a - b)[steps.length >> 1] ?? 1;
      return (u, _, __, ___, gaps) =>
        gaps.filter(([from, to]) => {
          const length = u.posToVal(to, 'x', true) - u.posToVal(from, 'x', true);
          return length > bridgedPointsMax * step;
        });
    };
    const one = ({ name, colour: number, look, values }) => ({
      label: name,
      stroke: () => colour(`c${number}`),
      width: look === 'points' ? 0 : 1.75,
      dash: look === 'dashed' ? [6, 4] : undefined,
      points: {
        show: look === 'points' || values.filter((value) => value !== null).length * pointSpace < width,
        size: look === 'points' ? 9 : 5,
        fill: () => colour(`c${number}`),
      },
      paths: look === 'points' ? () => null : undefined,
      spanGaps: chart.across !== 'second',
      gaps: chart.across === 'second' ? bridged(values) : undefined,
      value: (_, value) => figure(chart.unit, value),
    });
    const values = chart.series.map((each) => each.values.map((value) => (log && value <= 0 ? null : value)));
    const x = {
      label: chart.acrossName,
      value: (_, value) => (value === null ? '–' : across[chart.across](value)),
    };
    return { series: [x, ...chart.series.map(one)], data: [chart.x, ...values] };
  }

  function draw(place) {
    const id = place.dataset.chart;
    const chart = page.charts[id];
    const log = document.querySelector(`[data-log="${id}"]`)?.checked ?? false;
    const { series, data } = seriesOf(chart, log, widthOf(place));
    const overTime = chart.across === 'second';
    drawn.get(id)?.destroy();
    const u = new uPlot(
      {
        width: widthOf(place),
        height: plotHeight,
        scales: { x: xScale(chart), y: yScale(chart, log) },
        axes: [xAxis(chart), yAxis(chart, log)],
        padding: [null, chart.across === 'quantile' ? 30 : null, null, null],
        series,
        legend: { markers: { width: 0, fill: (u, index) => u.series[index].stroke(u, index) } },
        cursor: overTime ? { sync: { key: 'run', setSeries: false, scales: ['x', null] } } : {},
        hooks: {
          drawClear: overTime ? [stageBands] : [],
          drawAxes: overTime ? [stageNames] : [],
          draw: [(self) => rules(self, chart)],
        },
      },
      data,
      place,
    );
    drawn.set(id, u);
    labelLegend(u);
  }

  /** The names of the legend switch their lines, by keyboard as well. */
  function labelLegend(u) {
    for (const [index, heading] of u.root.querySelectorAll('.u-series > th').entries()) {
      heading.scope = 'row';
      if (index === 0) continue;
      const name = heading.querySelector('.u-label');
      name.tabIndex = 0;
      name.setAttribute('role', 'button');
      const tell = () => name.setAttribute('aria-pressed', String(u.series[index].show));
      tell();
      heading.addEventListener('click', tell);
      name.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        heading.click();
      });
    }
  }

  let printing = false;
  const widthOf = (place) => (printing ? printWidth : Math.max(place.clientWidth, 200));
  const places = [...document.querySelectorAll('[data-chart]')];
  const drawAll = () => places.forEach(draw);

  function chooseStage({ target }) {
    const stage = page.stages[target.value];
    for (const [id, u] of drawn) {
      const { x, across: kind } = page.charts[id];
      if (kind !== 'second') continue;
      u.setScale('x', stage ? { min: stage.from, max: stage.to } : { min: x[0], max: x.at(-1) });
    }
  }

  drawAll();
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const u = drawn.get(target.dataset.chart);
      if (u && !printing && u.width !== widthOf(target))
        u.setSize({ width: widthOf(target), height: plotHeight });
    }
  });
  for (const place of places) sizes.observe(place);
  for (const control of document.querySelectorAll('.control')) control.hidden = false;
  for (const box of document.querySelectorAll('[data-log]'))
    box.addEventListener('change', () => draw(document.querySelector(`[data-chart="${box.dataset.log}"]`)));
  document.getElementById('stage-view')?.addEventListener('change', chooseStage);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  const print = (now) => {
    printing = now;
    document.documentElement.classList.toggle('printing', now);
    drawAll();
  };
  addEventListener('beforeprint', () => print(true));
  addEventListener('afterprint', () => print(false));
})();
