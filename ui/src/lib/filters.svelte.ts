// Filters and order of the library. In memory, so that they outlive a visit to an item and never enter an address.

export const FACETS = ['kind', 'status', 'language', 'flag'] as const;
export type Facet = (typeof FACETS)[number];
export const SORTS = ['newest', 'oldest', 'recorded', 'title', 'longest', 'largest'] as const;
export type SortName = (typeof SORTS)[number];

class Filters {
  kind = $state<string[]>([]);
  status = $state<string[]>([]);
  language = $state<string[]>([]);
  flag = $state<string[]>([]);
  sort = $state<SortName>('newest');
  any = $derived(FACETS.some((facet) => this[facet].length > 0));

  toggle(facet: Facet, value: string): void {
    this[facet] = this[facet].includes(value) ? this[facet].filter((it) => it !== value) : [...this[facet], value];
  }
  only(facet: Facet, value: string): void {
    this.clear();
    this[facet] = [value];
  }
  clear(): void {
    for (const facet of FACETS) this[facet] = [];
  }
  /** A column's order, or the usual one where the column rules already. */
  by(sort: SortName): void {
    this.sort = this.sort === sort ? 'newest' : sort;
  }
}
export const filters = new Filters();
