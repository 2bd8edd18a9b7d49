// Where a kind of waiting work is done.
import type { Schema } from '@/api/client'

export function linkOf(one: Schema['Work']): string {
  const query = new URLSearchParams({ procedure: one.procedure, ...(one.state ? { state: one.state } : {}) })
  return one.of === 'item' ? `/review?${query.toString()}` : `/matters?${query.toString()}`
}
