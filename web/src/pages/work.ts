// What waits for whoever is signed in, asked once for the bell and the first page; and where it is done.
import { ref } from 'vue'
import { api, got, type Schema } from '@/api/client'

export const work = ref<Schema['Work'][] | null>(null)
let underWay: Promise<void> | undefined
export function loadWork(): Promise<void> {
  underWay ??= got(api.GET('/api/v1/work'))
    .then(found => void (work.value = found.items))
    .finally(() => (underWay = undefined))
  return underWay
}

export function linkOf(one: Schema['Work']): string {
  const query = new URLSearchParams({ procedure: one.procedure, ...(one.state ? { state: one.state } : {}) })
  return one.of === 'item' ? `/review?${query.toString()}` : `/matters?${query.toString()}`
}
