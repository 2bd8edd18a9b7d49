// What the register pages share.
import { ref } from 'vue'
import { api, got, type Schema } from '@/api/client'
import { language, t } from '@/text'

export type Register = Schema['Register']
export type Field = Schema['Field']
export type Rec = Schema['Record']

const known = ref<Record<string, Register>>({})
/** A register with its fields, in the language of the page. */
export async function registerOf(id: string): Promise<Register> {
  const key = `${language.value}/${id}`
  return (known.value[key] ??= await got(api.GET('/api/v1/registers/{register}', { params: { path: { register: id } } })))
}

/** A value as a reader sees it: choices by name, yes and no by word. */
export function shown(field: Field, value: unknown): string {
  if (value === null || value === undefined || value === '') return ''
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no')
  const choice = field.choices?.find(one => one.code === String(value))
  return choice ? choice.name : String(value)
}

/** What a record is called: its first field with words, else its key. */
export function nameOf(register: Register, record: Rec): string {
  const field = register.fields?.find(one => one.search && !one.personal && record.fields[one.id])
  return field ? String(record.fields[field.id]) : record.key
}

/** Answers one may ask for before somebody scrolls on. */
const ANSWERS = 50
type Page = { items: Rec[]; next: string | null }
/**
 * Pages of records until `enough` are found or there are no more. An answer looks at so many records and no more: of
 * a rare word the first ones may hold none.
 */
export async function* recordPages(register: string, query: Record<string, string>, limit: number, enough: number, after: string | null = null): AsyncGenerator<Page> {
  for (let answers = 0, found = 0; answers < ANSWERS && found < enough; answers++) {
    const asked = { ...query, limit, ...(after ? { after } : {}) }
    const page: Page = await got(api.GET('/api/v1/registers/{register}/records', { params: { path: { register }, query: asked as never } }))
    yield page
    found += page.items.length
    after = page.next
    if (!after) return
  }
}
/** The first records that a word finds. */
export async function firstRecords(register: string, q: string, limit: number): Promise<Rec[]> {
  const found: Rec[] = []
  for await (const page of recordPages(register, q ? { q } : {}, limit, limit)) found.push(...page.items)
  return found.slice(0, limit)
}
