// The navigation, by job. A place is shown to whoever has one of the powers it needs.
import type { Key } from '@/text'

export interface Place {
  path: string
  title: Key
  sign: string
  need?: string[]
}
export const places: Place[] = [
  { path: '/work', title: 'nav.work', sign: '◎' },
  { path: '/registers', title: 'nav.registers', sign: '▤', need: ['registers.read'] },
]
