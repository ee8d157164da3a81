// Months of a histogram. Pure.

export interface MonthBar {
  from: string;
  to: string;
  n: number;
}

/** Every month between the first and the last that has items, joined into at most `most` bars of equal length. Keys: `2022-03`. */
export function monthBars(months: Record<string, number>, most: number): MonthBar[] {
  const keys = Object.keys(months).filter((key) => /^\d{4}-\d{2}$/.test(key)).sort();
  const [first, last] = [keys[0], keys.at(-1)];
  if (!first || !last) return [];
  const place = (key: string): number => Number(key.slice(0, 4)) * 12 + Number(key.slice(5)) - 1;
  const name = (idx: number): string => `${String(Math.floor(idx / 12)).padStart(4, '0')}-${String((idx % 12) + 1).padStart(2, '0')}`;
  const [start, end] = [place(first), place(last)];
  const step = Math.ceil((end - start + 1) / most);
  const bars: MonthBar[] = [];
  for (let idx = start; idx <= end; idx += step) {
    const to = Math.min(end, idx + step - 1);
    let n = 0;
    for (let month = idx; month <= to; month++) n += months[name(month)] ?? 0;
    bars.push({ from: name(idx), to: name(to), n });
  }
  return bars;
}
