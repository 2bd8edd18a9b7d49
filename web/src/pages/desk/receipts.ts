// Receipts that were read or fetched ahead: the next finding opens at once.
import { api, got, type Schema } from '@/api/client'
import { language } from '@/text'

const kept = new Map<string, Promise<Schema['Receipt']>>()
const MOST = 200

export function keep(run: string, finding: string): Promise<Schema['Receipt']> {
  const key = `${language.value}/${run}/${finding}`
  let found = kept.get(key)
  if (!found) {
    found = got(api.GET('/api/v1/runs/{run}/findings/{finding}/receipt', { params: { path: { run, finding } } }))
    found.catch(() => kept.delete(key))
    kept.set(key, found)
    if (kept.size > MOST) kept.delete(kept.keys().next().value!)
  }
  return found
}
