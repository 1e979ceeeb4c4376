/**
 * What a test asks of a page from inside of it, as one expression: how its charts are painted, and whether
 * it can be read. Evaluated by the browser, not imported.
 */
({
  /** For each chart, which of its series can be found on its canvas by their colours. */
  painted() {
    const pixelsOfALine = 16;
    const { charts } = JSON.parse(document.getElementById('chart-data').textContent);
    return [...document.querySelectorAll('[data-chart]')].map((place) => {
      const canvas = place.querySelector('canvas');
      // A copy to read from: the page's own canvas is for drawing.
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
        willReadFrequently: true,
      });
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      const isSeen = ([red, green, blue]) => {
        let found = 0;
        for (let at = 0; at < data.length && found < pixelsOfALine; at += 4) {
          if (data[at + 3] < 128) continue;
          const near = (value, wanted) => Math.abs(value - wanted) < 24;
          if (near(data[at], red) && near(data[at + 1], green) && near(data[at + 2], blue)) found += 1;
        }
        return found === pixelsOfALine;
      };
      const { series } = charts[place.dataset.chart];
      const seen = series.filter((each) => isSeen(this.colourOf(`--c${each.colour}`)));
      return {
        chart: place.dataset.chart,
        width: canvas.clientWidth,
        series: series.map(({ name }) => name),
        seen: seen.map(({ name }) => name),
      };
    });
  },

  /** The level of each heading, in the order of the page. */
  headingLevels() {
    return [...document.querySelectorAll('h1, h2, h3, h4')].map(({ tagName }) => Number(tagName[1]));
  },

  /** Table cells that head something and do not say what. */
  headingsWithoutScope() {
    return [...document.querySelectorAll('th')].filter(({ scope }) => !['row', 'col'].includes(scope)).length;
  },

  /** Texts whose contrast with what is behind them is below 4.5 to 1, with that contrast. */
  faintTexts() {
    const faint = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.data.trim() === '' || element.closest('script, noscript') || !element.checkVisibility())
        continue;
      const found = this.contrast(this.parsed(getComputedStyle(element).color), this.ground(element));
      if (found < 4.5) faint.add(`${found.toFixed(2)}: ${node.data.trim().slice(0, 40)}`);
    }
    return [...faint];
  },

  /** The contrast of each colour of a line with the panel that it is drawn on. */
  lineContrasts() {
    const panel = this.colourOf('--panel');
    return [1, 2, 3, 4, 5, 6].map((number) => this.contrast(this.colourOf(`--c${number}`), panel));
  },

  ground(element) {
    for (let each = element; each !== null; each = each.parentElement) {
      const [red, green, blue, alpha = 1] = this.parsed(getComputedStyle(each).backgroundColor);
      if (alpha > 0.99) return [red, green, blue];
    }
    return [255, 255, 255];
  },

  colourOf(variable) {
    const probe = document.createElement('i');
    probe.style.color = `var(${variable})`;
    document.body.append(probe);
    const found = this.parsed(getComputedStyle(probe).color);
    probe.remove();
    return found;
  },

  parsed(colour) {
    return colour.match(/[\d.]+/g).map(Number);
  },

  /** By WCAG 2.2. */
  contrast(one, other) {
    const luminance = ([red, green, blue]) => {
      const linear = [red, green, blue].map((value) => {
        const share = value / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  },
});
