// What is being typed is kept in this browser tab until it is sent or given up.
import { onBeforeUnmount, watch, type Ref } from 'vue'

export function useDraft<T extends object>(name: string, value: Ref<T>): { restored: boolean; forget: () => void } {
  const key = `draft.${name}`
  let restored = false
  let isOver = false
  const kept = sessionStorage.getItem(key)
  if (kept) {
    try {
      value.value = { ...value.value, ...(JSON.parse(kept) as T) }
      restored = true
    } catch {
      sessionStorage.removeItem(key)
    }
  }
  let timer = 0
  const stop = watch(
    value,
    now => {
      clearTimeout(timer)
      timer = window.setTimeout(() => !isOver && sessionStorage.setItem(key, JSON.stringify(now)), 300)
    },
    { deep: true },
  )
  onBeforeUnmount(() => {
    clearTimeout(timer)
    stop()
    if (!isOver && timer) sessionStorage.setItem(key, JSON.stringify(value.value))
  })
  return {
    restored,
    forget: () => {
      isOver = true
      sessionStorage.removeItem(key)
    },
  }
}
