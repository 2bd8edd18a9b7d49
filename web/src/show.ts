// Figures, days and times as an office writes them.

/** Thousands apart. By hand: the browser's own formatter costs a slow machine 130 ms when it is first asked. */
const apart = (digits: string) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
/** "1234567.5" → "1,234,567.50"; anything that is no number stays as it is. */
export function money(value: string | number | null | undefined): string {
  if (value === null || value === undefined || value === '') return '—'
  const text = typeof value === 'number' ? value.toFixed(2) : value
  const m = /^(-?)(\d+)(?:\.(\d{1,2})\d*)?$/.exec(text)
  if (!m) return text
  return `${m[1]}${apart(m[2]!)}.${(m[3] ?? '').padEnd(2, '0')}`
}
/** Fen as yuan. */
export function yuan(fen: number | null | undefined): string {
  if (fen === null || fen === undefined) return '—'
  const sign = fen < 0 ? '-' : ''
  const abs = Math.abs(fen)
  return money(`${sign}${Math.floor(abs / 100)}.${String(abs % 100).padStart(2, '0')}`)
}
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '—' : apart(String(value))
}
/** Rows that the server counts up to ten thousand. */
export function counted(value: number): string {
  return value > 10_000 ? '10,000+' : count(value)
}
/** "2026-02-03T01:15:00Z" → "2026-02-03 09:15" where the office is. */
export function time(iso: string | null | undefined): string {
  if (!iso) return '—'
  if (iso.length === 10) return iso // a day
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const shanghai = new Date(at.getTime() + 8 * 3600_000).toISOString()
  return `${shanghai.slice(0, 10)} ${shanghai.slice(11, 16)}`
}
export function percent(part: number, whole: number, digits = 1): string {
  return whole ? `${((100 * part) / whole).toFixed(digits)} %` : '—'
}
export function today(): string {
  return new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10)
}
export function bytes(of: number): string {
  return of < 1048576 ? `${Math.max(1, Math.round(of / 1024))} kB` : `${(of / 1048576).toFixed(1)} MB`
}
export function shortId(id: string | null | undefined): string {
  return id ? id.slice(0, 8) : ''
}
/** "2026-02" → "2026-02-28" */
export function monthEnd(month: string): string {
  const [year, of] = month.split('-').map(Number)
  return new Date(Date.UTC(year!, of!, 0)).toISOString().slice(0, 10)
}
