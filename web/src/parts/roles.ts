// Names of roles by their codes, in the language of the page.
import { api, got } from '@/api/client'

export async function roleNames(): Promise<Record<string, string>> {
  const found = await got(api.GET('/api/v1/roles')).catch(() => null) // a code stands for its name then
  return Object.fromEntries(found?.items.map(role => [role.id, role.name]) ?? [])
}
