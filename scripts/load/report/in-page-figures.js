/**
 * How the charts of a load report tell figures and times, run by the browser before the script that draws.
 * The scales of the units come with the page, so that axes say the same as the tables beside them.
 */
globalThis.reportFigures = (units) => {
  function figure(unit, value) {
    if (value === null || value === undefined) return '–';
    if (value === 0) return '0';
    const { times, word } = units[unit].find(({ below = Infinity }) => Math.abs(value) < below);
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

  return { figure, across };
};
