// The navigation, by job. A place is shown to whoever has one of the powers it needs.
import type { Key } from '@/text'

export interface Place {
  path: string
  title: Key
  about: Key
  sign: string
  need?: string[]
}
export const places: Place[] = [
  { path: '/work', title: 'nav.work', about: 'work.about', sign: '◎' },
  { path: '/portal', title: 'nav.portal', about: 'place.portal', sign: '⌂', need: ['selfcheck.run'] },
  { path: '/findings', title: 'nav.findings', about: 'place.findings', sign: '◈', need: ['findings.read'] },
  { path: '/review', title: 'nav.review', about: 'place.review', sign: '✓', need: ['matters.act'] },
  { path: '/matters', title: 'nav.matters', about: 'place.matters', sign: '▣', need: ['matters.read'] },
  { path: '/registers', title: 'nav.registers', about: 'place.registers', sign: '▤', need: ['registers.read'] },
  { path: '/rules', title: 'nav.rules', about: 'place.rules', sign: '§', need: ['findings.read'] },
  { path: '/glance', title: 'nav.glance', about: 'place.glance', sign: '▥', need: ['findings.read'] },
  { path: '/admin', title: 'nav.admin', about: 'place.admin', sign: '⚙', need: ['people.read', 'changes.read', 'jobs.run', 'journal.read', 'access.review'] },
]
