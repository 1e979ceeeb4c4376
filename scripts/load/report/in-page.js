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
  const drawn = new Map();

  function figure(unit, value) {
    if (value === null || value === undefined) return '–';
    if (value === 0) return '0';
    const { times, word } = page.units[unit].find(({ below = Infinity }) => Math.abs(value) < below);
    const scaled = value * times;
    const digits = Math.abs(scaled) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 };
    return scaled.toLocaleString('en', digits) + word;
  }

  function clock(second) {
    const two = (value) => String(Math.floor(value) % 60).padStart(2, '0');
    const rest = `${two(second / 60)}:${two(second)}`;
    return second < 3600 ? rest.replace(/^0/, '') : `${Math.floor(second / 3600)}:${rest}`;
  }

  /** What x is called, from how it is told. */
  const across = {
    second: clock,
    quantile: (value) => `${Number((100 - 100 / value).toPrecision(7))} %`,
    rate: (value) => figure('rate', value),
    count: (value) => figure('count', value),
  };

  function stageBands(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = font.replace('12', String(11 * devicePixelRatio));
    ctx.textBaseline = 'top';
    for (const [index, { name, role, from, to }] of page.stages.entries()) {
      const left = Math.max(u.valToPos(from, 'x', true), bbox.left);
      const right = Math.min(u.valToPos(to, 'x', true), bbox.left + bbox.width);
      if (right <= left) continue;
      ctx.fillStyle = colour(
        role === 'surge' ? 'band-surge' : role === 'warm' ? 'band-warm' : `band-${index % 2}`,
      );
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      const room = right - left - 8 * devicePixelRatio;
      if (ctx.measureText(name).width > room) continue;
      ctx.fillStyle = colour('soft');
      ctx.fillText(name, left + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
    }
    ctx.fillStyle = colour('bad');
    for (const [from, to] of page.down) {
      const [left, right] = [u.valToPos(from, 'x', true), u.valToPos(to, 'x', true)];
      if (right < bbox.left || left > bbox.left + bbox.width) continue;
      const height = 4 * devicePixelRatio;
      ctx.fillRect(left, bbox.top + bbox.height - height, Math.max(right - left, height), height);
    }
    ctx.restore();
  }

  /** Limits across and marks down, each with its word; those outside of the chart are left to its text. */
  function rules(u, chart) {
    const { ctx, bbox } = u;
    const rule = (tone, label, line, place) => {
      ctx.strokeStyle = colour(tone);
      ctx.fillStyle = colour(tone);
      ctx.beginPath();
      ctx.moveTo(line[0], line[1]);
      ctx.lineTo(line[2], line[3]);
      ctx.stroke();
      ctx.fillText(label, ...place);
    };
    ctx.save();
    ctx.font = font.replace('12', String(11 * devicePixelRatio));
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    const space = 4 * devicePixelRatio;
    const [right, bottom] = [bbox.left + bbox.width, bbox.top + bbox.height];
    for (const { value, label } of chart.limits) {
      const y = u.valToPos(value, 'y', true);
      if (y < bbox.top || y > bottom) continue;
      ctx.textAlign = 'right';
      ctx.textBaseline = y - bbox.top < 5 * space ? 'top' : 'bottom';
      const words = `${label}: ${figure(chart.unit, value)}`;
      rule('bad', words, [bbox.left, y, right, y], [right - space, y]);
    }
    for (const { x: value, label } of chart.marks) {
      const x = u.valToPos(value, 'x', true);
      if (x < bbox.left || x > right) continue;
      ctx.textAlign = x > bbox.left + bbox.width / 2 ? 'right' : 'left';
      ctx.textBaseline = 'bottom';
      const words = `${label}: ${across[chart.across](value)}`;
      const side = ctx.textAlign === 'right' ? -space : space;
      rule('c3', words, [x, bbox.top, x, bottom], [x + side, bottom - space * (1 + 4 * (label === 'knee'))]);
    }
    ctx.restore();
  }

  function xAxis(chart) {
    const words = (_, splits) => splits.map((value) => (value === null ? '' : across[chart.across](value)));
    const common = {
      stroke: () => colour('soft'),
      font,
      grid: { stroke: () => colour('rule'), width: 1 },
      ticks: { stroke: () => colour('rule'), width: 1 },
      values: words,
    };
    if (chart.across === 'second')
      return { ...common, space: 60, incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200] };
    const named = { ...common, space: 70, label: chart.acrossName, labelFont: font, labelSize: 20 };
    if (chart.across !== 'quantile') return named;
    const nines = [1, 2, 4, 10, 100, 1e3, 1e4, 1e5, 1e6];
    const within = (u) => nines.filter((each) => each >= u.scales.x.min && each <= u.scales.x.max);
    return { ...named, splits: within, filter: (_, splits) => splits };
  }

  function xScale(chart) {
    const [first, last] = [chart.x[0], chart.x.at(-1)];
    if (chart.across === 'quantile')
      return { time: false, distr: 3, range: (_, min, max) => [min, Math.max(max, 2)] };
    const [from, to] = chart.across === 'second' ? [0, Math.max(page.end, last + 1)] : [0, last * 1.05 || 1];
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

  function seriesOf(chart, log) {
    const bridged = (u, _, __, ___, gaps) => {
      const step = chart.x.length > 1 ? chart.x[1] - chart.x[0] : 1;
      const length = ([from, to]) => u.posToVal(to, 'x', true) - u.posToVal(from, 'x', true);
      return gaps.filter((gap) => length(gap) > bridgedPointsMax * step);
    };
    const one = ({ name, colour: number, look }) => ({
      label: name,
      stroke: () => colour(`c${number}`),
      width: look === 'points' ? 0 : 1.75,
      dash: look === 'dashed' ? [6, 4] : undefined,
      points: look === 'points' ? { show: true, size: 8, fill: () => colour(`c${number}`) } : { size: 5 },
      paths: look === 'points' ? () => null : undefined,
      spanGaps: chart.across !== 'second',
      gaps: chart.across === 'second' ? bridged : undefined,
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
    const { series, data } = seriesOf(chart, log);
    const overTime = chart.across === 'second';
    drawn.get(id)?.destroy();
    const u = new uPlot(
      {
        width: widthOf(place),
        height: plotHeight,
        scales: { x: xScale(chart), y: yScale(chart, log) },
        axes: [
          xAxis(chart),
          {
            ...{ stroke: () => colour('soft'), font, size: 68, space: 36 },
            grid: { stroke: () => colour('rule'), width: 1 },
            ticks: { stroke: () => colour('rule'), width: 1 },
            values: (_, splits) => splits.map((value) => (value === null ? '' : figure(chart.unit, value))),
          },
        ],
        series,
        legend: { markers: { width: 0, fill: (u, index) => u.series[index].stroke(u, index) } },
        cursor: overTime ? { sync: { key: 'run', setSeries: false, scales: ['x', null] } } : {},
        hooks: { drawClear: overTime ? [stageBands] : [], draw: [(self) => rules(self, chart)] },
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
