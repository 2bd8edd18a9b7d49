// Who is far above the others of his kind: the median of the others and so many robust deviations beyond.
import type { Schema } from '@/api/client'

export interface Far {
  key: string
  name: string
  kind: string
  peers: number
  counted: number
  median: number
  bound: number
}
const MAD_TO_SIGMA = 1.4826 // of a normal distribution
const SHOWN = 10
const middle = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)]!

/** A kind with too few peers says nothing about anybody in it. */
export function far(groups: Schema['FindingGroup'][], kinds: Map<string, string>, stat: { bound: number; peers: number }): Far[] {
  const byKind = new Map<string, Schema['FindingGroup'][]>()
  for (const one of groups)
    if (one.key) byKind.set(kinds.get(one.key) ?? '', [...(byKind.get(kinds.get(one.key) ?? '') ?? []), one])
  const out: Far[] = []
  for (const [kind, all] of byKind) {
    if (all.length <= stat.peers) continue
    const sums = all.map(one => Number(one.counted))
    const median = middle(sums)
    const bound = median + stat.bound * MAD_TO_SIGMA * middle(sums.map(sum => Math.abs(sum - median)))
    for (const one of all)
      if (median > 0 && Number(one.counted) > bound) out.push({ key: one.key, name: one.name || one.key, kind, peers: all.length - 1, counted: Number(one.counted), median, bound })
  }
  return out.sort((a, b) => b.counted / b.bound - a.counted / a.bound).slice(0, SHOWN)
}
