// What waits for whoever is signed in, asked once for the bell and the first page, and where it is done; what was found.
import { ref } from 'vue'
import { api, got, Refusal, type Schema } from '@/api/client'
import { may } from '@/session'

export const work = ref<Schema['Work'][] | null>(null)
export const others = ref<Schema['MatterWaiting'][]>([])
let underWay: Promise<void> | undefined
export function loadWork(): Promise<void> {
  underWay ??= got(api.GET('/api/v1/work'))
    .then(found => void ([work.value, others.value] = [found.items, found.others]))
    .finally(() => (underWay = undefined))
  return underWay
}

export const newest = ref<Schema['FindingTotals'] | null>(null)
let newestUnderWay: Promise<void> | undefined
/** Sums of the newest run; none yet is no fault. */
export function loadNewest(): Promise<void> {
  newestUnderWay ??= got(api.GET('/api/v1/runs/{run}/totals', { params: { path: { run: 'newest' } } }))
    .then(
      found => void (newest.value = found),
      error => {
        if (!(error instanceof Refusal && error.status === 404)) throw error
        newest.value = null
      },
    )
    .finally(() => (newestUnderWay = undefined))
  return newestUnderWay
}
/** Asked while the page is still being drawn, so that the answers wait for it and not it for them. */
export function askAhead(): void {
  if (may('matters.read')) loadWork().catch(() => {}) // the page asks again and says what is wrong
  if (may('findings.read')) loadNewest().catch(() => {})
}

/** more: what narrows the list of matters further. */
export function linkOf(one: Schema['Work'], more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ procedure: one.procedure, ...(one.state ? { state: one.state } : {}), ...more })
  return one.of === 'item' ? `/review?${query.toString()}` : `/matters?${query.toString()}`
}
