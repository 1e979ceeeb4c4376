/** The frames of a segment that hold events, by position: where to begin reading. */
const framesMin = 64;

export class FrameDirectory {
  size = 0;
  #positions = new Float64Array(framesMin);
  #offsets = new Float64Array(framesMin);

  /** Adds the next frame. One that begins at the same position as the last takes its place. */
  add(position: number, offset: number): void {
    if (this.size > 0 && this.#positions[this.size - 1] === position) this.size -= 1;
    if (this.size === this.#positions.length) {
      this.#positions = doubled(this.#positions);
      this.#offsets = doubled(this.#offsets);
    }
    this.#positions[this.size] = position;
    this.#offsets[this.size] = offset;
    this.size += 1;
  }

  position(frame: number): number {
    return this.#positions[frame] ?? 0;
  }

  offset(frame: number): number {
    return this.#offsets[frame] ?? 0;
  }

  /** The last frame that begins at or before `position`; -1 where there is none. */
  holding(position: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.position(middle) <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
