// Pages of a list that the server gives with `next`.
import { ref, shallowRef } from 'vue'

export function usePages<T>(ask: (after: string | undefined) => Promise<{ items: T[]; next: string | null }>) {
  const items = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const busy = ref(false)
  const problem = ref<unknown>(null)
  async function load(more = false): Promise<void> {
    busy.value = true
    problem.value = null
    try {
      const page = await ask(more ? (next.value ?? undefined) : undefined)
      items.value = more ? [...items.value, ...page.items] : page.items
      next.value = page.next
    } catch (error) {
      problem.value = error
    }
    busy.value = false
  }
  return { items, next, busy, problem, load }
}
