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
